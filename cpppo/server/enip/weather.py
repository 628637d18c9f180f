# SPDX-License-Identifier: Apache-2.0
"""An example: tags that are the temperature of the city of their name.

    python -m cpppo.server.enip.weather London=REAL Edmonton=INT

Each read looks the weather up, in the session's own thread.  WEATHER_APPID in the
environment is your key for api.openweathermap.org, and WEATHER_URI another address
that answers the same way.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

from ...protocol.enip.types import LREAL, REAL
from .cip.attribute import Attribute
from .main import main as enip_main

__all__ = ["Attribute_weather"]

log = logging.getLogger(__name__)

URI = "https://api.openweathermap.org/data/2.5/weather"
PATIENCE = 5.0  # seconds for a look-up


class Attribute_weather(Attribute):  # published under this name
    """The temperature where the attribute's name says."""

    def url(self, **options: str) -> str:
        """Where to look it up."""
        asked = {"units": "metric", "mode": "json"} | options
        if "WEATHER_APPID" in os.environ:
            asked["appid"] = os.environ["WEATHER_APPID"]
        return os.environ.get("WEATHER_URI", URI) + "?" + urlencode(asked)

    def look_up(self) -> float:
        """The temperature now."""
        url = self.url(q=self.name)
        try:
            with urlopen(url, timeout=PATIENCE) as answer:
                weather = json.load(answer)
            return float(weather["main"]["temp"])
        except (OSError, ValueError, KeyError, TypeError) as exc:
            where = url.partition("?")[0]
            log.warning("no temperature for %s from %s: %s", self.name, where, exc)
            raise OSError(f"no temperature for {self.name}") from exc

    def __getitem__(self, key: int | slice) -> Any:
        self._validate_key(key)
        real = isinstance(self.parser, REAL | LREAL)
        temperature = self.look_up() if real else round(self.look_up())
        if isinstance(key, slice):
            return [temperature] * len(range(len(self))[key])
        return temperature

    def __setitem__(self, key: int | slice, value: Any) -> None:
        raise PermissionError("changing the weather is not that easy")


if __name__ == "__main__":
    sys.exit(enip_main(attribute_class=Attribute_weather))
