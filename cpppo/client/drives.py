# SPDX-License-Identifier: Apache-2.0
"""AC drives of Allen-Bradley: a `proxy_simple` each, with its parameters by name.

Over `proxy`.  A parameter is an instance of class 0x93, DPI Parameter, and its value
is attribute 10.  PowerFlex 750 series, programming manual 750-PM001, port 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from .attributes import Types
from .proxy import parameter, proxy_simple

__all__ = ["powerflex", "powerflex_750_series"]


def dpi(number: int, units: str, types: Types = "REAL") -> parameter:
    """A parameter of a drive by its number."""
    return parameter(f"@0x93/{number}/10", types, units)


class powerflex(proxy_simple):
    """A PowerFlex drive of any series: it has no routes, and says who it is."""


class powerflex_750_series(powerflex):
    """A drive of the PowerFlex 750 series."""

    PARAMETERS: ClassVar[Mapping[str, parameter]] = dict(
        powerflex.PARAMETERS,
        output_frequency=dpi(1, "Hz"),
        output_freq=dpi(1, "Hz"),
        mtr_vel_fdbk=dpi(3, "Hz/RPM"),
        motor_velocity=dpi(3, "Hz/RPM"),
        output_current=dpi(7, "Amps"),
        output_voltage=dpi(8, "VAC"),
        output_power=dpi(9, "kW"),
        dc_bus_volts=dpi(11, "VDC"),
        elapsed_mwh=dpi(13, "MWh"),
        elapsed_kwh=dpi(14, "kWh"),
        elapsed_run_time=dpi(15, "Hrs"),
        rated_volts=dpi(20, "VAC"),
        rated_amps=dpi(21, "Amps"),
        rated_kw=dpi(22, "kW"),
        speed_units=dpi(300, "Hz/RPM", "DINT"),
    )
