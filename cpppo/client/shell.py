# SPDX-License-Identifier: Apache-2.0
"""The shell of threads: it carries out a line's programs, with sockets, one at a time.

Under `logix` and `slc`, over `line`; the awaiting shell is `asynchronous`.  Rules.
Calls of several threads take turns in the order in which they came; each has its own
time, from its call to its end.  `close` ends whatever call there is, wherever it waits:
for its turn, for the next attempt, for a connection or for an answer.
"""

from __future__ import annotations

import socket
import threading
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TypeVar

from ..errors import Disconnected, Timeout
from .calls import Call, Program, carried
from .line import Line
from .opening import Connection
from .transport import Stream

__all__ = ["Shell", "Turns"]

T = TypeVar("T")


class Turns:
    """Who may use the connection: one call at a time, in the order in which they came.

    `mutex` holds for `current` and for what ends that call: who ends it under the mutex
    cannot hit the one that comes next.
    """

    def __init__(self) -> None:
        self.mutex = threading.Lock()
        self.current: Call | None = None
        self._waiting: deque[tuple[Call, threading.Lock]] = deque()

    def take(self, call: Call) -> bool:
        """Wait for one's turn; whether it came before the call was over."""
        with self.mutex:
            if self.current is None:
                self.current = call
                return True
            ticket = threading.Lock()
            ticket.acquire()
            self._waiting.append((call, ticket))
        try:
            ticket.acquire(timeout=-1 if call.timeout is None else call.timeout)
        except BaseException:  # ^C
            if self._come(call, ticket):
                self.give()
            raise
        return self._come(call, ticket)

    def give(self) -> None:
        """Hand the turn to who is next."""
        with self.mutex:
            if self._waiting:
                self.current, ticket = self._waiting.popleft()
                ticket.release()
            else:
                self.current = None

    def waiting(self) -> list[Call]:
        """The calls whose turn has not come."""
        with self.mutex:
            return [call for call, _ in self._waiting]

    def wake(self, call: Call) -> None:
        """Have a call wait no longer; under the mutex."""
        for one in self._waiting:
            if one[0] is call:
                self._waiting.remove(one)
                one[1].release()
                return

    def _come(self, call: Call, ticket: threading.Lock) -> bool:
        """Whether the turn has come; else it will not."""
        with self.mutex:
            if self.current is call:
                return True
            if (call, ticket) in self._waiting:
                self._waiting.remove((call, ticket))
            return False


class Shell:
    """What has a line, and carries out what that decides."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._turns = Turns()
        # Of what follows, too.
        self._mutex = self._turns.mutex
        self._pausing: threading.Event | None = None
        self._reaching: socket.socket | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._line.place}: {self._line.state}>"

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def connected(self) -> bool:
        """Whether there is a session, as far as is known."""
        return self._line.connected

    @property
    def connection(self) -> Connection | None:
        """What requests go over: its `size`, or `why` there is none.

        It is that of the last session; None before the first.
        """
        return self._line.connection

    def open(self) -> None:
        """Take calls again, after `close`.  The next one connects."""
        self._line.open()

    def close(self) -> None:
        """End the connection, and the calls that use it or wait for it."""
        self._line.closed = True
        self._end_all()
        self._part()

    # -- one call at a time

    def _run(self, program: Callable[..., Program[T]], call: Call, *given: Any) -> T:
        """Carry out a program when it is its turn."""
        if not self._turns.take(call):
            if call.ended:
                raise Disconnected(f"{self._line.place}: {call.ended}")
            raise Timeout(
                f"{self._line.place}: other calls had not ended within "
                f"{call.timeout:g} s"
            )
        try:
            return carried(program(call, *given))
        finally:
            self._turns.give()

    def _end(self, call: Call, why: str) -> None:
        """End a call of another thread, if it is not over."""
        with self._mutex:
            call.ended = why
            if self._turns.current is not call:
                self._turns.wake(call)
                return
            if self._pausing is not None:
                self._pausing.set()
            if self._reaching is not None:
                quit_reaching(self._reaching)
            # Under the mutex: the next call may have the same connection.
            wire = self._line.wire
            if wire is not None:
                wire.close()

    def _end_all(self) -> None:
        """End whatever call there is."""
        with self._mutex:
            call = self._turns.current
        for ended in (call, *self._turns.waiting()):
            if ended is not None:
                self._end(ended, "it was closed here")

    def _part(self) -> None:
        """Take leave of the device, unless somebody took it up again meanwhile."""
        if self._turns.take(self._line.call()):
            try:
                if self._line.closed:
                    carried(self._line.part())
            finally:
                self._turns.give()

    def _ended(self) -> bool:
        """Whether the call that has its turn is unwanted; under the mutex."""
        call = self._turns.current
        return call is None or bool(call.ended)

    def _pause(self, seconds: float) -> None:
        """Wait for the next attempt, or for the end of the call."""
        event = threading.Event()
        with self._mutex:
            if self._ended():
                return
            self._pausing = event
        try:
            event.wait(seconds)
        finally:
            with self._mutex:
                self._pausing = None

    def _reach(
        self,
        host: str,
        port: int,
        timeout: float | None,
        source: tuple[str, int] | None,
    ) -> Stream:
        """`Stream.open`, but the end of the call ends it."""
        return Stream.open(host, port, timeout, source, self._reached)

    def _reached(self, sock: socket.socket | None) -> None:
        """What is being connected now."""
        with self._mutex:
            self._reaching = sock
            if sock and self._ended():
                raise ConnectionAbortedError("it was ended here")


def quit_reaching(sock: socket.socket) -> None:
    """End a connection attempt of another thread, which has the socket to close."""
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # it has not begun, or just ended
