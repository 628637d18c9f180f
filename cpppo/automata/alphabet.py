# SPDX-License-Identifier: Apache-2.0
"""The symbols of a machine as columns of a table: at most 256.

Beside `program`.  Octets are their own columns.  Of text, the first 128 characters
are; the others fall into classes that no edge of the machine tells apart, and each
class has a column.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import Any

from ..errors import GrammarError
from .states import Edge, state

ASCII = 128
COLUMNS = 256


class Alphabet:
    """How symbols of one machine become columns."""

    def __init__(
        self,
        text: bool,
        bounds: list[int],
        columns: list[int],
        either: bool = False,
    ) -> None:
        self.text = text
        self.either = either  # no edge tells any symbol from another
        self.bounds = bounds  # where each interval of characters begins
        self.columns = columns  # and the column of each
        self.speaks = {  # a character that speaks for each column
            column: chr(low)
            for low, column in reversed(list(zip(bounds, columns, strict=True)))
        }

    @classmethod
    def of(cls, places: Iterable[state]) -> Alphabet:
        places = list(places)
        keys = {key for place in places for key in place.exact}
        ranges = {
            pair
            for place in places
            for recognizer, _ in place.recognizers
            for pair in ranges_of(place, recognizer)
        }
        characters = [key for key in keys if isinstance(key, str)]
        octets = [key for key in keys if isinstance(key, int)]
        wrong = [key for key in keys if not isinstance(key, int | str)]
        wrong += [one for one in characters if len(one) != 1]
        wrong += [one for one in octets if not 0 <= one < COLUMNS]
        if wrong:
            raise GrammarError(
                f"cannot be flattened: {wrong[0]!r} is neither an octet nor a character"
            )
        if characters and octets:
            raise GrammarError(
                f"cannot be flattened: {characters[0]!r} is a character, and "
                f"{octets[0]!r} an octet"
            )
        if octets:
            return cls(False, [], [])
        text = bool(characters) or any(speaks_text(place) for place in places)
        if text:
            return cls(True, *classes(places, characters, ranges))
        octets_only = any(place.alphabet is int for place in places)
        return cls(False, [], [], either=not (ranges or octets_only))

    def symbol(self, column: int) -> Any:
        """A symbol that a column stands for; None where it stands for none."""
        if not self.text:
            return column
        if column < ASCII:
            return chr(column)
        return self.speaks.get(column, "")

    def edge(self, place: state, symbol: Any) -> Edge | None:
        return None if symbol == "" else place.edge(symbol)

    def encode(self, symbols: Any) -> bytes:
        """Some symbols, as the columns that the executor reads."""
        if not self.text:
            if isinstance(symbols, str) and self.either:
                return bytes(len(symbols))
            if isinstance(symbols, str):
                raise TypeError("this machine takes octets, and was given text")
            return bytes(symbols)
        if not isinstance(symbols, str):
            raise TypeError("this machine takes text, and was given octets")
        if symbols.isascii():
            return symbols.encode("ascii")
        return bytes([self.column(ord(one)) for one in symbols])

    def column(self, code: int) -> int:
        if code < ASCII:
            return code
        return self.columns[bisect_right(self.bounds, code) - 1]


def speaks_text(place: state) -> bool:
    typecode = getattr(place, "typecode", None)
    return place.alphabet is str or typecode in ("u", "w")


def ranges_of(place: state, recognizer: Any) -> Any:
    ranges = getattr(recognizer, "ranges", None)
    if ranges is None:
        name = getattr(recognizer, "__qualname__", None) or repr(recognizer)
        raise GrammarError(
            f"{place.label}: cannot be flattened, because it holds the callable {name}"
        )
    return ranges


def classes(
    places: list[state], characters: list[str], ranges: Iterable[tuple[Any, Any]]
) -> tuple[list[int], list[int]]:
    """Intervals of the characters beyond ASCII, and a column for each."""
    cuts = {ASCII}
    for one in characters:
        cuts |= {ord(one), ord(one) + 1}
    for low, high in ranges:
        cuts |= {code(low), code(high) + 1}
    bounds = sorted(cut for cut in cuts if ASCII <= cut < 0x110000)
    columns, known = [], dict[tuple[int, ...], int]()
    for bound in bounds:
        signature = tuple(id(place.edge(chr(bound))) for place in places)
        if signature not in known:
            if ASCII + len(known) >= COLUMNS:
                raise GrammarError(
                    "cannot be flattened: it tells apart more than "
                    f"{COLUMNS - ASCII} kinds of characters beyond ASCII"
                )
            known[signature] = ASCII + len(known)
        columns.append(known[signature])
    return bounds, columns


def code(symbol: Any) -> int:
    return ord(symbol) if isinstance(symbol, str) else int(symbol)
