# SPDX-License-Identifier: Apache-2.0
"""Lays rows: what both parts of the flattener, `edges` and `flatten`, stand on.

Over `program`.  A label is a row to be; rows that are reached in one way only are
laid in one go with the row before them, all others when their turn comes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from . import rows
from .machine import dfa
from .program import Effect, Label, Row
from .states import state

__all__ = ["Laying", "Scope", "Tail"]


@dataclass(slots=True, eq=False)
class Tail:
    """What comes after a part of the graph, laid once however many lead to it."""

    sites: int
    lay: Callable[[Row | None, tuple[int, ...]], Label]
    label: Label | None = None


@dataclass(slots=True, eq=False)
class Scope:
    """One machine where it is being laid."""

    machine: dfa
    path: str
    tail: Tail
    entries: Counter[state]
    labels: dict[state, Label] = field(default_factory=dict)
    edges: dict[int, Label | int] = field(default_factory=dict)
    scans: dict[state, int] = field(default_factory=dict)
    runs: dict[state, dict[int, state]] = field(default_factory=dict)


class Laying:
    """Rows, tables and names, as they are laid."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.tables: list[Any] = []
        self.effects: list[Effect] = []
        self.names: list[tuple[str, str, bool]] = []
        self.ids: dict[tuple[dfa, state], int] = {}
        self.switched: dict[int, int] = {}
        self.waiting: list[Callable[[], Any]] = []
        self.registers = 0

    def scratch(self) -> int:
        self.registers += 1
        return self.registers - 1

    def row(self, operation: str, *operands: Any, **kwds: Any) -> Row:
        row = Row(operation, *operands, **kwds)
        row.label.where = len(self.rows) * rows.WIDTH
        self.rows.append(row)
        return row

    def id(self, machine: dfa, place: state) -> int:
        key = (machine, place)
        if key not in self.ids:
            self.ids[key] = len(self.names)
            terminal = place._terminal if isinstance(place, dfa) else place.terminal
            self.names.append((machine.label, place.label, terminal))
        return self.ids[key]

    def effect(self, kind: str, place: Any, path: str) -> int:
        self.effects.append(Effect(kind, place, path))
        return len(self.effects) - 1

    def later(self, lay: Callable[[], Label]) -> Label:
        """A label whose rows are laid when the present ones are."""
        label = Label()

        def bind() -> None:
            label.same = lay()

        self.waiting.append(bind)
        return label

    def standing(self, before: tuple[int, ...], label: Label) -> Label:
        """`label`, with the states that are entered on the way to it."""
        if not before:
            return label
        return self.row("BUILD", before=before, follows=label).label
