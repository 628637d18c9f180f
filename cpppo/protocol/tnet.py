# SPDX-License-Identifier: Apache-2.0
"""Tagged netstrings: `5:hello,` `4:true!` `8:1:1#1:2#]`, and their values.

A small text protocol, declared with the grammar; `docs/grammar.org` walks through it.
A tnetstring is a decimal length, a colon, so many octets, and one octet that says
what they are.  Lists and dictionaries hold tnetstrings, so their octets are read by
the same declaration once more; how deep, is bounded.
"""

from __future__ import annotations

from typing import Annotated, Any

from ..errors import EncodeError, Malformed
from ..grammar import Digits, Measures, Message, Octets, Tag, UInt, derived

__all__ = [
    "Boolean",
    "Bytes",
    "Dictionary",
    "Float",
    "Integer",
    "List",
    "Null",
    "Tnetstring",
    "dump",
    "load",
]

DEEPEST = 32


class Tnetstring(Message):
    """A length, so many octets, and what they are."""

    size: Annotated[int, Digits(end=b":"), Measures("data")] = derived()
    data: Annotated[bytes, Octets("size")] = b""
    type: Annotated[int, UInt(1), Tag()] = derived()


class Bytes(Tnetstring, tag=ord(",")):
    """Octets as they are."""


class Integer(Tnetstring, tag=ord("#")):
    """A whole number, in decimal."""


class Float(Tnetstring, tag=ord("^")):
    """A number with a fraction."""


class Boolean(Tnetstring, tag=ord("!")):
    """`true` or `false`."""


class Null(Tnetstring, tag=ord("~")):
    """Nothing; it has no octets."""


class List(Tnetstring, tag=ord("]")):
    """Tnetstrings, one after the other."""


class Dictionary(Tnetstring, tag=ord("}")):
    """Tnetstrings by twos: a name, which is octets, and a value."""


def load(octets: bytes) -> Any:
    """The Python value of one tnetstring; octets come out as bytes."""
    return value_of(Tnetstring.decode(octets))


def dump(value: Any) -> bytes:
    """The tnetstring of a Python value; text goes in as UTF-8."""
    return record_of(value).encode()


def value_of(one: Tnetstring, depth: int = 0) -> Any:
    data = one.data
    try:
        match one:
            case Bytes():
                return data
            case Integer():
                return int(data)
            case Float():
                return float(data)
            case Boolean():
                return {b"true": True, b"false": False}[data]
            case Null() if not data:
                return None
            case List():
                return [value_of(item, depth + 1) for item in items(data, depth)]
            case Dictionary():
                return pairs(items(data, depth), depth)
    except (ValueError, KeyError):
        pass
    name = type(one).__name__
    raise Malformed(f"{data[:20]!r} is no {name}", machine=name, state="data")


def items(data: bytes, depth: int) -> list[Tnetstring]:
    """The tnetstrings that some octets are."""
    if depth >= DEEPEST:
        raise Malformed(f"it is nested more than {DEEPEST} deep", machine="Tnetstring")
    parser = Tnetstring.parser(limit=len(data) + 1)
    found = parser.feed(data)
    return [*found, *parser.close()]


def pairs(several: list[Tnetstring], depth: int) -> dict[bytes, Any]:
    names, values = several[::2], several[1::2]
    if len(names) != len(values) or not all(isinstance(one, Bytes) for one in names):
        raise ValueError("no pairs of a name and a value")
    found = [value_of(value, depth + 1) for value in values]
    return dict(zip([one.data for one in names], found, strict=True))


def record_of(value: Any, depth: int = 0) -> Tnetstring:
    if depth > DEEPEST:
        raise EncodeError(f"a tnetstring nested more than {DEEPEST} deep")
    match value:
        case None:
            return Null(b"")
        case bool():
            return Boolean(b"true" if value else b"false")
        case int():
            return Integer(b"%d" % value)
        case float():
            return Float(repr(value).encode())
        case str():
            return Bytes(value.encode())
        case bytes() | bytearray():
            return Bytes(bytes(value))
        case list() | tuple():
            inside = [record_of(one, depth + 1).encode() for one in value]
            return List(b"".join(inside))
        case dict():
            flat = [one for pair in value.items() for one in pair]
            inside = [record_of(one, depth + 1).encode() for one in flat]
            return Dictionary(b"".join(inside))
    raise EncodeError(f"a {type(value).__name__} is no tnetstring: {value!r}")
