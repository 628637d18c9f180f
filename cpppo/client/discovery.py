# SPDX-License-Identifier: Apache-2.0
"""`discover`: who is there, by a List Identity that everybody hears.

    from cpppo.client import discover
    for one in discover():
        print(one["host"], one["name"])

Over `transport`, beside `listing`, which is the same as a command.  CIP Vol 2, 2-4.2.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from ..errors import CpppoError, Timeout
from ..protocol.enip import ListIdentity, ReplyFrame, RequestFrame
from ..protocol.enip.cpf import PORT
from .calls import limit
from .place import Place
from .session import identified
from .transport import Datagrams

__all__ = ["discover"]

log = logging.getLogger(__name__)

EVERYBODY = "255.255.255.255"
MOST = 65536  # devices


def discover(
    timeout: float = 1.0,
    address: str = EVERYBODY,
    port: int = PORT,
    source: tuple[str, int] | None = None,
) -> list[dict[str, Any]]:
    """The identities of all who answer within the time, each once, as they came.

    `address` is a broadcast address, or that of one device; it may say the port, as in
    `127.0.0.1:44820`.  The dictionaries are those of `Logix.identity`; `host` is where
    the answer came from.  Raises TransportError where nothing can be sent.
    """
    seconds = limit(timeout)
    if seconds is None:
        problem = "a time-out ends: that is when it is known who is there"
        raise ValueError(f"{problem}, not {timeout!r}")
    if ":" in address:
        place = Place.of(address, None if port == PORT else port, simple=True)
        address, port = place.host, place.port
    deadline = time.monotonic() + seconds
    found: dict[tuple[str, int], dict[str, Any]] = {}
    wire = Datagrams.open(address, port, seconds, source, broadcast=True)
    try:
        wire.send(RequestFrame(payload=ListIdentity()).encode(), seconds)
        while len(found) < MOST:
            left = deadline - time.monotonic()
            if left <= 0:
                break
            try:
                octets, sender = wire.receive(left)
            except Timeout:
                break
            try:
                said = identified(ReplyFrame.decode(octets))
            except CpppoError as exc:
                log.info("%s:%d: no identity: %s", *sender, exc)
            else:
                found.setdefault(sender, {"host": sender[0], **said})
    finally:
        wire.close()
    return list(found.values())
