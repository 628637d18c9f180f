# SPDX-License-Identifier: Apache-2.0
"""Requests for other devices, as manual 2.1.3 has it: over real sockets, through
simulators of this process and real programs.

The far side is another simulator, or one that a test has in hand: silent, slow,
gone, or answering rubbish.  Whatever it does, one request has one answer.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from asking import (
    BACKPLANE,
    Frame,
    Reply,
    controller,
    frame,
    multiple,
    number,
    read,
    read_on,
    request,
    rr,
    write,
    write_on,
)
from peers import (
    LOOPBACK,
    PATIENCE,
    Address,
    Caller,
    Far,
    Simulator,
    Starter,
    call,
    far,
    routed,
    serving,
    vacant,
)

from cpppo.protocol.enip.notation import parse_route_path
from cpppo.server.enip.linking.routing import Routes
from cpppo.server.limits import Limits
from cpppo.server.listener import Listener

THERE = b"\x01\x05"  # port 1, link 5: what the tests route elsewhere
NOBODY = Reply(0xD2, 1, (0x0312,), b"\1\0")
NO_ANSWER = Reply(0xD2, 1, (0x0204,), b"\1\0")


def route(*targets: tuple[str, Address]) -> Routes:
    return Routes.parse({link: f"{host}:{port}" for link, (host, port) in targets})


@contextmanager
def router(
    target: Address, tags: str = "NEAR=INT[10]", **kwds: Any
) -> Iterator[Address]:
    """Where one listens that sends on what is for slots 1 to 15."""
    kwds = {"route_path": parse_route_path("1/0"), **kwds}
    kwds["routes"] = route(("1/1-15", target))
    with serving(controller(tags, **kwds)) as address:
        yield address


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Starter]:
    with ExitStack() as stack:
        yield Starter(tmp_path, stack)


# -- the router of the manual


CONFIGURED = """
[UCMM]
# What is for us, and where all other slots are.
Route Path = 1/0
Route = {{
    "1/1-15": "localhost:{port}",
    "2/1.2.3.4": "127.0.0.1:{port}"
    }}
"""


def test_the_router_of_the_manual(start: Starter) -> None:
    there = start.loopback("--simple", "PLACE=INT", "THERE=DINT")
    config = start.folder / "cpppo.cfg"
    config.write_text(CONFIGURED.format(port=there.address()[1]))
    here = start.loopback("PLACE=INT", "HERE=DINT")
    with call(here.address()) as caller:
        assert caller.ask(routed(write("PLACE", 0xC3, 1, b"\1\0"), b"\1\0")).status == 0
        assert caller.ask(routed(write("PLACE", 0xC3, 1, b"\2\0"), b"\1\7")).status == 0
        outside = b"\x12\x071.2.3.4\0"  # port 2, link 1.2.3.4
        for way, value in ((b"\1\0", 1), (b"\1\1", 2), (b"\1\x0f", 2), (outside, 2)):
            reply = caller.ask(routed(read("PLACE"), way))
            assert (reply.status, reply.data) == (0, bytes((0xC3, 0, value, 0)))
        assert caller.ask(routed(read("HERE"), b"\1\0")).status == 0
        assert caller.ask(routed(read("HERE"), b"\1\1")).status == 5
        assert caller.ask(routed(read("THERE"), b"\1\1")).status == 0
        # There is no slot 16, nor a way on from slot 0.
        assert caller.ask(routed(read("PLACE"), b"\1\x10")) == NOBODY
        assert caller.ask(routed(read("PLACE"), b"\1\0\1\0")).status == 1
        assert caller.ask(read("HERE")).status == 0
    assert here.stop() == there.stop() == 0


def test_a_file_of_another_name_configures_a_router(start: Starter) -> None:
    there = start.loopback("THERE=DINT")
    config = start.folder / "cpppo-router.cfg"
    config.write_text(CONFIGURED.format(port=there.address()[1]))
    here = start.loopback("-c", "cpppo-router.cfg", "HERE=DINT")
    with call(here.address()) as caller:
        assert caller.ask(routed(read("THERE"), b"\1\1")).status == 0
    # The command line is nearer to the user than a file; the routes stay.
    other = start.loopback("-c", "cpppo-router.cfg", "--route-path", "1/9", "HERE=DINT")
    with call(other.address()) as caller:
        assert caller.ask(routed(read("HERE"), b"\1\x09")).status == 0
        assert caller.ask(routed(read("HERE"), b"\1\0")) == NOBODY
        assert caller.ask(routed(read("THERE"), b"\1\1")).status == 0


# -- what is sent on


def answering(one: Far, asked: Frame) -> bytes:
    """Success, with two octets."""
    return rr(b"\xcc\0\0\0\xc3\0\1\0", asked.session, asked.context)


def test_the_last_hop_leaves_a_simple_request() -> None:
    with far(answering) as one, router(one.address) as near, call(near) as caller:
        assert caller.ask(routed(read("ELSE.WHERE", 3), THERE)).data == b"\xc3\0\1\0"
        assert one.request() == read("ELSE.WHERE", 3)


@pytest.mark.parametrize("message", [read("ABCD"), read("ABC")])
def test_the_first_of_several_hops_is_taken_off(message: bytes) -> None:
    behind = b"\1\2\x12\x071.2.3.4\0"
    with far(answering) as one, router(one.address) as near, call(near) as caller:
        reply = caller.ask(routed(message, THERE + behind, 6400))
        assert reply.data == b"\xc3\0\1\0"
        sent = one.request()
    head, body = sent[:6], sent[6:]
    assert head == b"\x52\x02\x20\x06\x24\x01"
    priority, ticks, length = struct.unpack_from("<BBH", body)
    assert body[4 : 4 + length] == message
    assert body[4 + length + length % 2 :] == bytes((len(behind) // 2, 0)) + behind
    # What is left of the time goes with it, and no more than that.
    assert 0 < (1 << priority) * ticks <= 6400


def test_several_routers_are_a_chain() -> None:
    with ExitStack() as stack:
        links = [stack.enter_context(serving(controller("PLACE=INT[3]")))]
        for _ in range(3):
            one = router(links[-1], "PLACE=INT[3]")
            links.append(stack.enter_context(one))
        caller = stack.enter_context(call(links[-1]))
        for hops in range(4):
            way = b"\1\3" * hops or BACKPLANE
            value = bytes((hops, 0))
            assert caller.ask(routed(write("PLACE", 0xC3, 1, value), way)).status == 0
        for hops in range(4):
            way = b"\1\3" * hops or BACKPLANE
            assert caller.ask(routed(read("PLACE"), way)).data[2:] == bytes((hops, 0))
        # Each knows its own slot, wherever it stands in the way; the last takes any.
        assert caller.ask(routed(read("PLACE"), b"\1\3\1\0")).data[2:] == b"\1\0"
        everywhere = b"\1\3\1\3\1\3\7\7"
        assert caller.ask(routed(read("PLACE"), everywhere)).data[2:] == b"\3\0"
        beyond = caller.ask(routed(read("PLACE"), b"\1\3\1\3\2\2"))
        # The router that knew no more says how much of the way was left.
        assert (beyond.status, beyond.extended, beyond.data) == (1, (0x0312,), b"\1\0")


def test_a_router_that_leads_to_itself_ends_with_the_route() -> None:
    port = vacant()
    one = controller(
        "PLACE=INT",
        route_path=parse_route_path("1/0"),
        routes=route(("1/5", (LOOPBACK, port))),
    )
    with serving(one, port=port) as address, call(address) as caller:
        assert caller.ask(routed(read("PLACE"), THERE * 5 + b"\1\0")).status == 0
        assert caller.ask(routed(read("PLACE"), THERE * 5)).status == 0
        assert caller.ask(routed(read("PLACE"), THERE * 5 + b"\1\1")).status == 1


REQUESTS = [
    read("WORDS", 10),
    read("WORDS", 1000),
    read_on("WORDS", 1000, 488),
    write("WORDS", 0xC3, 2, b"\1\0\2\0"),
    write_on("WORDS", 0xC3, 4, 4, b"\3\0\4\0"),
    read("WORDS", 4),
    write("TEXT", 0xDA, 1, b"\5Hello"),
    read("TEXT", 2),
    read("NOWHERE"),
    read("WORDS", 1001),
    write("WORDS", 0xC4, 1, bytes(4)),
    request(0x77, "WORDS"),
    request(0x0E, number(1, 1, 7)),
    request(0x01, number(1, 1)),
    request(0x0E, number(1, 1, 99)),
    request(0x10, number(0x99, 1, 1), b"\7\0"),
    request(0x0E, number(0x99, 1, 1)),
    multiple([read("WORDS", 3), read("TEXT"), read("NOWHERE"), read("WORDS", 200)]),
    multiple([read("WORDS", 200)] * 5),
    bytes((0x4C, 9, 0x91)),
]


def test_every_reply_comes_back_as_the_octets_that_it_was() -> None:
    tags = "WORDS=INT[1000] TEXT=SSTRING[4] ONE@0x99/1/1=INT"
    with ExitStack() as stack:
        near = stack.enter_context(serving(controller(tags)))
        there = stack.enter_context(serving(controller(tags)))
        direct = stack.enter_context(call(near))
        through = stack.enter_context(call(stack.enter_context(router(there))))
        for one in REQUESTS:
            direct.send(one)
            through.send(routed(one, THERE))
            assert through.frame().payload == direct.frame().payload, one.hex(" ")


# -- a far side that is not as it should be


def test_nobody_there_is_said_at_once_and_the_session_goes_on() -> None:
    with router((LOOPBACK, vacant())) as near, call(near) as caller:
        begun = monotonic()
        for _ in range(3):
            assert caller.ask(routed(read("NEAR"), THERE, 10000)) == NOBODY
            assert caller.ask(routed(read("NEAR"), BACKPLANE)).status == 0
        assert monotonic() - begun < 5


def test_who_comes_later_is_reached_then() -> None:
    port = vacant()
    with router((LOOPBACK, port)) as near, call(near) as caller:
        assert caller.ask(routed(read("FAR"), THERE)) == NOBODY
        for _ in range(2):
            with serving(controller("FAR=INT"), port=port):
                assert caller.ask(routed(read("FAR"), THERE)).status == 0
            assert caller.ask(routed(read("FAR"), THERE)).status == 1


def silent(one: Far, asked: Frame) -> bytes:
    return b""


def test_no_answer_is_a_time_out_of_the_request_that_waits() -> None:
    with far(silent) as one, router(one.address) as near, call(near) as caller:
        for milliseconds in (256, 512):
            begun = monotonic()
            assert caller.ask(routed(read("A"), THERE, milliseconds)) == NO_ANSWER
            assert milliseconds / 1000 <= monotonic() - begun < 5
            assert caller.ask(read("NEAR")).status == 0


def test_a_request_waits_no_longer_than_the_router_allows() -> None:
    limits = Limits(routed=0.25)
    with ExitStack() as stack:
        one = stack.enter_context(far(silent))
        near = stack.enter_context(router(one.address, limits=limits))
        caller = stack.enter_context(call(near))
        begun = monotonic()
        assert caller.ask(routed(read("A"), THERE, 16000)) == NO_ANSWER
        assert monotonic() - begun < 5


def late(one: Far, asked: Frame) -> bytes:
    assert one.released.wait(PATIENCE)
    return answering(one, asked)


def test_others_are_answered_while_one_waits() -> None:
    with ExitStack() as stack:
        one = stack.enter_context(far(late))
        near = stack.enter_context(router(one.address))
        waiting, other = (stack.enter_context(call(near)) for _ in range(2))
        waiting.send(routed(read("A"), THERE, 16000))
        one.request()
        for _ in range(200):
            assert other.ask(routed(read("NEAR", 10), BACKPLANE)).status == 0
        with call(near) as new:
            assert new.ask(read("NEAR")).status == 0
        assert waiting.quiet
        one.released.set()
        assert waiting.reply().data == b"\xc3\0\1\0"
        assert waiting.ask(read("NEAR")).status == 0


def test_each_session_has_a_way_of_its_own() -> None:
    with ExitStack() as stack:
        one = stack.enter_context(far(late))
        near = stack.enter_context(router(one.address))
        callers = [stack.enter_context(call(near)) for _ in range(2)]
        for caller in callers:
            caller.send(routed(read("A"), THERE))
        # Both are there before either has its answer.
        assert one.request() == one.request() == read("A")
        one.released.set()
        for caller in callers:
            assert caller.reply().data == b"\xc3\0\1\0"


def test_a_late_answer_is_nobodys() -> None:
    def answer(one: Far, asked: Frame) -> bytes:
        message = asked.payload[16:]
        if message == read("SLOW"):
            assert one.released.wait(PATIENCE)
        value = b"\1" if message == read("SLOW") else b"\2"
        return rr(b"\xcc\0\0\0\xc3\0" + value + b"\0", asked.session, asked.context)

    with far(answer) as one, router(one.address) as near, call(near) as caller:
        assert caller.ask(routed(read("SLOW"), THERE, 256)) == NO_ANSWER
        one.released.set()
        for _ in range(10):
            assert caller.ask(routed(read("FAST"), THERE)).data == b"\xc3\0\2\0"


RUBBISH: dict[str, Callable[[Frame], bytes | None]] = {
    "the end of the stream": lambda asked: None,
    "no EtherNet/IP": lambda asked: b"HTTP/1.1 400 Bad Request\r\n\r\nWho are you?",
    "an error": lambda asked: frame(0x6F, b"", 7, asked.context, 0x64),
    "no CIP": lambda asked: rr(b"", 7, asked.context),
    "another service": lambda asked: rr(b"\xcd\0\0\0", 7, asked.context),
    "another's answer": lambda asked: rr(b"\xcc\0\0\0\xc3\0\1\0", 7, b"somebody"),
    "another command": lambda asked: frame(0x65, b"\1\0\0\0", 7, asked.context),
    "an answer too many": lambda asked: rr(b"\xcc\0\0\0", 7, asked.context) * 2,
    "items that lie": lambda asked: frame(
        0x6F, bytes(6) + b"\2\0\0\0\0\0\xb2\0\xff\0\xcc\0\0\0", 7, asked.context
    ),
}


@pytest.mark.parametrize("what", RUBBISH)
def test_rubbish_is_an_error_and_the_session_goes_on(what: str) -> None:
    """Whether it is told at once or at the end of the time, it is told."""
    bad = RUBBISH[what]

    def answer(one: Far, asked: Frame) -> bytes | None:
        if one.released.is_set():
            return answering(one, asked)
        return bad(asked)

    with far(answer) as one, router(one.address) as near, call(near) as caller:
        for _ in range(2):
            assert caller.ask(routed(read("A"), THERE, 512)) == NO_ANSWER
            assert caller.ask(read("NEAR")).status == 0
        one.released.set()
        assert caller.ask(routed(read("A"), THERE)).data == b"\xc3\0\1\0"


# -- many at once


@pytest.mark.parametrize("kwds", [{}, {"observer": str}, {"size": 500}], ids=str)
def test_what_came_together_times_out_together(kwds: dict[str, Any]) -> None:
    with ExitStack() as stack:
        one = stack.enter_context(far(silent))
        near = stack.enter_context(router(one.address, **kwds))
        caller = stack.enter_context(call(near))
        begun = monotonic()
        caller.send(*[routed(read("A"), THERE, 512)] * 8, read("NEAR"))
        for _ in range(8):
            assert caller.reply() == NO_ANSWER
        assert caller.reply().status == 0
        # One after the other they would take more than four seconds.
        assert monotonic() - begun < 3


def test_requests_of_both_kinds_are_answered_in_their_order() -> None:
    with far(answering) as one, router(one.address) as near, call(near) as caller:
        asked = [routed(read("A"), THERE), read("NEAR", 2), read("NOWHERE")] * 20
        caller.send(*asked)
        for _ in range(20):
            assert caller.reply().data == b"\xc3\0\1\0"
            assert len(caller.reply().data) == 6
            assert caller.reply().status == 5


def test_a_packet_of_several_services_holds_no_routed_one() -> None:
    """An Unconnected Send is no member: CIP Vol 1, 3-5.5.4."""
    with far(answering) as one, router(one.address) as near, call(near) as caller:
        several = multiple([read("NEAR"), routed(read("A"), THERE)])
        assert caller.ask(several).status == 0x1E
        assert one.seen.empty()


# -- the end


def waiting(caller: Caller, one: Far) -> None:
    """Have a request wait for the far side."""
    caller.send(routed(read("A"), THERE, 16000))
    assert one.request() == read("A")


def test_stopping_ends_what_waits_for_the_far_side() -> None:
    with far(silent) as one:
        routes = route(("1/1-15", one.address))
        device = controller("NEAR=INT", routes=routes)
        listener = Listener((LOOPBACK, 0), device.session, limits=device.limits)
        with listener, call(listener.address) as caller:
            waiting(caller, one)
            begun = monotonic()
            assert listener.stop()
            assert monotonic() - begun < 2


def test_a_router_in_a_thread_ends_too(tmp_path: Path) -> None:
    with far(silent) as one:
        config = tmp_path / "router.cfg"
        config.write_text(CONFIGURED.format(port=one.address[1]))
        argv = ("-a", f"{LOOPBACK}:0", "--no-config", "-c", str(config), "NEAR=INT")
        with Simulator(*argv) as near, call(near.address) as caller:
            waiting(caller, one)
            begun = monotonic()
            assert near.stop() == 0
            assert monotonic() - begun < 2


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_signal_ends_a_router_whose_far_side_is_silent(start: Starter) -> None:
    with far(silent) as one:
        config = start.folder / "cpppo.cfg"
        config.write_text(CONFIGURED.format(port=one.address[1]))
        here = start.loopback("NEAR=INT")
        with call(here.address()) as caller:
            waiting(caller, one)
            begun = monotonic()
            assert here.stop() == 0
            assert monotonic() - begun < 2
        # It may say what it gave up, and nothing else.
        assert all("given up" in line for line in here.rest(errors=True))
