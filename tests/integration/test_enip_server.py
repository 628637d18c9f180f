# SPDX-License-Identifier: Apache-2.0
"""The real `enip_server`: started as a program, asked over real sockets, stopped.

Each command line of the manual, 2.1.1 to 2.1.4, runs as it is printed there, but for
the port, which the system chooses.
"""

from __future__ import annotations

import logging
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

import pytest
from peers import LINE, PATIENCE, Program, Starter, surroundings

from cpppo.dotdict import dotdict
from cpppo.protocol.enip import (
    Attribute,
    Class,
    Encapsulation,
    GetAttributeSingle,
    Instance,
    NullAddress,
    ReadTag,
    Register,
    ReplyFrame,
    Request,
    RequestCommand,
    RequestEntry,
    RequestFrame,
    RequestPacket,
    RoutePath,
    SendRRData,
    Symbol,
    UnconnectedRequest,
    UnconnectedSend,
    WriteTag,
)
from cpppo.protocol.enip.logix import Atomic
from cpppo.protocol.enip.notation import parse_route_path
from cpppo.protocol.enip.path import Path as SegmentPath
from cpppo.server.enip import main as module
from cpppo.server.enip.cip.attribute import Attribute as Tag
from cpppo.server.enip.main import main
from cpppo.version import __version__

COMMAND = (sys.executable, "-P", "-m", "cpppo.server.enip")
POSIX = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")

MANAGER = SegmentPath((Class(6), Instance(1)))
NAME = GetAttributeSingle(SegmentPath((Class(1), Instance(1), Attribute(7))))


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Starter]:
    with ExitStack() as stack:
        yield Starter(tmp_path, stack)


# -- a client


class Client:
    """A registered session, request by request."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address, PATIENCE)
        self.session = 0
        try:
            self.session = self.ask(Register()).session
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self.socket.close()

    def receive(self) -> ReplyFrame:
        octets = b""
        size = len(Encapsulation(command=0).encode())
        wanted = size
        while len(octets) < wanted:
            more = self.socket.recv(65536)
            if not more:
                raise ConnectionError("the server closed the session")
            octets += more
            if len(octets) >= size:
                wanted = size + int.from_bytes(octets[2:4], "little")
        assert len(octets) == wanted
        return ReplyFrame.decode(octets)

    def ask(self, command: RequestCommand) -> ReplyFrame:
        frame = RequestFrame(session=self.session, payload=command)
        self.socket.sendall(frame.encode())
        return self.receive()

    def request(self, request: Request, route: str | None = None) -> Any:
        """The reply to a request; sent on by a route, if there is one."""
        if route is not None:
            hops = RoutePath(segments=parse_route_path(route) or ())
            request = UnconnectedSend(path=MANAGER, request=request, route=hops)
        entries = (
            RequestEntry(item=NullAddress()),
            RequestEntry(item=UnconnectedRequest(request=request)),
        )
        reply = self.ask(SendRRData(packet=RequestPacket(entries=entries)))
        assert reply.status == 0
        answer: Any = reply.payload
        return answer.packet.entries[1].item.reply

    def read(self, name: str, elements: int = 1, route: str | None = None) -> Any:
        """The reply to a read of a tag."""
        return self.request(ReadTag(tag(name), elements=elements), route)

    def write(self, name: str, code: int, data: bytes, elements: int = 1) -> int:
        """The status of a write of a tag."""
        asked = WriteTag(tag(name), type=Atomic(code), elements=elements, data=data)
        return int(self.request(asked).status)


def tag(name: str) -> SegmentPath:
    return SegmentPath(tuple(map(Symbol, name.split("."))))


@contextmanager
def talk(address: tuple[str, int]) -> Iterator[Client]:
    client = Client(address)
    try:
        yield client
    finally:
        client.close()


def identity(address: tuple[str, int], kind: int = socket.SOCK_STREAM) -> str:
    """The name that List Identity tells."""
    with socket.socket(socket.AF_INET, kind) as one:
        one.settimeout(PATIENCE)
        one.connect(address)
        one.sendall(Encapsulation(command=0x63).encode())
        answer: Any = ReplyFrame.decode(one.recv(65536)).payload
    name: str = answer.packet.entries[0].item.name
    return name


# -- the command lines of the manual


@pytest.mark.parametrize(
    "command",
    [
        "--print SCADA=INT[1000] TEXT=SSTRING[100] FLOAT=REAL",
        "--print SCADA@22/1/1=INT[1000] TEXT@22/1/2=SSTRING[100] FLOAT@22/1/3=REAL",
        "-v SCADA=INT[1000] TEXT=SSTRING[100] FLOAT=REAL",
        "-vv --no-print SCADA=INT[1000] TEXT=SSTRING[100] FLOAT=REAL",
        "--verbose -p SCADA=INT[1000] TEXT=SSTRING[100] FLOAT=REAL",
        "-d 0.01 SCADA=INT[1000] TEXT=SSTRING[100] FLOAT=REAL",
        "--delay 0.01-0.02 SCADA=INT[1000] TEXT=SSTRING[100] FLOAT=REAL",
        "-l some.log SCADA=INT[1000] TEXT=SSTRING[100] FLOAT=REAL",
        "SCADA TEXT=SSTRING FLOAT=REAL Motor_Velocity@0x93/3/10=REAL",
    ],
)
def test_the_tags_of_the_manual_are_served(start: Starter, command: str) -> None:
    program = start.loopback(*shlex.split(command))
    with talk(program.address()) as client:
        if "[" in command:
            assert client.write("SCADA", 0xC3, bytes([7, 0, 8, 0]), 2) == 0
            assert client.read("scada", 3).data.hex() == "c300070008000000"
        assert client.write("SCADA", 0xC3, b"\5\0") == 0
        assert client.read("SCADA").data.hex() == "c3000500"
        assert client.write("FLOAT", 0xCA, bytes.fromhex("0000803f")) == 0
        assert client.read("FLOAT").data.hex() == "ca000000803f"
        assert client.read("TEXT").data.hex() == "da0000"
        if "@22" in command:
            path = SegmentPath((Class(22), Instance(1), Attribute(3)))
            reply = client.request(GetAttributeSingle(path))
            assert reply.data.hex() == "0000803f"
        if "@0x93" in command:
            path = SegmentPath((Class(0x93), Instance(3), Attribute(10)))
            assert client.request(GetAttributeSingle(path)).data == bytes(4)
    assert program.stop() == 0
    printed = any("SCADA" in line for line in program.rest())
    assert printed is ("-p" in command.split() or "--print" in command.split())


@pytest.mark.parametrize(
    ("option", "accepted", "refused"),
    [
        ("--route-path '[{\"port\": 1, \"link\": 0}]'", "1/0", "1/1"),
        ("--route-path 1/0", "1/0", "2/192.168.1.2"),
        ("--route-path '[{\"port\": 2, \"link\": \"192.168.1.2\"}]'",
         "2/192.168.1.2", "2/192.168.1.3"),
        ("--route-path 2/192.168.1.2", "2/192.168.1.2", "1/0"),
        ("--route-path 1/0/2/192.168.1.2", "1/0/2/192.168.1.2", "1/0"),
        ("--route-path=1/0", "1/0", "1/0/2/192.168.1.2"),
        ("--route-path false", None, "1/0"),
        ("--route-path 0", None, "1/0"),
        ("-S", None, "1/0"),
        ("--simple", None, "1/0"),
        ("", "1/0", None),
        ("", "15/1.2.3.4/1/1", None),
    ],
)  # fmt: skip
def test_the_route_paths_of_the_manual_are_accepted_or_not(
    start: Starter, option: str, accepted: str | None, refused: str | None
) -> None:
    program = start.loopback(*shlex.split(option), "SCADA=INT[1000]")
    with talk(program.address()) as client:
        # A request without any route is always for the device itself.
        assert client.read("SCADA").status == 0
        if accepted is not None:
            assert client.read("SCADA", route=accepted).status == 0
        if refused is not None:
            assert client.read("SCADA", route=refused).status != 0
        assert client.read("SCADA").status == 0
    assert program.stop() == 0


@pytest.mark.parametrize("delay", ["0.05", "0.05-0.06"])
def test_a_delay_comes_before_every_response(start: Starter, delay: str) -> None:
    program = start.loopback("--delay", delay, "SCADA=INT[1000]")
    with talk(program.address()) as client:
        begun = monotonic()
        for _ in range(3):
            assert client.read("SCADA").status == 0
        assert monotonic() - begun >= 0.15


@pytest.mark.parametrize("option", ["--size", "--reply-limit"])
def test_a_reply_is_no_longer_than_is_allowed(start: Starter, option: str) -> None:
    program = start.loopback(option, "100", "SCADA=INT[1000]")
    with talk(program.address()) as client:
        reply = client.read("SCADA", 1000)
        assert reply.status == 6
        assert 0 < len(reply.data) <= 100
    assert program.stop() == 0


def test_one_connection_more_than_allowed_is_closed(start: Starter) -> None:
    program = start.loopback("--max-connections", "1", "SCADA=INT[1000]")
    address = program.address()
    with talk(address) as client:
        with pytest.raises(ConnectionError), talk(address):
            pass
        assert client.read("SCADA").status == 0
    assert program.stop() == 0


IDENTITY = "[Identity]\n# Generally, strings are not quoted\nProduct Name = {}\n"


def test_the_identity_of_the_manual_is_configured_where_it_runs(
    start: Starter,
) -> None:
    config = IDENTITY.format("1756-L71/B LOGIX5571") + (
        "Interface Configuration = {\n"
        '    "ip_address":     "192.168.0.201",\n'
        '    "domain_name":    "example.com"\n'
        "   }\n"
        "Host Name               = controller\n"
    )
    (start.folder / "cpppo.cfg").write_text(config)
    # As in the manual: with a configuration, there need be no tags.
    program = start("-v", "-A", ENIP_ADDRESS="127.0.0.1:0")
    address = program.address()
    assert program.line(r"NORMAL +main +Loaded config files: \['cpppo.cfg'\]", True)
    assert identity(address) == "1756-L71/B LOGIX5571"
    assert identity(program.address("UDP"), socket.SOCK_DGRAM) == "1756-L71/B LOGIX5571"
    with talk(address) as client:
        assert client.request(NAME).data == b"\x141756-L71/B LOGIX5571"
        path = SegmentPath((Class(0xF5), Instance(1), Attribute(6)))
        assert client.request(GetAttributeSingle(path)).data == b"\x0a\0controller"
    assert program.stop() == 0


def test_a_route_of_the_manual_is_configured(start: Starter) -> None:
    far = start.loopback("--simple", "THERE=DINT")
    port = far.address()[1]
    config = (
        f'[UCMM]\nRoute Path = 1/0\nRoute = {{\n  "1/1-15": "127.0.0.1:{port}"\n }}'
    )
    (start.folder / "cpppo.cfg").write_text(config)
    near = start.loopback("HERE=INT")
    with talk(near.address()) as client:
        assert client.read("HERE", route="1/0").status == 0
        assert client.read("THERE", route="1/0").status != 0
        assert client.read("THERE", route="1/7").data.hex() == "c40000000000"
    assert near.stop() == 0
    assert far.stop() == 0


def test_the_route_path_of_an_argument_wins_over_the_file(start: Starter) -> None:
    (start.folder / "cpppo.cfg").write_text("[UCMM]\nRoute Path = 1/0\n")
    for argv, environ, accepted, refused in (
        (["--route-path", "1/5"], {}, "1/5", "1/0"),
        ([], {"ENIP_ROUTE_PATH": "1/6"}, "1/6", "1/0"),
        ([], {}, "1/0", "1/5"),
        (["--route-path", "null"], {}, "1/5", None),
        (["--no-config"], {}, "1/5", None),
    ):
        program = start.loopback(*argv, "A=INT", **environ)
        with talk(program.address()) as client:
            assert client.read("A", route=accepted).status == 0, argv
            if refused is not None:
                assert client.read("A", route=refused).status != 0, argv


def test_configuration_files_are_layers(start: Starter) -> None:
    for name in ("cpppo.cfg", ".cpppo.cfg", "extra.cfg", "mine.cfg"):
        (start.folder / name).write_text(IDENTITY.format(name))
    for argv, name in (
        ([], "cpppo.cfg"),
        (["-c", "extra.cfg"], "extra.cfg"),
        (["-b", "mine"], "mine.cfg"),
        (["--no-config"], "1756-L61/B LOGIX5561"),
    ):
        program = start.loopback(*argv, "A=INT")
        assert identity(program.address()) == name
    (start.folder / "cpppo.cfg").unlink()
    program = start.loopback("A=INT")
    assert identity(program.address()) == ".cpppo.cfg"


# -- the environment


def test_everything_can_be_said_by_the_environment(start: Starter) -> None:
    program = start(
        ENIP_ADDRESS="127.0.0.1:0",
        ENIP_TAGS="A=INT[3]  B.C=REAL",
        ENIP_ROUTE_PATH="1/0",
        ENIP_PRINT="yes",
        ENIP_NO_UDP="1",
        ENIP_WRONG="1",
    )
    with talk(program.address()) as client:
        assert client.read("a", 3).data == bytes.fromhex("c300") + bytes(6)
        assert client.read("B.C").status == 0
        assert client.read("A", route="1/1").status != 0
    assert program.line("ENIP_WRONG: there is no such option", errors=True)
    assert program.stop() == 0
    lines = program.rest()
    assert not any("UDP" in line for line in lines)
    assert any("A" in line for line in lines)


# -- addresses


def test_port_0_is_told_without_being_asked_for(start: Starter) -> None:
    program = start.loopback("A=INT")
    tcp, udp = program.address(), program.address("UDP")
    assert identity(tcp) == identity(udp, socket.SOCK_DGRAM)
    assert program.stop() == 0


def test_a_port_of_your_own_is_told_only_where_asked_for(start: Starter) -> None:
    port = free_port()
    program = start("-a", f"127.0.0.1:{port}", "-A", "A=INT")
    assert program.address() == ("127.0.0.1", port)
    assert program.stop() == 0
    quiet = start("-a", f"127.0.0.1:{port}", "-v", "A=INT")
    assert quiet.line(rf"serving 1 tag at 127.0.0.1:{port} \(TCP and UDP\)", True)
    assert identity(("127.0.0.1", port))
    assert quiet.stop() == 0
    assert quiet.rest() == []


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port


@pytest.mark.parametrize(
    ("option", "shown", "hidden"), [("-U", "TCP", "UDP"), ("-T", "UDP", "TCP")]
)
def test_one_transport_may_be_enough(
    start: Starter, option: str, shown: str, hidden: str
) -> None:
    program = start.loopback(option, "A=INT")
    kind = socket.SOCK_STREAM if shown == "TCP" else socket.SOCK_DGRAM
    assert identity(program.address(shown), kind)
    assert program.stop() == 0
    assert not any(hidden in line for line in program.rest())


# -- what is refused


def run(folder: Path, *argv: str, **environ: str) -> tuple[int, list[str], list[str]]:
    """A program that ends by itself: its status and its lines."""
    done = subprocess.run(
        [*COMMAND, *argv],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        cwd=folder,
        env=surroundings(folder, **environ),
        check=False,
    )
    return done.returncode, done.stdout.splitlines(), done.stderr.splitlines()


@pytest.mark.parametrize(
    ("argv", "problem"),
    [
        ([], "there is no tag to serve; say one, such as SCADA=INT[10]"),
        (["A=INX"], "tag 'A=INX': no type 'INX'; is INT meant?"),
        (["A=INT", "a=REAL"], "tag 'a=REAL': a is there already, as A=INT"),
        (["A@1/2/3", "B@1/2/3=REAL"], "A@1/2/3=INT has this place already"),
        (["-w", ":8080", "A"], "argument -w/--web: the web API is not part"),
        (["-d", "slow", "A"], "argument -d/--delay: 'slow' is no delay"),
        (["--what", "A"], "unrecognized arguments: --what"),
        (["-c", "nowhere.cfg", "A"], "there is no configuration file 'nowhere.cfg'"),
        (["-a", ":99999", "A"], "argument -a/--address: ':99999': a port is a number"),
    ],
)  # fmt: skip
def test_wrong_usage_is_one_clear_line_and_2(
    tmp_path: Path, argv: Sequence[str], problem: str
) -> None:
    status, lines, errors = run(tmp_path, *argv)
    assert status == 2
    assert lines == []
    assert errors[0].startswith("usage: enip_server ")
    assert errors[1].startswith("enip_server: error: ")
    assert problem in errors[1]
    assert len(errors) == 2 or set(errors[-1].strip()) == {"^"}


def test_a_wrong_configuration_names_file_section_and_key(tmp_path: Path) -> None:
    (tmp_path / "cpppo.cfg").write_text("[Identity]\nVendor Number = lots\n")
    status, lines, errors = run(tmp_path, "A=INT")
    assert (status, lines) == (2, [])
    assert errors[-1] == (
        "enip_server: error: cpppo.cfg: [Identity] Vendor Number: 'lots' is not a "
        "whole number from 0 to 65535, such as 54 or 0x36"
    )


def test_a_port_in_use_is_one_clear_line_and_1(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, lines, errors = run(tmp_path, "-a", f"127.0.0.1:{port}", "A=INT")
    assert (status, lines) == (1, [])
    (error,) = errors
    assert error.startswith("enip_server: error: ")
    assert str(port) in error


def test_a_log_that_cannot_be_written_is_one_clear_line_and_1(tmp_path: Path) -> None:
    status, _, errors = run(tmp_path, "-l", "no/where.log", "-a", "127.0.0.1:0", "A")
    assert status == 1
    (error,) = errors
    assert error.startswith("enip_server: error: ")
    assert "where.log" in error and "No such file" in error


def test_version_and_help_are_told(tmp_path: Path) -> None:
    assert run(tmp_path, "--version") == (0, [f"cpppo {__version__}"], [])
    status, lines, errors = run(tmp_path, "--help")
    assert (status, errors) == (0, [])
    assert lines[0].startswith("usage: enip_server ")


# -- stopping


@POSIX
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_within_two_seconds_and_closes_sessions(
    start: Starter, number: signal.Signals
) -> None:
    program = start.loopback("A=INT")
    with talk(program.address()) as client:
        assert client.read("A").status == 0
        begun = monotonic()
        assert program.stop(number) == 0
        assert monotonic() - begun < 2
        client.socket.settimeout(PATIENCE)
        assert client.socket.recv(1) == b""
    assert program.rest(errors=True) == []


@POSIX
def test_a_response_that_is_waited_for_does_not_keep_it(start: Starter) -> None:
    program = start.loopback("--delay", "60", "A=INT")
    with socket.create_connection(program.address(), PATIENCE) as client:
        frame = RequestFrame(payload=Register())
        client.sendall(frame.encode())
        begun = monotonic()
        assert program.stop() == 0
        assert monotonic() - begun < 2
    assert program.rest(errors=True) == []


@POSIX
def test_a_terminal_is_told_what_is_served(start: Starter) -> None:
    near, far = os.openpty()
    with os.fdopen(near, "rb", buffering=0) as terminal:
        process = subprocess.Popen(
            [*COMMAND, "-a", "127.0.0.1:0", "A=INT", "B=INT"],
            stdout=subprocess.DEVNULL,
            stderr=far,
            cwd=start.folder,
            env=surroundings(start.folder),
        )
        os.close(far)
        start.stack.callback(process.wait, PATIENCE)
        start.stack.callback(process.kill)
        told = b""
        while b"\n" not in told:
            told += terminal.read(4096)
        process.terminate()
        assert process.wait(PATIENCE) == 0
    assert re.fullmatch(
        r"enip_server: serving 2 tags at 127\.0\.0\.1:[0-9]+ \(TCP and UDP\); "
        r"\^C stops it\r\n",
        told.decode(),
    )


@POSIX
def test_a_shell_that_wants_no_interrupt_gets_none(start: Starter) -> None:
    process = start.process(["-a", "127.0.0.1:0", "A=INT"], {}, deaf=True)
    program = Program(process)
    start.stack.callback(program.rest)
    start.stack.callback(process.kill)
    address = program.address()
    process.send_signal(signal.SIGINT)
    assert identity(address)
    assert program.stop(signal.SIGTERM) == 0


@POSIX
def test_output_that_nobody_reads_ends_quietly(start: Starter) -> None:
    process = start.process(["-a", "127.0.0.1:0", "-U", "-p", "A=INT"], {})
    start.stack.callback(process.communicate)
    start.stack.callback(process.kill)
    assert process.stdout is not None and process.stderr is not None
    found = LINE.fullmatch(process.stdout.readline().rstrip())
    assert found is not None
    process.stdout.close()
    process.stdout = None
    with talk(("127.0.0.1", int(found[3]))) as client:
        for _ in range(3):
            assert client.read("A").status == 0
    process.terminate()
    assert process.wait(PATIENCE) == 0
    assert process.stderr.read() == ""


# -- the log


@POSIX
def test_the_log_goes_to_a_file_which_a_signal_opens_again(start: Starter) -> None:
    program = start.loopback("-v", "-l", "some.log", "A=INT")
    program.address()
    path = start.folder / "some.log"
    assert re.search(r"NORMAL +announce +serving 1 tag at", path.read_text())
    path.rename(start.folder / "old.log")
    program.process.send_signal(signal.SIGHUP)
    deadline = monotonic() + PATIENCE
    while not path.exists() and monotonic() < deadline:
        pass
    assert program.stop() == 0
    assert "Stopped" in path.read_text()
    assert "Stopped" not in (start.folder / "old.log").read_text()
    assert program.rest(errors=True) == []


# -- in another program


T = TypeVar("T")


class Simulator:
    """`main` in a thread of this process."""

    def __init__(self, *argv: str, **kwds: object) -> None:
        self.control = dotdict(done=False, disable=False, latency=0.01)
        self.status: int | None = None
        self.argv = argv
        self.kwds = kwds
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self) -> None:
        server = {"control": self.control}
        self.status = main(self.argv, server=server, **self.kwds)  # type: ignore[arg-type]

    @property
    def address(self) -> tuple[str, int]:
        address: tuple[str, int] = wait_for(lambda: self.control.get("address"))
        return address

    def stop(self) -> int | None:
        self.control["done"] = True
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()
        return self.status


def wait_for(found: Callable[[], T]) -> T:
    """What is found, as soon as it is."""
    deadline = monotonic() + PATIENCE
    while monotonic() < deadline:
        if value := found():
            return value
    raise AssertionError("nothing came")


@pytest.fixture
def simulate(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[list[Simulator]]:
    for name in [name for name in os.environ if name.startswith("ENIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    running: list[Simulator] = []
    yield running
    for one in running:
        one.stop()


def test_simulators_run_in_threads_of_one_program(simulate: list[Simulator]) -> None:
    before = global_state()
    for number in range(2):
        one = Simulator("-a", "127.0.0.1:0", "--no-config", f"T{number}=INT", "X=INT")
        simulate.append(one)
    for number, one in enumerate(simulate):
        with talk(one.address) as client:
            assert client.write("X", 0xC3, bytes([number + 1, 0])) == 0
            assert client.read(f"T{number}").status == 0
            assert client.read(f"T{1 - number}").status == 5
    for number, one in enumerate(simulate):
        with talk(one.address) as client:
            assert client.read("X").data.hex() == f"c3000{number + 1}00"
        assert one.control["address_udp"] is not None
    assert global_state() == before
    first, second = simulate
    assert first.stop() == 0
    with talk(second.address) as client:
        assert client.read("X").status == 0
    assert second.stop() == 0


def global_state() -> object:
    """What of this process a simulator in a thread has to leave alone."""
    root = logging.getLogger()
    signals = [signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT)]
    return signals, root.level, root.handlers[:]


def test_a_disabled_simulator_closes_its_port_until_it_is_enabled(
    simulate: list[Simulator],
) -> None:
    one = Simulator("-a", "127.0.0.1:0", "A=INT")
    simulate.append(one)
    address = one.address
    with talk(address) as client:
        one.control["disable"] = True
        client.socket.settimeout(PATIENCE)
        assert client.socket.recv(1) == b""
    wait_for(lambda: not accepts(address))
    one.control["disable"] = False
    wait_for(lambda: accepts(address))
    with talk(address) as client:
        assert client.read("A").status == 0
    assert one.stop() == 0


def accepts(address: tuple[str, int]) -> bool:
    try:
        socket.create_connection(address, PATIENCE).close()
    except ConnectionError:
        return False
    return True


class Doubled(Tag):
    """A tag that is read as twice what was written."""

    def __getitem__(self, key: int | slice) -> Any:
        value = super().__getitem__(key)
        return [2 * one for one in value] if isinstance(value, list) else 2 * value


def test_an_attribute_of_your_own_takes_part(simulate: list[Simulator]) -> None:
    idle: list[int] = []
    one = Simulator(
        "-a", "127.0.0.1:0", "A=INT[3]",
        attribute_class=Doubled, idle_service=lambda: idle.append(1),
    )  # fmt: skip
    simulate.append(one)
    with talk(one.address) as client:
        assert client.write("A", 0xC3, bytes([1, 0, 2, 0]), 2) == 0
        assert client.read("A", 3).data.hex() == "c300020004000000"
    wait_for(lambda: len(idle) > 1)
    assert one.stop() == 0


def test_what_main_is_not_told_it_refuses() -> None:
    with pytest.raises(TypeError, match="main\\(\\) has no parameter colour"):
        main([], colour="red")


def test_main_gives_its_status_back(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert main(["--version"]) == 0
    assert main(["A=INX"]) == 2
    assert "tag 'A=INX'" in capsys.readouterr().err
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["-a", f"127.0.0.1:{taken.getsockname()[1]}", "A=INT"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_an_end_within_moments_is_waited_for() -> None:
    assert module.WITHIN < 2
