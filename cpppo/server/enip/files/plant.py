# SPDX-License-Identifier: Apache-2.0
"""A plant: what a file says of a controller, and how errors of a file are told.

Under `load` and the formats, which fill a `Draft`; several files fill one.  What was
said where is kept as (source, key), and a key becomes a line only when somebody asks:
that costs a reading of the text, which a file that is right never needs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from ....errors import CpppoError, EncodeError
from ....protocol.enip.datatypes import Sort, Types, TypesError
from ....protocol.enip.plants import DescribedPlant, DescribedTag, scope, shaped
from ....protocol.enip.structures import BOOLS, StructureType
from ....protocol.enip.types import CIPType
from ..database.tags import TagError, TagSpec, check_name

__all__ = ["Draft", "Key", "Plant", "PlantError", "Source", "Where", "meant"]

Members = Iterable[tuple[str, str]]
Make = Callable[[int], type[StructureType]]
Key = int | tuple[str | int, ...]  # a line, or the path of a value
WIDTH = 100  # letters of a line that are shown
LARGEST = 64 * 1024 * 1024  # octets of a file
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
MOST = 250_000  # tags
ROOM = 1 << 30  # octets of all tags
# What a file calls what the identity has by another name.
SAID = {"name": "product_name", "controller": "the controller's name"}


class PlantError(CpppoError, ValueError):
    """A file of tags is wrong: which, in which line, and why; the line is shown."""

    def __init__(
        self, file: str, reason: str, line: int | None = None, shown: str = ""
    ) -> None:
        reason = " ".join(reason.split())
        shown = shown.strip()
        more = " ..." if len(shown) > WIDTH else ""
        shown = "".join(one if one.isprintable() else " " for one in shown[:WIDTH])
        shown += more
        where = file if line is None else f"{file}:{line}"
        super().__init__(f"{where}: {reason}" + (f"\n  {shown}" if shown else ""))
        self.file = file
        self.line = line
        self.reason = reason


class Source:
    """A file: its text, and the lines of what it says."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        # What a format can say of the lines of its values, by their paths.
        self.positions: Callable[[str], Mapping[tuple[str | int, ...], int]] | None
        self.positions = None
        self._known: Mapping[tuple[str | int, ...], int] | None = None

    @classmethod
    def read(cls, file: str, decode: Callable[[bytes], str]) -> Source:
        """A file, decoded; one that cannot be read is a PlantError."""
        try:
            with open(file, "rb") as opened:
                octets = opened.read(LARGEST + 1)
        except FileNotFoundError:
            raise PlantError(file, "there is no such file") from None
        except (OSError, ValueError) as exc:
            why = exc.strerror if isinstance(exc, OSError) else str(exc)
            raise PlantError(file, f"cannot be read: {why}") from None
        if len(octets) > LARGEST:
            raise PlantError(file, f"is larger than {LARGEST} octets")
        try:
            return cls(file, decode(octets))
        except UnicodeDecodeError as exc:
            line = octets.count(b"\n", 0, exc.start) + 1
            raise PlantError(file, f"is no {exc.encoding} text", line) from None

    def line(self, key: Key | None) -> int | None:
        """The line of a value, or of what it stands in."""
        if not isinstance(key, tuple):
            return key
        if self._known is None:
            self._known = self.positions(self.text) if self.positions else {}
        while key and key not in self._known:
            key = key[:-1]
        return self._known.get(key)

    def error(self, reason: str, key: Key | None = None) -> PlantError:
        """The error for something in this file."""
        line = self.line(key)
        lines = self.text.split("\n")
        known = line is not None and 1 <= line <= len(lines)
        shown = lines[line - 1] if known and line is not None else ""
        return PlantError(self.file, reason, line, shown)

    def place(self, key: Key | None) -> str:
        """Where something stands, for people."""
        line = self.line(key)
        return self.file if line is None else f"{self.file}:{line}"


Where = tuple[Source, Key | None]


@dataclass(frozen=True, slots=True)
class Plant:
    """All that some files say of a controller."""

    types: Types
    tags: tuple[TagSpec, ...] = ()
    programs: tuple[str, ...] = ()
    identity: Mapping[str, Any] = field(default_factory=dict)  # fields of the profile
    data_files: Mapping[str, Any] | None = None  # beside the usual ones; None: not any
    name: str = ""  # of the controller, which is what its program is called
    files: tuple[str, ...] = ()
    left: tuple[str, ...] = ()  # what was left out, and why
    origins: Mapping[str, Where] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)  # as they were said

    def where(self, name: str) -> str:
        """Where a tag was said: ` (plant.toml:12)`, or nothing if no file says it."""
        found = self.origins.get(name.lower())
        return "" if found is None else f" ({found[0].place(found[1])})"

    def described(self) -> DescribedPlant:
        """The same as a description, which can be written to a file."""
        identity = {
            {"name": "product_name"}.get(name, name): (
                f"{value & 0xFF}.{value >> 8}" if name == "revision" else value
            )
            for name, value in self.identity.items()
        }
        if self.name:
            identity["name"] = self.name
        return DescribedPlant(
            identity,
            tuple(self.types),
            tuple(described(one, self.aliases) for one in self.tags),
            self.programs,
            self.data_files,
        )


class Draft:
    """A plant while files are read; what two of them say differently is refused."""

    def __init__(self) -> None:
        self.types = Types()
        self.tags: dict[str, TagSpec] = {}
        self.origins: dict[str, Where] = {}
        self.places: dict[tuple[int, ...], TagSpec] = {}  # by number
        self.programs: dict[str, str] = {}
        self.identity: dict[str, tuple[Any, Where]] = {}
        self.data_files: dict[str, tuple[Any, Where]] = {}
        self.filed = False  # whether there are data files, even if none is named
        self.declared: dict[str, Where] = {}
        self.spelled: list[str] = []  # types, as they were declared
        self.left: list[str] = []
        self.lenient: set[str] = set()  # aliases that may lead nowhere
        self._octets = 0
        self._sorts: dict[str, Sort] = {}

    # -- types

    def declare(self, where: Where, name: str, what: int | Members | Make) -> None:
        """Have a type: the room of a text, the members of a structure, or what makes
        it of its number."""
        source, key = where
        before = self.declared.get(name.lower())
        if before is not None:
            said = before[0].place(before[1])
            raise source.error(f"there is a type {name} already ({said})", key)
        try:
            if isinstance(what, int):
                self.types.declare_text(name, what)
            elif callable(what):
                self.types.declare_made(name, what)
            else:
                self.types.declare({name: what})
        except TypesError as exc:
            raise source.error(str(exc), key) from None
        self.declared[name.lower()] = where
        self.spelled.append(name)

    def made(self) -> None:
        """Make all types, so that what is wrong with them is said."""
        for name in self.spelled:
            source, key = self.declared[name.lower()]
            try:
                made = self.types[name]
                if made.struct_calcsize > ROOM:
                    raise EncodeError("more than anybody can ask for")
            except TypesError as exc:
                source, key = self.declared[(exc.type or name).lower()]
                if exc.member and isinstance(key, tuple):
                    key = (*key, exc.member)
                reason = meant_type(exc.problem, self)
                who = ": ".join(one for one in (exc.type, exc.member) if one)
                raise source.error(f"type {who or name}: {reason}", key) from None
            except EncodeError:
                raise source.error(f"type {name} is too large", key) from None
            except RecursionError:
                raise source.error("structures are nested too deep", key) from None

    def sort(self, where: Where, said: str) -> Sort:
        """What a text says of a tag's type and size."""
        found = self._sorts.get(said)
        if found is None:
            try:
                found = self._sorts[said] = self.types.sort(said)
            except TypesError as exc:
                raise where[0].error(meant_type(exc.problem, self), where[1]) from None
            if found.type.struct_calcsize * found.count > ROOM:
                raise where[0].error(f"{said} has more than {ROOM} octets", where[1])
        return found

    # -- tags

    def add(self, where: Where, tag: TagSpec) -> None:
        """Have a tag."""
        source, key = where
        name = tag.name.lower()
        if name in self.tags:
            other = self.origins[name]
            said = f"{self.tags[name]} ({other[0].place(other[1])})"
            raise source.error(f"{tag.name} is there already, as {said}", key)
        if not tag.name.isascii() or not tag.name.isidentifier() or len(tag.name) > 40:
            self.named(where, tag)
        if tag.address is not None:
            self.placed(where, tag, tag.address)
        if len(self.tags) >= MOST:
            raise source.error(f"a plant has up to {MOST} tags", key)
        self._octets += tag.type.struct_calcsize * (tag.count or 1)
        if self._octets > ROOM:
            raise source.error(f"the tags have more than {ROOM} octets", key)
        self.tags[name] = tag
        self.origins[name] = where

    def placed(self, where: Where, tag: TagSpec, address: tuple[int, ...]) -> None:
        """Refuse another tag at a place, unless it is another name of the same."""
        source, key = where
        first = self.places.setdefault(address, tag)
        if first is tag:
            return
        same = (first.type, first.sizes or (1,)) == (tag.type, tag.sizes or (1,))
        if not same:
            problem = "two names of one place have one type and size"
        elif tag.value is not None:
            problem = "its value is said there"
        else:
            return
        other = self.origins[first.name.lower()]
        there = other[0].place(other[1])
        if isinstance(key, tuple):
            key = (*key, "address")
        raise source.error(f"{first} ({there}) has this place: {problem}", key)

    def named(self, where: Where, tag: TagSpec) -> None:
        """Refuse what is no name of a tag."""
        name = tag.name
        try:
            check_name(name, name, 0, tag.address is not None)
        except TagError as exc:
            raise where[0].error(f"{name!r}: {exc.problem}", where[1]) from None
        if not name.strip() or any(one in name for one in "[]@={}"):
            raise where[0].error(f"{name!r} is no name of a tag", where[1])
        if program := scope(name):
            self.program(where, program)

    def leave(self, unknown: Mapping[str, int]) -> None:
        """Leave out tags whose types nobody knows: so many of each."""
        count = sum(unknown.values())
        names = ", ".join(
            f"{name} ({number})" if number > 1 else name
            for name, number in unknown.items()
        )
        several = "tags of types that are" if count > 1 else "tag of a type that is"
        self.left.append(f"{count} {several} not known: {names}")

    def program(self, where: Where, name: str) -> None:
        """Have a program."""
        if not name.replace("_", "a").isalnum() or not name.isascii():
            raise where[0].error(f"{name!r} is no name of a program", where[1])
        self.programs.setdefault(name.lower(), name)

    # -- the rest

    def identify(self, where: Where, name: str, value: Any) -> None:
        """Have something of the identity."""
        self._agreed(self.identity, where, name, value, SAID.get(name, name))

    def data_file(self, where: Where, name: str, number: int, said: Any) -> None:
        """Have a data file."""
        for other, (_, there) in self.data_files.items():
            if other.lstrip(LETTERS) == str(number):
                problem = f"data file {name}: there is {other} already"
                raise where[0].error(
                    f"{problem} ({there[0].place(there[1])})", where[1]
                )
        self.data_files[name] = said, where

    def _agreed(
        self,
        there: dict[str, tuple[Any, Where]],
        where: Where,
        name: str,
        value: Any,
        what: str,
    ) -> None:
        before, other = there.setdefault(name, (value, where))
        if before != value:
            said = other[0].place(other[1])
            raise where[0].error(
                f"{what} is said already, differently ({said})", where[1]
            )


def described(tag: TagSpec, aliases: Mapping[str, str]) -> DescribedTag:
    """A tag as a file says it."""
    if tag.alias is not None:
        # Where it leads has no scope: its own program may have a tag of that name.
        said = aliases.get(tag.name.lower(), tag.alias)
        return DescribedTag(tag.name, "", None, tag.access, said)
    place = "{}/{}/{}".format(*tag.address) if tag.address else None
    return DescribedTag(tag.name, tag.said, plain(tag), tag.access, None, place)


def plain(tag: TagSpec) -> Any:
    """The value of a tag as numbers, texts, lists and dictionaries."""
    value = tag.value
    if tag.bools and isinstance(value, list):
        return BOOLS.bits(BOOLS.pack(value))[: tag.bools]
    if isinstance(value, list):
        return shaped([whole(tag.type, one) for one in value], tag.sizes)
    return whole(tag.type, value)


def whole(kind: type[CIPType], value: Any) -> Any:
    """A value, and not the octets of a structure."""
    return kind.unpack(value)[0] if isinstance(value, bytes) else value


def meant(name: str, known: Iterable[str]) -> str:
    """What else may have been meant by a name that is not there."""
    names = list(known)
    near = get_close_matches(name.lower(), [one.lower() for one in names], 1, 0.5)
    if near:
        return next(f"; is {one} meant?" for one in names if one.lower() == near[0])
    return f"; there are {', '.join(names)}" if len(names) < 24 else ""


def meant_type(problem: str, draft: Draft) -> str:
    """What is said of a type that is not there, in few words."""
    match = re.match(r"no type '([^']*)'", problem)
    if match is None:
        return problem
    return f"{match[0]}{meant(match[1], (*USUAL, *draft.spelled))}"


USUAL = (
    *("BOOL", "SINT", "INT", "DINT", "LINT", "USINT", "UINT", "UDINT", "ULINT"),
    *("REAL", "LREAL", "STRING", "SSTRING", "TIMER", "COUNTER", "CONTROL", "PID"),
)
