# SPDX-License-Identifier: Apache-2.0
"""Read and write tags of a ControlLogix, or of a simulated one, over a plain socket.

    python examples/tag.py 'SCADA[0-3]' 'SCADA[1]=99' FLOAT=1.5 'TEXT[2]=hello'

What goes over the wire is made of typed messages; this shows how.  Before it writes, it
reads the tag, to know its type.  ENIP_ADDRESS in the environment says where, or `-a`.
"""

import argparse
import os
import socket
import sys
from contextlib import closing

from cpppo.errors import CpppoError
from cpppo.protocol.enip import (
    NullAddress,
    Path,
    ReadTag,
    Register,
    Reply,
    ReplyFrame,
    Request,
    RequestEntry,
    RequestFrame,
    RequestPacket,
    SendRRData,
    TypedData,
    UnconnectedRequest,
    WriteTag,
)
from cpppo.protocol.enip.notation import parse_host, parse_path_elements
from cpppo.protocol.enip.status import words
from cpppo.protocol.enip.types import CODES


class Controller:
    """A session with a controller."""

    def __init__(self, host: str, port: int) -> None:
        self.socket = socket.create_connection((host, port), timeout=5)
        self.replies = ReplyFrame.parser()
        self.session = 0
        self.session = self.ask(Register()).session

    def ask(self, command) -> ReplyFrame:
        """Send a command; the frame that answers it."""
        self.socket.sendall(
            RequestFrame(session=self.session, payload=command).encode()
        )
        while octets := self.socket.recv(65536):
            for reply in self.replies.feed(octets):
                return reply
        raise ConnectionError("the controller closed the connection")

    def request(self, request: Request) -> Reply:
        """Ask an object for something; what it answers."""
        entries = (
            RequestEntry(NullAddress()),
            RequestEntry(UnconnectedRequest(request)),
        )
        frame = self.ask(SendRRData(packet=RequestPacket(entries)))
        reply = frame.payload.packet.entries[1].item.reply
        if reply.status:
            raise ValueError(words(reply.status, reply.extended))
        return reply

    def read(self, path: Path, elements: int) -> TypedData:
        return TypedData.decode(self.request(ReadTag(path, elements)).data)

    def close(self) -> None:
        self.socket.close()


def done(controller: Controller, text: str) -> str:
    """What came of one argument: `SCADA[0-3]` is read, `SCADA[1]=99` written."""
    name, writes, values = text.partition("=")
    segments, _, count = parse_path_elements(name)
    path = Path(segments)
    data = controller.read(path, count or 1)
    kind = CODES[data.type.code]
    if not writes:
        return f"{name} == {kind.unpack(data.data)}"
    made = [value(kind, one) for one in values.split(",")]
    if len(made) != (count or 1):
        raise ValueError(f"{count or 1} values are expected, not {len(made)}")
    controller.request(WriteTag(path, data.type, len(made), kind.pack(made)))
    return f"{name} <= {made}"


def value(kind, text: str):
    """A value of a type, as people write it."""
    if isinstance(kind.blank, bool):
        known = {"0": False, "false": False, "1": True, "true": True}
        if text.lower() not in known:
            raise ValueError(f"{text!r} is neither true nor false")
        return known[text.lower()]
    return int(text, 0) if isinstance(kind.blank, int) else type(kind.blank)(text)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    address = os.environ.get("ENIP_ADDRESS", "127.0.0.1:44818")
    parser.add_argument("-a", "--address", default=address, metavar="HOST[:PORT]")
    parser.add_argument("tags", nargs="+", metavar="TAG[=VALUE,...]")
    options = parser.parse_args(argv)
    found = parse_host(options.address)
    if found is None:
        parser.error(f"{options.address!r} is no HOST[:PORT]")
    host, port = found
    failed = 0
    try:
        with closing(Controller(host, port or 44818)) as controller:
            for text in options.tags:
                try:
                    print(done(controller, text))
                except ValueError as exc:
                    print(f"{text}: {exc}", file=sys.stderr)
                    failed = 1
    except (CpppoError, OSError) as exc:
        print(f"{options.address}: {exc}", file=sys.stderr)
        return 1
    return failed


if __name__ == "__main__":
    sys.exit(main())
