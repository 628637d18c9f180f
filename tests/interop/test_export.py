# SPDX-License-Identifier: Apache-2.0
"""Rockwell's export in the simulator: what pycomm3 reads is what the file has."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from interop.clients import Pycomm3
from peers import Starter

pytestmark = pytest.mark.interop

EXPORT = Path(__file__).parents[2] / "examples" / "plant.L5X"

INLET = {
    "Open": False,
    "Closed": True,
    "Position": 12.5,
    "Counts": [10, -20, 30],
    "Label": "Inlet",
}
OUTLET = {
    "Open": True,
    "Closed": False,
    "Position": 100.0,
    "Counts": [0, 0, 1],
    "Label": "Outlet",
}


@pytest.fixture(scope="module")
def driver(starter: Starter) -> Iterator[Any]:
    """pycomm3, connected to the plant of the export."""
    face = Pycomm3(starter.loopback("-A", "-f", str(EXPORT)).address())
    yield face
    face.close()


@pytest.mark.parametrize(
    ("tag", "count", "value"),
    [
        ("Batch", 1, 4711),
        ("Mask", 1, -241),
        ("Limit", 1, 99.5),
        ("Ready", 1, True),
        ("Grid[0,0]", 6, [1, 2, 3, 4, 5, 6]),
        ("Grid[1,2]", 1, 6),
        ("Product", 1, "Cola $ 'Zero'"),
        ("Spares[0].Label", 1, "Spare"),
        ("Spares[0].Closed", 1, True),
        ("Spares[0].Counts[0]", 3, [1, 2, 3]),
        ("Filler_1.Valves[0]", 2, [INLET, OUTLET]),
        ("Filler_1.Dwell.PRE", 1, 5000),
        ("Filler_1.Dwell.TT", 1, True),
        ("Filler_1.Recipe", 1, 1234567890123),
        ("Filler_1.Auto", 1, True),
        ("Inlet", 1, INLET),
        ("Door", 1, True),
        ("Local:2:I.Data", 1, 5),
        ("Scale_1.Scaled", 1, 50.0),
        ("Program:MainProgram.Step", 1, 3),
        ("Program:MainProgram.Same", 1, 3),
        ("Program:MainProgram.Wait.ACC", 1, 20),
    ],
)
def test_a_value_is_as_the_file_has_it(
    driver: Any, tag: str, count: int, value: object
) -> None:
    assert driver.read(tag, count) == value


def test_what_is_no_number_is_as_the_file_has_it(driver: Any) -> None:
    *numbers, last = driver.read("Level[0]", 4)
    assert numbers == [1.0, 2.5, -3.0]
    assert math.isnan(last)


def test_bools_are_where_the_file_has_them(driver: Any) -> None:
    alarms = driver.read("Alarms[0]", 64)
    assert [at for at, one in enumerate(alarms) if one] == [0, 33]
    faults = driver.read("Filler_1")["Faults"]
    assert [at for at, one in enumerate(faults) if one] == [3]


def test_the_controller_is_who_it_was(driver: Any) -> None:
    info = driver.client.info
    assert info["name"] == "Bottling"
    assert info["product_name"] == "1756-L83E"
    assert (info["revision"]["major"], info["revision"]["minor"]) == (33, 11)
    assert info["serial"] == "00a1b2c3"
    assert set(info["programs"]) == {"MainProgram", "Idle"}


def test_tags_are_listed_with_their_types(driver: Any) -> None:
    tags = driver.client.tags
    assert tags["Grid"]["dimensions"][:2] == [2, 3]
    assert tags["Filler_1"]["data_type_name"] == "Filler"
    assert tags["Limit"]["external_access"] == "Read Only"
    assert tags["Inlet"]["alias"] and not tags["Batch"]["alias"]
    assert "Read_Peer" not in tags and "Lost" not in tags
    names = tags["Filler_1"]["data_type"]["attributes"]
    assert names == ["Valves", "Dwell", "Recipe", "Faults", "Auto"]
