# SPDX-License-Identifier: Apache-2.0
"""An operation made ready to be sent, and what came of it.

Over `operations`, under `pipeline`, which makes both.  A result keeps the octets that
it got, and what they mean is worked out when somebody looks.  Compiled.
"""

from __future__ import annotations

from struct import Struct
from typing import Any

from ..protocol.enip import TypedData, status
from ..protocol.enip.structures import text
from ..protocol.enip.types import BOOL, CODES, STRING, TextType
from .records import recorded

__all__ = ["ATTRIBUTE", "NONE", "READ", "WRITE", "Prepared", "Result"]

# What an operation brings: typed values, nothing, or an attribute's octets.
READ, WRITE, ATTRIBUTE = 0, 1, 2

NONE = -1  # the status of what was not answered
MISMATCH = int(status.Extended.TYPE_MISMATCH)
UNANSWERED = "no answer came"
UNKNOWN = "sent, and no answer came: it may have been written or not"
UNSENT = "not sent"
LOGIX_TEXT = '; a text of Logix is written by Logix("...").write(TAG="Hi")'

# How values of a fixed size are read: all at once, and how many octets each has.
PLAIN: dict[int, tuple[Any, int]] = {
    code: (Struct(kind.struct_format).unpack_from, kind.struct_calcsize)
    for code, kind in CODES.items()
    if kind is not BOOL and not issubclass(kind, TextType)
}


class Prepared:
    """What is to be asked, as octets, and what the reply is to be."""

    def __init__(self, operation: Any, octets: bytes, form: int) -> None:
        self.operation = operation
        self.octets = octets
        self.form = form
        self.service = octets[0] | 0x80
        self.elements = operation.elements
        self.base = operation.offset or 0
        self.size = 0  # octets of the last reply, to know what fits in a packet
        self.bit = -1  # the bit of the value that was asked for
        self.envelope: Any = None  # where it does not go the way of all the others
        self.pieces: Any = None  # the requests of a write that is too large for one
        self.described: Any = None
        self.alone = False  # it takes several requests, and so goes into no packet


class Result:
    """What an operation came to: `ok`, and a `value`; or the status, in `words`."""

    def __init__(self, prepared: Prepared) -> None:
        self.prepared = prepared
        self.index = -1
        self.status = NONE
        self.extended: tuple[int, ...] = ()
        self.encapsulated = False
        self.complete = False
        self.sent = False
        self.bundled = False
        self.pending = 0  # requests of it that are in flight
        self.time = 0.0
        self.code = 0  # of the type that the reply says
        self.reply = b""
        self.start = 0  # of the values in the reply
        self.parts: Any = None  # what came in more than one
        self.found: Any = None
        self.kind: Any = None  # where the code alone does not say what the values are

    def __bool__(self) -> bool:
        return self.status == 0

    def __repr__(self) -> str:
        return shown(self)

    @property
    def ok(self) -> bool:
        """Whether the device did what was asked."""
        return self.status == 0

    @property
    def said(self) -> Any:
        """The status as the manual has it: a number, or with the extended ones."""
        if self.extended:
            return self.status, list(self.extended)
        return self.status

    @property
    def operation(self) -> Any:
        """What was asked."""
        return self.prepared.operation

    @property
    def tag(self) -> str:
        """What was read or written, as it was spelt."""
        text: str = self.prepared.operation.text
        return text.partition("=")[0].strip()

    @property
    def request(self) -> bytes:
        """The octets of the request, as the message router gets it."""
        return self.prepared.octets

    @property
    def unknown(self) -> bool:
        """Whether it is a write that was sent, and whose answer never came."""
        return self.status == NONE and self.sent and self.prepared.form == WRITE

    @property
    def data(self) -> Any:
        """The values in a list; True for a write; None where there is no success."""
        if self.status != 0:
            return None
        if self.found is None:
            self.found = self.decoded()
        return self.found

    def decoded(self) -> Any:
        """What the reply says."""
        form = self.prepared.form
        if form == WRITE:
            return True
        if form == ATTRIBUTE:
            return list(self.octets)
        plain = PLAIN.get(self.code)
        if plain is None or self.parts is not None or self.kind is not None:
            values = self.typed()
        elif len(self.reply) - self.start == plain[1]:
            values = list(plain[0](self.reply, self.start))
        else:
            values = self.typed()
        if self.prepared.bit >= 0:
            return [bool(values[0] >> self.prepared.bit & 1)]
        return values

    def typed(self) -> list[Any]:
        """Values of any type; the octets of one that is not known here.

        What comes after them made the length even.
        """
        kind: Any = self.kind
        octets = self.octets
        one = self.prepared
        if kind is None:
            kind = CODES.get(self.code)
            if kind is None and self.handle == TEXT.handle and self.fits(TEXT):
                kind = TEXT
            if kind is None:
                return [octets]
            if issubclass(kind, TextType):
                octets = b"".join(kind.cut(octets, one.elements))
        if kind.struct_calcsize:
            octets = octets[: one.elements * kind.struct_calcsize - one.base]
        values: list[Any] = kind.unpack(octets)
        return values

    @property
    def octets(self) -> bytes:
        """The values as they came, whatever the number of replies."""
        if self.parts is not None and self.prepared.form == READ:
            return bytes(self.parts.octets)
        return self.reply[self.start :]

    @property
    def handle(self) -> int:
        """Which structure the reply says that it has; -1 where it has none."""
        at = self.reply[self.start - 4 : self.start] if self.start >= 4 else b""
        if self.code != STRUCTURE or len(at) != 4:
            return -1
        return int.from_bytes(at[2:], "little")

    def fits(self, kind: Any) -> bool:
        """Whether the octets are as many values of a type as were asked for."""
        count: int = self.prepared.elements
        size: int = kind.struct_calcsize
        return len(self.octets) == count * size

    @property
    def record(self) -> Any:
        """The value, with the members of a structure as attributes of it."""
        kind = self.kind
        if kind is None and self.prepared.form == WRITE:
            kind = self.prepared.operation.type
        return recorded(kind, self.value)

    @property
    def value(self) -> Any:
        """The value; a list of them where a range or a count was asked for."""
        operation = self.prepared.operation
        if self.status != 0:
            return None
        form = self.prepared.form
        if form == ATTRIBUTE:
            return self.octets
        values = operation.data if form == WRITE else self.data
        return list(values) if operation.listed or len(values) != 1 else values[0]

    @property
    def type(self) -> str | None:
        """The name of the type that the device said, or that was written."""
        form = self.prepared.form
        if self.prepared.bit >= 0 and (form == WRITE or self.status == 0):
            return "BOOL"
        if form == WRITE:
            kind = self.prepared.operation.type
            return kind.__name__ if kind is not None else None
        if form == ATTRIBUTE or self.status != 0:
            return None
        kind = self.kind or CODES.get(self.code)
        handle = self.handle
        if kind is None and handle == TEXT.handle and self.fits(TEXT):
            kind = TEXT
        if kind is not None:
            name: str = kind.__name__
            return name
        if handle >= 0:
            return f"structure 0x{handle:04X}"
        return f"type 0x{self.code:02X}"

    @property
    def words(self) -> str:
        """The status, as people say it."""
        if self.status == 0:
            return "OK"
        if self.status == NONE:
            if self.unknown:
                return UNKNOWN
            return UNANSWERED if self.sent else UNSENT
        if self.encapsulated:
            return f"the device refused the frame: {status.framed(self.status)}"
        words = status.words(self.status, self.extended)
        if self.prepared.form == WRITE and MISMATCH in self.extended:
            words += f" than {self.type}"
            if self.prepared.operation.type is STRING:
                words += LOGIX_TEXT
        return words

    @property
    def error(self) -> str | None:
        """What went wrong, in a line; None if nothing did."""
        return failed(self, 4)


# -- what all kinds of results say of themselves


def shown(one: Any) -> str:
    """A result as it is shown: the value, or why there is none."""
    outcome = repr(one.value) if one.ok else one.words
    return f"<{type(one).__name__} {one.tag}: {outcome}>"


def failed(one: Any, digits: int) -> str | None:
    """What went wrong, in a line; extended statuses have so many digits."""
    if one.ok:
        return None
    if one.status == NONE:
        return f"{one.tag}: {one.words}"
    codes = "".join(f" 0x{code:0{digits}X}" for code in one.extended)
    return f"{one.tag}: {one.words} (0x{one.status:02X}{codes})"


STRUCTURE = TypedData.decode(b"\xa0\x02\0\0").type.code
# The one structure whose handle is the same in every controller.
TEXT = text("STRING", 82, 0xFCE, 0x0FCE, "ASCIISTRING82")
