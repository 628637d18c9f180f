# SPDX-License-Identifier: Apache-2.0
"""What options of `enip_client` exclude each other: of who browses, and of data files.

Under `options`, over `arguments`.  Rules.  What would be of no use is refused, under
the name by which it was said.  A value that changes nothing is harmless.  An argument
wins over the variables that it excludes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .arguments import UsageError, parse_address

__all__ = ["PATHS", "PREFIX", "TICKS", "browsed", "filed"]

PREFIX = "ENIP_CLIENT_"  # of variables
PATHS = ("route_path", "send_path")
TICKS = ("priority_time_tick", "timeout_ticks")
# What is of no use to data files, and the values of it that change nothing.
TAGS_ONLY = (
    *("udp", "broadcast", "multiple", "depth", "fragment", "browse", "browse_values"),
    *("list_services", "list_identity", "list_interfaces", "legacy"),
)
# What is of no use to who browses: all comes in one text, asked for in its own way.
OPERATIONS_ONLY = ("json", "printing", "repeat", "multiple", "depth", "fragment")
HARMLESS: dict[str, tuple[int, ...]] = {
    "multiple": (0,),
    "depth": (0, 1),
    "repeat": (1,),
    "printing": (True,),
    "legacy": (),  # whatever its number is
}


def browsed(said: dict[str, Any], told: dict[str, Any], texts: list[str]) -> list[str]:
    """The operations of who browses, which are none: an argument is an address."""
    several = [one for one in ("browse_values", "browse") if said.get(one)]
    name = next((one for one in several if one in told), several[0])
    wrong = dropped(said, told, name, OPERATIONS_ONLY)
    if wrong:
        who = spelt(name, told)
        raise UsageError(f"{who} writes a whole controller, as one text: no {wrong}")
    said["browse"] = True
    if len(texts) > 1:
        problem = "--browse writes a whole controller: an address expected, and no tags"
        raise UsageError(f"{problem}, not {' '.join(texts)!r}")
    if texts and "address" in told:
        raise UsageError(f"the address is said twice: by -a, and by {texts[0]!r}")
    if texts:
        said["address"] = parse_address(texts[0])
    return []


def filed(said: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    """What is said to who asks for data files; UsageError for what is for tags."""
    said = dict(said)
    wrong = dropped(said, told, "pccc", TAGS_ONLY, TICKS)
    who = spelt("pccc", told)
    if wrong:
        raise UsageError(f"{who} is for data files, one after the other: no {wrong}")
    ticks = [name for name in TICKS if name in told]
    if ticks and not said.keys() & set(PATHS):
        problem = "goes straight unless a --route-path is said"
        raise UsageError(f"{who} {problem}: no {spelt(ticks[0], told)} without it")
    return said


def dropped(
    said: dict[str, Any],
    told: Mapping[str, Any],
    who: str,
    names: Sequence[str],
    more: Sequence[str] = (),
) -> str:
    """Which of the names are said, and of no use; an argument drops such variables.

    `more` are variables that it drops, too.
    """
    wrong = [
        name
        for name in names
        if name in said and said[name] not in HARMLESS.get(name, (False,))
    ]
    if who in told:
        for name in (*wrong, *more):
            if name not in told:
                said.pop(name, None)
        wrong = [name for name in wrong if name in told]
    return ", no ".join(spelt(name, told) for name in wrong)


def spelt(name: str, told: Mapping[str, Any]) -> str:
    """An option as it was said: an argument, or a variable."""
    if name == "printing":
        return "--no-print" if name in told else PREFIX + "NO_PRINT"
    return f"--{name.replace('_', '-')}" if name in told else PREFIX + name.upper()
