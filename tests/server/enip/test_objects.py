# SPDX-License-Identifier: Apache-2.0
"""The objects of a device, by Get and Set Attribute: what they say and what they refuse

The layouts are those of CIP Vol 1, 5-2 and Vol 2, 5-3; requests are octets by hand.
"""

from __future__ import annotations

import struct
from functools import partial
from typing import Any

import pytest
from asking import (
    Client,
    controller,
    element,
    multiple,
    number,
    read,
    request,
    rr,
    symbol,
    write,
)
from timing import takes_at_most

from cpppo.protocol.enip import GetAttributeSingle, ReadTagReply
from cpppo.server.enip import (
    UINT,
    IdentityValues,
    Interface,
    Profile,
    TCPIPValues,
    device,
)
from cpppo.server.enip.cip.objects import HEAD, REFUSAL
from cpppo.server.limits import Limits

NAME = "1756-L83E/B"

PROFILE = Profile(
    identity=IdentityValues(
        vendor=0x1234,
        device_type=0x0102,
        product_code=0x0506,
        revision=0x0B15,
        status=0x3160,
        serial=0xDEADBEEF,
        name=NAME,
        state=3,
    ),
    tcpip=TCPIPValues(
        status=2,
        capability=0x30,
        control=1,
        link=b"\x20\xf6\x24\x01",
        interface=Interface(
            "192.168.0.201",
            "255.255.255.0",
            "192.168.0.1",
            "8.8.8.8",
            "8.8.4.4",
            "example.com",
        ),
        host_name="controller",
    ),
)

IDENTITY = {
    1: struct.pack("<H", 0x1234),
    2: struct.pack("<H", 0x0102),
    3: struct.pack("<H", 0x0506),
    4: b"\x15\x0b",
    5: struct.pack("<H", 0x3160),
    6: struct.pack("<I", 0xDEADBEEF),
    7: bytes((len(NAME),)) + NAME.encode(),
    8: b"\3",
}

TCPIP = {
    1: struct.pack("<I", 2),
    2: struct.pack("<I", 0x30),
    3: struct.pack("<I", 1),
    4: b"\2\0\x20\xf6\x24\x01",
    5: bytes((201, 0, 168, 192, 0, 255, 255, 255, 1, 0, 168, 192))
    + bytes((8, 8, 8, 8, 4, 4, 8, 8))
    + b"\x0b\0example.com\0",
    6: b"\x0a\0controller",
}

TAGS = (
    "SCADA@22/1/1=INT[10] FLOAT@22/1/2=REAL TEXT@22/1/3=SSTRING[3] LONG@22/1/4=STRING"
)


def client(tags: str = TAGS, **kwds: object) -> Client:
    return Client(controller(tags, profile=PROFILE, **kwds))


def listing(*attributes: int) -> bytes:
    return struct.pack(f"<{len(attributes) + 1}H", len(attributes), *attributes)


# -- what they say


@pytest.mark.parametrize("attribute", IDENTITY)
def test_the_identity_says_each_attribute(attribute: int) -> None:
    reply = client().ask(request(0x0E, number(1, 1, attribute)))
    assert (reply.service, reply.status) == (0x8E, 0)
    assert reply.data == IDENTITY[attribute]


def test_the_identity_says_all_its_attributes() -> None:
    reply = client().ask(request(0x01, number(1, 1)))
    assert (reply.service, reply.status) == (0x81, 0)
    assert reply.data.startswith(b"".join(IDENTITY[at] for at in range(1, 8)))


def test_the_identity_says_a_list_of_attributes() -> None:
    reply = client().ask(request(0x03, number(1, 1), listing(7, 1, 6)))
    assert (reply.service, reply.status) == (0x83, 0)
    assert reply.data == struct.pack("<H", 3) + b"".join(
        struct.pack("<HH", at, 0) + IDENTITY[at] for at in (7, 1, 6)
    )


@pytest.mark.parametrize("attribute", TCPIP)
def test_the_interface_says_each_attribute(attribute: int) -> None:
    reply = client().ask(request(0x0E, number(0xF5, 1, attribute)))
    assert (reply.status, reply.data) == (0, TCPIP[attribute])


def test_the_interface_says_all_its_attributes() -> None:
    reply = client().ask(request(0x01, number(0xF5, 1)))
    assert reply.status == 0
    assert reply.data.startswith(b"".join(TCPIP[at] for at in range(1, 7)))


@pytest.mark.parametrize("class_id", [0x01, 0x02, 0x06, 0xF5])
def test_every_class_has_a_revision(class_id: int) -> None:
    one = client()
    for _ in range(2):
        reply = one.ask(request(0x0E, number(class_id, 0, 1)))
        assert reply.status == 0
        assert len(reply.data) == 2


@pytest.mark.parametrize("class_id", [0x01, 0x02, 0x06, 0xF5])
def test_every_object_answers_each_service(class_id: int) -> None:
    one = client()
    for service in range(0x80):
        reply = one.ask(request(service, number(class_id, 1), b"\1\0\1\0\0\0"))
        assert reply.service == service | 0x80


# -- what is refused


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (number(1, 1, 99), 0x14),
        (number(1, 1, 0x1234), 0x14),
        (number(1, 2, 1), 0x05),
        (number(0x99, 1, 1), 0x05),
        (number(0xF5, 1, 99), 0x14),
        (number(22, 1, 9), 0x14),
        (number(22, 9, 1), 0x05),
        (symbol("NOPE"), 0x05),
    ],
)
def test_what_is_unknown_is_refused(path: bytes, status: int) -> None:
    one = client()
    for service, data in ((0x0E, b""), (0x10, bytes(2))):
        reply = one.ask(request(service, path, data))
        assert (reply.service, reply.status) == (service | 0x80, status)
        assert reply.data == b""


def test_a_list_tells_of_each_attribute_how_it_went() -> None:
    reply = client().ask(request(0x03, number(1, 1), listing(1, 99, 8)))
    assert (reply.service, reply.status) == (0x83, 0x0A)
    assert reply.data == struct.pack("<HHH2sHHHH", 3, 1, 0, IDENTITY[1], 99, 0x14, 8,
                                     0) + IDENTITY[8]  # fmt: skip


@pytest.mark.parametrize("data", [b"", b"\1", b"\2\0\1\0", b"\xff\xff", b"\1\0\1"])
def test_a_list_that_is_cut_off_is_not_enough(data: bytes) -> None:
    assert client().ask(request(0x03, number(1, 1), data)).status == 0x13


def test_a_list_of_thousands_is_bounded() -> None:
    one = client(limits=Limits(reply=504))
    for count in (100, 1024, 1025, 30000):
        octets = request(0x03, number(1, 1), listing(*[7] * count))
        takes_at_most(2, partial(one.ask, octets))
        reply = one.ask(octets)
        assert reply.status != 0
        assert len(reply.data) <= 504
    other = client()
    assert other.ask(request(0x03, number(1, 1), listing(*[1] * 1024))).status == 0
    assert other.ask(request(0x03, number(1, 1), listing(*[1] * 30000))).status != 0


@pytest.mark.parametrize("class_id", [0x01, 0xF5])
def test_what_is_fixed_cannot_be_set(class_id: int) -> None:
    one = client()
    known = IDENTITY if class_id == 1 else TCPIP
    for at, octets in known.items():
        for data in (octets, b"", octets + b"\0"):
            reply = one.ask(request(0x10, number(class_id, 1, at), data))
            assert (reply.service, reply.status) == (0x90, 0x0E)
        got = one.ask(request(0x0E, number(class_id, 1, at)))
        assert got.data == octets


def test_a_path_to_no_attribute_is_refused() -> None:
    one = client()
    for service in (0x0E, 0x10):
        assert one.ask(request(service, number(1, 1), bytes(2))).status != 0
        assert one.ask(request(service, number(22, 1), bytes(2))).status != 0


def test_an_attribute_larger_than_the_reply_is_refused() -> None:
    one = client("A@22/1/1=DINT[1000]", limits=Limits(reply=504))
    assert one.ask(request(0x0E, number(22, 1, 1))).status == 0x11
    assert one.ask(request(0x01, number(22, 1))).status in (0x11, 0x08)
    other = client("A@22/1/1=DINT[1000]")
    assert len(other.ask(request(0x0E, number(22, 1, 1))).data) == 4000
    most = client("A@22/1/1=DINT[100000]")
    assert most.ask(request(0x0E, number(22, 1, 1))).status == 0x11


# -- tags as attributes


def test_a_tag_is_got_and_set_whole() -> None:
    one = client()
    octets = bytes(range(20))
    reply = one.ask(request(0x10, number(22, 1, 1), octets))
    assert (reply.service, reply.status, reply.data) == (0x90, 0, b"")
    assert one.ask(request(0x0E, number(22, 1, 1))).data == octets
    assert one.ask(read("SCADA", 10)).data == b"\xc3\0" + octets


def test_a_tag_is_got_and_set_by_name() -> None:
    one = client()
    assert one.ask(request(0x10, "float", struct.pack("<f", 1.5))).status == 0
    assert one.ask(request(0x0E, "FLOAT")).data == struct.pack("<f", 1.5)


@pytest.mark.parametrize(
    ("size", "status"),
    [(0, 0x13), (2, 0x13), (19, 0x13), (21, 0x15), (22, 0x15), (400, 0x15)],
)
def test_a_tag_is_set_whole_or_not_at_all(size: int, status: int) -> None:
    one = client()
    assert one.ask(write("SCADA", 0xC3, 1, b"\7\0")).status == 0
    assert one.ask(request(0x10, number(22, 1, 1), b"\1" * size)).status == status
    assert one.ask(read("SCADA")).data == b"\xc3\0\7\0"


def test_texts_are_set_whole_or_not_at_all() -> None:
    one = client()
    texts = b"\3abc\0\2de"
    path = number(22, 1, 3)
    assert one.ask(request(0x10, path, texts)).status == 0
    assert one.ask(request(0x0E, path)).data == texts
    assert one.ask(request(0x10, path, texts[:-1])).status == 0x13
    assert one.ask(request(0x10, path, b"\1x\0")).status == 0x13
    assert one.ask(request(0x10, path, b"")).status == 0x13
    assert one.ask(request(0x10, path, texts + b"\0")).status == 0x15
    assert one.ask(request(0x0E, path)).data == texts
    long = number(22, 1, 4)
    assert one.ask(request(0x10, long, b"\3\0abc\0")).status == 0
    assert one.ask(request(0x0E, long)).data == b"\3\0abc\0"
    for octets in (b"\4\0abc", b"\5\0abc\0", b"\2\0a", b"\2"):
        assert one.ask(request(0x10, long, octets)).status == 0x13
    assert one.ask(request(0x0E, long)).data == b"\3\0abc\0"


def test_all_of_the_tags_of_an_object_follow_each_other() -> None:
    one = client()
    one.ask(request(0x10, number(22, 1, 2), struct.pack("<f", 1.5)))
    reply = one.ask(request(0x01, number(22, 1)))
    if reply.status == 0:
        assert reply.data == bytes(20) + struct.pack("<f", 1.5) + bytes(3) + bytes(2)
    else:
        assert reply.status == 0x08


def test_a_tag_that_has_an_index_is_no_whole_one() -> None:
    """An element is no attribute: it is answered, and nothing else is changed."""
    one = client()
    path = number(22, 1, 1) + element(3)
    reply = one.ask(request(0x10, path, b"\7\0"))
    value = one.ask(read(symbol("SCADA"), 10)).data[2:]
    if reply.status == 0:
        assert value == bytes(6) + b"\7\0" + bytes(12)
    else:
        assert value == bytes(20)


# -- objects of one's own


class Meter(device.Object):
    """A made-up object with one settable attribute and one service."""

    class_id = 0x93

    def __init__(self) -> None:
        super().__init__("Meter", 3)
        self.add(10, device.Attribute("Speed", UINT, 5), settable=True)
        self.add(11, device.Attribute("Limit", UINT, 9))


def test_an_object_of_ones_own_is_served() -> None:
    of = controller()
    of.add(Meter())
    one = Client(of)
    assert one.ask(request(0x0E, number(0x93, 3, 10))).data == b"\5\0"
    assert one.ask(request(0x10, number(0x93, 3, 10), b"\6\0")).status == 0
    assert one.ask(request(0x0E, number(0x93, 3, 10))).data == b"\6\0"
    assert one.ask(request(0x10, number(0x93, 3, 11), b"\6\0")).status == 0x0E
    assert one.ask(request(0x0E, number(0x93, 3, 12))).status == 0x14
    assert one.ask(request(0x66, number(0x93, 3))).status == 0x08
    assert one.ask(request(0x01, number(0x93, 3))).data == b"\6\0\x09\0"


def answering(what: Any) -> device.Object:
    class Made(device.Object):
        class_id = 0x94

        @device.service(GetAttributeSingle)
        def get(self, request: Any, target: Any, call: Any) -> Any:
            return what

    return Made("Made", 1)


@pytest.mark.parametrize(
    "what",
    [
        None,
        "text",
        5,
        device.Answer(b"", 300),
        device.Answer(b"", 1, (70000,)),
        device.Answer(b"", -1),
    ],
    ids=repr,
)
def test_whatever_a_service_of_ones_own_gives_there_is_a_reply(what: object) -> None:
    of = controller()
    of.add(answering(what))
    one = Client(of)
    reply = one.ask(request(0x0E, number(0x94, 1, 1)))
    assert (reply.service, reply.status != 0) == (0x8E, True)
    assert one.ask(read("SCADA")).status == 0


@pytest.mark.parametrize("size", [500, 65480, 65535, 70000, 200000])
def test_what_a_service_of_ones_own_gives_has_the_size_that_replies_have(
    size: int,
) -> None:
    for most in (504, Limits().reply):
        of = controller(limits=Limits(reply=most))
        of.add(answering(bytes(size)))
        one = Client(of)
        reply = one.ask(request(0x0E, number(0x94, 1, 1)))
        assert reply.status == 0x11 or len(reply.data) <= most - 20
        (got,) = one.send(rr(multiple([request(0x0E, number(0x94, 1, 1))] * 3),
                             one.handle))  # fmt: skip
        assert got.status == 0
        assert len(got.payload) <= most
        assert one.ask(read("SCADA")).status == 0


def test_the_sizes_of_replies_are_those_that_are_written() -> None:
    assert len(ReadTagReply().encode()) == HEAD
    assert len(ReadTagReply(status=0xFF, extended=(0x2105,)).encode()) == REFUSAL
