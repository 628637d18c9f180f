# SPDX-License-Identifier: Apache-2.0
"""Who is served, and what a listener needs of whoever serves them.

At the bottom of `server`: no socket, no thread and no clock, so that every protocol may
import it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

__all__ = ["Conversation", "Peer"]


@dataclass(frozen=True, slots=True)
class Peer:
    """The two ends of a connection, or of a datagram."""

    remote: tuple[str, int]
    local: tuple[str, int]
    transport: str = "tcp"  # or "udp"


class Conversation(Protocol):
    """One client's side of a protocol: octets in, octets out.

    All is called from one thread, the session's.  One that may wait for somebody else
    can have a method `abort()` too: called from another thread when the connection is
    to end, it makes `receive` return soon.
    """

    closing: bool  # send what `receive` returned, then close the connection
    ready: bool  # more can be answered at once: call `receive(b"")`, after sending
    waiting: int  # octets held of an unfinished message; 0 is none
    pause: float  # seconds until what `receive` returned is sent; 0.0 nearly always

    def receive(self, octets: bytes) -> bytes:
        """What is to be sent, now that these octets have come."""

    def close(self) -> None:
        """The connection has ended; called once."""
