# SPDX-License-Identifier: Apache-2.0
"""Tags that are told on the command line, without a file, serve the clients too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from interop.clients import Aphyt, Face, Pycomm3, Pylogix
from peers import Address, Starter

pytestmark = pytest.mark.interop

TAGS = (
    "SCADA@22/1/1=INT[1000] TEXT=SSTRING[100] FLOAT=REAL FLAG=BOOL FLAGS=BOOL[8] "
    "BIG=LINT TABLE=DINT[3,4] DELAY=TIMER Program:Main.SPEED=REAL"
)


@pytest.fixture(scope="module")
def plain(starter: Starter) -> Address:
    return starter.loopback("-A", *TAGS.split()).address()


@pytest.fixture(params=[Pycomm3, Pylogix])
def client(request: pytest.FixtureRequest, plain: Address) -> Iterator[Face]:
    with request.param(plain) as one:
        yield one


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        ("SCADA[999]", -5),
        ("SCADA", 7),
        ("TEXT[3]", "hello"),
        ("TEXT[0]", ""),
        ("FLOAT", 1.5),
        ("FLAG", True),
        ("FLAGS[5]", True),
        ("BIG", -(2**63)),
        ("TABLE[2,3]", 23),
        ("DELAY.PRE", 5000),
        ("DELAY.DN", True),
        ("Program:Main.SPEED", 0.25),
    ],
)
def test_a_tag_is_written_and_read(client: Face, tag: str, value: Any) -> None:
    client.write(tag, value)
    assert client.read(tag) == value


def test_arrays_are_written_and_read(client: Face) -> None:
    values = [(index * 77) % 65536 - 32768 for index in range(1000)]
    client.write("SCADA[0]", values)
    assert client.read("SCADA[0]", 1000) == values
    for index in range(100):
        client.write(f"TEXT[{index}]", f"line {index}")
    assert client.read("TEXT[0]", 100) == [f"line {index}" for index in range(100)]


def test_aphyt_writes_and_reads(plain: Address) -> None:
    with Aphyt(plain) as face:
        for tag, value in (("SCADA[999]", 5), ("FLOAT", 0.5), ("TABLE[2,3]", 9)):
            face.write(tag, value)
            assert face.read(tag) == value


def test_the_tags_are_listed(plain: Address) -> None:
    names = {text.partition("=")[0].partition("@")[0] for text in TAGS.split()}
    with Pycomm3(plain) as face:
        assert set(face.client.tags) == names
        assert face.client.tags["DELAY"]["data_type_name"] == "TIMER"
        assert face.client.info["product_name"] == "1756-L61/B LOGIX5561"
    with Pylogix(plain) as face:
        told = {one.TagName for one in face.client.GetTagList().Value}
    assert told - {"Program:Main"} == names
