# SPDX-License-Identifier: Apache-2.0
"""`list_services`, under the address that the manual gives it.

    python -m cpppo.server.enip.list_services -i -a 10.0.0.5

An address: what stands here is made in `cpppo.client`.
"""

from __future__ import annotations

import sys

from ...client.commands.listing import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
