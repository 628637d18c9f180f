# SPDX-License-Identifier: Apache-2.0
"""Pictures of machines, and what a reader finds in them."""

import os
import re
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from cpppo.automata import (
    NonTerminal,
    decide,
    dfa,
    draw,
    state,
    state_drop,
    state_input,
)
from cpppo.automata.examples import EXAMPLES, ab, csv, regex
from cpppo.automata.labels import symbols
from cpppo.automata.regex import regex as expression
from cpppo.automata.regex import regex_bytes
from cpppo.dotdict import dotdict
from cpppo.errors import CpppoError

needs_dot = pytest.mark.skipif(
    shutil.which("dot") is None, reason="graphviz is not installed: there is no dot"
)

NODE = re.compile(r'^ *(\w+) \[label="((?:[^"\\]|\\.)*)"(.*)\];$', re.MULTILINE)
EDGE = re.compile(
    r'^ *(\w+) -> (\w+)(?: \[label="((?:[^"\\]|\\.)*)".*)?;$', re.MULTILINE
)


def states(text: str) -> dict[str, str]:
    """The states of a DOT text by label, with their looks."""
    return {label: looks for _name, label, looks in NODE.findall(text)}


def edges(text: str) -> set[tuple[str, str, str]]:
    """The labelled edges of a DOT text, from label to label."""
    labels = {name: label for name, label, _looks in NODE.findall(text)}
    return {
        (labels.get(tail, tail), label, labels.get(head, head))
        for tail, head, label in EDGE.findall(text)
        if label
    }


def rows(text: str) -> list[list[str]]:
    """The rows of a table, without its head."""
    return [re.split(r"  +", line) for line in text.splitlines()[2:]]


def ways(place: state, **options: Any) -> list[str]:
    """What a table says about the ways out of one state."""
    return [" -> ".join(row[-2:]) for row in rows(draw.table(place, **options))]


def opened() -> state:
    """A state that takes nothing, to hang edges on."""
    return state("first")


# -- DOT


def test_dot_holds_the_states_and_edges_of_a_machine() -> None:
    text = draw.dot(ab())
    assert text.startswith('digraph "ab+" {') and text.endswith("}\n")
    assert list(states(text)) == ["E", "A", "B"]
    assert edges(text) == {("E", "a", "A"), ("A", "b", "B"), ("B", "b", "B")}


def test_dot_doubles_the_terminal_states_alone() -> None:
    looks = states(draw.dot(ab()))
    assert ["doublecircle" in looks[name] for name in "EAB"] == [False, False, True]


def test_dot_doubles_terminal_states_with_long_names() -> None:
    first = opened()
    first[True] = state_input("end of message", terminal=True)
    looks = states(draw.dot(dfa("m", initial=first)))
    assert "peripheries=2" in looks["end of message"]
    assert "peripheries=2" not in looks["first"]


def test_dot_leads_from_a_point_to_the_initial_state() -> None:
    text = draw.dot(ab())
    assert "start1 [shape=point" in text
    assert "start1 -> state1_0;" in text
    assert 'state1_0 [label="E"' in text


def test_dot_draws_machines_inside_of_machines() -> None:
    text = draw.dot(csv())
    outer, inner = text.index('label="CSV\\l"'), text.index('label="ab+\\l"')
    assert outer < inner < text.index('label="B"') < text.index('label="SEP"')
    assert text.count("subgraph cluster") == 2
    assert '[label="[,]", ltail=cluster2]' in text
    assert '-> end2 [label="ε", lhead=cluster2]' in text


def test_dot_draws_what_a_machine_leads_to_outside_of_it() -> None:
    machine = ab()
    machine[";"] = state_drop("after")
    text = draw.dot(machine)
    assert text.index('label="B"') < text.index("  }\n") < text.index('label="after"')


def test_a_machine_tells_its_limit_and_repeat() -> None:
    machine = dfa("items", initial=ab(), repeat="..count", limit=12, greedy=False)
    assert 'label="items\\lrepeat ..count, limit 12, not greedy\\l"' in draw.dot(
        machine
    )
    said = rows(draw.table(machine))[0][0]
    assert said == "items, repeat ..count, limit 12, not greedy"


def test_a_limit_that_is_computed_is_told_by_name() -> None:
    assert "limit len" in draw.dot(dfa("items", initial=ab(), limit=len))


def test_a_machine_inside_of_itself_is_drawn_once_and_then_referred_to() -> None:
    first = opened()
    expr = dfa("expr", initial=first, terminal=True)
    first["("] = expr
    expr[")"] = state_drop("close", terminal=True)
    text = draw.dot(expr)
    assert text.count('label="expr\\l"') == 1
    assert text.count("dashed") == 1
    assert "dashed" in states(text)["expr"]
    assert ("first", "[(]", "expr") in edges(text)
    assert [row[1] for row in rows(draw.table(expr)) if row[0] == "expr"] == [
        "> ( first )"
    ]


def test_machines_of_one_name_are_told_apart() -> None:
    first = dfa("part", initial=ab())
    first["x"] = dfa("part", initial=opened())
    table = draw.table(dfa("whole", initial=first))
    assert {row[0] for row in rows(table)} >= {"whole", "part", "part #2"}
    assert "x   part #2" in table


def test_names_may_hold_whatever_they_like() -> None:
    machine = dfa('a"b\\c&d\n', initial=state("<i>\t"))
    text = draw.dot(machine)
    assert text.startswith('digraph "a\\"b\\\\c&amp;d')
    assert "<i>\\\\t" in states(text)
    assert len(draw.table(machine).splitlines()) == 3


# -- what edges say


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("a", "a"),
        (",", "[,]"),
        (" ", "[ ]"),
        ("abcxyz0123456789_", "[a-cx-z0-9_]"),
        ("ab", "[ab]"),
        ("]-\\", r"[\-\\\]]"),
        ("\n\t", r"[\t\n]"),
        (range(32), "0x00-0x1f"),
        ((0, 1, 2, 9, 0x7F), "0x00-0x02 0x09 0x7f"),
        (range(256), "any"),
        ((True,), "any"),
        ((None,), "ε"),
        ((str.isdigit,), "isdigit"),
        ((("x", 1),), "('x', 1)"),
    ],
)
def test_symbols_are_told_as_classes(keys: Any, said: str) -> None:
    assert symbols(list(keys)) == said


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("[a-z0-9]", "[a-z0-9]"),
        ('[^,"]', '[^",]'),
        ("[^a-z]", "[^a-z]"),
        ("[\u0400-\u04ff]", "[Ѐ-ӿ]"),
    ],
)
def test_a_class_reads_as_it_was_written(pattern: str, said: str) -> None:
    assert rows(draw.table(expression(initial=pattern)))[0][2] == said


def test_classes_of_octets_are_hexadecimal() -> None:
    machine = regex_bytes(initial="[\\x00-\\x1f]|[0-9]")
    assert rows(draw.table(machine))[0][2] == "0x00-0x1f 0x30-0x39"
    many = regex_bytes(initial="[\\x00-\\x7f]")
    assert rows(draw.table(many))[0][2] == "0x00-0x7f"


def test_a_wildcard_beside_octets_takes_any_other() -> None:
    first, more = opened(), state_input("more")
    first[1] = state_input("one")
    first[True] = more
    assert ways(first)[:2] == ["0x01 -> one", "any other -> more"]
    first[1] = more
    assert ways(first)[0] == "any -> more"


def test_decides_are_told_with_their_names_in_order() -> None:
    first = opened()
    more, less, rest = state_input("more"), state_input("less"), state_input("rest")
    first[True] = decide("big", more, lambda **_: False)
    first[True] = decide("small", less, lambda **_: False)
    first[True] = rest
    first[None] = decide("over", rest, lambda **_: False)
    assert ways(first)[:4] == [
        "any, if big (1) -> more",
        "any, if small (2) -> less",
        "any, otherwise -> rest",
        "ε, if over -> rest",
    ]
    assert ("first", "any, otherwise\\nε, if over", "rest") in edges(draw.dot(first))


def test_refusals_are_left_out_unless_wanted() -> None:
    assert "refused" not in draw.table(regex()) + draw.dot(regex())
    assert "[^a]   (refused)" in draw.table(regex(), refusals=True)
    assert ("0'", "[^a]", "refused") in edges(draw.dot(regex(), refusals=True))


# -- chains


def after(place: state, key: Any) -> state:
    """The state that a key leads to."""
    target = place[key]
    assert target is not None
    return target


def chain(keys: list[Any]) -> dfa:
    """A machine of numbered states, one after each of these keys."""
    first = place = opened()
    for number, key in enumerate(keys):
        place[key] = state_input(f"length[{number}]")
        place = after(place, key)
    place[None] = state("value", terminal=True)
    return dfa("message", initial=first)


def test_a_chain_of_states_is_one_row_and_one_node() -> None:
    machine = chain([True] * 8)
    assert rows(draw.table(machine)) == [
        ["message", "> ( first )", "any", "length[0..7]"],
        ["", "( length[0..7] )", "any", "(next)"],
        ["", "ε", "value"],
        ["", "((value))"],
    ]
    assert list(states(draw.dot(machine)))[1] == "length[0..7]\\n(any to next)"


def test_a_chain_ends_where_its_symbol_changes() -> None:
    table = draw.table(chain([True] * 4 + [7] + [True] * 2))
    assert "0x07  length[4..6]" in table
    assert "( length[0..3] )" in table


def test_a_chain_ends_where_something_else_leads_into_it() -> None:
    machine = chain([True] * 8)
    place = machine.initial
    while place.label != "length[4]":
        place = after(place, True)
    machine.initial["x"] = place
    table = draw.table(machine)
    assert "( length[0..3] )" in table and "( length[4..7] )" in table
    assert "x     length[4..7]" in table


def test_a_chain_begins_and_ends_a_machine() -> None:
    part = [state_input(f"part[{number}]", terminal=number > 3) for number in range(6)]
    for here, there in pairwise(part):
        here[True] = there
    marks = [row[1] for row in rows(draw.table(dfa("whole", initial=part[0])))]
    assert marks == ["> ((part[0..4]))", "any", "((part[5]))"]


def test_two_states_are_no_chain() -> None:
    assert "( length[1] )" in draw.table(chain([True] * 2))


# -- the table

CSV_TABLE = """\
machine  state      on   to
-------  ---------  ---  ---
CSV      > ((ab+))  [,]  SEP
           ( SEP )  [ ]  SEP
                    ε    ab+
ab+      > ( E )    a    A
           ( A )    b    B
           ((B))    b    B
"""


def test_the_table_of_csv() -> None:
    assert draw.table(csv()) == CSV_TABLE


def test_a_state_without_a_machine_is_drawn_too() -> None:
    first = opened()
    first["x"] = state("last", terminal=True)
    assert rows(draw.table(first)) == [
        ["-", "> ( first )", "x", "last"],
        ["", "((last))"],
    ]


def test_drawing_after_a_failed_run_is_drawing_before_it() -> None:
    machine = csv()
    before = draw.table(machine), draw.dot(machine)
    with machine, pytest.raises(NonTerminal):
        list(machine.run("abb, a", data=dotdict()))
    assert (draw.table(machine), draw.dot(machine)) == before


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_take_what_they_are_drawn_for(name: str) -> None:
    taken = "abbb,  ab,abb" if name != "ab" else "abbb"
    with EXAMPLES[name]() as machine:
        for _machine, _state in machine.run(
            taken, path="all", data=(data := dotdict())
        ):
            pass
        assert machine.terminal
    kept = taken if name == "regex" else taken.replace(",", "").replace(" ", "")
    assert "".join(data["all.input"]) == kept


# -- SVG


@needs_dot
@pytest.mark.parametrize("name", EXAMPLES)
def test_svg_is_made_by_dot(name: str) -> None:
    text = draw.svg(EXAMPLES[name]())
    assert text.startswith("<?xml") and text.endswith("</svg>\n")
    assert text.count("<ellipse") > 3


@needs_dot
def test_dot_accepts_every_name() -> None:
    text = draw.svg(dfa('a"b\\c&d<e>\n\\', initial=state("&amp;\\")))
    assert ">a&quot;b\\c&amp;d&lt;e&gt;\\n\\<" in text


def test_svg_without_dot_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(CpppoError, match="install graphviz"):
        draw.svg(ab())


def test_a_dot_that_fails_is_quoted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "dot"
    program.write_text("#!/bin/sh\necho 'no fonts' >&2\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(CpppoError, match="dot failed: no fonts"):
        draw.svg(ab())
