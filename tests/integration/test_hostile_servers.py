# SPDX-License-Identifier: Apache-2.0
"""Every way to ask a device, against every server that means ill.

Whatever a server does, the answer is a typed error within the time-out, or what is
right, or a refusal in its place: never a wrong value, never another exception.  What
failed is closed, and nothing is left of it.  `hostile` has the servers; a run's seed is
printed, and CPPPO_FUZZ_SEED gives it again.
"""

from __future__ import annotations

import asyncio
import gc
import os
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import hostile
import pytest
from hostile import RIGHT, Device, Hostile, Line, Vice, answered, honest, mutated
from mutate import seeded
from peers import Address, Program, Starter

from cpppo.client.asynchronous import AsyncLogix
from cpppo.client.attributes import ValueMismatch
from cpppo.client.logix import Logix
from cpppo.client.result import Result
from cpppo.client.transport import Stream
from cpppo.errors import ProtocolError, StatusError, TransportError
from cpppo.server.enip import client, poll
from cpppo.server.enip.get_attribute import proxy, proxy_connected, proxy_simple

TIMEOUT = 0.3
MARGIN = 5.0  # seconds, for a machine that has much else to do
LOAD = 24  # clients at a time
TYPED = (TransportError, ProtocolError, StatusError, ValueMismatch)

WRITE = "W[0-3]=(DINT)1,2,3,4"
WRITTEN = [1, 2, 3, 4]
NOBODY = "nobody"
TAGS = [*RIGHT, NOBODY]
OPERATIONS = [*TAGS, WRITE]
NAME = "1756-L61/B LOGIX5561"
ATTRIBUTES = [("@22/1/1", "DINT"), ("@1/1/7", "SSTRING")]
EXPECTED: dict[Any, Any] = {
    **RIGHT,
    NOBODY: None,
    WRITE: True,
    ATTRIBUTES[0]: RIGHT["A[0-9]"],
    ATTRIBUTES[1]: [NAME],
}

# No answer of these is to what was asked, however right its values look.
FORGED = (
    "contexts of nobody", "contexts of the past", "contexts of the future",
    "contexts at random", "another command", "a connected reply", "an unknown command",
    "another session", "session 0", "a status, and a reply",
    "the reply to an attribute", "no reply bit", "another read",
)  # fmt: skip
UNTYPED = ("an unknown type", "a structure")

Told = list[tuple[Any, Any]]  # what was asked, and its value
Shell = Callable[[Address, Told], None]


# -- the shells: each tells values as they come, and raises what is raised


@contextmanager
def connected(
    address: Address, kind: Any = client.connector
) -> Iterator[client.connector]:
    """A connector, which is closed by any error."""
    host, port = address
    conn = kind(host=host, port=port, timeout=TIMEOUT)
    try:
        with conn:
            yield conn
    except (TransportError, ProtocolError):
        assert conn.closed, "after an error, a connector is closed"
        raise
    finally:
        conn.close()


def synchronous(address: Address, told: Told, multiple: int = 0) -> None:
    with connected(address) as conn:
        rows = conn.synchronous(
            client.parse_operations(OPERATIONS), multiple=multiple, timeout=TIMEOUT
        )
        for name, row in zip(OPERATIONS, rows, strict=True):
            told.append((name, row[5]))


def pipeline(address: Address, told: Told, multiple: int = 0, depth: int = 4) -> None:
    with connected(address) as conn:
        rows = conn.pipeline(
            client.parse_operations(OPERATIONS),
            depth=depth,
            multiple=multiple,
            timeout=TIMEOUT,
        )
        for name, row in zip(OPERATIONS, rows, strict=True):
            assert (row[4] == 0) == (row[5] is not None), row
            told.append((name, row[5]))


def results(address: Address, told: Told, multiple: int = 0, depth: int = 0) -> None:
    with connected(address) as conn:
        values = conn.results(
            client.parse_operations(OPERATIONS),
            depth=depth,
            multiple=multiple,
            timeout=TIMEOUT,
        )
        told.extend(zip(OPERATIONS, values, strict=True))


def process(
    address: Address,
    told: Told,
    multiple: int = 0,
    depth: int = 3,
    kind: Any = client.connector,
) -> None:
    with connected(address, kind) as conn:
        failures, values = conn.process(
            client.parse_operations(OPERATIONS),
            depth=depth,
            multiple=multiple,
            timeout=TIMEOUT,
        )
        assert failures == sum(value is None for value in values)
        told.extend(zip(OPERATIONS, values, strict=True))


def raw(address: Address, told: Told) -> None:
    """What comes is looked at by hand: whose it is does not matter here."""
    with connected(address) as conn:
        for name in ("A[0-9]", "F"):
            conn.read(name)
            reply, _ = client.await_response(conn, timeout=TIMEOUT)
            if not reply:
                return
            assert isinstance(reply, Mapping)
            dict(reply.items())  # all of it, if it was put off
            str(reply)
        conn.read("F")
        if conn.readable(timeout=TIMEOUT):
            last = next(conn)
            assert not last or last.peer


def proxied(
    address: Address, told: Told, names: Sequence[Any], kind: Any = proxy, **kwds: Any
) -> None:
    host, port = address
    via = kind(host, port=port, timeout=TIMEOUT, **kwds)
    try:
        with via:
            for name, value in zip(names, via.read(names), strict=True):
                told.append((name, value))
    finally:
        via.close_gateway()


def polled(address: Address, told: Told) -> None:
    """A few cycles; a poller tells what went wrong, and goes on."""
    reader = Reader(told, lambda: len(told) >= 2 * len(TAGS) or len(reader.wrong) >= 2)
    reader.poll(address, multiple=500)
    for exc in sorted(reader.wrong, key=lambda one: isinstance(one, TYPED)):
        raise exc


def daily(address: Address, told: Told, **how: Any) -> None:
    host, port = address
    with Logix(host, port=port, timeout=TIMEOUT, **how) as plc:
        for name, one in zip(TAGS, plc.read(*TAGS), strict=True):
            told.append((name, one.data))
        told.append((WRITE, plc.write(WRITE).data))


def awaited(address: Address, told: Told) -> None:
    host, port = address

    async def run() -> None:
        async with AsyncLogix(host, port=port, timeout=TIMEOUT) as plc:
            for name, one in zip(TAGS, await plc.read(*TAGS), strict=True):
                told.append((name, one.data))
            told.append((WRITE, (await plc.write(WRITE)).data))

    asyncio.run(run())


class Reader:
    """What a poller calls with values and failures, until there is enough."""

    def __init__(self, told: Told, enough: Callable[[], bool]) -> None:
        self.told = told
        self.wrong: list[Exception] = []
        self.enough = enough
        self.deadline = time.monotonic() + MARGIN

    @property
    def done(self) -> bool:
        return self.enough() or time.monotonic() > self.deadline

    def __call__(self, name: Any, value: Any) -> None:
        self.told.append((name, value))

    def failure(self, exc: Exception) -> None:
        """A tag that is refused is told as a failure, and is none of the poll."""
        name = str(exc).partition(":")[0]
        if isinstance(exc, StatusError) and name in TAGS:
            self.told.append((name, None))
        else:
            self.wrong.append(exc)

    def poll(self, address: Address, **kwds: Any) -> None:
        poll.poll(
            proxy_class=proxy,
            address=address,
            cycle=0.05,
            timeout=TIMEOUT,
            params=TAGS,
            process=self,
            failure=self.failure,
            backoff_min=0.02,
            latency=0.02,
            **kwds,
        )


SHELLS: dict[str, Shell] = {
    "synchronous": synchronous,
    "synchronous, multiple": partial(synchronous, multiple=500),
    "pipeline": pipeline,
    "pipeline, multiple": partial(pipeline, multiple=300),
    "results": results,
    "results, multiple": partial(results, multiple=4000, depth=2),
    "process": process,
    "process, multiple": partial(process, multiple=250),
    "raw": raw,
    "proxy.read": partial(proxied, names=TAGS, identity_default="X"),
    "proxy.write": partial(proxied, names=[WRITE], multiple=500),
    "proxy, attributes": partial(proxied, names=ATTRIBUTES),
    "proxy_simple": partial(proxied, names=[*ATTRIBUTES, *TAGS], kind=proxy_simple),
    "implicit": partial(process, kind=client.implicit),
    "proxy_connected": partial(
        proxied, names=TAGS, identity_default="X", kind=proxy_connected
    ),
    "Logix": daily,
    "Logix, unconnected": partial(daily, connected=False),
    "Logix, packets": partial(daily, depth=3, multiple=500),
    "AsyncLogix": awaited,
    "poll": polled,
}


# -- what must be true of all of them


@dataclass
class Run:
    """How one shell fared with one server."""

    what: str
    told: Told = field(default_factory=list)
    error: BaseException | None = None
    seconds: float = 0.0
    writes: int = 0

    @property
    def vice(self) -> str:
        return self.what.partition(" / ")[0]

    @property
    def problems(self) -> list[str]:
        found = []
        if self.error is not None and not isinstance(self.error, TYPED):
            found.append(f"raised {self.error!r:.300}")
        if self.seconds > TIMEOUT + MARGIN:
            found.append(f"took {self.seconds:.1f} s")
        if self.writes > 1:
            found.append(f"wrote {self.writes} times")
        for name, value in self.told:
            if value is not None and not self.fits(name, value):
                found.append(f"took {value!r:.100} for {name}")
            if value is not None and name in RIGHT and self.vice in FORGED:
                found.append(f"believed {name}")
        return [f"{self.what}: {problem}" for problem in found]

    def fits(self, name: Any, value: Any) -> bool:
        """Whether that is what there is; of a type that nobody knows, its octets."""
        untyped = self.vice in UNTYPED and octets(value)
        written = name == WRITE and value == WRITTEN  # as `validate` puts it
        return bool(untyped or written or value == EXPECTED[name])

    @property
    def right(self) -> bool:
        return self.error is None and all(
            self.fits(name, value) for name, value in self.told
        )


def octets(value: Any) -> bool:
    """Whether that is what is told of a type that nobody knows."""
    return isinstance(value, list) and len(value) == 1 and isinstance(value[0], bytes)


def run(
    what: str, shell: Shell, vice: Vice, seed: int, device: Device | None = None
) -> Run:
    found = Run(what)
    with Hostile(vice, seed, device=device) as server:
        start = time.monotonic()
        try:
            shell(server.address, found.told)
        except BaseException as exc:
            found.error = exc.with_traceback(None)
        found.seconds = time.monotonic() - start
        found.writes = server.writes
    return found


def all_of(
    pairs: Iterable[tuple[str, Shell, Vice]], seed: int, load: int = LOAD
) -> list[Run]:
    device = Device()
    with ThreadPoolExecutor(load) as pool:
        several = [
            pool.submit(run, what, shell, vice, seed + nth, device)
            for nth, (what, shell, vice) in enumerate(pairs)
        ]
        return [one.result() for one in several]


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """No file descriptor stays open, and none is closed by the collector alone."""
    before = descriptors()
    yield
    left = descriptors() - before
    assert left <= 0, f"{left} file descriptors are left"
    gc.collect()  # a socket that nobody closed is a ResourceWarning


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0


# -- the battery

GROUPS = {
    "silent": hostile.silent,
    "endless": hostile.endless,
    "lengths": hostile.lengths,
    "contexts": hostile.contexts,
    "openings": hostile.openings,
    "refusals": hostile.refusals,
    "data": hostile.data,
    "noisy": hostile.noisy,
}


@pytest.mark.parametrize("group", GROUPS)
def test_no_server_hangs_or_fools_a_client(group: str) -> None:
    seed = seeded().getrandbits(32)
    runs = all_of(
        (
            (f"{name} / {how}", shell, vice)
            for name, vice in GROUPS[group]().items()
            for how, shell in SHELLS.items()
        ),
        seed,
    )
    assert len(runs) == len(GROUPS[group]()) * len(SHELLS)
    problems = [problem for one in runs for problem in one.problems]
    assert not problems, f"{len(problems)} problems:\n" + "\n".join(problems)


def test_an_honest_server_is_understood() -> None:
    """What the battery takes for right is what comes without any vice."""
    for one in all_of(((how, shell, honest) for how, shell in SHELLS.items()), 0):
        assert one.error is None, one
        assert one.right, one
        counts = {
            "raw": 0, "poll": len(one.told), "proxy.read": 6, "proxy.write": 1,
            "proxy_connected": 6,
            "proxy, attributes": 2, "proxy_simple": 8,
        }  # fmt: skip
        assert len(one.told) == counts.get(one.what, 7), one
        assert one.writes == (WRITE in [name for name, _ in one.told]), one


def test_replies_in_any_order_are_each_for_their_request() -> None:
    """Who sends right answers backwards or among others is not even hostile."""
    vices = hostile.contexts()
    for name in ("backwards", "session 0"):
        told: Told = []
        with Hostile(vices[name]) as server:
            try:
                pipeline(server.address, told, depth=8)
            except ProtocolError:
                assert name == "session 0"
                continue
        assert told == [(name, EXPECTED[name]) for name in OPERATIONS]


def test_mutated_replies_are_no_other_exception() -> None:
    """Values may have changed on their way, but not how many were asked for."""
    random = seeded()
    names = list(SHELLS)
    pairs = []
    for nth in range(160):
        how = names[nth % len(names)]
        pairs.append((f"mutated {nth} / {how}", SHELLS[how], answered(mutated)))
    for one in all_of(pairs, random.getrandbits(32)):
        told, one.told = one.told, []
        assert not one.problems
        for name, value in told:
            wanted = EXPECTED[name]
            assert value is None or isinstance(value, list) or value is True, value
            if isinstance(value, list) and not octets(value):
                wanted = WRITTEN if name == WRITE else wanted
                count = len(value)
                if name in ATTRIBUTES and 0 < count < len(wanted):
                    # Nothing says how long one is: words of status took from it.
                    count = len(wanted)
                assert count == len(wanted), (one.what, name, value)


# -- memory


HUNGRY = [
    "zeros instead of Register",
    "zeros for ever",
    "giant frames for nobody",
    "giant replies",
    "promises more than comes",
    "more, for ever, of too much",
    "more, for ever, of the same",
    "a growing rest",
    "65535 members",
]
EATERS = ["pipeline, multiple", "proxy.read", "Logix", "raw"]
MOST = 2_000_000  # octets for each of them


def test_memory_is_bounded_whatever_comes() -> None:
    vices = hostile.vices()
    for how in EATERS:
        run("warm", SHELLS[how], honest, 0)
    tracemalloc.start()
    try:
        for name in HUNGRY:
            gc.collect()
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            pairs = [(f"{name} / {how}", SHELLS[how], vices[name]) for how in EATERS]
            for one in all_of(pairs, 0):
                one.seconds = 0.0  # to trace all memory takes time
                assert not one.problems
            peak = tracemalloc.get_traced_memory()[1] - before
            assert peak < MOST * len(EATERS), (name, peak)
        gc.collect()
        left = tracemalloc.get_traced_memory()[0] - before
        assert left < 500_000, left
    finally:
        tracemalloc.stop()


# -- writes


def deaf_to_writes(line: Line) -> None:
    """Who carries out what is written, and does not say so."""
    for one in line.requests():
        reply = line.answer(one)
        if not hostile.written(one):
            line.send(reply)


def closed_by_writes(line: Line) -> None:
    for one in line.requests():
        reply = line.answer(one)
        if hostile.written(one):
            return
        line.send(reply)


SILENCES = {"silence": deaf_to_writes, "the end": closed_by_writes}
READERS = {"raw", "proxy.read", "proxy_connected", "poll"}
WRITERS = [name for name in SHELLS if name not in READERS]


@pytest.mark.parametrize("silence", SILENCES)
def test_a_write_without_answer_is_an_error_and_is_not_repeated(silence: str) -> None:
    writers = {how: SHELLS[how] for how in WRITERS if "proxy" not in how}
    writers["proxy.write"] = SHELLS["proxy.write"]
    runs = all_of(
        ((how, shell, SILENCES[silence]) for how, shell in writers.items()), 0
    )
    for one in runs:
        assert not one.problems
        assert one.writes == 1, one.what
        assert (WRITE, True) not in one.told, one.what
        # Either an exception says it, or the result in its place.
        assert one.error is not None or (WRITE, None) in one.told, one.what


@pytest.mark.parametrize("silence", SILENCES)
@pytest.mark.parametrize("multiple", [0, 500])
def test_who_asks_for_results_sees_that_a_write_is_unknown(
    silence: str, multiple: int
) -> None:
    found = []
    with Hostile(SILENCES[silence]) as server:
        with (
            pytest.raises(TransportError),
            connected(server.address) as conn,
        ):
            for one in conn.ask(["F", WRITE], multiple=multiple, timeout=TIMEOUT):
                found.append(one)
        assert server.writes == 1
    (unknown,) = [one for one in found if one.tag.startswith("W")]
    assert unknown.unknown
    assert not unknown
    assert unknown.data is None
    assert unknown.error
    if not multiple:
        assert found[0].data == [1.5]
        assert not found[0].unknown


@pytest.mark.parametrize("silence", SILENCES)
def test_logix_says_that_a_write_is_unknown(silence: str) -> None:
    with Hostile(SILENCES[silence]) as server:
        host, port = server.address
        with Logix(host, port=port, timeout=TIMEOUT) as plc:
            one = plc.write(W=1)
            assert one.unknown
            assert not one
            # Whoever asks again is connected again.
            assert plc.read("F").value == 1.5
        assert server.writes == 1
        assert server.connections == 2


# -- who does not listen


def test_a_peer_that_stops_reading_is_a_timeout() -> None:
    def stops(line: Line) -> None:
        hostile.registered(line)
        line.pause(60)

    values = ",".join(map(str, range(200)))
    operations = [operation(f"B[0-199]=(INT){values}")] * 20000
    with Hostile(stops, room=4096) as server:
        start = time.monotonic()
        with pytest.raises(TransportError), connected(server.address) as conn:
            for row in conn.pipeline(operations, depth=20000, timeout=TIMEOUT):
                assert row[5] is None, "nothing was answered"
        assert time.monotonic() - start < TIMEOUT + 2 * MARGIN


def operation(text: str) -> Any:
    (one,) = client.parse_operations([text])
    return one


def test_sending_ends_in_time_where_nobody_reads() -> None:
    def stops(line: Line) -> None:
        line.pause(60)

    with Hostile(stops, room=4096) as server:
        one = Stream.open(*server.address, timeout=TIMEOUT)
        start = time.monotonic()
        try:
            with pytest.raises(TransportError):
                one.send(bytes(40_000_000), TIMEOUT)
        finally:
            one.close()
        assert time.monotonic() - start < TIMEOUT + MARGIN


def test_sending_ends_in_time_where_little_is_read() -> None:
    """Each octet taken in time is no reason to wait for the last for ever."""

    def sips(line: Line) -> None:
        while line.socket.recv(1000):
            line.pause(0.02)

    with Hostile(sips, room=4096) as server:
        one = Stream.open(*server.address, timeout=TIMEOUT)
        start = time.monotonic()
        try:
            with pytest.raises(TransportError):
                one.send(bytes(40_000_000), TIMEOUT)
        finally:
            one.close()
        assert time.monotonic() - start < TIMEOUT + MARGIN


# -- afterwards


FIRST = [
    "never registers",
    "never answers the second request",
    "closes at once",
    "closes in a payload",
    "resets in a reply",
    "zeros for ever",
    "giant replies",
    "contexts at random",
    "a length +1000",
    "status 0x64",
    "Register refused",
    "more, for ever, of nothing",
    "garbage",
]
AGAIN = ["synchronous", "proxy.read", "Logix", "AsyncLogix"]


def reformed(vice: Vice) -> Vice:
    """Who means ill to the first that comes, and serves the next."""

    def run(line: Line) -> None:
        if line.server.connections == 1:
            vice(line)
        else:
            honest(line)

    return run


def again(address: Address, shell: Shell) -> bool:
    """Whether the next connection is served, after the first was not."""
    told: Told = []
    try:
        shell(address, told)
    except TYPED:
        pass
    told.clear()
    shell(address, told)
    return all(value == EXPECTED[name] for name, value in told)


def test_a_new_connection_works_at_once() -> None:
    vices = hostile.vices()

    def served(name: str, how: str) -> bool:
        with Hostile(reformed(vices[name])) as server:
            return again(server.address, SHELLS[how])

    for name in FIRST:
        with ThreadPoolExecutor(len(AGAIN)) as pool:
            served_all = pool.map(partial(served, name), AGAIN)
            assert dict.fromkeys(AGAIN, True) == dict(
                zip(AGAIN, served_all, strict=True)
            ), name


def test_a_poller_goes_on_by_itself() -> None:
    def goes_on(name: str) -> None:
        told: Told = []
        with Hostile(reformed(hostile.vices()[name])) as server:
            reader = Reader(told, lambda: rightly(told) == len(RIGHT))
            reader.poll(server.address)
        assert {name: value for name, value in told if value is not None} == RIGHT
        assert reader.wrong, name
        assert all(isinstance(exc, TYPED) for exc in reader.wrong), (name, reader.wrong)
        assert server.connections > 1

    with ThreadPoolExecutor(len(FIRST)) as pool:
        list(pool.map(goes_on, FIRST))


def rightly(told: Told) -> int:
    """How many tags were read."""
    return len({name for name, value in told if value is not None})


def test_logix_goes_on_by_itself() -> None:
    def goes_on(name: str) -> None:
        deadline = time.monotonic() + 2 * MARGIN
        with Hostile(reformed(hostile.vices()[name])) as server:
            host, port = server.address
            with Logix(host, port=port, timeout=TIMEOUT) as plc:
                found: list[Result] = []
                while time.monotonic() < deadline and not found:
                    try:
                        found = plc.read(*RIGHT)
                    except TYPED:
                        continue
        assert {one.tag: one.data for one in found} == RIGHT, name

    with ThreadPoolExecutor(len(FIRST)) as pool:
        list(pool.map(goes_on, FIRST))


# -- the command


COMMANDED = [
    "never answers",
    "closes in a payload",
    "zeros instead of Register",
    "contexts at random",
]


@pytest.fixture
def start(tmp_path: Any) -> Iterator[Starter]:
    with ExitStack() as stack:
        yield Starter(tmp_path, stack)


def test_the_command_ends_with_a_line_that_says_why(start: Starter) -> None:
    vices = hostile.vices()
    with ExitStack() as stack:
        several: list[tuple[str, Program]] = []
        for name in COMMANDED:
            server = stack.enter_context(Hostile(vices[name], 1))
            where = f"{server.address[0]}:{server.address[1]}"
            argv = ("-a", where, "-t", "0.5", "--print", "A[0-9]", WRITE, "B[0-599]")
            program = start(*argv, module="cpppo.server.enip.client")
            several.append((name, program))
        for name, program in several:
            assert program.process.wait(20) == 1, name
            errors = program.rest(errors=True)
            assert errors, name
            assert not any("Traceback" in line for line in errors), (name, errors)
            assert len(errors) <= 3, (name, errors)
