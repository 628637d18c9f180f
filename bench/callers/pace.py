# SPDX-License-Identifier: Apache-2.0
"""The clock of every caller: a process that asks a responder, and says how fast.

    python <caller>.py PORT SECONDS PRESET

A caller is a file beside this one.  It has presets, by name: each connects to the port
and gives a step, which reads or writes some tags, verifies every value, and tells how
many.  What is said is one line of JSON.  ``clients.py`` starts them.
"""

import json
import resource
import sys
import time
from collections.abc import Callable, Mapping

HOST = "127.0.0.1"
WARM_UP = 0.2

Step = Callable[[], int]
Preset = Callable[[int], Step]


def check(held: bool, seen: object) -> None:
    """Whoever does not do the work is not measured."""
    if not held:
        raise ValueError(f"a wrong answer: {seen!r}")


def cpu_seconds() -> float:
    """What this process has cost, the system's part included."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def measured(step: Step, seconds: float) -> dict[str, float]:
    """The step again and again, for so long."""
    end = time.perf_counter() + WARM_UP
    while time.perf_counter() < end:
        step()
    tags, spent, begin = 0, cpu_seconds(), time.perf_counter()
    end = begin + seconds
    while time.perf_counter() < end:
        tags += step()
    took = time.perf_counter() - begin
    spent = cpu_seconds() - spent
    return {"tags_s": tags / took, "cpu_us": spent * 1e6 / tags}


def run(presets: Mapping[str, Preset]) -> None:
    """The command of a caller."""
    port, seconds, name = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
    step = presets[name](port)
    print(json.dumps(measured(step, seconds)), flush=True)
