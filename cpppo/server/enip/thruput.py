# SPDX-License-Identifier: Apache-2.0
"""An example of the manual, under the address that it gives it; `-m` runs it.

An address: what stands here is made in `cpppo.client`.
"""

from __future__ import annotations

import sys

from ... import levels
from ...client.commands.thruput import main

__all__ = ["main"]

levels.install()

if __name__ == "__main__":
    sys.exit(main())
