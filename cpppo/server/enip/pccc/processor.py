# SPDX-License-Identifier: Apache-2.0
"""What answers PCCC: a command's octets in, its reply's octets out.

Over `functions`, under `object`; knows neither CIP nor connections.  Whatever is wrong
with a command is said by a status of its reply, which has the command's transaction.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ....errors import ProtocolError
from ....protocol.enip.pccc import (
    REPLY,
    Command,
    CommandReply,
    DataCommand,
    DiagnosticCommand,
)
from ....protocol.enip.pccc_status import Refused
from ...quiet import Quiet
from ..cip.answers import line_of
from .files import DataFile, DataFiles, Wrong
from .functions import Functions

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..database.directory import Directory

__all__ = ["LEAST", "MOST", "Processor"]

log = logging.getLogger(__name__)

MOST = 244  # octets of data in a reply, as real processors have them
LEAST = len(CommandReply(command=0).encode())
ECHO, STATUS = 0, 3  # diagnostic functions
CATALOG = 11  # characters
# Before the catalog number: the mode, and what kind of processor and interface it is.
KIND = bytes((0x00, 0xEE, 0x34, 0x5B, 0x46))
STATE = bytes(8)  # after it: no fault, and no program's number


class Processor:
    """Data files and tags, and an answer to every command for them."""

    def __init__(
        self,
        files: DataFiles,
        tags: Directory,
        catalog: str,
        observer: Callable[[str], None] | None,
    ) -> None:
        self.files = files
        self.catalog = catalog
        self.observer = observer
        self.quiet = Quiet(log)
        self.functions = Functions(files, tags, self.observed)

    def answer(self, octets: bytes, room: int) -> bytes:
        """The reply to a command, in so many octets at most."""
        number, transaction = octets[:1] or b"\0", octets[2:4].ljust(2, b"\0")
        status, data = 0, b""
        try:
            data = self.carried_out(octets, min(MOST, room - LEAST))
        except ProtocolError as exc:
            self.quiet.warning("a PCCC command is wrong: %s", str(exc))
            status = Refused.ILLEGAL_COMMAND
        except Wrong as wrong:
            status = wrong.status
        except Exception as exc:
            # A program's own tags may raise anything.
            said = type(exc).__name__, line_of(exc)
            self.quiet.warning("a PCCC command failed: %s: %s", *said)
            status = Refused.FAILED
        if status > 0xFF:
            status, data = status >> 8, bytes((status & 0xFF,))
        return CommandReply(
            command=(number[0] | REPLY),
            status=status,
            transaction=int.from_bytes(transaction, "little"),
            data=data,
        ).encode()

    def carried_out(self, octets: bytes, most: int) -> bytes:
        """The data of the reply."""
        command = Command.decode(octets)
        if isinstance(command, DataCommand):
            return self.functions.answer(command.body, most)
        if isinstance(command, DiagnosticCommand):
            data = self.diagnosed(command)
            if len(data) > most:
                raise Wrong(Refused.TOO_LARGE)
            return data
        raise Wrong(Refused.ILLEGAL_COMMAND)

    def diagnosed(self, command: DiagnosticCommand) -> bytes:
        """What the processor says of itself, or what was sent to it."""
        if command.function == ECHO:
            return command.data
        if command.function != STATUS:
            raise Wrong(Refused.ILLEGAL_COMMAND)
        name = self.catalog.encode("latin-1", "replace")[:CATALOG]
        return KIND + name.ljust(CATALOG) + STATE

    def observed(self, file: DataFile, at: int, size: int, how: str) -> None:
        """Tell who watches what was read or written."""
        if self.observer is None:
            return
        start, stop = at // file.type.size, -(-(at + size) // file.type.size)
        octets = file.octets[start * file.type.size : stop * file.type.size]
        values = file.type.form.unpacked(bytes(octets))
        self.observer(f"{file.name:>20}[{start:5}-{stop - 1:<5}] {how} {values}")
