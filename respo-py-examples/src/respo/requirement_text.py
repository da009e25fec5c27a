"""The text form of a requirement: ``2 location=office1 +can {jtag} gsm.operator=GTE``.

docs/protocol.md of respo has the table of its terms.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Callable

from respo.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from respo.requirement import Requirement

_LISTS = ("resource", "attributes", "keys")
_KEYS = frozenset({*_LISTS, "count", "location", "stack", "where", "entities", "property"})
_PLAIN = re.compile(r"[^\s\[\]{}\"'`\x00-\x1f\x7f]*")
_PLAIN_IN_LIST = re.compile(r"[^\s\[\]{}\"'`,\x00-\x1f\x7f]*")
_PATH = re.compile(r"[\w.:/-]*")
_WORD = re.compile(r"\S*")
_WORD_IN_BRACES = re.compile(r"[^\s}]*")
_WORD_BEFORE_EQUALS = re.compile(r"[^=\s]*")
_WORD_BEFORE_EQUALS_IN_BRACES = re.compile(r"[^=\s}]*")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_BLANKS = re.compile(r"\s*")


def read(text: str) -> dict[str, Any]:
    """Return what a text says, as arguments of :class:`respo.Requirement`.

    >>> read("2 location=office1 +can")
    {'count': 2, 'location': 'office1', 'attributes': ['can']}

    Raises:
        Invalid: If it has a mistake; the error says in which column, and what would be right.

    """
    reader = _Reader(text)
    reader.blanks()
    if reader.at_end:
        raise reader.mistake("it is empty; any one resource is written 1")
    reader.leading_count()
    while not reader.at_end:
        reader.term()
        reader.blanks()
    return reader.found


class _Reader:
    """Reads a text from the left."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: dict[str, Any] = {}

    @property
    def at_end(self) -> bool:
        return self.at >= len(self.text)

    @property
    def next(self) -> str:
        return self.text[self.at : self.at + 1]

    def mistake(self, problem: str, at: int | None = None) -> Invalid:
        column = (self.at if at is None else at) + 1
        message = f"the requirement {self.text!r}, column {column}: {problem}"
        return Invalid(message, problem={"parameter": "requirement"})

    def take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        taken = found[0] if found else ""
        self.at += len(taken)
        return taken

    def peek(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        return found[0] if found else ""

    def blanks(self) -> None:
        self.take(_BLANKS)

    def quoted(self) -> str:
        start = self.at
        literal = self.take(_QUOTED)
        if not literal:
            raise self.mistake("the quotes that begin here do not end", start)
        try:
            return str(json.loads(literal))
        except ValueError:
            problem = 'this is no text in quotes as JSON has them; a quote in it is written \\"'
            raise self.mistake(problem, start) from None

    def put(self, key: str, value: object, at: int) -> None:
        if key in self.found:
            raise self.mistake(f"{key} is given twice", at)
        self.found[key] = value

    def leading_count(self) -> None:
        word = self.peek(_WORD)
        if not _is_number(word):
            return
        self.found["count"] = int(self.take(_WORD))
        self.blanks()
        if self.peek(_WORD) != "of":
            return
        self.take(_WORD)
        self.blanks()
        if self.at_end:
            raise self.mistake("after 'of' there is a list of keys, as in 2 of a,b,c")
        self.listed("keys")

    def term(self) -> None:
        start = self.at
        if self.next == "{":
            self.found.setdefault("entities", []).append(self.pattern())
        elif self.next == "+":
            self.at += 1
            word = self.take(_WORD)
            if not word:
                raise self.mistake("after '+' there is an attribute, as in +can", start)
            self.found.setdefault("attributes", []).append(word)
        elif self.next == "@":
            self.at += 1
            self.put("stack", self.label("a label"), start)
        elif self.next == '"':
            self.property()
        else:
            word = self.peek(_WORD_BEFORE_EQUALS)
            if self.text[self.at + len(word) : self.at + len(word) + 1] == "=":
                self.key_and_value(word)
            else:
                self.names(word)

    def names(self, word: str) -> None:
        if _is_number(word):
            raise self.mistake(
                f"a count comes first; a resource of this name is written resource={word}"
            )
        if word == "of":
            raise self.mistake(
                "'of' comes after a count, as in 2 of a,b,c; a resource of this name is written "
                "resource=of"
            )
        if "resource" in self.found:
            raise self.mistake(
                "names are given already; one of several is written a,b, and an attribute +can"
            )
        self.listed("resource")

    def key_and_value(self, key: str) -> None:
        start = self.at
        if key.startswith("properties."):
            self.at += len("properties.")
            self.property()
        elif key not in _KEYS:
            self.property()
        else:
            self.at += len(key) + 1
            if key in _LISTS:
                self.listed(key)
            elif key == "property":
                self.property()
            elif key == "count":
                word = self.take(_WORD)
                if not _is_number(word):
                    raise self.mistake(f"{word} is not a count", start)
                self.put("count", int(word), start)
            elif key == "where":
                self.put("where", self.text[self.at :], start)
                self.at = len(self.text)
            elif key == "entities":
                problem = "here an entity is written in braces, as in {jtag} {arm64}"
                raise self.mistake(problem, start)
            else:
                self.put(key, self.label(f"the {key}"), start)

    def listed(self, key: str) -> None:
        start = self.at
        value = self.take(_WORD)
        if value.startswith("["):
            while not value.endswith("]") and not self.at_end:
                value += self.take(_BLANKS) + self.take(_WORD)
            if not value.endswith("]"):
                raise self.mistake("the list that begins here does not end", start)
            value = value[1:-1]
        items = [item.strip().strip("\"'") for item in value.split(",")]
        if "" in items:
            raise self.mistake(
                "a list such as a,b has no blanks in it, and no comma at its end", start
            )
        if key == "attributes":
            self.found.setdefault(key, []).extend(items)
        else:
            self.put(key, items, start)

    def label(self, what: str) -> str:
        start = self.at
        label = self.quoted() if self.next == '"' else self.take(_PLAIN)
        if not label:
            raise self.mistake(f"{what} is missing", start)
        self.expect_end()
        return label

    def expect_end(self, closing: str = "") -> None:
        """A term ends here: with a blank, or with what closes it."""
        if not self.at_end and not self.next.isspace() and self.next != closing:
            raise self.mistake(_ODD)

    def property(self) -> None:
        start = self.at
        path, value = self.path_and_value()
        self.expect_end()
        properties = self.found.setdefault("properties", {})
        if path in properties:
            raise self.mistake(f"the property {path} is given twice", start)
        properties[path] = value

    def path_and_value(self) -> tuple[str, Any]:
        start = self.at
        path = self.quoted() if self.next == '"' else self.take(_PATH)
        if self.next != "=":
            if path and not self.at_end and not self.next.isspace():
                raise self.mistake(
                    f"a path with {self.next!r} in it is written in quotes; a comparison belongs "
                    "into where=",
                    start,
                )
            raise self.mistake("a property is written PATH=VALUE", start)
        self.at += 1
        return path, self.list_value() if self.next == "[" else self.scalar(_PLAIN)

    def list_value(self) -> list[Any]:
        start = self.at
        items: list[Any] = []
        self.at += 1
        self.blanks()
        while self.next != "]":
            items.append(self.scalar(_PLAIN_IN_LIST))
            self.blanks()
            if self.at_end:
                problem = "the list that begins here does not end; it is written [a,b]"
                raise self.mistake(problem, start)
            if self.next == ",":
                self.at += 1
                self.blanks()
            elif self.next != "]":
                raise self.mistake("between the items of a list there is a comma")
        self.at += 1
        return items

    def scalar(self, plain: re.Pattern[str]) -> Any:
        if self.next == '"':
            return self.quoted()
        start = self.at
        word = self.take(plain)
        if word.startswith("="):
            problem = (
                "a property is compared with a single '='; an expression belongs into where=, and "
                "a text that begins with '=' into double quotes"
            )
            raise self.mistake(problem, start)
        if not self.at_end and self.next in "'`{\"[":
            raise self.mistake(_ODD)
        if not word:
            raise self.mistake('a value is missing; the empty text is written ""', start)
        return _value_of(word)

    def pattern(self) -> dict[str, Any]:
        start = self.at
        self.at += 1
        pattern: dict[str, Any] = {}
        self.blanks()
        while self.next != "}":
            if self.at_end:
                raise self.mistake("the braces that begin here do not end", start)
            self.pattern_term(pattern)
            self.blanks()
        self.at += 1
        self.expect_end()
        return pattern

    def pattern_term(self, pattern: dict[str, Any]) -> None:
        marked = self.next == "+"
        if marked:
            self.at += 1
        word = self.peek(_WORD_BEFORE_EQUALS_IN_BRACES)
        equals = self.text[self.at + len(word) : self.at + len(word) + 1] == "="
        if not marked and (equals or word.startswith('"')):
            start = self.at
            path, value = self.path_and_value()
            if path in pattern.setdefault("properties", {}):
                raise self.mistake(f"the property {path} is given twice", start)
            pattern["properties"][path] = value
        else:
            pattern.setdefault("attributes", []).append(self.take(_WORD_IN_BRACES))
        self.expect_end("}")


_ODD = "a text with quotes, braces or brackets in it is put into double quotes"


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdigit()


def _value_of(word: str) -> Any:
    """JSON's numbers, true, false and null are what they look like; everything else is a text."""
    try:
        value = json.loads(word, parse_constant=_refuse)
    except ValueError:
        return word
    return word if isinstance(value, (str, list, dict)) else value


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


def written(requirement: Requirement) -> str:
    """Return a requirement in the form that :func:`read` reads."""
    terms: list[str] = []
    if requirement.keys:
        terms.append(f"{requirement.count} of {','.join(requirement.keys)}")
    elif requirement.count != 1:
        terms.append(str(requirement.count))
    if requirement.resource:
        names = ",".join(requirement.resource)
        terms.append(f"resource={names}" if _is_number(names) or names == "of" else names)
    if requirement.location is not None:
        terms.append(f"location={_text(requirement.location)}")
    terms.extend(f"+{word}" for word in requirement.attributes)
    terms.extend(_braces(pattern) for pattern in requirement.entities)
    for path, value in requirement.properties.items():
        is_key = path in _KEYS or path.startswith("properties.")
        terms.append(("properties." if is_key else "") + property_text(path, value))
    if requirement.stack is not None:
        terms.append(f"@{_text(requirement.stack)}")
    if requirement.where is not None:
        terms.append(f"where={requirement.where}")
    return " ".join(terms) or "1"


def _braces(pattern: Mapping[str, Any]) -> str:
    words = pattern.get("attributes", ())
    terms = [f"+{word}" if "=" in word or word.startswith("+") else word for word in words]
    terms += [property_text(path, value) for path, value in pattern.get("properties", {}).items()]
    return "{" + " ".join(terms) + "}"


def property_text(path: str, value: object) -> str:
    """Return `PATH=VALUE`."""
    shown: Callable[[object], str] = _scalar
    if isinstance(value, (list, tuple)):
        text = "[" + ",".join(_scalar(item, in_list=True) for item in value) + "]"
    else:
        text = shown(value)
    return (path if _PATH.fullmatch(path) else _quote(path)) + "=" + text


def _scalar(value: object, *, in_list: bool = False) -> str:
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False, default=str)
    plain = _PLAIN_IN_LIST if in_list else _PLAIN
    is_plain = bool(value) and bool(plain.fullmatch(value)) and not value.startswith("=")
    return value if is_plain and _value_of(value) == value else _quote(value)


def _text(text: str) -> str:
    return text if text and _PLAIN.fullmatch(text) else _quote(text)


def _quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
