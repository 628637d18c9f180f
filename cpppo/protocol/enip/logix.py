# SPDX-License-Identifier: Apache-2.0
"""The services by which tags are read and written.  Logix 5000 Data Access.

Beside `manager`, over `router`: variants of its requests and replies.  What a read
answers is `TypedData` where its status is 0 or 6 (more remains), each piece with its
type; of an error there is none, so a reply keeps octets.  A write keeps all octets
that come after its counts, because clients send more than their values: who writes
takes as many as the type and the elements need.
"""

from __future__ import annotations

from typing import Annotated

from ...grammar import (
    ANY,
    Counts,
    Measures,
    Message,
    Octets,
    Repeat,
    Starts,
    Tag,
    UInt,
    derived,
)
from .path import Class
from .router import Reply, Request

__all__ = [
    "Atomic",
    "DataType",
    "GetInstanceAttributeList",
    "GetInstanceAttributeListReply",
    "ReadModifyWrite",
    "ReadModifyWriteReply",
    "ReadTag",
    "ReadTagFragmented",
    "ReadTagFragmentedReply",
    "ReadTagReply",
    "ReadTemplate",
    "Structure",
    "TypedData",
    "WriteTag",
    "WriteTagFragmented",
    "WriteTagFragmentedReply",
    "WriteTagReply",
]

U16 = Annotated[int, UInt(2)]
U32 = Annotated[int, UInt(4)]


class DataType(Message):
    """What a tag holds."""

    code: Annotated[int, UInt(2), Tag()] = derived()


class Structure(DataType, tag=0x02A0):
    """A structure, known by the handle of its template."""

    handle: U16


class Atomic(DataType, tag=ANY):
    """A type that the specification numbers."""

    code: Annotated[int, UInt(2), Tag()]


class TypedData(Message):
    """The data of a reply: what it is, then its octets."""

    type: DataType
    data: Annotated[bytes, Octets()] = b""


class ReadTag(Request, tag=0x4C):
    """So many elements of a tag."""

    elements: U16 = 1


class ReadTemplate(
    Request, tag=0x4C, when=Starts("path.segments", (Class(0x6C),)), kw_only=True
):
    """So many octets of a structure's definition, from an offset in octets."""

    offset: U32 = 0
    length: U16


class GetInstanceAttributeList(Request, tag=0x55):
    """Some attributes of every instance from that of the path on: the list of tags."""

    count: Annotated[int, UInt(2), Counts("attributes")] = derived()
    attributes: Annotated[tuple[int, ...], Repeat(UInt(2), count="count")] = ()


class WriteTag(Request, tag=0x4D):
    """New values for so many elements."""

    type: DataType
    elements: U16
    data: Annotated[bytes, Octets()]


class ReadModifyWrite(Request, tag=0x4E):
    """Some bits of a value set, then some cleared; the others as they are.

    Some clients send a longer mask of those to keep than of those to set.
    """

    size: Annotated[int, UInt(2), Measures("ones")] = derived()
    ones: Annotated[bytes, Octets("size")]
    zeros: Annotated[bytes, Octets()]


class ReadTagFragmented(Request, tag=0x52):
    """So many elements of a tag, from an offset in octets."""

    elements: U16 = 1
    offset: U32 = 0


class WriteTagFragmented(Request, tag=0x53):
    """New values for so many elements, from an offset in octets."""

    type: DataType
    elements: U16
    offset: U32
    data: Annotated[bytes, Octets()]


class ReadTagReply(Reply, tag=0xCC):
    """What was read: TypedData, or the octets of a template."""

    data: Annotated[bytes, Octets()] = b""


class WriteTagReply(Reply, tag=0xCD):
    """Whether it was written."""

    data: Annotated[bytes, Octets()] = b""


class ReadModifyWriteReply(Reply, tag=0xCE):
    """Whether the bits were written."""

    data: Annotated[bytes, Octets()] = b""


class ReadTagFragmentedReply(Reply, tag=0xD2):
    """What was read: TypedData; or why an Unconnected Send came to nothing."""

    data: Annotated[bytes, Octets()] = b""


class WriteTagFragmentedReply(Reply, tag=0xD3):
    """Whether it was written."""

    data: Annotated[bytes, Octets()] = b""


class GetInstanceAttributeListReply(Reply, tag=0xD5):
    """Each instance's number, and the attributes' values in the order as asked for."""

    data: Annotated[bytes, Octets()] = b""
