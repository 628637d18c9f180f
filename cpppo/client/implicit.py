# SPDX-License-Identifier: Apache-2.0
"""`implicit`: a connector whose requests go over a connection.

Over `connector` and `opening`.  The published name; what goes over it is explicit
messaging all the same.  Rules: it is opened with the session, or the error says why
not; closing it tells the device, without waiting for an answer.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any

from ..dotdict import dotdict
from ..errors import Disconnected, EncodeError, StatusError, Timeout, TransportError
from ..protocol.enip import Reply, Request
from ..protocol.enip.published import request
from .calls import Program, carried
from .connector import connector
from .opening import Connection, Opening
from .originating import terms
from .pipeline import Pipeline
from .session import FAREWELL, YOUNG

__all__ = ["implicit"]

log = logging.getLogger(__name__)

REPLY = "enip.CIP.send_data.CPF.item[1].unconnected_send.request"


class implicit(connector):
    """A session with a device, and a connection over it, both opened at once.

    `configuration` has what other keywords say, in a dictionary; they win over it.
    Sizes and intervals are in `O_T` and `T_O`: `{"size": 4002, "RPI": 2000000}`.  What
    an operation sends along a route of its own does not go over the connection.
    """

    def __init__(
        self,
        host: str | None,
        port: int | None = None,
        timeout: float | None = None,
        connection_path: object = None,
        configuration: Mapping[str, Any] | None = None,
        O_T: Mapping[str, Any] | None = None,
        T_O: Mapping[str, Any] | None = None,
        O_vendor: int | None = None,
        O_serial: int | None = None,
        connection_serial: int | None = None,
        transport_class_triggers: int | None = None,
        connection_timeout_multiplier: int | None = None,
        **kwds: Any,
    ) -> None:
        given = {
            "O_vendor": O_vendor,
            "O_serial": O_serial,
            "connection_serial": connection_serial,
            "transport_class_triggers": transport_class_triggers,
            "connection_timeout_multiplier": connection_timeout_multiplier,
        }
        if kwds.get("udp"):
            raise EncodeError("connections are opened over TCP, not over UDP")
        self.terms = terms(configuration, connection_path, O_T, T_O, given)
        self.connection = Connection(why="it is not open yet")
        self.requested: dotdict = dotdict()  # the Forward Open
        self.established: dotdict = dotdict()  # its reply
        self._used = 0.0  # when anything was sent
        super().__init__(host, port, timeout, **kwds)
        try:
            self._open_connection()
        except BaseException:
            self.close()
            raise

    @property
    def closed(self) -> bool:
        """Whether nothing can be asked any more.

        That is so, too, after so long a silence that the device may have closed it.
        """
        idle = time.monotonic() - self._used
        expired = bool(self.connection) and idle > self.connection.life * YOUNG
        return expired or self.wire.closed

    def _open_connection(self) -> None:
        """Forward Open, until there is a connection or the device will have none."""
        opening = Opening(self.way, self.terms)
        connection = carried(opening.through(self._opens))
        if not connection:
            problem = f"{self._whom} opened no connection: {connection.why}"
            last = opening.last
            if last is not None and last.status:
                raise StatusError(last.status, last.extended, name=problem)
            raise TransportError(problem)
        self._pipeline = Pipeline(self.session or 0, self.way, connection)
        self.connection = connection

    def _opens(self, request: Request) -> Program[Reply | str]:
        """The reply to a Forward Open, as a program that `carried` carries out."""
        reply: Reply | str = yield self._answer_to, request
        return reply

    def _answer_to(self, asked: Request) -> Reply | str:
        """The reply to a Forward Open; or why there is none."""
        self.requested = request(asked.encode())
        self.unconnected_send(
            self.requested, route_path=False, send_path="", timeout=self.timeout
        )
        response = self._next(self.timeout)
        if response is None:
            problem = f"opened no connection within {self.timeout} s"
            raise Timeout(f"{self._whom} {problem}")
        if not response:
            raise Disconnected(f"{self._whom} closed at Forward Open")
        found = response.get(REPLY)
        if found is None:
            return "the answer to Forward Open has no reply"
        self.established = found
        return Reply.decode(bytes(found.input))

    @property
    def _whom(self) -> str:
        return f"{self.addr[0]}:{self.addr[1]}"

    def send(self, request: bytes, timeout: float | None = None) -> None:
        """Send octets as they are."""
        super().send(request, timeout)
        self._used = time.monotonic()

    def _begun(self, *given: Any) -> Pipeline:
        self._used = time.monotonic()
        return super()._begun(*given)

    def req_send(self, request: Any, **how: Any) -> dotdict:
        """Send a request over the connection; one with a route of its own, along it."""
        if any(how.get(name) is not None for name in ("route_path", "send_path")):
            return super().req_send(request, **how)
        left = {name: one for name, one in how.items() if one is not None}
        left.pop("route_path", None)
        return self.connected_send(request, **left)

    def connected_send(
        self,
        request: Any,
        timeout: float | None = None,
        connection: int | None = None,
        sequence: int | None = None,
        sender_context: bytes | str = b"",
    ) -> dotdict:
        """The same; over this connection, unless another one is named."""
        if connection is None:
            connection = self.connection.to_target
            if sequence is None:
                sequence = self._pipeline.counted()
        return super().connected_send(
            request, timeout, connection, sequence, sender_context
        )

    def close(self) -> None:
        """Tell the device that the connection is not needed any more, and end it."""
        connection, self.connection = self.connection, Connection(why="it was closed")
        if connection and not self.wire.closed and not self._pipeline.waiting:
            try:
                self.unconnected_send(
                    connection.close, route_path=False, send_path="", timeout=FAREWELL
                )
            except TransportError as exc:
                log.debug("%s: Forward Close: %s", self, exc)
        super().close()
