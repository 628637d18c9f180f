# SPDX-License-Identifier: Apache-2.0
"""Machines made from regular expressions, and the artifacts that are read by them.

Above `machine`, and the only door to greenery, which makes the automaton; here it
becomes states.  They bear greenery's numbers.  The initial one is a copy that takes
no symbol.  A dead state is no state but a refusal: an edge to None.

`regex` takes characters.  `regex_bytes` takes octets: each class of characters
becomes the sequences of octets that spell it, and whatever else comes is refused, so
octets that are not valid in the encoding never match.  `string` and `integer`, and
their `_bytes` forms, also store what they collected as a value when they are left.

Rules: greenery is imported when the first expression is made, for it is slow to
import; nothing is kept from one expression for the next.
"""

from __future__ import annotations

import codecs
import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..errors import GrammarError, Malformed
from .machine import dfa
from .states import join, path_ext_input, state, state_input, store

__all__ = [
    "from_regex",
    "integer",
    "integer_bytes",
    "regex",
    "regex_bytes",
    "string",
    "string_bytes",
    "within",
]

Range = tuple[int, int]
Ranges = tuple[Range, ...]
Spelling = tuple[Range, ...]  # the octets of some characters, in order
Spellings = tuple[tuple[Spelling, int], ...]  # and the state each of them leads to
Make = Callable[..., state]

# From so many symbols on, an edge is one closed set instead of an edge for each.
CLOSED_SET: Final = 64
LAST_CHARACTER: Final = 0x10FFFF
# Where a character's octets become one more; the surrogates are no characters.
UTF_8_LENGTHS: Final = (
    (0, 0x7F),
    (0x80, 0x7FF),
    (0x800, 0xD7FF),
    (0xE000, 0xFFFF),
    (0x10000, LAST_CHARACTER),
)
SINGLE_OCTETS: Final = {"ascii": 0x7F, "iso8859-1": 0xFF}


@dataclass(frozen=True, slots=True)
class within:
    """Recognizes the symbols of a closed set: characters by their number, or octets."""

    ranges: Ranges

    def __call__(self, symbol: Any) -> bool:
        if isinstance(symbol, str):
            if len(symbol) != 1:
                return False
            symbol = ord(symbol)
        if not isinstance(symbol, int):
            return False
        return any(low <= symbol <= high for low, high in self.ranges)

    def __str__(self) -> str:
        spans = (
            shown(low) if low == high else f"{shown(low)}-{shown(high)}"
            for low, high in self.ranges
        )
        return f"[{''.join(spans)}]"

    def __repr__(self) -> str:
        return f"<within {self}>"

    @property
    def __name__(self) -> str:
        return str(self)


def shown(code: int) -> str:
    """A symbol as it is written in a class; octets and Latin-1 look alike."""
    if chr(code) in "\\]^-[":
        return "\\" + chr(code)
    if 0x20 < code < 0x7F or (code > 0xFF and chr(code).isprintable()):
        return chr(code)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def from_regex(
    initial: Any,
    states: Make = state_input,
    encoding: str | None = None,
    **kwds: Any,
) -> tuple[str, Any, Any, state]:
    """The regular expression, greenery's pattern and automaton, the initial state.

    `initial` is the expression or a greenery pattern.  With an encoding its symbols
    are octets.  `kwds` (alphabet, typecode, ...) are for each of the states.
    """
    text, pattern = parsed(initial)
    automaton = pattern.to_fsm().reduce()
    live = leading_on(automaton)

    def make(name: object) -> state:
        return states(str(name), terminal=name in automaton.finals, **kwds)

    # The state that the copy is made of has a place even if all it does is refuse.
    made = {number: make(number) for number in {*live, automaton.initial}}
    for number, place in made.items():
        targets, otherwise = grouped(automaton.map.get(number, {}), live)
        if encoding is None:
            connect_text(place, targets, otherwise, made)
        else:
            spellings = spelled(targets, otherwise, encoding)
            connect_octets(place, spellings, made, make, {})
    return text, pattern, automaton, state(made[automaton.initial])


def parsed(initial: Any) -> tuple[str, Any]:
    """An expression and its greenery pattern, from either."""
    if hasattr(initial, "to_fsm") and hasattr(initial, "reduce"):
        return str(initial), initial
    if not isinstance(initial, str):
        raise GrammarError(
            f"a regular expression is a str or a greenery pattern, not {initial!r}"
        )
    from greenery import parse  # noqa: PLC0415
    from greenery.parse import NoMatch  # noqa: PLC0415

    refusals = (NoMatch, ValueError, IndexError)
    try:
        return initial, parse(initial)
    except RecursionError:
        raise GrammarError(
            f"regular expression of {len(initial)} characters, "
            f"{initial[:40]!r}...: it is nested too deeply"
        ) from None
    except refusals as exc:
        place = refused_at(initial, str(exc), parse, refusals)
        raise GrammarError(
            f"regular expression {initial!r} is wrong "
            f"at index {place}: {initial[place : place + 20]!r}"
        ) from exc


def refused_at(
    text: str,
    problem: str,
    parse: Callable[[str], Any],
    refusals: tuple[type[Exception], ...],
) -> int:
    """Where an expression goes wrong: what stands before is one by itself."""
    # Greenery tells of most; of a bad range or count, and an open class, it does not.
    told = re.search(r"index (\d+)$", problem)
    if told:
        return int(told[1])
    for place in range(len(text) - 1, 0, -1):
        try:
            parse(text[:place])
        except refusals:
            continue
        return place
    return 0


def leading_on(automaton: Any) -> set[Any]:
    """The numbers of the states from which some sentence is still accepted."""
    sources: dict[Any, set[Any]] = {}
    for number, row in automaton.map.items():
        for target in row.values():
            sources.setdefault(target, set()).add(number)
    live: set[Any] = set()
    ahead = list(automaton.finals)
    while ahead:
        number = ahead.pop()
        if number not in live:
            live.add(number)
            ahead.extend(sources.get(number, ()))
    return live


def grouped(
    row: Mapping[Any, Any], live: set[Any]
) -> tuple[dict[Any, list[Range]], Any]:
    """What one state does: the symbols that lead to each target, and all others.

    A target of None refuses.  The symbols of the target for all others are left out.
    """
    targets: dict[Any, list[Range]] = {}
    otherwise = None
    for charclass, target in row.items():
        aim = target if target in live else None
        if charclass.negated:
            otherwise = aim
        else:
            targets.setdefault(aim, []).extend(charclass.ord_ranges)
    targets.pop(otherwise, None)
    return targets, otherwise


def merged(ranges: Iterable[Range]) -> Ranges:
    """The same symbols, in order, as few ranges as they can be."""
    whole: list[Range] = []
    for low, high in sorted(ranges):
        if whole and low <= whole[-1][1] + 1:
            whole[-1] = (whole[-1][0], max(high, whole[-1][1]))
        else:
            whole.append((low, high))
    return tuple(whole)


def all_but(ranges: Iterable[Range]) -> Ranges:
    """Every character that is not in the ranges."""
    others = []
    following = 0
    for low, high in merged(ranges):
        if following < low:
            others.append((following, low - 1))
        following = high + 1
    if following <= LAST_CHARACTER:
        others.append((following, LAST_CHARACTER))
    return tuple(others)


def connect(
    place: state,
    ranges: Iterable[Range],
    target: state | None,
    symbol: Callable[[int], Any],
) -> None:
    """An edge for each symbol of the ranges, or one for a closed set."""
    spans = merged(ranges)
    if sum(high - low + 1 for low, high in spans) >= CLOSED_SET:
        place[within(spans)] = target
        return
    for low, high in spans:
        for code in range(low, high + 1):
            place[symbol(code)] = target


def connect_text(
    place: state,
    targets: Mapping[Any, list[Range]],
    otherwise: Any,
    made: Mapping[Any, state],
) -> None:
    for target, ranges in targets.items():
        connect(place, ranges, made.get(target), chr)
    place[True] = made.get(otherwise)


def connect_octets(
    place: state,
    spellings: Spellings,
    made: Mapping[Any, state],
    make: Make,
    shared: dict[Spellings, state],
) -> None:
    """Edges on octets, through as many new states as the spellings are long.

    States that go on alike are one (`shared`); it is named by the first way to it.
    First octets are equal or disjoint, because `utf_8` splits them so.
    """
    tails: dict[Range, list[tuple[Spelling, int]]] = {}
    for spelling, target in spellings:
        tails.setdefault(spelling[0], []).append((spelling[1:], target))
    edges: dict[state, list[Range]] = {}
    for octets, following in tails.items():
        tail = tuple(following)
        if not tail[0][0]:
            onto = made[tail[0][1]]
        elif tail in shared:
            onto = shared[tail]
        else:
            onto = shared[tail] = make(f"{place.label}_{octets[0]:02x}")
            connect_octets(onto, tail, made, make, shared)
        edges.setdefault(onto, []).append(octets)
    for onto, ranges in edges.items():
        connect(place, ranges, onto, int)
    place[True] = None


def spelled(
    targets: Mapping[Any, list[Range]], otherwise: Any, encoding: str
) -> Spellings:
    """How all that one state takes is spelled in octets, in order."""
    aims = {target: merged(ranges) for target, ranges in targets.items()}
    if otherwise is not None:
        aims[otherwise] = all_but(span for spans in aims.values() for span in spans)
    spell = speller(encoding)
    return tuple(
        sorted(
            (spelling, target)
            for target, spans in aims.items()
            if target is not None
            for low, high in spans
            for spelling in spell(low, high)
        )
    )


def speller(encoding: str) -> Callable[[int, int], Iterator[Spelling]]:
    """What spells a range of characters in an encoding."""
    try:
        known = codecs.lookup(encoding).name
    except LookupError:
        known = ""
    if known == "utf-8":
        return utf_8
    last = SINGLE_OCTETS.get(known)
    if last is None:
        raise GrammarError(
            f"an expression over octets is in utf-8, latin-1 or ascii, not {encoding!r}"
        )

    def single(low: int, high: int) -> Iterator[Spelling]:
        if low <= last:
            yield ((low, min(high, last)),)

    return single


def utf_8(low: int, high: int) -> Iterator[Spelling]:
    """The spellings of a range of characters, cut so that any mix of octets is one.

    Hence a first octet stands in one spelling, before octets that may be anything,
    or in several that start with that octet alone.
    """
    for first, last in UTF_8_LENGTHS:
        begin, end = max(low, first), min(high, last)
        if begin <= end:
            yield from utf_8_alike(begin, end)


def utf_8_alike(low: int, high: int) -> Iterator[Spelling]:
    """As `utf_8`, for characters of as many octets."""
    if high > 0x7F:
        for bits in (6, 12, 18):
            rest = (1 << bits) - 1
            if low >> bits == high >> bits:
                continue
            if low & rest:
                yield from utf_8_alike(low, low | rest)
                yield from utf_8_alike((low | rest) + 1, high)
                return
            if high & rest != rest:
                yield from utf_8_alike(low, (high & ~rest) - 1)
                yield from utf_8_alike(high & ~rest, high)
                return
    yield tuple(zip(chr(low).encode(), chr(high).encode(), strict=True))


class regex(dfa):
    """A machine that takes characters as long as they fit a regular expression."""

    octets = False
    alphabet_type: type = str
    default_initial: str | None = None
    default_context: str | None = None

    def __init__(
        self,
        name: str | None = None,
        initial: Any = None,
        terminal: bool | None = None,
        context: str | None = None,
        *,
        regex_states: Make = state_input,
        regex_alphabet: Any = None,
        regex_typecode: str | None = None,
        encoding: str = "utf-8",
        **kwds: Any,
    ) -> None:
        if initial is None:
            initial = self.default_initial
        if initial is None:
            raise GrammarError(
                f"{type(self).__name__} {name!r}: needs initial=<pattern>"
            )
        text, _, _, first = from_regex(
            initial,
            regex_states,
            encoding if self.octets else None,
            alphabet=self.alphabet_type if regex_alphabet is None else regex_alphabet,
            typecode=regex_typecode,
        )
        super().__init__(
            text if name is None else name,
            initial=first,
            terminal=terminal,
            context=self.default_context if context is None else context,
            **kwds,
        )
        self.pattern = text
        self.encoding = encoding


class regex_bytes(regex):
    """A machine that takes octets as long as they spell what fits the expression.

    They are UTF-8 unless `encoding` says latin-1 or ascii.
    """

    octets = True
    alphabet_type = int


class string(regex):
    """Collects what fits its expression, and stores it at its path as a str."""

    default_initial = ".*"
    default_context: str | None = "string"

    def leave(self, source: Any, path: str, data: Any, ending: int | None) -> None:
        self.decode(data, path, source.sent)

    def prepare(self, data: Any, path: str) -> None:
        """Remove what a former run left at this machine's own path (with context)."""
        left = join(path, path_ext_input) if isinstance(data.get(path), dict) else path
        data.pop(left or path_ext_input, None)

    def decode(self, data: Any, path: str, offset: int) -> None:
        """Store the value of what was collected at this machine's own path."""
        held = data.get(join(path, path_ext_input))
        store(data, path, self.value(self.text(held, offset), offset))

    def text(self, held: Any, offset: int) -> str:
        if held is None:
            return ""
        if not isinstance(held, array) or held.typecode != "B":
            return "".join(held)
        try:
            return held.tobytes().decode(self.encoding)
        except UnicodeDecodeError as exc:
            raise Malformed(
                f"{len(held)} octets are not {self.encoding} ({exc.reason})",
                machine=self.label,
                offset=offset,
            ) from None

    def value(self, text: str, offset: int) -> Any:
        return text


class string_bytes(string, regex_bytes):
    """Collects the octets that fit its expression, and stores them as a str."""


class integer(string):
    """Collects decimal digits, and stores their value as an int."""

    default_initial = r"\d+"
    default_context = "integer"

    def value(self, text: str, offset: int) -> Any:
        try:
            return int(text)
        except ValueError:
            # Or it has more digits than Python is willing to convert.
            raise Malformed(
                f"{text[:20]!r} of {len(text)} symbols is no integer",
                machine=self.label,
                offset=offset,
            ) from None


class integer_bytes(integer, regex_bytes):
    """Collects the octets of decimal digits, and stores their value as an int."""
