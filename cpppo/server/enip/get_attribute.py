# SPDX-License-Identifier: Apache-2.0
"""Attributes and proxies, under the address that the manual gives them.

    from cpppo.server.enip.get_attribute import proxy_simple
    with proxy_simple("10.0.1.2") as via:
        name, = via.read(via.parameter_substitution("Product Name"))

An address: what stands here is made in `cpppo.client`; `-m` runs `enip_get_attribute`.
"""

from __future__ import annotations

import sys

from ... import levels
from ...client.attributes import (
    EPATH,
    EPATH_SINGLE,
    IPADDR,
    ValueMismatch,
    attribute_operations,
)
from ...client.commands.get_attribute import main
from ...client.proxies import proxy, proxy_connected, proxy_simple
from ...client.proxy import parameter

__all__ = [
    "EPATH",
    "EPATH_SINGLE",
    "IPADDR",
    "ValueMismatch",
    "attribute_operations",
    "main",
    "parameter",
    "proxy",
    "proxy_connected",
    "proxy_simple",
]

levels.install()

if __name__ == "__main__":
    sys.exit(main())
