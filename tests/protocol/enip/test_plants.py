# SPDX-License-Identifier: Apache-2.0
"""A described controller as text, which Python's own reader of TOML understands."""

from __future__ import annotations

import math
import tomllib
from typing import Any

import pytest

from cpppo.errors import EncodeError
from cpppo.protocol.enip.datatypes import Types
from cpppo.protocol.enip.plants import (
    DescribedPlant,
    DescribedTag,
    shaped,
    toml,
    type_text,
)
from cpppo.protocol.enip.structures import BOOLS, Member, StructureType, assembled
from cpppo.protocol.enip.types import BOOL, DINT, INT, REAL


@pytest.fixture
def types() -> Types:
    made = Types()
    made.declare(
        {
            "Inner": [("X", "DINT"), ("On", "BOOL"), ("Bits", "BOOL[64]")],
            "Outer": [("Inners", "Inner[2]"), ("Name", "STRING20"), ("T", "TIMER")],
            "AB:1756:I:0": [("Data", "INT[3]")],
        }
    )
    made.declare_text("STRING20", 20)
    return made


def read(plant: DescribedPlant) -> dict[str, Any]:
    return tomllib.loads(toml(plant))


def test_own_types_are_written_and_predefined_ones_are_not(types: Types) -> None:
    found = read(DescribedPlant(types=tuple(types)))
    assert found["types"] == {
        "Inner": {"X": "DINT", "On": "BOOL", "Bits": "BOOL[64]"},
        "Outer": {"Inners": "Inner[2]", "Name": "STRING20", "T": "TIMER"},
        "AB:1756:I:0": {"Data": "INT[3]"},
        "STRING20": {"string": 20},
    }


def test_tags_stand_in_the_section_of_their_scope() -> None:
    plant = DescribedPlant(
        tags=(
            DescribedTag("A", "INT[3]"),
            DescribedTag("Program:Main.B", "DINT"),
            DescribedTag("Local:1:I", "AB:1756:I:0"),
            DescribedTag("C", "REAL", 1.5, "read-only", None, "22/1/1"),
            DescribedTag("D", alias="A[2]"),
        ),
        programs=("Main", "Empty"),
    )
    assert read(plant) == {
        "tags": {
            "A": "INT[3]",
            "Local:1:I": "AB:1756:I:0",
            "C": {
                "type": "REAL",
                "value": 1.5,
                "access": "read-only",
                "address": "22/1/1",
            },
            "D": {"alias": "A[2]"},
        },
        "programs": {"Main": {"tags": {"B": "DINT"}}, "Empty": {}},
    }


@pytest.mark.parametrize(
    "value",
    [
        0,
        -(1 << 63),
        True,
        1.5,
        -0.0,
        1e300,
        math.inf,
        -math.inf,
        "",
        'a "quoted" \\ text',
        "\0\t\r\n\x7f\xff",
        [1, 2, 3],
        [[1], [2]],
        {"X": 1, "a b": [{"On": False}]},
    ],
)
def test_a_value_reads_back(value: object) -> None:
    found = read(DescribedPlant(tags=(DescribedTag("A", "X", value),)))
    assert found["tags"]["A"]["value"] == value
    assert type(found["tags"]["A"]["value"]) is type(value)


def test_what_is_no_number_reads_back() -> None:
    found = read(DescribedPlant(tags=(DescribedTag("A", "REAL", math.nan),)))
    assert math.isnan(found["tags"]["A"]["value"])


def test_a_value_without_a_form_is_refused() -> None:
    with pytest.raises(EncodeError, match="has no form in TOML"):
        toml(DescribedPlant(tags=(DescribedTag("A", "INT", object()),)))


def test_identity_files_and_a_comment_are_written() -> None:
    plant = DescribedPlant({"revision": "33.11", "vendor": 1}, data_files={"N7": 100})
    text = toml(plant, "Made from 10.0.0.5,\nby hand.")
    assert text.startswith("# Made from 10.0.0.5,\n# by hand.\n\n[identity]\n")
    assert tomllib.loads(text) == {
        "identity": {"revision": "33.11", "vendor": 1},
        "data_files": {"N7": 100},
    }


def test_a_plant_of_nothing_is_no_text() -> None:
    assert toml(DescribedPlant()).strip() == ""


def test_that_there_are_data_files_is_said_without_one() -> None:
    assert toml(DescribedPlant(data_files={})) == "[data_files]\n"


def test_a_layout_that_cannot_be_said_is_told() -> None:
    members = (Member("A", DINT, 0, 4), Member("B", BOOL, 0, 2, 5))
    odd: type[StructureType] = assembled("Odd", members, 8, 0x123)
    text = toml(DescribedPlant(types=(odd,)))
    assert (
        "# Its members do not stand here as they do in the controller.\n[types.Odd]"
        in text
    )
    usual = assembled("Usual", (Member("A", INT, 0, 0),), 4, 0x124)
    assert "#" not in toml(DescribedPlant(types=(usual,)))


def test_a_member_that_no_file_can_name_is_a_comment() -> None:
    members = (Member("A", DINT, 0, 0), Member("", DINT, 0, 4))
    text = toml(DescribedPlant(types=(assembled("T", members, 8, 0x123),)))
    assert '# "" = "DINT"' in text
    assert tomllib.loads(text)["types"] == {"T": {"A": "DINT"}}


def test_types_are_texts_as_people_say_them() -> None:
    assert type_text(DINT) == "DINT"
    assert type_text(REAL, (3, 4)) == "REAL[3,4]"
    assert type_text(BOOLS, (2,)) == "BOOL[64]"
    assert type_text(BOOLS, (2,), 40) == "BOOL[40]"


def test_values_in_a_row_get_the_shape_of_their_dimensions() -> None:
    assert shaped([1, 2], (2,)) == [1, 2]
    assert shaped([1, 2, 3, 4, 5, 6], (2, 3)) == [[1, 2, 3], [4, 5, 6]]
    assert shaped(list(range(8)), (2, 2, 2)) == [[[0, 1], [2, 3]], [[4, 5], [6, 7]]]
