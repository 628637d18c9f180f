# SPDX-License-Identifier: Apache-2.0
"""What a message class declares, read once from its annotations and checked.

Between `wire` (the kinds) and `message` (the class).  Everything that can be wrong
with a declaration is said here, when the class is made, naming class and field.
"""

from __future__ import annotations

import enum
import sys
import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, cast

from ..errors import GrammarError
from .wire import (
    ANY,
    Bits,
    Choice,
    Counts,
    Kind,
    Mark,
    Measures,
    Nested,
    Octets,
    Pad,
    Repeat,
    Reserved,
    Spelling,
    Starts,
    Tag,
    Trailing,
    as_tags,
)

__all__ = ["MISSING", "Declaration", "Derived", "Field", "declare"]


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
    variants: list[Any] = field(default_factory=list)  # of a family, as declared
    used: bool = False  # a machine was made of it: nothing may be added

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


def declare(cls: Any, options: dict[str, Any]) -> Declaration:
    """Read what a class declares; raises GrammarError, or NameError for a name to come."""
    inherited = known(cls)
    fields = {one.name: one for one in (inherited.fields if inherited else ())}
    hints = own_hints(cls)
    for name, hint in hints.items():
        if typing.get_origin(hint) is typing.ClassVar:
            continue
        default = cls.__dict__["__defaults__"].get(name, MISSING)
        fields[name] = read_field(cls, name, hint, default)
    declaration = Declaration(cls, tuple(fields.values()))
    settle_family(declaration, inherited, options)
    from .check import check  # which needs what stands here

    check(declaration, options)
    if declaration.tags or declaration.opaque:
        register_variant(declaration)
    return declaration


def known(cls: Any) -> Declaration | None:
    for base in cls.__mro__[1:]:
        found = base.__dict__.get("__declared__")
        if found is not None:
            return cast(Declaration, found)
    return None


def own_hints(cls: Any) -> dict[str, Any]:
    """The annotations of the class itself, with its own name known to them."""
    names = list(cls.__dict__.get("__annotations__", ()))
    own = {cls.__name__: cls}
    try:
        hints = typing.get_type_hints(cls, None, own, include_extras=True)
    except GrammarError as exc:
        raise explained(cls, exc) from None
    return {name: hints[name] for name in names}


def explained(cls: Any, problem: GrammarError) -> GrammarError:
    """The same of an annotation that was text until now, with class and field."""
    around = vars(sys.modules[cls.__module__]) if cls.__module__ in sys.modules else {}
    for name, hint in cls.__annotations__.items():
        alone = types.SimpleNamespace(__annotations__={name: hint})
        try:
            typing.get_type_hints(alone, dict(around), {cls.__name__: cls})
        except GrammarError as exc:
            return GrammarError(f"{cls.__name__}.{name}: {exc}")
        except NameError:
            continue
    return GrammarError(f"{cls.__name__}: {problem}")


def read_field(cls: Any, name: str, hint: Any, default: Any) -> Field:
    """One annotated name as a field."""
    where = f"{cls.__name__}.{name}"
    if name.startswith("_") or name in ("self", "tuple") or hasattr(Reserving, name):
        raise GrammarError(f"{where}: a field may not have this name")
    type_: Any = hint
    extras: list[Any] = []
    if typing.get_origin(hint) is Annotated:
        type_, *extras = typing.get_args(hint)
    kinds: list[Kind] = [one for one in extras if isinstance(one, Kind)]
    marks = tuple(one for one in extras if isinstance(one, Mark))
    if len(kinds) > 1:
        raise GrammarError(f"{where}: has {len(kinds)} kinds, and needs one")
    if not kinds and is_message(optional(type_)):
        kinds = [Nested()]
    if not kinds:
        raise GrammarError(
            f"{where}: says nothing of how it is written; use Annotated[type, kind]"
        )
    kind = kinds[0]
    stored = not isinstance(default, Derived)
    if isinstance(kind, Pad | Reserved):
        stored = False
    if not stored:
        default = MISSING
    return Field(name, kind, marks, type_, default, stored)


class Reserving:
    """The names that a message has for itself."""

    decode = encode = parser = execution = register = machine = program = None
    layout = replace = engine = trace = fill = values = plan = None


def is_message(one: Any) -> bool:
    return isinstance(one, type) and hasattr(one, "__defaults__")


def settle_family(
    declaration: Declaration, inherited: Declaration | None, options: dict[str, Any]
) -> None:
    """Whether the class is a family, a variant of one, or neither."""
    cls = declaration.cls
    tag, when = options.get("tag"), options.get("when")
    above = inherited.base if inherited else None
    if above is None:
        if tag is not None:
            raise GrammarError(f"{cls.__name__}: has a tag, and belongs to no family")
        if options.get("family") or declaration.tag is not None:
            declaration.base = cls
        return
    declaration.base = above
    declaration.spellings = tuple(cls.__dict__.get("spellings", ()))
    if tag is None and declaration.spellings:
        tag = [one for spelling in declaration.spellings for one in spelling.tags]
    if tag is None:
        return
    declaration.opaque = tag is ANY
    declaration.tags = () if tag is ANY else as_tags(tag)
    declaration.guard = when


def register_variant(declaration: Declaration) -> None:
    family = declaration.base.__declared__
    cls = declaration.cls
    if family.used:
        raise GrammarError(
            f"{cls.__name__}: the family {family.cls.__name__} is in use already, and "
            "takes no more variants"
        )
    for other in family.variants:
        known = other.__declared__
        shared = set(known.tags) & set(declaration.tags)
        if known.opaque and declaration.opaque:
            raise GrammarError(
                f"{cls.__name__}: {other.__name__} takes all other tags already"
            )
        if shared and known.guard is None and declaration.guard is None:
            raise GrammarError(
                f"{cls.__name__}: tag 0x{min(shared):02X} is that of {other.__name__}"
            )
    family.variants.append(cls)


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
