# SPDX-License-Identifier: Apache-2.0
"""pycomm3's driver for SLC 500 and MicroLogix reads and writes data files.

The plant has them beside its tags; PCCC goes over a connection.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

import pytest
from interop.clients import Faces, pycomm3, where
from peers import Address

pytestmark = pytest.mark.interop


@pytest.fixture(scope="module", params=["large", "small"])
def slc(
    request: pytest.FixtureRequest, simulator: Address, small: Address
) -> Iterator[Any]:
    address = simulator if request.param == "large" else small
    with pycomm3.SLCDriver(where(address)) as driver:
        yield driver


def written(slc: Any, address: str, value: Any) -> Any:
    """What is read after it was written."""
    told = slc.write((address, value))
    assert not told.error, told.error
    told = slc.read(address)
    assert not told.error, told.error
    return told.value


@pytest.mark.parametrize(
    ("address", "values"),
    [
        ("N7:0", [0, 1, -1, 32767, -32768]),
        ("N7:99", [7, -7]),
        ("N11:4", [11]),
        ("F8:0", [0.0, 1.5, -2.25]),
        ("F8:49", [3.25]),
        ("B3:0", [0, 0x5555]),
        ("B3:19", [1]),
        ("S:5", [3]),
        ("N7:3/0", [True, False]),
        ("N7:3/15", [True, False]),
        ("B3:1/7", [True, False]),
    ],
)
def test_an_element_is_written_and_read(
    slc: Any, address: str, values: list[Any]
) -> None:
    for value in values:
        assert written(slc, address, value) == value


@pytest.mark.parametrize(
    ("address", "values"),
    [
        ("N7:10{10}", list(range(-5, 5))),
        ("N7:0{100}", list(range(100))),
        ("F8:10{5}", [0.5, 1.5, 2.5, 3.5, -4.5]),
        ("B3:2{3}", [1, 2, 3]),
    ],
)
def test_several_elements_are_written_and_read(
    slc: Any, address: str, values: list[Any]
) -> None:
    assert written(slc, address, values) == values


@pytest.mark.parametrize("address", ["I1:0", "O0:0", "I:0", "O:0", "S:3", "L10:2"])
def test_an_element_is_read(slc: Any, address: str) -> None:
    told = slc.read(address)
    assert not told.error, told.error


def test_a_bit_leaves_the_others(slc: Any) -> None:
    assert written(slc, "N7:5", 0x0F0F) == 0x0F0F
    assert written(slc, "N7:5/4", True) is True
    assert written(slc, "N7:5/0", False) is False
    assert slc.read("N7:5").value == 0x0F1E


@pytest.mark.parametrize("text", ["", "hello", "odd", "a" * 82])
def test_a_string_is_written_and_read(slc: Any, text: str) -> None:
    assert written(slc, "ST9:3", text) == text


def pccc(slc: Any, function: bytes, number: int = 1) -> bytes:
    """The reply to a PCCC request, with its status."""
    head = b"\7\x09\x10\x78\x56\x34\x12" + b"\x0f\0" + struct.pack("<H", number)
    told = slc.generic_message(
        service=0x4B, class_code=0x67, instance=1, request_data=head + function
    )
    assert not told.error, told.error
    reply: bytes = told.value
    assert reply[:8] == head[:7] + b"\x4f"
    assert reply[9:11] == head[9:11]
    return reply[8:9] + reply[11:]


def test_a_timer_is_read(slc: Any) -> None:
    # The driver writes the control word whatever is told it: so by hand.
    for element, words in ((0, (0x2000, 50, 20)), (9, (0x8000, 7, 3))):
        data = struct.pack("<3H", *words)
        assert pccc(slc, b"\xaa\6\4\x86" + bytes((element, 0)) + data) == b"\0"
        at = f"T4:{element}"
        assert slc.read(f"{at}.PRE").value == words[1]
        assert slc.read(f"{at}.ACC").value == words[2]
        assert slc.read(f"{at}.DN").value is (words[0] == 0x2000)
        assert slc.read(f"{at}.EN").value is (words[0] == 0x8000)


def test_a_counter_is_read(slc: Any) -> None:
    data = struct.pack("<Hhh", 0x8000, 100, -5)
    assert pccc(slc, b"\xaa\6\5\x87\3\0" + data) == b"\0"
    assert slc.read("C5:3.PRE").value == 100
    assert slc.read("C5:3.ACC").value == -5
    assert slc.read("C5:3.CU").value is True
    assert slc.read("C5:3.DN").value is False


def test_a_control_is_written_and_read_by_hand(slc: Any) -> None:
    data = struct.pack("<3H", 0x2000, 30, 4)
    assert pccc(slc, b"\xaa\6\6\x88\1\0" + data) == b"\0"
    # The driver spells no address of this type.
    assert pccc(slc, b"\xa2\6\6\x88\1\0") == b"\0" + data
    assert pccc(slc, b"\xa2\2\6\x88\1\1") == b"\0" + data[2:4]


def test_a_long_is_written_and_read_by_hand(slc: Any) -> None:
    data = struct.pack("<i", -123456789)
    assert pccc(slc, b"\xaa\4\x0a\x91\4\0" + data) == b"\0"
    assert pccc(slc, b"\xa2\4\x0a\x91\4\0") == b"\0" + data


def test_addresses_above_254_are_spelt_in_three_octets(slc: Any) -> None:
    told = pccc(slc, b"\xa2\2\xff\7\0\x89\xff\5\0\xff\0\0")
    assert told == b"\0" + struct.pack("<h", slc.read("N7:5").value)


@pytest.mark.parametrize(
    "address", ["N7:100", "N99:0", "F8:50", "N7:95{6}", "T4:10.PRE"]
)
def test_what_is_not_there_is_refused(slc: Any, address: str) -> None:
    assert slc.read(address).error
    assert slc.read("N7:0").error is None


def test_a_write_beyond_the_end_is_refused(slc: Any) -> None:
    assert slc.write(("N7:100", 5)).error
    assert slc.write(("N99:0", 5)).error
    assert written(slc, "N7:0", 5) == 5


def test_several_addresses_are_read_at_once(slc: Any) -> None:
    told = slc.read("N7:0", "F8:0")
    assert [one.error for one in told] == [None, None]


def test_the_type_of_the_processor_is_told(slc: Any) -> None:
    told = slc.get_processor_type()
    assert told
    assert told.isprintable()


def test_the_directory_has_every_file(slc: Any) -> None:
    told = slc.get_file_directory()
    expected = {"N7": 100, "F8": 50, "B3": 20, "T4": 10, "C5": 10, "R6": 10}
    assert {name: told[name]["elements"] for name in expected} == expected


def test_the_tags_of_the_plant_are_beside(slc: Any, faces: Faces) -> None:
    number = faces["pycomm3"].client.get_tag_info("SEVEN")["instance_id"]
    told = slc.generic_message(
        service=0x4C, class_code=0x6B, instance=number, request_data=b"\1\0"
    )
    assert told.value == b"\xc4\0\7\0\0\0"
