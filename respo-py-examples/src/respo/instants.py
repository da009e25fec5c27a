"""Times and durations as respod writes and reads them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Union

Duration = Union[str, float, timedelta]
"""A duration: seconds as a number, a ``timedelta``, or a text such as ``"10m"`` or ``"1h30m"``."""

_FRACTION = re.compile(r"\.(\d+)")


def instant(text: str) -> datetime:
    """Return the time that an RFC 3339 text says.

    >>> instant("2026-11-21T08:15:30.25Z")
    datetime.datetime(2026, 11, 21, 8, 15, 30, 250000, tzinfo=datetime.timezone.utc)
    """
    text = _FRACTION.sub(lambda found: "." + found[1][:6].ljust(6, "0"), text)
    return datetime.fromisoformat(re.sub("[zZ]$", "+00:00", text))


def duration_text(duration: Duration) -> str:
    """Return a duration as respod reads it.

    >>> duration_text("10m"), duration_text(1.5), duration_text(timedelta(minutes=1))
    ('10m', '1500ms', '60000ms')
    """
    if isinstance(duration, str):
        return duration
    seconds = duration.total_seconds() if isinstance(duration, timedelta) else duration
    return f"{round(seconds * 1000)}ms" if seconds else "0"


def for_how_long(seconds: float) -> str:
    """Return a length of time for people.

    >>> for_how_long(7), for_how_long(425), for_how_long(7500), for_how_long(200000)
    ('7 s', '7 min', '2 h 5 min', '2 d 7 h')
    """
    whole = max(0, int(seconds))
    minutes, hours, days = whole // 60, whole // 3600, whole // 86400
    if not minutes:
        return f"{whole} s"
    if not hours:
        return f"{minutes} min"
    if not days:
        rest = minutes % 60
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    rest = hours % 24
    return f"{days} d {rest} h" if rest else f"{days} d"
