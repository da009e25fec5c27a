"""What respo.bash reads and writes by itself: JSON, requirements as text, durations."""

from __future__ import annotations

import json
import random
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

PACKAGE = Path(__file__).resolve().parents[1]
PROTOCOL = PACKAGE.parent / "docs" / "protocol.md"

# Prints what was read: for each value its pointer, its type and its text, all ended by NUL.
DUMP = """
IFS= read -r -d '' text || :
respo_json_read "$text" || exit 1
for pointer in "${RESPO_JSON_POINTERS[@]}"; do
  printf '%s\\0%s\\0%s\\0' "$pointer" "${RESPO_JSON_TYPE[$pointer]}" "${RESPO_JSON[$pointer]}"
done
"""


def bash(script: str, text: str = "") -> subprocess.CompletedProcess[bytes]:
    """Run a script in which respo.bash is sourced, as strictly as bash can be."""
    whole = f"set -euo pipefail\n. '{PACKAGE}/bash/respo.bash'\n{script}"
    return subprocess.run(
        ["bash", "-c", whole], input=text.encode(), capture_output=True, timeout=60, check=False
    )


def read(text: str) -> list[tuple[str, str, str]] | None:
    done = bash(DUMP, text)
    assert not done.stderr, done.stderr
    if done.returncode != 0:
        return None
    fields = done.stdout.decode("utf-8", "surrogatepass").split("\0")[:-1]
    return list(zip(fields[::3], fields[1::3], fields[2::3]))


def expected(value: Any, pointer: str = "#") -> list[tuple[str, str, str]]:
    if isinstance(value, dict):
        parts = [(key.replace("~", "~0").replace("/", "~1"), part) for key, part in value.items()]
        found = [(pointer, "object", "")]
    elif isinstance(value, list):
        parts = [(str(index), part) for index, part in enumerate(value)]
        found = [(pointer, "array", "")]
    elif isinstance(value, str):
        return [(pointer, "string", value)]
    elif value is None:
        return [(pointer, "null", "null")]
    else:
        kind = "boolean" if isinstance(value, bool) else "number"
        return [(pointer, kind, json.dumps(value))]
    for key, part in parts:
        found += expected(part, f"{pointer}/{key}")
    return found


def anything(chance: random.Random, depth: int = 0) -> Any:
    signs = "abc \"\\/{}[],:\n\t\b\f\r\x01\x1f\x7f~0é€😀'$`*?!#&%"
    text = "".join(chance.choices(signs, k=chance.randrange(12)))
    kind = chance.randrange(7 if depth < 4 else 5)
    if kind == 5:
        return [anything(chance, depth + 1) for _ in range(chance.randrange(4))]
    if kind == 6:
        keys = {"".join(chance.choices(signs, k=3)) for _ in range(chance.randrange(4))}
        return {key: anything(chance, depth + 1) for key in sorted(keys)}
    return [text, True, None, chance.randrange(-1000, 1000), chance.random() * 1e6][kind]


@pytest.mark.parametrize("seed", range(40))
def test_bash_reads_json_as_python_does(seed: int) -> None:
    chance = random.Random(seed)
    value = [anything(chance) for _ in range(6)]
    for ascii_only in (True, False):
        for indent in (None, 1):
            text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
            assert read(text) == expected(value), text


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "{", "[", '"', "[1,]", '{"a"}', '{"a":}', '{"a":1,}', "[1 2]", "01", "1.", "+1"),
        *("tru", "nul", "[1]]", '"\n"', '"\\x"', '"\\u12"', "{a:1}", "'a'", "1 2", "[,1]", "-"),
        "[" * 200 + "]" * 200,
    ],
)
def test_bash_refuses_what_is_no_json(text: str) -> None:
    assert read(text) is None


def test_half_a_surrogate_pair_and_a_nul_do_not_spoil_the_rest() -> None:
    assert read(r'["\ud800x", "\ud800\u0041", "a\u0000b", "c"]') == [
        ("#", "array", ""),
        ("#/0", "string", "\ufffdx"),
        ("#/1", "string", "\ufffdA"),
        ("#/2", "unprintable", "ab"),
        ("#/3", "string", "c"),
    ]


def test_a_part_can_be_taken_out_as_it_was_written() -> None:
    script = """
    respo_json_read ' {"event" : "x", "lease": {"name":"Bü\\"ro", "l": [1, 2] } , "z":0}'
    respo_json_part '#/lease' && printf '%s|' "$REPLY"
    respo_json_part '#/lease/l' && printf '%s|' "$REPLY"
    """
    assert bash(script).stdout.decode() == r'{"name":"Bü\"ro", "l": [1, 2] }|[1, 2]|'


@pytest.mark.parametrize("seed", range(5))
def test_bash_writes_texts_that_python_reads(seed: int) -> None:
    chance = random.Random(seed)
    signs = [*map(chr, range(1, 128)), *'é€😀&\\"']
    text = "".join(chance.choices(signs, k=60))
    done = bash('IFS= read -r -d "" text || :; respo_json_quote "$text"; printf %s "$REPLY"', text)
    assert json.loads(done.stdout) == text


def test_a_long_line_is_read_in_reasonable_time() -> None:
    resources = [
        {"name": f"bench-{number}", "properties": {"socket": f"127.0.0.1:{number}", "a": [1, "b"]}}
        for number in range(256)
    ]
    assert read(json.dumps({"resources": [resources]})) == expected({"resources": [resources]})


def rows() -> list[tuple[str, str]]:
    """Return the table of requirements as text in the protocol's page."""
    section = PROTOCOL.read_text().split("### A requirement as text")[1].split("###")[0]
    table = section.split("| text | JSON |")[1]
    found = re.findall(r"^\| `(.+?)` \| `(\{.*\})` \|$", table, re.MULTILINE)
    assert len(found) >= 10, found
    return found


def requirement(text: str) -> Any:
    done = bash('respo_requirement "$(cat)" || { echo "$REPLY"; exit 2; }; echo "$REPLY"', text)
    assert not done.stderr, done.stderr
    return json.loads(done.stdout) if done.returncode == 0 else done.stdout.decode().strip()


def plain(value: Any) -> Any:
    """Without what is empty, and with one name as a list."""
    if isinstance(value, dict):
        kept = {key: plain(part) for key, part in value.items()}
        kept = {key: part for key, part in kept.items() if part not in ([], {})}
        if isinstance(kept.get("resource"), str):
            kept["resource"] = [kept["resource"]]
        return kept
    return [plain(part) for part in value] if isinstance(value, list) else value


@pytest.mark.parametrize(("text", "meaning"), rows())
def test_a_requirement_as_text_means_what_the_protocol_says(text: str, meaning: str) -> None:
    assert plain(requirement(text)) == plain(json.loads(meaning))


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("{arm64 +odd=word ++x platform=android}", None),
        ("+can  +lin", {"attributes": ["can", "lin"]}),
        ("++x", {"attributes": ["+x"]}),
        ('a="b c" l=["x, y",1,true]', {"properties": {"a": "b c", "l": ["x, y", 1, True]}}),
        ('where=name == "a  b"', {"where": 'name == "a  b"'}),
        ('{"resource":"bench-1"}', {"resource": "bench-1"}),
        ("08", {"count": 8}),
    ],
)
def test_a_requirement_may_have_odd_terms(text: str, meaning: Any) -> None:
    if meaning is None:
        entity = {"attributes": ["arm64", "odd=word", "+x"], "properties": {"platform": "android"}}
        meaning = {"entities": [entity]}
    assert plain(requirement(text)) == plain(meaning)


@pytest.mark.parametrize(
    "text",
    ["{arm64", 'a="b', "a b", "bench-1,", "bench$", "resource=a", '"x y"=1', "a=[1", "{x} }"],
)
def test_a_mistake_in_a_requirement_is_said(text: str) -> None:
    assert isinstance(requirement(text), str)
    assert requirement(text)


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [("90", "90000"), ("500ms", "500"), ("1h30m", "5400000"), ("2d", "172800000"), ("0", "0")],
)
def test_durations_are_read_as_respod_does(text: str, milliseconds: str) -> None:
    done = bash(f"respo_milliseconds '{text}'; echo \"$REPLY\"")
    assert done.stdout.decode().strip() == milliseconds


@pytest.mark.parametrize("text", ["", "x", "1x", "m", "1h30", "-1", "1.5s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    assert bash(f"respo_milliseconds '{text}'").returncode == 1
