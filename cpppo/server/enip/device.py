# SPDX-License-Identifier: Apache-2.0
"""What devices are made of, under the names that the manual gives them.

An address: `Attribute` to take part in reads and writes, `Object` to make objects of
your own with, and the objects that every device has.
"""

from __future__ import annotations

from ...protocol.enip.notation import (
    NotationError,
    format_path,
    parse_address,
    parse_path_elements,
    parse_route_path,
)
from .answers import Answer, Refusal
from .attribute import Attribute
from .builtin import TCPIP, ConnectionManager, Identity, MessageRouter
from .objects import service
from .tagged import Tagged as Object

__all__ = [
    "TCPIP",
    "Answer",
    "Attribute",
    "ConnectionManager",
    "Identity",
    "MessageRouter",
    "NotationError",
    "Object",
    "Refusal",
    "format_path",
    "parse_address",
    "parse_path_elements",
    "parse_route_path",
    "service",
]
