# SPDX-License-Identifier: Apache-2.0
"""The Connection Manager's services.  CIP Vol 1, 3-5.

Beside `logix`, over `router`.  They share service codes with other objects' services,
so a variant here is one only when the request's path leads to the Connection Manager.
"""

from __future__ import annotations

from typing import Annotated

from ...grammar import Measures, Message, Nested, Octets, Pad, Starts, UInt, derived
from .path import Class, RoutePath
from .router import Request

__all__ = ["UnconnectedSend", "UnconnectedSendParameters"]

U8 = Annotated[int, UInt(1)]


class UnconnectedSend(
    Request, tag=0x52, when=Starts("path.segments", (Class(6),)), kw_only=True
):
    """A request to be sent on along a route; its reply is that of what it holds."""

    priority: U8 = 5
    ticks: U8 = 157
    length: Annotated[int, UInt(2), Measures("request")] = derived()
    request: Annotated[Request, Nested(within="length")]
    even: Annotated[bytes, Pad(to=2, over="request")] = derived()
    route: RoutePath = RoutePath()


class UnconnectedSendParameters(Message, kw_only=True):
    """The data of an Unconnected Send, with what it holds as the octets that it is.

    A router sends those on as they came, and who must answer a request that is wrong
    finds its service there.
    """

    priority: U8 = 5
    ticks: U8 = 157
    length: Annotated[int, UInt(2), Measures("request")] = derived()
    request: Annotated[bytes, Octets("length")]
    even: Annotated[bytes, Pad(to=2, over="request")] = derived()
    route: Annotated[bytes, Octets()] = bytes(2)
