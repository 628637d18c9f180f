# SPDX-License-Identifier: Apache-2.0
"""`SLC` where connections end: lost, refused, silent, closed meanwhile, taken leave of.

Over real sockets of the loopback; what it reads and writes is in
`tests/integration/test_pccc.py`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from queue import SimpleQueue
from time import monotonic
from typing import Any

import pytest
from asking import Frame, controller
from asking import frame as again
from peers import LOOPBACK, PATIENCE, Address, Far, far, serving, vacant

from cpppo.client import SLC, session
from cpppo.errors import CpppoError, Disconnected, ProtocolError, Refused, Timeout
from cpppo.server.enip import Controller

FORWARD_OPENS = (0x5B, 0x54)
SOON = 5.0  # seconds: much more than ending a call takes, much less than a time-out


@pytest.fixture
def simulator() -> Controller:
    return controller("A=INT", data_files={"N7": 300})


@pytest.fixture
def address(simulator: Controller) -> Iterator[Address]:
    with serving(simulator) as found:
        yield found


def forgotten(device: Controller) -> None:
    """The simulator has no connection any more, and told nobody."""
    for one in list(device.connections._triples.values()):
        device.connections.remove(one)
    assert len(device.connections) == 0


def service(frame: Frame) -> int:
    """That of a request, however it comes."""
    return frame.payload[22 if frame.command == 0x70 else 16]


def packed(frame: Frame, reply: bytes) -> bytes:
    """The frame with a reply to a request that belongs to no connection."""
    packet = frame.payload[:14] + len(reply).to_bytes(2, "little") + reply
    return again(0x6F, packet, frame.session, frame.context)


def linked(frame: Frame, reply: bytes) -> bytes:
    """The frame with a reply to one over a connection."""
    size = (len(reply) + 2).to_bytes(2, "little")
    packet = frame.payload[:18] + size + frame.payload[20:22] + reply
    return again(0x70, packet, frame.session, frame.context)


def opened(frame: Frame) -> bytes:
    """A connection is open, whose replies name it as the requests do."""
    asked = frame.payload[16 + 6 :]
    head = bytes((service(frame) | 0x80, 0, 0, 0))
    return packed(frame, head + bytes.fromhex("01 00 00 00") + asked[6:18] + bytes(10))


def executed(frame: Frame, data: bytes = b"\5\0") -> bytes:
    """What a processor answers to a command."""
    connected = frame.command == 0x70
    asked = frame.payload[22 if connected else 16 :]
    command = b"\x4f\0" + asked[15:17] + data
    reply = b"\xcb\0\0\0" + asked[6:13] + command
    return (linked if connected else packed)(frame, reply)


# -- lost


def test_a_connection_that_the_processor_forgot_is_opened_again(
    address: Address, simulator: Controller
) -> None:
    with SLC(*address, connected=True) as plc:
        assert plc.read("N7:0").value == 0
        for _ in range(3):
            forgotten(simulator)
            assert [one.value for one in plc.read("N7:0", "N7:1")] == [0, 0]
        assert len(simulator.connections) == 1


def test_a_write_refused_for_that_was_not_done_and_is_sent_again(
    address: Address, simulator: Controller
) -> None:
    with SLC(*address, connected=True) as plc:
        assert plc.read("N7:0").ok
        forgotten(simulator)
        found = plc.write({"N7:0": 5, "N7:1{200}": list(range(200))})
        assert [one.error for one in found] == [None, None]
        assert simulator.pccc.files["N7:200"] == 199


GONE: dict[str, bytes] = {
    "not found": bytes.fromhex("cb 00 01 01 07 01"),
    "timed out": bytes.fromhex("cb 00 01 01 03 02"),
    "lost": bytes.fromhex("cb 00 07 00"),
}


@pytest.mark.parametrize("reply", GONE.values(), ids=list(GONE))
@pytest.mark.parametrize("writing", [False, True])
def test_a_reply_that_there_is_no_connection_is_no_result(
    reply: bytes, writing: bool
) -> None:
    over: list[bytes] = []  # what came over connections

    def answer(one: Far, frame: Frame) -> bytes:
        if service(frame) in FORWARD_OPENS:
            return opened(frame)
        if frame.command == 0x6F:
            return packed(frame, bytes.fromhex("ce 00 00 00"))
        over.append(frame.payload[22:])
        return linked(frame, reply) if len(over) == 2 else executed(frame)

    with far(answer) as one, SLC(*one.address, connected=True) as plc:
        assert plc.read("N7:0").value == 5
        found = plc.write(("N7:0", 5)) if writing else plc.read("N7:0")
        if writing and reply == GONE["lost"]:
            # It may have been handed on before.
            assert found.unknown
            assert len(over) == 2
            return
        assert (found.value, found.words) == (5, "OK")
        assert len(one.connections) == 2
        assert len(over) == 3
        # Another connection, and so another number of the command.
        assert over[1][15:17] != over[2][15:17]


def test_what_is_lost_again_is_told() -> None:
    def answer(one: Far, frame: Frame) -> bytes | None:
        """Ends the TCP connection at any second request."""
        return executed(frame) if one.seen.qsize() % 2 else None

    with far(answer) as one, SLC(*one.address) as plc:
        assert [found.value for found in plc.read("N7:0", "N7:1", "N7:2")] == [5, 5, 5]
        one.answer = lambda one, frame: None
        for connections in (4, 6):
            with pytest.raises(Disconnected):
                plc.read("N7:0")
            assert not plc.connected
            # Asked once more, and no more.
            assert len(one.connections) == connections


@pytest.mark.parametrize("connected", [False, True])
@pytest.mark.parametrize("writing", [False, True])
def test_a_session_that_the_processor_forgot_is_opened_again(
    connected: bool, writing: bool
) -> None:
    asked: list[int] = []

    def answer(one: Far, frame: Frame) -> bytes:
        if service(frame) in FORWARD_OPENS:
            return opened(frame)
        if service(frame) != 0x4B:
            return packed(frame, bytes.fromhex("ce 00 00 00"))
        asked.append(len(one.connections))
        if len(asked) == 2:
            return again(frame.command, b"", frame.session, frame.context, 0x64)
        return executed(frame)

    with far(answer) as one, SLC(*one.address, connected=connected) as plc:
        assert plc.read("N7:0").value == 5
        found = plc.write(("N7:0", 5)) if writing else plc.read("N7:0")
        assert (found.value, found.words) == (5, "OK")
    assert asked == [1, 1, 2]


def test_who_never_knows_his_sessions_is_told() -> None:
    def answer(one: Far, frame: Frame) -> bytes:
        return again(frame.command, b"", frame.session, frame.context, 0x64)

    with far(answer) as one, SLC(*one.address) as plc:
        for _ in range(2):
            with pytest.raises(Disconnected, match="does not know this session"):
                plc.read("N7:0")
            assert not plc.connected
        assert len(one.connections) == 4


def test_a_write_of_which_a_piece_was_done_goes_on_with_the_next(
    address: Address, simulator: Controller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was refused for a lost connection was not done: no piece is sent twice."""
    with SLC(*address, connected=True) as plc:
        assert plc.read("N7:0").ok
        processor = simulator.pccc.processor
        taken = processor.answer

        def answer(octets: bytes, room: int) -> bytes:
            """The first piece is written; then the connection is gone."""
            monkeypatch.setattr(processor, "answer", taken)
            forgotten(simulator)
            return taken(octets, room)

        monkeypatch.setattr(processor, "answer", answer)
        assert plc.write(("N7:0{300}", list(range(300)))).ok
        assert simulator.pccc.files["N7:299"] == 299


# -- silent


def test_who_is_silent_at_forward_open_is_asked_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cpppo.client.session.PATIENCE", 0.2)
    services: list[int] = []

    def answer(one: Far, frame: Frame) -> bytes:
        services.append(service(frame))
        return b"" if services[-1] in FORWARD_OPENS else executed(frame)

    with far(answer) as one, SLC(*one.address, connected=True) as plc:
        assert [plc.read("N7:0").value for _ in range(3)] == [5, 5, 5]
        plc._line.close()  # and so is his next session
        assert plc.read("N7:0").value == 5
    assert services == [0x5B, 0x4B, 0x4B, 0x4B, 0x4B]


@pytest.mark.parametrize("status", [0, 0x03, 0x64])
def test_who_opens_one_and_takes_nothing_over_it_is_asked_without(status: int) -> None:
    def answer(one: Far, frame: Frame) -> bytes:
        if service(frame) in FORWARD_OPENS:
            return opened(frame)
        if frame.command == 0x6F:
            return executed(frame)
        refused = again(0x70, b"", frame.session, frame.context, status)
        return refused if status else linked(frame, GONE["not found"])

    with far(answer) as one, SLC(*one.address, connected=True) as plc:
        assert plc.read("N7:0").value == 5
        assert plc.write(("N7:0", 5)).ok
        assert len(one.connections) == 2
        assert plc.connection is not None
        assert not plc.connection


# -- closed


def ending(plc: SLC, ready: threading.Event) -> tuple[BaseException, float]:
    """What a read comes to that is closed as soon as it is ready, and how soon."""
    failures: SimpleQueue[BaseException] = SimpleQueue()

    def reading() -> None:
        try:
            plc.read("N7:0")
        except CpppoError as exc:
            failures.put(exc)

    thread = threading.Thread(target=reading)
    thread.start()
    try:
        assert ready.wait(PATIENCE)
    finally:
        began = monotonic()
        plc.close()
        took = monotonic() - began
        thread.join(PATIENCE)
    return failures.get(timeout=PATIENCE), took


@pytest.mark.parametrize("at", ["register", "forward open", "command"])
@pytest.mark.parametrize("timeout", [20.0, None])
def test_close_ends_a_call_wherever_it_waits(at: str, timeout: float | None) -> None:
    waiting = threading.Event()

    class Silent(Far):
        def replied(self, frame: Frame) -> bytes | None:
            if (frame.command == 0x65) == (at == "register"):
                waiting.set()
                return b""
            return super().replied(frame)

    one = Silent(lambda one, frame: b"")
    try:
        plc = SLC(*one.address, timeout=timeout, connected=at == "forward open")
        failure, took = ending(plc, waiting)
    finally:
        one.close()
    assert isinstance(failure, Disconnected)
    assert "was closed here" in str(failure)
    assert took < SOON
    with pytest.raises(Disconnected, match=r"open\(\) takes it up again"):
        plc.read("N7:0")


def test_close_ends_a_call_that_still_connects() -> None:
    waiting, gone = threading.Event(), threading.Event()
    plc = SLC(LOOPBACK, 9, timeout=None)

    def reaching(*given: Any) -> Any:
        """A peer that takes no connection: what ends that is its socket's end."""
        with Sock(gone) as sock:
            plc._reached(sock)
            waiting.set()
            assert gone.wait(PATIENCE)
            plc._reached(None)
        raise Disconnected("the socket was shut down")

    class Sock:
        def __init__(self, gone: threading.Event) -> None:
            self.gone = gone

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def shutdown(self, how: int) -> None:
            self.gone.set()

    plc._line._opener = reaching
    failure, took = ending(plc, waiting)
    assert isinstance(failure, Disconnected)
    assert took < SOON


def test_close_ends_those_whose_turn_has_not_come() -> None:
    waiting = threading.Event()

    def silent(one: Far, frame: Frame) -> bytes:
        waiting.set()
        return b""

    failures: SimpleQueue[str] = SimpleQueue()
    with far(silent) as one:
        plc = SLC(*one.address, timeout=None)

        def reading() -> None:
            try:
                plc.read("N7:0")
            except Disconnected as exc:
                failures.put(str(exc))

        threads = [threading.Thread(target=reading) for _ in range(4)]
        for thread in threads:
            thread.start()
        assert waiting.wait(PATIENCE)
        plc.close()
        for thread in threads:
            thread.join(PATIENCE)
    assert failures.qsize() == 4


def test_a_turn_that_does_not_come_in_time_is_told() -> None:
    waiting = threading.Event()

    def silent(one: Far, frame: Frame) -> bytes:
        waiting.set()
        return b""

    with far(silent) as one:
        plc = SLC(*one.address, timeout=None)

        def reading() -> None:
            with pytest.raises(Disconnected):
                plc.read("N7:0")

        thread = threading.Thread(target=reading)
        thread.start()
        try:
            assert waiting.wait(PATIENCE)
            plc.timeout = 0.01
            with pytest.raises(Timeout, match=r"had not ended within 0\.01 s"):
                plc.read("N7:1")
        finally:
            plc.timeout = None
            plc.close()
            thread.join(PATIENCE)


# -- leave


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who leaves waits for its Forward Close as long as it takes."""
    monkeypatch.setattr(session, "FAREWELL", PATIENCE)


@pytest.mark.usefixtures("unhurried")
def test_a_connection_is_closed_at_the_end(
    address: Address, simulator: Controller
) -> None:
    with SLC(*address, connected=True) as plc:
        assert plc.read("N7:0").ok
        assert len(simulator.connections) == 1
        assert plc.connection
    assert len(simulator.connections) == 0
    assert not plc.connected


@pytest.mark.usefixtures("unhurried")
def test_the_leave_is_a_forward_close() -> None:
    services: list[int] = []

    def answer(one: Far, frame: Frame) -> bytes:
        services.append(service(frame))
        if services[-1] in FORWARD_OPENS:
            return opened(frame)
        if services[-1] == 0x4B:
            return executed(frame)
        return packed(frame, bytes.fromhex("ce 00 00 00"))

    with far(answer) as one:
        with SLC(*one.address, connected=True) as plc:
            assert plc.read("N7:0").value == 5
        assert services == [0x5B, 0x4B, 0x4E]
        with SLC(*one.address) as plc:
            assert plc.read("N7:0").value == 5
        assert services[3:] == [0x4B]


def test_a_reply_to_another_command_ends_the_session() -> None:
    def answer(one: Far, frame: Frame) -> bytes:
        return executed(frame)[:-4] + bytes(4)

    with far(answer) as one, SLC(*one.address) as plc:
        with pytest.raises(ProtocolError, match="to another command"):
            plc.read("N7:0")
        assert not plc.connected


def test_a_diagnostic_status_that_is_none_ends_the_session() -> None:
    def answer(one: Far, frame: Frame) -> bytes:
        asked = frame.payload[16:]
        reply = b"\xcb\0\0\0" + asked[6:13] + b"\x46\0" + asked[15:17] + b"\1\0"
        return packed(frame, reply)

    with far(answer) as one, SLC(*one.address) as plc:
        with pytest.raises(ProtocolError, match="has 16 octets, not 2"):
            assert plc.processor_type
        assert not plc.connected


def test_a_piece_for_which_no_time_was_left_makes_the_write_unknown() -> None:
    now = 0.0  # seconds

    def late(one: Far, frame: Frame) -> bytes:
        """Takes all of the call's time, and does what it was asked."""
        nonlocal now
        now += 5.0
        return executed(frame, b"")

    with far(late) as one, SLC(*one.address, timeout=5.0) as plc:
        plc._line.clock = lambda: now
        found = plc.write({"N7:0{200}": [1] * 200, "N8:0": 1})
        assert [each.unknown for each in found] == [True, False]
        assert [each.words for each in found][1] == "not sent"
        assert one.seen.qsize() == 1


def test_a_write_for_which_nobody_was_there_was_not_begun() -> None:
    with SLC(LOOPBACK, vacant()) as plc:
        with pytest.raises(Refused):
            plc.write({"N7:0": 1, "N7:1": 2})
        with pytest.raises(Refused):
            plc.read("N7:0")
