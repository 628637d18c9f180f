# SPDX-License-Identifier: Apache-2.0
"""What can be flattened to rows, and how it is refused what cannot."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from engines import agree, refused, trace

from cpppo.automata import (
    decide,
    dfa,
    dfa_post,
    holds,
    state,
    state_drop,
    state_input,
    state_struct,
)
from cpppo.automata.examples import EXAMPLES
from cpppo.automata.regex import integer, string
from cpppo.errors import GrammarError


def whole(*places: state, **kwds: Any) -> dfa:
    """A machine of these states in a row, each by any symbol."""
    for place, following in pairwise(places):
        place[True] = following
    return dfa("m", initial=places[0], **kwds)


# -- refused: a callable of one's own


def vowel(symbol: Any) -> bool:
    return symbol in "aeiou"


def chosen(**_: Any) -> bool:
    return True


def bound(**_: Any) -> int:
    return 2


def recognizing() -> dfa:
    start, taking = state("S"), state_input("A", terminal=True)
    start[vowel] = taking
    return dfa("m", initial=start, terminal=True)


def choosing() -> dfa:
    start, taking = state("S"), state_input("A", terminal=True)
    start[True] = decide("d", taking, chosen)
    return dfa("m", initial=start, terminal=True)


def bounded() -> dfa:
    taking = state_input("A", terminal=True)
    return dfa("m", initial=taking, terminal=True, limit=bound)


@pytest.mark.parametrize(
    ("make", "names"),
    [
        (recognizing, ("S", "vowel")),
        (choosing, ("S", "chosen")),
        (bounded, ("m", "bound")),
    ],
)
def test_a_machine_with_a_callable_runs_but_has_no_rows(
    make: Callable[[], dfa], names: tuple[str, ...]
) -> None:
    for machine in (make(), dfa("around", initial=make(), terminal=True)):
        assert trace(machine, ["a"]).failure is None
        assert "cannot be flattened" in refused(machine, *names)


class Shouting(state_input):
    def process(self, source: Any, machine: Any, path: Any, data: Any) -> None:
        data["heard"] = next(source).upper()


class Stepping(state_input):
    def steps(self, *args: Any) -> Any:
        return super().steps(*args)


class Wandering(state_input):
    def onward(self, *args: Any) -> Any:
        return super().onward(*args)


class Edging(state_drop):
    def edge(self, symbol: Any) -> Any:
        return super().edge(symbol)


class Moody(state_drop):
    @property
    def terminal(self) -> bool:
        return self._terminal


@pytest.mark.parametrize(
    ("kind", "method"),
    [
        (Shouting, "process"),
        (Stepping, "steps"),
        (Wandering, "onward"),
        (Edging, "edge"),
        (Moody, "terminal"),
    ],
)
def test_a_state_of_ones_own_runs_but_has_no_rows(kind: Any, method: str) -> None:
    machine = whole(kind("A", terminal=True))
    assert trace(machine, ["a"]).failure is None
    refused(machine, "A", f"{kind.__name__}.{method}")


class Leaving(dfa):
    def leave(self, source: Any, path: str, data: Any, ending: int | None) -> None:
        data["left"] = source.sent


class Leaving2(string):
    def leave(self, source: Any, path: str, data: Any, ending: int | None) -> None:
        data["left"] = source.sent


class Twice(dfa):
    def cycles(self, source: Any, path: str, data: Any) -> int:
        return 2


class Short(dfa):
    def bound(self, source: Any, path: str, data: Any, ending: int | None) -> int:
        return 2


@pytest.mark.parametrize("kind", [Leaving, Twice, Short])
def test_a_machine_of_ones_own_runs_but_has_no_rows(kind: Any) -> None:
    method = next(name for name in vars(kind) if not name.startswith("_"))
    machine = kind("m", initial=state_input("A", terminal=True))
    assert trace(machine, ["aa"]).failure is None
    for one in (machine, dfa("around", initial=machine)):
        refused(one, "m", f"{kind.__name__}.{method}")


def test_a_string_that_is_left_in_ones_own_way_has_no_rows() -> None:
    refused(Leaving2("s", initial="a*"), "s", "Leaving2.leave")


def test_a_condition_made_of_holds_is_not_taken_for_it() -> None:
    class never(holds):
        def __call__(self, **_: Any) -> bool:
            return False

    start, taking = state("S"), state_input("A", terminal=True)
    start[True] = decide("d", taking, never("x"))
    refused(dfa("m", initial=start), "S", "never.__call__")


def test_what_only_makes_other_values_is_flattened() -> None:
    class even(integer):
        def value(self, text: str, offset: int) -> Any:
            return int(text) // 2 * 2

    outcome = agree(even("n", context="n", terminal=True), "13", "p")
    assert outcome.data["p.n"] == ("int", 12)


def test_a_machine_with_closures_has_rows() -> None:
    agree(dfa_post("m", initial=state_input("A", terminal=True)), "a")


# -- refused: symbols that have no column


@pytest.mark.parametrize("key", ["ab", -1, 256, 2.5, b"a", ("a",)], ids=repr)
def test_an_edge_is_on_an_octet_or_a_character(key: Any) -> None:
    start = state("S")
    start[key] = state_drop("D", terminal=True)
    assert "neither an octet nor a character" in refused(
        dfa("m", initial=start), repr(key)
    )


def test_octets_and_characters_are_not_mixed() -> None:
    start, end = state("S"), state_drop("D", terminal=True)
    start["a"], start[7] = end, end
    refused(dfa("m", initial=start), "'a'", "7")


def test_too_many_kinds_of_characters_are_refused() -> None:
    start = state("S")
    for code in range(0x400, 0x400 + 200):
        start[chr(code)] = state_drop(f"D{code}", terminal=True)
    refused(dfa("m", initial=start), "128 kinds of characters")


@pytest.mark.parametrize(("made", "given"), [("a", b"a"), (97, "a")])
def test_text_is_not_taken_for_octets(made: Any, given: Any) -> None:
    start = state("S")
    start[made] = state_drop("D", terminal=True)
    with pytest.raises(TypeError, match="this machine takes"):
        dfa("m", initial=start).parser().feed(given)


@pytest.mark.parametrize("given", ["aé", b"a\xff"])
def test_a_machine_that_tells_no_symbols_apart_takes_both(given: Any) -> None:
    outcome = agree(whole(state_input("A"), state_input("B", terminal=True)), given)
    assert (outcome.sent, outcome.failure) == (2, None)


# -- refused: going round with no symbol taken


def circle(key: Any) -> dfa:
    first, second = state("F"), state("G", terminal=True)
    first[key], second[key] = second, first
    return dfa("m", initial=first)


@pytest.mark.parametrize("key", [None, True, "a", 7])
def test_a_cycle_that_takes_nothing_is_refused(key: Any) -> None:
    # An edge on a symbol takes none: the state that it leads to may.
    said = refused(circle(key), "with no symbol taken")
    assert said.startswith(("m.F:", "m.G:"))
    refused(dfa("around", initial=circle(key)), "m.")


def test_a_struct_takes_nothing_either() -> None:
    first, struct = state_input("A"), state_struct("V", format="<B", context="v")
    first[None], struct[None] = struct, struct
    refused(dfa("m", initial=first), "m.V")


def test_a_machine_that_may_take_nothing_is_no_step_onward() -> None:
    for inner in (
        dfa("i", initial=state("E", terminal=True)),
        dfa("i", initial=state_input("A", terminal=True), repeat="..n"),
        dfa("i", initial=state_input("A", terminal=True), repeat=0),
        dfa("i", initial=dfa("j", initial=state("E", terminal=True), terminal=True)),
        string("i", initial="a*"),
    ):
        inner[None] = inner
        inner._terminal = True
        if isinstance(inner.initial, dfa):
            inner.initial._terminal = True
        refused(dfa("m", initial=inner), "m.i")


def test_a_machine_that_takes_something_is() -> None:
    inner = string("i", initial="a+b?", context="s", terminal=True)
    inner["a"] = inner
    assert agree(dfa("m", initial=inner), "aabab", "p").failure is None


def test_a_machine_that_begins_with_itself_is_refused() -> None:
    start = state("S", terminal=True)
    inside = dfa("m", initial=start, terminal=True)
    start[True] = inside
    assert "the machine enters itself" in refused(inside, "m.S")
    taking = state_drop("T", terminal=True)
    start[True] = taking
    taking[True] = inside
    assert agree(inside, "aaaa").failure is None


def test_the_trace_engine_finds_such_a_cycle_as_it_runs() -> None:
    with circle(None) as machine, pytest.raises(GrammarError, match="takes no symbol"):
        list(machine.run("a"))


def test_a_repeat_of_what_takes_nothing_ends() -> None:
    nothing = dfa(
        "i", initial=state("E", terminal=True), repeat=1_000_000_000, terminal=True
    )
    outcome = agree(dfa("m", initial=nothing), "a")
    assert (outcome.path, outcome.sent) == ("i E", 0)


# -- what the rows are


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_rows_of_an_example_can_be_read(name: str) -> None:
    machine = EXAMPLES[name]()
    table = machine.program.table()
    assert table.count("\n") > 1
    assert machine.program is machine.program


def test_a_machine_that_is_used_in_two_places_is_laid_once() -> None:
    shared = string("word", initial="[a-z]{3,9}", terminal=True)
    first, second = dfa("one", initial=shared), dfa("two", initial=shared)
    first[" "] = blank = state_drop("blank")
    blank[True] = second
    machine = dfa("m", initial=first)
    operations = [row.operation for row in machine.program.rows.values()]
    assert operations.count("CALL") == 2
    assert operations.count("RETURN") == 1
