# SPDX-License-Identifier: Apache-2.0
"""The services by which tags are read and written.  Logix 5000 Data Access.

Beside `manager`, over `router`: variants of its requests and replies.  What a reply
carries is the type of the data and the data, of which only the first piece has to
say so; it is left as octets, and `TypedData` reads it.
"""

from __future__ import annotations

from typing import Annotated

from ...grammar import ANY, Message, Octets, Tag, UInt, derived
from .router import Reply, Request

__all__ = [
    "Atomic",
    "DataType",
    "ReadTag",
    "ReadTagFragmented",
    "ReadTagFragmentedReply",
    "ReadTagReply",
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


class WriteTag(Request, tag=0x4D):
    """New values for so many elements."""

    type: DataType
    elements: U16
    data: Annotated[bytes, Octets()]


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
    """What was read: TypedData."""

    data: Annotated[bytes, Octets()] = b""


class WriteTagReply(Reply, tag=0xCD):
    """Whether it was written."""

    data: Annotated[bytes, Octets()] = b""


class ReadTagFragmentedReply(Reply, tag=0xD2):
    """What was read: TypedData; or why an Unconnected Send came to nothing."""

    data: Annotated[bytes, Octets()] = b""


class WriteTagFragmentedReply(Reply, tag=0xD3):
    """Whether it was written."""

    data: Annotated[bytes, Octets()] = b""
