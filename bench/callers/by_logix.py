# SPDX-License-Identifier: Apache-2.0
"""This package's class for daily use, which chooses the packets itself."""

from pace import HOST, Step, check, run

from cpppo.client.logix import Logix


def opened(port: int, connected: bool = True) -> Logix:
    """One that is connected by its first request."""
    return Logix(HOST, port=port, connected=connected)


def one_read(port: int, connected: bool = True) -> Step:
    """One tag a call."""
    plc = opened(port, connected)

    def step() -> int:
        result = plc.read("D7")
        check(type(result.value) is int, result)
        return 1

    return step


def many(port: int, count: int, connected: bool = True) -> Step:
    """So many tags a call."""
    plc = opened(port, connected)
    names = [f"D{number}" for number in range(count)]

    def step() -> int:
        results = plc.read(*names)
        for one in results:
            if type(one.value) is not int:
                check(False, one)
        return len(results)

    return step


def one_write(port: int) -> Step:
    """One tag a call."""
    plc = opened(port)

    def step() -> int:
        result = plc.write(D7=5)
        check(bool(result), result)
        return 1

    return step


if __name__ == "__main__":
    run(
        {
            "one": one_read,
            "hundred": lambda port: many(port, 100),
            "thousand": lambda port: many(port, 1000),
            "write": one_write,
            "one, unconnected": lambda port: one_read(port, False),
            "thousand, unconnected": lambda port: many(port, 1000, False),
        }
    )
