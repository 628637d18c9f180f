# SPDX-License-Identifier: Apache-2.0
"""Paths as people write them: read, written, and refused with a place."""

from __future__ import annotations

import pickle
import random
from random import Random
from typing import Any

import pytest

from cpppo.errors import CpppoError, EncodeError
from cpppo.grammar import generate
from cpppo.protocol.enip import (
    Attribute,
    Class,
    ConnectionPoint,
    ElectronicKey,
    Element,
    Instance,
    KeyFormat4,
    OtherSegment,
    Path,
    Port,
    Segment,
    SinglePath,
    Symbol,
)
from cpppo.protocol.enip.notation import (
    NotationError,
    format_path,
    format_route_path,
    parse_address,
    parse_host,
    parse_path_elements,
    parse_route_path,
)

# -- routes

IP = "192.168.1.2"

ROUTES: list[tuple[object, tuple[Port, ...] | None]] = [
    ("1/0", (Port(1, 0),)),
    (" 1 / 0 ", (Port(1, 0),)),
    ("2/192.168.1.2", (Port(2, IP),)),
    ("1/0/2/192.168.1.2", (Port(1, 0), Port(2, IP))),
    ("1/0/2/192.168.1.2/1/3", (Port(1, 0), Port(2, IP), Port(1, 3))),
    ("65535/255", (Port(65535, 255),)),
    ("0x12/0x0F", (Port(18, 15),)),
    ("2/plc.example.com", (Port(2, "plc.example.com"),)),
    ("2/plc:2222", (Port(2, "plc:2222"),)),
    ("2/10.0.0.1:44818", (Port(2, "10.0.0.1:44818"),)),
    ("2/fe80::1", (Port(2, "fe80::1"),)),
    ("2/[::1]:44818", (Port(2, "[::1]:44818"),)),
    ('[{"port": 1, "link": 0}]', (Port(1, 0),)),
    ('{"port":1,"link":0}', (Port(1, 0),)),
    ('{"link":"0","port":"1"}', (Port(1, 0),)),
    ('["1/3", {"port": 2, "link": "1.2.3.4"}]', (Port(1, 3), Port(2, "1.2.3.4"))),
    ('["1/0/2/1.2.3.4"]', (Port(1, 0), Port(2, "1.2.3.4"))),
    ("[[1, 0]]", (Port(1, 0),)),
    ('[\n  {"port": 1,\n   "link": 0}\n]\n', (Port(1, 0),)),
    ([{"port": 1, "link": 0}], (Port(1, 0),)),
    ({"port": 1, "link": 0}, (Port(1, 0),)),
    (["1/3", {"port": 2, "link": "1.2.3.4"}], (Port(1, 3), Port(2, "1.2.3.4"))),
    (((1, 0), (2, IP)), (Port(1, 0), Port(2, IP))),
    ((Port(1, 0), Port(2, IP)), (Port(1, 0), Port(2, IP))),
    (Port(1, 0), (Port(1, 0),)),
    ("false", ()),
    (" False\n", ()),
    ("0", ()),
    ("[]", ()),
    (" [ ] ", ()),
    (False, ()),
    (0, ()),
    ([], ()),
    ((), ()),
    ("null", None),
    (None, None),
]


@pytest.mark.parametrize(("route", "hops"), ROUTES, ids=lambda one: str(one)[:40])
def test_a_route_is_read(route: object, hops: tuple[Port, ...] | None) -> None:
    assert parse_route_path(route) == hops


NO_ROUTES: list[tuple[object, str, str | None, str]] = [
    ("", "a port (as in 1/0, port 1 link 0) expected", "", "^"),
    ("1", "a port needs '/' and its link", "1", " ^"),
    ("1/", "a link is a number from 0 to 255, or an address", "1/", "  ^"),
    ("1/0/", "a port (as in 1/0, port 1 link 0) expected", "1/0/", "    ^"),
    ("1/0/2", "a port needs '/' and its link", "1/0/2", "     ^"),
    ("0/1", "is from 1 to 65535, not 0", "0/1", "^"),
    ("65536/1", "is from 1 to 65535, not 65536", "65536/1", "^"),
    ("1/256", "a link is a number from 0 to 255", "1/256", "  ^"),
    ("1/0x1FF", "a link is a number from 0 to 255", "1/0x1FF", "  ^"),
    ("1/-1", "a link is a number from 0 to 255", "1/-1", "  ^"),
    ("1/1-15", 'or an address, not "1-15"', "1/1-15", "  ^"),
    ("2/10.0.0", 'or an address, not "10.0.0"', "2/10.0.0", "  ^"),
    ("2/10.0.0.300", "or an address", "2/10.0.0.300", "  ^"),
    ("2/a b", "or an address", "2/a b", "  ^"),
    ("2/plc:0", "or an address", "2/plc:0", "  ^"),
    ("x/1", "expected: a number from 1 to 65535", "x/1", "^"),
    ("true", "expected: a number from 1 to 65535", "true", "^"),
    (True, "expected: a number from 1 to 65535", "true", "^"),
    (1, "a port needs '/' and its link", "1", " ^"),
    (
        '[{"port": 1, "link": 0}',
        "this list is not closed",
        '[{"port": 1, "link": 0}',
        "^",
    ),
    ('[{"port": 1, "link": 0]', "no JSON", '[{"port": 1, "link": 0]', " " * 22 + "^"),
    ("[1, 0]", "a hop is", "[1, 0]", " ^"),
    ('["1/0" "1/1"]', "',' or ']' expected", '["1/0" "1/1"]', "       ^"),
    ('["1/0",]', "no JSON", '["1/0",]', "       ^"),
    ('["1/0"] 1', "nothing more expected", '["1/0"] 1', "        ^"),
    ('["1/0", "x"]', "expected: a number", "x", "^"),
    ('["1/0", {"port": 0, "link": 1}]', "a port is from 1", None, "        ^"),
    ('["1/0", {"port": true, "link": 1}]', "not true", None, "        ^"),
    ('["1/0", {"port": 1, "link": 1.5}]', "not 1.5", None, "        ^"),
    ('["1/0", {"port": 1, "link": "1/2"}]', 'not "1/2"', None, "        ^"),
    ('{"port": 1}', "a hop is", '{"port": 1}', "^"),
    ('{"port": 1, "link": 0, "x": 1}', "a hop is", None, "^"),
    ("{}", "a hop is", "{}", "^"),
    ([{"port": 1, "link": None}], "or an address, not null", None, " ^"),
    ([1], "a hop is", "[1]", " ^"),
    ([b"1/0"], "it is not made of bytes", "<list>", "^"),
    (..., "it is not made of ellipsis", "<ellipsis>", "^"),
    ({1j: 2}, "no path: keys must be", "<dict>", "^"),
    ("[" * 100000, "no JSON", None, " ^"),
    ("[" + "9" * 5000 + "]", "no JSON", None, " ^"),
    ("9" * 5000 + "/1", "is from 1 to 65535, not 999", None, "^"),
]


@pytest.mark.parametrize(
    ("route", "said", "shown", "caret"), NO_ROUTES, ids=lambda one: str(one)[:30]
)
def test_no_route_is_refused_with_its_place(
    route: object, said: str, shown: str | None, caret: str
) -> None:
    with pytest.raises(NotationError) as caught:
        parse_route_path(route)
    problem, line, mark = str(caught.value).split("\n")
    assert said in problem
    assert mark == "  " + caret
    if shown is not None:
        assert line == "  " + shown


@pytest.mark.parametrize(
    ("hops", "text"),
    [
        ((Port(1, 0),), "1/0"),
        ((Port(1, 0), Port(2, IP)), "1/0/2/192.168.1.2"),
        ((), "false"),
        (None, "null"),
        ((Port(1, "a/b"),), '[{"port": 1, "link": "a/b"}]'),
        ((Port(1, "5"),), '[{"port": 1, "link": "5"}]'),
        ((Port(1, "0x5"),), '[{"port": 1, "link": "0x5"}]'),
        ((Port(1, "\n"), Port(1, 0)), None),
        ((Port(0, 1),), '[{"port": 0, "link": 1}]'),
    ],
    ids=str,
)
def test_a_route_is_written_on_one_line(
    hops: tuple[Port, ...] | None, text: str | None
) -> None:
    written = format_route_path(hops)
    assert "\n" not in written
    if text is not None:
        assert written == text


def links(seeded: Random) -> int | str:
    octets = ".".join(str(seeded.randrange(256)) for _ in range(4))
    letters = "".join(seeded.choices("abcXYZ019_", k=seeded.randrange(1, 9)))
    several = f"h{letters}.{letters}x:{seeded.randrange(1, 65536)}"
    some: list[int | str] = [seeded.randrange(256), octets, several, "::1"]
    return seeded.choice(some)


def test_routes_go_there_and_back(pytestconfig: pytest.Config) -> None:
    seeded = random.Random(pytestconfig.getoption("--hypothesis-seed"))
    for _ in range(1000):
        hops = tuple(
            Port(seeded.choice([1, 2, 14, 15, 65535]), links(seeded))
            for _ in range(seeded.randrange(5))
        )
        assert parse_route_path(format_route_path(hops)) == hops
        assert parse_route_path(hops) == hops
        assert parse_route_path([(hop.port, hop.link) for hop in hops]) == hops


# -- hosts


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("localhost", ("localhost", None)),
        ("localhost:44819", ("localhost", 44819)),
        ("10.0.0.5", ("10.0.0.5", None)),
        ("10.0.0.5:1", ("10.0.0.5", 1)),
        ("::1", ("::1", None)),
        ("[::1]", ("::1", None)),
        ("[::1]:5", ("::1", 5)),
        ("my_plc-1.example.com.", ("my_plc-1.example.com.", None)),
        ("", None),
        (":5", None),
        ("h:", None),
        ("h:0", None),
        ("h:65536", None),
        ("h:5:6", None),
        ("h:0x10", None),
        ("h:٣", None),
        ("[::1", None),
        ("[::1]5", None),
        ("[::1]:", None),
        ("[h]:5", None),
        ("h..x", None),
        (".h", None),
        ("-h", None),
        ("h/x", None),
        ("h x", None),
        ("10.0.0", None),
        ("1-15", None),
        ("10", None),
        ("ä", None),
        ("h\n", None),
        ("h" * 256, None),
        ("a-" * 127 + "!", None),
    ],
)
def test_a_host_is_a_name_or_a_number(
    text: str, found: tuple[str, int | None] | None
) -> None:
    assert parse_host(text) == found


# -- addresses

Elements = tuple[tuple[Segment, ...], int | None, int | None]
SCADA = Symbol("SCADA")
A, B, C = Symbol("A"), Symbol("B"), Symbol("C")
KEY = ElectronicKey(key=KeyFormat4(vendor=1))
NUMBERED = (Class(22), Instance(1), Attribute(1))

ADDRESSES: list[tuple[str, Elements]] = [
    ("SCADA", ((SCADA,), None, None)),
    (" SCADA ", ((SCADA,), None, None)),
    ("SCADA[3]", ((SCADA, Element(3)), 3, None)),
    ("SCADA[3-7]", ((SCADA, Element(3)), 3, 5)),
    ("SCADA[ 3 - 7 ]", ((SCADA, Element(3)), 3, 5)),
    ("SCADA[3-3]", ((SCADA, Element(3)), 3, 1)),
    ("SCADA*5", ((SCADA,), None, 5)),
    ("SCADA[3]*4", ((SCADA, Element(3)), 3, 4)),
    ("SCADA[3-7]*5", ((SCADA, Element(3)), 3, 5)),
    ("A.B[2].C", ((A, B, Element(2), C), None, None)),
    ("A.B[2].C[0]", ((A, B, Element(2), C, Element(0)), 0, None)),
    ("A.B[2].C[0-1]", ((A, B, Element(2), C, Element(0)), 0, 2)),
    ("A[1,2]", ((A, Element(1), Element(2)), 2, None)),
    ("A[1][2]", ((A, Element(1), Element(2)), 2, None)),
    ("A[1, 2, 3-5]", ((A, Element(1), Element(2), Element(3)), 3, 3)),
    ("A[0x10]", ((A, Element(16)), 16, None)),
    ("Program:Main.x", ((Symbol("Program:Main"), Symbol("x")), None, None)),
    (
        "Local:1:I.Data.3",
        ((Symbol("Local:1:I"), Symbol("Data"), Symbol("3")), None, None),
    ),
    ("Ä-1_/b", ((Symbol("Ä-1_/b"),), None, None)),
    ("@0x93/3/10", ((Class(0x93), Instance(3), Attribute(10)), None, None)),
    ("@22/1/1", (NUMBERED, None, None)),
    ("@0b10110/0o1/01", (NUMBERED, None, None)),
    ("@22/1/1[3]", ((*NUMBERED, Element(3)), 3, None)),
    ("@22/1/1/3", ((*NUMBERED, Element(3)), None, None)),
    ("@22/1/1[0-3]", ((*NUMBERED, Element(0)), 0, 4)),
    ("@22/1/1*3", (NUMBERED, None, 3)),
    ("@22/1/1[3].A", ((*NUMBERED, Element(3), A), None, None)),
    ("@6/1", ((Class(6), Instance(1)), None, None)),
    ("@1", ((Class(1),), None, None)),
    ("@0x6B/25*2", ((Class(0x6B), Instance(25)), None, 2)),
    (
        '@4/5/{"connection":100}',
        ((Class(4), Instance(5), ConnectionPoint(100)), None, None),
    ),
    (
        '@4/5/{"connection": "0x64"}/7',
        ((Class(4), Instance(5), ConnectionPoint(100), Element(7)), None, None),
    ),
    ('@{"class":1}/{"element":3}', ((Class(1), Element(3)), None, None)),
    (
        '@{"port":1,"link":0}/{"class":2}/1',
        ((Port(1, 0), Class(2), Attribute(1)), None, None),
    ),
    ('@{"symbolic":"A.B"}[1]', ((Symbol("A.B"), Element(1)), 1, None)),
    ('@{"segment":"34 04 01 00 00 00 00 00 00 00"}', ((KEY,), None, None)),
    ('[{"class": 246}, {"instance": 1}]', ((Class(246), Instance(1)), None, None)),
    ("[]", ((), None, None)),
]


@pytest.mark.parametrize(("text", "found"), ADDRESSES, ids=lambda one: str(one)[:40])
def test_an_address_is_read(text: str, found: Elements) -> None:
    assert parse_path_elements(text) == found
    segments, _, count = found
    if count is None:
        assert parse_address(text) == segments


def test_an_address_may_be_given_as_objects() -> None:
    given: list[Any] = [{"symbolic": "A"}, {"element": 3}]
    assert parse_address(given) == (A, Element(3))
    assert parse_address((Class(6), Instance(1))) == (Class(6), Instance(1))


NO_ADDRESSES: list[tuple[object, str, str]] = [
    ("", "a name expected", "^"),
    ("A..B", "a name expected", "  ^"),
    ("A.", "a name expected", "  ^"),
    ("[3]", "a segment is", " ^"),
    ("*3", "a name expected", "^"),
    ("A[2]B", "'.', '[' or '*' expected", "    ^"),
    ("A B", "'.', '[' or '*' expected", "  ^"),
    ("A [1]", "'.', '[' or '*' expected", "  ^"),
    ("A\nB", "'.', '[' or '*' expected", "^"),
    ("A☃", "'.', '[' or '*' expected", " ^"),
    ("SCADA@22/1/1", "'.', '[' or '*' expected", "     ^"),
    ("A=1", "'.', '[' or '*' expected", " ^"),
    ("A[", "an index expected", "  ^"),
    ("A[]", "an index expected", "  ^"),
    ("A[x]", "an index expected", "  ^"),
    ("A[-1]", "an index expected", "  ^"),
    ("A[1", "',', '-' or ']' expected", "   ^"),
    ("A[1-]", "the last index expected", "    ^"),
    ("A[1-2", "']' expected", "     ^"),
    ("A[1-2,3]", "']' expected", "     ^"),
    ("A[7-3]", "the last index is from 7", "    ^"),
    ("A[4294967296]", "an index is from 0 to 4294967295", "  ^"),
    ("A[1-2].B", "nothing may follow a range or a count", "      ^"),
    ("A[1-2][3]", "nothing may follow a range or a count", "      ^"),
    ("A*2.B", "nothing may follow a range or a count", "   ^"),
    ("A*0", "a count of elements is from 1", "  ^"),
    ("A*", "a count of elements expected", "  ^"),
    ("A[3-7]*4", "the range has 5 elements", "      ^"),
    ("@", "a class expected", " ^"),
    ("@1//2", "an instance expected", "   ^"),
    ("@1/2/", "an attribute expected", "     ^"),
    ("@1/2/3/4/5", "four numbers at most", "         ^"),
    ("@1/1/1-3", "'.', '[' or '*' expected", "      ^"),
    ("@SCADA/1", "a class expected", " ^"),
    ("@0x/1", "'.', '[' or '*' expected", "  ^"),
    ("@4294967296", "a class is from 0", " ^"),
    ('@1/{"instance":}', "no JSON", " " * 15 + "^"),
    ('@1/{"x":1}', "a segment is", "   ^"),
    ('@1/{"instance":-1}', "instance is a number", "   ^"),
    ('@1/{"instance":true}', "not true", "   ^"),
    ('@1/{"instance":1,"class":1}', "a segment is", "   ^"),
    ('@1/{"symbolic":"☃"}', "a name is up to 255 characters", "   ^"),
    ('@1/{"symbolic":1}', "a name is up to 255 characters", "   ^"),
    ('@1/{"segment":"xyz"}', "no segment", "   ^"),
    ('@1/{"segment":"20"}', "no segment", "   ^"),
    ('@{"port":1,"link":999}', "a link is", " ^"),
    ("A" * 256, "a name is up to 255 characters", "^"),
    ("@" + '{"a":' * 100000, "no JSON", " ^"),
    ("[{}]", "a segment is", " ^"),
    ("[1]", "a segment is", " ^"),
    ([{"class": 6}, 7], "a segment is", " " * 15 + "^"),
    ([...], "it is not made of ellipsis", "^"),
]


@pytest.mark.parametrize(
    ("path", "said", "caret"), NO_ADDRESSES, ids=lambda one: str(one)[:30]
)
def test_no_address_is_refused_with_its_place(
    path: object, said: str, caret: str
) -> None:
    with pytest.raises(NotationError) as caught:
        parse_path_elements(path)
    problem, _, mark = str(caught.value).split("\n")
    assert said in problem
    if path != "A\nB":
        assert mark == "  " + caret


@pytest.mark.parametrize(
    ("text", "caret"), [("SCADA[3-7]", "       ^"), ("A-B*5", "   ^")]
)
def test_an_address_is_one_place(text: str, caret: str) -> None:
    with pytest.raises(NotationError, match="one place expected") as caught:
        parse_address(text)
    assert str(caught.value).split("\n")[2] == "  " + caret


# -- and written


@pytest.mark.parametrize(
    ("segments", "count", "text"),
    [
        ((SCADA, Element(1)), None, "SCADA[1]"),
        ((*NUMBERED, Element(3)), None, "@0x0016/1/1[3]"),
        ((A, B, Element(2), C), None, "A.B[2].C"),
        ((A, Element(1), Element(2)), None, "A[1,2]"),
        ((SCADA, Element(3)), 5, "SCADA[3-7]"),
        ((SCADA, Element(1), Element(3)), 5, "SCADA[1,3-7]"),
        ((SCADA,), 5, "SCADA*5"),
        (NUMBERED, 5, "@0x0016/1/1*5"),
        ((Class(0x12345), Instance(300)), None, "@0x12345/300"),
        ((Class(0xAB),), None, "@0x00AB"),
        (
            (Class(4), Instance(5), ConnectionPoint(100)),
            None,
            '@0x0004/5/{"connection":100}',
        ),
        ((Instance(1),), None, '@{"instance":1}'),
        ((Port(1, 0), Class(2)), None, '@{"port":1,"link":0}/{"class":2}'),
        ((*NUMBERED, Element(3), A), None, "@0x0016/1/1[3].A"),
        ((Element(3),), None, '@{"element":3}'),
        ((A, Attribute(3)), None, '@{"symbolic":"A"}/{"attribute":3}'),
        ((Symbol("A.B"),), None, '@{"symbolic":"A.B"}'),
        ((Symbol("\n"),), None, '@{"symbolic":"\\n"}'),
        ((), None, "[]"),
    ],
    ids=str,
)
def test_a_path_is_written_as_users_know_it(
    segments: tuple[Segment, ...], count: int | None, text: str
) -> None:
    assert format_path(segments, count) == text
    found, _, counted = parse_path_elements(text)
    assert (found, counted) == (segments, count)


def names(seeded: Random) -> str:
    letters = "aZ_9:é" if seeded.random() < 0.9 else '.[]*@"\\/ \n\x00ÿ\xad\xa0'
    return "".join(seeded.choices(letters, k=seeded.randrange(1, 6)))


def numbers(seeded: Random) -> int:
    return seeded.choice([0, 1, 255, 256, 65536, 0xFFFFFFFF])


def segments(seeded: Random) -> tuple[Segment, ...]:
    """What a user would write, more often than what the declaration allows."""
    some: list[Segment] = []
    if seeded.random() < 0.4:
        kinds = [Class, Instance, Attribute, ConnectionPoint][: seeded.randrange(5)]
        some += [kind(numbers(seeded)) for kind in kinds]
    for _ in range(seeded.randrange(6)):
        choice = seeded.random()
        if choice < 0.4:
            some.append(Symbol(names(seeded)))
        elif choice < 0.8:
            some.append(Element(numbers(seeded)))
        else:
            some.append(generate.values(SinglePath, seeded).segment)
    return tuple(some)


def test_paths_go_there_and_back(pytestconfig: pytest.Config) -> None:
    seeded = random.Random(pytestconfig.getoption("--hypothesis-seed"))
    forms = set()
    for _ in range(1000):
        path = segments(seeded)
        try:
            Path(path).encode()
        except EncodeError:
            continue  # 255 words are the most
        text = format_path(path)
        assert parse_address(text) == path, text
        assert text.isprintable()
        assert parse_address(path) == path
        forms |= {text[0], "{" in text}
    assert {"@", True, False} <= forms


def test_ranges_go_there_and_back(pytestconfig: pytest.Config) -> None:
    seeded = random.Random(pytestconfig.getoption("--hypothesis-seed"))
    for _ in range(500):
        path = segments(seeded)
        count = seeded.randrange(1, 10000)
        if not path or path[-1] == Element(0xFFFFFFFF):
            continue
        text = format_path(path, count)
        found, element, counted = parse_path_elements(text)
        assert (found, counted) == (path, count), text
        assert element is None or path[-1] == Element(element)


@pytest.mark.parametrize(
    ("text", "place"), [("A{3}", 1), ("A[1-2]", 3), ("A*2", 1), ("00:/{1}", 4)]
)
def test_an_address_says_where_its_count_stands(text: str, place: int) -> None:
    with pytest.raises(NotationError, match="no range and no count") as raised:
        parse_address(text)
    assert raised.value.place == place


def test_random_text_is_an_address_or_refused(pytestconfig: pytest.Config) -> None:
    seeded = random.Random(pytestconfig.getoption("--hypothesis-seed"))
    letters = 'A1./-*@[]{}":, 0x\n☃'
    read = 0
    for _ in range(5000):
        text = "".join(seeded.choices(letters, k=seeded.randrange(12)))
        for parse in (parse_address, parse_path_elements, parse_route_path):
            try:
                parse(text)
                read += 1
            except NotationError as exc:
                assert 0 <= exc.place <= len(text) or exc.text not in text
                assert str(exc).count("\n") == 2
    assert read > 0


def test_odd_segments_have_their_octets_for_a_notation() -> None:
    for one in (ElectronicKey(), OtherSegment(0x50, b"\x01\x02\x03"), Port(3, "a/b")):
        text = format_path((Class(1), one))
        assert text.startswith('@0x0001/{"segment":"')
        assert parse_address(text) == (Class(1), one)


# -- the error


def test_a_number_that_cannot_be_written_is_refused() -> None:
    with pytest.raises(NotationError, match="no path"):
        parse_route_path([10**5000])


def test_a_notation_error_is_a_value_error_of_ours() -> None:
    with pytest.raises(NotationError) as caught:
        parse_route_path("1/x!")
    exc = caught.value
    assert isinstance(exc, CpppoError)
    assert isinstance(exc, ValueError)
    assert (exc.text, exc.place) == ("1/x!", 2)
    again = pickle.loads(pickle.dumps(exc))
    assert str(again) == str(exc)


def test_of_long_text_the_place_is_shown() -> None:
    text = "1/0/" * 100 + "?" + "/2" * 100
    with pytest.raises(NotationError) as caught:
        parse_route_path(text)
    _, line, mark = str(caught.value).split("\n")
    assert len(line) < 100
    assert line[mark.index("^")] == "?"
    assert line.startswith("  ...")
    assert line.endswith("...")


def test_of_several_lines_the_one_is_shown() -> None:
    text = '[\n\t{"port": 1, "link": 0},\n\t{"port": 1, "link": 999}\n]'
    with pytest.raises(NotationError) as caught:
        parse_route_path(text)
    _, line, mark = str(caught.value).split("\n")
    assert line == '   {"port": 1, "link": 999}'
    assert mark == "   ^"
