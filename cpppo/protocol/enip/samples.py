# SPDX-License-Identifier: Apache-2.0
"""Where things stand in requests and replies, learnt from ones that were written.

Over all messages; not imported with them.  A wire layout is declared once, as
messages; a common path wants numbers: registers and offsets.  Here they come from:
messages are written, and read again, and what differs between two that differ in one
field is that field's place.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable

from . import (
    Class,
    ConnectedAddress,
    ConnectedReply,
    ConnectedRequest,
    Encapsulation,
    Instance,
    NullAddress,
    Path,
    ReadTag,
    ReadTagFragmentedReply,
    ReadTagReply,
    Reply,
    ReplyConnectedAddress,
    ReplyEntry,
    ReplyFrame,
    ReplyNullAddress,
    ReplyPacket,
    Request,
    RequestEntry,
    RequestFrame,
    RequestPacket,
    SendRRData,
    SendRRDataReply,
    SendUnitData,
    SendUnitDataReply,
    Symbol,
    TypedData,
    UnconnectedReply,
    UnconnectedRequest,
    UnconnectedSend,
)

__all__ = [
    "MANAGER",
    "ROUTER",
    "ConnectedWrites",
    "Reads",
    "ReplyReads",
    "Writes",
    "asked",
    "asked_over",
    "replied",
    "replied_over",
    "segments",
]

MANAGER = Path((Class(6), Instance(1)))
ROUTER = Path((Class(2), Instance(1)))

# What a request leaves in registers, in the order in which `common` looks at them.
WHERE = (
    "Request.service",
    "Path.segments",
    "MultipleService.requests",
    "ReadTag.elements",
    "WriteTag.elements",
    "ReadTagFragmented.elements",
    "WriteTagFragmented.elements",
    "ReadTagFragmented.offset",
    "WriteTagFragmented.offset",
    "DataType.code",
    "WriteTag.data",
    "WriteTagFragmented.data",
    "Structure.handle",
)


def asked(request: Request, session: int = 0) -> bytes:
    """A whole frame that asks for something outside of a connection."""
    entries = (
        RequestEntry(item=NullAddress()),
        RequestEntry(item=UnconnectedRequest(request=request)),
    )
    command = SendRRData(packet=RequestPacket(entries=entries))
    return RequestFrame(session=session, payload=command).encode()


def replied(reply: Reply, session: int = 0, context: bytes = bytes(8)) -> bytes:
    """A whole frame that answers it."""
    entries = (
        ReplyEntry(item=ReplyNullAddress()),
        ReplyEntry(item=UnconnectedReply(reply=reply)),
    )
    command = SendRRDataReply(packet=ReplyPacket(entries=entries))
    return ReplyFrame(session=session, context=context, payload=command).encode()


def asked_over(request: Request, session: int = 0) -> bytes:
    """A whole frame that asks for something over a connection."""
    entries = (
        RequestEntry(item=ConnectedAddress(connection=1)),
        RequestEntry(item=ConnectedRequest(sequence=1, data=request.encode())),
    )
    command = SendUnitData(packet=RequestPacket(entries=entries))
    return RequestFrame(session=session, payload=command).encode()


def replied_over(
    reply: Reply,
    session: int = 0,
    context: bytes = bytes(8),
    connection: int = 0,
    sequence: int = 0,
) -> bytes:
    """A whole frame that answers it."""
    entries = (
        ReplyEntry(item=ReplyConnectedAddress(connection=connection)),
        ReplyEntry(item=ConnectedReply(sequence=sequence, data=reply.encode())),
    )
    command = SendUnitDataReply(packet=ReplyPacket(entries=entries))
    return ReplyFrame(session=session, context=context, payload=command).encode()


def segments(path: Path) -> bytes:
    """The octets of a path, without its size."""
    return path.encode()[len(Path().encode()) :]


def differs(one: bytes, other: bytes, after: int = 0) -> int:
    """Where two octet strings first differ."""
    return next(at for at in range(after, len(one)) if one[at] != other[at])


class Reads:
    """What a request leaves in the registers, and where its parts stand."""

    def __init__(self) -> None:
        read = ReadTag(Path((Symbol("A"),)))
        direct = asked(read, session=1)
        sent = asked(UnconnectedSend(path=MANAGER, request=read))
        number = RequestFrame.register
        frame = RequestFrame.execution()
        self.in_frame = array("q", [number(name) for name in WHERE])
        self.in_member = array("q", [Request.register(name) for name in WHERE])
        self.command = number("RequestFrame.command")
        self.session = number("RequestFrame.session")
        self.count = number("RequestPacket.count")
        self.item = number("RequestEntry.type_id")
        self.odd = number("OtherRequestItem.type_id")
        self.sent = number("UnconnectedSend.request@")
        self.route = number("RoutePath.reserved")
        path = number("Path.segments")
        frame.scan(sent)
        self.sent_path = frame.register(path)
        frame.scan(direct)
        self.direct_path = frame.register(path)
        self.command_value = frame.register(self.command)
        self.item_value = frame.register(self.item)
        self.context = frame.register(number("RequestFrame.context"))
        member = Request.execution()
        member.scan(read.encode())
        self.member_path = member.register(Request.register("Path.segments"))
        self.connection = number("ConnectedAddress.connection")
        self.sequence = number("ConnectedRequest.sequence")
        self.data = number("ConnectedRequest.data")
        frame.scan(asked_over(read))
        self.unit_command = frame.register(self.command)
        self.unit_item = frame.register(self.item)
        self.manager = segments(MANAGER)
        self.router = segments(ROUTER)


# What a reply leaves in registers, in the order in which a client looks at them.
SAID = ("Reply.service", "Reply.status", "Reply.words", "Reply.extended")


class ReplyReads:
    """What a reply leaves in the registers, and where its parts stand."""

    def __init__(self) -> None:
        number = ReplyFrame.register
        self.in_frame = array("q", [number(name) for name in SAID])
        self.in_member = array("q", [Reply.register(name) for name in SAID])
        self.command = number("ReplyFrame.command")
        self.session = number("ReplyFrame.session")
        self.status = number("ReplyFrame.status")
        self.count = number("ReplyPacket.count")
        self.item = number("ReplyEntry.type_id")
        self.code = TypedData.register("DataType.code")
        self.body = TypedData.register("TypedData.data")
        frame = ReplyFrame.execution()
        frame.scan(replied(ReadTagReply()))
        self.context = frame.register(number("ReplyFrame.context"))
        self.command_value = frame.register(self.command)
        self.item_value = frame.register(self.item)
        self.reply_size = len(ReadTagReply().encode())
        # The service of an Unconnected Send that came to nothing.
        frame.scan(replied(ReadTagFragmentedReply(status=1)))
        self.routed = frame.register(self.in_frame[0])
        # What comes over a connection.
        self.connection = number("ReplyConnectedAddress.connection")
        self.sequence = number("ConnectedReply.sequence")
        self.data = number("ConnectedReply.data")
        frame.scan(replied_over(ReadTagReply()))
        self.unit_command = frame.register(self.command)
        self.unit_item = frame.register(self.item)


class Writes:
    """What a reply begins with, and where what differs stands in it."""

    def __init__(self, session: int, make: Callable[..., bytes] = replied) -> None:
        plain = make(ReadTagReply(), session)
        header = len(Encapsulation(command=0).encode())
        self.head = header
        longer = make(ReadTagReply(data=b"1"), session)
        other = make(ReadTagReply(), session, b"\xff" * 8)
        partial = make(ReadTagReply(status=6), session)
        self.reply_size = len(ReadTagReply().encode())
        self.refusal = len(ReadTagReply(status=0xFF, extended=(0,)).encode())
        self.start = len(plain) - self.reply_size
        self.header = plain[: self.start]
        self.length = differs(plain, longer)
        self.measured = differs(plain, longer, header)
        self.context = differs(plain, other)
        self.context_size = 8
        self.status = differs(plain, partial) - self.start


class ConnectedWrites(Writes):
    """The same for a reply over a connection, which it names, and its sequence."""

    def __init__(self, session: int) -> None:
        super().__init__(session, replied_over)
        plain, reply = replied_over(ReadTagReply(), session), ReadTagReply()
        other = replied_over(reply, session, connection=0xFFFFFFFF)
        self.connection = differs(plain, other)
        other = replied_over(reply, session, sequence=0xFFFF)
        self.sequence = differs(plain, other)
