# SPDX-License-Identifier: Apache-2.0
"""Input that is wrong, by chance and by intent: a value or a ProtocolError, soon.

Whatever comes, reading it ends with a value or with an error that says where; it
takes no more time and no more memory than a stated multiple of the octets.
"""

from __future__ import annotations

import tracemalloc
from functools import partial
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from laws import agreed, outcome
from timing import takes_at_most

from cpppo.errors import EncodeError, ProtocolError
from cpppo.grammar import generate
from cpppo.protocol.enip import (
    Atomic,
    Class,
    Element,
    Encapsulation,
    GetAttributesAll,
    Identity,
    Instance,
    Item,
    MultipleService,
    NullAddress,
    Packet,
    Path,
    Port,
    ReadTag,
    ReadTagFragmented,
    ReadTagReply,
    Reply,
    ReplyEntry,
    ReplyFrame,
    ReplyNullAddress,
    ReplyPacket,
    Request,
    RequestEntry,
    RequestFrame,
    RequestPacket,
    RoutePath,
    SendRRData,
    SendRRDataReply,
    Symbol,
    UnconnectedReply,
    UnconnectedRequest,
    UnconnectedSend,
    WriteTag,
)

# Of the largest frame that there is, uncompiled and on a slow machine.
SECONDS_MOST = 5.0
# What reading may take: of the input, and of nothing at all (a run's own buffers).
MEMORY_TIMES, MEMORY_FREE = 400, 1 << 20
LONGEST = 0xFFFF

READS: list[Any] = [RequestFrame, ReplyFrame, Request, Reply, Path]
SCADA = Path((Symbol("SCADA"), Element(1)))
MANAGER = Path((Class(6), Instance(1)))
SEND = UnconnectedSend(
    path=MANAGER, request=ReadTagFragmented(SCADA, 20), route=RoutePath((Port(1, 0),))
)
IDENTITY = ReplyEntry(Identity(name="1756-L83E/B"))


def asked(request: Any) -> RequestFrame:
    items = RequestEntry(NullAddress()), RequestEntry(UnconnectedRequest(request))
    return RequestFrame(payload=SendRRData(packet=RequestPacket(items)))


def answered(reply: Any) -> ReplyFrame:
    items = (
        ReplyEntry(ReplyNullAddress()),
        ReplyEntry(UnconnectedReply(reply)),
        IDENTITY,
    )
    return ReplyFrame(payload=SendRRDataReply(packet=ReplyPacket(items)))


VALID: list[Any] = [
    asked(SEND),
    asked(WriteTag(SCADA, Atomic(0xC3), 1, b"\1\0")),
    asked(MultipleService(MANAGER, (ReadTag(SCADA).encode(),) * 2)),
    answered(ReadTagReply(0xFF, (0x2105, 1))),
    SEND,
    ReadTagReply(6, (1, 2), b"\xc3\0\1\0"),
    Path((Class(6), Port(20, "192.168.1.2"), Symbol("abc"), Element(70000))),
]
FAMILIES: dict[type, Any] = {UnconnectedSend: Request, ReadTagReply: Reply}


def reader(value: Any) -> Any:
    return FAMILIES.get(type(value), type(value))


def read(cls: Any, octets: bytes) -> Any:
    """A value, or None where it is refused as it should be."""
    try:
        value = cls.decode(octets)
    except ProtocolError as exc:
        assert exc.machine, exc
        assert exc.state, exc
        assert 0 <= exc.offset <= len(octets), exc
        assert exc.problem in str(exc)
        return None
    return value


def lawful(cls: Any, octets: bytes) -> None:
    """What is read is canonical once it is written; both engines say the same."""
    value = read(cls, octets)
    traced, wanted = agreed(cls, octets), outcome(cls, octets)
    # Tracing, a codec is asked before anyone sees that octets are left over.
    if value is not None or traced[1:3] != ("MultipleService", "requests"):
        assert traced == wanted
    if value is None:
        return
    again = value.encode()
    assert cls.decode(again).encode() == again


# -- by chance


@pytest.mark.parametrize("cls", READS)
@given(octets=st.binary(max_size=200))
@example(octets=b"")
def test_random_octets(cls: Any, octets: bytes) -> None:
    lawful(cls, octets)


@pytest.mark.parametrize("cls", READS)
@given(seed=st.integers(0, 2**64))
def test_messages_with_something_wrong(cls: Any, seed: int) -> None:
    lawful(cls, generate.octets(cls, Random(seed)))


@pytest.mark.parametrize("cls", READS)
@given(seed=st.integers(0, 2**64))
def test_messages_that_are_right(cls: Any, seed: int) -> None:
    value = generate.values(cls, Random(seed))
    octets = value.encode()
    assert cls.decode(octets) == value
    assert agreed(cls, octets) == outcome(cls, octets)


@given(
    octets=st.binary(max_size=120), command=st.sampled_from([0, 0x63, 0x65, 0x6F, 0x70])
)
def test_random_data_in_a_right_header(octets: bytes, command: int) -> None:
    frame = Encapsulation(command, payload=octets).encode()
    lawful(RequestFrame, frame)
    lawful(ReplyFrame, frame)
    assert Encapsulation.decode(frame).payload == octets


@given(
    octets=st.binary(max_size=120), type_id=st.sampled_from([0, 0xA1, 0xB1, 0xB2, 0xC])
)
def test_random_data_in_right_items(octets: bytes, type_id: int) -> None:
    packet = Packet((Item(0), Item(type_id, octets))).encode()
    lawful(RequestPacket, packet)
    lawful(ReplyPacket, packet)


@given(octets=st.binary(max_size=200), cuts=st.lists(st.integers(0, 200), max_size=5))
def test_a_stream_of_anything_ends_the_same_however_it_is_cut(
    octets: bytes, cuts: list[int]
) -> None:
    places = [0, *sorted(cuts), len(octets)]
    pieces = [octets[a:b] for a, b in pairwise(places)]
    for cls in (RequestFrame, ReplyFrame):
        assert streamed(cls, pieces) == streamed(cls, [octets])


def streamed(cls: Any, pieces: list[bytes]) -> tuple[list[Any], Any]:
    parser, found = cls.parser(limit=1 << 16), []
    try:
        for piece in pieces:
            found += parser.feed(piece)
        found += parser.close()
    except ProtocolError as exc:
        return found, (type(exc), exc.machine, exc.state, exc.offset)
    return found, None


# -- by intent: every valid message, cut or with every length and count a lie


@pytest.mark.parametrize("value", VALID, ids=lambda one: type(one).__name__)
def test_every_truncation(value: Any) -> None:
    octets = value.encode()
    for end in range(len(octets)):
        lawful(reader(value), octets[:end])


@pytest.mark.parametrize("value", VALID, ids=lambda one: type(one).__name__)
def test_every_number_that_lies(value: Any) -> None:
    """Each octet, and each two as a number: 0, 1, one more, one less, the most."""
    octets = value.encode()
    for width in (1, 2):
        most = (1 << 8 * width) - 1
        for at in range(len(octets) - width + 1):
            true = int.from_bytes(octets[at : at + width], "little")
            for lie in {0, 1, true + 1, true - 1, most} - {true, -1, most + 1}:
                wrong = bytearray(octets)
                wrong[at : at + width] = lie.to_bytes(width, "little")
                lawful(reader(value), bytes(wrong))


@pytest.mark.parametrize("value", VALID, ids=lambda one: type(one).__name__)
def test_every_octet_that_is_missing_or_too_many(value: Any) -> None:
    octets = value.encode()
    for at in range(len(octets)):
        lawful(reader(value), octets[:at] + octets[at + 1 :])
        lawful(reader(value), octets[:at] + b"\0" + octets[at:])
        lawful(reader(value), octets[:at] + b"\xff" + octets[at:])


def nested(depth: int) -> bytes:
    """A request in so many Unconnected Sends, by hand: writing it is refused too."""
    octets = GetAttributesAll(Path()).encode()
    for _ in range(depth):
        size = len(octets).to_bytes(2, "little")
        octets = bytes.fromhex("520220062401059d") + size + octets + bytes(2)
    return octets


def test_nesting_has_a_bound() -> None:
    depths = [depth for depth in range(101) if read(Request, nested(depth)) is not None]
    assert depths == list(range(len(depths)))
    assert 8 <= len(depths) < 100
    for depth in (*range(len(depths) - 2, len(depths) + 2), 100, 4000):
        lawful(Request, nested(depth))
        item = Item(0xB2, nested(depth))
        lawful(RequestFrame, command(Packet((Item(0), item)).encode()))
    value: Any = GetAttributesAll(Path())
    for _ in range(100):
        value = UnconnectedSend(path=MANAGER, request=value)
    with pytest.raises(EncodeError, match="deep"):
        value.encode()


def test_a_nest_of_lying_lengths_ends() -> None:
    head = bytes.fromhex("520220062401059dffff")
    assert read(Request, head * 6000) is None
    assert read(Request, b"\x52\x02\x20\x06\x24\x01\x05\x9d\0\0" * 6000) is None


def command(data: bytes) -> bytes:
    return Encapsulation(0x6F, payload=bytes(6) + data).encode()


def large(longest: int) -> dict[str, tuple[Any, bytes]]:
    """Frames of about so many octets, of as many small parts as there can be."""
    items = (longest - 8) // 4
    count, empty = items.to_bytes(2, "little"), bytes(4 * items)
    unknown = (longest - 8) // 5
    request = b"\x03\xff" + b"\x28\1" * 255 + bytes(2)
    full = b"\xb2\0" + len(request).to_bytes(2, "little") + request
    requests = longest // len(full) - 1
    members = (longest - 40) // 2
    offsets = (2 + 2 * members).to_bytes(2, "little") * members
    return {
        "no addresses": (RequestFrame, command(count + empty)),
        "no replies' addresses": (ReplyFrame, command(count + empty)),
        "unknown items": (
            RequestFrame,
            command(unknown.to_bytes(2, "little") + b"\xee\0\1\0\0" * unknown),
        ),
        "requests with a path of 255 segments each": (
            RequestFrame,
            command(requests.to_bytes(2, "little") + full * requests),
        ),
        "members without octets": (
            Request,
            b"\x0a\0" + members.to_bytes(2, "little") + offsets,
        ),
        "attributes": (
            Request,
            b"\x03\0" + members.to_bytes(2, "little") + bytes(2 * members),
        ),
        "one write": (Request, b"\x4d\0\xc2\0\1\0" + bytes(longest)),
        "items that are not there": (RequestFrame, command(b"\xff\xff" + empty)),
    }


NAMES = list(large(4096))


@pytest.mark.parametrize("name", NAMES)
def test_the_largest_frames_take_bounded_time(name: str) -> None:
    cls, octets = large(LONGEST)[name]
    read(cls, b"")  # what is made at first use is made
    takes_at_most(SECONDS_MOST, partial(read, cls, octets))
    value = read(cls, octets)
    assert (value is None) is (name == "items that are not there")


# Watching memory is slow: all at a quarter, and the worst of them whole.
@pytest.mark.parametrize(
    ("name", "longest"),
    [*((name, LONGEST // 4) for name in NAMES), ("items that are not there", LONGEST)],
)
def test_large_frames_take_bounded_memory(name: str, longest: int) -> None:
    cls, octets = large(longest)[name]
    read(cls, b"")
    tracemalloc.start()
    try:
        read(cls, octets)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    allowed = MEMORY_TIMES * len(octets) + MEMORY_FREE
    assert peak < allowed, f"{peak} octets of memory for {len(octets)}"


def test_octet_by_octet_the_largest_frame_takes_bounded_time() -> None:
    cls, octets = large(LONGEST)["no addresses"]
    parser = cls.parser(limit=1 << 17)

    def in_single_octets() -> None:
        feed = parser.feed
        found = [one for at in range(len(octets)) for one in feed(octets[at : at + 1])]
        assert len(found) == 1
        assert parser.buffered == 0

    takes_at_most(SECONDS_MOST, in_single_octets)


def test_a_length_that_never_comes_holds_no_more_than_came() -> None:
    tracemalloc.start()
    try:
        parsers = [RequestFrame.parser() for _ in range(50)]
        for parser in parsers:
            assert parser.feed(b"\x6f\0\xff\xff" + bytes(20)) == []
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 50 * 64 * 1024
    assert all(parser.buffered == 24 for parser in parsers)
