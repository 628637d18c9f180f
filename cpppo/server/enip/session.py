# SPDX-License-Identifier: Apache-2.0
"""One client of a controller: frames in, frames out.

Over `controller` and `common`; a `peer.Conversation` for the listener.  It cuts the
stream into frames, lets `common` answer what is plain, and the rest itself.  A frame
that is wrong inside gets an answer; the stream is framed by its lengths whatever it
holds, so nothing but silence ends a session that its client does not.  CIP Vol 2, 2-3.
"""

from __future__ import annotations

from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING

from ...automata.rows import FINISHED
from ...errors import ProtocolError
from ...protocol.enip import (
    ConnectedAddress,
    ConnectedRequest,
    Encapsulation,
    Item,
    Packet,
    Port,
    Register,
    SendData,
    SendRRData,
    SendUnitData,
    UnconnectedRequest,
    UnconnectedSendParameters,
    UnRegister,
)
from ...protocol.enip.samples import ConnectedWrites, Writes
from ...protocol.enip.status import Encapsulated
from ..peer import Peer
from .cip.builtin import nowhere
from .common import Common
from .linking.connections import Connection
from .linking.links import SEQUENCE, Links
from .linking.routing import RouteError, Ways, patience
from .lists import listed

if TYPE_CHECKING:
    from .controller import Controller

__all__ = ["Session"]

NOP = 0x0000
REGISTER = Register.__declared__.tags[0]
UNREGISTER = UnRegister.__declared__.tags[0]
RR_DATA = SendRRData.__declared__.tags[0]
UNIT_DATA = SendUnitData.__declared__.tags[0]
NULL_ITEM = 0x0000
DATA_ITEM = UnconnectedRequest.__declared__.tags[0]
ADDRESS = ConnectedAddress.__declared__.tags[0]
CONNECTED_ITEM = ConnectedRequest.__declared__.tags[0]
VERSION = 1


class Session:
    """What one connection of a client has come to."""

    def __init__(self, controller: Controller, peer: Peer) -> None:
        self.controller = controller
        self.peer = peer
        self.handle = 0
        self.closing = False
        self.ready = False
        self.waiting = 0
        self.pause = 0.0
        self._requests = 0
        self._held = bytearray()
        self._wanted = 0  # octets that the unfinished frame needs
        self._cutter = Encapsulation.execution()
        self._cutter.building = False
        self._common: Common | None = None
        self._call = controller.call(self._forward if controller.routes else None)
        self._ways: Ways | None = None
        self._links: Links | None = None
        self._aborted = False
        self._arrived: float | None = None

    @property
    def requests(self) -> int:
        """How many frames were answered."""
        return self._requests + (self._common.requests if self._common else 0)

    # -- the stream

    def receive(self, octets: bytes) -> bytes:
        """The answers to what is complete by now; call it again while it is `ready`."""
        if self._held or self.waiting:
            self._held += octets
            self.waiting = len(self._held)
            if self.waiting < self._wanted:
                self.ready = False
                return b""
            octets = bytes(self._held)
            self._held.clear()
        common = self._common
        if common is not None and self.controller.plain:
            at = common.answer(octets, 0)
            if at == len(octets):
                self.ready = False
                self.waiting = 0
                self.pause = 0.0
                return common.take()
            return self._mixed(octets, at, common.take())
        return self._mixed(octets, 0, b"")

    def _mixed(self, octets: bytes, at: int, answered: bytes) -> bytes:
        """The answers to frames of any kind."""
        replies = [answered]
        size = len(answered)
        most = self.controller.limits.unsent
        plain = self.controller.plain
        if not plain and self._common is not None:
            self._common.take()  # nothing: but the clock is asked anew
        self.pause = 0.0
        if not self.ready:
            self._arrived = None
        end = self._cut(octets, at)
        while end and size < most and not self.closing:
            reply = self._frame(octets[at:end])
            self._requests += 1
            at = end
            if not plain and reply:
                # Each reply has a delay of its own.
                delay = self.controller.delay
                self.pause = delay() if delay else 0.0
                most = 0
            common = self._common
            if plain and common is not None and not self.closing:
                replies.append(reply)
                size += len(reply)
                at = common.answer(octets, at)
                reply = common.take()
            replies.append(reply)
            size += len(reply)
            end = self._cut(octets, at)
        self.ready = bool(end) and not self.closing
        self._held += octets[at:]
        self.waiting = len(self._held)
        return b"".join(replies)

    def _cut(self, octets: bytes, at: int) -> int:
        """Where the frame that begins here ends; 0 if that is still to come."""
        cutter = self._cutter
        cutter.reset(at)
        if at < len(octets) and cutter.run(octets, len(octets), False) == FINISHED:
            self._wanted = 0
            return cutter.pos
        self._wanted = cutter.pos + cutter.detail - at
        return 0

    def close(self) -> None:
        """The connection has ended."""
        if self._links is not None:
            self._links.end()
        if self.handle:
            self.controller.close_handle(self.handle)
            self.handle = 0
        if self._ways is not None:
            self._ways.close()

    def abort(self) -> None:
        """Wait for nobody any more; called from another thread."""
        self._aborted = True
        if self._links is not None:
            self._links.abort()
        if self._ways is not None:
            self._ways.abort()

    # -- frames

    def _frame(self, octets: bytes) -> bytes:
        """The answer to one frame; nothing to some."""
        frame = Encapsulation.decode(octets)
        command = frame.command
        if command in (RR_DATA, UNIT_DATA):
            if not self.handle or frame.session != self.handle:
                return refused(frame, Encapsulated.INVALID_SESSION)
            return self._sent(frame)
        if command == REGISTER:
            return self._register(frame)
        if command == UNREGISTER:
            if frame.session != self.handle:
                return refused(frame, Encapsulated.INVALID_SESSION)
            self.closing = True
            return b""
        if command == NOP:
            return b""
        return listed(frame, self.controller, self.peer)

    def _register(self, frame: Encapsulation) -> bytes:
        """Open the session; asked again, it is the same one."""
        try:
            asked = Register.decode(frame.payload)
        except ProtocolError:
            return refused(frame, Encapsulated.INVALID_LENGTH)
        if asked.version != VERSION:
            ours = Register(version=VERSION).encode()
            return refused(frame, Encapsulated.UNSUPPORTED_VERSION, ours)
        if not self.handle:
            self.handle = self.controller.open_handle()
            self._common = common = self._made()
            self._links = Links(self.controller, common)
            if self._aborted:
                self._links.abort()
            self._call = replace(self._call, links=self._links)
        return frame.replace(session=self.handle, status=0, options=0).encode()

    def _made(self) -> Common:
        """The common path of this session."""
        controller = self.controller
        places, clock = controller.directory.places, controller.clock
        common = Common(places, self._member, clock)
        writes, linked = Writes(self.handle), ConnectedWrites(self.handle)
        common.learn(controller.reads, writes, linked)
        common.session = self.handle
        common.usual = self._call.fragment
        common.room = self._call.room
        common.most = controller.limits.unsent
        common.members = controller.limits.members
        common.ours(controller.route_path, controller.routes)
        return common

    def _member(self, octets: bytes, room: int, over: Connection | None) -> bytes:
        """The answer to a member of a packet that is not common."""
        call = self._call if over is None else over.call
        call = call.inside(call.MEMBER, room)
        return self.controller.answer(octets, call)

    def _sent(self, frame: Encapsulation) -> bytes:
        """The answer to a request: a packet with what an object says."""
        try:
            data = SendData.decode(frame.payload)
        except ProtocolError:
            return refused(frame, Encapsulated.INCORRECT_DATA)
        items = data.packet.items
        if frame.command == UNIT_DATA:
            return self._connected(frame, items)
        wrong = (
            len(items) < 2
            or items[0].type_id != NULL_ITEM
            or items[0].data
            or items[1].type_id != DATA_ITEM
        )
        if wrong:
            return refused(frame, Encapsulated.INCORRECT_DATA)
        size = self.controller.size
        if size is not None and len(frame.payload) > size:
            return refused(frame, Encapsulated.INVALID_LENGTH)
        reply = self.controller.answer(items[1].data, self._call)
        packet = Packet((items[0], Item(DATA_ITEM, reply)))
        payload = SendData(packet=packet).encode()
        return frame.replace(status=0, options=0, payload=payload).encode()

    def _connected(self, frame: Encapsulation, items: tuple[Item, ...]) -> bytes:
        """The answer to a request over a connection."""
        address, data = (*items, Item(0), Item(0))[:2]
        wrong = (
            address.type_id != ADDRESS
            or len(address.data) != 4
            or data.type_id != CONNECTED_ITEM
            or len(data.data) < SEQUENCE
        )
        if wrong or self._links is None:
            return refused(frame, Encapsulated.INCORRECT_DATA)
        number = int.from_bytes(address.data, "little")
        number, reply = self._links.answer(number, data.data)
        told = Item(ADDRESS, number.to_bytes(4, "little"))
        packet = Packet((told, Item(CONNECTED_ITEM, reply)))
        payload = SendData(packet=packet).encode()
        return frame.replace(status=0, options=0, payload=payload).encode()

    # -- elsewhere

    def _forward(
        self, sent: UnconnectedSendParameters, hops: tuple[Port, ...]
    ) -> bytes | None:
        """The reply from where the first hop leads; None where no route begins so."""
        target = self.controller.routes.find(hops[0])
        if target is None:
            return None
        if self._ways is None:
            self._ways = Ways(self.controller.routes)
            if self._aborted:
                self._ways.abort()
        # What came together waits together, not one after the other.
        if self._arrived is None:
            self._arrived = monotonic()
        most = self.controller.limits.routed
        asked = patience(sent.priority, sent.ticks)
        deadline = self._arrived + min(asked, most or asked)
        try:
            return self._ways.forward(target, sent.request, hops[1:], deadline=deadline)
        except RouteError as exc:
            self.controller.quiet.warning("routing to %s:%d: %s", *target, exc)
            raise nowhere(hops, *exc.status) from None


def refused(frame: Encapsulation, status: int, payload: bytes = b"") -> bytes:
    """A header that says no."""
    return frame.replace(status=status, options=0, payload=payload).encode()
