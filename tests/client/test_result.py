# SPDX-License-Identifier: Apache-2.0
"""Results: values, types, words, and what is not known."""

from __future__ import annotations

import struct
from typing import Any

import asking
import pytest

from cpppo.client.pipeline import Pipeline
from cpppo.client.result import NONE, Result
from cpppo.client.way import Way
from cpppo.errors import CpppoError
from cpppo.protocol.enip.types import CODES, SSTRING, STRING

STRAIGHT = Way.of(False, "")


def result(given: Any, cip: bytes | None = None, now: float = 12.5) -> Result:
    """What an operation comes to with a reply."""
    pipeline = Pipeline(7, STRAIGHT)
    pipeline.begin([given])
    (frame,) = asking.frames(pipeline.send())
    if cip is None:
        (one,) = pipeline.abandon()
        return one
    pipeline.receive(asking.rr(cip, 7, frame.context), now)
    (one,) = pipeline.take()
    return one


def read(code: int, data: bytes, service: int = 0xCC) -> bytes:
    return bytes((service, 0, 0, 0)) + struct.pack("<H", code) + data


@pytest.mark.parametrize("code", CODES)
def test_values_of_every_type(code: int) -> None:
    kind = CODES[code]
    several: list[Any] = ["a", "", "xyz"] if kind.blank == "" else [1, 0, 1]
    if kind.__name__ == "BOOL":
        several = [True, False, True]
    found = result("A[0-2]", read(code, kind.pack(several)))
    assert (found.data, found.value) == (several, several)
    assert found.type == kind.__name__
    assert found.octets == kind.pack(several)
    single = result("A", read(code, kind.pack(several[:1])))
    assert single.value == several[0]
    assert single.data == several[:1]
    assert type(single.value) is type(several[0]) or kind.blank == 0.0


def test_a_result_tells_all_of_itself() -> None:
    found = result("A[0]", read(0xC3, b"\5\0"))
    assert found
    assert found.ok
    assert (found.status, found.extended, found.said) == (0, (), 0)
    assert (found.words, found.error) == ("OK", None)
    assert (found.index, found.tag, found.time) == (0, "A[0]", 12.5)
    assert found.operation.text == "A[0]"
    assert found.request == asking.read(asking.symbol("A") + asking.element(0))
    assert found.reply == read(0xC3, b"\5\0")
    assert not found.unknown
    assert "A[0]" in repr(found)
    assert "5" in repr(found)


def test_a_value_is_worked_out_once() -> None:
    found = result("A[0-1]", read(0xC3, bytes(4)))
    assert found.data is found.data
    assert found.value is not found.data


def test_a_refusal_in_words() -> None:
    found = result("A[77]", bytes((0xCC, 0, 0xFF, 1, 5, 0x21)))
    assert not found
    assert (found.status, found.extended) == (0xFF, (0x2105,))
    assert found.said == (0xFF, [0x2105])
    assert found.words == "beyond the end of the tag"
    assert found.error == "A[77]: beyond the end of the tag (0xFF 0x2105)"
    assert (found.data, found.value, found.type) == (None, None, None)
    assert "beyond" in repr(found)


def test_writes() -> None:
    one = result("A=5", bytes((0xCD, 0, 0, 0)))
    assert (one.data, one.value, one.type, one.tag) == (True, 5, "INT", "A")
    several = result("A[0-1]=(REAL)1,2", bytes((0xCD, 0, 0, 0)))
    assert (several.data, several.value, several.type) == (True, [1.0, 2.0], "REAL")
    refused = result("A=5", bytes((0xCD, 0, 5, 0)))
    assert (refused.data, refused.value, refused.type) == (None, None, "INT")


def test_what_was_never_answered() -> None:
    read_, written = result("A"), result("A=1")
    assert (read_.status, written.status) == (NONE, NONE)
    assert (read_.unknown, written.unknown) == (False, True)
    assert read_.words == "no answer came"
    assert "may have been written" in written.words
    assert written.error is not None
    assert written.error.startswith("A: ")
    assert "-0x" not in written.error
    assert read_.value is None


def test_types_that_are_not_known_stay_octets() -> None:
    structure = result("A", read(0x02A0, b"\x34\x12abcdef"))
    assert (structure.value, structure.type) == (b"abcdef", "structure 0x1234")
    other = result("A", read(0x77, b"xyz"))
    assert (other.value, other.type) == (b"xyz", "type 0x77")


@pytest.mark.parametrize(
    ("code", "data"),
    [
        (0xC3, b"\5\0\0"),  # octets that belong to nothing
        (0xC2, b"\5\0"),
        (0xC1, b"\xff\xff"),
        (0xC4, bytes(5)),
        (0xDA, b"\1A\0"),
        (0xD0, b"\1\0A"),  # without what makes it even
        (0xD0, b"\1\0A\0\0"),
        (0xD0, b""),
        (0xDA, b""),
    ],
)
def test_one_value_is_one_value_or_an_error(code: int, data: bytes) -> None:
    """Devices make replies even; what is wrong otherwise ends the session."""
    try:
        found = result("A", read(code, data))
    except CpppoError:
        return
    assert len(found.data) == 1
    assert found.value in (5, True, 0, "A")
    assert not isinstance(found.value, list)
    assert result("A[0-0]", read(code, data)).value == found.data


@pytest.mark.parametrize("kind", [SSTRING, STRING])
def test_texts_that_lack_what_makes_them_even(kind: Any) -> None:
    texts = ["AB", "C"]
    octets = kind.pack(texts).rstrip(b"\0")
    assert result("S[0-1]", read(kind.tag_type, octets)).value == texts


def test_an_odd_offset_is_an_error_or_whole_values() -> None:
    try:
        found = result("A[0-9]+1", read(0xC3, bytes(19), 0xD2))
    except CpppoError:
        return
    assert found.data is None or len(found.data) in (9, 10)


@pytest.mark.parametrize(
    ("code", "data", "value"),
    [
        (0xC2, b"\x88", True),
        (0xC2, b"\x77", False),
        (0xC4, b"\x08\0\0\0", True),
        (0xC5, b"\xff" * 8, True),
        (0xD3, b"\xff" * 4, True),
    ],
)
def test_bits(code: int, data: bytes, value: bool) -> None:
    found = result("A.3", read(code, data))
    assert found.value is value
    assert found.data == [value]
    assert found.type == "BOOL"


@pytest.mark.parametrize(
    ("code", "data"),
    [
        (0xCA, struct.pack("<f", 1.5)),
        (0xCB, struct.pack("<d", 1.5)),
        (0xD0, b"\2\0AB"),
        (0xDA, b"\2AB"),
        (0x02A0, b"\1\1" + bytes(8)),
        (0x77, bytes(4)),
    ],
)
def test_what_has_no_bits_is_refused_in_its_place(code: int, data: bytes) -> None:
    found = result("A.3", read(code, data))
    assert not found.ok
    assert found.value is None
    assert found.error is not None


def test_a_bit_beyond_the_value_is_refused_in_its_place() -> None:
    found = result("A.9", read(0xC2, b"\xff"))
    assert not found.ok
    assert found.type is None


def test_a_read_at_an_offset_has_what_is_left() -> None:
    found = result("A[0-3]+4", read(0xC3, b"\1\0\2\0", 0xD2))
    assert found.value == [1, 2]


def test_a_logix_string_that_is_written_as_a_type_says_what_writes_it() -> None:
    refused = bytes((0xCD, 0, 0xFF, 1)) + struct.pack("<H", 0x2107)
    said = str(result('S=(STRING)"Hi"', refused).error)
    assert "than STRING; a text of Logix is written by Logix(" in said
    assert '.write(TAG="Hi")' in said
    assert "Logix" not in str(result("S=(DINT)1", refused).error)
