# SPDX-License-Identifier: Apache-2.0
"""Connections from the client's side: `Logix`, `implicit`, proxies and the command.

The simulator is one of this process, so that its connections can be counted, ended and
refused.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hostile
import pytest
from asking import controller
from hostile import Hostile
from peers import PATIENCE, Address, serving, surroundings, wait_for

from cpppo.client.asynchronous import AsyncLogix
from cpppo.client.commands.poll import gateway
from cpppo.client.logix import Logix
from cpppo.errors import Disconnected, EncodeError, StatusError
from cpppo.server.enip import Controller, client, poll
from cpppo.server.enip.get_attribute import proxy_connected

TAGS = "A=DINT[10] B=INT[2000] W=UDINT T=SSTRING[4]"


@pytest.fixture
def device() -> Controller:
    return controller(TAGS)


@pytest.fixture
def address(device: Controller) -> Iterator[Address]:
    with serving(device) as found:
        yield found


def at(address: Address) -> str:
    return f"{address[0]}:{address[1]}"


def forgotten(device: Controller) -> None:
    """The simulator has no connection any more, and told nobody."""
    connections = device.connections
    for one in list(connections._triples.values()):
        connections.remove(one)
    assert len(connections) == 0


# -- Logix


@pytest.mark.parametrize("way", ["", "/1/0", "simple"])
def test_logix_opens_one_connection_and_closes_it(
    address: Address, device: Controller, way: str
) -> None:
    simple = way == "simple"
    where = at(address) + ("" if simple else way)
    with Logix(where, simple=simple) as plc:
        assert plc.connection is None
        assert plc.write({"A[0-2]": [1, 2, 3]})[0].ok
        assert plc.read("A[0-2]").value == [1, 2, 3]
        assert len(device.connections) == 1
        assert plc.connection
        assert plc.connection.size == 4002
        assert "a connection of 4002 octets" in repr(plc)
    assert len(device.connections) == 0


def test_who_wants_no_connection_has_none(address: Address, device: Controller) -> None:
    with Logix(at(address), connected=False) as plc:
        assert plc.read("A").value == 0
        assert len(device.connections) == 0
        assert not plc.connection
        assert "connection of" not in repr(plc)


def test_a_connection_that_the_device_forgot_is_opened_again(
    address: Address, device: Controller
) -> None:
    with Logix(at(address)) as plc:
        assert plc.read("A").value == 0
        forgotten(device)
        assert plc.read("A[0-9]").value == [0] * 10
        forgotten(device)
        assert plc.write("W=(UDINT)8").ok
        assert plc.read("W").value == 8
        assert len(device.connections) == 1


def test_the_awaited_twin_does_the_same(address: Address, device: Controller) -> None:
    async def run() -> None:
        async with AsyncLogix(at(address)) as plc:
            assert (await plc.write(W=5)).ok
            assert plc.connection
            assert len(device.connections) == 1
            forgotten(device)
            assert (await plc.read("W")).value == 5
        assert len(device.connections) == 0
        async with AsyncLogix(at(address), connected=False) as plc:
            assert (await plc.read("W")).value == 5
            assert not plc.connection

    asyncio.run(run())


@pytest.mark.parametrize("depth", [None, 1, 8])
def test_a_thousand_tags_are_the_same_either_way(
    address: Address, depth: int | None
) -> None:
    tags = [f"B[{nth}]" for nth in range(1000)]
    with (
        Logix(at(address), depth=depth) as over,
        Logix(at(address), depth=depth, connected=False) as beside,
    ):
        over.write({"B[0-1999]": [nth % 1000 for nth in range(2000)]})
        values = [one.value for one in over.read(tags)]
        assert values == [one.value for one in beside.read(tags)] == list(range(1000))
        assert over.read("B[0-1999]").value == beside.read("B[0-1999]").value


# -- the published client


def test_implicit_does_operations_over_its_connection(
    address: Address, device: Controller
) -> None:
    with client.implicit(at(address), timeout=PATIENCE) as conn:
        asked, opened = conn.requested.forward_open, conn.established.forward_open
        assert asked.O_T.size == asked.T_O.size == 4002
        assert asked.connection_path.segment[0].port == 1
        assert opened.O_T.connection_ID == conn.connection.to_target
        assert opened.T_O.connection_ID == asked.T_O.connection_ID
        assert opened.connection_serial == asked.connection_serial
        assert len(device.connections) == 1
        operations = client.parse_operations(["A[0-1]=(DINT)4,5", "A[0-2]", "NONE"])
        rows = list(conn.pipeline(operations, depth=3, multiple=4000))
    conn.close()
    with client.connector(at(address), timeout=PATIENCE) as other:
        again = list(
            other.pipeline(
                client.parse_operations(["A[0-1]=(DINT)4,5", "A[0-2]", "NONE"]),
                depth=3,
                multiple=4000,
            )
        )
    other.close()
    # The six-tuples do not know over what they came.
    for one, two in zip(rows, again, strict=True):
        assert one[:2] == two[:2]
        assert dict(one[2].items()) == dict(two[2].items())
        assert dict(one[3].items()) == dict(two[3].items())
        assert one[4:] == two[4:]
    assert [one[5] for one in rows] == [True, [4, 5, 0], None]
    wait_for(lambda: len(device.connections) == 0)


def test_its_requests_by_hand_are_answered_over_it(address: Address) -> None:
    with client.implicit(at(address), timeout=PATIENCE) as conn:
        for sequence in (1, 2):
            conn.read("A[0-1]", offset=None)
            response, _ = client.await_response(conn, timeout=PATIENCE)
            assert response
            name, data = response.enip.CIP.send_data.CPF.item
            assert response.enip.command == 0x70
            assert name.connection_ID.connection == conn.connection.to_originator
            assert data.connection_data.sequence == sequence
            assert data.connection_data.request.read_tag.data == [0, 0]
        conn.read("A[0-1]", offset=None, route_path="1/0", send_path="@6/1")
        response, _ = client.await_response(conn, timeout=PATIENCE)
        assert response
        assert response.enip.command == 0x6F
        assert list(conn.results(["A[0-1]"])) == [[0, 0]]
    conn.close()


def test_a_configuration_says_sizes_and_times(
    address: Address, device: Controller
) -> None:
    configuration = {
        "connection_path": "1/0/@2/1",
        "O_T": {"size": 504, "RPI": 1_000_000},
        "T_O": {"size": 400},
        "O_vendor": 0x1009,
        "connection_timeout_multiplier": 7,
    }
    conn = client.implicit(at(address), timeout=5, configuration=configuration)
    with conn:
        assert conn.connection.size == 400
        assert conn.connection.life == 512
        values = list(range(2000))
        text = "B[0-1999]=(INT)" + ",".join(map(str, values))
        assert list(conn.results([text, "B[0-1999]"], depth=4)) == [True, values]
    conn.close()


def test_forward_open_and_close_by_hand(address: Address, device: Controller) -> None:
    with client.connector(at(address), timeout=PATIENCE) as conn:

        def said() -> Any:
            response, _ = client.await_response(conn, timeout=PATIENCE)
            assert response
            return response.enip.CIP.send_data.CPF.item[1]

        named: Any = {"connection_serial": 77, "O_vendor": 5, "O_serial": 6}
        sizes: Any = {"O_T": {"size": 500}, "T_O": {"size": 500}}
        conn.forward_open("@6/1", "1/0/@2/1", **sizes, **named)
        request = said().unconnected_send.request
        assert (request.service, request.status) == (0xD4, 0)
        number = int.from_bytes(bytes(request.input[4:8]), "little")
        shown = conn.read("A", offset=None, send=False)
        for sequence in (1, 2, 9):
            given = None if sequence == 2 else sequence
            conn.connected_send(shown, connection=number, sequence=given)
            data = said().connection_data
            assert (data.sequence, data.request.read_tag.data) == (sequence, [0])
        assert len(device.connections) == 1
        conn.forward_close("@6/1", "1/0/@2/1", **named)
        assert said().unconnected_send.request.service == 0xCE
        assert len(device.connections) == 0
        with pytest.raises(EncodeError, match="O->T connection ID"):
            conn.connected_send(shown)
    conn.close()


def test_a_refusal_says_why_and_leaves_nothing_open(address: Address) -> None:
    with pytest.raises(StatusError, match=r"opened no connection"):
        client.implicit(at(address), timeout=PATIENCE, connection_path="1/0/@9/1")
    with pytest.raises(EncodeError, match="over TCP"):
        client.implicit(at(address), udp=True)


def test_a_connection_that_is_lost_ends_its_connector(
    address: Address, device: Controller
) -> None:
    with (
        pytest.raises(Disconnected, match="closed the connection"),
        client.implicit(at(address), timeout=PATIENCE) as conn,
    ):
        forgotten(device)
        list(conn.results(["A"]))
    assert conn.closed


def test_a_proxy_over_a_connection_opens_another_one(
    address: Address, device: Controller
) -> None:
    host, port = address
    via = proxy_connected(host, port=port, connection_path="1/0/@2/1")
    with via:
        assert list(via.read(["A[0-1]", ("@1/1/7", "SSTRING")])) == [
            [0, 0],
            ["1756-L61/B LOGIX5561"],
        ]
        assert len(device.connections) == 1
        first = via.gateway
        assert first is not None
        first._used -= 1e6  # type: ignore[attr-defined]
        assert list(via.read("A")) == [[0]]
        assert via.gateway is not first
    via.close_gateway()
    wait_for(lambda: len(device.connections) == 0)  # nobody waits for the answer


# -- the command


def test_a_poll_goes_over_connections_too(address: Address, device: Controller) -> None:
    class Seen:
        """How many connections there are as a value comes; three values are enough."""

        def __init__(self) -> None:
            self.counts: list[int] = []

        @property
        def done(self) -> bool:
            return len(self.counts) >= 3

        def __call__(self, name: str, value: Any) -> None:
            self.counts.append(len(device.connections))

    kind, seen = gateway("get_attribute.proxy_connected"), Seen()
    assert kind is proxy_connected
    poll.poll(kind, address, cycle=0.01, params=["W"], process=seen)
    assert seen.counts == [1, 1, 1]


def command(*argv: str, status: int = 0) -> tuple[str, str]:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "cpppo.server.enip.client", *argv],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
        env=surroundings(Path()),
    )
    assert done.returncode == status, (done.stdout, done.stderr)
    return done.stdout, done.stderr


def test_the_command_asks_over_a_connection(address: Address) -> None:
    told = ["A[0-1]=(DINT)7,8", "A[0-2]", 'T[0]=(SSTRING)"x"']
    plain = command("-a", at(address), "--print", *told)
    assert command("-a", at(address), "--print", "-c", *told) == plain
    several = ("-S", "-c", "-m", "-d", "4", "-j", *told)
    out, _ = command("-a", at(address), *several)
    assert [json.loads(line)["status"] for line in out.splitlines()] == [0, 0, 0]


def test_the_command_says_why_there_is_no_connection() -> None:
    with Hostile(hostile.openings()["no Forward Open"]) as server:
        where = at(server.address)
        out, err = command("-a", where, "-c", "A", status=1)
    assert not out
    (line,) = err.splitlines()
    assert f"{where} opened no connection: service not supported there" in line
