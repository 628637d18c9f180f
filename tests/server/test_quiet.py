# SPDX-License-Identifier: Apache-2.0
"""What somebody else causes is bounded: warnings, answers, and the memory of both."""

import logging
import threading
from collections.abc import Iterator

import pytest

from cpppo.server.quiet import Allowance, Quiet


class Clock:
    """Stands still until it is told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Kept(logging.Handler):
    """Keeps the lines."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    """One that propagates nothing."""
    logger = logging.Logger("quiet", logging.WARNING)
    yield logger
    logger.handlers.clear()


@pytest.fixture
def kept(logger: logging.Logger) -> Kept:
    """What was written."""
    kept = Kept()
    logger.addHandler(kept)
    return kept


def test_a_few_warnings_are_written_and_the_rest_is_counted(
    logger: logging.Logger, kept: Kept
) -> None:
    clock = Clock()
    quiet = Quiet(logger, every=1.0, burst=3, clock=clock)
    for number in range(10):
        quiet.warning("number %d", number)
    assert kept.lines == ["number 0", "number 1", "number 2"]
    clock.now += 1.0
    quiet.warning("later")
    quiet.warning("and later")
    assert kept.lines[3:] == [
        "7 more such warnings were not logged",
        "later",
        "and later",
    ]


def test_nothing_is_said_of_warnings_when_none_was_suppressed(
    logger: logging.Logger, kept: Kept
) -> None:
    clock = Clock()
    quiet = Quiet(logger, every=1.0, burst=2, clock=clock)
    for _ in range(4):
        quiet.warning("one")
        clock.now += 1.5
    assert kept.lines == ["one"] * 4


def test_threads_that_warn_together_are_all_counted(
    logger: logging.Logger, kept: Kept
) -> None:
    clock = Clock()
    quiet = Quiet(logger, every=1.0, burst=5, clock=clock)
    barrier = threading.Barrier(4)

    def warn() -> None:
        barrier.wait()
        for _ in range(500):
            quiet.warning("again")

    threads = [threading.Thread(target=warn) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    clock.now += 1.0
    quiet.warning("end")
    assert kept.lines == [
        *["again"] * 5,
        "1995 more such warnings were not logged",
        "end",
    ]


def test_a_logger_that_writes_no_warnings_counts_none(
    logger: logging.Logger, kept: Kept
) -> None:
    quiet = Quiet(logger, burst=1, clock=Clock())
    logger.disabled = True
    quiet.warning("unwanted")
    logger.disabled = False
    quiet.warning("wanted")
    assert kept.lines == ["wanted"]


def test_each_source_has_its_own_allowance() -> None:
    clock = Clock()
    allowance = Allowance(3, 10, clock)
    assert [allowance.take("a") for _ in range(5)] == [True] * 3 + [False] * 2
    assert [allowance.take("b") for _ in range(5)] == [True] * 3 + [False] * 2


def test_an_allowance_comes_back_with_time_and_never_to_more_than_a_second() -> None:
    clock = Clock()
    allowance = Allowance(4, 10, clock)
    assert sum(allowance.take("a") for _ in range(9)) == 4
    clock.now += 0.5
    assert sum(allowance.take("a") for _ in range(9)) == 2
    clock.now += 60
    assert sum(allowance.take("a") for _ in range(9)) == 4


def test_sources_that_are_too_many_share_one_allowance() -> None:
    clock = Clock()
    allowance = Allowance(2, 100, clock)
    taken = sum(allowance.take(f"10.0.0.{number}") for number in range(1000))
    assert taken == 100 + 2
    assert len(allowance) == 101
    # One that is known keeps what it has.
    assert allowance.take("10.0.0.7")


def test_sources_not_seen_for_a_second_make_room() -> None:
    clock = Clock()
    allowance = Allowance(1, 10, clock)
    for start in range(0, 1000, 10):
        assert all(allowance.take(f"{start + number}") for number in range(10))
        clock.now += 1.0
    assert len(allowance) == 10


def test_nothing_is_allowed_of_nothing() -> None:
    assert not Allowance(0, 10, Clock()).take("a")
