# SPDX-License-Identifier: Apache-2.0
"""Logix's services for tags: Read and Write Tag, whole or in fragments.

Over `objects`.  Every object of a controller has them, for those of its attributes
that are tags.  A reply holds as much as fits and says by its status whether there is
more: whole values, but a structure that does not fit comes in pieces.  What a write
has too much is ignored: clients pad, and one well-known one sends every single write
twice in one message.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ....errors import EncodeError
from ....protocol.enip import (
    Atomic,
    DataType,
    ReadModifyWrite,
    ReadTag,
    ReadTagFragmented,
    Structure,
    WriteTag,
    WriteTagFragmented,
)
from ....protocol.enip.status import Status
from ....protocol.enip.structures import BOOLS, StructureType
from ....protocol.enip.types import BOOL, CODES, LREAL, REAL, CIPType, TextType
from .answers import Answer, Call, Refusal, Target, out_of_range, type_mismatch
from .attribute import Attribute
from .objects import HEAD, Object, service

__all__ = ["Observer", "Tagged"]

Observer = Callable[[str], None]

NO_BITS = (BOOL, REAL, LREAL, StructureType)  # that could be set and cleared
STEP = 8  # octets; pieces of a structure are as many, or several times that


class Tagged(Object):
    """An object whose attributes may be tags."""

    observer: Observer | None = None

    def tag(self, target: Target) -> Attribute:
        """The tag that a path leads to."""
        attribute = self.named(target)
        if not attribute.tagged:
            raise Refusal(Status.SERVICE_NOT_SUPPORTED)
        return attribute

    @service(ReadTag)
    def read_tag(self, request: ReadTag, target: Target, call: Call) -> Answer:
        return self.read(target, request.elements, 0, call)

    @service(ReadTagFragmented)
    def read_tag_fragmented(
        self, request: ReadTagFragmented, target: Target, call: Call
    ) -> Answer:
        return self.read(target, request.elements, request.offset, call)

    @service(WriteTag)
    def write_tag(self, request: WriteTag, target: Target, call: Call) -> Answer:
        start, stop = self.range(target, request.elements, request.data)
        attribute = self.tag(target)
        written = type_of(request.type, attribute)
        count = stop - start
        octets = taken(written, request.data, count)
        self.store(attribute, start, written, octets, count)
        return Answer()

    @service(WriteTagFragmented)
    def write_tag_fragmented(
        self, request: WriteTagFragmented, target: Target, call: Call
    ) -> Answer:
        start, stop = self.range(target, request.elements, request.data)
        attribute = self.tag(target)
        written = type_of(request.type, attribute)
        offset, octets = request.offset, request.data
        if issubclass(written, TextType):
            start, stop = text_after(attribute, start, stop, offset)
            texts = written.cut(octets, stop - start)
            if not texts:
                raise Refusal(Status.NOT_ENOUGH_DATA)
            self.store(attribute, start, written, b"".join(texts), len(texts))
            return Answer()
        size = written.struct_calcsize
        total = (stop - start) * size
        if offset >= total:
            raise out_of_range()
        octets = octets[: total - offset]
        if not octets:
            raise Refusal(Status.NOT_ENOUGH_DATA)
        if offset % size == 0 and len(octets) % size == 0:
            start += offset // size
            self.store(attribute, start, written, octets, len(octets) // size)
        elif written is attribute.type:
            attribute.patch(start * size + offset, octets)
            stop = start + -(-(offset + len(octets)) // size)
            self.observed(attribute, start + offset // size, stop, "<=", octets)
        else:
            raise out_of_range()
        return Answer()

    @service(ReadModifyWrite)
    def read_modify_write(
        self, request: ReadModifyWrite, target: Target, call: Call
    ) -> Answer:
        """Set and clear bits of one value; nobody else's bits come between."""
        start, stop = self.range(target, 1, request.ones)
        attribute = self.tag(target)
        size = attribute.type.struct_calcsize
        if issubclass(attribute.type, NO_BITS) or not size:
            raise type_mismatch()
        if len(request.ones) != size or len(request.zeros) < size:
            raise Refusal(Status.NOT_ENOUGH_DATA)
        zeros = request.zeros[:size]
        octets = attribute.modify(start * size, request.ones, zeros)
        self.observed(attribute, start, stop, "<=", octets)
        return Answer()

    # -- what the services share

    def range(
        self, target: Target, elements: int, written: bytes | None = None
    ) -> tuple[int, int]:
        """Which values are meant, all of which there must be."""
        attribute = self.tag(target)
        if written is not None and not attribute.settable:
            raise Refusal(Status.PRIVILEGE_VIOLATION)
        start = target.first
        stop = start + elements
        if start < stop <= len(attribute):
            return start, stop
        if attribute.hooked:
            # It hears of what it cannot do, as of all else.
            if written is None:
                attribute[start:stop]
            else:
                size = attribute.type.struct_calcsize or 1
                whole = len(written) - len(written) % size
                attribute[start:stop] = attribute.type.unpack(written[:whole])
        raise out_of_range()

    def read(self, target: Target, elements: int, offset: int, call: Call) -> Answer:
        """As many of these values as fit, from an offset in octets."""
        start, stop = self.range(target, elements)
        attribute = self.tag(target)
        most = min(call.fragment, call.room - HEAD - len(attribute.kind))
        size = attribute.type.struct_calcsize
        if not size:
            octets, more = texts_from(attribute, start, stop, offset, most)
        else:
            total = (stop - start) * size
            whole = not issubclass(attribute.type, StructureType)
            if offset >= total or (whole and offset % size):
                raise out_of_range()
            count = piece(total - offset, most, size, offset, whole)
            more = offset + count < total
            octets = attribute.cut(start * size + offset, count)
            stop = start + -(-(offset + count) // size)
            start += offset // size
        self.observed(attribute, start, stop, "==", octets)
        status = Status.PARTIAL_TRANSFER if more else Status.SUCCESS
        return Answer(attribute.kind + octets, status)

    def store(
        self,
        attribute: Attribute,
        start: int,
        written: type[CIPType],
        octets: bytes,
        count: int,
    ) -> None:
        """Values into the tag, made into its type where it is a wider one."""
        if (
            written is not attribute.type
            and attribute.type.tag_type != written.tag_type
        ):
            try:
                octets = attribute.type.pack(written.unpack(octets))
            except EncodeError:
                raise type_mismatch() from None
        attribute.write(start, start + count, octets)
        self.observed(attribute, start, start + count, "<=", octets)

    def observed(
        self, attribute: Attribute, start: int, stop: int, how: str, octets: bytes
    ) -> None:
        """Tell who watches what was read or written."""
        if self.observer is not None:
            size = attribute.type.struct_calcsize or 1
            # A piece of a structure is nothing but octets.
            cut = len(octets) != (stop - start) * size and size > 1
            values: Any = octets.hex(" ") if cut else attribute.type.unpack(octets)
            self.observer(
                f"{attribute.name:>20}[{start:5}-{stop - 1:<5}] {how} {values}"
            )


def type_of(asked: DataType, attribute: Attribute) -> type[CIPType]:
    """The type that is written, if the tag can take it."""
    own = attribute.type
    if isinstance(asked, Structure):
        # It is known by its handle, and nothing else is made into it.
        if not issubclass(own, StructureType) or asked.handle != own.handle:
            raise type_mismatch()
        return own
    found = CODES.get(asked.code) if isinstance(asked, Atomic) else None
    if found is None or issubclass(own, StructureType):
        raise type_mismatch()
    if found.tag_type == own.tag_type:
        return own
    if issubclass(found, TextType) or issubclass(own, TextType):
        raise type_mismatch()
    if issubclass(own, BOOLS):
        # A word of BOOLs is no number: one made wider would clear its neighbours.
        raise type_mismatch()
    narrowed = issubclass(found, REAL | LREAL) and not issubclass(own, REAL | LREAL)
    if narrowed or found.struct_calcsize > own.struct_calcsize:
        raise type_mismatch()
    return found


def piece(left: int, most: int, size: int, offset: int, whole: bool) -> int:
    """How many octets of those left are sent: values, or pieces of those if need be."""
    if left <= most:
        return left
    if whole or (most >= size and offset % size == 0):
        count = most - most % size
    else:
        count = most - most % STEP if most > STEP else most
    if count <= 0:
        raise Refusal(Status.REPLY_TOO_LARGE)
    return count


def taken(written: type[CIPType], octets: bytes, count: int) -> bytes:
    """The octets of so many values; what follows them is nobody's."""
    if issubclass(written, TextType):
        texts = written.cut(octets, count)
        if len(texts) < count:
            raise Refusal(Status.NOT_ENOUGH_DATA)
        return b"".join(texts)
    size = written.struct_calcsize * count
    if len(octets) < size:
        raise Refusal(Status.NOT_ENOUGH_DATA)
    return octets[:size]


def texts_from(
    attribute: Attribute, start: int, stop: int, offset: int, most: int
) -> tuple[bytes, bool]:
    """Some texts from an offset on, whole ones where one fits; is there more?"""
    if most <= 0:
        raise Refusal(Status.REPLY_TOO_LARGE)
    # Each has an octet at least.
    start, offset, texts = attribute.some(start, stop, offset, most + 1)
    if not texts:
        raise out_of_range()
    first, *others = texts
    found = [first[offset : offset + most]]
    left = most - len(found[0])
    if offset + most < len(first):
        return found[0], True
    for text in others:
        if len(text) > left:
            return b"".join(found), True
        found.append(text)
        left -= len(text)
    return b"".join(found), False


def text_after(
    attribute: Attribute, start: int, stop: int, offset: int
) -> tuple[int, int]:
    """The texts that begin at an offset, which those before it were written up to."""
    if not offset:
        return start, stop
    start, inside, _ = attribute.some(start, stop, offset, 1)
    if start >= stop or inside:
        raise out_of_range()
    return start, stop
