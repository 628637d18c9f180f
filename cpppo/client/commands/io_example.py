# SPDX-License-Identifier: Apache-2.0
"""An example: write some elements of a tag, and read them again.

    python -m cpppo.server.enip Tag=DINT[10] &
    python -m cpppo.server.enip.io

The manual's program of 2.1.6, which is also `cpppo.server.enip.io_example`.  An
argument is the address of another controller than localhost:44818.  The status is 1 if
any of the operations failed.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ...errors import CpppoError
from ..connector import connector
from ..operations import parse_operations
from ..printing import Unread, complain
from .arguments import HOST, PORT, UsageError, parse_address

__all__ = ["main"]

TAGS = ("Tag[0-9]+16=(DINT)4,5,6,7,8,9", "@0x2/1/1", "Tag[3-5]")


def main(argv: Sequence[str] | None = None) -> int:
    """Do the operations, and print what came of each; the exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        if len(arguments) > 1 or (arguments and arguments[0].startswith("-")):
            raise UsageError("usage: io [[HOST][:PORT]]")
        host, port = parse_address(arguments[0]) if arguments else (HOST, PORT)
    except UsageError as exc:
        complain(str(exc))
        return 2
    depth = 1  # Allow 1 transaction in-flight
    multiple = 0  # Don't use Multiple Service Packet
    fragment = False  # Don't force Read/Write Tag Fragmented
    timeout = 1.0  # Any PLC I/O fails if it takes > 1s
    printing = True  # Print a summary of I/O
    try:
        connection = connector(host=host, port=port, timeout=timeout)
        try:
            with connection:
                operations = parse_operations(TAGS)
                failures, _ = connection.process(
                    operations=operations,
                    depth=depth,
                    multiple=multiple,
                    fragment=fragment,
                    printing=printing,
                    timeout=timeout,
                )
        finally:
            connection.close()
    except Unread:
        return 1
    except CpppoError as exc:
        complain(f"io: error: {exc}")
        return 1
    except KeyboardInterrupt:
        complain("io: interrupted")
        return 130
    return 1 if failures else 0
