# SPDX-License-Identifier: Apache-2.0
"""All engines give the same states, data, place and errors, however input is cut."""

from itertools import pairwise
from typing import Any

import pytest
from engines import HELD, PATTERNS, SYMBOLS, Outcome, agree, machines
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cpppo.automata import (
    decide,
    dfa,
    holds,
    state,
    state_drop,
    state_input,
    state_struct,
)
from cpppo.automata.examples import EXAMPLES
from cpppo.automata.regex import (
    integer,
    integer_bytes,
    regex,
    regex_bytes,
    string,
    string_bytes,
)
from cpppo.dotdict import dotdict
from cpppo.errors import GrammarError, Incomplete, Malformed

slow = settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


def chain(*places: state, **kwds: Any) -> dfa:
    """A machine of these states, each followed by any symbol."""
    for place, following in pairwise(places):
        place[True] = following
    places[-1]._terminal = True
    return dfa(kwds.pop("name", "m"), initial=places[0], terminal=True, **kwds)


def text(outcome: Outcome, path: str) -> str:
    return "".join(outcome.data[path][2])


def failed(outcome: Outcome) -> tuple[Any, str, str, int]:
    failure = outcome.failure
    assert failure is not None
    return failure.kind, failure.machine, failure.state, failure.offset


def some(name: str, symbol: Any = "a", **kwds: Any) -> dfa:
    """One or more of a symbol, collected."""
    start, more = state("S"), state_input("A", terminal=True)
    start[symbol] = more[symbol] = more
    return dfa(name, initial=start, terminal=True, **kwds)


# -- the machines of the manual


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize(
    "symbols",
    [
        "",
        "a",
        "b",
        "ab",
        "abbb",
        "abbb,ab",
        "ab,  abb, ab",
        "ab, ",
        "ab,x",
        "abé",
        "ab,é",
    ],
)
def test_the_examples(name: str, symbols: str) -> None:
    agree(EXAMPLES[name](), symbols)


def test_one_of_the_examples_in_full() -> None:
    outcome = agree(EXAMPLES["csv"](), "abb, ab")
    assert outcome.path == "ab+ E A B B SEP SEP ab+ E A B"
    assert (outcome.sent, outcome.terminal) == (7, True)
    assert text(outcome, "input") == "abbab"


# -- plain states


def test_states_that_take_drop_and_decode() -> None:
    low, high = state_input("lo"), state_input("hi")
    drop = state_drop("drop")
    value = state_struct("value", format="<H", context="v")
    low[True], high[True], drop[None] = high, drop, value
    value._terminal = True
    whole = dfa("m", initial=low, terminal=True)
    outcome = agree(whole, b"\x01\x02\xff", "p", {"p.v.input": []})
    assert outcome.path == "lo hi drop value"
    assert failed(outcome) == (Malformed, "m", "value", 3)


def test_a_struct_has_its_place() -> None:
    first, second = state_input("lo", context="v"), state_input("hi", context="v")
    value = state_struct("value", format="<H", context="v", terminal=True)
    first[True], second[None] = second, value
    for context in (None, "c", "c.d"):
        outcome = agree(dfa("m", initial=first, context=context), b"\x01\x02\xff", "p")
        place = ".".join(part for part in ("p", context, "v") if part)
        assert outcome.data == {place: ("int", 0x201)}
    assert failed(agree(dfa("m", initial=first), b"\x01", "p"))[0] is Incomplete


def test_edges_from_the_exact_to_the_empty_and_explicit_refusals() -> None:
    start = state("S")
    for key, name in (("a", "exact"), (True, "any"), (None, "none")):
        start[key] = state_input(name, terminal=True) if key else state(name, True)
    start["r"] = None
    whole = dfa("m", initial=start, terminal=True)
    assert agree(whole, "a").path == "S exact"
    assert agree(whole, "b").path == "S any"
    assert agree(whole, "").path == "S none"
    assert failed(agree(whole, "r")) == (Malformed, "m", "S", 0)
    start._terminal = True
    assert agree(dfa("m", initial=start), "r").path == "S"


def test_a_dead_end_is_malformed_whatever_follows() -> None:
    first = state_input("A")
    for symbols in ("a", "ab"):
        assert failed(agree(dfa("m", initial=first), symbols)) == (
            Malformed,
            "m",
            "A",
            1,
        )


@pytest.mark.parametrize("machine_greedy", [True, False])
@pytest.mark.parametrize("state_greedy", [True, False])
def test_greed(machine_greedy: bool, state_greedy: bool) -> None:
    start = state("S")
    more = state_input("A", terminal=True, greedy=state_greedy)
    start["a"] = more["a"] = more
    inner = dfa("i", initial=start, terminal=True, greedy=machine_greedy)
    inner["a"] = inner
    wanted = 3 if machine_greedy and state_greedy else 1
    assert (
        agree(dfa("alone", initial=start, greedy=machine_greedy), "aaa").sent == wanted
    )
    # A machine around it goes on, unless it or this one is satisfied with less.
    assert agree(dfa("m", initial=inner), "aaa").sent == (3 if machine_greedy else 1)
    assert agree(dfa("m", initial=inner, greedy=False), "aaa").sent == wanted


# -- decides


@pytest.mark.parametrize("kind", [None, True, "a"])
@pytest.mark.parametrize("held", [{}, {"p.n": 1}, {"p.n": 2}, {"p.n": 3}, {"p.n": "1"}])
def test_decides(kind: Any, held: dict[str, Any]) -> None:
    start = state("S")
    start[kind] = decide("one", state("one", terminal=True), holds("n", 1))
    start[kind] = decide("dead", None, holds("n", 2))
    start[kind] = decide("any", state("any", terminal=True), holds("n"))
    for otherwise in (False, True):
        if otherwise:
            start[kind] = state("else", terminal=True)
        for symbols in ("", "a", "b"):
            agree(dfa("m", initial=start), symbols, "p", held)
            agree(dfa("m", initial=start, limit=0), symbols, "p", held)


def test_what_was_just_read_decides() -> None:
    number = integer("n", context="n", terminal=True)
    pair, single = state_drop("pair"), state_drop("single", terminal=True)
    pair["y"] = single
    colon = state_drop("colon")
    number[":"] = colon
    colon["x"] = decide("two", pair, holds("n", 2))
    colon["x"] = single
    whole = dfa("m", initial=number, terminal=True)
    assert agree(whole, "2:xy").sent == 4
    assert agree(whole, "1:xy").sent == 3


# -- machines in machines


def test_contexts_make_a_path() -> None:
    inner = some("i", context="in")
    outer = dfa("o", initial=inner, terminal=True, context="out")
    outcome = agree(dfa("m", initial=outer, context="top"), "aa", "p")
    assert list(outcome.data) == ["p.top.out.in.input"]


def test_contexts_may_go_back() -> None:
    inner = some("i", context="..beside")
    outcome = agree(dfa("m", initial=inner, context="top"), "aa", "p")
    assert list(outcome.data) == ["p.beside.input"]


@pytest.mark.parametrize("limit", [0, 1, 3, 5, "n", ".n", "..n"])
@pytest.mark.parametrize("outer", [None, 0, 2, 9])
def test_limits(limit: Any, outer: int | None) -> None:
    held = {"p.o.i.n": 1, "p.o.n": 2, "p.n": 4}
    for bounded in (
        some("i", limit=limit, context="i"),
        string("i", initial="a*", limit=limit, context="i", terminal=True),
    ):
        after = state_input("after", terminal=True)
        bounded["a"] = after
        whole = dfa("o", initial=bounded, terminal=True, limit=outer, context="o")
        for symbols in ("", "a", "aaaa", "aaab", "aaaaaaaaaaa"):
            agree(whole, symbols, "p", held)


def test_a_limit_beyond_the_one_around_it_is_cut() -> None:
    inner = some("i", limit=9)
    assert agree(dfa("o", initial=inner, limit=2), "aaaa").sent == 2


def test_a_limit_ends_before_what_is_wanted() -> None:
    inner = chain(state_input("A"), state_input("B"), state_input("C"), limit=2)
    assert failed(agree(inner, "aaa")) == (Malformed, "m", "B", 2)
    assert failed(agree(inner, "a")) == (Incomplete, "m", "A", 1)


@pytest.mark.parametrize("repeat", [0, 1, 2, 3, "n", "..n", "..missing"])
def test_repeats(repeat: Any) -> None:
    held = {"p.i.n": 2, "p.n": 0}
    inner = chain(
        state_input("A"), state_drop("B"), repeat=repeat, context="i", name="i"
    )
    whole = dfa("o", initial=inner, terminal=True)
    for symbols in ("", "a", "ab", "abab", "ababa", "abababab"):
        agree(inner, symbols, "p", held)
        agree(whole, symbols, "p", held)
        agree(dfa("w", initial=whole, repeat=2, limit=5), symbols, "p", held)


def test_a_repeat_of_what_may_take_nothing_ends_when_it_takes_nothing() -> None:
    inner = string("i", initial="a?", repeat=1 << 30, context="s", terminal=True)
    outcome = agree(dfa("m", initial=inner), "aab", "p")
    assert (outcome.sent, outcome.data) == (2, {"p.s": ("str", "aa")})


def test_one_machine_in_two_places_keeps_their_paths_apart() -> None:
    shared = string("word", initial="[a-z]+", context="word", terminal=True)
    first = dfa("one", initial=shared, context="one", terminal=True)
    second = dfa("two", initial=shared, context="two", terminal=True, limit=2)
    blank = state_drop("blank")
    first[" "], blank[None] = blank, second
    outcome = agree(dfa("m", initial=first, terminal=True), "abc defg", "p")
    assert outcome.data == {"p.one.word": ("str", "abc"), "p.two.word": ("str", "de")}
    assert failed(agree(dfa("m", initial=first, terminal=True), "abc ")) == (
        Incomplete,
        "word",
        "0'",
        4,
    )


def test_a_machine_inside_of_itself_makes_a_path_inside_of_a_path() -> None:
    start, opened = state("S"), state_drop("open")
    closed, word = state_drop("close", terminal=True), state_input("word")
    group = dfa("group", initial=start, context="in", terminal=True)
    start["("] = opened
    for place in (opened, word, group):
        place["a"], place[")"] = word, closed
    opened["("] = word["("] = group
    outcome = agree(group, "(a(aa(a))a)", "p")
    assert {path: text(outcome, path) for path in outcome.data} == {
        "p.in.input": "aa",
        "p.in.in.input": "aa",
        "p.in.in.in.input": "a",
    }
    assert (outcome.sent, outcome.terminal) == (11, True)
    assert failed(agree(group, "(a(b"))[3] == 3


# -- values, and lengths that were read


@pytest.mark.parametrize("symbols", ["", "1", "12x", "x", "é", "٣"])
def test_integers(symbols: str) -> None:
    agree(integer("n", context="n", terminal=True), symbols, "p")
    agree(integer_bytes("n", context="n", terminal=True), symbols.encode(), "p")


def test_an_integer_has_a_bound() -> None:
    whole = chain(integer("n", context="n"), name="m")
    outcome = agree(whole, "1" * 5000, "p")
    assert failed(outcome) == (Malformed, "n", "", 5000)


@pytest.mark.parametrize(
    "octets", [b"", b"ab", b"\xc3\xa9", b"\xc3", b"a\xff", b"\xe2\x82"]
)
def test_strings_of_octets(octets: bytes) -> None:
    agree(string_bytes("s", initial=".*", context="s", terminal=True), octets, "p")
    agree(
        string_bytes("s", initial=".*", context="s", encoding="latin-1", terminal=True),
        octets,
        "p",
    )


def netstring(octets: bool) -> dfa:
    """A length, a colon, so many symbols, a comma."""
    number = (integer_bytes if octets else integer)(
        "size", context="size", terminal=True
    )
    body = (string_bytes if octets else string)(
        "body", initial=".*", context="body", limit="..size", terminal=True
    )
    colon, comma = state_drop("colon"), state_drop("comma", terminal=True)

    def key(symbol: str) -> Any:
        return ord(symbol) if octets else symbol

    number[key(":")], colon[None], body[key(",")] = colon, body, comma
    return dfa("netstring", initial=number, context="net", terminal=True)


@pytest.mark.parametrize(
    "symbols",
    [
        "0:,",
        "3:abc,",
        "3:abc,3:",
        "3:ab,",
        "3:abcd,",
        "4:é,é,,",
        "99:a",
        "x",
        "3",
        "3:",
    ],
)
@pytest.mark.parametrize("octets", [False, True])
def test_lengths_that_are_true_and_lengths_that_lie(symbols: str, octets: bool) -> None:
    given: Any = symbols.encode() if octets else symbols
    agree(netstring(octets), given, "p")
    agree(dfa("two", initial=netstring(octets), repeat=2, context="all"), given + given)


def test_a_length_announces_its_text() -> None:
    outcome = agree(netstring(False), "4:é,é,,", "p")
    assert outcome.data == {"p.net.size": ("int", 4), "p.net.body": ("str", "é,é,")}
    lie = agree(netstring(True), b"99999999999:a")
    assert failed(lie) == (Malformed, "body", "", 12)


# -- regular expressions


@pytest.mark.parametrize(
    "pattern", ["a*b", "[^a]+", ".*", "(é|€)+x?", "[a-é]{2,3}", "𝄞."]
)
@pytest.mark.parametrize(
    "symbols", ["", "aab", "é€x", "ab𝄞", "𝄞𝄞𝄞", "éé\U0010ffff", "zz"]
)
def test_expressions(pattern: str, symbols: str) -> None:
    agree(regex(initial=pattern, terminal=True), symbols)
    agree(regex_bytes(initial=pattern, terminal=True), symbols.encode())
    agree(regex_bytes(initial=pattern, terminal=True), symbols.encode()[1:])
    agree(regex(initial=pattern, terminal=True, greedy=False), symbols)


def test_a_long_run_is_one_however_long() -> None:
    whole = regex(initial="(ab+)((,[ ]*)(ab+))*", terminal=True)
    sentence = "abbb, ab," * 2000 + "ab"
    parser = whole.parser()
    for at in range(0, len(sentence), 4097):
        parser.feed(sentence[at : at + 4097])
    assert parser.close().terminal
    assert "".join(parser.data.input) == sentence
    assert parser.sent == len(sentence)


# -- what a parser keeps and gives back


def test_what_is_fed_is_the_callers_to_use_again() -> None:
    buffer = bytearray(b"aab")
    parser = some("m", 97).parser().feed(buffer)
    buffer[:] = b"xxx"
    assert (parser.rest, parser.done) == (b"b", True)
    assert parser.feed(memoryview(b"cd")).rest == b"bcd"
    assert parser.sent == 2


def test_asking_whether_it_may_end_changes_nothing() -> None:
    shared = integer("n", context="n", terminal=True)
    called = dfa("c", initial=shared, context="c", terminal=True)
    other = dfa("d", initial=shared, context="d", terminal=True)
    called[","] = comma = state_drop("comma")
    comma[None] = other
    data = dotdict()
    parser = dfa("m", initial=called, terminal=True).parser("p", data)
    parser.feed("12")
    before = str(data)
    assert (parser.terminal, parser.terminal) == (True, True)
    assert (str(data), parser.done) == (before, False)
    assert not parser.feed("3,").terminal
    assert data.p.c.n == 123
    assert parser.feed("4").close().terminal
    assert (data.p.d.n, parser.sent) == (4, 5)


@pytest.mark.parametrize("typecode", ["b", "B", "H", "q", None])
def test_octets_are_collected_in_an_array_of_ones_choice(typecode: str | None) -> None:
    first = state_input("A", typecode=typecode)
    outcome = agree(chain(first, state_input("B", typecode=typecode)), b"\x01\xff")
    last = -1 if typecode == "b" else 255
    assert outcome.data["input"] == ("array", typecode or "B", [1, last])


# -- random machines, on random input


@slow
@given(machines(), st.lists(SYMBOLS, min_size=3, max_size=3), st.sampled_from(HELD))
def test_any_machine(machine: dfa, sentences: list[str], held: dict[str, Any]) -> None:
    try:
        machine.parser()
    except GrammarError as error:
        assert "with no symbol taken" in str(error)
        return
    for symbols in sentences:
        agree(machine, symbols, "p", held)


@slow
@given(PATTERNS, st.text("aabé€𝄞x", max_size=6), st.binary(max_size=2), st.data())
def test_any_expression(
    pattern: str, symbols: str, noise: bytes, data: st.DataObject
) -> None:
    kwds: dict[str, Any] = {
        "context": data.draw(st.sampled_from([None, "v"])),
        "greedy": data.draw(st.booleans()),
        "limit": data.draw(st.sampled_from([None, None, 3, "..n"])),
    }
    over_text = data.draw(st.sampled_from([regex, string]))
    over_octets = data.draw(st.sampled_from([regex_bytes, string_bytes]))
    held = {"p.n": 4, "n": 2}
    agree(over_text("r", initial=pattern, terminal=True, **kwds), symbols, "p", held)
    octets = symbols.encode()
    at = data.draw(st.integers(0, len(octets)))
    octets = octets[:at] + noise + octets[at:]
    inner = over_octets("r", initial=pattern, terminal=True, **kwds)
    agree(inner, octets, "p", held)
    agree(dfa("two", initial=inner, repeat=2), octets, "p", held)
