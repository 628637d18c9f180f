# SPDX-License-Identifier: Apache-2.0
"""What clients send that no test can run: written by hand, frame by frame.

These are the rows of libplctag, gologix and the clients for Node: requests without a
connection, Forward Opens by other paths, DH+, and the PCCC functions of a PLC-5.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import asking
import pytest
from asking import read, read_on, request, symbol, write
from connecting import ROUTER, SLOT
from interop.by_hand import (
    DH,
    OURS,
    TRIPLE,
    ask,
    closing,
    connected,
    dh,
    opening,
    pccc,
)
from peers import Address, Caller, call

pytestmark = pytest.mark.interop


@pytest.fixture
def caller(simulator: Address) -> Iterator[Caller]:
    with call(simulator) as one:
        yield one


@pytest.fixture(params=["direct", "sent on"])
def sent(request: pytest.FixtureRequest) -> bool:
    """Whether a request goes in an Unconnected Send."""
    return bool(request.param == "sent on")


# -- without a connection


def test_a_tag_is_read_and_written_without_a_connection(
    caller: Caller, sent: bool
) -> None:
    assert ask(caller, write("DINT_0", 0xC4, 1, b"\1\2\3\4"), sent).status == 0
    assert ask(caller, read("DINT_0"), sent).data == b"\xc4\0\1\2\3\4"
    assert ask(caller, read_on("DINT_0"), sent).data == b"\xc4\0\1\2\3\4"
    told = ask(caller, read("STRING_0"), sent)
    assert told.data[:4] == b"\xa0\x02\xce\x0f"
    assert len(told.data) == 4 + 88


@pytest.mark.parametrize("service", [0x4C, 0x52])
def test_a_reply_without_a_connection_stays_near_504_octets(
    caller: Caller, sent: bool, service: int
) -> None:
    data = struct.pack("<HI", 2000, 0)[: 2 if service == 0x4C else 6]
    told = ask(caller, request(service, "DINT_2000", data), sent)
    assert told.status == 6
    assert 300 < len(told.data) <= 504
    assert (len(told.data) - 2) % 8 == 0  # no element is cut


def test_a_large_tag_is_read_without_a_connection(caller: Caller, sent: bool) -> None:
    octets = b""
    while True:
        told = ask(caller, read_on("INT_3001", 3001, len(octets)), sent)
        assert told.status in (0, 6)
        octets += told.data[2:]
        if told.status == 0:
            break
    assert len(octets) == 6002


def test_surplus_octets_after_a_write_are_ignored(caller: Caller, sent: bool) -> None:
    """libplctag pads; pycomm3 says everything twice."""
    one = write("SINT_0", 0xC2, 1, b"\x05")
    assert ask(caller, one + b"\0", sent).status == 0
    assert ask(caller, read("SINT_0"), sent).data == b"\xc2\0\x05"
    two = write("DINT_10", 0xC4, 2, b"\1\0\0\0\2\0\0\0")
    assert ask(caller, two + b"\7\0" + two, sent).status == 0
    assert ask(caller, read("DINT_10", 2), sent).data == two[-8:].join((b"\xc4\0", b""))


def test_a_long_mask_is_taken_for_its_beginning(caller: Caller, sent: bool) -> None:
    ask(caller, write("INT_0", 0xC3, 1, b"\0\0"), sent)
    masks = struct.pack("<HHQ", 2, 0x0100, 0xFFFFFFFFFFFFFFFF)
    assert ask(caller, request(0x4E, "INT_0", masks), sent).status == 0
    assert ask(caller, read("INT_0"), sent).data == b"\xc3\0\0\1"


@pytest.mark.parametrize(
    ("asked", "statuses"),
    [
        (read("NOWHERE"), {(0x05,), (0x04,)}),
        (read(symbol("DINT_10") + asking.element(10)), {(0xFF, 0x2105), (0x05,)}),
        (read("DINT_10", 11), {(0xFF, 0x2105), (0x05,)}),
        (write("DINT_10", 0xC5, 1, bytes(8)), {(0xFF, 0x2107)}),
        (write("UDT_A", 0xC4, 1, bytes(4)), {(0xFF, 0x2107)}),
        (request(0x77, "SEVEN"), {(0x08,)}),
    ],
)
def test_an_error_is_what_clients_expect(
    caller: Caller, sent: bool, asked: bytes, statuses: set[tuple[int, ...]]
) -> None:
    """Those that take an index beyond for 0x05 do not read what extends it."""
    told = ask(caller, asked, sent)
    assert {(told.status, *told.extended), (told.status,)} & statuses
    assert ask(caller, read("SEVEN"), sent).data == b"\xc4\0\7\0\0\0"


def test_a_structure_is_written_with_its_handle_only(caller: Caller) -> None:
    told = ask(caller, read("UDT_INNER"))
    handle = told.data[2:4]
    good = request(0x4D, "UDT_INNER", b"\xa0\x02" + handle + b"\1\0" + bytes(16))
    assert ask(caller, good).status == 0
    wrong = bytes((handle[0] ^ 1, handle[1]))
    bad = request(0x4D, "UDT_INNER", b"\xa0\x02" + wrong + b"\1\0" + bytes(16))
    assert ask(caller, bad).status == 0xFF


# -- connections


@pytest.mark.parametrize(
    ("path", "size", "large"),
    [
        (SLOT, 4002, True),  # libplctag, pylogix
        (SLOT, 4000, True),  # pycomm3, gologix
        (ROUTER, 4002, True),  # Micro800
        (SLOT, 504, False),  # libplctag
        (SLOT, 511, False),  # gologix
        (SLOT, 500, False),  # pycomm3
    ],
)
def test_a_connection_is_opened_used_and_closed(
    caller: Caller, path: bytes, size: int, large: bool
) -> None:
    for _ in range(2):
        told = ask(caller, opening(path, size, large))
        assert told.status == 0
        assert len(told.data) == 26
        theirs, ours = struct.unpack_from("<II", told.data)
        assert ours == OURS
        assert told.data[8:16] == TRIPLE
        for sequence in (1, 2, 0xFFFF, 0):
            told_ = connected(caller, theirs, sequence, read("SEVEN"))
            assert told_ == b"\xcc\0\0\0\xc4\0\7\0\0\0"
        assert connected(caller, theirs, 5, request(0x77, "SEVEN"))[:3] == b"\xf7\0\x08"
        told = ask(caller, closing(path))
        assert told.status == 0
        assert told.data == TRIPLE + b"\0\0"
    told = ask(caller, closing(path))
    assert (told.status, told.extended) == (1, (0x0107,))


# -- PCCC


def test_an_slc_is_read_and_written_without_a_connection(
    caller: Caller, sent: bool
) -> None:
    values = struct.pack("<3h", 5, -6, 7)
    assert pccc(caller, b"\xaa\6\7\x89\x10\0" + values, sent) == b"\0"
    assert pccc(caller, b"\xa2\6\7\x89\x10\0", sent) == b"\0" + values
    assert pccc(caller, b"\xab\2\7\x89\x10\0\x0f\0\x0a\0", sent) == b"\0"
    assert pccc(caller, b"\xa2\2\7\x89\x10\0", sent) == b"\0\x0a\0"


def test_a_file_that_is_not_there_is_refused(caller: Caller, sent: bool) -> None:
    told = pccc(caller, b"\xa2\2\x63\x89\0\0", sent)
    assert told[0] in (0x10, 0xF0)
    assert pccc(caller, b"\xa2\2\7\x89\0\0", sent)[:1] == b"\0"


def test_a_plc5_is_read_and_written(caller: Caller) -> None:
    at = b"\x06\x07\x20"  # file 7, element 32
    values = struct.pack("<2h", 1000, -1000)
    assert pccc(caller, b"\0\0\0\2\0" + at + values) == b"\0"
    assert pccc(caller, b"\1\0\0\2\0" + at + b"\4") == b"\0" + values
    # AND, then OR: the masks of a bit.
    assert pccc(caller, b"\x26" + at + struct.pack("<HH", 0xFFFF, 0x0001)) == b"\0"
    told = pccc(caller, b"\1\0\0\1\0" + at + b"\2")
    assert told == b"\0" + struct.pack("<h", 1001)


def test_a_logix_data_file_is_read_and_written_by_type(caller: Caller) -> None:
    at = b"\x06\x07\x21"  # file 7, element 33
    head = struct.pack("<HH", 0, 1)
    data = b"\x42" + struct.pack("<h", -77)
    assert pccc(caller, b"\x67" + head + at + data, True) == b"\0"
    told = pccc(caller, b"\x68" + head + at + b"\1\0", True)
    assert told[:1] == b"\0"
    assert told[1:] in (data, b"\x91\x09\x03" + data)
    told = pccc(caller, b"\x68" + head + b"\0$N7:33\0" + b"\1\0", True)
    assert told[-2:] == struct.pack("<h", -77)


def test_data_files_are_read_over_dh(caller: Caller) -> None:
    told = ask(caller, opening(DH, 258, large=False))
    assert told.status == 0
    theirs = int.from_bytes(told.data[:4], "little")
    for sequence, value in ((1, b"\x11\0"), (2, b"\x12\0")):
        told_ = dh(caller, theirs, 2 * sequence, b"\xaa\2\7\x89\x40\0" + value)
        assert told_ == b"\0"
        told_ = dh(caller, theirs, 2 * sequence + 1, b"\xa2\2\7\x89\x40\0")
        assert told_ == b"\0" + value
    assert ask(caller, closing(DH)).status == 0
