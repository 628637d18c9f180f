# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Manual 2.1.6, 6 to 8: single requests, and next() for their replies."""

import sys

from cpppo.server.enip import client

address = (sys.argv[1], int(sys.argv[2]))


def harvest(req):
    print("request", sorted(map(str, req.keys())))
    assert conn.readable(timeout=1.0), "Failed to receive reply"
    rpy = next(conn)
    for k, v in rpy.items():
        print(k, v)
    print(rpy.enip.CIP.send_data.CPF.item[1].length)


with client.connector(host=address[0], port=address[1]) as conn:
    if "read" in sys.argv:
        harvest(conn.read("Tag[0-1]", elements=2))
    if "read_frag" in sys.argv:
        harvest(conn.read("Tag[0-1]", elements=2, offset=0))
    if "write" in sys.argv:
        harvest(conn.write("Tag[0]", data=[5], elements=1, tag_type=0xC4))
    if "write_frag" in sys.argv:
        harvest(conn.write("Tag[0]", data=[5], elements=1, tag_type=0xC4, offset=0))
    if "single" in sys.argv:
        harvest(conn.get_attribute_single("@1/1/7"))
    if "all" in sys.argv:
        harvest(conn.get_attributes_all("@1/1"))
    if "set" in sys.argv:
        octets = [0, 0, 0x80, 0x3F]
        harvest(conn.set_attribute_single("@22/1/3", data=octets, elements=4))
    if "set_typed" in sys.argv:
        harvest(
            conn.set_attribute_single("@22/1/3", data=[2.5], elements=1, tag_type=0xCA)
        )
