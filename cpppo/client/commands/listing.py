# SPDX-License-Identifier: Apache-2.0
"""`list_services` and `list_identity_simple`: who is there, and what do they offer.

Over `raw` and `printing`.  Each response is printed as the manual has it, as JSON whose
keys are full paths.  Nothing else goes to standard output; what went wrong is a line on
standard error and a status, never a traceback: 0 somebody answered, 1 nobody did, 2
usage, 130 stopped by ^C.  The manual, 2.1.6, 9.

    python -m cpppo.server.enip.list_services --udp --broadcast -a 192.168.0.255
    python -m cpppo.server.enip.list_identity_simple 192.168.0.255
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from ...errors import CpppoError, ProtocolError
from ...levels import logged
from ...protocol.enip.published import enip_format
from ..given import Address, located
from ..printing import Unread, complain, display
from ..raw import await_response, client
from .arguments import (
    HOST,
    PORT,
    Asked,
    Option,
    Parser,
    UsageError,
    parse_address,
    parse_seconds,
)

__all__ = ["identity_main", "main"]

log = logging.getLogger(__name__)

PROGRAM = "list_services"
SIMPLE = "list_identity_simple"
SIMPLE_USAGE = f"usage: {SIMPLE} [ADDRESS[:PORT]]"
EVERYBODY = "255.255.255.255"
TIMEOUT = 5.0
QUIET = 1.0  # seconds without a response that end the simple one


def parse_source(text: str) -> Address:
    """An address of our own; without a port, the system chooses one."""
    try:
        found = located(text)
    except CpppoError as exc:
        raise UsageError(str(exc)) from None
    if found is None:
        raise UsageError("it is empty")
    return found


OPTIONS = (
    Option("-v --verbose", "log what is done; -vv: more", counts=True),
    Option(
        "-a --address", f"who is asked ({HOST}:{PORT})", parse_address, "[HOST][:PORT]"
    ),
    Option(
        "-S --source-address",
        "our own address to ask from",
        parse_source,
        "ADDRESS[:PORT]",
    ),
    Option("-u --udp", "ask by UDP"),
    Option(
        "-b --broadcast",
        "take answers of many, for the whole time-out; the address may be a "
        "broadcast one; implies --udp",
    ),
    Option("-i --list-identity", "list identities too"),
    Option("-I --list-interfaces", "list interfaces too"),
    Option(
        "-t --timeout",
        f"seconds to wait ({TIMEOUT:g}; 0: for ever)",
        parse_seconds,
        "S",
    ),
)


@dataclass(frozen=True, slots=True)
class Options:
    """What was told."""

    address: Address = (HOST, PORT)
    source_address: Address | None = None
    udp: bool = False
    broadcast: bool = False
    list_identity: bool = False
    list_interfaces: bool = False
    timeout: float = TIMEOUT
    verbose: int = 0


def main(argv: Sequence[str] | None = None) -> int:
    """List services, and what else the arguments ask for; the exit status."""
    made = Parser(
        OPTIONS,
        "",
        prog=PROGRAM,
        description="List Services (by default) of EtherNet/IP CIP devices.",
    )
    try:
        told = made.parse_args(sys.argv[1:] if argv is None else argv)
        options = Options(**vars(told))
    except Asked:
        return 0
    except UsageError as exc:
        complain(f"{made.format_usage()}{PROGRAM}: error: {exc}")
        return 2
    with logged(options.verbose) if options.verbose else nullcontext():
        return guarded(PROGRAM, lambda: listed(options))


def identity_main(argv: Sequence[str] | None = None) -> int:
    """Broadcast a List Identity, to the address in the arguments; the exit status."""
    given = list(sys.argv[1:] if argv is None else argv)
    if {"-h", "--help"} & set(given):
        print(f"{SIMPLE_USAGE}\n\nWho answers List Identity there ({EVERYBODY})?")
        return 0
    try:
        host, port = parse_address(given.pop(0)) if given else (EVERYBODY, PORT)
        if given:
            raise UsageError(
                f"one address is expected, and not {' '.join(given)!r} too"
            )
    except UsageError as exc:
        complain(f"{SIMPLE_USAGE}\n{SIMPLE}: error: {exc}")
        return 2
    return guarded(SIMPLE, lambda: identified(host, port))


# -- what is done


def listed(options: Options) -> bool:
    """Ask, and print what is answered; whether anything was."""
    host, port = options.address
    udp = options.udp or options.broadcast
    timeout = options.timeout or None
    connection = client(
        host,
        port,
        timeout,
        udp=udp,
        broadcast=options.broadcast,
        source_address=options.source_address,
    )
    try:
        connection.list_services()
        wanted = 1
        if options.list_identity:
            connection.list_identity()
            wanted += 1
        if options.list_interfaces:
            connection.list_interfaces()
            wanted += 1
        answered = harvested(connection, timeout, None if options.broadcast else wanted)
    finally:
        connection.close()
    if not answered:
        complain(f"{PROGRAM}: error: {silence(options)}")
    elif answered < wanted:
        complain(f"{PROGRAM}: only {answered} of {wanted} requests were answered")
    return answered > 0


def harvested(connection: client, timeout: float | None, wanted: int | None) -> int:
    """Print responses until there are enough, or until the time is over."""
    deadline = None if timeout is None else time.monotonic() + timeout
    answered = 0
    while wanted is None or answered < wanted:
        left = None if deadline is None else max(deadline - time.monotonic(), 0)
        response, elapsed = await_response(connection, left)
        if not response:
            break
        log.info("%s:%s answered in %.3f s", *response["peer"], elapsed)
        display(enip_format(response))
        answered += 1
    return answered


def silence(options: Options) -> str:
    """That nobody has answered."""
    host, port = options.address
    how = "UDP" if options.udp or options.broadcast else "TCP"
    whom = f"nobody at {host}:{port}" if options.broadcast else f"{host}:{port} never"
    return f"{whom} answered by {how} within {options.timeout:g} s"


def identified(host: str, port: int) -> bool:
    """Ask everybody there, until nobody has answered for a while."""
    connection = client(host, port, udp=True, broadcast=True)
    answered = False
    try:
        connection.list_identity()
        while True:
            response, _ = await_response(connection, QUIET)
            if not response:
                break
            display(enip_format(response))
            answered = True
    finally:
        connection.close()
    if not answered:
        complain(f"{SIMPLE}: error: nobody at {host}:{port} answered by UDP")
    return answered


# -- what is said


def guarded(program: str, ask: Callable[[], bool]) -> int:
    """Do it, and say in words what goes wrong; the exit status."""
    try:
        return 0 if ask() else 1
    except Unread:
        return 1
    except KeyboardInterrupt:
        complain(f"{program}: interrupted")
        return 130
    except ProtocolError as exc:
        complain(f"{program}: error: this is no answer of EtherNet/IP: {exc}")
    except (CpppoError, OSError) as exc:
        complain(f"{program}: error: {exc}")
    return 1
