# SPDX-License-Identifier: Apache-2.0
"""`SLC`: the data files of an SLC 500, a MicroLogix or a PLC-5, for daily use.

    with SLC("10.0.0.5") as plc:
        count, speeds = plc.read("N7:0", "F8:0{10}")
        plc.write({"N7:1": 5, "B3:0/5": True})

Beside `logix`: what people write is read here, `processor` asks it, and `shell` carries
that out.  One request is in flight at a time, as these processors have it.  Rules, as
for `Logix`.  It connects by itself, and again after a failure; a read is asked once
more where the connection was lost; a write that was sent never is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, overload

from ..errors import EncodeError
from ..protocol.enip.datafile import DataAddress
from ..protocol.enip.notation import NotationError
from .calls import limit
from .operations import OperationError
from .pccc import DIALECTS, DataResult, pairs
from .place import Place
from .processor import DataWrite, Processor
from .shell import Shell
from .values import display
from .way import Way

__all__ = ["SLC"]


class SLC(Shell):
    """A processor with data files, by its address: `10.0.0.5`, or `10.0.0.5/1/0`.

    `kind` is "slc" (MicroLogix, too) or "plc5".  Requests go straight to the address;
    with a route after its first slash, along that; with `connected`, over a connection,
    if the device opens one.  A `way` says all of the route, where the address does not.
    A call takes `timeout` seconds at most; None is for ever.
    """

    def __init__(
        self,
        host: str,
        port: int | None = None,
        *,
        kind: str = "slc",
        timeout: float | None = 5.0,
        route_path: object = None,
        way: Way | None = None,
        connected: bool = False,
        source: tuple[str, int] | None = None,
    ) -> None:
        if kind not in DIALECTS:
            raise ValueError(f"kind is {' or '.join(DIALECTS)}, not {kind!r}")
        simple = route_path is None and "/" not in str(host)
        place = Place.of(host, port, route_path, None, simple)
        if way is not None and not simple:
            raise ValueError("the route is said twice: by way, and beside it")
        self.kind = kind
        self._dialect = DIALECTS[kind]
        line = Processor(
            place if way is None else replace(place, way=way),
            dialect=self._dialect,
            opener=self._reach,
            pause=self._pause,
            timeout=timeout,
            connected=connected,
            source=source,
        )
        super().__init__(line)
        self._line: Processor = line

    @property
    def place(self) -> Place:
        """Where the processor is, and the way that requests take to it."""
        return self._line.place

    @property
    def timeout(self) -> float | None:
        """How many seconds a call may take; None is for ever."""
        return self._line.timeout

    @timeout.setter
    def timeout(self, seconds: float | None) -> None:
        self._line.timeout = limit(seconds)

    # -- what it is for

    @overload
    def read(self, tag: str, /) -> DataResult: ...
    @overload
    def read(self, tags: list[str] | tuple[str, ...], /) -> list[DataResult]: ...
    @overload
    def read(self, tag: str, other: str, /, *more: str) -> list[DataResult]: ...
    def read(self, *tags: Any) -> DataResult | list[DataResult]:
        """The result of an address; of several, or of a list, a list in their order.

        What is refused is a result that is not ok, in its place.  Raises OperationError
        for a text that is no address, before anything is sent; TransportError where
        there is no answer in time; ProtocolError where there is none that can be read.
        """
        call = self._line.call()
        single = len(tags) == 1 and not isinstance(tags[0], list | tuple)
        several = tags if single or len(tags) != 1 else tags[0]
        addresses = [self._address(one) for one in several]
        found = self._run(self._line.reads, call, addresses)
        return found[0] if single else found

    def write(self, *items: Any) -> Any:
        """Write `("N7:0", 5)`, `{"F8:0": 1.5, "N7:1": [1, 2, 3]}`, or a list of such.

        One address as a tuple has one result; else there is a list.  What was sent and
        not answered is a result that is `unknown`: it is never sent again.  Raises
        OperationError for what is no address or does not fit, before anything is sent.
        """
        call = self._line.call()
        writes = []
        for tag, value in pairs(items):
            address = self._address(tag)
            try:
                functions = self._dialect.writes(address, value)
            except EncodeError as exc:
                shown = f"{address}="
                text = shown + display(value)
                raise OperationError(str(exc), text, len(shown)) from None
            writes.append(DataWrite(address, value, functions))
        found = self._run(self._line.writes, call, writes)
        alone = len(items) == 1 and isinstance(items[0], tuple)
        return found[0] if alone else found

    @property
    def processor_type(self) -> str:
        """The catalog number that an SLC or MicroLogix says it has, as `1747-L552`."""
        self._expect_slc("says no catalog number")
        return self._run(self._line.catalog, self._line.call())

    @property
    def files(self) -> dict[str, int]:
        """The data files that an SLC 5/03 or later lists, and their elements."""
        self._expect_slc("has no list of files")
        return self._run(self._line.files, self._line.call())

    def _address(self, text: str) -> DataAddress:
        """What a text says; OperationError where it is no address."""
        try:
            return self._dialect.address(text)
        except NotationError as exc:
            raise OperationError(exc.problem, exc.text, exc.place) from None

    def _expect_slc(self, what: str) -> None:
        if self.kind != "slc":
            raise ValueError(f"a processor of kind {self.kind!r} {what}")
