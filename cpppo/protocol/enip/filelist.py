# SPDX-License-Identifier: Apache-2.0
"""File 0 of an SLC 5/03, 5/04 and 5/05: the list of its files.

Over `datafile`.  No publication has its layout; this is what a well-known client reads
from it: how many program files there are at octet 46 and data files at 52, its own size
at 70, and from 79 on a row of ten octets for each data file: type, size in octets, and
seven that are 0 here.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...errors import ProtocolError
from .datafile import CODES, FileType
from .types import UINT

__all__ = ["SIZE", "TYPE", "Files", "listed", "listing"]

Files = Mapping[int, tuple[FileType, int]]  # by number: the type, and the octets

TYPE = 0x01  # of file 0 itself
PROGRAMS, DATA, SIZE, ROWS = 46, 52, 70, 79
ROW = 10
HAS_PROGRAMS = 3  # the system's, a reserved one, and the main program
RESERVED = 0x81  # the type of a number that no file has
LAST = 255  # an SLC has no file with a higher number
LONGEST = 0xFFFF


def listing(files: Files) -> bytes:
    """The octets of file 0."""
    count = max((one for one in files if one <= LAST), default=-1) + 1
    octets = bytearray(ROWS + ROW * count)
    octets += bytes(len(octets) % 2)
    for at, number in ((PROGRAMS, HAS_PROGRAMS), (DATA, count), (SIZE, len(octets))):
        octets[at : at + 2] = UINT.produce(number)
    for number in range(count):
        kind, size = files.get(number, (None, 0))
        code = RESERVED if kind is None else kind.code
        at = ROWS + ROW * number
        octets[at : at + 3] = bytes((code,)) + UINT.produce(min(size, LONGEST))
    return bytes(octets)


def listed(octets: bytes) -> dict[str, int]:
    """The files that file 0 lists: their names, and how many elements they have."""
    if len(octets) < ROWS:
        raise ProtocolError(f"a list of files has {ROWS} octets, not {len(octets)}")
    count = int.from_bytes(octets[DATA : DATA + 2], "little")
    found: dict[str, int] = {}
    for number in range(count):
        row = octets[ROWS + ROW * number :][:ROW]
        if len(row) < 3:
            raise ProtocolError(f"a list of {count} files, and {number} rows")
        kind = CODES.get(row[0])
        size = int.from_bytes(row[1:3], "little")
        if kind is not None:
            found[f"{kind.letter}{number}"] = size // kind.size
    return found
