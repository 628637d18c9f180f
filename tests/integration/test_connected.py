# SPDX-License-Identifier: Apache-2.0
"""Connected clients over real sockets: frames as clients send them, octet by octet,
and connections that lead through one simulator to another.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from time import monotonic
from typing import Any

import pytest
from asking import (
    Frame,
    Reply,
    cip_in,
    controller,
    frame,
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
from connecting import ROUTER, SLOT, forward_close, forward_open, opened, over, unit
from peers import (
    LOOPBACK,
    PATIENCE,
    Address,
    Answer,
    Caller,
    Far,
    call,
    datagram,
    far,
    serving,
    vacant,
    wait_for,
)

from cpppo.protocol.enip import Port
from cpppo.protocol.enip.notation import parse_route_path
from cpppo.server.enip import Controller
from cpppo.server.enip.linking.routing import Routes
from cpppo.server.limits import Limits

TAGS = "A=DINT[2000] B=REAL"


class Over:
    """A connection of a client that has a socket."""

    def __init__(self, caller: Caller, path: bytes = SLOT, **kwds: Any) -> None:
        self.caller = caller
        self.told = kwds.setdefault("to_originator", 0x1234)
        self.number = opened(caller.ask(forward_open(path, **kwds)))
        self.counts = count(1)

    def send(self, cip: bytes, sequence: int | None = None) -> None:
        sequence = next(self.counts) if sequence is None else sequence
        octets = unit(self.number, sequence, cip, self.caller.handle, b"contexts")
        self.caller.socket.sendall(octets)

    def ask(self, cip: bytes, sequence: int | None = None) -> Reply:
        self.send(cip, sequence)
        answer = self.caller.frame()
        assert answer.context == b"contexts"
        told, _, octets = over(answer)
        assert told == self.told
        return reply_in(octets)


# -- frames, as clients send them


@pytest.fixture
def caller() -> Iterator[Caller]:
    with serving(controller(TAGS)) as address, call(address) as one:
        yield one


def exchange(caller: Caller, octets: bytes) -> Frame:
    caller.socket.sendall(octets)
    return caller.frame()


def test_a_client_that_works_as_most_do(caller: Caller) -> None:
    """Register, list, ask outside, open, ask inside, close: what a driver does."""
    again = exchange(caller, frame(0x65, b"\1\0\0\0", context=b"_pycomm_"))
    assert (again.session, again.context) == (caller.handle, b"_pycomm_")
    assert again.payload == b"\1\0\0\0"
    assert exchange(caller, frame(0x63, context=b"_pycomm_")).context == b"_pycomm_"
    assert caller.ask(unconnected(request(1, b"\x20\1\x24\1"))).service == 0x81
    linked = Over(caller, size=4000)
    assert linked.ask(read("A", 900)).status == 0
    # A single write goes twice in one message, with its count between.
    one = write("A", 0xC4, 2, b"\1\0\0\0\2\0\0\0")
    assert linked.ask(one + b"\2\0" + one, 2) == Reply(0xCD, 0)
    assert linked.ask(read("A", 2), 3).data[2:] == b"\1\0\0\0\2\0\0\0"
    members = [read("A"), read("B")]
    assert len(replies_in(linked.ask(multiple(members), 4).data)) == 2
    assert linked.ask(request(0x99 & 0x7F, ROUTER), 5).status == 8
    assert caller.ask(forward_close()).status == 0
    assert Over(caller, large=False, size=500).ask(read("A", 2000)).status == 6


CLIENTS = {
    # service, parameters, microseconds, multiplier, serial, vendor, originator, path
    "pycomm3": (0x5B, 0x42000FA0, 0x204001, 7, 0x0427, 0x1009, 0x8A1B2C3D, SLOT),
    "pycomm3, small": (0x54, 0x43F4, 0x204001, 7, 0x0427, 0x1009, 1, SLOT),
    "pylogix": (0x5B, 0x42000FA2, 0x201234, 3, 0x9999, 0x1337, 42, SLOT),
    "pylogix, small": (0x54, 0x43F8, 0x204001, 3, 7, 0x1337, 42, SLOT),
    "pylogix, Micro800": (0x5B, 0x42000FA2, 0x201234, 3, 7, 0x1337, 42, ROUTER),
    "libplctag": (0x5B, 0x42000FA2, 1_000_000, 1, 1, 0xF33D, 0x21504345, SLOT),
    "libplctag, small": (0x54, 0x43FC, 1_000_000, 1, 2, 0xF33D, 0x21504345, SLOT),
    "gologix": (0x5B, 0x42000FA0, 2_500_000, 3, 1, 0x9999, 1, SLOT),
    "gologix, small": (0x54, 0x43FF, 2_500_000, 3, 1, 0x9999, 1, SLOT),
    "node": (0x5B, 0x42000FA2, 0x201234, 3, 1, 0x3333, 0x1337, SLOT),
    "over a bridge": (0x5B, 0x42000FA2, 1_000_000, 1, 1, 1, 1,
                      b"\x01\x00\x12\x0a10.10.0.20\x01\x03" + ROUTER),
}  # fmt: skip


@pytest.mark.parametrize("client", CLIENTS)
def test_every_client_gets_its_connection(client: str, caller: Caller) -> None:
    service, parameters, interval, multiplier, *triple, path = CLIENTS[client]
    kind = "I" if service == 0x5B else "H"
    data = struct.pack("<BBII", 10, 5, 0x20000002, 0xABCD)
    data += struct.pack("<HHIB3x", *triple, multiplier)
    data += struct.pack("<I" + kind, interval, parameters) * 2
    data += bytes((0xA3, len(path) // 2)) + path
    reply = caller.ask(request(service, b"\x20\x06\x24\x01", data))
    assert (reply.service, len(reply.data)) == (service | 0x80, 26)
    assert reply.data[4:16] == struct.pack("<IHHI", 0xABCD, *triple)
    assert reply.data[16:] == struct.pack("<II", interval, interval) + b"\0\0"
    number = opened(reply)
    answer = exchange(caller, unit(number, 1, read("A", 2000), caller.handle))
    told, sequence, octets = over(answer)
    assert (told, sequence, octets[:3]) == (0xABCD, 1, b"\xcc\0\6")
    size = parameters & (0xFFFF if service == 0x5B else 0x1FF)
    assert size - 2 - 4 < len(octets) <= size - 2
    close = struct.pack("<BBHHI", 10, 14, *triple) + bytes((len(path) // 2, 0)) + path
    reply = caller.ask(request(0x4E, b"\x20\x06\x24\x01", close))
    assert reply.data == struct.pack("<HHI", *triple) + b"\0\0"


def test_commands_are_answered_as_they_are_specified(caller: Caller) -> None:
    context = b"anything"
    caller.socket.sendall(frame(0x00, b"x" * 70))  # no answer
    answer = exchange(caller, frame(0x04, context=context))
    assert (answer.status, answer.context) == (0, context)
    assert answer.payload == struct.pack(
        "<HHHHH16s", 1, 0x100, 20, 1, 0x0120, b"Communications"
    )
    answer = exchange(caller, frame(0x64, context=context))
    assert (answer.status, answer.context, answer.payload) == (0, context, b"\0\0")
    answer = exchange(caller, frame(0x65, b"\2\0\0\0", context=context))
    assert (answer.status, answer.context) == (0x69, context)
    for command in (0x72, 0x1234):
        answer = exchange(caller, frame(command, b"abc", caller.handle, context))
        assert (answer.command, answer.status, answer.payload) == (command, 1, b"")
        assert answer.context == context
    for octets in (rr(read("A"), 1, context), unit(1, 1, read("A"), 1, context)):
        answer = exchange(caller, octets)
        assert (answer.status, answer.payload, answer.context) == (0x64, b"", context)
    assert caller.ask(read("A")).status == 0
    caller.socket.sendall(frame(0x66, session=caller.handle))
    with pytest.raises(ConnectionError):
        caller.frame()


def test_an_identity_is_told_alike_over_both_transports() -> None:
    one = controller(TAGS)
    with serving(one) as address, call(address) as caller:
        told = exchange(caller, frame(0x63, context=b"HiMom\0\0\0"))
        ((octets, source),) = datagram(frame(0x63, context=b"HiMom\0\0\0"), address)
        assert source == address
        assert octets[24:] == told.payload
        assert octets[12:20] == told.context == b"HiMom\0\0\0"
        values = one.identity.values
        count_, kind, size, version = struct.unpack_from("<HHHH", told.payload)
        assert (count_, kind, version) == (1, 0x0C, 1)
        assert size == len(told.payload) - 6
        family, port, host, zero = struct.unpack_from(">HH4s8s", told.payload, 8)
        assert (family, port, zero) == (2, address[1], bytes(8))
        assert host == bytes((127, 0, 0, 1))
        vendor, device, product, major, minor, status, serial, length = (
            struct.unpack_from("<HHHBBHIB", told.payload, 24)
        )
        assert (vendor, device, product) == (
            values.vendor,
            values.device_type,
            values.product_code,
        )
        assert (major, minor, serial) == (values.major, values.minor, values.serial)
        assert status == values.status
        name, state = told.payload[39:-1], told.payload[-1]
        assert (len(name), name.decode(), state) == (length, values.name, values.state)


def test_many_clients_at_once_each_with_connections() -> None:
    one = controller(TAGS)
    with serving(one) as address, ExitStack() as stack:
        callers = [stack.enter_context(call(address)) for _ in range(5)]
        several = [
            Over(caller, originator=at, serial=serial, to_originator=100 * at + serial)
            for at, caller in enumerate(callers)
            for serial in range(6)
        ]
        assert len(one.connections) == 30
        for _ in range(10):
            for linked in several:
                linked.send(read("A", 3))
            for linked in several:
                told, _, octets = over(linked.caller.frame())
                assert (told, octets[2]) == (linked.told, 0)
    assert len(one.connections) == 0


def test_a_connection_ends_with_its_tcp_connection() -> None:
    one = controller(TAGS)
    with serving(one) as address:
        with call(address) as caller:
            Over(caller)
            assert len(one.connections) == 1
        wait_for(lambda: not len(one.connections))
        with call(address) as caller:
            assert Over(caller).ask(read("A")).status == 0


# -- through one to another


def behind(target: Address, **kwds: Any) -> Controller:
    """A controller that sends on what is for slots 1 to 15."""
    routes = Routes.parse({"1/1-15": f"{target[0]}:{target[1]}"})
    kwds = {"route_path": parse_route_path("1/0"), **kwds}
    return controller("NEAR=INT[10]", routes=routes, **kwds)


THERE = b"\x01\x05" + ROUTER


@contextmanager
def routed(**kwds: Any) -> Iterator[tuple[Caller, Controller, Controller]]:
    """A client of a simulator, and the one behind it."""
    target = controller(TAGS)
    with serving(target) as address:
        near = behind(address, **kwds)
        with serving(near) as here, call(here) as caller:
            yield caller, near, target


def test_a_connection_through_one_simulator_to_another() -> None:
    with routed() as (caller, near, target):
        linked = Over(caller, THERE)
        assert (len(near.connections), len(target.connections)) == (1, 1)
        assert linked.ask(write("A", 0xC4, 2, b"\1\0\0\0\2\0\0\0")).status == 0
        assert target.tags["A"][0:2] == [1, 2]
        reply = linked.ask(read("A", 2000))
        assert (reply.status, len(reply.data)) == (6, 2 + 3992)
        assert linked.ask(read_on("A", 2000, 3992)).status == 6
        assert linked.ask(read("NEAR")).status == 5
        replies = replies_in(linked.ask(multiple([read("A"), read("NO")])).data)
        assert [one.status for one in replies] == [0, 5]
        # What is ours stays ours.
        here = Over(caller, SLOT, serial=2)
        assert here.ask(read("NEAR")).status == 0
        assert (len(near.connections), len(target.connections)) == (2, 1)
        assert caller.ask(forward_close()).status == 0
        assert (len(near.connections), len(target.connections)) == (1, 0)
        linked.send(read("A"))
        assert reply_in(over(caller.frame())[2]).extended == (0x0107,)


def test_a_repeated_request_is_sent_on_once() -> None:
    with routed() as (caller, _, target):
        linked = Over(caller, THERE)
        assert linked.ask(write("A", 0xC4, 1, b"\1\0\0\0"), 7).status == 0
        target.tags["A"][0] = 2
        assert linked.ask(write("A", 0xC4, 1, b"\1\0\0\0"), 7).status == 0
        assert target.tags["A"][0] == 2
        assert linked.ask(write("A", 0xC4, 1, b"\1\0\0\0"), 8).status == 0
        assert target.tags["A"][0] == 1


def test_several_connections_there_are_apart() -> None:
    with routed() as (caller, _, target):
        several = [
            Over(caller, THERE, serial=at, to_originator=at) for at in range(1, 6)
        ]
        assert len(target.connections) == 5
        for _ in range(3):
            for linked in several:
                linked.send(read("A", linked.told))
            for linked in several:
                told, _, octets = over(caller.frame())
                assert (told, len(octets)) == (linked.told, 6 + 4 * linked.told)
        assert caller.ask(forward_close(serial=3)).status == 0
        assert several[0].ask(read("A")).status == 0
        assert len(target.connections) == 4


def test_a_connection_there_ends_with_the_client() -> None:
    with routed() as (caller, near, target):
        Over(caller, THERE)
        caller.close()
        wait_for(lambda: not len(target.connections))
        wait_for(lambda: not len(near.connections))


def test_two_simulators_are_passed() -> None:
    last = controller(TAGS)
    with ExitStack() as stack:
        middle = behind(stack.enter_context(serving(last)))
        near = behind(stack.enter_context(serving(middle)))
        caller = stack.enter_context(call(stack.enter_context(serving(near))))
        linked = Over(caller, b"\x01\x05\x01\x07" + ROUTER)
        assert linked.ask(write("A", 0xC4, 1, b"\7\0\0\0")).status == 0
        assert last.tags["A"][0] == 7
        linked = Over(caller, b"\x01\x05\x01\x00" + ROUTER, serial=2)
        assert linked.ask(read("NEAR")).status == 0
        assert [len(one.connections) for one in (near, middle, last)] == [2, 2, 1]


def refused(reply: Reply) -> tuple[int, ...]:
    assert (reply.service, reply.status) == (0xDB, 1)
    assert reply.data[:8] == struct.pack("<HHI", 1, 0x1337, 42)
    return reply.extended


def test_what_is_refused_there_is_refused_here() -> None:
    with routed() as (caller, near, target):
        assert refused(caller.ask(forward_open(b"\1\5\x20\2\x24\7"))) == (0x0315,)
        assert len(near.connections) == 0
        target.route_path = (Port(1, 0),)
        assert refused(caller.ask(forward_open(b"\1\5\1\3" + ROUTER))) == (0x0312,)
        assert Over(caller, b"\1\5\1\0" + ROUTER).ask(read("A")).status == 0


def test_nobody_is_there() -> None:
    near = behind((LOOPBACK, vacant()))
    with serving(near) as address, call(address) as caller:
        assert refused(caller.ask(forward_open(THERE))) == (0x0312,)
        assert refused(caller.ask(forward_open(b"\1\x10" + ROUTER))) == (0x0312,)
        assert refused(caller.ask(forward_open(b"\3\1" + ROUTER))) == (0x0311,)
        assert len(near.connections) == 0
        assert Over(caller).ask(read("NEAR")).status == 0


def silent(one: Far, asked: Frame) -> bytes:
    return b""


@contextmanager
def before(answer: Answer) -> Iterator[Caller]:
    """A client of a simulator before a device that a test has in hand."""
    with ExitStack() as stack:
        one = stack.enter_context(far(answer))
        address = stack.enter_context(serving(behind(one.address)))
        yield stack.enter_context(call(address))


def test_who_says_nothing_is_waited_for_as_long_as_the_request_says() -> None:
    with before(silent) as caller:
        began = monotonic()
        asked = forward_open(THERE, ticks=b"\x06\x02")  # 2 times 64 ms
        assert refused(caller.ask(asked)) == (0x0204,)
        assert monotonic() - began < PATIENCE / 2
        assert Over(caller).ask(read("NEAR")).status == 0


class Device:
    """A far side that opens, and then answers as it is told."""

    def __init__(self) -> None:
        self.told = b""
        self.reply: bytes | None = None
        self.wrong = 0

    def __call__(self, one: Far, asked: Frame) -> bytes | None:
        if asked.command == 0x6F:
            self.told = cip_in(asked)[12:16]
            data = struct.pack("<I", 99) + self.told + bytes(18)
            return rr(b"\xdb\0\0\0" + data, asked.session, asked.context)
        connection, sequence, cip = over(asked)
        assert connection == 99
        if self.reply is None:
            return None
        (told,) = struct.unpack("<I", self.told)
        octets = unit(told, sequence + self.wrong & 0xFFFF, self.reply, asked.session)
        self.wrong = 0
        return octets if cip else b""


def test_a_far_side_that_goes_costs_its_connection_alone() -> None:
    device = Device()
    with before(device) as caller:
        linked, other = Over(caller, THERE), Over(caller, SLOT, serial=2)
        device.reply = b"\xcc\0\0\0\xc3\0\1\0"
        assert linked.ask(read("X")).data == b"\xc3\0\1\0"
        device.reply = None
        reply = linked.ask(read("X"))
        assert (reply.service, reply.status, reply.extended) == (0xCC, 1, (0x0204,))
        assert linked.ask(read("X")).extended == (0x0203,)
        assert other.ask(read("NEAR")).status == 0
        device.reply = b"\xcc\0\0\0\xc3\0\2\0"
        assert Over(caller, THERE).ask(read("X")).data == b"\xc3\0\2\0"


def test_an_answer_to_something_else_is_none() -> None:
    device = Device()
    device.reply = b"\xcc\0\0\0\xc3\0\1\0"
    with before(device) as caller:
        linked = Over(caller, THERE)
        device.wrong = 1
        assert linked.ask(read("X")).extended == (0x0204,)
        assert linked.ask(read("X")).extended == (0x0203,)


def test_a_reply_that_is_too_long_is_not_handed_on() -> None:
    device = Device()
    device.reply = b"\xcc\0\0\0\xc3\0" + bytes(500)
    with before(device) as caller:
        linked = Over(caller, THERE, size=100)
        assert linked.ask(read("X")).status == 0x11
        device.reply = b"\xcc\0\0\0\xc3\0\1\0"
        assert linked.ask(read("X")).status == 0


def test_a_far_side_that_hangs_ends_when_the_time_of_the_connection_does() -> None:
    with before(Device()) as caller:
        linked = Over(caller, THERE, multiplier=0, interval=50_000)
        began = monotonic()
        assert linked.ask(b"").extended == (0x0204,)
        assert monotonic() - began < PATIENCE / 2


def test_a_server_that_stops_waits_for_nobody() -> None:
    device = Device()
    device.reply = b"\xcc\0\0\0"
    limits = Limits(routed=0.0)
    with ExitStack() as stack:
        one = stack.enter_context(far(device))
        inner = stack.enter_context(ExitStack())
        near = behind(one.address, limits=limits)
        address = inner.enter_context(serving(near))
        caller = stack.enter_context(call(address))
        linked = Over(caller, THERE, multiplier=7, interval=60_000_000)
        assert linked.ask(read("X")).status == 0
        linked.send(b"")
        for _ in range(3):
            one.seen.get(timeout=PATIENCE)
        # It hangs there now.
        began = monotonic()
        inner.close()
        assert monotonic() - began < PATIENCE / 2


def test_names_and_elements_go_through_as_they_are() -> None:
    with routed() as (caller, _, target):
        linked = Over(caller, THERE, large=False, size=500)
        path = symbol("A") + b"\x29\x00\x00\x01"
        assert linked.ask(write(path, 0xC4, 1, b"\x44\0\0\0")).status == 0
        assert target.tags["A"][256] == 0x44
