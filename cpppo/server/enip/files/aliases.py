# SPDX-License-Identifier: Apache-2.0
"""Aliases: what another name leads to, once all tags of a plant are known.

Under `load`, over `plant`.  A path is looked for among the tags of its program first,
then among the controller's.  What comes out leads to a tag that is no alias itself, and
has the type of what is there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod

from ....protocol.enip.plants import PROGRAM
from ....protocol.enip.plants import scope as scope_of
from ....protocol.enip.structures import BOOLS, StructureType
from ....protocol.enip.types import BOOL, CIPType, TextType
from ..database.making import Astray, Step, split
from ..database.tags import TagSpec
from .plant import Draft, meant
from .values import position

__all__ = ["resolved"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a path has come to."""

    type: type[CIPType]
    sizes: tuple[int, ...] = ()  # of an array that no index is chosen of
    bools: int = 0  # of an array of BOOLs

    @property
    def said(self) -> str:
        if self.bools:
            return f"BOOL[{self.bools}]"
        size = f"[{','.join(map(str, self.sizes))}]" if self.sizes else ""
        return f"{self.type.__name__}{size}"


def resolved(draft: Draft) -> tuple[TagSpec, ...]:
    """The tags, the aliases among them last; those that lead nowhere are refused."""
    found = []
    aliases = []
    known: dict[str, TagSpec] = {}
    for key, tag in draft.tags.items():
        if tag.alias is None:
            found.append(tag)
            continue
        try:
            aliases.append(followed(draft, tag, known))
        except Astray as exc:
            source, where = draft.origins[key]
            reason = f"{tag.name} is an alias of {tag.alias}: {exc}"
            if key not in draft.lenient:
                if isinstance(where, tuple):
                    where = (*where, "alias")
                raise source.error(reason, where) from None
            draft.left.append(reason)
            del draft.origins[key]
    return (*found, *aliases)


def followed(draft: Draft, tag: TagSpec, known: dict[str, TagSpec]) -> TagSpec:
    """An alias with the path to what is meant, and its type; `known` are those that
    were followed already."""
    way: dict[str, tuple[TagSpec, list[Step]]] = {}
    root = tag
    while root.alias is not None and root.name.lower() not in known:
        if root.name.lower() in way:
            raise Astray("which leads back to itself")
        before = root
        root, rest = rooted(draft, root, split(root.alias))
        way[before.name.lower()] = before, rest
    root = known.get(root.name.lower(), root)
    for key, (one, rest) in reversed(way.items()):
        root = known[key] = leading(one, root, rest)
    return root


def leading(tag: TagSpec, root: TagSpec, rest: list[Step]) -> TagSpec:
    """An alias of a part of a tag, which may be one that was followed."""
    place = Place(root.type, root.sizes, root.bools)
    for step in rest:
        place = entered(place, step)
    if tag.access not in ("read/write", root.access):
        raise Astray(f"its access is that of {root.name}: {root.access}")
    sizes = place.sizes
    return replace(
        tag,
        type=place.type,
        count=prod(sizes) if sizes else None,
        dimensions=sizes if len(sizes) > 1 else (),
        bools=place.bools,
        access=root.access,
        alias=f"{root.alias or root.name}{joined(rest)}",
    )


def joined(steps: list[Step]) -> str:
    """The same as text."""
    return "".join(
        f".{one}" if isinstance(one, str) else f"[{','.join(map(str, one))}]"
        for one in steps
    )


def rooted(draft: Draft, tag: TagSpec, steps: list[Step]) -> tuple[TagSpec, list[Step]]:
    """The tag that a path begins with, and the steps after it."""
    names: list[str] = []
    for step in steps:
        if not isinstance(step, str):
            break
        names.append(step)
    program = scope_of(tag.name)
    own = f"{PROGRAM}{program}.".lower() if program else ""
    for scope in dict.fromkeys((own, "")):
        for end in range(len(names), 0, -1):
            found = draft.tags.get(scope + ".".join(names[:end]).lower())
            if found is not None:
                return found, steps[end:]
    what = ".".join(names) or "''"
    there = [one.name for one in list(draft.tags.values())[:1000]]
    # What may be left out is not searched for: there are thousands of them.
    near = "" if tag.name.lower() in draft.lenient else meant(what, there)
    raise Astray(f"there is no tag {what}{near if near.endswith('meant?') else ''}")


def entered(place: Place, step: Step) -> Place:
    """One step into what a path has come to."""
    if isinstance(step, tuple):
        sizes = (place.bools,) if place.bools else place.sizes
        if len(step) != len(sizes):
            raise Astray(f"{place.said} has {len(sizes) or 'no'} dimensions")
        if position(step, sizes) is None:
            raise Astray(f"{place.said} has no element {joined([step])}")
        if issubclass(place.type, TextType):
            raise Astray(f"{place.said} has texts that differ in length: all or none")
        return Place(BOOL if place.bools else place.type)
    if place.sizes or issubclass(place.type, TextType):
        raise Astray(f"{place.said} has no member {step!r}")
    if issubclass(place.type, StructureType):
        member = place.type.member(step)
        if member is None:
            names = [one.name for one in place.type.visible()]
            raise Astray(f"{place.said} has no member {step!r}{meant(step, names)}")
        sizes = (member.count,) if member.count else ()
        bools = 32 * (member.count or 1) if member.type is BOOLS else 0
        return Place(member.type, sizes, bools)
    whole = isinstance(place.type.blank, int) and place.type is not BOOL
    bits = 8 * place.type.struct_calcsize if whole else 0
    if not (step.isdecimal() and len(step) < 9 and int(step) < bits):
        raise Astray(f"{place.said} has no bit {step[:40]!r}")
    return Place(BOOL)
