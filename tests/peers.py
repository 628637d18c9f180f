# SPDX-License-Identifier: Apache-2.0
"""Programs, servers and clients that tests start, over real sockets.

`Program` is one of our commands, `serving` a controller of this process, `Simulator`
its `main` in a thread.  `Caller` is a client that speaks octets; `far` is the other
side of a route, which does as it is told.  All of it ends with the test.
"""

from __future__ import annotations

import os
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from time import monotonic
from typing import IO, Any, Self, TypeVar

import asking
from asking import Frame, Reply

import cpppo
from cpppo.dotdict import dotdict
from cpppo.server.enip import Controller
from cpppo.server.enip.main import main
from cpppo.server.listener import Listener

__all__ = [
    "LOOPBACK",
    "PATIENCE",
    "Address",
    "Caller",
    "Far",
    "Program",
    "Simulator",
    "Starter",
    "call",
    "datagram",
    "drain",
    "far",
    "routed",
    "serving",
    "surroundings",
    "vacant",
    "wait_for",
]

Address = tuple[str, int]
T = TypeVar("T")

LOOPBACK = "127.0.0.1"
PATIENCE = 20.0  # seconds until a test that hangs fails
LINE = re.compile(r"Network (TCP|UDP) Server address = \('([^']*)', ([0-9]+)\)")


def wait_for(found: Callable[[], T]) -> T:
    """What is found, as soon as it is."""
    deadline = monotonic() + PATIENCE
    while monotonic() < deadline:
        if value := found():
            return value
    raise AssertionError("nothing came")


# -- programs


def surroundings(home: Path, **environ: str) -> dict[str, str]:
    """An environment that says nothing of ours, and finds the package under test."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("ENIP_")}
    package = str(Path(cpppo.__file__).parents[1])
    return {**kept, "HOME": str(home), "PYTHONPATH": package, **environ}


class Program:
    """A running program, and the lines that it says."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: SimpleQueue[str] = SimpleQueue()
        self.errors: SimpleQueue[str] = SimpleQueue()
        self.threads = [
            threading.Thread(target=self.collect, args=pair)
            for pair in ((process.stdout, self.lines), (process.stderr, self.errors))
        ]
        for thread in self.threads:
            thread.start()

    @staticmethod
    def collect(stream: IO[str], lines: SimpleQueue[str]) -> None:
        with stream:
            for line in stream:
                lines.put(line.rstrip("\n"))

    def line(self, pattern: str, errors: bool = False) -> re.Match[str]:
        """The next line that matches."""
        deadline = monotonic() + PATIENCE
        seen = []
        while (left := deadline - monotonic()) > 0:
            try:
                line = (self.errors if errors else self.lines).get(timeout=left)
            except Empty:
                break
            seen.append(line)
            if match := re.search(pattern, line):
                return match
        raise AssertionError(f"no line {pattern!r} but {seen}")

    def address(self, transport: str = "TCP") -> Address:
        """Where it listens, of the loopback."""
        match = self.line(rf"Network {transport} Server")
        found = LINE.fullmatch(match.string)
        assert found is not None, match.string
        return LOOPBACK, int(found[3])

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it; the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def rest(self, errors: bool = False) -> list[str]:
        """The lines that nobody has taken, once it has ended."""
        for thread in self.threads:
            thread.join(PATIENCE)
        lines = self.errors if errors else self.lines
        return [lines.get() for _ in range(lines.qsize())]


class Starter:
    """Starts modules of ours as programs, and ends them with the test."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self.stack = stack

    def __call__(
        self, *argv: str, module: str = "cpppo.server.enip", **environ: str
    ) -> Program:
        program = Program(self.process(argv, environ, module=module))
        self.stack.callback(program.rest)
        self.stack.callback(program.process.wait, PATIENCE)
        self.stack.callback(program.process.kill)
        return program

    def process(
        self,
        argv: Sequence[str],
        environ: Mapping[str, str],
        deaf: bool = False,
        module: str = "cpppo.server.enip",
    ) -> subprocess.Popen[str]:
        """One that is the test's own to end."""
        # What ignores ^C hands this down; a test runner in the background does.
        handler = signal.SIG_IGN if deaf else signal.default_int_handler
        before = signal.signal(signal.SIGINT, handler)
        try:
            return subprocess.Popen(
                [sys.executable, "-P", "-m", module, *argv],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                cwd=self.folder,
                env=surroundings(self.folder, **environ),
            )
        finally:
            signal.signal(signal.SIGINT, before)

    def loopback(self, *argv: str, **environ: str) -> Program:
        """A simulator at any port of the loopback address."""
        return self("-a", f"{LOOPBACK}:0", *argv, **environ)


# -- servers of this process


@contextmanager
def serving(one: Controller, host: str = LOOPBACK, port: int = 0) -> Iterator[Address]:
    """Where a controller answers meanwhile."""
    with Listener(
        (host, port), one.session, datagram=one.datagram, limits=one.limits
    ) as listener:
        yield listener.address


class Simulator:
    """`main`, or what is like it, in a thread of this process."""

    def __init__(self, *argv: str, main: Callable[..., int] = main, **kwds: Any):
        self.control = dotdict(done=False, disable=False, latency=0.01)
        self.status: int | None = None
        self.argv = argv
        self.main = main
        self.kwds = kwds
        self.thread = threading.Thread(target=self.run)

    def run(self) -> None:
        server = {"control": self.control}
        self.status = self.main(self.argv, server=server, **self.kwds)

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def address(self) -> Address:
        address: Address = wait_for(lambda: self.control.get("address"))
        return address

    def stop(self) -> int | None:
        self.control["done"] = True
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()
        return self.status


# -- a client


class Caller:
    """A registered session over a socket; it sends and takes octets."""

    def __init__(self, address: Address) -> None:
        self.socket = socket.create_connection(address, PATIENCE)
        self.held = b""
        self.handle = 0
        try:
            self.socket.sendall(asking.register())
            self.handle = self.frame().session
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self.socket.close()

    @property
    def quiet(self) -> bool:
        """Whether nothing has come that was not taken."""
        return not self.held and not select.select([self.socket], [], [], 0)[0]

    def frame(self) -> Frame:
        """The next frame that comes."""
        while not (size := framed(self.held)):
            more = self.socket.recv(65536)
            if not more:
                raise ConnectionError("the server closed the session")
            self.held += more
        octets, self.held = self.held[:size], self.held[size:]
        (one,) = asking.frames(octets)
        return one

    def send(self, *requests: bytes) -> None:
        """Some CIP requests, all at once."""
        self.socket.sendall(b"".join(asking.rr(one, self.handle) for one in requests))

    def reply(self) -> Reply:
        """The next CIP reply."""
        return asking.reply_in(asking.cip_in(self.frame()))

    def ask(self, request: bytes) -> Reply:
        """The reply to a CIP request."""
        self.send(request)
        return self.reply()


def framed(octets: bytes) -> int:
    """The size of the frame that these octets begin with; 0 where it is not whole."""
    size = asking.HEADER.size
    if len(octets) >= size:
        size += int.from_bytes(octets[2:4], "little")
    return size if len(octets) >= size else 0


@contextmanager
def call(address: Address) -> Iterator[Caller]:
    """A session with who listens there."""
    caller = Caller(address)
    try:
        yield caller
    finally:
        caller.close()


def datagram(octets: bytes, address: Address, answers: int = 1) -> list[Any]:
    """The first answers to a datagram, each with whose it is."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        one.settimeout(PATIENCE)
        one.sendto(octets, address)
        return [one.recvfrom(65536) for _ in range(answers)]


def routed(message: bytes, route: bytes, milliseconds: int = 10000) -> bytes:
    """An Unconnected Send that waits so long, in steps of 64 ms."""
    data = struct.pack("<BBH", 6, milliseconds // 64, len(message)) + message
    data += bytes(len(message) % 2) + bytes((len(route) // 2, 0)) + route
    return asking.request(0x52, b"\x20\x06\x24\x01", data)


# -- the other side of a route


Answer = Callable[["Far", Frame], bytes | None]


class Far:
    """A device that a test has in hand: it registers, and answers as it is told.

    `answer` has the frame that came, and gives the octets to send; None closes.
    """

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.seen: SimpleQueue[Frame] = SimpleQueue()  # all but Register
        self.registered = threading.Event()
        self.released = threading.Event()  # for who answers late
        self.listening = socket.create_server((LOOPBACK, 0))
        self.address: Address = self.listening.getsockname()
        self.threads = [threading.Thread(target=self.accept)]
        self.connections: list[socket.socket] = []
        self.threads[0].start()

    def accept(self) -> None:
        while True:
            try:
                one, _ = self.listening.accept()
            except OSError:
                return
            self.connections.append(one)
            thread = threading.Thread(target=self.serve, args=(one,))
            self.threads.append(thread)
            thread.start()

    def serve(self, one: socket.socket) -> None:
        held = b""
        try:
            while more := one.recv(65536):
                held += more
                while size := framed(held):
                    (frame,) = asking.frames(held[:size])
                    held = held[size:]
                    reply = self.replied(frame)
                    if reply is None:
                        one.shutdown(socket.SHUT_RDWR)
                        return
                    one.sendall(reply)
        except OSError:
            pass  # who asked has gone

    def replied(self, frame: Frame) -> bytes | None:
        if frame.command == 0x65:
            self.registered.set()
            return asking.frame(0x65, frame.payload, 7, frame.context)
        self.seen.put(frame)
        return self.answer(self, frame)

    def request(self) -> bytes:
        """The CIP octets of the next request that came."""
        return asking.cip_in(self.seen.get(timeout=PATIENCE))

    def close(self) -> None:
        self.released.set()
        drain(self.listening, *self.connections)
        self.threads[0].join(PATIENCE)
        drain(*self.connections)
        for thread in self.threads:
            thread.join(PATIENCE)


def drain(*sockets: socket.socket) -> None:
    """Close sockets that threads wait at: closing alone would not wake those."""
    for one in sockets:
        try:
            one.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # nobody is there any more
        one.close()


@contextmanager
def far(answer: Answer) -> Iterator[Far]:
    """Somebody who answers as this says."""
    one = Far(answer)
    try:
        yield one
    finally:
        one.close()


def vacant(hosts: Iterable[str] = (LOOPBACK,), kinds: Sequence[int] = ()) -> int:
    """A port that nobody has at any of these hosts."""
    wanted = [
        (host, kind)
        for host in hosts
        for kind in kinds or (socket.SOCK_STREAM, socket.SOCK_DGRAM)
    ]
    for _ in range(50):
        port = 0
        with ExitStack() as stack:
            try:
                for host, kind in wanted:
                    one = stack.enter_context(socket.socket(socket.AF_INET, kind))
                    one.bind((host, port))
                    port = one.getsockname()[1]
            except OSError:
                continue
        return port
    raise AssertionError("no port is free")
