# SPDX-License-Identifier: Apache-2.0
"""When cycles begin: at start + n * cycle, whatever happens in between.

At the bottom of the client, under `poll`; waits for nothing, times are handed in.

Rules.  A cycle that cannot begin in time begins as soon as it can, within the first
half of it; after that it is missed, and the next one waits for its own time.  So no
delay adds up, two cycles never begin within less than half of one, and none is made
up for.
"""

from __future__ import annotations

import time
from math import ceil, isfinite

__all__ = ["Cadence", "Sparing", "now"]

EPOCH = time.time() - time.monotonic()


def now() -> float:
    """Seconds since 1970 by a clock that only goes on.

    It is `time.time()` until somebody sets the clock of the computer.
    """
    return EPOCH + time.monotonic()


class Cadence:
    """A grid of cycles, and which of them is due."""

    __slots__ = ("cycle", "number", "start")

    def __init__(self, cycle: float, start: float, number: int = 0) -> None:
        if not (isfinite(cycle) and cycle > 0):
            raise ValueError(f"a cycle takes more than 0 seconds, not {cycle!r}")
        self.cycle = cycle
        self.start = start
        self.number = number  # of the cycle that is due next

    def nearest(self, moment: float) -> int:
        """The cycle that can begin now, or is the next one that can."""
        return max(self.number, ceil((moment - self.start) / self.cycle - 0.5))

    def at(self, number: int) -> float:
        """When a cycle is to begin."""
        return self.start + number * self.cycle

    def wait(self, moment: float) -> float:
        """How long it is until the next cycle can begin."""
        return max(0.0, self.at(self.nearest(moment)) - moment)

    def begin(self, moment: float) -> int:
        """Begin a cycle now; how many were missed before it."""
        number = self.nearest(moment)
        missed = number - self.number
        self.number = number + 1
        return missed


class Sparing:
    """One line of a log about the same thing per period; other threads may look."""

    __slots__ = ("_every", "_until")

    def __init__(self, every: float) -> None:
        self._every = every
        self._until: dict[str, float] = {}

    def may(self, what: str, moment: float) -> bool:
        """Whether there may be a line about this now."""
        if moment < self._until.get(what, float("-inf")):
            return False
        self._until[what] = moment + self._every
        return True
