# SPDX-License-Identifier: Apache-2.0
"""Drives: their parameters by name, read and written over a connection."""

from __future__ import annotations

from typing import Self

import pytest
from asking import controller
from peers import serving

from cpppo.client.commands import velocity
from cpppo.client.drives import powerflex, powerflex_750_series
from cpppo.client.proxy import proxy_simple
from cpppo.errors import StatusError

NUMBERS = {
    "output_frequency": 1,
    "output_freq": 1,
    "mtr_vel_fdbk": 3,
    "motor_velocity": 3,
    "output_current": 7,
    "output_voltage": 8,
    "output_power": 9,
    "dc_bus_volts": 11,
    "elapsed_mwh": 13,
    "elapsed_kwh": 14,
    "elapsed_run_time": 15,
    "rated_volts": 20,
    "rated_amps": 21,
    "rated_kw": 22,
    "speed_units": 300,
}
TAGS = "Velocity@0x93/3/10=REAL Current@0x93/7/10=REAL Units@0x93/300/10=DINT"


def test_a_drive_is_a_simple_device_with_its_parameters() -> None:
    assert issubclass(powerflex_750_series, powerflex)
    assert issubclass(powerflex, proxy_simple)
    known = powerflex_750_series.PARAMETERS
    for name, number in NUMBERS.items():
        assert known[name].attribute == f"@0x93/{number}/10"
        assert known[name].types == ("DINT" if name == "speed_units" else "REAL")
        assert known[name].units
    assert set(known) - set(NUMBERS) == set(powerflex.PARAMETERS)
    assert set(powerflex.PARAMETERS) == {"identity", "product_name", "tcpip"}


@pytest.mark.parametrize("multiple", [0, 250])
def test_parameters_are_written_and_read_by_name(multiple: int) -> None:
    with serving(controller(TAGS, route_path=())) as (host, port):
        via = powerflex_750_series(host, port=port, multiple=multiple)
        with via:
            texts = [
                "Motor Velocity = (REAL)123.5",
                "output current=7",
                "Speed Units = 1",
            ]
            written = via.write(via.parameter_substitution(texts), checking=True)
            assert list(written) == [True, True, True]
            names = ["Mtr Vel Fdbk", "OUTPUT_CURRENT", "speed units", "Product Name"]
            found = list(via.read(via.parameter_substitution(names)))
            assert found == [[123.5], [7.0], [1], ["1756-L61/B LOGIX5561"]]
            absent = via.read(via.parameter_substitution("Rated kW"), checking=True)
            with pytest.raises(StatusError, match="@0x93/22/10: "):
                list(absent)
        via.close_gateway()


class Interrupted(powerflex_750_series):
    """One at which somebody presses ^C."""

    def __enter__(self) -> Self:
        raise KeyboardInterrupt


def test_an_interrupt_is_told_in_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(velocity, "powerflex_750_series", Interrupted)
    assert velocity.main(["12.5"]) == 130
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("powerflex_motor_velocity: interrupted: Motor Velocity = ")
    assert line.endswith("may have been written or not")
