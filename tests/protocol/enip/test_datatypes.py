# SPDX-License-Identifier: Apache-2.0
"""Types by their names: elementary, predefined and declared; sorts; what cannot be."""

from __future__ import annotations

import pytest

from cpppo.protocol.enip.datatypes import Sort, Types, TypesError
from cpppo.protocol.enip.structures import BOOLS, StringType, StructureType, structure
from cpppo.protocol.enip.types import BOOL, DINT, INT, REAL, SSTRING, STRING


def declared(**members: list[tuple[str, str]]) -> Types:
    known = Types()
    known.declare(members)
    return known


@pytest.mark.parametrize(
    ("said", "sort"),
    [
        ("DINT", Sort(DINT)),
        ("dint", Sort(DINT)),
        (" INT [ 3 ] ", Sort(INT, (3,))),
        ("REAL[3,4]", Sort(REAL, (3, 4))),
        ("REAL[ 2 , 0x3, 4 ]", Sort(REAL, (2, 3, 4))),
        ("BOOL", Sort(BOOL)),
        ("BOOL[1]", Sort(BOOLS, (1,), 1)),
        ("BOOL[32]", Sort(BOOLS, (1,), 32)),
        ("BOOL[33]", Sort(BOOLS, (2,), 33)),
        ("SSTRING[2]", Sort(SSTRING, (2,))),
    ],
)
def test_a_sort_is_what_its_text_says(said: str, sort: Sort) -> None:
    found = Types().sort(said)
    assert found == sort
    assert Types().sort(str(found)) == sort


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ("", "is no type"),
        ("DINT[", "is no type"),
        ("DINT[]", "is no type"),
        ("DINT[-1]", "is no type"),
        ("DINT[1][2]", "is no type"),
        ("3", "is no type"),
        ("NOPE", "no type 'NOPE'; there are BOOL"),
        ("DINT[0]", "1 to 100000000 elements"),
        ("DINT[100000,100000]", "1 to 100000000 elements"),
        ("DINT[1,2,3,4]", "up to 3 dimensions"),
        ("BOOL[2,2]", "a BOOL array has one dimension"),
    ],
)
def test_a_sort_that_is_none_says_why(said: str, problem: str) -> None:
    with pytest.raises(TypesError) as caught:
        Types().sort(said)
    assert problem in str(caught.value)


def test_strings_and_bools_are_a_controllers_or_as_published() -> None:
    own = Types()["STRING"]
    assert issubclass(own, StringType)
    assert (own.struct_calcsize, own.handle, own.instance) == (88, 0xFCE, 0xFCE)
    published = Types(published=True)
    assert published["STRING"] is STRING
    assert published.sort("BOOL[33]") == Sort(BOOL, (33,))


@pytest.mark.parametrize(
    ("name", "size", "members"),
    [
        ("TIMER", 12, "PRE ACC EN TT DN"),
        ("COUNTER", 12, "PRE ACC CU CD DN OV UN"),
        ("CONTROL", 12, "LEN POS EN EU DN EM ER UL IN FD"),
    ],
)
def test_predefined_structures(name: str, size: int, members: str) -> None:
    kind = Types()[name]
    assert issubclass(kind, StructureType)
    assert kind.struct_calcsize == size
    assert [one.name for one in kind.visible()] == members.split()
    assert kind.instance == kind.handle > 0xEFF
    first, *_ = (one for one in kind.members if one.type is BOOL)
    # The first bit is the highest one of the hidden word.
    assert (first.offset, first.bit) == (3, 7)


def test_types_may_come_in_any_order() -> None:
    known = declared(A=[("b", "B[2]"), ("n", "DINT")], B=[("c", "c")], C=[("x", "INT")])
    kind = known["a"]
    assert issubclass(kind, StructureType)
    assert kind.produce({"b": [{"c": {"x": 1}}, {}], "n": 2}) == (
        b"\1\0\0\0" + bytes(4) + b"\2\0\0\0"
    )
    assert known["B"] is known["b"]
    made = [one for one in known if one.instance <= 0xEFF]
    assert {one.__name__ for one in made} == {"A", "B", "C"}
    assert len({one.instance for one in known}) == len(list(known))
    assert all(known.template(one.instance) is one for one in known)


def test_a_string_type_of_ones_own() -> None:
    known = declared(A=[("s", "Short")])
    known.declare_text("Short", 20)
    assert known["Short"].struct_calcsize == 24
    assert known["A"].unpack(known["A"].produce({"s": "abc"})) == [{"s": "abc"}]
    for size in (0, 65536):
        with pytest.raises(TypesError, match="1 to 65535 letters"):
            known.declare_text("Other", size)


@pytest.mark.parametrize(
    ("types", "problem"),
    [
        ({"A": [("a", "A")]}, "type A: a structure holds itself: A holds A"),
        (
            {"A": [("b", "B")], "B": [("c", "C[2]")], "C": [("a", "A")]},
            "a structure holds itself: A holds B holds C holds A",
        ),
        ({"A": [("x", "NOPE")]}, "type A: x: no type 'NOPE'"),
        ({"A": []}, "type A: a structure has one member at least"),
        ({"A": [("x", "INT"), ("X", "INT")]}, "type A: x: there is such a member"),
        ({"A": [("x", "INT[2,2]")]}, "type A: x: a member's array has one dimension"),
        ({"A": [("x", "INT[65536]")]}, "up to 65535 elements"),
        ({"A": [("x", "SSTRING")]}, "SSTRING has no fixed size; a member has STRING"),
        ({"A": [("9x", "INT")]}, "type A: 9x: a member's name is letters"),
        ({"A": [("x.y", "INT")]}, "a member's name is letters"),
        ({"A": [("", "INT")]}, "a member's name is letters"),
    ],
)
def test_a_type_that_cannot_be_says_which_member(
    types: dict[str, list[tuple[str, str]]], problem: str
) -> None:
    known = Types()
    with pytest.raises(TypesError) as caught:
        known.declare(types)
        list(known)
    assert problem in str(caught.value)


@pytest.mark.parametrize("name", ["DINT", "Timer", "string", "Own"])
def test_a_name_that_is_taken(name: str) -> None:
    known = declared(own=[("x", "INT")])
    with pytest.raises(TypesError, match="there is such a type already"):
        known.declare({name: [("x", "INT")]})


@pytest.mark.parametrize("name", ["", "9", "a b", "a.b", "ä" * 3, "x" * 256])
def test_a_name_that_no_controller_takes(name: str) -> None:
    with pytest.raises(TypesError, match="a type's name is letters"):
        Types().declare({name: [("x", "INT")]})


def test_what_went_wrong_once_is_told_again() -> None:
    known = declared(A=[("b", "B")], B=[("x", "NOPE")])
    for _ in range(2):
        with pytest.raises(TypesError, match="type B: x: no type"):
            known["A"]


def test_a_type_that_is_made_already_is_had() -> None:
    known = Types()
    made = structure("Made", [("x", INT, 0)], instance=0x200)
    known.add(made)
    assert known["made"] is made
    assert known.template(0x200) is made
    with pytest.raises(TypesError, match="already"):
        known.add(made)
    # Nobody else gets its number.
    known.declare({f"T{n}": [("x", "INT")] for n in range(300)})
    kinds = list(known)
    assert len({one.instance for one in kinds}) == len(kinds)
    assert len({one.handle for one in kinds}) == len(kinds)
