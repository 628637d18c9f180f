# SPDX-License-Identifier: Apache-2.0
"""Polling, under the address that the manual gives it; `-m` runs the command.

    python -m cpppo.server.enip.poll -a 10.0.0.5 "Motor Velocity" "Output Current"

An address: what stands here is made in `cpppo.client`.
"""

from __future__ import annotations

import sys

from ... import levels
from ...client.commands.poll import main
from ...client.poll import (
    ParameterMismatch,
    ParameterRefused,
    Poller,
    execute,
    loop,
    poll,
    run,
)

__all__ = [
    "ParameterMismatch",
    "ParameterRefused",
    "Poller",
    "execute",
    "loop",
    "main",
    "poll",
    "run",
]

levels.install()

if __name__ == "__main__":
    sys.exit(main())
