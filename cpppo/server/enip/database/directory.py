# SPDX-License-Identifier: Apache-2.0
"""What a controller holds: objects by class and instance, tags by name; and where a
path leads among them.

Over `objects` and `part`, under `controller`.  Names are the same in any case of their
letters; a program's tag has the program's name before its own.  A path that was found
to lead to a tag leads there from then on: its octets are a key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from ....protocol.enip import (
    Attribute as AttributeSegment,
)
from ....protocol.enip import (
    Class,
    Element,
    Instance,
    Segment,
    Symbol,
)
from ....protocol.enip.plants import PROGRAM, scope
from ....protocol.enip.status import Status
from ..cip.answers import Refusal, Target, out_of_range, position
from ..cip.attribute import Attribute
from ..cip.builtin import ClassObject
from ..cip.objects import Object
from ..cip.places import Place
from ..cip.tagged import Tagged
from .making import alias_path, aliased, made
from .part import Part, member_of
from .tags import TagError, TagSpec, check_letters

__all__ = ["Directory", "Family"]

REMEMBERED = 32768  # paths, or twice the tags; beyond that, all are found anew
ROUTER = 0x02


class Family(Protocol):
    """A class whose instances are made when somebody asks for them."""

    def instance(self, number: int, program: str) -> tuple[Object, Attribute | None]:
        """An instance, and the tag that it stands for; a Refusal if there is none."""


class Directory:
    """The objects and the tags of one controller."""

    def __init__(self) -> None:
        self.objects: dict[tuple[int, int], Object] = {}
        self.families: dict[int, Family] = {}
        self.tags: dict[str, Attribute] = {}  # by name, in small letters
        self.parts: dict[str, Attribute] = {}  # the same, of those with another tag
        self.aliases: dict[str, str] = {}  # and what these are aliases of
        self.names: dict[str, str] = {}  # as they were given
        self.programs: dict[str, str] = {}  # likewise
        self.homes: dict[str, tuple[int, int, int]] = {}
        self.places: dict[bytes, Place] = {}

    # -- what there is

    def add(self, one: Object) -> None:
        """Have an object, and its class if it is the first of it."""
        self.objects[one.number, one.instance_id] = one
        if (one.number, 0) not in self.objects:
            self.objects[one.number, 0] = ClassObject(one.number, one.revision)

    def __iter__(self) -> Iterator[tuple[str, Attribute]]:
        """The tags by the names that they were given, aliases among them."""
        for key, name in list(self.names.items()):
            attribute = self.known(key)
            if attribute is not None:
                yield name, attribute

    def known(self, key: str) -> Attribute | None:
        """What a name in small letters stands for."""
        found = self.tags.get(key)
        return self.parts.get(key) if found is None else found

    def program(self, name: str) -> None:
        """Have a program, named with or without what all their names begin with."""
        begun = name.lower().startswith(PROGRAM.lower())
        said = PROGRAM + (name[len(PROGRAM) :] if begun else name)
        check_letters(said, said, 0)
        self.programs.setdefault(said.lower(), said)

    def have(
        self,
        specs: Iterable[TagSpec],
        make: Any,
        kwds: Mapping[str, Any],
        counts: bool = True,
    ) -> None:
        """Have tags, in any order."""
        several = sorted(specs, key=order)
        while several:
            waiting: list[TagSpec] = []
            wrong: TagError | None = None
            for spec in several:
                try:
                    self.tag(spec, make, kwds, counts)
                except TagError as exc:
                    if spec.alias is None or spec.name.lower() in self.names:
                        raise
                    # What it is an alias of may be an alias that comes later.
                    waiting.append(spec)
                    wrong = wrong or exc
            if wrong is not None and len(waiting) == len(several):
                raise wrong
            several = waiting

    def tag(
        self, spec: TagSpec, make: Any, kwds: Mapping[str, Any], counts: bool = True
    ) -> None:
        """Have a tag, at its own place or the next free one; or an alias of another.

        `counts`: what makes attributes can be told a count of values.
        """
        key = spec.name.lower()
        if key in self.names:
            raise TagError(str(spec), f"there is a tag {self.names[key]} already")
        check_letters(spec.name, spec.name, 0)
        if spec.alias is not None:
            self.alias(key, spec, spec.alias)
        else:
            home = spec.address or self.free()
            owner = self.owner(home)
            attribute = owner.find(home[2])
            if attribute is None:
                attribute = made(spec, make, kwds, counts)
                owner.add(home[2], attribute, settable=True)
            else:
                shared(spec, attribute, home)
            if spec.access != "read/write":
                try:
                    attribute.access = spec.access
                except ValueError as exc:
                    raise TagError(str(spec), str(exc)) from None
            attribute.tagged = True
            self.tags[key] = attribute
            self.homes[key] = home
        if program := scope(spec.name):
            self.program(program)
        # What led to a member may lead to this one now.
        self.places.clear()
        # Last, because who lists the tags goes by the names.
        self.names[key] = spec.name

    def alias(self, key: str, spec: TagSpec, of: str) -> None:
        """Have another name for a tag that is there, or for a part of it."""
        try:
            path, bit = alias_path(of)
            target = self.find(path)
            if target.attribute is None or target.number is None:
                raise ValueError("that is no tag")
            found = aliased(target.attribute, target.elements, bit, of)
            if spec.access not in ("read/write", found.access):
                raise ValueError(f"its access is that of what it is: {found.access}")
        except Refusal:
            raise TagError(str(spec), f"alias of {of}: there is no such tag") from None
        except ValueError as exc:
            raise TagError(str(spec), f"alias of {of}: {exc}") from None
        (self.parts if isinstance(found, Part) else self.tags)[key] = found
        self.aliases[key] = of
        owner = target.object
        self.homes[key] = owner.number, owner.instance_id, target.number

    def free(self) -> tuple[int, int, int]:
        """The next attribute of the Message Router that is not there yet."""
        owner = self.objects[ROUTER, 1]
        number = len(owner.attribute) + 1
        while owner.find(number) is not None:
            number += 1
        return ROUTER, 1, number

    def owner(self, home: tuple[int, int, int]) -> Object:
        """The object at a place, which is made where there is none."""
        number, instance, _ = home
        found = self.objects.get((number, instance))
        if found is None:
            found = Tagged(f"Class {number:#x}", instance, number)
            self.add(found)
        return found

    # -- where a path leads

    def find(self, path: tuple[Segment, ...]) -> Target:
        """Where a path leads; a Refusal if nowhere."""
        if not path:
            raise Refusal(Status.PATH_SEGMENT_ERROR)
        if isinstance(path[0], Symbol):
            return self.named(path)
        return self.numbered(path)

    def named(self, path: tuple[Segment, ...]) -> Target:
        """A tag by its name, which may take several symbols; then a part of it."""
        parts: list[str] = []
        for segment in path:
            if not isinstance(segment, Symbol):
                break
            parts.append(segment.name.lower())
        # The longest name that is one; what follows are members.
        for count in range(len(parts), 0, -1):
            key = ".".join(parts[:count])
            attribute = self.known(key)
            if attribute is not None:
                number, instance, home = self.homes[key]
                owner = self.objects[number, instance]
                return within(owner, attribute, home, path[count:])
        if len(parts) == 1 and parts[0] in self.programs and len(path) > 1:
            return self.numbered(path[1:], parts[0])
        raise Refusal(Status.PATH_DESTINATION_UNKNOWN)

    def numbered(self, path: tuple[Segment, ...], program: str = "") -> Target:
        """A class, an instance of it, an attribute of that, and a part of it."""
        number, instance, attribute = numbers(path)
        rest = path[1 + (instance is not None) + (attribute is not None) :]
        family = self.families.get(number)
        # Who puts a tag of his own there has it there.
        if family is not None and (number, instance or -1) not in self.objects:
            owner, tag = family.instance(instance or 0, program)
            if tag is not None and attribute is None:
                return within(owner, tag, None, rest)
        elif program:
            raise Refusal(Status.PATH_DESTINATION_UNKNOWN)
        else:
            found = self.objects.get((number, instance or 0))
            if found is None:
                raise Refusal(Status.PATH_DESTINATION_UNKNOWN)
            owner = found
        held = None if attribute is None else owner.find(attribute)
        if held is None:
            return Target(owner, None, attribute, elements(rest))
        return within(owner, held, attribute, rest)

    def remember(self, path: bytes, target: Target) -> None:
        """Have a place under the octets of a path, if it leads to a tag's storage."""
        attribute = target.attribute
        if attribute is None or not attribute.tagged or not attribute.plain:
            return
        if len(self.places) >= max(REMEMBERED, 2 * len(self.tags)):
            self.places.clear()
        self.places[path] = attribute.place(target.index)


def shared(spec: TagSpec, there: Attribute, home: tuple[int, int, int]) -> None:
    """Refuse a second name for a place, unless it is for the same."""
    same = there.type is spec.type and len(there) == (spec.count or 1)
    if spec.dimensions and spec.dimensions != there.dimensions:
        same = False
    where = "@{}/{}/{}".format(*home)
    if not same:
        raise TagError(str(spec), f"at {where} there is {there!r}")
    if spec.value is not None:
        raise TagError(str(spec), f"at {where} there is {there!r}, with its value")


def order(spec: TagSpec) -> tuple[bool, bool]:
    """What comes first: what has chosen its place, and aliases last."""
    return spec.alias is not None, spec.address is None


def within(
    owner: Object, tag: Attribute, number: int | None, rest: tuple[Segment, ...]
) -> Target:
    """What indices and members' names lead to, beginning at a tag."""
    indices: list[int] = []
    for segment in rest:
        if isinstance(segment, Element):
            indices.append(segment.value)
        elif isinstance(segment, Symbol) and tag.tagged:
            index = position(tuple(indices), tag.dimensions)
            if index >= len(tag):
                raise out_of_range()
            part = member_of(tag, index, segment.name)
            if part is None:
                raise Refusal(Status.PATH_DESTINATION_UNKNOWN)
            tag, indices = part, []
        else:
            raise Refusal(Status.PATH_SEGMENT_ERROR)
    return Target(owner, tag, number, tuple(indices))


def numbers(path: tuple[Segment, ...]) -> tuple[int, int | None, int | None]:
    """The class, instance and attribute that a path begins with."""
    found: list[int | None] = [None, None, None]
    kinds: tuple[Any, ...] = (Class, Instance, AttributeSegment)
    for at, (segment, kind) in enumerate(zip(path, kinds, strict=False)):
        if not isinstance(segment, kind):
            break
        found[at] = segment.value
    if found[0] is None:
        raise Refusal(Status.PATH_SEGMENT_ERROR)
    return found[0], found[1], found[2]


def elements(rest: tuple[Segment, ...]) -> tuple[int, ...]:
    """The indices that a path ends in, and nothing else may."""
    if not all(isinstance(segment, Element) for segment in rest):
        raise Refusal(Status.PATH_SEGMENT_ERROR)
    return tuple(segment.value for segment in rest)  # type: ignore[attr-defined]
