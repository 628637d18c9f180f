# SPDX-License-Identifier: Apache-2.0
"""A listener serves whoever comes, bounds what they do, and ends when it is told."""

import contextlib
import logging
import os
import re
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty, SimpleQueue

import pytest

from cpppo.errors import TransportError
from cpppo.server import connection as connections
from cpppo.server import listener as listening
from cpppo.server.connection import Connection
from cpppo.server.limits import Limits
from cpppo.server.listener import Listener
from cpppo.server.peer import Conversation, Peer

LOOPBACK = "127.0.0.1"
PATIENCE = 20.0  # seconds until a test that hangs fails
HUGE = 32 << 20  # octets; more than the kernel keeps for both ends

on_linux = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="needs what Linux tells"
)


class Echo:
    """Says what it hears."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.closing = False
        self.ready = False
        self.waiting = 0
        self.pause = 0.0
        self.closed: SimpleQueue[str] = SimpleQueue()

    def receive(self, octets: bytes) -> bytes:
        return octets

    def close(self) -> None:
        self.closed.put(threading.current_thread().name)


class Framed(Echo):
    """Says each message that is complete: two octets of length, then so many.

    One per call; an empty message is the last.
    """

    def __init__(self, peer: Peer) -> None:
        super().__init__(peer)
        self.held = b""
        self.calls: SimpleQueue[int] = SimpleQueue()

    def cut(self) -> bytes:
        end = 2 + int.from_bytes(self.held[:2]) if len(self.held) >= 2 else 2
        return self.held[:end] if len(self.held) >= end else b""

    def receive(self, octets: bytes) -> bytes:
        self.held += octets
        message = self.cut()
        self.held = self.held[len(message) :]
        self.closing = message == b"\0\0"
        self.ready = bool(self.cut()) and not self.closing
        self.waiting = len(self.held)
        self.calls.put(len(octets))
        return message


class Blocking(Echo):
    """Waits for somebody else, for ever."""

    def __init__(self, peer: Peer) -> None:
        super().__init__(peer)
        self.entered = threading.Event()
        self.release = threading.Event()

    def receive(self, octets: bytes) -> bytes:
        self.entered.set()
        self.release.wait(PATIENCE)
        return octets


class Abortable(Blocking):
    """As long as nobody says that it be left."""

    def abort(self) -> None:
        self.release.set()


class Raising(Echo):
    """Fails at what it cannot do."""

    def receive(self, octets: bytes) -> bytes:
        if octets == b"bad":
            raise OSError(9, "a device behind us")
        return octets

    def close(self) -> None:
        super().close()
        raise ValueError("and closing it too")


class Slow(Echo):
    """Would reply tomorrow."""

    def receive(self, octets: bytes) -> bytes:
        self.pause = 86400.0 if octets == b"slow" else 0.05
        return octets


class Talker(Echo):
    """Says much for a little."""

    REPLY = bytes(range(256)) * (HUGE // 256)

    def receive(self, octets: bytes) -> bytes:
        return self.REPLY


class Clock:
    """Stands still until it is told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Lines(logging.Handler):
    """What is logged, to be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: SimpleQueue[str] = SimpleQueue()

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.put(f"{record.levelname} {record.getMessage()}")

    def find(self, text: str) -> str:
        """The next line that has this text."""
        while True:
            line = self.lines.get(timeout=PATIENCE)
            if text in line:
                return line


@pytest.fixture
def lines() -> Iterator[Lines]:
    """What the listener logs during the test."""
    logger = logging.getLogger("cpppo.server")
    handler = Lines()
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


class Served:
    """A listener and the conversations it began."""

    def __init__(
        self,
        kind: Callable[[Peer], Echo] = Echo,
        *,
        address: tuple[str, int] = (LOOPBACK, 0),
        datagram: Callable[[bytes, Peer], bytes] | None = None,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        clock: Callable[[], float] = time.monotonic,
        tcp: bool = True,
        listener: type[Listener] = Listener,
    ) -> None:
        self.begun: SimpleQueue[Echo] = SimpleQueue()
        self.kind = kind
        self.clients: list[socket.socket] = []
        self.listener = listener(
            address,
            self.converse,
            datagram=datagram,
            limits=limits,
            clock=clock,
            tcp=tcp,
            name="test",
        )

    def __enter__(self) -> "Served":
        self.listener.start()
        return self

    def __exit__(self, *_: object) -> None:
        ended = self.listener.stop()
        for client in self.clients:
            client.close()
        if sys.exc_info()[0] is None:
            assert ended
            assert self.listener.connections == ()

    def converse(self, peer: Peer) -> Conversation:
        conversation = self.kind(peer)
        self.begun.put(conversation)
        return conversation

    def client(self, small: bool = False) -> socket.socket:
        """A client, that keeps little of what it does not read if it is `small`."""
        family = socket.AF_INET6 if ":" in self.listener.address[0] else socket.AF_INET
        client = socket.socket(family, socket.SOCK_STREAM)
        self.clients.append(client)
        client.settimeout(PATIENCE)
        if small:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(self.listener.address)
        return client

    def both(self, small: bool = False) -> tuple[socket.socket, Echo]:
        """A client, and whoever talks with it."""
        client = self.client(small)
        return client, self.begun.get(timeout=PATIENCE)


def asked(client: socket.socket, octets: bytes) -> bytes:
    """As many octets as were sent."""
    client.sendall(octets)
    return got(client, len(octets))


def got(client: socket.socket, count: int) -> bytes:
    """So many octets; fewer only at the end."""
    parts = []
    while count and (part := client.recv(count)):
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def ended(client: socket.socket) -> bool:
    """Whether the connection is closed, after whatever is still to be read."""
    try:
        while client.recv(65536):
            pass
    except ConnectionError:
        pass
    return True


def datagrams(host: str = LOOPBACK) -> socket.socket:
    """A client of UDP."""
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    client.settimeout(PATIENCE)
    client.bind((host, 0))
    return client


def loud(octets: bytes, peer: Peer) -> bytes:
    """The answer to a datagram: none to what begins with a space."""
    if octets == b"bad":
        raise ValueError("what is this")
    return octets.strip(b" ") and octets.upper()


# -- serving


def test_clients_are_served_side_by_side() -> None:
    with Served() as served:
        clients = [served.client() for _ in range(20)]
        for number, client in enumerate(clients):
            client.sendall(b"%d " % number * 100)
        for number, client in reversed([*enumerate(clients)]):
            expected = b"%d " % number * 100
            assert got(client, len(expected)) == expected


def test_a_peer_is_both_ends() -> None:
    with Served() as served:
        client, conversation = served.both()
        ends = Peer(client.getsockname(), client.getpeername(), "tcp")
        assert conversation.peer == ends
        assert served.listener.address == client.getpeername()


def test_what_is_ready_is_answered_without_more_octets() -> None:
    with Served(Framed) as served:
        client, _ = served.both()
        several = b"\0\1a\0\2bc" * 50
        assert asked(client, several) == several


def test_a_message_may_come_in_pieces() -> None:
    with Served(Framed) as served:
        client, conversation = served.both()
        assert isinstance(conversation, Framed)
        for octet in b"\0\3ab":
            client.sendall(bytes([octet]))
            conversation.calls.get(timeout=PATIENCE)
        client.sendall(b"c")
        assert got(client, 5) == b"\0\3abc"


def test_a_conversation_that_closes_has_its_last_words() -> None:
    with Served(Framed) as served:
        client, conversation = served.both()
        client.sendall(b"\0\1a\0\0")
        assert got(client, 100) == b"\0\1a\0\0"
        name = conversation.closed.get(timeout=PATIENCE)
        assert name == f"test {LOOPBACK}:{client.getsockname()[1]}"


def test_a_client_that_leaves_closes_its_conversation_once() -> None:
    with Served() as served:
        client, conversation = served.both()
        client.close()
        conversation.closed.get(timeout=PATIENCE)
    with pytest.raises(Empty):
        conversation.closed.get_nowait()
    assert served.listener.connections == ()


def test_a_reply_waits_as_long_as_the_conversation_says() -> None:
    with Served(Slow) as served:
        client, _ = served.both()
        before = time.monotonic()
        assert asked(client, b"quick") == b"quick"
        assert time.monotonic() - before >= 0.05


def test_a_connection_tells_who_it_is_and_what_it_did() -> None:
    before = time.time()
    with Served(Framed) as served:
        client, conversation = served.both()
        asked(client, b"\0\1a")
        asked(client, b"\0\2bc")
        (one,) = served.listener.connections
        assert one.peer == conversation.peer
        assert one.conversation is conversation
        assert one.received == 7
        assert one.sent >= 3  # the last may not be counted yet
        assert before <= one.since <= time.time()


def test_a_connection_can_be_closed_from_outside() -> None:
    with Served() as served:
        first, conversation = served.both()
        second, _ = served.both()
        one, other = served.listener.connections
        one.disconnect()
        assert ended(first)
        conversation.closed.get(timeout=PATIENCE)
        one.disconnect()
        assert asked(second, b"still") == b"still"
        assert other in served.listener.connections


def test_a_huge_reply_arrives_whole() -> None:
    with Served(Talker) as served:
        client, _ = served.both()
        client.sendall(b"?")
        assert got(client, HUGE) == Talker.REPLY


# -- whoever fails, fails alone


def test_a_conversation_that_raises_ends_its_own_connection(lines: Lines) -> None:
    with Served(Raising) as served:
        good, _ = served.both()
        bad, conversation = served.both()
        bad.sendall(b"bad")
        assert ended(bad)
        line = lines.find("answering failed")
        where = f"{LOOPBACK}:{bad.getsockname()[1]}"
        assert line == (
            f"WARNING test {where}: answering failed: "
            "OSError: [Errno 9] a device behind us"
        )
        lines.find("closing failed: ValueError: and closing it too")
        assert conversation.closed.get(timeout=PATIENCE)
        assert asked(good, b"good") == b"good"


def test_a_conversation_that_cannot_begin_is_a_closed_connection(
    lines: Lines,
) -> None:
    def refuse(peer: Peer) -> Echo:
        raise ValueError("no more sessions")

    with Served(refuse) as served:
        assert ended(served.client())
        lines.find("connecting failed: ValueError: no more sessions")
        served.kind = Echo
        assert asked(served.client(), b"now") == b"now"


def test_the_traceback_is_for_who_debugs(
    lines: Lines, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG", "cpppo.server"), Served(Raising) as served:
        client, _ = served.both()
        client.sendall(b"bad")
        assert ended(client)
        lines.find("DEBUG")
    shown = [bool(one.exc_info) for one in caplog.records if "answering" in one.message]
    assert shown == [False, True]


# -- limits


def test_one_connection_too_many_is_closed_at_once(lines: Lines) -> None:
    with Served(limits=Limits(connections=2)) as served:
        (first, conversation), (second, _) = served.both(), served.both()
        assert ended(served.client())
        assert "2 connections are open" in lines.find("not served")
        assert asked(second, b"second") == b"second"
        first.close()
        conversation.closed.get(timeout=PATIENCE)
        while len(served.listener.connections) == 2:
            pass
        assert asked(served.client(), b"third") == b"third"


def test_a_client_that_says_nothing_is_dropped(lines: Lines) -> None:
    with Served(limits=Limits(idle=0.1)) as served:
        client, conversation = served.both()
        assert ended(client)
        conversation.closed.get(timeout=PATIENCE)
        assert "not a single octet in 0.1 s" in lines.find("closed: ")


def test_a_message_that_is_begun_has_to_end(lines: Lines) -> None:
    with Served(Framed, limits=Limits(unfinished=0.1)) as served:
        client, conversation = served.both()
        client.sendall(b"\0\1a\0")
        assert got(client, 100) == b"\0\1a"
        conversation.closed.get(timeout=PATIENCE)
        line = lines.find("closed: ")
        assert "a message was not finished within 0.1 s; 1 octets came" in line


def test_a_client_that_trickles_is_dropped_too(lines: Lines) -> None:
    with Served(Framed, limits=Limits(unfinished=0.3)) as served:
        client, _ = served.both()
        client.settimeout(0.02)
        client.sendall(b"\xff\xff")
        begun = time.monotonic()
        count = 0
        while time.monotonic() < begun + PATIENCE:
            try:
                client.sendall(b"x")
                count += 1
                if not client.recv(1):
                    break
            except TimeoutError:
                continue
            except ConnectionError:
                break
        assert time.monotonic() - begun < 2
        assert count > 3
        assert "a message was not finished" in lines.find("closed: ")


def test_the_age_of_a_message_counts_from_its_first_octet() -> None:
    clock = Clock()
    with Served(Framed, limits=Limits(unfinished=30), clock=clock) as served:
        client, conversation = served.both()
        assert isinstance(conversation, Framed)
        client.sendall(b"\0")
        # Never between two messages, and each of them within its time.
        for _ in range(10):
            clock.now += 10
            assert asked(client, b"\2ab\0") == b"\0\2ab"
        while conversation.calls.qsize():
            conversation.calls.get()
        client.sendall(b"\x09")
        for _ in range(2):
            conversation.calls.get(timeout=PATIENCE)
            clock.now += 10
            client.sendall(b"x")
        conversation.calls.get(timeout=PATIENCE)
        clock.now += 30
        client.sendall(b"x")
        assert ended(client)
        assert conversation.held == b"\0\x09xxx"


@on_linux
def test_a_kernel_time_goes_back_to_idle_after_a_message() -> None:
    with Served(Framed, limits=Limits(unfinished=7, idle=0)) as served:
        client, conversation = served.both()
        assert isinstance(conversation, Framed)
        (one,) = served.listener.connections

        def time_out() -> bytes:
            size = len(never)
            return one.socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, size)

        never = bytes(16)
        assert asked(client, b"\0\1a") == b"\0\1a"
        assert time_out() == never
        client.sendall(b"\0")
        # Whoever receives once more has kept the time of what came before.
        for _ in range(2):
            conversation.calls.get(timeout=PATIENCE)
        client.sendall(b"\1")
        conversation.calls.get(timeout=PATIENCE)
        assert time_out() != never
        client.sendall(b"a")
        assert got(client, 3) == b"\0\1a"
        assert asked(client, b"\0\1b") == b"\0\1b"
        assert time_out() == never


@pytest.mark.parametrize("reads", [0, 1])
def test_a_client_that_does_not_read_is_dropped(lines: Lines, reads: int) -> None:
    with Served(Talker, limits=Limits(unread=0.1)) as served:
        client, conversation = served.both(small=True)
        (one,) = served.listener.connections
        client.sendall(b"?")
        client.settimeout(0.01)
        line = ""
        until = time.monotonic() + PATIENCE
        while not line and time.monotonic() < until:
            try:
                client.recv(reads) if reads else None
            except (TimeoutError, ConnectionError):
                pass
            with contextlib.suppress(Empty):
                line = lines.lines.get(timeout=0.001)
        assert "replies were left unread for 0.1 s" in line
        conversation.closed.get(timeout=PATIENCE)
        assert one.sent < HUGE


class Stingy(socket.socket):
    """Sends ten octets at a time, each time ten seconds later."""

    clock: Clock
    out: bytes

    def send(self, octets: object, flags: int = 0) -> int:
        part = bytes(memoryview(octets)[:10])  # type: ignore[arg-type]
        self.out += part
        self.clock.now += 10
        return len(part)


def test_a_client_that_reads_slowly_has_one_time_for_all() -> None:
    reply = bytes(range(100))
    with Stingy() as sock:
        sock.clock, sock.out = Clock(), b""
        peer = Peer((LOOPBACK, 1), (LOOPBACK, 2))
        for unread in (0, 1000):
            limits = Limits(unread=unread)
            listener = Listener((LOOPBACK, 0), Echo, limits=limits, clock=sock.clock)
            sock.out = b""
            one = Connection(sock, peer, listener)
            one._send(reply)
            assert sock.out == reply
            assert one.sent == 100
        limits = Limits(unread=30)
        listener = Listener((LOOPBACK, 0), Echo, limits=limits, clock=sock.clock)
        one = Connection(sock, peer, listener)
        with pytest.raises(connections.Slow, match="left unread for 30 s"):
            one._send(reply)
        assert one.sent == 40


# -- the end


def test_stop_is_prompt_whatever_clients_do() -> None:
    with Served(Slow) as served:
        clients = [served.both()[0] for _ in range(10)]
        clients[0].sendall(b"slow")
        clients[1].sendall(b"quick")
        before = time.monotonic()
        assert served.listener.stop()
        assert time.monotonic() - before < 1
        assert all(ended(client) for client in clients)
        assert served.listener.stop()


def test_stop_ends_a_reply_that_nobody_reads() -> None:
    with Served(Talker) as served:
        client, conversation = served.both(small=True)
        client.sendall(b"?")
        assert client.recv(1)
        assert served.listener.stop()
        conversation.closed.get(timeout=PATIENCE)


def test_stop_says_whether_all_has_ended(lines: Lines) -> None:
    with Served(Blocking) as served:
        client, conversation = served.both()
        assert isinstance(conversation, Blocking)
        client.sendall(b"?")
        assert conversation.entered.wait(PATIENCE)
        (one,) = served.listener.connections
        before = time.monotonic()
        assert not served.listener.stop(0.1)
        assert time.monotonic() - before < 2
        assert one.thread.daemon
        assert "did not end within 0.1 s" in lines.find(one.thread.name)
        assert ended(client)
        conversation.release.set()
        assert served.listener.stop()


def test_stop_aborts_a_conversation_that_waits_for_somebody_else() -> None:
    with Served(Abortable) as served:
        client, conversation = served.both()
        assert isinstance(conversation, Blocking)
        client.sendall(b"?")
        assert conversation.entered.wait(PATIENCE)
        assert served.listener.stop(PATIENCE)


def test_stop_waits_for_threads_that_have_nothing_more_to_do() -> None:
    entered, release = threading.Event(), threading.Event()

    class Lingering(Listener):
        def ended(self, connection: Connection) -> None:
            super().ended(connection)
            entered.set()
            release.wait(PATIENCE)

    with Served(listener=Lingering) as served:
        served.client().close()
        assert entered.wait(PATIENCE)
        assert served.listener.connections == ()
        assert not served.listener.stop(0.05)
        release.set()
        assert served.listener.stop()


def test_stop_before_start_is_nothing() -> None:
    listener = Listener((LOOPBACK, 0), Echo)
    assert listener.stop()
    listener.resume()
    assert listener.address == (LOOPBACK, 0)


def test_a_listener_is_started_once() -> None:
    with (
        Listener((LOOPBACK, 0), Echo) as listener,
        pytest.raises(RuntimeError, match="listens already"),
    ):
        listener.start()


@on_linux
def test_stop_leaves_no_descriptor() -> None:
    descriptors = Path("/proc/self/fd")
    before = len([*descriptors.iterdir()])
    for _ in range(3):
        with Served(datagram=loud, address=("", 0)) as served:
            for _ in range(10):
                asked(served.client(), b"?")
            served.listener.pause()
            served.listener.resume()
            asked(served.client(), b"?")
    assert len([*descriptors.iterdir()]) == before


def test_a_paused_listener_has_no_port_and_gets_the_same_again() -> None:
    with Served(datagram=loud) as served, datagrams() as sender:
        address = served.listener.address
        client, conversation = served.both()
        assert served.listener.pause()
        assert ended(client)
        conversation.closed.get(timeout=PATIENCE)
        with pytest.raises(ConnectionRefusedError):
            served.client()
        assert served.listener.pause()
        served.listener.resume()
        served.listener.resume()
        assert served.listener.address == address
        assert asked(served.client(), b"again") == b"again"
        sender.sendto(b"again", address)
        assert sender.recv(100) == b"AGAIN"


def test_a_listener_that_is_paused_can_be_stopped() -> None:
    with Served() as served:
        served.listener.pause()
        assert served.listener.stop()
        served.listener.resume()
        with pytest.raises(ConnectionRefusedError):
            served.client()


# -- what costs nothing


@on_linux
def test_idle_sessions_and_a_quiet_listener_never_wake() -> None:
    with Served(datagram=loud) as served:
        for _ in range(200):
            asked(served.client(), b"?")
        idle = [one.thread for one in served.listener.connections]
        busy, _ = served.both()
        idle += [one for one in threading.enumerate() if "listening" in one.name]
        assert len(idle) == 201
        asked(busy, b"?")
        asleep(idle)
        before = switches(idle)
        for _ in range(3000):
            asked(busy, b"?")
        assert switches(idle) == before


def asleep(threads: list[threading.Thread]) -> None:
    """Wait until they all wait."""
    for thread in threads:
        path = Path(f"/proc/self/task/{thread.native_id}/syscall")
        while path.read_text().startswith("running"):
            pass


def switches(threads: list[threading.Thread]) -> list[str]:
    """How often each has gone to sleep."""
    return [
        line
        for thread in threads
        for line in Path(f"/proc/self/task/{thread.native_id}/status")
        .read_text()
        .splitlines()
        if line.startswith("voluntary")
    ]


# -- what cannot be done at once


@on_linux
def test_without_descriptors_a_listener_rests_and_goes_on(
    lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    import resource

    accepts: list[int] = []

    class Counting(Listener):
        def accept(self, listening: socket.socket) -> None:
            accepts.append(1)
            super().accept(listening)

    clock = Clock()
    with Served(datagram=loud, clock=clock, listener=Counting) as served:
        client, sender = socket.socket(), datagrams()
        client.settimeout(PATIENCE)
        lowest = os.dup(sender.fileno())
        os.close(lowest)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
        try:
            client.connect(served.listener.address)
            line = lines.find("Too many open files")
            # It is awake, and lets the connections be.
            for _ in range(50):
                sender.sendto(b"hey", served.listener.address)
                assert sender.recv(100) == b"HEY"
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert "trying again in 1 s" in line
        assert len(accepts) == 1
        clock.now += listening.BACK_OFF
        sender.sendto(b"hey", served.listener.address)
        assert asked(client, b"served") == b"served"
        client.close()
        sender.close()


def test_a_session_without_a_thread_is_closed(
    lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Served() as served:
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", exhausted)
            assert ended(served.client())
            lines.find("not served: can't start new thread")
        assert served.listener.connections == ()
        assert asked(served.client(), b"now") == b"now"


def test_a_listener_without_a_thread_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    listener = Listener((LOOPBACK, 0), Echo)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", exhausted)
        with pytest.raises(TransportError, match="no thread for it"):
            listener.start()
    with listener:
        socket.create_connection(listener.address).close()


def exhausted(thread: threading.Thread) -> None:
    """There are as many threads as there can be."""
    raise RuntimeError("can't start new thread")


# -- UDP


def test_a_datagram_is_answered_from_where_it_was_sent_to() -> None:
    peers: list[Peer] = []

    def answer(octets: bytes, peer: Peer) -> bytes:
        peers.append(peer)
        return loud(octets, peer)

    with Served(datagram=answer) as served, datagrams() as sender:
        assert served.listener.addresses["udp"] == served.listener.addresses["tcp"]
        address = served.listener.addresses["udp"]
        for octets in (b" ", b"bad", b"hey"):
            sender.sendto(octets, address)
        assert sender.recvfrom(100) == (b"HEY", address)
        assert peers == [Peer(sender.getsockname(), address, "udp")] * 3


def test_a_datagram_that_fails_is_logged_now_and_then(lines: Lines) -> None:
    with Served(datagram=loud, clock=Clock()) as served, datagrams() as sender:
        for _ in range(50):
            sender.sendto(b"bad", served.listener.address)
        sender.sendto(b"hey", served.listener.address)
        assert sender.recv(100) == b"HEY"
    assert "ValueError: what is this" in lines.find("answering a datagram failed")
    assert sum("what is this" in line for line in rest(lines)) == 4


def rest(lines: Lines) -> list[str]:
    """All that was logged and not read."""
    return [lines.lines.get_nowait() for _ in range(lines.lines.qsize())]


def test_datagrams_are_limited_per_source_and_second(lines: Lines) -> None:
    clock = Clock()
    limits = Limits(datagrams=10)
    with (
        Served(datagram=loud, limits=limits, clock=clock) as served,
        datagrams() as sender,
        datagrams("127.0.0.2") as other,
    ):
        for number in range(25):
            sender.sendto(b"a%d" % number, served.listener.address)
        other.sendto(b"b", served.listener.address)
        assert other.recv(100) == b"B"
        clock.now += 1.0
        sender.sendto(b"a25", served.listener.address)
        heard = [sender.recv(100) for _ in range(11)]
        assert heard == [b"A%d" % number for number in (*range(10), 25)]
        assert "more than 10 datagrams a second" in lines.find(LOOPBACK)


def test_an_unlucky_answer_ends_nothing(lines: Lines) -> None:
    def answer(octets: bytes, peer: Peer) -> bytes:
        return octets * 70000 if octets == b"!" else octets

    with Served(datagram=answer) as served, datagrams() as sender:
        sender.sendto(b"!", served.listener.address)
        sender.sendto(b"?", served.listener.address)
        assert sender.recv(100) == b"?"
    assert not any("trying again" in line for line in rest(lines))


@on_linux
def test_all_interfaces_hear_broadcasts() -> None:
    with (
        Served(datagram=loud, address=("", 0)) as served,
        datagrams() as sender,
    ):
        host, port = served.listener.address
        assert host == "0.0.0.0"
        sender.sendto(b"anybody", ("127.255.255.255", port))
        assert sender.recvfrom(100) == (b"ANYBODY", (LOOPBACK, port))


@on_linux
def test_one_interface_hears_limited_broadcasts_and_answers_as_itself() -> None:
    host = own()
    with Served(datagram=loud, address=(host, 0)) as served, datagrams() as sender:
        try:
            # What leaves by the loopback bothers no network.
            sender.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
            address = served.listener.address
            sender.sendto(b"anybody", ("255.255.255.255", address[1]))
        except OSError as exc:
            pytest.skip(f"no broadcasts over the loopback: {exc}")
        assert sender.recvfrom(100) == (b"ANYBODY", address)
        with Served(datagram=loud, address=("127.0.0.2", address[1])):
            pass


def own() -> str:
    """An address of this host that is not of the loopback; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        try:
            one.connect(("192.0.2.1", 9))
        except OSError as exc:
            pytest.skip(f"this host has the loopback only: {exc}")
        return str(one.getsockname()[0])


def test_udp_can_be_had_alone() -> None:
    with Served(datagram=loud, tcp=False) as served, datagrams() as sender:
        assert [*served.listener.addresses] == ["udp"]
        sender.sendto(b"hey", served.listener.address)
        assert sender.recv(100) == b"HEY"


def test_a_listener_for_nothing_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="needs TCP, or UDP"):
        Listener((LOOPBACK, 0), Echo, tcp=False)


# -- addresses


def test_ipv6_is_served() -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6")
    try:
        served = Served(datagram=loud, address=("::1", 0)).__enter__()
    except TransportError as exc:
        pytest.skip(str(exc))
    with served.listener, served.client() as client:
        assert asked(client, b"six") == b"six"
        (one,) = served.listener.connections
        assert one.peer.remote == client.getsockname()[:2]
        assert re.fullmatch(r"test \[::1\]:\d+", one.thread.name)


def test_a_port_is_sought_that_is_free_for_both(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from cpppo.server import ports

    made = ports.bound
    taken: list[int] = []

    def bound(host: str, port: int, transport: str) -> socket.socket:
        if transport == "udp" and len(taken) < 3:
            taken.append(port)
            with made(host, port, "udp"):
                return made(host, port, "udp")
        return made(host, port, transport)

    monkeypatch.setattr(ports, "bound", bound)
    with Served(datagram=loud) as served:
        tcp, udp = served.listener.addresses.values()
        assert tcp == udp
        assert len(set(taken)) == 3
        assert tcp[1] not in taken


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_a_port_in_use_is_one_line_that_says_by_whom(transport: str) -> None:
    with Served(datagram=loud, tcp=transport == "tcp") as first:
        address = first.listener.address
        second = Served(datagram=loud, tcp=transport == "tcp", address=address)
        with pytest.raises(TransportError) as caught:
            second.listener.start()
        text = str(caught.value)
        begun = f"cannot listen on {LOOPBACK}:{address[1]} ({transport}): "
        assert text.startswith(f"{begun}the port is in use by ")
        assert text.endswith("; choose another with -a HOST:PORT")
        if sys.platform.startswith("linux"):
            assert f"(pid {os.getpid()})" in text
        # Nothing is left behind, and it can be tried again.
        assert first.listener.stop()
        with second as served, datagrams() as sender:
            sender.sendto(b"hey", served.listener.address)
            assert sender.recv(100) == b"HEY"


def test_tcp_is_given_back_when_udp_cannot_be_had() -> None:
    with datagrams() as other:
        address = other.getsockname()
        with pytest.raises(TransportError, match=r"\(udp\): the port is in use"):
            Listener(address, Echo, datagram=loud).start()
        with Listener(address, Echo) as listener:
            assert listener.addresses == {"tcp": address}


@on_linux
def test_an_outgoing_connection_that_has_the_port_is_told() -> None:
    with Served() as served:
        address = served.client().getsockname()
        with pytest.raises(TransportError) as caught:
            Listener(address, Echo).start()
    port = address[1]
    assert "in use by an outgoing connection of " in str(caught.value)
    assert f"'sysctl net.ipv4.ip_local_reserved_ports={port}'" in str(caught.value)


@pytest.mark.parametrize(
    ("address", "text"),
    [
        (("192.0.2.77", 0), "this host has no address 192.0.2.77"),
        (("2001:db8::77", 0), "this host has no address 2001:db8::77|has no IPv6"),
        (("ä..b", 0), "'ä..b' is no name of a host"),
        ((LOOPBACK, 65536), "a port is a number from 0 to 65535"),
        ((LOOPBACK, -1), "a port is a number from 0 to 65535"),
    ],
)
def test_an_address_that_cannot_be_had_is_one_line(
    address: tuple[str, int], text: str
) -> None:
    with pytest.raises(TransportError, match=text) as caught:
        Listener(address, Echo).start()
    assert str(caught.value).startswith("cannot listen on ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("exc", "text"),
    [
        (PermissionError(13, "no"), "ports below 1024 need a privilege; choose"),
        (socket.gaierror(-2, "unknown"), "there is no host called 'plc'; choose"),
        (OSError(97, "no family"), "this host has no IPv4; choose"),
        (OSError(5, "Input/output error"), "Input/output error"),
    ],
)
def test_what_the_system_refuses_is_said_in_our_words(exc: OSError, text: str) -> None:
    from cpppo.server.ports import failure

    error = failure("cannot listen on plc:502 (tcp)", exc, ("plc", 502), "tcp")
    assert str(error).startswith("cannot listen on plc:502 (tcp): ")
    assert text in str(error)
    assert error.errno == exc.errno


def test_times_are_told_to_the_kernel_with_care() -> None:
    near, far = socket.socketpair()
    told: list[bytes] = []

    class Told(Connection):
        def _set(self, option: int, seconds: float) -> None:
            super()._set(option, seconds)
            size = 16
            told.append(self.socket.getsockopt(socket.SOL_SOCKET, option, size))

    with near, far:
        listener = Listener((LOOPBACK, 0), Echo)
        one = Told(near, Peer((LOOPBACK, 1), (LOOPBACK, 2)), listener)
        for seconds in (3600.0, 3600.0, 0.0, 0.0000001):
            one._expect(seconds)
    # Told only when it changes; and what is next to nothing is not for ever.
    assert len(told) == 3
    assert connections.SIZE == 65536
    if sys.platform.startswith("linux"):
        assert not any(told[1])
        assert any(told[2])
