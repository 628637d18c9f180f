# SPDX-License-Identifier: Apache-2.0
"""The published client: one request out, one response in, whoever answers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import Any

import pytest
from peers import serving

from cpppo.client.raw import await_response, client
from cpppo.dotdict import dotdict
from cpppo.errors import (
    CpppoError,
    Disconnected,
    EncodeError,
    Malformed,
    ProtocolError,
    Refused,
    TransportError,
    Unexpected,
)
from cpppo.protocol.enip import (
    Encapsulation,
    Item,
    MessageRouterRequest,
    Packet,
    SendData,
    UnconnectedSendParameters,
)
from cpppo.server.enip import Controller
from cpppo.server.enip.database.tags import parse_tags

LOOPBACK = "127.0.0.1"
PATIENCE = 20.0
TAGS = ["SCADA=INT[1000]", "TEXT=SSTRING[10]", "FLOAT=REAL", "ADDRESSED@22/1/1=DINT"]


OPENED: SimpleQueue[client] = SimpleQueue()


@pytest.fixture(autouse=True)
def closed_afterwards() -> Iterator[None]:
    """No client is left open, whatever became of its test."""
    yield
    close_all()


def close_all() -> None:
    while not OPENED.empty():
        OPENED.get().close()


def opened(address: tuple[str, int], **given: Any) -> client:
    made = client(address[0], address[1], PATIENCE, **given)
    OPENED.put(made)
    return made


@pytest.fixture
def controller() -> Iterator[tuple[str, int]]:
    with serving(Controller(parse_tags(TAGS))) as address:
        yield address


@pytest.fixture
def conn(controller: tuple[str, int]) -> Iterator[client]:
    made = opened(controller)
    made.register()
    assert answer(made)["enip.session_handle"] == made.session
    yield made
    made.close()


def answer(cli: client) -> dotdict:
    response, elapsed = await_response(cli, PATIENCE)
    assert response
    assert 0 <= elapsed < PATIENCE
    return response


def inside(response: dotdict) -> dotdict:
    """What the message router says."""
    found: dotdict = response["enip.CIP.send_data.CPF.item[1].unconnected_send.request"]
    return found


# -- a device that does what the manual says


def test_a_read_is_shown_and_answered(conn: client) -> None:
    shown = conn.read("SCADA[0-1]")
    assert dict(shown.items()) == {
        "path.segment[0].symbolic": "SCADA",
        "path.segment[1].element": 0,
        "read_frag.elements": 2,
        "read_frag.offset": 0,
        "service": 0x52,
        "input": bytearray(b"\x52\x05\x91\x05SCADA\0\x28\0\2\0\0\0\0\0"),
    }
    assert conn.readable(timeout=PATIENCE)
    response = answer(conn)
    assert response.peer == conn.addr
    assert response.enip.status == 0
    assert inside(response).read_frag.data == [0, 0]


@pytest.mark.parametrize("offset", [None, False])
def test_without_an_offset_a_read_is_plain(conn: client, offset: Any) -> None:
    assert conn.read("SCADA[2-4]", offset=offset)["read_tag.elements"] == 3
    assert inside(answer(conn)).read_tag.data == [0, 0, 0]


@pytest.mark.parametrize(
    ("path", "elements", "first", "count"),
    [
        ("SCADA", 1, None, 1),
        ("SCADA[7]", 3, 7, 3),
        ("SCADA[7-9]", 1, 7, 3),
        ("SCADA[7-9]", 3, 7, 3),
        ("SCADA*4", 1, None, 4),
        ([{"symbolic": "SCADA"}, {"element": 7}], 2, 7, 2),
    ],
)
def test_elements_are_told_by_the_path_or_by_number(
    conn: client, path: Any, elements: int, first: int | None, count: int
) -> None:
    shown = conn.read(path, elements=elements, send=False)
    assert shown.get("path.segment[1].element") == first
    assert shown["read_frag.elements"] == count


@pytest.mark.parametrize("offset", [0, None])
def test_what_is_written_is_read(conn: client, offset: int | None) -> None:
    shown = conn.write("SCADA[5-7]", [1, -2, 0xFFFF], offset=offset)
    name = "write_tag" if offset is None else "write_frag"
    assert shown[f"{name}.data"] == [1, -2, -1]
    assert shown[f"{name}.type"] == 0xC3
    assert inside(answer(conn))[name] is True
    conn.read("SCADA[5-7]")
    assert inside(answer(conn)).read_frag.data == [1, -2, -1]


@pytest.mark.parametrize(
    ("tag", "values", "tag_type", "code"),
    [
        ("FLOAT", [1.5], None, 0xCA),
        ("FLOAT", [1.5], 0xCA, 0xCA),
        ("FLOAT", [1.5], "REAL", 0xCA),
        ("TEXT[0-1]", ["ab", "c"], None, 0xDA),
    ],
)
def test_values_have_types(
    conn: client, tag: str, values: list[Any], tag_type: Any, code: int
) -> None:
    assert conn.write(tag, values, tag_type=tag_type)["write_frag.type"] == code
    assert inside(answer(conn)).status == 0
    conn.read(tag)
    assert inside(answer(conn)).read_frag.data == values


def test_a_fragment_writes_some_of_the_elements(conn: client) -> None:
    shown = conn.write("SCADA[0-9]", [1, 2], offset=4)
    assert shown["write_frag.elements"] == 10
    assert inside(answer(conn)).status == 0
    conn.read("SCADA[0-3]")
    assert inside(answer(conn)).read_frag.data == [0, 0, 1, 2]


def test_attributes(conn: client) -> None:
    conn.get_attributes_all("@1/1")
    everything = inside(answer(conn)).get_attributes_all.data
    conn.get_attribute_single("@1/1/7")
    name = inside(answer(conn)).get_attribute_single.data
    assert bytes(name) in bytes(everything)
    conn.get_attribute_list("@1/1", [1, 2])
    assert inside(answer(conn)).get_attribute_list.data[:2] == [2, 0]
    conn.service_code(1, "@1/1")
    assert inside(answer(conn)).get_attributes_all.data == everything


@pytest.mark.parametrize(
    ("data", "elements", "tag_type"),
    [
        ([1, 0, 0, 0x80], 4, None),
        ([1, 0, 0, -128], 4, None),
        ([-0x7FFFFFFF], 1, "DINT"),
    ],
)
def test_an_attribute_is_set(
    conn: client, data: list[int], elements: int, tag_type: Any
) -> None:
    conn.set_attribute_single("@22/1/1", data, elements=elements, tag_type=tag_type)
    assert inside(answer(conn)).status == 0
    conn.get_attribute_single("@22/1/1")
    assert inside(answer(conn)).get_attribute_single.data == [1, 0, 0, 0x80]


def test_any_service(conn: client) -> None:
    assert conn.service_code(0x77, "@1/1", [1, 2])["service"] == 0x77
    refused = inside(answer(conn))
    assert (refused.service, refused.status) == (0xF7, 8)
    # Not what a Read Tag is; the device may say so.
    conn.service_code(0x4C, "SCADA", [1])
    assert inside(answer(conn)).status == 0x13


def test_several_requests_in_a_packet(conn: client) -> None:
    requests = [
        conn.write("SCADA[1]", [7], send=False),
        conn.read("SCADA[0-1]", send=False),
        conn.read("NOSUCH", send=False),
    ]
    assert not conn.readable(0)
    shown = conn.multiple(request=requests)
    assert shown["multiple.request[1].read_frag.elements"] == 2
    reply = inside(answer(conn))
    assert reply.multiple.number == 3
    assert reply["multiple.request[0].write_frag"] is True
    assert reply["multiple.request[1].read_frag.data"] == [0, 7]
    assert reply["multiple.request[2].status"] == 5


def test_a_request_is_sent_later(conn: client) -> None:
    shown = conn.read("SCADA[0]", send=False)
    frame = conn.unconnected_send(
        shown, route_path="1/0", priority_time_tick=6, timeout_ticks=10
    )
    sent = frame["enip.CIP.send_data.CPF.item[1].unconnected_send"]
    assert (sent.priority, sent.timeout_ticks) == (6, 10)
    assert sent["route_path.segment[0].port"] == 1
    assert sent.request.service == 0x52
    assert inside(answer(conn)).read_frag.data == [0]


def test_a_sender_context_comes_back(conn: client) -> None:
    conn.read("SCADA", sender_context="number 1")
    assert answer(conn)["enip.sender_context.input"].tobytes() == b"number 1"
    conn.list_identity(sender_context=b"n")
    assert answer(conn)["enip.sender_context.input"].tobytes() == b"n".ljust(8, b"\0")


def test_lists(conn: client) -> None:
    conn.list_identity()
    conn.list_services()
    conn.list_interfaces()
    conn.legacy(0x0001)
    identity, services, interfaces, legacy = (answer(conn) for _ in range(4))
    at = "enip.CIP.list_identity.CPF.item[0].identity_object.product_name"
    assert "1756" in identity[at]
    at = "enip.CIP.list_services.CPF.item[0].communications_service.service_name"
    assert services[at] == "Communications"
    assert interfaces["enip.CIP.list_interfaces.CPF.count"] == 0
    at = "enip.CIP.legacy.CPF.item[0].legacy_CPF_0x0001.sin_addr"
    assert legacy[at] == LOOPBACK


def test_responses_are_iterated(conn: client) -> None:
    for at in range(3):
        conn.read(f"SCADA[{at}]")
    for _ in range(3):
        assert conn.readable(PATIENCE)
        assert inside(next(conn) or dotdict()).read_frag.data == [0]
    assert next(conn) is None
    conn.unregister()
    assert conn.readable(PATIENCE)
    assert list(conn) == [{}]
    assert conn.closed
    assert await_response(conn, PATIENCE)[0] == {}


def test_exclusive_use_is_entered_again_and_does_not_close(conn: client) -> None:
    with conn as same, conn:
        assert same is conn
        entered: list[bool] = []
        other = threading.Thread(
            target=lambda: entered.append(conn._lock.acquire(blocking=False))
        )
        other.start()
        other.join()
        assert entered == [False]
    assert not conn.closed
    with conn:
        conn.read("SCADA")
        assert answer(conn)


def test_it_says_who_it_is(conn: client) -> None:
    host, port = conn.addr
    assert str(conn) == f"{host}:{port}[{conn.session}]"
    assert repr(conn) == f"<client {conn}>"


def test_closing_from_elsewhere_wakes_it(conn: client) -> None:
    timer = threading.Timer(0.01, conn.close)
    timer.start()
    assert await_response(conn, PATIENCE)[0] == {}
    timer.join()
    with pytest.raises(Disconnected, match="was closed here"):
        conn.read("SCADA")


def test_nothing_more_is_asked(conn: client) -> None:
    conn.read("SCADA")
    conn.shutdown()
    assert inside(answer(conn)).status == 0
    assert await_response(conn, PATIENCE)[0] == {}


def test_a_profile_shows_no_waiting(controller: tuple[str, int]) -> None:
    class Profiler:
        said = ""

        def disable(self) -> None:
            self.said += "-"

        def enable(self) -> None:
            self.said += "+"

    profiler = Profiler()
    conn = opened(controller, profiler=profiler)
    conn.register()
    answer(conn)
    conn.close()
    assert set(profiler.said[::2]) == {"-"}
    assert set(profiler.said[1::2]) == {"+"}
    assert len(profiler.said) >= 6


# -- what cannot be asked


WRONG: list[tuple[str, Callable[[client], object]]] = [
    ("names 2 elements, and 3 are wanted", lambda c: c.read("A[0-1]", elements=3)),
    (
        r"as many values as elements \(2\) are wanted, not 1",
        lambda c: c.write("A*2", [1], offset=None),
    ),
    (
        r"as many values as elements \(1\) are wanted, not 2",
        lambda c: c.write("A*1", [1, 2]),
    ),
    ("INT is a whole number", lambda c: c.write("A", ["x"], tag_type="INT")),
    ("no type 'XYZ'", lambda c: c.write("A", [1], tag_type="XYZ")),
    ("numbers from -128 to 255", lambda c: c.set_attribute_single("@1/1/1", [256])),
    ("numbers from -128 to 255", lambda c: c.service_code(1, "@1/1", [1.5])),  # type: ignore[list-item]
    ("a service is a number", lambda c: c.service_code(300, "@1/1")),
    ("a command is a number", lambda c: c.legacy(0x10000)),
    ("up to 8 octets, not 9", lambda c: c.list_identity(sender_context=b"123456789")),
    ("send=False", lambda c: c.multiple([dotdict(service=1)])),
    ("an index expected", lambda c: c.read("SCADA[")),
    ("a send path", lambda c: c.read("SCADA", route_path="1/0", send_path="")),
]


@pytest.mark.parametrize(("words", "ask"), WRONG, ids=[words for words, _ in WRONG])
def test_what_is_wrong_is_refused_and_nothing_is_sent(
    conn: client, words: str, ask: Callable[[client], object]
) -> None:
    with pytest.raises(CpppoError, match=words):
        ask(conn)
    conn.list_services(sender_context=b"next")
    assert answer(conn)["enip.sender_context.input"].tobytes()[:4] == b"next"


def test_a_keyword_that_there_is_not(conn: client) -> None:
    with pytest.raises(TypeError, match="'elephants'"):
        conn.read("SCADA", elephants=1)


@pytest.mark.parametrize(
    ("words", "given"),
    [
        ("a dialect is a class", {"dialect": 5}),
        ("only UDP can be broadcast", {"broadcast": True}),
        ("an own address is HOST or HOST:PORT", {"source_address": "1:2:3"}),
        ("a port is a number", {"port": 99999}),
    ],
)
def test_a_client_that_cannot_be(words: str, given: dict[str, Any]) -> None:
    with pytest.raises((CpppoError, TypeError), match=words):
        client(**{"host": LOOPBACK, "port": 1, "timeout": 1.0, **given})


def test_nobody_is_there() -> None:
    with socket.create_server((LOOPBACK, 0)) as sock:
        port = sock.getsockname()[1]
    with pytest.raises(Refused, match="nothing listens there"):
        client(LOOPBACK, port)


@pytest.mark.parametrize("source", ["127.0.0.1", ("127.0.0.1", 0), ("", None)])
def test_an_own_address(controller: tuple[str, int], source: Any) -> None:
    conn = opened(controller, source_address=source)
    conn.list_services()
    assert answer(conn)
    conn.close()


# -- octets


def test_the_octets_of_a_request(script: Script) -> None:
    """They are those of cpppo 5.2.5."""
    script.plays(b"")
    conn = script.client()
    conn.session = 0x11223344
    conn.read("SCADA[0-1]", sender_context=b"1")
    conn.close()
    frame = Encapsulation.decode(script.received())
    assert (frame.command, frame.session) == (0x6F, 0x11223344)
    sent = SendData.decode(frame.payload)
    assert (sent.interface, sent.timeout) == (0, 8)
    address, item = sent.packet.items
    assert (address.type_id, address.data, item.type_id) == (0, b"", 0xB2)
    around = MessageRouterRequest.decode(item.data)
    assert (around.service, around.path) == (0x52, b"\x20\x06\x24\x01")
    inner = UnconnectedSendParameters.decode(around.data)
    assert (inner.priority, inner.ticks) == (5, 157)
    assert inner.request == b"\x52\x05\x91\x05SCADA\0\x28\0\2\0\0\0\0\0"
    assert inner.route == b"\x01\0\x01\0"


def test_a_request_without_route(script: Script) -> None:
    script.plays(b"")
    conn = script.client()
    conn.get_attribute_single("@1/1/7", route_path=False, send_path="")
    conn.close()
    sent = SendData.decode(Encapsulation.decode(script.received()).payload)
    assert sent.packet.items[1].data == b"\x0e\x03\x20\x01\x24\x01\x30\x07"


# -- a device that does not


REPLY = Encapsulation(
    0x6F,
    session=7,
    payload=SendData(
        packet=Packet((Item(0), Item(0xB2, data=b"\xcc\0\0\0\xc3\0\x2a\0")))
    ).encode(),
).encode()


class Script:
    """A server that says what it is told to, however wrong, and notes what it hears."""

    def __init__(self) -> None:
        self.listener = socket.create_server((LOOPBACK, 0))
        self.listener.settimeout(PATIENCE)
        self.heard = bytearray()
        self.thread: threading.Thread | None = None

    def plays(self, *parts: bytes) -> None:
        self.thread = threading.Thread(target=self.run, args=(parts,))
        self.thread.start()

    def run(self, parts: tuple[bytes, ...]) -> None:
        sock, _ = self.listener.accept()
        with sock:
            sock.settimeout(PATIENCE)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                for part in parts:
                    sock.sendall(part)
                sock.shutdown(socket.SHUT_WR)
                while octets := sock.recv(65536):
                    self.heard += octets
            except OSError:
                pass  # the client has had enough

    def client(self, **given: Any) -> client:
        return opened(self.listener.getsockname(), **given)

    def received(self) -> bytes:
        if self.thread is not None:
            self.thread.join(PATIENCE)
        return bytes(self.heard)


@pytest.fixture
def script() -> Iterator[Script]:
    made = Script()
    yield made
    close_all()
    made.received()
    made.listener.close()


def test_responses_are_cut_anywhere(script: Script) -> None:
    script.plays(*(bytes([octet]) for octet in REPLY * 2))
    conn = script.client()
    for _ in range(2):
        assert inside(answer(conn)).read_tag.data == [42]
    assert await_response(conn, PATIENCE)[0] == {}
    conn.close()


def test_responses_that_come_together_are_told_apart(script: Script) -> None:
    script.plays(REPLY * 3)
    conn = script.client()
    for _ in range(3):
        assert conn.readable(PATIENCE)
        assert inside(answer(conn)).read_tag.data == [42]
    assert list(conn) == [{}]
    conn.close()


def test_the_largest_response(script: Script) -> None:
    script.plays(Encapsulation(0x64, payload=bytes(2) + bytes(65533)).encode())
    conn = script.client()
    with pytest.raises(Malformed):  # there is more than the packet says
        await_response(conn, PATIENCE)
    assert conn.closed


BROKEN: list[tuple[bytes, type[CpppoError], str]] = [
    (b"HTTP/1.1 400 Bad Request\r\n\r\n", Malformed, "no response of EtherNet/IP"),
    (b"\xff\xff", Malformed, "no response of EtherNet/IP"),
    (REPLY[:30], Disconnected, "closed the connection within a response: 30 octets"),
    (REPLY[:1], Disconnected, "within a response: 1 octets"),
    (REPLY[:4] + b"\x09" + REPLY[5:], Unexpected, "answered for session 0x00000009"),
    (REPLY[:-1] + b"", Disconnected, "within a response"),
    (
        REPLY[:2] + (len(REPLY) - 25).to_bytes(2, "little") + REPLY[4:-1],
        ProtocolError,
        "offset",
    ),
    (Encapsulation(0x6F, session=7, payload=b"\1").encode(), ProtocolError, "offset"),
    (
        Encapsulation(0x63, payload=b"\1\0\x0c\0\1\0\0").encode(),
        ProtocolError,
        "offset",
    ),
]


@pytest.mark.parametrize(("octets", "kind", "words"), BROKEN)
def test_a_broken_stream_is_an_error_and_the_end(
    script: Script, octets: bytes, kind: type[CpppoError], words: str
) -> None:
    script.plays(octets)
    conn = script.client()
    conn.session = 7
    with pytest.raises(kind, match=words):
        await_response(conn, PATIENCE)
    assert conn.closed
    with pytest.raises(TransportError):
        conn.read("SCADA")


def test_a_response_with_a_status_needs_no_session(script: Script) -> None:
    script.plays(Encapsulation(0x6F, session=0, status=0x64).encode())
    conn = script.client()
    conn.session = 7
    response = answer(conn)
    assert response.enip.status == 0x64
    assert "input" not in response.enip
    conn.close()


def test_what_is_asked_for_may_be_answered(script: Script) -> None:
    script.plays(Encapsulation(0x7777, payload=b"\1").encode())
    conn = script.client()
    assert conn.legacy(0x7777, b"\2").enip.input == b"\2"
    assert answer(conn).enip.input.tobytes() == b"\1"
    conn.close()


def test_a_slow_peer_is_nothing_yet() -> None:
    with socket.create_server((LOOPBACK, 0)) as listener:
        conn = opened(listener.getsockname())
        other, _ = listener.accept()
        with other:
            other.sendall(REPLY[:40])
            assert conn.readable(PATIENCE)
            assert await_response(conn, 0.02)[0] is None
            assert await_response(conn, 0)[0] is None
            other.sendall(REPLY[40:] + REPLY)
            assert inside(answer(conn)).read_tag.data == [42]
            # The other one has been received with it.
            assert conn.readable(0)
            assert inside(answer(conn)).read_tag.data == [42]
            assert not conn.readable(0)
            conn.close()


# -- UDP


@pytest.fixture
def device() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((LOOPBACK, 0))
        sock.settimeout(PATIENCE)
        yield sock


IDENTITY = Encapsulation(0x64, payload=b"\0\0").encode()


@pytest.mark.parametrize("broadcast", [False, True])
def test_datagrams_are_responses(device: socket.socket, broadcast: bool) -> None:
    conn = opened(device.getsockname(), udp=True, broadcast=broadcast)
    conn.list_interfaces()
    octets, whom = device.recvfrom(1000)
    assert Encapsulation.decode(octets).command == 0x64
    for answered in (b"", b"junk", IDENTITY[:-1], IDENTITY):
        device.sendto(answered, whom)
    response = answer(conn)
    assert response.peer == device.getsockname()
    assert response["enip.CIP.list_interfaces.CPF.count"] == 0
    assert await_response(conn, 0.02)[0] is None
    conn.close()
    assert list(conn) == [{}]


def test_sessions_are_not_for_datagrams(device: socket.socket) -> None:
    conn = opened(device.getsockname(), udp=True)
    with pytest.raises(EncodeError, match="opened over TCP"):
        conn.register()
    conn.close()


def test_a_broadcast_is_answered_by_many(device: socket.socket) -> None:
    conn = opened(device.getsockname(), udp=True, broadcast=True)
    conn.list_identity()
    _, whom = device.recvfrom(1000)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((LOOPBACK, 0))
        for sock in (device, other):
            sock.sendto(IDENTITY, whom)
        peers = {answer(conn).peer for _ in range(2)}
        assert peers == {device.getsockname(), other.getsockname()}
    conn.close()
