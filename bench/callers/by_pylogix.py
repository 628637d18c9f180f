# SPDX-License-Identifier: Apache-2.0
"""pylogix, which puts a list of tags into few packets."""

from pace import HOST, Step, check, run
from pylogix import PLC


def one_read(port: int) -> Step:
    """One tag a call."""
    plc = PLC(HOST, port=port)

    def step() -> int:
        result = plc.Read("D7")
        check(result.Status == "Success" and type(result.Value) is int, result)
        return 1

    return step


def many(port: int, count: int) -> Step:
    """So many tags a call."""
    plc = PLC(HOST, port=port)
    names = [f"D{number}" for number in range(count)]

    def step() -> int:
        results = plc.Read(names)
        for one in results:
            check(one.Status == "Success" and type(one.Value) is int, one)
        return len(results)

    return step


def one_write(port: int) -> Step:
    """One tag a call."""
    plc = PLC(HOST, port=port)

    def step() -> int:
        result = plc.Write("D7", 5)
        check(result.Status == "Success", result)
        return 1

    return step


if __name__ == "__main__":
    run(
        {
            "one": one_read,
            "hundred": lambda port: many(port, 100),
            "thousand": lambda port: many(port, 1000),
            "write": one_write,
        }
    )
