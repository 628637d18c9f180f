# SPDX-License-Identifier: Apache-2.0
"""Makes the state machine of a message: one graph of register states.

Over `fields` and `family`, which lay the parts.  Each message class becomes a
machine, made once; registers are numbered by class and field.
"""

from __future__ import annotations

from typing import Any

from ..automata.registers import (
    built,
    section,
)
from .actions import Actions
from .declaration import (
    Declaration,
)
from .family import Family
from .fields import Chain, Part
from .reach import guarded_from, in_band, recursive_from

__all__ = ["Lowering"]


class Lowering:
    """The work of making one message's machine."""

    def __init__(self, cls: Any) -> None:
        self.actions = Actions()
        self.names: dict[str, int] = {}
        self.owned: dict[tuple[Any, str], int] = {}
        self.count = 0
        self.machines: dict[Any, section] = {}
        self.recursive = recursive_from(cls)
        self.guarded = guarded_from(cls)
        self.top = self.message(cls)

    # -- registers and actions

    def register(self, owner: Any, field: str, width: int = 2) -> int:
        """The registers of a field, the same in each spelling of its class."""
        if (owner, field) not in self.owned:
            self.owned[owner, field] = self.count
            self.names.setdefault(f"{owner.__name__}.{field}", self.count)
            self.count += width
        return self.owned[owner, field]

    # -- messages

    def family(self, declaration: Declaration, only: Any = None) -> Family:
        """What lays a family's variants, or one of them alone."""
        return Family(self, declaration, only)

    def message(self, cls: Any) -> section:
        """The machine of a class, made once."""
        if cls in self.machines:
            return self.machines[cls]
        declaration: Declaration = cls.__declared__
        declaration.used = True
        head = built("begin")
        machine = section(cls.__name__, head, nests=cls in self.recursive)
        self.machines[cls] = machine
        if declaration.base is not None and (
            declaration.is_family or in_band(declaration)
        ):
            only = None if declaration.is_family else cls
            self.family(declaration, only).lay(Chain(head))
        else:
            part = Part(self, declaration)
            part.fields(Chain(head), declaration.fields)
        return machine
