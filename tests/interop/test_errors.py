# SPDX-License-Identifier: Apache-2.0
"""Errors are answers: each client says what is wrong, and its session goes on."""

from __future__ import annotations

from typing import Any

import pytest
from interop.clients import Face, Faces, Refused

pytestmark = pytest.mark.interop


def refusal(face: Face, tag: str, count: int = 1) -> str:
    """What the client says against a read."""
    with pytest.raises(Refused) as caught:
        face.read(tag, count)
    assert face.read("SEVEN") == 7  # it goes on
    return str(caught.value)


def rebuff(face: Face, tag: str, value: Any) -> str:
    """What the client says against a write."""
    with pytest.raises(Refused) as caught:
        face.write(tag, value)
    assert face.read("SEVEN") == 7
    return str(caught.value)


def test_a_missing_tag_is_refused(face: Face) -> None:
    refusal(face, "NOWHERE")
    refusal(face, "Program:MainProgram.NOWHERE")
    refusal(face, "Program:Nowhere.PGM_DINT")
    rebuff(face, "NOWHERE", 5)


def test_pylogix_says_that_a_destination_is_unknown(plc: Face) -> None:
    assert refusal(plc, "NOWHERE") == "Path destination unknown"


def test_a_missing_member_is_refused(face: Face) -> None:
    refusal(face, "UDT_A.Nothing")
    refusal(face, "UDT_A.Inner.Nothing")
    refusal(face, "DINT_0.Nothing")


@pytest.mark.parametrize(
    ("tag", "count"),
    [
        ("DINT_10[10]", 1),
        ("DINT_10[300]", 1),
        ("DINT_10[70000]", 1),
        ("DINT_10[0]", 11),
        ("DINT_10[9]", 2),
        ("DINT_2D[3,0]", 1),
        ("DINT_2D[0,4]", 1),
        ("DINT_2D[2,3]", 2),
        ("INT_3D[1,2,4]", 1),
        ("UDT_A.Inner.Arr[3]", 1),
        ("INNERS_10[10].X", 1),
    ],
)
def test_what_is_beyond_the_end_is_refused(face: Face, tag: str, count: int) -> None:
    refusal(face, tag, count)


def test_a_write_beyond_the_end_changes_nothing(logix: Face, plc: Face) -> None:
    for face in (logix, plc):
        face.write("DINT_10[0]", [0] * 10)
        rebuff(face, "DINT_10[8]", [1, 2, 3])
        rebuff(face, "DINT_10[10]", 1)
        assert face.read("DINT_10[0]", 10) == [0] * 10


def test_a_wrong_type_is_refused(faces: Faces) -> None:
    """pycomm3 knows the types; pylogix sends what it is told."""
    plc = faces["pylogix"]
    plc.write("DINT_10[2]", 5)
    # A new client has not read the type yet, and takes the caller's word.
    address = faces.addresses[""]
    with type(plc)(address) as other:
        wrong = other.client.Write("DINT_10[2]", 1.5, datatype=0xCA)
        assert wrong.Status != "Success"
    assert plc.read("DINT_10[2]") == 5


@pytest.mark.parametrize("tag", ["RO_DINT", "RO_INNER.X", "RO_INNER.Arr[1]"])
def test_what_is_read_only_is_not_written(face: Face, tag: str) -> None:
    before = face.read(tag)
    rebuff(face, tag, before + 1)
    assert face.read(tag) == before


def test_a_bit_of_what_is_read_only_is_not_written(logix: Face, plc: Face) -> None:
    for face in (logix, plc):
        before = face.read("RO_DINT")
        rebuff(face, "RO_DINT.0", not before & 1)
        assert face.read("RO_DINT") == before


def test_what_has_no_access_is_neither_read_nor_written(face: Face) -> None:
    refusal(face, "NO_DINT")
    rebuff(face, "NO_DINT", 5)


def test_a_wrong_tag_among_many_fails_alone(logix: Face, plc: Face) -> None:
    tags = [f"DINT_10[{index}]" for index in range(10)] * 5
    logix.write("DINT_10[0]", list(range(10)))
    tags[23] = "NOWHERE"
    tags[41] = "DINT_10[10]"
    good = [number for number in range(50) if number not in (23, 41)]
    told = logix.client.read(*tags)
    assert [number for number, one in enumerate(told) if not one.error] == good
    assert [told[number].value for number in good] == [n % 10 for n in good]
    told = plc.client.Read(tags)
    wrong = [number for number, one in enumerate(told) if one.Status == "Success"]
    assert wrong == good
    assert [told[number].Value for number in good] == [n % 10 for n in good]
    assert logix.read("SEVEN") == plc.read("SEVEN") == 7


def test_a_wrong_write_among_many_fails_alone(logix: Face) -> None:
    pairs = [("DINT_10[0]", 5), ("RO_DINT", 6), ("DINT_10[11]", 7), ("DINT_10[1]", 8)]
    told = logix.client.write(*pairs)
    assert [bool(one.error) for one in told] == [False, True, True, False]
    assert logix.read("DINT_10[0]", 2) == [5, 8]
