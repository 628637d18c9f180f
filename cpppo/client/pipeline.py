# SPDX-License-Identifier: Apache-2.0
"""Operations in, octets out; octets in, results out: many requests in flight at once.

Over `requests`, `envelope` and `result`; under the shells, which have a socket.  It
knows no socket, thread or clock.  A reply belongs to the request with its sender
context, over a connection to that with its sequence count, and to no other; results
come in the order of their operations, whatever the order of the replies.  What breaks
a rule raises a ProtocolError, and then all of it is to be discarded.  Replies are read
by the tables of the grammar, to registers.  Compiled.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from ..protocol.enip import MultipleService
from ..protocol.enip.members import packed
from ..protocol.enip.samples import ROUTER
from .envelope import LONGEST, Envelope
from .opening import Connection
from .operations import Operation, OperationError
from .parts import BitWrite, Pieces
from .replies import Lost, Replies, Request
from .requests import LARGEST, WAYS, prepared, way_of
from .result import WRITE, Prepared, Result
from .way import Way

__all__ = ["Pipeline"]

REMEMBERED = 65536  # reads whose requests are kept
TOO_LONG = f"a request has up to {LONGEST:,} octets"


class Pipeline(Replies):
    """What one session has asked, and what it was answered."""

    def __init__(
        self,
        session: int = 0,
        way: Way | None = None,
        connection: Connection | None = None,
    ) -> None:
        if connection:
            super().__init__(session, connection.to_originator, connection.to_target)
        else:
            super().__init__(session)
        self.way = way or Way()
        self.envelopes: dict[Way, Envelope] = {}
        # What goes its way goes over the connection, and what goes others beside it.
        self.connected = Envelope(session, self.way, connection)
        self.beside: Any = None  # the way without it, of what does not fit it
        self.sequence = 0
        self.counts = 0  # since all requests were answered
        self.envelope = self.through(self.way)
        # What a packet needs besides its members.
        empty = MultipleService(path=ROUTER, requests=()).encode()
        self.packet = empty[: len(empty) - 2]
        self.run = 0  # how many times it began
        self.depth = 1
        self.multiple = 0
        self.fragment = False
        self.index = 0
        self.int_type: Any = None
        self.kept: dict[Any, Prepared] = {}
        self.fragments: dict[Any, Prepared] = {}
        self.source: Any = iter(())
        self.more = False
        self.failed: Any = None  # why there are no more operations
        self.alone: Any = None  # the result that those after it wait for
        self.waits: Any = None  # an operation that did not fit into a packet
        self.line: deque[Result] = deque()
        self.serial = 1
        self.most = 0  # results begun

    def through(self, way: Way) -> Envelope:
        """What goes around requests along a way."""
        if way == self.connected.way:
            return self.connected
        found = self.envelopes.get(way)
        if found is None:
            if len(self.envelopes) > 1000:
                self.envelopes.clear()
            found = self.envelopes[way] = Envelope(self.session, way)
        return found

    def go(self, way: Way) -> None:
        """From now on, requests go this way if they have none of their own."""
        if way != self.way:
            self.way = way
            self.envelope = self.through(way)

    # -- operations

    def begin(
        self,
        operations: Iterable[str | Mapping[str, Any] | Operation],
        *,
        depth: int = 1,
        multiple: int = 0,
        fragment: bool = False,
        index: int = 0,
        int_type: Any = None,
    ) -> None:
        """Do these, once all before them are done."""
        if self.line or self.waiting:
            raise RuntimeError("the operations before these are not done")
        self.run += 1
        self.failed = None
        self.source = iter(operations)
        self.more = True
        self.waits = None
        self.depth = max(1, depth)
        self.multiple = min(multiple, LONGEST)
        self.fragment = fragment
        self.index = index
        self.int_type = int_type
        self.most = max(4096, 4 * self.depth)

    @property
    def done(self) -> bool:
        """Whether everything was asked, answered and taken."""
        return not (
            self.more
            or self.line
            or self.waiting
            or self.waits is not None
            or self.failed is not None
        )

    def next(self) -> Any:
        """The next operation, ready; None if there is none."""
        if self.waits is not None:
            found = self.waits
            self.waits = None
            return found
        if not self.more:
            return None
        try:
            return self.ready(next(self.source))
        except StopIteration:
            self.more = False
        except Exception as exc:
            # What was asked before it is answered first.
            self.more = False
            self.failed = exc
        return None

    def ready(self, given: Any) -> Prepared:
        """An operation, ready to be sent; reads are remembered."""
        key = key_of(given)
        kept = self.fragments if self.fragment else self.kept
        if key is not None:
            found = kept.get(key)
            if found is not None:
                return found
        way = None
        around = self.envelope
        if isinstance(given, str):
            operation = Operation.parse(
                given, fragment=self.fragment, int_type=self.int_type
            )
        else:
            operation = Operation.of(given, fragment=self.fragment)
            if isinstance(given, Mapping) and not WAYS.isdisjoint(given):
                way = way_of(given, self.way)
                around = self.through(way)
        largest = around.most or max(self.multiple, LARGEST)
        found = prepared(operation, self.fragment, largest)
        size = len(found.octets)
        if found.pieces is not None:
            size = max(map(len, found.pieces))
        if size > LONGEST:
            raise OperationError(TOO_LONG, operation.text, 0)
        if around.most and size > around.most:
            # What does not fit the connection goes without it.
            if self.beside is None:
                self.beside = Envelope(self.session, around.way)
            found.envelope = self.beside
        elif way is not None and way != self.way:
            found.envelope = around
        elif key is not None and operation.method == "read":
            if len(kept) >= REMEMBERED:
                kept.clear()
            kept[key] = found
        return found

    # -- requests

    def send(self) -> bytes:
        """The requests that may be sent now."""
        ROOM = 65536  # octets in flight: what the other side's kernel takes anyhow
        frames: list[bytes] = []
        if self.failed is not None and not self.line and not self.waiting:
            failed = self.failed
            self.failed = None
            raise failed
        if self.ended():
            return b""
        while self.outstanding < self.depth and self.flying < ROOM:
            if self.steps:
                frames.append(self.step())
                continue
            if len(self.line) >= self.most:
                break
            if self.alone is not None:
                # What comes after a bit that is written, is to see it written.
                if not self.alone.complete:
                    break
                self.alone = None
            one = self.next()
            if one is None:
                break
            if self.multiple > 0 and not one.alone and not self.single:
                frames.append(self.bundle(one))
                continue
            result = self.begun(one)
            self.index += 1
            if one.alone:
                self.several(result)
            else:
                frames.append(self.asked(result))
        if len(frames) == 1:
            return frames[0]
        return b"".join(frames)

    def begun(self, one: Prepared) -> Result:
        """A place for what will come of an operation."""
        result = Result(one)
        result.index = self.index
        self.line.append(result)
        return result

    def asked(self, result: Result) -> bytes:
        """The frame of an operation's only request, or first one."""
        one = result.prepared
        result.sent = True
        result.pending += 1
        request = Request(result, None, one.service, len(one.octets))
        return self.flown(one.octets, request, one.envelope)

    def flown(self, octets: bytes, request: Request, envelope: Any) -> bytes:
        """The frame of a request, which is in flight now."""
        around = self.envelope
        if envelope is not None:
            around = envelope
        if around.connected:
            number = self.counted()
            self.waiting[-1 - number] = request
        else:
            number = self.serial
            self.serial += 1
            self.waiting[number] = request
        self.outstanding += 1
        self.flying += request.size
        return around.around(octets, number)

    def counted(self) -> int:
        """The next sequence count: of 16 bits, and of no request that is in flight."""
        COUNTS = 0xFFFF
        if self.outstanding == 0 and not self.ignored:
            self.counts = 0
        number = self.sequence
        n = 0
        while n <= COUNTS:
            n += 1
            number = (number + 1) & COUNTS
            self.counts += 1
            # The first 65,536 since all was answered are nobody else's.
            if self.counts <= COUNTS or self.free(-1 - number):
                self.sequence = number
                return number
        raise Lost(f"{n} requests over the connection were not answered")

    def free(self, key: int) -> bool:
        """Whether no request that may be answered yet has this key."""
        return key not in self.waiting and key not in self.ignored

    def bundle(self, one: Prepared) -> bytes:
        """The frame of a packet of this and what comes after it, as far as it fits."""
        envelope = one.envelope
        members = [self.begun(one)]
        octets = [one.octets]
        around = self.envelope
        if envelope is not None:
            around = envelope
        most = self.multiple
        if around.most and around.most < most:
            most = around.most
        # Each has an offset of two octets; so has each reply.
        size = len(self.packet) + 4 + len(one.octets)
        room = self.reply_size + 4 + awaited(one, self.reply_size)
        while size < most:
            one = self.next()
            if one is None:
                break
            size += 2 + len(one.octets)
            room += 2 + awaited(one, self.reply_size)
            if size > most or room > most or one.alone or one.envelope is not envelope:
                self.waits = one
                break
            members.append(self.begun(one))
            octets.append(one.octets)
        self.index += 1
        if len(members) == 1:
            return self.asked(members[0])
        for result in members:
            result.sent = True
            result.bundled = True
        whole = self.packet + packed(octets)
        request = Request(None, members, whole[0] | 0x80, len(whole))
        return self.flown(whole, request, envelope)

    def several(self, result: Result) -> int:
        """Ask what takes more than one request."""
        one = result.prepared
        if one.pieces is None:
            result.parts = BitWrite(one)
            self.alone = result
        else:
            result.parts = Pieces(one)
        return self.follow(result, result.parts.steps())

    def step(self) -> bytes:
        """The frame of the next request that goes on with an operation."""
        result, octets, start, stop = self.steps.popleft()
        result.sent = True
        request = Request(result, None, octets[0] | 0x80, len(octets))
        request.start = start
        request.stop = stop
        return self.flown(octets, request, result.prepared.envelope)

    # -- results

    def take(self) -> list[Result]:
        """The results that are complete, in the order of their operations."""
        taken = []
        line = self.line
        while line:
            first = line[0]
            if not first.complete:
                break
            taken.append(first)
            line.popleft()
        return taken

    def abandon(self) -> list[Result]:
        """End it: what was begun and not taken, with what is known of it.

        Replies that are still to come will be ignored.
        """
        self.ignored.update(self.waiting)
        self.waiting.clear()
        self.steps.clear()
        self.outstanding = self.flying = 0
        self.source = iter(())
        self.more = False
        self.waits = None
        self.alone = None
        self.failed = None
        left = list(self.line)
        self.line.clear()
        return left


def key_of(given: Any) -> Any:
    """By what a read is remembered; None if it is none, or not a plain one."""
    if type(given) is str:
        return None if "=" in given else given
    if type(given) is not dict:
        return None
    path = given.get("path")
    parts: list[Any] = [0]
    if len(given) == 2:
        parts[0] = given.get("elements")
        if type(parts[0]) is not int:
            return None
    elif len(given) != 1:
        return None
    if type(path) is not list:
        return None
    for one in path:
        if type(one) is not dict or len(one) != 1:
            return None
        for name, value in one.items():
            if type(value) is not int and type(value) is not str:
                return None
            parts.append(name)
            parts.append(value)
    return tuple(parts)


def awaited(one: Prepared, head: int) -> int:
    """How many octets the reply may have: as many as the last time, or a guess."""
    if one.form == WRITE:
        return head
    if one.size:
        return head + 2 + one.size
    return head + 2 + 4 * int(one.elements)
