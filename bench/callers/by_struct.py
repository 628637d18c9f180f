# SPDX-License-Identifier: Apache-2.0
"""The floor of a client in Python: ``struct`` and a socket, made for one kind of reply.

It has no tags, types, errors or options: what asking cannot cost less than.
"""

import socket
from collections.abc import Callable
from struct import Struct

from pace import HOST, Step, check, run

HEADER = Struct("<HHIIQI")
REPLY = Struct("<HHIIQIIHHHHHHBBBBHi")
MEMBER = Struct("<HHHi")
SIZE = Struct("<H")
SEND = b"\x52\x02\x20\x06\x24\x01\x05\x9d"
ROUTE = b"\1\0\1\0"
PACKET = b"\0\0\0\0\x08\0\2\0\0\0\0\0\xb2\0"

Asks = Callable[[bytes, int], bytes]


def read_of(number: int) -> bytes:
    """A Read Tag of one element."""
    name = b"D%d" % number
    path = b"\x91" + bytes([len(name)]) + name + bytes(len(name) & 1)
    return b"\x4c" + bytes([len(path) // 2]) + path + b"\1\0"


class Session:
    """A registered session."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection((HOST, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.held = b""
        self.socket.sendall(HEADER.pack(0x65, 4, 0, 0, 0, 0) + b"\1\0\0\0")
        self.handle: int = HEADER.unpack_from(self.reply())[2]

    def packet(self, request: bytes, context: int) -> bytes:
        """A request, in an Unconnected Send through the backplane."""
        sent = SEND + SIZE.pack(len(request)) + request
        sent += bytes(len(request) & 1) + ROUTE
        header = HEADER.pack(0x6F, 16 + len(sent), self.handle, 0, context, 0)
        return header + PACKET + SIZE.pack(len(sent)) + sent

    def reply(self) -> bytes:
        """The next frame."""
        held = self.held
        while len(held) < 24 or len(held) < 24 + (held[2] | held[3] << 8):
            more = self.socket.recv(65536)
            check(bool(more), "the end")
            held += more
        size = 24 + (held[2] | held[3] << 8)
        self.held = held[size:]
        return held[:size]

    def value(self, context: int) -> int:
        """The DINT in the next reply."""
        seen = REPLY.unpack(self.reply())
        if (seen[3], seen[4], seen[13], seen[15], seen[17]) != (
            0,
            context,
            0xCC,
            0,
            0xC4,
        ):
            check(False, seen)
        found: int = seen[18]
        return found


def one_read(port: int) -> Step:
    """One read, then its reply."""
    session = Session(port)
    context = 0

    def step() -> int:
        nonlocal context
        context += 1
        session.socket.sendall(session.packet(read_of(7), context))
        check(type(session.value(context)) is int, "no value")
        return 1

    return step


def in_flight(port: int) -> Step:
    """32 reads, then their replies."""
    session = Session(port)
    context = 0

    def step() -> int:
        nonlocal context
        packets = [session.packet(read_of(at), context + at) for at in range(32)]
        session.socket.sendall(b"".join(packets))
        for at in range(32):
            session.value(context + at)
        context += 32
        return 32

    return step


def bundle(numbers: range) -> bytes:
    """A Multiple Service Packet."""
    asked = [read_of(at) for at in numbers]
    offset, offsets = 2 + 2 * len(asked), []
    for one in asked:
        offsets.append(offset)
        offset += len(one)
    counted = Struct(f"<{1 + len(asked)}H").pack(len(asked), *offsets)
    return b"\x0a\x02\x20\x02\x24\x01" + counted + b"".join(asked)


def bundled(port: int) -> Step:
    """100 reads in one packet."""
    session = Session(port)
    context = 0
    offsets = Struct("<100H")

    def step() -> int:
        nonlocal context
        context += 1
        session.socket.sendall(session.packet(bundle(range(100)), context))
        seen = session.reply()
        check(seen[40] == 0x8A and seen[42] == 0, seen)
        values = []
        for at in offsets.unpack_from(seen, 46):
            service, status, kind, value = MEMBER.unpack_from(seen, 44 + at)
            check(service == 0xCC and status == 0 and kind == 0xC4, seen)
            values.append(value)
        return len(values)

    return step


if __name__ == "__main__":
    run({"one": one_read, "depth 32": in_flight, "multiple 100": bundled})
