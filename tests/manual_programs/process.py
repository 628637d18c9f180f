# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Manual 2.1.6: operations, and whether they succeeded; the address is an argument."""

import sys

from cpppo.server.enip import client

address = (sys.argv[1], int(sys.argv[2]))

host = address[0]
port = address[1]
depth = 1
multiple = 0
fragment = False
timeout = 1.0
printing = True
tags = ["Tag[0-9]+16=(DINT)4,5,6,7,8,9", "@0x2/1/1", "Tag[3-5]"]

with client.connector(host=host, port=port, timeout=timeout) as connection:
    operations = client.parse_operations(tags)
    failures, transactions = connection.process(
        operations=operations,
        depth=depth,
        multiple=multiple,
        fragment=fragment,
        printing=printing,
        timeout=timeout,
    )

print(failures, transactions)
sys.exit(1 if failures else 0)
