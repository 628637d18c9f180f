# SPDX-License-Identifier: Apache-2.0
"""What `Logix` and its await-able twin do, up to where they have to wait.

Over `session`, `writes` and `backoff`; under the two shells, `shell` and
`asynchronous`.  A program here is a generator.  Whatever may wait it yields: a function
and its arguments, which one shell calls and the other awaits; what comes of it, it gets
back.  So what is asked again, what is reported and what a failure says is written once.

Rules.  Whatever fails in an exchange, its connection is discarded whole.  A read is
asked again while there is time; a write that was sent never is.  A program that is
left half-way (a cancelled call) discards the connection too: its replies are nobody's.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from time import monotonic, time
from typing import Any

from ..errors import (
    CpppoError,
    Disconnected,
    ProtocolError,
    Timeout,
    TransportError,
)
from ..protocol.enip import ListIdentity, RequestFrame, Segment
from ..protocol.enip.structures import StructureType
from .backoff import Backoff
from .calls import Call, Program, limit
from .operations import Operation, OperationError
from .pipeline import Pipeline
from .place import Place
from .replies import Lost
from .result import Result
from .session import STRAIGHT, Session, identified
from .values import Kind, display
from .writes import Write, answerable, learned, mismatched, unsent

__all__ = ["Line"]

log = logging.getLogger(__name__)

REMEMBERED = 65536  # texts of tags; then they are read anew


class Line(Session):
    """The way to one device: its session, its failures, and what is known of it."""

    def __init__(
        self,
        place: Place,
        *,
        opener: Callable[..., Any],
        pause: Callable[[float], Any],
        timeout: float | None,
        depth: int | None,
        multiple: int | None,
        connected: bool = False,
        source: tuple[str, int] | None = None,
        backoff: Backoff | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.timeout = limit(timeout)
        super().__init__(
            place,
            opener=opener,
            depth=depth,
            multiple=multiple,
            connected=connected,
            source=source,
            clock=clock,
        )
        # Its own, however many were given the same one.
        self.backoff = copy(backoff) if backoff is not None else Backoff()
        self._pause = pause
        self._trouble: CpppoError | None = None
        self._types: dict[tuple[Segment, ...], Kind] = {}
        self._known: set[str] = set()

    def open(self) -> None:
        """Take calls again, and try at once."""
        if self.closed:
            self.closed = False
            self._straight = ""
            self.backoff.worked()

    def call(self) -> Call:
        """One that begins now."""
        return Call(self.timeout, self.clock())

    def readings(self, tags: Iterable[Any]) -> list[Any]:
        """The tags, all of which can be read; a wrong one is refused here."""
        several = list(tags)
        try:
            if self._known.issuperset(several):
                return several
        except TypeError:  # a dictionary is among them
            pass
        for one in several:
            if type(one) is not str:
                reading(Operation.of(one))
            elif one not in self._known:
                reading(Operation.parse(one))
                if len(self._known) >= REMEMBERED:
                    self._known.clear()
                self._known.add(one)
        return several

    # -- programs

    def read(self, call: Call, operations: Sequence[Any]) -> Program[list[Result]]:
        """The results of reads; over as many connections as it takes."""
        found: list[Result] = []
        while True:
            pipeline = self._at_hand(call) or (yield from self._ready(call))
            have = len(found)
            rest = operations[have:] if have else operations
            try:
                yield from self._exchange(call, pipeline, rest, found)
            except (TransportError, ProtocolError) as exc:
                self._lost(call, exc)
            else:
                return found

    def write(self, call: Call, writes: Sequence[Write]) -> Program[list[Result]]:
        """The results of writes; of a tag that is not there, that of its read."""
        results: dict[int, Result] = {}
        operations = yield from self._fitting(call, dict(enumerate(writes)), results)
        yield from self._put(call, operations, results)
        # Another type than was learnt: nothing was written there, so it may be again.
        stale = {
            nth: writes[nth]
            for nth in operations
            if not results[nth].ok
            and writes[nth].operation is None
            and mismatched(results[nth])
        }
        if stale:
            for one in stale.values():
                self._types.pop(one.whole, None)
            yield from self._anew(call, stale, results)
        return [results[nth] for nth in range(len(writes))]

    def identify(self, call: Call) -> Program[dict[str, Any]]:
        """Who the device says it is, asked once for each connection."""
        while True:
            pipeline = self._at_hand(call) or (yield from self._ready(call))
            if self.identity is not None:
                return self.identity
            try:
                found = yield from self._ask(call, RequestFrame(payload=ListIdentity()))
                self.identity = identified(found)
            except (TransportError, ProtocolError) as exc:
                self._acquit(pipeline)
                self._lost(call, exc)
            else:
                self._worked()  # though it says nothing of the connection
                return self.identity

    def close(self) -> None:
        """Part from the device."""
        self._types.clear()
        super().close()

    # -- writing

    def _fitting(
        self, call: Call, writes: Mapping[int, Write], results: dict[int, Result]
    ) -> Program[dict[int, Operation]]:
        """The writes with their types; where a value does not fit, they may be old."""
        old = {one.whole for one in writes.values() if self._structured_as(one)}
        try:
            return (yield from self._typed(call, writes, results))
        except OperationError:
            if not old:
                raise
        for whole in old:
            self._types.pop(whole, None)
        results.clear()
        return (yield from self._typed(call, writes, results))

    def _structured_as(self, one: Write) -> bool:
        """Whether a tag is remembered as a structure, whose members may change."""
        kind = self._types.get(one.whole)
        return kind is not None and issubclass(kind, StructureType)

    def _typed(
        self, call: Call, writes: Mapping[int, Write], results: dict[int, Result]
    ) -> Program[dict[int, Operation]]:
        """The writes with their types; a refused read is the result of its write."""
        # Of its own: a new connection forgets what was known of the old one.
        types: dict[tuple[Segment, ...], Kind] = {}
        unknown = {}
        for nth, one in writes.items():
            if one.operation is None:
                kind = self._types.get(one.whole)
                if kind is None:
                    unknown[nth] = one
                else:
                    types[one.whole] = kind
        # One read for each tag that is written to, whatever its elements.
        first = {one.whole: one for one in reversed(unknown.values())}
        learnt: dict[tuple[Segment, ...], Result] = {}
        if first:
            probes = [one.probe for one in first.values()]
            learnt = dict(zip(first, (yield from self.read(call, probes)), strict=True))
        for whole, result in learnt.items():
            if result.ok:
                types[whole] = self._types[whole] = learned(result)
        for nth, one in unknown.items():
            if one.whole not in types:
                results[nth] = learnt[one.whole]
        operations: dict[int, Operation] = {}
        for nth, one in writes.items():
            if one.operation is not None:
                operations[nth] = one.operation
            elif nth not in results:
                kind = types[one.whole]
                operations[nth] = yield from self._operation(call, one, kind)
        return operations

    def _operation(self, call: Call, one: Write, kind: Kind) -> Program[Operation]:
        """What a write means, now that its type is known."""
        yield from ()
        return one.typed(kind)

    def _anew(
        self, call: Call, writes: Mapping[int, Write], results: dict[int, Result]
    ) -> Program[None]:
        """Learn types once again, and write; where that fails, it is as it was."""
        fresh: dict[int, Result] = {}
        try:
            for nth, one in writes.items():
                # One by one, so that a value that does not fit now is its own matter.
                try:
                    typed = yield from self._typed(call, {nth: one}, fresh)
                except OperationError as exc:
                    log.debug("%s: %s", one.tag, exc.problem)
                else:
                    yield from self._put(call, typed, fresh)
        except (TransportError, ProtocolError) as exc:
            log.info("%s: types could not be learnt anew: %s", self.place, exc)
        results.update(fresh)

    def _put(
        self,
        call: Call,
        operations: Mapping[int, Operation],
        results: dict[int, Result],
    ) -> Program[None]:
        """Send each write once; what was not sent may go on a new connection."""
        left = list(operations)
        while left:
            try:
                pipeline = yield from self._ready(call, writing=True)
            except (TransportError, ProtocolError):
                if len(left) == len(operations):
                    raise  # nothing was sent
                return
            found: list[Result] = []
            several = [operations[nth] for nth in left]
            again = False
            try:
                yield from self._exchange(call, pipeline, several, found)
            except CpppoError as exc:
                retried = isinstance(exc, TransportError) or self._unproven
                self._discard(call, exc)
                found += pipeline.abandon()
                ours = not isinstance(exc, TransportError | ProtocolError)
                if ours and not any(map(answerable, found)):
                    raise
                found += map(unsent, several[len(found) :])
                again = retried and not self._over(call)
            results.update(zip(left, found, strict=True))
            left = [nth for nth in left if again and not answerable(results[nth])]

    # -- connections

    def _at_hand(self, call: Call, writing: bool = False) -> Pipeline | None:
        """The session that there is."""
        wire = self.wire
        if self._pipeline is None or wire is None:
            return None
        if self._young and call.began - self._used >= self._young:
            self.close()  # it may have been closed there, and nobody has failed
            return None
        # Nothing is awaited: what is there is the end, or of no use.
        if (writing or self._unproven) and wire.readable(0):
            self._acquit(self._pipeline)
            self._discard(call, Disconnected(f"{self.place} closed the connection"))
            return None
        if self.closed or call.ended:
            self._alive(call)
        self._left(call)  # a call whose time is over sends nothing
        return self._pipeline

    def _ready(self, call: Call, writing: bool = False) -> Program[Pipeline]:
        """A session, an old or a new one."""
        pipeline = self._at_hand(call, writing)
        if pipeline is not None:
            return pipeline
        while True:
            self._alive(call)
            now = self.clock()
            wait = self.backoff.wait(now)
            if now + wait >= call.until:
                raise self._failure(call)
            if wait:
                yield self._pause, wait
                continue
            try:
                return (yield from self._connect(call))
            except TransportError as exc:
                self._discard(call, exc)
            except ProtocolError as exc:
                unproven = self._unproven
                self._discard(call, exc)
                if not unproven:  # else it may be well without a connection
                    raise

    def _exchange(
        self,
        call: Call,
        pipeline: Pipeline,
        operations: Sequence[Any],
        found: list[Result],
    ) -> Program[None]:
        """Ask for all of it, and add the results as they come."""
        wire = self._wire()
        before, time_of = len(found), (call.began, call.until)
        self._used = max(self._used, call.began)
        try:
            pipeline.begin(operations, depth=self.depth, multiple=self.multiple)
            left = call.left
            while True:
                octets = pipeline.send()
                if octets:
                    yield wire.send, octets, left
                    left = self._left(call)
                if pipeline.outstanding:
                    octets = yield wire.receive, left
                    if pipeline.receive(octets, time()):
                        self._renew(call)
                found += pipeline.take()
                if pipeline.done:
                    break  # however late: it was answered
                left = self._left(call)
        except Lost as exc:
            found += pipeline.take()
            raise Disconnected(f"{self.place}: {exc}") from exc
        except BaseException:
            self.close()
            found += pipeline.take()
            self._acquit(pipeline)
            raise
        finally:
            if pipeline.proven:
                self._unproven = False
            if len(found) > before:
                self._worked()
            else:  # the parts that came are of no use
                call.began, call.until = time_of

    # -- times and failures

    def _over(self, call: Call) -> bool:
        return bool(call.ended) or self.closed or self.clock() >= call.until

    def _renew(self, call: Call) -> None:
        """Something came: where each page has its time, the next one has all of it."""
        if call.pages and call.timeout is not None:
            call.began, call.left = self.clock(), call.timeout
            call.until = call.began + call.timeout
            self._used = call.began

    def _acquit(self, pipeline: Pipeline) -> None:
        """What fails is not the connection, if nothing was asked over it."""
        if not pipeline.sequence:
            self._unproven = False

    def _worked(self) -> None:
        self._working = True
        self.backoff.worked()

    def _discard(self, call: Call, exc: CpppoError) -> None:
        """The connection is of no use any more, or there was none to be had."""
        ours = not isinstance(exc, TransportError | ProtocolError)
        if ours or call.ended or self.closed:
            self.close()  # nothing has failed: it was ended on this side
            return
        if self._trouble is None or self.backoff.since is None:
            log.info("%s: down: %s", self.place, exc)
        if self._unproven:
            # It may be the connection that it cannot do.
            self._straight, self._until = str(exc), self.clock() + STRAIGHT
        elif self._aside and not self._working:
            self._straight = ""  # nor is it well without
        if self._working:
            self.backoff.lost(self.clock())
        else:
            self.backoff.failed(self.clock())
        self._working = False
        self._trouble = exc
        self.close()

    def _lost(self, call: Call, exc: CpppoError) -> None:
        """After a failure: whether to go on."""
        unproven = self._unproven
        self._discard(call, exc)
        self._alive(call)
        if isinstance(exc, ProtocolError) and not unproven:
            raise exc
        if self._over(call):
            raise self._failure(call) from exc

    def _failure(self, call: Call) -> TransportError:
        """What to tell who asked: whom, what, since when, and when again."""
        now = self.clock()
        trouble = self._trouble
        if trouble is None or self.backoff.since is None:
            return Timeout(self._late(call))
        kind = type(trouble) if isinstance(trouble, TransportError) else Disconnected
        what = str(trouble)
        if kind is Timeout and now >= call.until:
            what = self._late(call)
        return kind(f"{what} ({self.backoff.words(now)})")


def reading(given: Any) -> Operation:
    """A read; anything else is refused."""
    operation = Operation.of(given)
    if operation.data is not None:
        shown = operation.text or display(operation)
        raise OperationError("a read has no values; to write there is write", shown, 0)
    return operation
