# SPDX-License-Identifier: Apache-2.0
"""What is polled: parameters by name, tags, tuples of a tag, types and units.

Under `poll`; over a proxy, of which it uses `with`, `parameter_substitution` and
`read_outcomes`, or where there is no such thing `read_details`, or `read`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ..errors import StatusError
from ..protocol.enip.status import words
from .attributes import ValueMismatch

__all__ = [
    "ParameterMismatch",
    "ParameterRefused",
    "Parameters",
    "Read",
    "detailed",
    "label",
    "listed",
]

# The parameter, its value, what is known of that, and what is wrong with it.
Read = tuple[Any, Any, Any, ValueMismatch | None]

USUAL = ("output_current", "motor_velocity")  # what is polled where nothing is said


class ParameterRefused(StatusError):
    """The device answers, and refuses this parameter."""

    def __init__(self, parameter: Any, status: Any = None) -> None:
        code, extended = coded(status)
        text = words(code, extended) if code else "no value"
        super().__init__(code, extended, f"{label(parameter)}: {text}")
        self.parameter = parameter

    def __str__(self) -> str:
        return super().__str__() if self.code else self.name


class ParameterMismatch(ValueMismatch):
    """The device answers, and that is no value of the type of this parameter."""

    def __init__(self, parameter: Any, problem: ValueMismatch) -> None:
        name, text = label(parameter), str(problem)
        super().__init__(text if text.startswith(f"{name}:") else f"{name}: {text}")
        self.parameter = parameter


def coded(status: Any) -> tuple[int, tuple[int, ...]]:
    """A status as results have it: a number, or that and its extended words."""
    if isinstance(status, tuple | list) and len(status) == 2:
        return int(status[0]), tuple(int(word) for word in status[1])
    return (status, ()) if isinstance(status, int) else (0, ())


def label(parameter: Any) -> str:
    """A parameter's name, or its tag."""
    if isinstance(parameter, tuple | list) and parameter:
        return str(parameter[0])
    return str(parameter)


class Parameters:
    """What to ask a proxy, and asking it.

    Names are looked up once, and again when their list has been changed.
    """

    def __init__(self, via: Any, params: Any, pass_thru: bool | None) -> None:
        self.via = via
        self.params = listed(via, params)
        self.pass_thru = pass_thru
        self.known: list[Any] = []  # the params that were looked up, and what was found
        self._found: list[Any] = []

    def found(self) -> list[Any]:
        """What the proxy reads for these parameters."""
        # Comparing finds the same objects, and costs next to nothing.
        if self.known != self.params:
            known = list(self.params)
            look_up = self.via.parameter_substitution
            self._found = list(look_up(known, pass_thru=self.pass_thru))
            self.known = known
        return self._found

    def read(self) -> list[Read]:
        """Each parameter with what came of it; all, or an error."""
        found = self.found()
        with self.via:
            read = list(outcomes(self.via, found))
        return [
            (parameter, *outcome)
            for parameter, outcome in zip(self.known, read, strict=True)
        ]


def listed(via: Any, params: Any) -> Any:
    """The parameters, as a list that its owner may go on changing."""
    if params is None:
        known = getattr(via, "PARAMETERS", None) or {}
        if not all(name in known for name in USUAL):
            raise ValueError(
                'nothing to poll: say which parameters, such as params=["SCADA[0-9]"]'
            )
        return [name.replace("_", " ").title() for name in USUAL]
    if isinstance(params, str):
        return [params]
    return params if isinstance(params, list) else list(params)


def outcomes(
    via: Any, found: Iterable[Any]
) -> Iterator[tuple[Any, Any, ValueMismatch | None]]:
    """Values with what is known of each and what is wrong, where the proxy tells."""
    read_outcomes = getattr(via, "read_outcomes", None)
    if read_outcomes is not None:
        yield from read_outcomes(found)
    else:
        for value, detail in detailed(via, found):
            yield value, detail, None


def detailed(via: Any, found: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    """Values with what is known of each, where the proxy tells."""
    read_details = getattr(via, "read_details", None)
    if read_details is not None:
        yield from read_details(found)
    else:
        for value in via.read(found):
            yield value, None
