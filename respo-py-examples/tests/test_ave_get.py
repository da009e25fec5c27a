"""What AVE's broker gives, and how it groups."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from ave_lab import STACKS, Phones, handset, relay

import respo
from respo.ave import AveException, Broker, Busy, NoSuch, SessionClosed

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def phones() -> Iterator[Phones]:
    """A respod with handsets and relays."""
    with Phones() as daemon:
        yield daemon


def are_wired_together(*profiles: respo.ave.Profile) -> bool:
    """Return whether one stack has all of these."""
    return any(all(profile in stack for profile in profiles) for stack in STACKS)


def test_one_profile_gives_one_object_that_knows_what_it_is(phones: Phones) -> None:
    broker = phones.broker()
    got = broker.get({"type": "handset", "gsm.operator": "GTE"})
    assert dict(got.profile) == {
        "type": "handset",
        "serial": "CB1",
        "pretty": "mary",
        "gsm.operator": "GTE",
        "power_state": "boot_completed",
    }
    assert got.get_profile() is got.profile
    assert got.resource.name == "handset-CB1"
    assert got.lease.fence == 1
    assert repr(got) == "<handset handset-CB1>"


def test_dicts_alone_come_from_one_stack_in_the_order_in_which_they_were_asked_for(
    phones: Phones,
) -> None:
    for uid, serials in (("a", ["CB1", "CB2"]), ("b", ["CB2", "CB3"])):
        with phones.broker() as broker:
            got_handset, got_relay = broker.get({"type": "handset"}, relay(uid))
            assert got_relay.profile["uid"] == uid
            assert got_handset.profile["serial"] in serials
            assert are_wired_together(got_handset.profile, got_relay.profile)


def test_dicts_alone_are_never_taken_from_two_stacks(phones: Phones) -> None:
    with pytest.raises(NoSuch):
        phones.broker().get(handset("CB3"), relay("a"))


def test_each_tuple_is_a_group_with_a_stack_of_its_own(phones: Phones) -> None:
    broker = phones.broker()
    first = {"type": "handset"}, relay("a")
    second = relay("b"), {"type": "handset"}
    h1, r1, r2, h2 = broker.get(first, second)
    assert (r1.profile["uid"], r2.profile["uid"]) == ("a", "b")
    assert h1.profile != h2.profile
    assert are_wired_together(h1.profile, r1.profile)
    assert are_wired_together(r2.profile, h2.profile)


def test_tuples_of_one_may_come_from_different_stacks(phones: Phones) -> None:
    h1, h2 = phones.broker().get((handset("CB1"),), (handset("CB3"),))
    assert [h1.profile["serial"], h2.profile["serial"]] == ["CB1", "CB3"]
    with pytest.raises(NoSuch):
        phones.broker().get(handset("CB1"), handset("CB3"))


def test_a_dict_beside_a_tuple_is_a_group_of_its_own(phones: Phones) -> None:
    h1, r1, h2 = phones.broker().get((handset("CB1"), {"type": "relay"}), handset("CB3"))
    assert are_wired_together(h1.profile, r1.profile)
    assert h2.profile == handset("CB3")


def test_a_stack_is_never_split_between_sessions(phones: Phones) -> None:
    first = phones.broker()
    first.get(relay("a"))
    for mate in ("CB1", "CB2"):
        with pytest.raises(Busy):
            phones.broker().get(handset(mate))
    other = phones.broker()
    assert other.get(handset("CB3")).profile["serial"] == "CB3"


def test_a_stack_is_not_split_between_two_allocations_of_one_session_either(phones: Phones) -> None:
    broker = phones.broker()
    broker.get(relay("a"))
    with pytest.raises(Busy):
        broker.get(handset("CB1"))


def test_two_sessions_may_share_collateral(phones: Phones) -> None:
    """Handset 2 is collateral of both relays, and neither client gets it."""
    first, second = phones.admin(), phones.admin()
    first.get(relay("a"))
    second.get(relay("b"))
    assert first.list_collateral() == [handset("CB1"), handset("CB2")]
    assert second.list_collateral() == [handset("CB2"), handset("CB3")]


def test_a_relay_is_found_by_its_circuits_whatever_their_numbers_are(phones: Phones) -> None:
    broker = phones.broker()
    got, _ = broker.get({"type": "relay", "circuits": ["handset.battery"]}, {"type": "handset"})
    assert got.profile["uid"] == "b"
    with pytest.raises(NoSuch):
        phones.broker().get({"type": "relay", "circuits": ["usb.pc.vcc", "brake"]})


def test_a_profile_asks_for_values_in_maps_and_for_dotted_keys(phones: Phones) -> None:
    broker = phones.broker()
    assert broker.get({"type": "handset", "sw": {"label": "ICS-1"}}).profile == handset("CB3")
    assert phones.broker().get({"type": "handset", "gsm.operator": "GTE"}).profile == handset("CB1")


def test_whatever_is_listed_as_available_can_be_allocated_as_it_is(phones: Phones) -> None:
    listed = phones.admin().list_available()
    assert len(listed) == 6
    for profile in listed:
        with phones.broker() as broker:
            assert dict(broker.get(profile).profile) == dict(profile)


def test_a_handset_that_is_off_is_given_to_those_only_who_ask_for_that(phones: Phones) -> None:
    with pytest.raises(NoSuch):
        phones.broker().get(handset("loose"))
    broker = phones.broker()
    assert broker.get({**handset("loose"), "power_state": "offline"}).profile["pretty"] == "off"


def test_busy_gives_everything_back_and_ends_the_session(phones: Phones) -> None:
    holder = phones.broker(name="ci-88")
    holder.get(handset("CB3"))
    broker = phones.broker()
    broker.get(handset("CB1"))
    with pytest.raises(Busy, match="ci-88") as raised:
        broker.get(handset("CB3"))
    assert isinstance(raised.value, respo.Busy)
    assert raised.value.candidates[0].resource == "handset-CB3"
    assert raised.value.details["type"] == "Busy"
    with pytest.raises(SessionClosed, match="session closed: an allocation failed"):
        broker.get(handset("CB1"))
    with pytest.raises(SessionClosed):
        broker.list_allocations()
    assert phones.broker().get(handset("CB1")).profile == handset("CB1")


def test_no_such_ends_the_session_as_well(phones: Phones) -> None:
    broker = phones.broker()
    with pytest.raises(NoSuch) as raised:
        broker.get({"type": "handset", "pretty": "nobody"})
    assert isinstance(raised.value, respo.NoSuch)
    with pytest.raises(SessionClosed):
        broker.get(handset("CB1"))


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (({"serial": "CB1"},), 'profile "type" field is missing'),
        (({"type": "handset"}, ({"serial": "CB1"},)), 'profile "type" field is missing'),
        ((("handset",),), "a profile is a dict"),
        (((),), "an empty group"),
        ((), "nothing to get"),
        (({"type": "handset", "a..b": 1},), "a..b"),
        (({"type": "handset", "a": {"b": [{}]}},), "a.b"),
        ((({"type": "handset"}, {"type": "relay"}),) * 5, "stack"),
        (({"type": "handset"},) * 33, "at most 32"),
    ],
)
def test_a_malformed_profile_is_refused_and_costs_nothing(
    phones: Phones, wanted: tuple[object, ...], said: str
) -> None:
    broker = phones.broker()
    kept = broker.get(handset("CB1"))
    with pytest.raises(AveException, match=said):
        broker.get(*wanted)  # type: ignore[arg-type]
    assert broker.list_allocations() == [kept.profile]


def test_yielded_equipment_is_free_for_others_and_the_rest_stays(phones: Phones) -> None:
    broker = phones.broker()
    first, second = broker.get((handset("CB1"),), (handset("CB3"),))
    broker.yield_resources(first)
    other = phones.broker()
    assert other.get(handset("CB1")).profile == first.profile
    with pytest.raises(Busy):
        phones.broker().get(handset("CB3"))
    assert broker.list_allocations() == [second.profile]
    broker.yield_resources(handset("CB3"))
    assert broker.list_allocations() == []
    assert other.get(handset("CB3")).profile == second.profile
    assert not second.lease.lost


def test_what_is_yielded_of_a_stack_stays_collateral_of_the_rest(phones: Phones) -> None:
    broker = phones.broker()
    got_handset, got_relay = broker.get(handset("CB1"), relay("a"))
    broker.yield_resources(got_handset)
    with pytest.raises(Busy):
        phones.broker().get(handset("CB1"))
    broker.yield_resources(got_relay)
    assert phones.broker().get(handset("CB1")).profile == got_handset.profile


def test_nothing_can_be_yielded_twice_nor_by_another_client(phones: Phones) -> None:
    broker, other = phones.broker(), phones.broker()
    got = broker.get(handset("CB1"))
    with pytest.raises(NoSuch, match="no such resource: the client does not have <handset"):
        other.yield_resources(got)
    broker.yield_resources(got, got.profile)
    with pytest.raises(NoSuch, match="no such resource"):
        broker.yield_resources(got)
    second = broker.get(handset("CB3"))
    with pytest.raises(NoSuch):
        broker.yield_resources(second, handset("CB1"))
    assert broker.list_allocations() == [second.profile]


def test_allocating_and_yielding_goes_on_and_on(phones: Phones) -> None:
    broker = phones.broker()
    for _ in range(5):
        workspace, got = broker.get({"type": "workspace"}, handset("CB1"))
        assert broker.list_allocations() == [got.profile, workspace.profile]
        broker.yield_resources(workspace, got)
        assert broker.list_allocations() == []
        assert not Path(workspace.path).exists()


def test_a_workspace_is_a_directory_that_goes_with_the_session(phones: Phones) -> None:
    with phones.broker() as broker:
        got, workspace = broker.get({"type": "handset"}, {"type": "workspace", "tools": ["sh"]})
        assert got.profile["type"] == "handset"
        assert Path(workspace.make_tempdir()).is_dir()
        assert os.access(workspace.profile["tools"]["sh"], os.X_OK)
        again = broker.get({"type": "workspace", "uid": workspace.profile["uid"]})
        assert again is workspace
    assert not Path(workspace.get_path()).exists()


def test_a_workspace_with_a_tool_that_is_not_installed_is_no_such_thing(phones: Phones) -> None:
    for profile in ({"tools": ["no-such-tool-xyz"]}, {"pretty": "mine"}, {"uid": "1"}):
        with pytest.raises(NoSuch, match="no such workspace"):
            phones.broker().get({"type": "workspace", **profile}, handset("CB1"))
    assert phones.broker().get(handset("CB1")).profile == handset("CB1")


def test_equipment_says_why_it_cannot_be_driven(phones: Phones) -> None:
    got = phones.broker().get(handset("CB1"))
    broker = phones.broker()  # keeps nothing of the first, which is collected by now
    with pytest.raises(AttributeError, match="no attribute 'ls': respo says who may use"):
        got.ls("/")
    assert broker.get(handset("CB1")).profile == got.profile


def test_an_address_may_have_an_empty_host_or_be_a_url(phones: Phones) -> None:
    host, port = phones.address
    assert host == "127.0.0.1"
    for address in (("", port), phones.url):
        with Broker(address) as broker:
            broker.get(handset("CB1"))
    with pytest.raises(AveException, match="an address is a host and a port"):
        Broker((1, 2, 3))  # type: ignore[arg-type]
