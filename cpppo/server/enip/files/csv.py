# SPDX-License-Identifier: Apache-2.0
"""Tags in CSV: Rockwell's export of tags, and plain tables with a header.

A format of `load`, over `literals`.  Rockwell's has rows of kinds (TAG, ALIAS, COMMENT)
under `TYPE,SCOPE,NAME,...`, and no types but by name: those that nobody declares leave
their tags out, which is told.  A plain one has `name,type` and perhaps value, access,
alias and scope, in any order, for people and their spreadsheets.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from ....errors import EncodeError
from ....protocol.enip.datatypes import Sort
from ....protocol.enip.plants import PROGRAM
from ....protocol.enip.structures import StringType
from ....protocol.enip.types import BOOL, TextType
from ..cip.attribute import access_of
from ..database.tags import TagSpec, spec
from .decorated import l5k_value
from .literals import Moment, l5k, number, quoted
from .plant import Draft, Source, meant
from .values import Misfit, settled

__all__ = ["CSV"]

ROCKWELL = ("TYPE", "SCOPE", "NAME", "DATATYPE")
KINDS = ("TAG", "ALIAS", "COMMENT", "RCOMMENT", "TEXTBOX")
PLAIN = ("name", "type", "value", "access", "alias", "scope", "description")
ATTRIBUTE = re.compile(r"(\w+)\s*:=\s*(\"[^\"]*\"|[^,()]*)")
HEXADECIMAL = re.compile(r"0[xX]([0-9a-fA-F]+)")
VERSION = re.compile(r"[0-9]+\.[0-9]+")

Row = tuple[int, dict[str, str]]


class CSV:
    """A table of tags."""

    def __init__(self, file: str) -> None:
        self.source = Source.read(file, decoded)
        self.rockwell = False
        self.rows = list(self.read())
        self.unknown: dict[str, int] = {}

    def read(self) -> Iterator[Row]:
        """The rows below the header: each its line, and its cells by their names."""
        header: list[str] = []
        for line, cells in self.cells():
            cells = [one.strip() for one in cells]
            if not any(cells) or cells[0].lower() == "remark":
                continue
            if header:
                if len(cells) > len(header) and any(cells[len(header) :]):
                    problem = f"{len(cells)} cells, where the header has {len(header)}"
                    raise self.source.error(problem, line)
                yield (
                    line,
                    dict(zip_longest(header, cells[: len(header)], fillvalue="")),
                )
            elif not VERSION.fullmatch(cells[0]) or any(cells[1:]):
                header = self.header(line, cells)
        if not header:
            raise self.source.error(
                "there is no header: name,type,... or Rockwell's TYPE,SCOPE,NAME,..."
            )

    def cells(self) -> Iterator[tuple[int, list[str]]]:
        """The rows, each with the line that it begins in."""
        text = self.source.text
        first = text[:4096].lower()
        # Some spreadsheets separate by other signs than a comma.
        signs = [
            one for one in ",;\t" if f"name{one}" in first or f"{one}name" in first
        ]
        reader = csv.reader(
            # Line by line as the file has them: a cell may hold other letters that
            # separate lines elsewhere.
            io.StringIO(text, newline=""),
            delimiter=signs[0] if signs else ",",
            strict=True,
        )
        line = 1
        while True:
            try:
                cells = next(reader, None)
            except csv.Error as exc:
                why = f"is no CSV: {exc}"
                if "limit" in why:
                    why += "; a TOML file has room for so many values"
                raise self.source.error(why, line) from None
            if cells is None:
                return
            yield line, cells
            line = reader.line_num + 1

    def header(self, line: int, cells: list[str]) -> list[str]:
        """The names of the columns, in small letters."""
        names = [one.lower() for one in cells]
        self.rockwell = set(names) >= {one.lower() for one in ROCKWELL}
        if len(set(names)) < len(names):
            raise self.source.error("two columns have one name", line)
        if self.rockwell:
            return names
        for name in names:
            if name not in PLAIN:
                problem = f"there is no column {name!r}{meant(name, PLAIN)}"
                raise self.source.error(problem, line)
        if "name" not in names or not {"type", "alias"} & set(names):
            raise self.source.error("a header has name and type", line)
        return names

    # -- what it says

    def declare(self, draft: Draft) -> None:
        """Say which programs there are."""
        for line, row in self.rows:
            if scope := row.get("scope", ""):
                draft.program((self.source, line), scope)

    def fill(self, draft: Draft) -> None:
        """Say which tags there are."""
        for line, row in self.rows:
            scope = f"{PROGRAM}{row['scope']}." if row.get("scope") else ""
            if not self.rockwell:
                self.plain(draft, line, scope, row)
            elif row["type"].upper() in ("TAG", "ALIAS"):
                self.exported(draft, line, scope, row)
            elif row["type"].upper() not in KINDS:
                problem = f"a row is {', '.join(KINDS)}, not {row['type']!r}"
                raise self.source.error(problem, line)
        if self.unknown:
            draft.leave(self.unknown)

    def name(self, line: int, row: dict[str, str]) -> str:
        name = row.get("name", "")
        if not name:
            raise self.source.error("there is no name", line)
        return name

    def exported(
        self, draft: Draft, line: int, scope: str, row: dict[str, str]
    ) -> None:
        """A row of Rockwell's export."""
        name = scope + self.name(line, row)
        said = {
            key.lower(): value.strip().strip('"')
            for key, value in ATTRIBUTE.findall(row.get("attributes", ""))
        }
        if row["type"].upper() == "ALIAS":
            of = row.get("specifier", "")
            of = f"{PROGRAM}{of[1:]}" if of.startswith("\\") else of
            draft.lenient.add(name.lower())
            draft.add((self.source, line), TagSpec(name, alias=of))
            return
        kind = row.get("datatype", "")
        if not kind:
            raise self.source.error(f"{name} has no DATATYPE", line)
        plain = kind.partition("[")[0].strip()
        if plain not in draft.types:
            self.unknown[plain] = self.unknown.get(plain, 0) + 1
            return
        access = self.access(said.get("externalaccess", ""), line)
        if access == "read/write" and said.get("constant", "").lower() == "true":
            access = "read-only"
        sort = draft.sort((self.source, line), kind)
        draft.add((self.source, line), spec(name, sort, access=access))

    def plain(self, draft: Draft, line: int, scope: str, row: dict[str, str]) -> None:
        """A row of a plain table."""
        name = scope + self.name(line, row)
        access = self.access(row.get("access", ""), line)
        where = self.source, line
        if alias := row.get("alias", ""):
            if row.get("type") or row.get("value"):
                raise self.source.error("an alias has no type and no value", line)
            draft.add(where, TagSpec(name, access=access, alias=alias))
            return
        if not row.get("type"):
            raise self.source.error(f"{name} has no type", line)
        sort = draft.sort(where, row["type"])
        value = None
        if text := row.get("value", ""):
            try:
                value = settled(sort, meaning(text, sort))
            except (Misfit, EncodeError) as exc:
                raise self.source.error(f"{name}: {exc}", line) from None
            except Moment:
                raise self.source.error(f"{name}: {text} is no value", line) from None
        draft.add(where, spec(name, sort, value=value, access=access))

    def access(self, said: str, line: int) -> str:
        """Who may do what from outside."""
        try:
            return access_of(said or "read/write")
        except ValueError as exc:
            raise self.source.error(str(exc), line) from None


def meaning(text: str, sort: Sort) -> Any:
    """A value that stands in a cell: `5`, `0xff`, `some text`, or `[1,2,3]`."""
    if text.startswith("["):
        return l5k_value(l5k(text), sort)
    kind = sort.type
    if issubclass(kind, StringType | TextType):
        return quoted(text) if text[0] == text[-1] == "'" and len(text) > 1 else text
    if sort.bools:
        kind = BOOL
    if not kind.struct_format:
        raise Misfit(f"a value of {kind.__name__} is written as [1,2,[3,4]]")
    match = HEXADECIMAL.fullmatch(text)
    return number(f"16#{match[1]}" if match else text, kind)


def decoded(octets: bytes) -> str:
    """A text as spreadsheets and Studio 5000 write it."""
    if octets[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return octets.decode("utf-16")
    try:
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        return octets.decode("latin-1")
