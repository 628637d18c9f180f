# SPDX-License-Identifier: Apache-2.0
"""pycomm3 opens a controller: all tags of all programs, and every structure's members.

Prints the seconds that it took, and how many tags there were.
"""

import json
import sys
import time

from pace import HOST
from pycomm3 import LogixDriver

begin = time.perf_counter()
with LogixDriver(f"{HOST}:{sys.argv[1]}/1/0") as driver:
    spent = time.perf_counter() - begin
    print(json.dumps({"seconds": spent, "tags": len(driver.tags)}))
