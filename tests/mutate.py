# SPDX-License-Identifier: Apache-2.0
"""Requests for a simulator: good ones, and ones in which something is wrong.

`Maker` puts a request together layer by layer, with no help from the declarations, and
every number that measures something (a length, a count, an offset) goes through one
method that may lie.  `Maker.stream` adds what knows no layers: octets that are cut off,
doubled, exchanged, changed.  `huge` has the requests that ask for as much as one frame
can.  What a server must answer, whatever it is sent, says `judged`.  `Server` and
`Client` are the two ends of a real conversation.  All randomness is from the `Random`
that is handed in, so one seed makes one run.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Callable, Iterator, Sequence
from random import Random, SystemRandom

from asking import (
    HEADER,
    Frame,
    cip_in,
    controller,
    element,
    frame,
    frames,
    multiple,
    number,
    read,
    register,
    reply_in,
    rr,
)
from asking import request as asked

from cpppo.grammar import generate
from cpppo.protocol.enip import ReplyFrame, Request, RequestCommand, RequestFrame
from cpppo.server.limits import Limits
from cpppo.server.listener import Listener

__all__ = [
    "LAST",
    "PATIENCE",
    "TAGS",
    "UNREGISTER",
    "Client",
    "Maker",
    "Server",
    "cut",
    "huge",
    "judged",
    "pieces",
    "seeded",
    "sends",
]

SEED = "CPPPO_FUZZ_SEED"  # the environment variable that replays a run

# What the simulator that is asked should hold: each type, arrays, numbers, dots.
TAGS = (
    "SCADA=INT[1000] D@22/1/1=DINT[20] E@22/1/1=DINT[20] F=REAL L=LINT[4] B=BOOL[5] "
    "A.B=SINT[7] T=SSTRING[6] S=STRING[3] U@300/400/500=UINT[3] BIG=LREAL[2000]"
)
NAMES = {
    "SCADA": 0xC3, "D": 0xC4, "E": 0xC4, "F": 0xCA, "L": 0xC5, "B": 0xC1, "A.B": 0xC2,
    "T": 0xDA, "S": 0xD0, "U": 0xC7, "BIG": 0xCB, "nobody": 0xC3,
}  # fmt: skip
SIZES = {0xC1: 1, 0xC2: 1, 0xC3: 2, 0xC4: 4, 0xC5: 8, 0xC7: 2, 0xCA: 4, 0xCB: 8}
ADDRESSES = (
    (22, 1, 1), (300, 400, 500), (1, 1, None), (1, 1, 7), (1, 0, 2), (2, 1, None),
    (2, 1, 1), (6, 1, 1), (0xF5, 1, 5), (0xF5, 1, None), (22, 1, 2), (9, 9, 9),
)  # fmt: skip
SERVICES = (0x4C, 0x4D, 0x52, 0x53) * 2 + (0x01, 0x03, 0x0E, 0x0E, 0x10, 0x10)
ROUTER = number(2, 1)
MANAGER = number(6, 1)
REGISTER, UNREGISTER, RR_DATA = 0x65, 0x66, 0x6F
LONGEST = 0xFFFF  # octets of a frame behind its header
PATIENCE = 20.0  # with an answer that need not come soon
LAST = frame(0x04, context=b"the last")
STATUSES = {0x00, 0x01, 0x03, 0x64, 0x65, 0x69}


def seeded() -> Random:
    """The randomness of a run; its seed is printed, and can be given."""
    given = os.environ.get(SEED)
    seed = SystemRandom().getrandbits(32) if given is None else int(given)
    print(f"{SEED}={seed}")
    return Random(seed)


class Maker:
    """Makes requests; a number that measures something lies as often as is said."""

    def __init__(self, random: Random, lying: float = 0.0) -> None:
        self.random = random
        self.lying = lying
        self.contexts = 0

    # -- numbers

    def measure(self, value: int, size: int = 2) -> bytes:
        """A length, a count or an offset, as it is or otherwise."""
        most = (1 << 8 * size) - 1
        if self.random.random() < self.lying:
            near = (value - 2, value - 1, value + 1, value + 2, value + 16)
            far = (0, 1, value * 2, value // 2, 1 << 8 * size - 1, most - 1, most)
            value = self.random.choice(
                (*near, *far, self.random.randrange(200), self.random.getrandbits(32))
            )
        return (value & most).to_bytes(size, "little")

    def count(self) -> int:
        """How many elements a request speaks of; often more than there are."""
        return self.random.choice((1, 1, 1, 2, 3, 5, 7, 20, 100, 1000, 0, 65535))

    # -- paths

    def symbol(self, name: str) -> bytes:
        octets = name.encode("latin-1")
        return b"\x91" + self.measure(len(octets), 1) + octets + bytes(len(octets) % 2)

    def named(self, name: str) -> bytes:
        """A tag's name in any case, as one symbol or as one for each part."""
        letters = self.random.choice((name, name, name.lower(), name.swapcase()))
        parts = letters.split(".") if self.random.random() < 0.5 else [letters]
        return b"".join(map(self.symbol, parts))

    def index(self) -> bytes:
        """Elements: none mostly, one, or more than a tag has dimensions."""
        octets = b""
        for _ in range(self.random.choice((0, 0, 1, 1, 1, 2))):
            index = self.random.choice((0, 1, 2, 4, 19, 20, 255, 256, 999, 70000))
            code = self.random.choice((None, None, 0x2A, 0x2B))
            octets += element(index, code)
        return octets

    def path(self) -> tuple[bytes, int]:
        """A path, and the type of what it leads to."""
        if self.random.random() < 0.6:
            name = self.random.choice(list(NAMES))
            return self.named(name) + self.index(), NAMES[name]
        at = self.random.choice(ADDRESSES)
        return number(*at) + self.index(), 0xC4

    # -- requests

    def request(self, service: int, path: bytes, data: bytes = b"") -> bytes:
        words = len(path) // 2
        return bytes((service,)) + self.measure(words, 1) + path + data

    def single(self) -> bytes:
        """A request that holds no other."""
        path, code = self.path()
        if self.random.random() < 0.15:
            return bytes(generate.values(Request, self.random).encode())
        service = self.random.choice((*SERVICES, self.random.randrange(256)))
        return self.request(service, path, self.data(service, code))

    def data(self, service: int, code: int) -> bytes:
        """What a service wants after the path; only just not, where numbers lie."""
        count = self.count()
        offset = self.random.choice((0, 0, 0, 2, 4, 8, 3, 488, 490, 7999, 0xFFFFFFFF))
        if service == 0x4C:
            return self.measure(count)
        if service == 0x52:
            return self.measure(count) + self.measure(offset, 4)
        if service in (0x4D, 0x53):
            if self.random.random() < 0.1:
                code = self.random.choice((*SIZES, 0x2A0, 0xD0, 0xDA, 0))
            at = b"" if service == 0x4D else self.measure(offset, 4)
            kind = code.to_bytes(2, "little")
            return kind + self.measure(count) + at + self.values(code, min(count, 9))
        if service == 0x03:
            several = [
                self.random.randrange(12) for _ in range(self.random.randrange(9))
            ]
            return self.measure(len(several)) + struct.pack(
                f"<{len(several)}H", *several
            )
        if service == 0x10:
            return self.values(code, self.random.choice((1, 1, 3, 5, 20)))
        return self.random.randbytes(self.random.choice((0, 0, 0, 1, 5)))

    def values(self, code: int, count: int) -> bytes:
        """The octets of some values of a type."""
        if code in SIZES:
            return self.random.randbytes(SIZES[code] * count)
        octets = b""
        for _ in range(count):
            text = self.random.randbytes(self.random.choice((0, 1, 4, 40)))
            octets += self.measure(len(text), 1 if code == 0xDA else 2) + text
        return octets

    def packet(self, members: Sequence[bytes], path: bytes = ROUTER) -> bytes:
        """A Multiple Service Packet."""
        offset = 2 + 2 * len(members)
        table = self.measure(len(members))
        for one in members:
            table += self.measure(offset)
            offset += len(one)
        return self.request(0x0A, path, table + b"".join(members))

    def sent(self, message: bytes) -> bytes:
        """An Unconnected Send."""
        route = self.random.choice((b"", b"\1\0", b"\1\0", b"\1\0\2\1", b"\x12\3a.b\0"))
        if self.random.random() < self.lying:
            route = self.random.randbytes(self.random.randrange(1, 9))
        data = self.random.choice((b"\5\x9d", b"\1\1", b"\0\0"))
        data += self.measure(len(message)) + message + bytes(len(message) % 2)
        data += self.measure(len(route) // 2, 1) + b"\0" + route
        return self.request(0x52, MANAGER, data)

    def message(self, depth: int = 3) -> bytes:
        """Any request; those that hold others hold any, more than they may."""
        kind = self.random.random()
        if kind < 0.65 or not depth:
            return self.single()
        if kind < 0.8:
            return self.sent(self.message(depth - 1))
        several = range(self.random.choice((0, 1, 2, 3, 8)))
        path = ROUTER if self.random.random() < 0.95 else self.path()[0]
        return self.packet([self.message(depth - 1) for _ in several], path)

    # -- frames

    def enclosed(self, message: bytes) -> bytes:
        """The payload of SendRRData: a packet of items."""
        items = [(0, b""), (0xB2, message)]
        if self.random.random() < 0.05:
            other = (self.random.choice((0xA1, 0xB1, 0x8000, 0xB2, 7)), bytes(4))
            items.insert(self.random.randrange(3), other)
        octets = bytes(4) + bytes((10, 0)) + self.measure(len(items))
        for kind, data in items:
            octets += struct.pack("<H", kind) + self.measure(len(data)) + data
        return octets

    def command(self, session: int) -> tuple[int, bytes]:
        """A command and its data."""
        kind = self.random.random()
        if kind < 0.8:
            return RR_DATA, self.enclosed(self.message())
        if kind < 0.86:
            whole = generate.values(RequestFrame, self.random).encode()
            return int.from_bytes(whole[:2], "little"), whole[HEADER.size :]
        if kind < 0.9:
            data = generate.octets(RequestCommand, self.random)
            return self.random.choice((RR_DATA, 0x70, REGISTER)), data
        if kind < 0.93:
            return REGISTER, self.measure(1) + self.measure(0)
        lists = (0x00, 0x01, 0x04, 0x63, 0x64, 0x72, self.random.randrange(0x10000))
        data = self.random.randbytes(self.random.choice((0, 0, 4, 30)))
        return self.random.choice(lists), data

    def frame(self, session: int, honest: bool = False) -> bytes:
        """Any frame; an honest one says truly how long it is, and closes nothing."""
        command, payload = self.command(session)
        if honest:
            command = RR_DATA if command == UNREGISTER else command
            payload = self.spoilt(payload)
        if self.random.random() < 0.03:
            session = self.random.choice((0, session ^ 1, self.random.getrandbits(32)))
        self.contexts += 1
        status = self.random.choice((0,) * 9 + (1,))
        context = b"ctx" + self.contexts.to_bytes(5, "little")
        whole = bytearray(frame(command, payload[:LONGEST], session, context, status))
        if not honest:
            whole[2:4] = self.measure(len(payload))
        return bytes(whole)

    # -- octets

    def spoilt(self, octets: bytes) -> bytes:
        """Octets as they are, or with something done to them that knows no layers."""
        if not octets or self.random.random() >= self.lying * 2:
            return octets
        random, data = self.random, bytearray(octets)
        at, to = sorted(random.randrange(len(data) + 1) for _ in range(2))
        how = random.randrange(7)
        if how == 0:
            del data[at:]
        elif how == 1:
            data[at:at] = data[at:to]
        elif how == 2:
            middle = (at + to) // 2
            data[at:to] = data[middle:to] + data[at:middle]
        elif how == 3:
            data[at % len(data)] ^= 1 << random.randrange(8)
        elif how == 4:
            del data[at : at + random.randrange(1, 4)]
        elif how == 5:
            data[at:at] = random.randbytes(random.randrange(1, 9))
        else:
            data[at:to] = random.randbytes(to - at)
        return bytes(data)

    def stream(self, session: int, frames: int) -> bytes:
        """Frames one after the other; what follows one that lies may be no frame."""
        several = [self.frame(session) for _ in range(frames)]
        if self.random.random() < self.lying:
            at = self.random.randrange(len(several))
            several[at] = self.spoilt(several[at])
        return b"".join(several)


def pieces(octets: bytes, random: Random) -> Iterator[bytes]:
    """The same octets, cut anywhere, or not at all."""
    most = random.choice((len(octets), len(octets), 1000, 30, 3))
    at = 0
    while at < len(octets):
        size = random.randrange(most) + 1 if most < len(octets) else most
        # No more than a few dozen pieces, or the cutting is all that is tested.
        size = max(size, len(octets) // 40)
        yield octets[at : at + size]
        at += size


# -- as much as one frame can ask for


def nested(message: bytes, wrap: Callable[[bytes], bytes], times: int) -> bytes:
    """A message in itself, as often as a frame has room for."""
    for _ in range(times):
        longer = wrap(message)
        if len(longer) > 65000:
            break
        message = longer
    return message


def packets(several: int, member: bytes) -> bytes:
    """So many offsets to one and the same member."""
    table = struct.pack("<H", several) + struct.pack("<H", 2 + 2 * several) * several
    return asked(0x0A, ROUTER, table + member)


def sends(message: bytes) -> bytes:
    data = b"\5\x9d" + struct.pack("<H", len(message)) + message
    return asked(0x52, MANAGER, data + bytes(len(message) % 2) + b"\1\0\1\0")


def huge() -> dict[str, bytes]:
    """CIP requests that ask for the most, by what they do."""
    every = struct.pack("<H", 1)
    identity = asked(0x01, number(1, 1))
    found = {
        "30000 attributes": struct.pack("<30000H", *[7] * 30000),
        "1024 attributes": struct.pack("<1024H", *[7] * 1024),
        "1024 unknown attributes": struct.pack("<1024H", *[999] * 1024),
    }
    found = {
        name: asked(0x03, number(1, 1), struct.pack("<H", len(octets) // 2) + octets)
        for name, octets in found.items()
    }
    found |= {
        "5000 identities": multiple([identity] * 5000),
        "1024 identities": multiple([identity] * 1024),
        "16000 empty members": packets(16000, b""),
        "1024 empty members": packets(1024, b""),
        "30000 offsets": packets(30000, read("SCADA")),
        "1024 unknown tags": multiple([read("nobody")] * 1024),
        "1024 wrong paths": multiple([b"\x4c\x09\x91\x05abc"] * 1024),
        "1024 short reads": multiple([asked(0x4C, "SCADA")] * 1024),
        "1024 long texts": multiple([asked(0x0E, number(1, 1, 7))] * 1024),
        "1024 wide reads": multiple([read("SCADA", 1000)] * 1024),
        "packets 400 deep": nested(read("SCADA"), lambda one: multiple([one]), 400),
        "two packets, deep": nested(read("D"), lambda one: multiple([one, one]), 400),
        "sends 400 deep": nested(read("SCADA"), sends, 400),
        "sends and packets": nested(
            read("SCADA"), lambda one: sends(multiple([one])), 200
        ),
        "all elements": read("SCADA", 65535),
        "a long write": asked(
            0x4D, "BIG", struct.pack("<HH", 0xCB, 2000) + bytes(16000)
        ),
        "a write of too much": asked(0x4D, "F", b"\xca\0" + every + bytes(65000)),
        "127 elements": asked(0x4C, b"\x28\0" * 255, every),
        "127 ports": asked(0x4C, b"\1\0" * 255, every),
        "85 names": asked(0x4C, b"\x91\1a\0" * 127, every),
        "a long value": asked(0x10, number(22, 1, 1), bytes(65000)),
        "zeros": bytes(65000),
    }
    return found


# -- what a server must answer


def cut(octets: bytes) -> tuple[list[Frame], bytes]:
    """The frames of a stream by their lengths, and what is no whole frame yet."""
    found, at = [], 0
    while len(octets) - at >= HEADER.size:
        command, length, session, status, context, options = HEADER.unpack_from(
            octets, at
        )
        stop = at + HEADER.size + length
        if stop > len(octets):
            break
        payload = octets[at + HEADER.size : stop]
        found.append(Frame(command, session, status, context, options, payload))
        at = stop
    return found, octets[at:]


def judged(requests: bytes, replies: bytes, most: int, handle: int = 0) -> int:
    """Hold replies to what was sent: one each, in their order, well formed.

    `most` is what limits a reply; `handle` is the session's at first.  How many
    requests were answered.
    """
    asked, _ = cut(requests)
    answers, rest = cut(replies)
    assert not rest, f"octets that are no frame: {rest[:40].hex(' ')}"
    answered = iter(answers)
    count = 0
    for one in asked:
        if one.command == 0:
            continue
        if one.command == UNREGISTER and one.session == handle:
            break
        reply = next(answered, None)
        assert reply is not None, f"not answered: {one}"
        answer_to(one, reply, most, handle)
        count += 1
        if one.command == REGISTER and not reply.status:
            assert reply.session and handle in (0, reply.session), reply
            handle = reply.session
    left = next(answered, None)
    assert left is None, f"an answer that nobody asked for: {left}"
    return count


def answer_to(one: Frame, reply: Frame, most: int, handle: int) -> None:
    """Hold a reply to its request."""
    assert (reply.command, reply.context) == (one.command, one.context), (one, reply)
    assert reply.status in STATUSES, reply
    head = (reply.session, reply.status, reply.context, reply.options)
    whole = frame(reply.command, reply.payload, *head[:1], head[2], *head[1:2])
    assert ReplyFrame.decode(whole).encode() == whole
    if one.command != REGISTER:
        assert reply.session == one.session, (one, reply)
    if one.command in (RR_DATA, 0x70) and (not handle or one.session != handle):
        assert (reply.status, reply.payload) == (0x64, b""), (one, reply)
    if one.command != RR_DATA or reply.status:
        return
    interface, _, count, null, none, kind, size = struct.unpack_from(
        "<IHHHHHH", reply.payload
    )
    assert (interface, count, null, none, kind) == (0, 2, 0, 0, 0xB2), reply
    assert size == len(reply.payload) - 16 <= most, reply
    cip = reply_in(reply.payload[16:])
    service = one.payload[16:17]
    if service and service[0] & 0x7F != 0x52:
        assert cip.service == service[0] | 0x80, (one, reply)


# -- both ends


class Server:
    """A simulator on a free port, in this process."""

    def __init__(self, limits: Limits, tags: str = TAGS) -> None:
        self.controller = controller(tags, limits=limits)
        self.listener = Listener(
            ("127.0.0.1", 0),
            self.controller.session,
            datagram=self.controller.datagram,
            limits=limits,
        )

    def left(self) -> list[str]:
        """The connections that do not end."""
        threads = [one.thread for one in self.listener.connections]
        for thread in threads:
            thread.join(PATIENCE)
        return [thread.name for thread in threads if thread.is_alive()]


class Client:
    """A connection to the server, registered."""

    def __init__(self, server: Server) -> None:
        self.socket = socket.create_connection(server.listener.address, PATIENCE)
        self.most = server.controller.limits.reply
        self.handle = frames(self.until(register(), 1))[0].session

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def until(self, octets: bytes, count: int) -> bytes:
        """Send, and read so many frames."""
        self.socket.sendall(octets)
        got = b""
        while len(cut(got)[0]) < count:
            more = self.socket.recv(1 << 20)
            assert more, "the server has closed the connection"
            got += more
        return got

    def asked(self, octets: bytes, random: Random | None = None) -> int:
        """Send whole frames, hold the answers to them; how many were answered."""
        for one in pieces(octets, random) if random else [octets]:
            self.socket.sendall(one)
        self.socket.sendall(LAST)
        got = bytearray()
        # A reply to `LAST` is the last thing that comes, with its context in its head.
        while LAST[12:20] not in got[-200:] or cut(bytes(got))[1]:
            more = self.socket.recv(1 << 20)
            assert more, "the server has closed the connection"
            got += more
        return judged(octets + LAST, bytes(got), self.most, self.handle) - 1

    def finished(self) -> bytes:
        """All that comes, when nothing more is sent."""
        self.socket.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: self.socket.recv(1 << 20), b""))

    def cip(self, octets: bytes) -> bytes:
        """The data of a reply that must be a success."""
        (one,) = frames(self.until(rr(octets, self.handle, b"a client"), 1))
        assert one.context == b"a client"
        reply = reply_in(cip_in(one))
        assert reply.status == 0, reply
        return reply.data
