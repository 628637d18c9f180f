# SPDX-License-Identifier: Apache-2.0
"""Lays the rows that find the next state: edges, decides, runs of plain states.

Between `laying` and `flatten`.  A state's edges become a table of one column for each
octet and one for none; states that only take a symbol and go on become the rows of a
table that SCAN runs through.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..errors import GrammarError
from . import rows
from .alphabet import Alphabet
from .laying import Laying, Scope, Tail
from .machine import dfa
from .program import Label, Row
from .registers import cell, equals, starts, unflattened
from .states import Edge, decide, holds, state, state_drop, state_input

__all__ = ["Edges"]


class Edges(Laying):
    """The part of a flattener that lays edges."""

    def __init__(self, alphabet: Alphabet) -> None:
        super().__init__()
        self.alphabet = alphabet
        self.symbols = [alphabet.symbol(column) for column in range(256)]
        self.edges: dict[state, list[Edge | None]] = {}
        self.scanned: dict[int, int] = {}
        self.dead = len(self.tables)
        self.tables += [self.dead] * 256 + [0]

    def go(
        self, place: state, scope: Scope, last: Row | None, before: tuple[int, ...]
    ) -> Label:
        """Lay the way to a state; `flatten` knows how."""
        raise NotImplementedError

    def labelled(self, place: state, scope: Scope) -> Label:
        """Where a state's rows are; `flatten` knows."""
        raise NotImplementedError

    def onward(
        self, place: state, scope: Scope, last: Row | None, before: tuple[int, ...]
    ) -> Label:
        """The rows that find the next state."""
        terminal = place._terminal if isinstance(place, dfa) else place.terminal
        if terminal and not (scope.machine.greedy and place.greedy):
            return self.leave(scope.tail, last, before)
        if not place.waits():
            if place.epsilon is None:
                return self.end(place, scope, last, before)
            return self.follow(place.epsilon, place, scope, last, before)
        only = place.wildcard if not (place.exact or place.recognizers) else None
        if only is None or place.epsilon or terminal or only.decides:
            only = None
        if only is not None and isinstance(only.target, cell):
            return self.go(only.target, scope, last, before)
        if self._scannable(place, scope):
            return self._scan(place, scope, before)
        return self._switch(place, scope, before).label

    def end(
        self, place: state, scope: Scope, last: Row | None, before: tuple[int, ...]
    ) -> Label:
        terminal = place._terminal if isinstance(place, dfa) else place.terminal
        if terminal:
            return self.leave(scope.tail, last, before)
        row = self.row("FAIL", before=before)
        self.switched[row.label.pc] = self.id(scope.machine, place)
        return row.label

    def follow(
        self,
        edge: Edge,
        place: state,
        scope: Scope,
        last: Row | None,
        before: tuple[int, ...],
    ) -> Label:
        """Decide between an edge's alternatives."""
        if not edge.decides:
            if edge.target is None:
                return self.end(place, scope, last, before)
            return self.go(edge.target, scope, last, before)
        label: Label | None = None
        for kind, choices in reversed(list(grouped(edge.decides))):
            rest = label or self._rest(edge, place, scope)
            label = self._decide(kind, choices, place, scope, rest)
        if label is None:
            raise GrammarError(f"{place.label}: an edge decides between nothing")
        return self.standing(before, label)

    def _rest(self, edge: Edge, place: state, scope: Scope) -> Label:
        if edge.target is None:
            return self.end(place, scope, None, ())
        return self._choice(edge.target, scope)

    def _choice(self, target: state, scope: Scope) -> Label:
        return self.labelled(target, scope)

    def _decide(
        self,
        kind: object,
        choices: list[decide],
        place: state,
        scope: Scope,
        rest: Label,
    ) -> Label:
        targets = [
            self.end(place, scope, None, ())
            if choice.state is None
            else self._choice(choice.state, scope)
            for choice in choices
        ]
        predicate = choices[0].predicate
        if isinstance(predicate, equals):
            return self._match(predicate.register, choices, targets, rest)
        if isinstance(predicate, starts):
            table = len(self.tables)
            self.tables.append(len(predicate.literals))
            for literal in predicate.literals:
                self.tables += (len(literal), *literal)
            row = self.row(
                "STARTS", predicate.register, table, targets[0], follows=rest
            )
            return row.label
        if isinstance(predicate, holds):
            register = self.scratch()
            effect = self.effect("holds", predicate, scope.path)
            row = self.row("COMPUTE", register, effect)
            test = self.row("TEST", register, rest, follows=targets[0])
            row.follows = test.label
            return row.label
        raise unflattened(place, predicate)

    def _match(
        self, register: int, choices: list[decide], targets: list[Label], rest: Label
    ) -> Label:
        table: list[int | Label] = [rest] * 256
        more: dict[int, Label] = {}
        for choice, target in reversed(list(zip(choices, targets, strict=True))):
            for value in choice.predicate.values:  # type: ignore[attr-defined]
                if 0 <= value < 256:
                    table[value] = target
                else:
                    more[value] = target
        row = self.row("MATCH", register, len(self.tables))
        self.tables += [*table, len(more), rest]
        for value, target in more.items():
            self.tables += (value, target)
        return row.label

    def _switch(self, place: state, scope: Scope, before: tuple[int, ...]) -> Row:
        row = self.row("SWITCH", before=before)
        self.switched[row.label.pc] = self.id(scope.machine, place)
        leads: dict[int, int | Label] = {}
        columns = (*self.columns(place), place.epsilon)
        for edge in columns:
            if id(edge) not in leads:
                leads[id(edge)] = self._column(place, scope, edge)
        row.a = len(self.tables)
        self.tables += [leads[id(edge)] for edge in columns]
        return row

    def columns(self, place: state) -> list[Edge | None]:
        """The edge that each column's symbol takes."""
        if place not in self.edges:
            edge = self.alphabet.edge
            self.edges[place] = [edge(place, symbol) for symbol in self.symbols]
        return self.edges[place]

    def _column(self, place: state, scope: Scope, edge: Edge | None) -> int | Label:
        """Where an edge leads: a row, or -1 for nowhere."""
        terminal = place._terminal if isinstance(place, dfa) else place.terminal
        if edge is None or (edge.target is None and not edge.decides):
            return self.leave_label(scope) if terminal else -1
        key = id(edge)
        if key not in scope.edges:
            if edge.decides:
                scope.edges[key] = self.follow(edge, place, scope, None, ())
            elif edge.target is not None:
                scope.edges[key] = self.labelled(edge.target, scope)
        return scope.edges[key]

    def leave_label(self, scope: Scope) -> Label:
        """The way out, from a place that cannot be the only one to lead there."""
        tail = scope.tail
        if tail.label is None:
            tail.label = self.later(lambda: tail.lay(None, ()))
        tail.sites = 2
        return tail.label

    def leave(self, tail: Tail, last: Row | None, before: tuple[int, ...]) -> Label:
        if tail.sites <= 1:
            return tail.lay(last, before)
        if tail.label is None:
            tail.label = self.later(lambda: tail.lay(None, ()))
        return self.standing(before, tail.label)

    def _scannable(self, place: state, scope: Scope) -> bool:
        if type(place).process not in (state_input.process, state_drop.process):
            return False
        return bool(self._scan_targets(place, scope))

    def _scan_targets(self, place: state, scope: Scope) -> dict[int, state]:
        """By column, the plain states of the same kind that follow directly."""
        if place in scope.runs:
            return scope.runs[place]
        goes: dict[int, state | None] = {}
        targets = scope.runs[place] = {}
        for column, edge in enumerate(self.columns(place)):
            if edge is not None and id(edge) not in goes:
                goes[id(edge)] = self._scans_to(place, edge, scope)
            target = goes.get(id(edge))
            if target is not None:
                targets[column] = target
        return targets

    @staticmethod
    def _scans_to(place: state, edge: Edge, scope: Scope) -> state | None:
        """Where an edge leads, if the run of plain states goes on there."""
        target = edge.target
        if edge.decides or target is None or not target.waits():
            return None
        if type(target).process is not type(place).process:
            return None
        if isinstance(target, state_input) and sink(target) != sink(place):
            return None
        greedy = scope.machine.greedy and target.greedy
        return target if greedy or not target.terminal else None

    def _scan(self, place: state, scope: Scope, before: tuple[int, ...]) -> Label:
        offset = self._scan_row(place, scope)
        collects = self._collects(place, scope)
        return self.row("SCAN", offset, collects, self.dead, before=before).label

    def _scan_row(self, place: state, scope: Scope) -> int:
        """The table row of a state in a run: columns lead to table rows."""
        if place in scope.scans:
            return scope.scans[place]
        offset = scope.scans[place] = len(self.tables)
        self.scanned[offset] = self.id(scope.machine, place)
        self.tables += [self.dead] * rows.SYMBOLS
        self.tables[offset + 256] = self.later(
            lambda: self._switch(place, scope, ()).label
        )

        def fill() -> None:
            for column, target in self._scan_targets(place, scope).items():
                self.tables[offset + column] = self._scan_row(target, scope)

        self.waiting.append(fill)
        return offset

    def _collects(self, place: state, scope: Scope) -> int:
        if not isinstance(place, state_input):
            return -1
        for number, effect in enumerate(self.effects):
            same = effect.kind == "collect" and effect.path == scope.path
            if same and sink(effect.state) == sink(place):
                return number
        return self.effect("collect", place, scope.path)


def sink(place: state) -> tuple[Any, ...]:
    """What makes two input states collect to the same place."""
    return (type(place), place.context, place.extension, place.typecode)


def grouped(choices: list[decide]) -> Iterator[tuple[object, list[decide]]]:
    """Decides in order; neighbours that look at one register go together."""
    kept: list[decide] = []
    for choice in choices:
        predicate: Any = choice.predicate
        known: Any = kept[0].predicate if kept else None
        same = isinstance(predicate, equals) and isinstance(known, equals)
        if kept and not (same and predicate.register == known.register):
            yield kept[0].predicate, kept
            kept = []
        kept.append(choice)
    if kept:
        yield kept[0].predicate, kept
