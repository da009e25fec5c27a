"""Reading the inventory that respod serves.

The standard library has no reader of YAML. This one reads what respod writes, which is a small part
of it: maps and lists in block style, texts on one line or as literal blocks, and nothing that has
to be looked up elsewhere in the document. Anything else is refused, never guessed at.
"""

from __future__ import annotations

import json
import re
from typing import Any

__all__ = ["BlockYamlError", "read"]

_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_WORDS: dict[str, object] = {"null": None, "true": True, "false": False, "[]": [], "{}": {}}
_LITERAL = re.compile(r"\|([1-9])?([-+])?")
_SINGLE = re.compile(r"'((?:[^']|'')*)'")
_DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"')
_PLAIN_KEY = re.compile(r"[^'\"].*?(?=:(?: |$))")
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))")
_ESCAPED = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r",
    "e": "\x1b", " ": " ", '"': '"', "/": "/", "\\": "\\", "N": "\x85", "_": "\xa0",
    "L": "\u2028", "P": "\u2029",
}  # fmt: skip


class BlockYamlError(ValueError):
    """The text is not as respod writes inventories."""


def read(text: str) -> Any:
    r"""Return what a document of respod says.

    Raises:
        BlockYamlError: If it is not as respod writes documents, with the line.

    Example:
        >>> read("pool:\n  name: lab\n  stacks:\n  - - phone-1\n    - relay-1\n")
        {'pool': {'name': 'lab', 'stacks': [['phone-1', 'relay-1']]}}

    """
    if text.startswith("{"):  # what has unusual line ends in it is written as JSON
        return json.loads(text)
    return _Reader(text).document()


class _Reader:
    """Goes through the lines.

    What introduces a value (``- ``, ``? ``) is overwritten with blanks when it has been read, so
    that the value stands in its column as it would on a line of its own.
    """

    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")
        if self.lines[-1] == "":
            self.lines.pop()
        self.at = 0

    def document(self) -> Any:
        value = self.node()
        if self.at < len(self.lines):
            raise self.odd()
        return value

    def odd(self) -> BlockYamlError:
        line = self.lines[self.at] if self.at < len(self.lines) else ""
        message = f"line {self.at + 1} is not as respod writes inventories: {line.strip()[:64]!r}"
        return BlockYamlError(message)

    def column(self) -> int:
        """Return where the present line begins; -1 after the last one."""
        if self.at == len(self.lines):
            return -1
        line = self.lines[self.at]
        return len(line) - len(line.lstrip(" "))

    def rest(self, column: int) -> str:
        return self.lines[self.at][column:]

    def node(self) -> Any:
        """Read the value that begins where the present line does."""
        column = self.column()
        if column < 0:
            raise self.odd()
        rest = self.rest(column)
        if rest.startswith("- "):
            return self.items(column)
        if rest.startswith("? ") or self.key(rest) is not None:
            return self.pairs(column)
        # It stands behind what introduced it, which is where its map or list is.
        return self.scalar(rest, column - 2)

    def items(self, column: int) -> list[Any]:
        items = []
        while self.column() == column and self.rest(column).startswith("- "):
            self.blank(column)
            items.append(self.node())
        return items

    def pairs(self, column: int) -> dict[str, Any]:
        pairs: dict[str, Any] = {}
        while self.column() == column:
            rest = self.rest(column)
            if rest.startswith("? "):
                self.blank(column)
                key = self.scalar(self.rest(column + 2), column)
                if self.column() != column or not self.rest(column).startswith(": "):
                    raise self.odd()
                self.blank(column)
                value = self.node()
            else:
                found = self.key(rest)
                if found is None:
                    break
                key, end = found
                if end == len(rest):
                    self.at += 1
                    value = self.below(column)
                else:
                    value = self.scalar(rest[end + 1 :], column)
            if not isinstance(key, str) or key in pairs:
                raise self.odd()
            pairs[key] = value
        return pairs

    def below(self, column: int) -> Any:
        """Read the map or list under a key. A list may begin in the column of its key."""
        if self.column() > column:
            return self.node()
        if self.column() == column and self.rest(column).startswith("- "):
            return self.items(column)
        raise self.odd()

    def blank(self, column: int) -> None:
        line = self.lines[self.at]
        self.lines[self.at] = f"{line[:column]}  {line[column + 2 :]}"

    def key(self, rest: str) -> tuple[str, int] | None:
        """Return a key and where the value after it begins, if this is one."""
        if rest.startswith(("'", '"')):
            match = (_SINGLE if rest[0] == "'" else _DOUBLE).match(rest)
        else:
            match = _PLAIN_KEY.match(rest)
        if not match or not re.match(r":( |$)", rest[match.end() :]):
            return None
        return self.quoted(match.group()), match.end() + 1

    def quoted(self, text: str) -> str:
        if text.startswith("'"):
            return text[1:-1].replace("''", "'")
        return self.unescaped(text[1:-1]) if text.startswith('"') else text

    def scalar(self, text: str, column: int) -> Any:
        """Read a value that is alone on the rest of its line, or a literal block that begins there.

        ``column`` is that of the map or list that it is in.
        """
        literal = _LITERAL.fullmatch(text)
        if literal:
            return self.literal(literal, column)
        value = self.plain(text)
        self.at += 1
        return value

    def plain(self, text: str) -> Any:
        if text.startswith(("'", '"')):
            if not (_SINGLE if text[0] == "'" else _DOUBLE).fullmatch(text):
                raise self.odd()
            return self.quoted(text)
        if text in _WORDS:
            value = _WORDS[text]
            return value.copy() if isinstance(value, (list, dict)) else value
        if _INTEGER.fullmatch(text):
            return int(text)
        if _FLOAT.fullmatch(text):
            return float(text)
        if not text or text[0] in "[]{}|>&*!%@`#," or " #" in text or ": " in text:
            raise self.odd()
        return text

    def literal(self, header: re.Match[str], column: int) -> str:
        """Read the lines of a block; ``column`` is that of the map or list that it is in."""
        self.at += 1
        first = self.at
        while first < len(self.lines) and not self.lines[first].strip(" "):
            first += 1
        if header.group(1):
            indent = column + int(header.group(1))
        elif first < len(self.lines):
            indent = len(self.lines[first]) - len(self.lines[first].lstrip(" "))
        else:
            indent = column + 1
        block = []
        while self.at < len(self.lines) and indent > column:
            line = self.lines[self.at]
            if line.strip(" ") and not line.startswith(" " * indent):
                break
            block.append(line[indent:])
            self.at += 1
        text = "".join(f"{line}\n" for line in block)
        if header.group(2) == "+":
            return text
        text = text.rstrip("\n")
        return text if header.group(2) == "-" or not text else f"{text}\n"

    def unescaped(self, text: str) -> str:
        def one(match: re.Match[str]) -> str:
            code = match.group(1) or match.group(2) or match.group(3)
            if code:
                return chr(int(code, 16))
            if match.group(4) not in _ESCAPED:
                raise self.odd()
            return _ESCAPED[match.group(4)]

        return _ESCAPE.sub(one, text)
