# SPDX-License-Identifier: Apache-2.0
"""The list of a controller's tags: asked for page by page, and what it says.

Under `catalogue`, over `forms` and `templates`.  Sans I/O: a `Listing` gives the
request for its next page and takes the reply.  Logix 5000 Data Access, class 0x6B.

Rules.  What a device says is held against the rules of the list: instances come in
ascending order, entries are whole, and each page brings something; else it is a
ProtocolError, so nobody can be made to ask for ever.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from math import prod
from typing import Any, TypeVar

from ..errors import Unexpected
from ..protocol.enip import Class, GetInstanceAttributeList, Instance, Path, Segment
from ..protocol.enip.datatypes import Sort
from ..protocol.enip.path import Symbol
from ..protocol.enip.plants import PROGRAM
from ..protocol.enip.status import Status
from ..protocol.enip.structures import BOOLS, HOST, StructureType
from ..protocol.enip.types import CIPType
from .forms import Message
from .templates import elementary

__all__ = [
    "Listed",
    "Listing",
    "Named",
    "Tag",
    "hidden",
    "named",
    "program_of",
    "tag",
    "within",
]

T = TypeVar("T")

SYMBOLS = 0x6B
NAME, KIND, CONTROL, DIMENSIONS, ACCESS = 1, 2, 6, 8, 10
# A device that does not know the last ones has the first ones.
ATTRIBUTES = (
    (NAME, KIND, CONTROL, DIMENSIONS, ACCESS),
    (NAME, KIND, DIMENSIONS, ACCESS),
    (NAME, KIND, DIMENSIONS),
)
SIZES = {KIND: 2, CONTROL: 4, DIMENSIONS: 12, ACCESS: 1}
STRUCTURE, SYSTEM, TEMPLATE, ELEMENTARY = 0x8000, 0x1000, 0x0FFF, 0x00FF
BASE = 1 << 26  # in the software control of what is no alias
MOST = 1 << 20  # symbols
LAST = 0xFFFFFFFF  # instance that a path can name
ACCESSES = ("read/write", "read/write", "read-only", "none")
# What a controller lists besides tags.
PREFIXES = ("__", HOST, "Map:", "Cxn:", "Task:", "Routine:")


@dataclass(frozen=True, slots=True)
class Listed:
    """A symbol, as a device lists it."""

    instance: int
    name: str
    kind: int
    dimensions: tuple[int, ...]
    access: str = ACCESSES[0]
    alias: bool = False

    @property
    def template(self) -> int:
        """Which template its structure has; 0 where it is none."""
        return self.kind & TEMPLATE if self.kind & STRUCTURE else 0

    @property
    def code(self) -> int:
        """The type, where it is an elementary one."""
        return self.kind & ELEMENTARY

    @property
    def sizes(self) -> tuple[int, ...]:
        """Its dimensions, as people count them: those of BOOLs are no words."""
        if not self.template and self.code == BOOLS.tag_type:
            return (32 * prod(self.dimensions),)
        return self.dimensions

    @property
    def program(self) -> str:
        """The name of the program that this symbol stands for, if it does."""
        return program_of(self.name)


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag of a controller."""

    name: str  # as it is read and written, its program included
    type: type[CIPType]
    dimensions: tuple[int, ...] = ()  # of a BOOL array: its words
    access: str = ACCESSES[0]  # or "read-only", or "none"
    alias: bool = False  # whether it is another tag's name
    instance: int = 0
    scope: str = ""  # the name of its program; empty for a controller's own

    @property
    def sort(self) -> str:
        """The type with the size, as in `InnerUDT[3]` and `BOOL[64]`."""
        return str(Sort(self.type, self.dimensions, self.bools))

    @property
    def type_name(self) -> str:
        """The name of the type of its values."""
        return "BOOL" if self.bools else self.type.__name__

    @property
    def bools(self) -> int:
        """How many BOOLs a BOOL array has."""
        return 32 * prod(self.dimensions) if self.type is BOOLS else 0

    @property
    def elements(self) -> int:
        """How many values it has."""
        return self.bools or prod(self.dimensions)

    @property
    def whole(self) -> str:
        """What to read for all its values, as `GRID{12}`."""
        return f"{self.name}{{{self.elements}}}" if self.dimensions else self.name

    def shaped(self, values: Any) -> Any:
        """Its values in lists of lists, as its dimensions are."""
        for size in reversed(() if self.bools else self.dimensions[1:]):
            values = [values[at : at + size] for at in range(0, len(values), size)]
        return values


class Unnamed(KeyError):
    """There is none of this name; what it resembles is looked for to be shown only."""

    def __init__(self, name: str, names: Iterable[str] = ()) -> None:
        super().__init__(name)
        self.names = names

    def __str__(self) -> str:
        name = str(self.args[0])
        several = {one.lower(): one for one in self.names}
        near = get_close_matches(name.lower(), several, 1)
        hint = f"; the nearest is {several[near[0]]!r}" if near else ""
        return f"there is no {name!r}{hint}"


class Named(Mapping[str, T]):
    """Things by their names, in any case of the letters.

    `refused` says which of them a device did not tell, and why.
    """

    def __init__(self, things: Mapping[str, T], refused: Iterable[str] = ()) -> None:
        self.refused = tuple(refused)
        self._things = dict(things)
        self._keys = {name.lower(): name for name in self._things}

    def __getitem__(self, name: str) -> T:
        try:
            return self._things[self._keys[name.lower()]]
        except KeyError:
            raise Unnamed(name, self._things) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._things)

    def __len__(self) -> int:
        return len(self._things)

    def __repr__(self) -> str:
        shown = f"{', '.join(list(self)[:5])}{', ...' * (len(self) > 5)}"
        return f"<{'; '.join((f'{len(self)}: {shown}', *self.refused))}>"


def program_of(name: str) -> str:
    """The name of the program that a symbol says; empty where it says none."""
    if name[: len(PROGRAM)].lower() != PROGRAM.lower():
        return ""
    return name[len(PROGRAM) :]


def tag(scope: str, one: Listed, kinds: Mapping[int, type[StructureType]]) -> Tag:
    """A tag as people know it."""
    kind = kinds[one.template] if one.template else elementary(one.code)
    name = f"{PROGRAM}{scope}.{one.name}" if scope else one.name
    return Tag(name, kind, one.dimensions, one.access, one.alias, one.instance, scope)


def named(path: Sequence[Segment]) -> tuple[str, str | int]:
    """The program and the tag that a path begins with; its number, if that is there."""
    first = path[0]
    if isinstance(first, Symbol):
        scope = program_of(first.name)
        if scope and len(path) > 1:
            name = path[1]
            return (scope, name.name) if isinstance(name, Symbol) else ("", "")
        return "", first.name
    by_number = first == Class(SYMBOLS) and len(path) > 1
    number = path[1] if by_number else None
    return "", number.value if isinstance(number, Instance) else ""


def within(listed: Mapping[str, Listed], name: str | int) -> Listed | None:
    """A symbol by its name or number."""
    if isinstance(name, str):
        return listed.get(name.lower())
    return next((one for one in listed.values() if one.instance == name), None)


def hidden(one: Listed) -> bool:
    """Whether people would not call it a tag."""
    system = one.kind & SYSTEM or one.program
    return bool(system) or not one.name or one.name.startswith(PREFIXES)


class Listing:
    """The symbols of a controller, or of a program; `request` is what to ask next."""

    def __init__(self, program: str = "") -> None:
        scope: tuple[Segment, ...] = (Symbol(PROGRAM + program),) if program else ()
        self.scope = scope
        self.shown = f"the tags of {PROGRAM}{program}" if program else "the tags"
        self.found: list[Listed] = []
        self.done = False
        self.refused = False
        self._start = 0
        self._form = 0

    @property
    def request(self) -> Message:
        """The request for the next page."""
        path = Path((*self.scope, Class(SYMBOLS), Instance(self._start)))
        asked = GetInstanceAttributeList(path=path, attributes=ATTRIBUTES[self._form])
        return Message.of_request(asked, self.shown)

    def took(self, status: int, octets: bytes) -> None:
        """Take a page, and what the device said of it."""
        if status not in {Status.SUCCESS, Status.PARTIAL_TRANSFER}:
            # Older ones do not know all attributes, and refuse the whole request.
            self._form += 1
            self.refused = bool(self.found) or self._form >= len(ATTRIBUTES)
            self.done = self.refused
            return
        page = list(self.entries(octets))
        if status == Status.PARTIAL_TRANSFER and not page:
            raise self.wrong("a page without any of them says that there is more")
        self.found += page
        if len(self.found) > MOST:
            raise self.wrong(f"no end after {len(self.found)} of them")
        if page:
            self._start = page[-1].instance + 1
        self.done = status == Status.SUCCESS
        if not self.done and self._start > LAST:
            raise self.wrong(f"there is more after instance {self._start - 1}")

    def entries(self, octets: bytes) -> Iterator[Listed]:
        """The symbols of a page."""
        at, least = 0, self._start
        while at < len(octets):
            instance, at = self.number(octets, at, 4)
            if instance < least:
                raise self.wrong(f"instance {instance} came after {least - 1}")
            least = instance + 1
            values: dict[int, int] = {}
            name = ""
            for one in ATTRIBUTES[self._form]:
                if one == NAME:
                    size, at = self.number(octets, at, 2)
                    if at + size > len(octets):
                        raise self.wrong("a name is cut off")
                    name = octets[at : at + size].decode("latin-1")
                    at += size
                else:
                    values[one], at = self.number(octets, at, SIZES[one])
            yield listed(instance, name, values)

    def number(self, octets: bytes, at: int, size: int) -> tuple[int, int]:
        """A number, and where it ends."""
        if at + size > len(octets):
            raise self.wrong("an entry is cut off")
        return int.from_bytes(octets[at : at + size], "little"), at + size

    def wrong(self, problem: str) -> Unexpected:
        return Unexpected(f"listing {self.shown}: {problem}", machine="reply")


def listed(instance: int, name: str, values: Mapping[int, int]) -> Listed:
    """A symbol from its attributes."""
    kind, sizes = values[KIND], values[DIMENSIONS]
    several = [sizes >> 32 * nth & 0xFFFFFFFF for nth in range(kind >> 13 & 3)]
    control = values.get(CONTROL, BASE)
    access = ACCESSES[values.get(ACCESS, 0) & 3]
    return Listed(instance, name, kind, tuple(several), access, not control & BASE)
