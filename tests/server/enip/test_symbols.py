# SPDX-License-Identifier: Apache-2.0
"""The list of tags, as clients browse it: scopes, order, pieces, and each symbol.

Requests and entries are taken apart by hand: what attributes a client asks for, in
which order, is what it finds.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from time import process_time
from typing import Any

import pytest
from asking import Client, number, read, request
from structured import Tags, at, client, kinds, spec, types

from cpppo.protocol.enip.status import Status
from cpppo.server.enip import Controller, device
from cpppo.server.enip.cip.answers import Call
from cpppo.server.enip.database.tags import TagError, TagSpec

TAGS: Tags = {
    "ONE": "Inner",
    "OUTS": "Outer[4]",
    "CUBE": "Inner[2,3,4]",
    "TEXT": "STRING",
    "BITS": "BOOL[100]",
    "FLAG": "BOOL",
    "N": ("DINT[10]", {"access": "read-only"}),
    "GRID": ("INT[2,3]", {"access": "none"}),
    "A": "=OUTS",
    "A_BIT": "=N[1].13",
    "A_X": "=CUBE[1,1,1].x",
    "Program:Main.N": "INT",
    "Program:Main.OUT": "Outer[2]",
    "Program:Main.A": "=ONE",
}
FORMS = {2: "H", 3: "I", 5: "I", 6: "I", 7: "H", 8: "3I", 10: "B"}

Entry = dict[int, Any]


def entries(data: bytes, wanted: Sequence[int]) -> list[Entry]:
    """The entries of a reply: the attributes by their numbers, 0 for the instance."""
    found, at = [], 0
    while at < len(data):
        one: Entry = {0: struct.unpack_from("<I", data, at)[0]}
        at += 4
        for attribute in wanted:
            if attribute == 1:
                (size,) = struct.unpack_from("<H", data, at)
                one[1] = data[at + 2 : at + 2 + size].decode()
                at += 2 + size
            else:
                form = "<" + FORMS[attribute]
                values = struct.unpack_from(form, data, at)
                one[attribute] = values if len(values) > 1 else values[0]
                at += struct.calcsize(form)
        found.append(one)
    assert at == len(data)
    return found


def asking(wanted: Sequence[int], start: int = 0, scope: str = "") -> bytes:
    path = (at(scope) if scope else b"") + number(0x6B, start)
    data = struct.pack(f"<{len(wanted) + 1}H", len(wanted), *wanted)
    return request(0x55, path, data)


def listed(
    one: Client, wanted: Sequence[int] = (1, 2, 8), scope: str = "", start: int = 0
) -> list[Entry]:
    """All of a scope, in as many requests as it takes."""
    found: list[Entry] = []
    while True:
        reply = one.ask(asking(wanted, start, scope))
        assert reply.service == 0xD5
        assert reply.status in (0, 6)
        some = entries(reply.data, wanted)
        found += some
        if reply.status == 0:
            return found
        assert some
        start = some[-1][0] + 1


def test_the_controllers_list_has_programs_and_tags() -> None:
    one = client(TAGS)
    names = [each[1] for each in listed(one)]
    assert names == [
        "Program:Main", *[name for name in TAGS if not name.startswith("Program:")]
    ]  # fmt: skip
    assert [each[0] for each in listed(one)] == list(range(1, 13))


def test_a_programs_list_has_its_own() -> None:
    one = client(TAGS, programs=["Empty", "program:other"])
    for scope in ("Program:Main", "PROGRAM:main"):
        for start in (0, 1):
            several = listed(one, scope=scope, start=start)
            assert [each[1] for each in several] == ["N", "OUT", "A"]
            assert [each[0] for each in several] == [1, 2, 3]
    assert listed(one, scope="Program:Empty") == []
    names = {each[1] for each in listed(one)}
    assert {"Program:Main", "Program:Empty", "Program:other"} <= names
    for scope in ("Program:Nope", "Main", "N"):
        assert one.ask(asking((1,), scope=scope)).status in (0x04, 0x05)


def test_each_type_is_said_as_clients_know_it() -> None:
    one = client(TAGS)
    own = {name: kinds(one, name).instance for name in ("Inner", "Outer")}
    said = {each[1]: (each[2], each[8]) for each in listed(one)}
    assert said == {
        "Program:Main": (0x1068, (0, 0, 0)),
        "ONE": (0x8000 | own["Inner"], (0, 0, 0)),
        "OUTS": (0xA000 | own["Outer"], (4, 0, 0)),
        "CUBE": (0xE000 | own["Inner"], (2, 3, 4)),
        "TEXT": (0x8FCE, (0, 0, 0)),
        "BITS": (0x20D3, (4, 0, 0)),
        "FLAG": (0x00C1, (0, 0, 0)),
        "N": (0x20C4, (10, 0, 0)),
        "GRID": (0x40C3, (2, 3, 0)),
        "A": (0xA000 | own["Outer"], (4, 0, 0)),
        "A_BIT": (0x05C1, (0, 0, 0)),
        "A_X": (0x00C3, (0, 0, 0)),
    }


def test_what_else_a_symbol_says() -> None:
    one = client(TAGS)
    several = {each[1]: each for each in listed(one, (1, 3, 5, 6, 7, 10))}
    assert {name for name, each in several.items() if not each[6] & 1 << 26} == {
        "A", "A_BIT", "A_X"
    }  # fmt: skip
    sizes = {name: several[name][7] for name in ("ONE", "OUTS", "TEXT", "BITS", "N")}
    assert sizes == {"ONE": 12, "OUTS": 176, "TEXT": 88, "BITS": 4, "N": 4}
    assert [several[name][10] for name in ("ONE", "N", "GRID")] == [0, 2, 3]
    assert len({each[3] for each in several.values()}) == len(several)


@pytest.mark.parametrize(
    "wanted",
    [
        (1, 2, 3, 5, 6, 8, 10),
        (1, 2, 8),
        (2, 7, 8, 1),
        (1,),
        (10, 8, 7, 6, 5, 3, 2, 1),
        (2, 2, 1, 1),
        (),
    ],
)
def test_attributes_are_in_the_order_asked_for(wanted: tuple[int, ...]) -> None:
    one = client(TAGS)
    known = {each[0]: each for each in listed(one, (1, 2, 3, 5, 6, 7, 8, 10))}
    for each in listed(one, wanted):
        assert each == {0: each[0]} | {n: known[each[0]][n] for n in wanted}


def test_an_attribute_that_no_symbol_has() -> None:
    one = client(TAGS)
    for wanted in ((4,), (1, 2, 9), (1, 0x100)):
        reply = one.ask(asking(wanted))
        assert (reply.status, reply.data) == (0x14, b"")


def test_a_list_goes_on_where_it_was_cut() -> None:
    tags: Tags = {f"TAG_{n:04}": "DINT" for n in range(300)}
    one = client(tags)
    reply = one.ask(asking((1, 2, 8)))
    # Whole entries, as many as there is room for.
    assert reply.status == 6
    assert 488 - 28 < len(reply.data) <= 488
    assert len(reply.data) % 28 == 0
    assert [each[1] for each in listed(one)] == list(tags)
    assert [each[1] for each in listed(one, start=100)] == list(tags)[99:]
    for start in (301, 65535):
        reply = one.ask(asking((1,), start))
        assert (reply.status, reply.data) == (0, b"")


def test_a_reply_with_no_room_for_one_is_too_large() -> None:
    one = client({"N" * 200: "DINT"})
    asked = asking((1, 2, 8))
    for room in (10, 100, 220):
        reply = one.controller.answer(asked, Call(room, room))
        assert reply[2] == Status.REPLY_TOO_LARGE
    whole = len(one.controller.answer(asked, Call(300, 300)))
    assert whole == 4 + 4 + 2 + 200 + 2 + 12
    assert one.controller.answer(asked, Call(whole, whole))[2] == 0
    assert one.controller.answer(asked, Call(whole - 1, whole))[2] != 0


def test_one_symbol_alone() -> None:
    one = client(TAGS)
    path = number(0x6B, 8)
    assert one.ask(request(0x0E, number(0x6B, 8, 1))).data == b"\1\0N"
    assert one.ask(request(0x0E, number(0x6B, 8, 2))).data == b"\xc4\x20"
    reply = one.ask(request(0x03, path, struct.pack("<4H", 3, 1, 9, 10)))
    assert reply.status == 0x0A
    assert reply.data == b"\3\0\1\0\0\0\1\0N\x09\0\x14\0\x0a\0\0\0\2"
    assert one.ask(request(0x0E, number(0x6B, 8, 9))).status == 0x14
    assert one.ask(request(0x0E, path)).status != 0
    assert one.ask(request(0x0E, number(0x6B, 99, 1))).status == 0x05
    assert one.ask(request(0x10, number(0x6B, 8, 1), b"\1\0M")).status == 0x0E
    assert one.ask(request(0x10, path, bytes(40))).status == 0x0E
    assert not any(one.controller.tags["N"].produce())


def test_what_the_class_says() -> None:
    one = client(TAGS)
    assert one.ask(request(0x0E, number(0x6B, 0, 2))).data == b"\x0c\0"
    assert one.ask(request(0x0E, number(0x6B, 0, 3))).data == b"\x0c\0"
    path = at("Program:Main") + number(0x6B, 0, 2)
    assert one.ask(request(0x0E, path)).data == b"\3\0"


def test_a_tag_that_comes_later_is_listed_last() -> None:
    one = client(TAGS)
    before = listed(one)
    directory = one.controller.directory
    known = one.controller.types
    directory.tag(spec(known, "LATER", "DINT"), device.Attribute, {})
    directory.tag(spec(known, "Program:New.X", "DINT"), device.Attribute, {})
    after = listed(one)
    assert after[: len(before)] == before
    assert {each[1] for each in after[len(before) :]} == {"LATER", "Program:New"}
    assert [each[1] for each in listed(one, scope="program:new")] == ["X"]
    found = next(each[0] for each in after if each[1] == "LATER")
    assert one.ask(read(number(0x6B, found))).data == b"\xc4\0" + bytes(4)


class Between(dict[str, str]):
    """Names; something happens after they were looked at for the first time."""

    def __init__(self, names: dict[str, str], then: Callable[[], None]) -> None:
        super().__init__(names)
        self.then = then

    def items(self) -> Any:
        found = list(super().items())
        self.then()
        return found


def test_a_tag_that_comes_while_the_list_is_made_is_in_its_program() -> None:
    one = client(TAGS)
    directory = one.controller.directory
    listed(one)

    def come() -> None:
        directory.names = dict(directory.names)
        directory.programs = dict(directory.programs)
        directory.tag(spec(one.controller.types, new, "DINT"), device.Attribute, {})

    # Whichever is looked at first, the tag comes right after that.
    new = "Program:New.X"
    directory.names = Between(directory.names, come)
    directory.programs = Between(directory.programs, come)
    directory.tag(spec(one.controller.types, "LATER", "DINT"), device.Attribute, {})
    for _ in range(2):
        assert new not in {each[1] for each in listed(one)}
    assert {"Program:New", "LATER"} <= {each[1] for each in listed(one)}
    assert [each[1] for each in listed(one, scope="Program:New")] == ["X"]


def test_a_name_that_no_request_can_hold_is_refused() -> None:
    with pytest.raises(TagError, match="a name has the letters of Latin 1") as told:
        Controller([TagSpec("A"), TagSpec("TANK_\u20ac")])
    assert (told.value.text, told.value.start) == ("TANK_\u20ac", 5)
    for name in ("\u20ac", "Program:\u20ac"):
        with pytest.raises(TagError, match="a name has the letters of Latin 1"):
            Controller(programs=[name])
    one = Client(Controller([TagSpec("Z\xfcrich"), TagSpec("A")], programs=["\xdc"]))
    names = b"".join(struct.pack("<H", len(each)) + each for each in (b"A",))
    reply = one.ask(asking((1,)))
    assert reply.status == 0
    assert b"Z\xfcrich" in reply.data
    assert b"Program:\xdc" in reply.data
    assert reply.data.endswith(names)


def test_a_size_that_does_not_fit_is_as_large_as_can_be_said() -> None:
    known = types()
    known.declare_text("Long", 0xFFFF)
    known.declare_text("Least", 0xFFFF - 7)
    specs = [TagSpec(name, known[name]) for name in ("Long", "Least")]
    one = Client(Controller(specs, types=known))
    assert [each[7] for each in listed(one, (1, 7))] == [0xFFFF, 0xFFFC]


def test_symbols_in_a_packet_and_a_path_with_more() -> None:
    one = client(TAGS)
    outer, replies = one.all([asking((1, 2, 8)), read("FLAG")])
    assert outer.status == 0
    assert [each.status for each in replies] == [0, 0]
    path = number(0x6B, 0) + b"\x30\x01"
    assert one.ask(request(0x55, path, b"\1\0\1\0")).status == 0x04
    assert one.ask(request(0x55, number(0x6B, 0), b"\2\0\1\0")).status == 0x13


def test_a_tag_of_the_users_in_these_classes_is_there() -> None:
    known = types()
    specs = [
        spec(known, f"T{at[0]:X}", "DINT", address=at, value=7)
        for at in ((0x6B, 1, 1), (0x6C, 1, 1), (0x8B, 1, 1), (0x64, 1, 1), (0x68, 1, 1))
    ]
    one = Client(Controller(specs, types=known))
    for each in specs:
        assert each.address is not None
        assert one.ask(request(0x0E, number(*each.address))).data == b"\7\0\0\0"
        assert one.ask(read(each.name)).data == b"\xc4\0\7\0\0\0"
    assert [each[1] for each in listed(one)] == [each.name for each in specs]


def test_many_tags_are_there_at_once_and_listed_soon() -> None:
    known = types()
    inner = known["Inner"]
    specs = [TagSpec(f"Area_{n % 7}_Tag_{n:05}", inner) for n in range(10_000)]
    began = process_time()
    one = Controller(specs, types=known)
    made = process_time()
    wanted, start, count = (1, 2, 3, 5, 6, 8, 10), 0, 0
    while True:
        reply = one.answer(asking(wanted, start), Call(3998, 3998))
        some = entries(reply[4:], wanted)
        count += len(some)
        start = some[-1][0] + 1
        if not reply[2]:
            break
    assert count == 10_000
    # What it takes is a tenth of that; a machine may be slow.
    assert made - began < 5
    assert process_time() - made < 8
