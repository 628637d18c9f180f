# SPDX-License-Identifier: Apache-2.0
"""Data files in a controller, and PCCC, the commands that read and write them.

    controller = Controller(data_files={"N7": 100, "F8": {"size": 10, "value": 1.5}})
    controller.pccc.files["N7:0"] = 5

`files` → `functions`, `values` → `processor` → `object`, each over the ones before it;
under `controller`, which has the object.
"""

from .files import DataFile, DataFileError, DataFiles
from .object import PCCC
from .processor import Processor

__all__ = ["PCCC", "DataFile", "DataFileError", "DataFiles", "Processor"]
