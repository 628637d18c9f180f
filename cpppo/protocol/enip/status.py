# SPDX-License-Identifier: Apache-2.0
"""Status codes and their words: of the encapsulation, and of CIP's services.

At the bottom of `protocol.enip`.  A person never sees a bare number: whoever shows a
status asks `words` here.  CIP Vol 1, appendix B and 3-5.5; Vol 2, 2-3.
"""

from __future__ import annotations

from enum import IntEnum

__all__ = ["Encapsulated", "Extended", "Status", "framed", "words"]


class Encapsulated(IntEnum):
    """Status of an encapsulation header."""

    SUCCESS = 0x0000
    UNSUPPORTED_COMMAND = 0x0001
    NO_MEMORY = 0x0002
    INCORRECT_DATA = 0x0003
    INVALID_SESSION = 0x0064
    INVALID_LENGTH = 0x0065
    UNSUPPORTED_VERSION = 0x0069


class Status(IntEnum):
    """General status of a CIP reply."""

    SUCCESS = 0x00
    CONNECTION_FAILURE = 0x01
    RESOURCE_UNAVAILABLE = 0x02
    INVALID_PARAMETER_VALUE = 0x03
    PATH_SEGMENT_ERROR = 0x04
    PATH_DESTINATION_UNKNOWN = 0x05
    PARTIAL_TRANSFER = 0x06
    CONNECTION_LOST = 0x07
    SERVICE_NOT_SUPPORTED = 0x08
    INVALID_ATTRIBUTE_VALUE = 0x09
    ATTRIBUTE_LIST_ERROR = 0x0A
    ALREADY_IN_STATE = 0x0B
    OBJECT_STATE_CONFLICT = 0x0C
    OBJECT_ALREADY_EXISTS = 0x0D
    ATTRIBUTE_NOT_SETTABLE = 0x0E
    PRIVILEGE_VIOLATION = 0x0F
    DEVICE_STATE_CONFLICT = 0x10
    REPLY_TOO_LARGE = 0x11
    FRAGMENTATION_OF_PRIMITIVE = 0x12
    NOT_ENOUGH_DATA = 0x13
    ATTRIBUTE_NOT_SUPPORTED = 0x14
    TOO_MUCH_DATA = 0x15
    OBJECT_DOES_NOT_EXIST = 0x16
    FRAGMENTATION_NOT_IN_PROGRESS = 0x17
    NO_STORED_DATA = 0x18
    STORE_FAILURE = 0x19
    ROUTING_REQUEST_TOO_LARGE = 0x1A
    ROUTING_REPLY_TOO_LARGE = 0x1B
    MISSING_LIST_ENTRY = 0x1C
    INVALID_LIST_STATUS = 0x1D
    EMBEDDED_SERVICE_ERROR = 0x1E
    VENDOR_SPECIFIC = 0x1F
    INVALID_PARAMETER = 0x20
    INVALID_REPLY = 0x22
    BUFFER_OVERFLOW = 0x23
    MESSAGE_FORMAT_ERROR = 0x24
    KEY_FAILURE = 0x25
    PATH_SIZE_INVALID = 0x26
    UNEXPECTED_ATTRIBUTE = 0x27
    INVALID_MEMBER = 0x28
    MEMBER_NOT_SETTABLE = 0x29
    GENERAL_ERROR = 0xFF


class Extended(IntEnum):
    """Extended status: of Logix's tag services, and of the Connection Manager."""

    CONNECTION_IN_USE = 0x0100
    TRANSPORT_NOT_SUPPORTED = 0x0103
    CONNECTION_NOT_FOUND = 0x0107
    INVALID_CONNECTION_TYPE = 0x0108
    INVALID_CONNECTION_SIZE = 0x0109
    RPI_NOT_SUPPORTED = 0x0111
    OUT_OF_CONNECTIONS = 0x0113
    CONNECTION_TIMED_OUT = 0x0203
    REQUEST_TIMED_OUT = 0x0204
    PARAMETER_ERROR = 0x0205
    NO_BUFFER = 0x0301
    PORT_NOT_AVAILABLE = 0x0311
    LINK_ADDRESS_INVALID = 0x0312
    SEGMENT_INVALID = 0x0315
    OUT_OF_RANGE = 0x2105
    TYPE_MISMATCH = 0x2107


WORDS = {
    Status.CONNECTION_FAILURE: "connection failure",
    Status.PATH_DESTINATION_UNKNOWN: "no such tag or object",
    Status.PARTIAL_TRANSFER: "partial transfer: there is more",
    Status.SERVICE_NOT_SUPPORTED: "service not supported there",
    Status.REPLY_TOO_LARGE: "the reply would be too large",
    Status.FRAGMENTATION_OF_PRIMITIVE: "a value would be cut in two",
    Status.NOT_ENOUGH_DATA: "not enough data",
    Status.TOO_MUCH_DATA: "too much data",
    Status.EMBEDDED_SERVICE_ERROR: "a service of the packet failed",
    Status.KEY_FAILURE: "another device than the path says",
    Extended.REQUEST_TIMED_OUT: "no answer in time",
    Extended.PORT_NOT_AVAILABLE: (
        "it has no such port (a device without routes is asked without: -S)"
    ),
    Extended.LINK_ADDRESS_INVALID: (
        "nobody has this link address (a device without routes is asked without: -S)"
    ),
    Extended.OUT_OF_RANGE: "beyond the end of the tag",
    Extended.TYPE_MISMATCH: "the tag has another type",
}


def named(code: int, kind: type[IntEnum]) -> str:
    try:
        known = kind(code)
    except ValueError:
        return f"unknown status 0x{code:02X}"
    # A frame's status is no general one, even where it has the same number.
    said = None if kind is Encapsulated else WORDS.get(known)
    return said or known.name.lower().replace("_", " ")


def framed(code: int) -> str:
    """The status of an encapsulation header, in words."""
    return named(code, Encapsulated)


def words(code: int, extended: tuple[int, ...] = ()) -> str:
    """A general status, and what the extended one adds, in words."""
    if not extended or not extended[0]:
        return named(code, Status)
    more = named(extended[0], Extended)
    # A general error is nothing that anybody wants to know.
    return more if code == Status.GENERAL_ERROR else f"{named(code, Status)}: {more}"
