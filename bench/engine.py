# SPDX-License-Identifier: Apache-2.0
"""The table of the engine: the stopwatch in each environment, several times over.

Each module of candidates is timed by ``measure.py`` in the environment that it needs;
the processes take turns.  ``run.py`` is the command.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from environments import (
    BENCH,
    CONSTRUCT,
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
from report import COMPILED, UNCOMPILED, Result
from subject import GROUPS

PASSES = 3
LONGEST = 900
"""Seconds after which a process is given up."""


@dataclass(frozen=True, slots=True)
class Source:
    """A module of candidates, where it runs, and what it has to offer."""

    module: str
    environment: Environment
    groups: tuple[str, ...]
    name: str = ""


SOURCES = (
    Source("ours", OURS_COMPILED, GROUPS, COMPILED),
    Source("ours", OURS_UNCOMPILED, GROUPS, UNCOMPILED),
    Source("peers.struct_frame", PLAIN, ("parse", "encode")),
    Source("peers.construct_frame", CONSTRUCT, ("parse", "encode", "import")),
    Source("peers.cpppo_published", PUBLISHED, GROUPS),
    Source("peers.re_patterns", PLAIN, ("regex", "make")),
    Source("peers.c_table", PLAIN, ("regex",)),
)


class Findings:
    """What all processes found, put together."""

    def __init__(self, notes: Notes) -> None:
        self.results: dict[tuple[str, str], Result] = {}
        self.notes = notes
        self.cpu: int | None = None

    def add(self, source: Source, report: dict[str, Any]) -> None:
        """Take the answer of one process."""
        self.cpu = report["cpu"]
        for row in report["results"]:
            name = source.name or row["name"]
            key = (row["work"], name)
            if key not in self.results:
                self.results[key] = Result(
                    row["work"], name, row["unit"], note=row["note"]
                )
            self.results[key].figures += row["figures"]
        for row in report["skipped"]:
            self.notes.skip(
                f"{source.name or row['name']}, {row['work']}", row["reason"]
            )


def wanted(source: Source, only: list[str]) -> list[str]:
    """The groups that a module is asked for."""
    return [group for group in source.groups if group in only]


def available(only: list[str], provider: Provider, findings: Findings) -> list[Source]:
    """The modules whose environment is there."""
    sources = []
    for source in SOURCES:
        if not wanted(source, only):
            continue
        reason = provider.refused(source.environment)
        if reason is None:
            sources.append(source)
        else:
            findings.notes.skip(source.name or source.module, reason)
    return sources


def stopwatch(
    source: Source, only: list[str], rounds: int, cpu: int | None
) -> dict[str, Any]:
    """One process of one module."""
    command = [str(source.environment.python), str(BENCH / "measure.py")]
    command += [source.module, *wanted(source, only)]
    command += ["--rounds", str(rounds)]
    if cpu is not None:
        command += ["--cpu", str(cpu)]
    done = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        timeout=LONGEST,
        env=clean_environ(),
        cwd=source.environment.folder,
    )
    if done.returncode:
        last = (done.stderr.strip() or "it failed and said nothing").splitlines()[-1]
        raise UnavailableError(last)
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def measure(
    only: list[str], provider: Provider, rounds: int, cpu: int | None
) -> Findings:
    """All modules in turn, several times over, so that a bad minute hits them all."""
    findings = Findings(provider.notes)
    sources = available(only, provider, findings)
    for number in range(PASSES):
        for source in list(sources):
            what = source.name or source.module
            print(f"pass {number + 1} of {PASSES}: {what}", file=sys.stderr)
            try:
                findings.add(source, stopwatch(source, only, rounds, cpu))
            except UnavailableError as error:
                findings.notes.skip(what, str(error))
                sources.remove(source)
            except subprocess.TimeoutExpired:
                findings.notes.skip(what, f"not finished after {LONGEST} seconds")
                sources.remove(source)
    return findings
