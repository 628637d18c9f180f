# SPDX-License-Identifier: Apache-2.0
"""Somebody else's clients read and write structures, whole and by their members.

pycomm3 learns the layout from the templates and gives dicts.  pylogix gives a structure
as octets, which must lie as a Logix controller lays them out.
"""

from __future__ import annotations

import struct
from typing import Any

import pytest
from interop.clients import Face, inner

pytestmark = pytest.mark.interop


def mid(seed: int) -> dict[str, Any]:
    """A value of the type MidUDT."""
    return {
        "Id": seed - 100,
        "Inner": inner(seed, bool(seed & 1), [seed, seed + 1, -seed]),
        "Inners": [inner(seed + 7, True, [1, 2, 3]), inner(-seed, False, [4, 5, 6])],
        "Name": f"name {seed}",
        "Last": bool(seed & 2),
    }


def outer(seed: int) -> dict[str, Any]:
    """A value of the type OuterUDT."""
    return {
        "A": seed * 1000003,
        "B": seed / 4,
        "Inner": inner(-seed, not seed & 1, [7, 8, seed]),
        "Mids": [mid(seed + 1), mid(seed + 2)],
        "Text": f"text {seed} " * 5,
    }


def laid(value: dict[str, Any]) -> bytes:
    """The octets of an InnerUDT: X at 0, F0 a bit of 4, Arr at 8; 16 in all."""
    return struct.pack("<i?3x3h2x", value["X"], value["F0"], *value["Arr"])


# -- whole structures


def test_a_structure_is_written_and_read(logix: Face, plc: Face) -> None:
    for value in (inner(5, True, [1, -2, 3]), inner(-(2**31), False, [0, 0, 32767])):
        logix.write("UDT_INNER", value)
        assert logix.read("UDT_INNER") == value
        assert plc.read("UDT_INNER") == laid(value)


def test_the_structure_of_the_plant_is_there(logix: Face, plc: Face) -> None:
    assert logix.read("INNER") == inner(5, True, [1, 2, 3])
    assert plc.read("INNER") == laid(inner(5, True, [1, 2, 3]))
    assert logix.read("RO_INNER") == inner(6, False, [0, 0, 0])


def test_a_nested_structure_is_written_and_read(logix: Face) -> None:
    for seed in (3, 88):
        logix.write("UDT_A", outer(seed))
        logix.write("UDT_B", outer(seed + 1))
        assert logix.read("UDT_A") == outer(seed)
        assert logix.read("UDT_B") == outer(seed + 1)


def test_pylogix_sees_each_member_of_a_nested_structure(logix: Face, plc: Face) -> None:
    value = outer(9)
    logix.write("UDT_A", value)
    assert plc.read("UDT_A.A") == value["A"]
    assert plc.read("UDT_A.B") == value["B"]
    assert plc.read("UDT_A.Text") == value["Text"]
    assert plc.read("UDT_A.Inner") == laid(value["Inner"])
    for number, one in enumerate(value["Mids"]):
        at = f"UDT_A.Mids[{number}]"
        assert plc.read(f"{at}.Id") == one["Id"]
        assert plc.read(f"{at}.Last") is one["Last"]
        assert plc.read(f"{at}.Inners[1].Arr[2]") == 6
        assert plc.read(f"{at}.Inners[0].Arr[0]", 3) == [1, 2, 3]
        assert plc.read(f"{at}.Name.LEN") == len(one["Name"])


def test_octets_of_a_structure_lie_as_in_a_controller(logix: Face, plc: Face) -> None:
    wide = {"S": -1, "L": 2**62 + 1, "I": -300, "R": 0.1, "D": 77}
    logix.write("UDT_WIDE", wide)
    assert logix.read("UDT_WIDE") == wide
    octets = struct.pack("<b7xqh6xdi4x", *wide.values())
    assert plc.read("UDT_WIDE") == octets


def test_a_structure_of_every_type_is_written_and_read(logix: Face, plc: Face) -> None:
    value = {
        "Bool": True, "Sint": -128, "Int": -32768, "Dint": -(2**31),
        "Lint": -(2**63), "Usint": 255, "Uint": 65535, "Udint": 2**32 - 1,
        "Ulint": 2**64 - 1, "Real": 1.5, "Lreal": 0.1, "Text": "Größe",
    }  # fmt: skip
    for name, one in value.items():
        logix.write(f"UDT_EVERY.{name}", one)
    told = logix.read("UDT_EVERY")
    assert {name: told[name] for name in value} == value
    for name, one in value.items():
        assert logix.read(f"UDT_EVERY.{name}") == one
        assert plc.read(f"UDT_EVERY.{name}") == one


# -- BOOLs

FLAGS = [*(f"B{number}" for number in range(10)), "C0", "C1", "D"]


def test_a_bool_of_a_structure_is_written_alone(logix: Face, plc: Face) -> None:
    for face in (logix, plc):
        for name in FLAGS:
            face.write(f"UDT_FLAGS.{name}", False)
        face.write("UDT_FLAGS.N", 55)
        on: set[str] = set()
        for name in ("B7", "B8", "C1", "B0", "D"):
            face.write(f"UDT_FLAGS.{name}", True)
            on.add(name)
            assert {one for one in FLAGS if face.read(f"UDT_FLAGS.{one}")} == on
        face.write("UDT_FLAGS.B8", False)
        assert {one for one in FLAGS if face.read(f"UDT_FLAGS.{one}")} == on - {"B8"}
        assert face.read("UDT_FLAGS.N") == 55


def flags(seed: int) -> dict[str, Any]:
    """A value of the type FlagsUDT."""
    value: dict[str, Any] = {
        name: bool((seed >> number) & 1) for number, name in enumerate(FLAGS)
    }
    value |= {"N": seed % 100, "Words": [one % seed == 0 for one in range(64)]}
    return value


def test_a_structure_of_bools_is_written_and_read(logix: Face, plc: Face) -> None:
    for seed in (0x1555, 0x0AAA, 0x1FFF, 1):
        value = flags(seed)
        logix.write("UDT_FLAGS", value)
        assert logix.read("UDT_FLAGS") == value
        for name in FLAGS:
            assert plc.read(f"UDT_FLAGS.{name}") is value[name]


def test_a_bool_array_of_a_structure_is_written_and_read(
    logix: Face, plc: Face
) -> None:
    logix.write("UDT_FLAGS", flags(1))
    for face in (logix, plc):
        for index in (0, 31, 32, 63):
            face.write(f"UDT_FLAGS.Words[{index}]", False)
            assert logix.read(f"UDT_FLAGS.Words[{index}]") is False
            assert plc.read(f"UDT_FLAGS.Words[{index}]") is False
            face.write(f"UDT_FLAGS.Words[{index}]", True)
            assert logix.read(f"UDT_FLAGS.Words[{index}]") is True
            assert plc.read(f"UDT_FLAGS.Words[{index}]") is True
    assert logix.read("UDT_FLAGS") == flags(1)
    values = [index % 3 == 1 for index in range(64)]
    logix.write("UDT_FLAGS.Words[0]", values)
    assert logix.read("UDT_FLAGS.Words[0]", 64) == values
    assert plc.read("UDT_FLAGS.Words[0]", 64) == values
    assert plc.read("UDT_FLAGS.Words[30]", 4) == values[30:34]


# -- members and elements


def test_members_are_written_by_each_client(logix: Face, plc: Face) -> None:
    for writer, seed in ((logix, 1), (plc, 2)):
        written: list[tuple[str, Any]] = [
            ("UDT_B.A", seed * -7),
            ("UDT_B.B", seed / 8),
            ("UDT_B.Inner.X", seed),
            ("UDT_B.Inner.F0", seed == 1),
            ("UDT_B.Inner.Arr[1]", -seed),
            ("UDT_B.Mids[1].Id", seed + 3),
            ("UDT_B.Mids[1].Inners[1].Arr[2]", seed + 4),
            ("UDT_B.Mids[0].Last", seed == 2),
            ("UDT_B.Text", f"seed {seed}"),
            ("UDT_B.Text.DATA[0]", ord("S")),
        ]
        for tag, value in written:
            writer.write(tag, value)
        written[-2] = ("UDT_B.Text", f"Seed {seed}")
        for tag, value in written:
            assert logix.read(tag) == value, tag
            assert plc.read(tag) == value, tag


def test_a_bit_of_a_member_is_written(logix: Face, plc: Face) -> None:
    for face in (logix, plc):
        face.write("UDT_B.Inner.X", 0)
        face.write("UDT_B.Inner.X.9", True)
        assert face.read("UDT_B.Inner.X.9") is True
        assert face.read("UDT_B.Inner.X") == 512


def test_a_string_of_another_size_is_written_as_a_member(logix: Face) -> None:
    logix.write("UDT_B.Mids[1].Name", "twenty characters ab")
    assert logix.read("UDT_B.Mids[1].Name") == "twenty characters ab"


def test_an_inner_structure_is_written_alone(logix: Face, plc: Face) -> None:
    logix.write("UDT_A", outer(4))
    value = inner(-1, True, [-1, -2, -3])
    logix.write("UDT_A.Mids[1].Inners[0]", value)
    expected = outer(4)
    expected["Mids"][1]["Inners"][0] = value
    assert logix.read("UDT_A") == expected
    assert plc.read("UDT_A.Mids[1].Inners[0]") == laid(value)


# -- arrays of structures


def test_an_array_of_structures_is_written_and_read(logix: Face, plc: Face) -> None:
    values = [inner(seed, seed % 3 == 0, [seed] * 3) for seed in range(10)]
    logix.write("INNERS_10[0]", values)
    assert logix.read("INNERS_10[0]", 10) == values
    assert logix.read("INNERS_10[3]") == values[3]
    assert logix.read("INNERS_10[3]", 4) == values[3:7]
    assert plc.read("INNERS_10[4]") == laid(values[4])
    assert plc.read("INNERS_10[4].Arr[1]") == 4
    for face in (logix, plc):
        face.write("INNERS_10[9].F0", False)
        assert logix.read("INNERS_10[9]") == inner(9, False, [9] * 3)
        face.write("INNERS_10[9].F0", True)
        assert logix.read("INNERS_10[9]") == values[9]


def test_an_array_of_bools_in_structures_is_written_and_read(logix: Face) -> None:
    values = [flags(seed) for seed in (0x1357, 0x0246, 1, 0x1FFF)]
    logix.write("FLAGS_4[0]", values)
    assert logix.read("FLAGS_4[0]", 4) == values
    logix.write("FLAGS_4[2].B9", True)
    values[2]["B9"] = True
    assert logix.read("FLAGS_4[0]", 4) == values


def test_a_table_of_structures_is_written_and_read(logix: Face, plc: Face) -> None:
    for row in range(2):
        for column in range(3):
            logix.write(f"INNERS_2D[{row},{column}].X", row * 10 + column)
    assert plc.read("INNERS_2D[1,2].X") == 12
    plc.write("INNERS_2D[0,1].Arr[2]", 99)
    assert logix.read("INNERS_2D[0,1]") == inner(1, False, [0, 0, 99])


@pytest.mark.parametrize(("tag", "count"), [("OUTERS_3", 3), ("OUTERS_40", 40)])
def test_a_large_array_of_structures_is_read_in_fragments(
    logix: Face, tag: str, count: int
) -> None:
    values = [outer(seed) for seed in range(count)]
    logix.write(f"{tag}[0]", values)
    assert logix.read(f"{tag}[0]", count) == values
    assert logix.read(f"{tag}[{count - 1}]") == values[-1]


# -- predefined types


def test_a_timer_is_written_and_read(logix: Face, plc: Face) -> None:
    for number, face in enumerate((logix, plc)):
        for tag in ("TIMER_0", "TIMER_10[4]", "UDT_EVERY.Delay"):
            face.write(f"{tag}.PRE", 5000 + number)
            face.write(f"{tag}.ACC", number)
            face.write(f"{tag}.DN", number == 0)
            face.write(f"{tag}.TT", number == 1)
            told = logix.read(tag)
            assert (told["PRE"], told["ACC"]) == (5000 + number, number)
            assert (told["DN"], told["TT"]) == (number == 0, number == 1)
            assert told["EN"] is False
            octets = plc.read(tag)
            # The bits of the control word: DN 29, TT 30, EN 31.
            control = (1 << 29) if number == 0 else (1 << 30)
            assert octets == struct.pack("<Iii", control, 5000 + number, number)


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        ("TIMER_0", {"PRE": 7, "ACC": -6, "EN": True, "TT": False, "DN": True}),
        (
            "COUNTER_0",
            {"PRE": 1, "ACC": 2, "CU": True, "CD": False, "DN": 1, "OV": 0, "UN": 1},
        ),
    ],
)
def test_a_predefined_structure_is_written_whole(
    logix: Face, tag: str, value: dict[str, Any]
) -> None:
    logix.write(tag, value)
    told = logix.read(tag)
    assert {name: told[name] for name in value} == value


def test_timers_are_read_many_at_once(logix: Face, plc: Face) -> None:
    for index in range(10):
        logix.write(f"TIMER_10[{index}].PRE", index * 100)
    assert [one["PRE"] for one in logix.read("TIMER_10[0]", 10)] == [
        index * 100 for index in range(10)
    ]
    octets = plc.read("TIMER_10[0]", 10)
    assert [one for _, one, _ in struct.iter_unpack("<Iii", octets)] == [
        index * 100 for index in range(10)
    ]


def test_a_counter_is_written_and_read(logix: Face, plc: Face) -> None:
    for number, face in enumerate((logix, plc)):
        face.write("COUNTER_0.PRE", 10 + number)
        face.write("COUNTER_0.ACC", -number)
        for bit in ("CU", "CD", "DN", "OV", "UN"):
            face.write(f"COUNTER_0.{bit}", bit in ("CU", "OV"))
        told = logix.read("COUNTER_0")
        assert (told["PRE"], told["ACC"]) == (10 + number, -number)
        on = {name for name, value in told.items() if value is True}
        assert on == {"CU", "OV"}
        assert plc.read("COUNTER_0.CU") is True
        # CU 31, CD 30, DN 29, OV 28, UN 27.
        control = (1 << 31) | (1 << 28)
        assert plc.read("COUNTER_0") == struct.pack(
            "<Iii", control, 10 + number, -number
        )


def test_a_control_is_written_and_read(logix: Face, plc: Face) -> None:
    for number, face in enumerate((logix, plc)):
        face.write("CONTROL_0.LEN", 20 + number)
        face.write("CONTROL_0.POS", number)
        for bit in ("EN", "EU", "DN", "EM", "ER", "UL", "IN", "FD"):
            face.write(f"CONTROL_0.{bit}", bit in ("EN", "FD"))
        told = logix.read("CONTROL_0")
        assert (told["LEN"], told["POS"]) == (20 + number, number)
        on = {name for name, value in told.items() if value is True}
        assert on == {"EN", "FD"}
        assert plc.read("CONTROL_0.LEN") == 20 + number


# -- programs


def test_a_structure_of_a_program_is_written_and_read(logix: Face, plc: Face) -> None:
    value = inner(77, True, [3, 2, 1])
    logix.write("Program:MainProgram.PGM_UDT", value)
    assert logix.read("Program:MainProgram.PGM_UDT") == value
    assert plc.read("Program:MainProgram.PGM_UDT") == laid(value)
    plc.write("Program:MainProgram.PGM_UDT.Arr[1]", -9)
    assert logix.read("Program:MainProgram.PGM_UDT.Arr[1]") == -9


def test_members_of_structures_are_read_many_at_once(logix: Face, plc: Face) -> None:
    logix.write("UDT_A", outer(6))
    tags = ["UDT_A.Mids[0].Inners[1].X", "UDT_A.Inner", "UDT_A.Text", "UDT_A", "SEVEN"]
    told = logix.client.read(*tags)
    assert [one.error for one in told] == [None] * len(tags)
    value = outer(6)
    assert told[0].value == value["Mids"][0]["Inners"][1]["X"]
    assert told[1].value == value["Inner"]
    assert told[2].value == value["Text"]
    assert told[3].value == value
    told = plc.client.Read(tags[:3])
    assert [one.Status for one in told] == ["Success"] * 3
    assert told[0].Value == value["Mids"][0]["Inners"][1]["X"]
    # In a list it cuts four octets more than the handle has.
    assert told[1].Value in (laid(value["Inner"]), laid(value["Inner"])[4:])
    assert told[2].Value == value["Text"]
