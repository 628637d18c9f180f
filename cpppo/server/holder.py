# SPDX-License-Identifier: Apache-2.0
"""Who holds a port, as far as this host tells.

At the bottom of `server`, used when a port cannot be had.  Linux says in /proc which
sockets there are, and which process has which; elsewhere, and where a process may not
be looked at, less is known.  Nothing here fails.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Holder", "ephemeral", "holder"]

PROC = Path("/proc")
LISTENING = 0x0A
UNCONNECTED = 0x07
TIME_WAIT = 0x06


@dataclass(frozen=True, slots=True)
class Holder:
    """A process, or what is known of it."""

    name: str = ""
    pid: int = 0
    uid: int = -1
    outgoing: bool = False  # the port is one end of a connection to elsewhere

    def __str__(self) -> str:
        if self.pid:
            who = f"{self.name or 'a process'} (pid {self.pid})"
        elif self.uid >= 0:
            who = f"a process of user id {self.uid}"
        else:
            who = "another process"
        return f"an outgoing connection of {who}" if self.outgoing else who


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of /proc/net/tcp and its like."""

    address: str
    port: int
    state: int
    uid: int
    inode: str

    @property
    def any_address(self) -> bool:
        """Whether it holds the port for all addresses."""
        return not self.address.strip("0")


def holder(transport: str, port: int, host: str = "", proc: Path = PROC) -> Holder:
    """Who holds this port of "tcp" or "udp"; those that listen before others."""
    wanted = hexadecimal(host)
    found = [
        entry
        for table in (transport, f"{transport}6")
        for entry in entries(proc / "net" / table)
        if entry.port == port
        and entry.state != TIME_WAIT
        and (not wanted or entry.any_address or entry.address.endswith(wanted))
    ]
    if not found:
        return Holder()
    entry = min(found, key=lambda entry: entry.state not in {LISTENING, UNCONNECTED})
    outgoing = entry.state not in {LISTENING, UNCONNECTED}
    pid, name = process(entry.inode, proc)
    return Holder(name, pid, entry.uid, outgoing)


def hexadecimal(host: str) -> str:
    """An IPv4 address as /proc writes it; empty for all, and for what is not one."""
    parts = host.split(".")
    if len(parts) != 4 or not all(part.isdecimal() for part in parts):
        return ""
    address = int.from_bytes(bytes(int(part) & 0xFF for part in parts), sys.byteorder)
    return f"{address:08X}" if address else ""


def entries(table: Path) -> Iterator[Entry]:
    """The lines that can be read."""
    try:
        lines = table.read_text().splitlines()[1:]
    except OSError:
        return
    for line in lines:
        try:
            _, local, _, state, _, _, _, uid, _, inode, *_ = line.split()
            address, _, port = local.partition(":")
            yield Entry(address, int(port, 16), int(state, 16), int(uid), inode)
        except ValueError:
            continue


def process(inode: str, proc: Path) -> tuple[int, str]:
    """The process that has this socket, and its name; 0 if none can be seen."""
    wanted = f"socket:[{inode}]"
    for folder in sorted(proc.glob("[0-9]*"), key=lambda path: len(path.name)):
        try:
            if any(
                str(link.readlink()) == wanted for link in (folder / "fd").iterdir()
            ):
                return int(folder.name), named(folder)
        except (OSError, ValueError):
            continue
    return 0, ""


def named(folder: Path) -> str:
    """What a process calls itself, fit for a line of text."""
    try:
        name = (folder / "comm").read_text(errors="replace").strip()
    except OSError:
        return ""
    return "".join(letter if letter.isprintable() else "?" for letter in name)


def ephemeral(proc: Path = PROC) -> range:
    """The ports that the system gives to outgoing connections."""
    path = proc / "sys" / "net" / "ipv4" / "ip_local_port_range"
    try:
        low, high = map(int, path.read_text().split())
    except (OSError, ValueError):
        return range(0)
    return range(low, high + 1)
