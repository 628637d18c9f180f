# SPDX-License-Identifier: Apache-2.0
"""States and their edges, and what states do with symbols.

The bottom of the stack: symbols only.  A state's edges are looked up in the order
exact symbol, recognizer, any symbol (True), no symbol (None); a target of None
refuses.  `machine` makes machines of states, which are states themselves.
Rules: no clock, no socket, no lock.
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Callable, Hashable, Iterator, MutableSequence
from typing import TYPE_CHECKING, Any, cast

from ..dotdict import dotdict
from ..errors import GrammarError, Incomplete, Malformed, ProtocolError
from .source import chaining, peekable

if TYPE_CHECKING:
    from .machine import dfa

__all__ = [
    "Edge",
    "Limit",
    "Pair",
    "Steps",
    "decide",
    "describe_edges",
    "holds",
    "in_alphabet",
    "is_limited",
    "join",
    "path_ext_input",
    "state",
    "state_drop",
    "state_input",
    "state_struct",
    "store",
]

path_ext_input = ".input"
TEXT_TYPECODE = "w" if sys.version_info >= (3, 13) else "u"

Pair = tuple["dfa | None", "state | None"]
Steps = Iterator[Pair]
Limit = int | str | Callable[..., int] | None
Predicate = Callable[..., Any]


def join(path: str | None, *parts: str | None) -> str:
    """A data path with its non-empty parts appended, each after one dot."""
    whole = path or ""
    for part in parts:
        if part:
            whole += part if part.startswith(".") else "." + part
    return whole.removeprefix(".") if not whole.startswith("..") else whole


class decide:
    """One alternative of an edge: `state`, if `predicate` holds."""

    def __init__(
        self,
        name: str,
        state: state | None = None,
        predicate: Predicate | None = None,
    ) -> None:
        if predicate is None or not callable(predicate):
            raise GrammarError(f"decide {name!r}: needs a predicate to decide by")
        self.name = name
        self.state = state
        self.predicate = predicate

    def __repr__(self) -> str:
        return f"<decide {self.name}>"


class Edge:
    """What one key leads to: decides in order, then a state, or a refusal."""

    def __init__(self) -> None:
        self.decides: list[decide] = []
        self.target: state | None = None
        self.refuses = False

    def add(self, target: state | decide | None) -> None:
        if isinstance(target, decide):
            self.decides.append(target)
        else:
            self.target = target
            self.refuses = target is None

    def states(self) -> Iterator[state]:
        for choice in self.decides:
            if choice.state is not None:
                yield choice.state
        if self.target is not None:
            yield self.target

    def take(self, **context: Any) -> state | None:
        for choice in self.decides:
            if choice.predicate(**context):
                return choice.state
        return self.target


class state:
    """A place in a machine; entering it takes no symbol."""

    consumes = False
    wanted_next = ""  # what it takes by itself, where its edges do not say

    def __init__(
        self,
        name: str | int | state,
        terminal: bool | None = None,
        alphabet: Any = None,
        context: str | None = None,
        extension: str | None = None,
        encoder: Callable[[Any], Any] | None = None,
        typecode: str | None = None,
        greedy: bool = True,
        limit: Limit = None,
    ) -> None:
        original = name if isinstance(name, state) else None
        self._name: str = original._name + "'" if original else str(name)
        if terminal is None and original:
            terminal = original._terminal
        self._terminal: bool = bool(terminal)
        self.alphabet = alphabet
        self.context = context
        self.extension = extension
        self.encoder = encoder
        self.typecode = typecode
        self.greedy = greedy
        self.limit = limit
        self.exact: dict[Hashable, Edge] = {}
        self.recognizers: list[tuple[Callable[[Any], Any], Edge]] = []
        self.wildcard: Edge | None = None
        self.epsilon: Edge | None = None
        if original is not None:
            self._adopt(original)

    def _adopt(self, other: state) -> None:
        self.exact = dict(other.exact)
        self.recognizers = list(other.recognizers)
        self.wildcard = other.wildcard
        self.epsilon = other.epsilon

    # -- the graph

    @property
    def name(self) -> str:
        return self._name

    @property
    def label(self) -> str:
        """The name alone, whatever is current inside."""
        return self._name

    @property
    def terminal(self) -> bool:
        return self._terminal

    def __str__(self) -> str:
        return f"(({self.name}))" if self.terminal else f"( {self.name} )"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._name}>"

    def __setitem__(self, key: Any, target: state | decide | None) -> None:
        """The edge on `key`: a symbol, True (any), None (none), or a recognizer."""
        if target is not None and not isinstance(target, state | decide):
            raise KeyError(
                f"{self._name}: {target!r} is no state that an edge leads to"
            )
        self._edge(key).add(target)

    def _edge(self, key: Any) -> Edge:
        if key is True:
            self.wildcard = self.wildcard or Edge()
            return self.wildcard
        if key is None:
            self.epsilon = self.epsilon or Edge()
            return self.epsilon
        if callable(key):
            for recognizer, edge in self.recognizers:
                if recognizer is key:
                    return edge
            self.recognizers.append((key, Edge()))
            return self.recognizers[-1][1]
        return self._symbol_edge(key)

    def _symbol_edge(self, key: Any) -> Edge:
        symbols = list(self.encoder(key)) if self.encoder else [key]
        place: state = self
        for symbol in symbols[:-1]:  # a symbol of several octets: a state for each
            edge = place.exact.setdefault(symbol, Edge())
            if edge.target is None:
                edge.add(type(self)(f"{place._name}_{symbol}", typecode=self.typecode))
            place = cast(state, edge.target)
        symbol = symbols[-1]
        if self.alphabet is not None and not in_alphabet(symbol, self.alphabet):
            raise KeyError(f"{self._name}: {symbol!r} is not in its alphabet")
        return place.exact.setdefault(symbol, Edge())

    def edge(self, symbol: Any) -> Edge | None:
        """The edge that `symbol` takes (None for no symbol), or None for none."""
        if symbol is None:
            return self.epsilon
        exact = self.exact.get(symbol)
        if exact is not None:
            return exact
        for recognizer, edge in self.recognizers:
            if recognizer(symbol):
                return edge
        return self.wildcard or self.epsilon

    def __getitem__(self, symbol: Any) -> state | None:
        """Where `symbol` leads when every predicate says no."""
        found = self.edge(None if symbol is None else symbol)
        return found.target if found else None

    def edges(self) -> Iterator[tuple[Any, Edge]]:
        """Every edge, in the order of look-up."""
        yield from self.exact.items()
        yield from self.recognizers
        if self.wildcard is not None:
            yield True, self.wildcard
        if self.epsilon is not None:
            yield None, self.epsilon

    def waits(self) -> bool:
        """Whether a symbol could lead on from here."""
        return bool(self.exact or self.recognizers or self.wildcard)

    # -- the run

    def process(
        self, source: Any, machine: dfa | None, path: str | None, data: Any
    ) -> None:
        """What entering this state does: here, nothing."""

    def steps(
        self,
        source: Any,
        machine: dfa | None,
        path: str | None,
        data: Any,
        ending: int | None,
    ) -> Steps:
        """Process, giving out whatever is entered meanwhile."""
        if self.consumes and (is_limited(source, ending) or source.peek() is None):
            return self._awaiting(source, machine, path, data, ending)
        self.process(source, machine, path, data)
        return iter(())

    def _awaiting(
        self,
        source: Any,
        machine: dfa | None,
        path: str | None,
        data: Any,
        ending: int | None,
    ) -> Steps:
        """Process once the symbol is there that this state takes."""
        limited = is_limited(source, ending)
        if not limited:
            yield machine, None  # more may be chained
        if limited or source.peek() is None:
            raise self.starved(machine, source.sent, limited)
        self.process(source, machine, path, data)

    def starved(self, machine: dfa | None, offset: int, limited: bool) -> ProtocolError:
        """Why this state cannot take the symbol that it must."""
        end = "its limit is reached" if limited else "the input ended"
        return (Malformed if limited else Incomplete)(
            f"{end} where a symbol is to be taken",
            machine=machine.label if machine else "",
            state=self.label,
            offset=offset,
        )

    def run(
        self,
        source: Any,
        machine: dfa | None = None,
        path: str | None = None,
        data: Any = None,
        ending: int | None = None,
    ) -> Steps:
        """Process, then find one transition: (machine, state) pairs."""
        source = peekable(source)
        data = dotdict() if data is None else data
        yield from self.steps(source, machine, path, data, ending)
        if self.greedy or not self.terminal:
            target = yield from self.onward(source, machine, path, data, ending)
            if target is not None:
                yield machine, target

    def onward(
        self,
        source: Any,
        machine: dfa | None,
        path: str | None,
        data: Any,
        ending: int | None,
    ) -> Any:
        """Find the next state, giving out (machine, None) while there is no input."""
        context = {"machine": machine, "source": source, "path": path, "data": data}
        waited = False
        while True:
            limited = is_limited(source, ending)
            symbol = None if limited else source.peek()
            # More may be chained; a plain source with another way on is done.
            hopes = isinstance(source, chaining) or self.epsilon is None
            if symbol is None and not (limited or waited) and self.waits() and hopes:
                waited = True
                yield machine, None
                continue
            edge = self.edge(symbol)
            if edge is None:
                return None
            target = edge.take(**context)
            if target is None and edge.refuses:
                yield machine, None
            return target


def is_limited(source: Any, ending: int | None) -> bool:
    """Whether the machine's limit lets it take no more symbols."""
    return ending is not None and source.sent >= ending


def in_alphabet(symbol: Any, alphabet: Any) -> bool:
    if isinstance(alphabet, type):
        return isinstance(symbol, alphabet)
    return bool(alphabet(symbol)) if callable(alphabet) else symbol in alphabet


class state_input(state):
    """Takes one symbol and appends it to data[<path>.<context><extension>]."""

    consumes = True

    def __init__(self, name: str | int | state, **kwds: Any) -> None:
        kwds.setdefault("extension", path_ext_input)
        if isinstance(name, state):
            kwds.setdefault("typecode", name.typecode)
        super().__init__(name, **kwds)

    def process(
        self, source: Any, machine: dfa | None, path: str | None, data: Any
    ) -> None:
        symbol = next(source)
        self.collect(data, path, (symbol,))

    def collect(self, data: Any, path: str | None, symbols: Any) -> None:
        """Append some symbols, as one array of the right type."""
        place = join(path, self.context, self.extension)
        held = data.get(place)
        if held is None:
            data[place] = held = self._collection(symbols[0])
        if isinstance(held, array) and isinstance(symbols, str):
            held.fromunicode(symbols)
        elif isinstance(held, array) and held.typecode in "bB":
            held.frombytes(bytes(symbols))
        else:
            held.extend(symbols)

    def _collection(self, symbol: Any) -> MutableSequence[Any]:
        if self.typecode:
            return array(self.typecode)
        if isinstance(symbol, str):
            return array(TEXT_TYPECODE)
        return array("B") if isinstance(symbol, int) and 0 <= symbol < 256 else []


class state_drop(state):
    """Takes one symbol and throws it away."""

    consumes = True

    def process(
        self, source: Any, machine: dfa | None, path: str | None, data: Any
    ) -> None:
        next(source)


class state_struct(state):
    """Decodes the octets that were collected at its path, and stores the value."""

    def __init__(
        self,
        name: str | int | state,
        format: str | None = None,
        offset: int = 0,
        index: int = 0,
        input_extension: str | None = None,
        **kwds: Any,
    ) -> None:
        if format is None:
            raise GrammarError(f"state_struct {name!r}: needs a struct format")
        super().__init__(name, **kwds)
        try:
            self.format = struct.Struct(format)
        except struct.error as exc:
            raise GrammarError(f"state_struct {name!r}: {format!r}: {exc}") from None
        self.offset = offset
        self.index = index
        self.input_extension = input_extension or path_ext_input

    def process(
        self, source: Any, machine: dfa | None, path: str | None, data: Any
    ) -> None:
        try:
            self.decode(data, path, source.sent)
        except Malformed as exc:
            exc.machine = exc.machine or (machine.label if machine else "")
            raise

    def decode(self, data: Any, path: str | None, offset: int) -> None:
        place = join(path, self.context)
        held = data.get(join(place, self.input_extension))
        octets = bytes(held) if held is not None else b""
        try:
            value = self.format.unpack_from(octets, self.offset)[self.index]
        except (struct.error, IndexError) as exc:
            raise Malformed(
                f"{len(octets)} octets do not hold a {self.format.format!r} ({exc})",
                state=self._name,
                offset=offset,
            ) from None
        known = data.get(place)
        if isinstance(known, list):
            known.append(value)
        else:
            store(data, place, value)


def store(data: Any, place: str, value: Any) -> None:
    """Put an artifact in its place, over the symbols that it was made from."""
    if not place:
        raise GrammarError("an artifact needs a path or a context to be stored at")
    data[place] = value


def describe_edges(place: state) -> str:
    """What a state could go on with, for a person."""
    if place.wanted_next:
        return place.wanted_next
    wanted = []
    for key, edge in place.edges():
        if edge.refuses and not edge.decides:
            continue
        if key is True:
            wanted.append("any symbol")
        elif key is None:
            wanted.append("a condition that does not hold")
        elif callable(key):
            wanted.append(getattr(key, "__name__", "a recognized symbol"))
        else:
            wanted.append(f"0x{key:02X}" if isinstance(key, int) else repr(key))
    if len(wanted) > 8:
        wanted = [*wanted[:7], f"{len(wanted) - 7} others"]
    return " or ".join(wanted)


class holds:
    """Whether the data at a relative path is one of some values: for a decide.

    With no values: whether there is anything at all.  A machine that decides by this
    can be flattened, which one that decides by a function of yours cannot.
    """

    def __init__(self, path: str, *values: Any) -> None:
        self.path = path
        self.values = values

    def __repr__(self) -> str:
        wanted = " or ".join(map(repr, self.values)) or "anything"
        return f"{self.path} is {wanted}"

    def __call__(self, *, path: str | None, data: Any, **_: Any) -> bool:
        value = data.get(join(path, self.path))
        return value in self.values if self.values else value is not None
