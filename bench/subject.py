# SPDX-License-Identifier: Apache-2.0
"""What every candidate is given: the frame, its variations, the pattern, the text.

The frame is a SendRRData with a Common Packet Format of two items, the second an
Unconnected Send that carries a Read Tag Fragmented.  It is put together here by hand,
so that no candidate is judged by its own encoder.
"""

import struct
from typing import NamedTuple

GROUPS = ("parse", "encode", "regex", "make", "import")

DECODE = "frame to the complete typed value"
DECODE_DIFFERING = "64 differing frames to the complete typed value"
REGISTERS = "frame to registers"
REGISTERS_DIFFERING = "64 differing frames to registers"
ENCODE = "encode the frame"
ENCODE_DIFFERING = "encode 64 differing frames"
REGEX_TEXT = "regular expression over text"
REGEX_OCTETS = "regular expression over octets"
MAKE_FIRST = "make a machine, the first of a process"
MAKE_AGAIN = "make a machine, another of the same size"
IMPORT = "import, in a fresh process"

PATTERN = "(ab+)((,[ ]*)(ab+))*"
IDENTIFIER = "[A-Za-z0-9_]{1,20}"
# As large as IDENTIFIER, and another one: a machine that was kept is of no help.
OTHER_IDENTIFIER = "[A-Za-z0-9.]{1,20}"
MEGABYTE = 1_000_000
UNIT = "abbb, ab,abbbbbb,   abb,"


class Facts(NamedTuple):
    """What a frame says, and a candidate must have found in it."""

    session: int
    context: bytes
    tag: str
    element: int
    elements: int
    offset: int


def frame(facts: Facts) -> bytes:
    """The octets of one request."""
    name = facts.tag.encode("ascii")
    pad = bytes(len(name) % 2)
    path = bytes((0x91, len(name))) + name + pad + bytes((0x28, facts.element))
    request = bytes((0x52, len(path) // 2)) + path
    request += struct.pack("<HI", facts.elements, facts.offset)
    send = bytes.fromhex("520220062401059d") + struct.pack("<H", len(request))
    send += request + bytes(len(request) % 2) + bytes.fromhex("01000100")
    packet = struct.pack("<IHHHHHH", 0, 8, 2, 0, 0, 0xB2, len(send)) + send
    header = struct.pack(
        "<HHII8sI", 0x6F, len(packet), facts.session, 0, facts.context, 0
    )
    return header + packet


CONSTANT = Facts(0x11223344, b"ctx12345", "SCADA_Line1", 12, 1, 0)
FRAME = frame(CONSTANT)
COUNT = 64
DIFFERING = tuple(
    Facts(
        session=0x11223344 + 0x01010101 * n,
        context=b"ctx%05d" % (7919 * n % 100_000),
        tag=f"SCADA_Line{1 + n}",
        element=(12 + 37 * n) % 256,
        elements=1 + n,
        offset=4 * n,
    )
    for n in range(COUNT)
)
FRAMES = tuple(frame(facts) for facts in DIFFERING)
# As often the same frame, so that the loop around either costs the same.
SAME = (CONSTANT,) * COUNT
SAME_FRAMES = (FRAME,) * COUNT


def text(size: int) -> str:
    """About so many characters which PATTERN matches to the end."""
    return UNIT * (size // len(UNIT)) + "ab"
