# SPDX-License-Identifier: Apache-2.0
"""Many controllers in one process, each at an address of its own, sharing nothing."""

from __future__ import annotations

import gc
import socket
import sys
import threading
import weakref
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from asking import Reply, controller, frame, number, read, request, write
from peers import (
    LOOPBACK,
    PATIENCE,
    Address,
    Caller,
    Simulator,
    call,
    datagram,
    serving,
    vacant,
)

from cpppo.protocol.enip import ReplyFrame
from cpppo.server.enip import Controller, IdentityValues, Profile

MANY = 10
HOSTS = [f"127.0.{7 + at // 5}.{1 + at}" for at in range(MANY)]

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="needs all of 127.0.0.0/8"
)


def device(at: int) -> Controller:
    """One of many: its name and its serial number tell which."""
    values = IdentityValues(name=f"Device {at}", serial=1000 + at, vendor=at + 1)
    return controller(f"SHARED=INT[10] OWN_{at}=DINT", profile=Profile(values))


@contextmanager
def many() -> Iterator[list[tuple[Controller, Address]]]:
    """Ten devices at one port of ten addresses."""
    port = vacant(HOSTS)
    with ExitStack() as stack:
        devices = [device(at) for at in range(MANY)]
        yield [
            (one, stack.enter_context(serving(one, host, port)))
            for one, host in zip(devices, HOSTS, strict=True)
        ]


@pytest.fixture
def callers() -> Iterator[list[Caller]]:
    """A session with each of many."""
    with many() as running, ExitStack() as stack:
        yield [stack.enter_context(call(address)) for _, address in running]


def named(octets: bytes) -> Any:
    """The identity in an answer to List Identity."""
    answer: Any = ReplyFrame.decode(octets).payload
    return answer.packet.entries[0].item


def test_each_has_its_own_tags(callers: list[Caller]) -> None:
    for at, caller in enumerate(callers):
        assert caller.ask(write("SHARED", 0xC3, 1, bytes((at, 1)))).status == 0
        assert caller.ask(read(f"OWN_{at}")).status == 0
        assert caller.ask(read(f"OWN_{(at + 1) % MANY}")).status == 5
    for at, caller in enumerate(callers):
        assert caller.ask(read("SHARED")).data == bytes((0xC3, 0, at, 1))


def test_each_has_its_own_sessions(callers: list[Caller]) -> None:
    first, second = callers[:2]
    handles = {caller.handle for caller in callers}
    assert len(handles) == MANY
    first.handle, second.handle = second.handle, first.handle
    for caller in (first, second):
        caller.send(read("SHARED"))
        refused = caller.frame()
        assert (refused.status, refused.payload) == (0x64, b"")
    first.handle, second.handle = second.handle, first.handle
    for caller in (first, second):
        assert caller.ask(read("SHARED")).status == 0


def test_each_has_its_own_identity(callers: list[Caller]) -> None:
    name = request(0x0E, number(1, 1, 7))
    for at, caller in enumerate(callers):
        assert caller.ask(name).data == f"\x08Device {at}".encode()
        caller.socket.sendall(frame(0x63))
        octets = caller.frame()
        one = named(frame(0x63, octets.payload))
        assert (one.name, one.serial, one.vendor) == (f"Device {at}", 1000 + at, at + 1)
        host, port = caller.socket.getpeername()
        assert one.port == port
        assert one.address == int.from_bytes(map(int, host.split(".")))


def test_each_answers_datagrams_with_its_own_identity() -> None:
    with many() as running:
        for at, (_, address) in enumerate(running):
            ((octets, whose),) = datagram(frame(0x63), address)
            assert whose == address
            assert named(octets).name == f"Device {at}"


def test_all_are_busy_at_once() -> None:
    wrong: list[Reply] = []

    def ask(at: int, address: Address) -> None:
        with call(address) as caller:
            for value in range(100):
                octets = bytes((value, at))
                caller.send(write("SHARED", 0xC3, 1, octets), read("SHARED"))
                for data in (b"", b"\xc3\0" + octets):
                    reply = caller.reply()
                    if (reply.status, reply.data) != (0, data):
                        wrong.append(reply)

    with many() as running:
        threads = [
            threading.Thread(target=ask, args=(at, address))
            for at, (_, address) in enumerate(running)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
    assert wrong == []


def test_one_ends_without_the_others() -> None:
    port = vacant(HOSTS)
    with ExitStack() as stack:
        others = [
            stack.enter_context(
                call(stack.enter_context(serving(device(at), host, port)))
            )
            for at, host in enumerate(HOSTS[1:])
        ]
        for _ in range(2):
            with serving(device(9), HOSTS[0], port) as address, call(address) as caller:
                # It comes again as new as it was.
                assert caller.ask(read("SHARED")).data == b"\xc3\0\0\0"
                assert caller.ask(write("SHARED", 0xC3, 1, b"\7\7")).status == 0
            assert caller.socket.fileno() == -1
            for other in others:
                assert other.ask(read("SHARED")).status == 0


def test_nothing_is_left_of_them() -> None:
    known: list[weakref.ref[Controller]] = []
    with many() as running:
        for one, address in running:
            known.append(weakref.ref(one))
            with call(address) as caller:
                assert caller.ask(read("SHARED")).status == 0
    del running, one
    gc.collect()
    assert [left() for left in known] == [None] * MANY


def test_mains_of_one_process_share_nothing_either() -> None:
    port = vacant(HOSTS)
    with ExitStack() as stack:
        simulators = [
            stack.enter_context(
                Simulator(
                    "-a", f"{host}:{port}", "--no-config", f"OWN_{at}=INT", "A=INT"
                )
            )
            for at, host in enumerate(HOSTS)
        ]
        for at, one in enumerate(simulators):
            with call(one.address) as caller:
                assert caller.ask(write("A", 0xC3, 1, bytes((at, 0)))).status == 0
                assert caller.ask(read(f"OWN_{at}")).status == 0
                assert caller.ask(read(f"OWN_{(at + 1) % MANY}")).status == 5
        for at, one in enumerate(simulators):
            with call(one.address) as caller:
                assert caller.ask(read("A")).data == bytes((0xC3, 0, at, 0))
        assert [one.stop() for one in simulators] == [0] * MANY


# -- everywhere


def test_a_broadcast_is_answered_by_who_listens_everywhere() -> None:
    port = vacant(["0.0.0.0"])
    with serving(device(3), "", port):
        whole = datagram(frame(0x63, context=b"whoisit?"), ("127.255.255.255", port))
        direct = datagram(frame(0x63), (LOOPBACK, port))
    ((octets, (host, whose)),) = whole
    assert (host, whose) == (LOOPBACK, port)
    one = named(octets)
    assert (one.name, one.port) == ("Device 3", port)
    # The address that it tells is one at which it can be asked.
    assert one.address == named(direct[0][0]).address == 0x7F000001
    assert ReplyFrame.decode(octets).context == b"whoisit?"


def test_a_broadcast_is_not_for_who_listens_at_one_address() -> None:
    with many() as running, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        port = running[0][1][1]
        one.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        one.settimeout(PATIENCE)
        one.sendto(frame(0x63), ("127.255.255.255", port))
        # Whatever had answered that would have answered it before these.
        for host in HOSTS:
            one.sendto(frame(0x04), (host, port))
        answers = [ReplyFrame.decode(one.recv(65536)) for _ in HOSTS]
    assert {answer.command for answer in answers} == {0x04}
