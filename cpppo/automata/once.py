# SPDX-License-Identifier: Apache-2.0
"""A property that is worked out at the first need of it, without any lock.

At the bottom of the automata.  Python 3.11's `functools.cached_property` holds a lock
while it works a value out, one for all objects of a class: two threads that begin
with two machines, each of which needs the other's, would wait for ever.  Here both
may work it out, and all see the one that was first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

__all__ = ["once"]

T = TypeVar("T")


class once(Generic[T]):
    """The value of a method, kept in the object; it is to be the same each time."""

    def __init__(self, make: Callable[[Any], T]) -> None:
        self.make = make
        self.__doc__ = make.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, one: None, owner: type) -> Self: ...

    @overload
    def __get__(self, one: object, owner: type) -> T: ...

    def __get__(self, one: object | None, owner: type) -> Self | T:
        if one is None:
            return self
        kept: T = one.__dict__.setdefault(self.name, self.make(one))
        return kept
