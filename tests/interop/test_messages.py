# SPDX-License-Identifier: Apache-2.0
"""Services and objects by their numbers: what clients send of which there is no peer.

pycomm3, pylogix and aphyt let their caller say service, class, instance and data; so
the requests of libplctag, gologix and the clients for Node go out through them.
"""

from __future__ import annotations

import asyncio
import struct
from typing import Any

import asking
import pytest
from interop.clients import Aphyt, Face, Faces, Refused, aphyt_eip
from peers import Address, call

pytestmark = pytest.mark.interop

NAME = b"\x0b1756-L83E/B"

WAYS: dict[str, dict[str, Any]] = {
    "connected": {"connected": True},
    "unconnected": {"connected": False, "route_path": False},
    "sent on": {"connected": False, "unconnected_send": True},
}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> dict[str, Any]:
    """How pycomm3 sends a message."""
    return WAYS[request.param]


def message(
    logix: Face, service: int, where: tuple[int, ...], data: bytes = b"", **way: Any
) -> bytes:
    """The data of the reply."""
    class_code, instance, *attribute = where
    told = logix.client.generic_message(
        service=service,
        class_code=class_code,
        instance=instance,
        attribute=attribute[0] if attribute else b"",
        request_data=data,
        **way,
    )
    if told.error:
        raise Refused(told.error)
    value: bytes = told.value or b""
    return value


def words(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}H", *values)


# -- the identity


def test_the_identity_is_had_every_way(logix: Face, way: dict[str, Any]) -> None:
    told = message(logix, 0x01, (1, 1), **way)
    assert struct.unpack_from("<HH", told) == (1, 14)
    assert told[6:8] == bytes((33, 11))
    assert told[14:].startswith(NAME)


@pytest.mark.parametrize(
    ("attribute", "octets"), [(1, 2), (2, 2), (3, 2), (4, 2), (5, 2), (6, 4), (7, 12)]
)
def test_each_attribute_of_the_identity_is_had(
    logix: Face, way: dict[str, Any], attribute: int, octets: int
) -> None:
    told = message(logix, 0x0E, (1, 1, attribute), **way)
    assert len(told) == octets
    whole = message(logix, 0x01, (1, 1))
    assert told in whole


@pytest.mark.parametrize(
    ("service", "where"),
    [
        (0x0E, (1, 1, 99)),
        (0x77, (1, 1)),
        (0x01, (0x99, 1)),
        (0x01, (1, 99)),
        (0x4B, (1, 1)),
        (0x03, (0x6C, 0x777)),
    ],
)
def test_what_is_not_there_is_refused(
    logix: Face, way: dict[str, Any], service: int, where: tuple[int, ...]
) -> None:
    with pytest.raises(Refused):
        message(logix, service, where, **way)
    assert logix.read("SEVEN") == 7


def test_pylogix_sends_messages(plc: Face) -> None:
    told = plc.client.Message(0x0E, 1, 1, 7)
    assert told.Status == "Success"
    assert told.Value[44:].startswith(NAME)
    assert plc.client.Message(0x0E, 1, 1, 99).Status != "Success"
    assert plc.client.Message(0x77, 1, 1).Status == "Service not supported"
    assert plc.client.Message(0x01, 0x99, 1).Status != "Success"
    assert plc.read("SEVEN") == 7


# -- aphyt


def test_aphyt_gets_attributes(faces: Faces) -> None:
    face = faces["aphyt"]
    single = face.client.get_attribute_single_service
    assert single(asking.number(1, 1, 7)).reply_data == NAME
    assert single(asking.number(1, 1, 1)).reply_data == b"\1\0"
    told = face.client.get_attribute_all_service(asking.number(1, 1)).reply_data
    assert NAME in told


def test_aphyt_is_told_what_is_wrong(faces: Faces) -> None:
    face = faces["aphyt"]
    assert isinstance(face, Aphyt)
    single = face.client.get_attribute_single_service
    with pytest.raises(Refused):
        face.reply(lambda: single(asking.number(1, 1, 99)))
    with pytest.raises(Refused):
        face.reply(lambda: single(asking.number(0x99, 1, 1)))
    assert face.read("SEVEN") == 7


def test_aphyt_reads_a_structure_as_octets(faces: Faces) -> None:
    face = faces["aphyt"]
    told = face.client.read_tag_service(asking.symbol("INNER"), 1).reply_data
    assert told[:2] == b"\xa0\x02"
    assert told[4:] == struct.pack("<i?3x3h2x", 5, True, 1, 2, 3)
    member = asking.symbol("INNER") + asking.symbol("Arr") + asking.element(2)
    assert face.client.read_tag_service(member, 1).reply_data == b"\xc3\0\3\0"


def test_aphyt_asks_without_waiting(simulator: Address) -> None:
    """Its asynchronous layer; several requests are under way at once."""

    async def asked() -> list[bytes]:
        client = aphyt_eip.AsyncEIPConnectedCIPDispatcher()
        client.explicit_message_port = simulator[1]
        await client.connect_explicit(simulator[0], 20)
        try:
            await client.register_session()
            read = client.read_tag_service
            told = [(await read(asking.symbol("SEVEN"), 1)).reply_data]
            several = (read(asking.symbol("TENS"), count) for count in (1, 5, 2))
            told += [one.reply_data for one in await asyncio.gather(*several)]
        finally:
            await client.close_explicit()
        return told

    tens = struct.pack("<5h", 10, 20, 30, 40, 50)
    expected = [tens[: 2 * count] for count in (1, 5, 2)]
    told = asyncio.run(asked())
    assert told == [b"\xc4\0\7\0\0\0", *(b"\xc3\0" + one for one in expected)]


def test_aphyt_writes_in_fragments(faces: Faces) -> None:
    face = faces["aphyt"]
    face.write("DINT_200[0]", [0] * 10)
    write = face.client.write_tag_fragmented_service
    values = struct.pack("<10i", *range(10, 20))
    for at in (0, 12, 24):
        told = write(asking.symbol("DINT_200"), b"\xc4", values[at : at + 12], at, 10)
        assert told.general_status == b"\0"
    assert face.read("DINT_200[0]", 10) == [*range(10, 19), 0]


# -- as libplctag asks


def entries(data: bytes, layout: str, last: bool) -> list[tuple[Any, ...]]:
    """The symbols of a list; the name stands first or last."""
    told, at = [], 0
    code = struct.Struct("<" + layout)
    while at < len(data):
        (number,) = struct.unpack_from("<I", data, at)
        at += 4
        values: tuple[Any, ...] = ()
        if last:
            values = code.unpack_from(data, at)
            at += code.size
        (size,) = struct.unpack_from("<H", data, at)
        name = data[at + 2 : at + 2 + size].decode("latin-1")
        at += 2 + size
        if not last:
            values = code.unpack_from(data, at)
            at += code.size
        told.append((number, name, *values))
    return told


def listing(logix: Face, attributes: tuple[int, ...]) -> tuple[bytes, bool]:
    """The first part of the list of symbols, and whether there is more."""
    data = words(len(attributes), *attributes)
    told = logix.client.generic_message(
        service=0x55, class_code=0x6B, instance=0, request_data=data
    )
    return told.value, bool(told.error)


def test_the_attributes_of_symbols_come_as_they_are_asked_for(logix: Face) -> None:
    one, _ = listing(logix, (2, 7, 8, 1))  # libplctag
    other, _ = listing(logix, (1, 2, 8))  # gologix, Node and pylogix
    first = entries(one, "HH3I", last=True)
    second = entries(other, "H3I", last=False)
    assert len(first) > 5
    known = {entry[1]: entry for entry in second}
    both = [entry for entry in first if entry[1] in known]
    assert len(both) > 5
    for number, name, kind, _, *dimensions in both:
        assert known[name] == (number, name, kind, *dimensions)
    assert [entry[0] for entry in first] == sorted(entry[0] for entry in first)


def test_a_symbol_says_the_octets_of_an_element(logix: Face) -> None:
    sizes = {"BOOL_0": 1, "SINT_0": 1, "INT_0": 2, "DINT_10": 4, "LINT_0": 8}
    start = 0
    told: dict[str, int] = {}
    while True:
        reply = logix.client.generic_message(
            service=0x55, class_code=0x6B, instance=start, request_data=words(2, 7, 1)
        )
        assert not reply.error
        some = entries(reply.value, "H", last=True)
        if not some:
            break
        told |= {name: size for _, name, size in some}
        start = some[-1][0] + 1
    sizes |= {"UDT_A": 272, "STRING_0": 88, "TIMER_10": 12, "INNERS_10": 16}
    assert {name: told[name] for name in sizes} == sizes


@pytest.mark.parametrize("attributes", [(4, 5, 2, 1), (4, 3, 2, 1)])
def test_the_attributes_of_a_template_are_had(
    logix: Face, attributes: tuple[int, ...]
) -> None:
    data = words(len(attributes), *attributes)
    told = message(logix, 0x03, (0x6C, 0xFCE), data)
    sizes = {1: 2, 2: 2, 3: 2, 4: 4, 5: 4}
    assert int.from_bytes(told[:2], "little") == 4
    at, values = 2, {}
    for attribute in attributes:
        assert struct.unpack_from("<HH", told, at) == (attribute, 0)
        end = at + 4 + sizes[attribute]
        values[attribute] = int.from_bytes(told[at + 4 : end], "little")
        at = end
    assert at == len(told)
    assert (values[1], values[2]) == (0x0FCE, 2)
    assert values.get(5, 88) == 88


def test_a_template_is_read_in_parts(logix: Face) -> None:
    told = message(logix, 0x03, (0x6C, 0xFCE), words(1, 4))
    size = int.from_bytes(told[6:10], "little") * 4 - 23
    whole = message(logix, 0x4C, (0x6C, 0xFCE), struct.pack("<IH", 0, size))
    assert whole[16:].startswith(b"ASCIISTRING82")
    parts = b""
    while len(parts) < len(whole):
        asked = struct.pack("<IH", len(parts), min(8, len(whole) - len(parts)))
        part = message(logix, 0x4C, (0x6C, 0xFCE), asked)
        assert part
        parts += part
    assert parts == whole
    names = whole[16:].split(b"\0")
    assert names[1:3] == [b"LEN", b"DATA"]
    assert struct.unpack_from("<HHI", whole) == (0, 0xC4, 0)
    assert struct.unpack_from("<HHI", whole, 8) == (82, 0x20C2, 4)


@pytest.mark.parametrize("code", [0x25, 0x26, 0x27])
def test_the_number_of_a_symbol_may_be_long(
    logix: Face, simulator: Address, small: Address, size: str, code: int
) -> None:
    number = logix.client.get_tag_info("SEVEN")["instance_id"]
    layout = "<H" if code == 0x25 else "<I"
    where = b"\x20\x6b" + bytes((code, 0)) + struct.pack(layout, number)
    with call(small if size else simulator) as caller:
        told = caller.ask(asking.read(where))
    assert told.data == b"\xc4\0\7\0\0\0"


# -- as gologix and the clients for Node ask


def test_the_numbers_that_say_what_has_changed_are_had(logix: Face) -> None:
    told = message(logix, 0x03, (0xAC, 1), words(5, 1, 2, 3, 4, 10))
    assert int.from_bytes(told[:2], "little") == 5
    assert struct.unpack_from("<HH", told, 2) == (1, 0)


def test_a_list_of_programs_is_told_or_refused(logix: Face) -> None:
    """gologix takes an error for a hint to look among the symbols."""
    told = logix.client.generic_message(
        service=0x55, class_code=0x68, instance=0, request_data=words(1, 28)
    )
    assert told.error or b"MainProgram" in told.value
    assert logix.read("SEVEN") == 7


def test_the_local_time_is_read_and_set(logix: Face) -> None:
    before = message(logix, 0x0E, (0x8B, 1, 5))
    assert len(before) == 28
    year, month, day, hour, minute, second, micro = struct.unpack("<7i", before)
    assert 2000 < year < 2200
    assert (1 <= month <= 12, 1 <= day <= 31, 0 <= hour < 24) == (True,) * 3
    assert (0 <= minute < 60, 0 <= second < 60, 0 <= micro < 10**6) == (True,) * 3
    message(logix, 0x10, (0x8B, 1, 5), struct.pack("<7i", 2011, 4, 5, 6, 7, 8, 9))
    after = struct.unpack("<7i", message(logix, 0x0E, (0x8B, 1, 5)))
    assert after[:4] == (2011, 4, 5, 6)
    assert not logix.client.set_plc_time().error


def test_the_addresses_are_had(logix: Face, way: dict[str, Any]) -> None:
    told = message(logix, 0x0E, (0xF5, 1, 5), **way)
    assert len(told) >= 22
    assert len(told) == 22 + int.from_bytes(told[20:22], "little")


def test_the_name_of_the_program_is_had(logix: Face) -> None:
    told = message(logix, 0x01, (0x64, 1))
    size = int.from_bytes(told[:2], "little")
    assert told[2 : 2 + size].decode() == logix.client.get_plc_name()


def test_services_in_a_packet_fail_alone(logix: Face, way: dict[str, Any]) -> None:
    good = b"\x0e\x03\x20\x01\x24\x01\x30\x07"
    bad = b"\x0e\x03\x20\x01\x24\x01\x30\x63"
    data = words(3, 8, 16, 24) + good + bad + good
    told = logix.client.generic_message(
        service=0x0A, class_code=2, instance=1, request_data=data, **way
    )
    assert told.error  # 0x1E: embedded service error
    assert logix.read("SEVEN") == 7
    data = words(2, 6, 14) + good + good
    told = message(logix, 0x0A, (2, 1), data, **way)
    assert told.count(NAME) == 2
