# SPDX-License-Identifier: Apache-2.0
"""Results as tests need them: what an operation came to, said in a word.

`Device` stands where a connector would be, and answers as a test says.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from cpppo.client.operations import Operation
from cpppo.client.requests import prepared
from cpppo.client.result import Result

__all__ = ["Device", "outcome", "unanswered"]

Outcome = Result | Exception | type[BaseException]
Answer = Callable[[Operation], Outcome]


def outcome(
    operation: str | Operation,
    values: bytes = b"",
    code: int = 0xC3,
    status: int = 0,
    extended: tuple[int, ...] = (),
) -> Result:
    """What an operation came to: octets of values of a type, or a status."""
    if isinstance(operation, str):
        operation = Operation.parse(operation)
    result = Result(prepared(operation, False))
    result.index = 0
    result.sent = result.complete = True
    result.status = status
    result.extended = extended
    result.time = 1700000000.25
    result.code = code
    result.reply = values
    return result


def unanswered(operation: str | Operation) -> Result:
    """What was sent, and never answered."""
    if isinstance(operation, str):
        operation = Operation.parse(operation)
    result = Result(prepared(operation, False))
    result.index = 0
    result.sent = True
    return result


def counting(operation: Operation) -> Outcome:
    """INT from 0 on, as many as are asked for."""
    count = operation.elements
    return outcome(operation, struct.pack(f"<{count}h", *range(count)))


class Device:
    """What is asked here is kept in `asked`; an exception as an answer is raised."""

    def __init__(self, answer: Answer = counting) -> None:
        self.answer = answer
        self.asked: list[str] = []
        self.batches: list[dict[str, Any]] = []
        self.closed = False
        self.stale = False

    def ask(self, operations: Iterable[Operation], **how: Any) -> Iterator[Result]:
        self.batches.append(how)
        for nth, operation in enumerate(operations):
            self.asked.append(operation.text)
            found = self.answer(operation)
            if not isinstance(found, Result):
                raise found
            found.index = how["index"] + nth
            yield found

    def readable(self, timeout: float | None = None) -> bool:
        return self.stale

    def close(self) -> None:
        self.closed = True
