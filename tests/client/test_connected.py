# SPDX-License-Identifier: Apache-2.0
"""Operations over a connection, without a network: the simulator answers in memory.

What a device may do wrong is done to the octets of its answers.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import asking
import pytest
from asking import Frame

from cpppo.client.backoff import Backoff
from cpppo.client.calls import carried
from cpppo.client.forms import Compound
from cpppo.client.line import Line
from cpppo.client.opening import Connection, Opening, Terms
from cpppo.client.operations import Operation
from cpppo.client.pipeline import Pipeline
from cpppo.client.place import Place
from cpppo.client.replies import Lost
from cpppo.client.result import Result
from cpppo.client.way import Way
from cpppo.client.writes import given
from cpppo.errors import Disconnected, ProtocolError, Timeout, Unexpected
from cpppo.protocol.enip import Element, Reply, Symbol
from cpppo.protocol.enip.types import SSTRING, UDINT

TAGS = "A=DINT[10] B=INT[1000] BIG=DINT[60000] W=UDINT S=SSTRING[60] SCADA=INT[10]"
RR, UNIT = 0x6F, 0x70

Change = Callable[[Frame], Frame | None]


def encoded(one: Frame) -> bytes:
    return asking.frame(
        one.command, one.payload, one.session, one.context, one.status, one.options
    )


def opened(client: asking.Client, way: Way, terms: Terms | None = None) -> Connection:
    """A connection that the simulator opens."""
    opening = Opening(way, terms)
    while opening.found is None:
        opening.took(Reply.decode(client.cip(opening.request.encode())))
    return opening.found


def sequence(one: Frame) -> int:
    return int(struct.unpack_from("<H", one.payload, 20)[0])


def renamed(one: Frame, at: int, kind: str, value: int) -> Frame:
    """A frame with another number somewhere in its payload."""
    octets = bytearray(one.payload)
    struct.pack_into(kind, octets, at, value)
    return Frame(
        one.command, one.session, one.status, one.context, one.options, bytes(octets)
    )


def said(one: Frame, cip: bytes) -> Frame:
    """A connected reply that says something else."""
    octets = one.payload[:18] + struct.pack("<H", len(cip) + 2) + one.payload[20:22]
    return Frame(
        one.command, one.session, one.status, one.context, one.options, octets + cip
    )


class Wired:
    """A pipeline over a connection, and what happens to the answers."""

    def __init__(self, size: int = 4002, change: Change | None = None) -> None:
        self.client = asking.Client(asking.controller(TAGS))
        self.connection = opened(self.client, Way(), Terms(size=size))
        assert self.connection.size == size
        self.pipeline = Pipeline(self.client.handle, Way(), self.connection)
        self.change = change
        self.asked: list[Frame] = []
        self.answered: list[Frame] = []
        self.most = 0

    def run(self, operations: Iterable[Any], **how: Any) -> list[Result]:
        pipeline = self.pipeline
        pipeline.begin(operations, **how)
        found: list[Result] = []
        while not pipeline.done:
            octets = pipeline.send()
            self.asked += asking.frames(octets)
            self.most = max(self.most, pipeline.outstanding)
            answers = self.client.send(octets) if octets else []
            self.answered += answers
            if self.change is not None:
                changed = map(self.change, reversed(answers))
                answers = [one for one in changed if one is not None]
            if pipeline.outstanding:
                assert answers, "the device owes an answer"
                pipeline.receive(b"".join(map(encoded, answers)), 5.0)
            found += pipeline.take()
        return found

    def values(self, *operations: Any, **how: Any) -> list[Any]:
        return [one.value for one in self.run(operations, **how)]

    @property
    def commands(self) -> Counter[int]:
        return Counter(one.command for one in self.asked)


def test_requests_go_over_the_connection_and_count() -> None:
    wired = Wired()
    assert wired.values("A[0-2]=(DINT)1,2,3", "A[0-2]", "W", "A[1].1") == [
        [1, 2, 3], [1, 2, 3], 0, True,
    ]  # fmt: skip
    assert wired.commands == {UNIT: 4}
    assert [sequence(one) for one in wired.asked] == [1, 2, 3, 4]
    for one in wired.asked:
        assert one.payload[:8] == bytes.fromhex("00 00 00 00 00 00 02 00")
        name, count = struct.unpack_from("<II", one.payload, 8)[1], one.payload[16:18]
        assert (name, count) == (wired.connection.to_target, b"\xb1\0")
        # Nothing is around what the message router is to do.
        assert one.payload[22] in {0x4C, 0x4D}


@pytest.mark.parametrize("size", [4002, 1000, 504, 150])
@pytest.mark.parametrize("multiple", [0, 500, 60000])
def test_no_request_and_no_reply_is_larger_than_the_connection(
    size: int, multiple: int
) -> None:
    wired = Wired(size)
    values = list(range(1000))
    text = ",".join(map(str, values))
    several = [f"B[0-999]=(INT){text}", "B[0-999]", *(f"B[{n}]" for n in range(300))]
    found = wired.values(*several, multiple=multiple)
    assert found == [values, values, *range(300)]
    assert set(wired.commands) == {UNIT}
    lengths = [len(one.payload) - 20 for one in (*wired.asked, *wired.answered)]
    assert max(lengths) <= size
    assert max(lengths) > min(size, 1900) - 100


def test_long_writes_go_in_pieces_of_its_size() -> None:
    values = ",".join(["7"] * 5000)
    for size, least in ((4002, 6), (504, 41)):
        wired = Wired(size)
        (one,) = wired.run([f"BIG[0-4999]=(DINT){values}"])
        assert one.ok
        assert least <= len(wired.asked) <= least + 5


@pytest.mark.parametrize("depth", [1, 2, 7, 300])
def test_replies_in_any_order_are_each_for_their_request(depth: int) -> None:
    wired = Wired(change=lambda one: one)  # backwards
    wired.values("B[0-999]=(INT)" + ",".join(map(str, range(1000))))
    found = wired.values(*(f"B[{n}]" for n in range(1000)), depth=depth)
    assert found == list(range(1000))
    assert wired.most == depth


def test_the_sender_context_is_not_relied_on() -> None:
    def other(one: Frame) -> Frame:
        return Frame(UNIT, one.session, 0, b"whatever", one.options, one.payload)

    wired = Wired(change=other)
    found = wired.values(*["A", "W", "SCADA[0-9]"] * 20, depth=6)
    assert found == [0, 0, [0] * 10] * 20


def test_sequence_counts_wrap_and_leave_out_what_is_in_flight() -> None:
    wired = Wired()
    pipeline = wired.pipeline
    pipeline.sequence = 0xFFFD
    wired.values(*["A"] * 5)
    assert [sequence(one) for one in wired.asked] == [0xFFFE, 0xFFFF, 0, 1, 2]
    pipeline.begin(["A", "W"], depth=2)
    asked = pipeline.send()
    assert [sequence(one) for one in asking.frames(asked)] == [3, 4]
    pipeline.sequence = 2
    pipeline.counts = 0xFFFF  # so many since all was answered
    assert pipeline.counted() == 5
    assert pipeline.receive(wired.client.raw(asked))
    assert [one.value for one in pipeline.take()] == [0, 0]


def test_all_counts_in_flight_are_an_end() -> None:
    pipeline = Wired().pipeline
    pipeline.ignored.update(-1 - one for one in range(0x10000))
    pipeline.counts = 0xFFFF
    with pytest.raises(Lost, match="were not answered"):
        pipeline.counted()


@pytest.mark.parametrize(
    ("at", "kind", "value", "match"),
    [
        (20, "<H", 4711, "no request has its sequence count"),
        (12, "<I", 4711, "a connection that is not ours"),
        (8, "<H", 0, "left over"),
        (16, "<H", 0xB2, "ReplyFrame|Reply"),
        (6, "<H", 1, "ReplyFrame|Reply"),
    ],
)
def test_an_answer_that_is_for_nobody_is_an_error(
    at: int, kind: str, value: int, match: str
) -> None:
    wired = Wired(change=lambda one: renamed(one, at, kind, value))
    with pytest.raises(ProtocolError, match=match):
        wired.values("A")


def test_an_answer_may_name_the_connection_as_the_request_did() -> None:
    """The simulator of cpppo 5.2.5 does."""
    wired = Wired()
    name = wired.connection.to_target
    wired.change = lambda one: renamed(one, 12, "<I", name)
    assert wired.values("A", "SCADA[0-9]", depth=2) == [0, [0] * 10]


def test_an_answer_of_another_session_is_an_error() -> None:
    def other(one: Frame) -> Frame:
        return Frame(UNIT, 1, 0, one.context, 0, one.payload)

    with pytest.raises(Unexpected, match="another session"):
        Wired(change=other).values("A")


def test_an_answer_twice_is_an_error() -> None:
    wired = Wired()
    wired.pipeline.begin(["A", "W"])
    answer = wired.client.raw(wired.pipeline.send())
    with pytest.raises(Unexpected, match="nobody"):
        wired.pipeline.receive(answer * 2)


def test_a_connected_answer_without_a_connection_is_an_error() -> None:
    client = asking.Client(asking.controller(TAGS))
    pipeline = Pipeline(client.handle, Way())
    pipeline.begin(["A"])
    (answer,) = client.send(pipeline.send())
    with pytest.raises(Unexpected, match="to nobody"):
        pipeline.receive(asking.frame(UNIT, answer.payload, answer.session))


def test_answers_to_what_was_given_up_are_ignored() -> None:
    wired = Wired()
    pipeline = wired.pipeline
    pipeline.begin(["A", "W"], depth=2)
    late = wired.client.raw(pipeline.send())
    assert len(pipeline.abandon()) == 2
    pipeline.begin(["SCADA[0-9]"])
    octets = pipeline.send()
    pipeline.receive(late + wired.client.raw(octets))
    assert [one.value for one in pipeline.take()] == [[0] * 10]
    assert not pipeline.ignored


@pytest.mark.parametrize("context", [True, False])
def test_a_frame_that_is_refused_is_a_result(context: bool) -> None:
    """It has no sequence count: who has one request in flight knows whose it is."""

    def header(one: Frame) -> Frame:
        return Frame(UNIT, one.session, 3, one.context if context else bytes(8), 0, b"")

    wired = Wired()
    wired.run(["A"])
    wired.change = header
    (one,) = wired.run(["A"])
    assert (one.status, one.encapsulated) == (3, True)
    assert "refused the frame" in one.words


def test_who_refuses_the_first_frame_takes_nothing_over_its_connections() -> None:
    def header(one: Frame) -> Frame:
        return Frame(UNIT, one.session, 1, one.context, 0, b"")

    wired = Wired(change=header)
    with pytest.raises(Lost, match="takes nothing over it: unsupported command"):
        wired.run(["W=(UDINT)1"])
    (left,) = wired.pipeline.abandon()
    assert not left.sent


def test_what_has_a_way_of_its_own_goes_beside_it() -> None:
    wired = Wired()
    straight = {"path": [{"symbolic": "A"}], "route_path": False, "send_path": ""}
    along = {"path": [{"symbolic": "A"}], "route_path": "1/0"}
    assert wired.values("A", straight, along, multiple=500) == [0, 0, 0]
    assert wired.commands == {UNIT: 2, RR: 1}


def test_what_does_not_fit_goes_beside_it() -> None:
    wired = Wired(150)
    text = '"' + "x" * 200 + '"'
    assert wired.values(f"S[0]=(SSTRING){text}", "S[0]")[0] == "x" * 200
    assert wired.commands[RR] == 1


def test_what_does_not_fit_shares_what_goes_around_it() -> None:
    wired = Wired(150)
    text = '"' + "x" * 200 + '"'
    several = [f"S[{nth}]=(SSTRING){text}" for nth in range(3)]
    around = [wired.pipeline.ready(one).envelope for one in several]
    assert around[0] is not None and not around[0].connected
    assert around == around[:1] * 3
    assert wired.pipeline.ready("A").envelope is None


def test_of_several_writes_as_one_the_largest_has_to_fit() -> None:
    wired = Wired(150)
    several = [
        Operation("write", (Symbol("W"),), 1, None, UDINT, (5,)),
        Operation("write", (Symbol("S"), Element(0)), 1, None, SSTRING, ("x" * 200,)),
    ]
    path = (Symbol("W"),)
    both = Compound("write", path, data=(5,), text="W", several=tuple(several))
    assert wired.values(both, "S[0]") == [5, "x" * 200]
    over = [one for one in wired.asked if one.command == UNIT]
    assert max(len(one.payload) - 20 for one in over) <= 150


def test_a_refusal_is_a_result_as_ever() -> None:
    wired = Wired()
    found = wired.run(["NONE", "A", "A[90]", "A"], multiple=4000)
    assert [one.ok for one in found] == [False, True, False, True]
    assert [one.status for one in found] == [5, 0, 0xFF, 0]


# -- the end of a connection


GONE = {
    "not found": bytes.fromhex("cc 00 01 01 07 01"),
    "timed out": bytes.fromhex("cc 00 01 01 03 02"),
    "lost": bytes.fromhex("cc 00 07 00"),
}


@pytest.mark.parametrize("how", GONE)
def test_who_says_that_there_is_none_ends_it(how: str) -> None:
    wired = Wired(change=lambda one: said(one, GONE[how]))
    with pytest.raises(Lost, match="the device closed the connection"):
        wired.run(["A", "W=(UDINT)5", "A"], depth=3)
    left = wired.pipeline.abandon()
    # Who has lost it may have handed on what was asked.
    doubtful = how == "lost"
    assert [one.sent for one in left] == [doubtful] * 3
    assert [one.unknown for one in left] == [False, doubtful, False]


@pytest.mark.parametrize("how", GONE)
def test_where_there_is_none_any_more_nothing_more_is_asked(how: str) -> None:
    wired = Wired(change=lambda one: said(one, GONE[how]))
    for _ in range(3):
        with pytest.raises(Lost, match="the device closed the connection"):
            wired.run(["A"])
        wired.pipeline.abandon()


def test_other_failures_of_a_connection_are_results() -> None:
    wired = Wired(change=lambda one: said(one, bytes.fromhex("cc 00 01 01 04 02")))
    (one,) = wired.run(["A"])
    assert (one.status, one.extended) == (1, (0x0204,))


def test_a_write_of_which_a_piece_was_done_is_unknown() -> None:
    pieces = iter([None, GONE["timed out"]])

    def change(one: Frame) -> Frame:
        cip = next(pieces)
        return one if cip is None else said(one, cip)

    wired = Wired(504, change)
    with pytest.raises(Lost):
        wired.run(["BIG[0-499]=(DINT)" + ",".join(["7"] * 500)])
    (one,) = wired.pipeline.abandon()
    assert one.unknown


# -- a line over it


class Device:
    """A simulator, and a network in memory; `change` is what comes of an answer."""

    def __init__(self) -> None:
        self.controller = asking.controller(TAGS)
        self.now = 1000.0
        self.opened = 0
        self.asked: list[Frame] = []
        self.change: Callable[[Frame, Frame], Frame | None] = lambda asked, one: one

    def open(self, *_: object) -> Wire:
        self.opened += 1
        return Wire(self)

    def pause(self, seconds: float) -> None:
        self.now += seconds

    def line(self, **kwds: Any) -> Line:
        how = {"timeout": 5.0, "depth": None, "multiple": None, "connected": True}
        return Line(
            Place("10.0.0.5"),
            opener=self.open,
            pause=self.pause,
            backoff=Backoff(random=lambda: 0.0),
            clock=lambda: self.now,
            **how | kwds,
        )

    def services(self) -> list[int]:
        """What was asked, by its service; over a connection, by it and 0x100."""
        found = []
        for one in self.asked:
            if one.command == RR:
                found.append(one.payload[16])
            elif one.command == UNIT:
                found.append(0x100 | one.payload[22])
        return found


class Wire:
    """One connection of TCP to it."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.session = device.controller.session(asking.TCP)
        self.answers: list[bytes] = []
        self.ended = False

    def send(self, octets: bytes, timeout: float | None) -> None:
        for one in asking.frames(octets):
            self.device.asked.append(one)
            for answer in asking.frames(self.session.receive(encoded(one))):
                changed = self.device.change(one, answer)
                if changed is not None:
                    self.answers.append(encoded(changed))

    def receive(self, timeout: float | None) -> bytes:
        if self.answers:
            return self.answers.pop(0)
        assert timeout is not None
        self.device.now += timeout
        raise Timeout(f"no answer from 10.0.0.5:44818 within {timeout} s")

    def readable(self, timeout: float | None = 0) -> bool:
        return bool(self.answers)

    def close(self) -> None:
        if not self.ended:
            self.session.close()
        self.ended = True


def read(line: Line, *tags: str) -> Any:
    return carried(line.read(line.call(), line.readings(tags)))


def write(line: Line, *items: Any) -> Any:
    return carried(line.write(line.call(), given(items, {})))


OPEN, SMALL, CLOSE, READ, WRITE = 0x5B, 0x54, 0x4E, 0x4C, 0x4D


def test_a_line_opens_a_connection_and_closes_it() -> None:
    device = Device()
    line = device.line()
    assert line.state == "not connected"
    assert [one.value for one in read(line, "A", "W")] == [0, 0]
    assert line.connection
    assert line.state == "connected; a connection of 4002 octets"
    assert (line.depth, line.multiple) == (1, 4000)
    carried(line.part())
    assert device.services() == [OPEN, 0x10A, CLOSE]
    assert not line.connected


def test_who_wants_none_has_none() -> None:
    device = Device()
    line = device.line(connected=False)
    read(line, "A")
    assert device.services() == [0x52]  # Unconnected Send
    assert not line.connection
    assert line.state == "connected"
    assert (line.depth, line.multiple) == (4, 500)
    carried(line.part())
    assert device.services() == [0x52]


def test_what_was_told_of_depth_and_packets_is_kept() -> None:
    line = Device().line(depth=3, multiple=0)
    read(line, "A", "W")
    assert (line.depth, line.multiple) == (3, 0)


def refusing(status: str) -> Callable[[Frame, Frame], Frame]:
    """Who opens no connection."""

    def change(asked: Frame, one: Frame) -> Frame:
        if asked.command != RR or asked.payload[16] not in {OPEN, SMALL}:
            return one
        reply = bytes((asked.payload[16] | 0x80, 0)) + bytes.fromhex(status)
        return asking.frames(asking.rr(reply, one.session, one.context))[0]

    return change


def test_a_device_that_opens_none_is_asked_without() -> None:
    device = Device()
    device.change = refusing("08 00")
    line = device.line()
    assert read(line, "A")[0].value == 0
    assert device.services() == [OPEN, SMALL, 0x52]
    assert line.state == "connected; no connection: service not supported there"
    assert device.opened == 1


@pytest.mark.parametrize("size", [504, 1000])
def test_a_device_may_say_the_size(size: int) -> None:
    device = Device()
    first = refusing("01 02 09 01" + struct.pack("<H", size).hex())

    def change(asked: Frame, one: Frame) -> Frame:
        return first(asked, one) if len(device.asked) < 3 else one

    device.change = change
    line = device.line()
    read(line, "A")
    # The simulator had opened the first one, and tells that its number is taken.
    assert device.services() == [OPEN, OPEN, OPEN, 0x14C]
    assert line.connection is not None
    assert line.connection.size == line.multiple + 2 == size


def test_silence_at_forward_open_leaves_time_to_ask_without() -> None:
    device = Device()
    device.change = lambda asked, one: (
        None if asked.command == RR and asked.payload[16] == OPEN else one
    )
    line = device.line()
    assert read(line, "A")[0].value == 0
    assert device.now < 1005
    assert device.opened == 2
    assert line.connection is not None
    assert "no answer" in line.connection.why


def test_a_connection_over_which_nothing_ever_comes_is_not_opened_again() -> None:
    device = Device()
    device.change = lambda asked, one: None if asked.command == UNIT else one
    line = device.line()
    with pytest.raises(Timeout):
        read(line, "A")
    assert read(line, "A")[0].value == 0
    assert device.services() == [OPEN, 0x14C, 0x52]
    line.close()
    # Nor does the next session, however often one is needed; but some time it is.
    device.asked.clear()
    assert read(line, "A")[0].value == 0
    assert device.services() == [0x52]
    line.close()
    device.now += 700
    device.change = lambda asked, one: one
    read(line, "A")
    assert line.connection


ASIDE = {"path": [{"symbolic": "A"}], "route_path": False, "send_path": ""}


def identified(line: Line) -> None:
    assert carried(line.identify(line.call()))["vendor"] == 1


def asked_aside(line: Line) -> None:
    assert carried(line.read(line.call(), [ASIDE]))[0].ok


@pytest.mark.parametrize("beside", [identified, asked_aside])
def test_what_is_answered_beside_a_connection_does_not_prove_it(
    beside: Callable[[Line], None],
) -> None:
    device = Device()
    device.change = lambda asked, one: None if asked.command == UNIT else one
    line = device.line()
    found = []
    for _ in range(5):
        beside(line)
        try:
            found += [one.ok for one in read(line, "A")]
        except Timeout:
            assert not found
    assert found == [True] * 4
    assert device.services().count(0x14C) == 1


def test_what_is_not_answered_beside_a_connection_says_nothing_of_it() -> None:
    device = Device()
    device.change = lambda asked, one: (
        None if asked.command == RR and asked.payload[16] == READ else one
    )
    line = device.line()
    for _ in range(2):
        with pytest.raises(Timeout):
            carried(line.read(line.call(), [ASIDE]))
        assert read(line, "A")[0].ok
        assert line.connection


def test_a_session_that_is_left_while_it_is_asked_tells_nobody() -> None:
    device = Device()
    line = device.line()
    read(line, "A")
    assert line._pipeline is not None and line.wire is not None
    line._pipeline.begin(["A"])
    line.wire.send(line._pipeline.send(), None)
    carried(line.part())
    assert CLOSE not in device.services()
    assert not line.connected


def test_who_is_opened_anew_is_asked_for_a_connection_anew() -> None:
    device = Device()
    device.change = lambda asked, one: None if asked.command == UNIT else one
    line = device.line()
    with pytest.raises(Timeout):
        read(line, "A")
    assert read(line, "A")[0].ok
    carried(line.part())
    line.closed = True
    line.open()
    device.change = lambda asked, one: one
    assert read(line, "A")[0].ok
    assert line.connection


def test_one_that_fails_without_a_connection_too_is_asked_for_one_again() -> None:
    device = Device()
    device.change = lambda asked, one: None if asked.command in {UNIT, RR} else one
    line = device.line()
    for _ in range(2):
        with pytest.raises(Timeout):
            read(line, "A")
    device.change = lambda asked, one: one
    device.now += 60
    assert read(line, "A")[0].ok
    assert line.connection


def test_silence_at_forward_open_costs_its_time_once() -> None:
    device = Device()
    device.change = lambda asked, one: (
        None if asked.command == RR and asked.payload[16] in {OPEN, SMALL} else one
    )
    line = device.line()
    for nth in range(5):
        began = device.now
        assert read(line, "A")[0].ok
        assert (device.now - began > 1) == (nth == 0)
        line.close()


@pytest.mark.parametrize("command", [RR, UNIT])
def test_who_answers_nonsense_to_it_is_asked_without_in_the_same_call(
    command: int,
) -> None:
    device = Device()

    def change(asked: Frame, one: Frame) -> Frame:
        opening = asked.command == RR and asked.payload[16] in {OPEN, SMALL}
        wrong = asked.command == UNIT if command == UNIT else opening
        return renamed(one, 12, "<I", 4711) if wrong else one

    device.change = change
    line = device.line()
    assert read(line, "A", "W")[0].ok
    assert not line.connection
    assert device.services()[-1] == 0x52


def test_nonsense_after_an_answer_is_an_error_as_ever() -> None:
    device = Device()
    line = device.line()
    read(line, "A")
    device.change = lambda asked, one: renamed(one, 12, "<I", 4711)
    with pytest.raises(ProtocolError):
        read(line, "A")


def test_who_takes_no_frames_of_connections_is_asked_without() -> None:
    device = Device()
    device.change = lambda asked, one: (
        Frame(UNIT, one.session, 1, one.context, 0, b"")
        if asked.command == UNIT
        else one
    )
    line = device.line()
    (one,) = write(line, "W=(UDINT)8")
    assert one.ok
    assert read(line, "W")[0].value == 8
    assert device.services() == [OPEN, 0x14D, 0x52, 0x52]


def test_nobody_is_connected_along_a_route_to_nobody() -> None:
    device = Device()
    device.change = refusing("01 01 12 03")
    line = device.line()
    read(line, "A")
    assert line.state.startswith("not connected: ")
    assert "nobody has this link address" in line.state


def losing(times: int, how: str = "timed out") -> Callable[[Frame, Frame], Frame]:
    """Who says of so many connections that there are none."""
    left = [times]

    def change(asked: Frame, one: Frame) -> Frame:
        if asked.command == UNIT and left[0]:
            left[0] -= 1
            return said(one, bytes([asked.payload[22] | 0x80]) + GONE[how][1:])
        return one

    return change


@pytest.mark.parametrize("how", GONE)
def test_reads_are_asked_again_over_another_connection(how: str) -> None:
    device = Device()
    line = device.line()
    read(line, "A")
    device.change = losing(1, how)
    assert read(line, "A")[0].value == 0
    assert device.services() == [OPEN, 0x14C, 0x14C, OPEN, 0x14C]
    assert device.now == 1000


def test_a_write_that_a_lost_connection_refused_is_sent_again() -> None:
    device = Device()
    line = device.line()
    read(line, "A")
    device.change = losing(1)
    (one,) = write(line, "W=(UDINT)7")
    assert one.ok
    assert device.services() == [OPEN, 0x14C, 0x14D, OPEN, 0x14D]
    assert read(line, "W")[0].value == 7


def test_a_write_over_a_connection_that_was_lost_on_the_way_is_unknown() -> None:
    """A bridge that lost the other side may have handed it on before."""
    device = Device()
    line = device.line()
    read(line, "A")
    device.change = losing(1, "lost")
    (one,) = write(line, "W=(UDINT)7")
    assert one.unknown
    assert device.services() == [OPEN, 0x14C, 0x14D]


@pytest.mark.parametrize("pages", [True, False])
def test_parts_that_lead_nowhere_give_no_more_time(pages: bool) -> None:
    """Who begins each answer and goes cannot have somebody ask for ever."""
    device = Device()

    def change(asked: Frame, one: Frame) -> Frame:
        assert device.opened < 1000
        if asked.command == UNIT and asked.payload[22] == 0x52:
            raise Disconnected("10.0.0.5:44818 closed the connection")
        return one

    device.change = change
    line = device.line(timeout=100.0)
    call = line.call()
    call.pages = pages
    with pytest.raises(Disconnected):
        carried(line.read(call, ["BIG{60000}"]))
    assert device.now <= 1000 + 200


def test_a_write_without_answer_is_never_sent_again() -> None:
    device = Device()
    line = device.line()
    read(line, "A")
    device.change = lambda asked, one: None if asked.command == UNIT else one
    (one,) = write(line, "W=(UDINT)7")
    assert one.unknown
    assert device.services().count(0x14D) == 1


def test_who_always_loses_it_is_asked_without() -> None:
    device = Device()
    device.change = losing(1000)
    line = device.line()
    assert read(line, "A")[0].value == 0
    assert device.services() == [OPEN, 0x14C, 0x52]
    assert line.connection is not None
    assert "closed the connection" in line.connection.why


@pytest.mark.parametrize("reading", [True, False])
def test_who_leaves_before_anything_was_asked_over_it_is_asked_over_another(
    reading: bool,
) -> None:
    device = Device()
    line = device.line()
    carried(line.identify(line.call()))
    assert isinstance(line.wire, Wire)
    line.wire.answers.append(b"")  # the end of the stream
    assert (read(line, "A") if reading else write(line, "W=(UDINT)7"))[0].ok
    assert line.connection
    assert device.services() == [OPEN, OPEN, 0x14C if reading else 0x14D]


def test_who_leaves_instead_of_telling_who_it_is_is_asked_over_another() -> None:
    device = Device()
    left = [1]

    def change(asked: Frame, one: Frame) -> Frame:
        if asked.command == 0x63 and left:
            left.pop()
            raise Disconnected("10.0.0.5:44818 closed the connection")
        return one

    device.change = change
    line = device.line()
    assert carried(line.identify(line.call()))["vendor"] == 1
    assert read(line, "A")[0].ok
    assert device.services() == [OPEN, OPEN, 0x14C]


def test_an_idle_connection_is_not_trusted() -> None:
    device = Device()
    line = device.line()
    read(line, "A")
    for _ in range(20):
        device.now += 60
        read(line, "A")
    assert device.opened == 1
    device.now += 3600
    write(line, "W=(UDINT)7")
    assert device.opened == 2
    assert device.services()[-2:] == [OPEN, 0x14D]


def test_one_that_was_just_opened_is_used() -> None:
    device = Device()
    line = device.line()
    assert carried(line.identify(line.call()))["vendor"] == 1
    assert read(line, "A")[0].value == 0
    assert device.opened == 1


def test_a_device_that_does_not_answer_forward_close_is_left() -> None:
    device = Device()
    line = device.line()
    read(line, "A")
    device.change = lambda asked, one: None
    carried(line.part())
    assert not line.connected
    assert device.now - 1000 <= 0.5
    with pytest.raises(Disconnected):
        line._wire()
