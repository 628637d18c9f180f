# SPDX-License-Identifier: Apache-2.0
"""PCCC, the commands of the PLC-5, SLC 500 and MicroLogix, as CIP and DH+ carry them.

Beside `logix`, over `router`: Execute PCCC is a service of the PCCC object, class 0x67.
What it carries is a `Command`; for data it has a `Function`, known by its number.  A
command stays octets in the request that carries it: one that is wrong gets a PCCC
status, and must not hide who asked.  An address of the PLC-5 comes with all that
follows it, because only the address tells where it ends.  Publication 1770-6.5.16.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated

from ...grammar import (
    ANY,
    Choice,
    Codec,
    InTag,
    Measures,
    Message,
    Octets,
    Spelling,
    Starts,
    Tag,
    Tags,
    UInt,
    derived,
)
from .path import Class
from .pccc_status import Refused, words
from .router import Reply, Request

__all__ = [
    "REPLY",
    "AreaElementAddress",
    "AreaSubElementAddress",
    "Command",
    "CommandReply",
    "DHPlus",
    "DataCommand",
    "Descriptor",
    "DiagnosticCommand",
    "ElementAddress",
    "ExecutePCCC",
    "ExecutePCCCReply",
    "Executed",
    "FileRead",
    "Function",
    "LogicalAddress",
    "LogicalRead",
    "LogicalWrite",
    "MaskedWrite",
    "Named",
    "Number",
    "OtherAddress",
    "OtherCommand",
    "OtherFunction",
    "PLC5Address",
    "Requester",
    "Said",
    "SubElementAddress",
    "SymbolicAddress",
    "TypeAndSize",
    "TypedRead",
    "TypedValues",
    "TypedWrite",
    "WordRangeRead",
    "WordRangeWrite",
    "WordsModify",
]

U8 = Annotated[int, UInt(1)]
U16 = Annotated[int, UInt(2)]
REPLY = 0x40  # the bit of a command's number that says: this is its reply


# -- how CIP and DH+ carry a command


class Requester(Message):
    """Who asks; his length counts itself."""

    size: Annotated[int, UInt(1), Measures("vendor", "serial", "other", bias=1)] = (
        derived()
    )
    vendor: U16 = 0
    serial: Annotated[int, UInt(4)] = 0
    other: Annotated[bytes, Octets()] = b""


class ExecutePCCC(Request, tag=0x4B, when=Starts("path.segments", (Class(0x67),))):
    """A command to be carried out."""

    requester: Requester = Requester()
    command: Annotated[bytes, Octets()] = b""


class ExecutePCCCReply(Reply, tag=0xCB):
    """`Executed`, where its status is 0: the command itself may have failed."""

    data: Annotated[bytes, Octets()] = b""


class Executed(Message):
    """Who asked, and what came of the command."""

    requester: Requester
    command: Annotated[bytes, Octets()]


class DHPlus(Message, kw_only=True):
    """A command on a connection to DH+: from where to where, by link and node."""

    destination_link: U16 = 0
    destination_node: U16 = 0
    source_link: U16 = 0
    source_node: U16 = 0
    command: Annotated[bytes, Octets()]

    def answered(self, command: bytes) -> DHPlus:
        """The way back, with what came of it."""
        return DHPlus(
            destination_link=self.source_link,
            destination_node=self.source_node,
            source_link=self.destination_link,
            source_node=self.destination_node,
            command=command,
        )


# -- numbers and addresses


class Index(Message):
    """A number of an address."""

    first: Annotated[int, UInt(1), Tag()] = derived()


class Number(Index):
    """One octet; from 255 on, that octet and two more."""

    value: U16 = 0
    spellings = (
        Spelling(range(255), value=InTag(0xFF)),
        Spelling(255, value=UInt(2)),
    )


class LogicalAddress(Message):
    """File, type of file, element and sub-element (in words): SLC 500, MicroLogix."""

    file: Number
    type: U8
    element: Number = Number()
    sub: Number = Number()


class PLC5Address(Message):
    """An address of the PLC-5, and what follows it."""

    levels: Annotated[int, UInt(1), Tag()] = derived()


@dataclass(frozen=True, slots=True)
class Named:
    """An address as text, and what follows it."""

    name: str
    data: bytes = b""


def decoded(octets: bytes) -> Named:
    """A name that begins with a dollar and ends with a zero."""
    name, end, data = octets.partition(b"\0")
    if not end or not name.startswith(b"$"):
        raise ValueError("a dollar expected, a name and a zero")
    return Named(name[1:].decode("latin-1"), data)


def encoded(named: Named) -> bytes:
    if "\0" in named.name:
        raise ValueError("there is no zero in a name")
    return b"$" + named.name.encode("latin-1") + b"\0" + named.data


class SymbolicAddress(PLC5Address, tag=0x00):
    """An address as people write it, or a name."""

    named: Annotated[Named, Octets(codec=Codec(decoded, encoded, "'$' text 00, data"))]

    @property
    def data(self) -> bytes:
        return self.named.data


class ElementAddress(PLC5Address, tag=0x06):
    """File and element."""

    file: Number
    element: Number = Number()
    data: Annotated[bytes, Octets()] = b""


class SubElementAddress(PLC5Address, tag=0x0E):
    """File, element and sub-element (in words)."""

    file: Number
    element: Number = Number()
    sub: Number = Number()
    data: Annotated[bytes, Octets()] = b""


class AreaElementAddress(PLC5Address, tag=0x07):
    """The same from the memory's area on; 0 is that of data."""

    area: Number
    file: Number
    element: Number = Number()
    data: Annotated[bytes, Octets()] = b""


class AreaSubElementAddress(PLC5Address, tag=0x0F):
    """The same, with a sub-element."""

    area: Number
    file: Number
    element: Number = Number()
    sub: Number = Number()
    data: Annotated[bytes, Octets()] = b""


class OtherAddress(PLC5Address, tag=ANY):
    """Levels that no file of data has."""

    levels: Annotated[int, UInt(1), Tag()]
    data: Annotated[bytes, Octets()] = b""


# -- typed values


class Descriptor(Message):
    """What follows: its type and its octets, each in the first octet if it is small."""

    first: Annotated[int, UInt(1), Tag()] = derived()


def marked(flags: int, types: range, sizes: range) -> tuple[int, ...]:
    """First octets with these flags, for types and sizes that stand in them or not."""
    return tuple(flags | kind << 4 | size for kind in types for size in sizes)


SMALL = range(8)
NEXT, NEXT_TWO = range(1, 2), range(2, 3)  # so many octets follow


class TypeAndSize(Descriptor):
    """A type, and how many octets of it there are."""

    type: U8
    size: U16
    spellings = (
        Spelling(marked(0, SMALL, SMALL), type=InTag(0x07, 4), size=InTag(0x07)),
        Spelling(marked(0x08, SMALL, NEXT), type=InTag(0x07, 4), size=UInt(1)),
        Spelling(marked(0x08, SMALL, NEXT_TWO), type=InTag(0x07, 4), size=UInt(2)),
        Spelling(marked(0x80, NEXT, SMALL), type=UInt(1), size=InTag(0x07)),
        Spelling(marked(0x88, NEXT, NEXT), type=UInt(1), size=UInt(1)),
        Spelling(marked(0x88, NEXT, NEXT_TWO), type=UInt(1), size=UInt(2)),
    )


class Said(IntEnum):
    """Types of typed values, as far as they are served here."""

    INTEGER = 4
    TIMER = 5
    COUNTER = 6
    CONTROL = 7
    FLOAT = 8
    ARRAY = 9


class TypedValues(Message):
    """A value; or an array: in it the kind of one value, and the octets of all."""

    kind: TypeAndSize
    data: Annotated[bytes, Octets()]

    @classmethod
    def of(cls, type: int, size: int, data: bytes) -> TypedValues:
        """So many values as the data have, each of a type and size."""
        one = cls(TypeAndSize(type, size), data)
        if len(data) == size:
            return one
        several = one.encode()
        return cls(TypeAndSize(Said.ARRAY, len(several)), several)

    def element(self) -> tuple[int, int, bytes]:
        """Type and size of one value, and the octets of all of them."""
        kind, data = self.kind, self.data
        if kind.type == Said.ARRAY:
            inner = TypedValues.decode(data[: kind.size])
            return inner.kind.type, inner.kind.size, inner.data
        return kind.type, kind.size, data[: kind.size]


# -- functions


class Function(Message, family=True):
    """What a data command is to do."""


class WordRangeWrite(Function, tag=0x00):
    """PLC-5: words from an offset in words after an address; then what to write."""

    offset: U16
    total: U16
    address: PLC5Address


class WordRangeRead(Function, tag=0x01):
    """PLC-5: words from an offset; a size in octets follows the address, or not."""

    offset: U16
    total: U16
    address: PLC5Address


class WordsModify(Function, tag=0x26):
    """PLC-5: after each address a mask of bits to keep, and one of bits to set."""

    address: PLC5Address


class TypedWrite(Function, tag=0x67):
    """PLC-5, Logix: elements, of `total` from an offset; after it `TypedValues`."""

    offset: U16
    total: U16
    address: PLC5Address


class TypedRead(Function, tag=0x68):
    """PLC-5, Logix: elements, of `total` from an offset; how many follows."""

    offset: U16
    total: U16
    address: PLC5Address


class FileRead(Function, tag=0xA1):
    """SLC 500: octets from an element of a file without sub-elements."""

    size: U8
    file: Number
    type: U8
    element: Number = Number()


class LogicalRead(Function, tag=0xA2):
    """SLC 500, MicroLogix: octets from an address."""

    size: U8
    address: LogicalAddress


class LogicalWrite(Function, tag=0xAA):
    """SLC 500, MicroLogix: octets to an address."""

    size: U8
    address: LogicalAddress
    data: Annotated[bytes, Octets()]


class MaskedWrite(Function, tag=0xAB):
    """SLC 500, MicroLogix: of each word the bits of a mask; it is before the octets.

    The mask is a word, for all words; some clients send one as long as the octets.
    """

    size: U8
    address: LogicalAddress
    data: Annotated[bytes, Octets()]

    @property
    def mask(self) -> bytes:
        """The mask."""
        whole = len(self.data) == 2 * self.size
        return self.data[: self.size if whole else 2]

    @property
    def octets(self) -> bytes:
        """What is written: not more than the size says, and in pycomm3's case less."""
        at = len(self.mask)
        return self.data[at : at + self.size]


class OtherFunction(Function, tag=ANY):
    """A function not known here."""

    function: Annotated[int, UInt(1), Tag()]
    data: Annotated[bytes, Octets()] = b""


# -- commands and their replies


class Command(Message):
    """What a processor is asked; the transaction's number comes back in the reply."""

    command: Annotated[int, UInt(1), Tag()] = derived()
    status: U8 = 0
    transaction: U16 = 0


class DataCommand(Command, tag=0x0F, kw_only=True):
    """A function for data."""

    function: Annotated[int, UInt(1), Tags("body")] = derived()
    body: Annotated[Function, Choice(by="function")]


class DiagnosticCommand(Command, tag=0x06, kw_only=True):
    """What the processor says of itself; function 3 is its status."""

    function: U8 = 3
    data: Annotated[bytes, Octets()] = b""


class OtherCommand(Command, tag=ANY, kw_only=True):
    """A command not known here."""

    command: Annotated[int, UInt(1), Tag()]
    data: Annotated[bytes, Octets()] = b""


class CommandReply(Message, kw_only=True):
    """What came of a command: a status, and where it is 0xF0 an octet more of it."""

    command: U8
    status: U8 = 0
    transaction: U16 = 0
    data: Annotated[bytes, Octets()] = b""

    @property
    def extended(self) -> int:
        """The octet more of the status; 0 where there is none."""
        return self.data[0] if self.status == Refused.EXTENDED and self.data else 0

    @property
    def words(self) -> str:
        """The status, as people say it."""
        return words(self.status, self.extended)
