# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Manual 2.1.6, 7 and 8: attributes through the pipeline."""

import json
import sys

from cpppo.server.enip import client
from cpppo.server.enip.get_attribute import attribute_operations

address = (sys.argv[1], int(sys.argv[2]))

with client.connector(host=address[0], port=address[1], timeout=5.0) as conn:
    operations = attribute_operations(sys.argv[3:])
    for idx, dsc, _req, _rpy, sts, val in conn.pipeline(operations, depth=2):
        print(json.dumps([idx, dsc, sts, val]))
