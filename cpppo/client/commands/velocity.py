# SPDX-License-Identifier: Apache-2.0
"""`powerflex_motor_velocity`: the example of the manual that writes to a drive.

Over `drives`.  Manual, 2.1.7.3.

    python -m cpppo.server.enip.powerflex_motor_velocity @10.0.1.2 123.45
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Sequence
from math import isfinite, nan

from ...errors import CpppoError
from ..drives import powerflex_750_series
from ..printing import Unread, complain, display
from .arguments import HOST, PORT, UsageError, parse_address

__all__ = ["main"]

log = logging.getLogger(__name__)

PROGRAM = "powerflex_motor_velocity"
USAGE = f"usage: {PROGRAM} [@HOST[:PORT]] [VELOCITY]"


def main(argv: Sequence[str] | None = None) -> int:
    """Write a velocity to the drive that the arguments name; the exit status."""
    given = list(sys.argv[1:] if argv is None else argv)
    if {"-h", "--help"} & set(given):
        print(f"{USAGE}\n\nWrite the motor velocity of a PowerFlex drive (0).")
        return 0
    try:
        first = given.pop(0)[1:] if given and given[0].startswith("@") else ""
        host, port = parse_address(first) if first else (HOST, PORT)
        velocity = parse_velocity(given.pop(0)) if given else 0.0
        if given:
            raise UsageError(f"nothing may follow the velocity, but there is {given}")
    except UsageError as exc:
        complain(f"{USAGE}\n{PROGRAM}: error: {exc}")
        return 2
    return written(host, port, f"Motor Velocity = (REAL){velocity}")


def parse_velocity(text: str) -> float:
    try:
        velocity = float(text)
    except ValueError:
        velocity = nan
    if not isfinite(velocity):
        raise UsageError(f"{text!r} is no velocity; a number is expected")
    return velocity


def written(host: str, port: int, param: str) -> int:
    """Write a parameter, and say what came of it."""
    via = powerflex_750_series(host=host, port=port)
    try:
        with via:  # opens the gateway, and closes it if anything goes wrong
            (value,) = via.write(via.parameter_substitution(param), checking=True)
        display(f"{time.ctime()}: {param:<32} == {value}")
    except Unread:
        return 1
    except (CpppoError, OSError) as exc:
        log.debug("%s", param, exc_info=exc)
        complain(f"{PROGRAM}: error: {param}: {exc}")
        return 1
    except KeyboardInterrupt:
        complain(f"{PROGRAM}: interrupted: {param} may have been written or not")
        return 130
    finally:
        via.close_gateway()
    return 0
