# SPDX-License-Identifier: Apache-2.0
"""What `cpppo.cfg` says of a simulator."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cpppo.config import Config, ConfigError
from cpppo.protocol.enip.path import Port
from cpppo.server.enip.configuration import Configuration
from cpppo.server.enip.options import UNSAID, Options
from cpppo.server.enip.profile import IdentityValues, Interface, Profile, TCPIPValues

Read = Callable[[str], Configuration]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """What a file of this text says."""

    def configuration(text: str) -> Configuration:
        path = tmp_path / "cpppo.cfg"
        path.write_text(text, encoding="utf-8")
        return Configuration.read(Config([str(path)]))

    return configuration


EVERYTHING = """
[Identity]
Vendor Number = 0x1234
Device Type = 15
Product Code Number = 55
Product Revision = 0x0b15
Status Word = 0x3161
Serial Number = 0x006c061b
Product Name = 1756-L71/B LOGIX5571  # a newer one
State = 3
Configuration Consistency Value = 7
Heartbeat Interval = 9

[TCPIP]
Interface Status = 1
Configuration Capability = 0x14
Configuration Control = 2
Path to Physical Link = [{"class": 246}, {"instance": 1}]
Interface Configuration = {
    "ip_address":       "192.168.0.201",
    "network_mask":     "255.255.255.0",
    "gateway_address":  "192.168.0.1",
    "dns_primary":      "8.8.8.8",
    "dns_secondary":    "8.8.4.4",
    "domain_name":      "example.com"
   }
Host Name = controller

[UCMM]
Route Path = 1/0
Route = {
    "1/1-15": "localhost:44819"
   }

[Other Program]
anything = goes
"""


def test_every_key_reaches_its_field(read: Read) -> None:
    told = read(EVERYTHING)
    assert told.profile.identity == IdentityValues(
        vendor=0x1234,
        device_type=15,
        product_code=55,
        revision=0x0B15,
        status=0x3161,
        serial=0x006C061B,
        name="1756-L71/B LOGIX5571",
        state=3,
        configuration_consistency=7,
        heartbeat=9,
    )
    assert told.profile.tcpip == TCPIPValues(
        status=1,
        capability=0x14,
        control=2,
        link=bytes.fromhex("20f62401"),
        interface=Interface(
            ip_address="192.168.0.201",
            network_mask="255.255.255.0",
            gateway_address="192.168.0.1",
            dns_primary="8.8.8.8",
            dns_secondary="8.8.4.4",
            domain_name="example.com",
        ),
        host_name="controller",
    )
    assert told.route_path == (Port(1, 0),)
    assert told.routes is not None
    assert told.routes.find(Port(1, 15)) == ("localhost", 44819)
    assert told.routes.find(Port(1, 0)) is None


def test_what_is_not_said_is_as_it_always_was(read: Read) -> None:
    told = read("[Identity]\nproduct name = other\n[TCPIP]\n[UCMM]\n")
    assert told.profile == Profile(IdentityValues(name="other"), TCPIPValues())
    assert told.route_path is UNSAID
    assert told.routes is None
    assert Configuration.read(Config()) == Configuration()


def test_the_example_of_the_manual_needs_no_second_section(read: Read) -> None:
    told = read(
        "[Identity]\n"
        "Product Name = 1756-L61/B LOGIX5561\n"
        'Interface Configuration = {\n    "ip_address": "192.168.0.201"\n   }\n'
        "Host Name = controller\n"
    )
    assert told.profile.tcpip.host_name == "controller"
    assert told.profile.tcpip.interface == Interface(ip_address="192.168.0.201")


def test_what_a_plant_says_of_itself_is_nearer_than_any_file(read: Read) -> None:
    told = read("[Identity]\nProduct Name = other\nState = 3\n[TCPIP]\nHost Name = h\n")
    profile = told.profile.identified({"name": "plant", "revision": 0x0B21})
    assert profile.identity == IdentityValues(name="plant", revision=0x0B21, state=3)
    assert profile.tcpip == told.profile.tcpip
    assert told.profile.identified({}) == told.profile


def test_the_section_of_an_object_is_nearer_than_another(read: Read) -> None:
    told = read("[TCPIP]\nHost Name = right\n[Identity]\nHost Name = wrong\n")
    assert told.profile.tcpip.host_name == "right"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("null", None),
        ("false", ()),
        ("0", ()),
        ("1/0", (Port(1, 0),)),
        ('[{"port": 2, "link": "1.2.3.4"}]', (Port(2, "1.2.3.4"),)),
        ('["1/3", {"port": 2, "link": 1}]', (Port(1, 3), Port(2, 1))),
    ],
)
def test_a_route_path_has_every_spelling(
    read: Read, text: str, path: tuple[Port, ...] | None
) -> None:
    assert read(f"[UCMM]\nRoute Path = {text}\n").route_path == path


@pytest.mark.parametrize("text", ["", "null", "[]"])
def test_there_may_be_no_path_to_a_link(read: Read, text: str) -> None:
    told = read(f"[TCPIP]\nPath to Physical Link = {text}\n")
    assert told.profile.tcpip.link == b""


@pytest.mark.parametrize(
    ("section", "key", "value", "problem"),
    [
        ("Identity", "Vendor Number", "65536", "a whole number from 0 to 65535"),
        ("Identity", "State", "running", "a whole number from 0 to 255"),
        ("Identity", "Product Name", "x" * 256, "a text of up to 255"),
        ("Identity", "Produkt Name", "x", "no such key; there are Vendor Number"),
        ("TCPIP", "Vendor Number", "1", "no such key; there are Interface Status"),
        ("TCPIP", "Interface Status", "-1", "a whole number from 0"),
        ("TCPIP", "Interface Configuration", "{", "JSON (Expecting"),
        ("TCPIP", "Interface Configuration", "[]", 'expected {"ip_address"'),
        ("TCPIP", "Interface Configuration", '{"ip": "1.2.3.4"}', "no 'ip' there"),
        ("TCPIP", "Interface Configuration", '{"ip_address": "1.2.3"}', "'1.2.3' is"),
        ("TCPIP", "Interface Configuration", '{"ip_address": 1}', "1 is not an addr"),
        ("TCPIP", "Interface Configuration", '{"domain_name": 1}', "1 is not a text"),
        ("TCPIP", "Path to Physical Link", '[{"clas": 1}]', "a path in JSON"),
        ("UCMM", "Route Path", "1/x y", "a route path, such as 1/0"),
        ("UCMM", "Route Path", "", "a route path, such as 1/0"),
        ("UCMM", "Route", "[]", "a map in JSON"),
        ("UCMM", "Route", '{"1/5-1": "host"}', "a map in JSON"),
        ("UCMM", "Routes", "{}", "no such key; there are Route Path, Route"),
    ],
)
def test_a_wrong_value_is_told_with_file_section_and_key(
    read: Read, section: str, key: str, value: str, problem: str
) -> None:
    with pytest.raises(ConfigError) as told:
        read(f"[{section}]\n{key} = {value}\n")
    line = str(told.value)
    assert f"cpppo.cfg: [{section}] {key}: ".lower() in line.lower()
    assert problem in line
    assert "\n" not in line


def test_the_options_say_which_files_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for name in ("cpppo", "mine", "extra"):
        text = f"[Identity]\nProduct Name = {name}\n"
        (tmp_path / f"{name}.cfg").write_text(text)
    for options, files in (
        (Options(), ("cpppo.cfg",)),
        (Options(config_basename="mine"), ("mine.cfg",)),
        (Options(config=("extra.cfg",)), ("cpppo.cfg", "extra.cfg")),
        (Options(no_config=True), ()),
        (Options(no_config=True, config=("extra.cfg",)), ("extra.cfg",)),
    ):
        told = Configuration.find(options)
        here = tuple(one for one in told.files if not one.startswith("/etc"))
        assert here == files
        if files:
            last = files[-1].removesuffix(".cfg")
            assert told.profile.identity.name == last
