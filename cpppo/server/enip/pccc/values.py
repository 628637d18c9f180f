# SPDX-License-Identifier: Apache-2.0
"""What typed reads and writes are of: elements of a data file, or of a tag by its name.

Over `files`, under `functions`.  A typed value says its type and its size, and a write
that says others is refused.  A name that is an address of a data file that there is
means that; any other means a tag.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ....errors import CpppoError
from ....protocol.enip.datafile import DataAddress, FileType
from ....protocol.enip.notation import NotationError, parse_path_elements
from ....protocol.enip.pccc import (
    AreaElementAddress,
    AreaSubElementAddress,
    ElementAddress,
    PLC5Address,
    Said,
    SubElementAddress,
    SymbolicAddress,
)
from ....protocol.enip.pccc_status import Refused
from ....protocol.enip.types import LREAL, REAL, TextType
from ..cip.answers import Refusal
from .files import DataFile, DataFiles, Wrong

if TYPE_CHECKING:
    from ..cip.attribute import Attribute
    from ..database.directory import Directory

__all__ = ["Elements", "Spot", "elements", "named", "spot"]

AREAS = AreaElementAddress | AreaSubElementAddress
LEVELS = ElementAddress | SubElementAddress | AREAS
SAID = {"T": Said.TIMER, "C": Said.COUNTER, "R": Said.CONTROL, "F": Said.FLOAT}


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a data file; `word`: in the middle of an element."""

    file: DataFile
    at: int
    word: bool = False


@dataclass(frozen=True, slots=True)
class Elements:
    """Elements from a place on: their type, their size, and how to have them."""

    type: int
    size: int
    held: Callable[[int, int], bytes]  # from element to element
    store: Callable[[int, bytes], None]  # from an element on


def spot(files: DataFiles, address: PLC5Address) -> Spot:
    """Where in a data file an address leads."""
    if isinstance(address, SymbolicAddress):
        found = named(files, address.named.name)
        if found is None:
            raise Wrong(Refused.SYMBOL_NOT_FOUND)
        return found
    if not isinstance(address, LEVELS):
        raise Wrong(Refused.ILLEGAL_VALUE)
    if isinstance(address, AREAS) and address.area.value:
        raise Wrong(Refused.ILLEGAL_VALUE)
    sub = None
    if isinstance(address, SubElementAddress | AreaSubElementAddress):
        sub = address.sub.value
    return placed(files.find(address.file.value), address.element.value, sub)


def placed(file: DataFile, element: int, sub: int | None) -> Spot:
    """An element's place, or that of one of its words."""
    if sub and not file.type.slots and 2 * sub >= file.type.size:
        raise Wrong(Refused.ILLEGAL_VALUE)
    at = element * file.type.size + 2 * (sub or 0)
    if at >= len(file.octets):
        raise Wrong(Refused.BEYOND_END)
    several = file.type.size > 4
    return Spot(file, at, several and sub is not None)


def named(files: DataFiles, name: str) -> Spot | None:
    """Where an address that stands as text leads; None if it is no such address."""
    try:
        address = DataAddress.parse(name)
    except NotationError:
        return None
    file = files.files.get(address.file)
    if file is None or file.type is not address.type:
        return None
    if address.bit is not None or address.count is not None:
        raise Wrong(Refused.SYMBOL_FORMAT)
    whole = address.whole and address.form is file.type.form
    return placed(file, address.element, None if whole else address.sub)


def elements(files: DataFiles, tags: Directory, address: PLC5Address) -> Elements:
    """The elements from an address on, of a data file or of a tag."""
    if isinstance(address, SymbolicAddress):
        found = named(files, address.named.name)
        if found is None:
            return tagged(tags, address.named.name)
    else:
        found = spot(files, address)
    return filed(files, found)


def filed(files: DataFiles, found: Spot) -> Elements:
    """Elements of a data file."""
    file = found.file
    if file.type.letter == "ST":
        raise Wrong(Refused.ILLEGAL_TYPE)
    size = 2 if found.word else file.type.size

    def held(start: int, stop: int) -> bytes:
        with files.lock:
            return file.held(found.at + start * size, (stop - start) * size)

    def store(start: int, octets: bytes) -> None:
        with files.lock:
            file.store(found.at + start * size, octets)

    return Elements(said(file.type, found.word), size, held, store)


def said(type: FileType, word: bool) -> int:
    """What typed values say that an element is."""
    return Said.INTEGER if word else SAID.get(type.letter, Said.INTEGER)


def tagged(tags: Directory, name: str) -> Elements:
    """Elements of a tag."""
    attribute, first = found_tag(tags, name)
    kind = attribute.type
    size = kind.struct_calcsize
    if not size or issubclass(kind, TextType) or not kind.struct_format:
        raise Wrong(Refused.ILLEGAL_TYPE)

    def within(start: int, stop: int) -> tuple[int, int]:
        if first + stop > len(attribute):
            raise Wrong(Refused.BEYOND_END)
        return first + start, first + stop

    def held(start: int, stop: int) -> bytes:
        return attribute.produce(*within(start, stop))

    def store(start: int, octets: bytes) -> None:
        if not attribute.settable:
            raise Wrong(Refused.ACCESS_DENIED)
        attribute.write(*within(start, start + len(octets) // size), octets)

    real = issubclass(kind, REAL | LREAL)
    return Elements(Said.FLOAT if real else Said.INTEGER, size, held, store)


def found_tag(tags: Directory, name: str) -> tuple[Attribute, int]:
    """The tag with this name, and which of its elements is meant."""
    try:
        target = tags.find(tuple(parse_path_elements(name)[0]))
        index = target.index
    except CpppoError:
        raise Wrong(Refused.SYMBOL_FORMAT) from None
    except Refusal:
        raise Wrong(Refused.SYMBOL_NOT_FOUND) from None
    attribute = target.attribute
    if attribute is None or not attribute.tagged:
        raise Wrong(Refused.SYMBOL_NOT_FOUND)
    if attribute.denied:
        raise Wrong(Refused.ACCESS_DENIED)
    return attribute, index
