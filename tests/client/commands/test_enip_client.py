# SPDX-License-Identifier: Apache-2.0
"""`enip_client` in this process, with a device that answers as a test says."""

from __future__ import annotations

import io
import json
import os
import re
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from outcomes import Device, outcome, unanswered

from cpppo.client.commands import enip_client
from cpppo.client.commands.arguments import (
    Asked,
    UsageError,
    parse_address,
    parse_seconds,
)
from cpppo.client.commands.enip_client import main
from cpppo.client.commands.options import OPTIONS, Options, parse_options
from cpppo.client.logix import Logix
from cpppo.client.operations import OperationError
from cpppo.client.printing import Progress
from cpppo.client.raw import client
from cpppo.client.way import Way
from cpppo.errors import Disconnected, Malformed, Refused, Timeout
from cpppo.version import __version__

Run = Callable[..., int]


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> Device:
    """Who is asked, instead of anybody in the network."""
    one = Device()
    monkeypatch.setattr(enip_client, "connected", lambda *_: one)
    for name in list(os.environ):
        if name.startswith("ENIP_"):
            monkeypatch.delenv(name)
    return one


def told(*argv: str, **environ: str) -> Options:
    return parse_options(argv, environ)


# -- options


def test_without_options_the_manual_s_defaults_hold() -> None:
    options = told("SCADA")
    assert options.address == ("localhost", 44818)
    assert (options.timeout, options.repeat, options.depth) == (5.0, 1, 1)
    assert (options.multiple, options.fragment, options.printing) == (0, False, None)
    assert options.way == Way()


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("10.0.0.5", ("10.0.0.5", 44818)),
        (":12345", ("localhost", 12345)),
        ("plc.example.com:1", ("plc.example.com", 1)),
        ("[::1]:2", ("::1", 2)),
        ("::1", ("::1", 44818)),
        ("localhost", ("localhost", 44818)),
    ],
)
def test_addresses_are_hosts_and_ports(text: str, address: tuple[str, int]) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize("text", ["", "10", ":0", ":x", "a b", "10.0.0.5:99999"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="address"):
        parse_address(text)


@pytest.mark.parametrize(
    ("argv", "way"),
    [
        (["-S"], Way(route=(), send=())),
        (["--simple"], Way(route=(), send=())),
        (["--send-path=", "--route-path=false"], Way(route=(), send=())),
        (["--send-path", "", "--route-path", "0"], Way(route=(), send=())),
        (["--route-path", "1/0"], Way()),
        (["--route-path", '{"port": 1, "link": 0}'], Way()),
        (["--route-path", '[{"port": 1, "link": 0}]'], Way()),
        (
            ["--route-path", '["1/3",{"port":2,"link":"1.2.3.4"}]'],
            Way.of(route_path="1/3/2/1.2.3.4"),
        ),
        (["--timeout-ticks", "63"], Way(ticks=63)),
        (["--priority-time-tick", "0"], Way(priority=0)),
        (["--send-path", "@6/1"], Way()),
    ],
)
def test_the_way_is_spelt_as_in_the_manual(argv: list[str], way: Way) -> None:
    assert told(*argv, "T").way == way


@pytest.mark.parametrize(
    ("argv", "multiple", "tags"),
    [
        (["-m", "SCADA"], 500, ["SCADA"]),
        (["-m", "250", "SCADA"], 250, ["SCADA"]),
        (["SCADA", "-m"], 500, ["SCADA"]),
        (["--multiple", "SCADA", "T"], 500, ["SCADA", "T"]),
        (["--multiple", "250", "T"], 250, ["T"]),
        (["--multiple=250", "T"], 250, ["T"]),
        (["-m250", "T"], 250, ["T"]),
        (["-pm", "T"], 500, ["T"]),
        (["-vvpm", "250", "T"], 250, ["T"]),
        (["-m", "0", "T"], 0, ["T"]),
        (["-m", "--", "T"], 500, ["T"]),
    ],
)
def test_multiple_is_a_flag_or_a_size(
    argv: list[str], multiple: int, tags: list[str]
) -> None:
    options = told(*argv)
    assert options.multiple == multiple
    assert [one.text for one in options.operations if one] == tags


def test_every_option_of_the_manual_and_of_the_published_help_is_there() -> None:
    names = {name for one in OPTIONS for name in one.names}
    assert names >= {
        *("-v", "--verbose", "-a", "--address", "-u", "--udp", "-b", "--broadcast"),
        *("-p", "--print", "--no-print", "-l", "--log", "-t", "--timeout"),
        *("-r", "--repeat", "--route-path", "--send-path", "--priority-time-tick"),
        *("--timeout-ticks", "-S", "--simple", "-m", "--multiple", "-d", "--depth"),
        *("-f", "--fragment", "-n", "--no-fragment", "-s", "--list-services"),
        *("-i", "--list-identity", "-I", "--list-interfaces", "-L", "--legacy"),
        *("-P", "--profile", "--json", "--pccc"),
    }


def test_a_connection_is_opened_where_it_is_asked_for() -> None:
    assert not told("SCADA").connected
    for name in ("-c", "--connected"):
        assert told(name, "SCADA").connected
    assert parse_options(["SCADA"], {"ENIP_CLIENT_CONNECTED": "yes"}).connected
    with pytest.raises(UsageError, match="lists need no connection"):
        told("--connected", "--list-identity")


STRAIGHT = Way(route=(), send=())


@pytest.mark.parametrize(
    ("argv", "kind", "tags"),
    [
        (["--pccc", "N7:0"], "slc", ["N7:0"]),
        (["--pccc", "slc", "N7:0"], "slc", ["N7:0"]),
        (["--pccc", "PLC5", "N7:0"], "plc5", ["N7:0"]),
        (["--pccc=plc5", "N7:0"], "plc5", ["N7:0"]),
        (["N7:0", "--pccc"], "slc", ["N7:0"]),
        (["--pccc", "--", "N7:0"], "slc", ["N7:0"]),
        (["--pccc", "yes", "N7:0"], "", []),
        (["--pccc=no", "SCADA"], "", ["SCADA"]),
    ],
)
def test_data_files_are_asked_of_a_kind_of_processor(
    argv: list[str], kind: str, tags: list[str]
) -> None:
    if not tags:
        with pytest.raises(OperationError, match="a file expected"):
            told(*argv)
        return
    options = told(*argv)
    assert options.pccc == kind
    assert [one.text for one in options.operations if one] == tags


@pytest.mark.parametrize("kind", ["micrologix", "MicroLogix 1400", "slc500", "plc-5"])
def test_a_kind_of_processor_that_is_none_is_told_those_there_are(kind: str) -> None:
    with pytest.raises(UsageError, match=r"no kind of processor: slc .* or plc5"):
        told("--pccc", kind, "N7:0")


@pytest.mark.parametrize(
    ("argv", "way"),
    [
        ([], STRAIGHT),
        (["-S"], STRAIGHT),
        (["--route-path", "false"], STRAIGHT),
        (["--route-path", "0", "--send-path="], STRAIGHT),
        (["--route-path", "1/3"], Way.of("1/3")),
        (["--route-path", "1/3", "--timeout-ticks", "9"], Way.of("1/3", None, None, 9)),
        (["--route-path", "1/3", "--send-path", "@6/2"], Way.of("1/3", "@6/2")),
        (["-d", "1", "-n", "-m", "0"], STRAIGHT),
    ],
)
def test_data_files_are_asked_straight_unless_a_route_is_said(
    argv: list[str], way: Way
) -> None:
    options = told(*argv, "--pccc", "N7:0")
    assert options.way == way
    connected = told(*argv, "-c", "--pccc", "N7:0")
    assert (connected.way, connected.connected) == (way, True)


def test_who_browses_is_told_what_is_of_no_use_and_the_rest_is_passed_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for argv in (["-r", "1"], ["-d", "1"], ["-m", "0"], ["-n"], ["-p"], ["-c"]):
        assert told("--browse", *argv).browse
    aside = {"JSON": "yes", "NO_PRINT": "yes", "REPEAT": "3", "DEPTH": "4"}
    variables = {f"ENIP_CLIENT_{name}": one for name, one in aside.items()}
    for name in ("--browse", "--browse-values"):
        options = told(name, ENIP_CLIENT_BROWSE_VALUES="yes", **variables)
        assert (options.json, options.printing, options.repeat) == (False, None, 1)
        assert options.depth == 1
    with pytest.raises(UsageError, match=r"^ENIP_CLIENT_BROWSE writes .*: no ENIP_CLI"):
        told(ENIP_CLIENT_BROWSE="yes", ENIP_CLIENT_NO_PRINT="yes")
    with pytest.raises(UsageError, match=r"^ENIP_CLIENT_BROWSE writes .*: no --json$"):
        told("--json", ENIP_CLIENT_BROWSE="yes")
    ways: list[Way] = []

    def described(plc: Logix, values: bool) -> str:
        ways.append(plc._line.place.way)
        return ""

    monkeypatch.setattr(Logix, "described", described)
    ticks = ["--priority-time-tick", "7", "--timeout-ticks", "9"]
    for route in ([], ["--route-path", "1/3"], ["-S"]):
        assert main(["--browse", *ticks, *route]) == 0
    capsys.readouterr()
    assert ways == [
        Way.of(None, None, 7, 9),
        Way.of("1/3", None, 7, 9),
        Way.of(False, "", 7, 9),
    ]


def test_the_environment_may_say_data_files() -> None:
    options = told("I:17", ENIP_CLIENT_PCCC="plc5", ENIP_CLIENT_ROUTE_PATH="1/2")
    assert (options.pccc, options.way) == ("plc5", Way.of("1/2"))
    assert told("N7:0", ENIP_CLIENT_PCCC="yes").pccc == "slc"
    assert told("SCADA", ENIP_CLIENT_PCCC="no").pccc == ""
    # What is said for tags is no matter of who asks for data files.
    options = told(
        *("--pccc", "N7:0"),
        **{"ENIP_CLIENT_DEPTH": "5", "ENIP_CLIENT_MULTIPLE": "yes"},
        **{"ENIP_CLIENT_FRAGMENT": "1", "ENIP_CLIENT_TIMEOUT_TICKS": "9"},
    )
    assert (options.depth, options.multiple, options.fragment) == (1, 0, False)
    assert options.way == STRAIGHT
    with pytest.raises(UsageError, match=r"^ENIP_CLIENT_PCCC is for .*: no --depth$"):
        told("N7:0", "-d", "5", ENIP_CLIENT_PCCC="slc")
    with pytest.raises(UsageError, match=r"no ENIP_CLIENT_DEPTH$"):
        told("N7:0", ENIP_CLIENT_PCCC="slc", ENIP_CLIENT_DEPTH="5")
    with pytest.raises(UsageError, match="ENIP_CLIENT_PCCC: 'plc6' is no kind of"):
        told("N7:0", ENIP_CLIENT_PCCC="plc6")


def test_the_environment_says_what_arguments_do_not() -> None:
    said = {
        "ENIP_CLIENT_ADDRESS": "10.0.0.5",
        "ENIP_CLIENT_TIMEOUT": "0",
        "ENIP_CLIENT_MULTIPLE": "yes",
        "ENIP_CLIENT_PRINT": "1",
        "ENIP_CLIENT_VERBOSE": "2",
        "ENIP_CLIENT_SIMPLE": "true",
        "ENIP_CLIENT_DEPTH": "",
        "ENIP_ADDRESS": "the simulator's",
    }
    options = told("T", **said)
    assert options.address == ("10.0.0.5", 44818)
    assert (options.timeout, options.multiple, options.depth) == (None, 500, 1)
    assert (options.printing, options.verbose, options.unknown) == (True, 2, ())
    assert options.way.simple


def test_an_argument_wins_over_a_variable() -> None:
    assert told("-d", "3", "T", ENIP_CLIENT_DEPTH="5").depth == 3
    assert told("--route-path", "1/2", "T", ENIP_CLIENT_SIMPLE="1").way == Way.of("1/2")
    assert told("-S", "T", ENIP_CLIENT_ROUTE_PATH="1/2").way.simple
    assert told("--no-print", "T", ENIP_CLIENT_PRINT="1").printing is False


def test_variables_are_checked_and_named() -> None:
    with pytest.raises(UsageError, match="ENIP_CLIENT_DEPTH: 'x'"):
        told("T", ENIP_CLIENT_DEPTH="x")
    with pytest.raises(UsageError, match="ENIP_CLIENT_UDP: 'x' is neither"):
        told("T", ENIP_CLIENT_UDP="x")
    with pytest.raises(UsageError, match="ENIP_CLIENT_NO_PRINT contradict"):
        told("T", ENIP_CLIENT_PRINT="1", ENIP_CLIENT_NO_PRINT="1")


def test_a_variable_that_nobody_knows_is_told(
    device: Device,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("ENIP_CLIENT_DEBTH", "3")
    assert main(["T"]) == 0
    assert "ENIP_CLIENT_DEBTH: there is no such option" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "problem"),
    [
        ([], "nothing to do"),
        (["-", "-"], "say - once"),
        (["-r", "2", "-"], "cannot be read again"),
        (["-b", "T"], "operations are for one device"),
        (["-u", "T"], "operations go by TCP"),
        (["-S", "--route-path", "1/0", "T"], "--simple is without paths"),
        (["--route-path", "1/", "T"], "1/"),
        (["--send-path", "", "--route-path", "1/0", "T"], "send path"),
        (["-r", "0", "T"], "how often"),
        (["-d", "x", "T"], "a number of requests"),
        (["-t", "-1", "T"], "no number of seconds"),
        (["-t", "nan", "T"], "no number of seconds"),
        (["--timeout-ticks", "0", "T"], "a number of ticks"),
        (["--priority-time-tick", "16", "T"], "a tick length"),
        (["-L", "0x10000"], "a command"),
        (["-l", "", "T"], "empty"),
        (["--print-all", "T"], "unrecognized"),
        (["-m", "99999", "T"], "a number of octets"),
        (["--pccc"], "say an address, such as N7:0"),
        (["--pccc=plc6", "N7:0"], "'plc6' is no kind of processor"),
        (["--pccc", "-d", "4", "N7:0"], "--pccc is for data files, one after the othe"),
        (["--pccc", "-m", "-f", "N7:0"], ": no --multiple, no --fragment"),
        (["--pccc", "--browse", "10.0.0.5"], ": no --browse"),
        (["--pccc", "--browse-values"], ": no --browse-values"),
        (["--pccc", "-s", "-i", "-I"], "no --list-services, no --list-identity, no --"),
        (["--pccc", "-L", "0", "N7:0"], ": no --legacy"),
        (["--pccc", "-u", "N7:0"], ": no --udp"),
        (["--pccc", "-b", "N7:0"], "no --broadcast"),
        (["--pccc", "--timeout-ticks", "5", "N7:0"], "unless a --route-path is said"),
        (["--pccc", "-r", "2", "-"], "cannot be read again"),
        (["--browse", "-j"], "--browse writes a whole controller, as one text: no --j"),
        (["--browse-values", "--no-print"], "--browse-values writes a whole controll"),
        (["--browse", "--no-print", "10.0.0.5"], ": no --no-print"),
        (["--browse", "-r", "2"], ": no --repeat"),
        (["--browse", "-m", "-d", "4"], ": no --multiple, no --depth"),
        (["--browse", "-f"], ": no --fragment"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_sent(
    argv: list[str],
    problem: str,
    device: Device,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("usage: enip_client ")
    assert problem in err and "Traceback" not in err
    assert device.batches == []


def test_a_wrong_text_is_shown_with_its_place_and_nothing_is_sent(
    device: Device, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["SCADA=1", "SCADA[1=3"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        "enip_client: error: ',', '-' or ']' expected after an index\n"
        "  SCADA[1=3\n"
        "         ^\n"
    )
    assert device.asked == []


def test_a_wrong_address_is_shown_with_its_place(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--pccc", "N7:0=1", "N7:0=99999"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        "enip_client: error: INT is a whole number from -32768 to 65535, not 99999\n"
        "  N7:0=99999\n"
        "       ^\n"
    )


def test_a_text_that_cannot_be_sent_is_refused_too() -> None:
    with pytest.raises(OperationError):
        told("A." * 600 + "A")


def test_help_and_version_are_printed(
    device: Device, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"cpppo {__version__}\n"
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    for one in OPTIONS:
        assert all(name in text for name in one.names)
        assert f"(ENIP_CLIENT_{one.name.upper()})" in text.replace("\n", "")
    with pytest.raises(Asked):
        told("-h")
    capsys.readouterr()


def test_no_limit_of_time_is_a_zero() -> None:
    assert told("-t", "0", "T").timeout is None
    assert told("-t", "0.5", "T").timeout == 0.5
    assert parse_seconds("1e3") == 1000


# -- operations


def test_results_are_printed_as_in_the_manual(
    device: Device, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--print", "SCADA[1]=99", "SCADA[0-2]", "FLOAT"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "            SCADA[1][  1-1  ]+  0 <= [99]: 'OK'",
        "            SCADA[0][  0-2  ]+  0 == [0, 1, 2]: 'OK'",
        "               FLOAT              == [0]: 'OK'",
    ]
    assert device.closed


def test_nothing_is_printed_unless_asked_for(
    device: Device, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["SCADA"]) == 0
    assert main(["--no-print", "SCADA"]) == 0
    assert capsys.readouterr() == ("", "")
    assert device.asked == ["SCADA", "SCADA"]


def test_a_terminal_is_printed_to(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdout", terminal := Terminal())
    assert main(["SCADA"]) == 0
    assert terminal.getvalue() == "               SCADA              == [0]: 'OK'\n"
    assert main(["--no-print", "SCADA"]) == 0
    assert terminal.getvalue().count("\n") == 1


def test_progress_is_shown_on_a_terminal_and_taken_away(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    def answer(operation: Any) -> Any:
        if operation.text == "LATE":
            return Timeout("no answer")
        status = 5 if operation.text == "BAD" else 0
        return outcome(operation, b"\0\0", status=status)

    device.answer = answer
    monkeypatch.setattr(Progress, "AFTER", -1.0)
    monkeypatch.setattr(Progress, "EVERY", -1.0)
    for last, told in (("C", ""), ("LATE", "enip_client: error: no answer; 3 of 4")):
        monkeypatch.setattr(sys, "stderr", terminal := Terminal())
        main(["--no-print", "A", "BAD", "B", last])
        first, failed, *rest = terminal.getvalue().split("\n")
        shown, blank, line = first[1:].split("\r")
        assert shown.startswith("1 of 4 (25%)")
        assert blank == " " * len(shown)
        assert line == "enip_client: BAD: no such tag or object (0x05)"
        assert failed.startswith("\r2 of 4 (50%)") and "1 failed" in failed
        after = failed.split("\r")[-1]
        assert after.startswith(told)
        assert not any(rest)
    # Where results are on the terminal, they are what shows how far it is.
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    monkeypatch.setattr(sys, "stdout", Terminal())
    main(["--json", "A", "B"])
    assert terminal.getvalue() == ""


def test_json_has_a_line_for_each(
    device: Device, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--json", "SCADA[0-1]", "T=(DINT)5"]) == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["tag"], first["value"], first["index"]) == ("SCADA[0-1]", [0, 1], 0)
    assert (second["tag"], second["value"], second["type"]) == ("T", 5, "DINT")


def test_the_options_are_passed_on(device: Device) -> None:
    assert main(["-d", "20", "-m", "250", "-f", "-t", "2", "T"]) == 0
    assert device.batches == [
        {"index": 0, "depth": 20, "multiple": 250, "fragment": True, "timeout": 2.0}
    ]


def test_operations_are_repeated_in_their_order(device: Device) -> None:
    assert main(["-r", "3", "A", "B"]) == 0
    assert device.asked == ["A", "B"] * 3
    assert len(device.batches) == 1


def test_a_failed_operation_is_told_and_the_others_are_done(
    device: Device, capsys: pytest.CaptureFixture[str]
) -> None:
    def answer(operation: Any) -> Any:
        if operation.text == "BAD":
            return outcome(operation, status=5)
        return outcome(operation, b"\1\0")

    device.answer = answer
    assert main(["A", "BAD", "B"]) == 1
    assert device.asked == ["A", "BAD", "B"]
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "enip_client: BAD: no such tag or object (0x05)\n"
    assert main(["-p", "A", "BAD", "B"]) == 1
    out, err = capsys.readouterr()
    assert [line.rsplit("'")[1][:8] for line in out.splitlines()] == [
        *("OK", "Status 5", "OK")
    ]
    assert err == ""


def test_a_write_that_was_not_answered_is_printed_as_unknown(
    device: Device, capsys: pytest.CaptureFixture[str]
) -> None:
    device.answer = unanswered
    assert main(["-p", "SCADA[1]=99"]) == 1
    assert "<= [99]: 'Unknown: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("problem", "shown"),
    [
        (Refused("nobody listens"), "error: nobody listens"),
        (Timeout("no answer within 5 s"), "error: no answer within 5 s"),
        (Disconnected("it closed"), "error: it closed"),
        (
            Malformed("no command", machine="Frame"),
            "does not answer as EtherNet/IP does: Frame: no command",
        ),
        (ConnectionResetError(104, "reset"), "error: [Errno 104] reset"),
        (KeyboardInterrupt, "interrupted"),
    ],
)
def test_what_goes_wrong_is_one_line(
    problem: Any,
    shown: str,
    device: Device,
    capsys: pytest.CaptureFixture[str],
) -> None:
    seen = []

    def answer(operation: Any) -> Any:
        seen.append(operation)
        return outcome(operation, b"\0\0") if len(seen) == 1 else problem

    device.answer = answer
    assert main(["-p", "A", "B", "C"]) == (130 if problem is KeyboardInterrupt else 1)
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 1
    assert err.startswith("enip_client: ") and err.count("\n") == 1
    assert shown in err
    assert err.endswith("; 1 of 3 operations are done\n")
    assert device.closed


def test_an_interrupt_tells_what_may_have_been_written(
    device: Device, capsys: pytest.CaptureFixture[str]
) -> None:
    device.answer = lambda operation: (
        KeyboardInterrupt if operation.text == "B=2" else outcome(operation)
    )
    assert main(["A=1", "B=2", "C=3"]) == 130
    assert capsys.readouterr().err.splitlines() == [
        "enip_client: interrupted; 1 of 3 operations are done",
        "enip_client: B=2: it may have been written or not",
    ]


def test_who_cannot_be_reached_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*_: object) -> Any:
        raise Refused("localhost:44818 refused: nothing listens there")

    monkeypatch.setattr(enip_client, "connected", refused)
    assert main(["A"]) == 1
    err = capsys.readouterr().err
    assert err.startswith("enip_client: error: localhost:44818 refused")
    assert err.count("\n") == 1


def test_it_ends_where_nobody_reads(
    device: Device,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w") as out:
        monkeypatch.setattr(sys, "stdout", out)
        assert main(["-p", "A", "B"]) == 1
    assert device.asked == ["A"]
    assert capsys.readouterr().err == ""


# -- the log


def test_a_summary_is_logged(
    device: Device, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "log"
    assert main(["-l", str(path), "SCADA", "SCADA=5"]) == 0
    lines = path.read_text().splitlines()
    assert [one.split("command ")[0].split()[-2] for one in lines if "'OK'" in one]
    assert "               SCADA              == [0]: 'OK'" in lines[1]
    assert "               SCADA              <= [5]: 'OK'" in lines[2]
    assert "Client Tag I/O  Average" in lines[3] and lines[3].endswith("s ea).")
    seconds = [re.search(r"([0-9.]+)s( ea\)\.)?$", lines[n]) for n in (0, 3)]
    assert all(one is not None and float(one[1]) < 60 for one in seconds)
    assert capsys.readouterr() == ("", "")


def test_a_log_that_cannot_be_written_is_one_line(
    device: Device, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "none" / "log"
    assert main(["-l", str(path), "SCADA"]) == 1
    assert capsys.readouterr().err == (
        f"enip_client: error: {path}: No such file or directory\n"
    )


def test_where_time_went_is_told(
    device: Device, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["-P", "SCADA"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert "cumulative" in err and "enip_client.py" in err


# -- standard input


class Stream:
    """Standard input that brings octets as a test says."""

    def __init__(self, *chunks: bytes) -> None:
        self.chunks = list(chunks)
        self.buffer = self

    def read1(self, size: int) -> bytes:
        return self.chunks.pop(0) if self.chunks else b""


def test_tags_come_from_standard_input(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = b"\xef\xbb\xbfA\r\n\n# nothing\n  B=5  \n\t\nC[0-1]"
    monkeypatch.setattr(sys, "stdin", Stream(text))
    assert main(["FIRST", "-", "LAST"]) == 0
    assert device.asked == ["FIRST", "A", "B=5", "C[0-1]", "LAST"]


def test_lines_are_done_as_they_come(
    device: Device,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "stdin", Stream(b"A\nB\nC", b"C\nD", b"\n"))
    assert main(["--json", "-"]) == 0
    assert [one["index"] for one in device.batches] == [0, 2, 3]
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(one)["index"] for one in lines] == [0, 1, 2, 3]
    assert device.asked == ["A", "B", "CC", "D"]


def test_each_line_is_answered_before_the_next_is_there(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, writing = os.pipe()
    answered = threading.Event()
    plain_answer = device.answer

    def answer(operation: Any) -> Any:
        answered.set()
        return plain_answer(operation)

    def write() -> None:
        with open(writing, "w") as lines:
            for text in ("A\n", "B\n"):
                lines.write(text)
                lines.flush()
                if not answered.wait(20):
                    return
                answered.clear()

    device.answer = answer
    writer = threading.Thread(target=write)
    with open(reading) as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        writer.start()
        try:
            assert main(["-d", "10", "-"]) == 0
        finally:
            writer.join()
    assert device.asked == ["A", "B"]


def test_a_wrong_line_is_named_and_those_before_it_are_done(
    device: Device,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "stdin", Stream(b"A\n# B\nC[\nD\n", b"E\n"))
    assert main(["-"]) == 2
    assert device.asked == ["A"]
    err = capsys.readouterr().err
    assert err.startswith("enip_client: error: standard input, line 3: an index")
    assert err.endswith("\n  C[\n    ^\n")


def test_a_line_without_an_end_is_refused(
    device: Device,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(enip_client, "LINE", 100)
    monkeypatch.setattr(sys, "stdin", Stream(*[b"x" * 60] * 5))
    assert main(["-"]) == 2
    assert "more than 100 octets" in capsys.readouterr().err


def test_no_input_is_nothing_to_do(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert main(["-"]) == 0
    monkeypatch.setattr(sys, "stdin", io.StringIO("A\nB\n"))
    assert main(["-"]) == 0
    assert device.asked == ["A", "B"]


def test_a_connection_that_ended_while_input_was_awaited_is_made_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[Device] = []

    def connected(*_: object) -> Device:
        made.append(Device())
        made[0].stale = True
        return made[-1]

    monkeypatch.setattr(enip_client, "connected", connected)
    monkeypatch.setattr(sys, "stdin", Stream(b"A\n", b"B\n", b"C\n"))
    assert main(["-"]) == 0
    assert [one.asked for one in made] == [["A"], ["B", "C"]]
    assert all(one.closed for one in made)


# -- lists


class Crowd:
    """Some who answer every datagram, one after the other, with what they are given."""

    def __init__(self, *answers: Callable[[bytes], bytes]) -> None:
        self.sockets = [
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in answers
        ]
        for one in self.sockets:
            one.bind(("127.0.0.1", 0))
        self.answers = answers
        self.ports = [one.getsockname()[1] for one in self.sockets]
        self.thread = threading.Thread(target=self.run)

    def run(self) -> None:
        while True:
            octets, sender = self.sockets[0].recvfrom(4096)
            if not octets:
                return
            for one, answer in zip(self.sockets, self.answers, strict=True):
                one.sendto(answer(octets), sender)

    def __enter__(self) -> Crowd:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.sockets[-1].sendto(b"", ("127.0.0.1", self.ports[0]))
        self.thread.join()
        for one in self.sockets:
            one.close()


@pytest.fixture
def crowd(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command has a client that is no connector: lists need no more."""

    def connected(options: Options, _: object = None) -> Any:
        host, port = options.address
        udp, broadcast = options.udp, options.broadcast
        return client(host, port, options.timeout, udp=udp, broadcast=broadcast)

    monkeypatch.setattr(enip_client, "connected", connected)


def nothing_there(request: bytes) -> bytes:
    """The answer that there are no items."""
    return request[:2] + b"\2\0" + request[4:24] + b"\0\0"


def unsupported(request: bytes) -> bytes:
    return request[:8] + b"\1\0\0\0" + request[12:24]


def test_answers_of_many_are_taken_for_the_whole_time(
    crowd: None, capsys: pytest.CaptureFixture[str]
) -> None:
    with Crowd(nothing_there, nothing_there) as many:
        address = f"127.0.0.1:{many.ports[0]}"
        begun = time.monotonic()
        assert main(["--broadcast", "-t", "0.3", "-I", "-a", address]) == 0
        assert time.monotonic() - begun >= 0.3
    first, second = many.ports
    assert capsys.readouterr().out == (
        f"List Interfaces  0 from ('127.0.0.1', {first}): {{\n"
        '    "count": 0\n}\n'
        f"List Interfaces  1 from ('127.0.0.1', {second}): {{\n"
        '    "count": 0\n}\n'
    )


def test_an_answer_with_a_status_is_shown_whole(
    crowd: None, capsys: pytest.CaptureFixture[str]
) -> None:
    with Crowd(unsupported) as one:
        address = f"127.0.0.1:{one.ports[0]}"
        assert main(["--udp", "-L", "0x0001", "-a", address]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"Legacy 0x0001  0 from ('127.0.0.1', {one.ports[0]}): {{\n")
    assert '"enip.status": 1' in out and '"enip.command": 1' in out


def test_lists_are_json_for_scripts(
    crowd: None, capsys: pytest.CaptureFixture[str]
) -> None:
    with Crowd(nothing_there) as one:
        address = f"127.0.0.1:{one.ports[0]}"
        assert main(["--udp", "--json", "-I", "-a", address]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "request": "List Interfaces",
        "index": 0,
        "from": ["127.0.0.1", one.ports[0]],
        "status": 0,
        "response": {"count": 0},
    }


def test_a_list_that_nobody_gives_fails(
    crowd: None, capsys: pytest.CaptureFixture[str]
) -> None:
    with Crowd(lambda _: b"what?") as one:
        address = f"127.0.0.1:{one.ports[0]}"
        assert main(["--udp", "-t", "0.2", "-i", "-a", address]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"enip_client: List Identity: no answer from {address} within 0.2 s\n"


def test_who_closes_gives_no_list(
    crowd: None, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def close() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(100)

        closing = threading.Thread(target=close)
        closing.start()
        address = "{}:{}".format(*listening.getsockname())
        assert main(["-i", "-a", address]) == 1
        closing.join()
    assert capsys.readouterr().err == (
        f"enip_client: error: {address} closed the connection\n"
    )
