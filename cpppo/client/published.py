# SPDX-License-Identifier: Apache-2.0
"""What programs of 5.2.5 take from its client module, beside its classes.

Over `operations`, for `cpppo.server.enip.client`.  Nothing here is used by the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, repeat
from typing import Any, TypeVar

from ..errors import EncodeError
from ..protocol.enip import notation
from ..protocol.enip.path import Segment
from ..protocol.enip.types import CODES, CIPType
from .values import fitted, literal

__all__ = ["CIP_TYPES", "format_context", "format_path", "parse_context", "recycle"]

T = TypeVar("T")

CONTEXT = 8  # octets of a sender context


def format_path(
    segments: Sequence[Segment | Mapping[str, Any]], count: int | None = None
) -> str:
    """The text of a path: `SCADA[3-6]` of its segments, and of so many elements."""
    nowhere = notation.Scanner("")
    path = [
        one if isinstance(one, Segment) else notation.segment(dict(one), nowhere, 0)
        for one in segments
    ]
    return notation.format_path(path, count)


def format_context(sender_context: bytes | str) -> bytes:
    """A sender context, filled up to its eight octets."""
    octets = (
        sender_context.encode("iso-8859-1")
        if isinstance(sender_context, str)
        else bytes(sender_context)
    )
    if len(octets) > CONTEXT:
        problem = f"a sender context has up to {CONTEXT} octets, not {len(octets)}"
        raise EncodeError(problem)
    return octets.ljust(CONTEXT, b"\0")


def parse_context(sender_context: Iterable[int]) -> bytes:
    """A sender context without what fills it up."""
    return bytes(sender_context).rstrip(b"\0")


def recycle(iterable: Iterable[T], times: int | None = None) -> Iterator[T]:
    """The same values again and again: for ever, or so many times."""
    values = list(iterable)
    again = repeat(values) if times is None else repeat(values, times)
    return chain.from_iterable(again if values else ())


def value_of(kind: type[CIPType], value: object) -> Any:
    """A value, or the text of one, as the type stores it; EncodeError if it cannot."""
    return fitted(kind, [literal(kind, value) if isinstance(value, str) else value])[0]


# Of each type's name: its code, the octets of a value (0: they differ), what fits one.
CIP_TYPES: dict[str, tuple[int, int, Callable[[object], Any]]] = {
    kind.__name__: (code, kind.struct_calcsize, partial(value_of, kind))
    for code, kind in CODES.items()
}
