"""What is needed: as keywords, as text, and as JSON."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import respo

PROTOCOL = Path(__file__).resolve().parents[2] / "docs" / "protocol.md"


def examples() -> list[tuple[str, str]]:
    """Return the table of texts and the JSON that each is equal to, of the protocol's page."""
    row = re.compile(r"^\| `([^`]+)` \| `(\{[^`]+\})` \|$", re.MULTILINE)
    return row.findall(PROTOCOL.read_text())


def test_the_protocols_page_has_examples() -> None:
    assert len(examples()) == 10


@pytest.mark.parametrize(("text", "equal"), examples())
def test_a_text_says_what_the_protocols_page_says(text: str, equal: str) -> None:
    requirement = respo.Requirement.parse(text)
    assert requirement == respo.Requirement.of(json.loads(equal))
    # What is written is read back.
    assert respo.Requirement.parse(str(requirement)) == requirement
    assert hash(respo.Requirement.parse(str(requirement))) == hash(requirement)


@pytest.mark.parametrize(
    "text",
    [
        "2 location=office1 +can +lin {jtag} {arm64 +odd=word +++plus platform=android} @cell",
        'resource=7 firmware="1.10" where=size(entities) > 1',
        'properties.location=x "odd path"=1 quoted="a \\"b\\"" empty="" list=[1,"2",true,null,x]',
        "resource=of count=3",
        'location="a b" @"c d"',
    ],
)
def test_a_text_is_read_back_as_it_was_meant(text: str) -> None:
    requirement = respo.Requirement.parse(text)
    assert respo.Requirement.parse(str(requirement)) == requirement
    assert respo.Requirement.of(requirement.to_json()) == requirement


@pytest.mark.parametrize(
    ("text", "column", "hint"),
    [
        ("", 1, "any one resource is written 1"),
        ("location=office1 2", 18, "a count comes first"),
        ("a b", 3, "names are given already"),
        ("2 of", 5, "after 'of' there is a list of keys"),
        ("of", 1, "'of' comes after a count"),
        ("a, b", 1, "no comma at its end"),
        ("{jtag", 1, "the braces that begin here do not end"),
        ("x==1", 3, "a single '='"),
        ("x>=1", 1, "a comparison belongs into where="),
        ("x=", 3, "a value is missing"),
        ("x=[a", 3, "the list that begins here does not end"),
        ('x="a', 3, "the quotes that begin here do not end"),
        ("x=it's", 5, "put into double quotes"),
        ("location=a location=b", 12, "location is given twice"),
        ("x=1 x=2", 5, "the property x is given twice"),
        ("entities=[[jtag]]", 1, "written in braces"),
        ("+", 1, "after '+' there is an attribute"),
    ],
)
def test_a_mistake_in_a_text_says_where_and_what_would_be_right(
    text: str, column: int, hint: str
) -> None:
    with pytest.raises(respo.Invalid) as caught:
        respo.Requirement.parse(text)
    assert f"column {column}: " in str(caught.value)
    assert hint in str(caught.value)


def test_entities_are_written_in_three_ways() -> None:
    expected = ({"attributes": ["arm64"], "properties": {"gsm.operator": "GTE"}},)
    for entities in (
        [["arm64", {"gsm.operator": "GTE"}]],
        [{"attributes": "arm64", "properties": {"gsm.operator": "GTE"}}],
        {"attributes": ["arm64"], "properties": {"gsm.operator": "GTE"}},
    ):
        assert respo.Requirement(entities=entities).entities == expected
    assert respo.Requirement(entities="jtag") == respo.Requirement(entities=[["jtag"]])


def test_an_empty_list_of_names_does_not_mean_any_resource() -> None:
    mistakes: list[dict[str, tuple[str, ...]]] = [{"resource": ()}, {"keys": ()}]
    for mistaken in mistakes:
        with pytest.raises(respo.Invalid, match="is empty; leave it out, or say what is wanted"):
            respo.Requirement.of(mistaken)


def test_what_is_said_twice_must_agree() -> None:
    for text, keywords in (
        ("location=office1", {"location": "office2"}),
        ("2", {"count": 3}),
        ("slots=4", {"properties": {"slots": 5}}),
        ("bench-1", {"resource": "bench-2"}),
    ):
        with pytest.raises(respo.Invalid, match="given twice"):
            respo.Client().lease(text, **keywords)


def test_a_mapping_with_an_unknown_key_and_other_things_are_refused() -> None:
    with pytest.raises(respo.Invalid, match="a requirement has no 'atributes'; it has attributes"):
        respo.Requirement.of({"atributes": ["can"]})
    with pytest.raises(respo.Invalid, match="not int"):
        respo.Requirement.of(7)  # type: ignore[arg-type]
    with pytest.raises(respo.Invalid, match="7 is not a text"):
        respo.Requirement(attributes=["can", 7])  # type: ignore[list-item]
