# SPDX-License-Identifier: Apache-2.0
"""States that keep numbers in registers: what a grammar's machines are made of.

Above `machine`, below `grammar`.  Where the states of `machine` collect symbols into
a dotted dictionary, these load octets into numbered registers and note on a tape
which value each part of the input is.  The set is closed and holds no callables, so
every such machine can be checked, drawn and flattened to rows.

A `Memory` is the registers, the octets taken so far and the tape of one run; the
trace engine keeps one, and `execute.Execution` is another.  A tape is pairs of
(action, operand): a postfix program that builds the value, read by `grammar.build`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, cast

from ..errors import (
    GrammarError,
    Incomplete,
    Malformed,
    NonTerminal,
    ProtocolError,
)
from .machine import dfa
from .rows import DEEPEST, LENGTH_MOST
from .states import Pair, Steps, state

__all__ = [
    "END",
    "Count",
    "Load",
    "Memory",
    "begins",
    "bits",
    "built",
    "cell",
    "digits",
    "equals",
    "number",
    "pad",
    "repeated",
    "section",
    "span",
    "starts",
    "unflattened",
]

ANY_OCTET = -1  # in a literal
Literal = tuple[int, ...]
END = -1  # as a register: up to the end of the limit


class Memory:
    """Registers, octets and tape of one run of the trace engine."""

    def __init__(self) -> None:
        self.registers: dict[int, int] = {}
        self.octets = bytearray()
        self.tape: list[int] = []
        self.places: list[int] = []  # of the octets that each note is about
        self.depth = 0
        self.waited = -1  # where it could have gone on with another octet

    def note(
        self, actions: tuple[int, ...], operand: int = 0, place: int | None = None
    ) -> None:
        for action in actions:
            self.tape += (action, operand)
            self.places.append(len(self.octets) if place is None else place)


@dataclass(frozen=True, slots=True)
class Count:
    """A count of octets (or of repeats): a register's value * unit + bias."""

    register: int | None = None
    unit: int = 1
    bias: int = 0

    def value(self, memory: Memory) -> int:
        if self.register is None:
            return self.bias
        return memory.registers[self.register] * self.unit + self.bias


class cell(state):
    """Takes one octet of a number; the last one loads the register."""

    consumes = True

    def __init__(self, name: str, **kwds: Any) -> None:
        super().__init__(name, **kwds)
        self.load: Load | None = None
        self.builds: tuple[int, ...] = ()

    def process(
        self, source: Any, machine: dfa | None, path: str | None, data: Any
    ) -> None:
        data.octets.append(next(source))
        if self.load is not None:
            self.load.apply(data)
            begin = len(data.octets) - self.load.width
            data.note(self.builds, data.registers[self.load.register], begin)


@dataclass(frozen=True, slots=True)
class Load:
    """The last `width` octets, as a number, to a register."""

    register: int
    width: int
    big: bool = False
    signed: bool = False

    def apply(self, memory: Memory) -> None:
        octets = memory.octets[-self.width :]
        memory.registers[self.register] = int.from_bytes(
            octets,
            "big" if self.big else "little",
            # Registers have 64 bits: an unsigned number that wide is kept as signed.
            signed=self.signed or self.width == 8,
        )


def number(
    name: str, register: int, width: int, *, big: bool = False, signed: bool = False
) -> list[cell]:
    """The chain of cells that takes a number of `width` octets."""
    label = f"{name}[{{}}]" if width > 1 else f"{name}"
    cells = [cell(label.format(i)) for i in range(width)]
    for one, following in pairwise(cells):
        one[True] = following
    cells[-1].load = Load(register, width, big, signed)
    return cells


class taking(state):
    """Takes a number of octets, one after the other, staying where it is."""

    def __init__(self, name: str, **kwds: Any) -> None:
        super().__init__(name, **kwds)
        self.builds: tuple[int, ...] = ()

    def wanted(
        self, memory: Memory, ending: int | None, source: Any, machine: dfa | None
    ) -> int:
        raise NotImplementedError

    def steps(
        self,
        source: Any,
        machine: dfa | None,
        path: str | None,
        data: Any,
        ending: int | None,
    ) -> Steps:
        begin = len(data.octets)
        wanted = self.wanted(data, ending, source, machine)
        if ending is not None and wanted > ending - source.sent:
            left = ending - source.sent
            raise overrun(machine, self, source.sent, wanted, left)
        taken = yield from self._take(source, machine, data, wanted)
        if taken < wanted < LENGTH_MOST:
            raise Incomplete(
                f"the input ended after {taken} of {wanted} octets",
                machine=machine.label if machine else "",
                state=self.label,
                offset=source.sent,
            )
        self.finish(data, begin)

    def _take(self, source: Any, machine: dfa | None, data: Any, wanted: int) -> Any:
        taken, waited = 0, False
        while taken < wanted:
            symbol = source.peek()
            if symbol is None:
                if waited:
                    break
                waited = True
                yield machine, None
                continue
            waited = False
            yield machine, self
            data.octets.append(next(source))
            taken += 1
        return taken

    def finish(self, memory: Memory, begin: int) -> None:
        end = len(memory.octets)
        memory.note(self.builds, begin << 32 | end)


class span(taking):
    """Takes `count` octets as they are; registers hold where they begin and end."""

    def __init__(self, name: str, count: Count | int, register: int) -> None:
        super().__init__(name)
        self.count = count
        self.register = register

    def wanted(
        self, memory: Memory, ending: int | None, source: Any, machine: dfa | None
    ) -> int:
        if isinstance(self.count, Count):
            return checked(self.count.value(memory), machine, self, source)
        return LENGTH_MOST if ending is None else ending - source.sent

    def finish(self, memory: Memory, begin: int) -> None:
        memory.registers[self.register] = begin
        memory.registers[self.register + 1] = len(memory.octets)
        super().finish(memory, begin)


class digits(taking):
    """Takes decimal digits to a register, and the octets that end them."""

    def __init__(self, name: str, register: int, most: int, end: bytes) -> None:
        super().__init__(name)
        self.wanted_next = f"a digit, or {end!r} after one"
        self.register = register
        self.most = most
        self.end = end

    def steps(
        self,
        source: Any,
        machine: dfa | None,
        path: str | None,
        data: Any,
        ending: int | None,
    ) -> Steps:
        text = b""
        while not (number := text.rstrip(self.end)) or text != number + self.end:
            yield from self.awaited(source, machine, text, ending)
            symbol = source.peek()
            if not self.goes_on(text, symbol):
                raise self.failed(Malformed, machine, source, text)
            yield machine, self
            data.octets.append(next(source))
            text += bytes((symbol,))
        data.registers[self.register] = int(number)
        data.note(self.builds, int(number), len(data.octets) - len(text))

    def awaited(
        self, source: Any, machine: dfa | None, text: bytes, ending: int | None
    ) -> Steps:
        """Wait for an octet; an error if none will come."""
        if ending is not None and source.sent >= ending:
            raise self.failed(Malformed, machine, source, text)
        if source.peek() is None:
            yield machine, None
            if source.peek() is None:
                raise self.failed(Incomplete, machine, source, text)

    def goes_on(self, text: bytes, symbol: int) -> bool:
        """Whether a symbol may follow what was taken."""
        number = text.rstrip(self.end)
        ended = text[len(number) :]
        if not ended and 48 <= symbol <= 57 and len(number) < self.most:
            return True
        return bool(number) and self.end[len(ended) : len(ended) + 1] == bytes(
            (symbol,)
        )

    def failed(
        self, kind: Any, machine: dfa | None, source: Any, text: bytes
    ) -> ProtocolError:
        return cast(
            ProtocolError,
            kind(
                f"no number of at most {self.most} digits, and {self.end!r} after it",
                machine=machine.label if machine else "",
                state=self.label,
                offset=source.sent,
            ),
        )


class pad(taking):
    """Takes octets up to a multiple of `to`, counted from where a register says."""

    def __init__(self, name: str, to: int, origin: int) -> None:
        super().__init__(name)
        self.to = to
        self.origin = origin

    def wanted(
        self, memory: Memory, ending: int | None, source: Any, machine: dfa | None
    ) -> int:
        return -(len(memory.octets) - memory.registers[self.origin]) % self.to


class built(state):
    """Takes nothing; notes actions on the tape, and registers' new values."""

    def __init__(self, name: str, **kwds: Any) -> None:
        super().__init__(name, **kwds)
        self.builds: tuple[int, ...] = ()
        self.here: int | None = None

    def process(
        self, source: Any, machine: dfa | None, path: str | None, data: Any
    ) -> None:
        if self.here is not None:
            data.registers[self.here] = len(data.octets)
        data.note(self.builds)


class bits(state):
    """Takes nothing; copies some bits of one register to another."""

    def __init__(
        self, name: str, origin: int, register: int, shift: int, mask: int
    ) -> None:
        super().__init__(name)
        self.origin = origin
        self.register = register
        self.shift = shift
        self.mask = mask
        self.builds: tuple[int, ...] = ()

    def process(
        self, source: Any, machine: dfa | None, path: str | None, data: Any
    ) -> None:
        value = data.registers[self.origin] >> self.shift & self.mask
        data.registers[self.register] = value
        data.note(self.builds, value)


def checked(value: int, machine: dfa | None, place: state, source: Any) -> int:
    if 0 <= value < LENGTH_MOST:
        return value
    raise Malformed(
        f"a length of {value} is no length",
        machine=machine.label if machine else "",
        state=place.label,
        offset=source.sent,
    )


def overrun(
    machine: dfa | None, place: state, offset: int, wanted: int, present: int
) -> Malformed:
    return Malformed(
        f"{wanted} octets are announced, and {present} are left",
        machine=machine.label if machine else "",
        state=place.label,
        offset=offset,
    )


def left_over(
    machine: dfa | None, place: state, offset: int, left: int, more: bool
) -> NonTerminal:
    """Why a section ended early; `more`: another octet would have been taken."""
    kind: type[NonTerminal] = Incomplete if more else Malformed
    problem = f"{left} octets are left over"
    if more:
        problem = f"the input ended, {left} octets were to come"
    return kind(
        problem,
        machine=machine.label if machine else "",
        state=place.label,
        offset=offset,
    )


class section(dfa):
    """A machine that must take exactly `count` octets, when it is given a count.

    A count beyond what the surrounding section has left is an error, and so are
    octets left over.  `saved` registers survive a section inside this one.
    """

    def __init__(
        self,
        name: str,
        initial: Any,
        count: Count | None = None,
        saved: tuple[int, ...] = (),
        nests: bool = False,
        **kwds: Any,
    ) -> None:
        super().__init__(name, initial, terminal=True, **kwds)
        self.count = count
        self.saved = saved
        self.nests = nests

    def run(
        self,
        source: Any,
        machine: dfa | None = None,
        path: str | None = None,
        data: Any = None,
        ending: int | None = None,
    ) -> Steps:
        data = Memory() if data is None else data
        return super().run(source, machine, path, data, ending)

    def steps(
        self,
        source: Any,
        machine: dfa | None,
        path: str | None,
        data: Any,
        ending: int | None,
    ) -> Iterator[Pair]:
        kept = {register: data.registers.get(register, 0) for register in self.saved}
        if self.count is not None:
            wanted = checked(self.count.value(data), machine, self, source)
            if ending is not None and source.sent + wanted > ending:
                left = ending - source.sent
                raise overrun(machine, self, source.sent, wanted, left)
            ending = source.sent + wanted
        # As everywhere, the machine that is run is the one that others are counted in.
        nests = self.nests and machine is not None
        data.depth += nests
        if data.depth > DEEPEST:
            raise Malformed(
                f"it holds itself more than {DEEPEST} times",
                machine=machine.label if machine else "",
                state=self.label,
                offset=source.sent,
            )
        self.ready(source, machine, data)
        for pair in super().steps(source, machine, path, data, ending):
            more = ending is None or source.sent < ending
            mine = pair[0] is self and (pair[1] is None or pair[1].waits())
            if mine and more:
                data.waited = source.sent
            yield pair
        data.depth -= nests
        if self.count is not None and source.sent != ending:
            left = cast(int, ending) - source.sent
            more = data.waited == source.sent
            raise left_over(machine, self, source.sent, left, more)
        data.registers.update(kept)

    def ready(self, source: Any, machine: dfa | None, data: Any) -> None:
        """Refuse what registers say, before anything is taken."""


class repeated(section):
    """A machine run as often as `times` says."""

    def __init__(self, name: str, initial: Any, times: Count, **kwds: Any) -> None:
        super().__init__(name, initial, **kwds)
        self.times = times

    def ready(self, source: Any, machine: dfa | None, data: Any) -> None:
        checked(self.times.value(data), machine, self, source)

    def cycles(self, source: Any, path: str, data: Any) -> int:
        return self.times.value(data)


@dataclass(frozen=True, slots=True)
class equals:
    """Whether a register holds one of some values: a decide's predicate."""

    register: int
    values: tuple[int, ...]

    def __call__(self, *, data: Any, **_: Any) -> bool:
        return data.registers[self.register] in self.values


@dataclass(frozen=True, slots=True)
class starts:
    """Whether the octets between two registers start with one of some literals."""

    register: int
    literals: tuple[Literal, ...]

    def __call__(self, *, data: Any, **_: Any) -> bool:
        begin = data.registers[self.register]
        octets = data.octets[begin : data.registers[self.register + 1]]
        return any(begins(octets, one) for one in self.literals)


def begins(octets: bytes | bytearray, literal: Literal) -> bool:
    """Whether some octets start with a literal."""
    if len(octets) < len(literal):
        return False
    pairs = zip(octets, literal, strict=False)
    return all(wanted in (octet, ANY_OCTET) for octet, wanted in pairs)


def unflattened(place: state, what: object) -> GrammarError:
    name = getattr(what, "__qualname__", None) or repr(what)
    return GrammarError(
        f"{place.label}: cannot be flattened, because it holds the callable {name}"
    )
