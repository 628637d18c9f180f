# SPDX-License-Identifier: Apache-2.0
"""Frozen records: one tuple of values, read through named members.

At the bottom of the grammar; compiled where a compiler is found, because every
decoded value is made of these.  A record class is slotted, compares by class and
values, and prints as the call that makes it.
"""

from __future__ import annotations

from typing import Any


class Record:
    """Some values in the order of their declaration."""

    __slots__ = ("_values",)

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return False
        return bool(self._values == other._values)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash((type(self), self._values))

    def __repr__(self) -> str:
        names: tuple[str, ...] = getattr(type(self), "__match_args__", ())
        pairs = zip(names, self._values, strict=False)
        shown = [f"{name}={value!r}" for name, value in pairs]
        return f"{type(self).__name__}({', '.join(shown)})"

    def __reduce__(self) -> Any:
        return remade, (type(self), self._values)

    def fill(self, values: tuple[Any, ...]) -> None:
        """Take these values; for what makes records, once."""
        self._values = values


class Member:
    """A field of a record class: reads one value, and never writes it."""

    __slots__ = ("index", "name")

    def __init__(self, index: int, name: str) -> None:
        self.index = index
        self.name = name

    def __get__(self, record: Any, owner: Any) -> Any:
        if record is None:
            return self
        values = record._values
        return values[self.index]

    def __set__(self, record: Any, value: Any) -> None:
        raise AttributeError(
            f"{type(record).__name__} is frozen: make another with "
            f"replace({self.name}=...)"
        )


def alike(blank: Any, values: tuple[Any, ...]) -> Any:
    """A record of the class of `blank`, with these values, unchecked."""
    # By way of an instance, the class is known to be one without looking.
    cls: Any = type(blank)
    record = cls.__new__(cls)
    record._values = values
    return record


def remade(cls: Any, values: tuple[Any, ...]) -> Any:
    """A record of some class with some values, unchecked."""
    record = cls.__new__(cls)
    record.fill(values)
    return record
