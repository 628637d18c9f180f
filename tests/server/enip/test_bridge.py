# SPDX-License-Identifier: Apache-2.0
"""Connections that go on to another device, and all that this can do wrong.

A device is a thread that does what a test says, octet by octet; its client talks with
a session without a socket.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread, Timer
from typing import Any

import pytest
from asking import (
    Client,
    Frame,
    Reply,
    controller,
    frame,
    frames,
    read,
    reply_in,
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
from cpppo.server.enip import Controller
from cpppo.server.enip.linking.routes import Routes
from cpppo.server.enip.session import Session
from cpppo.server.limits import Limits
from cpppo.server.peer import Peer

THERE = b"\x01\x05" + ROUTER
NUMBER = 0x51525354  # the identifier that the device gives
RUBBISH = b"\xff\xff\4\0" + b"\xff" * 24


class Far:
    """The far end of a bridge's TCP connection."""

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected
        self.held = b""

    def frame(self) -> Frame:
        """The next frame that comes."""
        while len(self.held) < 24 or len(self.held) < self.size:
            octets = self.socket.recv(65536)
            if not octets:
                raise EOFError("no frame came")
            self.held += octets
        size = self.size
        (one,) = frames(self.held[:size])
        self.held = self.held[size:]
        return one

    @property
    def size(self) -> int:
        return 24 + int(struct.unpack_from("<H", self.held, 2)[0])

    def gone(self) -> bool:
        """Waits for the end of the stream."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def send(self, asked: Frame, payload: bytes, status: int = 0) -> None:
        self.socket.sendall(
            frame(asked.command, payload, 0x77, asked.context, status=status)
        )

    def opened(
        self,
        status: bytes = b"\0\0",
        granted: tuple[int, int] | None = None,
        application: bytes = b"",
        meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        """Take a session and a Forward Open; granted is what is asked, unless told."""
        self.send(self.frame(), b"\1\0\0\0")
        asked = self.frame()
        meanwhile()
        cip = asked.payload[16:]
        theirs, serial, vendor, originator = struct.unpack_from("<IHHI", cip, 12)
        self.theirs = theirs
        if granted is None:
            large = cip[0] == 0x5B
            granted = struct.unpack_from("<I4xI" if large else "<I2xI", cip, 28)
        reply = bytes((cip[0] | 0x80, 0)) + status
        if not status[0]:
            reply += struct.pack("<IIHHI", NUMBER, theirs, serial, vendor, originator)
            reply += struct.pack("<IIBx", *granted, len(application) // 2) + application
        self.send(asked, struct.pack("<IHHIHH", 0, 0, 2, 0, 0xB2, len(reply)) + reply)

    def asked(self) -> tuple[Frame, int, bytes]:
        """A request over the connection: its frame, its count, its octets."""
        one = self.frame()
        kind, four, number, data, size, sequence = struct.unpack_from(
            "<HHIHHH", one.payload, 8
        )
        assert (one.command, kind, four, number, data) == (0x70, 0xA1, 4, NUMBER, 0xB1)
        assert size == len(one.payload) - 20
        return one, sequence, one.payload[22:]

    def answer(
        self,
        asked: tuple[Frame, int, bytes],
        cip: bytes = b"\xcc\0\0\0\xc4\0\7\0\0\0",
        number: int | None = None,
        behind: int = 0,
        kinds: tuple[int, int] = (0xA1, 0xB1),
    ) -> None:
        """Answer it; perhaps as another connection's, or an earlier request's."""
        one, sequence, _ = asked
        number = self.theirs if number is None else number
        items = struct.pack("<IHHHHI", 0, 0, 2, kinds[0], 4, number)
        items += struct.pack("<HHH", kinds[1], 2 + len(cip), sequence - behind) + cip
        self.send(one, items)


@contextmanager
def far(
    *conversations: Callable[[Far], None], clock: Clock | None = None, **kwds: Any
) -> Iterator[tuple[Client, Controller]]:
    """A client of a controller with a device behind it, which says all of this."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(10)
    problems: list[BaseException] = []
    held: list[int] = []

    def run() -> None:
        try:
            for conversation in conversations:
                connected, _ = listener.accept()
                with connected:
                    connected.settimeout(10)
                    conversation(Far(connected))
                held.append(1)
        except BaseException as exc:
            problems.append(exc)

    thread = Thread(target=run)
    thread.start()
    port = listener.getsockname()[1]
    routes = Routes.parse({"1/1-15": f"127.0.0.1:{port}"})
    kwds = {"routes": routes, "route_path": (Port(1, 0),), **kwds}
    near = controller("NEAR=INT[10]", **kwds)
    near.clock = clock or near.clock
    one = Client(near)
    try:
        yield one, near
    finally:
        one.session.close()
        thread.join(10)
        listener.close()
    assert problems == []
    assert len(held) == len(conversations)
    assert len(near.connections) == 0


def sweeping(near: Controller) -> None:
    """Another client opens a connection, and those that are late are forgotten."""
    other = Client(near)
    assert other.ask(forward_open(SLOT, serial=99)).status == 0
    other.session.close()


def link(one: Client, **kwds: Any) -> Linked:
    return Linked(one, path=THERE, **kwds)


def failed(reply: Reply, extended: int) -> bool:
    return (reply.status, reply.extended, reply.data) == (1, (extended,), b"")


def test_identifiers_and_counts_are_translated() -> None:
    def device(it: Far) -> None:
        it.opened()
        for count in (1, 2):
            asked = it.asked()
            assert asked[1:] == (count, read("A"))
            it.answer(asked)
        assert it.gone()

    with far(device) as (one, _):
        linked = link(one)
        assert linked.ask(read("A"), 900).data == b"\xc4\0\7\0\0\0"
        assert linked.ask(read("A"), 4).data == b"\xc4\0\7\0\0\0"


def test_a_device_may_repeat_what_the_request_had() -> None:
    def device(it: Far) -> None:
        it.opened()
        it.answer(it.asked(), number=NUMBER)
        assert it.gone()

    with far(device) as (one, _):
        assert link(one).ask(read("A")).status == 0


def test_what_a_device_refuses_is_refused() -> None:
    def device(it: Far) -> None:
        it.opened(b"\1\2\x09\x01\x00\x02")
        assert it.gone()

    with far(device) as (one, near):
        reply = one.ask(forward_open(THERE))
        assert (reply.service, reply.status, reply.extended) == (0xDB, 1, (0x109, 512))
        assert len(near.connections) == 0


def rubbish(it: Far, asked: tuple[Frame, int, bytes]) -> None:
    it.socket.sendall(RUBBISH)


def cut(it: Far, asked: tuple[Frame, int, bytes]) -> None:
    it.send(asked[0], bytes(6))


def refused(it: Far, asked: tuple[Frame, int, bytes]) -> None:
    it.send(asked[0], b"", status=0x64)


def other(it: Far, asked: tuple[Frame, int, bytes]) -> None:
    it.answer(asked, number=0x11)


def late(it: Far, asked: tuple[Frame, int, bytes]) -> None:
    it.answer(asked, behind=1)


def unconnected_items(it: Far, asked: tuple[Frame, int, bytes]) -> None:
    it.send(asked[0], struct.pack("<IHHIHHI", 0, 0, 2, 0, 0xB2, 4, 0xCC))


def another_address(it: Far, asked: tuple[Frame, int, bytes]) -> None:
    it.answer(asked, kinds=(0xA2, 0xB1))


def another_data(it: Far, asked: tuple[Frame, int, bytes]) -> None:
    it.answer(asked, kinds=(0xA1, 0xB2))


def closed(it: Far, asked: tuple[Frame, int, bytes]) -> None:
    it.socket.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize(
    "wrong",
    [
        rubbish,
        cut,
        refused,
        other,
        late,
        unconnected_items,
        another_address,
        another_data,
        closed,
    ],
)
def test_what_is_no_answer_ends_the_connection(
    wrong: Callable[[Far, tuple[Frame, int, bytes]], None],
) -> None:
    ended = Event()

    def device(it: Far) -> None:
        it.opened()
        wrong(it, it.asked())
        assert it.gone()
        ended.set()

    with far(device) as (one, near):
        linked = link(one)
        asked = write("A", 0xC4, 1, bytes(4))
        assert failed(linked.ask(asked, 1), 0x0204)
        # At once, not when the client goes; and the device is asked nothing more.
        assert ended.wait(5)
        assert len(near.connections) == 0
        assert failed(linked.ask(asked, 1), 0x0203)
        assert failed(linked.ask(read("A"), 2), 0x0203)
        assert one.ask(forward_close(THERE)).extended == (0x0107,)


def test_an_answer_that_comes_late_is_nobodys() -> None:
    def slow(it: Far) -> None:
        it.opened()
        asked = it.asked()
        assert it.gone()  # the time was over
        try:
            it.answer(asked)
        except OSError:
            pass

    def again(it: Far) -> None:
        it.opened()
        it.answer(it.asked(), b"\xcc\0\0\0\xc4\0\1\0\0\0")
        assert it.gone()

    # The controller's clock stands still; the request has 4 intervals.
    with far(slow, again, clock=Clock()) as (one, _):
        linked = link(one, interval=100_000, multiplier=0)
        assert failed(linked.ask(read("A"), 1), 0x0204)
        assert link(one).ask(read("A"), 2).data == b"\xc4\0\1\0\0\0"


@pytest.mark.parametrize("routed", [0.0, 30.0])
def test_a_connection_of_the_longest_time_is_asked(routed: float) -> None:
    def device(it: Far) -> None:
        it.opened()
        it.answer(it.asked())
        assert it.gone()

    with far(device, limits=Limits(routed=routed)) as (one, _):
        linked = link(one, interval=0xFFFFFFFF, multiplier=7)
        assert linked.ask(read("A")).status == 0


def test_a_connection_of_the_shortest_time_is_over_at_once() -> None:
    def device(it: Far) -> None:
        it.opened()
        assert it.gone()

    clock = Clock()
    with far(device, clock=clock) as (one, near):
        linked = link(one, interval=1, multiplier=0)
        clock.now += 5e-6
        assert failed(linked.ask(read("A")), 0x0203)
        assert one.ask(forward_open(SLOT, serial=2)).status == 0
        assert len(near.connections) == 1


def test_a_connection_is_not_late_while_the_device_is_asked_for_it() -> None:
    clock = Clock()

    def meanwhile() -> None:
        clock.now += 1000
        sweeping(near)

    def device(it: Far) -> None:
        it.opened(meanwhile=meanwhile)
        it.answer(it.asked())
        assert it.gone()

    with far(device, clock=clock) as (one, near):
        linked = link(one, interval=1_000_000, multiplier=0)
        assert len(near.connections) == 1
        clock.now += 3.9  # of 4, from then on
        assert linked.ask(read("A")).status == 0
        clock.now += 4.1
        assert failed(linked.ask(read("A")), 0x0203)


def test_a_connection_that_nobody_used_is_late() -> None:
    clock = Clock()

    def device(it: Far) -> None:
        it.opened()
        assert it.gone()

    with far(device, clock=clock) as (one, near):
        linked = link(one, interval=1_000_000, multiplier=0)
        clock.now += 4.1
        sweeping(near)
        assert len(near.connections) == 0
        assert failed(linked.ask(read("A")), 0x0203)


def test_a_connection_is_not_late_while_the_device_is_asked_over_it() -> None:
    clock = Clock()

    def device(it: Far) -> None:
        it.opened()
        for _ in range(2):
            asked = it.asked()
            clock.now += 1000
            sweeping(near)
            it.answer(asked)
        assert it.gone()

    with far(device, clock=clock) as (one, near):
        linked = link(one)
        for _ in range(2):
            assert linked.ask(read("A")).status == 0
            assert len(near.connections) == 1


def test_what_the_device_grants_is_granted() -> None:
    clock = Clock()

    def device(it: Far) -> None:
        it.opened(granted=(5_000_000, 3_000_000), application=b"abcd")
        it.answer(it.asked())
        assert it.gone()

    with far(device, clock=clock) as (one, _):
        asked = forward_open(THERE, interval=1_000_000, multiplier=0)
        reply = one.ask(asked)
        assert reply.status == 0
        ours, *others = struct.unpack("<IIHHIIIBB4s", reply.data)
        assert ours != NUMBER
        assert others == [0x1234, 1, 0x1337, 42, 5_000_000, 3_000_000, 2, 0, b"abcd"]
        # It lasts as long as that says, and not as long as was asked.
        for late, status in ((19.9, 0), (20.1, 1)):
            clock.now += late
            (answer,) = one.send(unit(ours, int(late), read("A"), one.handle))
            assert reply_in(over(answer)[2]).status == status


def test_an_interval_of_nought_grants_what_was_asked() -> None:
    def device(it: Far) -> None:
        it.opened(granted=(0, 0))
        it.answer(it.asked())
        assert it.gone()

    with far(device) as (one, _):
        reply = one.ask(forward_open(THERE))
        assert struct.unpack_from("<II", reply.data, 16) == (2_000_000, 2_000_000)
        number = opened(reply)
        (answer,) = one.send(unit(number, 1, read("A"), one.handle))
        assert reply_in(over(answer)[2]).status == 0


def test_a_request_waits_no_longer_than_the_device_grants() -> None:
    def device(it: Far) -> None:
        it.opened(granted=(100_000, 100_000))
        it.asked()
        assert it.gone()  # long before what was asked for

    with far(device, clock=Clock()) as (one, _):
        linked = link(one, interval=15_000_000, multiplier=0)
        assert failed(linked.ask(read("A")), 0x0204)


def test_what_a_device_says_has_to_fit_or_nothing_is_opened() -> None:
    def device(it: Far) -> None:
        it.opened(application=b"abcd")
        assert it.gone()

    def fitting(it: Far) -> None:
        it.opened()
        assert it.gone()

    with far(device, fitting) as (one, near):
        small = Linked(one, path=SLOT, serial=2, size=100, back=32)
        assert small.ask(forward_open(THERE)).status == 0x11
        assert len(near.connections) == 1
        assert small.ask(forward_open(THERE)).status == 0


def test_a_device_that_begins_anew_is_told_as_the_end_of_the_connection() -> None:
    restarted = Event()

    def first(it: Far) -> None:
        it.opened()
        it.answer(it.asked())
        it.socket.shutdown(socket.SHUT_RDWR)
        restarted.set()

    def second(it: Far) -> None:
        it.opened()
        it.answer(it.asked())
        assert it.gone()

    with far(first, second) as (one, near):
        linked = link(one)
        assert linked.ask(read("A")).status == 0
        assert restarted.wait(5)
        # Nothing was sent, so who asked may ask it again: a status that says so.
        assert failed(linked.ask(write("A", 0xC4, 1, bytes(4))), 0x0203)
        assert len(near.connections) == 0
        assert link(one).ask(read("A")).status == 0


@pytest.mark.parametrize("extended", [0x0107, 0x0203])
def test_a_device_that_forgot_the_connection_ends_it(extended: int) -> None:
    def forgetful(it: Far) -> None:
        it.opened()
        it.answer(it.asked(), b"\xcc\0\1\1" + struct.pack("<H", extended))
        assert it.gone()

    def second(it: Far) -> None:
        it.opened()
        assert it.gone()

    with far(forgetful, second) as (one, near):
        assert failed(link(one).ask(read("A")), 0x0203)
        assert len(near.connections) == 0
        link(one)  # by the same serial numbers


def test_another_connection_that_is_not_there_ends_nothing() -> None:
    def device(it: Far) -> None:
        it.opened()
        it.answer(it.asked(), b"\xce\0\1\1\x07\x01" + bytes(10))
        it.answer(it.asked())
        assert it.gone()

    with far(device) as (one, _):
        linked = link(one)
        assert linked.ask(forward_close(serial=9)).extended == (0x0107,)
        assert linked.ask(read("A")).status == 0


def test_a_close_that_fails_there_closes_here() -> None:
    def device(it: Far) -> None:
        it.opened()
        it.frame()
        it.socket.sendall(RUBBISH)
        assert it.gone()

    with far(device) as (one, near):
        link(one)
        assert one.ask(forward_close(THERE)).status == 0
        assert len(near.connections) == 0


@pytest.mark.parametrize("asked", ["request", "close", "open"])
def test_who_waits_for_a_device_is_stopped_at_once(asked: str) -> None:
    waiting = Event()

    def device(it: Far) -> None:
        if asked == "open":
            it.send(it.frame(), b"\1\0\0\0")
        else:
            it.opened()
        it.frame()
        waiting.set()
        assert it.gone()

    with far(device) as (one, _):
        linked = None if asked == "open" else link(one)

        def stop() -> None:
            waiting.wait(5)
            one.session.abort()

        thread = Thread(target=stop)
        thread.start()
        alarm = Timer(8, one.session.abort)  # so that a failure ends too
        alarm.start()
        # 32 s, and 30 that the server gives.
        ticks = b"\x0f\x01"
        if linked is None:
            assert one.ask(forward_open(THERE, ticks=ticks)).status == 1
        elif asked == "close":
            assert one.ask(forward_close(THERE, ticks=ticks)).status == 0
        else:
            assert linked.ask(read("A")).status == 1
        thread.join(5)
        assert alarm.is_alive()
        alarm.cancel()
        alarm.join()


class Stopping(Controller):
    """One whose sessions are stopped before their clients have said anything."""

    def session(self, peer: Peer) -> Session:
        one = super().session(peer)
        one.abort()
        return one


@pytest.mark.parametrize("kind", [Controller, Stopping])
def test_who_was_stopped_asks_no_device_any_more(kind: type[Controller]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        routes = Routes.parse({"1/1-15": f"127.0.0.1:{listener.getsockname()[1]}"})
        one = Client(kind(routes=routes, route_path=(Port(1, 0),)))
        if kind is Controller:
            one.session.abort()
        # A time of 32 ms: nobody answers.
        assert one.ask(forward_open(THERE, ticks=b"\x05\x01")).status == 1
        with pytest.raises(BlockingIOError):
            listener.accept()
        one.session.close()


def test_what_is_ours_goes_on_beside_a_bridge_that_failed() -> None:
    def device(it: Far) -> None:
        it.opened()
        it.asked()

    with far(device) as (one, _):
        linked, here = link(one), Linked(one, path=SLOT, serial=2)
        octets = linked.octets(read("A")) + here.octets(read("NEAR"))
        replies = [reply_in(it.payload[22:]) for it in one.send(octets)]
        assert [it.status for it in replies] == [1, 0]
