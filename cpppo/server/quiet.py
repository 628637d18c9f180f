# SPDX-License-Identifier: Apache-2.0
"""How often somebody else can make us do something: write to the log, or answer.

At the bottom of `server`.  What a client causes may come a million times a second, and
neither the log nor a victim of forged datagrams shall get it all.  The clock is handed
in; memory is bounded.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

__all__ = ["Allowance", "Quiet"]


class Quiet:
    """Warnings of which a few are written per period, and the rest is counted.

    The count is written before the first warning of a later period.
    """

    def __init__(
        self,
        logger: logging.Logger,
        every: float = 1.0,
        burst: int = 5,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._logger = logger
        self._every = every
        self._burst = burst
        self._clock = clock
        self._lock = threading.Lock()
        self._end = float("-inf")  # of the period
        self._written = 0
        self._suppressed = 0

    def warning(self, text: str, *args: object) -> None:
        """Write a warning, unless there were too many lately."""
        if not self._logger.isEnabledFor(logging.WARNING):
            return
        with self._lock:
            now = self._clock()
            suppressed = 0
            if now >= self._end:
                suppressed = self._suppressed
                self._end = now + self._every
                self._written = self._suppressed = 0
            if self._written >= self._burst:
                self._suppressed += 1
                return
            self._written += 1
        # Not under the lock: a handler may be slow, or warn by this very object.
        if suppressed:
            self._logger.warning("%d more such warnings were not logged", suppressed)
        self._logger.warning(text, *args)


class Allowance:
    """So many per second for each source, a second's worth of them at once.

    As many sources are remembered as is said.  With all of them busy, those that come
    new share what one may have.
    """

    def __init__(self, rate: int, sources: int, clock: Callable[[], float]) -> None:
        self._rate = rate
        self._sources = sources
        self._clock = clock
        # What each had left, and when; who was seen longest ago comes first.
        self._left: dict[str, tuple[float, float]] = {}

    def __len__(self) -> int:
        return len(self._left)

    def take(self, source: str) -> bool:
        """Whether this source may have one more."""
        now = self._clock()
        if source not in self._left and len(self._left) >= self._sources:
            source = self._forget(now, source)
        left, when = self._left.pop(source, (float(self._rate), now))
        left = min(left + (now - when) * self._rate, self._rate)
        taken = left >= 1.0
        self._left[source] = (left - taken, now)
        return taken

    def _forget(self, now: float, source: str) -> str:
        """Make room for a source, or say as whom it counts."""
        for oldest, (_, when) in self._left.items():
            # After a second it has its full share again: nothing is lost.
            if oldest and now - when >= 1.0:
                del self._left[oldest]
                return source
            if oldest:
                break
        return ""
