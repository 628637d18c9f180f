# SPDX-License-Identifier: Apache-2.0
"""Results as lines: those of the manual, JSON for scripts, and progress for people.

Over `result`, under the commands.  A line is what 5.2.5 prints, with the status in
words behind its number: whoever looks for 'OK' or for 'Status 255' finds it.

Rules.  Standard output has results and nothing else, one a line, each written at once;
where nobody reads it any more, that is an error for the command to end with.  Progress
goes to a terminal only, and never to one that shows results.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import IO, TYPE_CHECKING, Any

from ..errors import CpppoError
from ..protocol.enip import status
from ..protocol.enip.notation import Scanner, format_path, segment
from ..protocol.enip.path import Element, Segment
from ..protocol.enip.types import CODES
from .operations import Operation
from .result import MISMATCH, NONE, Result

if TYPE_CHECKING:
    from .datafiles import DataOutcome

__all__ = [
    "Progress",
    "Unread",
    "Unwritten",
    "complain",
    "display",
    "json_line",
    "line",
    "tuple_line",
]

# By the method: what stands between a tag and its value.
MARKS = {"write": "<=", "set_attribute_single": "<="}
BLANK = " " * 13


class Unread(BrokenPipeError):
    """Nobody reads what is written to standard output."""


class Unwritten(CpppoError):
    """Standard output takes no more: a full disk, for one."""


# -- the manual's lines


def line(result: Result | DataOutcome) -> str:
    """An operation and its result, as `SCADA[1][  1-1  ]+  0 == [99]: 'OK'`."""
    operation = result.operation
    data = result.data if operation.data is None else list(operation.data)
    said = "OK" if result.ok else told(result)
    mark = MARKS.get(operation.method, "==")
    place = f"{result.tag:>20}{BLANK}"
    if isinstance(operation, Operation):
        count = operation.elements
        # Where the device begins at an offset, it has fewer than were asked for.
        if operation.data is None and isinstance(data, list):
            count = len(data)
        place = placed(operation.path, count, operation.offset)
    return f"{place} {mark} {data!r}: {said!r}"


def told(result: Result | DataOutcome) -> str:
    """The status of what failed: its number, as scripts know it, and in words."""
    if result.status == NONE:
        return f"Unknown: {result.words}" if result.unknown else result.words
    return f"{numbered(result.status, result.extended)}: {result.words}"


def numbered(code: int, extended: Sequence[int]) -> str:
    return f"Status {code} {list(extended)}" if extended else f"Status {code}"


def placed(path: Sequence[Segment], count: int, offset: int | None) -> str:
    """The tag, and if it has an index, which elements and from which octet on."""
    name = f"{format_path(path):>20}"
    if not path or not isinstance(path[-1], Element):
        return name + BLANK
    first = path[-1].value
    return f"{name}[{first:3}-{first + count - 1:<3}]+{offset or 0:3}"


def tuple_line(harvested: Sequence[Any]) -> str:
    """The same of a six-tuple (index, description, request, reply, status, value)."""
    _, _, request, _, said, value = harvested
    nowhere = Scanner("")
    path = tuple(segment(one, nowhere, 0) for one in request["path.segment"])
    asked: Mapping[str, Any] = {}
    mark = "=="
    for name in ("read_tag", "read_frag", "write_tag", "write_frag"):
        if name in request:
            asked = request[name]
            mark = "<=" if name.startswith("write") else "=="
    if "set_attribute_single" in request:
        asked, mark = request["set_attribute_single"], "<="
    shown = list(asked["data"]) if mark == "<=" else value
    count = asked.get("elements", 1)
    if mark == "==" and isinstance(value, list):
        count = len(value)
    place = placed(path, count, asked.get("offset"))
    code, extended = said if isinstance(said, tuple) else (said, ())
    words = status.words(code, tuple(extended))
    kind = CODES.get(asked.get("type", 0))
    if mark == "<=" and kind is not None and MISMATCH in extended:
        words += f" than {kind.__name__}"
    text = "OK" if not code else f"{numbered(code, extended)}: {words}"
    return f"{place} {mark} {shown!r}: {text!r}"


# -- JSON


def json_line(result: Result | DataOutcome) -> str:
    """A result as a line of JSON: all that is known of it."""
    answered = result.status != NONE
    return json.dumps(
        {
            "index": result.index,
            "tag": result.tag,
            "type": result.type,
            "value": plain(result.value),
            "status": result.status if answered else None,
            "extended": list(result.extended),
            "words": result.words,
            "ok": result.ok,
            "unknown": result.unknown,
            "time": round(result.time, 6) if answered else None,
        }
    )


def plain(value: Any) -> Any:
    """A value as JSON can say it: octets are numbers, what is no number is a text."""
    if isinstance(value, bytes | bytearray | memoryview):
        return list(value)
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)


# -- where lines go


def display(text: str) -> None:
    """Write a line to standard output at once; Unread, Unwritten if it cannot be."""
    out = sys.stdout
    if out is None:
        return
    try:
        try:
            out.write(f"{text}\n")
        except UnicodeEncodeError:
            encoding = out.encoding or "ascii"
            out.write(f"{text.encode(encoding, 'backslashreplace').decode(encoding)}\n")
        out.flush()
    except OSError as exc:
        # Nor may the interpreter flush any more, when it ends.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, out.fileno())
        os.close(nowhere)
        if isinstance(exc, BrokenPipeError):
            raise Unread from exc
        raise Unwritten(f"standard output: {exc.strerror}") from exc


def complain(text: str) -> None:
    """Say what is wrong, where people look for it."""
    if sys.stderr is not None:
        print(text, file=sys.stderr, flush=True)


class Progress:
    """How far a long work is: one line on a terminal, while nothing else is there.

    It appears after a while, at most so often, and `clear` takes it away.
    """

    AFTER, EVERY = 1.0, 0.2  # seconds

    __slots__ = ("_begun", "_done", "_failed", "_next", "_shown", "_to", "_total")

    def __init__(self, total: int | None, to: IO[str] | None) -> None:
        self._total = total
        self._to = to
        self._begun = time.monotonic()
        self._next = self._begun + self.AFTER
        self._done = self._failed = 0
        self._shown = 0

    @classmethod
    def wanted(cls, total: int | None, printing: bool, verbose: int) -> Progress:
        """Progress on standard error, if that is a terminal that nothing else uses."""
        error, out = sys.stderr, sys.stdout
        busy = verbose or (printing and out is not None and out.isatty())
        seen = error is not None and error.isatty() and not busy
        return cls(total, error if seen else None)

    def count(self, ok: bool) -> None:
        """One more is done."""
        self._done += 1
        self._failed += not ok
        if self._to is not None and time.monotonic() >= self._next:
            self._show(time.monotonic())

    def _show(self, now: float) -> None:
        spent = now - self._begun
        text = f"{self._done:,}"
        if self._total:
            text += f" of {self._total:,} ({100 * self._done // self._total}%)"
        text += f", {self._done / spent:,.0f} a second"
        if self._failed:
            text += f", {self._failed:,} failed"
        self._write(text)
        self._next = now + self.EVERY

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            self._write("")
            self._write("")

    def _write(self, text: str) -> None:
        if self._to is not None:
            self._to.write(f"\r{text.ljust(self._shown)}")
            self._to.flush()
            self._shown = len(text)
