# SPDX-License-Identifier: Apache-2.0
"""What a controller holds: objects by class and instance, tags by name; and where a
path leads among them.

Over `objects`, under `controller`.  Names are the same in any case of their letters.
A path that was found to lead to a tag leads there from then on: its octets are a key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...protocol.enip import (
    Attribute as AttributeSegment,
)
from ...protocol.enip import (
    Class,
    Element,
    Instance,
    Segment,
    Symbol,
)
from ...protocol.enip.status import Status
from .answers import Refusal, Target
from .attribute import Attribute
from .builtin import ClassObject
from .objects import Object
from .places import Place
from .tagged import Tagged
from .tags import TagError, TagSpec

__all__ = ["Directory"]

REMEMBERED = 16384  # paths, or twice the tags; beyond that, all are found anew
ROUTER = 0x02


class Directory:
    """The objects and the tags of one controller."""

    def __init__(self) -> None:
        self.objects: dict[tuple[int, int], Object] = {}
        self.tags: dict[str, Attribute] = {}  # by name, in small letters
        self.names: dict[str, str] = {}  # as they were given
        self.homes: dict[str, tuple[int, int, int]] = {}
        self.places: dict[bytes, Place] = {}

    # -- what there is

    def add(self, one: Object) -> None:
        """Have an object, and its class if it is the first of it."""
        self.objects[one.number, one.instance_id] = one
        if (one.number, 0) not in self.objects:
            self.objects[one.number, 0] = ClassObject(one.number, one.revision)

    def __iter__(self) -> Iterator[tuple[str, Attribute]]:
        """The tags by the names that they were given."""
        for key, attribute in self.tags.items():
            yield self.names[key], attribute

    def tag(
        self, spec: TagSpec, make: Any, kwds: Mapping[str, Any], counts: bool = True
    ) -> None:
        """Have a tag, at its own place or the next free one.

        `counts`: what makes attributes can be told a count of values.
        """
        key = spec.name.lower()
        if key in self.tags:
            raise TagError(str(spec), f"there is a tag {self.names[key]} already")
        home = spec.address or self.free()
        owner = self.owner(home)
        attribute = owner.find(home[2])
        if attribute is None:
            sized: dict[str, Any] = {}
            if spec.count is not None:
                # As published, an array is a sequence of defaults.
                blanks = [] if counts else [spec.type.blank] * spec.count
                sized = {"count": spec.count} if counts else {"default": blanks}
            attribute = make(spec.name, spec.type, **sized, **kwds)
            owner.add(home[2], attribute, settable=True)
        elif attribute.type is not spec.type or len(attribute) != (spec.count or 1):
            raise TagError(
                str(spec), f"at @{home[0]}/{home[1]}/{home[2]} there is {attribute!r}"
            )
        attribute.tagged = True
        self.tags[key] = attribute
        self.names[key] = spec.name
        self.homes[key] = home

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
        """A tag by its name, whose parts may be symbols of their own."""
        parts: list[str] = []
        at = 0
        for segment in path:
            if not isinstance(segment, Symbol):
                break
            parts.append(segment.name)
            at += 1
        key = ".".join(parts).lower()
        attribute = self.tags.get(key)
        if attribute is None:
            raise Refusal(Status.PATH_DESTINATION_UNKNOWN)
        number, instance, home = self.homes[key]
        owner = self.objects[number, instance]
        return Target(owner, attribute, home, elements(path[at:]))

    def numbered(self, path: tuple[Segment, ...]) -> Target:
        """A class, an instance of it, an attribute of that, and an element."""
        number, instance, attribute = numbers(path)
        rest = path[1 + (instance is not None) + (attribute is not None) :]
        owner = self.objects.get((number, instance or 0))
        if owner is None:
            raise Refusal(Status.PATH_DESTINATION_UNKNOWN)
        found = None if attribute is None else owner.find(attribute)
        return Target(owner, found, attribute, elements(rest))

    def remember(self, path: bytes, target: Target) -> None:
        """Have a place under the octets of a path, if it leads to a tag's storage."""
        attribute = target.attribute
        if attribute is None or not attribute.tagged or not attribute.storage.plain:
            return
        if len(self.places) >= max(REMEMBERED, 2 * len(self.tags)):
            self.places.clear()
        self.places[path] = attribute.place(target.index)


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
