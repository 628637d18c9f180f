# SPDX-License-Identifier: Apache-2.0
"""A controller that was browsed, as the text of a file that a simulator is made from.

Under `browsing` and `command`, over `catalogue` and `device`; the form is that of
`protocol.enip.plants`.  A program, as in `calls`.  What the controller does not tell is
left out; what no file can say of it stands in comments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import StatusError
from ..protocol.enip.plants import DescribedPlant, DescribedTag, toml
from ..protocol.enip.structures import StructureType
from ..protocol.enip.types import CODES
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
    left = [one for one in tags.values() if not sayable(one)]
    lines = [f"{who.name}, revision {who.revision}, at {line.place}"]
    lines += [f"{one.name} ({one.sort}) is left out" for one in left]
    lines += [
        f"{one.name} is another tag's name there" for one in tags.values() if one.alias
    ]
    plant = DescribedPlant(
        identity=identity,
        types=tuple(kinds.values()),
        tags=tuple(
            DescribedTag(one.name, one.sort, held.get(one.name), one.access)
            for one in tags.values()
            if sayable(one)
        ),
        programs=programs,
    )
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


def sayable(one: Tag) -> bool:
    """Whether a file can say its type."""
    if issubclass(one.type, StructureType):
        return ":" not in one.type.__name__ and told(one.type)
    return one.type.tag_type in CODES


def told(kind: type[StructureType]) -> bool:
    """Whether all that a structure is made of is known."""
    inside = [one.type for one in kind.visible()]
    return bool(inside) and all(
        told(one) if issubclass(one, StructureType) else one.tag_type in CODES
        for one in inside
    )


def read(line: Catalogue, call: Call, tags: Sequence[Tag]) -> Program[dict[str, Any]]:
    """What the tags hold that is not blank, by their names."""
    found: dict[str, Any] = {}
    several = [one for one in tags if sayable(one) and one.elements <= MOST]
    for at in range(0, len(several), TOGETHER):
        some = several[at : at + TOGETHER]
        results = yield from line.read(call, [one.whole for one in some])
        for one, result in zip(some, results, strict=True):
            if result.ok and not blank(result.value):
                found[one.name] = one.shaped(result.value)
        line.renew(call)
    return found


def blank(value: Any) -> bool:
    """Whether a value is what a tag has at the beginning."""
    if isinstance(value, Mapping):
        return all(map(blank, value.values()))
    if isinstance(value, list):
        return all(map(blank, value))
    return not value
