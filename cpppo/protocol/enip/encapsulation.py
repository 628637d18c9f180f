# SPDX-License-Identifier: Apache-2.0
"""The encapsulation: what every EtherNet/IP message stands in.  CIP Vol 2, chapter 2.

Over `cpf`.  Whether a frame asks or answers is known by who sent it, never by looking
at it: `RequestFrame` is what a client sends, `ReplyFrame` what a server does, and
`Encapsulation` either, with its data left as octets.

Who serves cuts a stream with `Encapsulation`, so that a frame which is wrong inside
costs no more than itself.  Such a frame still reads layer by layer: `SendData`, whose
items are octets, then `router.MessageRouterRequest` and, for an Unconnected Send,
`manager.UnconnectedSendParameters`.
"""

from __future__ import annotations

from typing import Annotated

from ...grammar import (
    ANY,
    Choice,
    Measures,
    Message,
    Octets,
    Tag,
    Tags,
    Trailing,
    UInt,
    derived,
)
from .cpf import Packet, ReplyPacket, RequestPacket

__all__ = [
    "Encapsulation",
    "Legacy",
    "LegacyReply",
    "ListIdentity",
    "ListIdentityReply",
    "ListInterfaces",
    "ListInterfacesReply",
    "ListServices",
    "ListServicesReply",
    "Nop",
    "OtherCommand",
    "OtherCommandReply",
    "Register",
    "RegisterReply",
    "ReplyCommand",
    "ReplyFrame",
    "RequestCommand",
    "RequestFrame",
    "SendData",
    "SendRRData",
    "SendRRDataReply",
    "SendUnitData",
    "SendUnitDataReply",
    "UnRegister",
    "UnRegisterReply",
]

U16 = Annotated[int, UInt(2)]
U32 = Annotated[int, UInt(4)]


class Encapsulation(Message):
    """Every EtherNet/IP message: a header of 24 octets, then a command's data."""

    command: U16
    length: Annotated[int, UInt(2), Measures("payload")] = derived()
    session: U32 = 0
    status: U32 = 0
    context: Annotated[bytes, Octets(8)] = bytes(8)
    options: U32 = 0
    payload: Annotated[bytes, Octets("length")] = b""


class SendData(Message, kw_only=True):
    """The data of SendRRData and SendUnitData, of either side, with items as octets."""

    interface: U32 = 0
    timeout: U16 = 0
    packet: Packet


class RequestCommand(Message, family=True):
    """What a client asks for."""


class Nop(RequestCommand, tag=0x0000):
    """Nothing; it is not answered."""

    data: Annotated[bytes, Octets()] = b""


class Legacy(RequestCommand, tag=0x0001):
    """An early form of List Identity, still sent by some."""

    data: Annotated[bytes, Octets()] = b""


class ListServices(RequestCommand, tag=0x0004):
    """Which services are there?"""

    data: Annotated[bytes, Octets()] = b""


class ListIdentity(RequestCommand, tag=0x0063):
    """Who is there?"""

    data: Annotated[bytes, Octets()] = b""


class ListInterfaces(RequestCommand, tag=0x0064):
    """Which interfaces are there?"""

    data: Annotated[bytes, Octets()] = b""


class Register(RequestCommand, tag=0x0065):
    """Open a session."""

    version: U16 = 1
    options: U16 = 0


class UnRegister(RequestCommand, tag=0x0066):
    """Close the session; it is not answered."""

    data: Annotated[bytes, Octets()] = b""


class SendRRData(RequestCommand, tag=0x006F, kw_only=True):
    """A request that opens no connection."""

    interface: U32 = 0
    timeout: U16 = 0
    packet: RequestPacket


class SendUnitData(RequestCommand, tag=0x0070, kw_only=True):
    """A request over a connection."""

    interface: U32 = 0
    timeout: U16 = 0
    packet: RequestPacket


class OtherCommand(RequestCommand, tag=ANY):
    """A command not known here."""

    command: Annotated[int, UInt(2), Tag()]
    data: Annotated[bytes, Octets()] = b""


class ReplyCommand(Message, family=True):
    """What a server answers."""


class LegacyReply(ReplyCommand, tag=0x0001):
    """The early form of an identity."""

    packet: Annotated[ReplyPacket | None, Trailing()] = None


class ListServicesReply(ReplyCommand, tag=0x0004):
    """These services are there."""

    packet: Annotated[ReplyPacket | None, Trailing()] = None


class ListIdentityReply(ReplyCommand, tag=0x0063):
    """This is who is there."""

    packet: Annotated[ReplyPacket | None, Trailing()] = None


class ListInterfacesReply(ReplyCommand, tag=0x0064):
    """These interfaces are there."""

    packet: Annotated[ReplyPacket | None, Trailing()] = None


class RegisterReply(ReplyCommand, tag=0x0065):
    """The session is open, and its handle in the header; no data where it is not."""

    version: Annotated[int | None, UInt(2), Trailing()] = None
    options: Annotated[int | None, UInt(2), Trailing()] = None


class UnRegisterReply(ReplyCommand, tag=0x0066):
    """The session is closed; few servers say so."""

    data: Annotated[bytes, Octets()] = b""


class SendRRDataReply(ReplyCommand, tag=0x006F):
    """What a request without connection got; nothing, where the header says why."""

    interface: Annotated[int, UInt(4), Trailing()] = 0
    timeout: Annotated[int, UInt(2), Trailing()] = 0
    packet: Annotated[ReplyPacket | None, Trailing()] = None


class SendUnitDataReply(ReplyCommand, tag=0x0070):
    """What a request over a connection got."""

    interface: Annotated[int, UInt(4), Trailing()] = 0
    timeout: Annotated[int, UInt(2), Trailing()] = 0
    packet: Annotated[ReplyPacket | None, Trailing()] = None


class OtherCommandReply(ReplyCommand, tag=ANY):
    """An answer to a command not known here."""

    command: Annotated[int, UInt(2), Tag()]
    data: Annotated[bytes, Octets()] = b""


class RequestFrame(Message, kw_only=True):
    """A whole message of a client, with its data typed."""

    command: Annotated[int, UInt(2), Tags("payload")] = derived()
    length: Annotated[int, UInt(2), Measures("payload")] = derived()
    session: U32 = 0
    status: U32 = 0
    context: Annotated[bytes, Octets(8)] = bytes(8)
    options: U32 = 0
    payload: Annotated[RequestCommand, Choice(by="command", within="length")]


class ReplyFrame(Message, kw_only=True):
    """A whole message of a server, with its data typed."""

    command: Annotated[int, UInt(2), Tags("payload")] = derived()
    length: Annotated[int, UInt(2), Measures("payload")] = derived()
    session: U32 = 0
    status: U32 = 0
    context: Annotated[bytes, Octets(8)] = bytes(8)
    options: U32 = 0
    payload: Annotated[ReplyCommand, Choice(by="command", within="length")]
