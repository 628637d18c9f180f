# SPDX-License-Identifier: Apache-2.0
"""The wires a client asks over: `Stream` is TCP, `Datagrams` UDP.

At the bottom of the client; knows nothing of any protocol.  Rules: every failure is a
`TransportError` that says whom, what and how long, never a bare OSError; a wire is for
one who sends and one who receives at a time, and anybody may close it.  The kernel
keeps the times, so a request and its reply cost one system call each.
"""

from __future__ import annotations

import socket
import time
from selectors import EVENT_WRITE, DefaultSelector
from typing import Self

from ..errors import Disconnected, Refused, Timeout, TransportError
from ..sockets import LATE, LONGEST, SIZE, gone, limit, written
from .addresses import (
    SETTABLE,
    Address,
    Reaching,
    addressed,
    connected,
    found,
    why,
    within,
    worst,
)

__all__ = ["Datagrams", "Ended", "Stream", "Wire"]

RECEIVING, SENDING = socket.SO_RCVTIMEO, socket.SO_SNDTIMEO
AT_ONCE: int = getattr(socket, "MSG_DONTWAIT", 0)
LOOK = AT_ONCE | int(socket.MSG_PEEK)
POLLED = 10**6  # seconds, eleven days: a selector counts no more than 24


class Ended(Disconnected):
    """Somebody closed the connection, in good order; nothing was lost."""


class Wire:
    """A socket, and the words for what happens to it."""

    __slots__ = (
        "_closed",
        "_flags",
        "_receiving",
        "_sending",
        "_socket",
        "_times",
        "_whom",
        "peer",
    )

    def __init__(self, sock: socket.socket, whom: str, peer: tuple[str, int]) -> None:
        self.peer = peer
        self._socket = sock
        self._whom = whom
        self._closed = False
        # Whoever is inside a call as the wire is closed closes the socket then: its
        # number must not be given to another file while a call still uses it.
        self._receiving = self._sending = False
        # As the kernel has them; and whether a call does not wait at all.
        self._times: dict[int, float | None] = {
            RECEIVING: None,
            SENDING: None,
        }
        self._flags = {RECEIVING: 0, SENDING: 0}
        sock.settimeout(None)

    def __repr__(self) -> str:
        closed = ", closed" if self._closed else ""
        return f"<{type(self).__name__} {self._whom}{closed}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def closed(self) -> bool:
        """Whether it was closed on this side."""
        return self._closed

    def close(self) -> None:
        """End it; whoever waits for it is told.  Again is nothing."""
        self._closed = True
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the peer was first, or it is closed already
        if not (self._receiving or self._sending):
            self._socket.close()

    def readable(self, timeout: float | None = 0) -> bool:
        """Whether there is something, or the end, to be received within this time."""
        if self._closed:
            return True
        try:
            if AT_ONCE and timeout is not None and timeout <= 0:
                return self._look()
            self._peek(timeout)
        except Timeout:
            return False
        except TransportError:
            pass  # which `receive` will say
        return True

    def writable(self, timeout: float | None = 0) -> bool:
        """Whether something can be sent within this time."""
        if self._closed:
            return False
        left = None if timeout is None else min(max(timeout, 0), POLLED)
        self._sending = True
        try:
            with DefaultSelector() as selector:
                selector.register(self._socket, EVENT_WRITE)
                return bool(selector.select(left)) and not self._closed
        except (OSError, ValueError):  # it is being closed
            return False
        finally:
            self._sending = False
            self._left()

    def finish(self) -> None:
        """Say that nothing more will be sent; what is answered can be received."""
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # there is nobody to be told

    def _look(self) -> bool:
        """Whether there is something now; the times that the kernel has stay."""
        self._receiving = True
        try:
            self._socket.recv(1, LOOK)
        except BlockingIOError:
            return False
        except OSError:
            pass  # which `receive` will say
        finally:
            self._receiving = False
            self._left()
        return True

    def _peek(self, timeout: float | None) -> None:
        """Wait for something, and leave it there."""
        self._receiving = True
        try:
            flags = self._within(RECEIVING, timeout)
            self._socket.recv(1, flags | socket.MSG_PEEK)
        except OSError as exc:
            raise self._failed(exc, timeout) from exc
        finally:
            self._receiving = False
            self._left()

    # -- times

    def _within(self, option: int, timeout: float | None) -> int:
        """Have the next call of that way take no longer; return the flags for it."""
        if self._times[option] != timeout:
            self._set(option, timeout)
        return self._flags[option]

    def _set(self, option: int, timeout: float | None) -> None:
        if not SETTABLE:
            self._socket.settimeout(None if timeout is None else max(timeout, 0))
            self._times = dict.fromkeys(self._flags, timeout)
        elif timeout is not None and timeout <= 0:
            # The kernel's 0 is for ever.
            self._flags[option] = AT_ONCE
            self._times[option] = timeout
        else:
            self._flags[option] = 0
            limit(self._socket, option, timeout or 0)
            self._times[option] = timeout

    # -- words

    def _failed(self, exc: OSError, timeout: float | None) -> TransportError:
        """What an error of the system means, where an answer is awaited."""
        if self._closed:
            return self._ended()
        if isinstance(exc, LATE) and not gone(exc):
            return Timeout(f"no answer from {self._whom}{within(timeout)}")
        if isinstance(exc, ConnectionRefusedError):
            return Refused(f"{self._whom} refused: nothing listens there")
        return Disconnected(f"the connection to {self._whom} was lost: {why(exc)}")

    def _ended(self) -> Ended:
        """Who has closed it."""
        if self._closed:
            return Ended(f"the connection to {self._whom} was closed here")
        return Ended(f"{self._whom} closed the connection")

    def _left(self) -> None:
        """Do what `close` has left to whoever was inside a call."""
        if self._closed and not (self._receiving or self._sending):
            self._socket.close()


class Stream(Wire):
    """A TCP connection to somebody."""

    __slots__ = ("_buffer", "_view")

    def __init__(self, sock: socket.socket, whom: str, peer: tuple[str, int]) -> None:
        super().__init__(sock, whom, peer)
        # One for all calls: to make so large a one each time costs more than the call.
        self._buffer = bytearray(SIZE)
        self._view = memoryview(self._buffer)

    @classmethod
    def open(
        cls,
        host: str,
        port: int,
        timeout: float | None,
        source: tuple[str, int] | None = None,
        reaching: Reaching | None = None,
    ) -> Self:
        """Connect to the first of a name's addresses that accepts, within the time.

        `reaching` is told of a socket that another thread may shut down now; then None.
        """
        whom = written(host or "localhost", port)
        if timeout is not None and timeout > LONGEST:
            timeout = None
        deadline = None if timeout is None else time.monotonic() + timeout
        failures: list[TransportError] = []
        places = list(found(host, port, socket.SOCK_STREAM, source))
        for at, place in enumerate(places):
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and failures and left <= 0:
                break
            # One address that is silent must not use up the time of all.
            share = None if left is None else left / (len(places) - at)
            try:
                sock = connected(place, share, source, whom, timeout, reaching)
            except TransportError as exc:
                failures.append(exc)
            else:
                return cls(sock, whom, place[1][:2])
        raise worst(failures)

    def send(self, octets: bytes, timeout: float | None) -> None:
        """Send all of it."""
        self._sending = True
        try:
            if self._closed:
                raise self._ended()
            if self._times[SENDING] != timeout:
                self._set(SENDING, timeout)
            flags = self._flags[SENDING]
            count = self._socket.send(octets, flags)
            if count < len(octets):
                self._rest(memoryview(octets)[count:], timeout, flags)
        except LATE as exc:
            raise self._unsent(exc, timeout) from exc
        except TransportError:
            raise
        except OSError as exc:
            raise self._failed(exc, timeout) from exc
        finally:
            self._sending = False
            if self._closed:
                self._left()

    def receive(self, timeout: float | None) -> bytes:
        """What has come, as soon as there is any; at most 65536 octets."""
        self._receiving = True
        try:
            if self._closed:
                raise self._ended()
            if self._times[RECEIVING] != timeout:
                self._set(RECEIVING, timeout)
            count = self._socket.recv_into(self._buffer, 0, self._flags[RECEIVING])
        except TransportError:
            raise
        except OSError as exc:
            raise self._failed(exc, timeout) from exc
        finally:
            self._receiving = False
            if self._closed:
                self._left()
        if not count:
            raise self._ended()
        return bytes(self._view[:count])

    def _rest(self, rest: memoryview, timeout: float | None, flags: int) -> None:
        """Send what one call could not; the kernel sends all or has waited."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while rest:
            if deadline is not None:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise BlockingIOError
                flags = self._within(SENDING, left)
            rest = rest[self._socket.send(rest, flags) :]

    def _unsent(self, exc: OSError, timeout: float | None) -> TransportError:
        if self._closed or gone(exc):
            return self._failed(exc, timeout)
        return Timeout(f"{self._whom} took no more octets{within(timeout)}")


class Datagrams(Wire):
    """UDP: to one, or with `broadcast` to all who hear it."""

    __slots__ = ("_to",)

    @classmethod
    def open(
        cls,
        host: str,
        port: int,
        timeout: float | None = None,
        source: tuple[str, int] | None = None,
        broadcast: bool = False,
    ) -> Self:
        """A socket to send to that address from; nothing is sent yet."""
        whom = written(host or "localhost", port)
        failures: list[TransportError] = []
        places = list(found(host, port, socket.SOCK_DGRAM, source))
        # Nobody accepts a datagram, so the first address is it; devices have IPv4.
        for place in sorted(places, key=lambda one: one[0] != socket.AF_INET):
            try:
                sock = addressed(place, source, broadcast, whom)
            except TransportError as exc:
                failures.append(exc)
            else:
                self = cls(sock, whom, place[1][:2])
                self._to = place[1] if broadcast else None
                return self
        raise worst(failures)

    def __init__(self, sock: socket.socket, whom: str, peer: tuple[str, int]) -> None:
        super().__init__(sock, whom, peer)
        self._to: Address | None = None  # whom to name each time: many may answer

    def send(self, octets: bytes, timeout: float | None) -> None:
        """Send it as one datagram."""
        self._sending = True
        try:
            if self._closed:
                raise self._ended()
            flags = self._within(SENDING, timeout)
            if self._to is None:
                self._socket.send(octets, flags)
            else:
                self._socket.sendto(octets, flags, self._to)
        except TransportError:
            raise
        except (*LATE, ConnectionRefusedError) as exc:
            raise self._failed(exc, timeout) from exc
        except OSError as exc:
            if self._closed:
                raise self._ended() from exc
            raise TransportError(
                f"{len(octets)} octets could not be sent to {self._whom}: {why(exc)}"
            ) from exc
        finally:
            self._sending = False
            self._left()

    def receive(self, timeout: float | None) -> tuple[bytes, tuple[str, int]]:
        """The next datagram, and who sent it."""
        self._receiving = True
        try:
            if self._closed:
                raise self._ended()
            flags = self._within(RECEIVING, timeout)
            octets, sender = self._socket.recvfrom(SIZE, flags)
        except TransportError:
            raise
        except OSError as exc:
            raise self._failed(exc, timeout) from exc
        finally:
            self._receiving = False
            self._left()
        if self._closed:
            raise self._ended()
        return octets, sender[:2]
