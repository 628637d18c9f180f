# SPDX-License-Identifier: Apache-2.0
"""A controller browsed over the network, and copied into a simulator."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from peers import LOOPBACK, PATIENCE, Address, serving, vacant
from plants import plant

from cpppo.client import AsyncLogix, Logix, check, discover
from cpppo.client.commands.enip_client import main
from cpppo.errors import TransportError


@pytest.fixture
def address(tmp_path: Path) -> Iterator[Address]:
    with serving(plant(tmp_path)) as found:
        yield found


def at(address: Address) -> str:
    return f"{address[0]}:{address[1]}"


def browsed(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    """What the command writes."""
    capsys.readouterr()
    assert main(argv) == 0
    found = capsys.readouterr()
    assert found.err == ""
    return found.out


def said(text: str) -> str:
    """All but the comments: these name the address."""
    return re.sub(r"(?m)^#.*\n", "", text)


@pytest.mark.parametrize("option", ["--browse", "--browse-values"])
def test_a_copy_of_a_controller_is_the_same_controller(
    tmp_path: Path,
    address: Address,
    capsys: pytest.CaptureFixture[str],
    option: str,
) -> None:
    with Logix(at(address)) as plc:
        plc.write({"UDT_A.Nested.X": 3, "BITS[33]": True, "MANY[59].Text": "last"})
        first = {name: (one.sort, one.access) for name, one in plc.tags.items()}
        values = {one: plc.read(plc.tags[one].whole).value for one in first}
    text = browsed(capsys, option, at(address))
    with serving(plant(tmp_path, text)) as second:
        assert said(browsed(capsys, option, "-a", at(second))) == said(text)
        with Logix(at(second)) as plc:
            copied = {name: (one.sort, one.access) for name, one in plc.tags.items()}
            assert copied == first
            assert plc.programs == ("Main", "Empty")
            assert plc.name == "Line 1"
            if option == "--browse-values":
                for name, value in values.items():
                    assert plc.read(plc.tags[name].whole).value == value
            else:
                assert plc.read("UDT_A.Nested.X").value == 0


def test_the_text_says_types_tags_programs_and_who_it_is(
    address: Address, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = browsed(capsys, "--browse", at(address)).splitlines()
    assert lines[0].startswith("# 1756-L61/B LOGIX5561, revision 20.11, at 127.0.0.1")
    for line in (
        "# OTHER is another tag's name there",
        'product_name = "1756-L61/B LOGIX5561"',
        "[types.InnerUDT]",
        'Arr = "INT[3]"',
        "string = 20",
        'GRID = "DINT[3,4]"',
        'BITS = "BOOL[96]"',
        'RO = { type = "InnerUDT", access = "read-only" }',
        "[programs.Main.tags]",
        "[programs.Empty]",
    ):
        assert line in lines
    assert "[types.TIMER]" not in lines


def test_the_command_reads_members_and_texts_without_browsing(
    address: Address, capsys: pytest.CaptureFixture[str]
) -> None:
    tags = ["S", "IN.Arr[1]", "GRID{3}", "SHORTS[0].LEN", "Program:Main.X"]
    out = browsed(capsys, "--print", "-a", at(address), *tags)
    ends = [line.partition("==")[2] for line in out.splitlines()]
    assert ends == [
        " ['text']: 'OK'",
        " [2]: 'OK'",
        " [0, 1, 2]: 'OK'",
        " [0]: 'OK'",
        " [7]: 'OK'",
    ]


def test_the_route_may_be_said(
    address: Address, capsys: pytest.CaptureFixture[str]
) -> None:
    for more in (["-S"], ["--route-path", "1/0"], ["-c"]):
        assert "UDT_A" in browsed(capsys, "--browse", *more, at(address))


@pytest.mark.parametrize(
    ("argv", "problem"),
    [
        (["--browse", "a", "b"], "an address expected, and no tags, not 'a b'"),
        (["--browse", "-a", "10.0.0.5", "10.0.0.6"], "the address is said twice"),
        (["--browse", "10.0.0.5:x"], "address"),
        (["--browse", "-u"], "--browse is by TCP and alone"),
        (["--browse", "-i"], "--browse is by TCP and alone"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    argv: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) == 2
    assert problem in capsys.readouterr().err


def test_nobody_to_browse_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--browse", "-t", "0.5", f"{LOOPBACK}:{vacant()}"]) == 1
    found = capsys.readouterr()
    assert (found.out, found.err.count("\n")) == ("", 1)
    assert "refused the connection" in found.err
    assert re.search(r"\(down for [0-9.]+ s( and [0-9]+ attempts)?\)$", found.err)


def test_many_tags_are_browsed_over_each_kind_of_connection(tmp_path: Path) -> None:
    lines = [
        f'T{nth:04} = "{("DINT", "IN", "INT[3]")[nth % 3]}"' for nth in range(2000)
    ]
    text = '[types.IN]\nX = "DINT"\n[tags]\n' + "\n".join(lines)
    with serving(plant(tmp_path, text)) as address:
        for connected in (True, False):
            with Logix(at(address), connected=connected) as plc:
                assert len(plc.tags) == 2000
                sorts = [plc.tags[f"T{nth}"].sort for nth in (1997, 1998, 1999)]
                assert sorts == ["INT[3]", "DINT", "IN"]
                assert check(plc.read("T0001")).value == {"X": 0}


def test_a_device_is_discovered(
    address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One device is all: nobody waits for more of them.
    monkeypatch.setattr("cpppo.client.discovery.MOST", 1)
    assert discover(PATIENCE, at(address)) == discover(PATIENCE, *address)
    (found,) = discover(PATIENCE, *address)
    assert (found["host"], found["name"]) == (LOOPBACK, "1756-L61/B LOGIX5561")
    assert found["revision"] == "20.11"


def test_nobody_is_discovered_where_nobody_is() -> None:
    assert discover(0.05, LOOPBACK, vacant()) == []
    with pytest.raises(ValueError, match="above 0 s"):
        discover(0)
    with pytest.raises(TransportError):
        discover(0.05, "no.such.name.invalid")


def test_structures_over_the_network_awaited(address: Address) -> None:
    async def work() -> None:
        async with AsyncLogix(at(address)) as plc:
            await plc.write(UDT_A={"Text": "hello", "Nested": {"X": 4}})
            found = await plc.read("UDT_A")
            assert (found.record.Text, found.record.Nested.X) == ("hello", 4)
            assert (await plc.tags)["UDT_A"].sort == "OuterUDT"

    asyncio.run(work())


def test_subscriptions_tell_structures(address: Address) -> None:
    async def work() -> None:
        seen: asyncio.Queue[object] = asyncio.Queue()
        async with (
            AsyncLogix(at(address)) as plc,
            await plc.subscribe(
                "IN", every=0.01, change=lambda one, before: seen.put_nowait(one.value)
            ),
        ):
            first = await asyncio.wait_for(seen.get(), 5)
            await plc.write({"IN.X": 77})
            second = await asyncio.wait_for(seen.get(), 5)
            assert second == {**first, "X": 77}  # type: ignore[dict-item]

    asyncio.run(work())
