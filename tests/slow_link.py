# SPDX-License-Identifier: Apache-2.0
"""A long way to a device, for tests: the relay of ``examples/slow_link.py``.

It runs in a thread, and ends with the test.
"""

from __future__ import annotations

import asyncio
import importlib.util
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from peers import LOOPBACK, PATIENCE, Address

__all__ = ["EXAMPLE", "slow"]

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "slow_link.py"


def example() -> Any:
    """The example, as a module."""
    spec = importlib.util.spec_from_file_location("slow_link_example", EXAMPLE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def slow(
    target: Address, delay: float = 0.1, listen: Address = (LOOPBACK, 0)
) -> Iterator[Address]:
    """Where the way to a target is so many seconds longer, in each direction."""
    there: SimpleQueue[Address] = SimpleQueue()
    ends: SimpleQueue[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = SimpleQueue()
    relay = example().relay

    async def run() -> None:
        stop = asyncio.Event()
        ends.put((asyncio.get_running_loop(), stop))
        await relay(listen, target, delay, there.put, stop)

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    loop, stop = ends.get(timeout=PATIENCE)
    try:
        try:
            address = there.get(timeout=PATIENCE)
        except Empty:
            raise AssertionError(f"nothing listens at {listen}") from None
        yield address
    finally:
        if thread.is_alive():
            loop.call_soon_threadsafe(stop.set)
        thread.join(PATIENCE)
        assert not thread.is_alive()
