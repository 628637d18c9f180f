# SPDX-License-Identifier: Apache-2.0
"""When to try again: at once, then later and later, and never in step with others."""

from __future__ import annotations

import random
from typing import Any

import pytest

from cpppo.client.backoff import Backoff, Once


def even(first: float = 0.1, longest: float = 30.0) -> Backoff:
    """One without jitter."""
    return Backoff(first, longest, random=lambda: 0.0)


def test_what_never_failed_is_tried_at_once() -> None:
    assert even().wait(5.0) == 0


def test_a_lost_connection_that_had_worked_is_tried_again_at_once() -> None:
    one = even()
    one.lost(7.0)
    assert (one.wait(7.0), one.since) == (0, 7.0)


def test_each_failure_doubles_the_delay_up_to_the_longest() -> None:
    one = even(0.1, 1.0)
    delays = []
    for _ in range(6):
        one.failed(10.0)
        delays.append(round(one.wait(10.0), 3))
    assert delays == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]


def test_failures_after_a_loss_begin_with_the_first_delay() -> None:
    one = even()
    one.lost(1.0)
    one.failed(1.0)
    assert one.wait(1.0) == pytest.approx(0.1)
    assert one.since == 1.0


def test_a_connection_that_is_lost_again_before_it_worked_is_not_tried_at_once() -> (
    None
):
    one = even()
    one.lost(1.0)
    one.lost(1.0)
    assert one.wait(1.0) == pytest.approx(0.1)


def test_an_answer_ends_it() -> None:
    one = even()
    for _ in range(5):
        one.failed(1.0)
    one.worked()
    assert (one.since, one.failures, one.wait(1.0)) == (None, 0, 0)
    one.failed(2.0)
    assert one.wait(2.0) == pytest.approx(0.1)


def test_thousands_of_failures_are_no_overflow() -> None:
    one = even()
    for _ in range(5000):
        one.failed(1.0)
    assert one.wait(1.0) == 30


def test_jitter_takes_up_to_its_share_of_the_delay() -> None:
    delays = []
    chances = [0.0, 0.5, 1.0]
    while chances:
        one = Backoff(1.0, jitter=0.5, random=lambda: chances.pop(0))
        one.failed(0.0)
        delays.append(one.wait(0.0))
    assert delays == [1.0, 0.75, 0.5]


def test_two_that_fail_together_do_not_come_back_together() -> None:
    delays = set()
    for seed in range(20):
        one = Backoff(1.0, random=random.Random(seed).random)
        one.failed(0.0)
        delays.add(one.wait(0.0))
    assert len(delays) == 20
    assert all(0.5 <= delay <= 1.0 for delay in delays)


def test_its_words_say_since_when_and_when_again() -> None:
    one = even(4.0)
    one.failed(100.0)
    one.failed(102.0)
    assert one.words(103.0) == (
        "down for 3.0 s and 2 attempts; the next attempt is due in 7.0 s"
    )
    assert one.words(200.0).endswith("the next attempt is due, with the next call")


@pytest.mark.parametrize(
    "wrong",
    [{"first": 0}, {"first": 40}, {"factor": 0.5}, {"jitter": 1.5}, {"jitter": -1}],
    ids=str,
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"delay|factor"):
        Backoff(**wrong)


def test_who_asks_once_is_not_told_of_a_next_attempt() -> None:
    one = Once(jitter=0)
    one.failed(10.0)
    assert one.words(13.0) == "down for 3.0 s"
    one.failed(13.0)
    assert one.words(14.0) == "down for 4.0 s and 2 attempts"
