# SPDX-License-Identifier: Apache-2.0
"""Requests to the message router and its replies.  CIP Vol 1, 2-4 and appendix A.

Over `path`.  A request is a service, a path, and what the service says; a reply is
the service with its highest bit set, a status, and what was asked for.  `logix` and
`manager` declare further services of the same families.

What the data of a reply are depends on what was asked and on its status, so a reply
keeps them as octets.  A request that `Request` refuses is still a
`MessageRouterRequest`, if it is any: who must answer it finds its service there.
"""

from __future__ import annotations

from typing import Annotated

from ...grammar import (
    ANY,
    Codec,
    Counts,
    Measures,
    Message,
    Octets,
    Repeat,
    Reserved,
    Tag,
    UInt,
    derived,
)
from .members import held, packed
from .path import Path

__all__ = [
    "AttributeListReply",
    "AttributeListSetReply",
    "AttributeSetReply",
    "AttributeSingleReply",
    "AttributesAllReply",
    "GetAttributeList",
    "GetAttributeSingle",
    "GetAttributesAll",
    "MessageRouterRequest",
    "MultipleReply",
    "MultipleService",
    "OtherReply",
    "OtherRequest",
    "Reply",
    "Request",
    "SetAttributeList",
    "SetAttributeSingle",
    "members",
    "packed",
]

U8 = Annotated[int, UInt(1)]

WRONG = {
    -1: "there is no room for their offsets",
    -2: "an offset does not fit",
    -3: "some belong to no member",
}


class Request(Message):
    """What is asked of an object."""

    service: Annotated[int, UInt(1), Tag()] = derived()
    path: Path


class Reply(Message):
    """What an object answers."""

    service: Annotated[int, UInt(1), Tag()] = derived()
    reserved: Annotated[bytes, Reserved(1)] = derived()
    status: U8 = 0
    words: Annotated[int, UInt(1), Counts("extended")] = derived()
    extended: Annotated[tuple[int, ...], Repeat(UInt(2), count="words")] = ()


class MessageRouterRequest(Message):
    """Any request, with its path and its data as the octets that they are."""

    service: U8
    words: Annotated[int, UInt(1), Measures("path", unit=2)] = derived()
    path: Annotated[bytes, Octets("words")] = b""
    data: Annotated[bytes, Octets()] = b""


def members(octets: bytes) -> tuple[bytes, ...]:
    """The messages of a Multiple Service Packet, each as the octets that it is.

    A member is not read here: one that is wrong must not cost the others their
    answer, and a packet inside a packet must not nest without a bound.
    """
    count = held(octets, 0, len(octets))
    if count < 0:
        raise ValueError(f"{WRONG[count]}: {len(octets)} octets of members")
    table = range(2, 2 + 2 * count, 2)
    offsets = [int.from_bytes(octets[at : at + 2], "little") for at in table]
    ends = [*offsets[1:], len(octets)]
    return tuple(octets[a:b] for a, b in zip(offsets, ends, strict=False))


Members = Annotated[
    tuple[bytes, ...], Octets(codec=Codec(members, packed, "count, offsets, members"))
]


class GetAttributesAll(Request, tag=0x01):
    """All attributes of an instance."""

    data: Annotated[bytes, Octets()] = b""


class GetAttributeList(Request, tag=0x03):
    """Some attributes of an instance."""

    count: Annotated[int, UInt(2), Counts("attributes")] = derived()
    attributes: Annotated[tuple[int, ...], Repeat(UInt(2), count="count")] = ()


class SetAttributeList(Request, tag=0x04):
    """New values for some attributes: their count, then each number with its value.

    How long a value is depends on the attribute, so they are left as octets.
    """

    count: Annotated[int, UInt(2)]
    data: Annotated[bytes, Octets()] = b""


class MultipleService(Request, tag=0x0A):
    """Several requests in one; each is answered by itself."""

    requests: Members = ()


class GetAttributeSingle(Request, tag=0x0E):
    """One attribute."""

    data: Annotated[bytes, Octets()] = b""


class SetAttributeSingle(Request, tag=0x10):
    """A new value for one attribute."""

    data: Annotated[bytes, Octets()] = b""


class OtherRequest(Request, tag=ANY):
    """A service not known here."""

    service: Annotated[int, UInt(1), Tag()]
    data: Annotated[bytes, Octets()] = b""


class AttributesAllReply(Reply, tag=0x81):
    """All attributes, one after the other."""

    data: Annotated[bytes, Octets()] = b""


class AttributeListReply(Reply, tag=0x83):
    """For each attribute its number, a status, and where that is 0 its value.

    How long a value is depends on the attribute, so they are left as octets.
    """

    data: Annotated[bytes, Octets()] = b""


class AttributeListSetReply(Reply, tag=0x84):
    """How many attributes, and for each its number and a status."""

    data: Annotated[bytes, Octets()] = b""


class MultipleReply(Reply, tag=0x8A):
    """The replies to several requests, in their order."""

    data: Annotated[bytes, Octets()] = b""

    @property
    def replies(self) -> tuple[bytes, ...]:
        """Each reply as octets; none where the packet itself was refused."""
        return members(self.data) if self.data else ()


class AttributeSingleReply(Reply, tag=0x8E):
    """The value of an attribute."""

    data: Annotated[bytes, Octets()] = b""


class AttributeSetReply(Reply, tag=0x90):
    """Whether an attribute was set."""

    data: Annotated[bytes, Octets()] = b""


class OtherReply(Reply, tag=ANY):
    """The answer to a service not known here."""

    service: Annotated[int, UInt(1), Tag()]
    data: Annotated[bytes, Octets()] = b""
