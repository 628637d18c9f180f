# SPDX-License-Identifier: Apache-2.0
"""Our own client reads what somebody else's clients read, and writes what they read.

Every tag of the plant, whole, by element and by member, at the same simulator.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest
from interop.clients import Face, Faces, Refused
from peers import Address

from cpppo.client import Logix

pytestmark = pytest.mark.interop

MEMBERS = (
    *("UDT_A.Inner", "UDT_A.Inner.Arr[1]", "UDT_A.Mids[1].Inners[0].X", "UDT_A.Text"),
    *("UDT_FLAGS.B9", "UDT_FLAGS.Words[33]", "UDT_EVERY.Delay.PRE", "TIMER_10[3].ACC"),
    *("INNERS_10[2]", "INNERS_10[2].F0", "TABLE[1,2]", "INT_3D[1,2,3]", "SEVEN.1"),
    *("BOOL_64[33]", "BOOL_64", "BOOL_96[95]", "STRING_10[3]", "GREETING"),
    *("Program:MainProgram.PGM_UDT.X", "Program:MainProgram.PGM_2D[1,2]", "ALIAS_X"),
)

VALUES: dict[str, Any] = {
    "DINT_0": -70000,
    "LREAL_0": 0.1,
    "STRING_0": "Größe",
    "STRING20_0": "x" * 20,
    "DINT_2D[2,3]": 23,
    "BOOL_64[40]": True,
    "SINT_0.3": True,
    "UDT_FLAGS.B8": True,
    "UDT_FLAGS.Words[50]": True,
    "UDT_A.Mids[1].Name": "middle",
    "UDT_INNER": {"X": 5, "F0": True, "Arr": [1, 2, 3]},
    "INNERS_10[4]": {"X": 6, "F0": False, "Arr": [4, 5, 6]},
    "Program:MainProgram.PGM_TEXT": "scope",
    "Program:MainProgram.PGM_UDT": {"X": 1, "F0": True, "Arr": [7, 8, 9]},
    "TIMER_0.PRE": 1000,
}


@pytest.fixture(params=[True, False], ids=["connected", "unconnected"])
def ours(request: pytest.FixtureRequest, simulator: Address) -> Iterator[Logix]:
    with Logix(*simulator, connected=request.param) as plc:
        yield plc


@pytest.fixture
def logix(faces: Faces) -> Face:
    """pycomm3, at the same simulator."""
    return faces["pycomm3"]


@pytest.fixture
def plc(faces: Faces) -> Face:
    """pylogix, at the same simulator."""
    return faces["pylogix"]


def same(one: Any, other: Any) -> bool:
    """Whether two clients say the same; a float may be nan for both."""
    if isinstance(one, float) and isinstance(other, float):
        return one == other or (math.isnan(one) and math.isnan(other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(
            same(one[name], other[name]) for name in one
        )
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def read(plc: Logix, tag: str) -> Any:
    found = plc.read(tag)
    return found.value if found.ok else Refused


def theirs(face: Face, tag: str, count: int = 1) -> Any:
    try:
        return face.read(tag, count)
    except Refused:
        return Refused


def test_all_values_of_every_tag_are_those_that_pycomm3_reads(
    ours: Logix, logix: Face
) -> None:
    for tag in ours.tags.values():
        mine, count = read(ours, tag.whole), tag.elements
        found = theirs(logix, tag.name, count)
        if tag.dimensions and count == 1:
            found = [found]
        assert same(mine, found), tag.name


def test_the_tag_list_is_that_of_pycomm3(ours: Logix, logix: Face) -> None:
    listed = logix.client.get_tag_list("*")
    told = {
        one["tag_name"]: (one["data_type_name"], one["alias"], one["external_access"])
        for one in listed
    }
    accesses = {"read/write": "Read/Write", "read-only": "Read Only", "none": "None"}
    mine = {
        name: (
            "DWORD" if one.bools else one.type_name,
            one.alias,
            accesses[one.access],
        )
        for name, one in ours.tags.items()
    }
    assert mine == told
    for one in listed:
        dimensions = tuple(one["dimensions"][: one["dim"]])
        assert ours.tags[one["tag_name"]].dimensions == dimensions


@pytest.mark.parametrize("tag", MEMBERS)
def test_members_and_elements_are_those_that_pycomm3_reads(
    ours: Logix, logix: Face, tag: str
) -> None:
    assert same(read(ours, tag), theirs(logix, tag))


@pytest.mark.parametrize(
    "tag",
    [
        *("SEVEN", "SEVEN.1", "TABLE[1,2]", "INT_3D[1,2,3]", "BOOL_64[33]", "HALF"),
        *("GREETING", "STRING_10[3]", "UDT_A.Inner.X", "Program:MainProgram.PGM_DINT"),
    ],
)
def test_values_are_those_that_pylogix_reads(ours: Logix, plc: Face, tag: str) -> None:
    assert same(read(ours, tag), theirs(plc, tag))


@pytest.mark.parametrize("tag", VALUES)
def test_what_we_write_pycomm3_reads_and_the_other_way(
    ours: Logix, logix: Face, tag: str
) -> None:
    value = VALUES[tag]
    before = logix.read(tag)
    (written,) = ours.write({tag: value})
    assert written.ok, written.error
    assert same(logix.read(tag), value)
    logix.write(tag, before)
    assert same(read(ours, tag), before)


def test_properties_are_those_that_pycomm3_reads(ours: Logix, logix: Face) -> None:
    info = logix.client.get_plc_info()
    one = ours.device
    revision = info["revision"]
    assert one.revision == f"{revision['major']}.{revision['minor']}"
    assert (one.name, one.keyswitch) == (info["product_name"], info["keyswitch"])
    assert f"{one.serial:08x}" == info["serial"]
    assert ours.name == logix.client.get_plc_name()
    assert list(ours.programs) == list(logix.client.info["programs"])
