# SPDX-License-Identifier: Apache-2.0
"""Which messages a message may hold, and which of them may hold themselves.

Under `lower`.  What recurs has its registers saved around it, and its depth counted;
what a guard looks at has its extent noted.
"""

from __future__ import annotations

from typing import Any

from .declaration import Declaration, Field, element_of, is_message, optional
from .wire import Choice, Nested, Octets, Pad, Repeat

__all__ = [
    "guarded_field",
    "guarded_from",
    "in_band",
    "may_be_empty",
    "parts_of",
    "recursive_from",
]


def in_band(declaration: Declaration) -> bool:
    return declaration.base.__declared__.tag is not None


def parts_of(cls: Any) -> list[Any]:
    """The message classes that a class may hold directly."""
    declaration: Declaration = cls.__declared__
    held = []
    for one in declaration.fields:
        for type_ in (optional(one.type), element_of(one.type)):
            if is_message(type_):
                held.append(type_)
    if declaration.is_family:
        held += declaration.variants
    return held


def may_be_empty(cls: Any, asked: tuple[Any, ...] = ()) -> bool:
    """Whether a message may take no octets at all, so that several are as one."""
    if cls in asked:
        return False
    declared: Declaration = cls.__declared__
    if declared.is_family and declared.tag is None:
        return any(may_be_empty(one, (*asked, cls)) for one in declared.variants)
    return all(
        one.trailing or field_may_be_empty(one, (*asked, cls))
        for one in declared.fields
    )


def field_may_be_empty(one: Field, asked: tuple[Any, ...]) -> bool:
    kind = one.kind
    if isinstance(kind, Octets | Repeat) and isinstance(kind.count, int):
        return kind.count == 0
    if isinstance(kind, Nested | Choice):
        return may_be_empty(optional(one.type), asked)
    return isinstance(kind, Octets | Repeat | Pad)


def reachable(cls: Any) -> dict[Any, list[Any]]:
    """A class, what it may hold and what that belongs to; each with its parts."""
    found: dict[Any, list[Any]] = {}
    asked = [cls]
    for one in asked:
        if one not in found:
            found[one] = parts_of(one)
            asked += found[one]
            base = one.__declared__.base
            asked += [] if base is None else [base]
    return found


def recursive_from(cls: Any) -> set[Any]:
    """The classes that may hold themselves, however deep."""
    parts = reachable(cls)
    bit = {one: 1 << at for at, one in enumerate(parts)}
    below = dict.fromkeys(parts, 0)
    grown = True
    while grown:
        grown = False
        for one in reversed(parts):
            held = 0
            for part in parts[one]:
                held |= bit[part] | below[part]
            grown = grown or held != below[one]
            below[one] = held
    return {one for one in parts if below[one] & bit[one]}


def guarded_from(cls: Any) -> set[tuple[Any, str]]:
    """The fields that some guard looks at."""
    found = set()
    for one in reachable(cls):
        declared = one.__declared__
        if declared.guard is not None:
            found.add(guarded_field(declared, declared.guard.field))
    return found


def guarded_field(declared: Declaration, path: str) -> tuple[Any, str]:
    """The class and field that a guard's dotted name means."""
    first, _, inner = path.partition(".")
    one = declared.field(first)
    if not inner:
        return declared.base, first
    type_ = optional(one.type)
    if not is_message(type_) or inner not in {
        f.name for f in type_.__declared__.fields
    }:
        raise declared.wrong(first, f"the guard's {path!r} is no field")
    return type_, inner
