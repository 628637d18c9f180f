# SPDX-License-Identifier: Apache-2.0
"""A wrong declaration is refused when the class is made, naming class and field."""

from collections.abc import Callable
from enum import Enum, IntEnum
from typing import Annotated, Any

import pytest

from cpppo.errors import GrammarError
from cpppo.grammar import (
    ANY,
    Bits,
    Choice,
    Codec,
    Counts,
    Digits,
    Float,
    Int,
    InTag,
    Measures,
    Message,
    Nested,
    Octets,
    Pad,
    Repeat,
    Reserved,
    Spelling,
    Starts,
    Tag,
    Tags,
    Trailing,
    UInt,
    derived,
)

DERIVED = object()  # stands for derived() in a table of fields
U8 = Annotated[int, UInt(1)]
SIZE = Annotated[int, UInt(1), Measures("data")]
DATA = Annotated[bytes, Octets("size")]
REST = Annotated[bytes, Octets()]


class Point(Message):
    """A message."""

    x: U8


class Family(Message):
    """A tag in band."""

    tag: Annotated[int, UInt(1), Tag()] = derived()
    path: Annotated[tuple[Point, ...], Repeat(count=1)]


class First(Family, tag=1):
    """A variant."""


class Wide(Message):
    """A tag of two octets."""

    tag: Annotated[int, UInt(2), Tag()] = derived()


class Items(Message, family=True):
    """A tag outside."""


class Large(Items, tag=0x100):
    """A variant whose tag takes two octets."""


class Colour(IntEnum):
    """Some."""

    RED = 1
    BLUE = 0x100


class Word(Enum):
    """No numbers."""

    YES = "yes"


def make(
    fields: dict[str, Any], base: type = Message, **options: Any
) -> Callable[[], Any]:
    """What makes a class `Wrong`; a field is its type, or that and its default."""
    annotations, namespace = {}, {}
    for name, one in fields.items():
        type_, *default = one if isinstance(one, tuple) else (one,)
        annotations[name] = type_
        for value in default:
            namespace[name] = derived() if value is DERIVED else value
    spellings = options.pop("spellings", None)
    if spellings is not None:
        namespace["spellings"] = spellings

    def wrong() -> Any:
        metaclass: Any = type(Message)
        whole = {"__annotations__": annotations, "__module__": __name__, **namespace}
        return metaclass("Wrong", (base,), whole, **options)

    return wrong


def of(type_: Any, *extras: Any) -> Any:
    return Annotated[(type_, *extras)]


WRONG: list[tuple[Callable[[], Any], str]] = [
    # fields
    (make({"x": int}), "x: says nothing of how it is written"),
    (make({"x": of(int, UInt)}), "x: says nothing of how it is written"),
    (make({"x": of(int, UInt(1), UInt(2))}), "x: has 2 kinds"),
    (make({"decode": U8}), "decode: a field may not have this name"),
    (make({"_x": U8}), "_x: a field may not have this name"),
    (make({"self": U8}), "self: a field may not have this name"),
    (make({"x": (U8, DERIVED)}), "x: is derived, and nothing says from what"),
    (
        make({"x": (of(int, UInt(1), Trailing()), DERIVED)}),
        "x: is derived, and nothing says from what",
    ),
    (
        make(
            {
                "size": (of(int, UInt(1), Measures("a"), Counts("a")), DERIVED),
                "a": of(tuple[Point, ...], Repeat()),
            }
        ),
        "size: follows from 2 things at once",
    ),
    (make({"x": (U8, 1), "y": U8}), "y: has no default, but 'x' before it has"),
    # lengths and counts
    (make({"size": SIZE, "data": DATA}), "size: .* give it the default derived"),
    (
        make({"data": DATA, "size": (SIZE, DERIVED)}),
        "size: measures 'data'",
    ),
    (make({"size": (SIZE, DERIVED), "x": U8}), "size: measures 'data', which does not"),
    (
        make({"size": (of(bytes, Octets(1), Measures("data")), DERIVED), "data": DATA}),
        "size: Measures stands on integers only",
    ),
    (
        make({"size": (of(int, UInt(9), Measures("data")), DERIVED), "data": DATA}),
        "size: a length, count or tag has at most 8 octets",
    ),
    (
        make({"size": (of(int, Int(1), Measures("data")), DERIVED), "data": DATA}),
        "size: a length, count or tag has no sign",
    ),
    (
        make(
            {
                "size": (of(int, UInt(1), Measures("a", "c")), DERIVED),
                "a": U8,
                "b": U8,
                "c": U8,
            }
        ),
        "size: measures fields that do not follow each other",
    ),
    (
        make(
            {
                "one": (of(int, UInt(1), Measures("a", "b")), DERIVED),
                "two": (of(int, UInt(1), Measures("b", "c")), DERIVED),
                "a": U8,
                "b": U8,
                "c": U8,
            }
        ),
        "two: measures half of what 'one' does",
    ),
    (
        make(
            {
                "one": (of(int, UInt(1), Measures("a")), DERIVED),
                "two": (of(int, UInt(1), Measures("a")), DERIVED),
                "a": REST,
            }
        ),
        "two: measures the same as 'one'",
    ),
    (
        make(
            {
                "size": (of(int, UInt(1), Measures("a")), DERIVED),
                "a": of(int, Bits(4)),
                "b": of(int, Bits(4)),
            }
        ),
        "size: measures some bits of an integer",
    ),
    (make({"data": DATA}), "data: no field 'size' says that it Measures this"),
    (
        make({"count": (of(int, UInt(1), Counts("x")), DERIVED), "x": U8}),
        "count: counts 'x', which is not repeated",
    ),
    (
        make(
            {
                "count": (of(int, UInt(1), Counts("x")), DERIVED),
                "x": of(tuple[Point, ...], Repeat(count=2)),
            }
        ),
        "count: counts 'x', whose count is fixed",
    ),
    (
        make(
            {
                "one": (of(int, UInt(1), Counts("x")), DERIVED),
                "two": (of(int, UInt(1), Counts("x")), DERIVED),
                "x": of(tuple[Point, ...], Repeat()),
            }
        ),
        "two: counts 'x', as another field does",
    ),
    (make({"count": (of(int, UInt(1), Counts("x")), DERIVED)}), "count: speaks of 'x'"),
    (
        make({"x": of(tuple[Point, ...], Repeat(count="n"))}),
        "x: no field 'n' says that it Counts this",
    ),
    # what takes all the rest
    (make({"data": REST, "x": U8}), "data: takes all the rest, and 'x' comes after it"),
    (
        make({"many": of(tuple[Point, ...], Repeat()), "x": U8}),
        "many: takes all the rest, and 'x' comes after it",
    ),
    # kinds
    (make({"x": of(bytes, Octets(-1))}), "x: cannot have -1 octets"),
    (make({"x": of(str, Octets(text="morse"))}), "x: unknown encoding 'morse'"),
    (
        make({"x": of(str, Octets(text="ascii", codec=Codec(bytes, bytes)))}),
        "x: is text or has a codec, not both",
    ),
    (make({"x": of(bytes, Pad(to=0))}), "x: cannot pad to a multiple of 0"),
    (make({"x": of(bytes, Pad(to=2, over="y"))}), "x: pads 'y', which does not come"),
    (make({"x": of(bytes, Pad(to=2, fill=300))}), "x: is filled with octets, and 300"),
    (make({"x": of(bytes, Reserved(0))}), "x: 0 octets cannot be reserved"),
    (make({"x": of(bytes, Reserved(1, fill=256))}), "x: is filled with octets"),
    (
        make(
            {"a": of(int, Bits(4)), "b": of(int, Bits(4)), "x": of(bytes, Pad(2, "b"))}
        ),
        "x: pads 'b', which does not begin an octet",
    ),
    (make({"a": of(int, Bits(4)), "b": U8}), "a: the group has 4 bits"),
    (
        make({"a": of(int, Bits(32)), "b": of(int, Bits(32))}),
        "a: the group has 64",
    ),
    (make({"x": of(int, Nested())}), "x: Nested needs the type of a message"),
    (make({"x": Items}), "x: the tag of Items stands in an envelope: use Choice"),
    (make({"x": of(Point, Repeat())}), r"x: Repeat needs the type tuple"),
    (make({"x": of(tuple[int, ...], Repeat())}), "x: repeats neither a message nor"),
    (make({"x": of(tuple[Items, ...], Repeat())}), "x: the tag of Items stands in an"),
    (make({"x": of(tuple[Point, ...], Repeat(count=-1))}), "x: cannot be repeated -1"),
    (
        make({"x": of(tuple[int, ...], Repeat(of=UInt(3)))}),
        "x: repeats numbers of 1, 2, 4 or 8 octets",
    ),
    (
        make({"x": of(tuple[int, ...], Repeat(of=Octets(1)))}),  # type: ignore[arg-type]
        "x: of=.* is no kind of number",
    ),
    (
        make({"x": of(tuple[Colour, ...], Repeat(of=UInt(2)))}),
        "x: repeats plain numbers, not Colour",
    ),
    (
        make({"x": of(tuple[str, ...], Repeat(of=UInt(2)))}),
        "x: repeats integers, not str",
    ),
    # types and defaults
    (make({"x": of(str, UInt(1))}), "x: is an integer, not str"),
    (make({"x": of(int, Float(4))}), "x: is a float, not int"),
    (make({"x": of(str, Octets(1))}), "x: is text: say in what encoding"),
    (make({"x": of(bytes, Octets(text="ascii"))}), "x: has an encoding, so it is str"),
    (make({"x": of(int, Octets(1))}), "x: is octets, not int"),
    (make({"x": of(Colour, UInt(1))}), "x: .*BLUE.* does not fit"),
    (make({"x": of(Colour, UInt(9))}), "x: Colour has at most 8 octets"),
    (make({"x": of(Word, UInt(1))}), "x: Word is no IntEnum"),
    (make({"x": of(bool, Float(4))}), "x: is a float, not bool"),
    (make({"x": (U8, 256)}), "x: its default 256 does not fit"),
    (make({"x": (U8, None)}), "x: its default None does not fit"),
    (make({"x": (of(Colour, UInt(2)), 2)}), "x: its default 2 does not fit"),
    (make({"x": (of(int, Digits(b":", 2)), 100)}), "x: its default 100 does not fit"),
    (make({"x": (of(float, Float(4)), "a")}), "x: its default 'a' does not fit"),
    (make({"x": (of(float, Float(2)), 1e9)}), "x: its default .* does not fit"),
    (make({"x": (of(bytes, Octets(2)), b"abc")}), "x: its default b'abc' does not fit"),
    (make({"x": (of(bytes, Octets(2)), "ab")}), "x: its default 'ab' does not fit"),
    (make({"x": (of(str, Octets(text="ascii")), "é")}), "x: its default 'é' does not"),
    (
        make({"x": (of(tuple[Point, ...], Repeat(count=2)), ())}),
        r"x: its default \(\) does not fit",
    ),
    # trailing
    (make({"x": of(int, UInt(1), Trailing())}), "x: Trailing needs a default"),
    (
        make({"x": (of(int, UInt(1), Trailing()), 0), "y": (U8, 0)}),
        "y: comes after 'x', which is Trailing",
    ),
    (
        make({"size": (SIZE, DERIVED), "data": (of(bytes, Octets(), Trailing()), b"")}),
        "size: measures 'data', which may be left out",
    ),
    (
        make(
            {
                "count": (of(int, UInt(1), Counts("x")), DERIVED),
                "x": (of(tuple[Point, ...], Repeat(), Trailing()), ()),
            }
        ),
        "count: speaks of 'x', which may be left out",
    ),
    (
        make(
            {"a": (of(int, Bits(4)), 0), "b": (of(int, Bits(4), Trailing()), 0)},
        ),
        "b: these bits are Trailing, others not",
    ),
    # choices
    (make({"x": of(Point, Choice(by="kind"))}), "x: Choice needs the type of a family"),
    (make({"x": of(Items, Choice(by="kind"))}), "x: 'kind' does not come before it"),
    (
        make({"x": of(Family, Choice(by="kind"))}),
        "x: Family has its own tag",
    ),
    (
        make({"kind": U8, "x": of(Items, Choice(by="kind"))}),
        r"x: 'kind' does not say Tags\('x'\)",
    ),
    (
        make({"kind": (of(int, UInt(1), Tags("x")), DERIVED), "x": Point}),
        "kind: is the tag of 'x', which is no Choice by it",
    ),
    (
        make(
            {
                "kind": (of(int, UInt(1), Tags("x")), DERIVED),
                "x": of(Items, Choice(by="kind")),
            }
        ),
        "x: Large's tag does not fit 'kind'",
    ),
    (
        make({"kind": (of(int, Digits(b":"), Tags("x")), DERIVED), "x": Point}),
        "kind: a tag is an integer of octets",
    ),
    # families
    (make({"tag": of(int, UInt(1), Tag())}), "tag: a tag needs the default derived"),
    (
        make(
            {
                "tag": (of(int, UInt(1), Tag()), DERIVED),
                "too": (of(int, UInt(1), Tag()), DERIVED),
            }
        ),
        "too: is a tag, as 'tag' is",
    ),
    (make({}, base=Family, tag=0x100), "0x100 does not fit the tag"),
    (make({}, base=Family, tag=-1), "does not fit the tag"),
    (make({}, base=Family, tag=(2, 2)), "has the same tag twice"),
    (make({}, base=Family, tag="x"), "neither a tag nor several"),
    (make({}, base=Family, tag=()), "needs a tag"),
    (make({}, base=Family, tag=1), "tag 0x01 is that of First"),
    (make({"x": U8}, tag=1), "has a tag, and belongs to no family"),
    (make({}, base=Family, tag=ANY), "takes any tag, and needs a field to keep it"),
    (
        make({"tag": of(int, UInt(2), Tag())}, base=Family, tag=ANY),
        "tag: is not as Family has it",
    ),
    (
        make({"tag": of(int, UInt(1), Tag())}, base=Family, tag=7),
        "tag: is known: only tag=ANY keeps a tag",
    ),
    (make({"x": of(int, InTag(1))}), "x: InTag stands in a variant of a family only"),
    (
        make({"x": of(int, InTag(1))}, base=Wide, tag=(2, 3)),
        "x: InTag needs a tag of one octet",
    ),
    (
        make({"x": of(int, InTag(1))}, base=Items, tag=(2, 3)),
        "x: InTag needs a tag of one octet",
    ),
    (
        make({"x": of(int, InTag(0x1F, shift=4))}, base=Family, tag=(2, 3)),
        "x: 0x1F << 4 is no part of a tag",
    ),
    (
        make({"x": of(int, InTag(3))}, base=Family, tag=(0x10, 0x12)),
        "x: the tags leave gaps in its values",
    ),
    # spellings
    (make({"x": U8}, spellings=(Spelling(1, x=UInt(1)),)), "spellings: stand in a"),
    (
        make({"x": U8}, base=Family, spellings=(Spelling(7, y=UInt(1)),)),
        "spellings: one has the fields",
    ),
    (
        make({"x": U8}, base=Family, spellings=(Spelling(7, x=5),)),
        "x: 5 is no kind of a field",
    ),
    (
        make({"x": U8}, base=Family, spellings=(Spelling(7, x=(UInt(1), 5)),)),
        "x: has something beside its kind that is no mark",
    ),
    (
        make(
            {"x": U8}, base=Family, spellings=(Spelling(7, reads_only=True, x=UInt(1)),)
        ),
        "spellings: none of them can be written",
    ),
    (
        make({"x": U8}, base=Family, tag=7, spellings=(Spelling(7, x=UInt(1)),)),
        "spellings: have the tags",
    ),
    (
        make({"x": U8}, base=Family, spellings=(Spelling(7, x=UInt(1)),) * 2),
        "has the same tag twice",
    ),
    # guards
    (make({}, base=Family, tag=7, when=5), "when=5 is no Starts"),
    (
        make({}, base=Family, tag=7, when=Starts("tag", (Point(1),))),
        "tag: a guard looks at repeated messages only",
    ),
    (
        make({"x": U8}, base=Family, tag=7, when=Starts("x", (Point(1),))),
        "x: a guard looks at a field of the family itself",
    ),
    (
        make({}, base=Family, tag=7, when=Starts("path.x", (Point(1),))),
        "path: the guard's 'path.x' is no field",
    ),
    (
        make({}, base=Family, tag=7, when=Starts("path", (1,))),
        "path: the guard's 1 is no message",
    ),
    (make({}, base=Family, tag=7, when=Starts("path", ())), "path: the guard has no"),
]


@pytest.mark.parametrize(("wrong", "problem"), WRONG, ids=[text for _, text in WRONG])
def test_a_wrong_declaration_is_refused(wrong: Callable[[], Any], problem: str) -> None:
    with pytest.raises(GrammarError, match=problem) as caught:
        wrong()
    text = str(caught.value)
    assert "\n" not in text
    if problem not in ("neither a tag nor several", "needs a tag"):
        assert text.startswith("Wrong")


def test_what_was_refused_is_no_variant() -> None:
    for variant in Family.__declared__.variants:
        assert variant.__name__ == "First"


@pytest.mark.parametrize(
    "kind",
    [
        lambda: UInt(0),
        lambda: UInt(65),
        lambda: UInt(2, "middle"),
        lambda: Float(3),
        lambda: Float(4, "PDP"),
        lambda: Bits(0),
        lambda: Digits(b"1"),
        lambda: Digits(b":", 19),
        lambda: Codec(bytes, None),  # type: ignore[arg-type]
        lambda: Measures(unit=2),
        lambda: Measures("x", unit=0),
    ],
)
def test_a_wrong_kind_is_refused_where_it_stands(kind: Callable[[], Any]) -> None:
    with pytest.raises(GrammarError):
        kind()


def test_a_wrong_kind_in_an_annotation_that_is_text_names_its_field() -> None:
    with pytest.raises(GrammarError, match=r"Wrong.x: an integer has 1 to 64 octets"):
        make({"y": "U8", "x": "Annotated[int, UInt(0)]"})()


def test_a_family_in_use_takes_no_more_variants() -> None:
    assert Used.decode(b"\1") == Using()
    with pytest.raises(GrammarError, match="Wrong: the family Used is in use already"):
        make({}, base=Used, tag=2)()


class Used(Message):
    """A family."""

    tag: Annotated[int, UInt(1), Tag()] = derived()


class Using(Used, tag=1):
    """Its variant."""


class Early(Message):
    """It holds what comes later, which is wrong for it."""

    x: "Annotated[Later, Choice(by='kind')]"


class Later(Message):
    """No family."""

    x: U8


def test_a_declaration_of_names_to_come_is_looked_at_when_they_have() -> None:
    with pytest.raises(GrammarError, match=r"Early.x: Choice needs the type"):
        Early.decode(b"")
