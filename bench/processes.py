# SPDX-License-Identifier: Apache-2.0
"""What can only be measured once in a process: importing, and making the first machine.

Apart from ``measure.py``, which is a program: imported as well, it would run twice.
"""

import subprocess
import sys
import time


class FreshProcessError(Exception):
    """A fresh process failed; the text is the last that it said."""


def python(program: str) -> str:
    """What a program prints, run by this interpreter in a process of its own."""
    command = [sys.executable, "-P", "-c", program]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip() or "it said nothing").splitlines()[-1]
        raise FreshProcessError(last)
    return done.stdout


def fresh_process(setup: str, statement: str) -> float:
    """CPU seconds of a statement, in a process where nothing has run but the setup."""
    program = (
        f"import time\n{setup}\nbegin = time.process_time()\n"
        f"{statement}\nprint(time.process_time() - begin)"
    )
    return float(python(program))


def whole_process(statement: str) -> float:
    """Seconds that a process takes more than one which does nothing.

    By the clock on the wall, because that is what somebody waits for.
    """
    return _wall(statement) - _wall("pass")


def _wall(statement: str) -> float:
    begin = time.perf_counter()
    python(statement)
    return time.perf_counter() - begin
