# SPDX-License-Identifier: Apache-2.0
"""Configuration files in layers: where they are looked for, and typed values of keys.

At the bottom of the stack, over `errors` alone.  A name such as `cpppo.cfg` may stand
in several places; all are read, and a later one's keys replace an earlier one's.  Files
are INI files as `configparser` reads them, with comments after values too, values over
several lines, and `${section:option}` for the value of another key.  A value that is
wrong is an error that names file, section and key, and what was expected.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from .errors import CpppoError

if TYPE_CHECKING:
    from configparser import Error, RawConfigParser

__all__ = ["Config", "ConfigError", "Section", "candidates", "found"]

T = TypeVar("T")

TRUE = frozenset(("1", "true", "yes", "on"))
FALSE = frozenset(("0", "false", "no", "off"))


class ConfigError(CpppoError, ValueError):
    """A configuration file is wrong, or is not there."""


def candidates(name: str, environ: Mapping[str, str] | None = None) -> list[str]:
    """Where a configuration file of this name may stand; later ones win.

    The package's folder, the system's, two in the user's, and the current one.
    """
    environ = os.environ if environ is None else environ
    home = environ.get("HOME") or os.path.expanduser("~")
    system = environ.get("APPDATA", "") if os.name == "nt" else "/etc"
    return [
        os.path.join(os.path.dirname(__file__), name),
        *([os.path.join(system, name)] if system else []),
        os.path.join(home, ".cpppo", name),
        os.path.join(home, f".{name}"),
        name,
    ]


def found(
    name: str | None,
    extra: Iterable[str] = (),
    environ: Mapping[str, str] | None = None,
) -> list[str]:
    """The files of this name that are there, and those given beside, which must be."""
    there: list[str] = []
    seen: set[str] = set()
    for path in candidates(name, environ) if name else ():
        real = os.path.realpath(path)
        # In the home folder, say, two places are one.
        if real not in seen and os.path.isfile(real):
            seen.add(real)
            there.append(path)
    for path in extra:
        if not os.path.exists(path):
            raise ConfigError(f"there is no configuration file {path!r}")
        there.append(path)
    return there


class Config:
    """What some configuration files say together."""

    __slots__ = ("_merged", "_origins", "files")

    def __init__(self, files: Iterable[str] = ()) -> None:
        self.files = tuple(files)
        self._merged: RawConfigParser | None = None
        self._origins: dict[tuple[str, str], str] = {}
        for path in self.files:
            self._read(path)

    def _read(self, path: str) -> None:
        # Most who start a simulator have no file: they do not wait for this.
        from configparser import Error, ExtendedInterpolation  # noqa: PLC0415

        try:
            with open(path, encoding="utf-8-sig") as file:
                text = file.read()
        except OSError as exc:
            raise ConfigError(f"{path}: cannot be read: {exc.strerror}") from None
        except UnicodeDecodeError as exc:
            raise ConfigError(f"{path}: is no UTF-8 text: {exc.reason}") from None
        if self._merged is None:
            self._merged = parser(ExtendedInterpolation())
        # What one file says is asked of it alone, to know later who said it.
        alone = parser(None)
        try:
            alone.read_string(text, path)
            self._merged.read_string(text, path)
        except Error as exc:
            raise ConfigError(f"{path}: {reason(exc, path)}") from None
        for section in alone.sections():
            for key in alone.options(section):
                if key not in alone.defaults():
                    self._origins[section, key] = path

    def section(self, name: str) -> Section:
        """A section, which may well be empty."""
        return Section(self, name)

    def value(self, section: str, key: str) -> str | None:
        """The text of a key, with what it refers to put in; None if nobody says it."""
        if self._merged is None or not self._merged.has_option(section, key):
            return None
        from configparser import InterpolationError  # noqa: PLC0415

        try:
            text = self._merged.get(section, key)
        except InterpolationError as exc:
            text = " ".join(str(exc).split())
            raise self.wrong(
                section, key, f"{text}; write $$ where a $ is meant"
            ) from None
        return text or ""

    def wrong(self, section: str, key: str, problem: str) -> ConfigError:
        """The error for a key: where it stands, and what is wrong with it."""
        path = self._origins.get((section, key.lower()), "the configuration")
        return ConfigError(f"{path}: [{section}] {key}: {problem}")

    def keys(self, section: str) -> list[str]:
        """The keys of a section, in lower case; not those of [DEFAULT]."""
        return [key for owner, key in self._origins if owner == section]


class Section:
    """One section: each of its values as the type that is asked for.

    A key that nobody says is its default, None unless told.
    """

    __slots__ = ("config", "name")

    def __init__(self, config: Config, name: str) -> None:
        self.config = config
        self.name = name

    def __contains__(self, key: str) -> bool:
        return key.lower() in self.config.keys(self.name)

    def only(self, known: Iterable[str]) -> None:
        """Refuse every key but these: a misspelt one would go unnoticed."""
        names = {key.lower(): key for key in known}
        for key in self.config.keys(self.name):
            if key not in names:
                raise self.wrong(key, f"no such key; there are {', '.join(known)}")

    def wrong(self, key: str, problem: str) -> ConfigError:
        """The error for a key of this section."""
        return self.config.wrong(self.name, key, problem)

    def read(self, key: str, parse: Callable[[str], T], expected: str) -> T | None:
        """A value as `parse` makes it of the text; its ValueError is told."""
        text = self.config.value(self.name, key)
        if text is None:
            return None
        try:
            return parse(text)
        except ValueError as exc:
            # Where an error of ours has more lines, the first one says what is wrong.
            why = f" ({str(exc).partition(chr(10))[0]})" if str(exc) else ""
            shown = " ".join(text.split())
            shown = shown if len(shown) < 60 else f"{shown[:56]} ..."
            raise self.wrong(key, f"{shown!r} is not {expected}{why}") from None

    def text(self, key: str, most: int = 255) -> str | None:
        """A text of so many characters at most, those of Latin 1."""

        def parse(text: str) -> str:
            if len(text) > most or any(ord(letter) > 0xFF for letter in text):
                raise ValueError
            return text

        return self.read(key, parse, f"a text of up to {most} characters (Latin 1)")

    def integer(self, key: str, low: int, high: int) -> int | None:
        """A whole number, decimal or hexadecimal, from `low` to `high`."""

        def parse(text: str) -> int:
            try:
                number = integer(text)
            except ValueError:
                raise ValueError from None
            if not low <= number <= high:
                raise ValueError
            return number

        return self.read(
            key, parse, f"a whole number from {low} to {high}, such as 54 or 0x36"
        )

    def number(self, key: str) -> float | None:
        """A number."""

        def parse(text: str) -> float:
            try:
                return float(text)
            except ValueError:
                raise ValueError from None

        return self.read(key, parse, "a number, such as 0.5")

    def flag(self, key: str) -> bool | None:
        """Whether something is so."""
        return self.read(key, flag, "true or false")

    def json(self, key: str) -> Any:
        """A value in JSON."""
        import json  # noqa: PLC0415

        return self.read(key, json.loads, "JSON")


def parser(interpolation: Any) -> RawConfigParser:
    """A parser of the dialect."""
    from configparser import ConfigParser  # noqa: PLC0415

    return ConfigParser(
        interpolation=interpolation,
        inline_comment_prefixes=("#",),
        empty_lines_in_values=True,
    )


def reason(exc: Error, path: str) -> str:
    """What is wrong with a file, in one line."""
    text = " ".join(str(exc).split())
    for name in (f"While reading from {path!r} ", f"file: {path!r}, "):
        text = text.replace(name, "")
    return text.replace(
        f"Source contains parsing errors: {path!r} ", "cannot be read: "
    )


def integer(text: str) -> int:
    """A whole number, decimal or hexadecimal."""
    text = text.strip()
    return int(text, 16 if text.lower().lstrip("+-").startswith("0x") else 10)


def flag(text: str) -> bool:
    """Whether a text says yes or no."""
    word = text.strip().lower()
    if word in TRUE:
        return True
    if word in FALSE:
        return False
    raise ValueError
