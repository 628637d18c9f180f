# SPDX-License-Identifier: Apache-2.0
"""The list of tags that clients browse: the Symbol class, an instance for each tag.

Over `directory`, under `controller`.  The controller has a list, and so has each of its
programs; a program is a symbol of the controller's list.  Instances are numbered when
somebody first asks, in the order in which tags came to be, and keep their numbers.
Logix 5000 Data Access, "Get a list of tags".
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

from ....protocol.enip import (
    GetAttributeSingle,
    GetInstanceAttributeList,
    SetAttributeSingle,
)
from ....protocol.enip.status import Status
from ....protocol.enip.structures import NESTED, TEMPLATE, StructureType
from ....protocol.enip.types import UDINT, UINT, USINT
from ..cip.answers import Answer, Call, Refusal, Target
from ..cip.attribute import ACCESSES, Attribute
from ..cip.builtin import ClassObject, Fixed
from ..cip.objects import HEAD, Object, service
from ..cip.tagged import Tagged
from .part import Part

if TYPE_CHECKING:
    from .directory import Directory

__all__ = ["SYMBOL", "Counted", "Listing", "Symbols", "lettered"]

SYMBOL = 0x6B
LAST = 0xFFFF  # some clients have 16 bits for an instance
PROGRAM = 0x1068  # the type of a program's symbol
BASE = 1 << 26  # in the software control: no alias
DIMENSIONS = 3


class Counted(Attribute):
    """An attribute that is worked out whenever it is asked for."""

    def __init__(self, name: str, type_cls: Any, count: Callable[[], int]) -> None:
        super().__init__(name, type_cls)
        self.counted = count

    def __getitem__(self, key: int | slice) -> Any:
        value = self.counted()
        return [value] if self._validate_key(key) is slice else value


@dataclass(frozen=True, slots=True)
class Symbol:
    """A tag or a program, as a list has it."""

    number: int
    name: str  # in its scope
    key: str  # of the tag; a program has none
    tag: Attribute | None = None
    alias: bool = False

    @property
    def type(self) -> int:
        """The type with its marks: of a structure, of how many dimensions."""
        tag = self.tag
        if tag is None:
            return PROGRAM
        if issubclass(tag.type, StructureType):
            found = NESTED | tag.type.instance & TEMPLATE
        else:
            found = tag.type.tag_type
        if isinstance(tag, Part) and tag.bit is not None:
            found |= tag.bit << 8
        return found | len(tag.dimensions) << 13

    def encoded(self, number: int) -> bytes:
        """An attribute's octets."""
        return ATTRIBUTES[number][1](self)


def lettered(name: str) -> bytes:
    """A name after its size, with nothing to make it even."""
    octets = name.encode("latin-1", "replace")
    return UINT.produce(len(octets)) + octets


def sizes(one: Symbol) -> bytes:
    several = one.tag.dimensions if one.tag is not None else ()
    return UDINT.pack((*several, *(0,) * (DIMENSIONS - len(several))))


def size(one: Symbol) -> bytes:
    # A string as long as a structure can be does not fit.
    found = 0 if one.tag is None else one.tag.type.struct_calcsize
    return UINT.produce(min(found, 0xFFFF))


def access(one: Symbol) -> bytes:
    return USINT.produce(0 if one.tag is None else ACCESSES[one.tag.access])


# What a symbol says of itself: by number, the name and how it is found.
ATTRIBUTES: dict[int, tuple[str, Callable[[Symbol], bytes]]] = {
    1: ("Symbol Name", lambda one: lettered(one.name)),
    2: ("Symbol Type", lambda one: UINT.produce(one.type)),
    3: ("Symbol Address", lambda one: UDINT.produce(one.number)),
    5: ("Symbol Object Address", lambda one: UDINT.produce(one.number)),
    6: ("Software Control", lambda one: UDINT.produce(0 if one.alias else BASE)),
    7: ("Element Size", size),
    8: ("Array Dimensions", sizes),
    10: ("External Access", access),
}


class Listing:
    """The service that lists instances, from one on."""

    told: Collection[int] = ()  # the attributes that they have

    def entries(self, wanted: Sequence[int]) -> Iterator[bytes]:
        """Each instance's number, and some attributes."""
        raise NotImplementedError

    @service(GetInstanceAttributeList)
    def get_instance_attribute_list(
        self, request: GetInstanceAttributeList, target: Target, call: Call
    ) -> Answer:
        """As many whole entries as fit, with the attributes in the order asked for."""
        if target.number is not None or target.elements:
            raise Refusal(Status.PATH_SEGMENT_ERROR)
        if any(number not in self.told for number in request.attributes):
            raise Refusal(Status.ATTRIBUTE_NOT_SUPPORTED)
        left = min(call.fragment, call.room - HEAD)
        found: list[bytes] = []
        for entry in self.entries(request.attributes):
            left -= len(entry)
            if left < 0:
                status = Status.PARTIAL_TRANSFER if found else Status.REPLY_TOO_LARGE
                return Answer(b"".join(found), status)
            found.append(entry)
        return Answer(b"".join(found))


class Listed(Listing):
    """The same, of symbols."""

    scope: list[Symbol]
    instance_id: int
    told = ATTRIBUTES

    def entries(self, wanted: Sequence[int]) -> Iterator[bytes]:
        values = [ATTRIBUTES[number][1] for number in wanted]
        for at in range(max(self.instance_id - 1, 0), len(self.scope)):
            one = self.scope[at]
            yield UDINT.produce(one.number) + b"".join([get(one) for get in values])


class SymbolClass(Listed, ClassObject):
    """Instance 0: what the list says of itself, and where it begins."""

    def __init__(self, scope: list[Symbol]) -> None:
        super().__init__(SYMBOL, 1)
        self.scope = scope
        for number, name in ((2, "Max Instance"), (3, "Number of Instances")):
            self.add(number, Counted(name, UINT, lambda: len(self.scope)))


class SymbolObject(Listed, Tagged):
    """A symbol; its tag is read and written by its number as by its name."""

    class_id = SYMBOL

    def __init__(self, number: int, scope: list[Symbol]) -> None:
        super().__init__("Symbol", number)
        self.scope = scope
        there = 0 < number <= len(scope)
        self.symbol = scope[number - 1] if there else None

    def find(self, number: int) -> Attribute | None:
        if self.symbol is None or number not in ATTRIBUTES:
            return None
        return Fixed(ATTRIBUTES[number][0], self.symbol.encoded(number))

    def named(self, target: Target) -> Attribute:
        if self.symbol is None or (target.attribute is None and target.number is None):
            raise Refusal(Status.PATH_DESTINATION_UNKNOWN)
        return super().named(target)

    @service(GetAttributeSingle)
    def get_attribute_single(
        self, request: GetAttributeSingle, target: Target, call: Call
    ) -> bytes:
        """An attribute of the symbol, not of its tag."""
        if target.number is None:
            raise Refusal(Status.PATH_SEGMENT_ERROR)
        return super().get_attribute_single(request, target, call)

    @service(SetAttributeSingle)
    def set_attribute_single(
        self, request: SetAttributeSingle, target: Target, call: Call
    ) -> bytes:
        """What a symbol says of itself is not for clients to change."""
        raise Refusal(Status.ATTRIBUTE_NOT_SETTABLE)


class Symbols:
    """All lists of one controller, and the instances in them."""

    def __init__(self, directory: Directory, watch: Callable[[Object], None]) -> None:
        self._directory = directory
        self._watch = watch
        self._lock = Lock()
        self._seen = 0  # names
        self._programs = 0
        self.scopes: dict[str, list[Symbol]] = {"": []}

    def scope(self, program: str = "") -> list[Symbol]:
        """The symbols of the controller or of a program, as many as there are now."""
        directory = self._directory
        if len(directory.names) != self._seen or (
            len(directory.programs) != self._programs
        ):
            with self._lock:
                self._number()
        found = self.scopes.get(program)
        if found is None:
            raise Refusal(Status.PATH_DESTINATION_UNKNOWN)
        return found

    def _number(self) -> None:
        """Number what has come since."""
        directory = self._directory
        own = self.scopes[""]
        # The names first: a tag's program is there before its name is.
        names = list(directory.names.items())
        programs = list(directory.programs.items())
        for key, name in programs[self._programs :]:
            self.scopes[key] = []
            if len(own) < LAST:
                own.append(Symbol(len(own) + 1, name, ""))
        for key, name in names[self._seen :]:
            before, dot, rest = name.partition(".")
            inside = self.scopes.get(before.lower()) if dot else None
            scope = own if inside is None else inside
            if len(scope) < LAST:
                alias = key in directory.aliases
                name = rest if inside is not None else name
                tag = directory.known(key)
                scope.append(Symbol(len(scope) + 1, name, key, tag, alias))
        self._programs = len(programs)
        self._seen = len(names)

    def instance(self, number: int, program: str) -> tuple[Object, Attribute | None]:
        """A symbol and its tag; there need be none, to list those that come after."""
        scope = self.scope(program)
        if number == 0:
            one: Object = SymbolClass(scope)
            self._watch(one)
            return one, None
        found = SymbolObject(number, scope)
        self._watch(found)
        return found, found.symbol.tag if found.symbol is not None else None
