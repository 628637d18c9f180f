# SPDX-License-Identifier: Apache-2.0
"""Where a tag's octets are, and where in them a path leads.

Under `attribute` and `common`.  A storage is a tag in its wire form and never changes
its size; a place is a part of one.  Compiled where `common` is: its loop reads them.
"""

from __future__ import annotations

from typing import Any

__all__ = ["Place", "Storage"]


class Storage:
    """The octets of a tag; `plain`: to read or write it is to copy them, no more."""

    def __init__(self, octets: bytearray, plain: bool) -> None:
        self.octets = octets
        self.plain = plain
        self.writable = True


class Place:
    """Some elements of a storage, as far as they go on (`stop`; as a rule to its end),
    and what type a reply says they are."""

    def __init__(
        self,
        storage: Storage,
        start: int,
        size: int,
        kind: bytes,
        attribute: Any,
        stop: int | None = None,
    ) -> None:
        self.storage = storage
        self.start = start
        self.stop = len(storage.octets) if stop is None else stop
        self.size = size
        self.kind = kind
        self.code = int.from_bytes(kind[:2], "little")
        self.attribute = attribute
