# SPDX-License-Identifier: Apache-2.0
"""Tag services: Logix 5000 Data Access; and Unconnected Send, CIP Vol 1, 3-5.5.2."""

from __future__ import annotations

import pytest
from laws import agreed, check, outcome

from cpppo.errors import Malformed, ProtocolError
from cpppo.protocol.enip import (
    Atomic,
    Class,
    Element,
    GetAttributesAll,
    Instance,
    MessageRouterRequest,
    Path,
    Port,
    ReadTag,
    ReadTagFragmented,
    ReadTagFragmentedReply,
    ReadTagReply,
    ReadTemplate,
    Reply,
    Request,
    RoutePath,
    Segment,
    Structure,
    Symbol,
    TypedData,
    UnconnectedSend,
    UnconnectedSendParameters,
    WriteTag,
    WriteTagFragmented,
    WriteTagFragmentedReply,
    WriteTagReply,
)

SCADA = Path((Symbol("SCADA"), Element(1)))
PATH = "05 91 05 53 43 41 44 41 00 28 01"
INT, STRING = Atomic(0xC3), Structure(0x0FCE)


def octets(text: str) -> bytes:
    return bytes.fromhex(text)


READS: list[tuple[Request, str]] = [
    (ReadTag(SCADA), f"4c {PATH} 01 00"),
    (ReadTag(SCADA, 300), f"4c {PATH} 2c 01"),
    (ReadTagFragmented(SCADA), f"52 {PATH} 01 00 00 00 00 00"),
    (ReadTagFragmented(SCADA, 1000, 488), f"52 {PATH} e8 03 e8 01 00 00"),
    (ReadTag(Path((Class(0x6B), Instance(0x1234)))), "4c 03 20 6b 25 00 34 12 01 00"),
    # 0x4C is another service where the path leads to a template.
    (
        ReadTemplate(path=Path((Class(0x6C), Instance(0xFCE))), offset=8, length=57),
        "4c 03 20 6c 25 00 ce 0f 08 00 00 00 39 00",
    ),
]
WRITES: list[tuple[Request, str, int]] = [
    (WriteTag(SCADA, INT, 1, b"\xfe\xff"), f"4d {PATH} c3 00 01 00 fe ff", 2),
    (
        WriteTag(SCADA, STRING, 1, b"\1\0\0\0a"),
        f"4d {PATH} a0 02 ce 0f 01 00 01 00 00 00 61",
        5,
    ),
    (
        WriteTagFragmented(SCADA, INT, 300, 400, b"\1\0\2\0"),
        f"53 {PATH} c3 00 2c 01 90 01 00 00 01 00 02 00",
        4,
    ),
    (
        WriteTagFragmented(SCADA, STRING, 2, 88, b"\1"),
        f"53 {PATH} a0 02 ce 0f 02 00 58 00 00 00 01",
        1,
    ),
]


@pytest.mark.parametrize(("request_", "text"), READS, ids=repr)
def test_reads(request_: Request, text: str) -> None:
    check(request_, octets(text))
    assert Request.decode(octets(text)) == request_


@pytest.mark.parametrize(("request_", "text", "data"), WRITES, ids=repr)
def test_writes(request_: Request, text: str, data: int) -> None:
    end = len(octets(text))
    check(request_, octets(text), open_=True, rests=range(end - data, end))
    assert Request.decode(octets(text)) == request_


REPLIES: list[tuple[Reply, str, int]] = [
    (ReadTagReply(data=b"\xc3\0\xfe\xff"), "cc 00 00 00 c3 00 fe ff", 4),
    (ReadTagReply(6, (), b"\xc4\0"), "cc 00 06 00 c4 00", 2),
    (ReadTagReply(0x05), "cc 00 05 00", 0),
    (ReadTagReply(0xFF, (0x2105,)), "cc 00 ff 01 05 21", 0),
    (
        ReadTagFragmentedReply(data=b"\xca\0\0\0\x80?"),
        "d2 00 00 00 ca 00 00 00 80 3f",
        6,
    ),
    # An Unconnected Send that could not be sent on: what was left of its route.
    (ReadTagFragmentedReply(1, (0x0312,), b"\1"), "d2 00 01 01 12 03 01", 1),
    (WriteTagReply(), "cd 00 00 00", 0),
    (WriteTagReply(0xFF, (0x2107,)), "cd 00 ff 01 07 21", 0),
    (WriteTagFragmentedReply(), "d3 00 00 00", 0),
]


@pytest.mark.parametrize(("reply", "text", "data"), REPLIES, ids=repr)
def test_replies(reply: Reply, text: str, data: int) -> None:
    end = len(octets(text))
    check(reply, octets(text), open_=True, rests=range(end - data, end))
    assert Reply.decode(octets(text)) == reply


DATA: list[tuple[TypedData, str, int]] = [
    (TypedData(INT, b"\xfe\xff"), "c3 00 fe ff", 2),
    (TypedData(STRING, b"\0\0\0\0"), "a0 02 ce 0f 00 00 00 00", 4),
    (TypedData(Atomic(0x00A0), b"\1\2"), "a0 00 01 02", 2),
    (TypedData(Atomic(0x03C1), b"\1"), "c1 03 01", 1),
]


@pytest.mark.parametrize(("data", "text", "rest"), DATA, ids=repr)
def test_the_data_of_a_read_begin_with_their_type(
    data: TypedData, text: str, rest: int
) -> None:
    end = len(octets(text))
    check(data, octets(text), open_=True, rests=range(end - rest, end))


def test_a_write_keeps_surplus_octets_in_its_data() -> None:
    # libplctag: a pad octet after an odd number of them.
    read = Request.decode(octets(f"4d {PATH} c2 00 01 00 7f 00"))
    assert read == WriteTag(SCADA, Atomic(0xC2), 1, b"\x7f\0")
    # pycomm3: a single write, then a sequence number and the same once more.
    once = octets(f"4d {PATH} c3 00 01 00 2a 00")
    twice = Request.decode(once + b"\5\0" + once)
    assert twice == WriteTag(SCADA, INT, 1, b"\x2a\0\5\0" + once)


def test_a_read_takes_no_surplus_octets() -> None:
    with pytest.raises(Malformed, match="2 octets are left over"):
        Request.decode(octets(f"4c {PATH} 01 00 00 00"))


# -- 0x52: one code of two services

SEND = UnconnectedSend(
    path=Path((Class(6), Instance(1))),
    priority=5,
    ticks=157,
    request=ReadTag(SCADA, 20),
    route=RoutePath((Port(1, 0),)),
)
INNER = f"4c {PATH} 14 00"
SENT = f"05 9d 0e 00 {INNER} 01 00 01 00"


def test_an_unconnected_send() -> None:
    check(SEND, octets(f"52 02 20 06 24 01 {SENT}"))
    assert Request.decode(octets(f"52 02 20 06 24 01 {SENT}")) == SEND


@pytest.mark.parametrize(
    ("path", "canonical"),
    [
        ("02 20 06 24 01", True),
        ("03 21 00 06 00 24 01", False),
        ("04 22 00 06 00 00 00 24 01", False),
        ("03 20 06 25 00 01 00", False),
        ("04 20 06 26 00 01 00 00 00", False),
        ("04 20 06 27 00 01 00 00 00", False),
    ],
)
def test_it_is_one_in_any_spelling_of_its_path(path: str, canonical: bool) -> None:
    whole = octets(f"52 {path} {SENT}")
    assert Request.decode(whole) == SEND
    assert agreed(Request, whole) == outcome(Request, whole)
    assert (SEND.encode() == whole) is canonical


def test_its_path_may_lead_to_the_class_alone() -> None:
    read = Request.decode(octets(f"52 01 20 06 {SENT}"))
    assert read == SEND.replace(path=Path((Class(6),)))


ELSEWHERE: list[tuple[Segment, ...]] = [
    (),
    (Symbol("\x06"),),
    (Class(2), Instance(6)),
    (Instance(6), Class(6)),
    (Class(0x106), Instance(1)),
    (Class(0x60006),),
    (Class(0x6C), Instance(1)),
    (Class(2), Class(6)),
]


@pytest.mark.parametrize("segments", ELSEWHERE, ids=repr)
def test_elsewhere_it_is_a_fragmented_read(segments: tuple[Segment, ...]) -> None:
    value = ReadTagFragmented(Path(segments), 0x9D05, 0x0200000E)
    check(value, b"\x52" + Path(segments).encode() + octets("05 9d 0e 00 00 02"))


def test_elsewhere_0x4c_reads_a_tag() -> None:
    value = ReadTag(Path((Class(0x93), Instance(0x6C))), 1)
    check(value, octets("4c 02 20 93 24 6c 01 00"))
    value = ReadTag(Path((Class(0x16C), Instance(1))), 1)
    check(value, octets("4c 03 21 00 6c 01 24 01 01 00"))


def test_an_odd_request_is_padded() -> None:
    inner = WriteTag(SCADA, Atomic(0xC2), 1, b"\x7f")
    whole = octets(
        f"52 02 20 06 24 01 05 9d 11 00 4d {PATH} c2 00 01 00 7f 00 01 00 01 00"
    )
    check(SEND.replace(request=inner), whole)


def test_a_request_may_be_sent_on_and_on() -> None:
    twice = SEND.replace(request=SEND, route=RoutePath((Port(2, "192.168.1.2"),)))
    check(twice, twice.encode())


def test_without_a_route_there_is_an_empty_one() -> None:
    alone = UnconnectedSend(
        path=Path((Class(6), Instance(1))),
        request=GetAttributesAll(Path((Class(1), Instance(1)))),
    )
    check(alone, octets("52 02 20 06 24 01 05 9d 06 00 01 02 20 01 24 01 00 00"))


WRONG = [
    f"52 02 20 06 24 01 05 9d 0d 00 {INNER} 01 00 01 00",  # a length one short
    f"52 02 20 06 24 01 05 9d 0f 00 {INNER} 00 01 00 01 00",  # and one long
    f"52 02 20 06 24 01 05 9d 00 00 {INNER} 01 00 01 00",
    f"52 02 20 06 24 01 05 9d 0e 00 {INNER} 02 00 01 00",  # a route too long
    f"52 02 20 06 24 01 05 9d 0e 00 {INNER} 00 00 01 00",  # and one too short
]


@pytest.mark.parametrize("text", WRONG)
def test_lengths_that_lie_are_refused(text: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        Request.decode(octets(text))
    assert caught.value.machine and caught.value.state and caught.value.offset
    assert agreed(Request, octets(text)) == outcome(Request, octets(text))


def test_a_wrong_request_inside_can_still_be_answered() -> None:
    """Its service is found, and the route; what is wrong is left as it is."""
    whole = octets("52 02 20 06 24 01 05 9d 05 00 4c 09 91 02 61 00 01 00 01 00")
    with pytest.raises(ProtocolError):
        Request.decode(whole)
    outer = MessageRouterRequest.decode(whole)
    assert Path.decode(bytes([len(outer.path) // 2]) + outer.path) == SEND.path
    sent = UnconnectedSendParameters.decode(outer.data)
    assert sent.request == octets("4c 09 91 02 61")
    assert RoutePath.decode(sent.route) == SEND.route


def test_what_is_sent_on_can_be_left_as_octets() -> None:
    parameters = UnconnectedSendParameters(request=octets(INNER), route=b"\1\0\1\0")
    whole = octets(SENT)
    end = len(whole)
    check(parameters, whole, open_=True, rests=range(end - 4, end))
    odd = UnconnectedSendParameters(request=b"\x4c")
    check(odd, octets("05 9d 01 00 4c 00 00 00"), open_=True, rests=(6, 7))
