# SPDX-License-Identifier: Apache-2.0
"""An example: how many operations a second a controller and the way to it can do.

    python -m cpppo.server.enip.thruput --repeat 25 --depth 20 --multiple 250 Volume

The manual's program of 2.1.6.  Each value is printed as it comes, and at the end how
many requests carried them, and how fast.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ...errors import CpppoError
from ...levels import timer
from ..connector import connector
from ..operations import OperationError, parse_operations
from ..printing import Unread, complain, display
from .arguments import (
    HOST,
    PORT,
    Asked,
    Option,
    Parser,
    UsageError,
    number,
    parse_address,
    parse_seconds,
)

__all__ = ["main"]

PROGRAM = "thruput"
USAGE = "%(prog)s [option ...] TAG ..."

OPTIONS = (
    Option(
        "-d --depth",
        "requests on their way at a time (0: no pipelining)",
        number(0, 10000, "a number of requests"),
        "NUMBER",
    ),
    Option(
        "-m --multiple",
        "collect operations into Multiple Service Packets, of so many octets (0: none)",
        number(0, 65000, "a number of octets"),
        "OCTETS",
    ),
    Option(
        "-r --repeat",
        "do all operations so many times (1)",
        number(1, 10**6, "how often"),
        "NUMBER",
    ),
    Option(
        "-a --address", f"who is asked ({HOST}:{PORT})", parse_address, "[HOST][:PORT]"
    ),
    Option(
        "-t --timeout",
        "how long an answer may take; 0 is no limit (the default)",
        parse_seconds,
        "SECONDS",
    ),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Do the operations, and print how long they took; the exit status."""
    try:
        said = arguments(sys.argv[1:] if argv is None else argv)
        operations = list(parse_operations(said["tags"]))
    except Asked:
        return 0
    except OperationError as exc:
        return failed(f"{PROGRAM}: error: {exc}", 2)
    except UsageError as exc:
        usage = USAGE % {"prog": PROGRAM}
        return failed(f"usage: {usage}\n{PROGRAM}: error: {exc}", 2)
    try:
        return measured(operations, **said)
    except CpppoError as exc:
        return failed(f"{PROGRAM}: error: {exc}", 1)
    except Unread:
        return 1
    except KeyboardInterrupt:
        return failed(f"{PROGRAM}: interrupted", 130)


def arguments(argv: Sequence[str]) -> dict[str, Any]:
    """What the arguments say, with the defaults."""
    parser = Parser(
        OPTIONS,
        "",
        prog=PROGRAM,
        usage=USAGE,
        description="Measure how many operations a second a controller can do.",
    )
    parser.add_argument("tags", metavar="TAG", nargs="+", help="what to read or write")
    said = {
        "depth": 0,
        "multiple": 0,
        "repeat": 1,
        "address": (HOST, PORT),
        "timeout": 0.0,
    }
    return said | vars(parser.parse_args(list(argv)))


def measured(
    operations: list[dict[str, Any]],
    depth: int,
    multiple: int,
    repeat: int,
    address: tuple[str, int],
    timeout: float,
    tags: Sequence[str],
) -> int:
    """Do the operations, and print how long they took."""
    limit = timeout or None
    idx = -1
    count = failures = 0
    connection = connector(host=address[0], port=address[1], timeout=limit)
    try:
        with connection:
            start = timer()
            results = connection.pipeline(
                operations=operations * repeat,
                depth=depth,
                multiple=multiple,
                timeout=limit,
            )
            for idx, _, _, _, _, val in results:
                display(f"{now()}: {idx:3}: {val}")
                count += 1
                failures += val is None
            elapsed = timer() - start
    finally:
        connection.close()
    # A clock may be too coarse for what is too fast.
    rate = count / max(elapsed, 1e-9)
    display(
        f"{count:3} operations using {idx + 1:3} requests in {elapsed:7.2f}s "
        f"at pipeline depth {depth:2}; {rate:5.1f} TPS"
    )
    return 1 if failures else 0


def now() -> str:
    """The time, as the manual's examples print it."""
    return datetime.now().isoformat(sep=" ", timespec="milliseconds")


def failed(text: str, status: int) -> int:
    """Say why, where people look for it."""
    complain(text)
    return status
