# SPDX-License-Identifier: Apache-2.0
"""Data files over real sockets: `SLC` and pycomm3's SLCDriver against a simulator.

What pycomm3 needs is in the specification of clients, section 7; it is skipped where
it is not installed.
"""

from __future__ import annotations

import io
import json
import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asking import Frame, controller
from asking import frame as again
from peers import LOOPBACK, Address, Far, far, serving, vacant
from recording import flagged, pcap, recorder, seen

from cpppo.client import SLC, OperationError, check
from cpppo.client.commands.enip_client import main
from cpppo.client.way import Way
from cpppo.errors import (
    Disconnected,
    ProtocolError,
    Refused,
    StatusError,
    Timeout,
    TransportError,
)
from cpppo.server.enip import Controller

FILES = {"N7": 300, "ST9": 5, "L10": 5, "A11": 5, "F20": 2}

VALUES: dict[str, Any] = {
    "N7:0": -5,
    "N7:1{3}": [1, -2, 3],
    "F8:1": 1.5,
    "F8:2{2}": [2.5, -0.5],
    "B3:0": 0xFFFE,
    "B3/17": True,
    "B3:2/15": True,
    "T4:0.PRE": 100,
    "T4:0.ACC": 7,
    "T4:0.DN": True,
    "T4:3": {"EN": True, "TT": False, "DN": False, "PRE": 4, "ACC": -1},
    "C5:1.PRE": 9,
    "C5:1.CU": True,
    "R6:0.LEN": 12,
    "R6:0.POS": 3,
    "S:1": 3,
    "S2:4/1": True,
    "O:0": 9,
    "I:0": 5,
}
SLC_VALUES: dict[str, Any] = {
    "ST9:0": "hello",
    "ST9:1": "",
    "ST9:2": "x" * 82,
    "L10:3": -70000,
    "L10:0/31": True,
    "A11:0": "ab",
    "I:1.2": 8,
    "O:1/3": True,
}

WRONG: list[tuple[str, Any, str]] = [
    ("N7:1", 40000, "INT is a whole number from -32768 to 32767, not 40000"),
    ("N7:1", "x", "INT is a whole number from -32768 to 32767, not 'x'"),
    ("N7:1{2}", [1, None], "INT is a whole number .*, not None"),
    ("L10:0", 1 << 31, "DINT is a whole number from -2147483648 to 2147483647"),
    ("F8:0", "x", "REAL is a number of 32 bits, not 'x'"),
    ("F8:0", 1e39, "REAL is a number of 32 bits"),
    ("B3:0", 70000, "70000 are no 16 bits: from -32768 to 65535"),
    ("ST9:0", 5, "a text here has up to 82 characters of Latin-1, not 5"),
    ("ST9:0", "\u20ac", "a text here has up to 82 characters of Latin-1, not"),
    ("ST9:0", "x" * 83, "a text here has up to 82 characters"),
    ("T4:0", {"PRE": "x"}, "PRE: INT is a whole number .*, not 'x'"),
    ("T4:0", {"DN": 5}, "DN: BOOL is true, false, 0 or 1, not 5"),
    ("T4:0", {"X": 5}, "no member 'X'; there are EN, TT, DN, PRE, ACC"),
    ("T4:0.PRE", 40000, "INT is a whole number from -32768 to 32767"),
    ("N7:0{2}", [1, 2, 3], "3 values for 2"),
    ("N7:0/1", 2, "a bit is 0, 1, true or false, not 2"),
    ("T4:0.ACC", [1, 2], "ACC: a word of an element has one value"),
]

WAYS: dict[str, dict[str, Any]] = {
    "straight": {},
    "along a route": {"route_path": "1/0"},
    "connected": {"connected": True},
    "as a PLC-5": {"kind": "plc5"},
}


@pytest.fixture
def simulator() -> Controller:
    return controller("A=INT[10]", data_files=FILES)


@pytest.fixture
def address(simulator: Controller) -> Iterator[Address]:
    with serving(simulator) as found:
        yield found


@pytest.fixture(params=WAYS.values(), ids=list(WAYS))
def plc(address: Address, request: pytest.FixtureRequest) -> Iterator[SLC]:
    with SLC(*address, **request.param) as found:
        yield found


def test_what_is_written_is_read_back(plc: SLC, simulator: Controller) -> None:
    values = VALUES | (SLC_VALUES if plc.kind == "slc" else {})
    written = plc.write(values)
    assert [one.error for one in written] == [None] * len(values)
    found = plc.read(list(values))
    assert {one.tag: one.value for one in found} == values
    files = simulator.pccc.files
    assert {tag: files[tag] for tag in values} == values


def test_one_address_has_one_result(plc: SLC) -> None:
    assert check(plc.write(("N7:0", 5))).value == 5
    one = plc.read("N7:0")
    assert (one.ok, one.value, one.words, one.error) == (True, 5, "OK", None)
    assert repr(one) == "<DataResult N7:0: 5>"
    assert [each.value for each in check(plc.read("N7:0", "N7:1"))] == [5, 0]


def test_more_than_fits_in_one_command_takes_several(plc: SLC) -> None:
    values = list(range(-150, 150))
    assert plc.write(("N7:0{300}", values)).ok
    assert plc.read("N7:0{300}").value == values
    # A list says itself how many.
    assert plc.write({"N7:10": [7] * 120})[0].ok
    assert plc.read("N7:9{122}").value == [values[9], *[7] * 120, values[130]]


def test_a_bit_leaves_the_others_as_they_are(plc: SLC) -> None:
    plc.write({"N7:0": 0x0F0F})
    assert all(plc.write({"N7:0/0": False, "N7:0/4": True, "N7:0/1": True}))
    assert plc.read("N7:0").value == 0x0F1E
    assert [one.value for one in plc.read("N7:0/0", "N7:0/4")] == [False, True]


def test_what_is_refused_says_why_in_its_place(plc: SLC) -> None:
    found = plc.read("N7:0", "N7:300", "N99:0", "N7:1")
    assert [one.ok for one in found] == [True, False, False, True]
    assert found[1].value is None
    assert found[1].words == "that is beyond the end of the file"
    assert found[2].error == "N99:0: there is no such file (0xF0 0x06)"
    assert not plc.write(("N7:299{2}", [1, 2]))
    assert plc.read("N7:299").value == 0
    with pytest.raises(StatusError, match="N7:300: that is beyond the end") as raised:
        check(found)
    assert (raised.value.status, raised.value.extended) == (0xF0, (0x0A,))
    with pytest.raises(StatusError, match="no such file"):
        check(found[2])


def test_a_wrong_type_is_refused_where_a_command_has_one(address: Address) -> None:
    with SLC(*address) as plc:
        assert plc.read("F7:0").words == "another type of data"


def test_what_cannot_be_asked_is_not_sent(plc: SLC, simulator: Controller) -> None:
    with pytest.raises(OperationError, match="a file expected"):
        plc.read("N7:0", "X7:0")
    for tag, value, problem in WRONG:
        with pytest.raises(OperationError, match=problem):
            plc.write({"N7:0": 1, tag: value})
    with pytest.raises(TypeError, match="an address and its value"):
        plc.write("N7:0", 5)
    assert not plc.connected
    assert simulator.pccc.files["N7:0"] == 0


def test_the_processor_tells_its_name_and_its_files(address: Address) -> None:
    with SLC(*address) as plc:
        assert plc.processor_type == "1747-L552"
        found = plc.files
    wanted = {"O0": 31, "S2": 164, "N7": 300, "ST9": 5, "L10": 5, "F20": 2}
    assert wanted.items() <= found.items()
    assert len(found) == 13
    with SLC(*address, kind="plc5") as plc:
        with pytest.raises(ValueError, match="has no list of files"):
            assert plc.files
        with pytest.raises(ValueError, match="says no catalog number"):
            assert plc.processor_type


def test_a_logix_without_data_files_says_no() -> None:
    with serving(controller("A=INT")) as address, SLC(*address) as plc:
        assert plc.read("N7:0").words == "there is no such file"
        with pytest.raises(StatusError, match="beyond the end"):
            assert plc.files
        assert plc.read("N7:0").status == 0xF0


def test_several_threads_take_turns(address: Address) -> None:
    failures: list[str] = []

    def counting(plc: SLC, element: int) -> None:
        for value in range(30):
            plc.write((f"N7:{element}", value))
            if plc.read(f"N7:{element}").value != value:
                failures.append(f"{element}: {value}")

    with SLC(*address) as plc:
        threads = [
            threading.Thread(target=counting, args=(plc, one)) for one in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not failures


# -- failures


def test_it_connects_again_after_the_simulator_came_back(simulator: Controller) -> None:
    port = vacant()
    with SLC(LOOPBACK, port, timeout=5) as plc:
        with pytest.raises(Refused):
            plc.read("N7:0")
        with serving(simulator, LOOPBACK, port):
            assert plc.write(("N7:0", 5)).ok
        with serving(simulator, LOOPBACK, port):
            assert plc.read("N7:0").value == 5
        with serving(simulator, LOOPBACK, port):
            assert plc.write(("N7:0", 6)).ok
        assert simulator.pccc.files["N7:0"] == 6


def test_what_is_closed_takes_no_calls(address: Address) -> None:
    plc = SLC(*address)
    assert plc.read("N7:0").ok
    plc.close()
    with pytest.raises(Disconnected, match=r"open\(\) takes it up again"):
        plc.read("N7:0")
    plc.open()
    assert plc.read("N7:0").ok
    plc.close()


def closing(one: Far, frame: Frame) -> None:
    """Closes the connection at any request."""


def silent(one: Far, frame: Frame) -> bytes:
    return b""


def executed(frame: Frame, command: bytes, who: bytes | None = None) -> bytes:
    """The frame with a reply of the PCCC object."""
    asked = frame.payload[16:]
    requester = asked[6:13] if who is None else who
    reply = bytes((asked[0] | 0x80, 0, 0, 0)) + requester + command
    packet = frame.payload[:14] + len(reply).to_bytes(2, "little") + reply
    return again(0x6F, packet, frame.session, frame.context)


def transaction(frame: Frame) -> bytes:
    """That of the command in a request."""
    return frame.payload[16 + 13 + 2 :][:2]


def test_a_write_that_was_not_answered_is_unknown_and_never_sent_again() -> None:
    with far(closing) as one, SLC(*one.address) as plc:
        found = plc.write({"N7:0": 1, "N7:1": 2})
        assert [each.unknown for each in found] == [True, True]
        assert "may have been written or not" in found[0].words
        assert not found[0].ok
        assert [one.seen.get_nowait().command for _ in found] == [0x6F, 0x6F]
        assert one.seen.empty()


def test_a_write_for_which_no_time_was_left_was_not_sent() -> None:
    now = 0.0  # seconds

    def late(one: Far, frame: Frame) -> None:
        """Takes all of the call's time, and closes."""
        nonlocal now
        now += 5.0

    with far(late) as one, SLC(*one.address, timeout=5.0) as plc:
        plc._line.clock = lambda: now
        found = plc.write({"N7:0": 1, "N7:1": 2})
        assert [each.unknown for each in found] == [True, False]
        assert [each.words for each in found][1] == "not sent"
        assert one.seen.get_nowait()
        assert one.seen.empty()


def test_a_read_is_asked_once_more_on_a_new_connection() -> None:
    with far(closing) as one, SLC(*one.address) as plc:
        with pytest.raises(Disconnected):
            plc.read("N7:0")
        assert [one.seen.get_nowait().command for _ in range(2)] == [0x6F, 0x6F]
        assert one.seen.empty()


def test_a_device_that_is_silent_costs_the_time_of_one_call() -> None:
    with far(silent) as one, SLC(*one.address, timeout=0.2) as plc:
        with pytest.raises(Timeout, match=r"within 0\.2 s"):
            plc.read("N7:0")
        assert not plc.connected


def test_whom_a_call_waits_for_may_be_closed() -> None:
    with far(silent) as one:
        plc = SLC(*one.address, timeout=None)
        failures: list[TransportError] = []

        def reading() -> None:
            try:
                plc.read("N7:0")
            except TransportError as exc:
                failures.append(exc)

        thread = threading.Thread(target=reading)
        thread.start()
        one.request()
        plc.close()
        thread.join()
        assert isinstance(failures[0], Disconnected)


@pytest.mark.parametrize(
    "reply",
    [
        lambda frame: executed(frame, b"\x4f\0" + b"\0\0" + b"\1\0"),
        lambda frame: executed(frame, b"\x46\0" + transaction(frame) + b"\1\0"),
        lambda frame: executed(frame, b"\x4f\0" + transaction(frame) + b"\1\0\0"),
        lambda frame: executed(
            frame, b"\x4f\0" + transaction(frame) + b"\1\0", b"\7" + bytes(6)
        ),
        lambda frame: again(
            0x6F,
            executed(frame, b"\x4f\0" + transaction(frame) + b"\1\0")[24:],
            frame.session,
            b"\xff" + frame.context[1:],
        ),
        lambda frame: again(0x6F, b"", frame.session, frame.context),
    ],
)
def test_a_reply_that_does_not_fit_is_none(reply: Any) -> None:
    def answer(one: Far, frame: Frame) -> bytes:
        octets: bytes = reply(frame)
        return octets

    with far(answer) as one, SLC(*one.address) as plc:
        with pytest.raises(ProtocolError):
            plc.read("N7:0")
        assert not plc.connected


def test_a_device_without_pccc_says_no() -> None:
    def answer(one: Far, frame: Frame) -> bytes:
        reply = bytes.fromhex("cb 00 05 00")
        packet = frame.payload[:14] + len(reply).to_bytes(2, "little") + reply
        return again(0x6F, packet, frame.session, frame.context)

    with far(answer) as one, SLC(*one.address) as plc:
        assert "no PCCC: " in plc.read("N7:0").words
        with pytest.raises(StatusError, match="no PCCC"):
            assert plc.processor_type
        assert plc.connected


def test_without_a_connection_to_be_had_it_asks_without() -> None:
    services: list[int] = []

    def answer(one: Far, frame: Frame) -> bytes:
        services.append(frame.payload[16])
        if frame.payload[16] == 0x4B:
            return executed(frame, b"\x4f\0" + transaction(frame) + b"\5\0")
        reply = bytes((frame.payload[16] | 0x80, 0, 8, 0))
        packet = frame.payload[:14] + len(reply).to_bytes(2, "little") + reply
        return again(0x6F, packet, frame.session, frame.context)

    with far(answer) as one, SLC(*one.address, connected=True) as plc:
        assert [plc.read("N7:0").value for _ in range(2)] == [5, 5]
    assert services == [0x5B, 0x54, 0x4B, 0x4B]


@pytest.mark.parametrize("wrong", [0, 1])
def test_over_a_connection_a_reply_has_the_number_of_its_request(wrong: int) -> None:
    def answer(one: Far, frame: Frame) -> bytes:
        if frame.command == 0x70:
            count = int.from_bytes(frame.payload[20:22], "little") + wrong
            asked = frame.payload[22:]
            command = b"\x4f\0" + asked[15:17] + b"\5\0"
            reply = b"\xcb\0\0\0" + asked[6:13] + command
            packet = frame.payload[:18] + (len(reply) + 2).to_bytes(2, "little")
            packet += count.to_bytes(2, "little") + reply
            return again(0x70, packet, frame.session, frame.context)
        if frame.payload[16] == 0x4B:
            return executed(frame, b"\x4f\0" + transaction(frame) + b"\7\0")
        if frame.payload[16] == 0x4E:
            return b""
        asked = frame.payload[16 + 6 :]
        opened = bytes.fromhex("db 00 00 00 01 00 00 00") + asked[6:18] + bytes(10)
        packet = frame.payload[:14] + len(opened).to_bytes(2, "little") + opened
        return again(0x6F, packet, frame.session, frame.context)

    with far(answer) as one, SLC(*one.address, connected=True) as plc:
        # Who answers over a connection and not as asked, is asked without one.
        assert plc.read("N7:0").value == (7 if wrong else 5)
        assert one.seen.get_nowait().payload[16] == 0x5B
        assert one.seen.get_nowait().command == 0x70
        assert bool(plc.connection) is not bool(wrong)


def test_a_connection_that_was_silent_too_long_is_opened_anew(address: Address) -> None:
    now = 0.0  # seconds
    with SLC(*address, connected=True) as plc:
        plc._line.clock = lambda: now
        assert plc.write(("N7:0", 5)).ok
        first = plc.connection
        assert first
        now = first.life * 0.7
        assert plc.read("N7:0").value == 5
        assert plc.connection is first
        now *= 3
        assert plc.read("N7:0").value == 5
        assert plc.connection is not first


@pytest.mark.parametrize(
    ("how", "problem"),
    [
        ({"kind": "plc6"}, "kind is slc or plc5, not 'plc6'"),
        ({"timeout": 0}, "a time-out is above 0 s"),
    ],
)
def test_what_is_no_processor_is_refused(how: Any, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        SLC(LOOPBACK, **how)


# -- from the command line


Output = pytest.CaptureFixture[str]
HOWS: dict[str, list[str]] = {
    "straight": ["--pccc"],
    "simple": ["-S", "--pccc", "slc"],
    "along a route": ["--pccc", "--route-path", "1/0"],
    "connected": ["-c", "--pccc"],
    "connected along a route": ["--connected", "--pccc", "--route-path", "1/0"],
    "as a PLC-5": ["--pccc", "plc5"],
}


def where(address: Address) -> tuple[str, ...]:
    return "-a", "{}:{}".format(*address)


@pytest.mark.parametrize("how", HOWS.values(), ids=list(HOWS))
def test_the_command_reads_and_writes_data_files(
    address: Address, simulator: Controller, how: list[str], capsys: Output
) -> None:
    simulator.pccc.files["T4:0.ACC"] = 7
    asked = ("N7:0", "F8:0{3}", "N7:1=5", 'ST9:0="hello"', "B3/17=1", "T4:0.ACC")
    assert main([*where(address), "--print", *how, *asked, "ST9:0", "N7:1"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "                N7:0              == [0]: 'OK'",
        "             F8:0{3}              == [0.0, 0.0, 0.0]: 'OK'",
        "                N7:1              <= [5]: 'OK'",
        "               ST9:0              <= ['hello']: 'OK'",
        "               B3/17              <= [True]: 'OK'",
        "            T4:0.ACC              == [7]: 'OK'",
        "               ST9:0              == ['hello']: 'OK'",
        "                N7:1              == [5]: 'OK'",
    ]
    assert simulator.pccc.files["B3:1"] == 2


def test_the_way_of_the_command_is_that_of_the_request(capsys: Output) -> None:
    def answer(one: Far, frame: Frame) -> bytes:
        return again(0x6F, b"", frame.session, frame.context)

    # The PCCC object's service straight, a Large Forward Open, an Unconnected Send.
    ways = {
        ("--pccc",): "4b 02 20 67",
        ("-c", "--pccc"): "5b 02 20 06",
        ("--pccc", "--route-path", "1/3", "--timeout-ticks", "9"): (
            "52 02 20 06 24 01 05 09"
        ),
    }
    for argv, request in ways.items():
        with far(answer) as one:
            assert main([*where(one.address), *argv, "N7:0"]) == 1
            octets = bytes.fromhex(request)
            assert one.seen.get_nowait().payload[16:].startswith(octets)
    # What reads an address is another function for each kind.
    for kind, function in (("slc", 0xA2), ("plc5", 0x01)):
        with far(answer) as one:
            assert main([*where(one.address), "--pccc", kind, "N7:0"]) == 1
            assert one.seen.get_nowait().payload[16:][6 + 7 + 4] == function
    assert "does not answer as EtherNet/IP does" in capsys.readouterr().err


def test_one_bad_address_does_not_lose_the_others(
    address: Address, capsys: Output
) -> None:
    assert main([*where(address), "--json", "--pccc", "N7:0", "N99:0", "N7:1"]) == 1
    out, err = capsys.readouterr()
    assert err == ""
    said = [json.loads(one) for one in out.splitlines()]
    assert [one["ok"] for one in said] == [True, False, True]
    assert [one["index"] for one in said] == [0, 1, 2]
    assert main([*where(address), "--pccc", "N7:0", "N99:0", "N7:1"]) == 1
    assert capsys.readouterr().err == (
        "enip_client: N99:0: there is no such file (0xF0 0x06)\n"
    )


def test_addresses_come_from_standard_input_and_are_repeated(
    address: Address, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    lines = "N7:0=3\n# nothing\n N7:0\nN7:\nN7:1\n"
    monkeypatch.setattr(sys, "stdin", io.StringIO(lines))
    assert main([*where(address), "--json", "--pccc", "-"]) == 2
    out, err = capsys.readouterr()
    assert [json.loads(one)["value"] for one in out.splitlines()] == [3, 3]
    assert [json.loads(one)["index"] for one in out.splitlines()] == [0, 1]
    assert err.startswith("enip_client: error: standard input, line 4: an address")
    assert err.endswith("\n  N7:\n    ^\n")
    assert main([*where(address), "--json", "--pccc", "-r", "3", "N7:0", "N7:1"]) == 0
    said = [json.loads(one) for one in capsys.readouterr().out.splitlines()]
    assert [one["index"] for one in said] == list(range(6))
    assert [one["tag"] for one in said] == ["N7:0", "N7:1"] * 3


def test_the_command_says_who_does_not_answer(capsys: Output) -> None:
    with far(silent) as one:
        at = where(one.address)
        assert main([*at, "-t", "0.2", "-p", "--pccc", "N7:0", "N7:1"]) == 1
        place = at[1]
        assert capsys.readouterr().err == (
            f"enip_client: error: {place} did not answer within 0.2 s; "
            "0 of 2 operations are done\n"
        )
    with far(closing) as one:
        at = where(one.address)
        assert main([*at, "-p", "--pccc", "N7:0=5", "N7:1"]) == 1
        assert one.seen.get_nowait().command == 0x6F
        assert one.seen.empty()
    out, err = capsys.readouterr()
    assert out.startswith("                N7:0              <= [5]: 'Unknown: sent, ")
    assert out.count("\n") == 1
    assert err == (
        f"enip_client: error: no answer from {at[1]} to a write; "
        "1 of 2 operations are done, 1 of them failed\n"
    )
    assert main(["-a", f"{LOOPBACK}:{vacant()}", "--pccc", "N7:0"]) == 1
    assert "refused" in capsys.readouterr().err


def test_a_way_is_said_once() -> None:
    way = Way.of("1/3")
    assert SLC(LOOPBACK, way=way).place.way == way
    hows: list[dict[str, Any]] = [
        {"host": "10.0.0.5/1/0"},
        {"host": LOOPBACK, "route_path": "1/0"},
    ]
    for how in hows:
        with pytest.raises(ValueError, match="the route is said twice"):
            SLC(**how, way=way)


@pytest.mark.interop
@pytest.mark.skipif(shutil.which("tshark") is None, reason="there is no tshark")
def test_tshark_finds_nothing_malformed(address: Address, tmp_path: Path) -> None:
    with recorder(address) as record:
        for how in WAYS.values():
            with SLC(*record.address, **how) as plc:
                plc.write(VALUES)
                plc.read("N7:0", "N99:0", "N7:0{200}")
                if plc.kind == "slc":
                    assert plc.processor_type
                    assert plc.files["N7"] == 300
    capture = tmp_path / "pccc.pcap"
    pcap(capture, record.pieces)
    assert flagged(capture) == ""
    functions = set(seen(capture, "cip.pccc.fnc.code_0f"))
    assert functions == {0x00, 0x01, 0x26, 0xA1, 0xA2, 0xAA, 0xAB}


# -- pycomm3


@pytest.fixture
def driver(address: Address) -> Iterator[Any]:
    """pycomm3's driver, connected."""
    pycomm3 = pytest.importorskip("pycomm3", reason="pycomm3 is not installed")
    with pycomm3.SLCDriver(f"{address[0]}:{address[1]}") as found:
        yield found


@pytest.mark.interop
@pytest.mark.parametrize(
    ("tag", "value"),
    [
        ("N7:0", -5),
        ("N7:254", 9),
        ("N7:1{3}", [1, -2, 3]),
        ("N7:0{120}", list(range(120))),
        ("N7:4/3", True),
        ("F8:1", 1.5),
        ("F8:2{2}", [2.5, -0.5]),
        ("B3:2", 0x5555),
        ("B3:2/15", True),
        ("L10:3", -70000),
        ("A11:0", "ab"),
        ("S:3", 3),
        ("S:3/2", True),
        ("O:0", 9),
        ("I:1.0", 5),
        ("I:1.0/3", True),
        ("O:2/1", True),
        ("T4:2.DN", True),
        ("C5:2.CU", True),
        ("ST9:0", "hello"),
        ("ST9:1", "odd"),
        ("ST9:2", ""),
        ("ST9:3", "x" * 82),
    ],
)
def test_pycomm3_writes_and_reads(
    driver: Any, simulator: Controller, tag: str, value: Any
) -> None:
    assert driver.write((tag, value)).error is None
    assert driver.read(tag).value == value
    assert simulator.pccc.files[tag] == value


@pytest.mark.interop
def test_pycomm3_reads_the_words_of_timers_and_counters(
    driver: Any, simulator: Controller
) -> None:
    """It writes them to the control word, which no simulator can mend."""
    values = {"T4:2.PRE": 300, "T4:2.ACC": 20, "C5:1.PRE": -4, "C5:1.ACC": 7}
    for tag, value in values.items():
        simulator.pccc.files[tag] = value
    found = driver.read(*values)
    assert {one.tag: one.value for one in found} == values


@pytest.mark.interop
def test_pycomm3_hears_what_is_wrong(driver: Any) -> None:
    """It never sends the long form of a number, so it has no element above 254."""
    for tag in ("N7:250{100}", "N99:0", "F7:0", "ST9:5"):
        found = driver.read(tag)
        assert (found.value, found.error) == (None, "Error code in EXT STS Byte"), tag
    assert driver.read("N7:0").value == 0


@pytest.mark.interop
def test_pycomm3_learns_the_processor_and_its_files(driver: Any) -> None:
    assert driver.get_processor_type() == "1747-L552"
    found = driver.get_file_directory()
    assert found["N7"] == {"elements": 300, "length": 600}
    assert found["ST9"] == {"elements": 5, "length": 420}
    assert found["F20"] == {"elements": 2, "length": 8}
    assert len(found) == 13
