# SPDX-License-Identifier: Apache-2.0
"""The machines of the manual's chapter 4, made anew by each call.

Above `machine` and `regex`; what the documentation shows, `python -m cpppo draw`
draws and tests run.  Nothing is made by importing this.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from .machine import dfa
from .states import state, state_drop, state_input

__all__ = ["EXAMPLES", "ab", "csv", "regex"]


def ab() -> dfa:
    """One `a`, then one or more `b`."""
    e = state("E")
    a = state_input("A")
    b = state_input("B", terminal=True)
    e["a"] = a
    a["b"] = b
    b["b"] = b
    return dfa("ab+", initial=e, terminal=True)


def csv() -> dfa:
    """Any number of these, with a comma between and spaces after it, all dropped."""
    item = ab()
    separator = state_drop("SEP")
    item[","] = separator
    separator[" "] = separator
    separator[None] = item
    return dfa("CSV", initial=item, terminal=True)


def regex() -> dfa:
    """The same language as a regular expression; the separators are kept."""
    # Only this one needs the library behind regular expressions, so only it loads it.
    from .regex import regex as expression  # noqa: PLC0415

    return expression(initial="(ab+)((,[ ]*)(ab+))*", terminal=True)


EXAMPLES: Mapping[str, Callable[[], dfa]] = MappingProxyType(
    {"ab": ab, "csv": csv, "regex": regex}
)
