# SPDX-License-Identifier: Apache-2.0
"""What the manual's two examples of polling share: whom they ask, and what they show.

Over `printing`.  Pollers' threads put lines there, and the main thread shows them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Any

from ..printing import Unread, Unwritten, complain, display
from .arguments import UsageError, parse_address

__all__ = ["Process", "parse_target"]

USAGE = "usage: %s [[HOST][:PORT]]"


class Process:
    """Where the threads of pollers put what they have polled."""

    def __init__(self, stamp: Callable[[], str]) -> None:
        self.done = False
        self.stamp = stamp
        self.lines: SimpleQueue[str] = SimpleQueue()

    def __call__(self, par: Any, val: Any) -> None:
        self.lines.put(f"{self.stamp()}: {par:>16} == {val!r}")

    def failure(self, exc: Exception) -> None:
        self.lines.put(f"{self.stamp()}: {exc}")

    def show(self) -> int:
        """Show it until ^C, in the main thread; the exit status."""
        try:
            while True:
                display(self.lines.get())
        except (KeyboardInterrupt, Unread):
            return 0
        except Unwritten as exc:
            complain(f"error: {exc}")
            return 1
        finally:
            self.done = True


def parse_target(program: str, argv: Sequence[str] | None) -> tuple[str, int] | int:
    """Who is polled, as the arguments say; or an exit status, and it is said why."""
    given = list(sys.argv[1:] if argv is None else argv)
    if {"-h", "--help"} & set(given):
        print(f"{USAGE % program}\n\nPoll a PowerFlex 750 until ^C (localhost:44818).")
        return 0
    try:
        if len(given) > 1:
            raise UsageError(f"one address is expected, not {' '.join(given)!r}")
        return parse_address(given[0] if given else "localhost")
    except UsageError as exc:
        complain(f"{program}: {exc}")
        return 2
