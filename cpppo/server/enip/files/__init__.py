# SPDX-License-Identifier: Apache-2.0
"""Plants from files: types, tags, programs and values of a controller.

Beside `options`, over `tags`.  `load` is the door; `toml`, `csv` and `l5x` are formats,
each of which fills a `plant.Draft`.  `values` holds what a file says against types,
`aliases` finds what other names lead to.
"""

from .load import ENDINGS, load
from .plant import Plant, PlantError

__all__ = ["ENDINGS", "Plant", "PlantError", "load"]
