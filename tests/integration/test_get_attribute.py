# SPDX-License-Identifier: Apache-2.0
"""`enip_get_attribute` and the drive's example as programs, against real simulators.

Ours, and where CPPPO_PUBLISHED_PYTHON names a Python that has it, cpppo 5.2.5.
"""

from __future__ import annotations

import io
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from asking import Frame
from peers import LOOPBACK, Far, Program, Starter, far, surroundings, vacant, wait_for

from cpppo.server.enip.ab import powerflex_750_series
from cpppo.server.enip.get_attribute import (
    attribute_operations,
    main,
    proxy,
    proxy_simple,
)

PUBLISHED = os.environ.get("CPPPO_PUBLISHED_PYTHON")
MODULE = "cpppo.server.enip.get_attribute"
NAME = "1756-L61/B LOGIX5561"
OCTETS = [len(NAME), *NAME.encode()]
TAGS = ("Velocity@0x93/3/10=REAL", "Scan@4/150/3=INT[3]")
TIME = r"\w{3} \w{3} [ 0-9]\d [0-9:]{8} \d{4}"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Starter]:
    with ExitStack() as stack:
        yield Starter(tmp_path, stack)


@pytest.fixture
def ours(start: Starter) -> str:
    host, port = start.loopback("-S", *TAGS).address()
    return f"{host}:{port}"


@pytest.fixture
def published() -> Iterator[str]:
    if PUBLISHED is None:
        pytest.skip("CPPPO_PUBLISHED_PYTHON names no Python that has cpppo 5.2.5")
    port = vacant()
    argv = ["-m", "cpppo.server.enip", "-a", f"{LOOPBACK}:{port}", "-S", *TAGS]
    program = Program(
        subprocess.Popen(
            [PUBLISHED, *argv],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={k: v for k, v in os.environ.items() if not k.startswith("PYTHON")},
        )
    )
    try:
        wait_for(lambda: answers(port))
        yield f"{LOOPBACK}:{port}"
    finally:
        program.process.kill()
        program.process.wait()
        program.rest()


def answers(port: int) -> bool:
    try:
        socket.create_connection((LOOPBACK, port), 1).close()
    except OSError:
        return False
    return True


@pytest.fixture(params=["ours", pytest.param("published", marks=pytest.mark.interop)])
def simulator(request: pytest.FixtureRequest) -> str:
    address: str = request.getfixturevalue(request.param)
    return address


def ran(start: Starter, *argv: str, status: int = 0, **kwds: Any) -> tuple[Any, Any]:
    """The lines of standard output, and of standard error, of a program."""
    program = start(*argv, **{"module": MODULE, **kwds})
    assert program.process.wait(20) == status, program.rest(errors=True)
    return program.rest(), program.rest(errors=True)


# -- lines


def test_attributes_are_read_and_written(start: Starter, simulator: str) -> None:
    words = ("@1/1", "@1/1/7", "@0x93/3/10=(REAL)1.5", "@0x93/3/10", "@0x93/3/10=2.5")
    lines, wrong = ran(start, "-a", simulator, "-S", *words)
    assert wrong == []
    assert all(re.match(f"{TIME}:   {nth}: ", one) for nth, one in enumerate(lines))
    told = [re.sub(rf"^{TIME}:   \d: ", "", one) for one in lines]
    assert told[0].startswith("Single G_A_A      @0x0001/1 == [1, 0, 14, 0, 54, 0, ")
    assert told[1:] == [
        f"Single G_A_S      @0x0001/1/7 == {OCTETS}",
        "Single S_A_S      @0x0093/3/10 == True",
        "Single G_A_S      @0x0093/3/10 == [0, 0, 192, 63]",
        "Single S_A_S      @0x0093/3/10 == True",
    ]


@pytest.mark.parametrize("way", [("-m",), ("-m", "300", "-d", "5"), ("-d", "3")])
def test_what_is_refused_is_told_and_the_rest_is_read(
    start: Starter, simulator: str, way: tuple[str, ...]
) -> None:
    words = ("@1/1/7", "@0x93/99/10", "@1/1/1")
    # The published simulator leaves who asks it for what it has not, alone.
    multiple = way if "-m" in way else ("-m", *way)
    lines, wrong = ran(start, "-a", simulator, "-S", *multiple, *words, status=1)
    assert [one.split(" == ")[1] for one in lines] == [str(OCTETS), "None", "[1, 0]"]
    assert "Multi. G_A_S" in lines[0]
    (problem,) = wrong
    assert re.fullmatch(r"enip_get_attribute: @0x93/99/10: .* \(0x\d\d\)", problem)


def test_paths_lead_to_a_controller(start: Starter) -> None:
    host, port = start.loopback(*TAGS, "--route-path", "1/3").address()
    at = ("-a", f"{host}:{port}")
    lines, _ = ran(start, *at, "--route-path", "1/3", "--send-path", "@6/1", "@1/1/1")
    assert lines[0].endswith("@0x0001/1/1 == [1, 0]")
    lines, wrong = ran(start, *at, "@1/1/1", status=1)
    assert lines[0].endswith("== None")
    assert len(wrong) == 1


def test_addresses_come_from_standard_input(start: Starter, ours: str) -> None:
    texts = "@1/1/7\n\n  # nothing\n @4/150/3=(INT)1,2,3 \n"
    done = subprocess.run(
        [sys.executable, "-P", "-m", MODULE, "-a", ours, "-S", "@1/1/1", "-"],
        input=texts,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=surroundings(start.folder),
    )
    assert (done.returncode, done.stderr) == (0, "")
    found = [one.split(" == ")[1] for one in done.stdout.splitlines()]
    assert found == ["[1, 0]", str(OCTETS), "True"]


def test_results_as_json(start: Starter, ours: str) -> None:
    words = ("@1/1/1", "@9/9/9", "@4/150/3=(INT)1,2,3")
    lines, wrong = ran(start, "-a", ours, "-S", "--json", *words, status=1)
    assert wrong == []
    first, second, third = map(json.loads, lines)
    assert (first["tag"], first["ok"], first["value"]) == ("@1/1/1", True, [1, 0])
    assert (second["status"], second["words"]) == (5, "no such tag or object")
    assert (third["type"], third["value"]) == ("INT", [1, 2, 3])


def test_nothing_is_printed_but_failures(start: Starter, ours: str) -> None:
    lines, wrong = ran(
        start, "-a", ours, "-S", "--no-print", "@1/1/1", "@9/9/9", status=1
    )
    assert lines == []
    assert wrong == ["enip_get_attribute: @9/9/9: no such tag or object (0x05)"]


def test_a_log_and_a_profile(start: Starter, ours: str) -> None:
    lines, wrong = ran(start, "-a", ours, "-S", "-v", "-P", "@1/1/1")
    assert len(lines) == 1
    assert any("1 requests in" in one for one in wrong)
    assert any("function calls" in one for one in wrong)
    lines, wrong = ran(start, "-a", ours, "-S", "--log", "here.log", "@1/1/1")
    assert wrong == []
    assert "Connect: 127.0.0.1" in (start.folder / "here.log").read_text()


def test_the_environment_says_what_arguments_do_not(start: Starter, ours: str) -> None:
    where: dict[str, Any] = {
        "ENIP_GET_ATTRIBUTE_ADDRESS": ours,
        "ENIP_GET_ATTRIBUTE_SIMPLE": "yes",
    }
    lines, _ = ran(start, "@1/1/1", **where)
    assert lines[0].endswith("== [1, 0]")
    _, wrong = ran(start, "@1/1/1", **where, ENIP_GET_ATTRIBUTE_WHAT="1")
    assert "ENIP_GET_ATTRIBUTE_WHAT: there is no such option" in wrong[0]


# -- errors


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        ([], "there is nothing to do"),
        (["@1"], "@class/instance or @class/instance/attribute expected"),
        (["SCADA"], "this is a tag"),
        (["@1/1=3"], "one attribute is written at a time"),
        (["-", "-"], "say - once"),
        (["-a", "x y", "@1/1"], "is no address"),
        (["--timeout", "-1", "@1/1"], "no number of seconds"),
        (["-S", "--route-path", "1/0", "@1/1"], "--simple is without paths"),
        (["--route-path", "1", "@1/1"], "a port needs"),
        (["--what", "@1/1"], "--what"),
        (["-d", "x", "@1/1"], "a number of requests"),
    ],
)
def test_wrong_arguments(
    argv: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) == 2
    out, wrong = capsys.readouterr()
    assert out == ""
    assert re.search(told, wrong)
    assert "enip_get_attribute: error: " in wrong


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    told = capsys.readouterr().out
    published = "--address --print --no-print --multiple --depth --timeout --verbose"
    published += (
        " --log --route-path --send-path --simple --profile -a -m -d -t -v -l -S"
    )
    assert all(option in told for option in published.split())
    assert main(["--version"]) == 0


def test_nobody_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-a", f"{LOOPBACK}:{vacant()}", "@1/1/7", "@1/1/1=1"]) == 1
    out, wrong = capsys.readouterr()
    assert out == ""
    (line,) = wrong.splitlines()
    assert "refused the connection" in line
    assert line.endswith("0 of 2 operations were answered")


def test_a_log_that_cannot_be_written_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = str(tmp_path / "none" / "x.log")
    assert main(["-l", path, "@1/1/7"]) == 1
    told = f"enip_get_attribute: error: {path}: No such file or directory\n"
    assert capsys.readouterr().err == told


@pytest.mark.parametrize("closes", [True, False])
def test_a_write_without_an_answer_is_told(
    closes: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    def answer(one: Far, asked: Frame) -> bytes | None:
        if not closes:
            one.released.wait(20)
        return None

    with far(answer) as one:
        host, port = one.address
        argv = ["-a", f"{host}:{port}", "-t", "0.3", "@1/1/1=1", "@1/1/2=1"]
        assert main(argv) == 1
        assert one.seen.qsize() == 1
    _, wrong = capsys.readouterr()
    lines = wrong.splitlines()
    assert lines[0].startswith("enip_get_attribute: @1/1/1: sent, and no answer came")
    assert lines[-1].endswith("0 of 2 operations were answered")


def test_a_wrong_line_of_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("@1/1\n@1\n"))
    assert main(["-"]) == 2
    assert "standard input, line 2: @class/instance" in capsys.readouterr().err


# -- proxies, and the drive


def test_proxies_are_of_this_address(ours: str) -> None:
    host, _, port = ours.partition(":")
    (made,) = attribute_operations("@1/1")
    assert made["method"] == "get_attributes_all"
    assert issubclass(proxy_simple, proxy)
    via = proxy_simple(host, port=int(port))
    with via:
        assert list(via.read([("@1/1/7", "SSTRING")])) == [[NAME]]
    via.close_gateway()


def test_a_velocity_is_written(start: Starter, simulator: str) -> None:
    module = "cpppo.server.enip.powerflex_motor_velocity"
    lines, wrong = ran(start, f"@{simulator}", "123.45", module=module)
    told = r"Motor Velocity = \(REAL\)123\.45 +== True"
    assert re.fullmatch(f"{TIME}: {told}", lines[0]) and wrong == []
    host, _, port = simulator.partition(":")
    via = powerflex_750_series(host, port=int(port))
    with via:
        (value,) = via.read(via.parameter_substitution("Motor Velocity"))
    via.close_gateway()
    assert value == [pytest.approx(123.45)]


@pytest.mark.parametrize(
    ("argv", "status", "told"),
    [
        (["@x y"], 2, "is no address"),
        (["fast"], 2, "'fast' is no velocity"),
        (["nan"], 2, "'nan' is no velocity"),
        (["1e400"], 2, "'1e400' is no velocity"),
        (["1", "2"], 2, "nothing may follow"),
        ([f"@{LOOPBACK}:1", "-5"], 1, r"\(REAL\)-5.0: .*refused the connection"),
    ],
)
def test_a_velocity_is_not_written(
    start: Starter, argv: list[str], status: int, told: str
) -> None:
    module = "cpppo.server.enip.powerflex_motor_velocity"
    lines, wrong = ran(start, *argv, status=status, module=module)
    assert lines == []
    assert re.search(told, wrong[-1])
    lines, _ = ran(start, "--help", module=module)
    assert "powerflex_motor_velocity" in lines[0]
