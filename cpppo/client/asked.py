# SPDX-License-Identifier: Apache-2.0
"""What somebody wants of a device, and what the device has answered.

Over `attributes` and `result`, under `proxy`.  No I/O.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import ProtocolError, StatusError
from ..protocol.enip.types import CODES, LREAL, REAL
from .attributes import Types, ValueMismatch, kinds, values
from .operations import Operation
from .result import NONE, Result

__all__ = ["Answers", "Asked", "Wanted", "detail", "line", "refusal"]

Asked = str | Mapping[str, Any] | Operation
TOLD = 5  # attributes that an error names
NAMES = {kind.__name__: kind for kind in CODES.values()}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for, and the operation that asks the device."""

    attribute: str
    types: Types
    units: str | None
    operation: Asked

    @property
    def name(self) -> str:
        """The attribute, without what is written to it."""
        return self.attribute.partition("=")[0].strip()

    def value(self, result: Result) -> Any:
        """What the answer means; None where the device refused."""
        if not result.ok or self.types is None:
            return result.data
        if result.data is True:  # written
            return True
        suits(self, result.type)
        try:
            return values(self.types, result.octets)
        except ValueMismatch as exc:
            raise ValueMismatch(f"{self.name}: {exc}") from None


def suits(wanted: Wanted, told: str | None) -> None:
    """Refuse to take an integer's bits for a float, where the device says what it is.

    An attribute is octets, but the answer of a tag has its type.
    """
    several, alone = kinds(wanted.types)
    asked, known = several[0][0], NAMES.get(told or "")
    if known is None or known is asked or not alone:
        return
    if asked in {REAL, LREAL} or known in {REAL, LREAL}:
        raise ValueMismatch(
            f"{wanted.name}: asked for as {asked.__name__}, and it is {told}"
        )


class Answers:
    """What was asked for, each with its result, and the error that ended it.

    Whatever was not answered is not given out: the error stands in its place.
    """

    __slots__ = ("pairs", "problem")

    def __init__(self) -> None:
        self.pairs: list[tuple[Wanted, Result]] = []
        self.problem: BaseException | None = None

    def __iter__(self) -> Iterator[tuple[Wanted, Result]]:
        """The pairs; then the error is raised."""
        for one, result in self.pairs:
            if result.status == NONE:
                break
            yield one, result
        problem, self.problem = self.problem, None
        if problem is not None:
            try:
                raise problem
            finally:
                del problem  # its traceback has this frame: no cycle

    def ended(self, problem: BaseException) -> None:
        """What ended it; it says which writes may have been done and may not."""
        names = [one.name for one, result in self.pairs if result.unknown]
        if names:
            more = f" and {len(names) - TOLD} more" if len(names) > TOLD else ""
            told = f"; not known whether written: {', '.join(names[:TOLD])}{more}"
            if isinstance(problem, ProtocolError):
                problem.problem += told
            else:
                problem.args = (f"{problem}{told}",)
        self.problem = problem


def line(one: Wanted, result: Result, value: Any) -> str:
    """What is printed for an attribute."""
    if not result.ok:
        return f"{one.attribute:>16} == None: {result.words!r}"
    shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return f"{one.attribute:>16} == {shown} {one.units or ''}".rstrip()


def code(result: Result) -> Any:
    """The status, as the manual has it: a number, or with the extended ones."""
    if result.extended:
        return result.status, list(result.extended)
    return result.status


def detail(one: Wanted, result: Result) -> tuple[Any, tuple[str, Types, str | None]]:
    """What is known of a value: (status, (attribute, types, units))."""
    return code(result), (one.attribute, one.types, one.units)


def refusal(
    answers: Iterable[tuple[Wanted, Result]], problem: BaseException | None
) -> StatusError:
    """What was refused, and why; and what went wrong after that."""
    (one, result), *rest = [
        pair for pair in answers if not (pair[1].ok or pair[1].status == NONE)
    ]
    told = f"{one.name}: {result.words}"
    if rest:
        more = f" and {len(rest) - TOLD} more" if len(rest) > TOLD else ""
        names = ", ".join(other.name for other, _ in rest[:TOLD])
        told += f"; refused too: {names}{more}"
    if problem is not None:
        told += f"; then {problem}"
    return StatusError(result.status, result.extended, told)
