# SPDX-License-Identifier: Apache-2.0
"""A CIP attribute: some values of one type, kept as the octets that go over the wire.

Over `places`, under `objects`.  Overriding `__getitem__` and `__setitem__` is how a
program of yours takes part in every read and write; who does not override them is
*plain*, and served without a call to Python.  Methods are called from the threads of
all sessions.  CIP Vol 1, 1-8 and 4-4.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from threading import Lock, RLock
from typing import Any, Literal

from ....automata.once import once
from ....protocol.enip.status import Status
from ....protocol.enip.structures import StructureType
from ....protocol.enip.types import CIPType, TextType
from .places import Place, Storage

__all__ = ["ACCESSES", "MASK_ALL", "MASK_SINGLE", "Attribute", "access_of"]

MASK_ALL = 0x01  # not part of Get Attributes All
MASK_SINGLE = 0x02  # not to be had by Get Attribute Single

# What clients may do with a tag, and how a list of tags says that.
ACCESSES = {"read/write": 0, "read-only": 2, "none": 3}


def access_of(said: str) -> str:
    """An access in any spelling, `Read Only`; a ValueError if it is none."""
    found = said.lower().replace(" ", "-").replace("read-write", "read/write")
    if found not in ACCESSES:
        raise ValueError(f"access is {', '.join(ACCESSES)}, not {said!r}")
    return found


class Attribute:
    """Values by index or slice, and their octets; a scalar is an array of one.

    `default` is a value, or a sequence of them; `count` makes an array of one value.
    A value of a structure is a dictionary.  `dimensions` say how an index is made of
    several, the last one counting fastest.
    """

    start = 0  # in the storage

    def __init__(
        self,
        name: str,
        type_cls: type[CIPType],
        default: Any = None,
        error: int = 0,
        mask: int = 0,
        count: int | None = None,
    ) -> None:
        self.name = name
        self.type = type_cls
        self.parser = type_cls()
        self.mask = mask
        self.tagged = False  # has a name to be read and written by
        several = isinstance(default, Sequence) and not isinstance(default, str | bytes)
        self.scalar = count is None and not several
        values = list(default) if several else None
        blank = type_cls.blank if default is None or several else default
        self._length = len(values) if values is not None else count or 1
        self.dimensions: tuple[int, ...] = () if self.scalar else (self._length,)
        self._texts: list[bytes] = []
        self._ends: list[int] | None = None  # of the texts, as they are now
        self._lock = Lock()  # the last two
        self.modifying = RLock()  # held while some bits of a value are written
        self._closed = False
        self.storage = Storage(self._stored(blank, values), False)
        self._hooked = self._is_hooked()
        self.error = error

    def _stored(self, blank: Any, values: list[Any] | None) -> bytearray:
        if issubclass(self.type, TextType):
            self._texts = self.type.packed(
                [blank] * self._length if values is None else values
            )
            return bytearray()
        if values is not None:
            return bytearray(self.type.pack(values))
        one = self.type.produce(blank)
        # What is all zeros costs no memory until it is written.
        if not any(one):
            return bytearray(len(one) * self._length)
        return bytearray(one * self._length)

    @classmethod
    def _is_hooked(cls) -> bool:
        return (
            cls.__getitem__ is not Attribute.__getitem__
            or cls.__setitem__ is not Attribute.__setitem__
        )

    # -- what a program sees

    @property
    def error(self) -> int:
        """The status that every access is answered with; 0: none."""
        return self._error

    @error.setter
    def error(self, status: int) -> None:
        if not 0 <= status <= 0xFF:
            raise ValueError(f"{status!r} is no CIP status: 0 to 255 is expected")
        self._error = status
        self._settle()

    def _settle(self) -> None:
        sized = self.type.struct_calcsize > 0
        self.storage.plain = not self.denied and not self._hooked and sized

    @property
    def access(self) -> str:
        """What clients may do: "read/write", "read-only" or "none"."""
        if self._closed:
            return "none"
        return "read/write" if self.settable else "read-only"

    @access.setter
    def access(self, access: str) -> None:
        if access not in ACCESSES:
            several = ", ".join(map(repr, ACCESSES))
            raise ValueError(f"an access is one of {several}, not {access!r}")
        self._closed = access == "none"
        self.settable = access == "read/write"
        self._settle()

    @property
    def denied(self) -> int:
        """The status that every access of a client is answered with; 0: none."""
        return self.error or (Status.PRIVILEGE_VIOLATION if self._closed else 0)

    @property
    def root(self) -> Attribute:
        """What holds the octets."""
        return self

    @property
    def plain(self) -> bool:
        """Whether to read or write it is to copy octets, no more."""
        return self.storage.plain

    @property
    def settable(self) -> bool:
        """Whether clients may write it."""
        return self.storage.writable

    @settable.setter
    def settable(self, may: bool) -> None:
        self.storage.writable = may

    @property
    def value(self) -> Any:
        """The value of a scalar; a list otherwise."""
        return self[0] if self.scalar else self[:]

    @value.setter
    def value(self, value: Any) -> None:
        self[0 if self.scalar else slice(None)] = value

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Any]:
        return iter(self[:])

    def __repr__(self) -> str:
        size = ",".join(map(str, self.dimensions))
        return f"{self.name} {self.type.__name__}{f'[{size}]' if size else ''}"

    def _validate_key(self, key: int | slice) -> type:
        """Whether one value is meant (int) or several (slice); KeyError beyond them."""
        if isinstance(key, slice):
            start, stop, step = key.indices(len(self))
            asked = key.stop if isinstance(key.stop, int) else stop
            first = key.start if isinstance(key.start, int) else start
            if step == 1 and asked <= len(self) and first <= len(self):
                return slice
        elif isinstance(key, int) and 0 <= key < len(self):
            return int
        raise KeyError(f"{self!r} has no [{key}]")

    def __getitem__(self, key: int | slice) -> Any:
        if self._validate_key(key) is slice:
            start, stop, _ = key.indices(len(self))  # type: ignore[union-attr]
            return self.type.unpack(self._octets(start, stop))
        return self.type.unpack(self._octets(key, key + 1))[0]  # type: ignore[operator,arg-type]

    def __setitem__(self, key: int | slice, value: Any) -> None:
        if self._validate_key(key) is slice:
            start, stop, _ = key.indices(len(self))  # type: ignore[union-attr]
            values = list(value)
            if len(values) != stop - start:
                raise ValueError(f"{len(values)} values for {stop - start} of {self!r}")
        else:
            start, values = key, [value]
        if issubclass(self.type, TextType):
            packed_texts = self.type.packed(values)
            with self._lock:
                self._texts[start : start + len(values)] = packed_texts
                self._ends = None
            return
        packed = self.type.pack(values)
        at = start * self.type.struct_calcsize
        self.storage.octets[at : at + len(packed)] = packed

    def produce(self, start: int = 0, stop: int | None = None) -> bytes:
        """The octets of some values; of all, where no end is given."""
        stop = len(self) if stop is None else stop
        if not self._hooked:
            return bytes(self._octets(start, stop))
        values = self[start:stop]
        return self.type.pack(self._several(values, stop - start))

    # -- what the services use

    def _octets(self, start: int, stop: int) -> bytes | bytearray:
        if issubclass(self.type, TextType):
            return b"".join(self._texts[start:stop])
        size = self.type.struct_calcsize
        return self.storage.octets[start * size : stop * size]

    def _several(self, values: Any, count: int) -> Iterable[Any]:
        if isinstance(values, str | bytes) or not isinstance(values, Iterable):
            values = [values]
        several = list(values)
        if len(several) != count:
            raise ValueError(f"{self!r} gave {len(several)} values for {count}")
        return several

    @once
    def kind(self) -> bytes:
        """The type as a reply says it."""
        return self.type.kind()

    def place(self, index: int) -> Place:
        """Where the value with this index is."""
        size = self.type.struct_calcsize
        return Place(self.storage, index * size, size, self.kind, self)

    @property
    def size(self) -> int:
        """The octets of all values, as far as that is known without asking for them."""
        fixed = len(self) * self.type.struct_calcsize
        return fixed or (self.ends[-1] if self._texts and not self._hooked else 0)

    @property
    def ends(self) -> list[int]:
        """Where each text ends, all of them being one after the other."""
        with self._lock:
            if self._ends is None:
                self._ends = list(accumulate(map(len, self._texts)))
            return self._ends

    def some(
        self, start: int, stop: int, offset: int, most: int
    ) -> tuple[int, int, list[bytes]]:
        """The text in which an offset lies, where in it, and some texts from there on.

        The offset is from the beginning of the text at `start`; `stop` and no text, if
        it lies behind all of them.
        """
        if self._hooked:
            every = self.texts(start, stop)
            at, offset = found(list(accumulate(map(len, every))), 0, len(every), offset)
            return start + at, offset, every[at:]
        ends = self.ends
        offset += ends[start - 1] if start else 0
        at, offset = found(ends, start, stop, offset)
        return at, offset, self._texts[at : min(stop, at + most)]

    def texts(self, start: int, stop: int) -> list[bytes]:
        """The octets of each value, where they differ in length."""
        if not self._hooked:
            return self._texts[start:stop]
        values = self._several(self[start:stop], stop - start)
        packed: list[bytes] = self.type.packed(values)  # type: ignore[attr-defined]
        return packed

    @property
    def hooked(self) -> bool:
        """Whether a program takes part in its reads and writes."""
        return self._hooked

    def write(self, start: int, stop: int, octets: bytes) -> None:
        """Values from their octets, which are as many as these values need."""
        if self._hooked and issubclass(self.type, StructureType):
            # Who changes a member of one meanwhile would put the old ones back.
            with self.modifying:
                self[start:stop] = self.type.unpack(octets)
        elif self._hooked or issubclass(self.type, TextType):
            self[start:stop] = self.type.unpack(octets)
        else:
            at = start * self.type.struct_calcsize
            self.storage.octets[at : at + len(octets)] = octets

    def cut(self, at: int, count: int) -> bytes:
        """So many octets of the storage; of a hook's values those that they are in."""
        if not self._hooked:
            return bytes(self.storage.octets[at : at + count])
        size = self.type.struct_calcsize
        start, stop = at // size, -(-(at + count) // size)
        return self.produce(start, stop)[at - start * size :][:count]

    def patch(self, at: int, octets: bytes) -> None:
        """Octets from a place on that need not be where a value begins or ends."""
        if self._hooked:
            self.change(at, len(octets), lambda _: octets)
        else:
            self.storage.octets[at : at + len(octets)] = octets

    def modify(self, at: int, ones: bytes, zeros: bytes) -> bytes:
        """Set and clear bits of some octets, as many as a number has; what they are
        then.  Nobody else's write comes between."""
        if not self._hooked:
            return modified(self.storage.octets, at, ones, zeros)
        found = b""

        def changed(octets: bytes) -> bytes:
            nonlocal found
            found = bytes(
                (a | b) & c for a, b, c in zip(octets, ones, zeros, strict=True)
            )
            return found

        self.change(at, len(ones), changed)
        return found

    def change(self, at: int, count: int, to: Callable[[bytes], bytes]) -> None:
        """Make other octets of a hook's; nobody else's change comes between."""
        with self.modifying:
            size = self.type.struct_calcsize
            start, stop = at // size, -(-(at + count) // size)
            whole = bytearray(self.produce(start, stop))
            at -= start * size
            whole[at : at + count] = to(bytes(whole[at : at + count]))
            self[start:stop] = self.type.unpack(whole)


# Numbers of so many octets, as a view has them.
VIEWS: dict[int, Literal["B", "H", "I", "Q"]] = {1: "B", 2: "H", 4: "I", 8: "Q"}


def modified(octets: bytearray, at: int, ones: bytes, zeros: bytes) -> bytes:
    """Set and clear bits of a number in place; the octets that it has then."""
    size, order = len(ones), sys.byteorder
    view = memoryview(octets)[at : at + size].cast(VIEWS[size])
    on, off = int.from_bytes(ones, order), int.from_bytes(zeros, order)
    # One statement that calls nothing: the interpreter changes threads at calls, and
    # whoever writes the whole takes no lock.
    view[0] = number = (view[0] | on) & off
    return number.to_bytes(size, order)


def found(ends: list[int], start: int, stop: int, offset: int) -> tuple[int, int]:
    """Which of some texts an offset lies in, and where in it."""
    at = bisect_right(ends, offset, start, stop)
    return at, offset - (ends[at - 1] if at else 0)
