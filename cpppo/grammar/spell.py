# SPDX-License-Identifier: Apache-2.0
"""The ways to write a value: its layouts, and all of its spellings.

Under `lower` and `plan`, which read and write each way.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

from ..automata.registers import ANY_OCTET, Literal
from ..errors import ProtocolError
from .declaration import Declaration, spelled
from .wire import BIG, Float, UInt

__all__ = ["every_spelling", "layouts", "numbers_format", "shown"]


def every_spelling(values: tuple[Any, ...]) -> Iterator[Literal]:
    """The octets of these values one after the other, in each combination of ways."""
    ways = [[literal(value, one) for one in spellings(value)] for value in values]
    for way in product(*ways):
        yield tuple(octet for one in way for octet in one)


def spellings(value: Any) -> list[bytes]:
    return list(type(value).engine().spellings(value))


def literal(value: Any, octets: bytes) -> Literal:
    """Octets of a value; what may be anything (it is reserved, or pads) as such."""
    found = []
    for at, octet in enumerate(octets):
        other = octets[:at] + bytes((octet ^ 0xFF,)) + octets[at + 1 :]
        try:
            same = type(value).decode(other) == value
        except ProtocolError:
            same = False
        found.append(ANY_OCTET if same else octet)
    return tuple(found)


def layouts(declared: Declaration) -> list[tuple[tuple[int, ...], Declaration, str]]:
    """(tags, declaration, label) of each way to write a variant."""
    name = declared.cls.__name__
    if not declared.spellings:
        return [(declared.tags, declared, name)]
    ways = []
    for number_, spelling in enumerate(declared.spellings):
        label = name if number_ == 0 else f"{name}/{number_ + 1}"
        ways.append((spelling.tags, spelled(declared, spelling), label))
    return ways


def shown(tags: tuple[int, ...]) -> str:
    if not tags:
        return "other"
    texts = [f"0x{tag:02X}" for tag in tags]
    if len(texts) > 3 and tags == tuple(range(tags[0], tags[-1] + 1)):
        return f"{texts[0]}-{texts[-1]}"
    return ",".join(texts)


def numbers_format(of: UInt | Float) -> str:
    if isinstance(of, Float):
        return of.format
    letter = {1: "b", 2: "h", 4: "i", 8: "q"}[of.octets]
    sign = letter if of.signed else letter.upper()
    return (">" if of.order == BIG else "<") + sign
