# SPDX-License-Identifier: Apache-2.0
"""`python -m cpppo.server.enip.poll`: the values of some parameters, again and again.

Over `poll`.  `OPTIONS` declares each option once; the arguments, the variables of the
environment (`ENIP_POLL_` and the long name) and the help come from it.

Rules.  Standard output has values and nothing else, failures go to standard error, one
line each.  ^C is how it is ended: the status is 0 then, and 1 if nothing was ever read;
2 is usage.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from ...errors import CpppoError
from ...levels import logged
from ..operations import Operation, OperationError
from ..parameters import ParameterMismatch, ParameterRefused, label, listed
from ..poll import Poller
from ..printing import Unread, Unwritten, complain, display, plain
from ..requests import PACKET
from ..way import Way
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
    variables,
)
from .options import together

__all__ = ["OPTIONS", "PROGRAM", "Options", "main", "parse_options"]

PROGRAM = "python -m cpppo.server.enip.poll"
PREFIX = "ENIP_POLL_"
USAGE = "%(prog)s [option ...] [PARAMETER ...]"
GATEWAY = "ab.powerflex_750_series"
# The classes of this package, by the modules that the manual has them in.
GATEWAYS = {"ab": "cpppo.client.drives", "get_attribute": "cpppo.client.proxies"}

EPILOG = f"""\
A parameter is a name of the gateway's class, such as "Motor Velocity"; with --pass-thru
also a tag, or a CIP address:
  {PROGRAM} -g get_attribute.proxy -p 'This.SCADA[0-9]' '@1/1/7'

Every option can be told by the variable in parentheses too; an argument wins over it.
Status: 0 all is well, also after ^C; 1 nothing was ever read; 2 usage."""


def parse_some_seconds(text: str) -> float:
    """A time that is not 0."""
    try:
        seconds = parse_seconds(text)
    except UsageError:
        seconds = 0.0
    if not seconds:
        raise UsageError(f"{text!r} is no number of seconds above 0")
    return seconds


@dataclass(frozen=True, slots=True)
class Options:
    """What was told."""

    parameters: tuple[str, ...] = ()
    address: tuple[str, int] = (HOST, PORT)
    verbose: int = 0
    cycle: float = 1.0
    timeout: float = 1.0
    route_path: str | bool | None = None
    send_path: str | None = None
    simple: bool = False
    multiple: bool = False
    depth: int = 2
    gateway: str = GATEWAY
    pass_thru: bool = False
    json: bool = False
    count: int | None = None
    unknown: tuple[str, ...] = ()  # variables that look like ours and are not


OPTIONS = (
    Option("-v --verbose", "log what is done; -vv: more", counts=True),
    Option(
        "-a --address", f"who is polled ({HOST}:{PORT})", parse_address, "[HOST][:PORT]"
    ),
    Option("-c --cycle", "begin a poll so often (1)", parse_some_seconds, "SECONDS"),
    Option(
        "-t --timeout",
        "how long an answer may take (1)",
        parse_some_seconds,
        "SECONDS",
    ),
    Option(
        "--route-path",
        "the route from there to the device: 1/0, 1/3/2/1.2.3.4 or JSON; 0 or false: "
        "none (unless told, as the gateway's class has it)",
        str,
        "PORT/LINK",
    ),
    Option(
        "--send-path",
        "who sends requests on along the route, such as @6/1; '': nobody",
        str,
        "PATH",
    ),
    Option(
        "-S --simple",
        "poll a simple device, which has no routes: no route path, and no send path",
    ),
    Option(
        "-m --multiple",
        f"collect requests into Multiple Service Packets of up to {PACKET} octets",
    ),
    Option(
        "-d --depth",
        "requests on their way at a time (2)",
        number(0, 10000, "a number of requests"),
        "NUMBER",
    ),
    Option(
        "-g --gateway",
        f"the proxy class that knows the device ({GATEWAY})",
        str,
        "MODULE.CLASS",
    ),
    Option("-p --pass-thru", "allow tags and CIP addresses as parameters"),
    Option(
        "-j --json",
        "print a line of JSON for each value: its parameter, value, units and time, "
        "in seconds since 1970",
    ),
    Option(
        "-n --count",
        "end after so many cycles, read or failed",
        number(1, 10**9, "a number of cycles"),
        "NUMBER",
    ),
)


def parse_options(
    argv: Sequence[str], environ: Mapping[str, str] | None = None
) -> Options:
    """The options of arguments and environment; UsageError, Asked."""
    environ = os.environ if environ is None else environ
    said, unknown = variables(OPTIONS, PREFIX, environ)
    told = vars(parser().parse_intermixed_args(argv))
    said = together(said, told)
    if said.get("simple"):
        said |= {"route_path": False, "send_path": ""}
    said["parameters"] = tuple(said.get("parameters") or ())
    try:
        Way.of(said.get("route_path"), said.get("send_path"))
    except CpppoError as exc:
        raise UsageError(str(exc)) from None
    return Options(**said, unknown=unknown)


def parser() -> Parser:
    """The parser of the arguments."""
    made = Parser(
        OPTIONS,
        PREFIX,
        prog=PROGRAM,
        usage=USAGE,
        description="Poll the parameters of a device by EtherNet/IP.",
        epilog=EPILOG,
    )
    made.add_argument(
        "parameters",
        metavar="PARAMETER",
        nargs="*",
        help="what to poll ('Output Current' and 'Motor Velocity', of a PowerFlex)",
    )
    return made


# -- the gateway


def gateway(name: str) -> Callable[..., Any]:
    """The proxy class of this name."""
    module_name, _, class_name = name.rpartition(".")
    if not module_name or not class_name:
        raise UsageError(f"{name!r} is no module.class, such as {GATEWAY}")
    try:
        module = import_module(GATEWAYS.get(module_name, module_name))
    except (ImportError, TypeError, ValueError) as exc:
        raise UsageError(f"no gateway {name}: {exc}") from None
    found = getattr(module, class_name, None)
    if found is None:
        raise UsageError(f"no gateway {name}: {module_name} has no {class_name}")
    if not isinstance(found, type) or not hasattr(found, "parameter_substitution"):
        raise UsageError(
            f"{name} is no gateway: a class derived from proxy is expected"
        )
    return found


def opened(options: Options) -> Any:
    """The proxy that is asked; nothing is sent yet."""
    host, port = options.address
    said = {
        "depth": options.depth,
        "multiple": PACKET if options.multiple else None,
        "timeout": options.timeout,
        "route_path": options.route_path,
        "send_path": options.send_path,
    }
    kwds = {name: value for name, value in said.items() if value is not None}
    made = gateway(options.gateway)
    try:
        via = made(host=host, port=port, **kwds)
    except (CpppoError, TypeError, ValueError) as exc:
        raise UsageError(f"{options.gateway}: {exc}") from None
    understood(via, options)
    return via


def understood(via: Any, options: Options) -> None:
    """Refuse what is no parameter, or no tag, before anything is sent."""
    params = list(options.parameters)
    try:
        listed(via, params or None)
    except ValueError:
        problem = f"nothing to poll: say which parameters of {options.gateway}"
        raise UsageError(f"{problem}, or with --pass-thru which tags") from None
    try:
        found = list(via.parameter_substitution(params, pass_thru=options.pass_thru))
    except (CpppoError, ValueError) as exc:
        first, line, rest = str(exc).partition("\n")
        hint = "" if options.pass_thru else "; --pass-thru allows tags"
        raise UsageError(f"{first}{hint}{line}{rest}") from None
    try:
        for one in found:
            if isinstance(one, str):
                Operation.parse(one)
    except OperationError as exc:
        raise UsageError(str(exc)) from None


# -- what is shown


class Screen:
    """Shows values and failures, and knows when it is enough."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.read = 0  # values
        self.unread = False  # nobody reads what is shown
        self.lines: list[str] = []
        self.poller: Poller | None = None

    def process(self, parameter: Any, told: Any) -> None:
        """A value, and what is known of it."""
        value, detail = told
        self.read += value is not None
        if not self.options.json:
            self.lines.append(f"{label(parameter):>15}: {value!r}")
            return
        units = detail[1][2] if detail else None
        if units is None and self.poller is not None:
            known = getattr(self.poller.via, "PARAMETERS", {})
            name = label(parameter).strip().lower().replace(" ", "_")
            units = (*known.get(name, ()), None, None, None)[2]
        one = {
            "time": round(time.time(), 3),
            "parameter": label(parameter),
            "value": plain(value),
            "units": units,
        }
        self.lines.append(json.dumps(one))

    def failure(self, exc: Exception) -> None:
        first = (str(exc) or type(exc).__name__).partition("\n")[0]
        one = isinstance(exc, ParameterRefused | ParameterMismatch)
        complain(f"{PROGRAM}: {'' if one else 'polling failed: '}{first}")

    def polled(self) -> None:
        """A cycle is over: show it all at once."""
        poller, lines = self.poller, self.lines
        self.lines = []
        try:
            if lines:
                display("\n".join(lines))
        except Unread:
            self.unread = True
        if poller is not None:
            count = poller.polls + poller.failures
            if self.unread or count == self.options.count:
                poller.stop()


def main(argv: Sequence[str] | None = None) -> int:
    """Poll until ^C; the exit status."""
    try:
        options = parse_options(sys.argv[1:] if argv is None else argv)
        with logged(options.verbose):
            for name in options.unknown:
                complain(f"{PROGRAM}: {name}: there is no such option; see --help")
            return polled(options)
    except Asked:
        return 0
    except UsageError as exc:
        usage = USAGE % {"prog": PROGRAM}
        complain(f"usage: {usage}\n{PROGRAM}: error: {exc}")
        return 2


def polled(options: Options) -> int:
    """Poll; the exit status."""
    via = opened(options)
    screen = Screen(options)
    screen.poller = Poller(
        via,
        list(options.parameters) or None,
        pass_thru=options.pass_thru,
        cycle=options.cycle,
        process=screen.process,
        failure=screen.failure,
        polled=screen.polled,
        details=True,
    )
    try:
        screen.poller.run()
    except KeyboardInterrupt:
        pass  # this is how people end it
    except Unwritten as exc:
        complain(f"{PROGRAM}: error: {exc}")
        return 1
    finally:
        via.close_gateway()
    return 0 if screen.read and not screen.unread else 1


if __name__ == "__main__":
    sys.exit(main())
