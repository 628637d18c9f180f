# SPDX-License-Identifier: Apache-2.0
"""Opening a connection without a network: what is asked, and what each answer means."""

from __future__ import annotations

import itertools
import struct
from typing import Any

import pytest

from cpppo.client.calls import Program, carried
from cpppo.client.opening import (
    ATTEMPTS,
    LARGE,
    ORIGINATOR,
    SMALL,
    VENDOR,
    Connection,
    Opening,
    Terms,
)
from cpppo.client.originating import along, forward_close, forward_open, terms
from cpppo.client.way import Way
from cpppo.errors import EncodeError
from cpppo.protocol.enip import (
    ForwardClose,
    ForwardOpen,
    LargeForwardOpen,
    LargeForwardOpenReply,
    Opened,
    Path,
    Reply,
    Request,
    Symbol,
)
from cpppo.protocol.enip.notation import NotationError

BACKPLANE = bytes.fromhex("01 00 20 02 24 01")
STRAIGHT = bytes.fromhex("20 02 24 01")


def granted(opening: Opening, interval: int = 2_000_000, **changes: int) -> Reply:
    """The answer of a device that opens what is asked for."""
    asked = opening.request
    assert isinstance(asked, ForwardOpen | LargeForwardOpen)
    said: dict[str, Any] = {
        "to_target": 0xABCD1234,
        "to_originator": asked.to_originator,
        "serial": asked.serial,
        "vendor": asked.vendor,
        "originator": asked.originator,
        "target_interval": interval,
        "originator_interval": interval,
        **changes,
    }
    data = Opened(**said).encode()
    return LargeForwardOpenReply(data=data)


def refused(*words: int, status: int = 1) -> Reply:
    return LargeForwardOpenReply(status=status, extended=words)


def sizes(opening: Opening) -> tuple[str, int]:
    """What is asked for: by which service, of which size."""
    asked = opening.request
    assert isinstance(asked, ForwardOpen | LargeForwardOpen)
    assert asked.target_parameters == asked.originator_parameters
    large = isinstance(asked, LargeForwardOpen)
    size = asked.target_parameters & (0xFFFF if large else 0x1FF)
    return ("large" if large else "small"), size


def test_a_large_connection_along_the_route_is_asked_for_first() -> None:
    opening = Opening(Way())
    octets = opening.request.encode()
    assert octets[:6] == bytes.fromhex("5b 02 20 06 24 01")
    assert octets[-6:] == BACKPLANE
    assert octets[-7] == 3
    # Point to point, variable, low priority: as clients of other hands ask.
    assert octets.count(struct.pack("<I", 0x42000FA2)) == 2
    assert opening.request.encode()[-8] == 0xA3
    assert (VENDOR, ORIGINATOR) == (0x1234, 0x6F707063)


def test_a_device_without_routes_has_its_router_at_once() -> None:
    octets = Opening(Way.of(False, "")).request.encode()
    assert octets[-5:] == b"\x02" + STRAIGHT


def test_what_was_opened_is_known_by_both_names() -> None:
    opening = Opening(Way())
    assert opening.found is None
    opening.took(granted(opening))
    found = opening.found
    assert found
    assert (found.size, found.room, found.to_target) == (LARGE, LARGE - 2, 0xABCD1234)
    assert found.to_originator == opening.request.to_originator
    assert str(found) == "a connection of 4002 octets"
    closing = Request.decode(found.close)
    assert isinstance(closing, ForwardClose)
    assert closing.serial == opening.request.serial
    assert found.close[-8:] == b"\x03\0" + BACKPLANE


def test_one_who_asks_each_minute_keeps_a_connection() -> None:
    opening = Opening(Way())
    opening.took(granted(opening))
    assert opening.found is not None
    assert opening.found.life > 4 * 60
    hasty = Opening(Way())
    hasty.took(granted(hasty, interval=100_000))
    assert hasty.found is not None
    assert hasty.found.life == pytest.approx(12.8)
    silent = Opening(Way())
    silent.took(granted(silent, interval=0))
    assert silent.found is not None
    assert silent.found.life > 4 * 60


def test_another_size_is_taken_where_it_is_offered() -> None:
    opening = Opening(Way())
    opening.took(refused(0x0109, 1000))
    assert sizes(opening) == ("large", 1000)
    opening.took(granted(opening))
    assert opening.found is not None
    assert opening.found.size == 1000


@pytest.mark.parametrize("offered", [(), (0,), (50,), (LARGE,), (0xFFFF,)])
def test_a_size_that_is_of_no_use_is_not_taken(offered: tuple[int, ...]) -> None:
    opening = Opening(Way())
    opening.took(refused(0x0109, *offered))
    assert sizes(opening) == ("small", SMALL)


def test_a_serial_number_that_is_taken_is_left() -> None:
    numbers = itertools.count(1)
    opening = Opening(Way(), random=lambda bits: next(numbers))
    first = opening.request
    opening.took(refused(0x0100))
    second = opening.request
    assert sizes(opening) == ("large", LARGE)
    assert first.serial != second.serial  # type: ignore[attr-defined]


@pytest.mark.parametrize("status", [0x08, 0x01, 0x02, 0x1F, 0xFF])
def test_who_refuses_a_large_one_is_asked_for_a_small_one(status: int) -> None:
    opening = Opening(Way())
    opening.took(refused(status=status))
    assert sizes(opening) == ("small", SMALL)
    opening.took(refused(0x0109, 400))
    assert sizes(opening) == ("small", 400)
    opening.took(granted(opening))
    assert opening.found is not None
    assert opening.found.size == 400


def test_who_refuses_both_says_why() -> None:
    opening = Opening(Way())
    opening.took(refused(status=8))
    opening.took(refused(0x0113))
    assert opening.found is not None
    assert not opening.found
    assert opening.found.why == "connection failure: out of connections"
    assert str(opening.found).startswith("no connection: connection failure")


@pytest.mark.parametrize("words", [(0x0100,), (0x0109, 4001)])
def test_a_device_that_never_agrees_is_not_asked_for_ever(
    words: tuple[int, ...],
) -> None:
    opening = Opening(Way())
    asked = 1
    while opening.found is None:
        size = sizes(opening)[1]
        opening.took(refused(*words[:1], *([size - 1] if words[1:] else [])))
        asked += 1
    assert not opening.found
    assert asked - 1 == ATTEMPTS
    assert "attempts" in opening.found.why


def test_an_answer_that_is_none_is_no_connection() -> None:
    opening = Opening(Way())
    opening.took(LargeForwardOpenReply(data=b"1234"))
    assert opening.found is not None
    assert "the answer to Forward Open is none" in opening.found.why
    opening = Opening(Way())
    opening.took(granted(opening, serial=1 + opening.request.serial & 0xFFFF))  # type: ignore[attr-defined]
    assert opening.found is not None
    assert "another connection" in opening.found.why


def test_serial_numbers_cannot_be_guessed() -> None:
    several = [Opening(Way()).request for _ in range(64)]
    assert len({one.serial for one in several}) > 55  # type: ignore[attr-defined]
    assert len({one.to_originator for one in several}) == 64  # type: ignore[attr-defined]


# -- by the published keywords


def test_a_connection_path_is_a_route_and_where_it_ends() -> None:
    for text, octets in {
        "1/0/@2/1": "03 01 00 20 02 24 01",
        "@2/1": "02 20 02 24 01",
        "1/0": "01 01 00",
    }.items():
        assert Path(along(text)).encode() == bytes.fromhex(octets)
    assert along(["1/0", "@2/1"]) == along("1/0/@2/1")
    ports = [{"port": 1, "link": 0}, {"class": 2}, {"instance": 1}]
    assert along(ports) == along("1/0/@2/1")
    assert along(["1/0", *ports[1:]]) == along("1/0/@2/1")
    assert along({"symbolic": "X"}) == (Symbol("X"),)
    with pytest.raises((EncodeError, NotationError)):
        along(5)
    with pytest.raises(EncodeError, match=r"a segment is .*, not \{'clas': 2\}"):
        along([{"port": 1, "link": 0}, {"clas": 2}])


def test_the_published_keywords_make_a_forward_open() -> None:
    given = {
        "O_vendor": 0x1009,
        "O_serial": 42,
        "connection_serial": 0x427,
        "priority_time_tick": 10,
        "timeout_ticks": 5,
        "connection_timeout_multiplier": 7,
        "transport_class_triggers": 0xA3,
    }
    direction = {"size": 504, "RPI": 2113537, "connection_ID": 0x20000002}
    asked = forward_open("@6/1", "1/0/@2/1", given, direction, {"size": 500})
    assert asked.encode() == bytes.fromhex(
        "54 02 20 06 24 01 0a 05 02 00 00 20"
    ) + struct.pack("<I", asked.to_originator) + bytes.fromhex(  # type: ignore[attr-defined]
        "27 04 09 10 2a 00 00 00 07 00 00 00 01 40 20 00 f8 43 80 84 1e 00 f4 43 a3 03"
    ) + BACKPLANE  # fmt: skip
    large = forward_open(None, "@2/1", {}, {"size": 4000}, {"size": 500})
    assert large.encode()[0] == 0x5B
    number = forward_open(None, "@2/1", {}, {"NCP": 0x43F4}, {"NCP": 0x43F4})
    assert number.target_parameters == 0x43F4  # type: ignore[attr-defined]
    closing = forward_close(None, "1/0/@2/1", given)
    assert (
        closing.encode()
        == bytes.fromhex("4e 02 20 06 24 01 0a 05 27 04 09 10 2a 00 00 00 03 00")
        + BACKPLANE
    )


def test_what_nobody_knows_of_a_connection_is_refused() -> None:
    with pytest.raises(EncodeError, match="O_T has no 'rpi'"):
        forward_open(None, "@2/1", {}, {"rpi": 5}, None)
    with pytest.raises(EncodeError, match="takes no 'vendor'"):
        forward_open(None, "@2/1", {"vendor": 5}, None, None)
    with pytest.raises(EncodeError, match="connection_serial"):
        forward_close(None, "@2/1", {})
    with pytest.raises(EncodeError, match="takes no 'sise'"):
        terms({"sise": 5}, None, None, None, {})
    words = "size of O_T is a whole number, not '500'"
    with pytest.raises(EncodeError, match=words):
        terms(None, None, {"size": "500"}, None, {})
    with pytest.raises(EncodeError, match="RPI of T_O is a whole number, not 1"):
        forward_open(None, "@2/1", {}, None, {"RPI": 1.5})
    with pytest.raises(EncodeError, match=r"O_T is a dictionary, as in .*, not 500"):
        terms(None, None, 500, None, {})  # type: ignore[arg-type]
    with pytest.raises(EncodeError, match="'NCP' is for forward_open"):
        terms(None, None, {"NCP": 5}, None, {})


def test_keywords_win_over_a_configuration() -> None:
    configuration = {
        "O_T": {"size": 600, "RPI": 1000},
        "O_vendor": 7,
        "connection_path": "1/3/@2/1",
    }
    found = terms(configuration, None, {"size": 700}, None, {"O_vendor": 8})
    assert (found.size, found.interval, found.vendor) == (700, 1000, 8)
    assert found.path == along("1/3/@2/1")
    assert terms(None, None, None, None, {}) == Terms()


def test_of_two_directions_the_smaller_size_and_the_longer_interval_hold() -> None:
    one, other = {"size": 500, "RPI": 1000}, {"size": 600, "RPI": 3000}
    for both in ((one, other), (other, one)):
        found = terms(None, None, *both, {})
        assert (found.size, found.interval) == (500, 3000)


def test_nothing_is_no_connection() -> None:
    assert not Connection(why="none was wanted")
    assert not Connection().connected
    assert Connection(size=504).connected


# -- the program


def test_whoever_asks_gets_the_connection() -> None:
    opening = Opening(Way())
    answers = [lambda: refused(status=8), lambda: granted(opening)]
    asked: list[Request] = []

    def ask(request: Request) -> Program[Reply | str]:
        asked.append(request)
        reply: Reply = yield (answers.pop(0),)
        return reply

    found = carried(opening.through(ask))
    assert found.size == SMALL
    assert [type(one) for one in asked] == [LargeForwardOpen, ForwardOpen]
    assert opening.last is not None
    assert opening.last.status == 0


def test_where_there_is_no_reply_it_says_why_and_has_none() -> None:
    opening = Opening(Way())
    answers: list[Reply | str] = [refused(status=8), "it has gone"]

    def ask(request: Request) -> Program[Reply | str]:
        reply: Reply | str = yield answers.pop, 0
        return reply

    found = carried(opening.through(ask))
    assert (bool(found), found.why) == (False, "it has gone")
    # What was refused before is not why.
    assert opening.last is None
