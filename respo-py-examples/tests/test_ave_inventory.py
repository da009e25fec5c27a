"""The inventory that respod serves, as AVE's lists read it."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ave_lab import STACKS, Phones, handset, relay
from daemon import program

import respo
from respo.ave.block_yaml import BlockYamlError, read

# Whatever YAML makes a difference of, and what is odd in JSON.
FRAGMENTS = [
    *("a", "b", "ä", "\N{GRINNING FACE}", "0", "1", ".", "e", " ", "\n", "\n\n", "\t", "\r"),
    *(": ", ":", "#", " #", "-", "- ", "? ", "?", "'", '"', "\\", "[", "]", "{", "}", "|", ">"),
    *("&", "*", "!", "%", "@", "`", ",", "~", "<<", "=", "null", "true", "no", "\x1b", "\xa0"),
    "\ufeff",
]


def text(dice: random.Random) -> str:
    """Return an odd text."""
    return "".join(dice.choice(FRAGMENTS) for _ in range(dice.randrange(7)))


def value(dice: random.Random, depth: int = 0) -> Any:
    """Return anything that JSON can hold."""
    kind = dice.randrange(10)
    if depth < 4 and kind < 2:
        return [value(dice, depth + 1) for _ in range(dice.randrange(4))]
    if depth < 4 and kind < 5:
        return {key(dice): value(dice, depth + 1) for _ in range(dice.randrange(4))}
    if kind == 5:
        return dice.choice([None, True, False, 0, -1, 2**63, 1.5, -2.25e-7, 1e300])
    return text(dice)


def key(dice: random.Random) -> str:
    """Return a key; respod refuses the one that would merge maps."""
    found = text(dice)
    return "x" if found == "<<" else found


def as_json(document: object) -> str:
    """Return it as JSON that is YAML as well."""
    escaped = {ord(one): f"\\u{ord(one):04x}" for one in "\x85\u2028\ufeff"}
    return json.dumps(document, ensure_ascii=False).translate(escaped)


def test_converted_stacks_are_a_lab_that_clients_allocate_from(tmp_path: Path) -> None:
    configuration = tmp_path / "broker.json"
    configuration.write_text(json.dumps({"port": 4000, "stacks": STACKS}))
    convert = [program("rpclient"), "inventory", "convert", str(configuration), "--pool", "phones"]
    converted = subprocess.run(convert, check=True, capture_output=True, text=True).stdout
    with Phones(inventory=converted) as phones:
        broker = phones.broker(pool="phones")
        got_handset, got_relay = broker.get({"type": "handset"}, relay("b"))
        assert [got_handset.profile, got_relay.profile] in (
            [handset("CB2"), relay("b")],
            [handset("CB3"), relay("b")],
        )


@pytest.mark.parametrize("seed", range(8))
def test_whatever_an_inventory_holds_is_read_as_it_was_written(seed: int) -> None:
    dice = random.Random(seed)
    assert "|" in served_as_given(dice)


def test_an_inventory_with_the_line_ends_of_old_yaml_is_read_as_well() -> None:
    served = served_as_given(random.Random(0), odd="a\u2028b")
    assert served.startswith("{")


def served_as_given(dice: random.Random, **more: str) -> str:
    """Have respod serve an inventory of odd properties, and check what is read of it."""
    resources = {
        f"r{number}": {
            "properties": {"p": 1, **more, **{key(dice): value(dice) for _ in range(20)}}
        }
        for number in range(25)
    }
    given = {"pool": {"name": "lab", "resources": {**resources, "nothing-said": {}}}}
    with Phones(inventory=as_json(given)) as respod:
        served = respo.Client(respod.url, token=respod.administrator).inventory()
    assert read(served) == given
    return served


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a: &x 1\n",
        "a: [1, 2]\n",
        "a: >\n  b\n",
        "a:\n",
        "a: 1\na: 2\n",
        "a: 1\n  b: 2\n",
        'a: "\\q"\n',
        "- 1\nb: 2\n",
    ],
)
def test_what_respod_does_not_write_is_refused(text: str) -> None:
    with pytest.raises(BlockYamlError, match=r"line [123] is not as respod writes inventories"):
        read(text)
