# SPDX-License-Identifier: Apache-2.0
"""Structures and BOOL arrays as people read and write them, as operations.

Over `forms` and the protocol's structures; used by `writes` and `catalogue`.  Pure: no
I/O.  Rules.  All that is named is looked at before anything is sent.  A structure is
written whole where all its members are named, and all are known, and then in as few
requests as fit; otherwise only the members that are named are written, each by its own
request, and all others keep their values.  A BOOL array is indexed by its BOOLs, as
people say it; over the wire it is words of 32.  Of several requests the first is the
one that is refused, if any is beyond the end of a tag.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..errors import EncodeError
from ..protocol.enip.path import Element, Segment, Symbol
from ..protocol.enip.structures import BOOLS, HOST, Member, StructureType
from ..protocol.enip.types import BOOL, CODES, CIPType
from .forms import Compound, Masked, Words
from .operations import Operation
from .shapes import Shape, is_record, place
from .values import Unfit, fitted

__all__ = ["Bits", "base", "bools", "complete", "structured", "words"]

Kind = type[CIPType]
Path = tuple[Segment, ...]

BITS = 32  # of a word of a BOOL array
FULL = (1 << BITS) - 1


class Bits:
    """What some BOOLs of an array are in the words that hold them."""

    __slots__ = ("__name__", "count", "first", "struct_calcsize")

    def __init__(self, first: int, count: int) -> None:
        self.__name__ = BOOL.__name__
        self.struct_calcsize = BOOLS.struct_calcsize
        self.first = first
        self.count = count

    def unpack(self, octets: bytes) -> list[bool]:
        """The BOOLs."""
        return BOOLS.bits(octets)[self.first : self.first + self.count]


def base(path: Path) -> Path:
    """A path without the indexes at its end: all elements there have one type."""
    end = len(path)
    while end > 1 and isinstance(path[end - 1], Element):
        end -= 1
    return path[:end]


def index(path: Path) -> int:
    """The index at the end of a path; without one, it is the first."""
    last = path[-1]
    return last.value if isinstance(last, Element) else 0


# -- BOOL arrays: they have one dimension


def indexed(path: Path) -> bool:
    """Whether a path may lead into one: one index at most stands at its end."""
    return len(path) - len(base(path)) <= 1


def words(operation: Operation) -> Words:
    """The read of a BOOL array that an operation means by its BOOLs."""
    first, count = index(operation.path), operation.elements
    start = first // BITS
    return Words(
        "read",
        (*base(operation.path), Element(start)),
        (first + count - 1) // BITS - start + 1,
        text=operation.text,
        listed=operation.listed,
        first=first % BITS,
        count=count,
    )


def bools(operation: Operation) -> Operation:
    """The write of a BOOL array that an operation means by its BOOLs.

    Words of which all bits are written are written as they are.
    """
    path = base(operation.path)
    parts: list[Operation] = []
    full: list[int] = []

    def flush(stop: int) -> None:
        if full:
            where = (*path, Element(stop - len(full)))
            values = tuple(full)
            parts.append(Operation("write", where, len(full), None, BOOLS, values))
            full.clear()

    at = index(operation.path)
    values: Sequence[Any] = operation.data or ()
    while values:
        word, bit = divmod(at, BITS)
        some, values = values[: BITS - bit], values[BITS - bit :]
        ones = sum(1 << bit + nth for nth, one in enumerate(some) if one)
        if len(some) == BITS:
            full.append(ones)
        else:
            flush(word)
            kept = FULL & ~(((1 << len(some)) - 1) << bit)
            parts.append(masked(operation, (*path, Element(word)), ones, kept | ones))
        at += len(some)
    flush(at // BITS)
    # The last one first: it is there that the array may end.
    return joined(operation, [*parts[-1:], *parts[:-1]])


def masked(operation: Operation, path: Path, ones: int, zeros: int) -> Masked:
    size = BOOLS.struct_calcsize
    return Masked(
        "write",
        path,
        type=operation.type,
        data=operation.data,
        text=operation.text,
        listed=operation.listed,
        ones=ones.to_bytes(size, "little"),
        zeros=zeros.to_bytes(size, "little"),
    )


def joined(operation: Operation, parts: Sequence[Operation]) -> Operation:
    """Several writes that are one of somebody's."""
    if len(parts) == 1 and isinstance(parts[0], Masked):
        return parts[0]
    return Compound(
        "write",
        operation.path,
        operation.elements,
        type=operation.type,
        data=operation.data,
        text=operation.text,
        listed=operation.listed,
        several=tuple(parts),
    )


# -- structures


def structured(operation: Operation, sizes: Shape = ()) -> Operation:
    """The write of structures that an operation means; EncodeError where it cannot be.

    All that is named is looked at here, before anything is sent.  `sizes` are those of
    the tag, as far as they are known: its rows may end between two values.
    """
    kind: Any = operation.type
    values = tuple(plain(kind, one) for one in operation.data or ())
    for one in values:
        kind.produce(one)
    operation = replace(operation, data=values)
    if all(complete(kind, one) for one in values):
        return operation
    parts: list[Operation] = []
    # The last one first: it is there that the array may end.
    for nth, one in reversed(list(enumerate(values))):
        parts += members(kind, element(operation, nth, sizes), one)
    if not parts:
        raise EncodeError(f"a value of {kind.__name__} names one member at least")
    return joined(operation, parts)


def element(operation: Operation, nth: int, sizes: Shape = ()) -> Path:
    """The path of the nth value of an operation."""
    if operation.elements == 1:
        return operation.path
    path = base(operation.path)
    said = [one.value for one in operation.path[len(path) :]]  # type: ignore[attr-defined]
    if len(sizes) < 2 and len(said) < 2:
        return (*path, Element((said or [0])[0] + nth))
    indexes = said or [0] * len(sizes)
    if len(indexes) != len(sizes) or not all(sizes):
        where = "the device does not tell where its rows end"
        if sizes and all(sizes):
            plural = "es" if len(sizes) > 1 else ""
            where = f"it has {len(sizes)} index{plural}, not {len(indexes)}"
        raise EncodeError(
            f"{where}; of values of several elements all members are expected, or "
            "write the elements one by one"
        )
    return (*path, *map(Element, place(indexes, sizes, nth)))


def plain(kind: Any, value: Any) -> Any:
    """A value of a structure in dictionaries and lists, its BOOLs being BOOLs."""
    if is_record(value):
        # Its fields are the members, in their order and under other names.
        names = [one.name for one in kind.visible()]
        if len(names) != len(value):
            raise EncodeError(f"{kind.__name__} has {len(names)} members")
        value = dict(zip(names, value, strict=True))
    if not isinstance(value, Mapping):
        return value
    found: dict[str, Any] = {}
    for name, one in value.items():
        member = kind.member(name) if isinstance(name, str) else None
        if member is None:
            return value  # which `produce` refuses in words
        if member.name in found:
            raise EncodeError(f"{kind.__name__}: {member.name} is named twice")
        found[member.name] = held(member, one)
    return found


def held(member: Member, value: Any) -> Any:
    """A member's value; what can be gone through only once is gone through here."""
    kind = member.type
    structured = issubclass(kind, StructureType)
    if not structured and kind is not BOOLS and CODES.get(kind.tag_type) is not kind:
        raise EncodeError(f"{member.name}: what it is made of is not known")
    if not member.count:
        return plain(kind, value) if structured else only(member, [value])[0]
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        return value
    values = list(value)
    if structured:
        return [plain(kind, one) for one in values]
    return only(member, values)


def only(member: Member, values: list[Any]) -> list[Any]:
    """Values as a member stores them, as strictly as those of a tag of its type."""
    kind = BOOL if member.type is BOOLS else member.type
    try:
        return list(fitted(kind, values, strict=True))
    except Unfit as exc:
        raise EncodeError(f"{member.name}: {exc.problem}") from None


def complete(kind: Kind, value: Any) -> bool:
    """Whether a value says all that there is of a structure, as far as people see it.

    What stands in hidden members besides BOOLs, nobody can say; nor what a structure
    holds that the device does not tell, or under the same name twice.
    """
    if not issubclass(kind, StructureType) or not isinstance(value, Mapping):
        return True
    if any(one.hidden and not one.name.startswith(HOST) for one in kind.members):
        return False
    visible = len(list(kind.visible()))
    if not visible or visible > len({one.name.lower() for one in kind.visible()}):
        return False
    said = {str(name).lower(): one for name, one in value.items()}
    return all(
        one.name.lower() in said and whole(one, said[one.name.lower()])
        for one in kind.visible()
    )


def whole(member: Member, value: Any) -> bool:
    """Whether a value says all of a member."""
    if not member.count:
        return complete(member.type, value)
    return member.type is BOOLS or all(complete(member.type, one) for one in value)


def members(kind: Any, path: Path, value: Any) -> Iterator[Operation]:
    """The writes of those members of a structure that a value names."""
    for name, said in value.items():
        member = kind.member(name)
        inside = (*path, Symbol(member.name))
        if whole(member, said):
            yield assignment(member, inside, said)
        elif member.count:
            for nth, one in enumerate(said):
                yield from members(member.type, (*inside, Element(nth)), one)
        else:
            yield from members(member.type, inside, said)


def assignment(member: Member, path: Path, value: Any) -> Operation:
    """The write of all of a member."""
    kind = member.type
    if kind is BOOLS:
        values = BOOLS.unpack(BOOLS.packed_bits(value))
    elif member.count:
        values = list(value)
    else:
        values = [value]
    if kind is BOOL:
        values = list(fitted(BOOL, values))
    return Operation("write", path, len(values), None, kind, tuple(values))
