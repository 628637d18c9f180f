# SPDX-License-Identifier: Apache-2.0
"""Operations on data files as people write them: `N7:0`, `F8:0{3}`, `N7:1=5`.

Over `slc` and `pccc`, beside `operations`, whose texts of values it takes; under
`enip_client`.  What is known to be wrong without asking is refused with its place,
before anything is sent.

    address [= value, value, ...]

An element of many members is written as JSON: `T4:0={"PRE": 100}`; what is not named
is 0 then, as the element is written whole.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import CpppoError, Disconnected, EncodeError
from ..protocol.enip.datafile import DataAddress
from ..protocol.enip.notation import NotationError
from ..protocol.enip.types import BOOL, INT
from .operations import OperationError, Reader, bare
from .pccc import DIALECTS, DataResult, command, stored
from .slc import SLC
from .values import Unfit, literal, target

__all__ = ["DataFiles", "DataOperation", "DataOutcome"]

MOST = 0xFFFF  # the number of an element


@dataclass(frozen=True, slots=True)
class DataOperation:
    """What to ask of a processor with data files; `data` has it that is written."""

    address: DataAddress
    text: str
    data: tuple[Any, ...] | None = None

    @classmethod
    def parse(cls, text: str, kind: str) -> DataOperation:
        """The operation that a text says, for a kind of processor; OperationError."""
        reader = Reader(text)
        begin = reader.at
        head, write, _ = text.partition("=")
        dialect = DIALECTS[kind]
        try:
            one = cls(dialect.address(head.strip()), text)
            if write:
                reader.at = len(head) + 1
                reader.blank()
                one = cls(one.address, text, values(reader, one.address))
            if one.address.element + one.count - 1 > MOST:
                raise OperationError(f"an element has a number to {MOST}", text, begin)
            # That it can be sent is seen by making all that is.
            functions = (
                [function for function, _ in dialect.reads(one.address)]
                if one.data is None
                else dialect.writes(one.address, one.value)
            )
            for function in functions:
                command(function, 0).encode()
        except OperationError:
            raise
        except NotationError as exc:
            raise OperationError(exc.problem, text, begin + exc.place) from None
        except CpppoError as exc:
            raise OperationError(str(exc), text, begin) from None
        return one

    @property
    def method(self) -> str:
        return "read" if self.data is None else "write"

    @property
    def value(self) -> Any:
        """What is written: a value, or a list where the address or the text has one."""
        data = self.data or ()
        alone = self.address.count is None and len(data) == 1
        return data[0] if alone else list(data)

    @property
    def count(self) -> int:
        """How many elements, bits or words it is about."""
        return self.address.count or len(self.data or (None,))

    @property
    def type(self) -> str:
        """What people call what is there."""
        if self.address.bit is not None:
            return "BOOL"
        return self.address.type.name if self.address.whole else "INT"


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class DataOutcome(DataResult):
    """A result with its operation, shown as the `Result` of a tag is."""

    operation: DataOperation
    index: int
    time: float

    @classmethod
    def of(
        cls, operation: DataOperation, index: int, one: DataResult, time: float
    ) -> DataOutcome:
        """What an operation came to, and when."""
        what = (one.tag, one.value, one.status, one.extended, one.words, one.unknown)
        return cls(*what, operation=operation, index=index, time=time)

    @property
    def data(self) -> list[Any] | None:
        """The values in a list; None where there are none."""
        if not self.ok:
            return None
        counted = self.operation.address.count is not None
        return self.value if counted else [self.value]

    @property
    def type(self) -> str | None:
        """What was written or read; of a read that failed nobody knows."""
        known = self.ok or self.operation.data is not None
        return self.operation.type if known else None


class DataFiles:
    """A processor, and what is asked of it; one operation at a time."""

    def __init__(self, plc: SLC) -> None:
        self.plc = plc

    def ask(
        self, operations: Iterable[DataOperation], index: int = 0
    ) -> Iterator[DataOutcome]:
        """What each operation came to, in their order.

        A write that may have been done or not is a result; then an error is raised, as
        whatever would be asked next rests on what is not known.
        """
        for nth, one in enumerate(operations, index):
            tag = one.address.text
            if one.data is None:
                result = self.plc.read(tag)
            else:
                result = self.plc.write((tag, one.value))
            yield DataOutcome.of(one, nth, result, time.time())
            if result.unknown:
                raise Disconnected(f"no answer from {self.plc.place} to a write")

    def close(self) -> None:
        self.plc.close()


# -- the texts of values


def values(reader: Reader, address: DataAddress) -> tuple[Any, ...]:
    """The values of a write, whose reader stands before the first."""
    if address.whole and address.type.bits:
        return elements(reader, address)
    if reader.sees("(") and not address.form.most:
        problem = "a value expected; a data file has its type, so none is said"
        raise reader.error(problem)
    pieces = reader.pieces()
    try:
        texts = [bare(one, nth) for nth, one in enumerate(pieces)]
        found = fits(address, texts)
        target(address.count, None, INT, len(found), False)
    except Unfit as exc:
        raise reader.error(exc.problem, reader.place(pieces, exc)) from None
    return found


def fits(address: DataAddress, texts: Sequence[str]) -> tuple[Any, ...]:
    """Values as what is there stores them; Unfit."""
    if len(texts) > 1 and (address.bit is not None or not address.whole):
        what = "a bit" if address.bit is not None else "a word of an element"
        raise Unfit(f"{what} has one value", "data", 1)
    kind = BOOL if address.bit is not None else address.form.number or INT
    found = []
    for nth, text in enumerate(texts):
        value = text if address.form.most else literal(kind, text)
        try:
            found.append(held(address, value))
        except EncodeError as exc:
            raise Unfit(str(exc), "data", nth) from None
    return tuple(found)


def held(address: DataAddress, value: Any) -> Any:
    """A value as it will be read: bits are above 0, and all members are there."""
    one, form = stored(address, value, strict=False), address.form
    if address.bit is not None or form.number is not None or form.most:
        return one
    return form.unpack(form.one(one))


def elements(reader: Reader, address: DataAddress) -> tuple[Any, ...]:
    """Timers, counters and controls, each an object of JSON."""
    found = []
    while True:
        reader.blank()
        at = reader.at
        if not reader.sees("{"):
            last = address.type.words[-1]
            problem = (
                f'an element expected, as {{"{last}": 5}}; or write a member of it'
            )
            raise reader.error(
                f"{problem}: {address.type.letter}{address.file}:0.{last}"
            )
        one = reader.json()
        try:
            found.append(held(address, one))
        except EncodeError as exc:
            raise reader.error(str(exc), at) from None
        reader.blank()
        if not reader.take(","):
            break
    reader.end("',' expected, or the end")
    if address.count not in (None, len(found)):
        wanted = f"as many values as elements ({address.count}) expected"
        raise reader.error(f"{wanted}, not {len(found)}")
    return tuple(found)
