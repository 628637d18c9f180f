# SPDX-License-Identifier: Apache-2.0
"""Where machines get their symbols: iterators that can be peeked, pushed, chained.

`peekable`, `chainable` and `rememberable` make any iterable able, and return what
is able already.  A source counts the symbols it has given out in `.sent`; a symbol
pushed back is no longer given out.  Octets arrive as ints, text as characters.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

__all__ = [
    "chainable",
    "chaining",
    "peekable",
    "peeking",
    "rememberable",
    "remembering",
]


class peeking(Iterator[Any]):
    """An iterator whose next symbol can be looked at, and symbols pushed back."""

    def __init__(self, iterable: Iterable[Any]) -> None:
        self._symbols = iter(iterable)
        self._pushed: list[Any] = []
        self.sent = 0

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        symbol = self._pushed.pop() if self._pushed else self._fetch()
        self.sent += 1
        return symbol

    def _fetch(self) -> Any:
        return next(self._symbols)

    def peek(self) -> Any:
        """The next symbol, not taken; None when there is none (now)."""
        if not self._pushed:
            try:
                self._pushed.append(self._fetch())
            except StopIteration:
                return None
        return self._pushed[-1]

    def push(self, item: Any) -> None:
        """Give a symbol back; it is the next one again."""
        self._pushed.append(item)
        self.sent -= 1


class chaining(peeking):
    """A source to which more input may be chained, even after it ran dry."""

    def __init__(self, iterable: Iterable[Any] = ()) -> None:
        super().__init__(iterable)
        self._chained: deque[Any] = deque()

    def chain(self, iterable: Iterable[Any]) -> None:
        self._chained.append(iterable)

    def _fetch(self) -> Any:
        while True:
            try:
                return next(self._symbols)
            except StopIteration:
                if not self._chained:
                    raise
                # Left in place if it is no iterable, so every later use says so.
                self._symbols = iter(self._chained[0])
                self._chained.popleft()


class remembering(chaining):
    """A source that keeps what it has given out, until told to forget."""

    def __init__(self, iterable: Iterable[Any] = ()) -> None:
        super().__init__(iterable)
        self.memory: list[Any] = []

    def __next__(self) -> Any:
        symbol = super().__next__()
        self.memory.append(symbol)
        return symbol

    def push(self, item: Any) -> None:
        if not self.memory or self.memory[-1] != item:
            raise AssertionError(f"{item!r} was not the last symbol given out")
        self.memory.pop()
        super().push(item)

    def forget(self) -> None:
        self.memory.clear()


def peekable(iterable: Any) -> Any:
    """`iterable` as a source with peek, push and sent."""
    return iterable if isinstance(iterable, peeking) else peeking(iterable)


def chainable(iterable: Any = ()) -> Any:
    """`iterable` as a source to which more can be chained."""
    return iterable if isinstance(iterable, chaining) else chaining(iterable)


def rememberable(iterable: Any = ()) -> Any:
    """`iterable` as a source that remembers what it gave out."""
    return iterable if isinstance(iterable, remembering) else remembering(iterable)
