# SPDX-License-Identifier: Apache-2.0
"""Controllers with structures, in this process, and devices that say what a test says.

`plant` is a simulator of a file's text.  `Memory` connects clients to one without a
network, and counts what they ask; `Liar` is a device whose every answer is a test's.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from asking import TCP, cip_in, frame, frames, rr

from cpppo.client.logix import Logix
from cpppo.errors import Disconnected, Timeout
from cpppo.server.enip import Controller
from cpppo.server.enip.files import load

__all__ = ["PLANT", "Liar", "Memory", "plant"]

GRID = "[[0, 1, 2, 3], [10, 11, 12, 13], [20, 21, 22, 23]]"
PLANT = f"""
[types.STRING20]
string = 20

[types.InnerUDT]
X = "DINT"
F0 = "BOOL"
F1 = "BOOL"
Arr = "INT[3]"

[types.OuterUDT]
A = "SINT"
Nested = "InnerUDT"
Several = "InnerUDT[2]"
Words = "BOOL[64]"
Text = "STRING"
Short = "STRING20"
Delay = "TIMER"
Wide = "LREAL"

[tags]
A = "DINT"
B = "INT[10]"
GRID = {{ type = "DINT[3,4]", value = {GRID} }}
CUBE = "INT[2,3,4]"
BITS = "BOOL[96]"
S = {{ type = "STRING", value = "text" }}
SHORTS = "STRING20[3]"
T = "TIMER"
IN = {{ type = "InnerUDT", value = {{ X = 5, F0 = true, Arr = [1, 2, 3] }} }}
UDT_A = "OuterUDT"
INS = "InnerUDT[6]"
MANY = "OuterUDT[60]"
RO = {{ type = "InnerUDT", access = "read-only" }}
OTHER = {{ alias = "IN" }}

[programs.Main.tags]
X = {{ type = "DINT", value = 7 }}
IN = {{ type = "InnerUDT", value = {{ X = 8 }} }}

[programs.Empty]
"""


def plant(folder: Path, text: str = PLANT) -> Controller:
    """A simulator of what a file says."""
    file = folder / "plant.toml"
    file.write_text(text)
    found = load([str(file)])
    return Controller(
        found.tags,
        types=found.types,
        programs=found.programs,
        name=found.name or "Line 1",
    )


class Wire:
    """One connection to a device."""

    def __init__(self, of: Memory | Liar) -> None:
        self.of = of
        self.session = of.session()
        self.answers: list[bytes] = []
        self.ended = False

    def send(self, octets: bytes, timeout: float | None) -> None:
        self.of.requests += frames(octets)
        self.answers.append(self.session(octets))

    def receive(self, timeout: float | None) -> bytes:
        if self.ended:
            raise Disconnected("the connection was closed here")
        while self.answers:
            if octets := self.answers.pop(0):
                return octets
        self.of.waited(timeout or 0.0)
        raise Timeout("nothing comes")

    def readable(self, timeout: float | None = 0) -> bool:
        return self.ended or bool(self.answers)

    def close(self) -> None:
        self.ended = True


class Memory:
    """A simulator without a network, and what it was asked."""

    def __init__(self, controller: Controller) -> None:
        self.controller = controller
        self.requests: list[Any] = []
        self.opened = 0
        self.waited: Callable[[float], object] = float

    def open(self, *_: object) -> Wire:
        self.opened += 1
        return Wire(self)

    def session(self) -> Callable[[bytes], bytes]:
        one = self.controller.session(TCP)

        def answer(octets: bytes) -> bytes:
            found = [one.receive(octets)]
            while one.ready:
                found.append(one.receive(b""))
            return b"".join(found)

        return answer

    def logix(self, **kwds: Any) -> Logix:
        return Logix("10.0.0.5", opener=self.open, **kwds)

    def asked(self) -> int:
        """How many requests came since this was asked."""
        found, self.requests = len(self.requests), []
        return found


class Liar:
    """A device without tags: what it answers to a CIP request, `say` says."""

    def __init__(self, say: Callable[[bytes], bytes]) -> None:
        self.say = say
        self.requests: list[Any] = []
        self.cip: list[bytes] = []
        self.silent = False
        self.waited: Callable[[float], object] = float  # who hears of a wait

    def open(self, *_: object) -> Wire:
        return Wire(self)

    def session(self) -> Callable[[bytes], bytes]:
        return self.answer

    def answer(self, octets: bytes) -> bytes:
        found = []
        for one in frames(octets):
            if one.command == 0x65:
                data = struct.pack("<HH", 1, 0)
                found.append(frame(0x65, data, 1, one.context))
            else:
                request = cip_in(one)
                self.cip.append(request)
                if not self.silent:
                    found.append(rr(self.say(request), 1, one.context))
        return b"".join(found)

    def logix(self, **kwds: Any) -> Logix:
        """A client that asks it straight, so that requests are plain."""
        return Logix(
            "10.0.0.5",
            opener=self.open,
            simple=True,
            connected=False,
            multiple=0,
            **kwds,
        )
