# SPDX-License-Identifier: Apache-2.0
"""Tags as text: `SCADA@22/1/1=INT[1000]`, their names, places, types and sizes.

Under `controller`, beside `profile`.  A name stands in front; class, instance and
attribute after `@` say where the tag is found by number; `=TYPE` says what it holds,
`[n]`, `[n,m]` or `[n,m,o]` that it is an array.  Names are the same in any case of
their letters.  Which types there are is said by `Types`: a plant's, or those that the
manual has.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

from ....errors import CpppoError
from ....protocol.enip.datatypes import (
    LONGEST,
    NUMBER,
    Sort,
    Types,
    TypesError,
    amiss,
    number,
)
from ....protocol.enip.plants import PROGRAM
from ....protocol.enip.types import INT, TYPES, CIPType

__all__ = [
    "TagError",
    "TagSpec",
    "check_letters",
    "parse_tag",
    "parse_tags",
    "spec",
]

TAG = re.compile(
    r"\s*(?P<name>[^\s@=\[\]](?:[^@=\[\]]*[^\s@=\[\]])?)\s*"
    rf"(?:@\s*(?P<address>{NUMBER}/{NUMBER}/{NUMBER})\s*)?"
    r"(?:=\s*(?P<type>[\w:.]+)\s*"
    rf"(?:\[\s*(?P<size>{NUMBER}(?:\s*,\s*{NUMBER})*)\s*\]\s*)?)?"
)
# Tags of modules have colons: the module, perhaps its slot, and which of its data.
MODULE = re.compile(r"[^:]+(?::[^:]+)*:[A-Za-z]{1,2}[0-9]*")
PIECES = re.compile(
    r"(?P<name>[^@=\[]*)(?:@(?P<address>[^=\[]*))?(?:=(?P<type>[^\[]*))?(?P<array>.*)",
    re.DOTALL,
)

# Classes and attributes have 16 bits, instances 32.
ADDRESS = (("class", 1, 0xFFFF), ("instance", 0, 0xFFFFFFFF), ("attribute", 1, 0xFFFF))
FEW = 24  # types are all named in an error if there are no more


class TagError(CpppoError, ValueError):
    """A tag is wrong; the text shows where."""

    def __init__(
        self, text: str, problem: str, start: int = 0, end: int | None = None
    ) -> None:
        end = len(text) if end is None else end
        shown = text.expandtabs(1).replace("\n", " ")
        carets = " " * start + "^" * max(end - start, 1)
        super().__init__(f"tag {text!r}: {problem}\n  {shown}\n  {carets}")
        self.text = text
        self.problem = problem
        self.start = start
        self.end = end


@dataclass(frozen=True, slots=True)
class TagSpec:
    """What a tag shall be."""

    name: str
    type: type[CIPType] = INT
    count: int | None = None  # None: a scalar, and no array at all
    address: tuple[int, int, int] | None = None  # class, instance, attribute
    dimensions: tuple[int, ...] = ()  # of several; none: as many as the count says
    bools: int = 0  # of an array of BOOLs, whose count is its words
    value: Any = None  # to begin with; one value fills an array
    access: str = "read/write"  # or "read-only", or "none"
    alias: str | None = None  # the path of another tag, which this is a name of

    @property
    def said(self) -> str:
        """The type and the size as people say them."""
        if self.bools:
            return f"BOOL[{self.bools}]"
        if self.count is None:
            return self.type.__name__
        return f"{self.type.__name__}[{','.join(map(str, self.sizes))}]"

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many elements each dimension has; none if it is no array."""
        return self.dimensions or (() if self.count is None else (self.count,))

    def __str__(self) -> str:
        if self.alias is not None:
            return f"{self.name} (alias of {self.alias})"
        place = "@{:d}/{:d}/{:d}".format(*self.address) if self.address else ""
        return f"{self.name}{place}={self.said}"


def spec(name: str, sort: Sort, **more: Any) -> TagSpec:
    """A tag of a type and a size."""
    sizes = sort.dimensions
    count = sort.count if sizes else None
    several = sizes if len(sizes) > 1 else ()
    return TagSpec(name, sort.type, count, None, several, sort.bools, **more)


def parse_tags(
    texts: Iterable[str],
    types: Types | None = None,
    known: Iterable[TagSpec] = (),
    where: Callable[[str], str] | None = None,
) -> list[TagSpec]:
    """Tags as text; one name stands for one tag, one place for one type and size.

    `known` are those that are there already; `where` says where one of them is from.
    """
    types = Types(published=True) if types is None else types
    tags: list[TagSpec] = []
    names = {one.name.lower(): one for one in known}
    places = {one.address: one for one in names.values() if one.address is not None}
    for text in texts:
        tag = parse_tag(text, types)
        first = names.setdefault(tag.name.lower(), tag)
        if first is not tag:
            said = f"{first}{where(first.name) if where is not None else ''}"
            raise TagError(
                text, f"{tag.name} is there already, as {said}", *name_in(text)
            )
        if tag.address is not None:
            first = places.setdefault(tag.address, tag)
            if (first.type, first.count or 1) != (tag.type, tag.count or 1):
                raise TagError(
                    text,
                    f"{first} has this place already: two names of one place "
                    "have one type and size",
                    text.index("@"),
                )
        tags.append(tag)
    return tags


def parse_tag(text: str, types: Types | None = None) -> TagSpec:
    """A tag as text."""
    types = Types(published=True) if types is None else types
    match = TAG.fullmatch(text)
    if match is None:
        raise wrong(text, types)
    name, place, type_name, size = match.groups()
    if type_name is not None and type_name not in types:
        raise wrong(text, types)
    check_name(text, name, match.start("name"), place is not None)
    said = type_name or INT.__name__
    if size is not None:
        check_sizes(text, size, match.start("size"))
        said = f"{said}[{size}]"
    try:
        sort = types.sort(said)
    except TypesError as exc:
        at = match.start("type" if size is None else "size")
        raise TagError(text, str(exc), at, len(text.rstrip().rstrip("]"))) from None
    tag = spec(name, sort)
    if place is None:
        return tag
    return replace(tag, address=address(text, place, match.start("address")))


def name_in(text: str) -> tuple[int, int]:
    """Where the name stands."""
    match = PIECES.match(text)
    return match.span("name") if match else (0, len(text))


def check_sizes(text: str, size: str, start: int) -> None:
    """Refuse an array that cannot be: one of its dimensions, or all together."""
    at = start
    for part in size.split(","):
        if problem := amiss([number(part)]):
            first = at + len(part) - len(part.lstrip())
            raise TagError(text, problem, first, at + len(part))
        at += len(part) + 1
    if problem := amiss([number(part) for part in size.split(",")]):
        raise TagError(text, problem, start, start + len(size))


def check_name(text: str, name: str, start: int, placed: bool = False) -> None:
    """Refuse a name that no request can hold, or that no client can spell.

    What is `placed` is found by number too, so it may be called as people call it.
    """
    check_letters(text, name, start)
    end = start + len(name)
    problem = colons(name)
    if not problem and not placed and any(map(str.isspace, name)):
        said = "_".join(name.split())
        problem = f"no client can spell a name with a blank; is {said} meant?"
    if not problem and not placed and name[0].isdigit():
        problem = "a name begins with a letter or _"
    if problem:
        raise TagError(text, problem, start, end)


def colons(name: str) -> str:
    """What is wrong with the colons of a name; nothing, if they are right."""
    if ":" not in name:
        return ""
    if name.lower().startswith(PROGRAM.lower()):
        program, _, rest = name[len(PROGRAM) :].partition(".")
        if not program:
            return "the program has no name; one is Program:Main.X"
        if not rest:
            return f"a tag of a program is called Program:{program}.X"
        if ":" not in program:
            return colons(rest)
    first, _, last = name.rpartition(":")
    if first and last.upper() in TYPES:
        return f"a type stands behind '='; is {first}={last} meant?"
    if MODULE.fullmatch(name.partition(".")[0]) and ":" not in name.partition(".")[2]:
        return ""
    return "a colon stands in Program:Main.X, and in a module's tags, as Local:1:I"


def check_letters(text: str, name: str, start: int) -> None:
    """Refuse a name that no request can hold."""
    plain = name.isascii() and name.isprintable() and len(name) <= LONGEST
    if plain and name and ("." not in name or all(name.split("."))):
        return
    end = start + len(name)
    if not all(name.split(".")):
        raise TagError(text, "there is nothing between two dots", start, end)
    for offset, letter in enumerate(name, start):
        if not letter.isprintable() or ord(letter) > 0xFF:
            raise TagError(
                text, "a name has the letters of Latin 1", offset, offset + 1
            )
    if max(map(len, name.split("."))) > LONGEST:
        raise TagError(text, f"a name has up to {LONGEST} letters", start, end)


def address(text: str, place: str, start: int) -> tuple[int, int, int]:
    """Class, instance and attribute, each in its range."""
    values = []
    for (what, low, high), part in zip(ADDRESS, place.split("/"), strict=True):
        value = number(part)
        if not low <= value <= high:
            raise TagError(
                text, f"{what} is from {low} to {high}", start, start + len(part)
            )
        values.append(value)
        start += len(part) + 1
    return values[0], values[1], values[2]


def wrong(text: str, types: Types) -> TagError:
    """The error for a text that is no tag: the first place that is wrong."""
    match = PIECES.fullmatch(text)
    if match is None or not match["name"].strip():
        return TagError(text, "a tag begins with its name, such as SCADA=INT[10]", 0, 1)
    if "]" in match["name"]:
        return TagError(text, "a name holds no brackets", *match.span("name"))
    if match["address"] is not None and not re.fullmatch(
        rf"\s*{NUMBER}/{NUMBER}/{NUMBER}\s*", match["address"]
    ):
        return TagError(
            text,
            "after @ stand class/instance/attribute as numbers, such as @0x93/3/10",
            match.start("address") - 1,
            match.end("address"),
        )
    if match["type"] is None:
        return TagError(
            text,
            "before [n] stands the type, such as =INT[10]",
            *match.span("array"),
        )
    if match["type"].strip() not in types:
        return TagError(
            text,
            unknown(match["type"].strip(), types),
            *(match.span("type") if match["type"] else (match.start("type") - 1, None)),
        )
    return TagError(
        text,
        "after the type stands nothing, or one number of elements for each dimension, "
        "such as [1000] or [3,4]",
        *match.span("array"),
    )


def unknown(name: str, types: Types) -> str:
    """What is said of a type that is not there: those that are, or the nearest."""
    there = list(dict.fromkeys((*TYPES, *(one.__name__ for one in types))))
    by_key = {one.lower(): one for one in there}
    near = [by_key[one] for one in get_close_matches(name.lower(), by_key, 1, 0.5)]
    if near:
        return f"no type {name!r}; is {near[0]} meant?"
    more = " ..." if len(there) > FEW else ""
    return f"no type {name!r}; there are {' '.join(there[:FEW])}{more}"
