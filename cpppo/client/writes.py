# SPDX-License-Identifier: Apache-2.0
"""What to write, as people say it each day: `A=1`, `{"B[3]": 5}`, `("X", 1.5)`.

Over `operations`; used by `line`.  Pure: no I/O.  Rule: a value has the type of its
tag, which only the device knows; a text may say it itself, as in `"A=(DINT)1"`.  What
can be known to be wrong before the device is asked is refused here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..errors import EncodeError
from ..protocol.enip.notation import NotationError, parse_path_elements
from ..protocol.enip.path import Segment
from ..protocol.enip.status import Extended, Status
from ..protocol.enip.structures import BOOLS, StructureType
from ..protocol.enip.types import BOOL, SINT
from .operations import HEAD, MOST, TOO_MANY, Operation, OperationError, plain
from .requests import LARGEST, prepared
from .result import NONE, Result
from .shapes import Shape, is_record, is_row, shape
from .structures import Bits, base, bools, indexed, structured
from .values import Kind, Unfit, display, fitted, kind_of, target

__all__ = [
    "Given",
    "Write",
    "answerable",
    "given",
    "learned",
    "mismatched",
    "unsent",
]

Given = str | Operation | Mapping[str, Any] | tuple[str, Any]

SINGLE = frozenset({bool, int, float, str})  # the types of most values
FORMS = (
    'a write is A=1, {"B[3]": 5}, ("X", 1.5) or "A=(DINT)1": a tag and what is to '
    "stand there"
)


@dataclass(frozen=True, slots=True)
class Write:
    """Values for a tag; an operation as soon as their type is known."""

    tag: str
    path: tuple[Segment, ...]
    elements: int
    listed: bool
    values: tuple[Any, ...]
    operation: Operation | None = None  # where the type was said
    shape: Shape = ()  # of lists of lists

    @classmethod
    def to(cls, tag: object, value: object) -> Write:
        """A value, or a list of them, for a tag whose type is not known."""
        if not isinstance(tag, str):
            raise OperationError(FORMS, display(tag), 0)
        try:
            path, count = plain(tag) or parse_path_elements(tag)[::2]
        except NotationError as exc:
            raise OperationError(exc.problem, exc.text, exc.place) from None
        several = False
        values: tuple[Any, ...] = (value,)
        sizes: Shape = ()
        if type(value) not in SINGLE:
            if isinstance(value, set | frozenset):
                raise OperationError("a set has no order; give a list", f"{tag}=", 0)
            value = own(value)
            values = (value,)
            single = isinstance(value, str | bytes | Mapping) or is_record(value)
            if isinstance(value, Iterable) and not single:
                several = True
                rows = [own(one) for one in value]
                sizes = sized(rows, tag)
                values = tuple(flat(rows))
            if not values or value is None or value == {}:
                problem = "a value expected, or a list of them"
                raise OperationError(problem, f"{tag}=", 0)
        try:
            # It is the same for every type.
            elements = target(count, None, SINT, len(values), False)
            if elements > MOST:
                raise Unfit(TOO_MANY, "elements")
        except Unfit as exc:
            raise OperationError(exc.problem, tag, 0) from None
        listed = several or count is not None
        return cls(tag, path, elements, listed, values, shape=sizes)

    @classmethod
    def parse(cls, text: str) -> Write:
        """A write as the manual has it; without a cast, of the type of the tag."""
        one = untyped(text)
        if one.method != "write":
            raise OperationError("'=' and a value expected", text, len(text))
        head = HEAD.match(text)
        said = text[head.end() if head else 0 :]
        tag = text[: len(text) - len(said)].strip()
        if said.partition("=")[2].lstrip().startswith("("):
            return cls.of(one, tag)
        if one.offset is not None:
            problem = "at an offset the type has to be said, as in T[0-9]+4=(DINT)5"
            raise OperationError(problem, text, len(text) - len(said))
        return cls(tag, one.path, one.elements, one.listed, one.data or ())

    @classmethod
    def of(cls, operation: Operation, tag: str) -> Write:
        """An operation that says its type."""
        one = operation
        return cls(tag, one.path, one.elements, one.listed, (), operation)

    @property
    def whole(self) -> tuple[Segment, ...]:
        """The tag without its last indexes: its elements have one type."""
        return self.path if len(self.path) == 1 else base(self.path)

    @property
    def probe(self) -> Operation:
        """What to read to learn the type."""
        return Operation("read", self.path, text=self.tag)

    @property
    def cast(self) -> bool:
        """Whether it says that it is of BOOLs, be they single ones or an array's."""
        one = self.operation
        plain = type(one) is Operation and one.offset is None and indexed(self.path)
        return plain and one is not None and one.type is BOOL

    @property
    def untyped(self) -> Write:
        """The same values, of whatever type the tag has."""
        one = self.operation
        values = one.data if one is not None and one.data else self.values
        return replace(self, operation=None, values=values)

    @property
    def in_rows(self) -> bool:
        """Whether it may go over the end of a row, and not be written as a whole."""
        several = self.elements > 1
        return several and not all(isinstance(one, str) for one in self.values)

    def typed(self, kind: Kind, sizes: Shape = ()) -> Operation:
        """The operation, now that the type is known; `sizes` are the tag's."""
        if self.operation is not None:
            return self.operation
        if issubclass(kind, StructureType):
            return self.whole_or_parts(kind, sizes)
        if kind is BOOLS and not indexed(self.path):
            problem = "an array of BOOLs has one index"
            raise OperationError(problem, self.tag, len(self.tag))
        stored = BOOL if kind is BOOLS else kind
        try:
            data = fitted(stored, self.values, strict=True)
        except Unfit as exc:
            shown = f"{self.tag}=({stored.__name__})"
            text = shown + ",".join(display(one) for one in self.values)
            before = sum(len(display(one)) + 1 for one in self.values[: exc.nth])
            raise OperationError(exc.problem, text, len(shown) + before) from None
        found = self.operated(stored, data)
        return bools(found) if kind is BOOLS else found

    def whole_or_parts(self, kind: type[StructureType], sizes: Shape) -> Operation:
        """The operation of structures."""
        try:
            return structured(self.operated(kind, self.values), sizes)
        except EncodeError as exc:
            text = f"{self.tag}=({kind.__name__})"
            shown = text + ",".join(display(one) for one in self.values)
            raise OperationError(str(exc), shown, len(text)) from None

    def operated(self, kind: Kind, data: tuple[Any, ...]) -> Operation:
        return Operation(
            "write", self.path, self.elements, None, kind, data, self.tag, self.listed
        )


def given(items: Iterable[Given | list[Given]], tags: Mapping[str, Any]) -> list[Write]:
    """All that is to be written, in its order."""
    items = list(items)
    head: Any = items[0] if len(items) == 2 else None
    if isinstance(head, str) and "=" not in head and not is_write(items[1]):
        tag, value = head, items[1]
        named = f" or write({tag}={display(value):.40})" if tag.isidentifier() else ""
        problem = f"a pair is one thing: write(({display(tag)}, {display(value):.40}))"
        raise OperationError(problem + named, tag, len(tag))
    found = [one for item in items for one in each(item)]
    found += [Write.to(tag, value) for tag, value in tags.items()]
    return found


def is_write(item: Any) -> bool:
    """Whether something says where it is to stand, so that it is no bare value."""
    if isinstance(item, str):
        return "=" in item
    return isinstance(item, Operation | Mapping | tuple)


def each(item: Any) -> Iterator[Write]:
    """The writes that one argument says."""
    if isinstance(item, str):
        yield Write.parse(item)
    elif isinstance(item, Operation):
        if item.data is None:
            raise OperationError(FORMS, item.text or display(item), 0)
        yield Write.of(item, item.text)
    elif isinstance(item, Mapping):
        for tag, value in item.items():
            yield Write.to(tag, value)
    elif isinstance(item, tuple) and len(item) == 2:
        yield Write.to(*item)
    elif isinstance(item, list):
        for one in item:
            yield from each(one)
    else:
        raise OperationError(FORMS, display(item), 0)


def untyped(text: str) -> Operation:
    """What a text says, with its numbers as they are where it has no cast."""
    try:
        # Not as a LINT at once: that would take a very large number for a negative one.
        return Operation.parse(text, int_type="ULINT")
    except OperationError:
        pass
    try:
        return Operation.parse(text, int_type="LINT")
    except OperationError as exc:
        if not fits(text, "STRING"):
            raise
        problem = (
            "without a cast a value is a number; say the type, as in D=(BOOL)true, "
            "or give the value apart, as in write(D=True)"
        )
        raise OperationError(problem, text, exc.place) from None


def fits(text: str, int_type: str) -> bool:
    """Whether a text is an operation with values of that type."""
    try:
        Operation.parse(text, int_type=int_type)
    except OperationError:
        return False
    return True


def own(value: Any) -> Any:
    """A number or an array of numpy's, and all that says `tolist`, as Python's own.

    A record of a structure stays what it is, until its type is known.
    """
    said = getattr(value, "tolist", None)
    return said() if callable(said) else value


def sized(values: list[Any], tag: str) -> Shape:
    """The shape of lists of lists; none where there are only values."""
    try:
        found = shape(values)
    except EncodeError as exc:
        raise OperationError(str(exc), f"{tag}=", len(tag) + 1) from None
    return found if len(found) > 1 else ()


def flat(values: Iterable[Any], depth: int = 2) -> Iterator[Any]:
    """The values of lists of lists, as those of up to three dimensions are."""
    for one in values:
        if depth and is_row(one):
            yield from flat(one, depth - 1)
        else:
            yield one


# -- what came of it


def learned(result: Result) -> Kind:
    """The type that a read has told."""
    if isinstance(result.kind, Bits):
        return BOOLS
    if result.kind is not None:
        found: Kind = result.kind
        return found
    try:
        kind = kind_of(result.type)
    except Unfit:
        kind = None
    if kind is None:
        problem = f"{result.type} cannot be written: what it is made of is not known"
        raise OperationError(problem, result.tag, 0)
    return kind


def mismatched(result: Result) -> bool:
    """Whether the device says that the tag has another type."""
    return (
        result.status == Status.GENERAL_ERROR
        and Extended.TYPE_MISMATCH in result.extended[:1]
    )


def answerable(result: Result) -> bool:
    """Whether it was sent: then it has its answer, or never will."""
    return result.status != NONE or result.sent


def unsent(operation: Operation) -> Result:
    """The result of a write that was not even begun."""
    return Result(prepared(operation, False, LARGEST))
