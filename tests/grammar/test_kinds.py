# SPDX-License-Identifier: Apache-2.0
"""Each kind of field: the octets that it is written as, and every way to read them."""

import math
from enum import IntEnum
from typing import Annotated, Any, Literal

import pytest
from laws import check

from cpppo.errors import EncodeError, Incomplete, Malformed
from cpppo.grammar import (
    Bits,
    Codec,
    Counts,
    Digits,
    Float,
    Int,
    Measures,
    Message,
    Octets,
    Pad,
    Repeat,
    Reserved,
    Trailing,
    UInt,
    derived,
)

U8 = Annotated[int, UInt(1)]
U16 = Annotated[int, UInt(2)]


def one_field(kind: object, type_: object = int) -> Any:
    """A message of one field, `value`."""
    namespace = {"__annotations__": {"value": Annotated[type_, kind]}, "__doc__": ""}
    return declared("One", namespace)


def declared(name: str, namespace: dict[str, Any]) -> Any:
    """A message class of these annotations and defaults."""
    metaclass: Any = type(Message)
    return metaclass(name, (Message,), namespace)


# -- numbers


@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize("width", range(1, 17))
def test_integers_of_any_width_hold_their_least_and_most(
    width: int, order: Literal["little", "big"]
) -> None:
    unsigned, signed = one_field(UInt(width, order)), one_field(Int(width, order))
    most = (1 << 8 * width) - 1
    for value in (0, 1, most // 3, most - 1, most):
        check(unsigned(value), value.to_bytes(width, order))
    for value in (-(most // 2) - 1, -1, 0, 1, most // 2):
        octets = value.to_bytes(width, order, signed=True)
        check(signed(value), octets)
    for cls, value in ((unsigned, -1), (unsigned, most + 1), (signed, most // 2 + 1)):
        with pytest.raises(EncodeError, match=r"One.value"):
            cls(value).encode()


@pytest.mark.parametrize(
    ("kind", "octets"),
    [
        (Float(2), "00 3e"),
        (Float(2, "big"), "3e 00"),
        (Float(4), "00 00 c0 3f"),
        (Float(4, "big"), "3f c0 00 00"),
        (Float(8), "00 00 00 00 00 00 f8 3f"),
        (Float(8, "big"), "3f f8 00 00 00 00 00 00"),
    ],
)
def test_floats(kind: Float, octets: str) -> None:
    check(one_field(kind, float)(1.5), bytes.fromhex(octets))
    check(one_field(kind, float)(math.inf), one_field(kind, float)(math.inf).encode())


class Flags(Message):
    """Bits from the lowest up."""

    low: Annotated[int, Bits(3)]
    ready: Annotated[bool, Bits(1)]
    high: Annotated[int, Bits(12)]


def test_the_first_bits_are_the_lowest() -> None:
    check(Flags(5, True, 0xABC), bytes.fromhex("cd ab"))
    with pytest.raises(EncodeError, match="8 does not fit the 3 bits of low"):
        Flags(8, False, 0).encode()


class Colour(IntEnum):
    """Some."""

    RED = 1
    BLUE = 0x200


class Typed(Message):
    """Integers that mean something."""

    colour: Annotated[Colour, UInt(2, "big")]
    on: Annotated[bool, UInt(1)]


def test_enumerations_and_booleans_come_back_as_themselves() -> None:
    check(Typed(Colour.BLUE, True), bytes.fromhex("02 00 01"))
    check(Typed(Colour.RED, False), bytes.fromhex("00 01 00"))


@pytest.mark.parametrize("octets", [b"\0\x09\1", b"\0\1\2"])
def test_a_number_that_means_nothing_is_malformed(octets: bytes) -> None:
    with pytest.raises(Malformed, match=r"Typed.*is none of its values"):
        Typed.decode(octets)


class Decimal(Message):
    """A length in digits."""

    size: Annotated[int, Digits(b":", 3), Measures("data")] = derived()
    data: Annotated[bytes, Octets("size")]
    comma: Annotated[int, Digits(b", ", 2)]


def test_digits_are_as_many_as_the_number_needs() -> None:
    check(Decimal(b"0123456789ab", 7), b"12:0123456789ab7, ")
    check(Decimal(b"", 0), b"0:0, ")
    with pytest.raises(EncodeError, match=r"Decimal.size"):
        Decimal(bytes(1000), 7).encode()


# -- octets and text


class Plain(Message):
    """Octets in every way."""

    fixed: Annotated[bytes, Octets(2)]
    size: Annotated[int, UInt(1), Measures("some")] = derived()
    some: Annotated[bytes, Octets("size")]
    rest: Annotated[bytes, Octets()] = b""


def test_octets_fixed_measured_and_the_rest() -> None:
    check(Plain(b"ab", b"xyz", b"!"), b"ab\3xyz!", open_=True, rests=(6,))
    check(Plain(b"ab", b""), b"ab\0", open_=True)
    with pytest.raises(EncodeError, match=r"Plain.fixed: 3 octets are not 2"):
        Plain(b"abc", b"").encode()
    with pytest.raises(EncodeError, match=r"Plain.size"):
        Plain(b"ab", bytes(256)).encode()


@pytest.mark.parametrize(
    ("encoding", "octets"),
    [
        ("latin-1", "03 61 ff e9"),
        ("utf-8", "05 61 c3 bf c3 a9"),
        ("utf-16-le", "06 61 00 ff 00 e9 00"),
    ],
)
def test_text_is_measured_in_octets(encoding: str, octets: str) -> None:
    annotations = {
        "size": Annotated[int, UInt(1), Measures("name")],
        "name": Annotated[str, Octets("size", text=encoding)],
    }
    namespace = {"__annotations__": annotations, "size": derived()}
    cls = declared("Text", namespace)
    check(cls("aÿé"), bytes.fromhex(octets))


class Named(Message):
    """Text of a fixed size."""

    name: Annotated[str, Octets(4, text="utf-8")]


def test_text_of_a_fixed_size_fills_it() -> None:
    check(Named("aÿb"), "aÿb".encode())
    with pytest.raises(EncodeError, match="takes 2 octets, not 4"):
        Named("ab").encode()
    with pytest.raises(Malformed, match=r"Named.name"):
        Named.decode(b"ab\xff\xff")


class Addressed(Message):
    """A codec's value between others."""

    port: U16
    address: Annotated[
        tuple[int, ...], Octets(4, codec=Codec(tuple, bytes, "dotted numbers"))
    ] = (127, 0, 0, 1)


def number_of(octets: bytes) -> int:
    return int(octets.decode("ascii"))


def digits_of(number: int) -> bytes:
    return b"%d" % number


class Written(Message):
    """A number in digits, by a codec that may refuse."""

    size: Annotated[int, UInt(1), Measures("number")] = derived()
    number: Annotated[int, Octets("size", codec=Codec(number_of, digits_of))] = 0

    __hash__ = Message.__hash__


def test_a_codec_reads_and_writes_its_octets() -> None:
    check(Addressed(80, (10, 0, 0, 7)), bytes.fromhex("50 00 0a 00 00 07"))


def test_what_a_codec_refuses_is_malformed() -> None:
    with pytest.raises(Malformed, match=r"Written.number"):
        Written.decode(b"\2ab")


# -- reserved and pads


class Padded(Message):
    """A pad over a field, and one over all."""

    size: Annotated[int, UInt(1), Measures("name")] = derived()
    name: Annotated[bytes, Octets("size")]
    even: Annotated[bytes, Pad(to=2, over="name", fill=0xEE)] = derived()
    spare: Annotated[bytes, Reserved(2, fill=0x55)] = derived()
    all: Annotated[bytes, Pad(to=4)] = derived()
    last: U8


def test_pads_reach_a_multiple_from_where_they_count() -> None:
    check(Padded(b"a", 9), bytes.fromhex("01 61 ee 55 55 00 00 00 09"))
    check(Padded(b"ab", 9), bytes.fromhex("02 61 62 55 55 00 00 00 09"))
    check(Padded(b"abcde", 9), bytes.fromhex("05 6162636465 ee 55 55 00 00 00 09"))


def test_reserved_octets_are_read_as_anything() -> None:
    assert Padded.decode(bytes.fromhex("01 61 01 02 03 04 05 06 09")) == Padded(b"a", 9)


# -- lengths and counts


class Words(Message):
    """A length in words, itself included."""

    words: Annotated[int, UInt(2, "big"), Measures("data", unit=4, bias=1)] = derived()
    data: Annotated[bytes, Octets("words")]


def test_a_length_has_its_unit_and_bias() -> None:
    check(Words(b"abcdefgh"), b"\0\3abcdefgh")
    check(Words(b""), b"\0\1")
    with pytest.raises(EncodeError, match=r"3 octets are no multiple of 4"):
        Words(b"abc").encode()
    with pytest.raises(Malformed, match="a length of -4 is no length"):
        Words.decode(b"\0\0")


class Span(Message):
    """A length of several fields, and more after them."""

    size: Annotated[int, UInt(1), Measures("bits", "more", "rest")] = derived()
    bits: Annotated[int, Bits(4)]
    more: Annotated[int, Bits(4)]
    rest: Annotated[bytes, Octets()]
    check: U8


class Within(Message):
    """A length within a length, which both begin at the same field."""

    outer: Annotated[int, UInt(1), Measures("a", "b", "c")] = derived()
    inner: Annotated[int, UInt(1), Measures("a", "b")] = derived()
    a: U8
    b: Annotated[bytes, Octets()]
    c: Annotated[bytes, Octets()]


class Sized(Message):
    """A length of what has a size of its own."""

    size: Annotated[int, UInt(1), Measures("number")] = derived()
    number: Annotated[int, UInt(4)]
    last: U8


def test_a_length_may_be_that_of_several_fields() -> None:
    check(Span(1, 2, b"xyz", 9), bytes.fromhex("04 21 78 79 7a 09"))
    check(Within(1, b"ab", b"c"), bytes.fromhex("04 03 01 61 62 63"))


def test_a_length_that_lies_of_a_number_is_malformed() -> None:
    check(Sized(1, 2), bytes.fromhex("04 01 00 00 00 02"))
    with pytest.raises(Malformed, match="octets are announced"):
        Sized.decode(bytes.fromhex("03 01 00 00 00 02"))
    with pytest.raises(Malformed, match="left over"):
        Sized.decode(bytes.fromhex("05 01 00 00 00 02"))


class Point(Message):
    """Two numbers."""

    x: U8
    y: U8 = 0


class Points(Message):
    """As many as a count says."""

    count: Annotated[int, UInt(2), Counts("points")] = derived()
    points: Annotated[tuple[Point, ...], Repeat(count="count")]
    last: U8 = 7


class Pair(Message):
    """Always two."""

    points: Annotated[tuple[Point, ...], Repeat(count=2)]


class Limited(Message):
    """As many as a length has room for."""

    size: Annotated[int, UInt(1), Measures("points")] = derived()
    points: Annotated[tuple[Point, ...], Repeat(within="size")]
    last: U8 = 7


class Many(Message):
    """As many as there are."""

    points: Annotated[tuple[Point, ...], Repeat()] = ()


def test_messages_repeat_by_count_and_by_length_and_to_the_end() -> None:
    two = (Point(1, 2), Point(3, 4))
    check(Points(two), bytes.fromhex("02 00 01 02 03 04 07"))
    check(Points(()), bytes.fromhex("00 00 07"))
    check(Pair(two), bytes.fromhex("01 02 03 04"))
    check(Limited(two), bytes.fromhex("04 01 02 03 04 07"))
    check(Limited(()), bytes.fromhex("00 07"))
    check(Many(two), bytes.fromhex("01 02 03 04"), open_=True, rests=(0, 2))


def test_half_of_a_repeated_message_does_not_fit_a_length() -> None:
    with pytest.raises(Malformed):
        Limited.decode(bytes.fromhex("03 01 02 03 07"))


class Numbers(Message):
    """Numbers in rows."""

    count: Annotated[int, UInt(1), Counts("shorts")] = derived()
    shorts: Annotated[tuple[int, ...], Repeat(of=Int(2, "big"), count="count")]
    fixed: Annotated[tuple[int, ...], Repeat(of=UInt(1), count=3)]
    size: Annotated[int, UInt(1), Measures("floats")] = derived()
    floats: Annotated[tuple[float, ...], Repeat(of=Float(4), within="size")]
    rest: Annotated[tuple[int, ...], Repeat(of=UInt(8))] = ()


def test_numbers_repeat_in_every_way() -> None:
    value = Numbers((-1, 2), (7, 8, 9), (1.5,), (1 << 63,))
    octets = bytes.fromhex("02 ffff 0002 070809 04 0000c03f 0000000000000080")
    with_rest = (len(octets) - 8,)
    assert Numbers.decode(octets) == value
    check(value.replace(rest=()), octets[:-8], open_=True)
    assert value.encode() == octets
    assert Numbers.decode(octets[: with_rest[0]]).rest == ()


# -- trailing


class Answer(Message):
    """The end may be left out, field by field."""

    status: U8
    size: Annotated[int, UInt(1), Measures("text"), Trailing()] = derived()
    text: Annotated[str, Octets("size", text="utf-8"), Trailing()] = ""
    high: Annotated[int, Bits(4), Trailing()] = 0
    low: Annotated[int, Bits(4), Trailing()] = 0
    point: Annotated[Point | None, Trailing()] = None


def test_what_is_left_out_takes_no_octets() -> None:
    check(Answer(1), b"\1", open_=True)
    check(Answer(1, "ab"), b"\1\2ab", open_=True, rests=(1,))
    check(Answer(1, "ab", 3), b"\1\2ab\3", open_=True, rests=(1, 4))
    full = Answer(1, "", 0, 2, Point(3, 4))
    check(full, b"\1\0\x20\3\4", open_=True, rests=(1, 2, 3))


def test_a_length_without_what_it_measures_is_incomplete() -> None:
    with pytest.raises(Incomplete):
        Answer.decode(b"\1\5")
