# SPDX-License-Identifier: Apache-2.0
"""`Logix`: reading and writing the tags of a controller, for daily use.

    with Logix("10.0.0.5") as plc:
        speed, levels = plc.read("Speed", "Level[0-9]")
        plc.write(Run=True)

At the top of the client; all that it decides is in `line` and `catalogue`, and `shell`
carries it out, with sockets and threads.  Rules.  It connects by itself, when it is
called and not before, and again after a failure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from time import monotonic
from typing import Any, overload

from ..errors import StatusError
from .backoff import Backoff
from .browsing import Browsing
from .catalogue import Catalogue
from .operations import Operation, OperationError
from .place import Place
from .result import Result
from .shell import Shell
from .subscription import Subscription, Watch
from .values import display
from .writes import Given, given

__all__ = ["Logix", "check"]

Tag = str | Operation | Mapping[str, Any]


class Logix(Shell, Browsing):
    """A controller, by its address: `10.0.0.5`, `plc:44818`, or `10.0.0.5/1/0`.

    What follows the first slash is the route of requests; without one it is 1/0, and
    `simple` means none.  A call takes `timeout` seconds at most, however often it has
    to connect for that; None is for ever.  Requests go over a connection, if the device
    opens one; `connected=False` asks for none.  `depth` requests are in flight at a
    time (over a connection 1, else 4), each with as many reads and writes as `multiple`
    octets hold (what the connection takes, else 500; 0: one in each).
    """

    def __init__(
        self,
        host: str,
        port: int | None = None,
        *,
        timeout: float | None = 5.0,
        route_path: object = None,
        send_path: object = None,
        simple: bool = False,
        connected: bool = True,
        depth: int | None = None,
        multiple: int | None = None,
        source: tuple[str, int] | None = None,
        backoff: Backoff | None = None,
        opener: Callable[..., Any] | None = None,
    ) -> None:
        line = Catalogue(
            Place.of(host, port, route_path, send_path, simple),
            opener=opener or self._reach,
            pause=self._pause,
            timeout=timeout,
            connected=connected,
            depth=depth,
            multiple=multiple,
            source=source,
            backoff=backoff,
        )
        super().__init__(line)
        self._line: Catalogue = line
        self._subscriptions: set[Subscription] = set()

    @property
    def identity(self) -> dict[str, Any]:
        """Who the device is, by its List Identity; asked once for each connection."""
        return self._run(self._line.identify, self._line.call())

    def close(self) -> None:
        """End the connection, the subscriptions, and the calls that wait for either."""
        self._line.closed = True
        with self._mutex:
            several = list(self._subscriptions)
        for one in several:
            one.stopped = True  # a scan that is ended here has not failed
        self._end_all()
        for one in several:
            one.stop()
        self._part()

    @overload
    def read(self, tag: Tag, /) -> Result: ...  # type: ignore[overload-overlap]
    @overload
    def read(self, tags: Iterable[Tag], /) -> list[Result]: ...
    @overload
    def read(self, tag: Tag, other: Tag, /, *more: Tag) -> list[Result]: ...
    def read(self, *tags: Any) -> Result | list[Result]:
        """The result of a tag; of several, or of a list, a list in their order.

        A refused tag is a result that is not ok, in its place.  Raises OperationError
        for a text that is no tag, before anything is sent; TransportError where there
        is no answer in time; ProtocolError where there is none that can be read.
        """
        call = self._line.call()
        single, several = asked(tags)
        found = self._run(self._line.read, call, self._line.readings(several))
        return found[0] if single else found

    def write(self, *items: Given | list[Given], **tags: Any) -> Any:
        """Write `A=1`, `{"B[3]": 5, "C[0-2]": [1, 2, 3]}`, `("X", 1.5)`, `"A=(DINT)1"`.

        One tag, not in a dictionary or list, has one result; else there is a list.  A
        value has the type of its tag, which is read once if it is not known.  What was
        sent and not answered is a result that is `unknown`: it is never sent again.
        """
        call = self._line.call()
        writes = given(items, tags)
        found = self._run(self._line.write, call, writes)
        return found[0] if alone(items, tags) else found

    def subscribe(
        self,
        *tags: Tag,
        every: float,
        change: Callable[[Result, Result | None], object] | None = None,
        scanned: Callable[[list[Result], int], object] | None = None,
        failure: Callable[[Exception], object] | None = None,
        deadband: float | Mapping[str, float] = 0.0,
    ) -> Subscription:
        """Read these `every` so many seconds, in a thread, until `stop` or `close`.

        `change(result, previous)` is called for each tag that differs by more than its
        dead-band from what was told last; at first, for all (previous is None).
        `scanned(results, missed)` after each scan, with how many could not be made
        before it; `failure(exception)` where one failed.  It goes on by itself.
        """
        watch = Watch(self._line.readings(asked(tags)[1]), every, deadband, monotonic())
        one = Subscription(
            self._line.place,
            watch,
            change=change,
            scanned=scanned,
            failure=failure,
            call=self._line.call,
            read=lambda call: self._run(self._line.read, call, watch.tags),
            end=self._end,
            over=self._forget,
        )
        with self._mutex:
            self._line.expect_open()
            # Started as soon as `close` can know of it, and only what is started.
            one.start()
            self._subscriptions.add(one)
        return one

    def _forget(self, one: Subscription) -> None:
        with self._mutex:
            self._subscriptions.discard(one)


def asked(tags: tuple[Any, ...]) -> tuple[bool, Iterable[Any]]:
    """Whether one tag was asked for, and all of them."""
    if len(tags) != 1:
        return False, tags
    (only,) = tags
    if type(only) is str or isinstance(only, str | Operation | Mapping):
        return True, tags
    if isinstance(only, bytes | bytearray) or not isinstance(only, Iterable):
        raise OperationError("a tag expected, or several", display(only), 0)
    return False, only


def alone(items: tuple[Any, ...], tags: Mapping[str, Any]) -> bool:
    """Whether one tag was to be written, and said as one."""
    if len(items) + len(tags) != 1:
        return False
    return not items or not isinstance(items[0], list | Mapping)


def check(results: Any) -> Any:
    """The same result, or list of them, if all are ok; else a StatusError.

    The error is that of the first one that is not.
    """
    for one in [results] if hasattr(results, "ok") else results:
        if not one.ok:
            raise StatusError(
                one.status & 0xFF, one.extended, f"{one.tag}: {one.words}"
            )
    return results
