# SPDX-License-Identifier: Apache-2.0
"""Lists of lists, and the shape of the tag that they are written to."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from plants import Liar, Memory, plant

from cpppo.client import Logix, OperationError
from cpppo.client.shapes import shape
from cpppo.errors import EncodeError


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
