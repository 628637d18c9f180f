# SPDX-License-Identifier: Apache-2.0
"""The PCCC object and the data files, without sockets; requests are octets by hand."""

from __future__ import annotations

import struct
import threading
from typing import Any

import pytest
from asking import (
    Client,
    controller,
    multiple,
    number,
    replies_in,
    reply_in,
    request,
    unconnected,
)
from connecting import SLOT, Linked
from hypothesis import given
from hypothesis import strategies as st

from cpppo.server.enip import Controller
from cpppo.server.enip.cip.attribute import Attribute
from cpppo.server.enip.pccc import DataFile, DataFileError, DataFiles

PATH = number(0x67, 1)
WHO = bytes.fromhex("07 09 10 73 4d 50 c9")
TNS = b"\x34\x12"

FILES = {
    "N7": {"size": 100, "value": list(range(100))},
    "F8": {"size": 10, "value": 1.5},
    "ST9": {"value": ["hello", "odd"]},
    "L10": 5,
    "A11": 5,
    "N300": {"size": 400, "value": 7},
}
N, F, T, B, ST, L, I_, O_ = 0x89, 0x8A, 0x86, 0x85, 0x8D, 0x91, 0x83, 0x82


def made(tags: str = "A=INT[10] R=REAL D=DINT S=SSTRING", **kwds: Any) -> Controller:
    return controller(tags, **{"data_files": FILES, **kwds})


def ask(one: Controller, command: bytes) -> bytes:
    """The reply to a command, after who asked."""
    return carried(Client(one).cip(request(0x4B, PATH, WHO + command)))


def carried(reply: bytes) -> bytes:
    assert reply[:4] == bytes.fromhex("cb 00 00 00")
    assert reply[4:11] == WHO
    return reply[11:]


def fnc(one: Controller, text: str, data: bytes = b"") -> bytes:
    """The data of the reply to a function that succeeds."""
    reply = ask(one, b"\x0f\0" + TNS + bytes.fromhex(text) + data)
    assert reply[:4] == b"\x4f\0" + TNS, reply.hex(" ")
    return reply[4:]


def refused(one: Controller, text: str, data: bytes = b"") -> int:
    """The status of a function that is refused; extended ones as 0xF0xx."""
    reply = ask(one, b"\x0f\0" + TNS + bytes.fromhex(text) + data)
    assert (reply[0], reply[2:4]) == (0x4F, TNS)
    assert reply[1]
    assert len(reply) == (5 if reply[1] == 0xF0 else 4)
    return reply[1] << 8 | reply[4] if reply[1] == 0xF0 else reply[1]


def read(size: int, file: int, kind: int, element: int, sub: int = 0) -> str:
    """A read with three numbers, each of one octet."""
    return bytes((0xA2, size, file, kind, element, sub)).hex()


def words(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}h", *values)


# -- SLC 500


def test_elements_are_read() -> None:
    one = made()
    assert fnc(one, read(2, 7, N, 5)) == words(5)
    assert fnc(one, read(6, 7, N, 97)) == words(97, 98, 99)
    assert fnc(one, read(8, 8, F, 1)) == struct.pack("<2f", 1.5, 1.5)
    assert fnc(one, read(84, 9, ST, 0))[:8] == b"\5\0ehll\0o"


def test_numbers_beyond_an_octet_take_two_more() -> None:
    one = made()
    assert fnc(one, "a2 02 ff 2c 01 89 ff 8f 01 00") == words(7)
    assert refused(one, "a2 02 ff 2c 01 89 ff 90 01 00") == 0xF00A


def test_a_sub_element_is_a_word_of_its_element() -> None:
    one = made()
    one.pccc.files["T4:1.PRE"] = 300
    one.pccc.files["T4:1.ACC"] = 20
    one.pccc.files["T4:1.DN"] = True
    assert fnc(one, read(2, 4, T, 1, 1)) == words(300)
    assert fnc(one, read(2, 4, T, 1, 2)) == words(20)
    assert fnc(one, read(6, 4, T, 1)) == b"\0\x20" + words(300, 20)
    assert refused(one, read(2, 4, T, 1, 3)) == 0xF001


def test_the_words_of_a_slot_follow_it() -> None:
    one = made()
    one.pccc.files["I:2"] = 5
    assert fnc(one, read(2, 1, I_, 1, 1)) == words(5)
    assert fnc(one, read(2, 1, 0x8C, 2)) == words(5)
    one.pccc.files["O:0"] = 9
    assert fnc(one, read(2, 0, 0x8B, 0)) == fnc(one, read(2, 0, O_, 0)) == words(9)


def test_elements_are_written() -> None:
    one = made()
    assert fnc(one, "aa 04 07 89 05 00", words(-1, -2)) == b""
    assert one.pccc.files["N7:4{4}"] == [4, -1, -2, 7]
    # What comes after as many octets as the size says is nobody's.
    assert fnc(one, "aa 02 07 89 05 00", words(3, 99)) == b""
    assert one.pccc.files["N7:5{2}"] == [3, -2]


def test_a_mask_says_which_bits_are_written() -> None:
    one = made()
    one.pccc.files["B3:1"] = 0x00FF
    assert fnc(one, "ab 02 03 85 01 00", bytes.fromhex("0f 0f 00 05")) == b""
    assert one.pccc.files["B3:1"] == 0x05F0
    # The mask is for each word.
    assert fnc(one, "ab 04 07 89 00 00", b"\xff\xff" + words(-5, 500)) == b""
    assert one.pccc.files["N7:0{3}"] == [-5, 500, 2]
    # Or it is as long as what is written.
    wide = bytes.fromhex("00 00 01 00 00 00 01 00")
    assert fnc(one, "ab 04 0a 91 02 00", wide) == b""
    assert one.pccc.files["L10:2"] == 0x10000


def test_a_masked_write_may_have_less_than_its_size() -> None:
    """pycomm3 says 84 for every string, and 6 for a timer, and sends what it has."""
    one = made()
    text = bytes.fromhex("ff ff 03 00 64 6f 00 64")
    assert fnc(one, "ab 54 09 8d 00 00", text) == b""
    assert one.pccc.files["ST9:0"] == "odd"
    assert fnc(one, "ab 06 04 86 00 00", bytes.fromhex("00 20 00 20")) == b""
    assert one.pccc.files["T4:0.DN"] is True


@pytest.mark.parametrize(
    ("text", "data", "status"),
    [
        ("a2 02 63 89 00 00", b"", 0xF006),  # no such file
        ("a2 02 07 8a 00 00", b"", 0xF017),  # of another type
        ("a2 02 07 8f 00 00", b"", 0xF011),  # of no type
        ("a2 02 07 89 64 00", b"", 0xF00A),  # beyond the end
        ("a2 04 07 89 63 00", b"", 0xF00A),  # over the end
        ("a2 00 07 89 00 00", b"", 0xF001),  # nothing
        ("a2 f5 07 89 00 00", b"", 0xF009),  # more than a reply has
        ("a2 02 07 89 00", b"", 0x10),  # too short
        ("aa 04 07 89 00 00", b"\1\2\3", 0x10),  # fewer octets than it says
        ("aa 02 07 89 00 00", b"", 0x10),
        ("ab 02 07 89 00 00", b"\xff\xff", 0x10),  # a mask for nothing
        ("aa 04 07 89 63 00", b"abcd", 0xF00A),
        ("ab 04 07 89 63 00", b"\xff\xffabcd", 0xF00A),
        ("11", b"", 0x10),  # no such function
        ("", b"", 0x10),
    ],
)
def test_what_cannot_be_done_has_a_status(text: str, data: bytes, status: int) -> None:
    one = made()
    before = [bytes(file.octets) for file in one.pccc.files]
    assert refused(one, text, data) == status
    assert [bytes(file.octets) for file in one.pccc.files] == before


def test_a_reply_has_at_most_244_octets() -> None:
    assert len(fnc(made(), "a2 f4 ff 2c 01 89 00 00")) == 244


def test_a_command_that_is_none_is_answered() -> None:
    one = made()
    assert ask(one, b"\x0e\0" + TNS) == b"\x4e\x10" + TNS
    assert ask(one, b"\x0f\0" + TNS) == b"\x4f\x10" + TNS
    assert ask(one, b"\x0f") == b"\x4f\x10\0\0"
    assert ask(one, b"") == b"\x40\x10\0\0"


ANYTHING = st.binary(max_size=40)
FUNCTIONS = st.sampled_from([0x00, 0x01, 0x26, 0x67, 0x68, 0xA1, 0xA2, 0xAA, 0xAB])
PLACED = st.sampled_from([b"", b"\2\7\x89\1\0", b"\0\0\1\0\6\7\0", b"\0\0\1\0\0$A\0"])


@given(
    octets=st.builds(
        lambda code, place, rest: b"\x0f\0\1\0" + bytes((code,)) + place + rest,
        FUNCTIONS,
        PLACED,
        ANYTHING,
    )
    | ANYTHING
)
def test_whatever_comes_is_answered(octets: bytes) -> None:
    one = made()
    reply = one.pccc.processor.answer(octets, 488)
    assert 4 <= len(reply) <= 248
    assert reply[0] == (octets[:1] or b"\0")[0] | 0x40
    assert reply[2:4] == octets[2:4].ljust(2, b"\0")
    assert reply[1] != 0xF0 or reply[4] != 0x14  # nothing failed that is not foreseen


# -- what the processor says of itself


def test_the_processor_says_what_it_is() -> None:
    one = made(data_files=DataFiles(FILES, catalog="1766-L32BWA"))
    reply = ask(one, b"\6\0" + TNS + b"\3")
    assert reply[:4] == b"\x46\0" + TNS
    assert reply[4 + 5 : 4 + 16] == b"1766-L32BWA"
    assert b"1747-L552  " in ask(made(), b"\6\0" + TNS + b"\3")
    assert b"1756-L61/B " in ask(made(data_files=None), b"\6\0" + TNS + b"\3")


def test_an_echo_is_what_was_sent() -> None:
    assert ask(made(), b"\6\0" + TNS + b"\0hello") == b"\x46\0" + TNS + b"hello"
    assert ask(made(), b"\6\0" + TNS + b"\x09") == b"\x46\x10" + TNS


def test_file_0_lists_the_files() -> None:
    one = made()
    size = int.from_bytes(fnc(one, "a1 04 00 01 23")[:2], "little")
    pieces = [
        fnc(one, bytes((0xA1, min(80, size - at), 0, 1, at // 2)).hex())
        for at in range(0, size, 80)
    ]
    image = b"".join(pieces)
    assert len(image) == size
    rows = [image[at : at + 3] for at in range(79, size - 9, 10)]
    assert int.from_bytes(image[52:54], "little") == len(rows) == 12
    assert rows[7] == b"\x89" + struct.pack("<H", 200)
    assert rows[9] == b"\x8d" + struct.pack("<H", 168)
    assert refused(one, "a1 50 00 01 ff e8 03") == 0xF00A
    # A file by two numbers is read, too.
    assert fnc(one, "a1 02 07 89 05") == words(5)


# -- PLC-5


def test_a_range_of_words_is_read() -> None:
    one = made()
    assert fnc(one, "01 00 00 03 00 06 07 05 06") == words(5, 6, 7)
    # The size is left out, or it is a part of the range.
    assert fnc(one, "01 00 00 03 00 06 07 05") == words(5, 6, 7)
    assert fnc(one, "01 01 00 03 00 06 07 05 04") == words(6, 7)
    assert fnc(one, "01 00 00 01 00 07 00 07 05 02") == words(5)
    assert fnc(one, "01 00 00 01 00 00", b"$N7:5\0\2") == words(5)
    one.pccc.files["T4:0.ACC"] = 9
    assert fnc(one, "01 00 00 01 00 0e 04 00 02 02") == words(9)
    assert fnc(one, "01 00 00 01 00 0f 00 04 00 02 02") == words(9)
    assert fnc(one, "01 00 00 01 00 00", b"$T4:0.ACC\0\2") == words(9)


def test_a_range_of_words_is_written() -> None:
    one = made()
    assert fnc(one, "00 00 00 02 00 06 07 05", words(-1, -2, -3)) == b""
    assert one.pccc.files["N7:4{4}"] == [4, -1, -2, 7]
    assert fnc(one, "00 01 00 02 00 06 07 05", words(-9)) == b""
    assert one.pccc.files["N7:4{4}"] == [4, -1, -9, 7]


def test_bits_are_kept_and_set() -> None:
    one = made()
    one.pccc.files["B3:0"] = 0x0F0F
    one.pccc.files["B3:1"] = 1
    both = "06 03 00 ff 00 00 80 06 03 01 ff ff 10 00"
    assert fnc(one, f"26 {both}") == b""
    assert one.pccc.files["B3:0{2}"] == [0x800F, 0x11]
    # Nothing is written where one of the places is not there.
    assert refused(one, f"26 {both.replace('03 01', '03 ff ff 0f')}") == 0xF00A
    assert one.pccc.files["B3:0{2}"] == [0x800F, 0x11]


@pytest.mark.parametrize(
    ("text", "data", "status"),
    [
        ("01 00 00 01 00 06 63 00 02", b"", 0xF006),
        ("01 00 00 01 00 06 07 64 02", b"", 0xF00A),
        ("01 ff 00 00 01 06 07 00 02", b"", 0xF00A),
        ("01 00 00 01 00 06 07 00 00", b"", 0xF001),
        ("01 00 00 01 00 02 07 02", b"", 0xF001),  # the element is missing
        ("01 00 00 01 00 07 01 07 00 02", b"", 0xF001),  # not the area of data
        ("01 00 00 01 00 00", b"$X\0\2", 0xF004),
        ("01 00 00 01 00 00", b"$N7:0/1\0\2", 0xF005),
        ("01 00 00 01 00 00", b"N7:0\0\2", 0x10),
        ("01 00 00 01 00 00", b"$N7:0", 0x10),
        ("01 00 00 01 00 0e 04 00 03 02", b"", 0xF001),
        ("00 00 00 01 00 06 07 00", b"", 0x10),
        ("00 00 00 01 00 06 07 00", b"a", 0x10),
        ("00 00 00 02 00 06 07 63", b"abcd", 0xF00A),
        ("26 06 07 00 ff ff 00", b"", 0x10),
    ],
)
def test_what_a_plc_5_refuses(text: str, data: bytes, status: int) -> None:
    one = made()
    before = [bytes(file.octets) for file in one.pccc.files]
    assert refused(one, text, data) == status
    assert [bytes(file.octets) for file in one.pccc.files] == before


# -- typed values, by address and by name


def test_typed_values_of_files_are_read_and_written() -> None:
    one = made()
    assert fnc(one, "68 00 00 01 00 06 07 05 01 00") == b"\x42" + words(5)
    three = fnc(one, "68 00 00 03 00 06 07 05 03 00")
    assert three == b"\x97\x09\x42" + words(5, 6, 7)
    # Some of them, from an offset.
    assert fnc(one, "68 02 00 03 00 06 07 05 01 00") == b"\x42" + words(7)
    real = struct.pack("<f", 1.5)
    assert fnc(one, "68 00 00 01 00 00", b"$F8:3\0\1\0") == b"\x94\x08" + real
    many = fnc(one, "68 00 00 64 00 06 07 00 64 00")
    assert many == b"\x99\x09\xc9\x42" + words(*range(100))
    assert fnc(one, "67 00 00 01 00 06 07 05 42", words(-1)) == b""
    assert fnc(one, "67 01 00 03 00 06 07 05 95 09 42", words(-2, -3)) == b""
    assert one.pccc.files["N7:5{3}"] == [-1, -2, -3]
    timer = fnc(one, "68 00 00 01 00 06 04 00 01 00")
    assert timer == b"\x56" + bytes(6)
    assert fnc(one, "68 00 00 01 00 0e 04 00 01 01 00") == b"\x42\0\0"


@pytest.mark.parametrize(
    ("name", "size", "most", "head"),
    [
        (b"N7:0", 2, 120, "99 09 f1 42"),  # 244 octets
        (b"T4:0", 6, 40, "99 09 f1 56"),
        (b"D", 4, 60, "99 09 f1 44"),
        (b"F8:0", 4, 59, "99 09 ee 94 08"),  # one more were 245
        (b"L", 8, 29, "99 09 ea 49 08"),
        (b"X", 8, 29, "99 09 eb 99 08 08"),
    ],
)
def test_a_typed_read_holds_all_that_244_octets_can(
    name: bytes, size: int, most: int, head: str
) -> None:
    one = made("D=DINT[100] L=LINT[100] X=LREAL[100]", data_files={})
    asked = b"$" + name + b"\0"
    known = fnc(one, "68 00 00 ff 00 00", asked + struct.pack("<H", most))
    assert known == bytes.fromhex(head) + bytes(most * size)
    more = struct.pack("<H", most + 1)
    assert refused(one, "68 00 00 ff 00 00", asked + more) == 0xF009


def test_nothing_is_read_of_what_is_refused() -> None:
    asked: list[Any] = []

    class Counting(Attribute):
        def __getitem__(self, key: Any) -> Any:
            asked.append(key)
            return super().__getitem__(key)

    one = made("A=INT[200]", attribute_class=Counting)
    assert refused(one, "68 00 00 ff 00 00", b"$A\0\x79\0") == 0xF009
    assert asked == []
    assert len(fnc(one, "68 00 00 ff 00 00", b"$A\0\x78\0")) == 244
    assert asked


def test_typed_values_of_tags_are_read_and_written() -> None:
    one = made(data_files=None)
    assert fnc(one, "67 00 00 03 00 00", b"$A\0\x97\x09\x42" + words(1, 2, 3)) == b""
    assert list(one.tags["A"])[:4] == [1, 2, 3, 0]
    assert fnc(one, "68 00 00 01 00 00", b"$A[2]\0\1\0") == b"\x42" + words(3)
    assert fnc(one, "67 00 00 01 00 00", b"$a[9]\0\x42\5\0\0") == b""
    assert one.tags["A"][9] == 5
    real = struct.pack("<f", 2.5)
    assert fnc(one, "67 00 00 01 00 00", b"$R\0\x94\x08" + real) == b""
    assert one.tags["R"].value == 2.5
    assert fnc(one, "68 00 00 01 00 00", b"$D\0\1\0") == b"\x44" + bytes(4)


def test_a_tag_is_written_only_where_it_may_be() -> None:
    one = made()
    one.tags["A"].access = "read-only"
    assert fnc(one, "68 00 00 01 00 00", b"$A\0\1\0") == b"\x42\0\0"
    assert refused(one, "67 00 00 01 00 00", b"$A\0\x42\5\0") == 0xF00B
    assert one.tags["A"][0] == 0
    one.tags["A"].access = "none"
    assert refused(one, "68 00 00 01 00 00", b"$A\0\1\0") == 0xF00B


@pytest.mark.parametrize(
    ("text", "data", "status"),
    [
        ("68 00 00 01 00 00", b"$NO\0\1\0", 0xF004),
        ("68 00 00 01 00 00", b"$A[\0\1\0", 0xF005),
        ("68 00 00 01 00 00", b"$A[10]\0\1\0", 0xF004),
        ("68 00 00 01 00 00", b"$A[9]\0\2\0", 0xF00A),
        ("68 00 00 01 00 00", b"$S\0\1\0", 0xF011),
        ("68 00 00 01 00 00", b"$A\0\0\0", 0xF012),
        ("68 00 00 01 00 00", b"$A\0\1", 0x10),
        ("68 00 00 ff 00 06 07 00 ff 00", b"", 0xF009),
        ("68 00 00 01 00 00", b"$ST9:0\0\1\0", 0xF011),
        ("67 00 00 01 00 00", b"$A\0\x44abcd", 0xF017),
        ("67 00 00 01 00 00", b"$R\0\x42ab", 0xF017),
        ("67 00 00 01 00 00", b"$A\0\x42a", 0x10),
        ("67 00 00 01 00 00", b"$A\0", 0x10),
        ("67 00 00 01 00 00", b"$A[9]\0\x95\x09\x42abcd", 0xF00A),
    ],
)
def test_typed_values_that_are_refused(text: str, data: bytes, status: int) -> None:
    one = made()
    before = list(one.tags["A"])
    assert refused(one, text, data) == status
    assert list(one.tags["A"]) == before


def test_a_tag_that_fails_fails_its_command() -> None:
    class Failing(Attribute):
        def __getitem__(self, key: Any) -> Any:
            raise RuntimeError("nothing to be had")

    one = made("A=INT", attribute_class=Failing)
    assert refused(one, "68 00 00 01 00 00", b"$A\0\1\0") == 0xF014


# -- how commands come


def test_a_command_may_be_sent_along_a_route_or_in_a_packet() -> None:
    client = Client(made())
    asked = request(0x4B, PATH, WHO + b"\x0f\0" + TNS + bytes.fromhex(read(2, 7, N, 5)))
    wanted = b"\x4f\0" + TNS + words(5)
    assert carried(client.cip(asked)) == wanted
    assert carried(client.cip(unconnected(asked))) == wanted
    inner = replies_in(client.ask(multiple([asked, asked])).data)
    assert [reply.data for reply in inner] == [WHO + wanted] * 2


DH = b"\x01\x02\x20\xa6\x24\x01\x2c\x01"


def test_a_command_may_come_over_a_connection() -> None:
    linked = Linked(Client(made()), path=SLOT, large=False, size=500)
    command = b"\x0f\0" + TNS + bytes.fromhex(read(2, 7, N, 5))
    reply = linked.cip(request(0x4B, PATH, WHO + command))
    assert carried(reply) == b"\x4f\0" + TNS + words(5)


def test_a_connection_to_dh_plus_carries_bare_commands() -> None:
    linked = Linked(Client(made()), path=DH, large=False, size=258)
    command = b"\x0f\0" + TNS + bytes.fromhex("01 00 00 03 00 06 07 05")
    reply = linked.cip(struct.pack("<4H", 0, 27, 0, 1) + command)
    assert reply == struct.pack("<4H", 0, 1, 0, 27) + b"\x4f\0" + TNS + words(5, 6, 7)
    # Too short to say where to: a CIP status, as for any connection.
    assert reply_in(linked.cip(b"\1\2\3")).status == 0x13


def test_a_small_connection_to_dh_plus_is_kept_to() -> None:
    linked = Linked(Client(made()), path=DH, large=False, size=40)
    head = struct.pack("<4H", 0, 27, 0, 1) + b"\x0f\0" + TNS
    # 40 octets: a count, the way, a command's head and 26 of data.
    fits = linked.cip(head + bytes.fromhex("01 00 00 0d 00 06 07 00"))
    assert fits[9] == 0
    assert len(fits) == 38
    more = bytes.fromhex("01 00 00 0e 00 06 07 00")
    assert linked.cip(head + more)[9:13] == b"\xf0" + TNS + b"\x09"


def test_the_requester_may_say_more_and_hears_it_again() -> None:
    who = bytes.fromhex("09 01 00 02 00 00 00 aa bb")
    reply = Client(made()).ask(request(0x4B, PATH, who + b"\6\0" + TNS + b"\0"))
    assert (reply.status, reply.data) == (0, who + b"\x46\0" + TNS)


def test_who_does_not_say_who_he_is_gets_a_cip_status() -> None:
    assert Client(made()).ask(request(0x4B, PATH, b"\7\1")).status == 0x13
    assert Client(made()).ask(request(0x4B, number(0x67, 2), WHO)).status == 0x05
    assert Client(made()).ask(request(0x4C, PATH, b"\1\0")).status == 0x14


def test_a_small_room_is_kept_to() -> None:
    one = made(size=60)
    assert refused(one, read(40, 7, N, 0)) == 0xF009
    assert len(fnc(one, read(20, 7, N, 0))) == 20


def test_without_data_files_a_logix_answers() -> None:
    one = made(data_files=None)
    assert refused(one, read(2, 7, N, 0)) == 0xF006
    assert refused(one, "a1 04 00 01 23") == 0xF00A
    assert refused(one, "01 00 00 01 00 06 07 00 02") == 0xF006
    assert not list(one.pccc.files)


def test_reads_and_writes_are_told() -> None:
    told: list[str] = []
    one = made(observer=told.append)
    fnc(one, read(4, 7, N, 5))
    fnc(one, "aa 02 07 89 05 00", words(-1))
    assert [" ".join(line.split()) for line in told] == [
        "N7[ 5-6 ] == [5, 6]",
        "N7[ 5-5 ] <= [-1]",
    ]


# -- the files


def test_the_usual_files_are_there() -> None:
    files = DataFiles({"N7": 5, "F20": 3})
    usual = ["O0", "I1", "S2", "B3", "T4", "C5", "R6", "N7", "F8"]
    assert [one.name for one in files] == [*usual, "F20"]
    assert (len(files.files[7]), len(files.files[8]), len(files.files[20])) == (
        5,
        256,
        3,
    )
    assert [one.name for one in DataFiles({"N7": 5}, usual=False)] == ["N7"]
    # One of another type takes the place of a usual one.
    assert "F7" in [one.name for one in DataFiles({"F7": 5})]


def test_a_program_reads_and_writes_by_address() -> None:
    files = DataFiles(FILES)
    files["N7:0"] = 5
    files["N7:1{3}"] = [1, -2, 3]
    files["B3/17"] = True
    files["T4:0"] = {"PRE": 9, "DN": 1}
    files["ST9:0"] = "text"
    assert files["N7:0{4}"] == [5, 1, -2, 3]
    assert files["B3:1"] == 2
    assert files["B3:1/1"] is True
    assert files["T4:0.PRE"] == 9
    assert files["T4:0"] == {"EN": False, "TT": False, "DN": True, "PRE": 9, "ACC": 0}
    assert (files["ST9:0"], files["ST9:1"]) == ("text", "odd")
    files["B3/17"] = False
    assert files["B3:1"] == 0


@pytest.mark.parametrize(
    ("address", "value", "problem"),
    [
        ("N99:0", 1, "there is no such file; there are O0"),
        ("F7:0", 1, "there is no such file"),
        ("N7:100", 1, "N7 has 100 elements"),
        ("N7:99{2}", [1, 2], "N7 has 100 elements"),
        ("N7:0{2}", [1, 2, 3], "3 values for 2"),
    ],
)
def test_a_program_hears_what_is_wrong(address: str, value: Any, problem: str) -> None:
    files = DataFiles(FILES)
    with pytest.raises(DataFileError, match=problem):
        files[address] = value


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"X7": 5}, "'X7': a file expected"),
        ({"N": 5}, "the number of the file"),
        ({"N7": 0}, "a number of elements expected, from 1 to 65536, not 0"),
        ({"N7": "5"}, "a number of elements expected"),
        ({"N7": True}, "a number of elements expected"),
        ({"N7": {}}, "a number of elements expected"),
        ({"N7": {"value": 3}}, "a number of elements expected"),
        ({"N7": {"size": 5, "values": 3}}, "size and value can be said, not 'values'"),
        ({"N7": {"size": 2, "value": [1, 2, 3]}}, "3 values, and 2 elements"),
        ({"N7": {"size": 2, "value": "x"}}, "N7: 'x' is no INT"),
        ({"N10": 1, "F10": 1}, "N10 has that number already"),
        ({"N1000": 1}, "numbers are from 0 to 999"),
    ],
)
def test_a_file_that_cannot_be_had_is_told(given: Any, problem: str) -> None:
    with pytest.raises(DataFileError, match=problem.replace("(", r"\(")):
        DataFiles(given)


def test_two_controllers_share_no_files() -> None:
    one, other = made(), made()
    fnc(one, "aa 02 07 89 00 00", words(-1))
    assert (one.pccc.files["N7:0"], other.pccc.files["N7:0"]) == (-1, 0)


class Told:
    """A lock that tells when somebody comes to it."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.come = threading.Event()

    def __enter__(self) -> None:
        self.come.set()
        self.lock.acquire()

    def __exit__(self, *_: object) -> None:
        self.lock.release()


BITS = {
    "masked": bytes.fromhex("ab 02 07 89 31 00") + words(1, 1),
    "modified": bytes.fromhex("26 06 07 31") + words(-1, 1),
}


@pytest.mark.parametrize("mine", BITS)
@pytest.mark.parametrize("other", [*BITS, "program"])
def test_nobody_undoes_the_bits_of_another(
    mine: str, other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another writes the same word, after it was read and before it is stored."""
    one = made()
    files = one.pccc.files
    files["N7:49"] = 0
    told = Told()
    monkeypatch.setattr(files, "lock", told)
    store = DataFile.store
    threads: list[threading.Thread] = []

    def writing() -> None:
        if other == "program":
            files["N7:49/3"] = True
        else:
            fnc(one, BITS[other].hex().replace("0100", "0800"))
        told.come.set()

    def between(file: DataFile, at: int, octets: bytes) -> None:
        if not threads:
            threads.append(threading.Thread(target=writing))
            told.come.clear()
            threads[0].start()
            # He waits for us, or he is done: and then we must not undo it.
            assert told.come.wait(10)
        store(file, at, octets)

    monkeypatch.setattr(DataFile, "store", between)
    fnc(one, BITS[mine].hex())
    threads[0].join()
    assert files["N7:49"] == 0b1001


def test_the_files_are_not_held_while_a_tag_is_written() -> None:
    free: list[bool] = []

    class Asking(Attribute):
        def held(self) -> None:
            lock = one.pccc.files.lock

            def asked() -> None:
                free.append(lock.acquire(blocking=False))
                if free[-1]:
                    lock.release()

            # As another thread that has the tag, and waits for the files.
            other = threading.Thread(target=asked)
            other.start()
            other.join()

        def __getitem__(self, key: int | slice) -> Any:
            self.held()
            return super().__getitem__(key)

        def __setitem__(self, key: int | slice, value: Any) -> None:
            self.held()
            super().__setitem__(key, value)

    one = made(attribute_class=Asking)
    name = b"\0\0\1\0\0$D\0"
    head = b"\x0f\0" + TNS
    assert ask(one, head + b"\x67" + name + b"\x44\5\0\0\0")[1] == 0
    assert ask(one, head + b"\x68" + name + b"\1\0")[4:] == b"\x44\5\0\0\0"
    assert free == [True, True]


@pytest.mark.parametrize("name", ["ST9", "A11"])
def test_a_number_is_no_text(name: str) -> None:
    with pytest.raises(DataFileError, match="a text expected"):
        DataFiles({name: {"size": 1, "value": 10**12}})
