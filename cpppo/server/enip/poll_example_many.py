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

from ... import levels
from ...client.commands.watch import Process, parse_target
from ...client.drives import powerflex_750_series as device
from ...client.poll import poll

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


def main(argv: Sequence[str] | None = None) -> int:
    """Poll until ^C; the exit status."""
    levels.install()
    logging.basicConfig(**levels.log_cfg)
    address = parse_target("poll_example_many", argv)
    if isinstance(address, int):
        return address
    host, port = address
    process = Process(stamp)
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
        return process.show()
    finally:
        for poller in pollers:
            poller.join()
        via.close_gateway()


if __name__ == "__main__":
    sys.exit(main())
