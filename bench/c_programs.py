# SPDX-License-Identifier: Apache-2.0
"""The programs in C that simulators and clients are measured with, compiled on demand.

``enipload.c`` asks and verifies every reply, ``enipsink.c`` answers and stores nothing:
the yardsticks.  ``plctagbench.c`` asks with libplctag, where LIBPLCTAG names a folder
that has its header and its library.  They are compiled into ``.envs/c-programs``, and
again when their source or the compiler has changed.
"""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from environments import BENCH, ENVIRONMENTS, UnavailableError, cause, make_room

FOLDER = ENVIRONMENTS / "c-programs"
OPTIONS = ("-O2", "-Wall")
LOAD = "enipload"
RESPONDER = "enipsink"
PLCTAG = "plctagbench"
PLCTAG_HEADER = "libplctag.h"
PLCTAG_LIBRARIES = ("libplctag.a", "libplctag.so")


def plctag_options() -> tuple[str, ...]:
    """What the compiler needs to find libplctag, which no index of packages has."""
    folder = os.environ.get("LIBPLCTAG")
    if not folder:
        raise UnavailableError(
            "neither PyPI nor Debian has libplctag: build it, and name the folder of "
            f"its {PLCTAG_HEADER} and library in LIBPLCTAG"
        )
    home = Path(folder).resolve()
    found = [home / name for name in PLCTAG_LIBRARIES if (home / name).is_file()]
    if not found or not (home / PLCTAG_HEADER).is_file():
        raise UnavailableError(
            f"LIBPLCTAG={folder} has no {PLCTAG_HEADER} with one of "
            f"{', '.join(PLCTAG_LIBRARIES)}"
        )
    return f"-I{home}", str(found[0]), f"-Wl,-rpath,{home}", "-lpthread"


def program(name: str, options: Sequence[str] = ()) -> Path:
    """A program that can be run; UnavailableError says why there is none."""
    compiler = (os.environ.get("CC") or "cc").split()
    found = shutil.which(compiler[0])
    if found is None:
        raise UnavailableError(f"there is no C compiler ({compiler[0]})")
    source = BENCH / f"{name}.c"
    command = [found, *compiler[1:], *OPTIONS, "-o", str(FOLDER / name), str(source)]
    command += options
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    made_from = "\n".join([*command, digest])
    stamp = FOLDER / f"{name}.made-from"
    if not stamp.is_file() or stamp.read_text() != made_from:
        make_room()
        FOLDER.mkdir(exist_ok=True)
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode:
            reason = cause(done.stdout + done.stderr)
            raise UnavailableError(f"{source.name} does not compile here: {reason}")
        stamp.write_text(made_from)
    return FOLDER / name
