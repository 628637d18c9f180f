# SPDX-License-Identifier: Apache-2.0
"""Requests as octets: connections and PCCC, as the clients of C and Go ask."""

from __future__ import annotations

import struct

from asking import Reply, request
from connecting import forward_close, forward_open, over, unit
from peers import Caller, routed

__all__ = [
    "DH",
    "OURS",
    "TRIPLE",
    "ask",
    "closing",
    "connected",
    "dh",
    "opening",
    "pccc",
]

DH = b"\x01\x02\x20\xa6\x24\x01\x2c\x01"

SERIAL, VENDOR, ORIGINATOR = 0x1234, 0xF33D, 0x21504345  # libplctag's
TRIPLE = struct.pack("<HHI", SERIAL, VENDOR, ORIGINATOR)
TICKS = b"\x0a\x05"
OURS = 0x00BEEF01  # the id of the connection towards us


def ask(caller: Caller, asked: bytes, sent: bool = False) -> Reply:
    return caller.ask(routed(asked, b"\x01\x00") if sent else asked)


def opening(path: bytes, size: int, large: bool = True) -> bytes:
    """A Forward Open, or a large one."""
    return forward_open(
        path,
        large=large,
        size=size,
        serial=SERIAL,
        vendor=VENDOR,
        originator=ORIGINATOR,
        to_target=0,
        to_originator=OURS,
        interval=1_000_000,
        multiplier=1,
        ticks=TICKS,
    )


def closing(path: bytes) -> bytes:
    return forward_close(
        path, serial=SERIAL, vendor=VENDOR, originator=ORIGINATOR, ticks=TICKS
    )


def connected(caller: Caller, connection: int, sequence: int, data: bytes) -> bytes:
    """What comes back over a connection, after the sequence count."""
    caller.socket.sendall(unit(connection, sequence, data, caller.handle))
    number, count, octets = over(caller.frame())
    assert (number, count) == (OURS, sequence)
    return octets


REQUESTER = b"\x07\x3d\xf3\x45\x43\x50\x21"


def pccc(caller: Caller, function: bytes, sent: bool = False) -> bytes:
    """The status of a PCCC request and its data, inside CIP."""
    number = b"\x34\x12"
    asked = REQUESTER + b"\x0f\0" + number + function
    told = ask(caller, request(0x4B, b"\x20\x67\x24\x01", asked), sent)
    assert told.status == 0
    assert told.data[:8] == REQUESTER + b"\x4f"
    assert told.data[9:11] == number
    return told.data[8:9] + told.data[11:]


def dh(caller: Caller, connection: int, sequence: int, function: bytes) -> bytes:
    """The status of a PCCC request over DH+ and its data; it goes to station 27."""
    station, ours, number = b"\0\0\x1b\0", b"\0\0\0\0", b"\x01\0"
    asked = station + ours + b"\x0f\0" + number + function
    told = connected(caller, connection, sequence, asked)
    assert told[:9] == ours + station + b"\x4f"
    assert told[10:12] == number
    return told[9:10] + told[12:]
