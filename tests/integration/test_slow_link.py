# SPDX-License-Identifier: Apache-2.0
"""A device that is far away: a round trip of 200 ms, by a relay that delays.

What is asked one after the other waits for each answer; what is in flight together
waits once.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from asking import controller
from peers import PATIENCE, Address, Program, call, serving
from slow_link import EXAMPLE, slow

from cpppo.server.enip import client

DELAY = 0.1


@pytest.fixture
def near() -> Iterator[Address]:
    with serving(controller("SCADA=INT[1000]")) as address:
        yield address


def rate(connection: Any, count: int, **how: Any) -> float:
    """Tags a second, read in one way."""
    begun = monotonic()
    asked = client.parse_operations([f"SCADA[{at}]" for at in range(count)])
    found = list(connection.results(asked, timeout=PATIENCE, **how))
    took = monotonic() - begun
    assert found == [[0]] * count
    return count / took


def test_what_passes_is_late_and_whole() -> None:
    octets = bytes(range(256)) * 8192
    seen = b""
    with (
        socket.create_server(("127.0.0.1", 0)) as echo,
        slow(echo.getsockname(), DELAY) as address,
        socket.create_connection(address, PATIENCE) as here,
    ):
        begun = monotonic()
        there, _ = echo.accept()
        with there:
            there.settimeout(PATIENCE)
            here.sendall(octets)
            here.shutdown(socket.SHUT_WR)
            while more := there.recv(65536):
                seen += more
            took = monotonic() - begun
            # It has said all, and can be told something yet.
            there.sendall(b"thanks")
        assert here.recv(16) == b"thanks" and here.recv(16) == b""
    assert seen == octets
    # Two million octets of it were under way at once.
    assert DELAY <= took < PATIENCE


def test_a_question_and_its_answer_are_late(near: Address) -> None:
    with slow(near, DELAY) as far, call(far) as caller:
        begun = monotonic()
        caller.socket.sendall(b"\x04\0" + bytes(22))  # List Services
        caller.frame()
        assert monotonic() - begun >= 2 * DELAY


def test_a_link_without_a_target_closes() -> None:
    with socket.create_server(("127.0.0.1", 0)) as one:
        nobody = one.getsockname()
    with (
        slow(nobody, DELAY) as address,
        socket.create_connection(address, PATIENCE) as here,
    ):
        assert here.recv(1) == b""


def test_requests_in_flight_share_the_way(near: Address) -> None:
    with slow(near, DELAY) as (host, port):
        connection = client.connector(host=host, port=port, timeout=PATIENCE)
        try:
            with connection:
                alone = rate(connection, 6, depth=1)
                together = rate(connection, 40, depth=20)
                bundled = rate(connection, 100, depth=20, multiple=250)
        finally:
            connection.close()
    assert alone <= 1 / (2 * DELAY)
    assert together >= 5 * alone
    assert bundled >= 5 * alone


def test_the_example_is_a_program(near: Address, tmp_path: Path) -> None:
    words = ("127.0.0.1:0", f"{near[0]}:{near[1]}", "0.05")
    process = subprocess.Popen(
        [sys.executable, "-P", str(EXAMPLE), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env=dict(os.environ),
    )
    program = Program(process)
    try:
        match = program.line(r"^127\.0\.0\.1:([0-9]+) to .*, 0\.05 s each way$")
        with call(("127.0.0.1", int(match[1]))) as caller:
            begun = monotonic()
            caller.socket.sendall(b"\x04\0" + bytes(22))
            caller.frame()
            assert monotonic() - begun >= 0.1
    finally:
        process.kill()
        process.wait(PATIENCE)
        program.rest()
        program.rest(errors=True)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "usage: "),
        (("x", "localhost:1", "1"), "[host]:port expected, not 'x'"),
        ((":0", "localhost:1", "soon"), "DELAY is a number of seconds, not 'soon'"),
    ],
)
def test_the_example_says_what_it_wants(words: tuple[str, ...], told: str) -> None:
    done = subprocess.run(
        [sys.executable, "-P", str(EXAMPLE), *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 1 and told in done.stderr
