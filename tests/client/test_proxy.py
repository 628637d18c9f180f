# SPDX-License-Identifier: Apache-2.0
"""Proxies: what is read and written, whose gateway it is, and what ends it."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any, ClassVar

import pytest
from asking import Client, Frame, controller, frame
from outcomes import outcome, unanswered
from peers import LOOPBACK, PATIENCE, Far, far, serving, vacant, wait_for

from cpppo.client.attributes import ValueMismatch, attribute_operations
from cpppo.client.connector import connector
from cpppo.client.operations import Operation, OperationError, parse_operations
from cpppo.client.proxy import parameter, proxy, proxy_simple
from cpppo.client.result import Result
from cpppo.dotdict import dotdict
from cpppo.errors import (
    CpppoError,
    Disconnected,
    EncodeError,
    Malformed,
    ProtocolError,
    Refused,
    StatusError,
    Timeout,
)
from cpppo.protocol.enip.types import INT, SSTRING

NAME = "1756-L61/B LOGIX5561"
TAGS = "SCADA=INT[10] T=SSTRING[2] Velocity@0x93/3/10=REAL Scan@4/150/3=INT[18]"
IDENTITY = [1, 14, 54, 2836, 12640, 7079450, NAME, 255]


class sensor(proxy_simple):
    """What the manual has."""

    PARAMETERS: ClassVar[Any] = dict(
        proxy_simple.PARAMETERS,
        a_sensor_parameter=proxy_simple.parameter("@0x93/3/10", "REAL", "Hz"),
    )


@contextmanager
def device(kind: type[proxy] = proxy, **kwds: Any) -> Iterator[proxy]:
    """A proxy of a device that is there."""
    with serving(controller(TAGS)) as (host, port):
        via = kind(host, port=port, **kwds)
        try:
            yield via
        finally:
            via.close_gateway()


# -- a gateway in memory


class Gateway:
    """Answers as `answer` says, which is told the operation and the gateway."""

    def __init__(self, world: World, **kwds: Any) -> None:
        self.world = world
        self.kwds = kwds
        self.session = len(world.opened) + 1
        self.closed = False
        self.gone = False  # whether the peer has closed it

    def __str__(self) -> str:
        return f"there:1[{self.session}]"

    def readable(self, timeout: float | None = None) -> bool:
        return self.gone

    def close(self) -> None:
        self.closed = True

    def ask(self, operations: Iterable[Any], **how: Any) -> Iterator[Result]:
        assert not self.closed
        with self.world.alone:
            for one in operations:
                given = Operation.parse(one) if isinstance(one, str) else one
                operation = Operation.of(given)
                self.world.asked.append((self.session, operation))
                self.world.how.append(how)
                found = self.world.answer(operation, self)
                if isinstance(found, BaseException):
                    raise found
                yield found


class Alone:
    """Fails where two are inside at once."""

    def __init__(self) -> None:
        self.lock = threading.Lock()

    def __enter__(self) -> None:
        assert self.lock.acquire(blocking=False), "two threads have the gateway"

    def __exit__(self, *_: object) -> None:
        self.lock.release()


class World:
    """All gateways that were opened, and all that was asked."""

    def __init__(self, answer: Any = None, opening: Any = None) -> None:
        self.opened: list[Gateway] = []
        self.asked: list[tuple[int, Operation]] = []
        self.how: list[dict[str, Any]] = []
        self.alone = Alone()
        self.answer = answer or (lambda operation, _: outcome(operation, b"\1\0"))
        self.opening = opening

    def __call__(self, **kwds: Any) -> Gateway:
        if self.opening is not None:
            problem = self.opening(len(self.opened))
            if problem is not None:
                raise problem
        self.opened.append(Gateway(self, **kwds))
        return self.opened[-1]

    def via(self, **kwds: Any) -> proxy:
        kwds = {"identity_default": "Something", **kwds}
        return proxy("there", gateway_class=self, **kwds)  # type: ignore[arg-type]

    @property
    def open(self) -> int:
        return sum(not one.closed for one in self.opened)

    @property
    def texts(self) -> list[str]:
        return [operation.text for _, operation in self.asked]


# -- reading


def test_a_parameter_is_read_by_its_name() -> None:
    with device(sensor) as via:
        params = via.parameter_substitution("A Sensor Parameter")
        (value,) = via.read(params)
        assert value == [0.0]
        (value,) = via.read(via.parameter_substitution("Product Name"))
        assert value == [NAME]


def test_types_are_names_classes_lists_and_nothing() -> None:
    with device() as via:
        assert list(
            via.read(
                [
                    ("@1/1/1", "INT"),
                    ("@1/1/1", "INT", "units"),
                    ("@1/1/1", INT),
                    ("@1/1/7", SSTRING),
                    ("@1/1", ["INT"] * 5 + ["DINT", "SSTRING", "USINT"]),
                    ("@4/150/3", ["INT", INT]),
                    ("@4/150/3", "INT"),
                    ("SCADA[0-2]", None),
                    "SCADA[0-2]",
                    "SCADA",
                    ("SCADA[0-2]", "INT"),
                    ("SCADA[0-1]", "UINT"),
                    ("T", "SSTRING"),
                    proxy.PARAMETERS["identity"],
                ]
            )
        ) == [
            [1],
            [1],
            [{"INT": 1}],
            [{"SSTRING": {"length": 20, "string": NAME}}],
            IDENTITY,
            [0, {"INT": 0}],
            [0] * 18,
            [0, 0, 0],
            [0, 0, 0],
            [0],
            [0, 0, 0],
            [0, 0],
            [""],
            IDENTITY,
        ]
        (value,) = via.read(("@1/1/7", SSTRING) for _ in range(1))
        assert value[0].SSTRING.string == NAME


def test_all_known_parameters_are_read_at_once() -> None:
    with device() as via:
        names = ["TCPIP", "Identity", "product_name"]
        interface, identity, name = via.read(via.parameter_substitution(names))
        assert (interface[0], interface[3]) == (2, [])
        assert (identity, name) == (IDENTITY, [NAME])


def test_what_is_refused_is_none_in_its_place() -> None:
    with device() as via:
        asked = ["SCADA", ("@9/9/9", "INT"), "nobody", ("@1/1/1", "INT"), "SCADA[99]"]
        assert list(via.read(asked)) == [[0], None, None, [1], None]
        details = list(via.read_details(asked))
        assert details[0] == ([0], (0, ("SCADA", None, None)))
        assert details[1] == (None, (5, ("@9/9/9", "INT", None)))
        assert details[3] == ([1], (0, ("@1/1/1", "INT", None)))
        value, (status, _) = details[4]
        assert (value, status) == (None, (0xFF, [0x2105]))


def test_checking_raises_what_was_refused_in_its_place() -> None:
    with device() as via:
        found = via.read(
            [("@1/1/1", "INT"), ("@9/9/9", "INT"), "nobody"], checking=True
        )
        assert next(found) == [1]
        with pytest.raises(StatusError) as told:
            next(found)
        assert told.value.code == 5
        text = "@9/9/9: no such tag or object; refused too: nobody (0x05)"
        assert str(told.value) == text
        # Only the wire costs a gateway.
        assert via.gateway is not None and not via.gateway.closed


def test_octets_that_do_not_fit_the_type_are_an_error_that_names_the_attribute() -> (
    None
):
    with device() as via:
        found = via.read([("@1/1/7", "SSTRING"), ("@1/1/1", "DINT")])
        assert next(found) == [NAME]
        with pytest.raises(ValueMismatch, match="@1/1/1: no DINT at octet 0 of 2"):
            next(found)
        with pytest.raises(ValueMismatch, match="asked for as REAL, and it is INT"):
            list(via.read([("SCADA[0-1]", "REAL")]))
        assert list(via.read(["SCADA"])) == [[0]]


def test_a_wrong_type_costs_no_other_value_where_outcomes_are_read() -> None:
    asked = [("@1/1/1", "DINT"), ("SCADA", "REAL", "Hz"), ("@9/9/9", "INT"), "SCADA"]
    with device() as via:
        found = list(via.read_outcomes(asked))
        assert [value for value, _, _ in found] == [None, None, None, [0]]
        told = [(str(problem), detail) for _, detail, problem in found]
        wrong = "@1/1/1: no DINT at octet 0 of 2: there is 01 00"
        float_wanted = "SCADA: asked for as REAL, and it is INT"
        assert told == [
            (wrong, (0, ("@1/1/1", "DINT", None))),
            (float_wanted, (0, ("SCADA", "REAL", "Hz"))),
            ("None", (5, ("@9/9/9", "INT", None))),
            ("None", (0, ("SCADA", None, None))),
        ]
        details = via.read_details(reversed(asked[:2] + asked[3:]))
        assert next(details) == ([0], (0, ("SCADA", None, None)))
        with pytest.raises(ValueMismatch, match=float_wanted):
            next(details)
        assert via.gateway is not None


def test_nothing_at_all_is_read_without_a_gateway() -> None:
    world = World()
    assert list(world.via().read([])) == []
    assert world.opened == []


def test_printing_says_what_was_read(capsys: pytest.CaptureFixture[str]) -> None:
    with device() as via:
        asked = [("@1/1/1", "INT", "u"), ("@9/9/9", "INT"), ("@1/1", ["INT", "INT"])]
        list(via.read([*asked, ("@0x93/3/10=(REAL)1.5", "REAL")], printing=True))
    assert capsys.readouterr().out.splitlines() == [
        "          @1/1/1 == 1 u",
        "          @9/9/9 == None: 'no such tag or object'",
        "            @1/1 == 1, 14",
        "@0x93/3/10=(REAL)1.5 == True",
    ]


# -- writing


def test_what_is_written_is_true_and_there() -> None:
    with device() as via:
        texts = ["SCADA[0-1]=1,2", ("@0x93/3/10=(REAL)1.5", "REAL")]
        assert list(via.write(texts, checking=True)) == [True, True]
        asked = ["SCADA[0-2]", ("@0x93/3/10", "REAL"), ("@0x93/3/10", None)]
        assert list(via.read(asked)) == [[1, 2, 0], [1.5], [1.5]]


def test_values_have_the_type_of_their_parameter_unless_they_say_another() -> None:
    world = World(lambda operation, _: outcome(operation))
    via = world.via(operations_parser=None)
    found = via.parameter_substitution(
        ["Rate = 5", "Rate = (INT)5", "Rate = 2.5", "Host = 7", "Many=1"],
        parameters={
            "rate": parameter("@9/1/1", "REAL"),
            "host": parameter("@9/1/2", "IPADDR"),
            "many": ("@9/1/3", ["INT", "INT"], "m"),
        },
    )
    list(via.write(found))
    kinds = [operation.type.__name__ for _, operation in world.asked]  # type: ignore[union-attr]
    assert kinds == ["REAL", "INT", "REAL", "SINT", "SINT"]
    assert {operation.method for _, operation in world.asked} == {
        "set_attribute_single"
    }


def test_a_write_that_is_refused_is_none_or_raised() -> None:
    with device() as via:
        assert list(via.write(["nobody=1", "SCADA=5", "SCADA[7-12]=1,2,3,4,5,6"])) == [
            None,
            True,
            None,
        ]
        with pytest.raises(
            StatusError, match=r"^nobody: no such tag or object \(0x05\)"
        ):
            list(via.write("nobody = (DINT)1,2,3", checking=True))


# -- substitution


def test_names_of_parameters_are_found_however_they_are_spelt() -> None:
    via = sensor("nowhere")
    wanted = [("@0x93/3/10", "REAL")]
    for name in ("A Sensor Parameter", "a_sensor_parameter", " A_SENSOR parameter "):
        assert list(via.parameter_substitution(name)) == wanted
    assert list(via.parameter_substitution("A Sensor Parameter = (REAL)1.5")) == [
        ("@0x93/3/10= (REAL)1.5", "REAL")
    ]


def test_other_names_pass_unless_they_may_not() -> None:
    via = sensor("nowhere")
    several = ["A Sensor Parameter", "SCADA", ("@1/1/1", "INT", "u"), ("x", None)]
    assert list(via.parameter_substitution(several)) == [
        ("@0x93/3/10", "REAL"),
        *several[1:],
    ]
    assert list(via.parameter_substitution("SCADA", pass_thru=True)) == ["SCADA"]
    with pytest.raises(OperationError, match="known: identity, product_name"):
        list(via.parameter_substitution(["SCADA[1]"], pass_thru=False))
    mine = {"My Own": parameter("@1/1/1", "INT", "x")}
    assert list(via.parameter_substitution(["My Own", "Identity"], mine)) == [
        ("@1/1/1", "INT"),
        "Identity",
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        5,
        None,
        ("@1/1/1", "INT", "u", "v"),
        ("@1/1/1",),
        (5, "INT"),
        ("a", 5),
        ("a", [5]),
    ],
)
def test_what_cannot_be_read_is_refused_before_anything_is_sent(wrong: Any) -> None:
    world = World()
    with pytest.raises(OperationError, match=r"\(text, types, units\) expected"):
        list(world.via().read(["SCADA", wrong]))
    assert not proxy.is_request(wrong)
    assert world.opened == []


@pytest.mark.parametrize(
    "wrong", ["Product Name", "@1/1/", "SCADA=x", "SCADA[3-1]", ""]
)
def test_a_wrong_text_is_refused_before_anything_is_sent(wrong: str) -> None:
    world = World()
    with pytest.raises(OperationError) as told:
        list(world.via().write(["SCADA=1", wrong]))
    assert "^" in str(told.value)
    with pytest.raises(EncodeError, match="@1/1/1: no type 'WHAT'"):
        list(world.via().read(["SCADA", ("@1/1/1", "WHAT")]))
    assert world.opened == []


# -- how it is asked


def test_what_a_proxy_is_told_reaches_the_gateway_and_the_requests() -> None:
    world = World()
    via = world.via(
        port=4,
        timeout=7,
        depth=9,
        multiple=250,
        route_path="1/3",
        send_path="@6/1",
        priority_time_tick=4,
        timeout_ticks=99,
        dialect=int,
        source_address="127.0.0.2",
    )
    list(via.read("SCADA"))
    assert world.opened[0].kwds == {
        "host": "there",
        "port": 4,
        "timeout": 7,
        "dialect": int,
        "source_address": "127.0.0.2",
    }
    assert world.how == [
        {
            "depth": 9,
            "multiple": 250,
            "timeout": 7,
            "route_path": "1/3",
            "send_path": "@6/1",
            "priority_time_tick": 4,
            "timeout_ticks": 99,
        }
    ]


def test_what_nobody_says_is_as_published() -> None:
    via = proxy("there", None, None, None, None)
    assert (via.port, via.timeout, via.depth, via.multiple) == (44818, 5, 2, 0)
    assert via.gateway_class is connector
    simple = proxy_simple("there", port=5)
    assert simple.way["route_path"] is False and simple.way["send_path"] == ""
    assert simple.port == 5


def test_a_wrong_route_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="port"):
        proxy("there", route_path="x/1")


def test_a_parser_of_ones_own_makes_the_operations() -> None:
    asked: list[Any] = []

    def parser(texts: Iterable[str], **kwds: Any) -> Any:
        asked.append((list(texts), kwds))
        return attribute_operations(asked[-1][0], **kwds)

    with device(proxy_simple, operations_parser=parser) as via:
        found = list(
            via.read(["@1/1/1", ("@1/1/1", "INT"), "@4/150/3=(INT)" + "1," * 17 + "1"])
        )
        assert found == [[1, 0], [1], True]
    way = {"route_path": False, "send_path": ""}
    way |= {"priority_time_tick": None, "timeout_ticks": None}
    assert asked[1] == (["@1/1/1"], way)
    with device(operations_parser=parse_operations) as via:
        assert list(via.read(["SCADA[0-1]"])) == [[0, 0]]


def test_a_parser_of_ones_own_that_is_wrong_costs_nothing() -> None:
    world = World()
    via = world.via(operations_parser=lambda texts, **_: [{"path": "@1/1", "data": []}])
    with pytest.raises(OperationError):
        list(via.read(["x"]))
    assert world.opened == []


def test_texts_are_understood_once() -> None:
    calls: Counter[str] = Counter()

    class counted(proxy):
        def _operations(self, text: str, types: Any) -> Any:
            calls[text] += 1
            return super()._operations(text, types)

    world = World()
    via = counted("there", gateway_class=world, identity_default="x")  # type: ignore[arg-type]
    for _ in range(3):
        list(via.read(["SCADA", ("SCADA", "INT"), ("@1/1", ["INT"]), "SCADA=1"]))
    assert calls == {"SCADA": 2, "@1/1": 1, "SCADA=1": 3}


# -- who it is


def test_a_proxy_says_whom_it_is_connected_to() -> None:
    with device() as via:
        assert str(via) == "None at None"
        assert via.identity is None and via.instance is None
        with via:
            assert str(via) == f"{NAME} at {via.gateway}"
            assert via.gateway is not None and via.gateway.session is not None
            assert str(via).endswith(f":{via.port}[{via.gateway.session}]")
            identity: Any = via.instance
            assert identity.product_name == NAME
            assert via.list_identity().serial_number == 7079450
        assert str(via) != "None at None"
        via.close_gateway()
        assert str(via) == "None at None"
        assert via.list_identity().product_name == NAME


@pytest.mark.parametrize("named", ["Something", dotdict(product_name="Something"),
                                   {"product_name": "Something"}])  # fmt: skip
def test_an_identity_that_is_given_is_not_asked_for(named: Any) -> None:
    def silent(one: Far, asked: Frame) -> bytes:
        raise AssertionError("it was asked")

    with far(silent) as one:
        via = proxy(*one.address, identity_default=named)
        assert str(via) == "Something at None"
        with via:
            assert str(via) == f"Something at {via.gateway}"
            assert via.instance.product_name == "Something"
        via.close_gateway()
        assert str(via) == "Something at None"
        assert one.seen.qsize() == 0


# -- what ends a gateway


def test_a_with_statement_opens_and_closes_where_something_is_raised() -> None:
    world = World()
    via = world.via()
    with via:
        assert world.open == 1
    assert world.open == 1
    with pytest.raises(KeyboardInterrupt), via:
        raise KeyboardInterrupt
    assert world.open == 0
    assert list(via.read("SCADA")) == [[1]]
    assert len(world.opened) == 2


def test_an_error_of_the_wire_closes_and_the_next_call_opens() -> None:
    problems: list[Any] = [Timeout("slow"), Malformed("odd"), OSError(5, "io")]
    for problem in problems:
        once = [problem]
        world = World(
            lambda operation, _, once=once: (
                once.pop() if once else outcome(operation, b"\1\0")
            )
        )
        via = world.via()
        with pytest.raises(type(problem)) as told:
            list(via.read("SCADA"))
        assert told.value is problem
        assert world.open == 0 and via.gateway is None
        assert list(via.read("SCADA")) == [[1]]
        assert world.open == 1


def test_what_was_answered_before_the_wire_failed_is_given_out() -> None:
    def answer(operation: Operation, _: Gateway) -> Any:
        return (
            Disconnected("gone")
            if operation.text == "C"
            else outcome(operation, b"\1\0")
        )

    world = World(answer)
    found = world.via().read(["A", "B", "C", "D"])
    assert [next(found), next(found)] == [[1], [1]]
    with pytest.raises(Disconnected, match=r"^gone$"):
        next(found)
    assert list(found) == []


@pytest.mark.parametrize("checking", [False, True])
@pytest.mark.parametrize("kind", [Timeout, Malformed])
def test_a_write_that_was_never_answered_is_told_and_not_repeated(
    kind: type[Exception], checking: bool
) -> None:
    def answer(operation: Operation, gateway: Gateway) -> Any:
        if operation.text == "C=1":
            return kind("silence")
        return unanswered(operation) if operation.text == "B=1" else outcome(operation)

    world = World(answer)
    via = world.via()
    found = via.write(["A=1", "B=1", "C=1"], checking=checking)
    assert next(found) is True
    with pytest.raises(kind, match="silence; not known whether written: B"):
        next(found)
    assert world.texts == ["A=1", "B=1", "C=1"]
    assert world.open == 0


def test_what_was_refused_and_what_is_unknown_are_both_told() -> None:
    def answer(operation: Operation, gateway: Gateway) -> Any:
        if operation.text == "C=1":
            return Timeout("silence")
        if operation.text == "B=1":
            return unanswered(operation)
        return outcome(operation, status=5)

    found = World(answer).via().write(["A=1", "B=1", "C=1"], checking=True)
    with pytest.raises(StatusError) as told:
        next(found)
    assert str(told.value) == (
        "A: no such tag or object; then silence; not known whether written: B (0x05)"
    )


def test_too_few_answers_are_an_error() -> None:
    world = World()
    via = world.via()
    via.open_gateway()
    world.opened[0].ask = lambda operations, **_: iter(())  # type: ignore[method-assign]
    with pytest.raises(Exception, match="0 of 1 requests were answered"):
        list(via.read("A"))
    assert world.open == 0


def test_a_gateway_that_the_peer_has_closed_is_replaced_before_anything_is_sent() -> (
    None
):
    world = World()
    via = world.via()
    list(via.read("A"))
    world.opened[0].gone = True
    assert list(via.write("B=1")) == [True]
    assert [session for session, _ in world.asked] == [1, 2]
    assert world.opened[0].closed
    world.opened[1].closed = True
    list(via.read("C"))
    assert [session for session, _ in world.asked] == [1, 2, 3]


def test_who_refuses_frames_is_left() -> None:
    def answer(operation: Operation, _: Gateway) -> Result:
        found = outcome(operation, status=0x64)
        found.encapsulated = True
        return found

    world = World(answer)
    via = world.via()
    assert list(via.read(["A", "B"])) == [None, None]
    assert world.open == 0
    with pytest.raises(StatusError, match="refused the frame"):
        list(via.read("A", checking=True))


def test_closing_is_logged_once_and_never_raises(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World(lambda *_: Timeout("slow"))
    via = world.via()
    with pytest.raises(Timeout) as told:
        list(via.read("A"))
    via.close_gateway(exc=told.value)
    via.close_gateway(ValueError("x"))
    via.close_gateway()
    warned = [
        one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING
    ]
    assert warned == ["Closed EtherNet/IP CIP gateway there:1[1] due to: slow"]

    via.open_gateway()

    def fails() -> None:
        raise OSError("it cannot be closed")

    world.opened[-1].close = fails  # type: ignore[method-assign]
    via.close_gateway(KeyboardInterrupt())
    assert via.gateway is None
    assert caplog.messages[-1].endswith("due to: KeyboardInterrupt")


def test_an_error_does_not_close_the_gateway_after_its_own() -> None:
    once: list[Any] = [Disconnected("gone")]
    world = World(
        lambda operation, _: once.pop() if once else outcome(operation, b"\1\0")
    )
    via = world.via()
    with pytest.raises(Disconnected) as told:
        list(via.read("A"))
    list(via.read("A"))  # another thread, meanwhile
    via.close_gateway(told.value)
    assert world.open == 1
    via.close_gateway(ValueError("of somebody else"))
    assert world.open == 0


def test_an_error_of_opening_does_not_close_the_next_gateway() -> None:
    once: list[Any] = [Refused("nobody")]
    world = World(opening=lambda _: once.pop() if once else None)
    via = world.via()
    with pytest.raises(Refused) as told, via:
        pass
    list(via.read("A"))
    via.close_gateway(told.value)
    assert world.open == 1


@pytest.mark.parametrize("wrong", ["SCADA[", ("@1/1/1", "WHAT"), ("a", 5)], ids=repr)
def test_what_cannot_be_understood_costs_nobody_the_gateway(wrong: Any) -> None:
    world = World()
    via = world.via()
    list(via.read("A"))
    for _ in range(3):
        with pytest.raises(CpppoError), via:  # as a poller does, again and again
            list(via.read([wrong]))
    assert (world.open, len(world.opened)) == (1, 1)


def test_what_is_interrupted_closes_its_gateway() -> None:
    world = World(lambda *_: KeyboardInterrupt())
    via = world.via()
    with pytest.raises(KeyboardInterrupt):
        list(via.read("A"))
    assert world.open == 0


# -- threads


def test_a_generator_that_is_left_does_not_have_the_gateway() -> None:
    world = World()
    via = world.via()
    left = via.read(["A", "B", "C"])
    next(left)
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.extend(via.read("D")))
    thread.start()
    thread.join(PATIENCE)
    assert found == [[1]]
    assert next(left) == [1]


def test_who_waited_while_nobody_was_there_does_not_wait_for_that_again() -> None:
    others, waiting = 8, threading.Semaphore(0)

    class Lock:
        """The proxy's, and it is known how many have come to it."""

        lock = threading.RLock()

        def __enter__(self) -> None:
            waiting.release()
            self.lock.acquire()

        def __exit__(self, *_: object) -> None:
            self.lock.release()

    tries: list[Any] = []

    def opening(_: Any) -> Any:
        tries.append(None)
        if len(tries) > 1:
            return None
        for _ in range(others + 1):  # all are here
            assert waiting.acquire(timeout=PATIENCE)
        return Timeout("nobody answers")

    via = World(opening=opening).via()
    via._lock = Lock()  # type: ignore[assignment]
    told: list[str] = []

    def asks() -> None:
        with pytest.raises(Timeout) as one:
            list(via.read("A"))
        via.close_gateway(one.value)
        told.append(str(one.value))

    threads = [threading.Thread(target=asks) for _ in range(others + 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert (len(tries), told) == (1, ["nobody answers"] * (others + 1))
    assert list(via.read("A")) == [[1]]  # who comes then tries it
    assert len(tries) == 2


def test_nothing_is_sent_before_somebody_looks() -> None:
    world = World()
    via = world.via()
    later = via.write("A=1")
    assert world.texts == []
    list(later)
    assert world.texts == ["A=1"]


def test_many_threads_share_a_proxy_whose_gateway_dies_and_dies() -> None:
    lives = iter([3, 1, 7, 2, 5, 11, 4, 1, 1, 6, 2, 9])
    left: dict[int, int] = {}

    def answer(operation: Operation, gateway: Gateway) -> Any:
        if gateway.session not in left:
            left[gateway.session] = next(lives, 10**6)
        alive = left[gateway.session]
        left[gateway.session] = alive - 1
        if not alive:
            return Disconnected(f"session {gateway.session} ended")
        value = int(operation.path[0].name[1:])  # type: ignore[attr-defined]
        return outcome(operation, value.to_bytes(2, "little"))

    world = World(answer)
    via = world.via()
    wrong: SimpleQueue[object] = SimpleQueue()
    ended: SimpleQueue[BaseException] = SimpleQueue()

    def work(nth: int) -> None:
        for turn in range(20):
            tags = [f"T{nth * 100 + turn}", f"T{nth * 100 + turn + 50}"]
            while True:
                try:
                    with via:
                        found = list(via.read(tags, checking=True))
                except Disconnected as exc:
                    ended.put(exc)
                    via.close_gateway(exc)
                    continue
                break
            if found != [[int(tag[1:])] for tag in tags]:
                wrong.put((tags, found))

    threads = [threading.Thread(target=work, args=(nth,)) for nth in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert wrong.empty()
    assert world.open == 1
    # Each death was of one session, and told to one thread.
    assert ended.qsize() == len(world.opened) - 1 == 12


# -- a device that dies at any moment

IDENTIFY, ASK = 0x63, 0x6F
MOMENTS = [
    (IDENTIFY, 0),
    (IDENTIFY, 10),
    (IDENTIFY, 50),
    (ASK, 0),
    (ASK, 20),
    (ASK, 43),
]


class Mortal:
    """Answers as a device does, but once: then it sends so many octets of an answer.

    After these, it closes the connection, or says nothing any more.
    """

    def __init__(self, command: int, octets: int, closes: bool) -> None:
        self.command = command
        self.octets = octets
        self.closes = closes
        self.client = Client(controller(TAGS))
        self.died = False
        self.writes = 0

    def __call__(self, one: Far, asked: Frame) -> bytes | None:
        payload, context = asked.payload, asked.context
        reply = self.client.raw(
            frame(asked.command, payload, self.client.handle, context)
        )
        reply = reply[:4] + SESSION + reply[8:]
        if asked.command == ASK:
            self.writes += 1
        if self.died or asked.command != self.command:
            return reply
        self.died = True
        one.connections[-1].sendall(reply[: self.octets])
        if not self.closes:
            one.released.wait(PATIENCE)
        return None


SESSION = b"\7\0\0\0"  # what `Far` gives to who registers


@pytest.mark.parametrize("closes", [True, False])
@pytest.mark.parametrize(("command", "octets"), MOMENTS)
def test_a_device_dies_at_any_moment_and_comes_back(
    command: int, octets: int, closes: bool
) -> None:
    mortal = Mortal(command, octets, closes)
    with far(mortal) as one:
        via = proxy(*one.address, timeout=0.5)
        wanted: Any = Disconnected if closes else Timeout
        with pytest.raises(wanted) as told:
            list(via.write("SCADA=5"))
        assert via.gateway is None and via.identity is None
        assert ("not known whether written: SCADA" in str(told.value)) == (
            command == ASK
        )
        # Nothing is half open: the device sees the end, if it still looks.
        if closes:
            wait_for(lambda: not one.threads[1].is_alive())
        assert mortal.writes == (command == ASK)
        assert list(via.write("SCADA=5")) == [True]
        assert list(via.read("SCADA")) == [[5]]
        via.close_gateway()


def test_a_device_that_dies_between_two_calls_is_asked_anew() -> None:
    with far(Mortal(0, 0, True)) as one:
        via = proxy(*one.address, timeout=5)
        assert list(via.read("SCADA")) == [[0]]
        one.connections[0].shutdown(2)
        wait_for(lambda: via.gateway is not None and via.gateway.readable(timeout=0))
        assert list(via.write("SCADA=7")) == [True]
        assert len(one.connections) == 2
        via.close_gateway()


def test_a_device_that_is_not_there_is_told() -> None:
    via = proxy(LOOPBACK, port=vacant())
    for _ in range(2):
        with pytest.raises(Refused, match="refused the connection"):
            list(via.read("SCADA"))
        assert via.gateway is None


def refusing(status: int) -> Any:
    """Refuses a command with a status of the encapsulation."""

    def answer(one: Far, asked: Frame) -> bytes:
        return frame(asked.command, b"", 7, asked.context, status)

    return answer


def test_a_device_that_does_not_tell_who_it_is() -> None:
    with far(refusing(1)) as one:
        via = proxy(*one.address, timeout=5)
        with pytest.raises(Refused, match=r"refused List Identity: .*identity_default"):
            via.open_gateway()
        wait_for(lambda: not one.threads[1].is_alive())
        named = proxy(*one.address, timeout=5, identity_default="Somebody")
        with named:
            assert str(named).startswith("Somebody at 127.0.0.1:")
        named.close_gateway()


def test_a_device_that_lists_nobody() -> None:
    def nobody(one: Far, asked: Frame) -> bytes:
        return frame(asked.command, b"\0\0", 7, asked.context)

    with far(nobody) as one:
        via = proxy(*one.address, timeout=5)
        with pytest.raises(Refused, match="no identity in its list"):
            via.list_identity()
        wait_for(lambda: not one.threads[1].is_alive())


def test_a_session_that_is_refused_is_no_refused_attribute() -> None:
    world = World(opening=lambda _: StatusError(1, name="no session"))
    with pytest.raises(Refused, match="no session"):
        list(world.via().read("SCADA", checking=True))


def test_an_identity_that_is_odd_costs_the_gateway() -> None:
    def odd(one: Far, asked: Frame) -> bytes:
        return frame(asked.command, b"\1\0\x0c\0\xff\xff", 7, asked.context)

    with far(odd) as one:
        via = proxy(*one.address, timeout=5)
        with pytest.raises(ProtocolError):
            via.open_gateway()
        assert via.gateway is None
        wait_for(lambda: not one.threads[1].is_alive())
