# SPDX-License-Identifier: Apache-2.0
"""The functions of PCCC, carried out on the data files of a controller.

Over `files` and `values`, under `processor`.  A function gives the data of
its reply, or raises a `Wrong`; nothing is written of what is refused.  What is done to
the files is done with their lock held.  A write takes what it needs of its octets:
clients pad.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ....protocol.enip.datafile import CODES
from ....protocol.enip.filelist import listing
from ....protocol.enip.pccc import (
    FileRead,
    Function,
    LogicalAddress,
    LogicalRead,
    LogicalWrite,
    MaskedWrite,
    PLC5Address,
    TypedRead,
    TypedValues,
    TypedWrite,
    WordRangeRead,
    WordRangeWrite,
    WordsModify,
)
from ....protocol.enip.pccc_status import Refused
from .files import DataFile, DataFiles, Wrong
from .values import Elements, Spot, elements, spot

if TYPE_CHECKING:
    from ..database.directory import Directory

__all__ = ["Functions"]

Observed = Callable[[DataFile, int, int, str], None]


class Functions:
    """What can be done; `most` octets have the data of a reply."""

    def __init__(self, files: DataFiles, tags: Directory, observed: Observed) -> None:
        self.files = files
        self.tags = tags
        self.observed = observed

    def answer(self, function: Function, most: int) -> bytes:
        """The data of the reply to a function."""
        method = METHODS.get(type(function))
        if method is None:
            raise Wrong(Refused.ILLEGAL_COMMAND)
        if isinstance(function, TypedRead | TypedWrite):
            # A tag's program may use the files, and another thread's as well: so it
            # is not asked with the files held.
            return method(self, function, most)
        with self.files.lock:
            return method(self, function, most)

    # -- SLC 500 and MicroLogix

    def logical_read(self, asked: LogicalRead, most: int) -> bytes:
        return self.held(self.logical(asked.address), asked.size, most)

    def logical_write(self, asked: LogicalWrite, most: int) -> bytes:
        octets = asked.data[: asked.size]
        if not octets or len(octets) < asked.size:
            raise Wrong(Refused.ILLEGAL_COMMAND)
        return self.store(self.logical(asked.address), octets)

    def masked_write(self, asked: MaskedWrite, most: int) -> bytes:
        place = self.logical(asked.address)
        mask, octets = asked.mask, asked.octets
        if not octets or len(octets) > asked.size:
            raise Wrong(Refused.ILLEGAL_COMMAND)
        held = place.file.held(place.at, len(octets))
        whole = mask * (len(octets) // len(mask) + 1)
        both = zip(held, octets, whole, strict=False)
        return self.store(place, bytes(a & ~m | b & m for a, b, m in both))

    def file_read(self, asked: FileRead, most: int) -> bytes:
        if asked.file.value or asked.type in CODES:
            address = LogicalAddress(asked.file, asked.type, asked.element)
            return self.held(self.logical(address), asked.size, most)
        octets = listing(
            {one.number: (one.type, len(one.octets)) for one in self.files}
        )
        at = 2 * asked.element.value
        if asked.size > most:
            raise Wrong(Refused.TOO_LARGE)
        if not self.files.files or not asked.size or at + asked.size > len(octets):
            raise Wrong(Refused.BEYOND_END)
        return octets[at : at + asked.size]

    def logical(self, address: LogicalAddress) -> Spot:
        """Where an address leads, whose type must be the file's."""
        kind = CODES.get(address.type)
        if kind is None:
            raise Wrong(Refused.ILLEGAL_TYPE)
        file = self.files.find(address.file.value)
        if file.type is not kind:
            raise Wrong(Refused.TYPE_MISMATCH)
        sub = address.sub.value
        if sub and not kind.slots and 2 * sub >= kind.size:
            raise Wrong(Refused.ILLEGAL_VALUE)
        return Spot(file, address.element.value * kind.size + 2 * sub)

    # -- PLC-5

    def range_read(self, asked: WordRangeRead, most: int) -> bytes:
        place = spot(self.files, asked.address)
        said = rest(asked.address)[:1]
        size = said[0] if said else 2 * (asked.total - asked.offset)
        return self.held(after(place, asked.offset), size, most)

    def range_write(self, asked: WordRangeWrite, most: int) -> bytes:
        place = spot(self.files, asked.address)
        octets = rest(asked.address)[: 2 * max(asked.total - asked.offset, 0)]
        if not octets or len(octets) % 2:
            raise Wrong(Refused.ILLEGAL_COMMAND)
        return self.store(after(place, asked.offset), octets)

    def words_modify(self, asked: WordsModify, most: int) -> bytes:
        """All places are looked up before the first is written."""
        found: list[tuple[Spot, bytes, bytes]] = []
        address: PLC5Address | None = asked.address
        while address is not None:
            masks, others = rest(address)[:4], rest(address)[4:]
            if len(masks) < 4:
                raise Wrong(Refused.ILLEGAL_COMMAND)
            place = spot(self.files, address)
            found.append((place, masks[:2], masks[2:]))
            address = PLC5Address.decode(others) if len(others) > 1 else None
        for place, keep, ones in found:
            held = place.file.held(place.at, 2)
            both = zip(held, keep, ones, strict=True)
            self.store(place, bytes(a & k | o for a, k, o in both))
        return b""

    # -- PLC-5 and Logix

    def typed_read(self, asked: TypedRead, most: int) -> bytes:
        found = elements(self.files, self.tags, asked.address)
        said = rest(asked.address)[:2]
        if len(said) < 2:
            raise Wrong(Refused.ILLEGAL_COMMAND)
        count = int.from_bytes(said, "little")
        if not count:
            raise Wrong(Refused.INVALID_DATA)
        size = count * found.size
        # Nothing is read of what is refused, so noughts say how long it would be.
        if size > most or len(typed(found, bytes(size))) > most:
            raise Wrong(Refused.TOO_LARGE)
        return typed(found, found.held(asked.offset, asked.offset + count))

    def typed_write(self, asked: TypedWrite, most: int) -> bytes:
        found = elements(self.files, self.tags, asked.address)
        said = TypedValues.decode(rest(asked.address))
        kind, size, octets = said.element()
        if kind != found.type or size != found.size:
            raise Wrong(Refused.TYPE_MISMATCH)
        if len(said.data) < said.kind.size or not octets or len(octets) % size:
            raise Wrong(Refused.ILLEGAL_COMMAND)
        found.store(asked.offset, octets)
        return b""

    # -- what they share

    def held(self, place: Spot, size: int, most: int) -> bytes:
        """So many octets from a place on."""
        if size < 1:
            raise Wrong(Refused.ILLEGAL_VALUE)
        if size > most:
            raise Wrong(Refused.TOO_LARGE)
        octets = place.file.held(place.at, size)
        self.observed(place.file, place.at, size, "==")
        return octets

    def store(self, place: Spot, octets: bytes) -> bytes:
        """Octets from a place on; a reply has no data."""
        place.file.store(place.at, octets)
        self.observed(place.file, place.at, len(octets), "<=")
        return b""


def rest(address: PLC5Address) -> bytes:
    """What follows an address."""
    found: bytes = getattr(address, "data", b"")
    return found


def typed(found: Elements, octets: bytes) -> bytes:
    """The octets of some elements, after what says what they are."""
    return TypedValues.of(found.type, found.size, octets).encode()


def after(place: Spot, words: int) -> Spot:
    """So many words after a place."""
    return Spot(place.file, place.at + 2 * words)


METHODS: dict[type[Function], Callable[[Functions, Any, int], bytes]] = {
    FileRead: Functions.file_read,
    LogicalRead: Functions.logical_read,
    LogicalWrite: Functions.logical_write,
    MaskedWrite: Functions.masked_write,
    TypedRead: Functions.typed_read,
    TypedWrite: Functions.typed_write,
    WordRangeRead: Functions.range_read,
    WordRangeWrite: Functions.range_write,
    WordsModify: Functions.words_modify,
}
