# SPDX-License-Identifier: Apache-2.0
"""EPATH: where in a device, and by which way to it.  CIP Vol 1, appendix C.

At the bottom of `protocol.enip`.  A path is segments: logical ones (class, instance,
...) in 8, 16 or 32 bits, symbols, and ports with a link.  Segments are declared in
their padded form, which is the one on EtherNet/IP: every one is even.
"""

from __future__ import annotations

from typing import Annotated

from ...grammar import (
    ANY,
    Choice,
    InTag,
    Measures,
    Message,
    Octets,
    Pad,
    Repeat,
    Reserved,
    Spelling,
    Tag,
    Tags,
    UInt,
    derived,
)

__all__ = [
    "Attribute",
    "Class",
    "ConnectionPoint",
    "ElectronicKey",
    "Element",
    "Instance",
    "KeyFormat",
    "KeyFormat4",
    "OtherKeyFormat",
    "OtherSegment",
    "Path",
    "Port",
    "RoutePath",
    "Segment",
    "SinglePath",
    "Symbol",
]

U8 = Annotated[int, UInt(1)]
U16 = Annotated[int, UInt(2)]


class Segment(Message):
    """One segment of a path; its first octet tells which."""

    type: Annotated[int, UInt(1), Tag()] = derived()


def logical(tag: int) -> tuple[Spelling, ...]:
    """The widths of a logical segment: its tag, and the two tags that follow it."""
    return (
        Spelling(tag, value=UInt(1)),
        Spelling(tag + 1, _=Reserved(1), value=UInt(2)),
        Spelling(tag + 2, _=Reserved(1), value=UInt(4)),
    )


def lenient(tag: int) -> tuple[Spelling, ...]:
    """The same, with a fourth tag that stands for 32 bits too."""
    # No specification has it; pycomm3 sends it for large elements and instances.
    again = Spelling(tag + 3, reads_only=True, _=Reserved(1), value=UInt(4))
    return (*logical(tag), again)


class Class(Segment):
    """The class of an object."""

    value: Annotated[int, UInt(4)]
    spellings = logical(0x20)


class Instance(Segment):
    """The instance of a class; 0 is the class itself."""

    value: Annotated[int, UInt(4)]
    spellings = lenient(0x24)


class Element(Segment):
    """A member of an array, counted from 0."""

    value: Annotated[int, UInt(4)]
    spellings = lenient(0x28)


class ConnectionPoint(Segment):
    """Where in an object a connection ends."""

    value: Annotated[int, UInt(4)]
    spellings = logical(0x2C)


class Attribute(Segment):
    """An attribute of an instance."""

    value: Annotated[int, UInt(4)]
    spellings = logical(0x30)


class Symbol(Segment, tag=0x91):
    """A tag's name, or a member's."""

    size: Annotated[int, UInt(1), Measures("name")] = derived()
    name: Annotated[str, Octets("size", text="latin-1")]
    even: Annotated[bytes, Pad(to=2, over="name")] = derived()


class KeyFormat(Message, family=True):
    """What an electronic key says; its format tells how long it is."""


class KeyFormat4(KeyFormat, tag=4):
    """A kind of device; zeros stand for any, 0x80 in `major` for compatible ones."""

    vendor: U16 = 0
    device_type: U16 = 0
    product_code: U16 = 0
    major: U8 = 0
    minor: U8 = 0


class OtherKeyFormat(KeyFormat, tag=ANY):
    """A format not known here, and all after it: where it ends cannot be known."""

    format: Annotated[int, UInt(1), Tag()]
    octets: Annotated[bytes, Octets()] = b""


class ElectronicKey(Segment, tag=0x34):
    """Which device must be there."""

    format: Annotated[int, UInt(1), Tags("key")] = derived()
    key: Annotated[KeyFormat, Choice(by="format")] = KeyFormat4()


class Port(Segment):
    """A port to leave by, and the link behind it: a number, or an address as text."""

    port: U16
    link: Annotated[int | str, UInt(1)]
    spellings = (
        Spelling(range(0x01, 0x0F), port=InTag(0x0F), link=UInt(1)),
        Spelling(0x0F, port=UInt(2), link=UInt(1)),
        Spelling(
            range(0x11, 0x1F),
            port=InTag(0x0F),
            _size=(UInt(1), Measures("link")),
            link=Octets(text="latin-1"),
            _even=Pad(to=2, over="link"),
        ),
        Spelling(
            0x1F,
            _size=(UInt(1), Measures("link")),
            port=UInt(2),
            link=Octets(text="latin-1"),
            _even=Pad(to=2, over="link"),
        ),
    )


class OtherSegment(Segment, tag=ANY):
    """A segment not known here, and all after it: where it ends cannot be known."""

    type: Annotated[int, UInt(1), Tag()]
    octets: Annotated[bytes, Octets()] = b""


class Path(Message):
    """A path with its size in words before it."""

    words: Annotated[int, UInt(1), Measures("segments", unit=2)] = derived()
    segments: Annotated[tuple[Segment, ...], Repeat(within="words")] = ()


class RoutePath(Message):
    """A path with its size and a reserved octet before it: the way to a device."""

    words: Annotated[int, UInt(1), Measures("segments", unit=2)] = derived()
    reserved: Annotated[bytes, Reserved(1)] = derived()
    segments: Annotated[tuple[Segment, ...], Repeat(within="words")] = ()


class SinglePath(Message):
    """One segment alone, without any size: it says itself where it ends."""

    segment: Segment
