# SPDX-License-Identifier: Apache-2.0
"""The manual's example of polling: one poller, in a thread of its own.

    python -m cpppo.server.enip.poll_example [HOST[:PORT]]

Polls a PowerFlex 750; `python -m cpppo.server.enip.poll_test` is one, simulated.  Stop
and start it meanwhile, to see what a poller makes of that.  ^C ends it.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Sequence

from ... import levels
from ...client.commands.watch import Process, parse_target
from ...client.drives import powerflex_750_series as device
from ...client.poll import poll

__all__ = ["main"]

# Parameters valid for the device; for *Logix and others, and their proxy, try:
# params = [("@1/1/1", "INT"), ("@1/1/7", "SSTRING")]
PARAMS = ["Motor Velocity", "Output Current"]


def main(argv: Sequence[str] | None = None) -> int:
    """Poll until ^C; the exit status."""
    levels.install()
    logging.basicConfig(**levels.log_cfg)
    address = parse_target("poll_example", argv)
    if isinstance(address, int):
        return address
    process = Process(time.ctime)
    poller = threading.Thread(
        target=poll,
        kwargs={
            "proxy_class": device,
            "address": address,
            "cycle": 1.0,
            "timeout": 0.5,
            "process": process,
            "failure": process.failure,
            "params": PARAMS,
        },
    )
    poller.start()
    try:
        return process.show()
    finally:
        poller.join()


if __name__ == "__main__":
    sys.exit(main())
