# SPDX-License-Identifier: Apache-2.0
"""`Logix`: reading and writing the tags of a controller, for daily use.

    with Logix("10.0.0.5") as plc:
        speed, levels = plc.read("Speed", "Level[0-9]")
        plc.write(Run=True)

At the top of the client; all that it decides is in `line`, and here it is carried out
with sockets and threads.  Rules.  It connects by itself, when it is called and not
before, and again after a failure.  Calls of several threads take turns in the order in
which they came; each has its own time, from its call to its end.
"""

from __future__ import annotations

import socket
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from time import monotonic
from types import TracebackType
from typing import Any, Self, TypeVar, overload

from ..errors import Disconnected, StatusError, Timeout
from .backoff import Backoff
from .browsing import Browsing
from .calls import Call, Program, carried
from .catalogue import Catalogue
from .opening import Connection
from .operations import Operation, OperationError
from .place import Place
from .result import Result
from .subscription import Subscription, Watch
from .transport import Stream
from .values import display
from .writes import Given, given

__all__ = ["Logix", "check"]

T = TypeVar("T")
Tag = str | Operation | Mapping[str, Any]


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


class Logix(Browsing):
    """A controller, by its address: `10.0.0.5`, `plc:44818`, or `10.0.0.5/1/0`.

    What follows the first slash is the route of requests; without one it is 1/0, and
    `simple` means none.  A call takes `timeout` seconds at most, however often it has
    to connect for that; None is for ever.  Requests go over a connection, if the device
    opens one; `connected=False` asks for none.  `depth` requests are in flight at a
    time (over a connection 1, else 4), each with as many reads and writes as `multiple`
    octets hold (what the connection takes, else 500; 0: one in each).
    """

    def __init__(
        self,
        host: str,
        port: int | None = None,
        *,
        timeout: float | None = 5.0,
        route_path: object = None,
        send_path: object = None,
        simple: bool = False,
        connected: bool = True,
        depth: int | None = None,
        multiple: int | None = None,
        source: tuple[str, int] | None = None,
        backoff: Backoff | None = None,
        opener: Callable[..., Any] | None = None,
    ) -> None:
        self._line = Catalogue(
            Place.of(host, port, route_path, send_path, simple),
            opener=opener or self._reach,
            pause=self._pause,
            timeout=timeout,
            connected=connected,
            depth=depth,
            multiple=multiple,
            source=source,
            backoff=backoff,
        )
        self._turns = Turns()
        # Of what follows, too.
        self._mutex = self._turns.mutex
        self._pausing: threading.Event | None = None
        self._reaching: socket.socket | None = None
        self._subscriptions: set[Subscription] = set()

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

    @property
    def identity(self) -> dict[str, Any]:
        """Who the device is, by its List Identity; asked once for each connection."""
        return self._run(self._line.identify, self._line.call())

    def open(self) -> None:
        """Take calls again, after `close`.  The next one connects."""
        self._line.open()

    def close(self) -> None:
        """End the connection, the subscriptions, and the calls that wait for either."""
        self._line.closed = True
        with self._mutex:
            several = list(self._subscriptions)
            call = self._turns.current
        for one in several:
            one.stopped = True  # a scan that is ended here has not failed
        for ended in (call, *self._turns.waiting()):
            if ended is not None:
                self._end(ended, "it was closed here")
        for one in several:
            one.stop()
        if self._turns.take(self._line.call()):
            try:
                if self._line.closed:
                    carried(self._line.part())
            finally:
                self._turns.give()

    @overload
    def read(self, tag: Tag, /) -> Result: ...  # type: ignore[overload-overlap]
    @overload
    def read(self, tags: Iterable[Tag], /) -> list[Result]: ...
    @overload
    def read(self, tag: Tag, other: Tag, /, *more: Tag) -> list[Result]: ...
    def read(self, *tags: Any) -> Result | list[Result]:
        """The result of a tag; of several, or of a list, a list in their order.

        A refused tag is a result that is not ok, in its place.  Raises OperationError
        for a text that is no tag, before anything is sent; TransportError where there
        is no answer in time; ProtocolError where there is none that can be read.
        """
        call = self._line.call()
        single, several = asked(tags)
        found = self._run(self._line.read, call, self._line.readings(several))
        return found[0] if single else found

    def write(self, *items: Given | list[Given], **tags: Any) -> Any:
        """Write `A=1`, `{"B[3]": 5, "C[0-2]": [1, 2, 3]}`, `("X", 1.5)`, `"A=(DINT)1"`.

        One tag, not in a dictionary or list, has one result; else there is a list.  A
        value has the type of its tag, which is read once if it is not known.  What was
        sent and not answered is a result that is `unknown`: it is never sent again.
        """
        call = self._line.call()
        writes = given(items, tags)
        found = self._run(self._line.write, call, writes)
        return found[0] if alone(items, tags) else found

    def subscribe(
        self,
        *tags: Tag,
        every: float,
        change: Callable[[Result, Result | None], object] | None = None,
        scanned: Callable[[list[Result], int], object] | None = None,
        failure: Callable[[Exception], object] | None = None,
        deadband: float | Mapping[str, float] = 0.0,
    ) -> Subscription:
        """Read these `every` so many seconds, in a thread, until `stop` or `close`.

        `change(result, previous)` is called for each tag that differs by more than its
        dead-band from what was told last; at first, for all (previous is None).
        `scanned(results, missed)` after each scan, with how many could not be made
        before it; `failure(exception)` where one failed.  It goes on by itself.
        """
        watch = Watch(self._line.readings(asked(tags)[1]), every, deadband, monotonic())
        one = Subscription(
            self._line.place,
            watch,
            change=change,
            scanned=scanned,
            failure=failure,
            call=self._line.call,
            read=lambda call: self._run(self._line.read, call, watch.tags),
            end=self._end,
            over=self._forget,
        )
        with self._mutex:
            self._line.expect_open()
            # Started as soon as `close` can know of it, and only what is started.
            one.start()
            self._subscriptions.add(one)
        return one

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

    def _forget(self, one: Subscription) -> None:
        with self._mutex:
            self._subscriptions.discard(one)


def quit_reaching(sock: socket.socket) -> None:
    """End a connection attempt of another thread, which has the socket to close."""
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # it has not begun, or just ended


def asked(tags: tuple[Any, ...]) -> tuple[bool, Iterable[Any]]:
    """Whether one tag was asked for, and all of them."""
    if len(tags) != 1:
        return False, tags
    (only,) = tags
    if type(only) is str or isinstance(only, str | Operation | Mapping):
        return True, tags
    if isinstance(only, bytes | bytearray) or not isinstance(only, Iterable):
        raise OperationError("a tag expected, or several", display(only), 0)
    return False, only


def alone(items: tuple[Any, ...], tags: Mapping[str, Any]) -> bool:
    """Whether one tag was to be written, and said as one."""
    if len(items) + len(tags) != 1:
        return False
    return not items or not isinstance(items[0], list | Mapping)


def check(results: Any) -> Any:
    """The same result, or list of them, if all are ok; else a StatusError.

    The error is that of the first one that is not.
    """
    for one in [results] if hasattr(results, "ok") else results:
        if not one.ok:
            raise StatusError(
                one.status & 0xFF, one.extended, f"{one.tag}: {one.words}"
            )
    return results
