# SPDX-License-Identifier: Apache-2.0
"""The commands of `python -m cpppo`: their arguments, and nothing else.

The top of the stack.  A command's module has `arguments`, which declares its
options, and `run`, which returns the exit status; work is done by what it calls.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from ..errors import CpppoError
from ..version import __version__
from . import draw

__all__ = ["main"]

PROGRAM = "python -m cpppo"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status: 0, 1 for what failed, 2 for bad usage."""
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Wire protocols as state machines, and simulated PLCs.",
        epilog=f"{PROGRAM} COMMAND --help says more about a command.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"cpppo {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND")
    draw.arguments(commands)
    options = parser.parse_args(argv)
    if not hasattr(options, "run"):
        parser.print_help()
        return 0
    try:
        return int(options.run(options))
    except CpppoError as exc:
        print(f"{PROGRAM}: {exc}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Whoever read has seen enough; nor may the interpreter flush any more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
