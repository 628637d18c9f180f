# SPDX-License-Identifier: Apache-2.0
"""Random types and tags, read and written as clients do, against plain Python.

The model has values as Python has them, and lays them out by rules of its own: numbers
at multiples of their size, arrays and structures at 4 or 8, eight BOOLs to an octet.
Whatever was done, all octets of all tags are what the model says.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
from asking import Client, request
from structured import at, built

from cpppo.protocol.enip.datatypes import Types

# Their codes, and how `struct` has them.
ATOMS = {
    "SINT": (0xC2, "b"),
    "INT": (0xC3, "h"),
    "DINT": (0xC4, "i"),
    "LINT": (0xC5, "q"),
    "USINT": (0xC6, "B"),
    "UINT": (0xC7, "H"),
    "UDINT": (0xC8, "I"),
    "ULINT": (0xC9, "Q"),
    "REAL": (0xCA, "f"),
    "LREAL": (0xCB, "d"),
}
Member = tuple[str, str, int]  # of a structure: name, type, elements or 0


@dataclass(frozen=True)
class Field:
    """Where a member is."""

    type: str
    count: int
    offset: int
    bit: int


class Model:
    """Types, and the values of tags: numbers, lists, dictionaries."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.types: dict[str, list[Member]] = {}
        for nth in range(8):
            self.types[f"T{nth}"] = [
                self.member(f"m{each}")
                for each in range(chance.choice((1, 2, 3, 9, 17)))
            ]
        self.fields: dict[str, dict[str, Field]] = {}
        self.sizes: dict[str, tuple[int, int]] = {}
        for name in self.types:
            self.lay(name)
        self.tags: dict[str, tuple[str, tuple[int, ...]]] = {}
        for nth, name in enumerate((*self.types, *ATOMS)):
            sizes = chance.choice(((), (), (3,), (20,), (2, 3), (2, 2, 2)))
            self.tags[f"tag{nth}"] = name, sizes
        self.values = {
            name: self.blank(kind, total(sizes))
            for name, (kind, sizes) in self.tags.items()
        }

    def member(self, name: str) -> Member:
        chance = self.chance
        others = (*ATOMS, *self.types, *self.types)
        # Half of them, so that some share an octet.
        kind = "BOOL" if chance.random() < 0.5 else chance.choice(others)
        if kind == "BOOL":
            return name, kind, chance.choice((0, 0, 0, 0, 32, 64, 96))
        return name, kind, chance.choice((0, 0, 1, 2, 3))

    # -- the layout

    def measure(self, kind: str) -> tuple[int, int]:
        """The octets of a type, and what its place is a multiple of."""
        if kind in self.sizes:
            return self.sizes[kind]
        size = struct.calcsize(f"<{ATOMS[kind][1]}")
        return size, size

    def lay(self, name: str) -> None:
        end, bits, wide = 0, 8, False
        fields = {}
        for member, kind, count in self.types[name]:
            if kind == "BOOL" and not count:
                if bits == 8:
                    end, bits = end + 1, 0
                fields[member] = Field(kind, 0, end - 1, bits)
                bits += 1
                continue
            bits = 8
            size, align = (4, 4) if kind == "BOOL" else self.measure(kind)
            words = count // 32 if kind == "BOOL" else count
            wide = wide or align == 8
            step = max(align, 4) if count else align
            end += -end % step
            fields[member] = Field(kind, words, end, 0)
            end += size * (words or 1)
        step = 8 if wide else 4
        self.fields[name] = fields
        self.sizes[name] = max(end + -end % step, 4), step

    # -- values

    def blank(self, kind: str, count: int) -> Any:
        if kind == "BOOL":
            return [False] * 32 * count if count else False
        if count:
            return [self.blank(kind, 0) for _ in range(count)]
        if kind in ATOMS:
            return 0
        return {
            name: self.blank(one.type, one.count)
            for name, one in self.fields[kind].items()
        }

    def some(self, kind: str, count: int) -> Any:
        """A value by chance."""
        chance = self.chance
        if kind == "BOOL":
            several = [bool(chance.getrandbits(1)) for _ in range(32 * count or 1)]
            return several if count else several[0]
        if count:
            return [self.some(kind, 0) for _ in range(count)]
        if kind not in ATOMS:
            return {
                name: self.some(one.type, one.count)
                for name, one in self.fields[kind].items()
            }
        form = ATOMS[kind][1]
        if form in "fd":
            return chance.randrange(-999, 999) / 4
        octets = chance.randbytes(struct.calcsize(f"<{form}"))
        return struct.unpack(f"<{form}", octets)[0]

    def octets(self, kind: str, value: Any) -> bytes:
        """How a value goes over the wire."""
        if isinstance(value, list) and kind == "BOOL":
            number = sum(1 << nth for nth, one in enumerate(value) if one)
            return number.to_bytes(len(value) // 8, "little")
        if isinstance(value, list):
            return b"".join(self.octets(kind, one) for one in value)
        if kind == "BOOL":
            return b"\xff" if value else b"\0"
        if kind in ATOMS:
            return struct.pack(f"<{ATOMS[kind][1]}", value)
        found = bytearray(self.sizes[kind][0])
        for name, one in self.fields[kind].items():
            if one.type == "BOOL" and not one.count:
                found[one.offset] |= value[name] << one.bit
            else:
                octets = self.octets(one.type, value[name])
                found[one.offset : one.offset + len(octets)] = octets
        return bytes(found)


def total(sizes: tuple[int, ...]) -> int:
    found = 1 if sizes else 0
    for size in sizes:
        found *= size
    return found


class Walk:
    """A way from a tag to something in it: steps of a path, and where its value is."""

    def __init__(self, model: Model, name: str) -> None:
        self.model, chance = model, model.chance
        self.kind, sizes = model.tags[name]
        self.steps: list[str | int] = [name]
        self.holder: Any = model.values
        self.key: Any = name
        self.enter(sizes)
        while self.kind in model.types and chance.random() < 0.7:
            holder = self.holder[self.key]
            if self.count:
                holder = holder[self.first]
            member = chance.choice(list(holder))
            self.holder, self.key = holder, member
            one = model.fields[self.kind][member]
            self.kind = one.type
            self.steps.append(member)
            self.enter((one.count,) if one.count else ())

    def enter(self, sizes: tuple[int, ...]) -> None:
        """Choose an element to begin with, which 0 need not be said of."""
        self.count = total(sizes)
        self.first = 0
        if not sizes or self.model.chance.random() < 0.3:
            return
        for size in sizes:
            index = self.model.chance.randrange(size)
            self.steps.append(index)
            self.first = self.first * size + index

    def span(self) -> tuple[int, slice | None]:
        """How many elements are asked for, and which values these are."""
        if not self.count:
            return 1, None
        several = self.model.chance.randint(1, self.count - self.first)
        unit = 32 if self.kind == "BOOL" else 1
        return several, slice(self.first * unit, (self.first + several) * unit)

    def had(self, span: slice | None) -> Any:
        value = self.holder[self.key]
        return value if span is None else value[span]

    def put(self, span: slice | None, value: Any) -> None:
        if span is None:
            self.holder[self.key] = value
        else:
            self.holder[self.key][span] = value


class Asked:
    """A client, and what it may ask of a model."""

    def __init__(self, model: Model) -> None:
        self.model = model
        known = Types()
        known.declare(
            {
                name: [
                    (one, f"{kind}[{count}]" if count else kind)
                    for one, kind, count in members
                ]
                for name, members in model.types.items()
            }
        )
        tags = {
            name: f"{kind}[{','.join(map(str, sizes))}]" if sizes else kind
            for name, (kind, sizes) in model.tags.items()
        }
        self.controller = built(tags, known)  # type: ignore[arg-type]
        self.client = Client(self.controller)

    def type(self, walk: Walk) -> bytes:
        if walk.kind == "BOOL":
            return b"\xd3\0" if walk.count else b"\xc1\0"
        if walk.kind in ATOMS:
            return struct.pack("<H", ATOMS[walk.kind][0])
        return self.controller.types[walk.kind].kind()

    def read(self, walk: Walk) -> None:
        count, span = walk.span()
        wanted = self.model.octets(walk.kind, walk.had(span))
        found, path, kind = b"", at(*walk.steps), self.type(walk)
        while True:
            data = struct.pack("<HI", count, len(found))
            reply = self.client.ask(request(0x52, path, data))
            assert reply.status in (0, 6), (walk.steps, reply)
            assert reply.data.startswith(kind)
            found += reply.data[len(kind) :]
            if reply.status == 0:
                break
        assert found == wanted, walk.steps

    def write(self, walk: Walk) -> None:
        chance = self.model.chance
        count, span = walk.span()
        if walk.kind == "BOOL" and span is not None:
            value = [bool(chance.getrandbits(1)) for _ in range(32 * count)]
        else:
            value = self.model.some(walk.kind, 0 if span is None else count)
        octets = self.model.octets(walk.kind, value)
        head, path = self.type(walk) + struct.pack("<H", count), at(*walk.steps)
        if len(octets) < 400 and chance.random() < 0.7:
            asked = request(0x4D, path, head + octets + bytes(chance.randrange(3)))
            assert self.client.ask(asked).status == 0, walk.steps
        else:
            size = chance.randint(1, 400)
            for start in range(0, len(octets), size):
                piece = struct.pack("<I", start) + octets[start : start + size]
                reply = self.client.ask(request(0x53, path, head + piece))
                assert reply.status == 0, (walk.steps, start, reply)
        walk.put(span, value)

    def modify(self, walk: Walk) -> None:
        """Set and clear some bits of a whole number."""
        form = ATOMS.get(walk.kind, (0, "f"))[1]
        if form in "fd":
            return
        size = struct.calcsize(f"<{form}")
        ones, zeros = (self.model.chance.randbytes(size) for _ in range(2))
        span = slice(walk.first, walk.first + 1) if walk.count else None
        held = self.model.octets(walk.kind, walk.had(span))
        new = bytes((a | b) & c for a, b, c in zip(held, ones, zeros, strict=True))
        data = struct.pack("<H", size) + ones + zeros
        assert self.client.ask(request(0x4E, at(*walk.steps), data)).status == 0
        value = struct.unpack(f"<{form}", new)[0]
        walk.put(span, [value] if walk.count else value)

    def beyond(self, walk: Walk) -> None:
        """More elements than there are: nothing is read, and nothing written."""
        count = max(walk.count, 1) - walk.first + self.model.chance.randint(1, 99)
        path, kind = at(*walk.steps), self.type(walk)
        size = len(self.model.octets(walk.kind, self.model.blank(walk.kind, 0)))
        most = bytes(min(size * count, 400))
        for asked in (
            request(0x4C, path, struct.pack("<H", count)),
            request(0x4D, path, kind + struct.pack("<H", count) + most),
            request(0x53, path, kind + struct.pack("<HI", count, 0) + most),
            request(0x4C, path, b"\0\0"),
        ):
            reply = self.client.ask(asked)
            assert (reply.status, reply.extended) == (0xFF, (0x2105,)), walk.steps


@pytest.mark.parametrize("turn", range(6))
def test_by_chance_tags_are_what_a_model_in_python_says(turn: int) -> None:
    seed = Random().getrandbits(32)
    print("seed", seed)
    chance = Random(seed)
    model = Model(chance)
    asked = Asked(model)
    ways = [asked.read, asked.write, asked.write, asked.modify, asked.beyond]
    for _ in range(300):
        chance.choice(ways)(Walk(model, chance.choice(list(model.tags))))
    for name, tag in asked.controller.tags.items():
        kind = model.tags[name][0]
        assert tag.produce() == model.octets(kind, model.values[name]), name
        assert tag.value == model.values[name]
