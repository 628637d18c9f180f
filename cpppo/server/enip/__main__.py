# SPDX-License-Identifier: Apache-2.0
"""`python -m cpppo.server.enip`: the same as `enip_server`."""

from __future__ import annotations

import sys

from .main import main

if __name__ == "__main__":
    sys.exit(main())
