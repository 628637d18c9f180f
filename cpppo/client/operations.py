# SPDX-License-Identifier: Apache-2.0
"""Operations as people write them: `SCADA[3-7]`, `Tag[0-9]+16=(DINT)4,5`, `@1/1/7`.

Over `notation`, which reads the path, and `types`, which know what fits; below whatever
sends operations.  Text in, records or the manual's dictionaries out: no I/O.  Manual,
2.1.5 and 2.1.6.

    path [*count] [+offset] [= [(TYPE)] value, value, ...]

Rules.  All that can be known to be wrong without asking the device is refused here,
with the place: a type that is none, a value that does not fit, a count that is not the
range's.  Values of signed types may be written as unsigned ones with the same bits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from ..protocol.enip import notation
from ..protocol.enip.notation import NAME, NotationError, Scanner, parse_path_elements
from ..protocol.enip.path import Element, Segment, Symbol
from ..protocol.enip.types import INT, REAL, SINT
from .values import (
    BOUNDS,
    FRACTION,
    Kind,
    Unfit,
    display,
    fitted,
    kind_of,
    literal,
    target,
    whole,
)

__all__ = ["Operation", "OperationError", "parse_operations"]

Elements = tuple[tuple[Segment, ...], int | None]  # a path, and the count it says
Data = tuple[Kind, tuple[Any, ...]]

MOST = 0xFFFF  # elements: their number has 16 bits
TOO_MANY = f"an operation has up to {MOST:,} elements"
NEITHER = "an operation is a text, or a dictionary"
WRITES = ("write", "set_attribute_single")
METHODS = (*WRITES, "read", "get_attribute_single", "get_attributes_all")

# The path ends at the first + or = that is not in a JSON text's quotes.
HEAD = re.compile(r'(?:[^"=+]++|"(?:[^"\\]|\\.)*+")*+')
# Most paths are a tag, with an index or a range: these are read at once.
PLAIN = re.compile(rf"({NAME.pattern})(?:\[([0-9]{{1,9}})(?:-([0-9]{{1,9}}))?\])?")
PIECE = re.compile(r'(?:[^",]++|"(?:[^"]|"")*+")*+')
QUOTED = re.compile(r'"((?:[^"]|"")*+)"')


class OperationError(NotationError):
    """What is no operation; the lines below the first show it, and where."""


@dataclass(frozen=True, slots=True)
class Operation:
    """What to ask a device for.  `parse` and `of` make one, and check it.

    `elements` and `offset` (in octets) are those of the tag services.  `text` is what
    was written, and `listed` whether it had a range or a count; neither counts where
    operations are compared.
    """

    method: str
    path: tuple[Segment, ...]
    elements: int = 1
    offset: int | None = None
    type: Kind | None = None
    data: tuple[Any, ...] | None = None
    text: str = field(default="", compare=False)
    listed: bool = field(default=False, compare=False)

    @classmethod
    def parse(
        cls, text: str, *, fragment: bool = False, int_type: object = None
    ) -> Operation:
        """The operation that a text says: a read, or with `=`, a write.

        Without a cast and a point, values are of the int_type: a name, a code, a class.
        A fragmented write may have fewer values than its range.
        """
        if not isinstance(text, str):
            raise OperationError(NEITHER, display(text), 0)
        try:
            default = kind_of(int_type) or INT
        except Unfit as exc:
            raise OperationError(f"int_type: {exc}", display(int_type), 0) from None
        return Reader(text).operation(default, fragment)

    @classmethod
    def of(
        cls, given: Mapping[str, Any] | Operation, *, fragment: bool = False
    ) -> Operation:
        """The operation that a dictionary says, as `as_dict` and the manual write it.

        The path may be segments, dictionaries or text.  What else the dictionary holds
        says how to send it, and is not looked at.
        """
        if isinstance(given, Operation):
            return given
        if not isinstance(given, Mapping):
            raise OperationError(NEITHER, display(given), 0)
        try:
            return made(given, fragment)
        except Unfit as exc:
            shown = display(dict(given))
            place = max(shown.find(f"{exc.part!r}:"), 0)
            raise OperationError(exc.problem, shown, place) from None

    def as_dict(self) -> dict[str, Any]:
        """The manual's dictionary: it has what differs from a read of one element."""
        found: dict[str, Any] = {}
        if self.method != "read":
            found["method"] = self.method
        found["path"] = [
            {"symbolic": one.name}
            if isinstance(one, Symbol)
            else notation.described(one)
            for one in self.path
        ]
        if self.elements != 1 or self.data is not None:
            found["elements"] = self.elements
        if self.offset is not None:
            found["offset"] = self.offset
        if self.type is not None:
            found["tag_type"] = self.type.tag_type
        if self.data is not None:
            found["data"] = list(self.data)
        return found


def parse_operations(
    tags: Iterable[str | Mapping[str, Any] | Operation] | str,
    fragment: bool = False,
    int_type: object = None,
    **kwds: Any,
) -> Iterator[dict[str, Any]]:
    """The manual's dictionary of each operation, with the keywords in it, as asked for.

    One text is one operation.  Dictionaries pass as they are, keywords added: so
    operations made by hand may stand among texts.  Whoever wants to know that all are
    right before the first is sent makes a list of it.
    """
    several = (tags,) if isinstance(tags, str | Mapping | Operation) else tags
    for tag in several:
        if type(tag) is str and (said := simple(tag)):
            # Most are plain reads, and the same ones again and again.
            path, elements = said
            found: dict[str, Any] = {"path": [{name: one} for name, one in path]}
            if elements != 1:
                found["elements"] = elements
        elif isinstance(tag, Mapping):
            found = dict(tag)
        elif isinstance(tag, Operation):
            found = tag.as_dict()
        else:
            found = Operation.parse(tag, fragment=fragment, int_type=int_type).as_dict()
        if kwds:
            found.update(kwds)
        yield found


@lru_cache(maxsize=1 << 16)
def simple(text: str) -> tuple[tuple[tuple[str, Any], ...], int] | None:
    """The path and the count of a tag with at most one index, as `as_dict` has them."""
    found = plain(text)
    if found is None or (found[1] or 1) > MOST:
        return None
    given = Operation("read", found[0], found[1] or 1).as_dict()
    path = tuple(item for one in given["path"] for item in one.items())
    return path, given.get("elements", 1)


# -- text


class Reader(Scanner):
    """An operation's text, and how far it is read."""

    __slots__ = ()

    def error(self, problem: str, at: int | None = None) -> OperationError:
        return OperationError(problem, self.text, self.at if at is None else at)

    def operation(self, default: Kind, fragment: bool) -> Operation:
        path, count = self.path()
        if count is not None and count > MOST:
            raise self.error(TOO_MANY, self.at - 1)
        if self.at == len(self.text):
            listed = count is not None
            return Operation("read", path, count or 1, text=self.text, listed=listed)
        offset = place = None
        if self.take("+"):
            self.blank()
            place = self.at
            offset = self.number("a byte offset", 0, notation.U32)
            self.blank()
        if not self.take("="):
            self.end("'=' expected, or the end")
            return Operation(
                "read", path, count or 1, offset, text=self.text, listed=True
            )
        cast = self.cast()
        pieces = self.pieces()
        try:
            kind, data = self.values(pieces, cast, default)
            elements = target(count, offset, kind, len(data), fragment)
            if elements > MOST:
                raise Unfit(TOO_MANY, "data", MOST)
        except Unfit as exc:
            at = self.place(pieces, exc) if exc.part == "data" else place
            raise self.error(exc.problem, at) from None
        listed = count is not None
        return Operation("write", path, elements, offset, kind, data, self.text, listed)

    def path(self) -> Elements:
        head = HEAD.match(self.text, self.at)
        end = head.end() if head else self.at
        tag = self.text[self.at : end]
        try:
            found = plain(tag) or named(self.text[:end])
        except NotationError as exc:
            raise self.error(exc.problem, exc.place) from None
        self.at = end
        return found

    def cast(self) -> Kind | None:
        """The type in parentheses, if there is one."""
        self.blank()
        if not self.take("("):
            return None
        self.blank()
        begin, end = self.at, self.text.find(")", self.at)
        if end < 0:
            raise self.error("')' expected after the type", len(self.text))
        try:
            kind = kind_of(self.text[begin:end])
        except Unfit as exc:
            raise self.error(exc.problem) from None
        self.at = end + 1
        return kind

    def pieces(self) -> list[str]:
        """What stands between the commas, blanks and quotes included."""
        found = []
        at = self.at
        while True:
            piece = PIECE.match(self.text, at)
            end = piece.end() if piece else at
            if self.text.startswith('"', end):
                raise self.error("this quote is not closed", end)
            found.append(self.text[at:end])
            if end == len(self.text):
                return found
            at = end + 1

    def place(self, pieces: Sequence[str], wrong: Unfit) -> int:
        """Where a value stands; one after the last, if that is what is missing."""
        at = self.at + sum(len(one) + 1 for one in pieces[: wrong.nth])
        if wrong.nth >= len(pieces):
            return at - 1
        piece = pieces[wrong.nth]
        return at + len(piece) - len(piece.lstrip()) + wrong.skip

    def values(self, pieces: list[str], cast: Kind | None, default: Kind) -> Data:
        texts = [bare(one, nth) for nth, one in enumerate(pieces)]
        kind = cast or default
        if cast is None and kind in BOUNDS and any(map(FRACTION.fullmatch, texts)):
            kind = REAL
        try:
            return kind, fitted(kind, [literal(kind, one) for one in texts])
        except Unfit as exc:
            if cast is None:
                exc.problem += (
                    '; other types are said before it: (DINT)5, (SSTRING)"text"'
                )
            raise


def plain(text: str) -> Elements | None:
    """The path and the count of a tag with at most one index; None for all else."""
    tag = PLAIN.fullmatch(text)
    if tag is None or len(tag[1]) > 0xFF:
        return None
    if tag[2] is None:
        return (Symbol(tag[1]),), None
    first = int(tag[2])
    count = int(tag[3]) - first + 1 if tag[3] else None
    if count is not None and count < 1:
        return None
    return (Symbol(tag[1]), Element(first)), count


def named(text: str) -> Elements:
    """The path and the count of any address that says one."""
    path, _, count = parse_path_elements(text)
    if not path:
        raise NotationError("a path has at least one segment", text, 0)
    return path, count


def bare(piece: str, nth: int) -> str:
    """A value without the blanks and quotes around it."""
    text = piece.strip()
    if not text:
        raise Unfit('a value expected; an empty text is written ""', "data", nth)
    if '"' not in text:
        return text
    quoted = QUOTED.match(text)
    if quoted is None or quoted.end() < len(text):
        problem = "quotes go around a whole value, and a quote in it is doubled"
        at = quoted.end() if quoted else text.index('"')
        raise Unfit(problem, "data", nth, at)
    return quoted[1].replace('""', '"')


# -- dictionaries


def made(given: Mapping[str, Any], fragment: bool) -> Operation:
    """The operation of a dictionary."""
    data = given.get("data")
    method = given.get("method") or ("read" if data is None else "write")
    if method not in METHODS:
        problem = f"no method {display(method):.40}: it is one of {', '.join(METHODS)}"
        raise Unfit(problem, "method")
    path, count = segments(given.get("path"))
    elements = amount(given, "elements", 1)
    if None not in {elements, count} and elements != count:
        raise Unfit(f"the path has {count} elements, not {elements}", "elements")
    elements = elements or count
    listed = elements is not None
    offset = amount(given, "offset", 0)
    if offset is not None and method not in {"read", "write"}:
        raise Unfit(f"{method} has no offset", "offset")
    kind = kind_of(given.get("tag_type"))
    text = notation.format_path(path, elements if elements and elements > 1 else None)
    if offset is not None:
        text += f"+{offset}"
    if method not in WRITES:
        if data is not None:
            raise Unfit(f"{method} has no data: that is for {WRITES[0]}", "data")
        if (elements or 1) > MOST:
            raise Unfit(TOO_MANY, "elements")
        return Operation(method, path, elements or 1, offset, kind, None, text, listed)
    kind, stored = payload(method, kind, data)
    if method == "write":
        elements = target(elements, offset, kind, len(stored), fragment)
    elements = elements or len(stored)
    if elements > MOST:
        raise Unfit(TOO_MANY, "elements" if listed else "data")
    return Operation(method, path, elements, offset, kind, stored, text, listed)


def segments(path: object) -> Elements:
    """A path of text, segments or dictionaries, and the elements that a text says."""
    nowhere = Scanner("")
    try:
        if isinstance(path, str):
            return named(path)
        if isinstance(path, Sequence) and path and not isinstance(path, bytes):
            return tuple(
                one if isinstance(one, Segment) else notation.segment(one, nowhere, 0)
                for one in path
            ), None
    except NotationError as exc:
        raise Unfit(exc.problem, "path") from None
    except (TypeError, ValueError, RecursionError) as exc:  # beyond JSON
        raise Unfit(f"no path: {exc}", "path") from None
    raise Unfit('a path is text, as in "T[0-9]", or a list of segments', "path")


def amount(given: Mapping[str, Any], part: str, low: int) -> int | None:
    """A number of a dictionary, if it is there."""
    value = given.get(part)
    number = whole(value)
    if value is None or (number is not None and low <= number <= notation.U32):
        return number
    problem = f"{part} is a whole number from {low}, not {display(value):.40}"
    raise Unfit(problem, part)


def payload(method: str, kind: Kind | None, data: Any) -> Data:
    """The type and the values of what is written.

    Without a type, an attribute's are octets; a tag's are REAL if one is a float.
    """
    listed = isinstance(data, Iterable) and not isinstance(data, str)
    values = list(data) if listed else []
    if not values:
        raise Unfit(f"{method} needs data, a list of values as in [5]", "data")
    if kind is None and method == "write":
        kind = REAL if any(isinstance(one, float) for one in values) else INT
    kind = kind or SINT
    try:
        return kind, fitted(kind, values)
    except Unfit as exc:
        raise Unfit(f"data[{exc.nth}]: {exc.problem}", "data") from None
