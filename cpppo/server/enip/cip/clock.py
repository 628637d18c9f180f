# SPDX-License-Identifier: Apache-2.0
"""The controller's clock: the Wall Clock Time object.

Over `tagged`, under `controller`.  It goes with the system's clock, and once somebody
has set it keeps its distance from that; the system's own clock is never set.  Times are
microseconds since 1970 in UTC, or seven numbers: year, month, day, hour, minute,
second, microsecond.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from time import time_ns
from typing import Any

from ....errors import EncodeError
from ....protocol.enip import SetAttributeList
from ....protocol.enip.status import Status
from ....protocol.enip.types import DINT, LINT, SINT, UINT, CIPType
from .answers import Answer, Call, Refusal, Target
from .attribute import Attribute
from .objects import HEAD, service
from .tagged import Tagged

__all__ = ["WallClock"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
# Python's calendar ends with the year 9999; a clock that is set goes on for a while.
FIRST_YEAR, LAST_YEAR = 1970, 9000
LATEST = (datetime(LAST_YEAR, 1, 1, tzinfo=UTC) - EPOCH) // MICROSECOND


class Timed(Attribute):
    """An attribute that is worked out from the clock, and sets it."""

    def __init__(
        self,
        name: str,
        kind: type[CIPType],
        count: int | None,
        get: Callable[[], list[int]],
        set: Callable[[list[int]], None],
    ) -> None:
        super().__init__(name, kind, count=count)
        self.get, self.set = get, set

    def __getitem__(self, key: int | slice) -> Any:
        self._validate_key(key)
        return self.get()[key]

    def __setitem__(self, key: int | slice, value: Any) -> None:
        if self._validate_key(key) is int:
            key, value = slice(key, key + 1), [value]  # type: ignore[operator]
        whole = self.get()
        whole[key] = value
        self.set(whole)


class WallClock(Tagged):
    """The time; `now` is the system's in microseconds, `zone` the local one."""

    class_id = 0x8B

    def __init__(
        self, now: Callable[[], int] | None = None, zone: tzinfo | None = None
    ) -> None:
        super().__init__("Wall Clock Time")
        self.now = now or system
        self.zone = zone  # None: the system's
        self.ahead = 0  # microseconds of the system's clock
        utc, ours = "UTC", "Local"
        several = (
            (5, f"{ours} Date and Time", DINT, 7, self.local, self.set_local),
            (6, f"{utc} Time", LINT, None, self.count, self.set_count),
            (7, f"{utc} Date and Time", DINT, 7, self.date, self.set_date),
            (11, f"Current {utc} Time", LINT, None, self.count, self.set_count),
        )
        for number, name, kind, size, get, put in several:
            self.add(number, Timed(name, kind, size, get, put), settable=True)
        self.add(8, Attribute("Time Zone", DINT, 0), settable=True)
        self.add(9, Attribute("DST Adjustment", DINT, 0), settable=True)
        self.add(10, Attribute("Apply DST", SINT, 0), settable=True)

    # -- the time, in the forms that it has

    @property
    def time(self) -> int:
        """Microseconds since 1970."""
        return self.now() + self.ahead

    @time.setter
    def time(self, time: int) -> None:
        if not 0 <= time < LATEST:
            raise EncodeError(f"{time} microseconds since 1970 are no date")
        self.ahead = time - self.now()

    def count(self) -> list[int]:
        return [self.time]

    def set_count(self, values: list[int]) -> None:
        (self.time,) = values

    def date(self) -> list[int]:
        return numbers(moment(self.time))

    def set_date(self, values: list[int]) -> None:
        self.time = microseconds(dated(values).replace(tzinfo=UTC))

    def local(self) -> list[int]:
        return numbers(moment(self.time).astimezone(self.zone))

    def set_local(self, values: list[int]) -> None:
        date = dated(values)
        if not FIRST_YEAR <= date.year < LAST_YEAR:
            raise EncodeError(f"{values} are no date from 1970 on")
        # Without a zone of its own, a date is taken to be in the system's.
        self.time = microseconds(date.replace(tzinfo=self.zone).astimezone(UTC))

    @service(SetAttributeList)
    def set_attribute_list(
        self, request: SetAttributeList, target: Target, call: Call
    ) -> Answer:
        """New values for some attributes, each with a status of its own."""
        if request.count > self.limit:
            raise Refusal(Status.TOO_MUCH_DATA)
        if 2 + 4 * request.count > call.room - HEAD:
            raise Refusal(Status.REPLY_TOO_LARGE)
        data, found, wrong = request.data, [], False
        for _ in range(request.count):
            if len(data) < 2:
                raise Refusal(Status.NOT_ENOUGH_DATA)
            number, data = int.from_bytes(data[:2], "little"), data[2:]
            attribute = self.find(number)
            if attribute is None:
                # Nobody knows where the next one begins.
                found.append(UINT.pack((number, Status.ATTRIBUTE_NOT_SUPPORTED)))
                wrong = True
                break
            octets, data = data[: attribute.size], data[attribute.size :]
            if len(octets) < attribute.size:
                raise Refusal(Status.NOT_ENOUGH_DATA)
            status = self.put(attribute, octets)
            wrong = wrong or bool(status)
            found.append(UINT.pack((number, status)))
        status = Status.ATTRIBUTE_LIST_ERROR if wrong else Status.SUCCESS
        return Answer(UINT.produce(len(found)) + b"".join(found), status)

    def put(self, attribute: Attribute, octets: bytes) -> int:
        """Set an attribute; the status that says whether it was."""
        if attribute.denied or not attribute.settable:
            return attribute.denied or Status.ATTRIBUTE_NOT_SETTABLE
        try:
            attribute.write(0, len(attribute), octets)
        except EncodeError:
            return Status.INVALID_ATTRIBUTE_VALUE
        return Status.SUCCESS


def system() -> int:
    """The system's clock."""
    return time_ns() // 1000


def moment(time: int) -> datetime:
    """The date of a time."""
    return EPOCH + time * MICROSECOND


def microseconds(date: datetime) -> int:
    return (date - EPOCH) // MICROSECOND


def numbers(date: datetime) -> list[int]:
    """A date as seven numbers."""
    return [*date.timetuple()[:6], date.microsecond]


def dated(values: list[int]) -> datetime:
    """The date that seven numbers say."""
    year, month, day, hour, minute, second, micro = values
    try:
        return datetime(year, month, day, hour, minute, second, micro)
    except ValueError as exc:
        raise EncodeError(f"{values} are no date: {exc}") from None
