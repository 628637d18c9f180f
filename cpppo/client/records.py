# SPDX-License-Identifier: Apache-2.0
"""Structures as records: a value's members as attributes, `record.Inner.Arr[1]`.

Under `result`, over the protocol's structures.  A record is a named tuple: it is made
of a value, compares as one and never changes.
"""

from __future__ import annotations

import re
from collections import namedtuple
from collections.abc import Mapping
from functools import lru_cache
from keyword import iskeyword
from typing import Any

from ..protocol.enip.structures import StructureType

__all__ = ["record_of", "recorded"]


@lru_cache(maxsize=4096)
def record_of(kind: Any) -> Any:
    """The class of a structure's records; a name that Python cannot have is `_2`."""
    names = [one.name for one in kind.visible()]
    # Types of modules have colons in their names.
    title = re.sub(r"[^A-Za-z0-9_]|^(?=\d)", "_", kind.__name__) or "_"
    title += "_" * iskeyword(title)
    found: Any = namedtuple(title, names, rename=True)  # type: ignore[misc]
    return found


def recorded(kind: Any, value: Any) -> Any:
    """A value of a type, or a list of them, with each structure as a record."""
    if isinstance(value, list):
        return [recorded(kind, one) for one in value]
    if not isinstance(value, Mapping) or not structured(kind):
        return value
    return record_of(kind)._make(
        recorded(one.type, value.get(one.name)) for one in kind.visible()
    )


def structured(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, StructureType)
