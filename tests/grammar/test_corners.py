# SPDX-License-Identifier: Apache-2.0
"""Where reading and writing must meet: depth, guards, places of errors, spellings."""

from __future__ import annotations

import enum
import tracemalloc
from threading import Thread
from typing import Annotated

import pytest
from laws import check

from cpppo.errors import EncodeError, GrammarError, Malformed
from cpppo.grammar import (
    Counts,
    Digits,
    Float,
    Measures,
    Message,
    Octets,
    Pad,
    Repeat,
    Reserved,
    Spelling,
    Starts,
    Tag,
    UInt,
    derived,
)
from cpppo.grammar.plan import Steps


class Colour(enum.IntEnum):
    RED = 1
    BLUE = 2


class Lamp(Message):
    number: Annotated[int, UInt(2)]
    colour: Annotated[Colour, UInt(1)]
    lit: Annotated[bool, UInt(1)]


@pytest.mark.parametrize(
    ("octets", "field", "offset"),
    [(b"\0\0\3\1", "colour", 2), (b"\0\0\1\2", "lit", 3), (b"\0\0\1\xff", "lit", 3)],
)
def test_a_value_that_there_is_not_is_refused_at_its_place(
    octets: bytes, field: str, offset: int
) -> None:
    with pytest.raises(Malformed, match="none of its values") as caught:
        Lamp.decode(octets)
    assert (caught.value.machine, caught.value.state) == ("Lamp", field)
    assert caught.value.offset == offset


def test_a_stream_tells_the_place_in_its_own_message() -> None:
    parser = Lamp.parser()
    assert parser.feed(b"\0\0\1\1" + b"\0\0\3\1") == [Lamp(0, Colour.RED, True)]
    with pytest.raises(Malformed) as caught:
        parser.feed(b"")
    assert caught.value.offset == 2


class Padded(Message):
    size: Annotated[int, Digits(b":", 3), Measures("text")] = derived()
    text: Annotated[bytes, Octets("size")]
    even: Annotated[bytes, Pad(4, over="text")] = derived()
    last: Annotated[int, UInt(1)] = 9


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        (b"", b"0:\x09"),
        (b"abcde", b"5:abcde\0\0\0\x09"),
        (b"x" * 12, b"12:" + b"x" * 12 + b"\x09"),
    ],
)
def test_pads_count_from_where_their_field_is_when_digits_came_before_it(
    text: bytes, octets: bytes
) -> None:
    assert Padded(text).encode() == octets
    assert Padded.decode(octets) == Padded(text)


def test_a_spelling_of_another_size_or_kind_gives_way_to_the_next() -> None:
    class Family(Message):
        tag: Annotated[int, UInt(1), Tag()] = derived()

    class Value(Family):
        value: Annotated[bytes | float | str, Octets()]
        spellings = (
            Spelling(1, value=Octets(2)),
            Spelling(2, value=Float(4)),
            Spelling(3, value=Octets(2, text="latin-1")),
            Spelling(4, value=Octets()),
        )

    for value, octets in (
        (b"ab", b"\1ab"),
        (1.5, b"\2\0\0\xc0\x3f"),
        ("é!", b"\3\xe9!"),
        (b"abc", b"\4abc"),
    ):
        assert Value(value).encode() == octets
        assert Family.decode(octets) == Value(value)
    with pytest.raises(EncodeError, match="no spelling"):
        Value("\u20ac!").encode()


class Tree(Message):
    tag: Annotated[int, UInt(1), Tag()] = derived()


class Leaf(Tree, tag=1):
    pass


class Node(Tree, tag=2):
    inner: Tree


def test_what_can_be_written_can_be_read_however_deep() -> None:
    written = 0
    for depth in range(40):
        value: Tree = Leaf()
        for _ in range(depth):
            value = Node(value)
        octets = b"\2" * depth + b"\1"
        try:
            assert value.encode() == octets
        except EncodeError:
            with pytest.raises(Malformed, match="holds itself"):
                Tree.decode(octets)
        else:
            assert Tree.decode(octets) == value
            written = depth
    assert written == 32


class Nothing(Message):
    rest: Annotated[bytes, Octets()]


class Several(Message):
    count: Annotated[int, UInt(1), Counts("all")] = derived()
    all: Annotated[tuple[Nothing, ...], Repeat(count="count")]


def test_a_name_that_never_comes_is_a_wrong_declaration() -> None:
    class Hidden(Message):
        number: Annotated[int, UInt(1)]

    class Holder(Message):
        hidden: Hidden

    with pytest.raises(GrammarError, match="Holder: name 'Hidden' is not defined"):
        Holder.decode(b"")
    with pytest.raises(GrammarError, match="Holder"):
        Holder(Hidden(1))


def test_elements_that_may_take_nothing_are_not_counted_but_refused() -> None:
    with pytest.raises(GrammarError, match=r"Several\.all: repeats Nothing"):
        Several.decode(b"\1")


class Step(Message):
    kind: Annotated[int, UInt(1), Tag()] = derived()


class Slot(Step):
    number: Annotated[int, UInt(2)]
    spellings = (
        Spelling(0x10, number=UInt(1)),
        Spelling(0x11, _=Reserved(1), number=UInt(2)),
    )


class Route(Message):
    size: Annotated[int, UInt(1), Measures("steps")] = derived()
    steps: Annotated[tuple[Step, ...], Repeat(within="size")] = ()


class Order(Message):
    code: Annotated[int, UInt(1), Tag()] = derived()
    route: Route


class Stop(Order, tag=7):
    pass


class StopPump(Order, tag=7, when=Starts("route.steps", (Slot(6),))):
    pump: Annotated[int, UInt(1)]


@pytest.mark.parametrize("reserved", ["00", "ff"])
def test_a_guard_does_not_look_at_what_is_reserved(reserved: str) -> None:
    octets = bytes.fromhex(f"07 04 11 {reserved} 06 00 05")
    assert Order.decode(octets) == StopPump(Route((Slot(6),)), 5)
    assert Order.engine().traced(octets) == (StopPump(Route((Slot(6),)), 5), 7)


def test_a_value_that_would_be_read_as_another_is_not_written() -> None:
    assert Stop(Route((Slot(5),))).encode() == bytes.fromhex("07 02 10 05")
    with pytest.raises(EncodeError, match=r"Stop\.route: it begins with Slot"):
        Stop(Route((Slot(6),))).encode()
    with pytest.raises(EncodeError, match=r"StopPump\.route: it does not begin with"):
        StopPump(Route((Slot(5),)), 1).encode()


class Figure(Message):
    tag: Annotated[int, UInt(1), Tag()] = derived()


class Dot(Figure, tag=1):
    pass


class Framed(Figure, tag=2):
    frame: Frame


class Tilted(Framed, tag=3):
    angle: Annotated[int, UInt(1)]


class Frame(Message):
    width: Annotated[int, UInt(1)]


def test_a_variant_may_speak_of_a_class_that_comes_after_it() -> None:
    for value, octets in (
        (Tilted(Frame(5), 9), b"\3\5\x09"),
        (Framed(Frame(5)), b"\2\5"),
        (Dot(), b"\1"),
    ):
        assert Figure.decode(octets) == value
        check(value, octets)


class Sheet(Message):
    tag: Annotated[int, UInt(1), Tag()] = derived()


class Drawn(Sheet, tag=1):
    ink: Ink


class Ink(Message):
    colour: Annotated[int, UInt(1)]


def test_a_family_knows_such_a_variant_before_any_is_made() -> None:
    assert Sheet.decode(b"\1\7")._values == (Ink(7),)


class Load(Message):
    size: Annotated[int, UInt(4), Measures("octets")] = derived()
    octets: Annotated[bytes, Octets("size")]


class Crate(Message):
    load: Load
    mark: Annotated[int, UInt(1)] = 1


class Truck(Message):
    crate: Crate
    mark: Annotated[int, UInt(1)] = 2


def test_a_large_value_is_written_in_memory_of_its_own_size() -> None:
    value = Truck(Crate(Load(bytes(1 << 20))))
    value.encode()
    tracemalloc.start()
    try:
        assert Truck.decode(value.encode()) == value
        assert tracemalloc.get_traced_memory()[1] < 9 << 20
    finally:
        tracemalloc.stop()


class Parcel(Message):
    number: Annotated[int, UInt(2)]
    lamp: Lamp


def test_nobody_writes_by_a_plan_that_another_thread_is_making(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parcel, written = Parcel(7, Lamp(1, Colour.RED, True)), []
    lay = Steps.lay

    def interrupted(self: Steps, family: bool) -> None:
        """Somebody else writes the same in the middle of the first one's first need."""
        monkeypatch.setattr(Steps, "lay", lay)
        thread = Thread(target=lambda: written.append(parcel.encode()))
        thread.start()
        thread.join()
        lay(self, family)

    monkeypatch.setattr(Steps, "lay", interrupted)
    assert parcel.encode() == b"\7\0\1\0\1\1"
    assert written == [b"\7\0\1\0\1\1"]
