# SPDX-License-Identifier: Apache-2.0
"""Sockets and threads of a server; knows no protocol.

Over `connection` and `ports`.  One thread accepts connections and answers datagrams,
one more runs each connection.  Nothing polls: a listener without clients never wakes.

Rules.  What a client does cannot end the listener, nor another client's connection.
What cannot be done at once, for want of descriptors or threads, is logged now and then.
`stop` ends everything, and says whether it is really over.
"""

from __future__ import annotations

import logging
import selectors
import socket
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from ..errors import TransportError
from .connection import Connection
from .limits import Limits
from .peer import Conversation, Peer
from .ports import Ports, facing, opened, place
from .quiet import Allowance, Quiet

__all__ = ["Listener"]

log = logging.getLogger(__name__)

BATCH = 64  # taken from one socket before the others have their turn
DATAGRAM = 65536
BACK_OFF = 1.0  # seconds without a socket that gives only errors
WITHIN = 2.0  # seconds to stop in


class Opening:
    """Listening, from one opening of the ports to their closing."""

    def __init__(self, listener: Listener, ports: Ports) -> None:
        self.ports = ports
        self.closing = False
        self._listener = listener
        self._resting: dict[socket.socket, float] = {}
        self._selector = selectors.DefaultSelector()
        self._waker, self._woken = socket.socketpair()
        self._selector.register(self._woken, selectors.EVENT_READ)
        for one in ports.sockets:
            self._selector.register(one, selectors.EVENT_READ)
        first = ports.sockets[0].getsockname()[:2]
        name = f"{listener.name} listening on {place(first)}"
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)

    def wake(self) -> None:
        """End the thread soon; called from another one."""
        self.closing = True
        try:
            self._waker.send(b"\0")
        except OSError:
            pass  # it has ended already

    def close(self) -> None:
        """Close all sockets; again, if need be."""
        self.ports.close()
        self._selector.close()
        self._waker.close()
        self._woken.close()

    def _run(self) -> None:
        try:
            while not self.closing:
                timeout = BACK_OFF if self._resting else None
                ready = self._selector.select(timeout)
                self._rested()
                for key, _ in ready:
                    if isinstance(key.fileobj, socket.socket) and not self.closing:
                        self._serve(key.fileobj)
        finally:
            self.close()

    def _serve(self, one: socket.socket) -> None:
        """Take what has come to one of the sockets."""
        listener, ports = self._listener, self.ports
        try:
            for _ in range(BATCH):
                if self.closing or one is self._woken:
                    return
                if one is ports.tcp:
                    listener.accept(one)
                elif ports.udp is not None:
                    listener.answer(one, ports.udp)
        except BlockingIOError:
            pass  # that was all
        except (OSError, MemoryError) as exc:
            if self.closing:
                return
            # The cause is still there: without a rest this would never sleep again.
            listener.quiet.warning(
                "%s: %s; trying again in %g s", self.thread.name, exc, BACK_OFF
            )
            self._selector.unregister(one)
            self._resting[one] = listener.clock() + BACK_OFF

    def _rested(self) -> None:
        """Listen again where the rest is over."""
        now = self._listener.clock() if self._resting else 0.0
        for one in [one for one, until in self._resting.items() if now >= until]:
            del self._resting[one]
            self._selector.register(one, selectors.EVENT_READ)


class Listener:
    """Serves conversations to TCP clients, and answers to UDP ones, at one address.

    The host "" is every IPv4 interface, "::" every IPv6 one; port 0 is a free one,
    the same for TCP and UDP.  Without `datagram` there is no UDP.
    """

    def __init__(
        self,
        address: tuple[str, int],
        converse: Callable[[Peer], Conversation],
        *,
        datagram: Callable[[bytes, Peer], bytes] | None = None,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        tcp: bool = True,
        udp: bool = True,
        name: str = "enip",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.limits = limits
        self.converse = converse
        self.clock = clock
        self.quiet = Quiet(log, clock=clock)
        self._address = address
        self._addresses: dict[str, tuple[str, int]] = {}
        self._datagram = datagram
        self._tcp = tcp
        self._udp = udp and datagram is not None
        if not (self._tcp or self._udp):
            raise ValueError("a listener needs TCP, or UDP and who answers datagrams")
        self._allowance = Allowance(limits.datagrams, limits.sources, clock)
        self._control = threading.RLock()  # opening and closing
        self._lock = threading.Lock()  # the next three
        self._opening: Opening | None = None
        self._connections: dict[Connection, None] = {}
        self._leaving: set[threading.Thread] = set()  # that have nothing more to do
        self._paused = False

    def __enter__(self) -> Self:
        return self if self._opening else self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    # -- what there is

    @property
    def addresses(self) -> dict[str, tuple[str, int]]:
        """Where it listens, or did before it was paused: "tcp" and "udp"."""
        return dict(self._addresses)

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens; before the start, where it is to."""
        return next(iter(self._addresses.values()), self._address)

    @property
    def connections(self) -> tuple[Connection, ...]:
        """Those that are open now, the oldest first."""
        with self._lock:
            return tuple(self._connections)

    # -- opening and closing

    def start(self) -> Self:
        """Listen; a `TransportError` says in one line why that cannot be."""
        with self._control:
            if self._opening is not None:
                raise RuntimeError(f"{self.name} listens already")
            self._paused = False
            self._open(self._address)
        return self

    def stop(self, within: float = WITHIN) -> bool:
        """Close everything and wait for it; whether all has ended in that time."""
        with self._control:
            self._paused = False
            return self._shut(within)

    def pause(self, within: float = WITHIN) -> bool:
        """Close the port and all connections until `resume`; as `stop` otherwise."""
        with self._control:
            self._paused = self._paused or self._opening is not None
            return self._shut(within)

    def resume(self) -> None:
        """Listen again at the very address that it had; as `start` otherwise."""
        with self._control:
            if self._paused:
                self._open((self._address[0], self.address[1]))
                self._paused = False

    def _open(self, address: tuple[str, int]) -> None:
        """Bind, and start to accept."""
        ports = opened(address, self._tcp, self._udp)
        try:
            opening = Opening(self, ports)
        except OSError as exc:
            ports.close()
            text = f"cannot listen on {place(address)}: {exc}"
            raise TransportError(text) from None
        # Before its thread runs: the first connection may be waiting there.
        self._addresses = {
            transport: one.getsockname()[:2]
            for transport, one in (("tcp", ports.tcp), ("udp", ports.udp))
            if one is not None
        }
        self._opening = opening
        try:
            opening.thread.start()
        except (RuntimeError, MemoryError) as exc:
            self._opening = None
            opening.close()
            text = f"cannot listen on {place(address)}: no thread for it: {exc}"
            raise TransportError(text) from None
        with self._lock:
            self._leaving.add(opening.thread)

    def _shut(self, within: float) -> bool:
        """Close the port and all connections, and join their threads."""
        deadline = time.monotonic() + within
        with self._lock:
            opening, self._opening = self._opening, None
            connections = tuple(self._connections)
            threads = [*(one.thread for one in connections), *self._leaving]
        if opening is not None:
            opening.wake()
        for connection in connections:
            connection.disconnect()
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(max(deadline - time.monotonic(), 0.0))
        if opening is not None:
            opening.close()
        alive = [thread for thread in threads if thread.is_alive()]
        with self._lock:
            self._leaving.intersection_update(alive)
        for thread in alive:
            log.warning("%s: did not end within %g s", thread.name, within)
        return not alive

    # -- TCP: in the listening thread, but for `ended`

    def accept(self, listening: socket.socket) -> None:
        """Begin a connection with the next client."""
        try:
            sock, remote = listening.accept()
        except (ConnectionError, InterruptedError):
            return  # the client has gone already
        try:
            peer = Peer(remote[:2], sock.getsockname()[:2], "tcp")
            if self._begun(sock, peer):
                return
        except (OSError, RuntimeError, MemoryError) as exc:
            # The client was reset at once, or there can be no more threads.
            where = place(remote[:2])
            self.quiet.warning("%s %s: not served: %s", self.name, where, exc)
        sock.close()

    def _begun(self, sock: socket.socket, peer: Peer) -> bool:
        """Run the connection, if there is room for one more."""
        with self._lock:
            if self._opening is None:
                return False
            for thread in [one for one in self._leaving if not one.is_alive()]:
                self._leaving.remove(thread)
            if len(self._connections) < self.limits.connections:
                connection = Connection(sock, peer, self)
                # Under the lock: who stops joins only threads that have begun.
                connection.thread.start()
                self._connections[connection] = None
                return True
        where, most = place(peer.remote), self.limits.connections
        text = "%s %s: not served: %d connections are open, as many as may be"
        self.quiet.warning(text, self.name, where, most)
        return False

    def ended(self, connection: Connection) -> None:
        """A connection's thread has nothing more to do."""
        with self._lock:
            del self._connections[connection]
            # Not gone yet, and whoever stops wants to see it gone.
            self._leaving.add(connection.thread)

    # -- UDP: in the listening thread

    def answer(self, one: socket.socket, main: socket.socket) -> None:
        """Answer the next datagram of a socket, by the main one."""
        try:
            octets, remote = one.recvfrom(DATAGRAM)
        except (ConnectionError, InterruptedError):
            return  # about an earlier answer, which nobody waited for
        host, port = remote[:2]
        if not self._allowance.take(host):
            rate = self.limits.datagrams
            text = "%s %s: more than %d datagrams a second; some are not answered"
            self.quiet.warning(text, self.name, host, rate)
            return
        peer = Peer((host, port), facing(main, remote), "udp")
        try:
            reply = self._datagram(octets, peer) if self._datagram else b""
        except Exception as exc:
            where, kind = place(peer.remote), type(exc).__name__
            text = "%s %s: answering a datagram failed: %s: %s"
            self.quiet.warning(text, self.name, where, kind, exc)
            log.debug("%s %s: a datagram", self.name, where, exc_info=exc)
            return
        if reply:
            try:
                main.sendto(reply, remote)
            except OSError as exc:
                log.debug("%s %s: not sent: %s", self.name, place(peer.remote), exc)
