# SPDX-License-Identifier: Apache-2.0
"""Templates: what a controller's structures are made of, learnt from itself.

Under `catalogue`, over `forms` and the protocol's structures.  Sans I/O: a `Template`
gives the request for what it needs next and takes the reply.  Logix 5000 Data Access,
class 0x6C.

Rules.  Whatever a device says is held against what it said before: members lie within
their structure, a definition within its size, and no structure holds itself; else it is
a ProtocolError.  A structure that a device does not tell is known by its octets only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from ..errors import ProtocolError, Unexpected
from ..protocol.enip import Class, GetAttributeList, Instance, Path, ReadTemplate
from ..protocol.enip.status import Status
from ..protocol.enip.structures import (
    AROUND,
    ARRAY,
    BOOLS,
    HOST,
    NESTED,
    TEMPLATE,
    Member,
    StructureType,
    TemplateMember,
    assembled,
    described,
)
from ..protocol.enip.types import BOOL, CODES, CIPType
from .forms import Message

__all__ = ["Template", "elementary", "made"]

Kind = type[CIPType]

TEMPLATES = 0x6C
WORDS, SIZE, MEMBERS, HANDLE = 4, 5, 2, 1
ATTRIBUTES = {WORDS: 4, SIZE: 4, MEMBERS: 2, HANDLE: 2}
ATTRIBUTES_ROOM = 40  # octets of the reply
LARGEST = 1 << 24  # octets of a structure, or of its definition
PIECE = 0xFFFF  # octets that can be asked for at once
PIECES, LEAST = 4096, 64  # of a definition; of a larger one, each has some octets
RECORD = len(TemplateMember(0, 0, 0).encode())
# The templates of types that are nobody's but a user's; others hide their first word.
FIRST, LAST = 0x100, 0xEFF
CONTROLS = ("CTL", "Control")
DENSEST = 64  # values in an octet, on the average: BOOLs, and words of them
DEEPEST = 64  # structures, one in another
RENAMED = {"ASCIISTRING82": "STRING"}


class Template:
    """A structure of a device; `request` is what to ask next for it."""

    def __init__(self, instance: int) -> None:
        self.instance = instance
        self.done = False
        self.refused = False  # the device does not tell
        self.size = self.handle = self.count = self.total = 0
        self.octets = b""
        self.pieces = 0
        self.name = ""
        self.fields: list[tuple[str, TemplateMember]] = []

    @property
    def request(self) -> Message:
        """The request for its attributes, then for pieces of its definition."""
        path = Path((Class(TEMPLATES), Instance(self.instance)))
        text = f"template {self.instance}"
        if not self.total:
            some = GetAttributeList(path=path, attributes=tuple(ATTRIBUTES))
            return Message.of_request(some, text, ATTRIBUTES_ROOM)
        offset = len(self.octets)
        length = min(self.total - offset, PIECE)
        piece = ReadTemplate(path=path, offset=offset, length=length)
        return Message.of_request(piece, text)

    def took(self, status: int, octets: bytes) -> None:
        """Take what came, and what the device said of it."""
        if not self.total:
            self.attributes(status, octets)
            return
        if status not in {Status.SUCCESS, Status.PARTIAL_TRANSFER}:
            self.done = self.refused = True
            return
        more = status == Status.PARTIAL_TRANSFER
        if more and not octets:
            raise self.wrong("a piece of its definition has no octets")
        # Its size in words is rounded up.
        if len(self.octets) + len(octets) > self.total + 3:
            raise self.wrong("its definition is larger than it says")
        self.octets += octets
        self.pieces += 1
        if self.pieces > max(PIECES, self.total // LEAST):
            raise self.wrong(f"its definition has {self.pieces} pieces and no end")
        # It may end earlier: what its size says has some octets around it.
        self.done = not more or len(self.octets) >= self.total
        if self.done:
            self.define()

    def attributes(self, status: int, octets: bytes) -> None:
        """Its sizes."""
        found = dict(self.listed(octets)) if status == Status.SUCCESS else {}
        if found.keys() != ATTRIBUTES.keys():
            self.done = self.refused = True
            return
        self.size, self.count = found[SIZE], found[MEMBERS]
        self.handle = found[HANDLE]
        self.total = found[WORDS] * 4 - AROUND + 2
        if not 0 < self.size <= LARGEST or not 0 < self.total <= LARGEST:
            raise self.wrong(f"it has {self.size} octets, in {found[WORDS]} words")
        if self.count * (RECORD + 1) > self.total + 3:
            raise self.wrong(f"{self.count} members in {found[WORDS]} words")

    def listed(self, octets: bytes) -> list[tuple[int, int]]:
        """Attributes that have a value."""
        found, at = [], 2
        for _ in range(int.from_bytes(octets[:2], "little")):
            number = int.from_bytes(octets[at : at + 2], "little")
            refused = octets[at + 2 : at + 4] != b"\0\0"
            size = ATTRIBUTES.get(number, 0)
            at += 4
            if refused or not size:
                continue
            if at + size > len(octets):
                raise self.wrong("its attributes are cut off")
            found.append((number, int.from_bytes(octets[at : at + size], "little")))
            at += size
        return found

    def define(self) -> None:
        """Read the definition."""
        if self.count * RECORD > len(self.octets):
            raise self.wrong("its definition is cut off")
        try:
            self.name, self.fields = described(self.octets, self.count)
        except ProtocolError as exc:
            raise self.wrong(str(exc)) from None
        self.name = RENAMED.get(self.name, self.name) or f"TEMPLATE_{self.instance}"

    @property
    def nested(self) -> set[int]:
        """The templates of its members."""
        return {one.type & TEMPLATE for _, one in self.fields if one.type & NESTED}

    def assembled(self, kinds: Mapping[int, Kind]) -> type[StructureType]:
        """The class of it, when those of its members are known."""
        members = tuple(self.member(name, one, kinds) for name, one in self.fields)
        name = self.name or f"TEMPLATE_{self.instance}"
        size = self.size or 1
        made: Any = assembled(
            name, members, size, self.instance, self.handle, self.name
        )
        # Members may share octets; that must not make values without end of a few.
        if leaves(made) > DENSEST * size:
            raise self.wrong(f"too many values in {size} octets")
        found: type[StructureType] = made
        return found

    def member(
        self, name: str, one: TemplateMember, kinds: Mapping[int, Kind]
    ) -> Member:
        count = one.info if one.type & ARRAY else 0
        offset, bit = one.offset, None
        if one.type & NESTED:
            kind = kinds[one.type & TEMPLATE]
        else:
            kind = elementary(one.type & 0xFF)
            if not kind.struct_calcsize:
                kind = octets_of(one.type & 0xFF)  # no member's size differs
            if kind is BOOL and not count:
                # Some count in the word that holds it, some in its octet.
                offset, bit = offset + (one.info >> 3), one.info & 7
        made = Member(name, kind, count, offset, bit, self.conceals(name))
        if offset + made.size > self.size:
            raise self.wrong(f"{name} lies beyond its {self.size} octets")
        return made

    def conceals(self, name: str) -> bool:
        """Whether a member is one that people do not see."""
        predefined = not FIRST <= self.instance <= LAST
        if predefined and name in CONTROLS:
            return True
        return not name or name.startswith((HOST, "__"))

    def wrong(self, problem: str) -> Unexpected:
        what = f"template {self.instance} {self.name}".rstrip()
        return Unexpected(f"{what}: {problem}", machine="reply")


def elementary(code: int) -> Kind:
    """The type of a code; one that is not known here has octets only."""
    if code == BOOLS.tag_type:
        return BOOLS
    found = CODES.get(code)
    return found if found is not None else octets_of(code)


def octets_of(code: int) -> Kind:
    return type(f"TYPE_{code:02X}", (Octet,), {"tag_type": code})


class Octet(CIPType):
    """An octet of a type that is not known here."""

    struct_format = "<B"
    struct_calcsize = 1


@lru_cache(maxsize=4096)
def leaves(kind: Any) -> int:
    """How many values a value of a type holds, all in all."""
    if not issubclass(kind, StructureType):
        return 1
    counts = (leaves(one.type) * (one.count or 1) for one in kind.visible())
    return int(sum(counts))


def made(
    templates: Mapping[int, Template], known: Callable[[int], Kind | None]
) -> dict[int, type[StructureType]]:
    """The classes of templates, those first that others are made of."""
    found: dict[int, type[StructureType]] = {}

    def make(instance: int, chain: tuple[int, ...]) -> Kind:
        kind = found.get(instance) or known(instance)
        if kind is not None:
            return kind
        one = templates[instance]
        if len(chain) > DEEPEST:
            raise one.wrong("structures are nested too deep")
        if instance in chain:
            names = " holds ".join(templates[nth].name for nth in (*chain, instance))
            raise one.wrong(f"a structure holds itself: {names}")
        inside = {nth: make(nth, (*chain, instance)) for nth in one.nested}
        found[instance] = one.assembled(inside)
        return found[instance]

    for instance in templates:
        make(instance, ())
    return found
