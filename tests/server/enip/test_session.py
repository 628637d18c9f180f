# SPDX-License-Identifier: Apache-2.0
"""A session: encapsulation commands, the stream cut in any way, and its bounds.

No socket is here: octets go in, octets come out.  Lists are asked for over TCP and by
datagram.  Random tests print their seed in the head of the run.
"""

from __future__ import annotations

import random
import struct
import tracemalloc
from functools import partial
from itertools import pairwise

import pytest
from asking import (
    BACKPLANE,
    TCP,
    UDP,
    Client,
    Frame,
    cip_in,
    controller,
    element,
    frame,
    frames,
    multiple,
    read,
    read_on,
    register,
    reply_in,
    rr,
    symbol,
    unconnected,
    write,
)
from hypothesis import given
from hypothesis import strategies as st
from timing import seconds, takes_at_most

from cpppo.server.enip import Controller, IdentityValues, Profile
from cpppo.server.limits import Limits
from cpppo.server.peer import Peer

CONTEXT = bytes(range(1, 9))

NAMED = Profile(
    identity=IdentityValues(
        vendor=0x1234,
        device_type=0x0102,
        product_code=0x0506,
        revision=0x0B15,
        status=0x3160,
        serial=0xDEADBEEF,
        name="1756-L83E/B",
        state=3,
    )
)


def fresh(**kwds: object) -> Client:
    return Client(controller("SCADA=INT[1000] BIG=DINT[100000]", **kwds))


# -- sessions


def test_registering_gives_a_handle() -> None:
    session = controller().session(TCP)
    (got,) = frames(session.receive(register(context=CONTEXT)))
    assert (got.command, got.status, got.context) == (0x65, 0, CONTEXT)
    assert got.session != 0
    assert got.session == session.handle
    assert got.payload == b"\1\0\0\0"


def test_handles_are_random_and_nobody_elses() -> None:
    of = controller()
    handles = [Client(of).handle for _ in range(200)]
    assert len(set(handles)) == 200
    steps = {b - a for a, b in pairwise(handles)}
    assert len(steps) > 190
    assert max(handles) > 2**24


def test_registering_again_is_answered() -> None:
    one = fresh()
    (got,) = one.send(register(context=CONTEXT))
    assert (got.command, got.context) == (0x65, CONTEXT)
    assert got.session in (0, one.handle)
    assert one.ask(read("SCADA")).status == 0


def test_a_reply_has_no_options() -> None:
    session = controller().session(TCP)
    for command, payload in ((0x04, b""), (0x65, b"\1\0\0\0"), (0x99, b"")):
        for got in frames(session.receive(frame(command, payload, 0, options=7))):
            assert got.options == 0


@pytest.mark.parametrize("version", [0, 2, 0x0100, 0xFFFF])
def test_another_protocol_version_is_refused(version: int) -> None:
    session = controller().session(TCP)
    (got,) = frames(session.receive(register(version, CONTEXT)))
    assert (got.command, got.status, got.session) == (0x65, 0x69, 0)
    assert got.context == CONTEXT
    assert session.handle == 0
    assert not session.closing
    (again,) = frames(session.receive(register()))
    assert again.status == 0


@pytest.mark.parametrize("data", [b"", b"\1", b"\1\0\0", b"\1\0\0\0\0"])
def test_registering_with_other_data_is_refused(data: bytes) -> None:
    session = controller().session(TCP)
    (got,) = frames(session.receive(frame(0x65, data, 0, CONTEXT)))
    assert (got.command, got.context) == (0x65, CONTEXT)
    assert got.status in (0x03, 0x65)
    assert not session.closing


def test_who_has_not_registered_is_refused() -> None:
    session = controller().session(TCP)
    for handle in (0, 1, 0xFFFFFFFF):
        (got,) = frames(session.receive(rr(read("SCADA"), handle, CONTEXT)))
        assert (got.command, got.status, got.payload) == (0x6F, 0x64, b"")
        assert got.context == CONTEXT
        assert not session.closing


def test_anothers_handle_is_refused() -> None:
    of = controller()
    one, other = Client(of), Client(of)
    asked = rr(write("SCADA", 0xC3, 1, b"\7\0"), one.handle, CONTEXT)
    (got,) = other.send(asked)
    assert (got.status, got.payload, got.context) == (0x64, b"", CONTEXT)
    assert of.tags["SCADA"][0] == 0
    assert other.ask(read("SCADA")).status == 0
    (unit,) = other.send(frame(0x70, bytes(16), one.handle, CONTEXT))
    assert (unit.command, unit.status, unit.payload) == (0x70, 0x64, b"")


def test_unregistering_ends_the_connection_without_an_answer() -> None:
    one = fresh()
    assert one.raw(frame(0x66, b"", one.handle)) == b""
    assert one.session.closing


def test_nothing_after_unregistering_is_answered() -> None:
    one = fresh()
    asked = rr(read("SCADA"), one.handle)
    got = one.session.receive(asked + frame(0x66, b"", one.handle) + asked)
    assert len(frames(got)) == 1
    assert one.session.closing
    assert not one.session.ready


def test_only_its_owner_unregisters() -> None:
    of = controller()
    one, other = Client(of), Client(of)
    for answer in other.send(frame(0x66, b"", one.handle)):
        assert answer.status == 0x64
    assert not one.session.closing
    assert not other.session.closing
    assert one.ask(read("SCADA")).status == 0
    assert other.ask(read("SCADA")).status == 0


def test_a_handle_ends_with_its_connection() -> None:
    of = controller()
    one = Client(of)
    handle = one.handle
    one.session.close()
    assert one.session.handle == 0
    (got,) = Client(of).send(rr(read("SCADA"), handle))
    assert got.status == 0x64
    one.session.close()  # twice does no harm


# -- commands


def test_a_nop_has_no_answer() -> None:
    one = fresh()
    for data in (b"", b"x", bytes(2000)):
        assert one.raw(frame(0x00, data)) == b""
        assert one.raw(frame(0x00, data, one.handle, CONTEXT)) == b""
    assert one.ask(read("SCADA")).status == 0


@pytest.mark.parametrize("command", [0x02, 0x05, 0x62, 0x67, 0x72, 0xFFFF])
@pytest.mark.parametrize("data", [b"", b"some octets"])
def test_an_unknown_command_is_answered(command: int, data: bytes) -> None:
    one = fresh()
    (got,) = one.send(frame(command, data, one.handle, CONTEXT))
    assert (got.command, got.status, got.payload) == (command, 0x01, b"")
    assert got.context == CONTEXT
    assert not one.session.closing
    assert one.ask(read("SCADA")).status == 0


@pytest.mark.parametrize("command", [0x01, 0x04, 0x63, 0x64, 0x65, 0x6F, 0x70, 0x99])
@pytest.mark.parametrize("payload", [b"", b"\1\0\0\0", bytes(16), b"\xff" * 30])
def test_the_context_is_always_echoed(command: int, payload: bytes) -> None:
    one = fresh()
    for handle in (one.handle, 0, 0x12345678):
        context = random.Random(command).randbytes(8)
        (got,) = one.send(frame(command, payload, handle, context))
        assert (got.command, got.context) == (command, context)
        assert got.options == 0
    assert not one.session.closing


# -- lists


def listed(of: Controller, command: int) -> list[Frame]:
    """What a list says to a new client, a registered one, and by datagram."""
    asked = frame(command, b"", 0, CONTEXT)
    session = of.session(TCP)
    found = frames(session.receive(asked))
    found += Client(of).send(asked)
    found += frames(of.datagram(asked, UDP))
    assert len(found) == 3
    for got in found:
        assert (got.command, got.status, got.context) == (command, 0, CONTEXT)
    return found


def test_list_services_by_tcp_and_udp() -> None:
    for got in listed(controller(), 0x04):
        count, kind, length = struct.unpack_from("<HHH", got.payload)
        assert (count, kind, length) == (1, 0x0100, 20)
        version, flags = struct.unpack_from("<HH", got.payload, 6)
        assert version == 1
        assert flags & 0x20
        assert got.payload[10:] == b"Communications\0\0"


def test_list_interfaces_by_tcp_and_udp() -> None:
    for got in listed(controller(), 0x64):
        assert got.payload == b"\0\0"


def test_list_identity_by_tcp_and_udp() -> None:
    for got in listed(controller(profile=NAMED), 0x63):
        name = b"1756-L83E/B"
        body = struct.pack("<H", 1)
        body += struct.pack(">HH4s8x", 2, 44818, bytes((127, 0, 0, 1)))
        body += struct.pack("<HHHBBHI", 0x1234, 0x0102, 0x0506, 0x15, 0x0B, 0x3160,
                            0xDEADBEEF)  # fmt: skip
        body += bytes((len(name),)) + name + b"\3"
        assert got.payload == struct.pack("<HHH", 1, 0x0C, len(body)) + body


def test_the_identity_names_the_address_that_was_asked() -> None:
    of = controller()
    here = Peer(("10.0.0.1", 5000), ("192.168.7.9", 2222), "tcp")
    (got,) = frames(of.session(here).receive(frame(0x63)))
    assert got.payload[8:16] == struct.pack(">HH4s", 2, 2222, bytes((192, 168, 7, 9)))


def test_the_legacy_command_names_the_address() -> None:
    for got in listed(controller(), 0x01):
        count, kind, length = struct.unpack_from("<HHH", got.payload)
        assert (count, kind) == (1, 0x0001)
        assert length == len(got.payload) - 6
        assert struct.pack(">HH4s", 2, 44818, bytes((127, 0, 0, 1))) in got.payload
        assert b"127.0.0.1\0" in got.payload


def test_octets_after_a_list_request_do_no_harm() -> None:
    of = controller()
    asked = frame(0x63, b"\1\2\3", 0, CONTEXT)
    (got,) = frames(of.datagram(asked, UDP))
    assert got.context == CONTEXT
    assert len(Client(of).send(asked)) == 1


def test_datagrams_ask_for_lists_only() -> None:
    """SendRRData by UDP would be anybody's, whose address may be forged."""
    of = controller()
    one = Client(of)
    for asked in (
        rr(write("SCADA", 0xC3, 1, b"\7\0"), 0),
        rr(write("SCADA", 0xC3, 1, b"\7\0"), one.handle),
        register(),
        frame(0x66, b"", one.handle),
        frame(0x00),
    ):
        got = frames(of.datagram(asked, UDP))
        assert all(each.status != 0 for each in got)
    assert of.tags["SCADA"][0] == 0
    assert one.ask(read("SCADA")).status == 0


def test_datagrams_that_are_no_frame_have_no_answer() -> None:
    of = controller()
    whole = frame(0x63)
    for asked in (b"", whole[:-1], whole + b"\0", whole * 2, b"\xff" * 24, bytes(3)):
        assert len(frames(of.datagram(asked, UDP))) <= 1
    assert of.datagram(b"", UDP) == b""
    assert of.datagram(whole[:-1], UDP) == b""


@given(st.binary(max_size=80))
def test_any_datagram_is_answered_by_one_frame_at_most(octets: bytes) -> None:
    answer = OF.datagram(octets, UDP)
    assert len(frames(answer)) <= 1
    assert len(answer) <= 150


OF = controller("SCADA=INT[1000]", profile=NAMED)


# -- packets that are wrong


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        bytes(5),
        bytes(6),
        bytes(8),  # no items
        struct.pack("<IHHHH", 0, 0, 2, 0, 0),  # one of two
        struct.pack("<IHHHH", 0, 0, 1, 0, 0),
        struct.pack("<IHHHHHH", 0, 0, 2, 0, 0, 0xB2, 200) + read("SCADA"),
        struct.pack("<IHHHHHH", 0, 0, 2, 0, 0, 0xB2, 65535) + read("SCADA"),
        struct.pack("<IHHHHHH", 0, 0, 0xFFFF, 0, 0, 0xB2, 12) + read("SCADA"),
        struct.pack("<IHHHHHH", 0, 0, 2, 0, 0, 0xB2, 4) + read("SCADA"),
        struct.pack("<IHHHHHH", 0, 0, 2, 0, 0, 0x99, 12) + read("SCADA"),
        struct.pack("<IHHHHHH", 0, 0, 2, 0, 0, 0xB1, 12) + read("SCADA"),
    ],
)
def test_a_packet_that_lies_is_answered(payload: bytes) -> None:
    one = fresh()
    for command in (0x6F, 0x70):
        (got,) = one.send(frame(command, payload, one.handle, CONTEXT))
        assert (got.command, got.context) == (command, CONTEXT)
        if got.payload and got.status == 0:
            assert reply_in(got.payload[16:]).status != 0
        else:
            assert got.status in (0x01, 0x03, 0x65)
    assert not one.session.closing
    assert one.ask(read("SCADA")).status == 0


def test_more_items_are_passed_over() -> None:
    one = fresh()
    asked = read("SCADA")
    items = struct.pack("<IHHHHHH", 0, 0, 3, 0, 0, 0xB2, len(asked)) + asked
    items += struct.pack("<HH16s", 0x8000, 16, b"\0\2\x08\xae")
    (got,) = one.send(frame(0x6F, items, one.handle))
    assert got.status in (0, 0x03)
    if got.status == 0:
        assert reply_in(cip_in(got)).status == 0


# -- the stream


def script(handle: int) -> bytes:
    """Many requests of all kinds: plain ones, wrong ones, lists, silent ones."""
    cip = [
        read("SCADA"),
        write(symbol("SCADA") + element(3), 0xC3, 2, b"\1\2\3\4"),
        unconnected(read("scada", 5)),
        read("NOPE"),
        unconnected(multiple([read("SCADA", 4), read("NOPE"), read("SCADA", 2000)])),
        read_on("BIG", 1000, 400),
        b"\x4c\x09\x91",
        multiple([read("SCADA"), write("SCADA", 0xC3, 1, b"\7\0"), read("SCADA")]),
        read("SCADA", 300),
        write("SCADA", 0xC4, 1, bytes(4)),
    ]
    several = [rr(octets, handle, bytes([at] * 8)) for at, octets in enumerate(cip)]
    several[3:3] = [frame(0x04), frame(0x00, b"abc"), frame(0x63, b"", 0, CONTEXT)]
    several[6:6] = [frame(0x99, b"what"), rr(read("SCADA"), handle ^ 1)]
    return b"".join(several)


def answered(cuts: list[int], times: int = 1, **kwds: object) -> bytes:
    """The script's answers when it comes in these pieces, handles masked."""
    one = fresh(**kwds)
    octets = script(one.handle) * times
    got = b"".join(
        one.raw(octets[start:stop])
        for start, stop in zip([0, *cuts], [*cuts, len(octets)], strict=True)
    )
    assert one.session.waiting == 0
    mine = struct.pack("<I", one.handle)
    other = struct.pack("<I", one.handle ^ 1)
    return b"".join(octets_of(each, mine, other) for each in frames(got))


def octets_of(one: Frame, mine: bytes, other: bytes) -> bytes:
    handle = struct.pack("<I", one.session)
    known = {mine: 1, other: 2}.get(handle, one.session)
    return frame(one.command, one.payload, known, one.context, one.status)


SCRIPT = len(script(1))
WHOLE = answered([])


def test_the_script_is_answered_but_for_its_nop() -> None:
    assert len(frames(WHOLE)) == 14


def test_octet_by_octet_is_as_all_at_once() -> None:
    assert answered(list(range(1, SCRIPT))) == WHOLE


@given(st.lists(st.integers(1, SCRIPT - 1), unique=True, max_size=30))
def test_any_cuts_are_as_all_at_once(cuts: list[int]) -> None:
    assert answered(sorted(cuts)) == WHOLE


def test_every_cut_is_as_all_at_once() -> None:
    for cut in range(1, SCRIPT):
        assert answered([cut]) == WHOLE, cut


@pytest.mark.parametrize("most", [1, 100, 1000, 65536])
def test_what_is_collected_before_sending_changes_no_answer(most: int) -> None:
    limits = Limits(unsent=most)
    assert frames(answered([], 3, limits=limits)) == frames(answered([], 3))


def test_what_is_not_ready_may_be_followed_by_more() -> None:
    """More octets may come while answers are still to be had."""
    one = fresh(limits=Limits(unsent=1))
    asked = rr(read("SCADA"), one.handle)
    got = b"".join(one.session.receive(asked * 3) for _ in range(10))
    while one.session.ready:
        got += one.session.receive(b"")
    assert len(frames(got)) == 30


def test_replies_are_not_collected_without_bound() -> None:
    """A client that asks for much and never reads has no more than this waiting."""
    one = fresh(limits=Limits(unsent=10000))
    one.ask(read("BIG", 100))
    asked = rr(read("BIG", 100), one.handle)
    got = one.session.receive(asked * 1000)
    assert one.session.ready
    assert len(got) < 10000 + 65536
    total = len(frames(got))
    while one.session.ready:
        got = one.session.receive(b"")
        assert len(got) < 10000 + 65536
        total += len(frames(got))
    assert total == 1000


@pytest.mark.parametrize("wrap", [False, True])
def test_a_flood_of_reads_takes_little_memory(wrap: bool) -> None:
    one = fresh(limits=Limits(unsent=65536))
    asked = multiple([read("BIG", 65535)] * 100)
    asked = unconnected(asked) if wrap else asked
    octets = rr(asked, one.handle)
    one.raw(octets)
    octets *= 40
    tracemalloc.start()
    try:
        got = one.session.receive(octets)
        size, ready = len(got), one.session.ready
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert ready
    assert size < 2 * 65536 + 200
    assert peak < 2_000_000


def test_an_unfinished_frame_waits() -> None:
    one = fresh()
    asked = rr(read("SCADA"), one.handle)
    for end in range(1, len(asked)):
        other = fresh()
        whole = rr(read("SCADA"), other.handle)
        assert other.session.receive(whole[:end]) == b""
        assert other.session.waiting == end
        assert not other.session.ready
        assert len(frames(other.session.receive(whole[end:]))) == 1
        assert other.session.waiting == 0


def test_an_unfinished_frame_is_not_read_again_and_again() -> None:
    """The greatest frame in single octets takes its length in time, not its square."""
    one = fresh()
    octets = frame(0x00, bytes(65535))
    receive = one.session.receive

    def in_single_octets() -> None:
        for at in range(len(octets)):
            receive(octets[at : at + 1])

    takes_at_most(2, in_single_octets)
    assert one.session.waiting == 0
    assert one.ask(read("SCADA")).status == 0


def test_an_unfinished_frame_takes_its_own_memory() -> None:
    one = fresh()
    piece = bytes(1000)
    tracemalloc.start()
    try:
        one.session.receive(frame(0x00, bytes(65535))[:24])
        for _ in range(65):
            one.session.receive(piece)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert one.session.waiting == 24 + 65000
    assert peak < 500_000


def test_many_frames_at_once_take_their_length_in_time() -> None:
    """Also where each has its answer alone."""
    for kwds in ({}, {"observer": str}, {"delay": float}):
        one = fresh(**kwds)
        octets = rr(read("SCADA"), one.handle)
        few = seconds(partial(one.send, octets * 500))
        assert len(one.send(octets * 5000)) == 5000
        assert seconds(partial(one.send, octets * 5000)) < 40 * few, kwds


def test_a_pipeline_is_answered_in_order() -> None:
    one = fresh()
    contexts = [struct.pack("<Q", at) for at in range(500)]
    several = [
        rr(read(symbol("SCADA") + element(at)), one.handle, context)
        if at % 3
        else rr(unconnected(write("SCADA", 0xC3, 1, b"\1\0"), BACKPLANE), one.handle,
                context)
        for at, context in enumerate(contexts)
    ]  # fmt: skip
    got = one.send(b"".join(several))
    assert [each.context for each in got] == contexts
    assert all(reply_in(cip_in(each)).status == 0 for each in got)


# -- rubbish


@given(st.lists(st.binary(max_size=200), max_size=5))
def test_random_octets_are_no_more_than_frames(pieces: list[bytes]) -> None:
    one = Client(OF)
    for piece in pieces:
        for got in one.send(piece):
            assert len(got.payload) < 65536
    assert one.session.waiting <= 65535 + 24
    one.session.close()


@given(
    st.sampled_from([0x00, 0x01, 0x04, 0x63, 0x64, 0x65, 0x66, 0x6F, 0x70, 0x72]),
    st.binary(max_size=120),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**32 - 1),
    st.binary(min_size=8, max_size=8),
)
def test_any_payload_has_one_frame_for_an_answer(
    command: int, payload: bytes, status: int, options: int, context: bytes
) -> None:
    one = Client(OF)
    octets = frame(command, payload, one.handle, context, status, options)
    got = one.send(octets)
    silent = (0x00, 0x66)
    if command not in silent and not (status or options):
        assert len(got) == 1
    for each in got:
        assert (each.command, each.context) == (command, context)
    assert one.session.closing == (command == 0x66)
    if not one.session.closing:
        assert len(one.send(frame(0x04))) == 1
    one.session.close()


@given(st.binary(max_size=100))
def test_any_unconnected_message_has_a_reply(octets: bytes) -> None:
    one = Client(OF)
    (got,) = one.send(rr(octets, one.handle, CONTEXT))
    assert got.context == CONTEXT
    if got.status == 0:
        reply_in(cip_in(got))
    else:
        assert len(octets) < 2
    one.session.close()


@given(st.binary(max_size=60), st.integers(0, 255))
def test_any_data_of_any_service_has_its_reply(data: bytes, service: int) -> None:
    one = Client(OF)
    for path in (b"\x20\x02\x24\x01", b"\x20\x06\x24\x01", b"\x20\x01\x24\x01",
                 b"\x20\xf5\x24\x01", symbol("SCADA")):  # fmt: skip
        octets = bytes((service & 0x7F, len(path) // 2)) + path + data
        (got,) = one.send(rr(octets, one.handle))
        reply_in(cip_in(got))
    one.session.close()


# -- delays


def test_a_delay_is_a_pause_after_each_reply() -> None:
    waits = iter(range(1, 100))
    one = controller("SCADA=INT[1000]", delay=lambda: float(next(waits)))
    session = one.session(TCP)
    session.receive(register())
    assert session.pause == 1.0
    asked = rr(read("SCADA"), session.handle)
    assert len(frames(session.receive(asked * 3))) == 1
    assert (session.pause, session.ready) == (2.0, True)
    assert len(frames(session.receive(b""))) == 1
    assert (session.pause, session.ready) == (3.0, True)
    assert len(frames(session.receive(b""))) == 1
    assert (session.pause, session.ready) == (4.0, False)


def test_without_a_delay_there_is_no_pause() -> None:
    one = fresh()
    one.ask(read("SCADA"))
    assert one.session.pause == 0


def test_what_is_not_answered_is_not_delayed() -> None:
    session = controller(delay=lambda: 1.0).session(TCP)
    assert session.receive(frame(0x00)) == b""
    assert session.pause == 0
