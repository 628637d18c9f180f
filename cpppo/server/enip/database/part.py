# SPDX-License-Identifier: Apache-2.0
"""A part of a tag: a member of a structure, however deep; an element; a bit.

Over `attribute`, under `directory`.  A part has no octets of its own: it shares those
of the whole, so what is written to the one is read from the other.  It is used as an
attribute is.  Where a program takes part in the reads and writes of the whole, those
of a part go through it too, with the whole value that the part is in.
"""

from __future__ import annotations

from math import prod
from typing import Any

from ....protocol.enip.structures import StructureType
from ....protocol.enip.types import BOOL, CIPType
from ..cip.attribute import Attribute
from ..cip.places import Place

__all__ = ["Part", "bit_of", "element_of", "member_of"]


class Part(Attribute):
    """Some values in the storage of an attribute, or one bit there."""

    def __init__(  # it has no storage to make
        self,
        root: Attribute,
        name: str,
        kind: type[CIPType],
        start: int,
        dimensions: tuple[int, ...] = (),
        bit: int | None = None,
    ) -> None:
        self.name = name
        self.type = kind
        self.parser = kind()
        self.mask = root.mask
        self.tagged = root.tagged
        self.dimensions = dimensions
        self.scalar = not dimensions
        self.storage = root.storage
        self.modifying = root.modifying
        self.start = start
        self.bit = bit  # in the octet at the start
        self._length = prod(dimensions)
        self._root = root
        self._hooked = False

    @property
    def root(self) -> Attribute:
        return self._root

    @property
    def error(self) -> int:
        return self._root.error

    @error.setter
    def error(self, status: int) -> None:
        self._root.error = status

    @property
    def access(self) -> str:
        return self._root.access

    @access.setter
    def access(self, access: str) -> None:
        self._root.access = access

    @property
    def denied(self) -> int:
        return self._root.denied

    @property
    def plain(self) -> bool:
        return self.bit is None and self.storage.plain

    def __setitem__(self, key: int | slice, value: Any) -> None:
        one = self._validate_key(key) is int
        start, stop, _ = (slice(key, key + 1) if one else key).indices(len(self))  # type: ignore[operator,union-attr]
        values = self._several([value] if one else value, stop - start)
        self.write(start, stop, self.type.pack(values))

    def _octets(self, start: int, stop: int) -> bytes:
        size = self.type.struct_calcsize
        return self.cut(start * size, (stop - start) * size)

    def place(self, index: int) -> Place:
        size = self.type.struct_calcsize
        start, stop = self.start + index * size, self.start + self._length * size
        return Place(self.storage, start, size, self.kind, self, stop)

    def cut(self, at: int, count: int) -> bytes:
        octets = self._root.cut(self.start + at, count)
        # A bit stands for a whole value.
        return octets if self.bit is None else BOOL.produce(octets[0] >> self.bit & 1)

    def write(self, start: int, stop: int, octets: bytes) -> None:
        if self.bit is None:
            self.patch(start * self.type.struct_calcsize, octets)
            return
        # The other bits are somebody else's, who may write them at the same time.
        mask, wanted = 1 << self.bit, any(octets)
        ones, zeros = (mask, 0xFF) if wanted else (0, 0xFF ^ mask)
        self._root.modify(self.start, bytes((ones,)), bytes((zeros,)))

    def patch(self, at: int, octets: bytes) -> None:
        self._root.patch(self.start + at, octets)

    def modify(self, at: int, ones: bytes, zeros: bytes) -> bytes:
        return self._root.modify(self.start + at, ones, zeros)


def member_of(whole: Attribute, index: int, name: str) -> Part | None:
    """A member of a value of structures; None where there is none of this name."""
    kind = whole.type
    member = kind.member(name) if issubclass(kind, StructureType) else None
    if member is None:
        return None
    said = f"{whole.name}{subscript(whole, index)}.{member.name}"
    start = whole.start + index * kind.struct_calcsize + member.offset
    dimensions = (member.count,) if member.count else ()
    return Part(whole.root, said, member.type, start, dimensions, member.bit)


def element_of(whole: Attribute, index: int) -> Part:
    """One value of an array."""
    said = f"{whole.name}{subscript(whole, index)}"
    start = whole.start + index * whole.type.struct_calcsize
    return Part(whole.root, said, whole.type, start)


def bit_of(whole: Attribute, bit: int, name: str) -> Part:
    """One bit of the values, counted from the lowest one of the first."""
    return Part(whole.root, name, BOOL, whole.start + (bit >> 3), (), bit & 7)


def subscript(whole: Attribute, index: int) -> str:
    """How a value of an array is written behind its name."""
    several = []
    for size in reversed(whole.dimensions):
        several.append(index % size)
        index //= size
    return f"[{','.join(map(str, reversed(several)))}]" if several else ""
