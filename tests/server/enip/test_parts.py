# SPDX-License-Identifier: Apache-2.0
"""Parts of tags: members however deep, elements, bits; programs, aliases and access.

A part shares the octets of the whole.  What is random is compared with a structure in
plain Python, and prints its seed.
"""

from __future__ import annotations

import struct
import sys
from random import Random
from threading import Thread
from typing import Any

import pytest
from asking import (
    Client,
    element,
    multiple,
    number,
    read,
    read_on,
    replies_in,
    request,
    write,
    write_on,
)
from structured import INNER, Tags, at, built, client, handle, spec, types, whole

from cpppo.server.enip import Controller, device
from cpppo.server.enip.database.tags import TagError

TAGS: Tags = {
    "ONE": "Inner",
    "OUT": "Outer",
    "OUTS": "Outer[4]",
    "CUBE": "Inner[2,2]",
    "TEXT": "STRING",
    "BITS": "BOOL[64]",
    "N": "DINT[10]",
    "Program:Main.N": "INT",
    "Program:Main.OUT": "Outer[2]",
}
WRITERS = ("attribute.py", "part.py", "tagged.py")
OUT_OF_RANGE = (0xFF, (0x2105,))
MISMATCH = (0xFF, (0x2107,))


def test_a_member_is_read_and_written_by_its_name() -> None:
    one = client(TAGS)
    for _ in range(2):
        assert one.ask(write(at("ONE", "x"), 0xC3, 1, b"\xfe\xff")).status == 0
        assert one.ask(read(at("one", "X"))).data == b"\xc3\0\xfe\xff"
    assert one.controller.tags["ONE"].value["x"] == -2


def test_a_member_as_deep_as_it_is() -> None:
    one = client(TAGS)
    path = at("OUTS", 2, "several", 1, "reals", 1)
    assert one.ask(write(path, 0xCA, 1, struct.pack("<f", 2.5))).status == 0
    assert one.controller.tags["OUTS"][2]["several"][1]["reals"] == [0, 2.5]
    for _ in range(2):
        assert one.ask(read(path)).data == b"\xca\0" + struct.pack("<f", 2.5)
    both = one.ask(read(at("OUTS", 2, "several", 1, "reals"), 2))
    assert both.data == b"\xca\0" + struct.pack("<2f", 0, 2.5)


def test_a_member_that_is_a_structure() -> None:
    one = client(TAGS)
    octets = INNER.pack(1, 5, 1, 2)
    path = at("OUT", "several", 1)
    assert one.ask(whole(one, "Inner", path, 2, octets * 2)).status == 0
    for _ in range(2):
        reply = one.ask(read(at("OUT", "several"), 3))
        assert reply.data == handle(one, "Inner") + bytes(12) + octets * 2
    assert one.ask(read(at("OUT", "several", 2), 1)).data[4:] == octets
    assert one.ask(read(at("OUT", "one"))).data[4:] == bytes(12)


def test_a_member_ends_where_it_ends() -> None:
    one = client(TAGS)
    for path, count in (
        (at("OUT", "several", 1), 3),
        (at("OUT", "several", 3), 1),
        (at("OUT", "several"), 4),
        (at("OUT", "count"), 2),
        (at("OUT", "count", 1), 1),
        (at("OUT", "several", 3, "x"), 1),
        (at("OUTS", 4, "count"), 1),
        (at("CUBE", 0, 2, "x"), 1),
        (at("OUT", "one", "reals", 0, 0), 1),
        (at("OUT", "bits", 1), 2),
        (at("OUT", "b3"), 2),
    ):
        for _ in range(2):
            for asked in (read(path, count), read_on(path, count)):
                reply = one.ask(asked)
                assert (reply.status, reply.extended) == OUT_OF_RANGE, path
    data = request(
        0x4D, at("OUT", "several", 2), handle(one, "Inner") + b"\2\0" + b"a" * 24
    )
    for _ in range(2):
        assert one.ask(data).extended == (0x2105,)
    assert not any(one.controller.tags["OUT"].produce())


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (at("OUT", "nope"), 0x05),
        (at("OUT", "one", "nope"), 0x05),
        (at("OUT", "count", "nope"), 0x05),
        (at("N", "nope"), 0x05),
        (at("N", 1, "nope"), 0x05),
        (at("OUT", ""), 0x05),
        (at("NOPE", "x"), 0x05),
        (at("Program:Main"), 0x05),
        (at("Program:Main", "nope"), 0x05),
        (at("Program:Nope", "N"), 0x05),
        (at("OUT", "x.y"), 0x05),
        (at("OUT") + b"\x20\x02", 0x04),
        (at("OUT") + b"\x24\x01" + at("count"), 0x04),
        (at("OUT") + b"\x30\x01", 0x04),
        (element(1) + at("OUT"), 0x04),
    ],
)
def test_what_leads_nowhere(path: bytes, status: int) -> None:
    one = client(TAGS)
    for asked in (read(path), write(path, 0xC4, 1, b"1234")):
        for _ in range(2):
            assert one.ask(asked).status == status


def test_a_tag_with_a_dot_comes_before_a_member() -> None:
    one = client({"A": "Inner", "A.x": "DINT"})
    assert one.ask(read(at("A", "x"))).data == b"\xc4\0" + bytes(4)
    assert one.ask(read(at("A", "reals"))).data == b"\xca\0" + bytes(4)


def test_a_tag_that_comes_later_has_its_name_at_once() -> None:
    known = types()
    one = Client(Controller([spec(known, "A", "Inner")], types=known))
    for _ in range(2):
        assert one.ask(read(at("A", "x"))).data == b"\xc3\0\0\0"
    one.controller.directory.tag(spec(known, "A.x", "DINT"), device.Attribute, {})
    assert one.ask(read(at("A", "x"))).data == b"\xc4\0" + bytes(4)


# -- BOOLs


@pytest.mark.parametrize("nth", range(9))
def test_a_bool_member_is_one_bit(nth: int) -> None:
    one = client(TAGS)
    tag = one.controller.tags["OUT"]
    path = at("OUT", f"b{nth}")
    others = bytearray(b"\xff\x01" if nth % 2 else b"\0\0")
    for octet, read_as in ((b"\xff", b"\xff"), (b"\0", b"\0"), (b"\1", b"\xff")):
        tag.storage.octets[:2] = others
        for _ in range(2):
            assert one.ask(write(path, 0xC1, 1, octet)).status == 0
            assert one.ask(read(path)).data == b"\xc1\0" + read_as
            assert one.ask(read_on(path)).data == b"\xc1\0" + read_as
        expected = bytearray(others)
        expected[nth // 8] &= ~(1 << nth % 8)
        if octet != b"\0":
            expected[nth // 8] |= 1 << nth % 8
        assert tag.produce()[:2] == expected
        assert not any(tag.produce()[2:])


def test_a_bool_member_takes_bools_alone() -> None:
    one = client(TAGS)
    path = at("OUT", "b1")
    assert one.ask(write(path, 0xC4, 1, b"\1\0\0\0")).extended == (0x2107,)
    assert one.ask(write(path, 0xC1, 1, b"")).status == 0x13
    assert one.ask(request(0x4E, path, b"\1\0\2\xff")).extended == (0x2107,)
    assert one.ask(write_on(path, 0xC1, 1, 0, b"\1")).status == 0
    assert one.controller.tags["OUT"].value["b1"] is True


def test_the_bools_of_predefined_structures() -> None:
    one = client(TAGS)
    for name, bit in (("EN", 31), ("TT", 30), ("DN", 29)):
        assert one.ask(write(at("OUT", "timer", name), 0xC1, 1, b"\xff")).status == 0
        hidden = one.ask(read(at("OUT", "timer", "CTL"))).data
        assert struct.unpack("<HI", hidden)[1] >> bit & 1
    assert hidden == b"\xc4\0\0\0\0\xe0"


def test_a_bool_array_member_is_words() -> None:
    one = client(TAGS)
    path = at("OUT", "bits", 1)
    assert one.ask(write(path, 0xD3, 1, b"\1\0\0\x80")).status == 0
    bits = one.controller.tags["OUT"].value["bits"]
    assert [n for n, bit in enumerate(bits) if bit] == [32, 63]
    assert one.ask(request(0x4E, path, b"\4\0\2\0\0\0\xfe\xff\xff\xff")).status == 0
    for _ in range(2):
        reply = one.ask(read(at("OUT", "bits"), 2))
        assert reply.data == b"\xd3\0\0\0\0\0\2\0\0\x80"


def test_the_parts_of_a_string() -> None:
    one = client(TAGS)
    one.controller.tags["OUT"].value = {"name": "hello"}
    assert one.ask(read(at("OUT", "name", "LEN"))).data == b"\xc4\0\5\0\0\0"
    assert one.ask(read(at("OUT", "name", "DATA", 1), 4)).data == b"\xc2\0ello"
    assert one.ask(write(at("OUT", "name", "data", 0), 0xC2, 1, b"j")).status == 0
    assert one.ask(write(at("TEXT", "LEN"), 0xC4, 1, b"\2\0\0\0")).status == 0
    assert one.ask(write(at("TEXT", "DATA"), 0xC2, 2, b"no")).status == 0
    assert one.controller.tags["OUT"].value["name"] == "jello"
    assert one.controller.tags["TEXT"].value == "no"


def test_threads_that_write_bits_lose_none() -> None:
    of = built(TAGS)
    several = [Client(of) for _ in range(4)]
    wrong: list[int] = []

    def work(nth: int) -> None:
        one = several[nth]
        path = at("OUT", f"b{nth}")
        # Two write members, two the same octet by masks: none of their bits meet.
        keep = struct.pack("<B", 0xFF & ~(1 << nth))
        for turn in range(300):
            if nth < 2:
                asked = write(path, 0xC1, 1, b"\xff" if turn % 2 else b"\0")
            else:
                ones = bytes((turn % 2 << nth,))
                host = at("OUT", "ZZZZZZZZZZOuter0")
                asked = request(
                    0x4E, host, b"\1\0" + ones + (b"\xff" if turn % 2 else keep)
                )
            wrong.append(one.ask(asked).status)
            if one.ask(read(path)).data[2:] != (b"\xff" if turn % 2 else b"\0"):
                wrong.append(-1)

    threads = [Thread(target=work, args=(nth,)) for nth in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(wrong) == {0}


@pytest.mark.parametrize(
    ("tag", "asked", "mine"),
    [
        ("OUT", write(at("OUT", "b1"), 0xC1, 1, b"\xff"), b"\2"),
        ("OUT", write(at("OUT", "b1"), 0xC1, 1, b"\0"), b"\2"),
        ("BITS", request(0x4E, at("BITS", 0), b"\4\0\1\0\0\0" + b"\xff" * 4), b"\1"),
        (
            "N",
            request(0x4E, at("N", 0), b"\4\0" + bytes(4) + b"\xfe\xff\xff\xff"),
            b"\1",
        ),
        ("A_BIT", write("A_BIT", 0xC1, 1, b"\xff"), b"\0\0\0\0\x20"),
    ],
)
def test_what_others_write_at_any_moment_is_kept(
    tag: str, asked: bytes, mine: bytes
) -> None:
    one = client({**TAGS, "A_BIT": "=N[1].5"})
    storage = one.controller.tags[tag].storage
    size, ones, turns = len(mine), int.from_bytes(mine, "little"), 0
    last = there = (1 << 8 * size) - 1 & ~ones
    storage.octets[:size] = last.to_bytes(size, "little")
    lost: list[int] = []

    def between(frame: Any, event: str, _: object) -> Any:
        nonlocal turns, last
        if not frame.f_code.co_filename.endswith(WRITERS):
            return None
        turns += 1
        if int.from_bytes(storage.octets[:size], "little") & ~ones != last:
            lost.append(frame.f_lineno)
        # As others do it: all octets at once, and other ones each time.
        last = turns * 0x51A3_51A3_51 & there
        storage.octets[:size] = last.to_bytes(size, "little")
        return between

    before = sys.gettrace()
    sys.settrace(between)
    try:
        reply = one.ask(asked)
    finally:
        sys.settrace(before)
    assert reply.status == 0
    assert turns > 10
    assert not lost


# -- by number, in programs


def test_a_programs_tags_have_their_own_names() -> None:
    one = client(TAGS)
    one.controller.tags["Program:Main.N"].value = 7
    for path in (
        at("Program:Main", "N"),
        at("PROGRAM:MAIN", "n"),
        at("Program:Main.N"),
    ):
        for _ in range(2):
            assert one.ask(read(path)).data == b"\xc3\0\7\0"
    path = at("program:main", "out", 1, "several", 2, "x")
    assert one.ask(write(path, 0xC3, 1, b"\5\0")).status == 0
    assert one.controller.tags["Program:Main.OUT"][1]["several"][2]["x"] == 5
    assert one.ask(read(at("N"))).data == b"\xc4\0" + bytes(4)


@pytest.mark.parametrize("code", [0x24, 0x25, 0x26, 0x27])
def test_a_tag_by_the_number_of_its_symbol(code: int) -> None:
    one = client(TAGS)
    one.controller.tags["N"][3] = 33
    one.controller.tags["OUTS"][1] = {"one": {"x": 4}}
    # One program comes first, then the tags in their order.
    names = ["ONE", "OUT", "OUTS", "CUBE", "TEXT", "BITS", "N"]

    def by(name: str) -> bytes:
        found = names.index(name) + 2
        wide = {0x24: bytes((code, found)), 0x25: struct.pack("<BxH", code, found)}
        return b"\x20\x6b" + wide.get(code, struct.pack("<BxI", code, found))

    for _ in range(2):
        assert one.ask(read(by("N") + element(3))).data == b"\xc4\0\x21\0\0\0"
        reply = one.ask(read(by("OUTS") + at(1, "one", "x")))
        assert reply.data == b"\xc3\0\4\0"
        assert one.ask(write(by("N"), 0xC4, 2, b"\1\0\0\0\2\0\0\0")).status == 0
    assert one.controller.tags["N"][0:4] == [1, 2, 0, 33]
    assert one.ask(read(by("N") + element(10))).extended == (0x2105,)
    assert one.ask(read(by("N") + at("x"))).status == 0x05
    for wrong in (b"\x20\x6b\x24\x01", b"\x20\x6b\x24\x40", b"\x20\x6b\x24\x00"):
        assert one.ask(read(wrong)).status in (0x05, 0x08, 0x14)


def test_a_programs_tag_by_its_number() -> None:
    one = client(TAGS)
    one.controller.tags["Program:Main.N"].value = 7
    path = at("Program:Main") + number(0x6B, 1)
    assert one.ask(read(path)).data == b"\xc3\0\7\0"
    assert one.ask(read(at("Program:Nope") + number(0x6B, 1))).status == 0x05
    assert one.ask(read(at("Program:Main") + number(0x01, 1))).status == 0x05


# -- aliases


ALIASES: Tags = {
    **TAGS,
    "A_ALL": "=OUT",
    "A_ELEMENT": "=N[3]",
    "A_MEMBER": "=OUTS[1].several[2]",
    "A_ARRAY": "=OUT.several",
    "A_BIT": "=N[1].5",
    "A_BOOL": "=BITS[37]",
    "A_MEMBER_BOOL": "=OUT.b3",
    "A_CUBE": "=CUBE[1, 0].x",
    "A_AGAIN": "=A_LATER.x",
    "A_LATER": "=A_MEMBER",
    "A_PROGRAM": "=Program:Main.N",
    "Program:Main.A": "=OUT.count",
}


def test_an_alias_is_another_name() -> None:
    one = client(ALIASES)
    tags = one.controller.tags
    tags["OUT"].value = {
        "count": 5,
        "b3": True,
        "several": [{"x": n} for n in range(3)],
    }
    tags["OUTS"][1] = {"several": [{}, {}, {"x": 8}]}
    tags["N"][0:4] = [0, 0x20, 0, 33]
    tags["BITS"][1] = 1 << 5
    tags["CUBE"][2] = {"x": 12}
    tags["Program:Main.N"].value = 44
    for path, data in (
        (at("A_ALL", "count"), b"\xc4\0\5\0\0\0"),
        (at("a_element"), b"\xc4\0\x21\0\0\0"),
        (at("A_MEMBER", "x"), b"\xc3\0\x08\0"),
        (at("A_ARRAY", 2, "x"), b"\xc3\0\2\0"),
        (at("A_BIT"), b"\xc1\0\xff"),
        (at("A_BOOL"), b"\xc1\0\xff"),
        (at("A_MEMBER_BOOL"), b"\xc1\0\xff"),
        (at("A_CUBE"), b"\xc3\0\x0c\0"),
        (at("A_AGAIN"), b"\xc3\0\x08\0"),
        (at("A_PROGRAM"), b"\xc3\0\x2c\0"),
        (at("Program:Main", "A"), b"\xc4\0\5\0\0\0"),
    ):
        for _ in range(2):
            assert one.ask(read(path)).data == data, path
    assert one.ask(write(at("A_BIT"), 0xC1, 1, b"\0")).status == 0
    assert one.ask(write(at("A_AGAIN"), 0xC3, 1, b"\1\0")).status == 0
    assert one.ask(write(at("A_ELEMENT"), 0xC4, 1, b"\1\0\0\0")).status == 0
    assert one.ask(read(at("A_ELEMENT"), 2)).extended == (0x2105,)
    assert tags["N"][0:4] == [0, 0, 0, 1]
    assert tags["OUTS"][1]["several"][2]["x"] == 1
    assert tags["A_AGAIN"].value == 1


@pytest.mark.parametrize(
    ("of", "problem"),
    [
        ("NOPE", "no such tag"),
        ("OUT.nope", "no such tag"),
        ("N[10]", "no such element"),
        ("N[1,2]", "no such tag"),
        ("CUBE[2,0]", "no such tag"),
        ("N[1].32", "no bit 32"),
        ("OUT.one.5", "no bit 5"),
        ("BITS[64]", "64 BOOLs"),
        ("SELF", "no such tag"),
        ("N[", "no name or [index]"),
        ("", "no name or [index]"),
        ("[3]", "no name or [index]"),
        ("Program:Main", "no such tag"),
        ("OUTS[1]count", "no name or [index] at 'count'"),
        ("OUT[0,0,0,0]", "no name or [index] at '[0,0,0,0]'"),
        ("N[1].5.6", "no such tag"),
    ],
)
def test_an_alias_of_nothing_is_an_error(of: str, problem: str) -> None:
    with pytest.raises(TagError) as caught:
        built({**TAGS, "SELF": "=" + of if of else "=", "OTHER": "=ONE"})
    assert problem in str(caught.value)


def test_an_alias_has_the_access_of_what_it_is() -> None:
    only = {"access": "read-only"}
    tags: Tags = {"N": ("DINT", only), "A": ("=N.3", only), "B": "=A"}
    one = client(tags)
    assert one.controller.tags["B"].access == "read-only"
    assert one.ask(write("B", 0xC1, 1, b"\1")).status == 0x0F
    with pytest.raises(TagError, match="its access is that of what it is: read/write"):
        built({"N": "DINT", "A": ("=N", only)})


def test_texts_that_differ_in_length_have_aliases_of_all_alone() -> None:
    tags: Tags = {"S": ("SSTRING[2]", {"value": ["a", "bc"]}), "A": "=S"}
    assert client(tags).ask(read("A", 2)).data == b"\xda\0\1a\2bc"
    with pytest.raises(TagError, match="an alias is of all of them"):
        built({**tags, "B": "=S[1]"})


def test_an_alias_of_a_name_with_blanks() -> None:
    one = client({"My Tag": "DINT[3]", "A": "=My Tag[1].3"})
    assert one.ask(write("A", 0xC1, 1, b"\1")).status == 0
    assert one.controller.tags["My Tag"][1] == 8


def test_aliases_in_a_circle_are_an_error() -> None:
    with pytest.raises(TagError, match="no such tag"):
        built({"A": "=B", "B": "=C", "C": "=A"})


# -- what clients may


def test_what_may_only_be_read() -> None:
    one = client({"R": ("Inner", {"access": "read-only", "value": {"x": 3}})})
    for path, code in ((at("R", "x"), 0xC3), (at("R", "flag"), 0xC1)):
        for _ in range(2):
            assert one.ask(read(path)).status == 0
            assert one.ask(write(path, code, 1, b"\1\0")).status == 0x0F
    for _ in range(2):
        assert one.ask(read("R")).status == 0
        assert one.ask(whole(one, "Inner", at("R"), 1, bytes(12))).status == 0x0F
    assert one.ask(request(0x4E, at("R", "x"), b"\2\0\0\0\0\0")).status == 0x0F
    one.controller.tags["R"].value = {"x": 5}
    assert one.ask(read(at("R", "x"))).data == b"\xc3\0\5\0"


def test_what_may_not_be_had() -> None:
    one = client({"X": ("DINT", {"access": "none"}), "Y": "DINT"})
    for _ in range(2):
        assert one.ask(read("X")).status == 0x0F
        assert one.ask(write("X", 0xC4, 1, b"1234")).status == 0x0F
        assert one.ask(read("Y")).status == 0
    tag = one.controller.tags["X"]
    assert tag.access == "none"
    tag.access = "read/write"
    assert one.ask(write("X", 0xC4, 1, b"\1\0\0\0")).status == 0
    assert one.ask(read("X")).data == b"\xc4\0\1\0\0\0"
    one.controller.tags["Y"].access = "none"
    assert one.ask(read("Y")).status == 0x0F
    with pytest.raises(ValueError, match="read-only"):
        tag.access = "all"


def test_an_error_that_is_set_is_that_of_each_part() -> None:
    one = client(TAGS)
    for path in (at("OUT", "count"), at("OUT", "b1"), at("OUT", "several", 1)):
        assert one.ask(read(path)).status == 0
        one.controller.tags["OUT"].error = 0x10
        for _ in range(2):
            assert one.ask(read(path)).status == 0x10
        one.controller.tags["OUT"].error = 0
        assert one.ask(read(path)).status == 0


# -- values to begin with


@pytest.mark.parametrize(
    ("said", "value", "held"),
    [
        ("DINT", 5, 5),
        ("DINT[3]", 5, [5, 5, 5]),
        ("DINT[3]", [1, 2, 3], [1, 2, 3]),
        ("INT[2,3]", [[1, 2, 3], [4, 5, 6]], [1, 2, 3, 4, 5, 6]),
        ("INT[2,3]", [1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6]),
        ("STRING", "abc", "abc"),
        ("STRING[2]", "abc", ["abc", "abc"]),
        ("STRING[2]", ["a", "b"], ["a", "b"]),
        ("SSTRING[2]", ["a", "b"], ["a", "b"]),
        ("BOOL", True, True),
        ("BOOL[33]", [0, 1] + [0] * 30 + [1], [2, 1]),
        ("BOOL[33]", [7, 8], [7, 8]),
        ("BOOL[33]", True, [0xFFFFFFFF] * 2),
        ("Inner[2]", {"x": 3}, [{"flag": False, "x": 3, "reals": [0, 0]}] * 2),
        ("REAL", 1, 1.0),
    ],
)
@pytest.mark.parametrize("counts", [True, False])
def test_a_tag_begins_with_its_value(
    said: str, value: Any, held: Any, counts: bool
) -> None:
    def old(name: str, kind: Any, default: Any = None) -> device.Attribute:
        return device.Attribute(name, kind, default)

    make: Any = device.Attribute if counts else old
    tag = built({"A": (said, {"value": value})}, attribute_class=make).tags["A"]
    assert tag.value == held


@pytest.mark.parametrize(
    ("said", "value", "problem"),
    [
        ("DINT", [5], "one value expected"),
        ("DINT[3]", [1, 2], "3 values expected, not 2"),
        ("INT[2,3]", [[1, 2], [3, 4]], "6 values expected, not 4"),
        ("DINT", "x", "is no DINT"),
        ("SINT", 200, "is no SINT"),
        ("STRING", 5, "a text of up to 82"),
        ("STRING", "x" * 83, "room for 82"),
        ("Inner", {"y": 1}, "no member 'y'"),
        ("Inner", {"x": "a"}, "x: 'a' is no INT"),
        ("Inner", {"reals": [1]}, "reals: an array of 2"),
    ],
)
def test_a_value_that_does_not_fit_is_an_error(
    said: str, value: Any, problem: str
) -> None:
    with pytest.raises(TagError) as caught:
        built({"A": (said, {"value": value})})
    assert problem in str(caught.value)


def test_two_names_of_one_place_are_for_the_same() -> None:
    first: tuple[str, dict[str, Any]] = ("INT[2,3]", {"address": (22, 1, 1)})
    one = client({"A": first, "B": first})
    assert one.ask(write(at("A", 1, 2), 0xC3, 1, b"\7\0")).status == 0
    assert one.ask(read(at("B", 1, 2))).data == b"\xc3\0\7\0"
    for said, more in (
        ("INT[3,2]", {}),
        ("INT[7]", {}),
        ("UINT[2,3]", {}),
        ("INT[2,3]", {"value": 1}),
    ):
        with pytest.raises(TagError, match="at @22/1/1 there is A INT"):
            built({"A": first, "B": (said, {"address": (22, 1, 1), **more})})


def test_an_access_that_is_none_is_an_error() -> None:
    with pytest.raises(ValueError, match="read-only"):
        built({"A": ("DINT", {"access": "write-only"})})


# -- hooks


def test_a_part_goes_through_the_hook_of_the_whole() -> None:
    notes: list[tuple[str, Any]] = []

    class Noted(device.Attribute):
        def __getitem__(self, key: int | slice) -> Any:
            notes.append(("get", key))
            return super().__getitem__(key)

        def __setitem__(self, key: int | slice, value: Any) -> None:
            notes.append(("set", key))
            super().__setitem__(key, value)

    one = client(TAGS, attribute_class=Noted)
    notes.clear()
    for path, code, octets in (
        (at("OUTS", 2, "several", 1, "x"), 0xC3, b"\5\0"),
        (at("OUTS", 2, "b3"), 0xC1, b"\xff"),
    ):
        assert one.ask(write(path, code, 1, octets)).status == 0
        assert one.ask(read(path)).data[2:] == octets
        only = slice(2, 3)
        assert notes == [("get", only), ("set", only), ("get", only)]
        notes.clear()
    value = one.controller.tags["OUTS"][2]
    assert (value["several"][1]["x"], value["b3"]) == (5, True)


def test_nobody_changes_bits_while_somebody_does() -> None:
    free: list[bool] = []

    class Asking(device.Attribute):
        def __getitem__(self, key: int | slice) -> Any:
            def asked() -> None:
                had = self.modifying.acquire(blocking=False)
                free.append(had)
                if had:
                    self.modifying.release()

            # From another thread, as that of another session.
            other = Thread(target=asked)
            other.start()
            other.join()
            return super().__getitem__(key)

    one = client(TAGS, attribute_class=Asking)
    for asked in (
        write(at("OUT", "b1"), 0xC1, 1, b"\1"),
        request(0x4E, at("OUT", "count"), b"\4\0" + bytes(8)),
        request(0x4E, at("N", 3), b"\4\0" + bytes(8)),
        request(0x53, at("OUT"), handle(one, "Outer") + b"\1\0\4\0\0\0\1\2"),
    ):
        free.clear()
        assert one.ask(asked).status == 0
        assert free
        assert not any(free), asked
    assert one.ask(read("N")).status == 0
    assert free[-1]


def test_a_whole_waits_for_a_change_of_a_part() -> None:
    free: list[bool] = []

    class Asking(device.Attribute):
        def __setitem__(self, key: int | slice, value: Any) -> None:
            def asked() -> None:
                free.append(self.modifying.acquire(blocking=False))
                if free[-1]:
                    self.modifying.release()

            other = Thread(target=asked)
            other.start()
            other.join()
            super().__setitem__(key, value)

    one = client(TAGS, attribute_class=Asking)
    assert one.ask(whole(one, "Inner", at("ONE"), 1, bytes(12))).status == 0
    assert free == [False]
    # Nobody writes a part of a number but by its bits.
    assert one.ask(write("N", 0xC4, 1, bytes(4))).status == 0
    assert free == [False, True]


def test_a_hook_that_refuses_a_part_is_answered() -> None:
    class Wrong(device.Attribute):
        def __setitem__(self, key: int | slice, value: Any) -> None:
            raise ValueError("not that")

    one = client(TAGS, attribute_class=Wrong)
    assert one.ask(write(at("OUT", "count"), 0xC4, 1, b"1234")).status == 0x10
    assert one.ask(write(at("OUT", "b1"), 0xC1, 1, b"\1")).status == 0x10
    assert one.ask(read(at("OUT", "count"))).status == 0


# -- by chance


def change(
    chance: Random, value: dict[str, Any], steps: list[str | int]
) -> tuple[bytes, bytes]:
    """A write of one part of an Outer, as is done to its dictionary at once."""
    kind = chance.randrange(7)
    if kind == 0:
        name, on = f"b{chance.randrange(9)}", bool(chance.randrange(2))
        value[name] = on
        return at(*steps, name), b"\xc1\0\1\0" + (b"\xff" if on else b"\0")
    if kind == 1:
        value["count"] = new = chance.randrange(-(1 << 31), 1 << 31)
        return at(*steps, "count"), b"\xc4\0\1\0" + struct.pack("<i", new)
    if kind == 2:
        first = chance.randrange(2)
        count = chance.randint(1, 2 - first)
        words = [chance.getrandbits(32) for _ in range(count)]
        for nth, word in enumerate(words, first):
            value["bits"][32 * nth : 32 * nth + 32] = [
                bool(word >> n & 1) for n in range(32)
            ]
        data = struct.pack(f"<HH{count}I", 0xD3, count, *words)
        return at(*steps, "bits", first), data
    if kind == 3:
        where = chance.choice([("one",), *(("several", n) for n in range(3))])
        inner = value["one"] if len(where) == 1 else value["several"][where[1]]
        inner["x"] = new = chance.randrange(-(1 << 15), 1 << 15)
        path = at(*steps, *where, "x")
        return path, b"\xc3\0\1\0" + struct.pack("<h", new)
    if kind == 4:
        first = chance.randrange(2)
        count = chance.randint(1, 2 - first)
        reals = [float(chance.randrange(-999, 999)) for _ in range(count)]
        nth = chance.randrange(3)
        value["several"][nth]["reals"][first : first + count] = reals
        data = struct.pack(f"<HH{count}f", 0xCA, count, *reals)
        return at(*steps, "several", nth, "reals", first), data
    if kind == 5:
        value["long"] = new = chance.randrange(-(1 << 63), 1 << 63)
        return at(*steps, "long"), b"\xc5\0\1\0" + struct.pack("<q", new)
    name = chance.choice(["EN", "TT", "DN"])
    value["timer"][name] = on = bool(chance.randrange(2))
    return at(*steps, "timer", name), b"\xc1\0\1\0" + bytes((on,))


def test_by_chance_parts_are_what_the_whole_is() -> None:
    seed = Random().getrandbits(32)
    print("seed", seed)
    chance = Random(seed)
    one = client(TAGS)
    tags = one.controller.tags
    model = [dict(each) for each in tags["OUTS"][0:4]]
    for turn in range(600):
        nth = chance.randrange(4)
        path, data = change(chance, model[nth], ["OUTS", nth])
        asked = [request(0x4D, path, data)]
        if chance.random() < 0.5:
            asked.append(request(0x4C, path, data[2:4]))
            replies = replies_in(one.ask(multiple(asked)).data)
            assert [each.status for each in replies] == [0, 0]
            said = data[:2] + data[4:]
            if said[:2] == b"\xc1\0":
                said = said[:2] + (b"\xff" if said[2] else b"\0")
            assert replies[1].data == said
        else:
            assert one.ask(asked[0]).status == 0
        if turn % 20 == 0:
            assert tags["OUTS"][0:4] == model
            octets = tags["OUTS"].type.pack(model)
            assert one.ask(read(at("OUTS", nth))).data[4:] == octets[176 * nth :][:176]
            # Back to front, so that no value is where it was.
            model.reverse()
            data = handle(one, "Outer") + b"\4\0" + tags["OUTS"].type.pack(model)
            for offset in range(0, 4 * 176, 300):
                piece = struct.pack("<I", offset) + data[6 + offset : 306 + offset]
                assert one.ask(request(0x53, "OUTS", data[:6] + piece)).status == 0
    assert tags["OUTS"][0:4] == model
