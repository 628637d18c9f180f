# SPDX-License-Identifier: Apache-2.0
"""Subscriptions: the same tags again and again, and who wants to know what changed.

Beside `line`, under both shells.  `Watch` knows when a scan is due and what differs;
`Scans` is the program of a subscription, which one shell runs in a thread and the other
in a task.  Rules.  Scans are due on a grid that does not move; one that could not be
made is counted, never made up for.  Whatever raises, the next scan comes.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from math import isnan
from time import monotonic
from typing import Any

from .cadence import Cadence
from .calls import Call, Program, carried
from .place import Place
from .result import Result

__all__ = ["Scans", "Subscription", "Watch"]

log = logging.getLogger(__name__)

GRACE = 0.1  # seconds for a scan under way to end by itself when it is to stop
LONGEST = 86400.0  # seconds of one wait; no system counts to every number

Steps = Program[None]


class Watch:
    """When tags are to be read, and what of them has changed."""

    def __init__(
        self,
        tags: Sequence[Any],
        every: float,
        deadband: float | Mapping[str, float] = 0.0,
        now: float = 0.0,
    ) -> None:
        if not tags:
            raise ValueError("a subscription needs a tag")
        bands = deadband if isinstance(deadband, Mapping) else {}
        texts = [getattr(one, "text", one) for one in tags]
        for tag in bands:
            if tag not in texts:
                raise ValueError(f"a dead-band for {tag!r}, which is not subscribed to")
        common = 0.0 if isinstance(deadband, Mapping) else deadband
        self.bands = [
            bands.get(one, common) if isinstance(one, str) else common for one in texts
        ]
        if not all(band >= 0 for band in self.bands):
            raise ValueError(f"a dead-band is 0 or more, not {deadband!r}")
        self.tags = list(tags)
        self.cadence = Cadence(every, now)
        self._told: list[Result | None] = [None] * len(self.tags)

    def changes(self, results: Sequence[Result]) -> list[tuple[Result, Result | None]]:
        """What differs from what was told last, with that."""
        told = self._told
        found = []
        for nth, result in enumerate(results):
            before = told[nth]
            if before is None or changed(before, result, self.bands[nth]):
                told[nth] = result
                found.append((result, before))
        return found


def changed(before: Result, after: Result, band: float) -> bool:
    """Whether one result says something else than the other."""
    if not after.ok or not before.ok:
        return (before.status, before.extended) != (after.status, after.extended)
    old, new = before.data, after.data
    if old == new:
        return False
    if not isinstance(old, list) or not isinstance(new, list) or len(old) != len(new):
        return True
    return any(map(differs, old, new, [band] * len(old)))


def differs(old: Any, new: Any, band: float) -> bool:
    """Whether a value is another one, beyond a dead-band; of a structure, a member."""
    if old == new:
        return False
    if isinstance(old, dict) and isinstance(new, dict) and old.keys() == new.keys():
        return any(differs(old[name], new[name], band) for name in old)
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return any(map(differs, old, new, [band] * len(old)))
    if not isinstance(old, int | float) or not isinstance(new, int | float):
        return True
    if isinstance(old, bool) or isinstance(new, bool):
        return True  # an alarm is no number, however wide the band of the others
    if isnan(old) or isnan(new):
        return not (isnan(old) and isnan(new))
    return not abs(new - old) <= band


class Scans:
    """A subscription, up to where it waits; each shell runs its `program`.

    `scans`, `missed`, `failures` (scans that failed) and `errors` (calls of yours that
    raised) count from the beginning.
    """

    def __init__(
        self,
        place: Place,
        watch: Watch,
        *,
        change: Callable[[Result, Result | None], object] | None,
        scanned: Callable[[list[Result], int], object] | None,
        failure: Callable[[Exception], object] | None,
        call: Callable[[], Call],
        read: Callable[[Call], Any],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.place = place
        self.watch = watch
        self.scans = 0
        self.missed = 0
        self.failures = 0
        self.errors = 0
        self.stopped = False
        self._change = change
        self._scanned = scanned
        self._failure = failure
        self._call = call
        self._read = read
        self._clock = clock
        self._current: Call | None = None

    def __repr__(self) -> str:
        state = "stopped" if self.stopped else f"every {self.watch.cadence.cycle:g} s"
        count = len(self.watch.tags)
        return f"<{type(self).__name__} {self.place}: {count} tags, {state}>"

    def program(self, wait: Callable[[float], Any]) -> Steps:
        """Scan until it is stopped."""
        behind = 0
        cadence = self.watch.cadence
        while True:
            # A wait may end early, by a little.
            while seconds := cadence.wait(self._clock()):
                yield wait, min(seconds, LONGEST)
                if self.stopped:
                    break
            if self.stopped:
                return
            missed = cadence.begin(self._clock())
            self.missed += missed
            behind += missed
            self._current = call = self._call()
            try:
                results = yield self._read, call
            except Exception as exc:
                yield from self._failed(exc)
                continue
            finally:
                self._current = None
            yield from self._told(results, behind)
            behind = 0

    def _told(self, results: list[Result], missed: int) -> Steps:
        try:
            changes = self.watch.changes(results)
        except Exception as exc:  # values that are none
            yield from self._failed(exc)
            return
        self.scans += 1
        if self._change is not None:
            for result, previous in changes:
                if self.stopped:
                    return
                yield from self._tell(self._change, result, previous)
        if self._scanned is not None and not self.stopped:
            yield from self._tell(self._scanned, results, missed)

    def _failed(self, exc: Exception) -> Steps:
        if self.stopped:
            return  # that is why it failed
        self.failures += 1
        log.info("%s: a scan failed: %s", self.place, exc)
        if self._failure is not None:
            yield from self._tell(self._failure, exc)

    def _tell(self, function: Callable[..., Any], *given: Any) -> Steps:
        """Call a function of the user, who may err."""
        try:
            yield function, *given
        except Exception as exc:
            self.errors += 1
            log.exception("%s: %r raised", self.place, function)
            if self._failure is not None and function is not self._failure:
                yield from self._tell(self._failure, exc)


class Scanning(threading.Thread):
    """The thread of a subscription, and which other one it waits for."""

    waits: threading.Thread | None = None


class Subscription(Scans):
    """Tags that a thread reads again and again, until `stop`."""

    def __init__(
        self,
        place: Place,
        watch: Watch,
        *,
        end: Callable[[Call, str], None],
        over: Callable[[Subscription], None],
        **given: Any,
    ) -> None:
        super().__init__(place, watch, **given)
        self._end = end
        self._over = over
        self._wake = threading.Event()
        self._thread = Scanning(
            target=self._run, name=f"subscription {place}", daemon=True
        )

    def __enter__(self) -> Subscription:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Scan no more; when it returns, nothing of yours is called any more.

        In a function of yours that it calls, it returns at once; so it does in one
        that another subscription calls, whose end this one's function waits for.
        """
        self.stopped = True
        self._wake.set()
        me = threading.current_thread()
        if isinstance(me, Scanning):
            me.waits = self._thread
        try:
            while not awaits(self._thread, me):
                self._thread.join(GRACE)
                if not self._thread.is_alive():
                    return
                call = self._current
                if call is not None:
                    self._end(call, "the subscription was stopped")
        finally:
            if isinstance(me, Scanning):
                me.waits = None

    def _run(self) -> None:
        try:
            carried(self.program(self._wake.wait))
        finally:
            self.stopped = True
            self._over(self)


def awaits(thread: threading.Thread | None, me: threading.Thread) -> bool:
    """Whether a thread is this one, or waits for it, if through others."""
    passed: set[threading.Thread] = set()
    while isinstance(thread, Scanning) and thread is not me and thread not in passed:
        passed.add(thread)
        thread = thread.waits
    return thread is me
