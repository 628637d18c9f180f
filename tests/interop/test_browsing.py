# SPDX-License-Identifier: Apache-2.0
"""Somebody else's clients list the tags, and the layouts of their types.

What they are told is compared with the plant's file itself: no tag is missing, none is
there that is not in it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from interop.clients import Face, Pycomm3, Pylogix
from peers import Address, Starter

pytestmark = pytest.mark.interop

PLANT = tomllib.loads(Path(__file__).with_name("plant.toml").read_text("utf-8"))
ATOMIC = {
    "BOOL": 0xC1, "SINT": 0xC2, "INT": 0xC3, "DINT": 0xC4, "LINT": 0xC5,
    "USINT": 0xC6, "UINT": 0xC7, "UDINT": 0xC8, "ULINT": 0xC9, "REAL": 0xCA,
    "LREAL": 0xCB,
}  # fmt: skip
PROGRAMS = sorted(PLANT["programs"])


@dataclass(frozen=True, slots=True)
class Declared:
    """What the plant says of a tag."""

    type: str
    dimensions: tuple[int, ...]
    access: str


def declared(table: dict[str, Any]) -> dict[str, Declared]:
    """The tags of one scope; other names are not among them."""
    return {
        name: parsed(said)
        for name, said in table.items()
        if isinstance(said, str) or "type" in said
    }


def parsed(said: Any) -> Declared:
    text = said if isinstance(said, str) else said["type"]
    access = "read-write" if isinstance(said, str) else said.get("access", "read-write")
    found = re.fullmatch(r"(\w+)(?:\[([0-9,]+)\])?", text)
    assert found is not None, text
    dimensions = tuple(map(int, (found[2] or "").split(","))) if found[2] else ()
    return Declared(found[1], dimensions, access)


CONTROLLER = declared(PLANT["tags"])


def scopes() -> Iterator[tuple[str, str, Declared]]:
    """Every tag: its scope, its name and what it is."""
    for name, one in CONTROLLER.items():
        yield "", name, one
    for program in PROGRAMS:
        for name, one in declared(PLANT["programs"][program]["tags"]).items():
            yield program, f"Program:{program}.{name}", one


ALIASES = {name for name in PLANT["tags"] if name not in CONTROLLER}


def check(told: dict[str, Any], one: Declared) -> None:
    """What pycomm3 says of a tag."""
    bools = one.type == "BOOL" and one.dimensions
    name = "DWORD" if bools else one.type
    assert told["data_type_name"] == name
    if one.type in ATOMIC:
        assert told["tag_type"] == "atomic"
    else:
        assert told["tag_type"] == "struct"
    assert told["dim"] == len(one.dimensions)
    sizes = [one.dimensions[0] // 32] if bools else list(one.dimensions)
    assert told["dimensions"] == sizes + [0] * (3 - len(sizes))
    access = {"read-write": "Read/Write", "read-only": "Read Only", "none": "None"}
    assert told["external_access"] == access[one.access]
    assert told["alias"] is False


# -- tags


def test_pycomm3_lists_the_tags_of_the_controller(logix: Face) -> None:
    told = {one["tag_name"]: one for one in logix.client.get_tag_list(cache=False)}
    assert set(told) == set(CONTROLLER) | ALIASES
    for name, one in CONTROLLER.items():
        check(told[name], one)
    assert [told[name]["alias"] for name in ALIASES] == [True] * len(ALIASES)


def test_pycomm3_lists_the_tags_of_a_program(logix: Face) -> None:
    for program in PROGRAMS:
        tags = logix.client.get_tag_list(program, cache=False)
        told = {one["tag_name"]: one for one in tags}
        expected = {name: one for where, name, one in scopes() if where == program}
        assert set(told) == set(expected)
        for name, one in expected.items():
            check(told[name], one)


def test_pycomm3_lists_the_tags_of_all_scopes(logix: Face) -> None:
    told = {one["tag_name"] for one in logix.client.get_tag_list("*", cache=False)}
    assert told - ALIASES == {name for _, name, _ in scopes()}
    assert set(logix.client.tags) - ALIASES == {name for _, name, _ in scopes()}
    assert sorted(logix.client.info["programs"]) == PROGRAMS


def test_a_missing_program_is_an_error_to_pycomm3(logix: Face) -> None:
    with pytest.raises(Exception, match=r"[Pp]ath|failed|Nowhere"):
        logix.client.get_tag_list("Nowhere", cache=False)
    assert logix.read("SEVEN") == 7


def test_pycomm3_knows_each_tag_that_it_has_listed(logix: Face) -> None:
    told = logix.client.get_tag_info("UDT_A")
    assert told["data_type_name"] == "OuterUDT"
    assert told["instance_id"] > 0
    ids = [one["instance_id"] for one in logix.client.get_tag_list(cache=False)]
    assert len(set(ids)) == len(ids)
    assert ids == sorted(ids)
    assert max(ids) < 65536


def listed(tags: Any) -> dict[str, Any]:
    """What pylogix tells, by name."""
    assert tags.Status == "Success"
    return {one.TagName: one for one in tags.Value}


def compare(told: Any, one: Declared) -> None:
    """What pylogix says of a tag."""
    if one.type in ATOMIC:
        kind = 0xD3 if one.type == "BOOL" and one.dimensions else ATOMIC[one.type]
        assert told.DataTypeValue == kind
        assert told.Struct == 0
    else:
        assert told.Struct == 1
        assert told.DataType in (one.type, "ASCIISTRING82")
    assert told.Array == len(one.dimensions)
    if one.dimensions:
        words = one.type == "BOOL"
        assert told.Size == (one.dimensions[0] // 32 if words else one.dimensions[0])


def test_pylogix_lists_the_tags_of_all_scopes(plc: Face) -> None:
    told = listed(plc.client.GetTagList())
    expected = {name: one for _, name, one in scopes()}
    programs = {f"Program:{name}" for name in PROGRAMS}
    assert set(told) - ALIASES - programs == set(expected)
    for name, one in expected.items():
        compare(told[name], one)


def test_pylogix_lists_the_tags_of_the_controller(plc: Face) -> None:
    told = listed(plc.client.GetTagList(allTags=False))
    programs = {f"Program:{name}" for name in PROGRAMS}
    assert set(told) - ALIASES - programs == set(CONTROLLER)


def test_pylogix_lists_the_tags_of_a_program(plc: Face) -> None:
    for program in PROGRAMS:
        told = listed(plc.client.GetProgramTagList(f"Program:{program}"))
        assert set(told) == {name for where, name, _ in scopes() if where == program}


def test_pylogix_lists_the_programs(plc: Face, simulator: Address) -> None:
    expected = [f"Program:{name}" for name in PROGRAMS]
    assert sorted(plc.client.GetProgramsList().Value) == expected
    with Pylogix(simulator) as other:  # who has no list yet
        assert sorted(other.client.GetProgramsList().Value) == expected


def test_pylogix_refuses_a_missing_program(plc: Face) -> None:
    told = plc.client.GetProgramTagList("Program:Nowhere")
    assert told.Status != "Success"
    assert plc.read("SEVEN") == 7


@pytest.mark.parametrize("connection", ["4002", "504"])
def test_thousands_of_tags_are_listed(
    starter: Starter, tmp_path: Path, connection: str
) -> None:
    names = [f"A_LONG_NAME_OF_A_TAG_{number}" for number in range(2500)]
    plant = tmp_path / "plant.toml"
    plant.write_text(
        "[types.One]\nX = 'DINT'\n[tags]\n"
        + "".join(f"{name} = 'One[{at % 9 + 1}]'\n" for at, name in enumerate(names))
    )
    options = ("--connection-size", connection, "--tags", str(plant))
    program = starter.loopback("-A", *options)
    address = program.address()
    with Pycomm3(address) as face:
        assert sorted(face.client.tags) == sorted(names)
        assert face.read(f"{names[-1]}.X") == 0
    with Pylogix(address) as face:
        assert sorted(listed(face.client.GetTagList())) == sorted(names)
    assert program.stop() == 0


# -- templates

# Octets on the wire, and where the members are that must be at one place.
LAYOUTS: dict[str, tuple[int, dict[str, int]]] = {
    "InnerUDT": (16, {"X": 0, "F0": 4, "Arr": 8}),
    "MidUDT": (80, {"Id": 0, "Inner": 4, "Inners": 20, "Name": 52, "Last": 76}),
    "OuterUDT": (272, {"A": 0, "B": 4, "Inner": 8, "Mids": 24, "Text": 184}),
    "WideUDT": (40, {"S": 0, "L": 8, "I": 16, "R": 24, "D": 32}),
    "STRING": (88, {"LEN": 0, "DATA": 4}),
    "STRING20": (24, {"LEN": 0, "DATA": 4}),
    "TIMER": (12, {"PRE": 4, "ACC": 8}),
    "COUNTER": (12, {"PRE": 4, "ACC": 8}),
    "CONTROL": (12, {"LEN": 4, "POS": 8}),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_pycomm3_learns_the_layout_of_a_type(logix: Face, name: str) -> None:
    size, offsets = LAYOUTS[name]
    told = logix.client.data_types[name]
    assert told["template"]["structure_size"] == size
    assert told["template"]["structure_handle"] > 0
    places = {one: told["internal_tags"][one]["offset"] for one in offsets}
    assert places == offsets


def test_the_types_have_different_handles(logix: Face) -> None:
    handles = {
        name: one["template"]["structure_handle"]
        for name, one in logix.client.data_types.items()
    }
    assert len(set(handles.values())) == len(handles) >= len(LAYOUTS)
    assert handles["STRING"] == 0x0FCE


@pytest.mark.parametrize("name", sorted(PLANT["types"]))
def test_pycomm3_learns_the_members_of_a_type(logix: Face, name: str) -> None:
    told = logix.client.data_types[name]
    assert told["name"] == name
    if set(PLANT["types"][name]) == {"string"}:
        assert told["string"] == PLANT["types"][name]["string"]
        assert told["attributes"] == ["LEN", "DATA"]
        return
    expected = {member: parsed(said) for member, said in PLANT["types"][name].items()}
    assert told["attributes"] == list(expected)
    for member, one in expected.items():
        seen = told["internal_tags"][member]
        bools = one.type == "BOOL" and bool(one.dimensions)
        assert seen["data_type_name"] == ("DWORD" if bools else one.type)
        assert seen["tag_type"] == ("atomic" if one.type in ATOMIC else "struct")
        count = one.dimensions[0] if one.dimensions else 0
        if one.type != "BOOL":
            assert seen["array"] == count
        elif bools:
            assert seen["array"] == count // 32


def test_the_bools_of_a_type_are_bits_of_hidden_members(logix: Face) -> None:
    told = logix.client.data_types["FlagsUDT"]["internal_tags"]
    places = [
        (told[name]["offset"], told[name]["bit"])
        for name in (*(f"B{number}" for number in range(10)), "C0", "C1", "D")
    ]
    assert places[:8] == [(0, bit) for bit in range(8)]
    assert places[8:10] == [(1, 0), (1, 1)]
    assert len(set(places)) == len(places)


def test_pylogix_learns_the_members_of_each_type(plc: Face) -> None:
    plc.client.GetTagList()
    told = plc.client.UDTByName
    for name, members in PLANT["types"].items():
        fields = [one.TagName for one in told[name].Fields]
        if set(members) == {"string"}:
            assert fields == ["LEN", "DATA"]
        else:
            assert [one for one in fields if not one.startswith("ZZZ")] == list(members)
    inner = told["InnerUDT"].FieldsByName
    assert inner["X"].DataType == "DINT"
    assert (inner["Arr"].DataType, inner["Arr"].Size) == ("INT", 3)
    assert told["MidUDT"].FieldsByName["Inners"].Size == 2
