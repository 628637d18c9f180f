# SPDX-License-Identifier: Apache-2.0
"""Machines: states that run an inner graph, and their run symbol by symbol.

Over `states`.  `run` is the trace engine: it gives out (machine, state) each time a
state is entered, before that state takes its symbol, and (machine, None) when it
cannot go on now.  A machine is a state, so machines nest.

A machine holds no run: what is current lives with whoever entered it by `with`, so
one machine serves any number of threads.  Rules: no clock, no socket, no lock.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar, Token
from typing import Any, cast

from ..dotdict import dotdict
from ..errors import GrammarError, Incomplete, Malformed, ProtocolError
from .once import once
from .rows import LENGTH_MOST, NESTED
from .source import peekable
from .states import Limit, Steps, describe_edges, is_limited, join, state

__all__ = ["dfa", "dfa_post"]


class Place:
    """Where one machine stands in one run."""

    __slots__ = ("current", "cycle", "ended", "final", "inner")

    def __init__(self) -> None:
        self.current: state | None = None
        self.inner: Place | None = None  # where that stands, if it is a machine
        self.ended = False
        self.cycle = 0
        self.final = 0


class Entered:
    """One entry by `with`: the places of a machine and of all inside it."""

    __slots__ = ("depth", "machine", "places", "token")

    def __init__(self, machine: dfa) -> None:
        self.machine = machine
        self.depth = 0  # machines entered of those that hold themselves
        self.places: dict[dfa, Place] = {}
        self.token: Token[tuple[Entered, ...]] | None = None


ENTERED: ContextVar[tuple[Entered, ...]] = ContextVar("entered", default=())


class dfa(state):
    """A machine: a state that runs an inner graph from `initial`, then its own edges.

    `repeat` runs the inner graph that many times; `limit` bounds the symbols.  Both
    may be a number or a relative data path; a limit may be a callable too.
    """

    def __init__(
        self,
        name: str | state | None = None,
        initial: Any = None,
        terminal: bool | None = None,
        context: str | None = None,
        repeat: int | str | None = None,
        limit: Limit = None,
        greedy: bool = True,
        **kwds: Any,
    ) -> None:
        if not isinstance(initial, state):
            raise GrammarError(
                f"machine {name!r}: needs an initial state, not {initial!r}"
            )
        if name is None:
            name = initial.label
        if isinstance(limit, int):
            declared(name, "limit", limit)
        if not isinstance(repeat, str | None):
            declared(name, "repeat", repeat)
        super().__init__(
            name, terminal=terminal, context=context, greedy=greedy, limit=limit, **kwds
        )
        self.initial = initial
        self.repeat = repeat
        self._last = Place()

    @once
    def program(self) -> Any:
        """This machine as rows; made once, so the graph must be complete."""
        from .flatten import flatten  # what flattens machines is above them

        return flatten(self)

    @once
    def nests(self) -> bool:
        """Whether it may hold itself; asked once, so the graph must be complete."""
        from .check import holds_itself  # what looks over machines is above them

        return holds_itself(self)

    def parser(
        self, path: str | None = None, data: Any = None, watch: bool = False
    ) -> Any:
        """A run of this machine by the table engine, fed as input comes."""
        from .parser import Parser

        return Parser(self, path, data, watch)

    # -- who runs it

    def __enter__(self) -> Any:
        entered = Entered(self)
        entered.token = ENTERED.set((*ENTERED.get(), entered))
        return self

    def __exit__(self, *exc: object) -> None:
        entered = self._entered()
        if entered is None or entered.token is None:
            return
        ENTERED.reset(entered.token)
        for machine, place in entered.places.items():
            machine._last = place

    def _entered(self) -> Entered | None:
        for entered in reversed(ENTERED.get()):
            if entered.machine is self:
                return entered
        return None

    def _run_of(self, outer: dfa | None) -> Entered:
        for entered in reversed(ENTERED.get()):
            if entered.machine is self if outer is None else outer in entered.places:
                return entered
        return Entered(self)

    def _place(self) -> Place:
        for entered in reversed(ENTERED.get()):
            place = entered.places.get(self)
            if place is not None:
                return place
            if entered.machine is self:
                return Place()
        return self._last

    @property
    def current(self) -> state | None:
        """The state that the run in progress here stands in (or the last run did)."""
        return self._place().current

    @property
    def name(self) -> str:
        return self._named(self._place())

    def _named(self, place: Place) -> str:
        current = place.current
        if current is None:
            return self._name
        shown = current.label
        # A machine inside of itself has a place for each time it was entered.
        if isinstance(current, dfa) and place.inner is not None:
            shown = current._named(place.inner)
        shown = f"(({shown}))" if self.stands_well(place) else f"( {shown} )"
        return f"{self._name}.{shown}"

    @property
    def terminal(self) -> bool:
        return self._terminal and self.satisfied()

    def satisfied(self, place: Place | None = None) -> bool:
        """Whether the inner graph may end where it stands."""
        place = self._place() if place is None else place
        if place.cycle + 1 < place.final:
            return False
        return place.current is None or self.stands_well(place)

    @staticmethod
    def stands_well(place: Place) -> bool:
        """Whether the state of a place is terminal, be it a machine or none."""
        current = cast(state, place.current)
        if isinstance(current, dfa) and place.inner is not None:
            return current._terminal and current.satisfied(place.inner)
        return current._terminal if isinstance(current, dfa) else current.terminal

    # -- the run

    def run(
        self,
        source: Any,
        machine: dfa | None = None,
        path: str | None = None,
        data: Any = None,
        ending: int | None = None,
    ) -> Steps:
        if self._entered() is None:
            raise RuntimeError(
                f"{self._name} must be entered before it is run: "
                "with machine as m: for mch, sta in m.run(...)"
            )
        if machine is not None:
            return super().run(source, machine, path, data, ending)
        # Its own edges are those of a machine around it, and there is none.
        data = dotdict() if data is None else data
        return self.steps(peekable(source), machine, path, data, ending)

    def steps(
        self,
        source: Any,
        machine: dfa | None,
        path: str | None,
        data: Any,
        ending: int | None,
    ) -> Steps:
        entered = self._run_of(machine)
        if machine is None:
            entered.depth = 0
        elif self.nests:
            entered.depth += 1
            if entered.depth > NESTED:
                raise self.too_deep(machine, source.sent)
        former = entered.places.get(self)
        place = entered.places[self] = Place()
        outer = None if machine is None else entered.places.get(machine)
        if outer is not None:
            outer.inner = place
        path = join(path, self.context)
        self.prepare(data, path)
        ending = self.bound(source, path, data, ending)
        place.final = self.cycles(source, path, data)
        while place.cycle < place.final:
            began = source.sent
            yield from self._cycle(place, source, path, data, ending)
            place.cycle = place.final if source.sent == began else place.cycle + 1
        place.ended = True
        if outer is not None and former is not None and not former.ended:
            entered.places[self] = former  # it was inside of itself
        if place.final:
            self.leave(source, path, data, ending)
        if machine is not None and self.nests:
            entered.depth -= 1

    def too_deep(self, machine: dfa, offset: int) -> ProtocolError:
        """Why this machine may not be entered once more inside itself."""
        return Malformed(
            f"more than {NESTED} machines are inside of themselves",
            machine=machine.label,
            state=self.label,
            offset=offset,
        )

    def _cycle(
        self, place: Place, source: Any, path: str, data: Any, ending: int | None
    ) -> Steps:
        current = place.current = self.initial
        place.inner = None
        seen = {(source.sent, current)}
        yield self, current
        while True:
            yield from current.steps(source, self, path, data, ending)
            # Terminal, and this machine or this state wants no more than it must.
            if not (self.greedy and current.greedy) and self.stands_well(place):
                return
            target = yield from current.onward(source, self, path, data, ending)
            if target is None:
                break
            current = place.current = target
            place.inner = None
            if (source.sent, current) in seen and not current.consumes:
                raise GrammarError(
                    f"{self._name}: {current.label} is entered again at "
                    f"offset {source.sent}: a cycle that takes no symbol"
                )
            seen.add((source.sent, current))
            yield self, current
        if not self.stands_well(place):
            raise self.failure(current, source, ending)

    def failure(self, current: state, source: Any, ending: int | None) -> ProtocolError:
        """Why the run may not end in `current`."""
        limited = is_limited(source, ending)
        # No symbol helps where none is waited for.
        symbol = source.peek() if current.waits() and not limited else None
        problem = "sub-machine terminated in a non-terminal state, "
        problem += f"after {source.sent} symbols"
        if limited:
            problem += ", at its limit"
        stuck = limited or symbol is not None or not current.waits()
        kind = Malformed if stuck else Incomplete
        around: Any = b""
        if symbol is not None:
            around = bytes((symbol,)) if isinstance(symbol, int) else str(symbol)
        return kind(
            problem,
            machine=self._name,
            state=current.label,
            offset=source.sent,
            expected=describe_edges(current),
            around=around,
        )

    def bound(
        self, source: Any, path: str, data: Any, ending: int | None
    ) -> int | None:
        """The count of symbols at which this machine's input ends."""
        limit = self.limit
        if limit is None:
            return ending
        if isinstance(limit, str):
            limit = self._number(source, data, path, limit, "limit")
        elif callable(limit):
            limit = limit(source=source, machine=self, path=path, data=data)
            limit = self._count(source, limit, "the callable limit")
        own = cast(int, source.sent + limit)
        return own if ending is None else min(own, ending)

    def cycles(self, source: Any, path: str, data: Any) -> int:
        if self.repeat is None:
            return 1
        if isinstance(self.repeat, str):
            if data.get(join(path, self.repeat)) is None:
                return 0
            return self._number(source, data, path, self.repeat, "repeat")
        return self.repeat

    def _number(
        self, source: Any, data: Any, path: str, relative: str, purpose: str
    ) -> int:
        value = data.get(join(path, relative))
        return self._count(source, value, f"{purpose} {relative!r}")

    def _count(self, source: Any, value: Any, purpose: str) -> int:
        if isinstance(value, int) and 0 <= value < LENGTH_MOST:
            return value
        if isinstance(value, int) and abs(value) >= LENGTH_MOST:
            shown = f"a number of {value.bit_length()} bits"
        else:
            shown = repr(value)
        raise Malformed(
            f"{purpose} is {shown:.60}, which is no count",
            machine=self._name,
            offset=source.sent,
        )

    def prepare(self, data: Any, path: str) -> None:
        """What is done before the inner graph is entered: here, nothing."""

    def leave(self, source: Any, path: str, data: Any, ending: int | None) -> None:
        """What is done when the inner graph has ended: here, nothing."""


class dfa_post(dfa):
    """A machine that runs closures after it is left, when others may enter it."""

    def __init__(self, name: str | None = None, **kwds: Any) -> None:
        super().__init__(name, **kwds)
        self._closures: ContextVar[tuple[Callable[[], Any], ...]] = ContextVar(
            "closures", default=()
        )

    def post_process_closure(self, closure: Callable[[], Any]) -> None:
        """Have `closure` called once this machine is left."""
        self._closures.set((*self._closures.get(), closure))

    def __exit__(self, *exc: object) -> None:
        closures = self._closures.get()
        self._closures.set(())
        super().__exit__(*exc)
        for closure in closures:
            closure()


def declared(name: object, purpose: str, count: Any) -> None:
    if not isinstance(count, int) or not 0 <= count < LENGTH_MOST:
        raise GrammarError(f"machine {name!r}: {purpose}={count!r} is no count")
