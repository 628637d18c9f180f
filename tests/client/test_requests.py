# SPDX-License-Identifier: Apache-2.0
"""Operations as requests: octets as the books have them, and writes in pieces."""

from __future__ import annotations

import struct
from typing import Any

import asking
import pytest

from cpppo.client.operations import Operation, OperationError
from cpppo.client.requests import (
    LARGEST,
    bit_of,
    in_parts,
    mask,
    prepared,
    way_of,
)
from cpppo.client.result import ATTRIBUTE, READ, WRITE, Prepared
from cpppo.client.way import Way
from cpppo.errors import CpppoError
from cpppo.protocol.enip import Port


def ready(given: Any, fragment: bool = False, largest: int = LARGEST) -> Prepared:
    if isinstance(given, str):
        operation = Operation.parse(given, fragment=fragment)
    else:
        operation = Operation.of(given, fragment=fragment)
    return prepared(operation, fragment, largest)


def values(count: int, kind: str = "INT") -> str:
    return f"({kind})" + ",".join(str(n % 100) for n in range(count))


@pytest.mark.parametrize(
    ("text", "octets", "form"),
    [
        ("A", asking.read("A"), READ),
        ("A*7", asking.read("A", 7), READ),
        (
            "A[3-5]",
            asking.read(asking.symbol("A") + asking.element(3), 3),
            READ,
        ),
        (
            "A[70000]",
            asking.read(asking.symbol("A") + asking.element(70000)),
            READ,
        ),
        ("A.B", asking.read(asking.symbol("A") + asking.symbol("B")), READ),
        ("A*9+4", asking.read_on("A", 9, 4), READ),
        ("@0x93/3/10", asking.read(asking.number(0x93, 3, 10)), READ),
        ("A=5", asking.write("A", 0xC3, 1, b"\x05\0"), WRITE),
        ("A*2=1.5,2", asking.write("A", 0xCA, 2, struct.pack("<2f", 1.5, 2)), WRITE),
        ('A=(SSTRING)"hi"', asking.write("A", 0xDA, 1, b"\2hi"), WRITE),
        ("A*4+2=(SINT)1,2", asking.write_on("A", 0xC2, 4, 2, b"\1\2"), WRITE),
    ],
)
def test_a_text_is_a_request(text: str, octets: bytes, form: int) -> None:
    one = ready(text, fragment="+" in text)
    assert one.octets == octets
    assert one.form == form
    assert one.service == octets[0] | 0x80
    assert not one.alone


def test_fragments_are_asked_for_where_they_are_wanted() -> None:
    assert ready("A*7", True).octets == asking.read_on("A", 7)
    assert ready("A=5", True).octets == asking.write_on("A", 0xC3, 1, 0, b"\5\0")


@pytest.mark.parametrize(
    ("given", "octets", "form"),
    [
        (
            {"method": "get_attributes_all", "path": "@1/1"},
            asking.request(0x01, asking.number(1, 1)),
            ATTRIBUTE,
        ),
        (
            {"method": "get_attribute_single", "path": "@1/1/7"},
            asking.request(0x0E, asking.number(1, 1, 7)),
            ATTRIBUTE,
        ),
        (
            {"method": "set_attribute_single", "path": "@1/1/7", "data": [1, 255]},
            asking.request(0x10, asking.number(1, 1, 7), b"\1\xff"),
            WRITE,
        ),
        (
            {
                "method": "set_attribute_single",
                "path": "@1/1/7",
                "data": [1.5],
                "tag_type": 0xCA,
            },
            asking.request(0x10, asking.number(1, 1, 7), struct.pack("<f", 1.5)),
            WRITE,
        ),
        ({"path": [{"symbolic": "A"}], "elements": 3}, asking.read("A", 3), READ),
        ({"path": "A", "offset": 0}, asking.read_on("A", 1, 0), READ),
    ],
)
def test_a_dictionary_is_a_request(given: Any, octets: bytes, form: int) -> None:
    one = ready(given)
    assert (one.octets, one.form) == (octets, form)


# -- writes that are too large


@pytest.mark.parametrize("kind", ["SINT", "INT", "DINT", "LINT", "REAL", "BOOL"])
@pytest.mark.parametrize("fragment", [False, True])
def test_a_long_write_goes_in_pieces(kind: str, fragment: bool) -> None:
    one = ready(f"A={values(2000, kind)}", fragment)
    assert one.alone
    operation = one.operation
    octets = operation.type.pack(operation.data)
    size = operation.type.struct_calcsize
    found = b""
    for piece in one.pieces:
        assert len(piece) <= LARGEST
        assert piece[0] == 0x53
        code, count, offset = struct.unpack_from("<HHI", piece, 6)
        assert (code, count, offset) == (operation.type.tag_type, 2000, len(found))
        assert (len(piece) - 14) % size == 0
        found += piece[14:]
    assert found == octets
    assert one.octets == one.pieces[0]


def test_the_largest_write_of_one_request() -> None:
    most = LARGEST - len(asking.write("A", 0xC2, 1, b""))
    assert ready(f"A={values(most, 'SINT')}").pieces is None
    assert len(ready(f"A={values(most + 1, 'SINT')}").pieces) == 2


def test_a_device_that_takes_more_gets_more() -> None:
    assert ready(f"A={values(2000)}", largest=4100).pieces is None


def test_texts_are_never_cut_within() -> None:
    texts = ",".join(f'"{"x" * (n % 90)}"' for n in range(100))
    for kind in ("SSTRING", "STRING"):
        one = ready(f"A=({kind}){texts}")
        assert len(one.pieces) > 5
        found = b""
        for piece in one.pieces:
            body = piece[14:]
            assert one.operation.type.unpack(body)
            assert b"".join(one.operation.type.cut(body, 100)) == body
            found += body
        assert found == one.operation.type.pack(one.operation.data)


def test_a_text_longer_than_a_request_is_sent_whole() -> None:
    one = ready(f'A=(STRING)"a","{"x" * 700}","b"')
    bodies = [piece[14:] for piece in one.pieces]
    assert sum(map(len, bodies)) == 4 + 702 + 4
    assert any(len(body) >= 702 for body in bodies)


def test_a_path_longer_than_a_request_still_gets_there() -> None:
    tag = ".".join("T" * 240 for _ in range(2))
    one = ready(f"{tag}={values(10)}")
    assert len(one.pieces) == 10
    assert {len(piece) for piece in one.pieces} == {len(one.octets)}


def test_pieces_begin_at_the_offset_of_the_write() -> None:
    one = ready({"path": "A", "elements": 3000, "offset": 8, "data": [1] * 1000}, True)
    offsets = [struct.unpack_from("<I", piece, 10)[0] for piece in one.pieces]
    assert offsets[0] == 8
    assert offsets == sorted(set(offsets))
    assert offsets[-1] + len(one.pieces[-1]) - 14 == 8 + 2000


# -- bits


@pytest.mark.parametrize(("text", "bit"), [("A.0", 0), ("A.B.31", 31), ("A[2].7", 7)])
def test_a_number_behind_a_point_is_a_bit(text: str, bit: int) -> None:
    one = ready(text)
    assert one.bit == bit
    assert one.octets == ready(text.rpartition(".")[0]).octets


@pytest.mark.parametrize("text", ["A", "A.B", "A[3]", "A.B7"])
def test_what_is_no_bit(text: str) -> None:
    assert bit_of(Operation.parse(text)) == -1


def test_a_bit_is_written_after_its_value_was_read() -> None:
    one = ready("A.3=1")
    assert one.octets == asking.read("A")
    assert (one.alone, one.form, one.bit) == (True, WRITE, 3)


@pytest.mark.parametrize("size", [1, 2, 4, 8])
@pytest.mark.parametrize("bit", [0, 7])
def test_the_mask_changes_one_bit(size: int, bit: int) -> None:
    """The device sets what is in `ones`, then keeps what is in `zeros`."""
    for value in (0, 1):
        octets = mask(ready(f"A.{bit}={value}"), size)
        head = asking.request(0x4E, "A", struct.pack("<H", size))
        assert octets.startswith(head)
        assert len(octets) == len(head) + 2 * size
        ones = int.from_bytes(octets[len(head) : len(head) + size], "little")
        keep = int.from_bytes(octets[len(head) + size :], "little")
        for before in (0, (1 << 8 * size) - 1, 0x5A):
            wanted = before | 1 << bit if value else before & ~(1 << bit)
            assert (before | ones) & keep == wanted


@pytest.mark.parametrize("text", ["A.64", "A.99=1", "A.3=1,0", "A.3*2", "A.3+2=1"])
def test_what_cannot_be_a_bit_is_refused(text: str) -> None:
    with pytest.raises(OperationError) as caught:
        ready(text)
    assert text in str(caught.value)


# -- what cannot be asked


def test_a_path_beyond_a_length_is_refused() -> None:
    with pytest.raises(CpppoError):
        ready(".".join(["T" * 100] * 10))


def test_the_parts_of_a_read_begin_where_it_does() -> None:
    assert in_parts(ready("A*7")) == asking.read_on("A", 7, 0)
    assert in_parts(ready("A*7+4", True)) == asking.read_on("A", 7, 4)
    assert in_parts(ready("A.3")) == asking.read_on("A", 1, 0)


def test_an_operation_may_say_its_way() -> None:
    base = Way.of("1/5", "@6/1", 4, 3)
    given = {"path": "A", "route_path": "1/2", "timeout_ticks": 9}
    assert way_of(given, base) == Way((Port(1, 2),), base.send, 4, 9)
