"""The names under which respod knows keys.

A key may be any text; respod's names have 1–128 letters, digits and ``._-:/``. What is such a name
already stays as it is.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

_LONGEST = 128
_NAME = re.compile(rf"[A-Za-z0-9._:/-]{{1,{_LONGEST}}}")
_PREFIX = "key:"
_DIGEST = "key:sha256:"
_ODD = re.compile(rb"[^A-Za-z0-9./-]")
_ESCAPED = re.compile(rb"_([0-9a-f]{2})")


def name_of(key: Any) -> str:
    """Return the name for a key; two keys have the same only if their texts are equal.

    >>> name_of("board-1"), name_of(7), name_of("other thing"), name_of("key:x")
    ('board-1', '7', 'key:other_20thing', 'key:key_3ax')
    """
    text = str(key)
    if _NAME.fullmatch(text) and not text.startswith(_PREFIX):
        return text
    raw = text.encode("utf-8", "surrogatepass")
    escaped = _PREFIX + _ODD.sub(lambda found: b"_%02x" % found[0][0], raw).decode("ascii")
    if len(escaped) <= _LONGEST:
        return escaped
    return _DIGEST + hashlib.sha256(raw).hexdigest()


def key_of(name: str) -> str | None:
    """Return the text of the key for a name; ``None`` if only a digest of it is known.

    >>> key_of("board-1"), key_of("key:other_20thing"), key_of(name_of("long " * 99))
    ('board-1', 'other thing', None)
    """
    if name.startswith(_DIGEST):
        return None
    if not name.startswith(_PREFIX):
        return name
    escaped = name[len(_PREFIX) :].encode("ascii")
    raw = _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), escaped)
    return raw.decode("utf-8", "surrogatepass")
