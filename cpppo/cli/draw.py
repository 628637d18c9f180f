# SPDX-License-Identifier: Apache-2.0
"""`python -m cpppo draw NAME`: a machine or a message as DOT, SVG, table or layout.

NAME is an example of the manual, `regex:PATTERN`, or where Python finds an object:
`package.module:object` or `package.module.object`.  A machine is drawn as it is; of
a message's class, its `machine`.
"""

from __future__ import annotations

import argparse
import importlib
import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..automata import dfa, draw, state
from ..automata.examples import EXAMPLES
from ..errors import CpppoError, GrammarError

__all__ = ["arguments", "run"]

FORMS = ("dot", "svg", "table", "layout")
REGEX = "regex:"
NAMES = (
    f"{', '.join(EXAMPLES)}, {REGEX}PATTERN, package.module:object "
    "or package.module.object"
)


class NoSuchName(LookupError):
    """NAME is not the name of anything that can be drawn."""


def arguments(commands: Any) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "draw",
        help="a machine or a message as a picture, a table or a layout",
        description="Draw a machine or a message.",
        allow_abbrev=False,
    )
    parser.add_argument("name", metavar="NAME", help=f"what to draw: {NAMES}")
    parser.add_argument(
        "--form",
        choices=FORMS,
        default="table",
        help="dot, svg (made by graphviz), table (unless told), or a message's layout",
    )
    parser.add_argument(
        "--refusals", action="store_true", help="draw what is refused outright too"
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=Path, help="write there, in UTF-8"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Draw; the exit status."""
    try:
        text = drawn(options.name, options.form, options.refusals)
    except NoSuchName as exc:
        print(f"python -m cpppo draw: {exc}", file=sys.stderr)
        return 2
    if options.output is None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")  # whatever the locale can spell
        sys.stdout.write(text)
        sys.stdout.flush()
        return 0
    try:
        options.output.write_text(text, encoding="utf-8")
    except OSError as exc:
        raise CpppoError(f"{options.output}: {exc.strerror}") from None
    return 0


def drawn(name: str, form: str, refusals: bool) -> str:
    """What the name stands for, in this form."""
    found = named(name)
    if form == "layout":
        layout: Callable[[], str] | None = getattr(found, "layout", None)
        if layout is None:
            raise NoSuchName(f"{name!r} has no layout: only a message has one")
        return layout().rstrip("\n") + "\n"
    machine = found if isinstance(found, state) else getattr(found, "machine", None)
    if not isinstance(machine, state):
        kind = type(found).__name__
        raise NoSuchName(f"{name!r} is neither a machine nor a message, but a {kind}")
    if form == "dot":
        return draw.dot(machine, refusals)
    if form == "svg":
        return draw.svg(machine, refusals)
    return draw.table(machine, refusals)


def named(name: str) -> Any:
    """The object that a name stands for."""
    if name in EXAMPLES:
        return EXAMPLES[name]()
    if name.startswith(REGEX):
        return expression(name.removeprefix(REGEX))
    module, colon, path = name.partition(":")
    if not colon:
        module, _, path = name.rpartition(".")
    if not module or not path:
        raise NoSuchName(f"there is no {name!r}; there are {NAMES}")
    return imported(name, module, path)


def expression(pattern: str) -> dfa:
    """The machine of a regular expression."""
    from ..automata.regex import regex  # noqa: PLC0415 -- what is behind is slow

    try:
        return regex(initial=pattern, terminal=True)
    except GrammarError as exc:
        raise NoSuchName(str(exc)) from None


def imported(name: str, module: str, path: str) -> Any:
    """The object at `path` inside of a module."""
    try:
        found = importlib.import_module(module)
    except (ImportError, ValueError, TypeError) as exc:
        raise NoSuchName(f"there is no {name!r} ({exc}); there are {NAMES}") from None
    for part in path.split("."):
        try:
            found = getattr(found, part)
        except AttributeError as exc:
            raise NoSuchName(f"there is no {name!r}: {exc}") from None
    return found
