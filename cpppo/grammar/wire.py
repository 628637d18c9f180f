# SPDX-License-Identifier: Apache-2.0
"""The kinds of fields that a message can have: what stands behind `Annotated`.

A kind is a frozen description, without behaviour: `lower` makes states of it, `emit`
steps that write it, `describe` a line of the layout, `generate` values.  Marks say
what a field has to do with others: it measures them, counts them or tells which
variant they are.  Such fields are derived, and never arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ..errors import GrammarError

__all__ = [
    "ANY",
    "Bits",
    "Choice",
    "Codec",
    "Counts",
    "Digits",
    "Float",
    "InTag",
    "Int",
    "Kind",
    "Measures",
    "Nested",
    "Octets",
    "Pad",
    "Repeat",
    "Reserved",
    "Spelling",
    "Starts",
    "Tag",
    "Tags",
    "Trailing",
    "UInt",
]

ANY = object()  # as a tag: any that no other variant has
LITTLE, BIG = "little", "big"


class Kind:
    """How a field is written on the wire."""

    __slots__ = ()


class Mark:
    """What a field has to do with others."""

    __slots__ = ()


def ordered(order: str) -> bool:
    if order not in (LITTLE, BIG):
        raise GrammarError(f"an order is 'little' or 'big', not {order!r}")
    return order == BIG


@dataclass(frozen=True, slots=True)
class UInt(Kind):
    """An unsigned integer of so many octets."""

    octets: int
    order: str = LITTLE

    signed = False

    def __post_init__(self) -> None:
        ordered(self.order)
        if not (isinstance(self.octets, int) and 1 <= self.octets <= 64):
            raise GrammarError(f"an integer has 1 to 64 octets, not {self.octets!r}")

    @property
    def least(self) -> int:
        return 0

    @property
    def most(self) -> int:
        return (1 << 8 * self.octets) - 1


@dataclass(frozen=True, slots=True)
class Int(UInt):
    """A signed integer, two's complement."""

    signed = True

    @property
    def least(self) -> int:
        return -(1 << 8 * self.octets - 1)

    @property
    def most(self) -> int:
        return (1 << 8 * self.octets - 1) - 1


@dataclass(frozen=True, slots=True)
class Digits(Kind):
    """A number as decimal digits, at most so many, and what ends them."""

    end: bytes
    most: int = 9

    order = LITTLE
    signed = False
    octets = 8

    def __post_init__(self) -> None:
        if not isinstance(self.end, bytes) or not self.end or self.end[:1].isdigit():
            raise GrammarError(
                f"digits end with octets that are no digit, not {self.end!r}"
            )
        if not 1 <= self.most <= 18:
            raise GrammarError(f"a decimal number has 1 to 18 digits, not {self.most}")


@dataclass(frozen=True, slots=True)
class Float(Kind):
    """An IEEE 754 number of 2, 4 or 8 octets."""

    octets: int
    order: str = LITTLE

    def __post_init__(self) -> None:
        ordered(self.order)
        if self.octets not in (2, 4, 8):
            raise GrammarError(f"a float has 2, 4 or 8 octets, not {self.octets!r}")

    @property
    def format(self) -> str:
        return (">" if self.order == BIG else "<") + {2: "e", 4: "f", 8: "d"}[
            self.octets
        ]


@dataclass(frozen=True, slots=True)
class Bits(Kind):
    """Some bits of a group; the first field of a group has its lowest bits."""

    width: int

    def __post_init__(self) -> None:
        if not 1 <= self.width <= 32:
            raise GrammarError(f"a field of bits has 1 to 32 of them, not {self.width}")


@dataclass(frozen=True, slots=True)
class Codec:
    """The way out: a pair of functions that read and write some octets.

    `decode` gets the octets and answers a value, or raises ValueError; `encode` is
    its inverse.  One without the other is no codec.
    """

    decode: Callable[[bytes], Any]
    encode: Callable[[Any], bytes]
    name: str = ""

    def __post_init__(self) -> None:
        if not (callable(self.decode) and callable(self.encode)):
            raise GrammarError("a codec is a pair: what decodes, and what encodes")


@dataclass(frozen=True, slots=True)
class Octets(Kind):
    """Octets as they are: a fixed count, as many as a field says, or all the rest.

    With `text`, an encoding, they are a str; with a `codec`, what it makes of them.
    """

    count: int | str | None = None
    text: str | None = None
    codec: Codec | None = None


@dataclass(frozen=True, slots=True)
class Reserved(Kind):
    """Octets that mean nothing; written as `fill`, read as anything."""

    octets: int = 1
    fill: int = 0


@dataclass(frozen=True, slots=True)
class Pad(Kind):
    """Octets up to a multiple of `to`, from where the message or `over` begins."""

    to: int
    over: str | None = None
    fill: int = 0


@dataclass(frozen=True, slots=True)
class Nested(Kind):
    """Another message, or one of a family that carries its own tag."""

    within: str | None = None


@dataclass(frozen=True, slots=True)
class Choice(Kind):
    """One of a family whose tag stands in another field, named by `by`."""

    by: str
    within: str | None = None


@dataclass(frozen=True, slots=True)
class Repeat(Kind):
    """Several, as many as `count` says, or to the end of what `within` measures.

    What is repeated is a message, or numbers of the kind `of`.
    """

    of: UInt | Float | None = None
    count: int | str | None = None
    within: str | None = None


@dataclass(frozen=True, slots=True, init=False)
class Measures(Mark):
    """The length of some fields: their octets / unit + bias."""

    fields: tuple[str, ...]
    unit: int
    bias: int

    def __init__(self, *fields: str, unit: int = 1, bias: int = 0) -> None:
        if not fields or unit < 1:
            raise GrammarError(
                "Measures needs names of fields, and a unit of 1 or more"
            )
        object.__setattr__(self, "fields", fields)
        object.__setattr__(self, "unit", unit)
        object.__setattr__(self, "bias", bias)


@dataclass(frozen=True, slots=True)
class Counts(Mark):
    """How many there are in another field."""

    field: str


@dataclass(frozen=True, slots=True)
class Tags(Mark):
    """Which variant another field is."""

    field: str


@dataclass(frozen=True, slots=True)
class Tag(Mark):
    """Which variant of its family this message itself is."""


@dataclass(frozen=True, slots=True)
class Trailing(Mark):
    """A field that is left out, with all after it, where the octets end."""


@dataclass(frozen=True, slots=True)
class InTag(Kind):
    """A value that is part of the tag itself."""

    mask: int
    shift: int = 0


@dataclass(frozen=True, slots=True)
class Starts:
    """That the octets of a field start as some values would be written."""

    field: str
    values: tuple[Any, ...]


class Spelling:
    """One way to write a value: its tags, and the kinds of its fields in order.

    A field is a kind, or a tuple of a kind and its marks.  One whose name begins with
    `_` belongs to this spelling alone: a pad, or what measures another.  Reading
    takes any spelling, writing the first whose fields the value fits.
    """

    __slots__ = ("fields", "reads_only", "tags")

    def __init__(
        self, tag: int | Iterable[int], *, reads_only: bool = False, **fields: Any
    ) -> None:
        self.tags = as_tags(tag)
        self.fields = {
            name: one if isinstance(one, tuple) else (one,)
            for name, one in fields.items()
        }
        self.reads_only = reads_only


def as_tags(tag: Any) -> tuple[int, ...]:
    if isinstance(tag, int):
        return (int(tag),)
    try:
        tags = tuple(int(one) for one in tag)
    except (TypeError, ValueError):
        raise GrammarError(f"{tag!r} is neither a tag nor several") from None
    if not tags:
        raise GrammarError("a variant needs a tag")
    return tags
