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
from .machine import dfa, join
from .program import Program
from .story import place_of, story

__all__ = ["Parser"]


class Artifacts:
    """What rows do to a dotted dictionary, by the very methods of the states."""

    def __init__(self, program: Program, path: str | None, data: Any) -> None:
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
        if effect.kind == "holds":
            return int(effect.state(path=path, data=self.data))
        if effect.kind == "repeat":
            return int(effect.state.cycles(None, path, self.data))
        return int(effect.state.bound(Standing(0), path, self.data, None))


class Standing:
    """A source that has given out so many symbols."""

    def __init__(self, sent: int) -> None:
        self.sent = sent


class Dry(Artifacts):
    """Artifacts that nothing is done to: for asking what would be."""

    def collect(self, number: int, begin: int, end: int) -> None:
        pass

    def perform(self, number: int, pos: int) -> None:
        pass


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
        path = self.artifacts.paths[-1]
        execution.effects = Dry(self.program, path, self.data)
        execution.watching = False
        try:
            ended = execution.run(self._octets, execution.pos, True)
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
        if self.status != rows.WAITING:
            self._symbols += symbols
            return self
        octets = self.program.alphabet.encode(symbols)
        execution = self.execution
        if not self.watch and execution.top == 0:
            # Nothing refers to what was taken: only the new part is kept.
            self._dropped += execution.pos
            self.artifacts.base = self._dropped
            execution.pos = 0
            self._octets, self._symbols = octets, symbols
        else:
            self._octets += octets
            self._symbols += symbols
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
        self.status = self.execution.run(self._octets, len(self._octets), final)
        if self.status == rows.FAILED:
            raise self._failure()

    def _failure(self) -> ProtocolError:
        execution = self.execution
        row = self.program.rows[execution.pc]
        numbers = row.before or row.taken or self._switched(row)
        name = self.program.names[numbers[-1]] if numbers else ("", "", False)
        if self.watch:
            name = place_of(
                self.program, execution.visits, self._octets, execution.pos
            ) + (False,)
        kind = Incomplete if execution.reason == rows.ENDED else Malformed
        at_end = execution.pos >= len(self._octets)
        if execution.reason == rows.NO_EDGE and at_end:
            kind = Malformed if execution.pos >= execution.limit else Incomplete
        around = self.rest[:1]
        return kind(
            f"sub-machine terminated in a non-terminal state, after {self.sent} symbols",
            machine=name[0],
            state=name[1],
            offset=self.sent,
            around=around,
        )

    def _switched(self, row: Any) -> tuple[int, ...]:
        """The state of a row that only looks for the next one."""
        number = self.program.switched.get(row.label.pc)
        return () if number is None else (number,)

