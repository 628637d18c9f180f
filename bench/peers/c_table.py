# SPDX-License-Identifier: Apache-2.0
"""The pattern as a table of octets in C, one load for each: about the floor.

It is optional: without ``cc`` it is reported as skipped.
"""

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from candidate import Absent, Candidate, Candidates, Timed, check
from subject import MEGABYTE, REGEX_OCTETS, text

NAME = "C table of octets, cc -O2"
STATES = 5
ACCEPTING = 2
DEAD = 4
EDGES = ((0, "a", 1), (1, "b", 2), (2, "b", 2), (2, ",", 3), (3, " ", 3), (3, "a", 1))
SOURCE = """
#include <stddef.h>
int run(const unsigned char *text, size_t size, const unsigned char *table, int state) {
    for (size_t i = 0; i < size; i++) state = table[state * 256 + text[i]];
    return state;
}
"""


def table() -> bytes:
    """256 next states for each state of PATTERN."""
    rows = bytearray([DEAD] * (STATES * 256))
    for state, symbol, following in EDGES:
        rows[state * 256 + ord(symbol)] = following
    return bytes(rows)


def compiled() -> Callable[[bytes, int, bytes, int], int]:
    """The loop, compiled and loaded; the file may go once it is."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "table.c"
        library = source.with_suffix(".so")
        source.write_text(SOURCE)
        subprocess.run(
            ["cc", "-O2", "-shared", "-fPIC", "-o", library, source], check=True
        )
        run = ctypes.CDLL(str(library)).run
    run.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_int]
    run.restype = ctypes.c_int
    loop: Callable[[bytes, int, bytes, int], int] = run
    return loop


def expressions() -> Iterator[Candidate]:
    """The table, if there is a compiler."""
    if shutil.which("cc") is None:
        yield Absent(REGEX_OCTETS, NAME, "there is no cc")
        return
    run, rows = compiled(), table()
    octets = text(MEGABYTE).encode()

    def scan(whole: bytes) -> int:
        return run(whole, len(whole), rows, 0)

    check(scan(octets) == ACCEPTING, f"{NAME} does not match")
    check(scan(octets + b"x") == DEAD, f"{NAME} matches everything")
    yield Timed(REGEX_OCTETS, NAME, scan, [octets], octets=len(octets))


def candidates(group: str) -> Candidates:
    """The candidates in C."""
    return [expressions()] if group == "regex" else []
