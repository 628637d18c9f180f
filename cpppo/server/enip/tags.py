# SPDX-License-Identifier: Apache-2.0
"""Tags as text: `SCADA@22/1/1=INT[1000]`, their names, places, types and sizes.

Under `controller`, beside `profile`.  A name stands in front; class, instance and
attribute after `@` say where the tag is found by number; `=TYPE` says what it holds,
`[n]` that it is an array.  Names are the same in any case of their letters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ...errors import CpppoError
from ...protocol.enip.types import INT, TYPES, CIPType

__all__ = ["TagError", "TagSpec", "parse_tag", "parse_tags"]

NUMBER = r"(?:0[xX][0-9a-fA-F]+|[0-9]+)"
TAG = re.compile(
    r"\s*(?P<name>[^\s@=\[\]](?:[^@=\[\]]*[^\s@=\[\]])?)\s*"
    rf"(?:@\s*(?P<address>{NUMBER}/{NUMBER}/{NUMBER})\s*)?"
    rf"(?:=\s*(?P<type>\w+)\s*(?:\[\s*(?P<count>{NUMBER})\s*\]\s*)?)?"
)
PIECES = re.compile(
    r"(?P<name>[^@=\[]*)(?:@(?P<address>[^=\[]*))?(?:=(?P<type>[^\[]*))?(?P<array>.*)",
    re.DOTALL,
)

# Classes and attributes have 16 bits, instances 32.
ADDRESS = (("class", 1, 0xFFFF), ("instance", 0, 0xFFFFFFFF), ("attribute", 1, 0xFFFF))
MOST = 100_000_000  # elements: more would be a slip, and all of the memory
LONGEST = 255


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

    def __str__(self) -> str:
        place = "@{:d}/{:d}/{:d}".format(*self.address) if self.address else ""
        size = "" if self.count is None else f"[{self.count}]"
        return f"{self.name}{place}={self.type.__name__}{size}"


def parse_tags(texts: Iterable[str]) -> list[TagSpec]:
    """Tags as text; one name stands for one tag, one place for one type and size."""
    tags: list[TagSpec] = []
    names: dict[str, TagSpec] = {}
    places: dict[tuple[int, int, int], TagSpec] = {}
    for text in texts:
        tag = parse_tag(text)
        first = names.setdefault(tag.name.lower(), tag)
        if first is not tag:
            raise TagError(
                text, f"{tag.name} is there already, as {first}", *name_in(text)
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


def parse_tag(text: str) -> TagSpec:
    """A tag as text."""
    match = TAG.fullmatch(text)
    if match is None:
        raise wrong(text)
    name, place, type_name, length = match.groups()
    kind = INT if type_name is None else TYPES.get(type_name.upper())
    if kind is None:
        raise wrong(text)
    check_name(text, name, match.start("name"))
    count = None
    if length is not None:
        count = number(length)
        if not 1 <= count <= MOST:
            raise TagError(
                text, f"an array has 1 to {MOST} elements", *match.span("count")
            )
    if place is None:
        return TagSpec(name, kind, count)
    return TagSpec(name, kind, count, address(text, place, match.start("address")))


def number(text: str) -> int:
    """A number, decimal or hexadecimal."""
    return int(text, 16 if text[1:2] in ("x", "X") else 10)


def name_in(text: str) -> tuple[int, int]:
    """Where the name stands."""
    match = PIECES.match(text)
    return match.span("name") if match else (0, len(text))


def check_name(text: str, name: str, start: int) -> None:
    """Refuse a name that no request can hold."""
    plain = name.isascii() and name.isprintable() and len(name) <= LONGEST
    if plain and ("." not in name or all(name.split("."))):
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


def wrong(text: str) -> TagError:
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
    if match["type"].strip().upper() not in TYPES:
        return TagError(
            text,
            f"no type {match['type'].strip()!r}; there are {' '.join(TYPES)}",
            *(match.span("type") if match["type"] else (match.start("type") - 1, None)),
        )
    return TagError(
        text,
        "after the type stands nothing, or one number of elements, such as [1000]",
        *match.span("array"),
    )
