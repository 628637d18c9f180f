# SPDX-License-Identifier: Apache-2.0
"""Plants in TOML: `[identity]`, `[types.X]`, `[tags]`, `[programs.X.tags]` and
`[data_files]`, every part optional.

A format of `load`, over `plant`, `values` and `positions`.  What is not known is an
error that names the line and the nearest that is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from ....protocol.enip.datatypes import LONGEST, NUMBER
from ....protocol.enip.plants import PROGRAM
from ..cip.attribute import access_of
from ..database.tags import TagError, TagSpec, address, spec
from ..pccc.files import DataFileError, DataFiles
from .plant import Draft, Key, Source, meant
from .positions import positions
from .syntax import parsed
from .values import Misfit, settled

__all__ = ["Toml"]

SECTIONS = ("identity", "types", "tags", "programs", "data_files")
TAG = ("type", "value", "access", "alias", "address")
DATA_FILE = ("size", "value")
NUMBERS = re.compile(f"{NUMBER}/{NUMBER}/{NUMBER}")
DOTTED = re.compile(r"\s*((?:[\w-]+\s*\.\s*)+[\w-]+)\s*=")
# Each number of the identity, and the largest that it may be.
IDENTITY = {
    "vendor": 0xFFFF,
    "device_type": 0xFFFF,
    "product_code": 0xFFFF,
    "status": 0xFFFF,
    "serial": 0xFFFFFFFF,
    "state": 0xFF,
}
TEXTS = ("product_name", "revision", "name")

Path = tuple[str | int, ...]


class Toml:
    """A file in TOML."""

    def __init__(self, file: str) -> None:
        self.source = Source.read(file, lambda octets: octets.decode("utf-8-sig"))
        self.source.positions = positions
        self.said = parsed(self.source)
        self.only(self.said, SECTIONS, ())

    # -- what all parts need

    def only(self, table: Mapping[str, Any], known: Iterable[str], path: Path) -> None:
        """Refuse keys that mean nothing."""
        for key in table:
            if key not in known:
                what = f"[{'.'.join(map(str, path))}]" if path else "a plant"
                raise self.source.error(
                    f"{what} has no {key!r}{meant(key, known)}", (*path, key)
                )

    def table(self, value: Any, path: Path, what: str) -> Mapping[str, Any]:
        """A table."""
        if not isinstance(value, Mapping):
            raise self.source.error(f"{'.'.join(map(str, path))} is {what}", path)
        return value

    # -- types and identity

    def declare(self, draft: Draft) -> None:
        """Say what needs no types, and which types there are."""
        self.identity(draft)
        types = self.table(
            self.said.get("types", {}), ("types",), "a section of types: [types.NAME]"
        )
        for name, members in types.items():
            path = ("types", name)
            members = self.table(
                members, path, 'a table of members, such as X = "DINT"'
            )
            draft.declare((self.source, path), name, self.members(members, path))
        for name, program in self.programs():
            draft.program((self.source, ("programs", name)), name)
            self.program(name, program)

    def program(self, name: str, program: Mapping[str, Any]) -> None:
        """Refuse what is no table of a program's tags."""
        path = "programs", name
        for key in program:
            if key != "tags" and not get_close_matches(key.lower(), ("tags",), 1, 0.5):
                problem = f"[programs.{name}] has no {key!r}; its tags stand in "
                raise self.source.error(
                    f"{problem}[programs.{name}.tags]", (*path, key)
                )
        self.only(program, ("tags",), path)

    def members(
        self, members: Mapping[str, Any], path: Path
    ) -> int | list[tuple[str, str]]:
        """The members of a structure, or the room of a string."""
        capacity = members.get("string")
        if isinstance(capacity, int) and not isinstance(capacity, bool):
            self.only(members, ("string",), path)
            return capacity
        digits = isinstance(capacity, str) and capacity.strip().isdecimal()
        if "string" in members and (digits or not isinstance(capacity, str)):
            raise self.source.error(
                f"string: a number of letters expected, such as string = 20, "
                f"not {capacity!r}",
                (*path, "string"),
            )
        seen: set[str] = set()
        for name, said in members.items():
            if name.lower() in seen:
                problem = f"type {path[-1]}: there is a member {name} already"
                raise self.source.error(problem, (*path, name))
            seen.add(name.lower())
            if not isinstance(said, str):
                raise self.source.error(
                    f'{name}: a type expected, such as "INT[3]", not {said!r}',
                    (*path, name),
                )
        if not members:
            raise self.source.error(f"type {path[-1]} has no members", path)
        return list(members.items())

    def identity(self, draft: Draft) -> None:
        """The section of the identity."""
        path: Path = ("identity",)
        said = self.table(
            self.said.get("identity", {}), path, 'a section: product_name = "..."'
        )
        self.only(said, (*TEXTS, *IDENTITY), path)
        for key, value in said.items():
            where = self.source, (*path, key)
            if key in IDENTITY:
                high = IDENTITY[key]
                if type(value) is not int or not 0 <= value <= high:
                    problem = f"{key} is a whole number from 0 to {high}, not {value!r}"
                    raise self.source.error(problem, where[1])
                draft.identify(where, key, value)
            elif key == "revision":
                draft.identify(where, key, self.revision(value))
            else:
                if not latin(value):
                    problem = f"{key} is a text of up to {LONGEST} letters of Latin 1"
                    raise self.source.error(problem, where[1])
                field = "name" if key == "product_name" else "controller"
                draft.identify(where, field, value)

    def revision(self, value: Any) -> int:
        """A revision as the identity has it."""
        match = isinstance(value, str) and re.fullmatch(r"(\d{1,3})\.(\d{1,3})", value)
        if not match or max(int(match[1]), int(match[2])) > 0xFF:
            raise self.source.error(
                f'revision is a text with two numbers up to 255, such as "33.11", '
                f"not {value!r}",
                ("identity", "revision"),
            )
        return int(match[1]) | int(match[2]) << 8

    # -- tags

    def programs(self) -> Iterable[tuple[str, Mapping[str, Any]]]:
        what = "a section of programs: [programs.NAME.tags]"
        programs = self.table(self.said.get("programs", {}), ("programs",), what)
        for name, program in programs.items():
            yield name, self.table(program, ("programs", name), "a table with tags")

    def fill(self, draft: Draft) -> None:
        """Say which tags there are, and files."""
        self.tags(draft, self.said.get("tags", {}), ("tags",), "")
        for name, program in self.programs():
            path = ("programs", name, "tags")
            self.tags(draft, program.get("tags", {}), path, f"{PROGRAM}{name}.")
        files = self.table(
            self.said.get("data_files", {}), ("data_files",), "a section: N7 = 100"
        )
        draft.filed = draft.filed or "data_files" in self.said
        for name, value in files.items():
            self.data_file(draft, name, value)

    def tags(self, draft: Draft, tags: Any, path: Path, scope: str) -> None:
        """The tags of one scope."""
        source = self.source
        for name, said in self.table(tags, path, 'a section: NAME = "TYPE"').items():
            where = source, (*path, name)
            if not name.strip():
                raise source.error("a tag has a name", where[1])
            if isinstance(said, str):
                draft.add(where, spec(scope + name, draft.sort(where, said)))
            elif isinstance(said, Mapping):
                draft.add(where, self.tag(draft, scope + name, said, where[1]))
            else:
                problem = f'{name}: a type expected, such as "INT[3]", not {said!r}'
                raise source.error(problem, where[1])

    def tag(
        self, draft: Draft, name: str, said: Mapping[str, Any], path: Path
    ) -> TagSpec:
        """A tag with more than a type."""
        self.undotted(said, path)
        self.only(said, TAG, path)
        for key in said.keys() - {"value"}:
            if not isinstance(said[key], str):
                raise self.source.error(
                    f"{key} is a text, not {said[key]!r}", (*path, key)
                )
        access = self.access(said, path)
        if "alias" in said:
            self.only(said, ("alias", "access"), path)
            return TagSpec(name, access=access, alias=said["alias"])
        if "type" not in said:
            raise self.source.error(f"{name} has no type", path)
        sort = draft.sort((self.source, (*path, "type")), said["type"])
        value = None
        if "value" in said:
            value = self.checked(lambda: settled(sort, said["value"]), path, name)
        place = self.address(said["address"], path) if "address" in said else None
        made = spec(name, sort, value=value, access=access)
        return made if place is None else replace(made, address=place)

    def undotted(self, said: Mapping[str, Any], path: Path) -> None:
        """Refuse a name whose dots make tables of it."""
        for key in said.keys() - set(TAG):
            line = self.source.line((*path, key))
            shown = self.source.text.split("\n")[line - 1] if line else ""
            match = DOTTED.match(shown)
            if match is not None:
                name = "".join(match[1].split())
                problem = f'a name with a dot stands in quotes: "{name}" = ...'
                raise self.source.error(problem, (*path, key))

    def access(self, said: Mapping[str, Any], path: Path) -> str:
        """Who may do what from outside."""
        try:
            return access_of(said.get("access", "read/write"))
        except ValueError as exc:
            raise self.source.error(str(exc), (*path, "access")) from None

    def address(self, said: str, path: Path) -> tuple[int, int, int]:
        """Class, instance and attribute of a tag."""
        text = said.strip().removeprefix("@")
        key = (*path, "address")
        if NUMBERS.fullmatch(text) is None:
            problem = f'address is class/instance/attribute: "22/1/1", not {said!r}'
            raise self.source.error(problem, key)
        try:
            return address(text, text, 0)
        except TagError as exc:
            raise self.source.error(f"address {said!r}: {exc.problem}", key) from None

    def checked(self, settle: Callable[[], Any], path: Path, name: str) -> Any:
        """A value, or the error that says which part of it does not fit."""
        try:
            return settle()
        except Misfit as exc:
            inside = "".join(
                f"[{one}]" if isinstance(one, int) else f".{one}" for one in exc.path
            )
            key: Key = (*path, "value", *exc.path)
            raise self.source.error(f"{name}{inside}: {exc.reason}", key) from None
        except RecursionError:
            raise self.source.error(f"{name}: nested too deep", path) from None

    # -- data files

    def data_file(self, draft: Draft, name: str, said: Any) -> None:
        """A data file: how many elements, and what is in them."""
        path = ("data_files", name)
        if isinstance(said, Mapping):
            self.only(said, DATA_FILE, path)
        try:
            (made,) = DataFiles({name: said}, usual=False)
        except DataFileError as exc:
            raise self.source.error(str(exc), path) from None
        draft.data_file((self.source, path), made.name, made.number, said)


def latin(value: Any) -> bool:
    """Whether a value is a text that the wire can hold."""
    if not isinstance(value, str) or len(value) > LONGEST:
        return False
    return all(ord(one) <= 0xFF and one.isprintable() for one in value)
