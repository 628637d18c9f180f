# SPDX-License-Identifier: Apache-2.0
"""A wire sends and receives, and says in words whatever goes wrong."""

from __future__ import annotations

import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from queue import SimpleQueue
from typing import Any

import pytest

from cpppo.client import transport
from cpppo.client.transport import Datagrams, Ended, Stream, Wire
from cpppo.errors import Disconnected, Refused, Timeout, TransportError

LOOPBACK = "127.0.0.1"
PATIENCE = 20.0
SHORT = 0.02


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server((LOOPBACK, 0)) as made:
        made.settimeout(PATIENCE)
        yield made


def port_of(sock: socket.socket) -> int:
    port: int = sock.getsockname()[1]
    return port


Pair = tuple[Stream, socket.socket]


@pytest.fixture
def pair(listener: socket.socket) -> Iterator[Pair]:
    """A stream, and the socket at its other end."""
    with Stream.open(LOOPBACK, port_of(listener), PATIENCE) as stream:
        other, _ = listener.accept()
        with other:
            other.settimeout(PATIENCE)
            yield stream, other


class Waiting:
    """A thread within a call, and what came of it."""

    def __init__(self, call: Callable[[], object]) -> None:
        self.results: SimpleQueue[object] = SimpleQueue()
        self.thread = threading.Thread(target=self.run, args=(call,))
        self.thread.start()

    def run(self, call: Callable[[], object]) -> None:
        try:
            self.results.put(call())
        except TransportError as exc:
            self.results.put(exc)

    def result(self) -> object:
        found = self.results.get(timeout=PATIENCE)
        self.thread.join(PATIENCE)
        return found


# -- streams


def test_octets_come_and_go(pair: Pair) -> None:
    stream, other = pair
    stream.send(b"request", 1)
    assert other.recv(100) == b"request"
    other.sendall(b"reply")
    assert stream.receive(1) == b"reply"
    assert stream.peer == other.getsockname()


def test_a_name_is_as_good_as_an_address(listener: socket.socket) -> None:
    with Stream.open("localhost", port_of(listener), PATIENCE) as stream:
        assert stream.peer == (LOOPBACK, port_of(listener))


@pytest.mark.parametrize("timeout", [None, 1e12, float("inf")])
def test_for_ever_is_a_time_too(listener: socket.socket, timeout: float | None) -> None:
    with Stream.open(LOOPBACK, port_of(listener), timeout) as stream:
        assert stream.writable(timeout)


def test_no_name_is_this_host(listener: socket.socket) -> None:
    with Stream.open("", port_of(listener), PATIENCE) as stream:
        assert stream.peer == (LOOPBACK, port_of(listener))


def test_more_than_the_kernel_holds_is_sent_whole(pair: Pair) -> None:
    stream, other = pair
    octets = bytes(range(256)) * 40000
    sending = Waiting(lambda: stream.send(octets, PATIENCE))
    came = bytearray()
    while len(came) < len(octets):
        came += other.recv(65536)
    assert came == octets
    assert sending.result() is None


def test_small_requests_go_at_once_and_dead_peers_are_found(pair: Pair) -> None:
    sock = pair[0]._socket
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


@pytest.mark.parametrize("timeout", [SHORT, 0.001, 1e-9, 0, -1])
def test_silence_is_a_timeout(pair: Pair, timeout: float) -> None:
    with pytest.raises(Timeout, match=r"no answer from 127.0.0.1:[0-9]+ within"):
        pair[0].receive(timeout)


@pytest.mark.parametrize("timeout", [None, 0, -1, 0.5, 1e12, 1e30, float("inf")])
def test_what_has_come_is_received_however_short_the_time(
    pair: Pair, timeout: float | None
) -> None:
    stream, other = pair
    other.sendall(b"there")
    assert stream.readable(PATIENCE)
    assert stream.receive(timeout) == b"there"


def test_a_time_of_nothing_is_forgotten_afterwards(pair: Pair) -> None:
    stream, other = pair
    for timeout in (0, None, -1, None, 0.0, PATIENCE):
        if timeout is not None and timeout <= 0:
            with pytest.raises(Timeout):
                stream.receive(timeout)
        else:
            waiting = Waiting(lambda timeout=timeout: stream.receive(timeout))  # type: ignore[misc]
            other.sendall(b"late")
            assert waiting.result() == b"late"


def test_the_time_is_said(pair: Pair) -> None:
    with pytest.raises(Timeout, match=r"within 0\.02 s$"):
        pair[0].receive(SHORT)


@pytest.mark.parametrize("timeout", [SHORT, 0])
def test_a_peer_that_reads_nothing_is_a_timeout(pair: Pair, timeout: float) -> None:
    stream, _ = pair
    with pytest.raises(Timeout, match="took no more octets within"):
        stream.send(bytes(1 << 26), timeout)


def test_the_peer_closes(pair: Pair) -> None:
    stream, other = pair
    other.sendall(b"last")
    other.close()
    assert stream.receive(PATIENCE) == b"last"
    assert stream.readable(PATIENCE)
    with pytest.raises(Ended, match=r"127.0.0.1:[0-9]+ closed the connection"):
        stream.receive(PATIENCE)
    assert issubclass(Ended, Disconnected)


def reset(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("@ii", 1, 0))
    sock.close()


def test_the_peer_breaks_the_connection(pair: Pair) -> None:
    stream, other = pair
    reset(other)
    with pytest.raises(Disconnected, match="was lost: Connection reset") as found:
        stream.receive(PATIENCE)
    assert not isinstance(found.value, Ended)


def test_sending_to_a_peer_that_left(pair: Pair) -> None:
    stream, other = pair
    reset(other)
    with pytest.raises(Disconnected, match="was lost"):
        for _ in range(100):
            stream.send(b"anybody?", PATIENCE)


@pytest.mark.parametrize("timeout", [None, PATIENCE])
def test_closing_wakes_whoever_waits(pair: Pair, timeout: float | None) -> None:
    stream, _ = pair
    waiting = Waiting(lambda: stream.receive(timeout))
    while not stream._receiving:
        pass
    stream.close()
    found = waiting.result()
    assert isinstance(found, Disconnected)
    assert "was closed here" in str(found)
    assert stream._socket.fileno() == -1


def test_closing_wakes_whoever_sends(pair: Pair) -> None:
    stream, other = pair
    waiting = Waiting(lambda: stream.send(bytes(1 << 26), None))
    assert other.recv(1)
    stream.close()
    found = waiting.result()
    assert isinstance(found, Disconnected)
    assert "was closed here" in str(found)
    assert stream._socket.fileno() == -1


def test_closed_is_closed(pair: Pair) -> None:
    stream, _ = pair
    stream.close()
    stream.close()
    calls: list[Callable[[], Any]] = [
        lambda: stream.receive(1),
        lambda: stream.send(b"x", 1),
    ]
    for call in calls:
        with pytest.raises(Disconnected, match="was closed here"):
            call()
    assert stream.closed
    assert stream.readable()
    assert not stream.writable()


def test_the_socket_is_closed_once_nobody_uses_it(pair: Pair) -> None:
    stream, _ = pair
    assert stream._socket.fileno() >= 0
    stream.close()
    assert stream._socket.fileno() == -1


def test_readable_takes_nothing(pair: Pair) -> None:
    stream, other = pair
    assert not stream.readable()
    assert not stream.readable(SHORT)
    other.sendall(b"x")
    assert stream.readable(PATIENCE)
    assert stream.readable()
    assert stream.receive(0) == b"x"
    assert not stream.readable(0)
    assert stream.writable(0)


def test_nothing_more_is_sent(pair: Pair) -> None:
    stream, other = pair
    stream.finish()
    assert other.recv(1) == b""
    other.sendall(b"still")
    assert stream.receive(PATIENCE) == b"still"


def test_it_says_what_it_is(pair: Pair) -> None:
    stream, other = pair
    assert repr(stream) == f"<Stream 127.0.0.1:{port_of(other)}>"
    stream.close()
    assert repr(stream).endswith(", closed>")


# -- connecting


def vacant() -> int:
    with socket.create_server((LOOPBACK, 0)) as sock:
        return port_of(sock)


def test_nobody_listens() -> None:
    port = vacant()
    with pytest.raises(Refused, match=f"127.0.0.1:{port} refused .* nothing listens"):
        Stream.open(LOOPBACK, port, PATIENCE)


@pytest.mark.parametrize("host", ["nosuch.invalid", "a..b", "x\0y", "x" * 300])
def test_a_name_that_is_nobodys(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if host == "nosuch.invalid":  # which no server of names shall be asked for

        def unknown(*_: object, **__: object) -> None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(TransportError, match=r"the address of .* is not known: "):
        Stream.open(host, 44818, PATIENCE)


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_port_that_there_is_not(port: int) -> None:
    with pytest.raises(TransportError, match="a port is a number from 1 to 65535"):
        Stream.open(LOOPBACK, port, PATIENCE)
    with pytest.raises(TransportError, match="a port is a number from 1 to 65535"):
        Datagrams.open(LOOPBACK, port)


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """The addresses that every name has."""
    found: list[tuple[Any, ...]] = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    return found


def address(host: str, port: int) -> tuple[Any, ...]:
    return socket.AF_INET, socket.SOCK_STREAM, 0, "", (host, port)


def test_every_address_of_a_name_is_tried(
    listener: socket.socket, places: list[tuple[Any, ...]]
) -> None:
    places += [address(LOOPBACK, vacant()), address(LOOPBACK, port_of(listener))]
    with Stream.open("plc", 44818, PATIENCE) as stream:
        assert stream.peer == (LOOPBACK, port_of(listener))


def test_silent_addresses_share_the_time(
    places: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that does not answer leaves some time to the next."""
    shares = []

    def silent(place: Any, share: float, *_: object) -> None:
        shares.append(share)
        raise Timeout("it does not answer")

    monkeypatch.setattr(transport, "connected", silent)
    places += [address("192.0.2.1", 1), address("192.0.2.2", 1)]
    with pytest.raises(Timeout, match="it does not answer"):
        Stream.open("plc", 1, 10.0)
    assert shares == [pytest.approx(5, abs=1), pytest.approx(10, abs=1)]


def test_the_failure_that_tells_most_is_told(
    places: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = [TransportError("unreachable"), Timeout("late"), Refused("refused")]
    places += [address("192.0.2.1", 1)] * len(failures)

    def fails(*_: object) -> None:
        raise failures.pop(0)

    monkeypatch.setattr(transport, "connected", fails)
    with pytest.raises(Timeout, match="late"):
        Stream.open("plc", 1, None)
    assert failures == []


def test_a_listener_that_is_busy_is_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    def late(*_: object) -> None:
        raise TimeoutError("timed out")

    monkeypatch.setattr(socket.socket, "connect", late)
    with pytest.raises(Timeout, match="did not accept a connection within 3 s"):
        Stream.open(LOOPBACK, 44818, 3)


def test_no_way_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object) -> None:
        raise OSError(101, "Network is unreachable")

    monkeypatch.setattr(socket.socket, "connect", unreachable)
    with pytest.raises(TransportError, match="cannot be reached: Network is unreach"):
        Stream.open(LOOPBACK, 44818, 3)


@pytest.mark.parametrize("timeout", [0, -1.0])
def test_no_time_to_connect(listener: socket.socket, timeout: float) -> None:
    with pytest.raises(Timeout, match="no time was left to connect"):
        Stream.open(LOOPBACK, port_of(listener), timeout)


@pytest.mark.skipif(sys.platform == "darwin", reason="one loopback address only")
def test_our_own_address(listener: socket.socket) -> None:
    source = ("127.0.0.5", 0)
    with Stream.open(LOOPBACK, port_of(listener), PATIENCE, source):
        other, whom = listener.accept()
        other.close()
    assert whom[0] == "127.0.0.5"


@pytest.mark.parametrize("source", [("192.0.2.1", 0), (LOOPBACK, 99999), ("::1", 0)])
def test_an_own_address_that_is_not_ours(
    listener: socket.socket, source: tuple[str, int]
) -> None:
    text = "cannot be our own address|has no address that"
    with pytest.raises(TransportError, match=text):
        Stream.open(LOOPBACK, port_of(listener), PATIENCE, source)


# -- datagrams


@pytest.fixture
def device() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((LOOPBACK, 0))
        sock.settimeout(PATIENCE)
        yield sock


@pytest.mark.parametrize("broadcast", [False, True])
def test_datagrams_come_and_go(device: socket.socket, broadcast: bool) -> None:
    port = port_of(device)
    with Datagrams.open(LOOPBACK, port, broadcast=broadcast) as wire:
        wire.send(b"who?", 1)
        octets, whom = device.recvfrom(100)
        assert octets == b"who?"
        device.sendto(b"me", whom)
        assert wire.readable(PATIENCE)
        assert wire.receive(PATIENCE) == (b"me", (LOOPBACK, port))
        with pytest.raises(Timeout):
            wire.receive(SHORT)
        assert wire.writable()


def test_a_broadcast_is_answered_by_many(device: socket.socket) -> None:
    with (
        closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as other,
        Datagrams.open(LOOPBACK, port_of(device), broadcast=True) as wire,
    ):
        wire.send(b"who?", 1)
        _, whom = device.recvfrom(100)
        other.bind((LOOPBACK, 0))
        device.sendto(b"me", whom)
        other.sendto(b"me too", whom)
        found = {wire.receive(PATIENCE) for _ in range(2)}
        assert found == {
            (b"me", device.getsockname()),
            (b"me too", other.getsockname()),
        }


def test_only_who_was_asked_is_heard(device: socket.socket) -> None:
    with (
        closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as stranger,
        Datagrams.open(LOOPBACK, port_of(device)) as wire,
    ):
        wire.send(b"who?", 1)
        _, whom = device.recvfrom(100)
        stranger.sendto(b"me", whom)
        device.sendto(b"it is me", whom)
        assert wire.receive(PATIENCE)[0] == b"it is me"


def test_nobody_receives_datagrams() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((LOOPBACK, 0))
        port = port_of(sock)
    with Datagrams.open(LOOPBACK, port) as wire:
        wire.send(b"who?", 1)
        with pytest.raises(Refused, match="nothing listens there"):
            wire.receive(PATIENCE)


def test_a_broadcast_must_be_meant() -> None:
    with pytest.raises(TransportError, match=r"address; .* ask for broadcast"):
        Datagrams.open("255.255.255.255", 44818)


def test_a_datagram_that_is_too_large(device: socket.socket) -> None:
    with Datagrams.open(LOOPBACK, port_of(device)) as wire:
        text = "100000 octets could not be sent to 127.0.0.1:[0-9]+: Message too long"
        with pytest.raises(TransportError, match=text):
            wire.send(bytes(100000), 1)


@pytest.mark.parametrize("broadcast", [False, True])
def test_closing_wakes_whoever_waits_for_datagrams(
    device: socket.socket, broadcast: bool
) -> None:
    wire = Datagrams.open(LOOPBACK, port_of(device), broadcast=broadcast)
    waiting = Waiting(lambda: wire.receive(None))
    while not wire._receiving:
        pass
    wire.close()
    found = waiting.result()
    assert isinstance(found, Disconnected)
    assert "was closed here" in str(found)
    with pytest.raises(Disconnected, match="was closed here"):
        wire.send(b"x", 1)


# -- what it costs


class Counting(socket.socket):
    """A socket that counts its system calls."""

    calls: list[str]

    def send(self, *args: Any) -> int:
        self.calls.append("send")
        return super().send(*args)

    def recv_into(self, *args: Any) -> int:
        self.calls.append("recv")
        return super().recv_into(*args)

    def setsockopt(self, *args: Any) -> None:
        self.calls.append("setsockopt")
        super().setsockopt(*args)

    def settimeout(self, value: float | None) -> None:
        self.calls.append("settimeout")
        super().settimeout(value)


@pytest.mark.skipif(sys.platform == "win32", reason="times are kept otherwise there")
def test_a_request_is_one_call_and_its_reply_is_one() -> None:
    ours, other = socket.socketpair()
    counting = Counting(fileno=ours.detach())
    counting.calls = []
    with Wire(counting, "it", ("it", 1)), other:
        stream = Stream(counting, "it", ("it", 1))
        for _ in range(3):
            stream.send(b"request", 5)
            other.sendall(other.recv(100))
            stream.receive(5)
    calls = counting.calls[counting.calls.index("send") - 1 :]
    assert calls == ["setsockopt", "send", "setsockopt", *["recv", "send"] * 2, "recv"]
