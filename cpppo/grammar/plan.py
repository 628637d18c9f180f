# SPDX-License-Identifier: Apache-2.0
"""Makes the plans by which `emit` writes records, from the same declarations.

Beside `lower`, which makes what reads them.
"""

from __future__ import annotations

import struct
from itertools import pairwise
from typing import Any, cast

from ..errors import GrammarError
from .declaration import (
    Declaration,
    Field,
    asks,
    bit_groups,
    element_of,
    optional,
)
from .emit import STEP, STEPS, Plan
from .spell import layouts, numbers_format
from .wire import (
    BIG,
    Bits,
    Choice,
    Counts,
    Digits,
    Float,
    InTag,
    Measures,
    Nested,
    Octets,
    Pad,
    Repeat,
    Reserved,
    Tag,
    Tags,
    UInt,
)

__all__ = ["Planning"]

NUMBER = {name: number for number, name in enumerate(STEPS)}


class Planning:
    """The plans of the classes that one message may hold."""

    def __init__(self, recursive: set[Any]) -> None:
        self.recursive = recursive
        self.plans: dict[Any, Plan] = {}
        self.every: dict[Any, list[Plan]] = {}

    def plan(self, cls: Any) -> Plan:
        """The plan of a class, made once; its other spellings hang on it."""
        if cls in self.plans:
            return self.plans[cls]
        declared: Declaration = cls.__declared__
        if declared.is_family and not declared.tags:
            raise GrammarError(f"{cls.__name__} is a family: write one of its variants")
        family = declared.base is not None and not declared.is_family
        ways: list[tuple[tuple[int, ...], Declaration]]
        if family and (declared.tags or declared.opaque):
            known = {spelling.tags: spelling for spelling in declared.spellings}
            ways = [
                (tags, way)
                for tags, way, _ in layouts(declared)
                if tags not in known or not known[tags].reads_only
            ]
        else:
            ways = [((), declared)]
        plans = [Plan(cls.__name__) for _ in ways]
        self.plans[cls] = plans[0]
        self.every[cls] = plans
        for plan, following in pairwise(plans):
            plan.others = following
        for plan, (tags, way) in zip(plans, ways, strict=True):
            plan.nests = cls in self.recursive or declared.base in self.recursive
            Steps(self, way, plan, tags).lay(family)
        return plans[0]

    def several(self, cls: Any) -> dict[Any, Plan]:
        """The plans of a message, or of all variants of a family, by class."""
        declared: Declaration = cls.__declared__
        if declared.is_family:
            return {variant: self.plan(variant) for variant in declared.variants}
        return {cls: self.plan(cls)}


class Steps:
    """The steps of one class in one spelling, being laid."""

    def __init__(
        self,
        work: Planning,
        declared: Declaration,
        plan: Plan,
        tags: tuple[int, ...],
    ) -> None:
        self.work = work
        self.declared = declared
        self.plan = plan
        self.tags = tags
        self.own = declared.fields
        self.steps: list[int] = []
        self.objects: list[Any] = []
        self.fields: list[str] = []
        self.slots: dict[Any, int] = {}
        self.ends: list[tuple[str, Field, Measures]] = []

    def add(
        self,
        kind: str,
        field: str,
        a: int = 0,
        b: int = 0,
        c: int = 0,
        d: int = 0,
        e: int = 0,
        f: int = 0,
        index: int = 0,
    ) -> None:
        self.steps += (NUMBER[kind], index, a, b, c, d, e, f)
        self.fields.append(field)

    def object(self, one: Any) -> int:
        self.objects.append(one)
        return len(self.objects) - 1

    def slot(self, key: Any) -> int:
        return self.slots.setdefault(key, len(self.slots))

    def lay(self, family: bool) -> None:
        fields = self.all = self.declared.fields
        if family:
            before = {one.name for one in self.declared.base.__declared__.fields}
            self.own = tuple(one for one in fields if one.name not in before)
        if any(isinstance(one.kind, Pad) and one.kind.over is None for one in fields):
            self.add("FROM", "", self.slot(None))
        at = 0
        while at < len(fields):
            if asks(fields, at):
                self.stop(fields[at])
            group = [fields[at]]
            if isinstance(fields[at].kind, Bits):
                group = next(group for group in bit_groups(fields[at:]))
            self.field(group)
            self.guards(fields[at])
            at += len(group)
        if self.declared.spellings or any(isinstance(o.kind, InTag) for o in self.own):
            self.tests()
        self.plan.slots = len(self.slots)
        self.plan.settle(self.steps, self.objects, self.fields)

    def field(self, group: list[Field]) -> None:
        """A field, or several that are bits of one number."""
        one, ending = group[0], group[-1].name
        measures = [
            (other, mark)
            for other in self.all
            if (mark := other.mark(Measures)) is not None and mark.fields[0] == one.name
        ]
        padded = any(
            isinstance(o.kind, Pad) and o.kind.over == one.name for o in self.all
        )
        if padded or measures:
            self.begin(one, measures)
        self.ends += [(mark.fields[-1], by, mark) for by, mark in measures]
        if isinstance(one.kind, Bits):
            self.bits(group)
        else:
            self.kind(one)
        for last, by, mark in self.ends:
            if last == ending:
                kind = cast(UInt, by.kind)
                if isinstance(by.kind, Digits):
                    self.digits_before(by, by.kind, mark)
                    continue
                self.add(
                    "MEASURED",
                    by.name,
                    kind.octets,
                    int(kind.order == BIG),
                    self.slot(("held", by.name)),
                    self.slot(mark.fields[0]),
                    mark.unit,
                    mark.bias,
                )
        self.ends = [end for end in self.ends if end[0] != ending]

    def digits_before(self, by: Field, kind: Digits, mark: Measures) -> None:
        how = (kind.most, kind.end, mark.unit, mark.bias)
        held = self.slot(("held", by.name))
        begin = self.slot(mark.fields[0])
        self.add("INSERT", by.name, self.object(how), held, begin)

    def begin(self, one: Field, measures: list[tuple[Field, Measures]]) -> None:
        """Note where a field begins, with the length before it where there is one."""
        slot = self.slot(one.name)
        last = self.steps[-STEP:]
        held = [self.slots.get(("held", by.name)) for by, _ in measures]
        if last and last[0] == NUMBER["HOLD"] and last[4] in held and slot:
            self.steps[-STEP + 5] = slot
        else:
            self.add("FROM", one.name, slot)

    def guards(self, one: Field) -> None:
        """What this field must hold, or may not, for its octets to come back so."""
        base = self.declared.base
        for variant in base.__declared__.variants if base and one.stored else ():
            other: Declaration = variant.__declared__
            mine = other.cls is self.declared.cls
            shared = mine or set(other.tags) & set(self.tags)
            if other.guard is None or not shared:
                continue
            first, _, inner = other.guard.field.partition(".")
            if first == one.name:
                wanted = tuple(other.guard.values)
                inside = optional(one.type).__declared__ if inner else None
                place = inside.index(inner) if inside else -1
                how = (place, wanted, mine, ", ".join(map(repr, wanted)))
                index = self.declared.index(first)
                self.add("GUARD", first, self.object(how), index=index)

    def stop(self, one: Field) -> None:
        later = self.all[self.all.index(one) :]
        wanted = [
            (self.declared.index(other.name), other.default)
            for other in later
            if other.stored
        ]
        self.add("STOP", one.name, self.object(wanted))

    def kind(self, one: Field) -> None:
        kind = one.kind
        index = self.declared.index(one.name) if one.stored else 0
        name = one.name
        if isinstance(kind, UInt):
            self.integer(one, kind, index)
        elif isinstance(kind, Digits):
            self.digits(one, kind, index)
        elif isinstance(kind, Float):
            self.add("PACK", name, self.object(struct.Struct(kind.format)), index=index)
        elif isinstance(kind, Octets):
            self.octets(one, kind, index)
        elif isinstance(kind, Reserved):
            self.add("FILL", name, kind.octets, kind.fill)
        elif isinstance(kind, Pad):
            self.add("PAD", name, self.slot(kind.over), kind.to, kind.fill)
        elif isinstance(kind, Nested | Choice):
            plans = self.work.several(optional(one.type))
            self.add("NESTED", name, self.object(plans), index=index)
        elif isinstance(kind, Repeat) and kind.of is not None:
            how = struct.Struct(numbers_format(kind.of))
            self.add("NUMBERS", name, self.object(how), index=index)
        elif isinstance(kind, Repeat):
            plans = self.work.several(element_of(one.type))
            self.add("LIST", name, self.object(plans), index=index)

    def integer(self, one: Field, kind: UInt, index: int) -> None:
        width, big = kind.octets, int(kind.order == BIG)
        name = one.name
        if one.mark(Tag) and not one.stored:
            self.own_tag(name, kind)
        elif one.mark(Tag) and self.declared.base.__declared__.tag is None:
            pass  # it stands in the envelope alone
        elif measures := one.mark(Measures):
            self.add("HOLD", name, width, big, self.slot(("held", name)))
            del measures
        elif counts := one.mark(Counts):
            where = self.declared.index(counts.field)
            self.add("COUNT", name, width, big, index=where)
        elif tags := one.mark(Tags):
            self.envelope(name, tags.field, width, big)
        elif width > 7:
            how = (width, kind.order, kind.signed)
            self.add("LARGE", name, self.object(how), index=index)
        else:
            self.add("INT", name, width, big | 2 * kind.signed, index=index)

    def digits(self, one: Field, kind: Digits, index: int) -> None:
        """Digits take as many octets as they need: a length is put in afterwards."""
        if one.mark(Measures):
            self.add("HOLD", one.name, 0, 0, self.slot(("held", one.name)))
        elif counts := one.mark(Counts):
            counted = (kind.most, kind.end, self.declared.index(counts.field))
            self.add("DIGITS", one.name, self.object(counted))
        else:
            how = (kind.most, kind.end, None)
            self.add("DIGITS", one.name, self.object(how), index=index)

    def own_tag(self, name: str, kind: UInt) -> None:
        parts = [
            (self.declared.index(one.name), one.kind.mask, one.kind.shift)
            for one in self.own
            if isinstance(one.kind, InTag)
        ]
        if parts:
            free = 0
            for _, mask, shift in parts:
                free |= mask << shift
            fixed = self.tags[0] & ~free
            for number, (index, mask, shift) in enumerate(parts):
                again = int(number > 0)
                self.add("IN_TAG", name, fixed, 0, mask, shift, again, index=index)
            return
        octets = self.tags[0].to_bytes(kind.octets, "big")
        for octet in octets if kind.order == BIG else reversed(octets):
            self.add("OCTET", name, octet)

    def envelope(self, name: str, field: str, width: int, big: int) -> None:
        family = optional(self.declared.field(field).type).__declared__
        tags = {}
        for variant in family.variants:
            declared = variant.__declared__
            if declared.opaque:
                own = [one.name for one in declared.stored if one.mark(Tag)]
                tags[variant] = -1 - declared.index(own[0])
            else:
                tags[variant] = declared.tags[0]
        where = self.declared.index(field)
        self.add("TAGGED", name, width, big, self.object(tags), index=where)

    def octets(self, one: Field, kind: Octets, index: int) -> None:
        count = kind.count if isinstance(kind.count, int) else -1
        if kind.codec is not None:
            how = self.object(kind.codec.encode)
            self.add("CODEC", one.name, how, index=index)
        elif kind.text is not None:
            self.add("TEXT", one.name, count, self.object(kind.text), index=index)
        else:
            self.add("OCTETS", one.name, count, index=index)

    def bits(self, group: list[Field]) -> None:
        shift, parts = 0, []
        for one in group:
            width = cast(Bits, one.kind).width
            parts.append((self.declared.index(one.name), shift, width, one.name))
            shift += width
        self.add("BITS", group[0].name, self.object((shift // 8, parts)))

    def tests(self) -> None:
        """What a value must be for this spelling to hold it."""
        ranges: list[tuple[int, int, int]] = []
        types: list[tuple[int, Any, int, str | None]] = []
        for one in self.own:
            if not one.stored:
                continue
            index, kind = self.declared.index(one.name), one.kind
            if isinstance(kind, InTag):
                values = sorted((tag >> kind.shift) & kind.mask for tag in self.tags)
                ranges.append((index, values[0], values[-1]))
            elif not self.declared.spellings:
                continue  # the only way there is: what does not fit says so itself
            elif isinstance(kind, UInt):
                least = max(kind.least, -(1 << 63))
                ranges.append((index, least, min(kind.most, (1 << 63) - 1)))
            elif isinstance(kind, Octets) and kind.codec is None:
                size = kind.count if isinstance(kind.count, int) else -1
                wanted = bytes if kind.text is None else str
                types.append((index, wanted, size, kind.text))
            elif isinstance(kind, Float):
                types.append((index, (int, float), -1, None))
        self.plan.test(ranges, types)
