# SPDX-License-Identifier: Apache-2.0
"""Who holds a port is told as far as the system tells it, and nothing fails."""

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cpppo.server.holder import Holder, ephemeral, holder
from cpppo.server.ports import opened

HEAD = "  sl  local_address rem_address st tx_queue rx_queue tr tm->when retrnsmt"
LOOPBACK = int.from_bytes(bytes((127, 0, 0, 1)), sys.byteorder)


def line(address: str, port: int, state: int, uid: int = 1000, inode: int = 77) -> str:
    """One socket, as /proc/net/tcp has it."""
    local = f"{address}:{port:04X}"
    return (
        f"   0: {local} 00000000:0000 {state:02X} 00000000:00000000 "
        f"00:00000000 00000000 {uid:5d}        0 {inode} 1 0 100 0 0 10 0"
    )


class Proc:
    """A /proc of our own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "net").mkdir()

    def table(self, name: str, *lines: str) -> None:
        """Write the sockets of one kind."""
        (self.root / "net" / name).write_text("\n".join([HEAD, *lines, ""]))

    def process(self, pid: int, name: str, inode: int) -> None:
        """Have a process with one socket."""
        folder = self.root / str(pid) / "fd"
        folder.mkdir(parents=True)
        (folder / "0").symlink_to("/dev/null")
        (folder / "1").symlink_to(f"socket:[{inode}]")
        (folder.parent / "comm").write_text(f"{name}\n")


@pytest.fixture
def proc(tmp_path: Path) -> Proc:
    """A /proc with nothing in it."""
    return Proc(tmp_path)


def test_a_listening_process_is_named(proc: Proc) -> None:
    proc.table("tcp", line(f"{LOOPBACK:08X}", 44818, 0x0A))
    proc.process(4321, "some server", 77)
    found = holder("tcp", 44818, "127.0.0.1", proc.root)
    assert found == Holder("some server", 4321, 1000, False)
    assert str(found) == "some server (pid 4321)"


def test_an_outgoing_connection_is_told_from_a_server(proc: Proc) -> None:
    proc.table("tcp", line(f"{LOOPBACK:08X}", 44818, 0x01))
    proc.process(12, "browser", 77)
    found = holder("tcp", 44818, proc=proc.root)
    assert str(found) == "an outgoing connection of browser (pid 12)"


def test_who_listens_comes_before_its_connections(proc: Proc) -> None:
    connected = line(f"{LOOPBACK:08X}", 44818, 0x01, inode=76)
    proc.table("tcp", connected, line("00000000", 44818, 0x0A, inode=77))
    proc.process(9, "client", 76)
    proc.process(10, "server", 77)
    assert str(holder("tcp", 44818, "127.0.0.1", proc.root)) == "server (pid 10)"


def test_a_process_that_may_not_be_seen_is_known_by_its_user(proc: Proc) -> None:
    proc.table("udp", line("00000000", 44818, 0x07, uid=998))
    found = holder("udp", 44818, "127.0.0.1", proc.root)
    assert str(found) == "a process of user id 998"


def test_other_ports_and_addresses_and_closed_connections_do_not_count(
    proc: Proc,
) -> None:
    proc.table(
        "tcp",
        line(f"{LOOPBACK:08X}", 44819, 0x0A),
        line(f"{LOOPBACK + 0x02000000:08X}", 44818, 0x0A),
        line(f"{LOOPBACK:08X}", 44818, 0x06),
    )
    found = holder("tcp", 44818, "127.0.0.1", proc.root)
    assert str(found) == "another process"


def test_a_table_of_ipv6_is_searched_too(proc: Proc) -> None:
    proc.table("tcp6", line("0" * 32, 44818, 0x0A))
    proc.process(5, "dual", 77)
    assert str(holder("tcp", 44818, "127.0.0.1", proc.root)) == "dual (pid 5)"


def test_a_name_is_fit_for_a_line(proc: Proc) -> None:
    proc.table("tcp", line("00000000", 1, 0x0A))
    proc.process(5, "a\x1b[2Jb", 77)
    assert str(holder("tcp", 1, proc=proc.root)) == "a?[2Jb (pid 5)"


@pytest.mark.parametrize("text", ["", "garbage", "a b c d e f g h i j k", "\n\n x"])
def test_tables_that_are_not_understood_say_nothing(proc: Proc, text: str) -> None:
    (proc.root / "net" / "tcp").write_text(f"{HEAD}\n{text}")
    assert holder("tcp", 1, proc=proc.root) == Holder()


def test_without_tables_nothing_is_known(tmp_path: Path) -> None:
    assert str(holder("tcp", 44818, "::1", tmp_path)) == "another process"
    assert 44818 not in ephemeral(tmp_path)


def test_the_ports_of_outgoing_connections_are_read(proc: Proc) -> None:
    folder = proc.root / "sys" / "net" / "ipv4"
    folder.mkdir(parents=True)
    (folder / "ip_local_port_range").write_text("32768\t60999\n")
    assert 44818 in ephemeral(proc.root)
    assert 61000 not in ephemeral(proc.root)


@pytest.fixture
def listening() -> Iterator[int]:
    """The number of a port that this process has, of TCP and UDP."""
    ports = opened(("127.0.0.1", 0), True, True)
    if ports.tcp is None:
        pytest.fail("no TCP")
    yield ports.tcp.getsockname()[1]
    ports.close()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")
@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_this_process_finds_itself(listening: int, transport: str) -> None:
    found = holder(transport, listening, "127.0.0.1")
    assert found.pid == os.getpid()
    assert found.name
    assert not found.outgoing


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")
def test_a_connection_of_this_process_is_outgoing(listening: int) -> None:
    with socket.create_connection(("127.0.0.1", listening)) as client:
        port = client.getsockname()[1]
        found = holder("tcp", port, "127.0.0.1")
    assert found.pid == os.getpid()
    assert found.outgoing
