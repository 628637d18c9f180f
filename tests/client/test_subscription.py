# SPDX-License-Identifier: Apache-2.0
"""Subscriptions without a clock or a device: what is due, what changed, who is told."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cpppo.client.calls import Call, carried
from cpppo.client.operations import Operation
from cpppo.client.place import Place
from cpppo.client.subscription import Scans, Subscription, Watch, changed
from cpppo.errors import Disconnected, Malformed, Timeout

PLACE = Place("10.0.0.5")


class Made:
    """A result, as far as a subscription looks at it."""

    def __init__(self, *data: Any, status: int = 0) -> None:
        self.data = list(data)
        self.status = status
        self.extended = ()
        self.ok = status == 0

    def __repr__(self) -> str:
        return f"Made({self.data}, {self.status})"


def watch(*tags: str, every: float = 1.0, deadband: Any = 0.0) -> Watch:
    return Watch([Operation.parse(one) for one in tags], every, deadband)


# -- changes

NAN = math.nan
INF = math.inf


@pytest.mark.parametrize(
    ("before", "after", "band", "expected"),
    [
        ([1], [1], 0, False),
        ([1], [2], 0, True),
        ([1], [2], 1, False),
        ([1], [3], 1, True),
        ([1.0], [1.05], 0.1, False),
        ([1.0], [1.15], 0.1, True),
        ([-1.0], [1.0], 1.5, True),
        ([False], [True], 0, True),
        ([False], [True], 5, True),
        ([True], [True], 5, False),
        (["a"], ["b"], 10, True),
        (["a"], ["a"], 10, False),
        ([1, 2, 3], [1, 2, 4], 0, True),
        ([1, 2, 3], [1, 2, 4], 1, False),
        ([1, 2], [1, 2, 3], 10, True),
        ([NAN], [math.nan * 1], 0, False),
        ([NAN], [1.0], 10, True),
        ([1.0], [NAN], 10, True),
        ([NAN, 1.0], [NAN, 1.5], 0.1, True),
        ([NAN, 1.0], [NAN, 1.05], 0.1, False),
        ([INF], [INF], 0, False),
        ([INF], [-INF], 10, True),
        ([1.0], [INF], INF, False),
        ([{"R": NAN, "X": 1}], [{"R": -NAN, "X": 1}], 0, False),
        ([{"R": NAN, "X": 1}], [{"R": NAN, "X": 2}], 0, True),
        ([{"In": {"R": 1.0}}], [{"In": {"R": 1.05}}], 0.1, False),
        ([{"In": {"R": 1.0}}], [{"In": {"R": 1.15}}], 0.1, True),
        ([{"Arr": [1, NAN]}], [{"Arr": [2, -NAN]}], 1, False),
        ([{"Arr": [1, 2]}], [{"Arr": [1, 4]}], 1, True),
        ([{"F": False}], [{"F": True}], 10, True),
        ([{"X": 1}], [{"Y": 1}], 10, True),
    ],
    ids=str,
)
def test_a_change_is_what_goes_beyond_the_dead_band(
    before: list[Any], after: list[Any], band: float, expected: bool
) -> None:
    assert changed(Made(*before), Made(*after), band) is expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (Made(1), Made(status=5), True),
        (Made(status=5), Made(1), True),
        (Made(status=5), Made(status=5), False),
        (Made(status=5), Made(status=8), True),
    ],
    ids=str,
)
def test_going_bad_and_good_again_is_a_change(
    before: Any, after: Any, expected: bool
) -> None:
    assert changed(before, after, 100.0) is expected


def told(one: Watch, *results: Made) -> list[tuple[Any, Any]]:
    return one.changes(results)  # type: ignore[arg-type]


def test_the_first_value_counts_as_a_change() -> None:
    first = Made(1)
    assert told(watch("A"), first) == [(first, None)]


def test_only_what_changed_is_told() -> None:
    one = watch("A", "B", "C")
    first = [Made(1), Made(2), Made(3)]
    told(one, *first)
    second = [Made(1), Made(5), Made(3)]
    assert told(one, *second) == [(second[1], first[1])]
    assert told(one, *second) == []


def test_slow_drift_is_told_when_it_has_left_the_band() -> None:
    # Against what was told last, not against the scan before.
    one = watch("A", deadband=1.0)
    changes = [len(told(one, Made(value / 10))) for value in range(0, 34)]
    assert [nth for nth, count in enumerate(changes) if count] == [0, 11, 22, 33]


def test_each_tag_may_have_a_band_of_its_own() -> None:
    one = watch("A", "B", deadband={"A": 10})
    told(one, Made(0), Made(0))
    assert [now.data for now, _ in told(one, Made(5), Made(5))] == [[5]]


@pytest.mark.parametrize(
    "wrong",
    [
        {"tags": []},
        {"every": 0},
        {"every": -1},
        {"every": math.inf},
        {"every": math.nan},
        {"deadband": -1},
        {"deadband": math.nan},
        {"deadband": {"C": 1}},
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    given = {"tags": ["A", "B"], "every": 1.0, "deadband": 0.0, **wrong}
    with pytest.raises(ValueError):
        watch(*given.pop("tags"), **given)


# -- the program of one, step by step


class Run:
    """A subscription whose time goes on as it waits, and whose scans take time."""

    def __init__(self, *results: Any, takes: float = 0.0, **given: Any) -> None:
        self.now = 0.0
        self.takes = takes
        self.results: Iterator[Any] = iter(results)
        self.begun: list[float] = []
        self.told: list[tuple[str, Any]] = []
        heard: dict[str, Callable[..., Any]] = {
            name: lambda *told, name=name: self.told.append((name, told))
            for name in ("change", "scanned", "failure")
        }
        self.scans = Scans(
            PLACE,
            watch("A"),
            **{**heard, **given},
            call=lambda: Call(1.0, self.now),
            read=self.read,
            clock=lambda: self.now,
        )

    def read(self, call: Call) -> Any:
        self.begun.append(self.now)
        found = next(self.results, None)
        self.now += self.takes
        if found is None:
            self.scans.stopped = True
            raise Disconnected("stopped")
        if isinstance(found, Exception):
            raise found
        if isinstance(found, float):  # seconds that this scan takes
            self.now += found - self.takes
            found = 1
        return [Made(found)]

    def wait(self, seconds: float) -> None:
        self.now += seconds

    def all(self) -> list[tuple[str, Any]]:
        carried(self.scans.program(self.wait))
        return self.told


def test_scans_keep_to_their_grid_however_long_each_takes() -> None:
    run = Run(1, 1, 1, 1, takes=0.3)
    run.all()
    assert run.begun == pytest.approx([0, 1, 2, 3, 4])
    assert run.scans.missed == 0


def test_scans_that_could_not_be_made_are_counted_and_told() -> None:
    run = Run(1, 3.2, 1, 1, takes=0.1)
    told = [given for name, given in run.all() if name == "scanned"]
    assert [missed for _, missed in told] == [0, 0, 2, 0]
    assert run.begun[2] == pytest.approx(4.2)
    assert run.begun[3] == pytest.approx(5.0)
    assert run.scans.missed == 2


def test_a_scan_says_what_changed_and_then_that_it_is_done() -> None:
    told = Run(1, 1, 2).all()
    assert [name for name, _ in told] == [
        "change",
        "scanned",
        "scanned",
        "change",
        "scanned",
    ]


def test_a_scan_that_failed_is_told_and_the_next_one_comes() -> None:
    trouble = Timeout("10.0.0.5:44818 did not answer")
    run = Run(1, trouble, 1, 2)
    told = run.all()
    assert ("failure", (trouble,)) in told
    assert [name for name, _ in told].count("scanned") == 3
    assert (run.scans.scans, run.scans.failures) == (3, 1)


def test_values_from_before_a_failure_are_no_change_after_it() -> None:
    told = Run(1, Timeout("gone"), 1).all()
    assert [name for name, _ in told].count("change") == 1


def test_values_that_are_none_are_told_and_the_next_scan_comes() -> None:
    class Wrong(Made):
        def __getattribute__(self, name: str) -> Any:
            if name == "data":
                raise Malformed("no text")
            return super().__getattribute__(name)

    one = Run(1, 2, 3)
    read, made = one.read, iter([Made(1), Wrong(2), Made(3)])
    one.scans._read = lambda call: [next(made) for _ in read(call)]
    names = [name for name, _ in one.all()]
    assert names == ["change", "scanned", "failure", "change", "scanned"]
    assert one.scans.failures == 1


def test_a_wait_is_never_longer_than_a_system_counts() -> None:
    scans = Run(1).scans
    scans.watch = watch("A", every=1e30)
    scans.watch.cadence.begin(0.0)
    _, seconds = next(scans.program(lambda seconds: None))
    assert seconds <= threading.TIMEOUT_MAX


@pytest.mark.parametrize("name", ["change", "scanned", "failure"])
def test_a_function_that_raises_is_told_and_the_next_scan_comes(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    def raising(*_: object) -> None:
        raise ZeroDivisionError("mine")

    given: dict[str, Any] = {name: raising}
    run = Run(1, Timeout("gone"), 2, **given)
    told = run.all()
    assert run.scans.errors == {"change": 2, "scanned": 2, "failure": 1}[name]
    assert run.scans.scans == 2
    failures = [with_[0] for heard, with_ in told if heard == "failure"]
    if name != "failure":
        assert sum(isinstance(one, ZeroDivisionError) for one in failures) == 2
    assert "raised" in caplog.text


def test_one_that_is_stopped_by_its_own_function_calls_nothing_more() -> None:
    run = Run(1, 2, 3)

    def stop(*_: object) -> None:
        run.told.append(("stop", ()))
        run.scans.stopped = True

    run.scans._change = stop
    assert run.all() == [("stop", ())]


def test_it_says_what_it_is() -> None:
    one = Run().scans
    assert repr(one) == "<Scans 10.0.0.5:44818: 1 tags, every 1 s>"
    one.stopped = True
    assert repr(one).endswith("1 tags, stopped>")


# -- its thread


def subscribed(read: Callable[[Call], Any], **given: Any) -> Subscription:
    given = {"change": None, "scanned": None, "failure": None, **given}
    return Subscription(
        PLACE,
        watch("A", every=0.001),
        call=lambda: Call(1.0, 0.0),
        read=read,
        over=lambda one: None,
        **{"end": lambda call, why: None, **given},
    )


def test_after_stop_nothing_is_called() -> None:
    scanned = threading.Event()
    calls: list[int] = []

    def heard(results: object, missed: int) -> None:
        calls.append(missed)
        scanned.set()

    with subscribed(lambda call: [Made(1)], scanned=heard) as one:
        one.start()
        assert scanned.wait(20)
    count = len(calls)
    assert one.stopped
    assert not one._thread.is_alive()
    assert len(calls) == count


def test_stop_ends_a_scan_that_gets_no_answer() -> None:
    reading, ended = threading.Event(), threading.Event()
    why = []

    def read(call: Call) -> Any:
        reading.set()
        assert ended.wait(20)
        raise Disconnected(call.ended)

    def end(call: Call, text: str) -> None:
        why.append(text)
        ended.set()

    one = subscribed(read, end=end)
    one.start()
    assert reading.wait(20)
    one.stop()
    assert why == ["the subscription was stopped"]
    assert one.failures == 0


def test_it_may_stop_itself() -> None:
    done = threading.Event()

    def stop(*_: object) -> None:
        one.stop()
        done.set()

    one = subscribed(lambda call: [Made(1)], change=stop)
    one.start()
    assert done.wait(20)
    one.stop()
    assert one.scans == 1
