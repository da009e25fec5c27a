"""What AVE's broker lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from ave_lab import STACKS, Phones, handset, relay

import respo.ave
from respo.ave import AuthError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@pytest.fixture
def phones() -> Iterator[Phones]:
    """A respod with handsets and relays."""
    with Phones() as daemon:
        yield daemon


def ids(profiles: list[respo.ave.Profile]) -> set[str]:
    """Return what identifies each."""
    return {str(profile.get("serial") or profile["uid"]) for profile in profiles}


def test_equipment_is_what_has_a_type_with_all_that_the_inventory_says(phones: Phones) -> None:
    broker = phones.admin()
    assert ids(broker.list_equipment()) == {"CB1", "CB2", "CB3", "loose", "a", "b"}
    (mary,) = broker.list_equipment({"pretty": "mary"})
    assert mary["gsm.operator"] == "GTE"
    assert ids(broker.list_handsets()) == {"CB1", "CB2", "CB3", "loose"}
    assert ids(broker.list_handsets({"power_state": "offline"})) == {"loose"}
    assert ids(broker.list_relays({"circuits": ["handset.battery"]})) == {"b"}
    assert broker.list_equipment({"type": "wlan"}) == []


def test_available_is_what_is_neither_allocated_nor_collateral(phones: Phones) -> None:
    broker, other = phones.admin(), phones.admin()
    broker.get(relay("a"))
    for who in (broker, other):
        assert ids(who.list_available()) == {"CB3", "b", "loose"}
        assert ids(who.list_available({"type": "handset", "pretty": "doe"})) == {"CB3"}
        assert who.list_available(handset("CB1")) == []
    assert ids(other.list_equipment()) == {"CB1", "CB2", "CB3", "loose", "a", "b"}


def test_the_stacks_are_listed_as_they_are_configured(phones: Phones) -> None:
    listed = phones.admin().list_stacks()

    def as_sets(stacks: list[list[Mapping[str, str]]]) -> set[frozenset[tuple[str, ...]]]:
        return {
            frozenset(tuple(map(str, sorted(one.items()))) for one in stack) for stack in stacks
        }

    assert as_sets([[dict(one) for one in stack] for stack in listed]) == as_sets(STACKS)  # type: ignore[arg-type]


def test_allocations_and_collateral_are_those_of_the_client(phones: Phones) -> None:
    broker, other = phones.admin(), phones.admin()
    got = broker.get(relay("a"))
    assert broker.list_allocations() == [got.profile]
    assert [dict(one) for one in broker.list_collateral()] == [handset("CB1"), handset("CB2")]
    assert other.list_allocations() == []
    assert other.list_collateral() == []
    assert other.list_allocations_all() == [relay("a")]
    assert other.list_collateral_all() == [handset("CB1"), handset("CB2")]

    second = broker.get(relay("b"))
    assert ids(broker.list_collateral()) == {"CB1", "CB2", "CB3"}
    broker.yield_resources(second)
    assert ids(broker.list_collateral()) == {"CB1", "CB2"}
    broker.yield_resources(got)
    assert broker.list_collateral() == []


def test_lists_need_the_administrators_token_as_authkey(phones: Phones) -> None:
    client = phones.broker()
    got = client.get(handset("CB1"))
    for call in (client.list_equipment, client.list_available, client.list_stacks):
        with pytest.raises(AuthError, match="not authorized to make this call"):
            call()
    with pytest.raises(AuthError):
        phones.broker(authkey="wrong").list_equipment()
    assert client.list_allocations() == [got.profile]

    administrator = phones.admin()
    assert ids(administrator.list_available()) == {"CB2", "CB3", "loose", "b"}
    assert ids(administrator.list_collateral_all()) == {"a"}
    assert administrator.get(handset("CB3")).profile == handset("CB3")
    assert phones.administrator not in repr(administrator)


def test_a_broker_of_one_pool_among_several_has_nothing_to_do_with_the_others() -> None:
    pools = """
pools:
  - name: phones
    resources:
      one: {properties: {type: handset, serial: x, place: here}}
      two: {properties: {type: handset, serial: y}}
    stacks: [[one, two]]
  - name: other
    resources:
      one: {properties: {type: handset, serial: x, place: there}}
"""
    with Phones(inventory=pools) as respod:
        with pytest.raises(respo.ave.AveException, match="pool"):
            respod.broker().get({"type": "handset"})
        broker = respod.broker(authkey=respod.administrator, pool="phones")
        assert broker.get(handset("x")).profile["place"] == "here"
        assert broker.list_collateral() == [handset("y")]
        assert ids(broker.list_equipment()) == {"x", "y"}
        other = respod.broker(authkey=respod.administrator, pool="other")
        assert other.list_available(handset("x"))[0]["place"] == "there"
        assert other.list_stacks() == []
