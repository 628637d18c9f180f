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
from .cip.answers import Answer, Refusal
from .cip.attribute import Attribute
from .cip.builtin import TCPIP, ConnectionManager, Identity, MessageRouter
from .cip.objects import service
from .cip.tagged import Tagged as Object

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
