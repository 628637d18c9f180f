# SPDX-License-Identifier: Apache-2.0
"""What can be noted on a tape: the steps of the postfix program that builds a value.

Beside `lower`, which writes them, and `build`, which does them.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

(
    INT,  # the operand, as it is
    MAKE,  # a record of the last few values
    MARK,  # here a list begins
    LIST,  # the values since the last mark, as a tuple
    TEXT,  # octets of the input in an encoding
    OCTETS,  # octets of the input
    WIDE,  # the operand, as an unsigned number of 64 bits
    CONSTANT,  # a value that was not on the wire
    CONVERT,  # the operand, looked up among an enumeration's members
    UNPACK,  # octets of the input as one number
    NUMBERS,  # octets of the input as a tuple of numbers
    LARGE,  # octets of the input as one integer of any width
    DECODE,  # octets of the input by a codec
    ARRANGE,  # a record of the last few values, in another order
    LATIN,  # octets of the input as the characters of those numbers
) = range(15)


class Actions:
    """The actions of one machine, each once."""

    def __init__(self) -> None:
        self.entries: list[tuple[int, Any, str]] = []
        self.known: dict[tuple[int, Hashable, str], int] = {}

    def number(self, kind: int, argument: Any = None, field: str = "") -> int:
        """The number of an action; `field` names it when it fails."""
        key = (kind, id(argument), field)
        if key not in self.known:
            self.known[key] = len(self.entries)
            self.entries.append((kind, argument, field))
        return self.known[key]
