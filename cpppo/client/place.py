# SPDX-License-Identifier: Apache-2.0
"""Where a device is: `10.0.0.5`, `plc.example:44818`, `10.0.0.5/1/0`.

Beside `way`, under `line`.  An address, and after its first slash the route that
requests take from there.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..protocol.enip.cpf import PORT
from ..protocol.enip.notation import NotationError, parse_host
from .way import Way

__all__ = ["PORT", "Place"]

FORMS = "a host expected, as in 10.0.0.5, plc.example:44818, [::1] or 10.0.0.5/1/0"


@dataclass(frozen=True, slots=True)
class Place:
    """The address of a device, and the way that requests take from there."""

    host: str
    port: int = PORT
    way: Way = Way()  # noqa: RUF009

    @classmethod
    def of(
        cls,
        text: str,
        port: int | None = None,
        route_path: object = None,
        send_path: object = None,
        simple: bool = False,
    ) -> Place:
        """What people write; what is said twice is refused.  A route may be a way."""
        if not isinstance(text, str):
            raise NotationError(FORMS, repr(text), 0)
        head, slash, route = text.partition("/")
        found = parse_host(head.strip())
        if found is None:
            before, _, after = head.strip().rpartition(":")
            if (
                after
                and (":" not in before or before[-1] == "]")
                and parse_host(before)
            ):
                problem = f"a port is a number from 1 to 65535, not {after!r:.40}"
                raise NotationError(problem, text, text.rindex(":", 0, len(head)) + 1)
            raise NotationError(FORMS, text, 0)
        host, said = found
        if None not in {port, said} and port != said:
            raise NotationError(f"the port is {port}, or this one", text, len(host) + 1)
        if port is not None and not 0 < port < 65536:
            raise NotationError("a port is from 1 to 65535", str(port), 0)
        if slash and (simple or route_path is not None):
            problem = "a route stands here, or is given as route_path; simple is none"
            raise NotationError(problem, text, len(head) + 1)
        if simple and (route_path or send_path):
            problem = "simple means that there is neither route_path nor send_path"
            raise NotationError(problem, str(route_path or send_path), 0)
        if simple:
            route_path, send_path = False, ""
        if isinstance(route_path, Way):
            return cls(host, said or port or PORT, route_path)
        way = Way.of(route if slash else route_path, send_path)
        return cls(host, said or port or PORT, way)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"
