# SPDX-License-Identifier: Apache-2.0
"""The Common Packet Format: a list of typed items.  CIP Vol 2, 2-6.

Over `router`, which has what the data items carry, and under `encapsulation`.  What a
data item holds is a request or a reply by the role of its sender, so there are two
families of items, with those in both that are the same either way.  `Packet` is
either, with its items left as octets: it still reads where an item is wrong inside.
"""

from __future__ import annotations

from typing import Annotated

from ...grammar import (
    ANY,
    Choice,
    Counts,
    Measures,
    Message,
    Octets,
    Repeat,
    Reserved,
    Tag,
    Tags,
    UInt,
    derived,
)
from .router import Reply, Request

__all__ = [
    "PORT",
    "CommunicationsService",
    "ConnectedAddress",
    "ConnectedReply",
    "ConnectedRequest",
    "Identity",
    "Item",
    "LegacyIdentity",
    "NullAddress",
    "OtherReplyItem",
    "OtherRequestItem",
    "Packet",
    "ReplyConnectedAddress",
    "ReplyEntry",
    "ReplyItem",
    "ReplyNullAddress",
    "ReplyPacket",
    "ReplySequencedAddress",
    "ReplySocketToOriginator",
    "ReplySocketToTarget",
    "RequestEntry",
    "RequestItem",
    "RequestPacket",
    "SequencedAddress",
    "SocketToOriginator",
    "SocketToTarget",
    "UnconnectedReply",
    "UnconnectedRequest",
]

PORT = 44818  # of EtherNet/IP, over TCP and UDP

U8 = Annotated[int, UInt(1)]
U16 = Annotated[int, UInt(2)]
U32 = Annotated[int, UInt(4)]


class Item(Message):
    """An item of either side, with what it holds as octets."""

    type_id: U16
    length: Annotated[int, UInt(2), Measures("data")] = derived()
    data: Annotated[bytes, Octets("length")] = b""


class Packet(Message):
    """The items of either side."""

    count: Annotated[int, UInt(2), Counts("items")] = derived()
    items: Annotated[tuple[Item, ...], Repeat(count="count")] = ()


class RequestItem(Message, family=True):
    """An item of what a client sends."""


class NullAddress(RequestItem, tag=0x0000):
    """No address: the data item is for the message router itself."""


class ConnectedAddress(RequestItem, tag=0x00A1):
    """The connection, by the identifier that the receiver chose."""

    connection: U32


class SequencedAddress(RequestItem, tag=0x8002):
    """The connection, and which packet over it."""

    connection: U32
    sequence: U32


class ConnectedRequest(RequestItem, tag=0x00B1):
    """What goes over a connection, and its place in the sequence."""

    sequence: U16
    data: Annotated[bytes, Octets()]


class UnconnectedRequest(RequestItem, tag=0x00B2):
    """A request for the message router."""

    request: Request


class SocketToTarget(RequestItem, tag=0x8000):
    """Where what goes from the originator to the target is to be sent."""

    family: Annotated[int, UInt(2, "big")] = 2
    port: Annotated[int, UInt(2, "big")] = 2222
    address: Annotated[int, UInt(4, "big")] = 0
    zero: Annotated[bytes, Reserved(8)] = derived()


class SocketToOriginator(RequestItem, tag=0x8001):
    """Where what goes from the target to the originator is to be sent."""

    family: Annotated[int, UInt(2, "big")] = 2
    port: Annotated[int, UInt(2, "big")] = 2222
    address: Annotated[int, UInt(4, "big")] = 0
    zero: Annotated[bytes, Reserved(8)] = derived()


class OtherRequestItem(RequestItem, tag=ANY):
    """An item not known here."""

    type_id: Annotated[int, UInt(2), Tag()]
    data: Annotated[bytes, Octets()] = b""


class RequestEntry(Message):
    """An item with its type and length before it."""

    type_id: Annotated[int, UInt(2), Tags("item")] = derived()
    length: Annotated[int, UInt(2), Measures("item")] = derived()
    item: Annotated[RequestItem, Choice(by="type_id", within="length")]


class RequestPacket(Message):
    """The items of what a client sends."""

    count: Annotated[int, UInt(2), Counts("entries")] = derived()
    entries: Annotated[tuple[RequestEntry, ...], Repeat(count="count")] = ()


class ReplyItem(Message, family=True):
    """An item of what a server sends."""


class ReplyNullAddress(ReplyItem, tag=0x0000):
    """No address."""


class ReplyConnectedAddress(ReplyItem, tag=0x00A1):
    """The connection, by the identifier that the receiver chose."""

    connection: U32


class ReplySequencedAddress(ReplyItem, tag=0x8002):
    """The connection, and which packet over it."""

    connection: U32
    sequence: U32


class ConnectedReply(ReplyItem, tag=0x00B1):
    """What goes over a connection."""

    sequence: U16
    data: Annotated[bytes, Octets()]


class UnconnectedReply(ReplyItem, tag=0x00B2):
    """A reply of the message router."""

    reply: Reply


class Identity(ReplyItem, tag=0x000C):
    """Who a device is, and its socket address, which alone is big-endian."""

    version: U16 = 1
    family: Annotated[int, UInt(2, "big")] = 2
    port: Annotated[int, UInt(2, "big")] = PORT
    address: Annotated[int, UInt(4, "big")] = 0
    zero: Annotated[bytes, Reserved(8)] = derived()
    vendor: U16 = 1
    device_type: U16 = 14
    product_code: U16 = 0
    major: U8 = 1
    minor: U8 = 1
    status: U16 = 0
    serial: U32 = 0
    size: Annotated[int, UInt(1), Measures("name")] = derived()
    name: Annotated[str, Octets("size", text="latin-1")] = ""
    state: U8 = 3


class CommunicationsService(ReplyItem, tag=0x0100):
    """A service that a device offers."""

    version: U16 = 1
    capability: U16 = 0
    name: Annotated[bytes, Octets(16)] = b"Communications\0\0"


class ReplySocketToTarget(ReplyItem, tag=0x8000):
    """Where what goes from the originator to the target is to be sent."""

    family: Annotated[int, UInt(2, "big")] = 2
    port: Annotated[int, UInt(2, "big")] = 2222
    address: Annotated[int, UInt(4, "big")] = 0
    zero: Annotated[bytes, Reserved(8)] = derived()


class ReplySocketToOriginator(ReplyItem, tag=0x8001):
    """Where what goes from the target to the originator is to be sent."""

    family: Annotated[int, UInt(2, "big")] = 2
    port: Annotated[int, UInt(2, "big")] = 2222
    address: Annotated[int, UInt(4, "big")] = 0
    zero: Annotated[bytes, Reserved(8)] = derived()


class OtherReplyItem(ReplyItem, tag=ANY):
    """An item not known here."""

    type_id: Annotated[int, UInt(2), Tag()]
    data: Annotated[bytes, Octets()] = b""


class ReplyEntry(Message):
    """An item with its type and length before it."""

    type_id: Annotated[int, UInt(2), Tags("item")] = derived()
    length: Annotated[int, UInt(2), Measures("item")] = derived()
    item: Annotated[ReplyItem, Choice(by="type_id", within="length")]


class ReplyPacket(Message):
    """The items of what a server sends."""

    count: Annotated[int, UInt(2), Counts("entries")] = derived()
    entries: Annotated[tuple[ReplyEntry, ...], Repeat(count="count")] = ()


class LegacyIdentity(Message):
    """Where a device is: an item, 0x0001, that answers an early List Identity.

    No specification has it, so a reply's item may hold something else.
    """

    version: U16 = 1
    unknown: U16 = 0
    family: Annotated[int, UInt(2, "big")] = 2
    port: Annotated[int, UInt(2, "big")] = PORT
    address: Annotated[int, UInt(4, "big")] = 0
    zero: Annotated[bytes, Reserved(8)] = derived()
    text: Annotated[bytes, Octets(16)] = bytes(16)
