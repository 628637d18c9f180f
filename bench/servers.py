# SPDX-License-Identifier: Apache-2.0
"""The tables of the simulator: loads side by side, and what it costs to have one.

A load is run against all simulators in turn, several times over, with load generator
and simulator on one CPU, while the others are stopped.  A ratio is the median of the
ratios of neighbouring runs.  ``run.py`` is the command.
"""

import statistics
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import c_programs
import facts
from clients import PYCOMM3
from environments import (
    OURS_COMPILED,
    OURS_UNCOMPILED,
    PUBLISHED,
    Notes,
    Provider,
    UnavailableError,
)
from facts import Context, Facts
from report import COMPILED, UNCOMPILED, aligned, shown
from simulators import Running, SimulatorError, Spec

GROUPS = ("loads", "facts")
PEER = "cpppo 5.2.5"
RESPONDER = "C responder"
SECONDS = 1.0
PEER_RATIO = 50.0
"""How many times the published package ours is to do, uncompiled."""

DISTURBED = 1.5
"""Runs that differ by more than this tell of a disturbed machine."""
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Load:
    """What the load generator is told, and the ratio to the responder to be reached."""

    name: str
    words: str
    unit: str
    target: float | None = None


LOADS = (
    Load("one client, one read at a time", "--mode usend", "reads/s", 0.60),
    Load("8 clients", "--mode usend --conns 8", "reads/s", 0.50),
    Load("one client, 32 in flight", "--mode usend --depth 32", "reads/s", 0.35),
    Load(
        "multiple service, 100 reads a packet",
        "--mode usend --multi 100",
        "reads/s",
        0.40,
    ),
    Load(
        "array of 1000 DINT, fragmented",
        "--mode usend --op frag --elements 1000 --tag A",
        "arrays/s",
        0.60,
    ),
    Load("one client, one read at a time, simple", "--mode simple", "reads/s"),
    Load("one client, one write at a time", "--mode usend --op write", "writes/s"),
    Load(
        "one client, one write at a time, simple",
        "--mode simple --op write",
        "writes/s",
    ),
    # Over a connection, as most clients ask: the same ratios are to be kept.
    Load("connected: one read at a time", "--mode connected", "reads/s", 0.60),
    Load("connected: 8 clients", "--mode connected --conns 8", "reads/s", 0.50),
    Load("connected: 32 in flight", "--mode connected --depth 32", "reads/s", 0.35),
    Load(
        "connected: multiple service, 100 reads a packet",
        "--mode connected --large --multi 100",
        "reads/s",
        0.40,
    ),
    Load(
        "connected: array of 1000 DINT, fragmented",
        "--mode connected --large --op frag --elements 1000 --tag A",
        "arrays/s",
        0.60,
    ),
    Load("connected: one write at a time", "--mode connected --op write", "writes/s"),
)


@dataclass(slots=True)
class Runs:
    """All runs of one load against one simulator, or why there are none."""

    load: Load
    name: str
    figures: list[dict[str, Any]] = field(default_factory=list)
    reason: str = ""

    def each(self, key: str) -> list[float]:
        """One figure of all runs."""
        return [run[key] for run in self.figures]

    def median(self, key: str = "ops_s") -> float:
        """The figure."""
        return statistics.median(self.each(key))

    def ratio(self, other: "Runs | None") -> float | None:
        """How many times the other's operations this one does."""
        if other is None or other is self or self.reason or other.reason:
            return None
        pairs = zip(self.each("ops_s"), other.each("ops_s"), strict=True)
        return statistics.median(mine / theirs for mine, theirs in pairs)


class Findings:
    """Everything that was measured of the simulators."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self.runs: dict[str, list[Runs]] = {}
        self.comments: dict[str, str] = {}
        self.facts: Facts = {}

    def as_json(self) -> dict[str, Any]:
        """Every single figure."""
        return {
            "loads": [asdict(run) for runs in self.runs.values() for run in runs],
            "comments": self.comments,
            "facts": self.facts,
        }


def specs(provider: Provider) -> list[Spec]:
    """The simulators that can be had; ours come first, the responder last."""
    found = []
    for name, environment, words in (
        (COMPILED, OURS_COMPILED, ()),
        (UNCOMPILED, OURS_UNCOMPILED, ()),
        (PEER, PUBLISHED, ("--no-udp",)),
    ):
        reason = provider.refused(environment)
        if reason is None:
            python = [str(environment.python), "-P", "-m", "cpppo.server.enip"]
            command = (*python, "-a", "127.0.0.1:{port}", *words)
            found.append(Spec(name, command))
        else:
            provider.notes.skip(f"{name}, simulator", reason)
    try:
        sink = c_programs.program(c_programs.RESPONDER)
    except UnavailableError as error:
        provider.notes.skip(RESPONDER, str(error))
    else:
        command = (str(sink), "--port", "{port}")
        found.append(Spec(RESPONDER, command, stores=False))
    return found


def measure(
    only: list[str], provider: Provider, runs: int, cpu: int | None
) -> Findings:
    """The groups that are asked for."""
    findings = Findings(provider.notes)
    simulators = specs(provider)
    try:
        program = c_programs.program(c_programs.LOAD)
    except UnavailableError as error:
        provider.notes.skip("all loads of the simulators", str(error))
        program = None
    if cpu is None:
        provider.notes.warn("simulators", "not pinned to a CPU: this system cannot")
    if "loads" in only and program is not None:
        for load in LOADS:
            calmest(load, simulators, program, runs, cpu, findings)
    if "facts" in only:
        browser = provider.refused(PYCOMM3) or PYCOMM3.python
        context = Context(program, cpu, runs, browser)
        findings.facts = facts.measure(simulators, context)
    return findings


def calmest(
    load: Load,
    simulators: list[Spec],
    program: Path,
    runs: int,
    cpu: int | None,
    findings: Findings,
) -> None:
    """A load; the whole of it again when its runs tell of a disturbance."""
    best: list[Runs] = []
    for attempt in range(1, ATTEMPTS + 1):
        print(f"load: {load.name} ({attempt})", file=sys.stderr)
        found = side_by_side(load, simulators, program, runs, cpu)
        if not best or spread(found) < spread(best):
            best = found
        if spread(best) <= DISTURBED:
            break
    findings.runs[load.name] = best
    if attempt > 1:
        findings.comments[load.name] = (
            f"Measured {attempt} times, all of them each time; shown is the calmest, "
            f"in which the runs of none differ by more than {shown(spread(best))} x."
        )
    for run in best:
        if run.reason:
            findings.notes.skip(f"{run.name}, {load.name}", run.reason)


def spread(found: list[Runs]) -> float:
    """How far the runs of a simulator are apart, at the one where it is most."""
    rates = [run.each("ops_s") for run in found if run.figures]
    return max((max(mine) / min(mine) for mine in rates), default=1.0)


def side_by_side(
    load: Load, simulators: list[Spec], program: Path, runs: int, cpu: int | None
) -> list[Runs]:
    """One load against all simulators in turn, all of them kept through all runs."""
    found = [Runs(load, spec.name) for spec in simulators]
    running: list[Running | None] = []
    try:
        for spec, mine in zip(simulators, found, strict=True):
            try:
                simulator = Running(spec, cpu=cpu)
            except SimulatorError as error:
                running.append(None)
                mine.reason = str(error)
            else:
                running.append(simulator)
                simulator.pause()
        for _ in range(runs):
            for started, mine in zip(running, found, strict=True):
                if started is not None and not mine.reason:
                    one_run(started, mine, program)
    finally:
        for started in running:
            if started is not None:
                started.stop()
    return found


def one_run(simulator: Running, mine: Runs, program: Path) -> None:
    """One run; a wrong answer is the end of this simulator's figures for the load."""
    simulator.resume()
    try:
        mine.figures.append(simulator.load(program, mine.load.words, SECONDS))
    except SimulatorError as error:
        mine.reason = str(error)
        mine.figures.clear()
    finally:
        simulator.pause()


def target_of(run: Runs, of_c: float | None, of_peer: float | None) -> tuple[str, str]:
    """What this package is to reach, and whether it does."""
    if run.name == COMPILED and run.load.target is not None:
        target, ratio, whose = run.load.target, of_c, "of C"
        shape = f">= {target:.2f} {whose}"
    elif run.name == UNCOMPILED:
        target, ratio = PEER_RATIO, of_peer
        shape = f">= {target:g} x cpppo"
    else:
        return "", ""
    if ratio is None:
        return shape, "unknown"
    return shape, "met" if ratio >= target else "NOT MET"


def table(runs: list[Runs]) -> list[str]:
    """The lines of one load's table."""
    by_name = {run.name: run for run in runs}
    responder, peer = by_name.get(RESPONDER), by_name.get(PEER)
    rows: list[tuple[str, ...]] = [
        (
            "simulator",
            runs[0].load.unit,
            "min..max",
            "p50 us",
            "p99 us",
            "CPU us a packet",
            "of the C responder",
            "of cpppo 5.2.5",
            "target",
            "",
        )
    ]
    for run in runs:
        if run.reason:
            rows.append((run.name, "n/a", *[""] * 8))
            continue
        of_c, of_peer = run.ratio(responder), run.ratio(peer)
        rates = run.each("ops_s")
        rows.append(
            (
                run.name,
                shown(run.median()),
                f"{shown(min(rates))}..{shown(max(rates))}",
                shown(run.median("p50_us")),
                shown(run.median("p99_us")),
                shown(run.median("cpu_us")),
                "" if of_c is None else fraction(of_c),
                "" if of_peer is None else f"{shown(of_peer)} x",
                *target_of(run, of_c, of_peer),
            )
        )
    return aligned(rows)


def fraction(ratio: float) -> str:
    """A ratio to the responder; the small ones need their digits too."""
    return f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.2g}"


def tables(findings: Findings) -> str:
    """All tables of the simulators."""
    lines: list[str] = []
    for name, runs in findings.runs.items():
        if runs:
            lines += ["", f"simulator: {name}", "", *table(runs)]
            lines += [findings.comments[name]] if name in findings.comments else []
    if findings.facts:
        lines += ["", "simulator: what it costs to have one", ""]
        lines += facts.table(findings.facts)
    return "\n".join(lines)
