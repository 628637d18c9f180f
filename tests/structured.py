# SPDX-License-Identifier: Apache-2.0
"""Controllers with structures, as a file of tags would have them; and their requests.

Layouts are written in the tests by hand, with `struct` alone.  `UDT` is the structure
that most of them ask for; its octets stand beside it.
"""

from __future__ import annotations

import struct
from typing import Any

from asking import Client, element, request, symbol

from cpppo.protocol.enip.datatypes import Types
from cpppo.protocol.enip.structures import StructureType
from cpppo.server.enip import Controller
from cpppo.server.enip.database.tags import TagSpec

__all__ = [
    "DECLARED",
    "INNER",
    "OUTER",
    "Tags",
    "at",
    "built",
    "client",
    "handle",
    "kinds",
    "spec",
    "types",
    "whole",
]

DECLARED = {
    "Inner": [("flag", "BOOL"), ("x", "INT"), ("reals", "REAL[2]")],
    "Outer": [
        *((f"b{n}", "BOOL") for n in range(9)),
        ("count", "DINT"),
        ("bits", "BOOL[64]"),
        ("one", "Inner"),
        ("several", "Inner[3]"),
        ("long", "LINT"),
        ("name", "STRING"),
        ("timer", "TIMER"),
    ],
}
# An Inner: a host octet, a pad octet, INT, two REALs.
INNER = struct.Struct("<Bxh2f")
# An Outer: two host octets, DINT, two words, four Inners, a LINT at a multiple of 8;
# a STRING (length, 82 letters, 2 to spare), a TIMER of three DINTs.
OUTER = struct.Struct("<BBxxi2I12s36sqi82s2x3i4x")


# What a controller has: a type for each name; or that, and what else a tag says.
Tags = dict[str, str | tuple[str, dict[str, Any]]]


def types() -> Types:
    found = Types()
    found.declare(DECLARED)
    found.declare_text("Short", 20)
    return found


def spec(known: Types, name: str, said: str, **more: Any) -> TagSpec:
    """A tag by the type that is said, as `Inner[2,3]`."""
    sort = known.sort(said)
    count = sort.count if sort.dimensions else None
    return TagSpec(
        name, sort.type, count, dimensions=sort.dimensions, bools=sort.bools, **more
    )


def built(
    tags: Tags,
    known: Types | None = None,
    **kwds: Any,
) -> Controller:
    """A controller with tags: a type for each, or what it is an alias of (`=OF`)."""
    known = known or types()
    specs = []
    for name, said in tags.items():
        kind, more = said if isinstance(said, tuple) else (said, {})
        if kind.startswith("="):
            specs.append(TagSpec(name, alias=kind[1:], **more))
        else:
            specs.append(spec(known, name, kind, **more))
    return Controller(specs, types=known, **kwds)


def client(tags: Tags, **kwds: Any) -> Client:
    return Client(built(tags, **kwds))


def kinds(one: Client, name: str) -> type[StructureType]:
    """A structure by its name."""
    found = one.controller.types[name]
    assert issubclass(found, StructureType)
    return found


def at(*steps: str | int) -> bytes:
    """A path of names and indices, as it goes over the wire."""
    return b"".join(
        symbol(one) if isinstance(one, str) else element(one) for one in steps
    )


def handle(one: Client, name: str) -> bytes:
    """A structure's type, as reads and writes say it."""
    return b"\xa0\x02" + struct.pack("<H", kinds(one, name).handle)


def whole(one: Client, name: str, path: bytes, count: int, octets: bytes) -> bytes:
    """A Write Tag of structures."""
    return request(0x4D, path, handle(one, name) + struct.pack("<H", count) + octets)
