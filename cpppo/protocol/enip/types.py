# SPDX-License-Identifier: Apache-2.0
"""CIP's elementary types: their codes, names, and one value after another as octets.

Beside `path`, under `logix`.  A class stands for a type, as in the manual
(`isinstance(attribute.parser, REAL)`); numbers are packed by `struct`, strings are
messages.  CIP Vol 1, appendix C.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, ClassVar

from ...errors import EncodeError
from ...grammar import Measures, Message, Octets, Pad, UInt, derived

__all__ = [
    "BOOL",
    "BYTE",
    "CODES",
    "DINT",
    "DWORD",
    "INT",
    "LINT",
    "LREAL",
    "LWORD",
    "REAL",
    "SINT",
    "SSTRING",
    "STRING",
    "TYPES",
    "UDINT",
    "UINT",
    "ULINT",
    "USINT",
    "WORD",
    "CIPType",
    "LongText",
    "ShortText",
]


class CIPType:
    """An elementary type; `struct_calcsize` is 0 where values differ in length."""

    tag_type: ClassVar[int] = 0
    struct_format: ClassVar[str] = ""
    struct_calcsize: ClassVar[int] = 0
    blank: ClassVar[Any] = 0

    @classmethod
    def kind(cls) -> bytes:
        """The type as a reply or a write says it."""
        return cls.tag_type.to_bytes(2, "little")

    @classmethod
    def produce(cls, value: Any) -> bytes:
        """The octets of one value."""
        return cls.pack((value,))

    @classmethod
    def pack(cls, values: Iterable[Any]) -> bytes:
        """The octets of some values."""
        several = tuple(values)
        try:
            return struct.pack(f"<{len(several)}{cls.struct_format[-1]}", *several)
        except struct.error:
            pass
        for value in several:
            try:
                struct.pack(cls.struct_format, value)
            except struct.error as exc:
                raise EncodeError(
                    f"{value!r:.40} is no {cls.__name__}: {exc}"
                ) from None
        raise EncodeError(f"{several!r:.40} are no {cls.__name__}")

    @classmethod
    def unpack(cls, octets: bytes | bytearray | memoryview) -> list[Any]:
        """The values of octets that hold whole ones only."""
        count = len(octets) // cls.struct_calcsize
        return list(struct.unpack(f"<{count}{cls.struct_format[-1]}", octets))


class BOOL(CIPType):
    """True or false: true is written as all ones; what is not 0 reads so."""

    tag_type = 0xC1
    struct_format = "<B"
    struct_calcsize = 1
    blank = False

    @classmethod
    def pack(cls, values: Iterable[Any]) -> bytes:
        return bytes(0xFF if value else 0 for value in values)

    @classmethod
    def unpack(cls, octets: bytes | bytearray | memoryview) -> list[Any]:
        return [octet != 0 for octet in octets]


class SINT(CIPType):
    """Signed, 8 bits."""

    tag_type = 0xC2
    struct_format = "<b"
    struct_calcsize = 1


class INT(CIPType):
    """Signed, 16 bits."""

    tag_type = 0xC3
    struct_format = "<h"
    struct_calcsize = 2


class DINT(CIPType):
    """Signed, 32 bits."""

    tag_type = 0xC4
    struct_format = "<i"
    struct_calcsize = 4


class LINT(CIPType):
    """Signed, 64 bits."""

    tag_type = 0xC5
    struct_format = "<q"
    struct_calcsize = 8


class USINT(CIPType):
    """Unsigned, 8 bits."""

    tag_type = 0xC6
    struct_format = "<B"
    struct_calcsize = 1


class UINT(CIPType):
    """Unsigned, 16 bits."""

    tag_type = 0xC7
    struct_format = "<H"
    struct_calcsize = 2


class UDINT(CIPType):
    """Unsigned, 32 bits."""

    tag_type = 0xC8
    struct_format = "<I"
    struct_calcsize = 4


class ULINT(CIPType):
    """Unsigned, 64 bits."""

    tag_type = 0xC9
    struct_format = "<Q"
    struct_calcsize = 8


class REAL(CIPType):
    """Floating point, 32 bits."""

    tag_type = 0xCA
    struct_format = "<f"
    struct_calcsize = 4
    blank = 0.0

    @classmethod
    def pack(cls, values: Iterable[Any]) -> bytes:
        try:
            return super().pack(values)
        except OverflowError as exc:
            raise EncodeError(f"no {cls.__name__}: {exc}") from None


class LREAL(CIPType):
    """Floating point, 64 bits."""

    tag_type = 0xCB
    struct_format = "<d"
    struct_calcsize = 8
    blank = 0.0


class BYTE(USINT):
    """8 bits."""

    tag_type = 0xD1


class WORD(UINT):
    """16 bits."""

    tag_type = 0xD2


class DWORD(UDINT):
    """32 bits."""

    tag_type = 0xD3


class LWORD(ULINT):
    """64 bits."""

    tag_type = 0xD4


class ShortText(Message):
    """Up to 255 characters."""

    size: Annotated[int, UInt(1), Measures("text")] = derived()
    text: Annotated[str, Octets("size", text="latin-1")] = ""


class LongText(Message):
    """Up to 65,535 characters, and one octet more after an odd number."""

    size: Annotated[int, UInt(2), Measures("text")] = derived()
    text: Annotated[str, Octets("size", text="latin-1")] = ""
    even: Annotated[bytes, Pad(to=2, over="text")] = derived()


class TextType(CIPType):
    """A type whose values differ in length: a message declares them."""

    message: ClassVar[type[ShortText | LongText]]
    blank = ""

    @classmethod
    def pack(cls, values: Iterable[Any]) -> bytes:
        return b"".join(cls.packed(values))

    @classmethod
    def packed(cls, values: Iterable[Any]) -> list[bytes]:
        """The octets of each value."""
        try:
            return [cls.message(value).encode() for value in values]
        except (AttributeError, TypeError, UnicodeError) as exc:
            raise EncodeError(f"no {cls.__name__}: {exc}") from None

    @classmethod
    def cut(cls, octets: bytes, most: int) -> Sequence[bytes]:
        """Up to so many values' octets, one by one, as far as they are whole.

        The last may lack what makes it even: it stands for itself.
        """
        found: list[bytes] = []
        parser = cls.message.parser()
        for value in parser.feed(octets):
            if len(found) == most:
                break
            found.append(value.encode())
        if len(found) < most and cls.message is LongText:
            left = octets[sum(map(len, found)) :]
            # The octet that is missing is the pad, if the text is an odd one.
            last = cls.message.parser().feed(left + b"\0")
            found += [one.encode() for one in last if len(one.text) % 2]
        return found[:most]

    @classmethod
    def unpack(cls, octets: bytes | bytearray | memoryview) -> list[Any]:
        return [value.text for value in cls.message.parser().feed(bytes(octets))]


class SSTRING(TextType):
    """Text of up to 255 characters, its length before it."""

    tag_type = 0xDA
    message = ShortText


class STRING(TextType):
    """Text of up to 65,535 characters, its length before it, padded to be even."""

    tag_type = 0xD0
    message = LongText


TAGGED = (
    BOOL,
    SINT,
    INT,
    DINT,
    LINT,
    USINT,
    UINT,
    UDINT,
    ULINT,
    REAL,
    LREAL,
    SSTRING,
    STRING,
)

TYPES: dict[str, type[CIPType]] = {one.__name__: one for one in TAGGED}
CODES: dict[int, type[CIPType]] = {
    one.tag_type: one for one in (*TAGGED, BYTE, WORD, DWORD, LWORD)
}
