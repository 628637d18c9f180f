# SPDX-License-Identifier: Apache-2.0
"""`Logix` without a network: a simulator answers in memory, and fails as it is told.

What both shells share is tested here: `line`, `writes` and `place`.  Time goes on only
where somebody waits.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from asking import TCP, controller, frames, rr

from cpppo.client.backoff import Backoff
from cpppo.client.calls import Call, carried
from cpppo.client.line import Line
from cpppo.client.logix import Logix, check
from cpppo.client.operations import Operation, OperationError
from cpppo.client.place import Place
from cpppo.client.shell import Turns
from cpppo.client.slc import SLC
from cpppo.client.subscription import Subscription
from cpppo.client.way import Way
from cpppo.client.writes import Write, given
from cpppo.errors import (
    CpppoError,
    Disconnected,
    EncodeError,
    ProtocolError,
    Refused,
    StatusError,
    Timeout,
    TransportError,
)
from cpppo.protocol.enip import Port, Symbol
from cpppo.protocol.enip.notation import NotationError
from cpppo.protocol.enip.types import DINT, REAL
from cpppo.server.enip import Controller

TAGS = "A=DINT B=INT[10] C=REAL[3] D=BOOL S=STRING L=LREAL U=USINT[4] BIG=DINT[3000]"

# What happens to the octets of a request: whether the device gets them, what comes.
Fate = Callable[["Connection", bytes], None]


class Device:
    """A simulator in memory, and what is to go wrong with it."""

    def __init__(self, of: Controller | None = None) -> None:
        self.controller = of or controller(TAGS)
        self.now = 1000.0
        self.opened = 0
        self.closed = 0
        self.requests: list[bytes] = []  # after the registration, as they were sent
        self.pauses: list[float] = []
        self.unreachable: list[CpppoError] = []  # for the next attempts
        self.fates: list[Fate | None] = []  # of the next requests

    def open(
        self, host: str, port: int, timeout: float | None, source: object
    ) -> Connection:
        self.opened += 1
        if self.unreachable:
            exc = self.unreachable.pop(0)
            if isinstance(exc, Timeout):
                self.now += timeout or 0
            raise exc
        return Connection(self)

    def pause(self, seconds: float) -> None:
        self.pauses.append(round(seconds, 6))
        self.now += seconds

    def line(self, **kwds: Any) -> Line:
        return Line(
            Place("10.0.0.5"),
            **{
                "opener": self.open,
                "pause": self.pause,
                "timeout": 5.0,
                "depth": 1,
                "multiple": 0,
                "backoff": Backoff(random=lambda: 0.0),
                "clock": lambda: self.now,
                **kwds,
            },
        )

    def logix(self, **kwds: Any) -> Logix:
        kwds = {"backoff": Backoff(random=lambda: 0.0), **kwds}
        plc = Logix("10.0.0.5", opener=self.open, **kwds)
        plc._line.clock = lambda: self.now
        plc._line._pause = self.pause
        return plc


class Connection:
    """One connection to it."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.session = device.controller.session(TCP)
        self.answers: list[bytes] = []
        self.ended: TransportError | None = None
        self.registered = False

    def answer(self, octets: bytes) -> None:
        found = [self.session.receive(octets)]
        while self.session.ready:
            found.append(self.session.receive(b""))
        self.answers.append(b"".join(found))

    def send(self, octets: bytes, timeout: float | None) -> None:
        if self.ended is not None:
            raise self.ended
        fate = None
        if self.registered:
            self.device.requests.append(octets)
            fate = self.device.fates.pop(0) if self.device.fates else None
        self.registered = True
        (fate or Connection.answer)(self, octets)

    def receive(self, timeout: float | None) -> bytes:
        if self.answers:
            return self.answers.pop(0)
        if self.ended is not None:
            raise self.ended
        assert timeout is not None, "this would wait for ever"
        self.device.now += timeout
        raise Timeout(f"no answer from 10.0.0.5:44818 within {timeout} s")

    def readable(self, timeout: float | None = 0) -> bool:
        return bool(self.answers) or self.ended is not None

    def close(self) -> None:
        if self.ended is None:
            self.device.closed += 1
        self.ended = Disconnected("the connection was closed here")


def silence(one: Connection, octets: bytes) -> None:
    """Nothing comes."""


def gone(one: Connection, octets: bytes) -> None:
    """The device has gone, and what it got is not known."""
    one.ended = Disconnected("10.0.0.5:44818 closed the connection")


def done_and_gone(one: Connection, octets: bytes) -> None:
    """The device does it, and has gone before it could say so."""
    one.answer(octets)
    one.answers.clear()
    gone(one, octets)


def nonsense(one: Connection, octets: bytes) -> None:
    """Octets that are no answer."""
    (asked,) = frames(octets)
    one.answers.append(rr(b"\xff" * 20, asked.session, asked.context))


def answered_and_gone(one: Connection, octets: bytes) -> None:
    """The answer comes, and then the end."""
    one.answer(octets)
    gone(one, octets)


@pytest.fixture
def device() -> Device:
    return Device()


@pytest.fixture
def plc(device: Device) -> Iterator[Logix]:
    with device.logix() as one:
        yield one


def asked_for(device: Device, command: int) -> int:
    """How often a command came."""
    return sum(frames(octets)[0].command == command for octets in device.requests)


def read(line: Line, *tags: str, call: Call | None = None) -> Any:
    return carried(line.read(call or line.call(), line.readings(tags)))


def write(line: Line, *items: Any, **tags: Any) -> Any:
    return carried(line.write(line.call(), given(items, tags)))


# -- reading


def test_one_tag_is_one_result_and_several_are_a_list(plc: Logix) -> None:
    assert plc.read("A").value == 0
    assert [one.value for one in plc.read("A", "B[0-2]")] == [0, [0, 0, 0]]
    assert [one.value for one in plc.read(["A"])] == [0]
    assert [one.value for one in plc.read(one for one in ("A", "D"))] == [0, False]
    assert plc.read([]) == []


def test_results_say_tag_type_words_and_time(plc: Logix) -> None:
    one = plc.read("B[3]")
    assert (one.tag, one.type, one.words, one.ok) == ("B[3]", "INT", "OK", True)
    assert one.time > 0


def test_a_tag_may_be_an_operation_or_a_dictionary(plc: Logix) -> None:
    operation = Operation.parse("B[0-1]")
    found = plc.read(operation, {"path": "C[0]"}, "A")
    assert [one.value for one in found] == [[0, 0], 0.0, 0]
    assert plc.read({"path": "A"}).value == 0


def test_a_refused_tag_is_a_result_in_its_place(plc: Logix) -> None:
    a, none, b = plc.read("A", "NONE", "B[9]")
    assert (a.ok, none.ok, b.ok) == (True, False, True)
    assert none.error is not None
    assert "no such tag" in none.error


@pytest.mark.parametrize("wrong", ["", "A[", "A=1", "A[3-1]", "@", 5, None])
def test_a_wrong_text_is_refused_before_anything_is_sent(
    device: Device, plc: Logix, wrong: Any
) -> None:
    with pytest.raises(OperationError):
        plc.read("A", wrong, "B[0]")
    assert device.opened == 0


def test_a_read_with_a_value_says_what_to_use(plc: Logix) -> None:
    with pytest.raises(OperationError, match="to write there is write"):
        plc.read("A=1")


def test_a_thousand_tags_come_back_in_their_order(plc: Logix) -> None:
    tags = [f"BIG[{nth}]" for nth in range(1000)]
    plc.write({"BIG[0-999]": range(1000)})
    assert [one.value for one in plc.read(tags)] == list(range(1000))


def test_it_connects_when_it_is_called_and_not_before(device: Device) -> None:
    with device.logix() as plc:
        assert (device.opened, plc.connected) == (0, False)
        assert repr(plc) == "<Logix 10.0.0.5:44818: not connected>"
        plc.read("A")
        assert (device.opened, plc.connected) == (1, True)
        plc.read("A")
        assert device.opened == 1
    assert (device.closed, plc.connected) == (1, False)


def test_its_identity_is_asked_once_for_each_connection(
    device: Device, plc: Logix
) -> None:
    found = plc.identity
    assert found["name"] == "1756-L61/B LOGIX5561"
    assert (found["vendor"], found["device_type"]) == (1, 14)
    assert plc.identity == found
    assert asked_for(device, 0x63) == 1
    plc.close()
    plc.open()
    assert plc.identity == found
    assert asked_for(device, 0x63) == 2


def test_check_passes_what_is_right_and_raises_what_is_not(plc: Logix) -> None:
    several = check(plc.read("A", "D"))
    assert [one.value for one in several] == [0, False]
    assert check(plc.read("A")).value == 0
    with pytest.raises(StatusError, match=r"NONE.*no such tag") as caught:
        check(plc.read("A", "NONE"))
    assert caught.value.code == 5


# -- writing


@pytest.mark.parametrize(
    ("tag", "value", "kind"),
    [
        ("A", -5, "DINT"),
        ("B[3]", 7, "INT"),
        ("C[1]", 1.5, "REAL"),
        ("C[1]", 2, "REAL"),
        ("D", True, "BOOL"),
        ("S", "Grüße", "STRING"),
        ("L", 1e300, "LREAL"),
        ("U[0]", 255, "USINT"),
        ("B[0-2]", [1, 2, 3], "INT"),
        ("C[0-2]", (0.5, 1, 2.5), "REAL"),
        ("B", [4, 5], "INT"),
    ],
)
def test_a_value_has_the_type_of_its_tag(
    plc: Logix, tag: str, value: Any, kind: str
) -> None:
    (written,) = plc.write({tag: value})
    assert (written.ok, written.type, written.tag) == (True, kind, tag)
    many = isinstance(value, list | tuple)
    path = f"{tag}[0-{len(value) - 1}]" if many and "[" not in tag else tag
    found = plc.read(path).value
    assert found == (list(value) if many else value)


def test_writes_may_be_said_in_many_ways(plc: Logix) -> None:
    assert plc.write(A=1).ok
    assert plc.write("A=(DINT)2").value == 2
    assert plc.write("A=3").type == "DINT"
    assert plc.write(("A", 4)).ok
    assert [one.ok for one in plc.write({"A": 5})] == [True]
    assert [one.ok for one in plc.write(["A=6"])] == [True]
    found = plc.write({"B[3]": 5}, ("C[0]", 1.5), "B[0-1]=8,9", D=True)
    assert [one.tag for one in found] == ["B[3]", "C[0]", "B[0-1]", "D"]
    assert all(found)
    found = plc.read("A", "B[0-3]", "C[0]", "D")
    assert [one.value for one in found] == [6, [8, 9, 0, 5], 1.5, True]
    assert plc.write(Operation.parse("A=(DINT)7")).ok
    assert plc.write() == []


def test_a_type_is_learnt_once_for_each_tag(device: Device) -> None:
    line = device.line()
    write(line, {"B[0]": 1, "B[1]": 2, "B[2-3]": [3, 4]})
    assert len(device.requests) == 4  # a read, three writes
    write(line, {"B[9]": 1})
    assert len(device.requests) == 5


def test_what_says_its_type_needs_no_read(device: Device) -> None:
    write(device.line(), "A=(DINT)1", "B[0-1]=(INT)1,2")
    assert len(device.requests) == 2


def test_a_tag_that_is_not_there_is_a_result_and_the_others_are_written(
    plc: Logix,
) -> None:
    a, none, d = plc.write(A=1, NONE=2, D=True)
    assert (a.ok, none.ok, d.ok) == (True, False, True)
    assert (none.tag, none.unknown) == ("NONE", False)
    assert "no such tag" in none.error
    assert plc.read("A").value == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"B[0-2]": [1, 2]},
        {"B[0-2]": 5},
        {"A": []},
        {"A": None},
        {"A": {}},
        {"A[": 1},
        {"": 1},
        {5: 1},
        "A",
        "A=",
        "A=(NONE)1",
        "B[0-9]+4=1",
        5,
        ("A", 1, 2),
        Operation.parse("A"),
    ],
    ids=str,
)
def test_a_wrong_write_is_refused_before_anything_is_sent(
    device: Device, plc: Logix, wrong: Any
) -> None:
    with pytest.raises(OperationError):
        plc.write(wrong, D=True)
    assert device.opened == 0


@pytest.mark.parametrize("value", ["text", 1.5, 1 << 40, b"octets"], ids=str)
def test_a_value_that_does_not_fit_is_refused_and_nothing_is_written(
    plc: Logix, value: Any
) -> None:
    with pytest.raises(OperationError, match="DINT is a whole number"):
        plc.write({"D": True, "A": value})
    assert plc.read("D").value is False


def test_a_tag_that_has_another_type_now_is_learnt_once_again(device: Device) -> None:
    line = device.line()
    write(line, A=1)
    line._types[(Symbol("A"),)] = REAL  # as if it had been another one
    del device.requests[:]
    (found,) = write(line, A=2)
    assert (found.ok, found.type) == (True, "DINT")
    assert len(device.requests) == 3  # refused, a read, a write
    assert line._types[(Symbol("A"),)] is DINT


def test_a_type_that_was_said_is_not_corrected(device: Device) -> None:
    line = device.line()
    (found,) = write(line, "A=(REAL)2.5")
    assert (found.ok, found.extended) == (False, (0x2107,))
    assert len(device.requests) == 1


def test_a_value_that_does_not_fit_the_new_type_stays_refused(device: Device) -> None:
    line = device.line()
    line._types[(Symbol("A"),)] = REAL
    a, d = write(line, A=2.5, D=True)
    assert (a.ok, a.extended) == (False, (0x2107,))
    assert d.ok


def test_types_are_forgotten_with_the_connection(device: Device) -> None:
    line = device.line()
    write(line, A=1)
    line.close()
    device.controller = controller("A=REAL")
    (found,) = write(line, A=2.5)
    assert (found.ok, found.type) == (True, "REAL")


# -- failures


def test_a_read_is_asked_again_on_a_new_connection(device: Device) -> None:
    line = device.line()
    read(line, "A")
    device.fates = [None, gone]
    found = read(line, "A", "B[0]", "C[0]")
    assert [one.value for one in found] == [0, 0, 0.0]
    assert (device.opened, device.closed, device.pauses) == (2, 0, [])


def test_what_was_answered_is_not_asked_again(device: Device) -> None:
    line = device.line()
    device.fates = [None, answered_and_gone, None]
    found = read(line, "A", "B[0]", "C[0]")
    assert all(found)
    assert len(device.requests) == 3


def test_attempts_come_later_and_later(device: Device) -> None:
    line = device.line()
    device.unreachable = [Refused("10.0.0.5:44818 refused") for _ in range(4)]
    assert read(line, "A")[0].ok
    assert device.pauses == [0.1, 0.2, 0.4, 0.8]


def test_a_call_ends_before_an_attempt_that_would_be_too_late(device: Device) -> None:
    line = device.line(timeout=1.0)
    device.unreachable = [Refused("10.0.0.5:44818 refused") for _ in range(99)]
    with pytest.raises(Refused) as caught:
        read(line, "A")
    assert device.pauses == [0.1, 0.2, 0.4]
    assert str(caught.value) == (
        "10.0.0.5:44818 refused (down for 0.7 s and 4 attempts; the next attempt is "
        "due in 0.8 s)"
    )
    # And the next call does not even try.
    del device.unreachable[:]
    line.timeout = 0.5
    with pytest.raises(Refused):
        read(line, "A")
    assert device.opened == 4
    device.now += 0.8
    assert read(line, "A")[0].ok
    assert line.backoff.since is None


def test_a_device_that_accepts_and_says_nothing_is_not_asked_without_end(
    device: Device,
) -> None:
    line = device.line(timeout=1.0)
    device.fates = [gone] * 99
    with pytest.raises(Disconnected, match=r"closed the connection .down for"):
        read(line, "A")
    assert device.pauses == [0.1, 0.2, 0.4]


def test_a_silent_device_is_a_time_out_and_the_connection_is_discarded(
    device: Device,
) -> None:
    line = device.line(timeout=2.0)
    device.fates = [silence]
    with pytest.raises(Timeout, match=r"10.0.0.5:44818 did not answer within 2 s"):
        read(line, "A")
    assert device.now == pytest.approx(1002.0, abs=0.01)
    assert (device.closed, line.connected) == (1, False)
    device.now += 1
    assert read(line, "A")[0].ok


def test_a_silent_registration_is_a_time_out_too(device: Device) -> None:
    line = device.line(timeout=2.0)
    device.controller = controller("")
    registered = Connection.answer
    try:
        Connection.answer = silence  # type: ignore[assignment, method-assign]
        with pytest.raises(Timeout, match="did not answer within 2 s"):
            read(line, "A")
    finally:
        Connection.answer = registered  # type: ignore[method-assign]
    assert (device.opened, device.closed) == (1, 1)


def test_all_of_a_call_shares_its_time(device: Device) -> None:
    def slow(one: Connection, octets: bytes) -> None:
        one.answer(octets)
        device.now += 0.4

    line = device.line(timeout=1.0)
    device.fates = [slow] * 5
    with pytest.raises(Timeout, match="within 1 s"):
        read(line, "A", "A", "A", "A", "A")
    assert device.now - 1000 < 1.5


def test_a_call_whose_time_is_over_sends_nothing(device: Device) -> None:
    line = device.line(timeout=1.0)
    read(line, "A")
    for text in ("A", "A=(DINT)1"):
        call = line.call()
        device.now += 1
        writing = line.write(call, given([text], {})) if "=" in text else None
        with pytest.raises(Timeout):
            carried(writing or line.read(call, [text]))
    assert (len(device.requests), line.connected) == (1, True)


def test_a_value_that_no_frame_holds_is_refused_or_not_sent(device: Device) -> None:
    line = device.line()
    much = Operation.parse(f'S=(STRING)"{"x" * 65500}"')
    with pytest.raises(OperationError):
        write(line, much)
    a, s = write(line, "A=(DINT)1", much)
    assert (a.ok or a.unknown, s.words) == (True, "not sent")


def test_an_answer_that_is_none_is_told_at_once(device: Device) -> None:
    line = device.line()
    device.fates = [nonsense]
    with pytest.raises(ProtocolError):
        read(line, "A")
    assert (device.closed, device.opened) == (1, 1)
    device.now += 1
    assert read(line, "A")[0].ok


def test_a_write_that_was_not_answered_is_unknown_and_not_repeated(
    device: Device,
) -> None:
    line = device.line()
    device.fates = [None, done_and_gone]
    (found,) = write(line, A=5)
    assert (found.ok, found.unknown) == (False, True)
    assert len(device.requests) == 2
    assert read(line, "A")[0].value == 5


def test_writes_after_an_unknown_one_go_on_a_new_connection(device: Device) -> None:
    line = device.line()
    device.fates = [None, gone]
    a, b = write(line, "A=(DINT)1", "B[0]=(INT)2", "B[1]=(INT)3")[1:]
    assert (a.unknown, b.ok) == (True, True)
    assert device.opened == 2
    assert [one.value for one in read(line, "B[0]", "B[1]")] == [0, 3]


def test_writes_that_could_not_be_sent_any_more_say_so(device: Device) -> None:
    line = device.line(timeout=1.0)
    device.fates = [silence]
    a, b = write(line, "A=(DINT)1", "B[0]=(INT)2")
    assert (a.unknown, b.unknown) == (True, False)
    assert (a.ok, b.ok, b.words) == (False, False, "not sent")


def test_a_write_goes_on_a_new_connection_where_the_old_one_is_found_dead(
    device: Device,
) -> None:
    line = device.line()
    device.fates = [answered_and_gone]
    read(line, "A")
    (found,) = write(line, "A=(DINT)5")
    assert (found.ok, device.opened) == (True, 2)


def test_a_write_waits_for_the_device_as_long_as_it_may(device: Device) -> None:
    line = device.line()
    device.unreachable = [Refused("refused"), Timeout("no"), Refused("refused")]
    device.unreachable[1:2] = []
    (found,) = write(line, "A=(DINT)5")
    assert found.ok
    line.close()
    device.unreachable = [Refused("refused")] * 99
    with pytest.raises(Refused):
        write(line, "A=(DINT)6")


def test_an_answer_that_is_none_makes_a_write_unknown(device: Device) -> None:
    line = device.line()
    device.fates = [nonsense]
    a, b = write(line, "A=(DINT)5", "B[0]=(INT)1")
    assert (a.unknown, b.words) == (True, "not sent")
    assert device.closed == 1


def test_a_connection_attempt_that_is_silent_takes_the_time_of_the_call(
    device: Device,
) -> None:
    line = device.line(timeout=3.0)
    device.unreachable = [Timeout("10.0.0.5:44818 did not accept a connection")]
    with pytest.raises(Timeout):
        read(line, "A")
    assert device.now == pytest.approx(1003.0, abs=0.01)


def test_a_program_that_is_left_half_way_discards_the_connection(
    device: Device,
) -> None:
    line = device.line()
    read(line, "A")
    program = line.read(line.call(), line.readings(["A"]))
    next(program)
    program.close()
    assert (device.closed, line.connected) == (1, False)


def test_an_exception_that_nobody_expects_discards_the_connection(
    device: Device,
) -> None:
    def odd(one: Connection, octets: bytes) -> None:
        raise KeyError("odd")

    line = device.line()
    device.fates = [odd]
    with pytest.raises(KeyError):
        read(line, "A")
    assert (device.closed, line.connected) == (1, False)
    assert read(line, "A")[0].ok


def test_after_close_calls_are_refused_until_open(device: Device) -> None:
    plc = device.logix()
    plc.read("A")
    plc.close()
    plc.close()
    with pytest.raises(Disconnected, match="was closed here"):
        plc.read("A")
    with pytest.raises(Disconnected, match="was closed here"):
        plc.subscribe("A", every=1)
    plc.open()
    assert plc.read("A").ok
    plc.close()


def test_open_tries_at_once_whatever_failed_before(device: Device) -> None:
    with device.logix(timeout=0.5) as plc:
        device.unreachable = [Refused("refused")] * 9
        with pytest.raises(Refused):
            plc.read("A")
        del device.unreachable[:]
        del device.pauses[:]
        plc.close()
        plc.open()
        assert plc.read("A").ok
        assert device.pauses == []


def test_an_answer_that_came_at_the_last_moment_is_an_answer(device: Device) -> None:
    class Late(Connection):
        def receive(self, timeout: float | None) -> bytes:
            device.now += 10 * len(device.requests)
            return super().receive(timeout)

    line = device.line(timeout=5.0, depth=2, opener=lambda *given: Late(device))
    assert read(line, "A")[0].ok
    assert line.connected


def test_what_sending_took_is_not_given_to_the_answer(device: Device) -> None:
    def slow(one: Connection, octets: bytes) -> None:
        device.now += 4.9

    line = device.line(timeout=5.0)
    read(line, "A")
    device.fates = [slow]
    with pytest.raises(Timeout):
        read(line, "A")
    assert device.now - 1000 < 5.01


def test_a_call_that_is_ended_here_is_no_failure_of_the_device(device: Device) -> None:
    line = device.line()
    call = line.call()

    def ended(one: Connection, octets: bytes) -> None:
        call.ended = "the subscription was stopped"
        one.close()

    device.fates = [ended]
    with pytest.raises(Disconnected, match="was stopped"):
        read(line, "A", call=call)
    assert (line.backoff.since, line.backoff.failures) == (None, 0)
    assert read(line, "A")[0].ok


def test_a_value_that_no_frame_holds_is_no_failure_of_the_device(
    device: Device,
) -> None:
    line = device.line()
    with pytest.raises(OperationError):
        write(line, Operation.parse(f'S=(STRING)"{"x" * 65500}"'))
    assert line.backoff.since is None


def test_a_failure_that_is_over_is_not_told_any_more(device: Device) -> None:
    line = device.line(timeout=1.0)
    device.unreachable = [Refused("refused, long ago")]
    read(line, "A")
    line.close()
    call = line.call()
    device.now += 1  # it had to wait for others
    with pytest.raises(Timeout, match=r"^10.0.0.5:44818 did not answer within 1 s$"):
        read(line, "A", call=call)


def test_a_connection_that_never_worked_is_not_tried_again_at_once(
    device: Device,
) -> None:
    line = device.line(timeout=0.05)
    read(line, "A")
    program = line.read(line.call(), ["A"])
    next(program)
    program.close()  # cancelled
    device.unreachable = [Refused("refused")] * 3
    with pytest.raises(Refused, match=r"the next attempt is due in 0\.1 s"):
        read(line, "A")
    assert device.opened == 2


@pytest.mark.parametrize("wrong", [5, None, b"A", bytearray(b"A")])
def test_what_is_no_tag_is_refused_in_words(
    device: Device, plc: Logix, wrong: Any
) -> None:
    with pytest.raises(OperationError, match="a tag expected"):
        plc.read(wrong)
    assert device.opened == 0


def test_a_set_has_no_order_and_is_refused(device: Device, plc: Logix) -> None:
    with pytest.raises(OperationError, match="a set has no order"):
        plc.write({"B[0-1]": {1, 2}})
    assert device.opened == 0


@pytest.mark.parametrize("value", ["18446744073709551615", "0xFFFFFFFFFFFFFFFF"])
def test_a_large_number_in_a_text_is_no_negative_one(plc: Logix, value: str) -> None:
    assert plc.write(f"L={value}").ok
    assert plc.read("L").value == float(2**64 - 1)
    with pytest.raises(OperationError, match="DINT is a whole number"):
        plc.write(f"A={value}")
    assert plc.write("A=-1").value == -1


@pytest.mark.parametrize("text", ["D=true", "S=hi", "A=1,x"])
def test_a_text_that_needs_a_cast_says_so(
    device: Device, plc: Logix, text: str
) -> None:
    with pytest.raises(OperationError, match="without a cast a value is a number"):
        plc.write(text)
    assert device.opened == 0


def test_two_that_were_given_the_same_back_off_do_not_share_it(device: Device) -> None:
    given = Backoff(1.0, random=lambda: 0.0)
    one, other = device.line(backoff=given), device.line(backoff=given)
    device.unreachable = [Refused("refused")] * 9
    with pytest.raises(Refused):
        read(one, "A")
    del device.unreachable[:]
    assert (one.backoff.failures > 0, other.backoff.failures) == (True, 0)
    assert read(other, "A")[0].ok


class Scalar:
    """A number as numpy has them."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def tolist(self) -> Any:
        return self.value


def test_numbers_and_arrays_of_numpy_are_written(plc: Logix) -> None:
    assert plc.write(A=Scalar(7)).value == 7
    assert plc.write(D=Scalar(True)).value is True
    assert plc.write({"C[0-1]": [Scalar(1.5), 2]})[0].value == [1.5, 2.0]
    assert plc.write({"B[0-1]": Scalar([3, 4])})[0].value == [3, 4]


def test_a_time_out_longer_than_any_clock_is_for_ever(device: Device) -> None:
    assert device.line(timeout=float("inf")).timeout is None


# -- addresses


@pytest.mark.parametrize(
    ("text", "kwds", "expected"),
    [
        ("10.0.0.5", {}, Place("10.0.0.5", 44818)),
        (" plc.example:2222 ", {}, Place("plc.example", 2222)),
        ("plc", {"port": 2222}, Place("plc", 2222)),
        ("[::1]:2222", {}, Place("::1", 2222)),
        ("10.0.0.5/1/3", {}, Place("10.0.0.5", 44818, Way((Port(1, 3),)))),
        (
            "10.0.0.5:99/1/3/2/10.0.0.9",
            {},
            Place("10.0.0.5", 99, Way((Port(1, 3), Port(2, "10.0.0.9")))),
        ),
        ("plc", {"route_path": "1/4"}, Place("plc", way=Way((Port(1, 4),)))),
        ("plc", {"simple": True}, Place("plc", way=Way((), ()))),
    ],
    ids=str,
)
def test_a_place_is_written_in_many_ways(
    text: str, kwds: dict[str, Any], expected: Place
) -> None:
    assert Place.of(text, **kwds) == expected


@pytest.mark.parametrize(
    ("text", "kwds"),
    [
        ("", {}),
        ("1.2.3", {}),
        ("plc:0", {}),
        ("plc:99", {"port": 98}),
        ("plc", {"port": 70000}),
        ("plc/1", {}),
        ("plc/", {}),
        ("plc/1/0", {"route_path": "1/0"}),
        ("plc/1/0", {"simple": True}),
        ("plc", {"simple": True, "route_path": "1/0"}),
        (5, {}),
    ],
    ids=str,
)
def test_a_place_that_is_none_is_refused_at_once(
    text: Any, kwds: dict[str, Any]
) -> None:
    with pytest.raises((NotationError, EncodeError)):
        Logix(text, **kwds)


def test_a_place_is_shown_as_it_can_be_written() -> None:
    assert str(Place("::1", 99)) == "[::1]:99"
    assert str(Place("plc")) == "plc:44818"


@pytest.mark.parametrize(
    "wrong", [{"timeout": 0}, {"timeout": -1}, {"depth": 0}, {"multiple": -1}], ids=str
)
def test_options_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"time-out|depth is 1|multiple is 0"):
        Logix("plc", **wrong)


def test_of_two_options_the_wrong_one_is_told() -> None:
    with pytest.raises(ValueError, match=r"^depth is 1 or more, not 0$"):
        Logix("plc", depth=0)


@pytest.mark.parametrize("kind", [Logix, SLC])
@pytest.mark.parametrize("wrong", ["5", b"5", [5], {}], ids=str)
def test_a_time_out_is_a_number(kind: Any, wrong: Any) -> None:
    with pytest.raises(TypeError, match="a time-out is a number of seconds, or None"):
        kind("plc", timeout=wrong)


@pytest.mark.parametrize("text", ["127.0.0.1:x", "plc:0", "plc:65536", "[::1]:x"])
def test_a_wrong_port_is_called_one(text: str) -> None:
    with pytest.raises(NotationError, match="a port is a number from 1 to 65535") as ex:
        Logix(text)
    assert text[: ex.value.place].endswith(":")


@pytest.mark.parametrize("value", [5, 1.5, "on", [1]])
def test_a_tag_and_its_value_apart_are_told_how_to_be_one(value: Any) -> None:
    with pytest.raises(OperationError) as raised:
        given(["SCADA", value], {})
    said = f"write(('SCADA', {value!r})) or write(SCADA={value!r})"
    assert said in raised.value.problem
    with pytest.raises(OperationError, match="write") as raised:
        given(["B[3]", value], {})
    assert raised.value.problem.endswith(f"write(('B[3]', {value!r}))")


def test_a_write_text_without_a_cast_has_no_type_yet() -> None:
    one = Write.parse("A.B[2-3] = 1, 2")
    assert (one.tag, one.values, one.operation) == ("A.B[2-3]", (1, 2), None)
    assert one.whole == (Symbol("A"), Symbol("B"))
    assert Write.parse("A=(INT)1").operation is not None


# -- threads


def test_turns_come_in_the_order_of_the_asking() -> None:
    turns = Turns()
    assert turns.take(Call(None, 0.0))
    order: list[int] = []

    def one(nth: int) -> None:
        assert turns.take(Call(20, 0.0))
        order.append(nth)
        turns.give()

    threads = []
    for nth in range(8):
        threads.append(threading.Thread(target=one, args=(nth,)))
        threads[-1].start()
        while len(turns._waiting) <= nth:
            pass
    turns.give()
    for thread in threads:
        thread.join(20)
    assert order == list(range(8))
    assert turns.take(Call(0, 0.0))


def test_a_turn_that_does_not_come_in_time_is_nobody_s() -> None:
    turns = Turns()
    assert turns.take(Call(None, 0.0))
    assert not turns.take(Call(0, 0.0))
    assert not turns.take(Call(0.001, 0.0))
    turns.give()
    assert turns.take(Call(0, 0.0))


def test_calls_of_two_threads_do_not_mix(plc: Logix) -> None:
    plc.write({"BIG[0-999]": range(1000)})
    wrong: list[Any] = []

    def hammer(first: int) -> None:
        for nth in range(first, first + 300):
            one = plc.read(f"BIG[{nth}]")
            if one.value != nth:
                wrong.append(one)

    threads = [threading.Thread(target=hammer, args=(at,)) for at in (0, 300, 600)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []


def test_a_call_that_has_to_wait_too_long_for_others_says_so(device: Device) -> None:
    plc = device.logix(timeout=0.001)
    assert plc._turns.take(Call(None, 0.0))
    with pytest.raises(Timeout, match=r"other calls had not ended within 0.001 s"):
        plc.read("A")
    plc._turns.give()
    plc.close()


def test_a_call_is_ended_before_the_next_one_can_have_its_connection(
    device: Device,
) -> None:
    plc = device.logix()
    free: list[bool] = []

    class Watched(Connection):
        def close(self) -> None:
            if plc._turns.current is call:
                free.append(plc._mutex.acquire(blocking=False))
            super().close()

    device.open = lambda *given: Watched(device)  # type: ignore[method-assign]
    plc._line._opener = device.open
    plc.read("A")
    call = plc._line.call()
    assert plc._turns.take(call)
    plc._end(call, "it was stopped")
    plc._turns.give()
    assert free == [False]
    plc.close()


def test_what_waits_for_its_turn_is_ended_while_another_call_goes_on(
    device: Device,
) -> None:
    plc = device.logix(timeout=None)
    failed: list[Exception] = []
    assert plc._turns.take(Call(None, 0.0))  # and does not end
    one = plc.subscribe("A", every=0.001, failure=failed.append)
    while not plc._turns.waiting():
        pass
    one.stop()
    assert plc._turns.waiting() == []
    assert (one.failures, failed) == (0, [])
    plc._turns.give()
    assert plc.read("A").ok
    plc.close()


def test_close_ends_what_waits_for_its_turn(device: Device) -> None:
    plc = device.logix(timeout=20)
    assert plc._turns.take(Call(None, 0.0))
    told: list[str] = []

    def ask() -> None:
        try:
            plc.read("A")
        except Disconnected as exc:
            told.append(str(exc))

    waiting = threading.Thread(target=ask)
    waiting.start()
    while not plc._turns.waiting():
        pass
    closing = threading.Thread(target=plc.close)
    closing.start()
    waiting.join(10)
    assert not waiting.is_alive()
    plc._turns.give()
    closing.join(10)
    assert told == ["10.0.0.5:44818: it was closed here"]


def test_a_subscription_is_started_before_close_can_see_it(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    plc = device.logix()
    begun = Subscription.start
    locked = []

    def start(one: Subscription) -> None:
        locked.append((plc._mutex.locked(), one in plc._subscriptions))
        begun(one)

    monkeypatch.setattr(Subscription, "start", start)
    plc.subscribe("A", every=1)
    plc.close()
    assert locked == [(True, False)]


def test_two_subscriptions_may_both_close_it(device: Device) -> None:
    plc = device.logix()
    both = threading.Barrier(2)
    closed: list[int] = []

    def close(*_: object) -> None:
        both.wait(20)
        plc.close()
        closed.append(1)

    several = [plc.subscribe(tag, every=0.001, change=close) for tag in "AD"]
    for one in several:
        one._thread.join(20)
    assert [one._thread.is_alive() for one in several] == [False, False]
    assert closed == [1, 1]


def test_a_scan_that_close_ends_has_not_failed(device: Device) -> None:
    plc = device.logix()
    failed: list[Exception] = []
    reading, ended = threading.Event(), threading.Event()

    class Held(Connection):
        def receive(self, timeout: float | None) -> bytes:
            if self.answers:
                return super().receive(timeout)
            reading.set()
            assert ended.wait(20)
            raise Disconnected("closed")

        def close(self) -> None:
            super().close()
            ended.set()
            # So late does `close` go on.
            one._thread.join(0.2)

    plc._line._opener = lambda *given: Held(device)
    device.fates = [silence]
    one = plc.subscribe("A", every=0.001, failure=failed.append)
    assert reading.wait(20)
    plc.close()
    assert (one.failures, failed) == (0, [])
