# SPDX-License-Identifier: Apache-2.0
"""What `Logix` and `AsyncLogix` tell of a controller: its tags, types and properties.

The part of both shells that looks around; all that it decides is in `catalogue` and
`device`.  Everything here is asked when somebody wants to know it, and tags and types
once for each connection.
"""

from __future__ import annotations

from collections.abc import Coroutine
from datetime import datetime
from functools import partial
from typing import Any

from ..protocol.enip.structures import StructureType
from .browse import Named, Tag
from .calls import Call
from .catalogue import Catalogue
from .device import Device, clock, device, module, name, set_clock
from .plant import described

__all__ = ["AsyncBrowsing", "Browsing"]

Types = Named[type[StructureType]]


class Looking:
    """The programs of what can be asked, as both shells carry them out."""

    _line: Catalogue
    _run: Any  # a program and its call; what it comes to, or what to await for it

    def _look(self, program: Any, *given: Any) -> Any:
        return self._run(partial(program, self._line), self._line.call(), *given)

    def _browse(self, program: Any, *given: Any) -> Any:
        call = Call(self._line.timeout, self._line.clock())
        call.pages = True
        return self._run(program, call, *given)


class Browsing(Looking):
    """What a controller tells of itself."""

    @property
    def tags(self) -> Named[Tag]:
        """The tags by their names: the controller's, and those of its programs."""
        return self.browse()

    def browse(self, program: str | None = None, refresh: bool = False) -> Named[Tag]:
        """The tags; of a program, if one is named.  `refresh` asks the device again.

        A large controller has many pages: `timeout` is for each of them.
        """
        found: Named[Tag] = self._browse(self._line.browse, program, refresh)
        return found

    @property
    def types(self) -> Types:
        """The structures by their names: those of the tags, and what is in them."""
        found: Types = self._browse(self._line.structures)
        return found

    @property
    def programs(self) -> tuple[str, ...]:
        """The names of the programs."""
        found: tuple[str, ...] = self._browse(self._line.programs)
        return found

    @property
    def device(self) -> Device:
        """Who the device is, by its Identity object, and how its key is turned."""
        found: Device = self._look(device)
        return found

    def module(self, slot: int) -> Device:
        """Who stands in a slot of the same backplane."""
        found: Device = self._look(module, slot)
        return found

    @property
    def name(self) -> str:
        """What the program in the controller is called."""
        found: str = self._look(name)
        return found

    @property
    def clock(self) -> datetime:
        """What time it is there, in UTC; a time that is put here is set there."""
        found: datetime = self._look(clock)
        return found

    @clock.setter
    def clock(self, time: datetime) -> None:
        self.set_clock(time)

    def set_clock(self, time: datetime | None = None) -> None:
        """Set its clock: to a time, or to the one that it is here."""
        self._look(set_clock, time)

    def described(self, values: bool = False) -> str:
        """The controller as TOML, for `enip_server -f`; with the tags' values."""
        found: str = self._browse(partial(described, self._line), values)
        return found


class AsyncBrowsing(Looking):
    """What a controller tells of itself: as `Browsing`, awaited."""

    @property
    def tags(self) -> Coroutine[Any, Any, Named[Tag]]:
        """Await it for the tags by their names."""
        return self.browse()

    def browse(
        self, program: str | None = None, refresh: bool = False
    ) -> Coroutine[Any, Any, Named[Tag]]:
        """The tags; of a program, if one is named.  `refresh` asks the device again."""
        found: Coroutine[Any, Any, Named[Tag]]
        found = self._browse(self._line.browse, program, refresh)
        return found

    @property
    def types(self) -> Coroutine[Any, Any, Types]:
        """Await it for the structures by their names."""
        found: Coroutine[Any, Any, Types] = self._browse(self._line.structures)
        return found

    @property
    def programs(self) -> Coroutine[Any, Any, tuple[str, ...]]:
        """Await it for the names of the programs."""
        found: Coroutine[Any, Any, tuple[str, ...]]
        found = self._browse(self._line.programs)
        return found

    @property
    def device(self) -> Coroutine[Any, Any, Device]:
        """Await it for who the device is."""
        found: Coroutine[Any, Any, Device] = self._look(device)
        return found

    def module(self, slot: int) -> Coroutine[Any, Any, Device]:
        """Who stands in a slot of the same backplane."""
        found: Coroutine[Any, Any, Device] = self._look(module, slot)
        return found

    @property
    def name(self) -> Coroutine[Any, Any, str]:
        """Await it for what the program in the controller is called."""
        found: Coroutine[Any, Any, str] = self._look(name)
        return found

    @property
    def clock(self) -> Coroutine[Any, Any, datetime]:
        """Await it for the time there, in UTC."""
        found: Coroutine[Any, Any, datetime] = self._look(clock)
        return found

    def set_clock(self, time: datetime | None = None) -> Coroutine[Any, Any, None]:
        """Set its clock: to a time, or to the one that it is here."""
        found: Coroutine[Any, Any, None] = self._look(set_clock, time)
        return found

    def described(self, values: bool = False) -> Coroutine[Any, Any, str]:
        """The controller as TOML, for `enip_server -f`; with the tags' values."""
        found: Coroutine[Any, Any, str]
        found = self._browse(partial(described, self._line), values)
        return found
