# SPDX-License-Identifier: Apache-2.0
"""The connections of one session: opened, asked and closed.

Over `connections` and `bridge`, under `session`; `builtin` reads a Forward Open and
asks here.  A request over a connection gets a CIP reply whatever is wrong with it, as
clients look for its status at a fixed place.  CIP Vol 1, 3-5.5; Vol 2, 3-2.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import TYPE_CHECKING

from ....protocol.enip import (
    Class,
    Closed,
    ConnectedReply,
    ConnectionPoint,
    ElectronicKey,
    ForwardClose,
    ForwardOpen,
    Instance,
    Item,
    LargeForwardOpen,
    NotOpened,
    Opened,
    Packet,
    Parameters,
    Path,
    Port,
    ReplyConnectedAddress,
    Segment,
    SendData,
    status,
)
from ....protocol.enip.status import Extended, Status
from ..cip.answers import Answer, Call, Refusal, line_of
from ..cip.objects import HEAD, REFUSAL
from .bridge import Bridge
from .connections import Connection, Triple
from .routing import RouteError

if TYPE_CHECKING:
    from ..common import Common
    from ..controller import Controller

__all__ = ["Links"]

Asked = ForwardOpen | LargeForwardOpen
End = Callable[[bytes, Call], bytes]

SEQUENCE = len(ConnectedReply(sequence=0, data=b"").encode())
ADDRESSED = len(ReplyConnectedAddress(connection=0).encode())
AROUND = len(SendData(packet=Packet((Item(0), Item(0)))).encode()) + ADDRESSED
ROUTER = (0x02, 1)
POINT_TO_POINT = 2
CLASS_3 = 3
LEAST = SEQUENCE + REFUSAL  # so that every refusal fits


class Links:
    """What one TCP session has opened."""

    def __init__(self, controller: Controller, common: Common) -> None:
        self.controller = controller
        self.common = common  # which knows when what is answered came
        self.connections: dict[int, Connection] = common.connections
        self._triples: dict[Triple, Connection] = {}
        self._aborted = False

    # -- opening and closing

    def open(
        self, asked: Asked, path: tuple[Segment, ...] | None, call: Call
    ) -> Opened:
        """Open a connection, or raise the Refusal that says why not."""
        try:
            return self.tried(asked, path, call)
        except Refusal as refusal:
            said = refusal.answer
            why = status.words(said.status, said.extended)
            self.controller.quiet.warning("a connection is not opened: %s", why)
            raise

    def tried(
        self, asked: Asked, path: tuple[Segment, ...] | None, call: Call
    ) -> Opened:
        now = self.common.moment()
        self.sweep(now)
        most, room = judged(asked, self.controller.limits.connection)
        hops, rest = parted(asked, path)
        end = self.elsewhere(asked, hops) or self.here(asked, hops, rest)
        if self.controller.size is not None:
            most = min(most, self.controller.size - AROUND)
        # A reply over a connection has more around it than another.
        room = max(min(room, self.controller.room - ADDRESSED - SEQUENCE), REFUSAL)
        circumstances = Call(room, room, forward=call.forward, links=self)
        key, told = triple(asked), asked.to_originator
        lasts = lasting(asked, asked.target_interval)
        one = Connection(key, told, most, circumstances, lasts, end)
        # Nobody finds it late while another device is still being asked for it.
        until = inf if isinstance(end, Bridge) else now + lasts
        why = self.controller.connections.add(one, until)
        if why:
            raise refused(asked, why)
        self.connections[one.identifier] = self._triples[key] = one
        if isinstance(end, Bridge):
            return self.bridged(asked, one, end, path or (), call)
        return opened(asked, one.identifier)

    def here(
        self, asked: Asked, hops: tuple[Port, ...], rest: tuple[Segment, ...]
    ) -> End | None:
        """Who answers in this controller; None: the message router."""
        self.ours(asked, hops, rest)
        place = ends(rest)
        if place == ROUTER:
            return None
        end = self.controller.ends.get(place) if place else None
        if end is None:
            raise refused(asked, Extended.SEGMENT_INVALID, left=words(rest))
        return end

    def elsewhere(self, asked: Asked, hops: tuple[Port, ...]) -> Bridge | None:
        """Another device that the first hop leads to."""
        controller = self.controller
        if not hops or not controller.routes or hops == controller.route_path:
            return None
        target = controller.routes.find(hops[0])
        if target is None:
            return None
        return Bridge(controller.routes, target, controller.limits.routed)

    def bridged(
        self,
        asked: Asked,
        one: Connection,
        bridge: Bridge,
        path: tuple[Segment, ...],
        call: Call,
    ) -> Opened:
        """Open the rest of a connection; what the device there grants is granted."""
        if self._aborted:
            bridge.abort()
        first = next(at for at, hop in enumerate(path) if isinstance(hop, Port))
        try:
            far = bridge.open(asked, one.identifier, path[first + 1 :])
            granted = opened(asked, one.identifier, far)
            if len(granted.encode()) > call.room - HEAD:
                raise Refusal(Status.REPLY_TOO_LARGE)
        except RouteError as exc:
            self.forget(one)
            self.controller.quiet.warning("routing to %s:%d: %s", *bridge.target, exc)
            code, extended = exc.status
            data = refused(asked, 0, left=words(path)).answer.data
            raise Refusal(code, extended, data) from None
        except BaseException:
            self.forget(one)
            raise
        one.lasts = bridge.lasts = lasting(asked, granted.target_interval)
        # That took its time, so the connection's begins now.
        one.until = self.controller.clock() + one.lasts
        return granted

    def close(self, asked: ForwardClose) -> Closed:
        """Close a connection of this session."""
        one = self._triples.get(triple(asked))
        if one is None or not self.alive(one):
            raise refused(asked, Extended.CONNECTION_NOT_FOUND)
        self.forget(one, asked)
        serial, vendor, originator = one.triple
        return Closed(serial=serial, vendor=vendor, originator=originator)

    def forget(self, one: Connection, asked: ForwardClose | None = None) -> None:
        """It is no more; who asked for that has it closed wherever it leads."""
        self.controller.connections.remove(one)
        try:
            # Still in our list: `abort` must find who waits for it.
            if isinstance(one.end, Bridge):
                one.end.close(asked)
        finally:
            self.connections.pop(one.identifier, None)
            self._triples.pop(one.triple, None)

    def sweep(self, now: float) -> None:
        """Forget what was not used for too long, here and elsewhere."""
        self.controller.connections.sweep(now, swept)
        for one in list(self._triples.values()):
            if not one.open:
                self.forget(one)

    def drop(self, one: Connection) -> None:
        """It was late; called from any thread.  A bridge is left to its own session."""
        if not isinstance(one.end, Bridge):
            self.connections.pop(one.identifier, None)
            self._triples.pop(one.triple, None)

    def end(self) -> None:
        """The session has ended, and all connections with it."""
        for one in list(self._triples.values()):
            self.forget(one)

    def abort(self) -> None:
        """Wait for nobody any more; called from another thread."""
        self._aborted = True
        for one in list(self.connections.values()):
            if isinstance(one.end, Bridge):
                one.end.abort()

    def ours(
        self, asked: Asked, hops: tuple[Port, ...], rest: tuple[Segment, ...]
    ) -> None:
        """Whether the hops lead here; as for an Unconnected Send, none always do."""
        own = self.controller.route_path
        if hops and own not in (None, hops):
            routes = self.controller.routes
            known = {hop.port for hop in own[:1]} | (routes.ports if routes else set())
            why = Extended.LINK_ADDRESS_INVALID
            if hops[0].port not in known:
                why = Extended.PORT_NOT_AVAILABLE
            raise refused(asked, why, left=words((*hops, *rest)))

    # -- requests

    def alive(self, one: Connection) -> bool:
        return one.open and one.until >= self.common.moment()

    def answer(self, number: int, octets: bytes) -> tuple[int, bytes]:
        """The identifier and the data of the reply to the data of a request."""
        one = self.connections.get(number)
        counted, request = octets[:SEQUENCE], octets[SEQUENCE:]
        if one is None:
            return number, counted + lost(request, Extended.CONNECTION_NOT_FOUND)
        if not self.alive(one):
            reply = lost(request, Extended.CONNECTION_TIMED_OUT)
            return one.to_originator, counted + reply
        sequence = int.from_bytes(counted, "little")
        # The same once more is the same request: it is not done twice.
        one.until = self.common.moment() + one.lasts
        if sequence != one.sequence:
            # Who has to wait for somebody else is not late meanwhile, and has his time
            # from then on.
            if one.end is not None:
                one.until = inf
            reply = self.served(one, octets)
            one.keep(reply, 0, len(reply))
            one.sequence = sequence
            if one.end is not None:
                one.until = self.controller.clock() + one.lasts
        return one.to_originator, counted + one.answer

    def served(self, one: Connection, octets: bytes) -> bytes:
        """The reply of whoever the connection leads to."""
        request = octets[SEQUENCE:]
        service = request[0] if request else 0
        half = len(octets) // 2
        # A well-known client sends each single write twice in one message.
        doubled = octets[:half] == octets[half:]
        if len(octets) > one.most and not (doubled and half <= one.most):
            return Answer(status=Status.TOO_MUCH_DATA).encode(service)
        try:
            reply = (one.end or self.controller.answer)(request, one.call)
        except Refusal as refusal:
            reply = refusal.answer.encode(service)
            if len(reply) > one.room:
                return Answer(status=refusal.answer.status).encode(service)
        except RouteError as exc:
            self.controller.connections.remove(one)
            self.controller.quiet.warning("a routed connection is lost: %s", exc)
            code, extended = exc.status
            return Answer(status=code, extended=extended).encode(service)
        except Exception as exc:
            said = type(exc).__name__, line_of(exc)
            self.controller.quiet.warning("a connection's end failed: %s: %s", *said)
            return Answer(status=Status.DEVICE_STATE_CONFLICT).encode(service)
        if len(reply) > one.room:
            return Answer(status=Status.REPLY_TOO_LARGE).encode(service)
        return reply


# -- reading a Forward Open


def triple(asked: Asked | ForwardClose) -> Triple:
    """What a connection is known by to who opened it."""
    return asked.serial, asked.vendor, asked.originator


def judged(asked: Asked, largest: int) -> tuple[int, int]:
    """The octets of a request with its sequence count, and of a reply without."""
    large = isinstance(asked, LargeForwardOpen)
    if asked.transport & 0x0F != CLASS_3:
        raise refused(asked, Extended.TRANSPORT_NOT_SUPPORTED)
    both = [
        Parameters.decode(number, large)
        for number in (asked.target_parameters, asked.originator_parameters)
    ]
    if any(one.kind != POINT_TO_POINT for one in both):
        raise refused(asked, Extended.INVALID_CONNECTION_TYPE)
    largest = min(largest, Parameters.largest(large))
    if not all(LEAST <= one.size <= largest for one in both):
        raise refused(asked, Extended.INVALID_CONNECTION_SIZE, largest)
    if not (asked.target_interval and asked.originator_interval):
        raise refused(asked, Extended.RPI_NOT_SUPPORTED)
    return both[0].size, both[1].size - SEQUENCE


def lasting(asked: Asked, interval: int) -> float:
    """The seconds without a request that end a connection of such an interval."""
    return float((4 << min(asked.multiplier, 7)) * interval) / 1e6


def parted(
    asked: Asked, path: tuple[Segment, ...] | None
) -> tuple[tuple[Port, ...], tuple[Segment, ...]]:
    """The hops of a connection's path, and what is behind them."""
    # Which device must be there is no part of the way.
    known = [one for one in path or () if not isinstance(one, ElectronicKey)]
    hops: list[Port] = []
    for one in known:
        if not isinstance(one, Port):
            break
        hops.append(one)
    rest = tuple(known[len(hops) :])
    if not rest:
        raise refused(asked, Extended.SEGMENT_INVALID, left=words(path or ()))
    return tuple(hops), rest


def ends(rest: tuple[Segment, ...]) -> tuple[int, int] | None:
    """The class and the instance that a connection ends in."""
    first, second, *others = (*rest, None, None)
    if not (isinstance(first, Class) and isinstance(second, Instance)):
        return None
    if not all(isinstance(one, ConnectionPoint | None) for one in others):
        return None
    return first.value, second.value


def words(path: tuple[Segment, ...]) -> int:
    """The size of a path in words."""
    return len(Path(path).encode()) // 2


def swept(one: Connection) -> None:
    """Its session shall not keep what it may never ask for again."""
    one.call.links.drop(one)


# -- what is answered


def opened(asked: Asked, identifier: int, far: Opened | None = None) -> Opened:
    """A connection is open, with what another device said of it if it leads there."""
    granted = asked if far is None else far
    return Opened(
        to_target=identifier,
        to_originator=asked.to_originator,
        serial=asked.serial,
        vendor=asked.vendor,
        originator=asked.originator,
        # An interval of nought says nothing.
        target_interval=granted.target_interval or asked.target_interval,
        originator_interval=granted.originator_interval or asked.originator_interval,
        application=b"" if far is None else far.application,
    )


def refused(
    asked: Asked | ForwardClose, why: int, *more: int, left: int = 0
) -> Refusal:
    """A connection is not opened, or not closed."""
    serial, vendor, originator = triple(asked)
    which = NotOpened(
        serial=serial, vendor=vendor, originator=originator, remaining=left & 0xFF
    )
    return Refusal(Status.CONNECTION_FAILURE, (why, *more), which.encode())


def lost(request: bytes, why: int) -> bytes:
    """The reply where there is no such connection."""
    service = request[0] if request else 0
    return Answer(status=Status.CONNECTION_FAILURE, extended=(why,)).encode(service)
