# SPDX-License-Identifier: Apache-2.0
"""What programs of 5.2.5 take from `cpppo.server.enip.client`, as it was observed."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

import pytest

from cpppo.client import connector, raw
from cpppo.client.commands import enip_client
from cpppo.errors import CpppoError, EncodeError, StatusError
from cpppo.server.enip import client


def test_the_published_names_are_there() -> None:
    assert client.connector is connector.connector
    assert client.client is raw.client
    assert client.main is enip_client.main
    assert client.await_response is raw.await_response
    assert client.ENIPStatusError is StatusError
    for name in client.__all__:
        assert hasattr(client, name)


def test_operations_are_parsed_under_the_address() -> None:
    (found,) = client.parse_operations(["Tag[8-9]=88,99"])
    assert found["path"] == [{"symbolic": "Tag"}, {"element": 8}]
    assert (found["method"], found["elements"], found["data"]) == ("write", 2, [88, 99])


def test_paths_are_formatted() -> None:
    scada: list[Mapping[str, Any]] = [{"symbolic": "SCADA"}, {"element": 3}]
    assert client.format_path(scada) == "SCADA[3]"
    assert client.format_path(scada, count=4) == "SCADA[3-6]"
    assert client.format_path([{"class": 1}, {"instance": 2}]) == "@0x0001/2"
    with pytest.raises(CpppoError):
        client.format_path([{"what": 1}])


def test_contexts_have_eight_octets() -> None:
    assert client.format_context(b"abc") == b"abc\0\0\0\0\0"
    assert client.format_context("12") == b"12\0\0\0\0\0\0"
    assert client.parse_context(b"12\0\0") == b"12"
    assert client.parse_context([0x31, 0, 0x32, 0]) == b"1\x002"
    with pytest.raises(EncodeError, match="up to 8 octets"):
        client.format_context(b"123456789")


def test_values_are_given_again_and_again() -> None:
    assert list(client.recycle(iter("ab"), times=2)) == ["a", "b", "a", "b"]
    assert list(islice(client.recycle("ab"), 5)) == ["a", "b", "a", "b", "a"]
    assert list(client.recycle("")) == []


def test_types_have_a_code_a_size_and_what_fits() -> None:
    sizes = {name: found[:2] for name, found in client.CIP_TYPES.items()}
    assert sizes.items() >= {
        *(("STRING", (208, 0)), ("SSTRING", (218, 0)), ("BOOL", (193, 1))),
        *(("REAL", (202, 4)), ("LREAL", (203, 8)), ("LINT", (197, 8))),
        *(("ULINT", (201, 8)), ("DINT", (196, 4)), ("UDINT", (200, 4))),
        *(("INT", (195, 2)), ("UINT", (199, 2)), ("SINT", (194, 1))),
        ("USINT", (198, 1)),
    }
    assert client.CIP_TYPES["INT"][2]("5") == 5
    assert client.CIP_TYPES["REAL"][2]("1.5") == 1.5
    assert client.CIP_TYPES["SSTRING"][2]("5") == "5"
    for wrong in ("70000", "x"):
        with pytest.raises(EncodeError):
            client.CIP_TYPES["INT"][2](wrong)
