# SPDX-License-Identifier: Apache-2.0
"""Operations on data files: their texts, what is refused and where, and their lines."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cpppo.client.commands.options import KINDS
from cpppo.client.datafiles import DataFiles, DataOperation, DataOutcome
from cpppo.client.operations import OperationError
from cpppo.client.pccc import DIALECTS, DataResult
from cpppo.client.printing import json_line, line
from cpppo.client.result import NONE
from cpppo.client.slc import SLC
from cpppo.errors import Disconnected
from cpppo.protocol.enip.datafile import LETTERS


def parsed(text: str, kind: str = "slc") -> DataOperation:
    return DataOperation.parse(text, kind)


def outcome(text: str, value: Any = None, **kwds: Any) -> DataOutcome:
    one = parsed(text)
    result = DataResult(str(one.address), value, **kwds)
    return DataOutcome.of(one, 7, result, 1.25)


TIMER = {"EN": False, "TT": False, "DN": True, "PRE": 5, "ACC": -1}


# -- texts


@pytest.mark.parametrize(
    ("text", "type", "value"),
    [
        ("N7:1=5", "INT", 5),
        ("  N7:1 =  -5 ", "INT", -5),
        ("N7:1=0x10", "INT", 16),
        ("N7:1=65535", "INT", -1),
        ("N7:1=1,2,3", "INT", [1, 2, 3]),
        ("N7:1{1}=5", "INT", [5]),
        ("N7:1{2}=5, 6", "INT", [5, 6]),
        ("F8:0=1.5", "REAL", 1.5),
        ("F8:0=1.1", "REAL", 1.1),
        ("F8:0{3}=1.5,2,-3e1", "REAL", [1.5, 2.0, -30.0]),
        ("L10:0=70000", "DINT", 70000),
        ("B3:0=0xFFFE", "WORD", 0xFFFE),
        ("B3:0=-2", "WORD", 0xFFFE),
        ("O:0=9", "WORD", 9),
        ("I:1.2=8", "WORD", 8),
        ("S:1=3", "INT", 3),
        ("B3/17=1", "BOOL", True),
        ("N7:0/3=false", "BOOL", False),
        ("L10:0/31=TRUE", "BOOL", True),
        ("T4:0.DN=0", "BOOL", False),
        ("T4:0.ACC=7", "INT", 7),
        ('ST9:0="hello"', "STRING", "hello"),
        ('ST9:0="a, ""b"" = c"', "STRING", 'a, "b" = c'),
        ("ST9:0=hello", "STRING", "hello"),
        ('ST9:0=""', "STRING", ""),
        ('ST9:0{2}="a","b"', "STRING", ["a", "b"]),
        ("A11:0=ab", "ASCII", "ab"),
        ('T4:0={"PRE": 5, "ACC": -1, "DN": true}', "TIMER", TIMER),
        ('T4:0={"PRE": 5, "ACC": 65535, "DN": 1}', "TIMER", TIMER),
        ('T4:0{2}={}, {"DN":1}', "TIMER", None),
    ],
)
def test_a_write_has_the_type_of_its_file(text: str, type: str, value: Any) -> None:
    one = parsed(text)
    assert (one.method, one.text, one.type) == ("write", text, type)
    if value is not None:
        assert one.value == value
        assert one.data == tuple(value if isinstance(value, list) else [value])
    else:
        assert [each["DN"] for each in one.value] == [False, True]


@pytest.mark.parametrize(
    ("text", "type"),
    [
        *(("N7:0", "INT"), ("F8:0{3}", "REAL"), ("B3/17", "BOOL"), ("T4:0", "TIMER")),
        *(("C5:0.ACC", "INT"), ("R6:0", "CONTROL"), ("ST9:0", "STRING")),
    ],
)
def test_without_a_value_it_is_a_read(text: str, type: str) -> None:
    one = parsed(text)
    assert (one.method, one.data, one.type) == ("read", None, type)


def test_a_plc5_counts_inputs_in_octal() -> None:
    assert parsed("I:017/17", "plc5").address.element == 15
    with pytest.raises(OperationError, match="octal"):
        parsed("I:8", "plc5")
    assert parsed("I:8").address.element == 8


def test_every_kind_and_every_type_of_file_is_known() -> None:
    assert set(KINDS) == set(DIALECTS)
    words = {kind.letter for kind in LETTERS.values() if kind.name == "WORD"}
    assert words == {"O", "I", "B"}
    assert {kind.name for kind in LETTERS.values() if kind.bits} == {
        *("TIMER", "COUNTER", "CONTROL")
    }


ADDRESS = "an address expected, as in N7:0, N7:0/3, B3/17"


@pytest.mark.parametrize(
    ("text", "problem", "mark"),
    [
        ("", ADDRESS, 0),
        ("=5", ADDRESS, 0),
        ("  SCADA[1]", ADDRESS, 7),
        ("  N7:", ADDRESS, 4),
        ("X7:0=1", "a file expected", 0),
        ("N7:0/16", "a bit is from 0 to 15", 5),
        ("T4:0.XYZ", "no member of T; there are PRE, ACC", 5),
        ("N7:65535{300}", "an element has a number to 65535", 0),
        ("N7:65535=1,2", "an element has a number to 65535", 0),
        ("N7:0=", "a value expected; an empty text is written", 5),
        ("N7:0=1,,3", "a value expected", 7),
        ("N7:0=(INT)5", "a data file has its type", 5),
        ("N7:0=1,x,3", "INT is a whole number from -32768 to 65535, not 'x'", 7),
        ("N7:0 = 65536", "not 65536", 7),
        ("N7:0=1.5", "not '1.5'", 5),
        ("F8:0=abc", "REAL is a number", 5),
        ("F8:0=1e99", "REAL is a number", 5),
        ("L10:0=4294967296", "DINT is a whole number", 6),
        ("T4:0.ACC=65536", "INT is a whole number", 9),
        ("N7:0{3}=1,2", "as many values as elements (3) expected, not 2", 11),
        ("N7:0{1}=1,2", "as many values as elements (1) expected, not 2", 10),
        ("B3/1=2", "a bit is 0, 1, true or false, not 2", 5),
        ("B3/1=on", "a bit is 0, 1, true or false, not 'on'", 5),
        ("B3:0=1, 65536", "65536 are no 16 bits: from -32768 to 65535", 8),
        ("B3/1=1, 0", "a bit has one value", 8),
        ("T4:0.ACC=1,2", "a word of an element has one value", 11),
        ('ST9:0="abc', "this quote is not closed", 6),
        ('ST9:0="a"b', "quotes go around a whole value", 9),
        (f"ST9:0={'x' * 83}", "a text here has up to 82 characters", 6),
        ("ST9:0=a,\u0416", "of Latin-1, not '\u0416'", 8),
        ("A11:0=abc", "up to 2 characters", 6),
        ("T4:0=5", 'an element expected, as {"ACC": 5}; or write a member', 5),
        ('T4:0={"PRE": x}', "no JSON", 13),
        ('T4:0={"PRX": 1}', "no member 'PRX'; there are EN, TT, DN, PRE, ACC", 5),
        ('T4:0={"PRE": 70000}', "INT is a whole number", 5),
        ('T4:0={}, {"DN": 2}', "DN: BOOL is true, false, 0 or 1, not 2", 9),
        ('T4:0={"DN": []}', "DN: BOOL is true, false, 0 or 1, not []", 5),
        ("T4:0={} x", "',' expected, or the end", 8),
        ("T4:0{2}={}", "as many values as elements (2) expected, not 1", 10),
    ],
)
def test_what_is_wrong_is_shown_with_its_place(
    text: str, problem: str, mark: int
) -> None:
    with pytest.raises(OperationError) as raised:
        parsed(text)
    first, shown, caret = str(raised.value).split("\n")
    assert problem in first
    assert shown == f"  {text}" or f"  {text}".startswith(shown.removesuffix("..."))
    assert caret == f"  {' ' * mark}^"


# -- outcomes


@pytest.mark.parametrize(
    ("one", "shown"),
    [
        (outcome("N7:0", 5), "                N7:0              == [5]: 'OK'"),
        (
            outcome("F8:0{2}", [1.5, 2.0]),
            "             F8:0{2}              == [1.5, 2.0]: 'OK'",
        ),
        (outcome("N7:1=5", 5), "                N7:1              <= [5]: 'OK'"),
        (
            outcome("N7:1=5,6", [5, 6]),
            "                N7:1              <= [5, 6]: 'OK'",
        ),
        (
            outcome('ST9:0="hello"', "hello"),
            "               ST9:0              <= ['hello']: 'OK'",
        ),
        (
            outcome("N99:0", status=0xF0, extended=(6,), words="nothing there"),
            "               N99:0              == None: "
            "'Status 240 [6]: nothing there'",
        ),
        (
            outcome("N7:1=5", status=NONE, words="no answer", unknown=True),
            "                N7:1              <= [5]: 'Unknown: no answer'",
        ),
    ],
)
def test_an_outcome_is_a_line_as_that_of_a_tag(one: DataOutcome, shown: str) -> None:
    assert line(one) == shown


def test_an_outcome_is_a_line_of_json() -> None:
    assert json.loads(json_line(outcome("T4:0", TIMER))) == {
        **{"index": 7, "tag": "T4:0", "type": "TIMER", "value": TIMER, "status": 0},
        **{"extended": [], "words": "OK", "ok": True, "unknown": False, "time": 1.25},
    }
    wrong = outcome("N9:0", status=0xF0, extended=(6,), words="nothing there")
    said = json.loads(json_line(wrong))
    assert (said["type"], said["value"], said["ok"]) == (None, None, False)
    assert (said["status"], said["extended"]) == (0xF0, [6])
    lost = outcome("N7:0=5", status=NONE, words="no answer", unknown=True)
    said = json.loads(json_line(lost))
    assert (said["type"], said["status"], said["time"]) == ("INT", None, None)
    assert said["unknown"]


class Processor(SLC):
    """One that answers as a test says."""

    def __init__(self, *answers: DataResult) -> None:
        super().__init__("10.0.0.5")
        self.answers = list(answers)
        self.asked: list[Any] = []

    def read(self, *tags: Any) -> Any:
        self.asked += tags
        return self.answers.pop(0)

    def write(self, *items: Any) -> Any:
        self.asked += items
        return self.answers.pop(0)


def test_each_is_asked_in_its_turn() -> None:
    plc = Processor(DataResult("N7:0", 5), DataResult("N7:1{1}", [6]))
    files = DataFiles(plc)
    found = list(files.ask(map(parsed, ("N7:0", "N7:1{1}=6")), 3))
    assert plc.asked == ["N7:0", ("N7:1{1}", [6])]
    assert [one.index for one in found] == [3, 4]
    assert [one.data for one in found] == [[5], [6]]


def test_after_a_write_that_may_have_been_done_nothing_is_asked() -> None:
    plc = Processor(DataResult("N7:0", status=NONE, words="?", unknown=True))
    asking = DataFiles(plc).ask(map(parsed, ("N7:0=5", "N7:1")))
    assert next(asking).unknown
    with pytest.raises(Disconnected, match=r"no answer from 10\.0\.0\.5:44818 to a wr"):
        next(asking)
    assert plc.asked == [("N7:0", 5)]
