# SPDX-License-Identifier: Apache-2.0
"""Envelopes: the octets that the declarations write, for every way and every size."""

from __future__ import annotations

import random
import struct
from typing import Any

import asking
import pytest

from cpppo.client.envelope import LONGEST, WAIT, Envelope
from cpppo.client.way import Way
from cpppo.protocol.enip import (
    Class,
    Instance,
    Path,
    Request,
    RequestFrame,
    RoutePath,
    SetAttributeSingle,
    UnconnectedSend,
)
from cpppo.protocol.enip.samples import asked

WAYS = {
    "straight": Way.of(False, ""),
    "backplane": Way(),
    "no route": Way.of(False),
    "far": Way.of('["1/3","2/192.168.100.200"]', "@6/1", 3, 250),
    "very far": Way.of([{"port": 1, "link": n % 16} for n in range(100)]),
    "beyond": Way.of("1/0", "@6/1/3"),
}


@pytest.mark.parametrize("name", WAYS)
def test_frames_are_those_of_the_declarations(name: str) -> None:
    way = WAYS[name]
    envelope = Envelope(0xFEDCBA98, way)
    path = Path((Class(1), Instance(1)))
    for size in [*range(20), 255, 256, 257, 487, 4000, 4001, LONGEST - 20]:
        request = SetAttributeSingle(path=path, data=bytes(size))
        octets = envelope.around(request.encode(), 5)
        sent: Request = request
        if not way.simple:
            sent = UnconnectedSend(
                path=Path(way.send),
                priority=way.priority,
                ticks=way.ticks,
                request=request,
                route=RoutePath(way.route),
            )
        expected = bytearray(asked(sent, 0xFEDCBA98))
        expected[12:20] = (5).to_bytes(8, "little")
        expected[28:30] = WAIT.to_bytes(2, "little")
        assert octets == bytes(expected), size


def test_requests_are_sent_on_by_whom_one_likes() -> None:
    octets = Envelope(1, Way.of("1/0", "@300/1")).around(asking.read("A"), 1)
    assert b"\x52\x03\x21\x00\x2c\x01\x24\x01\x05\x9d" in octets


def test_a_frame_is_what_stands_in_the_books() -> None:
    cip = asking.read("SCADA")
    context = b"\2\1\0\0\0\0\0\0"
    for name, sent in (("straight", cip), ("backplane", asking.unconnected(cip))):
        (octets,) = asking.frames(Envelope(7, WAYS[name]).around(cip, 0x0102))
        (wanted,) = asking.frames(asking.rr(sent, 7, context))
        # All but how long the device may take, which is said with the route.
        assert octets.payload[:4] + octets.payload[6:] == (
            wanted.payload[:4] + wanted.payload[6:]
        )
        assert (octets.session, octets.context) == (7, context)


@pytest.mark.parametrize("context", [0, 1, 255, 1 << 31, (1 << 63) - 1])
def test_a_context_has_eight_octets(context: int) -> None:
    octets = Envelope(1, Way()).around(asking.read("A"), context)
    assert struct.unpack_from("<Q", octets, 12) == (context,)


def test_random_requests_come_out_as_they_went_in(
    request: pytest.FixtureRequest,
) -> None:
    rng = random.Random(request.config.getoption("--hypothesis-seed"))
    for _ in range(50):
        way = WAYS[rng.choice(list(WAYS))]
        cip = asking.write(
            "T" * rng.randint(1, 40), 0xC2, 1, rng.randbytes(rng.randrange(600))
        )
        octets = Envelope(3, way).around(cip, rng.getrandbits(63))
        payload: Any = RequestFrame.decode(octets).payload
        entry = payload.packet.entries[1].item.request
        inner = entry if way.simple else entry.request
        assert inner.encode() == cip
