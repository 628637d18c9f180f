# SPDX-License-Identifier: Apache-2.0
"""`enip_get_attribute`: attributes of any device, read and written by their addresses.

Over `connector` and `attributes`, beside `enip_client`, which asks for tags.

Rules.  All is understood before anything is sent.  Standard output has results only,
a line each; what went wrong is a clear line on standard error and a status: 0 all is
well, 1 an operation failed or nobody answered, 2 usage, 130 stopped by ^C.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from logging import getLogger
from typing import Any

from ...errors import CpppoError, ProtocolError
from ...levels import NORMAL, timer
from ...protocol.enip.notation import format_path
from ...protocol.enip.types import SINT
from ..attributes import attributed
from ..connector import connector
from ..operations import Operation, OperationError
from ..printing import Progress, Unread, complain, display, json_line
from ..result import NONE, Result
from ..way import Way
from .arguments import HOST, PORT, Asked, Option, Parser, UsageError, variables
from .enip_client import journal, lines_there, profiled, reason
from .options import OPTIONS as CLIENT
from .options import STDIN, TIMEOUT, packets, together, way

__all__ = ["OPTIONS", "PROGRAM", "Options", "main", "parse_options"]

log = getLogger(__name__)

PROGRAM = "enip_get_attribute"
PREFIX = "ENIP_GET_ATTRIBUTE_"
USAGE = f"{PROGRAM} [option ...] @CLASS/INSTANCE[/ATTRIBUTE][=[(TYPE)]value,...] ..."
SHORT = {
    "get_attributes_all": "G_A_A",
    "get_attribute_single": "G_A_S",
    "set_attribute_single": "S_A_S",
}

EPILOG = """\
An operation reads, or with = writes:
  @1/1               all attributes of an object: Get Attributes All
  @1/1/7  @0xF5/1/5  one attribute: Get Attribute Single
  @0x93/3/10=9.9     Set Attribute Single; SINT unless told, REAL with a point
  '@4/150/3=(INT)1,2'

What is read is octets: the device does not say of which type they are.
The default way is that to a controller in slot 0.  For a device that has no routes,
such as a PowerFlex drive, say -S.

Every option can be told by the variable in parentheses too; an argument wins over it.
Status: 0 all is well, 1 an operation failed or nobody answered, 2 usage, 130 ^C."""


# Those of enip_client that have a meaning here.
KEPT = {
    "address",
    "verbose",
    "json",
    "log",
    "timeout",
    "route_path",
    "send_path",
    "priority_time_tick",
    "timeout_ticks",
    "simple",
    "multiple",
    "depth",
    "profile",
}
OPTIONS = (
    *(one for one in CLIENT if one.name in KEPT),
    Option("-p --print", "print a line for each (the default)", field="printing"),
    Option(
        "--no-print",
        "do not print them; failures go to standard error in any case",
        const=False,
        field="printing",
    ),
)


@dataclass(frozen=True, slots=True)
class Options:
    """What was told."""

    operations: tuple[Operation, ...]
    address: tuple[str, int] = (HOST, PORT)
    verbose: int = 0
    printing: bool = True
    json: bool = False
    log: str | None = None
    timeout: float | None = TIMEOUT
    way: Way = Way()  # noqa: RUF009 -- frozen
    multiple: int = 0
    depth: int = 1
    profile: bool = False


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the arguments say; the exit status."""
    try:
        options = parse_options(sys.argv[1:] if argv is None else argv)
    except Asked:
        return 0
    except UsageError as exc:
        return failed(f"usage: {USAGE}\n{PROGRAM}: error: {exc}", 2)
    except OperationError as exc:
        return failed(f"{PROGRAM}: error: {exc}", 2)
    except OSError as exc:  # of standard input
        return failed(f"{PROGRAM}: error: standard input: {reason(exc)}", 1)
    except KeyboardInterrupt:  # there too
        return failed(f"{PROGRAM}: interrupted", 130)
    try:
        with journal(options.verbose, options.log), profiled(options.profile):
            return Run(options).status()
    except OSError as exc:  # of the log
        return failed(f"{PROGRAM}: error: {reason(exc)}", 1)


def failed(text: str, status: int = 1) -> int:
    """Say why, where people look for it."""
    complain(text)
    return status


# -- arguments


def parse_options(
    argv: Sequence[str], environ: Mapping[str, str] | None = None
) -> Options:
    """The options of arguments and environment; UsageError, OperationError, Asked."""
    environ = os.environ if environ is None else environ
    said, unknown = variables(OPTIONS, PREFIX, environ)
    for name in unknown:
        failed(f"{PROGRAM}: {name}: there is no such option; see --help")
    told = vars(parser().parse_intermixed_args(packets(argv)))
    said = together(said, told)
    said["way"] = way(said)
    said["timeout"] = said.get("timeout", TIMEOUT) or None
    texts = said.pop("tags", None) or []
    if not texts:
        raise UsageError("there is nothing to do; say an address, such as @1/1/7")
    if texts.count(STDIN) > 1:
        raise UsageError("standard input can be read once only: say - once")
    said["operations"] = tuple(understood(texts))
    return Options(**said)


def parser() -> Parser:
    """The parser of the arguments."""
    made = Parser(
        OPTIONS,
        PREFIX,
        prog=PROGRAM,
        usage=USAGE,
        description="Get and set attributes of a device by EtherNet/IP.",
        epilog=EPILOG,
    )
    made.add_argument(
        "tags",
        metavar="ADDRESS",
        nargs="*",
        help="an operation, as below; -: one a line from standard input, where blank "
        "lines and those that begin with # are skipped",
    )
    return made


def understood(texts: Iterable[str]) -> Iterator[Operation]:
    """The operations of arguments, and of standard input where it stands."""
    for text in texts:
        if text != STDIN:
            yield attributed(Operation.parse(text, int_type=SINT))
            continue
        lines = chain.from_iterable(lines_there(sys.stdin))
        for number, line in enumerate(lines, 1):
            if not line or line.startswith("#"):
                continue
            try:
                yield attributed(Operation.parse(line, int_type=SINT))
            except OperationError as exc:
                raise UsageError(f"standard input, line {number}: {exc}") from None


# -- doing it


class Run:
    """What is asked of a device, and what has come of it so far."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.done = self.shown = self.wrong = 0
        shows = options.printing or options.json
        total = len(options.operations)
        self.progress = Progress.wanted(total, shows, options.verbose)

    def status(self) -> int:
        """Do it all; the exit status."""
        host, port = self.options.address
        try:
            if self.options.operations:
                self.ask()
        except Unread:
            return 1  # whoever read knows that there is no more
        except KeyboardInterrupt:
            return self.ended("interrupted", 130)
        except ProtocolError as exc:
            what = f"{host}:{port} does not answer as EtherNet/IP does"
            return self.ended(f"error: {what}: {exc}")
        except (CpppoError, OSError) as exc:
            return self.ended(f"error: {exc}")
        finally:
            self.progress.clear()
        return int(self.wrong > 0)

    def ended(self, text: str, status: int = 1) -> int:
        """Say what ended it, and how far it had come."""
        self.progress.clear()
        total = len(self.options.operations)
        told = f"{PROGRAM}: {text}; {self.done} of {total} operations were answered"
        if self.options.log:
            log.error("%s", told)
        return failed(told, status)

    def ask(self) -> None:
        """All operations, over one connection."""
        options = self.options
        host, port = options.address
        begun = timer()
        connection = connector(host=host, port=port, timeout=options.timeout)
        try:
            spent = timer() - begun
            log.log(NORMAL, "Connect: %s:%d in %7.3fs", host, port, spent)
            begun = timer()
            for result in connection.ask(
                options.operations,
                depth=options.depth,
                multiple=options.multiple,
                timeout=options.timeout,
                route_path=options.way.route,
                send_path=options.way.send,
                priority_time_tick=options.way.priority,
                timeout_ticks=options.way.ticks,
            ):
                self.take(result)
        finally:
            connection.close()
        spent = max(timer() - begun, 1e-9)
        log.log(
            NORMAL,
            "%3d requests in %7.3fs at pipeline depth %2d; %7.3f TPS",
            self.done,
            spent,
            options.depth,
            self.done / spent,
        )

    def take(self, result: Result) -> None:
        """Show a result, and count it."""
        self.done += result.status != NONE
        self.wrong += not result.ok
        if self.options.json:
            display(json_line(result))
        elif self.options.printing:
            display(line(result, self.shown, self.options.multiple > 0))
        if not (result.ok or self.options.json):
            self.progress.clear()
            failed(f"{PROGRAM}: {result.error}")
        self.shown += 1
        self.progress.count(result.ok)


def line(result: Result, nth: int, packed: bool, when: Any = time.ctime) -> str:
    """An operation and its result, as 5.2.5 prints them."""
    how = "Multi." if packed else "Single"
    operation = result.operation
    what = f"{how} {SHORT[operation.method]:10} {format_path(operation.path)}"
    return f"{when()}: {nth:3}: {what} == {result.data}"
