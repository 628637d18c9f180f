# SPDX-License-Identifier: Apache-2.0
"""Finding where somebody is, and reaching him: names, addresses, and what fails.

Under `transport`.  Every failure is a `TransportError`, in words.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Iterator
from errno import ECONNREFUSED
from typing import Any

from ..errors import Refused, Timeout, TransportError
from ..sockets import LATE, gone, prepare, written

__all__ = [
    "SETTABLE",
    "Address",
    "Found",
    "Reaching",
    "addressed",
    "bound",
    "connected",
    "found",
    "unreachable",
    "why",
    "within",
    "worst",
]

SETTABLE = sys.platform != "win32"  # whether the kernel keeps a time for each way

# Of the failures of several addresses, the one that tells most.
TELLING = (Timeout, Refused, TransportError)

Address = tuple[Any, ...]
Found = tuple[int, Address]  # family, address
Reaching = Callable[[socket.socket | None], None]


def found(
    host: str, port: int, kind: socket.SocketKind, source: tuple[str, int] | None
) -> Iterator[Found]:
    """The addresses of a name; where ours is given, those of its family."""
    whom = written(host or "localhost", port)
    if not 0 < port < 65536:
        raise TransportError(f"{whom}: a port is a number from 1 to 65535")
    try:
        if "\0" in host:
            raise ValueError("a name has no NUL in it")
        every = socket.getaddrinfo(host or "localhost", port, type=kind)
    except (OSError, ValueError) as exc:  # a name that none can have is a ValueError
        text = why(exc) if isinstance(exc, OSError) else str(exc)
        raise TransportError(f"the address of {host!r} is not known: {text}") from exc
    families = {socket.AF_INET, socket.AF_INET6}
    if source is not None and source[0]:
        families = {socket.AF_INET6 if ":" in source[0] else socket.AF_INET}
    usable = [one for one in every if one[0] in families]
    if not usable:
        ours = written(*source) if source else "here"
        raise TransportError(f"{whom} has no address that {ours} can reach")
    for family, _, _, _, address in usable:
        yield family, address


def bound(
    place: Found, kind: socket.SocketKind, source: tuple[str, int] | None
) -> socket.socket:
    """A socket of that family, with our own address where it is given."""
    sock = socket.socket(place[0], kind)
    try:
        if source is not None:
            if kind == socket.SOCK_STREAM and SETTABLE:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((source[0] or "", source[1] or 0))
    except (OSError, ValueError, OverflowError) as exc:
        sock.close()
        ours = written(source[0], source[1]) if source else ""
        text = why(exc) if isinstance(exc, OSError) else str(exc)
        raise TransportError(f"{ours} cannot be our own address: {text}") from exc
    return sock


def connected(
    place: Found,
    share: float | None,
    source: tuple[str, int] | None,
    whom: str,
    timeout: float | None,
    reaching: Reaching | None,
) -> socket.socket:
    """A TCP connection to that place."""
    if share is not None and share <= 0:
        raise Timeout(f"no time was left to connect to {whom}{within(timeout)}")
    tell = reaching or (lambda _: None)
    sock = bound(place, socket.SOCK_STREAM, source)
    try:
        sock.settimeout(share)
        tell(sock)
        sock.connect(place[1])
        if sock.getsockname() == sock.getpeername():
            # A port of this machine that nobody listens at met itself, and would keep
            # whoever wants to listen there from it.
            raise ConnectionRefusedError(ECONNREFUSED, "it met itself")
        prepare(sock)
    except BaseException as exc:
        # The number of a closed socket is soon that of another file.
        tell(None)
        sock.close()
        if not isinstance(exc, OSError):
            raise
        raise unreachable(exc, whom, timeout) from exc
    tell(None)
    return sock


def addressed(
    place: Found, source: tuple[str, int] | None, broadcast: bool, whom: str
) -> socket.socket:
    """A UDP socket for that place."""
    sock = bound(place, socket.SOCK_DGRAM, source)
    try:
        if broadcast:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            if source is None:
                sock.bind(("", 0))  # so that one may receive before one has sent
        else:
            # The kernel then says who refuses, and keeps out whoever was not asked.
            sock.connect(place[1])
    except PermissionError as exc:
        sock.close()
        raise TransportError(
            f"{whom} is a broadcast address; to send there, ask for broadcast"
        ) from exc
    except OSError as exc:
        sock.close()
        raise unreachable(exc, whom, None) from exc
    return sock


# -- words


def unreachable(exc: OSError, whom: str, timeout: float | None) -> TransportError:
    """Why there is no connection."""
    if isinstance(exc, LATE):
        if gone(exc):
            return Timeout(f"{whom} does not answer: {why(exc)}")
        return Timeout(f"{whom} did not accept a connection{within(timeout)}")
    if isinstance(exc, ConnectionRefusedError):
        return Refused(f"{whom} refused the connection: nothing listens there")
    return TransportError(f"{whom} cannot be reached: {why(exc)}")


def worst(failures: list[TransportError]) -> TransportError:
    """The failure of an address to report for the name."""
    for kind in TELLING:
        for exc in failures:
            if isinstance(exc, kind):
                return exc
    return TransportError("there was no address to try")


def within(timeout: float | None) -> str:
    """A time, as the end of a sentence."""
    return "" if timeout is None else f" within {max(timeout, 0):.3g} s"


def why(exc: OSError) -> str:
    """The system's own words, without its number."""
    return exc.strerror or str(exc) or type(exc).__name__
