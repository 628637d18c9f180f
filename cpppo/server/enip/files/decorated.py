# SPDX-License-Identifier: Apache-2.0
"""The values of tags in an L5X file, in each of the forms that they have there.

Under `l5x`, over `literals` and `values`.  Data stand there as text (`L5K`), as a tree
(`Decorated`) or, of a text, as the text itself (`String`).  The tree says its types
too: what is a structure that nobody declares is learnt from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import prod
from typing import Any

from ....errors import EncodeError
from ....protocol.enip.datatypes import FIRST, LAST, Sort
from ....protocol.enip.plants import shaped
from ....protocol.enip.structures import BOOLS, Member, StringType, StructureType
from ....protocol.enip.types import BOOL, CIPType, TextType
from .literals import l5k, number, quoted
from .values import Misfit, position
from .values import one as one_of
from .xml import Node

__all__ = ["begun", "learnt"]

Kind = type[CIPType]

INDEX = re.compile(r"\[\s*[0-9]{1,9}\s*(?:,\s*[0-9]{1,9}\s*){0,2}\]")
MANY = 1_000_000  # elements that are not there are too many to make up
TREE = ("DataValue", "Array", "Structure")
MEMBERS = ("DataValueMember", "ArrayMember", "StructureMember")


def begun(tag: Node, sort: Sort) -> tuple[Any, Node] | None:
    """The value that a tag begins with, and the node that says it; or nothing."""
    known = {one.get("Format").lower(): one for one in tag.find("Data")}
    for form in ("decorated", "string", "l5k"):
        data = known.get(form)
        if data is None:
            continue
        try:
            if form == "string":
                return quoted(data.text) if data.text.strip() else "", data
            if form == "l5k":
                return l5k_value(l5k(data.text), sort), data
        except Misfit as exc:
            exc.line = data.line
            raise
        except EncodeError as exc:
            raise Misfit(str(exc), (), data.line) from None
        for one in data.children:
            if one.tag in TREE:
                return value(one, sort.type, sort.dimensions, sort.bools), one
    return None


# -- trees


def value(node: Node, kind: Kind, sizes: tuple[int, ...], bools: int = 0) -> Any:
    """The value of a node, of a type and a size."""
    try:
        if bools or kind is BOOLS:
            return array(node, BOOL, (bools or 32 * prod(sizes),))
        if sizes:
            return array(node, kind, sizes)
        return single(node, kind)
    except Misfit as exc:
        if exc.line is None:
            exc.line = node.line
        raise


def single(node: Node, kind: Kind) -> Any:
    """One value."""
    if issubclass(kind, StringType):
        return text(node, kind)
    if issubclass(kind, StructureType):
        return members(node, kind)
    said = node.attributes.get("Value")
    if said is None:
        if not node.text.strip():
            raise Misfit(f"a value of {kind.__name__} expected")
        said = node.text
    return one_of(
        kind, quoted(said) if issubclass(kind, TextType) else number(said, kind)
    )


def text(node: Node, kind: type[StringType]) -> str:
    """A text: what DATA has, as far as LEN says."""
    node = node.first("Structure") or node
    size: int | None = None
    found = ""
    for one in node.children:
        name = one.get("Name").upper()
        if name == "LEN":
            size = int(number(one.get("Value", "0"), kind.members[0].type))
        elif name == "DATA":
            found = quoted(one.text) if one.text.strip() else ""
    return found if size is None else found[: max(size, 0)]


def members(node: Node, kind: type[StructureType]) -> dict[str, Any]:
    """The members of a structure."""
    node = node.first("Structure") or node
    found: dict[str, Any] = {}
    for one in node.children:
        name = one.get("Name")
        member = kind.member(name)
        if not name or one.tag not in MEMBERS:
            continue
        if member is None and not own(kind):
            continue  # predefined ones grow from version to version
        if member is None:
            raise Misfit(f"{kind.__name__} has no member {name!r}", (), one.line)
        sizes = (member.count,) if member.count else ()
        found[member.name] = value(one, member.type, sizes)
    return found


def own(kind: type[StructureType]) -> bool:
    """Whether a structure is the user's, and not one that every controller has."""
    return FIRST <= kind.instance <= LAST


def array(node: Node, kind: Kind, sizes: tuple[int, ...]) -> list[Any]:
    """The elements of an array, as lists in lists."""
    blank: Any = {} if issubclass(kind, StructureType) else kind.blank
    if issubclass(kind, StringType | TextType):
        blank = ""
    count = prod(sizes)
    if count > MANY and count > 2 * len(node.children):
        raise Misfit(f"{count} elements expected, not {len(node.children)}")
    found = [blank] * count
    for one in node.find("Element"):
        index = one.get("Index")
        if not INDEX.fullmatch(index):
            problem = f"an Element has an Index such as [0], not {index!r}"
            raise Misfit(problem, (), one.line)
        at = position([int(each) for each in index[1:-1].split(",")], sizes)
        if at is None:
            size = ",".join(map(str, sizes))
            problem = f"{kind.__name__}[{size}] has no element {index}"
            raise Misfit(problem, (), one.line)
        found[at] = value(one, kind, ())
    return shaped(found, sizes)


# -- types


def learnt(node: Node) -> Iterator[tuple[Node, list[tuple[str, str]]]]:
    """The structures of a tree, the inner ones first: members, and types as text."""
    for one in node.children:
        yield from learnt(one)
    if node.tag in ("Structure", "StructureMember") and node.get("DataType"):
        yield (
            node,
            [
                (one.get("Name"), said(one))
                for one in node.children
                if one.tag in MEMBERS
            ],
        )


def said(node: Node) -> str:
    """The type of a member of a tree."""
    sizes = node.get("Dimensions")
    kind = node.get("DataType")
    return f"{kind}[{','.join(sizes.replace(',', ' ').split())}]" if sizes else kind


# -- text


def l5k_value(said: Any, sort: Sort) -> Any:
    """The value of a tag in an L5K file's form."""
    if sort.bools:
        return l5k_bools(said, sort.bools)
    if not sort.dimensions:
        return l5k_single(said, sort.type)
    return l5k_array(said, sort.type, sort.dimensions)


def l5k_array(said: Any, kind: Kind, sizes: tuple[int, ...]) -> list[Any]:
    """Elements, with or without brackets for each dimension."""
    if not isinstance(said, list):
        raise Misfit(f"{sizes[0]} values within [ and ] expected, not {said!s:.40}")
    if len(sizes) > 1 and len(said) == prod(sizes) != sizes[0]:
        return shaped([l5k_single(one, kind) for one in said], sizes)
    if len(said) != sizes[0]:
        raise Misfit(f"{sizes[0]} values expected, not {len(said)}")
    if len(sizes) > 1:
        return [l5k_array(one, kind, sizes[1:]) for one in said]
    return [l5k_single(one, kind) for one in said]


def l5k_bools(said: Any, count: int) -> list[bool]:
    """BOOLs, one by one or as words."""
    if not isinstance(said, list):
        raise Misfit(f"{count} values within [ and ] expected, not {said!s:.40}")
    if len(said) == -(-count // 32) != count:
        words = [int(number(one, BOOLS)) & 0xFFFFFFFF for one in said]
        return BOOLS.bits(BOOLS.pack(words))[:count]
    if len(said) != count:
        raise Misfit(f"{count} values expected, not {len(said)}")
    return [bool(number(one, BOOL)) for one in said]


def l5k_single(said: Any, kind: Kind) -> Any:
    """One value: a number, a text, or the members of a structure."""
    if issubclass(kind, StringType):
        return l5k_text(said, kind)
    if issubclass(kind, StructureType):
        return l5k_structure(said, kind)
    if not isinstance(said, str):
        raise Misfit(f"one {kind.__name__} expected, not {len(said)} values")
    return quoted(said) if issubclass(kind, TextType) else number(said, kind)


def l5k_text(said: Any, kind: type[StringType]) -> str:
    """A text: its length, and all that it has room for."""
    if not isinstance(said, list) or len(said) != 2 or not isinstance(said[1], str):
        raise Misfit(f"{kind.__name__} is [length,'text'], not {said!s:.40}")
    size = number(said[0], kind.members[0].type)
    return quoted(said[1])[: max(int(size), 0)]


def l5k_structure(said: Any, kind: type[StructureType]) -> bytes:
    """The octets of a structure, whose BOOLs are said by their hidden hosts."""
    members = [one for one in kind.members if one.bit is None]
    if not isinstance(said, list) or len(said) != len(members):
        count = len(said) if isinstance(said, list) else 1
        raise Misfit(f"{kind.__name__} has {len(members)} values, not {count}")
    found = bytearray(kind.struct_calcsize)
    for member, one in zip(members, said, strict=True):
        value = l5k_member(one, member)
        if isinstance(value, str):
            value = member.type.produce(value)
        member.write(found, value)
    return bytes(found)


def l5k_member(said: Any, member: Member) -> Any:
    """The value of a member, as the member takes it."""
    if member.type is BOOLS:
        most = 32 * (member.count or 1)
        count = len(said) if isinstance(said, list) else most
        words = -(-most // 32)
        count = most if count == words else count
        if not most - 32 < count <= most:
            raise Misfit(f"{member.name}: {most} values expected, not {count}")
        found = l5k_bools(said, count)
        return [*found, *[False] * (most - count)]
    if member.count:
        return l5k_array(said, member.type, (member.count,))
    return l5k_single(said, member.type)
