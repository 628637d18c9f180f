# SPDX-License-Identifier: Apache-2.0
"""A pipeline and a session of the simulator, wired back to back in memory.

Where the simulator does not do what a test needs, a stand-in answers, written with
`asking`.  Random tests have the seed at the head of the run.
"""

from __future__ import annotations

import itertools
import random
import struct
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import asking
import pytest

from cpppo.client.operations import Operation, OperationError
from cpppo.client.pipeline import Pipeline, key_of
from cpppo.client.replies import Lost
from cpppo.client.result import Result
from cpppo.client.way import Way
from cpppo.errors import CpppoError, ProtocolError, Unexpected
from cpppo.protocol.enip.types import TYPES

STRAIGHT = Way.of(False, "")
TAGS = (
    "A=DINT[10] B=INT[1000] BIG=DINT[60000] R=REAL[4] F=LREAL L=LINT[3] U=USINT[3] "
    "Z=BOOL[700] W=UDINT S=SSTRING[60] T=STRING[40] SCADA=INT[10]"
)

Answer = Callable[[bytes], bytes | None]


class StandIn:
    """A device that answers each request of the message router as it is told."""

    handle = 7

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[bytes] = []

    def raw(self, octets: bytes) -> bytes:
        answers = b""
        for frame in asking.frames(octets):
            self.asked.append(asking.cip_in(frame))
            reply = self.answer(self.asked[-1])
            if reply is not None:
                answers += asking.rr(reply, self.handle, frame.context)
        return answers


class Wired:
    """A pipeline, a device, and what happens to the octets between them."""

    def __init__(
        self,
        device: Any = None,
        way: Way = STRAIGHT,
        step: int = 0,
        mix: random.Random | None = None,
    ) -> None:
        self.device: Any = device or asking.Client(asking.controller(TAGS))
        self.pipeline = Pipeline(self.device.handle, way)
        self.step = step
        self.mix = mix
        self.frames = 0  # that were sent
        self.most = 0  # in flight at once

    def run(self, operations: Iterable[Any], **how: Any) -> list[Result]:
        return list(self.results(operations, **how))

    def results(self, operations: Iterable[Any], **how: Any) -> Iterator[Result]:
        pipeline = self.pipeline
        pipeline.begin(operations, **how)
        coming = b""
        while not pipeline.done:
            octets = pipeline.send()
            self.frames += len(asking.frames(octets))
            self.most = max(self.most, pipeline.outstanding)
            coming += self.mixed(self.device.raw(octets))
            yield from pipeline.take()
            if pipeline.outstanding:
                assert coming, "the device owes an answer"
                size = self.step or len(coming)
                pipeline.receive(coming[:size], 5.0)
                coming = coming[size:]
        assert not coming

    def mixed(self, octets: bytes) -> bytes:
        if self.mix is None:
            return octets
        found, at = [], 0
        while at < len(octets):
            size = 24 + int.from_bytes(octets[at + 2 : at + 4], "little")
            found.append(octets[at : at + size])
            at += size
        self.mix.shuffle(found)
        return b"".join(found)

    def values(self, *operations: Any, **how: Any) -> list[Any]:
        return [one.value for one in self.run(operations, **how)]


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> random.Random:
    return random.Random(request.config.getoption("--hypothesis-seed"))


def counted(kind: str, count: int) -> str:
    return f"({kind})" + ",".join(str(n) for n in range(count))


def typed(code: int, data: bytes) -> bytes:
    return struct.pack("<H", code) + data


def reply(request: bytes, data: bytes = b"", status: int = 0, *words: int) -> bytes:
    head = bytes((request[0] | 0x80, 0, status, len(words)))
    return head + struct.pack(f"<{len(words)}H", *words) + data


# -- one after the other


def test_what_is_written_is_read() -> None:
    one = Wired()
    written, read = one.run(["SCADA[1]=99", "SCADA[0-2]"])
    assert (written.ok, written.data, written.value, written.type) == (
        True,
        True,
        99,
        "INT",
    )
    assert (read.data, read.value, read.type) == ([0, 99, 0], [0, 99, 0], "INT")
    assert (read.tag, read.words, read.error) == ("SCADA[0-2]", "OK", None)
    assert (written.index, read.index) == (0, 1)
    assert read.time == 5.0
    assert read.request == asking.read(asking.symbol("SCADA") + asking.element(0), 3)
    assert read.reply == bytes.fromhex("cc000000c300") + struct.pack("<3h", 0, 99, 0)


@pytest.mark.parametrize("multiple", [0, 400])
@pytest.mark.parametrize("fragment", [False, True])
def test_all_types(fragment: bool, multiple: int) -> None:
    one = Wired(asking.Client(asking.controller(" ".join(f"V{n}={n}" for n in TYPES))))
    samples: dict[str, Any] = {"BOOL": True, "REAL": -1.5, "LREAL": 1e-300}
    samples |= {"SSTRING": "short é", "STRING": "odd"}
    for name in TYPES:
        value = samples.get(name, 100)
        shown = f'"{value}"' if isinstance(value, str) else value
        given = [f"V{name}=({name}){shown}", f"V{name}"]
        written, read = one.run(given, fragment=fragment, multiple=multiple)
        assert written.ok, (name, written.error)
        assert (read.value, read.type, read.data) == (value, name, [value])


def test_one_element_is_a_value_and_a_range_a_list() -> None:
    one = Wired()
    assert one.values("A", "A[0-0]", "A*1", "A[0-1]") == [0, [0], [0], [0, 0]]


def test_the_index_counts_requests_from_where_it_is_told() -> None:
    assert [r.index for r in Wired().run(["A", "A", "A"], index=7)] == [7, 8, 9]


def test_nothing_asked_is_done() -> None:
    one = Wired()
    assert one.run([]) == []
    assert one.pipeline.done
    assert one.pipeline.send() == b""


def test_attributes_are_octets() -> None:
    one = Wired()
    single = {"method": "get_attribute_single", "path": "@1/1/1"}
    (found,) = one.run([single])
    assert found.value == bytes(found.data)
    assert len(found.data) == 2
    (every,) = one.run([{"method": "get_attributes_all", "path": "@1/1"}])
    assert every.value[:2] == found.value
    assert every.type is None


# -- however the octets come


OPERATIONS = [
    "SCADA[0-9]=" + ",".join(str(n) for n in range(10)),
    "SCADA[0-9]",
    "NOBODY",
    'S[0-1]=(SSTRING)"one","two"',
    "S[0-1]",
    "B[0-999]=" + counted("INT", 1000),
    "B[0-999]",
    "Z[0-699]",
    "A[5]",
]


def outcome(results: Iterable[Result]) -> list[Any]:
    return [(one.status, one.extended, one.type, one.value) for one in results]


@pytest.mark.parametrize("step", [1, 2, 3, 7, 24, 25, 64, 511])
@pytest.mark.parametrize("multiple", [0, 300])
def test_any_split_of_the_stream_gives_the_same(step: int, multiple: int) -> None:
    how: dict[str, Any] = {"depth": 4, "multiple": multiple}
    expected = outcome(Wired().run(OPERATIONS, **how))
    assert outcome(Wired(step=step).run(OPERATIONS, **how)) == expected


@pytest.mark.parametrize("multiple", [0, 120])
@pytest.mark.parametrize("depth", [2, 5, 100])
def test_results_are_in_order_whatever_that_of_replies(
    depth: int, multiple: int, rng: random.Random
) -> None:
    given = [f"SCADA[{n % 10}]" for n in range(60)] + ["B[0-999]", "NOBODY", "A"]
    fill = "SCADA[0-9]=" + ",".join(str(n) for n in range(10))
    for _ in range(5):
        one = Wired(mix=rng)
        one.values(fill, "B[0-999]=" + counted("INT", 1000))
        found = one.run(given, depth=depth, multiple=multiple)
        assert [r.tag for r in found] == given
        assert [r.value for r in found[:60]] == [n % 10 for n in range(60)]
        assert found[60].value == [*range(1000)]
        assert (found[61].ok, found[62].ok) == (False, True)
        indices = [r.index for r in found]
        assert indices == sorted(indices)


def test_only_so_many_are_in_flight() -> None:
    for depth, most in ((0, 1), (1, 1), (2, 2), (9, 9)):
        one = Wired()
        one.run(["A"] * 50, depth=depth)
        assert one.most == most
        assert one.frames == 50


# -- packets


def test_packets_hold_as_many_as_fit() -> None:
    one = Wired()
    found = one.run([f"SCADA[{n % 10}]" for n in range(100)], multiple=400)
    assert all(r.ok and r.bundled for r in found)
    assert one.frames < 10
    assert [r.index for r in found] == sorted(r.index for r in found)
    assert {r.index for r in found} == set(range(one.frames))


def test_a_packet_of_one_is_none() -> None:
    device = StandIn(lambda request: reply(request, typed(0xC3, b"\1\0")))
    (found,) = Wired(device).run(["A"], multiple=400)
    assert device.asked == [asking.read("A")]
    assert (found.value, found.bundled) == (1, False)


@pytest.mark.parametrize("multiple", [60, 120, 500, 4000, 10**9])
def test_no_packet_is_larger_than_it_may_be(multiple: int, rng: random.Random) -> None:
    sent: list[int] = []
    given = [f"SCADA[{rng.randrange(10)}]" for _ in range(300)]
    for octets in sendings(Wired(), given, multiple):
        sent += [len(asking.cip_in(frame)) for frame in asking.frames(octets)]
    assert max(sent) <= multiple
    assert len(sent) > 300 * 12 // max(sent)


def sendings(one: Wired, given: Iterable[Any], multiple: int) -> Iterator[bytes]:
    one.pipeline.begin(given, multiple=multiple, depth=3)
    while not one.pipeline.done:
        octets = one.pipeline.send()
        yield octets
        one.pipeline.take()
        if octets:
            one.pipeline.receive(one.device.raw(octets))


def test_one_bad_member_loses_no_other() -> None:
    given = ["A", "NOBODY", "SCADA[0-3]", "SCADA[99]", "A=1", "A[0]"]
    found = Wired().run(given, multiple=400)
    assert [r.ok for r in found] == [True, False, True, False, True, True]
    assert found[1].status == 0x05
    assert "no such tag" in found[1].words
    assert (found[3].status, found[3].extended) == (0xFF, (0x2105,))
    assert "beyond the end" in found[3].words
    assert found[1].error is not None
    assert "NOBODY" in found[1].error
    assert (found[1].value, found[1].data, found[1].type) == (None, None, None)
    assert found[5].value == 1


def test_what_does_not_fit_into_a_reply_is_continued() -> None:
    one = Wired()
    one.values("B[0-999]=" + counted("INT", 1000), depth=4)
    given = ["B[0-239]", "B[100-339]", "A", "B[0-999]", "A[3]"]
    found = one.run(given, multiple=4000, depth=2)
    assert [r.ok for r in found] == [True] * 5
    assert found[1].value == [*range(100, 340)]
    assert found[3].value == [*range(1000)]


@pytest.mark.parametrize("depth", [1, 3])
def test_a_device_without_packets_is_asked_one_by_one(depth: int) -> None:
    memory = {"A": 1, "B": 2}

    def answer(request: bytes) -> bytes:
        if request[0] == 0x0A:
            return reply(request, b"", 0x08)
        name = chr(request[4])
        if request[0] == 0x4D:
            memory[name] += 100  # to see how often it was written
            return reply(request)
        return reply(request, typed(0xC3, struct.pack("<h", memory[name])))

    device = StandIn(answer)
    one = Wired(device)
    found = one.run(["A", "B=5", "B", "A"] * 10, multiple=60, depth=depth)
    assert [r.value for r in found[:4]] == [1, 5, 102, 1]
    assert memory["B"] == 2 + 10 * 100
    assert all(r.ok and not r.bundled for r in found)
    packets = [one for one in device.asked if one[0] == 0x0A]
    assert len(packets) <= depth
    assert len(device.asked) == 40 + len(packets)


def test_a_packet_refused_for_another_reason_is_not_done_twice() -> None:
    device = StandIn(lambda request: reply(request, b"", 0x02))
    found = Wired(device).run(["A=1", "B"], multiple=400)
    assert [r.status for r in found] == [2, 2]
    assert len(device.asked) == 1


def test_a_member_too_large_for_the_reply_is_asked_alone() -> None:
    def answer(request: bytes) -> bytes:
        if request[0] != 0x0A:
            return reply(request, typed(0xC3, struct.pack("<h", request[4])))
        one, other, third = (
            request[6:][n:] for n in struct.unpack_from("<3H", request, 8)
        )
        members = [
            reply(one, typed(0xC3, b"\1\0")),
            reply(other, b"", 0x11),
            reply(third),
        ]
        return reply(request, asking.packed(members), 0x1E)

    device = StandIn(answer)
    found = Wired(device).run(["A", "B", "C=3"], multiple=400)
    assert [r.value for r in found] == [1, ord("B"), 3]
    assert [one[0] for one in device.asked] == [0x0A, 0x4C]


def test_a_read_too_large_for_any_reply_is_asked_in_parts() -> None:
    def answer(request: bytes) -> bytes:
        if request[0] == 0x4C:
            return reply(request, b"", 0x11)
        count, offset = struct.unpack_from("<HI", request, 6)
        whole = struct.pack(f"<{count}h", *range(count))
        part = whole[offset : offset + 20]
        more = offset + 20 < len(whole)
        return reply(request, typed(0xC3, part), 6 if more else 0)

    assert Wired(StandIn(answer)).values("A*55", depth=3) == [[*range(55)]]


def test_a_read_that_is_always_too_large_is_refused() -> None:
    device = StandIn(lambda request: reply(request, b"", 0x11))
    (found,) = Wired(device).run(["A*55"], multiple=400)
    assert found.status == 0x11
    assert len(device.asked) <= 2


# -- reads and writes larger than a reply


@pytest.mark.parametrize("depth", [1, 2, 16])
@pytest.mark.parametrize("fragment", [False, True])
def test_a_thousand_of_them(depth: int, fragment: bool) -> None:
    one = Wired()
    given = ["B[0-999]=" + counted("INT", 1000), "B[0-999]", "B[1-998]"]
    written, every, inner = one.run(given, depth=depth, fragment=fragment)
    assert written.value == every.value == [*range(1000)]
    assert every.type == "INT"
    assert inner.value == [*range(1, 999)]
    assert one.most <= depth


def test_sixty_thousand_of_them() -> None:
    one = Wired()
    written, read = one.run(
        ["BIG[0-59999]=" + counted("DINT", 60000), "BIG*60000"], depth=8
    )
    assert written.ok
    assert read.value == [*range(60000)]


@pytest.mark.parametrize("kind", ["S", "T"])
def test_texts_in_parts(kind: str) -> None:
    texts = [chr(65 + n % 26) * (n * 7 % 60) for n in range(40)]
    shown = ",".join(f'"{text}"' for text in texts)
    cast = "SSTRING" if kind == "S" else "STRING"
    one = Wired()
    written, read = one.run([f"{kind}[0-39]=({cast}){shown}", f"{kind}[0-39]"], depth=4)
    assert written.ok, written.error
    assert read.value == texts


def test_bools_in_parts() -> None:
    one = Wired()
    bits = [bool(n % 3) for n in range(700)]
    given = "Z[0-699]=(BOOL)" + ",".join(str(int(bit)) for bit in bits)
    assert one.values(given, "Z[0-699]")[1] == bits


def test_an_offset_is_counted_in_octets() -> None:
    one = Wired()
    one.values("B[0-999]=" + counted("INT", 1000))
    tail, long, none = one.run(["B[0-9]+4", "B[0-999]+200", "B[0-9]+400"])
    assert tail.value == [*range(2, 10)]
    assert long.value == [*range(100, 1000)]
    assert not none.ok
    (written,) = one.run(["B[0-9]+4=7,8"], fragment=True)
    assert written.ok
    assert one.values("B[0-4]") == [[0, 1, 7, 8, 4]]


def test_a_refused_part_refuses_the_read() -> None:
    def answer(request: bytes) -> bytes:
        if request[0] == 0x4C:
            return reply(request, typed(0xC3, bytes(100)), 6)
        return reply(request, b"", 0xFF, 0x2105)

    found = Wired(StandIn(answer)).run(["B*900", "C*900"], depth=4)
    assert [(r.status, r.extended, r.value) for r in found] == [
        (0xFF, (0x2105,), None)
    ] * 2


def test_what_is_refused_in_part_is_not_asked_for_any_further() -> None:
    """Neither what waited to be sent, nor what parts in flight would have led to."""

    def answer(request: bytes) -> bytes:
        if request[0] == 0x4C:
            return reply(request, typed(0xC3, bytes(100)), 6)
        (offset,) = struct.unpack_from("<I", request, 8)
        if offset == 100:
            return reply(request, b"", 0x05)
        return reply(request, typed(0xC3, bytes(2)), 6)

    device = StandIn(answer)
    (found,) = Wired(device).run(["B*900"], depth=4)
    assert (found.status, found.value) == (0x05, None)
    assert len(device.asked) == 5


def test_after_a_refused_piece_no_more_are_sent() -> None:
    device = StandIn(lambda request: reply(request, b"", 0x0F))
    (found,) = Wired(device).run(["B=" + counted("INT", 2000)])
    assert found.status == 0x0F
    assert len(device.asked) == 1


# -- bits


class Bits:
    """A device with one value, whose bits can be written."""

    def __init__(self, value: int, code: int = 0xC4, size: int = 4) -> None:
        self.value = value
        self.code = code
        self.size = size

    def __call__(self, request: bytes) -> bytes:
        if request[0] == 0x4E:
            (size,) = struct.unpack_from("<H", request, 6)
            assert size == self.size
            ones = int.from_bytes(request[8 : 8 + size], "little")
            keep = int.from_bytes(request[8 + size :], "little")
            self.value = (self.value | ones) & keep
            return reply(request)
        if request[0] == 0x4D:
            self.value = int.from_bytes(request[10:], "little")
            return reply(request)
        octets = self.value.to_bytes(self.size, "little")
        return reply(request, typed(self.code, octets))


def test_bits_are_read_and_written() -> None:
    bits = Bits(0b1010)
    one = Wired(StandIn(bits))
    found = one.run(["T.0", "T.1", "T.0=1", "T.1=0", "T", "T.31"])
    assert [r.value for r in found[:2]] == [False, True]
    assert found[2].ok
    assert found[2].type == "BOOL"
    assert (found[4].value, found[5].value) == (0b1001, False)
    assert [service[0] for service in one.device.asked] == [
        *(0x4C, 0x4C, 0x4C, 0x4E, 0x4C, 0x4E, 0x4C, 0x4C)
    ]


@pytest.mark.parametrize(("code", "size"), [(0xC2, 1), (0xC3, 2), (0xC4, 4), (0xC5, 8)])
def test_the_highest_bit_is_there_and_the_next_is_not(code: int, size: int) -> None:
    bits = Bits(0, code, size)
    one = Wired(StandIn(bits))
    top = 8 * size - 1
    assert all(r.ok for r in one.run([f"T.{top}=1"]))
    assert bits.value == 1 << top
    assert one.values(f"T.{top}") == [True]
    if size < 8:
        found = one.run([f"T.{top + 1}=1", f"T.{top + 1}"])
        assert [r.ok for r in found] == [False, False]
        assert all("bit" in r.words or "member" in r.words for r in found)
        assert bits.value == 1 << top


@pytest.mark.parametrize("depth", [1, 2, 8])
def test_bits_are_written_in_the_order_of_the_operations(depth: int) -> None:
    bits = Bits(0)
    one = Wired(StandIn(bits))
    found = one.run(["T.3=1", "T", "T.3=0", "T", "T.4=1", "T=0", "T"], depth=depth)
    assert [found[n].value for n in (1, 3, 6)] == [8, 0, 0]
    assert bits.value == 0


def test_the_simulator_says_what_it_thinks_of_a_bit() -> None:
    one = Wired()
    one.values("A=5")
    assert one.values("A.0", "A.1", "A.2") == [True, False, True]
    (found,) = one.run(["NOBODY.3=1"])
    assert found.status == 5


# -- packets, singles and fragments say the same


def test_random_operations_give_the_same_in_every_way(rng: random.Random) -> None:
    hows: list[dict[str, Any]] = [
        {},
        {"depth": 7},
        {"multiple": 480},
        {"multiple": 200, "depth": 5},
        {"multiple": 4000, "depth": 2},
        {"fragment": True},
        {"fragment": True, "multiple": 300, "depth": 3},
    ]
    for _ in range(6):
        given = [randomly(rng) for _ in range(40)]
        first, *others = (outcome(Wired().run(given, **how)) for how in hows)
        for how, other in zip(hows[1:], others, strict=True):
            assert other == first, how


def randomly(rng: random.Random) -> str:
    tag, count, kind = rng.choice(
        [("A", 10, "DINT"), ("B", 1000, "INT"), ("R", 4, "REAL"), ("U", 3, "USINT")]
    )
    first = rng.randrange(count)
    last = min(count + (rng.random() < 0.1), first + rng.choice((1, 3, 50))) - 1
    where = f"{tag}[{first}-{last}]"
    if rng.random() < 0.5:
        return where
    values = ",".join(str(rng.randrange(100)) for _ in range(last - first + 1))
    return f"{where}=({kind}){values}"


# -- ways


def test_every_way_leads_to_the_simulator() -> None:
    for way in (STRAIGHT, Way(), Way.of(False)):
        assert Wired(way=way).values("A=3", "A") == [3, 3]


def test_an_operation_goes_its_own_way() -> None:
    asked: list[bytes] = []

    def answer(request: bytes) -> bytes:
        asked.append(request)
        if request[0] == 0x0A:
            return reply(request, b"", 0x02)
        inner = request[10:] if request[0] == 0x52 else request
        return reply(inner, typed(0xC3, b"\1\0"))

    given = [
        "A",
        {"path": "A", "route_path": "1/5", "timeout_ticks": 9},
        {"path": "A", "route_path": "1/5", "priority_time_tick": 2},
        {"path": "A", "route_path": False, "send_path": ""},
        "A",
    ]
    one = Wired(StandIn(answer), way=Way())
    assert one.values(*given, multiple=400) == [1] * 5
    read = asking.read("A")
    assert asked[0] == asked[4] == asking.unconnected(read)
    assert asked[3] == read
    for octets, ticks in ((asked[1], bytes((5, 9))), (asked[2], bytes((2, 157)))):
        assert octets[6:8] == ticks
        assert octets.endswith(b"\x01\x00\x01\x05")


def test_what_goes_another_way_is_in_another_packet() -> None:
    other = {"path": "A", "route_path": "1/5"}
    one = Wired(way=Way())
    found = one.run(["A", "A", other, other, "A", "A"], multiple=400)
    assert all(r.ok for r in found)
    assert [r.index for r in found] == [0, 0, 1, 1, 2, 2]


# -- refusals by who stands between


def test_a_route_that_leads_nowhere_refuses_what_goes_along_it() -> None:
    refusal = bytes((0xD2, 0, 1, 1)) + struct.pack("<H", 0x0204)
    for how in ({}, {"multiple": 400}, {"fragment": True}):
        device = StandIn(lambda _: refusal)
        found = Wired(device, way=Way()).run(["A", "B=1", "C*1000"], **how)
        assert [(r.status, r.extended) for r in found] == [(1, (0x0204,))] * 3
        assert all("no answer in time" in r.words for r in found)


def test_the_status_of_a_frame_is_a_refusal_in_its_place() -> None:
    one = Wired(StandIn(lambda _: b""))
    one.pipeline.begin(["A", "B=1", "C"], depth=3, multiple=0)
    frames = asking.frames(one.pipeline.send())
    statuses = (0, 0x03, 0xFFFFFFFF)
    for frame, status in zip(frames, statuses, strict=True):
        good = reply(asking.read("A"), typed(0xC3, b"\1\0"))
        octets = asking.rr(good, 7, frame.context)
        if status:
            octets = asking.frame(0x6F, b"", 7, frame.context, status)
        one.pipeline.receive(octets)
    found = one.pipeline.take()
    assert [r.ok for r in found] == [True, False, False]
    assert [r.status for r in found] == list(statuses)
    assert "incorrect data" in found[1].words
    assert "0xFFFFFFFF" in found[2].words
    assert found[2].data is None


# -- operations that are wrong, and generators


def test_those_before_a_bad_text_are_answered_first() -> None:
    one = Wired()
    for how in ({}, {"depth": 8}, {"multiple": 400}):
        found: list[Result] = []
        with pytest.raises(OperationError) as caught:
            for result in one.results(["A=4", "A", "A[", "A=9"], **how):
                found.append(result)
        assert "A[" in str(caught.value)
        assert [r.value for r in found] == [4, 4]
        assert one.pipeline.done
        assert one.values("A") == [4]


def test_a_generator_that_raises_is_heard_after_the_answers() -> None:
    class Broken(Exception):
        pass

    def asked() -> Iterator[str]:
        yield "A"
        yield "B"
        raise Broken

    one = Wired()
    found = []
    with pytest.raises(Broken):
        for result in one.results(asked(), depth=9):
            found.append(result.tag)
    assert found == ["A", "B"]
    assert one.values("A") == [0]


@pytest.mark.parametrize("wrong", [5, None, b"A", {}, {"path": []}, {"path": "A="}])
def test_what_is_no_operation_is_said(wrong: Any) -> None:
    one = Wired()
    with pytest.raises(OperationError):
        one.run([wrong])
    assert one.values("A") == [0]


def test_texts_of_any_class_and_records_are_operations() -> None:
    class Text(str):
        __slots__ = ()

    one = Wired()
    given = [Text("A"), Operation.parse("A[0-1]"), {"path": Text("A")}]
    assert one.values(*given) == [0, [0, 0], 0]


def test_no_more_operations_are_taken_than_are_needed() -> None:
    taken = 0

    def endless() -> Iterator[str]:
        nonlocal taken
        for n in itertools.count():
            taken += 1
            yield f"SCADA[{n % 10}]"

    for depth, multiple, most in ((1, 0, 1), (5, 0, 5), (1, 200, 20)):
        taken = 0
        one = Wired()
        results = one.results(endless(), depth=depth, multiple=multiple)
        for got, _ in enumerate(results, 1):
            assert taken <= got + most * 2
            if got == 200:
                break
        one.pipeline.abandon()


def test_operations_may_depend_on_results() -> None:
    """With a depth of one, none is taken before the last one's result was."""
    one = Wired()
    pipeline = one.pipeline
    results: list[Result] = []

    def asked() -> Iterator[str]:
        yield "A=1"
        for _ in range(5):
            yield f"A={results[-1].value + 1}"

    pipeline.begin(asked())
    while not pipeline.done:
        octets = pipeline.send()
        if octets:
            pipeline.receive(one.device.raw(octets))
        results += pipeline.take()
    assert [r.value for r in results] == [1, 2, 3, 4, 5, 6]


def test_it_is_one_after_the_other() -> None:
    pipeline = Pipeline(1)
    pipeline.begin(["A"])
    pipeline.send()
    with pytest.raises((RuntimeError, CpppoError)):
        pipeline.begin(["B"])


# -- what is remembered


def test_a_dictionary_that_changes_is_another_operation() -> None:
    one = Wired()
    one.values("SCADA[0-9]=" + ",".join(str(n) for n in range(10)))
    given: dict[str, Any] = {"path": [{"symbolic": "SCADA"}, {"element": 1}]}
    assert one.values(given) == [1]
    given["path"][1]["element"] = 2
    assert one.values(given) == [2]
    given["elements"] = 3
    assert one.values(given) == [[2, 3, 4]]
    given["method"] = "write"
    given["data"] = [7, 7, 7]
    assert one.values(given) == [[7, 7, 7]]
    del given["method"], given["data"]
    given["offset"] = 2
    assert one.values(given) == [[7, 7]]


def test_a_count_of_one_is_a_list_whatever_was_asked_before() -> None:
    plain = {"path": [{"symbolic": "A"}]}
    listed = {**plain, "elements": 1}
    for given in ((plain, listed), (listed, plain)):
        found = Wired().values(*given)
        assert found == [[0] if one is listed else 0 for one in given]


def test_equal_reads_share_what_was_made_of_them() -> None:
    one = Wired()
    found = one.run([{"path": [{"symbolic": "A"}]} for _ in range(3)] + ["A", "A"])
    assert found[0].prepared is found[2].prepared
    assert found[3].prepared is found[4].prepared
    assert found[0].operation == found[3].operation


def test_writes_are_not_remembered() -> None:
    one = Wired()
    one.run(["A=1", {"path": "A", "data": [2]}, "A.B.C=1"])
    assert not one.pipeline.kept


def test_not_everything_is_remembered_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    most = 1000
    monkeypatch.setattr("cpppo.client.pipeline.REMEMBERED", most)

    def answer(request: bytes) -> bytes:
        return reply(request, typed(0xC3, b"\1\0"))

    one = Wired(StandIn(answer))
    one.device.asked = []
    largest = 0
    for _ in one.results((f"T{n}" for n in range(2 * most + 10)), depth=50):
        one.device.asked.clear()
        largest = max(largest, len(one.pipeline.kept))
    assert most - 50 <= largest <= most


@pytest.mark.parametrize(
    "given",
    [
        "A=1",
        5,
        None,
        {},
        {"path": "A"},
        {"path": [{"symbolic": "A"}], "offset": 0},
        {"path": [{"symbolic": "A"}], "elements": 2, "offset": 0},
        {"path": [{"symbolic": "A", "element": 1}]},
        {"path": [{"element": True}]},
        {"path": [{"element": 1.0}]},
        {"path": [{"symbolic": "A"}], "elements": True},
    ],
)
def test_what_is_not_remembered(given: Any) -> None:
    assert key_of(given) is None


# -- the end


def test_abandoned_operations_say_what_is_known_of_them() -> None:
    one = Wired()
    pipeline = one.pipeline
    pipeline.begin(["A", "A=1", "NOBODY=1", "A=2", "A=3", "A"], depth=4)
    answers = asking.frames(one.device.raw(pipeline.send()))
    assert len(answers) == 4
    third = answers[2]
    pipeline.receive(asking.rr(asking.cip_in(third), one.device.handle, third.context))
    left = pipeline.abandon()
    assert [r.tag for r in left] == ["A", "A", "NOBODY", "A"]
    assert [r.unknown for r in left] == [False, True, False, True]
    assert [bool(r) for r in left] == [False] * 4
    assert "may have been written" in left[1].words
    assert "no answer" in left[0].words
    assert left[2].status == 5
    assert pipeline.done
    assert pipeline.outstanding == 0
    assert pipeline.take() == []


def test_late_replies_are_ignored_and_things_go_on() -> None:
    one = Wired()
    pipeline = one.pipeline
    pipeline.begin(itertools.repeat("A"), depth=5)
    late = one.device.raw(pipeline.send())
    pipeline.receive(late[:30])
    pipeline.abandon()
    pipeline.begin(["SCADA[0-1]=5,6", "SCADA[0-1]"], depth=2)
    octets = pipeline.send()
    pipeline.receive(late[30:] + one.device.raw(octets))
    assert [r.value for r in pipeline.take()] == [[5, 6], [5, 6]]
    assert not pipeline.ignored
    with pytest.raises(Unexpected):  # once is enough
        pipeline.receive(late)


def test_what_is_left_of_abandoned_operations_is_not_sent() -> None:
    one = Wired()
    pipeline = one.pipeline
    pipeline.begin(["BIG[0-5999]", "A"])
    pipeline.receive(one.device.raw(pipeline.send()))
    pipeline.abandon()
    pipeline.begin(["A"])
    (frame,) = asking.frames(pipeline.send())
    assert asking.cip_in(frame) == asking.read("A")
    assert pipeline.outstanding == 1


def test_a_piece_that_was_sent_makes_a_write_unknown() -> None:
    pipeline = Pipeline(7, STRAIGHT)
    pipeline.begin(["B=" + counted("INT", 2000), "A=1"], depth=2)
    pipeline.send()
    found = pipeline.abandon()
    assert [(r.tag, r.unknown) for r in found] == [("B", True)]


# -- bounds


def test_a_slow_first_answer_does_not_let_the_others_pile_up() -> None:
    one = Wired(StandIn(lambda request: reply(request, typed(0xC3, b"\1\0"))))
    pipeline = one.pipeline
    pipeline.begin(itertools.repeat("A"), depth=4)
    frames = asking.frames(pipeline.send())
    answered = 0
    del frames[0]
    while frames:
        answered += len(frames)
        good = reply(asking.read("A"), typed(0xC3, b"\1\0"))
        for frame in frames:
            pipeline.receive(asking.rr(good, 7, frame.context))
        assert pipeline.take() == []
        frames = asking.frames(pipeline.send())
    assert 4 < answered < 10000
    assert len(pipeline.line) < 10000


def test_the_octets_in_flight_are_bounded() -> None:
    pipeline = Pipeline(7, STRAIGHT)
    pipeline.begin(itertools.repeat("B=" + counted("INT", 200)), depth=100000)
    assert len(pipeline.send()) < 200000
    assert pipeline.send() == b""


def test_a_request_beyond_any_frame_is_refused() -> None:
    far = Way.of([{"port": 1, "link": n % 16} for n in range(255)])
    text = f'A=(STRING)"{"x" * 64988}"'
    pipeline = Pipeline(7, far)
    pipeline.begin([text])
    try:
        (frame,) = asking.frames(pipeline.send() or pipeline.send())
    except CpppoError:
        return
    assert len(frame.payload) > 65000


def test_protocol_errors_are_the_only_ones(rng: random.Random) -> None:
    """Whatever comes: results, an error of the protocol, or the end of the session."""
    given = ["A", "B[0-999]", "A=1", "S[0-3]", "T.3", "A[0-3]", "T[0-3]"]
    for _ in range(400):
        one = Wired()
        pipeline = one.pipeline
        pipeline.begin(given, depth=rng.choice((1, 4)), multiple=rng.choice((0, 300)))
        try:
            for _ in range(60):
                octets = pipeline.send()
                answers = bytearray(one.device.raw(octets))
                for _ in range(rng.randrange(3)):
                    if answers:
                        answers[rng.randrange(len(answers))] = rng.randrange(256)
                if answers:
                    pipeline.receive(bytes(answers))
                for result in pipeline.take():
                    assert result.error is None or result.value is None
                    repr(result)
                if pipeline.done:
                    break
        except (ProtocolError, Lost):
            pass
