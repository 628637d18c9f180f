# SPDX-License-Identifier: Apache-2.0
"""The two programs in C that the simulators are measured with, compiled on demand.

``enipload.c`` asks and verifies every reply, ``enipsink.c`` answers and stores nothing:
the yardstick.  They are compiled into ``.envs/c-programs``, and again when their source
or the compiler has changed.
"""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from environments import BENCH, ENVIRONMENTS, UnavailableError, cause, make_room

FOLDER = ENVIRONMENTS / "c-programs"
OPTIONS = ("-O2", "-Wall")
LOAD = "enipload"
RESPONDER = "enipsink"


def program(name: str) -> Path:
    """A program that can be run; UnavailableError says why there is none."""
    compiler = (os.environ.get("CC") or "cc").split()
    found = shutil.which(compiler[0])
    if found is None:
        raise UnavailableError(f"there is no C compiler ({compiler[0]})")
    source = BENCH / f"{name}.c"
    command = [found, *compiler[1:], *OPTIONS, "-o", str(FOLDER / name), str(source)]
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
