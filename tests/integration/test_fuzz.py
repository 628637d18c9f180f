# SPDX-License-Identifier: Apache-2.0
"""Hostile clients beside a healthy one: thousands of frames over real sockets.

The server runs in the test's own process.  Whatever is sent to it, each request has one
well-formed answer; a healthy client, which reads and writes a tag all the time, gets
what it wants and soon; and at the end nothing is left of it all.  Every test prints its
seed, and CPPPO_FUZZ_SEED plays it again.
"""

from __future__ import annotations

import gc
import logging
import os
import socket
import struct
import threading
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from random import Random

import pytest
from asking import frames as taken_apart
from asking import multiple, read, register, rr
from asking import number as address
from asking import write as written
from mutate import (
    LAST,
    PATIENCE,
    TAGS,
    UNREGISTER,
    Client,
    Maker,
    Server,
    cut,
    huge,
    judged,
    pieces,
    seeded,
    sends,
)

from cpppo.server.limits import Limits
from cpppo.server.quiet import Quiet

SOON = 2.0  # for the healthy client, uncompiled and with all CPUs busy
LYING = (0.0, 0.02, 0.05, 0.1, 0.3)  # how often a number is not what it should be
LISTS = (0x01, 0x04, 0x63, 0x64)  # what is answered over UDP
OWN = " HEALTHY_CLIENT@4660/22136/39612=DINT[50] UNTOUCHED@4661/22136/39612=LINT[30]"
UNTOUCHED = [n * 0x0102030405 for n in range(30)]
PER_SECOND = 6  # warnings that one source of them may write, and their count


class Overheard(Quiet):
    """Knows all warnings, those too that are not logged."""

    def __init__(self, logger: logging.Logger) -> None:
        super().__init__(logger)
        self.texts: set[str] = set()

    def warning(self, text: str, *args: object) -> None:
        self.texts.add(text % args if "failed" in text else text)
        super().warning(text, *args)


class Records(logging.Handler):
    """Counts what is logged."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


class Healthy:
    """Reads and writes a tag of its own until it is told to stop."""

    def __init__(self, server: Server) -> None:
        self.client = Client(server)
        self.done = threading.Event()
        self.begun = threading.Event()
        self.slowest = 0.0
        self.rounds = 0
        self.failure: BaseException | None = None
        self.thread = threading.Thread(target=self.run, name="a healthy client")

    def run(self) -> None:
        try:
            while not self.done.is_set() or not self.rounds:
                self.round()
                self.rounds += 1
                self.begun.set()
                self.done.wait(0.002)  # not a load test
        except BaseException as exc:
            self.failure = exc
        finally:
            self.begun.set()
            self.client.socket.close()

    def round(self) -> None:
        """Write some values and read them back, in three ways."""
        count = 1 + self.rounds % 50
        values = struct.pack(f"<{count}i", *range(self.rounds, self.rounds + count))
        self.timed(written("HEALTHY_CLIENT", 0xC4, count, values))
        assert self.timed(read("HEALTHY_CLIENT", count)) == b"\xc4\0" + values
        one = sends(read("healthy_client", count))
        assert self.timed(one) == b"\xc4\0" + values
        several = self.timed(multiple([read("HEALTHY_CLIENT", 1)] * 2))
        assert several.endswith((b"\xcc\0\0\0\xc4\0" + values[:4]) * 2)

    def timed(self, octets: bytes) -> bytes:
        start = time.monotonic()
        data = self.client.cip(octets)
        self.slowest = max(self.slowest, time.monotonic() - start)
        return data


def descriptors() -> int:
    """How many files and sockets this process has open."""
    try:
        return len(os.listdir("/proc/self/fd"))
    except FileNotFoundError:
        return 0


@contextmanager
def beside_a_healthy_client() -> Iterator[Server]:
    """A server for hostile clients; at the end, all must be as it was."""
    before = descriptors(), threading.active_count()
    server = Server(Limits(datagrams=1_000_000), TAGS + OWN)
    server.controller.tags["UNTOUCHED"].value = UNTOUCHED
    log = logging.getLogger("cpppo.overheard")
    quiets = [Overheard(log), Overheard(log)]
    server.controller.quiet, server.listener.quiet = quiets
    records, start = Records(), time.monotonic()
    log = logging.getLogger("cpppo")
    log.addHandler(records)
    try:
        with server.listener:
            healthy = Healthy(server)
            healthy.thread.start()
            assert healthy.begun.wait(PATIENCE)
            try:
                yield server
            finally:
                healthy.done.set()
                healthy.thread.join(PATIENCE)
            if healthy.failure is not None:
                raise healthy.failure
            print(f"slowest answer {healthy.slowest:.3f} s of {4 * healthy.rounds}")
            assert healthy.slowest < SOON
            assert not server.left()
            settled(server)
    finally:
        log.removeHandler(records)
    quiet(quiets, records, time.monotonic() - start)
    assert (descriptors(), threading.active_count()) == before


def settled(server: Server) -> None:
    """A server that serves on, holds no session and has the values that it had."""
    with Client(server) as fresh:
        assert fresh.cip(read("UNTOUCHED", 30))[2:] == struct.pack("<30q", *UNTOUCHED)
        name = server.controller.identity.values.name
        assert fresh.cip(b"\x0e\x03" + address(1, 1, 7))[1:] == name.encode()
    assert not server.left()
    assert not server.controller._handles
    assert server.controller.tags["UNTOUCHED"].value == UNTOUCHED


def quiet(quiets: list[Overheard], records: Records, seconds: float) -> None:
    """Little was logged, and no fault of the server's own."""
    most = len(quiets) * PER_SECOND * (seconds + 2)
    assert len(records.lines) <= most, (len(records.lines), seconds)
    for one in quiets:
        assert not [text for text in one.texts if "failed" in text]


# -- connections


def streamed(server: Server, random: Random, count: int) -> int:
    """Some frames over a connection of their own; how many were answered."""
    with Client(server) as client:
        octets = Maker(random, random.choice(LYING)).stream(client.handle, count)
        try:
            for one in pieces(octets, random):
                client.socket.sendall(one)
            replies = client.finished()
        except OSError:
            # What comes after an UnRegister is not read, and resets the connection.
            ends = [one for one in cut(octets)[0] if one.command == UNREGISTER]
            assert client.handle in [one.session for one in ends]
            return 0
        return judged(octets, replies, client.most, client.handle)


def test_fresh_connections_that_lie() -> None:
    """Each request that can be framed is answered, and the end of a stream ends all."""
    random = seeded()
    with beside_a_healthy_client() as server:
        answered = sum(streamed(server, random, 20) for _ in range(100))
    assert answered > 700


def test_kept_connections_that_lie() -> None:
    """What is wrong inside a frame costs nothing but its answer."""
    random = seeded()
    with beside_a_healthy_client() as server, ExitStack() as stack:
        clients = [stack.enter_context(Client(server)) for _ in range(4)]
        maker = Maker(random)
        answered = 0
        for _ in range(160):
            maker.lying = random.choice(LYING)
            client = random.choice(clients)
            several = range(random.choice((1, 5, 25)))
            sent = b"".join(maker.frame(client.handle, honest=True) for _ in several)
            answered += client.asked(sent, random)
        for client in clients:
            assert client.cip(read("F"))[:2] == b"\xca\0"
    assert answered > 1000


@pytest.mark.parametrize("direct", [True, False], ids=["direct", "sent"])
def test_requests_for_as_much_as_one_frame_can_ask(direct: bool) -> None:
    """They are answered within the limits of a reply, and nobody waits for them."""
    with beside_a_healthy_client() as server, Client(server) as client:
        for name, message in huge().items():
            message = message if direct else sends(message)
            assert client.asked(rr(message, client.handle)) == 1, name


def trickled(server: Server, random: Random) -> None:
    """Some requests, an octet at a time, on a connection that says nothing else."""
    with Client(server) as client:
        octets = b"".join(
            Maker(random).frame(client.handle, honest=True) for _ in range(2)
        )[:800]
        for at in range(len(octets)):
            client.socket.sendall(octets[at : at + 1])
        judged(octets, client.finished(), client.most, client.handle)


def broken(server: Server, random: Random) -> None:
    """Clients that go away: within a frame, without a word, with replies unread."""
    client = Client(server)
    octets = Maker(random, 0.05).stream(client.handle, 10)
    client.socket.sendall(octets[: random.randrange(len(octets))])
    linger = struct.pack("@HH" if os.name == "nt" else "@ii", 1, 0)
    if random.random() < 0.7:
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    client.socket.close()


def half_open(server: Server, random: Random) -> None:
    """A connection that stays within a frame while others are served."""
    start = register()[: random.choice((0, 1, 4, 23, 24, 27))]
    with socket.create_connection(server.listener.address, PATIENCE) as one:
        one.sendall(start)
        streamed(server, random, 5)


def test_many_hostile_clients_at_once() -> None:
    """Threads of them: lying, trickling, going away, staying half open."""
    random = seeded()
    failures: list[BaseException] = []

    def hostile(server: Server, own: Random) -> None:
        try:
            for _ in range(12):
                streamed(server, own, 15)
                own.choice((trickled, broken, broken, half_open))(server, own)
        except BaseException as exc:
            failures.append(exc)

    with beside_a_healthy_client() as server:
        threads = [
            threading.Thread(target=hostile, args=(server, Random(random.random())))
            for _ in range(5)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if failures:
        raise failures[0]


# -- datagrams


def test_datagrams_that_lie() -> None:
    """Lists alone are answered, shortly, whatever came before; nothing is kept."""
    random = seeded()
    with beside_a_healthy_client() as server:
        maker = Maker(random)
        address = server.listener.addresses["udp"]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.settimeout(PATIENCE)
            for _ in range(1500):
                maker.lying = random.choice(LYING)
                octets = maker.spoilt(maker.frame(random.getrandbits(32)))
                one.sendto(octets[:60000], address)
                one.sendto(LAST, address)
                answered(octets[:60000], one)


def answered(octets: bytes, one: socket.socket) -> None:
    """Hold the answers to a datagram and `LAST` to what they must be."""
    reply = one.recv(65536)
    if reply[12:20] != LAST[12:20]:
        (asked,), (answer,) = cut(octets)[0], taken_apart(reply)
        assert (answer.command, answer.context) == (asked.command, asked.context)
        assert answer.session == asked.session
        if asked.command in LISTS:
            assert answer.status == 0 and len(answer.payload) < 100
        else:
            assert (answer.status, answer.payload) == (1, b"")
        reply = one.recv(65536)
    judged(LAST, reply, 0)


# -- what is left


def test_the_same_again_takes_no_more_memory(caplog: pytest.LogCaptureFixture) -> None:
    """What one run has left, another run of the same uses again."""
    seed = seeded().random()
    server = Server(Limits())

    def run() -> None:
        random = Random(seed)
        for _ in range(6):
            streamed(server, random, 8)
            broken(server, random)
        assert not server.left()
        gc.collect()

    # A log record that pytest keeps for its report would keep a session with it.
    with server.listener, caplog.at_level(logging.CRITICAL, "cpppo"):
        run()
        tracemalloc.start()
        try:
            run()
            first, _ = tracemalloc.get_traced_memory()
            run()
            second, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert second - first < 32768, f"{first} octets, then {second}"
