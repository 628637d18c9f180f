# SPDX-License-Identifier: Apache-2.0
"""Replies of devices that break the rules: an error of the protocol, and no value.

Frames are made by hand, after the published layouts.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterable
from typing import Any

import asking
import pytest

from cpppo.client.pipeline import Pipeline
from cpppo.client.replies import Lost
from cpppo.client.result import Result
from cpppo.client.way import Way
from cpppo.errors import ProtocolError, Unexpected

STRAIGHT = Way.of(False, "")
SESSION = 7
GOOD = bytes.fromhex("cc000000c3000500")  # INT 5, as Read Tag has it
FIRST = (1).to_bytes(8, "little")


def asking_for(*given: Any, way: Way = STRAIGHT, **how: Any) -> Pipeline:
    """A pipeline whose requests are in flight; their contexts count from 1."""
    pipeline = Pipeline(SESSION, way)
    pipeline.begin(given, **how)
    frames = asking.frames(pipeline.send())
    contexts = [int.from_bytes(frame.context, "little") for frame in frames]
    assert contexts == [*range(1, 1 + len(frames))]
    return pipeline


def answer(cip: bytes, context: int = 1, session: int = SESSION) -> bytes:
    return asking.rr(cip, session, context.to_bytes(8, "little"))


def taken(pipeline: Pipeline, *octets: bytes) -> list[Result]:
    for some in octets:
        pipeline.receive(some)
    return pipeline.take()


def packet(*members: bytes, status: int = 0) -> bytes:
    return bytes((0x8A, 0, status, 0)) + asking.packed(members)


def items(*several: tuple[int, bytes], count: int | None = None) -> bytes:
    octets = struct.pack("<IHH", 0, 0, len(several) if count is None else count)
    for kind, data in several:
        octets += struct.pack("<HH", kind, len(data)) + data
    return octets


# -- what is right


def test_a_good_reply_is_taken() -> None:
    (found,) = taken(asking_for("A"), answer(GOOD))
    assert found.value == 5


def test_several_frames_may_come_together() -> None:
    pipeline = asking_for("A", "A", "A", depth=3)
    octets = answer(GOOD, 3) + answer(GOOD, 1) + answer(GOOD, 2)
    assert pipeline.receive(octets[:-1])
    assert len(pipeline.take()) == 1
    assert pipeline.outstanding == 1
    assert pipeline.receive(octets[-1:])
    assert len(pipeline.take()) == 2
    assert pipeline.done or not pipeline.send()


def test_a_beginning_is_no_reply() -> None:
    pipeline = asking_for("A")
    octets = answer(GOOD)
    for n in range(len(octets) - 1):
        assert not pipeline.receive(octets[n : n + 1])
        assert pipeline.outstanding == 1
    assert pipeline.receive(octets[-1:])


def test_nothing_is_nothing() -> None:
    pipeline = asking_for("A")
    assert not pipeline.receive(b"")
    assert taken(pipeline, answer(GOOD))[0].value == 5


# -- what belongs to nobody


@pytest.mark.parametrize("context", [0, 2, 1 << 32 | 1, 1 << 63 | 1, (1 << 64) - 1])
def test_a_context_that_nobody_used(context: int) -> None:
    with pytest.raises(Unexpected, match="nobody"):
        taken(asking_for("A"), answer(GOOD, context))


def test_a_reply_is_given_once() -> None:
    with pytest.raises(Unexpected, match="nobody"):
        taken(asking_for("A", "A", depth=2), answer(GOOD), answer(GOOD))


@pytest.mark.parametrize("session", [0, 6, 8, 0xFFFFFFFF, 7 << 8])
def test_another_session(session: int) -> None:
    with pytest.raises(Unexpected, match="session"):
        taken(asking_for("A"), answer(GOOD, session=session))


@pytest.mark.parametrize("command", [0x04, 0x63, 0x64, 0x65, 0x66, 0x70, 0, 0xFFFF])
def test_another_command(command: int) -> None:
    octets = answer(GOOD)
    with pytest.raises(ProtocolError):
        taken(asking_for("A"), struct.pack("<H", command) + octets[2:])


def test_a_session_that_is_not_known_any_more_is_lost() -> None:
    frame = asking.frame(0x6F, b"", SESSION, FIRST, 0x64)
    with pytest.raises(Lost, match="session"):
        taken(asking_for("A"), frame)


@pytest.mark.parametrize(
    "status", [1, 2, 3, 0x65, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0x80000001, 0xFFFFFFFF]
)
@pytest.mark.parametrize("given", ["A", "A=1", "A*900", "A.3=1", "A.3"])
def test_a_frame_that_was_refused_is_no_success(status: int, given: str) -> None:
    (found,) = taken(asking_for(given), asking.frame(0x6F, b"", SESSION, FIRST, status))
    assert not found.ok
    assert not found.unknown
    assert found.status == status
    assert (found.data, found.value) == (None, None)
    assert "refused the frame" in found.words
    assert "-" not in found.words.replace("-bit", "")


def test_a_packet_whose_frame_was_refused() -> None:
    pipeline = asking_for("A", "A=1", multiple=400)
    for status in (1, 0xFFFFFFFF):
        pipeline = asking_for("A", "A=1", multiple=400)
        frame = asking.frame(0x6F, b"", SESSION, FIRST, status)
        assert [r.ok for r in taken(pipeline, frame)] == [False, False]


# -- packets of items


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        items(),
        items((0xB2, GOOD)),
        items((0, b""), (0xB1, GOOD)),
        items((0, b""), (0xB2, b"")),
        items((0, b""), (0xB2, GOOD[:3])),
        items((0xB2, GOOD), (0, b"")),
        items((0xA1, bytes(4)), (0xB1, b"\1\0" + GOOD)),
        items((0, b""), (0xB2, GOOD), (0xB2, GOOD)),
        items((0, b""), (0xB2, GOOD), count=1),
        items((0, b""), (0xB2, GOOD), count=3),
        items((0, b""), (0xB2, GOOD), count=0xFFFF),
        items((0, b""), (0xB2, GOOD)) + b"\0",
        items((0, b""), (0xB2, GOOD))[:-1],
        items((0, b""), (0xB2, GOOD))[:17],
        items((0, b""), (0x0C, GOOD)),
        items((0, b""), (0x100, GOOD)),
    ],
)
def test_what_holds_no_reply(payload: bytes) -> None:
    pipeline = asking_for("A")
    with pytest.raises(ProtocolError):
        taken(pipeline, asking.frame(0x6F, payload, SESSION, FIRST))


def test_what_an_earlier_frame_said_is_forgotten() -> None:
    """Registers of one frame must not be taken for those of the next."""
    for bad in (b"", items(), items((0, b""), (0xB1, b""))):
        pipeline = asking_for("A", "B", depth=2)
        good, wrong = (
            answer(GOOD),
            asking.frame(0x6F, bad, SESSION, (2).to_bytes(8, "little")),
        )
        with pytest.raises(ProtocolError):
            taken(pipeline, good + wrong)


# -- replies


@pytest.mark.parametrize("service", [0, 0x4C, 0x8A, 0x8E, 0xCD, 0xD2, 0xD3, 0xFF])
@pytest.mark.parametrize("status", [0, 6])
def test_the_reply_to_another_service(service: int, status: int) -> None:
    cip = bytes((service, 0, status, 0)) + GOOD[4:]
    try:
        (found,) = taken(asking_for("A"), answer(cip))
    except ProtocolError:
        return
    # Who routes refuses with the service of the Unconnected Send.
    assert (service, found.status) == (0xD2, 6)
    assert found.complete


@pytest.mark.parametrize(
    "cip",
    [
        b"",
        GOOD[:1],
        GOOD[:3],
        GOOD[:4],  # without a type
        GOOD[:5],
        GOOD[:6],  # without a value
        GOOD[:7],
        GOOD + b"\0\0",
        GOOD + b"\0" * 100,
        b"\xcc\0\0\xff" + GOOD[4:],  # more words than there are
        b"\xcc\0\x05\x01",
        b"\xcc\0\x05\x02\0\0",
        bytes.fromhex("cc000000a002"),
        bytes.fromhex("cc000000d0000500") + b"abc",
        bytes.fromhex("cc000000da0005") + b"abcdefgh",
        bytes.fromhex("cc000000d000ffff") + b"abc",
    ],
)
def test_a_reply_that_lies_of_what_it_has(cip: bytes) -> None:
    with pytest.raises(ProtocolError):
        taken(asking_for("A"), answer(cip))


def test_fewer_or_more_than_were_asked_for() -> None:
    for count in (0, 1, 3, 4, 100):
        cip = bytes.fromhex("cc000000c300") + bytes(2 * count)
        with pytest.raises(ProtocolError, match="A"):
            taken(asking_for("A[0-1]"), answer(cip))


def test_a_write_brings_nothing() -> None:
    with pytest.raises(ProtocolError):
        taken(asking_for("A=1"), answer(bytes.fromhex("cd000000c3000500")))


@pytest.mark.parametrize("given", ["A", "A=1", "A.3"])
def test_more_is_to_come_and_never_does(given: str) -> None:
    pipeline = asking_for(given)
    octets = answer(bytes((pipeline.waiting[1].service, 0, 6, 0)))
    try:
        (found,) = taken(pipeline, octets)
    except ProtocolError:
        return
    assert not found.ok


def test_a_refusal_may_have_any_status() -> None:
    for status in (*range(1, 6), *range(7, 17), *range(18, 256)):
        for words in ((), (1,), (0xFFFF, 0, 3)):
            head = bytes((0xCC, 0, status, len(words)))
            cip = head + struct.pack(f"<{len(words)}H", *words)
            (found,) = taken(asking_for("A"), answer(cip))
            assert (found.status, found.extended) == (status, words)
            assert found.words
            assert found.data is None


# -- packets of replies


@pytest.mark.parametrize(
    "cip",
    [
        packet(),
        packet(GOOD),
        packet(GOOD, GOOD, GOOD),
        packet(GOOD, b""),
        packet(GOOD, GOOD[:3]),
        packet(GOOD, b"\xcd\0\0\0"),
        packet(GOOD, b"\xd2\0\1\0"),  # no member has gone another way
        packet(GOOD, GOOD)[:-1],
        packet(GOOD, GOOD) + b"\0\0",
        packet(GOOD, GOOD)[:4] + b"\2\0\6\0\6\0" + GOOD + GOOD,
        packet(GOOD, GOOD)[:4] + b"\2\0\6\0\4\0" + GOOD + GOOD,
        packet(GOOD, GOOD)[:4] + b"\2\0\6\0\xff\xff" + GOOD + GOOD,
        packet(GOOD, GOOD)[:4] + b"\xff\xff\6\0\x0e\0" + GOOD + GOOD,
        packet(GOOD, GOOD)[:4] + b"\2\0\x08\0\x10\0\0\0" + GOOD + GOOD,
        bytes((0x8A, 0, 0, 0)),
        bytes((0x8A, 0, 0, 0, 2)),
        bytes((0x8A, 0, 0, 0, 2, 0)),
        bytes((0x8A, 0, 0, 0, 2, 0, 6)),
        GOOD,
    ],
)
def test_packets_that_lie(cip: bytes) -> None:
    pipeline = asking_for("A", "B", multiple=400)
    assert pipeline.outstanding == 1
    with pytest.raises(ProtocolError):
        taken(pipeline, answer(cip))


def test_the_members_of_a_packet_are_read_each_for_itself() -> None:
    texts = bytes.fromhex("cc000000da00016f")
    refused = bytes.fromhex("cc00ff010521")
    pipeline = asking_for("A", "B", "C", "D=1", multiple=400)
    cip = packet(GOOD, refused, texts, bytes.fromhex("cd000000"), status=0x1E)
    found = taken(pipeline, answer(cip))
    assert [r.value for r in found] == [5, None, "o", 1]
    assert [r.reply for r in found] == [GOOD, refused, texts, b"\xcd\0\0\0"]
    assert found[1].extended == (0x2105,)


def test_a_packet_may_be_refused_with_a_reason() -> None:
    pipeline = asking_for("A", "B=1", multiple=400)
    found = taken(pipeline, answer(bytes.fromhex("8a00ff010721")))
    assert [(r.status, r.extended) for r in found] == [(0xFF, (0x2107,))] * 2
    assert not any(r.unknown for r in found)


# -- what a device could make somebody do


def test_a_tiny_first_part_does_not_cost_much() -> None:
    """One octet of 65,535: what is left is not asked for all at once."""
    pipeline = asking_for("A*65535")
    taken(pipeline, answer(bytes.fromhex("cc000600c20001")))
    pipeline.send()
    assert len(pipeline.steps) <= 20000


def test_a_refused_read_keeps_no_room_for_its_values() -> None:
    pipeline = asking_for("A*65535")
    taken(pipeline, answer(bytes.fromhex("cc000600cb00") + bytes(800)))
    pipeline.send()
    refused = bytes.fromhex("d200050000")[:4]
    found: list[Result] = []
    context = 2
    while not found and context < 1000:
        pipeline.receive(answer(refused, context))
        found = pipeline.take()
        pipeline.send()
        context += 1
    assert not found[0].ok
    assert context < 10, "the parts of what was refused are not asked for"


def test_wrong_frames_end_in_an_error_at_once() -> None:
    """The length of a frame is known before it is there."""
    pipeline = asking_for("A")
    with pytest.raises(ProtocolError):
        pipeline.receive(b"HTTP/1.1 400 Bad Request\r\n\r\n" + bytes(70000))


def test_no_more_than_a_frame_is_held() -> None:
    pipeline = asking_for("A")
    octets = answer(GOOD + bytes(65000))
    assert not pipeline.receive(octets[:60000])
    assert not pipeline.receive(octets[60000:-1])
    assert len(pipeline.held) == len(octets) - 1
    with pytest.raises(ProtocolError):
        pipeline.receive(octets[-1:] + bytes(1000))


# -- anything


def mutated(rng: random.Random, octets: bytes) -> bytes:
    changed = bytearray(octets)
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        how = rng.randrange(4)
        at = rng.randrange(len(changed)) if changed else 0
        if how == 0 and changed:
            changed[at] = rng.choice((0, 1, 2, 6, 0x7F, 0x80, 0xFF, rng.randrange(256)))
        elif how == 1:
            changed[at:at] = rng.randbytes(rng.randint(1, 4))
        elif how == 2:
            del changed[at : at + rng.randint(1, 4)]
        elif changed:
            changed[at] ^= 1 << rng.randrange(8)
    return bytes(changed)


SAMPLES: tuple[tuple[tuple[Any, ...], dict[str, Any], bytes], ...] = (
    (("A",), {}, GOOD),
    (("A[0-2]=1,2,3",), {}, bytes.fromhex("cd000000")),
    (("A.3",), {}, GOOD),
    (("A.3=1",), {}, GOOD),
    (("S",), {}, bytes.fromhex("cc000000d0000200") + b"ab"),
    (("S",), {}, bytes.fromhex("cc000000da0002") + b"ab"),
    (("X",), {}, bytes.fromhex("cc000000a0023412") + bytes(8)),
    (("A*9",), {}, bytes.fromhex("cc000600c3000500")),
    (("A", "B=1", "S"), {"multiple": 400}, packet(GOOD, b"\xcd\0\0\0", GOOD)),
    (({"method": "get_attributes_all", "path": "@1/1"},), {}, b"\x81\0\0\0abcd"),
)


def looked_at(results: Iterable[Result]) -> None:
    for one in results:
        assert one.ok == (one.error is None)
        assert repr(one)
        if one.ok:
            assert one.data is True or isinstance(one.data, list)
        else:
            assert one.data is None
        if one.ok and one.type in ("INT", "BOOL", "DINT") and one.data is not True:
            assert len(one.data or ()) == one.operation.elements


def test_random_replies_give_a_result_or_an_error(
    request: pytest.FixtureRequest,
) -> None:
    rng = random.Random(request.config.getoption("--hypothesis-seed"))
    for _ in range(3000):
        given, how, cip = rng.choice(SAMPLES)
        pipeline = asking_for(*given, **how)
        octets = answer(cip)
        inner = mutated(rng, cip)
        octets = answer(inner) if rng.random() < 0.6 else mutated(rng, octets)
        try:
            looked_at(taken(pipeline, octets))
            pipeline.send()
        except (ProtocolError, Lost):
            continue
        looked_at(pipeline.abandon())


@pytest.mark.parametrize(
    "body", [bytes.fromhex("c20005"), bytes.fromhex("ca0000000000")]
)
def test_a_bit_is_one_of_the_value_however_it_came(body: bytes) -> None:
    for status in (0, 6):
        pipeline = asking_for("A.9")
        (found,) = taken(pipeline, answer(bytes((0xCC, 0, status, 0)) + body))
        assert (found.ok, found.data) == (False, None)
