# SPDX-License-Identifier: Apache-2.0
"""Tags in CSV: Rockwell's export, plain tables, and which line is told as wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from mutate import seeded

from cpppo.server.enip.database.tags import TagSpec
from cpppo.server.enip.files import Plant, PlantError, load

Read = Callable[..., Plant]

EXPORT = """\
remark,"CSV-Import-Export"
remark,"Date = Mon Jan 08 10:15:00 2024"
remark,"Version = RSLogix 5000 v33.01"
remark,"Owner = Plant, Ltd."
0.3
TYPE,SCOPE,NAME,DESCRIPTION,DATATYPE,SPECIFIER,ATTRIBUTES
TAG,,Batch,"The batch,
of today","DINT","","(RADIX := Decimal, ExternalAccess := Read/Write)"
TAG,,Grid,"","REAL[3,4]","","(Constant := false, ExternalAccess := Read Only)"
TAG,,Limit,"","REAL","","(Constant := true, ExternalAccess := Read/Write)"
TAG,,Flags,"","BOOL[64]","","(RADIX := Decimal, ExternalAccess := None)"
TAG,,Product,"Gr\xfc\xdfe","STRING","","(ExternalAccess := Read/Write)"
TAG,MainProgram,Step,"","DINT","","(RADIX := Decimal)"
TAG,MainProgram,Wait,"","TIMER","",""
ALIAS,,First,"","","Grid[0,1]","(RADIX := Float, ExternalAccess := Read/Write)"
ALIAS,MainProgram,Same,"","","Step","(RADIX := Decimal)"
ALIAS,,Door,"","","Local:2:I.Data.0","(RADIX := Decimal)"
COMMENT,,Batch,"the lowest bit","","Batch.0",""
TAG,,Pump,"","UDT_Pump","","(ExternalAccess := Read/Write)"
TAG,,Pumps,"","UDT_Pump[4]","","(ExternalAccess := Read/Write)"
TAG,,Message,"","MESSAGE","","(ExternalAccess := Read/Write)"
"""

PLAIN = """\
Name,Type,Value,Access,Alias,Scope
Batch,DINT,4711,,,
Grid,"DINT[2,2]","[[1,2],[3,4]]",read-only,,
Mask,INT,16#ff0f,,,
Hex,UINT,0xffff,none,,
Text,STRING,"Hello, world!",,,
Quoted,STRING,'it$'s',,,
On,BOOL,1,,,
Flags,BOOL[40],true,,,
Wait,TIMER,"[0,1500,20]",,,
Half,REAL,0.5,,,
Other,,,,Batch.0,
Third,,,,"Grid[1,0]",
Step,DINT,3,,,Main
"""


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """The plant of a table, and perhaps of a file with types."""

    def plant(table: str | bytes, toml: str = "") -> Plant:
        path = tmp_path / "plant.CSV"
        path.write_bytes(table if isinstance(table, bytes) else table.encode())
        files = [str(path)]
        if toml:
            (tmp_path / "types.toml").write_text(toml)
            files.append(str(tmp_path / "types.toml"))
        return load(files)

    return plant


def tags(plant: Plant) -> dict[str, TagSpec]:
    return {one.name: one for one in plant.tags}


# -- Rockwell's


def test_an_export_is_read(read: Read) -> None:
    plant = read(EXPORT)
    assert [str(one) for one in plant.tags] == [
        "Batch=DINT",
        "Grid=REAL[3,4]",
        "Limit=REAL",
        "Flags=BOOL[64]",
        "Product=STRING",
        "Program:MainProgram.Step=DINT",
        "Program:MainProgram.Wait=TIMER",
        "First (alias of Grid[0,1])",
        "Program:MainProgram.Same (alias of Program:MainProgram.Step)",
    ]
    assert plant.programs == ("MainProgram",)
    access = {name: tag.access for name, tag in tags(plant).items()}
    assert access["Batch"] == "read/write"
    assert access["Grid"] == access["Limit"] == "read-only"
    assert access["Flags"] == "none"


def test_what_cannot_be_served_is_left_out_and_told(read: Read) -> None:
    first, second = read(EXPORT).left
    assert first == "3 tags of types that are not known: UDT_Pump (2), MESSAGE"
    assert second.startswith("Door is an alias of Local:2:I.Data.0: there is no tag")


def test_types_may_be_in_another_file(read: Read) -> None:
    plant = read(EXPORT, '[types.UDT_Pump]\nSpeed = "REAL"\n')
    found = tags(plant)
    assert str(found["Pumps"]) == "Pumps=UDT_Pump[4]"
    assert plant.left[0] == "1 tag of a type that is not known: MESSAGE"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_it_is_read_in_every_encoding(read: Read, encoding: str) -> None:
    assert len(read(EXPORT.replace("\n", "\r\n").encode(encoding)).tags) == 9


# -- plain


def test_a_table_is_read(read: Read) -> None:
    found = tags(read(PLAIN))
    assert found["Batch"].value == 4711
    assert found["Grid"].value == [1, 2, 3, 4]
    assert found["Grid"].access == "read-only"
    assert found["Mask"].value == -241
    assert found["Hex"].value == 0xFFFF and found["Hex"].access == "none"
    assert found["Text"].type.unpack(found["Text"].value) == ["Hello, world!"]
    assert found["Quoted"].type.unpack(found["Quoted"].value) == ["it's"]
    assert found["On"].value is True
    assert found["Flags"].value == [0xFFFFFFFF, 0xFF]
    (wait,) = found["Wait"].type.unpack(found["Wait"].value)
    assert (wait["PRE"], wait["ACC"]) == (1500, 20)
    assert found["Half"].value == 0.5
    assert found["Third"].alias == "Grid[1,0]"
    assert found["Program:Main.Step"].value == 3


@pytest.mark.parametrize("sign", [";", "\t"])
def test_other_separators_are_known(read: Read, sign: str) -> None:
    text = f"type{sign}NAME\nINT[3]{sign}A\n"
    assert [str(one) for one in read(text).tags] == ["A=INT[3]"]


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("", None, "there is no header"),
        ("name,tipe\n", 1, "there is no column 'tipe'; is type meant?"),
        ("name,value\n", 1, "a header has name and type"),
        ("name,name\n", 1, "two columns have one name"),
        ("name,type\nA,INX\n", 2, "no type 'INX'; is INT meant?"),
        ("name,type\n\n,INT\n", 3, "there is no name"),
        ("name,type\nA,\n", 2, "A has no type"),
        ("name,type\nA,INT\na,INT\n", 3, "a is there already, as A=INT"),
        ("name,type\nA,INT,3\n", 2, "3 cells, where the header has 2"),
        ("name,type,value\nA,INT,70000\n", 2, "A: INT is a whole number from -32768"),
        ("name,type,value\nA,INT,x\n", 2, "A: x is no INT"),
        ("name,type,value\nA,BOOL,7\n", 2, "A: BOOL is 0 or 1, not 7"),
        ('name,type,value\nA,INT[2],"[1]"\n', 2, "2 values expected, not 1"),
        ('name,type,value\nA,INT[2],"[1,2"\n', 2, "one value expected, or values"),
        ("name,type,value\nA,TIMER,5\n", 2, "is written as [1,2,[3,4]]"),
        ("name,type,value\nA,LINT,LDT#2024-01-01\n", 2, "is no value"),
        ("name,type,access\nA,INT,all\n", 2, "access is read/write, read-only, none"),
        ("name,alias\nA,B\n", 2, "A is an alias of B: there is no tag B"),
        ("name,type,alias\nA,INT,B\n", 2, "an alias has no type and no value"),
        ("name,type,scope\nA,INT,a b\n", 2, "'a b' is no name of a program"),
        ('name,type\n"A\nB",INT\n', 2, "the letters of Latin 1"),
        ("TYPE,SCOPE,NAME,DATATYPE\nTAGG,,A,INT\n", 2, "a row is TAG, ALIAS, COMMENT"),
        ("TYPE,SCOPE,NAME,DATATYPE\nTAG,,A,\n", 2, "A has no DATATYPE"),
        ("TYPE,SCOPE,NAME,DATATYPE\nTAG,,A,INT[0]\n", 2, "an array has 1 to"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(
    read: Read, text: str, line: int | None, problem: str
) -> None:
    with pytest.raises(PlantError) as told:
        read(text)
    assert problem in told.value.reason
    assert told.value.line == line


def test_the_line_after_a_cell_of_several_lines_is_right(read: Read) -> None:
    text = 'name,type,description\nA,INT,"one\ntwo"\nB,INX,\n'
    with pytest.raises(PlantError) as told:
        read(text)
    assert told.value.line == 4


@pytest.mark.parametrize("whole", [EXPORT, PLAIN])
def test_whatever_octets_come_are_a_plant_or_an_error(
    tmp_path: Path, whole: str
) -> None:
    rng = seeded()
    path = tmp_path / "plant.csv"
    for _ in range(200):
        found = bytearray(whole.encode("latin-1"))
        for _ in range(rng.randrange(1, 5)):
            at = rng.randrange(len(found))
            if rng.random() < 0.5:
                found[at] = rng.randrange(256)
            else:
                del found[at : at + rng.randrange(1, 20)]
        path.write_bytes(bytes(found))
        try:
            assert isinstance(load([str(path)]), Plant)
        except PlantError as exc:
            assert len(str(exc).split("\n")) <= 2


@pytest.mark.parametrize("letter", ["\x85", "\x0b", "\x1c", "\u2028"])
def test_a_line_ends_where_a_line_of_the_file_does(read: Read, letter: str) -> None:
    text = f"name,type,description\nA,DINT,one{letter}two\nB,INT,x\n"
    assert [one.name for one in read(text).tags] == ["A", "B"]
    with pytest.raises(PlantError) as told:
        read(text + "C,DNIT,x\n")
    assert told.value.line == 4


def test_a_quote_that_is_left_open_is_told(read: Read) -> None:
    with pytest.raises(PlantError, match="unexpected end of data") as told:
        read('name,type,description\nA,DINT,x\nB,INT,"x\nC,DINT,x\n')
    assert told.value.line == 3


def test_a_row_may_be_shorter_than_the_header(read: Read) -> None:
    with pytest.raises(PlantError, match="a row is TAG, ALIAS") as told:
        read("NAME,SCOPE,DATATYPE,TYPE\nA\n")
    assert told.value.line == 2


def test_a_cell_that_is_too_long_says_what_to_do(read: Read) -> None:
    values = ",".join(["1"] * 70_000)
    with pytest.raises(PlantError, match="a TOML file has room"):
        read(f'name,type,value\nA,DINT[70000],"[{values}]"\n')


@pytest.mark.parametrize(("text", "wanted"), [("1_000", 1000), ("1__0", 10), ("1_", 1)])
def test_digits_are_set_apart(read: Read, text: str, wanted: int) -> None:
    (tag,) = read(f"name,type,value\nA,DINT,{text}\n").tags
    assert tag.value == wanted


@pytest.mark.parametrize("kind", ["REAL", "LREAL"])
def test_a_number_without_end_is_said_as_one(read: Read, kind: str) -> None:
    with pytest.raises(PlantError, match=f"1e999 is too large for {kind}"):
        read(f"name,type,value\nA,{kind},1e999\n")
