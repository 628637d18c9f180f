# SPDX-License-Identifier: Apache-2.0
"""Which link leads where: the routing table of a configuration.

Under `routing`, which goes there.  A key is a port and a link, or a range of links; a
value a host and perhaps a port.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from threading import Condition, Thread
from typing import Any

from ....protocol.enip import Port
from ....protocol.enip.cpf import PORT
from ....protocol.enip.notation import NotationError, parse_host, parse_route_path

__all__ = ["Routes", "Target"]

Target = tuple[str, int]

LINKS = re.compile(r"([^/]*)/\s*([0-9]+)\s*-\s*([0-9]+)\s*")


class Routes:
    """Which link leads where: one dictionary access, however many ranges there are."""

    __slots__ = ("_targets", "changed", "lookups")

    def __init__(self, targets: Mapping[tuple[int, int | str], Target]) -> None:
        self._targets = dict(targets)
        # Of all sessions: a resolver that hangs has one thread for each target.
        self.lookups: dict[Target, tuple[Thread, list[Any]]] = {}
        self.changed = Condition()

    def __len__(self) -> int:
        return len(self._targets)

    @property
    def ports(self) -> set[int]:
        """The ports that some route begins with."""
        return {port for port, _ in self._targets}

    def find(self, port: Port) -> Target | None:
        """The host and the port that a hop leads to; None where none is configured."""
        return self._targets.get((port.port, told(port.link)))

    @classmethod
    def parse(cls, routes: object) -> Routes:
        """The table of `{"1/1-15": "localhost:44819", "2/10.0.0.5": "10.0.0.5"}`.

        As a mapping or its JSON text; None or "null" is an empty table.
        """
        targets: dict[tuple[int, int | str], Target] = {}
        keys: dict[tuple[int, int | str], str] = {}
        for key, value in entries(routes).items():
            target = aimed(key, value)
            for link in links(key):
                if link in targets:
                    said = f"{keys[link]!r} has {link[0]}/{link[1]} already"
                    raise NotationError(f"Route {key!r}: {said}", key, 0)
                targets[link], keys[link] = target, key
        return cls(targets)


def entries(routes: object) -> Mapping[str, Any]:
    """A mapping, or that of a JSON text."""
    text = routes if isinstance(routes, str) else f"<{type(routes).__name__}>"
    if isinstance(routes, str):
        try:
            routes = json.loads(text, object_pairs_hook=once) if text.strip() else None
        except (ValueError, RecursionError) as exc:
            place = getattr(exc, "pos", 0)
            raise NotationError(f"Route: no JSON: {exc}", text, place) from None
    if routes is None or routes is False:
        return {}
    if not isinstance(routes, Mapping):
        problem = 'Route: a JSON object expected, as {"1/1-15": "localhost:44819"}'
        raise NotationError(problem, text, 0)
    return routes


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON, which would quietly take the last of two entries."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"{key!r} is there twice")
        found[key] = value
    return found


def told(link: int | str) -> int | str:
    return link.casefold() if isinstance(link, str) else link


def links(key: str) -> list[tuple[int, int | str]]:
    """Each port and link that a key means: `1/3`, `1/1-15`, `2/10.0.0.5`."""
    ranged = LINKS.fullmatch(key)
    whole = f"{ranged[1]}/{ranged[2]}" if ranged else key
    try:
        hops = parse_route_path(whole) or ()
        upper = parse_route_path(f"{ranged[1]}/{ranged[3]}") if ranged else hops
    except NotationError as exc:
        problem = f"Route {key!r}: {exc.problem}"
        raise NotationError(problem, exc.text, exc.place) from None
    if len(hops) != 1 or not upper:
        raise NotationError(f"Route {key!r}: one port/link expected", key, 0)
    first, last = hops[0].link, upper[0].link
    if isinstance(first, str) or isinstance(last, str):
        return [(hops[0].port, told(first))]
    if last < first:
        problem = f"Route {key!r}: the range ends before it begins"
        raise NotationError(problem, key, key.rindex("-") + 1)
    return [(hops[0].port, link) for link in range(first, last + 1)]


def aimed(key: str, value: object) -> Target:
    found = parse_host(value.strip()) if isinstance(value, str) else None
    if found is None:
        text = value if isinstance(value, str) else type(value).__name__
        raise NotationError(f"Route {key!r}: a host or host:port expected", text, 0)
    host, port = found
    return host, port or PORT
