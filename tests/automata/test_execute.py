# SPDX-License-Identifier: Apache-2.0
"""The executor: its own copies of numbers, a stack that is bounded, and bad counts.

The loops keep the numbers of operations, steps and actions as locals, so that they
are constants once compiled; here the copies are held against their originals.
"""

import ast
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from engines import agree, table, trace

from cpppo.automata import dfa, execute, rows, state, state_drop, state_input
from cpppo.errors import GrammarError, Incomplete, Malformed
from cpppo.grammar import actions, build, emit


def constants(module: ModuleType, function: str) -> dict[str, int]:
    """The numbers that a function of this name sets up under names in capitals."""
    place = Path(str(module.__file__)).parent
    source = place / f"{module.__name__.rpartition('.')[2]}.py"
    found: dict[str, int] = {}
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef) and node.name == function:
            for one in ast.walk(node):
                if isinstance(one, ast.Assign):
                    found |= assigned(one)
    return found


def assigned(node: ast.Assign) -> dict[str, int]:
    target = node.targets[0]
    if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
        pairs = list(zip(target.elts, node.value.elts, strict=True))
    else:
        pairs = [(target, node.value)]
    return {
        name.id: value.value
        for name, value in pairs
        if isinstance(name, ast.Name) and name.id.isupper()
        if isinstance(value, ast.Constant) and isinstance(value.value, int)
    }


def numbers(module: ModuleType) -> Mapping[str, Any]:
    return {name: value for name, value in vars(module).items() if name.isupper()}


def test_the_loop_of_rows_knows_the_numbers_of_all_operations() -> None:
    found = constants(execute, "loop")
    operations = {name: number for number, name in enumerate(rows.OPERATIONS)}
    assert {name: found.get(name) for name in operations} == operations


def test_the_loop_of_rows_knows_the_answers_and_the_reasons() -> None:
    found = constants(execute, "loop")
    others = {name: n for name, n in found.items() if name not in rows.OPERATIONS}
    assert {"WAITING", "FINISHED", "FAILED", "NO_EDGE", "ENDED"} <= set(others)
    assert others == {name: numbers(rows)[name] for name in others}
    assert len(rows.REASONS) == rows.ENDED + 1


def test_the_loop_of_steps_knows_the_numbers_of_its_steps() -> None:
    found = constants(emit, "run")
    assert {"INT", "NESTED", "PAD"} <= set(found)
    assert found == {name: emit.STEPS.index(name) for name in found}


def test_the_loop_of_actions_knows_the_numbers_of_its_actions() -> None:
    found = constants(build, "build")
    assert {"INT", "MAKE", "LIST"} <= set(found)
    assert found == {name: numbers(actions)[name] for name in found}


# -- nesting is bounded


def brackets(opening: Any = "(", closing: Any = ")", **kwds: Any) -> dfa:
    """Balanced brackets: a machine that is inside of itself."""
    start, opened = state("S"), state_input("O")
    closed = state_drop("C", terminal=True)
    inside = dfa("brackets", initial=start, terminal=True, **kwds)
    start[opening] = opened
    opened[opening], opened[closing], inside[closing] = inside, closed, closed
    return inside


def test_brackets_may_be_nested_up_to_a_bound() -> None:
    deepest = rows.NESTED + 1  # the outermost is inside of nothing
    outcome = agree(brackets(), "(" * deepest + ")" * deepest)
    assert (outcome.terminal, outcome.failure) == (True, None)


@pytest.mark.parametrize(
    "kwds",
    [{}, {"context": "in"}, {"limit": 1 << 30}, {"repeat": 1}, {"greedy": False}],
    ids=str,
)
def test_brackets_beyond_the_bound_are_malformed(kwds: dict[str, Any]) -> None:
    outcome = agree(brackets(**kwds), "(" * 200)
    assert outcome.failure is not None
    failure = outcome.failure
    assert (failure.kind, failure.machine, failure.state, failure.offset) == (
        Malformed,
        "brackets",
        "brackets",
        rows.NESTED + 1,
    )


@pytest.mark.parametrize("count", [10_000, 200_000])
def test_input_does_not_exhaust_the_stack_of_python(count: int) -> None:
    for run in (trace, table):
        outcome = run(brackets(40, 41, context="in"), [b"(" * count])
        assert outcome.failure is not None
        assert outcome.failure.kind is Malformed


def test_machines_that_hold_each_other_are_bounded_too() -> None:
    round_, square = dfa("round", initial=state("R")), dfa("square", initial=state("S"))
    for inside, other, opening, closing in (
        (round_, square, "(", ")"),
        (square, round_, "[", "]"),
    ):
        opened, closed = state_drop(opening), state_drop(closing, terminal=True)
        inside.initial[opening], opened[closing] = opened, closed
        for key in "([":
            opened[key] = other
        other[closing] = closed
    assert agree(round_, "([([])])").failure is None
    deep = agree(round_, "([" * 100)
    assert deep.failure is not None
    assert deep.failure.kind is Malformed
    assert deep.failure.offset == rows.NESTED + 1


def test_a_name_is_spelled_out_where_a_machine_is_inside_of_itself() -> None:
    inside = brackets()
    with inside as entered:
        names = [entered.name for _ in entered.run("(()")][:4]
    assert names == [
        "brackets.( S )",
        "brackets.( O )",
        "brackets.((brackets))",
        "brackets.( S )",
    ]


# -- counts


NO_COUNTS = {
    "negative": -1,
    "long": 1 << 31,
    "longer": 1 << 70,
    "longest": 1 << 20_000,
    "text": "2",
    "half": 2.5,
}


@pytest.mark.parametrize("name", NO_COUNTS)
@pytest.mark.parametrize("purpose", ["limit", "repeat"])
def test_a_count_that_is_none_is_malformed(purpose: str, name: str) -> None:
    count = NO_COUNTS[name]
    place = state_input("A", terminal=True)
    kwds: dict[str, Any] = {purpose: "..n"}
    inner = dfa("inner", initial=place, terminal=True, **kwds)
    first = state_drop("F")
    first[True] = inner
    for whole in (
        dfa("outer", initial=first),
        dfa("outer", initial=first, context="o"),
    ):
        outcome = agree(whole, "aaaa", "p", {"p.n": count, "n": count})
        assert outcome.failure is not None
        failure = outcome.failure
        assert (failure.kind, failure.machine, failure.offset) == (
            Malformed,
            "inner",
            1,
        )
        assert "which is no count" in failure.text


@pytest.mark.parametrize("count", [-1, 1 << 31, 1 << 80])
@pytest.mark.parametrize("purpose", ["limit", "repeat"])
def test_a_declared_count_is_looked_at_when_it_is_declared(
    purpose: str, count: int
) -> None:
    kwds: dict[str, Any] = {purpose: count}
    with pytest.raises(GrammarError, match=f"machine 'm': {purpose}=.* is no count"):
        dfa("m", initial=state("S"), **kwds)


def test_a_callable_limit_gives_a_count_or_is_malformed() -> None:
    place = state_input("A", terminal=True)
    bounded = dfa("m", initial=place, limit=lambda **_: -1)
    outcome = trace(bounded, ["a"])
    assert outcome.failure is not None
    assert outcome.failure.kind is Malformed


# -- a state that takes a symbol, where there is none


@pytest.mark.parametrize("kind", [state_input, state_drop])
def test_a_symbol_is_waited_for_where_it_is_taken(kind: Any) -> None:
    first = kind("A", terminal=True)
    outcome = agree(dfa("m", initial=first), "")
    assert outcome.failure is not None
    assert (outcome.failure.kind, outcome.path) == (Incomplete, "A")
    assert outcome.failure.text == (
        "m.A: the input ended where a symbol is to be taken, at offset 0"
    )


def test_no_symbol_is_taken_at_the_limit() -> None:
    start, taking = state("S"), state_input("A", terminal=True)
    start[None] = taking
    outcome = agree(dfa("m", initial=start, limit=0), "a")
    assert (outcome.sent, outcome.data) == (0, {})
    assert outcome.failure is not None
    assert outcome.failure.kind is Malformed
    assert "its limit is reached" in outcome.failure.text


def test_a_cell_says_where_the_input_ended() -> None:
    from cpppo.automata.registers import Memory, number, section

    first, second = number("N", 0, 2)
    second._terminal = True
    whole = section("M", first)
    with whole as entered, pytest.raises(Incomplete) as caught:
        list(entered.run(b"\x01", data=Memory()))
    assert (caught.value.machine, caught.value.state) == ("M", "N[0]")
