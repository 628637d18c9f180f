# SPDX-License-Identifier: Apache-2.0
"""Logix's own objects beside the tags: the program's name, the programs, what changed.

Over `symbols`, `templates` and `clock`, under `controller`.  Clients ask them when they
connect, and again to see whether somebody has changed the tags.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING
from zlib import crc32

from ....protocol.enip.datatypes import Types
from ....protocol.enip.status import Status
from ....protocol.enip.types import UDINT, UINT
from ..cip.answers import Refusal
from ..cip.attribute import Attribute
from ..cip.builtin import ClassObject, Fixed
from ..cip.clock import WallClock
from ..cip.objects import Object
from ..cip.tagged import Tagged
from .symbols import SYMBOL, Counted, Listing, Symbols, lettered
from .templates import TEMPLATE, Templates

if TYPE_CHECKING:
    from .directory import Directory

__all__ = ["Changes", "ProgramName", "Programs", "logix"]

PROGRAM = 0x68
NAME = 28  # the attribute that is a program's name


class ProgramName(Tagged):
    """What the controller's program is called."""

    class_id = 0x64

    def __init__(self, name: str) -> None:
        super().__init__("Program Name")
        self.add(1, Fixed("Name", lettered(name)))


class Changes(Tagged):
    """Numbers that differ as soon as the tags do."""

    class_id = 0xAC

    def __init__(self, directory: Directory) -> None:
        super().__init__("Changes")
        self._directory = directory
        self._seen = -1, -1
        self._sum = 0
        for number, kind in ((1, UINT), (2, UINT), (3, UDINT), (4, UDINT), (10, UDINT)):
            count = self.short if kind is UINT else self.sum
            self.add(number, Counted(f"Change {number}", kind, count))

    def sum(self) -> int:
        """What stands for all that there is now."""
        directory = self._directory
        seen = len(directory.names), len(directory.programs)
        if seen != self._seen:
            names = (*directory.names.values(), *directory.programs.values())
            self._sum = crc32("\n".join(names).encode("latin-1", "replace"))
            self._seen = seen
        return self._sum

    def short(self) -> int:
        """The same in 16 bits."""
        return (self.sum() ^ self.sum() >> 16) & 0xFFFF


class Listed(Listing, ClassObject):
    """The list of the programs, from a number on."""

    told = (NAME,)

    def __init__(self, names: list[str], start: int) -> None:
        super().__init__(PROGRAM, 1, len(names))
        self._names = names
        self._start = start

    def entries(self, wanted: Sequence[int]) -> Iterator[bytes]:
        for number, name in enumerate(self._names, 1):
            if number >= self._start:
                own = lettered(name.partition(":")[2])
                yield UDINT.produce(number) + own * len(wanted)


class Programs:
    """The programs of a controller, by their numbers."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def instance(self, number: int, program: str) -> tuple[Object, Attribute | None]:
        """What lists the programs, from one on."""
        if program:
            raise Refusal(Status.PATH_DESTINATION_UNKNOWN)
        return Listed(list(self._directory.programs.values()), number), None


def logix(
    directory: Directory, types: Types, name: str, watch: Callable[[Object], None]
) -> list[Object]:
    """The objects of a controller's tags and programs; those of families are known to
    the directory at once, and what they make is shown to who watches."""
    directory.families[SYMBOL] = Symbols(directory, watch)
    directory.families[TEMPLATE] = Templates(directory, types)
    directory.families[PROGRAM] = Programs(directory)
    return [WallClock(), ProgramName(name), Changes(directory)]
