# SPDX-License-Identifier: Apache-2.0
"""Our octets are those of cpppo 5.2.5, as it was published.

CPPPO_PUBLISHED_PYTHON names a Python that has it; without one, this is skipped.
"""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

import pytest

from cpppo.protocol.enip import (
    Atomic,
    Attribute,
    Class,
    ConnectionPoint,
    Element,
    GetAttributesAll,
    GetAttributeSingle,
    Instance,
    NullAddress,
    Path,
    Port,
    ReadTag,
    ReadTagFragmented,
    Register,
    Request,
    RequestEntry,
    RequestFrame,
    RequestPacket,
    RoutePath,
    SendRRData,
    SetAttributeSingle,
    SinglePath,
    Symbol,
    UnconnectedRequest,
    UnconnectedSend,
    WriteTag,
    WriteTagFragmented,
)

PUBLISHED = os.environ.get("CPPPO_PUBLISHED_PYTHON")

pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(
        PUBLISHED is None,
        reason="CPPPO_PUBLISHED_PYTHON names no Python that has cpppo 5.2.5",
    ),
]

# What runs there: a list of [what to make, the data to make it of] to octets.
PEER = """
import json, sys
import cpppo
from cpppo.server.enip import logix, parser

def filled(value, key=""):
    if isinstance(value, dict):
        return cpppo.dotdict({key: filled(one, key) for key, one in value.items()})
    if isinstance(value, list):
        return bytearray(value) if key == "input" else [filled(one) for one in value]
    return value

def made(what, data):
    if what == "request":
        return logix.Logix.produce(data)
    if what == "send":
        return parser.unconnected_send.produce(data)
    if what == "frame":
        data.enip.input = bytearray(parser.CIP.produce(data.enip))
        return parser.enip_encode(data.enip)
    return getattr(parser, what).produce(data)

asked = json.load(sys.stdin)
print(json.dumps([bytes(made(what, filled(data))).hex() for what, data in asked]))
"""

SCADA = Path((Symbol("SCADA"), Element(1)))
TAG = {"segment": [{"symbolic": "SCADA"}, {"element": 1}]}
CLASS_1 = Path((Class(1), Instance(1)))
ONE = {"segment": [{"class": 1}, {"instance": 1}]}


def path(*segments: Any) -> dict[str, Any]:
    return {"segment": list(segments)}


MOTOR = Path((Class(0x93), Instance(3), Attribute(10)))
MOTOR_PATH = path({"class": 0x93}, {"instance": 3}, {"attribute": 10})

PATHS: list[tuple[Any, str, Any]] = [
    (
        Path((Class(1), Instance(1), Attribute(7))),
        "EPATH",
        path({"class": 1}, {"instance": 1}, {"attribute": 7}),
    ),
    (
        Path((Class(0x1234), Instance(0x100), Attribute(0xFFFF))),
        "EPATH",
        path({"class": 0x1234}, {"instance": 0x100}, {"attribute": 0xFFFF}),
    ),
    (SCADA, "EPATH", TAG),
    (
        Path((Symbol("Tank"), Element(300), Symbol("Level"), Element(70000))),
        "EPATH",
        path(
            {"symbolic": "Tank"},
            {"element": 300},
            {"symbolic": "Level"},
            {"element": 70000},
        ),
    ),
    (
        Path((Class(4), Instance(5), ConnectionPoint(1000))),
        "EPATH",
        path({"class": 4}, {"instance": 5}, {"connection": 1000}),
    ),
    (SinglePath(Class(6)), "EPATH_single", path({"class": 6})),
    (RoutePath((Port(1, 0),)), "route_path", path({"port": 1, "link": 0})),
    (
        RoutePath((Port(1, 0), Port(2, "192.168.1.2"))),
        "route_path",
        path({"port": 1, "link": 0}, {"port": 2, "link": "192.168.1.2"}),
    ),
    (RoutePath((Port(20, 5),)), "route_path", path({"port": 20, "link": 5})),
    (
        RoutePath((Port(20, "1.2.3.4"),)),
        "EPATH_padded",
        path({"port": 20, "link": "1.2.3.4"}),
    ),
]

READ = {"service": 0x4C, "path": TAG, "read_tag": {"elements": 20}}
REQUESTS: list[tuple[Request, Any]] = [
    (ReadTag(SCADA, 20), READ),
    (
        ReadTagFragmented(SCADA, 20, 488),
        {"service": 0x52, "path": TAG, "read_frag": {"elements": 20, "offset": 488}},
    ),
    (
        WriteTag(SCADA, Atomic(0xC3), 2, b"\1\0\xfe\xff"),
        {
            "service": 0x4D,
            "path": TAG,
            "write_tag": {"elements": 2, "type": 0xC3, "data": [1, -2]},
        },
    ),
    (
        WriteTagFragmented(SCADA, Atomic(0xC4), 9, 4, b"\1\0\0\0"),
        {
            "service": 0x53,
            "path": TAG,
            "write_frag": {"elements": 9, "offset": 4, "type": 0xC4, "data": [1]},
        },
    ),
    (
        GetAttributesAll(CLASS_1),
        {"service": 0x01, "path": ONE, "get_attributes_all": True},
    ),
    (
        GetAttributeSingle(MOTOR),
        {"service": 0x0E, "path": MOTOR_PATH, "get_attribute_single": True},
    ),
    (
        SetAttributeSingle(MOTOR, b"\1\2"),
        {
            "service": 0x10,
            "path": MOTOR_PATH,
            "set_attribute_single": {"data": [1, 2]},
        },
    ),
]


def framed(command: int, cip: dict[str, Any]) -> dict[str, Any]:
    return {
        "enip": {
            "command": command,
            "session_handle": 7,
            "status": 0,
            "sender_context": {"input": [0] * 8},
            "options": 0,
            "CIP": cip,
        }
    }


def sent(inner: bytes) -> dict[str, Any]:
    return {
        "service": 0x52,
        "path": path({"class": 6}, {"instance": 1}),
        "priority": 5,
        "timeout_ticks": 157,
        "request": {"input": list(inner)},
        "route_path": path({"port": 1, "link": 0}),
    }


INNER = ReadTag(SCADA, 20)
SEND = UnconnectedSend(
    path=Path((Class(6), Instance(1))), request=INNER, route=RoutePath((Port(1, 0),))
)
ITEMS = RequestPacket(
    (RequestEntry(NullAddress()), RequestEntry(UnconnectedRequest(SEND)))
)
FRAMES: list[tuple[RequestFrame, Any]] = [
    (
        RequestFrame(session=7, payload=Register()),
        framed(0x65, {"register": {"protocol_version": 1, "options": 0}}),
    ),
    (
        RequestFrame(session=7, payload=SendRRData(timeout=8, packet=ITEMS)),
        framed(
            0x6F,
            {
                "send_data": {
                    "interface": 0,
                    "timeout": 8,
                    "CPF": {
                        "item": [
                            {"type_id": 0},
                            {"type_id": 0xB2, "unconnected_send": sent(INNER.encode())},
                        ]
                    },
                }
            },
        ),
    ),
]


def published(what: str, data: Any) -> bytes:
    assert PUBLISHED is not None
    done = subprocess.run(
        [PUBLISHED, "-I", "-c", PEER],
        input=json.dumps([[what, data]]),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    (octets,) = json.loads(done.stdout)
    return bytes.fromhex(octets)


@pytest.mark.parametrize(
    ("value", "what", "data"), PATHS, ids=lambda one: str(one)[:40]
)
def test_paths(value: Any, what: str, data: Any) -> None:
    assert value.encode() == published(what, data)


@pytest.mark.parametrize(("value", "data"), REQUESTS, ids=lambda one: str(one)[:20])
def test_requests(value: Any, data: Any) -> None:
    assert value.encode() == published("request", data)


def test_an_unconnected_send() -> None:
    assert SEND.encode() == published("send", sent(INNER.encode()))


@pytest.mark.parametrize(("value", "data"), FRAMES, ids=lambda one: str(one)[:20])
def test_frames(value: Any, data: Any) -> None:
    assert value.encode() == published("frame", data)
