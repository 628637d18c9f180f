# SPDX-License-Identifier: Apache-2.0
"""cpppo 5.2.5 from PyPI, with the greenery 2.1 that it can use.

It has the same name as this package, so it is imported by name, and in its own
environment alone.  Its complete reading is three machines, one after the other: the
encapsulation, then what CIP carries, then the Logix request.
"""

import importlib
from collections.abc import Callable, Iterator
from typing import Any

from candidate import Candidate, Candidates, Sampled, Timed, check
from processes import fresh_process, whole_process
from subject import (
    DECODE,
    DECODE_DIFFERING,
    DIFFERING,
    ENCODE,
    ENCODE_DIFFERING,
    FRAMES,
    IDENTIFIER,
    IMPORT,
    MAKE_AGAIN,
    MAKE_FIRST,
    OTHER_IDENTIFIER,
    PATTERN,
    REGEX_OCTETS,
    REGEX_TEXT,
    SAME,
    SAME_FRAMES,
    Facts,
    text,
)

NAME = "cpppo 5.2.5"


class Published:
    """The published package, its machines made once."""

    def __init__(self) -> None:
        self.cpppo: Any = importlib.import_module("cpppo")
        check(self.cpppo.__version__ == "5.2.5", "this is not cpppo 5.2.5")
        self.parser: Any = importlib.import_module("cpppo.server.enip.parser")
        self.logix: Any = importlib.import_module("cpppo.server.enip.logix").Logix
        self.header = self.parser.enip_machine(context="enip")
        self.cip = self.parser.CIP()

    def run(self, machine: Any, octets: Any, data: Any, path: str | None) -> None:
        """Run one machine over octets to its end."""
        source = self.cpppo.chainable(octets)
        with machine as running:
            for _ in running.run(source=source, data=data, path=path):
                pass

    def decode(self, octets: bytes) -> Any:
        """The complete reading of a frame."""
        data = self.cpppo.dotdict()
        self.run(self.header, octets, data, None)
        self.run(self.cip, data.enip.input, data, "enip")
        request = send_of(data).request
        self.run(self.logix.parser, request.input, request, None)
        return data

    def encode(self, data: Any) -> bytes:
        """The frame again, from the fields of its complete reading."""
        request = send_of(data).request
        request.input = bytearray(self.logix.produce(request))
        data.enip.input = bytearray(self.parser.CIP.produce(data.enip))
        return bytes(self.parser.enip_encode(data.enip))

    def regex(self, kind: str) -> Callable[[Any], tuple[bool, int]]:
        """A run of PATTERN's machine over a whole text."""
        make = getattr(self.cpppo, kind)
        machine = make(name="words", initial=PATTERN, context="x", terminal=True)

        def run(whole: Any) -> tuple[bool, int]:
            source = self.cpppo.peekable(whole)
            data = self.cpppo.dotdict()
            with machine as running:
                for _, state in running.run(source=source, data=data):
                    if state is None:
                        break
            return bool(machine.terminal), int(source.sent)

        return run


def send_of(data: Any) -> Any:
    """The Unconnected Send of a reading."""
    return data.enip.CIP.send_data.CPF.item[1].unconnected_send


def found(data: Any) -> Facts:
    """What a reading says."""
    request = send_of(data).request
    return Facts(
        session=data.enip.session_handle,
        context=bytes(data.enip.sender_context.input),
        tag=request.path.segment[0].symbolic,
        element=request.path.segment[1].element,
        elements=request.read_frag.elements,
        offset=request.read_frag.offset,
    )


def framed(group: str) -> Iterator[Candidate]:
    """Reading and writing frames."""
    published = Published()
    for facts, frames, decode, encode in (
        (SAME, SAME_FRAMES, DECODE, ENCODE),
        (DIFFERING, FRAMES, DECODE_DIFFERING, ENCODE_DIFFERING),
    ):
        values = [published.decode(octets) for octets in frames]
        check([found(v) for v in values] == list(facts), f"{NAME} reads wrong")
        if group == "parse":
            yield Timed(decode, NAME, published.decode, frames)
        else:
            right = [published.encode(v) for v in values] == list(frames)
            check(right, f"{NAME} writes wrong")
            yield Timed(encode, NAME, published.encode, values)


def expressions() -> Iterator[Candidate]:
    """PATTERN, over a kilobyte: a megabyte would take most of a minute."""
    published = Published()
    whole = text(1000)
    for work, kind, subject in (
        (REGEX_TEXT, "regex", whole),
        (REGEX_OCTETS, "regex_bytes", whole.encode()),
    ):
        run = published.regex(kind)
        check(run(subject) == (True, len(subject)), f"{NAME} does not match")
        yield Timed(work, f"{NAME}, 1 kB", run, [subject], octets=len(subject))


def makings() -> Iterator[Candidate]:
    """The machine of IDENTIFIER, made first, and after another one."""
    setup = "import cpppo"
    options = "context='x', terminal=True"
    first = f"cpppo.regex(name='first', initial={IDENTIFIER!r}, {options})"
    other = f"cpppo.regex(name='other', initial={OTHER_IDENTIFIER!r}, {options})"
    again = f"{setup}\n{first}"
    yield Sampled(MAKE_FIRST, NAME, lambda: fresh_process(setup, first))
    yield Sampled(MAKE_AGAIN, NAME, lambda: fresh_process(again, other))


def imports() -> Iterator[Candidate]:
    """What it takes to have the package."""
    yield Sampled(IMPORT, NAME, lambda: whole_process("import cpppo"))


def candidates(group: str) -> Candidates:
    """The candidates of the published package."""
    if group in ("parse", "encode"):
        return [framed(group)]
    return {"regex": [expressions()], "make": [makings()], "import": [imports()]}[group]
