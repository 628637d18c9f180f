# SPDX-License-Identifier: Apache-2.0
"""A long way to a device: whatever passes through here comes later.

    python examples/slow_link.py LISTEN TARGET DELAY

Connections to LISTEN ([host]:port) go on to TARGET (host:port), and all that is sent
arrives DELAY seconds later, each way: 0.1 is a round trip of 200 ms, as by satellite.
It is late, not slow: as much may be under way as one likes.  ^C ends it.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable

__all__ = ["Address", "relay"]

Address = tuple[str, int]

CHUNK = 65536
UNDER_WAY = 1024
"""Pieces of a connection that are under way at most, in one direction."""


async def take(
    reader: asyncio.StreamReader, way: asyncio.Queue[tuple[float, bytes]], delay: float
) -> None:
    """What comes in, with the time when it is due; the end too."""
    now = asyncio.get_running_loop().time
    octets = b" "
    while octets:
        try:
            octets = await reader.read(CHUNK)
        except OSError:
            octets = b""
        await way.put((now() + delay, octets))


async def give(
    way: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter
) -> None:
    """What is due, in the order that it came; then the end."""
    now = asyncio.get_running_loop().time
    while True:
        due, octets = await way.get()
        await asyncio.sleep(due - now())
        if not octets:
            writer.write_eof()
            return
        writer.write(octets)
        await writer.drain()


async def carry(
    here: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    there: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    delay: float,
) -> None:
    """One connection, until both sides have ended it, or one has gone."""
    tasks = []
    for (reader, _), (_, writer) in ((here, there), (there, here)):
        way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(UNDER_WAY)
        tasks.append(asyncio.create_task(take(reader, way, delay)))
        tasks.append(asyncio.create_task(give(way, writer)))
    try:
        await asyncio.gather(*tasks)
    except OSError:
        pass  # who was to have it has gone
    finally:
        for task in tasks:
            task.cancel()
        for _, writer in (here, there):
            writer.close()


async def relay(
    listen: Address,
    target: Address,
    delay: float,
    ready: Callable[[Address], None],
    stop: asyncio.Event,
) -> None:
    """A slow link, until it is to stop; `ready` has the address where it listens."""
    links: set[asyncio.Task[None]] = set()

    async def link(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there = await asyncio.open_connection(*target)
        except OSError:
            writer.close()
            return
        await carry((reader, writer), there, delay)

    def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(link(reader, writer))
        links.add(task)
        task.add_done_callback(links.discard)

    server = await asyncio.start_server(accepted, *listen)
    ready(server.sockets[0].getsockname()[:2])
    await stop.wait()
    server.close()
    going = list(links)
    for task in going:
        task.cancel()
    await asyncio.gather(*going, return_exceptions=True)


def address(text: str) -> Address:
    """A host and a port; all addresses of this host, where none is named."""
    host, _, port = text.rpartition(":")
    if not port.isdigit():
        sys.exit(f"[host]:port expected, not {text!r}")
    return host, int(port)


def main() -> None:
    """The command."""
    if len(sys.argv) != 4:
        sys.exit("usage: slow_link.py LISTEN TARGET DELAY")
    listen, target = address(sys.argv[1]), address(sys.argv[2])
    try:
        delay = float(sys.argv[3])
    except ValueError:
        sys.exit(f"DELAY is a number of seconds, not {sys.argv[3]!r}")

    def ready(there: Address) -> None:
        print(f"{there[0]}:{there[1]} to {sys.argv[2]}, {delay:g} s each way")
        sys.stdout.flush()

    try:
        asyncio.run(relay(listen, target, delay, ready, asyncio.Event()))
    except KeyboardInterrupt:
        pass
    except OSError as error:
        sys.exit(f"{sys.argv[1]}: {error}")


if __name__ == "__main__":
    main()
