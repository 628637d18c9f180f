# SPDX-License-Identifier: Apache-2.0
"""What a module of candidates hands to the stopwatch.

A module of candidates (``ours``, and each in ``peers``) has one function,
``candidates(group)``, which lists generators of the candidates of one group of works.
A candidate is checked before it is handed over: what is fast and wrong is not measured.
What a generator raises skips the rest of that generator, and no other.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Timed:
    """A function called with each argument in turn, over and over.

    A figure is the time of one call; with ``octets`` (of one argument) it is a rate.
    """

    work: str
    name: str
    call: Callable[[Any], object]
    arguments: Sequence[Any]
    octets: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Sampled:
    """A function that measures itself, and answers seconds."""

    work: str
    name: str
    sample: Callable[[], float]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Absent:
    """A candidate that cannot run here, and why."""

    work: str
    name: str
    reason: str


Candidate = Timed | Sampled | Absent
Candidates = list[Iterator[Candidate]]


class WrongAnswerError(Exception):
    """A candidate does not do the work that it would be measured for."""


def check(right: bool, what: str) -> None:
    """Refuse to measure a candidate whose answer is wrong."""
    if not right:
        raise WrongAnswerError(what)
