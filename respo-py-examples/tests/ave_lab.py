"""A lab of handsets and relays, as a lab that came from AVE would describe it."""

from __future__ import annotations

import json
import weakref
from typing import TYPE_CHECKING, Any

from daemon import Respod

from respo.ave import Broker

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

STACKS = [
    [{"type": "relay", "uid": "a"}, {"type": "handset", "serial": "CB1"}],
    [{"type": "relay", "uid": "a"}, {"type": "handset", "serial": "CB2"}],
    [{"type": "relay", "uid": "b"}, {"type": "handset", "serial": "CB2"}],
    [{"type": "relay", "uid": "b"}, {"type": "handset", "serial": "CB3"}],
]
"""Relay a cuts handsets 1 and 2 off, and relay b handsets 2 and 3."""

MORE: dict[str, Mapping[str, Any]] = {
    "relay-a": {"circuits": {"usb.pc.vcc": 1}, "pretty": "gustav", "power_state": "online"},
    "relay-b": {"circuits": {"handset.battery": 2, "usb.pc.vcc": 3}, "pretty": "vasa"},
    "handset-CB1": {"pretty": "mary", "gsm.operator": "GTE", "power_state": "boot_completed"},
    "handset-CB2": {"pretty": "jane"},
    "handset-CB3": {"pretty": "doe", "sw": {"label": "ICS-1"}},
    "handset-loose": {
        "type": "handset",
        "serial": "loose",
        "pretty": "off",
        "power_state": "offline",
    },
}
"""What else there is to say of each, and a handset in no stack, which is switched off."""


def lab() -> str:
    """Return the lab as JSON, which is YAML as well."""
    resources: dict[str, dict[str, Any]] = {}
    for profile in (profile for stack in STACKS for profile in stack):
        resources[name_of(profile)] = {"attributes": [profile["type"]], "properties": dict(profile)}
    for name, more in MORE.items():
        resources.setdefault(name, {"properties": {}})["properties"].update(more)
    # A bench that AVE knows nothing of.
    resources["bench-1"] = {"location": "office1", "attributes": ["can"]}
    stacks = [[name_of(profile) for profile in stack] for stack in STACKS]
    return json.dumps({"pool": {"name": "ave", "resources": resources, "stacks": stacks}})


def name_of(profile: Mapping[str, str]) -> str:
    """Return what the resource of a stacked profile is called."""
    return f"{profile['type']}-{profile.get('serial') or profile['uid']}"


def handset(serial: str) -> dict[str, str]:
    """Return the profile of one handset."""
    return {"type": "handset", "serial": serial}


def relay(uid: str) -> dict[str, str]:
    """Return the profile of one relay."""
    return {"type": "relay", "uid": uid}


class Phones(Respod):
    """A respod with this lab, and the brokers that tests make on it."""

    def __init__(self, *arguments: str, inventory: str | None = None) -> None:
        """``arguments``: further ones of respod; ``inventory``: another one."""
        super().__init__(inventory or lab(), *arguments)
        # Those that a test has dropped may be collected; what is left is closed while respod is
        # there.
        self._brokers: weakref.WeakSet[Broker] = weakref.WeakSet()

    def broker(self, **options: Any) -> Broker:
        """Return a new broker."""
        broker = Broker(self.address, **options)
        self._brokers.add(broker)
        return broker

    def admin(self) -> Broker:
        """Return a new broker with the administrator's token."""
        return self.broker(authkey=self.administrator)

    def __enter__(self) -> Phones:
        """Start it."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close what is left, and end it."""
        for broker in list(self._brokers):
            broker.close()
        super().__exit__(kind, error, traceback)
