# SPDX-License-Identifier: Apache-2.0
"""What the manual's examples of polling show, and what ends them, without a device."""

from __future__ import annotations

import os
import sys

import pytest

from cpppo.client.commands.watch import Process, parse_target

Capture = pytest.CaptureFixture[str]


def told() -> Process:
    process = Process(lambda: "now")
    process("Motor Velocity", [1.5])
    process.failure(ValueError("gone"))
    return process


def test_lines_are_shown_until_an_interrupt(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = told()
    lines = [process.lines.get(), process.lines.get()]

    class Lines:
        def get(self) -> str:
            if not lines:
                raise KeyboardInterrupt
            return lines.pop(0)

    monkeypatch.setattr(process, "lines", Lines())
    assert (process.show(), process.done) == (0, True)
    said = capsys.readouterr().out.splitlines()
    assert said == ["now:   Motor Velocity == [1.5]", "now: gone"]


def test_nobody_reads_them(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    process = told()
    with open(writing, "w") as out:
        monkeypatch.setattr(sys, "stdout", out)
        assert (process.show(), process.done) == (0, True)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no full device")
def test_nothing_can_be_written(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    process = told()
    with open("/dev/full", "w") as out:
        monkeypatch.setattr(sys, "stdout", out)
        assert (process.show(), process.done) == (1, True)
    assert capsys.readouterr().err.startswith("error: standard output: No space")


def test_whom_to_poll(capsys: Capture) -> None:
    assert parse_target("p", []) == ("localhost", 44818)
    assert parse_target("p", ["10.0.0.5:1"]) == ("10.0.0.5", 1)
    assert parse_target("p", ["a", "b"]) == 2
    assert parse_target("p", ["1.2.3"]) == 2
    assert parse_target("p", ["--help"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("usage: p [[HOST][:PORT]]\n")
    first, second = err.splitlines()
    assert first == "p: one address is expected, not 'a b'"
    assert second.startswith("p: '1.2.3' is no address")
