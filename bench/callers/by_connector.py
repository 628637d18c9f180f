# SPDX-License-Identifier: Apache-2.0
"""The manual's connector, of this package and of the published one: the same words."""

from collections.abc import Iterable
from typing import Any

from pace import HOST, Step, check, run

from cpppo.server.enip import client

TIMEOUT = 10.0
HUNDRED = [f"D{number}" for number in range(100)]


def connected(port: int) -> Any:
    """A connector, entered."""
    return client.connector(host=HOST, port=port, timeout=TIMEOUT).__enter__()


def tuples(found: Iterable[Any]) -> int:
    """Every six-tuple has a value."""
    count = 0
    for _, _, _, _, status, value in found:
        if status != 0 or type(value[0]) is not int:
            check(False, (status, value))
        count += 1
    return count


def values(found: Iterable[Any]) -> int:
    """Every value is one."""
    count = 0
    for value in found:
        if type(value[0]) is not int:
            check(False, value)
        count += 1
    return count


def one_read(port: int) -> Step:
    """20 tags, one after the other."""
    one = connected(port)
    names = HUNDRED[:20]

    def step() -> int:
        asked = client.parse_operations(names)
        return tuples(one.synchronous(operations=asked, timeout=TIMEOUT))

    return step


def one_write(port: int) -> Step:
    """20 tags, one after the other."""
    one = connected(port)
    texts = [f"{name}=(DINT)5" for name in HUNDRED[:20]]

    def step() -> int:
        asked = client.parse_operations(texts)
        count = 0
        for *_, status, value in one.synchronous(operations=asked, timeout=TIMEOUT):
            check(status == 0 and value is True, (status, value))
            count += 1
        return count

    return step


def results(port: int, anew: bool) -> Step:
    """100 tags, 32 in flight, their values."""
    one = connected(port)
    made = list(client.parse_operations(HUNDRED))

    def step() -> int:
        asked = client.parse_operations(HUNDRED) if anew else made
        return values(one.results(operations=asked, depth=32, timeout=TIMEOUT))

    return step


def pipeline(port: int, anew: bool) -> Step:
    """100 tags, 32 in flight, their six-tuples."""
    one = connected(port)
    made = list(client.parse_operations(HUNDRED))

    def step() -> int:
        asked = client.parse_operations(HUNDRED) if anew else made
        return tuples(one.pipeline(operations=asked, depth=32, timeout=TIMEOUT))

    return step


def bundled(port: int, count: int) -> Step:
    """So many tags, in packets as small as its manual's, 20 in flight."""
    one = connected(port)
    names = [f"D{number}" for number in range(count)]

    def step() -> int:
        asked = client.parse_operations(names)
        found = one.pipeline(operations=asked, depth=20, multiple=250, timeout=TIMEOUT)
        return tuples(found)

    return step


if __name__ == "__main__":
    run(
        {
            "one": one_read,
            "write": one_write,
            "results": lambda port: results(port, anew=True),
            "results, made once": lambda port: results(port, anew=False),
            "pipeline": lambda port: pipeline(port, anew=True),
            "pipeline, made once": lambda port: pipeline(port, anew=False),
            "hundred": lambda port: bundled(port, 100),
            "thousand": lambda port: bundled(port, 1000),
        }
    )
