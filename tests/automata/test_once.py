# SPDX-License-Identifier: Apache-2.0
"""What is worked out at the first need of it, by as many threads as need it."""

from threading import Barrier, Thread

from cpppo.automata.once import once


class Machine:
    """Needs the other one, once both have begun."""

    def __init__(self, began: Barrier) -> None:
        self.began = began
        self.other: Machine | None = None
        self.made = 0

    @once
    def program(self) -> int:
        """How many machines there are in it."""
        self.made += 1
        if self.other is None:
            return 1
        self.began.wait(10)
        return self.other.rows + 1

    @once
    def rows(self) -> int:
        return 1


def test_a_value_is_worked_out_once() -> None:
    one = Machine(Barrier(1))
    assert (one.program, one.program, one.made) == (1, 1, 1)
    assert Machine.program.__doc__ == "How many machines there are in it."


def test_two_threads_that_need_each_others_values_do_not_wait_for_ever() -> None:
    began = Barrier(2)
    one, other = Machine(began), Machine(began)
    one.other, other.other = other, one
    found: list[int] = []
    threads = [
        Thread(target=lambda machine=each: found.append(machine.program), daemon=True)
        for each in (one, other)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert found == [2, 2]


def test_all_see_the_value_that_was_first() -> None:
    class Slow:
        def __init__(self) -> None:
            self.both = Barrier(2)

        @once
        def value(self) -> object:
            self.both.wait(10)
            return object()

    one = Slow()
    found: list[object] = []
    threads = [Thread(target=lambda: found.append(one.value)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert found[0] is found[1] is one.value
