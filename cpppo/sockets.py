# SPDX-License-Identifier: Apache-2.0
"""What a socket of ours is set to, whoever uses it: a server's or a client's.

At the bottom of the package.  The kernel keeps the times of a call, so an idle
connection costs nothing and a busy one no clock.
"""

from __future__ import annotations

import errno
import socket
import struct
import sys

__all__ = ["LATE", "LONGEST", "SIZE", "gone", "limit", "prepare", "written"]

SIZE = 65536  # octets that one call receives at most; a datagram has fewer
LATE = (BlockingIOError, TimeoutError)

# How a dead peer is found out, where the system's own time is two hours.
KEEPALIVE = (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4))

LONGEST = 10**8  # seconds, three years: more than the kernel counts is for ever


def prepare(sock: socket.socket) -> None:
    """Small messages go at once, and a peer that is dead is found out."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEPALIVE:
        option = getattr(socket, name, None)
        if option is not None:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)


def limit(sock: socket.socket, option: int, seconds: float) -> None:
    """Tell the kernel how long a call may take; 0 is for ever."""
    seconds = 0 if seconds > LONGEST else seconds
    if sys.platform == "win32":
        octets = struct.pack("@L", max(int(seconds * 1000), 1 if seconds else 0))
    else:
        count = max(int(seconds * 1000000), 1 if seconds else 0)
        octets = struct.pack("@ll", count // 1000000, count % 1000000)
    sock.setsockopt(socket.SOL_SOCKET, option, octets)


def gone(exc: OSError) -> bool:
    """Whether it is the peer that went away, and not a time that did."""
    return sys.platform != "win32" and exc.errno == errno.ETIMEDOUT


def written(host: str, port: int) -> str:
    """An address as people write it."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
