# SPDX-License-Identifier: Apache-2.0
"""The printed layout of a message: exact where it is documentation, complete always."""

from enum import IntEnum
from textwrap import dedent
from typing import Annotated

import pytest

from cpppo.errors import GrammarError
from cpppo.grammar import (
    ANY,
    Bits,
    Choice,
    Codec,
    Counts,
    Digits,
    Float,
    Int,
    InTag,
    Measures,
    Message,
    Octets,
    Pad,
    Repeat,
    Reserved,
    Spelling,
    Starts,
    Tag,
    Tags,
    Trailing,
    UInt,
    derived,
)
from cpppo.grammar.describe import layout

U8 = Annotated[int, UInt(1)]


class Command(IntEnum):
    """What to do."""

    NOP = 0
    SEND = 0x6F


class Header(Message):
    """What comes first.

    And more, which the layout leaves out.
    """

    command: Annotated[Command, UInt(2)] = Command.SEND
    length: Annotated[int, UInt(2, "big"), Measures("name", unit=2, bias=1)] = derived()
    context: Annotated[bytes, Octets(8)] = bytes(8)
    name: Annotated[str, Octets("length", text="utf-8")] = ""
    even: Annotated[bytes, Pad(to=2, over="name")] = derived()
    last: Annotated[bool, UInt(1), Trailing()] = False


HEADER = """\
Header
What comes first.

offset  octets    field    default  what it is
------  --------  -------  -------  ----------
0       2         command  SEND     unsigned, little-endian, one of Command
2       2         length   derived  unsigned, big-endian, 16-bit words of name + 1
4       8         context  8 zeros  octets
12      = length  name     ''       text in utf-8
+       0-1       even              0x00 until name is a multiple of 2
+       1         last     False    unsigned, 0 or 1, left out, with all after it, where
                                    the octets end
"""


def test_a_layout_is_a_table() -> None:
    assert layout(Header) == HEADER


class Part(Message):
    """One of several."""

    kind: Annotated[int, UInt(1), Tag()] = derived()
    path: Annotated[tuple[U8, ...], Repeat(of=UInt(1), count=2)]


class Short(Part, tag=range(0x10, 0x18)):
    """Its value is in the tag."""

    low: Annotated[int, InTag(0x07)]


class Wide(Part):
    """Two ways."""

    value: Annotated[int, UInt(4)]
    spellings = (
        Spelling(0x20, value=UInt(1)),
        Spelling(0x21, reads_only=True, _=Reserved(1), value=UInt(4)),
    )


class Group(Part, tag=0x30):
    """It holds its like."""

    count: Annotated[int, UInt(1), Counts("parts")] = derived()
    parts: Annotated[tuple[Part, ...], Repeat(count="count")] = ()


class OtherPart(Part, tag=ANY):
    """Any other."""

    kind: Annotated[int, UInt(1), Tag()]
    rest: Annotated[bytes, Octets()] = b""


def test_a_family_lists_its_variants_by_tag() -> None:
    assert layout(Part) == dedent("""\
        Part
        One of several.
        One of 4, told apart by kind.

        offset  octets   field  default  what it is
        ------  -------  -----  -------  ----------
        0       1        kind   derived  unsigned, the tag
        1       2 × 1    path            numbers of 1: unsigned

        Short: Its value is in the tag.
        tag 0x10-0x17
                in tag   low             the tag & 0x07

        Wide: Two ways.
        tag 0x20, spelling 1 of 2
        3       1        value           unsigned
        tag 0x21, spelling 2 of 2, read and never written
        3       1                        reserved, 0x00 when written
        4       4        value           unsigned, little-endian

        Group: It holds its like.
        tag 0x30
        3       1        count  derived  unsigned, how many parts
        4       count ×  parts  ()       Part, one after the other

        OtherPart: Any other.
        any other tag
        3       rest     rest   b''      octets
        """)


def test_a_variant_alone_has_its_tag() -> None:
    assert layout(Group).startswith(
        dedent("""\
        Group
        It holds its like.

        offset  octets   field  default  what it is
        ------  -------  -----  -------  ----------
        tag 0x30
        0       1        kind   derived  unsigned, the tag, 0x30
        1       2 × 1    path            numbers of 1: unsigned
        3       1        count  derived  unsigned, how many parts
        """)
    )


class Item(Message, family=True):
    """Told apart outside."""


class Number(Item, tag=1):
    """A number of decimal digits, and a float."""

    number: Annotated[int, Digits(b":", 3)]
    real: Annotated[float, Float(4, "big")]
    signed: Annotated[int, Int(3)]


class OtherItem(Item, tag=ANY):
    """Any other."""

    kind: Annotated[int, UInt(2), Tag()]
    coded: Annotated[tuple[int, ...], Octets(4, codec=Codec(tuple, bytes, "address"))]


class Entry(Message):
    """An item with its tag."""

    low: Annotated[int, Bits(3)]
    high: Annotated[int, Bits(13)]
    kind: Annotated[int, UInt(2), Tags("item")] = derived()
    size: Annotated[int, UInt(2), Measures("item", "more", bias=-2)] = derived()
    item: Annotated[Item, Choice(by="kind")]
    more: Annotated[tuple[Part, ...], Repeat()] = ()


def test_what_is_nested_follows_once() -> None:
    text = layout(Entry)
    for name in ("Entry", "Item", "Part"):
        assert [line for line in text.splitlines() if line == name] == [name]
    for words in (
        "0       3 bits   low             unsigned",
        "0       13 bits  high            unsigned",
        "which item it is",
        "octets of item to more - 2",
        "the Item that kind says",
        "ends what size measures",
        "told apart by a tag that stands outside",
        "up to 3 decimal digits, ended by ':'",
        "float, big-endian",
        "signed, little-endian",
        "octets by address",
    ):
        assert words in text


class Asked(Message):
    """What is asked."""

    code: Annotated[int, UInt(1), Tag()] = derived()
    size: Annotated[int, UInt(1), Measures("path")] = derived()
    path: Annotated[tuple[Part, ...], Repeat(within="size")] = ()


class Sent(Asked, tag=1, when=Starts("path", (Wide((1, 2), 6),))):
    """Only there."""


def test_a_guard_is_told() -> None:
    text = " ".join(layout(Asked).split())
    assert "tag 0x01, where path starts with Wide(path=(1, 2), value=6)" in text


def test_lines_are_no_longer_than_88() -> None:
    for cls in (Header, Part, Entry, Asked, Group):
        assert max(len(line) for line in layout(cls).splitlines()) <= 88


def test_only_messages_have_a_layout() -> None:
    for cls in (Message, int):
        with pytest.raises(GrammarError, match="declares no message"):
            layout(cls)


def test_a_message_prints_its_own_layout() -> None:
    assert Header.layout() == layout(Header)
