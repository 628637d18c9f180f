# SPDX-License-Identifier: Apache-2.0
"""pycomm3's LogixDriver, which puts what it is asked for at once into few packets."""

from pace import HOST, Step, check, run
from pycomm3 import LogixDriver


def opened(port: int) -> LogixDriver:
    """A driver with its tags."""
    driver = LogixDriver(f"{HOST}:{port}/1/0")
    driver.open()
    return driver


def one_read(port: int) -> Step:
    """One tag a call."""
    driver = opened(port)

    def step() -> int:
        result = driver.read("D7")
        check(type(result.value) is int, result)
        return 1

    return step


def many(port: int, count: int) -> Step:
    """So many tags a call."""
    driver = opened(port)
    names = [f"D{number}" for number in range(count)]

    def step() -> int:
        results = driver.read(*names)
        check(all(type(one.value) is int for one in results), results)
        return len(results)

    return step


def one_write(port: int) -> Step:
    """One tag a call."""
    driver = opened(port)

    def step() -> int:
        result = driver.write("D7", 5)
        check(not result.error, result)
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
