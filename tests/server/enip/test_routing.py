# SPDX-License-Identifier: Apache-2.0
"""Routing: the table of links, and forwarding to a device that does as it likes."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

import pytest

from cpppo.errors import TransportError
from cpppo.protocol.enip import (
    Class,
    Encapsulation,
    Instance,
    Item,
    Packet,
    Path,
    Port,
    ReadTag,
    RequestFrame,
    SendData,
    SendRRData,
    Symbol,
    UnconnectedRequest,
    UnconnectedSend,
)
from cpppo.protocol.enip.notation import NotationError
from cpppo.server.enip.linking.routing import (
    RouteError,
    RouteRubbish,
    Routes,
    RouteTimeout,
    RouteTooLarge,
    RouteUnreachable,
    Ways,
    patience,
    ticks,
)

NO_ANSWER = (0x01, (0x0204,))
NOBODY = (0x01, (0x0312,))

# -- the table


MANUAL = """{
    "1/1-15": "localhost:44819",
    "2/10.0.0.5": "10.0.0.5",
    "1/16": "host"
}"""


def test_a_link_leads_to_the_target_of_its_key_or_range() -> None:
    routes = Routes.parse(MANUAL)
    for link in range(1, 16):
        assert routes.find(Port(1, link)) == ("localhost", 44819)
    assert routes.find(Port(1, 16)) == ("host", 44818)
    assert routes.find(Port(2, "10.0.0.5")) == ("10.0.0.5", 44818)


@pytest.mark.parametrize(
    "port",
    [Port(1, 0), Port(1, 17), Port(2, 1), Port(1, "10.0.0.5"), Port(2, "10.0.0.50")],
    ids=str,
)
def test_a_link_that_is_not_in_the_table_leads_nowhere(port: Port) -> None:
    assert Routes.parse(MANUAL).find(port) is None


def test_an_address_is_found_in_any_case() -> None:
    routes = Routes.parse({"2/PLC.example": "h"})
    assert routes.find(Port(2, "plc.EXAMPLE")) == ("h", 44818)


@pytest.mark.parametrize("empty", [None, "", " ", "null", "false", "{}", {}, False])
def test_no_routes_are_an_empty_table(empty: object) -> None:
    assert len(Routes.parse(empty)) == 0


def test_targets_are_hosts_and_ports() -> None:
    routes = Routes.parse({"1/1": "[::1]:5", "1/2": "::1", "1/3": " 1.2.3.4:6 "})
    found = [routes.find(Port(1, link)) for link in (1, 2, 3)]
    assert found == [("::1", 5), ("::1", 44818), ("1.2.3.4", 6)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ({"1/1-5": "a", "1/5-9": "b"}, "Route '1/5-9': '1/1-5' has 1/5 already"),
        ({"1/1-5": "a", "1/3": "b"}, "Route '1/3': '1/1-5' has 1/3 already"),
        ('{"1/3": "a", "1/3": "b"}', "Route: no JSON: '1/3' is there twice"),
        ({"2/h": "a", "2/H": "b"}, "Route '2/H': '2/h' has 2/h already"),
        ({"1/5-3": "a"}, "Route '1/5-3': the range ends before it begins"),
        ({"1/250-256": "a"}, "Route '1/250-256': a link is a number from 0 to 255"),
        ({"0/1": "a"}, "Route '0/1': a port"),
        ({"1": "a"}, "Route '1': a port needs '/' and its link"),
        ({"x": "a"}, "Route 'x': a port"),
        ({"1/2/1/3": "a"}, "Route '1/2/1/3': one port/link expected"),
        ({"1/2-4/1/3": "a"}, "Route '1/2-4/1/3': a link is"),
        ({"false": "a"}, "Route 'false': one port/link expected"),
        ({"null": "a"}, "Route 'null': one port/link expected"),
        ({"1/1": "a:0"}, "Route '1/1': a host or host:port expected"),
        ({"1/1": "a b"}, "Route '1/1': a host or host:port expected"),
        ({"1/1": ""}, "Route '1/1': a host or host:port expected"),
        ('{"1/1": 44819}', "Route '1/1': a host or host:port expected"),
        ('{"1/1": [["a", "b"]]}', "Route '1/1': a host or host:port expected"),
        ('{"1/1": {"1/2": "a"}}', "Route '1/1': a host or host:port expected"),
        ('{"1/1": "a",}', "Route: no JSON"),
        ("[" * 100000, "Route: no JSON"),
        ("9" * 5000, "Route: no JSON"),
        ('[["1/1", "a"]]', "Route: a JSON object expected"),
        ("[]", "Route: a JSON object expected"),
        ("1/1", "Route: no JSON"),
        (7, "Route: a JSON object expected"),
    ],
)
def test_a_bad_table_is_refused_with_its_key(text: object, said: str) -> None:
    with pytest.raises(NotationError) as caught:
        Routes.parse(text)
    assert said in str(caught.value)
    assert len(str(caught.value).splitlines()) == 3


# -- time


@pytest.mark.parametrize(
    ("priority", "number", "seconds"),
    [
        (5, 157, 5.024),
        (0, 1, 0.001),
        (10, 1, 1.024),
        (0x1A, 1, 1.024),
        (15, 255, 8355.84),
    ],
)
def test_patience_is_ticks_of_a_power_of_two(
    priority: int, number: int, seconds: float
) -> None:
    assert patience(priority, number) == pytest.approx(seconds)
    assert patience(*ticks(seconds)) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("seconds", "chosen"),
    [
        (0.255, (0, 255)),
        (0.256, (1, 128)),
        (5.024, (5, 157)),
        (0.0001, (0, 1)),
        (-1.0, (0, 1)),
        (1e9, (15, 255)),
    ],
)
def test_the_finest_tick_that_fits_is_chosen(
    seconds: float, chosen: tuple[int, int]
) -> None:
    assert ticks(seconds) == chosen


def test_ticks_are_the_inverse_of_patience() -> None:
    for priority in range(16):
        for number in range(128, 256):
            assert ticks(patience(priority, number)) == (priority, number)


def test_ticks_never_say_more_time_than_there_is(
    pytestconfig: pytest.Config,
) -> None:
    seeded = random.Random(pytestconfig.getoption("--hypothesis-seed"))
    for _ in range(2000):
        seconds = 10 ** seeded.uniform(-3, 3.9)
        said = patience(*ticks(seconds))
        assert said <= seconds + 1e-6
        assert said >= seconds * 0.99 - 0.001


# -- a device in a thread


REQUEST = ReadTag(Path((Symbol("SCADA"),)), 1).encode()
REPLY = bytes.fromhex("cc 00 00 00 c3 00 2a 00")


class Far:
    """The far end of one connection."""

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.parser = Encapsulation.parser()
        self.frames: list[Encapsulation] = []

    def frame(self) -> Encapsulation:
        """The next frame that comes."""
        while not self.frames:
            octets = self.socket.recv(65536)
            if not octets:
                raise EOFError("no frame came")
            self.frames += self.parser.feed(octets)
        return self.frames.pop(0)

    def gone(self) -> bool:
        """Whether nothing more comes: waits for the end of the stream."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def register(self, session: int = 0x1234) -> None:
        asked = self.frame()
        assert (asked.command, asked.session) == (0x65, 0)
        assert (asked.context, asked.payload) == (bytes(8), b"\1\0\0\0")
        self.socket.sendall(asked.replace(session=session).encode())

    def answer(self, reply: bytes = REPLY) -> Encapsulation:
        """Read a request, and answer it well."""
        asked = self.frame()
        self.socket.sendall(answering(asked, reply))
        return asked


def answering(asked: Encapsulation, reply: bytes = REPLY, **changes: Any) -> bytes:
    packet = Packet((Item(0), Item(0xB2, reply)))
    payload = SendData(packet=packet).encode()
    return asked.replace(**{"payload": payload, **changes}).encode()


Conversation = Callable[[Far], None]


def replying(reply: bytes, seen: list[Encapsulation] | None = None) -> Conversation:
    """Register, answer one request, and wait for the end."""

    def conversation(far: Far) -> None:
        far.register()
        asked = far.answer(reply)
        if seen is not None:
            seen.append(asked)
        assert far.gone()

    return conversation


well = replying(REPLY)


class Device:
    """A listener whose thread holds one conversation after the other."""

    def __init__(self, *conversations: Conversation) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.target = "127.0.0.1", self.listener.getsockname()[1]
        self.conversations = conversations
        self.problems: list[BaseException] = []
        self.held = 0
        self.thread = Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self) -> None:
        self.listener.settimeout(10)
        try:
            for conversation in self.conversations:
                connected, _ = self.listener.accept()
                with connected:
                    connected.settimeout(10)
                    conversation(Far(connected))
                self.held += 1
        except BaseException as exc:
            self.problems.append(exc)


@contextmanager
def device(*conversations: Conversation, ways: Ways | None = None) -> Iterator[Device]:
    """A device; at the end every conversation must have been held as it should."""
    one = Device(*conversations)
    try:
        yield one
    finally:
        if ways is not None:
            ways.close()
        one.thread.join(10)
        one.listener.close()
    assert not one.thread.is_alive()
    assert one.problems == []
    assert one.held == len(conversations)


@pytest.fixture
def ways() -> Iterator[Ways]:
    made = Ways(Routes.parse(None))
    yield made
    made.close()


def soon(seconds: float = 10.0) -> float:
    return time.monotonic() + seconds


# -- what is sent, and what comes back


def test_without_hops_left_a_request_goes_as_it_came(ways: Ways) -> None:
    seen: list[Encapsulation] = []

    def conversation(far: Far) -> None:
        far.register(0xCAFE)
        seen.append(far.answer())
        assert far.gone()

    with device(conversation, ways=ways) as far:
        assert ways.forward(far.target, REQUEST, (), deadline=soon()) == REPLY
    (frame,) = seen
    assert (frame.command, frame.session) == (0x6F, 0xCAFE)
    items = SendData.decode(frame.payload).packet.items
    assert items == (Item(0), Item(0xB2, REQUEST))


@pytest.mark.parametrize("odd", [b"", b"\0"], ids=["even", "odd"])
def test_with_hops_left_it_goes_in_an_unconnected_send(ways: Ways, odd: bytes) -> None:
    seen: list[Encapsulation] = []
    reply = bytes.fromhex("8e 00 00 00")
    route = (Port(1, 3), Port(2, "10.0.0.5"))
    request = bytes([0x0E]) + Path((Class(1), Instance(1))).encode() + odd
    with device(replying(reply, seen), ways=ways) as far:
        assert ways.forward(far.target, request, route, deadline=soon(5.0)) == reply
    sent = RequestFrame.decode(seen[0].encode()).payload
    assert isinstance(sent, SendRRData)
    item = sent.packet.entries[1].item
    assert isinstance(item, UnconnectedRequest)
    wrapped = item.request
    assert isinstance(wrapped, UnconnectedSend)
    assert wrapped.path.segments == (Class(6), Instance(1))
    assert wrapped.route.segments == route
    assert wrapped.request.encode() == request
    assert 4.0 < patience(wrapped.priority, wrapped.ticks) <= 5.0


def test_a_reply_is_handed_on_as_the_octets_that_it_was(ways: Ways) -> None:
    odd = bytes.fromhex("cc 77 ff 01 05 21")  # the reserved octet is not zero
    with device(replying(odd), ways=ways) as far:
        assert ways.forward(far.target, REQUEST, (), deadline=soon()) == odd


def test_a_router_that_found_nobody_says_so_itself(ways: Ways) -> None:
    refused = bytes.fromhex("d2 00 01 01 12 03 01")
    with device(replying(refused), ways=ways) as far:
        reply = ways.forward(far.target, REQUEST, (Port(1, 9),), deadline=soon())
    assert reply == refused


def test_an_answer_that_comes_in_pieces_is_one(ways: Ways) -> None:
    def conversation(far: Far) -> None:
        far.register()
        for octet in answering(far.frame()):
            far.socket.sendall(bytes([octet]))
        assert far.gone()

    with device(conversation, ways=ways) as far:
        assert ways.forward(far.target, REQUEST, (), deadline=soon()) == REPLY


# -- connections


def test_one_connection_serves_one_request_after_the_other(ways: Ways) -> None:
    contexts: list[bytes] = []

    def conversation(far: Far) -> None:
        far.register()
        contexts.extend(far.answer().context for _ in range(3))
        assert far.gone()

    with device(conversation, ways=ways) as far:
        for _ in range(3):
            assert ways.forward(far.target, REQUEST, (), deadline=soon()) == REPLY
    assert len(set(contexts)) == 3


def test_each_target_has_its_own_connection(ways: Ways) -> None:
    other = bytes.fromhex("cc 00 05 00")
    with device(well, ways=ways) as a, device(replying(other), ways=ways) as b:
        assert ways.forward(a.target, REQUEST, (), deadline=soon()) == REPLY
        assert ways.forward(b.target, REQUEST, (), deadline=soon()) == other


def test_a_connection_closed_between_requests_is_opened_again(ways: Ways) -> None:
    closed, seen = Event(), []

    def first(far: Far) -> None:
        far.register()
        seen.append(far.answer())
        far.socket.close()
        closed.set()

    def second(far: Far) -> None:
        far.register()
        seen.append(far.answer())
        assert far.gone()

    with device(first, second, ways=ways) as far:
        assert ways.forward(far.target, REQUEST, (), deadline=soon()) == REPLY
        assert closed.wait(10)
        assert ways.forward(far.target, REQUEST, (), deadline=soon()) == REPLY
    assert len(seen) == 2


def test_octets_that_nobody_asked_for_cost_the_connection(ways: Ways) -> None:
    had, told = Event(), Event()

    def first(far: Far) -> None:
        far.register()
        asked = far.answer()
        assert had.wait(10)
        far.socket.sendall(answering(asked, bytes.fromhex("cc 00 08 00")))
        told.set()
        assert far.gone()

    with device(first, well, ways=ways) as far:
        assert ways.forward(far.target, REQUEST, (), deadline=soon()) == REPLY
        had.set()
        assert told.wait(10)
        assert ways.forward(far.target, REQUEST, (), deadline=soon()) == REPLY


def test_a_request_is_sent_once_whatever_happens_then(ways: Ways) -> None:
    def conversation(far: Far) -> None:
        far.register()
        far.answer()
        far.frame()  # and closes

    with device(conversation, ways=ways) as far:
        assert ways.forward(far.target, REQUEST, (), deadline=soon()) == REPLY
        with pytest.raises(RouteRubbish, match="closed") as caught:
            ways.forward(far.target, REQUEST, (), deadline=soon())
        far.listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            far.listener.accept()
    assert caught.value.status == NO_ANSWER


def test_closing_closes_every_connection() -> None:
    ways = Ways(Routes.parse(None))
    with device(well) as a, device(well) as b:
        ways.forward(a.target, REQUEST, (), deadline=soon())
        ways.forward(b.target, REQUEST, (), deadline=soon())
        ways.close()  # which both devices wait for


# -- no answer in time


def test_no_answer_is_a_time_out(ways: Ways) -> None:
    def conversation(far: Far) -> None:
        far.register()
        far.frame()
        assert far.gone()

    with device(conversation) as far, pytest.raises(RouteTimeout) as caught:
        ways.forward(far.target, REQUEST, (), deadline=soon(0.2))
    assert caught.value.status == NO_ANSWER
    assert isinstance(caught.value, TransportError)


def test_a_device_that_does_not_register_is_a_time_out(ways: Ways) -> None:
    def conversation(far: Far) -> None:
        far.frame()
        assert far.gone()

    with device(conversation) as far, pytest.raises(RouteTimeout):
        ways.forward(far.target, REQUEST, (), deadline=soon(0.2))


def test_a_late_answer_is_not_taken_for_the_next_ones(ways: Ways) -> None:
    timed_out = Event()
    other = bytes.fromhex("cc 00 00 00 c3 00 63 00")

    def late(far: Far) -> None:
        far.register()
        asked = far.frame()
        assert timed_out.wait(10)
        try:
            far.socket.sendall(answering(asked, other))
        except ConnectionError:
            pass

    with device(late, well, ways=ways) as far:
        with pytest.raises(RouteTimeout):
            ways.forward(far.target, REQUEST, (), deadline=soon(0.2))
        timed_out.set()
        assert ways.forward(far.target, REQUEST, (), deadline=soon()) == REPLY


def test_a_device_that_trickles_cannot_extend_the_time(ways: Ways) -> None:
    ended = Event()

    def conversation(far: Far) -> None:
        far.register()
        for octet in answering(far.frame(), REPLY + bytes(1000)):
            try:
                far.socket.sendall(bytes([octet]))
            except ConnectionError:
                break
            if ended.wait(0.02):
                break

    with device(conversation) as far:
        begin = time.monotonic()
        with pytest.raises(RouteTimeout):
            ways.forward(far.target, REQUEST, (), deadline=begin + 0.2)
        assert time.monotonic() - begin < 5
        ended.set()


def test_a_length_that_lies_is_a_time_out(ways: Ways) -> None:
    def conversation(far: Far) -> None:
        far.register()
        answer = bytearray(answering(far.frame()))
        answer[2:4] = b"\xff\xff"
        far.socket.sendall(answer)
        assert far.gone()

    with device(conversation) as far, pytest.raises(RouteTimeout):
        ways.forward(far.target, REQUEST, (), deadline=soon(0.2))


def test_a_device_that_does_not_read_is_a_time_out(ways: Ways) -> None:
    ended = Event()

    def conversation(far: Far) -> None:
        far.register()
        assert ended.wait(10)

    request = REQUEST + bytes(60000)
    with device(conversation) as far:
        with pytest.raises(RouteTimeout):
            ways.forward(far.target, request, (), deadline=soon(0.2))
        ended.set()


def test_when_the_time_is_over_nothing_is_sent(ways: Ways) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        with pytest.raises(RouteTimeout):
            ways.forward(listener.getsockname(), REQUEST, (), deadline=soon(-1))
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_time_is_that_of_the_clock_given() -> None:
    ways = Ways(Routes.parse(None), clock=lambda: 1000.0)
    with device(well, ways=ways) as far:
        assert ways.forward(far.target, REQUEST, (), deadline=1005.0) == REPLY
        with pytest.raises(RouteTimeout):
            ways.forward(far.target, REQUEST, (), deadline=1000.0)


# -- rubbish


def payload(*items: Item) -> bytes:
    return SendData(packet=Packet(items)).encode()


RUBBISH: dict[str, Callable[[Encapsulation], bytes]] = {
    "another context": lambda one: answering(one, context=b"another!"),
    "another command": lambda one: answering(one, command=0x70),
    "an encapsulation error": lambda one: answering(one, payload=b"", status=0x64),
    "an error with an answer": lambda one: answering(one, status=0x03),
    "no data": lambda one: answering(one, payload=b""),
    "no items": lambda one: answering(one, payload=payload()),
    "no unconnected item": lambda one: answering(one, payload=payload(Item(0))),
    "two of them": lambda one: answering(
        one, payload=payload(Item(0), Item(0xB2, REPLY), Item(0xB2, REPLY))
    ),
    "an item longer than the rest": lambda one: answering(
        one, payload=payload(Item(0), Item(0xB2, REPLY))[:-1]
    ),
    "more after the items": lambda one: answering(
        one, payload=payload(Item(0), Item(0xB2, REPLY)) + b"\0"
    ),
    "an empty reply": lambda one: answering(one, b""),
    "half a reply": lambda one: answering(one, REPLY[:3]),
    "extended words that are not there": lambda one: answering(
        one, bytes.fromhex("cc 00 ff 05 05 21")
    ),
    "an octet behind it": lambda one: answering(one) + b"\0",
    "another answer behind it": lambda one: answering(one) * 2,
    "a request": lambda one: answering(one, REQUEST),
    "the reply of another service": lambda one: answering(
        one, bytes.fromhex("cd 00 00 00")
    ),
    "a router's reply though it was none": lambda one: answering(
        one, bytes.fromhex("d2 00 00 00")
    ),
}


@pytest.mark.parametrize("rubbish", RUBBISH.values(), ids=RUBBISH.keys())
def test_rubbish_is_no_answer_and_ends_the_connection(
    ways: Ways, rubbish: Callable[[Encapsulation], bytes]
) -> None:
    def first(far: Far) -> None:
        far.register()
        far.socket.sendall(rubbish(far.frame()))
        assert far.gone()

    with device(first, well, ways=ways) as far:
        with pytest.raises(RouteRubbish) as caught:
            ways.forward(far.target, REQUEST, (), deadline=soon())
        assert caught.value.status == NO_ANSWER
        assert ways.forward(far.target, REQUEST, (), deadline=soon()) == REPLY


@pytest.mark.parametrize("part", [0, 1, 23, 24, 30, -1])
def test_a_connection_that_closes_half_way_is_no_answer(ways: Ways, part: int) -> None:
    def conversation(far: Far) -> None:
        far.register()
        far.socket.sendall(answering(far.frame())[:part])

    with device(conversation) as far, pytest.raises(RouteRubbish):
        ways.forward(far.target, REQUEST, (), deadline=soon())


@pytest.mark.parametrize(
    "changes",
    [{"status": 0x69}, {"status": 0x02, "payload": b""}, {"command": 0x6F}],
    ids=str,
)
def test_a_session_that_is_refused_is_no_answer(
    ways: Ways, changes: dict[str, Any]
) -> None:
    def conversation(far: Far) -> None:
        far.socket.sendall(far.frame().replace(**changes).encode())
        assert far.gone()

    with device(conversation) as far, pytest.raises(RouteRubbish) as caught:
        ways.forward(far.target, REQUEST, (), deadline=soon())
    assert caught.value.status == NO_ANSWER


def test_whatever_comes_it_is_a_reply_or_a_route_error(
    ways: Ways, pytestconfig: pytest.Config
) -> None:
    seeded = random.Random(pytestconfig.getoption("--hypothesis-seed"))

    def conversation(far: Far) -> None:
        try:
            far.register()
            octets = bytearray(answering(far.frame()))
            for _ in range(seeded.randrange(1, 4)):
                octets[seeded.randrange(len(octets))] = seeded.randrange(256)
            far.socket.sendall(octets[: seeded.randrange(len(octets) * 2)])
        except (OSError, EOFError):
            pass

    ends = {"reply": 0, "error": 0}
    begun = len(ways._open)
    with device(*[conversation] * 100) as far:
        for _ in range(100):
            try:
                reply = ways.forward(far.target, REQUEST, (), deadline=soon())
            except RouteError as exc:
                assert exc.status == NO_ANSWER
                ends["error"] += 1
            else:
                assert reply[0] == 0xCC
                ends["reply"] += 1
            ways.close()
    assert min(ends.values()) > 0, ends
    assert len(ways._open) == begun


# -- nobody there


def vacant() -> tuple[str, int]:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return "127.0.0.1", listener.getsockname()[1]


def test_a_port_where_nobody_listens_is_unreachable(ways: Ways) -> None:
    with pytest.raises(RouteUnreachable) as caught:
        ways.forward(vacant(), REQUEST, (), deadline=soon())
    assert caught.value.status == NOBODY


def test_a_link_without_a_route_is_unreachable(ways: Ways) -> None:
    target = ways.routes.find(Port(1, 7))
    with pytest.raises(RouteUnreachable, match="no route") as caught:
        ways.forward(target, REQUEST, (), deadline=soon())
    assert caught.value.status == NOBODY


@pytest.mark.parametrize(
    ("size", "route"), [(65519, (Port(1, 0),)), (65520, ()), (70000, (Port(1, 0),))]
)
def test_a_request_too_large_to_be_sent_on_is_refused(
    ways: Ways, size: int, route: tuple[Port, ...]
) -> None:
    with pytest.raises(RouteTooLarge) as caught:
        ways.forward(vacant(), bytes(size), route, deadline=soon())
    assert caught.value.status == (0x1A, ())


def test_the_largest_request_is_sent_on(ways: Ways) -> None:
    request = REQUEST + bytes(65535 - 16 - len(REQUEST))
    with device(well, ways=ways) as far:
        assert ways.forward(far.target, request, (), deadline=soon()) == REPLY


def addresses(*targets: tuple[str, int]) -> list[Any]:
    return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", target) for target in targets]


class Resolver:
    """Knows no numbers, so that every host has to be looked up."""

    def __init__(self, answer: Callable[[], Any]) -> None:
        self.answer = answer
        self.asked = 0

    def __call__(self, host: str, port: int, *, type: int, flags: int = 0) -> Any:
        if flags:
            raise socket.gaierror("no number")
        self.asked += 1
        return self.answer()


def test_every_address_of_a_name_is_tried() -> None:
    with device(well) as far:
        resolver = Resolver(lambda: addresses(vacant(), far.target))
        ways = Ways(Routes.parse(None), resolve=resolver)
        assert ways.forward(("plc", 1), REQUEST, (), deadline=soon()) == REPLY
        ways.close()


def test_an_address_that_cannot_be_tried_does_not_cost_the_others() -> None:
    with device(well) as far:
        odd = [(socket.AF_INET, socket.SOCK_STREAM, 99999, "", far.target)]
        resolver = Resolver(lambda: odd + addresses(far.target))
        ways = Ways(Routes.parse(None), resolve=resolver)
        assert ways.forward(("plc", 1), REQUEST, (), deadline=soon()) == REPLY
        ways.close()


def test_a_name_without_addresses_is_unreachable() -> None:
    ways = Ways(Routes.parse(None), resolve=Resolver(list))
    with pytest.raises(RouteUnreachable, match="no address"):
        ways.forward(("plc", 1), REQUEST, (), deadline=soon())


@pytest.mark.parametrize("problem", [socket.gaierror("unknown"), UnicodeError("long")])
def test_a_name_that_nobody_knows_is_unreachable(problem: Exception) -> None:
    def unknown() -> Any:
        raise problem

    ways = Ways(Routes.parse(None), resolve=Resolver(unknown))
    with pytest.raises(RouteUnreachable, match="'plc' is not known"):
        ways.forward(("plc", 1), REQUEST, (), deadline=soon())


def test_a_slow_resolver_is_waited_for_no_longer_than_there_is_time() -> None:
    known = Event()
    with device(well) as far:

        def slow() -> Any:
            assert known.wait(10)
            return addresses(far.target)

        resolver = Resolver(slow)
        ways = Ways(Routes.parse(None), resolve=resolver)
        for _ in range(3):
            with pytest.raises(RouteTimeout):
                ways.forward(("plc", 1), REQUEST, (), deadline=soon(0.05))
        assert resolver.asked == 1
        known.set()
        assert ways.forward(("plc", 1), REQUEST, (), deadline=soon()) == REPLY
        ways.close()


def test_localhost_is_found(ways: Ways) -> None:
    with device(well, ways=ways) as far:
        target = "localhost", far.target[1]
        assert ways.forward(target, REQUEST, (), deadline=soon()) == REPLY


# -- connecting that hangs, and being stopped


@contextmanager
def swallowing() -> Iterator[tuple[str, int]]:
    """A listener that accepts no more connections, and refuses none."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = []
        for _ in range(8):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
            waiting.append(one)
        try:
            yield listener.getsockname()
        finally:
            for one in waiting:
                one.close()


def test_connecting_ends_with_the_time(ways: Ways) -> None:
    with swallowing() as target, pytest.raises(RouteTimeout) as caught:
        ways.forward(target, REQUEST, (), deadline=soon(0.2))
    assert caught.value.status == NO_ANSWER


def test_an_address_that_hangs_leaves_time_for_the_others() -> None:
    with swallowing() as target, device(well) as far:
        resolver = Resolver(lambda: addresses(target, far.target))
        ways = Ways(Routes.parse(None), resolve=resolver)
        assert ways.forward(("plc", 1), REQUEST, (), deadline=soon(2.0)) == REPLY
        ways.close()


class Forwarding:
    """A request in a thread of its own, which somebody is to interrupt."""

    def __init__(self, ways: Ways, target: tuple[str, int]) -> None:
        self.ways, self.target = ways, target
        self.failure: BaseException | None = None
        self.thread = Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self) -> None:
        try:
            self.ways.forward(self.target, REQUEST, (), deadline=soon(60))
        except RouteError as exc:
            self.failure = exc

    def ended(self) -> BaseException | None:
        self.thread.join(10)
        assert not self.thread.is_alive()
        return self.failure


def test_who_waits_for_an_answer_is_stopped_at_once(ways: Ways) -> None:
    asked = Event()

    def conversation(far: Far) -> None:
        far.register()
        far.frame()
        asked.set()
        assert far.gone()

    with device(conversation) as far:
        forwarding = Forwarding(ways, far.target)
        assert asked.wait(10)
        ways.abort()
        assert "this server stops" in str(forwarding.ended())


def test_who_waits_for_a_connection_is_stopped_at_once() -> None:
    begun = Event()

    def found() -> Any:
        begun.set()
        return addresses(target)

    with swallowing() as target:
        ways = Ways(Routes.parse(None), resolve=Resolver(found))
        forwarding = Forwarding(ways, ("plc", 1))
        assert begun.wait(10)
        ways.abort()
        assert "this server stops" in str(forwarding.ended())


def test_who_is_about_to_connect_is_stopped_at_once() -> None:
    def known(*_: object, **__: object) -> Any:
        ways.abort()
        return addresses(target)

    with swallowing() as target:
        ways = Ways(Routes.parse(None), resolve=known)
        begin = time.monotonic()
        with pytest.raises(RouteRubbish, match="this server stops"):
            ways.forward(target, REQUEST, (), deadline=begin + 10)
        assert time.monotonic() - begin < 5


def test_who_waits_for_a_name_is_stopped_at_once() -> None:
    begun, known = Event(), Event()

    def slow() -> Any:
        begun.set()
        assert known.wait(10)
        return []

    ways = Ways(Routes.parse(None), resolve=Resolver(slow))
    forwarding = Forwarding(ways, ("plc", 1))
    assert begun.wait(10)
    ways.abort()
    assert "this server stops" in str(forwarding.ended())
    known.set()
    for thread, _ in ways._lookups.values():
        thread.join(10)


def test_after_a_stop_nothing_is_forwarded(ways: Ways) -> None:
    with device(well) as far:
        assert ways.forward(far.target, REQUEST, (), deadline=soon()) == REPLY
        ways.abort()
        with pytest.raises(RouteRubbish, match="this server stops"):
            ways.forward(far.target, REQUEST, (), deadline=soon())
        ways.abort()
