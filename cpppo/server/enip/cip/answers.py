# SPDX-License-Identifier: Apache-2.0
"""What a service gives back: an answer, or why not; and what it may take.

Under `objects` and `controller`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from ....protocol.enip import OtherReply, Port, Reply, UnconnectedSendParameters
from ....protocol.enip.status import Extended, Status

if TYPE_CHECKING:
    from ..linking.links import Links
    from .attribute import Attribute
    from .objects import Object

Forward = Callable[[UnconnectedSendParameters, tuple[Port, ...]], bytes | None]

__all__ = [
    "Answer",
    "Call",
    "Refusal",
    "Target",
    "line_of",
    "out_of_range",
    "position",
    "type_mismatch",
]


class Refusal(Exception):
    """A request is answered with a status that says no."""

    def __init__(
        self, status: int, extended: tuple[int, ...] = (), data: bytes = b""
    ) -> None:
        super().__init__(status, extended)
        self.answer = Answer(data, status, extended)


def out_of_range() -> Refusal:
    """What is asked for is beyond the end of the tag."""
    return Refusal(Status.GENERAL_ERROR, (Extended.OUT_OF_RANGE,))


def type_mismatch() -> Refusal:
    """What is written is of another type than the tag."""
    return Refusal(Status.GENERAL_ERROR, (Extended.TYPE_MISMATCH,))


def line_of(exc: Exception) -> str:
    """What an error of somebody's own says, on one line."""
    return " ".join(str(exc).split())


@dataclass(frozen=True, slots=True)
class Answer:
    """The data of a reply, and its status."""

    data: bytes = b""
    status: int = 0
    extended: tuple[int, ...] = ()

    def encode(self, service: int) -> bytes:
        """The octets of the reply to a service."""
        return reply(service, self).encode()


def reply(service: int, answer: Answer) -> Reply:
    """A typed reply to a service."""
    code = service | 0x80
    status, extended, data = answer.status, answer.extended, answer.data
    variant = variants().get(code)
    if variant is None:
        return OtherReply(service=code, status=status, extended=extended, data=data)
    return variant(status=status, extended=extended, data=data)  # type: ignore[no-any-return]


@cache
def variants() -> dict[int, Any]:
    """The replies that are declared, by their service."""
    declared = Reply.__declared__.variants
    return {tag: one for one in declared for tag in one.__declared__.tags}


@dataclass(frozen=True, slots=True)
class Call:
    """The circumstances of a request: what its reply may be, and who it is from."""

    # What a request stands in; none stands twice in the same, so nesting is bounded.
    DIRECT: ClassVar[int] = 0
    SENT: ClassVar[int] = 1  # in an Unconnected Send
    MEMBER: ClassVar[int] = 2  # in a Multiple Service Packet

    room: int  # octets of the reply, its head included
    fragment: int  # octets of a tag's data in it
    depth: int = DIRECT
    forward: Forward | None = None  # has a request answered elsewhere, or gives None
    links: Links | None = None  # the connections of who asks, if he may have any

    def inside(self, depth: int, room: int) -> Call:
        """The circumstances of what this request holds."""
        return Call(room, self.fragment, depth, self.forward, self.links)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request's path leads."""

    object: Object
    attribute: Attribute | None = None
    number: int | None = None  # the attribute that the path names, there or not
    elements: tuple[int, ...] = field(default=())  # indices into it

    @property
    def named(self) -> Attribute | Object:
        """The attribute, where there is one: what a log tells of."""
        return self.object if self.attribute is None else self.attribute

    @property
    def index(self) -> int:
        """Which value of the attribute is meant."""
        first = self.first
        if self.attribute is None or first >= len(self.attribute):
            raise out_of_range()
        return first

    @property
    def first(self) -> int:
        """The same, whether there is such a value or not."""
        dimensions = () if self.attribute is None else self.attribute.dimensions
        return position(self.elements, dimensions)


def position(elements: tuple[int, ...], dimensions: tuple[int, ...]) -> int:
    """Which value some indices mean: the last one counts fastest, what is not said
    is 0.  A single index may be beyond the end."""
    if len(elements) > max(len(dimensions), 1):
        raise out_of_range()
    if len(dimensions) < 2:
        return elements[0] if elements else 0
    found = 0
    for at, size in enumerate(dimensions):
        index = elements[at] if at < len(elements) else 0
        if index >= size:
            raise out_of_range()
        found = found * size + index
    return found
