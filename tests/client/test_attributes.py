# SPDX-License-Identifier: Apache-2.0
"""Attributes: the services that ask for them, and what their octets stand for."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpppo.client.attributes import (
    CIP_TYPES,
    EPATH,
    IPADDR,
    ValueMismatch,
    attribute_operations,
    elementary,
    values,
)
from cpppo.client.operations import Operation, OperationError
from cpppo.errors import EncodeError
from cpppo.protocol.enip.types import INT, REAL, SSTRING

CLASS_1 = [{"class": 1}, {"instance": 1}]
TCPIP = [*["DWORD"] * 3, "EPATH", *["IPADDR"] * 5, "STRING", "STRING"]
INTERFACE = bytes.fromhex(
    "02000000 30000000 00000000 0200 20f6 2401 c900a8c0 00ffffff 0100a8c0 08080808"
    "04040808 0b00") + b"example.com\0" + b"\x0a\0controller"  # fmt: skip


def refused(text: Any, **kwds: Any) -> str:
    with pytest.raises(OperationError) as told:
        list(attribute_operations([text], **kwds))
    return str(told.value)


# -- operations


def test_the_numbers_of_an_address_choose_the_service() -> None:
    assert list(attribute_operations(["@1/1", "@1/1/7", "@0x93/3/10"])) == [
        {"method": "get_attributes_all", "path": CLASS_1},
        {"method": "get_attribute_single", "path": [*CLASS_1, {"attribute": 7}]},
        {
            "method": "get_attribute_single",
            "path": [{"class": 0x93}, {"instance": 3}, {"attribute": 10}],
        },
    ]


def test_the_write_of_the_manual() -> None:
    text = "@0x4/0x96/3 = (INT)512,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0"
    assert list(attribute_operations([text])) == [
        {
            "method": "set_attribute_single",
            "path": [{"class": 4}, {"instance": 150}, {"attribute": 3}],
            "tag_type": 195,
            "elements": 18,
            "data": [512] + [0] * 17,
        }
    ]


@pytest.mark.parametrize(
    ("text", "int_type", "code", "data"),
    [
        ("@1/1/1=1,-2,255", None, 0xC2, [1, -2, -1]),
        ("@1/1/1=1", "INT", 0xC3, [1]),
        ("@1/1/1=1,2.5", None, 0xCA, [1.0, 2.5]),
        ("@1/1/1=5", REAL, 0xCA, [5.0]),
        ('@1/1/1=(SSTRING)"abc"', None, 0xDA, ["abc"]),
    ],
)
def test_values_without_a_type_are_SINT(
    text: str, int_type: object, code: int, data: list[Any]
) -> None:
    (made,) = attribute_operations([text], int_type)
    assert (made["tag_type"], made["data"]) == (code, data)


def test_keywords_are_in_every_operation() -> None:
    way = {"route_path": False, "send_path": ""}
    for made in attribute_operations(["@1/1", "@1/1/1=1"], **way):
        assert made["route_path"] is False and made["send_path"] == ""


def test_one_text_is_one_operation() -> None:
    assert len(list(attribute_operations("@1/1/7"))) == 1


def test_operations_made_by_hand_pass_and_get_their_service() -> None:
    made = list(
        attribute_operations(
            [{"path": "@1/1/7", "route_path": []}, Operation.parse("@1/1")]
        )
    )
    assert made[0]["method"] == "get_attribute_single"
    assert made[0]["route_path"] == []
    assert made[1]["method"] == "get_attributes_all"


@pytest.mark.parametrize(
    ("text", "caret"),
    [
        ("@1", 2),
        ("SCADA", 0),
        ("SCADA[0-3]", 0),
        ("@1/1=1", 4),
        ("@1/1/7+4", 6),
        ('@4/5/{"connection":1}', 21),
        ("@1/1/", 5),
        ("@1/1/1=300", 7),
        ("@1/1/1=(WHAT)1", 8),
    ],
)
def test_what_is_no_attribute_is_refused_with_the_place(text: str, caret: int) -> None:
    _, line, mark = refused(text).split("\n")
    assert line == f"  {text}"
    assert mark.index("^") == caret + 2


def test_an_operation_by_hand_that_is_no_attribute_is_refused() -> None:
    assert "expected" in refused({"path": [{"class": 1}]})
    assert "no type" in refused("@1/1/1=1", int_type="WHAT")


# -- values


@pytest.mark.parametrize(
    ("types", "octets", "wanted"),
    [
        ("REAL", "0000c03f", [1.5]),
        ("INT", "0100feff", [1, -2]),
        ("int", "0100", [1]),
        (" Uint ", "feff", [65534]),
        ("BOOL", "0100ff", [True, False, True]),
        ("WORD", "feff", [65534]),
        ("SSTRING", "03616263 00 0178", ["abc", "", "x"]),
        ("STRING", "0300616263 00 0100 78", ["abc", "x"]),
        ("IPADDR", "0100007f", ["127.0.0.1"]),
        ("EPATH", "0200 20f6 2401", [[{"class": 246}, {"instance": 1}]]),
        ("EPATH", "0000", [[]]),
        ("epath_single", "20f6 2401", [[{"class": 246}], [{"instance": 1}]]),
        ("DINT", "", []),
        (["UINT", "SSTRING"], "0100 0161 ffff", [1, "a"]),
        (["EPATH_SINGLE", "SINT"], "25000100 ff", [[{"instance": 1}], -1]),
    ],
)
def test_names_of_types_give_values(types: Any, octets: str, wanted: Any) -> None:
    assert values(types, bytes.fromhex(octets)) == wanted


def test_classes_of_types_give_dictionaries() -> None:
    (text,) = values(SSTRING, b"\3abc")
    assert text.SSTRING.string == "abc"
    assert text == {"SSTRING": {"length": 3, "string": "abc"}}
    assert values([INT, "INT"], b"\1\0\2\0") == [{"INT": 1}, 2]
    (path,) = values(EPATH, bytes.fromhex("010020f6"))
    assert path.EPATH.segment == [{"class": 246}]
    assert values(IPADDR, bytes.fromhex("0100007f")) == [{"IPADDR": "127.0.0.1"}]


def test_all_attributes_of_an_interface() -> None:
    assert values(TCPIP, INTERFACE) == [
        2, 48, 0, [{"class": 246}, {"instance": 1}], "192.168.0.201", "255.255.255.0",
        "192.168.0.1", "8.8.8.8", "8.8.4.4", "example.com", "controller",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("types", "octets", "told"),
    [
        ("DINT", "0100", "no DINT at octet 0 of 2: there is 01 00"),
        ("INT", "010002", "no INT at octet 2 of 3: there is 02"),
        (["INT", "INT"], "0100", "no INT at octet 2 of 2: there is nothing"),
        ("SSTRING", "0561", "no SSTRING at octet 0 of 2: there is 05 61"),
        ("STRING", "ff", "no STRING"),
        ("EPATH", "0200 20f6", "no EPATH"),
        ("EPATH_SINGLE", "24", "no EPATH_SINGLE"),
        ("SSTRING", "ff" * 30, r"ff\.\.\."),
    ],
)
def test_octets_that_are_no_such_values(types: Any, octets: str, told: str) -> None:
    with pytest.raises(ValueMismatch, match=told):
        values(types, bytes.fromhex(octets))


@pytest.mark.parametrize("types", ["WHAT", "", [], ["INT", 3], 3, None, int, object])
def test_what_is_no_type_is_refused(types: Any) -> None:
    with pytest.raises(EncodeError, match="no type"):
        values(types, b"\0\0")


def test_a_type_that_values_can_be_written_with() -> None:
    assert elementary("real") is REAL
    assert elementary(INT) is INT
    assert elementary(["INT", "INT"]) is None
    assert elementary("IPADDR") is None
    assert elementary(None) is None


def test_every_type_has_a_name_in_lower_case() -> None:
    wanted = "bool sint int dint lint usint uint udint ulint real lreal sstring string"
    wanted += " word dword epath epath_single ipaddr"
    assert set(wanted.split()) <= set(CIP_TYPES)
    assert all(name == name.lower() for name in CIP_TYPES)


def test_an_address_of_four_octets() -> None:
    assert IPADDR.produce("192.168.0.201").hex() == "c900a8c0"
    with pytest.raises(EncodeError, match=re.escape("192.168")):
        IPADDR.produce("192.168")


# -- hostile octets

TYPES = st.sampled_from(sorted(CIP_TYPES))


@given(st.one_of(TYPES, st.lists(TYPES, min_size=1, max_size=4)), st.binary())
def test_any_octets_are_values_or_none(types: Any, octets: bytes) -> None:
    try:
        found = values(types, octets)
    except ValueMismatch:
        return
    assert len(found) <= max(len(octets), 1)
