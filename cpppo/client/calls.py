# SPDX-License-Identifier: Apache-2.0
"""Programs: what is to be done, up to where somebody has to wait.

At the bottom of `line` and `subscription`, which have the programs, and of the two
shells that carry them out.  A program is a generator.  Whatever may wait it yields, as
a function and its arguments; one shell calls that, the other awaits it, and what comes
of it, a value or an exception, goes back into the program.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Protocol, TypeVar

from ..sockets import LONGEST

__all__ = ["Call", "Program", "Wire", "carried", "limit"]

T = TypeVar("T")
Program = Generator[tuple[Any, ...], Any, T]  # what it waits for, and what it comes to


def limit(timeout: Any) -> float | None:
    """How many seconds a call may take: what was told, if it is a time."""
    if timeout is None:
        return None
    try:
        seconds = None if isinstance(timeout, str | bytes) else float(timeout)
    except (TypeError, ValueError, OverflowError):
        seconds = None
    if seconds is None:
        problem = "a time-out is a number of seconds, or None"
        raise TypeError(f"{problem}, not {timeout!r:.40}")
    if not seconds > 0:
        raise ValueError(f"a time-out is above 0 s, or None, not {timeout!r}")
    # What is longer no clock of the system counts.
    return None if seconds > LONGEST else timeout


class Wire(Protocol):
    """What a shell connects with; its methods are called or awaited."""

    def send(self, octets: bytes, timeout: float | None) -> Any: ...
    def receive(self, timeout: float | None) -> Any: ...
    def readable(self, timeout: float | None = 0) -> bool: ...
    def close(self) -> None: ...


class Call:
    """One call of somebody: when it began, how long it may take, and who ended it."""

    __slots__ = ("began", "ended", "left", "pages", "timeout", "until")

    def __init__(self, timeout: float | None, now: float) -> None:
        self.timeout = timeout
        self.left = timeout  # at the last look
        self.began = now
        self.until = float("inf") if timeout is None else now + timeout
        self.ended = ""  # why, where it was not by itself
        self.pages = False  # whether each page of what is asked has the time anew


def carried(program: Program[T]) -> T:
    """Carry out what a program wants done, and return what it comes to."""
    try:
        step = next(program)
        while True:
            try:
                answer = step[0](*step[1:])
            except Exception as exc:
                step = program.throw(exc)
            else:
                step = program.send(answer)
    except StopIteration as stop:
        found: T = stop.value
        return found
    finally:
        program.close()  # it may have been left half-way, by ^C
