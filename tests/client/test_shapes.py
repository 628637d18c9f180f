# SPDX-License-Identifier: Apache-2.0
"""Lists of lists, and the shape of the tag that they are written to."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from plants import PLANT, Liar, Memory, plant

from cpppo.client import Logix, OperationError
from cpppo.client.catalogue import Catalogue
from cpppo.client.shapes import shape
from cpppo.errors import EncodeError, StatusError


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    return Memory(plant(tmp_path))


@pytest.fixture
def plc(memory: Memory) -> Iterator[Logix]:
    with memory.logix() as found:
        yield found


BEFORE = [0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23]


@pytest.mark.parametrize(
    ("tag", "given", "problem"),
    [
        ("GRID", [[1, 2], [3, 4]], r"shape \[3,4\], rows of 4; .* \[2,2\]"),
        ("GRID", [[1, 2, 3, 4]] * 4, r"shape \[3,4\], not \[4,4\]"),
        ("GRID", [[[1, 2, 3, 4]]], r"\[1,1,4\] do not fit"),
        ("GRID[0,1]", [[1, 2, 3, 4]], "a row is written from its beginning"),
        ("CUBE", [[[1, 2, 3]] * 4] * 2, r"shape \[2,3,4\], rows of 4"),
        ("CUBE", [[[1, 2, 3, 4]] * 2] * 2, r"shape \[2,3,4\]"),
        ("B", [[1, 2], [3, 4]], r"shape \[10\]; .* \[2,2\]"),
        ("A", [[1]], "it is a single value"),
        ("BITS", [[True] * 3], r"shape \[96\]"),
        ("GRID", [[1, 2, 3, 4], [5]], r"same length expected, not \[1\] and \[4\]"),
        ("GRID", [[1, 2, 3, 4], 5], r"not single values and \[4\]"),
        ("Program:Main.X", [[1]], "it is a single value"),
        ("UDT_A.Nested.Arr", [[1, 2], [3]], "rows of the same length"),
    ],
)
def test_lists_of_another_shape_are_refused_and_nothing_is_written(
    plc: Logix, tag: str, given: Any, problem: str
) -> None:
    with pytest.raises(OperationError, match=problem):
        plc.write({"A": 99, tag: given})
    assert plc.read("GRID{12}").value == BEFORE
    assert plc.read("A").value == 0
    assert not any(plc.read("CUBE{24}").value)


@pytest.mark.parametrize(
    ("tag", "given", "found"),
    [
        ("GRID", [[1] * 4, [2] * 4, [3] * 4], [1] * 4 + [2] * 4 + [3] * 4),
        ("GRID", [[1] * 4], [1] * 4 + BEFORE[4:]),
        ("GRID[1,0]", ([1] * 4, [2] * 4), BEFORE[:4] + [1] * 4 + [2] * 4),
        ("GRID", [7, 8], [7, 8, *BEFORE[2:]]),
    ],
)
def test_rows_as_long_as_the_tags_are_written(
    plc: Logix, tag: str, given: Any, found: list[int]
) -> None:
    (one,) = plc.write({tag: given})
    assert one.ok
    assert plc.read("GRID{12}").value == found


def test_of_three_dimensions_the_last_two_may_be_given(plc: Logix) -> None:
    rows = [[nth] * 4 for nth in range(1, 4)]
    assert plc.write(CUBE=[rows, rows]).ok
    assert plc.read("CUBE{24}").value == [one for row in rows for one in row] * 2
    assert plc.write({"CUBE[1,0,0]": [[9] * 4]})[0].ok
    assert plc.read("CUBE[1,0,3]").value == 9


def test_the_list_of_tags_is_asked_for_once_and_only_for_lists_of_lists(
    memory: Memory,
) -> None:
    with memory.logix(depth=1) as plc:
        plc.write(GRID=[1, 2])
        memory.asked()
        plc.write(GRID=[3, 4])
        assert memory.asked() == 1
        plc.write(GRID=[[5] * 4])
        assert memory.asked() > 1
        plc.write(GRID=[[6] * 4])
        assert memory.asked() == 1


def test_where_no_list_is_told_equal_rows_are_enough() -> None:
    def say(request: bytes) -> bytes:
        if request[0] == 0x55:
            return b"\xd5\x00\x08\x00"
        answer = bytes((request[0] | 0x80, 0, 0, 0))
        return answer + (b"\xc3\x00\x00\x00" if request[0] == 0x4C else b"")

    with Liar(say).logix() as plc:
        assert plc.write(GRID=[[1, 2], [3, 4]]).ok
        with pytest.raises(OperationError, match="same length"):
            plc.write(GRID=[[1, 2], [3]])


def test_a_list_that_is_refused_is_asked_for_once_for_each_connection() -> None:
    def say(request: bytes) -> bytes:
        if request[0] == 0x55:
            return b"\xd5\x00\x08\x00"
        answer = bytes((request[0] | 0x80, 0, 0, 0))
        return answer + (b"\xc3\x00\x00\x00" if request[0] == 0x4C else b"")

    liar = Liar(say)
    with liar.logix() as plc:

        def asked() -> list[int]:
            liar.cip.clear()
            assert plc.write(GRID=[[1, 2], [3, 4]]).ok
            return [one[0] for one in liar.cip]

        assert asked() == [0x55] * 3 + [0x4C, 0x4D]  # with fewer attributes each time
        assert asked() == [0x4D]
        with pytest.raises(StatusError, match="the tags are not told"):
            plc.browse()  # who wants the list itself, asks
        assert len(liar.cip) == 4
        assert asked() == [0x4D]
        with pytest.raises(StatusError, match="the tags are not told"):
            plc.browse(refresh=True)
        assert len(liar.cip) == 4
        plc.close()
        plc.open()
        assert asked() == [0x55] * 3 + [0x4C, 0x4D]


def test_a_list_that_was_refused_for_a_while_is_had_afterwards() -> None:
    busy = [2]

    def say(request: bytes) -> bytes:
        return bytes((request[0] | 0x80, 0, *busy[:1], 0)) if busy else b"\xd5\0\0\0"

    with Liar(say).logix() as plc:
        for _ in range(2):
            with pytest.raises(StatusError, match="resource unavailable"):
                plc.browse()
        busy.clear()
        assert plc.browse() == {}


# -- structures in rows

ROWS = PLANT.replace(
    "[tags]\n", '[tags]\nG2 = "InnerUDT[2,3]"\nG3 = "InnerUDT[2,2,2]"\n'
)
BLANK = {"X": 0, "F0": False, "F1": False, "Arr": [0, 0, 0]}


def some(*numbers: int) -> list[dict[str, int]]:
    """A part of a structure for each."""
    return [{"X": one} for one in numbers]


@pytest.fixture(params=["connected", "unconnected"])
def rows(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Logix]:
    memory = Memory(plant(tmp_path, ROWS))
    with memory.logix(connected=request.param == "connected") as found:
        yield found


@pytest.mark.parametrize(
    ("tag", "given", "found"),
    [
        ("G2", [some(1, 2, 3), some(4, 5, 6)], [1, 2, 3, 4, 5, 6]),
        ("G2[0,1]{4}", some(1, 2, 3, 4), [0, 1, 2, 3, 4, 0]),
        ("G2[0,1-2]", some(1, 2), [0, 1, 2, 0, 0, 0]),
        ("G2[1,0]", some(1, 2, 3), [0, 0, 0, 1, 2, 3]),
        ("G2[1,2]", {"X": 7}, [0, 0, 0, 0, 0, 7]),
        ("G2{2}", some(1, 2), [1, 2, 0, 0, 0, 0]),
        ("G2{4}", [{"X": 1} | BLANK, *some(2, 3, 4)], [0, 2, 3, 4, 0, 0]),
        ("G3", [[some(1, 2), some(3, 4)], [some(5, 6), some(7, 8)]], [*range(1, 9)]),
        ("G3[0,1,1]{4}", some(1, 2, 3, 4), [0, 0, 0, 1, 2, 3, 4, 0]),
        ("G3[1,0,0]", [some(1, 2)], [0, 0, 0, 0, 1, 2, 0, 0]),
    ],
)
def test_members_are_written_over_the_ends_of_rows(
    rows: Logix, tag: str, given: Any, found: list[int]
) -> None:
    (one,) = rows.write({tag: given})
    assert one.ok, one.words
    whole = rows.tags[tag.partition("[")[0].partition("{")[0]].whole
    assert [one["X"] for one in rows.read(whole).value] == found


@pytest.mark.parametrize(
    ("tag", "count"), [("G2[1,1]", 3), ("G2", 7), ("G3[1,1,0]", 3), ("INS[5]", 2)]
)
def test_of_members_beyond_the_last_row_none_is_written(
    rows: Logix, tag: str, count: int
) -> None:
    (one,) = rows.write({f"{tag}{{{count}}}": some(*range(1, count + 1))})
    assert (one.ok, one.words) == (False, "beyond the end of the tag")
    for whole in ("G2{6}", "G3{8}", "INS{6}"):
        assert not any(one["X"] for one in rows.read(whole).value)


def test_members_of_an_array_in_a_structure_have_one_dimension(rows: Logix) -> None:
    assert rows.write({"UDT_A.Several": some(1, 2)})[0].ok
    assert [one["X"] for one in rows.read("UDT_A.Several{2}").value] == [1, 2]


def test_where_rows_end_has_to_be_known(
    rows: Logix, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = [BLANK | one for one in some(1, 2, 3, 4)]
    assert rows.read("G2").ok

    def untold(*_: object) -> Iterator[Any]:
        raise StatusError(8, (), "the tags are not told")
        yield

    monkeypatch.setattr(Catalogue, "_listing", untold)
    with pytest.raises(OperationError, match="does not tell where its rows end"):
        rows.write({"G2[0,1]{4}": some(1, 2, 3, 4)})
    assert rows.write({"G2[0,1]{4}": whole})[0].ok
    assert rows.write({"G2[1,2]": {"X": 9}})[0].ok
    assert [one["X"] for one in rows.read("G2{6}").value] == [0, 1, 2, 3, 4, 9]


def test_a_shape_is_that_of_all_rows() -> None:
    assert shape([1, 2]) == (2,)
    assert shape([[[1, 2]], ([3, 4],)]) == (2, 1, 2)
    with pytest.raises(EncodeError):
        shape([[[1]], [2]])


def test_a_list_that_is_known_refuses_too_and_one_that_is_old_is_asked_for_again() -> (
    None
):
    sizes = [2, 2]

    def say(request: bytes) -> bytes:
        if request[0] == 0x55:
            head = struct.pack("<IH", 1, 4) + b"GRID"
            tag = struct.pack("<HI3IB", 0x40C3, 1 << 26, *sizes, 0, 0)
            return b"\xd5\x00\x00\x00" + head + tag
        answer = bytes((request[0] | 0x80, 0, 0, 0))
        return answer + (b"\xc3\x00\x00\x00" if request[0] == 0x4C else b"")

    liar = Liar(say)
    with liar.logix() as plc:
        assert plc.write(GRID=[[1, 2], [3, 4]]).ok
        with pytest.raises(OperationError, match=r"shape \[2,2\]"):
            plc.write(GRID=[[1, 2, 3]])
        sizes[:] = [1, 3]
        assert plc.write(GRID=[[1, 2, 3]]).ok
        liar.cip.clear()
        assert plc.write(GRID=[[1, 2, 3]]).ok
        assert [one[0] for one in liar.cip] == [0x4D]
