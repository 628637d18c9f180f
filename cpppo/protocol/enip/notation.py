# SPDX-License-Identifier: Apache-2.0
"""Paths as people write them: `SCADA[3-7]`, `@0x93/3/10`, `1/0/2/192.168.1.2`, JSON.

Over `path`; used by whoever takes such text from a command line or a file, or shows
a path to a person.  Not part of what is on the wire.

Rules.  What is written as Python objects is read as the JSON text of them, so there
is one reader, and every error has a place to point at.  What `format_path` and
`format_route_path` write is read back as the same segments.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from typing import Any

from ...errors import CpppoError, ProtocolError
from .path import (
    Attribute,
    Class,
    ConnectionPoint,
    Element,
    Instance,
    Port,
    Segment,
    SinglePath,
    Symbol,
)

__all__ = [
    "NotationError",
    "format_path",
    "format_route_path",
    "parse_address",
    "parse_host",
    "parse_path_elements",
    "parse_route_path",
]

NUMBER = re.compile(r"0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+|[0-9]+")
LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?"
HOST = re.compile(rf"(?=.*[A-Za-z_]){LABEL}(?:\.{LABEL})*\.?")
# Of Latin-1, without what addresses are written with, here and by the client.
NAME = re.compile(r"""[^\x00-\x20\x7F-\xA0\xAD\u0100-\U0010FFFF.,*@=+"(){}\[\]]+""")
U32 = 0xFFFFFFFF

# The logical segments by their names in JSON.
LOGICAL: dict[str, Any] = {
    "class": Class,
    "instance": Instance,
    "attribute": Attribute,
    "element": Element,
    "connection": ConnectionPoint,
}
POSITIONS = ("class", "instance", "attribute", "element")  # of numbers


class NotationError(CpppoError, ValueError):
    """Text that is no path; the lines below the first show it, and where."""

    def __init__(self, problem: str, text: str, place: int) -> None:
        super().__init__(problem, text, place)
        self.problem = problem
        self.text = text
        self.place = place

    def __str__(self) -> str:
        begin = self.text.rfind("\n", 0, self.place) + 1
        column = self.place - begin
        line = self.text[begin:].partition("\n")[0]
        if column > 60:
            line, column = "..." + line[column - 57 :], 60
        if len(line) > column + 30:
            line = line[: column + 27] + "..."
        line = "".join(one if one.isprintable() else " " for one in line)
        return f"{self.problem}\n  {line}\n  {' ' * column}^"


class Scanner:
    """Text, and how far it is read."""

    __slots__ = ("at", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.blank()

    def error(self, problem: str, at: int | None = None) -> NotationError:
        return NotationError(problem, self.text, self.at if at is None else at)

    def blank(self) -> None:
        while self.text[self.at : self.at + 1].isspace():
            self.at += 1

    def sees(self, mark: str) -> bool:
        return self.text.startswith(mark, self.at)

    def take(self, mark: str) -> bool:
        found = self.sees(mark)
        if found:
            self.at += len(mark)
        return found

    def end(self, problem: str = "nothing more expected") -> None:
        self.blank()
        if self.at < len(self.text):
            raise self.error(problem)

    def number(self, what: str, low: int, high: int) -> int:
        found = NUMBER.match(self.text, self.at)
        if found is None:
            raise self.error(f"{what} expected: a number from {low} to {high}")
        value = whole(found[0])
        if value is None or not low <= value <= high:
            raise self.error(f"{what} is from {low} to {high}, not {found[0]:.30}")
        self.at = found.end()
        return value

    def json(self) -> Any:
        try:
            value, self.at = json.JSONDecoder().raw_decode(self.text, self.at)
        except json.JSONDecodeError as exc:
            raise self.error(f"no JSON: {exc.msg}", exc.pos) from None
        except (ValueError, RecursionError) as exc:
            raise self.error(f"no JSON: {exc}") from None
        return value


def whole(value: object) -> int | None:
    """A number, or the text of one; None where it is neither."""
    if isinstance(value, str) and len(value) < 40 and NUMBER.fullmatch(value):
        return int(value, 10 if value.isdecimal() else 0)
    return value if type(value) is int else None


def written(value: object) -> str:
    """The text of what was written: itself, or the JSON text of Python objects."""
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, default=described, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError) as exc:
        text = f"<{type(value).__name__}>"  # its repr may be as impossible
        raise NotationError(f"no path: {exc}", text, 0) from None


# -- routes


def parse_route_path(route: object) -> tuple[Port, ...] | None:
    """The hops of a route: `1/0/2/1.2.3.4`, JSON of dictionaries, or Python objects.

    None (or "null") is any route; False, 0 or an empty list is that there is none.
    """
    scanner = Scanner(written(route))
    word = scanner.text.strip().casefold()
    if word == "null":
        return None
    if word in {"false", "0"}:
        return ()
    hops: list[Port] = []
    if scanner.sees("["):
        for value, place in items(scanner):
            nested = isinstance(value, str)
            hops += slashed(Scanner(value)) if nested else [hop(value, scanner, place)]
    elif scanner.sees("{"):
        place = scanner.at
        hops.append(hop(scanner.json(), scanner, place))
    else:
        hops += slashed(scanner)
    scanner.end()
    return tuple(hops)


def items(scanner: Scanner) -> Iterable[tuple[Any, int]]:
    """What a JSON list holds, each with its place."""
    opened = scanner.at
    scanner.take("[")
    scanner.blank()
    if scanner.take("]"):
        return
    while True:
        scanner.blank()
        place = scanner.at
        yield scanner.json(), place
        scanner.blank()
        if scanner.take("]"):
            return
        if not scanner.take(","):
            if scanner.at == len(scanner.text):
                raise scanner.error("this list is not closed by ]", opened)
            raise scanner.error("',' or ']' expected")


def slashed(scanner: Scanner) -> list[Port]:
    """Hops of the form port/link/port/link..., to the end of the text."""
    hops = []
    while True:
        number = port(scanner)
        place = scanner.at
        hops.append(Port(number, link(token(scanner), scanner, place)))
        if not scanner.take("/"):
            return hops
        scanner.blank()


def port(scanner: Scanner) -> int:
    number = scanner.number("a port (as in 1/0, port 1 link 0)", 1, 0xFFFF)
    scanner.blank()
    if not scanner.take("/"):
        raise scanner.error("a port needs '/' and its link after it, as in 1/0")
    scanner.blank()
    return number


def token(scanner: Scanner) -> str:
    """What stands before the next slash."""
    begin = scanner.at
    end = scanner.text.find("/", begin)
    scanner.at = end if end >= 0 else len(scanner.text)
    return scanner.text[begin : scanner.at].strip()


def hop(value: Any, scanner: Scanner, place: int) -> Port:
    """One hop of JSON: {"port": 1, "link": 0} or [1, 0]."""
    if isinstance(value, dict) and value.keys() == {"port", "link"}:
        value = [value["port"], value["link"]]
    if not isinstance(value, list) or len(value) != 2:
        raise scanner.error('a hop is {"port": 1, "link": 0} or "1/0"', place)
    number = whole(value[0])
    if number is None or not 1 <= number <= 0xFFFF:
        raise scanner.error(
            f"a port is from 1 to 65535, not {json.dumps(value[0]):.40}", place
        )
    return Port(number, link(value[1], scanner, place))


def link(value: Any, scanner: Scanner, place: int) -> int | str:
    """A link: a number of one octet, or an address."""
    number = whole(value)
    if number is not None and 0 <= number <= 255:
        return number
    if number is None and isinstance(value, str) and parse_host(value) is not None:
        return value
    raise scanner.error(
        f"a link is a number from 0 to 255, or an address, not {json.dumps(value):.40}",
        place,
    )


def parse_host(text: str) -> tuple[str, int | None] | None:
    """The host and the port of `host`, `host:port` or `[::1]:port`; None if it is none.

    A name without any letter is none: `10.0.0` and `1-15` are slips of the pen.
    """
    if len(text) > 255:
        return None
    host, port = text, None
    if text.startswith("["):
        host, closed, rest = text[1:].partition("]")
        if not closed or ":" not in host or (rest and not rest.startswith(":")):
            return None
        port = rest[1:] if rest else None
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    number = None
    if port is not None:
        number = whole(port) if port.isdecimal() else None
        if number is None or not 1 <= number <= 0xFFFF:
            return None
    try:
        ip_address(host)
    except ValueError:
        if not HOST.fullmatch(host):
            return None
    return host, number


def format_route_path(route: Iterable[Port] | None) -> str:
    """The text of a route: `1/0/2/192.168.1.2`; `false` for none, `null` for any."""
    if route is None:
        return "null"
    hops = tuple(route)
    if not hops:
        return "false"
    if all(spoken(one) for one in hops):
        return "/".join(f"{one.port}/{one.link}" for one in hops)
    return json.dumps([{"port": one.port, "link": one.link} for one in hops])


def spoken(one: Port) -> bool:
    """Whether text says the same hop: a link from the wire may be anything."""
    if not 1 <= one.port <= 0xFFFF:
        return False
    if isinstance(one.link, int):
        return True
    return whole(one.link) is None and parse_host(one.link) is not None


# -- addresses

Elements = tuple[tuple[Segment, ...], int | None, int | None]


def parse_address(path: object) -> tuple[Segment, ...]:
    """The segments of `A.B[2]`, `@0x93/3/10`, `@4/5/{"connection":100}`, or of JSON."""
    segments, _, count = parse_path_elements(path)
    if count is not None:
        text = written(path)
        place = max(text.rfind(one) for one in "*-{")
        raise NotationError("one place expected, no range and no count", text, place)
    return segments


def parse_path_elements(path: object) -> Elements:
    """Segments, the first element and how many: `SCADA[3-7]` is (..., 3, 5).

    The element is the last index, if the text ends with one.  The count is None where
    neither a range (`[3-7]`) nor a count (`*5`, `{5}`) says it.
    """
    scanner = Scanner(written(path))
    if scanner.sees("["):
        found = tuple(segment(value, scanner, at) for value, at in items(scanner))
        scanner.end()
        return found, None, None
    segments: list[Segment] = []
    if scanner.take("@"):
        segments += terms(scanner)
    else:
        segments.append(symbol(scanner))
    element = count = None
    while count is None:
        if scanner.sees("["):
            indexes, count = index(scanner)
            segments += map(Element, indexes)
            element = indexes[-1]
        elif scanner.take("."):
            segments.append(symbol(scanner))
            element = None
        else:
            break
    place = scanner.at
    braced = scanner.take("{")
    if braced or scanner.take("*"):
        times = scanner.number("a count of elements", 1, U32)
        if braced and not scanner.take("}"):
            raise scanner.error("'}' expected after a count")
        if count not in {None, times}:
            raise scanner.error(f"the range has {count} elements", place)
        count = times
    if count is None:
        scanner.end("'.', '[' or '*' expected, or the end")
    scanner.end("nothing may follow a range or a count")
    return tuple(segments), element, count


def symbol(scanner: Scanner) -> Symbol:
    found = NAME.match(scanner.text, scanner.at)
    if found is None:
        raise scanner.error("a name expected")
    name = named(found[0], scanner, scanner.at)
    scanner.at = found.end()
    return name


def named(name: object, scanner: Scanner, place: int) -> Symbol:
    if isinstance(name, str) and len(name) <= 255 and all(ord(c) < 256 for c in name):
        return Symbol(name)
    raise scanner.error("a name is up to 255 characters of Latin-1", place)


def index(scanner: Scanner) -> tuple[list[int], int | None]:
    """The indexes in a pair of brackets; the last may be a range, which has a count."""
    scanner.take("[")
    indexes = []
    while True:
        scanner.blank()
        indexes.append(scanner.number("an index", 0, U32))
        scanner.blank()
        if not scanner.take(","):
            break
    count = None
    if scanner.take("-"):
        scanner.blank()
        last = scanner.number("the last index", indexes[-1], U32)
        count = last - indexes[-1] + 1
        scanner.blank()
    if not scanner.take("]"):
        more = "']'" if count else "',', '-' or ']'"
        raise scanner.error(f"{more} expected after an index")
    return indexes, count


def terms(scanner: Scanner) -> list[Segment]:
    """What stands after an @: numbers by their position, or JSON objects."""
    segments: list[Segment] = []
    while True:
        scanner.blank()
        place = scanner.at
        if scanner.sees("{"):
            segments.append(segment(scanner.json(), scanner, place))
        elif len(segments) >= len(POSITIONS):
            raise scanner.error(
                "four numbers at most: @class/instance/attribute/element"
            )
        else:
            name = POSITIONS[len(segments)]
            what = f"{'an' if name[0] in 'aei' else 'a'} {name}"
            value = scanner.number(what, 0, U32)
            segments.append(LOGICAL[name](value))
        if not scanner.take("/"):
            return segments


def segment(value: Any, scanner: Scanner, place: int) -> Segment:
    """A segment of JSON: {"class": 6}, {"symbolic": "A"}, {"port": 1, "link": 0}."""
    if isinstance(value, dict) and value.keys() == {"port", "link"}:
        return hop(value, scanner, place)
    if isinstance(value, dict) and len(value) == 1:
        ((name, given),) = value.items()
        if name in LOGICAL:
            number = whole(given)
            if number is None or not 0 <= number <= U32:
                problem = (
                    f"{name} is a number from 0 to {U32}, not {json.dumps(given):.40}"
                )
                raise scanner.error(problem, place)
            made: Segment = LOGICAL[name](number)
            return made
        if name == "symbolic":
            return named(given, scanner, place)
        if name == "segment":  # one that has no other notation than its octets
            try:
                return SinglePath.decode(bytes.fromhex(str(given))).segment
            except (ValueError, ProtocolError) as exc:
                raise scanner.error(f"no segment: {exc}", place) from None
    names = ", ".join([*LOGICAL, "symbolic"])
    problem = f'a segment is {{"<name>": value}}, with one of {names}, or port and link'
    raise scanner.error(problem, place)


def described(one: object) -> dict[str, object]:
    """A segment as JSON has it."""
    if not isinstance(one, Segment):
        raise TypeError(f"it is not made of {type(one).__name__}")
    for name, kind in LOGICAL.items():
        if isinstance(one, kind):
            return {name: one.value}
    if isinstance(one, Symbol):
        return {"symbolic": one.name}
    if isinstance(one, Port) and spoken(one):
        return {"port": one.port, "link": one.link}
    return {"segment": SinglePath(one).encode().hex(" ")}


def format_path(segments: Sequence[Segment], count: int | None = None) -> str:
    """The text of a path: `SCADA[1]`, `@0x0016/1/1[3]`; with a count, `SCADA[3-7]`."""
    head = 0
    while head < len(segments) and not isinstance(segments[head], Symbol | Element):
        head += 1
    tail = segments[head:]
    if not all(sayable(one) for one in tail) or (
        head == 0 and tail and isinstance(tail[0], Element)
    ):
        head, tail = len(segments), ()
    text = "@" + "/".join(map(term, segments[:head], range(head))) if head else ""
    for one in tail:
        if isinstance(one, Symbol):
            text += f".{one.name}" if text else one.name
        elif isinstance(one, Element):
            text = text[:-1] + "," if text.endswith("]") else text + "["
            text += f"{one.value}]"
    if count is None:
        return text or "[]"
    if tail and isinstance(tail[-1], Element):
        return f"{text[:-1]}-{tail[-1].value + count - 1}]"
    return f"{text}*{count}"


def sayable(one: Segment) -> bool:
    """Whether a segment can stand after the first ones, as a name or in brackets."""
    if isinstance(one, Symbol):
        return NAME.fullmatch(one.name) is not None
    return isinstance(one, Element)


def term(one: Segment, position: int) -> str:
    """A segment after an @: a number where its place says what it is."""
    if position < len(POSITIONS) and isinstance(one, LOGICAL[POSITIONS[position]]):
        value: int = one.value
        return f"0x{value:04X}" if position == 0 else str(value)
    return json.dumps(described(one), separators=(",", ":"))
