# SPDX-License-Identifier: Apache-2.0
"""Messages as the dotted dictionaries of the manual: published keys, published values.

Over all of `protocol.enip`: octets in, a `dotdict` out, by way of the typed messages;
what does not decode is a ProtocolError.  For people and for programs that were written
for these keys: nothing of the package looks into them.  `Lazy` makes one as soon as
somebody looks, and not before.  The manual, 2.1.6.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address
from typing import Any

from ...dotdict import dotdict
from ...errors import Malformed, ProtocolError
from ...grammar import Message
from .cpf import CommunicationsService, Identity, Item, LegacyIdentity, Packet
from .encapsulation import Encapsulation, RegisterReply, SendData
from .logix import (
    ReadTag,
    ReadTagFragmented,
    ReadTemplate,
    Structure,
    TypedData,
    WriteTag,
    WriteTagFragmented,
)
from .managed import closed, opened, opening
from .manager import (
    ForwardClose,
    ForwardOpen,
    ForwardOpenReply,
    LargeForwardOpen,
    LargeForwardOpenReply,
    UnconnectedSend,
)
from .notation import described
from .path import Segment
from .router import (
    GetAttributeList,
    MultipleService,
    OtherReply,
    Reply,
    Request,
    SetAttributeSingle,
    members,
)
from .types import CODES

__all__ = ["Lazy", "asked", "enip_format", "frame", "reply", "request", "values"]

REPLY = 0x80  # set in the service of a reply
SENT = 0x52  # Read Tag Fragmented; for the Connection Manager, Unconnected Send
SUCCESS = {0x00, 0x06}  # 6: there is more

NAMES = {
    0x01: "get_attributes_all",
    0x03: "get_attribute_list",
    0x0A: "multiple",
    0x0E: "get_attribute_single",
    0x10: "set_attribute_single",
    0x4C: "read_tag",
    0x4D: "write_tag",
    0x52: "read_frag",
    0x53: "write_frag",
}
READS = {0x4C, 0x52}
HOLDS_DATA = {0x01, 0x03, 0x0E}  # in the reply, as octets
LISTS = {
    0x0001: "legacy",
    0x0004: "list_services",
    0x0063: "list_identity",
    0x0064: "list_interfaces",
}
SENDS = {0x006F, 0x0070}
REGISTER, UNREGISTER = 0x0065, 0x0066

Octets = bytes | bytearray | memoryview
Router = Callable[[bytes], dotdict]  # a message of the message router, as it is shown


# -- the message router


def request(octets: Octets) -> dotdict:
    """A request to the message router."""
    data = told(Request.decode(bytes(octets)))
    data["input"] = bytearray(octets)
    return data


def told(message: Request) -> dotdict:
    """What a request asks for, without its octets."""
    data = dotdict()
    data["path.segment"] = segments(message.path.segments)
    match message:
        case UnconnectedSend():
            data["priority"] = message.priority
            data["timeout_ticks"] = message.ticks
            data["request"] = told(message.request)
            data["request.input"] = bytearray(message.request.encode())
            if message.route.segments:
                data["route_path.segment"] = segments(message.route.segments)
        case ReadTag() | ReadTagFragmented() | WriteTag() | WriteTagFragmented():
            data[NAMES[message.service]] = tagged(message)
        case MultipleService():
            data["multiple.request"] = [request(one) for one in message.requests]
        case GetAttributeList():
            data["get_attribute_list"] = list(message.attributes)
        case SetAttributeSingle():
            count = len(message.data)
            data["set_attribute_single"] = {"data": [*message.data], "elements": count}
        case ForwardOpen() | LargeForwardOpen():
            data["forward_open"] = opening(message)
        case ForwardClose():
            data["forward_close"] = closed(message)
        case ReadTemplate():
            data["service_code"] = True
        case _:
            known = message.service in NAMES
            data[NAMES[message.service] if known else "service_code"] = True
            extra: bytes = getattr(message, "data", b"")
            if extra:
                data["service_code"] = {"data": [*extra]}
    data["service"] = message.service
    return data


def tagged(
    message: ReadTag | ReadTagFragmented | WriteTag | WriteTagFragmented,
) -> dotdict:
    """What is read or written, and how much of it."""
    data = dotdict(elements=message.elements)
    if isinstance(message, ReadTagFragmented | WriteTagFragmented):
        data["offset"] = message.offset
    if isinstance(message, WriteTag | WriteTagFragmented):
        data.update(typed(TypedData(message.type, message.data)))
    return data


def reply(octets: Octets, service: int | None = None) -> dotdict:
    """A reply of the message router; to which service, if that is known.

    An Unconnected Send that came to nothing is answered as if it were a Read Tag
    Fragmented; the published key of the service then says what was asked.
    """
    whole = bytes(octets)
    message = Reply.decode(whole)
    data = dotdict(input=array("B", whole), service=message.service)
    data["status"] = message.status
    data["status_ext.size"] = len(message.extended)
    if message.extended:
        data["status_ext.data"] = list(message.extended)
    code = message.service & ~REPLY
    if service is not None and code == SENT and message.status not in SUCCESS:
        code = service
    rest: bytes = getattr(message, "data", b"")
    if isinstance(message, ForwardOpenReply | LargeForwardOpenReply):
        data["forward_open"] = opened(message)
        return data
    data[NAMES.get(code, "service_code")] = carried(message, code, rest)
    return data


def carried(message: Reply, code: int, rest: bytes) -> Any:
    """What a reply brings for its service; True where there is nothing to say."""
    if code == 0x0A and rest:
        return together(rest)
    if message.status not in SUCCESS and not (code in HOLDS_DATA and rest):
        return True
    if code in READS:
        return typed(TypedData.decode(rest))
    if code in HOLDS_DATA or (rest and isinstance(message, OtherReply)):
        return dotdict(data=[*rest])
    return True


def together(rest: bytes) -> dotdict:
    """The replies of a Multiple Service Packet."""
    try:
        several = members(rest)
    except ValueError as exc:
        raise Malformed(str(exc), machine="MultipleReply", state="data") from None
    head = 2 + 2 * len(several)
    data = dotdict(number=len(several))
    data["offsets"] = [
        int.from_bytes(rest[at : at + 2], "little") for at in range(2, head, 2)
    ]
    data["request_data"] = array("B", rest[head:])
    data["request"] = [reply(one) for one in several]
    return data


def typed(content: TypedData) -> dotdict:
    """A type and the values of it."""
    data = dotdict(type=content.type.code)
    if isinstance(content.type, Structure):
        data["structure_tag"] = content.type.handle
    data["data"] = values(content)
    return data


def values(content: TypedData) -> list[Any]:
    """The values that are whole; of a type not known here, and a structure, octets."""
    kind = CODES.get(content.type.code)
    if kind is None or isinstance(content.type, Structure):
        return [*content.data]
    size = kind.struct_calcsize or 1
    return kind.unpack(content.data[: len(content.data) // size * size])


def segments(path: tuple[Segment, ...]) -> list[dotdict]:
    """A path, segment by segment."""
    return [dotdict(described(one)) for one in path]


# -- frames


def frame(octets: Octets, peer: tuple[str, int] | None = None) -> dotdict:
    """What a server sent: a whole frame, and who it was."""
    message = Encapsulation.decode(bytes(octets))
    data = dotdict() if peer is None else dotdict(peer=peer)
    data["enip"] = header(message, array("B", message.context))
    if message.payload:
        data["enip.input"] = array("B", message.payload)
        content(data, message, replied)
    return data


def asked(octets: Octets) -> dotdict:
    """What a client sent: a whole frame."""
    message = Encapsulation.decode(bytes(octets))
    data = dotdict()
    data["enip"] = header(message, bytearray(message.context))
    data["enip.input"] = bytearray(message.payload)
    content(data, message, required)
    if message.command in LISTS:
        data[f"enip.CIP.{LISTS[message.command]}"] = dotdict()
    data["input"] = bytearray(octets)
    return data


def header(message: Encapsulation, context: array[int] | bytearray) -> dotdict:
    """What stands before a command's data."""
    data = dotdict(
        command=message.command,
        length=len(message.payload),
        session_handle=message.session,
        status=message.status,
    )
    data["sender_context.input"] = context
    data["options"] = message.options
    return data


def content(data: dotdict, message: Encapsulation, router: Router) -> None:
    """A command's data, as far as it is known here."""
    command, payload = message.command, message.payload
    if command == REGISTER:
        register = RegisterReply.decode(payload)
        data["enip.CIP.register"] = {
            "protocol_version": register.version,
            "options": register.options,
        }
    elif command == UNREGISTER:
        data["enip.CIP.unregister"] = dotdict()
    elif command in LISTS and payload:
        data[f"enip.CIP.{LISTS[command]}.CPF"] = packet(Packet.decode(payload), router)
    elif command in SENDS:
        sent = SendData.decode(payload)
        data["enip.CIP.send_data"] = {
            "interface": sent.interface,
            "timeout": sent.timeout,
            "CPF": packet(sent.packet, router),
        }


def packet(several: Packet, router: Router) -> dotdict:
    """The items of a frame."""
    data = dotdict(count=len(several.items))
    if several.items:
        data["item"] = [item(one, router) for one in several.items]
    return data


def item(one: Item, router: Router) -> dotdict:
    """One item, by its type."""
    data = dotdict(type_id=one.type_id, length=len(one.data))
    if not one.data:
        return data
    match one.type_id:
        case 0x0001:
            data["legacy_CPF_0x0001"] = legacy(one.data)
        case 0x000C:
            data["identity_object"] = identity(one.data)
        case 0x00A1 if len(one.data) == 4:
            data["connection_ID.connection"] = int.from_bytes(one.data, "little")
        case 0x00B1 if len(one.data) > 2:
            sequence = int.from_bytes(one.data[:2], "little")
            data["connection_data"] = router(one.data[2:])
            data["connection_data.sequence"] = sequence
        case 0x00B2:
            data["unconnected_send"] = router(one.data)
        case 0x0100:
            data["communications_service"] = service(one.data)
        case _:
            data["input"] = array("B", one.data)
    return data


def replied(octets: bytes) -> dotdict:
    """A reply as an item shows it."""
    return dotdict(request=reply(octets))


def required(octets: bytes) -> dotdict:
    """A request as an item shows it, with the Unconnected Send that holds it."""
    try:
        data = request(octets)
    except ProtocolError:
        # Somebody asks for what is not declared here; so be it.
        given = bytearray(octets)
        return dotdict(
            request=dotdict(service_code=True, service=given[0], input=given)
        )
    if "request" in data:
        del data["input"]
        return data
    return dotdict(request=data)


def identity(octets: bytes) -> dotdict:
    """Who a device is."""
    one = Identity.decode(octets)
    return dotdict(
        version=one.version,
        sin_family=one.family,
        sin_port=one.port,
        sin_addr=str(IPv4Address(one.address)),
        vendor_id=one.vendor,
        device_type=one.device_type,
        product_code=one.product_code,
        product_revision=one.minor << 8 | one.major,
        status_word=one.status,
        serial_number=one.serial,
        product_name=one.name,
        state=one.state,
    )


def service(octets: bytes) -> dotdict:
    """A service that a device offers; some end its name early."""
    size = len(CommunicationsService().encode())
    one = CommunicationsService.decode(octets.ljust(size, b"\0"))
    return dotdict(
        version=one.version,
        capability=one.capability,
        service_name=one.name.partition(b"\0")[0].decode("latin-1"),
    )


def legacy(octets: bytes) -> dotdict:
    """Where a device is; no specification has this."""
    one = LegacyIdentity.decode(octets)
    return dotdict(
        version=one.version,
        unknown_1=one.unknown,
        sin_family=one.family,
        sin_port=one.port,
        sin_addr=str(IPv4Address(one.address)),
        ip_address=one.text.partition(b"\0")[0].decode("latin-1"),
    )


# -- for those who look


class Lazy(dotdict):
    """A dotdict that is made when somebody looks into it, in whatever way.

    Until then it holds its maker, under a name that no path leads to; and so it is
    not empty for those who count its entries without asking it (the json module).
    Afterwards it is a plain dotdict.
    """

    __slots__ = ()

    def __init__(self, maker: Callable[[], dict[str, Any] | Message]) -> None:
        dict.__setitem__(self, "", maker)


def look(lazy: dotdict) -> None:
    """Make it, if that has not been done."""
    maker = dict.get(lazy, "")
    if maker is None:
        return  # another thread has just been here
    made = maker()
    dict.update(lazy, dict.items(made))
    dict.pop(lazy, "", None)
    object.__setattr__(lazy, "__class__", dotdict)


def looking(plain: Callable[..., Any]) -> Callable[..., Any]:
    """A method of dotdict, for what may have to be made before."""

    def method(self: dotdict, /, *args: Any, **names: Any) -> Any:
        look(self)
        return plain(self, *args, **names)

    return method


def looks() -> Iterator[str]:
    """The methods of dotdict that read or change what it holds."""
    making = {"__init__", "__new__", "__getattribute__", "__class_getitem__"}
    for name in dir(dotdict):
        plain = getattr(dotdict, name)
        inherited = plain == getattr(object, name, None)
        if callable(plain) and not inherited and name not in {*making, "fromkeys"}:
            yield name


for _name in looks():
    setattr(Lazy, _name, looking(getattr(dotdict, _name)))


def enip_format(data: dict[str, Any]) -> str:
    """A response as text: JSON, in the order of the frame, octets as the manual's.

    Keys are full paths; what JSON has no form for is a text that says what it is.
    """
    flat = dict(data.items())
    return json.dumps(flat, indent=4, default=shown, ensure_ascii=False)


def shown(value: object) -> object:
    """What a value that JSON does not know is printed as."""
    if isinstance(value, array):
        return f"array({value.typecode!r}, {printed(value.tobytes())})"
    if isinstance(value, bytes | bytearray | memoryview):
        return f"{type(value).__name__}({printed(bytes(value))})"
    if isinstance(value, dict):
        return dict(value.items())
    return repr(value)


def printed(octets: bytes) -> str:
    """Octets as a text with escapes."""
    return repr(octets)[1:]
