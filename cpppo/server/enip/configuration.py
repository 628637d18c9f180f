# SPDX-License-Identifier: Apache-2.0
"""What `cpppo.cfg` says of a simulator: its identity, its interface, its routes.

Under `main`, over `config`, `profile` and `routing`.  The sections are [Identity],
[TCPIP] and [UCMM]; others belong to other programs.  Keys are spelled in any case.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ...config import Config, Section, found
from ...protocol.enip.path import Port
from .options import UNSAID, Options, Unsaid
from .profile import IdentityValues, Interface, Profile, TCPIPValues

if TYPE_CHECKING:
    from .linking.routing import Routes

__all__ = ["Configuration"]

U8, U16, U32 = 0xFF, 0xFFFF, 0xFFFFFFFF

IDENTITY: dict[str, tuple[str, int]] = {
    "Vendor Number": ("vendor", U16),
    "Device Type": ("device_type", U16),
    "Product Code Number": ("product_code", U16),
    "Product Revision": ("revision", U16),
    "Status Word": ("status", U16),
    "Serial Number": ("serial", U32),
    "State": ("state", U8),
    "Configuration Consistency Value": ("configuration_consistency", U16),
    "Heartbeat Interval": ("heartbeat", U8),
}
TCPIP: dict[str, tuple[str, int]] = {
    "Interface Status": ("status", U32),
    "Configuration Capability": ("capability", U32),
    "Configuration Control": ("control", U32),
}
NAME = "Product Name"
LINK = "Path to Physical Link"
INTERFACE = "Interface Configuration"
HOST = "Host Name"
ROUTE_PATH = "Route Path"
ROUTE = "Route"

IDENTITY_KEYS = (*IDENTITY, NAME)
TCPIP_KEYS = (*TCPIP, LINK, INTERFACE, HOST)
UCMM_KEYS = (ROUTE_PATH, ROUTE)

DOMAIN = "domain_name"
ADDRESSES = (
    "ip_address",
    "network_mask",
    "gateway_address",
    "dns_primary",
    "dns_secondary",
)
OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
ADDRESS = re.compile(rf"{OCTET}(?:\.{OCTET}){{3}}")
LONGEST = 255


@dataclass(frozen=True, slots=True)
class Configuration:
    """What the files say; what they do not say is as it always was."""

    files: tuple[str, ...] = ()
    profile: Profile = field(default_factory=Profile)
    route_path: tuple[Port, ...] | Unsaid | None = UNSAID
    routes: Routes | None = None

    @classmethod
    def find(cls, options: Options) -> Configuration:
        """What the files say that the options let be looked for."""
        name = None if options.no_config else f"{options.config_basename}.cfg"
        return cls.read(Config(found(name, options.config)))

    @classmethod
    def read(cls, config: Config) -> Configuration:
        """What some files say."""
        if not config.files:
            return cls()
        ucmm = config.section("UCMM")
        ucmm.only(UCMM_KEYS)
        return cls(
            config.files,
            Profile(identity(config), tcpip(config)),
            route_path(ucmm),
            routes(ucmm),
        )


def numbers(section: Section, keys: dict[str, tuple[str, int]]) -> dict[str, Any]:
    """The numbers that a section says, by their fields."""
    said = {field: section.integer(key, 0, most) for key, (field, most) in keys.items()}
    return {field: value for field, value in said.items() if value is not None}


def identity(config: Config) -> IdentityValues:
    """The section of the Identity Object."""
    section = config.section("Identity")
    # The manual's example has the keys of [TCPIP] below those of [Identity].
    section.only((*IDENTITY_KEYS, *(key for key in TCPIP_KEYS if key in section)))
    said = numbers(section, IDENTITY)
    name = section.text(NAME, LONGEST)
    if name is not None:
        said["name"] = name
    return replace(IdentityValues(), **said)


def tcpip(config: Config) -> TCPIPValues:
    """The section of the TCP/IP Interface Object."""
    section = config.section("TCPIP")
    section.only(TCPIP_KEYS)
    return said_of(section, said_of(config.section("Identity"), TCPIPValues()))


def said_of(section: Section, values: TCPIPValues) -> TCPIPValues:
    """The values of the TCP/IP Interface Object, with what a section says."""
    said = numbers(section, TCPIP)
    path = section.read(LINK, link, 'a path in JSON, such as [{"class": 246}]')
    if path is not None:
        said["link"] = path
    if INTERFACE in section:
        said["interface"] = interface(section)
    host = section.text(HOST, LONGEST)
    if host is not None:
        said["host_name"] = host
    return replace(values, **said)


def interface(section: Section) -> Interface:
    """How the interface is configured: JSON, of which any part may be left out."""
    given = section.json(INTERFACE)
    if not isinstance(given, dict):
        raise section.wrong(INTERFACE, 'expected {"ip_address": "1.2.3.4", ...}')
    for name, value in given.items():
        if name == DOMAIN:
            if not latin(value):
                raise section.wrong(
                    INTERFACE, f"{name}: {value!r} is not a text of up to {LONGEST}"
                )
        elif name not in ADDRESSES:
            names = ", ".join((*ADDRESSES, DOMAIN))
            raise section.wrong(INTERFACE, f"no {name!r} there; there are {names}")
        elif not isinstance(value, str) or not ADDRESS.fullmatch(value):
            raise section.wrong(
                INTERFACE, f"{name}: {value!r} is not an address such as 192.168.0.1"
            )
    return Interface(**given)


def latin(value: object) -> bool:
    """Whether a value is a text that the wire can hold."""
    return (
        isinstance(value, str)
        and len(value) <= LONGEST
        and all(ord(letter) <= U8 for letter in value)
    )


def link(text: str) -> bytes:
    """The octets of the path to the physical link."""
    from ...protocol.enip.notation import parse_address  # noqa: PLC0415 -- rare
    from ...protocol.enip.path import SinglePath  # noqa: PLC0415

    if text.strip() in ("", "null", "[]"):
        return b""
    return b"".join(SinglePath(one).encode() for one in parse_address(text))


def route_path(section: Section) -> tuple[Port, ...] | Unsaid | None:
    """By which route path requests are accepted."""
    if ROUTE_PATH not in section:
        return UNSAID
    from ...protocol.enip.notation import parse_route_path  # noqa: PLC0415 -- rare

    return section.read(
        ROUTE_PATH, parse_route_path, "a route path, such as 1/0, false or null"
    )


def routes(section: Section) -> Routes | None:
    """Where requests go on to."""
    if ROUTE not in section:
        return None
    from .linking.routing import Routes  # noqa: PLC0415 -- rare

    return section.read(
        ROUTE, Routes.parse, 'a map in JSON, such as {"1/1-15": "localhost:44819"}'
    )
