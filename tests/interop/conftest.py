# SPDX-License-Identifier: Apache-2.0
"""The simulator that somebody else's clients talk to: a program, one for all tests.

It serves `plant.toml` at a port that the system chooses.  A second one grants small
connections only.  Both end with the last test.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from peers import PATIENCE, Address, Starter

if TYPE_CHECKING:
    from interop.clients import Face, Faces

PLANT = Path(__file__).with_name("plant.toml")


@pytest.fixture(autouse=True)
def in_time() -> Iterator[None]:
    """A client that asks for ever fails its test, and not all that follow."""

    def expired(*_: object) -> None:
        # No `except Exception` of a client catches this.
        pytest.fail(f"it takes longer than {PATIENCE} s")

    if not hasattr(signal, "SIGALRM"):
        yield
        return
    before = signal.signal(signal.SIGALRM, expired)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="session")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starter]:
    with ExitStack() as stack:
        yield Starter(tmp_path_factory.mktemp("interop"), stack)


@pytest.fixture(scope="session")
def simulator(starter: Starter) -> Address:
    """Where the plant is."""
    return starter.loopback("-A", "--tags", str(PLANT)).address()


@pytest.fixture(scope="session")
def small(starter: Starter) -> Address:
    """Where the plant is that grants no connection larger than 504 octets."""
    options = ("--connection-size", "504")
    return starter.loopback("-A", *options, "--tags", str(PLANT)).address()


@pytest.fixture(scope="module")
def faces(simulator: Address, small: Address) -> Iterator[Faces]:
    """The clients that stay connected through all tests of a module.

    No longer: what runs between two modules may take more than the minute after which
    the simulator gives up a silent connection of pylogix.
    """
    from interop.clients import Faces

    with ExitStack() as stack:
        yield Faces({"": simulator, " of 504": small}, stack)


@pytest.fixture(
    params=[
        "pycomm3",
        "pycomm3 of 504",
        "pylogix",
        "pylogix of 504",
        "aphyt",
        "ours",
        "ours of 504",
        "unconnected",
    ]
)
def face(request: pytest.FixtureRequest, faces: Faces) -> Face:
    """Each client that reads and writes tags by their names."""
    faces.renewed(request.session.testsfailed)
    name: str = request.param
    return faces[name]


@pytest.fixture(params=["", " of 504"], ids=["large", "small"])
def size(request: pytest.FixtureRequest, faces: Faces) -> str:
    """What the connections are like that the clients of a test open."""
    faces.renewed(request.session.testsfailed)
    suffix: str = request.param
    return suffix


@pytest.fixture
def logix(size: str, faces: Faces) -> Face:
    """pycomm3's driver for Logix."""
    return faces[f"pycomm3{size}"]


@pytest.fixture
def plc(size: str, faces: Faces) -> Face:
    """pylogix."""
    return faces[f"pylogix{size}"]
