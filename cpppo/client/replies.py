# SPDX-License-Identifier: Apache-2.0
"""The half of a pipeline that takes replies: which request's, and what they say.

Under `pipeline`, over `parts` and `result`.  Replies are read by the tables of the
grammar, to registers; where these stand, `samples` learnt.  Nothing that a device says
is believed without a look: what does not belong to a request, or is not what was asked
for, raises a ProtocolError.  Compiled.
"""

from __future__ import annotations

from array import array
from collections import deque
from typing import Any

from ..errors import Disconnected, StatusError, Unexpected
from ..protocol.enip import Reply, ReplyFrame, TypedData
from ..protocol.enip.members import held
from ..protocol.enip.samples import ReplyReads
from ..protocol.enip.status import Encapsulated, Extended, Status, framed, words
from .parts import ReadParts, bits_of, complete, size_of
from .requests import in_parts
from .result import NONE, READ, WRITE, Result

__all__ = ["Lost", "Replies", "Request"]

NO_BIT = int(Status.INVALID_MEMBER)
REFUSES = frozenset(  # packets, as whole ones, before any member was looked at
    (
        Status.PATH_SEGMENT_ERROR,
        Status.PATH_DESTINATION_UNKNOWN,
        Status.SERVICE_NOT_SUPPORTED,
        Status.OBJECT_DOES_NOT_EXIST,
    )
)
TOO_LARGE = frozenset(
    (
        Status.REPLY_TOO_LARGE,
        Status.ROUTING_REQUEST_TOO_LARGE,
        Status.ROUTING_REPLY_TOO_LARGE,
    )
)
GONE = frozenset((Extended.CONNECTION_NOT_FOUND, Extended.CONNECTION_TIMED_OUT))


class Lost(Disconnected):
    """The device has closed the connection that requests went over."""


class Request:
    """A request in flight: whose it is, and what of it the reply is to bring."""

    def __init__(self, result: Any, members: Any, service: int, size: int) -> None:
        self.result = result
        self.members = members
        self.service = service
        self.size = size
        self.start = 0
        self.stop = -1


class Replies:
    """What is in flight, and what it was answered."""

    def __init__(self, session: int, connection: int = -1, echo: int = -1) -> None:
        self.session = session
        self.echo = echo  # what requests name; some devices say that again
        self.connection = connection  # what its replies name; -1: there is none
        self.learn(ReplyReads())
        self.steps: deque[Any] = deque()  # what is to be asked besides
        # By sender context; over a connection, by -1 less the sequence count.
        self.waiting: dict[int, Request] = {}
        self.ignored: set[int] = set()
        self.outstanding = 0
        self.flying = 0  # octets of requests in flight
        self.single = False  # the device does not know packets
        self.lost = ""  # why there is no connection any more
        self.proven = False  # whether anything was done over the connection
        self.held = b""
        self.wanted = 0
        self.now = 0.0

    def learn(self, reads: ReplyReads) -> None:
        """Which registers mean what."""
        self.frame = ReplyFrame.execution()
        self.member = Reply.execution()
        self.typed = TypedData.execution()
        self.frame.building = self.member.building = self.typed.building = False
        self.sizes = array("q", [size_of(code) or -1 for code in range(256)])
        self.in_frame = reads.in_frame
        self.in_member = reads.in_member
        self.reply_size = reads.reply_size
        self.command_at = reads.command
        self.session_at = reads.session
        self.status_at = reads.status
        self.count_at = reads.count
        self.item_at = reads.item
        self.code_at = reads.code
        self.body_at = reads.body
        self.context = reads.context
        self.command = reads.command_value
        self.item = reads.item_value
        self.routed = reads.routed
        self.connection_at = reads.connection
        self.sequence_at = reads.sequence
        self.data_at = reads.data
        self.unit = reads.unit_command
        self.unit_item = reads.unit_item

    def receive(self, octets: bytes, now: float = 0.0) -> bool:
        """Take what came; whether any reply is complete by it."""
        WAITING, FAILED = 0, 2
        if self.held:
            self.held += octets
            if len(self.held) < self.wanted:
                return False
            octets = self.held
            self.held = b""
        self.now = now
        frame = self.frame
        registers = frame.registers
        at = 0
        stop = len(octets)
        while at < stop:
            registers[self.count_at] = 0
            registers[self.item_at] = 0
            registers[self.connection_at] = -1
            frame.reset(at)
            status = frame.run(octets, stop, False)
            if status == WAITING:
                # What speaks another protocol is not waited for.
                if frame.pos > at + 1 and not self.ours(registers[self.command_at]):
                    raise unasked("an answer to another command than was sent")
                self.wanted = frame.pos + max(frame.detail, 1) - at
                break
            if status == FAILED:
                raise frame.program.failure(frame, octets)
            self.one(octets, at, registers)
            at = frame.pos
        if at < stop:
            self.held = octets[at:]
        self.ended()
        return at > 0

    def ended(self) -> bool:
        """Whether there is no connection any more; an error if nothing is to come."""
        if self.lost and not self.outstanding:
            raise Lost(self.lost)
        return self.lost != ""

    def ours(self, command: int) -> bool:
        """Whether a command is one that we send."""
        return command == self.command or (
            command == self.unit and self.connection >= 0
        )

    def one(self, octets: bytes, at: int, registers: Any) -> int:
        """A frame came: the reply to one request."""
        p = octets
        context = 0
        n = 8
        at += self.context
        while n > 0:
            n -= 1
            context = context << 8 | p[at + n]
        if registers[self.command_at] == self.unit and self.connection >= 0:
            return self.over(octets, context & 0xFFFF, registers)
        request = self.waiting.pop(context, None)
        if request is None:
            if context in self.ignored:
                self.ignored.discard(context)
                return 0
            raise unasked("an answer to nobody: no request has its sender context")
        self.outstanding -= 1
        self.flying -= request.size
        if registers[self.session_at] != self.session:
            raise unasked("an answer that belongs to another session")
        if registers[self.command_at] != self.command:
            raise unasked("an answer to another command than was sent")
        if registers[self.status_at]:
            return self.refused(request, registers[self.status_at], (), b"")
        if registers[self.count_at] != 2 or registers[self.item_at] != self.item:
            raise unasked("an answer that has no reply")
        stop = self.frame.pos
        if request.members is not None:
            return self.bundled(request, octets, registers, self.in_frame, stop)
        return self.answered(request, octets, registers, self.in_frame, stop)

    def over(self, octets: bytes, context: int, registers: Any) -> int:
        """A frame came over the connection: the reply with its sequence count."""
        FINISHED = 1
        refused = registers[self.status_at]
        number = registers[self.sequence_at]
        if registers[self.session_at] != self.session:
            raise unasked("an answer that belongs to another session")
        if refused:
            # It has no more than a header: only the context may say whose it is.
            number = self.only(context)
        elif registers[self.count_at] != 2 or registers[self.item_at] != self.unit_item:
            raise unasked("an answer that has no reply")
        elif (
            registers[self.connection_at] != self.connection
            and registers[self.connection_at] != self.echo
        ):
            raise unasked("an answer over a connection that is not ours")
        request = self.waiting.pop(-1 - number, None)
        if request is None:
            if -1 - number in self.ignored:
                self.ignored.discard(-1 - number)
                return 0
            raise unasked("an answer to nobody: no request has its sequence count")
        self.outstanding -= 1
        self.flying -= request.size
        if refused:
            if not self.proven and refused != Encapsulated.INVALID_SESSION:
                # It opens connections, and takes nothing over them.
                why = f"the device takes nothing over it: {framed(refused)}"
                return self.gone(request, why, False)
            return self.refused(request, refused, (), b"")
        run = self.member
        run.reset(registers[self.data_at])
        if run.run(octets, self.frame.pos, True) != FINISHED:
            raise run.program.failure(run, octets)
        return self.met(request, octets, run.registers, self.frame.pos)

    def only(self, context: int) -> int:
        """The sequence count that a context says; without one, that of the only one."""
        if -1 - context in self.waiting or self.outstanding != 1:
            return context
        return -1 - next(iter(self.waiting))

    def met(self, request: Request, octets: bytes, registers: Any, stop: int) -> int:
        """A reply came over the connection; some say that there is none any more."""
        FAILURE, LOST = 1, 7
        status = registers[self.in_member[1]]
        if status in (FAILURE, LOST):
            start = registers[self.in_member[3]] - self.reply_size
            extended = Reply.decode(octets[start:stop]).extended
            if status == LOST or not GONE.isdisjoint(extended[:1]):
                why = words(int(status), extended)
                why = f"the device closed the connection: {why}"
                # Who lost it may have handed the request on.
                return self.gone(request, why, status == LOST)
        self.proven = True
        if request.members is not None:
            return self.bundled(request, octets, registers, self.in_member, stop)
        return self.answered(request, octets, registers, self.in_member, stop)

    def gone(self, request: Request, why: str, doubtful: bool) -> int:
        """There is no connection any more; perhaps this request was looked at."""
        self.lost = why
        for result in request.members or (request.result,):
            parts = result.parts
            # Where a piece before it was written, nobody shall write that again.
            began = result.prepared.pieces is not None and parts is not None
            if not (doubtful or (began and parts.taken)):
                result.sent = False
            if request.members is None:
                result.pending -= 1
        return 0

    def bundled(
        self, request: Request, octets: bytes, registers: Any, where: Any, stop: int
    ) -> int:
        """A packet came back: the replies to its members, or a refusal of it all."""
        FINISHED = 1
        p = octets
        members = request.members
        at = registers[where[3] + 1]
        status = registers[where[1]]
        if registers[where[0]] != request.service or (status and at == stop):
            return self.whole(request, octets, registers, where, stop)
        count = held(octets, at, stop)
        if count != len(members):
            raise unasked(f"a packet's {len(members)} requests have other replies")
        run = self.member
        n = at + 2
        i = 0
        while i < count:
            k = at + (p[n] | p[n + 1] << 8)
            end = stop
            if i + 1 < count:
                end = at + (p[n + 2] | p[n + 3] << 8)
            n += 2
            run.reset(k)
            if run.run(octets, end, True) != FINISHED:
                raise run.program.failure(run, octets)
            result = members[i]
            request.result = result
            request.service = result.prepared.service
            result.pending += 1
            self.answered(request, octets, run.registers, self.in_member, end)
            i += 1
        return 0

    def answered(
        self, request: Request, octets: bytes, registers: Any, where: Any, stop: int
    ) -> int:
        """The reply to one request of an operation."""
        PARTIAL = 6
        result = request.result
        result.pending -= 1
        service = registers[where[0]]
        status = registers[where[1]]
        start = registers[where[3]] - self.reply_size
        at = registers[where[3] + 1]
        one = result.prepared
        result.reply = octets[start:stop]
        result.start = at - start
        result.time = self.now
        if service != request.service:
            if result.bundled or not status or service != self.routed:
                raise unasked("an answer to another service than was asked for")
            # Somebody on the way to the device refused it.
            return self.said_no(result, status)
        if one.form == READ:
            if status in (0, PARTIAL):
                return self.read(request, octets, at, stop, status)
        elif status == 0:
            if result.parts is not None:
                self.piece(request, octets, at, stop)
            elif one.form == WRITE and at < stop:
                raise unasked("an answer to a write that has data")
            return self.settled(result, 0)
        return self.declined(request, status)

    def read(
        self, request: Request, octets: bytes, at: int, stop: int, status: int
    ) -> int:
        """Typed data came: all that was asked for, or a part."""
        FINISHED = 1
        result = request.result
        one = result.prepared
        typed = self.typed
        typed.reset(at)
        if typed.run(octets, stop, True) != FINISHED:
            raise typed.program.failure(typed, octets)
        code = typed.registers[self.code_at]
        at = typed.registers[self.body_at]
        size = stop - at
        result.start = len(result.reply) - size
        if status or result.parts is not None:
            if result.parts is None:
                result.parts = ReadParts(one, code)
            result.code = code
            self.further(request, status != 0, code, octets[at:stop])
            return self.settled(result, 0)
        result.code = code
        if one.base or code > 255 or size != one.elements * self.sizes[code]:
            wrong = complete(one, code, octets[at:stop])
            if wrong is not None:
                raise unasked(wrong)
        if one.bit >= 0 and one.bit >= bits_of(code):
            return self.settled(result, NO_BIT)
        one.size = size
        result.pending = 0
        result.status = 0
        result.complete = True
        return 0

    def piece(self, request: Request, octets: bytes, at: int, stop: int) -> int:
        """One of a write's requests was answered."""
        code, body = 0, b""
        if at < stop:
            data = TypedData.decode(octets[at:stop])
            code, body = data.type.code, data.data
        return self.further(request, False, code, body)

    def further(self, request: Request, partial: bool, code: int, body: bytes) -> int:
        """What is to be asked after a reply to a part."""
        result = request.result
        if result.status != NONE:
            return 0
        try:
            steps = result.parts.took(request.start, request.stop, partial, code, body)
            return self.follow(result, steps)
        except StatusError as exc:
            return self.settled(result, int(exc.code))

    def settled(self, result: Result, status: int) -> int:
        """One request of an operation came to an end; with the last, the operation."""
        if status and result.status == NONE:
            result.status = status
            if result.pending > 0:
                self.forgo(result)
        if result.pending > 0:
            return 0
        parts = result.parts
        if result.status == NONE:
            result.status = 0
            if isinstance(parts, ReadParts):
                wrong = complete(result.prepared, result.code, bytes(parts.octets))
                if wrong is not None:
                    raise unasked(wrong)
                bit = result.prepared.bit
                if bit >= 0 and bit >= bits_of(result.code):
                    result.status = NO_BIT
        result.complete = True
        return 0

    def forgo(self, result: Result) -> int:
        """Ask nothing more for an operation that was refused."""
        kept = deque(step for step in self.steps if step[0] is not result)
        result.pending -= len(self.steps) - len(kept)
        self.steps = kept
        return 0

    def declined(self, request: Request, status: int) -> int:
        """A request was refused; some are worth asking in another way."""
        result = request.result
        one = result.prepared
        if status == Status.REPLY_TOO_LARGE and one.form == READ:
            if result.bundled:
                result.bundled = False
                return self.follow(result, [(one.octets, 0, -1)])
            smaller = in_parts(one)
            if result.parts is None and smaller[0] | 0x80 != request.service:
                return self.follow(result, [(smaller, 0, -1)])
        return self.said_no(result, status)

    def said_no(self, result: Result, status: int) -> int:
        """A refusal, with what it says besides."""
        if result.status == NONE:
            result.extended = Reply.decode(result.reply).extended
        return self.settled(result, status)

    def whole(
        self, request: Request, octets: bytes, registers: Any, where: Any, stop: int
    ) -> int:
        """A packet was refused as it is: its members are asked one by one.

        If the device does not know packets, that is: nothing of it was done then.  Or
        if the reply was too large, and nothing in it was written.
        """
        service, status = registers[where[0]], registers[where[1]]
        start = registers[where[3]] - self.reply_size
        known = service == request.service
        if not known and (not status or service != self.routed):
            raise unasked("an answer to another service than was asked for")
        alone = status in REFUSES
        if status in TOO_LARGE:
            alone = all(one.prepared.form == READ for one in request.members)
        if known and alone:
            if status in REFUSES:
                self.single = True
            for result in request.members:
                result.bundled = False
                self.follow(result, [(result.prepared.octets, 0, -1)])
            return 0
        reply = octets[start:stop]
        return self.refused(request, status, Reply.decode(reply).extended, reply)

    def refused(
        self, request: Request, status: int, extended: Any, reply: bytes
    ) -> int:
        """A frame was refused; without a reply, by its header."""
        if not reply and status == Encapsulated.INVALID_SESSION:
            # So nothing of it was looked at.
            why = "the device does not know this session any more"
            return self.gone(request, why, False)
        several = request.members
        if several is None:
            several = [request.result]
            request.result.pending -= 1
        for result in several:
            if result.status == NONE:
                result.encapsulated = not reply
                result.extended = extended
                result.reply = reply
                result.time = self.now
            self.settled(result, status)
        return 0

    def follow(self, result: Result, steps: Any) -> int:
        """These requests belong to an operation too."""
        for octets, start, stop in steps:
            result.pending += 1
            self.steps.append((result, octets, start, stop))
        return 0


def unasked(problem: str) -> Unexpected:
    return Unexpected(problem, machine="ReplyFrame")
