# SPDX-License-Identifier: Apache-2.0
"""Connections, without a socket: opened, asked, closed, late, refused.

Each test says what a client sends and finds, at the places where clients look.
"""

from __future__ import annotations

import logging
import struct
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest
from asking import (
    TCP,
    Client,
    Reply,
    controller,
    element,
    frame,
    frames,
    multiple,
    read,
    read_on,
    replies_in,
    reply_in,
    request,
    rr,
    symbol,
    unconnected,
    write,
)
from connecting import (
    ROUTER,
    SLOT,
    Clock,
    Linked,
    forward_close,
    forward_open,
    opened,
    over,
    unit,
)

from cpppo.protocol.enip import Port
from cpppo.server.enip.cip.answers import Call, Refusal
from cpppo.server.limits import Limits

TAGS = "A=DINT[2000] B=REAL S=SINT[5000] L=LINT[700]"


def client(**kwds: Any) -> Client:
    return Client(controller(TAGS, **kwds))


def timed(**kwds: Any) -> tuple[Client, Clock]:
    """A client of a controller with a clock in hand."""
    one, clock = controller(TAGS, **kwds), Clock()
    one.clock = clock
    return Client(one), clock


def refusal(reply: Reply) -> tuple[int, ...]:
    """The extended status of a refusal, which says which connection it was."""
    assert reply.status == 1
    assert reply.data[:8] == struct.pack("<HHI", 1, 0x1337, 42)
    assert len(reply.data) == 10
    assert reply.data[9] == 0
    return reply.extended


@pytest.fixture(params=[False, True], ids=["plain", "watched"])
def watched(request: pytest.FixtureRequest) -> Iterator[dict[str, Any]]:
    """Both ways of a request: the common path, and the typed one."""
    yield {"observer": lambda line: None} if request.param else {}


OTHERS: tuple[dict[str, Any], ...] = (
    {"serial": 2},
    {"vendor": 2},
    {"originator": 2},
)


# -- opening


@pytest.mark.parametrize("large", [True, False])
def test_a_connection_is_opened(large: bool) -> None:
    reply = client().ask(forward_open(large=large, size=500))
    assert reply.service == (0xDB if large else 0xD4)
    assert (reply.status, reply.extended, len(reply.data)) == (0, (), 26)
    ours, theirs, *rest = struct.unpack("<IIHHIIIBB", reply.data)
    assert ours
    assert theirs == 0x1234
    assert rest == [1, 0x1337, 42, 2_000_000, 2_000_000, 0, 0]


def test_no_identifier_is_there_twice() -> None:
    one = client()
    numbers = {opened(one.ask(forward_open(serial=at))) for at in range(200)}
    assert len(numbers) == 200
    assert 0x20000002 not in numbers


@pytest.mark.parametrize(
    ("asked", "extended"),
    [
        ({"transport": 0xA2}, (0x0103,)),
        ({"transport": 0x01}, (0x0103,)),
        ({"kind": 0}, (0x0108,)),
        ({"kind": 1}, (0x0108,)),
        ({"size": 0}, (0x0109, 4002)),
        ({"back": 0}, (0x0109, 4002)),
        ({"size": 7}, (0x0109, 4002)),
        ({"size": 4003}, (0x0109, 4002)),
        ({"back": 65535}, (0x0109, 4002)),
        ({"size": 0, "large": False}, (0x0109, 511)),
        ({"interval": 0}, (0x0111,)),
        ({"path": b""}, (0x0315,)),
        ({"path": b"\x01\x00"}, (0x0315,)),
        ({"path": b"\xff\xff\xff\xff"}, (0x0315,)),
        ({"path": b"\x91\x08abcd"}, (0x0315,)),
        ({"path": b"\x20\x02"}, (0x0315,)),
        ({"path": b"\x20\x02\x24\x02"}, (0x0315,)),
        ({"path": b"\x20\xa7\x24\x01"}, (0x0315,)),
        ({"path": b"\x24\x01\x20\x02"}, (0x0315,)),
        ({"path": SLOT + b"\x30\x01"}, (0x0315,)),
        ({"path": SLOT + b"\x91\x02XY"}, (0x0315,)),
        ({"path": b"\x20\x02\x01\x00\x24\x01"}, (0x0315,)),
    ],
)
def test_what_is_not_opened(asked: dict[str, Any], extended: tuple[int, ...]) -> None:
    one = client()
    assert refusal(one.ask(forward_open(**asked))) == extended
    assert len(one.controller.connections) == 0


@pytest.mark.parametrize(
    "path",
    [
        SLOT,
        ROUTER,
        b"\x01\x05" + ROUTER,
        b"\x01\x00\x12\x0810.0.0.9\x01\x03" + ROUTER,
        b"\x12\x0910.0.0.10\x00" + ROUTER,
        b"\x34\x04" + bytes(8) + ROUTER,
        b"\x01\x00\x34\x04" + struct.pack("<HHHBB", 1, 14, 54, 20, 11) + ROUTER,
        b"\x21\x00\x02\x00\x25\x00\x01\x00",
        ROUTER + b"\x2c\x01",
    ],
)
def test_every_way_to_the_message_router(path: bytes) -> None:
    assert Linked(client(), path=path).ask(read("A")).status == 0


def test_a_controller_with_a_route_path_is_reached_by_that_alone() -> None:
    one = client(route_path=(Port(1, 3),))
    assert refusal(one.ask(forward_open(SLOT))) == (0x0312,)
    assert one.ask(forward_open(SLOT)).data[8] == 3  # words of the path
    assert refusal(one.ask(forward_open(b"\x02\x03" + ROUTER))) == (0x0311,)
    assert one.ask(forward_open(b"\x01\x03" + ROUTER)).status == 0
    assert one.ask(forward_open(ROUTER, serial=2)).status == 0


def test_a_simple_device_has_no_ports() -> None:
    one = client(route_path=())
    assert refusal(one.ask(forward_open(SLOT))) == (0x0311,)
    assert one.ask(forward_open(ROUTER)).status == 0


def test_a_size_is_settled_by_the_word_that_refuses_it() -> None:
    one = client(limits=Limits(connection=1000))
    reply = one.ask(forward_open(size=4002))
    assert refusal(reply) == (0x0109, 1000)
    assert one.ask(forward_open(size=reply.extended[1])).status == 0


def test_an_old_controller_knows_no_large_connection() -> None:
    one = client(limits=Limits(connection=508))
    reply = one.ask(forward_open())
    assert (reply.service, reply.status, reply.extended) == (0xDB, 0x08, ())
    assert refusal(one.ask(forward_open(large=False, size=509))) == (0x0109, 508)
    assert Linked(one, large=False, size=508).ask(read("A")).status == 0


def test_no_size_is_more_than_a_message_can_say() -> None:
    one = client(limits=Limits(connection=1_000_000))
    assert refusal(one.ask(forward_open(size=0))) == (0x0109, 0xFFFF)
    linked = Linked(one, size=0xFFFF)
    assert len(linked.ask(read("A", 2000)).data) == 2 + 8000


def test_from_512_on_it_is_a_newer_one() -> None:
    one = client(limits=Limits(connection=512))
    assert one.ask(forward_open(size=512)).status == 0


def test_no_more_connections_than_there_may_be() -> None:
    one = client(limits=Limits(opened=3))
    for serial in range(10, 13):
        assert one.ask(forward_open(serial=serial)).status == 0
    assert refusal(one.ask(forward_open())) == (0x0113,)
    assert refusal(Client(one.controller).ask(forward_open())) == (0x0113,)
    assert one.ask(forward_close(serial=11)).status == 0
    assert one.ask(forward_open()).status == 0


def test_a_connection_is_not_opened_twice() -> None:
    one = client()
    linked = Linked(one)
    assert refusal(one.ask(forward_open())) == (0x0100,)
    assert refusal(Client(one.controller).ask(forward_open())) == (0x0100,)
    assert linked.ask(read("A")).status == 0
    for other in OTHERS:
        assert one.ask(forward_open(**other)).status == 0


def test_a_session_opens_and_closes_as_often_as_it_likes() -> None:
    one = client()
    for _ in range(50):
        linked = Linked(one)
        assert linked.ask(read("A")).status == 0
        assert one.ask(forward_close()).status == 0
    assert len(one.controller.connections) == 0


# -- closing


def test_a_connection_is_closed() -> None:
    one = client()
    linked = Linked(one)
    reply = one.ask(forward_close())
    assert (reply.service, reply.status) == (0xCE, 0)
    assert reply.data == struct.pack("<HHIBB", 1, 0x1337, 42, 0, 0)
    assert linked_status(one, linked.number) == (1, (0x0107,))
    assert refusal(one.ask(forward_close())) == (0x0107,)


@pytest.mark.parametrize("path", [b"", b"\xff\xff", b"\x91\x09ab", ROUTER])
def test_the_path_of_a_close_is_not_looked_at(path: bytes) -> None:
    one = client()
    Linked(one)
    assert one.ask(forward_close(path)).status == 0


def test_a_close_says_the_whole_triple() -> None:
    one = client()
    linked = Linked(one)
    for other in OTHERS:
        reply = one.ask(forward_close(**other))
        assert (reply.status, reply.extended) == (1, (0x0107,))
    assert linked.ask(read("A")).status == 0


def test_a_connection_is_its_sessions_own() -> None:
    one = client()
    linked, other = Linked(one), Client(one.controller)
    assert linked_status(other, linked.number) == (1, (0x0107,))
    assert refusal(other.ask(forward_close())) == (0x0107,)
    assert linked.ask(write("A", 0xC4, 1, b"\1\0\0\0")).status == 0


def test_a_connection_ends_with_its_session() -> None:
    one = client()
    Linked(one)
    one.session.close()
    assert len(one.controller.connections) == 0
    assert Linked(Client(one.controller)).ask(read("A")).status == 0


def linked_status(one: Client, connection: int, cip: bytes = b"") -> Any:
    """What a request over a connection that is none gets; the session stays."""
    (answer,) = one.send(unit(connection, 77, cip or read("A"), one.handle))
    _, sequence, octets = over(answer)
    assert sequence == 77
    reply = reply_in(octets)
    assert reply.service == (cip or read("A"))[0] | 0x80
    assert one.ask(read("A")).status == 0
    assert not one.session.closing
    return reply.status, reply.extended


# -- asking


def test_things_stand_where_clients_look(watched: dict[str, Any]) -> None:
    one = client(**watched)
    linked = Linked(one, to_originator=0xA1B2C3D4)
    asked = linked.octets(read("A"), 0xBEEF)
    for _ in range(2):
        answer = one.raw(asked)
        assert answer[:2] == b"\x70\0"
        assert answer[12:20] == b"contexts"
        assert answer[24:36] == bytes.fromhex("00000000 0000 0200 a1000400")
        assert answer[36:40] == bytes.fromhex("d4c3b2a1")
        assert answer[40:44] == struct.pack("<HH", 0xB1, len(answer) - 44)
        assert answer[44:46] == bytes.fromhex("efbe")
        assert (answer[46], answer[48]) == (0xCC, 0)
        assert answer[50:] == bytes.fromhex("c400 00000000")


@pytest.mark.parametrize("first", [0, 1, 77, 0xFFFF])
def test_a_request_is_done_once_for_its_count(
    first: int, watched: dict[str, Any]
) -> None:
    one = client(**watched)
    linked, tag = Linked(one), one.controller.tags["A"]
    one.ask(read("A"))  # so that the way there is known
    for count in (first, first + 1 & 0xFFFF):
        tag[0] = 5
        assert linked.ask(read("A"), count).data[2:] == b"\5\0\0\0"
        tag[0] = 6
        assert linked.ask(read("A"), count).data[2:] == b"\5\0\0\0"
        assert linked.cip(write("A", 0xC4, 1, b"\7\0\0\0"), count)[0] == 0xCC
        assert tag[0] == 6


def ask_twice(linked: Linked, cip: bytes, count: int) -> list[bytes]:
    return [linked.cip(cip, count) for _ in range(2)]


def test_a_write_is_done_once_for_its_count(watched: dict[str, Any]) -> None:
    one = client(**watched)
    linked, tag = Linked(one), one.controller.tags["A"]
    for count in (9, 10):
        assert linked.cip(write("A", 0xC4, 1, b"\1\0\0\0"), count)[2] == 0
        assert tag[0] == 1
        tag[0] = 2
        assert linked.cip(write("A", 0xC4, 1, b"\1\0\0\0"), count)[2] == 0
        assert tag[0] == 2


def test_each_connection_has_its_own_sequence(watched: dict[str, Any]) -> None:
    one = client(**watched)
    several = [
        Linked(one, serial=at, to_originator=1000 + at, size=100 + at)
        for at in range(20)
    ]
    for count in (1, 2, 1):
        for at, linked in enumerate(several):
            reply = linked.ask(
                write(symbol("A") + element(at), 0xC4, 1, b"\1" * 4), count
            )
            assert reply.status == 0
    assert one.controller.tags["A"][0:21] == [0x01010101] * 20 + [0]


def test_several_connections_in_one_stream(watched: dict[str, Any]) -> None:
    one = client(**watched)
    several = [Linked(one, serial=at, to_originator=1000 + at) for at in range(3)]
    asked = [linked.octets(read("A", 1 + at)) for at, linked in enumerate(several * 5)]
    asked.insert(4, rr(read("B"), one.handle))
    asked.insert(9, unit(0, 1, read("B"), one.handle))
    answers = frames(one.raw(b"".join(asked)))
    assert len(answers) == 17
    assert [answer.command for answer in answers].index(0x6F) == 4
    del answers[4]
    told = [over(answer) for answer in answers]
    assert reply_in(told.pop(8)[2]).extended == (0x0107,)
    assert [each[0] for each in told] == [1000, 1001, 1002] * 5
    assert [len(each[2]) for each in told] == [10 + 4 * at for at in range(15)]


@pytest.mark.parametrize(
    ("cip", "status"),
    [
        (request(0x77, ROUTER), (0x08, ())),
        (read("NOPE"), (0x05, ())),
        (read("A", 2001), (0xFF, (0x2105,))),
        (write("A", 0xC3, 1, b"\1\0"), None),
        (b"\x4c", (0x04, ())),
        (b"\x4c\x09\x91", (0x04, ())),
        (read("A")[:-1], (0x13, ())),
    ],
)
def test_what_is_wrong_has_a_reply_with_a_status(
    cip: bytes, status: tuple[int, Any] | None, watched: dict[str, Any]
) -> None:
    linked = Linked(client(**watched))
    reply = linked.ask(cip)
    assert status is None or (reply.status, reply.extended) == status
    assert linked.ask(read("A")).status == 0


def test_no_octets_at_all_are_answered() -> None:
    linked = Linked(client())
    assert reply_in(linked.cip(b"")).status == 4


def test_an_identifier_that_is_none_gets_a_reply() -> None:
    one = client()
    for connection in (0, 1, 0xFFFFFFFF):
        assert linked_status(one, connection) == (1, (0x0107,))
        assert linked_status(one, connection, b"\x55") == (1, (0x0107,))


def test_a_wrong_handle_is_told_in_the_header() -> None:
    one = client()
    linked = Linked(one)
    asked = linked.octets(write("A", 0xC4, 1, b"\1\0\0\0"))
    (answer,) = one.send(asked[:4] + b"\1\2\3\4" + asked[8:])
    assert (answer.command, answer.status, answer.payload) == (0x70, 0x64, b"")
    assert one.controller.tags["A"][0] == 0
    nobody = one.controller.session(TCP)
    (answer,) = frames(nobody.receive(asked))
    assert (answer.status, answer.payload) == (0x64, b"")


@pytest.mark.parametrize(
    "items",
    [
        b"",
        struct.pack("<IHH", 0, 0, 0),
        struct.pack("<IHHHHI", 0, 0, 1, 0xA1, 4, 7),
        struct.pack("<IHHHHHHH", 0, 0, 2, 0, 0, 0xB2, 2, 1),
        struct.pack("<IHHHHHHHH", 0, 0, 2, 0xA1, 2, 7, 0xB1, 2, 1),
        struct.pack("<IHHHHIHHB", 0, 0, 2, 0xA1, 4, 7, 0xB1, 1, 1),
        struct.pack("<IHHHHHHHI", 0, 0, 2, 0xB1, 2, 1, 0xA1, 4, 7),
        struct.pack("<IHHHHIHH", 0, 0, 2, 0xA1, 4, 7, 0xB1, 9),
    ],
)
def test_a_packet_without_the_two_items_is_refused(items: bytes) -> None:
    one = client()
    Linked(one)
    (answer,) = one.send(frame(0x70, items, one.handle))
    assert (answer.command, answer.status, answer.payload) == (0x70, 3, b"")
    assert one.ask(read("A")).status == 0


# -- sizes


@pytest.mark.parametrize("size", [20, 100, 500, 504, 511, 4000, 4002])
def test_a_reply_fits_the_connection_and_holds_all_it_can(
    size: int, watched: dict[str, Any]
) -> None:
    one = client(**watched)
    linked = Linked(one, size=size if size > 100 else 200, back=size)
    for name, count, width in (("A", 2000, 4), ("S", 5000, 1), ("L", 700, 8)):
        one.controller.tags[name][0:count] = [at % 100 for at in range(count)]
        for cip in (read(name, count), read_on(name, count, 0)):
            for _ in range(2):
                octets = linked.cip(cip)
                reply = reply_in(octets)
                assert reply.status == 6
                assert size - 2 - width < len(octets) <= size - 2
                assert (len(reply.data) - 2) % width == 0


def test_a_read_over_4002_octets_brings_3994() -> None:
    linked = Linked(client())
    assert len(linked.ask(read("A", 2000)).data) == 2 + 3992
    assert len(linked.ask(read("L", 700)).data) == 2 + 3992


def test_fragments_are_the_whole(watched: dict[str, Any]) -> None:
    one = client(**watched)
    linked = Linked(one, size=504)
    one.controller.tags["A"][0:2000] = list(range(2000))
    held = b""
    while True:
        reply = linked.ask(read_on("A", 2000, len(held)))
        held += reply.data[2:]
        if reply.status == 0:
            break
        assert reply.status == 6
    assert struct.unpack("<2000i", held) == tuple(range(2000))


def test_the_sizes_of_two_directions_are_two() -> None:
    linked = Linked(client(), size=100, back=4002)
    assert len(linked.ask(read("A", 900)).data) == 3602
    linked = Linked(client(), size=4002, back=100)
    assert linked.ask(write("A", 0xC4, 900, bytes(3600))).status == 0
    assert len(linked.ask(read("A", 900)).data) == 2 + 92


def test_a_request_longer_than_the_connection_is_refused(
    watched: dict[str, Any],
) -> None:
    one = client(**watched)
    one.ask(read("A", 30))
    linked = Linked(one, size=100)
    fits = 100 - 2 - len(write("A", 0xC4, 22, b""))
    assert fits == 88
    assert linked.ask(write("A", 0xC4, 22, b"\1" * 88)).status == 0
    assert linked.ask(write("A", 0xC4, 23, b"\2" * 92)).status == 0x15
    assert linked.ask(write("A", 0xC4, 22, b"\2" * 89)).status == 0x15
    assert one.controller.tags["A"][0:23] == [0x01010101] * 22 + [0]


def test_a_write_that_is_sent_twice_in_one_message_is_as_long_as_one(
    watched: dict[str, Any],
) -> None:
    one = client(**watched)
    linked = Linked(one, size=100)
    whole = write("A", 0xC4, 22, b"\1" * 88)
    assert linked.ask(whole + b"\x2a\x00" + whole, 0x2A).status == 0
    assert linked.ask(whole + b"\x2b\x00" + whole, 0x2A + 2).status == 0x15
    longer = write("A", 0xC4, 23, b"\1" * 92)
    assert linked.ask(longer + b"\x2d\x00" + longer, 0x2D).status == 0x15
    assert one.controller.tags["A"][0:23] == [0x01010101] * 22 + [0]


@pytest.mark.parametrize("size", [100, 200, 504, 4002])
def test_a_packet_of_services_fits_the_connection(
    size: int, watched: dict[str, Any]
) -> None:
    linked = Linked(client(**watched), size=4002, back=size)
    members = [read("A", 2000), read("B"), read("NOPE"), read("S", 90)]
    for _ in range(2):
        octets = linked.cip(multiple(members))
        assert len(octets) <= size - 2
        outer = reply_in(octets)
        replies = replies_in(outer.data)
        assert (outer.status, len(replies)) == (0x1E, 4)
        assert (replies[0].status, replies[2].status) == (6, 5)


def test_the_status_of_a_packet_says_whether_one_failed() -> None:
    linked = Linked(client())
    assert linked.ask(multiple([read("A"), read("A", 2000)])).status == 0
    assert linked.ask(multiple([read("A"), read("A", 2001)])).status == 0x1E
    assert linked.ask(multiple([])).status == 0


def test_outside_of_a_connection_replies_stay_near_504_octets() -> None:
    one = client()
    linked = Linked(one)
    for _ in range(2):
        assert len(linked.ask(read("A", 2000)).data) > 3900
        reply = one.ask(read("A", 2000))
        assert (reply.status, len(reply.data)) == (6, 2 + 488)
        octets = one.raw(rr(read("A", 2000), one.handle))
        assert len(octets) - 40 <= 504
        members = replies_in(one.ask(multiple([read("A", 2000)])).data)
        assert len(members[0].data) == 2 + 488


def test_a_controllers_own_size_holds_over_a_connection_too() -> None:
    one = client(size=100)
    linked = Linked(one)
    reply = linked.client.send(linked.octets(read("A", 2000)))[0]
    assert len(reply.payload) <= 100
    assert reply_in(over(reply)[2]).status == 6
    assert linked.ask(write("A", 0xC4, 30, bytes(120))).status == 0x15


# -- times


def test_a_connection_that_is_not_used_dies(watched: dict[str, Any]) -> None:
    one, clock = timed(**watched)
    linked = Linked(one, multiplier=1, interval=500_000)
    for _ in range(5):
        clock.now += 3.99  # of 8 times half a second
        assert linked.ask(read("A")).status == 0
    clock.now += 4.01
    assert linked.ask(read("A")).extended == (0x0203,)
    assert linked.ask(write("A", 0xC4, 1, b"\1\0\0\0")).extended == (0x0203,)
    assert one.controller.tags["A"][0] == 0
    assert not one.session.closing
    assert refusal(one.ask(forward_close())) == (0x0107,)
    assert opened(one.ask(forward_open(serial=2)))
    assert linked_status(one, linked.number) == (1, (0x0107,))


def test_a_connection_that_was_swept_is_late(watched: dict[str, Any]) -> None:
    one, clock = timed(**watched)
    linked = Linked(one)
    assert linked.ask(read("A")).status == 0
    one.controller.connections.sweep(clock.now + 1000)
    assert linked.ask(read("A")).extended == (0x0203,)


def test_a_repeated_request_keeps_a_connection(watched: dict[str, Any]) -> None:
    one, clock = timed(**watched)
    linked = Linked(one, multiplier=0, interval=1_000_000)
    for _ in range(5):
        clock.now += 3.9
        assert linked.ask(read("A"), 7).status == 0


def test_a_late_one_makes_room_for_another() -> None:
    one, clock = timed(limits=Limits(opened=2))
    other = Client(one.controller)
    late = Linked(other, serial=8, multiplier=0, interval=1_000_000)
    Linked(one, serial=9)
    assert refusal(one.ask(forward_open())) == (0x0113,)
    clock.now += 5
    assert one.ask(forward_open()).status == 0
    assert linked_status(other, late.number) == (1, (0x0107,))
    assert other.ask(forward_open(serial=8)).extended == (0x0113,)


def test_sessions_that_fell_silent_keep_nothing_of_their_connections() -> None:
    one, clock = timed(limits=Limits(opened=20))
    silent = [Client(one.controller) for _ in range(5)]
    for each in silent:
        several = [
            Linked(each, serial=at, multiplier=0, interval=1000) for at in range(20)
        ]
        assert all(linked.ask(read("A", 900)).status == 0 for linked in several)
        clock.now += 1
    Linked(one)
    assert [len(kept(each)) for each in (*silent, one)] == [0, 0, 0, 0, 0, 1]


def kept(one: Client) -> dict[int, Any]:
    """What a session keeps of its connections."""
    links = one.session._links
    assert links is not None
    assert len(links._triples) == len(links.connections)
    return links.connections


def test_the_same_connection_is_opened_again_once_it_is_late() -> None:
    one, clock = timed()
    old = Linked(one, multiplier=0, interval=1_000_000)
    assert refusal(one.ask(forward_open())) == (0x0100,)
    clock.now += 5
    new = Linked(one)
    assert new.number != old.number
    assert new.ask(read("A")).status == 0


def test_a_multiplier_beyond_the_last_is_the_last() -> None:
    one, clock = timed()
    linked = Linked(one, multiplier=255, interval=1000)
    clock.now += 0.511
    assert linked.ask(read("A")).status == 0
    clock.now += 0.513
    assert linked.ask(read("A")).extended == (0x0203,)


def test_only_connections_ask_the_clock() -> None:
    one, clock = timed()
    linked = Linked(one)
    before = clock.asked
    for _ in range(3):
        one.raw(b"".join(rr(read("A"), one.handle) for _ in range(9)))
    assert clock.asked == before
    one.raw(b"".join(linked.octets(read("A")) for _ in range(9)))
    one.raw(b"".join(linked.octets(read("A")) for _ in range(9)))
    assert clock.asked <= before + 3  # the first was not known yet


# -- what stands in what


def test_a_connection_takes_what_stands_outside_of_one(
    watched: dict[str, Any],
) -> None:
    linked = Linked(client(**watched))
    assert linked.cip(unconnected(read("A")))[:4] == b"\xcc\0\0\0"
    outer = linked.ask(multiple([unconnected(read("A")), read("A")]))
    assert [one.status for one in replies_in(outer.data)] == [8, 0]
    assert reply_in(linked.cip(unconnected(unconnected(read("A"))))).status == 8
    whole = reply_in(linked.cip(unconnected(multiple([read("A"), read("B")]))))
    assert (whole.service, whole.status) == (0x8A, 0)
    assert len(linked.cip(unconnected(read("A", 2000)))) > 3900


def test_a_connection_is_opened_and_closed_over_another() -> None:
    one = client()
    first = Linked(one)
    number = opened(reply_in(first.cip(forward_open(serial=2, to_originator=5))))
    (answer,) = one.send(unit(number, 1, read("A"), one.handle))
    assert over(answer)[0] == 5
    assert reply_in(first.cip(forward_close(serial=2))).status == 0
    assert linked_status(one, number) == (1, (0x0107,))
    assert first.ask(forward_close()).status == 0
    assert linked_status(one, first.number) == (1, (0x0107,))


def test_where_its_answer_has_no_room_nothing_is_opened() -> None:
    one = client()
    small = Linked(one, size=100, back=31)
    assert small.ask(forward_open(serial=2)).status == 0x11
    large = Linked(one, serial=3, size=100, back=32)
    assert large.ask(forward_open(serial=2)).status == 0
    assert len(one.controller.connections) == 3


def test_a_connection_is_opened_in_an_unconnected_send() -> None:
    one = client()
    number = opened(reply_in(one.cip(unconnected(forward_open()))))
    assert over(one.send(unit(number, 1, read("A"), one.handle))[0])[0] == 0x1234
    assert reply_in(one.cip(unconnected(forward_close()))).status == 0


def test_no_member_of_a_packet_opens_or_closes() -> None:
    one = client()
    linked = Linked(one)
    members = [forward_open(serial=2), forward_close(), read("A")]
    for outer in (one.ask(multiple(members)), linked.ask(multiple(members))):
        assert [each.status for each in replies_in(outer.data)] == [8, 8, 0]
    assert len(one.controller.connections) == 1


# -- ends


def ended(end: Callable[[bytes, Call], bytes], **kwds: Any) -> Linked:
    """A connection to an end of its own."""
    one = client(**kwds)
    one.controller.ends[0xA7, 1] = end
    path = b"\x01\x02\x20\xa7\x24\x01\x2c\x01"
    return Linked(one, path=path, large=False, size=0x102)


def test_an_end_has_what_follows_the_sequence_count() -> None:
    seen = []

    def echo(octets: bytes, call: Call) -> bytes:
        seen.append((octets, call.room))
        return octets[::-1]

    linked = ended(echo)
    assert linked.cip(b"\x01\x02\x03") == b"\x03\x02\x01"
    assert linked.cip(read("A")) == read("A")[::-1]
    assert linked.cip(b"") == b""
    assert ask_twice(linked, b"ab", 9) == [b"ba"] * 2
    assert seen == [(each, 256) for each in (b"\1\2\3", read("A"), b"", b"ab")]


def test_an_end_that_fails_is_answered_with_a_status(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(octets: bytes, call: Call) -> bytes:
        if octets == b"a":
            raise Refusal(0x16)
        raise ValueError("no\nsuch\nthing")

    linked = ended(fail)
    assert linked.cip(b"a") == b"\xe1\0\x16\0"
    with caplog.at_level(logging.WARNING):
        assert linked.cip(b"b") == b"\xe2\0\x10\0"
    assert "a connection's end failed: ValueError: no such thing" in caplog.text


def test_what_an_end_says_has_to_fit() -> None:
    linked = ended(lambda octets, call: bytes(octets[0] + 1))
    assert len(linked.cip(b"\xff")) == 256
    linked = ended(lambda octets, call: bytes(257))
    assert linked.cip(b"\x01") == b"\x81\0\x11\0"


def test_a_refusal_of_an_end_has_to_fit() -> None:
    def refuse(octets: bytes, call: Call) -> bytes:
        raise Refusal(0x01, (0x0311,), bytes(octets[0]))

    linked = ended(refuse)
    assert len(linked.cip(bytes([250]))) == 256
    assert linked.cip(bytes([251])) == b"\xfb\0\x01\0"


def test_waiting_for_an_end_costs_no_time() -> None:
    one, clock = timed()
    other = Client(one.controller)

    def slow(octets: bytes, call: Call) -> bytes:
        clock.now += 3.9
        # What is late is swept when somebody opens another.
        assert other.ask(forward_open(serial=9)).status == 0
        assert other.ask(forward_close(serial=9)).status == 0
        return b"answer"

    one.controller.ends[0xA7, 1] = slow
    path = b"\x20\xa7\x24\x01"
    linked = Linked(one, path=path, multiplier=0, interval=1_000_000)
    for _ in range(3):
        clock.now += 3.9  # of 4
        assert linked.cip(b"asked") == b"answer"


# -- hostile


def test_a_forward_open_that_is_cut_off_is_refused() -> None:
    one = client()
    for whole in (forward_open(), forward_open(large=False, size=500)):
        for size in range(6, len(whole)):
            reply = one.ask(whole[:size])
            assert reply.status in (0x13, 1), size
            assert reply.status == 0x13 or reply.extended == (0x0315,)
    for size in range(6, len(forward_close()) - len(SLOT)):
        assert one.ask(forward_close()[:size]).status == 0x13
    assert len(one.controller.connections) == 0
    assert Linked(one).ask(read("A")).status == 0


def test_what_follows_a_forward_open_is_too_much() -> None:
    one = client()
    assert one.ask(forward_open() + b"\0\0").status == 0x15
    assert len(one.controller.connections) == 0


def test_octets_by_chance_open_nothing_they_should_not() -> None:
    seed = Random().getrandbits(32)
    print("seed", seed)
    chance = Random(seed)
    one = client(limits=Limits(opened=20))
    wholes = [forward_open(), forward_open(large=False, size=500), forward_close()]
    for _ in range(3000):
        whole = bytearray(chance.choice(wholes))
        for _ in range(chance.choice((1, 1, 2, 5, 20))):
            whole[chance.randrange(6, len(whole))] = chance.randrange(256)
        reply = reply_in(one.cip(bytes(whole)))
        assert reply.status in (0, 1, 0x13, 0x15), whole.hex(" ")
        assert len(one.controller.connections) <= 20
    one.session.close()
    assert len(one.controller.connections) == 0


def test_octets_by_chance_over_a_connection_are_answered() -> None:
    seed = Random().getrandbits(32)
    print("seed", seed)
    chance = Random(seed)
    one = client()
    linked = Linked(one, size=300)
    wholes = [read("A", 9), write("A", 0xC4, 2, bytes(8)), multiple([read("A")] * 3)]
    for _ in range(3000):
        whole = bytearray(linked.octets(chance.choice(wholes)))
        for _ in range(chance.choice((1, 1, 2, 5))):
            whole[chance.randrange(24, len(whole))] = chance.randrange(256)
        if chance.random() < 0.2:
            del whole[chance.randrange(24, len(whole)) :]
            struct.pack_into("<H", whole, 2, len(whole) - 24)
        (answer,) = one.send(bytes(whole))
        if answer.status:
            assert (answer.status, answer.payload) == (3, b"")
        else:
            octets = over(answer)[2]
            assert len(octets) <= 298
            assert reply_in(octets).service & 0x80
    assert linked.ask(read("A"), 0).service == 0xCC
