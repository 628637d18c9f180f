# SPDX-License-Identifier: Apache-2.0
"""What makes a declaration right: everything that can be wrong with it is said here.

Over `declaration`, which calls it when a message class is made.  Rules: an error
names class and field; what passes can be read and written.
"""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import Any, cast

from ..errors import GrammarError
from .declaration import (
    MISSING,
    Declaration,
    Field,
    bit_groups,
    element_of,
    is_enum,
    is_message,
    optional,
    spelled,
    takes_length,
)
from .wire import (
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
        raise wrong(one.name, "follows from other fields: give it the default derived()")
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
            inside = (first <= begin and end <= last) or (begin <= first and last <= end)
            if not (apart or inside):
                raise declaration.wrong(one.name, f"measures half of what {other!r} does")
        spans.append((begin, end, one.name))
    for group in bit_groups(declaration.fields):
        at = names.index(group[0].name)
        for begin, end, name in spans:
            if not (end <= at or at + len(group) <= begin) and not (
                begin <= at and at + len(group) <= end
            ):
                raise declaration.wrong(name, "measures some bits of an integer")


# -- kinds


def check_kind(declaration: Declaration, one: Field, earlier: list[str]) -> None:
    kind, wrong = one.kind, declaration.wrong
    measured = getattr(kind, "within", None)
    if isinstance(kind, Octets) and isinstance(kind.count, str):
        measured = kind.count
    if measured is not None:
        found = declaration.measure(one.name)
        if found is None or found[0].name != measured:
            raise wrong(one.name, f"no field {measured!r} says that it Measures this")
    if isinstance(kind, Octets):
        check_octets(declaration, one, kind)
    elif isinstance(kind, Pad):
        check_pad(declaration, one, kind, earlier)
    elif isinstance(kind, Reserved):
        if kind.octets < 1:
            raise wrong(one.name, f"{kind.octets} octets cannot be reserved")
        check_fill(declaration, one, kind.fill)
    elif isinstance(kind, Choice):
        check_choice(declaration, one, kind, earlier)
    elif isinstance(kind, Nested):
        check_nested(declaration, one, optional(one.type))
    elif isinstance(kind, Repeat):
        check_repeat(declaration, one, kind)
    elif isinstance(kind, InTag):
        check_in_tag(declaration, one, kind)


def check_fill(declaration: Declaration, one: Field, fill: int) -> None:
    if not 0 <= fill <= 255:
        raise declaration.wrong(one.name, f"is filled with octets, and {fill} is none")


def check_octets(declaration: Declaration, one: Field, kind: Octets) -> None:
    wrong = declaration.wrong
    if isinstance(kind.count, int) and kind.count < 0:
        raise wrong(one.name, f"cannot have {kind.count} octets")
    if kind.text is not None and kind.codec is not None:
        raise wrong(one.name, "is text or has a codec, not both")
    if kind.text is not None:
        try:
            "".encode(kind.text)
        except LookupError:
            raise wrong(one.name, f"unknown encoding {kind.text!r}") from None


def check_pad(
    declaration: Declaration, one: Field, kind: Pad, earlier: list[str]
) -> None:
    wrong = declaration.wrong
    if kind.to < 1:
        raise wrong(one.name, f"cannot pad to a multiple of {kind.to}")
    check_fill(declaration, one, kind.fill)
    if kind.over is None:
        return
    if kind.over not in earlier:
        raise wrong(one.name, f"pads {kind.over!r}, which does not come before it")
    if isinstance(declaration.field(kind.over).kind, InTag):
        raise wrong(one.name, f"pads {kind.over!r}, which is part of the tag")
    for group in bit_groups(declaration.fields):
        if kind.over in [bits.name for bits in group[1:]]:
            raise wrong(one.name, f"pads {kind.over!r}, which does not begin an octet")


def check_choice(
    declaration: Declaration, one: Field, kind: Choice, earlier: list[str]
) -> None:
    wrong, family = declaration.wrong, optional(one.type)
    known = settled(family)
    if not is_message(family) or (known is not None and not known.is_family):
        raise wrong(one.name, "Choice needs the type of a family")
    if known is not None and known.tag is not None:
        raise wrong(one.name, f"{family.__name__} has its own tag: use Nested")
    if kind.by not in earlier:
        raise wrong(one.name, f"{kind.by!r} does not come before it")
    by = declaration.field(kind.by)
    tag = by.mark(Tags)
    if tag is None or tag.field != one.name:
        raise wrong(one.name, f"{kind.by!r} does not say Tags({one.name!r})")
    if known is None or not isinstance(by.kind, UInt):
        return
    for variant in known.variants:
        most = max(variant.__declared__.tags, default=0)
        if most > by.kind.most:
            raise wrong(one.name, f"{variant.__name__}'s tag does not fit {kind.by!r}")


def settled(type_: Any) -> Declaration | None:
    """What a message class declares, if that is known already."""
    if not is_message(type_):
        return None
    return cast("Declaration | None", type_.__dict__.get("__declared__"))


def check_nested(declaration: Declaration, one: Field, type_: Any) -> None:
    wrong = declaration.wrong
    if not is_message(type_):
        raise wrong(one.name, f"Nested needs the type of a message, not {type_!r}")
    known = settled(type_)
    if known is not None and known.is_family and known.tag is None:
        raise wrong(
            one.name, f"the tag of {type_.__name__} stands in an envelope: use Choice"
        )


def check_repeat(declaration: Declaration, one: Field, kind: Repeat) -> None:
    wrong, element = declaration.wrong, element_of(one.type)
    if element is None:
        raise wrong(one.name, "Repeat needs the type tuple[..., ...]")
    if isinstance(kind.count, int) and kind.count < 0:
        raise wrong(one.name, f"cannot be repeated {kind.count} times")
    if kind.of is None and not is_message(element):
        raise wrong(one.name, "repeats neither a message nor numbers (of=UInt(...))")
    if kind.of is None:
        check_nested(declaration, one, element)
    elif not isinstance(kind.of, UInt | Float):
        raise wrong(one.name, f"of={kind.of!r} is no kind of number")
    elif kind.of.octets not in (1, 2, 4, 8):
        raise wrong(one.name, "repeats numbers of 1, 2, 4 or 8 octets")
    elif isinstance(kind.of, UInt) and element in (bool, float, str, bytes):
        raise wrong(one.name, f"repeats integers, not {element.__name__}")
    elif is_enum(element):
        raise wrong(one.name, f"repeats plain numbers, not {element.__name__}")
    if isinstance(kind.count, str):
        counter = declaration.counter(one.name)
        if counter is None or counter.name != kind.count:
            raise wrong(one.name, f"no field {kind.count!r} says that it Counts this")


def check_in_tag(declaration: Declaration, one: Field, kind: InTag) -> None:
    wrong = declaration.wrong
    tag = declaration.base.__declared__.tag if declaration.base is not None else None
    if declaration.base is None or declaration.is_family:
        raise wrong(one.name, "InTag stands in a variant of a family only")
    if tag is None or tag.kind.octets != 1:
        raise wrong(one.name, "InTag needs a tag of one octet, before the variant")
    if declaration.opaque:
        raise wrong(one.name, "InTag needs tags that are known")
    if not 0 < kind.mask << kind.shift <= 255:
        raise wrong(one.name, f"0x{kind.mask:02X} << {kind.shift} is no part of a tag")
    parts = sorted({tag >> kind.shift & kind.mask for tag in declaration.tags})
    if parts and parts != list(range(parts[0], parts[-1] + 1)):
        raise wrong(one.name, f"the tags leave gaps in its values: {parts}")


# -- types and defaults


def check_type(declaration: Declaration, one: Field) -> None:
    """A field has a type that its kind can give."""
    kind, type_, wrong = one.kind, optional(one.type), declaration.wrong
    numeric = isinstance(kind, UInt | Bits | InTag | Digits)
    if numeric and type_ in (str, bytes, float):
        raise wrong(one.name, f"is an integer, not {type_.__name__}")
    if isinstance(kind, Float) and type_ in (str, bytes, int, bool):
        raise wrong(one.name, f"is a float, not {type_.__name__}")
    if isinstance(kind, Octets) and kind.codec is None:
        if kind.text is None and type_ is str:
            raise wrong(one.name, "is text: say in what encoding (text=...)")
        if kind.text is not None and type_ is bytes:
            raise wrong(one.name, "has an encoding, so it is str, not bytes")
        if type_ in (int, float, bool):
            raise wrong(one.name, f"is octets, not {type_.__name__}")
    if is_enum(type_) or type_ is bool:
        check_enum(declaration, one, type_)


def check_enum(declaration: Declaration, one: Field, type_: Any) -> None:
    kind, wrong, name = one.kind, declaration.wrong, type_.__name__
    bounds = limits(kind)
    if bounds is None or isinstance(kind, Digits):
        if isinstance(kind, Octets) and kind.codec is not None:
            return
        raise wrong(one.name, f"{name} needs a kind of integer")
    if isinstance(kind, UInt) and kind.octets > 8:
        raise wrong(one.name, f"{name} has at most 8 octets")
    for member in () if type_ is bool else type_:
        if not isinstance(member, int):
            raise wrong(one.name, f"{name} is no IntEnum: {member!r} is not a number")
        if not bounds[0] <= member <= bounds[1]:
            raise wrong(one.name, f"{member!r} does not fit")


def limits(kind: Kind) -> tuple[int, int] | None:
    """The least and the most of a kind of integer."""
    if isinstance(kind, UInt):
        return kind.least, kind.most
    if isinstance(kind, Digits):
        return 0, 10**kind.most - 1
    if isinstance(kind, Bits):
        return 0, (1 << kind.width) - 1
    if isinstance(kind, InTag):
        return 0, kind.mask
    return None


def check_order(declaration: Declaration) -> None:
    given = ""
    for one in declaration.stored:
        if one.default is not MISSING:
            given = one.name
        elif given:
            raise declaration.wrong(one.name, f"has no default, but {given!r} before it has")


def check_default(declaration: Declaration, one: Field) -> None:
    """A default is a value that can be written; what is left out may be None."""
    default, kind = one.default, one.kind
    if default is MISSING or declaration.spellings:
        return
    if default is None and one.trailing:
        return
    bounds = limits(kind)
    problem = f"its default {default!r} does not fit"
    wrong = declaration.wrong(one.name, problem)
    if bounds is not None:
        if not isinstance(default, int) or not bounds[0] <= default <= bounds[1]:
            raise wrong
        if is_enum(optional(one.type)) and default not in list(optional(one.type)):
            raise wrong
    elif isinstance(kind, Float):
        try:
            struct.pack(kind.format, default)
        except (struct.error, OverflowError):
            raise wrong from None
    elif isinstance(kind, Octets) and kind.codec is None:
        check_default_octets(kind, default, wrong)
    elif isinstance(kind, Repeat) and not one.trailing:
        fixed = kind.count if isinstance(kind.count, int) else None
        if not isinstance(default, tuple | list) or fixed not in (None, len(default)):
            raise wrong


def check_default_octets(kind: Octets, default: Any, wrong: GrammarError) -> None:
    if not isinstance(default, bytes if kind.text is None else str):
        raise wrong
    try:
        size = len(default if kind.text is None else default.encode(kind.text))
    except UnicodeError:
        raise wrong from None
    if isinstance(kind.count, int) and size != kind.count:
        raise wrong


# -- groups of fields


def check_bits(declaration: Declaration) -> None:
    for group in bit_groups(declaration.fields):
        width = sum(cast(Bits, one.kind).width for one in group)
        if width % 8 or width > 56:
            raise declaration.wrong(
                group[0].name, f"this group has {width} bits, not 8 to 56 in whole octets"
            )
        for one in group[1:]:
            if one.trailing and not group[0].trailing:
                raise declaration.wrong(one.name, "some bits of an integer are Trailing")


def check_trailing(declaration: Declaration) -> None:
    first = ""
    for one in declaration.fields:
        if one.trailing:
            first = first or one.name
            if isinstance(one.kind, InTag):
                raise declaration.wrong(one.name, "a part of the tag cannot be Trailing")
            if one.stored and one.default is MISSING:
                raise declaration.wrong(one.name, "Trailing needs a default")
        elif first and not isinstance(one.kind, InTag):
            raise declaration.wrong(one.name, f"comes after {first!r}, which is Trailing")


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
        after = [other for other in fields[at + 1 :] if not isinstance(other.kind, InTag)]
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
        raise declaration.wrong(given[0].name, "is known: a tag is kept with tag=ANY only")
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
            raise wrong("spellings", f"one has the fields {named}, and the message {wanted}")
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
