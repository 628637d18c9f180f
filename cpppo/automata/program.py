# SPDX-License-Identifier: Apache-2.0
"""A machine as rows of ints: what `execute` runs.

Between `flatten`, which makes the rows, and `execute`.  A row knows which states it
stands for, so a run of rows tells the same story as a run of the graph.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import Any

from . import rows
from .machine import dfa

__all__ = ["Effect", "Label", "Program", "Row"]

NUMBER = {name: number for number, name in enumerate(rows.OPERATIONS)}


class Label:
    """A row to be: what other rows lead to."""

    __slots__ = ("same", "where")

    def __init__(self) -> None:
        self.where = -1
        self.same: Label | None = None  # the label of what was laid for this one

    @property
    def pc(self) -> int:
        label = self
        while label.same is not None:
            label = label.same
        return label.where


@dataclass(slots=True, eq=False)
class Row:
    """One row, and the states that it stands for."""

    operation: str
    a: int | Label = 0
    b: int | Label = 0
    c: int | Label = 0
    d: int = 0
    label: Label = field(default_factory=Label)
    follows: Label | None = None
    builds: tuple[int, ...] = ()
    before: tuple[int, ...] = ()  # entered when the row is reached
    taken: tuple[int, ...] = ()  # entered one by one as octets are taken
    after: list[int] = field(default_factory=list)  # entered when it is done


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that a row does to the data, outside the registers."""

    kind: str
    state: Any
    path: str


class Program:
    """A machine as rows: what `execute.Execution` runs."""

    def __init__(self, machine: dfa, flat: Any) -> None:
        self.machine = machine
        self.alphabet = flat.alphabet
        self.effects = tuple(flat.effects)
        self.names = tuple(flat.names)
        self.states = tuple(place for _, place in flat.ids)
        self.failure: Any = None  # what says why a run of these rows failed
        self.places = tuple(flat.ids)  # the (machine, state) of each name
        self.rows = {row.label.pc: row for row in flat.rows}
        self.scanned = dict(flat.scanned)
        self.switched = dict(flat.switched)
        self.actions: list[tuple[int, ...]] = []
        self.registers = flat.registers
        self.first = flat.first.pc
        chains: dict[tuple[int, ...], int] = {(): -1}
        code: list[int] = []
        for row in flat.rows:
            if row.builds not in chains:
                chains[row.builds] = len(self.actions)
                self.actions.append(row.builds)
            operands = (row.a, row.b, row.c, row.d)
            follows = row.follows.pc if row.follows else 0
            code += (NUMBER.get(row.operation, 99), *map(number, operands))
            code += (follows, chains[row.builds], 0)
        self.code = array("i", code)
        self.tables = array("i", [number(entry) for entry in flat.tables])

    def table(self) -> str:
        """The rows as text, for a person."""
        lines = []
        for pc, row in self.rows.items():
            states = [self.names[i] for i in (*row.before, *row.taken, *row.after)]
            shown = " ".join(f"{machine}.{place}" for machine, place, _ in states)
            operands = " ".join(str(number(o)) for o in (row.a, row.b, row.c, row.d))
            follows = row.follows.pc if row.follows else "-"
            lines.append(
                f"{pc:5} {row.operation:8} {operands:20} {follows!s:>5}  {shown}"
            )
        return "\n".join(lines)


def number(operand: int | Label) -> int:
    return operand.pc if isinstance(operand, Label) else operand
