# SPDX-License-Identifier: Apache-2.0
"""Structures as types: their layout, their values, their definitions.

Offsets and octets are by hand, after the rules that clients' documentation gives.
"""

from __future__ import annotations

import struct
from random import Random
from typing import Any

import pytest

from cpppo.errors import EncodeError
from cpppo.protocol.enip.datatypes import Types
from cpppo.protocol.enip.structures import (
    BOOLS,
    StructureType,
    definition,
    described,
    structure,
    text,
    words,
)
from cpppo.protocol.enip.types import BOOL, DINT, INT, LINT, LREAL, REAL, SINT, CIPType

Declared = list[tuple[str, type[CIPType], int]]


def places(kind: type[StructureType]) -> list[tuple[str, int, int | None]]:
    return [(one.name, one.offset, one.bit) for one in kind.visible()]


@pytest.mark.parametrize(
    ("declared", "offsets", "size"),
    [
        ([("a", SINT, 0)], [0], 4),
        ([("a", SINT, 0), ("b", SINT, 0), ("c", SINT, 0)], [0, 1, 2], 4),
        ([("a", SINT, 0), ("b", INT, 0), ("c", SINT, 0)], [0, 2, 4], 8),
        ([("a", SINT, 0), ("b", DINT, 0)], [0, 4], 8),
        ([("a", SINT, 0), ("b", LINT, 0)], [0, 8], 16),
        ([("a", LREAL, 0), ("b", SINT, 0)], [0, 8], 16),
        ([("a", SINT, 0), ("b", SINT, 3), ("c", SINT, 0)], [0, 4, 7], 8),
        ([("a", INT, 0), ("b", INT, 2)], [0, 4], 8),
        ([("a", SINT, 0), ("b", LINT, 2)], [0, 8], 24),
        ([("a", SINT, 0), ("b", BOOLS, 2), ("c", SINT, 0)], [0, 4, 12], 16),
        ([("a", REAL, 5), ("b", REAL, 0)], [0, 20], 24),
    ],
)
def test_members_stand_where_their_size_lets_them(
    declared: Declared, offsets: list[int], size: int
) -> None:
    kind = structure("S", declared)
    assert [offset for _, offset, _ in places(kind)] == offsets
    assert kind.struct_calcsize == size


def test_bools_share_hidden_octets() -> None:
    declared: Declared = [(f"b{n}", BOOL, 0) for n in range(10)]
    kind = structure("Several_Bools", [*declared, ("n", DINT, 0), ("last", BOOL, 0)])
    assert places(kind) == [
        *((f"b{n}", n // 8, n % 8) for n in range(10)), ("n", 4, None), ("last", 8, 0)
    ]  # fmt: skip
    assert kind.struct_calcsize == 12
    hidden = [one for one in kind.members if one.hidden]
    assert [one.name[:20] for one in hidden] == ["ZZZZZZZZZZSeveral_Bo"] * 3
    assert len({one.name for one in hidden}) == 3
    assert [one.offset for one in hidden] == [0, 1, 8]
    assert all(one.type is SINT for one in hidden)


def test_a_structure_in_a_structure_stands_at_4_or_8() -> None:
    small = structure("Small", [("a", SINT, 0)])
    wide = structure("Wide", [("a", SINT, 0), ("b", LINT, 0)])
    kind = structure(
        "S",
        [
            ("a", SINT, 0),
            ("s", small, 0),
            ("b", SINT, 0),
            ("w", wide, 2),
            ("c", INT, 0),
        ],
    )
    assert [offset for _, offset, _ in places(kind)] == [0, 4, 8, 16, 48]
    assert kind.struct_calcsize == 56


def kind() -> type[StructureType]:
    inner = structure("Inner", [("flag", BOOL, 0), ("x", INT, 0)])
    return structure(
        "S",
        [
            ("on", BOOL, 0),
            ("off", BOOL, 0),
            ("n", DINT, 0),
            ("reals", REAL, 2),
            ("bits", BOOLS, 1),
            ("one", inner, 0),
            ("several", inner, 2),
            ("name", text("STR", 10), 0),
        ],
    )


VALUE = {
    "on": True,
    "off": False,
    "n": -2,
    "reals": [1.5, -2.0],
    "bits": [n in (0, 9, 31) for n in range(32)],
    "one": {"flag": True, "x": 5},
    "several": [{"flag": False, "x": -1}, {"flag": True, "x": 300}],
    "name": "héllo",
}
OCTETS = struct.pack(
    "<B3xi2fIBxhBxhBxhi12s",
    1, -2, 1.5, -2.0, 0x80000201, 1, 5, 0, -1, 1, 300, 5, "héllo".encode("latin-1"),
)  # fmt: skip


def test_a_value_is_a_dictionary() -> None:
    assert kind().pack([VALUE, {}, VALUE]) == OCTETS + bytes(len(OCTETS)) + OCTETS
    assert kind().unpack(OCTETS * 2) == [VALUE, VALUE]
    assert kind().produce(OCTETS) == OCTETS


def test_what_is_not_named_is_as_it_was() -> None:
    one = kind()
    changed = one.updated(OCTETS, {"ON": False, "one": {"x": 7}, "reals": (0, 0)})
    assert one.unpack(changed) == [
        VALUE | {"on": False, "one": {"flag": True, "x": 7}, "reals": [0, 0]}
    ]
    assert one.updated(OCTETS, {}) == OCTETS
    # Nor what is not named of the elements of an array.
    changed = one.updated(OCTETS, {"several": [{"x": 5}, {"x": 6}]})
    wanted = [{"flag": False, "x": 5}, {"flag": True, "x": 6}]
    assert one.unpack(changed) == [VALUE | {"several": wanted}]


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (5, "S is a structure: a dictionary"),
        ("text", "S is a structure: a dictionary"),
        ([1, 2], "S is a structure: a dictionary"),
        (None, "S is a structure: a dictionary"),
        (b"12", "S has 48 octets, not 2"),
        ({"nope": 1}, "S has no member 'nope'; it has on, off, n, reals"),
        ({5: 1}, "S has no member 5"),
        ({"n": "x"}, "n: 'x' is no DINT"),
        ({"n": 1 << 31}, "n: 2147483648 is no DINT"),
        ({"reals": 5}, "reals: an array of 2 values expected, not 5"),
        ({"reals": [1]}, "reals: an array of 2 values expected, not 1"),
        ({"reals": "ab"}, "reals: an array of 2 values"),
        ({"several": [{}]}, "several: an array of 2 values expected, not 1"),
        ({"several": [{}, {"x": 1 << 15}]}, "several: x: 32768 is no INT"),
        ({"one": 5}, "one: Inner is a structure"),
        ({"name": "x" * 11}, "name: STR has room for 10 letters, not 11"),
        ({"name": "\u20ac"}, "name: '\u20ac' has letters beyond Latin-1"),
        ({"bits": [True] * 33}, "bits: an array of 32 values expected, not 33"),
    ],
)
def test_a_value_that_does_not_fit_says_which_member(value: Any, problem: str) -> None:
    with pytest.raises(EncodeError) as caught:
        kind().produce(value)
    assert problem in str(caught.value)


def test_bools_may_be_as_many_as_were_declared() -> None:
    one = structure("S", [("bits", BOOLS, 2)])
    for count in (33, 40, 64):
        assert one.produce({"bits": [1] * count}) == struct.pack("<Q", (1 << count) - 1)
    for count in (0, 32, 65):
        with pytest.raises(EncodeError):
            one.produce({"bits": [1] * count})


def test_a_string_is_a_text() -> None:
    one = text("STR", 10)
    assert one.struct_calcsize == 16
    assert one.produce("abc") == b"\3\0\0\0abc" + bytes(9)
    assert one.unpack(one.pack(["", "0123456789"])) == ["", "0123456789"]
    # Of a length that cannot be, there is as much as can.
    assert one.unpack(struct.pack("<i12s", 99, b"x" * 12)) == ["x" * 10]
    assert one.unpack(struct.pack("<i12s", -1, b"x" * 12)) == [""]
    assert one.produce(
        {"LEN": 2, "DATA": [65] * 10}
    ) == b"\2\0\0\0" + b"A" * 10 + bytes(2)


def test_a_definition_by_hand() -> None:
    inner = structure("Inner", [("x", INT, 0)], instance=0x123)
    one = structure(
        "S",
        [("on", BOOL, 0), ("off", BOOL, 0), ("r", REAL, 2), ("i", inner, 0),
         ("j", inner, 3), ("b", BOOLS, 2)],
    )  # fmt: skip
    records = [
        (0, 0xC2, 0), (0, 0xC1, 0), (1, 0xC1, 0), (2, 0x20CA, 4), (0, 0x8123, 12),
        (3, 0xA123, 16), (2, 0x20D3, 28),
    ]  # fmt: skip
    octets = definition(one)
    head = b"".join(struct.pack("<HHI", *each) for each in records)
    assert octets.startswith(head)
    names = octets[len(head) :].split(b"\0")
    assert names[0].startswith(b"S;")
    assert len(names[0]) == len("S;") + 1 + 2 * len(records)
    assert names[1:] == [b"ZZZZZZZZZZS0", b"on", b"off", b"r", b"i", b"j", b"b", b""]
    assert 4 * words(octets) - 23 >= len(octets)
    name, members = described(octets, len(records))
    assert name == "S"
    assert [(each.info, each.type, each.offset) for _, each in members] == records


def test_a_handle_is_the_same_each_time_and_another_for_others() -> None:
    declared: Declared = [("a", DINT, 0), ("b", DINT, 0)]
    one = structure("S", declared)
    assert one.handle == structure("S", declared).handle != 0
    others = [
        structure("T", declared),
        structure("S", declared[:1]),
        structure("S", declared[::-1]),
    ]
    assert len({one.handle, *(each.handle for each in others)}) == 4
    assert one.kind() == b"\xa0\x02" + struct.pack("<H", one.handle)


LEAVES = {
    "SINT": ("b", 1), "INT": ("h", 2), "DINT": ("i", 4), "LINT": ("q", 8),
    "USINT": ("B", 1), "UINT": ("H", 2), "UDINT": ("I", 4), "ULINT": ("Q", 8),
}  # fmt: skip


def test_by_chance_octets_and_values_are_the_same() -> None:
    """Structures of numbers and arrays, laid out by a rule of their own."""
    seed = Random().getrandbits(32)
    print("seed", seed)
    chance = Random(seed)
    for _ in range(200):
        declared, octets, value, wide = [], b"", {}, False
        for nth in range(chance.randint(1, 8)):
            name = chance.choice([*LEAVES])
            form, size = LEAVES[name]
            count = chance.choice([0, 0, 1, 3, 5])
            wide = wide or size == 8
            align = max(4, size) if count else size
            octets += bytes(-len(octets) % align)
            low = -(1 << 8 * size - 1) if form.islower() else 0
            high = low + (1 << 8 * size)
            numbers = [chance.randrange(low, high) for _ in range(count or 1)]
            octets += struct.pack(f"<{len(numbers)}{form}", *numbers)
            declared.append((f"m{nth}", f"{name}[{count}]" if count else name))
            value[f"m{nth}"] = numbers if count else numbers[0]
        octets += bytes(-len(octets) % (8 if wide else 4))
        known = Types()
        known.declare({"S": declared})
        made = known["S"]
        assert made.struct_calcsize == len(octets), declared
        assert made.produce(value) == octets
        assert made.unpack(octets) == [value]
