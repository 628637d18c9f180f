# SPDX-License-Identifier: Apache-2.0
"""A connection that goes on to another device.

Over `routing`, under `links`.  What is asked over a connection of ours is asked over
one of our own to the device that its first hop leads to: with other identifiers, and a
sequence of its own.  Each has its own TCP connection, so nothing else that fails
there ends it, and the device forgets it with that.  CIP Vol 1, 3-5.5.
"""

from __future__ import annotations

from time import monotonic
from typing import Any

from ....errors import ProtocolError
from ....protocol.enip import (
    ConnectedAddress,
    ConnectedReply,
    ConnectedRequest,
    ForwardClose,
    ForwardOpen,
    Item,
    LargeForwardOpen,
    Opened,
    Packet,
    Path,
    Reply,
    ReplyConnectedAddress,
    RoutePath,
    Segment,
    SendData,
)
from ....protocol.enip.samples import MANAGER
from ....protocol.enip.status import Extended, Status
from ..cip.answers import Call, Refusal
from .routes import Routes, Target
from .routing import RouteEnded, RouteError, RouteRubbish, Ways, patience

__all__ = ["Bridge"]

ADDRESS = ConnectedAddress.__declared__.tags[0]
DATA = ConnectedRequest.__declared__.tags[0]
# Replies that speak of another connection than the one that they come over.
OTHERS = {
    one.__declared__.tags[0] | 0x80
    for one in (ForwardOpen, LargeForwardOpen, ForwardClose)
}
ENDED = (Extended.CONNECTION_NOT_FOUND, Extended.CONNECTION_TIMED_OUT)


class Bridge:
    """The far side of a connection: who answers what is asked over it."""

    def __init__(self, routes: Routes, target: Target, most: float) -> None:
        self.target = target
        self.most = most  # seconds that anything may wait; 0 is no limit
        self.lasts = 0.0  # seconds without an answer that end it, once it is open
        self._ways = Ways(routes)
        self._number = 0  # what the device has before what it takes
        self._identifier = 0  # and before what it sends
        self._sequence = 0
        self._path: tuple[Segment, ...] = ()

    def open(self, asked: Any, identifier: int, path: tuple[Segment, ...]) -> Opened:
        """Open a connection there, with what is left of the path; RouteError, Refusal.

        It is known there by the same serial numbers as here.  What the device says of
        it comes back; whoever reads that says how long it `lasts`.
        """
        request = asked.replace(
            to_target=0, to_originator=identifier, connection=Path(path)
        )
        said = self._asked(asked, request.encode())
        if said.status:
            raise Refusal(said.status, said.extended, said.data)
        try:
            opened = Opened.decode(said.data)
        except ProtocolError as exc:
            raise RouteRubbish(f"no connection in the answer: {exc}") from None
        self._number, self._identifier = opened.to_target, identifier
        self._path = path
        return opened

    def __call__(self, octets: bytes, call: Call) -> bytes:
        """The reply to what is asked over the connection; RouteError, which ends it."""
        try:
            return self._over(octets)
        except RouteError:
            self._ways.close()
            raise

    def _over(self, octets: bytes) -> bytes:
        self._sequence = (self._sequence + 1) & 0xFFFF
        counted = self._sequence.to_bytes(2, "little")
        items = (
            Item(ADDRESS, self._number.to_bytes(4, "little")),
            Item(DATA, counted + octets),
        )
        payload = SendData(packet=Packet(items)).encode()
        deadline = monotonic() + min(self.lasts, self.most or self.lasts)
        answer = self._ways.over(self.target, payload, deadline=deadline)
        told, data = (*answer, Item(0), Item(0))[:2]
        try:
            address = ReplyConnectedAddress.decode(told.data)
            reply = ConnectedReply.decode(data.data)
        except ProtocolError as exc:
            raise RouteRubbish(f"no reply over a connection: {exc}") from None
        if (told.type_id, data.type_id) != (ADDRESS, DATA):
            raise RouteRubbish("an answer of other items")
        # Some devices repeat what the request had instead of what they were given.
        known = address.connection in (self._identifier, self._number)
        if not known or reply.sequence != self._sequence:
            raise RouteRubbish("an answer to something that was not asked")
        if forgotten(reply.data):
            raise RouteEnded("the device knows the connection no more")
        return reply.data

    def close(self, asked: ForwardClose | None = None) -> None:
        """Close it there too, if somebody asks for that; it ends in any case."""
        if asked is not None and self._ways.holds(self.target):
            route = RoutePath(self._path)
            request = asked.replace(path=MANAGER, connection=route).encode()
            try:
                self._asked(asked, request)
            except RouteError:
                pass  # it ends there with the TCP connection, at the latest
        self._ways.close()

    def abort(self) -> None:
        """Wait no more; called from another thread."""
        self._ways.abort()

    def _asked(self, asked: Any, request: bytes) -> Any:
        """The reply to a request outside of it, in the time that this says."""
        seconds = patience(asked.priority, asked.ticks)
        deadline = monotonic() + min(seconds, self.most or seconds)
        reply = self._ways.forward(self.target, request, (), deadline=deadline)
        return Reply.decode(reply)


def forgotten(octets: bytes) -> bool:
    """Whether a reply says that there is no connection that it was asked over."""
    said = octets[1:4] == bytes((0, Status.CONNECTION_FAILURE, 1))
    if not said or octets[0] in OTHERS:
        return False
    return int.from_bytes(octets[4:6], "little") in ENDED
