# SPDX-License-Identifier: Apache-2.0
"""`SLC`: the data files of an SLC 500, a MicroLogix or a PLC-5, for daily use.

    with SLC("10.0.0.5") as plc:
        count, speeds = plc.read("N7:0", "F8:0{10}")
        plc.write({"N7:1": 5, "B3:0/5": True})

Beside `logix`; what is asked is made by `pccc`, and here it is sent.  One request is in
flight at a time, as these processors have it.  Rules, as for `Logix`.  It connects by
itself, and again after a failure; a read is asked once more where the connection was
lost; a write that was sent never is.  Calls of several threads take turns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from secrets import randbits
from threading import Lock
from time import monotonic
from typing import Any, Self, overload

from ..errors import (
    Disconnected,
    EncodeError,
    ProtocolError,
    StatusError,
    Timeout,
    TransportError,
    Unexpected,
)
from ..protocol.enip import (
    Encapsulation,
    Register,
    Reply,
    Requester,
    SendData,
)
from ..protocol.enip import status as cip
from ..protocol.enip.datafile import DataAddress
from ..protocol.enip.filelist import listed
from ..protocol.enip.notation import NotationError
from ..protocol.enip.pccc import Function
from .calls import limit
from .envelope import SEND_RR_DATA, SEND_UNIT_DATA, alone, carried, over
from .opening import VENDOR, Connection, Opening
from .operations import OperationError
from .pccc import (
    DIALECTS,
    DataResult,
    Denied,
    answered,
    asks,
    catalog,
    command,
    pairs,
    pieces_of_list,
    size_of_list,
)
from .place import Place
from .result import NONE, UNKNOWN, UNSENT
from .transport import Stream
from .values import display
from .way import Way

__all__ = ["SLC"]

REGISTER = Register.__declared__.tags[0]


class Session:
    """A connection to a device, and one request after the other over it."""

    def __init__(self, place: Place, wire: Stream, connected: bool) -> None:
        self.place = place
        self.wire = wire
        self.used = monotonic()
        self._parser = Encapsulation.parser()
        self._context = 0
        self._handle = 0
        self._connected = connected
        self._connection = Connection()

    def open(self, left: Callable[[], float | None]) -> None:
        """Register; and open a connection, where that is wanted and can be had."""
        frame = Encapsulation(REGISTER, payload=Register(version=1).encode())
        self._handle = self._exchanged(frame, left).session
        if not self._connected:
            return
        opening = Opening(self.place.way)
        while opening.found is None:
            octets = self.asked(opening.request.encode(), left, straight=True)
            opening.took(Reply.decode(octets))
        self._connection = opening.found

    @property
    def stale(self) -> bool:
        """Whether the device has given it up, or is about to."""
        life = self._connection.life
        return bool(life) and monotonic() - self.used > 0.9 * life

    def asked(
        self, octets: bytes, left: Callable[[], float | None], straight: bool = False
    ) -> bytes:
        """The reply to a request; raises Denied where the frame itself was refused."""
        self._context = self._context % 0xFFFF + 1
        if self._connection:
            command = SEND_UNIT_DATA
            payload = over(octets, self._connection.to_target, self._context)
        else:
            command = SEND_RR_DATA
            payload = alone(octets if straight else carried(octets, self.place.way))
        frame = Encapsulation(command, session=self._handle, payload=payload)
        reply = self._exchanged(frame, left)
        items = SendData.decode(reply.payload).packet.items
        if len(items) < 2:
            raise Unexpected(f"two items expected in a reply, not {len(items)}")
        data = items[1].data
        if not self._connection:
            return data
        if int.from_bytes(data[:2], "little") != self._context:
            raise Unexpected("this reply is to another request")
        return data[2:]

    def _exchanged(
        self, frame: Encapsulation, left: Callable[[], float | None]
    ) -> Encapsulation:
        """The frame that answers a frame."""
        context = self._context.to_bytes(8, "little")
        self.used = monotonic()
        self.wire.send(frame.replace(context=context).encode(), left())
        found: list[Encapsulation] = []
        while not found:
            found += self._parser.feed(self.wire.receive(left()))
        reply = found[0]
        other = (reply.command, reply.context) != (frame.command, context)
        if len(found) > 1 or other:
            raise Unexpected("this reply is to another request")
        if reply.status:
            words = f"the device refused the frame: {cip.framed(reply.status)}"
            raise Denied(reply.status, (), words)
        return reply


class SLC:
    """A processor with data files, by its address: `10.0.0.5`, or `10.0.0.5/1/0`.

    `kind` is "slc" (MicroLogix, too) or "plc5".  Requests go straight to the address;
    with a route after its first slash, along that; with `connected`, over a connection.
    A `way` says all of the route, where the address does not.  A call takes `timeout`
    seconds at most; None is for ever.
    """

    def __init__(
        self,
        host: str,
        port: int | None = None,
        *,
        kind: str = "slc",
        timeout: float | None = 5.0,
        route_path: object = None,
        way: Way | None = None,
        connected: bool = False,
        source: tuple[str, int] | None = None,
    ) -> None:
        if kind not in DIALECTS:
            raise ValueError(f"kind is {' or '.join(DIALECTS)}, not {kind!r}")
        simple = route_path is None and "/" not in str(host)
        place = Place.of(host, port, route_path, None, simple)
        if way is not None and not simple:
            raise ValueError("the route is said twice: by way, and beside it")
        self.place = place if way is None else replace(place, way=way)
        self.kind = kind
        self.timeout = limit(timeout)
        self.source = source
        self._connect_too = connected
        self._dialect = DIALECTS[kind]
        self._requester = Requester(VENDOR, randbits(32))
        self._transaction = randbits(16)
        self._session: Session | None = None
        self._closed = False
        self._turn = Lock()

    def __repr__(self) -> str:
        state = "connected" if self.connected else "not connected"
        return f"<{type(self).__name__} {self.place}: {state}>"

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def connected(self) -> bool:
        """Whether there is a session, as far as is known."""
        return self._session is not None

    def open(self) -> None:
        """Take calls again, after `close`.  The next one connects."""
        self._closed = False

    def close(self) -> None:
        """End the connection, and the call that uses it."""
        self._closed = True
        session = self._session
        if session is not None:
            session.wire.close()
        with self._turn:
            if self._closed:
                self._discard()

    # -- what it is for

    @overload
    def read(self, tag: str, /) -> DataResult: ...
    @overload
    def read(self, tags: list[str] | tuple[str, ...], /) -> list[DataResult]: ...
    @overload
    def read(self, tag: str, other: str, /, *more: str) -> list[DataResult]: ...
    def read(self, *tags: Any) -> DataResult | list[DataResult]:
        """The result of an address; of several, or of a list, a list in their order.

        What is refused is a result that is not ok, in its place.  Raises OperationError
        for a text that is no address, before anything is sent; TransportError where
        there is no answer in time; ProtocolError where there is none that can be read.
        """
        single = len(tags) == 1 and not isinstance(tags[0], list | tuple)
        several = tags if single or len(tags) != 1 else tags[0]
        addresses = [self._address(one) for one in several]
        with self._call() as left:
            found = [self._read(one, left) for one in addresses]
        return found[0] if single else found

    def write(self, *items: Any) -> Any:
        """Write `("N7:0", 5)`, `{"F8:0": 1.5, "N7:1": [1, 2, 3]}`, or a list of such.

        One address as a tuple has one result; else there is a list.  What was sent and
        not answered is a result that is `unknown`: it is never sent again.  Raises
        OperationError for what is no address or does not fit, before anything is sent.
        """
        writes = []
        for tag, value in pairs(items):
            address = self._address(tag)
            try:
                functions = self._dialect.writes(address, value)
            except EncodeError as exc:
                shown = f"{address}="
                text = shown + display(value)
                raise OperationError(str(exc), text, len(shown)) from None
            writes.append((address, value, functions))
        found: list[DataResult] = []
        with self._call() as left:
            for address, value, functions in writes:
                found.append(self._write(address, value, functions, left, bool(found)))
        alone = len(items) == 1 and isinstance(items[0], tuple)
        return found[0] if alone else found

    @property
    def processor_type(self) -> str:
        """The catalog number that an SLC or MicroLogix says it has, as `1747-L552`."""
        self._expect_slc("says no catalog number")
        with self._call() as left:
            return catalog(self._told([(None, 0)], left))

    @property
    def files(self) -> dict[str, int]:
        """The data files that an SLC 5/03 or later lists, and their elements."""
        self._expect_slc("has no list of files")
        with self._call() as left:
            size = self._told([size_of_list()], left)[:2]
            several = pieces_of_list(int.from_bytes(size, "little"))
            return listed(self._told(several, left))

    def _address(self, text: str) -> DataAddress:
        """What a text says; OperationError where it is no address."""
        try:
            return self._dialect.address(text)
        except NotationError as exc:
            raise OperationError(exc.problem, exc.text, exc.place) from None

    def _expect_slc(self, what: str) -> None:
        if self.kind != "slc":
            raise ValueError(f"a processor of kind {self.kind!r} {what}")

    # -- one call at a time

    @contextmanager
    def _call(self) -> Iterator[Callable[[], float | None]]:
        """The time that is left, while it is one's turn."""
        timeout = self.timeout
        until = None if timeout is None else monotonic() + timeout

        late = Timeout(f"{self.place} did not answer within {timeout} s")

        def left() -> float | None:
            if until is None:
                return None
            if (found := until - monotonic()) > 0:
                return found
            raise late

        if not self._turn.acquire(timeout=-1 if timeout is None else timeout):
            raise Timeout(
                f"{self.place}: other calls had not ended within {timeout:g} s"
            )
        try:
            yield left
        except Denied as denied:
            status, words = denied.status & 0xFF, f"{self.place}: {denied.words}"
            raise StatusError(status, denied.extended, words) from None
        except Timeout as exc:
            self._discard()
            if exc is late or until is None or until > monotonic():
                raise
            # What was left at the last look is nobody's number.
            raise late from exc
        except BaseException:
            self._discard()
            raise
        finally:
            self._turn.release()

    def _read(
        self, address: DataAddress, left: Callable[[], float | None]
    ) -> DataResult:
        tag = str(address)
        try:
            octets = self._told(self._dialect.reads(address), left)
        except Denied as denied:
            return denied.result(tag)
        return DataResult(tag, self._dialect.value(address, octets))

    def _told(
        self,
        several: Sequence[tuple[Function | None, int]],
        left: Callable[[], float | None],
    ) -> bytes:
        """What some reads bring; asked once more where the connection was lost."""
        found: list[bytes] = []
        for function, size in several:
            try:
                octets = self._answer(function, left)
            except Disconnected:
                self._discard()
                octets = self._answer(function, left)
            if size and len(octets) != size:
                raise Unexpected(f"{size} octets expected, not {len(octets)}")
            found.append(octets)
        return b"".join(found)

    def _write(
        self,
        address: DataAddress,
        value: Any,
        functions: list[Function],
        left: Callable[[], float | None],
        others: bool,
    ) -> DataResult:
        """What a write comes to; `others` were sent before it in this call."""
        tag = str(address)
        try:
            session = self._ready(left, writing=True)
        except (TransportError, ProtocolError):
            if not others:
                raise
            return DataResult(tag, status=NONE, words=UNSENT)
        try:
            for function in functions:
                self._over(session, function, left)
        except Denied as denied:
            return denied.result(tag)
        except (TransportError, ProtocolError):
            self._discard()
            return DataResult(tag, status=NONE, words=UNKNOWN, unknown=True)
        return DataResult(tag, value)

    def _answer(
        self, function: Function | None, left: Callable[[], float | None]
    ) -> bytes:
        return self._over(self._ready(left), function, left)

    def _over(
        self,
        session: Session,
        function: Function | None,
        left: Callable[[], float | None],
    ) -> bytes:
        """The data of the reply to a function, over a session."""
        self._transaction = (self._transaction + 1) & 0xFFFF
        one = command(function, self._transaction)
        octets = session.asked(asks(one, self._requester), left)
        return answered(octets, one, self._requester)

    def _ready(
        self, left: Callable[[], float | None], writing: bool = False
    ) -> Session:
        """A session, the old one or a new one."""
        if self._closed:
            raise Disconnected(
                f"{self.place} was closed here; open() takes it up again"
            )
        session = self._session
        # Nothing is awaited: what is there is the end, or of no use.
        if session is not None and (
            session.stale or (writing and session.wire.readable(0))
        ):
            self._discard()
            session = None
        if session is None:
            place = self.place
            wire = Stream.open(place.host, place.port, left(), self.source)
            session = Session(place, wire, self._connect_too)
            try:
                session.open(left)
            except Denied as denied:
                wire.close()
                raise Unexpected(f"{place}: {denied.words}") from None
            except BaseException:
                wire.close()
                raise
            self._session = session
        return session

    def _discard(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.wire.close()
