# SPDX-License-Identifier: Apache-2.0
"""One TCP connection: a socket, a conversation, and the thread that runs them.

Below `listener`.  The thread blocks in `recv`; the kernel keeps the times, so an idle
connection costs nothing and a busy one no clock.  A conversation that fails ends its
own connection and no other.
"""

from __future__ import annotations

import logging
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from typing import Protocol

from ..sockets import LATE, SIZE, gone, limit, prepare
from .limits import Limits
from .peer import Conversation, Peer
from .ports import place
from .quiet import Quiet

__all__ = ["SIZE", "Connection", "Host"]

log = logging.getLogger(__name__)


class Slow(Exception):
    """The client took longer than it may; says at what."""


class Failed(Exception):
    """The conversation raised what is the cause of this."""


class Host(Protocol):
    """What a connection needs of its listener."""

    name: str
    limits: Limits
    quiet: Quiet
    clock: Callable[[], float]

    def converse(self, peer: Peer) -> Conversation:
        """Whoever is to talk with this client."""

    def ended(self, connection: Connection) -> None:
        """The connection's thread is about to end."""


class Connection:
    """A client's connection, while it lasts."""

    __slots__ = (
        "_deadline",
        "_ended",
        "_host",
        "_lock",
        "_timeout",
        "_waiting",
        "conversation",
        "peer",
        "received",
        "sent",
        "since",
        "socket",
        "thread",
    )

    def __init__(self, sock: socket.socket, peer: Peer, host: Host) -> None:
        self.peer = peer
        self.received = 0  # octets
        self.sent = 0
        self.since = time.time()
        self.conversation: Conversation | None = None
        self.socket = sock
        self._host = host
        self._ended = threading.Event()
        self._lock = threading.Lock()  # closing the socket, and using it from outside
        self._waiting = 0  # octets of an unfinished message, after the last `receive`
        self._deadline = 0.0  # of that message
        self._timeout = 0.0  # as the kernel has it
        name = f"{host.name} {place(peer.remote)}"
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __repr__(self) -> str:
        return f"<{self.thread.name}>"

    def disconnect(self) -> None:
        """Close the connection soon; called from any thread."""
        self._ended.set()
        with self._lock:
            try:
                self.socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it is closed, or the client has gone
        # It may wait for somebody else, whom the socket does not wake.
        abort = getattr(self.conversation, "abort", None)
        if abort is not None:
            try:
                abort()
            except Exception as exc:
                self._complain("ending", exc)

    # -- the thread

    def _run(self) -> None:
        """The connection, from its first octet to its end."""
        try:
            self._prepare()
            self.conversation = conversation = self._host.converse(self.peer)
            log.info("%s: connected", self.thread.name)
            if not self._ended.is_set():
                self._converse(conversation)
        except Slow as exc:
            self._host.quiet.warning("%s: closed: %s", self.thread.name, exc)
        except Failed as exc:
            self._complain("answering", exc.__cause__)
        except OSError as exc:
            if self.conversation is None:
                self._complain("connecting", exc)
            else:
                log.info("%s: lost: %s", self.thread.name, exc)
        except Exception as exc:
            self._complain("connecting", exc)
        finally:
            self._close()

    def _prepare(self) -> None:
        """Set what the kernel does for us."""
        sock, limits = self.socket, self._host.limits
        sock.setblocking(True)
        prepare(sock)
        if limits.unread:
            self._set(socket.SO_SNDTIMEO, limits.unread)
        self._expect(limits.idle)

    def _converse(self, conversation: Conversation) -> None:
        """Octets in, octets out, until either side has enough.

        This is all that is done per request: hence no clock, lock or further call.
        """
        recv, send, receive = self.socket.recv, self.socket.send, conversation.receive
        try:
            while octets := recv(SIZE):
                self.received += len(octets)
                try:
                    reply = receive(octets)
                except Exception as exc:
                    raise Failed from exc
                if reply:
                    if conversation.pause and self._ended.wait(conversation.pause):
                        return
                    try:
                        count = send(reply)
                    except LATE as exc:
                        raise self._unread(exc) from None
                    self.sent += count
                    if count < len(reply):
                        self._send(memoryview(reply)[count:])
                if conversation.ready:
                    self._more(conversation)
                if conversation.closing:
                    return
                if conversation.waiting or self._waiting:
                    self._watch(conversation.waiting, len(octets))
        except LATE as exc:
            raise self._silent(exc) from None
        if self._waiting:
            log.info("%s: left within a message", self.thread.name)

    def _more(self, conversation: Conversation) -> None:
        """Answer what came together with what was answered."""
        while conversation.ready and not conversation.closing:
            if self._ended.is_set():
                return
            try:
                reply = conversation.receive(b"")
            except Exception as exc:
                raise Failed from exc
            if reply:
                if conversation.pause and self._ended.wait(conversation.pause):
                    return
                self._send(reply)

    def _send(self, octets: bytes | memoryview) -> None:
        """Send all of it, however slowly it is read, but not for ever."""
        unread, clock = self._host.limits.unread, self._host.clock
        rest = memoryview(octets)
        deadline = 0.0
        try:
            count = self.socket.send(rest)
            self.sent += count
            while count < len(rest):
                # The kernel sends all or has waited, so the clock is asked late.
                rest = rest[count:]
                if unread:
                    now = clock()
                    deadline = deadline or now + unread
                    if now >= deadline:
                        raise BlockingIOError
                    self._set(socket.SO_SNDTIMEO, deadline - now)
                count = self.socket.send(rest)
                self.sent += count
        except LATE as exc:
            raise self._unread(exc) from None
        if deadline:
            self._set(socket.SO_SNDTIMEO, unread)

    # -- times

    def _set(self, option: int, seconds: float) -> None:
        """Tell the kernel how long a call may take; 0 is for ever."""
        limit(self.socket, option, seconds)

    def _expect(self, seconds: float) -> None:
        """Wait so long for the next octet."""
        if seconds != self._timeout:
            self._set(socket.SO_RCVTIMEO, seconds)
            self._timeout = seconds

    def _watch(self, waiting: int, came: int) -> None:
        """Keep the age of a message that has begun and not ended."""
        limits = self._host.limits
        known, self._waiting = self._waiting, waiting
        if not waiting or not limits.unfinished:
            self._expect(limits.idle)
            return
        left = limits.unfinished
        now = self._host.clock()
        if known and waiting == known + came:
            # Nothing was taken out: it is the message that we know.
            left = self._deadline - now
            if left <= 0:
                raise self._unfinished()
        else:
            self._deadline = now + left
        self._expect(min(left, limits.idle or left))

    def _silent(self, exc: OSError) -> Exception:
        """Why `recv` has come back without anything."""
        if gone(exc):
            return exc
        if self._waiting and self._host.limits.unfinished:
            return self._unfinished()
        return Slow(f"not a single octet in {self._host.limits.idle:g} s")

    def _unfinished(self) -> Slow:
        """The end of a message did not come."""
        allowed, held = self._host.limits.unfinished, self._waiting
        return Slow(
            f"a message was not finished within {allowed:g} s; {held} octets came"
        )

    def _unread(self, exc: OSError) -> Exception:
        """Why `send` has not sent all; what is not read is not kept either."""
        if gone(exc):
            return exc
        linger = struct.pack("@HH" if sys.platform == "win32" else "@ii", 1, 0)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        return Slow(f"replies were left unread for {self._host.limits.unread:g} s")

    # -- the end

    def _close(self) -> None:
        """End the connection and what has to do with it."""
        with self._lock:
            self._ended.set()
            self.socket.close()
        try:
            if self.conversation is not None:
                log.info("%s: closed", self.thread.name)
                self.conversation.close()
        except Exception as exc:
            self._complain("closing", exc)
        finally:
            self._host.ended(self)

    def _complain(self, doing: str, exc: BaseException | None) -> None:
        """Say what went wrong on our side."""
        name, kind = self.thread.name, type(exc).__name__
        self._host.quiet.warning("%s: %s failed: %s: %s", name, doing, kind, exc)
        log.debug("%s: %s failed", name, doing, exc_info=exc)
