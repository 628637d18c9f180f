# SPDX-License-Identifier: Apache-2.0
"""Connections as clients open and use them: octets by hand, with `struct` alone.

Over `asking`.  `forward_open` and `unit` are requests; `Linked` is a client's
connection with one session, which counts its requests; `Clock` is what a test gives a
controller to keep their time by.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import count
from typing import Any

from asking import Client, Frame, Reply, frame, frames, reply_in, request

__all__ = [
    "MANAGER",
    "ROUTER",
    "SLOT",
    "Clock",
    "Linked",
    "forward_close",
    "forward_open",
    "opened",
    "over",
    "unit",
]

MANAGER = b"\x20\x06\x24\x01"
ROUTER = b"\x20\x02\x24\x01"
SLOT = b"\x01\x00" + ROUTER  # as most clients say it


def parameters(size: int, kind: int, large: bool) -> bytes:
    """Network parameters, of variable size and low priority."""
    if large:
        return struct.pack("<I", kind << 29 | 1 << 25 | size)
    return struct.pack("<H", kind << 13 | 1 << 9 | size)


def forward_open(
    path: bytes = SLOT,
    *,
    large: bool = True,
    serial: int = 1,
    vendor: int = 0x1337,
    originator: int = 42,
    to_target: int = 0x20000002,
    to_originator: int = 0x1234,
    size: int = 4002,
    back: int | None = None,
    kind: int = 2,
    interval: int = 2_000_000,
    multiplier: int = 3,
    transport: int = 0xA3,
    ticks: bytes = b"\x0a\x0e",
) -> bytes:
    """A request for a connection; `back` is the size of what comes from the target."""
    both = [
        parameters(one, kind, large) for one in (size, size if back is None else back)
    ]
    data = ticks + struct.pack(
        "<IIHHIB3xI",
        to_target,
        to_originator,
        serial,
        vendor,
        originator,
        multiplier,
        interval,
    )
    data += both[0] + struct.pack("<I", interval) + both[1]
    data += bytes((transport, len(path) // 2)) + path
    return request(0x5B if large else 0x54, MANAGER, data)


def forward_close(
    path: bytes = SLOT,
    *,
    serial: int = 1,
    vendor: int = 0x1337,
    originator: int = 42,
    ticks: bytes = b"\x0a\x0e",
) -> bytes:
    data = ticks + struct.pack("<HHI", serial, vendor, originator)
    return request(0x4E, MANAGER, data + bytes((len(path) // 2, 0)) + path)


def unit(
    connection: int,
    sequence: int,
    cip: bytes,
    session: int = 0,
    context: bytes = bytes(8),
) -> bytes:
    """SendUnitData: a connected address, and a sequence count with a message."""
    items = struct.pack("<IHHHHI", 0, 0, 2, 0xA1, 4, connection)
    items += struct.pack("<HHH", 0xB1, 2 + len(cip), sequence) + cip
    return frame(0x70, items, session, context)


def over(one: Frame) -> tuple[int, int, bytes]:
    """Connection, sequence count and CIP octets of a reply over a connection."""
    assert (one.command, one.status) == (0x70, 0), one
    interface, _, items, kind, four, connection, data, size, sequence = (
        struct.unpack_from("<IHHHHIHHH", one.payload)
    )
    assert (interface, items, kind, four, data) == (0, 2, 0xA1, 4, 0xB1), one
    assert size == len(one.payload) - 20, one
    return connection, sequence, one.payload[22:]


def opened(reply: Reply) -> int:
    """The identifier that we are to use, of a Forward Open that went well."""
    assert reply.status == 0, reply
    (number,) = struct.unpack_from("<I", reply.data)
    return int(number)


class Clock:
    """A clock that goes when it is told."""

    def __init__(self) -> None:
        self.now = 100.0
        self.asked = 0

    def __call__(self) -> float:
        self.asked += 1
        return self.now


class Linked:
    """A connection of a client."""

    def __init__(self, client: Client, **kwds: Any) -> None:
        self.client = client
        self.to_originator = kwds.setdefault("to_originator", 0x1234)
        self.number = opened(client.ask(forward_open(**kwds)))
        self.counts = count(1)

    def octets(self, cip: bytes, sequence: int | None = None) -> bytes:
        """The frame of a request."""
        sequence = next(self.counts) & 0xFFFF if sequence is None else sequence
        return unit(self.number, sequence, cip, self.client.handle, b"contexts")

    def cip(self, cip: bytes, sequence: int | None = None) -> bytes:
        """The octets that answer these."""
        asked = self.octets(cip, sequence)
        (one,) = self.client.send(asked)
        assert (one.session, one.context) == (self.client.handle, b"contexts")
        connection, told, octets = over(one)
        assert connection == self.to_originator
        assert told.to_bytes(2, "little") == asked[44:46]
        return octets

    def ask(self, cip: bytes, sequence: int | None = None) -> Reply:
        """The reply to a CIP request."""
        reply = reply_in(self.cip(cip, sequence))
        assert reply.service == cip[0] | 0x80
        return reply

    def several(self, cips: Sequence[bytes]) -> list[Reply]:
        """The replies to requests that come all at once."""
        octets = b"".join(self.octets(cip) for cip in cips)
        return [reply_in(over(one)[2]) for one in frames(self.client.raw(octets))]
