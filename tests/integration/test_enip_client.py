# SPDX-License-Identifier: Apache-2.0
"""`enip_client` as a program: the manual's examples, against real simulators.

The simulator is ours, and the published 5.2.5 where CPPPO_PUBLISHED_PYTHON names a
Python that has it.  Manual, 2.1.5 and 2.1.6.
"""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from peers import LOOPBACK, PATIENCE, Address, Program, Starter, far, surroundings

from cpppo.client.commands.enip_client import main

PUBLISHED = os.environ.get("CPPPO_PUBLISHED_PYTHON")
CLIENT = "cpppo.server.enip.client"
TAGS = (
    *("SCADA=INT[1000]", "TEXT=SSTRING[100]", "FLOAT@22/1/3=REAL", "Tag=DINT[10]"),
    *("Volume=REAL", "Temperature=REAL"),
)
published_only = pytest.mark.skipif(
    PUBLISHED is None,
    reason="CPPPO_PUBLISHED_PYTHON names no Python that has cpppo 5.2.5",
)


@contextmanager
def published(*argv: str) -> Iterator[Program]:
    """The simulator of 5.2.5."""
    assert PUBLISHED is not None
    environ = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    with ExitStack() as stack:
        process = subprocess.Popen(
            [PUBLISHED, "-P", "-u", "-m", "cpppo.server.enip", *argv],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environ,
        )
        program = Program(process)
        stack.callback(program.rest)
        stack.callback(process.wait, PATIENCE)
        stack.callback(process.kill)
        yield program


class Simulators:
    """Where each transport of a simulator is."""

    def __init__(self, tcp: Address, udp: Address, speed: int) -> None:
        self.speed = speed  # how many times that of 5.2.5, at least
        self.tcp, self.udp = (f"{host}:{port}" for host, port in (tcp, udp))
        self.addresses = tcp, udp


@pytest.fixture(
    scope="module",
    params=["ours", pytest.param("5.2.5", marks=[published_only, pytest.mark.interop])],
)
def simulator(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Simulators]:
    argv = ("-a", f"{LOOPBACK}:0", "-A", *TAGS)
    with ExitStack() as stack:
        if request.param == "ours":
            program = Starter(tmp_path_factory.mktemp("simulator"), stack)(*argv)
        else:
            program = stack.enter_context(published(*argv))
        speed = 20 if request.param == "ours" else 1
        yield Simulators(program.address("TCP"), program.address("UDP"), speed)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Starter]:
    with ExitStack() as stack:
        yield Starter(tmp_path, stack)


def run(
    *argv: str,
    folder: Path | None = None,
    said: str = "",
    module: str = CLIENT,
    status: int = 0,
    **environ: str,
) -> tuple[list[str], list[str]]:
    """What a command prints, on standard output and beside it."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", module, *argv],
        input=said,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
        env=surroundings(folder or Path(), **environ),
    )
    assert done.returncode == status, (done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    return done.stdout.splitlines(), done.stderr.splitlines()


def within(*argv: str, status: int = 0) -> tuple[list[str], list[str]]:
    """The same in this process: where it is no matter, no program is started for it."""
    out, err = io.StringIO(), io.StringIO()
    kept = {k: v for k, v in os.environ.items() if not k.startswith("ENIP_")}
    with (
        mock.patch.dict(os.environ, kept, clear=True),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        found = main(argv)
    assert found == status, (out.getvalue(), err.getvalue())
    return out.getvalue().splitlines(), err.getvalue().splitlines()


# -- examples of the manual


def test_reading_and_writing_of_the_manual(simulator: Simulators) -> None:
    out, err = run(
        *("-v", "--print", "-a", simulator.tcp),
        *("SCADA[1]=99", "SCADA[0-10]", 'TEXT[1]=(SSTRING)"Hello, world!"'),
        "TEXT[0-3]",
    )
    expected = [
        "            SCADA[1][  1-1  ]+  0 <= [99]: 'OK'",
        "            SCADA[0][  0-10 ]+  0 == [0, 99, 0, 0, 0, 0, 0, 0, 0, 0, 0]: 'OK'",
        "             TEXT[1][  1-1  ]+  0 <= ['Hello, world!']: 'OK'",
        "             TEXT[0][  0-3  ]+  0 == ['', 'Hello, world!', '', '']: 'OK'",
    ]
    assert out == expected
    logged = [line.split(" take       ")[-1] for line in err if " take " in line]
    assert logged == expected
    assert "Client Tag I/O  Average" in err[-1]


def test_a_float_is_written_and_confirmed(simulator: Simulators) -> None:
    at = ("-a", simulator.tcp)
    assert run(*at, "@22/1/3=(REAL)1.0") == ([], [])
    out, _ = run(*at, "-p", "FLOAT", "@22/1/3", "@0x16/1/3")
    assert out == [
        "               FLOAT              == [1.0]: 'OK'",
        "         @0x0016/1/3              == [1.0]: 'OK'",
        "         @0x0016/1/3              == [1.0]: 'OK'",
    ]


def test_a_terminal_shows_what_is_read(simulator: Simulators, tmp_path: Path) -> None:
    mine, its = os.openpty()
    with open(mine, "rb", buffering=0) as terminal:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", CLIENT, "-a", simulator.tcp, "SCADA[20]"],
            stdout=its,
            env=surroundings(tmp_path),
        )
        os.close(its)
        assert process.wait(PATIENCE) == 0
        shown = terminal.read(1000)
    assert shown == b"           SCADA[20][ 20-20 ]+  0 == [0]: 'OK'\r\n"


def test_elsewhere_nothing_is_printed_unless_asked_for(simulator: Simulators) -> None:
    at = ("-a", simulator.tcp)
    assert run(*at, "SCADA[30]=5") == ([], [])
    assert run(*at, "--no-print", "SCADA[30]") == ([], [])
    out, _ = run(*at, "--print", "SCADA[30]")
    assert out == ["           SCADA[30][ 30-30 ]+  0 == [5]: 'OK'"]


WAYS: list[Sequence[str]] = [
    ["--route-path", '[{"port": 1, "link": 0}]'],
    ["--route-path", '{"port": 1, "link": 0}'],
    ["--route-path", "1/0"],
    ["--route-path", "false", "--send-path="],
    ["--send-path=", "--route-path=false"],
    ["-S"],
    ["--simple"],
    ["--timeout-ticks", "63"],
    ["--priority-time-tick", "0"],
    ["-t", "20"],
    ["-n"],
    ["--no-fragment"],
    ["-f"],
    ["-m"],
    ["--multiple", "250", "-d", "20"],
]


@pytest.mark.parametrize("way", WAYS, ids=" ".join)
def test_every_way_of_the_manual_is_one(
    simulator: Simulators, way: Sequence[str]
) -> None:
    out, _ = within(
        *way, "-a", simulator.tcp, "-p", "SCADA", "SCADA[40]", "SCADA[41-43]"
    )
    assert [line.split()[0] for line in out] == ["SCADA", "SCADA[40][", "SCADA[41]["]
    assert all(line.endswith("'OK'") for line in out)


def test_values_are_of_the_types_that_are_said(simulator: Simulators) -> None:
    out, _ = within(
        *("-p", "-a", simulator.tcp),
        *("Tag[4-6]=(DINT)1,2,3", "Tag[0-9]+16=(DINT)4,5", "Tag[3-6]"),
        *("Volume=9.9", "Volume", "SCADA[50-52]=(INT)-1,0xff,0b11", "SCADA[50-52]"),
    )
    assert [line.split("= ")[1].split(": ")[0] for line in out] == [
        *("[1, 2, 3]", "[4, 5]", "[0, 4, 5, 3]"),
        *("[9.9]", "[9.899999618530273]", "[-1, 255, 3]", "[-1, 255, 3]"),
    ]


def test_operations_are_repeated(simulator: Simulators) -> None:
    out, _ = within("-p", "-r", "3", "-d", "2", "-a", simulator.tcp, "SCADA", "FLOAT")
    assert [line.split()[0] for line in out] == ["SCADA", "FLOAT"] * 3


def test_a_whole_large_tag_is_read_and_written(simulator: Simulators) -> None:
    values = ",".join(str(n) for n in range(700))
    out, _ = within(
        *("--json", "-a", simulator.tcp, f"SCADA[100-799]={values}", "SCADA[100-799]")
    )
    written, read = map(json.loads, out)
    assert written["ok"] and read["value"] == list(range(700))


def test_the_log_is_a_file(simulator: Simulators, tmp_path: Path) -> None:
    path = tmp_path / "client.log"
    assert run("-l", str(path), "-a", simulator.tcp, "SCADA[60]") == ([], [])
    assert "SCADA[60][ 60-60 ]+  0 == [0]: 'OK'" in path.read_text()


@pytest.mark.parametrize("udp", [True, False], ids=["UDP", "TCP"])
def test_devices_say_who_they_are(simulator: Simulators, udp: bool) -> None:
    where = ["--udp", "-a", simulator.udp] if udp else ["-a", simulator.tcp]
    out, _ = within(*where, "--list-identity")
    assert out[0] == f"List Identity  0 from {simulator.addresses[udp]!r}: {{"
    assert '    "item[0].identity_object.product_name": "1756-L61/B LOGIX5561",' in out
    assert '    "item[0].identity_object.vendor_id": 1,' in out
    assert out[-1] == "}"


def test_devices_say_what_they_serve(simulator: Simulators) -> None:
    out, _ = within("-a", simulator.tcp, "-s", "-I", "-p", "SCADA[70]")
    heads = [line.split(" from ")[0] for line in out if line[0] not in " }"]
    assert heads == ["List Services  0", "List Interfaces  0"]
    assert out[-1] == "           SCADA[70][ 70-70 ]+  0 == [0]: 'OK'"


def test_the_legacy_command_is_answered(simulator: Simulators) -> None:
    out, _ = within("--udp", "--legacy", "0x0001", "-a", simulator.udp)
    assert out[0].startswith("Legacy 0x0001  0 from (")
    assert '    "item[0].legacy_CPF_0x0001.sin_family": 2,' in out


def test_a_broadcast_finds_a_simulator(start: Starter) -> None:
    program = start("-a", "0.0.0.0:0", "-A", "SCADA=INT[10]")
    port = program.address("UDP")[1]
    out, _ = run(
        *("--udp", "--broadcast", "--list-identity", "-t", "0.5"),
        *("-a", f"127.255.255.255:{port}"),
    )
    assert out[0].startswith("List Identity  0 from ('127.")
    assert out[0].endswith(f", {port}): {{")


def test_the_environment_is_heeded(simulator: Simulators) -> None:
    out, _ = run("SCADA[71]", ENIP_CLIENT_ADDRESS=simulator.tcp, ENIP_CLIENT_PRINT="1")
    assert out == ["           SCADA[71][ 71-71 ]+  0 == [0]: 'OK'"]


def test_data_files_are_asked_for(start: Starter) -> None:
    plant = start.folder / "plant.toml"
    plant.write_text('[data_files]\nN7 = 10\nST9 = {value = ["hello"]}\n')
    program = start.loopback("--tags", str(plant))
    at = "{}:{}".format(*program.address("TCP"))
    out, _ = run("-p", "-a", at, "--pccc", "N7:1=5", "N7:1", "ST9:0")
    assert out == [
        "                N7:1              <= [5]: 'OK'",
        "                N7:1              == [5]: 'OK'",
        "               ST9:0              == ['hello']: 'OK'",
    ]


# -- what fails


def test_one_bad_tag_does_not_lose_the_others(simulator: Simulators) -> None:
    operations = ("SCADA[80]=1", "SCADA[995-1010]", "SCADA[80]")
    out, err = within("-p", "-a", simulator.tcp, *operations, status=1)
    assert out == [
        "           SCADA[80][ 80-80 ]+  0 <= [1]: 'OK'",
        "          SCADA[995][995-1010]+  0 == None: "
        "'Status 255 [8453]: beyond the end of the tag'",
        "           SCADA[80][ 80-80 ]+  0 == [1]: 'OK'",
    ]
    assert err == []
    _, err = within("-a", simulator.tcp, *operations, status=1)
    said = "SCADA[995-1010]: beyond the end of the tag (0xFF 0x2105)"
    assert err == [f"enip_client: {said}"]


def test_an_unknown_tag_is_told_by_its_name(simulator: Simulators) -> None:
    out, err = within("-p", "-a", simulator.tcp, "SCADA", "NOWHERE", "SCADA", status=1)
    assert out[1].startswith("             NOWHERE              == None: 'Status ")
    # 5.2.5 refuses the frame instead of the request, and then closes the connection.
    assert len(out) == (3 if simulator.speed > 1 else 2)
    assert all("closed the connection" in line or "was lost" in line for line in err)


def test_a_wrong_text_is_refused_before_anything_is_sent(
    simulator: Simulators,
) -> None:
    out, err = run("-a", simulator.tcp, "SCADA[81]=5", "SCADA[1-2]=1", status=2)
    assert out == []
    assert err[0].startswith("enip_client: error: as many values as elements (2)")
    assert err[1] == "  SCADA[1-2]=1" and set(err[2]) == {" ", "^"}
    out, _ = run("-p", "-a", simulator.tcp, "SCADA[81]")
    assert out == ["           SCADA[81][ 81-81 ]+  0 == [0]: 'OK'"]


def test_nobody_is_there() -> None:
    with socket.create_server((LOOPBACK, 0)) as one:
        port = one.getsockname()[1]
    _, err = run("-a", f"{LOOPBACK}:{port}", "SCADA", status=1)
    (line,) = err
    assert line.startswith(f"enip_client: error: {LOOPBACK}:{port} refused")


@contextmanager
def answering(octets: bytes | None) -> Iterator[str]:
    """Somebody who says this to whatever comes; nothing for None."""
    listening = socket.create_server((LOOPBACK, 0))

    def serve() -> None:
        connection, _ = listening.accept()
        with connection:
            while connection.recv(4096):
                if octets == b"":
                    return
                if octets is not None:
                    connection.sendall(octets)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield "{}:{}".format(*listening.getsockname())
    finally:
        thread.join(PATIENCE)
        listening.close()


@pytest.mark.parametrize(
    ("octets", "shown"),
    [
        (None, "within 0.5 s"),
        (b"", "closed"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "EtherNet/IP"),
        (b"\x65\0\xff\xff" + bytes(20), ""),
        (b"\x65\0\4\0" + bytes(4) + b"\x69\0\0\0" + bytes(16), ""),
    ],
    ids=["silent", "closing", "another protocol", "endless", "refusing"],
)
def test_who_is_no_device_is_one_line(octets: bytes | None, shown: str) -> None:
    with answering(octets) as address:
        _, err = within("-t", "0.5", "-a", address, "SCADA", status=1)
    (line,) = err
    assert line.startswith("enip_client: error: ")
    assert shown in line


def test_a_write_that_is_not_answered_is_unknown() -> None:
    with far(lambda *_: b"") as device:
        at = "{}:{}".format(*device.address)
        out, err = run("-p", "-t", "0.5", "-a", at, "SCADA[1]=99", "SCADA", status=1)
    assert out[0].startswith("            SCADA[1][  1-1  ]+  0 <= [99]: 'Unknown: ")
    assert err[-1].startswith("enip_client: error: no answer from ")


def test_a_device_that_closes_is_told() -> None:
    with far(lambda *_: None) as device:
        at = "{}:{}".format(*device.address)
        _, err = run("-a", at, "SCADA", status=1)
    assert "closed the connection" in err[-1]


def test_an_interrupt_ends_it_with_a_summary(start: Starter) -> None:
    with far(lambda *_: b"") as device:
        at = "{}:{}".format(*device.address)
        program = start("-t", "0", "-a", at, "SCADA", "SCADA", module=CLIENT)
        device.request()
        assert program.stop(signal.SIGINT) == 130
        assert program.rest(errors=True) == [
            "enip_client: interrupted; 0 of 2 operations are done"
        ]


# -- standard input


def test_tags_come_from_standard_input(simulator: Simulators) -> None:
    said = "# some\nSCADA[90]=7\n\n  SCADA[90]\r\nFLOAT"
    out, _ = run("-p", "-a", simulator.tcp, "-", said=said)
    tags = [line.split("[")[0].split()[0] for line in out]
    assert tags == ["SCADA", "SCADA", "FLOAT"]
    assert out[1] == "           SCADA[90][ 90-90 ]+  0 == [7]: 'OK'"


def test_a_wrong_line_is_named(simulator: Simulators) -> None:
    said = "SCADA\n\nSCADA[\nSCADA\n"
    out, err = run("-p", "-a", simulator.tcp, "-", said=said, status=2)
    assert len(out) == 1
    assert err[0].startswith("enip_client: error: standard input, line 3: an index")


def test_input_that_does_not_end_is_answered_as_it_comes(
    simulator: Simulators, tmp_path: Path
) -> None:
    with subprocess.Popen(
        [sys.executable, "-P", "-m", CLIENT, "--json", "-a", simulator.tcp, "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=surroundings(tmp_path),
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        for n in range(3):
            process.stdin.write(f"SCADA[{91 + n}]={n}\n")
            process.stdin.flush()
            found: dict[str, Any] = json.loads(process.stdout.readline())
            assert (found["index"], found["value"]) == (n, n)
        process.stdin.close()
        assert process.wait(PATIENCE) == 0


def test_many_lines_are_done(simulator: Simulators) -> None:
    lines = 500 * simulator.speed
    said = "".join(f"SCADA[{n % 1000}]\n" for n in range(lines))
    out, _ = run("--json", "-d", "20", "-m", "-a", simulator.tcp, "-", said=said)
    assert [json.loads(one)["tag"] for one in out] == said.splitlines()


# -- the examples


def test_the_example_of_input_and_output(simulator: Simulators) -> None:
    for module in ("io", "io_example"):
        out, _ = run(simulator.tcp, module=f"cpppo.server.enip.{module}")
        assert out == [
            "              Tag[0][  0-9  ]+ 16 <= [4, 5, 6, 7, 8, 9]: 'OK'",
            "         @0x0002/1/1              == [0]: 'OK'",
            "              Tag[3][  3-5  ]+  0 == [0, 4, 5]: 'OK'",
        ]


def test_the_example_of_throughput(simulator: Simulators) -> None:
    module = "cpppo.server.enip.thruput"
    argv = ("-a", simulator.tcp, "--repeat", "25", "Volume", "Temperature")
    for options, requests in (
        ((), " 50"),
        (("--depth", "20"), " 50"),
        (("--depth", "20", "--multiple", "250"), None),
    ):
        out, _ = run(*options, *argv, module=module)
        assert len(out) == 51
        words = out[-1].split()
        assert words[:3] == ["50", "operations", "using"]
        assert words[4:6] == ["requests", "in"] and words[-1] == "TPS"
        assert (requests is None) == (int(words[3]) < 50)
        assert f"at pipeline depth {options[1] if options else 0:>2};" in out[-1]


def test_the_examples_refuse_what_they_do_not_know() -> None:
    _, err = run("--what", module="cpppo.server.enip.io", status=2)
    assert len(err) == 1
    for argv in ([], ["-d", "x", "Volume"], ["Volume["]):
        _, err = run(*argv, module="cpppo.server.enip.thruput", status=2)
        assert any(line.startswith("thruput: error: ") for line in err)
