# SPDX-License-Identifier: Apache-2.0
"""Tags as text: what they say, and what is told of those that are wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpppo.protocol.enip.datatypes import Types
from cpppo.protocol.enip.structures import BOOLS, StructureType
from cpppo.protocol.enip.types import DINT, DWORD, INT, REAL, SINT, SSTRING, TYPES
from cpppo.server.enip.database.tags import TagError, TagSpec, parse_tag, parse_tags


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("SCADA", TagSpec("SCADA", INT)),
        ("SCADA=INT[1000]", TagSpec("SCADA", INT, 1000)),
        ("TEXT=SSTRING[100]", TagSpec("TEXT", SSTRING, 100)),
        ("FLOAT=REAL", TagSpec("FLOAT", REAL)),
        ("SCADA@22/1/1=INT[1000]", TagSpec("SCADA", INT, 1000, (22, 1, 1))),
        (
            "Motor_Velocity@0x93/3/10=REAL",
            TagSpec("Motor_Velocity", REAL, None, (0x93, 3, 10)),
        ),
        ("A.B.C=dint[0x10]", TagSpec("A.B.C", DINT, 16)),
        ("A@1/2/3", TagSpec("A", INT, None, (1, 2, 3))),
        ("Program:Main.x = Sint [ 1 ]", TagSpec("Program:Main.x", SINT, 1)),
        ("New York@22/1/1=REAL", TagSpec("New York", REAL, None, (22, 1, 1))),
        ("2nd@22/1/1", TagSpec("2nd", INT, None, (22, 1, 1))),
        ("Local:1:I=DINT", TagSpec("Local:1:I", DINT)),
        ("Rack:O2", TagSpec("Rack:O2")),
        ("Program:P.Local:1:C", TagSpec("Program:P.Local:1:C")),
        ("Zürich", TagSpec("Zürich")),
        ("GRID=DINT[3,4]", TagSpec("GRID", DINT, 12, dimensions=(3, 4))),
        ("G3=REAL[ 2, 0x3 ,4 ]", TagSpec("G3", REAL, 24, dimensions=(2, 3, 4))),
        ("A=INT[010]", TagSpec("A", INT, 10)),
        ("A=DWORD[3]", TagSpec("A", DWORD, 3)),
        ("A@0xFFFF/0/0xFFFF", TagSpec("A", INT, None, (0xFFFF, 0, 0xFFFF))),
    ],
)
def test_a_tag_is_what_its_text_says(text: str, tag: TagSpec) -> None:
    assert parse_tag(text) == tag


@pytest.mark.parametrize("name", TYPES)
def test_types_are_named_in_any_case(name: str) -> None:
    for spelled in (name, name.lower(), name.capitalize()):
        assert parse_tag(f"A={spelled}").type is TYPES[name]


@pytest.mark.parametrize(
    ("text", "problem", "pointed"),
    [
        ("", "begins with its name", ""),
        ("=INT", "begins with its name", "="),
        ("@1/2/3=INT", "begins with its name", "@"),
        ("A=INX[3]", "no type 'INX'; is INT meant?", "INX"),
        ("A=DNT", "no type 'DNT'; is DINT meant?", "DNT"),
        ("A=QQ[3]", "no type 'QQ'; there are BOOL SINT", "QQ"),
        ("A=", "no type ''", "="),
        ("A=INT[0]", "1 to 100000000 elements", "0"),
        ("A=INT[100000001]", "1 to 100000000 elements", "100000001"),
        ("A=INT[x]", "one number of elements", "[x]"),
        ("A=INT[-1]", "one number of elements", "[-1]"),
        ("A=INT[3", "one number of elements", "[3"),
        ("A=INT[3,0]", "1 to 100000000 elements", "0"),
        ("A=INT[3, 0,1]", "1 to 100000000 elements", "0"),
        ("A=INT[1,2,3,4]", "up to 3 dimensions", "1,2,3,4"),
        ("A=INT[100000,100000]", "1 to 100000000 elements", "100000,100000"),
        ("A=INT[1,]", "one number of elements for each dimension", "[1,]"),
        ("A=INT[" + "9" * 5000 + "]", "one number of elements", "[" + "9" * 5000 + "]"),
        ("A=TIMR", "no type 'TIMR'; is TIMER meant?", "TIMR"),
        ("A=INT[2][3]", "one number of elements", "[2][3]"),
        ("A=INT[3]x", "one number of elements", "[3]x"),
        ("A[3]", "before [n] stands the type", "[3]"),
        ("A]=INT", "no brackets", "A]"),
        ("A@22/1=INT", "class/instance/attribute as numbers", "@22/1"),
        ("A@x/1/1", "class/instance/attribute as numbers", "@x/1/1"),
        ("A@1/2/3/4", "class/instance/attribute as numbers", "@1/2/3/4"),
        ("A@0/1/1", "class is from 1 to 65535", "0"),
        ("A@1/4294967296/1", "instance is from 0 to 4294967295", "4294967296"),
        ("A@1/1/0x10000", "attribute is from 1 to 65535", "0x10000"),
        ("A B", "no client can spell a name with a blank; is A_B meant?", "A B"),
        ("1A=INT", "a name begins with a letter or _", "1A"),
        ("A:DINT", "a type stands behind '='; is A=DINT meant?", "A:DINT"),
        ("P.A:dint", "is P.A=dint meant?", "P.A:dint"),
        ("Program:P.A:DINT", "is A=DINT meant?", "Program:P.A:DINT"),
        ("Program:Main=INT", "is called Program:Main.X", "Program:Main"),
        ("program:Main@1/2/3", "is called Program:Main.X", "program:Main"),
        ("Program:.X", "the program has no name; one is Program:Main.X", "Program:.X"),
        ("Program:", "the program has no name; one is Program:Main.X", "Program:"),
        ("A:Speed", "a colon stands in Program:Main.X, and in a", "A:Speed"),
        (":X", "a colon stands in Program:Main.X", ":X"),
        ("X:", "a colon stands in Program:Main.X", "X:"),
        ("A..B=INT", "nothing between two dots", "A..B"),
        ("A.=INT", "nothing between two dots", "A."),
        ("A\tB", "the letters of Latin 1", " "),
        ("A\u20ac", "the letters of Latin 1", "\u20ac"),
        ("A" * 256, "up to 255 letters", "A" * 256),
    ],
)
def test_a_wrong_tag_is_shown_with_the_place(
    text: str, problem: str, pointed: str
) -> None:
    with pytest.raises(TagError) as told:
        parse_tag(text)
    first, shown, carets = str(told.value).split("\n")
    assert first.startswith(f"tag {text!r}: ")
    assert problem in first
    start = carets.index("^")
    assert shown[start : start + carets.count("^")] == pointed


def test_a_name_is_there_once_in_any_case() -> None:
    with pytest.raises(TagError, match=r"tag 'scada=DINT': .* already, as SCADA=INT"):
        parse_tags(["SCADA=INT", "OTHER", "scada=DINT"])


def test_two_names_of_one_place_have_one_type_and_size() -> None:
    parse_tags(["A@22/1/1=INT[2]", "B@0x16/1/1=int[2]", "C@22/1/2=INT[3]"])
    parse_tags(["A@22/1/1=INT", "B@22/1/1=INT[1]"])
    for other in ("B@22/1/1=DINT[2]", "B@22/1/1=INT[3]", "B@22/1/1=INT"):
        with pytest.raises(TagError, match=r"A@22/1/1=INT\[2\] has this place already"):
            parse_tags(["A@22/1/1=INT[2]", other])


# -- the types of a plant


@pytest.fixture
def types() -> Types:
    """A plant's types."""
    made = Types()
    made.declare({"InnerUDT": [("X", "DINT")], "AB:1756_DI:I:0": [("Data", "DINT")]})
    return made


@pytest.mark.parametrize(
    ("text", "type", "sizes"),
    [
        ("UDT_A=InnerUDT[3]", "InnerUDT", (3,)),
        ("UDT_A=innerudt[2,3]", "InnerUDT", (2, 3)),
        ("Program:MainProgram.X=DINT", "DINT", ()),
        ("T=timer", "TIMER", ()),
        ("Local:1:I=AB:1756_DI:I:0", "AB:1756_DI:I:0", ()),
        ("S=STRING[2]", "STRING", (2,)),
    ],
)
def test_a_tag_has_a_type_of_the_plant(
    types: Types, text: str, type: str, sizes: tuple[int, ...]
) -> None:
    tag = parse_tag(text, types)
    assert tag.type is types[type]
    assert tag.sizes == sizes
    assert parse_tag(str(tag), types) == tag


def test_an_array_of_bools_of_a_plant_is_made_of_words(types: Types) -> None:
    tag = parse_tag("B=BOOL[40]", types)
    assert (tag.bools, tag.count, str(tag)) == (40, 2, "B=BOOL[40]")
    assert tag.type is BOOLS
    with pytest.raises(TagError, match="a BOOL array has one dimension") as told:
        parse_tag("B=BOOL[2,3]", types)
    assert told.value.start == 7


def test_predefined_structures_need_no_plant() -> None:
    tag = parse_tag("T=COUNTER[5]")
    assert issubclass(tag.type, StructureType)
    assert (tag.type.__name__, tag.count) == ("COUNTER", 5)


def test_the_nearest_of_many_types_is_told(types: Types) -> None:
    types.declare({f"T{number}": [("X", "DINT")] for number in range(50)})
    with pytest.raises(TagError, match="no type 'InerUDT'; is InnerUDT meant"):
        parse_tag("A=InerUDT", types)


def test_a_tag_that_is_there_already_is_told_with_its_place(types: Types) -> None:
    known = [TagSpec("SCADA", INT, 3), TagSpec("P", INT, None, (22, 1, 1))]
    with pytest.raises(TagError, match=r"already, as SCADA=INT\[3\] in a file"):
        parse_tags(["scada=INT"], types, known, lambda name: " in a file")
    with pytest.raises(TagError, match="P@22/1/1=INT has this place already"):
        parse_tags(["Q@22/1/1=DINT"], types, known)


addresses = st.tuples(
    st.integers(1, 0xFFFF), st.integers(0, 0xFFFFFFFF), st.integers(1, 0xFFFF)
)
specs = st.builds(
    TagSpec,
    st.from_regex(r"\A[A-Za-z_][A-Za-z0-9_]{0,20}(\.[A-Za-z0-9_]{1,9})?\Z"),
    st.sampled_from(list(TYPES.values())),
    st.none() | st.integers(1, 100_000_000),
    st.none() | addresses,
)


@given(specs)
def test_a_tag_reads_back_as_it_is_written(tag: TagSpec) -> None:
    assert parse_tag(str(tag)) == tag


@given(st.text(alphabet="Aa@=/[]0x19. \n", max_size=20) | st.text(max_size=20))
def test_any_text_is_a_tag_or_a_tag_error(text: str) -> None:
    try:
        tag = parse_tag(text)
    except TagError as exc:
        assert str(exc).count("\n") == 2
    else:
        assert parse_tag(str(tag)) == tag
