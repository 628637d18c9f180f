# SPDX-License-Identifier: Apache-2.0
"""EtherNet/IP and CIP: the messages, declared.

`path` → `router` → `logix`, `manager` → `cpf` → `encapsulation`, each over the ones
before it.  Importing this package completes the families, so it comes before the
first use of any of them.
"""

from . import cpf, encapsulation, logix, manager, path, router
from .encapsulation import Encapsulation, ReplyFrame, RequestFrame
from .logix import (
    ReadTag,
    ReadTagFragmented,
    WriteTag,
    WriteTagFragmented,
)
from .manager import UnconnectedSend
from .path import (
    Attribute,
    Class,
    ConnectionPoint,
    Element,
    Instance,
    Path,
    Port,
    RoutePath,
    Symbol,
)
from .router import Reply, Request

__all__ = [
    "Attribute",
    "Class",
    "ConnectionPoint",
    "Element",
    "Encapsulation",
    "Instance",
    "Path",
    "Port",
    "ReadTag",
    "ReadTagFragmented",
    "Reply",
    "ReplyFrame",
    "Request",
    "RequestFrame",
    "RoutePath",
    "Symbol",
    "UnconnectedSend",
    "WriteTag",
    "WriteTagFragmented",
    "cpf",
    "encapsulation",
    "logix",
    "manager",
    "path",
    "router",
]
