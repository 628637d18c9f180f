# SPDX-License-Identifier: Apache-2.0
"""What a run of rows tells: the (machine, state) names that it went through.

Beside `program`.  The executor notes only which rows it stood at, and where; this
spells out the states that those rows stand for, as the trace engine gives them out.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from .program import Program, Row

__all__ = ["places", "story"]


def story(
    program: Program, visits: list[tuple[int, int]], octets: Any, end: int
) -> list[tuple[str, str]]:
    """The states behind some visits of rows; `end` is where the run stands now."""
    numbers = places(program, visits, octets, end)
    return [program.names[number][:2] for number in numbers]


def places(
    program: Program, visits: list[tuple[int, int]], octets: Any, end: int
) -> list[int]:
    """The same, as the numbers of the states in the program."""
    numbers: list[int] = []
    done = (-1, end)
    for (pc, pos), (following, after) in pairwise([*visits, done]):
        row = program.rows[pc]
        numbers += states(program, row, octets, pos, after)
        if following >= 0 and not skips(row, following):
            numbers += row.after
    return numbers


def skips(row: Row, following: int) -> bool:
    """Whether a repeat went round again, and so did not end here."""
    goes = row.follows.pc if row.follows is not None else following
    return row.operation in ("NEXT", "REPEAT") and following != goes


def states(
    program: Program, row: Row, octets: Any, pos: int, after: int
) -> Iterator[int]:
    """The states of one row that took octets[pos:after]."""
    yield from row.before
    taken = after - pos
    if row.operation == "SCAN":
        yield from scanned(program, row, octets, pos, after)
    elif row.operation in ("SPAN", "PAD", "DIGITS"):
        yield from row.taken * taken
    else:
        yield from row.taken[:taken]


def scanned(
    program: Program, row: Row, octets: Any, pos: int, after: int
) -> Iterator[int]:
    place = row.a
    for octet in octets[pos:after]:
        place = program.tables[place + octet]
        yield program.scanned[place]
