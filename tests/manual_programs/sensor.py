# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
# ruff: noqa: RUF012
"""Manual 2.1.7, 1, 2 and 5: a device with a parameter of its own."""

import logging
import sys

from cpppo.server.enip.get_attribute import proxy_simple


class some_sensor(proxy_simple):
    """A simple (non-routing) CIP device with one parameter with a
    shortcut name: 'A Sensor Parameter'"""

    PARAMETERS = dict(
        proxy_simple.PARAMETERS,
        a_sensor_parameter=proxy_simple.parameter("@0x93/1/10", "REAL", "Hz"),
    )


host = sys.argv[1]

via = some_sensor(host=host)
try:
    params = via.parameter_substitution("A Sensor Parameter")
    (value,) = via.read(params)
except Exception as exc:
    logging.warning("Access to remote CIP device failed: %s", exc)
    via.close_gateway(exc=exc)
    raise
print("read", value)

via = some_sensor(host=host)
try:
    # Will raise Exception (closing gateway) on any failure to get data
    params = via.parameter_substitution("A Sensor Parameter")
    (value,) = via.read(params, checking=True)
except Exception as exc:
    via.close_gateway(exc)
    raise
# value is *always* guaranteed to be [<value>]
print("checked", value)

params = via.parameter_substitution("A Sensor Parameter = (REAL)1.5")
(value,) = via.write(params, checking=True)
print("written", value)

with via:  # establish gateway, detects Exception (closing gateway)
    params = via.parameter_substitution(["A Sensor Parameter", "Product Name"])
    value, name = via.read(params, checking=True)
print("within", value, name)
via.close_gateway()
