# SPDX-License-Identifier: Apache-2.0
"""What `enip_server` can be told: by its arguments, and by the environment.

Under `main`.  `OPTIONS` declares each option once; the arguments, the variables
(`ENIP_` and the option's long name) and the text of `--help` come from it.  An argument
wins over a variable, a variable over the default.  Files of tags are read here: what a
tag's text means depends on the types that they have.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import Enum
from typing import TYPE_CHECKING, Any, NoReturn

from ...config import flag, integer
from ...errors import CpppoError
from ...protocol.enip.cpf import PORT
from ...protocol.enip.path import Port
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
from ..limits import Limits
from .database.tags import TagSpec, parse_tags
from .delay import Delay
from .linking.links import LEAST

if TYPE_CHECKING:
    from .files import Plant

__all__ = [
    "OPTIONS",
    "PROGRAM",
    "UNSAID",
    "Asked",
    "Option",
    "Options",
    "UsageError",
    "parse_address",
    "parse_options",
]

PROGRAM = "enip_server"
PREFIX = "ENIP_"
OTHERS = ("ENIP_CLIENT_", "ENIP_GET_ATTRIBUTE_", "ENIP_POLL_")  # not for a server
USAGE = "%(prog)s [option ...] TAG[@class/instance/attribute][=TYPE[[n,...]]] ..."


class Unsaid(Enum):
    """What stands where nobody says anything; None has a meaning of its own there."""

    UNSAID = 0


UNSAID = Unsaid.UNSAID


@dataclass(frozen=True, slots=True)
class Options:
    """What was told."""

    tags: tuple[TagSpec, ...] = ()  # those of the files, then those of the arguments
    files: tuple[str, ...] = ()
    plant: Plant | None = None  # what the files say
    address: tuple[str, int] = ("", PORT)
    tcp: bool = True
    udp: bool = True
    address_output: bool = False
    verbose: int = 0
    quiet: bool = False
    printing: bool = False
    log: str | None = None
    delay: Delay | None = None
    route_path: tuple[Port, ...] | Unsaid | None = UNSAID
    size: int | None = None
    config_basename: str = "cpppo"
    config: tuple[str, ...] = ()
    no_config: bool = False
    limits: Limits = field(default_factory=Limits)
    unknown: tuple[str, ...] = ()  # variables that look like ours and are not


# -- the texts of values


def parse_address(text: str) -> tuple[str, int]:
    """The interface and the port to bind to: `host`, `:port`, `host:port`, `[::1]`."""
    wrong = UsageError(
        f"{text!r} is no address; expected is an interface, a port or both, such as "
        "127.0.0.1, :44818, 127.0.0.1:0 or [::1]:44818"
    )
    host, port = text.strip(), ""
    if host.startswith("["):
        host, bracket, rest = host[1:].partition("]")
        if not bracket or not host or (rest and not rest.startswith(":")):
            raise wrong
        port = rest[1:]
    elif host.count(":") == 1:
        host, _, port = host.partition(":")
    if host.isdecimal():
        raise UsageError(f"{text!r} is no address; if a port is meant, say :{host}")
    if any(letter.isspace() or letter in "[]/@" for letter in host):
        raise wrong
    if not port:
        return host, PORT
    if not (port.isascii() and port.isdecimal() and int(port) <= 0xFFFF):
        raise UsageError(f"{text!r}: a port is a number from 0 to 65535")
    return host, int(port)


def parse_route(text: str) -> tuple[Port, ...] | None:
    """A route path in any of its spellings."""
    from ...protocol.enip.notation import parse_route_path  # noqa: PLC0415 -- rare

    return parse_route_path(text)


def parse_web(text: str) -> NoReturn:
    """The web API is not there yet; nobody shall believe that it is."""
    raise UsageError("the web API is not part of this release, but of a later one")


def parse_count(text: str) -> int:
    """A number of things, at least one."""
    try:
        count = integer(text)
    except ValueError:
        count = 0
    if count < 1:
        raise UsageError(f"{text!r} is no whole number from 1")
    return count


def parse_octets(text: str) -> int:
    """The octets of a connection, for which the least answer needs some."""
    count = parse_count(text)
    if count < LEAST:
        raise UsageError(
            f"{text!r}: a connection has at least {LEAST} octets; less holds no reply"
        )
    return count


def parse_seconds(text: str) -> float:
    """A time; 0 stands for no limit."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 1e9:
        raise UsageError(f"{text!r} is no number of seconds; 0 is no limit")
    return seconds


# -- the options


@dataclass(frozen=True, slots=True)
class Option:
    """An option: what it is called, which field it sets, and how."""

    names: tuple[str, ...]  # the short ones, and the long one last
    field: str
    help: str
    parse: Callable[[str], Any] | None = None  # None: a flag
    metavar: str | None = None
    const: Any = True  # what a flag sets
    many: bool = False  # may be given again: texts are collected, flags are counted
    told: str | None = None  # its variable, where that is not called as it is

    @property
    def variable(self) -> str:
        if self.told is not None:
            return self.told
        return PREFIX + self.names[-1].lstrip("-").replace("-", "_").upper()


def limit(field: str, help: str) -> Option:
    """An option for one of the limits: named and parsed as its field is."""
    name, default = LIMIT_NAMES[field], getattr(Limits(), field)
    if isinstance(default, float):
        return Option((name,), field, f"{help} ({default:g})", parse_seconds, "SECONDS")
    parse = parse_octets if field == "connection" else parse_count
    return Option((name,), field, f"{help} ({default})", parse, "NUMBER")


LIMIT_NAMES = {
    "connections": "--max-connections",
    "unfinished": "--frame-timeout",
    "idle": "--idle-timeout",
    "unread": "--unread-timeout",
    "unsent": "--unsent-limit",
    "reply": "--reply-limit",
    "routed": "--route-timeout",
    "members": "--max-services",
    "attributes": "--max-attributes",
    "opened": "--max-cip-connections",
    "connection": "--connection-size",
    "datagrams": "--datagram-rate",
    "sources": "--max-sources",
}

OPTIONS = (
    Option(
        ("-f", "--tags"),
        "files",
        "have the types, tags and values of this file (.toml, .csv, or Rockwell's "
        ".L5X); several add up",
        parse_name,
        "FILE",
        many=True,
        # ENIP_TAGS are tags themselves.
        told=f"{PREFIX}FILE",
    ),
    Option(
        ("-a", "--address"),
        "address",
        "the interface and the port to listen at (:44818); port 0 is any that is "
        "free, and is printed",
        parse_address,
        "[INTERFACE][:PORT]",
    ),
    Option(
        ("-A", "--address-output"),
        "address_output",
        "print the addresses that are listened at",
    ),
    Option(("-t", "--tcp"), "tcp", "serve TCP (the default)"),
    Option(("-T", "--no-tcp"), "tcp", "do not serve TCP", const=False),
    Option(("-u", "--udp"), "udp", "serve UDP (the default)"),
    Option(("-U", "--no-udp"), "udp", "do not serve UDP", const=False),
    Option(("-v", "--verbose"), "verbose", "log what is done; -vv: more", many=True),
    Option(("-q", "--quiet"), "quiet", "log errors only"),
    Option(
        ("-l", "--log"),
        "log",
        "log to this file, 10 MB and 5 old copies at most; SIGHUP opens it again",
        parse_name,
        "FILE",
    ),
    Option(("-p", "--print"), "printing", "print each read and write of a tag"),
    Option(("--no-print",), "printing", "do not print them (the default)", const=False),
    Option(
        ("-d", "--delay"),
        "delay",
        "seconds to wait before each reply, or a range of them",
        Delay.parse,
        "#.#[-#.#]",
    ),
    Option(
        ("-w", "--web"),
        "web",
        "the web API, which comes with a later release",
        parse_web,
        "[INTERFACE]:[PORT]",
    ),
    Option(
        ("--route-path",),
        "route_path",
        "accept requests by this route path only: 1/0, 1/0/2/1.2.3.4 or JSON; "
        "false or 0: no route path; null: any (the default)",
        parse_route,
        "PORT/LINK",
    ),
    Option(
        ("-S", "--simple"),
        "route_path",
        "be a simple device, which accepts no route path",
        const=(),
    ),
    Option(
        ("-s", "--size"),
        "size",
        "the most octets of data in a request, and in its reply (no limit but theirs)",
        parse_count,
        "OCTETS",
    ),
    Option(
        ("-b", "--config-basename"),
        "config_basename",
        "what configuration files are called, without .cfg (cpppo)",
        parse_name,
        "NAME",
    ),
    Option(
        ("-c", "--config"),
        "config",
        "read this configuration file too, after all others",
        parse_name,
        "FILE",
        many=True,
    ),
    Option(("--no-config",), "no_config", "look for no configuration files"),
    limit("connections", "TCP connections at a time"),
    limit("unfinished", "how long a frame may take to arrive"),
    limit("idle", "how long a client may say nothing"),
    limit("unread", "how long a client may leave its replies unread"),
    limit("unsent", "octets of replies collected before they are sent"),
    limit("reply", "octets of one reply"),
    limit("routed", "how long a request that is sent on may wait"),
    limit("members", "services in one Multiple Service Packet"),
    limit("attributes", "attributes in one Get Attribute List"),
    limit("opened", "CIP connections at a time, of all clients together"),
    limit(
        "connection",
        f"octets of a message over a CIP connection, {LEAST} at least; below 512, be "
        "an old controller, which knows no Large Forward Open",
    ),
    limit("datagrams", "UDP requests answered per second and source"),
    limit("sources", "UDP sources that are remembered for that"),
)
TAGS = PREFIX + "TAGS"
FILES = (".toml", ".csv", ".l5x")


# -- reading them


def parse_options(
    argv: Sequence[str], environ: Mapping[str, str] | None = None
) -> Options:
    """The options of arguments and environment; UsageError, Asked."""
    environ = os.environ if environ is None else environ
    said, unknown = variables(environ)
    said |= arguments(argv)
    said["files"] = tuple(said.get("files", ()))
    said |= served(said.pop("tags", ()), said["files"])
    if "config" in said:
        said["config"] = tuple(said["config"])
    limits = {one.name for one in fields(Limits)}
    said["limits"] = Limits(**{name: said.pop(name) for name in limits & said.keys()})
    options = Options(**said, unknown=unknown)
    if not (options.tcp or options.udp):
        raise UsageError("with neither TCP nor UDP there is nothing to serve")
    return options


def served(texts: Sequence[str], files: tuple[str, ...]) -> dict[str, Any]:
    """The tags of texts and files, and the plant that the files are."""
    for text in texts:
        if text.lower().endswith(FILES) and os.path.isfile(text):
            raise UsageError(f"{text!r} is a file; have its tags by -f {text}")
    if not files:
        return {"tags": tuple(parse_tags(texts))}
    from .files import load  # noqa: PLC0415 -- rare

    plant = load(files)
    more = parse_tags(texts, plant.types, plant.tags, plant.where)
    return {"tags": (*plant.tags, *more), "plant": plant}


def arguments(argv: Sequence[str]) -> dict[str, Any]:
    """What the arguments say, and only that."""
    said = vars(parser().parse_intermixed_args(argv))
    # argparse has an empty list, or None, where there are no tags.
    if not said.get("tags"):
        said.pop("tags", None)
    return said


def parser() -> RaisingParser:
    """The parser of the arguments."""
    made = RaisingParser(
        prog=PROGRAM,
        usage=USAGE,
        description="Simulate a ControlLogix controller: serve tags by EtherNet/IP.",
        epilog=epilog(),
        formatter_class=Formatter,
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    made.add_argument("--version", action="version", version=f"cpppo {__version__}")
    for one in OPTIONS:
        add(
            made,
            one.names,
            f"{one.help} ({one.variable})",
            dest=one.field,
            parse=one.parse,
            metavar=one.metavar,
            const=one.const,
            many=one.many,
        )
    made.add_argument(
        "tags",
        metavar="TAG",
        nargs="*",
        help="a tag: SCADA=INT[1000], GRID=DINT[3,4], FLOAT@0x93/3/10=REAL, "
        "Program:Main.T=TIMER; "
        f"INT unless told ({TAGS}, separated by spaces)",
    )
    return made


def epilog() -> str:
    """What stands at the end of the help."""
    return (
        "Every option can be told by the variable in parentheses too; an argument\n"
        "wins over it.  Flags are 1 or 0, true or false, yes or no; several files\n"
        f"are separated by {os.pathsep!r}.  Status: 0 stopped, 1 failed, 2 usage."
    )


def variables(environ: Mapping[str, str]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What the environment says, and the variables that nobody knows."""
    said: dict[str, Any] = {}
    sayers: dict[str, str] = {}
    names = {TAGS}
    for one in OPTIONS:
        name = one.variable
        names.add(name)
        # An empty variable is how a container says that it has nothing to say.
        if not (text := environ.get(name, "").strip()):
            continue
        value = variable(one, name, text)
        if value is UNSAID:
            continue
        if said.get(one.field, value) != value:
            raise UsageError(f"{sayers[one.field]} and {name} contradict each other")
        said[one.field], sayers[one.field] = value, name
    if texts := environ.get(TAGS, "").split():
        said["tags"] = texts
    unknown = (
        name
        for name in environ
        if name.startswith(PREFIX) and not name.startswith(OTHERS) and name not in names
    )
    return said, tuple(sorted(unknown))


def variable(one: Option, name: str, text: str) -> Any:
    """What a variable says of an option."""
    if one.parse is None:
        try:
            if one.many:
                return parse_times(text)
            if flag(text):
                return one.const
        except ValueError:
            raise UsageError(f"{name}: {text!r} is neither true nor false") from None
        return not one.const if isinstance(one.const, bool) else UNSAID
    texts: Iterable[str] = text.split(os.pathsep) if one.many else [text]
    try:
        values = [one.parse(text) for text in texts]
    except CpppoError as exc:
        raise UsageError(f"{name}: {exc}") from None
    return values if one.many else values[0]
