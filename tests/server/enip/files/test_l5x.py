# SPDX-License-Identifier: Apache-2.0
"""Rockwell's export, L5X: the example plant is one, with all that is to be read."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mutate import seeded

from cpppo.protocol.enip.plants import toml
from cpppo.protocol.enip.structures import StringType, StructureType
from cpppo.protocol.enip.types import BOOL, DINT, INT, LINT, LREAL, REAL, SINT, UINT
from cpppo.server.enip.database.tags import TagSpec
from cpppo.server.enip.files import Plant, PlantError, load
from cpppo.server.enip.files.literals import l5k, number, quoted
from cpppo.server.enip.files.plant import Source
from cpppo.server.enip.files.values import Misfit
from cpppo.server.enip.files.xml import tree

Read = Callable[[str], Plant]

EXAMPLE = Path(__file__).parents[4] / "examples" / "plant.L5X"


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """The plant of what stands in a controller."""

    def plant(text: str) -> Plant:
        path = tmp_path / "plant.L5X"
        path.write_text(within(text), encoding="utf-8")
        return load([str(path)])

    return plant


def within(text: str) -> str:
    return (
        f'<RSLogix5000Content><Controller Name="C">{text}</Controller>'
        "</RSLogix5000Content>"
    )


@pytest.fixture(scope="module")
def example() -> Plant:
    return load([str(EXAMPLE)])


def tags(plant: Plant) -> dict[str, TagSpec]:
    return {one.name: one for one in plant.tags}


def value(plant: Plant, name: str) -> Any:
    """What a tag begins with, as people say it."""
    tag = tags(plant)[name]
    if isinstance(tag.value, bytes):
        return tag.type.unpack(tag.value)[0]
    return tag.value


def layout(kind: Any) -> list[tuple[str, int, int | None, bool]]:
    return [(one.name, one.offset, one.bit, one.hidden) for one in kind.members]


# -- the example


def test_the_controller_is_who_it_was(example: Plant) -> None:
    assert example.name == "Bottling"
    assert example.identity == {
        "name": "1756-L83E",
        "revision": 33 | 11 << 8,
        "serial": 0xA1B2C3,
    }
    assert example.programs == ("MainProgram", "Idle")


def test_types_are_laid_out_as_the_export_says(example: Plant) -> None:
    assert layout(example.types["Valve"]) == [
        ("ZZZZZZZZZZValve0", 0, None, True),
        ("Open", 0, 0, False),
        ("Closed", 0, 1, False),
        ("Position", 4, None, False),
        ("Counts", 8, None, False),
        ("Label", 16, None, False),
    ]
    assert layout(example.types["Filler"]) == [
        ("Valves", 0, None, False),
        ("Dwell", 80, None, False),
        ("Recipe", 96, None, False),
        ("Faults", 104, None, False),
        ("ZZZZZZZZZZFiller4", 108, None, True),
        ("Auto", 108, 0, False),
    ]
    text: Any = example.types["STRING20"]
    assert issubclass(text, StringType) and text.capacity == 20
    handles = [one.handle for one in example.types]
    assert len(set(handles)) == len(handles) and 0 not in handles


def test_an_instruction_is_a_structure_of_its_parameters(example: Plant) -> None:
    kind: Any = example.types["Scale"]
    names = [one.name for one in kind.visible()]
    assert names == ["EnableIn", "EnableOut", "Raw", "Scaled", "Last"]
    scaled = value(example, "Scale_1")
    assert scaled["EnableIn"] is True
    assert (scaled["Raw"], scaled["Scaled"]) == (2048, 50.0)


def test_every_value_is_as_the_file_has_it(example: Plant) -> None:
    assert value(example, "Batch") == 4711
    assert value(example, "Mask") == -241
    assert value(example, "Limit") == 99.5
    assert value(example, "Ready") is True
    assert value(example, "Grid") == [1, 2, 3, 4, 5, 6]
    assert value(example, "Alarms") == [1, 2]
    assert value(example, "Product") == "Cola $ 'Zero'"
    assert value(example, "Level")[:3] == [1.0, 2.5, -3.0]
    assert math.isnan(value(example, "Level")[3])
    assert value(example, "Program:MainProgram.Step") == 3
    filler = value(example, "Filler_1")
    assert filler["Valves"][0] == {
        "Open": False,
        "Closed": True,
        "Position": 12.5,
        "Counts": [10, -20, 30],
        "Label": "Inlet",
    }
    assert filler["Dwell"]["PRE"] == 5000 and filler["Dwell"]["TT"] is True
    assert filler["Recipe"] == 1234567890123
    assert [at for at, one in enumerate(filler["Faults"]) if one] == [3]
    assert filler["Auto"] is True


def test_values_are_read_from_text_where_there_is_no_tree(example: Plant) -> None:
    tag = tags(example)["Spares"]
    first, second = [tag.type.unpack(one)[0] for one in tag.value]
    assert first["Closed"] is True and first["Open"] is False
    assert first["Position"] == 1.5
    assert first["Counts"] == [1, 2, 3]
    assert first["Label"] == "Spare"
    assert second["Label"] == ""
    wait = value(example, "Program:MainProgram.Wait")
    assert (wait["EN"], wait["PRE"], wait["ACC"]) == (True, 1500, 20)


def test_access_is_as_the_file_has_it(example: Plant) -> None:
    found = tags(example)
    assert found["Batch"].access == "read/write"
    assert found["Ready"].access == found["Limit"].access == "read-only"
    assert found["Secret"].access == "none"


def test_aliases_lead_to_tags_of_their_program_and_to_modules(example: Plant) -> None:
    found = tags(example)
    assert found["Inlet"].alias == "Filler_1.Valves[0]"
    assert found["Program:MainProgram.Same"].alias == "Program:MainProgram.Step"
    assert found["Door"].alias == "Local:2:I.Data.0"
    assert found["Door"].type is BOOL
    assert value(example, "Local:2:I") == {"Fault": 0, "Data": 5}


def test_what_cannot_be_served_is_left_out_and_told(example: Plant) -> None:
    assert [one.partition(":")[0] for one in example.left] == [
        "1 tag of a type that is not known",
        "Lost is an alias of Remote",
    ]
    assert "Read_Peer" not in tags(example)


def test_it_can_be_written_as_toml(example: Plant, tmp_path: Path) -> None:
    path = tmp_path / "plant.toml"
    path.write_text(toml(example.described()), encoding="utf-8")
    again = load([str(path)])
    assert sorted(map(str, again.tags)) == sorted(map(str, example.tags))
    for name in ("Filler_1", "Product", "Grid", "Alarms", "Scale_1", "Local:2:I"):
        assert value(again, name) == value(example, name)
    assert (again.name, again.programs) == (example.name, example.programs)
    assert again.identity == example.identity


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_it_is_read_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    text = EXAMPLE.read_text(encoding="utf-8").replace("Inlet'", "Grün'")
    text = text.replace('"5"/>\n<DataValueMember Name="DATA"', '"4"/>\n<DataValue'
                        'Member Name="DATA"', 1)  # fmt: skip
    said = {"utf-8-sig": "utf-8", "latin-1": "iso-8859-1"}.get(encoding, encoding)
    path = tmp_path / "plant.l5x"
    path.write_bytes(text.replace("UTF-8", said, 1).encode(encoding))
    plant = load([str(path)])
    assert value(plant, "Filler_1")["Valves"][0]["Label"] == "Grün"


# -- parts


def data(*lines: str, kind: str = "DINT", sizes: str = "") -> str:
    """A tag with data."""
    size = f' Dimensions="{sizes}"' if sizes else ""
    return (
        f'<Tags><Tag Name="A" TagType="Base" DataType="{kind}"{size}>\n'
        + "\n".join(lines)
        + "\n</Tag></Tags>"
    )


def decorated(text: str) -> str:
    return f'<Data Format="Decorated">{text}</Data>'


def test_what_nobody_declares_is_learnt_from_its_values(read: Read) -> None:
    said = decorated(
        '<Structure DataType="ALARM_X"><DataValueMember Name="On" DataType="BOOL" '
        'Value="1"/><DataValueMember Name="Max" DataType="REAL" Value="1.5"/>'
        '<ArrayMember Name="Ns" DataType="INT" Dimensions="2">'
        '<Element Index="[1]" Value="7"/></ArrayMember>'
        '<StructureMember Name="In" DataType="ALARM_Y"><DataValueMember Name="Y" '
        'DataType="DINT" Value="3"/></StructureMember></Structure>'
    )
    plant = read(data(said, kind="ALARM_X"))
    assert plant.left == ()
    found = {"On": True, "Max": 1.5, "Ns": [0, 7], "In": {"Y": 3}}
    assert value(plant, "A") == found


def test_a_predefined_structure_may_have_more_than_we_know(read: Read) -> None:
    said = decorated(
        '<Structure DataType="TIMER"><DataValueMember Name="PRE" Value="5"/>'
        '<DataValueMember Name="FS" Value="1"/></Structure>'
    )
    assert value(read(data(said, kind="TIMER")), "A")["PRE"] == 5


def test_a_type_with_a_part_that_is_not_known_is_left_out(read: Read) -> None:
    plant = read(
        '<DataTypes><DataType Name="T"><Members><Member Name="M" DataType="AXIS"/>'
        '</Members></DataType><DataType Name="U"><Members><Member Name="T" '
        'DataType="T"/></Members></DataType></DataTypes>'
        '<Tags><Tag Name="A" DataType="U"/><Tag Name="B" DataType="INT"/></Tags>'
    )
    assert [one.name for one in plant.tags] == ["B"]
    assert plant.left == (
        "type T, which has a AXIS",
        "type U, which has a T",
        "1 tag of a type that is not known: U",
    )


def test_a_text_value_of_an_instruction_that_does_not_fit_is_left_out(
    read: Read,
) -> None:
    plant = read(
        "<AddOnInstructionDefinitions><AddOnInstructionDefinition "
        'Name="T"><Parameters><Parameter Name="In" DataType="BOOL" Usage="Input"/>'
        "</Parameters></AddOnInstructionDefinition></AddOnInstructionDefinitions>"
        + data('<Data Format="L5K">[1,2,3]</Data>', kind="T")
    )
    assert tags(plant)["A"].value is None
    assert plant.left == ("the value of A: T has 1 values, not 3",)


def test_nine_bools_have_two_hosts_and_any_host_is_welcome(read: Read) -> None:
    bits = "".join(
        f'<Member Name="B{n}" DataType="BIT" Target="Host" BitNumber="{n}"/>'
        for n in (0, 8, 31)
    )
    plant = read(
        '<DataTypes><DataType Name="T"><Members><Member Name="S" DataType="SINT"/>'
        '<Member Name="A" DataType="SINT" Dimension="2"/>'
        f'<Member Name="Host" DataType="DINT" Hidden="true"/>{bits}</Members>'
        "</DataType></DataTypes>"
    )
    kind: Any = plant.types["T"]
    assert layout(kind)[1:] == [
        ("A", 4, None, False),
        ("Host", 8, None, True),
        ("B0", 8, 0, False),
        ("B8", 9, 0, False),
        ("B31", 11, 7, False),
    ]
    assert kind.struct_calcsize == 12


def test_a_text_is_as_long_as_its_length_says(read: Read) -> None:
    said = decorated(
        '<Structure DataType="STRING"><DataValueMember Name="LEN" Value="3"/>'
        "<DataValueMember Name=\"DATA\"><![CDATA['longer']]></DataValueMember>"
        "</Structure>"
    )
    assert value(read(data(said, kind="STRING")), "A") == "lon"
    text = "<Data Format=\"L5K\">[2,'abc$00']</Data>"
    assert value(read(data(text, kind="STRING")), "A") == "ab"


def test_an_alias_may_be_of_another_program(read: Read) -> None:
    plant = read(
        r'<Tags><Tag Name="A" TagType="Alias" AliasFor="\P.X.3"/></Tags><Programs>'
        '<Program Name="P"><Tags><Tag Name="X" DataType="DINT"/></Tags></Program>'
        "</Programs>"
    )
    assert tags(plant)["A"].alias == "Program:P.X.3"


def test_what_is_not_wanted_is_not_kept() -> None:
    octets = b"<a><b>x<c/></b><d e='1'>y</d></a>"
    root = tree(Source("a.xml", octets.decode()), octets, frozenset({"b"}))
    assert [(one.tag, one.get("e"), one.text) for one in root.children] == [
        ("d", "1", "y")
    ]


def test_a_value_that_is_a_time_is_left_out_and_told(read: Read) -> None:
    said = decorated('<DataValue DataType="LINT" Value="LDT#2024-01-01-00:00:00"/>')
    plant = read(data(said, kind="LINT"))
    assert tags(plant)["A"].value is None
    assert plant.left == (
        "the value of A: LDT#2024-01-01-00:00:00 is a date or a time",
    )


@pytest.mark.parametrize(
    ("text", "kind", "wanted"),
    [
        ("5", DINT, 5),
        ("-7", SINT, -7),
        ("1_000", DINT, 1000),
        ("16#00ff", INT, 255),
        ("16#ffff", INT, -1),
        ("16#ffff", UINT, 65535),
        ("2#1010", SINT, 10),
        ("2#1111_1111", SINT, -1),
        ("8#17", INT, 15),
        ("16#ffff_ffff_ffff_fffe", LINT, -2),
        ("'A'", SINT, 65),
        ("'$00A'", INT, 65),
        ("'$FF'", SINT, -1),
        ("1", BOOL, True),
        ("2#0", BOOL, False),
        ("1.0e3", REAL, 1000.0),
        ("-1.50000000e-001", REAL, -0.15),
        ("3", REAL, 3.0),
        ("1.#INF", REAL, math.inf),
        ("-1.#INF000", LREAL, -math.inf),
    ],
)
def test_a_number_is_read_in_every_base(text: str, kind: Any, wanted: object) -> None:
    found = number(text, kind)
    assert found == wanted and type(found) is type(wanted)


@pytest.mark.parametrize("text", ["1.#QNAN", "-1.#IND", "1.#QNANe+000", "NaN"])
def test_what_is_no_number_is_read_as_that(text: str) -> None:
    assert math.isnan(number(text, REAL))


@pytest.mark.parametrize("text", ["", "x", "2#2", "16#", "8#9", "1.5", "1e3", "--1"])
def test_what_is_no_whole_number_is_refused(text: str) -> None:
    with pytest.raises(Misfit):
        number(text, DINT)


def test_escapes_of_texts_are_read() -> None:
    assert quoted("'a$N$R$L$T$P$'$$$00$fF'") == "a\n\r\n\t\f'$\0\xff"


def test_values_of_an_l5k_file_are_lists_in_lists() -> None:
    assert l5k(" [1, [2,'a,]$''] ,[]]\n") == ["1", ["2", "'a,]$''"], []]
    for text in ("", "[", "]", "[1]]", "1 2", "'x"):
        with pytest.raises(Misfit):
            l5k(text)


# -- what is refused

MEMBER = (
    '<DataTypes><DataType Name="T"><Members>\n{}\n</Members></DataType></DataTypes>'
)
TYPE = MEMBER.format('<Member Name="X" DataType="INT"/>')


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("<Tags>\n<Tag></Tags>", 2, "is no XML: mismatched tag, in column 7"),
        ("<Tags>\n<Tag>&x;</Tag></Tags>", 2, "is no XML: undefined entity"),
        ("<a>" * 210 + "</a>" * 210, 1, "elements stand more than 200 deep"),
        ("<Tags>\n<Tag/></Tags>", 2, "a Tag has no Name"),
        ('<Tags>\n<Tag Name="A"/></Tags>', 2, "A has no DataType"),
        ('<Tags>\n<Tag Name="A..B" DataType="INT"/></Tags>', 2, "between two dots"),
        ('<Tags>\n<Tag Name="A" DataType="INT" Dimensions="0 1"/></Tags>', 2, "array"),
        ('<Tags>\n<Tag Name="A" DataType="INT" Dimensions="x"/></Tags>', 2, "no type"),
        (
            '<Tags><Tag Name="A" DataType="INT"/>\n'
            '<Tag Name="a" DataType="INT"/></Tags>',
            2,
            "a is there already, as A=INT",
        ),
        (
            '<Tags>\n<Tag Name="A" DataType="INT" ExternalAccess="All"/></Tags>',
            2,
            "A: access is read/write, read-only, none, not 'All'",
        ),
        ('<Programs>\n<Program Name="a b"/></Programs>', 2, "no name of a program"),
        ("<DataTypes>\n<DataType/></DataTypes>", 2, "a DataType has no Name"),
        ('<DataTypes>\n<DataType Name="T"/></DataTypes>', 2, "one member at least"),
        (TYPE + TYPE, 3, "there is a type T already"),
        (MEMBER.format('<Member Name="\u20ac" DataType="INT"/>'), 1, "no name of a"),
        (MEMBER.format('<Member Name="X"/>'), 2, "a Name and a DataType"),
        (
            MEMBER.format('<Member Name="X" DataType="INT" Dimension="-1"/>'),
            2,
            "'-1' is no number of elements",
        ),
        (
            MEMBER.format('<Member Name="X" DataType="T"/>'),
            1,
            "a structure holds itself: T holds T",
        ),
        (
            MEMBER.format('<Member Name="X" DataType="BIT" Target="H" BitNumber="0"/>'),
            2,
            "type T: X: there is no bit 0 in 'H' before it",
        ),
        (data(decorated("\n<DataValue/>")), 3, "A: a value of DINT expected"),
        (data(decorated('\n<DataValue Value="x"/>')), 3, "A: x is no DINT"),
        (data(decorated('\n<DataValue Value="99999999999"/>')), 3, "DINT is a whole"),
        (
            data(
                decorated('<Array>\n<Element Index="[3]" Value="1"/></Array>'),
                sizes="3",
            ),
            3,
            "DINT[3] has no element [3]",
        ),
        (
            data(
                decorated('<Array>\n<Element Index="3" Value="1"/></Array>'),
                sizes="3",
            ),
            3,
            "an Element has an Index such as [0], not '3'",
        ),
        (
            TYPE + data(
                decorated(
                    '<Structure>\n<DataValueMember Name="Y" Value="1"/></Structure>'
                ),
                kind="T",
            ),
            5,
            "T has no member 'Y'",
        ),
        (data('<Data Format="L5K">\n[1]</Data>'), 2, "one DINT expected"),
        (data('<Data Format="L5K">[1,2]</Data>', sizes="3"), 2, "3 values expected"),
        (data('<Data Format="String">x</Data>', kind="STRING"), 2, "a text in quotes"),
        (
            data(f"<Data Format=\"String\">'{'x' * 83}'</Data>", kind="STRING"),
            2,
            "STRING has room for 82 letters, not 83",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line(
    read: Read, text: str, line: int, problem: str
) -> None:
    with pytest.raises(PlantError) as told:
        read(text)
    assert problem in told.value.reason
    assert told.value.line == line
    assert len(str(told.value).split("\n")) == 2


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is no XML: no element found"),
        ("tags", "is no XML: syntax error"),
        ("<a/>", "is no L5X file"),
        ('<?xml version="1.0" encoding="x-y"?><a/>', "is no XML: unknown encoding"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "a document type (DTD)"),
        ('<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "a document type (DTD)"),
    ],
)
def test_what_is_no_export_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "plant.L5X"
    path.write_text(text)
    with pytest.raises(PlantError) as told:
        load([str(path)])
    assert problem in told.value.reason


def test_whatever_octets_come_are_a_plant_or_an_error(tmp_path: Path) -> None:
    rng = seeded()
    path = tmp_path / "plant.L5X"
    whole = EXAMPLE.read_bytes()
    texts = [b'"', b"-1", b"99999999999", b"BIT", b"", b"[", b"DINT", b"x", b"0"]
    for _ in range(150):
        found = bytearray(whole)
        for _ in range(rng.randrange(1, 4)):
            at = rng.randrange(len(found))
            # Within an attribute most files stay XML, and get further.
            start = found.find(b'"', at) + 1
            end = found.find(b'"', start)
            if rng.random() < 0.8 and 0 < start < end:
                found[start:end] = rng.choice(texts)
            else:
                found[at] = rng.randrange(256)
        path.write_bytes(bytes(found))
        try:
            assert isinstance(load([str(path)]), Plant)
        except PlantError as exc:
            assert len(str(exc).split("\n")) <= 2


def test_types_of_an_export_are_there_for_other_files(
    tmp_path: Path, example: Plant
) -> None:
    path = tmp_path / "more.toml"
    path.write_text('[tags]\nMORE = "Valve[3]"\n[types.Pair]\nV = "Valve[2]"\n')
    plant = load([str(EXAMPLE), str(path)])
    assert str(tags(plant)["MORE"]) == "MORE=Valve[3]"
    pair: Any = plant.types["Pair"]
    valve: Any = example.types["Valve"]
    assert issubclass(pair, StructureType)
    assert pair.struct_calcsize == 2 * valve.struct_calcsize


def test_a_number_too_large_in_text_is_told_in_its_line(read: Read) -> None:
    tag = '<Tag Name="A" DataType="T">\n<Data Format="L5K">[70000]</Data></Tag>'
    with pytest.raises(PlantError, match="70000 is no INT") as told:
        read(f"{TYPE}<Tags>{tag}</Tags>")
    assert told.value.line == 4


def test_arrays_of_structures_may_be_nested_25_deep(read: Read) -> None:
    types, tree_ = "", '<DataValueMember Name="M" DataType="DINT" Value="7"/>'
    for nth in range(25):
        kind = f"T{nth - 1}" if nth else "DINT"
        size = 'Dimension="1"' if nth else ""
        member = f'<Member Name="M" DataType="{kind}" {size}/>'
        types += f'<DataType Name="T{nth}"><Members>{member}</Members></DataType>'
        tree_ = f'<Structure DataType="T{nth}">{tree_}</Structure>'
        if nth < 24:
            tree_ = f'<Element Index="[0]">{tree_}</Element>'
            tree_ = f'<ArrayMember Name="M" Dimensions="1">{tree_}</ArrayMember>'
    plant = read(f"<DataTypes>{types}</DataTypes>" + data(decorated(tree_), kind="T24"))
    found = value(plant, "A")
    for _ in range(24):
        (found,) = found["M"]
    assert found == {"M": 7}


def test_the_line_of_a_member_is_told_when_its_type_is_made(read: Read) -> None:
    text = MEMBER.format(
        '<Member Name="A" DataType="INT"/>\n'
        '<Member Name="X" DataType="BIT" Target="A" BitNumber="99"/>'
    )
    with pytest.raises(PlantError, match="type T: X: there is no bit 99") as told:
        read(text)
    assert told.value.line == 3
