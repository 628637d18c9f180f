# SPDX-License-Identifier: Apache-2.0
"""What a controller says of itself: its identity, and its TCP/IP interface.

Under `controller`; made by `configuration` from `cpppo.cfg`, or by hand.  The defaults
are those that users of the simulator know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

__all__ = ["IdentityValues", "Interface", "Profile", "TCPIPValues"]


@dataclass(frozen=True, slots=True)
class IdentityValues:
    """The Identity Object's attributes.  CIP Vol 1, 5-2."""

    vendor: int = 1
    device_type: int = 14
    product_code: int = 54
    revision: int = 0x0B14  # the major one in the lower octet: 20.11
    status: int = 0x3160
    serial: int = 0x006C061A
    name: str = "1756-L61/B LOGIX5561"
    state: int = 255
    configuration_consistency: int = 0
    heartbeat: int = 0

    @property
    def major(self) -> int:
        return self.revision & 0xFF

    @property
    def minor(self) -> int:
        return self.revision >> 8


@dataclass(frozen=True, slots=True)
class Interface:
    """How an interface is configured; addresses as text, "0.0.0.0" for none."""

    ip_address: str = "0.0.0.0"
    network_mask: str = "0.0.0.0"
    gateway_address: str = "0.0.0.0"
    dns_primary: str = "0.0.0.0"
    dns_secondary: str = "0.0.0.0"
    domain_name: str = ""


@dataclass(frozen=True, slots=True)
class TCPIPValues:
    """The TCP/IP Interface Object's attributes.  CIP Vol 2, 5-3."""

    status: int = 2
    capability: int = 0x30
    control: int = 0
    link: bytes = b""  # the path to the physical link: an EPATH's segments
    interface: Interface = field(default_factory=Interface)
    host_name: str = ""


@dataclass(frozen=True, slots=True)
class Profile:
    """All that a controller says of itself."""

    identity: IdentityValues = field(default_factory=IdentityValues)
    tcpip: TCPIPValues = field(default_factory=TCPIPValues)

    def identified(self, identity: Mapping[str, Any]) -> Profile:
        """The same with some other values of its identity."""
        return replace(self, identity=replace(self.identity, **identity))
