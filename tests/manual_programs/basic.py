# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
# ruff: noqa: F401, I001, UP031
"""Manual 2.1.7, 4: types, and nothing but Get and Set Attribute Single."""

# Basic CIP I/O Test

# Target Simulator:
#     python3 -m cpppo.server.enip -S -vv SCADA@0x4/0x96/3=INT[18]

import logging
import sys

import cpppo
from cpppo.server.enip.get_attribute import (
    attribute_operations, proxy_simple as device )  # fmt: skip
from cpppo.server.enip import client

cpppo.log_cfg["level"] = logging.DEBUG
logging.basicConfig(**cpppo.log_cfg)

hostname = sys.argv[1]
# Our target CIP Attribute contains a 36 bytes == 18 x INT value
attribute = "@0x4/0x96/3"
values = "512,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0"
operations = [attribute + " = (INT)" + values]
print("Raw operations: %r" % operations)
operations_parser = attribute_operations
operations_out = list(operations_parser(operations))
print("Operations: %r" % operations_out)

# Force basic CIP Get/Set Attribute I/O operations
via = device(hostname, operations_parser=operations_parser)
(val,) = via.write(operations)
print("Written: %r" % val)
via.close_gateway()
