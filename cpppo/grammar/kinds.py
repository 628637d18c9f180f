# SPDX-License-Identifier: Apache-2.0
"""What a field of each kind must be: its kind itself, its type and its default.

Beside `check`, which looks at what fields say of each other.
"""

from __future__ import annotations

import struct
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
)
from .wire import (
    Bits,
    Choice,
    Digits,
    Float,
    InTag,
    Kind,
    Nested,
    Octets,
    Pad,
    Repeat,
    Reserved,
    Tags,
    UInt,
)

__all__ = ["check_default", "check_kind", "check_type", "settled"]


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
    for variant in known.listed:
        most = max(variant.__declared__.tags, default=0)
        if most > by.kind.most:
            raise wrong(one.name, f"{variant.__name__}'s tag does not fit {kind.by!r}")


def settled(type_: Any) -> Declaration | None:
    """What a message class declares, if that is known already."""
    if not is_message(type_):
        return None
    return cast("Declaration | None", type_.__dict__.get("__declaration__"))


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
    octets: bytes
    if not isinstance(default, bytes if kind.text is None else str):
        raise wrong
    try:
        octets = default.encode(str(kind.text)) if isinstance(default, str) else default
    except UnicodeError:
        raise wrong from None
    if isinstance(kind.count, int) and len(octets) != kind.count:
        raise wrong
