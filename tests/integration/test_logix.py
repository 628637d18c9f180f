# SPDX-License-Identifier: Apache-2.0
"""`Logix` and its await-able twin against real simulators, which get killed."""

from __future__ import annotations

import asyncio
import random
import signal
import socket
import sys
import threading
from collections.abc import Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from queue import SimpleQueue
from time import monotonic
from typing import Any

import pytest
from asking import controller
from peers import (
    LOOPBACK,
    PATIENCE,
    Address,
    Far,
    Program,
    Starter,
    far,
    serving,
    vacant,
    wait_for,
)

from cpppo.client.asynchronous import HELD, AsyncLogix, Channel
from cpppo.client.backoff import Backoff
from cpppo.client.logix import Logix
from cpppo.errors import CpppoError, Disconnected, Refused, Timeout, TransportError

# Where no other program's connection takes the port while a simulator is down.
HOST = "127.31.41.59" if sys.platform.startswith("linux") else LOOPBACK

TAGS = "A=DINT B=INT[10] C=REAL[3] D=BOOL S=STRING L=LREAL BIG=DINT[20000]"

VALUES: dict[str, Any] = {
    "A": -5,
    "B[0-2]": [1, 2, 3],
    "C[1]": 1.5,
    "D": True,
    "S": "text",
    "L": 1e300,
}


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Starter]:
    with ExitStack() as stack:
        yield Starter(tmp_path, stack)


@pytest.fixture
def address() -> Iterator[Address]:
    """Where a simulator of this process answers."""
    with serving(controller(TAGS)) as found:
        yield found


def at(address: Address) -> str:
    return f"{address[0]}:{address[1]}"


def soon() -> Backoff:
    """Short delays, so that a test is short."""
    return Backoff(0.005, 0.05)


def silent(far: Far, frame: Any) -> bytes:
    return b""


def closing(far: Far, frame: Any) -> None:
    return None


def run(program: Coroutine[Any, Any, None]) -> None:
    async def main() -> None:
        async with asyncio.timeout(3 * PATIENCE):
            await program

    asyncio.run(main())


@contextmanager
def thread(function: Any) -> Iterator[threading.Thread]:
    """A thread that has ended, once this has."""
    one = threading.Thread(target=function)
    one.start()
    try:
        yield one
    finally:
        one.join(PATIENCE)
        assert not one.is_alive()


# -- reading and writing


@pytest.mark.parametrize("multiple", [0, 500])
def test_every_type_is_written_and_read_back(address: Address, multiple: int) -> None:
    with Logix(at(address), multiple=multiple) as plc:
        assert all(plc.write(VALUES))
        assert [one.value for one in plc.read(list(VALUES))] == list(VALUES.values())
        assert plc.identity["name"] == "1756-L61/B LOGIX5561"


def test_every_type_is_written_and_read_back_by_the_twin(address: Address) -> None:
    async def test() -> None:
        async with AsyncLogix(at(address)) as plc:
            assert all(await plc.write(VALUES))
            found = await plc.read(list(VALUES))
            assert [one.value for one in found] == list(VALUES.values())
            assert (await plc.identity)["name"] == "1756-L61/B LOGIX5561"

    run(test())


def test_thousands_of_tags_come_back_in_their_order(address: Address) -> None:
    values = random.Random(5).sample(range(1 << 31), 20000)
    tags = [f"BIG[{nth}]" for nth in range(0, 20000, 7)]
    with Logix(at(address)) as plc:
        (written,) = plc.write({"BIG[0-19999]": values})
        assert written.ok
        assert [one.value for one in plc.read(tags)] == values[::7]
        assert plc.read("BIG[0-19999]").value == values


def test_much_comes_to_the_twin_whole(address: Address) -> None:
    values = random.Random(6).sample(range(1 << 31), 20000)

    async def test() -> None:
        async with AsyncLogix(at(address), depth=16) as plc:
            (written,) = await plc.write({"BIG[0-19999]": values})
            assert written.ok
            several = await plc.read(*["BIG[0-19999]"] * 20)
            assert all(one.value == values for one in several)

    run(test())


@pytest.mark.parametrize("way", ["/1/0", ""])
def test_one_tag_that_is_refused_loses_no_other(address: Address, way: str) -> None:
    with Logix(at(address) + way, simple=not way) as plc:
        a, none, b = plc.read("A", "NONE", "B[0]")
        assert (a.ok, none.ok, b.ok) == (True, False, True)
        a, none, b = plc.write(A=1, NONE=1, B=1)
        assert (a.ok, none.ok, b.ok) == (True, False, True)


# -- failures


def test_nobody_there_is_refused_in_words_and_in_time() -> None:
    port = vacant()
    begun = monotonic()
    with (
        Logix(LOOPBACK, port, timeout=0.3, backoff=soon()) as plc,
        pytest.raises(Refused, match=rf"127.0.0.1:{port} refused .*down for"),
    ):
        plc.read("A")
    assert monotonic() - begun < PATIENCE / 2


def test_nobody_there_is_refused_to_the_twin_as_well() -> None:
    port = vacant()

    async def test() -> None:
        async with AsyncLogix(LOOPBACK, port, timeout=0.3, backoff=soon()) as plc:
            with pytest.raises(Refused, match=rf"127.0.0.1:{port} refused .*down for"):
                await plc.read("A")

    run(test())


def test_a_silent_device_is_a_time_out() -> None:
    with far(silent) as one, Logix(at(one.address), timeout=1.0) as plc:
        with pytest.raises(Timeout, match=r"did not answer within 1 s"):
            plc.read("A")
        assert plc.write("A=(DINT)1").unknown


def test_a_silent_device_is_a_time_out_to_the_twin_as_well() -> None:
    async def test(where: str) -> None:
        async with AsyncLogix(where, timeout=1.0) as plc:
            with pytest.raises(Timeout, match=r"did not answer within 1 s"):
                await plc.read("A")
            assert (await plc.write("A=(DINT)1")).unknown

    with far(silent) as one:
        run(test(at(one.address)))


def test_a_device_that_closes_at_each_request_is_left_in_time() -> None:
    with (
        far(closing) as one,
        Logix(at(one.address), timeout=0.3, backoff=soon()) as plc,
        # The last attempt may have had too little time to be closed.
        pytest.raises((Disconnected, Timeout), match=r"down for .* attempts"),
    ):
        plc.read("A")


def test_close_ends_a_call_of_another_thread() -> None:
    raised: list[Exception] = []

    def call() -> None:
        try:
            plc.read("A")
        except CpppoError as exc:
            raised.append(exc)

    with far(silent) as one:
        plc = Logix(at(one.address), timeout=PATIENCE)
        with thread(call):
            one.request()
            begun = monotonic()
            plc.close()
        assert monotonic() - begun < PATIENCE / 2
    assert isinstance(raised[0], Disconnected)
    assert "was closed here" in str(raised[0])


def test_close_ends_a_call_that_waits_for_the_next_attempt() -> None:
    raised: list[Exception] = []

    def call() -> None:
        try:
            plc.read("A")
        except CpppoError as exc:
            raised.append(exc)

    slow = Backoff(PATIENCE, 2 * PATIENCE, jitter=0)
    plc = Logix(LOOPBACK, vacant(), timeout=3 * PATIENCE, backoff=slow)
    begun = monotonic()
    with thread(call):
        wait_for(lambda: plc._pausing)
        plc.close()
    assert monotonic() - begun < PATIENCE / 2
    assert isinstance(raised[0], Disconnected)


def test_what_comes_faster_than_the_twin_takes_it_has_to_wait() -> None:
    size = 4_000_000
    server = socket.create_server((LOOPBACK, 0))

    def flood() -> None:
        one, _ = server.accept()
        with one, server:
            one.sendall(bytes(size))

    async def test() -> None:
        host, port = server.getsockname()
        channel = await Channel.open(host, port, PATIENCE)
        while not channel.readable() or channel._size <= HELD:
            await asyncio.sleep(0.001)
        held = channel._size
        await asyncio.sleep(0.01)
        assert channel._size == held < size
        got = 0
        while got < size:
            got += len(await channel.receive(PATIENCE))
        with pytest.raises(Disconnected, match=r"closed the connection"):
            await channel.receive(PATIENCE)
        channel.close()

    with thread(flood):
        run(test())


@contextmanager
def deaf() -> Iterator[Address]:
    """A place where no connection is refused, and none is accepted."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.socket())
        server.bind((LOOPBACK, 0))
        server.listen(0)
        for _ in range(3):
            one = stack.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(server.getsockname())
        yield server.getsockname()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a full backlog")
def test_close_ends_a_call_that_connects() -> None:
    raised: list[Exception] = []

    def call() -> None:
        try:
            plc.read("A")
        except CpppoError as exc:
            raised.append(exc)

    with deaf() as address:
        plc = Logix(at(address), timeout=PATIENCE)
        begun = monotonic()
        with thread(call):
            wait_for(lambda: plc._reaching)
            plc.close()
        assert monotonic() - begun < PATIENCE / 2
    assert isinstance(raised[0], Disconnected)
    assert "was closed here" in str(raised[0])


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a full backlog")
def test_a_subscription_is_stopped_while_it_connects() -> None:
    with deaf() as address, Logix(at(address), timeout=PATIENCE) as plc:
        one = plc.subscribe("A", every=0.01)
        wait_for(lambda: plc._reaching)
        begun = monotonic()
        one.stop()
        assert monotonic() - begun < PATIENCE / 2
        assert one.scans == 0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a full backlog")
def test_a_connection_that_is_not_accepted_is_a_time_out() -> None:
    async def test(where: str) -> None:
        async with AsyncLogix(where, timeout=0.1) as plc:
            with pytest.raises(Timeout, match=r"within 0.1 s"):
                await plc.read("A")

    with deaf() as address:
        with (
            Logix(at(address), timeout=0.1) as plc,
            pytest.raises(Timeout, match=r"within 0.1 s"),
        ):
            plc.read("A")
        run(test(at(address)))


# -- a device that comes and goes


def restarted(start: Starter, port: int = 0) -> tuple[Program, int]:
    """A simulator, at the port that the one before it had."""
    program = start("-A", "-a", f"{HOST}:{port}", "A=DINT", "B=INT[10]", "C=DINT")
    return program, program.address()[1]


def test_it_goes_on_after_the_device_was_killed(start: Starter) -> None:
    program, port = restarted(start)
    with Logix(HOST, port, timeout=PATIENCE, backoff=soon()) as plc:
        assert plc.write(A=1).ok
        for _ in range(3):
            program.stop(signal.SIGKILL)
            program, _ = restarted(start, port)
            # A write finds the connection dead, and goes on a new one.
            assert plc.write(A=2).ok
            assert plc.read("A").value == 2


def test_a_read_waits_for_the_device_to_come_back(start: Starter) -> None:
    program, port = restarted(start)
    found: list[Any] = []
    with Logix(HOST, port, timeout=PATIENCE, backoff=soon()) as plc:
        assert plc.read("A").ok
        program.stop(signal.SIGKILL)
        with thread(lambda: found.append(plc.read("A"))):
            wait_for(lambda: plc._line.backoff.failures > 2)
            restarted(start, port)
    assert found[0].ok


def test_threads_that_hammer_get_their_own_answers_whatever_dies(
    start: Starter,
) -> None:
    program, port = restarted(start)
    ending = threading.Event()
    wrong: list[Any] = []
    counts = {"A": 0, "C": 0}

    def hammer(plc: Logix, tag: str, sign: int) -> None:
        # Only this thread writes this tag, so it knows what may stand there.
        value = 0
        possible = {0}
        while not ending.is_set():
            value += sign
            try:
                written = plc.write((tag, value))
                possible = {value} if written.ok else {*possible, value}
                found = plc.read(tag)
            except TransportError:
                possible.add(value)
                continue
            # A new device begins with 0.
            if found.value not in {*possible, 0}:
                wrong.append((tag, found, possible))
            counts[tag] += 1

    with (
        Logix(HOST, port, timeout=PATIENCE, backoff=soon()) as plc,
        thread(lambda: hammer(plc, "A", 1)),
        thread(lambda: hammer(plc, "C", -1)),
    ):
        try:
            for _ in range(3):
                before = dict(counts)
                wait_for(lambda: all(counts[one] > before[one] + 5 for one in counts))  # noqa: B023
                program.stop(signal.SIGKILL)
                program, _ = restarted(start, port)
            before = dict(counts)
            wait_for(lambda: all(counts[one] > before[one] + 5 for one in counts))
        finally:
            ending.set()
    assert wrong == []


def test_a_subscription_tells_the_outage_and_goes_on(start: Starter) -> None:
    program, port = restarted(start)
    changes: SimpleQueue[Any] = SimpleQueue()
    failures: SimpleQueue[Exception] = SimpleQueue()
    scans: SimpleQueue[int] = SimpleQueue()
    with (
        Logix(HOST, port, timeout=0.1, backoff=soon()) as plc,
        plc.subscribe(
            "A",
            "B[0-9]",
            every=0.01,
            change=lambda now, before: changes.put((now.value, before)),
            scanned=lambda results, missed: scans.put(len(results)),
            failure=failures.put,
        ) as one,
        plc.subscribe("C", every=0.02) as other,
    ):
        assert [changes.get(timeout=PATIENCE)[0] for _ in range(2)] == [0, [0] * 10]
        assert plc.write(A=5).ok
        now, before = changes.get(timeout=PATIENCE)
        assert (now, before.value) == (5, 0)
        program.stop(signal.SIGKILL)
        assert isinstance(failures.get(timeout=PATIENCE), TransportError)
        program, _ = restarted(start, port)
        # The new one begins with 0.
        assert changes.get(timeout=PATIENCE)[0] == 0
        scans.get(timeout=PATIENCE)
        count = other.scans
        wait_for(lambda: other.scans > count)
    assert one.failures > 0
    assert one.errors == 0
    assert changes.empty()


def test_the_twin_goes_on_after_the_device_was_killed(start: Starter) -> None:
    program, port = restarted(start)
    failures: SimpleQueue[Exception] = SimpleQueue()

    async def test() -> None:
        nonlocal program
        async with AsyncLogix(HOST, port, timeout=PATIENCE, backoff=soon()) as plc:
            one = await plc.subscribe("B[0-9]", every=0.01, failure=failures.put)
            for _ in range(2):
                assert (await plc.write(A=2)).ok
                program.stop(signal.SIGKILL)
                reading = asyncio.create_task(plc.read("A"))
                while plc._line.backoff.failures < 2:
                    await asyncio.sleep(0.001)
                program, _ = restarted(start, port)
                assert (await reading).ok
                count = one.scans
                while one.scans == count:
                    await asyncio.sleep(0.001)

    run(test())


def test_closing_ends_all_subscriptions(address: Address) -> None:
    plc = Logix(at(address))
    several = [plc.subscribe("A", every=0.01) for _ in range(3)]
    wait_for(lambda: all(one.scans for one in several))
    plc.close()
    assert all(one.stopped for one in several)
    counts = [one.scans for one in several]
    assert [one.scans for one in several] == counts
