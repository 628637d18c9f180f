# SPDX-License-Identifier: Apache-2.0
"""The manual's example of many pollers: different rates, one connection.

    python -m cpppo.server.enip.poll_example_many [HOST[:PORT]]

Polls a PowerFlex 750, as `poll_example` does, from several threads that share one
proxy.  The times are in UTC.  ^C ends it.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from queue import SimpleQueue
from typing import Any

from ... import levels
from ...client.arguments import UsageError, parse_address
from ...client.drives import powerflex_750_series as device
from ...client.poll import poll
from ...client.printing import Unread, display

__all__ = ["main"]

# Seconds of a cycle, and what is polled so often.
TARGETS = (
    (0.5, ["Output Frequency"]),
    (1.0, ["Motor Velocity", "Output Current"]),
    (5.0, ["Elapsed KwH"]),
    (10.0, ["Speed Units"]),
)


def stamp() -> str:
    """The time, to the millisecond."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


class Process:
    """Where all pollers' threads put what they have polled."""

    def __init__(self) -> None:
        self.done = False
        self.lines: SimpleQueue[str] = SimpleQueue()

    def __call__(self, par: Any, val: Any) -> None:
        self.lines.put(f"{stamp()}: {par:>16} == {val!r}")

    def failure(self, exc: Exception) -> None:
        self.lines.put(f"{stamp()}: {exc}")


def main(argv: Sequence[str] | None = None) -> int:
    """Poll until ^C; the exit status."""
    levels.install()
    logging.basicConfig(**levels.log_cfg)
    arguments = sys.argv[1:] if argv is None else argv
    try:
        host, port = parse_address(arguments[0] if arguments else "localhost")
    except UsageError as exc:
        print(f"poll_example_many: {exc}", file=sys.stderr)
        return 2
    process = Process()
    via = device(host=host, port=port, timeout=0.5)
    pollers = [
        threading.Thread(
            target=poll,
            kwargs={
                "via": via,
                "cycle": cycle,
                "process": process,
                "failure": process.failure,
                "params": params,
            },
        )
        for cycle, params in TARGETS
    ]
    for poller in pollers:
        poller.start()
    try:
        while True:
            display(process.lines.get())
    except (KeyboardInterrupt, Unread):
        return 0
    finally:
        process.done = True
        for poller in pollers:
            poller.join()
        via.close_gateway()


if __name__ == "__main__":
    sys.exit(main())
