# SPDX-License-Identifier: Apache-2.0
"""Lays the states of one message's fields: the larger half of `lower`.

Each field is a chain of states; what it says of others becomes counts, limits and
pads over registers, and what it is worth is noted on the tape.
"""

from __future__ import annotations

import codecs
import struct
from typing import TYPE_CHECKING, Any, cast

from ..automata.registers import (
    Count,
    bits,
    built,
    digits,
    number,
    pad,
    repeated,
    section,
    span,
)
from ..automata.states import state
from . import actions
from .declaration import (
    Declaration,
    Field,
    asks,
    bit_groups,
    element_of,
    is_enum,
    optional,
)
from .reach import may_be_empty
from .spell import numbers_format
from .wire import (
    BIG,
    Bits,
    Choice,
    Digits,
    Float,
    Nested,
    Octets,
    Pad,
    Repeat,
    Reserved,
    Tag,
    UInt,
)

if TYPE_CHECKING:
    from .lower import Lowering

__all__ = ["Chain", "Part"]

WIDEST = 8  # octets of an integer that a register holds


class Chain:
    """States in a line: what comes next is linked to what was last."""

    def __init__(self, head: state) -> None:
        self.last = head

    def then(self, first: state, last: state | None = None) -> None:
        if isinstance(self.last, section) and first.consumes:
            # A machine is a place to end at; what stands after it is none.
            between = state(f"after {self.last.label}")
            self.last[None] = between
            self.last = between
        self.last[True if first.consumes else None] = first
        self.last = last or first


class Part:
    """The fields of one class, being laid."""

    def __init__(self, work: Lowering, declaration: Declaration) -> None:
        self.work = work
        self.declaration = declaration
        self.registers: dict[str, int] = {}
        self.origins: dict[str | None, int] = {}
        self.pushed: list[str] = []
        self.fields_laid: tuple[Field, ...] = ()

    def action(
        self, kind: int, argument: Any = None, field: str = ""
    ) -> tuple[int, ...]:
        name = f"{self.declaration.cls.__name__}.{field}" if field else ""
        return (self.work.actions.number(kind, argument, name),)

    def new(self, field: str) -> int:
        register = self.work.register(self.declaration.cls, field)
        self.registers[field] = register
        return register

    # -- a run of fields

    def fields(
        self, chain: Chain, fields: tuple[Field, ...], make: bool = True
    ) -> None:
        """Lay fields in their order, and what makes the record of them."""
        self.fields_laid = fields
        self.absent: list[tuple[state, int]] = []
        self.begin(chain, None, fields)
        self.run(chain, fields)
        if not make:
            return
        end = built("end", terminal=True)
        end.builds = self.make()
        for ask, at in self.absent:
            gone = built(f"no {fields[at].name}")
            for one in fields[at:]:
                if one.stored:
                    gone.builds += self.action(actions.CONSTANT, (one.default,))
            ask[None] = gone
            gone[None] = end
        chain.then(end)

    def run(
        self, chain: Chain, fields: tuple[Field, ...], spans: tuple[str, ...] = ()
    ) -> None:
        """Lay fields; `spans` are the lengths that they are within already."""
        at = 0
        while at < len(fields):
            if not spans and asks(fields, at):
                one = fields[at]
                ask = state(f"{one.name}?")
                chain.then(ask)
                # Any octet leads to the field, none to its absence.
                chain.last = cast(Any, Asking(ask))
                self.absent.append((ask, self.fields_laid.index(one)))
            at += self.one_or_measured(chain, fields, at, spans)

    def one_or_measured(
        self, chain: Chain, fields: tuple[Field, ...], at: int, spans: tuple[str, ...]
    ) -> int:
        one = fields[at]
        found = self.declaration.span(one.name, spans)
        if found is None and isinstance(one.kind, Bits):
            group = next(group for group in bit_groups(fields[at:]))
            self.bits(chain, group)
            return len(group)
        if found is None:
            self.field(chain, one)
            return 1
        several = fields[at : at + len(found[1].fields)]
        head = state("begin")
        inner = Chain(head)
        self.run(inner, several, (*spans, found[0].name))
        inner.last._terminal = True
        count = self.measured(found)
        name = several[0].name
        if len(several) > 1:
            name = f"{name}..{several[-1].name}"
        chain.then(section(name, head, count, self.saved(several[-1])))
        return len(several)

    def measured(self, found: Any) -> Count | None:
        if found is None:
            return None
        by, mark = found
        return Count(self.registers[by.name], mark.unit, -mark.bias * mark.unit)

    def begin(self, chain: Chain, over: str | None, fields: tuple[Field, ...]) -> None:
        """Note where something begins that a pad later counts from."""
        wanted = any(isinstance(f.kind, Pad) and f.kind.over == over for f in fields)
        if wanted:
            here = built(f"{over or 'all'} from")
            here.here = self.origins[over] = self.new(f"{over or ''}@")
            chain.then(here)

    def make(self) -> tuple[int, ...]:
        names = [one.name for one in self.declaration.stored]
        if self.pushed == names:
            return self.action(actions.MAKE, (self.declaration.cls, len(names)))
        order = tuple(self.pushed.index(name) for name in names)
        return self.action(actions.ARRANGE, (self.declaration.cls, order))

    def saved(self, one: Field) -> tuple[int, ...]:
        """The registers that must outlive this field, which may hold its own kind."""
        if not self.declaration_recurs():
            return ()
        fields = self.fields_laid
        at = fields.index(one)
        later = {f.name for f in fields[at:]}
        kept = []
        for field in fields[:at]:
            for mark in field.marks:
                spoken = {*getattr(mark, "fields", ()), getattr(mark, "field", None)}
                if spoken & later or isinstance(mark, Tag):
                    kept.append(self.registers[field.name])
        for later_one in fields[at + 1 :]:
            if isinstance(later_one.kind, Pad):
                kept.append(self.origins[later_one.kind.over])
        return tuple(dict.fromkeys(kept))

    def declaration_recurs(self) -> bool:
        work, base = self.work, self.declaration.base
        return self.declaration.cls in work.recursive or base in work.recursive

    # -- fields, by kind

    def field(self, chain: Chain, one: Field) -> None:
        kind = one.kind
        if not isinstance(kind, Octets):
            self.begin(chain, one.name, self.fields_laid)
        if isinstance(kind, UInt):
            self.integer(chain, one, kind)
        elif isinstance(kind, Digits):
            taker = digits(one.name, self.new(one.name), kind.most, kind.end)
            taker.builds = self.whole(one) if one.stored else ()
            chain.then(taker)
        elif isinstance(kind, Float):
            action = self.action(actions.UNPACK, struct.Struct(kind.format), one.name)
            self.span(chain, one, Count(bias=kind.octets), action)
        elif isinstance(kind, Octets):
            self.octets(chain, one, kind)
        elif isinstance(kind, Reserved):
            self.span(chain, one, Count(bias=kind.octets), ())
        elif isinstance(kind, Pad):
            chain.then(pad(one.name, kind.to, self.origins[kind.over]))
        elif isinstance(kind, Nested):
            self.nested(chain, one)
        elif isinstance(kind, Choice):
            self.choice(chain, one, kind)
        elif isinstance(kind, Repeat):
            self.repeat(chain, one, kind)
        else:
            raise self.declaration.wrong(one.name, f"{kind!r} is no kind of a field")
        if one.stored and one.name not in self.pushed:
            self.pushed.append(one.name)

    def integer(self, chain: Chain, one: Field, kind: UInt) -> None:
        if kind.octets > WIDEST:
            action = self.action(actions.LARGE, (kind.order, kind.signed), one.name)
            self.span(chain, one, Count(bias=kind.octets), action)
            return
        register = self.new(one.name)
        cells = number(
            one.name,
            register,
            kind.octets,
            big=kind.order == BIG,
            signed=kind.signed,
        )
        if one.stored:
            cells[-1].builds = self.whole(one, kind.octets == 8 and not kind.signed)
        chain.then(cells[0], cells[-1])

    def whole(self, one: Field, wide: bool = False) -> tuple[int, ...]:
        """What makes a value of a register's number."""
        type_ = optional(one.type)
        if is_enum(type_):
            members = {member.value: member for member in type_}
            return self.action(actions.CONVERT, members, one.name)
        if type_ is bool:
            return self.action(actions.CONVERT, {0: False, 1: True}, one.name)
        return self.action(actions.WIDE if wide else actions.INT)

    def span(
        self, chain: Chain, one: Field, count: Count | int, builds: tuple[int, ...]
    ) -> None:
        taker = span(one.name, count, self.new(one.name))
        taker.builds = builds if one.stored else ()
        self.origins[one.name] = taker.register
        chain.then(taker)

    def octets(self, chain: Chain, one: Field, kind: Octets) -> None:
        count: Count | int | None = self.measured(self.declaration.measure(one.name))
        if isinstance(kind.count, int):
            count = Count(bias=kind.count)
        if kind.codec is not None:
            action = self.action(actions.DECODE, kind.codec.decode, one.name)
        elif kind.text is not None:
            latin = codecs.lookup(kind.text).name == "iso8859-1"
            action = self.action(
                actions.LATIN if latin else actions.TEXT, kind.text, one.name
            )
        else:
            action = self.action(actions.OCTETS)
        self.span(chain, one, -1 if count is None else count, action)

    def bits(self, chain: Chain, group: list[Field]) -> None:
        width = sum(cast(Bits, one.kind).width for one in group)
        self.begin(chain, group[0].name, self.fields_laid)
        name = "|".join(one.name for one in group)
        origin = self.new(name)
        cells = number(name, origin, width // 8)
        chain.then(cells[0], cells[-1])
        shift = 0
        for one in group:
            kind = cast(Bits, one.kind)
            self.some_bits(chain, one, origin, shift, (1 << kind.width) - 1)
            shift += kind.width

    def some_bits(
        self, chain: Chain, one: Field, origin: int, shift: int, mask: int
    ) -> None:
        part = bits(one.name, origin, self.new(one.name), shift, mask)
        if one.stored:
            part.builds = self.whole(one)
            self.pushed.append(one.name)
        chain.then(part)

    def nested(self, chain: Chain, one: Field) -> None:
        machine = self.work.message(optional(one.type))
        count = self.measured(self.declaration.measure(one.name))
        chain.then(section(one.name, machine, count, self.saved(one)))

    def choice(self, chain: Chain, one: Field, kind: Choice) -> None:
        count = self.measured(self.declaration.measure(one.name))
        family = optional(one.type).__declared__
        tag = self.registers[kind.by]
        decider = self.work.family(family).by_register(tag)
        chain.then(section(one.name, decider, count, self.saved(one)))

    def repeat(self, chain: Chain, one: Field, kind: Repeat) -> None:
        counter = self.declaration.counter(one.name)
        times: Count | None = None
        if counter is not None:
            times = Count(self.registers[counter.name])
        elif isinstance(kind.count, int):
            times = Count(bias=kind.count)
        limit = self.measured(self.declaration.measure(one.name))
        if kind.of is not None:
            self.numbers(chain, one, kind.of, times, limit)
            return
        element_type = element_of(one.type)
        if may_be_empty(element_type):
            raise self.declaration.wrong(
                one.name,
                f"repeats {element_type.__name__}, which may take no octets: how many "
                "there were could not be told",
            )
        element = self.work.message(element_type)
        first = built(f"{one.name}[")
        first.builds = self.action(actions.MARK)
        chain.then(first)
        self.extent(chain, one, before=True)
        if times is not None:
            chain.then(
                repeated(one.name, element, times, count=limit, saved=self.saved(one))
            )
        else:
            chain.then(
                section(one.name, all_of(one.name, element), limit, self.saved(one))
            )
        self.extent(chain, one, before=False)
        last = built(f"{one.name}]")
        last.builds = self.action(actions.LIST)
        chain.then(last)

    def extent(self, chain: Chain, one: Field, before: bool) -> None:
        """Note where a field that a guard looks at begins and ends."""
        owner = self.declaration.cls
        if (owner, one.name) not in self.work.guarded:
            return
        if before:
            self.registers[one.name] = self.new(one.name)
        here = built(f"{one.name} {'from' if before else 'to'}")
        here.here = self.registers[one.name] + (not before)
        chain.then(here)

    def numbers(
        self,
        chain: Chain,
        one: Field,
        of: UInt | Float,
        times: Count | None,
        limit: Count | None,
    ) -> None:
        """Numbers of one width go together, as the octets that they are."""
        if isinstance(of, UInt) and of.octets not in (1, 2, 4, 8):
            raise self.declaration.wrong(
                one.name, "repeats numbers of 1, 2, 4 or 8 octets"
            )
        how = struct.Struct(numbers_format(of))
        action = self.action(actions.NUMBERS, how, one.name)
        count: Count | int = -1
        if times is not None:
            unit = times.unit * of.octets
            count = Count(times.register, unit, times.bias * of.octets)
        elif limit is not None:
            count = limit
        self.span(chain, one, count, action)


class Asking:
    """A state whose way on is open to any octet."""

    def __init__(self, ask: state) -> None:
        self.ask = ask

    def __setitem__(self, key: Any, target: state) -> None:
        self.ask[True] = target


def all_of(name: str, element: section) -> state:
    """A state that goes round through an element until the octets end."""
    more = state(f"{name}?", terminal=True)
    one = section(f"{name}[]", element)
    more[True] = one
    one[None] = more
    return more
