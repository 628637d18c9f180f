# SPDX-License-Identifier: Apache-2.0
"""The client, under the address that the manual gives it; `-m` runs `enip_client`.

    from cpppo.server.enip import client
    with client.connector(host="localhost") as conn:
        print(conn.process(client.parse_operations(["SCADA[0-9]"])))

An address: what stands here is made in `cpppo.client`.
"""

from __future__ import annotations

import sys

from ... import levels
from ...client.commands.enip_client import main
from ...client.connector import connector
from ...client.implicit import implicit
from ...client.operations import Operation, OperationError, parse_operations
from ...client.published import (
    CIP_TYPES,
    format_context,
    format_path,
    parse_context,
    recycle,
)
from ...client.raw import await_response, client
from ...errors import StatusError as ENIPStatusError

__all__ = [
    "CIP_TYPES",
    "ENIPStatusError",
    "Operation",
    "OperationError",
    "await_response",
    "client",
    "connector",
    "format_context",
    "format_path",
    "implicit",
    "main",
    "parse_context",
    "parse_operations",
    "recycle",
]

levels.install()

if __name__ == "__main__":
    sys.exit(main())
