# SPDX-License-Identifier: Apache-2.0
"""Somebody else's clients register sessions and open connections, many and again.

What goes over the wire is recorded between them, where a client does not say itself
which Forward Open was granted.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from threading import Thread

import asking
import pytest
from interop.clients import Aphyt, Face, Pycomm3, Pylogix, pycomm3, where
from interop.wire import connected, opened
from peers import Address, Starter
from recording import recorder

pytestmark = pytest.mark.interop

EVERY: tuple[Callable[[Address], Face], ...] = (Pycomm3, Pylogix, Aphyt)
CONNECTED: tuple[Callable[[Address], Face], ...] = (Pycomm3, Pylogix)

PLANT = Path(__file__).with_name("plant.toml")

# What the Forward Opens ask for, as each client says: the service and the size.
LARGE = {"Pycomm3": (0x5B, 4000), "Pylogix": (0x5B, 4002)}
SMALL = {"Pycomm3": (0x54, 500), "Pylogix": (0x54, 504)}
UNKNOWN, TOO_LARGE = (8, 0), (1, 0x0109)


# -- sessions


@pytest.mark.parametrize("kind", EVERY)
def test_a_client_comes_and_goes_again_and_again(
    simulator: Address, kind: Callable[[Address], Face]
) -> None:
    for _ in range(10):
        with kind(simulator) as face:
            assert face.read("SEVEN") == 7


def test_one_driver_opens_and_closes_again_and_again(simulator: Address) -> None:
    driver = pycomm3.LogixDriver(where(simulator), init_tags=False)
    for _ in range(10):
        driver.open()
        assert driver.connected
        assert driver.get_plc_name()
        driver.close()


@pytest.mark.parametrize("kind", EVERY)
def test_the_context_of_a_client_is_in_every_reply(
    simulator: Address, kind: Callable[[Address], Face]
) -> None:
    with recorder(simulator) as one:
        with kind(one.address) as face:
            assert face.read("SEVEN") == 7
        asked = asking.frames(b"".join(p.octets for p in one.pieces if p.asked))
        told = asking.frames(b"".join(p.octets for p in one.pieces if not p.asked))
    silent = [frame for frame in asked if frame.command != 0x66]
    assert [frame.context for frame in told] == [frame.context for frame in silent]
    if kind is not Aphyt:
        assert any(frame.context.strip(b"\0") for frame in told)


# -- Forward Opens


@pytest.mark.parametrize("kind", CONNECTED)
def test_a_large_connection_is_granted(
    simulator: Address, kind: Callable[[Address], Face]
) -> None:
    with recorder(simulator) as one:
        with kind(one.address) as face:
            assert face.read("DINT_200[0]", 200)
        told = opened(one.pieces)
    assert told == [(*LARGE[type(face).__name__], 0, 0)]
    if kind is Pycomm3:
        assert face.client.connection_size == 4000


@pytest.mark.parametrize("kind", CONNECTED)
def test_a_client_falls_back_to_a_small_connection(
    small: Address, kind: Callable[[Address], Face]
) -> None:
    with recorder(small) as one:
        with kind(one.address) as face:
            assert face.read("DINT_200[0]", 200)
        told = opened(one.pieces)
    name = type(face).__name__
    assert told == [(*LARGE[name], *UNKNOWN), (*SMALL[name], 0, 0)]
    if kind is Pycomm3:
        assert face.client.connection_size == 500


@pytest.mark.parametrize("kind", CONNECTED)
def test_a_connection_that_is_too_large_is_refused(
    starter: Starter, kind: Callable[[Address], Face]
) -> None:
    options = ("--connection-size", "2000", "--tags", str(PLANT))
    program = starter.loopback("-A", *options)
    with recorder(program.address()) as one:
        with kind(one.address) as face:
            assert face.read("DINT_200[0]", 200)
        told = opened(one.pieces)
    name = type(face).__name__
    assert told == [(*LARGE[name], *TOO_LARGE), (*SMALL[name], 0, 0)]
    assert program.stop() == 0


def test_a_small_connection_is_granted_to_who_asks_for_one(simulator: Address) -> None:
    with recorder(simulator) as one:
        with Pylogix(one.address) as face:
            face.client.ConnectionSize = 504
            assert face.read("DINT_200[0]", 200)
        told = opened(one.pieces)
    assert told == [(0x54, 504, 0, 0)]


@pytest.mark.parametrize("size", [200, 508, 1000, 2000, 4002])
def test_a_connection_is_as_large_as_was_asked_for(
    simulator: Address, size: int
) -> None:
    with recorder(simulator) as one:
        with Pylogix(one.address) as face:
            face.client.ConnectionSize = size
            face.write("DINT_2000[0]", list(range(2000)))
            assert face.read("DINT_2000[0]", 2000) == list(range(2000))
            assert len(face.read("OUTERS_3[0]", 3)) == 3 * 272
        (told,) = opened(one.pieces)
        sizes = connected(one.pieces)
    assert told[1:] == (size, 0, 0)
    assert max(sizes) <= size
    assert max(sizes) > size - 100  # and it is used


@pytest.mark.parametrize("size", [4000, 500])
def test_no_reply_is_larger_than_its_connection(
    simulator: Address, small: Address, size: int
) -> None:
    with recorder(simulator if size == 4000 else small) as one:
        with Pycomm3(one.address) as face:
            tags = ["DINT_2000{2000}", "OUTERS_40{40}", "STRING_60{60}", "SEVEN"] * 2
            assert all(not told.error for told in face.client.read(*tags))
            tags = [f"STRING_10[{number % 10}]" for number in range(100)]
            assert all(not told.error for told in face.client.read(*tags))
        sizes = connected(one.pieces)
    assert size - 100 < max(sizes) <= size


@pytest.mark.parametrize("path", ["/0", "/bp/0", "/backplane/0"])
def test_a_path_to_the_controller_is_taken(simulator: Address, path: str) -> None:
    with pycomm3.LogixDriver(where(simulator) + path) as driver:
        assert driver.read("SEVEN").value == 7


def test_a_connection_without_a_slot_is_opened(simulator: Address) -> None:
    with Pylogix(simulator, Micro800=True) as face:
        assert face.read("SEVEN") == 7
        face.write("DINT_0", 12)
        assert face.read("DINT_0") == 12


# -- many


def test_many_connections_are_open_at_once(simulator: Address) -> None:
    with ExitStack() as stack:
        faces: list[Face] = []
        for _ in range(5):
            for kind in EVERY:
                face = kind(simulator)
                stack.callback(face.close)
                faces.append(face)
        for turn in range(3):
            for number, face in enumerate(faces):
                face.write(f"DINT_2000[{number}]", turn * 100 + number)
            for number, face in enumerate(reversed(faces)):
                index = len(faces) - 1 - number
                other = (index + 7) % len(faces)
                assert face.read(f"DINT_2000[{index}]") == turn * 100 + index
                assert face.read(f"DINT_2000[{other}]") == turn * 100 + other


def test_clients_talk_at_the_same_time(simulator: Address) -> None:
    wrong: list[str] = []

    def talk(number: int) -> None:
        face = CONNECTED[number % 2](simulator)
        tag = f"DINT_2000[{number * 200}]"
        for turn in range(10):
            values = list(range(turn, turn + 200))
            face.write(tag, values)
            if face.read(tag, 200) != values:
                wrong.append(tag)
        face.close()
        done.append(number)

    done: list[int] = []
    threads = [Thread(target=talk, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert sorted(done) == list(range(8))


def test_a_closed_connection_leaves_the_others(simulator: Address) -> None:
    with ExitStack() as stack:
        first = Pylogix(simulator)
        second = Pylogix(simulator)
        stack.callback(second.close)
        assert first.read("SEVEN") == second.read("SEVEN") == 7
        first.close()
        assert second.read("SEVEN") == 7


def test_a_client_that_was_killed_does_not_keep_others_out(simulator: Address) -> None:
    with recorder(simulator) as one:
        lost = Pylogix(one.address)
        assert lost.read("SEVEN") == 7
    # The recorder is gone, and with it the session without a Forward Close.
    with Pylogix(simulator) as face:
        assert face.read("SEVEN") == 7
    lost.close()


# -- routes


def test_a_slot_with_nothing_in_it_is_refused(starter: Starter) -> None:
    program = starter.loopback("-A", "--route-path", "1/0", "SEVEN=DINT")
    with pycomm3.CIPDriver(where(program.address())) as driver:
        assert driver.get_module_info(0)["product_name"]
        with pytest.raises(pycomm3.PycommError):
            driver.get_module_info(5)
        assert driver.get_module_info(0)["product_name"]
    assert program.stop() == 0
