# SPDX-License-Identifier: Apache-2.0
"""`discover` without a network: whose answers it takes, and for how long."""

from __future__ import annotations

import math
from typing import Any

import pytest
from asking import UDP, controller, frame

from cpppo.client import discover, discovery
from cpppo.errors import Timeout

IDENTIFY = frame(0x63)
PRODUCT = b"1756-L61/B LOGIX5561"


class Broadcast:
    """All who hear it, and what they answer; then there is silence."""

    def __init__(self, answers: list[tuple[bytes, str]]) -> None:
        self.answers = answers
        self.opened: list[Any] = []
        self.sent: list[bytes] = []
        self.closed = False

    def open(self, *given: Any, **named: Any) -> Broadcast:
        self.opened.append((given, named))
        return self

    def send(self, octets: bytes, timeout: float | None) -> None:
        self.sent.append(octets)

    def receive(self, timeout: float | None) -> tuple[bytes, tuple[str, int]]:
        if not self.answers:
            raise Timeout("nobody answers")
        octets, host = self.answers.pop(0)
        return octets, (host, 44818)

    def close(self) -> None:
        self.closed = True


def identity(name: str) -> bytes:
    """The answer of a device that is called so."""
    octets = controller().session(UDP).receive(IDENTIFY)
    assert octets.count(PRODUCT) == 1
    return octets.replace(PRODUCT, name.encode().rjust(len(PRODUCT)))


def found(
    monkeypatch: pytest.MonkeyPatch, *answers: tuple[bytes, str]
) -> list[tuple[str, str]]:
    """Who is discovered where these answers come."""
    everybody = Broadcast(list(answers))
    monkeypatch.setattr(discovery, "Datagrams", everybody)
    several = discover()
    assert everybody.sent == [IDENTIFY]
    assert everybody.closed
    assert everybody.opened[0][1] == {"broadcast": True}
    return [(one["host"], one["name"].strip()) for one in several]


def test_each_device_is_told_once_in_the_order_of_their_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, other = identity("Press"), identity("Mixer")
    answers = [(other, "10.0.0.7"), (one, "10.0.0.5"), (other, "10.0.0.7")]
    several = [("10.0.0.7", "Mixer"), ("10.0.0.5", "Press")]
    assert found(monkeypatch, *answers, (one, "10.0.0.7")) == several
    # Two of one kind are two.
    assert len(found(monkeypatch, (one, "10.0.0.5"), (one, "10.0.0.6"))) == 2


@pytest.mark.parametrize(
    "octets",
    [b"", b"nonsense", frame(0x63), frame(0x04), frame(0x63, status=1)],
    ids=["nothing", "nonsense", "no identity", "another command", "a refusal"],
)
def test_what_is_no_identity_does_not_keep_others_from_being_found(
    monkeypatch: pytest.MonkeyPatch, octets: bytes
) -> None:
    answers = [(octets, "10.0.0.4"), (identity("Press"), "10.0.0.5")]
    assert found(monkeypatch, *answers) == [("10.0.0.5", "Press")]


@pytest.mark.parametrize("timeout", [0, -1, math.nan, math.inf, 1e20, None, "1", b"1"])
def test_a_time_that_does_not_pass_is_refused(timeout: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="a time-out"):
        discover(timeout)
