# SPDX-License-Identifier: Apache-2.0
"""What makes a declaration right: everything that can be wrong with it is said here.

Over `declaration`, which calls it when a message class is made.  Rules: an error
names class and field; what passes can be read and written.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from ..errors import GrammarError
from .declaration import (
    MISSING,
    Declaration,
    Field,
    bit_groups,
    is_message,
    optional,
    spelled,
    takes_length,
)
from .kinds import check_default, check_kind, check_type, settled
from .wire import (
    Bits,
    Choice,
    Counts,
    Digits,
    InTag,
    Kind,
    Mark,
    Measures,
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
)

__all__ = ["check"]

DERIVING = Measures | Counts | Tags | Tag


def check(declaration: Declaration, options: dict[str, Any]) -> None:
    """Everything that fields say of each other must be so."""
    check_family(declaration, options)
    check_view(declaration)
    if not options.get("kw_only"):
        check_order(declaration)
    for one in declaration.stored:
        check_default(declaration, one)
    check_spellings(declaration)
    check_guard(declaration)


def check_view(view: Declaration) -> None:
    """The fields of a message, or of one of its spellings."""
    names = [one.name for one in view.fields]
    for at, one in enumerate(view.fields):
        for mark in one.marks:
            check_mark(view, one, mark, names[at + 1 :])
        check_source(view, one)
        check_kind(view, one, names[:at])
        check_type(view, one)
    check_bits(view)
    check_spans(view)
    check_trailing(view)
    check_rest(view)


# -- marks


def check_mark(
    declaration: Declaration, one: Field, mark: Mark, later: list[str]
) -> None:
    wrong, kind = declaration.wrong, one.kind
    if isinstance(mark, Trailing):
        return
    if not isinstance(kind, UInt | Digits):
        raise wrong(one.name, f"{type(mark).__name__} stands on integers only")
    if kind.octets > 8:
        raise wrong(one.name, "a length, count or tag has at most 8 octets")
    if kind.signed:
        raise wrong(one.name, "a length, count or tag has no sign: use UInt")
    if isinstance(kind, Digits) and isinstance(mark, Tag | Tags):
        raise wrong(one.name, "a tag is an integer of octets: use UInt")
    if one.stored and not isinstance(mark, Tag):
        raise wrong(one.name, "follows from others: give it the default derived()")
    if isinstance(mark, Measures):
        check_measures(declaration, one, mark, later)
    elif isinstance(mark, Counts | Tags):
        if mark.field not in later:
            raise wrong(one.name, f"speaks of {mark.field!r}, which does not follow it")
        check_speaks(declaration, one, mark)


def check_measures(
    declaration: Declaration, one: Field, mark: Measures, later: list[str]
) -> None:
    wrong, first = declaration.wrong, mark.fields[0]
    if first not in later:
        raise wrong(one.name, f"measures {first!r}, which does not follow it")
    at = later.index(first)
    if tuple(later[at : at + len(mark.fields)]) != mark.fields:
        raise wrong(one.name, "measures fields that do not follow each other")
    for name in mark.fields:
        other = declaration.field(name)
        if isinstance(other.kind, InTag):
            raise wrong(one.name, f"measures {name!r}, which is part of the tag")
        if other.trailing and not (one.trailing and len(mark.fields) == 1):
            raise wrong(one.name, f"measures {name!r}, which may be left out")


def check_speaks(declaration: Declaration, one: Field, mark: Counts | Tags) -> None:
    wrong, other = declaration.wrong, declaration.field(mark.field)
    kind = other.kind
    if isinstance(mark, Counts):
        if not isinstance(kind, Repeat):
            raise wrong(one.name, f"counts {mark.field!r}, which is not repeated")
        if isinstance(kind.count, int):
            raise wrong(one.name, f"counts {mark.field!r}, whose count is fixed")
        if declaration.counter(mark.field) is not one:
            raise wrong(one.name, f"counts {mark.field!r}, as another field does")
    elif not isinstance(kind, Choice) or kind.by != one.name:
        raise wrong(one.name, f"is the tag of {mark.field!r}, which is no Choice by it")
    if other.trailing and not one.trailing:
        raise wrong(one.name, f"speaks of {mark.field!r}, which may be left out")


def check_source(declaration: Declaration, one: Field) -> None:
    """A derived field follows from one thing."""
    if isinstance(one.kind, Pad | Reserved):
        return
    sources = [mark for mark in one.marks if isinstance(mark, DERIVING)]
    if not one.stored and not sources:
        raise declaration.wrong(
            one.name,
            "is derived, and nothing says from what (Measures, Counts, Tags, Tag)",
        )
    if len(sources) > 1:
        raise declaration.wrong(one.name, f"follows from {len(sources)} things at once")


def check_spans(declaration: Declaration) -> None:
    """What lengths measure lies beside each other, or one within the other."""
    names = [one.name for one in declaration.fields]
    spans: list[tuple[int, int, str]] = []
    for one in declaration.fields:
        mark = one.mark(Measures)
        if mark is None:
            continue
        begin = names.index(mark.fields[0])
        end = begin + len(mark.fields)
        for first, last, other in spans:
            if (first, last) == (begin, end):
                raise declaration.wrong(one.name, f"measures the same as {other!r}")
            apart = end <= first or last <= begin
            inside = (first <= begin and end <= last) or (
                begin <= first and last <= end
            )
            if not (apart or inside):
                raise declaration.wrong(
                    one.name, f"measures half of what {other!r} does"
                )
        spans.append((begin, end, one.name))
    for group in bit_groups(declaration.fields):
        at = names.index(group[0].name)
        for begin, end, name in spans:
            if not (end <= at or at + len(group) <= begin) and not (
                begin <= at and at + len(group) <= end
            ):
                raise declaration.wrong(name, "measures some bits of an integer")


def check_order(declaration: Declaration) -> None:
    given = ""
    for one in declaration.stored:
        if one.default is not MISSING:
            given = one.name
        elif given:
            raise declaration.wrong(
                one.name, f"has no default, but {given!r} before it has"
            )


# -- groups of fields


def check_bits(declaration: Declaration) -> None:
    for group in bit_groups(declaration.fields):
        width = sum(cast(Bits, one.kind).width for one in group)
        if width % 8 or width > 56:
            raise declaration.wrong(
                group[0].name,
                f"the group has {width} bits, not 8 to 56 in whole octets",
            )
        for one in group[1:]:
            if one.trailing and not group[0].trailing:
                raise declaration.wrong(one.name, "these bits are Trailing, others not")


def check_trailing(declaration: Declaration) -> None:
    first = ""
    for one in declaration.fields:
        if one.trailing:
            first = first or one.name
            if isinstance(one.kind, InTag):
                raise declaration.wrong(one.name, "part of the tag cannot be Trailing")
            if one.stored and one.default is MISSING:
                raise declaration.wrong(one.name, "Trailing needs a default")
        elif first and not isinstance(one.kind, InTag):
            raise declaration.wrong(
                one.name, f"comes after {first!r}, which is Trailing"
            )


def check_rest(declaration: Declaration) -> None:
    """After a field that takes all the rest, nothing follows within the same length."""
    fields = declaration.fields
    ends = {mark.fields[-1] for one in fields if (mark := one.mark(Measures))}
    for at, one in enumerate(fields):
        kind = one.kind
        if not isinstance(kind, Octets | Repeat) or not takes_length(kind):
            continue
        counted = declaration.counter(one.name) is not None
        if isinstance(kind, Repeat):
            counted = counted or kind.count is not None
        after = [
            other for other in fields[at + 1 :] if not isinstance(other.kind, InTag)
        ]
        if after and one.name not in ends and not counted:
            raise declaration.wrong(
                one.name, f"takes all the rest, and {after[0].name!r} comes after it"
            )


# -- families


def check_family(declaration: Declaration, options: dict[str, Any]) -> None:
    cls, base = declaration.cls, declaration.base
    tags = [one for one in declaration.fields if one.mark(Tag)]
    if len(tags) > 1:
        raise declaration.wrong(tags[1].name, f"is a tag, as {tags[0].name!r} is")
    given = [one for one in tags if one.stored]
    if base is None or declaration.is_family:
        if "spellings" in cls.__dict__:
            raise declaration.wrong("spellings", "stand in a variant of a family only")
        if given:
            raise declaration.wrong(given[0].name, "a tag needs the default derived()")
        return
    if declaration.opaque and not given:
        raise GrammarError(
            f"{cls.__name__}: takes any tag, and needs a field to keep it: "
            "Annotated[int, UInt(...), Tag()], without a default"
        )
    if given and not declaration.opaque:
        raise declaration.wrong(given[0].name, "is known: only tag=ANY keeps a tag")
    above = base.__declared__.tag
    if above is not None and above.kind != tags[0].kind:
        raise declaration.wrong(tags[0].name, f"is not as {base.__name__} has it")
    check_tags(declaration, above, options)


def check_tags(
    declaration: Declaration, above: Field | None, options: dict[str, Any]
) -> None:
    cls = declaration.cls
    if declaration.spellings and options.get("tag") is not None:
        raise declaration.wrong("spellings", "have the tags: give the class none")
    most = above.kind.most if above and isinstance(above.kind, UInt) else (1 << 63) - 1
    for tag in declaration.tags:
        if not 0 <= tag <= most:
            raise GrammarError(f"{cls.__name__}: 0x{tag:02X} does not fit the tag")
    if len(set(declaration.tags)) < len(declaration.tags):
        raise GrammarError(f"{cls.__name__}: has the same tag twice")


def check_spellings(declaration: Declaration) -> None:
    wrong = declaration.wrong
    if not declaration.spellings:
        return
    base = {one.name for one in declaration.base.__declared__.fields}
    wanted = [one.name for one in declaration.stored if one.name not in base]
    for spelling in declaration.spellings:
        if not isinstance(spelling, Spelling):
            raise wrong("spellings", f"{spelling!r} is no Spelling")
        named = [name for name in spelling.fields if not name.startswith("_")]
        if named != wanted:
            raise wrong(
                "spellings", f"one has the fields {named}, and the message {wanted}"
            )
        for name, (kind, *marks) in spelling.fields.items():
            if not isinstance(kind, Kind):
                raise wrong(name, f"{kind!r} is no kind of a field")
            if not all(isinstance(mark, Mark) for mark in marks):
                raise wrong(name, "has something beside its kind that is no mark")
        check_view(replace(spelled(declaration, spelling), tags=spelling.tags))
    if all(one.reads_only for one in declaration.spellings):
        raise wrong("spellings", "none of them can be written")


def check_guard(declaration: Declaration) -> None:
    """A guard looks at messages repeated in the fields that all variants share."""
    guard, cls = declaration.guard, declaration.cls
    if guard is None:
        return
    if not isinstance(guard, Starts):
        raise GrammarError(f"{cls.__name__}: when={guard!r} is no Starts")
    if declaration.opaque:
        raise GrammarError(f"{cls.__name__}: takes all other tags, so has no guard")
    first, _, inner = guard.field.partition(".")
    base = declaration.base.__declared__
    if base.tag is None or first not in [one.name for one in base.fields]:
        raise declaration.wrong(first, "a guard looks at a field of the family itself")
    one = base.field(first)
    if inner:
        known = settled(optional(one.type))
        if known is None or inner not in [each.name for each in known.fields]:
            raise declaration.wrong(first, f"the guard's {guard.field!r} is no field")
        one = known.field(inner)
    if not isinstance(one.kind, Repeat) or one.kind.of is not None:
        raise declaration.wrong(first, "a guard looks at repeated messages only")
    for value in guard.values:
        if not is_message(type(value)):
            raise declaration.wrong(first, f"the guard's {value!r} is no message")
    if not guard.values:
        raise declaration.wrong(first, "the guard has no values")
