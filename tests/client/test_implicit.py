# SPDX-License-Identifier: Apache-2.0
"""`implicit`: for how long a connection that is not used is taken to be there.

What it does over its connection is in `tests/integration/test_connections.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from asking import Frame, controller
from asking import frame as again
from peers import PATIENCE, Address, Far, far, serving

from cpppo.client.session import YOUNG
from cpppo.errors import StatusError, Timeout, TransportError
from cpppo.server.enip import client


class Clock:
    """What it takes the time from."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    fake = SimpleNamespace(monotonic=found.monotonic)
    monkeypatch.setattr(import_module("cpppo.client.implicit"), "time", fake)
    return found


@pytest.fixture
def address() -> Iterator[Address]:
    with serving(controller("A=INT[10]")) as found:
        yield found


def operated(conn: Any) -> None:
    assert conn.process(["A[0]"]) == (0, [[0]])


def requested(conn: Any) -> None:
    conn.read("A[1]")
    response, _ = client.await_response(conn, timeout=PATIENCE)
    assert response
    assert response["enip.status"] == 0


@pytest.mark.parametrize("used", [operated, requested])
def test_it_lasts_as_long_as_it_is_used(
    address: Address, clock: Clock, used: Callable[[Any], None]
) -> None:
    with closing(client.implicit(*address, timeout=PATIENCE)) as conn:
        life = conn.connection.life
        assert life > 0
        for _ in range(3):
            clock.now += life * YOUNG - 0.01
            assert not conn.closed
            used(conn)
        # What came since then was not asked.
        clock.now += life * YOUNG + 0.01
        assert conn.closed


def test_from_its_opening_on_the_time_counts(address: Address, clock: Clock) -> None:
    with closing(client.implicit(*address, timeout=PATIENCE)) as conn:
        clock.now += conn.connection.life * YOUNG - 0.01
        assert not conn.closed
        clock.now += 0.02
        assert conn.closed


# -- who opens none


def packed(frame: Frame, reply: bytes) -> bytes:
    packet = frame.payload[:14] + len(reply).to_bytes(2, "little") + reply
    return again(0x6F, packet, frame.session, frame.context)


def test_who_refuses_is_told_with_his_status() -> None:
    services: list[int] = []

    def answer(one: Far, frame: Frame) -> bytes:
        services.append(frame.payload[16])
        return packed(frame, bytes((frame.payload[16] | 0x80, 0, 8, 0)))

    with far(answer) as one, pytest.raises(StatusError, match="no connection") as ex:
        client.implicit(*one.address, timeout=PATIENCE)
    assert ex.value.status == 8
    # A small one is asked for, too.
    assert services == [0x5B, 0x54]


def test_who_answers_nonsense_is_told_without() -> None:
    def answer(one: Far, frame: Frame) -> bytes:
        return packed(frame, bytes((frame.payload[16] | 0x80, 0, 0, 0)))

    with far(answer) as one, pytest.raises(TransportError, match="is none") as ex:
        client.implicit(*one.address, timeout=PATIENCE)
    assert not isinstance(ex.value, StatusError)


@pytest.mark.parametrize(("reply", "kind"), [(b"", Timeout), (None, TransportError)])
def test_who_says_nothing_is_told(reply: bytes | None, kind: type[Exception]) -> None:
    timeout = 1.0 if reply == b"" else PATIENCE
    what = r"opened no connection|closed at Forward Open"
    with far(lambda one, frame: reply) as one, pytest.raises(kind, match=what):
        client.implicit(*one.address, timeout=timeout)
