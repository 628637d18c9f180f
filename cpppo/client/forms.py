# SPDX-License-Identifier: Apache-2.0
"""Operations that nobody writes as text: what the client makes of what people write.

Over `operations`; `requests` makes them ready to be sent.  Records, no I/O.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..protocol.enip import Path, Request
from .operations import Operation

__all__ = ["ALONE", "Compound", "Masked", "Message", "Words"]

ALONE = 1 << 20  # the room of a reply that goes into no packet


@dataclass(frozen=True, slots=True)
class Words(Operation):
    """A read of the words that have some elements of a BOOL array."""

    first: int = 0  # of the BOOLs, in the first word
    count: int = 1


@dataclass(frozen=True, slots=True)
class Masked(Operation):
    """A write of some bits of one value: these set, all but those cleared."""

    ones: bytes = b""
    zeros: bytes = b""


@dataclass(frozen=True, slots=True)
class Compound(Operation):
    """A write that is several ones, in their order."""

    several: tuple[Operation, ...] = ()


@dataclass(frozen=True, slots=True)
class Message(Operation):
    """Any request; its result has the octets of the reply's data.

    `room` is what the reply may take: requests with small replies share packets.
    """

    request: bytes = b""
    room: int = ALONE

    @classmethod
    def of_request(cls, request: Request, text: str, room: int = ALONE) -> Message:
        """A request, and how it is called."""
        path: Path = request.path
        return cls(
            "message", path.segments, text=text, request=request.encode(), room=room
        )
