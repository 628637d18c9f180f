# SPDX-License-Identifier: Apache-2.0
"""Opening a connection to a message router, and what was opened.

Beside `envelope`, under `session` and `implicit`.  No input or output: a program, as in
`calls`, which has requests asked until there is a connection, or a reason why there is
none.  A Large Forward Open first; who offers another size gets that one;
who knows no large ones, or refuses for any other reason, is asked for a small one.
CIP Vol 1, 3-5.5.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from secrets import randbits
from typing import Any

from ..errors import ProtocolError
from ..protocol.enip import (
    ForwardClose,
    ForwardOpen,
    LargeForwardOpen,
    Opened,
    Parameters,
    Path,
    Reply,
    Request,
    RoutePath,
    Segment,
)
from ..protocol.enip.samples import MANAGER, ROUTER
from ..protocol.enip.status import Extended, Status, words
from .calls import Program
from .way import Way

__all__ = ["LARGE", "ORIGINATOR", "SMALL", "VENDOR", "Connection", "Opening", "Terms"]

# Who asks.  The number of no vendor that there is, as other free clients have one; and
# a serial number that says in ASCII what this is.  A connection is known by both and
# by a serial number of its own, which nobody can guess.
VENDOR = 0x1234
ORIGINATOR = int.from_bytes(b"cppo", "little")

LARGE, SMALL = 4002, 504  # octets of a message, with the two of its sequence count
COUNT = 2  # octets of a sequence count
LEAST = 100  # of less, a connection is of no use
ATTEMPTS = 8  # a device may offer sizes and refuse serial numbers for ever
NOBODY = frozenset((Extended.PORT_NOT_AVAILABLE, Extended.LINK_ADDRESS_INVALID))


@dataclass(frozen=True, slots=True)
class Terms:
    """What is asked for: by default, what suits who asks every now and then.

    A device that hears nothing for `interval` times `4 << multiplier` closes the
    connection: here, after 4 minutes, so that one who asks each minute keeps it.
    """

    size: int = LARGE
    interval: int = 2_000_000  # microseconds
    multiplier: int = 5
    vendor: int = VENDOR
    originator: int = ORIGINATOR
    serial: int | None = None  # of the first attempt; None: any
    transport: int = 0xA3  # class 3, to a server, when the application asks
    priority: int = 10  # a tick has 2 ** priority milliseconds
    ticks: int = 14
    path: tuple[Segment, ...] | None = None  # None: along the way, to its router


@dataclass(frozen=True, slots=True)
class Connection:
    """What requests go over: a connection, or none and why; true if there is one."""

    size: int = 0  # octets of a message, either way; 0 where there is no connection
    why: str = ""  # there is none
    astray: bool = False  # nobody is where the way leads
    to_target: int = 0
    to_originator: int = 0
    life: float = 0.0  # seconds of silence after which the device closes it
    close: bytes = b""  # the request that closes it

    def __bool__(self) -> bool:
        return self.size > 0

    def __str__(self) -> str:
        if self.size:
            return f"a connection of {self.size} octets"
        return f"no connection: {self.why}"

    @property
    def connected(self) -> bool:
        """Whether requests go over a connection."""
        return self.size > 0

    @property
    def room(self) -> int:
        """The octets of the largest request or reply."""
        return self.size - COUNT


class Opening:
    """What opens a connection: ask `request`, tell `took`, until `found`.

    `last` is the reply that settled it, where there was one.
    """

    def __init__(
        self,
        way: Way,
        terms: Terms | None = None,
        random: Callable[[int], int] = randbits,
    ) -> None:
        self.terms = terms or Terms()
        self.found: Connection | None = None
        self.last: Reply | None = None
        self.attempts = 0
        self._random = random
        along = ROUTER.segments if way.simple else (*way.route, *ROUTER.segments)
        self._path = Path(along if self.terms.path is None else self.terms.path)
        self._large = self.terms.size > Parameters.largest(False)
        self._size = self.terms.size
        self._serial = self.terms.serial
        self.request = self._asks()

    def through(
        self, ask: Callable[[Request], Program[Reply | str]]
    ) -> Program[Connection]:
        """The connection, with somebody who asks: for a reply, or why there is none."""
        while self.found is None:
            reply = yield from ask(self.request)
            if isinstance(reply, Reply):
                self.took(reply)
            else:
                self.last = None
                self.refused(reply)
        return self.found

    def took(self, reply: Reply) -> None:
        """Take the answer: there is a connection now, or none, or another request."""
        self.last = reply
        if reply.status == 0:
            self.found = self._opened(reply)
            return
        first, offered = (*reply.extended, 0, 0)[:2]
        if reply.status != Status.CONNECTION_FAILURE:
            first = 0
        if first == Extended.INVALID_CONNECTION_SIZE and LEAST <= offered < self._size:
            self._size = offered
        elif first == Extended.CONNECTION_IN_USE:
            self._serial = None
        elif self._large:
            self._large = False
            self._size = SMALL
        else:
            self.refused(words(reply.status, reply.extended), first in NOBODY)
            return
        if self.attempts == ATTEMPTS:
            self.refused(f"none came of {ATTEMPTS} attempts")
        else:
            self.request = self._asks()

    def refused(self, why: str, astray: bool = False) -> None:
        """There will be no connection."""
        self.found = Connection(why=why, astray=astray)

    def _asks(self) -> Request:
        """The next request, of a connection that nobody has yet."""
        terms = self.terms
        self.attempts += 1
        if self._serial is None:
            self._serial = self._random(16)
        self._originator = self._random(32) or 1
        parameters = Parameters(self._size).encode(self._large)
        kind: Any = LargeForwardOpen if self._large else ForwardOpen
        asked: Request = kind(
            path=MANAGER,
            priority=terms.priority,
            ticks=terms.ticks,
            to_originator=self._originator,
            serial=self._serial,
            vendor=terms.vendor,
            originator=terms.originator,
            multiplier=terms.multiplier,
            target_interval=terms.interval,
            target_parameters=parameters,
            originator_interval=terms.interval,
            originator_parameters=parameters,
            transport=terms.transport,
            connection=self._path,
        )
        return asked

    def _opened(self, reply: Reply) -> Connection:
        """The connection that a reply tells of."""
        terms = self.terms
        serial = self._serial or 0
        try:
            opened = Opened.decode(getattr(reply, "data", b""))
        except ProtocolError as exc:
            return Connection(why=f"the answer to Forward Open is none: {exc}")
        if (opened.serial, opened.vendor, opened.originator) != (
            serial,
            terms.vendor,
            terms.originator,
        ):
            return Connection(why="the answer to Forward Open is of another connection")
        # What the device says that it keeps to; a nought says nothing.
        interval = min(opened.target_interval or terms.interval, terms.interval)
        return Connection(
            size=self._size,
            to_target=opened.to_target,
            to_originator=opened.to_originator,
            life=max(1.0, interval / 1e6 * (4 << terms.multiplier)),
            close=ForwardClose(
                path=MANAGER,
                priority=terms.priority,
                ticks=terms.ticks,
                serial=serial,
                vendor=terms.vendor,
                originator=terms.originator,
                connection=RoutePath(self._path.segments),
            ).encode(),
        )
