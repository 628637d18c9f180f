# SPDX-License-Identifier: Apache-2.0
"""`Logix` and structures, BOOL arrays, tags and properties, without a network.

A simulator answers in memory; where a test needs a device that breaks the rules, the
test itself does.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from plants import Liar, Memory, plant

from cpppo.client.asynchronous import AsyncLogix
from cpppo.client.catalogue import Catalogue
from cpppo.client.logix import Logix, check
from cpppo.client.operations import OperationError
from cpppo.errors import ProtocolError, StatusError, Timeout, Unexpected
from cpppo.protocol.enip.datatypes import Types
from cpppo.protocol.enip.structures import StructureType, definition, words

WHOLE = {"X": 1, "F0": False, "F1": True, "Arr": [4, 5, 6]}
BLANK = {"X": 0, "F0": False, "F1": False, "Arr": [0, 0, 0]}

KINDS = ("connected", "unconnected")


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    return Memory(plant(tmp_path))


@pytest.fixture(params=KINDS)
def plc(request: pytest.FixtureRequest, memory: Memory) -> Iterator[Logix]:
    with memory.logix(connected=request.param == "connected") as one:
        yield one


def value(plc: Logix, tag: str) -> Any:
    return check(plc.read(tag)).value


# -- tags


def test_tags_are_those_of_the_controller_and_its_programs(plc: Logix) -> None:
    assert {name: one.sort for name, one in plc.tags.items()} == {
        "A": "DINT",
        "B": "INT[10]",
        "GRID": "DINT[3,4]",
        "CUBE": "INT[2,3,4]",
        "BITS": "BOOL[96]",
        "S": "STRING",
        "SHORTS": "STRING20[3]",
        "T": "TIMER",
        "IN": "InnerUDT",
        "UDT_A": "OuterUDT",
        "INS": "InnerUDT[6]",
        "MANY": "OuterUDT[60]",
        "RO": "InnerUDT",
        "OTHER": "InnerUDT",
        "Program:Main.X": "DINT",
        "Program:Main.IN": "InnerUDT",
    }
    assert plc.programs == ("Main", "Empty")
    assert plc.tags["ro"].access == "read-only"
    assert [name for name, one in plc.tags.items() if one.alias] == ["OTHER"]
    assert plc.tags["Program:Main.IN"].scope == "Main"
    assert plc.tags["IN"].type is plc.types["InnerUDT"]
    assert set(plc.types) >= {"InnerUDT", "OuterUDT", "STRING", "STRING20", "TIMER"}


def test_the_tags_of_one_program(plc: Logix) -> None:
    assert list(plc.browse("main")) == ["Program:main.X", "Program:main.IN"]
    assert list(plc.browse("Program:Main")) == list(plc.browse("main"))
    assert list(plc.browse("Empty")) == []
    with pytest.raises(StatusError, match="the tags of Program:Nope are not told"):
        plc.browse("Nope")


def test_tags_are_asked_for_once_for_each_connection(memory: Memory) -> None:
    with memory.logix() as plc:
        assert plc.tags
        memory.asked()
        assert plc.tags is plc.tags
        assert plc.types
        assert plc.read("UDT_A").type == "OuterUDT"
        assert memory.asked() == 1
        assert plc.browse(refresh=True)
        assert memory.asked() > 3
        plc.close()
        plc.open()
        assert plc.tags
        assert memory.asked() > 3


def test_all_of_a_tag_is_read_by_what_the_tag_says(plc: Logix) -> None:
    for one in plc.tags.values():
        found = check(plc.read(one.whole))
        assert found.type == one.type_name
        if one.dimensions:
            assert len(found.value) == one.elements
    grid = plc.tags["GRID"]
    assert grid.shaped(value(plc, grid.whole))[1] == [10, 11, 12, 13]


@pytest.mark.parametrize("program", [5, b"Main", ["Main"]])
def test_a_program_that_is_no_name_is_refused(plc: Logix, program: Any) -> None:
    with pytest.raises(OperationError, match="a program's name expected"):
        plc.browse(program)


# -- reading structures


def test_a_structure_is_a_dictionary(plc: Logix) -> None:
    found = plc.read("IN")
    assert (found.type, found.value) == (
        "InnerUDT",
        {"X": 5, "F0": True, "F1": False, "Arr": [1, 2, 3]},
    )
    assert (found.record.X, found.record.Arr[2]) == (5, 3)


def test_nested_ones_are_read_whole_or_by_members_of_any_depth(plc: Logix) -> None:
    whole = value(plc, "UDT_A")
    assert ", ".join(whole) == "A, Nested, Several, Words, Text, Short, Delay, Wide"
    assert whole["Several"] == [BLANK, BLANK]
    assert (whole["Text"], whole["Words"]) == ("", [False] * 64)
    tags = ("UDT_A.Nested", "UDT_A.Several[1].Arr[2]", "UDT_A.Text", "UDT_A.Delay.PRE")
    assert [one.value for one in plc.read(tags)] == [BLANK, 0, "", 0]


@pytest.mark.parametrize(
    ("tag", "found"),
    [
        ("INS[2]", BLANK),
        ("INS[1-2]", [BLANK, BLANK]),
        ("INS{2}", [BLANK, BLANK]),
        ("GRID[1,2]", 12),
        ("GRID[1,1-3]", [11, 12, 13]),
        ("GRID[1,3]{3}", [13, 20, 21]),
        ("CUBE[1,2,3]", 0),
        ("GRID", 0),
        ("S", "text"),
        ("S.LEN", 4),
        ("S.DATA[1]", ord("e")),
        ("SHORTS{3}", ["", "", ""]),
        ("Program:Main.IN", BLANK | {"X": 8}),
        ("Program:Main.IN.X", 8),
        ("OTHER.X", 5),
        ("T", {"PRE": 0, "ACC": 0, "EN": False, "TT": False, "DN": False}),
    ],
)
def test_tags_of_all_sorts_are_read(plc: Logix, tag: str, found: Any) -> None:
    assert value(plc, tag) == found


def test_a_structure_that_comes_in_parts_is_whole(plc: Logix) -> None:
    plc.write({"MANY[59].Wide": 0.5, "MANY[30].Text": "middle"})
    found = value(plc, "MANY{60}")
    assert len(found) == 60
    assert (found[30]["Text"], found[59]["Wide"]) == ("middle", 0.5)


def test_what_is_needed_is_learnt_once(memory: Memory) -> None:
    with memory.logix() as plc:
        plc.read("A")
        memory.asked()
        plc.read("IN")
        assert memory.asked() > 2
        plc.read("IN", "INS[3]", "Program:Main.IN", "UDT_A.Nested")
        assert memory.asked() == 1


def test_plain_values_ask_for_nothing_besides(memory: Memory) -> None:
    with memory.logix() as plc:
        plc.read("A")
        memory.asked()
        plc.read("A", "B[3]", "GRID[1,1]", "A.3", "S", "Program:Main.X", "NONE")
        assert memory.asked() == 1
        plc.read("UDT_A.Nested.X")
        plc.read("B[99]")
        memory.asked()
        plc.read("B[99]", "B[98]")  # it is known that it holds no BOOLs
        assert memory.asked() == 1


def test_what_was_learnt_goes_with_the_connection(tmp_path: Path) -> None:
    memory = Memory(plant(tmp_path))
    with memory.logix() as plc:
        assert list(value(plc, "IN")) == ["X", "F0", "F1", "Arr"]
        other = '[types.InnerUDT]\nY = "LINT"\n[tags]\nIN = "InnerUDT"\n'
        memory.controller = plant(tmp_path, other)
        plc.close()
        plc.open()
        assert value(plc, "IN") == {"Y": 0}


# -- BOOL arrays


@pytest.mark.parametrize("known", [True, False])
def test_an_array_of_bools_has_one_index(plc: Logix, known: bool) -> None:
    if known:
        plc.write({"BITS[2]": False})
    for text in ("BITS[1,2]=(BOOL)1", "BITS[1,2]=(DWORD)1"):
        assert not plc.write(text).ok
    assert not plc.read("BITS[1,2]").ok
    if known:
        with pytest.raises(OperationError, match="an array of BOOLs has one index"):
            plc.write({"BITS[1,2]": True})
    else:
        assert not plc.write({"BITS[1,2]": True})[0].ok
    assert plc.read("BITS[2]").value is False


def test_bools_of_an_array_are_read_by_their_own_index(plc: Logix) -> None:
    plc.write({"BITS[33]": True, "BITS[95]": 1, "BITS[0]": True})
    assert value(plc, "BITS[33]") is True
    assert value(plc, "BITS[32]") is False
    assert value(plc, "BITS[95]") is True
    assert value(plc, "BITS") is True
    assert value(plc, "BITS[31-34]") == [False, False, True, False]
    assert [nth for nth, one in enumerate(value(plc, "BITS{96}")) if one] == [0, 33, 95]


@pytest.mark.parametrize(
    "first", ["BITS[95]", "BITS[1]", "BITS[33]", "BITS{96}", "BITS"]
)
def test_whatever_is_read_first_of_them_is_right(plc: Logix, first: str) -> None:
    expected = [False] * 96 if first == "BITS{96}" else False
    assert value(plc, first) == expected
    assert plc.read(first).type == "BOOL"


def test_bools_beyond_the_end_are_refused(plc: Logix) -> None:
    for _ in range(2):
        assert plc.read("BITS[96]").error == (
            "BITS[96]: beyond the end of the tag (0xFF 0x2105)"
        )
        (written,) = plc.write({"BITS[96]": True})
        assert not written.ok


def test_bools_that_are_members(plc: Logix) -> None:
    plc.write({"UDT_A.Words[40]": True, "INS[2].F1": True})
    assert value(plc, "UDT_A.Words[40]") is True
    assert value(plc, "UDT_A.Words[39-41]") == [False, True, False]
    assert value(plc, "UDT_A")["Words"].index(True) == 40
    assert value(plc, "INS[2]") == BLANK | {"F1": True}


def test_a_bool_costs_one_request_once_its_array_is_known(memory: Memory) -> None:
    with memory.logix() as plc:
        plc.read("BITS[50]")
        memory.asked()
        plc.read("BITS[50]", "BITS[51]", "BITS[5-90]", "A")
        assert memory.asked() == 1


@pytest.mark.parametrize("known", ["", "word", "read", "written"])
def test_a_cast_to_bool_is_of_an_array_s_bools(memory: Memory, known: str) -> None:
    with memory.logix() as plc:
        if known == "word":  # which is there, and no BOOL
            assert plc.write("BITS[1]=(BOOL)1").ok
        elif known == "read":
            plc.read("BITS[5]")
        elif known == "written":
            plc.write({"BITS[5]": False})
        assert plc.write("BITS[40]=(BOOL)1").ok
        assert plc.write("BITS[1]=(BOOL)1").ok
        assert all(plc.write(["BITS[94-95]=(BOOL)1,1", "BITS=(BOOL)true"]))
        memory.asked()
        assert plc.write("BITS[33]=(BOOL)true").ok
        assert memory.asked() == 1
        ones = [nth for nth, one in enumerate(value(plc, "BITS{96}")) if one]
        assert ones == [0, 1, 33, 40, 94, 95]
        assert plc.write("IN.F1=(BOOL)1").ok
        assert value(plc, "IN.F1") is True


def test_a_cast_to_bool_of_what_holds_none_is_refused_as_ever(memory: Memory) -> None:
    with memory.logix(depth=1) as plc:
        for _ in range(2):
            one = plc.write("B[10]=(BOOL)1")
            assert one.error == "B[10]: beyond the end of the tag (0xFF 0x2105)"
        memory.asked()
        assert not plc.write("B[10]=(BOOL)1").ok
        assert memory.asked() == 1  # it is known that it holds no BOOLs
        assert not plc.write("BITS[96]=(BOOL)1").ok
        assert not plc.write("NONE=(BOOL)1").ok
        assert not plc.write("BITS[1]=(UDINT)1").ok
        assert plc.write("BITS[1]=(DWORD)2").ok
        assert value(plc, "BITS[33]") is True


def test_octets_of_a_bool_array_are_its_words(plc: Logix) -> None:
    plc.write({"BITS[33]": True})
    assert value(plc, "BITS[0-2]+4") == [2, 0]
    assert value(plc, "BITS[0-2]+0") == [0, 2, 0]


def test_a_bit_of_a_word_is_meant_as_it_is_said(plc: Logix) -> None:
    plc.write({"BITS[37]": True})
    assert value(plc, "BITS[1].5") is True


# -- writing


def test_a_whole_structure_is_written(plc: Logix) -> None:
    assert check(plc.write(IN=WHOLE)).value == WHOLE
    assert value(plc, "IN") == WHOLE
    assert plc.write(IN=plc.read("IN").record).ok


def test_members_that_are_not_named_keep_their_values(plc: Logix) -> None:
    one = check(plc.write(IN={"F1": True, "Arr": [7, 8, 9]}))
    assert (one.tag, one.type) == ("IN", "InnerUDT")
    assert value(plc, "IN") == {"X": 5, "F0": True, "F1": True, "Arr": [7, 8, 9]}
    plc.write({"UDT_A": {"Nested": {"X": 3}, "Text": "deep", "Words": [True] * 64}})
    whole = value(plc, "UDT_A")
    assert (whole["Nested"], whole["Text"]) == (BLANK | {"X": 3}, "deep")
    assert all(whole["Words"])


def test_one_member_is_written_by_its_name(plc: Logix) -> None:
    plc.write({"UDT_A.Nested.X": 3, "UDT_A.Several[1].Arr[0-1]": [1, 2]})
    assert value(plc, "UDT_A.Nested") == BLANK | {"X": 3}
    assert value(plc, "UDT_A.Several[1].Arr{3}") == [1, 2, 0]
    plc.write({"UDT_A.Nested.X.4": True})
    assert value(plc, "UDT_A.Nested.X") == 19


def test_arrays_of_structures_are_written(plc: Logix) -> None:
    plc.write({"INS[1-2]": [WHOLE, {"X": 9}], "INS[5]": WHOLE})
    assert value(plc, "INS{6}") == [
        BLANK,
        WHOLE,
        BLANK | {"X": 9},
        BLANK,
        BLANK,
        WHOLE,
    ]
    several = [value(plc, "UDT_A") | {"A": nth} for nth in range(60)]
    assert plc.write(MANY=several).ok
    assert value(plc, "MANY{60}") == several


def test_bools_of_a_structure_are_taken_as_zero_and_one(plc: Logix) -> None:
    assert plc.write(IN={"F0": 0, "F1": 1}).ok
    assert [value(plc, one) for one in ("IN.F0", "IN.F1")] == [False, True]
    assert plc.write(IN={"F0": True, "F1": False}).ok
    assert [value(plc, one) for one in ("IN.F0", "IN.F1")] == [True, False]


def test_texts_are_written(plc: Logix) -> None:
    plc.write(
        {"S": "Hello, world!", "SHORTS[1-2]": ["a", "x" * 20], "UDT_A.Short": "b"}
    )
    assert value(plc, "S") == "Hello, world!"
    assert value(plc, "SHORTS{3}") == ["", "a", "x" * 20]
    assert value(plc, "UDT_A")["Short"] == "b"
    with pytest.raises(OperationError, match="room for 20 letters, not 21"):
        plc.write({"SHORTS[0]": "x" * 21})


def test_arrays_of_several_dimensions_are_written(plc: Logix) -> None:
    plc.write({"GRID[1,1-2]": [-1, -2], "CUBE[1,2,3]": 5, "GRID[2,0]": 7})
    assert value(plc, "GRID{12}") == [0, 1, 2, 3, 10, -1, -2, 13, 7, 21, 22, 23]
    assert value(plc, "CUBE{24}")[-1] == 5
    grid = plc.tags["GRID"]
    rows = [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]]
    assert check(plc.write({grid.whole: rows}))
    assert grid.shaped(value(plc, grid.whole)) == rows
    assert value(plc, "GRID[2,1]") == 10


def test_a_symbol_may_be_read_by_its_number(plc: Logix) -> None:
    number = plc.tags["IN"].instance
    plc.close()
    plc.open()
    assert value(plc, f"@0x6B/{number}") == value(plc, "IN")


def test_a_refused_member_says_why(plc: Logix) -> None:
    one = plc.write(RO={"X": 1, "F0": True})
    assert not one.ok
    assert "RO: " in (one.error or "")
    assert value(plc, "RO") == BLANK
    assert not plc.write(RO=WHOLE).ok
    assert not plc.write(NONE={"X": 1}).ok


def test_a_member_that_is_none_is_refused_before_anything_is_written(
    plc: Logix,
) -> None:
    with pytest.raises(OperationError, match="InnerUDT has no member 'Z'"):
        plc.write({"A": 99, "IN": {"Z": 1}})
    assert value(plc, "A") == 0


INNER = {"X": 1, "F0": True, "F1": False, "Arr": [1, 2, 3]}


@pytest.mark.parametrize(
    ("tag", "given", "problem"),
    [
        ("IN", INNER | {"F0": None}, "F0: BOOL is true, false, 0 or 1, not"),
        ("IN", INNER | {"F0": 5}, "F0: BOOL is true, false, 0 or 1, not 5"),
        ("IN", {"F0": 5}, "F0: BOOL is true, false, 0 or 1, not 5"),
        ("IN", {"X": 1 << 31}, "X: DINT is a whole number from -2147483648 to"),
        ("IN", {"X": "x"}, "X: DINT is a whole number .*, not 'x'"),
        ("IN", {"Arr": [1, 2, 40000]}, "Arr: INT is a whole number from -32768 to 327"),
        ("UDT_A", {"Wide": "x"}, "Wide: LREAL is a number of 64 bits, not 'x'"),
        ("UDT_A", {"Words": [2] * 64}, "Words: BOOL is true, false, 0 or 1, not 2"),
        ("UDT_A", {"Short": 5}, "Short: STRING20 is a text of up to 20 letters, not 5"),
        ("S", 5, "STRING is a text of up to 82 letters, not 5"),
        ("IN", INNER | {"F1": "off"}, "F1: BOOL is true, false, 0 or 1, not 'off'"),
        ("IN", INNER | {"X": None}, "X: DINT is a whole number .*, not None"),
        ("IN", INNER | {"x": 2}, "InnerUDT: X is named twice"),
        ("IN", INNER | {"Arr": [1, 2]}, "Arr: an array of 3 values expected, not 2"),
        ("IN", {"F0": True, "Arr": iter([1, 2])}, "an array of 3 values expected"),
        ("IN", {"X": 1, 5: 5}, "has no member 5"),
        ("INS[0-1]", [INNER, {"X": 1, "Z": 1}], "no member 'Z'"),
        ("UDT_A", {"A": 1, "Nested": {"X": 1, "Q": 1}}, "Nested: InnerUDT has no"),
        ("UDT_A", {"A": 1, "Nested": None}, "Nested: InnerUDT is a structure"),
        ("UDT_A", {"A": 1, "Several": [INNER]}, "Several: an array of 2 values"),
        ("UDT_A", {"A": 1, "Words": [None] * 64}, "Words: BOOL is true, false"),
        ("UDT_A", {"A": 1, "Words": "1" * 64}, "Words: an array of 64 values"),
        ("UDT_A", {"A": 1, "Text": "x" * 83}, "Text: STRING has room for 82"),
        ("UDT_A", {"A": 1, "Delay": {"PRE": 1, "DN": None}}, "DN: BOOL is true"),
    ],
)
def test_of_what_is_wrong_anywhere_nothing_is_written(
    plc: Logix, tag: str, given: Any, problem: str
) -> None:
    tags = ("A", "IN", "INS{6}", "UDT_A")
    before = [one.value for one in plc.read(tags)]
    with pytest.raises(OperationError, match=problem):
        plc.write({"A": 99, tag: given})
    assert [one.value for one in plc.read(tags)] == before


@pytest.mark.parametrize(
    ("tag", "given"),
    [
        ("BITS[95-96]", [True, True]),
        ("BITS", [True] * 97),
        ("BITS[30-96]", [True] * 67),
        ("INS", [{"X": 1}] * 7),
        ("INS[5]{2}", [{"X": 1, "F0": True}] * 2),
    ],
)
@pytest.mark.parametrize("depth", [1, 8])
def test_of_what_ends_beyond_a_tag_nothing_is_written(
    memory: Memory, depth: int, tag: str, given: list[Any]
) -> None:
    for connected in (True, False):
        with memory.logix(connected=connected, depth=depth) as plc:
            (one,) = plc.write({tag: given})
            assert (one.ok, one.words) == (False, "beyond the end of the tag")
            assert value(plc, "BITS{96}") == [False] * 96
            assert value(plc, "INS{6}") == [BLANK] * 6


def test_values_that_can_be_gone_through_once_are_written(plc: Logix) -> None:
    assert check(plc.write(IN={"Arr": iter([7, 8, 9])})).value == {"Arr": [7, 8, 9]}
    assert value(plc, "IN.Arr{3}") == [7, 8, 9]
    inside = ({"X": nth} for nth in (1, 2))
    assert plc.write(UDT_A={"Several": inside, "Words": map(bool, range(64))}).ok
    whole = value(plc, "UDT_A")
    assert [one["X"] for one in whole["Several"]] == [1, 2]
    assert whole["Words"] == [False] + [True] * 63


def test_records_are_written_wherever_they_stand(plc: Logix) -> None:
    record = plc.read("IN").record
    assert plc.write(UDT_A={"Nested": record, "Several": [record, record]}).ok
    assert plc.write({"INS[0-1]": [record, record._replace(X=6)], "INS[2]": record})
    whole, held = value(plc, "UDT_A"), value(plc, "IN")
    assert [whole["Nested"], *whole["Several"]] == [held] * 3
    assert value(plc, "INS{3}") == [held, held | {"X": 6}, held]


# -- the device


def test_properties_of_the_device(plc: Logix) -> None:
    one = plc.device
    assert (one.name, one.revision, one.vendor) == ("1756-L61/B LOGIX5561", "20.11", 1)
    assert one.keyswitch == "REMOTE RUN"
    assert plc.name == "Line 1"
    assert plc.module(0) == one


def test_the_clock_is_read_and_set(plc: Logix) -> None:
    assert abs(plc.clock - datetime.now(UTC)) < timedelta(minutes=1)
    then = datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC)
    plc.clock = then
    assert timedelta() <= plc.clock - then < timedelta(minutes=1)
    plc.set_clock()
    assert abs(plc.clock - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize("slot", [-1, 256, "1", None])
def test_a_slot_that_is_none_is_refused(plc: Logix, slot: Any) -> None:
    with pytest.raises(OperationError, match="a slot is a number from 0 to 255"):
        plc.module(slot)


@pytest.mark.parametrize(
    "time",
    [
        5,
        "now",
        datetime(1969, 1, 1, tzinfo=UTC),
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5))),
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-5))),
    ],
)
def test_a_time_that_is_none_is_refused(plc: Logix, time: Any) -> None:
    with pytest.raises(OperationError):
        plc.set_clock(time)


def test_the_same_awaited(memory: Memory) -> None:
    async def work() -> None:
        async def opened(*_: object) -> Any:
            return Awaited(memory.open())

        async with AsyncLogix("10.0.0.5", opener=opened) as plc:
            tags = await plc.tags
            assert tags["GRID"].sort == "DINT[3,4]"
            assert next(iter(await plc.browse("Main"))) == "Program:Main.X"
            assert "OuterUDT" in await plc.types
            assert await plc.programs == ("Main", "Empty")
            assert (await plc.read("IN")).value["X"] == 5
            assert (await plc.write(IN={"X": 6})).ok
            assert (await plc.read("IN.X")).value == 6
            assert await plc.name == "Line 1"
            assert (await plc.device).revision == "20.11"
            assert (await plc.module(0)).vendor == 1
            await plc.set_clock(datetime(2020, 1, 1, tzinfo=UTC))
            assert (await plc.clock).year == 2020
            assert "[types.InnerUDT]" in await plc.described()

    asyncio.run(work())


class Awaited:
    """A connection whose methods are awaited."""

    def __init__(self, wire: Any) -> None:
        self.wire = wire

    async def send(self, octets: bytes, timeout: float | None) -> None:
        self.wire.send(octets, timeout)

    async def receive(self, timeout: float | None) -> bytes:
        found: bytes = self.wire.receive(timeout)
        return found

    def readable(self, timeout: float | None = 0) -> bool:
        found: bool = self.wire.readable(timeout)
        return found

    def close(self) -> None:
        self.wire.close()


# -- devices that break the rules

MAIN, OTHER = b"Program:Main", b"Program:Other"
STRANGE = b"\xa0\x02\x34\x12"


def reply(service: int, data: bytes = b"", status: int = 0) -> bytes:
    return struct.pack("<BBBB", service | 0x80, 0, status, 0) + data


def symbol(instance: int, name: str, kind: int) -> bytes:
    octets = name.encode()
    head = struct.pack("<IH", instance, len(octets)) + octets
    return head + struct.pack("<HI3IB", kind, 1 << 26, 0, 0, 0, 0)


class Device:
    """Answers to reads, lists and templates; a test replaces what it wants to."""

    def __init__(self) -> None:
        types: Any = Types()
        types.declare({"Inner": [("X", "DINT"), ("Y", "INT[2]")]})
        self.kind = types["Inner"]
        self.value = self.kind.kind() + self.kind.produce({"X": 5, "Y": [1, 2]})
        self.listed: Callable[[], bytes] = lambda: reply(
            0x55, symbol(1, "IN", 0x8000 | self.kind.instance)
        )
        kind: type[StructureType] = self.kind
        octets = definition(kind)
        self.attributes: Callable[[], bytes] = lambda: reply(
            0x03,
            struct.pack("<HHHI", 4, 4, 0, words(octets))
            + struct.pack("<HHI", 5, 0, self.kind.struct_calcsize)
            + struct.pack("<HHH", 2, 0, len(self.kind.members))
            + struct.pack("<HHH", 1, 0, self.kind.handle),
        )
        self.pieces: Callable[[], bytes] = lambda: reply(0x4C, octets)

    def say(self, request: bytes) -> bytes:
        service, path = request[0], request[2 : 2 + 2 * request[1]]
        if service == 0x55:
            return self.listed()
        if path.startswith(b"\x20\x6c"):
            return self.attributes() if service == 0x03 else self.pieces()
        return reply(service, self.value)


@pytest.fixture
def device() -> Device:
    return Device()


@pytest.fixture
def liar(device: Device) -> Liar:
    return Liar(device.say)


def test_a_device_that_keeps_the_rules_is_read(liar: Liar) -> None:
    with liar.logix() as plc:
        assert value(plc, "IN") == {"X": 5, "Y": [1, 2]}
        assert [one[0] for one in liar.cip] == [0x4C, 0x55, 0x03, 0x4C]


@pytest.mark.parametrize("what", ["listed", "attributes", "pieces"])
def test_a_structure_that_is_not_told_stays_octets(
    device: Device, liar: Liar, what: str
) -> None:
    service = {"listed": 0x55, "attributes": 0x03, "pieces": 0x4C}[what]
    setattr(device, what, lambda: reply(service, b"", 8))
    with liar.logix() as plc:
        one = plc.read("IN")
        assert (one.ok, one.type) == (True, f"structure 0x{device.kind.handle:04X}")
        assert one.value == device.value[4:]
        assert one.record == one.value
        liar.cip.clear()
        plc.read("IN")
        assert len(liar.cip) == 1  # nobody asks again for what nobody tells
        with pytest.raises(OperationError, match="what it is made of is not known"):
            plc.write(IN={"X": 1})


def test_a_scope_that_is_refused_leaves_the_others(
    device: Device, liar: Liar, caplog: pytest.LogCaptureFixture
) -> None:
    main, other = (b"\x91" + bytes((len(name),)) + name for name in (MAIN, OTHER))

    def say(request: bytes) -> bytes:
        if request[0] != 0x55:
            return device.say(request)
        if main in request:
            return reply(0x55, status=0x0F)
        if other in request:
            return reply(0x55, symbol(3, "X", 0xC4))
        octets = symbol(1, "A", 0xC4) + symbol(2, MAIN.decode(), 0x1068)
        return reply(0x55, octets + symbol(3, OTHER.decode(), 0x1068))

    liar.say = say
    with liar.logix() as plc:
        assert list(plc.tags) == ["A", "Program:Other.X"]
        (why,) = plc.tags.refused
        assert why.startswith("the tags of Program:Main are not told: ")
        assert repr(plc.tags) == f"<2: A, Program:Other.X; {why}>"
        assert why in caplog.text
        assert plc.programs == ("Main", "Other")
        with pytest.raises(StatusError, match="Program:Main are not told"):
            plc.browse("Main")


def test_a_copy_says_in_a_comment_which_scope_is_refused(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: Any = Catalogue._listing

    def listing(line: Any, call: Any, program: str) -> Any:
        if program == "Main":
            raise StatusError(0x0F, (), "the tags of Program:Main are not told: no")
        return told(line, call, program)

    monkeypatch.setattr(Catalogue, "_listing", listing)
    with memory.logix() as plc:
        text = plc.described()
    assert "\n# the tags of Program:Main are not told: no (0x0F)\n" in text
    assert 'GRID = "DINT[3,4]"' in text


def test_a_tag_that_is_not_listed_stays_octets(device: Device, liar: Liar) -> None:
    with liar.logix() as plc:
        assert value(plc, "IN")
        device.value = STRANGE + bytes(6)
        assert plc.read("IN").type == "structure 0x1234"
        assert plc.read("NEW").type == "structure 0x1234"


def test_a_tag_that_was_made_later_is_learnt_too(device: Device, liar: Liar) -> None:
    with liar.logix() as plc:
        listed, device.listed = device.listed, lambda: reply(0x55)
        assert list(plc.tags) == []
        device.listed = listed
        assert value(plc, "IN") == {"X": 5, "Y": [1, 2]}


class Twins:
    """Two structures whose handles are the same, in three tags; one in a program."""

    def __init__(self, other: str) -> None:
        types: Any = Types()
        types.declare({"First": [("X", "DINT")], "Other": [("Y", other)]})
        types.declare({"Outer": [("In", "Other")]})
        names = ("First", "Other", "Outer")
        self.kinds: Any = {one: types[one] for one in names}
        self.kinds["Other"].handle = self.kinds["First"].handle
        self.tags = {"A": "First", "B": "Other", "C": "Outer"}

    def say(self, request: bytes) -> bytes:
        service, path = request[0], request[2 : 2 + 2 * request[1]]
        if service == 0x55:
            names = "B" if path.startswith(b"\x91\x09Program:P") else "ABC"
            listed = enumerate(names, 1)
            code = [
                symbol(nth, name, 0x8000 | self.kinds[self.tags[name]].instance)
                for nth, name in listed
            ]
            return reply(0x55, b"".join(code))
        if path.startswith(b"\x20\x6c"):
            number = int.from_bytes(
                path[-2:] if path[2] == 0x25 else path[3:4], "little"
            )
            (kind,) = [k for k in self.kinds.values() if k.instance == number]
            octets = definition(kind)
            if service == 0x4C:
                return reply(0x4C, octets)
            data = struct.pack("<HHHI", 4, 4, 0, words(octets))
            data += struct.pack("<HHI", 5, 0, kind.struct_calcsize)
            data += struct.pack("<HHH", 2, 0, len(kind.members))
            return reply(0x03, data + struct.pack("<HHH", 1, 0, kind.handle))
        if path.startswith(b"\x91\x01C") and b"In" in path:
            kind = self.kinds["Other"]
        else:
            name = "B" if b"Program" in path else path[2:3].decode()
            kind = self.kinds[self.tags[name]]
        return reply(service, kind.kind() + bytes(kind.struct_calcsize))


@pytest.mark.parametrize("other", ["INT[2]", "DINT[5]"])
@pytest.mark.parametrize("tags", ["ABCI", "BACI", "CIAB", "APBI", "PAB"])
def test_structures_that_share_a_handle_are_told_apart(other: str, tags: str) -> None:
    one = Liar(Twins(other).say)
    said = {"A": "A", "B": "B", "C": "C", "I": "C.In", "P": "Program:P.B"}
    kinds = {"A": "First", "B": "Other", "C": "Outer", "I": "Other", "P": "Other"}
    with one.logix() as plc:
        for _ in range(2):
            for name in tags:
                if (name, other) == ("P", "INT[2]"):
                    # Nothing else tells that it is another one.
                    assert plc.browse("") and plc.browse("P")
                assert check(plc.read(said[name])).type == kinds[name]


@pytest.mark.parametrize("first", ["read", "write", "a new member"])
def test_a_definition_that_changes_is_learnt_anew_for_a_write(
    device: Device, liar: Liar, first: str
) -> None:
    types: Any = Types()
    types.declare({"Inner": [("Z", "DINT"), ("X", "DINT"), ("Y", "INT[2]")]})
    old, new = device.kind, types["Inner"]
    asked: list[bytes] = []
    say = liar.say

    def strict(request: bytes) -> bytes:
        if request[0] != 0x4D:
            return say(request)
        asked.append(request)
        right = device.kind.kind() in request or b"\x91\x02IN\x91" in request
        return reply(0x4D) if right else b"\xcd\0\xff\x01\x07\x21"

    liar.say = strict
    with liar.logix() as plc:
        assert value(plc, "IN") == {"X": 5, "Y": [1, 2]}
        assert plc.write(IN={"X": 5, "Y": [1, 2]}).ok
        # Somebody downloads another program; the session goes on.
        asked.clear()
        new.instance = old.instance
        device.kind = new
        device.value = new.kind() + new.produce({"X": 6})
        octets = definition(new)
        device.pieces = lambda: reply(0x4C, octets)
        device.attributes = lambda: reply(
            0x03,
            struct.pack("<HHHI", 4, 4, 0, words(octets))
            + struct.pack("<HHI", 5, 0, new.struct_calcsize)
            + struct.pack("<HHH", 2, 0, len(new.members))
            + struct.pack("<HHH", 1, 0, new.handle),
        )
        given = {"Z": 1, "X": 5, "Y": [1, 2]}
        if first == "write":
            one = plc.write(IN={"X": 5, "Y": [1, 2]})
            assert one.ok
            assert old.kind() in asked[0]
            assert len(asked) >= 2
            assert not any(old.kind() in request for request in asked[1:])
        elif first == "read":
            assert value(plc, "IN") == {"Z": 0, "X": 6, "Y": [0, 0]}
        asked.clear()
        assert plc.write(IN=given).ok
        assert asked[0].endswith(new.kind() + b"\1\0" + new.produce(given))
        assert plc._line.connections == 1


def test_where_nobody_is_the_list_says_so() -> None:
    def nobody(request: bytes) -> bytes:
        return bytes((request[0] | 0x80, 0, 1, 1)) + b"\x12\x03"

    words = "nobody has this link address"
    with Liar(nobody).logix() as plc, pytest.raises(StatusError, match=words):
        plc.tags  # noqa: B018


def test_a_value_of_another_size_than_its_type_is_refused(
    device: Device, liar: Liar
) -> None:
    with liar.logix() as plc:
        assert value(plc, "IN")
        device.value += b"12"
        with pytest.raises(Unexpected, match="10 octets are not 1 of Inner"):
            plc.read("IN")
        assert not plc.connected


@pytest.mark.parametrize(
    ("what", "answer"),
    [
        ("listed", reply(0x55, b"\1\0\0")),
        ("listed", reply(0x55, b"", 6)),
        ("listed", reply(0x55, symbol(5, "A", 0xC4) * 2)),
        ("listed", reply(0x55, symbol(5, "A", 0xC4), 6)),
        ("listed", reply(0x55, symbol(0xFFFFFFFF, "A", 0xC4), 6)),
        ("attributes", reply(0x03, b"\x01\0\4\0\0\0")),
        (
            "attributes",
            reply(
                0x03,
                struct.pack("<HHHIHHIHHHHHH", 4, 4, 0, 9, 5, 0, 0, 2, 0, 2, 1, 0, 1),
            ),
        ),
        ("pieces", reply(0x4C, b"", 6)),
        ("pieces", reply(0x4C, b"\0" * 3)),
        ("pieces", reply(0x4C, b"\0" * 400, 6)),
    ],
)
def test_what_breaks_the_rules_is_refused_and_the_connection_discarded(
    device: Device, liar: Liar, what: str, answer: bytes
) -> None:
    setattr(device, what, lambda: answer)
    with liar.logix(timeout=1.0) as plc:
        with pytest.raises(ProtocolError):
            plc.tags  # noqa: B018
        assert not plc.connected


def test_a_structure_in_itself_is_refused(device: Device, liar: Liar) -> None:
    octets = struct.pack("<HHI", 0, 0x8000 | device.kind.instance, 0) + b"A;n\0A\0"
    octets += bytes(40)
    device.pieces = lambda: reply(0x4C, octets[:60])
    device.attributes = lambda: reply(
        0x03,
        struct.pack("<HHHIHHIHHHHHH", 4, 4, 0, 20, 5, 0, 8, 2, 0, 1, 1, 0, 77),
    )
    with liar.logix() as plc, pytest.raises(ProtocolError, match="holds itself"):
        plc.tags  # noqa: B018


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\1\0",
        b"\1\0\x0b\0\0\0" + b"\xff" * 8,
        b"\1\0\x06\0\0\0" + bytes(8),
    ],
)
def test_a_clock_that_tells_no_time_is_refused(data: bytes) -> None:
    liar = Liar(lambda request: reply(request[0], data))
    with liar.logix() as plc, pytest.raises(ProtocolError, match="the clock"):
        plc.clock  # noqa: B018


def test_what_a_device_does_not_have_is_a_status() -> None:
    liar = Liar(lambda request: reply(request[0], b"", 8))
    with liar.logix() as plc:
        for ask in (
            lambda: plc.clock,
            lambda: plc.device,
            lambda: plc.name,
            lambda: plc.tags,
            plc.set_clock,
        ):
            with pytest.raises(StatusError):
                ask()


@pytest.mark.parametrize("rest", [b"", bytes(8)])
def test_a_clock_that_is_refused_is_a_status(rest: bytes) -> None:
    def say(request: bytes) -> bytes:
        number = b"\x0b" if request[0] == 0x03 else b"\x06"
        return reply(request[0], b"\1\0" + number + b"\0\x0e\0" + rest)

    with Liar(say).logix() as plc:
        with pytest.raises(StatusError, match="cannot be read"):
            plc.clock  # noqa: B018
        with pytest.raises(StatusError, match="cannot be set"):
            plc.set_clock()


@pytest.mark.parametrize(
    "data", [b"", b"\1\0", b"\1\0\x06\0", b"\1\0\x0b\0\0\0", b"\1\0\x06\0\0"]
)
def test_a_clock_that_does_not_say_that_it_is_set_is_none(data: bytes) -> None:
    liar = Liar(lambda request: reply(request[0], data))
    with liar.logix() as plc, pytest.raises(Unexpected, match="setting the clock"):
        plc.set_clock()
    liar = Liar(lambda request: reply(request[0], b"\1\0\x06\0\0\0"))
    with liar.logix() as plc:
        plc.set_clock()


def test_a_name_that_is_cut_off_is_refused() -> None:
    liar = Liar(lambda request: reply(request[0], b"\x05\0abc"))
    with liar.logix() as plc, pytest.raises(ProtocolError, match="cut off"):
        plc.name  # noqa: B018


def test_each_page_has_its_time_and_silence_ends_it(device: Device, liar: Liar) -> None:
    pages = [symbol(nth, f"A{nth}", 0xC4) for nth in range(50)]
    now = [1000.0]

    def listed() -> bytes:
        now[0] += 0.9
        return reply(0x55, pages.pop(0), 6 if pages else 0)

    device.listed = listed
    with liar.logix(timeout=1.0) as plc:
        plc._line.clock = lambda: now[0]
        assert len(plc.tags) == 50
        liar.silent = True
        liar.waited = lambda seconds: now.append(now.pop() + seconds)
        with pytest.raises(Timeout):
            plc.browse(refresh=True)


def test_each_answer_has_its_time_where_values_are_copied(tmp_path: Path) -> None:
    tags = "\n".join(f'T{nth} = "DINT[900]"' for nth in range(40))
    memory = Memory(plant(tmp_path, f'[tags]\nHUGE = "SINT[70000]"\n{tags}\n'))
    now = [1000.0]
    session = memory.session

    def slow() -> Callable[[bytes], bytes]:
        answer = session()

        def late(octets: bytes) -> bytes:
            now[0] += 0.9
            return answer(octets)

        return late

    with memory.logix(timeout=1.0) as plc:
        plc._line.clock = lambda: now[0]
        assert plc.write(T39=[5] * 900).ok
        plc.close()
        plc.open()
        memory.session = slow  # type: ignore[method-assign]
        plc._line.timeout = 4.0  # to connect, and who it is
        plc.read("T0")
        plc._line.timeout = 1.0
        text = plc.described(True)
        assert now[0] > 1040
        assert 'T38 = "DINT[900]"' in text
        assert 'T39 = { type = "DINT[900]", value = [5, 5, ' in text
        # It has more elements than an operation can name.
        assert "# what HUGE holds could not be read" in text
        with pytest.raises(Timeout):
            plc.read([f"T{nth}{{900}}" for nth in range(40)])
