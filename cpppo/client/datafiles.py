# SPDX-License-Identifier: Apache-2.0
"""Operations on data files as people write them: `N7:0`, `F8:0{3}`, `N7:1=5`.

Over `slc` and `pccc`, beside `operations`, whose texts of values it takes; under
`command`.  What is known to be wrong without asking is refused with its place, before
anything is sent.

    address [= value, value, ...]

An element of many members is written as JSON: `T4:0={"PRE": 100}`; what is not named
is 0 then, as the element is written whole.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import CpppoError, Disconnected
from ..protocol.enip.datafile import CAPACITY, DataAddress, FileType
from ..protocol.enip.notation import NotationError
from ..protocol.enip.types import DINT, INT, REAL
from .operations import OperationError, Reader, bare
from .pccc import DIALECTS, DataResult, command
from .slc import SLC
from .values import Kind, Unfit, fitted, literal, target

__all__ = ["DataFiles", "DataOperation", "DataOutcome"]

# By the letter of a file: the numbers in it, the texts, what people call an element.
NUMBERS: dict[str, Kind] = {"F": REAL, "L": DINT}
TEXTS = {"ST": CAPACITY, "A": 2}
NAMES = {
    **{"O": "WORD", "I": "WORD", "B": "WORD", "S": "INT", "N": "INT", "F": "REAL"},
    **{"L": "DINT", "ST": "STRING", "A": "ASCII"},
    **{"T": "TIMER", "C": "COUNTER", "R": "CONTROL"},
}
MOST = 0xFFFF  # the number of an element
TRUTHS = {"0": False, "1": True, "false": False, "true": True}


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
        return NAMES[self.address.type.letter] if self.address.whole else "INT"


@dataclass(frozen=True, slots=True)
class DataOutcome:
    """What an operation came to; shown as the `Result` of a tag is."""

    operation: DataOperation
    index: int
    result: DataResult
    time: float

    @property
    def tag(self) -> str:
        return str(self.operation.address)

    @property
    def ok(self) -> bool:
        return self.result.ok

    @property
    def status(self) -> int:
        return self.result.status

    @property
    def extended(self) -> tuple[int, ...]:
        return self.result.extended

    @property
    def words(self) -> str:
        return self.result.words

    @property
    def unknown(self) -> bool:
        return self.result.unknown

    @property
    def error(self) -> str | None:
        return self.result.error

    @property
    def value(self) -> Any:
        return self.result.value

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
            yield DataOutcome(one, nth, result, time.time())
            if result.unknown:
                raise Disconnected(f"no answer from {self.plc.place} to a write")

    def close(self) -> None:
        self.plc.close()


# -- the texts of values


def values(reader: Reader, address: DataAddress) -> tuple[Any, ...]:
    """The values of a write, whose reader stands before the first."""
    if address.whole and address.type.bits:
        return elements(reader, address)
    texted = address.type.letter in TEXTS
    if reader.sees("(") and not texted:
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
    letter = address.type.letter
    if len(texts) > 1 and (address.bit is not None or not address.whole):
        what = "a bit" if address.bit is not None else "a word of an element"
        raise Unfit(f"{what} has one value", "data", 1)
    if address.bit is not None:
        if texts[0].lower() not in TRUTHS:
            raise Unfit(f"a bit is 0, 1, true or false, not {texts[0]!r:.40}", "data")
        return (TRUTHS[texts[0].lower()],)
    if letter in TEXTS:
        most = TEXTS[letter]
        for nth, one in enumerate(texts):
            if len(one) > most or max(one, default="") > "\xff":
                problem = f"a text here has up to {most} characters of Latin-1"
                raise Unfit(f"{problem}, not {one!r:.40}", "data", nth)
        return tuple(texts)
    kind = NUMBERS.get(letter, INT)
    numbers = fitted(kind, [literal(kind, one) for one in texts])
    # Bits are shown as they are read: above 0.
    bits = address.whole and NAMES[letter] == "WORD"
    return tuple(one & 0xFFFF for one in numbers) if bits else numbers


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
        try:
            one = members(reader.json(), address.type)
        except Unfit as exc:
            raise reader.error(exc.problem, at) from None
        found.append(address.form.unpack(address.form.one(one)))
        reader.blank()
        if not reader.take(","):
            break
    reader.end("',' expected, or the end")
    if address.count not in (None, len(found)):
        wanted = f"as many values as elements ({address.count}) expected"
        raise reader.error(f"{wanted}, not {len(found)}")
    return tuple(found)


def members(given: dict[str, Any], kind: FileType) -> dict[str, Any]:
    """The members of an element, each as it is stored; Unfit."""
    found: dict[str, Any] = {}
    for name, value in given.items():
        if name in kind.words:
            (found[name],) = fitted(INT, [value])
        elif name not in kind.bits:
            there = ", ".join((*kind.bits, *kind.words))
            raise Unfit(f"no member {name!r:.40}; there are {there}", "data")
        elif value in (0, 1):
            found[name] = bool(value)
        else:
            raise Unfit(f"{name} is true or false, not {value!r:.40}", "data")
    return found
