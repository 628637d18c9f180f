# SPDX-License-Identifier: Apache-2.0
"""A session with a device: reached, registered, and over a connection if there is one.

Under `line`, over `opening` and `pipeline`.  Programs, as in `calls`: what may wait is
yielded.  What is asked here is asked alone, before or after whatever a pipeline asks.

Rules.  Nobody depends on a connection: where the device opens none, requests go as
unconnected ones.  A device that says nothing to Forward Open, or nonsense, that ends
the session over it, or that opens a connection and never answers over it, is asked
without one from then on, for some minutes.  A connection that was idle for so long that
the device may have closed it is not used again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

from ..errors import (
    Disconnected,
    ProtocolError,
    Refused,
    Timeout,
    TransportError,
    Unexpected,
)
from ..protocol.enip import (
    Identity,
    ListIdentityReply,
    Register,
    RegisterReply,
    Reply,
    ReplyFrame,
    Request,
    RequestEntry,
    RequestFrame,
    RequestPacket,
    SendRRData,
    SendRRDataReply,
    UnconnectedReply,
    UnconnectedRequest,
)
from ..protocol.enip.cpf import NullAddress
from .calls import Call, Program, Wire
from .opening import Connection, Opening
from .pipeline import Pipeline
from .place import Place
from .requests import PACKET

__all__ = ["Session"]

log = logging.getLogger(__name__)

HEADER = 24  # octets before a frame's data
# The kernel keeps times in steps of some milliseconds: a call that has just begun has
# all of its own, and nobody has to be told another one.
JUST_BEGUN = 0.001
DEPTH = 4  # requests in flight, where there is no connection
# Seconds for a Forward Open: half of what the call has left, but all of little.
PATIENCE, LITTLE = 5.0, 0.25
FAREWELL = 0.5  # seconds for a Forward Close
STRAIGHT = 600.0  # seconds for which one that failed over connections is asked without
YOUNG = 0.75  # of a connection's life: until then it is used again
UNWANTED = Connection(why="none was wanted")


class Session:
    """What there is of a session with a device at a place, and how there comes one."""

    def __init__(
        self,
        place: Place,
        *,
        opener: Callable[..., Any],
        depth: int | None,
        multiple: int | None,
        connected: bool,
        source: tuple[str, int] | None,
        clock: Callable[[], float],
    ) -> None:
        if depth is not None and depth < 1:
            raise ValueError(f"depth is 1 or more, not {depth}")
        if multiple is not None and multiple < 0:
            raise ValueError(f"multiple is 0 or more, not {multiple}")
        self.place = place
        self.source = source
        self.clock = clock
        self.closed = False
        self.wire: Wire | None = None
        self.connections = 0  # how many there were, of TCP
        # What requests go over; None: not known.
        self.connection: Connection | None = None
        self.identity: dict[str, Any] | None = None
        self.depth = depth or DEPTH
        self.multiple = PACKET if multiple is None else multiple
        self._told = depth, multiple
        self._wanted = connected
        self._opener = opener
        self._pipeline: Pipeline | None = None
        self._working = False  # whether this session has had an answer
        self._unproven = False  # whether a connection was asked for, with no answer yet
        self._straight = ""  # why sessions are to be without a connection
        self._until = 0.0  # and for how long
        self._aside = False  # whether this session is one of those
        self._used = 0.0  # when the connection was, or a little later
        self._young = 0.0  # for how long after that it may be used again; 0: for ever

    @property
    def connected(self) -> bool:
        """Whether there is a session, as far as is known."""
        return self._pipeline is not None

    @property
    def state(self) -> str:
        """How things are, for people."""
        if not self.connected or self.connection is None:
            return "not connected"
        if not self._wanted:
            return "connected"
        if self.connection.astray:
            return f"not connected: {self.connection.why}"
        return f"connected; {self.connection}"

    def expect_open(self) -> None:
        """Refuse what is asked of one that its owner has closed."""
        if self.closed:
            raise Disconnected(
                f"{self.place} was closed here; open() takes it up again"
            )

    def close(self) -> None:
        """Part from the device."""
        wire, self.wire = self.wire, None
        self._pipeline = None
        if wire is not None:
            wire.close()

    # -- programs

    def part(self) -> Program[None]:
        """Tell the device that the connection is not needed any more, and part.

        One that does not answer, or has gone, is left as it is.
        """
        connection, pipeline = self.connection, self._pipeline
        if connection and pipeline is not None and not pipeline.waiting:
            call = Call(FAREWELL, self.clock())
            try:
                request = Request.decode(connection.close)
                yield from self._ask(call, unconnected(request, pipeline.session))
            except (TransportError, ProtocolError) as exc:
                log.debug("%s: Forward Close: %s", self.place, exc)
        self.close()

    def _connect(self, call: Call) -> Program[Pipeline]:
        """A new session, over a connection if the device opens one."""
        host, port = self.place.host, self.place.port
        left = self._left(call)
        self._working = self._unproven = self._aside = False
        self.wire = yield self._opener, host, port, left, self.source
        self._alive(call)
        found = yield from self._ask(call, RequestFrame(payload=Register()))
        if found.status or not isinstance(found.payload, RegisterReply):
            raise Refused(f"{self.place} gave no session: status 0x{found.status:02X}")
        self.identity = None
        self.connections += 1
        connection = yield from self._opened(call, found.session)
        self._pipeline = Pipeline(found.session, self.place.way, connection)
        self._agree(connection)
        log.info("%s: connected, %s", self.place, connection)
        return self._pipeline

    def _opened(self, call: Call, session: int) -> Program[Connection]:
        """The connection that the device opens; or none, and why."""
        if not self._wanted:
            return UNWANTED
        if self._straight and self.clock() < self._until:
            self._aside = True
            return Connection(why=self._straight)
        self._straight = ""
        self._unproven = True
        left = self._left(call)
        limit = PATIENCE
        if left is not None:
            limit = min(PATIENCE, max(left / 2, min(left, LITTLE)))
        mine = Call(limit, self.clock())

        def ask(request: Request) -> Program[Reply | str]:
            frame = unconnected(request, session)
            reply = replied((yield from self._ask(mine, frame)), session)
            self._alive(call)
            return reply

        found = yield from Opening(self.place.way).through(ask)
        if not found:
            self._unproven = False
        return found

    def _agree(self, connection: Connection) -> None:
        """What follows from there being a connection, or none."""
        depth, multiple = self._told
        self.connection = connection
        # Over a connection most devices do one thing at a time.
        self.depth = depth or (1 if connection else DEPTH)
        most = connection.room if connection else PACKET
        self.multiple = most if multiple is None else multiple
        self._used = self.clock()
        self._young = connection.life * YOUNG

    def _ask(self, call: Call, frame: RequestFrame) -> Program[ReplyFrame]:
        """The one frame that answers one, outside of any pipeline."""
        wire = self._wire()
        held = b""
        try:
            yield wire.send, frame.encode(), self._left(call)
            size = HEADER
            while len(held) < size:
                held += yield wire.receive, self._left(call)
                if len(held) >= HEADER:
                    size = HEADER + int.from_bytes(held[2:4], "little")
            reply: ReplyFrame = ReplyFrame.decode(held)
        except BaseException:
            self.close()
            raise
        if reply.command != frame.command:
            problem = f"an answer to command 0x{frame.command:04X} expected"
            raise Unexpected(f"{self.place}: {problem}, not to 0x{reply.command:04X}")
        return reply

    def _wire(self) -> Wire:
        wire = self.wire
        if wire is None:
            raise Disconnected(f"the connection to {self.place} was closed here")
        return wire

    # -- times

    def _left(self, call: Call) -> float | None:
        """How long whatever comes next may take."""
        if call.timeout is None:
            return None
        now = self.clock()
        if now - call.began < JUST_BEGUN:
            call.left = call.timeout
            return call.left
        left = call.until - now
        if left <= 0:
            raise Timeout(self._late(call))
        call.left = left
        return left

    def _late(self, call: Call) -> str:
        return f"{self.place} did not answer within {call.timeout:g} s"

    def _alive(self, call: Call) -> None:
        """Whether the call is still wanted."""
        self.expect_open()
        if call.ended:
            raise Disconnected(f"{self.place}: {call.ended}")


def unconnected(request: Request, session: int) -> RequestFrame:
    """The frame of a request that goes to the device itself."""
    entries = (
        RequestEntry(item=NullAddress()),
        RequestEntry(item=UnconnectedRequest(request=request)),
    )
    command = SendRRData(timeout=5, packet=RequestPacket(entries=entries))
    return RequestFrame(session=session, payload=command)


def replied(frame: ReplyFrame, session: int) -> Reply | str:
    """The reply that a frame brings; or why there is none."""
    if frame.status:
        return f"the device refused the frame: status 0x{frame.status:02X}"
    payload = frame.payload
    packet = payload.packet if isinstance(payload, SendRRDataReply) else None
    if frame.session != session:
        raise Unexpected("an answer that belongs to another session")
    for entry in packet.entries if packet is not None else ():
        if isinstance(entry.item, UnconnectedReply):
            return entry.item.reply
    raise Unexpected("an answer that has no reply")


def identified(reply: ReplyFrame) -> dict[str, Any]:
    """The identity that a reply has."""
    payload = reply.payload
    packet = payload.packet if isinstance(payload, ListIdentityReply) else None
    for entry in packet.entries if packet is not None else ():
        one = entry.item
        if isinstance(one, Identity):
            return {
                "vendor": one.vendor,
                "device_type": one.device_type,
                "product_code": one.product_code,
                "revision": f"{one.major}.{one.minor}",
                "status": one.status,
                "serial": one.serial,
                "name": one.name,
                "state": one.state,
                "address": str(ip_address(one.address)),
                "port": one.port,
            }
    raise Unexpected("an identity expected in the answer to List Identity")
