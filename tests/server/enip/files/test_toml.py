# SPDX-License-Identifier: Apache-2.0
"""Plants in TOML: what each part says, and which line is told where one is wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from mutate import seeded

from cpppo.protocol.enip.plants import toml
from cpppo.protocol.enip.structures import StringType, StructureType
from cpppo.protocol.enip.types import DINT, INT
from cpppo.server.enip import Controller
from cpppo.server.enip.database.tags import TagSpec
from cpppo.server.enip.files import Plant, PlantError, load
from cpppo.server.enip.files.plant import Source
from cpppo.server.enip.files.positions import positions

Read = Callable[..., Plant]

WHOLE = """\
# A plant with everything.
[identity]
product_name = "1756-L83E/B"
revision = "33.11"
vendor = 2
device_type = 0x0E
product_code = 166
serial = 0x12345678
status = 0x3060
state = 3
name = "Boiler"

[types.InnerUDT]
X = "DINT"
F0 = "BOOL"
Arr = "INT[3]"

[types.STRING20]
string = 20

[types.Outer]
Inner = "InnerUDT[2]"   # nested
Name = "STRING20"
Bits = "BOOL[40]"

[tags]
SCADA = "INT[1000]"
GRID = { type = "DINT[3,4]", value = 0, access = "read-only" }
UDT_A = "InnerUDT"
"Dotted.Name" = "REAL"
PLACED = { type = "DINT", address = "22/1/1" }
SEVEN = { type = "DINT", value = 7, access = "None" }
FULL = { type = "INT[4]", value = -1 }
TABLE = { type = "DINT[2,3]", value = [
    [1, 2, 3],
    [4, 5, 6],   # a row
] }
BITS = { type = "BOOL[40]", value = true }
ON = { type = "BOOL", value = 1 }
TEXT = { type = "STRING", value = "Grüße" }
SHORT = { type = "SSTRING", value = "plain" }
DEEP = { type = "Outer", value = { Name = "n", Inner = [{ X = 1 }, { F0 = true }] } }
OTHER = { alias = "DEEP.Inner[1].X" }
BIT = { alias = "SEVEN.31" }

[tags.LONG]
type = "REAL"
value = 1.5

[programs.Main.tags]
SPEED = "REAL"
SEVEN = { type = "INT", value = 8 }
MINE = { alias = "SEVEN" }
THEIRS = { alias = "UDT_A.Arr[2]" }

[programs.Empty]

[data_files]
N7 = 100
F8 = { size = 50, value = 1.5 }
ST9 = { value = ["one", "two"] }
"""


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """The plant of some texts, each a file."""

    def plant(*texts: str) -> Plant:
        files = []
        for number, text in enumerate(texts):
            path = tmp_path / f"plant{number or ''}.toml"
            path.write_text(text, encoding="utf-8")
            files.append(str(path))
        return load(files)

    return plant


def tags(plant: Plant) -> dict[str, TagSpec]:
    return {one.name: one for one in plant.tags}


def meaning(tag: TagSpec) -> Any:
    """The value of a structure that a tag begins with."""
    return tag.type.unpack(tag.value)[0]


# -- what is read


def test_an_identity_is_read(read: Read) -> None:
    plant = read(WHOLE)
    assert plant.name == "Boiler"
    assert plant.identity == {
        "name": "1756-L83E/B",
        "revision": 0x0B21,
        "vendor": 2,
        "device_type": 14,
        "product_code": 166,
        "serial": 0x12345678,
        "status": 0x3060,
        "state": 3,
    }


def test_types_have_their_members_in_the_order_of_the_file(read: Read) -> None:
    types = read(WHOLE).types
    inner: Any = types["innerudt"]
    assert [one.name for one in inner.visible()] == ["X", "F0", "Arr"]
    assert inner.struct_calcsize == 16
    text: Any = types["STRING20"]
    assert issubclass(text, StringType) and text.capacity == 20
    outer: Any = types["Outer"]
    assert outer.member("Inner").type is inner
    assert outer.member("Bits").count == 2


def test_tags_are_read_with_types_sizes_and_places(read: Read) -> None:
    said = {name: str(tag) for name, tag in tags(read(WHOLE)).items()}
    assert said["SCADA"] == "SCADA=INT[1000]"
    assert said["GRID"] == "GRID=DINT[3,4]"
    assert said["UDT_A"] == "UDT_A=InnerUDT"
    assert said["PLACED"] == "PLACED@22/1/1=DINT"
    assert said["BITS"] == "BITS=BOOL[40]"
    assert said["Program:Main.SPEED"] == "Program:Main.SPEED=REAL"
    assert said["Dotted.Name"] == "Dotted.Name=REAL"


def test_values_are_read_as_their_types_have_them(read: Read) -> None:
    found = tags(read(WHOLE))
    assert found["GRID"].value is None  # all zero is what is there anyhow
    assert found["SEVEN"].value == 7
    assert found["FULL"].value == -1  # for all elements
    assert found["TABLE"].value == [1, 2, 3, 4, 5, 6]
    assert found["BITS"].value == [0xFFFFFFFF, 0xFF]
    assert found["ON"].value is True
    assert meaning(found["TEXT"]) == "Grüße"
    assert found["SHORT"].value == "plain"
    assert found["LONG"].value == 1.5
    deep = meaning(found["DEEP"])
    assert deep["Name"] == "n"
    assert [one["X"] for one in deep["Inner"]] == [1, 0]
    assert [one["F0"] for one in deep["Inner"]] == [False, True]


def test_what_is_all_zero_is_not_kept(read: Read) -> None:
    text = (
        '[types.T]\nX = "INT"\n[tags]\nA = { type = "INT[3]", value = [0, 0, 0] }\n'
        'B = { type = "T", value = { X = 0 } }\nC = { type = "STRING", value = "" }\n'
        'D = { type = "BOOL[9]", value = false }\nE = { type = "REAL", value = 0.0 }\n'
        'F = { type = "SSTRING", value = "" }\n'
    )
    assert [one.value for one in read(text).tags] == [None] * 6


def test_access_is_said_in_any_spelling(read: Read) -> None:
    found = tags(read(WHOLE))
    assert found["SCADA"].access == "read/write"
    assert found["GRID"].access == "read-only"
    assert found["SEVEN"].access == "none"
    text = '[tags]\nA = { type = "INT", access = "Read Only" }\n'
    assert tags(read(text))["A"].access == "read-only"


def test_an_alias_leads_to_its_own_program_first(read: Read) -> None:
    found = tags(read(WHOLE))
    assert found["OTHER"].alias == "DEEP.Inner[1].X"
    assert found["OTHER"].type is DINT
    assert found["Program:Main.MINE"].alias == "Program:Main.SEVEN"
    assert found["Program:Main.MINE"].type is INT
    assert found["Program:Main.THEIRS"].alias == "UDT_A.Arr[2]"
    assert found["BIT"].alias == "SEVEN.31"


def test_an_alias_of_an_alias_leads_to_the_tag(read: Read) -> None:
    found = tags(
        read(
            '[tags]\nA = { alias = "B[1]" }\nB = { alias = "C.Arr" }\nC = "T"\n'
            '[types.T]\nArr = "INT[3]"\n'
        )
    )
    assert found["A"].alias == "C.Arr[1]"
    assert found["B"].sizes == (3,)


def test_programs_are_there_with_and_without_tags(read: Read) -> None:
    assert read(WHOLE).programs == ("Main", "Empty")


def test_data_files_are_said_as_the_controller_takes_them(read: Read) -> None:
    assert read(WHOLE).data_files == {
        "N7": 100,
        "F8": {"size": 50, "value": 1.5},
        "ST9": {"value": ["one", "two"]},
    }


@pytest.mark.parametrize("text", ["", "# nothing\n", "[tags]\n", "[identity]\n"])
def test_every_part_is_optional(read: Read, text: str) -> None:
    plant = read(text)
    assert plant.tags == () and plant.identity == {} and plant.name == ""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_byte_order_mark_and_other_line_ends_are_welcome(
    tmp_path: Path, encoding: str
) -> None:
    path = tmp_path / "PLANT.TOML"
    path.write_bytes('[tags]\r\nA = "INT"\r\n'.encode(encoding))
    assert [str(one) for one in load([str(path)]).tags] == ["A=INT"]


def test_several_files_are_one_plant(read: Read) -> None:
    plant = read(
        '[tags]\nA = "Theirs"\n[identity]\nvendor = 5\n[programs.P.tags]\nX = "INT"\n',
        '[types.Theirs]\nX = "INT"\n[identity]\nvendor = 5\n'
        '[programs.P.tags]\nY = "INT"\n[data_files]\nN7 = 3\n',
    )
    assert sorted(tags(plant)) == ["A", "Program:P.X", "Program:P.Y"]
    assert plant.identity == {"vendor": 5}
    assert plant.programs == ("P",)


# -- what is refused

TAG = '[tags]\nA = "INT"\n'
UDT = '[types.T]\nX = "DINT"\nOn = "BOOL"\nArr = "INT[3]"\nName = "STRING"\n'


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        # syntax
        ("[tags]\nA = \n", 2, "is no TOML: Invalid value, in column 5"),
        ('[tags]\nA = "INT"\nA = "INT"\n', 3, "A is there twice, first in line 2"),
        ('[tags]\nA = "INT"\nA = { type = "INT[2]", value = [\n1,\n2] }\n', 3, "twice"),
        ('[tags]\nA = { type = "INT", type = "DINT" }\n', 2, "type is there twice"),
        (TAG + '[tags]\nB = "INT"\n', 3, "[tags] is there twice, first in line 1"),
        ("[types]\n[programs.M.tags]\n[programs.M.tags]\n", 3, "[programs.M.tags] is"),
        ('tags.X = "INT"\n[tags]\n', 2, "Cannot declare [tags] twice"),
        ("[tags]\nA = DINT\n", 2, 'in column 5; a text stands in quotes: "DINT"'),
        ("[tags]\nA = INT[3]\n", 2, 'a text stands in quotes: "INT[3]"'),
        ('[tags]\nA = { type = "BOOL", value = True }\n', 2, "true is written in"),
        ('[tags]\r\nA = { type = "REAL", value = NaN }\r\n', 2, "nan is written in sm"),
        ("[tags\n", 1, "is no TOML: "),
        ('[tags]\nA = { type = "INT"\n', 2, "is no TOML: "),
        ('[tags]\nA = """x\n', 2, "is no TOML: Unterminated string, at the end"),
        ("x = " + "[" * 100_000, None, "nested too deep"),
        # what is not known
        ("[tag]\n", 1, "a plant has no 'tag'; is tags meant?"),
        (TAG + "[datafiles]\nN7 = 1\n", 3, "no 'datafiles'; is data_files meant?"),
        ("[identity]\nproduct = 1\n", 2, "[identity] has no 'product'; is product_"),
        ("[identity]\n\nserail = 1\n", 3, "no 'serail'; is serial meant?"),
        ('[tags]\nA = { type = "INT", acess = "none" }\n', 2, "is access meant?"),
        ('[tags]\nA = { type = "INT", initial = 1 }\n', 2, "has no 'initial'; there"),
        ('[programs.P]\ntag = "INT"\n', 2, "has no 'tag'; is tags meant?"),
        ("[data_files]\nN7 = { sise = 1 }\n", 2, "is size meant?"),
        ('[programs.M]\nA = "DINT"\n', 2, "its tags stand in [programs.M.tags]"),
        ('[types.S]\nstring = "5"\n', 2, "string: a number of letters expected"),
        ("[types.S]\nstring = 5.5\n", 2, "such as string = 20, not 5.5"),
        ('[tags]\nA.B = "INT"\n', 2, 'a name with a dot stands in quotes: "A.B" = ...'),
        ('[tags]\nA . B.C = "INT"\n', 2, 'stands in quotes: "A.B.C" = ...'),
        ("[types.S]\nstring = 3\nsize = 4\n", 3, "[types.S] has no 'size'"),
        # identity
        ("[identity]\nvendor = 65536\n", 2, "vendor is a whole number from 0 to 65535"),
        ("[identity]\nvendor = true\n", 2, "vendor is a whole number"),
        ("[identity]\nrevision = 33.11\n", 2, 'two numbers up to 255, such as "33.11"'),
        ('[identity]\nrevision = "33.256"\n', 2, "revision is a text with two"),
        ("[identity]\nname = 3\n", 2, "name is a text of up to 255"),
        ('[identity]\nproduct_name = "\u20ac"\n', 2, "letters of Latin 1"),
        ("identity = 1\n", 1, "identity is a section"),
        # types
        ('[types.T]\nX = "DINTT"\n', 2, "type T: X: no type 'DINTT'; is DINT meant?"),
        ('[types.T]\nX = "T"\n', 1, "a structure holds itself: T holds T"),
        ('[types.A]\nX="B"\n[types.B]\nX="A"\n', 1, "A holds B holds A"),
        ('[types.T]\nX = "INT[2,2]"\n', 2, "a member's array has one dimension"),
        ('[types.T]\nX = "SSTRING"\n', 2, "SSTRING has no fixed size"),
        ('[types.T]\nx = "INT"\nX = "INT"\n', 3, "there is a member X already"),
        ("[types.T]\nX = 3\n", 2, 'X: a type expected, such as "INT[3]", not 3'),
        ("[types.T]\n", 1, "type T has no members"),
        ("[types]\nT = 3\n", 2, "types.T is a table of members"),
        ("[types.S]\nstring = 0\n", 1, "a string has room for 1 to 65535 letters"),
        ('[types.DINT]\nX = "INT"\n', 1, "there is such a type already"),
        ('[types."a b"]\nX = "INT"\n', 1, "a type's name is letters, digits and _"),
        ('[types.T]\n"a b" = "INT"\n', 2, "a member's name is letters"),
        ('[types.B]\nX="A[65535]"\n[types.A]\nX="LINT[65535]"\nY="LINT"\n', 1, "large"),
        # tags
        ("[tags]\nA = 3\n", 2, 'A: a type expected, such as "INT[3]", not 3'),
        ('[tags]\nA = "INX"\n', 2, "no type 'INX'; is INT meant?"),
        ('[tags]\nA = "INT[0]"\n', 2, "an array has 1 to 100000000 elements"),
        ('[tags]\nA = "INT[2,2,2,2]"\n', 2, "up to 3 dimensions"),
        ('[tags]\nA = "INT[x]"\n', 2, "'INT[x]' is no type; one is DINT, INT[3]"),
        ('[tags]\nA = "BOOL[2,2]"\n', 2, "a BOOL array has one dimension"),
        ("[tags]\nA = { value = 3 }\n", 2, "A has no type"),
        ("[tags]\nA = { type = 3 }\n", 2, "type is a text, not 3"),
        ('[tags]\nA = { type = "INT", access = "all" }\n', 2, "access is read/write"),
        ('[tags]\nA = { type = "INT", address = "1/2" }\n', 2, "class/instance/attri"),
        ('[tags]\nA = { type = "INT", address = "0/2/3" }\n', 2, "class is from 1 to"),
        (TAG + 'a = "INT"\n', 3, "a is there already, as A=INT"),
        ('[tags]\n"A[1]" = "INT"\n', 2, "'A[1]' is no name of a tag"),
        ('[tags]\n"A..B" = "INT"\n', 2, "nothing between two dots"),
        ('[tags]\n"" = "INT"\n', 2, "a tag has a name"),
        ('[tags]\n"A B" = "INT"\n', 2, "is A_B meant?"),
        ('[tags]\n"A:DINT" = "INT"\n', 2, "is A=DINT meant?"),
        ('[tags]\n"Program:Main" = "INT"\n', 2, "is called Program:Main.X"),
        ('[tags]\n1A = "INT"\n', 2, "a name begins with a letter or _"),
        ('[programs."a b".tags]\nX = "INT"\n', 1, "'a b' is no name of a program"),
        ('[tags]\nA = "LINT[100000000]"\nB = "LINT[100000000]"\n', 3, "octets"),
        # aliases
        ('[tags]\nA = { alias = "B" }\n', 2, "A is an alias of B: there is no tag B"),
        (TAG + 'B = { alias = "A.X" }\n', 3, "INT has no bit 'X'"),
        (TAG + 'B = { alias = "A.16" }\n', 3, "INT has no bit '16'"),
        (TAG + 'B = { alias = "A[0]" }\n', 3, "INT has no dimensions"),
        ('[tags]\nA = { alias = "A" }\n', 2, "which leads back to itself"),
        (UDT + '[tags]\nA = "T[3]"\nB = { alias = "A[3]" }\n', 8, "has no element [3]"),
        (UDT + '[tags]\nA = "T"\nB = { alias = "A.Y" }\n', 8, "T has no member 'Y'"),
        (TAG + 'B = { alias = "A[" }\n', 3, "no name or [index] at '['"),
        (TAG + 'B = { alias = "[0]" }\n', 3, "no name or [index] at '[0]'"),
        (TAG + 'B = { alias = "A[0]B" }\n', 3, "no name or [index] at 'B'"),
        (
            '[tags]\nG = "INT[2,3]"\nB = { alias = "G[1,3]" }\n',
            3,
            "INT[2,3] has no element [1,3]",
        ),
        ('[tags]\n"Program:A-B.X" = "INT"\n', 2, "'A-B' is no name of a program"),
        (
            '[tags]\nA = { type = "INT", address = "22/99999999999/1" }\n',
            2,
            "instance is from 0 to 4294967295",
        ),
        (TAG + 'B = { alias = "A", value = 3 }\n', 3, "has no 'value'"),
        # data files
        ("[data_files]\nN7 = 0\n", 2, "a number of elements expected"),
        ("[data_files]\nX7 = 5\n", 2, "data file"),
        ("[data_files]\nN7 = 5\nF7 = 5\n", 3, "there is N7 already"),
        ("[data_files]\nN7 = { size = 1, value = 40000 }\n", 2, "40000 is no INT"),
        ("[data_files]\nN7 = { size = 2, value = 70000 }\n", 2, "from -32768 to 32767"),
        ("[data_files]\nF8 = { value = [1, 1e60] }\n", 2, "1e+60 is no REAL, which is"),
        ('[data_files]\nN7 = "x"\n', 2, "a number of elements expected"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line(
    read: Read, text: str, line: int | None, problem: str
) -> None:
    with pytest.raises(PlantError) as told:
        read(text)
    assert problem in told.value.reason
    assert told.value.line == line
    first, *shown = str(told.value).split("\n")
    assert first.startswith(told.value.file)
    assert told.value.reason in first
    if line is not None:
        (stripped,) = shown
        assert stripped.strip() == text.split("\n")[line - 1].strip()


@pytest.mark.parametrize(
    ("type", "value", "problem"),
    [
        ("INT", "40000", "INT is a whole number from -32768 to 32767, not 40000"),
        ("UINT", "-1", "UINT is a whole number from 0 to 65535, not -1"),
        ("DINT", "1.5", "not 1.5"),
        ("DINT", "true", "DINT is a number, not true"),
        ("DINT", '"1"', "DINT is a number, not '1'"),
        ("BOOL", "2", "BOOL is true or false, not 2"),
        ("BOOL", '"x"', "BOOL is true or false"),
        ("REAL", "1e39", "REAL is a number from -3.4028235e+38 to 3.4028235e+38, not"),
        ("REAL[2]", "[1.0, -1e60]", "A[1]: REAL is a number from"),
        ("LREAL", "1" + "0" * 400, "LREAL is a number from -1.7976931e+308"),
        ("REAL", "2000-01-01", "REAL is a number"),
        ("REAL", "1" + "0" * 400, "REAL"),
        ("STRING", "3", "STRING is a text, not 3"),
        ("STRING", f'"{"x" * 83}"', "STRING has room for 82 letters, not 83"),
        ("STRING", '"\u20ac"', "letters beyond Latin-1"),
        ("SSTRING", f'"{"x" * 256}"', "SSTRING"),
        ("SSTRING", "3", "SSTRING is a text"),
        ("INT[3]", "[1, 2]", "3 values expected, not 2"),
        ("INT[3]", "[1, 2, 70000]", "A[2]: INT is a whole number"),
        ("INT[2,2]", "[1, 2, 3, 4]", "2 rows of 2 values expected, not 4 values"),
        ("INT[2,2]", "[[1, 2]]", "2 rows of 2 values expected, not 1"),
        ("INT[2,3,4]", "[1]", "2 rows of 3 rows of 4 values expected"),
        ("INT[2,2]", "[1, 2]", "A[0]: a list of 2 values expected, not 1"),
        ("INT[2,2]", "[[1, 2], [3]]", "A[1]: 2 values expected, not 1"),
        ("BOOL[40]", "[true]", "40 values expected, not 1"),
        ("T", "1", "T is members with values, not 1"),
        ("T", "{ Y = 1 }", "T has no member 'Y'; there are X, On, Arr, Name"),
        ("T", "{ Arr = [1, 2] }", "A.Arr: 3 values expected, not 2"),
        ("T", "{ Arr = [1, 2, 1.5] }", "A.Arr[2]: INT is a whole number"),
        ("T", "{ On = 5 }", "A.On: BOOL is true or false, not 5"),
        ("T", "{ Name = 5 }", "A.Name: STRING is a text, not 5"),
        ("T[2]", "[{ X = 1 }, { X = 99999999999 }]", "A[1].X: DINT is a whole"),
        ("TIMER", "{ PRE = true }", "A.PRE: DINT is a number, not true"),
    ],
)
def test_a_value_that_does_not_fit_is_told(
    read: Read, type: str, value: str, problem: str
) -> None:
    text = f'{UDT}[tags]\nA = {{ type = "{type}", value = {value} }}\n'
    with pytest.raises(PlantError) as told:
        read(text)
    assert problem in told.value.reason
    assert told.value.line == 7


def test_the_line_within_a_long_array_is_told(read: Read) -> None:
    text = WHOLE.replace("[4, 5, 6],", "[4, 5, 6.5],")
    with pytest.raises(PlantError, match=r"TABLE\[1\]\[2\]: DINT is") as told:
        read(text)
    assert told.value.line == text.split("\n").index("    [4, 5, 6.5],   # a row") + 1


def test_two_files_that_contradict_each_other_are_both_named(read: Read) -> None:
    for first, second, problem in (
        (TAG, '\n[tags]\nA = "INT"\n', r"plant1.toml:3: A is .*INT \(.*plant.toml:2\)"),
        (UDT, UDT, r"plant1.toml:1: there is a type T already \(.*plant.toml:1\)"),
        (
            "[identity]\nvendor = 1\n",
            "[identity]\nvendor = 2\n",
            r"plant1.toml:2: vendor is said already, differently \(.*plant.toml:2\)",
        ),
        (
            '[identity]\nname = "A"\n',
            '[identity]\nname = "B"\n',
            r"plant1.toml:2: the controller's name is said already, differently",
        ),
        (
            '[identity]\nproduct_name = "A"\n',
            '[identity]\nproduct_name = "B"\n',
            r"plant1.toml:2: product_name is said already, differently",
        ),
        (
            "[data_files]\nN7 = 1\n",
            "[data_files]\nN7 = 1\n",
            r"plant1.toml:2: data file N7: there is N7 already \(.*plant.toml:2\)",
        ),
    ):
        with pytest.raises(PlantError, match=problem):
            read(first, second)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    for name, problem in (
        ("no.toml", "there is no such file"),
        ("plant.json", "files of tags end in .toml, .csv, .L5X, this one in '.json'"),
        ("plant", "this one in ''"),
    ):
        with pytest.raises(PlantError, match=problem) as told:
            load([str(tmp_path / name)])
        assert str(told.value).startswith(str(tmp_path / name))
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(PlantError, match="cannot be read"):
        load([str(tmp_path / "folder.toml")])


def test_octets_that_are_no_text_are_told_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "plant.toml"
    path.write_bytes(b'[tags]\nA = "\xff"\n')
    with pytest.raises(PlantError, match="is no utf-8 text") as told:
        load([str(path)])
    assert told.value.line == 2


def test_what_a_small_file_can_make_huge_is_refused_at_once(read: Read) -> None:
    twice = "".join(
        f'[types.T{n}]\nA = "T{n - 1}"\nB = "T{n - 1}"\n' for n in range(1, 40)
    )
    with pytest.raises(PlantError, match=r"type T2[0-9] is too large"):
        read(f'[types.T0]\nA = "LINT"\n{twice}')
    chain = "".join(f'[types.C{n}]\nA = "C{n + 1}"\n' for n in range(3000))
    with pytest.raises(PlantError, match=r"structures are nested too deep|no type"):
        read(chain)
    plant = read('[tags]\nA = { type = "BOOL[100000000]", value = true }\n')
    assert len(plant.tags[0].value) == 3125000
    with pytest.raises(PlantError, match="octets"):
        read('[types.T]\nA = "LINT[65535]"\n[tags]\nA = "T[3000]"\n')


# -- places


def test_every_value_has_its_line() -> None:
    text = (
        "a = 1\n"
        "[b]\n"
        "c.d = [1,\n"
        " [2, 'x]', 3], # ]\n"
        "]\n"
        'e = { f = """\n'
        ' "}" """, g = "#" }\n'
        "[b.'h i']\n"
        '"j\\u0041" = 1\n'
        "[k.l]\n"
        "[k]\n"
    )
    assert positions(text) == {
        ("a",): 1,
        ("b",): 2,
        ("b", "c"): 3,
        ("b", "c", "d"): 3,
        ("b", "c", "d", 0): 3,
        ("b", "c", "d", 1): 4,
        ("b", "c", "d", 1, 0): 4,
        ("b", "c", "d", 1, 1): 4,
        ("b", "c", "d", 1, 2): 4,
        ("b", "e"): 6,
        ("b", "e", "f"): 6,
        ("b", "e", "g"): 7,
        ("b", "h i"): 8,
        ("b", "h i", "jA"): 9,
        ("k", "l"): 10,
        ("k",): 11,
    }


def test_the_line_of_what_has_none_is_that_of_its_table() -> None:
    source = Source("plant.toml", "[a]\n[b]\nc = 1\n")
    source.positions = positions
    assert source.line(("b", "c")) == 3
    assert source.line(("b", "d", 5)) == 2
    assert source.line(("e",)) is None
    assert source.line(7) == 7
    assert source.line(None) is None
    assert str(source.error("no", ("b", "d"))) == "plant.toml:2: no\n  [b]"


# -- whatever comes


def test_a_plant_reads_back_as_it_is_written(read: Read) -> None:
    plant = read(WHOLE)
    text = toml(plant.described(), "A plant.")
    again = read(text)
    assert toml(again.described(), "A plant.") == text
    assert sorted(map(shown, again.tags)) == sorted(map(shown, plant.tags))
    assert again.identity == plant.identity
    assert again.name == plant.name
    assert again.programs == plant.programs
    assert again.data_files == plant.data_files
    for one, other in zip(again.types, plant.types, strict=True):
        assert layout(one) == layout(other)


def test_an_alias_through_another_leads_to_the_same_when_read_again(read: Read) -> None:
    """What it leads to has a name that is another tag of its own program."""
    plant = read(
        '[types.U]\nm = "DINT"\n[tags]\nX = "U"\nC = { alias = "X.m" }\n'
        '[programs.P.tags]\nX = "REAL"\nA = { alias = "C" }\nB = { alias = "D" }\n'
        '[programs.Q.tags]\nX = "DINT"\nY = { alias = "X" }\n'
        '[tags.D]\nalias = "X"\n'
    )
    assert tags(plant)["Program:P.A"].alias == "X.m"
    assert tags(plant)["Program:P.B"].alias == "X"
    again = read(toml(plant.described()))
    assert sorted(map(shown, again.tags)) == sorted(map(shown, plant.tags))
    assert tags(again)["Program:P.B"].type.__name__ == "U"


def test_aliases_read_back_as_they_are_written(read: Read) -> None:
    """Whatever tags are called in which scope, and in whatever order they stand."""
    rng = seeded()
    through = led = 0
    for _ in range(300):
        plant = read(aliased(rng))
        again = read(toml(plant.described()))
        assert again.programs == plant.programs
        assert toml(again.described()) == toml(plant.described())
        assert sorted(map(shown, again.tags)) == sorted(map(shown, plant.tags))
        for one in plant.tags:
            said = plant.aliases.get(one.name.lower(), one.alias)
            through += said != one.alias
            led += one.alias is not None
    assert led > 500
    assert through > 100


def aliased(rng: Random) -> str:
    """A plant of few names, which mean something else in each scope."""
    kinds = ("T", "T[2]", "U", "INT", "DINT[3]")
    # Where each kind may be gone on to, and what is there.
    parts = {
        "T": (".m", ".u", ".u.n", ".a[1]", ""),
        "T[2]": ("[1].m", "[0].u", "[1]", ""),
        "U": (".n", ""),
        "INT": (".3", ""),
        "DINT[3]": ("[2]", "[0].31", ""),
    }
    known: dict[tuple[str, str], str] = {}
    lines: dict[str, list[str]] = {"": [], "P": [], "Q": []}
    for _ in range(rng.randrange(3, 7)):
        scope, name = rng.choice(list(lines)), rng.choice("XYZ")
        if (scope, name) not in known:
            kind = known[scope, name] = rng.choice(kinds)
            lines[scope].append(f'{name} = "{kind}"')
    for name in "ABCDEF":
        scope = rng.choice(list(lines))
        there, kind = rng.choice(list(known.items()))
        if there[0] not in ("", scope):
            of = f"Program:{there[0]}.{there[1]}"
        elif there[0] == "" and (scope, there[1]) in known:
            continue  # that would be the program's own
        else:
            of = there[1]
        part = rng.choice(parts.get(kind, ("",)))
        known[scope, name] = kind if part == "" else "a part"
        lines[scope].append(f'{name} = {{ alias = "{of}{part}" }}')
    text = '[types.U]\nn = "INT"\n[types.T]\nm = "DINT"\nu = "U"\na = "INT[2]"\n'
    for scope, several in lines.items():
        rng.shuffle(several)
        header = f"programs.{scope}.tags" if scope else "tags"
        text += "\n".join((f"[{header}]", *several, ""))
    return text


def test_a_program_that_a_tag_alone_names_is_there(read: Read) -> None:
    plant = read('[tags]\n"Program:New.X" = "INT"\n"program:new.Y" = "INT"\n')
    assert plant.programs == ("New",)
    again = read(toml(plant.described()))
    assert (again.programs, len(again.tags)) == (plant.programs, 2)


def test_an_empty_section_of_data_files_has_the_usual_ones(read: Read) -> None:
    for texts, there in (
        ((TAG,), None),
        ((TAG, "[data_files]\n"), {}),
        (("[data_files]\n", TAG), {}),
        (("[data_files]\n", "[data_files]\nN9 = 1\n"), {"N9": 1}),
    ):
        plant = read(*texts)
        assert plant.data_files == there
        usual = [] if there is None else ["O0", "I1", "S2", "B3", "T4", "C5", "R6"]
        usual += [] if there is None else ["N7", "F8"]
        held = [one.name for one in Controller.of(plant).pccc.files]
        assert held == [*usual, *(there or {})]
        # And so it is written.
        text = toml(plant.described())
        assert ("[data_files]" in text) == (there is not None)
        assert read(text).data_files == there


def shown(tag: TagSpec) -> str:
    return f"{tag} {tag.value!r} {tag.access}"


def layout(kind: type[StructureType]) -> list[tuple[str, str, int, int, int | None]]:
    return [
        (one.name, one.type.__name__, one.count, one.offset, one.bit)
        for one in kind.members
    ]


def test_whatever_octets_come_are_a_plant_or_an_error(tmp_path: Path) -> None:
    rng = seeded()
    path = tmp_path / "plant.toml"
    whole = WHOLE.encode()
    refused = 0
    for _ in range(400):
        path.write_bytes(mutated(whole, rng))
        try:
            assert isinstance(load([str(path)]), Plant)
        except PlantError as exc:
            refused += 1
            assert len(str(exc).split("\n")) <= 2
    assert refused > 100


def mutated(octets: bytes, rng: Random) -> bytes:
    """A file with a few places that are not as they were."""
    found = bytearray(octets)
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(found))
        to = min(len(found), at + rng.randrange(1, 30))
        match rng.randrange(4):
            case 0:
                found[at] = rng.randrange(256)
            case 1:
                del found[at:to]
            case 2:
                found[at:at] = found[at:to]
            case _:
                found[at:at] = rng.choice(
                    [b'"', b"[", b"]", b"{", b"}", b"=", b".", b"\n", b"999999", b"-1"]
                )
    return bytes(found)


@pytest.mark.parametrize("backwards", [False, True])
def test_aliases_of_aliases_may_be_many(read: Read, backwards: bool) -> None:
    count = 2000
    lines = [f'A{n} = {{ alias = "A{n - 1}" }}' for n in range(1, count)]
    if backwards:
        lines.reverse()
    plant = read("\n".join(["[tags]", 'A0 = "DINT"', *lines]))
    assert {one.alias for one in plant.tags[1:]} == {"A0"}
    assert len(Controller(plant.tags, types=plant.types).tags) == count


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('B = { alias = "A", access = "read-only" }', "its access is that of A"),
        ('B = { alias = "S[1]" }', "texts that differ in length"),
        ('B = { type = "T", value = { x = 1, X = 2 } }', "x is said twice"),
        (f'B = {{ alias = "A.{"1" * 5000}" }}', "DINT has no bit '1111"),
        ('B = { type = "INT", address = "22/1/1" }', "have one type and size"),
        ('B = { type = "DINT", address = "22/1/1", value = 1 }', "value is said there"),
        (f'B = {{ type = "LREAL", value = {"9" * 5000} }}', "more digits than can be"),
    ],
)
def test_what_would_have_been_passed_over_is_told(
    read: Read, line: str, problem: str
) -> None:
    first = 'A = { type = "DINT", address = "22/1/1" }'
    text = f'[types.T]\nx = "INT"\n[tags]\n{first}\nS = "SSTRING[3]"\n'
    with pytest.raises(PlantError) as told:
        read(text + line)
    assert problem in told.value.reason
    assert told.value.line == 6


def test_an_alias_may_say_the_access_of_what_it_is(read: Read) -> None:
    only = 'access = "read-only"'
    plant = read(
        f'[tags]\nA = {{ type = "DINT", {only} }}\nB = {{ alias = "A" }}\n'
        f'C = {{ alias = "B.3", {only} }}\n'
    )
    assert {one.access for one in plant.tags} == {"read-only"}
    again = read(toml(plant.described()))
    assert {one.access for one in again.tags} == {"read-only"}
