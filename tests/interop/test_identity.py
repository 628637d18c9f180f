# SPDX-License-Identifier: Apache-2.0
"""Somebody else's clients ask who is there, what runs there, and the time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from interop.clients import Face, Faces, Pylogix, aphyt_eip, pycomm3, where
from peers import Address

pytestmark = pytest.mark.interop

NAME = "1756-L83E/B"
VENDOR = "Rockwell Automation/Allen-Bradley"
TYPE = "Programmable Logic Controller"


def test_list_identity_tells_pycomm3_who_is_there(simulator: Address) -> None:
    told = pycomm3.CIPDriver.list_identity(where(simulator))
    assert told["product_name"] == NAME
    assert told["vendor"] == VENDOR
    assert told["product_type"] == TYPE
    assert told["revision"] == {"major": 33, "minor": 11}
    assert told["ip_address"] == simulator[0]
    assert told["encap_protocol_version"] == 1


def test_pycomm3_knows_the_controller(logix: Face) -> None:
    info = logix.client.get_plc_info()
    assert info["product_name"] == NAME
    assert info["vendor"] == VENDOR
    assert info["product_type"] == TYPE
    assert info["revision"] == {"major": 33, "minor": 11}
    assert info["keyswitch"] in ("RUN", "REMOTE RUN")
    assert len(info["serial"]) == 8
    assert logix.client.revision_major == 33


def test_pycomm3_reads_the_identity_of_a_slot(logix: Face, simulator: Address) -> None:
    assert logix.client.get_module_info(0)["product_name"] == NAME
    with pycomm3.CIPDriver(where(simulator)) as driver:
        told = driver.get_module_info(0)
    assert told["product_name"] == NAME
    assert told["revision"] == {"major": 33, "minor": 11}


def test_pycomm3_reads_the_name_of_the_program(logix: Face) -> None:
    name = logix.client.get_plc_name()
    assert name
    assert logix.client.name == logix.client.info["name"] == name


def test_pylogix_knows_the_device(plc: Face) -> None:
    told = plc.client.GetDeviceProperties()
    assert told.Status == "Success"
    assert told.Value.ProductName == NAME
    assert told.Value.Vendor == VENDOR
    assert told.Value.DeviceType == TYPE
    assert told.Value.Revision == "33.11"


def test_pylogix_reads_the_properties_of_a_slot(plc: Face) -> None:
    assert plc.read("SEVEN") == 7
    told = plc.client.GetModuleProperties(0)
    assert told.Status == "Success"
    assert told.Value.ProductName == NAME
    assert told.Value.Revision == "33.11"
    assert plc.read("SEVEN") == 7  # over a new connection


def test_all_say_the_same_serial_number(faces: Faces, simulator: Address) -> None:
    told = pycomm3.CIPDriver.list_identity(where(simulator))["serial"]
    assert faces["pycomm3"].client.get_plc_info()["serial"] == told
    other = faces["pylogix"].client.GetDeviceProperties().Value.SerialNumber
    assert int(other, 16) == int(told, 16)


def test_aphyt_has_the_lists(faces: Faces) -> None:
    client = faces["aphyt"].client
    identity = client.list_identity()
    assert identity[:4] == b"\1\0\x0c\0"
    assert NAME.encode() in identity
    services = client.list_services()
    assert services[:8] == b"\1\0\0\1\x14\0\1\0"
    assert services[10:] == b"Communications\0\0"
    assert int.from_bytes(services[8:10], "little") & 0x20  # CIP over TCP
    assert client.list_interfaces() == b"\0\0"


def test_the_lists_need_no_session(simulator: Address) -> None:
    client = aphyt_eip.EIPConnectedCIPDispatcher()
    client.explicit_message_port = simulator[1]
    client.connect_explicit(simulator[0], 20)
    try:
        assert NAME.encode() in client.list_identity()
        assert client.list_services()
    finally:
        client.close_explicit()


def test_a_controller_that_nobody_named_has_a_name(simulator: Address) -> None:
    """Clients that learn nothing else open without the tags."""
    driver = pycomm3.LogixDriver(where(simulator), init_tags=False)
    with driver:
        assert driver.info["product_name"] == NAME
        assert driver.info["name"]


# -- the time


@pytest.fixture
def restored(faces: Faces) -> Iterator[None]:
    """The clock is right again for the tests that follow."""
    yield
    assert not faces["pycomm3"].client.set_plc_time().error


@pytest.mark.usefixtures("restored")
def test_the_clock_is_read_and_set(logix: Face, plc: Face) -> None:
    for when in (
        datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC),
        datetime(2030, 12, 31, 23, 59, 58, tzinfo=UTC),
    ):
        since = int(when.timestamp() * 1000000)
        assert not logix.client.set_plc_time(since).error
        told = logix.client.get_plc_time(tz=UTC)
        assert not told.error
        assert 0 <= told.value["microseconds"] - since < 20000000
        assert 0 <= plc.client.GetPLCTime(raw=True).Value - since < 20000000


@pytest.mark.usefixtures("restored")
def test_pylogix_sets_the_clock_to_now(logix: Face, plc: Face) -> None:
    assert not logix.client.set_plc_time(10**15).error
    assert plc.client.SetPLCTime().Status == "Success"
    told = logix.client.get_plc_time(tz=UTC).value["microseconds"]
    # pylogix tells the clock the local time; the zone is not the matter here.
    seconds = abs(told / 1000000 - datetime.now(UTC).timestamp())
    assert seconds < timedelta(days=1).total_seconds()
    assert plc.client.GetPLCTime().Status == "Success"


def test_the_clock_goes_on(logix: Face) -> None:
    first = logix.client.get_plc_time().value["microseconds"]
    second = logix.client.get_plc_time().value["microseconds"]
    assert first < second < first + 20000000


def test_pylogix_asks_the_time_before_any_tag(simulator: Address) -> None:
    with Pylogix(simulator) as face:
        assert face.client.GetPLCTime().Status == "Success"
        assert face.client.GetDeviceProperties().Status == "Success"
