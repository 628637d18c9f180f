# SPDX-License-Identifier: Apache-2.0
"""PCCC: publication 1770-6.5.16, as CIP and DH+ carry it, and addresses as text.

The octets are those that clients were seen to send.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from laws import agreed, check, outcome

from cpppo.errors import EncodeError, Incomplete, Malformed, ProtocolError
from cpppo.grammar import Message
from cpppo.protocol.enip import (
    Class,
    DHPlus,
    Executed,
    ExecutePCCC,
    ExecutePCCCReply,
    Instance,
    OtherRequest,
    Path,
    Reply,
    Request,
    Requester,
)
from cpppo.protocol.enip.datafile import CODES, LETTERS, DataAddress, filed
from cpppo.protocol.enip.filelist import listed, listing
from cpppo.protocol.enip.notation import NotationError
from cpppo.protocol.enip.pccc import (
    AreaElementAddress,
    AreaSubElementAddress,
    Command,
    CommandReply,
    DataCommand,
    Descriptor,
    DiagnosticCommand,
    ElementAddress,
    FileRead,
    Function,
    Index,
    LogicalAddress,
    LogicalRead,
    LogicalWrite,
    MaskedWrite,
    Named,
    Number,
    OtherAddress,
    OtherCommand,
    OtherFunction,
    PLC5Address,
    SubElementAddress,
    SymbolicAddress,
    TypeAndSize,
    TypedRead,
    TypedValues,
    TypedWrite,
    WordRangeRead,
    WordRangeWrite,
    WordsModify,
)
from cpppo.protocol.enip.pccc_status import EXTENDED, LOCAL, REMOTE, words

PCCC = Path((Class(0x67), Instance(1)))
ASKS = "4b 02 20 67 24 01 07 09 10 73 4d 50 c9"
REQUESTER = Requester(0x1009, 0xC9504D73)


def octets(text: str) -> bytes:
    return bytes.fromhex(text)


def at(number: int, element: int = 0, sub: int = 0, type: int = 0x89) -> LogicalAddress:
    return LogicalAddress(Number(number), type, Number(element), Number(sub))


def asked(body: Function, transaction: int = 5) -> DataCommand:
    return DataCommand(transaction=transaction, body=body)


N7 = ElementAddress(Number(7), Number(0))

# Commands that end where their last field does.
COMMANDS: list[tuple[Command, str]] = [
    (asked(LogicalRead(2, at(7))), "0f 00 05 00 a2 02 07 89 00 00"),
    (asked(LogicalRead(6, at(4, 0, 0, 0x86))), "0f 00 05 00 a2 06 04 86 00 00"),
    (
        asked(LogicalRead(2, at(255, 300, 2))),
        "0f 00 05 00 a2 02 ff ff 00 89 ff 2c 01 02",
    ),
    (
        asked(FileRead(80, Number(0), 1, Number(0x28)), 7),
        "0f 00 07 00 a1 50 00 01 28",
    ),
]
# Commands whose last field takes all that comes, with the lengths it may end at.
OPEN: list[tuple[Command, str, int]] = [
    (
        asked(LogicalWrite(2, at(7), b"\5\0")),
        "0f 00 05 00 aa 02 07 89 00 00 05 00",
        10,
    ),
    (
        asked(MaskedWrite(2, at(7), octets("ff ff 05 00"))),
        "0f 00 05 00 ab 02 07 89 00 00 ff ff 05 00",
        10,
    ),
    (
        asked(WordRangeRead(0, 3, N7.replace(data=b"\6"))),
        "0f 00 05 00 01 00 00 03 00 06 07 00 06",
        12,
    ),
    (
        asked(WordRangeWrite(1, 3, SubElementAddress(Number(4), Number(1), Number(2)))),
        "0f 00 05 00 00 01 00 03 00 0e 04 01 02",
        13,
    ),
    (
        asked(WordsModify(N7.replace(data=octets("f7 ff 08 00")))),
        "0f 00 05 00 26 06 07 00 f7 ff 08 00",
        8,
    ),
    (
        asked(TypedRead(0, 1, SymbolicAddress(Named("N7:0", b"\1\0")))),
        "0f 00 05 00 68 00 00 01 00 00 24 4e 37 3a 30 00 01 00",
        0,
    ),
    (
        asked(TypedWrite(0, 1, AreaElementAddress(Number(0), Number(7), Number(300)))),
        "0f 00 05 00 67 00 00 01 00 07 00 07 ff 2c 01",
        15,
    ),
    (
        asked(TypedRead(0, 1, AreaSubElementAddress(Number(0), Number(4), Number(1)))),
        "0f 00 05 00 68 00 00 01 00 0f 00 04 01 00",
        14,
    ),
    (
        asked(TypedRead(0, 1, OtherAddress(levels=2, data=b"\7"))),
        "0f 00 05 00 68 00 00 01 00 02 07",
        10,
    ),
    (asked(OtherFunction(function=0x11, data=b"x")), "0f 00 05 00 11 78", 5),
    (DiagnosticCommand(transaction=1), "06 00 01 00 03", 5),
    (
        DiagnosticCommand(transaction=1, function=0, data=b"ab"),
        "06 00 01 00 00 61 62",
        5,
    ),
    (OtherCommand(command=0x0E, transaction=9, data=b"\1"), "0e 00 09 00 01", 4),
]


@pytest.mark.parametrize(("value", "text"), COMMANDS, ids=[one[1] for one in COMMANDS])
def test_a_command_is_these_octets(value: Command, text: str) -> None:
    check(value, octets(text))
    assert Command.decode(octets(text)) == value


@pytest.mark.parametrize(("value", "text", "least"), OPEN, ids=[one[1] for one in OPEN])
def test_a_command_takes_all_that_comes(value: Command, text: str, least: int) -> None:
    found = octets(text)
    assert value.encode() == found
    assert Command.decode(found) == value
    engine = Command.engine()
    assert engine.traced(found) == (value, len(found))
    for end in range(len(found)):
        assert agreed(Command, found[:end]) == outcome(Command, found[:end])
        if least and end < least:
            with pytest.raises(Incomplete):
                Command.decode(found[:end])
    parser = Command.parser()
    pieces = [one for each in found for one in parser.feed(bytes((each,)))]
    assert pieces + parser.close() == [value]


def test_a_name_needs_its_dollar_and_its_zero() -> None:
    for wrong in ("00 4e 37 00", "00 24 4e 37", "00"):
        with pytest.raises(ProtocolError):
            PLC5Address.decode(octets(wrong))
    with pytest.raises(EncodeError):
        SymbolicAddress(Named("a\0b")).encode()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "00"),
        (254, "fe"),
        (255, "ff ff 00"),
        (300, "ff 2c 01"),
        (65535, "ff ff ff"),
    ],
)
def test_a_number_has_one_octet_or_three(value: int, text: str) -> None:
    check(Number(value), octets(text))
    assert Index.decode(octets(text)) == Number(value)


def test_a_small_number_in_three_octets_is_read() -> None:
    assert Number.decode(octets("ff 05 00")) == Number(5)
    with pytest.raises(EncodeError):
        Number(0x10000).encode()


@pytest.mark.parametrize(
    ("type", "size", "text"),
    [
        (4, 2, "42"),
        (4, 7, "47"),
        (4, 8, "49 08"),
        (4, 300, "4a 2c 01"),
        (8, 4, "94 08"),
        (9, 3, "93 09"),
        (9, 200, "99 09 c8"),
        (9, 300, "9a 09 2c 01"),
    ],
)
def test_a_type_and_a_size_take_what_they_need(type: int, size: int, text: str) -> None:
    check(TypeAndSize(type, size), octets(text))
    assert Descriptor.decode(octets(text)) == TypeAndSize(type, size)


@pytest.mark.parametrize(
    ("type", "size", "data", "text"),
    [
        (4, 2, "01 00", "42 01 00"),
        (4, 2, "01 00 02 00", "95 09 42 01 00 02 00"),
        (8, 4, "00 00 80 3f", "94 08 00 00 80 3f"),
        (8, 4, "00" * 8, "99 09 0a 94 08" + "00" * 8),
        (4, 2, "00" * 200, "99 09 c9 42" + "00" * 200),
    ],
)
def test_typed_values_say_what_they_are(
    type: int, size: int, data: str, text: str
) -> None:
    values = TypedValues.of(type, size, octets(data))
    assert values.encode() == octets(text)
    assert TypedValues.decode(octets(text)).element() == (type, size, octets(data))


def test_what_pads_typed_values_is_none_of_them() -> None:
    padded = TypedValues.decode(octets("95 09 42 01 00 02 00 00"))
    assert padded.element() == (4, 2, octets("01 00 02 00"))
    assert TypedValues.decode(octets("42 01 00 00")).element() == (4, 2, b"\1\0")


@pytest.mark.parametrize(
    ("size", "data", "mask", "written"),
    [
        (2, "08 00 08 00", "08 00", "08 00"),
        (4, "ff ff 01 00 02 00", "ff ff", "01 00 02 00"),
        # As long as what is written: libplctag, for bits of more than a word.
        (4, "00 00 01 00 00 00 01 00", "00 00 01 00", "00 00 01 00"),
        # Less than its size says: pycomm3, for strings.
        (84, "ff ff 03 00 64 6f", "ff ff", "03 00 64 6f"),
    ],
)
def test_a_mask_is_a_word_or_as_long_as_what_is_written(
    size: int, data: str, mask: str, written: str
) -> None:
    one = MaskedWrite(size, at(7), octets(data))
    assert (one.mask, one.octets) == (octets(mask), octets(written))


def test_a_request_carries_a_command() -> None:
    request = ExecutePCCC(PCCC, REQUESTER, octets("06 00 01 00 03"))
    assert request.encode() == octets(f"{ASKS} 06 00 01 00 03")
    assert Request.decode(request.encode()) == request


def test_a_requester_may_say_more() -> None:
    check(Requester(1, 2, b"abc"), octets("0a 01 00 02 00 00 00 61 62 63"))
    with pytest.raises(Malformed):
        Requester.decode(octets("03 01 00 02 00 00 00"))


def test_elsewhere_the_service_is_another_one() -> None:
    other = octets("4b 02 20 68 24 01 07")
    assert isinstance(Request.decode(other), OtherRequest)


def test_a_reply_carries_what_came_of_it() -> None:
    reply = CommandReply(command=0x4F, transaction=5, data=b"\1\2")
    assert reply.encode() == octets("4f 00 05 00 01 02")
    whole = ExecutePCCCReply(data=Executed(REQUESTER, reply.encode()).encode())
    assert whole.encode() == octets(
        "cb 00 00 00 07 09 10 73 4d 50 c9 4f 00 05 00 01 02"
    )
    assert Reply.decode(whole.encode()) == whole
    assert Executed.decode(whole.data) == Executed(REQUESTER, reply.encode())


def test_over_dh_plus_a_reply_goes_back() -> None:
    asked = DHPlus(
        destination_link=1,
        destination_node=2,
        source_link=3,
        source_node=4,
        command=b"\6",
    )
    assert asked.encode() == octets("01 00 02 00 03 00 04 00 06")
    assert asked.answered(b"\x46").encode() == octets("03 00 04 00 01 00 02 00 46")


def test_every_status_has_its_words() -> None:
    said = [words(one) for one in (*LOCAL, *REMOTE)]
    said += [words(0xF0, one) for one in EXTENDED]
    assert all(one and "0x" not in one for one in said)
    assert words(0) == "OK"
    assert words(0xF0, 0x7F) == "extended status 0x7F"
    assert CommandReply(command=0x4F, status=0xF0, data=b"\x0a").extended == 0x0A
    assert CommandReply(command=0x4F, status=0x10, data=b"\x0a").extended == 0
    assert "illegal command" in CommandReply(command=0x4F, status=0x10).words


ANYTHING = st.binary(max_size=40)
FOR_DATA = ANYTHING.map(lambda data: b"\x0f\0\1\0" + data)


@pytest.mark.parametrize("family", [Command, PLC5Address, Descriptor])
@given(data=ANYTHING | FOR_DATA)
def test_both_engines_agree_on_any_octets(family: type[Message], data: bytes) -> None:
    assert agreed(family, data) == outcome(family, data)


# -- addresses as text

# Text, letter, file, element, sub-element, bit, count, octets, where in the file.
ADDRESSES: list[tuple[str, tuple[Any, ...]]] = [
    ("N7:0", ("N", 7, 0, 0, None, None, 2, 0)),
    ("n7:3", ("N", 7, 3, 0, None, None, 2, 6)),
    ("N7:0/3", ("N", 7, 0, 0, 3, None, 2, 0)),
    ("N7:1{10}", ("N", 7, 1, 0, None, 10, 20, 2)),
    ("F8:1", ("F", 8, 1, 0, None, None, 4, 4)),
    ("F8:0{3}", ("F", 8, 0, 0, None, 3, 12, 0)),
    ("B3:0/5", ("B", 3, 0, 0, 5, None, 2, 0)),
    ("B3/17", ("B", 3, 1, 0, 1, None, 2, 2)),
    ("B3/37", ("B", 3, 2, 0, 5, None, 2, 4)),
    ("T4:0.ACC", ("T", 4, 0, 2, None, None, 2, 4)),
    ("T4:0", ("T", 4, 0, 0, None, None, 6, 0)),
    ("T4:1.DN", ("T", 4, 1, 0, 13, None, 2, 6)),
    ("T4:1/DN", ("T", 4, 1, 0, 13, None, 2, 6)),
    ("C5:1.PRE", ("C", 5, 1, 1, None, None, 2, 8)),
    ("R6:0.LEN", ("R", 6, 0, 1, None, None, 2, 2)),
    ("R6:0.2", ("R", 6, 0, 2, None, None, 2, 4)),
    ("ST9:0", ("ST", 9, 0, 0, None, None, 84, 0)),
    ("S:1", ("S", 2, 1, 0, None, None, 2, 2)),
    ("S2:4/15", ("S", 2, 4, 0, 15, None, 2, 8)),
    ("L10:3", ("L", 10, 3, 0, None, None, 4, 12)),
    ("L10:3/31", ("L", 10, 3, 0, 31, None, 4, 12)),
    ("A11:0", ("A", 11, 0, 0, None, None, 2, 0)),
    ("I:0", ("I", 1, 0, 0, None, None, 2, 0)),
    ("I1:2", ("I", 1, 2, 0, None, None, 2, 4)),
    ("I:1.0/3", ("I", 1, 1, 0, 3, None, 2, 2)),
    ("I:1.2", ("I", 1, 1, 2, None, None, 2, 6)),
    (" O:0 ", ("O", 0, 0, 0, None, None, 2, 0)),
]


@pytest.mark.parametrize(
    ("text", "known"), ADDRESSES, ids=[one[0] for one in ADDRESSES]
)
def test_an_address_says_where(text: str, known: tuple[Any, ...]) -> None:
    one = DataAddress.parse(text)
    where = (one.type.letter, one.file, one.element, one.sub, one.bit, one.count)
    assert (*where, one.octets, one.at) == known
    assert str(one) == text.strip()


def test_a_plc_5_counts_inputs_in_octal() -> None:
    one = DataAddress.parse("I:017/17", octal=True)
    assert (one.element, one.bit) == (15, 15)
    assert DataAddress.parse("N7:17", octal=True).element == 17
    with pytest.raises(NotationError, match="octal") as raised:
        DataAddress.parse("O:018", octal=True)
    assert raised.value.place == 2


@pytest.mark.parametrize(
    ("text", "problem", "place"),
    [
        ("", "an address expected", 0),
        ("7:0", "an address expected", 0),
        ("N7", "an element expected", 2),
        ("X7:0", "a file expected", 0),
        ("N:0", "the number of the file expected", 1),
        ("N7:0/16", "a bit is from 0 to 15, not 16", 5),
        ("L10:0/32", "a bit is from 0 to 31", 6),
        ("F8:0/1", "no bits in a file of type F", 5),
        ("ST9:0/1", "no bits in a file of type ST", 6),
        ("T4/3", "an element expected before the bit: T4:0/3", 3),
        ("N7:0.1", "an element of N has no words", 5),
        ("T4:0.3", "from 0 to 2, not 3", 5),
        ("T4:0.FOO", "there are PRE, ACC, EN, TT, DN", 5),
        ("N7:0.ACC", "no member of N; it has no members", 5),
        ("T4:0.DN/3", "DN is a bit itself", 8),
        ("N7:70000", "a number to 65535", 3),
        ("N99999:0", "a number to 65535", 1),
        ("N7:0{0}", "a count is 1 or more", 5),
        ("N7:0/1{2}", "a count is of whole elements", 7),
        ("T4:0.ACC{2}", "a count is of whole elements", 9),
        ("N7:0x", "an address expected", 4),
        ("N7:0{2", "an address expected", 4),
    ],
)
def test_a_wrong_address_is_pointed_at(text: str, problem: str, place: int) -> None:
    with pytest.raises(NotationError) as raised:
        DataAddress.parse(text)
    assert problem in raised.value.problem
    assert raised.value.place == place


def test_what_is_no_text_is_no_address() -> None:
    with pytest.raises(NotationError, match="an address expected"):
        DataAddress.parse(7)  # type: ignore[arg-type]


def test_a_file_has_a_type_and_a_number() -> None:
    assert filed("N7") == (LETTERS["N"], 7)
    assert filed("st9") == (LETTERS["ST"], 9)
    assert filed("S") == (LETTERS["S"], 2)
    assert CODES[0x8B] is LETTERS["O"]
    assert CODES[0x8C] is LETTERS["I"]
    with pytest.raises(NotationError, match="its type"):
        filed("7")


# -- values

ON = {"EN": False, "TT": False, "DN": True, "PRE": 5, "ACC": -1}


@pytest.mark.parametrize(
    ("letter", "value", "text"),
    [
        ("N", -2, "fe ff"),
        ("S", 300, "2c 01"),
        ("B", 0xFFFF, "ff ff"),
        ("I", 4, "04 00"),
        ("F", 1.5, "00 00 c0 3f"),
        ("L", -70000, "90 ee fe ff"),
        ("A", "ab", "62 61"),
        ("A", "", "00 00"),
        ("T", ON, "00 20 05 00 ff ff"),
        ("ST", "hello", "05 00 65 68 6c 6c 00 6f" + "00" * 76),
        ("ST", "x" * 82, "52 00" + "78" * 82),
    ],
)
def test_a_value_is_these_octets(letter: str, value: Any, text: str) -> None:
    form = LETTERS[letter].form
    assert form.packed([value]) == octets(text)
    assert form.unpacked(octets(text) * 2) == [value, value]


def test_bits_may_be_given_as_a_negative_number() -> None:
    assert LETTERS["B"].form.packed([-1]) == b"\xff\xff"


@pytest.mark.parametrize(
    ("letter", "value", "problem"),
    [
        ("N", 40000, "is no INT"),
        ("N", "x", "is no INT"),
        ("B", 0x10000, "no 16 bits"),
        ("F", 1e300, "is no REAL"),
        ("ST", "x" * 83, "83 characters, and 82 fit"),
        ("ST", 5, "is no string"),
        ("A", "abc", "3 characters, and 2 fit"),
        ("T", 5, "a dictionary expected of EN, TT, DN, PRE, ACC"),
        ("T", {"PRE": 1, "FOO": 2}, "no member 'FOO'"),
    ],
)
def test_a_value_that_is_none_is_refused(letter: str, value: Any, problem: str) -> None:
    with pytest.raises(EncodeError, match=problem):
        LETTERS[letter].form.packed([value])


def test_the_list_of_files_is_read_back() -> None:
    files = {
        number: (LETTERS[letter], LETTERS[letter].size * count)
        for number, letter, count in ((0, "O", 2), (7, "N", 100), (9, "ST", 3))
    }
    image = listing(files)
    assert len(image) == int.from_bytes(image[70:72], "little") == 180
    assert listed(image) == {"O0": 2, "N7": 100, "ST9": 3}
    with pytest.raises(ProtocolError, match="octets"):
        listed(image[:50])
    with pytest.raises(ProtocolError, match="rows"):
        listed(image[:100])
