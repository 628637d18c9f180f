# SPDX-License-Identifier: Apache-2.0
"""The ControlLogix simulator.

`main` is `enip_server`; `controller` is the device, `session` one of its clients.
What a program of yours customises stands here and in `device`:

    from cpppo.server.enip import REAL, device
    from cpppo.server.enip.main import main as enip_main
"""

from typing import TYPE_CHECKING, Any

from ...protocol.enip.cpf import PORT
from ...protocol.enip.types import (
    BOOL,
    DINT,
    INT,
    LINT,
    LREAL,
    REAL,
    SINT,
    SSTRING,
    STRING,
    UDINT,
    UINT,
    ULINT,
    USINT,
)
from . import device
from .controller import Controller
from .database.tags import TagSpec, parse_tag
from .profile import IdentityValues, Interface, Profile, TCPIPValues

if TYPE_CHECKING:
    from ...protocol.enip.published import enip_format

address = ("", PORT)  # where the manual's programs look: any interface, this port

__all__ = [
    "BOOL",
    "DINT",
    "INT",
    "LINT",
    "LREAL",
    "REAL",
    "SINT",
    "SSTRING",
    "STRING",
    "UDINT",
    "UINT",
    "ULINT",
    "USINT",
    "Controller",
    "IdentityValues",
    "Interface",
    "Profile",
    "TCPIPValues",
    "TagSpec",
    "address",
    "device",
    "enip_format",
    "parse_tag",
]


def __getattr__(name: str) -> Any:
    """What a simulator itself does not need, when it is asked for."""
    if name == "enip_format":
        from ...protocol.enip.published import enip_format  # noqa: PLC0415

        return enip_format
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
