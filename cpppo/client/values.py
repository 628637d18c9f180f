# SPDX-License-Identifier: Apache-2.0
"""Values as people write them, and as CIP's types store them.

Under `operations`.  What does not fit its type, and why, is known here, before
anything is sent.  Numbers beyond a signed type are taken as the same bits unsigned.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from math import isinf
from operator import index
from struct import pack
from typing import Any

from ..errors import EncodeError
from ..protocol.enip.types import BOOL, CODES, SSTRING, STRING, CIPType

__all__ = [
    "BOUNDS",
    "FRACTION",
    "Kind",
    "Unfit",
    "display",
    "fit",
    "fitted",
    "kind_of",
    "literal",
    "target",
    "whole",
]

Kind = type[CIPType]

# What is longer is out of every range; int() is slow with digits by the thousand.
INTEGER = re.compile(
    r"(?=.{1,80}$)[+-]?(?:0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+|([0-9]+))"
)
FRACTION = re.compile(
    r"[+-]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][+-]?[0-9]+)?"
)
DIGITS = re.compile(r"[+-]?[0-9]+")
UNBOUNDED = re.compile(r"[+-]?(?:inf|infinity|nan)", re.IGNORECASE)

NAMES: dict[str, Kind] = {one.__name__: one for one in CODES.values()}
TEXTS: dict[Kind, int] = {SSTRING: 0xFF, STRING: 0xFFFF}  # how long they may be
BOUNDS: dict[Kind, tuple[int, int]] = {
    one: (
        -(1 << (8 * one.struct_calcsize - 1)) if one.struct_format[-1].islower() else 0,
        (1 << (8 * one.struct_calcsize)) - 1,
    )
    for one in CODES.values()
    if one.struct_format[-1:].lower() in {"b", "h", "i", "q"} and one is not BOOL
}


class Unfit(EncodeError):
    """A part of an operation is wrong: which, and for a value, the how manieth."""

    def __init__(self, problem: str, part: str, nth: int = 0, skip: int = 0) -> None:
        super().__init__(problem)
        self.problem = problem
        self.part = part
        self.nth = nth
        self.skip = skip


def literal(kind: Kind, text: str) -> object:
    """What a text stands for as a value of a type; itself where it is nothing else."""
    if kind in TEXTS:
        return text
    number = INTEGER.fullmatch(text)
    if number:
        return int(text, 10 if number[1] else 0)
    if kind is BOOL:
        return {"true": True, "false": False}.get(text.casefold(), text)
    if kind in BOUNDS:
        return text
    if FRACTION.fullmatch(text) or DIGITS.fullmatch(text):
        value = float(text)
        return text if isinf(value) else value
    return float(text) if UNBOUNDED.fullmatch(text) else text


def kind_of(given: object) -> Kind | None:
    """A type by its name, its code or itself; None for None."""
    if given is None:
        return None
    kind = NAMES.get(given.strip().upper()) if isinstance(given, str) else given
    if isinstance(given, int):
        kind = CODES.get(given)
    if isinstance(kind, type) and issubclass(kind, CIPType) and kind.tag_type in CODES:
        return kind
    problem = f"no type {display(given):.40}: " if given != "" else "a type expected: "
    raise Unfit(f"{problem}it is one of {', '.join(NAMES)}", "tag_type")


def fitted(
    kind: Kind, values: Iterable[object], strict: bool = False
) -> tuple[Any, ...]:
    """Values as a type stores them; strict: no bits of others, beyond its own range."""
    found = []
    for nth, value in enumerate(values):
        try:
            found.append(fit(kind, value, strict))
        except EncodeError as exc:
            raise Unfit(str(exc), "data", nth) from None
    return tuple(found)


def fit(kind: Kind, value: Any, strict: bool = False) -> Any:
    """A value as a type stores it: a number beyond the signed ones has their bits."""
    name = kind.__name__
    if kind in BOUNDS:
        low, high = BOUNDS[kind]
        if strict:
            high += low
        number = whole(value)
        if number is not None and low <= number <= high:
            beyond = number > high + low and not strict
            return number - high - 1 if beyond else number
        problem = f"{name} is a whole number from {low} to {high}"
    elif kind is BOOL:
        if isinstance(value, int) and (not strict or value in {0, 1}):
            return bool(value)
        problem = f"BOOL is true, false{', 0 or 1' if strict else ' or a whole number'}"
    elif kind in TEXTS:
        most = TEXTS[kind]
        if (
            isinstance(value, str)
            and len(value) <= most
            and max(value, default="") < "Ā"
        ):
            return value
        problem = f"{name} is text of up to {most} characters of Latin-1"
    else:
        try:
            if not isinstance(value, str):
                pack(kind.struct_format, float(value))
                return float(value)
        except (OverflowError, TypeError, ValueError):
            pass
        problem = f"{name} is a number of {8 * kind.struct_calcsize} bits"
    raise EncodeError(f"{problem}, not {display(value):.40}")


def whole(value: Any) -> int | None:
    try:
        return index(value)
    except TypeError:
        return None


def target(
    count: int | None, offset: int | None, kind: Kind, values: int, fragment: bool
) -> int:
    """How many elements there are where so many values are written to."""
    if offset is None:
        if count is None or count == values or (fragment and values < count):
            return count or values
        problem = f"as many values as elements ({count}) expected, not {values}"
        raise Unfit(problem, "data", min(values, count))
    if count is None:
        raise Unfit("a write at an offset needs its range, as in T[0-9]+4=1", "offset")
    size = kind.struct_calcsize
    if not size:
        raise Unfit(f"{kind.__name__} has no fixed size, and so no offset", "offset")
    if offset % size:
        raise Unfit(f"the offset of {kind.__name__} is a multiple of {size}", "offset")
    room = count - offset // size
    if room <= 0:
        raise Unfit(f"the range has the octets 0 to {count * size - 1}", "offset")
    if values > room:
        problem = f"the range has room for {room} from this offset, not for {values}"
        raise Unfit(problem, "data", room)
    return count


def display(value: object) -> str:
    """How a value is shown in an error; some have no text."""
    try:
        return repr(value)
    except (ValueError, RecursionError):
        return f"<{type(value).__name__}>"
