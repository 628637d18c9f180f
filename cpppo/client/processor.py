# SPDX-License-Identifier: Apache-2.0
"""The way to one processor with data files: commands asked over a line, one by one.

Over `line`, of which it is one, and `pccc`, which makes the commands and reads what
came; under `slc`.  Programs, as in `calls`.  How there comes a session, what it goes
over and when it is of no use any more is the line's matter.

Rules.  What was lost is asked once more, at once, and then the call fails.  A write
that was sent and not answered never is, nor one whose connection was lost on the way;
one that was refused, as there is no such session or connection, was not done, and is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from secrets import randbits
from typing import Any, TypeVar

from ..errors import (
    Disconnected,
    ProtocolError,
    StatusError,
    Timeout,
    TransportError,
    Unexpected,
)
from ..protocol.enip import Requester
from ..protocol.enip.datafile import DataAddress
from ..protocol.enip.filelist import listed
from ..protocol.enip.pccc import Function
from .backoff import Backoff
from .calls import Call, Program
from .line import Line
from .opening import VENDOR
from .pccc import (
    DataResult,
    Denied,
    Dialect,
    answered,
    asks,
    catalog,
    command,
    pieces_of_list,
    size_of_list,
)
from .result import NONE, UNKNOWN, UNSENT, Result

__all__ = ["DataWrite", "Processor"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DataWrite:
    """A write: where, what, and the functions that do it."""

    address: DataAddress
    value: Any
    functions: list[Function]


class Again(Backoff):
    """One attempt more, at once; then none, until the next command begins."""

    __slots__ = ()

    def begin(self) -> None:
        """Nothing of what comes now has failed."""
        self.failures = 0

    def lost(self, now: float) -> None:
        self.failed(now)

    def failed(self, now: float) -> None:
        if self.since is None:
            self.since = now
        self.failures += 1

    def wait(self, now: float) -> float:
        return inf if self.failures > 1 else 0.0


class Unanswered(Exception):
    """A command that writes was sent, and what came of it nobody knows."""


class Processor(Line):
    """A line to a processor; one request is in flight, as these have it."""

    backoff: Again

    def __init__(self, *given: Any, dialect: Dialect, **named: Any) -> None:
        super().__init__(*given, **named, depth=1, multiple=0, backoff=Again())
        self._dialect = dialect
        self._requester = Requester(VENDOR, randbits(32))
        self._transaction = randbits(16)

    # -- programs

    def reads(
        self, call: Call, addresses: Sequence[DataAddress]
    ) -> Program[list[DataResult]]:
        """What each address has; what is refused is a result, too."""
        found = []
        for one in addresses:
            try:
                octets = yield from self._brought(call, self._dialect.reads(one))
            except Denied as denied:
                found.append(denied.result(str(one)))
            else:
                value = self._dialect.value(one, octets)
                found.append(DataResult(str(one), value))
        return found

    def writes(
        self, call: Call, several: Sequence[DataWrite]
    ) -> Program[list[DataResult]]:
        """What came of each write."""
        found: list[DataResult] = []
        for one in several:
            found.append((yield from self._written(call, one, bool(found))))
        return found

    def catalog(self, call: Call) -> Program[str]:
        """The catalog number that it says it has."""
        return (yield from self._said(call, [(None, 0)], catalog))

    def files(self, call: Call) -> Program[dict[str, int]]:
        """The files that it lists, and their elements."""
        size = yield from self._said(call, [size_of_list()], lambda octets: octets[:2])
        several = pieces_of_list(int.from_bytes(size, "little"))
        return (yield from self._said(call, several, listed))

    # -- commands

    def _said(
        self,
        call: Call,
        several: Sequence[tuple[Function | None, int]],
        read: Callable[[bytes], T],
    ) -> Program[T]:
        """What some reads say, that are no results: a refusal is an error."""
        try:
            octets = yield from self._brought(call, several)
        except Denied as denied:
            status, words = denied.status & 0xFF, f"{self.place}: {denied.words}"
            raise StatusError(status, denied.extended, words) from None
        try:
            return read(octets)
        except ProtocolError as exc:
            self._discard(call, exc)
            raise

    def _brought(
        self, call: Call, several: Sequence[tuple[Function | None, int]]
    ) -> Program[bytes]:
        """What some reads bring."""
        found: list[bytes] = []
        for function, size in several:
            found.append((yield from self._asked(call, function, size)))
        return b"".join(found)

    def _written(self, call: Call, one: DataWrite, others: bool) -> Program[DataResult]:
        """What a write comes to; `others` were before it in this call."""
        tag = str(one.address)
        done = 0
        try:
            for function in one.functions:
                yield from self._asked(call, function, writing=True)
                done += 1
        except Denied as denied:
            return denied.result(tag)
        except Unanswered:
            return DataResult(tag, status=NONE, words=UNKNOWN, unknown=True)
        except (TransportError, ProtocolError):
            if done:  # a part of it is written
                return DataResult(tag, status=NONE, words=UNKNOWN, unknown=True)
            if not others:
                raise
            return DataResult(tag, status=NONE, words=UNSENT)
        return DataResult(tag, one.value)

    def _asked(
        self,
        call: Call,
        function: Function | None,
        size: int = 0,
        writing: bool = False,
    ) -> Program[bytes]:
        """The data of the reply to a function; `size` octets, where that is known."""
        self.backoff.begin()
        while True:
            pipeline = yield from self._ready(call, writing)
            # What is asked again is a new command: the old number may be known there.
            self._transaction = (self._transaction + 1) & 0xFFFF
            one = command(function, self._transaction)
            found: list[Result] = []
            try:
                asked = asks(one, self._requester)
                yield from self._exchange(call, pipeline, [asked], found)
                octets = answered(found[0], one, self._requester)
                if size and len(octets) != size:
                    raise Unexpected(f"{size} octets expected, not {len(octets)}")
                return octets
            except (TransportError, ProtocolError) as exc:
                begun = (*found, *pipeline.abandon())
                if writing and any(each.sent for each in begun):
                    self._discard(call, exc)
                    raise Unanswered from exc
                self._lost(call, exc)

    def _failure(self, call: Call) -> TransportError:
        """What failed last: the next attempt is the next call's."""
        trouble, late = self._trouble, self.clock() >= call.until
        down = trouble is not None and self.backoff.since is not None
        if not down or (late and isinstance(trouble, Timeout)):
            return Timeout(self._late(call))
        kind = type(trouble) if isinstance(trouble, TransportError) else Disconnected
        return kind(str(trouble))
