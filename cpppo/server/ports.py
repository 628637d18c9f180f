# SPDX-License-Identifier: Apache-2.0
"""The sockets a listener listens at, and why they cannot be had.

Below `listener`, over `holder`.  TCP and UDP get the same port number.  Whatever goes
wrong is one line: what was wanted, why not, what to do.
"""

from __future__ import annotations

import errno
import logging
import socket
import sys
from dataclasses import dataclass
from ipaddress import ip_address

from ..errors import TransportError
from .holder import ephemeral, holder

__all__ = ["Ports", "facing", "opened", "place"]

log = logging.getLogger(__name__)

TRIES = 50  # to find a port that is free for TCP and for UDP
EVERYWHERE = "255.255.255.255"  # the limited broadcast
OTHER = "choose another with -a HOST:PORT"
IN_USE = {errno.EADDRINUSE, getattr(errno, "WSAEADDRINUSE", errno.EADDRINUSE)}
NOT_OURS = {errno.EADDRNOTAVAIL, getattr(errno, "WSAEADDRNOTAVAIL", 0)}
FORBIDDEN = {errno.EACCES, errno.EPERM, getattr(errno, "WSAEACCES", errno.EACCES)}


@dataclass(frozen=True, slots=True)
class Ports:
    """Sockets that do not block, bound and listening."""

    tcp: socket.socket | None = None
    udp: socket.socket | None = None
    broadcast: socket.socket | None = None  # where `udp` itself does not hear them

    @property
    def sockets(self) -> tuple[socket.socket, ...]:
        """Those that there are."""
        every = (self.tcp, self.udp, self.broadcast)
        return tuple(one for one in every if one is not None)

    def close(self) -> None:
        """Close them all; again, if need be."""
        for one in self.sockets:
            one.close()


def place(address: tuple[str, int]) -> str:
    """An address as people write it."""
    host, port = address
    if ":" in host:
        return f"[{host}]:{port}"
    return f"{host or '0.0.0.0'}:{port}"


def opened(address: tuple[str, int], tcp: bool, udp: bool) -> Ports:
    """Listen at an address; port 0 is one that is free for all that is wanted."""
    host, port = address
    tries = TRIES if tcp and udp and not port else 1
    while True:
        tries -= 1
        first = bound(host, port, "tcp") if tcp else None
        if not udp:
            return Ports(first)
        number = first.getsockname()[1] if first else port
        try:
            second = bound(host, number, "udp")
        except TransportError as exc:
            if first:
                first.close()
            if tries and exc.errno in IN_USE:
                continue
            raise
        return Ports(first, second, broadcasts(second))


def bound(host: str, port: int, transport: str) -> socket.socket:
    """A socket of this transport at this address."""
    where = f"cannot listen on {place((host, port))} ({transport})"
    if not 0 <= port <= 0xFFFF:
        raise TransportError(f"{where}: a port is a number from 0 to 65535")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    kind = socket.SOCK_STREAM if transport == "tcp" else socket.SOCK_DGRAM
    try:
        one = socket.socket(family, kind)
    except OSError as exc:
        raise failure(where, exc, (host, port), transport) from None
    try:
        if sys.platform == "win32":
            one.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        elif transport == "tcp":
            # Or a port would be in use for a minute after its server has ended.
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        one.bind((host, port))
        if transport == "tcp":
            one.listen(socket.SOMAXCONN)
        one.setblocking(False)
    except OSError as exc:
        one.close()
        raise failure(where, exc, (host, port), transport) from None
    except (TypeError, ValueError):
        one.close()
        raise TransportError(f"{where}: {host!r} is no name of a host") from None
    return one


def broadcasts(main: socket.socket) -> socket.socket | None:
    """A socket that hears the limited broadcasts that one address does not get.

    An address of the loopback stays without: nobody broadcasts to it, and who listens
    there does not want to hear the network.
    """
    host, port = main.getsockname()[:2]
    if main.family != socket.AF_INET:
        return None
    ours = ip_address(host)
    if ours.is_unspecified or ours.is_loopback:
        return None
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        # Several servers, each at an address of its own, all hear them.
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind((EVERYWHERE, port))
        one.setblocking(False)
    except OSError as exc:
        one.close()
        log.debug("no broadcasts are heard at %s: %s", place((host, port)), exc)
        return None
    return one


def failure(
    where: str, exc: OSError, address: tuple[str, int], transport: str
) -> TransportError:
    """Why it cannot be had, in one line."""
    host, port = address
    if isinstance(exc, socket.gaierror):
        why = f"there is no host called {host!r}; {OTHER}"
    elif exc.errno in IN_USE:
        why = in_use(host, port, transport)
    elif exc.errno in FORBIDDEN:
        why = "the system does not allow it"
        if port < 1024:
            why += ", as ports below 1024 need a privilege"
        why += f"; {OTHER}"
    elif exc.errno in NOT_OURS:
        why = f"this host has no address {host}; choose one that it has with -a, "
        why += "or -a :PORT for all of them"
    elif exc.errno == errno.EAFNOSUPPORT:
        why = f"this host has no {'IPv6' if ':' in host else 'IPv4'}; {OTHER}"
    else:
        why = exc.strerror or str(exc)
    error = TransportError(f"{where}: {why}")
    error.errno = exc.errno
    return error


def in_use(host: str, port: int, transport: str) -> str:
    """Who has the port, and what can be done."""
    if not port:
        return "no port is free"
    found = holder(transport, port, host)
    why = f"the port is in use by {found}"
    if found.outgoing:
        why += outgoing(port)
    return f"{why}; {OTHER}"


def outgoing(port: int) -> str:
    """How to keep a port from outgoing connections."""
    ports = ephemeral()
    if port not in ports:
        return ""
    return (
        f"; the system gives the ports {ports[0]} to {ports[-1]} to those, "
        f"'sysctl net.ipv4.ip_local_reserved_ports={port}' keeps {port} from them"
    )


def facing(bound: socket.socket, remote: tuple[object, ...]) -> tuple[str, int]:
    """Our address as a client sees it, also where we listen at all interfaces."""
    host, port = bound.getsockname()[:2]
    if host not in {"0.0.0.0", "::"}:
        return host, port
    try:
        # Nothing is sent: it only asks the system which way it would go.
        with socket.socket(bound.family, socket.SOCK_DGRAM) as way:
            way.connect(remote)
            return way.getsockname()[0], port
    except OSError:
        return host, port
