# SPDX-License-Identifier: Apache-2.0
"""The tables of the client: who asks one responder, side by side.

A caller (``callers``) is a fresh process each time: it connects, warms up, asks, and
verifies every value.  The responder is in C, so that the caller is what is measured;
both are on one CPU.  The callers of a table take turns, and a ratio is the median of
the ratios of neighbouring runs.  ``run.py`` is the command.
"""

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import c_programs
from environments import (
    BENCH,
    ENVIRONMENTS,
    OURS_COMPILED,
    OURS_UNCOMPILED,
    PLAIN,
    PUBLISHED,
    Environment,
    Notes,
    Provider,
    UnavailableError,
    clean_environ,
)
from report import aligned, shown
from simulators import Running, SimulatorError, Spec, pinned

GROUPS = ("one", "results", "pipeline", "thousand", "hundred", "write")
CALLERS = BENCH / "callers"
PYCOMM3 = Environment("pycomm3", ("pycomm3==1.2.16",))
PYLOGIX = Environment("pylogix", ("pylogix==1.1.6",))

SECONDS = 0.7
LONGEST = 60
DISTURBED = 1.5
"""Runs that differ by more than this tell of a disturbed machine."""
ATTEMPTS = 2

ONE_FLOOR = "floor: struct, one at a time"
DEPTH_FLOOR = "floor: struct, 32 in flight"
MULTIPLE_FLOOR = "floor: struct, 100 a packet"
BY_PYCOMM3 = "pycomm3"
BY_PLCTAG = "libplctag (C)"
BY_PLCTAG_ASYNC = "libplctag (C), asynchronous"

FORMS = {"compiled": OURS_COMPILED, "uncompiled": OURS_UNCOMPILED}


class CallerError(Exception):
    """A caller did not do what it would be measured for; the text is the reason."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A row: what is started, before the port and the seconds are known."""

    name: str
    command: Callable[[int], list[str]]
    ours: bool = False
    """Whether the targets of its table are for this row."""


@dataclass(frozen=True, slots=True)
class Target:
    """Whom this package is compared with, and the ratio to be reached, if there is."""

    peer: str
    ratio: float = 0.0


@dataclass(slots=True)
class Runs:
    """All runs of one caller, or why there are none."""

    name: str
    ours: bool
    figures: list[dict[str, float]] = field(default_factory=list)
    reason: str = ""

    def each(self, key: str = "tags_s") -> list[float]:
        """One figure of all runs."""
        return [run[key] for run in self.figures]

    def median(self, key: str = "tags_s") -> float:
        """The figure."""
        return statistics.median(self.each(key))

    def ratio(self, other: "Runs | None") -> float | None:
        """How many times the other's tags this one has."""
        if other is None or self.reason or other.reason:
            return None
        pairs = zip(self.each(), other.each(), strict=True)
        return statistics.median(mine / theirs for mine, theirs in pairs)


@dataclass(frozen=True, slots=True)
class Work:
    """A table: what is asked for, by whom, and what is to be reached."""

    group: str
    words: str
    rows: tuple["Row", ...]
    targets: tuple[Target, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """A caller before it is known whether it can be had."""

    name: str
    file: str = ""
    preset: str = ""
    environment: Environment = PLAIN
    words: str = ""
    """Of a program in C instead: the port and the seconds are put into it."""


def ours(name: str, file: str, preset: str) -> tuple[Row, ...]:
    """This package, in both of its forms."""
    return tuple(
        Row(f"{name}, {form}", file, preset, environment)
        for form, environment in FORMS.items()
    )


def published(preset: str, words: str) -> Row:
    """The published package, by the words of its manual."""
    return Row(f"cpppo 5.2.5, {words}", "by_connector", preset, PUBLISHED)


def peers(preset: str) -> tuple[Row, ...]:
    """The two that are in Python and know Logix."""
    return (
        Row(BY_PYCOMM3, "by_pycomm3", preset, PYCOMM3),
        Row("pylogix", "by_pylogix", preset, PYLOGIX),
    )


def floor(name: str, preset: str) -> Row:
    """By hand, in Python."""
    return Row(name, "by_struct", preset)


def loaded(name: str, words: str) -> Row:
    """The load generator in C."""
    command = f"{c_programs.LOAD} --port {{port}} --seconds {{seconds}} {words}"
    return Row(f"C enipload, {name}", words=command)


def plctag(name: str, words: str) -> Row:
    """The other client in C."""
    command = f"{c_programs.PLCTAG} {{port}} {words} {{seconds}}"
    return Row(name, words=command)


WORKS = (
    Work(
        "one",
        "one read at a time",
        (
            *ours("Logix.read", "by_logix", "one"),
            *ours("Logix.read, unconnected", "by_logix", "one, unconnected"),
            *ours("connector.synchronous", "by_connector", "one"),
            *peers("one"),
            published("one", "synchronous"),
            plctag(BY_PLCTAG, "sync 1"),
            floor(ONE_FLOOR, "one"),
            loaded("one at a time", "--tag D7"),
        ),
        (Target(BY_PYCOMM3, 2.5), Target(BY_PLCTAG, 1.3), Target(ONE_FLOOR)),
    ),
    Work(
        "results",
        "100 tags, 32 in flight, .results",
        (
            *ours("operations made anew", "by_connector", "results"),
            *ours("operations made once", "by_connector", "results, made once"),
            published("results", "made anew"),
            floor(DEPTH_FLOOR, "depth 32"),
            loaded("32 in flight", "--tag D7 --depth 32"),
        ),
        (Target(DEPTH_FLOOR, 0.5),),
    ),
    Work(
        "pipeline",
        "100 tags, 32 in flight, .pipeline with its six-tuples",
        (
            *ours("operations made anew", "by_connector", "pipeline"),
            *ours("operations made once", "by_connector", "pipeline, made once"),
            published("pipeline", "made anew"),
            floor(DEPTH_FLOOR, "depth 32"),
            loaded("32 in flight", "--tag D7 --depth 32"),
        ),
        (Target(DEPTH_FLOOR, 0.25),),
    ),
    Work(
        "thousand",
        "1000 tags in multiple service packets",
        (
            *ours("Logix.read", "by_logix", "thousand"),
            *ours("Logix.read, unconnected", "by_logix", "thousand, unconnected"),
            *peers("thousand"),
            published("thousand", "250 octets, 20 in flight"),
            plctag(BY_PLCTAG_ASYNC, "async 1000"),
            floor(MULTIPLE_FLOOR, "multiple 100"),
            loaded("100 a packet", "--tag D --ntags 100 --multi 100"),
        ),
        (Target(BY_PLCTAG_ASYNC, 1.0), Target(BY_PYCOMM3), Target(MULTIPLE_FLOOR)),
    ),
    Work(
        "hundred",
        "100 tags in multiple service packets",
        (
            *ours("Logix.read", "by_logix", "hundred"),
            *peers("hundred"),
            published("hundred", "250 octets, 20 in flight"),
            plctag(BY_PLCTAG_ASYNC, "async 100"),
            floor(MULTIPLE_FLOOR, "multiple 100"),
            loaded("100 a packet", "--tag D --ntags 100 --multi 100"),
        ),
        (Target(BY_PYCOMM3), Target(MULTIPLE_FLOOR)),
    ),
    Work(
        "write",
        "one write at a time",
        (
            *ours("Logix.write", "by_logix", "write"),
            *ours("connector.synchronous", "by_connector", "write"),
            *peers("write"),
            published("write", "synchronous"),
            loaded("one at a time", "--tag D7 --op write"),
        ),
        (Target(BY_PYCOMM3),),
    ),
)


class Findings:
    """Everything that was measured of the clients."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self.runs: dict[str, list[Runs]] = {}
        self.comments: dict[str, str] = {}

    def as_json(self) -> dict[str, Any]:
        """Every single figure."""
        runs = {name: [asdict(run) for run in runs] for name, runs in self.runs.items()}
        return {"runs": runs, "comments": self.comments}


def caller(row: Row, provider: Provider) -> Caller:
    """What is started for a row; UnavailableError says why it cannot be."""
    if row.words:
        name, _, words = row.words.partition(" ")
        options = c_programs.plctag_options() if name == c_programs.PLCTAG else ()
        program = str(c_programs.program(name, options))

        def command(port: int) -> list[str]:
            return [program, *words.format(port=port, seconds=SECONDS).split()]

        return Caller(row.name, command)
    reason = provider.refused(row.environment)
    if reason is not None:
        raise UnavailableError(reason)
    start = [str(row.environment.python), str(CALLERS / f"{row.file}.py")]
    mine = row.environment is OURS_COMPILED

    def started(port: int) -> list[str]:
        return [*start, str(port), str(SECONDS), row.preset]

    return Caller(row.name, started, mine)


def callers(work: Work, provider: Provider) -> list[Caller]:
    """Those of a table that can be had."""
    found = []
    for row in work.rows:
        try:
            found.append(caller(row, provider))
        except UnavailableError as error:
            provider.notes.skip(row.name, str(error))
    return found


def sample(one: Caller, port: int, cpu: int | None) -> dict[str, float]:
    """The figures of one run."""
    try:
        with pinned(cpu):
            done = subprocess.run(
                one.command(port),
                check=False,
                capture_output=True,
                text=True,
                timeout=LONGEST,
                cwd=ENVIRONMENTS,
                env=clean_environ(),
            )
    except subprocess.TimeoutExpired as error:
        raise CallerError("it did not end") from error
    try:
        figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError) as error:
        said = done.stderr.strip().splitlines() or ["it ended without figures"]
        raise CallerError(said[-1]) from error
    if figures.get("fatal") or figures.get("errors"):
        raise CallerError(str(figures.get("fatal") or figures.get("first_error")))
    if "ops_s" in figures:
        spent = figures["load_cpu_us_per_req"] * figures["requests"]
        return {"tags_s": figures["ops_s"], "cpu_us": spent / figures["ops"]}
    return {"tags_s": figures["tags_s"], "cpu_us": figures["cpu_us"]}


def side_by_side(
    found: Sequence[Caller], sink: Path, runs: int, cpu: int | None
) -> list[Runs]:
    """All callers in turn, against one responder."""
    each = [Runs(one.name, one.ours) for one in found]
    command = (str(sink), "--port", "{port}", "--tags", "1000")
    responder = Running(Spec("responder", command, stores=False), cpu=cpu)
    try:
        for _ in range(runs):
            for one, mine in zip(found, each, strict=True):
                if mine.reason:
                    continue
                try:
                    mine.figures.append(sample(one, responder.port, cpu))
                except CallerError as error:
                    mine.reason = str(error)
                    mine.figures.clear()
    finally:
        responder.stop()
    return each


def spread(found: list[Runs]) -> float:
    """How far the runs of a caller are apart, at the one where it is most."""
    rates = [run.each() for run in found if run.figures]
    return max((max(mine) / min(mine) for mine in rates), default=1.0)


def measure(
    only: list[str], provider: Provider, runs: int, cpu: int | None
) -> Findings:
    """The tables that are asked for."""
    findings = Findings(provider.notes)
    try:
        sink = c_programs.program(c_programs.RESPONDER)
    except UnavailableError as error:
        provider.notes.skip("all tables of the clients", str(error))
        return findings
    if cpu is None:
        provider.notes.warn("clients", "not pinned to a CPU: this system cannot")
    for work in WORKS:
        if work.group in only:
            calmest(work, callers(work, provider), sink, runs, cpu, findings)
    return findings


def calmest(
    work: Work,
    found: list[Caller],
    sink: Path,
    runs: int,
    cpu: int | None,
    findings: Findings,
) -> None:
    """A table; the whole of it again when its runs tell of a disturbance."""
    best: list[Runs] = []
    for attempt in range(1, ATTEMPTS + 1):
        print(f"client: {work.words} ({attempt})", file=sys.stderr)
        try:
            each = side_by_side(found, sink, runs, cpu)
        except SimulatorError as error:
            findings.notes.skip(f"{work.words}, the responder", str(error))
            return
        if not best or spread(each) < spread(best):
            best = each
        if spread(best) <= DISTURBED:
            break
    findings.runs[work.words] = best
    if attempt > 1:
        findings.comments[work.words] = (
            f"Measured {attempt} times, all of them each time; shown is the calmest, "
            f"in which the runs of none differ by more than {shown(spread(best))} x."
        )
    for run in best:
        if run.reason:
            findings.notes.skip(f"{run.name}, {work.words}", run.reason)


def verdict(run: Runs, targets: Sequence[Target], by_name: dict[str, Runs]) -> str:
    """Which targets this package has reached."""
    told = []
    for target in targets:
        if not run.ours or not target.ratio:
            continue
        ratio = run.ratio(by_name.get(target.peer))
        if ratio is None:
            told.append("unknown")
        else:
            told.append("met" if ratio >= target.ratio else "NOT MET")
    return ", ".join(told)


def heading(target: Target) -> str:
    """The column of a ratio."""
    wanted = f" (>= {target.ratio:g})" if target.ratio else ""
    return f"of {target.peer}{wanted}"


def table(work: Work, runs: list[Runs]) -> list[str]:
    """The lines of one table."""
    by_name = {run.name: run for run in runs}
    rows: list[tuple[str, ...]] = [
        (
            "client",
            "tags/s",
            "min..max",
            "CPU us a tag",
            *map(heading, work.targets),
            "",
        )
    ]
    for run in runs:
        if run.reason:
            rows.append((run.name, "n/a", *[""] * (3 + len(work.targets))))
            continue
        ratios = [run.ratio(by_name.get(target.peer)) for target in work.targets]
        rates = run.each()
        rows.append(
            (
                run.name,
                shown(run.median()),
                f"{shown(min(rates))}..{shown(max(rates))}",
                shown(run.median("cpu_us")),
                *("" if ratio is None else f"{shown(ratio)} x" for ratio in ratios),
                verdict(run, work.targets, by_name),
            )
        )
    return aligned(rows)


def tables(findings: Findings) -> str:
    """All tables of the clients."""
    lines: list[str] = []
    for work in WORKS:
        if runs := findings.runs.get(work.words):
            lines += ["", f"client: {work.words}", "", *table(work, runs)]
            if work.words in findings.comments:
                lines.append(findings.comments[work.words])
    return "\n".join(lines)
