# SPDX-License-Identifier: Apache-2.0
"""Structures: types that are made of members, laid out as a Logix controller does.

Over `types` and `logix`, under `datatypes`.  Every structure is a class of its own, so
that it is used as an elementary type is: its values are dictionaries, those of a string
type are texts.  A layout is made from members as people declare them (`structure`) or
taken from a device's definition (`assembled`).  Logix 5000 Data Access, templates.

Rules of the layout: numbers stand at multiples of their size, arrays and structures at
multiples of 4 at least, or of 8 where they hold 64 bits.  BOOLs share hidden octets,
eight to each; a BOOL array is made of words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, ClassVar

from ...errors import EncodeError
from ...grammar import Message, UInt
from .logix import Structure
from .types import BOOL, DINT, DWORD, SINT, CIPType

__all__ = [
    "BOOLS",
    "HOST",
    "Member",
    "StringType",
    "StructureType",
    "TemplateMember",
    "assembled",
    "definition",
    "described",
    "ended",
    "laid",
    "structure",
    "text",
    "words",
]

Kind = type[CIPType]

HOST = "ZZZZZZZZZZ"  # how the names of hidden members begin
ARRAY, NESTED, TEMPLATE = 0x2000, 0x8000, 0x0FFF  # in the type code of a member
# What a client takes off the words of a definition, to know how many octets it has.
AROUND = 23


class BOOLS(DWORD):
    """32 BOOLs of an array."""

    @classmethod
    def bits(cls, octets: bytes) -> list[bool]:
        """The BOOLs, one by one."""
        return [bool(octet >> bit & 1) for octet in octets for bit in range(8)]

    @classmethod
    def packed_bits(cls, values: Iterable[Any]) -> bytes:
        """The words of some BOOLs."""
        several = list(values)
        found = bytearray(-(-len(several) // 32) * 4)
        for nth, value in enumerate(several):
            if value:
                found[nth >> 3] |= 1 << (nth & 7)
        return bytes(found)


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a structure, and where it is."""

    name: str
    type: Kind
    count: int = 0  # elements of an array (of BOOLS: words); 0: it is none
    offset: int = 0
    bit: int | None = None  # of a BOOL: in the octet at the offset
    hidden: bool = False

    @property
    def size(self) -> int:
        """Octets of all of it."""
        return self.type.struct_calcsize * (self.count or 1)

    @property
    def wide(self) -> bool:
        """Whether it holds a value of 64 bits."""
        return alignment(self.type) == 8

    def read(self, octets: bytes) -> Any:
        """Its value in the octets of a structure."""
        if self.bit is not None:
            return bool(octets[self.offset] >> self.bit & 1)
        mine = octets[self.offset : self.offset + self.size]
        if self.type is BOOLS:
            return BOOLS.bits(mine)
        values = self.type.unpack(mine)
        return values if self.count else values[0]

    def write(self, octets: bytearray, value: Any) -> None:
        """Put a value into the octets of a structure."""
        at = self.offset
        if self.bit is not None:
            mask = 1 << self.bit
            octets[at] = octets[at] | mask if value else octets[at] & ~mask
            return
        kind = self.type
        if kind is BOOLS:
            # As many as are declared, which need not fill the last word.
            least = 32 * (self.count or 1) - 31
            found = BOOLS.packed_bits(self.several(value, least, least + 31))
        elif self.count and issubclass(kind, StructureType):
            # Of each element, too, what is not named is as it was.
            size, several = kind.struct_calcsize, self.several(value, self.count)
            found = b"".join(
                kind.updated(bytes(octets[start : start + size]), one)
                for start, one in zip(
                    range(at, at + self.size, size), several, strict=True
                )
            )
        elif self.count:
            found = kind.pack(self.several(value, self.count))
        elif issubclass(kind, StructureType):
            found = kind.updated(bytes(octets[at : at + self.size]), value)
        else:
            found = kind.produce(value)
        octets[at : at + len(found)] = found

    def several(self, value: Any, least: int, most: int | None = None) -> list[Any]:
        most = most or least
        said = f"an array of {most} values expected"
        if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
            raise EncodeError(f"{said}, not {value!r:.40}")
        values = list(value)
        if not least <= len(values) <= most:
            raise EncodeError(f"{said}, not {len(values)}")
        return values


class StructureType(CIPType):
    """A structure: `members` as they are on the wire, hidden ones among them."""

    tag_type = int.from_bytes(Structure(0).encode()[:2], "little")
    blank: ClassVar[Any] = MappingProxyType({})
    instance: ClassVar[int] = 0  # of the class of templates
    handle: ClassVar[int] = 0  # what reads and writes call it
    template: ClassVar[str] = ""  # its name in its definition
    members: ClassVar[tuple[Member, ...]] = ()
    alignment: ClassVar[int] = 4  # what its offset is a multiple of
    named: ClassVar[Mapping[str, Member]] = {}  # by name, in small letters

    @classmethod
    def kind(cls) -> bytes:
        return Structure(cls.handle).encode()

    @classmethod
    def member(cls, name: str) -> Member | None:
        """The member of this name, in any case of its letters."""
        return cls.named.get(name.lower())

    @classmethod
    def visible(cls) -> Iterator[Member]:
        """The members that people see."""
        return (one for one in cls.members if not one.hidden)

    @classmethod
    def updated(cls, octets: bytes, value: Any) -> bytes:
        """The octets of a value, with some of its members changed."""
        if isinstance(value, bytes | bytearray):
            if len(value) != cls.struct_calcsize:
                raise EncodeError(
                    f"{cls.__name__} has {cls.struct_calcsize} octets, not {len(value)}"
                )
            return bytes(value)
        if not isinstance(value, Mapping):
            raise EncodeError(
                f"{cls.__name__} is a structure: a dictionary of its members expected, "
                f"not {value!r:.40}"
            )
        found = bytearray(octets)
        for name, one in value.items():
            member = cls.member(name) if isinstance(name, str) else None
            if member is None:
                names = ", ".join(one.name for one in cls.visible())
                raise EncodeError(
                    f"{cls.__name__} has no member {name!r}; it has {names}"
                )
            try:
                member.write(found, one)
            except EncodeError as exc:
                raise EncodeError(f"{name}: {exc}") from None
        return bytes(found)

    @classmethod
    def produce(cls, value: Any) -> bytes:
        return cls.updated(bytes(cls.struct_calcsize), value)

    @classmethod
    def pack(cls, values: Iterable[Any]) -> bytes:
        return b"".join(map(cls.produce, values))

    @classmethod
    def unpack(cls, octets: bytes | bytearray | memoryview) -> list[Any]:
        size, whole = cls.struct_calcsize, bytes(octets)
        return [cls.value(whole[at : at + size]) for at in range(0, len(whole), size)]

    @classmethod
    def value(cls, octets: bytes) -> Any:
        """What the octets of one value mean."""
        return {one.name: one.read(octets) for one in cls.visible()}


class StringType(StructureType):
    """A text: a length, and room for so many octets."""

    blank: ClassVar[Any] = ""
    capacity: ClassVar[int] = 0

    @classmethod
    def updated(cls, octets: bytes, value: Any) -> bytes:
        if not isinstance(value, str | bytes | bytearray | Mapping):
            raise EncodeError(
                f"{cls.__name__} is a text of up to {cls.capacity} letters, "
                f"not {value!r:.40}"
            )
        if not isinstance(value, str):
            return super().updated(octets, value)
        try:
            text = value.encode("latin-1")
        except UnicodeEncodeError:
            raise EncodeError(f"{value!r:.40} has letters beyond Latin-1") from None
        if len(text) > cls.capacity:
            raise EncodeError(
                f"{cls.__name__} has room for {cls.capacity} letters, not {len(text)}"
            )
        return DINT.produce(len(text)) + text.ljust(cls.struct_calcsize - 4, b"\0")

    @classmethod
    def value(cls, octets: bytes) -> Any:
        (size,) = DINT.unpack(octets[:4])
        return octets[4 : 4 + max(0, min(size, cls.capacity))].decode("latin-1")


# -- layout


def alignment(kind: Kind) -> int:
    """What a value's offset is a multiple of."""
    return kind.alignment if issubclass(kind, StructureType) else kind.struct_calcsize


def rounded(at: int, to: int) -> int:
    return -(-at // to) * to


def aligned(members: Iterable[Member]) -> int:
    """What the offset of a structure of these members is a multiple of."""
    return 8 if any(one.wide for one in members) else 4


def ended(members: Iterable[Member], at: int) -> int:
    """The size of a structure whose last member ends there."""
    return max(rounded(at, aligned(members)), 4)


def laid(
    name: str, declared: Iterable[tuple[str, Kind, int]]
) -> tuple[tuple[Member, ...], int]:
    """Members in their places, and the size of all; BOOLs get their hidden hosts."""
    found: list[Member] = []
    at = bits = host = 0
    for member, kind, count in declared:
        if kind is BOOL:
            if bits % 8 == 0:
                host, at, bits = at, at + 1, 0
                hidden = f"{HOST}{name[:10]}{len(found)}"
                found.append(Member(hidden, SINT, 0, host, None, True))
            found.append(Member(member, BOOL, 0, host, bits))
            bits += 1
            continue
        bits = 0
        align = max(4, alignment(kind)) if count else alignment(kind)
        at = rounded(at, align)
        one = Member(member, kind, count, at)
        found.append(one)
        at += one.size
    return tuple(found), ended(found, at)


# -- classes


def structure(
    name: str,
    declared: Iterable[tuple[str, Kind, int]],
    instance: int = 0,
    handle: int | None = None,
) -> type[StructureType]:
    """The class of a structure, from its members as they are declared."""
    members, size = laid(name, declared)
    return assembled(name, members, size, instance, handle)


def text(
    name: str,
    capacity: int,
    instance: int = 0,
    handle: int | None = None,
    template: str = "",
) -> type[StringType]:
    """The class of a string type."""
    members = (Member("LEN", DINT), Member("DATA", SINT, capacity, 4))
    size = rounded(4 + capacity, 4)
    made = assembled(name, members, size, instance, handle, template)
    return made  # type: ignore[return-value]


def assembled(
    name: str,
    members: tuple[Member, ...],
    size: int,
    instance: int = 0,
    handle: int | None = None,
    template: str = "",
) -> type[StructureType]:
    """The class of a structure whose members have their places; texts are known."""
    shape = [(one.name, one.type, one.count > 0) for one in members]
    textual = shape == [("LEN", DINT, False), ("DATA", SINT, True)]
    textual = textual and [one.offset for one in members] == [0, 4]
    base = StringType if textual else StructureType
    made: Any = type(name, (base,), {"__module__": __name__})
    made.template = template or name
    made.members = members
    made.alignment = aligned(members)
    made.named = {one.name.lower(): one for one in members}
    made.struct_calcsize = size
    made.instance = instance
    if textual:
        made.capacity = members[1].count
    made.handle = crc(definition(made)) or 1 if handle is None else handle
    return made  # type: ignore[no-any-return]


# -- definitions


class TemplateMember(Message):
    """A member in the definition of a structure; all names come after all members."""

    info: Annotated[int, UInt(2)]  # elements of an array; the bit of a BOOL
    type: Annotated[int, UInt(2)]
    offset: Annotated[int, UInt(4)]


def definition(kind: type[StructureType]) -> bytes:
    """The definition of a structure, as its template has it."""
    members = b"".join(
        TemplateMember(one.bit or one.count, code(one), one.offset).encode()
        for one in kind.members
    )
    # Two letters tell of each member; some clients count on them being there.
    marks = "".join("ed" if one.hidden else "ec" for one in kind.members)
    names = (f"{kind.template};n{marks}", *(one.name for one in kind.members))
    return members + b"".join(name.encode("latin-1") + b"\0" for name in names)


def code(one: Member) -> int:
    """The type of a member as its definition says it."""
    if issubclass(one.type, StructureType):
        found = NESTED | one.type.instance
    else:
        found = one.type.tag_type
    return found | ARRAY if one.count else found


def words(octets: bytes) -> int:
    """How many words a template says that its definition has."""
    return -(-(len(octets) + AROUND) // 4)


def described(
    octets: bytes, count: int
) -> tuple[str, list[tuple[str, TemplateMember]]]:
    """The name of a definition, and its members by their names; or a ProtocolError."""
    size = len(TemplateMember(0, 0, 0).encode())
    records = [
        TemplateMember.decode(octets[at : at + size])
        for at in range(0, count * size, size)
    ]
    texts = octets[count * size :].split(b"\0")
    names = [one.decode("latin-1") for one in texts[1 : count + 1]]
    names += [""] * (count - len(names))
    name = texts[0].decode("latin-1").partition(";")[0]
    return name, list(zip(names, records, strict=True))


def crc(octets: bytes) -> int:
    """A sum of 16 bits, so that a structure has always the same handle."""
    found = 0
    for octet in octets:
        found ^= octet
        for _ in range(8):
            found = found >> 1 ^ 0xA001 if found & 1 else found >> 1
    return found
