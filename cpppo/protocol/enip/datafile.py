# SPDX-License-Identifier: Apache-2.0
"""Data files of the PLC-5, SLC 500 and MicroLogix: their types, addresses and values.

Beside `pccc`, whose addresses are numbers; here they are as people write them:
`N7:0`, `B3/17`, `T4:0.ACC`, `ST9:0`, `I:1.0/3`, `F8:1{10}`.  All that is known of the
types of files stands in one table.  Publications 1770-6.5.16, 1747-6.15.

An element of a file of inputs or outputs is a slot, and its sub-elements are the slot's
words; the words of a file follow each other, so `I:1.1` is `I:2.0`.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...errors import EncodeError
from .notation import NotationError
from .types import DINT, INT, REAL, CIPType

__all__ = ["CODES", "LETTERS", "DataAddress", "FileType", "Form", "filed"]

MOST = 0xFFFF
CAPACITY = 82  # characters of a string
FORMS = "an address expected, as in N7:0, N7:0/3, B3/17, T4:0.ACC, ST9:0 or F8:1{10}"


# -- values


@dataclass(frozen=True, slots=True)
class Form:
    """How values are written, one after the other, each with so many octets."""

    name: str
    size: int
    pack: Callable[[Any], bytes]
    unpack: Callable[[bytes], Any]
    number: type[CIPType] | None = None  # the type of CIP that they are, if any
    most: int = 0  # characters of a text; 0: it is none

    def packed(self, values: Iterable[Any]) -> bytes:
        """The octets of some values; an EncodeError for one that is none."""
        return b"".join(map(self.one, values))

    def one(self, value: Any) -> bytes:
        try:
            return self.pack(value)
        except EncodeError:
            raise
        except (struct.error, OverflowError, TypeError, ValueError) as exc:
            raise EncodeError(f"{value!r:.40} is no {self.name}: {exc}") from None

    def unpacked(self, octets: bytes) -> list[Any]:
        """The values of octets; those that are too few for one are left out."""
        size = self.size
        ends = range(size, len(octets) + 1, size)
        return [self.unpack(octets[end - size : end]) for end in ends]


def plain(kind: type[CIPType]) -> Form:
    """Numbers as `struct` writes them."""
    one = struct.Struct(kind.struct_format)
    return Form(
        kind.__name__, one.size, one.pack, lambda octets: one.unpack(octets)[0], kind
    )


def word_of(value: Any) -> bytes:
    """Sixteen bits; a negative number is taken by its bits, too."""
    if isinstance(value, int) and -0x8000 <= value <= 0xFFFF:
        return (value & 0xFFFF).to_bytes(2, "little")
    raise EncodeError(f"{value!r} are no 16 bits: from -32768 to 65535")


def exchanged(octets: bytes) -> bytes:
    """The octets of each word in their other order, as characters stand in words."""
    found = bytearray(len(octets))
    found[::2], found[1::2] = octets[1::2], octets[::2]
    return bytes(found)


def characters(value: Any, most: int) -> bytes:
    if not isinstance(value, str | bytes | bytearray):
        raise TypeError("a text expected")
    octets = value.encode("latin-1") if isinstance(value, str) else bytes(value)
    if len(octets) > most:
        raise EncodeError(f"{value!r} has {len(octets)} characters, and {most} fit")
    return octets.ljust(most, b"\0")


def text_of(octets: bytes) -> str:
    """A string: its length, then its characters; too large a length is all of them."""
    size = int.from_bytes(octets[:2], "little")
    return exchanged(octets[2:])[:size].decode("latin-1")


def octets_of(value: Any) -> bytes:
    octets = characters(value, CAPACITY)
    return len(value).to_bytes(2, "little") + exchanged(octets)


WORD = plain(INT)
BITS = Form("16 bits", 2, word_of, lambda octets: int.from_bytes(octets, "little"))
PAIR = Form(
    "pair of characters",
    2,
    lambda value: exchanged(characters(value, 2)),
    lambda octets: exchanged(octets).rstrip(b"\0").decode("latin-1"),
    most=2,
)
TEXT = Form("string", 2 + CAPACITY, octets_of, text_of, most=CAPACITY)


def members(bits: Mapping[str, int], words: tuple[str, str]) -> Form:
    """A control word with bits of its own, and two words: a dictionary of them."""

    def pack(value: Any) -> bytes:
        if not isinstance(value, Mapping):
            raise EncodeError(
                f"{value!r}: a dictionary expected of {', '.join((*bits, *words))}"
            )
        unknown = [one for one in value if one not in bits and one not in words]
        if unknown:
            raise EncodeError(f"there is no member {unknown[0]!r}")
        control = sum(1 << at for name, at in bits.items() if value.get(name))
        return word_of(control) + INT.pack(value.get(name, 0) for name in words)

    def unpack(octets: bytes) -> dict[str, Any]:
        control, *others = struct.unpack("<Hhh", octets)
        found: dict[str, Any] = {
            name: bool(control >> at & 1) for name, at in bits.items()
        }
        return found | dict(zip(words, others, strict=True))

    return Form("dictionary of members", 6, pack, unpack)


# -- types of files


@dataclass(frozen=True, slots=True)
class FileType:
    """A type of data file; `size` octets has an element, which people call `name`."""

    letter: str
    name: str
    code: int
    form: Form
    usual: int  # the number of the file of this type that every processor has, or -1
    same: tuple[int, ...] = ()  # other codes that mean the same
    words: tuple[str, ...] = ()  # the names of an element's words, the first apart
    bits: Mapping[str, int] = field(default_factory=dict)  # of its first word

    @property
    def size(self) -> int:
        return self.form.size

    @property
    def slots(self) -> bool:
        """Whether elements are slots, whose words are sub-elements."""
        return self.letter in "OI"


TIMER = {"EN": 15, "TT": 14, "DN": 13}
COUNTER = {"CU": 15, "CD": 14, "DN": 13, "OV": 12, "UN": 11, "UA": 10}
CONTROL = {
    "EN": 15,
    "EU": 14,
    "DN": 13,
    "EM": 12,
    "ER": 11,
    "UL": 10,
    "IN": 9,
    "FD": 8,
}
COUNTED, PLACED = ("PRE", "ACC"), ("LEN", "POS")

TYPES = (
    FileType("O", "WORD", 0x82, BITS, 0, (0x8B,)),
    FileType("I", "WORD", 0x83, BITS, 1, (0x8C,)),
    FileType("S", "INT", 0x84, WORD, 2),
    FileType("B", "WORD", 0x85, BITS, 3),
    FileType("T", "TIMER", 0x86, members(TIMER, COUNTED), 4, (), COUNTED, TIMER),
    FileType("C", "COUNTER", 0x87, members(COUNTER, COUNTED), 5, (), COUNTED, COUNTER),
    FileType("R", "CONTROL", 0x88, members(CONTROL, PLACED), 6, (), PLACED, CONTROL),
    FileType("N", "INT", 0x89, WORD, 7),
    FileType("F", "REAL", 0x8A, plain(REAL), 8),
    FileType("ST", "STRING", 0x8D, TEXT, -1),
    FileType("A", "ASCII", 0x8E, PAIR, -1),
    FileType("L", "DINT", 0x91, plain(DINT), -1),
)
LETTERS: dict[str, FileType] = {one.letter: one for one in TYPES}
CODES: dict[int, FileType] = {
    code: one for one in TYPES for code in (one.code, *one.same)
}


def kinds() -> str:
    return ", ".join(LETTERS)


def filed(name: str) -> tuple[FileType, int]:
    """Type and number of a file by its name: N7, ST9, S."""
    found = re.fullmatch(r"([A-Za-z]+)([0-9]{0,5})", name)
    kind = LETTERS.get(found[1].upper()) if found else None
    if found is None or kind is None:
        raise NotationError(
            f"a file expected: its type ({kinds()}) and number", name, 0
        )
    number = int(found[2]) if found[2] else kind.usual
    if not found[2] and kind.letter not in ("I", "O", "S"):
        problem = f"the number of the file expected, as in {kind.letter}9"
        raise NotationError(problem, name, len(found[1]))
    if number > MOST:
        raise NotationError(f"a file has a number to {MOST}", name, len(found[1]))
    return kind, number


# -- addresses

ADDRESS = re.compile(
    r"""(?P<file>[A-Za-z]+[0-9]*)
        (?::(?P<element>[0-9]+)
            (?:[./](?P<name>[A-Za-z]+) | \.(?P<sub>[0-9]+))?)?
        (?:/(?P<bit>[0-9]+))?
        (?:\{(?P<count>[0-9]+)\})?""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class DataAddress:
    """Where in a data file: element, sub-element (a word of it), bit; and how many."""

    type: FileType
    file: int
    element: int = 0
    sub: int = 0
    bit: int | None = None
    count: int | None = None  # None: one, and not in a list
    text: str = ""

    def __str__(self) -> str:
        return self.text or f"{self.type.letter}{self.file}:{self.element}"

    @classmethod
    def parse(cls, text: str, octal: bool = False) -> DataAddress:
        """What people write; `octal`: inputs and outputs as the PLC-5 counts them."""
        if not isinstance(text, str):
            raise NotationError(FORMS, repr(text), 0)
        stripped = text.strip()
        found = ADDRESS.match(stripped)
        if found is None:
            raise NotationError(FORMS, text, 0)
        if found.end() < len(stripped):
            raise NotationError(FORMS, stripped, found.end())
        try:
            kind, file = filed(found["file"])
        except NotationError as exc:
            raise NotationError(exc.problem, stripped, exc.place) from None
        if found["element"] is None and found["bit"] is None:
            problem = "an element expected after the file, as in N7:0; or a bit: B3/17"
            raise NotationError(problem, stripped, found.end("file"))
        base = 8 if octal and kind.slots else 10
        numbers = {
            name: digits(found, name, base)
            for name in ("element", "sub", "bit", "count")
        }
        one = Reading(stripped, found, kind, numbers)
        element, sub, bit = one.place()
        return cls(kind, file, element, sub, bit, one.count(sub, bit), stripped)

    @property
    def whole(self) -> bool:
        """Whether it is of whole elements, not of a word or a bit of one."""
        return self.bit is None and (not self.sub or self.type.slots)

    @property
    def form(self) -> Form:
        """How its values are written; a bit's are those of its word."""
        if self.bit is not None and self.type.size not in (2, 4):
            return BITS
        if self.sub and not self.type.slots:
            return WORD
        if self.bit is not None:
            return BITS if self.type.size == 2 else DOUBLE
        return self.type.form

    @property
    def octets(self) -> int:
        """How many octets it has."""
        return self.form.size * (1 if self.count is None else self.count)

    @property
    def at(self) -> int:
        """Where in the file it begins."""
        return self.element * self.type.size + 2 * self.sub


DOUBLE = Form(
    "32 bits",
    4,
    lambda value: (value & 0xFFFFFFFF).to_bytes(4, "little"),
    lambda octets: int.from_bytes(octets, "little"),
)


def digits(found: re.Match[str], name: str, base: int) -> int | None:
    """The number under this name."""
    text = found[name]
    if text is None:
        return None
    try:
        number = int(text, base if name != "count" else 10)
    except ValueError:
        problem = "inputs and outputs of a PLC-5 are counted in octal: no 8 or 9"
        raise NotationError(problem, found.string, found.start(name)) from None
    if number > MOST or len(text) > 5:
        problem = f"a number to {MOST} expected"
        raise NotationError(problem, found.string, found.start(name))
    return number


@dataclass(frozen=True, slots=True)
class Reading:
    """An address that is being read: what was found, and what it comes to."""

    text: str
    found: re.Match[str]
    type: FileType
    numbers: Mapping[str, int | None]

    def wrong(self, problem: str, name: str) -> NotationError:
        return NotationError(problem, self.text, max(self.found.start(name), 0))

    def place(self) -> tuple[int, int, int | None]:
        """Element, sub-element and bit."""
        kind, element, bit = self.type, self.numbers["element"], self.numbers["bit"]
        bits = 8 * kind.size if kind.size in (2, 4) else 16
        if element is None:
            # Bits of a file are counted through.
            if kind.size != 2 or bit is None:
                problem = f"an element expected before the bit: {kind.letter}{{}}:0/3"
                raise self.wrong(problem.replace("{}", str(self.number)), "bit")
            return bit // 16, 0, bit % 16
        sub, named = self.sub()
        if named is not None:
            if bit is not None:
                raise self.wrong(f"{self.found['name']} is a bit itself", "bit")
            return element, 0, named
        if bit is not None and kind.letter in ("F", "ST", "A"):
            raise self.wrong(
                f"there are no bits in a file of type {kind.letter}", "bit"
            )
        if bit is not None and bit >= bits:
            raise self.wrong(f"a bit is from 0 to {bits - 1}, not {bit}", "bit")
        return element, sub, bit

    @property
    def number(self) -> int:
        return filed(self.found["file"])[1]

    def sub(self) -> tuple[int, int | None]:
        """The word of the element, or the bit of its first, that is named."""
        kind, name, number = self.type, self.found["name"], self.numbers["sub"]
        if number is not None:
            last = MOST if kind.slots else kind.size // 2 - 1
            if kind.size <= 4 and not kind.slots:
                raise self.wrong(f"an element of {kind.letter} has no words", "sub")
            if number > last:
                raise self.wrong(f"its words are from 0 to {last}, not {number}", "sub")
            return number, None
        if name is None:
            return 0, None
        if name.upper() in kind.words:
            return 1 + kind.words.index(name.upper()), None
        if name.upper() in kind.bits:
            return 0, kind.bits[name.upper()]
        named = ", ".join((*kind.words, *kind.bits))
        there = f"there are {named}" if named else "it has no members"
        raise self.wrong(f"no member of {kind.letter}; {there}", "name")

    def count(self, sub: int, bit: int | None) -> int | None:
        """How many elements."""
        count = self.numbers["count"]
        if count is None:
            return None
        if not count:
            raise self.wrong("a count is 1 or more", "count")
        if bit is not None or (sub and not self.type.slots):
            raise self.wrong("a count is of whole elements", "count")
        return count
