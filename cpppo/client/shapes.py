# SPDX-License-Identifier: Apache-2.0
"""The shape of lists of lists, held against that of the tag that they are written to.

Under `writes`, `structures` and `catalogue`.  Pure: no I/O.  Rule: values go over the
rows of a tag, one after the other; so rows of another length than the tag's would stand
in places that nobody has meant.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import EncodeError
from ..protocol.enip.path import Element, Segment

__all__ = ["Shape", "is_record", "is_row", "misshapen", "place", "shape", "shown"]

Shape = tuple[int, ...]
DEEPEST = 3  # dimensions of a tag


def shape(values: Sequence[Any], depth: int = DEEPEST) -> Shape:
    """How many values there are in each dimension; EncodeError where rows differ."""
    nested = [one for one in values if depth > 1 and is_row(one)]
    if not nested:
        return (len(values),)
    found = {shape(one, depth - 1) if is_row(one) else () for one in values}
    if len(found) > 1:
        lengths = " and ".join(shown(one) or "single values" for one in sorted(found))
        raise EncodeError(f"rows of the same length expected, not {lengths}")
    return (len(values), *found.pop())


def is_row(value: Any) -> bool:
    """Whether a value is some of several; the record of a structure is one value."""
    return isinstance(value, list | tuple) and not is_record(value)


def is_record(value: Any) -> bool:
    """Whether a value is the record of a structure, or another named tuple."""
    return isinstance(value, tuple) and hasattr(value, "_fields")


def shown(sizes: Shape) -> str:
    """A shape as people see it at a type: [3,4]."""
    return f"[{','.join(map(str, sizes))}]" if sizes else ""


def place(indexes: Sequence[int], sizes: Shape, nth: int) -> Shape:
    """Where the nth value after a place stands; beyond the tag the first index is."""
    at = 0
    for index, size in zip(indexes, sizes, strict=True):
        at = at * size + index
    at += nth
    found: list[int] = []
    for size in reversed(sizes[1:]):
        at, rest = divmod(at, size)
        found.append(rest)
    return (at, *reversed(found))


def misshapen(given: Shape, sizes: Shape, path: Sequence[Segment]) -> str | None:
    """What is wrong with values of some shape at a place of a tag of these sizes."""
    inner = len(given) - 1
    here = sizes[len(sizes) - inner :] if inner < len(sizes) else None
    if here != given[1:]:
        has = f"has the shape {shown(sizes)}" if sizes else "is a single value"
        rows = f", rows of {sizes[-1]}" if len(sizes) > 1 else ""
        return f"it {has}{rows}; lists of the shape {shown(given)} do not fit it"
    indexes = [one.value for one in path if isinstance(one, Element)]
    if len(indexes) == len(sizes) and any(indexes[-inner:]):
        return f"it has the shape {shown(sizes)}; a row is written from its beginning"
    whole = not indexes and len(given) == len(sizes)
    if whole and given[0] > sizes[0]:
        return f"it has the shape {shown(sizes)}, not {shown(given)}"
    return None
