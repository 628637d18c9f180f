# SPDX-License-Identifier: Apache-2.0
"""Operations that take more than one request: what is still to be asked, and by whom.

Under `pipeline`, which sends what these say and brings them the replies.  A long read
comes in parts, a long write goes in pieces, a bit is written once the size of its
value is known.  What a device says here is held against what it said before: it
cannot make anybody ask for ever.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from ..errors import StatusError, Unexpected
from ..protocol.enip import Path
from ..protocol.enip.status import Status
from ..protocol.enip.types import BOOL, CODES, CIPType, TextType
from .forms import Compound
from .requests import mask, reading
from .result import Prepared

__all__ = [
    "BitWrite",
    "Pieces",
    "ReadParts",
    "Step",
    "bits_of",
    "complete",
    "size_of",
]

WHOLE = frozenset("bhiq")

MOST_PARTS = 16384
MOST_AT_ONCE = 1024
MOST_OCTETS = 16 << 20

# A request, and the octets of the whole that are wanted of its reply (or -1).
Step = tuple[bytes, int, int]


class Several(Protocol):
    """What an operation of several requests has come to."""

    octets: bytearray

    def steps(self) -> Iterator[Step]:
        """What is to be asked next."""

    def took(
        self, start: int, stop: int, partial: bool, code: int, body: bytes
    ) -> Iterator[Step]:
        """A reply came, with some typed octets; what is to be asked now."""


class ReadParts:
    """A read whose first reply was not all.

    Where the values have a size, the whole is known, and all the rest can be asked for
    at once; otherwise each reply says where the next one begins.
    """

    def __init__(self, prepared: Prepared, code: int) -> None:
        self.prepared = prepared
        self.code = code
        size = size_of(code)
        self.size = size
        self.total = max(prepared.elements * size - prepared.base, 0)
        self.octets = bytearray(self.total)
        self.parts = 0
        self.each = 0  # octets that a reply brings
        self.first = True

    def steps(self) -> Iterator[Step]:
        return iter(())

    def took(
        self, start: int, stop: int, partial: bool, code: int, body: bytes
    ) -> Iterator[Step]:
        self.parts += 1
        if code != self.code:
            raise self.wrong(f"the type changed from 0x{self.code:X} to 0x{code:X}")
        if not self.size:
            return self.next(partial, body)
        if self.first:
            stop = self.total
        count = min(len(body) - len(body) % self.size, stop - start)
        if start + len(body) > self.total + 1:
            raise self.wrong(f"there are more than {self.prepared.elements} elements")
        if start + count < stop and not (partial and count):
            raise self.wrong(f"the values end at octet {start + count} of {self.total}")
        self.octets[start : start + count] = body[:count]
        if self.first or stop - start > self.each:
            self.first = False
            self.each = count
        return self.rest(start + count, stop, self.each)

    def rest(self, start: int, stop: int, each: int) -> Iterator[Step]:
        """Requests for what is missing, each for as much as the last one brought.

        Of a great many, the last is for all the rest, and its reply will have a rest.
        """
        for _ in range(MOST_AT_ONCE):
            if start + each >= stop:
                break
            yield self.step(start, start + each)
            start += each
        if start < stop:
            yield self.step(start, stop)

    def next(self, partial: bool, body: bytes) -> Iterator[Step]:
        """The part after the last, whose size nobody knows."""
        self.octets += body
        if partial and not body:
            raise self.wrong("a part has no octets")
        if self.parts > MOST_PARTS or len(self.octets) > MOST_OCTETS:
            raise self.wrong(f"no end after {len(self.octets)} octets")
        return iter((self.step(len(self.octets), -1),) if partial else ())

    def step(self, start: int, stop: int) -> Step:
        operation = self.prepared.operation
        path = Path(operation.path[:-1] if self.prepared.bit >= 0 else operation.path)
        octets = reading(path, self.prepared.elements, self.prepared.base + start)
        return octets, start, stop

    def wrong(self, problem: str) -> Unexpected:
        tag = self.prepared.operation.text
        return Unexpected(f"reading {tag} in parts, {problem}", machine="reply")


class Pieces:
    """A write that is too large for one request, or that is several ones.

    Of several ones, the first goes alone: where it is refused, nothing was written.
    """

    def __init__(self, prepared: Prepared) -> None:
        self.prepared = prepared
        self.octets = bytearray()
        self.taken = 0  # pieces that were written
        self.first = 1 if isinstance(prepared.operation, Compound) else None

    def steps(self) -> Iterator[Step]:
        return ((one, -1, -1) for one in self.prepared.pieces[: self.first])

    def took(
        self, start: int, stop: int, partial: bool, code: int, body: bytes
    ) -> Iterator[Step]:
        self.taken += 1
        if self.first is None or self.taken != self.first:
            return iter(())
        return ((one, -1, -1) for one in self.prepared.pieces[self.first :])


class BitWrite:
    """A write of one bit, once the reply to a read says how large its value is."""

    def __init__(self, prepared: Prepared) -> None:
        self.prepared = prepared
        self.octets = bytearray()
        self.known = False

    def steps(self) -> Iterator[Step]:
        return iter(((self.prepared.octets, 0, 0),))

    def took(
        self, start: int, stop: int, partial: bool, code: int, body: bytes
    ) -> Iterator[Step]:
        if self.known:
            return iter(())
        self.known = True
        size = len(body)
        if size != bits_of(code) // 8 or self.prepared.bit >= 8 * size:
            raise StatusError(Status.INVALID_MEMBER, name="no such bit")
        return iter(((mask(self.prepared, size), -1, -1),))


def size_of(code: int) -> int:
    """The octets of a value of a type; 0 where they differ, or are not known."""
    kind = CODES.get(code)
    return kind.struct_calcsize if kind is not None else 0


def bits_of(code: int) -> int:
    """The bits of a value of a type; 0 where it has none that can be named."""
    kind = CODES.get(code)
    if kind is None or kind.struct_format[-1:].lower() not in WHOLE or kind is BOOL:
        return 0
    return 8 * kind.struct_calcsize


def complete(prepared: Prepared, code: int, octets: bytes) -> str | None:
    """What is wrong with the values of a read, if they are not those asked for."""
    kind: type[CIPType] | None = CODES.get(code)
    if kind is None:
        return None
    wanted = prepared.elements
    if kind.struct_calcsize and prepared.base % kind.struct_calcsize:
        return f"{prepared.operation.text}: the offset is within a {kind.__name__}"
    if issubclass(kind, TextType):
        found = kind.cut(octets, wanted)
        left = len(octets) - sum(map(len, found))
        # From an offset on, there are fewer, and nobody knows how many.
        count = wanted if prepared.base else len(found)
    else:
        total = wanted * kind.struct_calcsize - prepared.base
        left = len(octets) - total
        count = wanted + min(left, 0)
    # One octet more may be there to make the length even.
    if count == wanted and left <= (len(octets) - left) % 2:
        return None
    return (
        f"{prepared.operation.text}: {len(octets)} octets are not "
        f"{wanted} of {kind.__name__}"
    )
