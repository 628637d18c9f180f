# SPDX-License-Identifier: Apache-2.0
"""What can be known of a message class before any value of it is made.

Under `generate`: how deep the flattest value is, and whether it can say itself where
it ends.
"""

from __future__ import annotations

from typing import Any

from .declaration import Declaration, Field, element_of, optional
from .reach import parts_of
from .spell import layouts
from .wire import Choice, Measures, Nested, Octets, Repeat

__all__ = ["ENDLESS", "Shape", "enclosed", "is_mere_family", "ways_of"]

ENDLESS = 1 << 30  # the height of what always holds itself
Way = tuple[tuple[int, ...], Declaration]


def ways_of(declared: Declaration) -> list[Way]:
    """The ways to write a class that may be written: its spellings, or the one."""
    if declared.base is None or not (declared.tags or declared.opaque):
        return [((), declared)]
    known = {one.tags: one for one in declared.spellings}
    return [
        (tags, way)
        for tags, way, _ in layouts(declared)
        if tags not in known or not known[tags].reads_only
    ]


def enclosed(way: Declaration, at: int) -> bool:
    """Whether a length says where a field ends."""
    marks = [one.mark(Measures) for one in way.fields]
    return any(mark and mark.fields[-1] == way.fields[at].name for mark in marks)


class Shape:
    """What there is to know of the classes that one may hold, before making any."""

    def __init__(self, cls: Any) -> None:
        self.classes = [cls]
        for one in self.classes:
            self.classes += [part for part in parts_of(one) if part not in self.classes]
        self.heights: dict[Any, int] = dict.fromkeys(self.classes, ENDLESS)
        self.opens: dict[Any, bool] = dict.fromkeys(self.classes, False)
        while self.settled() > 0:
            pass

    def settled(self) -> int:
        """One round of both; how much it changed."""
        changed = 0
        for cls in self.classes:
            height, opens = self.height(cls), self.open(cls)
            changed += height != self.heights[cls]
            changed += opens != self.opens[cls]
            self.heights[cls], self.opens[cls] = height, opens
        return changed

    def height(self, cls: Any) -> int:
        """How many messages deep the flattest value of a class is."""
        declared: Declaration = cls.__declared__
        if is_mere_family(declared):
            return min(
                (self.heights[one] for one in declared.variants), default=ENDLESS
            )
        return min(self.way_height(way) for _, way in ways_of(declared))

    def way_height(self, way: Declaration) -> int:
        tallest = 0
        for one in way.stored:
            if one.trailing:
                continue
            if isinstance(one.kind, Nested | Choice):
                tallest = max(tallest, self.heights[optional(one.type)])
            elif isinstance(one.kind, Repeat) and isinstance(one.kind.count, int):
                some = one.kind.of is None and one.kind.count > 0
                least = self.heights[element_of(one.type)] if some else 0
                tallest = max(tallest, least)
        return min(tallest + 1, ENDLESS)

    def open(self, cls: Any) -> bool:
        """Whether only the end of the octets can end any value of a class."""
        declared: Declaration = cls.__declared__
        if is_mere_family(declared):
            return all(self.opens[one] for one in declared.variants)
        return all(self.way_open(way) for _, way in ways_of(declared))

    def way_open(self, way: Declaration) -> bool:
        return any(
            self.field_open(one) and not enclosed(way, at)
            for at, one in enumerate(way.fields)
        )

    def field_open(self, one: Field) -> bool:
        kind = one.kind
        if one.trailing:
            return True
        if isinstance(kind, Octets):
            return kind.count is None
        if isinstance(kind, Nested | Choice):
            return self.opens[optional(one.type)]
        if isinstance(kind, Repeat):
            if kind.of is not None or not kind.count:
                return kind.count is None and kind.within is None
            return isinstance(kind.count, int) and self.opens[element_of(one.type)]
        return False


def is_mere_family(declared: Declaration) -> bool:
    return declared.is_family and not declared.tags
