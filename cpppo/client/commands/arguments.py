# SPDX-License-Identifier: Apache-2.0
"""How commands are told things: options declared once, read from two places.

Under the options of a command.  From an `Option` come the argument, the variable of the
environment (a prefix and the long name) and the line of `--help`.  Errors are raised,
for the command to show; nothing is printed here but the help and the version.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ...config import flag, integer
from ...errors import CpppoError
from ...protocol.enip.cpf import PORT
from ...protocol.enip.notation import parse_host
from ...usage import (
    Asked,
    Formatter,
    RaisingParser,
    UsageError,
    add,
    parse_name,
    parse_times,
)
from ...version import __version__

__all__ = [
    "HOST",
    "PORT",
    "Asked",
    "Option",
    "Parser",
    "UsageError",
    "number",
    "parse_address",
    "parse_name",
    "parse_seconds",
    "variables",
]

HOST = "localhost"


# -- the texts of values


def parse_address(text: str) -> tuple[str, int]:
    """Who is asked: `host`, `:port`, `host:port`, `[::1]:port`."""
    text = text.strip()
    # An IPv6 address without a port needs no brackets.
    port_only = text.startswith(":") and not text.startswith("::")
    found = parse_host(HOST + text if port_only else text)
    if found is None:
        raise UsageError(
            f"{text!r} is no address; expected is a host, a port or both, such as "
            "10.0.0.5, plc.example.com:44818 or :44818"
        )
    return found[0], PORT if found[1] is None else found[1]


def number(low: int, high: int, what: str) -> Callable[[str], int]:
    """Reads a number of some range."""

    def parse(text: str) -> int:
        try:
            value = integer(text)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise UsageError(f"{text!r} is not {what}, a number from {low} to {high}")
        return value

    return parse


def parse_seconds(text: str) -> float:
    """A time; 0 stands for no limit."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 1e6:
        raise UsageError(f"{text!r} is no number of seconds; 0 is no limit")
    return seconds


# -- options


@dataclass(frozen=True, slots=True)
class Option:
    """An option: what it is called, which field it sets, and how."""

    spelling: str  # the short name, and the long one
    help: str
    parse: Callable[[str], Any] | None = None  # None: a flag
    metavar: str | None = None
    const: Any = True  # what a flag sets
    counts: bool = False  # a flag that may be given again
    field: str = ""  # the long name, where this is not said

    @property
    def names(self) -> list[str]:
        return self.spelling.split()

    @property
    def name(self) -> str:
        return self.names[-1].lstrip("-").replace("-", "_")

    @property
    def target(self) -> str:
        return self.field or self.name


class Parser(RaisingParser):
    """A parser of such options; it raises what others print and exit for.

    Without a prefix, no variables are shown.
    """

    def __init__(self, options: Iterable[Option], prefix: str, **kwds: Any) -> None:
        super().__init__(
            formatter_class=Formatter,
            argument_default=argparse.SUPPRESS,
            allow_abbrev=False,
            **kwds,
        )
        version = f"cpppo {__version__}"
        self.add_argument("--version", action="version", version=version)
        for one in options:
            add(
                self,
                one.names,
                f"{one.help} ({prefix}{one.name.upper()})" if prefix else one.help,
                dest=one.target,
                parse=one.parse,
                metavar=one.metavar,
                const=one.const,
                many=one.counts,
            )


def variables(
    options: Iterable[Option], prefix: str, environ: Mapping[str, str]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What the environment says, and the variables of the prefix that nobody knows."""
    said: dict[str, Any] = {}
    sayers: dict[str, str] = {}
    for one in options:
        sayer = prefix + one.name.upper()
        sayers[sayer] = sayer
        # An empty variable is how a container says that it has nothing to say.
        if not (text := environ.get(sayer, "").strip()):
            continue
        value = variable(one, sayer, text)
        if said.get(one.target, value) != value:
            before = sayers[one.target]
            raise UsageError(f"{before} and {sayer} contradict each other")
        said[one.target], sayers[one.target] = value, sayer
    unknown = (
        name for name in environ if name.startswith(prefix) and name not in sayers
    )
    return said, tuple(sorted(unknown))


def variable(one: Option, name: str, text: str) -> Any:
    """What a variable says of an option."""
    try:
        if one.counts:
            return parse_times(text)
        if one.parse is None:
            return one.const if flag(text) else not one.const
    except ValueError:
        raise UsageError(f"{name}: {text!r} is neither true nor false") from None
    try:
        return one.parse(text)
    except CpppoError as exc:
        raise UsageError(f"{name}: {exc}") from None
