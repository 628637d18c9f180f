# SPDX-License-Identifier: Apache-2.0
"""The types that a controller knows by name: elementary, predefined, and its own.

Over `structures`.  A type is made when it is first asked for, so types may be declared
in any order; one that would hold itself, or names another that is not there, is a
TypesError that says whose member it is.  Names are the same in any case of letters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import prod

from ...errors import CpppoError
from .structures import (
    BOOLS,
    Member,
    StructureType,
    assembled,
    structure,
    text,
)
from .types import (
    BOOL,
    BYTE,
    DINT,
    DWORD,
    LWORD,
    REAL,
    TYPES,
    WORD,
    CIPType,
    TextType,
)

__all__ = [
    "LONGEST",
    "NUMBER",
    "Sort",
    "Types",
    "TypesError",
    "amiss",
    "number",
]

Kind = type[CIPType]
# Members and their types, the room of a text, or what makes a type of a number.
What = tuple[tuple[str, str], ...] | int | Callable[[int], type[StructureType]]

MOST = 100_000_000  # elements: more would be a slip, and all of the memory
LONGEST = 255  # letters of a name: one octet says how many
FIRST, LAST = 0x100, 0xEFF  # the templates of types that are nobody's but the user's
STRING, TIMER, COUNTER, CONTROL, PID = 0xFCE, 0xF83, 0xF82, 0xF81, 0xF8A
NUMBER = r"(?:0[xX][0-9a-fA-F]{1,16}|[0-9]{1,20})"
SORT = re.compile(
    rf"\s*(?P<name>[A-Za-z_][\w:.]*)\s*"
    rf"(?:\[\s*(?P<size>{NUMBER}(?:\s*,\s*{NUMBER})*)\s*\]\s*)?"
)
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_:]*")


class TypesError(CpppoError, ValueError):
    """A type, or a member of one, cannot be: which, and why."""

    def __init__(self, problem: str, type: str = "", member: str = "") -> None:
        where = f"type {type}: " if type else ""
        super().__init__(f"{where}{f'{member}: ' if member else ''}{problem}")
        self.problem = problem
        self.type = type
        self.member = member


@dataclass(frozen=True, slots=True)
class Sort:
    """What a tag or a member is: a type, and how many of it in which order."""

    type: Kind
    dimensions: tuple[int, ...] = ()  # of a BOOL array: its words
    bools: int = 0  # of a BOOL array: how many

    @property
    def count(self) -> int:
        """How many values: 1 where it is no array."""
        return prod(self.dimensions)

    def __str__(self) -> str:
        if self.bools:
            return f"BOOL[{self.bools}]"
        size = ",".join(map(str, self.dimensions))
        return f"{self.type.__name__}[{size}]" if size else self.type.__name__


class Types:
    """Types by their names.

    `published`: STRING and BOOL arrays are CIP's own, as the command line has them;
    otherwise they are a controller's, a structure and words of 32 bits.
    """

    def __init__(self, published: bool = False) -> None:
        self.published = published
        self._known: dict[str, Kind] = {
            name.lower(): kind
            for name, kind in TYPES.items()
            if published or not issubclass(kind, TextType) or name == "SSTRING"
        }
        self._known |= {one.__name__.lower(): one for one in (BYTE, WORD, DWORD, LWORD)}
        self._known["short_string"] = self._known["sstring"]
        self._declared: dict[str, tuple[str, What]] = {}
        self._making: list[str] = []
        self._instances: dict[int, type[StructureType]] = {}
        self._handles: set[int] = set()
        self._next = FIRST
        for made in predefined():
            if made.__name__.lower() not in self._known:
                self.add(made)

    # -- what there is

    def __iter__(self) -> Iterator[type[StructureType]]:
        """The structures, by the numbers of their templates; all that were declared."""
        for name, _ in list(self._declared.values()):
            self[name]
        return iter([self._instances[key] for key in sorted(self._instances)])

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._known or name.lower() in self._declared

    def __getitem__(self, name: str) -> Kind:
        """The type of a name."""
        found = self._known.get(name.lower())
        return self._made(name) if found is None else found

    def template(self, instance: int) -> type[StructureType] | None:
        """The structure whose template has this number."""
        return self._instances.get(instance)

    # -- what people say

    def declare(self, types: Mapping[str, Iterable[tuple[str, str]]]) -> None:
        """Have structures: for each its members, and these as text, as `INT[3]`."""
        for name, members in types.items():
            self._declare(name, tuple(members))

    def declare_text(self, name: str, capacity: int) -> None:
        """Have a string type with room for so many letters."""
        if not 1 <= capacity <= 0xFFFF:
            raise TypesError("a string has room for 1 to 65535 letters", name)
        self._declare(name, capacity)

    def declare_made(
        self, name: str, make: Callable[[int], type[StructureType]]
    ) -> None:
        """Have a type that is made when it is needed, of the number that it gets."""
        self._declare(name, make)

    def add(self, made: type[StructureType]) -> None:
        """Have a type that is made already, with a number of its own."""
        if made.__name__ in self:
            raise TypesError("there is such a type already", made.__name__)
        self._known[made.__name__.lower()] = made
        self._instances[made.instance] = made
        self._handles.add(made.handle)

    def sort(self, said: str) -> Sort:
        """The type and the dimensions of a text, as `DINT[3,4]`."""
        match = SORT.fullmatch(said)
        if match is None:
            raise TypesError(f"{said!r} is no type; one is DINT, INT[3] or REAL[3,4]")
        kind = self[match["name"]]
        if match["size"] is None:
            return Sort(kind)
        sizes = tuple(map(number, match["size"].split(",")))
        if problem := amiss(sizes):
            raise TypesError(f"{said!r}: {problem}")
        if kind is BOOL and not self.published:
            if len(sizes) > 1:
                raise TypesError(f"{said!r}: a BOOL array has one dimension")
            return Sort(BOOLS, (-(-sizes[0] // 32),), sizes[0])
        return Sort(kind, sizes)

    # -- making

    def _declare(self, name: str, what: What) -> None:
        check(name, "a type's name", name)
        if name in self:
            raise TypesError("there is such a type already", name)
        self._declared[name.lower()] = name, what

    def _made(self, name: str) -> Kind:
        key = name.lower()
        if key not in self._declared:
            there = {one.__name__ for one in self._known.values()}
            there.update(one for one, _ in self._declared.values())
            names = ", ".join(sorted(there, key=str.lower))
            raise TypesError(f"no type {name!r}; there are {names}")
        said, what = self._declared[key]
        if key in self._making:
            several = [*self._making[self._making.index(key) :], key]
            chain = " holds ".join(self._declared[one][0] for one in several)
            raise TypesError(f"a structure holds itself: {chain}", said)
        self._making.append(key)
        try:
            made = self._numbered(said, what)
        finally:
            self._making.pop()
        self._known[key] = made
        self._instances[made.instance] = made
        self._handles.add(made.handle)
        return made

    def _numbered(self, name: str, what: What) -> type[StructureType]:
        """A type with a number and a handle that no other one has."""
        if isinstance(what, int):
            made: type[StructureType] = text(name, what, self._free())
        elif callable(what):
            made = what(self._free())
        else:
            members = [self._member(name, *one) for one in what]
            if not members:
                raise TypesError("a structure has one member at least", name)
            names = [one.lower() for one, _, _ in members]
            for at, one in enumerate(names):
                if one in names[:at]:
                    raise TypesError("there is such a member already", name, one)
            made = structure(name, members, self._free())
        while made.handle in self._handles or not made.handle:
            made.handle = made.handle + 1 & 0xFFFF
        return made

    def _member(self, name: str, member: str, said: str) -> tuple[str, Kind, int]:
        check(member, "a member's name", name, member)
        try:
            sort = self.sort(said)
        except TypesError as exc:
            if exc.type:
                raise
            raise TypesError(exc.problem, name, member) from None
        if len(sort.dimensions) > 1:
            raise TypesError("a member's array has one dimension", name, member)
        if issubclass(sort.type, TextType):
            problem = f"{sort.type.__name__} has no fixed size; a member has STRING"
            raise TypesError(problem, name, member)
        if sort.count > 0xFFFF:
            raise TypesError("a member's array has up to 65535 elements", name, member)
        return member, sort.type, sort.dimensions[0] if sort.dimensions else 0

    def _free(self) -> int:
        while self._next in self._instances:
            self._next += 1
        if self._next > LAST:
            raise TypesError(f"a controller has up to {LAST - FIRST + 1} own types")
        self._next += 1
        return self._next - 1


def number(text: str) -> int:
    """A number, decimal or hexadecimal."""
    plain = text.strip()
    return int(plain, 16 if plain[1:2] in ("x", "X") else 10)


def amiss(sizes: Sequence[int]) -> str:
    """What is wrong with the sizes of an array; nothing, if they are right."""
    if len(sizes) > 3:
        return "an array has up to 3 dimensions"
    if 0 in sizes or prod(sizes) > MOST:
        return f"an array has 1 to {MOST} elements"
    return ""


def check(said: str, what: str, *where: str) -> None:
    """Refuse a name that no controller would take."""
    if not NAME.fullmatch(said) or len(said) > LONGEST:
        problem = f"{what} is letters, digits and _, a letter first, not {said!r}"
        raise TypesError(problem, *where)


# -- predefined


def enumerated(names: str, first: int) -> tuple[tuple[str, int], ...]:
    """Names of bits, from one on downwards."""
    return tuple((name, first - nth) for nth, name in enumerate(names.split()))


TIMER_BITS = enumerated("EN TT DN", 31)
COUNTER_BITS = enumerated("CU CD DN OV UN", 31)
CONTROL_BITS = enumerated("EN EU DN EM ER UL IN FD", 31)
PID_BITS = (
    *enumerated("EN CT CL PVT DOE SWM CA MO PE NDF NOBC NOZC", 31),
    *enumerated("INI SPOR OLL OLH EWD DVNA DVPA PVLA PVHA", 15),
)
PID_REALS = (
    "SP KP KI KD BIAS MAXS MINS DB SO MAXO MINO UPD PV ERR OUT PVH PVL DVP DVN PVDB "
    "DVDB MAXI MINI TIE MAXCV MINCV MINTIE MAXTIE"
)


@cache
def predefined() -> tuple[type[StructureType], ...]:
    """The structures that every controller has: made once, as each tag asks."""
    reals = [(name, REAL) for name in PID_REALS.split()]
    return (
        text("STRING", 82, STRING, STRING, "ASCIISTRING82"),
        worded("TIMER", TIMER, TIMER_BITS, [("PRE", DINT), ("ACC", DINT)]),
        worded("COUNTER", COUNTER, COUNTER_BITS, [("PRE", DINT), ("ACC", DINT)]),
        worded("CONTROL", CONTROL, CONTROL_BITS, [("LEN", DINT), ("POS", DINT)]),
        worded("PID", PID, PID_BITS, reals, ("DATA", REAL, 17)),
    )


def worded(
    name: str,
    instance: int,
    bits: Iterable[tuple[str, int]],
    values: Iterable[tuple[str, Kind]],
    *more: tuple[str, Kind, int],
) -> type[StructureType]:
    """A structure whose BOOLs are bits of one hidden word, which comes first."""
    members = [Member("CTL", DINT, hidden=True)]
    at = 4
    for member, kind, count in (*((one, kind, 0) for one, kind in values), *more):
        members.append(Member(member, kind, count, at))
        at += members[-1].size
    members += [Member(one, BOOL, 0, bit >> 3, bit & 7) for one, bit in bits]
    # As that of STRING, their handle is their number.
    return assembled(name, tuple(members), at, instance, instance)
