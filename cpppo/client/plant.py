# SPDX-License-Identifier: Apache-2.0
"""A controller that was browsed, as the text of a file that a simulator is made from.

Under `browsing`, over `catalogue` and `device`; the form is that of
`protocol.enip.plants`.  A program, as in `calls`.  What the controller does not tell is
left out; what no file can say of it stands in comments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import StatusError
from ..protocol.enip.plants import DescribedPlant, DescribedTag, toml
from ..protocol.enip.structures import StructureType
from ..protocol.enip.types import CODES, CIPType
from .browse import Named, Tag
from .calls import Call, Program
from .catalogue import Catalogue
from .device import Device, device, name

__all__ = ["described"]

TOGETHER = 500  # tags that are read in one go
MOST = 0xFFFF  # elements of an operation


def described(line: Catalogue, call: Call, values: bool = False) -> Program[str]:
    """The text of a controller's file; with `values`, what its tags hold now."""
    who = yield from device(line, call)
    tags: Named[Tag] = yield from line.browse(call)
    programs = yield from line.programs(call)
    kinds: Named[type[StructureType]] = yield from line.structures(call)
    held = yield from read(line, call, list(tags.values())) if values else nothing()
    identity = identified(who)
    try:
        identity["name"] = yield from name(line, call)
    except StatusError:
        pass  # it has no such object
    several = [one for one in tags.values() if told(one.type)]
    plant = DescribedPlant(
        identity=identity,
        types=tuple(one for one in kinds.values() if told(one)),
        tags=tuple(
            DescribedTag(one.name, one.sort, held.get(one.name), one.access)
            for one in several
        ),
        programs=programs,
    )
    lines = [f"{who.name}, revision {who.revision}, at {line.place}"]
    lines += tags.refused
    for one in tags.values():
        if not told(one.type):
            lines.append(f"{one.name} ({one.sort}) is left out: its type is not told")
        elif values and one.name not in held:
            lines.append(f"what {one.name} holds could not be read")
        if one.alias:
            lines.append(f"{one.name} is another tag's name there")
    return toml(plant, "\n".join(lines))


def nothing() -> Program[dict[str, Any]]:
    """No values."""
    yield from ()
    return {}


def identified(who: Device) -> dict[str, str | int]:
    """The identity, in the keys of the file."""
    return {
        "product_name": who.name,
        "revision": who.revision,
        "vendor": who.vendor,
        "device_type": who.device_type,
        "product_code": who.product_code,
        "serial": who.serial,
        "status": who.status,
    }


def told(kind: type[CIPType]) -> bool:
    """Whether all that a type is made of is known."""
    if not issubclass(kind, StructureType):
        return kind.tag_type in CODES
    inside = [one.type for one in kind.visible()]
    return bool(inside) and all(map(told, inside))


def read(line: Catalogue, call: Call, tags: Sequence[Tag]) -> Program[dict[str, Any]]:
    """What the tags hold, by their names; None for what they begin with."""
    found: dict[str, Any] = {}
    several = [one for one in tags if told(one.type) and one.elements <= MOST]
    for at in range(0, len(several), TOGETHER):
        some = several[at : at + TOGETHER]
        results = yield from line.read(call, [one.whole for one in some])
        for one, result in zip(some, results, strict=True):
            if result.ok:
                held = None if blank(result.value) else one.shaped(result.value)
                found[one.name] = held
    return found


def blank(value: Any) -> bool:
    """Whether a value is what a tag has at the beginning."""
    if isinstance(value, Mapping):
        return all(map(blank, value.values()))
    if isinstance(value, list):
        return all(map(blank, value))
    return not value
