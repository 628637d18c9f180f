# SPDX-License-Identifier: Apache-2.0
"""Polling, with stand-ins for the device, its proxy, the clock and waiting."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import pairwise
from typing import Any, ClassVar, Self

import pytest

from cpppo.client.attributes import ValueMismatch
from cpppo.client.cadence import Cadence, Sparing, now
from cpppo.client.parameters import label
from cpppo.client.poll import (
    ParameterMismatch,
    ParameterRefused,
    Poller,
    execute,
    loop,
    poll,
    run,
)
from cpppo.errors import Disconnected, Refused, Timeout

START = 1000.0


class Clock:
    """A time that passes where somebody waits, or works."""

    def __init__(self) -> None:
        self.time = START
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.time

    def wait(self, seconds: float) -> None:
        assert seconds > 0
        self.waits.append(seconds)
        # What wakes, wakes a little late.
        self.time += seconds + 0.0001


class Proxy:
    """A proxy of one device: what it answers, and how long it takes to."""

    PARAMETERS: ClassVar[dict[str, Any]] = {"motor_velocity": ("@0x93/3/10", "REAL")}

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.values: dict[Any, Any] = {}
        self.takes: Iterator[float] = iter(())
        self.problems: list[Exception | None] = []
        self.reads: list[float] = []
        self.substituted = 0
        self.opened = 0
        self.closed: list[Exception | None] = []

    def __enter__(self) -> Self:
        self.opened += 1
        return self

    def __exit__(self, kind: object, exc: Any, trace: object) -> None:
        if exc is not None:
            self.close_gateway(exc)

    def close_gateway(self, exc: Exception | None = None) -> None:
        self.closed.append(exc)

    def parameter_substitution(
        self, iterable: Iterable[Any], parameters: Any = None, pass_thru: Any = None
    ) -> Iterator[Any]:
        self.substituted += 1
        for one in iterable:
            key = one.lower().replace(" ", "_") if isinstance(one, str) else ""
            if key in self.PARAMETERS:
                yield self.PARAMETERS[key]
            elif pass_thru is False and isinstance(one, str):
                raise ValueError(f"no parameter {one}")
            else:
                yield one

    def read(self, attributes: Iterable[Any]) -> Iterator[Any]:
        self.reads.append(self.clock())
        self.clock.time += next(self.takes, 0.01)
        problem = self.problems.pop(0) if self.problems else None
        if problem is not None:
            raise problem
        for one in attributes:
            yield self.values.get(one, [1.0])


class Detailed(Proxy):
    """One that tells the status of each value."""

    status: Any = 5

    def read_details(self, attributes: Iterable[Any]) -> Iterator[Any]:
        for one, value in zip(attributes, self.read(attributes), strict=True):
            yield value, (0 if value else self.status, (one, None, "Hz"))


class Typed(Detailed):
    """One that tells which values are none of their type."""

    def read_outcomes(self, attributes: Iterable[Any]) -> Iterator[Any]:
        for value, told in self.read_details(attributes):
            if value == "?":
                yield None, told, ValueMismatch(f"{label(told[1][0])}: no DINT")
            else:
                yield value, told, None


class Process:
    """Takes values until there were so many."""

    def __init__(self, most: int = 3) -> None:
        self.most = most
        self.seen: list[tuple[Any, Any]] = []
        self.done = False

    def __call__(self, parameter: Any, value: Any) -> None:
        self.seen.append((parameter, value))
        self.done = len(self.seen) >= self.most


def poller(via: Proxy, process: Any, params: Any = "A", **kwds: Any) -> Poller:
    clock = via.clock
    return Poller(via, params, process=process, clock=clock, wait=clock.wait, **kwds)


def polled(via: Proxy, most: int = 3, params: Any = "A", **kwds: Any) -> Poller:
    one = poller(via, Process(most), params, **kwds)
    one.run()
    return one


def since(times: Iterable[float]) -> list[float]:
    return [round(time - START, 2) for time in times]


# -- cadence


def test_cycles_begin_at_the_start_and_its_multiples_for_ever() -> None:
    via = Proxy()
    via.takes = (random.uniform(0.0, 0.9) for _ in range(10000))
    one = polled(via, 5000, cycle=1.0)
    assert len(via.reads) == 5000
    # Each begins in its time, and what is late does not add up.
    late = [time - START - n for n, time in enumerate(via.reads)]
    assert min(late) >= 0
    assert max(late) < 0.001
    assert one.missed == 0


def test_what_overruns_a_little_begins_late_and_then_in_time_again() -> None:
    via = Proxy()
    via.takes = iter([0.1, 1.3, 0.1, 0.1])
    one = polled(via, 5)
    assert since(via.reads) == [0, 1, 2.3, 3, 4]
    assert one.missed == 0


def test_cycles_that_are_missed_are_counted_and_not_made_up_for(
    caplog: pytest.LogCaptureFixture,
) -> None:
    via = Proxy()
    via.takes = iter([0.1, 3.7, 0.1])
    told: list[int] = []
    one = polled(via, 5, missed=told.append)
    assert since(via.reads) == [0, 1, 5, 6, 7]
    assert (one.missed, told) == (3, [3])
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert (
        "missed 3 cycles of 1.000 s, 3 in all: the last one took 3.7" in record.message
    )


def test_who_misses_every_second_cycle_is_logged_once_a_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    via = Proxy()
    via.takes = iter([1.8] * 200)
    one = polled(via, 100)
    assert since(via.reads)[:4] == [0, 2, 4, 6]
    assert one.missed == 99
    lines = [record.message for record in caplog.records]
    assert len(lines) == 4
    assert "missed 30 cycles of 1.000 s, 31 in all" in lines[1]


@pytest.mark.parametrize("cycle", [0, -1, float("nan"), float("inf")])
def test_a_cycle_takes_some_time(cycle: float) -> None:
    with pytest.raises(ValueError, match="a cycle takes more than 0 seconds, not"):
        polled(Proxy(), cycle=cycle)


def test_a_cadence_begins_each_cycle_once() -> None:
    cadence = Cadence(0.5, 100.0)
    assert [cadence.begin(100.0), cadence.begin(100.0)] == [0, 0]
    assert cadence.wait(100.2) == pytest.approx(0.8)
    assert cadence.begin(101.2) == 0  # late
    assert cadence.begin(103.2) == 3  # less than half of the seventh has passed
    assert cadence.wait(103.3) == pytest.approx(0.2)


def test_the_clock_goes_on_from_the_time_of_day() -> None:
    before = now()
    assert now() >= before > 1.7e9


def test_one_line_about_the_same_thing_per_period() -> None:
    sparing = Sparing(60.0)
    times = [("a", 0.0), ("a", 59.9), ("b", 59.9), ("a", 60.0), ("a", 61.0)]
    assert [sparing.may(*one) for one in times] == [True, False, True, True, False]


# -- an end


def test_done_is_seen_within_latency_and_without_spinning() -> None:
    via = Proxy()
    process = Process(10)
    one = poller(via, process, cycle=100.0, latency=0.5)

    def wait(seconds: float) -> None:
        via.clock.wait(seconds)
        process.done = via.clock.time > START + 20

    one._wait = wait
    one.run()
    assert via.clock.time <= START + 20.6
    assert len(via.clock.waits) <= 42


def test_a_poller_is_stopped_from_another_thread_at_once() -> None:
    via = Proxy()
    seen = threading.Event()
    one = Poller(
        via, ["A"], cycle=1000.0, latency=1000.0, process=lambda *_: seen.set()
    )
    thread = threading.Thread(target=one.run)
    thread.start()
    assert seen.wait(20)
    one.stop()
    thread.join(20)
    assert not thread.is_alive()
    assert one.polls == 1


def test_what_was_read_is_delivered_whole_where_that_is_soon() -> None:
    via = Proxy()
    process = Process(1)
    poller(via, process, ["A", "B", "C"]).run()
    assert [name for name, _ in process.seen] == ["A", "B", "C"]


def test_a_slow_process_that_is_done_gets_no_more_after_latency() -> None:
    via = Proxy()

    class Slow(Process):
        def __call__(self, parameter: Any, value: Any) -> None:
            super().__call__(parameter, value)
            via.clock.time += 0.2

    process = Slow(2)
    poller(via, process, [f"T{n}" for n in range(100)], latency=0.5).run()
    assert len(process.seen) == 5


def test_nothing_is_asked_where_an_end_is_wished_already() -> None:
    via = Proxy()
    process = Process()
    process.done = True
    poller(via, process).run()
    assert via.reads == []


# -- failures


def test_a_failure_is_tried_again_after_longer_and_longer() -> None:
    via = Proxy()
    via.takes = iter([0.0] * 100)
    via.problems = [Refused("nobody there")] * 9
    told: list[Exception] = []
    one = polled(via, 1, cycle=1.0, failure=told.append)
    begun = since(via.reads)
    waits = [round(b - a, 1) for a, b in pairwise(begun)]
    assert waits == [1, 1.5, 2.2, 3.4, 5.1, 7.6, 10, 10, 10]
    assert [str(exc) for exc in told] == ["nobody there"] * 9
    assert (one.failures, one.polls) == (9, 1)


def test_the_back_off_is_as_it_is_told() -> None:
    via = Proxy()
    via.takes = iter([0.0] * 100)
    via.problems = [Timeout("late")] * 4
    polled(
        via,
        1,
        cycle=10.0,
        backoff_min=0.1,
        backoff_multiplier=2,
        backoff_max=0.3,
        failure=lambda _: None,
    )
    assert since(via.reads) == [0, 0.1, 0.3, 0.6, 0.9]


def test_a_longest_wait_below_the_cycle_holds() -> None:
    via = Proxy()
    via.takes = iter([0.0] * 100)
    via.problems = [Timeout("late")] * 2
    polled(via, 1, cycle=10.0, backoff_max=2.0, failure=lambda _: None)
    assert since(via.reads) == [0, 2, 4]


def test_after_a_failure_all_is_as_before_and_in_time() -> None:
    via = Proxy()
    via.takes = iter([0.1, 5.0, 0.1, 0.1, 0.1, 0.1])
    via.problems = [None, Timeout("late"), Disconnected("gone"), None]
    told: list[int] = []
    one = polled(via, 4, missed=told.append, failure=lambda _: None)
    # Read at 0; late from 1 to 6; gone at 7; there again at 8.6, and then in time.
    assert since(via.reads) == [0, 1, 7, 8.6, 10, 11]
    assert (one.missed, told, one.failures) == (0, [], 2)
    assert one.backoff.failures == 0


def test_an_error_reaches_the_proxy_which_closes_its_gateway() -> None:
    via = Proxy()
    gone = Disconnected("gone")
    via.problems = [gone]
    polled(via, 1, failure=lambda _: None)
    assert via.closed == [gone]


def test_without_anybody_to_tell_the_log_has_the_failure_and_the_recovery(
    caplog: pytest.LogCaptureFixture,
) -> None:
    via = Proxy()
    via.problems = [Timeout("no answer within 1 s")] * 5
    polled(via, 1)
    lines = [record.message for record in caplog.records]
    assert len(lines) == 2
    assert lines[0].endswith("failed, waiting 1.000 s: no answer within 1 s")
    assert "answers again, after" in lines[1] and "and 5 failures" in lines[1]


def test_with_somebody_to_tell_the_log_is_quiet(
    caplog: pytest.LogCaptureFixture,
) -> None:
    via = Proxy()
    via.problems = [Timeout("late")]
    polled(via, 1, failure=lambda _: None)
    assert [r for r in caplog.records if r.levelno >= logging.WARNING] == []


def test_what_process_raises_is_told_and_the_others_are_delivered(
    caplog: pytest.LogCaptureFixture,
) -> None:
    via = Proxy()
    seen = Process(8)

    def process(parameter: Any, value: Any) -> None:
        seen(parameter, value)
        process.done = seen.done  # type: ignore[attr-defined]
        if parameter in ("B", "C"):
            raise RuntimeError(f"{parameter} is not wanted")

    told: list[str] = []
    one = poller(
        via, process, ["A", "B", "C", "D"], failure=lambda exc: told.append(str(exc))
    )
    one.run()
    assert [name for name, _ in seen.seen] == ["A", "B", "C", "D"] * 2
    assert told == ["B is not wanted"] * 2
    # The device has nothing to do with it.
    assert (one.failures, one.polls, via.closed) == (0, 2, [])
    assert since(via.reads) == [0, 1]
    (record,) = caplog.records
    assert record.message == "Processing B and 1 others failed: B is not wanted"
    assert record.exc_info


def test_what_failure_and_missed_raise_ends_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    via = Proxy()
    via.takes = iter([0.0, 0.0, 9.0])
    via.problems = [Timeout("late"), Timeout("late")]

    def raises(_: object) -> None:
        raise RuntimeError("not me")

    one = polled(via, 3, failure=raises, missed=raises)
    assert (one.failures, one.missed) == (2, 8)
    told = [r.message for r in caplog.records if r.levelno == logging.ERROR]
    assert told == ["Telling of late failed: not me"]


def test_what_is_no_error_ends_the_poller() -> None:
    via = Proxy()

    def process(parameter: Any, value: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        poller(via, process).run()


# -- parameters


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (5, "B: no such tag or object (0x05)"),
        ((0xFF, [0x2105]), "B: .* (0xFF 0x2105)"),
        ((0xFF, ()), "B: .* (0xFF)"),
    ],
)
def test_a_refused_parameter_is_told_once_and_the_others_are_delivered(
    status: Any, text: str
) -> None:
    via = Detailed()
    via.status = status
    via.values["B"] = None
    process, told = Process(9), list[Any]()
    one = poller(via, process, ["A", "B", "C"], failure=told.append)
    one.run()
    assert process.seen == [("A", [1.0]), ("B", None), ("C", [1.0])] * 3
    (exc,) = told
    assert isinstance(exc, ParameterRefused)
    assert exc.parameter == "B"
    start, _, end = text.partition(".*")
    assert str(exc).casefold().startswith(start.casefold())
    assert str(exc).endswith(end)
    assert (one.failures, via.closed) == (0, [])


def test_a_wrong_type_costs_its_own_value_alone_and_is_told_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    via = Typed()
    via.values[via.PARAMETERS["motor_velocity"]] = via.values["B"] = "?"
    process, told = Process(9), list[Any]()
    names = ["A", "Motor Velocity", "B"]
    one = poller(via, process, names, failure=told.append)
    one.run()
    assert process.seen == [("A", [1.0]), ("Motor Velocity", None), ("B", None)] * 3
    assert [type(exc) for exc in told] == [ParameterMismatch] * 2
    assert [exc.parameter for exc in told] == names[1:]
    texts = [str(exc) for exc in told]
    assert texts == ["Motor Velocity: @0x93/3/10: no DINT", "B: no DINT"]
    assert (one.failures, via.closed) == (0, [])
    poller(via, Process(3), names).run()
    said = [record.message.partition(": ")[2] for record in caplog.records]
    assert said == texts


def test_a_refusal_that_ended_is_told_again_when_it_begins_again() -> None:
    via = Detailed()
    told: list[Any] = []
    via.values["B"] = None
    answers = iter([[2.0], None, None])

    class Turns(Process):
        def __call__(self, parameter: Any, value: Any) -> None:
            super().__call__(parameter, value)
            if parameter == "B":
                via.values["B"] = next(answers, None)

    poller(via, Turns(8), ["A", "B"], failure=told.append).run()
    assert [exc.parameter for exc in told] == ["B", "B"]


def test_without_details_a_refusal_is_told_all_the_same() -> None:
    via = Proxy()
    via.values["B"] = None
    told: list[Exception] = []
    polled(via, 4, params=["A", "B"], failure=told.append)
    assert [str(exc) for exc in told] == ["B: no value"]


def test_many_refusals_are_few_lines(caplog: pytest.LogCaptureFixture) -> None:
    via = Detailed()
    names = [f"T{n}" for n in range(1000)]
    via.values = dict.fromkeys(names)
    polled(via, 2000, params=names)
    assert len(caplog.records) == 6
    assert "refuses 995 more parameters" in caplog.records[-1].message


def test_names_are_looked_up_once() -> None:
    via = Proxy()
    one = polled(via, 50, params=["Motor Velocity", ("@0x93/3/10", "REAL", "Hz")])
    assert (one.polls, via.substituted) == (25, 1)


def test_a_list_that_is_changed_is_polled_as_it_is_then() -> None:
    via = Detailed()
    via.values["B"] = None
    params, told = ["A"], list[Any]()

    class Adds(Process):
        def __call__(self, parameter: Any, value: Any) -> None:
            super().__call__(parameter, value)
            if len(self.seen) == 2:
                params.append("B")

    process = Adds(6)
    poller(via, process, params, failure=told.append).run()
    assert [name for name, _ in process.seen] == ["A", "A", "A", "B", "A", "B"]
    assert via.substituted == 2
    assert [exc.parameter for exc in told] == ["B"]


def test_a_refusal_of_another_list_is_told_for_itself() -> None:
    via = Detailed()
    via.values = {"B": None, "C": None}
    params, told = ["A", "B"], list[Any]()

    class Changes(Process):
        def __call__(self, parameter: Any, value: Any) -> None:
            super().__call__(parameter, value)
            params[:] = ["A", "C"]

    poller(via, Changes(4), params, failure=told.append).run()
    assert [exc.parameter for exc in told] == ["B", "C"]


@pytest.mark.parametrize("params", ["A", ["A"], ("A",), iter(["A"]), {"A": 1}])
def test_parameters_are_a_name_or_any_series_of_them(params: Any) -> None:
    via = Proxy()
    process = Process(3)
    poller(via, process, params).run()
    assert process.seen == [("A", [1.0])] * 3


def test_parameters_are_delivered_as_they_were_given() -> None:
    via = Proxy()
    params = ["Motor Velocity", ("@1/1/7", "SSTRING"), ["@1/1/7", "SSTRING", "text"]]
    via.values = {}

    class Lists(Proxy):
        def read(self, attributes: Iterable[Any]) -> Iterator[Any]:
            for _ in super().read([]):
                pass
            yield from ([n] for n, _ in enumerate(attributes))

    process = Process(3)
    poller(Lists(), process, params).run()
    assert process.seen == [(one, [n]) for n, one in enumerate(params)]


def test_an_unknown_name_is_a_failure_that_costs_no_gateway() -> None:
    via = Proxy()
    params, told = ["Nonsense"], list[str]()

    def failure(exc: Exception) -> None:
        told.append(str(exc))
        if len(told) == 2:
            params[:] = ["Motor Velocity"]

    polled(via, 1, params=params, pass_thru=False, failure=failure)
    assert told == ["no parameter Nonsense"] * 2
    assert (via.opened, via.closed) == (1, [])


def test_fewer_values_than_parameters_are_a_failure() -> None:
    class Short(Proxy):
        short = True

        def read(self, attributes: Iterable[Any]) -> Iterator[Any]:
            values = list(super().read(attributes))
            self.short, short = False, self.short
            return iter(values[:-1] if short else values)

    told: list[Exception] = []
    one = polled(Short(), 2, params=["A", "B"], failure=told.append)
    assert (one.failures, one.polls, len(told)) == (1, 1, 1)


def test_nothing_to_poll_is_said() -> None:
    with pytest.raises(ValueError, match="nothing to poll: say which parameters"):
        Poller(Proxy())


def test_a_drive_is_polled_for_what_drives_have() -> None:
    class Drive(Proxy):
        PARAMETERS: ClassVar[dict[str, Any]] = {
            "output_current": ("@0x93/7/10", "REAL"),
            "motor_velocity": ("@0x93/3/10", "REAL"),
        }

    process = Process(2)
    poller(Drive(), process, None).run()
    assert [name for name, _ in process.seen] == ["Output Current", "Motor Velocity"]


def test_a_parameter_is_called_by_its_name_or_its_tag() -> None:
    assert label("Motor Velocity") == "Motor Velocity"
    assert label(("@1/1/7", "SSTRING")) == "@1/1/7"


# -- as published


def test_execute_gives_each_parameter_with_its_value() -> None:
    via = Detailed()
    assert list(execute(via, ["A", "B"])) == [("A", [1.0]), ("B", [1.0])]
    assert list(execute(via, ["A"], details=True)) == [
        ("A", ([1.0], (0, ("A", None, "Hz"))))
    ]
    with pytest.raises(ValueError, match="no parameter Nonsense"):
        list(execute(via, ["Nonsense"], pass_thru=False))


def test_loop_polls_once_and_says_how_long_to_wait() -> None:
    via = Proxy()
    before = now()
    start, delay, values = loop(via, cycle=1000.0, params=["A"])
    assert before <= start <= now()
    assert 990 < delay <= 1000
    assert values == [("A", [1.0])]
    assert via.opened == 1


def test_loop_keeps_to_the_cycles_of_the_last_poll() -> None:
    via = Proxy()
    last = now() - 2010.0
    start, delay, _ = loop(via, cycle=1000.0, last_poll=last, params=["A"])
    assert start == last + 2000.0
    assert 980 < delay <= 990


def test_loop_before_its_time_is_of_the_last_cycle() -> None:
    last = now() - 400.0
    start, delay, _ = loop(Proxy(), cycle=1000.0, last_poll=last, params=["A"])
    assert start == last
    assert 590 < delay <= 600


def test_run_goes_on_from_the_last_poll() -> None:
    clock = Clock()
    via = Proxy(clock)
    run(
        via,
        Process(2),
        params=["A"],
        cycle=2.0,
        last_poll=START - 0.5,
        clock=clock,
        wait=clock.wait,
    )
    assert since(via.reads) == [1.5, 3.5]


def test_poll_makes_a_proxy_and_closes_it() -> None:
    made: list[Any] = []

    class Made(Proxy):
        def __init__(self, **kwds: Any) -> None:
            super().__init__()
            self.kwds = kwds
            made.append(self)

    process = Process(1)
    poll(
        Made,
        ("10.0.0.5", 1234),
        depth=3,
        timeout=0.5,
        route_path=False,
        send_path="",
        identity_default="A Drive",
        params=["A"],
        process=process,
    )
    (via,) = made
    assert via.kwds == {
        "host": "10.0.0.5",
        "port": 1234,
        "depth": 3,
        "timeout": 0.5,
        "route_path": False,
        "send_path": "",
        "identity_default": "A Drive",
    }
    assert process.seen == [("A", [1.0])]
    assert via.closed == [None]


@pytest.mark.parametrize(
    ("address", "found"),
    [
        (None, ("localhost", 44818)),
        (("", 0), ("localhost", 44818)),
        ("10.0.0.5", ("10.0.0.5", 44818)),
        ("[::1]:5", ("::1", 5)),
    ],
)
def test_an_address_is_a_tuple_or_a_text(address: Any, found: tuple[str, int]) -> None:
    made: list[Any] = []

    class Made(Proxy):
        def __init__(self, host: str, port: int) -> None:
            super().__init__()
            made.append((host, port))

    poll(Made, address, params=["A"], process=Process(1))
    assert made == [found]


def test_an_address_that_is_none_is_said() -> None:
    with pytest.raises(ValueError, match=r"'1\.2\.3' is no address; expected is HOST"):
        poll(Proxy, "1.2.3", params=["A"])


def test_poll_without_a_proxy_says_what_it_needs() -> None:
    with pytest.raises(TypeError, match="a proxy_class and an address, or a proxy as"):
        poll(params=["A"])


def test_a_proxy_that_is_given_is_left_open() -> None:
    via = Proxy()
    poll(via=via, params=["A"], process=Process(1))
    assert via.closed == []


def test_without_a_process_values_are_written(
    capsys: pytest.CaptureFixture[str],
) -> None:
    via = Proxy()
    one = poller(via, None, ["Motor Velocity", ("@1/1/7", "SSTRING")])
    one._polled = one.stop
    one.run()
    assert capsys.readouterr().out == " Motor Velocity: [1.0]\n         @1/1/7: [1.0]\n"


# -- many at once


def test_many_pollers_share_a_proxy_each_at_its_own_rate() -> None:
    lock = threading.Lock()

    class Shared(Proxy):
        inside = 0
        most = 0

        def read(self, attributes: Iterable[Any]) -> Iterator[Any]:
            with lock:
                return iter([[one] for one in attributes])

    via = Shared()
    processes = [Process(20 + n) for n in range(8)]
    threads = [
        threading.Thread(
            target=poll,
            kwargs={
                "via": via,
                "params": [f"T{n}"],
                "cycle": 0.001 * (n + 1),
                "process": process,
            },
        )
        for n, process in enumerate(processes)
    ]
    with ExitStack() as stack:
        for thread in threads:
            thread.start()
            stack.callback(thread.join, 20)
    for n, process in enumerate(processes):
        assert process.seen == [(f"T{n}", [f"T{n}"])] * (20 + n)


def test_a_poll_of_very_many_parameters_costs_little_for_each() -> None:
    """Calls per parameter are counted, for a clock would depend on the machine."""
    import sys

    def calls(count: int) -> int:
        class Plain(Proxy):
            def read(self, attributes: Iterable[Any]) -> Iterator[Any]:
                return iter([[1.0]] * len(list(attributes)))

        one = poller(Plain(), lambda *_: None, [f"T{n}" for n in range(count)])
        one._cycle(START)
        found = 0

        def profile(frame: Any, event: str, arg: Any) -> None:
            nonlocal found
            found += event == "call"

        sys.setprofile(profile)
        try:
            one._cycle(START + 1)
        finally:
            sys.setprofile(None)
        return found

    each = (calls(2000) - calls(1000)) / 1000
    assert each < 6
