# SPDX-License-Identifier: Apache-2.0
"""The definitions of structures that clients read: the Template class.

Over `directory`, under `controller`.  There is an instance for each structure that the
controller's types have, and for each that a tag is or holds.  Logix 5000 Data Access,
"Read a template".
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from threading import Lock
from typing import TYPE_CHECKING

from ....protocol.enip import ReadTemplate
from ....protocol.enip.datatypes import Types, TypesError
from ....protocol.enip.status import Status
from ....protocol.enip.structures import AROUND, StructureType, definition, words
from ....protocol.enip.types import UDINT, UINT, CIPType
from ...quiet import Quiet
from ..cip.answers import Answer, Call, Refusal, Target
from ..cip.attribute import Attribute
from ..cip.builtin import ClassObject
from ..cip.objects import HEAD, Object, service
from .symbols import Counted

if TYPE_CHECKING:
    from .directory import Directory

__all__ = ["TEMPLATE", "Templates"]

log = logging.getLogger(__name__)

TEMPLATE = 0x6C
ROUNDED = AROUND // 4 * 4


class Template(Object):
    """The definition of a structure, and its measures."""

    class_id = TEMPLATE

    def __init__(self, kind: type[StructureType]) -> None:
        super().__init__(f"Template {kind.__name__}", kind.instance)
        self.kind = kind
        octets = definition(kind)
        size = words(octets)
        # Some round up what they ask for, and ask until they have had all of that.
        self.octets = octets.ljust(4 * size - ROUNDED, b"\0")
        members = len(kind.members)
        # Clients find what follows by the sizes of these.
        self.add(1, Attribute("Structure Handle", UINT, kind.handle))
        self.add(2, Attribute("Template Member Count", UINT, members))
        self.add(3, Attribute("Template Object Size", UINT, 0))
        self.add(4, Attribute("Object Definition Size", UDINT, size))
        self.add(5, Attribute("Structure Size", UDINT, kind.struct_calcsize))

    @service(ReadTemplate)
    def read_template(
        self, request: ReadTemplate, target: Target, call: Call
    ) -> Answer:
        """As much of the definition as fits, from an offset on."""
        if target.number is not None or target.elements:
            raise Refusal(Status.PATH_SEGMENT_ERROR)
        most = min(call.fragment, call.room - HEAD)
        if most <= 0:
            raise Refusal(Status.REPLY_TOO_LARGE)
        asked = self.octets[request.offset : request.offset + request.length]
        more = len(asked) > most
        status = Status.PARTIAL_TRANSFER if more else Status.SUCCESS
        return Answer(asked[:most], status)


class Templates:
    """The templates of one controller."""

    def __init__(self, directory: Directory, types: Types) -> None:
        self._directory = directory
        self._types = types
        self._made: dict[int, Template] = {}
        self._used: dict[int, type[StructureType]] = {}
        self._seen = 0  # tags
        self._lock = Lock()
        self.quiet = Quiet(log)
        whole = ClassObject(TEMPLATE, 1)
        whole.add(2, Counted("Max Instance", UINT, lambda: max(self.kinds())))
        count = Counted("Number of Instances", UINT, lambda: len(self.kinds()))
        whole.add(3, count)
        self._class = whole

    def kinds(self) -> dict[int, type[StructureType]]:
        """All structures, by their instance."""
        # Types are made by one thread at a time: who is made is marked meanwhile.
        with self._lock:
            own = {kind.instance: kind for kind in self._types}
        return own | self.used()

    def declared(self, number: int) -> type[StructureType] | None:
        """One of all structures; none, if somebody has declared one that cannot be."""
        try:
            return self.kinds().get(number)
        except TypesError as exc:
            self.quiet.warning("no more templates: %s", str(exc))
            return None

    def used(self) -> dict[int, type[StructureType]]:
        """The structures that tags are or hold."""
        tags = self._directory.tags
        if len(tags) != self._seen:
            seen = len(tags)
            found = held({tag.type for tag in list(tags.values())})
            self._used = {kind.instance: kind for kind in found}
            self._seen = seen
        return self._used

    def instance(self, number: int, program: str) -> tuple[Object, Attribute | None]:
        """A template, which is made when it is first asked for."""
        if program:
            raise Refusal(Status.PATH_DESTINATION_UNKNOWN)
        if number == 0:
            return self._class, None
        found = self._made.get(number)
        if found is None:
            # All own types have their numbers once all have been asked for.
            kind = self.used().get(number) or self._types.template(number)
            kind = kind or self.declared(number)
            if kind is None:
                raise Refusal(Status.PATH_DESTINATION_UNKNOWN)
            found = self._made[number] = Template(kind)
        return found, None


def held(kinds: Iterable[type[CIPType]]) -> set[type[StructureType]]:
    """The structures among some types, and all that they hold."""
    found: set[type[StructureType]] = set()
    left = list(kinds)
    while left:
        kind = left.pop()
        if issubclass(kind, StructureType) and kind not in found:
            found.add(kind)
            left += [one.type for one in kind.members]
    return found
