# SPDX-License-Identifier: Apache-2.0
"""A simulator as a process: started, watched from outside, loaded, stopped.

What is known of it comes from the system (``/proc``, the CPU clock of the process) and
from its answers, never from itself, so that all simulators are judged alike.
"""

import json
import os
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from environments import ENVIRONMENTS, clean_environ

LONGEST_START = 30
LONGEST_STOP = 3
WARM_UP = 0.3
"""Seconds of a load before those that are measured."""

TAGS = {"D": 1, "A": 1000}


class SimulatorError(Exception):
    """A simulator does not do what it would be measured for; the text is the reason."""


@dataclass(frozen=True, slots=True)
class Spec:
    """A simulator that can be started: ``{port}`` is replaced, the tags are added."""

    name: str
    command: tuple[str, ...]
    stores: bool = True
    """Whether it has tags: the responder answers every name, and keeps nothing."""

    def arguments(self, port: int, tags: Mapping[str, int]) -> list[str]:
        """Its command line."""
        line = [word.replace("{port}", str(port)) for word in self.command]
        if self.stores:
            for name, size in tags.items():
                line.append(f"{name}=DINT" + (f"[{size}]" if size > 1 else ""))
        return line


@contextmanager
def pinned(cpu: int | None) -> Iterator[None]:
    """Processes that are started within are kept on one CPU, where that is possible."""
    if cpu is None or not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cpu})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def free_port() -> int:
    """A port that nobody listens at now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


class Client:
    """A session that reads one DINT through Unconnected Send, by hand."""

    def __init__(self, port: int, longest: float = 10) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=longest)
        self._session = 0
        try:
            answer = self._ask(0x65, b"\1\0\0\0")
        except OSError:
            self.close()
            raise
        self._session = struct.unpack_from("<I", answer, 4)[0]

    def read(self, tag: str) -> None:
        """Read a tag once, and see that a DINT comes back."""
        name = tag.encode("ascii")
        path = b"\x91" + bytes([len(name)]) + name + bytes(len(name) % 2)
        request = b"\x4c" + bytes([len(path) // 2]) + path + b"\1\0"
        send = bytes.fromhex("520220062401059d") + struct.pack("<H", len(request))
        send += request + bytes(len(request) % 2) + b"\1\0\1\0"
        packet = struct.pack("<IHHHHHH", 0, 8, 2, 0, 0, 0xB2, len(send)) + send
        answer = self._ask(0x6F, packet)
        if len(answer) != 50 or answer[40:46] != b"\xcc\0\0\0\xc4\0":
            raise SimulatorError(f"a read of {tag} is answered with {answer.hex()}")

    def close(self) -> None:
        """Leave without a word."""
        self.socket.close()

    def _ask(self, command: int, packet: bytes) -> bytes:
        header = struct.pack("<HHIIQI", command, len(packet), self._session, 0, 0, 0)
        self.socket.sendall(header + packet)
        answer = b""
        while len(answer) < 24 or len(answer) < 24 + int.from_bytes(
            answer[2:4], "little"
        ):
            more = self.socket.recv(65536)
            if not more:
                raise SimulatorError("it closed the connection")
            answer += more
        return answer


class Running:
    """A simulator that has answered a read, ``ready`` seconds after its start."""

    def __init__(
        self, spec: Spec, tags: Mapping[str, int] = TAGS, cpu: int | None = None
    ) -> None:
        self.spec = spec
        self.cpu = cpu
        self.port = free_port()
        with pinned(cpu):
            begin = time.perf_counter()
            self._process = subprocess.Popen(
                spec.arguments(self.port, tags),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=clean_environ(),
                # No cpppo.cfg is found there.
                cwd=ENVIRONMENTS,
            )
        try:
            self.ready = self._first_read(next(iter(tags)), begin)
        except BaseException:
            self.stop()
            raise

    def _first_read(self, tag: str, begin: float) -> float:
        while time.perf_counter() - begin < LONGEST_START:
            if self._process.poll() is not None:
                code = self._process.returncode
                raise SimulatorError(f"it ended at its start, with status {code}")
            try:
                client = Client(self.port)
            except OSError:
                time.sleep(0.002)
                continue
            try:
                client.read(tag)
                return time.perf_counter() - begin
            finally:
                client.close()
        raise SimulatorError(f"it answered nothing for {LONGEST_START} seconds")

    def stop(self) -> None:
        """End it, politely at first."""
        self.resume()
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(LONGEST_STOP)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def pause(self) -> None:
        """Take no time from others; some wake up when there is nothing to do."""
        self._signal("SIGSTOP")

    def resume(self) -> None:
        """Go on."""
        self._signal("SIGCONT")

    def _signal(self, name: str) -> None:
        if hasattr(signal, name) and self._process.poll() is None:
            self._process.send_signal(getattr(signal, name))

    def memory(self) -> float:
        """Megabytes that it occupies (resident)."""
        try:
            text = Path(f"/proc/{self._process.pid}/status").read_text()
        except OSError as error:
            raise SimulatorError("this system does not tell its memory") from error
        (line,) = (x for x in text.splitlines() if x.startswith("VmRSS"))
        return int(line.split()[1]) / 1024

    def cpu_seconds(self) -> float:
        """The CPU time of the process, threads that have ended included."""
        # What clock_getcpuclockid(3) answers for a process on Linux.
        clock = (~self._process.pid << 3) | 2
        try:
            return time.clock_gettime(clock)
        except (AttributeError, OSError) as error:
            raise SimulatorError("this system does not tell its CPU time") from error

    def load(self, program: Path, words: str, seconds: float) -> dict[str, Any]:
        """The figures of a load, run on the CPU of the simulator."""
        command = [str(program), "--port", str(self.port), *words.split()]
        command += ["--seconds", str(seconds), "--warmup", str(WARM_UP)]
        before = self.cpu_seconds()
        try:
            with pinned(self.cpu):
                done = subprocess.run(
                    command,
                    check=False,
                    capture_output=True,
                    text=True,
                    timeout=seconds + 60,
                )
            figures: dict[str, Any] = json.loads(done.stdout)
        except subprocess.TimeoutExpired as error:
            raise SimulatorError("the load did not end") from error
        except ValueError as error:
            raise SimulatorError("the load ended without figures") from error
        spent = self.cpu_seconds() - before
        if "fatal" in figures:
            raise SimulatorError(figures["fatal"])
        if figures["errors"] or not figures["requests"]:
            raise SimulatorError(
                f"{figures['errors']} wrong answers: {figures['first_error']}"
            )
        # The CPU time is that of warming up and measuring, the rate of measuring.
        requests = figures["req_s"] * (figures["seconds"] + WARM_UP)
        return figures | {"cpu_us": spent * 1e6 / requests}
