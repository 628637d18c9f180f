# SPDX-License-Identifier: Apache-2.0
"""Lays the states of a family: how its tag leads to a variant, by the way of `lower`.

Over `fields`.  A tag of one octet that comes last is an edge for each variant; any
other is loaded to a register first, and decided by.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from ..automata.registers import (
    Load,
    built,
    cell,
    equals,
    section,
    starts,
)
from ..automata.states import decide, state
from ..errors import GrammarError
from .declaration import (
    Declaration,
    Field,
)
from .fields import Chain, Part
from .reach import guarded_field
from .spell import every_spelling, layouts, shown
from .wire import (
    InTag,
    Tag,
    UInt,
)

if TYPE_CHECKING:
    from .lower import Lowering

__all__ = ["Family"]


class Family:
    """A family's variants, being laid: all of them, or one alone."""

    def __init__(
        self, work: Lowering, declaration: Declaration, only: Any = None
    ) -> None:
        self.work = work
        self.declaration = declaration
        base = declaration.base.__declared__
        self.base: Declaration = base
        self.variants = [only] if only is not None else list(base.variants)
        self.name = declaration.cls.__name__
        if not self.variants:
            raise GrammarError(f"{self.name}: the family has no variants")

    def lay(self, chain: Chain) -> None:
        """A family that carries its tag itself, or a mere one by envelope."""
        tag = self.base.tag
        if tag is None:
            raise GrammarError(
                f"{self.name}: its tag stands in an envelope, so it is not read alone"
            )
        part = Part(self.work, self.base)
        direct = self.base.fields[-1] is tag and cast(UInt, tag.kind).octets == 1
        direct = direct and not any(one.__declared__.guard for one in self.variants)
        if direct:
            part.fields(chain, self.base.fields[:-1], make=False)
            self.by_symbol(chain, tag, part)
        else:
            part.fields(chain, self.base.fields, make=False)
            ask = state(f"{tag.name}?")
            chain.then(ask)
            self.decide(ask, part.registers[tag.name], part)

    def by_symbol(self, chain: Chain, tag: Field, part: Part) -> None:
        """The tag is one octet and comes last: its own edges lead to the variants."""
        register = part.new(tag.name)
        ask = chain.last if not chain.last.waits() else state(f"{tag.name}?")
        if ask is not chain.last:
            chain.then(ask)
        for variant in self.variants:
            declared = variant.__declared__
            for tags, way, label in layouts(declared):
                one = cell(f"{tag.name}={shown(tags)}")
                one.load = Load(register, 1)
                one[None] = self.variant(way, label, register, part)
                if declared.opaque:
                    ask[True] = one
                for value in tags:
                    ask[value] = one

    def by_register(self, register: int) -> state:
        """A state that decides by a tag which an envelope has."""
        ask = state("tag?")
        self.decide(ask, register, None)
        return ask

    def decide(self, ask: state, register: int, part: Part | None) -> None:
        """Edges by a register's value, guarded variants before plain ones."""
        plain: dict[int, state] = {}
        guards: dict[int, list[tuple[starts, state, str]]] = {}
        default = None
        for variant in self.variants:
            declared = variant.__declared__
            for tags, way, label in layouts(declared):
                machine = self.variant(way, label, register, part)
                if declared.opaque:
                    default = machine
                for value in tags:
                    if declared.guard is not None:
                        guard = self.starts(declared)
                        guards.setdefault(value, []).append((guard, machine, label))
                    else:
                        plain[value] = machine
        for value, guarded in guards.items():
            also = state(f"0x{value:02X}?")
            for guard, goal, label in guarded:
                also[None] = decide(label, goal, guard)
            also[None] = plain.get(value, default)
            plain[value] = also
        together: dict[state, list[int]] = {}
        for value, target in plain.items():
            together.setdefault(target, []).append(value)
        for leads, values in together.items():
            test = equals(register, tuple(values))
            ask[None] = decide(shown(tuple(values)), leads, test)
        ask[None] = default

    def starts(self, declared: Declaration) -> starts:
        guard = declared.guard
        if guard is None:
            raise GrammarError(f"{self.name}: no guard")
        owner, field = guarded_field(declared, guard.field)
        register = self.work.names[f"{owner.__name__}.{field}"]
        return starts(register, tuple(every_spelling(guard.values)))

    def variant(
        self,
        declared: Declaration,
        label: str,
        register: int,
        base: Part | None,
    ) -> section:
        """The machine of a variant, after what its base has."""
        before = {one.name for one in self.base.fields} if base is not None else ()
        fields = tuple(one for one in declared.fields if one.name not in before)
        part = Part(self.work, declared)
        if base is not None:
            part.pushed = list(base.pushed)
        head = built("begin")
        chain = Chain(head)
        mine = tuple(
            one
            for one in fields
            if not (isinstance(one.kind, InTag) or (one.stored and one.mark(Tag)))
        )
        for one in fields:
            if isinstance(one.kind, InTag):
                part.some_bits(chain, one, register, one.kind.shift, one.kind.mask)
        for one in declared.fields:
            if one.stored and one.mark(Tag):
                part.some_bits(chain, one, register, 0, -1)
        part.fields(chain, mine)
        return section(label, head)
