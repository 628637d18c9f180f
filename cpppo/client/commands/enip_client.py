# SPDX-License-Identifier: Apache-2.0
"""`enip_client`: operations from arguments and standard input, results as lines.

Over `connector`, of which it uses what programs use.  All arguments are understood
before anything is sent; of standard input, each line before it is.

Rules.  Standard output has results only.  What went wrong is a clear line on standard
error and a status, never a traceback: 0 all is well, 1 an operation failed or nobody
answered, 2 usage, 130 stopped by ^C.
"""

from __future__ import annotations

import json
import logging
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import chain, groupby, repeat
from typing import TYPE_CHECKING, Any

from ...errors import CpppoError, Disconnected, ProtocolError, Timeout
from ...levels import NORMAL, logged, timer
from ..operations import OperationError
from ..printing import Progress, Unread, complain, display, json_line, line, plain
from ..result import Result
from .arguments import Asked, UsageError
from .options import PROGRAM, USAGE, Options, parse_options

if TYPE_CHECKING:
    from ..connector import connector
    from ..datafiles import DataFiles, DataOutcome
    from .options import Asking

__all__ = ["main"]

log = logging.getLogger(__name__)

CHUNK = 1 << 16  # octets of standard input at a time
LINE = 1 << 20  # octets of a line of it, at most


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the arguments say; the exit status."""
    try:
        options = parse_options(sys.argv[1:] if argv is None else argv)
    except Asked:
        return 0
    except UsageError as exc:
        usage = USAGE % {"prog": PROGRAM}
        complain(f"usage: {usage}\n{PROGRAM}: error: {exc}")
        return 2
    except OperationError as exc:
        complain(f"{PROGRAM}: error: {exc}")
        return 2
    for name in options.unknown:
        complain(f"{PROGRAM}: {name}: there is no such option; see --help")
    try:
        with journal(options.verbose, options.log), profiled(options.profile) as how:
            return Command(options, how).run()
    except OSError as exc:
        complain(f"{PROGRAM}: error: {reason(exc)}")
    return 1


def journal(verbose: int, path: str | None) -> AbstractContextManager[None]:
    """Logging, if it is asked for."""
    return logged(verbose, path) if verbose or path else nullcontext()


@contextmanager
def profiled(wanted: bool) -> Iterator[Any]:
    """Measure where time goes meanwhile, and say it, if that is asked for."""
    if not wanted:
        yield None
        return
    # Nobody else shall wait for these.
    import cProfile  # noqa: PLC0415
    import pstats  # noqa: PLC0415

    profiler = cProfile.Profile()
    profiler.enable()
    try:
        yield profiler
    finally:
        profiler.disable()
        stats = pstats.Stats(profiler, stream=sys.stderr)
        stats.sort_stats("cumulative").print_stats(30)


def reason(exc: BaseException) -> str:
    """Why something failed, in one line."""
    if isinstance(exc, OSError) and not isinstance(exc, CpppoError) and exc.filename:
        return f"{exc.filename}: {exc.strerror}"
    return str(exc) or type(exc).__name__


def connected(options: Options, profiler: Any = None) -> connector:
    """A connector for what the options ask for."""
    # It brings the protocol along, which --help and errors need not wait for.
    from ..connector import connector  # noqa: PLC0415
    from ..implicit import implicit  # noqa: PLC0415

    host, port = options.address
    kind = implicit if options.connected else connector
    return kind(
        host=host,
        port=port,
        timeout=options.timeout,
        udp=options.udp,
        broadcast=options.broadcast,
        profiler=profiler,
        route_path=options.way.route,
        send_path=options.way.send,
        priority_time_tick=options.way.priority,
        timeout_ticks=options.way.ticks,
    )


def processor(options: Options) -> DataFiles:
    """A processor with data files, for what the options ask for."""
    from ..datafiles import DataFiles  # noqa: PLC0415 -- as above
    from ..slc import SLC  # noqa: PLC0415

    host, port = options.address
    return DataFiles(
        SLC(
            host,
            port,
            kind=options.pccc,
            timeout=options.timeout,
            way=options.way,
            connected=options.connected,
        )
    )


def browsed(options: Options) -> str:
    """A controller's tags, as the text of a file."""
    from ..backoff import Once  # noqa: PLC0415 -- as above
    from ..logix import Logix  # noqa: PLC0415

    host, port = options.address
    with Logix(
        host,
        port,
        timeout=options.timeout,
        route_path=options.way,
        backoff=Once(),
    ) as plc:
        return plc.described(options.browse_values).rstrip("\n")


class Command:
    """One run: what is asked, and what has come of it so far."""

    def __init__(self, options: Options, profiler: Any = None) -> None:
        self.options = options
        self.profiler = profiler
        self.done = 0
        self.failed = 0
        self.index = 0
        self.begun: deque[Asking] = deque()  # and no result of them yet
        self.unanswered = False  # a list that nobody gave
        self.streamed = None in options.operations
        total = None if self.streamed else len(options.operations) * options.repeat
        self.total = total
        printing = options.printing
        if printing is None:
            printing = sys.stdout is not None and sys.stdout.isatty()
        self.printing = printing and not options.json
        shows = self.printing or options.json
        self.progress = Progress.wanted(total, shows, options.verbose)

    def run(self) -> int:
        """Do it all; the exit status."""
        status = 1
        try:
            self.work()
            status = int(self.failed > 0 or self.unanswered)
        except Unread:
            pass  # whoever read knows that there is no more
        except KeyboardInterrupt:
            self.wrong(f"interrupted{self.far()}")
            for one in self.begun:
                if one.data is not None:
                    self.wrong(f"{one.text}: it may have been written or not")
            status = 130
        except UsageError as exc:  # of standard input
            self.wrong(f"error: {exc}")
            status = 2
        except ProtocolError as exc:
            host, port = self.options.address
            what = f"{host}:{port} does not answer as EtherNet/IP does"
            self.wrong(f"error: {what}: {exc}{self.far()}")
        except (CpppoError, OSError) as exc:
            self.wrong(f"error: {reason(exc)}{self.far()}")
        finally:
            self.progress.clear()
        return status

    def wrong(self, text: str) -> None:
        """Say what ended the run."""
        self.progress.clear()
        complain(f"{PROGRAM}: {text}")
        if self.options.log:
            log.error("%s", text)

    def far(self) -> str:
        """How far it came, for the end of a line."""
        if not self.options.operations:
            return ""
        of = "" if self.total is None else f" of {self.total}"
        failed = f", {self.failed} of them failed" if self.failed else ""
        return f"; {self.done}{of} operations are done{failed}"

    # -- operations

    def work(self) -> None:
        """All that is asked, over one connection."""
        if self.options.browse:
            display(browsed(self.options))
            return
        if self.options.pccc:
            self.file()
            return
        begun = timer()
        connection = connected(self.options, self.profiler)
        try:
            spent = timer() - begun
            host, port = self.options.address
            log.log(NORMAL, "Connect: %s:%d in %7.3fs", host, port, spent)
            if self.options.lists:
                Lists(self).ask(connection)
            begun = timer()
            for nth, batch in enumerate(self.batches()):
                # Where input was awaited, the peer may have gone meanwhile.  Nothing
                # was asked since, so asking another connection repeats nothing.
                if nth and self.streamed and stale(connection):
                    connection.close()
                    connection = connected(self.options, self.profiler)
                self.ask(connection, batch)
        finally:
            connection.close()
        self.summary(timer() - begun)

    def file(self) -> None:
        """All that is asked of data files: it connects when it is asked."""
        begun = timer()
        files = processor(self.options)
        try:
            for batch in self.batches():
                operations: Iterable[Any] = self.begin(batch)
                for outcome in files.ask(operations, self.index):
                    self.take(outcome)
                    self.index = outcome.index + 1
        finally:
            files.close()
        self.summary(timer() - begun)

    def summary(self, spent: float) -> None:
        """Log how fast it was."""
        if self.done:
            rate, each = self.done / max(spent, 1e-9), spent / self.done
            text = "Client Tag I/O  Average %7.3f TPS (%7.3fs ea)."
            log.log(NORMAL, text, rate, each)

    def batches(self) -> Iterator[Iterable[Asking]]:
        """The operations, in as few pieces as can be had without waiting."""
        given = self.options.operations
        for streamed, group in groupby(given, lambda one: one is None):
            if streamed:
                yield from operations_of(sys.stdin, self.options.understood)
            else:
                operations = [one for one in group if one is not None]
                if self.streamed:
                    yield operations
                else:
                    again = repeat(operations, self.options.repeat)
                    yield chain.from_iterable(again)

    def ask(self, connection: connector, operations: Iterable[Asking]) -> None:
        """Ask for some, and show what comes."""
        options = self.options
        tags: Iterable[Any] = self.begin(operations)
        results = connection.ask(
            tags,
            index=self.index,
            depth=options.depth,
            multiple=options.multiple,
            fragment=options.fragment,
            timeout=options.timeout,
        )
        for result in results:
            self.take(result)
            self.index = result.index + 1

    def begin(self, operations: Iterable[Asking]) -> Iterator[Asking]:
        """The same, and it is known which of them may be under way."""
        for one in operations:
            self.begun.append(one)
            yield one

    def take(self, result: Result | DataOutcome) -> None:
        """Show a result, and count it."""
        ok = result.ok
        self.begun.popleft()
        self.done += 1
        self.failed += not ok
        options = self.options
        if options.json:
            display(json_line(result))
        elif self.printing:
            display(line(result))
        elif not ok and not options.verbose:
            self.progress.clear()
            complain(f"{PROGRAM}: {result.error}")
        level = NORMAL if ok else logging.WARNING
        if (options.verbose or options.log) and log.isEnabledFor(level):
            log.log(level, "%s", line(result))
        self.progress.count(ok)


def stale(connection: connector) -> bool:
    """Whether a connection that nothing is asked over has ended."""
    return bool(connection.closed or connection.readable(timeout=0))


# -- standard input


def operations_of(
    stream: Any, understood: Callable[[str], Asking]
) -> Iterator[list[Asking]]:
    """The operations of a stream, as many at a time as are there.

    What is wrong ends it, after the operations before it: UsageError.
    """
    number = 0
    for lines in lines_there(stream):
        found: list[Asking] = []
        wrong: object = None
        for text in lines:
            number += 1
            if not text or text.startswith("#"):
                continue
            try:
                found.append(understood(text))
            except OperationError as exc:
                wrong = exc
                break
        if found:
            yield found
        if wrong:
            raise UsageError(f"standard input, line {number}: {wrong}")


def lines_there(stream: Any) -> Iterator[list[str]]:
    """The lines of a stream, as many at a time as are there, without blanks around."""
    octets = getattr(stream, "buffer", None)
    if octets is None:
        for text in stream or ():
            yield [text.strip()]
        return
    held = b""
    while more := octets.read1(CHUNK):
        *whole, held = (held + more).split(b"\n")
        if len(held) > LINE:
            raise UsageError(f"a line of standard input has more than {LINE} octets")
        if whole:
            yield [decoded(one) for one in whole]
    if held:
        yield [decoded(held)]


def decoded(octets: bytes) -> str:
    # A letter that is none will not be understood, and so be shown.
    return octets.decode("utf-8-sig", "replace").strip()


# -- lists


class Lists:
    """The requests that every device answers, and who has answered them."""

    def __init__(self, command: Command) -> None:
        self.command = command
        self.options = command.options
        self.asked: dict[int, str] = {}  # by the command's number, what it is called
        self.answers: dict[int, int] = {}

    def ask(self, connection: connector) -> None:
        """Ask, and show each answer; of many for the whole time-out."""
        self.send(connection)
        timeout = self.options.timeout
        deadline = None if timeout is None else timer() + timeout
        while self.options.broadcast or self.missing():
            left = None if deadline is None else max(deadline - timer(), 0.0)
            response = answer(connection, left)
            if response is None:
                break
            if not response:
                host, port = self.options.address
                raise Disconnected(f"{host}:{port} closed the connection")
            self.show(response)
        for title in self.missing():
            self.command.unanswered = True
            host, port = self.options.address
            within = "" if timeout is None else f" within {timeout:g} s"
            self.command.wrong(f"{title}: no answer from {host}:{port}{within}")

    def missing(self) -> list[str]:
        """What nobody has answered."""
        return [
            title
            for number, title in self.asked.items()
            if not self.answers.get(number)
        ]

    def send(self, connection: connector) -> None:
        """Send all the requests."""
        options = self.options
        if options.list_services:
            connection.list_services()
            self.asked[0x04] = "List Services"
        if options.list_identity:
            connection.list_identity()
            self.asked[0x63] = "List Identity"
        if options.list_interfaces:
            connection.list_interfaces()
            self.asked[0x64] = "List Interfaces"
        if options.legacy is not None:
            connection.legacy(options.legacy)
            self.asked.setdefault(options.legacy, f"Legacy 0x{options.legacy:04X}")

    def show(self, response: Any) -> None:
        """Print an answer, as the manual does."""
        # With the protocol's forms, as above.
        from ...protocol.enip.published import enip_format  # noqa: PLC0415

        number = response.enip.command
        title = self.asked.get(number)
        if title is None:
            return  # nobody asked for this
        nth = self.answers.get(number, 0)
        self.answers[number] = nth + 1
        peer = tuple(response.get("peer") or self.options.address)
        content = response
        for name in ("list_services", "list_identity", "list_interfaces", "legacy"):
            content = response.get(f"enip.CIP.{name}.CPF", content)
        if not self.options.json:
            display(f"{title} {nth:2} from {peer!r}: {enip_format(content)}")
            return
        said = {
            "request": title,
            "index": nth,
            "from": list(peer),
            "status": response.enip.status,
            "response": plain(content),
        }
        display(json.dumps(said))


def answer(connection: connector, timeout: float | None) -> Any:
    """The next response; None if there is none in time, and nothing at the end."""
    from ..raw import await_response  # noqa: PLC0415 -- as above

    try:
        return await_response(connection, timeout=timeout)[0]
    except Timeout:
        return None
