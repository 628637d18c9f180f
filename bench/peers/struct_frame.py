# SPDX-License-Identifier: Apache-2.0
"""The frame taken apart by hand with ``struct``: what a person would write in an hour.

Two readings: the full tree as nested dicts, and the five fields that a server needs,
with the path's octets looked up in a dict.  Neither checks anything.
"""

from collections.abc import Iterator, Sequence
from struct import Struct
from typing import Any

from candidate import Candidate, Candidates, Timed, check
from subject import (
    DECODE,
    DECODE_DIFFERING,
    DIFFERING,
    ENCODE,
    ENCODE_DIFFERING,
    FRAMES,
    REGISTERS,
    REGISTERS_DIFFERING,
    SAME,
    SAME_FRAMES,
    Facts,
)

HEADER = Struct("<HHII8sI")
PACKET = Struct("<IHHHHHH")
SEND = Struct("<BBBBBBBBH")
READ = Struct("<HI")

Path = list[tuple[str, Any]]
KINDS = {0x20: "class", 0x24: "instance", 0x28: "element"}
CODES = {name: code for code, name in KINDS.items()}


def path_of(octets: bytes, at: int, size: int) -> Path:
    """The segments of so many octets."""
    end = at + size
    path: Path = []
    while at < end:
        kind = octets[at]
        if kind == 0x91:
            length = octets[at + 1]
            name = octets[at + 2 : at + 2 + length].decode("ascii")
            path.append(("symbolic", name))
            at += 2 + length + (length & 1)
        elif kind == 0x01:
            path.append(("port", (1, octets[at + 1])))
            at += 2
        else:
            path.append((KINDS[kind], octets[at + 1]))
            at += 2
    return path


def full_tree(octets: bytes) -> dict[str, Any]:
    """Every field of the frame, by name."""
    command, length, session, status, context, options = HEADER.unpack_from(octets)
    packet = PACKET.unpack_from(octets, 24)
    interface, timeout, count, type0, length0, type1, length1 = packet
    service, words, _, _, _, _, priority, ticks, size = SEND.unpack_from(octets, 40)
    asked, asked_words = octets[50], octets[51]
    elements, offset = READ.unpack_from(octets, 52 + 2 * asked_words)
    route = 50 + size + (size & 1)
    return {
        "command": command,
        "length": length,
        "session": session,
        "status": status,
        "context": context,
        "options": options,
        "cpf": {
            "interface": interface,
            "timeout": timeout,
            "count": count,
            "items": ((type0, length0), (type1, length1)),
        },
        "send": {
            "service": service,
            "path": path_of(octets, 42, 2 * words),
            "priority": priority,
            "ticks": ticks,
            "length": size,
            "route": path_of(octets, route + 2, 2 * octets[route]),
        },
        "request": {
            "service": asked,
            "path": path_of(octets, 52, 2 * asked_words),
            "elements": elements,
            "offset": offset,
        },
    }


class FiveFields:
    """Session, context, path, count, offset; a path seen before is not read again."""

    def __init__(self) -> None:
        self.paths: dict[bytes, Path] = {}

    def __call__(self, octets: bytes) -> tuple[int, bytes, Path, int, int]:
        _, _, session, _, context, _ = HEADER.unpack_from(octets)
        size = 2 * octets[51]
        raw = octets[52 : 52 + size]
        path = self.paths.get(raw)
        if path is None:
            path = self.paths[raw] = path_of(raw, 0, size)
        count, offset = READ.unpack_from(octets, 52 + size)
        return session, context, path, count, offset


def path_octets(path: Path) -> bytes:
    """A path, after its length in words."""
    parts = []
    for kind, value in path:
        if kind == "symbolic":
            name = value.encode("ascii")
            parts.append(bytes((0x91, len(name))) + name + b"\0" * (len(name) & 1))
        elif kind == "port":
            parts.append(bytes(value))
        else:
            parts.append(bytes((CODES[kind], value)))
    return b"".join(parts)


def encoded(tree: dict[str, Any]) -> bytes:
    """The frame again, every length computed anew."""
    request, send, cpf = tree["request"], tree["send"], tree["cpf"]
    path = path_octets(request["path"])
    inner = bytes((request["service"], len(path) // 2)) + path
    inner += READ.pack(request["elements"], request["offset"])
    to = path_octets(send["path"])
    route = path_octets(send["route"])
    outer = bytes((send["service"], len(to) // 2)) + to
    outer += bytes((send["priority"], send["ticks"])) + len(inner).to_bytes(2, "little")
    outer += inner + b"\0" * (len(inner) & 1) + bytes((len(route) // 2, 0)) + route
    (type0, _), (type1, _) = cpf["items"]
    packet = PACKET.pack(
        cpf["interface"], cpf["timeout"], 2, type0, 0, type1, len(outer)
    )
    header = HEADER.pack(
        tree["command"],
        len(packet) + len(outer),
        tree["session"],
        tree["status"],
        tree["context"],
        tree["options"],
    )
    return header + packet + outer


def expected(facts: Facts) -> tuple[int, bytes, Path, int, int]:
    """What the five fields of a frame must be."""
    path: Path = [("symbolic", facts.tag), ("element", facts.element)]
    return facts.session, facts.context, path, facts.elements, facts.offset


def parsers(
    decode: str, registers: str, facts: Sequence[Facts], frames: Sequence[bytes]
) -> Iterator[Candidate]:
    """Both readings of one set of frames."""
    five = FiveFields()
    for fact, octets in zip(facts, frames, strict=True):
        tree = full_tree(octets)
        asked = tree["request"]
        seen = [tree["session"], tree["context"], asked["path"]]
        seen += [asked["elements"], asked["offset"]]
        check(tuple(seen) == expected(fact), "struct reads another tree")
        check(five(octets) == expected(fact), "struct reads other fields")
    yield Timed(decode, "struct by hand, tree of dicts, unchecked", full_tree, frames)
    yield Timed(registers, "struct by hand, five fields, path cached", five, frames)


def writers(work: str, frames: Sequence[bytes]) -> Iterator[Candidate]:
    """The writing of one set of frames."""
    trees = [full_tree(octets) for octets in frames]
    check([encoded(tree) for tree in trees] == list(frames), "struct writes wrong")
    yield Timed(work, "struct by hand, from dicts, unchecked", encoded, trees)


def candidates(group: str) -> Candidates:
    """The hand-written candidates."""
    if group == "parse":
        return [
            parsers(DECODE, REGISTERS, SAME, SAME_FRAMES),
            parsers(DECODE_DIFFERING, REGISTERS_DIFFERING, DIFFERING, FRAMES),
        ]
    if group == "encode":
        return [writers(ENCODE, SAME_FRAMES), writers(ENCODE_DIFFERING, FRAMES)]
    return []
