"""As much of a declarative Jenkinsfile as its blocks, and the texts of their steps."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"(?P<comment>//[^\n]*|/\*.*?\*/)"
    r"|(?P<text>'''(?:\\.|.)*?'''|'(?:\\.|[^'\\\n])*'|\"(?:\\.|[^\"\\\n])*\")"
    r"|(?P<open>\{)|(?P<close>\})|(?P<other>.)",
    re.DOTALL,
)
_NAME = re.compile(r"(\w+)\s*(?:\(\s*['\"](.*?)['\"]\s*\))?\s*$")


@dataclass(frozen=True)
class Block:
    """`name('argument') { … }`, and what is in it, without comments."""

    name: str
    argument: str
    text: str

    def find(self, name: str) -> list[Block]:
        """Return the blocks of this name directly in it."""
        return [block for block in read_blocks(self.text) if block.name == name]

    def all(self, name: str) -> list[Block]:
        """Return the blocks of this name anywhere in it."""
        inner = read_blocks(self.text)
        deeper = [block for one in inner for block in one.all(name)]
        return [block for block in inner if block.name == name] + deeper


def read_blocks(text: str) -> list[Block]:
    """Return the outermost blocks of a text."""
    found, depth, before, inside = [], 0, "", ""
    for token in _TOKEN.finditer(text):
        kind, part = token.lastgroup, token[0]
        if kind == "comment":
            continue
        if kind == "close":
            depth -= 1
            if depth == 0:
                name = _NAME.search(before)
                assert name is not None, before
                found.append(Block(name[1], name[2] or "", inside))
                before = inside = ""
                continue
        if depth > 0:
            inside += part
        elif kind != "open":
            before += part
        if kind == "open":
            depth += 1
    assert depth == 0, "a brace is not closed"
    return found


def texts(text: str, step: str) -> list[str]:
    """Return what the steps of this name are given, as Groovy understands it."""
    found, before = [], ""
    for token in _TOKEN.finditer(text):
        if token.lastgroup == "text":
            if re.search(rf"\b{step}\s*$", before):
                found.append(_plain(token[0]))
            before = ""
        elif token.lastgroup != "comment":
            before += token[0]
    return found


def _plain(literal: str) -> str:
    assert literal[0] == "'", f"Groovy would put its own variables into {literal}"
    quotes = 3 if literal.startswith("'''") else 1
    inside = literal[quotes:-quotes].replace("\\\n", "")
    return re.sub(r"\\(.)", lambda it: {"n": "\n", "t": "\t"}.get(it[1], it[1]), inside)
