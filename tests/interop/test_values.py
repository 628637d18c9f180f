# SPDX-License-Identifier: Apache-2.0
"""Somebody else's clients read and write tags of atomic types, and strings.

Every row is run by every client that can say it, over large connections and over small
ones.  What one writes, the others read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from interop.clients import Face, Faces

pytestmark = pytest.mark.interop

NAMES = ("pycomm3", "pylogix", "aphyt", "ours", "pycomm3 of 504", "pylogix of 504")
PARTIES = NAMES[:4]  # a reader is the next of these, then the one after it, ...

# The ends of each range, and what is between.
EDGES: dict[str, list[Any]] = {
    "BOOL": [True, False, True],
    "SINT": [-128, -1, 0, 1, 127],
    "INT": [-32768, -1, 0, 1, 32767],
    "DINT": [-(2**31), -1, 0, 1, 2**31 - 1],
    "LINT": [-(2**63), -1, 0, 1, 2**63 - 1],
    "USINT": [0, 1, 127, 128, 255],
    "UINT": [0, 1, 32767, 32768, 65535],
    "UDINT": [0, 1, 2**31 - 1, 2**31, 2**32 - 1],
    "ULINT": [0, 1, 2**63 - 1, 2**63, 2**64 - 1],
    "REAL": [0.0, 1.5, -2.25, 3.4028234663852886e38, 1.401298464324817e-45],
    "LREAL": [0.0, 0.1, -2.5e-300, 1.7976931348623157e308, 5e-324],
}
ARRAYS = [name for name in EDGES if name != "BOOL"]


@pytest.mark.parametrize("kind", EDGES)
def test_an_atomic_tag_is_written_and_read(face: Face, kind: str) -> None:
    for value in EDGES[kind]:
        face.write(f"{kind}_0", value)
        assert face.read(f"{kind}_0") == value


@pytest.mark.parametrize("kind", ARRAYS)
def test_an_array_is_written_and_read(face: Face, kind: str) -> None:
    tag, values = f"{kind}_10", EDGES[kind] * 2
    face.write(f"{tag}[0]", values)
    assert face.read(f"{tag}[0]", 10) == values
    face.write(f"{tag}[3]", values[0])
    values[3] = values[0]
    assert face.read(f"{tag}[3]") == values[0]
    face.write(f"{tag}[6]", values[:3])
    values[6:9] = values[:3]
    assert face.read(f"{tag}[5]", 4) == values[5:9]
    assert face.read(tag, 10) == values


@pytest.mark.parametrize("kind", EDGES)
def test_what_one_client_writes_the_others_read(faces: Faces, kind: str) -> None:
    for number, (writer, value) in enumerate(
        (writer, value) for value in EDGES[kind] for writer in PARTIES
    ):
        faces[writer].write(f"{kind}_0", value)
        reader = PARTIES[(number + number // 4 + 1) % 4]
        assert faces[reader].read(f"{kind}_0") == value, (writer, reader)


def test_a_whole_array_is_the_same_to_all(faces: Faces) -> None:
    for number, writer in enumerate(PARTIES):
        values = [number * 1000 + one for one in range(10)]
        faces[writer].write("DINT_10[0]", values)
        told = [faces[reader].read("DINT_10[0]", 10) for reader in PARTIES]
        assert told == [values] * 4, writer


@pytest.mark.parametrize(
    ("tag", "count", "value"),
    [
        ("SEVEN", 1, 7),
        ("HALF", 1, 0.5),
        ("TENS[0]", 5, [10, 20, 30, 40, 50]),
        ("TENS[4]", 1, 50),
        ("TABLE[0,0]", 12, list(range(1, 13))),
        ("TABLE[2,3]", 1, 12),
        ("RO_DINT", 1, 1234),
    ],
)
def test_the_values_of_the_plant_are_there(
    face: Face, tag: str, count: int, value: Any
) -> None:
    assert face.read(tag, count) == value


def test_the_text_of_the_plant_is_there(logix: Face, plc: Face) -> None:
    assert logix.read("GREETING") == "Hello, world!"
    assert plc.read("GREETING") == "Hello, world!"


def test_names_are_of_any_case(face: Face) -> None:
    """What pycomm3 has not seen, it does not ask for."""
    if face.client.__class__.__name__ != "LogixDriver":
        assert face.read("seven") == 7
    assert face.read("SEVEN") == 7


# -- dimensions


def test_a_table_is_written_and_read(face: Face) -> None:
    values = [row * 100 + column for row in range(3) for column in range(4)]
    face.write("DINT_2D[0,0]", values)
    assert face.read("DINT_2D[0,0]", 12) == values
    for row in range(3):
        for column in range(4):
            assert face.read(f"DINT_2D[{row},{column}]") == row * 100 + column
    face.write("DINT_2D[1,2]", -5)
    values[6] = -5
    assert face.read("DINT_2D[1,0]", 8) == values[4:]  # over the end of a row


def test_an_array_of_three_dimensions_is_written_and_read(face: Face) -> None:
    values = list(range(-12, 12))
    face.write("INT_3D[0,0,0]", values)
    assert face.read("INT_3D[0,0,0]", 24) == values
    assert face.read("INT_3D[1,2,3]") == values[-1]
    assert face.read("INT_3D[1,0,2]") == values[14]
    face.write("INT_3D[0,2,1]", 999)
    values[9] = 999
    assert face.read("INT_3D[0,2,0]", 6) == values[8:14]


def test_a_table_is_read_and_written_by_its_name(logix: Face, plc: Face) -> None:
    for number, writer in enumerate((logix, plc)):
        values = [number * 50 + one for one in range(12)]
        writer.write("DINT_2D", values)
        for reader in (logix, plc):
            assert reader.read("DINT_2D", 12) == values
    assert len(logix.read("INT_3D", 24)) == 24


# -- bits


def bits(kind: str) -> Iterator[int]:
    """The first, the last, and some between."""
    size = {"S": 8, "I": 16, "D": 32, "L": 64}[kind[0]]
    yield from {0, 1, 7, size // 2, size - 2, size - 1}


@pytest.mark.parametrize("kind", ["SINT", "INT", "DINT", "LINT"])
def test_a_bit_of_an_integer_is_written_and_read(
    logix: Face, plc: Face, kind: str
) -> None:
    for face in (logix, plc):
        face.write(f"{kind}_0", 0)
        expected = 0
        for bit in bits(kind):
            face.write(f"{kind}_0.{bit}", True)
            expected |= 1 << bit
            assert face.read(f"{kind}_0.{bit}") is True
            unsigned = face.read(f"{kind}_0") % 2 ** {"S": 8, "I": 16}.get(kind[0], 64)
            assert unsigned & expected == expected
        for bit in bits(kind):
            face.write(f"{kind}_0.{bit}", False)
            assert face.read(f"{kind}_0.{bit}") is False
        assert face.read(f"{kind}_0") == 0


def test_a_bit_of_an_element_is_written_and_read(logix: Face, plc: Face) -> None:
    for face in (logix, plc):
        face.write("DINT_10[0]", [0] * 10)
        face.write("DINT_10[3].7", True)
        assert face.read("DINT_10[3].7") is True
        assert face.read("DINT_10[0]", 10) == [0, 0, 0, 128, 0, 0, 0, 0, 0, 0]


# -- arrays of BOOL


def test_the_elements_of_a_bool_array_are_written_and_read(
    logix: Face, plc: Face
) -> None:
    for face in (logix, plc):
        for index in (0, 1, 30, 31, 32, 33, 62, 63):  # of both words
            for value in (True, False, True):
                face.write(f"BOOL_64[{index}]", value)
                assert face.read(f"BOOL_64[{index}]") is value
        for index in range(64):
            on = index in (0, 1, 30, 31, 32, 33, 62, 63)
            assert face.read(f"BOOL_64[{index}]") is on
        for index in (0, 1, 30, 31, 32, 33, 62, 63):
            face.write(f"BOOL_64[{index}]", False)


def test_a_slice_of_a_bool_array_is_read_over_the_end_of_a_word(
    logix: Face, plc: Face
) -> None:
    logix.write("BOOL_96[31]", True)
    logix.write("BOOL_96[64]", True)
    for face in (logix, plc):
        assert face.read("BOOL_96[30]", 4) == [False, True, False, False]
        assert face.read("BOOL_96[62]", 3) == [False, False, True]
        told = face.read("BOOL_96[0]", 96)
        assert told == [index in (31, 64) for index in range(96)]
    logix.write("BOOL_96[31]", False)
    logix.write("BOOL_96[64]", False)


def test_whole_words_of_a_bool_array_are_written(logix: Face, plc: Face) -> None:
    values = [index % 3 == 0 for index in range(64)]
    logix.write("BOOL_64[0]", values)
    assert logix.read("BOOL_64[0]", 64) == values
    assert plc.read("BOOL_64[0]", 64) == values
    values[32:] = [index % 5 == 0 for index in range(32)]
    logix.write("BOOL_64[32]", values[32:])
    assert logix.read("BOOL_64[0]", 64) == values
    logix.write("BOOL_64[0]", [False] * 64)


def test_pylogix_writes_a_slice_over_the_end_of_a_word(logix: Face, plc: Face) -> None:
    logix.write("BOOL_64[0]", [False] * 64)
    plc.write("BOOL_64[30]", [True, True, False, True])
    told = logix.read("BOOL_64[0]", 64)
    assert [index for index in range(64) if told[index]] == [30, 31, 33]
    plc.write("BOOL_64[30]", [False] * 4)
    assert not any(logix.read("BOOL_64[0]", 64))


# -- strings

TEXTS = {
    "empty": "",
    "one character": "a",
    "an odd number": "abc",
    "Latin": "Größe: 3 µm, ÿ",
    "full": "0123456789" * 8 + "ab",
}


@pytest.mark.parametrize("text", TEXTS)
def test_a_string_is_written_and_read(logix: Face, plc: Face, text: str) -> None:
    value = TEXTS[text]
    for writer in (logix, plc):
        writer.write("STRING_0", "before")
        writer.write("STRING_0", value)
        for reader in (logix, plc):
            assert reader.read("STRING_0") == value
        writer.write("STRING_10[7]", value)
        for reader in (logix, plc):
            assert reader.read("STRING_10[7]") == value


def test_an_array_of_strings_is_written_and_read(logix: Face, plc: Face) -> None:
    for writer in (logix, plc):
        values = [f"text {number}" * number for number in range(10)]
        writer.write("STRING_10[0]", values)
        writer.write("STRING_10[2]", ["aa", "", "bbb"])
        values[2:5] = ["aa", "", "bbb"]
        for reader in (logix, plc):
            assert reader.read("STRING_10[0]", 10) == values


def test_the_parts_of_a_string_are_read_and_written(logix: Face, plc: Face) -> None:
    for face in (logix, plc):
        face.write("STRING_0", "hello")
        assert face.read("STRING_0.LEN") == 5
        assert face.read("STRING_0.DATA[1]") == ord("e")
        face.write("STRING_0.DATA[0]", ord("j"))
        face.write("STRING_0.LEN", 3)
        assert face.read("STRING_0") == "jel"


@pytest.mark.parametrize("value", ["", "abc", "a" * 20, "Größe"])
def test_a_string_of_another_size_is_written_and_read(logix: Face, value: str) -> None:
    logix.write("STRING20_0", "before")
    logix.write("STRING20_0", value)
    assert logix.read("STRING20_0") == value


def test_a_string_of_another_size_is_octets_to_pylogix(logix: Face, plc: Face) -> None:
    logix.write("STRING20_0", "abc")
    octets = plc.read("STRING20_0")
    assert octets == b"\3\0\0\0abc" + bytes(17)


# -- what is more than a connection carries


def numbers(kind: str, count: int, seed: int) -> list[Any]:
    """Values that differ in every octet."""
    size = {"SINT": 8, "INT": 16, "DINT": 32, "LINT": 64}.get(kind)
    if size is None:
        return [(index + seed) / 8 for index in range(count)]
    some = (
        ((index + seed) * 0x9E3779B97F4A7C15 >> 3) % 2**size for index in range(count)
    )
    return [value - 2**size if value >= 2 ** (size - 1) else value for value in some]


LARGE = [
    "DINT_200", "INT_1000", "DINT_2000", "INT_3001", "SINT_5001", "REAL_1500",
    "LINT_700",
]  # fmt: skip


@pytest.mark.parametrize("tag", LARGE)
def test_a_large_array_is_written_and_read_in_fragments(
    logix: Face, plc: Face, tag: str
) -> None:
    kind, _, size = tag.partition("_")
    count = int(size)
    for seed, writer in enumerate((logix, plc)):
        values = numbers(kind, count, seed)
        writer.write(f"{tag}[0]", values)
        for reader in (logix, plc):
            assert reader.read(f"{tag}[0]", count) == values
            assert reader.read(f"{tag}[{count - 1}]") == values[-1]


def test_a_large_slice_is_written_and_read_in_fragments(logix: Face, plc: Face) -> None:
    for writer in (logix, plc):
        writer.write("DINT_2000[0]", [0] * 2000)
        values = numbers("DINT", 1500, 3)
        writer.write("DINT_2000[100]", values)
        for reader in (logix, plc):
            told = reader.read("DINT_2000[0]", 2000)
            assert told == [0] * 100 + values + [0] * 400


def test_many_strings_are_written_and_read_in_fragments(logix: Face, plc: Face) -> None:
    values = [chr(33 + number) * number for number in range(60)]
    logix.write("STRING_60[0]", values)
    assert logix.read("STRING_60[0]", 60) == values
    assert plc.read("STRING_60[0]", 60) == values


def test_a_large_bool_array_is_read_in_fragments(logix: Face, plc: Face) -> None:
    values = [bool(one % 7 & 1) for one in range(8192)]
    logix.write("BOOL_8192[0]", values)
    assert logix.read("BOOL_8192[0]", 8192) == values
    assert plc.read("BOOL_8192[0]", 8192) == values


# -- programs


def test_the_tags_of_a_program_are_written_and_read(face: Face) -> None:
    for value in (17, -18):
        face.write("Program:MainProgram.PGM_DINT", value)
        face.write("Program:Second.PGM_DINT", value + 0.5)
        assert face.read("Program:MainProgram.PGM_DINT") == value
        assert face.read("Program:Second.PGM_DINT") == value + 0.5
    face.write("Program:MainProgram.PGM_2D[1,0]", [1, 2, 3])
    assert face.read("Program:MainProgram.PGM_2D[1,1]") == 2


def test_a_large_array_of_a_program_is_written_and_read(logix: Face, plc: Face) -> None:
    tag = "Program:MainProgram.PGM_INTS[0]"
    for seed, writer in enumerate((logix, plc)):
        values = numbers("INT", 1000, seed)
        writer.write(tag, values)
        for reader in (logix, plc):
            assert reader.read(tag, 1000) == values


def test_the_text_of_a_program_is_written_and_read(logix: Face, plc: Face) -> None:
    for writer, text in ((logix, "one"), (plc, "another")):
        writer.write("Program:MainProgram.PGM_TEXT", text)
        for reader in (logix, plc):
            assert reader.read("Program:MainProgram.PGM_TEXT") == text


# -- other names


def test_an_alias_is_what_it_stands_for(face: Face) -> None:
    face.write("UDT_A.Inner.X", 41)
    assert face.read("ALIAS_X") == 41
    face.write("ALIAS_X", 42)
    assert face.read("UDT_A.Inner.X") == 42
    face.write("ALIAS_ARRAY[0]", [9, 8, 7])
    assert face.read("DINT_10[0]", 3) == [9, 8, 7]


def test_an_alias_of_a_bit_is_a_bool(face: Face) -> None:
    for alias, tag in (("ALIAS_BIT", "DINT_0"), ("ALIAS_FLAG", "UDT_FLAGS.N")):
        face.write(tag, 0)
        for value in (True, False, True):
            face.write(alias, value)
            assert face.read(alias) == value
        assert face.read(tag) == (1 << 13 if tag == "DINT_0" else 0)
    assert face.read("UDT_FLAGS.B9") == 1


# -- several at once

MANY = [
    *(f"{kind}_0" for kind in EDGES),
    *(f"DINT_10[{index}]" for index in range(10)),
    *(f"INT_10[{index}]" for index in range(10)),
    *(f"REAL_10[{index}]" for index in range(10)),
    *(f"TABLE[{row},{column}]" for row in range(3) for column in range(3)),
    "GREETING",
]


def test_many_tags_are_read_at_once(logix: Face, plc: Face) -> None:
    assert len(MANY) > 50
    expected = [logix.read(tag) for tag in MANY]
    told = logix.client.read(*MANY)
    assert [one.error for one in told] == [None] * len(MANY)
    assert [one.value for one in told] == expected
    told = plc.client.Read(MANY)
    assert [one.Status for one in told] == ["Success"] * len(MANY)
    assert [one.Value for one in told] == expected


def test_hundreds_of_tags_are_read_and_written_at_once(logix: Face, plc: Face) -> None:
    pairs = [(f"DINT_2000[{index}]", index * 3) for index in range(200)]
    tags, values = zip(*pairs, strict=True)
    assert [one.error for one in logix.client.write(*pairs)] == [None] * 200
    assert tuple(one.Value for one in plc.client.Read(list(tags))) == values
    pairs = [(tag, -value) for tag, value in pairs]
    assert {one.Status for one in plc.client.Write(pairs)} == {"Success"}
    assert [one.value for one in logix.client.read(*tags)] == [-one for one in values]


def test_large_and_small_tags_are_read_at_once(logix: Face) -> None:
    tags = ["SEVEN", "DINT_2000{2000}", "HALF", "INT_1000{1000}", "GREETING"]
    told = logix.client.read(*tags)
    assert [one.error for one in told] == [None] * 5
    assert (told[0].value, told[2].value) == (7, 0.5)
    assert told[4].value == "Hello, world!"
    assert [len(told[1].value), len(told[3].value)] == [2000, 1000]


def test_many_tags_are_written_at_once(logix: Face, plc: Face) -> None:
    pairs: list[tuple[str, Any]] = [
        (f"DINT_10[{index}]", index * 11) for index in range(10)
    ]
    pairs += [(f"INT_10[{index}]", index - 5) for index in range(10)]
    pairs += [("STRING_0", "at once"), ("LINT_0", -1), ("DINT_0.4", True)]
    told = logix.client.write(*pairs)
    assert [one.error for one in told] == [None] * len(pairs)
    for tag, value in pairs:
        assert logix.read(tag) == value
    pairs = [(f"DINT_10[{index}]", index * 13) for index in range(10)]
    told = plc.client.Write(pairs)
    assert [one.Status for one in told] == ["Success"] * len(pairs)
    assert plc.read("DINT_10[0]", 10) == [index * 13 for index in range(10)]


@pytest.mark.parametrize("kind", EDGES)
def test_a_value_comes_with_its_type(logix: Face, kind: str) -> None:
    assert logix.client.read(f"{kind}_0").type == kind
