# SPDX-License-Identifier: Apache-2.0
"""Whole frames, from the encapsulation to the tag, as clients and servers send them."""

from __future__ import annotations

from typing import Any

import pytest
from laws import check, fed

from cpppo.protocol.enip import (
    Atomic,
    Class,
    ConnectedAddress,
    ConnectedReply,
    ConnectedRequest,
    Element,
    Encapsulation,
    GetAttributesAll,
    Instance,
    LargeForwardOpen,
    ListIdentity,
    MultipleService,
    NullAddress,
    Path,
    Port,
    ReadTag,
    ReadTagFragmented,
    ReadTagFragmentedReply,
    ReadTagReply,
    Register,
    RegisterReply,
    ReplyConnectedAddress,
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
    SendUnitData,
    SendUnitDataReply,
    Symbol,
    TypedData,
    UnconnectedReply,
    UnconnectedRequest,
    UnconnectedSend,
    UnRegister,
    WriteTag,
)

SESSION = 0x00020001
SCADA = Path((Symbol("SCADA"), Element(1)))
MANAGER = Path((Class(6), Instance(1)))


def asked(request: Request, timeout: int = 0) -> RequestFrame:
    """A request without a connection."""
    items = RequestEntry(NullAddress()), RequestEntry(UnconnectedRequest(request))
    packet = RequestPacket(items)
    return RequestFrame(
        session=SESSION, payload=SendRRData(timeout=timeout, packet=packet)
    )


def answered(reply: Any) -> ReplyFrame:
    items = ReplyEntry(ReplyNullAddress()), ReplyEntry(UnconnectedReply(reply))
    return ReplyFrame(
        session=SESSION, payload=SendRRDataReply(packet=ReplyPacket(items))
    )


OPENING = (
    "0a 0e 02 00 00 20 04 00 00 00 27 04 09 10 78 56 34 12 07 00 00 00"
    "01 40 20 00 a0 0f 00 42 01 40 20 00 a0 0f 00 42 a3 03 01 00 20 02 24 01"
)

FRAMES: list[tuple[str, RequestFrame | ReplyFrame, str]] = [
    (
        "Register Session, with a context that is to come back",
        RequestFrame(context=b"_pycomm_", payload=Register()),
        "65 00 04 00 00 00 00 00 00 00 00 00 5f 70 79 63 6f 6d 6d 5f 00 00 00 00"
        "01 00 00 00",
    ),
    (
        "and its reply, with the session's handle",
        ReplyFrame(session=SESSION, context=b"_pycomm_", payload=RegisterReply(1, 0)),
        "65 00 04 00 01 00 02 00 00 00 00 00 5f 70 79 63 6f 6d 6d 5f 00 00 00 00"
        "01 00 00 00",
    ),
    (
        "List Identity, without a session",
        RequestFrame(context=b"HiMom\0\0\0", payload=ListIdentity()),
        "63 00 00 00 00 00 00 00 00 00 00 00 48 69 4d 6f 6d 00 00 00 00 00 00 00",
    ),
    (
        "UnRegister Session",
        RequestFrame(session=SESSION, payload=UnRegister()),
        "66 00 00 00 01 00 02 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00",
    ),
    (
        "Read Tag Fragmented in an Unconnected Send over the backplane",
        asked(
            UnconnectedSend(
                path=MANAGER,
                request=ReadTagFragmented(SCADA, 20, 0),
                route=RoutePath((Port(1, 0),)),
            )
        ),
        "6f 00 30 00 01 00 02 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"
        "00 00 00 00 00 00 02 00 00 00 00 00 b2 00 20 00"
        "52 02 20 06 24 01 05 9d 12 00"
        "52 05 91 05 53 43 41 44 41 00 28 01 14 00 00 00 00 00"
        "01 00 01 00",
    ),
    (
        "its reply, which is that of the request inside",
        answered(
            ReadTagFragmentedReply(data=TypedData(Atomic(0xC3), b"\5\0").encode())
        ),
        "6f 00 18 00 01 00 02 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"
        "00 00 00 00 00 00 02 00 00 00 00 00 b2 00 08 00 d2 00 00 00 c3 00 05 00",
    ),
    (
        "its reply where the route leads nowhere",
        answered(ReadTagFragmentedReply(1, (0x0312,), b"\1")),
        "6f 00 17 00 01 00 02 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"
        "00 00 00 00 00 00 02 00 00 00 00 00 b2 00 07 00 d2 00 01 01 12 03 01",
    ),
    (
        "Get Attributes All straight to the message router",
        asked(GetAttributesAll(Path((Class(1), Instance(1)))), timeout=10),
        "6f 00 16 00 01 00 02 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"
        "00 00 00 00 0a 00 02 00 00 00 00 00 b2 00 06 00 01 02 20 01 24 01",
    ),
    (
        "a Large Forward Open, as a well-known client sends it",
        asked(
            LargeForwardOpen(
                path=MANAGER,
                to_target=0x20000002,
                to_originator=4,
                serial=0x0427,
                vendor=0x1009,
                originator=0x12345678,
                multiplier=7,
                target_interval=0x00204001,
                target_parameters=0x42000FA0,
                originator_interval=0x00204001,
                originator_parameters=0x42000FA0,
                connection=Path((Port(1, 0), Class(2), Instance(1))),
            )
        ),
        "6f 00 44 00 01 00 02 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"
        "00 00 00 00 00 00 02 00 00 00 00 00 b2 00 34 00 5b 02 20 06 24 01" + OPENING,
    ),
    (
        "Read Tag over a connection",
        RequestFrame(
            session=SESSION,
            payload=SendUnitData(
                packet=RequestPacket(
                    (
                        RequestEntry(ConnectedAddress(0x20000002)),
                        RequestEntry(ConnectedRequest(7, ReadTag(SCADA, 2).encode())),
                    )
                )
            ),
        ),
        "70 00 24 00 01 00 02 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"
        "00 00 00 00 00 00 02 00 a1 00 04 00 02 00 00 20 b1 00 10 00 07 00"
        "4c 05 91 05 53 43 41 44 41 00 28 01 02 00",
    ),
    (
        "and its reply, with the client's own connection",
        ReplyFrame(
            session=SESSION,
            payload=SendUnitDataReply(
                packet=ReplyPacket(
                    (
                        ReplyEntry(ReplyConnectedAddress(0x00270421)),
                        ReplyEntry(ConnectedReply(7, ReadTagReply(5).encode())),
                    )
                )
            ),
        ),
        "70 00 1a 00 01 00 02 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"
        "00 00 00 00 00 00 02 00 a1 00 04 00 21 04 27 00 b1 00 06 00 07 00 cc 00 05 00",
    ),
]


@pytest.mark.parametrize(
    ("frame", "text"), [one[1:] for one in FRAMES], ids=[one[0] for one in FRAMES]
)
def test_frames(frame: RequestFrame | ReplyFrame, text: str) -> None:
    check(frame, bytes.fromhex(text))


def test_places_that_clients_know_by_number() -> None:
    """pycomm3 and pylogix look for service, status and data at fixed offsets."""
    unconnected = answered(ReadTagReply(data=b"\xc3\0\5\0")).encode()
    assert unconnected[40] == 0xCC
    assert (unconnected[42], unconnected[44:46]) == (0, b"\xc3\0")
    connected = bytes.fromhex(FRAMES[-1][2])
    assert (connected[46], connected[48]) == (0xCC, 5)


def test_a_write_that_is_sent_twice_over_in_one_item() -> None:
    write = WriteTag(SCADA, Atomic(0xC3), 1, b"\x2a\0").encode()
    entries = (
        RequestEntry(ConnectedAddress(1)),
        RequestEntry(ConnectedRequest(5, write + b"\5\0" + write)),
    )
    sent = RequestFrame(payload=SendUnitData(packet=RequestPacket(entries)))
    frame: Any = RequestFrame.decode(sent.encode())
    data = frame.payload.packet.entries[1].item.data
    read = Request.decode(data)
    assert read == WriteTag(SCADA, Atomic(0xC3), 1, b"\x2a\0\5\0" + write)


def test_several_services_in_a_frame() -> None:
    members = tuple(
        ReadTag(Path((Symbol(f"tag{number}"),)), number).encode()
        for number in range(20)
    )
    sent = asked(MultipleService(Path((Class(2), Instance(1))), members))
    frame: Any = RequestFrame.decode(sent.encode())
    read = [
        Request.decode(one)
        for one in frame.payload.packet.entries[1].item.request.requests
    ]
    assert read == [
        ReadTag(Path((Symbol(f"tag{number}"),)), number) for number in range(20)
    ]


def test_frames_come_out_of_a_stream_one_by_one_however_it_is_cut() -> None:
    requests = [one[1] for one in FRAMES if isinstance(one[1], RequestFrame)]
    stream = b"".join(frame.encode() for frame in requests)
    for size in (1, 2, 3, 7, 24, 25, 100, len(stream)):
        pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
        assert fed(RequestFrame, *pieces) == requests
        assert [one.encode() for one in fed(Encapsulation, *pieces)] == [
            frame.encode() for frame in requests
        ]
