# SPDX-License-Identifier: Apache-2.0
"""How long something takes, for tests that say what it may take.

What a test measures is its own work: processor time, so that a busy machine counts
less; without the collector, which goes through everything that thousands of tests
before have left; the best of several times, as no disturbance makes a thing quicker.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

TIMES = 3


def seconds(work: Callable[[], object]) -> float:
    """The processor's time that the work takes: the best of several times."""
    return min(_once(work) for _ in range(TIMES))


def takes_at_most(limit: float, work: Callable[[], object]) -> None:
    """That the work can be done in so many seconds of the processor."""
    spent: list[float] = []
    while len(spent) < TIMES:
        spent.append(_once(work))
        if spent[-1] < limit:
            return
    raise AssertionError(f"at most {limit} s of processor time; it took {spent}")


def _once(work: Callable[[], object]) -> float:
    collecting = gc.isenabled()
    gc.disable()
    try:
        began = time.process_time()
        work()
        return time.process_time() - began
    finally:
        if collecting:
            gc.enable()
