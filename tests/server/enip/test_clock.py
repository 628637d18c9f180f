# SPDX-License-Identifier: Apache-2.0
"""The controller's clock: read and set in its forms; the system's is never set."""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta, timezone
from time import time

import pytest
from asking import Client, controller, number, request
from connecting import Linked

from cpppo.server.enip.cip.clock import WallClock

WHEN = datetime(2024, 2, 29, 23, 30, 15, 250_000, UTC)
NOW = int(WHEN.timestamp()) * 1_000_000 + 250_000
ZONE = timezone(timedelta(hours=2))
PATH = number(0x8B, 1)


class Stopped:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> int:
        return self.now


def clocked() -> tuple[Client, Stopped]:
    of = controller()
    system = Stopped()
    of.add(WallClock(system, ZONE))
    return Client(of), system


def listed(one: Client, wanted: int, form: str) -> tuple[int, ...]:
    reply = one.ask(request(0x03, PATH, struct.pack("<HH", 1, wanted)))
    assert reply.status == 0
    assert reply.data[:6] == struct.pack("<HHH", 1, wanted, 0)
    return struct.unpack(form, reply.data[6:])


def test_the_time_as_clients_get_it() -> None:
    one, system = clocked()
    assert listed(one, 11, "<Q") == (NOW,)
    assert listed(one, 6, "<Q") == (NOW,)
    system.now += 1_000_001
    assert listed(one, 11, "<Q") == (NOW + 1_000_001,)
    assert listed(one, 10, "<b") == (0,)


def test_the_date_in_seven_numbers() -> None:
    one, _ = clocked()
    local = one.ask(request(0x0E, number(0x8B, 1, 5)))
    assert struct.unpack("<7i", local.data) == (2024, 3, 1, 1, 30, 15, 250_000)
    assert listed(one, 5, "<7i") == (2024, 3, 1, 1, 30, 15, 250_000)
    assert listed(one, 7, "<7i") == (2024, 2, 29, 23, 30, 15, 250_000)


def test_without_a_system_of_its_own_it_is_the_machines() -> None:
    one = Client(controller())
    (told,) = listed(one, 11, "<Q")
    assert abs(told / 1e6 - time()) < 60


def test_a_time_that_is_set_goes_on_from_there() -> None:
    one, system = clocked()
    data = struct.pack("<HHQ", 1, 6, NOW - 5_000_000)
    reply = one.ask(request(0x04, PATH, data))
    assert (reply.service, reply.status) == (0x84, 0)
    assert reply.data == b"\1\0\6\0\0\0"
    assert listed(one, 11, "<Q") == (NOW - 5_000_000,)
    system.now += 7
    assert listed(one, 11, "<Q") == (NOW - 4_999_993,)
    assert system.now == NOW + 7


def test_the_time_and_daylight_saving_in_one() -> None:
    one, _ = clocked()
    data = struct.pack("<HHQHb", 2, 6, NOW + 9, 10, 1)
    for tail in (b"", b"\0"):
        reply = one.ask(request(0x04, PATH, data + tail))
        assert (reply.status, reply.data) == (0, b"\2\0\6\0\0\0\x0a\0\0\0")
    assert listed(one, 11, "<Q") == (NOW + 9,)
    assert listed(one, 10, "<b") == (1,)


def test_the_date_that_is_set() -> None:
    one, _ = clocked()
    date = struct.pack("<7i", 2024, 3, 1, 2, 30, 15, 250_001)
    assert one.ask(request(0x10, number(0x8B, 1, 5), date)).status == 0
    assert listed(one, 11, "<Q") == (NOW + 3_600_000_001,)
    date = struct.pack("<7i", 1999, 12, 31, 23, 59, 59, 0)
    assert one.ask(request(0x10, number(0x8B, 1, 7), date)).status == 0
    assert listed(one, 7, "<7i") == (1999, 12, 31, 23, 59, 59, 0)


@pytest.mark.parametrize(
    ("attribute", "data"),
    [
        (5, struct.pack("<7i", 2024, 13, 1, 0, 0, 0, 0)),
        (5, struct.pack("<7i", 2023, 2, 29, 0, 0, 0, 0)),
        (5, struct.pack("<7i", 1, 1, 1, 0, 0, 0, 0)),
        (5, struct.pack("<7i", 9999, 12, 31, 23, 0, 0, 0)),
        (7, struct.pack("<7i", 2024, 1, 1, 24, 0, 0, 0)),
        (7, struct.pack("<7i", -1, 1, 1, 0, 0, 0, 1_000_000)),
        (6, struct.pack("<q", -1)),
        (6, struct.pack("<q", (1 << 63) - 1)),
    ],
)
def test_what_is_no_date_is_refused(attribute: int, data: bytes) -> None:
    one, _ = clocked()
    assert one.ask(request(0x10, number(0x8B, 1, attribute), data)).status == 0x09
    reply = one.ask(request(0x04, PATH, struct.pack("<HH", 1, attribute) + data))
    assert reply.status == 0x0A
    assert reply.data == struct.pack("<HHH", 1, attribute, 0x09)
    assert listed(one, 11, "<Q") == (NOW,)


@pytest.mark.parametrize(
    ("data", "status", "answer"),
    [
        (b"", 0x13, b""),
        (b"\1\0", 0x13, b""),
        (b"\1\0\6\0\1\2\3", 0x13, b""),
        (b"\2\0\6\0" + struct.pack("<Q", NOW), 0x13, b""),
        (b"\0\0", 0, b"\0\0"),
        (b"\1\0\x63\0\1\2", 0x0A, b"\1\0\x63\0\x14\0"),
        (b"\2\0\x0a\0\1\x63\0\1\2", 0x0A, b"\2\0\x0a\0\0\0\x63\0\x14\0"),
        (b"\xff\xff" + b"\x0a\0\1" * 9, 0x15, b""),
    ],
)
def test_a_list_to_set_that_is_wrong(data: bytes, status: int, answer: bytes) -> None:
    one, _ = clocked()
    reply = one.ask(request(0x04, PATH, data))
    assert (reply.status, reply.data) == (status, answer)


def test_nothing_is_set_where_its_answer_has_no_room() -> None:
    one, _ = clocked()
    linked = Linked(one, size=100, back=40)
    for count, status in ((9, 0x11), (8, 0)):
        data = struct.pack("<H", count) + b"\x0a\0\1" * count
        assert linked.ask(request(0x04, PATH, data)).status == status
        assert listed(one, 10, "<b") == (int(status == 0),)
