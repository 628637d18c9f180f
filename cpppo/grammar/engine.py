# SPDX-License-Identifier: Apache-2.0
"""Everything that is made of one message declaration, each at the first need of it.

Under `message`, over `lower` (the machine), `build` (values) and `emit` (octets).
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from ..automata import rows
from ..automata.execute import Execution
from ..automata.flatten import flatten
from ..automata.once import once
from ..automata.program import Program
from ..automata.registers import Memory, section
from ..automata.source import peekable
from ..automata.states import describe_edges
from ..automata.story import places, skips, story
from ..errors import Incomplete, Malformed, ProtocolError
from .build import Builder, Reader
from .emit import Emission, Writer
from .lower import Lowering
from .plan import Planning
from .reach import recursive_from

__all__ = ["Engine"]

KEPT = 512  # visits: an error tells of the last few only


class Engine:
    """The readings of one declaration."""

    def __init__(self, cls: Any) -> None:
        self.cls = cls
        self.name = cls.__name__

    # -- reading

    @once
    def lowering(self) -> Lowering:
        return Lowering(self.cls)

    @property
    def machine(self) -> section:
        return self.lowering.top

    @once
    def program(self) -> Program:
        program = flatten(self.machine)
        program.failure = self.failure
        return program

    @once
    def builder(self) -> Builder:
        return Builder(self.program.actions, self.lowering.actions.entries)

    @once
    def tracer(self) -> Builder:
        """The builder for the trace engine, which notes each action by itself."""
        entries = self.lowering.actions.entries
        return Builder([(number,) for number in range(len(entries))], entries)

    @once
    def reader(self) -> Reader:
        return Reader(self.program, self.builder, self.failure, self.placed)

    def execution(self) -> Execution:
        return Execution(self.program)

    def register(self, name: str) -> int:
        known = self.lowering.names
        if name in known:
            return known[name]
        shown = ", ".join(sorted(known))
        raise KeyError(f"{self.name} has no register {name!r}; it has {shown}")

    def watched(
        self, octets: bytes, final: bool = True, kept: int = 0
    ) -> tuple[Execution, int]:
        """A run that notes where it goes, and what it answers."""
        execution = self.execution()
        execution.watching = True
        execution.kept = kept
        execution.reset(0)
        return execution, execution.run(octets, len(octets), final)

    def states(self, octets: bytes, final: bool = True) -> list[tuple[str, str]]:
        """The (machine, state) names by the table engine, as far as it comes."""
        execution, _ = self.watched(octets, final)
        return self._told(execution, octets)

    def _told(self, execution: Execution, octets: bytes) -> list[tuple[str, str]]:
        end = self.reached(execution, len(octets))
        return story(self.program, execution.visits, octets, end)

    def reached(self, execution: Execution, stop: int) -> int:
        """How far a run came, with the octets of a number that was begun."""
        pos = int(execution.pos)
        row = self.program.rows[execution.pc]
        if row.operation == "DIGITS" and execution.reason == rows.OVERRUN:
            return int(min(stop, execution.limit))
        short = execution.reason in (rows.ENDED, rows.OVERRUN)
        if short and row.operation.startswith("INT"):
            return int(min(stop, execution.limit))
        if execution.reason == rows.ENDED and row.operation in (
            "SPAN",
            "PAD",
            "DIGITS",
        ):
            return stop
        return pos

    def trace(self, octets: Any) -> Iterator[tuple[str, str]]:
        """The (machine, state) names by the trace engine."""
        with self.machine as machine:
            for mch, sta in machine.run(peekable(bytes(octets)), data=Memory()):
                if mch is not None and sta is not None:
                    yield mch.label, sta.label

    def traced(self, octets: Any) -> tuple[Any, int]:
        """The value by the trace engine, and how many octets it took."""
        memory, taken = self.walked(octets)
        tape = array("q", memory.tape)
        octets = bytes(memory.octets)
        try:
            return self.tracer.build(tape, len(tape), octets), taken
        except Malformed as exc:
            if exc.offset < 0:
                exc.offset = memory.places[-exc.offset - 1]
                exc.around = octets[exc.offset : exc.offset + 8]
            raise

    def walked(self, octets: Any) -> tuple[Memory, int]:
        """What the trace engine notes, and how many octets it took."""
        source, memory = peekable(bytes(octets)), Memory()
        with self.machine as machine:
            for _ in machine.run(source, data=memory):
                pass
        return memory, source.sent

    def failure(self, execution: Execution, octets: bytes) -> ProtocolError:
        """What went wrong, and where: told by going there once more."""
        octets = bytes(octets)
        again, status = self.watched(octets, kept=KEPT)
        offset = self.reached(again, len(octets))
        visits = again.visits
        if again.reason == rows.LEFT_OVER:
            visits = visits[: self.opened(visits) + 1]
        last = places(self.program, visits, octets, offset)[-1]
        machine, state, _ = self.program.names[last]
        around = octets[offset : offset + 8]
        if status == rows.FINISHED:
            left = len(octets) - offset
            return Malformed(
                f"{left} octets are left over",
                machine=machine,
                state=state,
                offset=offset,
                around=around,
            )
        reason = again.reason
        # What would have waited for more is incomplete, and nothing else is.
        short = self.watched(octets, False, KEPT)[1] == rows.WAITING
        kind: Any = Incomplete if short else Malformed
        expected = describe_edges(self.program.states[last])
        return kind(  # type: ignore[no-any-return]
            self._problem(again, reason, offset, short),
            machine=machine,
            state=state,
            offset=offset,
            expected=expected if reason == rows.NO_EDGE else "",
            around=around,
        )

    def build(self, execution: Execution, octets: bytes) -> Any:
        """The value that a finished run noted."""
        try:
            return self.builder.build(execution.tape, execution.taped, octets)
        except Malformed as exc:
            raise self.placed(exc, octets) from None

    def placed(self, exc: Malformed, octets: bytes) -> Malformed:
        """An error of a value, with its place where only the note of it is known."""
        if exc.offset < 0:
            visits = self.watched(octets)[0].visits
            noted = [
                pos
                for (pc, pos), (following, _) in pairwise([*visits, (-1, 0)])
                if self.program.rows[pc].builds
                and not skips(self.program.rows[pc], following)
            ]
            exc.offset = noted[-exc.offset - 1]
            exc.around = octets[exc.offset : exc.offset + 8]
        return exc

    def opened(self, visits: list[tuple[int, int]]) -> int:
        """Which visit set the limit that the last one found not used up."""
        inner = 0
        for at in range(len(visits) - 2, -1, -1):
            operation = self.program.rows[visits[at][0]].operation
            inner += operation == "UNLIMIT"
            if operation == "LIMIT":
                if inner == 0:
                    return at
                inner -= 1
        return len(visits) - 1

    @staticmethod
    def _problem(execution: Execution, reason: int, offset: int, short: bool) -> str:
        left = min(execution.limit, rows.UNLIMITED) - execution.pos
        if reason == rows.LEFT_OVER and short:
            return f"the input ended, {left} octets were to come"
        if reason == rows.OVERRUN:
            return f"{execution.detail} octets are announced, and {left} are left"
        if reason == rows.LEFT_OVER:
            return f"{left} octets are left over"
        if reason == rows.TOO_DEEP:
            return f"it holds itself more than {rows.DEEPEST} times"
        if reason == rows.NO_COUNT:
            return f"a length of {execution.detail} is no length"
        if reason == rows.ENDED:
            return f"the input ended, {execution.detail} octets were to come"
        return f"sub-machine terminated in a non-terminal state, after {offset} symbols"

    # -- writing

    @once
    def planning(self) -> Planning:
        # Whole before it is shared: nobody is to write by a plan that is being laid.
        planning = Planning(recursive_from(self.cls))
        planning.several(self.cls)
        return planning

    @once
    def writer(self) -> Writer:
        return Writer(self.planning.several(self.cls))

    def spellings(self, record: Any) -> Iterator[bytes]:
        """The octets of a record, in each of the ways it can be written."""
        self.planning.plan(self.cls)
        for plan in self.planning.every[self.cls]:
            if plan.fits(record._values):
                emission = Emission()
                emission.run(plan, record._values, 0)
                yield emission.result()

    def derive(self, record: Any, name: str) -> int:
        """What a derived field of a record is: as read back from its octets."""
        execution = self.execution()
        execution.scan(record.encode())
        for owner in self.cls.__mro__:
            register = self.lowering.names.get(f"{owner.__name__}.{name}")
            if register is not None:
                return int(execution.register(register))
        raise AttributeError(f"{self.name} has no {name} of its own")
