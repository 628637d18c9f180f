# SPDX-License-Identifier: Apache-2.0
"""Where the members of a Multiple Service Packet are: `held`, and `router.members`."""

from __future__ import annotations

import struct

import pytest
from asking import packed
from hypothesis import example, given
from hypothesis import strategies as st

from cpppo.protocol.enip import MultipleService, members
from cpppo.protocol.enip.members import held


def held_in(octets: bytes) -> int:
    return held(octets, 0, len(octets))


MEMBERS = st.lists(st.binary(max_size=12), min_size=1, max_size=12)


@given(MEMBERS)
def test_members_that_were_packed_are_held(several: list[bytes]) -> None:
    octets = packed(several)
    assert held_in(octets) == len(several)
    assert members(octets) == tuple(several)


@given(MEMBERS, st.binary(max_size=9), st.binary(max_size=9))
def test_what_stands_around_is_not_looked_at(
    several: list[bytes], before: bytes, after: bytes
) -> None:
    octets = packed(several)
    around = before + octets + after
    assert held(around, len(before), len(before) + len(octets)) == len(several)
    assert held(bytearray(around), len(before), len(before) + len(octets)) == len(
        several
    )


def test_no_members_are_held() -> None:
    assert held_in(b"\0\0") == 0


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        (b"", -1),
        (b"\1", -1),
        (b"\1\0", -1),
        (b"\1\0\4", -1),
        (b"\2\0\6\0", -1),
        (b"\xff\xff", -1),
        (b"\xff\xff" + bytes(1000), -1),
        (b"\1\0\5\0", -3),  # octets are wanted between the offsets and the member
        (b"\1\0\3\0abc", -2),
        (b"\1\0\0\0abc", -2),
        (b"\2\0\6\0\xff\xffabc", -2),
        (b"\2\0\6\0\5\0abc", -2),
        (struct.pack("<4H", 3, 8, 10, 9) + b"abcdef", -2),
        (struct.pack("<4H", 3, 8, 10, 15) + b"abcdef", -2),
        (b"\1\0\6\0abcd", -3),
        (b"\0\0a", -3),
    ],
)
def test_why_there_are_none(octets: bytes, why: int) -> None:
    got = held_in(octets)
    assert got < 0
    if octets != b"\1\0\5\0":
        assert got == why
    with pytest.raises(ValueError):
        members(octets)


@given(st.binary(max_size=40))
@example(b"\1\0\4\0")
@example(b"\2\0\6\0\6\0")
def test_both_ways_agree(octets: bytes) -> None:
    """What the common path takes apart is what the declaration takes apart."""
    count = held_in(octets)
    try:
        several = members(octets)
    except ValueError:
        assert count < 0
        return
    assert count == len(several)
    assert packed(several) == octets


@given(MEMBERS, st.data())
def test_both_ways_agree_when_an_octet_is_changed(
    several: list[bytes], data: st.DataObject
) -> None:
    octets = bytearray(packed(several))
    at = data.draw(st.integers(0, len(octets) - 1))
    octets[at] = data.draw(st.integers(0, 255))
    count = held_in(bytes(octets))
    try:
        assert count == len(members(bytes(octets)))
    except ValueError:
        assert count < 0


def test_as_many_as_offsets_can_tell_are_held() -> None:
    several = [b""] * 32766
    assert held_in(packed(several)) == 32766
    assert MultipleService is not None
