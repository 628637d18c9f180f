# SPDX-License-Identifier: Apache-2.0
"""The published cpppo 5.2.5 as a client of our simulator, and tshark as the judge.

CPPPO_PUBLISHED_PYTHON names a Python that has it; what needs it is skipped without.
It runs as its commands do, and as a program that uses what it offers to programs.
Where it does not take an answer that CIP asks for, the test says so.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import asking
import pytest
from asking import controller, frame, multiple, number, read, read_on, request, write
from peers import (
    Address,
    Starter,
    call,
    datagram,
    routed,
    serving,
)
from recording import Piece, Recorder, flagged, pcap, recorder, seen

from cpppo.protocol.enip.notation import parse_route_path
from cpppo.server.enip.linking.routing import Routes

PUBLISHED = os.environ.get("CPPPO_PUBLISHED_PYTHON")

pytestmark = pytest.mark.interop
published_only = pytest.mark.skipif(
    PUBLISHED is None,
    reason="CPPPO_PUBLISHED_PYTHON names no Python that has cpppo 5.2.5",
)
tshark_only = pytest.mark.skipif(
    shutil.which("tshark") is None, reason="there is no tshark"
)

# What runs there.  Batches of operations go over one connection, and what became of
# each operation comes back; an error ends its batch, not the connection.
OPERATE = """
import json, sys
from cpppo.server.enip import client

asked = json.load(sys.stdin)
told = []
with client.connector(host=asked["host"], port=asked["port"], timeout=20) as connection:
    for texts, how in asked["batches"]:
        batch = []
        told.append(batch)
        parsed = client.parse_operations(texts, **asked["way"])
        try:
            for *_, status, value in connection.operate(parsed, timeout=20, **how):
                batch.append([status, value])
        except Exception as exc:
            batch.append(type(exc).__name__)
print(json.dumps(told))
"""

SIMPLE = {"route_path": False, "send_path": ""}


def python(*argv: str, said: str = "", status: int = 0) -> str:
    """What the published package prints, run as its users do."""
    assert PUBLISHED is not None
    done = subprocess.run(
        [PUBLISHED, "-P", *argv],
        input=said,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={k: v for k, v in os.environ.items() if not k.startswith("PYTHON")},
    )
    assert done.returncode == status, (done.stdout, done.stderr)
    return done.stdout


def operated(
    address: Address, *batches: tuple[Sequence[str], dict[str, Any]], **way: Any
) -> list[list[Any]]:
    """What became of each operation of each batch."""
    host, port = address
    asked = {"host": host, "port": port, "batches": batches, "way": way}
    told: list[list[Any]] = json.loads(
        python("-c", OPERATE, said=json.dumps(asked)).splitlines()[-1]
    )
    return told


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Starter]:
    with ExitStack() as stack:
        yield Starter(tmp_path, stack)


# -- every type, every way

VALUES: dict[str, tuple[Any, list[Any]]] = {
    "BOOL": (True, [True, False, True, True, False]),
    "SINT": (-128, [-128, -1, 0, 1, 127]),
    "INT": (-32768, [-32768, -2, 0, 3, 32767]),
    "DINT": (-(2**31), [-(2**31), -3, 0, 4, 2**31 - 1]),
    "LINT": (-(2**63), [-(2**63), -4, 0, 5, 2**63 - 1]),
    "USINT": (255, [0, 1, 127, 128, 255]),
    "UINT": (65535, [0, 2, 32767, 32768, 65535]),
    "UDINT": (2**32 - 1, [0, 3, 2**31 - 1, 2**31, 2**32 - 1]),
    "ULINT": (2**64 - 1, [0, 4, 2**63 - 1, 2**63, 2**64 - 1]),
    "REAL": (-1.5, [0.0, 1.5, -2.25, 3.4028234663852886e38, 1.401298464324817e-45]),
    "LREAL": (1e300, [0.0, 0.1, -2.5e-300, 1.7976931348623157e308, 5e-324]),
    "SSTRING": ("Hello, world!", ["", "a", "b c", "d, e", "x" * 80]),
    "STRING": ("Hello, world!", ["", "a", "b c", "d, e", "x" * 80]),
}
TAGS = " ".join(
    f"One.{kind}@0x99/1/{at}={kind} Some.{kind}@0x99/2/{at}={kind}[5]"
    for at, kind in enumerate(VALUES, 1)
)


def spelt(value: Any) -> str:
    """A value as the client's operations have it."""
    if isinstance(value, str):
        return f'"{value}"'
    return repr(value).lower()


def operations() -> Iterator[tuple[str, list[Any] | None]]:
    """Every write and read of every type, with what is read."""
    for at, (kind, (one, some)) in enumerate(VALUES.items(), 1):
        yield f"One.{kind}=({kind}){spelt(one)}", None
        yield f"One.{kind}", [one]
        yield f"@0x99/1/{at}", [one]
        several = ",".join(map(spelt, some))
        yield f"Some.{kind}[0-4]=({kind}){several}", None
        yield f"some.{kind.lower()}[0-4]", some
        yield f"@153/2/{at}[1-3]", some[1:4]
        yield f"@0x99/2/{at}[4]=({kind}){spelt(some[2])}", None
        yield f"Some.{kind}[3-4]", [some[3], some[2]]


WAYS: dict[str, tuple[str | None, dict[str, Any], dict[str, Any]]] = {
    # What we accept, how the client sends, how it goes on.
    "routed": (None, {}, {}),
    "routed to 1/0": ("1/0", {"route_path": "1/0", "send_path": "@6/1"}, {}),
    "routed elsewhere": ("2/1.2.3.4", {"route_path": "2/1.2.3.4"}, {}),
    "simple": (None, SIMPLE, {}),
    "simple to a simple one": ("false", SIMPLE, {}),
    "simple to a router": ("1/0", SIMPLE, {}),
    "pipelined": (None, {}, {"depth": 10}),
    "several in a packet": (None, {}, {"multiple": 500}),
    "several packets at once": (None, {}, {"multiple": 250, "depth": 10}),
    "simple packets": ("false", SIMPLE, {"multiple": 500, "depth": 2}),
    "in fragments": (None, {}, {"fragment": True}),
    "in fragments, pipelined": (None, SIMPLE, {"fragment": True, "depth": 20}),
}


@published_only
@pytest.mark.parametrize("name", WAYS)
def test_every_type_is_written_and_read(name: str) -> None:
    accepted, way, how = WAYS[name]
    kwds: dict[str, Any] = {}
    if accepted is not None:
        kwds["route_path"] = parse_route_path(accepted) or ()
    device = controller(TAGS, **kwds)
    expected = list(operations())
    with serving(device) as address:
        (told,) = operated(address, ([text for text, _ in expected], how), **way)
    for (text, values), one in zip(expected, told, strict=True):
        assert one == [0, values or True], text
    for kind, (one, some) in VALUES.items():
        assert device.tags[f"One.{kind}"].value == one
        assert device.tags[f"Some.{kind}"].value == [*some[:4], some[2]]


@published_only
def test_an_array_is_written_and_read_in_fragments_to_its_end() -> None:
    device = controller("SCADA=INT[1000]")
    values = [(index * 77) % 65536 - 32768 for index in range(1000)]
    writes, reads = [], []
    for at in range(0, 1000, 244):
        some = ",".join(map(str, values[at : at + 244]))
        last = min(at + 244, 1000) - 1
        writes.append(f"SCADA[{at}-{last}]=(INT){some}")
        reads.append(f"SCADA[0-999]+{2 * at}")
    with serving(device) as address:
        fragment = {"fragment": True}
        written, told = operated(address, (writes, fragment), (reads, fragment))
    assert written == [[0, True]] * 5
    assert device.tags["SCADA"].value == values
    assert [status for status, _ in told] == [6, 6, 6, 6, 0]
    assert [value for _, some in told for value in some] == values


# -- errors

ERRORS: list[tuple[str, Any]] = [
    ("NOWHERE", 5),
    ("NOWHERE=(INT)1", 5),
    ("@0x99/1/99", 0x14),
    ("@0x98/1/1", 5),
    ("SOME[4-8]", [0xFF, [0x2105]]),
    ("SOME[5]=(INT)1", [0xFF, [0x2105]]),
    ("SOME[0]=(DINT)1", [0xFF, [0x2107]]),
    ("SOME[0]=(REAL)1.5", [0xFF, [0x2107]]),
    ('SOME[0]=(SSTRING)"no"', [0xFF, [0x2107]]),
    ("SOME[0-4]+10", [0xFF, [0x2105]]),
]


@published_only
@pytest.mark.parametrize("depth", [0, 10])
@pytest.mark.parametrize("way", [{}, SIMPLE], ids=["routed", "simple"])
def test_errors_are_answers_and_the_session_goes_on(
    depth: int, way: dict[str, Any]
) -> None:
    asked = [part for text, _ in ERRORS for part in (text, "SOME[0-4]")]
    with serving(controller("SOME@0x99/1/1=INT[5]")) as address:
        (told,) = operated(address, (asked, {"depth": depth}), **way)
    for (text, status), one in zip(ERRORS, told[::2], strict=True):
        assert one[0] == status, text
    assert told[1::2] == [[0, [0] * 5]] * len(ERRORS)


@published_only
def test_a_refused_member_or_route_does_not_end_the_connection() -> None:
    device = controller("A=INT B=INT", route_path=parse_route_path("1/0"))
    several = (["A=(INT)7", "NOWHERE", "A"], {"multiple": 500})
    with serving(device) as address:
        refused, then = operated(address, several, (["A"], {}))
        # It takes no packet whose status is not 0, and CIP wants 0x1E here.
        assert refused == ["MSVCStatusError"]
        assert then == [[0, [7]]]
        (elsewhere,) = operated(address, (["A"], {}), route_path="1/1")
        # It expects its request's service, but it is the Unconnected Send that fails.
        assert elsewhere == ["AssertionError"]


# -- its commands

CLIENT = "cpppo.server.enip.client"


@published_only
def test_the_client_of_the_manual(start: Starter) -> None:
    command = "--print SCADA=INT[1000] TEXT=SSTRING[100] FLOAT=REAL"
    host, port = start.loopback(*command.split()).address()
    lines = python(
        "-m", CLIENT, "-a", f"{host}:{port}", "-v", "--print",
        "SCADA[1]=99", "SCADA[0-10]", 'TEXT[1]=(SSTRING)"Hello, world!"', "TEXT[0-3]",
        "FLOAT=1.5", "FLOAT", "NOWHERE", "SCADA[0-1]",
        status=1,
    ).splitlines()  # fmt: skip
    assert [" ".join(line.split()) for line in lines] == [
        "SCADA[1][ 1-1 ]+ 0 <= [99]: 'OK'",
        "SCADA[0][ 0-10 ]+ 0 == [0, 99, 0, 0, 0, 0, 0, 0, 0, 0, 0]: 'OK'",
        "TEXT[1][ 1-1 ]+ 0 <= ['Hello, world!']: 'OK'",
        "TEXT[0][ 0-3 ]+ 0 == ['', 'Hello, world!', '', '']: 'OK'",
        "FLOAT <= [1.5]: 'OK'",
        "FLOAT == [1.5]: 'OK'",
        "NOWHERE == None: 'Status 5 '",
        "SCADA[0][ 0-1 ]+ 0 == [0, 99]: 'OK'",
    ]


@published_only
def test_the_client_goes_through_a_router() -> None:
    with ExitStack() as stack:
        there = stack.enter_context(serving(controller("THERE=INT")))
        routes = Routes.parse({"1/1-15": f"{there[0]}:{there[1]}"})
        here = stack.enter_context(serving(controller("HERE=INT", routes=routes)))
        for route in ('["1/5","1/0"]', "1/5"):
            (told,) = operated(
                here,
                (["THERE=(INT)5", "THERE", "HERE"], {"depth": 3}),
                route_path=json.loads(route) if route[0] == "[" else route,
            )
            assert told == [[0, True], [0, [5]], [5, None]]


@published_only
@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_the_lists_are_had(transport: str) -> None:
    options = ["-u"] if transport == "udp" else []
    with serving(controller("A=INT")) as (host, port):
        text = python(
            "-m", CLIENT, "-a", f"{host}:{port}", "-s", "-i", "-I", "-L", "1", *options
        )
        told = python(
            "-m", "cpppo.server.enip.list_services", "-a", f"{host}:{port}",
            "-i", "-I", "-t", "0.5", *options,
        )  # fmt: skip
    for line in (
        "'item[0].legacy_CPF_0x0001.ip_address': '127.0.0.1'",
        f"'item[0].legacy_CPF_0x0001.sin_port': {port}",
        "'item[0].communications_service.capability': 288",
        "'item[0].communications_service.service_name': 'Communications'",
        "'item[0].identity_object.product_name': '1756-L61/B LOGIX5561'",
        "'item[0].identity_object.sin_addr': '127.0.0.1'",
        f"'item[0].identity_object.sin_port': {port}",
    ):
        assert line in text
    for line in ("enip.CIP.list_interfaces.CPF.count': 0", "LOGIX5561", "Communicat"):
        assert line in told
    assert text.count("from ('127.0.0.1', ") == 4


@published_only
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs 127.0.0.0/8")
def test_a_broadcast_finds_the_simulator() -> None:
    with serving(controller("A=INT"), "") as (_, port):
        text = python(
            "-m", CLIENT, "--udp", "--broadcast", "--list-identity", "-t", "0.5",
            "-a", f"127.255.255.255:{port}",
        )  # fmt: skip
    assert f"List Identity  0 from ('127.0.0.1', {port})" in text
    assert "'item[0].identity_object.product_name': '1756-L61/B LOGIX5561'" in text
    assert "'item[0].identity_object.sin_addr': '127.0.0.1'" in text


@published_only
@pytest.mark.parametrize("options", [[], ["-S"], ["-d", "5"], ["-m"]], ids=" ".join)
def test_attributes_are_got_and_set(options: list[str]) -> None:
    device = controller("SPEED@0x93/3/10=REAL WORD@0x93/3/11=INT")
    with serving(device) as (host, port):
        lines = python(
            "-m", "cpppo.server.enip.get_attribute", "-a", f"{host}:{port}",
            "--print", *options,
            "@1/1", "@1/1/7", "@0xF5/1", "@0xF5/1/5", "@0x93/3/10=(REAL)1.5",
            "@0x93/3/10", "@0x93/3/11=(INT)258", "@0x93/3/11",
        ).splitlines()  # fmt: skip
    values = [json.loads(line.rpartition("== ")[2].lower()) for line in lines]
    identity = device.identity.values
    name = [len(identity.name), *identity.name.encode()]
    assert values[0][:2] == [identity.vendor, 0]
    assert bytes(name) in bytes(values[0])
    assert values[1] == name
    assert values[3] == [0] * 22
    assert bytes(values[3]) in bytes(values[2])
    assert values[4:] == [True, [0, 0, 0xC0, 0x3F], True, [2, 1]]


PROXY = """
import json, sys
from cpppo.server.enip import ab, poll
from cpppo.server.enip.get_attribute import proxy, proxy_simple

host, port, simple = json.load(sys.stdin)
told = {}
via = (proxy_simple if simple else proxy)(host=host, port=port, timeout=20)
with via:
    told["read"] = list(via.read([
        ("@1/1/7", "SSTRING"), ("@1/1/1", "INT"), ("@0x22/1/1", "INT"),
        ("@1/1", ["INT", "INT", "INT", "INT", "INT", "DINT", "SSTRING", "USINT"]),
        ("@0xF5/1/6", "STRING"), ("@1/1/99", "INT"), "A=(INT)99", "A", "S[0-3]",
    ]))
    told["name"] = str(via)
drive = ab.powerflex_750_series(host=host, port=port, timeout=20)
with drive:
    names = drive.parameter_substitution(["Motor Velocity", "Output Frequency"])
    told["drive"] = list(drive.read(names))
class process:
    done = False
    values = []
def got(parameter, value):
    process.values.append([parameter, value])
    got.done = len(process.values) >= 4
got.done = False
poll.run(via=drive, cycle=.01, process=got, params=["Motor Velocity", "A"],
         pass_thru=True)
told["poll"] = process.values[:4]
drive.close_gateway()
print(json.dumps(told))
"""


@published_only
@pytest.mark.parametrize("simple", [False, True])
def test_its_proxy_and_poll_read_and_write(simple: bool) -> None:
    tags = (
        "A=INT S@0x22/1/1=INT[10] Motor_Velocity@0x93/3/10=REAL "
        "Output_Frequency@0x93/1/10=REAL"
    )
    kwds: dict[str, Any] = {"route_path": ()} if simple else {}
    device = controller(tags, **kwds)
    device.tags["Motor_Velocity"].value = 123.5
    device.tags["S"][3] = 7
    with serving(device) as (host, port):
        said = json.dumps([host, port, simple])
        told = json.loads(python("-c", PROXY, said=said).splitlines()[-1])
    one = device.identity.values
    identity = [
        one.vendor, one.device_type, one.product_code, one.revision, one.status,
        one.serial, one.name, one.state,
    ]  # fmt: skip
    assert told["read"] == [
        [one.name], [one.vendor], [0, 0, 0, 7, 0, 0, 0, 0, 0, 0], identity, [""],
        None, True, [99], [0, 0, 0, 7],
    ]  # fmt: skip
    assert told["name"].startswith(f"{one.name} at {host}:{port}[")
    assert told["drive"] == [[123.5], [0.0]]
    assert told["poll"] == [["Motor Velocity", [123.5]], ["A", [99]]] * 2


# -- what tshark says of it


def conversation(one: Recorder) -> None:
    """All that the published client can say, over TCP and UDP."""
    host, port = one.address
    texts = [text for text, _ in operations()]
    texts += [text for text, _ in ERRORS]
    for way in ({}, SIMPLE):
        operated(
            one.address,
            (texts, {"depth": 10}),
            (texts, {"multiple": 500}),
            (
                ["SCADA[0-1]=1,2", "SCADA[0-999]", "SCADA[0-999]+488"],
                {"fragment": True},
            ),
            **way,
        )
    lists = ("-s", "-i", "-I", "-L", "1")
    python("-m", CLIENT, "-a", f"{host}:{port}", *lists)
    python("-m", CLIENT, "-a", f"{host}:{port}", "-u", *lists)
    python(
        "-m", "cpppo.server.enip.get_attribute", "-a", f"{host}:{port}",
        "@1/1", "@1/1/7", "@0xF5/1", "@0xF5/1/4", "@0xF5/1/5", "@0xF5/1/6",
    )  # fmt: skip


def commands(pieces: Sequence[Piece]) -> list[int]:
    """The commands of all frames that there are in what was said."""
    streams: dict[Any, bytes] = {}
    for piece in pieces:
        stream = (piece.protocol, piece.client, piece.asked)
        streams[stream] = streams.get(stream, b"") + piece.octets
    return sorted(
        one.command for octets in streams.values() for one in asking.frames(octets)
    )


@published_only
@tshark_only
def test_tshark_finds_nothing_wrong_in_a_conversation(tmp_path: Path) -> None:
    device = controller(
        f"{TAGS} SCADA=INT[1000] SOME@0x98/1/1=INT[5]",
        route_path=parse_route_path("1/0"),
    )
    with serving(device) as address, recorder(address) as one:
        conversation(one)
    said = commands(one.pieces)
    assert {0x01, 0x04, 0x63, 0x64, 0x65, 0x6F} <= set(said)
    assert {piece.protocol for piece in one.pieces} == {6, 17}
    pcap(tmp_path / "said.pcap", one.pieces)
    assert flagged(tmp_path / "said.pcap") == ""
    # It has taken all of it for what it is.
    assert sorted(seen(tmp_path / "said.pcap", "enip.command")) == said
    services = set(seen(tmp_path / "said.pcap", "cip.sc"))
    assert {0x01, 0x0A, 0x0E, 0x4C, 0x4D, 0x52, 0x53} <= services
    statuses = set(seen(tmp_path / "said.pcap", "cip.genstat"))
    assert {0x00, 0x05, 0x06, 0x14, 0x1E, 0xFF} <= statuses


def exchanged(one: Recorder) -> None:
    """What is rare: each of our errors and refusals."""
    with call(one.address) as caller:
        for asked in (
            request(0x77, "SOME"),
            read("NOWHERE"),
            read(b"\x2c\x05"),  # a connection point, of nothing
            read("SOME", 0),
            request(0x4C, "SOME"),
            request(0x4C, "SOME", bytes(9)),
            write("SOME", 0xC3, 2, b"\1\0"),
            read_on("SOME", 5, 3),
            routed(read("SOME"), b"\1\5"),  # a route that is refused
            routed(read("SOME"), b"\1\5\1\6"),
            routed(read("NOWHERE"), b"\1\0"),
            routed(request(0x77, "SOME"), b"\1\0"),
            multiple([read("SOME"), read("NOWHERE"), request(0x77, "SOME")]),
            multiple([]),
            request(0x03, number(1, 1), b"\3\0\1\0\7\0\x63\0"),
            request(0x01, number(0xF5, 1)),
            request(0x10, number(0x98, 1, 1), bytes(10)),
        ):
            caller.send(asked)
            assert caller.frame().status == 0
        for octets, status in (
            (frame(0x6F, bytes(16), 12345), 0x64),
            (frame(0x65, b"\2\0\0\0"), 0x69),
            (frame(0x99), 1),
        ):
            caller.socket.sendall(octets)
            assert caller.frame().status == status
    for command in (0x63, 0x04, 0x64):
        datagram(frame(command, context=b"whoisit?"), one.address)


@tshark_only
def test_tshark_finds_nothing_wrong_in_errors(tmp_path: Path) -> None:
    device = controller("SOME@0x98/1/1=INT[5]", route_path=parse_route_path("1/0"))
    with serving(device) as address, recorder(address) as one:
        exchanged(one)
    pcap(tmp_path / "said.pcap", one.pieces)
    assert flagged(tmp_path / "said.pcap") == ""
    assert sorted(seen(tmp_path / "said.pcap", "enip.command")) == commands(one.pieces)


@tshark_only
@pytest.mark.parametrize("fault", ["a size", "a path", "an item"])
def test_tshark_sees_what_is_wrong(tmp_path: Path, fault: str) -> None:
    """Or it would find nothing wrong in anything."""
    good = asking.rr(multiple([read("SOME"), read("SOME", 3)]), 7)
    spoilt = {
        "a size": good.replace(b"\xb2\0", b"\xb2\0\xff", 1),
        "a path": good.replace(b"\x4c\x03", b"\x4c\x7f", 1),
        "an item": frame(0x63, b"\1\0\x0c\0\x20\0\1\0"),
    }[fault]
    pcap(tmp_path / "good.pcap", [Piece(6, 5000, True, good)] * 2)
    assert flagged(tmp_path / "good.pcap") == ""
    asked = fault != "an item"
    pcap(
        tmp_path / "spoilt.pcap",
        [Piece(6, 5000, True, good), Piece(6, 5000, asked, spoilt)],
    )
    assert flagged(tmp_path / "spoilt.pcap") != ""
