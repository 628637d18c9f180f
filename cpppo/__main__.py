# SPDX-License-Identifier: Apache-2.0
"""`python -m cpppo`: the commands, which `cpppo.cli` knows."""

from __future__ import annotations

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
