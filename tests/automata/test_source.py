# SPDX-License-Identifier: Apache-2.0
"""Where symbols come from: peeking, pushing back, chaining, remembering.

And the law of all machines: input may arrive in any pieces.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpppo.automata import dfa, state, state_drop, state_input, state_struct
from cpppo.automata.regex import (
    integer,
    integer_bytes,
    regex,
    regex_bytes,
    string,
    string_bytes,
)
from cpppo.automata.source import (
    chainable,
    chaining,
    peekable,
    peeking,
    rememberable,
    remembering,
)
from cpppo.dotdict import dotdict
from cpppo.errors import NonTerminal

FACTORIES = [peekable, chainable, rememberable]
Factory = Callable[[Any], Any]


@pytest.mark.parametrize("factory", FACTORIES)
def test_octets_arrive_as_ints_and_text_as_characters(factory: Factory) -> None:
    assert list(factory(b"\x00\xff")) == [0, 255]
    assert list(factory("aé")) == ["a", "é"]


@pytest.mark.parametrize("factory", FACTORIES)
def test_a_peek_takes_nothing(factory: Factory) -> None:
    source = factory("ab")
    assert (source.peek(), source.peek(), source.sent) == ("a", "a", 0)
    assert (next(source), source.sent) == ("a", 1)
    assert source.peek() == "b"


@pytest.mark.parametrize("factory", FACTORIES)
def test_an_empty_source_peeks_none_and_stops(factory: Factory) -> None:
    source = factory("")
    assert source.peek() is None
    with pytest.raises(StopIteration):
        next(source)
    assert source.sent == 0


@pytest.mark.parametrize("factory", FACTORIES)
def test_sent_counts_what_was_given_out_and_not_pushed_back(factory: Factory) -> None:
    source = factory("abc")
    taken = next(source), next(source)
    source.push(taken[1])
    assert source.sent == 1
    assert list(source) == ["b", "c"]
    assert source.sent == 3


@pytest.mark.parametrize("factory", FACTORIES)
def test_symbols_pushed_back_come_again_in_order(factory: Factory) -> None:
    source = factory("abc")
    for symbol in reversed([next(source), next(source)]):
        source.push(symbol)
    assert source.peek() == "a"
    assert "".join(source) == "abc"


def test_another_symbol_may_be_pushed_than_was_taken() -> None:
    source = peekable("b")
    source.push("a")
    assert (source.sent, "".join(source)) == (-1, "ab")


def test_what_is_able_already_is_returned_itself() -> None:
    simple, chained, remembered = peekable("a"), chainable("a"), rememberable("a")
    assert peekable(simple) is simple
    assert peekable(chained) is chained
    assert chainable(chained) is chained
    assert chainable(remembered) is remembered
    assert rememberable(remembered) is remembered


def test_what_is_not_able_yet_is_made_so() -> None:
    simple = peekable("ab")
    assert type(simple) is peeking
    able = chainable(simple)
    assert type(able) is chaining
    able.chain("c")
    assert "".join(able) == "abc"
    assert type(rememberable("a")) is remembering


@pytest.mark.parametrize("factory", [chainable, rememberable])
def test_chained_input_follows_even_after_the_source_ran_dry(factory: Factory) -> None:
    source = factory("a")
    for piece in ("b", "c"):
        source.chain(piece)
    assert "".join(source) == "abc"
    assert source.peek() is None
    with pytest.raises(StopIteration):
        next(source)
    source.chain("")
    assert source.peek() is None
    source.chain("d")
    assert source.peek() == "d"
    assert ("".join(source), source.sent) == ("d", 4)


def test_chaining_what_is_no_iterable_is_a_type_error_for_good() -> None:
    source = chainable("a")
    source.chain(None)
    source.chain("b")
    assert next(source) == "a"
    for _ in range(2):
        with pytest.raises(TypeError):
            next(source)


def test_a_source_remembers_until_told_to_forget() -> None:
    source = rememberable("abc")
    next(source)
    source.peek()
    next(source)
    assert source.memory == ["a", "b"]
    source.push("b")
    assert source.memory == ["a"]
    source.forget()
    assert source.memory == []
    assert "".join(source) == "bc"
    assert source.memory == ["b", "c"]


@pytest.mark.parametrize("taken", [0, 1])
def test_only_the_last_symbol_can_be_pushed_to_a_memory(taken: int) -> None:
    source = rememberable("abc")
    for _ in range(taken):
        next(source)
    with pytest.raises(AssertionError, match="'x' was not the last"):
        source.push("x")
    assert (source.sent, len(source.memory)) == (taken, taken)


@given(st.lists(st.binary()))
def test_chained_pieces_are_one_input(pieces: list[bytes]) -> None:
    source = chainable()
    got = []
    for piece in pieces:
        source.chain(piece)
        got.extend(source)
    assert bytes(got) == b"".join(pieces)
    assert source.sent == len(got)


# -- machines that wait for their input


def abp(greedy: bool = True, **kwds: Any) -> dfa:
    """Takes ab+."""
    start, a = state("E"), state_input("A")
    b = state_input("B", terminal=True, greedy=greedy)
    start["a"] = a
    a["b"] = b
    b["b"] = b
    return dfa("abp", initial=start, **kwds)


def csv() -> dfa:
    """Takes ab+ with commas and spaces between."""
    wrapped = abp(context="csv", terminal=True)
    separator = state_drop("SEP")
    wrapped[","] = separator
    separator[" "] = separator
    separator[None] = wrapped
    return dfa("CSV", initial=wrapped, terminal=True)


def message() -> dfa:
    """Takes a length, a name of so many octets, and as many pairs of octets."""
    start, length = state("start"), state_input("length", context="length")
    start[True] = length
    length[None] = counted = state_struct("counted", "B", context="length")
    counted[None] = name = string_bytes("name", limit="..length", context="name")
    begin, one = state("begin"), state_input("one")
    two = state_input("two", terminal=True)
    begin[True] = one
    one[True] = two
    name[None] = dfa(
        "pairs", initial=begin, context="pairs", repeat="..length", terminal=True
    )
    return dfa("message", initial=start, context="message", terminal=True)


def splits(symbols: Any) -> Iterator[list[Any]]:
    """Every way to cut the symbols in pieces."""
    yield [symbols]
    for at in range(1, len(symbols)):
        for rest in splits(symbols[at:]):
            yield [symbols[:at], *rest]


def fed(machine: dfa, pieces: list[Any]) -> tuple[Any, ...]:
    """All that comes of input that arrives when the machine waits for it."""
    source, data = chainable(), dotdict()
    states, outcome, left = [], "", list(pieces)
    with machine as entered:
        try:
            for mch, sta in entered.run(source, path="x", data=data):
                if sta is not None:
                    states.append((mch and mch.label, sta.label, source.sent))
                elif left:
                    source.chain(left.pop(0))
        except NonTerminal as exc:
            outcome = str(exc)
        return states, dict(data.items()), source.sent, entered.terminal, outcome


@pytest.mark.parametrize(
    ("machine", "symbols", "taken"),
    [
        (abp(), "abbb,ab", 4),
        (abp(), "abbx", 3),
        (abp(greedy=False, repeat=3), "abababab", 6),
        (abp(limit=3), "abbbb", 3),
        (abp(limit=1), "abb", 1),
        (csv(), "ab,  abb", 8),
        (csv(), "ab, ,ab", 4),
        (message(), b"\x02\xc3\xa9abcd!", 7),
        (message(), b"\x02\xc3\xa9abc", 6),
        (message(), b"\x02\xc3abcd", 2),
        (message(), b"\x00abcd", 1),
        (regex(initial="(ab+)((,[ ]*)(ab+))*"), "ab, abb.", 7),
        (regex(initial="ab(cd)?"), "abcX", 3),
        (regex(initial="[^q]*", greedy=True), "éaq", 2),
        (regex(initial="ab+", greedy=False), "abbb", 2),
        (regex_bytes(initial="€+(é|a)"), "€€é!".encode(), 8),
        (string(initial="[a-z]*"), "abc1", 3),
        (string_bytes(), "aé€".encode(), 6),
        (integer(), "123x", 3),
        (integer_bytes(limit=2), b"1234", 2),
    ],
    ids=lambda value: getattr(value, "label", ""),
)
def test_any_split_of_the_input_gives_the_same(
    machine: dfa, symbols: Any, taken: int
) -> None:
    whole = fed(machine, [symbols])
    assert (whole[2], len(whole[0]) > 0) == (taken, True)
    for pieces in splits(symbols):
        assert fed(machine, pieces) == whole, pieces


def test_a_waiting_machine_says_so_and_goes_on() -> None:
    source, data = chainable(b"\x01"), dotdict()
    with message() as machine:
        labels = []
        for mch, sta in machine.run(source, data=data):
            labels.append((mch.label, sta and sta.label))
            if sta is None and labels[-1] != labels[-2]:
                source.chain({1: b"n", 2: b"ab"}.get(source.sent, b""))
    assert labels.count(("name", None)) == 1
    assert labels.count(("pairs", None)) == 1
    assert data.message.name == "n"
    assert bytes(data.message.pairs.input) == b"ab"
