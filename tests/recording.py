# SPDX-License-Identifier: Apache-2.0
"""A conversation, recorded on its way and written as tshark reads it.

`Recorder` stands between a client and a server and passes on what each says, over TCP
and UDP, so that no interface is listened at and no privilege needed.  `pcap` writes
what it has seen with the headers that it had not, at the port of EtherNet/IP.
"""

from __future__ import annotations

import os
import selectors
import socket
import struct
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from peers import LOOPBACK, PATIENCE, Address, vacant

__all__ = [
    "Piece",
    "Recorder",
    "flagged",
    "pcap",
    "recorder",
    "seen",
    "split",
]

PORT = 44818
CLIENT, SERVER = b"\x0a\0\0\1", b"\x0a\0\0\2"  # 10.0.0.1 and 10.0.0.2
TCP, UDP = 6, 17
SYN, PUSH, ACK = 0x02, 0x08, 0x10
MOST = 1400  # octets in a packet
RAW = 101  # packets begin with their IP header


@dataclass(frozen=True, slots=True)
class Piece:
    """What one side said, as it came."""

    protocol: int
    client: int  # the client's port
    asked: bool  # by the client
    octets: bytes


class Recorder:
    """Passes everything on, and keeps it."""

    def __init__(self, target: Address) -> None:
        self.target = target
        self.pieces: list[Piece] = []
        port = vacant()
        self.address: Address = (LOOPBACK, port)
        self.selector = selectors.DefaultSelector()
        self.peers: dict[socket.socket, tuple[socket.socket, int, bool]] = {}
        self.tcp = socket.create_server(self.address)
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(self.address)
        self.behind = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.behind.connect(target)
        self.asked_by: Address = self.address
        self.waker, self.woken = socket.socketpair()
        for one in (self.tcp, self.udp, self.behind, self.woken):
            self.selector.register(one, selectors.EVENT_READ)
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self) -> None:
        while True:
            for key, _ in self.selector.select():
                if key.fileobj is self.woken:
                    return
                assert isinstance(key.fileobj, socket.socket)
                self.pass_on(key.fileobj)

    def pass_on(self, one: socket.socket) -> None:
        if one is self.tcp:
            self.accept()
        elif one is self.udp:
            octets, self.asked_by = self.udp.recvfrom(65536)
            self.pieces.append(Piece(UDP, self.asked_by[1], True, octets))
            self.behind.send(octets)
        elif one is self.behind:
            octets = self.behind.recv(65536)
            self.pieces.append(Piece(UDP, self.asked_by[1], False, octets))
            self.udp.sendto(octets, self.asked_by)
        elif one in self.peers:
            other, client, asked = self.peers[one]
            try:
                octets = one.recv(65536)
            except ConnectionError:
                octets = b""
            if not octets:
                self.leave(one, other)
                return
            self.pieces.append(Piece(TCP, client, asked, octets))
            other.sendall(octets)

    def accept(self) -> None:
        near, (_, port) = self.tcp.accept()
        far = socket.create_connection(self.target, PATIENCE)
        self.peers |= {near: (far, port, True), far: (near, port, False)}
        for one in (near, far):
            self.selector.register(one, selectors.EVENT_READ)

    def leave(self, *sockets: socket.socket) -> None:
        for one in sockets:
            del self.peers[one]
            self.selector.unregister(one)
            one.close()

    def close(self) -> None:
        self.waker.send(b"\0")
        self.thread.join(PATIENCE)
        every = (self.tcp, self.udp, self.behind, self.waker, self.woken, *self.peers)
        for one in every:
            one.close()
        self.selector.close()


@contextmanager
def recorder(target: Address) -> Iterator[Recorder]:
    """What passes everything on to a server meanwhile."""
    one = Recorder(target)
    try:
        yield one
    finally:
        one.close()


# -- the file


def pcap(path: Path, pieces: Sequence[Piece]) -> None:
    """Write what was said as a capture."""
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, RAW)
    with path.open("wb") as file:
        file.write(head)
        for number, packet in enumerate(packets(pieces)):
            when, size = divmod(number, 1000), len(packet)
            file.write(struct.pack("<IIII", when[0], when[1] * 1000, size, size))
            file.write(packet)


def packets(pieces: Sequence[Piece]) -> Iterator[bytes]:
    """The packets, with a beginning to each connection."""
    ports = {piece.client for piece in pieces if piece.protocol == TCP}
    # Of each side, the number of the next octet.
    at = {(port, asked): 1 for port in ports for asked in (True, False)}
    begun: set[int] = set()
    for piece in pieces:
        client, asked = piece.client, piece.asked
        if piece.protocol == UDP:
            yield datagram(client, asked, piece.octets)
            continue
        if client not in begun:
            begun.add(client)
            yield segment(client, True, 0, 0, SYN)
            yield segment(client, False, 0, 1, SYN | ACK)
            yield segment(client, True, 1, 1, ACK)
        for octets in split(piece.octets, MOST):
            number, awaited = at[client, asked], at[client, not asked]
            yield segment(client, asked, number, awaited, PUSH | ACK, octets)
            at[client, asked] += len(octets)


def split(octets: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(octets), size):
        yield octets[start : start + size]


def ports(client: int, asked: bool) -> tuple[int, int]:
    return (client, PORT) if asked else (PORT, client)


def segment(
    client: int, asked: bool, number: int, awaited: int, flags: int, data: bytes = b""
) -> bytes:
    """A TCP packet; a checksum of 0 is what a capture before the card has, too."""
    numbers = (number, awaited, 5 << 4, flags, 65535, 0, 0)
    head = struct.pack(">HHIIBBHHH", *ports(client, asked), *numbers)
    return internet(TCP, asked, head + data)


def datagram(client: int, asked: bool, data: bytes) -> bytes:
    head = struct.pack(">HHHH", *ports(client, asked), 8 + len(data), 0)
    return internet(UDP, asked, head + data)


def internet(protocol: int, asked: bool, data: bytes) -> bytes:
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(data), 0, 0, 64, protocol, 0)
    return head + (CLIENT + SERVER if asked else SERVER + CLIENT) + data


# -- tshark

WRONG = "_ws.malformed || _ws.expert.severity >= error"


def tshark(path: Path, *argv: str) -> str:
    """What it says of a capture; with no settings of anybody's."""
    done = subprocess.run(
        ["tshark", "-r", str(path), *argv],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "HOME": str(path.parent)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def flagged(path: Path) -> str:
    """What is malformed, and what it has to say against it otherwise, in full."""
    return tshark(path, "-V", "-Y", WRONG)


def seen(path: Path, field: str) -> list[int]:
    """The values of a field, of all packets in their order."""
    text = tshark(path, "-T", "fields", "-E", "occurrence=a", "-e", field)
    return [int(one, 0) for one in text.replace(",", " ").split()]
