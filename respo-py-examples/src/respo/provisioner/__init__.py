"""Hardware for tests, allocated with a heartbeat, as in the seed project automation-infra.

Example:
    >>> from respo.provisioner import hardware
    >>> @hardware(host={"attributes": ["can"]})
    ... def test_console(base_config):
    ...     print(base_config.hosts.host.dut.socket)
    >>> test_console()
    127.0.0.1:4567

"""

from __future__ import annotations

from respo.provisioner.allocation import Allocation, Cluster, Hosts
from respo.provisioner.clients import HeartbeatClient, ProvisionerClient
from respo.provisioner.decorator import hardware, hardware_config
from respo.provisioner.provisioner import Provisioner
from respo.provisioner.withdrawal import Withdrawal

__all__ = [
    "Allocation",
    "Cluster",
    "HeartbeatClient",
    "Hosts",
    "Provisioner",
    "ProvisionerClient",
    "Withdrawal",
    "hardware",
    "hardware_config",
]
