# SPDX-License-Identifier: Apache-2.0
"""Values made of declarations: each is read back as it was written, and none is rare.

The laws of every message, over random values and random octets.
"""

import random
from enum import IntEnum
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from laws import agreed, fed, outcome

from cpppo.errors import GrammarError, Malformed, ProtocolError
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
from cpppo.grammar.generate import octets, values

U8 = Annotated[int, UInt(1)]
U16 = Annotated[int, UInt(2)]


class Colour(IntEnum):
    """Some."""

    RED = 1
    BLUE = 200


class Segment(Message):
    """A part of a path."""

    tag: Annotated[int, UInt(1), Tag()] = derived()


class Member(Segment):
    """A number in the fewest octets."""

    value: Annotated[int, UInt(4)]
    spellings = (
        Spelling(range(0x10, 0x20), value=InTag(0x0F)),
        Spelling(0x20, value=UInt(1)),
        Spelling(0x21, _=Reserved(1), value=UInt(2, "big")),
        Spelling(0x22, _=Reserved(1), value=UInt(4)),
        Spelling(0x23, reads_only=True, value=UInt(1)),
    )


class Symbol(Segment, tag=0x91):
    """A name."""

    size: Annotated[int, UInt(1), Measures("name")] = derived()
    name: Annotated[str, Octets("size", text="utf-8")]
    even: Annotated[bytes, Pad(to=2, over="name")] = derived()


class OtherSegment(Segment, tag=ANY):
    """Any other, and all after it."""

    tag: Annotated[int, UInt(1), Tag()]
    octets: Annotated[bytes, Octets()] = b""


class Data(Message):
    """Every kind of number."""

    bits: Annotated[int, Bits(3)]
    flag: Annotated[bool, Bits(1)]
    more: Annotated[int, Bits(12)]
    wide: Annotated[int, Int(16, "big")]
    colour: Annotated[Colour, UInt(1)]
    real: Annotated[float, Float(4)]
    count: Annotated[int, UInt(1), Counts("numbers")] = derived()
    numbers: Annotated[tuple[int, ...], Repeat(of=Int(2), count="count")]
    words: Annotated[int, UInt(1), Measures("name", unit=2, bias=1)] = derived()
    name: Annotated[str, Octets("words", text="utf-16-le")]
    decimal: Annotated[int, Digits(b":", 4)]
    fixed: Annotated[str, Octets(5, text="utf-8")]
    code: Annotated[bytes, Octets(2, codec=Codec(bytes, bytes))] = b"ab"


class Request(Message):
    """What is asked: a code, where, and what then."""

    code: Annotated[int, UInt(1), Tag()] = derived()
    words: Annotated[int, UInt(1), Measures("path")] = derived()
    path: Annotated[tuple[Segment, ...], Repeat(within="words")]


class Send(Request, tag=0x52, when=Starts("path", (Member(6),))):
    """Another request, to be sent on."""

    size: Annotated[int, UInt(2), Measures("request")] = derived()
    request: Request
    even: Annotated[bytes, Pad(to=2, over="request")] = derived()


class Read(Request, tag=0x52):
    """The same code elsewhere."""

    elements: U16
    offset: Annotated[int, UInt(4), Trailing()] = 0
    size: Annotated[int, UInt(1), Measures("rest"), Trailing()] = derived()
    rest: Annotated[bytes, Octets("size"), Trailing()] = b""


class Write(Request, tag=(0x53, 0x54)):
    """Data."""

    data: Data


class Item(Message, family=True):
    """Told apart outside."""


class Null(Item, tag=0):
    """Nothing."""


class Asked(Item, tag=0xB2):
    """A request."""

    request: Request


class OtherItem(Item, tag=ANY):
    """Any other."""

    kind: Annotated[int, UInt(2), Tag()]
    data: Annotated[bytes, Octets()] = b""


class Entry(Message):
    """An item with its tag and length."""

    kind: Annotated[int, UInt(2), Tags("item")] = derived()
    size: Annotated[int, UInt(2), Measures("item")] = derived()
    item: Annotated[Item, Choice(by="kind", within="size")]


class Packet(Message):
    """Items."""

    count: Annotated[int, UInt(2), Counts("entries")] = derived()
    entries: Annotated[tuple[Entry, ...], Repeat(count="count")] = ()


class Tree(Message):
    """It holds itself."""

    label: U8
    size: Annotated[int, UInt(2), Measures("children")] = derived()
    children: Annotated[tuple["Tree", ...], Repeat(within="size")] = ()


EVERY = [Segment, Member, Data, Request, Send, Read, Entry, Packet, Tree]


# -- the laws


@pytest.mark.parametrize("cls", EVERY)
@given(random=st.randoms(use_true_random=True))
def test_what_is_written_is_read_back(cls: Any, random: random.Random) -> None:
    value = values(cls, random)
    written = value.encode()
    assert cls.decode(written) == value
    assert cls.engine().traced(written) == (value, len(written))
    assert list(cls.engine().trace(written)) == cls.engine().states(written)


@pytest.mark.parametrize("cls", EVERY)
@given(random=st.randoms(use_true_random=True))
def test_any_octets_are_a_value_or_a_protocol_error(
    cls: Any, random: random.Random
) -> None:
    data = octets(cls, random)
    wanted = outcome(cls, data)
    assert agreed(cls, data) == wanted, data.hex(" ")
    if wanted[0] == "value":
        again = cls.decode(data).encode()
        assert cls.decode(again).encode() == again
        assert len(again) <= len(data) or cls is Packet


@pytest.mark.parametrize("cls", [Data, Packet, Tree])
@given(random=st.randoms(use_true_random=True))
def test_a_stream_is_the_same_however_it_is_cut(
    cls: Any, random: random.Random
) -> None:
    data = b"".join(octets(cls, random) for _ in range(3))
    cuts = sorted(random.randrange(len(data) + 1) for _ in range(4))
    pieces = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    singles = [data[at : at + 1] for at in range(len(data))]
    assert streamed(cls, pieces) == streamed(cls, [data]) == streamed(cls, singles)


def streamed(cls: Any, pieces: list[bytes]) -> tuple[Any, ...]:
    """The messages of a stream, and the error that ended it."""
    parser = cls.parser(limit=2000)
    found: list[Any] = []
    try:
        for piece in pieces:
            found += parser.feed(piece)
        found += parser.close()
    except ProtocolError as exc:
        end = (type(exc), exc.machine, exc.state, exc.offset, exc.problem)
        return (repr(found), *end)
    return (repr(found),)


# -- what comes out


def many(cls: Any, count: int = 400, depth: int = 4) -> list[Any]:
    return [values(cls, random.Random(seed), depth) for seed in range(count)]


def test_a_seed_makes_the_same_value_again() -> None:
    for cls in EVERY:
        assert values(cls, random.Random(7)) == values(cls, random.Random(7))
        assert octets(cls, random.Random(7)) == octets(cls, random.Random(7))


def test_every_variant_occurs() -> None:
    assert {type(one) for one in many(Segment)} == {Member, Symbol, OtherSegment}
    assert {type(one) for one in many(Request)} == {Send, Read, Write}


def test_every_spelling_that_may_be_written_occurs() -> None:
    tags = {one.encode()[0] for one in many(Member, 2000)}
    assert tags == {*range(0x10, 0x20), 0x20, 0x21, 0x22}


def test_the_ends_of_a_range_occur() -> None:
    wide = {one.wide for one in many(Data)}
    assert {-(1 << 127), (1 << 127) - 1} <= wide
    assert {one.colour for one in many(Data)} == set(Colour)
    assert {one.flag for one in many(Data)} == {True, False}
    sizes = {len(one.name.encode()) for one in many(Symbol)}
    assert 0 in sizes
    assert max(sizes) > 250


def test_an_opaque_variant_has_a_tag_of_its_own() -> None:
    tags = {one.tag for one in many(Segment) if isinstance(one, OtherSegment)}
    assert tags
    assert not tags & {*range(0x10, 0x24), 0x91}


def test_trailing_fields_are_left_out_sometimes() -> None:
    lengths = {(one.offset != 0, one.rest != b"") for one in many(Read)}
    assert len(lengths) >= 3


def test_depth_bounds_what_is_nested() -> None:
    def height(tree: Tree) -> int:
        return 1 + max(map(height, tree.children), default=0)

    assert {height(one) for one in many(Tree, depth=1)} == {1}
    assert {height(one) for one in many(Tree, depth=3)} == {1, 2, 3}


def test_values_of_one_class_follow_each_other_in_a_stream() -> None:
    several = many(Packet, 50)
    assert fed(Packet, b"".join(one.encode() for one in several)) == several


def test_bad_octets_are_mostly_bad() -> None:
    found = [outcome(Packet, octets(Packet, random.Random(n)))[0] for n in range(300)]
    assert sum(one != "value" for one in found) > 150
    assert Malformed in found


# -- what cannot be made up


class Coded(Message):
    """A codec without an example."""

    address: Annotated[Any, Octets(4, codec=Codec(tuple, bytes))]


class Ever(Message):
    """It always holds itself."""

    inner: "Ever"


class Greedy(Message):
    """It takes all the rest, and more follows it."""

    item: OtherSegment
    last: U8


class Crowded(Message):
    """No tag is free."""

    tag: Annotated[int, UInt(1), Tag()] = derived()


class Every(Crowded, tag=range(256)):
    """All tags."""


class Rest(Crowded, tag=ANY):
    """No tag."""

    tag: Annotated[int, UInt(1), Tag()]


class Odd(Message):
    """Two octets for each character, and three in all."""

    text: Annotated[str, Octets(3, text="utf-16-le")]


@pytest.mark.parametrize(
    ("cls", "problem"),
    [
        (Coded, r"Coded.address"),
        (Ever, r"Ever: always holds itself"),
        (Greedy, r"OtherSegment: only the end of the octets ends it"),
        (Rest, r"Rest.tag: there is no tag that no other variant has"),
        (Odd, r"Odd.text: no utf-16-le text takes 3 octets"),
        (int, r"is no message"),
    ],
)
def test_what_cannot_be_made_up_says_so(cls: Any, problem: str) -> None:
    with pytest.raises(GrammarError, match=problem):
        values(cls, random.Random(0))
