# SPDX-License-Identifier: Apache-2.0
"""Messages out of a stream: as they complete, wherever it is cut, and no further."""

from typing import Annotated

import pytest
from laws import outcome
from timing import seconds

from cpppo.errors import GrammarError, Incomplete, Malformed, ProtocolError
from cpppo.grammar import Measures, Message, Octets, Repeat, UInt, derived
from cpppo.grammar.parser import MessageParser


class Frame(Message):
    """A length and a payload, after a number that must be even the odd way."""

    on: Annotated[bool, UInt(1)]
    size: Annotated[int, UInt(4), Measures("data")] = derived()
    data: Annotated[bytes, Octets("size")]


class Box(Message):
    """Frames in a length."""

    size: Annotated[int, UInt(2), Measures("frames")] = derived()
    frames: Annotated[tuple[Frame, ...], Repeat(within="size")]


class Line(Message):
    """Only the end ends it."""

    kind: Annotated[int, UInt(1)]
    text: Annotated[str, Octets(text="utf-8")] = ""


class Void(Message):
    """No octets at all."""


AB, CD = Frame(True, b"ab"), Frame(False, b"cd")


def test_messages_are_given_out_as_they_complete() -> None:
    parser = Frame.parser()
    octets = AB.encode() + CD.encode() + AB.encode()[:3]
    assert parser.feed(b"") == []
    assert parser.feed(octets) == [AB, CD]
    assert (parser.buffered, parser.taken) == (3, 14)
    assert parser.feed(AB.encode()[3:6]) == []
    assert parser.buffered == 6
    assert parser.feed(AB.encode()[6:] + CD.encode()) == [AB, CD]
    assert (parser.buffered, parser.taken) == (0, 28)
    assert parser.close() == []


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_octets_come_in_any_form_and_are_not_held_on_to(kind: type) -> None:
    parser = Frame.parser()
    octets = bytearray(AB.encode())
    assert parser.feed(kind(octets[:4])) == []
    (found,) = parser.feed(kind(octets[4:]))
    octets.clear()
    assert found == AB
    assert type(found.data) is bytes


def test_the_end_of_the_input_ends_what_only_it_can_end() -> None:
    parser = Line.parser()
    assert parser.feed(b"\1a") == []
    assert parser.feed("bé".encode()) == []
    assert parser.close() == [Line(1, "abé")]
    with pytest.raises(ValueError, match="closed"):
        parser.feed(b"\1")


def test_the_end_of_the_input_inside_a_message_is_incomplete() -> None:
    parser = Frame.parser()
    parser.feed(AB.encode()[:6])
    with pytest.raises(Incomplete) as caught:
        parser.close()
    whole = outcome(Frame, AB.encode()[:6])
    assert (type(caught.value), *place(caught.value)) == whole
    with pytest.raises(Incomplete):
        parser.close()


def place(exc: ProtocolError) -> tuple[str, str, int]:
    return exc.machine, exc.state, exc.offset


def test_messages_before_an_error_are_given_out_and_then_the_error() -> None:
    bad = b"\2" + AB.encode()[1:]
    for cut in range(len(bad)):
        parser = Frame.parser()
        found = parser.feed(AB.encode() + CD.encode() + bad[:cut])
        with pytest.raises(Malformed, match="none of its values"):
            found += parser.feed(bad[cut:] + AB.encode())
            found += parser.feed(b"")
        assert found == [AB, CD]


def test_an_error_stays() -> None:
    parser = Frame.parser()
    assert parser.feed(AB.encode() + b"\2\0\0\0\0" + AB.encode()) == [AB]
    errors = []
    for octets in (b"", AB.encode()):
        with pytest.raises(Malformed) as caught:
            parser.feed(octets)
        errors.append(caught.value)
    with pytest.raises(Malformed) as caught:
        parser.close()
    assert errors == [parser.failure, parser.failure]
    assert caught.value is parser.failure
    assert parser.buffered == 0


def test_errors_are_those_of_whole_octets_however_they_are_cut() -> None:
    bad = bytes.fromhex("0800 01 02000000 6162 01")  # half a frame in the box
    wanted = outcome(Box, bad)
    assert wanted[0] is not Incomplete
    whole = Box((CD,)).encode()
    for cut in range(len(whole + bad)):
        parser = Box.parser()
        octets = whole + bad
        with pytest.raises(Malformed) as caught:
            parser.feed(octets[:cut])
            parser.feed(octets[cut:])
            parser.close()
        assert (type(caught.value), *place(caught.value)) == wanted


def test_what_announces_more_than_the_limit_fails_at_once() -> None:
    octets = b"\1" + (100).to_bytes(4, "little")
    for pieces in ([octets], [octets[n : n + 1] for n in range(5)]):
        parser = MessageParser(Frame, limit=50)
        with pytest.raises(Malformed, match="longer than 50 octets"):
            for piece in pieces:
                assert parser.feed(piece) == []


def test_the_limit_itself_is_allowed() -> None:
    octets = Frame(True, bytes(45)).encode()
    for cut in (0, 1, 5, 49, 50):
        parser = MessageParser(Frame, limit=50)
        found = parser.feed(octets[:cut]) + parser.feed(octets[cut:] + AB.encode())
        assert found == [Frame(True, bytes(45)), AB]
        parser = MessageParser(Frame, limit=49)
        with pytest.raises(Malformed, match="longer than 49 octets"):
            parser.feed(octets[:cut])
            parser.feed(octets[cut:])


def test_a_message_without_an_end_is_held_up_to_the_limit() -> None:
    parser = MessageParser(Line, limit=10)
    assert parser.feed(b"\x01123456789") == []
    assert parser.close() == [Line(1, "123456789")]
    parser = MessageParser(Line, limit=10)
    with pytest.raises(Malformed, match="longer than 10 octets"):
        parser.feed(b"\x01123456789")
        parser.feed(b"x")
    assert parser.buffered == 0


def test_a_limit_is_at_least_one_octet() -> None:
    with pytest.raises(GrammarError, match="Frame"):
        MessageParser(Frame, limit=0)


def test_a_message_of_no_octets_makes_no_stream() -> None:
    with pytest.raises(GrammarError, match="Void takes no octets"):
        Void.parser().feed(b"\0")


def seconds_of(octets: bytes, step: int) -> float:
    """How long it takes to read these octets in pieces."""
    found: list[Frame] = []

    def read() -> None:
        parser = Frame.parser()
        found.clear()
        for at in range(0, len(octets), step):
            found.extend(parser.feed(octets[at : at + step]))

    took = seconds(read)
    assert b"".join(one.encode() for one in found) == octets
    return took


def test_reading_octet_by_octet_costs_in_proportion() -> None:
    short = seconds_of(Frame(True, bytes(8_000)).encode(), 1)
    long = seconds_of(Frame(True, bytes(64_000)).encode(), 1)
    assert long < 8 * short * 4  # were it quadratic: 64 times


def test_many_messages_at_once_cost_in_proportion() -> None:
    short = seconds_of(AB.encode() * 2_000, 1 << 20)
    long = seconds_of(AB.encode() * 16_000, 1 << 20)
    assert long < 8 * short * 4
