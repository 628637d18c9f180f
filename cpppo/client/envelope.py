# SPDX-License-Identifier: Apache-2.0
"""Around a request: the frame that carries it, as octets with a few numbers to fill in.

Under `pipeline`.  The frame is declared in `protocol.enip`; an envelope is learnt from
frames that the declarations wrote, once for each way to a device, and for a connection.
Compiled.
"""

from __future__ import annotations

from array import array

from ..protocol.enip import (
    ConnectedAddress,
    ConnectedRequest,
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
    SendUnitData,
    SetAttributeSingle,
    UnconnectedRequest,
    UnconnectedSend,
    UnconnectedSendParameters,
)
from .opening import Connection
from .way import Way

__all__ = ["LONGEST", "Envelope", "alone", "carried", "linked", "over"]

SEND_RR_DATA = SendRRData.__declared__.tags[0]
NULL_ADDRESS = NullAddress.__declared__.tags[0]
UNCONNECTED = UnconnectedRequest.__declared__.tags[0]
SEND_UNIT_DATA = SendUnitData.__declared__.tags[0]
CONNECTED_ADDRESS = ConnectedAddress.__declared__.tags[0]
CONNECTED = ConnectedRequest.__declared__.tags[0]
UNCONNECTED_SEND = UnconnectedSend.__declared__.tags[0]
WAIT = 8  # seconds: the published time-out of SendRRData, over that of the route
LONGEST = 64900  # octets of a request: a frame's length has 16 bits


class Envelope:
    """What stands around every request along a way, or over a connection."""

    def __init__(
        self, session: int, way: Way, connection: Connection | None = None
    ) -> None:
        self.way = way
        self.connected = bool(connection)
        # Octets of a request, at most; 0: as many as whoever asks dares.
        self.most = connection.room if connection else 0
        self.sequence_at = 0
        self.learn(session, way, connection)

    def learn(self, session: int, way: Way, connection: Connection | None) -> None:
        """Where the lengths stand, and which of them count what makes it even."""
        path = Path()
        requests: list[Request] = [
            GetAttributesAll(path=path),
            GetAttributeSingle(path=path),
            SetAttributeSingle(path=path, data=b"1"),
            SetAttributeSingle(path=path, data=b"12"),
        ]
        several = [one.encode() for one in requests]
        if connection:
            name = connection.to_target
            frames = [linked(one, session, name, 0) for one in several]
            last = linked(several[0], session, name, 0xFFFF)
            self.sequence_at = differs(frames[0], last)
        else:
            frames = [framed(carried(one, way), session) for one in several]
        plain, other, odd, longer = frames
        size = len(several[0])
        start = differs(plain, other)
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

    def around(self, octets: bytes, number: int) -> bytes:
        """The frame of a request, with a number as its context, and its sequence."""
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
        if self.connected:
            at = self.sequence_at
            p[at] = number & 255
            p[at + 1] = number >> 8 & 255
        at = self.context_at
        left = number
        n = 0
        while n < 8:
            p[at + n] = left & 255
            left >>= 8
            n += 1
        frame += octets
        if odd:
            frame += b"\0"
        frame += self.tail
        return bytes(frame)


def differs(one: bytes, other: bytes) -> int:
    """Where two frames first differ."""
    return next(at for at in range(len(one)) if one[at] != other[at])


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


def alone(octets: bytes) -> bytes:
    """The data of a frame with a request that belongs to no connection."""
    packet = Packet((Item(NULL_ADDRESS), Item(UNCONNECTED, data=octets)))
    return SendData(timeout=WAIT, packet=packet).encode()


def over(octets: bytes, connection: int, sequence: int) -> bytes:
    """The same with what goes over a connection: whose it is, and its number."""
    name = ConnectedAddress(connection=connection).encode()
    data = ConnectedRequest(sequence=sequence, data=octets).encode()
    packet = Packet((Item(CONNECTED_ADDRESS, data=name), Item(CONNECTED, data=data)))
    return SendData(packet=packet).encode()


def framed(octets: bytes, session: int) -> bytes:
    """A whole frame with a request that belongs to no connection."""
    return Encapsulation(SEND_RR_DATA, session=session, payload=alone(octets)).encode()


def linked(octets: bytes, session: int, connection: int, sequence: int) -> bytes:
    """The same with what goes over a connection."""
    payload = over(octets, connection, sequence)
    return Encapsulation(SEND_UNIT_DATA, session=session, payload=payload).encode()
