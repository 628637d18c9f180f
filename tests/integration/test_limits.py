# SPDX-License-Identifier: Apache-2.0
"""What one client may take from the others: counts, times and sizes, over real sockets.

The server runs in the test's own process, with limits so small that they are met.
"""

from __future__ import annotations

import os
import select
import socket
import struct
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise

import pytest
from asking import frame, frames, multiple, read, register, rr, write
from mutate import (
    LAST,
    PATIENCE,
    UNREGISTER,
    Client,
    Server,
    huge,
    sends,
)

from cpppo.server.limits import Limits

SOON = 2.0
SHORT = 0.3  # a limit in seconds that a test waits for
INVALID_SESSION = 0x64


@contextmanager
def served(limits: Limits = Limits()) -> Iterator[Server]:  # noqa: B008 - frozen
    """A server, and nothing left of it at the end."""
    server = Server(limits)
    with server.listener:
        yield server
    assert server.listener.connections == ()


def dropped(one: socket.socket) -> float:
    """Wait until the server closes a connection; how long that took."""
    start = time.monotonic()
    try:
        assert one.recv(1) == b""
    except ConnectionResetError:
        pass
    return time.monotonic() - start


# -- counts


def test_one_connection_too_many_is_closed_and_the_others_stay() -> None:
    with served(Limits(connections=5)) as server, ExitStack() as stack:
        clients = [stack.enter_context(Client(server)) for _ in range(5)]
        with socket.create_connection(server.listener.address, PATIENCE) as one:
            assert dropped(one) < SOON
        for client in clients:
            assert client.cip(read("F"))[:2] == b"\xca\0"
        # One that goes makes room for another.
        first = server.listener.connections[0]
        clients[0].socket.close()
        first.thread.join(PATIENCE)
        with Client(server) as another:
            assert another.cip(read("F"))[:2] == b"\xca\0"


@pytest.mark.parametrize("most", [100, 1000, 20000])
def test_no_reply_is_longer_than_the_limit(most: int) -> None:
    """Whatever is asked for; the one who asks goes on being answered."""
    with served(Limits(reply=most)) as server, Client(server) as client:
        for name, message in huge().items():
            assert client.asked(rr(message, client.handle)) == 1, name
            assert client.asked(rr(sends(message), client.handle)) == 1, name
        assert client.cip(read("F"))[:2] == b"\xca\0"


# -- times


def test_a_client_that_never_reads_is_dropped_and_not_buffered_for() -> None:
    """It is not read from either, so that neither side fills with what it asks."""
    with served(Limits(unread=SHORT)) as server:
        client = Client(server)
        # Little room in the kernel, so that the test need not fill megabytes.
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        (connection,) = server.listener.connections
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        asked = rr(multiple([read("SCADA", 200)] * 100), client.handle) * 50
        tracemalloc.start()
        try:
            with pytest.raises(ConnectionError):
                for _ in range(1000):
                    client.socket.sendall(asked)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
            client.socket.close()
        assert not server.left()
        assert peak < 1 << 20
        with Client(server) as other:
            assert other.cip(read("F"))[:2] == b"\xca\0"


@pytest.mark.parametrize("octets", [1, 4, 23, 24, 27])
def test_a_frame_that_does_not_end_is_dropped(octets: int) -> None:
    with (
        served(Limits(unfinished=SHORT)) as server,
        Client(server) as quiet,
        socket.create_connection(server.listener.address, PATIENCE) as one,
    ):
        one.sendall(register()[:octets])
        assert SHORT / 2 < dropped(one) < SHORT + SOON
        # One that says nothing is within no frame.
        assert quiet.cip(read("F"))[:2] == b"\xca\0"


def test_a_client_that_says_nothing_loses_its_session() -> None:
    with served(Limits(idle=SHORT)) as server, Client(server) as client:
        assert SHORT / 2 < dropped(client.socket) < SHORT + SOON
        assert not server.left()
        assert not server.controller._handles


def test_clients_that_stop_within_a_frame_disturb_nobody() -> None:
    """Each is waited for by itself, and answered when it goes on."""
    with served() as server, ExitStack() as stack:
        stopped = [
            stack.enter_context(
                socket.create_connection(server.listener.address, PATIENCE)
            )
            for _ in range(50)
        ]
        for one in stopped:
            one.sendall(LAST[:4])
        slowest = 0.0
        with Client(server) as client:
            for _ in range(200):
                start = time.monotonic()
                assert client.cip(read("F"))[:2] == b"\xca\0"
                slowest = max(slowest, time.monotonic() - start)
        assert slowest < SOON
        for one in stopped:
            one.sendall(LAST[4:])
            (answer,) = frames(one.recv(65536))
            assert answer.context == LAST[12:20]


def test_idle_sessions_cost_nothing_and_end_at_once() -> None:
    with ExitStack() as stack:
        with served() as server:
            clients = [stack.enter_context(Client(server)) for _ in range(200)]
            sockets = [client.socket for client in clients]
            start = time.process_time()
            heard, _, _ = select.select(sockets, [], [], 1.0)
            cost = time.process_time() - start
            assert not heard
            # One thread of 200 that wakes 10 times a second would cost ten times that.
            assert cost < 0.02
            start = time.monotonic()
            assert server.listener.stop()
            assert time.monotonic() - start < SOON
        for client in clients:
            assert dropped(client.socket) < SOON


# -- sessions


def stranger_says(server: Server, octets: bytes) -> int:
    """The status that a connection without a session gets."""
    with socket.create_connection(server.listener.address, PATIENCE) as one:
        one.sendall(octets)
        (answer,) = frames(one.recv(65536))
        one.sendall(LAST)
        assert frames(one.recv(65536))[0].context == LAST[12:20]
        return answer.status


def test_a_session_belongs_to_its_connection() -> None:
    """Who knows the handle of another can neither use it nor close it."""
    with served() as server, Client(server) as owner, Client(server) as other:
        asked = rr(read("F"), owner.handle)
        close = frame(UNREGISTER, session=owner.handle)
        assert owner.handle != other.handle
        for octets in (asked, close):
            assert stranger_says(server, octets) == INVALID_SESSION
            (answer,) = frames(other.until(octets, 1))
            assert (answer.status, answer.payload) == (INVALID_SESSION, b"")
            assert other.cip(read("F")) == owner.cip(read("F"))


def test_handles_are_not_counted_up() -> None:
    """Nobody guesses the next one from those that he got."""
    with served() as server:
        handles = []
        for _ in range(20):
            with Client(server) as client:
                handles.append(client.handle)
    assert len({b - a for a, b in pairwise(handles)}) == 19
    assert max(handles) - min(handles) > 1 << 24


# -- datagrams


@contextmanager
def datagrams(host: str = "127.0.0.1") -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind((host, 0))
        one.settimeout(PATIENCE)
        yield one


def test_a_datagram_is_not_answered_by_much_more() -> None:
    """Nor by anything, if its like would be an answer to an answer."""
    with served() as server, datagrams() as one:
        address = server.listener.addresses["udp"]
        for command in (0x01, 0x04, 0x63, 0x64, 0x65, UNREGISTER, 0x6F, 0x70, 0x1234):
            one.sendto(frame(command, context=b"expected"), address)
            answer = one.recv(65536)
            assert answer[12:20] == b"expected"
            assert len(answer) <= 5 * 24, hex(command)
        big = rr(multiple([read("SCADA", 200)] * 100), 1)
        for octets in (big, register(), frame(0x77, bytes(1000))):
            one.sendto(octets, address)
            assert len(one.recv(65536)) == 24
        # No frames, no questions, and what is itself an answer with a status.
        for octets in (b"", LAST[:23], LAST + b"1", LAST * 2, frame(0), bytes(60000)):
            one.sendto(octets, address)
        one.sendto(frame(0x63, context=b"ignored!", status=1), address)
        one.sendto(LAST, address)
        assert one.recv(65536)[12:20] == LAST[12:20]


@pytest.mark.skipif(os.name != "posix", reason="needs all of 127.0.0.0/8")
def test_answers_to_one_source_of_datagrams_are_limited() -> None:
    """So that a forged source is not flooded; other sources do not notice."""
    most = 20
    with (
        served(Limits(datagrams=most)) as server,
        datagrams() as one,
        datagrams("127.0.0.2") as other,
    ):
        address = server.listener.addresses["udp"]
        start = time.monotonic()
        for _ in range(100):
            one.sendto(LAST, address)
        other.sendto(LAST, address)
        assert other.recv(65536)[12:20] == LAST[12:20]
        seconds = time.monotonic() - start
        # They are answered in their order, so all that will ever come is there.
        one.setblocking(False)
        count = 0
        with pytest.raises(BlockingIOError):
            while one.recv(65536):
                count += 1
        assert most <= count <= most * (1 + seconds) + 1


def test_a_write_from_elsewhere_needs_a_session() -> None:
    """Nothing that goes over UDP, or before a registration, changes a tag."""
    octets = rr(write("F", 0xCA, 1, struct.pack("<f", 1.0)), 0)
    with served() as server, datagrams() as one:
        assert stranger_says(server, octets) == INVALID_SESSION
        one.sendto(octets, server.listener.addresses["udp"])
        assert len(one.recv(65536)) == 24
        assert server.controller.tags["F"].value == 0.0
