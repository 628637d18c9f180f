# SPDX-License-Identifier: Apache-2.0
"""One machine on every engine, over every split of its input: all must agree.

`agree` runs a machine by the trace engine and by the table engine, at once, in two
pieces split at every place, and symbol by symbol; it gives back what all of them
said.  `refused` asks for the rows of a machine that cannot have any.  `machines` and
`PATTERNS` make random ones.  Whether the table engine is compiled is decided where
cpppo is installed: the suite runs twice.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import strategies as st

from cpppo.automata import (
    decide,
    dfa,
    holds,
    state,
    state_drop,
    state_input,
)
from cpppo.automata.check import graph
from cpppo.automata.source import chainable, peekable
from cpppo.dotdict import dotdict
from cpppo.errors import GrammarError, Incomplete, ProtocolError

__all__ = [
    "HELD",
    "PATTERNS",
    "SYMBOLS",
    "Failure",
    "Outcome",
    "agree",
    "machines",
    "refused",
    "table",
    "trace",
]

SPLITS_MOST = 40  # longer input is split at as many places as this
NO_DATA: Mapping[str, Any] = {}


@dataclass(frozen=True)
class Failure:
    """An error, and all that it says."""

    kind: type[ProtocolError]
    machine: str
    state: str
    offset: int
    text: str

    @classmethod
    def of(cls, error: ProtocolError) -> Failure:
        place = (error.machine, error.state, error.offset)
        return cls(type(error), *place, str(error))


@dataclass(frozen=True)
class Outcome:
    """What a run came to."""

    states: list[tuple[str, str]]
    data: dict[str, Any]
    sent: int
    terminal: bool
    failure: Failure | None

    @property
    def path(self) -> str:
        """The states alone, in a line."""
        return " ".join(state for _, state in self.states)


def plain(value: Any) -> Any:
    """A value that can be compared, its type and all."""
    if isinstance(value, array):
        return ("array", value.typecode, value.tolist())
    if isinstance(value, list):
        return [plain(one) for one in value]
    return (type(value).__name__, value)


def held(data: dotdict) -> dict[str, Any]:
    return {path: plain(value) for path, value in data.items()}


def filled(data: Mapping[str, Any]) -> dotdict:
    """A dictionary of one's own, however often it is asked for."""
    return dotdict(data).copy()


def trace(
    machine: dfa,
    pieces: Iterable[Any],
    path: str | None = None,
    data: Mapping[str, Any] = NO_DATA,
    chained: bool = True,
) -> Outcome:
    """By the trace engine: pieces are chained as the machine asks for more."""
    waiting = list(pieces)
    own = filled(data)
    source = chainable() if chained else peekable(waiting.pop(0))
    states: list[tuple[str, str]] = []
    failure = None
    with machine as entered:
        try:
            for mch, sta in entered.run(source, path=path, data=own):
                if sta is not None:
                    states.append((mch.label, sta.label))
                # It asks when it has nothing to go on with, or refuses what there is.
                while sta is None and waiting and source.peek() is None:
                    source.chain(waiting.pop(0))
        except ProtocolError as error:
            failure = Failure.of(error)
        terminal = failure is None and entered.terminal
    return Outcome(states, held(own), source.sent, terminal, failure)


def table(
    machine: dfa,
    pieces: Iterable[Any],
    path: str | None = None,
    data: Mapping[str, Any] = NO_DATA,
    watch: bool = True,
) -> Outcome:
    """By the table engine, fed with pieces."""
    own = filled(data)
    parser = machine.parser(path, own, watch=watch)
    failure = None
    try:
        for piece in pieces:
            try:
                parser.feed(piece)
            except Incomplete as error:
                pytest.fail(f"feed raised {error!r}: more input may come")
        parser.close()
    except ProtocolError as error:
        failure = Failure.of(error)
    states = parser.states if watch else []
    return Outcome(states, held(own), parser.sent, parser.terminal, failure)


def splits(symbols: Any) -> Iterator[list[Any]]:
    """The input in two pieces, split everywhere, and in pieces of one symbol."""
    step = max(1, len(symbols) // SPLITS_MOST)
    for at in range(0, len(symbols) + 1, step):
        yield [symbols[:at], symbols[at:]]
    if len(symbols) <= 10 * SPLITS_MOST:
        yield [symbols[at : at + 1] for at in range(len(symbols))]


def agree(
    machine: dfa,
    symbols: Any,
    path: str | None = None,
    data: Mapping[str, Any] = NO_DATA,
) -> Outcome:
    """What every engine says of these symbols, however they come."""
    wanted = trace(machine, [symbols], path, data, chained=False)
    where = f"{machine.label} on {symbols!r}"
    for pieces in ([symbols], *splits(symbols)):
        traced = trace(machine, pieces, path, data)
        assert traced == wanted, f"trace, {where} as {pieces!r}"
        run = table(machine, pieces, path, data)
        assert run == wanted, f"table, {where} as {pieces!r}"
        blind = table(machine, pieces, path, data, watch=False)
        assert replaced(blind, wanted) == wanted, f"unwatched, {where} as {pieces!r}"
    foretold(machine, symbols, path, data)
    return wanted


def replaced(outcome: Outcome, other: Outcome) -> Outcome:
    """An outcome with the states of the other: nobody watched."""
    return Outcome(
        other.states, outcome.data, outcome.sent, outcome.terminal, outcome.failure
    )


def foretold(
    machine: dfa, symbols: Any, path: str | None, data: Mapping[str, Any]
) -> None:
    """At every place, the parser knows whether the input could end there."""
    for watch in (False, True):
        parser = machine.parser(path, filled(data), watch=watch)
        for at in range(min(len(symbols), SPLITS_MOST) + 1):
            wanted = trace(machine, [symbols[:at]], path, data)
            where = f"{machine.label}, of {symbols[:at]!r}"
            assert parser.terminal == wanted.terminal, where
            assert not parser.done or parser.sent <= at, where
            assert not at or parser.rest == symbols[parser.sent : at], where
            try:
                parser.feed(symbols[at : at + 1])
            except ProtocolError:
                return


def refused(machine: dfa, *names: str) -> str:
    """Why a machine cannot be flattened; it names all of these."""
    with pytest.raises(GrammarError) as caught:
        machine.parser()
    for name in names:
        assert name in str(caught.value)
    return str(caught.value)


# -- random machines, and random expressions

KEYS = st.sampled_from(["a", "b", True, None])
LIMITS = st.sampled_from([None, None, None, 0, 1, 2, 3, "..n", ".n", "n"])
REPEATS = st.sampled_from([None, None, None, 0, 1, 2, 3, "..n", "n"])
SYMBOLS = st.text("aaabbc", max_size=7)
HELD: list[dict[str, Any]] = [{}, {"n": 2}, {"n": 2, "x.n": 1, "y.n": 0, "p.n": 3}]


@st.composite
def machines(draw: st.DrawFn, depth: int = 2, known: list[dfa] | None = None) -> dfa:
    """A small graph of plain states and smaller machines, some of them shared."""
    known = [] if known is None else known
    places = [draw(some_state(i, depth, known)) for i in range(draw(st.integers(1, 4)))]
    places = list(dict.fromkeys(places))
    targets = st.sampled_from([*places, *places, *places, None])
    for place in places:
        for key in draw(st.lists(KEYS, unique_by=str, max_size=4)):
            place[key] = draw(targets)
    if draw(st.booleans()):
        values = draw(st.sampled_from([(), (2,)]))
        chosen = decide("d", draw(targets), holds(draw(st.sampled_from("nx")), *values))
        draw(st.sampled_from(places))[draw(KEYS)] = chosen
    made = dfa(
        f"m{len(known)}",
        initial=places[0],
        terminal=draw(st.booleans()),
        greedy=draw(st.sampled_from([True, True, False])),
        context=draw(st.sampled_from([None, "x", "y"])),
        limit=draw(LIMITS),
        repeat=draw(REPEATS),
    )
    known.append(made)
    if draw(st.booleans()):
        hold(made, places)
    return made


@st.composite
def some_state(draw: st.DrawFn, number: int, depth: int, known: list[dfa]) -> state:
    kinds = [state, state_input, state_input, state_drop] + [dfa, dfa] * bool(depth)
    kind = draw(st.sampled_from(kinds))
    if kind is dfa and known and draw(st.booleans()):
        return draw(st.sampled_from(known))
    if kind is dfa:
        return draw(machines(depth - 1, known))
    plain: Any = kind
    made: state = plain(
        f"{plain.__name__}{number}",
        terminal=draw(st.booleans()),
        greedy=draw(st.sampled_from([True, True, False])),
    )
    return made


def hold(made: dfa, places: list[state]) -> None:
    """Have the first machine inside of this one hold it, after a symbol."""
    for inner in places:
        if isinstance(inner, dfa):
            for place in graph(inner):
                if place.consumes:
                    place["b"], made["b"] = made, place
            return


ATOMS = st.sampled_from(
    ["a", "b", "é", "€", "𝄞", ".", "[ab]", "[^a]", "[^é€]", "[a-€]"]
)
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map("({0[0]}|{0[1]})".format),
        st.tuples(inner, st.sampled_from("*+?")).map("({0[0]}){0[1]}".format),
    ),
    max_leaves=6,
)
