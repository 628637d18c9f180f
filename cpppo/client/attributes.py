# SPDX-License-Identifier: Apache-2.0
"""Attributes of simple devices: what to ask for, and what the octets stand for.

Over `operations`, under `proxy`.  No I/O.  A device that knows no tags is asked by
Get and Set Attribute; its answers are octets, and whoever asks knows their types:

    "REAL"                    values of one type, as many as there are octets
    ["UINT", "SSTRING"]       one value after another; what follows is not looked at
    SSTRING                   a class instead of a name: its values are dictionaries

Manual, 2.1.7.  CIP Vol 1, appendix C; Vol 2, 5-4.3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from ipaddress import IPv4Address
from typing import Any

from ..dotdict import dotdict
from ..errors import CpppoError, EncodeError, ProtocolError
from ..protocol.enip.notation import described
from ..protocol.enip.path import Attribute, Class, Instance, RoutePath, SinglePath
from ..protocol.enip.types import CODES, SINT, SSTRING, STRING, CIPType
from .operations import Operation, OperationError

__all__ = [
    "CIP_TYPES",
    "EPATH",
    "EPATH_SINGLE",
    "IPADDR",
    "Types",
    "ValueMismatch",
    "attribute_operations",
    "attributed",
    "elementary",
    "kinds",
    "values",
]

Types = Any  # a name or a class, or a list of those

GET, ALL, SET = "get_attribute_single", "get_attributes_all", "set_attribute_single"
SHOWN = 16  # octets of a wrong answer


class ValueMismatch(CpppoError, ValueError):
    """What a device has answered is no value of the types that were asked for."""


# -- operations


def attribute_operations(
    paths: Iterable[str | Mapping[str, Any] | Operation] | str,
    int_type: object = None,
    **kwds: Any,
) -> Iterator[dict[str, Any]]:
    """The manual's dictionary for each address, with the keywords in it.

    `@1/1` is Get Attributes All, `@1/1/7` Get Attribute Single, and with `=` it is Set
    Attribute Single.  Values are SINT unless something else is said, or there is a
    point in them.  OperationError where an address is none of an attribute.
    """
    several = (paths,) if isinstance(paths, str | Mapping | Operation) else paths
    default = SINT if int_type is None else int_type
    for one in several:
        if isinstance(one, Mapping):
            found = {**one, **attributed(Operation.of(one)).as_dict()}
        elif isinstance(one, Operation):
            found = attributed(one).as_dict()
        else:
            found = attributed(Operation.parse(one, int_type=default)).as_dict()
        found.update(kwds)
        yield found


def attributed(one: Operation) -> Operation:
    """The same by the services that every object has."""
    writes = one.data is not None
    shape = tuple(map(type, one.path))
    if one.offset is not None:
        problem = "an attribute is read and written whole: it has no offset"
        raise OperationError(problem, one.text, max(one.text.find("+"), 0))
    if shape[:3] == (Class, Instance, Attribute):
        return replace(one, method=SET if writes else GET)
    if shape == (Class, Instance) and not writes:
        return replace(one, method=ALL)
    head = one.text.partition("=")[0].rstrip()
    if not head.lstrip().startswith("@"):
        problem = 'an attribute has an address, as in "@1/1/7": this is a tag'
        raise OperationError(problem, one.text, len(head) - len(head.lstrip()))
    problem = (
        "one attribute is written at a time: @class/instance/attribute expected"
        if writes
        else "@class/instance or @class/instance/attribute expected"
    )
    raise OperationError(problem, one.text, len(head))


# -- types


class IPADDR(CIPType):
    """An IPv4 address; the lowest octet comes first, as in any UDINT."""

    struct_format = "<I"
    struct_calcsize = 4
    blank = "0.0.0.0"

    @classmethod
    def pack(cls, values: Iterable[Any]) -> bytes:
        try:
            return b"".join(IPv4Address(one).packed[::-1] for one in values)
        except ValueError as exc:
            raise EncodeError(f"no {cls.__name__}: {exc}") from None

    @classmethod
    def unpack(cls, octets: bytes | bytearray | memoryview) -> list[Any]:
        return [
            str(IPv4Address(bytes(octets[at : at + 4][::-1])))
            for at in range(0, len(octets), 4)
        ]


class EPATH(CIPType):
    """A path, with its size in words before it, and an octet that pads that."""


class EPATH_SINGLE(CIPType):
    """One segment of a path."""


# What a name means: the class, and where the value is in what the class gives.
CIP_TYPES: dict[str, tuple[type[CIPType], str]] = {
    kind.__name__.lower(): (kind, kind.__name__) for kind in CODES.values()
} | {
    "sstring": (SSTRING, "SSTRING.string"),
    "string": (STRING, "STRING.string"),
    "ipaddr": (IPADDR, "IPADDR"),
    "epath": (EPATH, "EPATH.segment"),
    "epath_single": (EPATH_SINGLE, "EPATH_SINGLE.segment"),
}
KNOWN = {kind for kind, _ in CIP_TYPES.values()}

Kind = tuple[type[CIPType], bool]  # the class, and whether values alone are wanted


def kinds(types: Types) -> tuple[tuple[Kind, ...], bool]:
    """The types that are meant, and whether it is one for all; EncodeError if none."""
    if isinstance(types, str | type):
        return (kind(types),), True
    try:
        several = tuple(map(kind, types))
    except TypeError:
        several = ()
    if not several:
        raise EncodeError(f"{types!r:.60} is no type, and no list of types")
    return several, False


def kind(given: object) -> Kind:
    """A type by its name, or itself."""
    if isinstance(given, str):
        found = CIP_TYPES.get(given.strip().lower())
        if found is not None:
            return found[0], True
    elif isinstance(given, type) and issubclass(given, CIPType) and given in KNOWN:
        return given, False
    names = ", ".join(name.upper() for name in CIP_TYPES)
    raise EncodeError(f"no type {given!r:.40}: it is one of {names}")


def elementary(types: Types) -> type[CIPType] | None:
    """The type of values to write, where that is one alone that texts can be of."""
    if types is None:
        return None
    (found, *_), alone = kinds(types)
    return found[0] if alone and found[0].tag_type else None


# -- values


def values(types: Types, octets: bytes) -> list[Any]:
    """The values that octets stand for; ValueMismatch where they are none of these."""
    several, alone = kinds(types)
    found: list[Any] = []
    at = 0
    if alone:
        size = several[0][0].struct_calcsize
        if several[0][1] and size and not len(octets) % size:
            return several[0][0].unpack(octets)
        while at < len(octets):
            value, at = one_value(several[0], octets, at)
            found.append(value)
        return found
    for one in several:
        value, at = one_value(one, octets, at)
        found.append(value)
    return found


def one_value(one: Kind, octets: bytes, at: int) -> tuple[Any, int]:
    """The value that begins here, and where it ends."""
    kind, bare = one
    try:
        if kind.struct_calcsize:
            size = kind.struct_calcsize
            value, end = kind.unpack(exactly(octets, at, size))[0], at + size
            return (value if bare else dotdict({kind.__name__: value})), end
        detail, value, end = VARIABLE[kind](octets, at)
    except (IndexError, ProtocolError, ValueMismatch):
        left = octets[at : at + SHOWN]
        more = "..." if len(octets) > at + SHOWN else ""
        told = f"{left.hex(' ')}{more}" if left else "nothing"
        raise ValueMismatch(
            f"no {kind.__name__} at octet {at} of {len(octets)}: there is {told}"
        ) from None
    return (value if bare else dotdict({kind.__name__: detail})), end


def exactly(octets: bytes, at: int, size: int) -> bytes:
    """So many octets from here."""
    found = octets[at : at + size]
    if len(found) < size:
        raise IndexError
    return found


Variable = tuple[dict[str, Any], Any, int]


def short_text(octets: bytes, at: int) -> Variable:
    size = octets[at]
    text = exactly(octets, at + 1, size).decode("latin-1")
    return {"length": size, "string": text}, text, at + 1 + size


def long_text(octets: bytes, at: int) -> Variable:
    size = int.from_bytes(exactly(octets, at, 2), "little")
    text = exactly(octets, at + 2, size).decode("latin-1")
    # What makes it even may be missing at the end.
    end = min(at + 2 + size + size % 2, len(octets))
    return {"length": size, "string": text}, text, end


def path(octets: bytes, at: int) -> Variable:
    size = 2 + 2 * octets[at]
    found = RoutePath.decode(exactly(octets, at, size))
    segments = [described(segment) for segment in found.segments]
    return {"size": octets[at], "segment": segments}, segments, at + size


def segment(octets: bytes, at: int) -> Variable:
    parser = SinglePath.parser()
    for end in range(at, len(octets)):
        for found in parser.feed(octets[end : end + 1]):
            segments = [described(found.segment)]
            return {"segment": segments}, segments, end + 1
    raise IndexError


VARIABLE: dict[type[CIPType], Callable[[bytes, int], Variable]] = {
    SSTRING: short_text,
    STRING: long_text,
    EPATH: path,
    EPATH_SINGLE: segment,
}
