# SPDX-License-Identifier: Apache-2.0
"""Polling: the values of some parameters, every so many seconds, whatever happens.

Over `parameters`, which asks a proxy, and `cadence`.  Any number of pollers may share
one proxy, each in a thread of its own.  `poll`, `run`, `loop` and `execute` are as
published; `Poller` is what they are made of, and what counts.

Rules.  Cycles begin at start + n * cycle (see `cadence`); those that are missed while
the device answers are counted, told to `missed`, and logged once a minute at most.
- A poll that fails is told to `failure`, and tried again: after one cycle, then after
  1.5 times as long each time, up to 10 cycles.
- A parameter that the device refuses has the value None, and so has one whose answer
  is no value of its type; `failure` is told when that begins (`ParameterRefused`,
  `ParameterMismatch`), the others are delivered.
- An exception out of `process` ends nothing: `failure` is told the first one of
  each cycle, and the log; the other values are delivered.  One out of `failure`
  or `missed` is logged.  What is no `Exception` (^C) ends the poller.
- Once `process.done` is true, what was read is still delivered for `latency` seconds.
- Where nobody hears of failures, the log has the first one and the recovery.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

from ..protocol.enip.cpf import PORT
from ..protocol.enip.notation import parse_host
from .backoff import Backoff
from .cadence import Cadence, Sparing, now
from .parameters import (
    ParameterMismatch,
    ParameterRefused,
    Parameters,
    Read,
    detailed,
    label,
    listed,
)

__all__ = [
    "ParameterMismatch",
    "ParameterRefused",
    "Poller",
    "execute",
    "loop",
    "poll",
    "run",
    "show",
]

log = logging.getLogger(__name__)

Process = Callable[[Any, Any], object]
Failure = Callable[[Exception], object]

CYCLE = 1.0  # seconds
MULTIPLIER = 1.5  # of the wait after each failure
LONGEST = 10  # times the first wait
LATENCY = 0.5
QUIET = 60.0  # seconds between two lines about the same thing


def show(parameter: Any, value: Any) -> None:
    """Write a value to standard output: what is done where no `process` is given."""
    sys.stdout.write(f"{label(parameter):>15}: {value!r}\n")


def named(via: Any) -> str:
    """How the log calls a proxy, connected or not."""
    host, port = getattr(via, "host", None), getattr(via, "port", None)
    return f"{host}:{port}" if host else str(via)


class Poller:
    """Polls a proxy until `process.done`, or until it is stopped.

    `missed` is called with a number of cycles, `polled` after each cycle.  The clock
    and what waits for it can be handed in.
    """

    def __init__(
        self,
        via: Any,
        params: Any = None,
        *,
        pass_thru: bool | None = None,
        cycle: float | None = None,
        process: Process | None = None,
        failure: Failure | None = None,
        missed: Callable[[int], object] | None = None,
        polled: Callable[[], object] | None = None,
        backoff_min: float | None = None,
        backoff_multiplier: float | None = None,
        backoff_max: float | None = None,
        latency: float | None = None,
        last_poll: float | None = None,
        details: bool = False,
        clock: Callable[[], float] = now,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        self.via = via
        self.name = named(via)
        self.polls = 0  # cycles that were read
        self.failures = 0  # cycles that were not
        self.missed = 0  # cycles that could not begin, though the device was there
        self.parameters = Parameters(via, params, pass_thru)
        self.process: Process = show if process is None else process
        self.cycle = either(cycle, CYCLE)
        self.cadence = Cadence(self.cycle, last_poll or 0.0, 1 if last_poll else 0)
        self._begun = bool(last_poll)
        self.latency = either(latency, LATENCY)
        if not self.latency > 0:
            raise ValueError(f"latency is above 0 seconds, not {latency!r}")
        # Who polls from several threads knows when each of them tries: no jitter.
        first = either(backoff_min, min(self.cycle, either(backoff_max, self.cycle)))
        self.backoff = Backoff(
            first,
            either(backoff_max, LONGEST * first),
            factor=either(backoff_multiplier, MULTIPLIER),
            jitter=0.0,
        )
        self._failure = failure
        self._missed = missed
        self._polled = polled
        self._details = details
        self._clock = clock
        self._stopped = threading.Event()
        self._wait = wait or self._stopped.wait
        self._refused: set[int] = set()  # parameters, by their place among these:
        self._asked: list[Any] = self.parameters.known
        self._sparing = Sparing(QUIET)
        self._unsaid = 0  # cycles missed and not logged
        self._took = 0.0  # seconds for the last cycle

    def __repr__(self) -> str:
        return (
            f"<Poller of {self.name} every {self.cycle:g} s: {self.polls} polls, "
            f"{self.missed} missed, {self.failures} failures>"
        )

    # -- from start to stop

    @property
    def done(self) -> bool:
        """Whether an end is wished."""
        return self._stopped.is_set() or bool(getattr(self.process, "done", False))

    def stop(self) -> None:
        """End it, from any thread: at once, or after the cycle that is being read."""
        self._stopped.set()

    def run(self) -> None:
        """Poll until done."""
        if not self._begun:
            self.cadence.start, self._begun = self._clock(), True
        while not self.done:
            moment = self._clock()
            failing = self.backoff.since is not None
            wait = (self.backoff if failing else self.cadence).wait(moment)
            if wait > 0:
                self._wait(min(wait, self.latency))
            else:
                self._cycle(moment)

    def _cycle(self, moment: float) -> None:
        missed = self.cadence.begin(moment)
        # What passed while the device was away was not missed, but failed.
        if missed and self.backoff.since is None:
            self._miss(missed, moment)
        try:
            read = self.parameters.read()
        except Exception as exc:
            self._fail(exc)
        else:
            self._recover()
            self.polls += 1
            spent = self._clock() - moment
            log.info("Polled %d values of %s in %.3f s", len(read), self.name, spent)
            self._deliver(read)
        if self._polled is not None:
            self._polled()
        self._took = self._clock() - moment

    def _deliver(self, read: list[Read]) -> None:
        """Give all values to who processes them."""
        self._refusals(read)
        process, deadline = self.process, None
        details, stopped = self._details, self._stopped.is_set
        wrong, first, where = 0, None, None
        for parameter, value, detail, _ in read:
            try:
                process(parameter, (value, detail) if details else value)
            except Exception as exc:
                wrong += 1
                if first is None:
                    first, where = exc, parameter
            if stopped() or getattr(process, "done", False):
                deadline = deadline or self._clock() + self.latency
                if self._clock() > deadline:
                    break
        if first is not None:
            if self._sparing.may("process", self._clock()):
                more = f" and {wrong - 1} others" if wrong > 1 else ""
                text = "Processing %s%s failed: %s"
                log.error(text, label(where), more, first, exc_info=first)
            self._tell(self._failure, first)

    # -- what is not as it should be

    def _tell(self, who: Callable[[Any], object] | None, what: Any) -> None:
        """Tell somebody, who may fail at that."""
        if who is None:
            return
        try:
            who(what)
        except Exception as exc:
            if self._sparing.may("tell", self._clock()):
                log.error("Telling of %s failed: %s", str(what), str(exc), exc_info=exc)

    def _log(self, text: str, *args: object) -> None:
        """A line about a failure, which is louder where nobody else hears of it.

        Errors are given as texts: whoever keeps the line would keep all that an error
        has come through.
        """
        log.log(logging.WARNING if self._failure is None else logging.INFO, text, *args)

    def _fail(self, exc: Exception) -> None:
        moment = self._clock()
        began = self.backoff.since is None
        self.failures += 1
        self.backoff.failed(moment)
        if began:
            wait = self.backoff.wait(moment)
            self._log(
                "Polling %s failed, waiting %.3f s: %s", self.name, wait, str(exc)
            )
        else:
            log.debug("%s; %s", str(exc), self.backoff.words(moment))
        self._tell(self._failure, exc)

    def _recover(self) -> None:
        since, count = self.backoff.since, self.backoff.failures
        if since is not None:
            after = self._clock() - since
            text = "%s answers again, after %.3f s and %d failures"
            self._log(text, self.name, after, count)
            self.backoff.worked()

    def _refusals(self, read: list[Read]) -> None:
        """Tell of the parameters that have no value as of now."""
        if self.parameters.known is not self._asked:
            self._asked = self.parameters.known
            self._refused.clear()
        refused = {at for at, one in enumerate(read) if one[1] is None}
        began = sorted(refused - self._refused)
        self._refused = refused
        for nth, at in enumerate(began):
            parameter, _, detail, problem = read[at]
            exc: Exception
            if problem is None:
                text = "%s refuses %s"
                exc = ParameterRefused(parameter, detail[0] if detail else None)
            else:
                text, exc = "%s: %s", ParameterMismatch(parameter, problem)
            if nth < 5:
                self._log(text, self.name, str(exc))
            self._tell(self._failure, exc)
        if len(began) > 5:
            more = len(began) - 5
            self._log("%s refuses %d more parameters", self.name, more)

    def _miss(self, missed: int, moment: float) -> None:
        self.missed += missed
        self._unsaid += missed
        if self._sparing.may("missed", moment):
            log.warning(
                "Polling %s missed %d cycles of %.3f s, %d in all: the last one took "
                "%.3f s; poll less at a time, or less often",
                self.name,
                self._unsaid,
                self.cycle,
                self.missed,
                self._took,
            )
            self._unsaid = 0
        self._tell(self._missed, missed)


def either(value: float | None, default: float) -> float:
    return default if value is None else value


# -- as published


def execute(
    via: Any, params: Any = None, pass_thru: bool | None = None, details: bool = False
) -> Iterator[tuple[Any, Any]]:
    """One poll: each parameter with its value, as they come; to be used in `with via`.

    With `details`, a value comes with its status, attribute, type and units.
    """
    known = list(listed(via, params))
    found = list(via.parameter_substitution(known, pass_thru=pass_thru))
    values = (
        ((value, detail) if details else value)
        for value, detail in detailed(via, found)
    )
    yield from zip(known, values, strict=True)


def loop(
    via: Any, cycle: float | None = None, last_poll: float | None = None, **kwds: Any
) -> tuple[float, float, list[tuple[Any, Any]]]:
    """One poll, now: when its cycle began, how long to wait after it, the values.

    What began is for the next call's `last_poll`: in seconds since 1970.  Without
    that (None or 0) a cycle begins now.
    """
    moment = now()
    cadence = Cadence(either(cycle, CYCLE), last_poll or moment)
    # 0 is the cycle of the last poll itself: this one comes before its time.
    passed = cadence.begin(moment)
    if last_poll and passed == 0:
        log.info("Polling %s before its time", named(via))
    elif passed > 1:
        log.info("Polling %s missed %d cycles", named(via), passed - 1)
    with via:
        values = list(execute(via, **kwds))
    return cadence.at(passed), max(0.0, cadence.at(passed + 1) - now()), values


def run(
    via: Any,
    process: Process | None = None,
    failure: Failure | None = None,
    backoff_min: float | None = None,
    backoff_multiplier: float | None = None,
    backoff_max: float | None = None,
    latency: float | None = None,
    **kwds: Any,
) -> None:
    """Poll an existing proxy until `process.done`; the rest is said by `Poller`."""
    Poller(
        via,
        process=process,
        failure=failure,
        backoff_min=backoff_min,
        backoff_multiplier=backoff_multiplier,
        backoff_max=backoff_max,
        latency=latency,
        **kwds,
    ).run()


def poll(
    proxy_class: Callable[..., Any] | None = None,
    address: tuple[str, int] | str | None = None,
    depth: int | None = None,
    multiple: int | None = None,
    timeout: float | None = None,
    route_path: Any = None,
    send_path: Any = None,
    via: Any = None,
    params: Any = None,
    pass_thru: bool | None = None,
    cycle: float | None = None,
    process: Process | None = None,
    failure: Failure | None = None,
    backoff_min: float | None = None,
    backoff_multiplier: float | None = None,
    backoff_max: float | None = None,
    latency: float | None = None,
    missed: Callable[[int], object] | None = None,
    **kwds: Any,
) -> None:
    """Poll until `process.done`: a proxy of this class, or an existing one (`via`).

    Further keywords are for the proxy class.  A proxy made here is closed at the end;
    with `via`, all that is said of the connection is its own.
    """
    own = via is None
    if own:
        said = {
            "depth": depth,
            "multiple": multiple,
            "timeout": timeout,
            "route_path": route_path,
            "send_path": send_path,
        }
        kwds |= {name: value for name, value in said.items() if value is not None}
        via = made(proxy_class, address, kwds)
    try:
        run(
            via,
            process,
            failure,
            backoff_min,
            backoff_multiplier,
            backoff_max,
            latency,
            params=params,
            pass_thru=pass_thru,
            cycle=cycle,
            missed=missed,
        )
    finally:
        if own:
            via.close_gateway()


def made(
    proxy_class: Callable[..., Any] | None,
    address: tuple[str, int] | str | None,
    kwds: dict[str, Any],
) -> Any:
    """A proxy of a class."""
    if proxy_class is None:
        raise TypeError("poll needs a proxy_class and an address, or a proxy as via")
    if isinstance(address, str):
        host = parse_host(address)
        if host is None:
            raise ValueError(
                f"{address!r} is no address; expected is HOST or HOST:PORT, or a tuple "
                f"such as ('10.0.0.5', {PORT})"
            )
        address = host[0], host[1] or PORT
    host_name, port = address or ("localhost", PORT)
    return proxy_class(host=host_name or "localhost", port=port or PORT, **kwds)
