# SPDX-License-Identifier: Apache-2.0
"""When to try again: at once, then after longer and longer, with jitter.

At the bottom of the client; knows no clock: times are handed in, in seconds of a clock
that only goes on.  Rules.  A connection that had worked is tried again at once; after
that each failure doubles the delay, up to the longest.  Only an answer ends this, not
a connection alone: somebody who accepts and says nothing is not asked without end.
"""

from __future__ import annotations

import random
from collections.abc import Callable

__all__ = ["Backoff", "Once"]


class Backoff:
    """How often it has failed, since when, and when to try again.

    A delay is shortened by up to `jitter` of itself, at random, so that many who lost
    the same device do not all come back in the same moment.
    """

    __slots__ = (
        "_random",
        "due",
        "factor",
        "failures",
        "first",
        "jitter",
        "longest",
        "since",
    )

    def __init__(
        self,
        first: float = 0.1,
        longest: float = 30.0,
        *,
        factor: float = 2.0,
        jitter: float = 0.5,
        random: Callable[[], float] = random.random,
    ) -> None:
        if not 0 < first <= longest:
            raise ValueError(
                f"the first delay is above 0 and up to the longest ({longest:g} s), "
                f"not {first:g} s"
            )
        if factor < 1:
            raise ValueError(f"delays grow: a factor of 1 or more, not {factor:g}")
        if not 0 <= jitter <= 1:
            raise ValueError(f"jitter is a share of the delay, 0 to 1, not {jitter:g}")
        self.first = first
        self.longest = longest
        self.factor = factor
        self.jitter = jitter
        self.failures = 0  # one after the other
        self.since: float | None = None  # when it began to fail
        self.due = 0.0  # when to try again
        self._random = random

    def lost(self, now: float) -> None:
        """What had worked has failed: the first attempt is due at once."""
        if self.since is None:
            self.since = self.due = now
        else:
            self.failed(now)

    def failed(self, now: float) -> None:
        """An attempt has failed: the next one is due later."""
        if self.since is None:
            self.since = now
        # A float's power overflows; nobody waits for what comes after 64 doublings.
        grown = self.first * self.factor ** min(self.failures, 64)
        self.failures += 1
        delay = min(grown, self.longest) * (1 - self.jitter * self._random())
        self.due = now + delay

    def worked(self) -> None:
        """It was answered: all is as if nothing had failed."""
        if self.since is not None:
            self.since = None
            self.failures = 0
            self.due = 0.0

    def wait(self, now: float) -> float:
        """For how long not to try again."""
        return max(0.0, self.due - now) if self.since is not None else 0.0

    def words(self, now: float) -> str:
        """Since when it is down, and when the next attempt is."""
        down = 0.0 if self.since is None else max(0.0, now - self.since)
        wait = self.wait(now)
        after = f" in {wait:.1f} s" if wait else ", with the next call"
        return f"{self.tried(down)}; the next attempt is due{after}"

    def tried(self, down: float) -> str:
        """For how long it is down, and how often it was tried."""
        several = f" and {self.failures} attempts" if self.failures > 1 else ""
        return f"down for {down:.1f} s{several}"


class Once(Backoff):
    """That of who asks once and then ends: no attempt comes after the last."""

    __slots__ = ()

    def words(self, now: float) -> str:
        return self.tried(0.0 if self.since is None else max(0.0, now - self.since))
