# SPDX-License-Identifier: Apache-2.0
"""Looks a machine over before it is flattened: what cannot be rows, or never ends.

Above `machine` and `registers`, beside `program`, which asks.  Two rules: a machine is
made of the closed set of states, none of whose steps is overridden; and no cycle goes
round without a symbol being taken, be it among the states of one machine or from a
machine into itself.  Each refusal names the machine and the state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from ..errors import GrammarError
from .machine import dfa
from .registers import Count, repeated, span, unflattened
from .states import holds, state

__all__ = ["check", "graph", "holds_itself"]

Graphs = Mapping[dfa, list[state]]
Node = TypeVar("Node", bound=state)

# Where the closed set of states is at home.
HOMES = tuple(
    f"{__package__}.{name}" for name in ("states", "machine", "registers", "regex")
)
# What rows do by themselves; all else that a state does, they do by its own methods.
STEPS = (
    "edge",
    "onward",
    "process",
    "run",
    "steps",
    "terminal",
    "waits",
)
MACHINE_STEPS = ("_cycle", "bound", "cycles", "leave", "satisfied", "stands_well")


def graph(machine: dfa) -> list[state]:
    """Every state of a machine, those inside its sub-machines left out."""
    found, order = {machine.initial}, [machine.initial]
    for place in order:
        for target in onto(place):
            if target not in found:
                found.add(target)
                order.append(target)
    return order


def onto(place: state) -> Iterator[state]:
    for _, edge in place.edges():
        yield from edge.states()


def holds_itself(machine: dfa) -> bool:
    """Whether a machine is inside itself, however deep."""
    found, ahead = set[dfa](), [machine]
    while ahead:
        for place in graph(ahead.pop()):
            if place is machine:
                return True
            if isinstance(place, dfa) and place not in found:
                found.add(place)
                ahead.append(place)
    return False


def check(graphs: Graphs) -> None:
    """A GrammarError for whatever in these machines cannot be flattened."""
    for machine, places in graphs.items():
        closed(machine)
        for place in places:
            closed(place)
            decided(place)
    silent = silents(graphs)
    for machine, places in graphs.items():
        again = cycle(
            [place for place in places if passes(place, silent)],
            lambda place: (one for one in onto(place) if passes(one, silent)),
        )
        if again is not None:
            raise GrammarError(
                f"{machine.label}.{again.label}: cannot be flattened, because it is "
                "entered again and again with no symbol taken"
            )
    entered = {machine: at_once(machine, silent) for machine in graphs}
    inside = cycle(list(graphs), lambda machine: entered[machine])
    if inside is not None:
        raise GrammarError(
            f"{inside.label}.{inside.initial.label}: cannot be flattened, because the "
            "machine enters itself with no symbol taken"
        )


def closed(place: state) -> None:
    """Refuse a state whose steps are somebody's own."""
    steps = STEPS + MACHINE_STEPS if isinstance(place, dfa) else STEPS
    for cls in type(place).__mro__:
        if cls.__module__ in HOMES:
            return  # and so are all above it
        for step in steps:
            own: Any = cls.__dict__.get(step)
            if own is not None:
                own = own.fget if isinstance(own, property) else own
                raise unflattened(place, getattr(own, "__func__", own))


def decided(place: state) -> None:
    """Refuse a condition that was made of `holds`, and is another."""
    for _, edge in place.edges():
        for choice in edge.decides:
            kind: Any = type(choice.predicate)
            if isinstance(choice.predicate, holds) and kind.__call__ != holds.__call__:
                raise unflattened(place, kind.__call__)


def passes(place: state, silent: set[dfa]) -> bool:
    """Whether a state may be gone through with no symbol taken."""
    if isinstance(place, dfa):
        return place in silent
    if isinstance(place, span) and isinstance(place.count, Count):
        return may_be_none(place.count)
    return not place.consumes


def may_be_none(count: Count) -> bool:
    return count.register is not None or count.bias == 0


def silents(graphs: Graphs) -> set[dfa]:
    """The machines that may end with no symbol taken."""
    silent = {machine for machine in graphs if skipped(machine)}
    growing = True
    while growing:
        more = {
            machine
            for machine in graphs
            if machine not in silent
            and any(
                place._terminal and passes(place, silent)
                for place in reached(machine, silent)
            )
        }
        silent |= more
        growing = bool(more)
    return silent


def skipped(machine: dfa) -> bool:
    """Whether a machine may be run not even once."""
    if isinstance(machine, repeated):
        return may_be_none(machine.times)
    return isinstance(machine.repeat, str) or machine.repeat == 0


def reached(machine: dfa, silent: set[dfa]) -> list[state]:
    """The states of a machine that are entered before it takes a symbol."""
    found, order = {machine.initial}, [machine.initial]
    for place in order:
        if passes(place, silent):
            for target in onto(place):
                if target not in found:
                    found.add(target)
                    order.append(target)
    return order


def at_once(machine: dfa, silent: set[dfa]) -> list[dfa]:
    return [one for one in reached(machine, silent) if isinstance(one, dfa)]


def cycle(
    nodes: Iterable[Node], following: Callable[[Node], Iterable[Node]]
) -> Node | None:
    """A node that leads to itself, if there is one."""
    done: set[Node] = set()
    for first in nodes:
        if first in done:
            continue
        way, entered = [(first, iter(following(first)))], {first}
        while way:
            node, ahead = way[-1]
            target = next(ahead, None)
            if target is None:
                way.pop()
                entered.discard(node)
                done.add(node)
            elif target in entered:
                return target
            elif target not in done:
                entered.add(target)
                way.append((target, iter(following(target))))
    return None
