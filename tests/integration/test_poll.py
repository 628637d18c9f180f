# SPDX-License-Identifier: Apache-2.0
"""Polling real simulators over real connections: ours, and the published one's.

They are killed and started again at the same port.  CPPPO_PUBLISHED_PYTHON names a
Python that has cpppo 5.2.5; what needs it is skipped without.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import asking
import pytest
from peers import (
    LOOPBACK,
    PATIENCE,
    Address,
    Program,
    Simulator,
    Starter,
    serving,
    vacant,
    wait_for,
)

from cpppo.errors import TransportError
from cpppo.server.enip import poll, poll_test
from cpppo.server.enip.ab import powerflex_750_series as device
from cpppo.server.enip.get_attribute import proxy

PUBLISHED = os.environ.get("CPPPO_PUBLISHED_PYTHON")
ENIP = "cpppo.server.enip"

# What is told, in the manual's output.
VALUES = {
    "Motor Velocity": [789.010009765625],
    "Output Current": [123.44999694824219],
    "Elapsed KwH": [987.6500244140625],
    "Output Frequency": [456.7799987792969],
    "Speed Units": [1],
}

# The published one's drive: its own tags, at the places of the drive's parameters.
TAGS = [
    f"{name.replace(' ', '_')}@0x93/{number}/10={kind}"
    for name, (number, kind, _) in poll_test.PARAMETERS.items()
]


class Process:
    """Takes what is polled, and tells of it."""

    def __init__(self) -> None:
        self.done = False
        self.seen: list[tuple[Any, Any]] = []
        self.failures: list[Exception] = []

    def __call__(self, parameter: Any, value: Any) -> None:
        self.seen.append((parameter, value))

    def failure(self, exc: Exception) -> None:
        self.failures.append(exc)

    def more(self, count: int = 1) -> bool:
        """Wait for so many values more."""
        wanted = len(self.seen) + count
        return wait_for(lambda: len(self.seen) >= wanted)


@contextmanager
def polling(process: Process, **kwds: Any) -> Iterator[threading.Thread]:
    """`poll.poll` in a thread of its own, until the end."""
    asked = {"cycle": 0.05, "latency": 0.05, "backoff_max": 0.2} | kwds
    thread = threading.Thread(
        target=poll.poll,
        kwargs={"process": process, "failure": process.failure, **asked},
    )
    thread.start()
    try:
        yield thread
    finally:
        process.done = True
        thread.join(PATIENCE)
    assert not thread.is_alive()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Starter]:
    with ExitStack() as stack:
        yield Starter(tmp_path, stack)


Start = Callable[[Address], Program]


def our_drive(start: Starter) -> Start:
    def started(address: Address) -> Program:
        where = f"{address[0]}:{address[1]}"
        program = start("-a", where, "-A", module=f"{ENIP}.poll_test")
        program.line("Network TCP Server")
        return program

    return started


def their_drive(stack: ExitStack, folder: Path) -> Start:
    def started(address: Address) -> Program:
        assert PUBLISHED is not None
        where = f"{address[0]}:{address[1]}"
        environ = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        program = Program(
            subprocess.Popen(
                [PUBLISHED, "-u", "-P", "-m", ENIP, "-S", "-A", "-a", where, *TAGS],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                cwd=folder,
                env=environ,
            )
        )
        stack.callback(program.rest)
        stack.callback(program.process.wait, PATIENCE)
        stack.callback(program.process.kill)
        program.line("Network TCP Server")
        return program

    return started


@pytest.fixture(
    params=[
        "ours",
        pytest.param(
            "published",
            marks=[
                pytest.mark.interop,
                pytest.mark.skipif(
                    PUBLISHED is None,
                    reason="CPPPO_PUBLISHED_PYTHON names no Python that has 5.2.5",
                ),
            ],
        ),
    ]
)
def drive(
    request: pytest.FixtureRequest, start: Starter, tmp_path: Path
) -> Iterator[Start]:
    with ExitStack() as stack:
        if request.param == "ours":
            yield our_drive(start)
        else:
            yield their_drive(stack, tmp_path)


def wrong(program: Program) -> list[str]:
    """What went wrong; on a busy machine, a cycle may be missed."""
    lines = program.rest(errors=True)
    return [line for line in lines if not re.search(r" missed \d+ cycles", line)]


# -- a device that goes and comes back


def test_a_poll_goes_on_when_its_device_is_back(drive: Start) -> None:
    address = LOOPBACK, vacant()
    process = Process()
    params = list(VALUES)
    with polling(
        process, proxy_class=device, address=address, timeout=2.0, params=params
    ):
        # Nobody is there yet.
        wait_for(lambda: process.failures)
        for _ in range(2):
            program = drive(address)
            process.more(2 * len(params))
            failures = len(process.failures)
            program.stop(signal.SIGKILL)
            wait_for(lambda: len(process.failures) > failures)  # noqa: B023
        drive(address)
        process.more(2 * len(params))
    assert [name for name, _ in process.seen] == params * (
        len(process.seen) // len(params)
    )
    assert all(isinstance(exc, TransportError) for exc in process.failures)


def test_a_paused_device_is_waited_for() -> None:
    process = Process()
    with Simulator("-a", f"{LOOPBACK}:0", main=poll_test.main) as simulator:
        address = simulator.address
        with polling(
            process, proxy_class=device, address=address, params=["Motor Velocity"]
        ):
            process.more()
            simulator.control["disable"] = True
            wait_for(lambda: process.failures)
            simulator.control["disable"] = False
            process.more()
    assert set(map(repr, process.seen)) == {
        repr(("Motor Velocity", VALUES["Motor Velocity"]))
    }


# -- what is polled


def test_names_tuples_and_tags_are_polled_side_by_side() -> None:
    process = Process()
    one = asking.controller("SCADA=INT[3] Speed@0x93/300/10=DINT")
    one.tags["SCADA"][0:3] = [1, 2, 3]
    one.tags["Speed"].value = 7
    params = ["Product Name", ("@0x93/300/10", "DINT", "rpm"), "SCADA[0-2]", "None"]
    with (
        serving(one) as address,
        polling(process, proxy_class=proxy, address=address, params=params),
    ):
        process.more(2 * len(params))
    name = one.identity.attribute["7"].value
    values = [[name], [7], [1, 2, 3], None]
    assert process.seen[:8] == [*zip(params, values, strict=True)] * 2
    (refused,) = process.failures
    assert isinstance(refused, poll.ParameterRefused)
    assert str(refused).startswith("None: ")


def test_loop_and_execute_ask_a_device() -> None:
    one = asking.controller("SCADA=INT[3]")
    with serving(one) as (host, port):
        via = proxy(host=host, port=port, timeout=PATIENCE)
        with via:
            assert list(poll.execute(via, ["SCADA[0-1]"])) == [("SCADA[0-1]", [0, 0])]
        begun, delay, values = poll.loop(via, cycle=5.0, params=["SCADA"])
        assert values == [("SCADA", [0])]
        assert 0 < delay <= 5.0
        later, _, _ = poll.loop(via, 5.0, last_poll=begun - 5.0, params=["SCADA"])
        assert later == begun
        via.close_gateway()


def test_pollers_of_many_threads_share_one_connection() -> None:
    one = asking.controller(" ".join(f"T{n}=DINT" for n in range(8)))
    for n in range(8):
        one.tags[f"T{n}"].value = n
    processes = [Process() for _ in range(8)]
    with serving(one) as (host, port), ExitStack() as stack:
        via = proxy(host=host, port=port, timeout=PATIENCE)
        stack.callback(via.close_gateway)
        for n, process in enumerate(processes):
            stack.enter_context(
                polling(process, via=via, params=[f"T{n}"], cycle=0.005 * (n + 1))
            )
        for process in processes:
            wait_for(lambda: len(process.seen) >= 10)  # noqa: B023
        assert len(one._handles) == 1
    for n, process in enumerate(processes):
        assert process.failures == []
        assert {(name, *value) for name, value in process.seen} == {(f"T{n}", n)}


# -- the programs


def test_the_command_polls_until_it_is_interrupted(start: Starter) -> None:
    with Simulator("-a", f"{LOOPBACK}:0", main=poll_test.main) as simulator:
        host, port = simulator.address
        where = ["-a", f"{host}:{port}", "-c", "0.05"]
        program = start(*where, *VALUES, module=f"{ENIP}.poll")
        for _ in range(2):
            for name, value in VALUES.items():
                program.line(rf"^{name:>15}: {re.escape(repr(value))}$")
        assert program.stop(signal.SIGINT) == 0
        assert wrong(program) == []


def test_the_command_ends_after_a_count(start: Starter) -> None:
    with Simulator("-a", f"{LOOPBACK}:0", main=poll_test.main) as simulator:
        host, port = simulator.address
        argv = ["-a", f"{host}:{port}", "-c", "0.05", "-n", "3", "--json", "-m"]
        program = start(*argv, "Speed Units", module=f"{ENIP}.poll")
        assert program.process.wait(PATIENCE) == 0
        lines = [json.loads(line) for line in program.rest()]
    assert [one["value"] for one in lines] == [[1]] * 3
    times = [one["time"] for one in lines]
    assert times == sorted(times)


def test_the_command_says_that_nobody_answers(start: Starter) -> None:
    argv = ["-a", f"{LOOPBACK}:{vacant()}", "-c", "0.05", "-n", "2"]
    program = start(*argv, module=f"{ENIP}.poll")
    assert program.process.wait(PATIENCE) == 1
    lines = program.rest(errors=True)
    assert len(lines) == 2
    assert all("polling failed: " in one and "refused" in one for one in lines)


def test_the_command_refuses_an_unknown_name(start: Starter) -> None:
    program = start("Nonsense", module=f"{ENIP}.poll")
    assert program.process.wait(PATIENCE) == 2
    said = "\n".join(program.rest(errors=True))
    assert "Nonsense" in said
    assert "Traceback" not in said


EXAMPLES: list[tuple[str, str, Sequence[str]]] = [
    (
        "poll_example",
        r"[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9]\d \d\d:\d\d:\d\d \d{4}",
        ["Motor Velocity", "Output Current"],
    ),
    (
        "poll_example_many",
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}",
        list(VALUES),
    ),
]


@pytest.mark.parametrize(("module", "time", "names"), EXAMPLES, ids=lambda one: one)
def test_the_examples_print_what_the_manual_prints(
    module: str, time: str, names: Sequence[str], start: Starter
) -> None:
    with Simulator("-a", f"{LOOPBACK}:0", main=poll_test.main) as simulator:
        host, port = simulator.address
        program = start(f"{host}:{port}", module=f"{ENIP}.{module}")
        wanted = {f"{name:>16} == {VALUES[name]!r}" for name in names}
        while wanted:
            line = program.line(rf"^{time}: ").string
            wanted.discard(re.sub(rf"^{time}: ", "", line))
        assert program.stop(signal.SIGINT) == 0
        assert wrong(program) == []


@pytest.mark.parametrize("module", [one[0] for one in EXAMPLES])
def test_the_examples_say_what_is_no_address(module: str, start: Starter) -> None:
    for given, problem in (
        (["1.2.3"], "'1.2.3' is no address"),
        (["a", "b"], "one address is expected, not 'a b'"),
    ):
        program = start(*given, module=f"{ENIP}.{module}")
        assert program.process.wait(PATIENCE) == 2
        (line,) = program.rest(errors=True)
        assert line.startswith(f"{module}: {problem}")
    program = start("-h", module=f"{ENIP}.{module}")
    program.line(rf"^usage: {module} ")
    assert program.process.wait(PATIENCE) == 0
