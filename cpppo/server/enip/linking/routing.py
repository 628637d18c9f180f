# SPDX-License-Identifier: Apache-2.0
"""Requests for somebody else: the way there.

Beside `controller`, over `routes`; the one place where a session waits for another
device.  `Ways` is what one session forwards with: a registered EtherNet/IP session per
target, kept between requests.  CIP Vol 1, 3-5.5.5 and 3-5.5.6 (Unconnected Send and
its time-out).

Rules.  All waiting ends at the request's deadline, an absolute time of the clock that
was given: a far side that trickles cannot move it.  A request is sent at most once.
A connection on which anything went wrong is closed, so an answer that comes late is
never taken for another's.  What comes from there goes through the grammar, and the
reply is handed on as the octets that it was.
"""

from __future__ import annotations

import errno
import os
import selectors
import socket
from collections.abc import Callable
from itertools import count
from threading import Thread
from time import monotonic
from typing import Any, ClassVar, TypeVar

from ....errors import EncodeError, ProtocolError, TransportError
from ....protocol.enip import (
    Class,
    Encapsulation,
    Instance,
    Item,
    MessageRouterRequest,
    Packet,
    Path,
    Port,
    Register,
    Reply,
    RoutePath,
    SendData,
    UnconnectedSendParameters,
)
from ....protocol.enip.status import Extended, Status
from .routes import Routes, Target

__all__ = [
    "RouteEnded",
    "RouteError",
    "RouteRubbish",
    "RouteTimeout",
    "RouteTooLarge",
    "RouteUnreachable",
    "Routes",
    "Target",
    "Ways",
    "patience",
    "ticks",
]

Clock = Callable[[], float]
Sent = TypeVar("Sent")

REGISTER, SEND_RR_DATA, SEND_UNIT_DATA = 0x65, 0x6F, 0x70
UNCONNECTED_SEND, UNCONNECTED_ITEM = 0x52, 0xB2


class RouteError(TransportError):
    """A request came to nobody; `status` is what its sender is to be told."""

    status: ClassVar[tuple[int, tuple[int, ...]]] = (
        Status.CONNECTION_FAILURE,
        (Extended.REQUEST_TIMED_OUT,),
    )


class RouteTimeout(RouteError):
    """No answer in the time that the request had."""


class RouteRubbish(RouteError):
    """What came is no answer: no EtherNet/IP, an error, or the end of the stream."""


class RouteEnded(RouteError):
    """There is no connection any more, so nothing was sent over it, or done."""

    status = (Status.CONNECTION_FAILURE, (Extended.CONNECTION_TIMED_OUT,))


class RouteUnreachable(RouteError):
    """There is nobody at that link."""

    status = (Status.CONNECTION_FAILURE, (Extended.LINK_ADDRESS_INVALID,))


class RouteTooLarge(RouteError):
    """The request does not fit a message with what it needs around it."""

    status = (Status.ROUTING_REQUEST_TOO_LARGE, ())


def patience(priority: int, ticks: int) -> float:
    """The seconds that an Unconnected Send gives its request."""
    return float((1 << (priority & 0x0F)) * ticks) / 1000


def ticks(seconds: float) -> tuple[int, int]:
    """Priority and ticks for so many seconds: the finest tick that fits, no longer."""
    milliseconds = int(max(seconds, 0.001) * 1000)
    for exponent in range(16):
        if milliseconds >> exponent <= 0xFF:
            return exponent, milliseconds >> exponent
    return 15, 0xFF


# -- the way there


class Upstream:
    """A connection to another device: one request at a time, and its answer."""

    __slots__ = ("_clock", "_contexts", "_parser", "session", "socket")

    def __init__(self, connected: socket.socket, clock: Clock) -> None:
        self.socket = connected
        self._clock = clock
        self._parser = Encapsulation.parser(24 + 0xFFFF)
        self._contexts = count(1)
        self.session = 0

    def quiet(self) -> bool:
        """Whether nothing came since: neither octets nor the end of the stream."""
        self.socket.settimeout(0)
        try:
            self.socket.recv(1)
        except BlockingIOError:
            return True
        except OSError:
            pass
        return False

    def register(self, deadline: float) -> None:
        # Some devices refuse to register with a context that is not zeros.
        answer = self._ask(REGISTER, Register().encode(), bytes(8), deadline)
        self.session = answer.session

    def send(self, payload: bytes, services: bytes, deadline: float) -> bytes:
        """The octets of the reply, of one of these services, to a request."""
        context = next(self._contexts).to_bytes(8, "little")
        answer = self._ask(SEND_RR_DATA, payload, context, deadline)
        return replied(answer, services)

    def over(self, payload: bytes, deadline: float) -> tuple[Item, ...]:
        """The items of the reply to a request over a connection."""
        # It is its sequence that says what is answered, and some repeat no context.
        answer = self._ask(SEND_UNIT_DATA, payload, None, deadline)
        return SendData.decode(answer.payload).packet.items

    def _ask(
        self, command: int, payload: bytes, context: bytes | None, deadline: float
    ) -> Encapsulation:
        frame = Encapsulation(
            command,
            session=self.session,
            context=context or bytes(8),
            payload=payload,
        ).encode()
        self.socket.settimeout(remaining(deadline, self._clock))
        self.socket.sendall(frame)
        answer = self._receive(deadline)
        if answer.command != command or context not in (None, answer.context):
            raise RouteRubbish("an answer to something that was not asked")
        if answer.status:
            raise RouteRubbish(f"encapsulation status 0x{answer.status:04X}")
        return answer

    def _receive(self, deadline: float) -> Encapsulation:
        while True:
            self.socket.settimeout(remaining(deadline, self._clock))
            octets = self.socket.recv(65536)
            if not octets:
                raise RouteRubbish("the connection was closed before the answer")
            frames = self._parser.feed(octets)
            if len(frames) > 1 or (frames and self._parser.buffered):
                raise RouteRubbish("more than one answer")
            if frames:
                return frames[0]


def replied(answer: Encapsulation, services: bytes) -> bytes:
    """The octets of the reply in an answer, if it is one of these services."""
    items = SendData.decode(answer.payload).packet.items
    replies = [item.data for item in items if item.type_id == UNCONNECTED_ITEM]
    if len(replies) != 1:
        raise RouteRubbish(f"{len(replies)} unconnected items in an answer, not one")
    Reply.decode(replies[0])
    if replies[0][0] not in services:
        raise RouteRubbish(f"service 0x{replies[0][0]:02X} in the answer")
    return replies[0]


def remaining(deadline: float, clock: Clock) -> float:
    seconds = deadline - clock()
    if seconds <= 0:
        raise RouteTimeout("no answer in time")
    return seconds


def arrive(one: socket.socket, begun: int, seconds: float) -> None:
    """Wait until a connection that was begun is there."""
    if begun in {errno.EINPROGRESS, errno.EWOULDBLOCK}:
        with selectors.DefaultSelector() as selector:
            selector.register(one, selectors.EVENT_WRITE)
            if not selector.select(seconds):
                raise TimeoutError
        begun = one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if begun:
        raise OSError(begun, os.strerror(begun))
    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class Ways:
    """The ways out of one session.

    All but `abort` is called by the session's thread alone.
    """

    def __init__(
        self,
        routes: Routes,
        *,
        resolve: Callable[..., Any] = socket.getaddrinfo,
        clock: Clock = monotonic,
    ) -> None:
        self.routes = routes
        self._resolve = resolve
        self._clock = clock
        self._kept: dict[Target, Upstream] = {}
        self._lookups = routes.lookups
        self._changed = routes.changed  # guards what follows, and lookups' results
        self._open: set[socket.socket] = set()
        self._aborted = False

    def forward(
        self,
        target: Target | None,
        request: bytes,
        route: tuple[Port, ...],
        *,
        deadline: float,
    ) -> bytes:
        """The octets of the reply to a CIP request sent to a target.

        `route` is what is left of the way behind it: with none the request goes as
        it is, otherwise in an Unconnected Send with the time that is left.  Without
        a target, or where there is no answer, it raises a RouteError.
        """
        if target is None:
            raise RouteUnreachable("no route is configured for this link")

        def send() -> bytes:
            payload, services = self._enclosed(request, route, deadline)
            upstream = self._upstream(target, deadline)
            return upstream.send(payload, services, deadline)

        return self._tried(target, send)

    def over(
        self, target: Target, payload: bytes, *, deadline: float
    ) -> tuple[Item, ...]:
        """The items of the reply to what is sent over a connection that a request to
        this target opened; RouteError, also where that has ended."""

        def send() -> tuple[Item, ...]:
            kept = self._kept.get(target)
            if kept is None or not kept.quiet():
                raise RouteEnded("the connection was closed there")
            return kept.over(payload, deadline)

        return self._tried(target, send)

    def holds(self, target: Target) -> bool:
        """Whether there is a connection to it that nobody has closed."""
        kept = self._kept.get(target)
        return kept is not None and kept.quiet()

    def _tried(self, target: Target, send: Callable[[], Sent]) -> Sent:
        """What comes of it; where that is nothing, the target's connection is lost."""
        try:
            return send()
        except RouteError as exc:
            failure = exc
        except TimeoutError:
            failure = RouteTimeout("no answer in time")
        except (OSError, ProtocolError) as exc:
            failure = RouteRubbish(f"no answer: {exc}")
        except BaseException:
            self._discard(target)
            raise
        self._discard(target)
        if self._aborted:
            failure = RouteRubbish("given up: this server stops")
        raise failure

    def close(self) -> None:
        """Close every connection; the session has ended."""
        for target in list(self._kept):
            self._discard(target)

    def abort(self) -> None:
        """Make what is being forwarded fail at once, and all that would be.

        May be called from any thread.
        """
        with self._changed:
            self._aborted = True
            self._changed.notify_all()
            for one in self._open:
                try:
                    one.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass  # it was not connected, or is not any more

    # -- what is sent

    def _enclosed(
        self, request: bytes, route: tuple[Port, ...], deadline: float
    ) -> tuple[bytes, bytes]:
        """The data of a SendRRData, and the services that may answer it."""
        priority, number = ticks(remaining(deadline, self._clock))
        # An Unconnected Send is answered by what it holds, or itself where that came
        # to nobody.
        services = [one | 0x80 for one in request[:1]]
        try:
            if route:
                way = RoutePath(route).encode()
                parameters = UnconnectedSendParameters(
                    priority=priority, ticks=number, request=request, route=way
                ).encode()
                manager = Path((Class(6), Instance(1))).encode()[1:]
                around = MessageRouterRequest(UNCONNECTED_SEND, manager, parameters)
                request = around.encode()
                services.append(UNCONNECTED_SEND | 0x80)
            packet = Packet((Item(0), Item(UNCONNECTED_ITEM, request)))
            payload = SendData(packet=packet).encode()
            Encapsulation(SEND_RR_DATA, payload=payload).encode()
        except EncodeError as exc:
            raise RouteTooLarge(f"it cannot be sent on: {exc}") from None
        return payload, bytes(services)

    # -- connections

    def _upstream(self, target: Target, deadline: float) -> Upstream:
        """The kept connection, or a new one where the far side has closed it."""
        kept = self._kept.get(target)
        if kept is not None and kept.quiet():
            return kept
        self._discard(target)
        upstream = Upstream(self._connect(target, deadline), self._clock)
        self._kept[target] = upstream
        upstream.register(deadline)
        return upstream

    def _discard(self, target: Target) -> None:
        kept = self._kept.pop(target, None)
        if kept is not None:
            self._close(kept.socket)

    def _close(self, one: socket.socket) -> None:
        # Under the lock, so that `abort` shuts no descriptor that is another's by now.
        with self._changed:
            self._open.discard(one)
            one.close()

    def _connect(self, target: Target, deadline: float) -> socket.socket:
        addresses = self._addresses(target, deadline)
        failure = OSError("it has no address")
        for tried, address in enumerate(addresses):
            # An address that swallows what is sent to it leaves time for the others.
            share = remaining(deadline, self._clock) / (len(addresses) - tried)
            try:
                return self._connected(address, share)
            except OSError as exc:
                failure = exc
        if isinstance(failure, TimeoutError):
            raise failure
        raise RouteUnreachable(f"nobody answers there: {failure}")

    def _connected(self, address: Any, seconds: float) -> socket.socket:
        one = socket.socket(*address[:3])
        try:
            # Begun under the lock: what does not connect yet cannot be shut down.
            with self._changed:
                if self._aborted:
                    raise ConnectionAbortedError
                self._open.add(one)
                one.setblocking(False)
                begun = one.connect_ex(address[4])
            arrive(one, begun, seconds)
        except BaseException:
            self._close(one)
            raise
        return one

    def _addresses(self, target: Target, deadline: float) -> Any:
        """The addresses of a target: at once for a number, in time for a name."""
        host, port = target
        kind, numeric = socket.SOCK_STREAM, socket.AI_NUMERICHOST
        try:
            return self._resolve(host, port, type=kind, flags=numeric)
        except (socket.gaierror, UnicodeError):
            pass
        # A resolver knows no deadline and cannot be interrupted: it has a thread of
        # its own, which the next request waits for if this one could not.
        with self._changed:
            if target not in self._lookups or self._lookups[target][1]:
                results: list[Any] = []
                thread = Thread(
                    target=self._look_up, args=(target, results), daemon=True
                )
                thread.start()
                self._lookups[target] = thread, results
            thread, results = self._lookups[target]
            seconds = remaining(deadline, self._clock)
            self._changed.wait_for(lambda: results or self._aborted, seconds)
            if not results:
                raise RouteTimeout(f"{host!r} was not found in time")
            self._lookups.pop(target, None)
        thread.join()
        if isinstance(results[0], Exception):
            raise RouteUnreachable(f"{host!r} is not known: {results[0]}")
        return results[0]

    def _look_up(self, target: Target, results: list[Any]) -> None:
        try:
            results.append(self._resolve(*target, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as exc:
            results.append(exc)
        with self._changed:
            self._changed.notify_all()
