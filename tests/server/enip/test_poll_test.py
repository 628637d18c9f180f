# SPDX-License-Identifier: Apache-2.0
"""The simulated PowerFlex: the parameters that are polled, and their values."""

from __future__ import annotations

import struct

import asking
import pytest
from peers import LOOPBACK, Simulator, call

from cpppo.server.enip.poll_test import PARAMETERS, main

SINGLE = 0x0E
SET = 0x10


def path(number: int) -> bytes:
    """The value of a parameter of the drive."""
    instance = bytes((0x24, number)) if number < 256 else struct.pack("<HH", 0x25, 300)
    return b"\x20\x93" + instance + b"\x30\x0a"


def test_every_parameter_has_its_value() -> None:
    with (
        Simulator("-a", f"{LOOPBACK}:0", main=main) as drive,
        call(drive.address) as caller,
    ):
        for number, kind, value in PARAMETERS.values():
            reply = caller.ask(asking.request(SINGLE, path(number)))
            packing = "<f" if kind == "REAL" else "<i"
            assert reply.status == 0
            assert reply.data == struct.pack(packing, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Motor Velocity", 789.01),
        ("Output Current", 123.45),
        ("Elapsed KwH", 987.65),
        ("Output Frequency", 456.78),
        ("Speed Units", 1),
    ],
)
def test_the_values_are_those_of_the_manual(name: str, value: float) -> None:
    assert PARAMETERS[name][2] == value


def test_a_velocity_can_be_set() -> None:
    with (
        Simulator("-a", f"{LOOPBACK}:0", main=main) as drive,
        call(drive.address) as caller,
    ):
        wanted = struct.pack("<f", 123.45)
        assert caller.ask(asking.request(SET, path(3), wanted)).status == 0
        assert caller.ask(asking.request(SINGLE, path(3))).data == wanted


def test_the_options_are_those_of_the_server_and_so_are_more_tags() -> None:
    argv = ("-a", f"{LOOPBACK}:0", "-U", "SCADA=INT[3]")
    with (
        Simulator(*argv, main=main) as drive,
        call(drive.address) as caller,
    ):
        assert drive.control.get("address_udp") is None
        assert caller.ask(asking.read("SCADA", 3)).status == 0


def test_what_is_wrong_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--colour"]) == 2
    assert "--colour" in capsys.readouterr().err


def test_a_drive_has_no_routes() -> None:
    from peers import routed

    with (
        Simulator("-a", f"{LOOPBACK}:0", main=main) as drive,
        call(drive.address) as caller,
    ):
        message = asking.request(SINGLE, path(3))
        assert caller.ask(routed(message, b"\x01\x00")).status != 0
