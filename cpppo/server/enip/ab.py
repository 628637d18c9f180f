# SPDX-License-Identifier: Apache-2.0
"""Drives of Allen-Bradley, under the address that the manual gives them.

    from cpppo.server.enip.ab import powerflex_750_series as device

An address: what stands here is made in `cpppo.client`.
"""

from __future__ import annotations

from ... import levels
from ...client.drives import powerflex, powerflex_750_series

__all__ = ["powerflex", "powerflex_750_series"]

levels.install()
