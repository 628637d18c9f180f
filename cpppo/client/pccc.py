# SPDX-License-Identifier: Apache-2.0
"""Reading and writing data files: which PCCC commands that takes, and what came of it.

Over `protocol.enip.pccc` and `datafile`, under `processor`; no input or output.  A
`Dialect` makes commands of addresses: one for the SLC 500 and the MicroLogix, one for
the PLC-5.  What does not fit in one command takes several, whole elements each.  A bit
is written by a mask, so nobody else's bits are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..errors import EncodeError, ProtocolError, Unexpected
from ..protocol.enip import Executed, ExecutePCCC, Path, Requester
from ..protocol.enip.datafile import DataAddress, FileType
from ..protocol.enip.filelist import SIZE, TYPE
from ..protocol.enip.path import Class, Instance
from ..protocol.enip.pccc import (
    REPLY,
    Command,
    CommandReply,
    DataCommand,
    DiagnosticCommand,
    ElementAddress,
    FileRead,
    Function,
    LogicalAddress,
    LogicalRead,
    LogicalWrite,
    MaskedWrite,
    Number,
    PLC5Address,
    SubElementAddress,
    WordRangeRead,
    WordRangeWrite,
    WordsModify,
)
from ..protocol.enip.pccc_status import Refused
from ..protocol.enip.types import BOOL, INT
from .forms import Message
from .result import Result, failed, shown
from .values import display, fit

__all__ = [
    "DIALECTS",
    "DataResult",
    "Denied",
    "Dialect",
    "PLC5Dialect",
    "SLCDialect",
    "answered",
    "asks",
    "catalog",
    "command",
    "pairs",
    "pieces_of_list",
    "size_of_list",
    "stored",
]

MOST = 222  # octets of data in one command: what the smallest of these processors take
# Of an address that is well made, what is not usable is the file.
NO_FILE = (Refused.EXTENDED, Refused.NOT_USABLE & 0xFF)
MISSING = "there is no such file"
LISTED = 80  # octets of the list of files in one command
OBJECT = Path((Class(0x67), Instance(1)))
STATUS = DiagnosticCommand()
NAME = slice(5, 16)  # of a processor, in its diagnostic status


@dataclass(frozen=True, slots=True, repr=False)
class DataResult:
    """What a read or a write came to: `ok` and a `value`; or the status, in `words`."""

    tag: str
    value: Any = None
    status: int = 0
    extended: tuple[int, ...] = ()
    words: str = "OK"
    unknown: bool = False  # a write that was sent, and whose answer never came

    def __bool__(self) -> bool:
        return self.ok

    def __repr__(self) -> str:
        return shown(self)

    @property
    def ok(self) -> bool:
        """Whether the device did what was asked."""
        return self.status == 0

    @property
    def error(self) -> str | None:
        """What went wrong, in a line; None if nothing did."""
        return failed(self, 2)


class Denied(Exception):
    """The device said no: of a command, or of the request that carried it."""

    def __init__(self, status: int, extended: tuple[int, ...], words: str) -> None:
        super().__init__(words)
        self.status = status
        self.extended = extended
        self.words = words

    def result(self, tag: str) -> DataResult:
        """What a read or a write came to."""
        return DataResult(tag, None, self.status, self.extended, self.words)


# -- requests and replies


def command(function: Function | None, transaction: int) -> Command:
    """A function with its number; None asks for the diagnostic status."""
    if function is None:
        return STATUS.replace(transaction=transaction)
    return DataCommand(transaction=transaction, body=function)


def asks(one: Command, requester: Requester) -> Message:
    """The request that has a command carried out."""
    return Message.of_request(ExecutePCCC(OBJECT, requester, one.encode()), "PCCC")


def answered(result: Result, one: Command, requester: Requester) -> bytes:
    """The data of the reply to a command; raises Denied where there are none."""
    if not result.ok:
        words = result.words if result.encapsulated else f"no PCCC: {result.words}"
        raise Denied(result.status, result.extended, words)
    executed = Executed.decode(result.octets)
    found = CommandReply.decode(executed.command)
    asked = one.encode()[0] | REPLY, one.transaction
    if executed.requester != requester or (found.command, found.transaction) != asked:
        raise Unexpected("this reply is to another command")
    if found.status:
        extended = (found.extended,) if found.extended else ()
        nowhere = (found.status, *extended) == NO_FILE
        raise Denied(found.status, extended, MISSING if nowhere else found.words)
    return found.data


def catalog(octets: bytes) -> str:
    """The catalog number in a diagnostic status."""
    if len(octets) < NAME.stop:
        raise ProtocolError(f"a diagnostic status has 16 octets, not {len(octets)}")
    return octets[NAME].decode("latin-1").strip(" \0")


# -- addresses and values


def pairs(items: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    """The addresses and the values of what is to be written."""
    for one in items:
        if isinstance(one, Mapping):
            yield from one.items()
        elif isinstance(one, list):
            yield from pairs(one)
        elif isinstance(one, tuple) and len(one) == 2:
            yield one
        else:
            raise TypeError(
                '("N7:0", 5) or {"N7:0": 5} expected, an address and its value, '
                f"not {one!r}"
            )


@dataclass(frozen=True, slots=True)
class Piece:
    """Some elements of what is read or written: from which on, and how many octets."""

    element: int
    at: int  # of the first octet, in all of them
    size: int


def cut(address: DataAddress) -> list[Piece]:
    """The pieces that each fit in one command."""
    size = address.form.size
    step = max(MOST // size, 1)
    count = 1 if address.count is None else address.count
    return [
        Piece(address.element + at, at * size, min(step, count - at) * size)
        for at in range(0, count, step)
    ]


def stored(address: DataAddress, value: Any, strict: bool = True) -> Any:
    """A value as what is there stores it; strict: as strictly as a tag of its type."""
    form, kind = address.form, address.type
    if address.bit is not None:
        if value in (0, 1):
            return bool(value)
        raise EncodeError(f"a bit is 0, 1, true or false, not {display(value):.40}")
    if form.number is not None:
        return fit(form.number, value, strict)
    if kind.bits and isinstance(value, Mapping):
        return {name: member(kind, name, one, strict) for name, one in value.items()}
    if form.most and not fitting(value, form.most):
        problem = f"a text here has up to {form.most} characters of Latin-1"
        raise EncodeError(f"{problem}, not {display(value):.40}")
    return value


def fitting(value: Any, most: int) -> bool:
    """Whether a value is a text that fits."""
    if isinstance(value, str):
        return len(value) <= most and max(value, default="") <= "\xff"
    return isinstance(value, bytes | bytearray) and len(value) <= most


def member(kind: FileType, name: Any, value: Any, strict: bool) -> Any:
    """A member of an element as it is stored."""
    if name not in kind.bits and name not in kind.words:
        there = ", ".join((*kind.bits, *kind.words))
        raise EncodeError(f"no member {name!r:.40}; there are {there}")
    try:
        if name in kind.words:
            return fit(INT, value, strict)
        return fit(BOOL, value, strict=True)
    except EncodeError as exc:
        raise EncodeError(f"{name}: {exc}") from None


class Dialect:
    """How one kind of processor is asked: functions for addresses."""

    octal = False  # how inputs and outputs are counted

    def address(self, text: str) -> DataAddress:
        """An address, as people write it for this kind."""
        return DataAddress.parse(text, self.octal)

    def reads(self, address: DataAddress) -> list[tuple[Function, int]]:
        """What reads it: functions, and how many octets each brings."""
        return [(self.read(address, one), one.size) for one in cut(address)]

    def value(self, address: DataAddress, octets: bytes) -> Any:
        """The value that was read; of several, a list."""
        values = address.form.unpacked(octets)
        if address.bit is not None:
            return bool(values[0] >> address.bit & 1)
        return values[0] if address.count is None else values

    def writes(self, address: DataAddress, value: Any) -> list[Function]:
        """What writes a value, or several."""
        if address.bit is not None:
            return [self.write_bit(address, stored(address, value), address.bit)]
        several = isinstance(value, list | tuple | range)
        if several and not address.whole:
            # The words after it are of other members.
            raise EncodeError(f"{address}: a word of an element has one value")
        if several and address.count is None:
            address = replace(address, count=len(value))
        values = [stored(address, one) for one in (value if several else [value])]
        octets = address.form.packed(values)
        if len(octets) != address.octets or not octets:
            count = len(octets) // address.form.size
            raise EncodeError(f"{address}: {count} values for {address.count}")
        return [self.write(address, octets, one) for one in cut(address)]

    def read(self, address: DataAddress, piece: Piece) -> Function:
        raise NotImplementedError

    def write(self, address: DataAddress, octets: bytes, piece: Piece) -> Function:
        raise NotImplementedError

    def write_bit(self, address: DataAddress, value: bool, bit: int) -> Function:
        raise NotImplementedError


class SLCDialect(Dialect):
    """SLC 500 and MicroLogix."""

    def read(self, address: DataAddress, piece: Piece) -> Function:
        return LogicalRead(piece.size, logical(address, piece.element))

    def write(self, address: DataAddress, octets: bytes, piece: Piece) -> Function:
        data = octets[piece.at : piece.at + piece.size]
        return LogicalWrite(piece.size, logical(address, piece.element), data)

    def write_bit(self, address: DataAddress, value: bool, bit: int) -> Function:
        size = address.form.size
        mask = (1 << bit).to_bytes(size, "little")
        data = mask + (mask if value else bytes(size))
        return MaskedWrite(size, logical(address, address.element), data)


class PLC5Dialect(Dialect):
    """PLC-5."""

    octal = True

    def read(self, address: DataAddress, piece: Piece) -> Function:
        total = address.octets // 2
        size = bytes((piece.size,))
        return WordRangeRead(piece.at // 2, total, levels(address, size))

    def write(self, address: DataAddress, octets: bytes, piece: Piece) -> Function:
        data = octets[piece.at : piece.at + piece.size]
        return WordRangeWrite(piece.at // 2, len(octets) // 2, levels(address, data))

    def write_bit(self, address: DataAddress, value: bool, bit: int) -> Function:
        # A bit of 32 is one of either of two words.
        word, bit = divmod(bit, 16)
        keep = 0xFFFF & ~(1 << bit)
        masks = (keep, 1 << bit if value else 0)
        data = b"".join(one.to_bytes(2, "little") for one in masks)
        sub = address.sub + word
        return WordsModify(levels(replace(address, sub=sub), data))


DIALECTS: dict[str, Dialect] = {"slc": SLCDialect(), "plc5": PLC5Dialect()}


def logical(address: DataAddress, element: int) -> LogicalAddress:
    return LogicalAddress(
        Number(address.file), address.type.code, Number(element), Number(address.sub)
    )


def levels(address: DataAddress, data: bytes) -> PLC5Address:
    file, element = Number(address.file), Number(address.element)
    if address.sub:
        return SubElementAddress(file, element, Number(address.sub), data)
    return ElementAddress(file, element, data)


# -- the list of files


def size_of_list() -> tuple[Function, int]:
    """What asks how long the list of files is, and the octets of the answer."""
    return FileRead(4, Number(0), TYPE, Number(SIZE // 2)), 4


def pieces_of_list(size: int) -> list[tuple[Function, int]]:
    """What reads the list of files."""
    found: list[tuple[Function, int]] = []
    for at in range(0, size, LISTED):
        some = min(LISTED, size - at)
        found.append((FileRead(some, Number(0), TYPE, Number(at // 2)), some))
    return found
