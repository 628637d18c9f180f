# SPDX-License-Identifier: Apache-2.0
"""Messages in messages, and families: tags, spellings and guards, octet by octet."""

from typing import Annotated

import pytest
from laws import check

from cpppo.errors import EncodeError, Malformed
from cpppo.grammar import (
    ANY,
    Choice,
    Counts,
    InTag,
    Measures,
    Message,
    Nested,
    Octets,
    Pad,
    Repeat,
    Reserved,
    Spelling,
    Starts,
    Tag,
    Tags,
    UInt,
    derived,
)

U8 = Annotated[int, UInt(1)]
U16 = Annotated[int, UInt(2)]


class Point(Message):
    """Two numbers."""

    x: U8
    y: U8 = 0


# -- messages in messages


class Inner(Message):
    """What is nested; without a length it would take all."""

    a: U8
    rest: Annotated[bytes, Octets()] = b""


class Outer(Message):
    """Nested with a length, and without."""

    point: Point
    size: Annotated[int, UInt(2), Measures("inner")] = derived()
    inner: Annotated[Inner, Nested(within="size")]
    last: U8


def test_messages_nest_with_a_length_and_without() -> None:
    octets = bytes.fromhex("01 02 03 00 05 61 62 09")
    check(Outer(Point(1, 2), Inner(5, b"ab"), 9), octets)


class Tree(Message):
    """It holds itself."""

    label: U8
    size: Annotated[int, UInt(1), Measures("children")] = derived()
    children: Annotated[tuple["Tree", ...], Repeat(within="size")] = ()
    even: Annotated[bytes, Pad(to=2, over="children")] = derived()
    after: U8 = 0


def test_a_message_may_hold_itself() -> None:
    leaf = Tree(1, (), 7)
    check(leaf, bytes.fromhex("01 00 07"))
    check(Tree(2, (leaf, leaf), 8), bytes.fromhex("02 06 010007 010007 08"))
    check(Tree(3, (leaf,), 9), bytes.fromhex("03 03 010007 00 09"))


def test_a_message_that_holds_itself_too_deep_is_refused() -> None:
    value = Tree(1)
    for _ in range(80):
        value = Tree(1, (value,))
    with pytest.raises(EncodeError, match="nested too deep"):
        value.encode()
    octets = b"".join(bytes((1, 2 * (99 - n))) for n in range(100)) + bytes(100)
    with pytest.raises(Malformed, match="holds itself more than"):
        Tree.decode(octets)


# -- families


class Shape(Message):
    """Told apart by the first octet."""

    tag: Annotated[int, UInt(1), Tag()] = derived()


class Circle(Shape, tag=1):
    """One number."""

    radius: U16


class Nothing(Shape, tag=2):
    """No octets but the tag."""


class Short(Shape, tag=range(0x20, 0x40)):
    """Its value is in the tag, and so is more."""

    low: Annotated[int, InTag(0x07)]
    high: Annotated[int, InTag(0x03, shift=3)]
    more: U8


class OtherShape(Shape, tag=ANY):
    """Any other."""

    tag: Annotated[int, UInt(1), Tag()]
    size: Annotated[int, UInt(1), Measures("octets")] = derived()
    octets: Annotated[bytes, Octets("size")]


class Shapes(Message):
    """One, then several."""

    first: Shape
    count: Annotated[int, UInt(1), Counts("rest")] = derived()
    rest: Annotated[tuple[Shape, ...], Repeat(count="count")] = ()


def test_variants_carry_their_tag() -> None:
    check(Circle(5), bytes.fromhex("01 05 00"))
    check(Nothing(), bytes.fromhex("02"))
    check(Short(5, 2, 9), bytes.fromhex("35 09"))
    check(OtherShape(0x99, b"ab"), bytes.fromhex("99 02 61 62"))
    assert Shape.decode(bytes.fromhex("35 09")) == Short(5, 2, 9)
    assert Shape.decode(bytes.fromhex("99 02 61 62")) == OtherShape(0x99, b"ab")


def test_variants_stand_where_their_family_may() -> None:
    several = (Nothing(), OtherShape(0x80, b""))
    check(Shapes(Circle(1), several), bytes.fromhex("01 01 00 02 02 80 00"))
    with pytest.raises(EncodeError, match="no message that goes here"):
        Shapes(Point(1)).encode()  # type: ignore[arg-type]


def test_a_value_beyond_the_tag_is_refused() -> None:
    with pytest.raises(EncodeError):
        Short(8, 0, 0).encode()


class Command(Message):
    """Its tag stands in the middle, and has two octets."""

    before: U8
    code: Annotated[int, UInt(2, "big"), Tag()] = derived()
    after: U8


class Start(Command, tag=0x0102):
    """One."""

    speed: U8


class Stop(Command, tag=(0x0103, 0x0203)):
    """Two tags; the first is written."""


class OtherCommand(Command, tag=ANY):
    """Any other."""

    code: Annotated[int, UInt(2, "big"), Tag()]
    rest: Annotated[bytes, Octets()] = b""


class Little(Message):
    """A tag of two octets, the lower first."""

    code: Annotated[int, UInt(2), Tag()] = derived()


class Only(Little, tag=0x0102):
    """The only one there is."""

    value: U8


def test_a_tag_may_stand_anywhere_in_either_order() -> None:
    check(Start(1, 2, 3), bytes.fromhex("01 0102 02 03"))
    check(Stop(1, 2), bytes.fromhex("01 0103 02"))
    assert Command.decode(bytes.fromhex("01 0203 02")) == Stop(1, 2)
    check(OtherCommand(1, 0x0909, 2), bytes.fromhex("01 0909 02"), open_=True)
    assert Command.decode(bytes.fromhex("01 0909 02 61")).encode()[-1:] == b"a"
    check(Only(7), bytes.fromhex("02 01 07"))


def test_a_tag_that_no_variant_has_is_malformed() -> None:
    with pytest.raises(Malformed) as caught:
        Little.decode(bytes.fromhex("03 01 07"))
    assert caught.value.offset == 2


class Item(Message, family=True):
    """Told apart by a tag outside."""


class Number(Item, tag=0x0100):
    """A number."""

    value: U16


class Empty(Item, tag=(0, 0x8000)):
    """Nothing at all."""


class OtherItem(Item, tag=ANY):
    """Any other; it keeps the tag, which stands outside."""

    kind: Annotated[int, UInt(2), Tag()]
    data: Annotated[bytes, Octets()] = b""


class Entry(Message):
    """The tag and the length of what follows, and more after it."""

    kind: Annotated[int, UInt(2), Tags("item")] = derived()
    size: Annotated[int, UInt(1), Measures("item")] = derived()
    item: Annotated[Item, Choice(by="kind", within="size")]
    last: U8 = 9


def test_variants_by_a_tag_outside() -> None:
    check(Entry(Number(5)), bytes.fromhex("00 01 02 05 00 09"))
    check(Entry(Empty()), bytes.fromhex("00 00 00 09"))
    check(Entry(OtherItem(7, b"ab")), bytes.fromhex("07 00 02 61 62 09"))
    assert Entry.decode(bytes.fromhex("00 80 00 09")) == Entry(Empty())


class Placed(Message):
    """An index in the fewest octets, or a name."""

    tag: Annotated[int, UInt(1), Tag()] = derived()


class Index(Placed):
    """Three ways to write it, and one only to read."""

    value: Annotated[int, UInt(4)]
    spellings = (
        Spelling(range(0x80, 0x90), value=InTag(0x0F)),
        Spelling(0x01, value=UInt(1)),
        Spelling(0x02, _=Reserved(1), value=UInt(2, "big")),
        Spelling(0x03, value=UInt(4)),
        Spelling(0x04, reads_only=True, value=UInt(1)),
    )


class Link(Placed):
    """A number or a name."""

    value: Annotated[int | str, UInt(1)]
    spellings = (
        Spelling(0x10, value=UInt(1)),
        Spelling(
            0x11,
            _size=(UInt(1), Measures("value")),
            value=Octets(text="latin-1"),
            _even=Pad(to=2, over="value"),
        ),
    )


@pytest.mark.parametrize(
    ("value", "octets"),
    [
        (0, "80"),
        (15, "8f"),
        (16, "01 10"),
        (255, "01 ff"),
        (256, "02 00 01 00"),
        (65535, "02 00 ff ff"),
        (65536, "03 00 00 01 00"),
    ],
)
def test_the_first_spelling_that_fits_is_written(value: int, octets: str) -> None:
    check(Index(value), bytes.fromhex(octets))


@pytest.mark.parametrize("octets", ["01 05", "02 00 00 05", "03 05 00 00 00", "04 05"])
def test_every_spelling_is_read(octets: str) -> None:
    assert Placed.decode(bytes.fromhex(octets)) == Index(5)


def test_a_spelling_is_chosen_by_the_type_of_the_value() -> None:
    check(Link(5), bytes.fromhex("10 05"))
    check(Link("abc"), bytes.fromhex("11 03 61 62 63 00"))
    with pytest.raises(EncodeError, match="no spelling of it fits"):
        Link(256).encode()


class Service(Message):
    """What it is depends on its code, and on where it is addressed to."""

    code: Annotated[int, UInt(1), Tag()] = derived()
    size: Annotated[int, UInt(1), Measures("path")] = derived()
    path: Annotated[tuple[Placed, ...], Repeat(within="size")]


class Send(Service, tag=0x52, when=Starts("path", (Index(6),))):
    """Only to 6."""

    data: U16


class Read(Service, tag=0x52):
    """The same code, to anyone else."""

    count: U8


def test_a_guard_looks_at_what_came_before() -> None:
    check(Send((Index(6), Index(1)), 5), bytes.fromhex("52 02 86 81 05 00"))
    check(Read((Index(7),), 5), bytes.fromhex("52 01 87 05"))
    check(Read((), 5), bytes.fromhex("52 00 05"))
    # Any spelling of the values is the same to a guard.
    assert Service.decode(bytes.fromhex("52 02 01 06 05 00")) == Send((Index(6),), 5)
