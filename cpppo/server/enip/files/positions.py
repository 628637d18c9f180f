# SPDX-License-Identifier: Apache-2.0
"""The line of every value in a TOML text: `("tags", "GRID", "value", 0)` is line 12.

Beside `toml`.  Python's reader of TOML tells no lines.  The text has been read by that
one, so it is right, and this reader may be simple: it knows headers, keys, strings,
arrays and inline tables, and takes the rest for values that it need not understand.
"""

from __future__ import annotations

import re

__all__ = ["positions", "repeated"]

Path = tuple[str | int, ...]

BLANK = re.compile(r"(?:[ \t\r\n,]|#[^\n]*)*")
KEY = re.compile(r'[ \t]*(?:"(?P<basic>(?:\\.|[^"\\])*)"|\'(?P<literal>[^\']*)\'|'
                 r"(?P<bare>[A-Za-z0-9_-]+))[ \t]*")  # fmt: skip
STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'',
    re.DOTALL,
)
SCALAR = re.compile(r"[^,\]\}#\n]*")
ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
LETTERS = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b"}


def positions(text: str) -> dict[Path, int]:
    """The line of each path; the text is TOML."""
    return Positions(text).all()


def repeated(text: str) -> tuple[Path, int, int] | None:
    """The first key or header that is there twice, and both lines; the text is no TOML
    for that."""
    reading = Positions(text)
    reading.all()
    return reading.twice


class Positions:
    """One reading of a text, from its beginning to its end."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: dict[Path, int] = {}
        self.twice: tuple[Path, int, int] | None = None
        self._said: dict[Path, int] = {}  # where each was given its value
        self._line, self._seen = 1, 0

    def all(self) -> dict[Path, int]:
        table: Path = ()
        while True:
            self.skip()
            if self.at >= len(self.text):
                return self.found
            before = self.at
            if self.text[self.at] == "[":
                table = self.header()
            else:
                self.pair(table)
            if self.at == before:  # it is no TOML after all
                return self.found

    @property
    def line(self) -> int:
        """The line of the place that is looked at."""
        self._line += self.text.count("\n", self._seen, self.at)
        self._seen = self.at
        return self._line

    def skip(self) -> None:
        """Go on to what is neither blank nor a comment."""
        self.at = BLANK.match(self.text, self.at).end()  # type: ignore[union-attr]

    def note(self, path: Path) -> None:
        """All tables on the way to a value are where they are named first."""
        line = self.line
        for end in range(1, len(path) + 1):
            self.found.setdefault(path[:end], line)

    def once(self, path: Path) -> None:
        """A key, or the header of a table, which may be there once."""
        if path in self._said and self.twice is None:
            self.twice = path, self._said[path], self.line
        self._said.setdefault(path, self.line)

    def header(self) -> Path:
        several = self.text.startswith("[[", self.at)
        self.at += 2 if several else 1
        path = self.keys(())
        self.note(path)
        # A header of its own is a better place than a path that mentions it.
        self.found[path] = self.line
        if not several:
            self.once(path)
        self.at += 2 if several else 1
        return path

    def keys(self, table: Path) -> Path:
        """A table and the keys that follow, with dots between them."""
        path = table
        while (match := KEY.match(self.text, self.at)) is not None:
            self.at = match.end()
            key = match["bare"] or match["literal"] or ""
            if match["basic"] is not None:
                key = ESCAPE.sub(letter, match["basic"])
            path = (*path, key)
            if not self.text.startswith(".", self.at):
                break
            self.at += 1
        return path

    def pair(self, table: Path) -> None:
        """A key and its value."""
        path = self.keys(table)
        self.note(path)
        self.once(path)
        if self.text.startswith("=", self.at):
            self.at += 1
            self.value(path)

    def value(self, path: Path) -> None:
        """A value, with all that is in it."""
        self.skip()
        first = self.text[self.at : self.at + 1]
        if first in ("[", "{"):
            self.several(path, first == "[")
            return
        match = STRING.match(self.text, self.at) or SCALAR.match(self.text, self.at)
        if match is not None:
            self.at = match.end()

    def several(self, path: Path, array: bool) -> None:
        """An array, or an inline table."""
        close = "]" if array else "}"
        self.at += 1
        count = 0
        while True:
            self.skip()
            if self.at >= len(self.text):
                return
            if self.text[self.at] == close:
                self.at += 1
                return
            before = self.at
            if array:
                self.note((*path, count))
                self.value((*path, count))
                count += 1
            else:
                self.pair(path)
            if self.at == before:
                self.at = len(self.text)


def letter(match: re.Match[str]) -> str:
    """What an escape stands for."""
    code = match[1] or match[2]
    if code:
        return chr(int(code, 16))
    return LETTERS.get(match[3], match[3])
