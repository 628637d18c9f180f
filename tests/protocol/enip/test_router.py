# SPDX-License-Identifier: Apache-2.0
"""Requests to the message router and its replies: CIP Vol 1, 2-4 and appendix A."""

from __future__ import annotations

from typing import Any

import pytest
from laws import agreed, check, outcome

from cpppo.errors import EncodeError, Malformed, ProtocolError
from cpppo.protocol.enip import (
    Attribute,
    AttributeListReply,
    AttributeListSetReply,
    AttributesAllReply,
    AttributeSetReply,
    AttributeSingleReply,
    Class,
    ForwardOpenReply,
    GetAttributeList,
    GetAttributesAll,
    GetAttributeSingle,
    GetInstanceAttributeListReply,
    Instance,
    LargeForwardOpenReply,
    MessageRouterRequest,
    MultipleReply,
    MultipleService,
    OtherReply,
    OtherRequest,
    OtherSegment,
    Path,
    ReadTag,
    Reply,
    Request,
    SetAttributeList,
    SetAttributeSingle,
    Symbol,
    packed,
)

IDENTITY = Path((Class(1), Instance(1)))
ROUTER = Path((Class(2), Instance(1)))


def octets(text: str) -> bytes:
    return bytes.fromhex(text)


# Appendix A-4: the service, the path, and the data of the common services.
CLOSED: list[tuple[Request, str]] = [
    (GetAttributeList(IDENTITY), "03 02 20 01 24 01 00 00"),
    (
        GetAttributeList(IDENTITY, (1, 2, 7)),
        "03 02 20 01 24 01 03 00 01 00 02 00 07 00",
    ),
    (
        GetAttributeList(Path((Class(0x6C), Instance(0xFCE))), (4, 5, 2, 1)),
        "03 03 20 6c 25 00 ce 0f 04 00 04 00 05 00 02 00 01 00",
    ),
]
OPEN: list[tuple[Request, str, int]] = [
    (GetAttributesAll(IDENTITY), "01 02 20 01 24 01", 0),
    (
        GetAttributeSingle(Path((Class(0xF5), Instance(1), Attribute(5)))),
        "0e 03 20 f5 24 01 30 05",
        0,
    ),
    (
        SetAttributeSingle(
            Path((Class(0x93), Instance(3), Attribute(10))), b"\0\0\x80?"
        ),
        "10 03 20 93 24 03 30 0a 00 00 80 3f",
        4,
    ),
    # Services that no declaration has.
    (
        OtherRequest(0x56, Path((Class(0x6B), Instance(0))), octets("01 00 01 00")),
        "56 02 20 6b 24 00 01 00 01 00",
        4,
    ),
    (
        SetAttributeList(Path((Class(0x8B), Instance(1))), 1, octets("06 00 05")),
        "04 02 20 8b 24 01 01 00 06 00 05",
        3,
    ),
    # Forward Open is one only where its path says so.
    (
        OtherRequest(0x54, Path((Class(7), Instance(1))), b"\5"),
        "54 02 20 07 24 01 05",
        1,
    ),
    (OtherRequest(0x7F, Path(), b""), "7f 00", 0),
]


@pytest.mark.parametrize(("request_", "text"), CLOSED, ids=repr)
def test_requests_that_say_where_they_end(request_: Request, text: str) -> None:
    check(request_, octets(text))
    assert Request.decode(octets(text)) == request_


@pytest.mark.parametrize(("request_", "text", "data"), OPEN, ids=repr)
def test_requests_that_take_all_the_rest(
    request_: Request, text: str, data: int
) -> None:
    end = len(octets(text))
    check(request_, octets(text), open_=True, rests=range(end - data, end))
    assert Request.decode(octets(text)) == request_


# 2-4.2: a reply has the service, a reserved octet, a status and its additional words.
REPLIES: list[tuple[Reply, str, int]] = [
    (AttributesAllReply(data=b"\1\0"), "81 00 00 00 01 00", 2),
    (
        AttributeListReply(0, (), octets("01 00 07 00 00 00 2a 00")),
        "83 00 00 00 01 00 07 00 00 00 2a 00",
        8,
    ),
    (AttributeSingleReply(data=b"\0\0\x80?"), "8e 00 00 00 00 00 80 3f", 4),
    (AttributeSetReply(), "90 00 00 00", 0),
    (AttributeSetReply(0x0E), "90 00 0e 00", 0),
    (AttributeSingleReply(0xFF, (0x2105,)), "8e 00 ff 01 05 21", 0),
    (OtherReply(0xD6, 6, (), b"\1\0\0\0"), "d6 00 06 00 01 00 00 00", 4),
    (AttributeListSetReply(data=octets("01 00")), "84 00 00 00 01 00", 2),
    (
        GetInstanceAttributeListReply(6, (), b"\1\0\0\0"),
        "d5 00 06 00 01 00 00 00",
        4,
    ),
    (ForwardOpenReply(1, (0x0109, 500)), "d4 00 01 02 09 01 f4 01", 0),
    (LargeForwardOpenReply(8), "db 00 08 00", 0),
    # The service code that a request has is no less a reply, when a server sends it.
    (OtherReply(0x4C, 8), "4c 00 08 00", 0),
    (MultipleReply(0x1E, (), octets("00 00")), "8a 00 1e 00 00 00", 2),
]


@pytest.mark.parametrize(("reply", "text", "data"), REPLIES, ids=repr)
def test_replies(reply: Reply, text: str, data: int) -> None:
    end = len(octets(text))
    check(reply, octets(text), open_=True, rests=range(end - data, end))
    assert Reply.decode(octets(text)) == reply


def test_the_words_of_a_status_may_be_255() -> None:
    reply = AttributeSetReply(0xFF, tuple(range(255)))
    encoded = reply.encode()
    assert encoded[3] == 255
    assert Reply.decode(encoded) == reply
    with pytest.raises(EncodeError, match="words"):
        AttributeSetReply(0xFF, tuple(range(256))).encode()


# Multiple Service Packet: a count, offsets from where the count stands, the members.
TWO = (
    ReadTag(Path((Symbol("ab"),)), 1).encode(),
    GetAttributesAll(IDENTITY).encode(),
)
PACKET = (
    "0a 02 20 02 24 01 02 00 06 00 0e 00"
    "4c 02 91 02 61 62 01 00"  # 8 octets from 6
    "01 02 20 01 24 01"
)


def test_a_multiple_service_packet_has_its_members_as_octets() -> None:
    value = MultipleService(ROUTER, TWO)
    assert value.encode() == octets(PACKET)
    assert Request.decode(octets(PACKET)) == value
    assert agreed(Request, octets(PACKET)) == outcome(Request, octets(PACKET))
    assert [type(Request.decode(one)) for one in value.requests] == [
        ReadTag,
        GetAttributesAll,
    ]


@pytest.mark.parametrize(
    "several",
    [(), (b"",), (b"", b"a", b""), (b"ab", b"c"), (b"x" * 60000,), (b"ab",) * 500],
    ids=lambda one: str(len(one)),
)
def test_members_come_back_as_they_were_packed(several: tuple[bytes, ...]) -> None:
    value = MultipleService(ROUTER, several)
    assert Request.decode(value.encode()) == value
    reply = MultipleReply(data=packed(several))
    assert Reply.decode(reply.encode()) == reply
    assert reply.replies == several


def test_one_wrong_member_does_not_cost_the_others() -> None:
    value = MultipleService(ROUTER, (TWO[0], b"\x4c\x09\x91", TWO[1]))
    read = Request.decode(value.encode())
    assert isinstance(read, MultipleService)
    assert read.requests == value.requests
    with pytest.raises(ProtocolError):
        Request.decode(read.requests[1])
    assert Request.decode(read.requests[2]) == GetAttributesAll(IDENTITY)


def test_a_packet_in_a_packet_is_a_member_like_any() -> None:
    inner = MultipleService(ROUTER, TWO).encode()
    outer = MultipleService(ROUTER, (inner,))
    assert Request.decode(outer.encode()) == outer


def test_a_refused_packet_has_no_replies() -> None:
    assert MultipleReply(0x08).replies == ()


@pytest.mark.parametrize(
    "data",
    [
        "",
        "01",
        "01 00",
        "02 00 06 00",
        "01 00 03 00 4c",  # it begins inside the table
        "01 00 05 00 4c",  # a gap before it
        "01 00 ff ff 4c",
        "02 00 07 00 06 00 4c",  # backwards
        "00 00 4c",
        "ff ff 00 00",
    ],
)
def test_lying_offsets_are_malformed_and_say_where(data: str) -> None:
    whole = octets("0a 02 20 02 24 01" + data)
    with pytest.raises(Malformed) as caught:
        Request.decode(whole)
    assert (caught.value.machine, caught.value.offset) == ("MultipleService", 6)
    with pytest.raises(ValueError, match=r"octets|member"):
        MultipleReply(data=octets(data) or b"\1").replies  # noqa: B018


def test_members_beyond_what_offsets_can_say_are_refused() -> None:
    with pytest.raises(EncodeError, match="65535"):
        packed((b"x" * 40000, b"y" * 40000))


# What is wrong inside is still a request, for who has to answer it with a status.
ANY_REQUEST: list[tuple[str, MessageRouterRequest]] = [
    ("4c 02 91 02 61 62 01", MessageRouterRequest(0x4C, b"\x91\2ab", b"\1")),
    ("4c 02 91 09 61 62 01 00", MessageRouterRequest(0x4C, b"\x91\x09ab", b"\1\0")),
    ("0a 00 09 00", MessageRouterRequest(0x0A, b"", b"\x09\0")),
]


@pytest.mark.parametrize(("text", "wanted"), ANY_REQUEST)
def test_a_wrong_request_can_still_be_answered(
    text: str, wanted: MessageRouterRequest
) -> None:
    with pytest.raises(ProtocolError):
        Request.decode(octets(text))
    end = len(octets(text))
    check(wanted, octets(text), open_=True, rests=range(end - len(wanted.data), end))


def test_a_path_of_half_a_word_is_refused() -> None:
    with pytest.raises(EncodeError, match=r"MessageRouterRequest\.words"):
        MessageRouterRequest(0x4C, b"\x91\1a", b"").encode()


def test_what_is_not_understood_is_sent_on_as_it_came() -> None:
    text = "4a 04 20 99 43 0a 80 01 34 12 de ad be ef"
    read = Request.decode(octets(text))
    assert read == OtherRequest(
        0x4A,
        Path((Class(0x99), OtherSegment(0x43, octets("0a 80 01 34 12")))),
        octets("de ad be ef"),
    )
    assert read.encode() == octets(text)


def test_a_request_that_lacks_its_path_is_incomplete() -> None:
    for cut in ("", "4c", "4c 02 91 02"):
        assert outcome(Request, octets(cut)) == agreed(Request, octets(cut))


def test_families_are_not_written_but_by_a_variant() -> None:
    value: Any = Request
    with pytest.raises(TypeError):
        value(IDENTITY).encode()
