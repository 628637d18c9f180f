# SPDX-License-Identifier: Apache-2.0
"""Prints the layout of a message from its declaration, for documents and for people.

Over `declaration`; a reading of it like the machine and the writer.  One table for
each message, 88 columns wide: where a field stands, as far as that is fixed, how many
octets it has, its name, its default, and how it is written.  What a message holds
follows below it, once.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from typing import Any

from ..errors import GrammarError
from .declaration import (
    MISSING,
    Declaration,
    Field,
    element_of,
    is_enum,
    is_message,
    optional,
)
from .reach import in_band, parts_of
from .spell import layouts, shown
from .wire import (
    Bits,
    Choice,
    Counts,
    Digits,
    Float,
    InTag,
    Kind,
    Measures,
    Nested,
    Octets,
    Pad,
    Repeat,
    Reserved,
    Starts,
    Tag,
    Tags,
    UInt,
)

__all__ = ["layout"]

WIDTH = 88
WIDEST_DEFAULT = 24
HEAD = ("offset", "octets", "field", "default", "what it is")
Line = tuple[str, str, str, str, str]


def layout(cls: Any) -> str:
    """A message class, and all that it may hold, as text tables."""
    if not is_message(cls) or getattr(cls, "__declared__", None) is None:
        raise GrammarError(f"{cls!r} declares no message: it has no layout")
    classes = [cls]
    for one in classes:
        classes += [part for part in held_by(one) if part not in classes]
    texts = [described(one, one is cls) for one in classes]
    return "\n\n".join(text for text in texts if text) + "\n"


def held_by(cls: Any) -> list[Any]:
    """What a class may hold; of a variant alone, not what its family has."""
    found = list(parts_of(cls))
    if cls.__declared__.is_family:
        for variant in cls.__declared__.variants:
            found += [part for part in parts_of(variant) if part not in found]
    return found


def described(cls: Any, asked: bool) -> str:
    """One class; a variant stands with its family unless it was asked for."""
    declared: Declaration = cls.__declared__
    title = [cls.__name__, *summary(cls)]
    if declared.is_family:
        return "\n".join([*title, *family(declared)])
    if declared.tags or declared.opaque:
        if not asked:
            return ""
        return "\n".join([*title, "", *rendered(variant(declared, in_band(declared)))])
    return "\n".join([*title, "", *rendered(lines_of(declared, declared.fields))])


def summary(cls: Any) -> list[str]:
    """The first line of a class's docstring."""
    text = (cls.__dict__.get("__doc__") or "").strip()
    if not text:
        return []
    return textwrap.wrap(text.splitlines()[0], WIDTH)


# -- families


def family(declared: Declaration) -> list[str]:
    """What a family has in common, and its variants, as one table."""
    tag = declared.tag
    where = tag.name if tag else "a tag that stands outside"
    lines = [f"One of {len(declared.variants)}, told apart by {where}.", ""]
    found: list[Line | str] = list(lines_of(declared, declared.fields))
    for one in declared.variants:
        about = ": ".join([one.__name__, " ".join(summary(one))]).removesuffix(": ")
        found += ["", *textwrap.wrap(about, WIDTH, subsequent_indent="    ")]
        found += variant(one.__declared__, False)
    return lines + rendered(found)


def variant(declared: Declaration, whole: bool) -> Iterator[Line | str]:
    """A variant in each of its spellings; `whole` with its family's fields."""
    base: Declaration = declared.base.__declared__
    before = {one.name for one in base.fields}
    ways = layouts(declared)
    for number, (tags, way, _) in enumerate(ways):
        about = f"tag {shown(tags)}" if tags else "any other tag"
        if len(ways) > 1:
            about += f", spelling {number + 1} of {len(ways)}"
            if declared.spellings[number].reads_only:
                about += ", read and never written"
        if declared.guard is not None:
            about += f", {guarded(declared.guard)}"
        yield from textwrap.wrap(about, WIDTH, subsequent_indent="    ")
        fields = way.fields
        if not whole:
            own = declared.opaque and base.tag is None
            fields = tuple(
                one for one in fields if one.name not in before or (own and kept(one))
            )
        start = 0 if whole else offset_after(base)
        yield from lines_of(way, fields, start, tags)


def kept(one: Field) -> bool:
    """Whether a field is a tag that an opaque variant keeps."""
    return one.stored and one.mark(Tag) is not None


def guarded(guard: Starts) -> str:
    values = ", ".join(repr(one) for one in guard.values)
    return f"where {guard.field} starts with {values}"


def offset_after(base: Declaration) -> int | None:
    """Where a variant's own fields begin: 0 where the tag stands outside."""
    total: int | None = 0
    for one in base.fields:
        total = moved(total, base, one)
    return total


# -- tables


def rendered(found: Iterable[Line | str]) -> list[str]:
    """Lines as a table, with text between them as it is."""
    found = list(found)
    lines = [one for one in found if isinstance(one, tuple)]
    if not lines:
        return [*(one for one in found if isinstance(one, str)), "(no octets)"]
    widths = [max(len(line[n]) for line in (HEAD, *lines)) for n in range(4)]
    left = sum(widths) + 8
    text = []
    for line in (HEAD, tuple("-" * width for width in (*widths, 10)), *found):
        if isinstance(line, str):
            text.append(line)
            continue
        cells = [line[n].ljust(widths[n]) for n in range(4)]
        words = textwrap.wrap(line[4], WIDTH - left) or [""]
        text.append(("  ".join(cells) + "  " + words[0]).rstrip())
        text += [" " * left + more for more in words[1:]]
    return text


def lines_of(
    way: Declaration,
    fields: tuple[Field, ...],
    start: int | None = 0,
    tags: tuple[int, ...] = (),
) -> Iterator[Line]:
    """Fields as lines of a table; `start` is where they begin, if that is fixed."""
    at, bits = start, 0
    for one in fields:
        words = (name_of(one), default(one), kind_of(way, one, tags))
        if isinstance(one.kind, InTag) or (kept(one) and not tagged_in_band(way)):
            yield ("", "in tag", *words)
            continue
        place = "+" if at is None else str(at + bits // 8)
        yield (place, size(way, one), *words)
        if not isinstance(one.kind, Bits):
            at = moved(at, way, one)
            continue
        bits += one.kind.width
        if bits % 8 == 0 and at is not None:
            at, bits = at + bits // 8, 0


def name_of(one: Field | str) -> str:
    """The name that a field is shown by: one of a spelling alone may have none."""
    name = one if isinstance(one, str) else one.name
    shown_ = name.lstrip("_")
    return "" if shown_.isdigit() else shown_


def tagged_in_band(way: Declaration) -> bool:
    return way.base is not None and way.base.__declared__.tag is not None


def moved(at: int | None, way: Declaration, one: Field) -> int | None:
    """Where the next field stands, if that is fixed."""
    kind = one.kind
    if at is None or one.trailing:
        return None
    if isinstance(kind, UInt | Float | Reserved):
        return at + kind.octets
    if isinstance(kind, Octets) and isinstance(kind.count, int):
        return at + kind.count
    if isinstance(kind, Repeat) and kind.of is not None and isinstance(kind.count, int):
        return at + kind.count * kind.of.octets
    if isinstance(kind, InTag):
        return at
    return None


def size(way: Declaration, one: Field) -> str:
    """How many octets a field has, in a word or two."""
    kind, found = one.kind, way.measure(one.name)
    if isinstance(kind, UInt | Float | Reserved):
        return str(kind.octets)
    if isinstance(kind, Bits):
        return f"{kind.width} bit{'s' * (kind.width > 1)}"
    if isinstance(kind, Digits):
        return f"≤ {kind.most + len(kind.end)}"
    if isinstance(kind, Pad):
        return f"0-{kind.to - 1}"
    if isinstance(kind, Octets) and isinstance(kind.count, int):
        return str(kind.count)
    if isinstance(kind, Repeat):
        return repeated_size(way, one, kind)
    if found is not None:
        return f"= {found[0].name.lstrip('_')}"
    return "rest" if isinstance(kind, Octets) else "its own"


def repeated_size(way: Declaration, one: Field, kind: Repeat) -> str:
    counter, found = way.counter(one.name), way.measure(one.name)
    each = f" × {kind.of.octets}" if kind.of is not None else " ×"
    if counter is not None:
        return f"{counter.name.lstrip('_')}{each}"
    if isinstance(kind.count, int):
        return f"{kind.count}{each}"
    return f"= {found[0].name.lstrip('_')}" if found is not None else "rest"


def default(one: Field) -> str:
    if not one.stored:
        return "derived" if one.marks and not isinstance(one.kind, Pad) else ""
    if one.default is MISSING:
        return ""
    value = one.default
    text = value.name if is_enum(type(value)) else repr(value)
    if isinstance(value, bytes) and len(value) > 4 and not any(value):
        text = f"{len(value)} zeros"
    return textwrap.shorten(text, WIDEST_DEFAULT, placeholder="...")[:WIDEST_DEFAULT]


# -- words


def kind_of(way: Declaration, one: Field, tags: tuple[int, ...]) -> str:
    """How a field is written, and what it has to do with others."""
    words = [basic(one)]
    words += marked(way, one, tags)
    if is_enum(optional(one.type)) and not isinstance(one.kind, Octets):
        words.append(f"one of {optional(one.type).__name__}")
    elif optional(one.type) is bool:
        words.append("0 or 1")
    for other in way.fields:
        mark = other.mark(Measures)
        if mark is not None and len(mark.fields) > 1 and mark.fields[-1] == one.name:
            words.append(f"ends what {other.name.lstrip('_')} measures")
    if one.trailing:
        words.append("left out, with all after it, where the octets end")
    return ", ".join(word for word in words if word)


def basic(one: Field) -> str:
    kind = one.kind
    type_ = optional(one.type)
    if isinstance(kind, UInt | Bits | Float | Digits):
        return number(kind)
    if isinstance(kind, Octets):
        return plain(kind)
    if isinstance(kind, Reserved):
        return f"reserved, 0x{kind.fill:02X} when written"
    if isinstance(kind, Pad):
        over = f"{name_of(kind.over)} is" if kind.over else "all are"
        return f"0x{kind.fill:02X} until {over} a multiple of {kind.to}"
    if isinstance(kind, InTag):
        shift = f" >> {kind.shift}" if kind.shift else ""
        return f"the tag{shift} & 0x{kind.mask:02X}"
    if isinstance(kind, Nested):
        return str(type_.__name__)
    if isinstance(kind, Choice):
        return f"the {type_.__name__} that {kind.by} says"
    if isinstance(kind, Repeat):
        return several(one, kind)
    return type(kind).__name__


def plain(kind: Octets) -> str:
    if kind.codec is not None:
        return f"octets by {kind.codec.name or 'a codec'}"
    return f"text in {kind.text}" if kind.text is not None else "octets"


def several(one: Field, kind: Repeat) -> str:
    if kind.of is None:
        return f"{element_of(one.type).__name__}, one after the other"
    each = "float" if isinstance(kind.of, Float) else integer(kind.of)
    return f"numbers of {kind.of.octets}: {each}"


def number(kind: Kind) -> str:
    if isinstance(kind, UInt):
        return integer(kind)
    if isinstance(kind, Digits):
        end = kind.end.decode("latin-1")
        return f"up to {kind.most} decimal digits, ended by {end!r}"
    return f"float, {kind.order}-endian" if isinstance(kind, Float) else "unsigned"


def integer(kind: UInt) -> str:
    sign = "signed" if kind.signed else "unsigned"
    return f"{sign}, {kind.order}-endian" if kind.octets > 1 else sign


def marked(way: Declaration, one: Field, tags: tuple[int, ...]) -> Iterator[str]:
    for mark in one.marks:
        if isinstance(mark, Measures):
            yield measure(mark)
        elif isinstance(mark, Counts):
            yield f"how many {mark.field}"
        elif isinstance(mark, Tags):
            yield f"which {mark.field} it is"
        elif isinstance(mark, Tag):
            yield f"the tag, {shown(tags)}" if tags else "the tag"


def measure(mark: Measures) -> str:
    """A length in words: octets / unit + bias."""
    named = [name_of(name) for name in mark.fields]
    of = named[0] if len(named) == 1 else f"{named[0]} to {named[-1]}"
    unit = {1: "octets", 2: "16-bit words", 4: "32-bit words"}.get(mark.unit)
    text = f"{unit or f'units of {mark.unit} octets'} of {of}"
    if mark.bias:
        text += f" {'+' if mark.bias > 0 else '-'} {abs(mark.bias)}"
    return text
