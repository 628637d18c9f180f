# SPDX-License-Identifier: Apache-2.0
"""Octets become the dotted dictionaries of the manual; what is no frame is an error.

The octets and the dictionaries were observed of cpppo 5.2.5, as it was published.
"""

from __future__ import annotations

import copy
import json
import pickle
from array import array
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpppo.dotdict import dotdict
from cpppo.errors import ProtocolError
from cpppo.protocol.enip import (
    Encapsulation,
    Item,
    MultipleService,
    Packet,
    Path,
    ReadTag,
    Request,
    SendData,
    Symbol,
    WriteTag,
    packed,
)
from cpppo.protocol.enip.logix import Structure
from cpppo.protocol.enip.published import (
    Lazy,
    asked,
    enip_format,
    frame,
    reply,
    request,
)

NAME = b"1756-L61/B LOGIX5561"
SCADA = b"\x05\x91\x05SCADA\0\x28\0"

REQUESTS: list[tuple[bytes, dict[str, Any]]] = [
    (
        b"\x4c" + SCADA + b"\2\0",
        {
            "path.segment[0].symbolic": "SCADA",
            "path.segment[1].element": 0,
            "read_tag.elements": 2,
            "service": 0x4C,
        },
    ),
    (
        b"\x52" + SCADA + b"\2\0\4\0\0\0",
        {
            "path.segment[0].symbolic": "SCADA",
            "path.segment[1].element": 0,
            "read_frag.elements": 2,
            "read_frag.offset": 4,
            "service": 0x52,
        },
    ),
    (
        b"\x4d\x04\x91\x05FLOAT\0\xca\0\1\0\0\0\xc0\x3f",
        {
            "path.segment[0].symbolic": "FLOAT",
            "write_tag.elements": 1,
            "write_tag.type": 0xCA,
            "write_tag.data": [1.5],
            "service": 0x4D,
        },
    ),
    (
        b"\x53\x04\x91\x04TEXT\x28\0\xda\0\2\0\0\0\0\0\3abc\2de",
        {
            "path.segment[0].symbolic": "TEXT",
            "path.segment[1].element": 0,
            "write_frag.elements": 2,
            "write_frag.offset": 0,
            "write_frag.type": 0xDA,
            "write_frag.data": ["abc", "de"],
            "service": 0x53,
        },
    ),
    (
        b"\x0e\x03\x20\x01\x24\x01\x30\x07",
        {
            "path.segment[0].class": 1,
            "path.segment[1].instance": 1,
            "path.segment[2].attribute": 7,
            "get_attribute_single": True,
            "service": 0x0E,
        },
    ),
    (
        b"\x01\x02\x20\x01\x24\x01",
        {
            "path.segment[0].class": 1,
            "path.segment[1].instance": 1,
            "get_attributes_all": True,
            "service": 0x01,
        },
    ),
    (
        b"\x10\x03\x20\x02\x24\x01\x30\x01\x01\x02",
        {
            "path.segment[0].class": 2,
            "path.segment[1].instance": 1,
            "path.segment[2].attribute": 1,
            "set_attribute_single.data": [1, 2],
            "set_attribute_single.elements": 2,
            "service": 0x10,
        },
    ),
    (
        b"\x03\x02\x20\x01\x24\x01\x02\0\x01\0\x07\0",
        {
            "path.segment[0].class": 1,
            "path.segment[1].instance": 1,
            "get_attribute_list": [1, 7],
            "service": 0x03,
        },
    ),
    (
        b"\x77\x01\x20\x01\x05",
        {"path.segment[0].class": 1, "service_code.data": [5], "service": 0x77},
    ),
    (
        b"\x77\x01\x20\x01",
        {"path.segment[0].class": 1, "service_code": True, "service": 0x77},
    ),
]


@pytest.mark.parametrize(("octets", "shown"), REQUESTS)
def test_a_request_is_shown(octets: bytes, shown: dict[str, Any]) -> None:
    assert dict(request(octets).items()) == {**shown, "input": bytearray(octets)}


REPLIES: list[tuple[bytes, dict[str, Any]]] = [
    (b"\xcc\0\0\0\xc3\0\1\0\2\0", {"read_tag.type": 0xC3, "read_tag.data": [1, 2]}),
    (b"\xd2\0\x06\0\xc3\0\1\0", {"read_frag.type": 0xC3, "read_frag.data": [1]}),
    (b"\xd2\0\0\0\xda\0\2ab", {"read_frag.type": 0xDA, "read_frag.data": ["ab"]}),
    (b"\xcd\0\0\0", {"write_tag": True}),
    (b"\xd3\0\0\0", {"write_frag": True}),
    (b"\xd2\0\xff\1\x05\x21", {"read_frag": True}),
    (b"\xcc\0\5\0", {"read_tag": True}),
    (b"\x81\0\0\0\1\2", {"get_attributes_all.data": [1, 2]}),
    (b"\x8e\0\0\0\x05", {"get_attribute_single.data": [5]}),
    (b"\x8e\0\x14\0", {"get_attribute_single": True}),
    (b"\x83\0\x0a\0\1\0", {"get_attribute_list.data": [1, 0]}),
    (b"\x90\0\x08\0", {"set_attribute_single": True}),
    (b"\xf7\0\0\0\5", {"service_code.data": [5]}),
    (b"\xf7\0\x08\0", {"service_code": True}),
    # A type that nobody knows, and a structure: octets.
    (b"\xcc\0\0\0\x34\x12\1\2", {"read_tag.type": 0x1234, "read_tag.data": [1, 2]}),
    (
        b"\xcc\0\0\0\xa0\x02\xce\x0f\1\2",
        {
            "read_tag.type": 0x02A0,
            "read_tag.structure_tag": 0x0FCE,
            "read_tag.data": [1, 2],
        },
    ),
    # A fragment may end within a value.
    (b"\xd2\0\x06\0\xc4\0\1\0\0\0\2", {"read_frag.type": 0xC4, "read_frag.data": [1]}),
    (b"\xd2\0\x06\0\xc4\0\1", {"read_frag.type": 0xC4, "read_frag.data": []}),
]


@pytest.mark.parametrize(("octets", "shown"), REPLIES)
def test_a_reply_is_shown(octets: bytes, shown: dict[str, Any]) -> None:
    extended = [0x2105] if octets[3] else []
    status = {"status_ext.size": len(extended)}
    if extended:
        status["status_ext.data"] = extended  # type: ignore[assignment]
    assert dict(reply(octets).items()) == {
        "input": array("B", octets),
        "service": octets[0],
        "status": octets[2],
        **status,
        **shown,
    }


def test_a_packet_is_shown() -> None:
    several = (b"\xcc\0\0\0\xc3\0\x07\0", b"\xcd\0\0\0", b"\xd2\0\xff\1\x05\x21")
    shown = reply(b"\x8a\0\x1e\0" + packed(several))
    assert shown.multiple.number == 3
    assert shown.multiple.offsets == [8, 16, 20]
    assert shown.multiple.request_data.tobytes() == b"".join(several)
    assert shown["multiple.request[0].read_tag.data"] == [7]
    assert shown["multiple.request[1].write_tag"] is True
    assert shown["multiple.request[2].status_ext.data"] == [0x2105]
    assert reply(b"\x8a\0\x08\0").multiple is True


def test_a_packet_of_requests_is_shown() -> None:
    path = Path((Symbol("A"),))
    members = (ReadTag(path=path).encode(), b"\x0e\x01\x20\x01")
    shown = request(MultipleService(path=path, requests=members).encode())
    assert shown["multiple.request[0].read_tag.elements"] == 1
    assert shown["multiple.request[1].get_attribute_single"] is True
    assert shown["multiple.request[1].input"] == members[1]


def test_what_came_to_nothing_on_its_way_has_the_name_of_what_was_asked() -> None:
    lost = b"\xd2\0\x01\1\x04\x02\x02"
    assert reply(lost, 0x4D).write_tag is True
    assert reply(lost)["read_frag"] is True
    assert "read_frag" not in reply(lost, 0x4D)
    assert reply(b"\xd2\0\0\0\xc3\0\1\0", 0x52).read_frag.data == [1]


def test_a_structure_is_written_as_octets() -> None:
    message = WriteTag(
        path=Path((Symbol("U"),)), type=Structure(0x0FCE), elements=1, data=b"\1\2"
    )
    shown = request(message.encode()).write_tag
    assert (shown.type, shown.structure_tag, shown.data) == (0x2A0, 0xFCE, [1, 2])


# -- frames


def sent(payload: bytes, command: int = 0x6F, **header: Any) -> bytes:
    return Encapsulation(command, payload=payload, **header).encode()


def carrying(octets: bytes) -> bytes:
    packet = Packet((Item(0), Item(0xB2, data=octets)))
    return sent(
        SendData(timeout=8, packet=packet).encode(), session=7, context=b"12345678"
    )


def test_a_frame_is_shown_in_its_order() -> None:
    octets = carrying(b"\xd3\0\0\0")
    at = "enip.CIP.send_data.CPF"
    router = f"{at}.item[1].unconnected_send.request"
    assert list(frame(octets, ("10.0.0.5", 44818)).items()) == [
        ("peer", ("10.0.0.5", 44818)),
        ("enip.command", 0x6F),
        ("enip.length", 20),
        ("enip.session_handle", 7),
        ("enip.status", 0),
        ("enip.sender_context.input", array("B", b"12345678")),
        ("enip.options", 0),
        ("enip.input", array("B", octets[24:])),
        ("enip.CIP.send_data.interface", 0),
        ("enip.CIP.send_data.timeout", 8),
        (f"{at}.count", 2),
        (f"{at}.item[0].type_id", 0),
        (f"{at}.item[0].length", 0),
        (f"{at}.item[1].type_id", 0xB2),
        (f"{at}.item[1].length", 4),
        (f"{router}.input", array("B", b"\xd3\0\0\0")),
        (f"{router}.service", 0xD3),
        (f"{router}.status", 0),
        (f"{router}.status_ext.size", 0),
        (f"{router}.write_frag", True),
    ]


def test_nobody_need_have_sent_it() -> None:
    assert "peer" not in frame(carrying(b"\xd3\0\0\0"))


def test_a_refused_frame_has_its_status_alone() -> None:
    shown = frame(sent(b"", status=0x64))
    assert shown.enip.status == 0x64
    assert "input" not in shown.enip
    assert "CIP" not in shown.enip


IDENTITY = bytes.fromhex("0100 0002af12 c0a801f0 0000000000000000 0100 0e00 3600 140b")
IDENTITY += bytes.fromhex("6031 1a066c00 14") + NAME + b"\xff"


def test_an_identity_is_shown() -> None:
    shown = frame(sent(b"\1\0\x0c\0\x36\0" + IDENTITY, 0x63)).enip.CIP.list_identity.CPF
    assert (shown.count, shown.item[0].type_id, shown.item[0].length) == (1, 12, 54)
    assert dict(shown.item[0].identity_object) == {
        "version": 1,
        "sin_family": 2,
        "sin_port": 44818,
        "sin_addr": "192.168.1.240",
        "vendor_id": 1,
        "device_type": 14,
        "product_code": 54,
        "product_revision": 2836,
        "status_word": 12640,
        "serial_number": 7079450,
        "product_name": NAME.decode(),
        "state": 255,
    }


@pytest.mark.parametrize("name", [b"Communications\0", b"Communications\0\0"])
def test_a_service_is_shown_however_its_name_ends(name: bytes) -> None:
    item = b"\1\0\x20\0" + name
    shown = frame(sent(Packet((Item(0x0100, data=item),)).encode(), 0x04))
    assert dict(shown["enip.CIP.list_services.CPF.item[0].communications_service"]) == {
        "version": 1,
        "capability": 32,
        "service_name": "Communications",
    }


def test_the_early_identity_is_shown() -> None:
    item = bytes.fromhex("0100 0000 0002 af12 c0a80105 0000000000000000")
    item += b"192.168.1.5".ljust(16, b"\0")
    shown = frame(sent(Packet((Item(0x0001, data=item),)).encode(), 0x01))
    assert dict(shown["enip.CIP.legacy.CPF.item[0].legacy_CPF_0x0001"]) == {
        "version": 1,
        "unknown_1": 0,
        "sin_family": 2,
        "sin_port": 44818,
        "sin_addr": "192.168.1.5",
        "ip_address": "192.168.1.5",
    }


def test_other_commands_are_shown() -> None:
    register = frame(sent(b"\1\0\0\0", 0x65)).enip.CIP.register
    assert dict(register) == {"protocol_version": 1, "options": 0}
    assert frame(sent(b"\0\0", 0x64)).enip.CIP.list_interfaces.CPF.count == 0
    unknown = frame(sent(b"\1\2", 0x7777)).enip
    assert unknown.input.tobytes() == b"\1\2"
    assert "CIP" not in unknown


def test_a_connected_reply_is_shown() -> None:
    items = (Item(0xA1, data=b"\1\2\3\4"), Item(0xB1, data=b"\x05\0\xcd\0\0\0"))
    octets = sent(SendData(packet=Packet(items)).encode(), 0x70)
    shown = frame(octets).enip.CIP.send_data.CPF
    assert shown.item[0].connection_ID.connection == 0x04030201
    assert shown.item[1].connection_data.sequence == 5
    assert shown.item[1].connection_data.request.write_tag is True


def test_other_items_are_octets() -> None:
    octets = sent(SendData(packet=Packet((Item(0x8000, data=b"x"),))).encode())
    shown = frame(octets)["enip.CIP.send_data.CPF.item[0]"]
    assert shown.input.tobytes() == b"x"


UNCONNECTED = bytes.fromhex("52 02 20 06 24 01 05 9d 12 00")
UNCONNECTED += b"\x52" + SCADA + b"\2\0\0\0\0\0" + b"\1\0\1\0"


def test_a_request_of_a_client_is_shown() -> None:
    octets = carrying(UNCONNECTED)
    shown = asked(octets)
    assert shown.input == octets
    found = shown["enip.CIP.send_data.CPF.item[1].unconnected_send"]
    assert dict(found.items()) == {
        "path.segment[0].class": 6,
        "path.segment[1].instance": 1,
        "priority": 5,
        "timeout_ticks": 157,
        "request.path.segment[0].symbolic": "SCADA",
        "request.path.segment[1].element": 0,
        "request.read_frag.elements": 2,
        "request.read_frag.offset": 0,
        "request.service": 0x52,
        "request.input": bytearray(UNCONNECTED[10:28]),
        "route_path.segment[0].port": 1,
        "route_path.segment[0].link": 0,
        "service": 0x52,
    }


def test_a_request_without_route_is_shown() -> None:
    found = asked(carrying(b"\x0e\x01\x20\x01"))
    router = found["enip.CIP.send_data.CPF.item[1].unconnected_send.request"]
    assert router.get_attribute_single is True


def test_a_request_that_is_none_is_shown_as_octets() -> None:
    found = asked(carrying(b"\x4c\x01\x20\x01\x05"))
    router = found["enip.CIP.send_data.CPF.item[1].unconnected_send.request"]
    assert (router.service, router.service_code) == (0x4C, True)


def test_a_list_that_is_asked_for_is_shown() -> None:
    shown = asked(sent(b"", 0x63))
    assert shown["enip.CIP.list_identity"] == {}
    assert shown.enip.input == b""


# -- errors

BROKEN: list[tuple[Callable[[bytes], object], bytes]] = [
    (frame, b""),
    (frame, sent(b"")[:-1]),
    (frame, sent(b"\1\2\3")),
    (frame, sent(b"\1", 0x65)),
    (frame, sent(b"\1\0\x0c\0\2\0\1\0", 0x63)),
    (frame, carrying(b"\xd3")),
    (frame, carrying(b"\x8a\0\0\0\5\0\1\0")),
    (reply, b"\xcc\0\0\0\xc3"),
    (reply, b""),
    (request, b""),
    (request, b"\x4c\x05\x91"),
    (request, b"\x0a\x02\x20\x02\x24\x01\x05\0"),
]


@pytest.mark.parametrize(("show", "octets"), BROKEN)
def test_what_does_not_decode_is_an_error(
    show: Callable[[bytes], object], octets: bytes
) -> None:
    with pytest.raises(ProtocolError):
        show(octets)


@given(st.sampled_from([frame, asked, reply, request]), st.data())
def test_any_octets_are_a_dictionary_or_an_error(
    show: Callable[[bytes], dotdict], data: st.DataObject
) -> None:
    octets = data.draw(st.binary(max_size=80))
    if show in {frame, asked} and data.draw(st.booleans()):
        octets = carrying(octets) if data.draw(st.booleans()) else sent(octets, 0x63)
    try:
        shown = show(octets)
    except ProtocolError:
        return
    enip_format(shown)
    pickle.dumps(shown)


# -- made when it is looked at

LOOKS: list[Callable[[dotdict], Any]] = [
    list,
    len,
    bool,
    repr,
    str,
    dict,
    dir,
    sorted,
    json.dumps,
    copy.copy,
    copy.deepcopy,
    pickle.dumps,
    enip_format,
    reversed,
    lambda d: d.a.b,
    lambda d: d["a"],
    lambda d: d["a.b"],
    lambda d: d["c[0].x"],
    lambda d: "a.b" in d,
    lambda d: "nothing" in d,
    lambda d: d == {},
    lambda d: d == {},
    lambda d: d != {},
    lambda d: d.get("a.b"),
    lambda d: d.keys(),
    lambda d: d.listkeys(),
    lambda d: list(d.items()),
    lambda d: {**d},
    lambda d: d | {},
    lambda d: {} | d,
    lambda d: d.copy(),
    lambda d: d.pop("a"),
    lambda d: d.popitem(),
    lambda d: d.clear(),
    lambda d: d.update(x=1),
    lambda d: d.setdefault("x", 1),
    lambda d: d.__setitem__("x", 1),
    lambda d: d.__delitem__("c"),
    lambda d: setattr(d, "x", 1),
    lambda d: hasattr(d, "x"),
    lambda d: isinstance(d.a, dotdict),
]


def sample() -> dotdict:
    return dotdict({"a.b": 1, "c": [dotdict(x=2)]})


@pytest.mark.parametrize("look", LOOKS)
def test_a_look_makes_it_once(look: Callable[[dotdict], Any]) -> None:
    made: list[dotdict] = []

    def maker() -> dotdict:
        made.append(sample())
        return made[-1]

    lazy, plain = Lazy(maker), sample()
    assert made == []
    seen, expected = look(lazy), look(plain)
    if isinstance(expected, int | str | bytes | list | dict) and look is not dir:
        assert seen == expected
    assert type(lazy) is dotdict
    assert dict(lazy.items()) == dict(plain.items())
    assert len(made) == 1


def test_what_cannot_be_made_says_so_at_every_look() -> None:
    lazy = Lazy(lambda: frame(b""))
    for _ in range(2):
        with pytest.raises(ProtocolError):
            lazy.get("enip")


# -- as text


def test_a_response_is_text_that_programs_read_too() -> None:
    text = enip_format(frame(carrying(b"\xd3\0\0\0"), ("10.0.0.5", 44818)))
    assert text.startswith(
        '{\n    "peer": [\n        "10.0.0.5",\n        44818\n    ],'
    )
    found = json.loads(text)
    assert found["enip.sender_context.input"] == "array('B', '12345678')"
    router = "enip.CIP.send_data.CPF.item[1].unconnected_send.request"
    assert found[f"{router}.input"] == r"array('B', '\xd3\x00\x00\x00')"
    assert found[f"{router}.write_frag"] is True


def test_whatever_there_is_has_a_text() -> None:
    data = dotdict(a=bytearray(b"x"), b=b"y", c=None, d=1.5, e={1}, f=[{"x": b"z"}])
    assert json.loads(enip_format(data)) == {
        "a": "bytearray('x')",
        "b": "bytes('y')",
        "c": None,
        "d": 1.5,
        "e": "{1}",
        "f": [{"x": "bytes('z')"}],
    }


def test_requests_are_those_of_typed_messages() -> None:
    for octets, _ in REQUESTS:
        assert Request.decode(octets).encode() == octets
