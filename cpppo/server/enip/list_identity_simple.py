# SPDX-License-Identifier: Apache-2.0
"""`list_identity_simple`, under the address that the manual gives it.

    python -m cpppo.server.enip.list_identity_simple 192.168.1.255

An address: what stands here is made in `cpppo.client`.
"""

from __future__ import annotations

import sys

from ...client.commands.listing import identity_main as main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
