# SPDX-License-Identifier: Apache-2.0
"""The status of a PCCC command, and the words for it.

Under `pccc`.  A status is one octet: of the network between in its lower four bits, or
of the processor in its upper ones; 0xF0 says that an octet more tells why.  A person
never sees a bare number: whoever shows a status asks `words`.  Publication 1770-6.5.16.
"""

from __future__ import annotations

from enum import IntEnum

__all__ = ["EXTENDED", "LOCAL", "REMOTE", "Refused", "words"]


class Refused(IntEnum):
    """The status of a command that was refused; the extended ones from 0xF001 on."""

    ILLEGAL_COMMAND = 0x10
    EXTENDED = 0xF0
    ILLEGAL_VALUE = 0xF001
    SYMBOL_NOT_FOUND = 0xF004
    SYMBOL_FORMAT = 0xF005
    NOT_USABLE = 0xF006
    TOO_LARGE = 0xF009
    BEYOND_END = 0xF00A
    ACCESS_DENIED = 0xF00B
    ILLEGAL_TYPE = 0xF011
    INVALID_DATA = 0xF012
    FAILED = 0xF014
    TYPE_MISMATCH = 0xF017


# Of the network between, in the lower four bits.
LOCAL = {
    0x01: "the destination has no room for the message",
    0x02: "delivery cannot be guaranteed: the link failed",
    0x03: "there are two who hold the token",
    0x04: "the local port is disconnected",
    0x05: "no answer came in time",
    0x06: "there are two with that node number",
    0x07: "the station is off line",
    0x08: "the hardware has a fault",
}
# Of the processor, in the upper four bits.
REMOTE = {
    0x10: "illegal command or format",
    0x20: "the processor has a problem and does not communicate",
    0x30: "the remote node is missing, disconnected or shut down",
    0x40: "the processor has a hardware fault",
    0x50: "no such address, or the memory is protected",
    0x60: "the function is not allowed: commands are protected",
    0x70: "the processor is in program mode",
    0x80: "the file for compatibility is missing, or its zone is wrong",
    0x90: "the remote node has no room for the command",
    0xA0: "wait: the buffer is full",
    0xB0: "a download is under way",
    0xC0: "wait: the buffer is full",
}
EXTENDED = {
    0x01: "a field has an illegal value",
    0x02: "fewer levels in the address than it needs",
    0x03: "more levels in the address than there can be",
    0x04: "there is no such symbol",
    0x05: "the symbol is of no proper form",
    0x06: "the address leads to nothing usable",
    0x07: "the file has the wrong size",
    0x08: "the request cannot be completed",
    0x09: "the data or the file are too large",
    0x0A: "that is beyond the end of the file",
    0x0B: "access denied",
    0x0C: "the condition cannot be generated",
    0x0D: "the condition exists already",
    0x0E: "the command cannot be carried out",
    0x0F: "the histogram overflows",
    0x10: "no access",
    0x11: "illegal type of data",
    0x12: "a parameter or the data are invalid",
    0x13: "the address refers to what was deleted",
    0x14: "the command failed for an unknown reason",
    0x15: "the data cannot be converted",
    0x16: "the scanner cannot reach the rack's adapter",
    0x17: "another type of data",
    0x18: "the module's response was not valid",
    0x19: "there are two labels of that name",
    0x1A: "another node has the file open",
    0x1B: "another node is the program's owner",
    0x1E: "the data table's element is protected",
    0x1F: "a temporary problem inside",
    0x22: "the remote rack has a fault",
    0x23: "it took too long",
    0x24: "an unknown error",
}


def words(status: int, extended: int = 0) -> str:
    """What a status says, in words."""
    if not status:
        return "OK"
    if status == Refused.EXTENDED:
        return EXTENDED.get(extended, f"extended status 0x{extended:02X}")
    found = REMOTE.get(status & 0xF0) or LOCAL.get(status & 0x0F)
    return found or f"status 0x{status:02X}"
