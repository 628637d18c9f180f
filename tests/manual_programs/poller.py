# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
# ruff: noqa: E402, UP031
"""Manual 2.1.8: a thread that polls; what is printed is said at once."""

import functools
import logging
import sys
import threading
import time

import cpppo

logging.basicConfig(**cpppo.log_cfg)

from cpppo.server.enip import poll
from cpppo.server.enip.ab import powerflex_750_series as device  # PowerFlex 750

print = functools.partial(print, flush=True)
hostname = sys.argv[1] if len(sys.argv) > 1 else "localhost"
params = ["Motor Velocity", "Output Current"]


def failure(exc):
    failure.string.append(str(exc))


failure.string = []  # [ <exc>, ... ]


def process(par, val):
    process.values[par] = val


process.done = False
process.values = {}  # { <parameter>: <value>, ... }

poller = threading.Thread(
    target=poll.poll,
    kwargs={
        "proxy_class": device,
        "address": (hostname, 44818),
        "cycle": 1.0,
        "timeout": 0.5,
        "process": process,
        "failure": failure,
        "params": params,
    },
)
poller.start()

# Monitor the process.values {} and failure.string [] (updated in another Thread)
try:
    while True:
        while process.values:
            par, val = process.values.popitem()
            print("%s: %16s == %r" % (time.ctime(), par, val))
        while failure.string:
            exc = failure.string.pop(0)
            print("%s: %s" % (time.ctime(), exc))
        time.sleep(0.1)
finally:
    process.done = True
    poller.join()
