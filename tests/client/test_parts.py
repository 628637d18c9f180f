# SPDX-License-Identifier: Apache-2.0
"""Long reads, long writes and bits, reply by reply: what is asked, what believed."""

from __future__ import annotations

import random
import struct
from typing import Any

import asking
import pytest

from cpppo.client.operations import Operation
from cpppo.client.parts import (
    MOST_PARTS,
    BitWrite,
    Pieces,
    ReadParts,
    complete,
    size_of,
)
from cpppo.client.requests import prepared
from cpppo.client.result import Prepared
from cpppo.errors import StatusError, Unexpected
from cpppo.protocol.enip.types import CODES

INT, SSTRING, STRING, UNKNOWN = 0xC3, 0xDA, 0xD0, 0x02A0


def ready(text: str, fragment: bool = False) -> Prepared:
    return prepared(Operation.parse(text, fragment=fragment), fragment)


def parts(text: str, code: int = INT) -> ReadParts:
    return ReadParts(ready(text), code)


def asked(steps: Any) -> list[tuple[int, int, int]]:
    """The offsets that the requests say, and what is wanted of each."""
    found = []
    for octets, start, stop in steps:
        assert octets[0] == 0x52
        found.append(
            (struct.unpack_from("<I", octets, len(octets) - 4)[0], start, stop)
        )
    return found


# -- values of one size


def test_what_is_left_is_asked_for_at_once() -> None:
    one = parts("B*10")
    steps = asked(one.took(0, -1, True, INT, bytes(6)))
    assert steps == [(6, 6, 12), (12, 12, 18), (18, 18, 20)]


def test_requests_begin_at_the_offset_of_the_read() -> None:
    one = parts("B*10+4")
    assert asked(one.took(0, -1, True, INT, bytes(8))) == [(12, 8, 16)]


def test_half_a_value_is_asked_for_again() -> None:
    one = parts("B*4")
    assert asked(one.took(0, -1, True, INT, b"\1\0\2"))[0] == (2, 2, 4)
    assert one.octets[:2] == b"\1\0"
    assert one.octets[2:] == bytes(6)


def test_parts_come_in_any_order(request: pytest.FixtureRequest) -> None:
    rng = random.Random(request.config.getoption("--hypothesis-seed"))
    for _ in range(100):
        count = rng.randint(2, 300)
        whole = rng.randbytes(2 * count)
        one = parts(f"B*{count}")
        first = 2 * rng.randint(1, count - 1)
        waiting = list(one.took(0, -1, True, INT, whole[:first]))
        while waiting:
            _, start, stop = waiting.pop(rng.randrange(len(waiting)))
            size = rng.randint(1, (stop - start) // 2) * 2
            body = whole[start : start + size]
            waiting += one.took(start, stop, start + size < len(whole), INT, body)
        assert one.octets == whole


@pytest.mark.parametrize(
    ("partial", "code", "body"),
    [
        (True, INT, b""),  # no end
        (True, INT, b"\1"),
        (False, INT, b"\1\0"),  # the end, and not all
        (True, 0xC4, bytes(4)),  # another type
        (True, INT, bytes(22)),  # more than all
    ],
)
def test_what_a_device_may_not_say_of_a_part(
    partial: bool, code: int, body: bytes
) -> None:
    with pytest.raises(Unexpected, match="B"):
        list(parts("B*10").took(0, -1, partial, code, body))


def test_a_later_part_is_held_against_what_it_is_to_bring() -> None:
    one = parts("B*10")
    steps = list(one.took(0, -1, True, INT, bytes(10)))
    (_, start, stop) = steps[0]
    with pytest.raises(Unexpected):
        list(one.took(start, stop, False, INT, bytes(4)))
    with pytest.raises(Unexpected):
        list(one.took(start, stop, True, INT, bytes(12)))
    assert asked(one.took(start, stop, True, INT, bytes(4))) == [(14, 14, 20)]


def test_every_reply_leaves_less_to_ask() -> None:
    one = parts("B*500")
    waiting = list(one.took(0, -1, True, INT, bytes(100)))
    count = 1
    while waiting:
        _, start, stop = waiting.pop()
        waiting += one.took(start, stop, True, INT, bytes(2))
        count += 1
    assert count <= 500


# -- values whose size nobody knows


@pytest.mark.parametrize("code", [SSTRING, STRING, UNKNOWN])
def test_of_texts_one_part_after_the_other_is_asked_for(code: int) -> None:
    one = parts("S*3", code)
    assert asked(one.took(0, -1, True, code, b"\3abc\4")) == [(5, 5, -1)]
    assert asked(one.took(5, -1, True, code, b"defg")) == [(9, 9, -1)]
    assert asked(one.took(9, -1, False, code, b"\1h")) == []
    assert one.octets == b"\3abc\4defg\1h"


def test_a_part_without_octets_is_no_part() -> None:
    with pytest.raises(Unexpected, match="no octets"):
        parts("S*3", SSTRING).took(0, -1, True, SSTRING, b"")


def test_nobody_is_asked_for_ever() -> None:
    one = parts("S*3", SSTRING)
    with pytest.raises(Unexpected, match="no end"):
        for n in range(MOST_PARTS + 10):
            list(one.took(n, -1, True, SSTRING, b"x"))
    one = parts("S*3", SSTRING)
    with pytest.raises(Unexpected, match="no end"):
        for n in range(1000):
            list(one.took(n, -1, True, SSTRING, bytes(60000)))


# -- writes


def test_all_pieces_are_asked_in_their_order() -> None:
    one = ready("B=" + ",".join(map(str, range(1000))))
    several = Pieces(one)
    assert [step[0] for step in several.steps()] == one.pieces
    assert list(several.took(-1, -1, False, 0, b"")) == []


def test_a_bit_is_written_to_a_value_of_its_size() -> None:
    for size, code in ((1, 0xC2), (2, 0xC3), (4, 0xC4), (8, 0xC5)):
        one = BitWrite(ready("A.3=1"))
        assert [step[0] for step in one.steps()] == [asking.read("A")]
        ((octets, _, _),) = one.took(0, 0, False, code, bytes(size))
        assert octets[0] == 0x4E
        assert octets[6:8] == struct.pack("<H", size)
        assert list(one.took(-1, -1, False, 0, b"")) == []


@pytest.mark.parametrize(
    ("code", "body"),
    [
        (INT, b""),
        (INT, bytes(3)),
        (0xC2, bytes(1)),  # bit 9 of 8
        (0xC5, bytes(16)),
        (0xCA, bytes(4)),  # a REAL has no bits
        (SSTRING, bytes(4)),
        (STRING, bytes(4)),
    ],
)
def test_there_is_no_such_bit(code: int, body: bytes) -> None:
    with pytest.raises(StatusError):
        list(BitWrite(ready("A.9=1")).took(0, 0, False, code, body))


# -- whether all is there


@pytest.mark.parametrize("code", CODES)
def test_as_many_as_were_asked_for(code: int) -> None:
    kind = CODES[code]
    some = ["a", "bc", "def"] if kind.blank == "" else [1, 0, 1]
    octets = kind.pack(some)
    one = ready("X*3")
    assert complete(one, code, octets) is None
    for wrong in (b"", octets[:-2], octets + octets, octets + bytes(2)):
        problem = complete(one, code, wrong)
        assert problem is not None, wrong
        assert "X" in problem
        assert kind.__name__ in problem


def test_of_an_unknown_type_anything_is_right() -> None:
    assert complete(ready("X*3"), UNKNOWN, b"abc") is None


def test_sizes() -> None:
    assert [size_of(code) for code in (0xC1, INT, 0xCB, SSTRING, 0)] == [1, 2, 8, 0, 0]
