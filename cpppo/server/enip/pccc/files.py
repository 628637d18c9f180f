# SPDX-License-Identifier: Apache-2.0
"""The data files of one controller: each the octets that go over the wire.

At the bottom of `server.enip.pccc`, over `protocol.enip.datafile`.  A file never
changes its size.  Who reads or writes holds `lock`, so that no request sees half of
another; a program reads and writes by address, as clients do: `files["T4:0.ACC"] = 5`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from threading import RLock
from typing import Any

from ....errors import CpppoError, EncodeError
from ....protocol.enip.datafile import DataAddress, FileType, filed
from ....protocol.enip.notation import NotationError
from ....protocol.enip.pccc_status import Refused

__all__ = ["USUAL", "DataFile", "DataFileError", "DataFiles", "Wrong"]

# What a processor has, whoever made its program; elements of each.
USUAL = {
    "O0": 31,
    "I1": 31,
    "S2": 164,
    "B3": 256,
    "T4": 256,
    "C5": 256,
    "R6": 256,
    "N7": 256,
    "F8": 256,
}
CATALOG = "1747-L552"  # an SLC 5/05
# The numbers that a file may hold, by the name of its form.
RANGES = {
    "INT": (-0x8000, 0x7FFF),
    "DINT": (-0x80000000, 0x7FFFFFFF),
    "REAL": (-3.4028235e38, 3.4028235e38),
}
MOST_FILES, MOST_ELEMENTS = 999, 0x10000
SAID = ("size", "value")


class DataFileError(CpppoError, ValueError):
    """A data file that cannot be had, and why."""


class Wrong(Exception):
    """A command is answered with a status that says no."""

    def __init__(self, status: Refused) -> None:
        super().__init__(status)
        self.status = status


class DataFile:
    """One file: its type, its number, and its octets."""

    def __init__(self, type: FileType, number: int, elements: int) -> None:
        self.type = type
        self.number = number
        self.octets = bytearray(type.size * elements)

    def __repr__(self) -> str:
        return f"{self.name}[{len(self)}]"

    def __len__(self) -> int:
        return len(self.octets) // self.type.size

    @property
    def name(self) -> str:
        return f"{self.type.letter}{self.number}"

    def fill(self, value: Any) -> None:
        """Give all elements a value; if there are several, the first ones theirs."""
        several = isinstance(value, Sequence) and not isinstance(value, str | bytes)
        values = list(value) if several else [value] * len(self)
        if len(values) > len(self):
            raise DataFileError(
                f"data file {self.name}: {len(values)} values, and {len(self)} elements"
            )
        try:
            packed = self.type.form.packed(values)
        except EncodeError as exc:
            problem = self.problem(values) or str(exc)
            raise DataFileError(f"data file {self.name}: {problem}") from None
        self.octets[: len(packed)] = packed

    def problem(self, values: list[Any]) -> str:
        """What is said of the first number that is too large or too small."""
        name = self.type.form.name
        if name not in RANGES:
            return ""
        low, high = RANGES[name]
        for value in values:
            if isinstance(value, int | float) and not low <= value <= high:
                return f"{value!r:.40} is no {name}, which is from {low} to {high}"
        return ""

    def held(self, at: int, size: int) -> bytes:
        """So many octets; all of them must be there."""
        if not 0 <= at <= len(self.octets) - size:
            raise Wrong(Refused.BEYOND_END)
        return bytes(self.octets[at : at + size])

    def store(self, at: int, octets: bytes) -> None:
        """New octets, for which there must be room."""
        self.held(at, len(octets))
        self.octets[at : at + len(octets)] = octets


class DataFiles:
    """All files, by their number; `catalog` is what the processor is called.

    A file is a number of elements, or a table of its `size` and `value`: one value for
    all elements, or a list for the first ones.  The usual files are there without
    being given; `DataFiles(given, usual=False)` has none but those given.
    """

    def __init__(
        self,
        given: Mapping[str, Any] | None = None,
        *,
        catalog: str = CATALOG,
        usual: bool = True,
    ) -> None:
        self.catalog = catalog
        self.lock = RLock()  # a program's tag may be made of files
        self.files: dict[int, DataFile] = {}
        for name, how in (given or {}).items():
            one = made(name, how)
            if one.number in self.files:
                other = self.files[one.number].name
                raise DataFileError(
                    f"data file {name}: {other} has that number already"
                )
            self.files[one.number] = one
        if usual:
            for name, size in USUAL.items():
                one = made(name, size)
                self.files.setdefault(one.number, one)

    def __repr__(self) -> str:
        return f"<DataFiles: {', '.join(map(repr, self))}>"

    def __iter__(self) -> Iterator[DataFile]:
        """The files in the order of their numbers."""
        return iter([self.files[number] for number in sorted(self.files)])

    def __len__(self) -> int:
        return len(self.files)

    def find(self, number: int) -> DataFile:
        """The file with this number."""
        found = self.files.get(number)
        if found is None:
            raise Wrong(Refused.NOT_USABLE)
        return found

    # -- what a program sees

    def __getitem__(self, text: str) -> Any:
        """The value at an address; with a count, a list of them."""
        file, address = self._place(text)
        with self.lock:
            octets = bytes(file.octets[address.at : address.at + address.octets])
        values = address.form.unpacked(octets)
        if address.bit is not None:
            return bool(values[0] >> address.bit & 1)
        return values[0] if address.count is None else values

    def __setitem__(self, text: str, value: Any) -> None:
        file, address = self._place(text)
        at, size = address.at, address.octets
        if address.bit is not None:
            bit = 1 << address.bit
            with self.lock:
                held = int.from_bytes(file.octets[at : at + size], "little")
                new = held | bit if value else held & ~bit
                file.octets[at : at + size] = new.to_bytes(size, "little")
            return
        octets = address.form.packed([value] if address.count is None else value)
        if len(octets) != size:
            count = len(octets) // address.form.size
            raise DataFileError(f"{text}: {count} values for {address.count}")
        with self.lock:
            file.octets[at : at + size] = octets

    def _place(self, text: str) -> tuple[DataFile, DataAddress]:
        address = DataAddress.parse(text)
        file = self.files.get(address.file)
        if file is None or file.type is not address.type:
            there = ", ".join(one.name for one in self)
            raise DataFileError(f"{text}: there is no such file; there are {there}")
        if address.at + address.octets > len(file.octets):
            raise DataFileError(f"{text}: {file.name} has {len(file)} elements")
        return file, address


def made(name: str, how: Any) -> DataFile:
    """A file as it is given: a number of elements, or a table."""
    try:
        kind, number = filed(name)
    except NotationError as exc:
        raise DataFileError(f"data file {name!r}: {exc.problem}") from None
    table = how if isinstance(how, Mapping) else {"size": how}
    unknown = [one for one in table if one not in SAID]
    if unknown:
        raise DataFileError(
            f"data file {name}: size and value can be said, not {unknown[0]!r}"
        )
    value = table.get("value")
    several = isinstance(value, Sequence) and not isinstance(value, str | bytes)
    size = table.get("size", len(value) if several and value is not None else None)
    if type(size) is not int or not 1 <= size <= MOST_ELEMENTS:
        raise DataFileError(
            f"data file {name}: a number of elements expected, from 1 to "
            f"{MOST_ELEMENTS}, not {size!r}"
        )
    if number > MOST_FILES:
        raise DataFileError(f"data file {name}: numbers are from 0 to {MOST_FILES}")
    one = DataFile(kind, number, size)
    if value is not None:
        one.fill(value)
    return one
