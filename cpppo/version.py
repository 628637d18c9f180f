# SPDX-License-Identifier: Apache-2.0
"""The version, at the bottom of the stack: all may import it, it imports nothing.

The build reads ``__version__`` from this file's text, so it stays a plain literal.
"""

__version__ = "6.0.0.dev0"
__version_info__ = (6, 0, 0, "dev0")
