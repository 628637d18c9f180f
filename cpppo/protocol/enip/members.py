# SPDX-License-Identifier: Apache-2.0
"""Where the members of a Multiple Service Packet are.  CIP Vol 1, appendix A-4.10.

At the bottom of `protocol.enip`.  Their count, their offsets from there, themselves:
who wants a message has `router.members`, who wants no more than to know that they are
in their place has `held`.  Compiled, for the common paths of servers and clients.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...errors import EncodeError

__all__ = ["held", "packed"]


def held(octets: Any, start: int, stop: int) -> int:
    """How many members octets[start:stop] hold, one after the other; or why not.

    -1: too few octets for the offsets; -2: an offset that does not fit; -3: octets
    that belong to no member.
    """
    p = octets
    if stop - start < 2:
        return -1
    count = p[start] | p[start + 1] << 8
    last = 2 + 2 * count
    if stop - start < last:
        return -1
    if count == 0:
        return 0 if stop - start == last else -3
    i = 0
    while i < count:
        at = start + 2 + 2 * i
        offset = p[at] | p[at + 1] << 8
        if i == 0 and offset > last:
            return -3
        if offset < last or offset > stop - start:
            return -2
        last = offset
        i += 1
    return int(count)


def packed(several: Sequence[bytes]) -> bytes:
    """The octets of some members, with their count and offsets before them."""
    count = len(several)
    table = bytearray(2 + 2 * count)
    offset = 2 + 2 * count
    for one in several:
        offset += len(one)
    if offset > 0xFFFF:
        raise EncodeError(f"{count} members need {offset} octets, not 65535")
    p = table
    p[0] = count & 255
    p[1] = count >> 8
    offset = 2 + 2 * count
    at = 2
    for one in several:
        p[at] = offset & 255
        p[at + 1] = offset >> 8
        at += 2
        offset += len(one)
    return bytes(table) + b"".join(several)
