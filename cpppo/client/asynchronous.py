# SPDX-License-Identifier: Apache-2.0
"""`AsyncLogix`: `Logix` for asyncio, with the same methods, awaited.

    async with AsyncLogix("10.0.0.5") as plc:
        speed, levels = await plc.read("Speed", "Level[0-9]")
        await plc.write(Run=True)

Beside `logix`; all that it decides is in `line`, and here it is carried out with a
transport of asyncio.  Rules.  One belongs to one event loop; any number of its tasks
may call it, and they take turns.  A call that is cancelled discards the connection, so
that no reply to it is taken for another one's.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from inspect import isawaitable
from time import monotonic
from types import TracebackType
from typing import Any, Self, TypeVar, overload

from ..errors import Disconnected, Refused, Timeout, TransportError
from .addresses import why, within
from .backoff import Backoff
from .browsing import AsyncBrowsing
from .calls import Call, Program
from .catalogue import Catalogue
from .logix import Tag, alone, asked
from .opening import Connection
from .place import Place
from .result import Result
from .subscription import GRACE, Scans, Watch
from .writes import Given, given

__all__ = ["AsyncLogix", "AsyncSubscription", "Channel"]

T = TypeVar("T")

HELD = 1 << 18  # octets that wait to be received; then the peer has to


class Channel(asyncio.Protocol):
    """A TCP connection of an event loop: `transport.Stream`, awaited."""

    def __init__(self, whom: str) -> None:
        self._whom = whom
        self._loop = asyncio.get_running_loop()
        self._transport: Any = None
        self._held: deque[bytes] = deque()
        self._size = 0
        self._end: TransportError | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._full: asyncio.Future[None] | None = None

    @classmethod
    async def open(
        cls,
        host: str,
        port: int,
        timeout: float | None,
        source: tuple[str, int] | None = None,
    ) -> Channel:
        """Connect to the first of a name's addresses that accepts, within the time."""
        shown = f"[{host}]" if ":" in host else host
        whom = f"{shown}:{port}"
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                _, channel = await loop.create_connection(
                    lambda: cls(whom), host, port, local_addr=source
                )
                if channel.itself:
                    channel.close()
                    raise ConnectionRefusedError
                return channel
        except socket.gaierror as exc:
            problem = f"the address of {host!r} is not known: {why(exc)}"
            raise TransportError(problem) from exc
        except TimeoutError as exc:
            problem = f"{whom} did not accept a connection{within(timeout)}"
            raise Timeout(problem) from exc
        except ConnectionRefusedError as exc:
            problem = f"{whom} refused the connection: nothing listens there"
            raise Refused(problem) from exc
        except OSError as exc:
            raise TransportError(f"{whom} cannot be reached: {why(exc)}") from exc

    @property
    def itself(self) -> bool:
        """Whether a port that nobody listens at has met itself, as the loopback's may.

        It would keep whoever wants to listen there from it.
        """
        ours = self._transport.get_extra_info("sockname")
        met: bool = ours == self._transport.get_extra_info("peername")
        return met

    async def send(self, octets: bytes, timeout: float | None) -> None:
        """Send all of it, or have it sent soon."""
        if self._end is not None:
            raise self._end
        self._transport.write(octets)
        if self._full is not None:
            await self._within(self._full, timeout, "took no more octets")
            if self._end is not None:
                raise self._end

    async def receive(self, timeout: float | None) -> bytes:
        """What has come, as soon as there is any."""
        if not self._held and self._end is None:
            self._waiter = self._loop.create_future()
            try:
                await self._within(self._waiter, timeout, "did not answer")
            finally:
                self._waiter = None
        if not self._held and self._end is not None:
            raise self._end
        octets = b"".join(self._held)
        self._held.clear()
        if self._size > HELD:
            self._transport.resume_reading()
        self._size = 0
        return octets

    def readable(self, timeout: float | None = 0) -> bool:
        """Whether there is something, or the end, to be received now."""
        return bool(self._held) or self._end is not None

    def close(self) -> None:
        """End it; whoever waits for it is told.  Again is nothing."""
        self._ended(Disconnected(f"the connection to {self._whom} was closed here"))
        if not self._loop.is_closed():
            self._transport.abort()
            return
        try:  # its loop will not end it any more
            self._transport.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it had ended

    async def _within(
        self, future: asyncio.Future[None], timeout: float | None, what: str
    ) -> None:
        try:
            async with asyncio.timeout(timeout):
                await future
        except TimeoutError as exc:
            raise Timeout(f"{self._whom} {what}{within(timeout)}") from exc

    def _ended(self, exc: TransportError) -> None:
        if self._end is None:
            self._end = exc
        for future in (self._waiter, self._full):
            if future is not None and not future.done():
                future.set_result(None)

    # -- what the transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def data_received(self, data: bytes) -> None:
        self._held.append(data)
        self._size += len(data)
        if self._size > HELD:
            self._transport.pause_reading()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def eof_received(self) -> None:
        self._ended(Disconnected(f"{self._whom} closed the connection"))

    def connection_lost(self, exc: Exception | None) -> None:
        text = f"{self._whom} closed the connection"
        if isinstance(exc, OSError):
            text = f"the connection to {self._whom} was lost: {why(exc)}"
        self._ended(Disconnected(text))

    def pause_writing(self) -> None:
        self._full = self._loop.create_future()

    def resume_writing(self) -> None:
        full, self._full = self._full, None
        if full is not None and not full.done():
            full.set_result(None)


class AsyncSubscription(Scans):
    """Tags that a task reads again and again, until `stop`."""

    def __init__(self, place: Place, watch: Watch, **given: Any) -> None:
        self._over: Callable[[AsyncSubscription], None] = given.pop("over")
        super().__init__(place, watch, **given)
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def start(self) -> None:
        """Have a task of the running loop scan."""
        self._task = asyncio.create_task(self._run(), name=f"subscription {self.place}")

    async def stop(self) -> None:
        """Scan no more; then nothing of yours is called any more.

        In a function of yours that it calls, it returns at once.
        """
        self.stopped = True
        self._wake.set()
        task = self._task
        if task is None or task is asyncio.current_task():
            return
        await asyncio.wait({task}, timeout=GRACE)
        task.cancel()
        await asyncio.wait({task})

    async def _run(self) -> None:
        try:
            await awaited(self.program(self._wait))
        finally:
            self.stopped = True
            self._over(self)

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass


class AsyncLogix(AsyncBrowsing):
    """A controller, by its address; as `Logix`, with its methods awaited."""

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
        opener: Callable[..., Any] = Channel.open,
    ) -> None:
        self._opener = opener
        self._line = Catalogue(
            Place.of(host, port, route_path, send_path, simple),
            opener=self._open,
            pause=self._pause,
            timeout=timeout,
            connected=connected,
            depth=depth,
            multiple=multiple,
            source=source,
            backoff=backoff,
        )
        self._turns = asyncio.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._current: Call | None = None
        self._under_way: asyncio.Future[Any] | None = None
        self._subscriptions: set[AsyncSubscription] = set()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._line.place}: {self._line.state}>"

    async def __aenter__(self) -> Self:
        self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    @property
    def connected(self) -> bool:
        """Whether there is a session, as far as is known."""
        return self._line.connected

    @property
    def connection(self) -> Connection | None:
        """What requests go over, or why there is none: as `Logix.connection`."""
        return self._line.connection

    @property
    def identity(self) -> Coroutine[Any, Any, dict[str, Any]]:
        """Await it for who the device is, as by List Identity."""
        return self._run(self._line.identify, self._line.call())

    def open(self) -> None:
        """Take calls again, after `close`.  The next one connects."""
        self._line.open()

    async def close(self) -> None:
        """End the connection, the subscriptions, and the calls that wait for either."""
        line = self._line
        line.closed = True
        several = list(self._subscriptions)
        for one in several:
            one.stopped = True  # a scan that is ended here has not failed
        if self._current is not None:
            self._current.ended = "it was closed here"
            if self._under_way is not None:
                self._under_way.cancel()
            line.close()
        elif self._loop is asyncio.get_running_loop():
            await self._part()
        else:
            line.close()
        for one in several:
            await one.stop()
        await asyncio.sleep(0)  # the transport ends at the loop's next turn

    @overload
    async def read(self, tag: Tag, /) -> Result: ...  # type: ignore[overload-overlap]
    @overload
    async def read(self, tags: Iterable[Tag], /) -> list[Result]: ...
    @overload
    async def read(self, tag: Tag, other: Tag, /, *more: Tag) -> list[Result]: ...
    async def read(self, *tags: Any) -> Result | list[Result]:
        """The result of a tag; of several, or of a list, a list: as `Logix.read`."""
        call = self._line.call()
        single, several = asked(tags)
        found = await self._run(self._line.read, call, self._line.readings(several))
        return found[0] if single else found

    async def write(self, *items: Given | list[Given], **tags: Any) -> Any:
        """Write `A=1`, `{"B[3]": 5}`, `("X", 1.5)`, `"A=(DINT)1"`: as `Logix.write`."""
        call = self._line.call()
        writes = given(items, tags)
        found = await self._run(self._line.write, call, writes)
        return found[0] if alone(items, tags) else found

    async def subscribe(
        self,
        *tags: Tag,
        every: float,
        change: Callable[[Result, Result | None], object] | None = None,
        scanned: Callable[[list[Result], int], object] | None = None,
        failure: Callable[[Exception], object] | None = None,
        deadband: float | Mapping[str, float] = 0.0,
    ) -> AsyncSubscription:
        """As `Logix.subscribe`, in a task; what is called may be a coroutine function.

        It needs no await of its own, but the methods are the same.
        """
        watch = Watch(self._line.readings(asked(tags)[1]), every, deadband, monotonic())
        one = AsyncSubscription(
            self._line.place,
            watch,
            change=change,
            scanned=scanned,
            failure=failure,
            call=self._line.call,
            read=lambda call: self._run(self._line.read, call, watch.tags),
            over=self._subscriptions.discard,
        )
        self._line.expect_open()
        self._subscriptions.add(one)
        one.start()
        return one

    # -- one call at a time

    async def _part(self) -> None:
        """Part from the device in one's turn, unless it was opened again meanwhile."""
        line = self._line
        try:
            async with self._turns:
                if line.closed:
                    await awaited(line.part())
        finally:
            if line.closed:
                line.close()

    async def _run(
        self, program: Callable[..., Program[T]], call: Call, *given: Any
    ) -> T:
        """Carry out a program when it is its turn."""
        self._expect_loop()
        try:
            async with asyncio.timeout(call.timeout):
                await self._turns.acquire()
        except TimeoutError:
            raise Timeout(
                f"{self._line.place}: other calls had not ended within "
                f"{call.timeout:g} s"
            ) from None
        self._current = call
        try:
            return await awaited(program(call, *given))
        finally:
            self._current = None
            self._turns.release()

    def _expect_loop(self) -> None:
        """One loop at a time: what a loop that is closed has left is not used."""
        loop = asyncio.get_running_loop()
        if self._loop is loop:
            return
        if self._loop is not None:
            if not self._loop.is_closed():
                raise RuntimeError(
                    f"this AsyncLogix of {self._line.place} belongs to another event "
                    "loop, which has not ended; make one for each loop"
                )
            self._line.close()
            self._turns = asyncio.Lock()
            self._current = self._under_way = None
        self._loop = loop

    async def _open(self, *given: Any) -> Any:
        return await self._breakable(self._opener(*given))

    async def _pause(self, seconds: float) -> None:
        await self._breakable(asyncio.sleep(seconds))

    async def _breakable(self, doing: Awaitable[T]) -> T:
        """Wait for something that `close` may end."""
        call = self._current
        self._under_way = future = asyncio.ensure_future(doing)
        try:
            return await future
        except asyncio.CancelledError:
            unused(future)
            task = asyncio.current_task()
            cancelled = task is not None and task.cancelling()
            if call is None or not call.ended or cancelled:
                raise
            raise Disconnected(f"{self._line.place}: {call.ended}") from None
        finally:
            self._under_way = None


def unused(future: asyncio.Future[Any]) -> None:
    """Close a connection that came in the moment in which nobody wanted it any more."""
    if not future.done() or future.cancelled() or future.exception() is not None:
        return
    found = future.result()
    if found is not None:
        found.close()


async def awaited(program: Program[T]) -> T:
    """Do what a program wants done, and return what it comes to."""
    try:
        step = next(program)
        while True:
            try:
                answer = step[0](*step[1:])
                if isawaitable(answer):
                    answer = await answer
            except Exception as exc:
                step = program.throw(exc)
            else:
                step = program.send(answer)
    except StopIteration as stop:
        found: T = stop.value
        return found
    finally:
        program.close()  # a cancelled call is left half-way
