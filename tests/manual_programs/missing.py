# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Manual 2.1.7, 2 and 5: what is not there, unchecked, checked, and in a context."""

import sys

from cpppo.server.enip.get_attribute import proxy_simple

via = proxy_simple(host=sys.argv[1])
wanted = [("@1/1/7", "SSTRING"), ("@1/1/99", "INT")]
there, missing = via.read(wanted)
print("unchecked", there, missing, via.gateway is not None)
try:
    there, missing = via.read(wanted, checking=True)
except Exception as exc:
    print("checked", type(exc).__name__)
    via.close_gateway(exc)
print("closed", via.gateway is None)
try:
    with via:
        (missing,) = via.read([("@1/1/99", "INT")], checking=True)
except Exception as exc:
    print("within", type(exc).__name__, via.gateway is None)
with via:
    (there,) = via.read([("@1/1/7", "SSTRING")], checking=True)
print("again", there)
via.close_gateway()
