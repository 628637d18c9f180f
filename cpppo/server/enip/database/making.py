# SPDX-License-Identifier: Apache-2.0
"""Tags as they are described, made: their values to begin with, and what aliases say.

Over `part` and `tags`, under `directory`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from math import prod
from typing import Any

from ....errors import EncodeError
from ....protocol.enip import Element, Segment, Symbol
from ....protocol.enip.structures import BOOLS, StructureType
from ....protocol.enip.types import BOOL, LREAL, REAL, TextType
from ..cip.answers import position
from ..cip.attribute import Attribute
from .part import bit_of, element_of
from .tags import TagError, TagSpec

__all__ = ["Astray", "Step", "alias_path", "aliased", "made", "split"]

Step = str | tuple[int, ...]  # a name, or indices
INDEX = r"\s*[0-9]{1,9}\s*"
STEP = re.compile(
    r"(?:^|\.)(?P<name>[^.\[\]\s][^.\[\]]*)|"
    rf"\[(?P<index>{INDEX}(?:,{INDEX}){{0,2}})\]"
)


def made(
    spec: TagSpec, make: Any, kwds: Mapping[str, Any], counts: bool = True
) -> Attribute:
    """The attribute of a tag, with the values that it begins with."""
    dimensions = spec.dimensions
    if not dimensions and spec.count is not None:
        dimensions = (spec.count,)
    if prod(dimensions) != (spec.count or 1):
        raise TagError(str(spec), f"{dimensions} are not {spec.count} elements")
    sized: dict[str, Any] = {}
    value = begun(spec)
    if isinstance(value, list):
        sized = {"default": value}
    elif spec.count is not None:
        # As published, an array is a sequence of defaults.
        blank = spec.type.blank if value is None else value
        sized = {"count": spec.count} if counts else {"default": [blank] * spec.count}
        if counts and value is not None:
            sized["default"] = value
    elif value is not None:
        sized = {"default": value}
    try:
        attribute: Attribute = make(spec.name, spec.type, **sized, **kwds)
    except EncodeError as exc:
        raise TagError(str(spec), f"its value: {exc}") from None
    if len(dimensions) > 1:
        attribute.dimensions = dimensions
    return attribute


def begun(spec: TagSpec) -> Any:
    """The values that a tag begins with: a list, one for all, or None."""
    value = spec.value
    if isinstance(value, bool) and spec.bools:
        return (1 << 32) - 1 if value else 0
    if not isinstance(value, list | tuple):
        return value
    if spec.count is None:
        raise TagError(str(spec), f"one value expected, not {len(value)}")
    several = list(flat(value))
    if spec.bools and len(several) == spec.bools:
        return BOOLS.unpack(BOOLS.packed_bits(several))
    if len(several) != spec.count:
        raise TagError(str(spec), f"{spec.count} values expected, not {len(several)}")
    return several


def flat(values: Any) -> Iterator[Any]:
    """The values of lists in lists, in their order."""
    for value in values:
        if isinstance(value, list | tuple):
            yield from flat(value)
        else:
            yield value


class Astray(ValueError):
    """A path leads nowhere: why."""


def split(of: str) -> list[Step]:
    """The names and indices of an alias's path, a name first."""
    steps: list[Step] = []
    at = 0
    while at < len(of) or not steps:
        match = STEP.match(of, at)
        if match is None or not (steps or match["name"]):
            raise Astray(f"no name or [index] at {of[at:]!r}")
        at = match.end()
        if match["name"]:
            steps.append(match["name"].strip())
        else:
            steps.append(tuple(int(one) for one in match["index"].split(",")))
    return steps


def alias_path(of: str) -> tuple[tuple[Segment, ...], int | None]:
    """The path that an alias stands for, and the bit at its end; or a ValueError."""
    *steps, last = split(of)
    bit = int(last) if steps and isinstance(last, str) and last.isdecimal() else None
    found: list[Segment] = []
    for step in steps if bit is not None else (*steps, last):
        found += [Symbol(step)] if isinstance(step, str) else map(Element, step)
    return tuple(found), bit


def aliased(
    whole: Attribute, elements: tuple[int, ...], bit: int | None, said: str
) -> Attribute:
    """What an alias of a tag, an element or a bit of it stands for; or a ValueError.

    A program counts the BOOLs of an array, where clients count its words.
    """
    if whole.type is BOOLS and len(elements) == 1 and bit is None:
        (nth,) = elements
        if nth >= 32 * len(whole):
            raise ValueError(f"there are {32 * len(whole)} BOOLs")
        return bit_of(whole, nth, said)
    index = position(elements, whole.dimensions)
    if index >= len(whole):
        raise ValueError(f"{whole!r} has no such element")
    if issubclass(whole.type, TextType) and elements:
        problem = "whose texts differ in length: an alias is of all of them"
        raise ValueError(f"{whole!r}, {problem}")
    if bit is None:
        return element_of(whole, index) if elements else whole
    bits = 8 * whole.type.struct_calcsize
    if issubclass(whole.type, StructureType | BOOL | REAL | LREAL) or bit >= bits:
        raise ValueError(f"{whole!r} has no bit {bit}")
    return bit_of(whole, index * bits + bit, said)
