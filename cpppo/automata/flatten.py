# SPDX-License-Identifier: Apache-2.0
"""Flattens a machine to rows of ints: the same states, for `execute` to run.

Over `edges`; between the graph (`machine`, `registers`) and the rows (`program`).
Sub-machines that are used once are laid where they are used; others are called.
Only the closed set of states and conditions can be flattened; a machine that holds
any other callable is refused, naming it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from . import rows
from .alphabet import Alphabet
from .check import check, graph
from .edges import Edges
from .laying import Scope, Tail
from .machine import dfa
from .program import Label, Program, Row
from .registers import (
    Count,
    bits,
    built,
    cell,
    digits,
    pad,
    repeated,
    section,
    span,
    taking,
    unflattened,
)
from .states import join, state, state_drop, state_input, state_struct

__all__ = ["flatten"]

INTS = {1: "INT1", 2: "INT2", 4: "INT4"}
STRAIGHT_MOST = 120  # rows laid in one go before the rest is put off


def flatten(machine: dfa) -> Program:
    """The rows of `machine`; a GrammarError if it holds any callable of its own."""
    return Program(machine, Flattening(machine))


class Flattening(Edges):
    """The work of flattening one machine."""

    def __init__(self, machine: dfa) -> None:
        self.calls: dict[dfa, Label] = {}
        self.depth = 0
        self.graphs: dict[dfa, list[state]] = {}
        self.used: Counter[dfa] = Counter()
        self.recursive: set[dfa] = set()
        self._survey(machine)
        check(self.graphs)
        places = [one for many in self.graphs.values() for one in many]
        super().__init__(Alphabet.of(places))
        self.registers = 2 + max(self._registers(), default=-1)
        self.first = self._top(machine)
        while self.waiting:
            self.waiting.pop()()

    # -- what there is

    def _survey(self, top: dfa) -> None:
        """Find every machine inside, how often it is used, and who holds itself."""
        inside: set[dfa] = set()

        def visit(machine: dfa) -> None:
            if machine in self.graphs:
                return
            self.graphs[machine] = graph(machine)
            inside.add(machine)
            for place in self.graphs[machine]:
                if isinstance(place, dfa):
                    self.used[place] += 1
                    if place in inside:
                        self.recursive.add(place)
                    visit(place)
            inside.discard(machine)

        visit(top)
        for machine in self.graphs:
            if machine.nests and not isinstance(machine, section):
                self.recursive.add(machine)

    def _registers(self) -> Iterator[int]:
        for places in self.graphs.values():
            for place in places:
                while isinstance(place, cell) and place.load is None:
                    place = place.edge(0).target  # type: ignore[union-attr,assignment]
                if isinstance(place, cell) and place.load is not None:
                    yield place.load.register
                if isinstance(place, span):
                    yield place.register + 1
                if isinstance(place, bits | digits):
                    yield place.register
                if isinstance(place, built) and place.here is not None:
                    yield place.here

    def _top(self, machine: dfa) -> Label:
        def done(_: Row | None, before: tuple[int, ...]) -> Label:
            return self.row("DONE", before=before).label

        return self.inside(machine, "", done, None, ())

    # -- machines

    def scope(self, machine: dfa, path: str, tail: Callable[..., Label]) -> Scope:
        for known, own in (
            (KNOWN_STEPS, type(machine).steps),
            (KNOWN_RUNS, type(machine).run),
        ):
            if own not in known:
                raise unflattened(machine, own)
        places = self.graphs[machine]
        entries = Counter({machine.initial: 1})
        for place in places:
            for _, edge in place.edges():
                entries.update(edge.states())
        sites = sum(
            place._terminal if isinstance(place, dfa) else place.terminal
            for place in places
        )
        return Scope(machine, path, Tail(sites, tail), entries)

    def inside(
        self,
        machine: dfa,
        path: str,
        tail: Callable[[Row | None, tuple[int, ...]], Label],
        last: Row | None,
        before: tuple[int, ...],
    ) -> Label:
        """Lay what a machine does between being entered and being done."""
        path = join(path, machine.context) if machine.context else path
        again = self._repeat(machine, path)
        laid = self._chain([*self._opening(machine, path), *again], before)
        if laid:
            last, before = laid[-1], ()

        def undo(row: Row | None, before: tuple[int, ...]) -> Label:
            return self._undo(machine, tail, row, before)

        done = Tail(2 if again else 1, undo)

        def ending(row: Row | None, before: tuple[int, ...]) -> Label:
            if again:
                row = self.row("NEXT", body, before=before)
                row.follows = self._left(machine, path, done, None, ())
                return row.label
            return self._left(machine, path, done, row, before)

        scope = self.scope(machine, path, ending)
        if again:
            # NEXT leads here too, so nothing may be merged into the row before.
            laid[-1].b = self.leave(done, None, ())
            scope.entries[machine.initial] += 1
            body = self.labelled(machine.initial, scope)
        else:
            body = self.go(machine.initial, scope, last, before)
        if not laid:
            return body
        laid[-1].follows = body
        return laid[0].label

    def _undo(
        self,
        machine: dfa,
        tail: Callable[[Row | None, tuple[int, ...]], Label],
        last: Row | None,
        before: tuple[int, ...],
    ) -> Label:
        closing = self._chain(self._closing(machine), before)
        if not closing:
            return tail(last, before)
        closing[-1].follows = tail(closing[-1], ())
        return closing[0].label

    def _chain(
        self, wanted: list[tuple[Any, ...]], before: tuple[int, ...]
    ) -> list[Row]:
        """Rows in a line, the first of which is where `before` is entered."""
        laid = [self.row(*one) for one in wanted]
        for row, following in pairwise(laid):
            row.follows = following.label
        if laid:
            laid[0].before = before
        return laid

    def _opening(self, machine: dfa, path: str) -> Iterator[tuple[Any, ...]]:
        """What is done before a machine's graph is entered."""
        if type(machine).prepare is not dfa.prepare:
            yield "EFFECT", self.effect("prepare", machine, path)
        if isinstance(machine, section):
            for register in machine.saved:
                yield "SAVE", register
            if machine.count is not None:
                yield "LIMIT", *counted(machine.count), 1
        elif machine.limit is not None:
            yield from self._limit(machine, path)

    @staticmethod
    def _closing(machine: dfa) -> list[tuple[Any, ...]]:
        """What takes back a machine's limit, and the registers it saved."""
        if not isinstance(machine, section):
            return [] if machine.limit is None else [("UNLIMIT",)]
        undone: list[tuple[Any, ...]] = []
        if machine.count is not None:
            undone.append(("UNLIMIT", 0, 0, 0, 1))
        return undone + [("RESTORE", one) for one in reversed(machine.saved)]

    def _left(
        self,
        machine: dfa,
        path: str,
        done: Tail,
        last: Row | None,
        before: tuple[int, ...],
    ) -> Label:
        """Lay what a machine does with the artifacts of its graph."""
        if type(machine).leave is dfa.leave:
            return self.leave(done, last, before)
        if not hasattr(machine, "decode"):
            raise unflattened(machine, type(machine).leave)
        row = self.row("EFFECT", self.effect("decode", machine, path), before=before)
        row.follows = self.leave(done, row, ())
        return row.label

    def _limit(self, machine: dfa, path: str) -> Iterator[tuple[Any, ...]]:
        limit = machine.limit
        if isinstance(limit, int):
            yield "LIMIT", -1, 1, limit, 0
        elif isinstance(limit, str):
            register = self.scratch()
            yield "COMPUTE", register, self.effect("limit", machine, path)
            yield "LIMIT", register, 1, 0, 0
        else:
            raise unflattened(machine, limit)

    def _repeat(self, machine: dfa, path: str) -> list[tuple[Any, ...]]:
        if isinstance(machine, repeated):
            register, unit, bias = counted(machine.times)
            return [("REPEAT", register, 0, unit, bias)]
        if machine.repeat is None:
            return []
        if isinstance(machine.repeat, int):
            return [("REPEAT", -1, 0, 1, machine.repeat)]
        register = self.scratch()
        number = self.effect("repeat", machine, path)
        return [("COMPUTE", register, number), ("REPEAT", register, 0, 1, 0)]

    def machine(
        self, inner: dfa, scope: Scope, last: Row | None, before: tuple[int, ...]
    ) -> Label:
        """Lay a machine that is a state of another, and what comes after it."""

        def after(row: Row | None, before: tuple[int, ...]) -> Label:
            return self.onward(inner, scope, row, before)

        here = self.id(scope.machine, inner)
        if last is not None:
            last.after.append(here)
        else:
            before = (*before, here)
        if self.used[inner] <= 1 and inner not in self.recursive:
            return self.inside(inner, scope.path, after, last, before)
        return self._call(inner, scope, before, after)

    def _call(
        self, inner: dfa, scope: Scope, before: tuple[int, ...], after: Any
    ) -> Label:
        nests = int(inner.nests)

        def back(_: Row | None, before: tuple[int, ...]) -> Label:
            return self.row("RETURN", 0, nests, before=before).label

        if inner not in self.calls:
            self.calls[inner] = self.later(
                lambda: self.inside(inner, "", back, None, ())
            )
        laid = []
        if scope.path:
            laid.append(self.row("EFFECT", self.effect("enter", None, scope.path)))
        laid.append(self.row("CALL", self.calls[inner], nests))
        self.switched[laid[-1].label.pc] = self.id(scope.machine, inner)
        if scope.path:
            laid.append(self.row("EFFECT", self.effect("back", None, scope.path)))
        laid[0].before = before
        for row, following in pairwise(laid):
            row.follows = following.label
        # What is called returns to here: nothing merges into the call itself.
        laid[-1].follows = after(laid[-1] if scope.path else None, ())
        return laid[0].label

    # -- states

    def labelled(self, place: state, scope: Scope) -> Label:
        """Where a state's rows are, to be laid if they are not yet."""
        label = scope.labels.get(place)
        if label is None:
            label = scope.labels[place] = self.later(
                lambda: self.lay(place, scope, None, ())
            )
        return label

    def go(
        self, place: state, scope: Scope, last: Row | None, before: tuple[int, ...]
    ) -> Label:
        """Lay the way to a state, and the state too when this is the only way."""
        if scope.entries[place] > 1 or self.depth > STRAIGHT_MOST:
            return self.standing(before, self.labelled(place, scope))
        self.depth += 1
        try:
            return self.lay(place, scope, last, before)
        finally:
            self.depth -= 1

    def lay(
        self, place: state, scope: Scope, last: Row | None, before: tuple[int, ...]
    ) -> Label:
        """The rows of one state, and of what follows it in a straight line."""
        if isinstance(place, dfa):
            return self.machine(place, scope, last, before)
        row, ending = self._own_row(place, scope, before)
        if row is not None:
            row.follows = self.onward(ending, scope, row, ())
            return row.label
        here = self.id(scope.machine, place)
        builds = place.builds if isinstance(place, built) else ()
        if last is not None:
            last.after.append(here)
            last.builds += builds
        elif builds:
            row = self.row("BUILD", builds=builds, before=(*before, here))
            row.follows = self.onward(place, scope, row, ())
            return row.label
        else:
            before = (*before, here)
        return self.onward(place, scope, last, before)

    def _own_row(
        self, place: state, scope: Scope, before: tuple[int, ...]
    ) -> tuple[Row | None, state]:
        """The row of a state that does something, and where its chain ends."""
        if isinstance(place, cell):
            return self._number(place, scope, before)
        here = (self.id(scope.machine, place),)
        wanted = self._register_row(place)
        kind = type(place)
        if wanted is None and kind.process in (state_input.process, state_drop.process):
            wanted = ("TAKE", self._collects(place, scope))
        elif wanted is None and kind.process is state_struct.process:
            wanted = ("EFFECT", self.effect("decode", place, scope.path))
        elif wanted is None:
            for known, own in (
                (KNOWN_PROCESS, kind.process),
                (KNOWN_STEPS, kind.steps),
            ):
                if own not in known:
                    raise unflattened(place, own)
            return None, place
        row = self.row(*wanted, before=(*before, *here))
        if isinstance(place, taking):
            row.taken = here
        row.builds = getattr(place, "builds", ())
        return row, place

    def _register_row(self, place: state) -> tuple[Any, ...] | None:
        """The row of a state that works on registers."""
        if isinstance(place, span):
            count = place.count
            if isinstance(count, Count):
                return "SPAN", place.register, *counted(count)
            return "SPAN", place.register, rows.TO_END, 1, 0
        if isinstance(place, digits):
            literal = len(self.tables)
            self.tables += (len(place.end), *place.end)
            return "DIGITS", place.register, place.most, literal
        if isinstance(place, pad):
            return "PAD", place.origin, place.to
        if isinstance(place, bits):
            return "BITS", place.origin, place.register, place.shift, place.mask
        if isinstance(place, built) and place.here is not None:
            return "HERE", place.here
        return None

    def _number(
        self, first: cell, scope: Scope, before: tuple[int, ...]
    ) -> tuple[Row, state]:
        """A chain of cells: one row that takes the whole number."""
        chain = [first]
        while chain[-1].load is None:
            chain.append(chain[-1].edge(0).target)  # type: ignore[union-attr,arg-type]
        load = chain[-1].load
        taken = tuple(self.id(scope.machine, one) for one in chain)
        plain = load.width in INTS and not load.signed
        if plain and (not load.big or load.width == 1):
            row = self.row(INTS[load.width], load.register)
        else:
            flags = rows.BIG * load.big
            flags |= rows.SIGNED * (load.signed or load.width == 8)
            row = self.row("INTN", load.register, load.width, flags)
        row.before, row.taken, row.builds = before, taken, chain[-1].builds
        return row, chain[-1]


KNOWN_PROCESS = (state.process, built.process)
KNOWN_STEPS = (state.steps, dfa.steps, section.steps)
KNOWN_RUNS = (dfa.run, section.run)


def counted(count: Count) -> tuple[int, int, int]:
    register = -1 if count.register is None else count.register
    return register, count.unit, count.bias
