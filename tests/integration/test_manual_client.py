# SPDX-License-Identifier: Apache-2.0
"""The examples of manual 2.1.5 to 2.1.8, run as printed.

The programs are ours, as commands and as typed from the manual (`manual_programs`); the
device is our simulator, or that of cpppo 5.2.5, where CPPPO_PUBLISHED_PYTHON names a
Python that has it.  A device has an address of the loopback network to itself, with the
port that the manual never names; what names no address has a network to itself.
What the manual prints is compared, addresses, times and runs of blanks aside.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
from ast import literal_eval
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from peers import PATIENCE, Program, surroundings

PUBLISHED = os.environ.get("CPPPO_PUBLISHED_PYTHON")
PROGRAMS = Path(__file__).parents[1] / "manual_programs"
ENIP = "cpppo.server.enip"
PORT = 44818

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"),
    reason="elsewhere the loopback network has a single address",
)
published_only = pytest.mark.skipif(
    PUBLISHED is None,
    reason="CPPPO_PUBLISHED_PYTHON names no Python that has cpppo 5.2.5",
)
OURS = "ours"
THEIRS = "published"
DEVICES = [
    OURS,
    pytest.param(THEIRS, marks=[pytest.mark.interop, published_only]),
]

# The drive of the published package asks for pytest, which it can do without.
THEIR_DRIVE = """
import runpy, sys
from unittest import mock
sys.modules["pytest"] = mock.MagicMock()
runpy.run_module("cpppo.server.enip.poll_test", run_name="__main__", alter_sys=True)
"""

LOGIX = ("SCADA=INT[1000]", "TEXT=SSTRING[100]", "Tag=DINT[10]", "FLOAT@22/1/3=REAL")
NAME = "1756-L61/B LOGIX5561"
OCTETS = [len(NAME), *NAME.encode()]


def said(lines: Sequence[str]) -> list[str]:
    """Lines without the blanks that align them."""
    return [" ".join(line.split()) for line in lines if line.strip()]


@dataclass
class Stage:
    """Where programs run, and which device they meet."""

    folder: Path
    stack: ExitStack
    device: str = OURS
    prefix: tuple[str, ...] = ()
    errors: list[str] = field(default_factory=list)

    def popen(
        self, python: str, words: Sequence[str], env: Mapping[str, str]
    ) -> Program:
        # What ignores ^C hands this down; a test runner in the background does.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            program = Program(
                subprocess.Popen(
                    [*self.prefix, python, "-u", "-P", *words],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                    cwd=self.folder,
                    env=env,
                )
            )
        finally:
            signal.signal(signal.SIGINT, before)
        self.stack.callback(program.rest)
        self.stack.callback(program.rest, errors=True)
        self.stack.callback(program.process.wait, PATIENCE)
        self.stack.callback(program.process.kill)
        return program

    def serve(self, *words: str, host: str = "", drive: bool = False) -> Program:
        """A device, which listens."""
        module = f"{ENIP}.poll_test" if drive else ENIP
        start = ["-m", module]
        if self.device == THEIRS:
            assert PUBLISHED is not None
            env = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
            start = ["-c", THEIR_DRIVE] if drive else start
            python = PUBLISHED
        else:
            env = surroundings(self.folder)
            python = sys.executable
        at = ["-a", host] if host else []
        program = self.popen(python, [*start, *at, "-A", *words], env)
        program.line("Network UDP Server")
        return program

    def simulator(self, *words: str) -> str:
        """A device at an address of its own."""
        host = place()
        self.serve(*words, host=host)
        return host

    def start(self, *words: str) -> Program:
        """One of our programs, that goes on."""
        return self.popen(sys.executable, words, surroundings(self.folder))

    def run(self, *words: str, status: int = 0, given: str = "") -> list[str]:
        """What one of our programs prints until it ends."""
        done = subprocess.run(
            [*self.prefix, sys.executable, "-P", *words],
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            cwd=self.folder,
            env=surroundings(self.folder),
        )
        assert done.returncode == status, (done.stdout, done.stderr)
        self.errors = done.stderr.splitlines()
        return done.stdout.splitlines()

    def module(
        self, name: str, *words: str, status: int = 0, given: str = ""
    ) -> list[str]:
        """What a command of the manual prints."""
        return self.run("-m", f"{ENIP}.{name}", *words, status=status, given=given)

    def program(self, name: str, *words: str, status: int = 0) -> list[str]:
        """What a program that was typed from the manual prints."""
        return self.run(str(PROGRAMS / f"{name}.py"), *words, status=status)


def place() -> str:
    """An address of the loopback network where nobody has the port."""
    for _ in range(50):
        host = "127.{}.{}.{}".format(*(random.randrange(1, 255) for _ in range(3)))
        try:
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                with socket.socket(socket.AF_INET, kind) as one:
                    one.bind((host, PORT))
        except OSError:
            continue
        return host
    raise AssertionError("no address is free")


@pytest.fixture(params=DEVICES)
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    with ExitStack() as stack:
        yield Stage(tmp_path, stack, request.param)


@pytest.fixture
def apart(stage: Stage) -> Stage:
    """The same, in a network of its own, where every port is free."""
    if not (shutil.which("unshare") and shutil.which("nsenter")):
        pytest.skip("there is no unshare or nsenter")
    holder = subprocess.Popen(
        ["unshare", "-rn", "sh", "-c", "ip link set lo up && echo up && exec cat"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    stage.stack.callback(holder.wait, PATIENCE)
    assert holder.stdin is not None and holder.stdout is not None
    stage.stack.callback(holder.stdout.close)
    stage.stack.callback(holder.stdin.close)
    if holder.stdout.readline() != "up\n":
        pytest.skip("this system gives no network namespace")
    enter = ("nsenter", "-t", str(holder.pid), "-U", "-n", "--preserve-credentials")
    stage.prefix = enter
    return stage


# -- 2.1.5, the command


def printed(stage: Stage, host: str, *words: str, status: int = 0) -> list[str]:
    """What the client prints of its operations."""
    return said(stage.module("client", "-a", host, "--print", *words, status=status))


@dataclass
class Listed:
    """A listing as it is printed: what stands before the brace, and its lines."""

    heading: str
    lines: dict[str, Any] = field(default_factory=dict)


LINE = re.compile(r"""\s*["']([^"']+)["']:\s*(.*?),?""")


def listings(lines: Sequence[str]) -> list[Listed]:
    """The listings that were printed; what is not a number or a text is left out."""
    found: list[Listed] = []
    for line in lines:
        if line.endswith("{"):
            found.append(Listed(line.rstrip("{ ")))
        elif match := LINE.fullmatch(line):
            try:
                found[-1].lines[match[1]] = literal_eval(match[2])
            except (SyntaxError, ValueError):
                found[-1].lines[match[1]] = match[2]
    return found


IDENTITY = {
    "version": 1,
    "sin_family": 2,
    "sin_port": PORT,
    "sin_addr": ...,
    "vendor_id": 1,
    "device_type": 14,
    "product_code": 54,
    "product_revision": 2836,
    "status_word": 12640,
    "serial_number": 7079450,
    "product_name": NAME,
    "state": 255,
}


def at_item(fields: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """What a listing has of its first item."""
    return {f"item[0].{key}": value for key, value in (dict(fields) | more).items()}


def matches(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether it is what is wanted; of some, only that it is there."""
    assert found.keys() == wanted.keys()
    return all(value is ... or found[key] == value for key, value in wanted.items())


WANTED_IDENTITY = {
    "count": 1,
    **at_item({"type_id": 12, "length": 34 + len(NAME)}),
    **at_item({f"identity_object.{key}": value for key, value in IDENTITY.items()}),
}
WANTED_SERVICES = {
    "count": 1,
    **at_item({"type_id": 256, "length": ...}),
    **at_item(
        {
            "communications_service.version": 1,
            "communications_service.capability": ...,
            "communications_service.service_name": "Communications",
        }
    ),
}


def test_tags_are_written_and_read(stage: Stage) -> None:
    host = stage.simulator("SCADA=INT[1000]", "TEXT=SSTRING[100]")
    lines = printed(
        stage, host, "-v", "SCADA[1]=99", "SCADA[0-10]",
        'TEXT[1]=(SSTRING)"Hello, world!"', "TEXT[0-3]",
    )  # fmt: skip
    assert lines == [
        "SCADA[1][ 1-1 ]+ 0 <= [99]: 'OK'",
        "SCADA[0][ 0-10 ]+ 0 == [0, 99, 0, 0, 0, 0, 0, 0, 0, 0, 0]: 'OK'",
        "TEXT[1][ 1-1 ]+ 0 <= ['Hello, world!']: 'OK'",
        "TEXT[0][ 0-3 ]+ 0 == ['', 'Hello, world!', '', '']: 'OK'",
    ]


def test_no_output_is_seen_at_all_but_the_operations_are_performed(
    stage: Stage,
) -> None:
    host = stage.simulator(*LOGIX)
    assert stage.module("client", "-a", host, "SCADA[1]=99") == []
    assert stage.module("client", "-a", host, "--no-print", "SCADA[1]") == []
    assert stage.errors == []
    assert printed(stage, host, "SCADA[1]") == ["SCADA[1][ 1-1 ]+ 0 == [99]: 'OK'"]
    assert printed(stage, host, "SCADA") == ["SCADA == [0]: 'OK'"]


def test_a_tag_is_addressed_in_every_way_of_the_manual(stage: Stage) -> None:
    host = stage.simulator(*LOGIX)
    lines = printed(
        stage, host, "SCADA[1-10]", "SCADA[1-3]=1,2,3", "SCADA[1-3]",
        "Tag[4-6]=(DINT)1,2,3", "Tag[4-6]", "FLOAT=9.5", "FLOAT", "@22/1/3",
        "@0x16/1/3", "@0b10110/0o1/3", "FLOAT=(REAL)1", "FLOAT",
    )  # fmt: skip
    assert lines == [
        "SCADA[1][ 1-10 ]+ 0 == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]: 'OK'",
        "SCADA[1][ 1-3 ]+ 0 <= [1, 2, 3]: 'OK'",
        "SCADA[1][ 1-3 ]+ 0 == [1, 2, 3]: 'OK'",
        "Tag[4][ 4-6 ]+ 0 <= [1, 2, 3]: 'OK'",
        "Tag[4][ 4-6 ]+ 0 == [1, 2, 3]: 'OK'",
        "FLOAT <= [9.5]: 'OK'",
        "FLOAT == [9.5]: 'OK'",
        *["@0x0016/1/3 == [9.5]: 'OK'"] * 3,
        "FLOAT <= [1.0]: 'OK'",
        "FLOAT == [1.0]: 'OK'",
    ]


def test_what_cannot_be_meant_is_refused_before_anything_is_sent(
    stage: Stage,
) -> None:
    host = stage.simulator(*LOGIX)
    for text in ("SCADA[1-3]=1,2", "SCADA[1]=(SINT)300", "SCADA[1]=(INT)x", "SCADA[1"):
        assert printed(stage, host, "SCADA[7]=7", text, status=2) == []
        told = "\n".join(stage.errors)
        assert "Traceback" not in told and "^" in told and text in told
        assert printed(stage, host, "SCADA[7]") == ["SCADA[7][ 7-7 ]+ 0 == [0]: 'OK'"]


WAYS = (
    ("--route-path", '[{"port": 1, "link": 0}]'),
    ("--route-path", '{"port": 1, "link": 0}'),
    ("--route-path", "1/0"),
    ("--route-path", '["1/3",{"port":2,"link":"1.2.3.4"}]'),
    ("--route-path", '["1/3","2/1.2.3.4"]'),
    ("--send-path=", "--route-path=false"),
    ("--send-path=", "--route-path=0"),
    ("--send-path=@6/1",),
    ("-S",),
    ("--simple",),
    ("--timeout-ticks", "63"),
    ("--timeout-ticks", "63", "--priority-time-tick", "0"),
    ("-m",),
    ("--multiple",),
    ("-n",),
    ("--no-fragment",),
    ("-f",),
    ("-t", "2"),
    ("--timeout", "2.5"),
    ("--depth", "10"),
)


def test_a_device_is_reached_by_every_option(stage: Stage) -> None:
    host = stage.simulator(*LOGIX)
    for value, words in enumerate(WAYS):
        written, read = f"SCADA[0-2]=5,{value},7", "SCADA[1]"
        assert printed(stage, host, *words, written, read) == [
            f"SCADA[0][ 0-2 ]+ 0 <= [5, {value}, 7]: 'OK'",
            f"SCADA[1][ 1-1 ]+ 0 == [{value}]: 'OK'",
        ], words


def test_operations_are_repeated_and_logged_in_a_file(stage: Stage) -> None:
    host = stage.simulator("-S", "SCADA=INT[10]")
    words = ("-S", "-v", "-l", "some.log", "-r", "3", "SCADA[1]")
    assert printed(stage, host, *words) == ["SCADA[1][ 1-1 ]+ 0 == [0]: 'OK'"] * 3
    assert (stage.folder / "some.log").read_text().strip()
    assert stage.errors == []


def test_tags_come_from_standard_input(stage: Stage) -> None:
    host = stage.simulator(*LOGIX)
    lines = stage.module(
        "client", "-a", host, "--print", "-", given="SCADA[1]=3\nSCADA[1]\n"
    )
    assert said(lines) == [
        "SCADA[1][ 1-1 ]+ 0 <= [3]: 'OK'",
        "SCADA[1][ 1-1 ]+ 0 == [3]: 'OK'",
    ]


def test_a_tag_that_is_not_there_is_told_and_the_command_fails(stage: Stage) -> None:
    host = stage.simulator(*LOGIX)
    lines = printed(stage, host, "SCADA[0]", "Nowhere", "SCADA[1]", status=1)
    assert lines[0] == "SCADA[0][ 0-0 ]+ 0 == [0]: 'OK'"
    if stage.device == OURS:
        assert lines[1].startswith("Nowhere == None: ")
        assert lines[2] == "SCADA[1][ 1-1 ]+ 0 == [0]: 'OK'"
    else:
        # It answers with status 8 of the encapsulation, and closes the session.
        assert not any("== None: 'OK'" in line for line in lines)
        assert "Traceback" not in "\n".join(stage.errors) and stage.errors


def test_a_range_beyond_the_tag_is_told_and_the_rest_is_read(stage: Stage) -> None:
    host = stage.simulator(*LOGIX)
    lines = printed(stage, host, "Tag[8-12]", "Tag[8-9]", status=1)
    assert lines[0].startswith("Tag[8][ 8-12 ]+ 0 == None: ")
    assert "OK" not in lines[0] and re.search("[a-z]{4}", lines[0].partition("None")[2])
    assert lines[1:] == ["Tag[8][ 8-9 ]+ 0 == [0, 0]: 'OK'"]


@pytest.mark.parametrize("way", [(), ("-u",), ("--udp",)], ids=["tcp", "u", "udp"])
def test_a_device_tells_who_it_is(stage: Stage, way: tuple[str, ...]) -> None:
    host = stage.simulator(*LOGIX)
    words = (*way, "-s", "-i", "-I", "-t", "1")
    found = {
        said([one.heading])[0]: one.lines
        for one in listings(stage.module("client", "-a", host, *words))
    }
    told = f"0 from ({host!r}, {PORT}):"
    assert matches(found[f"List Identity {told}"], WANTED_IDENTITY)
    assert matches(found[f"List Services {told}"], WANTED_SERVICES)
    assert matches(found[f"List Interfaces {told}"], {"count": 0})
    assert len(found) == 3
    long = ("--list-services", "--list-identity", "--list-interfaces", "-t", "1")
    again = listings(stage.module("client", "-a", f"{host}:{PORT}", *way, *long))
    assert len(again) == 3


def test_the_legacy_request(stage: Stage) -> None:
    host = stage.simulator(*LOGIX)
    words = ("-a", host, "--udp", "--legacy", "0x0001", "-t", "1")
    (one,) = listings(stage.module("client", *words))
    assert said([one.heading]) == [f"Legacy 0x0001 0 from ({host!r}, {PORT}):"]
    legacy = {
        "version": 1, "unknown_1": 0, "sin_family": 2, "sin_port": PORT,
        "sin_addr": ..., "ip_address": ...,
    }  # fmt: skip
    wanted = at_item({f"legacy_CPF_0x0001.{key}": x for key, x in legacy.items()})
    wanted |= {"count": 1} | at_item({"length": 36, "type_id": 1})
    assert matches(one.lines, wanted)


def test_all_devices_of_a_network_are_found(apart: Stage) -> None:
    apart.serve(*LOGIX)
    broadcast = "127.255.255.255"
    words = ("--udp", "--broadcast", "--list-identity", "-a", broadcast, "-t", "1")
    services = ("--udp", "--broadcast", "-a", broadcast, "-t", "1")
    with ThreadPoolExecutor() as waiting:  # each waits for more, for a second
        by_client = waiting.submit(apart.module, "client", *words)
        by_services = waiting.submit(apart.module, "list_services", *services)
        simple = waiting.submit(apart.module, "list_identity_simple", broadcast)
    (one,) = listings(by_client.result())
    heading = r"List Identity +0 from \('127\.[0-9.]+', 44818\):"
    assert re.fullmatch(heading, one.heading)
    assert matches(one.lines, WANTED_IDENTITY)
    found = listings(by_services.result())
    assert [x.lines["enip.command"] for x in found] == [4]
    (found_again,) = listings(simple.result())
    assert found_again.lines["enip.command"] == 99


def test_a_device_of_this_host_needs_no_address(apart: Stage) -> None:
    apart.serve("SCADA=INT[1000]", "Tag=DINT[10]")
    lines = apart.module("client", "--print", "SCADA[1]=99", "SCADA[0-1]")
    assert said(lines) == [
        "SCADA[1][ 1-1 ]+ 0 <= [99]: 'OK'",
        "SCADA[0][ 0-1 ]+ 0 == [0, 99]: 'OK'",
    ]
    (line,) = apart.module("get_attribute", "@1/1/7")
    assert line.endswith(f"@0x0001/1/7 == {OCTETS}")
    (one,) = listings(apart.module("list_services"))
    assert one.lines["enip.command"] == 4
    # The example that has its address in itself.
    for name in ("io", "io_example"):
        assert said(apart.module(name)) == SUMMARY


def test_attributes_are_read_and_written(stage: Stage) -> None:
    # A simple device, for which `-S` is meant, and the other.
    for simple in ((), ("-S",)):
        host = stage.simulator(*simple, *LOGIX)
        words = ("@1/1", "@1/1/7", "@22/1/3=(REAL)1.0", "@22/1/3")
        lines = stage.module("get_attribute", "-a", host, "-S", *words)
        time = r"\w{3} \w{3} [ 0-9]\d [0-9:]{8} \d{4}: +"
        assert all(re.match(time, line) for line in lines)
        told = said([re.sub(time, "", line) for line in lines])
        assert told[0].startswith("0: Single G_A_A @0x0001/1 == [1, 0, 14, 0, 54, 0, ")
        assert told[1:] == [
            f"1: Single G_A_S @0x0001/1/7 == {OCTETS}",
            "2: Single S_A_S @0x0016/1/3 == True",
            "3: Single G_A_S @0x0016/1/3 == [0, 0, 128, 63]",
        ]
        lines = printed(stage, host, *simple, "FLOAT")
        assert lines == ["FLOAT == [1.0]: 'OK'"]


def test_an_attribute_that_is_not_there(stage: Stage) -> None:
    host = stage.simulator(*LOGIX)
    words = ("-a", host, "-S", "@22/1/9", "@1/1/7")
    lines = said(stage.module("get_attribute", *words, status=1))
    assert "@0x0016/1/9 == None" in lines[0]
    assert lines[1].endswith(f"@0x0001/1/7 == {OCTETS}")


# -- 2.1.6, the API of the client

SUMMARY = [
    "Tag[0][ 0-9 ]+ 16 <= [4, 5, 6, 7, 8, 9]: 'OK'",
    "@0x0002/1/1 == [0]: 'OK'",
    "Tag[3][ 3-5 ]+ 0 == [0, 4, 5]: 'OK'",
]


def test_operations_are_processed(stage: Stage) -> None:
    host = stage.simulator("Tag=DINT[10]")
    lines = said(stage.program("process", host, str(PORT)))
    assert lines == [*SUMMARY, "0 [[4, 5, 6, 7, 8, 9], [0], [0, 4, 5]]"]


@pytest.mark.parametrize(
    ("words", "depth", "most"),
    [((), 0, 50), (("--depth", "20"), 20, 50),
     (("--depth", "20", "--multiple", "250"), 20, 6)],
    ids=["one at a time", "in flight", "in packets"],
)  # fmt: skip
def test_thruput(stage: Stage, words: tuple[str, ...], depth: int, most: int) -> None:
    host = stage.simulator("Volume=REAL", "Temperature=REAL")
    tags = ("Volume", "Temperature")
    lines = stage.module("thruput", "-a", host, *tags, "--repeat", "25", *words)
    *each, last = lines
    stamp = r"\d{4}-\d\d-\d\d [0-9:]{8}\.\d{3}: +(\d+): \[0\.0\]"
    found = [re.fullmatch(stamp, line) for line in each]
    assert len(found) == 50
    numbers = [int(match[1]) for match in found if match]
    assert len(numbers) == 50 and numbers == sorted(numbers)
    summary = re.fullmatch(
        r" 50 operations using +(\d+) requests in +\d+\.\d\ds "
        rf"at pipeline depth +{depth}; +\d+\.\d TPS",
        last,
    )
    assert summary is not None, last
    assert int(summary[1]) == numbers[-1] + 1 <= most
    assert most > 6 or int(summary[1]) > 1


PARSED: dict[str, dict[str, Any]] = {
    '@4/5/{"connection":100}': {
        "path": [{"class": 4}, {"instance": 5}, {"connection": 100}],
    },
    "Tag[1].SubTag[0-9]": {
        "path": [
            {"symbolic": "Tag"}, {"element": 1}, {"symbolic": "SubTag"}, {"element": 0}
        ],
        "elements": 10,
    },
    "Tag[8-9]=88,99": {
        "method": "write",
        "path": [{"symbolic": "Tag"}, {"element": 8}],
        "elements": 2,
        "tag_type": 0xC3,
        "data": [88, 99],
    },
    "Tag[0-10]": {"path": [{"symbolic": "Tag"}, {"element": 0}], "elements": 11},
    "@0x2/1/1": {"path": [{"class": 2}, {"instance": 1}, {"attribute": 1}]},
    "Tag[0-9]+16=(DINT)4,5,6,7,8,9": {
        "method": "write",
        "path": [{"symbolic": "Tag"}, {"element": 0}],
        "elements": 10,
        "tag_type": 0xC4,
        "offset": 16,
        "data": [4, 5, 6, 7, 8, 9],
    },
}  # fmt: skip
ALIKE = {
    '@4/5/{"connection":100}': (
        '@0x04/5/{"connection":100}', '@{"class":4}/5/{"connection":100}'
    ),
    "Tag[1].SubTag[0-9]": ("Tag[1].SubTag[0]*10",),
}  # fmt: skip


def test_descriptions_become_operations() -> None:
    from cpppo.server.enip.client import parse_operations

    assert list(map(dict, parse_operations(list(PARSED)))) == list(PARSED.values())
    for text, others in ALIKE.items():
        for other in others:
            assert list(map(dict, parse_operations([other]))) == [PARSED[text]], other


READ = [0, 0, 0, 0, 0, 0, 0, 0, 88, 99]


def test_operations_have_values(stage: Stage) -> None:
    host = stage.simulator("Tag=DINT[10]")
    lines = [json.loads(x) for x in stage.program("six_tuples", host, str(PORT))]
    assert lines[-2:] == [["results", True, READ], ["process", 0, [True, READ]]]


def test_operations_yield_six_tuples(stage: Stage) -> None:
    host = stage.simulator("Tag=DINT[10]")
    lines = [json.loads(x) for x in stage.program("six_tuples", host, str(PORT))]
    tuples = lines[:-2]
    found: dict[str, list[list[Any]]] = {}
    for name, *rest in tuples:
        found.setdefault(name, []).append(rest)
    assert [len(x) for x in found.values()] == [2] * 10
    for name, (write, read) in found.items():
        first = 7 if name == "indexed" else 0
        together = name == "multiple"
        assert [write[0], read[0]] == [first, first + (not together)], name
        how = "Multi." if together else "Single"
        kind = "Frag" if name == "fragment" else "Tag"
        described = said([write[1], read[1]])
        assert described[0] == f"{how} Write {kind} Tag[8-9]", name
        assert described[1] == f"{how} Read {kind} Tag[0-9]", name
        asked = f"_{kind.lower()}"
        wanted = {"service", "path.segment[0].symbolic", "path.segment[1].element"}
        assert {*wanted, f"write{asked}.data", f"write{asked}.type"} <= {*write[2]}
        assert {*wanted, f"read{asked}.elements"} <= {*read[2]}
        services = (211, 210) if kind == "Frag" else (205, 204)
        assert (write[3:6], read[3:6]) == ([0, services[0], 0], [0, services[1], 0])
        validated = name.startswith("validat")
        assert write[6] == ([88, 99] if validated else True), name
        assert read[6] == READ, name


FRAME = "enip.CIP.send_data"
REQUEST = f"{FRAME}.CPF.item[1].unconnected_send.request"
KEYS = {
    "enip.status": "0",
    "enip.sender_context.input": ...,
    "enip.session_handle": ...,
    "enip.length": ...,
    "enip.command": "111",
    "enip.input": ...,
    "enip.options": "0",
    f"{FRAME}.interface": "0",
    f"{FRAME}.timeout": ...,
    f"{FRAME}.CPF.count": "2",
    f"{FRAME}.CPF.item[0].length": "0",
    f"{FRAME}.CPF.item[0].type_id": "0",
    f"{FRAME}.CPF.item[1].length": ...,
    f"{FRAME}.CPF.item[1].type_id": "178",
    f"{REQUEST}.status": "0",
    f"{REQUEST}.input": ...,
    f"{REQUEST}.service": ...,
    f"{REQUEST}.status_ext.size": "0",
}


RESPONSES: dict[str, tuple[Any, int, dict[str, Any]]] = {
    "read": (14, 210, {"read_frag.type": "196", "read_frag.data": "[0, 0]"}),
    "read_frag": (14, 210, {"read_frag.type": "196", "read_frag.data": "[0, 0]"}),
    "write": (4, 211, {"write_frag": "True"}),
    "write_frag": (4, 211, {"write_frag": "True"}),
    "single": (25, 142, {"get_attribute_single.data": str(OCTETS)}),
    "all": (..., 129, {"get_attributes_all.data": ...}),
    "set": (4, 144, {"set_attribute_single": "True"}),
    "set_typed": (4, 144, {"set_attribute_single": "True"}),
}
"""By request: how many octets answer, what service they are of, and what they say."""


def test_the_response_of_a_single_request(stage: Stage) -> None:
    host = stage.simulator(*LOGIX)
    for name, (length, service, more) in RESPONSES.items():
        lines = stage.program("requests", host, str(PORT), name)
        found = dict(line.split(" ", 1) for line in lines[1:-1])
        assert found.pop("peer") == repr((host, PORT))
        wanted = KEYS | {f"{REQUEST}.{key}": value for key, value in more.items()}
        wanted[f"{REQUEST}.service"] = str(service)
        if length is not ...:
            wanted[f"{FRAME}.CPF.item[1].length"] = str(length)
            wanted["enip.length"] = str(16 + length)
        assert matches(found, wanted), name
        context = found["enip.sender_context.input"]
        assert context == "array('B', [0, 0, 0, 0, 0, 0, 0, 0])"
        octets = found[f"{REQUEST}.input"]
        assert octets.startswith(f"array('B', [{service}, 0, 0, 0")
        if name.startswith("set"):
            value = {"set": "1.0", "set_typed": "2.5"}[name]
            assert printed(stage, host, "FLOAT") == [f"FLOAT == [{value}]: 'OK'"]


def test_attributes_through_the_pipeline(stage: Stage) -> None:
    host = stage.simulator(*LOGIX)
    words = ("@1/1", "@1/1/7", "@22/1/3=(REAL)1.0", "@22/1/3")
    lines = stage.program("attributes", host, str(PORT), *words)
    every, name, written, value = [json.loads(line) for line in lines]
    assert [every[0], *every[2:3]] == [0, 0]
    # Its attributes one after the other; the name is the seventh.
    assert bytes(every[3][14:]).startswith(bytes(OCTETS))
    assert name[2:] == [0, OCTETS] and said([name[1]]) == ["Single G_A_S @0x0001/1/7"]
    assert written[2:] == [0, True] and value[2:] == [0, [0, 0, 128, 63]]
    assert printed(stage, host, "FLOAT") == ["FLOAT == [1.0]: 'OK'"]


def test_a_device_is_listed_until_nobody_answers(stage: Stage) -> None:
    host = stage.simulator(*LOGIX)
    told = ((), ("broadcast",), ("connector",), ("connector", "broadcast"), ("source",))
    with ThreadPoolExecutor() as waiting:  # each waits for more, for a second
        found_by = [
            waiting.submit(stage.program, "identify", host, str(PORT), *words)
            for words in told
        ]
        found_by.append(waiting.submit(stage.module, "list_identity_simple", host))
    for one_by in found_by:
        lines = one_by.result()
        (one,) = listings(lines)
        found = one.lines
        assert found["enip.command"] == 99 and found["enip.status"] == 0
        there = "enip.CIP.list_identity.CPF."
        of_it = {k.removeprefix(there): v for k, v in found.items() if there in k}
        assert matches(of_it, WANTED_IDENTITY)
        assert {"peer", "enip.input", "enip.length", "enip.options"} <= found.keys()
        assert found["enip.session_handle"] == 0 and host in "".join(lines)


def test_the_options_of_list_services(stage: Stage) -> None:
    help_ = "\n".join(stage.module("list_services", "--help"))
    # How an argument is shown there depends on the Python.
    for short, long in (
        ("-h", "--help"), ("-v", "--verbose"), ("-a", "--address"), ("-u", "--udp"),
        ("-b", "--broadcast"), ("-i", "--list-identity"), ("-I", "--list-interfaces"),
        ("-t", "--timeout"),
    ):  # fmt: skip
        assert re.search(rf"^ +{short}( [^ ]+)?, {long}( |$)", help_, re.M), long


@pytest.mark.parametrize("way", [(), ("-u",)], ids=["tcp", "udp"])
def test_services_are_listed_with_all_that_came(
    stage: Stage, way: tuple[str, ...]
) -> None:
    host = stage.simulator(*LOGIX)
    only = listings(stage.module("list_services", "-a", host, *way, "-t", "1"))
    assert [one.lines["enip.command"] for one in only] == [4]
    words = ("-a", host, *way, "-i", "-I", "-t", "1")
    every = listings(stage.module("list_services", *words))
    found = {one.lines["enip.command"]: one.lines for one in every}
    assert found.keys() == {4, 99, 100}
    for command, name, wanted in (
        (4, "list_services", WANTED_SERVICES),
        (99, "list_identity", WANTED_IDENTITY),
        (100, "list_interfaces", {"count": 0}),
    ):
        there = f"enip.CIP.{name}.CPF."
        mine = found[command]
        of_it = {k.removeprefix(there): v for k, v in mine.items() if there in k}
        assert matches(of_it, wanted)
        assert mine["enip.status"] == 0 and "enip.sender_context.input" in mine


# -- 2.1.7, proxies


def test_a_sensor_of_ones_own(stage: Stage) -> None:
    host = stage.simulator("-S", "Sensor@0x93/1/10=REAL")
    assert stage.program("sensor", host) == [
        "read [0.0]",
        "checked [0.0]",
        "written True",
        f"within [1.5] [{NAME!r}]",
    ]


def test_what_a_device_has_not_is_none_or_raised(stage: Stage) -> None:
    host = stage.simulator("-S", "Sensor@0x93/1/10=REAL")
    unchecked, checked, closed, within, again = stage.program("missing", host)
    assert unchecked == f"unchecked [{NAME!r}] None True"
    assert re.fullmatch(r"checked \w+", checked)
    assert closed == "closed True"
    assert re.fullmatch(r"within \w+ True", within)
    assert again == f"again [{NAME!r}]"


def test_a_velocity_is_written(stage: Stage) -> None:
    host = place()
    stage.serve(host=host, drive=True)
    (line,) = stage.module("powerflex_motor_velocity", f"@{host}", "123.45")
    time = r"\w{3} \w{3} [ 0-9]\d [0-9:]{8} \d{4}"
    told = r"Motor Velocity = \(REAL\)123\.45 +== True"
    assert re.fullmatch(f"{time}: {told}", line)
    program = stage.start("-m", f"{ENIP}.poll_example", host)
    program.line(r"Motor Velocity == \[123\.44999694824219\]$")
    stage.module("powerflex_motor_velocity", f"@{host}")
    program.line(r"Motor Velocity == \[0\.0\]$")


def test_a_velocity_is_not_written_where_nobody_listens(stage: Stage) -> None:
    words = (f"@{place()}", "123.45")
    assert stage.module("powerflex_motor_velocity", *words, status=1) == []


def test_nothing_but_attribute_services(stage: Stage) -> None:
    host = stage.simulator("-S", "SCADA@0x4/0x96/3=INT[18]")
    raw, made, written = stage.program("basic", host)
    text = "@0x4/0x96/3 = (INT)512" + ",0" * 17
    assert raw == f"Raw operations: {[text]}"
    (operation,) = literal_eval(made.removeprefix("Operations: "))
    # The manual leaves out the data, where it prints what comes out.
    assert operation.pop("data") == [512] + [0] * 17
    assert operation == {
        "method": "set_attribute_single",
        "path": [{"class": 4}, {"instance": 150}, {"attribute": 3}],
        "tag_type": 195,
        "elements": 18,
    }
    assert written == "Written: True"
    assert printed(stage, host, "-S", "SCADA[0-1]") == [
        "SCADA[0][ 0-1 ]+ 0 == [512, 0]: 'OK'"
    ]


@pytest.mark.parametrize(
    ("how", "before", "after"),
    [("asked", "None", NAME), ("named", "Something", "Something"),
     ("made", "Something", "Something")],
)  # fmt: skip
def test_a_proxy_says_whom_it_is_connected_to(
    stage: Stage, how: str, before: str, after: str
) -> None:
    host = stage.simulator(*LOGIX)
    first, then = said(stage.program("identity", host, how))
    assert first == f"Not yet connected: {before} at None"
    told = re.escape(f"Connected! {after} at {host}:{PORT}")
    assert re.fullmatch(rf"{told}\[[1-9][0-9]*\]", then)


# -- 2.1.8, polling

VELOCITY = "Motor Velocity == [789.010009765625]"
CURRENT = "Output Current == [123.44999694824219]"


def polled(program: Program, time: str, *wanted: str) -> list[str]:
    """The lines until all that are wanted have come; each begins with a time."""
    missing, lines = set(wanted), []
    while missing:
        line = program.line("").string
        match = re.fullmatch(rf"{time}: (.*)", line)
        assert match is not None, line
        lines.append(" ".join(match[1].split()))
        missing.discard(lines[-1])
    return lines


def failed(program: Program, time: str) -> str:
    """The next line of a failure."""
    while True:
        line = program.line("").string
        match = re.fullmatch(rf"{time}: (.*)", line)
        assert match is not None, line
        if " == " not in match[1]:
            return match[1]


CTIME = r"\w{3} \w{3} [ 0-9]\d [0-9:]{8} \d{4}"
STAMP = r"\d{4}-\d\d-\d\d [0-9:]{8}\.\d{3}"
MANY = (VELOCITY, CURRENT, "Elapsed KwH == [987.6500244140625]",
        "Speed Units == [1]", "Output Frequency == [456.7799987792969]")  # fmt: skip
POLLERS = {
    "example": (("-m", f"{ENIP}.poll_example"), CTIME, (VELOCITY, CURRENT)),
    "typed": ((str(PROGRAMS / "poller.py"),), CTIME, (VELOCITY, CURRENT)),
    "many": (("-m", f"{ENIP}.poll_example_many"), STAMP, MANY),
}


@pytest.mark.parametrize("name", POLLERS)
def test_a_poll_outlives_its_device(stage: Stage, name: str) -> None:
    words, time, wanted = POLLERS[name]
    host = place()
    program = stage.start(*words, host)
    # Nobody is there yet; then somebody is, goes, and comes back.
    assert "refused" in failed(program, time)
    drive = stage.serve(host=host, drive=True)
    polled(program, time, *wanted)
    drive.stop()
    assert failed(program, time)
    # Who polls every ten seconds, or has failed before, need not be waited for again.
    stage.serve(host=host, drive=True)
    polled(program, time, VELOCITY, CURRENT)
    polled(program, time, VELOCITY)
    assert program.process.poll() is None
    program.stop(signal.SIGINT)


def test_parameters_are_polled_by_a_command(stage: Stage) -> None:
    host = place()
    stage.serve(host=host, drive=True)
    words = ("-m", f"{ENIP}.poll", "-a", host, "-c", "0.2", "Motor Velocity")
    program = stage.start(*words, "Output Current")
    for _ in range(3):
        program.line(r"Motor Velocity: \[789\.010009765625\]$")
        program.line(r"Output Current: \[123\.44999694824219\]$")
    program.stop(signal.SIGINT)


def test_any_tags_are_polled_where_they_are_let_through(stage: Stage) -> None:
    host = stage.simulator(*LOGIX)
    words = ("-m", f"{ENIP}.poll", "-a", host, "-v", "--pass-thru")
    program = stage.start(*words, "SCADA[0-2]", "FLOAT")
    program.line(r"SCADA\[0-2\]: \[0, 0, 0\]$")
    program.line(r"FLOAT: \[0\.0\]$")
    program.stop(signal.SIGINT)
