# SPDX-License-Identifier: Apache-2.0
"""Flattens a machine to rows of ints: the same states, for `execute` to run.

Between `machine`/`registers` (the graph) and `execute` (the rows).  Each state of the
graph keeps its place: a row knows which states it stands for, so a run of rows tells
the same story as a run of the graph.  Sub-machines that are used once are laid where
they are used; others are called.  Only the closed set of states and conditions can be
flattened; a machine that holds any other callable is refused, naming it.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ..errors import GrammarError
from . import rows
from .alphabet import Alphabet
from .check import check, graph
from .machine import (
    Edge,
    decide,
    dfa,
    holds,
    join,
    state,
    state_drop,
    state_input,
    state_struct,
)
from .registers import (
    Count,
    bits,
    built,
    cell,
    digits,
    equals,
    pad,
    repeated,
    section,
    span,
    starts,
    unflattened,
)

__all__ = ["Effect", "Program", "Row", "flatten"]

NUMBER = {name: number for number, name in enumerate(rows.OPERATIONS)}
INTS = {1: "INT1", 2: "INT2", 4: "INT4"}
STRAIGHT_MOST = 120  # rows laid in one go before the rest is put off


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


class Program:
    """A machine as rows: what `execute.Execution` runs."""

    def __init__(self, machine: dfa, flat: Flattening) -> None:
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


def flatten(machine: dfa) -> Program:
    """The rows of `machine`; a GrammarError if it holds any callable of its own."""
    return Program(machine, Flattening(machine))


class Flattening:
    """The work of flattening one machine."""

    def __init__(self, machine: dfa) -> None:
        self.rows: list[Row] = []
        self.tables: list[Any] = []
        self.effects: list[Effect] = []
        self.names: list[tuple[str, str, bool]] = []
        self.ids: dict[tuple[dfa, state], int] = {}
        self.scanned: dict[int, int] = {}
        self.switched: dict[int, int] = {}
        self.calls: dict[dfa, Label] = {}
        self.waiting: list[Callable[[], Any]] = []
        self.depth = 0
        self.graphs: dict[dfa, list[state]] = {}
        self.used: Counter[dfa] = Counter()
        self.recursive: set[dfa] = set()
        self._survey(machine)
        check(self.graphs)
        self.alphabet = Alphabet.of(
            one for many in self.graphs.values() for one in many
        )
        self.registers = 2 + max(self._registers(), default=-1)
        self.symbols = [self.alphabet.symbol(column) for column in range(256)]
        self.edges: dict[state, list[Edge | None]] = {}
        self.dead = len(self.tables)
        self.tables += [self.dead] * 256 + [0]
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

    def scratch(self) -> int:
        self.registers += 1
        return self.registers - 1

    # -- rows

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
        first: list[Row] = []

        def lay(operation: str, *operands: Any, **kwds: Any) -> None:
            nonlocal before, last
            row = self.row(operation, *operands, before=before, **kwds)
            before, last = (), row
            if first:
                first[-1].follows = row.label
            first.append(row)

        saved: tuple[int, ...] = ()
        limited = strict = False
        if type(machine).prepare is not dfa.prepare:
            lay("EFFECT", self.effect("prepare", machine, path))
        if isinstance(machine, section):
            saved = machine.saved
            strict = True
            for register in saved:
                lay("SAVE", register)
            if machine.count is not None:
                lay("LIMIT", *counted(machine.count), 1)
                limited = True
        elif machine.limit is not None:
            limited = True
            for row in self._limit(machine, path):
                lay(*row)
        again = self._repeat(machine, path)
        for row in again:
            lay(*row)

        def undo(row: Row | None, before: tuple[int, ...]) -> Label:
            return self._undo(tail, limited, strict, saved, row, before)

        done = Tail(2 if again else 1, undo)

        def ending(row: Row | None, before: tuple[int, ...]) -> Label:
            if again:
                row = self.row("NEXT", body, before=before)
                row.follows = self._left(machine, path, done, None, ())
                return row.label
            return self._left(machine, path, done, row, before)

        if again:
            first[-1].b = self.leave(done, None, ())

        # Entered again by NEXT: nothing may be merged into the row before.
        scope = self.scope(machine, path, ending)
        if again:
            scope.entries[machine.initial] += 1
            body = self.labelled(machine.initial, scope)
            first[-1].follows = body
            return first[0].label
        label = self.go(machine.initial, scope, last, before)
        if first:
            first[-1].follows = label
            return first[0].label
        return label

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

    def _undo(
        self,
        tail: Callable[[Row | None, tuple[int, ...]], Label],
        limited: bool,
        strict: bool,
        saved: tuple[int, ...],
        last: Row | None,
        before: tuple[int, ...],
    ) -> Label:
        """Lay what takes back a machine's limit and saved registers."""
        laid: list[Row] = []

        def lay(operation: str, *operands: Any) -> None:
            nonlocal before
            laid.append(self.row(operation, *operands, before=before))
            before = ()

        if limited:
            lay("UNLIMIT", 0, 0, 0, int(strict))
        for register in reversed(saved):
            lay("RESTORE", register)
        if not laid:
            return tail(last, before)
        for row, following in zip(laid, laid[1:], strict=False):
            row.follows = following.label
        laid[-1].follows = tail(laid[-1], ())
        return laid[0].label

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
        for row, following in zip(laid, laid[1:], strict=False):
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

    def leave(self, tail: Tail, last: Row | None, before: tuple[int, ...]) -> Label:
        if tail.sites <= 1:
            return tail.lay(last, before)
        if tail.label is None:
            tail.label = self.later(lambda: tail.lay(None, ()))
        return self.standing(before, tail.label)

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
        entered = (*before, *here)
        row: Row | None = None
        if isinstance(place, span):
            count = place.count
            operands = (
                counted(count) if isinstance(count, Count) else (rows.TO_END, 1, 0)
            )
            row = self.row(
                "SPAN", place.register, *operands, taken=here, before=entered
            )
        elif isinstance(place, digits):
            literal = len(self.tables)
            self.tables += (len(place.end), *place.end)
            operands = (place.register, place.most, literal)
            row = self.row("DIGITS", *operands, taken=here, before=entered)
        elif isinstance(place, pad):
            row = self.row("PAD", place.origin, place.to, taken=here, before=entered)
        elif isinstance(place, bits):
            operands = (place.origin, place.register, place.shift)
            row = self.row("BITS", *operands, place.mask, before=entered)
        elif isinstance(place, built):
            if place.here is not None:
                row = self.row("HERE", place.here, before=entered)
        elif type(place).process in (state_input.process, state_drop.process):
            collects = self._collects(place, scope)
            row = self.row("TAKE", collects, before=entered)
        elif type(place).process is state_struct.process:
            effect = self.effect("decode", place, scope.path)
            row = self.row("EFFECT", effect, before=entered)
        elif type(place).process is not state.process:
            raise unflattened(place, type(place).process)
        elif type(place).steps is not state.steps:
            raise unflattened(place, type(place).steps)
        if row is not None:
            row.builds = getattr(place, "builds", ())
        return row, place

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

    def _collects(self, place: state, scope: Scope) -> int:
        if not isinstance(place, state_input):
            return -1
        for number, effect in enumerate(self.effects):
            if effect.kind == "collect" and effect.path == scope.path:
                if sink(effect.state) == sink(place):
                    return number
        return self.effect("collect", place, scope.path)

    # -- edges

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
        if only is not None and not (place.epsilon or terminal or only.decides):
            if isinstance(only.target, cell):
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

    # -- runs of plain states

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


KNOWN_STEPS = (dfa.steps, section.steps)
KNOWN_RUNS = (dfa.run, section.run)


def counted(count: Count) -> tuple[int, int, int]:
    register = -1 if count.register is None else count.register
    return register, count.unit, count.bias


def sink(place: state) -> tuple[Any, ...]:
    """What makes two input states collect to the same place."""
    return (type(place), place.context, place.extension, place.typecode)


def grouped(choices: list[decide]) -> Iterator[tuple[object, list[decide]]]:
    """Decides in order; neighbours that look at one register go together."""
    kept: list[decide] = []
    for choice in choices:
        predicate = choice.predicate
        known = kept[0].predicate if kept else None
        same = isinstance(predicate, equals) and isinstance(known, equals)
        if kept and not (same and predicate.register == known.register):
            yield kept[0].predicate, kept
            kept = []
        kept.append(choice)
    if kept:
        yield kept[0].predicate, kept
