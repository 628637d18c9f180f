# SPDX-License-Identifier: Apache-2.0
"""A poll of 10,000 tags whose device is killed and started again, at random.

The poller is told nothing of it.  It goes on by itself, delivers every cycle whole
while the device is up, and has grown by nothing at the end.  CPPPO_SURVIVE is how many
times; a run's seed is printed, and CPPPO_FUZZ_SEED gives it again.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest
from mutate import seeded
from peers import LOOPBACK, Address, Program, Starter

import cpppo
from cpppo.client.backoff import Backoff
from cpppo.client.logix import Logix
from cpppo.client.result import Result
from cpppo.errors import ProtocolError, TransportError
from cpppo.server.enip import poll
from cpppo.server.enip.get_attribute import proxy

TIMES = int(os.environ.get("CPPPO_SURVIVE", "3"))
COUNT = 10_000
TYPES = ("INT", "DINT", "REAL")
NAMES = [f"T{nth}" for nth in range(COUNT)]
PATIENCE = 60.0  # seconds for a cycle, on a machine that has much else to do
# Objects: those of a cycle that was cut short may be held beside those of the last
# one.  A cycle lost in each round would be 40,000 each time.
GROWTH = 40_000
MEGABYTES = 16  # what allocators keep; a cycle lost in each round would be 100

# The simulator, with a value for each tag that only this tag has.
NUMBERED = """
import sys
from cpppo.server.enip.device import Attribute
from cpppo.server.enip.main import main

class Numbered(Attribute):
    def __init__(self, name, type_cls, default=0, **kwds):
        super().__init__(name, type_cls, default=int(name[1:]), **kwds)

if __name__ == "__main__":
    sys.exit(main(attribute_class=Numbered))
"""


def free() -> int:
    """A port below those that the system gives to clients.

    Whoever connects again and again to one of those, while nobody listens, is given it
    himself one day: then he talks to himself, and nobody else may listen there.
    """
    for port in Random().sample(range(20000, 32000), 100):
        with socket.socket() as one:
            try:
                one.bind((LOOPBACK, port))
            except OSError:
                continue
        return port
    raise AssertionError("no port is free")


class Device:
    """A simulator that comes and goes, at one port."""

    def __init__(self, folder: Path, start: Starter) -> None:
        (folder / "numbered.py").write_text(NUMBERED)
        package = str(Path(cpppo.__file__).parents[1])
        self.path = os.pathsep.join((package, str(folder)))
        self.start = start
        self.address: Address = (LOOPBACK, free())
        self.program: Program | None = None

    def up(self) -> None:
        where = f"{self.address[0]}:{self.address[1]}"
        tags = [f"{name}={TYPES[nth % 3]}" for nth, name in enumerate(NAMES)]
        self.program = self.start(
            "-A", "-a", where, *tags, module="numbered", PYTHONPATH=self.path
        )
        try:
            assert self.program.address() == self.address
        except AssertionError as exc:
            status = self.program.stop(signal.SIGABRT)
            lines = self.program.rest(errors=True)
            raise AssertionError(f"it did not start: {status}, {lines}") from exc

    def down(self, number: int) -> None:
        assert self.program is not None
        self.program.stop(number)
        self.program.rest()
        self.program.process.args = []  # 10,000 of them each time, kept by the starter


@dataclass(frozen=True, slots=True)
class Size:
    """What a process holds."""

    descriptors: int
    threads: int
    objects: int
    octets: int

    @classmethod
    def now(cls) -> Size:
        gc.collect()
        proc = Path("/proc/self")
        pages = int((proc / "statm").read_text().split()[1]) if proc.exists() else 0
        return cls(
            len(os.listdir("/proc/self/fd")) if proc.exists() else 0,
            threading.active_count(),
            len(gc.get_objects()),
            pages * 4096,
        )


class Record:
    """What a poller delivers, in its order; called with each value."""

    def __init__(self) -> None:
        self.done = False
        self.up = False  # whether the device is there, and was heard
        self.measured = False  # whether to measure at the end of this cycle
        self.sizes: list[Size] = []
        self.next = 0
        self.cycles = 0
        self.failures = 0
        self.wrong: list[str] = []
        self.changed = threading.Condition()

    def __call__(self, name: str, value: Any) -> None:
        nth = int(name[1:])
        if nth != self.next:
            self.note(f"{name} came after T{self.next - 1}, in cycle {self.cycles}")
        if value != [nth]:
            self.note(f"{name} was {value!r}")
        self.next = nth + 1
        if self.next == COUNT:
            self.whole()

    def scanned(self, results: list[Result], _: int) -> None:
        for name, one in zip(NAMES, results, strict=True):
            self(name, one.data)

    def whole(self) -> None:
        """A cycle has ended: what is held now is held at every such moment."""
        if self.measured:
            self.measured = False
            self.sizes.append(Size.now())
        with self.changed:
            self.next = 0
            self.cycles += 1
            self.changed.notify_all()

    def failure(self, exc: Exception) -> None:
        with self.changed:
            if self.up:
                self.note(f"cycle {self.cycles} was lost, the device was up: {exc}")
            if not isinstance(exc, TransportError | ProtocolError):
                self.note(f"another exception: {exc!r}")
            self.next = 0
            self.failures += 1
            self.changed.notify_all()

    def note(self, text: str) -> None:
        if len(self.wrong) < 20:
            self.wrong.append(text)

    def wait(self, what: Callable[[], bool], seconds: float = PATIENCE) -> None:
        with self.changed:
            assert self.changed.wait_for(what, seconds), (
                f"nothing came: {self.cycles} cycles, {self.failures} failures, "
                f"{self.wrong}"
            )

    def wait_cycles(self, count: int) -> None:
        wanted = self.cycles + count
        self.wait(lambda: self.cycles >= wanted)


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Device]:
    log = logging.getLogger("cpppo")
    with ExitStack() as stack:
        # Records that are kept for a report keep all that their arguments lead to.
        stack.callback(log.setLevel, log.level)
        log.setLevel(logging.CRITICAL)
        yield Device(tmp_path, Starter(tmp_path, stack))


@contextmanager
def polling(address: Address, record: Record) -> Iterator[None]:
    """`poll.poll` in a thread, until the end."""
    thread = threading.Thread(
        target=poll.poll,
        kwargs={
            "proxy_class": proxy,
            "address": address,
            "cycle": 0.1,
            "timeout": PATIENCE,
            "depth": 2,
            "multiple": 4000,
            "params": NAMES,
            "process": record,
            "failure": record.failure,
            "backoff_min": 0.05,
            "backoff_max": 0.3,
            "latency": 0.05,
        },
    )
    thread.start()
    try:
        yield
    finally:
        record.done = True
        thread.join(PATIENCE)
    assert not thread.is_alive()


def survive(device: Device, record: Record, random: Random, told: bool) -> None:
    """Kill the device as often as is wanted; whether the caller is told that it failed.

    A poll fails at once, and is told; a scan of `Logix` tries again while it has time.
    """
    moment = threading.Event()  # never set: who waits for it waits for a random time
    device.up()
    for _ in range(TIMES):
        there = time.monotonic()
        record.measured = True
        record.wait_cycles(1)
        record.up = True
        first = time.monotonic() - there
        record.wait_cycles(random.randrange(2))
        moment.wait(random.random() * min(first, 1.0))  # anywhere in a cycle
        record.up = False
        before = record.failures
        device.down(random.choice((signal.SIGKILL, signal.SIGTERM)))
        if told:
            record.wait(lambda: record.failures > before)  # noqa: B023 - at once
        moment.wait(random.random() * 0.3)
        device.up()
    record.measured = True
    record.wait_cycles(1)


def test_a_poll_survives_its_device(device: Device) -> None:
    random, record = seeded(), Record()
    with polling(device.address, record):
        survive(device, record, random, told=True)
    device.down(signal.SIGTERM)
    assert record.failures >= TIMES
    judge(record)


def test_a_subscription_survives_its_device(device: Device) -> None:
    random, record = seeded(), Record()
    host, port = device.address
    backoff = Backoff(0.05, 0.3)
    with Logix(
        host, port, timeout=PATIENCE, depth=2, multiple=4000, backoff=backoff
    ) as plc:
        plc.subscribe(*NAMES, every=0.1, scanned=record.scanned, failure=record.failure)
        survive(device, record, random, told=False)
    device.down(signal.SIGTERM)
    judge(record)


def judge(record: Record) -> None:
    assert not record.wrong
    assert len(record.sizes) == TIMES + 1
    early, late = record.sizes[1], record.sizes[-1]
    assert late.descriptors <= early.descriptors
    assert late.threads <= early.threads
    assert late.objects < early.objects + GROWTH
    assert late.octets < early.octets + MEGABYTES * 1024 * 1024
