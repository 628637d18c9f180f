# SPDX-License-Identifier: Apache-2.0
"""The encapsulation and its commands: CIP Vol 2, 2-3 and 2-4."""

from __future__ import annotations

import struct

import pytest
from laws import agreed, check, outcome

from cpppo.errors import EncodeError, Malformed, ProtocolError
from cpppo.protocol.enip import (
    CommunicationsService,
    Encapsulation,
    GetAttributesAll,
    Identity,
    Item,
    Legacy,
    LegacyReply,
    ListIdentity,
    ListIdentityReply,
    ListInterfaces,
    ListInterfacesReply,
    ListServices,
    ListServicesReply,
    MessageRouterRequest,
    Nop,
    OtherCommand,
    OtherCommandReply,
    OtherReplyItem,
    Packet,
    Path,
    Register,
    RegisterReply,
    ReplyCommand,
    ReplyEntry,
    ReplyFrame,
    ReplyPacket,
    RequestCommand,
    RequestFrame,
    RequestPacket,
    SendData,
    SendRRData,
    SendRRDataReply,
    SendUnitData,
    SendUnitDataReply,
    UnRegister,
    UnRegisterReply,
)

SESSION, CONTEXT = 0x12345678, b"_pycomm_"


def header(command: int, data: bytes, status: int = 0) -> bytes:
    """The header, by hand."""
    return (
        struct.pack("<HHII8sI", command, len(data), SESSION, status, CONTEXT, 0) + data
    )


def octets(text: str) -> bytes:
    return bytes.fromhex(text)


REQUESTS: list[tuple[RequestCommand, int, str]] = [
    (Nop(), 0x0000, ""),
    (Nop(b"any"), 0x0000, "61 6e 79"),
    (Legacy(), 0x0001, ""),
    (ListServices(), 0x0004, ""),
    (ListIdentity(), 0x0063, ""),
    (ListInterfaces(), 0x0064, ""),
    (Register(), 0x0065, "01 00 00 00"),
    (Register(2, 1), 0x0065, "02 00 01 00"),
    (UnRegister(), 0x0066, ""),
    (SendRRData(packet=RequestPacket()), 0x006F, "00 00 00 00 00 00 00 00"),
    (
        SendUnitData(interface=1, timeout=10, packet=RequestPacket()),
        0x0070,
        "01 00 00 00 0a 00 00 00",
    ),
    (OtherCommand(0x0072), 0x0072, ""),
    (OtherCommand(0xFFFF, b"\1"), 0xFFFF, "01"),
]

IDENTITY = ReplyPacket((ReplyEntry(Identity(name="x")),))
SERVICES = ReplyPacket((ReplyEntry(CommunicationsService(1, 0x0120)),))
REPLIES: list[tuple[ReplyCommand, int, str]] = [
    (
        LegacyReply(ReplyPacket((ReplyEntry(OtherReplyItem(1)),))),
        1,
        "01 00 01 00 00 00",
    ),
    (ListServicesReply(SERVICES), 0x0004, SERVICES.encode().hex()),
    (ListIdentityReply(IDENTITY), 0x0063, IDENTITY.encode().hex()),
    (ListInterfacesReply(ReplyPacket()), 0x0064, "00 00"),
    (RegisterReply(1, 0), 0x0065, "01 00 00 00"),
    (UnRegisterReply(), 0x0066, ""),
    (SendRRDataReply(packet=ReplyPacket()), 0x006F, "00 00 00 00 00 00 00 00"),
    (SendUnitDataReply(0, 1, ReplyPacket()), 0x0070, "00 00 00 00 01 00 00 00"),
    (OtherCommandReply(0x0072, b"\1"), 0x0072, "01"),
]

NOTHING: list[tuple[ReplyCommand, int]] = [
    (LegacyReply(), 0x0001),
    (ListServicesReply(), 0x0004),
    (ListIdentityReply(), 0x0063),
    (ListInterfacesReply(), 0x0064),
    (RegisterReply(), 0x0065),
    (UnRegisterReply(), 0x0066),
    (SendRRDataReply(), 0x006F),
    (SendUnitDataReply(), 0x0070),
    (OtherCommandReply(0x0099), 0x0099),
]


@pytest.mark.parametrize(("payload", "command", "text"), REQUESTS, ids=repr)
def test_what_clients_send(payload: RequestCommand, command: int, text: str) -> None:
    frame = RequestFrame(session=SESSION, context=CONTEXT, payload=payload)
    check(frame, header(command, octets(text)))
    assert (frame.command, frame.length) == (command, len(octets(text)))


@pytest.mark.parametrize(("payload", "command", "text"), REPLIES, ids=repr)
def test_what_servers_send(payload: ReplyCommand, command: int, text: str) -> None:
    frame = ReplyFrame(session=SESSION, context=CONTEXT, payload=payload)
    check(frame, header(command, octets(text)))
    assert (frame.command, frame.length) == (command, len(octets(text)))


@pytest.mark.parametrize(("payload", "command"), NOTHING, ids=repr)
def test_an_error_is_a_header_alone(payload: ReplyCommand, command: int) -> None:
    frame = ReplyFrame(session=SESSION, status=0x64, context=CONTEXT, payload=payload)
    check(frame, header(command, b"", 0x64))


@pytest.mark.parametrize(("_payload", "command", "text"), REQUESTS, ids=repr)
def test_any_frame_can_be_left_as_octets(
    _payload: RequestCommand, command: int, text: str
) -> None:
    frame = Encapsulation(command, SESSION, 0, CONTEXT, 0, octets(text))
    check(frame, header(command, octets(text)))


def test_the_longest_frame() -> None:
    payload = bytes(65535)
    frame = Encapsulation(0, payload=payload)
    assert Encapsulation.decode(frame.encode()) == frame
    with pytest.raises(EncodeError, match=r"Encapsulation\.length"):
        Encapsulation(0, payload=payload + b"\0").encode()


@pytest.mark.parametrize("context", [b"", b"1234567", b"123456789"])
def test_a_context_has_eight_octets(context: bytes) -> None:
    with pytest.raises(EncodeError, match=r"Encapsulation\.context"):
        Encapsulation(0, context=context).encode()


WRONG = [
    header(0x65, b"\1\0"),
    header(0x65, b"\1\0\0\0\0"),
    header(0x6F, bytes(7)),
    header(0x6F, bytes(9)),
    header(0x70, b""),
]


@pytest.mark.parametrize("whole", WRONG, ids=bytes.hex)
def test_data_that_its_command_has_not_cost_that_frame_alone(whole: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        RequestFrame.decode(whole)
    assert caught.value.machine and caught.value.state and caught.value.offset >= 24
    assert agreed(RequestFrame, whole) == outcome(RequestFrame, whole)
    after = RequestFrame(payload=Register()).encode()
    frames = Encapsulation.parser().feed(whole + after)
    assert [frame.encode() for frame in frames] == [whole, after]


def test_the_data_of_a_frame_read_alone_too() -> None:
    for command, data in ((Register, b"\1\0\0\0"), (SendRRData, bytes(8))):
        value = command.decode(data)
        frame = RequestFrame.decode(RequestFrame(payload=value).encode())
        assert frame.payload == value
        assert value.encode() == data


def test_a_frame_that_is_wrong_inside_can_be_answered() -> None:
    """Layer by layer, each as far as it is right: the service that was asked for."""
    request = octets("4c 01 91 05")
    sent = SendData(timeout=10, packet=Packet((Item(0), Item(0xB2, request))))
    frame = Encapsulation(0x6F, SESSION, payload=sent.encode()).encode()
    with pytest.raises(ProtocolError):
        RequestFrame.decode(frame)
    outer = SendData.decode(Encapsulation.decode(frame).payload)
    assert outer == sent
    item = outer.packet.items[1]
    assert MessageRouterRequest.decode(item.data).service == 0x4C


def test_send_data_have_the_layout_of_both_commands() -> None:
    item = Item(0xB2, GetAttributesAll(Path()).encode())
    check(
        SendData(interface=1, timeout=2, packet=Packet((Item(0), item))),
        octets("01 00 00 00 02 00 02 00 00 00 00 00 b2 00 02 00 01 00"),
    )
