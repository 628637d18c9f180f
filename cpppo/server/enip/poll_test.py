# SPDX-License-Identifier: Apache-2.0
"""An example: a simulated PowerFlex 750, for polling it.

    python -m cpppo.server.enip.poll_test

Its parameters are REAL attributes, but for one, at @0x93/<parameter>/10, and can be
read and written by these numbers or by their names.  It has no routes, as the drive
has none; all options, and more tags, are those of `enip_server`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from .cip.attribute import Attribute
from .main import main as enip_main

__all__ = ["PARAMETERS", "Attribute_parameter", "main"]

# Each with its number, its type, and the value that it has at first.
PARAMETERS: dict[str, tuple[int, str, float]] = {
    "Output Frequency": (1, "REAL", 456.78),
    "Motor Velocity": (3, "REAL", 789.01),
    "Output Current": (7, "REAL", 123.45),
    "Output Voltage": (8, "REAL", 460.0),
    "Output Power": (9, "REAL", 12.5),
    "DC Bus Volts": (11, "REAL", 0.08),
    "Elapsed MWh": (13, "REAL", 0.98),
    "Elapsed KwH": (14, "REAL", 987.65),
    "Elapsed Run Time": (15, "REAL", 1234.5),
    "Rated Volts": (20, "REAL", 480.0),
    "Rated Amps": (21, "REAL", 156.0),
    "Rated KW": (22, "REAL", 110.0),
    "Speed Units": (300, "DINT", 1),
}


class Attribute_parameter(Attribute):  # as the published examples name theirs
    """An attribute that has its parameter's value at first, if it is one of these."""

    def __init__(
        self, name: str, type_cls: Any, default: Any = None, **kwds: Any
    ) -> None:
        if default is None and name in PARAMETERS:
            default = PARAMETERS[name][2]
        super().__init__(name, type_cls, default, **kwds)


def main(argv: Sequence[str] | None = None, **kwds: Any) -> int:
    """Simulate the drive until stopped; the exit status."""
    # What is said last holds: who asks for routes has them.
    arguments = ["-S", *(sys.argv[1:] if argv is None else argv)]
    arguments += [
        f"{name}@0x93/{number}/10={kind}"
        for name, (number, kind, _) in PARAMETERS.items()
    ]
    return enip_main(arguments, attribute_class=Attribute_parameter, **kwds)


if __name__ == "__main__":
    sys.exit(main())
