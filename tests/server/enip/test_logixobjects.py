# SPDX-License-Identifier: Apache-2.0
"""What Logix clients ask when they connect: the program's name, programs, changes."""

from __future__ import annotations

import struct

from asking import Client, number, request
from structured import Tags, built, client, spec

from cpppo.server.enip import device
from cpppo.server.enip.cip.answers import Call

TAGS: Tags = {"N": "DINT", "Program:Main.N": "INT"}


def test_the_programs_name() -> None:
    for name in ("Line_7", "x", "odd"):
        one = client(TAGS, name=name)
        reply = one.ask(request(0x01, number(0x64, 1)))
        assert (reply.service, reply.status) == (0x81, 0)
        assert reply.data == struct.pack("<H", len(name)) + name.encode()
    assert client(TAGS).ask(request(0x01, number(0x64, 1))).status == 0
    # It is no name to ask by, so it may have letters that no request can hold.
    odd = client(TAGS, name="Br\xfccke \u20ac").ask(request(0x01, number(0x64, 1)))
    assert (odd.status, odd.data) == (0, b"\x08\0Br\xfccke ?")


def changes(one: Client) -> bytes:
    data = struct.pack("<6H", 5, 1, 2, 3, 4, 10)
    reply = one.ask(request(0x03, number(0xAC, 1), data))
    assert reply.status == 0
    assert len(reply.data) == 2 + 2 * (4 + 2) + 3 * (4 + 4)
    told = struct.unpack("<H3H3H2HI2HI2HI", reply.data)
    assert told[0] == 5
    assert [told[n] for n in (1, 4, 7, 10, 13)] == [1, 2, 3, 4, 10]
    return reply.data


def test_what_changed_is_known_by_numbers() -> None:
    one = client(TAGS)
    before = changes(one)
    assert changes(one) == before
    one.controller.tags["N"].value = 5
    assert changes(one) == before
    directory = one.controller.directory
    directory.tag(spec(one.controller.types, "M", "DINT"), device.Attribute, {})
    after = changes(one)
    assert after != before
    assert changes(client({**TAGS, "M": "DINT"})) == after
    assert changes(client({**TAGS, "K": "DINT"})) != after


def programs(one: Client, start: int = 0) -> tuple[int, bytes]:
    reply = one.ask(request(0x55, number(0x68, start), b"\1\0\x1c\0"))
    assert reply.service == 0xD5
    return reply.status, reply.data


def test_the_programs() -> None:
    one = client(TAGS, programs=["Empty"])
    several = b"\1\0\0\0\5\0Empty\2\0\0\0\4\0Main"
    assert programs(one) == (0, several)
    assert one.ask(request(0x55, number(0x68, 0), b"\1\0\1\0")).status == 0x14
    assert programs(one, 2) == (0, several[11:])
    assert programs(one, 3) == (0, b"")
    assert programs(client({"N": "DINT"})) == (0, b"")
    of = built(TAGS, programs=[f"Program_{n:02}" for n in range(50)])
    asked = request(0x55, number(0x68, 0), b"\1\0\x1c\0")
    reply = of.answer(asked, Call(100, 100))
    assert (reply[2], len(reply)) == (6, 4 + 6 * 16)
    assert of.answer(asked, Call(19, 19))[2] == 0x11
    assert of.answer(asked, Call(20, 20))[2] == 6
