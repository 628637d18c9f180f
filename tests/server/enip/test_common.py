# SPDX-License-Identifier: Apache-2.0
"""The common path answers as the typed one does: the same octets, the same values.

Two controllers have the same tags.  One is plain, and is asked everything twice, so
that it remembers paths; the other is looked on by an observer, so that all its requests
go the typed way.  Requests are good, slightly wrong, and octets changed at random; they
come outside of connections, and over some of several sizes.
"""

from __future__ import annotations

import struct
import sys
import threading
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from asking import (
    BACKPLANE,
    TCP,
    Client,
    cip_in,
    controller,
    element,
    frame,
    frames,
    multiple,
    number,
    read,
    read_on,
    register,
    reply_in,
    request,
    rr,
    symbol,
    unconnected,
    write,
    write_on,
)
from connecting import MANAGER, ROUTER, forward_close, forward_open, opened, unit
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy, composite
from structured import at as to
from structured import spec, types

from cpppo.protocol.enip import Port
from cpppo.server.enip import Controller, parse_tag
from cpppo.server.limits import Limits

TAGS = (
    "SCADA=INT[1000] D@22/1/1=DINT[20] E@22/1/1=DINT[20] F=REAL L=LINT[4] B=BOOL[5] "
    "A.B=SINT[7] T=SSTRING[6] S=STRING[3] U@300/400/500=UINT[3] BIG=LREAL[200]"
)

NAMES = ["SCADA", "D", "E", "F", "L", "B", "A.B", "T", "S", "U", "BIG"]
ADDRESSES = [(22, 1, 1), (300, 400, 500), (1, 1, 7), (22, 1, 2), (22, 0, 1), (9, 9, 9)]

SIZES = {0xC1: 1, 0xC2: 1, 0xC3: 2, 0xC4: 4, 0xC5: 8, 0xC7: 2, 0xCA: 4, 0xCB: 8,
         0xD3: 4}  # fmt: skip
CODES = {"SCADA": 0xC3, "D": 0xC4, "E": 0xC4, "F": 0xCA, "L": 0xC5, "B": 0xC1,
         "A.B": 0xC2, "T": 0xDA, "S": 0xD0, "U": 0xC7, "BIG": 0xCB}  # fmt: skip


# Tags with parts, and paths to these; some are none.
STRUCTURED = {
    "OUT": "Outer", "OUTS": "Outer[4]", "INS": "Inner[200]", "CUBE": "Inner[2,3]",
    "GRID": "INT[2,3,4]", "BITS": "BOOL[100]", "TEXTS": "STRING[8]",
    "Program:P.OUT": "Outer",
}  # fmt: skip
KNOWN = types()
KINDS: list[int | str] = ["Inner", "Outer", "STRING", *SIZES]
HANDLES = {
    name: KNOWN[name].kind()[2:] for name in ("Inner", "Outer", "STRING")
}  # fmt: skip
PARTS: list[tuple[bytes, int | str]] = [
    (to("OUT"), "Outer"), (to("OUTS"), "Outer"), (to("OUTS", 3), "Outer"),
    (to("OUT", "b3"), 0xC1), (to("OUTS", 2, "b8"), 0xC1), (to("OUT", "count"), 0xC4),
    (to("OUT", "bits"), 0xD3), (to("out", "BITS", 1), 0xD3), (to("BITS", 2), 0xD3),
    (to("OUTS", 1, "several"), "Inner"), (to("OUTS", 1, "several", 2), "Inner"),
    (to("OUTS", 1, "several", 2, "x"), 0xC3), (to("OUT", "one", "reals", 1), 0xCA),
    (to("INS"), "Inner"), (to("INS", 150), "Inner"), (to("INS", 9, "reals"), 0xCA),
    (to("CUBE", 1, 2), "Inner"), (to("CUBE", 1), "Inner"), (to("CUBE", 0, 3), "Inner"),
    (to("CUBE", 1, 2, "flag"), 0xC1), (to("GRID", 1, 2, 3), 0xC3),
    (to("GRID"), 0xC3), (to("GRID", 1), 0xC3), (to("GRID", 0, 0, 4), 0xC3),
    (to("TEXTS"), "STRING"), (to("TEXTS", 2), "STRING"), (to("TEXTS", 2, "LEN"), 0xC4),
    (to("TEXTS", 1, "DATA", 3), 0xC2), (to("Program:P", "OUT", "long"), 0xC5),
    (to("Program:P", "OUT"), "Outer"), (to("OUT", "nope"), 0xC4), (to("OUT", 1), 0xC4),
    (to("OUT", "timer", "PRE"), 0xC4), (to("OUT", "timer", "DN"), 0xC1),
    *((number(0x6B, nth) + to("x"), 0xC3) for nth in (1, 2, 15)),
    *((number(0x6B, nth), 0xC3) for nth in (0, 1, 2, 3, 12, 99)),
]  # fmt: skip


def stocked(**kwds: Any) -> Controller:
    """A controller with all of these tags."""
    known = types()
    specs = [parse_tag(text) for text in TAGS.split()]
    specs += [spec(known, name, said) for name, said in STRUCTURED.items()]
    return Controller(specs, types=known, **kwds)


def ignored(line: str) -> None:
    """An observer that does nothing, but is one."""


class Pair:
    """The same controller twice: one plain, one that is never plain."""

    def __init__(
        self,
        limits: Limits | None = None,
        route_path: tuple[Port, ...] | None = None,
        size: int | None = None,
        linked: Sequence[tuple[int, int]] = ((4002, 4002), (60, 90)),
    ) -> None:
        self.count = 0
        self.numbers: list[list[int]] = []  # of the connections of each
        self.both = [
            stocked(limits=limits, route_path=route_path, size=size, observer=observer)
            for observer in (None, ignored)
        ]
        self.sessions = [each.session(TCP) for each in self.both]
        for session in self.sessions:
            session.receive(register())
        for each, session in zip(self.both, self.sessions, strict=True):
            fill(each)
            numbers = []
            for serial, (there, back) in enumerate(linked):
                asked_ = forward_open(
                    ROUTER, serial=serial, size=there, back=back, to_originator=serial
                )
                (answer,) = frames(session.receive(rr(asked_, session.handle)))
                # Small limits leave no room for it.
                found = not answer.status and reply_in(cip_in(answer))
                fine = found and not found.status
                numbers.append(opened(found) if found and fine else 0x7FFFFFFF)
            self.numbers.append(numbers)

    def ask(self, octets: bytes) -> None:
        """Both answer the same.

        A handle of 1 stands for the session's own; a connection of 0 and so on for
        theirs, with the next sequence count for one of 0xFFFF.
        """
        answers = []
        before = self.count
        for session, numbers in zip(self.sessions, self.numbers, strict=True):
            handle = struct.pack("<I", session.handle)
            self.count = before
            got = [session.receive(self.linked(owned(octets, handle), numbers))]
            while session.ready:
                got.append(session.receive(b""))
            answers.append(masked(b"".join(got), session.handle, numbers))
            assert session.waiting == 0
        assert answers[0] == answers[1], octets.hex(" ")

    def linked(self, octets: bytes, numbers: Sequence[int]) -> bytes:
        """Requests over connections go over those that there are."""
        out, at = b"", 0
        while at < len(octets):
            end = at + 24 + int.from_bytes(octets[at + 2 : at + 4], "little")
            one = bytearray(octets[at:end])
            if one[0] == 0x70 and len(one) >= 46 and one[37:40] == bytes(3):
                if one[36] < len(numbers):
                    one[36:40] = struct.pack("<I", numbers[one[36]])
                if one[44:46] == b"\xff\xff":
                    self.count = (self.count + 1) % 0xFFF0
                    one[44:46] = struct.pack("<H", self.count)
            out += one
            at = end
        return out

    def check(self) -> None:
        plain, typed = (
            {name: tag.produce() for name, tag in each.tags.items()}
            for each in self.both
        )
        assert plain == typed

    def close(self) -> None:
        for session in self.sessions:
            session.close()


def fill(one: Controller) -> None:
    """Values that tell one element from another."""
    tags = one.tags
    tags["SCADA"][0:1000] = list(range(1000))
    tags["D"][0:20] = list(range(100, 120))
    tags["BIG"][0:200] = [at / 4 for at in range(200)]
    tags["T"][0:6] = ["", "a", "bc", "x" * 255, "y" * 100, "z"]
    tags["S"][0:3] = ["abc", "", "w" * 600]
    tags["A.B"][0:7] = list(range(7))


def owned(octets: bytes, handle: bytes) -> bytes:
    """Frames whose handle is 1 become the session's own."""
    out, at = b"", 0
    while at < len(octets):
        end = at + 24 + int.from_bytes(octets[at + 2 : at + 4], "little")
        one = octets[at:end]
        if one[4:8] == b"\1\0\0\0":
            one = one[:4] + handle + one[8:]
        out += one
        at = end
    return out


def masked(
    octets: bytes, handle: int, numbers: Sequence[int]
) -> list[tuple[object, ...]]:
    """The answers, without what is told apart by chance."""
    return [
        (
            one.command,
            one.session == handle,
            one.status,
            one.context,
            one.options,
            unnamed(one.payload, numbers),
        )
        for one in frames(octets)
    ]


def unnamed(payload: bytes, numbers: Sequence[int]) -> bytes:
    """A connection that is open no more is told by our own number."""
    told = int.from_bytes(payload[12:16], "little")
    if payload[8:12] != b"\xa1\0\4\0" or told not in numbers:
        return payload
    return payload[:12] + struct.pack("<I", numbers.index(told)) + payload[16:]


# -- requests by chance


@composite
def paths(draw: DrawFn) -> bytes:
    """Where to: nearly always a tag, and mostly an element that it has."""
    kind = draw(st.integers(0, 19))
    if kind == 0:
        path = draw(st.sampled_from([symbol("NOPE"), symbol(""), b"", symbol("A")]))
    elif kind == 1:
        path = draw(st.binary(max_size=5).map(lambda octets: octets * 2))
    elif kind < 5:
        path = number(*draw(st.sampled_from(ADDRESSES)))
    else:
        name = draw(st.sampled_from(NAMES))
        name = draw(st.sampled_from([name, name, name.lower()]))
        path = symbol(name)
        if name == "A.B" and draw(st.booleans()):
            path = symbol("A") + symbol("B")
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 1, 1, 1, 2]))):
        index = draw(st.one_of(st.integers(0, 25), st.sampled_from([
            255, 256, 998, 999, 1000, 65535, 65536, 2**31, 2**32 - 1])))  # fmt: skip
        code = draw(st.sampled_from([None, None, 0x28, 0x29, 0x2A, 0x2B]))
        least = 0x28 if index < 0x100 else 0x29 if index < 0x10000 else 0x2A
        path += element(index, None if code is None or code < least else code)
    return path


COUNTS = st.one_of(
    st.integers(0, 25),
    st.sampled_from([99, 200, 243, 244, 245, 999, 1000, 1001, 32767, 32768, 65535]),
)
OFFSETS = st.one_of(
    st.integers(0, 40),
    st.sampled_from([488, 976, 1998, 1999, 2000]),
    st.sampled_from([2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1]),
)

TEXTS = st.sampled_from([b"\1a", b"\0", b"\3\0abc\0", b"\2\0ab", b"\3\0abc", b"\xff"])


@composite
def services(draw: DrawFn) -> bytes:
    """A request of one service."""
    path = draw(paths())
    kind = draw(st.integers(0, 12))
    if kind < 3:
        return read(path, draw(COUNTS))
    if kind < 6:
        return read_on(path, draw(COUNTS), draw(OFFSETS))
    if kind < 10:
        return draw(writes(path))
    if kind == 10:
        data = draw(st.one_of(st.just(b""), st.binary(max_size=90)))
        return request(draw(st.sampled_from([0x0E, 0x10, 0x01])), path, data)
    if kind == 11:
        several = draw(st.lists(st.integers(0, 9), max_size=4))
        data = struct.pack(f"<{len(several) + 1}H", len(several), *several)
        return request(0x03, number(1, 1), data)
    return request(draw(st.integers(0, 127)), path, draw(st.binary(max_size=12)))


@composite
def writes(draw: DrawFn, path: bytes) -> bytes:
    """Mostly of the right type, and mostly with as many octets as it says."""
    right = next(
        (code for name, code in CODES.items() if symbol(name)[2:] in path.upper()), 0xC4
    )
    others = st.sampled_from([*SIZES, 0xDA, 0xD0, 0x2A0, 0x99])
    code = draw(st.one_of(st.just(right), st.just(right), others))
    count = draw(st.one_of(st.integers(0, 8), COUNTS))
    if code in SIZES:
        size = SIZES[code] * count
        data = Random(draw(st.integers(0, 999))).randbytes(min(size, 2100))
        data = data[: max(0, len(data) + draw(st.sampled_from([0, 0, 0, -1, -2])))]
        data += draw(st.sampled_from([b"", b"", b"", b"\0", b"\1\2\3\4", bytes(30)]))
    else:
        data = b"".join(draw(st.lists(TEXTS, max_size=4)))
    if draw(st.booleans()):
        return write(path, code, count, data)
    return write_on(path, code, count, draw(OFFSETS), data)


@composite
def messages(draw: DrawFn) -> bytes:
    """A request by itself, several as one, one inside of another, in any order."""
    kind = draw(st.integers(0, 9))
    if kind < 4:
        octets = draw(services())
    else:
        several = draw(st.lists(services(), max_size=6))
        if kind == 9:
            several.append(multiple(several[:1]))
        octets = multiple(several)
        if draw(st.integers(0, 9)) == 0:
            octets += draw(st.binary(min_size=1, max_size=3))
    for _ in range(draw(st.sampled_from([0, 0, 1, 1, 1, 2]))):
        route = draw(
            st.sampled_from(
                [BACKPLANE, BACKPLANE, b"", b"\1\3", b"\1\0\1\0", b"\1\0\xce\0"]
            )
        )
        length = draw(st.sampled_from([None] * 9 + [0, len(octets) + 1, 65535]))
        octets = unconnected(octets, route, length)
    return octets


@composite
def asked(draw: DrawFn, mutate: bool = False) -> bytes:
    """A whole frame; its length is right, so that the stream stays framed."""
    octets = draw(messages())
    context = draw(st.sampled_from([bytes(8), b"contexts", b"\xff" * 8]))
    handle = draw(st.sampled_from([1] * 9 + [2]))
    if draw(st.booleans()):
        connection = draw(st.sampled_from([0, 0, 0, 1, 1, 2]))
        sequence = draw(st.sampled_from([0xFFFF] * 9 + [0, 1]))
        whole = unit(connection, sequence, octets, handle, context)
    else:
        whole = rr(octets, handle, context)
    if mutate:
        changed = bytearray(whole)
        for _ in range(draw(st.integers(1, 3))):
            at = draw(st.integers(8, len(changed) - 1))
            changed[at] = draw(st.sampled_from([0, 1, 2, 0xFF, 0x80, changed[at] ^ 1]))
        if draw(st.booleans()):
            at = draw(st.integers(24, len(changed)))
            if draw(st.booleans()):
                del changed[at:]
            else:
                changed[at:at] = draw(st.binary(max_size=4))
        payload = bytes(changed[24:])
        whole = bytes(changed[:2]) + struct.pack("<H", len(payload))
        whole += bytes(changed[4:24]) + payload
    return whole


def agreed(pair: Pair, several: Sequence[bytes]) -> None:
    """Twice each, then all at once; the values are compared at last."""
    for octets in several:
        pair.ask(octets)
        pair.ask(octets)
    pair.check()
    pair.ask(b"".join(several))
    pair.check()
    pair.close()


REQUESTS: SearchStrategy[list[bytes]] = st.lists(asked(), min_size=1, max_size=8)


@given(REQUESTS)
def test_both_ways_answer_the_same(several: list[bytes]) -> None:
    agreed(Pair(), several)


@given(st.lists(asked(mutate=True), min_size=1, max_size=8))
def test_both_ways_answer_the_same_to_changed_octets(several: list[bytes]) -> None:
    agreed(Pair(), several)


@given(REQUESTS, st.integers(0, 200))
def test_both_ways_keep_the_same_limits(several: list[bytes], most: int) -> None:
    agreed(Pair(limits=Limits(reply=most, members=4, attributes=2)), several)


@given(REQUESTS, st.integers(0, 300))
def test_both_ways_keep_the_same_size(several: list[bytes], size: int) -> None:
    agreed(Pair(size=size), several)


@given(REQUESTS, st.sampled_from([(), (Port(1, 0),), (Port(1, 3),)]))
def test_both_ways_take_the_same_routes(
    several: list[bytes], route_path: tuple[Port, ...]
) -> None:
    agreed(Pair(route_path=route_path), several)


def test_many_by_chance() -> None:
    """Much more of it, with fewer choices, and the same controllers all along."""
    seed = Random().getrandbits(32)
    print("seed", seed)
    chance = Random(seed)
    pair = Pair()
    for _ in range(5000):
        pair.ask(by_chance(chance))
    pair.check()
    pair.close()


def by_chance(chance: Random) -> bytes:
    """A frame with a request or several, every fifth with octets that are changed."""
    several = [one_by_chance(chance) for _ in range(chance.choice((1, 1, 1, 2, 5)))]
    octets = several[0] if len(several) == 1 else multiple(several)
    over = chance.random() < 0.5
    if chance.random() < (0.1 if over else 0.6):
        octets = unconnected(octets, chance.choice((BACKPLANE, b"")))
    whole = rr(octets, 1)
    if over:
        whole = unit(
            chance.choice((0, 0, 1, 2)), chance.choice((0xFFFF,) * 9 + (3,)), octets
        )
    payload = bytearray(whole[24:])
    if chance.random() < 0.2:
        for _ in range(chance.choice((1, 1, 2))):
            payload[chance.randrange(len(payload))] = chance.randrange(256)
    if chance.random() < 0.05:
        del payload[chance.randrange(len(payload)) :]
    return frame(whole[0], bytes(payload), 1, chance.randbytes(8))


def part_by_chance(chance: Random) -> bytes:
    """A request for a part, mostly of its own type."""
    path, kind = chance.choice(PARTS)
    if chance.random() < 0.1:
        kind = chance.choice(KINDS)
    said = b"\xa0\x02" + HANDLES[kind] if isinstance(kind, str) else bytes((kind, 0))
    size = KNOWN[kind].struct_calcsize if isinstance(kind, str) else SIZES[kind]
    count = chance.choice((1, 1, 1, 2, 3, 4, 8, 24, 200))
    total = count * size
    offset = chance.choice((0, 0, size, 1, 8, 480, 488, total - size, total))
    data = chance.randbytes(min(1500, total + chance.choice((0, 0, 0, -1, 1))))
    counted = struct.pack("<H", count)
    bits = struct.pack("<H", size) + data[: 2 * size]
    part = struct.pack("<HI", count, offset) + data[: chance.choice((1, 400, 1500))]
    return chance.choice(
        (
            read(path, count),
            read_on(path, count, offset),
            request(0x4D, path, said + counted + data),
            request(0x53, path, said + part),
            request(0x4E, path, bits),
        )
    )


def one_by_chance(chance: Random) -> bytes:
    if chance.random() < 0.4:
        return part_by_chance(chance)
    name = chance.choice(NAMES)
    path = symbol(name)
    index = 0
    if chance.random() < 0.6:
        index = chance.choice((0, 1, 2, 3, 300, 990))
        path += element(index)
    count = chance.choice((1, 1, 2, 3, 5, 250))
    code = CODES[name] if chance.random() < 0.9 else chance.choice([*CODES.values()])
    size = SIZES.get(code, 3)
    data = chance.randbytes(count * size + chance.choice((0, 0, 0, -1, 1)))
    offset = chance.choice((0, 0, 0, size, 2 * size, 1, 488))
    return chance.choice(
        (
            read(path, count),
            read_on(path, count, offset),
            write(path, code, count, data),
            write_on(path, code, count, offset, data),
        )
    )


# -- what is rare, spelt out


DIRECT = {
    "no octets of a path": b"\x4c\0\1\0",
    "a count of none": read("SCADA", 0),
    "a write of none": write("SCADA", 0xC3, 0, b""),
    "surplus after a read": read("SCADA") + b"\0\0",
    "surplus after a fragment's read": read_on("SCADA") + b"\0",
    "a reply's service": b"\xcc" + read("SCADA")[1:],
    "an index twice": read(symbol("D") + element(1) + element(1)),
    "an index before the name": read(element(1) + symbol("D")),
    "a member of no structure": read(symbol("D") + symbol("X")),
    "number, then name": read(number(22, 1, 1) + symbol("D")),
    "a class alone": read(b"\x20\x16"),
    "no attribute": read(number(22, 1)),
    "an odd path": b"\x4c\x04\x91\x04SCAD\x28\0\1\0",
    "an 8-bit element's pad": read(b"\x29\x01" + b"\0\0"),
    "a write of another size": write("D", 0xC3, 2, b"\1\0\2\0"),
    "a structure's type": write("D", 0x02A0, 1, bytes(8)),
    "a packet to a name": multiple([read("D")], symbol("D")),
    "a packet to the manager": multiple([read("D")], number(6, 1)),
    "a packet spelt wide": multiple([read("D")], b"\x21\0\2\0\x25\0\1\0"),
    "no member": multiple([]),
    "an empty member": multiple([b"", read("D"), b""]),
    "two at the same place": request(
        0x0A, number(2, 1), struct.pack("<3H", 2, 6, 6) + read("D")
    ),
    "surplus after the last member": multiple([read("D"), read("D") + b"\0\0"]),
    "a send within a packet": multiple([unconnected(read("D")), read("D")]),
    "a packet within a send within a send": unconnected(multiple([read("D")])),
    "no message": unconnected(b""),
    "a message of one octet": unconnected(b"\x4c"),
    "an odd message": unconnected(write("A.B", 0xC2, 1, b"\5")),
    "surplus after the route": unconnected(read("D")) + b"\0\0",
    "a route that is none": unconnected(read("D"), BACKPLANE + b"\xce\0"),
    "a route of a name": unconnected(read("D"), symbol("X")),
    "a name with a zero": read(symbol("D\0")),
    "a name of 255": read(symbol("x" * 255)),
}


@pytest.mark.parametrize("octets", DIRECT.values(), ids=DIRECT)
def test_what_is_rare_has_the_same_answer(octets: bytes) -> None:
    pair = Pair()
    for each in (octets, unconnected(octets), multiple([read("D"), octets, read("E")])):
        agreed(Pair(), [rr(each, 1), *(unit(at, 0xFFFF, each, 1) for at in range(3))])
        for _ in range(3):
            pair.ask(rr(each, 1, b"contexts"))
            for at in range(3):
                pair.ask(unit(at, 0xFFFF, each, 1, b"contexts"))
                pair.ask(unit(at, 5, each, 1, b"contexts"))
    pair.check()
    pair.close()


@pytest.mark.parametrize(
    "change",
    [
        (24, 1),  # the interface handle
        (28, 7),  # the time-out
        (30, 1),
        (30, 3),  # the count of items
        (32, 0xA1),
        (34, 1),
        (36, 0xB1),
        (38, 1),
        (8, 1),  # status
        (20, 1),  # options
        (0, 0x70),
    ],
)
def test_other_headers_have_the_same_answer(change: tuple[int, int]) -> None:
    at, value = change
    for octets in (read("D"), unconnected(read("D")), multiple([read("D")])):
        whole = bytearray(rr(octets, 1))
        whole[at] = value
        agreed(Pair(), [rr(octets, 1), bytes(whole), rr(octets, 1)])


@pytest.mark.parametrize(
    "change",
    [
        (24, 1),  # the interface handle
        (28, 7),  # the time-out
        (30, 1),  # the count of items
        (30, 3),
        (32, 0),
        (32, 0xB1),
        (34, 3),
        (36, 9),
        (40, 0xA1),
        (40, 0xB2),
        (42, 1),
        (8, 1),  # status
        (20, 1),  # options
        (0, 0x6F),
    ],
)
def test_other_headers_over_a_connection_have_the_same_answer(
    change: tuple[int, int],
) -> None:
    at, value = change
    for octets in (read("D"), write("D", 0xC4, 1, bytes(4)), multiple([read("D")])):
        whole = bytearray(unit(0, 0xFFFF, octets, 1))
        whole[at] = value
        plain = unit(0, 0xFFFF, octets, 1)
        agreed(Pair(), [plain, bytes(whole), plain])


def test_other_items_over_a_connection_have_the_same_answer() -> None:
    cip = read("D")
    address = struct.pack("<HHI", 0xA1, 4, 0)
    data = struct.pack("<HHH", 0xB1, 2 + len(cip), 0xFFFF) + cip
    null, other = bytes(4), struct.pack("<HHI", 0x8002, 4, 0)
    for items in (
        (address, address),
        (data, data),
        (data, address),
        (null, data),
        (address, data, other),
        (address, other, data),
        (other, address, data),
        (address, data, data),
    ):
        head = struct.pack("<IHH", 0, 0, len(items))
        plain = unit(0, 0xFFFF, cip, 1)
        agreed(Pair(), [plain, frame(0x70, head + b"".join(items), 1), plain])


def test_what_follows_a_request_has_the_same_answer_once_its_way_is_known() -> None:
    whole = [
        read("D"),
        read_on("D"),
        multiple([read("D")]),
        write("D", 0xC4, 1, b"1234"),
    ]
    several = [each + more for each in whole for more in (b"", b"\0", b"\0\0")]
    for wrap in (unit, lambda at, sequence, cip, handle: rr(cip, handle)):
        agreed(Pair(), [wrap(0, 0xFFFF, each, 1) for each in several])


def test_a_connection_that_is_closed_has_the_same_answer() -> None:
    pair = Pair()
    several = [
        unit(0, 0xFFFF, read("D"), 1),
        rr(forward_close(serial=0), 1),
        unit(0, 0xFFFF, read("D"), 1),
        unit(1, 0xFFFF, forward_close(serial=1), 1),
        unit(1, 0xFFFF, read("D"), 1),
        unit(1, 0xFFFF, request(0x4E, MANAGER), 1),
    ]
    agreed(pair, several)


def test_an_error_that_is_set_has_the_same_answer() -> None:
    pair = Pair()
    several = [
        rr(octets, 1)
        for octets in (
            read("D"),
            unconnected(read("d", 3)),
            multiple([read("E"), read("F")]),
            write("D", 0xC4, 1, bytes(4)),
            read(number(22, 1, 1)),
        )
    ]
    for status in (0, 0x10, 0, 0xFF, 0):
        for each in pair.both:
            each.tags["D"].error = status
        for octets in several * 2:
            pair.ask(octets)
    pair.check()
    pair.close()


def test_two_members_that_write_and_read_one_tag_see_each_other() -> None:
    several = [
        write("D", 0xC4, 1, b"\1\0\0\0"),
        read("E"),
        write(symbol("e") + element(0), 0xC4, 1, b"\2\0\0\0"),
        read("D"),
        write_on("D", 0xC4, 3, 4, b"\3\0\0\0\4\0\0\0"),
        read("D", 3),
    ]
    agreed(Pair(), [rr(multiple(several), 1), rr(unconnected(multiple(several)), 1)])


@pytest.mark.parametrize("wrap", [False, True])
def test_a_structure_is_written_where_plain_tags_are(wrap: bool) -> None:
    one = stocked()
    client = Client(one)
    inner, outer = HANDLES["Inner"], HANDLES["Outer"]
    held = one.tags["INS"].storage.octets

    def written(octets: bytes) -> int:
        """How many frames the common path answered."""
        before = client.session._common.requests  # type: ignore[union-attr]
        client.send(rr(sent(octets, wrap), client.handle))
        return client.session._common.requests - before  # type: ignore[union-attr]

    to_two = b"\xa0\x02" + inner + b"\2\0"
    values = bytes(range(24))
    written(request(0x4D, "INS", to_two + values))  # its way is not known yet
    assert written(request(0x4D, "INS", to_two + values[::-1])) == 1
    assert held[:36] == values[::-1] + bytes(12)
    assert written(request(0x53, "INS", to_two + b"\7\0\0\0" + b"xyz")) == 1
    assert held[:12] == values[:11:-1][:7] + b"xyz" + values[:11:-1][10:]
    # Another structure's handle, and none at all.
    for other in (b"\xa0\x02" + outer, b"\xc4\0"):
        assert written(request(0x4D, "INS", other + b"\1\0" + bytes(12))) == 0
    assert held[7:10] == b"xyz"


def test_a_packet_that_fills_up_has_the_same_answer() -> None:
    several = [read("SCADA", 1000)] * 3 + [read("NOPE")] + [read("BIG", 200)] * 200
    pair = Pair()
    for octets in (multiple(several), multiple([read("SCADA", 1000)] * 135)):
        for _ in range(3):
            pair.ask(rr(octets, 1))
            pair.ask(rr(unconnected(octets), 1))
            pair.ask(unit(0, 0xFFFF, octets, 1))
    pair.close()


@pytest.mark.parametrize("wrap", [False, True])
def test_a_value_is_never_half_of_two(wrap: bool) -> None:
    """What one session writes, another has whole or not yet."""
    of = controller("L=LINT")
    writer, reader = Client(of), Client(of)
    writes_ = [rr(sent(write("L", 0xC5, 1, v * 8), wrap), writer.handle) for v in ENDS]
    asked_ = rr(sent(read("L"), wrap), reader.handle)
    writer.ask(read("L"))
    stop = threading.Event()

    def run() -> None:
        while not stop.is_set():
            for octets in writes_:
                writer.session.receive(octets)

    thread = threading.Thread(target=run)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    thread.start()
    try:
        seen = {reader.session.receive(asked_)[-8:] for _ in range(20000)}
    finally:
        stop.set()
        thread.join()
        sys.setswitchinterval(interval)
    assert seen <= {v * 8 for v in ENDS}


ENDS = (b"\0", b"\xff")


def sent(octets: bytes, wrap: bool) -> bytes:
    return unconnected(octets) if wrap else octets
