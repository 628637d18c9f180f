# SPDX-License-Identifier: Apache-2.0
"""Machines of regular expressions: what they accept, and the values they store."""

import re
import subprocess
import sys
import threading
from typing import Any

import pytest
from greenery import parse
from hypothesis import given
from hypothesis import strategies as st

from cpppo.automata import dfa, state, state_drop
from cpppo.automata.regex import (
    from_regex,
    integer,
    integer_bytes,
    regex,
    regex_bytes,
    string,
    string_bytes,
    within,
)
from cpppo.automata.source import peekable
from cpppo.dotdict import dotdict
from cpppo.errors import GrammarError, Incomplete, Malformed, NonTerminal

CSV = "(ab+)((,[ ]*)(ab+))*"


def labels(machine: dfa, source: Any, **kwds: Any) -> list[str | None]:
    with machine as entered:
        return [sta and sta.label for _, sta in entered.run(source, **kwds)]


def value(machine: dfa, symbols: Any, data: dotdict | None = None) -> Any:
    """What the machine stored at its context."""
    data = dotdict() if data is None else data
    labels(machine, peekable(symbols), data=data)
    return data[machine.context or ""]


def accepts(machine: dfa, symbols: Any) -> bool:
    """Whether the machine takes all the symbols and ends satisfied."""
    source = peekable(symbols)
    try:
        labels(machine, source)
    except NonTerminal:
        return False
    return machine.terminal and source.sent == len(symbols)


def states(machine: dfa) -> dict[str, state]:
    """All the states of a machine, by their names."""
    found: dict[str, state] = {}
    ahead: list[state] = [machine.initial]
    while ahead:
        place = ahead.pop()
        if found.setdefault(place.label, place) is not place:
            continue
        for _, edge in place.edges():
            ahead += [sta for sta in edge.states() if found.get(sta.label) is not sta]
    return found


# -- the machine of the manual


def test_its_name_is_the_expression_unless_given() -> None:
    assert regex(initial=CSV).label == CSV
    assert regex("csv", initial=CSV).label == "csv"


def test_its_states_bear_numbers_and_only_acceptance_is_terminal() -> None:
    found = states(regex(initial=CSV))
    assert sorted(found) == ["0'", "2", "3", "4"]
    assert [label for label, place in found.items() if place.terminal] == ["3"]
    assert not found["0'"].consumes
    edges = {
        label: {key: edge.target and edge.target.label for key, edge in place.edges()}
        for label, place in found.items()
    }
    assert edges == {
        "0'": {"a": "2", True: None},
        "2": {"b": "3", True: None},
        "3": {"b": "3", ",": "4", True: None},
        "4": {" ": "4", "a": "2", True: None},
    }


def test_it_takes_the_same_as_the_csv_machine_and_keeps_the_separators() -> None:
    machine, data = regex(initial=CSV, context="csv", terminal=True), dotdict()
    source = peekable("abbb, ab")
    assert labels(machine, source, data=data) == ["0'", *"23334423", None]
    assert (source.sent, machine.terminal) == (8, True)
    assert "".join(data.csv.input) == "abbb, ab"


def test_an_invalid_symbol_makes_no_transition() -> None:
    machine, source = regex(initial=CSV, terminal=True), peekable("abb!")
    assert labels(machine, source) == ["0'", "2", "3", "3", None]
    assert (machine.terminal, source.peek()) == (True, "!")
    with machine as entered, pytest.raises(Malformed) as caught:
        list(entered.run(peekable("ab,!")))
    assert (caught.value.machine, caught.value.state) == (CSV, "4")
    assert (caught.value.offset, caught.value.expected) == (3, "' ' or 'a'")


def test_it_is_satisfied_only_where_a_sentence_may_end() -> None:
    machine = regex(initial=CSV, terminal=True)
    with machine as entered:
        satisfied = [entered.terminal for _ in entered.run(peekable("ab,ab"))]
    assert satisfied == [False, False, True, False, False, True, True]


def test_without_greed_it_stops_when_first_satisfied() -> None:
    for kind, symbols in ((regex, "abbb"), (regex_bytes, b"abbb")):
        source = peekable(symbols)
        machine = kind(initial="ab+", greedy=False, terminal=True)
        assert labels(machine, source) == ["0'", "1", "3"]
        assert (source.sent, machine.terminal) == (2, True)
    source = peekable("one\ntwo")
    labels(string(initial=".*\n", greedy=False), source)
    assert "".join(source) == "two"


def test_a_limit_ends_it() -> None:
    source = peekable("aaaa")
    labels(regex(initial="a*", limit=2), source)
    assert source.sent == 2


def test_it_does_not_give_back_what_led_nowhere() -> None:
    with regex(initial="ab(cd)?") as machine, pytest.raises(NonTerminal) as caught:
        list(machine.run(peekable("abcX")))
    assert "after 3 symbols" in str(caught.value)
    assert (caught.value.state, caught.value.expected) == ("4", "'d'")


def test_other_states_may_be_asked_for() -> None:
    source, data = peekable("aab"), dotdict()
    labels(regex(initial="a*", regex_states=state_drop), source, data=data)
    assert (source.sent, len(data)) == (2, 0)


def test_the_expression_may_be_a_greenery_pattern() -> None:
    machine = regex(initial=parse("ab+") & parse("a.{2}"), terminal=True)
    assert accepts(machine, "abb")
    assert not accepts(machine, "ab")
    assert machine.label == "ab{2}"


def test_the_parts_that_it_is_made_of_can_be_had() -> None:
    text, pattern, automaton, initial = from_regex("ab+")
    assert (text, pattern) == ("ab+", parse("ab+"))
    assert automaton.accepts("abb")
    assert initial.name == "0'"


def test_an_expression_of_nothing_refuses_everything() -> None:
    machine = regex(initial="[]", terminal=True)
    assert not accepts(machine, "")
    assert not accepts(machine, "a")


@pytest.mark.parametrize("kind", [regex, regex_bytes, string, integer_bytes])
@pytest.mark.parametrize(
    ("pattern", "place"),
    [
        ("a(", 1),
        ("a)", 1),
        ("*", 0),
        ("ab[z-a]c", 2),
        ("ab[c", 2),
        ("a{3,1}", 1),
        ("(a|[b)", 0),
        ("\\", 0),
    ],
)
def test_a_bad_expression_is_told_with_its_place(
    kind: type[regex], pattern: str, place: int
) -> None:
    with pytest.raises(GrammarError) as caught:
        kind(initial=pattern)
    assert repr(pattern) in str(caught.value)
    assert f"at index {place}" in str(caught.value)


@pytest.mark.parametrize("pattern", [3, b"ab", None, "(" * 3000 + ")" * 3000])
def test_what_is_no_expression_is_a_grammar_error(pattern: Any) -> None:
    with pytest.raises(GrammarError):
        regex("name", initial=pattern)


def test_an_encoding_that_it_cannot_split_is_a_grammar_error() -> None:
    for encoding in ("utf-16", "no such"):
        with pytest.raises(GrammarError, match=repr(encoding)):
            regex_bytes(initial="a", encoding=encoding)


def test_importing_it_does_not_import_greenery() -> None:
    code = "import sys, cpppo.automata.regex; print('greenery' in sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "False"


# -- closed sets


def test_a_small_class_is_an_edge_for_each_and_a_big_one_a_closed_set() -> None:
    initial = regex(initial="[a-z]|[А-я]").initial
    keys = [key for key, _ in initial.edges()]
    assert keys == [within(((97, 122), (0x410, 0x44F))), True]
    assert set(regex(initial="[a-c]").initial.exact) == {"a", "b", "c"}


def test_a_closed_set_knows_its_symbols() -> None:
    known = within(((97, 99), (0x20AC, 0x20AC)))
    assert known == within(known.ranges) and len({known, within(known.ranges)}) == 1
    assert [s for s in ("a", "d", "€", "ab", 97, 96, None, b"a") if known(s)] == [
        "a",
        "€",
        97,
    ]


@pytest.mark.parametrize(
    ("ranges", "text"),
    [
        (((97, 122),), "[a-z]"),
        (((48, 57), (95, 95)), "[0-9_]"),
        (((0, 31), (0x80, 0xBF)), "[\\x00-\\x1f\\x80-\\xbf]"),
        (((0x5D, 0x5E), (0x410, 0x10FFFF)), "[\\]-\\^А-\\U0010ffff]"),
    ],
)
def test_a_closed_set_shows_as_a_class(ranges: Any, text: str) -> None:
    known = within(ranges)
    assert (str(known), known.__name__, repr(known)) == (text, text, f"<within {text}>")


# -- beyond ASCII


def test_characters_beyond_ascii_are_matched_as_text() -> None:
    machine = regex(initial="é€+[а-я]", terminal=True)
    assert accepts(machine, "é€€я")
    assert not accepts(machine, "e€я")


def test_the_states_within_a_character_are_named_by_its_octets() -> None:
    machine = regex_bytes(initial="a€*", terminal=True)
    labelled = labels(machine, peekable("a€€".encode()))
    assert labelled == ["0'", "1", "1_e2", "1_e2_82", "1", "1_e2", "1_e2_82", "1", None]


def test_the_states_within_characters_are_shared_where_they_go_on_alike() -> None:
    within_any = {"0_c2", "0_e0", "0_e1", "0_ed", "0_f0", "0_f1", "0_f4"}
    assert set(states(regex_bytes(initial="."))) == {"0'", "1", *within_any}


def test_an_octet_that_spells_nothing_makes_no_transition() -> None:
    source = peekable(b"a\xffa")
    assert labels(regex_bytes(initial="a*"), source) == ["0'", "0", None]
    assert source.peek() == 0xFF


def test_octets_that_end_within_a_character_are_incomplete() -> None:
    with regex_bytes(initial=".*") as machine, pytest.raises(Incomplete):
        list(machine.run(peekable("a€".encode()[:-1])))


def spelled(initial: Any, octets: bytes) -> bool:
    """Whether the octets lead from an initial state to a terminal one."""
    place = initial
    for octet in octets:
        place = place[octet]
        if place is None:
            return False
    return bool(place.terminal)


def decodes(octets: bytes) -> bool:
    try:
        return len(octets.decode()) == 1
    except UnicodeDecodeError:
        return False


def test_any_character_is_any_valid_utf_8_and_nothing_else() -> None:
    initial = regex_bytes(initial=".").initial
    edges = [0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF]
    short = [bytes((i, j))[:n] for n in (1, 2) for i in range(256) for j in range(256)]
    threes = [bytes((i, j, k)) for i in range(256) for j in range(256) for k in edges]
    fours = [
        bytes((i, j, k, m))
        for i in range(0xEF, 256)
        for j in range(256)
        for k in edges
        for m in edges
    ]
    wrong = [o for o in short + threes + fours if spelled(initial, o) != decodes(o)]
    assert wrong == []


@given(st.characters(codec="utf-8"), st.characters(codec="utf-8"), st.characters())
def test_a_class_and_its_complement_share_all_characters(
    one: str, other: str, symbol: str
) -> None:
    low, high = sorted((one, other))
    pattern = f"[{escaped(low)}-{escaped(high)}]"
    among = from_regex(pattern, encoding="utf-8")[-1]
    beside = from_regex(f"[^{pattern[1:]}", encoding="utf-8")[-1]
    octets = symbol.encode(errors="surrogatepass")
    valid = decodes(octets)
    assert spelled(among, octets) == (valid and low <= symbol <= high)
    assert spelled(beside, octets) == (valid and not low <= symbol <= high)


def escaped(symbol: str) -> str:
    return "\\" + symbol if symbol in "\\[]^-" else symbol


def test_single_octets_are_latin_1_or_ascii_if_so_wanted() -> None:
    machine = regex_bytes(initial="é.", encoding="latin-1", terminal=True)
    assert accepts(machine, b"\xe9\xff")
    assert not accepts(machine, "é.".encode())
    machine = regex_bytes(initial="[^a]*", encoding="ascii", terminal=True)
    assert accepts(machine, bytes(set(range(128)) - {ord("a")}))
    assert not accepts(machine, b"\x80")


ATOMS = ["a", "b", "é", "€", "😀", ".", "[ab]", "[^a]", "[é-€]", "[^b-€]", "\\d"]


def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("{}{}".format, inner, inner),
        st.builds("({}|{})".format, inner, inner),
        st.builds("({}){}".format, inner, st.sampled_from(["*", "+", "?", "{2}"])),
        st.builds("({}){{{},3}}".format, inner, st.integers(0, 3)),
    )


PATTERNS = st.recursive(st.sampled_from(ATOMS), larger, max_leaves=6)
TEXTS = st.lists(st.text("abé€😀я7\n", max_size=7), min_size=1, max_size=5)


@given(PATTERNS, TEXTS)
def test_it_accepts_what_re_matches(pattern: str, texts: list[str]) -> None:
    characters = regex(initial=pattern, terminal=True)
    octets = regex_bytes(initial=pattern, terminal=True)
    for text in texts:
        known = re.fullmatch(pattern, text, re.DOTALL | re.ASCII) is not None
        assert accepts(characters, text) == known, text
        assert accepts(octets, text.encode()) == known, text


# -- values


@pytest.mark.parametrize(
    ("machine", "symbols"), [(integer(), "123x"), (integer_bytes(), b"123x")]
)
def test_an_integer_is_stored_and_the_rest_is_left(machine: dfa, symbols: Any) -> None:
    source, data = peekable(symbols), dotdict()
    labels(machine, source, data=data)
    assert data.integer == 123
    assert source.peek() in ("x", ord("x"))


@pytest.mark.parametrize(
    ("machine", "symbols", "text"),
    [
        (string(), "h€llo\n", "h€llo\n"),
        (string(), "", ""),
        (string(initial="[a-z]*"), "abc1", "abc"),
        (string(), "h€llo".encode(), "h€llo"),
        (string_bytes(), "h€llo😀".encode(), "h€llo😀"),
        (string_bytes(encoding="latin-1"), b"h\xe9", "hé"),
        (string_bytes(limit=2), b"abc", "ab"),
    ],
)
def test_a_string_is_stored(machine: dfa, symbols: Any, text: str) -> None:
    assert value(machine, symbols) == text


def test_values_are_stored_at_path_and_context() -> None:
    data = dotdict()
    labels(integer(context="port"), peekable("44818"), path="a.b", data=data)
    labels(string(context=""), peekable("text"), path="a.c", data=data)
    assert (data.a.b.port, data.a.c) == (44818, "text")


def test_a_path_may_be_used_again() -> None:
    data = dotdict()
    for machine in (integer(), integer_bytes()):
        assert value(machine, machine_input(machine, "12"), data) == 12
        assert value(machine, machine_input(machine, "345"), data) == 345


def machine_input(machine: dfa, text: str) -> Any:
    return text.encode() if isinstance(machine, regex_bytes) else text


def test_what_a_failed_run_collected_is_forgotten() -> None:
    data, machine = dotdict(), string(initial="ab(cd)?")
    with pytest.raises(NonTerminal):
        value(machine, "abcX", data)
    assert value(machine, "ab", data) == "ab"


def test_what_else_stands_at_its_path_may_be_its_limit() -> None:
    data = dotdict({"string.size": 2})
    assert value(string(limit="size"), "abcd", data) == "ab"


def test_a_string_that_is_repeated_no_times_stores_nothing() -> None:
    data = dotdict(count=0)
    labels(integer(repeat="..count"), peekable("12"), data=data)
    assert "integer" not in data


def test_digits_beyond_all_bounds_are_malformed() -> None:
    with pytest.raises(Malformed, match="5000 symbols"):
        value(integer(), "1" * 5000)


def test_an_expression_wider_than_its_value_is_malformed() -> None:
    with pytest.raises(Malformed, match="'-' of 1 symbols is no integer"):
        value(integer(initial="-?[0-9]*"), "-")
    assert value(integer(initial="-?[0-9]*"), "-12") == -12


def test_octets_collected_by_a_machine_of_text_are_decoded_or_malformed() -> None:
    with pytest.raises(Malformed, match="2 octets are not utf-8"):
        value(string(), b"\xff\xfe")


def test_a_value_can_be_had_without_a_source() -> None:
    data = dotdict({"x.integer.input": "12"})
    integer().decode(data, "x.integer", 2)
    assert data.x.integer == 12


def test_machines_of_expressions_nest() -> None:
    key = string("key", initial="[a-z]+", context="key")
    equals = state_drop("=")
    key["="] = equals
    equals[None] = integer("value", context="value", terminal=True)
    data = dotdict()
    labels(dfa("pair", initial=key, context="pair"), peekable("size=12"), data=data)
    assert (data.pair.key, data.pair.value) == ("size", 12)


def test_one_machine_serves_many_threads() -> None:
    machine = integer_bytes()
    ready = threading.Barrier(8)
    got: dict[int, list[int]] = {}

    def use(mine: int) -> None:
        ready.wait()
        numbers = range(mine, 10**6, 10**4 + mine)
        got[mine] = [value(machine, str(n).encode()) - n for n in numbers]

    threads = [threading.Thread(target=use, args=(mine,)) for mine in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == list(range(8))
    assert not any(any(wrong) for wrong in got.values())
