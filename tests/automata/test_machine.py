# SPDX-License-Identifier: Apache-2.0
"""States and machines, run symbol by symbol: what is entered, taken and stored."""

import struct
import threading
from typing import Any

import pytest

from cpppo.automata import (
    NonTerminal,
    decide,
    dfa,
    dfa_post,
    state,
    state_drop,
    state_input,
    state_struct,
)
from cpppo.automata.source import peekable
from cpppo.dotdict import dotdict
from cpppo.errors import GrammarError, Incomplete, Malformed

Trace = list[tuple[str | None, int]]


def abp(greedy: bool = True, **kwds: Any) -> dfa:
    """The manual's machine for ab+: E takes nothing, A and B do, B is terminal."""
    start, a, b = (
        state("E"),
        state_input("A"),
        state_input("B", terminal=True, greedy=greedy),
    )
    start["a"] = a
    a["b"] = b
    b["b"] = b
    return dfa("abp", initial=start, **kwds)


def csv() -> dfa:
    """The manual's machine around it: ab+, with ',[ ]*' between."""
    wrapped = abp(context="csv", terminal=True)
    separator = state_drop("SEP")
    wrapped[","] = separator
    separator[" "] = separator
    separator[None] = wrapped
    return dfa("CSV", initial=wrapped, terminal=True)


def trace(machine: dfa, source: Any, **kwds: Any) -> Trace:
    """Each state given out, and the symbols taken until then."""
    with machine as entered:
        return [
            (sta and sta.label, source.sent) for _, sta in entered.run(source, **kwds)
        ]


def traced(machine: dfa, symbols: Any, **kwds: Any) -> str:
    pairs = trace(machine, peekable(symbols), **kwds)
    return " ".join(f"{label} {sent}" for label, sent in pairs)


def text(held: Any) -> str:
    return "".join(held)


# -- the machine of the manual


def test_it_takes_all_it_can_and_leaves_the_rest() -> None:
    source, data = peekable("abbb,ab"), dotdict()
    assert trace(abp(), source, path="ab", data=data) == [
        ("E", 0),
        ("A", 0),
        ("B", 1),
        ("B", 2),
        ("B", 3),
    ]
    assert (source.sent, source.peek()) == (4, ",")
    assert text(data.ab.input) == "abbb"


def test_at_the_end_of_input_it_says_that_it_could_go_on() -> None:
    assert traced(abp(), "ab") == "E 0 A 0 B 1 None 2"


def test_unless_greedy_it_stops_when_it_is_satisfied() -> None:
    for machine in (abp(greedy=False), dfa("one", initial=abp().initial, greedy=False)):
        source = peekable("abbb,ab")
        assert [label for label, _ in trace(machine, source)] == ["E", "A", "B"]
        assert source.sent == 2


def failing(machine: dfa, source: Any) -> tuple[Trace, NonTerminal]:
    pairs: Trace = []
    with machine as entered, pytest.raises(NonTerminal) as caught:
        for _, sta in entered.run(source):
            pairs.append((sta and sta.label, source.sent))
    return pairs, caught.value


def test_a_symbol_without_an_edge_is_an_error_that_says_where() -> None:
    pairs, error = failing(abp(), peekable("ax"))
    assert pairs == [("E", 0), ("A", 0)]
    assert isinstance(error, Malformed)
    assert (error.machine, error.state, error.offset) == ("abp", "A", 1)
    assert "terminated in a non-terminal state, after 1 symbols" in str(error)
    assert "expected 'b'" in str(error)
    assert error.around == "x"


def test_input_that_ends_too_soon_is_incomplete() -> None:
    pairs, error = failing(abp(), peekable(""))
    assert pairs == [("E", 0), (None, 0)]
    assert isinstance(error, Incomplete)
    assert (error.machine, error.state, error.offset) == ("abp", "E", 0)


def test_a_machine_shows_where_it_stands() -> None:
    machine = abp(terminal=True)
    names = []
    with machine as entered:
        for mch, sta in entered.run(peekable("ab")):
            assert mch is machine
            names.append((str(mch), mch.name, str(sta)))
    assert names[1] == ("( abp.( A ) )", "abp.( A )", "( A )")
    assert names[2] == ("((abp.((B))))", "abp.((B))", "((B))")


def test_a_machine_must_be_entered_to_be_run() -> None:
    with pytest.raises(RuntimeError, match="abp must be entered"):
        abp().run(peekable("ab"))


@pytest.mark.parametrize(
    ("marked", "ends"), [(True, True), (False, False), (None, False)]
)
def test_it_is_terminal_if_marked_so_and_its_last_state_is(
    marked: bool | None, ends: bool
) -> None:
    machine = abp(terminal=marked)
    seen = []
    with machine as entered:
        for _ in entered.run(peekable("abb")):
            seen.append(machine.terminal)
    assert seen[:2] == [False, False]
    assert machine.terminal is ends


def test_the_csv_machine_drops_what_separates() -> None:
    source, data = peekable("abbb, ab,  abb!"), dotdict()
    machine = csv()
    labels = [label for label, _ in trace(machine, source, data=data)]
    assert (
        " ".join(map(str, labels))
        == "abp E A B B B SEP SEP abp E A B SEP SEP SEP abp E A B B"
    )
    assert machine.terminal
    assert (text(data.csv.input), source.peek()) == ("abbbababb", "!")


def test_the_csv_machine_wants_more_after_a_separator() -> None:
    with csv() as machine, pytest.raises(Incomplete) as caught:
        list(machine.run(peekable("ab, ")))
    assert (caught.value.machine, caught.value.state) == ("abp", "E")
    assert caught.value.offset == 4


def test_a_machine_may_hold_itself() -> None:
    start, opened = state("S"), state_input("O")
    empty, full = state_input("C", terminal=True), state_input("D", terminal=True)
    start["("] = opened
    nested = dfa("nested", initial=start, terminal=True)
    opened["("], opened[")"], nested[")"] = nested, empty, full
    traced(nested, "(())")
    assert (nested.terminal, nested.name) == (True, "nested.((D))")


# -- edges


def test_an_edge_is_looked_up_from_the_exact_to_the_empty() -> None:
    place = state("place")
    exact, known = state("exact"), state("known")
    anything, nothing = state("anything"), state("nothing")
    place[None] = nothing
    assert place["x"] is nothing
    place[True] = anything
    place[str.isdigit] = known
    place["1"] = exact
    found = [place["1"], place["2"], place["x"], place[None]]
    assert found == [exact, known, anything, nothing]


def test_the_symbols_one_and_nought_are_no_wildcards() -> None:
    place = state("place")
    one, nought = state("one"), state("nought")
    place[1], place[0] = one, nought
    assert (place[1], place[0], place[2], place[None]) == (one, nought, None, None)


def test_without_input_only_the_empty_edge_is_taken() -> None:
    start, other, end = state("S"), state_input("O", terminal=True), state("E", True)
    start[True] = other
    start[None] = end
    assert traced(dfa("w", initial=start), "") == "S 0 E 0"
    assert traced(dfa("w", initial=start), "x") == "S 0 O 0"


def test_an_edge_to_none_refuses() -> None:
    start, taken = state("S"), state_input("Z", terminal=True)
    start[True] = taken
    start["q"] = None
    source, data = peekable("zq"), dotdict()
    trace(dfa("w", initial=start), source, path="w", data=data)
    assert (text(data.w.input), source.peek()) == ("z", "q")
    pairs, error = failing(dfa("w", initial=start), peekable("q"))
    assert pairs == [("S", 0), (None, 0)]
    assert isinstance(error, Malformed)


@pytest.mark.parametrize("target", [1, "state", object()])
def test_an_edge_leads_to_a_state(target: Any) -> None:
    with pytest.raises(KeyError):
        state("S")["a"] = target


def test_a_symbol_outside_of_the_alphabet_is_no_key() -> None:
    place = state("S", alphabet="ab")
    place["a"] = place
    with pytest.raises(KeyError, match="not in its alphabet"):
        place["c"] = place


def test_an_encoder_makes_one_symbol_several_states() -> None:
    end = state_input("end", terminal=True)
    start = state_input("S", encoder=lambda symbol: symbol.encode())
    start["é"] = end
    first = state("start")
    first[True] = start
    source, data = peekable(b"_\xc3\xa9"), dotdict()
    trace(dfa("utf8", initial=first), source, path="x", data=data)
    assert bytes(data.x.input) == b"_\xc3\xa9"


def test_the_first_decide_that_holds_wins() -> None:
    targets = {name: state(name, terminal=True) for name in ("one", "two", "else")}
    start = state("S")
    seen: list[dict[str, Any]] = []

    def wanted(name: str) -> Any:
        def predicate(**context: Any) -> bool:
            seen.append(context)
            return name in context["data"].wanted

        return predicate

    start[None] = decide("is one", targets["one"], wanted("one"))
    start[None] = decide("is two", targets["two"], wanted("two"))
    start[None] = targets["else"]
    machine = dfa("choose", initial=start)
    for names, entered in (
        (["two", "one"], "one"),
        (["two"], "two"),
        ([], "else"),
    ):
        data = dotdict(wanted=names)
        assert traced(machine, "x", path="p", data=data) == f"S 0 {entered} 0"
    assert set(seen[0]) == {"machine", "source", "path", "data"}
    assert (seen[0]["machine"], seen[0]["path"]) == (machine, "p")


def test_a_decide_needs_a_predicate() -> None:
    with pytest.raises(GrammarError, match="decide 'which'"):
        decide("which", state("S"))


def test_a_copy_has_a_quote_and_the_same_edges() -> None:
    original = state_input("0", terminal=True)
    original["a"] = original
    copied = state(original)
    assert (copied.name, copied.terminal, copied["a"]) == ("0'", True, original)
    assert not copied.consumes


def test_a_bare_state_runs_one_step_without_a_machine() -> None:
    first, second = state_input("F"), state_input("S")
    first["b"] = second
    source, data = peekable("ab"), dotdict()
    assert list(first.run(source, path="p", data=data)) == [(None, second)]
    assert (text(data.p.input), source.sent) == ("a", 1)


# -- paths and contexts


def test_what_is_collected_stands_at_path_and_contexts() -> None:
    data = dotdict()
    trace(
        dfa("out", initial=abp(context="in", terminal=True), context="out"),
        peekable("ab"),
        data=data,
    )
    trace(abp(context="c"), peekable("abb"), path="p", data=data)
    trace(abp(), peekable("abbb"), data=data)
    assert text(data["out.in.input"]) == "ab"
    assert text(data.p.c.input) == "abb"
    assert text(data.input) == "abbb"


def test_octets_are_collected_as_an_array_of_octets() -> None:
    start, octet = state("S"), state_input("O", context="o", terminal=True)
    start[True] = octet
    octet[True] = octet
    data = dotdict()
    trace(dfa("octets", initial=start), peekable(b"\x00\xff"), data=data)
    assert (data.o.input.typecode, data.o.input.tobytes()) == ("B", b"\x00\xff")


def number(format: str) -> dfa:
    """Octets as many as the format needs, then their value."""
    start = last = state("start")
    for place in range(struct.calcsize(format)):
        octet = state_input(f"octet{place}", context="n")
        last[True] = octet
        last = octet
    last[None] = state_struct("value", format, context="n", terminal=True)
    return dfa("number", initial=start)


def test_a_struct_decodes_what_was_collected_at_its_path() -> None:
    data = dotdict()
    trace(number("<H"), peekable(b"\x34\x12\xff"), path="x", data=data)
    assert data.x.n == 0x1234


def test_a_struct_appends_where_a_list_is() -> None:
    data = dotdict(numbers=[1], raw=b"\x00\x02\x03")
    for offset in (1, 2):
        value = state_struct(
            "value", "B", offset=offset, context="numbers", input_extension="..raw"
        )
        value.process(peekable(b""), None, None, data)
    assert data.numbers == [1, 2, 3]


def test_a_struct_without_its_octets_is_malformed() -> None:
    data = dotdict({"x.input": b"\x01"})
    with pytest.raises(Malformed, match="1 octets do not hold a '<H'"):
        state_struct("value", "<H", context="x").process(peekable(b""), None, "", data)


@pytest.mark.parametrize("format", [None, "<Y"])
def test_a_struct_format_is_checked_when_it_is_declared(format: str | None) -> None:
    with pytest.raises(GrammarError, match="state_struct 'value'"):
        state_struct("value", format)


# -- limit and repeat


def anything(**kwds: Any) -> dfa:
    start, symbol = state("S", terminal=True), state_input("X", terminal=True)
    start[True] = symbol
    symbol[True] = symbol
    return dfa("any", initial=start, **kwds)


@pytest.mark.parametrize("limit", [2, "..size", lambda data, **_: data.two])
def test_a_limit_is_a_number_a_path_or_a_callable(limit: Any) -> None:
    source, data = peekable("aaaa"), dotdict({"x.size": 2, "two": 2})
    trace(anything(limit=limit, context="c"), source, path="x", data=data)
    assert (source.sent, text(data.x.c.input)) == (2, "aa")


def test_a_limit_counts_from_where_the_machine_begins() -> None:
    limited = anything(limit=2, context="limited", terminal=True)
    start, one = state("start"), state_input("one", context="one")
    start[True] = one
    one[None] = limited
    data, source = dotdict(), peekable("abcde")
    trace(dfa("outer", initial=start), source, data=data)
    assert (text(data.limited.input), source.peek()) == ("bc", "d")


def test_no_limit_reaches_beyond_the_one_around_it() -> None:
    outer = dfa("outer", initial=anything(limit=9, terminal=True), limit=3)
    source = peekable("abcde")
    trace(outer, source, path="x")
    assert source.sent == 3


def test_a_callable_limit_is_told_where_it_is() -> None:
    told: dict[str, Any] = {}

    def limit(**context: Any) -> int:
        told.update(context)
        return 1

    machine, source, data = (
        anything(limit=limit, context="c"),
        peekable("ab"),
        dotdict(),
    )
    trace(machine, source, path="x", data=data)
    assert told == {"machine": machine, "source": source, "path": "x.c", "data": data}


def test_what_does_not_fit_its_limit_is_malformed() -> None:
    with abp(limit=1) as machine, pytest.raises(Malformed, match="at its limit"):
        list(machine.run(peekable("abb")))


@pytest.mark.parametrize("size", [-1, "2", None, 1.5])
def test_a_limit_that_is_no_count_is_malformed(size: Any) -> None:
    with anything(limit="size") as machine, pytest.raises(Malformed, match="'size'"):
        list(machine.run(peekable("abc"), data=dotdict(size=size)))


def test_a_repeat_runs_the_machine_so_often() -> None:
    machine, source = abp(greedy=False, repeat=2, terminal=True), peekable("abababab")
    labels = [label for label, _ in trace(machine, source)]
    assert labels == ["E", "A", "B", "E", "A", "B"]
    assert (source.sent, machine.terminal) == (4, True)


def test_a_machine_is_not_terminal_before_its_last_cycle() -> None:
    machine = abp(greedy=False, repeat=2, terminal=True)
    with machine as entered:
        states = [(str(s), entered.terminal) for _, s in entered.run(peekable("abab"))]
    assert states[2] == ("((B))", False)


@pytest.mark.parametrize(("count", "taken"), [(0, ""), (1, "ab"), (3, "ababab")])
def test_a_repeat_may_be_a_path(count: int, taken: str) -> None:
    machine, data = abp(greedy=False, repeat="..n", context="c"), dotdict(n=count)
    source = peekable("abababab")
    trace(machine, source, data=data)
    assert (source.sent, text(data.get("c.input", ""))) == (len(taken), taken)


def test_a_repeat_by_a_missing_path_is_none_at_all() -> None:
    assert traced(abp(repeat="..n", context="c"), "abab") == ""


# -- whoever runs it


def test_closures_run_once_after_the_machine_is_left() -> None:
    machine = dfa_post("post", initial=abp().initial)
    left: list[bool] = []
    with machine as entered:
        for _, sta in entered.run(peekable("ab")):
            if sta is not None and sta.label == "A":
                machine.post_process_closure(lambda: left.append(machine.terminal))
        assert left == []
    assert len(left) == 1
    with machine:
        pass
    assert len(left) == 1


def test_one_machine_serves_many_threads() -> None:
    machine = csv()
    ready = threading.Barrier(8)
    got: dict[int, list[Any]] = {}

    def use(mine: int) -> None:
        ready.wait()
        items = ["a" + "b" * (1 + (mine + turn) % 5) for turn in range(mine, 40)]
        got[mine] = [True, ""]
        for _ in range(5):
            data, source = dotdict(), peekable(", ".join(items) + "." * mine)
            with machine as entered:
                for _, sta in entered.run(source, data=data):
                    # Elsewhere another thread stands in another state.
                    current = entered.current
                    got[mine][0] &= sta is None or current.label in ("abp", "SEP")
                got[mine][0] &= entered.terminal
            got[mine][1] = text(data.csv.input) == "".join(items)

    threads = [threading.Thread(target=use, args=(mine,)) for mine in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == {mine: [True, True] for mine in range(8)}


def test_two_runs_may_take_turns() -> None:
    machine, first, second = abp(), dotdict(), dotdict()
    with machine as one:
        ahead = one.run(peekable("abbb"), path="x", data=first)
        next(ahead)
        trace(machine, peekable("abb"), path="x", data=second)
        assert [sta and sta.label for _, sta in ahead] == ["A", "B", "B", "B", None]
    assert (text(first.x.input), text(second.x.input)) == ("abbb", "abb")
