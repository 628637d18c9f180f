# SPDX-License-Identifier: Apache-2.0
"""tshark is the judge: nothing in a long conversation with all clients is malformed."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import asking
import pytest
from connecting import ROUTER, SLOT
from interop.by_hand import DH, ask, closing, connected, dh, opening, pccc
from interop.clients import Aphyt, Pycomm3, Pylogix, inner, pycomm3, where
from interop.wire import replies, requests
from peers import Address, call
from recording import Recorder, flagged, pcap, recorder, seen

pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(shutil.which("tshark") is None, reason="there is no tshark"),
]


def with_pycomm3(address: Address) -> None:
    """Everything that its documentation shows."""
    with Pycomm3(address) as face:
        driver = face.client
        face.write("DINT_10[0]", list(range(10)))
        face.write("DINT_2000[0]", list(range(2000)))
        face.write("UDT_INNER", inner(1, True, [1, 2, 3]))
        face.write("UDT_INNER.F0", False)
        face.write("DINT_0.3", True)
        face.write("BOOL_64[33]", True)
        face.write("STRING_0", "recorded")
        driver.read("SEVEN", "DINT_2000{2000}", "UDT_A", "OUTERS_40{40}", "BOOL_64{64}")
        driver.read(*(["SEVEN", "GREETING", "DINT_10[3]"] * 10))
        driver.read("SEVEN", "DINT_10[99]", "NO_DINT")
        driver.read("DINT_10[99]")
        driver.write("RO_DINT", 5)
        driver.write(("DINT_10[0]", 5), ("DINT_10[1]", 6))
        driver.get_tag_list("*")
        driver.get_plc_info()
        driver.get_plc_time()
        driver.set_plc_time()
        driver.get_module_info(0)
        for service in (0x01, 0x77):
            for connected in (True, False):
                driver.generic_message(service, 1, 1, connected=connected)


def with_pylogix(address: Address) -> None:
    with Pylogix(address) as face:
        plc = face.client
        plc.Read("SEVEN")
        plc.Read("DINT_2000[0]", 2000)
        plc.Write("DINT_2000[0]", list(range(2000)))
        plc.Write("DINT_0.4", True)
        plc.Write("STRING_0", "recorded")
        plc.Read(["SEVEN", "NOWHERE", "GREETING", "INNER"])
        plc.Read("NOWHERE")
        plc.GetTagList()
        plc.GetPLCTime()
        plc.SetPLCTime()
        plc.GetDeviceProperties()
        plc.Message(0x77, 1, 1)
        plc.GetModuleProperties(0)
        plc.Read("SEVEN")


def with_others(address: Address) -> None:
    with Aphyt(address) as face:
        face.client.list_identity()
        face.client.list_services()
        face.client.list_interfaces()
        face.write("DINT_10[0]", [1, 2, 3])
        face.read("DINT_10[0]", 3)
    with pycomm3.SLCDriver(where(address)) as slc:
        slc.read("N7:0{10}", "F8:1", "T4:0.PRE", "ST9:0", "N99:0")
        slc.write(("N7:0", 5))
        slc.get_processor_type()
        slc.get_file_directory()


def by_hand(address: Address) -> None:
    """As libplctag does; the small controller knows no Large Forward Open."""
    with call(address) as caller:
        for path, size, large in (
            (SLOT, 4002, True),
            (ROUTER, 504, False),
            (DH, 258, False),
        ):
            told = ask(caller, opening(path, size, large))
            if told.status == 0:
                theirs = int.from_bytes(told.data[:4], "little")
                if path == DH:
                    dh(caller, theirs, 1, b"\xa2\2\7\x89\0\0")
                else:
                    connected(caller, theirs, 1, asking.read("SEVEN"))
            ask(caller, closing(path))
            ask(caller, closing(path))
        for sent in (False, True):
            ask(caller, asking.read_on("DINT_2000", 2000), sent)
            ask(caller, asking.write("SINT_0", 0xC2, 1, b"\1\0"), sent)
            pccc(caller, b"\xa2\2\7\x89\0\0", sent)
            pccc(caller, b"\xa2\2\x63\x89\0\0", sent)
            pccc(caller, b"\1\0\0\1\0\6\7\1\2", sent)


def judged(one: Recorder, file: Path) -> dict[str, Any]:
    """That nothing is wrong, and what it has seen."""
    pcap(file, one.pieces)
    assert flagged(file) == ""
    return {name: set(seen(file, name)) for name in ("enip.command", "cip.sc")}


@pytest.mark.parametrize("server", ["large", "small"])
def test_tshark_finds_nothing_wrong(
    simulator: Address, small: Address, server: str, tmp_path: Path
) -> None:
    with recorder(simulator if server == "large" else small) as one:
        with_pycomm3(one.address)
        with_pylogix(one.address)
        with_others(one.address)
        by_hand(one.address)
        told = judged(one, tmp_path / "said.pcap")
    assert {0x04, 0x63, 0x64, 0x65, 0x66, 0x6F, 0x70} <= told["enip.command"]
    assert {0x4C, 0x4D, 0x4E, 0x52, 0x53, 0x55, 0x03, 0x0A} <= told["cip.sc"]
    assert {0x4B, 0x4C, 0x4D, 0x4E, 0x52, 0x53, 0x55} <= requests(one.pieces)
    assert {0x00, 0x06, 0x1E} <= replies(one.pieces)
