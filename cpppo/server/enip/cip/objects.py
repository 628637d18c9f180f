# SPDX-License-Identifier: Apache-2.0
"""CIP objects: attributes by their number, and the services that each object has.

Over `attribute` and `answers`, under `controller`.  A subclass adds services with
`@service(RequestClass)`, and attributes in its constructor.  A service gets a typed
request and gives octets, an `Answer`, or raises a `Refusal`.  CIP Vol 1, chapters 4, 5.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from ....protocol.enip import (
    GetAttributeList,
    GetAttributesAll,
    GetAttributeSingle,
    SetAttributeSingle,
)
from ....protocol.enip.status import Status
from ....protocol.enip.types import UINT, TextType
from ...quiet import Quiet
from .answers import Answer, Call, Refusal, Target, line_of
from .attribute import MASK_ALL, MASK_SINGLE, Attribute

log = logging.getLogger(__name__)

__all__ = ["HEAD", "REFUSAL", "Object", "fits", "service"]

Handler = TypeVar("Handler", bound=Callable[..., Any])


def service(request: Any) -> Callable[[Handler], Handler]:
    """Marks a method as what answers this kind of request."""

    def mark(method: Handler) -> Handler:
        method.__request__ = request  # type: ignore[attr-defined]
        return method

    return mark


class Object:
    """An instance of a class, or, as instance 0, the class itself."""

    class_id: ClassVar[int] = 0
    revision: ClassVar[int] = 1
    services: ClassVar[dict[int, tuple[Any, str]]] = {}

    def __init_subclass__(cls, **kwds: Any) -> None:
        super().__init_subclass__(**kwds)
        cls.services = collected(cls)

    def __init__(
        self,
        name: str | None = None,
        instance_id: int = 1,
        class_id: int | None = None,
    ) -> None:
        self.name = name or type(self).__name__
        self.instance_id = instance_id
        self.number = self.class_id if class_id is None else class_id
        self.attribute: dict[str, Attribute] = {}
        self.limit = 1024  # attributes in one Get Attribute List
        self.quiet = Quiet(log)
        self._known = -1
        self._all: tuple[list[Attribute], int] = [], 0

    @property
    def key(self) -> tuple[int, int]:
        """Where it is: its class and its instance."""
        return self.number, self.instance_id

    def __repr__(self) -> str:
        return f"{self.name} @{self.number:#06x}/{self.instance_id}"

    def add(self, number: int, attribute: Attribute, settable: bool = False) -> None:
        """Have an attribute under this number."""
        attribute.settable = settable
        self.attribute[str(number)] = attribute

    def find(self, number: int) -> Attribute | None:
        """The attribute with this number, if there is one."""
        return self.attribute.get(str(number))

    def named(self, target: Target) -> Attribute:
        """The attribute that a path leads to; it must name one that is there."""
        if target.attribute is None:
            raise Refusal(Status.ATTRIBUTE_NOT_SUPPORTED)
        if target.attribute.denied:
            raise Refusal(target.attribute.denied)
        return target.attribute

    @service(GetAttributeSingle)
    def get_attribute_single(
        self, request: GetAttributeSingle, target: Target, call: Call
    ) -> bytes:
        """All of one attribute; of an array also one value of it."""
        attribute = self.named(target)
        if attribute.mask & MASK_SINGLE:
            raise Refusal(Status.ATTRIBUTE_NOT_SUPPORTED)
        index = target.index
        if target.elements:
            return fits(attribute.produce(index, index + 1), call)
        if attribute.size > call.room:
            raise Refusal(Status.REPLY_TOO_LARGE)
        return fits(attribute.produce(), call)

    @service(GetAttributesAll)
    def get_attributes_all(
        self, request: GetAttributesAll, target: Target, call: Call
    ) -> bytes:
        """All attributes, in the order of their numbers."""
        if target.number is not None:
            raise Refusal(Status.PATH_SEGMENT_ERROR)
        several, least = self.all()
        if not several:
            raise Refusal(Status.SERVICE_NOT_SUPPORTED)
        if least > call.room:
            raise Refusal(Status.REPLY_TOO_LARGE)
        found: list[bytes] = []
        left = call.room
        for attribute in several:
            if attribute.denied:
                raise Refusal(attribute.denied)
            if attribute.size > left:
                raise Refusal(Status.REPLY_TOO_LARGE)
            found.append(attribute.produce())
            left -= len(found[-1])
        return fits(b"".join(found), call)

    def all(self) -> tuple[list[Attribute], int]:
        """The attributes that are got together, and how many octets they have at least.

        A program may have put them there itself; that there are others now is known
        by their number.
        """
        if len(self.attribute) != self._known:
            self._known = len(self.attribute)
            found = [self.attribute[key] for key in sorted(self.attribute, key=int)]
            several = [one for one in found if not one.mask & MASK_ALL]
            fixed = (len(one) * (one.type.struct_calcsize or 1) for one in several)
            self._all = several, sum(fixed)
        return self._all

    @service(GetAttributeList)
    def get_attribute_list(
        self, request: GetAttributeList, target: Target, call: Call
    ) -> Answer:
        """Some attributes, each with a status of its own."""
        if len(request.attributes) > self.limit:
            raise Refusal(Status.TOO_MUCH_DATA)
        found: list[bytes] = []
        left = call.room - HEAD - 2
        wrong = False
        for number in request.attributes:
            status, octets = self.listed(number, left)
            if left < 4 + len(octets):
                raise Refusal(Status.REPLY_TOO_LARGE)
            wrong = wrong or bool(status)
            found.append(UINT.pack((number, status)) + octets)
            left -= len(found[-1])
        status = Status.ATTRIBUTE_LIST_ERROR if wrong else Status.SUCCESS
        return Answer(UINT.produce(len(found)) + b"".join(found), status)

    def listed(self, number: int, left: int) -> tuple[int, bytes]:
        """The status of an attribute of a list, and its octets where that is 0."""
        attribute = self.find(number)
        if attribute is None:
            return Status.ATTRIBUTE_NOT_SUPPORTED, b""
        if attribute.denied:
            return attribute.denied, b""
        if attribute.size > left:
            return Status.REPLY_TOO_LARGE, b""
        try:
            return Status.SUCCESS, attribute.produce()
        except Exception as exc:
            # A program's own; the others are to be answered all the same.
            what = type(exc).__name__
            self.quiet.warning("%r failed: %s: %s", attribute, what, line_of(exc))
            return Status.DEVICE_STATE_CONFLICT, b""

    @service(SetAttributeSingle)
    def set_attribute_single(
        self, request: SetAttributeSingle, target: Target, call: Call
    ) -> bytes:
        """New values for all of an attribute, or for one value of an array."""
        attribute = self.named(target)
        if not attribute.settable:
            raise Refusal(Status.ATTRIBUTE_NOT_SETTABLE)
        start = target.index
        stop = start + 1 if target.elements else len(attribute)
        octets = exactly(attribute, request.data, stop - start)
        attribute.write(start, stop, octets)
        return b""


HEAD = 4  # octets of a reply before its data, where there is no extended status
REFUSAL = 6  # octets of the longest reply that says no: with a word more of status


def collected(cls: Any) -> dict[int, tuple[Any, str]]:
    """The services of a class: by code, the request's class and the method's name."""
    found: dict[int, tuple[Any, str]] = {}
    for base in reversed(cls.__mro__):
        for name, method in vars(base).items():
            request = getattr(method, "__request__", None)
            if request is not None:
                found[request.__declared__.tags[0]] = (request, name)
    return found


Object.services = collected(Object)


def fits(octets: bytes, call: Call) -> bytes:
    """Octets that one reply may hold."""
    if len(octets) > call.room - HEAD:
        raise Refusal(Status.REPLY_TOO_LARGE)
    return octets


def exactly(attribute: Attribute, octets: bytes, count: int) -> bytes:
    """The octets of so many values, neither less nor more."""
    if issubclass(attribute.type, TextType):
        texts = attribute.type.cut(octets, count)
        whole = b"".join(texts)
        if len(texts) < count:
            raise Refusal(Status.NOT_ENOUGH_DATA)
        if len(octets) > len(whole):
            raise Refusal(Status.TOO_MUCH_DATA)
        return whole
    size = attribute.type.struct_calcsize * count
    if len(octets) != size:
        less = len(octets) < size
        raise Refusal(Status.NOT_ENOUGH_DATA if less else Status.TOO_MUCH_DATA)
    return octets
