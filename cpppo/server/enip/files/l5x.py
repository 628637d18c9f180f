# SPDX-License-Identifier: Apache-2.0
"""Plants from Rockwell's own export, L5X: a controller as Studio 5000 writes it.

A format of `load`, over `xml`, `layouts` and `decorated`.  Types, Add-On Instructions,
tags of the controller and of programs with their values, aliases, and the tags of
modules are read; logic is not.  A real plant has types that only its controller knows
(MESSAGE, AXIS_CIP_DRIVE): they are learnt from the values where these are a tree;
otherwise their tags are left out, and told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

from ....errors import EncodeError
from ....protocol.enip.datatypes import NAME, Sort, TypesError
from ....protocol.enip.plants import PROGRAM
from ..cip.attribute import access_of
from ..database.tags import TagError, TagSpec, check_name, spec
from . import layouts
from .decorated import begun, learnt
from .layouts import Declared, Entry
from .literals import Moment
from .plant import Draft, Source
from .values import Misfit, settled
from .xml import Node, tree

__all__ = ["L5X"]

UNWANTED = frozenset(
    (
        *("Routines", "Trends", "Tasks", "Comments", "Description", "RevisionNote"),
        *("CustomProperties", "AdditionalHelpText", "SignatureHistory", "WatchLists"),
        *("QuickWatchLists", "RedundancyInfo", "Security", "SafetyInfo", "DataLogs"),
        *("CST", "WallClockTime", "TimeSynchronize", "EthernetPorts"),
        *("ParameterConnections", "AlarmDefinitions", "AlarmConditions"),
    )
)
SUFFIXES = {"InputTag": "I", "OutputTag": "O", "ConfigTag": "C", "StatusTag": "S"}
SERIAL = re.compile(r"16#([0-9a-fA-F_]{1,9})")


class L5X:
    """A file of Studio 5000."""

    def __init__(self, file: str) -> None:
        self.source, octets = opened(file)
        root = tree(self.source, octets, UNWANTED)
        controller = root.first("Controller")
        if root.tag != "RSLogix5000Content" or controller is None:
            raise self.source.error(
                "is no L5X file: a Controller within RSLogix5000Content expected",
                root.line,
            )
        self.controller = controller
        self.unknown: dict[str, int] = {}  # types, and how many tags are left out
        self.instructions: set[str] = set()
        self.lines: dict[tuple[str | int, ...], int] = {}  # of types and their members
        self.source.positions = lambda _: self.lines

    # -- types and identity

    def declare(self, draft: Draft) -> None:
        """Say what needs no types, and which types there are."""
        self.identity(draft)
        declared: dict[str, Declared] = {}
        for node, read in self.definitions():
            if not node.get("Name"):
                raise self.source.error(f"a {node.tag} has no Name", node.line)
            try:
                one = read(node)
            except TypesError as exc:
                line = next(
                    (
                        member.line
                        for section in node.children
                        for member in section.children
                        if exc.member and member.get("Name") == exc.member
                    ),
                    node.line,
                )
                raise self.source.error(str(exc), line) from None
            if one.name.lower() in declared:
                problem = f"there is a type {one.name} already"
                raise self.source.error(problem, node.line)
            declared[one.name.lower()] = one
            if read is layouts.instruction:
                self.instructions.add(one.name.lower())
        for one in self.learnt():
            if one.name not in draft.types:
                declared.setdefault(one.name.lower(), one)
        for one in self.possible(draft, declared):
            make = partial(one.made, draft.types)
            key: tuple[str | int, ...] = ("type", one.name)
            self.lines[key] = one.line
            self.lines |= {(*key, each.name): each.line for each in one.entries}
            draft.declare((self.source, key), one.name, make)
        for program in self.programs():
            name = program.get("Name")
            draft.program((self.source, program.line), name)

    def definitions(self) -> Iterator[tuple[Node, Any]]:
        """What declares a type, and what reads it."""
        for node in self.controller.find("DataTypes", "DataType"):
            yield node, layouts.user_type
        several = "AddOnInstructionDefinitions"
        for node in self.controller.find(several, "AddOnInstructionDefinition"):
            yield node, layouts.instruction

    def learnt(self) -> Iterator[Declared]:
        """What the values of tags say of their types."""
        seen: set[str] = set()
        for _, tag in (*self.tags(), *self.modules()):
            for data in tag.find("Data"):
                for node, members in learnt(data):
                    name = node.get("DataType")
                    if name.lower() in seen or not members or not NAME.fullmatch(name):
                        continue
                    seen.add(name.lower())
                    yield Declared(
                        name,
                        tuple(entry(*one, node.line) for one in members),
                        node.line,
                    )

    def possible(self, draft: Draft, declared: dict[str, Declared]) -> list[Declared]:
        """The types whose members are of types that are known."""
        left = {
            key: one
            for key, one in declared.items()
            if one.name not in draft.types or key in draft.declared
        }
        while True:
            lost = [
                key
                for key, one in left.items()
                if any(
                    need.lower() not in left and need not in draft.types
                    for need in one.needs
                )
            ]
            if not lost:
                return list(left.values())
            for key in lost:
                one = left.pop(key)
                need = next(
                    need
                    for need in one.needs
                    if need.lower() not in left and need not in draft.types
                )
                draft.left.append(f"type {one.name}, which has a {need}")

    def identity(self, draft: Draft) -> None:
        """What the controller is."""
        node = self.controller
        where = self.source, node.line
        if name := node.get("Name"):
            draft.identify(where, "controller", name[:255])
        if processor := node.get("ProcessorType"):
            draft.identify(where, "name", processor[:255])
        major, minor = node.get("MajorRev"), node.get("MinorRev", "0")
        if major:
            numbers = [
                text for text in (major, minor) if re.fullmatch("[0-9]{1,3}", text)
            ]
            if len(numbers) != 2 or max(map(int, numbers)) > 0xFF:
                problem = f"{major}.{minor} is no revision"
                raise self.source.error(problem, node.line)
            draft.identify(where, "revision", int(major) | int(minor) << 8)
        serial = SERIAL.fullmatch(node.get("ProjectSN"))
        if serial is not None and (
            number := int(serial[1].replace("_", "") or "0", 16)
        ):
            draft.identify(where, "serial", number & 0xFFFFFFFF)

    # -- tags

    def programs(self) -> Iterator[Node]:
        return self.controller.find("Programs", "Program")

    def tags(self) -> Iterator[tuple[str, Node]]:
        """The tags of all scopes, with what stands before their names."""
        for node in self.controller.find("Tags", "Tag"):
            yield "", node
        for program in self.programs():
            for node in program.find("Tags", "Tag"):
                yield f"{PROGRAM}{program.get('Name')}.", node

    def modules(self) -> Iterator[tuple[str, Node]]:
        """The tags of modules, with their names."""
        for module in self.controller.find("Modules", "Module"):
            several = module.first("Communications")
            if several is None:
                continue
            name = base(module)
            for node in several.find("ConfigTag"):
                yield f"{name}:C", node
            for connection in several.find("Connections", "Connection"):
                for node in connection.children:
                    if node.tag in SUFFIXES:
                        suffix = connection.get(f"{node.tag}Suffix")
                        yield f"{name}:{suffix or SUFFIXES[node.tag]}", node

    def fill(self, draft: Draft) -> None:
        """Say which tags there are."""
        for scope, node in self.tags():
            name = node.get("Name")
            if not name:
                raise self.source.error("a Tag has no Name", node.line)
            if node.get("TagType").lower() == "alias":
                self.alias(draft, scope, node)
            else:
                self.tag(draft, scope + name, node, node.get("DataType"))
        for name, node in self.modules():
            self.module(draft, name, node)
        if self.unknown:
            draft.leave(self.unknown)

    def alias(self, draft: Draft, scope: str, node: Node) -> None:
        """Another name of a tag; it may be one of a module that is not exported."""
        of = node.get("AliasFor")
        if of.startswith("\\"):
            of = f"{PROGRAM}{of[1:]}"
        name = scope + node.get("Name")
        draft.add((self.source, node.line), TagSpec(name, alias=of))
        draft.lenient.add(name.lower())

    def module(self, draft: Draft, name: str, node: Node) -> None:
        """A tag of a module: its values say what it is."""
        said = next(
            (one.get("DataType") for one in node.find("Data", "Structure")),
            "",
        )
        if not said or said not in draft.types or name.lower() in draft.tags:
            return
        try:
            check_name(name, name, 0)
        except TagError:
            return
        self.tag(draft, name, node, said)

    def tag(self, draft: Draft, name: str, node: Node, said: str) -> None:
        """A tag that has a type of its own."""
        if not said:
            raise self.source.error(f"{name} has no DataType", node.line)
        if said not in draft.types:
            self.unknown[said] = self.unknown.get(said, 0) + 1
            return
        sizes = node.get("Dimensions").replace(",", " ").split()
        if sizes and sizes != ["0"]:
            said = f"{said}[{','.join(sizes)}]"
        sort = draft.sort((self.source, node.line), said)
        value = self.value(draft, name, node, sort)
        try:
            access = access_of(node.get("ExternalAccess", "Read/Write"))
        except ValueError as exc:
            raise self.source.error(f"{name}: {exc}", node.line) from None
        if access == "read/write" and node.get("Constant").lower() == "true":
            access = "read-only"
        made = spec(name, sort, value=value, access=access)
        draft.add((self.source, node.line), made)

    def value(self, draft: Draft, name: str, node: Node, sort: Sort) -> Any:
        """What a tag begins with."""
        at = node.line
        try:
            found = begun(node, sort)
            if found is None:
                return None
            at = found[1].line
            return settled(sort, found[0])
        except Moment as exc:
            draft.left.append(f"the value of {name}: {exc} is a date or a time")
            return None
        except Misfit as exc:
            if self.opaque(node):
                draft.left.append(f"the value of {name}: {exc.reason}")
                return None
            inside = "".join(
                f"[{one}]" if isinstance(one, int) else f".{one}" for one in exc.path
            )
            line = at if exc.line is None else exc.line
            raise self.source.error(f"{name}{inside}: {exc.reason}", line) from None
        except EncodeError as exc:
            raise self.source.error(f"{name}: {exc}", at) from None

    def opaque(self, node: Node) -> bool:
        """Whether a value is of an instruction, and text: nobody says how its BOOLs
        are packed there."""
        forms = [one.get("Format").lower() for one in node.find("Data")]
        return node.get("DataType").lower() in self.instructions and (
            "decorated" not in forms
        )


def opened(file: str) -> tuple[Source, bytes]:
    """A file, and its octets: the XML says itself how it is encoded."""
    octets: list[bytes] = []

    def decode(read: bytes) -> str:
        octets.append(read)
        wide = read[:2] in (b"\xff\xfe", b"\xfe\xff")
        return read.decode("utf-16" if wide else "utf-8", "replace")

    source = Source.read(file, decode)
    return source, octets[0]


def entry(name: str, said: str, line: int) -> Entry:
    """A member that was learnt."""
    kind, _, size = said.rstrip("]").partition("[")
    sizes = [int(one) for one in size.split(",") if one.isdecimal() and len(one) < 9]
    count = 0
    for one in sizes:
        count = max(count, 1) * one
    return Entry(name, kind, count, line=line)


def base(module: Node) -> str:
    """What the names of a module's tags begin with."""
    for port in module.find("Ports", "Port"):
        if port.get("Upstream").lower() == "true" and port.get("Type") != "Ethernet":
            return f"{module.get('ParentModule')}:{port.get('Address')}"
    return module.get("Name")
