# SPDX-License-Identifier: Apache-2.0
"""The examples of manual 2.1.4, run as programs, and attributes of one's own.

The weather comes from a stand-in on the loopback address.
"""

from __future__ import annotations

import json
import re
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import SimpleQueue
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from asking import multiple, number, read, read_on, request, write, write_on
from peers import LOOPBACK, PATIENCE, Program, Simulator, Starter, call, wait_for

from cpppo.server.enip import device, historize

HISTORIZE = "cpppo.server.enip.historize"
WEATHER = "cpppo.server.enip.weather"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Starter]:
    with ExitStack() as stack:
        yield Starter(tmp_path, stack)


# -- historize

TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}"


def recorded(path: Path) -> list[tuple[str, Any]]:
    """The events of a history: whose and where, and what."""
    events = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        time, serial, data = line.split("\t")
        assert re.fullmatch(TIME, time)
        events.append((serial, json.loads(data)))
    return events


def test_the_history_of_the_manual(start: Starter) -> None:
    program = start(
        "some_file.hst", "-a", f"{LOOPBACK}:0", "Tag_Name=INT[1000]", module=HISTORIZE
    )
    path = start.folder / "some_file.hst"
    with call(program.address()) as caller:
        started = path.read_text()
        assert re.fullmatch(f"# {TIME}: Started recording Tag: Tag_Name\n", started)
        values = struct.pack("<4h", 0, 1, 2, 3)
        assert caller.ask(write("Tag_Name", 0xC3, 4, values)).status == 0
        # A line is there as soon as its answer is.
        assert recorded(path) == [('["Tag_Name", [0, 3]]', {"write": [0, 1, 2, 3]})]
        at_2 = read(b"\x91\x08Tag_Name\x28\x02", 2)
        assert caller.ask(at_2).data == b"\xc3\0\2\0\3\0"
        assert recorded(path)[1:] == [('["Tag_Name", [2, 3]]', {"read": [2, 3]})]
    assert program.stop() == 0
    assert program.rest(errors=True) == []


def test_a_history_has_every_kind_of_access(start: Starter) -> None:
    program = start(
        "h.hst", "-a", f"{LOOPBACK}:0", "A@0x99/1/1=INT[4]", "T=SSTRING", "R=REAL",
        module=HISTORIZE,
    )  # fmt: skip
    with call(program.address()) as caller:
        for asked in (
            write_on("a", 0xC3, 4, 2, b"\7\0\x08\0"),
            read_on("A", 4, 4),
            request(0x0E, number(0x99, 1, 1)),
            request(0x10, number(0x99, 1, 1), struct.pack("<4h", 4, 3, 2, 1)),
            write("T", 0xDA, 1, b"\2hi"),
            multiple([read("T"), write("R", 0xCA, 1, struct.pack("<f", 1.5))]),
            read("R"),
        ):
            assert caller.ask(asked).status == 0
    assert program.stop() == 0
    assert recorded(start.folder / "h.hst") == [
        ('["A", [1, 2]]', {"write": [7, 8]}),
        ('["A", [2, 3]]', {"read": [8, 0]}),
        ('["A", [0, 3]]', {"read": [0, 7, 8, 0]}),
        ('["A", [0, 3]]', {"write": [4, 3, 2, 1]}),
        ('["T", [0, 0]]', {"write": ["hi"]}),
        ('["T", [0, 0]]', {"read": ["hi"]}),
        ('["R", [0, 0]]', {"write": [1.5]}),
        ('["R", [0, 0]]', {"read": [1.5]}),
    ]


def test_a_history_has_what_failed(start: Starter) -> None:
    program = start("h.hst", "-a", f"{LOOPBACK}:0", "A=INT[10]", module=HISTORIZE)
    path = start.folder / "h.hst"
    # How it is told is up to the example, but which tag, from where on, and that.
    at_8 = b"\x91\x01A\0\x28\x08"
    with call(program.address()) as caller:
        for asked in (read(at_8, 4), write(at_8, 0xC3, 4, bytes(8))):
            reply = caller.ask(asked)
            assert (reply.status, reply.extended) == (0xFF, (0x2105,))
        assert caller.ask(read("A")).status == 0
    assert program.stop() == 0
    lines = path.read_text().splitlines()[1:]
    assert len(lines) == 3
    for line in lines[:2]:
        assert re.search("A.*8.*xception", line)
    assert lines[2].endswith('["A", [0, 0]]\t{"read": [0]}')


def test_a_history_is_continued(start: Starter) -> None:
    for value in range(2):
        program = start("h.hst", "-a", f"{LOOPBACK}:0", "A=INT", module=HISTORIZE)
        with call(program.address()) as caller:
            assert caller.ask(write("A", 0xC3, 1, bytes((value, 0)))).status == 0
        assert program.stop() == 0
    events = recorded(start.folder / "h.hst")
    assert [data for _, data in events] == [{"write": [0]}, {"write": [1]}]


def test_sessions_write_whole_lines_of_a_history(tmp_path: Path) -> None:
    path = tmp_path / "h.hst"
    argv = (str(path), "-a", f"{LOOPBACK}:0", "--no-config", "A=INT[100]")
    count, rounds = 4, 50

    def ask(address: tuple[str, int]) -> None:
        with call(address) as caller:
            caller.send(*[read("A", 100)] * rounds)
            for _ in range(rounds):
                assert caller.reply().status == 0

    with Simulator(*argv, main=historize.main) as one:
        threads = [
            threading.Thread(target=ask, args=(one.address,)) for _ in range(count)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        assert one.stop() == 0
    events = recorded(path)
    assert events == [('["A", [0, 99]]', {"read": [0] * 100})] * (count * rounds)


@pytest.mark.parametrize(
    ("argv", "status", "problem"),
    [
        ([], 2, "the first argument is the file to write to"),
        (["-v", "A=INT"], 2, "the first argument is the file to write to"),
        (["no/where.hst", "A=INT"], 1, "no/where.hst: No such file or directory"),
        (["h.hst"], 2, "there is no tag to serve"),
        (["h.hst", "A=INX"], 2, "tag 'A=INX': no type 'INX'"),
    ],
)
def test_a_history_without_what_it_needs_says_so(
    start: Starter, argv: Sequence[str], status: int, problem: str
) -> None:
    program = start(*argv, module=HISTORIZE)
    assert program.process.wait(PATIENCE) == status
    errors = program.rest(errors=True)
    assert any("error: " in line and problem in line for line in errors), errors
    assert not any("Traceback" in line for line in errors)


# -- the weather


class Station(ThreadingHTTPServer):
    """A stand-in for the weather's web service; `answers` is what it says next."""

    daemon_threads = False

    def __init__(self) -> None:
        self.asked: SimpleQueue[dict[str, list[str]]] = SimpleQueue()
        self.answer: tuple[int, bytes] = (200, b"{}")
        super().__init__((LOOPBACK, 0), Observer)

    def say(self, what: Any, status: int = 200) -> None:
        octets = what if isinstance(what, bytes) else json.dumps(what).encode()
        self.answer = (status, octets)


class Observer(BaseHTTPRequestHandler):
    server: Station

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.server.asked.put({"path": [parts.path], **parse_qs(parts.query)})
        status, octets = self.server.answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(octets)))
        self.end_headers()
        self.wfile.write(octets)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def station() -> Iterator[Station]:
    with Station() as one:
        thread = threading.Thread(target=one.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield one
        finally:
            one.shutdown()
            thread.join(PATIENCE)


def report(temperature: float) -> dict[str, Any]:
    """What the service says of a city, in part."""
    return {"cod": 200, "name": "A city", "main": {"temp": temperature}}


def weather(start: Starter, one: Station, *tags: str) -> Program:
    uri = f"http://{LOOPBACK}:{one.server_port}/data/2.5/weather"
    return start(
        "-a", f"{LOOPBACK}:0", *tags, module=WEATHER,
        WEATHER_URI=uri, WEATHER_APPID="0123abcd", no_proxy=LOOPBACK,
    )  # fmt: skip


def test_the_weather_is_looked_up_by_the_name_of_the_tag(start: Starter) -> None:
    with station() as one:
        program = weather(start, one, "London=REAL", "New York@0x99/1/1=INT")
        with call(program.address()) as caller:
            for temperature in (11.5, -3.25):
                one.say(report(temperature))
                reply = caller.ask(read("London"))
                assert reply.data == b"\xca\0" + struct.pack("<f", temperature)
                asked = one.asked.get(timeout=PATIENCE)
                assert asked["path"] == ["/data/2.5/weather"]
                assert asked["q"] == ["London"]
                assert asked["units"] == ["metric"]
                assert asked["appid"] == ["0123abcd"]
            reply = caller.ask(request(0x0E, number(0x99, 1, 1)))
            assert reply.data == struct.pack("<h", -3)
            assert one.asked.get(timeout=PATIENCE)["q"] == ["New York"]
        assert program.stop() == 0
        assert program.rest(errors=True) == []


FAILURES: dict[str, tuple[Any, int]] = {
    "no such city": ({"cod": "404", "message": "city not found"}, 404),
    "an error that it calls none": ({"cod": 401, "message": "Invalid API key"}, 200),
    "no JSON": (b"<html>Bad Gateway</html>", 200),
    "no object": ([1, 2, 3], 200),
    "no temperature": ({"cod": 200, "main": {}}, 200),
    "a temperature in words": ({"cod": 200, "main": {"temp": "warm"}}, 200),
    "a temperature beyond all": ({"cod": 200, "main": {"temp": 1e300}}, 200),
    "no number": (b'{"cod": 200, "main": {"temp": NaN}}', 200),
    "no octets": (b"\xff\xfe", 200),
}


@pytest.mark.parametrize("kind", ["INT", "REAL"])
def test_weather_that_cannot_be_had_is_an_error(start: Starter, kind: str) -> None:
    with station() as one:
        program = weather(start, one, f"London={kind}")
        address = program.address()
        with call(address) as caller:
            for what, (said, status) in FAILURES.items():
                if kind == "REAL" and what == "no number":
                    continue  # which a REAL can be
                one.say(said, status)
                reply = caller.ask(read("London"))
                assert (reply.service, reply.data) == (0xCC, b""), what
                assert reply.status not in (0, 5), what
                one.say(report(7))
                assert caller.ask(read("London")).status == 0
        with call(address) as caller:
            # Among others, too, it is the only one that fails.
            one.say(b"", 500)
            several = caller.ask(
                multiple([read("London"), request(0x01, number(1, 1))])
            )
            assert several.status == 0x1E
        assert program.stop() == 0
        lines = program.rest(errors=True)
        assert not any("Traceback" in line for line in lines)
        assert any("no temperature for London" in line for line in lines)


def test_weather_of_nobody_is_an_error(start: Starter) -> None:
    with station() as one:
        program = weather(start, one, "London=REAL")
    with call(program.address()) as caller:
        for _ in range(2):
            assert caller.ask(read("London")).status not in (0, 5)
        assert caller.ask(request(0x0E, number(1, 1, 1))).status == 0
    assert program.stop() == 0


def test_changing_the_weather_is_refused(start: Starter) -> None:
    with station() as one:
        program = weather(start, one, "London=REAL")
        with call(program.address()) as caller:
            one.say(report(20))
            warm = struct.pack("<f", 20)
            assert caller.ask(write("London", 0xCA, 1, bytes(4))).status not in (0, 5)
            assert caller.ask(read("London")).data == b"\xca\0" + warm
        assert program.stop() == 0


# -- attributes of one's own


class Process(device.Attribute):
    """A pump: what is written to it is how fast it shall be, and it is there at once.

    Sessions are threads, and so is the process that it is part of.
    """

    def __init__(self, *args: Any, events: SimpleQueue[Any], **kwds: Any) -> None:
        super().__init__(*args, **kwds)
        self.events = events

    def __getitem__(self, key: int | slice) -> Any:
        self.events.put((self.name, "read", key))
        return super().__getitem__(key)

    def __setitem__(self, key: int | slice, value: Any) -> None:
        self.events.put((self.name, "write", key, value))
        super().__setitem__(key, value)


def taken(events: SimpleQueue[Any]) -> list[Any]:
    return [events.get() for _ in range(events.qsize())]


@pytest.fixture
def simulate(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Callable[..., Simulator]]:
    """Simulators in threads, which end with the test."""
    monkeypatch.setenv("HOME", str(tmp_path))
    with ExitStack() as stack:

        def started(*argv: str, **kwds: Any) -> Simulator:
            at = ("-a", f"{LOOPBACK}:0", "--no-config")
            return stack.enter_context(Simulator(*at, *argv, **kwds))

        yield started


def test_attributes_of_your_own_stand_beside_others(
    simulate: Callable[..., Simulator], tmp_path: Path
) -> None:
    events: SimpleQueue[Any] = SimpleQueue()
    other: SimpleQueue[Any] = SimpleQueue()
    pump = simulate(
        "A=INT[4]", attribute_class=Process, attribute_kwds={"events": events}
    )
    simulate("A=INT[4]")
    second = simulate(
        "A=INT", attribute_class=Process, attribute_kwds={"events": other}
    )
    history = str(tmp_path / "h.hst")
    simulate_history = Simulator(
        history, "-a", f"{LOOPBACK}:0", "--no-config", "A=INT", main=historize.main
    )
    with simulate_history as third, ExitStack() as stack:
        callers = [
            stack.enter_context(call(one.address)) for one in (pump, second, third)
        ]
        for value, caller in enumerate(callers):
            octets = bytes((value, 0))
            assert caller.ask(write("A", 0xC3, 1, octets)).status == 0
        for value, caller in enumerate(callers):
            assert caller.ask(read("A")).data == bytes((0xC3, 0, value, 0))
        assert taken(events) == [
            ("A", "write", slice(0, 1), [0]),
            ("A", "read", slice(0, 1)),
        ]
        assert taken(other) == [
            ("A", "write", slice(0, 1), [1]),
            ("A", "read", slice(0, 1)),
        ]
        assert len(recorded(Path(history))) == 2
        # One ends, and the others go on.
        assert second.stop() == 0
        assert callers[0].ask(read("A")).status == 0
        assert callers[2].ask(read("A")).status == 0


def test_an_attribute_of_your_own_sees_every_access(
    simulate: Callable[..., Simulator],
) -> None:
    events: SimpleQueue[Any] = SimpleQueue()
    one = simulate(
        "A@0x99/1/1=INT[4]", "B=DINT",
        attribute_class=Process, attribute_kwds={"events": events},
    )  # fmt: skip
    with call(one.address) as caller:
        for asked, seen in (
            (write("a", 0xC3, 2, b"\1\0\2\0"), ("A", "write", slice(0, 2), [1, 2])),
            (write("B", 0xC3, 1, b"\xff\xff"), ("B", "write", slice(0, 1), [-1])),
            (write_on("A", 0xC3, 4, 6, b"\3\0"), ("A", "write", slice(3, 4), [3])),
            (read(b"\x91\x01A\0\x28\1", 2), ("A", "read", slice(1, 3))),
            (read_on("A", 4, 4), ("A", "read", slice(2, 4))),
            (request(0x0E, number(0x99, 1, 1)), ("A", "read", slice(0, 4))),
            (multiple([read("B")]), ("B", "read", slice(0, 1))),
            (
                request(0x10, number(0x99, 1, 1), bytes(8)),
                ("A", "write", slice(0, 4), [0] * 4),
            ),
        ):
            assert caller.ask(asked).status == 0
            assert taken(events) == [seen]


class Valve(device.Attribute):
    """Opens when it is let, and never above 50."""

    entered = threading.Event()
    free = threading.Event()

    def __getitem__(self, key: int | slice) -> Any:
        if self.name == "Slow":
            self.entered.set()
            assert self.free.wait(PATIENCE)
        if self.name == "Broken":
            raise RuntimeError("no valve")
        return super().__getitem__(key)

    def __setitem__(self, key: int | slice, value: Any) -> None:
        if max(value) > 50:
            raise ValueError("a valve opens to 50 at most")
        super().__setitem__(key, value)


@pytest.fixture
def valve() -> Iterator[type[Valve]]:
    """Its events are those of one test."""
    Valve.entered.clear()
    Valve.free.clear()
    yield Valve
    Valve.free.set()


def test_what_an_attribute_blocks_it_blocks_for_its_session_alone(
    simulate: Callable[..., Simulator], valve: type[Valve]
) -> None:
    one = simulate("Slow=INT", "Fast=INT", attribute_class=valve)
    with call(one.address) as waiting, call(one.address) as other:
        waiting.send(read("Slow"))
        assert valve.entered.wait(PATIENCE)
        for _ in range(100):
            assert other.ask(read("Fast")).status == 0
        assert waiting.quiet
        valve.free.set()
        assert waiting.reply().data == b"\xc3\0\0\0"


def test_what_an_attribute_raises_is_an_answer(
    simulate: Callable[..., Simulator], valve: type[Valve]
) -> None:
    one = simulate("Broken=INT", "Fast=INT", attribute_class=valve)
    with call(one.address) as caller:
        for _ in range(3):
            assert caller.ask(read("Broken")).status not in (0, 5)
            assert caller.ask(write("Fast", 0xC3, 1, b"\x33\0")).status not in (0, 5)
            assert caller.ask(write("Fast", 0xC3, 1, b"\x32\0")).status == 0
            assert caller.ask(read("Fast")).data == b"\xc3\0\x32\0"


class Kept(device.Attribute):
    """Known to the program that it is part of, by its name."""

    def __init__(self, *args: Any, known: dict[str, Kept], **kwds: Any) -> None:
        super().__init__(*args, **kwds)
        known[self.name] = self


def test_a_program_and_its_clients_share_values(
    simulate: Callable[..., Simulator],
) -> None:
    known: dict[str, Kept] = {}
    one = simulate(
        "Level=REAL", "Steps=INT[3]", "Text=SSTRING",
        attribute_class=Kept, attribute_kwds={"known": known},
    )  # fmt: skip
    with call(one.address) as caller:
        known["Level"].value = 2.5
        assert caller.ask(read("Level")).data == b"\xca\0" + struct.pack("<f", 2.5)
        known["Steps"][1] = 7
        known["Steps"][2:3] = [8]
        assert caller.ask(read("Steps", 3)).data == b"\xc3\0\0\0\7\0\x08\0"
        known["Text"].value = "running"
        assert caller.ask(read("Text")).data == b"\xda\0\7running"
        assert caller.ask(write("Steps", 0xC3, 1, b"\x09\0")).status == 0
        assert known["Steps"][0] == 9
        known["Level"].error = 0x10
        assert caller.ask(read("Level")).status == 0x10
        known["Level"].error = 0
        assert caller.ask(read("Level")).status == 0


def test_an_idle_service_runs_while_clients_are_served(
    simulate: Callable[..., Simulator],
) -> None:
    known: dict[str, Kept] = {}

    def tick() -> None:
        known["Clock"].value += 1

    one = simulate(
        "Clock=DINT", attribute_class=Kept, attribute_kwds={"known": known},
        idle_service=tick,
    )  # fmt: skip
    with call(one.address) as caller:
        first = caller.ask(read("Clock")).data
        wait_for(lambda: caller.ask(read("Clock")).data != first)
