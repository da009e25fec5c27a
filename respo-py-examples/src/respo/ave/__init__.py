"""A stand-in for the broker of AVE, Sony's environment for tests of phones.

``from ave.broker import Broker`` becomes ``from respo.ave import Broker``: the same profiles, the
same grouping, the same exceptions, over respod. What is other than in AVE is in ``docs/ave.md``.
"""

from respo.ave.broker import Broker
from respo.ave.equipment import Equipment
from respo.ave.exceptions import (
    AuthError,
    AveException,
    BrokerException,
    Busy,
    NoSuch,
    Restarting,
    SessionClosed,
)
from respo.ave.profile import Profile
from respo.ave.workspace import Workspace

__all__ = [
    "AuthError",
    "AveException",
    "Broker",
    "BrokerException",
    "Busy",
    "Equipment",
    "NoSuch",
    "Profile",
    "Restarting",
    "SessionClosed",
    "Workspace",
]
