# SPDX-License-Identifier: Apache-2.0
"""Values as a file says them, held against the type that they are of.

Beside `plant`.  A value is numbers, texts, lists and dictionaries; a `Misfit` says
which of them does not fit, and why.  What comes out is what a `TagSpec` takes: None
where all is blank, one value that fills an array, or the elements of all dimensions in
a row; a structure is its octets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ....errors import EncodeError
from ....protocol.enip.datatypes import Sort
from ....protocol.enip.structures import BOOLS, Member, StringType, StructureType
from ....protocol.enip.types import BOOL, SSTRING, CIPType, TextType
from .plant import meant

__all__ = ["Misfit", "position", "settled"]

LARGEST = {4: "3.4028235e+38", 8: "1.7976931e+308"}  # by the octets of a number

Kind = type[CIPType]
Step = str | int


class Misfit(Exception):
    """A value does not fit: the path to it, and why; its line, where that is known."""

    def __init__(
        self, reason: str, path: tuple[Step, ...] = (), line: int | None = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.path = path
        self.line = line

    def under(self, step: Step) -> Misfit:
        return Misfit(self.reason, (step, *self.path), self.line)


def settled(sort: Sort, value: Any) -> Any:
    """A value of a tag as its TagSpec has it."""
    if sort.bools and isinstance(value, list):
        return words(elements(BOOL, sized(value, sort.bools)))
    if sort.bools:
        full, rest = divmod(sort.bools if boolean(value) else 0, 32)
        found = [0xFFFFFFFF] * full + [(1 << rest) - 1] * bool(rest)
        return found or None
    if not sort.dimensions:
        found = one(sort.type, value)
        return None if blank(sort.type, [found]) else found
    if not isinstance(value, list):
        found = one(sort.type, value)
        return None if blank(sort.type, [found]) else found
    several = rows(sort.type, sort.dimensions, value)
    return None if blank(sort.type, several) else several


def blank(kind: Kind, values: list[Any]) -> bool:
    """Whether values are what is there without them."""
    if issubclass(kind, TextType):
        return not any(values)
    return not any(kind.pack(values))


# -- arrays


def rows(kind: Kind, sizes: tuple[int, ...], value: Any) -> list[Any]:
    """The elements of all dimensions in a row."""
    if len(sizes) == 1:
        return elements(kind, sized(value, sizes[0]))
    if isinstance(value, list) and len(value) != sizes[0]:
        wanted = "".join(f"{size} rows of " for size in sizes[:-1])
        flat = "" if any(isinstance(one, list) for one in value) else " values"
        raise Misfit(f"{wanted}{sizes[-1]} values expected, not {len(value)}{flat}")
    several = sized(value, sizes[0])
    found: list[Any] = []
    for at, row in enumerate(several):
        try:
            found += rows(kind, sizes[1:], row)
        except Misfit as exc:
            raise exc.under(at) from None
    return found


def position(indices: Sequence[int], sizes: Sequence[int]) -> int | None:
    """Where an element is in the row of all; None if there is none."""
    if len(indices) != len(sizes):
        return None
    at = 0
    for index, size in zip(indices, sizes, strict=True):
        if index >= size:
            return None
        at = at * size + index
    return at


def sized(value: Any, size: int) -> list[Any]:
    """A list of so many values."""
    if not isinstance(value, list):
        raise Misfit(f"a list of {size} values expected, not {shown(value)}")
    if len(value) != size:
        raise Misfit(f"{size} values expected, not {len(value)}")
    return value


def elements(kind: Kind, values: list[Any]) -> list[Any]:
    """Each of them, as one of its type."""
    plain = {float} if kind.blank == 0.0 and isinstance(kind.blank, float) else {int}
    if kind is not BOOL and kind.struct_format and set(map(type, values)) == plain:
        # Most values are right: all are tried at once, and one by one if that fails.
        try:
            kind.pack(values)
        except EncodeError:
            pass
        else:
            return values
    found = []
    for at, value in enumerate(values):
        try:
            found.append(one(kind, value))
        except Misfit as exc:
            raise exc.under(at) from None
    return found


def words(values: list[bool]) -> list[int] | None:
    """BOOLs as the words that hold them."""
    if not any(values):
        return None
    return BOOLS.unpack(BOOLS.packed_bits(values))


# -- single values


def one(kind: Kind, value: Any) -> Any:
    """One value of a type."""
    if issubclass(kind, StructureType):
        return structured(kind, value)
    if issubclass(kind, TextType):
        if not isinstance(value, str):
            raise Misfit(f"{kind.__name__} is a text, not {shown(value)}")
        if kind is SSTRING and len(value) > 0xFF:
            raise Misfit(f"SSTRING has room for 255 letters, not {len(value)}")
        return packed(kind, value, value)
    if kind is BOOL:
        return boolean(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Misfit(f"{kind.__name__} is a number, not {shown(value)}")
    if isinstance(kind.blank, float):
        return real(kind, value)
    letter, bits = kind.struct_format[-1], 8 * kind.struct_calcsize
    low = -1 << bits - 1 if letter.islower() else 0
    high = (1 << bits - letter.islower()) - 1
    if not isinstance(value, int) or not low <= value <= high:
        raise Misfit(
            f"{kind.__name__} is a whole number from {low} to {high}, "
            f"not {shown(value)}"
        )
    return value


def boolean(value: Any) -> bool:
    if not isinstance(value, bool) and value not in (0, 1):
        raise Misfit(f"BOOL is true or false, not {shown(value)}")
    return bool(value)


def packed(kind: Kind, value: Any, found: Any) -> Any:
    """A value, if the type can hold it."""
    try:
        kind.produce(value)
    except EncodeError as exc:
        raise Misfit(str(exc)) from None
    return found


def real(kind: Kind, value: int | float) -> int | float:
    """A number with a point, if the type can hold it."""
    try:
        kind.produce(value)
    except (EncodeError, OverflowError):
        most = LARGEST[kind.struct_calcsize]
        raise Misfit(
            f"{kind.__name__} is a number from -{most} to {most}, not {shown(value)}"
        ) from None
    return value


def structured(kind: type[StructureType], value: Any) -> bytes:
    """The octets of a structure."""
    if isinstance(value, bytes) and len(value) == kind.struct_calcsize:
        return value
    if issubclass(kind, StringType) and isinstance(value, str):
        try:
            return kind.produce(value)
        except EncodeError as exc:
            raise Misfit(str(exc)) from None
    if not isinstance(value, Mapping):
        what = "a text" if issubclass(kind, StringType) else "members with values"
        raise Misfit(f"{kind.__name__} is {what}, not {shown(value)}")
    found = bytearray(kind.struct_calcsize)
    there: set[Member] = set()
    for name, said in value.items():
        member = kind.member(name) if isinstance(name, str) else None
        if member is None:
            names = [one.name for one in kind.visible()]
            problem = f"{kind.__name__} has no member {name!r}{meant(str(name), names)}"
            raise Misfit(problem, (name,))
        if member in there:
            raise Misfit(f"{member.name} is said twice", (name,))
        there.add(member)
        try:
            member.write(found, fitted(member, said))
        except Misfit as exc:
            raise exc.under(name) from None
    return bytes(found)


def fitted(member: Member, value: Any) -> Any:
    """A value of a member, as the member takes it."""
    if member.type is BOOLS:
        most = 32 * (member.count or 1)
        if not isinstance(value, list):
            return [boolean(value)] * most
        if not most - 32 < len(value) <= most:
            raise Misfit(f"{most} values expected, not {len(value)}")
        return [*elements(BOOL, value), *[False] * (most - len(value))]
    if not member.count:
        return one(member.type, value)
    if not isinstance(value, list):
        return [one(member.type, value)] * member.count
    return elements(member.type, sized(value, member.count))


def shown(value: Any) -> str:
    """A value, for a message."""
    if isinstance(value, bool):
        return "true" if value else "false"
    said = repr(value)
    return said if len(said) <= 40 else f"{said[:40]} ..."
