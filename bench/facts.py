# SPDX-License-Identifier: Apache-2.0
"""What it costs to have a simulator: starting, memory, sessions that say nothing.

Simulators take turns here too, a fresh process each time.  Nothing is pinned, except
where two rates are compared: what is looked for is what somebody meets who starts one.
"""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import plant
from environments import BENCH, ENVIRONMENTS
from report import COMPILED, UNCOMPILED, aligned, shown
from simulators import TAGS, Client, Running, SimulatorError, Spec

IDLE_SECONDS = 5
SETTLED = 0.3
"""Seconds after which a simulator that has answered has done what starting entails."""
MANY = {f"T{number:04}": 1 for number in range(10_000)}
LARGE = {"D": 1, "A": 1_000_000}

Facts = dict[str, dict[str, list[float] | str]]
"""By fact and simulator: the figures, or why there are none."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a fact is measured with."""

    program: Path | None
    cpu: int | None
    runs: int
    browser: Path | str
    """The Python that has pycomm3, or why there is none."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the table."""

    name: str
    measure: Callable[[Spec, Context], float]
    target: float | None = None
    at_least: bool = False
    once: bool = False
    tags: bool = False
    """Whether it is about tags, which the responder has none of."""

    def met(self, figure: float) -> bool:
        """Whether a median is what is wanted."""
        if self.target is None:
            return True
        return figure >= self.target if self.at_least else figure <= self.target


@contextmanager
def started(spec: Spec, tags: dict[str, int], cpu: int | None) -> Iterator[Running]:
    """A simulator for a while."""
    simulator = Running(spec, tags, cpu)
    try:
        yield simulator
    finally:
        simulator.stop()


@contextmanager
def sessions(simulator: Running, count: int) -> Iterator[None]:
    """So many sessions, each of which has read once and says nothing more."""
    clients: list[Client] = []
    try:
        for _ in range(count):
            clients.append(Client(simulator.port))
            clients[-1].read("D")
        yield
    except OSError as error:
        raise SimulatorError(f"session {len(clients) + 1}: {error}") from error
    finally:
        for client in clients:
            client.close()


def start(spec: Spec, context: Context) -> float:
    """Seconds until the first read is answered."""
    with started(spec, {"D": 1}, None) as simulator:
        return simulator.ready


def start_many(spec: Spec, context: Context) -> float:
    """The same with 10,000 tags."""
    with started(spec, MANY, None) as simulator:
        return simulator.ready


def planted(spec: Spec) -> Spec:
    """The same simulator, of a large plant with structures."""
    file = plant.written(ENVIRONMENTS)
    return replace(spec, command=(*spec.command, "-f", str(file)))


def start_plant(spec: Spec, context: Context) -> float:
    """The same with 10,000 tags and 200 structures, from a file."""
    with started(planted(spec), {"D": 1}, None) as simulator:
        return simulator.ready


def browsed(spec: Spec, context: Context) -> float:
    """Seconds until somebody else's client knows all of that plant."""
    if isinstance(context.browser, str):
        raise SimulatorError(context.browser)
    with started(planted(spec), {"D": 1}, None) as simulator:
        done = subprocess.run(
            [context.browser, BENCH / "callers" / "browse.py", str(simulator.port)],
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )
    try:
        told = json.loads(done.stdout)
    except ValueError:
        raise SimulatorError(f"pycomm3: {done.stderr.strip()[-100:]}") from None
    if told["tags"] != plant.TAGS + 1:
        raise SimulatorError(f"pycomm3 found {told['tags']} tags")
    seconds: float = told["seconds"]
    return seconds


def last_tag(spec: Spec, context: Context) -> float:
    """How fast the last of 10,000 tags is read, compared with the first."""
    if context.program is None:
        raise SimulatorError("there is no load generator")
    first, *_, last = MANY
    ratios = []
    with started(spec, MANY, context.cpu) as simulator:
        for _ in range(context.runs):
            rates: list[float] = [
                simulator.load(context.program, f"--mode usend --tag {tag}", 0.5)[
                    "ops_s"
                ]
                for tag in (first, last)
            ]
            ratios.append(rates[1] / rates[0])
    return statistics.median(ratios)


def memory(spec: Spec, context: Context) -> float:
    """Megabytes after the first read."""
    with started(spec, {"D": 1}, None) as simulator:
        time.sleep(SETTLED)
        return simulator.memory()


def memory_array(spec: Spec, context: Context) -> float:
    """Megabytes that a large array costs, beside a process without."""
    with started(spec, LARGE, None) as simulator:
        time.sleep(SETTLED)
        return simulator.memory() - memory(spec, context)


def memory_clients(spec: Spec, context: Context) -> float:
    """Megabytes that a hundred sessions cost, in one process."""
    with started(spec, TAGS, None) as simulator:
        time.sleep(SETTLED)
        before = simulator.memory()
        with sessions(simulator, 100):
            time.sleep(SETTLED)
            return simulator.memory() - before


def idle(spec: Spec, context: Context) -> float:
    """Per cent of a CPU that sessions cost which say nothing."""
    with started(spec, TAGS, None) as simulator, sessions(simulator, 500):
        time.sleep(1)
        before, begin = simulator.cpu_seconds(), time.perf_counter()
        time.sleep(IDLE_SECONDS)
        spent = simulator.cpu_seconds() - before
        return 100 * spent / (time.perf_counter() - begin)


FACTS = (
    Fact("start to the first answered read, one tag, s", start, 0.30),
    Fact(
        "start to the first answered read, 10,000 tags, s", start_many, 1.0, tags=True
    ),
    Fact("the same, with 200 structures, from a file, s", start_plant, 1.5, tags=True),
    Fact("all of that browsed by pycomm3, s", browsed, 3.0, tags=True),
    Fact(
        "rate of the last of 10,000 tags, of that of the first",
        last_tag,
        0.95,
        at_least=True,
        once=True,
        tags=True,
    ),
    Fact("memory at start, MB", memory),
    Fact("more with a DINT[1000000], MB", memory_array, 6.0, tags=True),
    Fact("more with 100 sessions, MB", memory_clients),
    Fact("500 idle sessions, % of a CPU", idle, 1.0, once=True),
)


def measure(simulators: Sequence[Spec], context: Context) -> Facts:
    """All facts of all simulators."""
    runs = context.runs
    found: Facts = {}
    for fact in FACTS:
        print(f"fact: {fact.name}", file=sys.stderr)
        figures: dict[str, list[float] | str] = {spec.name: [] for spec in simulators}
        for number in range(1 if fact.once else runs):
            # Forwards and backwards: being first or after somebody is nobody's lot.
            for spec in simulators[:: -1 if number % 2 else 1]:
                sample(fact, spec, context, figures)
        found[fact.name] = figures
    return found


def sample(
    fact: Fact, spec: Spec, context: Context, figures: dict[str, list[float] | str]
) -> None:
    """One more figure; one that cannot be had ends this simulator's."""
    mine = figures[spec.name]
    if isinstance(mine, str):
        return
    if fact.tags and not spec.stores:
        figures[spec.name] = "it has no tags"
        return
    try:
        mine.append(fact.measure(spec, context))
    except (SimulatorError, OSError) as error:
        figures[spec.name] = str(error)


def cell(figures: list[float] | str | None) -> str:
    """The median, and how far the runs are apart."""
    if figures is None or isinstance(figures, str):
        return "n/a"
    text = shown(statistics.median(figures))
    if len(figures) > 1:
        text += f" ({shown(min(figures))}..{shown(max(figures))})"
    return text


def verdict(fact: Fact, figures: dict[str, list[float] | str]) -> tuple[str, str]:
    """The target, and which form of this package does not reach it."""
    if fact.target is None:
        return "", ""
    missed, known = [], False
    for name in (COMPILED, UNCOMPILED):
        mine = figures.get(name, "")
        if not isinstance(mine, str):
            known = True
            if not fact.met(statistics.median(mine)):
                missed.append(name.rpartition(" ")[2])
    target = f"{'>=' if fact.at_least else '<='} {fact.target:g}"
    if not known:
        return target, "unknown"
    return target, f"NOT MET, {' and '.join(missed)}" if missed else "met"


def table(found: Facts) -> list[str]:
    """A line for each fact, a column for each simulator; the reasons below."""
    names = list(dict.fromkeys(name for figures in found.values() for name in figures))
    rows = [("", *names, "target", "")]
    reasons: dict[str, None] = {}
    for fact in FACTS:
        figures = found.get(fact.name, {})
        cells = [cell(figures.get(name)) for name in names]
        rows.append((fact.name, *cells, *verdict(fact, figures)))
        for name, mine in figures.items():
            if isinstance(mine, str) and not (fact.tags and mine == "it has no tags"):
                reasons[f"n/a: {name}, {fact.name}: {mine}"] = None
    return [*aligned(rows), *reasons]
