# SPDX-License-Identifier: Apache-2.0
"""The PCCC object: class 0x67, whose one service carries out a PCCC command.

Over `processor`, under `controller`.  A command may come in a request, whatever that
stands in, or over a connection to DH+ (class 0xA6), where no request is around it.
A controller without data files has the object too: it answers as a Logix does in which
no file is mapped to a tag, and typed commands still read and write tags by their names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ....errors import ProtocolError
from ....protocol.enip import DHPlus, Executed, ExecutePCCC
from ....protocol.enip.status import Status
from ..cip.answers import Answer, Call, Refusal, Target
from ..cip.objects import HEAD, service
from ..cip.tagged import Tagged
from .files import DataFiles
from .processor import LEAST, Processor

if TYPE_CHECKING:
    from ..controller import Controller

__all__ = ["DH_PLUS", "PCCC"]

DH_PLUS = (0xA6, 1)
AROUND = len(DHPlus(command=b"").encode())


class PCCC(Tagged):
    """Carries out PCCC commands on the data files of a controller."""

    class_id = 0x67

    def __init__(
        self,
        controller: Controller,
        files: DataFiles | Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__("PCCC")
        catalog = controller.profile.identity.name
        if files is None:
            files = DataFiles(usual=False, catalog=catalog)
        elif not isinstance(files, DataFiles):
            files = DataFiles(files)
        self.files = files
        observed = controller.observed if controller.observer is not None else None
        self.processor = Processor(files, controller.directory, files.catalog, observed)

    @service(ExecutePCCC)
    def execute(self, request: ExecutePCCC, target: Target, call: Call) -> Answer:
        """The reply has who asked before what came of the command."""
        requester = request.requester
        room = call.room - HEAD - len(requester.encode())
        if room < LEAST + 1:
            raise Refusal(Status.REPLY_TOO_LARGE)
        reply = self.processor.answer(request.command, room)
        return Answer(Executed(requester, reply).encode())

    def from_dh_plus(self, octets: bytes, call: Call) -> bytes:
        """The reply to what came over a connection to DH+."""
        try:
            asked = DHPlus.decode(octets)
        except ProtocolError:
            raise Refusal(Status.NOT_ENOUGH_DATA) from None
        reply = self.processor.answer(asked.command, call.room - AROUND)
        return asked.answered(reply).encode()
