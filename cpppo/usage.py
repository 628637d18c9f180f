# SPDX-License-Identifier: Apache-2.0
"""What all commands are told in the same way: names, counts, help and errors.

At the bottom of the package, for the options of a server and of a client.  Errors are
raised, for the command to show; nothing is printed here but the help and the version.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

from .config import flag, integer
from .errors import CpppoError

__all__ = [
    "Asked",
    "Formatter",
    "RaisingParser",
    "UsageError",
    "add",
    "parse_name",
    "parse_times",
]


class UsageError(CpppoError, ValueError):
    """An argument or a variable of the environment is wrong."""


class Asked(Exception):
    """Only a text was asked for: the help, or the version."""


def parse_times(text: str) -> int:
    """How verbose, as a variable says it: a number, or yes or no."""
    try:
        return max(integer(text), 0)
    except ValueError:
        return int(flag(text))


def parse_name(text: str) -> str:
    """A path; not an empty one."""
    if not text:
        raise UsageError("it is empty")
    return text


class Formatter(argparse.RawDescriptionHelpFormatter):
    """Help, as wide as the terminal; asking shutil for that would cost every start."""

    def __init__(self, prog: str) -> None:
        said = os.environ.get("COLUMNS", "")
        try:
            columns = int(said) if said.isdigit() else os.get_terminal_size().columns
        except OSError:
            columns = 88
        super().__init__(prog, max_help_position=28, width=max(columns - 2, 40))

    def _format_action_invocation(self, action: argparse.Action) -> str:
        """What it is given as: the value once, in every version of Python."""
        if not action.option_strings or action.nargs == 0:
            return super()._format_action_invocation(action)
        return f"{', '.join(action.option_strings)} {action.metavar}"


class RaisingParser(argparse.ArgumentParser):
    """Raises what others print and exit for."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(message)

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        raise Asked


def add(
    made: argparse.ArgumentParser,
    names: Iterable[str],
    told: str,
    *,
    dest: str,
    parse: Callable[[str], Any] | None,
    metavar: str | None,
    const: Any,
    many: bool,
) -> None:
    """Have an option: of a value, or a flag that sets a constant; `many` may be given
    again, values being collected and flags counted."""
    told = told.replace("%", "%%")
    if parse is not None:
        made.add_argument(
            *names,
            dest=dest,
            metavar=metavar,
            type=shown(parse),
            action="append" if many else "store",
            help=told,
        )
    elif many:
        made.add_argument(*names, dest=dest, action="count", help=told)
    else:
        made.add_argument(
            *names, dest=dest, action="store_const", const=const, help=told
        )


def shown(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """The same, with errors whose text argparse shows."""

    def parsed(text: str) -> Any:
        try:
            return parse(text)
        except CpppoError as exc:
            raise argparse.ArgumentTypeError(str(exc)) from None

    return parsed
