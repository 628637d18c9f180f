# SPDX-License-Identifier: Apache-2.0
"""Around a request: the frame that carries it, as octets with a few numbers to fill in.

Under `pipeline`.  The frame is declared in `protocol.enip`; an envelope is learnt from
frames that the declarations wrote, once for each way to a device.  Compiled.
"""

from __future__ import annotations

from array import array

from ..protocol.enip import (
    Encapsulation,
    GetAttributesAll,
    GetAttributeSingle,
    Item,
    NullAddress,
    Packet,
    Path,
    Request,
    RoutePath,
    SendData,
    SendRRData,
    SetAttributeSingle,
    UnconnectedRequest,
    UnconnectedSend,
    UnconnectedSendParameters,
)
from .way import Way

__all__ = ["LONGEST", "Envelope", "carried"]

SEND_RR_DATA = SendRRData.__declared__.tags[0]
NULL_ADDRESS = NullAddress.__declared__.tags[0]
UNCONNECTED = UnconnectedRequest.__declared__.tags[0]
UNCONNECTED_SEND = UnconnectedSend.__declared__.tags[0]
WAIT = 8  # seconds: the published time-out of SendRRData, over that of the route
LONGEST = 64900  # octets of a request: a frame's length has 16 bits


class Envelope:
    """What stands before and after every request of a session along one way."""

    def __init__(self, session: int, way: Way) -> None:
        self.way = way
        self.learn(session, way)

    def learn(self, session: int, way: Way) -> None:
        """Where the lengths stand, and which of them count what makes it even."""
        path = Path()
        requests: list[Request] = [
            GetAttributesAll(path=path),
            GetAttributeSingle(path=path),
            SetAttributeSingle(path=path, data=b"1"),
            SetAttributeSingle(path=path, data=b"12"),
        ]
        frames = [framed(carried(one.encode(), way), session) for one in requests]
        plain, other, odd, longer = frames
        size = len(requests[0].encode())
        start = next(at for at in range(len(plain)) if plain[at] != other[at])
        self.head = plain[:start]
        self.tail = plain[start + size :]
        self.even = len(odd) == len(longer)
        run = Encapsulation.execution()
        run.scan(plain)
        self.context_at = run.register(Encapsulation.register("Encapsulation.context"))
        places = []
        at = 0
        while at < start:
            if plain[at] != longer[at]:
                more = (plain[at] | plain[at + 1] << 8) - size
                places.append((at, more, odd[at] == longer[at]))
                at += 1
            at += 1
        self.places = len(places)
        self.at = array("q", [one[0] for one in places])
        self.more = array("q", [one[1] for one in places])
        self.padded = array("q", [one[2] for one in places])

    def around(self, octets: bytes, context: int) -> bytes:
        """The frame of a request, with a number as its context."""
        size = len(octets)
        odd = size & 1 if self.even else 0
        frame = bytearray(self.head)
        p = frame
        n = 0
        while n < self.places:
            at = self.at[n]
            value = size + self.more[n]
            if self.padded[n]:
                value += odd
            p[at] = value & 255
            p[at + 1] = value >> 8
            n += 1
        at = self.context_at
        number = context
        n = 0
        while n < 8:
            p[at + n] = number & 255
            number >>= 8
            n += 1
        frame += octets
        if odd:
            frame += b"\0"
        frame += self.tail
        return bytes(frame)


def carried(octets: bytes, way: Way) -> bytes:
    """A request as it goes along a way."""
    if way.simple:
        return octets
    parameters = UnconnectedSendParameters(
        priority=way.priority,
        ticks=way.ticks,
        request=octets,
        route=RoutePath(way.route).encode(),
    )
    head = bytes([UNCONNECTED_SEND]) + Path(way.send).encode()
    return head + parameters.encode()


def framed(octets: bytes, session: int) -> bytes:
    """A whole frame with a request that belongs to no connection."""
    packet = Packet((Item(NULL_ADDRESS), Item(UNCONNECTED, data=octets)))
    payload = SendData(timeout=WAIT, packet=packet).encode()
    return Encapsulation(SEND_RR_DATA, session=session, payload=payload).encode()
