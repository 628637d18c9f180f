# SPDX-License-Identifier: Apache-2.0
"""The Connection Manager's services.  CIP Vol 1, 3-5.

Beside `logix`, over `router`.  They share service codes with other objects' services,
so a variant here is one only when the request's path leads to the Connection Manager.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ...errors import EncodeError
from ...grammar import (
    Measures,
    Message,
    Nested,
    Octets,
    Pad,
    Reserved,
    Starts,
    UInt,
    derived,
)
from .path import Class, Path, RoutePath
from .router import Reply, Request

__all__ = [
    "Closed",
    "ForwardClose",
    "ForwardOpen",
    "ForwardOpenReply",
    "LargeForwardOpen",
    "LargeForwardOpenReply",
    "NotOpened",
    "Opened",
    "Parameters",
    "UnconnectedSend",
    "UnconnectedSendParameters",
]

U8 = Annotated[int, UInt(1)]
U16 = Annotated[int, UInt(2)]
U32 = Annotated[int, UInt(4)]
TO_MANAGER = Starts("path.segments", (Class(6),))


class UnconnectedSend(Request, tag=0x52, when=TO_MANAGER, kw_only=True):
    """A request to be sent on along a route; its reply is that of what it holds."""

    priority: U8 = 5
    ticks: U8 = 157
    length: Annotated[int, UInt(2), Measures("request")] = derived()
    request: Annotated[Request, Nested(within="length")]
    even: Annotated[bytes, Pad(to=2, over="request")] = derived()
    route: RoutePath = RoutePath()


class UnconnectedSendParameters(Message, kw_only=True):
    """The data of an Unconnected Send, with what it holds as the octets that it is.

    A router sends those on as they came, and who must answer a request that is wrong
    finds its service there.
    """

    priority: U8 = 5
    ticks: U8 = 157
    length: Annotated[int, UInt(2), Measures("request")] = derived()
    request: Annotated[bytes, Octets("length")]
    even: Annotated[bytes, Pad(to=2, over="request")] = derived()
    route: Annotated[bytes, Octets()] = bytes(2)


@dataclass(frozen=True, slots=True)
class Parameters:
    """The network parameters of one direction: a word, or two for a large connection.

    CIP Vol 1, 3-5.5.1.1.  Kinds: 0 null, 1 multicast, 2 point to point.
    """

    size: int  # octets of a message, its sequence count included
    kind: int = 2
    priority: int = 0
    variable: bool = True
    redundant: bool = False

    @staticmethod
    def largest(large: bool) -> int:
        """The largest size that the one or the other can say."""
        return 0xFFFF if large else 0x1FF

    def encode(self, large: bool) -> int:
        """The number that stands in a Forward Open, or in a Large Forward Open."""
        most = self.largest(large)
        if not 0 <= self.size <= most:
            raise EncodeError(f"a connection's size is from 0 to {most}")
        flags = self.redundant << 6 | self.kind << 4 | self.priority << 1
        return (flags | self.variable) << (16 if large else 0) + 9 | self.size

    @classmethod
    def decode(cls, value: int, large: bool) -> Parameters:
        """What such a number says."""
        flags = value >> (25 if large else 9)
        return cls(
            value & cls.largest(large),
            flags >> 4 & 3,
            flags >> 1 & 3,
            bool(flags & 1),
            bool(flags >> 6 & 1),
        )


class ForwardOpen(Request, tag=0x54, when=TO_MANAGER, kw_only=True):
    """A connection is asked for: its identifiers, times, sizes, and where it leads.

    O->T is from who asks to the target; an interval is in microseconds.
    """

    priority: U8 = 10
    ticks: U8 = 14
    to_target: U32 = 0  # the identifier that the target chooses, and tells
    to_originator: U32
    serial: U16
    vendor: U16
    originator: U32  # the serial number of who asks
    multiplier: U8 = 3  # a connection is dead after 4 << multiplier intervals
    reserved: Annotated[bytes, Reserved(3)] = derived()
    target_interval: U32 = 2_000_000
    target_parameters: U16
    originator_interval: U32 = 2_000_000
    originator_parameters: U16
    transport: U8 = 0xA3
    connection: Path


class LargeForwardOpen(Request, tag=0x5B, when=TO_MANAGER, kw_only=True):
    """The same, with room for larger sizes."""

    priority: U8 = 10
    ticks: U8 = 14
    to_target: U32 = 0
    to_originator: U32
    serial: U16
    vendor: U16
    originator: U32
    multiplier: U8 = 3
    reserved: Annotated[bytes, Reserved(3)] = derived()
    target_interval: U32 = 2_000_000
    target_parameters: U32
    originator_interval: U32 = 2_000_000
    originator_parameters: U32
    transport: U8 = 0xA3
    connection: Path


class ForwardClose(Request, tag=0x4E, when=TO_MANAGER, kw_only=True):
    """A connection is not wanted any more: known by who opened it, and its serial."""

    priority: U8 = 10
    ticks: U8 = 14
    serial: U16
    vendor: U16
    originator: U32
    connection: RoutePath = RoutePath()


class ForwardOpenReply(Reply, tag=0xD4):
    """`Opened`; or, where it says no, `NotOpened`."""

    data: Annotated[bytes, Octets()] = b""


class LargeForwardOpenReply(Reply, tag=0xDB):
    """The same, of a Large Forward Open."""

    data: Annotated[bytes, Octets()] = b""


class Opened(Message, kw_only=True):
    """A connection that was opened: what each side puts before what it sends."""

    to_target: U32
    to_originator: U32
    serial: U16
    vendor: U16
    originator: U32
    target_interval: U32
    originator_interval: U32
    words: Annotated[int, UInt(1), Measures("application", unit=2)] = derived()
    reserved: Annotated[bytes, Reserved(1)] = derived()
    application: Annotated[bytes, Octets("words")] = b""


class NotOpened(Message, kw_only=True):
    """Which connection it was, and how many words of its path were left."""

    serial: U16
    vendor: U16
    originator: U32
    remaining: U8 = 0
    reserved: Annotated[bytes, Reserved(1)] = derived()


class Closed(Message, kw_only=True):
    """A connection that was closed."""

    serial: U16
    vendor: U16
    originator: U32
    words: Annotated[int, UInt(1), Measures("application", unit=2)] = derived()
    reserved: Annotated[bytes, Reserved(1)] = derived()
    application: Annotated[bytes, Octets("words")] = b""
