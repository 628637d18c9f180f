# SPDX-License-Identifier: Apache-2.0
"""The objects that every controller has: Identity, Message Router, Connection Manager
and TCP/IP Interface.

Over `tagged`, under `controller`.  CIP Vol 1, 5-2, 5-1, 3-5; Vol 2, 5-3.
"""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Annotated, Any

from ....errors import ProtocolError
from ....grammar import Measures, Message, Octets, UInt, derived
from ....protocol.enip import (
    ForwardClose,
    ForwardOpen,
    LargeForwardOpen,
    MessageRouterRequest,
    MultipleService,
    Opened,
    Parameters,
    Path,
    Port,
    Request,
    RoutePath,
    Segment,
    UnconnectedSend,
    UnconnectedSendParameters,
)
from ....protocol.enip.router import packed
from ....protocol.enip.samples import MANAGER
from ....protocol.enip.status import Extended, Status
from ....protocol.enip.types import (
    SSTRING,
    STRING,
    UDINT,
    UINT,
    USINT,
    CIPType,
    LongText,
)
from ..profile import IdentityValues, Interface, TCPIPValues
from .answers import Answer, Call, Refusal, Target
from .attribute import Attribute
from .objects import HEAD, REFUSAL, service
from .tagged import Tagged

if TYPE_CHECKING:
    from ..controller import Controller

__all__ = [
    "TCPIP",
    "ClassObject",
    "ConnectionManager",
    "Identity",
    "MessageRouter",
    "nowhere",
]


class ClassObject(Tagged):
    """Instance 0 of a class: what the class says of itself."""

    def __init__(self, number: int, revision: int, instances: int = 1) -> None:
        super().__init__("Class", 0, number)
        self.add(1, Attribute("Revision", UINT, revision))
        self.add(2, Attribute("Max Instance", UINT, instances))
        self.add(3, Attribute("Number of Instances", UINT, instances))


class Identity(Tagged):
    """Who the device is."""

    class_id = 0x01

    def __init__(self, values: IdentityValues) -> None:
        super().__init__("Identity")
        of = (
            ("Vendor Number", UINT, values.vendor),
            ("Device Type", UINT, values.device_type),
            ("Product Code Number", UINT, values.product_code),
            ("Product Revision", UINT, values.revision),
            ("Status Word", UINT, values.status),
            ("Serial Number", UDINT, values.serial),
            ("Product Name", SSTRING, values.name),
            ("State", USINT, values.state),
            ("Configuration Consistency Value", UINT, values.configuration_consistency),
            ("Heartbeat Interval", USINT, values.heartbeat),
        )
        for number, (name, kind, value) in enumerate(of, 1):
            self.add(number, Attribute(name, kind, value))

    @property
    def values(self) -> IdentityValues:
        """What the attributes say now."""
        return IdentityValues(
            *[self.attribute[str(number)].value for number in range(1, 11)]
        )


class PhysicalLink(Message):
    """The path to the object of the physical link, with its size in words."""

    words: Annotated[int, UInt(2), Measures("path", unit=2)] = derived()
    path: Annotated[bytes, Octets("words")] = b""


class InterfaceConfiguration(Message):
    """Addresses of the interface, as numbers, and its domain."""

    address: Annotated[int, UInt(4)]
    mask: Annotated[int, UInt(4)]
    gateway: Annotated[int, UInt(4)]
    primary: Annotated[int, UInt(4)]
    secondary: Annotated[int, UInt(4)]
    domain: LongText = LongText()

    @classmethod
    def of(cls, values: Interface) -> InterfaceConfiguration:
        """The configuration as it goes over the wire."""
        texts = (
            values.ip_address,
            values.network_mask,
            values.gateway_address,
            values.dns_primary,
            values.dns_secondary,
        )
        address, mask, gateway, primary, secondary = (
            int(IPv4Address(text)) for text in texts
        )
        domain = LongText(values.domain_name)
        return cls(address, mask, gateway, primary, secondary, domain)


class Fixed(Attribute):
    """An attribute that is a structure of its own and never changes."""

    def __init__(self, name: str, held: Message | bytes) -> None:
        super().__init__(name, CIPType, count=0)
        self.octets = held if isinstance(held, bytes) else held.encode()

    def _stored(self, blank: object, values: object) -> bytearray:
        return bytearray()

    def produce(self, start: int = 0, stop: int | None = None) -> bytes:
        return self.octets


class TCPIP(Tagged):
    """How the device is reached."""

    class_id = 0xF5
    revision = 2

    def __init__(self, values: TCPIPValues) -> None:
        super().__init__("TCP/IP Interface")
        self.add(1, Attribute("Interface Status", UDINT, values.status))
        self.add(2, Attribute("Configuration Capability", UDINT, values.capability))
        self.add(3, Attribute("Configuration Control", UDINT, values.control))
        self.add(4, Fixed("Path to Physical Link", PhysicalLink(values.link)))
        interface = InterfaceConfiguration.of(values.interface)
        self.add(5, Fixed("Interface Configuration", interface))
        self.add(6, Attribute("Host Name", STRING, values.host_name))


class MessageRouter(Tagged):
    """Where requests come in; and the object of the tags that have no other."""

    class_id = 0x02

    def __init__(self, controller: Controller) -> None:
        super().__init__("Message Router")
        self.controller = controller

    @service(MultipleService)
    def multiple(self, request: MultipleService, target: Target, call: Call) -> Answer:
        """Each member's reply in its place; the status says whether all succeeded."""
        several = request.requests
        if call.depth == Call.MEMBER:
            raise Refusal(Status.SERVICE_NOT_SUPPORTED)
        if len(several) > self.controller.limits.members:
            raise Refusal(Status.TOO_MUCH_DATA)
        # Each reply has an offset, and may be a refusal.
        left = call.room - HEAD - 2 - len(several) * (2 + REFUSAL)
        if left < 0:
            raise Refusal(Status.REPLY_TOO_LARGE)
        replies: list[bytes] = []
        failed = False
        for one in several:
            inside = call.inside(Call.MEMBER, left + REFUSAL)
            reply = self.controller.answer(one, inside)
            # A part of what was asked for is no failure.
            failed = failed or reply[2] not in PARTS
            left -= len(reply) - REFUSAL
            replies.append(reply)
        status = Status.EMBEDDED_SERVICE_ERROR if failed else Status.SUCCESS
        return Answer(packed(tuple(replies)), status)


class ConnectionManager(Tagged):
    """What goes elsewhere, and connections."""

    class_id = 0x06

    def __init__(self, controller: Controller) -> None:
        super().__init__("Connection Manager")
        self.controller = controller

        # What is read from octets: that it is wrong inside must not hide the rest.
        self.managed = {
            UNCONNECTED_SEND: self.unconnected_send,
            FORWARD_OPEN: self.forward_open,
            LARGE_FORWARD_OPEN: self.forward_open,
            FORWARD_CLOSE: self.forward_close,
        }

    def forward_open(self, raw: MessageRouterRequest, call: Call) -> bytes:
        """Open a connection, of any size that the controller has."""
        large = raw.service == LARGE_FORWARD_OPEN
        old = self.controller.limits.connection <= Parameters.largest(False)
        if call.links is None or call.depth == Call.MEMBER or (large and old):
            raise Refusal(Status.SERVICE_NOT_SUPPORTED)
        fixed = FIXED[raw.service]
        size = fixed + 2 * sum(raw.data[fixed - 1 : fixed])
        if len(raw.data) < size:
            raise Refusal(Status.NOT_ENOUGH_DATA)
        if len(raw.data) > size:
            raise Refusal(Status.TOO_MUCH_DATA)
        if call.room < HEAD + OPENED:
            raise Refusal(Status.REPLY_TOO_LARGE)
        asked: Any = bare(raw, fixed, 1)
        path: tuple[Segment, ...] | None = None
        try:
            path = Path.decode(raw.data[fixed - 1 :]).segments
        except ProtocolError:
            pass  # which connection it was is to be told all the same
        reply = call.links.open(asked, path, call)
        return Answer(reply.encode()).encode(raw.service)

    def forward_close(self, raw: MessageRouterRequest, call: Call) -> bytes:
        """Close one; where it led to is known, so a path is not looked at."""
        if call.links is None or call.depth == Call.MEMBER:
            raise Refusal(Status.SERVICE_NOT_SUPPORTED)
        fixed = FIXED[raw.service]
        if len(raw.data) < fixed:
            raise Refusal(Status.NOT_ENOUGH_DATA)
        asked: Any = bare(raw, fixed, 2)
        reply = call.links.close(asked)
        return Answer(reply.encode()).encode(raw.service)

    def unconnected_send(self, raw: MessageRouterRequest, call: Call) -> bytes:
        """The reply to the request in an Unconnected Send, from wherever its route
        leads; raises a Refusal for the Unconnected Send itself.
        """
        if call.depth != Call.DIRECT:
            raise Refusal(Status.SERVICE_NOT_SUPPORTED)
        try:
            parameters = UnconnectedSendParameters.decode(raw.data)
        except ProtocolError:
            raise Refusal(Status.NOT_ENOUGH_DATA) from None
        try:
            route = RoutePath.decode(parameters.route).segments
        except ProtocolError:
            raise Refusal(Status.PATH_SEGMENT_ERROR) from None
        if self.controller.route_path is None and not self.controller.routes:
            # Whatever the route says, it is taken to lead here.
            inside = call.inside(Call.SENT, call.room)
            return self.controller.answer(parameters.request, inside)
        hops = tuple(hop for hop in route if isinstance(hop, Port))
        if len(hops) != len(route):
            raise Refusal(Status.PATH_SEGMENT_ERROR)
        return self.routed(parameters, hops, call)

    def routed(
        self,
        parameters: UnconnectedSendParameters,
        hops: tuple[Port, ...],
        call: Call,
    ) -> bytes:
        controller = self.controller
        if hops and call.forward is not None and hops != controller.route_path:
            reply = call.forward(parameters, hops)
            if reply is not None:
                if len(reply) > call.room:
                    raise Refusal(Status.REPLY_TOO_LARGE)
                return bytes(reply)
        # A simple request, without any hop, is for us whatever our own route is.
        if hops and controller.route_path not in (None, hops):
            raise nowhere(hops)
        return controller.answer(parameters.request, call.inside(Call.SENT, call.room))


PARTS = {Status.SUCCESS, Status.PARTIAL_TRANSFER}
UNCONNECTED_SEND, FORWARD_OPEN, LARGE_FORWARD_OPEN, FORWARD_CLOSE = (
    one.__declared__.tags[0]
    for one in (UnconnectedSend, ForwardOpen, LargeForwardOpen, ForwardClose)
)


def measured(request: Request) -> int:
    """The octets of a request's data."""
    return len(MessageRouterRequest.decode(request.encode()).data)


# The octets of these services' data without a path, but with its size.
ONE: dict[str, Any] = {"serial": 0, "vendor": 0, "originator": 0}
OPEN: dict[str, Any] = {
    **ONE,
    "to_originator": 0,
    "target_parameters": 0,
    "originator_parameters": 0,
    "connection": Path(),
}
TIMES: dict[str, Any] = {"to_target": 0, "target_interval": 0, "originator_interval": 0}
OPENED = len(Opened(to_originator=0, **ONE, **TIMES).encode())
FIXED = {
    FORWARD_OPEN: measured(ForwardOpen(path=MANAGER, **OPEN)),
    LARGE_FORWARD_OPEN: measured(LargeForwardOpen(path=MANAGER, **OPEN)),
    FORWARD_CLOSE: measured(ForwardClose(path=MANAGER, **ONE)),
}


def bare(raw: MessageRouterRequest, fixed: int, size: int) -> Request:
    """The request with an empty path, whose size takes so many octets, at its end."""
    data = raw.data[: fixed - size] + bytes(size)
    return Request.decode(raw.replace(data=data).encode())


def nowhere(
    hops: tuple[Port, ...],
    status: int = Status.CONNECTION_FAILURE,
    extended: tuple[int, ...] = (Extended.LINK_ADDRESS_INVALID,),
) -> Refusal:
    """A request came to nobody: as a rule, nobody has the link that comes next."""
    # A router tells what is left of the path, in words; a reserved octet follows.
    words = (len(RoutePath(hops).encode()) - len(RoutePath().encode())) // 2
    return Refusal(status, extended, USINT.pack((words, 0)))
