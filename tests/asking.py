# SPDX-License-Identifier: Apache-2.0
"""A client without a socket: requests as octets by hand, replies taken apart.

What a simulator must answer is written here with `struct` alone, after the published
layouts, so that a fault of the declarations cannot hide itself.  `Client` talks with
one session; all else is octets.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from cpppo.server.enip import Controller, parse_tag
from cpppo.server.enip.session import Session
from cpppo.server.peer import Peer

__all__ = [
    "BACKPLANE",
    "TCP",
    "UDP",
    "Client",
    "Frame",
    "Reply",
    "cip_in",
    "controller",
    "element",
    "frame",
    "frames",
    "multiple",
    "number",
    "read",
    "read_on",
    "register",
    "replies_in",
    "reply_in",
    "request",
    "rr",
    "symbol",
    "unconnected",
    "write",
    "write_on",
]

HEADER = struct.Struct("<HHII8sI")

TCP = Peer(("10.0.0.1", 5000), ("127.0.0.1", 44818), "tcp")
UDP = Peer(("10.0.0.1", 5000), ("127.0.0.1", 44818), "udp")

BACKPLANE = b"\x01\x00"  # a route path: port 1, link 0


def controller(tags: str = "SCADA=INT[1000]", **kwds: Any) -> Controller:
    """A controller with some tags."""
    return Controller([parse_tag(text) for text in tags.split()], **kwds)


# -- requests


def frame(
    command: int,
    payload: bytes = b"",
    session: int = 0,
    context: bytes = bytes(8),
    status: int = 0,
    options: int = 0,
) -> bytes:
    """An encapsulated message."""
    head = HEADER.pack(command, len(payload), session, status, context, options)
    return head + payload


def register(version: int = 1, context: bytes = bytes(8)) -> bytes:
    return frame(0x65, struct.pack("<HH", version, 0), context=context)


def rr(cip: bytes, session: int = 0, context: bytes = bytes(8)) -> bytes:
    """SendRRData with a null address and one unconnected message."""
    items = struct.pack("<IHHHHHH", 0, 10, 2, 0, 0, 0xB2, len(cip)) + cip
    return frame(0x6F, items, session, context)


def symbol(name: str) -> bytes:
    """A name as one symbolic segment."""
    octets = name.encode("latin-1")
    return bytes((0x91, len(octets))) + octets + bytes(len(octets) % 2)


def element(index: int, code: int | None = None) -> bytes:
    """An element segment, as short as it can be or spelt as told."""
    if code is None:
        code = 0x28 if index < 0x100 else 0x29 if index < 0x10000 else 0x2A
    if code == 0x28:
        return bytes((code, index))
    return bytes((code, 0)) + struct.pack("<H" if code == 0x29 else "<I", index)


def number(class_id: int, instance: int, attribute: int | None = None) -> bytes:
    """An address in numbers."""
    octets = b""
    for code, value in ((0x20, class_id), (0x24, instance), (0x30, attribute)):
        if value is None:
            continue
        if value < 0x100:
            octets += bytes((code, value))
        else:
            octets += bytes((code + 1, 0)) + struct.pack("<H", value)
    return octets


def where(path: str | bytes) -> bytes:
    """A path with its size; a name stands for itself."""
    octets = symbol(path) if isinstance(path, str) else path
    return bytes((len(octets) // 2,)) + octets


def request(service: int, path: str | bytes, data: bytes = b"") -> bytes:
    return bytes((service,)) + where(path) + data


def read(path: str | bytes, count: int = 1) -> bytes:
    return request(0x4C, path, struct.pack("<H", count))


def read_on(path: str | bytes, count: int = 1, offset: int = 0) -> bytes:
    """Read Tag Fragmented."""
    return request(0x52, path, struct.pack("<HI", count, offset))


def write(path: str | bytes, code: int, count: int, data: bytes) -> bytes:
    return request(0x4D, path, struct.pack("<HH", code, count) + data)


def write_on(
    path: str | bytes, code: int, count: int, offset: int, data: bytes
) -> bytes:
    """Write Tag Fragmented."""
    return request(0x53, path, struct.pack("<HHI", code, count, offset) + data)


def multiple(members: Sequence[bytes], path: bytes = b"\x20\x02\x24\x01") -> bytes:
    """Multiple Service Packet."""
    return request(0x0A, path, packed(members))


def packed(members: Sequence[bytes]) -> bytes:
    offsets, at = [], 2 + 2 * len(members)
    for one in members:
        offsets.append(at)
        at += len(one)
    head = struct.pack(f"<H{len(members)}H", len(members), *offsets)
    return head + b"".join(members)


def unconnected(
    message: bytes, route: bytes = BACKPLANE, length: int | None = None
) -> bytes:
    """Unconnected Send; the route is its segments, and none of them an empty one."""
    said = len(message) if length is None else length
    data = struct.pack("<BBH", 5, 157, said) + message + bytes(len(message) % 2)
    data += bytes((len(route) // 2, 0)) + route
    return request(0x52, b"\x20\x06\x24\x01", data)


# -- replies


@dataclass(frozen=True, slots=True)
class Frame:
    """An encapsulated message, taken apart."""

    command: int
    session: int
    status: int
    context: bytes
    options: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """A CIP reply, taken apart."""

    service: int
    status: int
    extended: tuple[int, ...] = ()
    data: bytes = b""


def frames(octets: bytes) -> list[Frame]:
    """The frames of a stream, which must hold whole ones only."""
    found, at = [], 0
    while at < len(octets):
        assert len(octets) - at >= HEADER.size, octets[at:].hex(" ")
        command, length, session, status, context, options = HEADER.unpack_from(
            octets, at
        )
        at += HEADER.size
        assert len(octets) - at >= length, "a frame that is cut off"
        payload = octets[at : at + length]
        found.append(Frame(command, session, status, context, options, payload))
        at += length
    return found


def cip_in(one: Frame) -> bytes:
    """The CIP octets of a reply to SendRRData."""
    assert (one.command, one.status) == (0x6F, 0), one
    interface, _, count, null, none, kind, size = struct.unpack_from(
        "<IHHHHHH", one.payload
    )
    assert (interface, count, null, none, kind) == (0, 2, 0, 0, 0xB2), one
    assert size == len(one.payload) - 16, one
    return one.payload[16:]


def reply_in(octets: bytes) -> Reply:
    """A CIP reply; it has its four octets whatever it says."""
    assert len(octets) >= 4, octets.hex(" ")
    service, reserved, status, words = octets[:4]
    assert service & 0x80, octets.hex(" ")
    assert reserved == 0
    assert len(octets) >= 4 + 2 * words
    extended = struct.unpack_from(f"<{words}H", octets, 4)
    return Reply(service, status, extended, octets[4 + 2 * words :])


def replies_in(data: bytes) -> list[Reply]:
    """The members of a Multiple Service reply's data."""
    (count,) = struct.unpack_from("<H", data)
    offsets = [*struct.unpack_from(f"<{count}H", data, 2), len(data)]
    assert offsets[0] == 2 + 2 * count
    return [reply_in(data[start:stop]) for start, stop in pairwise(offsets)]


class Client:
    """One client of a controller, registered from the beginning."""

    def __init__(self, of: Controller, peer: Peer = TCP) -> None:
        self.controller = of
        self.session: Session = of.session(peer)
        (answer,) = frames(self.session.receive(register()))
        assert (answer.command, answer.status) == (0x65, 0)
        self.handle = answer.session

    def raw(self, octets: bytes) -> bytes:
        """All that a session answers, until it has no more."""
        answered = [self.session.receive(octets)]
        while self.session.ready:
            answered.append(self.session.receive(b""))
        return b"".join(answered)

    def send(self, octets: bytes) -> list[Frame]:
        return frames(self.raw(octets))

    def cip(self, octets: bytes) -> bytes:
        """The CIP octets that answer these."""
        (one,) = self.send(rr(octets, self.handle, b"contexts"))
        assert (one.session, one.context) == (self.handle, b"contexts")
        return cip_in(one)

    def ask(self, octets: bytes) -> Reply:
        """The reply to a CIP request; it is for the service that was asked."""
        return reply_in(self.cip(octets))

    def all(self, members: Iterable[bytes]) -> tuple[Reply, list[Reply]]:
        """The replies to a Multiple Service Packet."""
        outer = self.ask(multiple(list(members)))
        assert outer.service == 0x8A
        return outer, replies_in(outer.data)
