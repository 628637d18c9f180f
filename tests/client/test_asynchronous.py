# SPDX-License-Identifier: Apache-2.0
"""`AsyncLogix` without a network: what awaiting adds to what `Logix` does."""

from __future__ import annotations

import asyncio
import gc
import inspect
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from asking import TCP, controller

from cpppo.client.asynchronous import AsyncLogix, Channel
from cpppo.client.backoff import Backoff
from cpppo.client.logix import Logix
from cpppo.client.operations import OperationError
from cpppo.errors import Disconnected, Refused, Timeout

TAGS = "A=DINT B=INT[10] C=REAL[3] D=BOOL BIG=DINT[1000]"
PATIENCE = 20.0


class Device:
    """A simulator in memory; it can be silent, deaf or gone."""

    def __init__(self) -> None:
        self.controller = controller(TAGS)
        self.kind = Connection
        self.connections: list[Connection] = []
        self.silent = False
        self.refusing = False
        self.asked = asyncio.Event()  # something came while it was silent
        self.reached = asyncio.Event()  # somebody tries to connect
        self.unreachable: asyncio.Event | None = None

    async def open(
        self, host: str, port: int, timeout: float | None, source: object
    ) -> Connection:
        self.reached.set()
        if self.unreachable is not None:
            await self.unreachable.wait()
        if self.refusing:
            raise Refused("10.0.0.5:44818 refused")
        self.connections.append(self.kind(self))
        return self.connections[-1]

    def logix(self, **kwds: Any) -> AsyncLogix:
        kwds = {"backoff": Backoff(random=lambda: 0.0), "timeout": PATIENCE, **kwds}
        return AsyncLogix("10.0.0.5", opener=self.open, **kwds)


class Connection:
    """One connection to it."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.session = device.controller.session(TCP)
        self.answers: list[bytes] = []
        self.news = asyncio.Event()
        self.ended: Disconnected | None = None

    async def send(self, octets: bytes, timeout: float | None) -> None:
        if self.ended is not None:
            raise self.ended
        await asyncio.sleep(0)
        answer = self.session.receive(octets)
        if self.device.silent:
            self.device.asked.set()
            return
        self.answers.append(answer)
        self.news.set()

    async def receive(self, timeout: float | None) -> bytes:
        try:
            async with asyncio.timeout(timeout):
                while not self.answers and self.ended is None:
                    self.news.clear()
                    await self.news.wait()
        except TimeoutError:
            raise Timeout("no answer from 10.0.0.5:44818") from None
        if self.answers:
            return self.answers.pop(0)
        assert self.ended is not None
        raise self.ended

    def readable(self, timeout: float | None = 0) -> bool:
        return bool(self.answers) or self.ended is not None

    def close(self) -> None:
        self.ended = Disconnected("the connection was closed here")
        self.news.set()


class OneByOne(Connection):
    """One that sees whether somebody asks while another one waits for an answer."""

    waited = False

    async def send(self, octets: bytes, timeout: float | None) -> None:
        assert not self.waited, "two exchanges at once"
        self.waited = True
        await super().send(octets, timeout)

    async def receive(self, timeout: float | None) -> bytes:
        try:
            return await super().receive(timeout)
        finally:
            self.waited = False


def run(test: Callable[[Device], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(2 * PATIENCE):
            await test(Device())
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, left

    asyncio.run(main())


def test_it_has_the_methods_of_the_other_one() -> None:
    def public(kind: type) -> dict[str, Any]:
        return {
            name: list(inspect.signature(one).parameters.values())
            for name, one in inspect.getmembers(kind, callable)
            if not name.startswith("_")
        }

    ours, theirs = public(AsyncLogix), public(Logix)
    assert ours.keys() == theirs.keys()
    for name, parameters in ours.items():
        assert [str(one) for one in parameters] == [str(one) for one in theirs[name]]
    made = inspect.signature(AsyncLogix).parameters
    expected = inspect.signature(Logix).parameters
    assert list(made) == list(expected)


def test_it_reads_and_writes() -> None:
    async def test(device: Device) -> None:
        async with device.logix() as plc:
            assert not plc.connected
            assert (await plc.write(A=5)).type == "DINT"
            found = await plc.write({"B[0-1]": [1, 2]}, ("C[0]", 1.5), NONE=1)
            assert [one.ok for one in found] == [True, True, False]
            a, b, none = await plc.read("A", "B[0-1]", "NONE")
            assert (a.value, b.value, none.ok) == (5, [1, 2], False)
            assert (await plc.identity)["vendor"] == 1
            assert plc.connected
            assert repr(plc) == (
                "<AsyncLogix 10.0.0.5:44818: connected; a connection of 4002 octets>"
            )
        assert not plc.connected
        assert len(device.connections) == 1

    run(test)


def test_a_wrong_text_is_refused_before_anything_is_sent() -> None:
    async def test(device: Device) -> None:
        async with device.logix() as plc:
            with pytest.raises(OperationError):
                await plc.read("A", "A[")
            with pytest.raises(OperationError):
                await plc.write({"A": []})
        assert device.connections == []

    run(test)


def test_calls_of_many_tasks_take_turns() -> None:
    async def test(device: Device) -> None:
        async with device.logix() as plc:
            await plc.write({"BIG[0-999]": range(1000)})
            order: list[int] = []

            async def one(nth: int) -> Any:
                found = (await plc.read(f"BIG[{nth}]")).value
                order.append(nth)
                return found

            assert await asyncio.gather(*map(one, range(200))) == list(range(200))
            assert order == list(range(200))
        assert len(device.connections) == 1

    run(test)


def test_a_cancelled_call_discards_the_connection() -> None:
    async def test(device: Device) -> None:
        async with device.logix() as plc:
            await plc.write({"BIG[0-1]": [10, 11]})
            device.silent = True
            task = asyncio.create_task(plc.read("BIG[0]"))
            await device.asked.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert not plc.connected
            assert device.connections[0].ended is not None
            device.silent = False
            assert (await plc.read("BIG[1]")).value == 11
            assert len(device.connections) == 2

    run(test)


def test_a_cancelled_call_that_had_to_wait_harms_nobody() -> None:
    async def test(device: Device) -> None:
        async with device.logix() as plc:
            await plc.read("A")
            device.silent = True
            first = asyncio.create_task(plc.read("A"))
            await device.asked.wait()
            second = asyncio.create_task(plc.read("D"))
            await asyncio.sleep(0)
            second.cancel()
            with pytest.raises(asyncio.CancelledError):
                await second
            assert not first.done()
            (connection,) = device.connections
            device.silent = False
            connection.close()  # the first is asked again on another one
            assert (await first).ok

    run(test)


def test_a_call_that_is_not_answered_ends_in_time() -> None:
    async def test(device: Device) -> None:
        plc = device.logix(timeout=0.01)
        device.silent = True
        with pytest.raises(Timeout, match=r"did not answer within 0.01 s"):
            await plc.read("A")
        await plc.close()

    run(test)


def test_a_call_that_has_to_wait_too_long_for_others_says_so() -> None:
    async def test(device: Device) -> None:
        plc = device.logix(timeout=0.01)
        await plc._turns.acquire()
        with pytest.raises(Timeout, match=r"other calls had not ended"):
            await plc.read("A")
        plc._turns.release()
        await plc.close()

    run(test)


def test_a_write_that_was_not_answered_is_unknown() -> None:
    async def test(device: Device) -> None:
        async with device.logix() as plc:
            await plc.write(A=1)
            device.silent = True
            task = asyncio.create_task(plc.write(A=2))
            await device.asked.wait()
            device.silent = False
            device.connections[0].close()
            found = await task
            assert (found.ok, found.unknown) == (False, True)
            assert (await plc.read("A")).value == 2

    run(test)


def test_a_failure_says_since_when_and_when_again() -> None:
    async def test(device: Device) -> None:
        plc = device.logix(timeout=0.05)
        device.refusing = True
        with pytest.raises(Refused, match=r"refused \(down for .* attempt is due in"):
            await plc.read("A")
        await plc.close()

    run(test)


def test_close_ends_a_call_that_waits_for_an_answer() -> None:
    async def test(device: Device) -> None:
        plc = device.logix()
        device.silent = True
        task = asyncio.create_task(plc.read("A"))
        waiting = asyncio.create_task(plc.read("D"))
        await device.asked.wait()
        await plc.close()
        for one in (task, waiting):
            with pytest.raises(Disconnected, match=r"was closed here"):
                await one

    run(test)


def test_close_ends_a_call_that_connects() -> None:
    async def test(device: Device) -> None:
        plc = device.logix()
        device.unreachable = asyncio.Event()
        task = asyncio.create_task(plc.read("A"))
        await device.reached.wait()
        await plc.close()
        with pytest.raises(Disconnected, match=r"was closed here"):
            await task
        device.unreachable = None
        plc.open()
        assert (await plc.read("A")).ok
        await plc.close()

    run(test)


def test_close_ends_a_call_that_waits_for_the_next_attempt() -> None:
    async def test(device: Device) -> None:
        plc = device.logix(backoff=Backoff(10.0, random=lambda: 0.0))
        device.refusing = True
        task = asyncio.create_task(plc.read("A"))
        await device.reached.wait()
        while plc._under_way is None or not plc._line.backoff.failures:
            await asyncio.sleep(0)
        await plc.close()
        with pytest.raises(Disconnected, match=r"was closed here"):
            await task

    run(test)


def test_who_opens_it_again_while_it_closes_asks_after_that() -> None:
    async def test(device: Device) -> None:
        device.kind = OneByOne
        plc = device.logix()
        assert (await plc.read("A")).ok

        async def again() -> bool:
            plc.open()
            return bool((await plc.read("A")).ok)

        for _ in range(3):
            _, _, ok = await asyncio.gather(plc.close(), plc.close(), again())
            assert ok
            assert plc.connected
        await plc.close()
        assert not plc.connected
        assert [one.ended is None for one in device.connections] == [False] * 4
        # One that was opened again before the turn of who closes stays open.
        plc.open()
        await plc.read("A")
        await asyncio.gather(plc.close(), again(), plc.close(), again())
        assert plc.connected
        assert len(device.connections) == 6
        await plc.close()

    run(test)


def test_a_subscription_of_who_opened_it_again_goes_on() -> None:
    async def test(device: Device) -> None:
        plc = device.logix()
        assert (await plc.read("A")).ok

        async def again() -> Any:
            plc.open()
            return await plc.subscribe("A", every=0.01)

        _, after = await asyncio.gather(plc.close(), again())
        assert not after.stopped
        await plc.close()
        assert after.stopped

    run(test)


def test_a_close_that_is_cancelled_has_closed() -> None:
    async def test(device: Device) -> None:
        plc = device.logix()
        await plc.read("A")
        device.silent = True
        task = asyncio.create_task(plc.close())
        waiting = asyncio.create_task(plc.close())
        await device.asked.wait()
        for one in (waiting, task):
            one.cancel()
            with pytest.raises(asyncio.CancelledError):
                await one
        assert not plc.connected
        assert device.connections[0].ended is not None
        device.silent = False
        plc.open()
        await plc.read("A")
        async with plc._turns:
            task = asyncio.create_task(plc.close())
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert device.connections[1].ended is not None

    run(test)


def test_a_call_that_is_cancelled_while_it_connects_is_cancelled() -> None:
    async def test(device: Device) -> None:
        async with device.logix() as plc:
            device.unreachable = asyncio.Event()
            task = asyncio.create_task(plc.read("A"))
            await device.reached.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            device.unreachable = None
            assert (await plc.read("A")).ok

    run(test)


def test_a_subscription_says_what_changed() -> None:
    async def test(device: Device) -> None:
        told: asyncio.Queue[tuple[Any, Any]] = asyncio.Queue()
        scans: asyncio.Queue[int] = asyncio.Queue()

        async def change(result: Any, previous: Any) -> None:
            await told.put((result.value, previous and previous.value))

        async with (
            device.logix() as plc,
            await plc.subscribe(
                "A",
                "B[0-1]",
                every=0.001,
                change=change,
                scanned=lambda results, missed: scans.put_nowait(len(results)),
            ) as one,
        ):
            assert [await told.get(), await told.get()] == [(0, None), ([0, 0], None)]
            assert await scans.get() == 2
            await plc.write({"B[1]": 7})
            assert await told.get() == ([0, 7], [0, 0])
        assert one.stopped
        assert told.empty()

    run(test)


def test_a_subscription_goes_on_after_a_failure() -> None:
    async def test(device: Device) -> None:
        failures: asyncio.Queue[Exception] = asyncio.Queue()
        scans: asyncio.Queue[int] = asyncio.Queue()
        async with device.logix(timeout=0.02) as plc:
            device.refusing = True
            await plc.subscribe(
                "A",
                every=0.01,
                scanned=lambda results, missed: scans.put_nowait(missed),
                failure=failures.put_nowait,
            )
            assert isinstance(await failures.get(), Refused)
            device.refusing = False
            await scans.get()
            await scans.get()

    run(test)


def test_stop_ends_a_scan_that_gets_no_answer() -> None:
    async def test(device: Device) -> None:
        async with device.logix() as plc:
            device.silent = True
            one = await plc.subscribe("A", every=0.01)
            await device.asked.wait()
            await one.stop()
            assert one.stopped
            device.silent = False
            assert (await plc.read("A")).ok

    run(test)


def test_a_subscription_may_stop_itself() -> None:
    async def test(device: Device) -> None:
        stopped = asyncio.Event()
        async with device.logix() as plc:

            async def change(result: Any, previous: Any) -> None:
                await one.stop()
                stopped.set()

            one = await plc.subscribe("A", every=0.001, change=change)
            await stopped.wait()
            await one.stop()
            assert one.scans == 1

    run(test)


def test_it_may_be_used_in_one_loop_after_the_other() -> None:
    async def test(device: Device) -> None:
        plc = made[-1] if made else device.logix()
        plc._opener = device.open
        made.append(plc)
        assert (await plc.write("A=(DINT)1")).ok
        assert len(device.connections) == 1

    made: list[AsyncLogix] = []
    run(test)
    run(test)
    run(test)


def test_a_channel_of_a_loop_that_has_ended_can_be_closed() -> None:
    async def opened(listening: socket.socket) -> Channel:
        return await Channel.open("127.0.0.1", listening.getsockname()[1], 20)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        loop = asyncio.new_event_loop()
        channel = loop.run_until_complete(opened(listening))
        sock, _ = listening.accept()
        with sock:
            loop.close()
            channel.close()
            channel.close()
            sock.settimeout(20)
            assert sock.recv(1) == b""
    with pytest.warns(ResourceWarning, match="unclosed"):
        del channel
        gc.collect()


def test_two_loops_at_once_are_refused() -> None:
    async def test(device: Device) -> None:
        plc = device.logix()
        assert (await plc.read("A")).ok

        def other() -> None:
            with pytest.raises(RuntimeError, match="belongs to another event loop"):
                asyncio.run(plc.read("A"))

        await asyncio.to_thread(other)
        assert (await plc.read("A")).ok
        await plc.close()

    run(test)


def test_a_connection_that_comes_as_the_call_is_cancelled_is_closed() -> None:
    async def test(device: Device) -> None:
        async with device.logix() as plc:
            device.unreachable = asyncio.Event()
            task = asyncio.create_task(plc.read("A"))
            await device.reached.wait()
            device.unreachable.set()
            while not device.connections:
                await asyncio.sleep(0)
            task.cancel()  # it is there, and nobody has it yet
            with pytest.raises(asyncio.CancelledError):
                await task
            assert device.connections[0].ended is not None

    run(test)


def test_a_scan_that_close_ends_has_not_failed() -> None:
    async def test(device: Device) -> None:
        failed: list[Exception] = []
        plc = device.logix()
        await plc.subscribe("D", every=1000)
        await plc.read("A")
        device.silent = True
        one = await plc.subscribe("A", every=0.01, failure=failed.append)
        await device.asked.wait()
        await plc.close()
        assert (one.failures, failed) == (0, [])

    run(test)
