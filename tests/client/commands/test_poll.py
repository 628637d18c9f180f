# SPDX-License-Identifier: Apache-2.0
"""The command that polls: its options, its lines and its status, without a device."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any, ClassVar, Self

import pytest

from cpppo.client.commands.arguments import Asked, UsageError
from cpppo.client.commands.poll import OPTIONS, Options, main, parse_options
from cpppo.client.operations import OperationError
from cpppo.errors import Disconnected


class Drive:
    """A proxy whose device answers as the class says."""

    PARAMETERS: ClassVar[dict[str, Any]] = {
        "output_current": ("@0x93/7/10", "REAL", "Amps"),
        "motor_velocity": ("@0x93/3/10", "REAL", "Hz/RPM"),
    }
    answers: ClassVar[list[Any]] = []
    made: ClassVar[list[Any]] = []

    def __init__(self, **kwds: Any) -> None:
        self.kwds = kwds
        self.closed = False
        self.made.append(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def close_gateway(self, exc: Any = None) -> None:
        self.closed = True

    def parameter_substitution(
        self, iterable: Iterable[Any], parameters: Any = None, pass_thru: Any = None
    ) -> Iterator[Any]:
        for one in iterable:
            known = self.PARAMETERS.get(one.lower().replace(" ", "_"))
            if known:
                yield known[:2]
            elif pass_thru is False:
                raise OperationError("Unrecognized parameter name", one, 0)
            else:
                yield one

    def read_details(self, attributes: Iterable[Any]) -> Iterator[Any]:
        answer = self.answers.pop(0) if self.answers else [1.5]
        if isinstance(answer, BaseException):
            raise answer
        for one in attributes:
            yield answer, (0 if answer else 5, (one, None, None))


@pytest.fixture(autouse=True)
def drives(monkeypatch: pytest.MonkeyPatch) -> type[Drive]:
    module = ModuleType("drives_of_ours")
    module.Drive = Drive  # type: ignore[attr-defined]
    module.Other = dict  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "drives_of_ours", module)
    monkeypatch.setattr(Drive, "answers", [])
    monkeypatch.setattr(Drive, "made", [])
    return Drive


def command(*argv: str) -> int:
    return main(["-g", "drives_of_ours.Drive", "-c", "0.001", *argv])


Capture = pytest.CaptureFixture[str]


# -- what it prints


def test_values_are_printed_as_published(capsys: Capture) -> None:
    assert command("-n", "2", "Motor Velocity", "Output Current") == 0
    told = capsys.readouterr()
    lines = [" Motor Velocity: [1.5]", " Output Current: [1.5]"] * 2
    assert told.out.splitlines() == lines
    assert told.err == ""
    (via,) = Drive.made
    assert via.closed


def test_without_parameters_it_is_the_usual_ones_of_a_drive(capsys: Capture) -> None:
    assert command("-n", "1") == 0
    lines = [" Output Current: [1.5]", " Motor Velocity: [1.5]"]
    assert capsys.readouterr().out.splitlines() == lines


def test_json_has_a_line_for_each_value(capsys: Capture) -> None:
    Drive.answers += [[1.5], None, [float("nan")]]
    assert command("-n", "3", "--json", "-p", "Motor Velocity", "@1/1/7") == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert all(one.pop("time") > 1.7e9 for one in told)
    velocity = {"parameter": "Motor Velocity", "units": "Hz/RPM"}
    name = {"parameter": "@1/1/7", "units": None}
    assert told == [
        {"value": [1.5], **velocity},
        {"value": [1.5], **name},
        {"value": None, **velocity},
        {"value": None, **name},
        {"value": ["nan"], **velocity},
        {"value": ["nan"], **name},
    ]


def test_a_failure_is_one_line_and_polling_goes_on(capsys: Capture) -> None:
    Drive.answers += [Disconnected("10.0.0.5:44818 has gone\nreally"), [1.5]]
    assert command("-n", "2", "Motor Velocity") == 0
    told = capsys.readouterr()
    assert told.out == " Motor Velocity: [1.5]\n"
    (line,) = told.err.splitlines()
    assert line.endswith("enip.poll: polling failed: 10.0.0.5:44818 has gone")


def test_a_refused_parameter_is_none_and_said_once(capsys: Capture) -> None:
    Drive.answers += [None, None, [1.5]]
    assert command("-n", "3", "Motor Velocity") == 0
    told = capsys.readouterr()
    velocity = " Motor Velocity: "
    assert told.out == f"{velocity}None\n{velocity}None\n{velocity}[1.5]\n"
    (line,) = told.err.splitlines()
    assert line.endswith("enip.poll: Motor Velocity: no such tag or object (0x05)")


# -- its status


def test_the_status_is_1_where_nothing_was_ever_read(capsys: Capture) -> None:
    Drive.answers += [Disconnected("gone"), None]
    assert command("-n", "2", "Motor Velocity") == 1
    capsys.readouterr()


@pytest.mark.parametrize(("answers", "status"), [([[1.5]], 0), ([], 1)])
def test_an_interrupt_is_how_it_is_ended(
    answers: list[Any], status: int, capsys: Capture
) -> None:
    Drive.answers += [*answers, KeyboardInterrupt()]
    assert command("Motor Velocity") == status
    assert capsys.readouterr().err == ""
    assert Drive.made[0].closed


def test_it_ends_where_nobody_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w") as out:
        monkeypatch.setattr(sys, "stdout", out)
        assert command("Motor Velocity") == 1


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no full device")
def test_it_ends_where_nothing_can_be_written(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    with open("/dev/full", "w") as out:
        monkeypatch.setattr(sys, "stdout", out)
        assert command("Motor Velocity") == 1
    told = capsys.readouterr().err
    assert told.startswith("python -m cpppo.server.enip.poll: error: standard output: ")
    assert told.count("\n") == 1
    assert Drive.made[0].closed


@pytest.mark.parametrize(
    ("argv", "text"),
    [
        (["Nonsense"], "Unrecognized parameter name"),
        (["Nonsense"], "--pass-thru allows tags"),
        (["-p", "SCADA["], "SCADA["),
        (["-a", "1.2.3"], "'1.2.3' is no address"),
        (["-c", "0"], "'0' is no number of seconds above 0"),
        (["-c", "fast"], "'fast' is no number of seconds above 0"),
        (["-n", "0"], "'0' is not a number of cycles"),
        (["--route-path", "1"], "1"),
        (["-S", "--route-path", "1/0"], "--simple is without paths"),
        (["-g", "drive"], "'drive' is no module.class, such as ab.powerflex_750"),
        (["-g", "no_such.drive"], "error: no gateway no_such.drive: No module named"),
        (["-g", "drives_of_ours.X"], "drives_of_ours has no X"),
        (["-g", "drives_of_ours.Other"], "a class derived from proxy is expected"),
        (["--colour"], "--colour"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_asked(
    argv: list[str], text: str, capsys: Capture
) -> None:
    assert command(*argv) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("usage: python -m cpppo.server.enip.poll ")
    assert "\npython -m cpppo.server.enip.poll: error: " in told.err
    assert text in told.err


def test_without_parameters_other_devices_are_not_guessed_at(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr(Drive, "PARAMETERS", {})
    assert command() == 2
    told = capsys.readouterr().err
    assert "nothing to poll: say which parameters of drives_of_ours.Drive" in told
    assert "--pass-thru" in told


# -- options


def test_the_gateway_is_made_as_the_options_say(capsys: Capture) -> None:
    argv = ["-a", ":1234", "-t", "2.5", "-d", "7", "-m", "-S", "-n", "1"]
    assert command(*argv, "Motor Velocity") == 0
    capsys.readouterr()
    assert Drive.made[0].kwds == {
        "host": "localhost",
        "port": 1234,
        "timeout": 2.5,
        "depth": 7,
        "multiple": 500,
        "route_path": False,
        "send_path": "",
    }


def test_without_anything_said_the_gateway_has_its_own_way() -> None:
    assert parse_options([], {}) == Options()
    assert Options().route_path is None


def test_arguments_win_over_the_environment() -> None:
    environ = {"ENIP_POLL_CYCLE": "5", "ENIP_POLL_SIMPLE": "1", "ENIP_POLL_X": "1"}
    told = parse_options(["-c", "2", "--route-path", "1/3"], environ)
    assert (told.cycle, told.simple, told.route_path) == (2.0, False, "1/3")
    assert told.unknown == ("ENIP_POLL_X",)
    told = parse_options([], environ)
    assert (told.cycle, told.route_path, told.send_path) == (5.0, False, "")
    environ["ENIP_POLL_ROUTE_PATH"] = "1/3"
    with pytest.raises(UsageError, match="in the environment, SIMPLE is without paths"):
        parse_options([], environ)
    assert parse_options(["--route-path", "1/4"], environ).route_path == "1/4"
    assert parse_options(["-S"], environ).route_path is False


def test_help_has_every_option(capsys: Capture) -> None:
    with pytest.raises(Asked):
        parse_options(["--help"], {})
    told = capsys.readouterr().out
    for one in OPTIONS:
        assert all(name in told for name in one.names)
    assert main(["--help"]) == 0


def test_options_that_are_wrong_raise() -> None:
    with pytest.raises(UsageError, match="is not a number of requests"):
        parse_options(["-d", "-1"], {})
