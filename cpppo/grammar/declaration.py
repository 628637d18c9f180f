# SPDX-License-Identifier: Apache-2.0
"""What a message class declares: its fields, and what they say of each other.

Over `wire` (the kinds).  `declare` reads it from a class, `check` looks whether it is
right, and everything else of the grammar is a reading of it.
"""

from __future__ import annotations

import enum
import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import GrammarError
from .wire import (
    Bits,
    Choice,
    Counts,
    Kind,
    Mark,
    Measures,
    Nested,
    Octets,
    Repeat,
    Spelling,
    Starts,
    Tag,
    Trailing,
)

__all__ = ["MISSING", "Declaration", "Derived", "Field"]


class Missing:
    """No default."""

    def __repr__(self) -> str:
        return "<no default>"


MISSING = Missing()


class Derived:
    """The default of a field that nobody gives, because others say what it is."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a message."""

    name: str
    kind: Kind
    marks: tuple[Mark, ...] = ()
    type: Any = Any
    default: Any = MISSING
    stored: bool = True

    def mark(self, kind: Any) -> Any:
        for mark in self.marks:
            if isinstance(mark, kind):
                return mark
        return None

    @property
    def trailing(self) -> bool:
        return self.mark(Trailing) is not None


@dataclass(slots=True)
class Declaration:
    """A message class as it was declared."""

    cls: Any
    fields: tuple[Field, ...]
    base: Any = None  # the family that it belongs to, or is
    tags: tuple[int, ...] = ()
    opaque: bool = False
    guard: Starts | None = None
    spellings: tuple[Spelling, ...] = ()
    listed: list[Any] = field(default_factory=list)  # the variants known so far
    awaited: list[Any] = field(default_factory=list)  # they speak of names to come
    used: bool = False  # a machine was made of it: nothing may be added

    @property
    def variants(self) -> list[Any]:
        """All variants of a family; the names that they speak of must be there now."""
        while self.awaited:
            variant = self.awaited.pop(0)
            try:
                _ = variant.__declared__
            except GrammarError:
                self.awaited.insert(0, variant)
                raise
        return self.listed

    @property
    def stored(self) -> tuple[Field, ...]:
        return tuple(one for one in self.fields if one.stored)

    @property
    def is_family(self) -> bool:
        return self.base is self.cls

    @property
    def tag(self) -> Field | None:
        """The field that carries the tag in band."""
        for one in self.fields:
            if one.mark(Tag):
                return one
        return None

    def field(self, name: str) -> Field:
        for one in self.fields:
            if one.name == name:
                return one
        raise self.wrong(name, "there is no such field")

    def index(self, name: str) -> int:
        return [one.name for one in self.stored].index(name)

    def wrong(self, name: str, problem: str) -> GrammarError:
        return GrammarError(f"{self.cls.__name__}.{name}: {problem}")

    def measure(self, name: str) -> tuple[Field, Measures] | None:
        """The field that measures this one alone, and how."""
        for one in self.fields:
            mark = one.mark(Measures)
            if mark is not None and mark.fields == (name,):
                return one, mark
        return None

    def span(
        self, name: str, open_: tuple[str, ...] = ()
    ) -> tuple[Field, Measures] | None:
        """The field that measures several, of which this is the first, and how.

        Of one field alone too, if its kind takes no length itself.  Where several
        begin here, the longest that is not open yet.
        """
        found = []
        for one in self.fields:
            mark = one.mark(Measures)
            if mark is None or mark.fields[0] != name or one.name in open_:
                continue
            if len(mark.fields) > 1 or not takes_length(self.field(name).kind):
                found.append((one, mark))
        return max(found, key=lambda each: len(each[1].fields), default=None)

    def counter(self, name: str) -> Field | None:
        for one in self.fields:
            mark = one.mark(Counts)
            if mark is not None and mark.field == name:
                return one
        return None


def is_message(one: Any) -> bool:
    return isinstance(one, type) and hasattr(one, "__declaring__")


def takes_length(kind: Kind) -> bool:
    """Whether it is the length, where there is one, that ends a field of this kind."""
    if isinstance(kind, Octets):
        return not isinstance(kind.count, int)
    if isinstance(kind, Repeat):
        return kind.of is None or kind.count is None
    return isinstance(kind, Nested | Choice)


def asks(fields: tuple[Field, ...], at: int) -> bool:
    """Whether the octets may end before this field, and the rest be left out.

    What is not stored goes with the field after it: there is no length of nothing.
    """
    if not fields[at].trailing:
        return False
    before = fields[at - 1] if at else None
    return before is None or not before.trailing or before.stored


def bit_groups(fields: tuple[Field, ...]) -> Iterator[list[Field]]:
    group: list[Field] = []
    for one in fields:
        if isinstance(one.kind, Bits):
            group.append(one)
        elif group:
            yield group
            group = []
    if group:
        yield group


def optional(type_: Any) -> Any:
    """X of X | None."""
    if typing.get_origin(type_) in (typing.Union, types.UnionType):
        given = [one for one in typing.get_args(type_) if one is not type(None)]
        return given[0] if len(given) == 1 else type_
    return type_


def element_of(type_: Any) -> Any:
    """X of tuple[X, ...]."""
    type_ = optional(type_)
    arguments = typing.get_args(type_)
    if typing.get_origin(type_) is tuple and len(arguments) == 2:
        return arguments[0] if arguments[1] is Ellipsis else None
    return None


def is_enum(type_: Any) -> bool:
    return isinstance(type_, type) and issubclass(type_, enum.Enum)


def spelled(declaration: Declaration, spelling: Spelling) -> Declaration:
    """A variant as one of its spellings has it."""
    base = declaration.base.__declared__.fields
    fields = [declaration.field(one.name) for one in base]
    for name, (kind, *marks) in spelling.fields.items():
        if name.startswith("_"):
            fields.append(Field(name, kind, tuple(marks), stored=False))
        else:
            one = declaration.field(name)
            fields.append(replace(one, kind=kind, marks=(*one.marks, *marks)))
    return replace(declaration, fields=tuple(fields))
