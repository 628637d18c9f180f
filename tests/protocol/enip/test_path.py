# SPDX-License-Identifier: Apache-2.0
"""Paths: CIP Vol 1, appendix C-1, and what clients in the field make of it."""

from __future__ import annotations

from typing import Any

import pytest
from laws import agreed, check, outcome

from cpppo.errors import EncodeError, Incomplete, Malformed
from cpppo.protocol.enip import (
    Attribute,
    Class,
    ConnectionPoint,
    ElectronicKey,
    Element,
    Instance,
    KeyFormat4,
    OtherKeyFormat,
    OtherSegment,
    Path,
    Port,
    RoutePath,
    Segment,
    SinglePath,
    Symbol,
)

# CIP Vol 1, C-1.4.2: a logical segment in 8, 16 and 32 bits, each at both its ends.
LOGICAL: list[tuple[Segment, str]] = [
    (Class(0), "20 00"),
    (Class(0xFF), "20 ff"),
    (Class(0x100), "21 00 00 01"),
    (Class(0xFFFF), "21 00 ff ff"),
    (Class(0x10000), "22 00 00 00 01 00"),
    (Class(0xFFFFFFFF), "22 00 ff ff ff ff"),
    (Instance(0), "24 00"),
    (Instance(0xFF), "24 ff"),
    (Instance(0x100), "25 00 00 01"),
    (Instance(0x12345678), "26 00 78 56 34 12"),
    (Element(5), "28 05"),
    (Element(300), "29 00 2c 01"),
    (Element(70000), "2a 00 70 11 01 00"),
    (ConnectionPoint(100), "2c 64"),
    (ConnectionPoint(1000), "2d 00 e8 03"),
    (ConnectionPoint(0x10000), "2e 00 00 00 01 00"),
    (Attribute(7), "30 07"),
    (Attribute(0x1234), "31 00 34 12"),
    (Attribute(0x12345), "32 00 45 23 01 00"),
]

# C-1.4.4, ANSI Extended Symbol: a count, the characters, and a pad when it is odd.
SYMBOLIC: list[tuple[Segment, str]] = [
    (Symbol("SCADA"), "91 05 53 43 41 44 41 00"),
    (Symbol("Tank"), "91 04 54 61 6e 6b"),
    (Symbol(""), "91 00"),
    (Symbol("Program:Main"), "91 0c 50 72 6f 67 72 61 6d 3a 4d 61 69 6e"),
    (Symbol("Ä"), "91 01 c4 00"),
]

# C-1.4.1: a port in the first octet or after it, a link of one octet or of more.
PORTS: list[tuple[Segment, str]] = [
    (Port(1, 0), "01 00"),
    (Port(2, 6), "02 06"),
    (Port(14, 255), "0e ff"),
    (Port(15, 1), "0f 0f 00 01"),
    (Port(0x12, 1), "0f 12 00 01"),
    (Port(0xFFFF, 1), "0f ff ff 01"),
    (Port(2, "1.2.3.4"), "12 07 31 2e 32 2e 33 2e 34 00"),
    (Port(2, "192.168.1.2"), "12 0b 31 39 32 2e 31 36 38 2e 31 2e 32 00"),
    (Port(5, "10.0.0.1"), "15 08 31 30 2e 30 2e 30 2e 31"),
    (Port(20, "1.2.3.4"), "1f 07 14 00 31 2e 32 2e 33 2e 34 00"),
    (Port(15, "10.0.0.1"), "1f 08 0f 00 31 30 2e 30 2e 30 2e 31"),
]

# C-1.4.2, special: the electronic key, of the one format that is common.
KEYS: list[tuple[Segment, str]] = [
    (ElectronicKey(), "34 04 00 00 00 00 00 00 00 00"),
    (ElectronicKey(KeyFormat4(1, 14, 55, 0x80, 2)), "34 04 01 00 0e 00 37 00 80 02"),
]

SEGMENTS = LOGICAL + SYMBOLIC + PORTS + KEYS


def octets(text: str) -> bytes:
    return bytes.fromhex(text)


@pytest.mark.parametrize(("segment", "text"), SEGMENTS, ids=repr)
def test_each_segment_has_its_octets(segment: Segment, text: str) -> None:
    check(SinglePath(segment), octets(text))


@pytest.mark.parametrize(("segment", "text"), SEGMENTS, ids=repr)
def test_a_path_counts_its_words(segment: Segment, text: str) -> None:
    words = bytes([len(octets(text)) // 2])
    check(Path((segment,)), words + octets(text))
    check(RoutePath((segment,)), words + b"\0" + octets(text))


WHOLE: list[tuple[Any, str]] = [
    (Path(), "00"),
    (RoutePath(), "00 00"),
    (Path((Class(1), Instance(1), Attribute(7))), "03 20 01 24 01 30 07"),
    (
        Path((Class(0x1234), Instance(1), Attribute(3))),
        "04 21 00 34 12 24 01 30 03",
    ),
    (Path((Symbol("SCADA"), Element(1))), "05 91 05 53 43 41 44 41 00 28 01"),
    (
        Path((Symbol("SCADA"), Element(300))),
        "06 91 05 53 43 41 44 41 00 29 00 2c 01",
    ),
    (
        Path((Symbol("SCADA"), Element(70000))),
        "07 91 05 53 43 41 44 41 00 2a 00 70 11 01 00",
    ),
    (
        Path((Symbol("a"), Element(1), Element(2), Symbol("bc"), Element(300))),
        "08 91 01 61 00 28 01 28 02 91 02 62 63 29 00 2c 01",
    ),
    (Path((Class(4), Instance(5), ConnectionPoint(100))), "03 20 04 24 05 2c 64"),
    (RoutePath((Port(1, 0),)), "01 00 01 00"),
    (
        RoutePath((Port(1, 0), Port(2, "192.168.1.2"))),
        "08 00 01 00 12 0b 31 39 32 2e 31 36 38 2e 31 2e 32 00",
    ),
    # The paths of Forward Open: over a backplane, and a DH+ channel.
    (Path((Port(1, 0), Class(2), Instance(1))), "03 01 00 20 02 24 01"),
    (
        Path((Port(1, 2), Class(0xA6), Instance(1), ConnectionPoint(1))),
        "04 01 02 20 a6 24 01 2c 01",
    ),
    (
        Path((ElectronicKey(), Class(4), Instance(1))),
        "07 34 04 00 00 00 00 00 00 00 00 20 04 24 01",
    ),
]


@pytest.mark.parametrize(("path", "text"), WHOLE, ids=repr)
def test_whole_paths(path: Any, text: str) -> None:
    check(path, octets(text))


# What is read though it is never written: the same path by a longer way.
LENIENT: list[tuple[str, Path]] = [
    # pycomm3's tags for elements and instances of 32 bits.
    ("03 2b 00 70 11 01 00", Path((Element(70000),))),
    ("03 27 00 70 11 01 00", Path((Instance(70000),))),
    ("03 2b 00 05 00 00 00", Path((Element(5),))),
    # A wider form than the value needs.
    ("02 21 00 06 00", Path((Class(6),))),
    ("03 22 00 06 00 00 00", Path((Class(6),))),
    ("02 25 00 01 00", Path((Instance(1),))),
    ("02 0f 01 00 05", Path((Port(1, 5),))),
    ("05 1f 06 01 00 31 2e 32 2e 33 34", Path((Port(1, "1.2.34"),))),
    # What is reserved or a pad may be anything.
    ("02 29 ff 2c 01", Path((Element(300),))),
    ("03 91 03 61 62 63 ff", Path((Symbol("abc"),))),
]


@pytest.mark.parametrize(("text", "path"), LENIENT)
def test_longer_ways_to_write_a_path_are_read(text: str, path: Path) -> None:
    assert Path.decode(octets(text)) == path
    assert agreed(Path, octets(text)) == outcome(Path, octets(text))
    check(path, path.encode())
    assert len(path.encode()) <= len(octets(text))


# Segments that no declaration here has: kept, with what follows them.
UNKNOWN = [
    ("43 0a", 0x43, "0a"),  # a network segment: the production inhibit time
    ("38 4b", 0x38, "4b"),  # a service
    ("80 01 34 12", 0x80, "01 34 12"),  # simple data
    ("62 61 62 63", 0x62, "61 62 63"),  # a symbol of the older form
    ("23 00 06 00 00 00", 0x23, "00 06 00 00 00"),
    ("00 00 20 01", 0x00, "00 20 01"),
    ("e0 ff", 0xE0, "ff"),
]


@pytest.mark.parametrize(("text", "type_", "rest"), UNKNOWN)
def test_an_unknown_segment_is_kept_with_all_after_it(
    text: str, type_: int, rest: str
) -> None:
    words = bytes([1 + len(octets(text)) // 2])
    path = Path((Class(6), OtherSegment(type_, octets(rest))))
    check(path, words + b"\x20\x06" + octets(text))


def test_a_key_of_an_unknown_format_is_kept_with_all_after_it() -> None:
    key = ElectronicKey(
        OtherKeyFormat(5, octets("01 00 0e 00 37 00 80 02 78 56 34 12"))
    )
    check(Path((key,)), octets("07 34 05 01 00 0e 00 37 00 80 02 78 56 34 12"))


WRONG = [
    ("01 91 05", "name"),
    ("02 91 05 61 62", "name"),
    ("02 91 01 61", "even"),
    ("01 21 00", "value"),
    ("02 2a 00 01 00", "value"),
    ("03 34 04 00 00 00 00", "product_code"),
    ("01 0f 01", "port"),
    ("02 12 07 31 2e", "link"),
]


@pytest.mark.parametrize(("text", "state"), WRONG)
def test_a_segment_beyond_its_path_is_refused(text: str, state: str) -> None:
    with pytest.raises((Malformed, Incomplete)) as caught:
        Path.decode(octets(text))
    assert state in caught.value.state or "_" in caught.value.state
    assert caught.value.machine
    assert agreed(Path, octets(text)) == outcome(Path, octets(text))


UNWRITABLE: list[tuple[Segment, str]] = [
    (Class(1 << 32), "Class"),
    (Element(-1), "Element"),
    (Port(1, 256), "Port"),
    (Port(65536, 1), "Port"),
    (Symbol("x" * 256), "Symbol.size"),
    (Symbol("猫"), "Symbol.name"),
    (Port(1, "猫"), "Port.link"),
]


@pytest.mark.parametrize(("segment", "named"), UNWRITABLE)
def test_what_no_segment_can_hold_is_an_error_that_names_it(
    segment: Segment, named: str
) -> None:
    with pytest.raises(EncodeError, match=named):
        Path((segment,)).encode()


def test_a_path_longer_than_its_count_can_say_is_refused() -> None:
    check(Path((Class(1),) * 255), b"\xff" + b"\x20\x01" * 255)
    with pytest.raises(EncodeError, match=r"Path\.words"):
        Path((Class(1),) * 256).encode()


def test_a_single_segment_is_one() -> None:
    with pytest.raises(Malformed, match="left over"):
        SinglePath.decode(octets("20 01 24 01"))
