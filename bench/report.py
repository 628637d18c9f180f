# SPDX-License-Identifier: Apache-2.0
"""Figures as tables: median, spread, the target of this package, and ratios.

The tables are in the form of org-mode, to be pasted into README.org.
"""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import subject

COMPILED = "this package, compiled"
UNCOMPILED = "this package, uncompiled"

# Compiled and uncompiled; a rate must reach its target, a time must not pass it.
TARGETS = {
    subject.DECODE: (2.5, 60.0),
    subject.DECODE_DIFFERING: (2.5, 60.0),
    subject.REGISTERS: (0.5, 40.0),
    subject.REGISTERS_DIFFERING: (0.5, 40.0),
    subject.ENCODE: (2.0, 25.0),
    subject.ENCODE_DIFFERING: (2.0, 25.0),
    subject.REGEX_TEXT: (300.0, 20.0),
    subject.REGEX_OCTETS: (300.0, 20.0),
    subject.MAKE_FIRST: (60.0, 60.0),
    subject.MAKE_AGAIN: (60.0, 60.0),
    subject.IMPORT: (80.0, 80.0),
}
UNITS = {"us": "us a frame", "MB/s": "MB/s", "ms": "ms"}


@dataclass(slots=True)
class Result:
    """All figures of one candidate for one work."""

    work: str
    name: str
    unit: str
    figures: list[float] = field(default_factory=list)
    note: str = ""

    @property
    def median(self) -> float:
        """The figure."""
        return statistics.median(self.figures)

    @property
    def target(self) -> float | None:
        """What this package has to reach; None for everybody else."""
        forms = (COMPILED, UNCOMPILED)
        if self.name not in forms or self.work not in TARGETS:
            return None
        return TARGETS[self.work][forms.index(self.name)]

    @property
    def met(self) -> bool | None:
        """Whether the median reaches the target."""
        target = self.target
        if target is None:
            return None
        return self.median >= target if self.unit == "MB/s" else self.median <= target

    def times_slower_than(self, other: "Result") -> float:
        """How many times the other one is faster."""
        if self.unit == "MB/s":
            return other.median / self.median
        return self.median / other.median

    def as_json(self) -> dict[str, Any]:
        """Everything that is known of it."""
        summary = {
            "median": self.median,
            "min": min(self.figures),
            "max": max(self.figures),
            "target": self.target,
            "met": self.met,
        }
        return asdict(self) | summary


def shown(figure: float) -> str:
    """Three digits that count, and no more than are there."""
    if abs(figure) >= 100:
        return f"{figure:,.0f}"
    if abs(figure) >= 10:
        return f"{figure:.1f}"
    return f"{figure:.2f}" if abs(figure) >= 1 else f"{figure:.3f}"


def ratio(result: Result, ours: Result | None) -> str:
    """How many times ours is faster."""
    # A process that imports next to nothing may take less than one that does nothing.
    if ours is None or ours is result or min(ours.median, result.median) <= 0:
        return ""
    return f"{shown(result.times_slower_than(ours))} x"


def target_cells(result: Result) -> tuple[str, str]:
    """The target, and whether it is met."""
    if result.target is None:
        return "", ""
    sign = ">=" if result.unit == "MB/s" else "<="
    return f"{sign} {result.target:g}", "met" if result.met else "NOT MET"


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table in org-mode, of which the first row is the heading."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "| "
        + " | ".join(
            cell.rjust(width) if number else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        + " |"
        for row in rows
    ]
    rule = "|" + "+".join("-" * (width + 2) for width in widths) + "|"
    return [lines[0], rule, *lines[1:]]


def table(results: list[Result]) -> list[str]:
    """The lines of one work's table."""
    by_name = {result.name: result for result in results}
    compiled, uncompiled = by_name.get(COMPILED), by_name.get(UNCOMPILED)
    rows = [
        (
            "candidate",
            UNITS[results[0].unit],
            "min..max",
            "target",
            "",
            "compiled is faster",
            "uncompiled is faster",
        )
    ]
    for result in results:
        spread = f"{shown(min(result.figures))}..{shown(max(result.figures))}"
        target, met = target_cells(result)
        rows.append(
            (
                result.name,
                shown(result.median),
                spread,
                target,
                met,
                ratio(result, compiled),
                ratio(result, uncompiled),
            )
        )
    return aligned(rows)


def tables(results: Iterable[Result]) -> str:
    """The tables of all works, in the order of the targets."""
    by_work: dict[str, list[Result]] = {work: [] for work in TARGETS}
    for result in results:
        by_work.setdefault(result.work, []).append(result)
    lines: list[str] = []
    for work, mine in by_work.items():
        if mine:
            lines += ["", work, "", *table(mine)]
            lines += [f"{r.name}: {r.note}" for r in mine if r.note]
    return "\n".join(lines)
