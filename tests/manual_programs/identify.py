# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Manual 2.1.6, 9: List Identity by UDP, until nobody answers any more."""

import sys

from cpppo.server import enip
from cpppo.server.enip import client

host, port = sys.argv[1], int(sys.argv[2])
broadcast = "broadcast" in sys.argv
maker = client.connector if "connector" in sys.argv else client.client
more = {"source_address": "127.0.0.1"} if "source" in sys.argv else {}
timeout = 1.0

with maker(host=host, port=port, udp=True, broadcast=broadcast, **more) as conn:
    conn.list_identity(timeout=timeout)
    while True:
        response, elapsed = client.await_response(conn, timeout=timeout)
        if response:
            print(enip.enip_format(response))
        else:
            break  # No response (None) w'in timeout or EOF ({})
