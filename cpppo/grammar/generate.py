# SPDX-License-Identifier: Apache-2.0
"""Random values and random octets of a message, from its declaration, to test with.

Over `declaration` and `emit`.  Rules: every value is one that its class can write,
edges included; what is read back is equal to it, so there are no numbers that differ
from themselves (NaN), and nothing that another variant or spelling would claim.
Sizes stay small and nesting is bounded.  What cannot be made up is an error that
names class and field.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from random import Random
from typing import Any

from ..automata.registers import begins
from ..errors import EncodeError, GrammarError
from .declaration import (
    MISSING,
    Declaration,
    Field,
    element_of,
    is_enum,
    is_message,
    optional,
)
from .shape import ENDLESS, Shape, enclosed, is_mere_family, ways_of
from .spell import every_spelling
from .wire import (
    Bits,
    Choice,
    Counts,
    Digits,
    Float,
    InTag,
    Measures,
    Nested,
    Octets,
    Repeat,
    Tag,
    UInt,
)

__all__ = ["octets", "values"]

TRIES = 200
LONGEST = 255
SCALARS = (
    (0x20, 0x7E),
    (0, 0xFF),
    (0x100, 0x7FF),
    (0x800, 0xFFFF),
    (0x10000, 0x10FFFF),
)


def values(cls: Any, random: Random, depth: int = 4) -> Any:
    """A random value of a message class, or of one of a family's variants."""
    return Making(cls, random).message(cls, depth, False)


def octets(cls: Any, random: Random, depth: int = 3) -> bytes:
    """The octets of a random value with something wrong, mostly; or random ones."""
    if random.random() < 0.1:
        return random.randbytes(random.randrange(40))
    data = bytearray(values(cls, random, depth).encode())
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        spoil(data, random)
    return bytes(data)


def spoil(data: bytearray, random: Random) -> None:
    """Make one thing wrong."""
    if not data:
        data += random.randbytes(1)
        return
    at = random.randrange(len(data))
    lengths = [n for n, octet in enumerate(data) if octet <= len(data) - n]
    how = random.randrange(7)
    if how == 0:
        del data[at:]
    elif how == 1:
        data[at] ^= 1 << random.randrange(8)
    elif how == 2:
        data[at] = random.choice((0, 1, 0x7F, 0x80, 0xFF, random.randrange(256)))
    elif how == 3 and lengths:  # an octet that may well be a length: let it lie
        at = random.choice(lengths)
        data[at] = (
            random.choice((data[at] + 1, data[at] - 1, data[at] + 16, 0xFF)) & 0xFF
        )
    elif how == 4:
        data[at:at] = random.randbytes(random.randrange(1, 4))
    elif how == 5:
        del data[at : at + random.randrange(1, 4)]
    else:
        data += random.randbytes(random.randrange(1, 4))


class Making:
    """The making of one value, with all that it holds."""

    def __init__(self, cls: Any, random: Random) -> None:
        if not is_message(cls):
            raise GrammarError(f"{cls!r} is no message: it has no values")
        self.random = random
        self.shape = Shape(cls)

    # -- messages

    def message(self, cls: Any, depth: int, closed: bool) -> Any:
        """A value of a class; a closed one says itself where it ends."""
        declared: Declaration = cls.__declared__
        if is_mere_family(declared):
            cls = self.chosen(declared, depth, closed)
            declared = cls.__declared__
        every = ways_of(declared)
        fitting = [
            way
            for way in every
            if self.shape.way_height(way[1]) <= max(depth, self.shape.heights[cls])
            and not (closed and self.shape.way_open(way[1]))
        ]
        if self.shape.heights[cls] >= ENDLESS:
            raise GrammarError(f"{cls.__name__}: always holds itself, so has no value")
        if not fitting:
            raise GrammarError(
                f"{cls.__name__}: only the end of the octets ends it, and more follows"
            )
        tags, way = self.random.choice(fitting)
        for attempt in range(TRIES):
            record = self.record(declared, tags, way, depth - attempt // 20, closed)
            if record is not None:
                return record
        raise GrammarError(
            f"{cls.__name__}: in {TRIES} tries, no value was one to write"
        )

    def chosen(self, family: Declaration, depth: int, closed: bool) -> Any:
        """One of a family's variants that fits."""
        heights, opens = self.shape.heights, self.shape.opens
        able = [one for one in family.variants if not (closed and opens[one])]
        if not able:
            raise GrammarError(
                f"{family.cls.__name__}: has no variant that says where it ends"
            )
        least = min(heights[one] for one in able)
        return self.random.choice(
            [one for one in able if heights[one] <= max(least, depth)]
        )

    def record(
        self,
        declared: Declaration,
        tags: tuple[int, ...],
        way: Declaration,
        depth: int,
        closed: bool,
    ) -> Any:
        """A record, or None if it turns out to be none that can be written so."""
        made = self.tag_values(declared, tags, way)
        absent = self.absent_from(way)
        for at, one in enumerate(way.fields):
            if not one.stored or one.name in made:
                continue
            if at >= absent:
                made[one.name] = one.default
                continue
            shut = not enclosed(way, at) and (closed or at + 1 < absent)
            made[one.name] = self.field(way, one, depth - 1, shut)
        record = self.guarded(declared, declared.cls(**made))
        if record is None or self.claimed(declared, record):
            return None
        if any(one.mark(Measures) or one.mark(Counts) for one in way.fields):
            try:
                record.encode()
            except EncodeError:
                return None
        return self.trimmed(way, record, absent)

    def absent_from(self, way: Declaration) -> int:
        """The place of the first field that is left out, of those that may be."""
        places = [
            at for at, one in enumerate(way.fields) if one.trailing and one.stored
        ]
        return self.random.choice([*places, len(way.fields)])

    @staticmethod
    def trimmed(way: Declaration, record: Any, absent: int) -> Any:
        """Without a trailing value that would take no octets, and so not be read."""
        for one in reversed(way.fields[:absent]):
            if not (one.trailing and one.stored):
                break
            without = record.replace(**{one.name: one.default})
            if len(without.encode()) != len(record.encode()):
                break
            record = without
        return record

    # -- tags and guards

    def tag_values(
        self, declared: Declaration, tags: tuple[int, ...], way: Declaration
    ) -> dict[str, int]:
        """The values of the fields that the tag itself carries."""
        made: dict[str, int] = {}
        parts = {o.name: o.kind for o in way.fields if isinstance(o.kind, InTag)}
        if parts and tags:
            free = 0
            for part in parts.values():
                free |= part.mask << part.shift
            able = [tag for tag in tags if tag & ~free == tags[0] & ~free]
            tag = self.random.choice(able)
            for name, part in parts.items():
                made[name] = tag >> part.shift & part.mask
        for one in declared.stored:
            if one.mark(Tag) and declared.opaque and isinstance(one.kind, UInt):
                made[one.name] = self.other_tag(declared, one.kind)
        return made

    def other_tag(self, declared: Declaration, kind: UInt) -> int:
        """A tag that no other variant of the family has."""
        family: Declaration = declared.base.__declared__
        taken = {tag for one in family.variants for tag in one.__declared__.tags}
        for _ in range(TRIES):
            tag = self.integer(kind.least, kind.most)
            if tag not in taken:
                return tag
        free = set(range(1 << 16) if kind.octets > 1 else range(256)) - taken
        if not free:
            raise declared.wrong("tag", "there is no tag that no other variant has")
        return self.random.choice(sorted(free))

    def guarded(self, declared: Declaration, record: Any) -> Any:
        """With the values in the place where its guard wants them."""
        guard = declared.guard
        if guard is None:
            return record
        first, _, inner = guard.field.partition(".")
        held = getattr(record, first)
        if not inner:
            return record.replace(**{first: (*guard.values, *held)})
        longer = (*guard.values, *getattr(held, inner))
        return record.replace(**{first: held.replace(**{inner: longer})})

    @staticmethod
    def claimed(declared: Declaration, record: Any) -> bool:
        """Whether the guard of another variant with its tag would take it."""
        if declared.base is None or declared.opaque or declared.is_family:
            return False
        for other in declared.base.__declared__.variants:
            rival: Declaration = other.__declared__
            if rival is declared:
                return False if declared.guard else any(later(declared, record))
            if rival.guard is not None and starts(rival, declared, record):
                return True
        return False

    # -- fields

    def field(self, way: Declaration, one: Field, depth: int, shut: bool) -> Any:
        kind = one.kind
        if isinstance(kind, UInt):
            return self.typed(way, one, kind.least, kind.most)
        if isinstance(kind, Digits):
            return self.integer(0, 10**kind.most - 1)
        if isinstance(kind, Bits):
            return self.typed(way, one, 0, (1 << kind.width) - 1)
        if isinstance(kind, InTag):
            return self.typed(way, one, 0, kind.mask)
        if isinstance(kind, Float):
            return self.real(kind)
        if isinstance(kind, Octets):
            return self.some_octets(way, one, kind, shut)
        if isinstance(kind, Nested | Choice):
            return self.message(optional(one.type), depth, shut)
        if isinstance(kind, Repeat):
            return self.several(way, one, kind, depth, shut)
        raise way.wrong(one.name, f"no values are known of {kind!r}")

    def typed(self, way: Declaration, one: Field, least: int, most: int) -> Any:
        """An integer of a field, as the type that the field has."""
        type_ = optional(one.type)
        if type_ is bool:
            return self.random.random() < 0.5
        if is_enum(type_):
            members = [member for member in type_ if least <= member.value <= most]
            if not members:
                raise way.wrong(one.name, f"no member of {type_.__name__} fits")
            return self.random.choice(members)
        return self.integer(least, most)

    def integer(self, least: int, most: int) -> int:
        """Any in a range, its ends and small ones rather often."""
        random = self.random
        how = random.randrange(6)
        if how == 0:
            return random.choice((least, most))
        if how == 1:
            edge = 1 << random.randrange(max(1, most.bit_length()))
            return max(least, min(most, edge - random.randrange(2)))
        if how == 2:
            return max(least, min(most, random.randrange(-2, 10)))
        return random.randint(least, most)

    def real(self, kind: Float) -> float:
        if self.random.random() < 0.3:
            return self.random.choice(
                (0.0, -0.0, 1.0, -1.5, float("inf"), -float("inf"))
            )
        while True:
            number: float
            (number,) = struct.unpack(kind.format, self.random.randbytes(kind.octets))
            if number == number:  # noqa: PLR0124 (NaN is not equal to itself)
                return number

    def size(self, way: Declaration, one: Field, unit: int = 1) -> int:
        """How many octets there shall be, as far as that is free."""
        random = self.random
        found = way.measure(one.name)
        most, least = LONGEST, 0
        if found is not None:
            by, mark = found
            ceiling = by.kind.most if isinstance(by.kind, UInt) else LONGEST
            most = min(most, (ceiling - mark.bias) * mark.unit)
            least, unit = max(0, -mark.bias * mark.unit), mark.unit
        how = random.randrange(12)
        if how == 0:
            count = most
        elif how <= 2:
            count = least
        else:
            count = least + random.randrange(24)
        return max(0, min(count, most)) // unit * unit

    def some_octets(
        self, way: Declaration, one: Field, kind: Octets, shut: bool
    ) -> Any:
        if kind.codec is not None:
            if one.default is MISSING:
                raise way.wrong(one.name, "its codec's values cannot be made up")
            return one.default
        if kind.count is None and shut and way.measure(one.name) is None:
            raise way.wrong(one.name, "takes all that is left, and more follows it")
        if isinstance(kind.count, int):
            count = kind.count
        else:
            count = self.size(way, one)
        if kind.text is None:
            return self.random.randbytes(count)
        return self.text(way, one, kind.text, count)

    def text(self, way: Declaration, one: Field, encoding: str, count: int) -> str:
        """Text of so many octets in its encoding."""
        made, short = "", 0
        while len(made.encode(encoding)) < count and short < TRIES:
            least, most = self.random.choice(SCALARS)
            letter = chr(self.random.randint(least, most))
            longer = made + (letter if short < TRIES // 2 else "a")
            if holds(longer, encoding) and len(longer.encode(encoding)) <= count:
                made = longer
            else:
                short += 1
        size = len(made.encode(encoding)) if made else 0
        found = way.measure(one.name)
        exact = isinstance(one.kind, Octets) and isinstance(one.kind.count, int)
        if size != count and (exact or (found is not None and found[1].unit > 1)):
            raise way.wrong(one.name, f"no {encoding} text takes {count} octets")
        return made

    def several(
        self, way: Declaration, one: Field, kind: Repeat, depth: int, shut: bool
    ) -> Any:
        random = self.random
        count = random.choice((0, 1, 1, 2, 3))
        if isinstance(kind.count, int):
            count = kind.count
        of = kind.of
        if of is not None:
            if not isinstance(kind.count, int) and random.random() < 0.2:
                count = random.randrange(60)
            if isinstance(of, Float):
                return tuple(self.real(of) for _ in range(count))
            return tuple(self.integer(of.least, of.most) for _ in range(count))
        element = element_of(one.type)
        fixed = isinstance(kind.count, int)
        if not fixed and self.shape.heights[element] > depth:
            return ()
        if not fixed and count > 1 and self.shape.opens[element]:
            count = 1
        found = self.elements(element, count, depth, shut)
        if len(found) < count:
            raise way.wrong(one.name, "what it repeats takes no octets")
        return found

    def elements(self, element: Any, count: int, depth: int, shut: bool) -> Any:
        """Messages in a row; all but the last must say where they end."""
        found: list[Any] = []
        for _ in range(TRIES):
            if len(found) == count:
                break
            made = self.message(element, depth, shut or len(found) + 1 < count)
            if made.encode():  # what takes no octets cannot be counted in them
                found.append(made)
        return tuple(found)


def holds(text: str, encoding: str) -> bool:
    try:
        return text.encode(encoding).decode(encoding) == text
    except UnicodeError:
        return False


def later(declared: Declaration, record: Any) -> Iterator[bool]:
    """Whether guards declared after a plain variant, which go first, would take it."""
    for other in declared.base.__declared__.variants:
        rival: Declaration = other.__declared__
        if rival.guard is not None:
            yield starts(rival, declared, record)


def starts(rival: Declaration, declared: Declaration, record: Any) -> bool:
    """Whether a record's octets start as another variant's guard wants it."""
    if rival.guard is None or not set(rival.tags) & set(declared.tags):
        return False
    held = record
    for name in rival.guard.field.split("."):
        held = getattr(held, name, ())
    if not isinstance(held, tuple):
        return False
    data = b"".join(one.encode() for one in held)
    return any(begins(data, one) for one in every_spelling(rival.guard.values))
