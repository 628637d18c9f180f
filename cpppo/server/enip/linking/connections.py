# SPDX-License-Identifier: Apache-2.0
"""Connections that clients have opened (class 3), and a controller's list of them.

Beside `places`, under `links` and `common`.  A connection belongs to the TCP session
that opened it: that one alone asks it anything, so its sequence needs no lock.  The
list is for all sessions: no identifier is given twice, no connection is there twice.
Compiled where `common` is: its loop reads them.  CIP Vol 1, 3-4 and 3-5.
"""

from __future__ import annotations

from collections.abc import Callable
from random import SystemRandom
from threading import Lock
from typing import Any

from ....protocol.enip.status import Extended

__all__ = ["Connection", "Connections", "Triple"]

RANDOM = SystemRandom()
Triple = tuple[int, int, int]  # serial number, vendor, originator's serial number


class Connection:
    """An open connection, and what was asked over it last."""

    def __init__(
        self,
        triple: Triple,
        to_originator: int,
        most: int,
        call: Any,
        lasts: float,
        end: Callable[[bytes, Any], bytes] | None,
    ) -> None:
        self.triple = triple
        self.identifier = 0  # what the client puts before what it sends
        self.to_originator = to_originator  # what we put before our replies
        self.most = most  # octets of a request, its sequence count included
        self.call = call  # the circumstances of each request
        self.room = int(call.room)  # octets of a reply, without its sequence count
        self.lasts = lasts  # seconds without a request that end it
        self.until = 0.0
        self.end = end  # who answers; None: the message router
        self.routed = end is None
        self.open = True
        self.header = b""  # what stands before every reply; not made yet
        self.sequence = -1  # of the last request; none yet
        self.octets: bytes | bytearray = b""  # that have its answer
        self.start = 0
        self.stop = 0

    @property
    def answer(self) -> bytes:
        """What the last request got."""
        return bytes(self.octets[self.start : self.stop])

    def keep(self, octets: bytes | bytearray, start: int, stop: int) -> None:
        """Have the answer in some octets, for who asks the same once more."""
        self.octets = octets
        self.start = start
        self.stop = stop


class Connections:
    """The connections of a controller: so many, by their triple and by our number."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._lock = Lock()
        self._triples: dict[Triple, Connection] = {}
        self._identifiers: dict[int, Connection] = {}

    def __len__(self) -> int:
        return len(self._triples)

    def add(self, connection: Connection, until: float) -> int:
        """Give it an identifier that nobody has or can guess; or say why not."""
        with self._lock:
            if connection.triple in self._triples:
                return Extended.CONNECTION_IN_USE
            if len(self._triples) >= self.most:
                return Extended.OUT_OF_CONNECTIONS
            number = 0
            while not number or number in self._identifiers:
                number = RANDOM.getrandbits(32)
            connection.identifier = number
            connection.until = until
            self._triples[connection.triple] = connection
            self._identifiers[number] = connection
        return 0

    def remove(self, connection: Connection) -> None:
        """It is open no more."""
        with self._lock:
            connection.open = False
            if self._identifiers.pop(connection.identifier, None) is not None:
                del self._triples[connection.triple]

    def sweep(
        self, now: float, gone: Callable[[Connection], None] | None = None
    ) -> None:
        """Forget those that were not used for too long, and tell of each: before
        another can have its triple."""
        with self._lock:
            for one in [each for each in self._triples.values() if each.until < now]:
                one.open = False
                del self._identifiers[one.identifier]
                del self._triples[one.triple]
                if gone is not None:
                    gone(one)
