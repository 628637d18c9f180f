# SPDX-License-Identifier: Apache-2.0
"""Definitions of structures, read as clients read them.

A definition is taken apart by hand: eight octets for each member, then the names.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Sequence
from threading import Barrier, Thread

import pytest
from asking import Client, number, request
from structured import Tags, client, kinds

from cpppo.protocol.enip.datatypes import Types
from cpppo.protocol.enip.structures import StructureType
from cpppo.server.enip import Controller
from cpppo.server.enip.cip.answers import Call
from cpppo.server.enip.database.tags import TagSpec

TAGS: Tags = {"OUT": "Outer", "N": "DINT"}


def measures(one: Client, instance: int, wanted: Sequence[int]) -> dict[int, int]:
    """What a template says of itself; 3 is a value of two octets."""
    data = struct.pack(f"<{len(wanted) + 1}H", len(wanted), *wanted)
    reply = one.ask(request(0x03, number(0x6C, instance), data))
    assert (reply.service, reply.status) == (0x83, 0)
    assert reply.data[:2] == struct.pack("<H", len(wanted))
    found, at = {}, 2
    for each in wanted:
        form = "<HHI" if each in (4, 5) else "<HHH"
        told, status, found[each] = struct.unpack_from(form, reply.data, at)
        assert (told, status) == (each, 0)
        at += struct.calcsize(form)
    assert at == len(reply.data)
    return found


def piece(one: Client, instance: int, offset: int, length: int) -> tuple[int, bytes]:
    data = struct.pack("<IH", offset, length)
    reply = one.ask(request(0x4C, number(0x6C, instance), data))
    assert reply.service == 0xCC
    return reply.status, reply.data


def described(octets: bytes, count: int) -> tuple[str, dict[str, tuple[int, ...]]]:
    """A definition: the structure's name; each member's info, type and offset."""
    names = octets[8 * count :].split(b"\0")
    members = {}
    for nth in range(count):
        name = names[1 + nth].decode()
        members[name] = struct.unpack_from("<HHI", octets, 8 * nth)
    return names[0].decode(), members


def defined(one: Client, name: str) -> tuple[str, dict[str, tuple[int, ...]]]:
    instance = kinds(one, name).instance
    told = measures(one, instance, (4, 5, 2, 1))
    status, octets = piece(one, instance, 0, 4 * told[4] - 21)
    octets_2 = b""
    while status == 6:
        status, octets_2 = piece(one, instance, len(octets), 4 * told[4] - 21)
        octets += octets_2
    assert status == 0
    return described(octets, told[2])


@pytest.mark.parametrize("wanted", [(4, 5, 2, 1), (4, 3, 2, 1), (1, 2, 3, 4, 5), (5,)])
def test_the_measures_in_any_order(wanted: tuple[int, ...]) -> None:
    one = client(TAGS)
    inner = kinds(one, "Inner")
    told = measures(one, inner.instance, wanted)
    known = {1: inner.handle, 2: 4, 3: 0, 5: 12}
    for each in wanted:
        assert each == 4 or told[each] == known[each]


def test_a_structures_definition() -> None:
    one = client(TAGS)
    name, members = defined(one, "Inner")
    assert name.split(";")[0] == "Inner"
    # One letter, then two for each member, hidden ones among them.
    assert len(name.split(";")[1]) == 1 + 2 * 4
    assert members == {
        "ZZZZZZZZZZInner0": (0, 0x00C2, 0),
        "flag": (0, 0x00C1, 0),
        "x": (0, 0x00C3, 2),
        "reals": (2, 0x20CA, 4),
    }


def test_a_structure_in_a_structure() -> None:
    one = client(TAGS)
    inner = kinds(one, "Inner").instance
    _, members = defined(one, "Outer")
    assert members["b7"] == (7, 0xC1, 0)
    assert members["b8"] == (0, 0xC1, 1)
    assert members["bits"] == (2, 0x20D3, 8)
    assert members["one"] == (0, 0x8000 | inner, 16)
    assert members["several"] == (3, 0xA000 | inner, 28)
    assert members["long"] == (0, 0xC5, 64)
    assert members["name"] == (0, 0x8FCE, 72)
    assert members["timer"] == (0, 0x8F83, 160)


def test_a_string_and_a_predefined_structure() -> None:
    one = client(TAGS)
    name, members = defined(one, "STRING")
    assert name.split(";")[0] == "ASCIISTRING82"
    assert members == {"LEN": (0, 0xC4, 0), "DATA": (82, 0x20C2, 4)}
    assert measures(one, 0xFCE, (5, 1)) == {5: 88, 1: 0x0FCE}
    _, members = defined(one, "TIMER")
    assert members["PRE"] == (0, 0xC4, 4)
    assert members["DN"] == (5, 0xC1, 3)
    _, members = defined(one, "Short")
    assert members == {"LEN": (0, 0xC4, 0), "DATA": (20, 0x20C2, 4)}


def test_there_is_as_much_as_any_client_asks_for() -> None:
    one = client(TAGS)
    for kind in one.controller.types:
        words = measures(one, kind.instance, (4,))[4]
        for length in (4 * words - 23, -(-(4 * words - 23) // 4) * 4, 4 * words - 21):
            octets = b""
            while len(octets) < length:
                status, more = piece(
                    one, kind.instance, len(octets), length - len(octets)
                )
                assert more, kind
                octets += more
                assert status == (6 if len(octets) < length else 0)
            assert (
                described(octets, len(kind.members))[0].split(";")[0] == kind.template
            )


def test_a_definition_comes_in_pieces() -> None:
    one = client(TAGS)
    instance = kinds(one, "Outer").instance
    _, whole = piece(one, instance, 0, 400)
    size, octets = len(whole), b""
    assert size > 200
    while len(octets) < size:
        data = struct.pack("<IH", len(octets), size - len(octets))
        asked = request(0x4C, number(0x6C, instance), data)
        reply = one.controller.answer(asked, Call(60, 60))
        assert reply[2] == (6 if size - len(octets) > 56 else 0)
        assert len(reply) == 4 + min(56, size - len(octets))
        octets += reply[4:]
    assert octets == whole
    assert piece(one, instance, 100, 20) == (0, whole[100:120])
    assert piece(one, instance, 1 << 31, 20) == (0, b"")


def test_a_template_that_is_not_there() -> None:
    one = client(TAGS)
    for instance in (1, 0x99, 0xEFF, 0xFFFF):
        assert (
            one.ask(request(0x03, number(0x6C, instance), b"\1\0\1\0")).status == 0x05
        )
        assert piece(one, instance, 0, 10) == (0x05, b"")
    asked = request(0x4C, number(0x6C, 0), struct.pack("<IH", 0, 10))
    assert one.ask(asked).status == 0x08
    assert one.ask(request(0x4D, number(0x6C, 0xFCE), bytes(8))).status == 0x08
    reply = one.ask(request(0x03, number(0x6C, 0xFCE), b"\2\0\1\0\7\0"))
    assert (reply.status, reply.data) == (0x0A, b"\2\0\1\0\0\0\xce\x0f\7\0\x14\0")


def test_a_type_that_only_a_tag_knows_has_a_template() -> None:
    known = Types()
    known.declare({"A": [("b", "B"), ("n", "DINT")], "B": [("x", "INT")]})
    one = Client(Controller([TagSpec("TAG", known["A"])]))
    for name in ("A", "B"):
        kind = known[name]
        assert issubclass(kind, StructureType)
        assert measures(one, kind.instance, (1,)) == {1: kind.handle}


def test_all_declared_types_have_templates_whether_asked_for_or_not() -> None:
    known = Types()
    known.declare({"A": [("n", "DINT")], "B": [("x", "INT")]})
    one = Client(Controller(types=known))
    count = one.ask(request(0x0E, number(0x6C, 0, 3))).data
    assert struct.unpack("<H", count)[0] == len(list(known))
    for instance in (0x100, 0x101):
        assert measures(one, instance, (2,))[2] == 1


def test_a_type_that_cannot_be_is_no_template(caplog: pytest.LogCaptureFixture) -> None:
    wrong = Types()
    wrong.declare({"T": [("a", "NOPE")]})
    one = Client(Controller(types=wrong))
    asked = request(0x03, number(0x6C, 0x105), b"\1\0\2\0")
    assert one.ask(asked).status == 0x05
    assert "no type 'NOPE'" in caplog.text


def test_templates_are_asked_for_by_several_at_once() -> None:
    known = Types()
    known.declare({f"T{n}": [("a", f"T{n + 1}[2]")] for n in range(30)})
    known.declare({"T30": [("a", "BOOL")]})
    made: list[object] = []
    of = Controller(types=known)
    together = Barrier(4)

    def asking(one: Client) -> None:
        asked = request(0x0E, number(0x6C, 0, 3))
        together.wait()
        made.append(one.ask(asked).data)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [Thread(target=asking, args=(Client(of),)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert made == [struct.pack("<H", 36)] * 4
