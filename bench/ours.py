# SPDX-License-Identifier: Apache-2.0
"""The candidates of this package; what is named here is all of it that bench/ uses.

The same candidates run in two environments, compiled and uncompiled.  The package is
imported by name, from what is installed there and never from the checkout.
"""

import importlib
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
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
    MEGABYTE,
    OTHER_IDENTIFIER,
    PATTERN,
    REGEX_OCTETS,
    REGEX_TEXT,
    REGISTERS,
    REGISTERS_DIFFERING,
    SAME,
    SAME_FRAMES,
    Facts,
    text,
)

NAME = "this package"
ELEMENTS = "ReadTagFragmented.elements"
OFFSET = "ReadTagFragmented.offset"


def message() -> Any:
    """The encapsulation as a client sends it, its payload typed."""
    return importlib.import_module("cpppo.protocol.enip").RequestFrame


def installed() -> None:
    """Refuse a package that is not the one of this environment."""
    package = importlib.import_module("cpppo")
    where = Path(str(package.__file__)).resolve()
    inside = where.is_relative_to(Path(sys.prefix).resolve())
    check(inside, "cpppo was imported from outside of its environment")


def decoders(
    work: str, facts: Sequence[Facts], frames: Sequence[bytes]
) -> Iterator[Candidate]:
    """Frames to typed values."""
    request = message()
    values = [request.decode(octets) for octets in frames]
    check([v.encode() for v in values] == list(frames), "values lose something")
    for fact, value in zip(facts, values, strict=True):
        check(repr(fact.tag) in repr(value), "a value does not have the tag's name")
    kept = request.decode(frames[0]) is request.decode(frames[0])
    note = "gives the same object twice: not a reading" if kept else ""
    yield Timed(work, NAME, request.decode, frames, note=note)


def scanners(
    work: str, facts: Sequence[Facts], frames: Sequence[bytes]
) -> Iterator[Candidate]:
    """Frames to the registers of the engine, and two of them looked at to be sure."""
    request = message()
    run = request.execution()
    elements, offset = request.register(ELEMENTS), request.register(OFFSET)
    for fact, octets in zip(facts, frames, strict=True):
        check(run.scan(octets) == len(octets), "scan does not take the frame")
        found = run.registers[elements], run.registers[offset]
        check(found == (fact.elements, fact.offset), "registers hold other values")
    yield Timed(work, NAME, run.scan, frames)


def encoders(work: str, frames: Sequence[bytes]) -> Iterator[Candidate]:
    """Typed values to frames."""
    request = message()
    values = [request.decode(octets) for octets in frames]
    encode: Callable[[Any], bytes] = request.encode
    check([encode(v) for v in values] == list(frames), "another frame is written")
    kept = encode(values[0]) is encode(values[0])
    note = "gives the same octets twice: not a writing" if kept else ""
    yield Timed(work, NAME, encode, values, note=note)


def expressions() -> Iterator[Candidate]:
    """PATTERN over a megabyte, fed at once."""
    cpppo: Any = importlib.import_module("cpppo")
    whole = text(MEGABYTE)
    for work, make, subject in (
        (REGEX_TEXT, cpppo.regex, whole),
        (REGEX_OCTETS, cpppo.regex_bytes, whole.encode()),
    ):
        machine = make(initial=PATTERN, context="x", terminal=True)
        run = runner(machine)
        check(run(subject) == (True, len(subject)), "the machine does not match")
        yield Timed(work, NAME, run, [subject], octets=len(subject))


def runner(machine: Any) -> Callable[[Any], tuple[bool, int]]:
    """A new parser for each text."""

    def run(whole: Any) -> tuple[bool, int]:
        parser = machine.parser()
        parser.feed(whole)
        return bool(parser.terminal), int(parser.sent)

    return run


def makings() -> Iterator[Candidate]:
    """The machine of IDENTIFIER and its table, made in fresh processes.

    Each process makes it once, so that nothing kept from an earlier one helps.
    """
    setup = "import cpppo"
    first = f"cpppo.regex(initial={IDENTIFIER!r}, context='x', terminal=True).program"
    other = first.replace(repr(IDENTIFIER), repr(OTHER_IDENTIFIER))
    again = f"{setup}\n{first}"
    yield Sampled(MAKE_FIRST, NAME, lambda: fresh_process(setup, first))
    yield Sampled(MAKE_AGAIN, NAME, lambda: fresh_process(again, other))


def imports() -> Iterator[Candidate]:
    """What it takes to have the package."""
    yield Sampled(IMPORT, NAME, lambda: whole_process("import cpppo"))


def candidates(group: str) -> Candidates:
    """The candidates of this package."""
    installed()
    if group == "parse":
        return [
            decoders(DECODE, SAME, SAME_FRAMES),
            scanners(REGISTERS, SAME, SAME_FRAMES),
            decoders(DECODE_DIFFERING, DIFFERING, FRAMES),
            scanners(REGISTERS_DIFFERING, DIFFERING, FRAMES),
        ]
    if group == "encode":
        return [encoders(ENCODE, SAME_FRAMES), encoders(ENCODE_DIFFERING, FRAMES)]
    return {"regex": [expressions()], "make": [makings()], "import": [imports()]}[group]
