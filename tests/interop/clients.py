# SPDX-License-Identifier: Apache-2.0
"""Somebody else's clients, and ours, with one face: they read and write tags by name.

Only what their documentation offers is used.  What imports this is skipped where the
clients are not installed; `make test` does so, where it finds a package index.
"""

from __future__ import annotations

import struct
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, Self

import asking
import pytest
from peers import PATIENCE, Address

from cpppo.client import Logix

__all__ = [
    "CODES",
    "Aphyt",
    "Face",
    "Faces",
    "Ours",
    "Pycomm3",
    "Pylogix",
    "Refused",
    "Unconnected",
    "aphyt_eip",
    "inner",
    "pycomm3",
    "pylogix",
    "where",
]

MISSING = "{} is not installed: pip install '.[interop]'"

pycomm3 = pytest.importorskip("pycomm3", reason=MISSING.format("pycomm3"))
pylogix = pytest.importorskip("pylogix", reason=MISSING.format("pylogix"))
aphyt_eip = pytest.importorskip("aphyt.eip", reason=MISSING.format("aphyt"))
aphyt_cip = pytest.importorskip("aphyt.cip.cip", reason=MISSING.format("aphyt"))

# The code of a type, and its octets as `struct` has them.
CODES = {
    "BOOL": (0xC1, "?"),
    "SINT": (0xC2, "b"),
    "INT": (0xC3, "h"),
    "DINT": (0xC4, "i"),
    "LINT": (0xC5, "q"),
    "USINT": (0xC6, "B"),
    "UINT": (0xC7, "H"),
    "UDINT": (0xC8, "I"),
    "ULINT": (0xC9, "Q"),
    "REAL": (0xCA, "f"),
    "LREAL": (0xCB, "d"),
    "DWORD": (0xD3, "I"),
}
LAYOUTS = dict(CODES.values())


class Refused(Exception):
    """The client says that it did not go well."""


class Face(ABC):
    """A client, connected."""

    def __init__(self, client: Any) -> None:
        self.client = client

    @abstractmethod
    def read(self, tag: str, count: int = 1) -> Any:
        """The value of a tag; several are a list."""

    @abstractmethod
    def write(self, tag: str, value: Any) -> None:
        """Set a tag, or as many elements as there are values."""

    @abstractmethod
    def close(self) -> None:
        """Say goodbye."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Pycomm3(Face):
    def __init__(self, address: Address) -> None:
        super().__init__(pycomm3.LogixDriver(where(address)))
        self.client.socket_timeout = PATIENCE
        self.client.open()

    def read(self, tag: str, count: int = 1) -> Any:
        told = self.client.read(tag if count == 1 else f"{tag}{{{count}}}")
        if told.error:
            raise Refused(told.error)
        return told.value

    def write(self, tag: str, value: Any) -> None:
        if isinstance(value, list):
            tag = f"{tag}{{{len(value)}}}"
        told = self.client.write((tag, value))
        if told.error:
            raise Refused(told.error)

    def close(self) -> None:
        self.client.close()


class Pylogix(Face):
    def __init__(self, address: Address, **kwds: Any) -> None:
        host, port = address
        super().__init__(pylogix.PLC(host, port=port, timeout=PATIENCE, **kwds))
        self.client.StringEncoding = "latin-1"

    def read(self, tag: str, count: int = 1) -> Any:
        told = self.client.Read(tag, count)
        if told.Status != "Success":
            raise Refused(told.Status)
        return told.Value

    def write(self, tag: str, value: Any) -> None:
        told = self.client.Write(tag, value)
        if told.Status != "Success":
            raise Refused(told.Status)

    def close(self) -> None:
        self.client.Close()
        # It leaves this one to the collector, which warns of it.
        self.client.conn.msg_socket.close()


class Aphyt(Face):
    """Its generic layer: paths, types and octets are the caller's."""

    def __init__(self, address: Address) -> None:
        host, port = address
        super().__init__(aphyt_eip.EIPConnectedCIPDispatcher())
        self.client.explicit_message_port = port
        self.client.connect_explicit(host, 20)
        self.client.register_session()

    def reply(self, ask: Callable[[], Any]) -> bytes:
        try:
            reply = ask()
        except aphyt_eip.CIPException as exc:
            raise Refused(exc.status.hex()) from exc
        except KeyError as exc:  # it has no name for 0xFF, and stumbles
            raise Refused(str(exc)) from exc
        if reply.general_status != b"\0":
            raise Refused(reply.general_status.hex())
        data: bytes = reply.reply_data
        return data

    def read(self, tag: str, count: int = 1) -> Any:
        path = segments(tag)
        data = self.reply(lambda: self.client.read_tag_service(path, count))
        code = LAYOUTS[int.from_bytes(data[:2], "little")]
        values = [one for (one,) in struct.iter_unpack(f"<{code}", data[2:])]
        return values[0] if count == 1 else values

    def write(self, tag: str, value: Any) -> None:
        path = segments(tag)
        asked = self.client.read_tag_service
        kind = self.reply(lambda: asked(path, 1))[:2]
        values = value if isinstance(value, list) else [value]
        code = LAYOUTS[int.from_bytes(kind, "little")]
        data = struct.pack(f"<{len(values)}{code}", *values)
        said = aphyt_cip.CIPCommonFormat(kind[:1], data=data)
        write = self.client.write_tag_service
        self.reply(lambda: write(path, said, len(values)))

    def close(self) -> None:
        self.client.close_explicit()


class Ours(Face):
    """Logix of this package, for the same rows."""

    def __init__(self, address: Address, **kwds: Any) -> None:
        host, port = address
        super().__init__(Logix(host, port, timeout=PATIENCE, **kwds))

    def read(self, tag: str, count: int = 1) -> Any:
        told = self.client.read(tag if count == 1 else f"{tag}{{{count}}}")
        if not told.ok:
            raise Refused(told.words)
        return told.value

    def write(self, tag: str, value: Any) -> None:
        if isinstance(value, list):
            tag = f"{tag}{{{len(value)}}}"
        told = self.client.write((tag, value))
        if not told.ok:
            raise Refused(told.words)

    def close(self) -> None:
        self.client.close()


class Unconnected(Ours):
    """The same, by requests that belong to no connection."""

    def __init__(self, address: Address) -> None:
        super().__init__(address, connected=False)


def segments(tag: str) -> bytes:
    """The path of a tag; aphyt itself knows no more than one dimension."""
    if "," not in tag:
        path: bytes = aphyt_cip.variable_request_path_segment(tag)
        return path
    name, _, indices = tag.removesuffix("]").partition("[")
    names = map(asking.symbol, name.split("."))
    return b"".join([*names, *(asking.element(int(one)) for one in indices.split(","))])


KINDS: Mapping[str, Callable[[Address], Face]] = {
    "pycomm3": Pycomm3,
    "pylogix": Pylogix,
    "aphyt": Aphyt,
    "ours": Ours,
    "unconnected": Unconnected,
}


class Faces:
    """Clients by their names, connected when they are first asked for."""

    def __init__(self, addresses: Mapping[str, Address], stack: ExitStack) -> None:
        self.addresses = addresses
        self.stack = stack
        self.known: dict[str, Face] = {}
        self.failed = 0

    def renewed(self, failed: int) -> None:
        """After one more test has failed, its clients may be in any state."""
        if failed != self.failed:
            self.failed = failed
            self.known.clear()

    def __getitem__(self, name: str) -> Face:
        if name not in self.known:
            kind = name.split(maxsplit=1)[0]
            self.known[name] = one = KINDS[kind](self.addresses[name[len(kind) :]])
            self.stack.callback(one.close)
        return self.known[name]


def where(address: Address) -> str:
    """An address as pycomm3 wants it."""
    host, port = address
    return f"{host}:{port}"


def inner(x: int, flag: bool, numbers: Sequence[int]) -> dict[str, Any]:
    """A value of the type InnerUDT."""
    return {"X": x, "F0": flag, "Arr": list(numbers)}
