# SPDX-License-Identifier: Apache-2.0
"""The data types of an L5X file: their members, and where these are.

Under `l5x`, over `structures`.  A type of the user's says its hidden hosts, and of each
BOOL in which host it is; numbers, arrays and structures stand where the rules of
`structures` put them.  An Add-On Instruction is a structure of its parameters and its
local tags, without those that it only refers to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ....protocol.enip.datatypes import Types, TypesError
from ....protocol.enip.structures import (
    BOOLS,
    HOST,
    Member,
    StructureType,
    alignment,
    assembled,
    ended,
    rounded,
    structure,
)
from ....protocol.enip.types import BOOL, CIPType
from .xml import Node

__all__ = ["Declared", "Entry", "instruction", "user_type"]

BIT = "BIT"


@dataclass(frozen=True, slots=True)
class Entry:
    """A member as a file declares it."""

    name: str
    type: str
    count: int = 0
    hidden: bool = False
    target: str = ""  # of a BIT: its host
    bit: int = 0
    line: int = 0


@dataclass(frozen=True, slots=True)
class Declared:
    """A type as a file declares it."""

    name: str
    entries: tuple[Entry, ...]
    line: int

    @property
    def needs(self) -> Iterator[str]:
        """The types of its members."""
        return (one.type for one in self.entries if one.type != BIT)

    def made(self, types: Types, instance: int) -> type[StructureType]:
        """The type, of the types of its members."""
        if not any(one.type == BIT for one in self.entries):
            several = [
                (one.name, *kind_of(one, types, self.name)) for one in self.entries
            ]
            return structure(self.name, several, instance)
        return assembled(self.name, *self.placed(types), instance)

    def placed(self, types: Types) -> tuple[tuple[Member, ...], int]:
        """The members in their places, and the size of all."""
        found: list[Member] = []
        hosts: dict[str, Member] = {}
        at = 0
        for one in self.entries:
            if one.type == BIT:
                host = hosts.get(one.target.lower())
                if host is None or one.bit >= 8 * host.size:
                    problem = f"there is no bit {one.bit} in {one.target!r} before it"
                    raise TypesError(problem, self.name, one.name)
                where = host.offset + (one.bit >> 3)
                found.append(Member(one.name, BOOL, 0, where, one.bit & 7))
                continue
            kind, count = kind_of(one, types, self.name)
            align = alignment(kind)
            at = rounded(at, max(4, align) if count else align)
            hidden = one.hidden or one.name.startswith(HOST)
            found.append(Member(one.name, kind, count, at, hidden=hidden))
            hosts[one.name.lower()] = found[-1]
            at += found[-1].size
        return tuple(found), ended(found, at)


def kind_of(one: Entry, types: Types, owner: str) -> tuple[type[CIPType], int]:
    """The type of a member, and its elements; of a BOOL array: words."""
    kind = types[one.type]
    if not kind.struct_calcsize:
        raise TypesError(f"{one.type} has no fixed size", owner, one.name)
    if kind is BOOL and one.count:
        return BOOLS, -(-one.count // 32)
    return kind, one.count


# -- what the file says


def user_type(node: Node) -> Declared:
    """A DataType."""
    entries = []
    for one in node.find("Members", "Member"):
        bit = one.get("BitNumber", "0")
        entries.append(
            Entry(
                one.get("Name"),
                one.get("DataType") if one.get("DataType").upper() != BIT else BIT,
                size(one.get("Dimension", "0"), node.get("Name"), one.get("Name")),
                one.get("Hidden").lower() == "true",
                one.get("Target"),
                int(bit) if bit.isdecimal() and len(bit) < 6 else 0xFFFF,
                one.line,
            )
        )
    return Declared(node.get("Name"), checked(entries, node.get("Name")), node.line)


def instruction(node: Node) -> Declared:
    """An Add-On Instruction."""
    name = node.get("Name")
    entries = []
    for one in node.find("Parameters", "Parameter"):
        if one.get("Usage") != "InOut" and one.get("TagType") != "Alias":
            entries.append(entry(one, name))
    for one in node.find("LocalTags", "LocalTag"):
        entries.append(entry(one, name))
    return Declared(name, checked(entries, name), node.line)


def entry(one: Node, owner: str) -> Entry:
    """A parameter or a local tag."""
    member = one.get("Name")
    count = 0
    for text in one.get("Dimensions", "0").replace(",", " ").split():
        # A member has one dimension: the others lie in it, one after the other.
        count = max(count, 1) * size(text, owner, member)
    return Entry(member, one.get("DataType"), count, line=one.line)


def size(text: str, owner: str, member: str) -> int:
    """How many elements; 0 for no array."""
    if not (text.isascii() and text.isdecimal() and len(text) < 9):
        raise TypesError(f"{text!r} is no number of elements", owner, member)
    return int(text)


def checked(entries: Iterable[Entry], owner: str) -> tuple[Entry, ...]:
    """Members that have names, and each its own."""
    found: dict[str, Entry] = {}
    for one in entries:
        if not one.name or not one.type:
            raise TypesError("a member has a Name and a DataType", owner, one.name)
        if not one.name.isascii() or not one.name.isprintable() or "." in one.name:
            raise TypesError(f"{one.name!r} is no name of a member", owner)
        if found.setdefault(one.name.lower(), one) is not one:
            raise TypesError("there is such a member already", owner, one.name)
        if one.count > 0xFFFF:
            problem = "a member's array has up to 65535 elements"
            raise TypesError(problem, owner, one.name)
    if not found:
        raise TypesError("a structure has one member at least", owner)
    return tuple(found.values())
