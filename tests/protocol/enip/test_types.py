# SPDX-License-Identifier: Apache-2.0
"""Elementary types: their codes, their octets, and what does not fit them."""

from __future__ import annotations

import math
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpppo.errors import EncodeError
from cpppo.protocol.enip import types
from cpppo.protocol.enip.types import CODES, TYPES, CIPType

# CIP Vol 1, table C-6.1.
KNOWN = {
    "BOOL": (0xC1, 1),
    "SINT": (0xC2, 1),
    "INT": (0xC3, 2),
    "DINT": (0xC4, 4),
    "LINT": (0xC5, 8),
    "USINT": (0xC6, 1),
    "UINT": (0xC7, 2),
    "UDINT": (0xC8, 4),
    "ULINT": (0xC9, 8),
    "REAL": (0xCA, 4),
    "LREAL": (0xCB, 8),
    "STRING": (0xD0, 0),
    "BYTE": (0xD1, 1),
    "WORD": (0xD2, 2),
    "DWORD": (0xD3, 4),
    "LWORD": (0xD4, 8),
    "SSTRING": (0xDA, 0),
}

WHOLE = [name for name in KNOWN if name.endswith("INT")]

EXAMPLES = [
    ("INT", -2, "feff"),
    ("SINT", -1, "ff"),
    ("USINT", 255, "ff"),
    ("DINT", 0x01020304, "04030201"),
    ("LINT", -2, "feffffffffffffff"),
    ("SSTRING", "abc", "03616263"),
    ("SSTRING", "", "00"),
    ("STRING", "abc", "030061626300"),
    ("STRING", "ab", "02006162"),
    ("STRING", "", "0000"),
    ("BOOL", True, "ff"),
    ("BOOL", False, "00"),
    ("REAL", 1.5, "0000c03f"),
    ("LREAL", 1.5, "000000000000f83f"),
    ("DWORD", 0x80000000, "00000080"),
]


def named(name: str) -> type[CIPType]:
    return {one.__name__: one for one in CODES.values()}[name]


@pytest.mark.parametrize("name", KNOWN)
def test_a_type_has_its_code_and_size(name: str) -> None:
    one = named(name)
    assert (one.tag_type, one.struct_calcsize) == KNOWN[name]
    assert CODES[one.tag_type] is one
    if one.struct_calcsize:
        assert struct.calcsize(one.struct_format) == one.struct_calcsize


def test_the_types_of_tags_are_those_of_the_manual() -> None:
    assert set(TYPES) == set(KNOWN) - {"BYTE", "WORD", "DWORD", "LWORD"}


@pytest.mark.parametrize(("name", "value", "octets"), EXAMPLES)
def test_a_value_has_its_octets(name: str, value: Any, octets: str) -> None:
    one = named(name)
    assert one.produce(value).hex() == octets
    assert one.unpack(bytes.fromhex(octets)) == [value]
    assert one.pack([value, value]).hex() == octets * 2
    assert one.unpack(bytes.fromhex(octets) * 2) == [value, value]
    assert one.unpack(bytearray.fromhex(octets)) == [value]
    assert one.unpack(memoryview(bytes.fromhex(octets))) == [value]


@pytest.mark.parametrize("name", KNOWN)
def test_no_values_are_no_octets(name: str) -> None:
    one = named(name)
    assert one.pack([]) == b""
    assert one.pack(iter(())) == b""
    assert one.unpack(b"") == []
    assert one.unpack(one.produce(one.blank)) == [one.blank]


@pytest.mark.parametrize("octet", [0x01, 0x80, 0xFF])
def test_what_is_not_zero_is_true(octet: int) -> None:
    assert types.BOOL.unpack(bytes((octet, 0))) == [True, False]


@pytest.mark.parametrize("name", WHOLE)
@given(st.data())
def test_whole_numbers_come_back(name: str, data: st.DataObject) -> None:
    one = named(name)
    low, high = limits(one)
    values = data.draw(st.lists(st.integers(low, high)))
    assert one.unpack(one.pack(values)) == values


def limits(one: type[CIPType]) -> tuple[int, int]:
    bits = 8 * one.struct_calcsize
    if one.__name__.startswith("U"):
        return 0, 2**bits - 1
    return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1


@pytest.mark.parametrize("name", WHOLE)
def test_numbers_beyond_the_ends_are_refused(name: str) -> None:
    one = named(name)
    low, high = limits(one)
    assert one.unpack(one.pack([low, high])) == [low, high]
    for value in (low - 1, high + 1, 2**70, -(2**70)):
        with pytest.raises(EncodeError, match=name):
            one.produce(value)
        with pytest.raises(EncodeError):
            one.pack([low, value, high])


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("value", [None, "1", b"1", [1], ...], ids=repr)
def test_what_is_no_number_is_refused(name: str, value: object) -> None:
    with pytest.raises(EncodeError):
        named(name).produce(value)


@pytest.mark.parametrize("name", ["REAL", "LREAL"])
@pytest.mark.parametrize("value", [None, "1", b"1", [1]])
def test_what_is_no_real_number_is_refused(name: str, value: object) -> None:
    with pytest.raises(EncodeError):
        named(name).produce(value)


def test_a_real_that_is_too_large_is_refused() -> None:
    for value in (1e39, -1e300, 10**400):
        with pytest.raises(EncodeError):
            types.REAL.produce(value)
    with pytest.raises(EncodeError):
        types.LREAL.produce(10**400)


@pytest.mark.parametrize("name", ["REAL", "LREAL"])
def test_reals_without_a_value_come_back(name: str) -> None:
    one = named(name)
    assert one.unpack(one.pack([math.inf, -math.inf])) == [math.inf, -math.inf]
    assert math.isnan(one.unpack(one.pack([math.nan]))[0])
    assert math.copysign(1, one.unpack(one.produce(-0.0))[0]) == -1


@given(st.lists(st.text(st.characters(max_codepoint=255), max_size=255), max_size=9))
def test_texts_come_back(values: list[str]) -> None:
    for one in (types.SSTRING, types.STRING):
        octets = one.pack(values)
        assert one.unpack(octets) == values
        assert one.packed(values) == [one.produce(value) for value in values]
        assert b"".join(one.packed(values)) == octets
        assert list(one.cut(octets, len(values))) == one.packed(values)
        assert list(one.cut(octets, 2)) == one.packed(values)[:2]


@given(
    st.lists(st.text("abc", max_size=9), max_size=5),
    st.integers(0, 6),
    st.binary(max_size=9),
)
def test_texts_are_cut_from_octets_as_far_as_they_are_whole(
    values: list[str], most: int, rest: bytes
) -> None:
    for one in (types.SSTRING, types.STRING):
        whole = one.packed(values)
        for end in range(len(b"".join(whole)) + 1):
            octets = b"".join(whole)[:end]
            found = list(one.cut(octets, most))
            assert len(found) <= most
            assert found == whole[: len(found)]
            # No text that is there whole, up to as many as are wanted, is missing.
            have = 0
            while have < len(whole) and sum(map(len, whole[: have + 1])) <= end:
                have += 1
            assert len(found) >= min(have, most)
        if len(values) >= most:
            assert list(one.cut(b"".join(whole) + rest, most)) == whole[:most]


def test_a_text_that_is_too_long_is_refused() -> None:
    assert len(types.SSTRING.produce("x" * 255)) == 256
    with pytest.raises(EncodeError):
        types.SSTRING.produce("x" * 256)
    assert len(types.STRING.produce("x" * 65535)) == 65538
    with pytest.raises(EncodeError):
        types.STRING.produce("x" * 65536)


@pytest.mark.parametrize("value", [None, 5, b"abc", ["abc"], "\u0416", "\ud800"])
@pytest.mark.parametrize("name", ["SSTRING", "STRING"])
def test_what_is_no_text_is_refused(name: str, value: object) -> None:
    with pytest.raises(EncodeError):
        named(name).produce(value)
