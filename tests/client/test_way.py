# SPDX-License-Identifier: Apache-2.0
"""Ways to a device: every spelling of the manual, and what is none."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from cpppo.client.way import MANAGER, Way
from cpppo.errors import CpppoError
from cpppo.protocol.enip import Class, Instance, Port

HOP = (Port(1, 3), Port(2, "1.2.3.4"))


def test_the_default_is_the_backplane_by_the_connection_manager() -> None:
    way = Way.of()
    assert way == Way()
    assert way.route == (Port(1, 0),)
    assert way.send == MANAGER == (Class(6), Instance(1))
    assert (way.priority, way.ticks) == (5, 157)
    assert not way.simple


@pytest.mark.parametrize(
    ("spelt", "route"),
    [
        ("1/0", (Port(1, 0),)),
        ("1/5", (Port(1, 5),)),
        ('[{"port": 1, "link": 5}]', (Port(1, 5),)),
        ('{"port": 1, "link": 5}', (Port(1, 5),)),
        ('["1/3",{"port":2,"link":"1.2.3.4"}]', HOP),
        ('["1/3","2/1.2.3.4"]', HOP),
        ("1/3/2/1.2.3.4", HOP),
        ([{"port": 1, "link": 3}, {"port": 2, "link": "1.2.3.4"}], HOP),
        ({"port": 1, "link": 3}, (Port(1, 3),)),
        (HOP, HOP),
    ],
)
def test_a_route_has_all_the_spellings_of_the_manual(spelt: Any, route: Any) -> None:
    way = Way.of(route_path=spelt)
    assert way.route == route
    assert way.send == MANAGER


@pytest.mark.parametrize("none", [False, 0, [], "false", "0", ()])
def test_no_route_is_spelt_in_several_ways(none: Any) -> None:
    assert Way.of(route_path=none).route == ()
    assert not Way.of(route_path=none).simple


@pytest.mark.parametrize("empty", ["", (), [], False])
def test_without_route_and_send_path_requests_go_straight(empty: Any) -> None:
    way = Way.of(False, empty)
    assert way.simple
    assert (way.route, way.send) == ((), ())


def test_what_is_not_said_is_as_in_the_default() -> None:
    base = Way.of("1/7", "@6/1", 4, 20)
    assert Way.of(default=base) == base
    assert Way.of(timeout_ticks=9, default=base) == dataclasses.replace(base, ticks=9)
    assert Way.of("1/2", default=base) == dataclasses.replace(base, route=(Port(1, 2),))
    assert Way.of(priority_time_tick=0, default=base).priority == 0


def test_a_send_path_is_an_address() -> None:
    assert Way.of(send_path="@2/3").send == (Class(2), Instance(3))


@pytest.mark.parametrize(
    "wrong",
    [
        {"route_path": "1"},
        {"route_path": "x/y"},
        {"route_path": '{"port": 1}'},
        {"route_path": "{"},
        {"route_path": 7},
        {"send_path": "@x"},
        {"send_path": "@6/"},
        {"send_path": ""},  # with a route
        {"priority_time_tick": 16},
        {"priority_time_tick": -1},
        {"timeout_ticks": 256},
        {"timeout_ticks": -1},
        {"timeout_ticks": "many"},
    ],
)
def test_what_is_no_way_is_said(wrong: dict[str, Any]) -> None:
    with pytest.raises(CpppoError):
        Way.of(**wrong)


def test_a_way_can_be_remembered_by() -> None:
    assert {Way.of("1/0"): 1}[Way()] == 1
