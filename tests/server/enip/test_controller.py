# SPDX-License-Identifier: Apache-2.0
"""A controller's answers to tag services: values, types, fragments, and what is wrong.

All requests are octets made by hand; replies are compared with the published layouts.
"""

from __future__ import annotations

import struct
from functools import partial
from typing import Any

import pytest
from asking import (
    BACKPLANE,
    Client,
    Reply,
    controller,
    element,
    frame,
    multiple,
    number,
    packed,
    read,
    read_on,
    replies_in,
    reply_in,
    request,
    rr,
    symbol,
    unconnected,
    write,
    write_on,
)
from timing import takes_at_most

from cpppo.protocol.enip import Port
from cpppo.server.enip import Controller, device
from cpppo.server.limits import Limits

# Each type's code, its `struct` format, and values at its ends.
NUMBERS = {
    "SINT": (0xC2, "b", (-128, 127, 0, -1)),
    "INT": (0xC3, "h", (-32768, 32767, 0, -1)),
    "DINT": (0xC4, "i", (-(2**31), 2**31 - 1, 0, -1)),
    "LINT": (0xC5, "q", (-(2**63), 2**63 - 1, 0, -1)),
    "USINT": (0xC6, "B", (0, 255, 1, 2)),
    "UINT": (0xC7, "H", (0, 65535, 1, 2)),
    "UDINT": (0xC8, "I", (0, 2**32 - 1, 1, 2)),
    "ULINT": (0xC9, "Q", (0, 2**64 - 1, 1, 2)),
    "REAL": (0xCA, "f", (0.0, 1.5, -2.25, 1e30)),
    "LREAL": (0xCB, "d", (0.0, 1.5, -2.25, 1e300)),
}

OUT_OF_RANGE = (0xFF, (0x2105,))
TYPE_MISMATCH = (0xFF, (0x2107,))


def said(reply: Reply) -> tuple[int, tuple[int, ...]]:
    return reply.status, reply.extended


def client(tags: str = "SCADA=INT[1000] TEXT=SSTRING[100] FLOAT=REAL") -> Client:
    return Client(controller(tags))


def ints(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}h", *values)


# -- every type


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_are_written_and_read(name: str) -> None:
    code, form, values = NUMBERS[name]
    octets = struct.pack("<4" + form, *values)
    one = client(f"T={name}[10]")
    done = one.ask(write(symbol("T") + element(2), code, 4, octets))
    assert done == Reply(0xCD, 0)
    got = one.ask(read(symbol("T") + element(2), 4))
    assert got == Reply(0xCC, 0, (), struct.pack("<H", code) + octets)
    assert one.controller.tags["T"][2:6] == list(struct.unpack("<4" + form, octets))
    # What stands around is as it was.
    size = struct.calcsize(form)
    assert one.ask(read("T", 10)).data[2:] == bytes(2 * size) + octets + bytes(4 * size)


@pytest.mark.parametrize("name", NUMBERS)
def test_scalars_are_written_and_read(name: str) -> None:
    code, form, values = NUMBERS[name]
    octets = struct.pack("<" + form, values[1])
    one = client(f"T={name.lower()}")
    assert one.ask(write("T", code, 1, octets)) == Reply(0xCD, 0)
    assert one.ask(read("T")).data == struct.pack("<H", code) + octets
    assert said(one.ask(read("T", 2))) == OUT_OF_RANGE


@pytest.mark.parametrize("octet", [0x01, 0xFF])
def test_bools_are_written_and_read(octet: int) -> None:
    one = client("B=BOOL[3]")
    assert (
        one.ask(write(symbol("B") + element(1), 0xC1, 1, bytes((octet,)))).status == 0
    )
    reply = one.ask(read("B", 3))
    assert (reply.status, reply.data[:2]) == (0, b"\xc1\0")
    assert [bool(value) for value in reply.data[2:]] == [False, True, False]
    assert reply.data[3] in (0x01, 0xFF)
    assert one.controller.tags["B"][0:3] == [False, True, False]
    assert one.ask(write(symbol("B") + element(1), 0xC1, 1, b"\0")).status == 0
    assert one.ask(read("B", 3)).data[2:] == bytes(3)


def test_the_default_type_is_int() -> None:
    assert client("T").ask(read("T")).data == b"\xc3\0\0\0"


def test_short_strings_are_written_and_read() -> None:
    one = client("T=SSTRING[100]")
    octets = b"\x03abc\x00\x02de"
    assert one.ask(write(symbol("T") + element(1), 0xDA, 3, octets)).status == 0
    assert one.ask(read("T", 5)).data == b"\xda\0\0" + octets + b"\0"
    assert one.controller.tags["T"][0:5] == ["", "abc", "", "de", ""]
    longest = b"\xff" + b"x" * 255
    assert one.ask(write("T", 0xDA, 1, longest)).status == 0
    assert one.ask(read("T")).data == b"\xda\0" + longest


def test_strings_are_written_and_read() -> None:
    one = client("T=STRING[4]")
    octets = b"\x03\0abc\0" + b"\x02\0de"
    assert one.ask(write(symbol("T") + element(1), 0xD0, 2, octets)).status == 0
    assert one.ask(read("T", 4)).data == b"\xd0\0\0\0" + octets + b"\0\0"
    assert one.controller.tags["T"][1] == "abc"


def test_a_last_odd_string_may_lack_its_pad() -> None:
    one = client("T=STRING")
    assert one.ask(write("T", 0xD0, 1, b"\x03\0abc")).status == 0
    assert one.ask(read("T")).data == b"\xd0\0\x03\0abc\0"


@pytest.mark.parametrize(
    ("kind", "code", "octets"),
    [
        ("SSTRING", 0xDA, b"\x05abc"),
        ("SSTRING", 0xDA, b""),
        ("STRING", 0xD0, b"\x05\0abc"),
        ("STRING", 0xD0, b"\x05"),
        ("STRING", 0xD0, b"\x02\0a"),
        ("STRING", 0xD0, b"\x04\0abc"),
        ("STRING", 0xD0, b"\xff\xffabc"),
    ],
)
def test_a_string_that_is_cut_off_is_not_enough(
    kind: str, code: int, octets: bytes
) -> None:
    one = client(f"T={kind}")
    assert said(one.ask(write("T", code, 1, octets))) == (0x13, ())
    assert one.controller.tags["T"][0] == ""


# -- names and numbers


@pytest.mark.parametrize("name", ["SCADA", "scada", "Scada", "sCaDa"])
def test_a_name_has_no_case(name: str) -> None:
    assert client().ask(read(name)).status == 0


def test_a_name_may_hold_dots() -> None:
    one = client("A.B.C=INT[3] A.B=DINT")
    assert one.ask(write("A.B.C", 0xC3, 1, ints(7))).status == 0
    assert one.ask(read("a.b.c")).data == b"\xc3\0\x07\0"
    levels = symbol("A") + symbol("B") + symbol("C") + element(0)
    assert one.ask(read(levels)).data == b"\xc3\0\x07\0"
    assert one.ask(read(symbol("a") + symbol("b"))).data == b"\xc4\0\0\0\0\0"
    assert one.ask(read(symbol("A"))).status == 0x05
    assert one.ask(read(symbol("A.B") + symbol("C"))).data == b"\xc3\0\x07\0"


def test_a_tag_is_had_by_number() -> None:
    one = client("SCADA@22/1/1=INT[10] WIDE@0x1234/300/500=DINT")
    assert one.ask(write(number(22, 1, 1) + element(3), 0xC3, 1, ints(5))).status == 0
    assert one.ask(read(symbol("SCADA") + element(3))).data == b"\xc3\0\x05\0"
    assert one.ask(read(number(22, 1, 1), 4)).data == b"\xc3\0" + ints(0, 0, 0, 5)
    assert one.ask(read(number(0x1234, 300, 500))).data == b"\xc4\0" + bytes(4)
    assert one.ask(request(0x0E, number(22, 1, 1))).data == ints(0, 0, 0, 5, *[0] * 6)


def test_numbers_may_be_spelt_wider_than_need_be() -> None:
    one = client("SCADA@22/1/1=INT[10]")
    wide = b"\x21\0\x16\0" + b"\x25\0\x01\0" + b"\x31\0\x01\0"
    assert one.ask(read(wide)).status == 0
    widest = b"\x20\x16" + b"\x26\0\x01\0\0\0" + b"\x30\x01"
    assert one.ask(read(widest)).status == 0
    other = b"\x20\x16" + b"\x27\0\x01\0\0\0" + b"\x30\x01"
    assert one.ask(read(other)).status == 0


def test_two_names_are_one_attribute() -> None:
    one = client("ONE@22/1/1=INT[10] TWO@22/1/1=INT[10]")
    assert one.ask(write(symbol("ONE") + element(9), 0xC3, 1, ints(9))).status == 0
    assert one.ask(read(symbol("two") + element(9))).data == b"\xc3\0" + ints(9)
    assert one.controller.tags["ONE"] is one.controller.tags["TWO"]


def test_tags_without_an_address_have_one() -> None:
    one = client("ONE=INT TWO=INT")
    assert one.ask(write("TWO", 0xC3, 1, ints(2))).status == 0
    assert one.ask(read("ONE")).data == b"\xc3\0\0\0"


@pytest.mark.parametrize("code", [0x28, 0x29, 0x2A, 0x2B])
def test_an_element_is_spelt_in_four_ways(code: int) -> None:
    one = client()
    path = symbol("SCADA") + element(200, code)
    assert one.ask(write(path, 0xC3, 1, ints(code))).status == 0
    assert one.ask(read(path)).data == b"\xc3\0" + ints(code)
    assert one.controller.tags["SCADA"][200] == code


# -- what is wrong


def test_an_unknown_tag_is_answered() -> None:
    one = client()
    for asked in (
        read("NOPE"),
        read_on("NOPE"),
        write("NOPE", 0xC3, 1, ints(1)),
        write_on("NOPE", 0xC3, 1, 0, ints(1)),
        read(symbol("NOPE") + element(3)),
        read(""),
    ):
        reply = one.ask(asked)
        assert (reply.service, reply.status) == (asked[0] | 0x80, 0x05)
        assert reply.data == b""
    assert one.ask(read("SCADA")).status == 0


@pytest.mark.parametrize(
    "path",
    [
        number(0x77, 1, 1),
        number(22, 2, 1),
        number(22, 1, 7),
        number(1, 9, 1),
    ],
)
def test_an_unknown_number_is_answered(path: bytes) -> None:
    one = client("SCADA@22/1/1=INT[10]")
    assert one.ask(read(path)).status in (0x05, 0x14)
    missing = 0x14 if path == number(22, 1, 7) else 0x05
    assert one.ask(request(0x0E, path)).status == missing
    assert one.ask(read("SCADA")).status == 0


@pytest.mark.parametrize("service", [0x02, 0x05, 0x2A, 0x4B, 0x55, 0x66, 0x7F])
def test_an_unknown_service_is_answered(service: int) -> None:
    one = client("SCADA@22/1/1=INT[10]")
    for path in (number(1, 1), number(2, 1), number(6, 1), number(22, 1, 1), "SCADA"):
        reply = one.ask(request(service, path))
        assert (reply.service, reply.status) == (service | 0x80, 0x08)


@pytest.mark.parametrize(
    ("start", "count"), [(0, 1001), (999, 2), (1000, 1), (70000, 1), (1, 1000)]
)
def test_beyond_the_end_is_out_of_range(start: int, count: int) -> None:
    one = client()
    path = symbol("SCADA") + element(start)
    assert said(one.ask(read(path, count))) == OUT_OF_RANGE
    assert said(one.ask(read_on(path, count))) == OUT_OF_RANGE
    octets = bytes(2 * count)
    if start + count > 1000:
        assert said(one.ask(write(path, 0xC3, count, octets))) == OUT_OF_RANGE
    assert one.ask(read("SCADA")).status == 0


def test_the_greatest_element_is_out_of_range() -> None:
    one = client()
    for code in (0x2A, 0x2B):
        path = symbol("SCADA") + element(0xFFFFFFFF, code)
        assert said(one.ask(read(path, 65535))) == OUT_OF_RANGE
        assert said(one.ask(write(path, 0xC3, 1, ints(1)))) == OUT_OF_RANGE


@pytest.mark.parametrize(
    ("tag", "code"),
    [("INT", 0xC4), ("INT", 0xCA), ("SINT", 0xC3), ("INT", 0xDA), ("SSTRING", 0xC3),
     ("INT", 0x99), ("DINT", 0xC5), ("STRING", 0xDA)],
)  # fmt: skip
def test_another_type_is_a_mismatch(tag: str, code: int) -> None:
    one = client(f"T={tag}[5]")
    before = one.ask(read("T", 5))
    for _ in range(2):
        assert said(one.ask(write("T", code, 1, bytes(8)))) == TYPE_MISMATCH
        assert said(one.ask(write_on("T", code, 1, 0, bytes(8)))) == TYPE_MISMATCH
    assert one.ask(read("T", 5)) == before


def test_some_bits_are_set_and_others_cleared() -> None:
    one = client("T=DINT[4]")
    at = symbol("T") + element(2)
    assert one.ask(write(at, 0xC4, 1, b"\x0a\0\0\0")).status == 0
    masks = b"\x04\0" + b"\5\0\0\0" + b"\xf7\xff\xff\xff"
    assert one.ask(request(0x4E, at, masks)) == Reply(0xCE, 0)
    assert one.ask(read(at)).data == b"\xc4\0" + b"\7\0\0\0"
    # Some clients send a longer mask of the bits to keep.
    assert one.ask(request(0x4E, at, masks + b"\xff" * 4)).status == 0


@pytest.mark.parametrize(
    ("tag", "masks", "status"),
    [
        ("T", b"\2\0" + b"\0" * 4, (0x13, ())),
        ("T", b"\4\0" + b"\0" * 7, (0x13, ())),
        ("T", b"\4\0" + b"\0" * 3, (0x13, ())),
        ("F", b"\4\0" + b"\0" * 8, TYPE_MISMATCH),
        ("S", b"\4\0" + b"\0" * 8, TYPE_MISMATCH),
        ("NOPE", b"\4\0" + b"\0" * 8, (0x05, ())),
    ],
)
def test_bits_that_are_none_are_refused(
    tag: str, masks: bytes, status: tuple[int, tuple[int, ...]]
) -> None:
    one = client("T=DINT F=REAL S=SSTRING")
    assert said(one.ask(request(0x4E, tag, masks))) == status


@pytest.mark.parametrize(
    ("tag", "code", "octets", "value"),
    [
        ("INT", 0xC2, b"\xfe", -2),
        ("DINT", 0xC3, b"\xfe\xff", -2),
        ("LINT", 0xC4, b"\xfe\xff\xff\xff", -2),
        ("REAL", 0xC4, b"\x03\0\0\0", 3.0),
        ("REAL", 0xC3, b"\x03\0", 3.0),
        ("LREAL", 0xCA, struct.pack("<f", 1.5), 1.5),
    ],
)
def test_a_narrower_type_is_widened(
    tag: str, code: int, octets: bytes, value: float
) -> None:
    one = client(f"T={tag}[5]")
    assert one.ask(write(symbol("T") + element(1), code, 1, octets)).status == 0
    assert one.controller.tags["T"][0:3] == [0, value, 0]


def test_less_data_than_said_is_not_enough() -> None:
    one = client()
    for octets in (b"", b"\1", ints(1, 2), ints(1, 2) + b"\3"):
        assert said(one.ask(write("SCADA", 0xC3, 3, octets))) == (0x13, ())
    assert one.ask(read("SCADA", 3)).data == b"\xc3\0" + bytes(6)


@pytest.mark.parametrize("surplus", [b"\0", b"\xaa\xbb", bytes(range(50))])
def test_octets_after_a_write_are_ignored(surplus: bytes) -> None:
    one = client("A=INT[4] B=SINT[4] T=SSTRING[4] L=STRING[4]")
    assert one.ask(write("A", 0xC3, 2, ints(1, 2) + surplus)).status == 0
    assert one.controller.tags["A"][0:4] == [1, 2, 0, 0]
    assert one.ask(write("B", 0xC2, 3, b"\1\2\3" + surplus)).status == 0
    assert one.controller.tags["B"][0:4] == [1, 2, 3, 0]
    assert one.ask(write("T", 0xDA, 1, b"\2ab" + surplus)).status == 0
    assert one.controller.tags["T"][0:2] == ["ab", ""]
    assert one.ask(write("L", 0xD0, 1, b"\2\0ab" + surplus)).status == 0
    assert one.controller.tags["L"][0:2] == ["ab", ""]


def test_a_write_whose_message_stands_twice_is_done_once() -> None:
    one = client()
    once = write("SCADA", 0xC3, 1, ints(77))
    assert one.ask(once + b"\5\0" + once) == Reply(0xCD, 0)
    assert one.ask(read("SCADA", 2)).data == b"\xc3\0" + ints(77, 0)


@pytest.mark.parametrize("cut", range(1, 4))
def test_parameters_that_are_cut_off_are_not_enough(cut: int) -> None:
    one = client()
    whole = {
        0x4C: struct.pack("<H", 1),
        0x52: struct.pack("<HI", 1, 0),
        0x4D: struct.pack("<HH", 0xC3, 1),
        0x53: struct.pack("<HHI", 0xC3, 1, 0),
    }
    for service, data in whole.items():
        reply = one.ask(request(service, "SCADA", data[:-cut]))
        assert (reply.service, reply.status) == (service | 0x80, 0x13)


@pytest.mark.parametrize(
    "octets",
    [
        b"\x4c\x04\x91\x05SC",  # the path ends before its words do
        b"\x4c\x01\x91\x05SCADA\0",  # the symbol ends after them
        b"\x4c\x04\x91\xc8SCADA\0\1\0",  # a symbol of 200 characters
        b"\x4c\xff" + symbol("SCADA") + b"\1\0",
        b"\x4c",
    ],
)
def test_a_path_that_cannot_be_read_is_answered(octets: bytes) -> None:
    one = client()
    reply = one.ask(octets)
    assert reply.service == 0xCC
    assert reply.status in (0x04, 0x13, 0x26)
    assert one.ask(read("SCADA")).status == 0


def test_no_request_at_all_is_answered() -> None:
    one = client()
    got = one.send(rr(b"", one.handle))
    assert len(got) == 1
    assert got[0].command == 0x6F
    assert one.ask(read("SCADA")).status == 0


# -- fragments


def fetched(one: Client, path: str | bytes, count: int, wrap: bool = False) -> bytes:
    """All of an array, by fragments."""
    octets, kind = b"", b""
    while True:
        asked = read_on(path, count, len(octets))
        got = one.ask(unconnected(asked) if wrap else asked)
        assert got.service == 0xD2
        assert got.status in (0, 6)
        assert len(got.data) > 2, "a fragment that holds nothing"
        assert kind in (b"", got.data[:2])
        kind, octets = got.data[:2], octets + got.data[2:]
        if got.status == 0:
            return octets


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("wrap", [False, True])
def test_an_array_of_1000_is_read_by_fragments(name: str, wrap: bool) -> None:
    one = client(f"T={name}[1000]")
    size = struct.calcsize(NUMBERS[name][1])
    values = bytes(at * 7 % 100 for at in range(1000 * size))
    one.controller.tags["T"].write(0, 1000, values)
    assert fetched(one, "T", 1000, wrap) == values
    assert (
        fetched(one, symbol("T") + element(10), 900, wrap)
        == values[10 * size :][: 900 * size]
    )


def test_a_plain_read_ends_with_partial_transfer() -> None:
    one = client()
    one.controller.tags["SCADA"][0:1000] = list(range(1000))
    reply = one.ask(read("SCADA", 1000))
    assert reply.status == 0x06
    assert len(reply.data) <= 504
    count = len(reply.data) // 2 - 1
    assert reply.data == b"\xc3\0" + ints(*range(count))
    # What it lacks is had from there.
    rest = one.ask(read_on("SCADA", 1000, 2 * count))
    assert rest.data[:4] == b"\xc3\0" + ints(count)


@pytest.mark.parametrize("kind", ["SSTRING", "STRING"])
def test_strings_are_read_by_fragments(kind: str) -> None:
    one = client(f"T={kind}[100]")
    values = [chr(65 + at % 26) * (at % 60) for at in range(100)]
    one.controller.tags["T"][0:100] = values
    size, even = (1, 1) if kind == "SSTRING" else (2, 2)
    octets = b"".join(
        len(text).to_bytes(size, "little")
        + text.encode()
        + bytes(-(size + len(text)) % even)
        for text in values
    )
    assert fetched(one, "T", 100) == octets


@pytest.mark.parametrize("kind", ["SSTRING", "STRING"])
@pytest.mark.parametrize("step", [1, 7, 100])
def test_strings_are_written_by_fragments(kind: str, step: int) -> None:
    one = client(f"T={kind}[20]")
    values = [chr(65 + at % 26) * (at % 40) for at in range(20)]
    one.controller.tags["T"][0:20] = values
    octets = fetched(one, "T", 20)
    code = 0xDA if kind == "SSTRING" else 0xD0
    other = client(f"T={kind}[20]")
    at = index = 0
    while index < 20:
        several = values[index : index + step]
        piece = other.controller.tags["T"].type.pack(several)
        assert octets[at : at + len(piece)] == piece
        asked = write_on("T", code, 20, at, piece)
        assert said(other.ask(asked)) == (0, ())
        at += len(piece)
        index += step
    assert other.controller.tags["T"][0:20] == values


@pytest.mark.parametrize("name", NUMBERS)
def test_an_array_is_written_by_fragments(name: str) -> None:
    code, form, _ = NUMBERS[name]
    size = struct.calcsize(form)
    one = client(f"T={name}[1000]")
    values = bytes(at * 11 % 100 for at in range(1000 * size))
    step = 400 // size * size
    for at in range(0, len(values), step):
        asked = write_on("T", code, 1000, at, values[at : at + step])
        assert one.ask(unconnected(asked)) == Reply(0xD3, 0)
    assert fetched(one, "T", 1000) == values


def test_fragments_of_a_write_may_end_within_an_element() -> None:
    """The sizes of pycomm3 are those of its connection, not of the elements."""
    one = client("T=DINT[100]")
    values = bytes(at % 251 for at in range(400))
    for at in range(0, 400, 150):
        assert one.ask(write_on("T", 0xC4, 100, at, values[at : at + 150])).status == 0
    assert fetched(one, "T", 100) == values


@pytest.mark.parametrize("offset", [1, 3, 487, 1999])
def test_an_odd_offset_is_refused(offset: int) -> None:
    one = client()
    reply = one.ask(read_on("SCADA", 1000, offset))
    assert said(reply) == OUT_OF_RANGE
    assert reply.data == b""


@pytest.mark.parametrize("offset", [2000, 2002, 2**31, 2**32 - 2, 2**32 - 1])
def test_an_offset_beyond_the_end_is_refused(offset: int) -> None:
    one = client()
    assert said(one.ask(read_on("SCADA", 1000, offset))) == OUT_OF_RANGE
    assert said(one.ask(write_on("SCADA", 0xC3, 1000, offset, ints(1)))) == OUT_OF_RANGE
    assert one.ask(read("SCADA")).data == b"\xc3\0\0\0"


def test_an_offset_counts_from_the_element() -> None:
    one = client()
    one.controller.tags["SCADA"][0:1000] = list(range(1000))
    path = symbol("SCADA") + element(100)
    assert one.ask(read_on(path, 10, 4)).data == b"\xc3\0" + ints(*range(102, 110))
    assert said(one.ask(read_on(path, 10, 20))) == OUT_OF_RANGE
    assert one.ask(write_on(path, 0xC3, 10, 18, ints(-1))).status == 0
    assert one.controller.tags["SCADA"][108:112] == [108, -1, 110, 111]


def test_a_fragment_with_more_than_is_left_writes_no_further() -> None:
    one = client()
    one.ask(write_on("SCADA", 0xC3, 4, 4, ints(1, 2, 3, 4, 5)))
    assert one.controller.tags["SCADA"][4:10] == [0] * 6


# -- Multiple Service Packet


def test_several_are_answered_in_order() -> None:
    one = client("A=INT B=DINT C=REAL D=SSTRING")
    outer, replies = one.all(
        [
            write("A", 0xC3, 1, ints(5)),
            read("A"),
            read("B"),
            write("D", 0xDA, 1, b"\2hi"),
            read("D"),
            read("C"),
        ]
    )
    assert said(outer) == (0, ())
    assert replies == [
        Reply(0xCD, 0),
        Reply(0xCC, 0, (), b"\xc3\0\5\0"),
        Reply(0xCC, 0, (), b"\xc4\0\0\0\0\0"),
        Reply(0xCD, 0),
        Reply(0xCC, 0, (), b"\xda\0\2hi"),
        Reply(0xCC, 0, (), b"\xca\0\0\0\0\0"),
    ]


def test_one_that_fails_leaves_the_others_intact() -> None:
    one = client("A=INT[3]")
    outer, replies = one.all(
        [
            read("A"),
            read("NOPE"),
            read("A", 4),
            write("A", 0xC4, 1, bytes(4)),
            request(0x66, "A"),
            b"\x4c\x09\x91",
            write("A", 0xC3, 1, ints(3)),
            read("A"),
            request(0x0E, number(1, 1, 7)),
        ]
    )
    assert outer.status == 0x1E
    statuses = [said(reply) for reply in replies]
    assert statuses[:5] == [(0, ()), (5, ()), OUT_OF_RANGE, TYPE_MISMATCH, (8, ())]
    assert statuses[5][0] in (0x04, 0x13, 0x26)
    assert statuses[6:] == [(0, ())] * 3
    assert replies[7].data == b"\xc3\0\3\0"
    assert replies[8].data.endswith(b"1756-L61/B LOGIX5561")


def test_a_packet_in_a_packet_is_refused() -> None:
    one = client("A=INT[3]")
    inner = multiple([write("A", 0xC3, 1, ints(9))])
    outer, replies = one.all([read("A"), inner, read("A")])
    assert outer.status == 0x1E
    assert [reply.status for reply in replies] == [0, 0x08, 0]
    assert replies[2].data == b"\xc3\0\0\0"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\1",
        b"\2\0\6\0",
        struct.pack("<3H", 2, 60000, 60010),
        struct.pack("<3H", 2, 6, 60000) + read("A"),
        struct.pack("<3H", 2, 0, 0) + read("A"),
        struct.pack("<3H", 2, 14, 6) + read("A") * 2,
        b"\xff\xff",
    ],
)
def test_offsets_that_lie_are_refused(data: bytes) -> None:
    one = client("A=INT[3]")
    reply = one.ask(request(0x0A, number(2, 1), data))
    assert reply.service == 0x8A
    assert reply.status in (0x13, 0x15, 0x20, 0x1E)
    assert one.ask(read("A")).status == 0


def test_a_packet_goes_through_an_unconnected_send() -> None:
    one = client("A=INT[3]")
    reply = one.ask(unconnected(multiple([read("A"), read("NOPE")])))
    assert (reply.service, reply.status) == (0x8A, 0x1E)
    assert [each.status for each in replies_in(reply.data)] == [0, 5]


def payload(one: Client, octets: bytes) -> bytes:
    (got,) = one.send(rr(octets, one.handle))
    return got.payload


SMALLEST = 16 + 8  # the packet's items, and the least that a reply is made of


@pytest.mark.parametrize("size", [*range(0, 80), 100, 150, 201, 504, 2000])
def test_a_reply_never_exceeds_the_size(size: int) -> None:
    tags = "A=INT[100] T=SSTRING[9] L=LINT[300]"
    one = Client(controller(tags, limits=Limits(reply=size)))
    one.controller.tags["T"][0:9] = ["some text"] * 9
    members = [read("A", 50), read("NOPE"), read("T", 9), write("A", 0xC3, 1, ints(1))]
    for asked in (
        read("A", 100),
        read_on("A", 100, 20),
        read("A"),
        read("L"),
        read("L", 300),
        read("T", 9),
        read("T"),
        request(0x01, number(1, 1)),
        request(0x03, number(1, 1), b"\3\0\7\0\1\0\2\0"),
        request(0x0E, number(1, 1, 7)),
        multiple(members),
        multiple(members * 5),
        multiple([read("A")] * 30),
        multiple([read("NOPE")] * 30),
        multiple([multiple(members)] * 2),
    ):
        for octets in (asked, unconnected(asked)):
            got = payload(one, octets)
            assert len(got) <= max(size, SMALLEST), asked.hex(" ")
            reply = reply_in(got[16:])
            if reply.status == 0x06:
                assert len(reply.data) > 2, "a transfer that gets nowhere"


@pytest.mark.parametrize("more", [0, 1, 2, 7, 59, 60, 61])
def test_statuses_with_a_word_more_do_not_exceed_the_size(more: int) -> None:
    """A member that is refused may need more than the four octets of a head."""
    size = 16 + 4 + 2 + 30 * (2 + 4) + more
    for asked in (read("A", 5000), read(symbol("A") + element(5000))):
        one = Client(controller("A=INT[100]", limits=Limits(reply=size)))
        got = payload(one, multiple([asked] * 30))
        assert len(got) <= size


def test_a_full_packet_whose_rest_fails_is_answered() -> None:
    """There are 65,535 octets in a frame, and a reply counts them right."""
    count = Limits().members
    for first in range(100, 140, 3):
        one = client()
        members = [read("SCADA", 1000)] * first
        members += [read("SCADA", 5000)] * (count - first)
        got = payload(one, multiple(members))
        assert len(got) <= 65535 - 24
        reply = reply_in(got[16:])
        if reply.status == 0x1E:
            assert len(replies_in(reply.data)) == count
        else:
            assert reply.status == 0x11
        assert one.ask(read("SCADA")).status == 0


@pytest.mark.parametrize("size", range(24, 400, 7))
def test_all_of_an_array_is_had_whatever_the_size(size: int) -> None:
    one = Client(controller("A=INT[100]", limits=Limits(reply=size)))
    one.controller.tags["A"][0:100] = list(range(100))
    first = one.ask(read_on("A", 100))
    if first.status == 0x11:
        assert size < 32
        return
    assert fetched(one, "A", 100) == ints(*range(100))


@pytest.mark.parametrize("size", range(24, 200))
def test_a_write_that_is_done_is_not_denied(size: int) -> None:
    """A member that did not fit was not done; one that was done says so."""
    one = Client(controller("A=INT[20]", limits=Limits(reply=size)))
    asked = [
        write(symbol("A") + element(at), 0xC3, 1, ints(at + 1)) for at in range(20)
    ]
    reply = one.ask(multiple(asked))
    done = one.controller.tags["A"][0:20]
    if reply.status not in (0, 0x1E):
        assert done == [0] * 20
        return
    for at, each in enumerate(replies_in(reply.data)):
        assert done[at] == (0 if each.status else at + 1), at


@pytest.mark.parametrize("size", [*range(0, 60), 100, 200])
def test_the_size_of_the_command_line_bounds_requests_and_replies(size: int) -> None:
    one = Client(controller("A=INT[200]", size=size))
    for asked in (read("A", 200), read("A"), multiple([read("A")] * 9)):
        (got,) = one.send(rr(asked, one.handle, b"contexts"))
        assert (got.command, got.context) == (0x6F, b"contexts")
        if 16 + len(asked) > size:
            assert (got.status, got.payload) == (0x65, b"")
        else:
            assert got.status == 0
            assert len(got.payload) <= max(size, SMALLEST)
    (lives,) = one.send(frame(0x04))
    assert lives.status == 0


def test_thousands_of_members_are_bounded() -> None:
    one = client("A=INT[3]")
    most = Limits().members
    for count in (most - 1, most, most + 1, 2 * most, 8 * most):
        member = read("A") if count < 5000 else b"\x4c\0\1\0"
        octets = multiple([member] * count)
        takes_at_most(5, partial(one.ask, octets))
        reply = one.ask(octets)
        if reply.status in (0, 0x1E):
            assert len(replies_in(reply.data)) == count
        else:
            assert reply.data == b""
    assert one.ask(multiple([read("A")] * (most + 1))).status not in (0, 0x1E)


def test_many_that_share_their_octets_are_refused() -> None:
    """30,000 offsets to one and the same request are 30,000 requests."""
    one = client("A=INT[3]")
    count = 30000
    data = struct.pack("<H", count) + struct.pack("<H", 2 + 2 * count) * count
    octets = request(0x0A, number(2, 1), data + read("A"))
    takes_at_most(2, partial(one.ask, octets))
    reply = one.ask(octets)
    assert reply.status not in (0, 0x1E)


def test_a_deep_packet_ends_at_once() -> None:
    one = client("A=INT[3]")
    octets = read("A")
    for _ in range(400):
        octets = multiple([octets])
    reply = one.ask(octets)
    assert reply.status == 0x1E
    assert [each.status for each in replies_in(reply.data)] == [0x08]


# -- Unconnected Send


@pytest.mark.parametrize("route", [b"", BACKPLANE, b"\1\7", b"\x12\0079.9.9.9\0"])
def test_any_route_is_taken_by_default(route: bytes) -> None:
    one = client()
    assert one.ask(unconnected(read("SCADA"), route)) == one.ask(read("SCADA"))


def test_a_route_that_is_ignored_may_hold_anything() -> None:
    one = client()
    for route in (BACKPLANE + b"\xce\0", symbol("X"), element(3)):
        first = one.ask(unconnected(read("SCADA"), route))
        again = one.ask(unconnected(read("SCADA"), route))
        assert first == again


def routed(route_path: tuple[Port, ...]) -> Client:
    return Client(controller("A=INT[3]", route_path=route_path))


def test_the_route_that_is_configured_is_taken() -> None:
    one = routed((Port(1, 0),))
    assert one.ask(unconnected(read("A"))).status == 0
    assert one.ask(unconnected(read("A"), b"")).status == 0
    assert one.ask(read("A")).status == 0  # a Simple request is always


@pytest.mark.parametrize("route", [b"\1\1", b"\2\0", b"\1\0\1\0"])
def test_another_route_is_refused(route: bytes) -> None:
    one = routed((Port(1, 0),))
    asked = write("A", 0xC3, 1, ints(1))
    reply = one.ask(unconnected(asked, route))
    assert (reply.service, reply.status, reply.extended[0]) == (0xD2, 0x01, 0x0312)
    assert one.controller.tags["A"][0] == 0
    assert one.ask(unconnected(asked)).status == 0


def test_a_simple_device_takes_no_route() -> None:
    one = routed(())
    reply = one.ask(unconnected(read("A")))
    assert (reply.service, reply.status, reply.extended[0]) == (0xD2, 0x01, 0x0312)
    assert one.ask(unconnected(read("A"), b"")).status == 0
    assert one.ask(read("A")).status == 0


def test_an_unconnected_send_in_another_is_refused() -> None:
    one = client()
    asked = unconnected(unconnected(write("SCADA", 0xC3, 1, ints(1))))
    reply = one.ask(asked)
    assert (reply.service, reply.status) == (0xD2, 0x08)
    assert one.controller.tags["SCADA"][0] == 0
    deep = read("SCADA")
    for _ in range(400):
        deep = unconnected(deep)
    assert one.ask(deep).status == 0x08


@pytest.mark.parametrize("warm", [False, True])
@pytest.mark.parametrize("route", [b"", BACKPLANE, b"\1\3"])
def test_an_unconnected_send_in_a_packet_is_refused(warm: bool, route: bytes) -> None:
    """Otherwise its route would be nobody's to check."""
    one = routed((Port(1, 0),))
    if warm:
        assert one.ask(read("A")).status == 0
    sent = unconnected(write("A", 0xC3, 1, ints(9)), route)
    outer, replies = one.all([read("A"), sent, read("A")])
    assert outer.status == 0x1E
    assert (replies[1].service, replies[1].status) == (0xD2, 0x08)
    assert one.controller.tags["A"][0] == 0


def test_what_is_wrong_inside_is_answered_for_the_service_inside() -> None:
    one = client()
    for asked, status in (
        (read("NOPE"), 0x05),
        (request(0x66, "SCADA"), 0x08),
        (request(0x4C, "SCADA", b"\1"), 0x13),
        (write("SCADA", 0xC3, 2, b"\1"), 0x13),
        (request(0x0E, number(1, 1, 99)), 0x14),
    ):
        reply = one.ask(unconnected(asked))
        assert (reply.service, reply.status) == (asked[0] | 0x80, status)
    cut = one.ask(unconnected(b"\x4c\x09\x91\x05"))
    assert cut.service == 0xCC
    assert cut.status in (0x04, 0x13, 0x26)


@pytest.mark.parametrize("length", [0, 1, 300, 65535])
def test_a_length_inside_that_lies_is_answered(length: int) -> None:
    one = client()
    reply = one.ask(unconnected(read("SCADA"), length=length))
    assert reply.status != 0
    assert one.ask(unconnected(read("SCADA"))).status == 0


@pytest.mark.parametrize("cut", range(1, 18))
def test_an_unconnected_send_that_is_cut_off_is_answered(cut: int) -> None:
    one = client()
    whole = unconnected(read("SCADA"))
    reply = one.ask(whole[:-cut])
    assert reply.status != 0 or cut == 0
    assert one.ask(whole).status == 0


# -- who looks on


def test_reads_and_writes_are_observed() -> None:
    lines: list[str] = []
    one = Client(controller("SCADA=INT[1000] T=SSTRING", observer=lines.append))
    one.ask(write(symbol("SCADA") + element(3), 0xC3, 2, ints(41, 42)))
    one.ask(read("SCADA", 5))
    one.ask(read("T"))
    assert len(lines) == 3
    assert all("\n" not in line for line in lines)
    assert "SCADA" in lines[0] and "41" in lines[0] and "42" in lines[0]
    assert "SCADA" in lines[1] and "42" in lines[1]
    one.ask(multiple([read("SCADA"), read("SCADA")]))
    assert len(lines) == 5


def test_who_looks_on_harms_nobody() -> None:
    """What lines are printed to may have been closed."""

    def broken(line: str) -> None:
        raise BrokenPipeError(line)

    one = Client(controller("SCADA=INT[1000]", observer=broken))
    assert one.ask(write("SCADA", 0xC3, 1, ints(7))).status == 0
    assert one.ask(read("SCADA")).data == b"\xc3\0" + ints(7)


MOST_SECONDS = 2.0  # of one frame, uncompiled


@pytest.mark.parametrize(
    ("tags", "member"),
    [
        (" ".join(f"T{at}=DINT" for at in range(10000)), request(0x01, number(2, 1))),
        ("T=SSTRING[65535]", read_on("T", 65535, 0xFFFFFFFF)),
        ("T=SSTRING[65535]", request(0x0E, "T")),
        ("T=STRING[65535]", read("T", 65535)),
        ("T=DINT[1000000]", request(0x0E, "T")),
        ("T=DINT", request(0x01, number(1, 1))),
        ("T=DINT", request(0x03, number(1, 1), b"\x64\0" + b"\7\0" * 100)[:60]),
    ],
)
def test_a_packet_of_costly_members_ends_soon(tags: str, member: bytes) -> None:
    """One frame must not keep all other clients waiting."""
    one = client(tags)
    packet = multiple([member] * Limits().members)
    takes_at_most(MOST_SECONDS, partial(one.ask, packet))


def test_two_controllers_share_nothing() -> None:
    one, other = client(), client()
    one.ask(write("SCADA", 0xC3, 1, ints(1)))
    assert other.ask(read("SCADA")).data == b"\xc3\0\0\0"
    reply = other.send(rr(read("SCADA"), one.handle))
    assert reply[0].status == 0x64


def test_ten_thousand_tags_are_known() -> None:
    several = " ".join(f"Tag_{at}=DINT" for at in range(10000))
    one = Client(controller(several))
    assert one.ask(write("TAG_9999", 0xC4, 1, b"\1\2\3\4")).status == 0
    assert one.ask(read("tag_9999")).data == b"\xc4\0\1\2\3\4"
    assert one.ask(read("tag_10000")).status == 0x05


def test_a_packet_of_no_members_is_answered() -> None:
    reply = client().ask(request(0x0A, number(2, 1), packed([])))
    assert reply.service == 0x8A
    assert reply.status in (0, 0x13, 0x20)


def test_a_controller_needs_no_tags() -> None:
    assert Client(Controller()).ask(read("X")).status == 0x05


def test_what_cannot_be_written_stays_so_after_it_was_read() -> None:
    """A path that is remembered leads to the same attribute."""
    one = client("V@1/1/1=UINT")
    for _ in range(3):
        assert one.ask(write("V", 0xC7, 1, b"\x4d\0")).status == 0x0F
        assert one.ask(write_on("V", 0xC7, 1, 1, b"\x4d")).status == 0x0F
        assert one.ask(read("V")).data == b"\xc7\0\1\0"


@pytest.mark.parametrize("most", [3, 8])
def test_not_every_path_is_remembered_for_ever(
    monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr("cpppo.server.enip.database.directory.REMEMBERED", most)
    one = Client(controller("SCADA=INT[100] A B"))
    one.controller.tags["SCADA"][:] = list(range(100))
    counts = []
    for _ in range(2):
        for index in range(100):
            data = one.ask(read(symbol("SCADA") + element(index))).data
            assert data == struct.pack("<2H", 0xC3, index)
            counts.append(len(one.controller.directory.places))
    # As many as is said, or twice the tags; then all are found anew.
    assert max(counts) == max(most, 6)
    assert counts.count(1) > 10


@pytest.mark.parametrize("watched", [False, True])
def test_a_part_of_a_member_is_no_failure_of_the_packet(watched: bool) -> None:
    observer = (lambda line: None) if watched else None
    one = Client(controller("SCADA=INT[1000]", observer=observer))
    for _ in range(2):
        reply = one.ask(multiple([read("SCADA", 1000), read("SCADA")]))
        assert reply.status == 0
        assert [part.status for part in replies_in(reply.data)] == [6, 0]


def test_a_limit_beyond_what_a_length_can_say_is_no_limit() -> None:
    one = Client(controller("A=DINT[1000]", limits=Limits(reply=1000000)))
    for _ in range(2):
        reply = one.ask(multiple([read("A", 120)] * 200))
        assert len(reply.data) < 65536
        assert one.ask(read("A")).status == 0


def test_who_chose_his_place_has_it() -> None:
    one = client("A=INT B@2/1/1=DINT")
    assert one.ask(write("B", 0xC4, 1, b"\5\0\0\0")).status == 0
    assert one.ask(read("A")).data == b"\xc3\0\0\0"
    assert one.ask(request(0x0E, number(2, 1, 1))).data == b"\5\0\0\0"


def test_one_attribute_that_fails_costs_the_others_nothing() -> None:
    class Broken(device.Attribute):
        def __getitem__(self, key: int | slice) -> Any:
            if self.name == "B":
                raise RuntimeError("two\nlines")
            return super().__getitem__(key)

    one = Client(controller("A@22/1/1=INT B@22/1/2=INT", attribute_class=Broken))
    reply = one.ask(request(0x03, number(22, 1), b"\2\0\2\0\1\0"))
    assert reply.status == 0x0A
    assert reply.data == b"\2\0" + b"\2\0\x10\0" + b"\1\0\0\0" + b"\0\0"
    assert list(one.controller.tags["A"]) == [0]


def test_a_failing_attribute_of_a_list_does_not_flood_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken(device.Attribute):
        def __getitem__(self, key: int | slice) -> Any:
            raise RuntimeError("two\nlines")

    one = Client(controller("A@22/1/1=INT", attribute_class=Broken))
    one.ask(request(0x03, number(22, 1), b"\x64\0" + b"\1\0" * 100))
    said = [record.getMessage() for record in caplog.records]
    assert 0 < len(said) < 20
    assert "A INT failed: RuntimeError: two lines" in said
