# SPDX-License-Identifier: Apache-2.0
"""A connector and a device on the loopback: the manual's six, and all that goes wrong.

`serving` is our simulator, `far` a device that answers as a test says.
"""

from __future__ import annotations

import gc
import itertools
import logging
import struct
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any

import asking
import pytest
from peers import LOOPBACK, PATIENCE, Far, far, serving, vacant

from cpppo.client.connector import connector
from cpppo.client.operations import OperationError, parse_operations
from cpppo.dotdict import dotdict
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

TAGS = "SCADA=INT[1000] TEXT=SSTRING[4] A=DINT B=DINT F=REAL"


@pytest.fixture
def conn() -> Iterator[connector]:
    with serving(asking.controller(TAGS)) as (host, port):
        one = connector(host, port, timeout=PATIENCE)
        yield one
        one.close()


def to(one: Far, timeout: float = PATIENCE, **kwds: Any) -> connector:
    """A connector whose requests go straight."""
    how = {"route_path": False, "send_path": "", **kwds}
    return connector(*one.address, timeout=timeout, **how)


def answered(frame: asking.Frame, data: bytes = b"\xc3\0\5\0") -> bytes:
    cip = asking.cip_in(frame)
    reply = bytes((cip[0] | 0x80, 0, 0, 0)) + (b"" if cip[0] == 0x4D else data)
    return asking.rr(reply, 7, frame.context)


def good(_: Far, frame: asking.Frame) -> bytes:
    return answered(frame)


# -- the manual's six


def test_the_six_of_the_manual(conn: connector) -> None:
    operations = parse_operations(["SCADA[1]=99", "SCADA[0-2]", "NOBODY"])
    first, second, third = conn.synchronous(operations)
    assert [one[0] for one in (first, second, third)] == [0, 1, 2]
    assert first[1].split() == ["Single", "Write", "Tag", "SCADA[1-1]"]
    assert second[1].split() == ["Single", "Read", "Tag", "SCADA[0-2]"]
    assert third[1].split() == ["Single", "Read", "Tag", "NOBODY"]
    assert [one[4] for one in (first, second)] == [0, 0]
    assert [one[5] for one in (first, second, third)] == [True, [0, 99, 0], None]
    assert third[4] == 5 or third[4] == (5, [0])
    for one in (first, second, third):
        assert isinstance(one[2], dotdict)
        assert isinstance(one[3], dotdict)


def test_requests_and_replies_have_the_published_keys(conn: connector) -> None:
    ((_, _, request, reply, _, _),) = conn.synchronous(["SCADA[1-2]=7,8"])
    assert request["service"] == 0x4D
    assert request["path.segment"] == [{"symbolic": "SCADA"}, {"element": 1}]
    assert request["write_tag.type"] == 0xC3
    assert request["write_tag.elements"] == 2
    assert list(request["write_tag.data"]) == [7, 8]
    assert (reply["service"], reply["status"]) == (0xCD, 0)
    ((_, _, request, reply, _, _),) = conn.synchronous(["SCADA[1-2]"])
    assert request.read_tag.elements == 2
    assert reply.read_tag.type == 0xC3
    assert list(reply.read_tag.data) == [7, 8]
    ((_, _, request, reply, status, _),) = conn.synchronous(["SCADA[9999]"])
    assert status == (0xFF, [0x2105])
    assert reply["status"] == 0xFF
    assert reply["status_ext.data"] == [0x2105]


def test_a_read_of_several_replies_has_all_values_in_its_reply(conn: connector) -> None:
    ((_, _, _, reply, status, value),) = conn.pipeline(["SCADA[0-999]"], depth=4)
    assert status == 0
    assert len(value) == 1000
    name = "read_frag" if "read_frag" in reply else "read_tag"
    assert list(reply[name]["data"]) == value


@pytest.mark.parametrize("depth", [0, 1, 5, 40])
@pytest.mark.parametrize("multiple", [0, 200, 4000])
def test_any_depth_and_any_packet(conn: connector, depth: int, multiple: int) -> None:
    given = [f"SCADA[{n}]={n}" for n in range(50)] + [f"SCADA[{n}]" for n in range(50)]
    found = list(conn.operate(given, depth=depth, multiple=multiple, index=3))
    assert [one[5] for one in found] == [True] * 50 + [[n] for n in range(50)]
    indices = [one[0] for one in found]
    assert indices[0] == 3
    assert indices == sorted(indices)
    if not multiple:
        assert indices == [*range(3, 103)]
    else:
        assert indices[-1] < 60
        assert found[0][1].startswith("Multi.")


def test_fragments_say_so(conn: connector) -> None:
    (written, read) = conn.operate(["SCADA[0-1]=3,4", "SCADA[0-1]"], fragment=True)
    assert (written[1].split()[2], read[1].split()[2]) == ("Frag", "Frag")
    assert "read_frag" in read[2]
    assert read[2].read_frag.offset == 0
    assert read[5] == [3, 4]


def test_attributes(conn: connector) -> None:
    operation = {"method": "get_attribute_single", "path": "@1/1/1"}
    ((_, description, request, reply, status, value),) = conn.synchronous([operation])
    assert "G_A_S" in description
    assert request["get_attribute_single"]
    assert status == 0
    assert list(reply["get_attribute_single.data"]) == value
    assert len(value) == 2


# -- each result before the next request


def test_one_by_one_means_that_a_result_is_had_before_the_next_is_asked() -> None:
    with far(good) as device:
        one = to(device)
        asked: list[int] = []
        had: list[int] = []

        def operations() -> Iterator[str]:
            for n in range(4):
                asked.append(n)
                assert len(had) == n
                yield "A"

        try:
            for idx, *_ in one.synchronous(operations()):
                had.append(idx)
                assert asked == had
                assert device.seen.qsize() == len(had)
        finally:
            one.close()
        assert had == [0, 1, 2, 3]


def test_only_what_may_be_in_flight_is_sent() -> None:
    def hold(one: Far, frame: asking.Frame) -> bytes:
        if one.seen.qsize() < 3:
            return b""
        frames = [one.seen.get() for _ in range(3)]
        return b"".join(map(answered, frames))

    with far(hold) as device:
        one = to(device)
        try:
            assert list(one.results(["A"] * 9, depth=3)) == [[5]] * 9
        finally:
            one.close()


# -- validate, results, process


def test_validating_fills_in_what_was_written(conn: connector) -> None:
    given = ["SCADA[1-2]=7,8", 'TEXT=(SSTRING)"x"', "SCADA[1-2]", "NOBODY=1"]
    found = list(conn.operate(given, validating=True))
    assert [one[5] for one in found] == [[7, 8], ["x"], [7, 8], None]


def test_validating_a_long_write_fills_in_all_of_it(conn: connector) -> None:
    text = "SCADA[0-999]=" + ",".join(str(n) for n in range(1000))
    ((*_, value),) = conn.operate([text], validating=True)
    assert list(value) == [*range(1000)]


def test_printing_prints_lines_as_the_manual(
    conn: connector, capsys: pytest.CaptureFixture[str]
) -> None:
    list(conn.operate(["SCADA[1]=99", "SCADA[0-2]", "F", "NOBODY"], printing=True))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].strip() == "SCADA[1][  1-1  ]+  0 <= [99]: 'OK'"
    assert lines[1].strip() == "SCADA[0][  0-2  ]+  0 == [0, 99, 0]: 'OK'"
    assert lines[2].split() == ["F", "==", "[0.0]:", "'OK'"]
    assert "NOBODY" in lines[3]
    assert "OK" not in lines[3]


def test_what_failed_is_logged(
    conn: connector, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        list(conn.operate(["NOBODY", "A"], validating=True))
    (record,) = caplog.records
    assert "NOBODY" in record.getMessage()
    assert "no such tag" in record.getMessage()


def test_results_are_the_values(conn: connector) -> None:
    given = ["A=5", "A", "NOBODY", "SCADA[0-1]"]
    assert list(conn.results(given)) == [True, [5], None, [0, 0]]
    assert list(conn.results(given, validating=True)) == [[5], [5], None, [0, 0]]


def test_process_counts_the_failures(conn: connector) -> None:
    given = ["A=5", "A", "NOBODY", "SCADA[0-1]", "SCADA[5000]"]
    failures, values = conn.process(given, depth=2)
    assert failures == 2
    assert values == [True, [5], None, [0, 0], None]
    _, values = conn.process(given, validating=True)
    assert values == [[5], [5], None, [0, 0], None]
    assert conn.process([]) == (0, [])


def test_results_in_full(conn: connector) -> None:
    found = list(conn.ask(["A=5", "A", "NOBODY"], depth=3))
    assert [one.value for one in found] == [5, 5, None]
    assert all(abs(one.time - time.time()) < PATIENCE for one in found)


# -- ways


def test_the_way_is_that_of_the_operation_of_who_asks_or_of_the_connector() -> None:
    def answer(_: Far, frame: asking.Frame) -> bytes:
        cip = asking.cip_in(frame)
        inner = cip[10:] if cip[0] == 0x52 else cip
        return asking.rr(
            bytes((inner[0] | 0x80, 0, 0, 0)) + b"\xc3\0\1\0", 7, frame.context
        )

    with far(answer) as device:
        one = connector(*device.address, timeout=PATIENCE, route_path="1/3")
        try:
            given: list[Any] = ["A", {"path": "A", "route_path": "1/4"}, "A"]
            assert list(one.results(given)) == [[1]] * 3
            assert list(one.results(["A"], route_path="1/5", timeout_ticks=9)) == [[1]]
            assert list(one.results(["A"], route_path=False, send_path="")) == [[1]]
            assert list(one.results(["A"])) == [[1]]
            sent = [device.request() for _ in range(6)]
        finally:
            one.close()
    read = asking.read("A")
    assert [octets[-1] for octets in sent[:4]] == [3, 4, 3, 5]
    assert sent[3][7] == 9
    assert sent[4] == read
    assert sent[5] == sent[0] == asking.unconnected(read, b"\1\3")


@pytest.mark.parametrize(
    "wrong",
    [
        {"route_path": "x"},
        {"send_path": "@@"},
        {"priority_time_tick": 99},
        {"timeout_ticks": -1},
        {"route_path": [{"port": 1, "link": 0}] * 300},  # more than a request holds
    ],
)
def test_a_wrong_way_leaves_no_connection(wrong: dict[str, Any]) -> None:
    with far(good) as device:
        with pytest.raises(CpppoError):
            connector(*device.address, timeout=PATIENCE, **wrong)
        gc.collect()  # a socket that was left open would be told of


def test_a_wrong_way_of_who_asks_leaves_things_as_they_were(conn: connector) -> None:
    with pytest.raises(CpppoError):
        list(conn.results(["A"], route_path="x"))
    assert list(conn.results(["A"])) == [[0]]


# -- operations that are wrong


def test_a_bad_text_is_said_after_those_before_it(conn: connector) -> None:
    found = []
    with pytest.raises(OperationError):
        for value in conn.results(["A=1", "A", "A[["]):
            found.append(value)
    assert found == [True, [1]]
    assert not conn.closed
    assert list(conn.results(["A"])) == [[1]]


def test_a_list_is_known_to_be_wrong_before_anything_is_sent(conn: connector) -> None:
    with pytest.raises(OperationError):
        conn.process(list(parse_operations(["A=1", "A[["])))
    assert list(conn.results(["A"])) == [[0]]


# -- generators that end early


def test_a_generator_that_is_closed_leaves_the_connector_usable(
    conn: connector,
) -> None:
    for depth in (0, 1, 9):
        for _ in range(5):
            results = conn.results(itertools.repeat("A"), depth=depth)
            assert next(results) == [0]
            results.close()  # type: ignore[attr-defined]
        assert list(conn.results(["A=1", "A", "A=0"])) == [True, [1], True]
        for one in conn.operate(itertools.repeat("A"), depth=depth):
            assert one[5] == [0]
            break
        gc.collect()
        assert list(conn.results(["A"] * 3, depth=depth)) == [[0]] * 3


def test_a_generator_that_was_left_does_not_take_the_next_ones_results(
    conn: connector,
) -> None:
    conn.process(["A=1", "B=2"])
    left = conn.ask(["A"])
    assert next(left).value == 1
    second = conn.ask(["B", "A", "B"])
    assert next(second).value == 2
    assert list(left) == []  # it had one, and that was taken
    assert [one.value for one in second] == [1, 2]


def test_a_generator_that_is_forgotten_does_not_end_the_next(conn: connector) -> None:
    conn.process(["A=1", "B=2"])
    left = conn.ask(["A"])
    next(left)
    second = conn.ask(["B", "A", "B"])
    next(second)
    del left
    gc.collect()
    assert [one.value for one in second] == [1, 2]


# -- who uses it


def test_threads_take_turns(conn: connector) -> None:
    wrong: list[Any] = []

    def work(tag: str) -> None:
        for n in range(30):
            with conn as mine, mine:  # again within itself
                found = list(mine.results([f"{tag}={n}", tag], depth=2))
                if found != [True, [n]]:
                    wrong.append(found)

    threads = [threading.Thread(target=work, args=(tag,)) for tag in ("A", "B")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert not wrong
    assert not conn.closed


def test_the_end_of_with_is_not_the_end(conn: connector) -> None:
    with conn:
        pass
    assert not conn.closed
    assert list(conn.results(["A"])) == [[0]]
    conn.close()
    conn.close()
    assert conn.closed
    with pytest.raises(TransportError):
        list(conn.results(["A"]))


def test_it_says_where_and_who(conn: connector) -> None:
    assert conn.addr[0] == LOOPBACK
    assert conn.session
    assert str(conn.session) in str(conn)


# -- what goes wrong


def fails(answer: Any, given: Iterable[Any] = ("A",), **kwds: Any) -> BaseException:
    """The error that a device's answers end with; the connector is closed by it."""
    with far(answer) as device:
        one = to(device, **kwds)
        started = time.monotonic()
        try:
            with pytest.raises(CpppoError) as caught:
                list(one.results(given, depth=kwds.pop("depth", 0)))
            assert time.monotonic() - started < PATIENCE
            assert one.closed
            with pytest.raises(TransportError):
                list(one.results(["A"]))
        finally:
            one.close()
        return caught.value


def test_no_answer_in_time() -> None:
    problem = fails(lambda *_: b"", timeout=0.1)
    assert isinstance(problem, Timeout)
    assert "0.1" in str(problem)


def test_an_answer_that_does_not_end() -> None:
    def half(_: Far, frame: asking.Frame) -> bytes:
        return answered(frame)[:-1]

    assert isinstance(fails(half, timeout=0.1), Timeout)


def test_a_device_that_hangs_up() -> None:
    assert isinstance(fails(lambda *_: None), Disconnected)


def test_an_answer_to_nobody() -> None:
    def other(_: Far, frame: asking.Frame) -> bytes:
        return asking.rr(b"\xcc\0\0\0\xc3\0\5\0", 7, b"whatever")

    assert isinstance(fails(other), ProtocolError)


def test_octets_that_are_no_answer() -> None:
    page = b"HTTP/1.1 200 OK\r\n\r\n" * 100
    problem = fails(lambda *_: page, timeout=0.3)
    assert isinstance(problem, (ProtocolError, Timeout))
    assert isinstance(fails(lambda *_: page * 20), ProtocolError)


def test_endless_answers() -> None:
    problem = fails(lambda _, frame: answered(frame) * 1000)
    assert isinstance(problem, ProtocolError)


def test_a_time_out_of_one_call() -> None:
    with far(lambda *_: b"") as device:
        one = to(device)
        started = time.monotonic()
        with pytest.raises(Timeout):
            list(one.results(["A"], timeout=0.1))
        assert time.monotonic() - started < PATIENCE / 2
        one.close()


def test_a_write_without_an_answer_is_a_result_and_then_the_error() -> None:
    def first(one: Far, frame: asking.Frame) -> bytes | None:
        if asking.cip_in(frame)[0] == 0x4D:
            return None
        return answered(frame)

    with far(first) as device:
        one = to(device)
        found = []
        with pytest.raises(Disconnected):
            for result in one.ask(["A", "B=1", "C"], depth=2):
                found.append(result)
        assert [r.tag for r in found][:2] == ["A", "B"]
        assert [r.unknown for r in found][:2] == [False, True]
        assert one.closed
        sent = [asking.cip_in(device.seen.get()) for _ in range(device.seen.qsize())]
        assert sum(octets[0] == 0x4D for octets in sent) == 1


# -- opening


def test_nobody_there() -> None:
    with pytest.raises(Refused):
        connector(LOOPBACK, vacant(), timeout=PATIENCE)


class Door(Far):
    """A device that answers Register as it is told."""

    def __init__(self, status: int, payload: bytes, command: int = 0x65) -> None:
        self.said = (command, payload, status)
        super().__init__(good)

    def replied(self, frame: asking.Frame) -> bytes | None:
        command, payload, status = self.said
        if command < 0:
            return None if command == -1 else b""
        return asking.frame(command, payload, 7, frame.context, status)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ((1, b""), StatusError),
        ((0x69, struct.pack("<HH", 1, 0)), StatusError),
        ((0, b"", 0x63), CpppoError),
        ((0, b"", -1), Disconnected),
        ((0, b"", -2), Timeout),
    ],
)
def test_no_session(said: Any, kind: type[Exception]) -> None:
    device = Door(*said)
    try:
        with pytest.raises(kind):
            connector(*device.address, timeout=0.3)
        gc.collect()
    finally:
        device.close()


def test_what_comes_with_the_session_is_not_taken_twice() -> None:
    class Eager(Far):
        def replied(self, frame: asking.Frame) -> bytes | None:
            reply = super().replied(frame)
            if frame.command != 0x65:
                return reply
            return (reply or b"") + b"\x6f\0"  # the beginning of a frame

        # What it answers is the rest of that.

    device = Eager(lambda _, frame: answered(frame)[2:] + b"\x6f\0")
    try:
        one = to(device, timeout=1.0)
        # It takes part in nothing: either it is an error, or all is right.
        try:
            for _ in range(3):
                assert list(one.results(["A"])) == [[5]]
        except ProtocolError:
            assert one.closed
        one.close()
    finally:
        device.close()


def test_udp_has_no_operations() -> None:
    with serving(asking.controller(TAGS)) as (host, port):
        one = connector(host, port, timeout=PATIENCE, udp=True)
        try:
            with pytest.raises((ProtocolError, EncodeError), match="TCP"):
                list(one.results(["A"]))
        finally:
            one.close()
