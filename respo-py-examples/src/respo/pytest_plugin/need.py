"""What a test needs, and when two tests need the same."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from respo.errors import Invalid
from respo.options import NEEDS, TERMS
from respo.request import request_of, seconds_of
from respo.requirement import Requirement

SCOPES = ("function", "class", "module", "session")
_MOST_PRIORITY = 1000
_KINDS: Mapping[str, tuple[type, str]] = {
    **dict.fromkeys(("description", "name", "pool", "location", "where", "stack"), (str, "a text")),
    **dict.fromkeys(("attributes", "resource", "keys"), (Sequence, "a text or a list of texts")),
    **dict.fromkeys(("tags", "properties"), (Mapping, "a map")),
}


class BadNeed(Invalid):
    """What a test says that it needs has a mistake; the text says how to mend it."""


@dataclass(frozen=True)
class Need:
    """What a test needs.

    Attributes:
        requirements: The positional arguments of :meth:`respo.Client.lease`.
        options: Its keyword arguments.
        scope: For how long the lease is kept: one of ``SCOPES``; ``None``: for as long as the tests
            that follow one another have equal needs.
        key: The same text for equal needs. Priority, description, name and wait do not count.
        summary: What is needed, for people.

    """

    requirements: tuple[Any, ...]
    options: Mapping[str, Any]
    scope: str | None
    key: str
    summary: str

    @classmethod
    def of(
        cls, requirements: Sequence[Any], options: Mapping[str, Any], terms: Mapping[str, Any]
    ) -> Need:
        """Make one from the arguments of a mark.

        Args:
            requirements: The positional ones.
            options: The keywords.
            terms: What holds where the keywords do not say it.

        Raises:
            BadNeed: If they have a mistake.

        """
        _check_names(options)
        scope = options.get("scope")
        if scope is not None and scope not in SCOPES:
            message = f"scope={scope!r}: the scopes are {', '.join(map(repr, SCOPES))}"
            raise BadNeed(message)
        rest = {key: value for key, value in options.items() if key != "scope"}
        _check_values(rest)
        all_options = {**terms, **rest}
        try:
            request = request_of(requirements, all_options)
            summary = request.summary
        except (Invalid, TypeError, ValueError, AttributeError) as mistake:
            raise BadNeed(str(mistake)) from None
        what_counts = {
            "requirements": [_normalised(one) for one in request.body["requirements"]],
            "pool": request.pool,
            **{key: request.body.get(key) for key in ("tags", "linger", "max_duration")},
        }
        key = json.dumps(what_counts, sort_keys=True, default=str)
        return cls(tuple(requirements), all_options, scope, key, summary)

    @staticmethod
    def says_what(requirements: Sequence[Any], options: Iterable[str]) -> bool:
        """Return whether the arguments of a mark say what is needed, rather than how only."""
        return bool(requirements) or any(key in NEEDS for key in options)


def arguments_of(wanted: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments of a mark that a parameter of ``respo_lease`` stands for.

    Args:
        wanted: A text or a :class:`respo.Requirement`; a mapping of the mark's keywords; or a list
            of texts, requirements and respod's JSON, which are leased together.

    Raises:
        BadNeed: If it is something else.

    """
    if isinstance(wanted, (str, Requirement)):
        return (wanted,), {}
    if isinstance(wanted, Mapping):
        return (), dict(wanted)
    if isinstance(wanted, (list, tuple)):
        return tuple(wanted), {}
    message = (
        f"the parameter {wanted!r} is no need; it is a text such as 'location=office1 +can', "
        "a map of the mark's keywords, or a list of requirements"
    )
    raise BadNeed(message)


def duration_mistake(value: Any) -> str | None:
    """Return what is wrong with a duration, or ``None``."""
    if value in ("0", "forever") or (isinstance(value, (int, float)) and value == 0):
        return None
    try:
        is_one = not isinstance(value, bool) and seconds_of(value) > 0
    except (TypeError, ValueError):
        is_one = False
    if is_one:
        return None
    return f"{value!r} is no duration; write seconds, '10m', '1h30m', '0' or 'forever'"


def priority_mistake(value: Any) -> str | None:
    """Return what is wrong with a priority, or ``None``."""
    is_one = isinstance(value, int) and not isinstance(value, bool)
    if is_one and abs(value) <= _MOST_PRIORITY:
        return None
    return f"{value!r} is no priority; write a whole number from -1000 to 1000"


def _check_names(options: Mapping[str, Any]) -> None:
    known = ("scope", *NEEDS, *TERMS)
    for name in options:
        if name not in known:
            close = difflib.get_close_matches(name, known, 1)
            remedy = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}"
            message = f"there is no argument {name!r}; {remedy}"
            raise BadNeed(message)


def _check_values(options: Mapping[str, Any]) -> None:
    for name in ("wait", "linger", "max_duration"):
        if options.get(name) is not None:
            _refuse(name, duration_mistake(options[name]))
    if "priority" in options:
        _refuse("priority", priority_mistake(options["priority"]))
    count = options.get("count", 1)
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        _refuse("count", f"{count!r} is not a count; write a whole number from 1")
    for name, (kind, what) in _KINDS.items():
        if not isinstance(options.get(name), (kind, type(None))):
            _refuse(name, f"{options[name]!r} is not {what}")


def _refuse(name: str, mistake: str | None) -> None:
    if mistake is not None:
        message = f"{name}: {mistake}"
        raise BadNeed(message)


def _normalised(requirement: Mapping[str, Any]) -> dict[str, Any]:
    """Return a requirement so that two that mean the same are the same."""
    whole = dict(requirement)
    for name in ("attributes", "resource"):
        if name in whole:
            whole[name] = sorted(set(whole[name]))
    if "properties" in whole:
        whole["properties"] = _flat(whole["properties"])
    if "entities" in whole:
        # Their order stays: `pairing` of what is granted follows it.
        whole["entities"] = [
            {
                "attributes": sorted(set(one.get("attributes", ()))),
                "properties": _flat(one.get("properties", {})),
            }
            for one in whole["entities"]
        ]
    return whole


def _flat(properties: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return maps in maps as paths with dots: they mean the same."""
    flat: dict[str, Any] = {}
    for name, value in properties.items():
        if isinstance(value, Mapping):
            flat.update(_flat(value, f"{prefix}{name}."))
        else:
            flat[f"{prefix}{name}"] = value
    return flat
