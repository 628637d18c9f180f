# SPDX-License-Identifier: Apache-2.0
"""The list of tags, page by page, from devices that keep the rules and from others."""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence

import pytest

from cpppo.client.browse import MOST, Listed, Listing, Named, Tag, hidden
from cpppo.errors import ProtocolError, Unexpected
from cpppo.protocol.enip import GetInstanceAttributeList, Instance, Request, Symbol
from cpppo.protocol.enip.structures import BOOLS
from cpppo.protocol.enip.types import BOOL, DINT, INT

PARTIAL, NOT_SUPPORTED, LIST_ERROR = 6, 0x08, 0x0A
BASE = 1 << 26


def entry(
    instance: int,
    name: str,
    kind: int = 0xC4,
    sizes: Sequence[int] = (0, 0, 0),
    access: int = 0,
    control: int = BASE,
) -> bytes:
    """A symbol with the attributes 1, 2, 6, 8 and 10."""
    octets = name.encode("latin-1")
    head = struct.pack("<IH", instance, len(octets)) + octets
    return head + struct.pack("<HI3IB", kind, control, *sizes, access)


def asked(listing: Listing) -> tuple[int, tuple[int, ...]]:
    """From which instance on the next page is, and which attributes it has."""
    request = Request.decode(listing.request.request)
    assert isinstance(request, GetInstanceAttributeList)
    last = request.path.segments[-1]
    assert isinstance(last, Instance)
    return last.value, request.attributes


def test_pages_go_on_after_the_last_instance_that_came() -> None:
    listing = Listing()
    assert asked(listing) == (0, (1, 2, 6, 8, 10))
    listing.took(PARTIAL, entry(1, "A") + entry(7, "B"))
    assert not listing.done
    assert asked(listing)[0] == 8
    listing.took(0, entry(300, "C"))
    assert listing.done
    assert [(one.instance, one.name) for one in listing.found] == [
        (1, "A"),
        (7, "B"),
        (300, "C"),
    ]


def test_a_last_page_may_be_empty() -> None:
    listing = Listing()
    listing.took(PARTIAL, entry(1, "A"))
    listing.took(0, b"")
    assert listing.done
    assert len(listing.found) == 1


def test_the_tags_of_a_program_are_asked_for_by_its_name() -> None:
    request = Request.decode(Listing("Main").request.request)
    assert request.path.segments[0] == Symbol("Program:Main")


def test_a_symbol_says_type_dimensions_access_and_whether_it_is_an_alias() -> None:
    listing = Listing()
    octets = entry(1, "A", 0x4000 | 0xC3, (3, 4, 0), 2)
    octets += entry(2, "B", 0x8000 | 0x2000 | 0xFCE, (5, 9, 9), 3, 0)
    octets += entry(3, "C", 0x0700 | 0xC1)
    listing.took(0, octets)
    a, b, c = listing.found
    assert (a.code, a.template, a.dimensions) == (0xC3, 0, (3, 4))
    assert (a.access, a.alias) == ("read-only", False)
    assert (b.template, b.dimensions, b.access, b.alias) == (0xFCE, (5,), "none", True)
    assert (c.code, c.dimensions) == (0xC1, ())


def test_a_device_that_does_not_know_all_attributes_is_asked_for_fewer() -> None:
    listing = Listing()
    listing.took(LIST_ERROR, b"")
    assert asked(listing) == (0, (1, 2, 8, 10))
    listing.took(NOT_SUPPORTED, b"")
    assert asked(listing) == (0, (1, 2, 8))
    octets = struct.pack("<IH1sH3I", 5, 1, b"A", 0xC4, 0, 0, 0)
    listing.took(0, octets)
    assert (listing.done, listing.refused) == (True, False)
    assert listing.found == [Listed(5, "A", 0xC4, ())]


def test_a_device_that_lists_nothing_refuses_in_the_end() -> None:
    listing = Listing()
    for _ in range(3):
        assert not listing.done
        listing.took(NOT_SUPPORTED, b"")
    assert (listing.done, listing.refused) == (True, True)


def test_a_refusal_after_a_page_is_no_shorter_list() -> None:
    listing = Listing()
    listing.took(PARTIAL, entry(1, "A"))
    listing.took(5, b"")
    assert listing.refused


# -- what breaks the rules


def test_a_page_that_is_cut_off_anywhere_is_refused() -> None:
    whole = entry(1, "Alpha") + entry(2, "B")
    first = len(entry(1, "Alpha"))
    for size in range(1, len(whole)):
        if size == first:
            continue
        with pytest.raises(Unexpected, match="cut off"):
            Listing().took(0, whole[:size])


@pytest.mark.parametrize("instance", [0, 4, 5])
def test_instances_that_do_not_ascend_are_refused(instance: int) -> None:
    with pytest.raises(Unexpected, match="came after 5"):
        Listing().took(0, entry(5, "A") + entry(instance, "B"))
    listing = Listing()
    listing.took(PARTIAL, entry(5, "A"))
    with pytest.raises(Unexpected, match="came after 5"):
        listing.took(PARTIAL, entry(instance, "B"))


def test_a_page_that_brings_nothing_is_refused() -> None:
    with pytest.raises(Unexpected, match="says that there is more"):
        Listing().took(PARTIAL, b"")


def test_a_list_that_does_not_end_is_refused() -> None:
    listing = Listing()
    listing.found = [Listed(0, "A", 0xC4, ())] * MOST
    with pytest.raises(Unexpected, match="no end"):
        listing.took(PARTIAL, entry(1, "A"))


def test_any_octets_are_a_page_or_refused() -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    good = entry(1, "A") + entry(2, "Beta", 0xA001, (3, 0, 0)) + entry(9, "C")
    for _ in range(2000):
        octets = bytearray(good)
        for _ in range(chance.randrange(1, 4)):
            octets[chance.randrange(len(octets))] = chance.randrange(256)
        size = chance.choice([len(octets), chance.randrange(len(octets))])
        try:
            Listing().took(chance.choice([0, PARTIAL]), bytes(octets[:size]))
        except ProtocolError:
            pass


# -- what people see


@pytest.mark.parametrize(
    ("name", "kind", "seen"),
    [
        ("A", 0xC4, True),
        ("Local:1:I", 0x8123, True),
        ("A_", 0xC4 | 0x1000, False),
        ("__DEFVAL_1", 0xC4, False),
        ("ZZZZZZZZZZA0", 0xC2, False),
        ("ZZZZ_1", 0xC3, True),
        ("ZZZZZZZZZ", 0xC3, True),
        ("Map:Local", 0x69, False),
        ("Cxn:Std", 0x7E, False),
        ("Task:Main", 0x70, False),
        ("Routine:Main", 0x6D, False),
        ("Program:Main", 0x68, False),
        ("program:Main", 0x68, False),
        ("", 0xC4, False),
    ],
)
def test_what_is_no_tag_is_hidden(name: str, kind: int, seen: bool) -> None:
    assert hidden(Listed(1, name, kind, ())) is not seen


def test_a_program_is_known_by_its_symbol() -> None:
    assert Listed(1, "Program:Main", 0x1068, ()).program == "Main"
    assert Listed(1, "Programs", 0xC4, ()).program == ""


def test_a_tag_says_its_type_and_how_to_read_all_of_it() -> None:
    grid = Tag("GRID", DINT, (3, 4))
    assert (grid.sort, grid.type_name, grid.whole) == ("DINT[3,4]", "DINT", "GRID{12}")
    assert grid.shaped(list(range(12)))[2] == [8, 9, 10, 11]
    cube = Tag("CUBE", INT, (2, 3, 2))
    assert cube.shaped(list(range(12)))[1][2] == [10, 11]
    bits = Tag("BITS", BOOLS, (2,))
    assert (bits.sort, bits.type_name, bits.whole) == ("BOOL[64]", "BOOL", "BITS{64}")
    assert bits.shaped([True] * 64) == [True] * 64
    one = Tag("ONE", BOOL)
    assert (one.sort, one.whole, one.shaped(True)) == ("BOOL", "ONE", True)


def test_a_name_that_is_none_is_told_with_the_nearest() -> None:
    names = Named({"Speed": 1, "Level": 2})
    with pytest.raises(KeyError) as raised:
        names["sped"]
    assert str(raised.value) == "there is no 'sped'; the nearest is 'Speed'"
    assert raised.value.args == ("sped",)
    with pytest.raises(KeyError, match=r"^there is no 'nope'$"):
        names["nope"]
    assert "nope" not in names
    assert names.get("nope") is None


def test_names_are_found_in_any_case() -> None:
    found = Named({"Speed": 1, "LEVEL": 2})
    assert (found["speed"], found["Level"], len(found)) == (1, 2, 2)
    assert list(found) == ["Speed", "LEVEL"]
    assert "SPEED" in found
    assert "Spee" not in found
    assert repr(found) == "<2: Speed, LEVEL>"
    with pytest.raises(KeyError):
        found["x"]
