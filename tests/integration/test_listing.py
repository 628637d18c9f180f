# SPDX-License-Identifier: Apache-2.0
"""`list_services` and `list_identity_simple`: what they print, and what they end with.

The device is our simulator, and the published 5.2.5 where CPPPO_PUBLISHED_PYTHON
names a Python that has it.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from peers import LOOPBACK, PATIENCE, Address, Program, Starter, serving, surroundings

from cpppo.server.enip import Controller

PUBLISHED = os.environ.get("CPPPO_PUBLISHED_PYTHON")
AT = "enip.CIP.list_{}.CPF.item[0].{}"
SERVICE = AT.format("services", "communications_service.service_name")
PRODUCT = AT.format("identity", "identity_object.product_name")


def published(folder: Path) -> Iterator[Address]:
    """The simulator of 5.2.5."""
    with socket.create_server((LOOPBACK, 0)) as sock:
        port = sock.getsockname()[1]
    process = subprocess.Popen(
        [
            str(PUBLISHED),
            *["-P", "-u", "-m", "cpppo.server.enip", "--no-config", "-A", "-a"],
            f"{LOOPBACK}:{port}",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=surroundings(folder, PYTHONPATH=""),
    )
    program = Program(process)
    try:
        yield program.address()
    finally:
        process.kill()
        process.wait(PATIENCE)
        program.rest()


@pytest.fixture(scope="module", params=["ours", "published"])
def device(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Address]:
    if request.param == "ours":
        with serving(Controller([])) as address:
            yield address
    elif PUBLISHED is None:
        pytest.skip("CPPPO_PUBLISHED_PYTHON names no Python that has cpppo 5.2.5")
    else:
        yield from published(tmp_path_factory.mktemp("published"))


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Starter]:
    with ExitStack() as stack:
        yield Starter(tmp_path, stack)


class Ran:
    """What a command has said, and its status."""

    def __init__(self, start: Starter, name: str, *argv: str) -> None:
        process = start.process(argv, {}, module=f"cpppo.server.enip.{name}")
        self.out, self.err = process.communicate(timeout=PATIENCE)
        self.status = process.returncode

    @property
    def responses(self) -> list[dict[str, Any]]:
        """What was printed, as a program reads it."""
        decoder, text = json.JSONDecoder(), self.out.strip()
        found = []
        while text:
            value, end = decoder.raw_decode(text)
            found.append(value)
            text = text[end:].strip()
        return found


def written(address: Address) -> str:
    return f"{address[0]}:{address[1]}"


@pytest.mark.parametrize("how", [[], ["--udp"], ["-S", LOOPBACK]])
def test_services_are_listed(start: Starter, device: Address, how: list[str]) -> None:
    ran = Ran(start, "list_services", "-a", written(device), *how)
    (found,) = ran.responses
    assert found["peer"] == list(device)
    assert (found["enip.command"], found["enip.status"]) == (4, 0)
    assert found[SERVICE] == "Communications"
    assert found["enip.input"].startswith(r"array('B', '\x01\x00\x00\x01")
    assert (ran.status, ran.err) == (0, "")


@pytest.mark.parametrize("how", [[], ["-u"]])
def test_identity_and_interfaces_are_listed_too(
    start: Starter, device: Address, how: list[str]
) -> None:
    argv = ["-a", written(device), "--list-identity", "--list-interfaces", *how]
    ran = Ran(start, "list_services", *argv)
    by_command = {one["enip.command"]: one for one in ran.responses}
    assert set(by_command) == {0x04, 0x63, 0x64}
    assert "1756" in by_command[0x63][PRODUCT]
    assert (ran.status, ran.err) == (0, "")


def test_a_broadcast_waits_for_all_who_answer(start: Starter, device: Address) -> None:
    ran = Ran(start, "list_services", "-a", written(device), "-bi", "-t", "1")
    assert [one["peer"] for one in ran.responses] == [list(device)] * 2
    assert ran.status == 0


def test_who_is_there(start: Starter, device: Address) -> None:
    ran = Ran(start, "list_identity_simple", written(device))
    (found,) = ran.responses
    assert found["peer"] == list(device)
    assert "1756" in found[PRODUCT]
    assert (ran.status, ran.err) == (0, "")


def test_what_is_done_is_logged(start: Starter, device: Address) -> None:
    ran = Ran(start, "list_services", "-vv", "-a", written(device))
    assert "answered in" in ran.err
    assert len(ran.responses) == 1


# -- where something is wrong


def silent() -> socket.socket:
    """A port of UDP where nobody answers."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((LOOPBACK, 0))
    return sock


def vacant() -> str:
    with socket.create_server((LOOPBACK, 0)) as sock:
        return written(sock.getsockname())


@pytest.mark.parametrize("how", [[], ["--udp"]])
def test_nobody_listens(start: Starter, how: list[str]) -> None:
    address = vacant()
    ran = Ran(start, "list_services", "-a", address, *how)
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith(f"list_services: error: {address} refused")
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize(
    ("how", "words"),
    [
        (["-u"], "{} never answered by UDP within 0.05 s"),
        (["-b"], "nobody at {} answered by UDP within 0.05 s"),
    ],
)
def test_nobody_answers(start: Starter, how: list[str], words: str) -> None:
    with silent() as sock:
        address = written(sock.getsockname())
        ran = Ran(start, "list_services", "-a", address, "-t", "0.05", *how)
    assert ran.err == f"list_services: error: {words.format(address)}\n"
    assert (ran.status, ran.out) == (1, "")


def test_nobody_is_there(start: Starter) -> None:
    with silent() as sock:
        address = written(sock.getsockname())
        ran = Ran(start, "list_identity_simple", address)
    text = f"list_identity_simple: error: nobody at {address} answered by UDP\n"
    assert (ran.status, ran.out, ran.err) == (1, "", text)


def test_what_is_no_device_is_said(start: Starter) -> None:
    with socket.create_server((LOOPBACK, 0)) as listener:
        listener.settimeout(PATIENCE)
        argv = ("-a", written(listener.getsockname()))
        process = start.process(argv, {}, module="cpppo.server.enip.list_services")
        other, _ = listener.accept()
        with other:
            other.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "this is no answer of EtherNet/IP" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("name", "argv", "words"),
    [
        ("list_services", ["--elephants"], "unrecognized arguments: --elephants"),
        ("list_services", ["-a", "x:y"], "'x:y' is no address"),
        ("list_services", ["-S", "x:y"], "an own address is HOST or HOST:PORT"),
        ("list_services", ["-t", "soon"], "'soon' is no number of seconds"),
        ("list_identity_simple", ["x:y"], "'x:y' is no address"),
        ("list_identity_simple", ["a", "b"], "one address is expected"),
    ],
)
def test_usage(start: Starter, name: str, argv: list[str], words: str) -> None:
    ran = Ran(start, name, *argv)
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith(f"usage: {name}")
    assert f"{name}: error: " in ran.err
    assert words in ran.err


@pytest.mark.parametrize("name", ["list_services", "list_identity_simple"])
def test_help(start: Starter, name: str) -> None:
    ran = Ran(start, name, "--help")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith(f"usage: {name}")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such pipes")
def test_nobody_reads_any_more(start: Starter) -> None:
    with serving(Controller([])) as address:
        process = start.process(
            ("-a", written(address), "-i", "-I"),
            {},
            module="cpppo.server.enip.list_services",
        )
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        err = process.stderr.read()
        process.stderr.close()
        assert process.wait(PATIENCE) == 1
    assert err == ""
