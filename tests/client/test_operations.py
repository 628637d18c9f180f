# SPDX-License-Identifier: Apache-2.0
"""Operations as people write them, the manual's dictionaries, and what is refused."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from typing import Any

import pytest
from timing import takes_at_most

from cpppo.client import operations
from cpppo.client.operations import Operation, OperationError, parse_operations
from cpppo.dotdict import dotdict
from cpppo.errors import CpppoError
from cpppo.protocol.enip.notation import NotationError, parse_path_elements
from cpppo.protocol.enip.path import (
    Attribute,
    Class,
    ConnectionPoint,
    Element,
    Instance,
    Symbol,
)
from cpppo.protocol.enip.types import (
    BOOL,
    CODES,
    DINT,
    INT,
    LREAL,
    REAL,
    SINT,
    SSTRING,
    STRING,
    UDINT,
    WORD,
)


def one(text: str, **kwds: Any) -> dict[str, Any]:
    (found,) = parse_operations([text], **kwds)
    return found


def refused(text: str, **kwds: Any) -> tuple[str, int]:
    """What is said of it, and the place."""
    with pytest.raises(OperationError) as info:
        Operation.parse(text, **kwds)
    return info.value.problem, info.value.place


# -- what is read

SCADA = {"symbolic": "SCADA"}
T = {"symbolic": "T"}

READS: list[tuple[str, list[dict[str, Any]], int]] = [
    ("SCADA", [SCADA], 1),
    (" SCADA ", [SCADA], 1),
    ("SCADA[3]", [SCADA, {"element": 3}], 1),
    ("SCADA[3-7]", [SCADA, {"element": 3}], 5),
    ("SCADA[3-3]", [SCADA, {"element": 3}], 1),
    ("SCADA[0x10-0x1f]", [SCADA, {"element": 16}], 16),
    ("SCADA*5", [SCADA], 5),
    ("SCADA[3]*5", [SCADA, {"element": 3}], 5),
    ("T[1,2]", [T, {"element": 1}, {"element": 2}], 1),
    ("T[1][2]", [T, {"element": 1}, {"element": 2}], 1),
    ("T[1,2-4]", [T, {"element": 1}, {"element": 2}], 3),
    (
        "A.B[2].C[0-1]",
        [
            {"symbolic": "A"},
            {"symbolic": "B"},
            {"element": 2},
            {"symbolic": "C"},
            {"element": 0},
        ],
        2,
    ),
    ("T.5", [T, {"symbolic": "5"}], 1),
    ("@0x93/3/10", [{"class": 147}, {"instance": 3}, {"attribute": 10}], 1),
    ("@1/1", [{"class": 1}, {"instance": 1}], 1),
    (
        '@4/5/{"connection":100}',
        [{"class": 4}, {"instance": 5}, {"connection": 100}],
        1,
    ),
    ('@{"symbolic":"a=b+c"}', [{"symbolic": "a=b+c"}], 1),
    (
        "@22/1/1/3",
        [{"class": 22}, {"instance": 1}, {"attribute": 1}, {"element": 3}],
        1,
    ),
    (
        "@22/1/1[3-5]",
        [{"class": 22}, {"instance": 1}, {"attribute": 1}, {"element": 3}],
        3,
    ),
]


@pytest.mark.parametrize(("text", "path", "elements"), READS)
def test_an_address_is_a_read(
    text: str, path: list[dict[str, Any]], elements: int
) -> None:
    expected: dict[str, Any] = {"path": path}
    if elements != 1:
        expected["elements"] = elements
    assert one(text) == expected


def test_a_segment_has_its_type() -> None:
    assert Operation.parse("A[1].B").path == (Symbol("A"), Element(1), Symbol("B"))
    found = Operation.parse('@1/2/3/4/{"connection":5}').path
    assert found == (
        Class(1),
        Instance(2),
        Attribute(3),
        Element(4),
        ConnectionPoint(5),
    )


def test_an_offset_is_in_octets_and_may_be_0() -> None:
    assert one("T[0-9]+16") == {
        "path": [T, {"element": 0}],
        "elements": 10,
        "offset": 16,
    }
    assert one("T + 0") == {"path": [T], "offset": 0}
    assert one("T*5+0x10") == {"path": [T], "elements": 5, "offset": 16}


PATHS = ["A", "A[0]", "A[7-9]", "A[999999999]", "Ü_1[3]", "0", "A-B[1-1]", "A:1:I[2]"]


@pytest.mark.parametrize("text", PATHS)
def test_a_plain_tag_is_read_as_the_notation_reads_it(text: str) -> None:
    path, _, count = parse_path_elements(text)
    assert operations.plain(text) == (path, count)


NOT_PLAIN = ["A[1,2]", "A*2", "A.B", "@1", "A[2-1]", "A" * 256, "A [1]", "", "Ā"]


@pytest.mark.parametrize("text", NOT_PLAIN)
def test_all_else_is_left_to_the_notation(text: str) -> None:
    assert operations.plain(text) is None


# -- what is written

WRITES: list[tuple[str, type, tuple[Any, ...], int]] = [
    ("T=1", INT, (1,), 1),
    ("T=1,2", INT, (1, 2), 2),
    ("T = 1 , -2 ", INT, (1, -2), 2),
    ("T[1]=1,2", INT, (1, 2), 2),
    ("T[3-5]=1,2,3", INT, (1, 2, 3), 3),
    ("T*2=1,2", INT, (1, 2), 2),
    ("T=0x10,0o17,0b11,-0x1,+5,010", INT, (16, 15, 3, -1, 5, 10), 6),
    ("T=0x1E", INT, (30,), 1),
    ('T="1"', INT, (1,), 1),
    ("T[3]=1.5,2", REAL, (1.5, 2.0), 2),
    ("T=1e3", REAL, (1000.0,), 1),
    ("T=1,2E-1,.5,1.,0x10", REAL, (1.0, 0.2, 0.5, 1.0, 16.0), 5),
    ('T="1.5"', REAL, (1.5,), 1),
    ("T=(REAL)1", REAL, (1.0,), 1),
    ("T=(REAL)-inf", REAL, (-math.inf,), 1),
    ("T=(LREAL)1e300", LREAL, (1e300,), 1),
    ("T=(lreal)" + "9" * 100, LREAL, (1e100,), 1),
    ("T=(dint)70000", DINT, (70000,), 1),
    ("T= ( DINT ) 1 , 2", DINT, (1, 2), 2),
    ("T=(UDINT)4294967295", UDINT, (4294967295,), 1),
    ("T=(WORD)0xFFFF", WORD, (0xFFFF,), 1),
    ("T=(BOOL)true,FALSE,1,0,-3", BOOL, (True, False, True, False, True), 5),
    ('T[1]=(SSTRING)"Hello, world!"', SSTRING, ("Hello, world!",), 1),
    ('T=(STRING)"a""b", c ,"", "1.5"', STRING, ('a"b', "c", "", "1.5"), 4),
    ("T=(STRING)a=b+c (d)", STRING, ("a=b+c (d)",), 1),
    ('T=(STRING)""""', STRING, ('"',), 1),
    ('T=(STRING)" a "', STRING, (" a ",), 1),
    ("T[1][2]=7", INT, (7,), 1),
    ("T.5=(BOOL)1", BOOL, (True,), 1),
    ('@4/5/{"connection":100}=(SINT)1,2', SINT, (1, 2), 2),
]


@pytest.mark.parametrize(("text", "kind", "data", "elements"), WRITES)
def test_values_make_a_write(
    text: str, kind: type, data: tuple[Any, ...], elements: int
) -> None:
    found = Operation.parse(text)
    assert (found.method, found.type, found.data) == ("write", kind, data)
    assert (found.elements, found.offset, found.text) == (elements, None, text)
    assert [type(value) for value in found.data or ()] == [type(v) for v in data]


def test_the_manuals_fragmented_write() -> None:
    assert one("Tag[0-9]+16=(DINT)4,5,6,7,8,9") == {
        "method": "write",
        "path": [{"symbolic": "Tag"}, {"element": 0}],
        "elements": 10,
        "offset": 16,
        "tag_type": 0xC4,
        "data": [4, 5, 6, 7, 8, 9],
    }


def test_a_write_has_the_manuals_keys() -> None:
    assert one("T=1")["elements"] == 1
    path = [T]
    assert one("T=1,2") == {
        "method": "write",
        "path": path,
        "elements": 2,
        "tag_type": 0xC3,
        "data": [1, 2],
    }


RANGES = [
    ("SINT", -128, 255, -1),
    ("INT", -32768, 65535, -1),
    ("DINT", -(2**31), 2**32 - 1, -1),
    ("LINT", -(2**63), 2**64 - 1, -1),
    ("USINT", 0, 255, 255),
    ("UINT", 0, 65535, 65535),
    ("UDINT", 0, 2**32 - 1, 2**32 - 1),
    ("ULINT", 0, 2**64 - 1, 2**64 - 1),
    ("LWORD", 0, 2**64 - 1, 2**64 - 1),
]


@pytest.mark.parametrize(("name", "low", "high", "stored"), RANGES)
def test_a_signed_type_takes_unsigned_values_with_the_same_bits(
    name: str, low: int, high: int, stored: int
) -> None:
    found = Operation.parse(f"T=({name}){low},{high},{high // 2}")
    assert found.data == (low, stored, high // 2)
    assert found.type is not None
    assert found.type.pack(found.data)  # whatever is stored can be sent
    for beyond in (low - 1, high + 1):
        problem, place = refused(f"T=({name})0,{beyond}")
        assert f"from {low} to {high}, not {beyond}" in problem
        assert place == len(f"T=({name})0,")


def test_the_first_number_beyond_the_signed_ones_is_the_lowest() -> None:
    assert one("T=(SINT)127,128")["data"] == [127, -128]


def test_what_is_stored_fits_its_type() -> None:
    for kind in CODES.values():
        found = Operation.parse(f"T=({kind.__name__})1")
        assert found.type is kind
        assert found.data is not None
        assert kind.pack(found.data)


@pytest.mark.parametrize("int_type", ["DINT", "dint", 0xC4, DINT])
def test_whole_numbers_without_a_cast_are_of_the_int_type(int_type: object) -> None:
    found = one("T=70000", int_type=int_type)
    assert (found["tag_type"], found["data"]) == (0xC4, [70000])
    assert one("T=1.5", int_type=int_type)["tag_type"] == 0xCA
    assert one("T=(SINT)1", int_type=int_type)["tag_type"] == 0xC2


def test_an_int_type_of_floats_is_kept() -> None:
    assert one("T=1.5", int_type="LREAL")["tag_type"] == 0xCB


def test_a_fragmented_write_may_have_fewer_values_than_its_range() -> None:
    found = one("T[0-9]=(DINT)1,2", fragment=True)
    assert (found["elements"], found["data"]) == (10, [1, 2])
    assert "not 3" in refused("T[0-1]=1,2,3", fragment=True)[0]
    assert "elements (10)" in refused("T[0-9]=(DINT)1,2")[0]


# -- parse_operations


def test_keywords_are_in_every_operation() -> None:
    found = list(parse_operations(["A", "B=1"], route_path=None, timeout=2))
    assert [(one["route_path"], one["timeout"]) for one in found] == [(None, 2)] * 2
    assert one("T[0-3]", elements=9)["elements"] == 9


def test_operations_are_read_as_they_are_asked_for() -> None:
    asked = []

    def tags() -> Iterator[str]:
        for tag in ("A", "B[", "C"):
            asked.append(tag)
            yield tag

    found = parse_operations(tags())
    assert asked == []
    assert next(found) == {"path": [{"symbolic": "A"}]}
    assert asked == ["A"]
    with pytest.raises(OperationError):
        next(found)


def test_a_text_alone_is_one_operation() -> None:
    assert list(parse_operations("AB")) == [{"path": [{"symbolic": "AB"}]}]


def test_operations_made_by_hand_stand_among_texts() -> None:
    by_hand = {"method": "get_attributes_all", "path": "@1/1", "timeout": 5}
    found = list(parse_operations([by_hand, Operation.parse("A"), "B"], send=False))
    assert found == [
        {**by_hand, "send": False},
        {"path": [{"symbolic": "A"}], "send": False},
        {"path": [{"symbolic": "B"}], "send": False},
    ]
    assert "send" not in by_hand


# -- what is refused

TYPES = "it is one of BOOL, SINT, INT"

REFUSED: list[tuple[str, str, str]] = [
    # the text, up to where it is right, and what is said
    ("", "", "a name expected"),
    ("=5", "", "a name expected"),
    ("T(5)", "T", "or the end"),
    ('T"5"', "T", "or the end"),
    ("T[5=3", "T[5", "expected after an index"),
    ("T[1-0]", "T[1-", "the last index"),
    ("T*0", "T*", "a count of elements is from 1"),
    ('@4/5/{"connection', "@4/5/{", "no JSON"),
    ("T+", "T+", "a byte offset expected"),
    ("T+-4", "T+", "a byte offset expected"),
    ("T+4*5", "T+4", "'=' expected"),
    ("T+4 5", "T+4 ", "'=' expected"),
    ("T=(FOO)1", "T=(", "no type 'FOO': it is one of BOOL, SINT, INT"),
    ("T=()1", "T=(", "a type expected"),
    ("T=(DINT", "T=(DINT", "')' expected"),
    ("T=(DINT 1", "T=(DINT 1", "')' expected"),
    ("T=( DINT 1) 2", "T=( ", "no type 'DINT 1'"),
    ("T=", "T=", "a value expected"),
    ("T=(SSTRING)", "T=(SSTRING)", "a value expected"),
    ("T=1,", "T=1,", "a value expected"),
    ("T=1, ,2", "T=1, ", "a value expected"),
    ("T==5", "T=", "whole number"),
    ("T=1 2", "T=", "whole number"),
    ("T=1_000", "T=", "whole number"),
    ("T=0x", "T=", "whole number"),
    ("T=true", "T=", "other types are said before it"),
    ("T=1, 70000", "T=1, ", "INT is a whole number from -32768 to 65535, not 70000"),
    ("T=" + "9" * 5000, "T=", "INT is a whole number"),
    ("T=(DINT)1,1.5", "T=(DINT)1,", "DINT is a whole number"),
    ("T=(BOOL)1,yes", "T=(BOOL)1,", "BOOL is true, false"),
    ("T=(REAL)abc", "T=(REAL)", "REAL is a number"),
    ("T=(REAL)1e39", "T=(REAL)", "REAL is a number of 32 bits"),
    ("T=1.5,1e39", "T=1.5,", "REAL is a number of 32 bits"),
    ("T=(LREAL)1e400", "T=(LREAL)", "LREAL is a number of 64 bits"),
    ("T=(REAL)0x" + "F" * 60, "T=(REAL)", "REAL is a number of 32 bits"),
    ('T=(STRING)"ab', "T=(STRING)", "not closed"),
    ('T=(STRING)"a","b', 'T=(STRING)"a",', "not closed"),
    ('T=(STRING) "a"x', 'T=(STRING) "a"', "quotes go around a whole value"),
    ('T=(STRING)"a" "b"', 'T=(STRING)"a"', "quotes go around a whole value"),
    ('T=(STRING)x,a"b"', "T=(STRING)x,a", "a quote in it is doubled"),
    ("T=(STRING)aĀ", "T=(STRING)", "characters of Latin-1"),
    ("T=(SSTRING)" + "a" * 256, "T=(SSTRING)", "up to 255 characters"),
    ("T=(STRING)" + "a" * 65536, "T=(STRING)", "up to 65535 characters"),
    ("T[1-2]=1", "T[1-2]=1", "as many values as elements (2) expected"),
    ("T[1-2]=1,2,3", "T[1-2]=1,2,", "as many values as elements (2) expected, not 3"),
    ("T*1=1,2", "T*1=1,", "as many values as elements (1) expected"),
    ("T[0-9]+16=(DINT)4,5,6,7,8,9,0", "T[0-9]+16=(DINT)4,5,6,7,8,9,", "room for 6"),
    ("T[0-9]+40=(DINT)1", "T[0-9]+", "octets 0 to 39"),
    ("T[0-9]+15=(DINT)1", "T[0-9]+", "a multiple of 4"),
    ("T+4=1", "T+", "needs its range"),
    ("T[0-9]+0=(STRING)a", "T[0-9]+", "no fixed size"),
]


@pytest.mark.parametrize(("text", "right", "said"), REFUSED)
def test_what_is_wrong_is_pointed_at(text: str, right: str, said: str) -> None:
    problem, place = refused(text)
    assert said in problem
    assert place == len(right)


def test_the_error_shows_the_text_and_the_place() -> None:
    with pytest.raises(OperationError) as info:
        Operation.parse("T=(SINT)1,256")
    assert str(info.value).splitlines() == [
        "SINT is a whole number from -128 to 255, not 256",
        "  T=(SINT)1,256",
        "            ^",
    ]
    assert isinstance(info.value, NotationError | CpppoError | ValueError)


@pytest.mark.parametrize("int_type", ["FOO", 0, int, object()])
def test_an_int_type_that_is_none_is_refused(int_type: object) -> None:
    with pytest.raises(OperationError, match="int_type: no type"):
        list(parse_operations(["T=1"], int_type=int_type))


@pytest.mark.parametrize("tag", [None, 5, ("T", "DINT"), b"T"])
def test_an_operation_is_a_text_or_a_dictionary(tag: Any) -> None:
    with pytest.raises(OperationError, match="a text, or a dictionary"):
        list(parse_operations([tag]))
    with pytest.raises(OperationError, match="a text, or a dictionary"):
        Operation.of(tag)


# -- dictionaries


@pytest.mark.parametrize("text", [text for text, *_ in (*READS, *WRITES)])
def test_what_a_text_says_its_dictionary_says(text: str) -> None:
    found = Operation.parse(text)
    assert Operation.of(found.as_dict()) == found
    assert Operation.of(dotdict(found.as_dict())) == found
    assert Operation.of(found) is found


def test_a_path_may_be_text_segments_or_dictionaries() -> None:
    path: Any
    segments = (Symbol("T"), Element(2))
    for path in (
        "T[2]",
        segments,
        list(segments),
        [T, {"element": 2}],
        [T, *segments[1:]],
    ):
        found = Operation.of({"path": path})
        assert (found.method, found.path, found.elements) == ("read", segments, 1)
        assert found.text == "T[2]"
    assert Operation.of({"path": "T[2-4]"}).elements == 3
    assert Operation.of({"path": "T[2-4]", "offset": 4}).text == "T[2-4]+4"


def test_data_without_a_method_is_written() -> None:
    found = Operation.of({"path": "T", "data": range(3)})
    assert (found.method, found.type, found.data, found.elements) == (
        "write",
        INT,
        (0, 1, 2),
        3,
    )
    assert Operation.of({"path": "T", "data": [1, 2.5]}).type is REAL


def test_an_attribute_is_set_by_octets_or_by_a_type() -> None:
    given = {"method": "set_attribute_single", "path": "@1/1/7", "data": b"\x01\xff"}
    found = Operation.of(given)
    assert (found.type, found.data) == (SINT, (1, -1))
    found = Operation.of({**given, "data": [1.5], "tag_type": "REAL"})
    assert (found.type, found.data) == (REAL, (1.5,))


@pytest.mark.parametrize("kind", [0xC4, "dint", DINT])
def test_a_type_may_be_a_code_a_name_or_a_class(kind: object) -> None:
    assert Operation.of({"path": "T", "tag_type": kind, "data": [1]}).type is DINT
    found = Operation.of({"path": "@1/1/1", "method": "get_attribute_single"})
    assert (found.type, found.method) == (None, "get_attribute_single")


def test_what_says_how_to_send_is_not_looked_at() -> None:
    assert Operation.of({"path": "T", "route_path": 7}) == Operation.parse("T")


LOOP: list[Any] = []
LOOP.append(LOOP)

BAD: list[tuple[dict[str, Any], str]] = [
    ({}, "a path is text"),
    ({"path": 5}, "a path is text"),
    ({"path": []}, "a path is text"),
    ({"path": b"T"}, "a path is text"),
    ({"path": "T=5"}, "expected, or the end"),
    ({"path": ["T"]}, "a segment is"),
    ({"path": [{"element": -1}]}, "element is a number"),
    ({"path": [{"element": object()}]}, "no path"),
    ({"path": [{"nonsense": 1}]}, "a segment is"),
    ({"path": "T", "method": "reed"}, "no method 'reed': it is one of"),
    ({"path": "T", "method": ["read"]}, "no method"),
    ({"path": "T", "method": "read", "data": [1]}, "read has no data"),
    ({"path": "T", "method": "write"}, "write needs data"),
    ({"path": "T", "method": "set_attribute_single"}, "needs data"),
    ({"path": "T", "data": []}, "a list of values"),
    ({"path": "T", "data": 5}, "a list of values"),
    ({"path": "T", "data": "5"}, "a list of values"),
    ({"path": "T", "data": [1, "a"]}, r"data\[1\]: INT is a whole number"),
    ({"path": "T", "data": [1, 10**6000]}, r"data\[1\]: INT is a whole number"),
    ({"path": "T", "data": [10**400, 1.5]}, r"data\[0\]: REAL"),
    ({"path": "T", "data": [None]}, r"data\[0\]: INT"),
    ({"path": "T", "tag_type": "BOOL", "data": ["true"]}, "BOOL is true"),
    ({"path": "T", "tag_type": "STRING", "data": [1]}, "STRING is text"),
    ({"path": "T", "tag_type": 0x2A0, "data": [1]}, "no type 672"),
    ({"path": "T", "tag_type": int, "data": [1]}, "no type"),
    ({"path": "T", "elements": 0}, "elements is a whole number from 1"),
    ({"path": "T", "elements": "5"}, "elements is a whole number"),
    ({"path": "T[0-4]", "elements": 4}, "the path has 5 elements"),
    ({"path": "T", "elements": 2, "data": [1]}, "as many values as elements"),
    ({"path": "T", "offset": -1}, "offset is a whole number from 0"),
    ({"path": "T", "offset": 2**32}, "offset is a whole number from 0"),
    ({"path": "T", "offset": 0, "data": [1]}, "needs its range"),
    ({"path": "@1/1", "method": "get_attributes_all", "offset": 0}, "has no offset"),
    ({"path": LOOP}, "a segment is|no path"),
]


@pytest.mark.parametrize(("given", "said"), BAD)
def test_a_dictionary_that_is_no_operation_is_refused(
    given: dict[str, Any], said: str
) -> None:
    with pytest.raises(OperationError, match=said) as info:
        Operation.of(given)
    assert "^" in str(info.value)


def test_the_key_that_is_wrong_is_pointed_at() -> None:
    with pytest.raises(OperationError) as info:
        Operation.of({"path": "T", "elements": 0})
    assert info.value.text[info.value.place :] == "'elements': 0}"


# -- all sorts of text


def test_no_text_is_refused_but_with_a_place() -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    whole = [text for text, *_ in READS] + [text for text, *_ in WRITES]
    whole += [text for text, *_ in REFUSED if len(text) < 60]
    marks = '"=+*,()[]{}@.-/ 0x1e\x00Āü²'
    taken = 0
    for _ in range(4000):
        text = list(rng.choice(whole))
        for _ in range(rng.randint(0, 3)):
            place = rng.randint(0, len(text))
            text[place : place + rng.randint(0, 2)] = rng.choice(marks)
        try:
            found = Operation.parse("".join(text))
        except OperationError as exc:
            assert 0 <= exc.place <= len(text)
            assert exc.text == "".join(text)
            continue
        taken += 1
        if found.data is not None:
            assert found.type is not None
            found.type.pack(found.data)
        if not any(isinstance(v, float) and math.isnan(v) for v in found.data or ()):
            assert Operation.of(found.as_dict()) == found
    assert taken > 100


def test_a_long_text_is_read_in_the_time_of_its_length() -> None:

    def all_of_them() -> None:
        for text in ('"' * 100_001, '"a' * 50_001, "1," * 50_000, "(" * 100_000):
            with pytest.raises(OperationError):
                Operation.parse(f"T=(STRING){text}")
            with pytest.raises(OperationError):
                Operation.parse(f"T={text}")
            with pytest.raises(OperationError):
                Operation.parse(text)
        assert len(one("T=" + ",".join(["1"] * 50_000))["data"]) == 50_000

    takes_at_most(5, all_of_them)
