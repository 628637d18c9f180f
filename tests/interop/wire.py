# SPDX-License-Identifier: Apache-2.0
"""What a recorded conversation was made of: Forward Opens, connected replies."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

import asking
from asking import Frame
from recording import Piece

__all__ = ["connected", "opened", "replies", "requests"]

OPENS = {0x54: "H", 0x5B: "I"}


def frames(pieces: Sequence[Piece], asked: bool) -> Iterator[Frame]:
    """The frames of one side, session by session."""
    streams: dict[int, bytes] = {}
    for piece in pieces:
        if piece.asked is asked and piece.protocol == 6:
            streams[piece.client] = streams.get(piece.client, b"") + piece.octets
    for octets in streams.values():
        yield from asking.frames(octets)


def messages(pieces: Sequence[Piece], asked: bool, command: int) -> Iterator[bytes]:
    """The data of the second item of all frames of a command."""
    for frame in frames(pieces, asked):
        if frame.command == command:
            address = int.from_bytes(frame.payload[10:12], "little")
            yield frame.payload[16 + address :]


def opened(pieces: Sequence[Piece]) -> list[tuple[int, int, int, int]]:
    """Every Forward Open: its service and size, the status and what extends it."""
    told = []
    asked = messages(pieces, True, 0x6F)
    for request, reply in zip(asked, messages(pieces, False, 0x6F), strict=True):
        if request[0] not in OPENS or reply[0] != request[0] | 0x80:
            continue
        start = 2 + request[1] * 2 + 26  # after the path, up to the parameters
        code = struct.Struct(f"<{OPENS[request[0]]}")
        (parameters,) = code.unpack_from(request, start)
        size = parameters & (0x1FF if request[0] == 0x54 else 0xFFFF)
        extended = int.from_bytes(reply[4 : 4 + 2 * reply[3]][:2], "little")
        told.append((request[0], size, reply[2], extended))
    return told


def connected(pieces: Sequence[Piece]) -> list[int]:
    """The sizes of what came over connections, with the sequence count."""
    return [len(one) for one in messages(pieces, False, 0x70)]


def requests(pieces: Sequence[Piece]) -> set[int]:
    """The services of the connected requests."""
    return {one[2] for one in messages(pieces, True, 0x70)}


def replies(pieces: Sequence[Piece]) -> set[int]:
    """The statuses of the connected replies."""
    return {one[4] for one in messages(pieces, False, 0x70)}
