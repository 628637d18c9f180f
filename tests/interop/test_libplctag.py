# SPDX-License-Identifier: Apache-2.0
"""libplctag reads and writes: the shared library that LIBPLCTAG names, through ctypes.

It is built from C, hence no package of Python installs it; without it this is skipped.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from peers import Address

LIBRARY = os.environ.get("LIBPLCTAG")

pytestmark = pytest.mark.interop
if LIBRARY is None:
    reason = "LIBPLCTAG names no build of libplctag"
    pytest.skip(reason, allow_module_level=True)

WAIT = 5000  # milliseconds
KINDS = {
    "int8": ctypes.c_int8,
    "int16": ctypes.c_int16,
    "int32": ctypes.c_int32,
    "int64": ctypes.c_int64,
}


@pytest.fixture(scope="session")
def library() -> Iterator[ctypes.CDLL]:
    one = ctypes.CDLL(LIBRARY)
    one.plc_tag_create.argtypes = [ctypes.c_char_p, ctypes.c_int]
    one.plc_tag_decode_error.restype = ctypes.c_char_p
    for name, kind in KINDS.items():
        getattr(one, f"plc_tag_get_{name}").restype = kind
        setter = getattr(one, f"plc_tag_set_{name}")
        setter.argtypes = [ctypes.c_int32, ctypes.c_int, kind]
    yield one
    one.plc_tag_shutdown()


class Tag:
    """A tag, by its handle."""

    def __init__(self, library: ctypes.CDLL, handle: int) -> None:
        self.library = library
        self.handle = handle

    def check(self, status: int) -> int:
        said = self.library.plc_tag_decode_error(status)
        assert status >= 0, said
        return status

    def read(self) -> None:
        self.check(self.library.plc_tag_read(self.handle, WAIT))

    def write(self) -> None:
        self.check(self.library.plc_tag_write(self.handle, WAIT))

    def get(self, offset: int = 0, kind: str = "int32") -> int:
        value: int = getattr(self.library, f"plc_tag_get_{kind}")(self.handle, offset)
        return value

    def set(self, value: int, offset: int = 0, kind: str = "int32") -> None:
        setter = getattr(self.library, f"plc_tag_set_{kind}")
        self.check(setter(self.handle, offset, value))

    @property
    def size(self) -> int:
        return self.check(self.library.plc_tag_get_size(self.handle))


def created(library: ctypes.CDLL, address: Address, text: str) -> int:
    """The handle of a tag, or what went wrong."""
    host, port = address
    plain = "" if "plc=" in text else "&plc=ControlLogix&path=1,0"
    attributes = f"protocol=ab_eip&gateway={host}:{port}{plain}&{text}"
    handle: int = library.plc_tag_create(attributes.encode(), WAIT)
    return handle


@contextmanager
def tag(library: ctypes.CDLL, address: Address, text: str) -> Iterator[Tag]:
    handle = created(library, address, text)
    assert handle >= 0, library.plc_tag_decode_error(handle)
    try:
        yield Tag(library, handle)
    finally:
        library.plc_tag_destroy(handle)


@pytest.mark.parametrize("count", [1, 10])
def test_integers_are_written_and_read(
    library: ctypes.CDLL, simulator: Address, count: int
) -> None:
    with tag(library, simulator, f"name=DINT_10&elem_count={count}") as one:
        for index in range(count):
            one.set(-index - 5, index * 4)
        one.write()
        one.read()
        told = [one.get(index * 4) for index in range(count)]
    assert told == [-index - 5 for index in range(count)]


@pytest.mark.parametrize("kind", ["int8", "int16", "int64"])
def test_integers_of_each_size_are_written_and_read(
    library: ctypes.CDLL, simulator: Address, kind: str
) -> None:
    name = {"int8": "SINT_0", "int16": "INT_0", "int64": "LINT_0"}[kind]
    with tag(library, simulator, f"name={name}") as one:
        one.set(-3, kind=kind)
        one.write()
        one.read()
        assert one.get(kind=kind) == -3


def test_a_large_array_is_written_and_read(
    library: ctypes.CDLL, simulator: Address, small: Address
) -> None:
    for address in (simulator, small):
        with tag(library, address, "name=DINT_2000&elem_count=2000") as one:
            for index in range(2000):
                one.set(index * 3, index * 4)
            one.write()
            one.read()
            assert [one.get(index * 4) for index in range(0, 2000, 111)] == [
                index * 3 for index in range(0, 2000, 111)
            ]


def test_a_bit_is_written_and_read(library: ctypes.CDLL, simulator: Address) -> None:
    with tag(library, simulator, "name=DINT_0.11") as one:
        for value in (1, 0, 1):
            library.plc_tag_set_bit(one.handle, 0, value)
            one.write()
            one.read()
            assert library.plc_tag_get_bit(one.handle, 0) == value


def test_a_member_of_a_program_is_written_and_read(
    library: ctypes.CDLL, simulator: Address
) -> None:
    with tag(library, simulator, "name=Program:MainProgram.PGM_UDT.X") as one:
        one.set(99)
        one.write()
        one.read()
        assert one.get() == 99


def test_the_tags_and_a_template_are_listed(
    library: ctypes.CDLL, simulator: Address
) -> None:
    with tag(library, simulator, "name=@tags") as one:
        assert one.size > 500
    with tag(library, simulator, "name=@udt/4046") as one:  # STRING
        assert one.size > 20


def test_a_missing_tag_is_refused(library: ctypes.CDLL, simulator: Address) -> None:
    assert created(library, simulator, "name=NOWHERE") < 0
    with tag(library, simulator, "name=SEVEN") as one:
        assert one.get() == 7


def test_a_data_file_is_written_and_read(
    library: ctypes.CDLL, simulator: Address
) -> None:
    with tag(library, simulator, "plc=SLC500&name=N7:3&elem_count=2") as one:
        one.set(55, 0, "int16")
        one.set(-56, 2, "int16")
        one.write()
        one.read()
        assert one.get(0, "int16") == 55
        assert one.get(2, "int16") == -56
