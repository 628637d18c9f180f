# SPDX-License-Identifier: Apache-2.0
"""Structures learnt from templates, of devices that keep the rules and of others."""

from __future__ import annotations

import random
import struct
from typing import Any

import pytest

from cpppo.client.templates import Template, elementary, made
from cpppo.errors import ProtocolError, Unexpected
from cpppo.protocol.enip import GetAttributeList, ReadTemplate, Request
from cpppo.protocol.enip.datatypes import Types
from cpppo.protocol.enip.structures import (
    BOOLS,
    StringType,
    StructureType,
    definition,
    words,
)
from cpppo.protocol.enip.types import BOOL, DINT, SINT

PARTIAL, NOT_THERE = 6, 5


def types() -> Types:
    found = Types()
    found.declare(
        {
            "Inner": [("X", "DINT"), ("F0", "BOOL"), ("F1", "BOOL"), ("Arr", "INT[3]")],
            "Outer": [
                ("A", "SINT"),
                ("In", "Inner"),
                ("Several", "Inner[2]"),
                ("Words", "BOOL[64]"),
                ("Text", "STRING"),
                ("Short", "STRING20"),
                ("Delay", "TIMER"),
                ("Wide", "LREAL"),
            ],
            "Bits": [(f"B{nth}", "BOOL") for nth in range(11)],
        }
    )
    found.declare_text("STRING20", 20)
    return found


def attributes(words: int, size: int, members: int, handle: int) -> bytes:
    """The answer to the first request."""
    octets = struct.pack("<H", 4)
    octets += struct.pack("<HHI", 4, 0, words) + struct.pack("<HHI", 5, 0, size)
    return (
        octets + struct.pack("<HHH", 2, 0, members) + struct.pack("<HHH", 1, 0, handle)
    )


def told(kind: type[StructureType]) -> bytes:
    octets = definition(kind)
    size, count = kind.struct_calcsize, len(kind.members)
    return attributes(words(octets), size, count, kind.handle)


def learnt(kind: type[StructureType], piece: int = 100) -> Template:
    """A template, told in pieces."""
    template = Template(kind.instance)
    assert isinstance(Request.decode(template.request.request), GetAttributeList)
    template.took(0, told(kind))
    octets = definition(kind)
    while not template.done:
        request = Request.decode(template.request.request)
        assert isinstance(request, ReadTemplate)
        start, stop = request.offset, min(request.offset + request.length, len(octets))
        part = octets[start : min(start + piece, stop)]
        template.took(PARTIAL if start + len(part) < stop else 0, part)
    return template


def nobody(instance: int) -> None:
    """No structure is known."""


def all_of(several: Types) -> dict[int, type[StructureType]]:
    return {one.instance: one for one in several}


def shape(kind: type[StructureType]) -> Any:
    """What there is of a type, however it came to be."""
    return (
        kind.__name__,
        kind.struct_calcsize,
        kind.handle,
        kind.instance,
        issubclass(kind, StringType),
        [
            (
                one.name,
                shape(one.type) if issubclass(one.type, StructureType) else one.type,
                one.count,
                one.offset,
                one.bit,
                one.hidden,
            )
            for one in kind.members
        ],
    )


@pytest.mark.parametrize("piece", [8, 100, 10000])
def test_every_type_is_learnt_as_the_controller_has_it(piece: int) -> None:
    known = all_of(types())
    found = made({one: learnt(kind, piece) for one, kind in known.items()}, nobody)
    assert found.keys() == known.keys()
    for instance, kind in known.items():
        assert shape(found[instance]) == shape(kind)


def test_a_large_definition_may_have_many_pieces() -> None:
    kind: Any = types()["Outer"]
    octets = definition(kind) + bytes(65 * 4200)
    template = Template(kind.instance)
    count = len(kind.members)
    template.took(0, attributes(words(octets), kind.struct_calcsize, count, 1))
    for start in range(0, len(octets), 65):
        assert not template.done
        more = start + 65 < len(octets)
        template.took(PARTIAL if more else 0, octets[start : start + 65])
    assert (template.done, template.refused, template.name) == (True, False, "Outer")
    assert template.pieces > 4200


def test_values_are_read_as_the_controller_writes_them() -> None:
    known = all_of(types())
    outer = types()["Outer"]
    value = {
        "A": -1,
        "In": {"X": 5, "F0": False, "F1": True, "Arr": [1, 2, 3]},
        "Text": "Hello",
        "Short": "x" * 20,
        "Words": [True, False] * 32,
        "Delay": {"PRE": 1000, "ACC": 1, "EN": True, "TT": False, "DN": True},
        "Wide": 0.5,
    }
    found = made({one: learnt(kind) for one, kind in known.items()}, nobody)
    mine = next(one for one in found.values() if one.__name__ == "Outer")
    (read,) = mine.unpack(outer.produce(value))
    del read["Several"]
    assert read == value


def test_a_structure_comes_after_those_that_it_is_made_of_and_each_once() -> None:
    known = all_of(types())
    numbers = {kind.__name__: one for one, kind in known.items()}
    outer = learnt(known.pop(numbers["Outer"]))
    inner = known.pop(numbers["Inner"])
    assert inner.instance in outer.nested
    both = {outer.instance: outer, inner.instance: learnt(inner)}
    found = made(both, known.get)
    assert list(found) == [inner.instance, outer.instance]
    member = found[outer.instance].member("In")
    assert member is not None
    assert member.type is found[inner.instance]


def test_a_bit_may_be_counted_in_the_word_that_holds_it() -> None:
    octets = struct.pack("<HHI", 0, 0xC4, 0) + struct.pack("<HHI", 29, 0xC1, 0)
    octets += b"FLAGS;n\0CTL\0DN\0"
    template = Template(0xF99)
    template.took(0, attributes(words(octets), 4, 2, 1))
    template.took(0, octets)
    one = template.assembled({})
    (seen,) = one.visible()
    assert (seen.name, seen.offset, seen.bit) == ("DN", 3, 5)
    assert one.unpack(struct.pack("<I", 1 << 29)) == [{"DN": True}]


def test_predefined_strings_have_the_name_that_people_know() -> None:
    known = all_of(types())
    assert learnt(known[0xFCE]).name == "STRING"


def test_a_device_that_does_not_tell_refuses() -> None:
    template = Template(0x123)
    template.took(NOT_THERE, b"")
    assert (template.done, template.refused) == (True, True)
    late = Template(0x123)
    late.took(0, attributes(30, 8, 2, 5))
    late.took(NOT_THERE, b"")
    assert (late.done, late.refused) == (True, True)
    (kind,) = made({0x123: late}, nobody).values()
    assert kind.__name__ == "TEMPLATE_291"


def test_an_attribute_that_a_device_does_not_have_is_a_refusal() -> None:
    octets = struct.pack("<HHHIHHHHHHHH", 3, 4, 0, 30, 5, 0x14, 2, 0, 2, 1, 0, 7)
    template = Template(1)
    template.took(0, octets)
    assert template.refused


@pytest.mark.parametrize(("code", "kind"), [(0xC4, DINT), (0xC1, BOOL), (0xD3, BOOLS)])
def test_codes_are_types(code: int, kind: Any) -> None:
    assert elementary(code) is kind


def test_a_code_that_is_not_known_has_octets() -> None:
    kind = elementary(0xD7)
    assert (kind.__name__, kind.tag_type, kind.unpack(b"\x01\xff")) == (
        "TYPE_D7",
        0xD7,
        [1, 255],
    )


# -- what breaks the rules


def template_of(*members: tuple[str, int, int, int], size: int = 16) -> Template:
    """A template with these members: name, type code, info, offset."""
    octets = b"".join(
        struct.pack("<HHI", info, code, offset) for _, code, info, offset in members
    )
    octets += b"BAD;n\0" + b"".join(name.encode() + b"\0" for name, _, _, _ in members)
    template = Template(0x200)
    template.took(0, attributes(words(octets), size, len(members), 1))
    template.took(0, octets)
    return template


@pytest.mark.parametrize(
    "member",
    [
        ("A", 0xC4, 0, 13),
        ("A", 0xC4, 0, 0xFFFFFFFF),
        ("A", 0x20C3, 9, 0),
        ("A", 0x20D3, 5, 0),
        ("A", 0xC1, 0xFFFF, 0),
        ("A", 0x20C4, 0xFFFF, 0),
    ],
)
def test_a_member_beyond_its_structure_is_refused(
    member: tuple[str, int, int, int],
) -> None:
    with pytest.raises(Unexpected, match="A lies beyond its 16 octets"):
        template_of(member).assembled({})


def test_a_structure_that_holds_itself_is_refused() -> None:
    template = template_of(("A", 0x8200, 0, 0))
    with pytest.raises(Unexpected, match="holds itself: BAD holds BAD"):
        made({0x200: template}, nobody)


def test_structures_in_a_circle_are_refused() -> None:
    one, other = template_of(("A", 0x8201, 0, 0)), template_of(("B", 0x8200, 0, 0))
    with pytest.raises(Unexpected, match="holds itself"):
        made({0x200: one, 0x201: other}, nobody)


def test_structures_that_are_nested_without_end_are_refused() -> None:
    several = {
        nth: template_of(("A", 0x8000 | nth + 1, 0, 0)) for nth in range(0x100, 0x900)
    }
    several[0x900] = template_of(("A", 0xC4, 0, 0))
    with pytest.raises(Unexpected, match="nested too deep"):
        made(several, nobody)


def test_members_that_share_octets_do_not_make_values_without_end() -> None:
    several = {0x100: template_of(*[(f"A{nth}", 0x20C2, 16, 0) for nth in range(50)])}
    for nth in range(0x101, 0x110):
        members = [(f"A{one}", 0x8000 | nth - 1, 0, 0) for one in range(50)]
        several[nth] = template_of(*members)
    with pytest.raises(Unexpected, match="too many values in 16 octets"):
        made(several, nobody)


@pytest.mark.parametrize(
    ("words", "size", "members"),
    [
        (0, 8, 1),
        (5, 8, 1),
        (0xFFFFFFFF, 8, 1),
        (30, 0, 1),
        (30, 0xFFFFFFFF, 1),
        (30, 8, 0xFFFF),
        (30, 8, 14),
    ],
)
def test_sizes_that_cannot_be_are_refused(words: int, size: int, members: int) -> None:
    with pytest.raises(Unexpected, match="template 7"):
        Template(7).took(0, attributes(words, size, members, 1))


def test_a_piece_without_octets_is_refused() -> None:
    template = Template(7)
    template.took(0, attributes(30, 8, 2, 1))
    with pytest.raises(Unexpected, match="has no octets"):
        template.took(PARTIAL, b"")


def test_a_large_definition_that_comes_by_single_octets_is_refused() -> None:
    one = Template(0x200)
    one.took(0, attributes(1 << 18, 8, 65535, 1))
    with pytest.raises(ProtocolError, match="pieces and no end"):
        for _ in range(1 << 15):
            one.took(6, b"\0")


def test_a_definition_that_is_all_there_is_not_asked_for_again() -> None:
    kind = types()["Inner"]
    assert issubclass(kind, StructureType)
    template = Template(kind.instance)
    template.took(0, told(kind))
    octets = definition(kind)
    template.took(PARTIAL, octets + bytes(template.total - len(octets)))
    assert template.done
    assert template.name == "Inner"


def test_more_than_the_definition_is_refused() -> None:
    template = Template(7)
    template.took(0, attributes(30, 8, 2, 1))
    with pytest.raises(Unexpected, match="larger than it says"):
        template.took(0, bytes(120))


def test_a_definition_that_is_cut_off_is_refused() -> None:
    template = Template(7)
    template.took(0, attributes(30, 8, 2, 1))
    with pytest.raises(Unexpected, match="cut off"):
        template.took(0, bytes(15))


def test_attributes_that_are_cut_off_are_refused() -> None:
    whole = attributes(30, 8, 2, 1)
    for size in range(2, len(whole)):
        template = Template(7)
        try:
            template.took(0, whole[:size])
        except Unexpected:
            continue
        assert template.refused


def test_any_octets_are_a_structure_or_refused() -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    known = all_of(types())
    kind = next(one for one in known.values() if one.__name__ == "Outer")
    del known[kind.instance]
    first, octets = told(kind), definition(kind)
    for _ in range(1000):
        answers = [bytearray(first), bytearray(octets)]
        for _ in range(chance.randrange(1, 4)):
            one = chance.choice(answers)
            one[chance.randrange(len(one))] = chance.randrange(256)
        template = Template(kind.instance)
        try:
            for answer in answers:
                if not template.done:
                    template.took(0, bytes(answer))
            if template.done:
                (found,) = made({kind.instance: template}, known.get).values()
                found.unpack(bytes(found.struct_calcsize))
        except (ProtocolError, KeyError):
            pass  # a KeyError: of a template that would have been asked for


@pytest.mark.parametrize("code", [0xDA, 0xD0])
@pytest.mark.parametrize("count", [0, 2])
def test_a_member_whose_size_nobody_knows_is_octets(code: int, count: int) -> None:
    array = 0x2000 if count else 0
    one = template_of(("A", code | array, count, 0), ("B", 0xC4, 0, 4))
    kind = one.assembled({})
    (value,) = kind.unpack(bytes([7]) * 16)
    assert value == {"A": [7, 7] if count else 7, "B": 0x07070707}


def test_a_text_has_its_length_first() -> None:
    data, size = ("DATA", 0x20C2, 4, 0), ("LEN", 0xC4, 0, 4)
    one = template_of(size, data, size=8)
    octets = bytes((1, 2, 3, 4, 5, 0, 0, 0))
    assert one.assembled({}).unpack(octets) == [{"LEN": 5, "DATA": [1, 2, 3, 4]}]
    right = template_of(("LEN", 0xC4, 0, 0), ("DATA", 0x20C2, 4, 4), size=8)
    assert right.assembled({}).unpack(b"\2\0\0\0okno") == ["ok"]


def test_a_member_without_a_name_is_hidden() -> None:
    template = template_of(("", 0xC2, 0, 0), ("A", 0xC2, 0, 1), ("__B", 0xC2, 0, 2))
    assert [one.name for one in template.assembled({}).visible()] == ["A"]
    assert template.assembled({}).members[1].type is SINT
