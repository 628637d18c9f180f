#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measure this package side by side with others, and print ratios.

    python bench/run.py [engine] [servers] [clients] [--only GROUP ...] [--rounds N]
                        [--runs N] [--cpu N] [--json FILE] [--offline]

``engine`` is parsing, writing, matching and starting (``engine.py``), ``servers`` is
the simulator under load (``servers.py``), ``clients`` is asking a responder
(``clients.py``); all of them, unless told.  It needs nothing but
Python 3.11: it makes an environment for each peer (``environments.py``) and compiles
what is in C itself (``c_programs.py``).  It measures and asserts nothing: a target that
is not met is printed, and the exit status is 0.
"""

import argparse
import json
import os
import platform
from pathlib import Path
from typing import Any

import clients
import engine
import servers
import subject
from environments import Notes, Provider
from report import tables

TABLES = {
    "engine": subject.GROUPS,
    "servers": servers.GROUPS,
    "clients": clients.GROUPS,
}


def processor() -> str:
    """The model of the processor, where the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [x.partition(":")[2].strip() for x in lines if x.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def conditions(cpu: int | None) -> dict[str, Any]:
    """Where the figures come from."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": processor(),
        "cpus": os.cpu_count(),
        "cpu": cpu,
        "load": [round(x, 2) for x in os.getloadavg()] if os.name == "posix" else [],
    }


def chosen_cpu(asked: int | None) -> int | None:
    """The CPU to pin to: the one that is asked for, or the last that may be used."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    return max(os.sched_getaffinity(0)) if asked is None else asked


def show_conditions(facts: dict[str, Any]) -> None:
    """Where the figures come from, for a person."""
    pinned = "not pinned" if facts["cpu"] is None else f"pinned to CPU {facts['cpu']}"
    print(f"Python {facts['python']}, {facts['system']}, {facts['processor']},")
    print(f"{facts['cpus']} CPUs, {pinned}, load average {facts['load']}")


def show_notes(notes: Notes) -> None:
    """What is to be said beside the figures."""
    for title, lines in (("warnings", notes.warnings), ("skipped", notes.skipped)):
        if lines:
            print("", title, "", *(f"- {line}" for line in lines), sep="\n")


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description="Measure cpppo side by side with others, and print ratios."
    )
    parser.add_argument(
        "tables", nargs="*", metavar="TABLE", help=f"{', '.join(TABLES)} (default: all)"
    )
    groups = [group for groups in TABLES.values() for group in groups]
    parser.add_argument(
        "--only", nargs="+", choices=groups, default=groups, help="parts of the tables"
    )
    parser.add_argument(
        "--rounds",
        type=int,
        default=3,
        metavar="N",
        help="engine: rounds of a process, each of which runs "
        f"{engine.PASSES} times (default 3)",
    )
    parser.add_argument(
        "--runs",
        type=int,
        default=5,
        metavar="N",
        help="servers, clients: runs of each row of a table (default 5)",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="every figure")
    parser.add_argument(
        "--cpu", type=int, metavar="N", help="pin to this one (default: the last)"
    )
    parser.add_argument(
        "--offline", action="store_true", help="use the environments that exist"
    )
    options = parser.parse_args()
    check(parser, options)
    return options


def check(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Refuse what cannot be done, in one line."""
    for table in options.tables:
        if table not in TABLES:
            known = ", ".join(TABLES)
            parser.error(f"there is no table {table!r}: choose from {known}")
    options.tables = options.tables or list(TABLES)
    if not any(group in options.only for x in options.tables for group in TABLES[x]):
        parser.error(f"{' '.join(options.tables)}: --only leaves nothing of it")
    if min(options.rounds, options.runs) < 1:
        parser.error("--rounds and --runs must be 1 or more")
    if options.cpu is not None:
        if not hasattr(os, "sched_getaffinity"):
            parser.error("--cpu: this system does not pin processes")
        usable = sorted(os.sched_getaffinity(0))
        if options.cpu not in usable:
            parser.error(f"--cpu must be one of {', '.join(map(str, usable))}")


def main() -> None:
    """Measure, print, and write the figures down if asked."""
    options = arguments()
    only = [g for table in options.tables for g in TABLES[table] if g in options.only]
    cpu = chosen_cpu(options.cpu)
    notes = Notes()
    provider = Provider(notes, offline=options.offline)
    everything: dict[str, Any] = {}
    printed = []
    if any(group in subject.GROUPS for group in only):
        work = engine.measure(only, provider, options.rounds, cpu)
        printed.append(tables(work.results.values()))
        everything["results"] = [result.as_json() for result in work.results.values()]
    if any(group in servers.GROUPS for group in only):
        found = servers.measure(only, provider, options.runs, cpu)
        printed.append(servers.tables(found))
        everything["servers"] = found.as_json()
    if any(group in clients.GROUPS for group in only):
        asked = clients.measure(only, provider, options.runs, cpu)
        printed.append(clients.tables(asked))
        everything["clients"] = asked.as_json()
    everything["conditions"] = conditions(cpu)
    show_conditions(everything["conditions"])
    print(*printed, sep="\n")
    show_notes(notes)
    if options.json:
        everything["skipped"] = list(notes.skipped)
        everything["warnings"] = list(notes.warnings)
        options.json.write_text(json.dumps(everything, indent=1) + "\n")


if __name__ == "__main__":
    main()
