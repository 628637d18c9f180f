# SPDX-License-Identifier: Apache-2.0
"""What a method of the published client is given, as the message that it asks for.

Under `raw`, over `way` and `values`.  No input or output.  What is wrong is refused
before anything is sent, in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..dotdict import dotdict
from ..errors import EncodeError, ProtocolError
from ..protocol.enip import (
    Class,
    DataType,
    GetAttributesAll,
    Instance,
    MultipleService,
    Path,
    ReadTag,
    ReadTagFragmented,
    Request,
    Segment,
    SetAttributeSingle,
    WriteTag,
    WriteTagFragmented,
)
from ..protocol.enip.notation import parse_host, parse_path_elements
from ..protocol.enip.published import request
from .values import fitted, kind_of

__all__ = [
    "Address",
    "aimed",
    "context",
    "encoded",
    "located",
    "reading",
    "service",
    "setting",
    "together",
    "writing",
]

Address = tuple[str, int]

ROUTER = (Class(2), Instance(1))


# -- requests


def service(code: int, path: object, data: Sequence[int]) -> dotdict:
    """Any service, as it is shown."""
    if not 0 <= code < 0x80:
        raise EncodeError(f"a service is a number from 0 to 127, not {code!r}")
    target, _ = aimed(path)
    octets = bytes([code]) + target.encode() + octetted(data)
    try:
        return request(octets)
    except ProtocolError:
        # Not what this service takes, as far as it is known here; so be it.
        shown = request(GetAttributesAll(path=target).encode())
        del shown["get_attributes_all"]
        shown["service_code"] = {"data": [*octetted(data)]} if data else True
        shown["service"] = code
        shown["input"] = bytearray(octets)
        return shown


def setting(
    path: object, data: Sequence[Any], elements: int, tag_type: object
) -> Request:
    """A Set Attribute Single: of octets, or of values of a type."""
    target, told = aimed(path)
    counted(len(data), told, elements)
    kind = kind_of(tag_type)
    octets = octetted(data) if kind is None else kind.pack(fitted(kind, data))
    return SetAttributeSingle(path=target, data=octets)


def reading(path: object, elements: int, offset: int | None) -> Request:
    """A Read Tag; Fragmented where there is an offset."""
    target, told = aimed(path)
    count = elements if told is None else counted(told, told, elements)
    if plain(offset):
        return ReadTag(path=target, elements=count)
    return ReadTagFragmented(path=target, elements=count, offset=offset or 0)


def writing(
    path: object,
    data: Sequence[Any],
    elements: int,
    offset: int | None,
    tag_type: object,
) -> Request:
    """A Write Tag; Fragmented where there is an offset, and then of some values."""
    target, told = aimed(path)
    kind = kind_of(guessed(data) if tag_type is None else tag_type)
    if kind is None:
        raise EncodeError("values need a type")
    octets = kind.pack(fitted(kind, data))
    code = DataType.decode(kind.tag_type.to_bytes(2, "little"))
    if plain(offset):
        count = counted(len(data), told, elements)
        return WriteTag(path=target, type=code, elements=count, data=octets)
    count = counted(len(data), told, elements, whole=False)
    return WriteTagFragmented(
        path=target, type=code, elements=count, offset=offset or 0, data=octets
    )


def together(several: Sequence[dotdict | Request | bytes], path: object) -> Request:
    """A Multiple Service Packet, for the message router unless a path is given."""
    target = Path(ROUTER) if path is None else aimed(path)[0]
    return MultipleService(path=target, requests=tuple(map(encoded, several)))


# -- what they are made of


def encoded(one: dotdict | Request | bytes) -> bytes:
    """The octets of a request."""
    if isinstance(one, Request):
        return one.encode()
    octets = one.get("input") if isinstance(one, dict) else one
    if not isinstance(octets, bytes | bytearray):
        raise EncodeError(
            "a request is what a method such as read(..., send=False) returned"
        )
    return bytes(octets)


def located(source: str | Address | None) -> Address | None:
    """An own address: `1.2.3.4:12345`, or both in a tuple."""
    if source is None or source == "":
        return None
    if isinstance(source, str):
        found = parse_host(source)
        if found is None:
            raise EncodeError(f"an own address is HOST or HOST:PORT, not {source!r}")
        return found[0], found[1] or 0
    host, port = source
    return host, int(port or 0)


def context(given: bytes | str) -> bytes:
    """A sender context, which the device sends back."""
    octets = given.encode("latin-1") if isinstance(given, str) else bytes(given)
    if len(octets) > 8:
        raise EncodeError(f"a sender context has up to 8 octets, not {len(octets)}")
    return octets.ljust(8, b"\0")


def aimed(path: object) -> tuple[Path, int | None]:
    """A path, and how many elements its text names."""
    if isinstance(path, Path):
        return path, None
    if isinstance(path, list | tuple) and all(isinstance(p, Segment) for p in path):
        return Path(tuple(path)), None
    if isinstance(path, dotdict) and "segment" in path:
        path = path["segment"]
    found, _, count = parse_path_elements(path)
    return Path(found), count


def counted(given: int, told: int | None, elements: int, whole: bool = True) -> int:
    """How many elements, where a path, a number and the values may all say it."""
    count = told if told is not None else elements
    if told is not None and elements not in {1, told}:
        raise EncodeError(f"the path names {told} elements, and {elements} are wanted")
    if told is None and elements == 1:
        count = max(given, 1)
    if given > count or (whole and given != count):
        raise EncodeError(
            f"as many values as elements ({count}) are wanted, not {given}"
        )
    return count


def plain(offset: int | None) -> bool:
    """Whether no fragment is wanted; an offset of 0 begins one."""
    return offset is None or offset is False


def guessed(data: Sequence[Any]) -> str:
    """The type of values without one: as the manual has it for texts."""
    if any(isinstance(one, float) for one in data):
        return "REAL"
    return "SSTRING" if any(isinstance(one, str) for one in data) else "INT"


def octetted(data: Sequence[int]) -> bytes:
    """Octets, signed or not."""
    try:
        return bytes(one & 0xFF if -128 <= one < 0 else one for one in data)
    except (TypeError, ValueError):
        raise EncodeError(
            "without a type, data are octets: numbers from -128 to 255"
        ) from None
