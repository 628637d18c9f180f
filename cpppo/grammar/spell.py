# SPDX-License-Identifier: Apache-2.0
"""Every way to write some values: what a guard has to compare with.

Beside `emit`, which writes one way, the first that fits.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any


def every_spelling(values: tuple[Any, ...]) -> Iterator[bytes]:
    """The octets of these values one after the other, in each combination of ways."""
    ways = [list(type(value).engine().spellings(value)) for value in values]
    for way in product(*ways):
        yield b"".join(way)
