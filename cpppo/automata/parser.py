# SPDX-License-Identifier: Apache-2.0
"""A machine of states as rows, fed with symbols as they come: the table engine.

The same machine, states and data as `dfa.run` gives, at the speed of the executor:

    parser = machine.parser(data=data)
    parser.feed("abbb,")        # as much as there is
    parser.terminal             # whether the input could end here
    parser.close()              # it ends; an Incomplete if it may not

Rules: `feed` never raises Incomplete; what the machine does not take stays in `rest`.
"""

from __future__ import annotations

from typing import Any

from ..dotdict import dotdict
from ..errors import Incomplete, Malformed, ProtocolError
from . import rows
from .execute import Execution
from .machine import dfa
from .program import Program, Row
from .registers import section
from .states import join
from .story import story

__all__ = ["Parser"]


class Artifacts:
    """What rows do to a dotted dictionary, by the very methods of the states."""

    def __init__(self, program: Program, path: str | None, data: Any) -> None:
        self.program = program
        self.effects = program.effects
        self.paths = [path or ""]
        self.data = data
        self.symbols: Any = b""
        self.base = 0

    def at(self, path: str) -> str:
        return join(self.paths[-1], path)

    def collect(self, number: int, begin: int, end: int) -> None:
        effect = self.effects[number]
        effect.state.collect(self.data, self.at(effect.path), self.symbols[begin:end])

    def perform(self, number: int, pos: int) -> None:
        effect = self.effects[number]
        if effect.kind == "enter":
            self.paths.append(self.at(effect.path))
        elif effect.kind == "back":
            self.paths.pop()
        elif effect.kind == "prepare":
            effect.state.prepare(self.data, self.at(effect.path))
        else:
            effect.state.decode(self.data, self.at(effect.path), self.base + pos)

    def compute(self, number: int, pos: int) -> int:
        effect = self.effects[number]
        path = self.at(effect.path)
        source = Standing(self.base + pos)
        if effect.kind == "holds":
            return int(effect.state(path=path, data=self.data))
        if effect.kind == "repeat":
            return int(effect.state.cycles(source, path, self.data))
        return int(effect.state.bound(source, path, self.data, None) - source.sent)

    def apart(self) -> Artifacts:
        """The same, and whatever is done to them is not done to these.

        Symbols are the exception: what collects any must not be run.
        """
        other = Artifacts(self.program, None, self.data.copy())
        other.paths = list(self.paths)
        other.symbols, other.base = self.symbols, self.base
        return other


class Standing:
    """A source that has given out so many symbols, and what comes next."""

    def __init__(self, sent: int, symbol: Any = None) -> None:
        self.sent = sent
        self.symbol = symbol

    def peek(self) -> Any:
        return self.symbol


class Parser:
    """One run of a flattened machine over symbols that arrive in pieces."""

    def __init__(
        self,
        machine: dfa,
        path: str | None = None,
        data: Any = None,
        watch: bool = False,
    ) -> None:
        self.machine = machine
        self.program = machine.program
        self.data = dotdict() if data is None else data
        self.artifacts = Artifacts(self.program, path, self.data)
        self.execution = Execution(self.program)
        self.execution.building = False
        self.execution.effects = self.artifacts
        self.execution.watching = self.watch = watch
        self.status = rows.WAITING
        # Some rows go back to where they were before; and so does who watches.
        self._keeps = watch or isinstance(machine, section)
        if not isinstance(machine, section):
            self.execution.deepest = rows.NESTED
        self._octets: Any = b""
        self._symbols: Any = "" if self.program.alphabet.text else b""
        self._dropped = 0

    @property
    def sent(self) -> int:
        """How many symbols the machine has taken."""
        return self._dropped + self.execution.pos

    @property
    def done(self) -> bool:
        """Whether the machine has ended, and takes no more."""
        return self.status != rows.WAITING

    @property
    def rest(self) -> Any:
        """The symbols that the machine did not take."""
        return self._symbols[self.execution.pos :]

    @property
    def states(self) -> list[tuple[str, str]]:
        """Every (machine, state) so far, for a parser that watches."""
        visits = self.execution.visits
        return story(self.program, visits, self._octets, self.execution.pos)

    @property
    def terminal(self) -> bool:
        """Whether the machine is terminal, if the input ended here."""
        if self.status != rows.WAITING:
            return self.status == rows.FINISHED and self.machine._terminal
        execution = self.execution
        place = execution.place()
        registers = list(execution.registers)
        # No symbol is left to take, so only what has no more to wait for is run.
        execution.effects = self.artifacts.apart()
        execution.watching = False
        try:
            ended = execution.run(self._octets, len(self._octets), True)
        except ProtocolError:
            ended = rows.FAILED
        execution.restore(place)
        for number, value in enumerate(registers):
            execution.registers[number] = value
        execution.effects = self.artifacts
        execution.watching = self.watch
        return ended == rows.FINISHED and self.machine._terminal

    def feed(self, symbols: Any) -> Parser:
        """Take some more input: octets, or text for a machine of characters."""
        octets = self.program.alphabet.encode(symbols)
        if not isinstance(symbols, str):
            symbols = octets  # its own, whatever becomes of the caller's
        execution = self.execution
        if self.status != rows.WAITING:
            self._symbols = self._symbols + symbols if self._symbols else symbols
        elif not self._keeps and execution.top == 0:
            # Nothing refers to what was taken: only what was not is kept.
            self._dropped += execution.pos
            self.artifacts.base = self._dropped
            self._octets = self._octets[execution.pos :] + octets
            self._symbols = self.rest + symbols if self.rest else symbols
            execution.pos = 0
            self._run(False)
        else:
            self._octets += octets
            self._symbols = self._symbols + symbols if self._symbols else symbols
            self._run(False)
        return self

    def close(self) -> Parser:
        """No more input will come; an Incomplete where it may not end."""
        if self.status == rows.WAITING:
            self._run(True)
        return self

    def _run(self, final: bool) -> None:
        self.artifacts.symbols = self._symbols
        self.status = rows.FAILED  # should an artifact raise
        try:
            self.status = self.execution.run(self._octets, len(self._octets), final)
        except ProtocolError as error:
            if not error.machine:
                _, number = self._stands()
                error.machine = self.program.names[number][0]
            raise
        if self.status == rows.FAILED:
            raise self._failure()

    def _stands(self) -> tuple[Row, int]:
        """The row of the run, and the number of the state that it stands in."""
        row = self.program.rows[self.execution.pc]
        number = self.program.switched.get(row.label.pc)
        if number is None:
            number = (row.before or row.taken or (0,))[-1]
        return row, number

    def _failure(self) -> Any:
        """As the trace engine says it, and by the same words."""
        execution = self.execution
        row, number = self._stands()
        machine, place = self.program.places[number]
        limited = execution.pos >= execution.limit
        rest = self.rest
        source = Standing(self.sent, None if limited or not rest else rest[0])
        if execution.reason == rows.TOO_DEEP and isinstance(place, dfa):
            return place.too_deep(machine, self.sent)
        if row.operation in ("SWITCH", "FAIL"):
            return machine.failure(place, source, self.sent if limited else None)
        if row.operation == "TAKE":
            return place.starved(machine, self.sent, limited)
        ended = execution.reason == rows.ENDED
        begun = int(min(len(self._octets), execution.limit)) - execution.pos
        if row.operation.startswith("INT") and begun:
            # A number is taken at once, or told as far as it came.
            place = self.program.places[row.taken[begun - 1]][1]
        elif not ended:
            begun = 0
        return (Incomplete if ended else Malformed)(
            rows.REASONS[execution.reason],
            machine=machine.label,
            state=place.label,
            offset=self.sent + begun,
            around=rest[begun : begun + 1],
        )
