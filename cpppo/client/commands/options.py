# SPDX-License-Identifier: Apache-2.0
"""What `enip_client` can be told: by its arguments, and by the environment.

Under `enip_client`.  `OPTIONS` declares each option once; the arguments, the variables
(`ENIP_CLIENT_` and the option's long name) and the text of `--help` come from it.  An
argument wins over a variable, a variable over the default.  What can be known to be
wrong before anything is sent is refused here.
"""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ...config import flag
from ...errors import CpppoError
from ..operations import Operation
from ..requests import PACKET, prepared
from ..way import Way
from .arguments import (
    HOST,
    PORT,
    Option,
    Parser,
    UsageError,
    number,
    parse_address,
    parse_name,
    parse_seconds,
    variables,
)
from .excluding import PATHS, PREFIX, TICKS, browsed, filed

if TYPE_CHECKING:
    from ..datafiles import DataOperation

    Asking = Operation | DataOperation

__all__ = [
    "OPTIONS",
    "PROGRAM",
    "STDIN",
    "USAGE",
    "Options",
    "packets",
    "parse_options",
    "together",
    "understood",
    "way",
]

PROGRAM = "enip_client"
USAGE = "%(prog)s [option ...] TAG[[first[-last]]][+offset][=[(TYPE)]value,...] ..."
STDIN = "-"
KINDS = ("slc", "plc5")  # of processors with data files
WORD = re.compile(r"(?!(?:yes|true|false)$)[A-Z]{3}[\w -]*", re.IGNORECASE)
TIMEOUT = 5.0

EPILOG = """\
An operation reads, or with = writes:
  SCADA  SCADA[1]  SCADA[1-10]  SCADA*10  A.B[2].C     a tag, or elements of it
  @0x93/3/10  @4/5/{"connection":100}                  class/instance/attribute
  SCADA[1]=99  T[4-6]=(DINT)1,2,3  R=9.9               a write; INT unless told
  'TEXT[1]=(SSTRING)"Hello, world!"'
  T[0-9]+16=(DINT)4,5                                  from the 16th octet on

With --pccc, on the data files of an SLC 500, a MicroLogix or a PLC-5:
  N7:0  F8:0{3}  B3/17  N7:4/3  T4:0.ACC  T4:0  ST9:0  I:1.0/3
  N7:1=5  F8:0{3}=1.5,2,3  B3/17=1  T4:0.PRE=100  'ST9:0="hello"'

Every option can be told by the variable in parentheses too; an argument wins over it.
Status: 0 all is well, 1 an operation failed or nobody answered, 2 usage, 130 ^C."""


@dataclass(frozen=True, slots=True)
class Options:
    """What was told."""

    operations: tuple[Asking | None, ...] = ()  # None: those of standard input
    address: tuple[str, int] = (HOST, PORT)
    udp: bool = False
    broadcast: bool = False
    verbose: int = 0
    printing: bool | None = None  # None: nobody said so
    json: bool = False
    log: str | None = None
    timeout: float | None = TIMEOUT
    repeat: int = 1
    way: Way = Way()  # noqa: RUF009 -- frozen
    connected: bool = False
    pccc: str = ""  # the kind of processor whose data files are asked for, if any
    multiple: int = 0
    depth: int = 1
    fragment: bool = False
    list_services: bool = False
    list_identity: bool = False
    list_interfaces: bool = False
    legacy: int | None = None
    browse: bool = False
    browse_values: bool = False
    profile: bool = False
    unknown: tuple[str, ...] = ()  # variables that look like ours and are not

    def understood(self, text: str) -> Asking:
        """The operation of a text, which can be sent; OperationError."""
        return understanding(self.pccc, self.fragment)(text)

    @property
    def lists(self) -> bool:
        """Whether anything is asked that is no operation."""
        return (
            self.list_services
            or self.list_identity
            or self.list_interfaces
            or self.legacy is not None
        )


octets = number(0, 65000, "a number of octets")


def parse_octets(text: str) -> int:
    """The size of packets; yes and no, as a variable may say, are one and none."""
    try:
        if not text.isdecimal():
            return PACKET if flag(text) else 0
    except ValueError:
        pass
    return octets(text)


def parse_kind(text: str) -> str:
    """A kind of processor; yes is the first, and no is none."""
    if text.lower() in KINDS:
        return text.lower()
    try:
        return KINDS[0] if flag(text) else ""
    except ValueError:
        pass
    problem = f"{text!r} is no kind of processor: slc (MicroLogix, too) or plc5"
    raise UsageError(problem)


# -- the options


OPTIONS = (
    Option(
        "-a --address", f"who is asked ({HOST}:{PORT})", parse_address, "[HOST][:PORT]"
    ),
    Option("-u --udp", "ask by UDP, for the lists below"),
    Option(
        "-b --broadcast",
        "take answers of many, for the whole time-out; the address may be a "
        "broadcast one; implies --udp",
    ),
    Option("-v --verbose", "log what is done; -vv: more", counts=True),
    Option(
        "-p --print",
        "print a line for each operation (the default on a terminal)",
        field="printing",
    ),
    Option(
        "--no-print",
        "do not print them (the default elsewhere); failures go to standard error",
        const=False,
        field="printing",
    ),
    Option("-j --json", "print a line of JSON for each instead"),
    Option(
        "-l --log",
        "log to this file, 10 MB and 5 old copies at most",
        parse_name,
        "FILE",
    ),
    Option(
        "-t --timeout",
        f"how long an answer may take ({TIMEOUT:g}); 0 is no limit",
        parse_seconds,
        "SECONDS",
    ),
    Option(
        "-r --repeat",
        "do all operations so many times (1)",
        number(1, 10**9, "how often"),
        "NUMBER",
    ),
    Option(
        "--route-path",
        "the route from there to the device: 1/0 (the default), 1/3/2/1.2.3.4 or "
        "JSON; 0 or false: none",
        str,
        "PORT/LINK",
    ),
    Option(
        "--send-path",
        "who sends requests on along the route (@6/1); '': nobody",
        str,
        "PATH",
    ),
    Option(
        "--priority-time-tick",
        "a tick has two to the power of this many milliseconds (5: 32 ms)",
        number(0, 15, "a tick length"),
        "POWER",
    ),
    Option(
        "--timeout-ticks",
        "ticks that a request may be under way along the route (157: 5 s)",
        number(1, 255, "a number of ticks"),
        "NUMBER",
    ),
    Option(
        "-S --simple",
        "ask a simple device, which has no routes: no route path, and no send path",
    ),
    Option(
        "-c --connected",
        "open a connection (Forward Open) along the route, and ask over it",
    ),
    Option(
        "--pccc",
        "operations are on the data files of an SLC 500 or MicroLogix (slc, if nothing "
        "follows) or a PLC-5, as below; they are asked one by one, and straight unless "
        "--route-path is said",
        parse_kind,
        "[slc|plc5]",
    ),
    Option(
        "-m --multiple",
        "collect operations into Multiple Service Packets, of so many octets at most "
        f"({PACKET} if no number follows)",
        parse_octets,
        "[OCTETS]",
    ),
    Option(
        "-d --depth",
        "requests on their way at a time (1)",
        number(0, 10000, "a number of requests"),
        "NUMBER",
    ),
    Option(
        "-f --fragment",
        "use the fragmented services always, not only where they are needed",
    ),
    Option(
        "-n --no-fragment",
        "use them only where they are needed (the default)",
        const=False,
        field="fragment",
    ),
    Option("-s --list-services", "list the services there"),
    Option("-i --list-identity", "list who is there"),
    Option("-I --list-interfaces", "list the interfaces there"),
    Option(
        "-L --legacy",
        "send an old command that is not documented, such as 0x0001",
        number(0, 0xFFFF, "a command"),
        "COMMAND",
    ),
    Option(
        "--browse",
        "write the controller's tags, types and programs as a file for enip_server -f; "
        "an argument is its address",
    ),
    Option(
        "--browse-values", "the same, and what the tags hold now", field="browse_values"
    ),
    Option("-P --profile", "say where the time went, at the end"),
)
FLAGS = "".join(
    one.names[0][1] for one in OPTIONS if one.parse is None and len(one.names) > 1
)
PACKETS = re.compile(rf"-(?P<flags>[{FLAGS}]*)m|--multiple")


# -- reading them


def parse_options(
    argv: Sequence[str], environ: Mapping[str, str] | None = None
) -> Options:
    """The options of arguments and environment; UsageError, OperationError, Asked."""
    environ = os.environ if environ is None else environ
    said, unknown = variables(OPTIONS, PREFIX, environ)
    told = vars(parser().parse_intermixed_args(kinds(packets(argv))))
    said = together(said, told)
    if said.get("pccc"):
        said = filed(said, told)
    said["way"] = way(said, straight=bool(said.get("pccc")))
    said["timeout"] = said.get("timeout", TIMEOUT) or None
    said["udp"] = said.get("udp", False) or said.get("broadcast", False)
    texts = said.pop("tags", None) or []
    if said.get("browse") or said.get("browse_values"):
        texts = browsed(said, told, texts)
    understand = understanding(said.get("pccc", ""), said.get("fragment", False))
    said["operations"] = tuple(
        None if text == STDIN else understand(text) for text in texts
    )
    options = Options(**said, unknown=unknown)
    sensible(options)
    return options


def together(said: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    """What variables say and arguments tell, which win; --simple is without paths."""
    paths = told.keys() & set(PATHS)
    if "simple" in told and paths:
        raise UsageError("--simple is without paths: no --route-path, no --send-path")
    lost = set(PATHS) if "simple" in told else {"simple"} if paths else set()
    left = {name: one for name, one in said.items() if name not in lost}
    if left.get("simple") and left.keys() & set(PATHS):
        problem = "in the environment, SIMPLE is without paths"
        raise UsageError(f"{problem}: no ROUTE_PATH, no SEND_PATH")
    return left | told


def understanding(pccc: str, fragment: bool) -> Callable[[str], Asking]:
    """What makes an operation of a text, which can be sent; or an OperationError."""
    if not pccc:
        return lambda text: understood(text, fragment)
    # It brings PCCC along, which others need not wait for.
    from ..datafiles import DataOperation  # noqa: PLC0415

    return lambda text: DataOperation.parse(text, pccc)


def understood(text: str, fragment: bool) -> Operation:
    """The operation of a text, which can be sent; OperationError."""
    operation = Operation.parse(text, fragment=fragment)
    prepared(operation, fragment)
    return operation


def sensible(options: Options) -> None:
    """Refuse what has no meaning together."""
    streams = options.operations.count(None)
    if options.browse:
        if options.lists or options.udp:
            raise UsageError("--browse is by TCP and alone: no lists, no --udp")
        return
    if not options.operations and not options.lists:
        such = "a tag, such as SCADA[0-9], or --list-identity"
        if options.pccc:
            such = "an address, such as N7:0"
        raise UsageError(f"there is nothing to do; say {such}")
    if streams > 1:
        raise UsageError("standard input can be read once only: say - once")
    if streams and options.repeat > 1:
        raise UsageError("standard input cannot be read again: no --repeat with -")
    if options.broadcast and options.operations:
        raise UsageError("operations are for one device: no --broadcast with tags")
    if options.connected and not options.operations:
        raise UsageError("lists need no connection: no --connected without tags")
    if options.udp and options.operations:
        raise UsageError("operations go by TCP: no --udp with tags")


def packets(argv: Sequence[str]) -> list[str]:
    """The arguments, -m with its number wherever there is one behind it or not.

    A number is no tag, and what is no number is one: `-m SCADA`, `-m 250 SCADA`.
    """
    found: list[str] = []
    rest = deque(argv)
    while rest:
        one = rest.popleft()
        match = PACKETS.fullmatch(one)
        if match is None:
            found.append(one)
            if one == "--":
                break
            continue
        if match["flags"]:
            found.append(f"-{match['flags']}")
        size = rest.popleft() if rest and rest[0].isdecimal() else str(PACKET)
        found.append(f"--multiple={size}")
    return [*found, *rest]


def way(said: dict[str, Any], straight: bool = False) -> Way:
    """How requests reach the device; takes what says it.

    `straight`: there is a route only where it is said.
    """
    names = (*PATHS, *TICKS)
    paths = {name: said.pop(name) for name in names if name in said}
    if said.pop("simple", False):
        paths = {"route_path": False, "send_path": ""} | paths
    try:
        found = Way.of(**paths, default=Way(route=()) if straight else None)
    except CpppoError as exc:
        raise UsageError(str(exc)) from None
    if straight and not found.route and not paths.get("send_path"):
        return replace(found, send=())
    return found


def kinds(argv: Sequence[str]) -> list[str]:
    """The arguments, --pccc with the kind of processor, whether it follows or not."""
    found: list[str] = []
    rest = deque(argv)
    while rest:
        one = rest.popleft()
        if one == "--pccc":
            # Of three letters or more there is no file.
            known = rest and (rest[0].lower() in KINDS or WORD.fullmatch(rest[0]))
            one += f"={rest.popleft() if known else KINDS[0]}"
        found.append(one)
    return found


def parser() -> Parser:
    """The parser of the arguments."""
    made = Parser(
        OPTIONS,
        PREFIX,
        prog=PROGRAM,
        usage=USAGE,
        description="Read and write tags of a controller by EtherNet/IP.",
        epilog=EPILOG,
    )
    made.add_argument(
        "tags",
        metavar="TAG",
        nargs="*",
        help="an operation, as below; -: one a line from standard input, where blank "
        "lines and those that begin with # are skipped",
    )
    return made
