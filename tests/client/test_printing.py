# SPDX-License-Identifier: Apache-2.0
"""Lines of results: the manual's, byte by byte as 5.2.5 prints them, and JSON's."""

from __future__ import annotations

import io
import json
import os
import struct
import sys
import time
from typing import Any

import pytest
from outcomes import outcome, unanswered

from cpppo.client.printing import (
    Progress,
    Unread,
    Unwritten,
    display,
    json_line,
    line,
    plain,
    tuple_line,
)
from cpppo.client.result import Result
from cpppo.protocol.enip.published import request

OUT_OF_RANGE = {"status": 0xFF, "extended": (0x2105,)}


def ints(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}h", *values)


def text(value: str) -> bytes:
    return bytes([len(value)]) + value.encode("iso-8859-1")


# What 5.2.5 has printed; where it failed, the words are ours.
LINES: list[tuple[Result, str]] = [
    (outcome("SCADA[1]=99"), "            SCADA[1][  1-1  ]+  0 <= [99]: 'OK'"),
    (
        outcome("SCADA[0-10]", ints(0, 99, *[0] * 9)),
        "            SCADA[0][  0-10 ]+  0 == [0, 99, 0, 0, 0, 0, 0, 0, 0, 0, 0]: 'OK'",
    ),
    (
        outcome('TEXT[1]=(SSTRING)"Hello, world!"'),
        "             TEXT[1][  1-1  ]+  0 <= ['Hello, world!']: 'OK'",
    ),
    (
        outcome("TEXT[0-1]", text("") + text("a"), 0xDA),
        "             TEXT[0][  0-1  ]+  0 == ['', 'a']: 'OK'",
    ),
    (
        outcome("FLOAT", struct.pack("<f", 0.0), 0xCA),
        "               FLOAT              == [0.0]: 'OK'",
    ),
    (outcome("FLOAT=1.5"), "               FLOAT              <= [1.5]: 'OK'"),
    (
        outcome("@22/1/3", struct.pack("<f", 1.5), 0xCA),
        "         @0x0016/1/3              == [1.5]: 'OK'",
    ),
    (
        outcome("@0x16/1/3[0]", struct.pack("<f", 1.5), 0xCA),
        "      @0x0016/1/3[0][  0-0  ]+  0 == [1.5]: 'OK'",
    ),
    (
        outcome("SCADA*5", ints(0, 99, 0, 0, 0)),
        "               SCADA              == [0, 99, 0, 0, 0]: 'OK'",
    ),
    (
        outcome("SCADA[1]*5", ints(99, 0, 0, 0, 1)),
        "            SCADA[1][  1-5  ]+  0 == [99, 0, 0, 0, 1]: 'OK'",
    ),
    (
        outcome("SCADA[5-8]+2", ints(0, 0, 0)),
        "            SCADA[5][  5-7  ]+  2 == [0, 0, 0]: 'OK'",
    ),
    (
        outcome("SCADA[995-1010]", **OUT_OF_RANGE),  # type: ignore[arg-type]
        "          SCADA[995][995-1010]+  0 == None: "
        "'Status 255 [8453]: beyond the end of the tag'",
    ),
    (
        outcome("SCADA[2000]", **OUT_OF_RANGE),  # type: ignore[arg-type]
        "         SCADA[2000][2000-2000]+  0 == None: "
        "'Status 255 [8453]: beyond the end of the tag'",
    ),
    (
        outcome("SCADA[1-2]=(DINT)5,6", status=0xFF, extended=(0x2107,)),
        "            SCADA[1][  1-2  ]+  0 <= [5, 6]: "
        "'Status 255 [8455]: the tag has another type than DINT'",
    ),
    (
        outcome("NOWHERE", status=5),
        "             NOWHERE              == None: 'Status 5: no such tag or object'",
    ),
]


@pytest.mark.parametrize(("result", "expected"), LINES, ids=lambda one: str(one)[-40:])
def test_a_result_is_the_published_line(result: Result, expected: str) -> None:
    assert line(result) == expected


def test_a_write_at_an_offset_shows_its_range() -> None:
    expected = "            SCADA[5][  5-8  ]+  4 <= [7]: 'OK'"
    assert line(outcome("SCADA[5-8]+4=7")) == expected


def test_more_dimensions_show_elements_of_the_last() -> None:
    shown = line(outcome("T[1,2-3]", ints(1, 2)))
    assert shown == "              T[1,2][  2-3  ]+  0 == [1, 2]: 'OK'"


def test_a_write_that_was_not_answered_is_unknown() -> None:
    shown = line(unanswered("SCADA[1]=99"))
    assert shown.startswith("            SCADA[1][  1-1  ]+  0 <= [99]: 'Unknown: ")
    assert "no answer" in shown


def test_a_read_that_was_not_answered_says_so() -> None:
    shown = line(unanswered("SCADA[1]"))
    assert shown == "            SCADA[1][  1-1  ]+  0 == None: 'no answer came'"


# -- six-tuples


@pytest.mark.parametrize(("result", "expected"), LINES, ids=lambda one: str(one)[-40:])
def test_a_six_tuple_is_the_same_line(result: Result, expected: str) -> None:
    status: Any = result.status
    if result.extended:
        status = status, list(result.extended)
    told = request(result.request)
    harvested = (0, "what is asked", told, None, status, result.data)
    assert tuple_line(harvested) == expected


# -- JSON


def said(result: Result) -> dict[str, Any]:
    text = json_line(result)
    assert "\n" not in text
    found: dict[str, Any] = json.loads(text, parse_constant=pytest.fail)
    return found


def test_a_result_is_a_line_of_json() -> None:
    assert said(outcome("SCADA[1-2]", ints(1, -2))) == {
        "index": 0,
        "tag": "SCADA[1-2]",
        "type": "INT",
        "value": [1, -2],
        "status": 0,
        "extended": [],
        "words": "OK",
        "ok": True,
        "unknown": False,
        "time": 1700000000.25,
    }


def test_json_has_a_scalar_where_no_range_was_asked() -> None:
    assert said(outcome("SCADA", ints(5)))["value"] == 5


def test_json_says_what_was_written() -> None:
    found = said(outcome("SCADA[1]=99"))
    assert (found["tag"], found["value"], found["type"]) == ("SCADA[1]", 99, "INT")


def test_json_has_status_and_words_of_a_failure() -> None:
    found = said(outcome("SCADA[2000]", **OUT_OF_RANGE))  # type: ignore[arg-type]
    assert found["status"] == 255 and found["extended"] == [0x2105]
    assert found["words"] == "beyond the end of the tag"
    assert (found["ok"], found["value"]) == (False, None)


def test_json_says_that_a_write_is_unknown() -> None:
    found = said(unanswered("SCADA[1]=99"))
    assert (found["unknown"], found["ok"]) == (True, False)
    assert (found["status"], found["time"]) == (None, None)


def test_json_has_a_text_for_what_is_no_number() -> None:
    for octets, shown in (("0000c07f", "nan"), ("0000807f", "inf")):
        found = said(outcome("FLOAT", bytes.fromhex(octets), 0xCA))
        assert found["value"] == shown


def test_octets_are_numbers_in_json() -> None:
    assert plain({"a": [b"\x01\xff", (1, None)]}) == {"a": [[1, 255], [1, None]]}


# -- where lines go


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_line_is_written_at_once(capfd: pytest.CaptureFixture[str]) -> None:
    display("one")
    assert capfd.readouterr().out == "one\n"


def test_letters_that_the_output_has_not_are_escaped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    octets = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(octets, "ascii"))
    display("grün")
    assert octets.getvalue() == b"gr\\xfcn\n"


def test_a_reader_that_has_gone_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w") as out:
        monkeypatch.setattr(sys, "stdout", out)
        with pytest.raises(Unread):
            display("one")
        display("two")  # nor does it fail again, as the interpreter ends


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no full device")
def test_an_output_that_is_full_is_an_error_in_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with open("/dev/full", "w") as out:
        monkeypatch.setattr(sys, "stdout", out)
        with pytest.raises(Unwritten, match=r"^standard output: No space left on"):
            display("one")
        display("two")  # nor does it fail again, as the interpreter ends


def test_there_may_be_no_output_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    display("one")


# -- progress


def test_long_work_shows_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    terminal = Terminal()
    progress = Progress(4, terminal)
    progress.count(True)
    assert terminal.getvalue() == ""
    now += 2
    progress.count(False)
    assert terminal.getvalue() == "\r2 of 4 (50%), 1 a second, 1 failed"
    progress.count(True)
    assert terminal.getvalue().count("\r") == 1
    progress.clear()
    shown = terminal.getvalue().split("\r")
    assert shown[2:] == [" " * len(shown[1]), ""]
    progress.clear()
    assert terminal.getvalue().split("\r") == shown


def test_progress_without_an_end_has_no_percentage(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    terminal = Terminal()
    progress = Progress(None, terminal)
    now += 4
    progress.count(True)
    assert terminal.getvalue() == "\r1, 0 a second"


@pytest.mark.parametrize(
    ("error", "out", "printing_on", "verbose", "seen"),
    [
        (True, True, False, 0, True),
        (True, False, True, 0, True),
        (True, True, True, 0, False),
        (True, False, False, 1, False),
        (False, False, False, 0, False),
    ],
)
def test_progress_never_mixes_with_what_else_is_shown(
    error: bool,
    out: bool,
    printing_on: bool,
    verbose: int,
    seen: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    streams = [Terminal() if one else io.StringIO() for one in (error, out)]
    monkeypatch.setattr(sys, "stderr", streams[0])
    monkeypatch.setattr(sys, "stdout", streams[1])
    monkeypatch.setattr(Progress, "AFTER", -1.0)
    Progress.wanted(None, printing_on, verbose).count(True)
    assert bool(streams[0].getvalue()) is seen
    assert streams[1].getvalue() == ""
