# SPDX-License-Identifier: Apache-2.0
"""Status codes in words: nobody sees a bare number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpppo.protocol.enip.status import Encapsulated, Extended, Status, words


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (Status.SUCCESS, 0x00),
        (Status.CONNECTION_FAILURE, 0x01),
        (Status.PATH_SEGMENT_ERROR, 0x04),
        (Status.PATH_DESTINATION_UNKNOWN, 0x05),
        (Status.PARTIAL_TRANSFER, 0x06),
        (Status.SERVICE_NOT_SUPPORTED, 0x08),
        (Status.ATTRIBUTE_LIST_ERROR, 0x0A),
        (Status.ATTRIBUTE_NOT_SETTABLE, 0x0E),
        (Status.PRIVILEGE_VIOLATION, 0x0F),
        (Status.REPLY_TOO_LARGE, 0x11),
        (Status.NOT_ENOUGH_DATA, 0x13),
        (Status.ATTRIBUTE_NOT_SUPPORTED, 0x14),
        (Status.TOO_MUCH_DATA, 0x15),
        (Status.EMBEDDED_SERVICE_ERROR, 0x1E),
        (Status.INVALID_PARAMETER, 0x20),
        (Status.PATH_SIZE_INVALID, 0x26),
        (Status.GENERAL_ERROR, 0xFF),
        (Extended.CONNECTION_NOT_FOUND, 0x0107),
        (Extended.REQUEST_TIMED_OUT, 0x0204),
        (Extended.LINK_ADDRESS_INVALID, 0x0312),
        (Extended.OUT_OF_RANGE, 0x2105),
        (Extended.TYPE_MISMATCH, 0x2107),
        (Encapsulated.UNSUPPORTED_COMMAND, 0x01),
        (Encapsulated.INCORRECT_DATA, 0x03),
        (Encapsulated.INVALID_SESSION, 0x64),
        (Encapsulated.INVALID_LENGTH, 0x65),
        (Encapsulated.UNSUPPORTED_VERSION, 0x69),
    ],
)
def test_a_status_has_the_number_of_the_specification(status: int, code: int) -> None:
    assert status == code


@pytest.mark.parametrize("status", [*Status])
def test_every_status_has_words(status: Status) -> None:
    said = words(status)
    assert said.strip()
    assert "0x" not in said
    assert "_" not in said


@pytest.mark.parametrize("extended", [*Extended])
@pytest.mark.parametrize("status", [Status.GENERAL_ERROR, Status.CONNECTION_FAILURE])
def test_what_is_extended_is_told(status: Status, extended: Extended) -> None:
    said = words(status, (extended,))
    assert said != words(status)
    assert "0x" not in said
    assert "_" not in said
    assert len({words(status, (each,)) for each in Extended}) == len(Extended)


def test_all_say_something_else() -> None:
    assert len({words(status) for status in Status}) == len(Status)


def test_nothing_that_is_extended_adds_nothing() -> None:
    assert words(Status.PATH_DESTINATION_UNKNOWN, (0,)) == words(
        Status.PATH_DESTINATION_UNKNOWN
    )


@given(st.integers(0, 255), st.lists(st.integers(0, 65535), max_size=3).map(tuple))
def test_any_number_has_words(code: int, extended: tuple[int, ...]) -> None:
    said = words(code, extended)
    assert said
    assert "\n" not in said


def test_an_unknown_status_is_told_by_its_number() -> None:
    assert "0xD7" in words(0xD7).replace("0xd7", "0xD7")
    assert "9999" in words(0xFF, (0x9999,))
