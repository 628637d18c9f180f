# SPDX-License-Identifier: Apache-2.0
"""Attributes, and what a program of yours makes of them: `__getitem__`, `__setitem__`.

A hook is called with an index or a slice; whatever it raises or returns, the client has
an answer and the session goes on.  An error that is set answers every access.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import pytest
from asking import (
    Client,
    controller,
    element,
    multiple,
    number,
    read,
    read_on,
    replies_in,
    request,
    symbol,
    unconnected,
    write,
    write_on,
)

from cpppo.errors import EncodeError
from cpppo.server.enip import BOOL, DINT, INT, REAL, SSTRING, device

TAGS = "SCADA@22/1/1=INT[10] FLOAT@22/1/2=REAL TEXT@22/1/3=SSTRING[5]"

OUT_OF_RANGE = (0xFF, (0x2105,))


class Noted(device.Attribute):
    """Notes every access, and does as the plain one does."""

    notes: list[tuple[str, str, Any, Any]]

    def __init__(self, *args: Any, notes: Any, **kwds: Any) -> None:
        super().__init__(*args, **kwds)
        self.notes = notes

    def __getitem__(self, key: int | slice) -> Any:
        value = super().__getitem__(key)
        self.notes.append(("get", self.name, key, value))
        return value

    def __setitem__(self, key: int | slice, value: Any) -> None:
        self.notes.append(("set", self.name, key, value))
        super().__setitem__(key, value)


def noted() -> tuple[Client, list[tuple[str, str, Any, Any]]]:
    notes: list[tuple[str, str, Any, Any]] = []
    of = controller(TAGS, attribute_class=Noted, attribute_kwds={"notes": notes})
    one = Client(of)
    notes.clear()
    return one, notes


def range_of(key: int | slice) -> tuple[int, int]:
    """From where to where a key goes; it is an index or a slice without a step."""
    if isinstance(key, slice):
        assert key.step in (None, 1)
        assert isinstance(key.start, int) and isinstance(key.stop, int)
        return key.start, key.stop
    assert type(key) is int
    return key, key + 1


# -- an attribute by itself


def test_an_attribute_is_had_by_index_and_slice() -> None:
    one = device.Attribute("A", INT, [1, 2, 3, 4])
    assert len(one) == 4
    assert not one.scalar
    assert one[0] == 1
    assert one[3] == 4
    assert one[1:3] == [2, 3]
    assert one[:] == [1, 2, 3, 4]
    one[1] = -2
    one[2:4] = [30, 40]
    assert one[0:4] == [1, -2, 30, 40]


def test_a_scalar_is_an_array_of_one() -> None:
    one = device.Attribute("A", REAL, 1.5)
    assert one.scalar
    assert len(one) == 1
    assert one[0] == 1.5
    assert one.value == 1.5
    one[0] = 2.5
    assert one.value == 2.5
    one.value = 3.5
    assert one[0:1] == [3.5]


@pytest.mark.parametrize("key", [4, 100, slice(0, 5), slice(4, 5), slice(3, 6)])
def test_beyond_the_end_is_an_error_of_the_key(key: int | slice) -> None:
    one = device.Attribute("A", INT, [1, 2, 3, 4])
    with pytest.raises((IndexError, KeyError)):
        one[key]
    with pytest.raises((IndexError, KeyError)):
        one[key] = [0] * 5 if isinstance(key, slice) else 0
    assert one[0:4] == [1, 2, 3, 4]


@pytest.mark.parametrize("value", [40000, -40000, "x", None, 1.5, [1]])
def test_a_value_that_does_not_fit_is_refused(value: object) -> None:
    one = device.Attribute("A", INT, [1, 2, 3])
    with pytest.raises((EncodeError, TypeError)):
        one[1] = value
    with pytest.raises((EncodeError, TypeError)):
        one[0:2] = [5, value]
    assert one[0:3] == [1, 2, 3]


def test_too_many_or_too_few_values_are_refused() -> None:
    one = device.Attribute("A", INT, [1, 2, 3])
    for values in ([], [9], [9, 9, 9]):
        with pytest.raises((ValueError, IndexError, KeyError)):
            one[0:2] = values
    assert one[0:3] == [1, 2, 3]


def test_an_attribute_says_its_octets() -> None:
    one = device.Attribute("A", INT, [1, 2, 3])
    assert one.produce() == b"\1\0\2\0\3\0"
    assert one.produce(1, 2) == b"\2\0"
    text = device.Attribute("T", SSTRING, ["a", "bc"])
    assert text.produce() == b"\1a\2bc"
    assert device.Attribute("B", BOOL, [True, False]).produce()[1:] == b"\0"


def test_an_attribute_knows_its_type() -> None:
    one = device.Attribute("A", REAL)
    assert isinstance(one.parser, REAL)
    assert one.name == "A"
    assert one[0] == 0.0
    assert device.Attribute("T", SSTRING)[0] == ""
    assert isinstance(device.Attribute("D", DINT).parser, DINT)


# -- hooks


def test_a_hook_sees_every_read() -> None:
    one, notes = noted()
    for asked in (
        read(symbol("SCADA") + element(2), 3),
        read_on(symbol("SCADA") + element(2), 3),
        unconnected(read(symbol("scada") + element(2), 3)),
        read(number(22, 1, 1) + element(2), 3),
    ):
        for _ in range(2):
            notes.clear()
            assert one.ask(asked).data == b"\xc3\0" + bytes(6)
            assert [(how, name) for how, name, _, _ in notes] == [("get", "SCADA")]
            assert range_of(notes[0][2]) == (2, 5)
            assert notes[0][3] == [0, 0, 0]


def test_a_hook_sees_every_write() -> None:
    one, notes = noted()
    octets = struct.pack("<2h", -5, 7)
    for asked in (
        write(symbol("SCADA") + element(4), 0xC3, 2, octets),
        write_on(symbol("SCADA") + element(4), 0xC3, 2, 0, octets),
        unconnected(write(symbol("SCADA") + element(4), 0xC3, 2, octets)),
        multiple([write(symbol("SCADA") + element(4), 0xC3, 2, octets)]),
    ):
        for _ in range(2):
            notes.clear()
            assert one.ask(asked).status == 0
            assert len(notes) == 1
            how, name, key, value = notes[0]
            assert (how, name, range_of(key), list(value)) == (
                "set", "SCADA", (4, 6), [-5, 7],
            )  # fmt: skip


def test_a_hook_of_a_scalar_has_a_value_as_its_key_says() -> None:
    one, notes = noted()
    assert one.ask(write("FLOAT", 0xCA, 1, struct.pack("<f", 1.5))).status == 0
    assert one.ask(read("FLOAT")).data == b"\xca\0" + struct.pack("<f", 1.5)
    for _, name, key, value in notes:
        assert name == "FLOAT"
        assert range_of(key) == (0, 1)
        assert value == ([1.5] if isinstance(key, slice) else 1.5)


def test_a_hook_sees_attributes_got_and_set() -> None:
    one, notes = noted()
    assert one.ask(request(0x10, number(22, 1, 2), struct.pack("<f", 2.5))).status == 0
    assert one.ask(request(0x0E, number(22, 1, 2))).data == struct.pack("<f", 2.5)
    assert [how for how, *_ in notes] == ["set", "get"]


def test_a_hook_sees_texts() -> None:
    one, notes = noted()
    asked = write(symbol("TEXT") + element(1), 0xDA, 2, b"\2hi\3you")
    assert one.ask(asked).status == 0
    assert list(notes[-1][3]) == ["hi", "you"]
    assert one.ask(read(symbol("TEXT") + element(1), 2)).data == b"\xda\0\2hi\3you"
    assert notes[-1][0] == "get"


def test_a_hook_sees_each_read_of_a_packet() -> None:
    one, notes = noted()
    one.ask(multiple([read("SCADA"), read("FLOAT"), read("SCADA")]))
    assert [name for _, name, _, _ in notes] == ["SCADA", "FLOAT", "SCADA"]


def test_what_a_hook_returns_is_what_is_read() -> None:
    class Weather(device.Attribute):
        def __getitem__(self, key: int | slice) -> Any:
            value = 21.5 if isinstance(self.parser, REAL) else 21
            return [value] if self._validate_key(key) is slice else value

    one = Client(controller("PARIS=REAL ROME=INT", attribute_class=Weather))
    for _ in range(2):
        assert one.ask(read("PARIS")).data == b"\xca\0" + struct.pack("<f", 21.5)
        assert one.ask(read("ROME")).data == b"\xc3\0\x15\0"
        assert one.ask(unconnected(read("rome"))).data == b"\xc3\0\x15\0"


def test_a_hook_of_one_way_leaves_the_other_plain() -> None:
    class Doubling(device.Attribute):
        def __setitem__(self, key: int | slice, value: Any) -> None:
            assert isinstance(key, slice)
            super().__setitem__(key, [2 * each for each in value])

    one = Client(controller("A=INT[3]", attribute_class=Doubling))
    for _ in range(2):
        assert one.ask(write("A", 0xC3, 2, b"\1\0\2\0")).status == 0
        assert one.ask(read("A", 3)).data == b"\xc3\0\2\0\4\0\0\0"


def raising(exc: Exception) -> type[device.Attribute]:
    class Raising(device.Attribute):
        def __getitem__(self, key: int | slice) -> Any:
            raise exc

        def __setitem__(self, key: int | slice, value: Any) -> None:
            raise exc

    return Raising


ACCESSES = {
    "read": read("SCADA", 2),
    "read fragmented": read_on("SCADA", 2),
    "write": write("SCADA", 0xC3, 1, b"\1\0"),
    "write fragmented": write_on("SCADA", 0xC3, 1, 0, b"\1\0"),
    "get": request(0x0E, number(22, 1, 1)),
    "set": request(0x10, number(22, 1, 1), bytes(20)),
}


@pytest.mark.parametrize("asked", ACCESSES.values(), ids=ACCESSES)
@pytest.mark.parametrize("exc", [IndexError("no"), KeyError("no")], ids=repr)
def test_a_key_that_a_hook_has_not_is_out_of_range(exc: Any, asked: bytes) -> None:
    one = Client(controller(TAGS, attribute_class=raising(exc)))
    for _ in range(2):
        reply = one.ask(asked)
        assert reply.service == asked[0] | 0x80
        assert (reply.status, reply.extended) == OUT_OF_RANGE


@pytest.mark.parametrize("asked", ACCESSES.values(), ids=ACCESSES)
@pytest.mark.parametrize(
    "exc",
    [
        Exception("Changing the weather isn't that easy..."),
        ValueError("no"),
        OSError("no"),
        ZeroDivisionError(),
        StopIteration(),
        RecursionError(),
        MemoryError(),
        AssertionError(),
        NotImplementedError(),
        UnicodeDecodeError("utf-8", b"x", 0, 1, "no"),
    ],
    ids=lambda exc: type(exc).__name__,
)
def test_whatever_a_hook_raises_is_an_error_status(exc: Any, asked: bytes) -> None:
    one = Client(controller(TAGS, attribute_class=raising(exc)))
    for _ in range(2):
        reply = one.ask(asked)
        assert reply.service == asked[0] | 0x80
        assert reply.status != 0
        assert one.ask(unconnected(asked)) == reply
    outer = one.ask(multiple([asked, request(0x0E, number(1, 1, 1))]))
    assert outer.status == 0x1E
    assert [bool(each.status) for each in replies_in(outer.data)] == [True, False]


def returning(value: Any) -> Callable[..., device.Attribute]:
    class Returning(device.Attribute):
        def __getitem__(self, key: int | slice) -> Any:
            return value

    return Returning


@pytest.mark.parametrize(
    "value",
    [None, 5, [], [1], [1, 2, 3], [1, 70000], [1, "x"], "xy", {}, ..., [1, None],
     [[1, 2]], 1.5, b"ab", float("nan")],
    ids=repr,
)  # fmt: skip
def test_what_a_hook_returns_that_does_not_fit_is_an_error(value: Any) -> None:
    one = Client(controller(TAGS, attribute_class=returning(value)))
    for _ in range(2):
        for asked in (read("SCADA", 2), read_on("SCADA", 2), read("TEXT", 2)):
            if asked == read("TEXT", 2) and value == "xy":
                continue  # two texts of one character, or nonsense: both will do
            reply = one.ask(asked)
            assert reply.service == asked[0] | 0x80
            assert reply.status not in (0, 6), reply
        assert one.ask(request(0x0E, number(1, 1, 1))).status == 0


def test_a_tuple_or_any_sequence_will_do() -> None:
    for value in ((1, 2), range(1, 3)):
        one = Client(controller(TAGS, attribute_class=returning(value)))
        assert one.ask(read("SCADA", 2)).data == b"\xc3\0\1\0\2\0"


# -- errors


@pytest.mark.parametrize("warm", [False, True])
@pytest.mark.parametrize("asked", ACCESSES.values(), ids=ACCESSES)
def test_an_error_that_is_set_answers_every_access(asked: bytes, warm: bool) -> None:
    one = Client(controller(TAGS))
    if warm:
        for _ in range(3):
            assert one.ask(asked).status == 0
            one.ask(unconnected(asked))
    attribute = one.controller.tags["SCADA"]
    before = attribute.produce()
    attribute.error = 0x10
    for octets in (asked, asked, unconnected(asked), unconnected(asked)):
        reply = one.ask(octets)
        assert (reply.service, reply.status) == (asked[0] | 0x80, 0x10)
        assert reply.data == b""
    replies = replies_in(one.ask(multiple([asked, read("FLOAT")])).data)
    assert [each.status for each in replies] == [0x10, 0]
    assert attribute.produce() == before
    attribute.error = 0
    for octets in (asked, asked, unconnected(asked)):
        assert one.ask(octets).status == 0


@pytest.mark.parametrize("status", [-1, 0x100, 0x1234, 2**70])
def test_an_error_that_is_no_status_loses_no_session(status: int) -> None:
    one = Client(controller(TAGS))
    try:
        one.controller.tags["SCADA"].error = status
    except ValueError:
        assert one.ask(read("SCADA")).status == 0
        return
    assert one.ask(read("SCADA")).status != 0
    assert one.ask(read("FLOAT")).status == 0


def test_an_error_is_all_the_clients() -> None:
    of = controller(TAGS)
    several = [Client(of) for _ in range(3)]
    assert all(one.ask(read("SCADA")).status == 0 for one in several)
    of.tags["SCADA"].error = 0x0C
    assert all(one.ask(read("SCADA")).status == 0x0C for one in several)
    of.tags["SCADA"].error = 0
    assert all(one.ask(read("SCADA")).status == 0 for one in several)


def test_what_a_program_sets_is_read() -> None:
    one = Client(controller(TAGS))
    for value in (1, -2, 3):
        one.controller.tags["SCADA"][0] = value
        one.controller.tags["TEXT"][0] = str(value)
        assert one.ask(read("SCADA")).data == b"\xc3\0" + struct.pack("<h", value)
        text = str(value).encode()
        assert one.ask(read("TEXT")).data == b"\xda\0" + bytes((len(text),)) + text


def test_arguments_reach_the_attributes() -> None:
    class Named(device.Attribute):
        def __init__(self, *args: Any, city: str, **kwds: Any) -> None:
            super().__init__(*args, **kwds)
            self.city = city

    kwds = {"city": "Rome"}
    of = controller("A=REAL", attribute_class=Named, attribute_kwds=kwds)
    attribute = of.tags["A"]
    assert isinstance(attribute, Named)
    assert attribute.city == "Rome"
