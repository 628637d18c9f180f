# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
# ruff: noqa: UP031
"""Manual 2.1.7, 6: whom a proxy is connected to."""

import sys

import cpppo
from cpppo.server.enip.get_attribute import proxy

how = {
    "asked": {},
    "named": {"identity_default": "Something"},
    "made": {"identity_default": cpppo.dotdict({"product_name": "Something"})},
}[sys.argv[2]]
via = proxy(host=sys.argv[1], **how)
print("Not yet connected: %s" % (via))
with via:
    print("Connected!         %s" % (via))
via.close_gateway()
