# SPDX-License-Identifier: Apache-2.0
"""The commands that need no session: who is there, and what is offered.

Under `session`; over TCP and UDP alike.  CIP Vol 2, 2-4.
"""

from __future__ import annotations

from ipaddress import IPv4Address, ip_address
from typing import TYPE_CHECKING

from ...errors import ProtocolError
from ...protocol.enip import (
    CommunicationsService,
    Encapsulation,
    Identity,
    Legacy,
    LegacyIdentity,
    ListIdentity,
    ListInterfaces,
    ListServices,
    OtherReplyItem,
    ReplyEntry,
    ReplyItem,
    ReplyPacket,
)
from ...protocol.enip.status import Encapsulated
from ..peer import Peer

if TYPE_CHECKING:
    from .controller import Controller

__all__ = ["datagram", "listed"]

# What a communications service can do: CIP over TCP; classes 0 and 1 over UDP, which
# every controller says.
CAPABLE = 0x0020 | 0x0100
IDENTITY, SERVICES, INTERFACES, LEGACY = (
    one.__declared__.tags[0]
    for one in (ListIdentity, ListServices, ListInterfaces, Legacy)
)


def listed(frame: Encapsulation, controller: Controller, peer: Peer) -> bytes:
    """The answer to a command of a list; a status to one that is not known."""
    if frame.command == IDENTITY:
        item: tuple[ReplyItem, ...] = (identity(controller, peer),)
    elif frame.command == SERVICES:
        item = (CommunicationsService(capability=CAPABLE),)
    elif frame.command == INTERFACES:
        item = ()
    elif frame.command == LEGACY:
        address = local(peer)
        text = str(address).encode()[:16]
        port, number = peer.local[1], int(address)
        where = LegacyIdentity(port=port, address=number, text=text.ljust(16, b"\0"))
        item = (OtherReplyItem(LEGACY, where.encode()),)
    else:
        return frame.replace(
            status=Encapsulated.UNSUPPORTED_COMMAND, options=0, payload=b""
        ).encode()
    packet = ReplyPacket(tuple(ReplyEntry(item=one) for one in item))
    return frame.replace(status=0, options=0, payload=packet.encode()).encode()


def identity(controller: Controller, peer: Peer) -> Identity:
    """Who the device is, as its Identity Object says."""
    values = controller.identity.values
    return Identity(
        port=peer.local[1],
        address=int(local(peer)),
        vendor=values.vendor,
        device_type=values.device_type,
        product_code=values.product_code,
        major=values.major,
        minor=values.minor,
        status=values.status,
        serial=values.serial,
        name=values.name,
        state=values.state,
    )


def local(peer: Peer) -> IPv4Address:
    """Our address as this peer sees it; none, where it is not known or not of IPv4."""
    try:
        address = ip_address(peer.local[0])
    except ValueError:
        return IPv4Address(0)
    if isinstance(address, IPv4Address):
        return address
    return address.ipv4_mapped or IPv4Address(0)


def datagram(octets: bytes, controller: Controller, peer: Peer) -> bytes:
    """The answer to a datagram: to lists alone, and none to what is no frame.

    A reply may be sent to somebody who never asked, so nothing long is ever told.
    """
    try:
        frame = Encapsulation.decode(octets)
    except ProtocolError:
        return b""
    if frame.command == 0 or frame.status:
        return b""
    return listed(frame, controller, peer)
