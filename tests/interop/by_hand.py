# SPDX-License-Identifier: Apache-2.0
"""Requests as octets: connections and PCCC, as the clients of C and Go ask."""

from __future__ import annotations

import struct

import asking
from asking import Reply, request
from peers import Caller, routed

__all__ = [
    "DH",
    "OURS",
    "ROUTER",
    "SLOT",
    "TRIPLE",
    "ask",
    "closing",
    "connected",
    "dh",
    "opening",
    "pccc",
]

MANAGER = b"\x20\x06\x24\x01"
ROUTER = b"\x20\x02\x24\x01"
SLOT = b"\x01\x00" + ROUTER
DH = b"\x01\x02\x20\xa6\x24\x01\x2c\x01"

TRIPLE = struct.pack("<HHI", 0x1234, 0xF33D, 0x21504345)
OURS = 0x00BEEF01  # the id of the connection towards us


def ask(caller: Caller, asked: bytes, sent: bool = False) -> Reply:
    return caller.ask(routed(asked, b"\x01\x00") if sent else asked)


def opening(path: bytes, parameters: int, large: bool = True) -> bytes:
    """A Forward Open, or a large one."""
    layout = "<II" if large else "<IH"
    rate = struct.pack(layout, 1000000, parameters)
    data = struct.pack("<BBII", 10, 5, 0, OURS) + TRIPLE + b"\x01\0\0\0"
    data += rate + rate + bytes((0xA3, len(path) // 2)) + path
    return request(0x5B if large else 0x54, MANAGER, data)


def closing(path: bytes, triple: bytes = TRIPLE) -> bytes:
    data = bytes((10, 5)) + triple + bytes((len(path) // 2, 0)) + path
    return request(0x4E, MANAGER, data)


def connected(caller: Caller, connection: int, sequence: int, data: bytes) -> bytes:
    """What comes back over a connection, after the sequence count."""
    items = struct.pack("<IHHHHI", 0, 0, 2, 0xA1, 4, connection)
    items += struct.pack("<HHH", 0xB1, len(data) + 2, sequence) + data
    caller.socket.sendall(asking.frame(0x70, items, caller.handle))
    told = caller.frame()
    assert (told.command, told.status) == (0x70, 0)
    head = struct.unpack_from("<IHHHHIHHH", told.payload)
    assert head[:5] == (0, head[1], 2, 0xA1, 4)
    assert head[5] == OURS
    assert head[6:] == (0xB1, len(told.payload) - 20, sequence)
    return told.payload[22:]


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
