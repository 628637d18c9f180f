# SPDX-License-Identifier: Apache-2.0
"""Structures and BOOL arrays as operations: what people write, and what is sent."""

from __future__ import annotations

import random
from typing import Any

import pytest

from cpppo.client.forms import Compound, Masked, Words
from cpppo.client.operations import Operation, OperationError
from cpppo.client.records import record_of, recorded
from cpppo.client.requests import LARGEST, prepared
from cpppo.client.structures import Bits, base, bools, complete, structured, words
from cpppo.client.templates import elementary
from cpppo.client.writes import Write, own
from cpppo.errors import EncodeError
from cpppo.protocol.enip import Element, ReadModifyWrite, Request, Symbol, WriteTag
from cpppo.protocol.enip.datatypes import Types
from cpppo.protocol.enip.notation import NotationError
from cpppo.protocol.enip.structures import BOOLS, Member, assembled
from cpppo.protocol.enip.types import BOOL, DINT

WHOLE = {"X": 1, "F0": True, "F1": False, "Arr": [1, 2, 3]}


def types() -> Types:
    found = Types()
    found.declare(
        {
            "Inner": [("X", "DINT"), ("F0", "BOOL"), ("F1", "BOOL"), ("Arr", "INT[3]")],
            "Outer": [
                ("In", "Inner"),
                ("Several", "Inner[2]"),
                ("Words", "BOOL[64]"),
                ("Text", "STRING"),
                ("Delay", "TIMER"),
            ],
            "Large": [("Data", "DINT[300]")],
        }
    )
    return found


TYPES = types()
INNER: Any = TYPES["Inner"]
OUTER: Any = TYPES["Outer"]


def write(tag: str, value: Any, kind: Any) -> Operation:
    return Write.to(tag, value).typed(kind)


def parts(operation: Operation) -> list[tuple[str, Any, Any]]:
    """The path, type and values of each write that it is."""
    several = operation.several if isinstance(operation, Compound) else (operation,)
    return [
        (".".join(shown(one) for one in part.path), part.type, part.data)
        for part in several
    ]


def shown(segment: Any) -> str:
    return segment.name if isinstance(segment, Symbol) else f"[{segment.value}]"


# -- paths and counts


@pytest.mark.parametrize("text", ["GRID{12}", "GRID*12"])
def test_a_count_may_stand_in_braces(text: str) -> None:
    assert Operation.parse(text) == Operation.parse("GRID*12")
    assert Operation.parse(text).elements == 12


def test_a_count_in_braces_may_follow_an_index() -> None:
    one = Operation.parse("GRID[1,2]{3}")
    assert one.path == (Symbol("GRID"), Element(1), Element(2))
    assert (one.elements, one.listed) == (3, True)
    assert Operation.parse("T[3]{2}=(DINT)1,2").data == (1, 2)
    assert Write.to("T[3]{2}", [1, 2]).elements == 2


@pytest.mark.parametrize(
    ("text", "problem", "place"),
    [
        ("T{", "a count of elements expected", 2),
        ("T{5", "'}' expected", 3),
        ("T{0}", "a count of elements is from 1", 2),
        ("T{5}6", "nothing may follow", 4),
        ("T[0-3]{5}", "the range has 4 elements", 6),
        ("T{5}*5", "nothing may follow", 4),
    ],
)
def test_a_count_in_braces_that_is_none_is_shown(
    text: str, problem: str, place: int
) -> None:
    with pytest.raises(NotationError, match=problem) as failure:
        Operation.parse(text)
    assert failure.value.place == place


def test_all_elements_have_one_type() -> None:
    for text in ("A.B[1,2]", "A.B[1]", "A.B"):
        assert base(Operation.parse(text).path) == (Symbol("A"), Symbol("B"))


# -- writing structures


def test_a_structure_with_all_its_members_is_written_whole() -> None:
    one = write("A", WHOLE, INNER)
    assert type(one) is Operation
    request = Request.decode(prepared(one, False).octets)
    assert isinstance(request, WriteTag)
    assert request.type.encode() == INNER.kind()
    assert request.data == INNER.produce(WHOLE)


def test_a_structure_with_some_members_is_written_by_these() -> None:
    one = write("A[2]", {"X": 7, "Arr": [4, 5, 6], "F1": True}, INNER)
    assert parts(one) == [
        ("A.[2].X", DINT, (7,)),
        ("A.[2].Arr", TYPES["INT"], (4, 5, 6)),
        ("A.[2].F1", BOOL, (True,)),
    ]
    made = prepared(one, False)
    assert len(made.pieces) == 3
    assert made.alone


def test_members_that_are_nested_are_written_as_far_as_they_are_said() -> None:
    value = {
        "In": {"X": 1},
        "Several": [WHOLE, {"F0": True}],
        "Words": [True] * 64,
        "Text": "hello",
        "Delay": {"PRE": 5},
    }
    said = parts(write("O", value, OUTER))
    assert [(path, data) for path, _, data in said] == [
        ("O.In.X", (1,)),
        ("O.Several.[0].X", (1,)),
        ("O.Several.[0].F0", (True,)),
        ("O.Several.[0].F1", (False,)),
        ("O.Several.[0].Arr", (1, 2, 3)),
        ("O.Several.[1].F0", (True,)),
        ("O.Words", (0xFFFFFFFF, 0xFFFFFFFF)),
        ("O.Text", ("hello",)),
        ("O.Delay.PRE", (5,)),
    ]


def test_an_array_of_whole_structures_is_one_write() -> None:
    one = write("A[1-2]", [WHOLE, WHOLE], INNER)
    assert (type(one), one.elements) == (Operation, 2)
    assert prepared(one, False).octets.endswith(INNER.pack([WHOLE, WHOLE]))


def test_an_array_of_structures_may_be_written_by_members_too() -> None:
    said = parts(write("A[1-2]", [{"X": 1}, {"X": 2}], INNER))
    assert [(path, data) for path, _, data in said] == [
        ("A.[2].X", (2,)),
        ("A.[1].X", (1,)),
    ]
    several = parts(write("A", [{"X": 1}, {"X": 2}], INNER))
    assert [path for path, _, _ in several] == ["A.[1].X", "A.[0].X"]


def test_predefined_structures_are_written_by_members_for_what_is_hidden() -> None:
    timer: Any = TYPES["TIMER"]
    value = {"PRE": 1, "ACC": 2, "EN": True, "TT": False, "DN": False}
    assert not complete(timer, value)
    assert len(parts(write("T", value, timer))) == 5
    assert complete(INNER, {key.lower(): one for key, one in WHOLE.items()})


def test_a_text_and_octets_are_whole_values() -> None:
    text: Any = TYPES["STRING"]
    assert prepared(write("S", "abc", text), False).octets.endswith(
        b"\xce\x0f\x01\x00\x03\0\0\0abc" + bytes(81)
    )
    octets = bytes(range(INNER.struct_calcsize))
    assert prepared(write("A", octets, INNER), False).octets.endswith(octets)


def test_a_structure_larger_than_a_request_goes_in_pieces() -> None:
    large: Any = TYPES["Large"]
    values = list(range(300))
    made = prepared(write("L", {"Data": values}, large), False)
    assert all(len(one) <= LARGEST for one in made.pieces)
    sent = b"".join(data_of(Request.decode(one)) for one in made.pieces)
    assert sent == large.pack([{"Data": values}])
    member = prepared(write("L", {"Data": values}, large), False, 4000)
    assert member.pieces is None


def data_of(request: Any) -> bytes:
    data: bytes = request.data
    return data


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({"Nope": 1}, "Inner has no member 'Nope'; it has X, F0, F1, Arr"),
        ({"X": 1 << 40}, "X: "),
        ({"Arr": [1, 2]}, "Arr: an array of 3 values expected, not 2"),
        ({"Arr": 5}, "Arr: an array of 3 values expected, not 5"),
        ({5: 1}, "no member 5"),
        (5, "a structure: a dictionary of its members expected, not 5"),
        (b"abc", "Inner has 16 octets, not 3"),
    ],
)
def test_what_is_no_structure_is_refused_in_words(value: Any, problem: str) -> None:
    with pytest.raises(OperationError) as failure:
        write("A", value, INNER)
    assert problem in str(failure.value)


UNTOLD = "the device does not tell where its rows end"


@pytest.mark.parametrize(
    ("sizes", "problem"),
    [
        ((), UNTOLD),
        ((2, 0), UNTOLD),
        ((6,), "it has 1 index, not 2"),
        ((2, 3, 1), "it has 3 indexes, not 2"),
    ],
)
def test_where_rows_end_is_not_guessed(sizes: tuple[int, ...], problem: str) -> None:
    one = Write.to("A[0,1]{3}", [{"X": 1}, {"X": 2}, {"X": 3}])
    paths = [path for path, _, _ in parts(one.typed(INNER, (2, 3)))]
    assert paths == ["A.[1].[0].X", "A.[0].[2].X", "A.[0].[1].X"]
    with pytest.raises(OperationError, match=f"^{problem}; of values of several"):
        one.typed(INNER, sizes)


def test_a_structure_without_any_member_is_refused() -> None:
    with pytest.raises(OperationError, match="one member at least"):
        write("O", {"In": {}}, OUTER)
    with pytest.raises(OperationError, match="a value expected"):
        Write.to("O", {})
    with pytest.raises(EncodeError):
        structured(Operation("write", (Symbol("A"),), type=INNER, data=({},)))


# -- records


def test_a_value_is_a_record_too() -> None:
    value = OUTER.unpack(OUTER.produce({"In": {"X": 5}, "Text": "hi"}))[0]
    record = recorded(OUTER, value)
    assert (record.In.X, record.In.Arr, record.Text) == (5, [0, 0, 0], "hi")
    assert [one.F0 for one in record.Several] == [False, False]
    assert record.Delay.PRE == 0
    assert repr(record.In) == "Inner(X=5, F0=False, F1=False, Arr=[0, 0, 0])"
    assert recorded(INNER, [WHOLE])[0].X == 1
    assert recorded(DINT, [1, 2]) == [1, 2]
    assert recorded(None, None) is None


def test_a_record_is_written_as_the_value_that_it_was() -> None:
    record = recorded(OUTER, OUTER.unpack(bytes(OUTER.struct_calcsize))[0])
    changed = record._replace(In=record.In._replace(X=9))
    assert own(changed) is changed
    (value,) = write("A", changed, OUTER).data or ()
    assert value["In"] == {"X": 9, "F0": False, "F1": False, "Arr": [0, 0, 0]}
    assert value["Several"][1]["Arr"] == [0, 0, 0]
    assert write("A", record.In, INNER).data == (value["In"] | {"X": 0},)
    with pytest.raises(OperationError, match="Inner has 4 members"):
        write("A", record, INNER)


def test_a_record_with_other_names_is_written_by_its_places() -> None:
    several = Types()
    several.declare({"Odd": [("class", "DINT"), ("def", "INT")]})
    found: Any = several
    kind = found["Odd"]
    value = {"class": 5, "def": 6}
    (said,) = write("A", recorded(kind, value), kind).data or ()
    assert said == value


# -- structures that are not wholly known


def partly(*members: Member, size: int = 12) -> Any:
    return assembled("Partly", members, size, 0x123, 0x4567)


def test_what_a_device_does_not_tell_of_is_never_written_over() -> None:
    untold = assembled("TEMPLATE_7", (), 1, 7, 0)
    kind = partly(Member("X", DINT), Member("Inside", untold, 0, 4))
    (value,) = kind.unpack(bytes(12))
    assert value == {"X": 0, "Inside": {}}
    assert parts(write("A", value | {"X": 5}, kind)) == [("A.X", DINT, (5,))]


def test_a_member_of_a_type_that_is_not_known_is_not_written() -> None:
    kind = partly(Member("X", DINT), Member("Long", elementary(0xD7), 0, 4))
    (value,) = kind.unpack(bytes(12))
    with pytest.raises(OperationError, match="Long: what it is made of is not known"):
        write("A", value, kind)
    assert parts(write("A", {"X": 5}, kind)) == [("A.X", DINT, (5,))]


def test_members_of_the_same_name_are_not_written_over() -> None:
    kind = partly(Member("X", DINT), Member("X", DINT, 0, 4))
    assert parts(write("A", {"X": 5}, kind)) == [("A.X", DINT, (5,))]


def test_names_that_python_cannot_have_are_no_obstacle() -> None:
    several = Types()
    several.declare(
        {"AB:Mod:I": [("class", "DINT"), ("B", "DINT")], "def": [("A", "INT")]}
    )
    types: Any = several
    record = recorded(types["AB:Mod:I"], {"class": 5, "B": 6})
    assert (record[0], record.B, type(record).__name__) == (5, 6, "AB_Mod_I")
    assert record_of(types["def"]).__name__ == "def_"
    odd = assembled("A²-½", (Member("B¼", DINT),), 4)
    assert recorded(odd, {"B¼": 5})[0] == 5


# -- BOOL arrays


@pytest.mark.parametrize(
    ("text", "word", "count", "first", "several"),
    [
        ("B", 0, 1, 0, 1),
        ("B[0]", 0, 1, 0, 1),
        ("B[33]", 1, 1, 1, 1),
        ("B[30-33]", 0, 2, 30, 4),
        ("B{64}", 0, 2, 0, 64),
        ("B[32]{33}", 1, 2, 0, 33),
        ("A.B[95]", 2, 1, 31, 1),
    ],
)
def test_bools_are_read_by_their_words(
    text: str, word: int, count: int, first: int, several: int
) -> None:
    given = Operation.parse(text)
    one = words(given)
    assert isinstance(one, Words)
    assert one.path == (*base(given.path), Element(word))
    assert (one.elements, one.first, one.count) == (count, first, several)
    assert (one.text, one.listed) == (text, given.listed)


def test_bools_are_those_of_their_places() -> None:
    octets = (1 << 33 | 1 << 3).to_bytes(8, "little")
    assert Bits(33, 1).unpack(octets) == [True]
    assert Bits(2, 3).unpack(octets) == [False, True, False]
    assert len(Bits(0, 64).unpack(octets)) == 64


def written(tag: str, value: Any, held: int = 0, count: int = 4) -> int:
    """The words of an array after a write, all as one number."""
    one = prepared(write(tag, value, BOOLS), False)
    for octets in one.pieces or [one.octets]:
        request = Request.decode(octets)
        last = request.path.segments[-1]
        assert isinstance(last, Element)
        at = 32 * last.value
        if isinstance(request, ReadModifyWrite):
            word = held >> at & 0xFFFFFFFF
            word = (word | int.from_bytes(request.ones, "little")) & int.from_bytes(
                request.zeros, "little"
            )
            held = held & ~(0xFFFFFFFF << at) | word << at
        else:
            assert isinstance(request, WriteTag)
            size = 32 * request.elements
            data = int.from_bytes(request.data, "little")
            held = held & ~(((1 << size) - 1) << at) | data << at
    assert held < 1 << 32 * count
    return held


def test_one_bool_is_written_by_one_request_and_no_other_changes() -> None:
    one = write("B[33]", True, BOOLS)
    assert isinstance(one, Masked)
    assert not prepared(one, False).alone
    assert (one.type, one.data) == (BOOL, (True,))
    assert written("B[33]", True) == 1 << 33
    full = (1 << 128) - 1
    assert written("B[33]", False, full) == full & ~(1 << 33)
    assert written("B", True, 2) == 3


def test_any_slice_of_bools_is_written_and_nothing_else() -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    for _ in range(300):
        first = chance.randrange(128)
        count = chance.randrange(1, 129 - first)
        held = chance.getrandbits(128)
        values = [chance.random() < 0.5 for _ in range(count)]
        bits = sum(1 << first + nth for nth, one in enumerate(values) if one)
        kept = held & ~(((1 << count) - 1) << first)
        assert written(f"B[{first}]{{{count}}}", values, held) == kept | bits


def test_whole_words_are_written_together() -> None:
    one = bools(Write.to("B[31]{66}", [True] * 66).operated(BOOL, (True,) * 66))
    assert [type(part) for part in one.several] == [Masked, Masked, Operation]  # type: ignore[attr-defined]
    assert one.several[2].elements == 2  # type: ignore[attr-defined]


@pytest.mark.parametrize("wrong", ["x", 5, -1, None, 0.5])
def test_a_value_that_is_no_bool_is_refused(wrong: object) -> None:
    with pytest.raises(OperationError, match="BOOL is true, false, 0 or 1"):
        write("B[0-1]", [True, wrong], BOOLS)
