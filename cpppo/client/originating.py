# SPDX-License-Identifier: Apache-2.0
"""Forward Open and Close by the published keywords: `O_T`, `T_O`, `connection_path`.

Under `raw` and `implicit`, over `opening`.  No input or output.  A direction is a
dictionary: `size` and `RPI` (microseconds) above all, then `connection_ID`, `type`,
`priority`, `variable`, `redundant` and `large`, or all of its parameters as a number,
`NCP`.  What is not said is as in `opening`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from secrets import randbits
from typing import Any

from ..errors import EncodeError
from ..protocol.enip import (
    ForwardClose,
    ForwardOpen,
    LargeForwardOpen,
    Parameters,
    Path,
    Request,
    RoutePath,
    Segment,
)
from ..protocol.enip.notation import (
    NotationError,
    Scanner,
    parse_path_elements,
    parse_route_path,
    segment,
)
from ..protocol.enip.samples import MANAGER
from .given import aimed
from .opening import Terms
from .values import display, whole

__all__ = ["DIRECTION", "along", "forward_close", "forward_open", "terms"]

DIRECTION = frozenset(
    (
        "size",
        "RPI",
        "connection_ID",
        "type",
        "priority",
        "variable",
        "redundant",
        "large",
        "NCP",
    )
)
SWITCHES = frozenset(("variable", "redundant", "large"))  # all others are numbers
# The published names of what `Terms` has.
TERMS = {
    "priority_time_tick": "priority",
    "timeout_ticks": "ticks",
    "O_vendor": "vendor",
    "O_serial": "originator",
    "connection_serial": "serial",
    "transport_class_triggers": "transport",
    "connection_timeout_multiplier": "multiplier",
}


def along(path: object) -> tuple[Segment, ...]:
    """A connection path: `1/0/@2/1`, a route and where it ends, or segments.

    A segment may be a dictionary, as in `{"port": 1, "link": 0}` and `{"class": 2}`.
    """
    if isinstance(path, Path):
        return path.segments
    if isinstance(path, str):
        route, at, end = path.partition("@")
        ports = parse_route_path(route.rstrip("/") or False) or ()
        return (*ports, *(parse_path_elements(at + end)[0] if at else ()))
    if isinstance(path, Mapping):
        try:
            return (segment(dict(path), Scanner(""), 0),)
        except NotationError as exc:
            raise EncodeError(f"{exc.problem}, not {display(path):.60}") from None
    if isinstance(path, Iterable):
        found: list[Segment] = []
        for one in path:
            found += [one] if isinstance(one, Segment) else along(one)
        return tuple(found)
    raise EncodeError(f"a connection path is a text such as 1/0/@2/1, not {path!r}")


def directed(name: str, given: Mapping[str, Any] | None) -> dict[str, Any]:
    """What is said of one direction; what nobody knows is refused."""
    if not isinstance(given, Mapping | None):
        problem = 'is a dictionary, as in {"size": 500}'
        raise EncodeError(f"{name} {problem}, not {display(given):.40}")
    said = {key: one for key, one in (given or {}).items() if one is not None}
    if unknown := said.keys() - DIRECTION:
        known = ", ".join(sorted(DIRECTION))
        raise EncodeError(f"{name} has no {min(unknown)!r}; known: {known}")
    for key in said.keys() - SWITCHES:
        if whole(said[key]) is None:
            shown = f"{display(said[key]):.40}"
            raise EncodeError(f"{key} of {name} is a whole number, not {shown}")
    return said


def parameters(said: Mapping[str, Any], standard: Terms) -> tuple[int, bool]:
    """The parameters of a direction as a number, and whether it is a large one."""
    if "NCP" in said:
        number = int(said["NCP"])
        return number, bool(said.get("large", number > 0xFFFF))
    size = said.get("size", standard.size)
    large = bool(said.get("large", size > Parameters.largest(False)))
    made = Parameters(
        size,
        said.get("type", 2),
        said.get("priority", 0),
        bool(said.get("variable", True)),
        bool(said.get("redundant", False)),
    )
    return made.encode(large), large


def named(given: Mapping[str, Any]) -> dict[str, Any]:
    """What published names say, by the names that `Terms` has."""
    if unknown := given.keys() - TERMS.keys():
        raise EncodeError(f"Forward Open takes no {min(unknown)!r}")
    return {TERMS[name]: one for name, one in given.items() if one is not None}


def forward_open(
    path: object,
    connection_path: object,
    given: Mapping[str, Any],
    target: Mapping[str, Any] | None,
    originator: Mapping[str, Any] | None,
) -> Request:
    """The request: to whom, where it leads, O->T and T->O; large if either needs it."""
    standard = replace(Terms(), **named(given))
    to_target, to_originator = directed("O_T", target), directed("T_O", originator)
    large = any(parameters(one, standard)[1] for one in (to_target, to_originator))
    said = [
        {**one, "large": one.get("large", large)} for one in (to_target, to_originator)
    ]
    numbers = [parameters(one, standard)[0] for one in said]
    kind: Any = LargeForwardOpen if large else ForwardOpen
    asked: Request = kind(
        path=aimed(path)[0] if path is not None else MANAGER,
        priority=standard.priority,
        ticks=standard.ticks,
        to_target=to_target.get("connection_ID", 0),
        to_originator=to_originator.get("connection_ID") or randbits(32) or 1,
        serial=randbits(16) if standard.serial is None else standard.serial,
        vendor=standard.vendor,
        originator=standard.originator,
        multiplier=standard.multiplier,
        target_interval=to_target.get("RPI", standard.interval),
        target_parameters=numbers[0],
        originator_interval=to_originator.get("RPI", standard.interval),
        originator_parameters=numbers[1],
        transport=standard.transport,
        connection=Path(along(connection_path)),
    )
    return asked


def forward_close(
    path: object, connection_path: object, given: Mapping[str, Any]
) -> Request:
    """The request that closes it: known by its serial number, and by who opened it."""
    standard = replace(Terms(), **named(given))
    if standard.serial is None:
        raise EncodeError("a connection is closed by its connection_serial")
    return ForwardClose(
        path=aimed(path)[0] if path is not None else MANAGER,
        priority=standard.priority,
        ticks=standard.ticks,
        serial=standard.serial,
        vendor=standard.vendor,
        originator=standard.originator,
        connection=RoutePath(along(connection_path)),
    )


def terms(
    configuration: Mapping[str, Any] | None,
    connection_path: object,
    target: Mapping[str, Any] | None,
    originator: Mapping[str, Any] | None,
    given: Mapping[str, Any],
) -> Terms:
    """What to open a connection with: a configuration, and what is said besides."""
    base = dict(configuration or {})
    told = base.pop("connection_path", None)
    path = told if connection_path is None else connection_path
    several = [
        directed(name, base.pop(name, None)) | directed(name, said)
        for name, said in (("O_T", target), ("T_O", originator))
    ]
    found = named(base) | named(given)
    standard = Terms()
    sizes = [one["size"] for one in several if "size" in one]
    intervals = [one["RPI"] for one in several if "RPI" in one]
    for one in several:
        if extra := one.keys() - {"size", "RPI"}:
            name = min(extra)
            raise EncodeError(f"{name!r} is for forward_open; a size and RPI are here")
    return replace(
        standard,
        size=min(sizes, default=standard.size),
        interval=max(intervals, default=standard.interval),
        path=None if path is None else along(path),
        **found,
    )
