# SPDX-License-Identifier: Apache-2.0
"""Clients: what asks devices.

    from cpppo.client import Logix

`Logix` is for daily use, `AsyncLogix` its twin to be awaited; `connector`, `proxy` and
`poll` are the manual's.  They are loaded when they are asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .asynchronous import AsyncLogix
    from .browse import Tag
    from .device import Device
    from .discovery import discover
    from .logix import Logix, check
    from .operations import Operation, OperationError
    from .result import Result
    from .slc import SLC

__all__ = [
    "SLC",
    "AsyncLogix",
    "Device",
    "Logix",
    "Operation",
    "OperationError",
    "Result",
    "Tag",
    "check",
    "discover",
]

HOMES = {
    "AsyncLogix": "asynchronous",
    "Device": "device",
    "Logix": "logix",
    "Operation": "operations",
    "OperationError": "operations",
    "Result": "result",
    "SLC": "slc",
    "Tag": "browse",
    "check": "logix",
    "discover": "discovery",
}


def __getattr__(name: str) -> Any:
    home = HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{home}", __name__), name)
