# SPDX-License-Identifier: Apache-2.0
"""The stopwatch: one process, one CPU, one environment; JSON on standard output.

``run.py`` starts this program with the interpreter of an environment.  All candidates
of the process are timed in interleaved rounds, in CPU time (``process_time``), because
the machine has other things to do: what slows it down then slows all of them.  Garbage
is collected before a round, and the collector stays on, as it is for everybody.
"""

import argparse
import gc
import importlib
import itertools
import json
import os
import time
from collections.abc import Iterable, Iterator
from typing import Any

from candidate import Absent, Sampled, Timed
from processes import FreshProcessError

BATCH = 0.06
"""Seconds that a candidate runs in one round, at least one pass over its arguments."""

SAMPLES = 5
"""Fresh processes for one sampled candidate."""


def pin(cpu: int | None) -> int | None:
    """Keep this process and its children on one CPU; which one, or None."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    if cpu is None:
        cpu = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cpu})
    return cpu


def elapsed(candidate: Timed, passes: int) -> float:
    """CPU seconds of so many passes over the arguments."""
    call, arguments = candidate.call, candidate.arguments
    begin = time.process_time()
    for _ in itertools.repeat(None, passes):
        for argument in arguments:
            call(argument)
    return time.process_time() - begin


def passes_for(candidate: Timed) -> int:
    """How many passes fill a round; the warming up happens here."""
    passes = 1
    while (spent := elapsed(candidate, passes)) < BATCH / 4:
        passes *= 2
    return max(1, int(passes * BATCH / spent))


def time_rounds(timed: list[Timed], rounds: int) -> list[list[float]]:
    """Figures of each candidate: microseconds a call, or megabytes a second."""
    passes = [passes_for(candidate) for candidate in timed]
    figures: list[list[float]] = [[] for _ in timed]
    for _ in range(rounds):
        for candidate, count, mine in zip(timed, passes, figures, strict=True):
            gc.collect()
            spent = elapsed(candidate, count) / (count * len(candidate.arguments))
            mine.append(
                candidate.octets / spent / 1e6 if candidate.octets else spent * 1e6
            )
    return figures


def time_samples(sampled: list[Sampled]) -> list[list[float]]:
    """Milliseconds of each candidate, which has run before and filled the caches."""
    figures: list[list[float]] = [[] for _ in sampled]
    for _ in range(SAMPLES):
        for candidate, mine in zip(sampled, figures, strict=True):
            mine.append(candidate.sample() * 1e3)
    return figures


def offered(source: str, groups: Iterable[str]) -> Iterator[Timed | Sampled | Absent]:
    """The candidates of a module; what raises becomes absent, with the reason."""
    module: Any = importlib.import_module(source)
    for group in groups:
        for candidates in module.candidates(group):
            try:
                yield from candidates
            # Whatever somebody else's package raises is a reason, not our end.
            except Exception as error:
                text = str(error).partition("\n")[0]
                work = f"{group} ({candidates.__name__})"
                yield Absent(work, source, f"{type(error).__name__}: {text}")


def measured(source: str, groups: list[str], rounds: int) -> dict[str, Any]:
    """Everything that one process has to say."""
    timed: list[Timed] = []
    sampled: list[Sampled] = []
    absent: list[Absent] = []
    for candidate in offered(source, groups):
        if isinstance(candidate, Timed):
            timed.append(candidate)
        elif isinstance(candidate, Sampled):
            try:
                candidate.sample()
            except FreshProcessError as error:
                absent.append(Absent(candidate.work, candidate.name, str(error)))
            else:
                sampled.append(candidate)
        else:
            absent.append(candidate)
    # A sampled candidate is a process of its own: it is not timed among the others.
    figures = time_rounds(timed, rounds) + time_samples(sampled)
    measurable: list[Timed | Sampled] = [*timed, *sampled]
    units = ["MB/s" if c.octets else "us" for c in timed] + ["ms"] * len(sampled)
    return {
        "results": [
            {"work": c.work, "name": c.name, "unit": u, "figures": f, "note": c.note}
            for c, u, f in zip(measurable, units, figures, strict=True)
        ],
        "skipped": [
            {"work": c.work, "name": c.name, "reason": c.reason} for c in absent
        ],
    }


def main() -> None:
    """Measure one module of candidates, for run.py."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", help="module of candidates, as peers.struct_frame")
    parser.add_argument("groups", nargs="+")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cpu", type=int)
    options = parser.parse_args()
    cpu = pin(options.cpu)
    # What a candidate prints must not be taken for figures.
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    report = measured(options.source, options.groups, options.rounds)
    json.dump(report | {"cpu": cpu}, answer)
    answer.close()


if __name__ == "__main__":
    main()
