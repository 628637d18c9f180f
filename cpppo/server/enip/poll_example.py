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
from queue import SimpleQueue
from typing import Any

from ... import levels
from ...client.arguments import UsageError, parse_address
from ...client.drives import powerflex_750_series as device
from ...client.poll import poll
from ...client.printing import Unread, display

__all__ = ["main"]

# Parameters valid for the device; for *Logix and others, and their proxy, try:
# params = [("@1/1/1", "INT"), ("@1/1/7", "SSTRING")]
PARAMS = ["Motor Velocity", "Output Current"]


class Process:
    """Where the poller's thread puts what it has polled."""

    def __init__(self) -> None:
        self.done = False
        self.lines: SimpleQueue[str] = SimpleQueue()

    def __call__(self, par: Any, val: Any) -> None:
        self.lines.put(f"{time.ctime()}: {par:>16} == {val!r}")

    def failure(self, exc: Exception) -> None:
        self.lines.put(f"{time.ctime()}: {exc}")


def main(argv: Sequence[str] | None = None) -> int:
    """Poll until ^C; the exit status."""
    levels.install()
    logging.basicConfig(**levels.log_cfg)
    arguments = sys.argv[1:] if argv is None else argv
    try:
        address = parse_address(arguments[0] if arguments else "localhost")
    except UsageError as exc:
        print(f"poll_example: {exc}", file=sys.stderr)
        return 2
    process = Process()
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
    # What the other thread has polled is shown here, in the main thread.
    try:
        while True:
            display(process.lines.get())
    except (KeyboardInterrupt, Unread):
        return 0
    finally:
        process.done = True
        poller.join()


if __name__ == "__main__":
    sys.exit(main())
