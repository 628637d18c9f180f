# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Manual 2.1.6, 4 and 5: six-tuples, of every method that yields them; .results."""

import json
import sys

from cpppo.server.enip import client

address = (sys.argv[1], int(sys.argv[2]))
tags = ["Tag[8-9]=(DINT)88,99", "Tag[0-9]"]

with client.connector(host=address[0], port=address[1], timeout=5.0) as connection:
    ways = {
        "synchronous": connection.synchronous(client.parse_operations(tags)),
        "indexed": connection.synchronous(client.parse_operations(tags), index=7),
        "pipeline": connection.pipeline(client.parse_operations(tags), depth=2),
        "one at a time": connection.pipeline(client.parse_operations(tags)),
        "multiple": connection.pipeline(
            client.parse_operations(tags), depth=2, multiple=250
        ),
        "fragment": connection.synchronous(
            client.parse_operations(tags), fragment=True, timeout=5.0
        ),
        "operate": connection.operate(client.parse_operations(tags), depth=2),
        "not pipelined": connection.operate(client.parse_operations(tags), depth=0),
        "validating": connection.operate(
            client.parse_operations(tags), depth=2, validating=True
        ),
        "validate": connection.validate(
            connection.pipeline(client.parse_operations(tags), depth=2)
        ),
    }
    for name, way in ways.items():
        for idx, dsc, req, rpy, sts, val in way:
            keys = sorted(set(map(str, req.keys())))
            told = [name, idx, dsc, keys, rpy.status, rpy.service, sts, val]
            print(json.dumps(told), flush=True)
    results = connection.results(client.parse_operations(tags), depth=2)
    print(json.dumps(["results", *results]))
    failures, values = connection.process(client.parse_operations(tags), depth=2)
    print(json.dumps(["process", failures, values]))
