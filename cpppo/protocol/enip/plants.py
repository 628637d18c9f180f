# SPDX-License-Identifier: Apache-2.0
"""A controller described: its types, tags, programs and values, as text in TOML.

Over `datatypes`.  A client describes a controller that it has browsed, a server one
that it has read from a file; `toml` writes the form that `enip_server -f` reads.  Tags
of a program have its name before their own: `Program:Main.Speed`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...errors import EncodeError
from .datatypes import NAME, Types
from .structures import BOOLS, Member, StringType, StructureType, laid
from .types import CIPType

__all__ = [
    "PROGRAM",
    "DescribedPlant",
    "DescribedTag",
    "scope",
    "shaped",
    "toml",
    "type_text",
]

PROGRAM = "Program:"  # how a program's name begins, before a tag's
BARE = re.compile(r"[A-Za-z0-9_-]+")
ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


@dataclass(frozen=True, slots=True)
class DescribedTag:
    """A tag: its type as text (`DINT[3,4]`), and what is not as usual."""

    name: str
    type: str = ""  # of an alias: none
    value: Any = None  # numbers, texts, lists of them, dictionaries of members
    access: str = "read/write"
    alias: str | None = None
    address: str | None = None  # class/instance/attribute


@dataclass(frozen=True, slots=True)
class DescribedPlant:
    """A controller."""

    identity: Mapping[str, str | int] = field(default_factory=dict)  # keys of the form
    types: tuple[type[StructureType], ...] = ()
    tags: tuple[DescribedTag, ...] = ()
    programs: tuple[str, ...] = ()  # those without tags too
    data_files: Mapping[str, Any] | None = None  # beside the usual ones; None: not any


# -- texts of types


def type_text(
    kind: type[CIPType], dimensions: Iterable[int] = (), bools: int = 0
) -> str:
    """A type and a size as people say them; BOOL arrays have words for dimensions."""
    sizes = tuple(dimensions)
    if bools or kind is BOOLS:
        return f"BOOL[{bools or 32 * math.prod(sizes)}]"
    return f"{kind.__name__}[{','.join(map(str, sizes))}]" if sizes else kind.__name__


def shaped(values: list[Any], dimensions: tuple[int, ...]) -> list[Any]:
    """Values in a row as lists in lists, one for each dimension."""
    for size in reversed(dimensions[1:]):
        values = [values[at : at + size] for at in range(0, len(values), size)]
    return values


# -- the text of a plant


def toml(plant: DescribedPlant, comment: str = "") -> str:
    """A plant as `enip_server -f` reads it."""
    lines = [f"# {line}".rstrip() for line in comment.splitlines()]
    if plant.identity:
        lines += ["", "[identity]"]
        lines += [f"{key(name)} = {text(one)}" for name, one in plant.identity.items()]
    known = Types()
    for one in plant.types:
        if one.__name__ not in known:
            lines += ["", *type_lines(one)]
    scopes: dict[str, list[DescribedTag]] = {"": []}
    for program in plant.programs:
        scopes.setdefault(program, [])
    for tag in plant.tags:
        scopes.setdefault(scope(tag.name), []).append(tag)
    for name, tags in scopes.items():
        if name:
            header = f"programs.{key(name)}" + (".tags" if tags else "")
        elif tags:
            header = "tags"
        else:
            continue
        lines += ["", f"[{header}]", *map(tag_line, tags)]
    if plant.data_files is not None:
        lines += ["", "[data_files]"]
        for name, said in plant.data_files.items():
            lines.append(f"{key(name)} = {text(said)}")
    return "\n".join(lines).lstrip("\n") + "\n"


def scope(name: str) -> str:
    """The program that a tag belongs to, or nothing."""
    if name.lower().startswith(PROGRAM.lower()) and "." in name:
        return name[len(PROGRAM) :].partition(".")[0]
    return ""


def type_lines(one: type[StructureType]) -> Iterator[str]:
    """A type, as a table."""
    if issubclass(one, StringType):
        yield f"[types.{key(one.__name__)}]"
        yield f"string = {one.capacity}"
        return
    if differs(one):
        yield "# Its members do not stand here as they do in the controller."
    yield f"[types.{key(one.__name__)}]"
    for member in one.visible():
        line = f"{key(member.name)} = {text(member_text(member))}"
        yield line if NAME.fullmatch(member.name) else f"# {line}"


def member_text(member: Member) -> str:
    """The type of a member as people say it."""
    if member.type is BOOLS:
        return f"BOOL[{32 * (member.count or 1)}]"
    return type_text(member.type, (member.count,) if member.count else ())


def differs(one: type[StructureType]) -> bool:
    """Whether members as they are written would be laid out differently."""
    declared = [
        (each.name, each.type, each.count)
        for each in one.visible()
        if NAME.fullmatch(each.name)
    ]
    members, size = laid(one.__name__, declared)
    places = [(each.offset, each.bit) for each in members if not each.hidden]
    there = [(each.offset, each.bit) for each in one.visible()]
    return size != one.struct_calcsize or places != there


def tag_line(tag: DescribedTag) -> str:
    """A tag, as a line of its section."""
    program = scope(tag.name)
    name = tag.name[len(PROGRAM) + len(program) + 1 :] if program else tag.name
    said: dict[str, Any] = {}
    if tag.alias is not None:
        said["alias"] = tag.alias
    else:
        said["type"] = tag.type
    if tag.value is not None:
        said["value"] = tag.value
    if tag.access != "read/write":
        said["access"] = tag.access
    if tag.address is not None:
        said["address"] = tag.address
    plain = set(said) == {"type"}
    return f"{key(name)} = {text(tag.type if plain else said)}"


# -- values


def key(name: str) -> str:
    """A key, quoted where it must be."""
    return name if BARE.fullmatch(name) else quoted(name)


def quoted(value: str) -> str:
    """A text."""
    return f'"{"".join(map(escaped, value))}"'


def escaped(letter: str) -> str:
    """A letter of a text."""
    if letter in ESCAPES:
        return ESCAPES[letter]
    return letter if letter.isprintable() else f"\\U{ord(letter):08x}"


def text(value: Any) -> str:
    """A value as TOML has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else str(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Mapping):
        several = ", ".join(f"{key(name)} = {text(one)}" for name, one in value.items())
        return f"{{ {several} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(text, value))}]"
    raise EncodeError(f"{value!r:.40} has no form in TOML")
