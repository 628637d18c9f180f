# SPDX-License-Identifier: Apache-2.0
"""Operations as requests of the message router, and writes in as many as they need.

Over `operations`, under `pipeline`.  The layouts are those of `protocol.enip`.  Logix
5000 Data Access; CIP Vol 1, appendix A-4.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import EncodeError
from ..protocol.enip import (
    Atomic,
    GetAttributesAll,
    GetAttributeSingle,
    Path,
    ReadModifyWrite,
    ReadTag,
    ReadTagFragmented,
    Request,
    SetAttributeSingle,
    Structure,
    WriteTag,
    WriteTagFragmented,
)
from ..protocol.enip.path import Symbol
from ..protocol.enip.structures import StructureType
from ..protocol.enip.types import CIPType, TextType
from .forms import Compound, Masked, Message
from .operations import Operation, OperationError
from .result import ATTRIBUTE, READ, WRITE, Prepared
from .way import Way

__all__ = [
    "LARGEST",
    "PACKET",
    "WAYS",
    "bit_of",
    "in_parts",
    "mask",
    "prepared",
    "reading",
    "way_of",
]

PACKET = 500  # of a packet that every device takes, without a large connection
LARGEST = 488  # octets of a request that every device takes
WAYS = frozenset(("route_path", "send_path", "priority_time_tick", "timeout_ticks"))


def prepared(operation: Operation, fragment: bool, largest: int = LARGEST) -> Prepared:
    """An operation, ready to be sent; one that cannot be sent is an OperationError."""
    try:
        if isinstance(operation, Compound):
            return compound(operation, largest)
        if isinstance(operation, Masked):
            return bits(operation)
        if isinstance(operation, Message):
            found = Prepared(operation, operation.request, ATTRIBUTE)
            found.size = operation.room
            return found
        if operation.method == "write":
            return written(operation, fragment, largest)
        return asked(operation, fragment)
    except EncodeError as exc:
        if isinstance(exc, OperationError):
            raise
        raise OperationError(str(exc), operation.text, 0) from None


def way_of(given: Mapping[str, Any], default: Way) -> Way:
    """The way that an operation's dictionary asks for."""
    return Way.of(**{name: given.get(name) for name in WAYS}, default=default)


def asked(operation: Operation, fragment: bool) -> Prepared:
    """What is one request."""
    method, path = operation.method, Path(operation.path)
    request: Request
    if method == "read":
        bit = bit_of(operation)
        if bit >= 0:
            path = Path(operation.path[:-1])
        if fragment or operation.offset is not None:
            octets = reading(path, operation.elements, operation.offset or 0)
        else:
            octets = ReadTag(path, operation.elements).encode()
        found = Prepared(operation, octets, READ)
        found.bit = bit
        return found
    if method == "set_attribute_single":
        request = SetAttributeSingle(path=path, data=values(operation))
        return Prepared(operation, request.encode(), WRITE)
    if method == "get_attribute_single":
        request = GetAttributeSingle(path=path)
    else:
        request = GetAttributesAll(path=path)
    return Prepared(operation, request.encode(), ATTRIBUTE)


def reading(path: Path, elements: int, offset: int) -> bytes:
    """The request for what comes after an offset."""
    return ReadTagFragmented(path, elements, offset).encode()


def in_parts(one: Prepared) -> bytes:
    """The request for a read's first part."""
    path = one.operation.path[:-1] if one.bit >= 0 else one.operation.path
    return reading(Path(path), one.elements, one.base)


def values(operation: Operation) -> bytes:
    if operation.type is None or operation.data is None:
        raise EncodeError(f"{operation.method} needs a type and data")
    return operation.type.pack(operation.data)


def written(operation: Operation, fragment: bool, largest: int) -> Prepared:
    """A write, in one request or in several."""
    octets = values(operation)
    if bit_of(operation) >= 0:
        return masked(operation)
    path = Path(operation.path)
    kind = said(operation.type)
    elements, offset = operation.elements, operation.offset
    if not fragment and offset is None:
        whole = WriteTag(path, kind, elements, octets).encode()
        if len(whole) <= largest:
            return Prepared(operation, whole, WRITE)
    none = WriteTagFragmented(path, kind, elements, offset or 0, b"").encode()
    several = [
        WriteTagFragmented(path, kind, elements, (offset or 0) + at, piece).encode()
        for at, piece in cut(operation, octets, largest - len(none))
    ]
    found = Prepared(operation, several[0], WRITE)
    if len(several) > 1:
        found.pieces = several
        found.alone = True
    return found


def said(kind: type[CIPType] | None) -> Atomic | Structure:
    """The type of a write."""
    if kind is not None and issubclass(kind, StructureType):
        return Structure(kind.handle)
    return Atomic(kind.tag_type if kind else 0)


def compound(operation: Compound, largest: int) -> Prepared:
    """Several writes as one: the first that is refused says what came of it."""
    pieces: list[bytes] = []
    for one in operation.several:
        made = prepared(one, False, largest)
        pieces += made.pieces or [made.octets]
    found = Prepared(operation, pieces[0], WRITE)
    if len(pieces) > 1:
        found.pieces = pieces
        found.alone = True
    return found


def bits(operation: Masked) -> Prepared:
    """Some bits of a value whose size is known."""
    request = ReadModifyWrite(
        path=Path(operation.path), ones=operation.ones, zeros=operation.zeros
    )
    return Prepared(operation, request.encode(), WRITE)


def cut(operation: Operation, octets: bytes, room: int) -> Iterator[tuple[int, bytes]]:
    """Octets in pieces that fit, each of whole values, and where they belong."""
    kind = operation.type
    if kind is not None and issubclass(kind, TextType):
        sizes = [len(one) for one in kind.packed(operation.data or ())]
    else:
        size = kind.struct_calcsize if kind is not None else 1
        if kind is not None and issubclass(kind, StructureType):
            size = 8  # a structure may be larger than any request: members stay whole
        each = max(size, room - room % size)
        sizes = [each] * -(-len(octets) // each)
    start = stop = 0
    for size in sizes:
        if stop > start and stop + size - start > room:
            yield start, octets[start:stop]
            start = stop
        stop = min(stop + size, len(octets))
    yield start, octets[start:]


def masked(operation: Operation) -> Prepared:
    """A write of one bit: first a read of the value that it is in, for its size."""
    data = operation.data or ()
    if len(data) != 1 or data[0] not in {0, 1}:
        raise EncodeError("a bit is written with one value, 0 or 1")
    octets = ReadTag(Path(operation.path[:-1])).encode()
    found = Prepared(operation, octets, WRITE)
    found.bit = bit_of(operation)
    found.alone = True
    return found


def mask(prepared: Prepared, size: int) -> bytes:
    """The request that writes the bit of a value of some octets, and no other."""
    operation, bit = prepared.operation, prepared.bit
    full = (1 << 8 * size) - 1
    ones = 1 << bit if operation.data[0] else 0
    zeros = full if operation.data[0] else full & ~(1 << bit)
    return ReadModifyWrite(
        path=Path(operation.path[:-1]),
        ones=ones.to_bytes(size, "little"),
        zeros=zeros.to_bytes(size, "little"),
    ).encode()


def bit_of(operation: Operation) -> int:
    """Which bit of a value is meant by `.5` at the end; -1 where it is none."""
    last = operation.path[-1]
    if (
        len(operation.path) < 2
        or not isinstance(last, Symbol)
        or not last.name.isdecimal()
        or len(last.name) > 2
        or operation.method not in {"read", "write"}
    ):
        return -1
    bit = int(last.name)
    if bit > 63:
        raise EncodeError("a value has bits from 0 to 63")
    if operation.elements != 1 or operation.offset is not None:
        raise EncodeError("one bit is read or written at a time")
    return bit
