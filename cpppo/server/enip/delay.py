# SPDX-License-Identifier: Apache-2.0
"""How long a simulator waits before each reply: always the same, or within a range.

Under `controller`.  It can be changed while replies are waiting; the next ones heed it.
"""

from __future__ import annotations

import math
import re

from ...errors import CpppoError

__all__ = ["Delay", "DelayError"]

NUMBER = r"[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+\."
DELAY = re.compile(rf"\s*({NUMBER})\s*(?:-\s*({NUMBER})\s*)?")

# What the longest of sleeps takes, and more than any client waits.
MOST = 86400.0


class DelayError(CpppoError, ValueError):
    """A text is no delay."""


class Delay:
    """A delay: called, it says how many seconds to wait this time."""

    __slots__ = ("_bounds",)

    def __init__(self, low: float = 0.0, high: float | None = None) -> None:
        self._bounds = bounds(low, low if high is None else high)

    @classmethod
    def parse(cls, text: str) -> Delay:
        """A delay as text: `0.5`, or `0.1-0.9`."""
        match = DELAY.fullmatch(text)
        if match is None:
            raise DelayError(
                f"{text!r} is no delay: seconds are expected, such as 0.5 or 0.1-0.9"
            )
        low, high = match.groups()
        return cls(float(low), None if high is None else float(high))

    def __call__(self) -> float:
        # Taken once: another thread may set both meanwhile.
        low, high = self._bounds
        if low == high:
            return low
        from random import uniform  # noqa: PLC0415 -- it is slow, and rarely wanted

        return uniform(low, high)

    def __bool__(self) -> bool:
        return self._bounds[1] > 0

    def __str__(self) -> str:
        low, high = self._bounds
        return f"{low}" if low == high else f"{low}-{high}"

    @property
    def value(self) -> float:
        """The seconds to wait; of a range, the least."""
        return self._bounds[0]

    @value.setter
    def value(self, seconds: float) -> None:
        self._bounds = bounds(seconds, seconds)

    @property
    def range(self) -> str:
        """The range as text: `0.1-0.9`."""
        return "{}-{}".format(*self._bounds)

    @range.setter
    def range(self, text: str) -> None:
        self._bounds = Delay.parse(text)._bounds


def bounds(low: float, high: float) -> tuple[float, float]:
    """The least and the most, if they can be these."""
    if not (math.isfinite(low) and 0 <= low <= high <= MOST):
        raise DelayError(
            f"a delay is from 0 to {MOST:g} seconds, the less first; not {low}-{high}"
        )
    return float(low), float(high)
