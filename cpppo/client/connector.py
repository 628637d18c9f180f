# SPDX-License-Identifier: Apache-2.0
"""`connector`: operations over one session, one by one or many in flight.

Over `pipeline`, which does it, and `raw.client`, which has the socket.  `ask` is all of
it: what the manual names is made of its results.  Rules: whatever fails but a single
operation ends the connection, and what was sent and not answered is said before that.
Manual, 2.1.6, 2 to 5.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from ..dotdict import dotdict
from ..errors import Disconnected, ProtocolError, StatusError, Timeout, Unexpected
from ..protocol.enip import published, status
from ..protocol.enip.notation import format_path
from ..protocol.enip.path import Element
from .operations import Operation
from .pipeline import Pipeline
from .printing import display, tuple_line
from .raw import client
from .result import NONE, UNANSWERED, Result
from .way import Way

__all__ = ["Harvested", "connector"]

log = logging.getLogger(__name__)

# (index, description, request, reply, status, value)
Harvested = tuple[int, str, dotdict, dotdict, Any, Any]
Asked = Iterable[str | Mapping[str, Any] | Operation]

WRITTEN = ("write_tag", "write_frag", "set_attribute_single")
SHORT = {
    "get_attribute_single": "G_A_S",
    "get_attributes_all": "G_A_A",
    "set_attribute_single": "S_A_S",
}


class connector(client):
    """A session with a device, which is opened at once.

    What is given of routes and time-outs here holds where an operation, or who asks
    for it, says nothing else.  An error that is raised has closed the connection; an
    operation that the device refused is a result like others.
    """

    def __init__(
        self,
        host: str | None,
        port: int | None = None,
        timeout: float | None = None,
        dialect: type | None = None,
        profiler: Any = None,
        udp: bool = False,
        broadcast: bool = False,
        source_address: str | tuple[str, int] | None = None,
        route_path: object = None,
        send_path: object = None,
        priority_time_tick: int | None = None,
        timeout_ticks: int | None = None,
    ) -> None:
        self.way = Way.of(route_path, send_path, priority_time_tick, timeout_ticks)
        super().__init__(
            host,
            port,
            timeout,
            dialect,
            profiler,
            udp,
            broadcast,
            source_address,
        )
        if udp:
            return
        try:
            self._open_session()
            self._pipeline = Pipeline(self.session or 0, self.way)
        except BaseException:
            self.close()
            raise

    def _open_session(self) -> None:
        """Register; the handle is in the response."""
        self.register(self.timeout)
        response = self._next(self.timeout)
        whom = f"{self.addr[0]}:{self.addr[1]}"
        if response is None:
            raise Timeout(f"{whom} opened no session within {self.timeout} s")
        if not response:
            raise Disconnected(f"{whom} closed the connection and opened no session")
        code = response["enip.status"]
        if code:
            name = f"{whom} refused to open a session: {status.framed(code)}"
            raise StatusError(code, name=name)
        if response["enip.command"] != 0x65 or not self.session:
            raise ProtocolError(f"{whom} answered something else than a session")

    # -- operations

    def ask(
        self,
        operations: Asked,
        index: int = 0,
        depth: int = 0,
        multiple: int = 0,
        fragment: bool = False,
        timeout: float | None = None,
        **way: Any,
    ) -> Iterator[Result]:
        """What each operation came to, in their order, as it is known.

        If the connection fails and a write was sent and not answered, that is a result
        too, and so is what was begun with it; then the error is raised.
        """
        alone = isinstance(operations, str | Mapping | Operation)
        source: Iterator[Any] = iter([operations] if alone else operations)
        pipeline = self._begun(source, index, depth, multiple, fragment, way)
        limit = self.timeout if timeout is None else timeout
        mine = pipeline.run  # which somebody else may begin anew, meanwhile
        send, receive, clock = self.wire.send, self.wire.receive, time.time
        deadline = None  # of an answer that has begun to come
        try:
            # What a request costs: one system call to send, one to receive.
            while pipeline.run == mine and not pipeline.done:
                octets = pipeline.send()
                if octets:
                    send(octets, limit)
                if not pipeline.outstanding:
                    continue
                left = limit if deadline is None else deadline - time.monotonic()
                if pipeline.receive(receive(left), clock()):  # type: ignore[arg-type]
                    deadline = None
                elif deadline is None and limit is not None:
                    deadline = time.monotonic() + limit
                # One by one means that each is had before the next is asked.
                yield from pipeline.take()
            if pipeline.run != mine and next(source, None) is not None:
                raise RuntimeError("others were asked before these operations were")
        except (OSError, ProtocolError):
            self.close()
            begun = pipeline.abandon()
            if any(one.unknown for one in begun):
                yield from begun
            raise
        except KeyboardInterrupt:
            self.close()  # half of a request may be sent
            raise
        finally:
            if pipeline.run == mine and not pipeline.done:
                pipeline.abandon()

    def _begun(
        self,
        operations: Iterator[Any],
        index: int,
        depth: int,
        multiple: int,
        fragment: bool,
        way: dict[str, Any],
    ) -> Pipeline:
        """The session's pipeline, which has these to do now."""
        if self.udp:
            raise ProtocolError("operations are asked over TCP, not over UDP")
        if self._held:
            self.close()
            raise Unexpected("a response came that nobody has taken")
        pipeline = self._pipeline
        pipeline.go(Way.of(**way, default=self.way) if way else self.way)
        pipeline.begin(
            operations, depth=depth, multiple=multiple, fragment=fragment, index=index
        )
        return pipeline

    # -- the manual's

    def synchronous(
        self,
        operations: Asked,
        index: int = 0,
        fragment: bool = False,
        multiple: int = 0,
        timeout: float | None = None,
        **way: Any,
    ) -> Iterator[Harvested]:
        """Each operation's (index, description, request, reply, status, value).

        The next is sent when the one before was answered.
        """
        return self.pipeline(operations, index, fragment, multiple, timeout, 0, **way)

    def pipeline(
        self,
        operations: Asked,
        index: int = 0,
        fragment: bool = False,
        multiple: int = 0,
        timeout: float | None = None,
        depth: int = 1,
        **way: Any,
    ) -> Iterator[Harvested]:
        """The same with up to `depth` requests in flight."""
        results = self.ask(operations, index, depth, multiple, fragment, timeout, **way)
        return map(harvested, results)

    def operate(
        self,
        operations: Asked,
        index: int = 0,
        fragment: bool = False,
        multiple: int = 0,
        timeout: float | None = None,
        depth: int = 0,
        validating: bool = False,
        printing: bool = False,
        **way: Any,
    ) -> Iterator[Harvested]:
        """The same, synchronous or not, and told of on the way if that is wanted."""
        found = self.pipeline(
            operations, index, fragment, multiple, timeout, depth, **way
        )
        return self.validate(found, printing) if validating or printing else found

    def validate(
        self, harvested: Iterable[Harvested], printing: bool = False
    ) -> Iterator[Harvested]:
        """Log each result, print it if asked for; the value of a write is its data."""
        for one in harvested:
            index, description, request, reply, code, value = one
            if code:
                number, extended = code if isinstance(code, tuple) else (code, ())
                words = status.words(number, tuple(extended))
                if number == NONE:
                    words = UNANSWERED
                log.warning("%s: %s", description, words)
            if printing:
                display(tuple_line(one))
            if value is True:
                value = next(
                    (request[name]["data"] for name in WRITTEN if name in request), True
                )
            yield index, description, request, reply, code, value

    def results(
        self,
        operations: Asked,
        index: int = 0,
        fragment: bool = False,
        multiple: int = 0,
        timeout: float | None = None,
        depth: int = 0,
        validating: bool = False,
        printing: bool = False,
        **way: Any,
    ) -> Iterator[Any]:
        """The values alone: a list, True for a write, None for what failed."""
        if validating or printing:
            several = self.operate(
                operations,
                index,
                fragment,
                multiple,
                timeout,
                depth,
                validating,
                printing,
                **way,
            )
            return (one[5] for one in several)
        asked = self.ask(operations, index, depth, multiple, fragment, timeout, **way)
        return (one.data for one in asked)

    def process(self, operations: Asked, **kwds: Any) -> tuple[int, list[Any]]:
        """How many failed, and the values of all."""
        values = list(self.results(operations, **kwds))
        return sum(value is None for value in values), values


# -- the manual's six


def harvested(result: Result) -> Harvested:
    """A result as the manual's six; what takes long is made when it is looked at."""
    return (
        result.index,
        described(result),
        published.Lazy(partial(requested, result)),
        published.Lazy(partial(answered, result)),
        result.said,
        result.data,
    )


def described(result: Result) -> str:
    """What was asked, in a few words."""
    prepared = result.prepared
    if prepared.described is None:
        operation = prepared.operation
        short = SHORT.get(operation.method)
        if short is None:
            kind = "Read " if operation.method == "read" else "Write"
            plain = prepared.service in (0xCC, 0xCD)
            short = f"{kind} {'Tag' if plain else 'Frag'}"
        path = operation.path
        if isinstance(path[-1], Element):
            first = path[-1].value
            last = first + operation.elements - 1
            text = f"{format_path(path[:-1])}[{first}-{last}]"
        else:
            text = format_path(path)
        prepared.described = f"{short:10} {text}"
    how = "Multi." if result.bundled else "Single"
    return f"{how} {prepared.described}"


def requested(result: Result) -> dotdict:
    """The request; of several, with the values of them all."""
    found = published.request(result.request)
    if result.prepared.pieces is not None:
        for name in WRITTEN:
            if name in found:
                found[name]["data"] = list(result.operation.data)
    return found


def answered(result: Result) -> dotdict:
    """The reply; of several parts, with the values of them all."""
    if not result.reply:
        return dotdict()
    found = published.reply(result.reply, result.request[0])
    if result.parts is not None and result.ok:
        for name in ("read_tag", "read_frag"):
            if name in found:
                found[name]["data"] = result.data
    return found
