# SPDX-License-Identifier: Apache-2.0
"""Servers that a client must survive: each speaks EtherNet/IP well, but for one vice.

`Hostile` listens at a port of the loopback; every connection has a thread, all of them
end with the server.  Behind it is a controller of ours, so what a vice does not touch
is a right answer, and a client that says otherwise is wrong.  `vices` has them all, by
name.  What is random comes from the server's own `Random`.

A vice shows in requests over a connection as in others.  Connections are opened
rightly, but for the vices of `openings`.
"""

from __future__ import annotations

import re
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from random import Random
from typing import Any, Self

import asking
from asking import HEADER, Frame, Reply
from peers import LOOPBACK, PATIENCE, Address, drain

from cpppo.protocol.enip.types import SSTRING, STRING
from cpppo.server.enip import Controller
from cpppo.server.peer import Peer

__all__ = [
    "RIGHT",
    "TAGS",
    "Device",
    "Gone",
    "Hostile",
    "Line",
    "Vice",
    "altered",
    "mutated",
    "vices",
    "written",
]

TAGS = "A@22/1/1=DINT[10] B=INT[600] T=SSTRING[2] S=STRING[2] W=DINT[4] F=REAL"
RIGHT: dict[str, list[Any]] = {
    "A[0-9]": [1000 + one for one in range(10)],
    "B[0-599]": [one - 300 for one in range(600)],
    "T[0-1]": ["alpha", "beta"],
    "S[0-1]": ["gamma", "delta"],
    "F": [1.5],
}
REGISTER, RR_DATA, UNIT_DATA = 0x65, 0x6F, 0x70
ASKS = {RR_DATA, UNIT_DATA}
# Forward Open, a large one, Forward Close; each for the Connection Manager.
OPENINGS = (b"\x54\x02\x20\x06", b"\x5b\x02\x20\x06")
MANAGES = (*OPENINGS, b"\x4e\x02\x20\x06")
MULTIPLE, READ, READ_ON = 0x8A, 0xCC, 0xD2
READS = {READ, READ_ON}
TICK = 0.05  # seconds between the octets of who dribbles: less than any time-out
WRITE = re.compile(rb"[\x4d\x53][\x02-\x04]\x91\x01W\x00")  # of W, in any request


class Device:
    """A controller that several servers may have at once."""

    def __init__(self) -> None:
        self.controller = filled()
        self.lock = threading.Lock()


def filled() -> Controller:
    """A controller that has `TAGS`, with the values of `RIGHT`."""
    one = asking.controller(TAGS)
    client = asking.Client(one)

    def put(path: str, code: int, values: Sequence[object], data: bytes) -> None:
        reply = client.ask(asking.write(path, code, len(values), data))
        assert reply.status == 0, (path, reply)

    put("A", 0xC4, range(10), struct.pack("<10i", *RIGHT["A[0-9]"]))
    for start in range(0, 600, 200):
        some = RIGHT["B[0-599]"][start : start + 200]
        path = asking.symbol("B") + asking.element(start)
        reply = client.ask(asking.write(path, 0xC3, 200, struct.pack("<200h", *some)))
        assert reply.status == 0
    put("T", 0xDA, "ab", b"".join(SSTRING.produce(t) for t in RIGHT["T[0-1]"]))
    put("S", 0xD0, "ab", b"".join(STRING.produce(t) for t in RIGHT["S[0-1]"]))
    put("F", 0xCA, "1", struct.pack("<f", 1.5))
    return one


# -- a server


class Gone(Exception):
    """The client has closed, or the test is over."""


class Line:
    """One connection, from the server's side."""

    def __init__(self, one: socket.socket, server: Hostile) -> None:
        self.socket = one
        self.server = server
        self.random = server.random
        peer = Peer(one.getpeername(), one.getsockname(), "tcp")
        self.device = server.device
        with self.device.lock:
            self.session = self.device.controller.session(peer)
        self.held = b""
        self.handle = 0
        self.asked = 0  # requests so far, lists and Register not counted

    # -- what comes

    def frame(self) -> Frame:
        """The next frame that comes."""
        while not (size := whole(self.held)):
            self.more()
        octets, self.held = self.held[:size], self.held[size:]
        (one,) = asking.frames(octets)
        self.server.seen(one)
        if one.command in ASKS and not managing(one):
            self.asked += 1
        return one

    def more(self) -> None:
        try:
            octets = self.socket.recv(65536)
        except TimeoutError:
            raise
        except OSError:
            raise Gone from None
        if not octets:
            raise Gone
        self.held += octets

    def together(self, seconds: float = TICK) -> list[Frame]:
        """The next frame, and those that come soon after it."""
        found = [self.frame()]
        self.socket.settimeout(seconds)
        try:
            while True:
                found.append(self.frame())
        except TimeoutError:
            return found
        finally:
            self.socket.settimeout(None)

    def requests(self) -> Iterator[Frame]:
        """The requests that come; everything else is answered honestly."""
        while True:
            one = self.frame()
            if one.command in ASKS and not managing(one):
                yield one
            else:
                self.send(self.answer(one))

    # -- what goes

    def answer(self, one: Frame) -> bytes:
        """The right answer."""
        with self.device.lock:
            octets = self.session.receive(encoded(one))
            while self.session.ready:
                octets += self.session.receive(b"")
        if one.command == REGISTER:
            self.handle = asking.frames(octets)[0].session
        return octets

    def reply(self, one: Frame) -> Frame:
        """The right answer, taken apart."""
        (found,) = asking.frames(self.answer(one))
        return found

    def send(self, octets: bytes) -> None:
        try:
            self.socket.sendall(octets)
        except OSError:
            raise Gone from None

    def dribble(self, octets: bytes, seconds: float = TICK) -> None:
        """Send them one by one."""
        for at in range(len(octets)):
            self.send(octets[at : at + 1])
            self.pause(seconds)

    def pause(self, seconds: float) -> None:
        if self.server.over.wait(seconds):
            raise Gone

    # -- the end

    def hush(self) -> None:
        """Hear all that comes, and say nothing any more."""
        while True:
            self.frame()

    def reset(self) -> None:
        """Break the connection off: who sends or waits gets ECONNRESET."""
        linger = struct.pack("ii", 1, 0)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.socket.close()


Vice = Callable[[Line], None]


def whole(octets: bytes) -> int:
    """The size of the frame that these octets begin with; 0 where it is not whole."""
    size = HEADER.size
    if len(octets) >= size:
        size += int.from_bytes(octets[2:4], "little")
    return size if len(octets) >= size else 0


def written(one: Frame) -> int:
    """How many writes of W there are in a frame."""
    return len(WRITE.findall(one.payload)) if one.command in ASKS else 0


def managing(one: Frame, services: tuple[bytes, ...] = MANAGES) -> bool:
    """Whether a request opens or closes a connection."""
    return one.command == RR_DATA and one.payload[16:].startswith(services)


class Hostile:
    """A server with a vice, and what it was asked over all its connections."""

    def __init__(
        self, vice: Vice, seed: int = 0, room: int = 0, device: Device | None = None
    ) -> None:
        self.vice = vice
        self.random = Random(seed)
        self.device = device or Device()
        self.over = threading.Event()
        self.commands: Counter[int] = Counter()
        self.writes = 0  # how often W was written
        self.connections = 0
        self.failed: list[BaseException] = []
        self.lock = threading.Lock()
        self.lines: list[socket.socket] = []
        self.listening = socket.socket()
        if room:
            self.listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        self.listening.bind((LOOPBACK, 0))
        self.listening.listen(16)
        self.address: Address = self.listening.getsockname()
        self.threads = [threading.Thread(target=self.accept)]

    def seen(self, one: Frame) -> None:
        with self.lock:
            self.commands[one.command] += 1
            self.writes += written(one)

    def accept(self) -> None:
        while True:
            try:
                one, _ = self.listening.accept()
            except OSError:
                return
            self.connections += 1
            self.lines.append(one)
            thread = threading.Thread(target=self.serve, args=(one,))
            self.threads.append(thread)
            thread.start()

    def serve(self, one: socket.socket) -> None:
        try:
            with one:
                self.vice(Line(one, self))
        except (Gone, OSError):
            pass
        except Exception as exc:  # a fault of the server's own; the test says it
            self.failed.append(exc)

    def __enter__(self) -> Self:
        self.threads[0].start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self.over.set()
        drain(self.listening)
        self.threads[0].join(PATIENCE)
        drain(*self.lines)
        for thread in self.threads:
            thread.join(PATIENCE)
        if self.failed and kind is None:
            raise self.failed[0]


# -- parts of vices


def honest(line: Line, until: int = -1) -> None:
    """Answer all that comes, or so many requests."""
    while line.asked != until:
        line.send(line.answer(line.frame()))


def registered(line: Line) -> None:
    """Answer until somebody is registered."""
    while not line.handle:
        line.send(line.answer(line.frame()))


def encoded(one: Frame) -> bytes:
    return asking.frame(
        one.command, one.payload, one.session, one.context, one.status, one.options
    )


Change = Callable[[Line, Frame], bytes | Frame]


def answered(change: Change) -> Vice:
    """Who answers every request with the right reply, changed."""

    def run(line: Line) -> None:
        for one in line.requests():
            made = change(line, line.reply(one))
            line.send(encoded(made) if isinstance(made, Frame) else made)

    return run


def once(how: Vice, after: int = 0) -> Vice:
    """Who is honest for so many requests, and then is not."""

    def run(line: Line) -> None:
        registered(line)
        honest(line, after)
        how(line)

    return run


def cip(octets: bytes) -> bytes:
    """The payload of SendRRData with one unconnected message."""
    return struct.pack("<IHHHHHH", 0, 10, 2, 0, 0, 0xB2, len(octets)) + octets


def inside(one: Frame) -> bytes:
    """The CIP octets of a reply, over a connection or not."""
    return one.payload[22:] if one.command == UNIT_DATA else asking.cip_in(one)


def around(one: Frame, octets: bytes) -> Frame:
    """The same reply with other CIP octets."""
    if one.command != UNIT_DATA:
        return replace(one, payload=cip(octets))
    head, count = one.payload[:18], one.payload[20:22]
    size = struct.pack("<H", (len(octets) + 2) & 0xFFFF)
    return replace(one, payload=head + size + count + octets)


def misnamed(one: Frame, context: bytes) -> Frame:
    """A reply that belongs to another request: by context, and by sequence count."""
    payload = one.payload
    if one.command == UNIT_DATA:
        payload = payload[:20] + context[:2] + payload[22:]
    return replace(one, context=context, payload=payload)


def said(one: Reply) -> bytes:
    head = bytes((one.service, 0, one.status, len(one.extended)))
    return head + struct.pack(f"<{len(one.extended)}H", *one.extended) + one.data


Alteration = Callable[[Line, Reply], bytes | Reply]


def altered(change: Alteration, services: Sequence[int] = ()) -> Vice:
    """Who changes the CIP replies of some services, members of a packet also."""

    def one(line: Line, reply: Reply) -> bytes:
        if services and (reply.service not in services or reply.status not in {0, 6}):
            return said(reply)
        made = change(line, reply)
        return said(made) if isinstance(made, Reply) else made

    def run(line: Line, frame: Frame) -> Frame:
        if frame.status or not frame.payload:
            return frame
        reply = asking.reply_in(inside(frame))
        if reply.service == MULTIPLE and reply.status in {0, 0x1E}:
            members = [one(line, member) for member in asking.replies_in(reply.data)]
            made = said(replace(reply, data=asking.packed(members)))
        else:
            made = one(line, reply)
        return around(frame, made)

    return answered(run)


def repacked(change: Callable[[bytes], bytes]) -> Vice:
    """Who lies in the table of a Multiple Service reply, and nowhere else."""

    def run(_: Line, frame: Frame) -> Frame:
        reply = asking.reply_in(inside(frame))
        if reply.service != MULTIPLE or reply.status not in {0, 0x1E}:
            return frame
        return around(frame, said(replace(reply, data=change(reply.data))))

    return answered(run)


def table(data: bytes) -> tuple[list[int], bytes]:
    """The offsets of a Multiple Service reply, and what follows them."""
    (count,) = struct.unpack_from("<H", data)
    return list(struct.unpack_from(f"<{count}H", data, 2)), data[2 + 2 * count :]


def tabled(offsets: Sequence[int], rest: bytes, count: int | None = None) -> bytes:
    said = len(offsets) if count is None else count
    return struct.pack(f"<H{len(offsets)}H", said, *offsets) + rest


def measured(frame: Frame, off: int) -> bytes:
    """A frame whose header lies by so much."""
    octets = bytearray(encoded(frame))
    octets[2:4] = struct.pack("<H", (len(frame.payload) + off) & 0xFFFF)
    return bytes(octets)


def patched(at: int, value: int) -> Change:
    """A payload with another number of two octets somewhere."""

    def run(_: Line, frame: Frame) -> Frame:
        octets = bytearray(frame.payload)
        if frame.command == UNIT_DATA and at >= 12:
            octets[at + 4 : at + 6] = struct.pack("<H", value)
            return replace(frame, payload=bytes(octets))
        octets[at : at + 2] = struct.pack("<H", value)
        return replace(frame, payload=bytes(octets))

    return run


def mutated(line: Line, frame: Frame) -> bytes:
    """An honest reply with something done to it that knows no layers."""
    random, octets = line.random, bytearray(encoded(frame))
    for _ in range(random.choice((1, 1, 2, 3))):
        at = random.randrange(len(octets) + 1)
        how = random.randrange(5)
        if how == 0 and at:
            octets[at - 1] ^= 1 << random.randrange(8)
        elif how == 1:
            del octets[at:]
        elif how == 2:
            octets[at:at] = random.randbytes(random.randrange(1, 9))
        elif how == 3:
            del octets[at : at + random.randrange(1, 5)]
        else:
            octets[at : at + 2] = random.choice((b"\0\0", b"\xff\xff", b"\xff\x7f"))
    return bytes(octets)


def for_nobody(line: Line, size: int = 8) -> bytes:
    """A reply that nobody has asked for: a DINT 666."""
    value = b"\xcc\0\0\0\xc4\0" + struct.pack("<i", 666)
    reply = value.ljust(size, b"\x29")
    return asking.frame(RR_DATA, cip(reply), line.handle, line.random.randbytes(8))


def pushing(line: Line, octets: Callable[[Line], bytes], seconds: float = 0) -> None:
    """Send octets for ever, and hear nothing."""
    while True:
        line.send(octets(line))
        if seconds:
            line.pause(seconds)


# -- silence and ends


def silent() -> dict[str, Vice]:
    return {
        "never registers": Line.hush,
        "never answers": once(Line.hush),
        "never answers the second request": once(Line.hush, 1),
        "never answers the third request": once(Line.hush, 2),
        "closes at once": lambda line: None,
        "resets at once": Line.reset,
        "closes instead of Register": lambda line: void(line.frame()),
        "closes after Register": registered,
        "resets after Register": once(Line.reset),
        "closes on the first request": closes(0, 0),
        "closes in a header": closes(0, 10),
        "closes after a header": closes(0, 24),
        "closes in a payload": closes(0, 41),
        "closes before the last reply": closes(2, 0),
        "closes in the third reply": closes(2, 41),
        "resets on the second request": closes(1, 0, Line.reset),
        "resets in a reply": closes(0, 41, Line.reset),
        "closes after some slow octets": slow_close,
        "promises more than comes": promises,
    }


def void(_: object) -> None:
    """Nothing."""


def closes(after: int, size: int, how: Vice = void) -> Vice:
    """Who sends so many octets of a reply, then no more."""

    def run(line: Line) -> None:
        honest(line, after)
        for one in line.requests():
            line.send(line.answer(one)[:size])
            how(line)
            return

    return once(run)


def slow_close(line: Line) -> None:
    for one in line.requests():
        line.dribble(line.answer(one)[:30], 0.005)
        return


def promises(line: Line) -> None:
    """A header of 65,535 octets, and some of them."""
    for one in line.requests():
        head = HEADER.pack(one.command, 0xFFFF, line.handle, 0, one.context, 0)
        line.send(head + line.reply(one).payload)
        line.hush()


# -- without end


def endless() -> dict[str, Vice]:
    giant = bytes(65000)

    def each(one: Callable[[Line], bytes], seconds: float = 0.0) -> Vice:
        def run(line: Line) -> None:
            registered(line)
            line.frame()
            pushing(line, one, seconds)

        return run

    def dribbled(line: Line) -> None:
        for one in line.requests():
            line.dribble(line.answer(one))

    def giant_replies(line: Line) -> None:
        for one in line.requests():
            data = said(Reply(READ, 0, (), b"\xc4\0" + giant))
            reply = line.reply(one)
            while True:
                line.send(encoded(around(reply, data)))

    def register(line: Line) -> None:
        reply = line.answer(line.frame())
        pushing(line, lambda _: reply * 100)

    def dribbled_register(line: Line) -> None:
        line.dribble(line.answer(line.frame()))

    def dribbled_giant(line: Line) -> None:
        for one in line.requests():
            head = HEADER.pack(one.command, 0xFFFF, line.handle, 0, one.context, 0)
            line.dribble(head + giant, 0.01)

    nop = asking.frame(0x00)
    return {
        "zeros instead of Register": lambda line: pushing(line, lambda _: giant),
        "ones instead of Register": lambda line: pushing(line, lambda _: ONES),
        "noise instead of Register": lambda line: pushing(line, noise),
        "Register for ever": register,
        "zeros for ever": each(lambda _: giant),
        "ones for ever": each(lambda _: ONES),
        "noise for ever": each(noise),
        "giant frames for nobody": each(lambda line: for_nobody(line, 65000)),
        "giant replies": giant_replies,
        "frames for nobody": each(for_nobody),
        "frames for nobody, slowly": each(for_nobody, TICK),
        "NOP, slowly": each(lambda _: nop, TICK),
        "dribbled Register": dribbled_register,
        "dribbled replies": dribbled,
        "a dribbled giant": dribbled_giant,
    }


ONES = b"\xff" * 65000


def noise(line: Line) -> bytes:
    return line.random.randbytes(4096)


# -- lengths that lie


def lengths() -> dict[str, Vice]:
    lie = {
        f"a length {off:+d}": answered(lambda _, one, off=off: measured(one, off))  # type: ignore[misc]
        for off in (-1, -7, 1, 24, 1000)
    }

    def extended(_: Line, reply: Reply) -> bytes:
        octets = bytearray(said(reply))
        octets[3] = 200
        return bytes(octets)

    def cut(size: int) -> Vice:
        return altered(lambda _, reply: said(reply)[:size])

    items = {
        "an item beyond the frame": answered(patched(14, 0x7FFF)),
        "an item that is too short": answered(patched(14, 3)),
        "an item of nothing": answered(patched(14, 0)),
        "an address beyond the frame": answered(patched(10, 0x1000)),
        "65535 items": answered(patched(6, 0xFFFF)),
        "three items": answered(patched(6, 3)),
        "one item": answered(patched(6, 1)),
        "no item": answered(patched(6, 0)),
        "an item of another type": answered(patched(12, 0xB1)),
        "extended status beyond the data": altered(extended),
        "a reply of no octet": cut(0),
        "a reply of one octet": cut(1),
        "a reply of three octets": cut(3),
        "no payload": answered(lambda _, one: replace(one, payload=b"")),
    }
    return lie | items | tables()


def tables() -> dict[str, Vice]:
    """Lies about the members of a packet."""

    def of(change: Callable[[list[int], bytes], bytes]) -> Vice:
        return repacked(lambda data: change(*table(data)))

    def member(line: Line, reply: Reply) -> Reply:
        return replace(reply, service=0x8E)

    return {
        "offsets backwards": of(lambda at, rest: tabled(at[::-1], rest)),
        "offsets that overlap": of(lambda at, rest: tabled(at[:1] * len(at), rest)),
        "offsets beyond": of(lambda at, rest: tabled([*at[:-1], 0xFFF0], rest)),
        "offsets into the table": of(lambda at, rest: tabled([1] * len(at), rest)),
        "too few members": of(
            lambda at, rest: tabled(
                [one - 2 for one in at[:-1]], rest[: at[-1] - at[0]]
            )
        ),
        "a member too many": of(
            lambda at, rest: tabled(
                [*(one + 2 for one in at), 2 * len(at) + 4 + len(rest)],
                rest + rest[: (at[1] if len(at) > 1 else len(rest)) - at[0]],
            )
        ),
        "65535 members": of(lambda at, rest: tabled(at, rest, 0xFFFF)),
        "no member": of(lambda at, rest: tabled([], b"")),
        "members of another service": altered(member, [READ, READ_ON, 0xCD, 0xD3]),
    }


# -- who answers whom


def contexts() -> dict[str, Vice]:
    def past(line: Line) -> None:
        last = bytes(8)
        for one in line.requests():
            reply = line.reply(one)
            line.send(encoded(misnamed(reply, last)))
            last = one.context

    def future(_: Line, one: Frame) -> Frame:
        changed = bytes((octet + 7) & 0xFF for octet in one.context)
        return misnamed(one, changed)

    def backwards(line: Line) -> None:
        registered(line)
        while True:
            several = [line.answer(one) for one in line.together()]
            line.send(b"".join(reversed(several)))

    def unsolicited(line: Line) -> None:
        line.send(line.answer(line.frame()))
        reply = replace(asking.frames(for_nobody(line))[0], context=bytes(8))
        line.send(encoded(reply))
        honest(line)

    def before(line: Line) -> None:
        line.send(for_nobody(line))
        honest(line)

    return {
        "contexts of nobody": answered(lambda _, one: misnamed(one, bytes(8))),
        "contexts of the past": past,
        "contexts of the future": answered(future),
        "contexts at random": answered(
            lambda line, one: misnamed(one, line.random.randbytes(8))
        ),
        "backwards": backwards,
        "twice": answered(lambda _, one: encoded(one) * 2),
        "a reply before the first request": unsolicited,
        "a reply before Register": before,
        "each after one for nobody": answered(
            lambda line, one: for_nobody(line) + encoded(one)
        ),
        "another command": answered(lambda _, one: replace(one, command=0x63)),
        "a connected reply": answered(
            lambda _, one: replace(one, command=RR_DATA + UNIT_DATA - one.command)
        ),
        "an unknown command": answered(lambda _, one: replace(one, command=0x1234)),
        "another session": answered(
            lambda _, one: replace(one, session=one.session ^ 0x5555)
        ),
        "session 0": answered(lambda _, one: replace(one, session=0)),
    }


# -- connections


def openings() -> dict[str, Vice]:
    """Who opens a connection in a strange way, or does not keep it."""

    def instead(change: Change) -> Vice:
        """Another answer to Forward Open."""

        def run(line: Line) -> None:
            while True:
                one = line.frame()
                octets = line.answer(one)
                if managing(one, OPENINGS):
                    made = change(line, asking.frames(octets)[0])
                    octets = encoded(made) if isinstance(made, Frame) else made
                line.send(octets)

        return run

    def status(code: str) -> Vice:
        octets = bytes.fromhex(code)
        return instead(lambda _, one: around(one, inside(one)[:2] + octets))

    def at_opening(how: Vice) -> Vice:
        def run(line: Line) -> None:
            while not managing(one := line.frame(), OPENINGS):
                line.send(line.answer(one))
            how(line)

        return run

    def granted(at: int, octets: bytes) -> Vice:
        """A connection with something else in its names."""

        def change(_: Line, one: Frame) -> Frame:
            found = inside(one)
            return around(one, found[: 4 + at] + octets + found[4 + at + len(octets) :])

        return instead(change)

    def connected(change: Change) -> Vice:
        return answered(
            lambda line, one: change(line, one) if one.command == UNIT_DATA else one
        )

    def gone(code: str, after: int = 0) -> Vice:
        octets = bytes.fromhex(code)

        def run(line: Line) -> None:
            for one in line.requests():
                reply = line.reply(one)
                if one.command == UNIT_DATA and line.asked > after:
                    # It says that it has not done this.
                    with line.server.lock:
                        line.server.writes -= written(one)
                    reply = around(reply, inside(reply)[:2] + octets)
                line.send(encoded(reply))

        return run

    def cut(size: int) -> Vice:
        return instead(lambda _, one: around(one, inside(one)[:size]))

    return {
        "no Forward Open": status("08 00"),
        "no route to open along": status("01 01 12 03"),
        "out of connections": status("01 01 13 01"),
        "always another serial number": status("01 01 00 01"),
        "always another size": status("01 02 09 01 d0 07"),
        "a size of nothing": status("01 02 09 01 00 00"),
        "a size that is not said": status("01 01 09 01"),
        "Forward Open without a status": cut(2),
        "half a connection": cut(12),
        "a connection of no octet": cut(4),
        "a connection with another serial number": granted(8, b"\xff\xfe"),
        "a connection by another name": granted(0, b"\xff\xfe\xfd\xfc"),
        "a connection of another name": granted(4, b"\xff\xfe\xfd\xfc"),
        "a connection that lasts no time": granted(16, b"\1\0\0\0"),
        "a connection that lasts for ever": granted(16, b"\xff" * 4),
        "Forward Open refused as a frame": instead(
            lambda _, one: replace(one, status=1, payload=b"")
        ),
        "Forward Open of another session": instead(
            lambda _, one: replace(one, session=one.session ^ 0x5555)
        ),
        "silent at Forward Open": at_opening(Line.hush),
        "closes at Forward Open": at_opening(void),
        "resets at Forward Open": at_opening(Line.reset),
        "noise at Forward Open": at_opening(lambda line: pushing(line, noise)),
        "no such connection": gone("01 01 07 01"),
        "a connection that timed out": gone("01 01 03 02"),
        "a connection that is lost": gone("07 00"),
        "a connection that is lost later": gone("07 00", 2),
        "no answers over the connection": connected(lambda *_: b""),
        "connected answers of another connection": connected(
            lambda _, one: replace(
                one, payload=one.payload[:12] + b"nope" + one.payload[16:]
            )
        ),
        "connected answers of no sequence": connected(
            lambda _, one: replace(one, payload=one.payload[:20])
        ),
        "connected answers as frames refused": connected(
            lambda _, one: replace(one, status=3, payload=b"", context=bytes(8))
        ),
    }


# -- refusals


def refusals() -> dict[str, Vice]:
    def status(code: int | None, keep: bool = False) -> Vice:
        def run(line: Line, one: Frame) -> Frame:
            value = line.random.randrange(2, 1 << 32) if code is None else code
            return replace(one, status=value, payload=one.payload if keep else b"")

        return answered(run)

    def register(**changes: object) -> Vice:
        def run(line: Line) -> None:
            reply = line.reply(line.frame())
            line.send(encoded(replace(reply, **changes)))  # type: ignore[arg-type]
            honest(line)

        return run

    return {
        "status 0x64": status(0x64),
        "status 0x01": status(0x01),
        "status 0x65": status(0x65),
        "status at random": status(None),
        "a status, and a reply": status(0x64, keep=True),
        "Register refused": register(status=1, session=0, payload=b""),
        "Register of no such version": register(status=0x69, session=0),
        "Register of version 2": register(payload=b"\2\0\0\0"),
        "Register of no data": register(payload=b""),
        "Register with handle 0": register(session=0),
        "Register of another command": register(command=0x66),
        "Register for somebody else": register(context=b"not you!"),
    }


# -- data


def data() -> dict[str, Vice]:
    def read(change: Callable[[Reply], bytes | Reply]) -> Vice:
        return altered(lambda _, reply: change(reply), [READ, READ_ON])

    def part(
        change: Callable[[bytes, bytes], bytes], status: int | None = None
    ) -> Vice:
        def run(one: Reply) -> Reply:
            made = change(one.data[:2], one.data[2:])
            return replace(
                one, data=made, status=one.status if status is None else status
            )

        return read(run)

    found = {
        "more, for ever, of nothing": part(lambda kind, _: kind, 6),
        "more, for ever, of no type": part(lambda *_: b"", 6),
        "more, for ever, of the same": part(lambda kind, rest: kind + rest, 6),
        "more, for ever, of too much": part(lambda kind, rest: kind + rest * 8, 6),
        "half an element": part(lambda kind, rest: kind + rest[:-1]),
        "more elements": part(lambda kind, rest: kind + rest + rest),
        "an element more": part(lambda kind, rest: kind + rest + rest[:4]),
        "fewer elements": part(lambda kind, rest: kind + rest[:4]),
        "no element": part(lambda kind, _: kind),
        "no type": part(lambda *_: b""),
        "half a type": part(lambda kind, _: kind[:1]),
        "an unknown type": part(lambda _, rest: b"\x99\x77" + rest),
        "a structure of no handle": part(lambda *_: b"\xa0\x02"),
        "a structure": part(lambda _, rest: b"\xa0\x02\x34\x12" + rest),
        "the reply to a write": read(lambda one: Reply(one.service + 1, 0)),
        "the reply to an attribute": read(lambda one: replace(one, service=0x8E)),
        "no reply bit": read(lambda one: replace(one, service=one.service & 0x7F)),
        "another read": read(
            lambda one: replace(one, service=READ + READ_ON - one.service)
        ),
        "long strings": strings(200),
        "endless strings": strings(0xFF),
        "nothing but refusals": altered(lambda _, one: Reply(one.service, 0xFF)),
    }
    return found | {"a growing rest": growing(), "a changing type": changing()}


def strings(length: int) -> Vice:
    """Who says that each string is longer than it is, of attributes also."""

    def run(_: Line, one: Reply) -> Reply:
        octets = bytearray(one.data)
        kind = octets[:2]
        if kind == b"\xda\0":
            octets[2] = length
        elif kind == b"\xd0\0":
            octets[2:4] = bytes((length, length))
        elif one.service == 0x8E and octets[0] == len(octets) - 1:
            octets[0] = length
        return replace(one, data=bytes(octets))

    return altered(run, [READ, READ_ON, 0x8E])


def growing() -> Vice:
    """Who has an octet more to say each time, and never comes to an end."""
    last: dict[Line, int] = {}

    def run(line: Line, one: Reply) -> Reply:
        size = last[line] = last.get(line, 0) + 1
        made = (one.data + bytes(2)).ljust(2, b"\xc4")[:2] + bytes(size)
        return replace(one, status=6, data=made)

    return altered(run, [READ, READ_ON])


def changing() -> Vice:
    """Who answers the pieces of one read with a type each."""
    last: dict[Line, int] = {}

    def run(line: Line, one: Reply) -> Reply:
        last[line] = last.get(line, 0) + 1
        kind = (0xC2, 0xC3, 0xC4, 0xC5)[last[line] % 4]
        return replace(one, status=6, data=bytes((kind, 0)) + one.data[2:10])

    return altered(run, [READ, READ_ON])


# -- noise


def noisy() -> dict[str, Vice]:
    def garbage(line: Line) -> None:
        for _ in line.requests():
            line.send(line.random.randbytes(line.random.randrange(1, 400)))

    def framed(line: Line, one: Frame) -> Frame:
        return replace(one, payload=line.random.randbytes(len(one.payload)))

    return {
        "garbage": garbage,
        "garbage in a frame": answered(framed),
        "garbage as a reply": altered(
            lambda line, one: line.random.randbytes(len(said(one)))
        ),
        "garbage as a status": altered(
            lambda line, one: replace(
                one, status=line.random.randrange(7, 256), extended=(1, 2), data=b"x"
            )
        ),
    }


def vices() -> dict[str, Vice]:
    """All of them."""
    found: dict[str, Vice] = {}
    several = (silent, endless, lengths, contexts, openings, refusals, data, noisy)
    for group in several:
        for name, vice in group().items():
            assert name not in found, name
            found[name] = vice
    return found
