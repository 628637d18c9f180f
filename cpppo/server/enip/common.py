# SPDX-License-Identifier: Apache-2.0
"""The common path: plain reads and writes of tags, answered without a typed message.

Over `places`, under `session`.  The table engine reads a frame to registers; if these
say that it is a read or a write of a plain place, or a Multiple Service Packet, the
reply is put together at once.  Where things stand in a reply, it learns from replies
that the declarations wrote (`samples`).  Whatever else there is, it leaves where it
is.  One plain Python file with its C types in `common.pxd`, as `automata.execute`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...protocol.enip import Port, Request, RequestFrame, RoutePath
from ...protocol.enip.members import held
from ...protocol.enip.samples import ConnectedWrites, Reads, Writes
from .cip.places import Place
from .linking.connections import Connection

__all__ = ["Common"]


class Common:
    """One session's answers to what is common, collected until they are sent."""

    def __init__(
        self,
        places: dict[bytes, Place],
        other: Callable[[bytes, int, Connection | None], bytes],
        clock: Callable[[], float],
    ) -> None:
        self.places = places
        self.connections: dict[int, Connection] = {}  # by their identifiers
        self.clock = clock
        self.other = other  # answers a member that is not common, in so many octets
        self.last: Connection | None = None  # that was found there
        self.over: Connection | None = None  # the connection of what is answered
        self.kept: Connection | None = None  # whose answer is collected, and where
        self.kept_at = 0
        self.kept_to = 0
        self.now = -1.0  # when what is answered came; not asked yet
        self.session = 0
        self.requests = 0  # how many were answered here
        self.usual = 0  # octets of one reply's tag data outside of a connection
        self.fragment = 0  # the same for what is answered
        self.room = 0  # octets of a packet's reply
        self.most = 0  # octets of replies that are enough for now
        self.members = 0  # services in one packet
        self.routed: bytes | None = None  # the route that is ours; None: any is
        self.out = bytearray(4096)
        self.size = 0

    def learn(self, reads: Reads, writes: Writes, linked: ConnectedWrites) -> None:
        """Which registers and which places of a reply mean what."""
        self.frame = RequestFrame.execution()
        self.member = Request.execution()
        self.frame.building = self.member.building = False
        self.in_frame = reads.in_frame
        self.in_member = reads.in_member
        self.path_at = reads.in_frame[1]
        self.command_at = reads.command
        self.session_at = reads.session
        self.count_at = reads.count
        self.item_at = reads.item
        self.odd_at = reads.odd
        self.sent_at = reads.sent
        self.route_at = reads.route
        self.command = reads.command_value
        self.item = reads.item_value
        self.direct = reads.direct_path
        self.inner = reads.sent_path
        self.own = reads.member_path
        self.manager = reads.manager
        self.router = reads.router
        self.head = writes.head
        self.header = writes.header
        self.length_at = writes.length
        self.context_at = writes.context
        self.context_size = writes.context_size
        self.measured_at = writes.measured
        self.start = writes.start
        self.reply_size = writes.reply_size
        self.refusal = writes.refusal
        self.status_at = writes.status
        self.read_context = reads.context
        self.learn_over(reads, linked)

    def learn_over(self, reads: Reads, linked: ConnectedWrites) -> None:
        """The same of what comes over connections."""
        self.unit_command = reads.unit_command
        self.unit_item = reads.unit_item
        self.connection_at = reads.connection
        self.sequence_at = reads.sequence
        self.data_at = reads.data
        self.unit_header = linked.header
        self.unit_start = linked.start
        self.unit_measured = linked.measured
        self.told_at = linked.connection
        self.counted_at = linked.sequence

    def ours(self, route: tuple[Port, ...] | None, others: Any) -> None:
        """Which routes of an Unconnected Send are answered here."""
        if route is not None or others:
            octets = RoutePath(route or ()).encode()
            self.routed = octets[len(RoutePath().encode()) :]

    def take(self) -> bytes:
        """What was answered since this was last asked."""
        p = self.out
        taken = bytes(p[: self.size])
        if self.kept is not None:
            self.settle(taken)
        self.size = 0
        self.now = -1.0
        if len(self.out) > 65536:
            self.out = bytearray(4096)
        return taken

    def collect(self, over: Connection, start: int) -> int:
        """A connection's answer stands from here to the end of what was answered."""
        if self.kept is not None:
            self.settle(None)
        self.kept = over
        self.kept_at = start
        self.kept_to = self.size
        return 0

    def settle(self, taken: bytes | None) -> int:
        """Give a connection its answer: a part of what is sent, if that is no more."""
        kept = self.kept
        start = self.kept_at
        stop = self.kept_to
        if kept is not None:
            if taken is not None and start == self.unit_start and stop == self.size:
                kept.keep(taken, start, stop)
            else:
                p = self.out
                kept.keep(p[start:stop], 0, stop - start)
        self.kept = None
        return 0

    def moment(self) -> float:
        """When what is answered came: the clock is asked once, and only if need be."""
        if self.now < 0:
            self.now = self.clock()
        return self.now

    def grow(self, more: int) -> int:
        """Room for some octets more."""
        if self.size + more > len(self.out):
            longer = bytearray(2 * len(self.out) + more)
            longer[: len(self.out)] = self.out
            self.out = longer
        return 0

    def answer(self, octets: bytes, at: int) -> int:
        """Answer complete, common frames from a place on; where the next one begins."""
        FINISHED = 1
        stop = len(octets)
        frame = self.frame
        registers = frame.registers
        while self.size < self.most and at < stop:
            registers[self.sent_at] = 0
            registers[self.odd_at] = 0
            registers[self.connection_at] = 0
            frame.reset(at)
            if frame.run(octets, stop, False) != FINISHED:
                break
            before = self.size
            if registers[self.command_at] == self.unit_command:
                if not self.connected(octets, at, registers):
                    self.size = before
                    break
            else:
                if not self.is_common(octets, at, registers):
                    break
                self.fragment = self.usual
                self.begin(octets, at, self.header, self.start)
                if not self.one(registers, self.in_frame, octets, self.room, True):
                    self.size = before
                    break
                self.end(before, self.measured_at)
            self.requests += 1
            at = frame.pos
        return at

    def is_common(self, octets: bytes, at: int, registers: Any) -> bool:
        """Whether a frame asks this session outside of a connection, and for us."""
        if (
            registers[self.command_at] != self.command
            or registers[self.session_at] != self.session
            or registers[self.count_at] != 2
            or registers[self.item_at] != self.item
            or registers[self.odd_at] != 0
        ):
            return False
        path = registers[self.path_at]
        if not registers[self.sent_at]:
            return bool(path == at + self.direct)
        # An Unconnected Send: one, to the Connection Manager, along our route.
        if path != at + self.inner:
            return False
        p = octets
        path = at + self.direct
        manager = self.manager
        size = len(self.manager)
        n = 0
        while n < size:
            if p[path + n] != manager[n]:
                return False
            n += 1
        if self.routed is None:
            return True
        n = registers[self.route_at + 1]
        size = self.frame.pos
        return bool(p[n:size] == self.routed)

    def connected(self, octets: bytes, at: int, registers: Any) -> bool:
        """Answer a request over a connection; False where it is not common."""
        FINISHED = 1
        over = self.last
        if over is None or over.identifier != registers[self.connection_at]:
            over = self.last = self.connections.get(registers[self.connection_at])
        if over is None or not self.is_new(over, registers):
            return False
        k = registers[self.data_at]
        n = registers[self.data_at + 1]
        run = self.member
        run.reset(k)
        # All of it must be one request, none that holds another, and not too long.
        if (
            n - k > over.most - 2
            or run.run(octets, n, True) != FINISHED
            or run.pos != n
            or run.registers[self.in_member[1]] != k + self.own
        ):
            return False
        before = self.size
        n = over.room
        self.fragment = n
        self.begin(octets, at, over.header or self.headed(over), self.unit_start)
        self.over = over
        answered = self.one(run.registers, self.in_member, octets, n, True)
        self.over = None
        if not answered:
            return False
        self.end(before, self.unit_measured)
        sequence = registers[self.sequence_at]
        self.number(before + self.counted_at, sequence)
        self.collect(over, before + self.unit_start)
        over.sequence = sequence
        over.until = self.now + over.lasts
        return True

    def headed(self, over: Connection) -> bytes:
        """What stands before every reply over a connection, made once."""
        header = bytearray(self.unit_header)
        told = over.to_originator.to_bytes(4, "little")
        header[self.told_at : self.told_at + 4] = told
        over.header = bytes(header)
        return over.header

    def is_new(self, over: Connection, registers: Any) -> bool:
        """Whether a frame asks the message router over a connection, once more."""
        return bool(
            registers[self.session_at] == self.session
            and registers[self.count_at] == 2
            and registers[self.item_at] == self.unit_item
            and registers[self.sequence_at] != over.sequence
            and over.routed
            and over.open
            and over.until >= self.moment()
        )

    def end(self, before: int, measured: int) -> int:
        """The reply is as long as it is now."""
        self.number(before + self.length_at, self.size - before - self.head)
        self.number(before + measured, self.size - before - measured - 2)
        return 0

    def begin(self, octets: bytes, at: int, header: bytes, start: int) -> int:
        """What stands before every reply, with the context of the request."""
        before = self.size
        self.grow(start + self.reply_size + self.fragment + 16)
        out = self.out
        out[before : before + start] = header
        before += self.context_at
        at += self.read_context
        n = self.context_size
        out[before : before + n] = octets[at : at + n]
        self.size += start
        return 0

    def one(
        self, registers: Any, where: Any, octets: bytes, room: int, outer: bool
    ) -> bool:
        """Answer the request that a run read; False where it is not common."""
        READ, WRITE, READ_PART, WRITE_PART, MULTIPLE = 0x4C, 0x4D, 0x52, 0x53, 0x0A
        service = registers[where[0]]
        if service == MULTIPLE:
            return outer and self.several(octets, registers, where, room)
        if service not in (READ, WRITE, READ_PART, WRITE_PART):
            return False
        p = octets
        n = registers[where[1]]
        k = registers[where[1] + 1]
        place = self.places.get(p[n:k])
        if place is None or not place.storage.plain:
            return False
        # The last two bits of the four services count them.
        n = service & 3
        total = registers[where[3 + n]] * place.size
        offset = registers[where[5 + n]] if n > 1 else 0
        if not offset < total <= place.stop - place.start:
            return False
        if service in (READ, READ_PART):
            return self.read(place, service, offset, total - offset, room)
        if not place.storage.writable or not self.takes(place, registers, where):
            return False
        total -= offset
        k = where[10] if service == WRITE else where[11]
        n = registers[k + 1]
        k = registers[k]
        if n - k < total and (n == k or service == WRITE):
            return False
        return self.write(place, service, offset, min(total, n - k), octets, k)

    def takes(self, place: Place, registers: Any, where: Any) -> bool:
        """Whether what is written is said to be of a place's own type."""
        if registers[where[9]] != place.code:
            return False
        if len(place.kind) == 2:
            return True
        # A structure says its handle too.
        kind = place.kind
        return bool(registers[where[12]] == (kind[2] | kind[3] << 8))

    def read(self, place: Place, service: int, offset: int, n: int, room: int) -> bool:
        """Answer with some of a place's octets, or as many of them as fit."""
        size = place.size
        if offset % size:
            return False
        storage = place.storage
        kind = place.kind
        k = len(place.kind)
        most = room - self.reply_size - k
        most = min(most, self.fragment)
        status = 0
        if n > most:
            # What has too little room, somebody else looks at.
            if most < size:
                return False
            n = most - most % size
            status = 6
        self.reply(service, status)
        at = self.size
        self.size += k + n
        out = self.out
        while k > 0:
            out[at] = kind[len(place.kind) - k]
            at += 1
            k -= 1
        # At once, because another thread may be in the middle of writing it.
        k = place.start + offset
        data = storage.octets
        piece = data[k : k + n]
        if n > 64:
            held = self.out
            held[at : at + n] = piece
            return True
        q = piece
        k = 0
        while k < n:
            out[at + k] = q[k]
            k += 1
        return True

    def write(
        self, place: Place, service: int, offset: int, n: int, octets: bytes, k: int
    ) -> bool:
        """Put octets from a place of a request into a tag."""
        p = octets
        storage = place.storage
        at = place.start + offset
        self.reply(service, 0)
        held = storage.octets
        held[at : at + n] = p[k : k + n]
        return True

    def reply(self, service: int, status: int) -> int:
        """The head of a reply; room for it there must be."""
        out = self.out
        at = self.size
        n = 0
        while n < self.reply_size:
            out[at + n] = 0
            n += 1
        out[at] = service | 0x80
        out[at + self.status_at] = status
        self.size = at + self.reply_size
        return 0

    def several(self, octets: bytes, registers: Any, where: Any, room: int) -> bool:
        """Answer the members of a Multiple Service Packet, each by itself."""
        p = octets
        k = registers[where[1]]
        n = registers[where[1] + 1]
        table = registers[where[2]]
        stop = registers[where[2] + 1]
        count = held(octets, table, stop)
        # Each reply has an offset of two octets, and may be a refusal.
        left = room - self.reply_size - 2 - count * (2 + self.refusal)
        if left < 0 or count < 0 or count > self.members or p[k:n] != self.router:
            return False
        began = self.size
        self.reply(0x0A, 0)
        start = self.size
        self.grow(2 + 2 * count)
        self.size += 2 + 2 * count
        self.number(start, count)
        failed = False
        table += 2
        i = 0
        while i < count:
            n = table + 2 * i
            k = table - 2 + (p[n] | p[n + 1] << 8)
            end = stop
            if i + 1 < count:
                end = table - 2 + (p[n + 2] | p[n + 3] << 8)
            i += 1
            n = self.size
            self.number(start + 2 * i, n - start)
            if self.part(octets, k, end, left + self.refusal):
                failed = True
            left -= self.size - n - self.refusal
        out = self.out
        if failed:
            out[began + self.status_at] = 0x1E
        return True

    def part(self, octets: bytes, at: int, stop: int, room: int) -> int:
        """Answer one member; its status, if it failed."""
        FINISHED = 1
        p = octets
        run = self.member
        before = self.size
        self.grow(self.reply_size + self.fragment + 16)
        run.reset(at)
        # All of it must be one request, and none that holds another.
        if (
            run.run(octets, stop, True) != FINISHED
            or run.pos != stop
            or run.registers[self.in_member[1]] != at + self.own
            or not self.one(run.registers, self.in_member, octets, room, False)
        ):
            self.size = before
            self.append(self.other(p[at:stop], room, self.over))
        out = self.out
        at = before + self.status_at
        # A part of what was asked for is no failure.
        return 0 if out[at] == 6 else out[at]

    def number(self, at: int, value: int) -> int:
        """A number of two octets."""
        out = self.out
        out[at] = value & 255
        out[at + 1] = value >> 8
        return 0

    def append(self, octets: bytes) -> int:
        """A reply that somebody else wrote."""
        self.grow(len(octets))
        out = self.out
        out[self.size : self.size + len(octets)] = octets
        self.size += len(octets)
        return 0
