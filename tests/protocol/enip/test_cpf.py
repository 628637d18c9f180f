# SPDX-License-Identifier: Apache-2.0
"""The Common Packet Format and its items: CIP Vol 2, 2-6."""

from __future__ import annotations

from typing import Any

import pytest
from laws import agreed, check, outcome

from cpppo.errors import Malformed, ProtocolError
from cpppo.protocol.enip import (
    CommunicationsService,
    ConnectedAddress,
    ConnectedReply,
    ConnectedRequest,
    GetAttributesAll,
    Identity,
    Item,
    NullAddress,
    OtherReplyItem,
    OtherRequestItem,
    Packet,
    Path,
    ReadTag,
    ReadTagReply,
    ReplyConnectedAddress,
    ReplyEntry,
    ReplyItem,
    ReplyNullAddress,
    ReplyPacket,
    ReplySequencedAddress,
    ReplySocketToOriginator,
    ReplySocketToTarget,
    RequestEntry,
    RequestItem,
    RequestPacket,
    SequencedAddress,
    SocketToOriginator,
    SocketToTarget,
    Symbol,
    UnconnectedReply,
    UnconnectedRequest,
)

READ = ReadTag(Path((Symbol("ab"),)), 1)
LOCAL = 0x7F000001


def octets(text: str) -> bytes:
    return bytes.fromhex(text)


REQUESTS: list[tuple[RequestItem, str]] = [
    (NullAddress(), "00 00 00 00"),
    (ConnectedAddress(0x20000002), "a1 00 04 00 02 00 00 20"),
    (SequencedAddress(0x11223344, 7), "02 80 08 00 44 33 22 11 07 00 00 00"),
    (ConnectedRequest(1, READ.encode()), "b1 00 0a 00 01 00 4c 02 91 02 61 62 01 00"),
    (ConnectedRequest(0xFFFF, b""), "b1 00 02 00 ff ff"),
    (UnconnectedRequest(READ), "b2 00 08 00 4c 02 91 02 61 62 01 00"),
    (UnconnectedRequest(GetAttributesAll(Path())), "b2 00 02 00 01 00"),
    (
        SocketToTarget(2, 2222, LOCAL),
        "00 80 10 00 00 02 08 ae 7f 00 00 01 00 00 00 00 00 00 00 00",
    ),
    (
        SocketToOriginator(2, 44818, LOCAL),
        "01 80 10 00 00 02 af 12 7f 00 00 01 00 00 00 00 00 00 00 00",
    ),
    (OtherRequestItem(0x0086, b"\1\2\3"), "86 00 03 00 01 02 03"),
    (OtherRequestItem(0x1234), "34 12 00 00"),
]

REPLIES: list[tuple[ReplyItem, str]] = [
    (ReplyNullAddress(), "00 00 00 00"),
    (ReplyConnectedAddress(0x20000002), "a1 00 04 00 02 00 00 20"),
    (ReplySequencedAddress(1, 2), "02 80 08 00 01 00 00 00 02 00 00 00"),
    (ConnectedReply(1, octets("cc 00 05 00")), "b1 00 06 00 01 00 cc 00 05 00"),
    (UnconnectedReply(ReadTagReply(5)), "b2 00 04 00 cc 00 05 00"),
    (
        UnconnectedReply(ReadTagReply(data=b"\xc3\0\1\0")),
        "b2 00 08 00 cc 00 00 00 c3 00 01 00",
    ),
    (
        Identity(
            address=LOCAL,
            product_code=54,
            major=32,
            minor=11,
            status=0x3160,
            serial=0x6C061A,
            name="1756-L83E/B",
        ),
        "0c 00 2d 00 01 00 00 02 af 12 7f 00 00 01 00 00 00 00 00 00 00 00"
        "01 00 0e 00 36 00 20 0b 60 31 1a 06 6c 00"
        "0b 31 37 35 36 2d 4c 38 33 45 2f 42 03",
    ),
    (
        CommunicationsService(1, 0x0120),
        "00 01 14 00 01 00 20 01 43 6f 6d 6d 75 6e 69 63 61 74 69 6f 6e 73 00 00",
    ),
    (
        ReplySocketToTarget(address=LOCAL),
        "00 80 10 00 00 02 08 ae 7f 00 00 01 00 00 00 00 00 00 00 00",
    ),
    (
        ReplySocketToOriginator(address=LOCAL),
        "01 80 10 00 00 02 08 ae 7f 00 00 01 00 00 00 00 00 00 00 00",
    ),
    (OtherReplyItem(0x0001, b"old"), "01 00 03 00 6f 6c 64"),
]


@pytest.mark.parametrize(("item", "text"), REQUESTS, ids=repr)
def test_items_of_requests(item: RequestItem, text: str) -> None:
    check(RequestEntry(item), octets(text))
    check(RequestPacket((RequestEntry(item),)), b"\1\0" + octets(text))


@pytest.mark.parametrize(("item", "text"), REPLIES, ids=repr)
def test_items_of_replies(item: ReplyItem, text: str) -> None:
    check(ReplyEntry(item), octets(text))
    check(ReplyPacket((ReplyEntry(item),)), b"\1\0" + octets(text))


@pytest.mark.parametrize("text", [text for _, text in (*REQUESTS, *REPLIES)])
def test_any_item_can_be_left_as_octets(text: str) -> None:
    whole = octets(text)
    item = Item(int.from_bytes(whole[:2], "little"), whole[4:])
    check(item, whole)
    check(Packet((item, item)), b"\2\0" + whole * 2)


def test_no_items_at_all() -> None:
    for packet in (RequestPacket(), ReplyPacket(), Packet()):
        check(packet, b"\0\0")


def test_several_items_keep_their_order() -> None:
    several: list[tuple[Any, str]] = [REQUESTS[at] for at in (0, 5, 7, 9, 1)]
    packet = RequestPacket(tuple(RequestEntry(item) for item, _ in several))
    check(packet, b"\5\0" + b"".join(octets(text) for _, text in several))


WRONG = [
    "01 00 a1 00 03 00 01 02 03",  # too short for what it is
    "01 00 a1 00 05 00 01 02 03 04 05",  # and too long
    "01 00 00 00 01 00 00",  # no address has no octets
    "01 00 b2 00 07 00 4c 02 91 02 61 62 01",
    "01 00 b1 00 01 00 00",
    "02 00 00 00 00 00",  # fewer than were counted
    "01 00 00 00 00 00 00",  # and more
    "ff ff 00 00 00 00",
    "01 00 b2 00 ff ff 4c 00 01 00",
]


@pytest.mark.parametrize("text", WRONG)
def test_lengths_and_counts_that_lie_are_refused(text: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        RequestPacket.decode(octets(text))
    assert caught.value.machine and caught.value.state
    assert agreed(RequestPacket, octets(text)) == outcome(RequestPacket, octets(text))


def test_a_packet_whose_request_is_wrong_still_has_its_items() -> None:
    text = "02 00 00 00 00 00 b2 00 04 00 4c 01 91 05"
    with pytest.raises(Malformed):
        RequestPacket.decode(octets(text))
    packet = Packet.decode(octets(text))
    assert packet == Packet((Item(0), Item(0xB2, octets("4c 01 91 05"))))
