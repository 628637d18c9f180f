#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measure this package side by side with others, and print ratios.

    python bench/run.py [--only parse encode regex make import] [--rounds N]
                        [--cpu N] [--json FILE] [--offline]

It needs nothing but Python 3.11: it makes an environment for each peer (see
``environments.py``), runs the stopwatch in each (``measure.py``), three times over and
in turn, and prints tables (``report.py``).  It measures and asserts nothing: a target
that is not met is printed, and the exit status is 0.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from environments import BENCH, Environment, UnavailableError, clean_environ, provide
from report import COMPILED, UNCOMPILED, Result, tables
from subject import GROUPS

PASSES = 3
LONGEST = 900
"""Seconds after which a process is given up."""

PLAIN = Environment("plain")
PUBLISHED = Environment("cpppo-5.2.5", ("cpppo==5.2.5", "greenery==2.1"))
CONSTRUCT = Environment("construct", ("construct==2.10.70",))


@dataclass(frozen=True, slots=True)
class Source:
    """A module of candidates, where it runs, and what it has to offer."""

    module: str
    environment: Environment
    groups: tuple[str, ...]
    name: str = ""


SOURCES = (
    Source("ours", Environment("ours-compiled", (), "require"), GROUPS, COMPILED),
    Source("ours", Environment("ours-uncompiled", (), "skip"), GROUPS, UNCOMPILED),
    Source("peers.struct_frame", PLAIN, ("parse", "encode")),
    Source("peers.construct_frame", CONSTRUCT, ("parse", "encode", "import")),
    Source("peers.cpppo_published", PUBLISHED, GROUPS),
    Source("peers.re_patterns", PLAIN, ("regex", "make")),
    Source("peers.c_table", PLAIN, ("regex",)),
)


class Findings:
    """What all processes found, put together."""

    def __init__(self) -> None:
        self.results: dict[tuple[str, str], Result] = {}
        self.skipped: dict[str, None] = {}
        self.warnings: dict[str, None] = {}
        self.cpu: int | None = None

    def skip(self, what: str, reason: str) -> None:
        """Something is not measured; each reason is told once."""
        self.skipped[f"{what}: {reason}"] = None

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
            self.skip(f"{source.name or row['name']}, {row['work']}", row["reason"])


def wanted(source: Source, only: list[str]) -> list[str]:
    """The groups that a module is asked for."""
    return [group for group in source.groups if group in only]


def available(options: argparse.Namespace, findings: Findings) -> list[Source]:
    """The modules whose environment is there."""
    sources = []
    refused: dict[str, str] = {}
    for source in SOURCES:
        name = source.environment.name
        if not wanted(source, options.only):
            continue
        if name not in refused:
            try:
                warning = provide(source.environment, offline=options.offline)
            except UnavailableError as error:
                refused[name] = str(error)
            else:
                sources.append(source)
                if warning:
                    findings.warnings[f"bench/.envs/{name}: {warning}"] = None
        if name in refused:
            findings.skip(source.name or source.module, refused[name])
    return sources


def stopwatch(source: Source, options: argparse.Namespace) -> dict[str, Any]:
    """One process of one module."""
    command = [str(source.environment.python), str(BENCH / "measure.py")]
    command += [source.module, *wanted(source, options.only)]
    command += ["--rounds", str(options.rounds)]
    if options.cpu is not None:
        command += ["--cpu", str(options.cpu)]
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


def measure(options: argparse.Namespace) -> Findings:
    """All modules in turn, several times over, so that a bad minute hits them all."""
    findings = Findings()
    sources = available(options, findings)
    for number in range(PASSES):
        for source in list(sources):
            what = source.name or source.module
            print(f"pass {number + 1} of {PASSES}: {what}", file=sys.stderr)
            try:
                findings.add(source, stopwatch(source, options))
            except UnavailableError as error:
                findings.skip(what, str(error))
                sources.remove(source)
            except subprocess.TimeoutExpired:
                findings.skip(what, f"not finished after {LONGEST} seconds")
                sources.remove(source)
    return findings


def processor() -> str:
    """The model of the processor, where the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [x.partition(":")[2].strip() for x in lines if x.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def conditions(findings: Findings) -> dict[str, Any]:
    """Where the figures come from."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": processor(),
        "cpus": os.cpu_count(),
        "cpu": findings.cpu,
        "load": [round(x, 2) for x in os.getloadavg()] if os.name == "posix" else [],
    }


def show(findings: Findings) -> None:
    """Everything that was found, for a person."""
    facts = conditions(findings)
    pinned = "not pinned" if facts["cpu"] is None else f"pinned to CPU {facts['cpu']}"
    print(f"Python {facts['python']}, {facts['system']}, {facts['processor']},")
    print(f"{facts['cpus']} CPUs, {pinned}, load average {facts['load']}")
    print(tables(findings.results.values()))
    for title, lines in (
        ("warnings", findings.warnings),
        ("skipped", findings.skipped),
    ):
        if lines:
            print("", title, "", *(f"- {line}" for line in lines), sep="\n")


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description="Measure cpppo side by side with others, and print ratios."
    )
    parser.add_argument("--only", nargs="+", choices=GROUPS, default=list(GROUPS))
    parser.add_argument(
        "--rounds",
        type=int,
        default=3,
        metavar="N",
        help=f"rounds of a process, each of which runs {PASSES} times (default 3)",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="every figure")
    parser.add_argument(
        "--cpu", type=int, metavar="N", help="pin to this one (default: the last)"
    )
    parser.add_argument(
        "--offline", action="store_true", help="use the environments that exist"
    )
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("--rounds must be 1 or more")
    if options.cpu is not None:
        if not hasattr(os, "sched_getaffinity"):
            parser.error("--cpu: this system does not pin processes")
        usable = sorted(os.sched_getaffinity(0))
        if options.cpu not in usable:
            parser.error(f"--cpu must be one of {', '.join(map(str, usable))}")
    return options


def main() -> None:
    """Measure, print, and write the figures down if asked."""
    options = arguments()
    findings = measure(options)
    show(findings)
    if options.json:
        everything = {
            "conditions": conditions(findings),
            "results": [result.as_json() for result in findings.results.values()],
            "skipped": list(findings.skipped),
            "warnings": list(findings.warnings),
        }
        options.json.write_text(json.dumps(everything, indent=1) + "\n")


if __name__ == "__main__":
    main()
