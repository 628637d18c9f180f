# SPDX-License-Identifier: Apache-2.0
"""The hostile servers do what they are called after, as plain sockets see it."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import asking
import pytest
from asking import Frame
from hostile import Hostile, Line, Vice, answered, mutated, registered, vices
from peers import PATIENCE, Caller, call

READS = [asking.read("A", 10), asking.read("F"), asking.read_on("T", 2)]
SOON = 0.2  # seconds for what must not come


@contextmanager
def met(vice: Vice | str, seed: int = 1) -> Iterator[tuple[Hostile, Caller]]:
    one = vices()[vice] if isinstance(vice, str) else vice
    with Hostile(one, seed) as server, call(server.address) as caller:
        yield server, caller


def connected(server: Hostile, first: bytes) -> socket.socket:
    one = socket.create_connection(server.address, PATIENCE)
    one.sendall(first)
    return one


def asked(caller: Caller, several: Sequence[bytes]) -> list[Frame]:
    """The replies to some requests, each with its own context."""
    for nth, one in enumerate(several):
        context = b"ctx%05d" % nth
        caller.socket.sendall(asking.rr(one, caller.handle, context))
    return [caller.frame() for _ in several]


def test_what_no_vice_touches_is_answered_rightly() -> None:
    with met(answered(lambda _, one: one)) as (server, caller):
        first, second, third = asked(caller, READS)
    assert asking.reply_in(asking.cip_in(first)).data[:6] == b"\xc4\0\xe8\3\0\0"
    assert asking.reply_in(asking.cip_in(second)).data == b"\xca\0\0\0\xc0\x3f"
    assert asking.reply_in(asking.cip_in(third)).data == b"\xda\0\5alpha\4beta"
    assert [one.context for one in (first, second, third)] == [
        b"ctx00000", b"ctx00001", b"ctx00002",
    ]  # fmt: skip
    assert server.commands == {0x65: 1, 0x6F: 3}


def test_writes_are_counted_in_packets_also() -> None:
    write = asking.write("W", 0xC4, 1, bytes(4))
    with met(answered(lambda _, one: one)) as (server, caller):
        asked(caller, [write, asking.multiple([write, READS[0], write])])
        assert server.writes == 3


@pytest.mark.parametrize("answers", [0, 1, 2])
def test_silence_comes_after_so_many_answers(answers: int) -> None:
    name = ("", " the second request", " the third request")[answers]
    with met(f"never answers{name}") as (_, caller):
        caller.send(*READS)
        for _ in range(answers):
            caller.reply()
        caller.socket.settimeout(SOON)
        with pytest.raises(TimeoutError):
            caller.frame()


def test_nobody_registers() -> None:
    with (
        Hostile(vices()["never registers"]) as server,
        connected(server, asking.register()) as one,
    ):
        one.settimeout(SOON)
        with pytest.raises(TimeoutError):
            one.recv(1)


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("closes on the first request", 0),
        ("closes in a header", 10),
        ("closes after a header", 24),
        ("closes in a payload", 41),
        ("closes after some slow octets", 30),
    ],
)
def test_so_many_octets_come_and_then_the_end(name: str, size: int) -> None:
    with met(name) as (_, caller):
        caller.send(READS[0])
        octets = b""
        while more := caller.socket.recv(100):
            octets += more
        assert len(octets) == size


@pytest.mark.parametrize("name", ["resets in a reply", "resets after Register"])
def test_a_reset_is_no_end(name: str) -> None:
    with met(name) as (_, caller), pytest.raises(ConnectionError):
        caller.send(READS[0])
        while caller.socket.recv(100):
            pass
        raise AssertionError("the end came")


@pytest.mark.parametrize("name", ["zeros", "ones", "noise"])
def test_there_is_no_end_of_it(name: str) -> None:
    with (
        Hostile(vices()[f"{name} instead of Register"]) as server,
        connected(server, b"") as one,
    ):
        left = 2_000_000
        while left > 0:
            octets = one.recv(65536)
            assert octets
            left -= len(octets)


def test_dribbled_replies_come_one_octet_at_a_time() -> None:
    with met("dribbled replies") as (_, caller):
        caller.send(READS[0])
        assert [len(caller.socket.recv(100)) for _ in range(3)] == [1, 1, 1]


def test_contexts_are_of_others() -> None:
    found = {}
    for name in ("nobody", "the past", "the future"):
        with met(f"contexts of {name}") as (_, caller):
            found[name] = [one.context for one in asked(caller, READS)]
    assert found["nobody"] == [bytes(8)] * 3
    assert found["the past"] == [bytes(8), b"ctx00000", b"ctx00001"]
    assert not {b"ctx%05d" % nth for nth in range(3)} & {*found["the future"]}


def test_the_last_is_answered_first() -> None:
    with met("backwards") as (_, caller):
        several = [
            asking.rr(one, caller.handle, b"ctx%05d" % nth)
            for nth, one in enumerate(READS)
        ]
        caller.socket.sendall(b"".join(several))
        contexts = [caller.frame().context for _ in READS]
    assert contexts == [b"ctx00002", b"ctx00001", b"ctx00000"]


def test_members_lie_in_a_packet_only() -> None:
    packet = asking.multiple(READS)
    for name in ("offsets backwards", "too few members", "a member too many"):
        with met(name) as (_, caller):
            plain, other = asked(caller, [READS[0], packet])
        assert asking.reply_in(asking.cip_in(plain)).data[:2] == b"\xc4\0"
        data = asking.reply_in(asking.cip_in(other)).data
        count = int.from_bytes(data[:2], "little")
        if name == "offsets backwards":
            with pytest.raises(AssertionError):
                asking.replies_in(data)
        else:
            several = asking.replies_in(data)
            assert len(several) == count == (2 if "few" in name else 4)
            assert several[0].data == asking.reply_in(asking.cip_in(plain)).data


def test_there_is_more_without_end() -> None:
    with met("more, for ever, of nothing") as (_, caller):
        several = [caller.ask(asking.read_on("A", 10, 0)) for _ in range(5)]
    assert [(one.status, one.data) for one in several] == [(6, b"\xc4\0")] * 5


def test_a_seed_makes_one_run() -> None:
    def run(seed: int) -> bytes:
        def one(line: Line) -> None:
            registered(line)
            for request in line.requests():
                line.send(mutated(line, line.reply(request)))
                return

        with met(one, seed) as (_, caller):
            octets = b""
            caller.send(READS[0])
            while more := caller.socket.recv(1000):
                octets += more
            # All but the session, which the controller chose.
            return octets[:4] + octets[8:]

    assert len({run(seed) for seed in range(1, 9)}) > 4
    assert run(5)[12:] == run(5)[12:]


def test_a_server_ends_while_it_is_talked_to() -> None:
    with Hostile(vices()["never answers"]) as server:
        caller = Caller(server.address)
    try:
        assert caller.socket.recv(1) == b""
    finally:
        caller.close()
