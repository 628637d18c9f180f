# SPDX-License-Identifier: Apache-2.0
"""A device's properties: who it is, what runs in it, its clock, the modules beside it.

Under `browsing`, over `forms` and `line`.  Programs, as in `calls`.  What a device does
not have is a StatusError.  CIP Vol 1, 5-2; Logix's classes 0x64 and 0x8B.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeVar

from ..errors import ProtocolError, StatusError, Unexpected
from ..grammar import Message as Declared
from ..grammar import Octets, UInt
from ..protocol.enip import (
    Class,
    GetAttributeList,
    GetAttributesAll,
    Instance,
    Path,
    Port,
    Request,
    SetAttributeList,
)
from ..protocol.enip.types import ShortText
from .calls import Call, Program
from .forms import Message
from .line import Line
from .operations import OperationError
from .result import Result
from .values import display

__all__ = ["Device", "clock", "device", "module", "name", "set_clock"]

D = TypeVar("D", bound=Declared)
U8 = Annotated[int, UInt(1)]
U16 = Annotated[int, UInt(2)]
U32 = Annotated[int, UInt(4)]

WHO = Path((Class(0x01), Instance(1)))
RUNNING = Path((Class(0x64), Instance(1)))
CLOCK = Path((Class(0x8B), Instance(1)))
NOW, SET = 0x0B, 0x06  # attributes of the clock
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
RANGE = "a clock begins with 1970, and ends with the year 9999"
SMALL = 64  # octets of such replies
# By the octets of the status word, how the key of a controller is turned.
KEYS = {
    0x60: {0x10: "RUN", 0x11: "RUN", 0x30: "REMOTE RUN", 0x31: "REMOTE RUN"},
    0x70: {0x20: "PROG", 0x21: "PROG", 0x30: "REMOTE PROG", 0x31: "REMOTE PROG"},
}


class Properties(Declared):
    """The attributes of an Identity object, as they come all at once."""

    vendor: U16
    device_type: U16
    product_code: U16
    major: U8
    minor: U8
    status: U16
    serial: U32
    name: ShortText
    more: Annotated[bytes, Octets()] = b""


class Text(Declared):
    """A name after its length; what comes after it made the length even."""

    size: U16
    octets: Annotated[bytes, Octets()]


class Attributes(Declared):
    """What answers an attribute list of one: its value is there if it is told."""

    count: U16
    attribute: U16
    status: U16
    value: Annotated[bytes, Octets()] = b""


class Time(Declared):
    """A time of the clock, since 1970."""

    microseconds: Annotated[int, UInt(8)]


@dataclass(frozen=True, slots=True)
class Device:
    """Who a device is, by its Identity object."""

    vendor: int
    device_type: int
    product_code: int
    major: int
    minor: int
    status: int
    serial: int
    name: str

    @property
    def revision(self) -> str:
        """The revision of its firmware, as `33.11`."""
        return f"{self.major}.{self.minor}"

    @property
    def keyswitch(self) -> str:
        """How its key is turned: RUN, PROG, REMOTE RUN, REMOTE PROG, or UNKNOWN."""
        low, high = self.status & 0xFF, self.status >> 8
        return KEYS.get(low, {}).get(high, "UNKNOWN")


# -- programs


def device(line: Line, call: Call) -> Program[Device]:
    """Who the device is."""
    result = yield from asked(line, call, GetAttributesAll(path=WHO), "its identity")
    return properties(result)


def module(line: Line, call: Call, slot: int) -> Program[Device]:
    """Who stands in a slot of the same backplane: asked along a route of its own."""
    if not isinstance(slot, int) or not 0 <= slot <= 255:
        raise OperationError("a slot is a number from 0 to 255", display(slot), 0)
    route = line.place.way.route or (Port(1, 0),)
    message = {
        "method": "get_attributes_all",
        "path": list(WHO.segments),
        "route_path": [*route[:-1], Port(route[-1].port, slot)],
        "send_path": "@6/1",
    }
    (result,) = yield from line.read(call, [message])
    return properties(good(result, f"the module in slot {slot}"))


def name(line: Line, call: Call) -> Program[str]:
    """What the program in the controller is called."""
    request = GetAttributesAll(path=RUNNING)
    result = yield from asked(line, call, request, "the program's name")
    found = decoded(Text, result)
    if found.size > len(found.octets):
        raise Unexpected(f"{result.tag}: it is cut off", machine="reply")
    octets: bytes = found.octets[: found.size]
    return octets.decode("latin-1")


def clock(line: Line, call: Call) -> Program[datetime]:
    """What time it is there, in UTC."""
    request = GetAttributeList(path=CLOCK, attributes=(NOW,))
    result = yield from asked(line, call, request, "the clock")
    found = decoded(Time, result, told(result, NOW, "the clock cannot be read"))
    try:
        return EPOCH + MICROSECOND * found.microseconds
    except OverflowError:
        problem = f"no year has {found.microseconds} microseconds"
        raise Unexpected(f"{result.tag}: {problem}", machine="reply") from None


def set_clock(line: Line, call: Call, time: datetime | None) -> Program[None]:
    """Set the clock; None: to the time that it is here."""
    if not isinstance(time, datetime | None):
        raise OperationError("a datetime expected", display(time), 0)
    try:
        # A time without a zone is a local one.
        when = (datetime.now(UTC) if time is None else time).astimezone(UTC)
    except (OverflowError, ValueError):  # in another zone, it is in no year at all
        raise OperationError(RANGE, display(time), 0) from None
    spent = (when - EPOCH) // MICROSECOND
    if spent < 0:
        raise OperationError(RANGE, display(time), 0)
    data = SET.to_bytes(2, "little") + spent.to_bytes(8, "little")
    request = SetAttributeList(path=CLOCK, count=1, data=data)
    result = yield from asked(line, call, request, "setting the clock")
    told(result, SET, "the clock cannot be set")


# -- replies


def asked(line: Line, call: Call, request: Request, what: str) -> Program[Result]:
    """The answer to a request; StatusError where it is refused."""
    message = Message.of_request(request, what, SMALL)
    (result,) = yield from line.read(call, [message])
    return good(result, what)


def good(result: Result, what: str) -> Result:
    if not result.ok:
        problem = f"{what}: {result.words}"
        raise StatusError(result.status & 0xFF, result.extended, problem)
    return result


def properties(result: Result) -> Device:
    found = decoded(Properties, result)
    return Device(
        found.vendor,
        found.device_type,
        found.product_code,
        found.major,
        found.minor,
        found.status,
        found.serial,
        found.name.text,
    )


def told(result: Result, number: int, problem: str) -> bytes:
    """The value of an attribute in a list of one; StatusError where it is refused."""
    found = decoded(Attributes, result)
    if found.attribute != number:
        wrong = f"attribute {found.attribute} came for {number}"
        raise Unexpected(f"{result.tag}: {wrong}", machine="reply")
    if found.status:
        raise StatusError(found.status & 0xFF, (), problem)
    return found.value


def decoded(kind: type[D], result: Result, octets: bytes | None = None) -> D:
    """What the octets of a reply say, or some of them."""
    try:
        found: D = kind.decode(result.octets if octets is None else octets)
        return found
    except ProtocolError as exc:
        raise Unexpected(f"{result.tag}: {exc}", machine="reply") from None
