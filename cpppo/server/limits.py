# SPDX-License-Identifier: Apache-2.0
"""How much a server lets others ask of it; no honest client meets the defaults.

At the bottom of `server`.  The listener keeps the times and the counts, whoever makes
replies keeps the sizes.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Times in seconds, sizes in octets; a time of 0 is no limit."""

    connections: int = 1024  # TCP connections at a time; one more is closed at once
    unfinished: float = 30.0  # that a message may take from its first octet to its last
    idle: float = 3600.0  # without a single octet from the client
    unread: float = 30.0  # that a client may leave a reply unread
    unsent: int = 65536  # replies collected before they are sent
    reply: int = 65535 - 24  # one reply's CIP data, its packet items included
    routed: float = 30.0  # that a request sent on may wait, whatever it says itself
    members: int = 1024  # services in one Multiple Service Packet
    attributes: int = 1024  # attributes in one Get Attribute List
    opened: int = 512  # CIP connections at a time
    connection: int = 4002  # octets of a message over one; below 512, an old device
    datagrams: int = 200  # UDP requests answered per second and source
    sources: int = 4096  # UDP sources remembered for that
