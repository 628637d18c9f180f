# SPDX-License-Identifier: Apache-2.0
"""Whole structures over the wire: read, written, in fragments, and through hooks.

Octets are laid out by hand.  A structure is known by its handle, and a reply says so.
"""

from __future__ import annotations

import struct
from random import Random
from typing import Any

import pytest
from asking import Client, read, read_on, request, symbol, write
from structured import (
    INNER,
    OUTER,
    Tags,
    at,
    built,
    client,
    handle,
    kinds,
    types,
    whole,
)

from cpppo.protocol.enip.datatypes import Types
from cpppo.server.enip import device

TAGS: Tags = {
    "ONE": "Inner",
    "MANY": "Inner[100]",
    "OUT": "Outer",
    "OUTS": "Outer[4]",
    "TEXT": "STRING",
    "TEXTS": "STRING[10]",
    "SHORT": "Short[3]",
    "BITS": "BOOL[100]",
    "GRID": "INT[2,3,4]",
    "CUBE": "Inner[2,2,2]",
}
OUT_OF_RANGE = (0xFF, (0x2105,))
MISMATCH = (0xFF, (0x2107,))


def inner(flag: bool, x: int, *reals: float) -> bytes:
    return INNER.pack(flag, x, *reals)


def test_a_structure_is_read_with_its_handle() -> None:
    one = client(TAGS)
    one.controller.tags["ONE"].value = {"flag": True, "x": -2, "reals": [1.5, 2.5]}
    for _ in range(2):
        reply = one.ask(read("ONE"))
        assert (reply.service, reply.status) == (0xCC, 0)
        assert reply.data == handle(one, "Inner") + inner(True, -2, 1.5, 2.5)


def test_a_structure_is_written_whole() -> None:
    one = client(TAGS)
    octets = inner(True, 7, 0.5, -1.0)
    assert one.ask(whole(one, "Inner", at("ONE"), 1, octets)).status == 0
    assert one.controller.tags["ONE"].value == {
        "flag": True, "x": 7, "reals": [0.5, -1.0]
    }  # fmt: skip
    assert one.ask(read("one")).data[4:] == octets


def test_a_structure_of_everything_is_what_it_is_by_hand() -> None:
    one = client(TAGS)
    assert kinds(one, "Outer").struct_calcsize == OUTER.size
    several = b"".join(inner(False, n, n, n) for n in range(3))
    octets = OUTER.pack(
        0b10000010, 1, -5, 0x80000001, 2, inner(True, 9, 1, 2), several, 1 << 40,
        3, b"abc", 1 << 29, 100, 50,
    )  # fmt: skip
    assert one.ask(whole(one, "Outer", at("OUT"), 1, octets)).status == 0
    value = one.controller.tags["OUT"].value
    assert [value[f"b{n}"] for n in range(9)] == [n in (1, 7, 8) for n in range(9)]
    assert (value["count"], value["long"], value["name"]) == (-5, 1 << 40, "abc")
    assert [n for n, bit in enumerate(value["bits"]) if bit] == [0, 31, 33]
    assert value["one"] == {"flag": True, "x": 9, "reals": [1, 2]}
    assert [each["x"] for each in value["several"]] == [0, 1, 2]
    assert value["timer"] == {
        "PRE": 100, "ACC": 50, "EN": False, "TT": False, "DN": True
    }  # fmt: skip


@pytest.mark.parametrize("count", [1, 2, 3])
def test_some_of_an_array_are_read_and_written(count: int) -> None:
    one = client(TAGS)
    octets = b"".join(inner(True, n, n, n) for n in range(count))
    assert one.ask(whole(one, "Inner", at("MANY", 5), count, octets)).status == 0
    assert one.ask(read(at("MANY", 5), count)).data[4:] == octets
    assert one.ask(read(at("MANY", 4))).data[4:] == bytes(12)
    assert one.ask(read(at("MANY", 5 + count))).data[4:] == bytes(12)


def test_what_comes_after_the_values_is_nobodys() -> None:
    one = client(TAGS)
    octets = inner(True, 7, 0.5, -1.0)
    twice = whole(one, "Inner", at("ONE"), 1, octets)
    assert one.ask(twice + b"\1\0" + twice).status == 0
    assert one.ask(read("ONE")).data[4:] == octets


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        (b"\xa0\x02\x01\x00", MISMATCH),
        (b"\xa0\x02\xce\x0f", MISMATCH),
        (b"\xc4\x00", MISMATCH),
        (b"\xc2\x00", MISMATCH),
        (b"\xda\x00", MISMATCH),
    ],
    ids=lambda each: each.hex() if isinstance(each, bytes) else "",
)
def test_another_type_is_refused(kind: bytes, answer: tuple[int, Any]) -> None:
    one = client(TAGS)
    for path in ("ONE", "MANY"):
        for tail in (b"\1\0", b"\1\0\0\0\0\0"):
            service = 0x4D if len(tail) == 2 else 0x53
            reply = one.ask(request(service, path, kind + tail + bytes(88)))
            assert (reply.status, reply.extended) == answer
    assert not any(one.controller.tags["ONE"].produce())


def test_a_structure_is_not_written_into_a_number() -> None:
    one = client(TAGS)
    reply = one.ask(whole(one, "Inner", at("GRID", 0, 0, 0), 1, bytes(12)))
    assert (reply.status, reply.extended) == MISMATCH


@pytest.mark.parametrize("path", ["ONE", "MANY"])
def test_too_few_octets_are_refused(path: str) -> None:
    one = client(TAGS)
    assert one.ask(whole(one, "Inner", at(path), 1, bytes(11))).status == 0x13


@pytest.mark.parametrize(
    ("path", "count"),
    [(at("MANY", 100), 1), (at("MANY", 99), 2), (at("ONE"), 2), (at("ONE", 1), 1)],
)
def test_beyond_the_end_is_out_of_range(path: bytes, count: int) -> None:
    one = client(TAGS)
    for asked in (
        read(path, count),
        read_on(path, count),
        whole(one, "Inner", path, count, bytes(24)),
    ):
        reply = one.ask(asked)
        assert (reply.status, reply.extended) == OUT_OF_RANGE


# -- in pieces


def drawn(one: Client, path: bytes, count: int) -> tuple[bytes, list[int]]:
    """All of a tag by fragmented reads, and how long each piece was."""
    octets, sizes = b"", []
    while True:
        reply = one.ask(read_on(path, count, len(octets)))
        assert reply.status in (0, 6)
        octets += reply.data[4:]
        sizes.append(len(reply.data) - 4)
        if reply.status == 0:
            return octets, sizes


@pytest.mark.parametrize(
    ("path", "count"), [("MANY", 100), ("OUTS", 4), ("OUT", 1), ("TEXTS", 10)]
)
def test_what_does_not_fit_comes_in_pieces(path: str, count: int) -> None:
    one = client(TAGS)
    tag = one.controller.tags[path]
    octets = Random(1).randbytes(len(tag.produce()))
    tag.storage.octets[:] = octets
    got, sizes = drawn(one, at(path), count)
    assert got == octets
    assert all(size % 4 == 0 for size in sizes[:-1])
    if len(octets) > 488:
        reply = one.ask(read(path, count))
        assert reply.status == 6
        assert octets.startswith(reply.data[4:])


def test_a_structure_larger_than_a_reply_comes_in_pieces_of_8() -> None:
    one = Client(built({"BIG": "Big"}, known=big()))
    tag = one.controller.tags["BIG"]
    tag.storage.octets[:] = Random(2).randbytes(tag.size)
    got, sizes = drawn(one, at("BIG"), 1)
    assert got == tag.produce()
    assert sizes == [488, 488, 424]
    for offset in (1, 7, 479, 1399):
        reply = one.ask(read_on("BIG", 1, offset))
        assert got[offset:].startswith(reply.data[4:])
        assert reply.status == (6 if 1400 - offset > 488 else 0)
    for offset in (1400, 1 << 31):
        reply = one.ask(read_on("BIG", 1, offset))
        assert (reply.status, reply.extended) == OUT_OF_RANGE


def big() -> Types:
    known = types()
    known.declare({"Big": [("a", "DINT[300]"), ("b", "DINT[50]")]})
    return known


def test_a_structure_is_written_in_pieces_of_any_size() -> None:
    seed = Random().getrandbits(32)
    print("seed", seed)
    chance = Random(seed)
    one = client(TAGS)
    tag = one.controller.tags["OUTS"]
    model = bytearray(tag.produce())
    head = handle(one, "Outer")
    for _ in range(200):
        first = chance.randrange(4)
        count = chance.randint(1, 4 - first)
        total = count * OUTER.size
        offset = chance.randrange(total)
        octets = chance.randbytes(chance.randint(1, 400))
        data = head + struct.pack("<HI", count, offset) + octets
        assert one.ask(request(0x53, at("OUTS", first), data)).status == 0
        start = first * OUTER.size + offset
        fitting = octets[: total - offset]
        model[start : start + len(fitting)] = fitting
        assert tag.produce() == model


def test_a_piece_behind_the_end_is_refused() -> None:
    one = client(TAGS)
    for offset in (12, 13, 1 << 31):
        data = handle(one, "Inner") + struct.pack("<HI", 1, offset) + b"\1\2"
        reply = one.ask(request(0x53, "ONE", data))
        assert (reply.status, reply.extended) == OUT_OF_RANGE


def test_pieces_are_observed() -> None:
    lines: list[str] = []
    one = Client(built(TAGS, observer=lines.append))
    one.ask(whole(one, "Inner", at("ONE"), 1, inner(True, 7, 0.5, 1)))
    one.ask(request(0x53, "ONE", handle(one, "Inner") + b"\1\0\2\0\0\0\x09\0"))
    one.ask(read_on("ONE", 1, 2))
    one.ask(read("TEXT"))
    assert len(lines) == 4
    assert "'x': 7" in lines[0]
    assert "ONE[    0-0    ] <= 09 00" in lines[1]
    assert "== 09 00 00 00" in lines[2]


# -- strings, BOOL arrays, dimensions


def test_a_string_is_its_length_and_its_letters() -> None:
    one = client(TAGS)
    octets = struct.pack("<i84s", 5, b"hello")
    data = b"\xa0\x02\xce\x0f\1\0" + octets
    assert one.ask(request(0x4D, "TEXT", data)).status == 0
    assert one.controller.tags["TEXT"].value == "hello"
    assert one.ask(read("TEXT")).data == b"\xa0\x02\xce\x0f" + octets
    one.controller.tags["SHORT"][1] = "short"
    assert one.ask(read(at("SHORT", 1))).data == handle(one, "Short") + struct.pack(
        "<i20s", 5, b"short"
    )


def test_a_bool_array_is_words() -> None:
    one = client(TAGS)
    assert len(one.controller.tags["BITS"]) == 4
    words = struct.pack("<3I", 0x80000001, 2, 3)
    assert one.ask(write(at("BITS", 1), 0xD3, 3, words)).status == 0
    for path, count in (("BITS", 4), (at("BITS", 0), 4)):
        assert one.ask(read(path, count)).data == b"\xd3\0" + bytes(4) + words
    assert one.ask(read(at("BITS", 3))).data == b"\xd3\0" + words[8:]
    assert (one.ask(read(at("BITS", 4))).status) == 0xFF
    ones = request(0x4E, at("BITS", 2), b"\4\0" + b"\0\1\0\0" + b"\xff" * 8)
    assert one.ask(ones).status == 0
    assert one.controller.tags["BITS"][2] == 0x102


@pytest.mark.parametrize("code", [0xC1, 0xC2, 0xC3, 0xC4, 0xC6, 0xC8, 0xD1, 0xCA])
def test_a_bool_array_takes_words_alone(code: int) -> None:
    one = client(TAGS)
    bits = one.controller.tags["BITS"]
    bits[1] = 0xF0F0F0F0
    for path in (at("BITS", 1), at("OUT", "bits", 1)):
        reply = one.ask(write(path, code, 1, b"\1\0\0\0"))
        assert (reply.status, reply.extended) == MISMATCH
        data = struct.pack("<HHI4s", code, 1, 0, b"\1\0\0\0")
        reply = one.ask(request(0x53, path, data))
        assert (reply.status, reply.extended) == MISMATCH
        assert one.ask(write(path, 0xD3, 1, b"\xf0\xf0\xf0\xf0")).status == 0
    assert bits[0:4] == [0, 0xF0F0F0F0, 0, 0]


@pytest.mark.parametrize("size", [1, 2, 4, 8])
def test_bits_of_every_size_are_set_and_cleared(size: int) -> None:
    kind = {1: "SINT", 2: "INT", 4: "DINT", 8: "LINT"}[size]
    one = client({"A": f"{kind}[3]"})
    one.controller.tags["A"][1] = 0x0F
    ones = (0x30).to_bytes(size, "little")
    keep = (0xFE | ~0xFF & (1 << 8 * size) - 1).to_bytes(size, "little")
    for tail in (keep, keep.ljust(8, b"\xff")):
        data = struct.pack("<H", size) + ones + tail
        assert one.ask(request(0x4E, at("A", 1), data)).status == 0
    assert one.controller.tags["A"][0:3] == [0, 0x3E, 0]


def test_bits_of_a_structure_are_none() -> None:
    one = client(TAGS)
    data = b"\4\0" + bytes(8)
    assert one.ask(request(0x4E, "ONE", data)).extended == (0x2107,)


def test_dimensions_count_with_the_last_first() -> None:
    one = client(TAGS)
    one.controller.tags["GRID"][0:24] = list(range(24))
    for i in range(2):
        for j in range(3):
            for k in range(4):
                reply = one.ask(read(at("GRID", i, j, k)))
                assert reply.data == struct.pack("<HH", 0xC3, 12 * i + 4 * j + k)
    assert one.ask(read(at("GRID", 0, 1, 2), 10)).data == struct.pack(
        "<11H", 0xC3, *range(6, 16)
    )
    for path in (at("GRID"), at("GRID", 0, 0, 0)):
        assert one.ask(read(path, 24)).data == struct.pack("<25H", 0xC3, *range(24))
    assert one.ask(read(at("GRID", 1))).data == b"\xc3\0\x0c\0"
    value = whole(one, "Inner", at("CUBE", 1, 0, 1), 1, inner(True, 3, 0, 0))
    assert one.ask(value).status == 0
    assert one.controller.tags["CUBE"][5]["x"] == 3


@pytest.mark.parametrize(
    "steps", [(2, 0, 0), (0, 3, 0), (0, 0, 4), (0, 0, 0, 0), (1, 2, 4), (2,), (0, 3)]
)
def test_each_dimension_has_its_end(steps: tuple[int, ...]) -> None:
    one = client(TAGS)
    for asked in (
        read(at("GRID", *steps)),
        write(at("GRID", *steps), 0xC3, 1, b"\1\0"),
    ):
        for _ in range(2):
            reply = one.ask(asked)
            assert (reply.status, reply.extended) == OUT_OF_RANGE
    assert not any(one.controller.tags["GRID"].produce())


# -- hooks


class Noted(device.Attribute):
    """Notes every access, and does as the plain one does."""

    notes: list[tuple[str, Any, Any]]

    def __init__(self, *args: Any, notes: Any, **kwds: Any) -> None:
        super().__init__(*args, **kwds)
        self.notes = notes

    def __getitem__(self, key: int | slice) -> Any:
        value = super().__getitem__(key)
        self.notes.append(("get", key, value))
        return value

    def __setitem__(self, key: int | slice, value: Any) -> None:
        self.notes.append(("set", key, value))
        super().__setitem__(key, value)


def noted() -> tuple[Client, list[tuple[str, Any, Any]]]:
    notes: list[tuple[str, Any, Any]] = []
    of = built(TAGS, attribute_class=Noted, attribute_kwds={"notes": notes})
    return Client(of), notes


def test_a_hook_gets_dictionaries() -> None:
    one, notes = noted()
    octets = inner(True, 7, 0.5, -1.0)
    one.ask(whole(one, "Inner", at("MANY", 3), 1, octets))
    value = {"flag": True, "x": 7, "reals": [0.5, -1.0]}
    assert notes == [("set", slice(3, 4), [value])]
    assert one.ask(read(at("MANY", 3))).data[4:] == octets
    assert notes[1:] == [("get", slice(3, 4), [value])]


def test_a_hook_gets_texts_of_strings() -> None:
    one, notes = noted()
    data = b"\xa0\x02\xce\x0f\1\0" + struct.pack("<i84s", 5, b"hello")
    one.ask(request(0x4D, symbol("TEXT"), data))
    assert notes == [("set", slice(0, 1), ["hello"])]


def test_a_piece_goes_through_the_hook_with_the_whole() -> None:
    one, notes = noted()
    one.controller.tags["MANY"][1] = {"x": 5}
    notes.clear()
    data = handle(one, "Inner") + struct.pack("<HI", 100, 12 + 4) + struct.pack("<f", 2)
    assert one.ask(request(0x53, "MANY", data)).status == 0
    after = {"flag": False, "x": 5, "reals": [2.0, 0.0]}
    assert [(how, key) for how, key, _ in notes] == [
        ("get", slice(1, 2)),
        ("set", slice(1, 2)),
    ]
    assert notes[-1][2] == [after]
    assert one.ask(read_on(at("MANY", 1), 1, 4)).data[4:] == struct.pack("<ff", 2, 0)


def test_what_a_hook_returns_is_a_structure() -> None:
    class Weather(device.Attribute):
        def __getitem__(self, key: int | slice) -> Any:
            return [{"x": 21}]

    one = Client(built({"W": "Inner"}, attribute_class=Weather))
    assert one.ask(read("W")).data[4:] == inner(False, 21, 0, 0)

    class Wrong(device.Attribute):
        def __getitem__(self, key: int | slice) -> Any:
            return [{"y": 21}]

    one = Client(built({"W": "Inner"}, attribute_class=Wrong))
    assert one.ask(read("W")).status == 0x09


def test_get_and_set_attribute_take_structures() -> None:
    one = client({"W": ("Inner", {"address": (22, 1, 1)})})
    octets = inner(True, 1, 2, 3)
    assert one.ask(request(0x10, b"\x20\x16\x24\x01\x30\x01", octets)).status == 0
    assert one.ask(request(0x0E, b"\x20\x16\x24\x01\x30\x01")).data == octets
    assert one.ask(read(b"\x20\x16\x24\x01\x30\x01" + at("x"))).data == b"\xc3\0\1\0"
