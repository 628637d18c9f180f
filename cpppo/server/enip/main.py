# SPDX-License-Identifier: Apache-2.0
"""`enip_server`: a controller and its listener, from start to stop.

The top of `server.enip`.  Runs as a program, and in any thread of another one, which
stops it by `server={"control": {"done": False, ...}}`.  Only in the main thread are
signals heeded; logging is touched only where the options ask for it.

Rules.  Nothing polls unless the caller has given something to be polled.  What the
user can have got wrong is one clear line and a status, never a traceback: 0 is stopped
by request, 1 failed, 2 wrong arguments, variables or configuration files.
"""

from __future__ import annotations

import logging
import os
import select
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum
from queue import Empty, SimpleQueue
from typing import Any

from ...config import ConfigError
from ...errors import CpppoError, TransportError
from ...protocol.enip.datatypes import Types
from ...protocol.enip.path import Port
from ..listener import Listener
from .cip.attribute import Attribute
from .configuration import Configuration
from .controller import Controller
from .database.tags import TagError
from .files.plant import Plant, PlantError
from .log import NORMAL, Log
from .options import PROGRAM, USAGE, Asked, Options, Unsaid, UsageError, parse_options

__all__ = ["main"]

log = logging.getLogger(__name__)

LATENCY = 0.5
SHOWN = 5  # of what is left out, unless more is logged
WITHIN = 1.5  # seconds to stop in, of the two that are promised


class Wish(Enum):
    """What a signal asks for."""

    STOP = "stop"
    REOPEN = "reopen"


class Wishes:
    """What signals have asked for, and waiting for it.

    A signal that comes just before a wait would not end it.  So, where signals are
    heeded, it is an octet in a socket that is waited for: that is there or comes.
    """

    def __init__(self) -> None:
        # A signal may come while its queue is in use; only this kind allows that.
        self._queue: SimpleQueue[Wish] = SimpleQueue()
        self._woken: socket.socket | None = None

    def next(self, timeout: float | None) -> Wish | None:
        """The next wish, if there is one within so many seconds."""
        try:
            if self._woken is None:
                return self._queue.get(timeout=timeout)
            if self._queue.empty():
                select.select([self._woken], [], [], timeout)
            while select.select([self._woken], [], [], 0)[0]:
                self._woken.recv(64)
            return self._queue.get_nowait()
        except Empty:
            return None

    @contextmanager
    def heeded(self, journal: Log) -> Iterator[None]:
        """Signals are wishes meanwhile, where signals are ours to heed."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        wanted = {signal.SIGTERM: Wish.STOP, signal.SIGINT: Wish.STOP}
        if journal.reopens and hasattr(signal, "SIGHUP"):
            wanted[signal.SIGHUP] = Wish.REOPEN
        # A shell starts what is in the background deaf for ^C, and it shall stay so.
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            del wanted[signal.SIGINT]
        waker, self._woken = socket.socketpair()
        with waker, self._woken:
            waker.setblocking(False)
            wakened = signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
            before = {
                number: signal.signal(number, lambda n, _: self._queue.put(wanted[n]))  # type: ignore[index]
                for number in wanted
            }
            try:
                yield
            finally:
                for number, handler in before.items():
                    # None: one that Python does not know, and cannot put back.
                    signal.signal(number, handler or signal.SIG_DFL)
                signal.set_wakeup_fd(wakened)
                self._woken = None


def main(
    argv: Sequence[str] | None = None,
    attribute_class: type[Attribute] = Attribute,
    attribute_kwds: Mapping[str, Any] | None = None,
    idle_service: Callable[[], object] | None = None,
    server: Mapping[str, Any] | None = None,
    **kwds: Any,
) -> int:
    """Serve until stopped; the exit status.

    `server={"control": control}` has whatever is stopped and paused by: `done`,
    `disable`, and `latency`, the seconds between two looks at it; the addresses are
    put there as `address` and `address_udp`.
    """
    if kwds:
        raise TypeError(f"main() has no parameter {', '.join(sorted(kwds))}")
    try:
        options = parse_options(sys.argv[1:] if argv is None else argv)
        configuration = Configuration.find(options)
        if not configuration.files and not something(options):
            where = f" in {', '.join(options.files)}" if options.files else ""
            raise UsageError(
                f"there is no tag to serve{where}; say one, such as SCADA=INT[10]"
            )
    except Asked:
        return 0
    except (PlantError, MemoryError) as exc:
        return failed(f"{PROGRAM}: error: {reason(exc)}", 2)
    except (UsageError, TagError, ConfigError) as exc:
        return failed(f"usage: {USAGE % {'prog': PROGRAM}}\n{PROGRAM}: error: {exc}", 2)
    wishes = Wishes()
    try:
        with Log(options) as journal, wishes.heeded(journal):
            for name in options.unknown:
                log.warning("%s: there is no such option; see --help", name)
            if configuration.files:
                log.log(NORMAL, "Loaded config files: %r", list(configuration.files))
            if options.plant is not None:
                loaded(options.plant)
            controller = controlled(
                options, configuration, attribute_class, attribute_kwds
            )
            service = Service(options, controller, wishes, journal)
            service.run((server or {}).get("control"), idle_service)
    except TagError as exc:
        return failed(f"{PROGRAM}: error: {exc}", 2)
    except (CpppoError, OSError, MemoryError) as exc:
        return failed(f"{PROGRAM}: error: {reason(exc)}", 1)
    return 0


def something(options: Options) -> bool:
    """Whether there is anything to serve: tags, or data files."""
    plant = options.plant
    return bool(options.tags) or (plant is not None and plant.data_files is not None)


def loaded(plant: Plant) -> None:
    """Log which files the tags are from, and what of them is not served."""
    log.log(NORMAL, "Loaded plant files: %r", list(plant.files))
    for one in plant.left[:SHOWN]:
        log.warning("left out: %s", one)
    if plant.left[SHOWN:]:
        more = len(plant.left) - SHOWN
        log.warning("left out: %d more, which -v names", more)
    for one in plant.left[SHOWN:]:
        log.info("left out: %s", one)


def controlled(
    options: Options,
    configuration: Configuration,
    attribute_class: type[Attribute],
    attribute_kwds: Mapping[str, Any] | None,
) -> Controller:
    """The controller that is asked for; what a plant says of itself, it is."""
    plant = options.plant or Plant(Types(published=True))
    return Controller.of(
        plant,
        options.tags,
        configuration.profile,
        limits=options.limits,
        route_path=accepted(options, configuration),
        routes=configuration.routes,
        size=options.size,
        attribute_class=attribute_class,
        attribute_kwds=attribute_kwds,
        delay=options.delay or None,
        observer=Printer() if options.printing else None,
    )


def accepted(options: Options, configuration: Configuration) -> tuple[Port, ...] | None:
    """The route path that is accepted: what is nearest to the user says it."""
    for said in (options.route_path, configuration.route_path):
        if not isinstance(said, Unsaid):
            return said
    return None


def failed(text: str, status: int) -> int:
    """Say why, where people look for it."""
    if sys.stderr is not None:
        print(text, file=sys.stderr)
    return status


def reason(exc: BaseException) -> str:
    """Why something failed, in one line."""
    if isinstance(exc, MemoryError):
        return "the tags do not fit into memory; have fewer elements"
    if isinstance(exc, OSError) and not isinstance(exc, CpppoError) and exc.filename:
        return f"{exc.filename}: {exc.strerror}"
    return str(exc)


class Service:
    """A controller behind its listener, until somebody wishes an end."""

    def __init__(
        self, options: Options, controller: Controller, wishes: Wishes, journal: Log
    ) -> None:
        self.options = options
        self.wishes = wishes
        self.journal = journal
        self.paused = False
        self.problem = ""  # what is in the way of going on, if it was told
        self.listener = Listener(
            options.address,
            controller.session,
            datagram=controller.datagram,
            limits=options.limits,
            tcp=options.tcp,
            udp=options.udp,
            name=PROGRAM,
        )

    def run(
        self, control: Any | None, idle_service: Callable[[], object] | None
    ) -> None:
        """Serve until stopped."""
        self.listener.start()
        try:
            self.announce(control)
            while not self.wished(control, idle_service):
                if control is not None:
                    if control.get("done"):
                        break
                    self.pause(bool(control.get("disable")))
                if idle_service is not None:
                    idle_service()
        finally:
            self.listener.stop(WITHIN)
        log.log(NORMAL, "Stopped")

    def wished(self, control: Any | None, idle_service: object) -> bool:
        """Whether an end is wished, as far as is known now or after a while."""
        polled = control is not None or idle_service is not None
        wish = self.wishes.next(seconds(control) if polled else None)
        if wish is Wish.REOPEN:
            self.journal.reopen()
        return wish is Wish.STOP

    def pause(self, wanted: bool) -> None:
        """Close the port, or open it again."""
        if wanted == self.paused:
            return
        try:
            if wanted:
                self.listener.pause()
            else:
                self.listener.resume()
        except TransportError as exc:
            # Somebody else has the port now: it may be free at the next look.
            if self.problem != str(exc):
                self.problem = str(exc)
                log.warning("%s", exc)
            return
        self.paused, self.problem = wanted, ""
        log.log(NORMAL, "Paused" if wanted else "Resumed")

    def announce(self, control: Any | None) -> None:
        """Say where the service is, to all who want to know."""
        addresses = self.listener.addresses
        tcp, udp = addresses.get("tcp"), addresses.get("udp")
        if control is not None:
            control["address"], control["address_udp"] = tcp, udp
        tags = self.options.tags
        text = summary(len(tags), tcp, udp)
        log.log(NORMAL, "%s", text)
        for tag in tags if log.isEnabledFor(logging.INFO) else ():
            log.info("New Tag: %s", tag)
        quiet = self.options.quiet or self.options.verbose
        if not quiet and sys.stderr is not None and sys.stderr.isatty():
            print(f"{PROGRAM}: {text}; ^C stops it", file=sys.stderr)
        # Who waits for these lines may use all that is said by now.
        if self.options.address_output or not self.options.address[1]:
            show = Printer()
            for name, address in (("TCP", tcp), ("UDP", udp)):
                if address is not None:
                    show(f"Network {name} Server address = {address!r}")


def summary(tags: int, tcp: tuple[str, int] | None, udp: tuple[str, int] | None) -> str:
    """What is served, and where."""
    host, port = tcp or udp or ("", 0)
    places = " and ".join(
        name for name, address in (("TCP", tcp), ("UDP", udp)) if address
    )
    count = f"{tags} tag{'' if tags == 1 else 's'}"
    shown = f"[{host}]" if ":" in host else host
    return f"serving {count} at {shown}:{port} ({places})"


def seconds(control: Any | None) -> float:
    """How long to wait between two looks at a control."""
    if control is None:
        return LATENCY
    try:
        return max(float(control.get("latency", LATENCY)), 0.01)
    except (TypeError, ValueError):
        return LATENCY


class Printer:
    """Writes lines to standard output, from any thread, until nobody reads them."""

    __slots__ = ("_broken", "_lock")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._broken = sys.stdout is None

    def __call__(self, line: str) -> None:
        with self._lock:
            if self._broken:
                return
            try:
                sys.stdout.write(f"{line}\n")
                sys.stdout.flush()
            except OSError:
                self._broken = True
                # Nor may the interpreter flush any more, when it ends.
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, sys.stdout.fileno())
                os.close(nowhere)
