# SPDX-License-Identifier: Apache-2.0
"""The Connection Manager's messages: CIP Vol 1, 3-5."""

from __future__ import annotations

from typing import Any

import pytest
from laws import check

from cpppo.errors import EncodeError
from cpppo.grammar import Message
from cpppo.protocol.enip import (
    Class,
    Closed,
    ForwardClose,
    ForwardOpen,
    Instance,
    LargeForwardOpen,
    NotOpened,
    Opened,
    OtherRequest,
    Parameters,
    Path,
    Port,
    ReadModifyWrite,
    Request,
    RoutePath,
    Symbol,
)

MANAGER = Path((Class(6), Instance(1)))
ROUTER = (Port(1, 0), Class(2), Instance(1))
WHO: dict[str, Any] = {"serial": 0x0427, "vendor": 0x1009, "originator": 0x12345678}

# The small and the large one differ in the width of two fields, and in nothing else.
SMALL = (
    "54 02 20 06 24 01 0a 0e 00 00 00 00 01 00 00 71 27 04 09 10 78 56 34 12"
    "03 00 00 00 80 84 1e 00 f4 43 40 0d 03 00 f8 43 a3 03 01 00 20 02 24 01"
)
LARGE = (
    "5b 02 20 06 24 01 0a 0e 00 00 00 00 01 00 00 71 27 04 09 10 78 56 34 12"
    "03 00 00 00 80 84 1e 00 a0 0f 00 42 40 0d 03 00 a2 0f 00 42"
    "a3 03 01 00 20 02 24 01"
)
CLOSING = "4e 02 20 06 24 01 0a 0e 27 04 09 10 78 56 34 12 03 00 01 00 20 02 24 01"

MESSAGES: list[tuple[Message, str]] = [
    (
        ForwardOpen(
            path=MANAGER,
            to_originator=0x71000001,
            target_parameters=0x43F4,
            originator_interval=200_000,
            originator_parameters=0x43F8,
            connection=Path(ROUTER),
            **WHO,
        ),
        SMALL,
    ),
    (
        LargeForwardOpen(
            path=MANAGER,
            to_originator=0x71000001,
            target_parameters=0x42000FA0,
            originator_interval=200_000,
            originator_parameters=0x42000FA2,
            connection=Path(ROUTER),
            **WHO,
        ),
        LARGE,
    ),
    (ForwardClose(path=MANAGER, connection=RoutePath(ROUTER), **WHO), CLOSING),
    (
        Opened(
            to_target=5,
            to_originator=0x71000001,
            target_interval=2_000_000,
            originator_interval=200_000,
            **WHO,
        ),
        "05 00 00 00 01 00 00 71 27 04 09 10 78 56 34 1280 84 1e 00 40 0d 03 00 00 00",
    ),
    (Closed(**WHO), "27 04 09 10 78 56 34 12 00 00"),
    (NotOpened(remaining=2, **WHO), "27 04 09 10 78 56 34 12 02 00"),
]


@pytest.mark.parametrize(
    ("message", "text"), MESSAGES, ids=lambda one: type(one).__name__
)
def test_messages(message: Message, text: str) -> None:
    check(message, bytes.fromhex(text))


@pytest.mark.parametrize("text", [SMALL, LARGE])
def test_it_is_the_path_that_tells_the_services_apart(text: str) -> None:
    octets = bytes.fromhex(text)
    assert isinstance(Request.decode(octets), ForwardOpen | LargeForwardOpen)
    elsewhere = Request.decode(octets.replace(b"\x20\6", b"\x20\7", 1))
    assert isinstance(elsewhere, OtherRequest)


def test_the_bits_of_a_tag_have_the_code_of_forward_close() -> None:
    bits = ReadModifyWrite(path=Path((Symbol("A"),)), ones=b"\1", zeros=b"\0")
    assert bits.encode()[0] == bytes.fromhex(CLOSING)[0]
    assert Request.decode(bits.encode()) == bits


# As the clients of this world send them.
SIZES = [
    (0x43F4, False, Parameters(500)),
    (0x4302, False, Parameters(258)),
    (0x42000FA0, True, Parameters(4000)),
    (0x42000FA2, True, Parameters(4002)),
    (0xEE0001FF, True, Parameters(511, 3, 3, True, True)),
    (0x0000, False, Parameters(0, 0, 0, False)),
    (0x6DFF, False, Parameters(511, 3, 3, False)),
]


@pytest.mark.parametrize(("value", "large", "parameters"), SIZES)
def test_parameters(value: int, large: bool, parameters: Parameters) -> None:
    assert Parameters.decode(value, large) == parameters
    assert parameters.encode(large) == value


@pytest.mark.parametrize(("size", "large"), [(512, False), (65536, True), (-1, True)])
def test_a_size_that_its_field_cannot_hold(size: int, large: bool) -> None:
    with pytest.raises(EncodeError, match="size"):
        Parameters(size).encode(large)
