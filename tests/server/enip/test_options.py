# SPDX-License-Identifier: Apache-2.0
"""What `enip_server` is told by arguments and environment, and what it refuses."""

import os
from dataclasses import fields
from pathlib import Path

import pytest

from cpppo.protocol.enip.path import Port
from cpppo.protocol.enip.structures import StringType
from cpppo.protocol.enip.types import BOOL, STRING
from cpppo.server.enip.database.tags import TagError
from cpppo.server.enip.delay import Delay, DelayError
from cpppo.server.enip.files import PlantError
from cpppo.server.enip.linking.links import LEAST
from cpppo.server.enip.options import (
    OPTIONS,
    UNSAID,
    Asked,
    Option,
    Options,
    UsageError,
    parse_address,
    parse_options,
)
from cpppo.server.limits import Limits


def options(*argv: str, **environ: str) -> Options:
    return parse_options(argv, environ)


def test_without_anything_said_all_is_as_the_manual_has_it() -> None:
    told = options()
    assert told == Options()
    assert told.address == ("", 44818)
    assert told.tcp and told.udp and not told.printing
    assert told.route_path is UNSAID
    assert told.limits == Limits()


# -- addresses


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("", ("", 44818)),
        (":", ("", 44818)),
        ("localhost", ("localhost", 44818)),
        ("127.0.0.1", ("127.0.0.1", 44818)),
        (":44819", ("", 44819)),
        ("10.0.0.1:0", ("10.0.0.1", 0)),
        ("plc-1.example:5", ("plc-1.example", 5)),
        ("[::1]:502", ("::1", 502)),
        ("[::1]", ("::1", 44818)),
        ("::1", ("::1", 44818)),
        ("[fe80::1%eth0]:1", ("fe80::1%eth0", 1)),
    ],
)
def test_an_address_is_an_interface_a_port_or_both(
    text: str, address: tuple[str, int]
) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("44818", "if a port is meant, say :44818"),
        ("host:http", "a port is a number from 0 to 65535"),
        (":65536", "a port is a number from 0 to 65535"),
        (":-1", "a port is a number from 0 to 65535"),
        ("[::1", "is no address; expected is"),
        ("[::1]5", "is no address; expected is"),
        ("[]:5", "is no address; expected is"),
        ("a b", "is no address; expected is"),
        ("http://plc", "a port is a number from 0 to 65535"),
    ],
)
def test_what_is_no_address_is_refused(text: str, problem: str) -> None:
    with pytest.raises(UsageError, match=r"argument -a/--address: ") as told:
        options("-a", text)
    assert problem in str(told.value)


# -- delays


def test_a_delay_is_constant_or_within_a_range() -> None:
    assert Delay.parse("0.5")() == 0.5
    wanted = Delay.parse("0.1-0.9")
    assert wanted.range == "0.1-0.9"
    drawn = [wanted() for _ in range(100)]
    assert min(drawn) >= 0.1 and max(drawn) <= 0.9
    assert len(set(drawn)) > 1
    assert Delay.parse("1e-3")() == 0.001
    assert Delay.parse("1.-2")().__class__ is float


def test_a_delay_can_be_changed_while_it_is_used() -> None:
    delay = Delay.parse("0.1-0.9")
    delay.range = "2-3"
    assert 2 <= delay() <= 3
    delay.value = 0
    assert delay() == 0
    assert not delay
    with pytest.raises(DelayError):
        delay.range = "3-2"
    assert delay() == 0


@pytest.mark.parametrize(
    "text", ["", "x", "-1", "0.9-0.1", "nan", "inf", "1-2-3", "1e9"]
)
def test_what_is_no_delay_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"argument -d/--delay: "):
        options(f"--delay={text}")


# -- arguments


@pytest.mark.parametrize(
    ("argv", "field", "value"),
    [
        (["-v"], "verbose", 1),
        (["-vvv"], "verbose", 3),
        (["--verbose", "-v"], "verbose", 2),
        (["-q"], "quiet", True),
        (["-p"], "printing", True),
        (["--print", "--no-print"], "printing", False),
        (["-l", "f"], "log", "f"),
        (["-A"], "address_output", True),
        (["-U"], "udp", False),
        (["-U", "-u"], "udp", True),
        (["-T"], "tcp", False),
        (["--no-tcp", "--tcp"], "tcp", True),
        (["-s", "0x100"], "size", 256),
        (["-b", "mine"], "config_basename", "mine"),
        (["-c", "a", "--config=b"], "config", ("a", "b")),
        (["--no-config"], "no_config", True),
        (["-S"], "route_path", ()),
        (["--route-path", "false"], "route_path", ()),
        (["--route-path", "0"], "route_path", ()),
        (["--route-path", "null"], "route_path", None),
        (["--route-path", "1/0"], "route_path", (Port(1, 0),)),
        (["--route-path=2/192.168.1.2"], "route_path", (Port(2, "192.168.1.2"),)),
        (
            ["--route-path", "1/0/2/192.168.1.2"],
            "route_path",
            (Port(1, 0), Port(2, "192.168.1.2")),
        ),
        (["--route-path", '[{"port": 1, "link": 0}]'], "route_path", (Port(1, 0),)),
        (["-S", "--route-path", "1/0"], "route_path", (Port(1, 0),)),
    ],
)
def test_an_argument_sets_what_it_says(
    argv: list[str], field: str, value: object
) -> None:
    assert getattr(options(*argv), field) == value


def test_tags_and_options_stand_in_any_order() -> None:
    told = options("A=INT", "-v", "B=REAL", "--print", "C")
    assert [tag.name for tag in told.tags] == ["A", "B", "C"]
    assert told.verbose == 1 and told.printing


@pytest.mark.parametrize(
    ("argv", "problem"),
    [
        (["--what"], "unrecognized arguments: --what"),
        (["-P", "file"], "-P"),
        (["-D", "file"], "-D"),
        (["--addr", ":1"], "unrecognized arguments: --addr"),
        (["-a"], "argument -a/--address: expected one argument"),
        (["-s", "0"], "argument -s/--size: '0' is no whole number from 1"),
        (["-s", "x"], "argument -s/--size: 'x' is no whole number from 1"),
        (["-l", ""], "argument -l/--log: it is empty"),
        (["-w", ":80"], "argument -w/--web: the web API is not part of this release"),
        (["--route-path", "1/"], "argument --route-path: "),
        (["--idle-timeout", "-1"], "argument --idle-timeout: "),
        (["--idle-timeout=nan"], "argument --idle-timeout: 'nan' is no number of sec"),
        (["--max-connections", "0"], "argument --max-connections: '0' is no whole"),
        (["--connection-size", "7"], "'7': a connection has at least 8 octets"),
        (["--connection-size", "0"], "argument --connection-size: '0' is no whole"),
        (["-TU"], "neither TCP nor UDP"),
    ],
)
def test_a_wrong_argument_is_named(argv: list[str], problem: str) -> None:
    with pytest.raises(UsageError) as told:
        options(*argv)
    assert problem in str(told.value)


def test_a_wrong_tag_is_named() -> None:
    with pytest.raises(TagError, match="tag 'B=INX': no type 'INX'"):
        options("A=INT", "B=INX")


# -- files

PLANT = """\
[types.Pump]
Speed = "REAL"
On = "BOOL"
[tags]
Pumps = "Pump[3]"
"""


@pytest.fixture
def plant(tmp_path: Path) -> str:
    """A file of tags."""
    path = tmp_path / "plant.toml"
    path.write_text(PLANT)
    return str(path)


@pytest.mark.parametrize("option", ["-f", "--tags"])
def test_tags_of_a_file_come_before_those_of_the_arguments(
    plant: str, option: str
) -> None:
    told = options("A", option, plant, "B=Pump[2,2]")
    assert [str(tag) for tag in told.tags] == ["Pumps=Pump[3]", "A=INT", "B=Pump[2,2]"]
    assert told.files == (plant,)
    assert told.plant is not None
    assert told.tags[0].type is told.tags[2].type is told.plant.types["Pump"]


def test_several_files_are_told_by_arguments_or_by_one_variable(
    plant: str, tmp_path: Path
) -> None:
    more = tmp_path / "more.csv"
    more.write_text("name,type\nMain,Pump\n")
    names = ["Pumps", "Main"]
    told = options("-f", plant, "-f", str(more))
    assert [tag.name for tag in told.tags] == names
    told = options(ENIP_FILE=os.pathsep.join([plant, str(more)]))
    assert [tag.name for tag in told.tags] == names
    assert told.unknown == ()
    told = options("-f", plant, ENIP_FILE=str(more), ENIP_TAGS="Other=Pump")
    assert [tag.name for tag in told.tags] == ["Pumps", "Other"]


def test_types_mean_what_they_mean_in_the_file(plant: str) -> None:
    (_, text, bits) = options("-f", plant, "T=STRING", "B=BOOL[40]").tags
    assert issubclass(text.type, StringType)
    assert (bits.bools, bits.count) == (40, 2)
    (text, bits) = options("T=STRING", "B=BOOL[40]").tags
    assert text.type is STRING
    assert (bits.type, bits.bools, bits.count) == (BOOL, 0, 40)


def test_a_tag_that_a_file_has_is_refused_with_both(plant: str) -> None:
    with pytest.raises(TagError) as told:
        options("-f", plant, "pumps=INT")
    line = str(told.value).split("\n", maxsplit=1)[0]
    assert "pumps=INT" in line
    assert f"there already, as Pumps=Pump[3] ({plant}:5)" in line


def test_a_wrong_file_is_told_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "plant.toml"
    path.write_text("[tags]\nA = 3\n")
    with pytest.raises(PlantError, match=r"plant\.toml:2: A: a type expected"):
        options("-f", str(path))
    with pytest.raises(PlantError, match="there is no such file"):
        options("-f", str(tmp_path / "no.csv"))


def test_a_file_where_a_tag_is_expected_is_told(plant: str) -> None:
    with pytest.raises(UsageError, match="is a file; have its tags by -f "):
        options(plant)
    assert options("plant.toml").tags[0].name == "plant.toml"


# -- limits


def test_every_limit_has_an_option() -> None:
    limits = Limits()
    for limit in fields(Limits):
        (one,) = [option for option in OPTIONS if option.field == limit.name]
        value = getattr(limits, limit.name)
        told = options(one.names[-1], f"{value * 2}")
        assert getattr(told.limits, limit.name) == value * 2
        assert told.limits != limits
        told = options(**{one.variable: f"{value * 3}"})
        assert getattr(told.limits, limit.name) == value * 3


def test_a_time_without_limit_is_zero() -> None:
    assert options("--idle-timeout", "0").limits.idle == 0


def test_the_least_connection_is_one_that_can_be_opened() -> None:
    assert options("--connection-size", f"{LEAST}").limits.connection == LEAST
    (one,) = [option for option in OPTIONS if option.field == "connection"]
    assert f"{LEAST} at least" in one.help


# -- the environment

GIVEN = {
    "address": "[::1]:5",
    "verbose": "2",
    "log": "f",
    "delay": "0.5",
    "route_path": "1/0",
    "size": "500",
    "config_basename": "mine",
    "config": os.pathsep.join(["a", "b"]),
}
OTHER = {"web", "files", *(limit.name for limit in fields(Limits))}


@pytest.mark.parametrize(
    "one",
    [one for one in OPTIONS if one.field not in OTHER],
    ids=lambda one: str(one.variable),
)
def test_every_option_can_be_told_by_the_environment(one: Option) -> None:
    if one.parse is None and one.field != "verbose":
        by_argument = options(one.names[-1])
        by_variable = options(**{one.variable: "yes"})
    elif one.field == "verbose":
        by_argument = options("-vv")
        by_variable = options(ENIP_VERBOSE="2")
    else:
        texts = GIVEN[one.field].split(os.pathsep) if one.many else [GIVEN[one.field]]
        by_argument = options(*(f"{one.names[-1]}={text}" for text in texts))
        by_variable = options(**{one.variable: GIVEN[one.field]})
    told = getattr(by_variable, one.field)
    wanted = getattr(by_argument, one.field)
    assert str(told) == str(wanted)  # delays are not equal, their texts are
    assert by_variable.unknown == ()


def test_the_web_is_refused_in_the_environment_too() -> None:
    with pytest.raises(UsageError, match="ENIP_WEB: the web API is not part"):
        options(ENIP_WEB=":80")


def test_an_argument_wins_over_a_variable() -> None:
    told = options("-a", ":1", "-S", "-v", "-u", "B", ENIP_ADDRESS=":2",
                   ENIP_ROUTE_PATH="1/0", ENIP_VERBOSE="3", ENIP_UDP="0",
                   ENIP_TAGS="A")  # fmt: skip
    assert told.address == ("", 1)
    assert told.route_path == ()
    assert told.verbose == 1
    assert told.udp
    assert [tag.name for tag in told.tags] == ["B"]


def test_tags_in_the_environment_are_separated_by_blanks() -> None:
    told = options(ENIP_TAGS=" A=INT[3]\n  B@1/2/3\t")
    assert [str(tag) for tag in told.tags] == ["A=INT[3]", "B@1/2/3=INT"]


@pytest.mark.parametrize(
    ("text", "value"), [("1", False), ("TRUE", False), ("off", True), ("", True)]
)
def test_a_flag_in_the_environment_is_yes_or_no(text: str, value: bool) -> None:
    assert options(ENIP_NO_UDP=text).udp is value
    assert options(ENIP_UDP=text).udp is not (value and bool(text))


def test_a_simple_device_that_is_not_wanted_says_nothing() -> None:
    assert options(ENIP_SIMPLE="0").route_path is UNSAID
    assert options(ENIP_SIMPLE="0", ENIP_ROUTE_PATH="1/0").route_path == (Port(1, 0),)


@pytest.mark.parametrize(
    ("environ", "problem"),
    [
        ({"ENIP_DELAY": "x"}, "ENIP_DELAY: 'x' is no delay"),
        ({"ENIP_PRINT": "maybe"}, "ENIP_PRINT: 'maybe' is neither true nor false"),
        ({"ENIP_VERBOSE": "very"}, "ENIP_VERBOSE: 'very' is neither"),
        ({"ENIP_ADDRESS": "1"}, "ENIP_ADDRESS: '1' is no address"),
        ({"ENIP_UDP": "1", "ENIP_NO_UDP": "1"}, "ENIP_UDP and ENIP_NO_UDP contradict"),
        ({"ENIP_SIMPLE": "1", "ENIP_ROUTE_PATH": "1/0"}, "contradict each other"),
    ],
)
def test_a_wrong_variable_is_named(environ: dict[str, str], problem: str) -> None:
    with pytest.raises(UsageError) as told:
        options(**environ)
    assert problem in str(told.value)


def test_a_variable_that_nobody_knows_is_noted() -> None:
    told = options(ENIP_PORT="tcp://10.0.0.1:44818", OTHER="1", ENIP_SIZE="5")
    assert told.unknown == ("ENIP_PORT",)


# -- what can be asked


def test_help_tells_every_option_and_variable(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(Asked):
        options("--help")
    text = capsys.readouterr().out
    assert text.startswith("usage: enip_server ")
    words = text.replace("(", " ").replace(")", " ").replace(",", " ").split()
    for one in OPTIONS:
        assert set(one.names) <= set(words), one
        assert one.variable in words, one
    assert {"ENIP_TAGS", "ENIP_FILE"} <= set(words)
    for ending in (".toml", ".csv", ".L5X"):
        assert ending in words


def test_no_option_is_declared_twice() -> None:
    names = [name for one in OPTIONS for name in one.names]
    assert len(names) == len(set(names))
