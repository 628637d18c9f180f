# SPDX-License-Identifier: Apache-2.0
"""What a message class declares, read once from its annotations and checked.

Between `wire` (the kinds) and `message` (the class).  Everything that can be wrong
with a declaration is said here, when the class is made, naming class and field.
"""

from __future__ import annotations

import enum
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
    Digits,
    Float,
    InTag,
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
    Tags,
    Trailing,
    UInt,
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
    check(declaration, options)
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
    hints = typing.get_type_hints(cls, None, {cls.__name__: cls}, include_extras=True)
    return {name: hints[name] for name in names}


def read_field(cls: Any, name: str, hint: Any, default: Any) -> Field:
    """One annotated name as a field."""
    where = f"{cls.__name__}.{name}"
    if name.startswith("_") or hasattr(Reserving, name):
        raise GrammarError(f"{where}: a field may not have this name")
    type_, extras = hint, ()
    if typing.get_origin(hint) is Annotated:
        type_, *extras = typing.get_args(hint)
    kinds = [one for one in extras if isinstance(one, Kind)]
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
        if not (isinstance(kind, Pad | Reserved) or any(marks)):
            raise GrammarError(
                f"{where}: is derived, and nothing says from what "
                "(Measures, Counts, Tags, Tag)"
            )
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
    register_variant(declaration)


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


def check(declaration: Declaration, options: dict[str, Any]) -> None:
    """Everything that fields say of each other must be so."""
    names = [one.name for one in declaration.fields]
    for at, one in enumerate(declaration.fields):
        for mark in one.marks:
            check_mark(declaration, one, mark, names[at + 1 :])
        check_kind(declaration, one, names[:at])
    if not options.get("kw_only"):
        check_defaults(declaration)
    check_bits(declaration)
    check_spellings(declaration)
    check_trailing(declaration)


def check_mark(
    declaration: Declaration, one: Field, mark: Mark, later: list[str]
) -> None:
    wrong = declaration.wrong
    if not isinstance(one.kind, UInt | Digits) and not isinstance(mark, Trailing):
        raise wrong(one.name, f"{type(mark).__name__} stands on integers only")
    if isinstance(mark, Measures | Counts | Tags) and one.kind.octets > 8:  # type: ignore[attr-defined]
        raise wrong(one.name, "a length, count or tag has at most 8 octets")
    if isinstance(mark, Measures):
        first = mark.fields[0]
        if first not in later:
            raise wrong(one.name, f"measures {first!r}, which does not follow it")
        at = later.index(first)
        if tuple(later[at : at + len(mark.fields)]) != mark.fields:
            raise wrong(one.name, "measures fields that do not follow each other")
    elif isinstance(mark, Counts | Tags) and mark.field not in later:
        raise wrong(one.name, f"speaks of {mark.field!r}, which does not follow it")
    if isinstance(mark, Counts):
        if not isinstance(declaration.field(mark.field).kind, Repeat):
            raise wrong(one.name, f"counts {mark.field!r}, which is not repeated")
    if isinstance(mark, Tags):
        kind = declaration.field(mark.field).kind
        if not isinstance(kind, Choice) or kind.by != one.name:
            raise wrong(one.name, f"is the tag of {mark.field!r}, which is no Choice by it")
    if one.stored and isinstance(mark, Measures | Counts | Tags):
        raise wrong(one.name, "follows from other fields: give it the default derived()")


def check_kind(declaration: Declaration, one: Field, earlier: list[str]) -> None:
    kind, wrong = one.kind, declaration.wrong
    measured = getattr(kind, "within", None)
    if isinstance(kind, Octets) and isinstance(kind.count, str):
        measured = kind.count
    if measured is not None:
        found = declaration.measure(one.name)
        if found is None or found[0].name != measured:
            raise wrong(one.name, f"no field {measured!r} says that it Measures this")
    if isinstance(kind, Octets) and kind.text is not None:
        check_text(declaration, one, kind.text)
    if isinstance(kind, Pad):
        if kind.over is not None and kind.over not in earlier:
            raise wrong(one.name, f"pads {kind.over!r}, which does not come before it")
        if kind.to < 1:
            raise wrong(one.name, f"cannot pad to a multiple of {kind.to}")
    if isinstance(kind, Choice):
        check_choice(declaration, one, kind, earlier)
    if isinstance(kind, Nested) and not is_message(optional(one.type)):
        raise wrong(one.name, f"Nested needs the type of a message, not {one.type!r}")
    if isinstance(kind, Repeat):
        check_repeat(declaration, one, kind)
    if isinstance(kind, InTag) and declaration.base is None:
        raise wrong(one.name, "InTag stands in a variant of a family only")


def check_text(declaration: Declaration, one: Field, encoding: str) -> None:
    try:
        "".encode(encoding)
    except LookupError:
        raise declaration.wrong(one.name, f"unknown encoding {encoding!r}") from None


def check_choice(
    declaration: Declaration, one: Field, kind: Choice, earlier: list[str]
) -> None:
    family = optional(one.type)
    if not is_message(family) or family.__declared__.base is None:
        raise declaration.wrong(one.name, "Choice needs the type of a family")
    if kind.by not in earlier:
        raise declaration.wrong(one.name, f"{kind.by!r} does not come before it")
    tag = declaration.field(kind.by).mark(Tags)
    if tag is None or tag.field != one.name:
        raise declaration.wrong(one.name, f"{kind.by!r} does not say Tags({one.name!r})")


def check_repeat(declaration: Declaration, one: Field, kind: Repeat) -> None:
    wrong = declaration.wrong
    element = element_of(one.type)
    if element is None:
        raise wrong(one.name, "Repeat needs the type tuple[..., ...]")
    if kind.of is None and not is_message(element):
        raise wrong(one.name, "repeats neither a message nor numbers (of=UInt(...))")
    if kind.of is not None and not isinstance(kind.of, UInt | Float):
        raise wrong(one.name, f"of={kind.of!r} is no kind of number")
    if isinstance(kind.count, str):
        counter = declaration.counter(one.name)
        if counter is None or counter.name != kind.count:
            raise wrong(one.name, f"no field {kind.count!r} says that it Counts this")


def check_defaults(declaration: Declaration) -> None:
    given = ""
    for one in declaration.stored:
        if one.default is not MISSING:
            given = one.name
        elif given:
            raise declaration.wrong(one.name, f"has no default, but {given!r} before it has")


def check_bits(declaration: Declaration) -> None:
    for group in bit_groups(declaration.fields):
        width = sum(cast(Bits, one.kind).width for one in group)
        if width % 8 or width > 56:
            raise declaration.wrong(
                group[0].name, f"this group has {width} bits, not 8 to 56 in whole octets"
            )


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


def check_spellings(declaration: Declaration) -> None:
    own = [one.name for one in declaration.stored if not one.mark(Tag)]
    for spelling in declaration.spellings:
        named = [name for name in spelling.fields if not name.startswith("_")]
        base = {one.name for one in declaration.base.__declared__.fields}
        wanted = [name for name in own if name not in base]
        if named != wanted:
            raise declaration.wrong(
                "spellings", f"one has the fields {named}, and the message {wanted}"
            )
        view = spelled(declaration, spelling)
        names = [one.name for one in view.fields]
        for at, one in enumerate(view.fields):
            for mark in one.marks:
                check_mark(view, one, mark, names[at + 1 :])
            check_kind(view, one, names[:at])
    if declaration.spellings and all(one.reads_only for one in declaration.spellings):
        raise declaration.wrong("spellings", "none of them can be written")


def check_trailing(declaration: Declaration) -> None:
    first = ""
    for one in declaration.fields:
        if one.trailing:
            first = first or one.name
            if one.stored and one.default is MISSING:
                raise declaration.wrong(one.name, "Trailing needs a default")
        elif first:
            raise declaration.wrong(one.name, f"comes after {first!r}, which is Trailing")


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
