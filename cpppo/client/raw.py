# SPDX-License-Identifier: Apache-2.0
"""`client`: one request out, one response in, each as the manual's dotted dictionary.

Under `connector`, over `transport` and `services`.  Nothing here knows which response
belongs to which request: who uses it matches them, by order or by sender context.
Rules: what is sent and received are the typed messages of `protocol.enip`; a transport
or a stream that fails is closed, and says so in words.  The manual, 2.1.6, 1.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Any, Self

from ..dotdict import dotdict
from ..errors import (
    Disconnected,
    EncodeError,
    Malformed,
    ProtocolError,
    Timeout,
    Unexpected,
)
from ..protocol.enip import (
    Encapsulation,
    Register,
)
from ..protocol.enip.cpf import PORT
from ..protocol.enip.notation import parse_host
from ..protocol.enip.published import asked, frame
from . import given
from .given import Address
from .services import Services
from .transport import Datagrams, Ended, Stream

__all__ = ["LATENCY", "PORT", "Response", "await_response", "client"]

log = logging.getLogger(__name__)

LATENCY = 0.1  # seconds that `next` waits
HEADER = 24  # octets before a command's data

LEGACY = 0x0001
LIST_SERVICES = 0x0004
LIST_IDENTITY = 0x0063
LIST_INTERFACES = 0x0064
REGISTER = 0x0065
UNREGISTER = 0x0066
SEND_RR_DATA = 0x006F
SEND_UNIT_DATA = 0x0070
COMMANDS = frozenset(
    {
        LEGACY,
        LIST_SERVICES,
        LIST_IDENTITY,
        LIST_INTERFACES,
        REGISTER,
        UNREGISTER,
        SEND_RR_DATA,
        SEND_UNIT_DATA,
    }
)
WITHIN_SESSION = {SEND_RR_DATA, SEND_UNIT_DATA}


Response = dotdict | None


class client(Services):
    """A device, asked over TCP or UDP; an iterator of what it answers.

    `with` gives exclusive use to one thread, again within itself, and does not close.
    The manual's `dialect` is kept for programs that give one; nothing depends on it,
    because the requests and replies of all of them are known here.
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
        source_address: str | Address | None = None,
    ) -> None:
        if dialect is not None and not isinstance(dialect, type):
            raise TypeError(f"a dialect is a class, as logix.Logix is, not {dialect!r}")
        if broadcast and not udp:
            raise EncodeError("only UDP can be broadcast: ask for udp=True as well")
        found = parse_host(host) if host and port is None else None
        host, port = found or (host, port)
        self.addr: Address = (host or "localhost", PORT if port is None else port)
        self.timeout = timeout
        self.dialect = dialect
        self.profiler = profiler
        self.udp = udp
        self.broadcast = broadcast
        self.session: int | None = None
        self._lock = RLock()
        self._held = bytearray()  # octets of the frame that is not complete yet
        self._ended = False  # whether the end has been told
        self._counts: dict[int, int] = {}  # of each connection
        self._known = COMMANDS  # what may be answered
        source = given.located(source_address)
        with self._unprofiled():
            self.wire: Stream | Datagrams = (
                Datagrams.open(*self.addr, timeout, source, broadcast)
                if udp
                else Stream.open(*self.addr, timeout, source)
            )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self}>"

    def __str__(self) -> str:
        return f"{self.addr[0]}:{self.addr[1]}[{self.session}]"

    def __enter__(self) -> Self:
        self._lock.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    # -- octets

    @property
    def closed(self) -> bool:
        """Whether nothing can be asked any more."""
        return self.wire.closed

    def close(self) -> None:
        """End the connection; again is nothing, and from any thread."""
        self.wire.close()

    def shutdown(self) -> None:
        """Say that nothing more will be asked; what is answered can still be had."""
        self.wire.finish()

    def readable(self, timeout: float | None = None) -> bool:
        """Whether a response, a part of one or the end comes within the time."""
        try:
            if self._complete():
                return True
        except ProtocolError:
            return True  # which `next` will say
        with self._unprofiled():
            return self.wire.readable(timeout)

    def writable(self, timeout: float | None = None) -> bool:
        """Whether something can be sent within the time."""
        with self._unprofiled():
            return self.wire.writable(timeout)

    def send(self, request: bytes, timeout: float | None = None) -> None:
        """Send octets as they are."""
        with self._discarding(), self._unprofiled():
            self.wire.send(request, self.timeout if timeout is None else timeout)

    def recvfrom(self, timeout: float | None = None) -> tuple[bytes | None, Address]:
        """What comes within the time, and from whom; None for nothing, b"" at the end.

        Over TCP it is as much of the stream as there is.
        """
        try:
            with self._unprofiled():
                if isinstance(self.wire, Datagrams):
                    octets, sender = self.wire.receive(timeout)
                    return octets, sender if self.broadcast else self.addr
                return self.wire.receive(timeout), self.addr
        except Timeout:
            return None, self.addr
        except Ended:
            self.close()
            if self._held:
                raise self._cut() from None
            return b"", self.addr

    def _cut(self) -> Disconnected:
        """What there is to say where a response has a beginning and no end."""
        self._ended = True
        held = len(self._held)
        self._held.clear()
        return Disconnected(
            f"{self.addr[0]}:{self.addr[1]} closed the connection within a response: "
            f"{held} octets of it had come"
        )

    @contextmanager
    def _unprofiled(self) -> Iterator[None]:
        """Waiting is nothing that a profile should show."""
        if self.profiler is None:
            yield
            return
        self.profiler.disable()
        try:
            yield
        finally:
            self.profiler.enable()

    @contextmanager
    def _discarding(self) -> Iterator[None]:
        """A stream whose place is not known any more is closed."""
        try:
            yield
        except (OSError, ProtocolError):
            self.close()
            raise

    # -- responses

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Response:
        """The next response: None if there is none now, once {} at the end."""
        if self._ended:
            raise StopIteration
        return self._next(LATENCY)

    next = __next__

    def _next(self, timeout: float | None) -> Response:
        """The next response that comes within the time."""
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._discarding():
            while True:
                whole = self._whole()
                if whole:
                    return self._opened(whole, self.addr)
                left = None if deadline is None else deadline - time.monotonic()
                octets, peer = self.recvfrom(left)
                if octets is None:
                    return None
                if not octets and not self.udp:
                    self._ended = True
                    return dotdict()
                if not self.udp:
                    self._held += octets
                elif found := self._datagram(octets, peer):
                    return found
                elif self.closed:
                    self._ended = True
                    return dotdict()

    def _datagram(self, octets: bytes, peer: Address) -> Response:
        """A response that came by UDP; what is none is somebody else's."""
        try:
            return frame(octets, peer)
        except ProtocolError as exc:
            log.info("%s:%s sent no response: %s", *peer, exc)
            return None

    def _complete(self) -> int:
        """How many octets the next response has, if they are all there; otherwise 0."""
        held = self._held
        if len(held) < 2:
            return 0
        command = int.from_bytes(held[:2], "little")
        if command not in self._known:
            raise Malformed(
                f"this is no response of EtherNet/IP: command 0x{command:04X}",
                machine="Encapsulation",
                state="command",
                around=bytes(held[:16]),
            )
        size = HEADER + int.from_bytes(held[2:4], "little")
        return size if len(held) >= size else 0

    def _whole(self) -> bytes:
        """The octets of the next response, if they are all there."""
        size = self._complete()
        octets = bytes(self._held[:size])
        del self._held[:size]
        return octets

    def _opened(self, octets: bytes, peer: Address) -> dotdict:
        """A response, if it is for us."""
        message = Encapsulation.decode(octets)
        if message.command == REGISTER and not message.status:
            self.session = message.session
        elif (
            message.command in WITHIN_SESSION
            and not message.status
            and self.session is not None
            and message.session != self.session
        ):
            raise Unexpected(
                f"{peer[0]}:{peer[1]} answered for session 0x{message.session:08X}, "
                f"not for ours, 0x{self.session:08X}"
            )
        return frame(octets, peer)

    # -- frames

    def cip_send(
        self,
        cip: bytes,
        command: int | None = None,
        timeout: float | None = None,
        sender_context: bytes | str = b"",
    ) -> dotdict:
        """Send a frame whose data is `cip`; without a command, SendRRData."""
        number = SEND_RR_DATA if command is None else command
        return self._ask(number, bytes(cip), timeout, sender_context)

    def _ask(
        self,
        command: int,
        payload: bytes = b"",
        timeout: float | None = None,
        sender_context: bytes | str = b"",
    ) -> dotdict:
        """Send a frame; what it says."""
        octets = Encapsulation(
            command,
            session=self.session or 0,
            context=given.context(sender_context),
            payload=payload,
        ).encode()
        self.send(octets, timeout)
        return asked(octets)

    def register(
        self, timeout: float | None = None, sender_context: bytes | str = b""
    ) -> dotdict:
        """Open a session; its handle is taken from the response, once that is had."""
        if self.udp:
            raise EncodeError("sessions are opened over TCP, not over UDP")
        return self._ask(REGISTER, Register().encode(), timeout, sender_context)

    def unregister(
        self, timeout: float | None = None, sender_context: bytes | str = b""
    ) -> dotdict:
        """Close the session, which is not answered; the device closes the rest."""
        return self._ask(UNREGISTER, b"", timeout, sender_context)

    def list_identity(
        self, timeout: float | None = None, sender_context: bytes | str = b""
    ) -> dotdict:
        """Ask who is there."""
        return self._ask(LIST_IDENTITY, b"", timeout, sender_context)

    def list_services(
        self, timeout: float | None = None, sender_context: bytes | str = b""
    ) -> dotdict:
        """Ask which services there are."""
        return self._ask(LIST_SERVICES, b"", timeout, sender_context)

    def list_interfaces(
        self, timeout: float | None = None, sender_context: bytes | str = b""
    ) -> dotdict:
        """Ask which interfaces there are."""
        return self._ask(LIST_INTERFACES, b"", timeout, sender_context)

    def legacy(
        self,
        command: int,
        cip: bytes | None = None,
        timeout: float | None = None,
        sender_context: bytes | str = b"",
    ) -> dotdict:
        """Send any command, as 0x0001; `cip` is its data."""
        if not 0 <= command <= 0xFFFF:
            raise EncodeError(f"a command is a number of 16 bits, not {command!r}")
        self._known |= {command}
        return self._ask(command, cip or b"", timeout, sender_context)


def await_response(
    cli: client, timeout: float | None = None
) -> tuple[dotdict | None, float]:
    """The next response that comes within the time, and the seconds that it took.

    None where there is none; {} where the other side has ended it.
    """
    began = time.monotonic()
    response = dotdict() if cli._ended else cli._next(timeout)
    return response, time.monotonic() - began
