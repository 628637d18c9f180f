# SPDX-License-Identifier: Apache-2.0
"""How a request reaches a device: straight, or in an Unconnected Send along a route.

Beside `operations`, under `pipeline`.  The manual spells both paths in many ways; here
they are read once.  CIP Vol 1, 3-5.5.2.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import EncodeError
from ..protocol.enip import Class, Instance, Port, Segment
from ..protocol.enip.notation import parse_path_elements, parse_route_path

__all__ = ["MANAGER", "Way"]

MANAGER: tuple[Segment, ...] = (Class(6), Instance(1))


@dataclass(frozen=True, slots=True)
class Way:
    """The route to the device, who sends requests on along it, and for how long."""

    route: tuple[Port, ...] = (Port(1, 0),)
    send: tuple[Segment, ...] = MANAGER
    priority: int = 5  # a tick has 2 ** priority milliseconds
    ticks: int = 157

    def __post_init__(self) -> None:
        if self.route and not self.send:
            raise EncodeError(
                "a route needs somebody who sends requests on along it: a send path, "
                'as "@6/1"; without either (route path false), requests go straight'
            )
        for name, most in (("priority", 15), ("ticks", 255)):
            value = getattr(self, name)
            if not isinstance(value, int) or not 0 <= value <= most:
                raise EncodeError(f"{name} is a number from 0 to {most}")

    @property
    def simple(self) -> bool:
        """Whether requests go to the device as they are."""
        return not self.send

    @classmethod
    def of(
        cls,
        route_path: object = None,
        send_path: object = None,
        priority_time_tick: int | None = None,
        timeout_ticks: int | None = None,
        default: Way | None = None,
    ) -> Way:
        """What the manual's keywords say; what is None is as in the default.

        A route path is `"1/0"`, JSON or segments, and False for none; a send path is
        `"@6/1"`, and empty for nobody.  Without a route, nobody needs to be there.
        """
        base = default or cls()
        route, send = base.route, base.send
        if route_path is not None:
            # "null" on a command line is None here.
            route = parse_route_path(route_path) or ()
        if send_path is not None:
            send = parse_path_elements(send_path)[0] if send_path else ()
        return cls(
            route,
            send,
            base.priority if priority_time_tick is None else priority_time_tick,
            base.ticks if timeout_ticks is None else timeout_ticks,
        )
