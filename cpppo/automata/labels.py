# SPDX-License-Identifier: Apache-2.0
"""What edges say, in words for people: `[a-z0-9]`, `0x00-0x1f`, `any`, `ε`.

Above `machine` alone; the pictures and tables of `draw` are labelled by this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from .states import state

__all__ = ["ANY", "NOTHING", "printable", "speaks_text", "symbols"]

ANY = "any"
OTHER = "any other"
NOTHING = "ε"

OCTETS = 0xFF
UNICODE = 0x10FFFF
RANGES_SHOWN = 12

Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys of edges, sorted by what they stand for."""

    characters: list[Range]
    octets: list[Range]
    words: list[str]

    @classmethod
    def of(cls, keys: Iterable[Any], text: bool) -> Keys:
        """`text` says that numbers in ranges are characters."""
        characters: list[Range] = []
        octets: list[Range] = []
        words: list[str] = []
        for key in keys:
            if callable(key):
                ranges = getattr(key, "ranges", None)
                if ranges is None:
                    words.append(getattr(key, "__name__", type(key).__name__))
                else:
                    (characters if text else octets).extend(ranges)
            elif isinstance(key, str) and len(key) == 1:
                characters.append((ord(key), ord(key)))
            elif isinstance(key, int) and key >= 0:
                octets.append((key, key))
            else:
                words.append(repr(key))
        return cls(merged(characters), merged(octets), words)


def symbols(keys: Sequence[Any], beside: Sequence[Any] = (), text: bool = False) -> str:
    """Keys of edges, in as few words as will do.

    A wildcard takes whatever is not `beside` it, the keys that lead elsewhere.
    """
    nothing = [NOTHING for key in keys if key is None]
    if any(key is True for key in keys):
        return " ".join([rest(beside, text), *nothing])
    known = Keys.of((key for key in keys if key is not None), text)
    classes = (text_class(known.characters), octet_class(known.octets))
    return " ".join([*filter(None, classes), *known.words, *nothing])


def rest(beside: Sequence[Any], text: bool) -> str:
    """What a wildcard takes: `any`, or `[^x]` if what it leaves is as simple."""
    if not beside:
        return ANY
    known = Keys.of(beside, text)
    if known.octets or known.words or len(known.characters) > RANGES_SHOWN:
        return OTHER
    return text_class(complement(known.characters, UNICODE))


def speaks_text(place: state) -> bool:
    """Whether a state's symbols are characters, as far as it or its targets know."""
    targets = [target for _key, edge in place.edges() for target in edge.states()]
    for known in (place, *targets):
        if known.alphabet is not None:
            return known.alphabet is str
    return any(isinstance(key, str) for key in place.exact)


def merged(ranges: Iterable[Range]) -> list[Range]:
    """The ranges in order, and those that touch as one."""
    whole: list[Range] = []
    for low, high in sorted(ranges):
        if whole and low <= whole[-1][1] + 1:
            whole[-1] = (whole[-1][0], max(high, whole[-1][1]))
        else:
            whole.append((low, high))
    return whole


def complement(ranges: Sequence[Range], top: int) -> list[Range]:
    """What is left of 0 to `top`."""
    edges = [-1, *(edge for low, high in ranges for edge in (low, high)), top + 1]
    gaps = zip(edges[::2], edges[1::2], strict=True)
    return [(low + 1, high - 1) for low, high in gaps if low + 1 <= high - 1]


def text_class(ranges: list[Range]) -> str:
    """Characters as a regular expression writes them."""
    if not ranges:
        return ""
    if len(ranges) == 1 and ranges[0][0] == ranges[0][1]:
        alone = chr(ranges[0][0])
        if alone.isascii() and alone.isalnum():
            return alone
    opening = "["
    if ranges[-1][1] >= UNICODE:
        opening = "[^"
        ranges = complement(ranges, UNICODE)
        if not ranges:
            return ANY
    ordered = sorted(ranges, key=lambda span: (kind(span[0]), span))
    return opening + "".join(shown(ordered, character, "")) + "]"


def kind(code: int) -> int:
    """Letters before digits before the rest, as people write a class."""
    return 0 if chr(code).isalpha() else 1 if chr(code).isdigit() else 2


def character(code: int) -> str:
    """One character inside a class."""
    text = chr(code)
    if text in "\\]^-":
        return "\\" + text
    return text if text.isprintable() else repr(text)[1:-1]


def octet_class(ranges: list[Range]) -> str:
    """Octets in hexadecimal."""
    if ranges == [(0, OCTETS)]:
        return ANY
    return " ".join(shown(ranges, "0x{:02x}".format, " "))


def shown(
    ranges: Sequence[Range], spell: Callable[[int], str], between: str
) -> Iterator[str]:
    """Each range spelled, up to as many as anybody reads."""
    for low, high in ranges[:RANGES_SHOWN]:
        hyphen = "-" if high - low > 1 else between
        yield spell(low) if low == high else f"{spell(low)}{hyphen}{spell(high)}"
    if len(ranges) > RANGES_SHOWN:
        yield f"{between}… {len(ranges) - RANGES_SHOWN} more"


def printable(text: str) -> str:
    """A name on one line, whatever it holds."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
