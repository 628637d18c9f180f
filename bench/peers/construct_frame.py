# SPDX-License-Identifier: Apache-2.0
"""The frame declared for construct from PyPI, interpreted and compiled."""

import importlib
from collections.abc import Iterator
from typing import Any

from candidate import Absent, Candidate, Candidates, Sampled, Timed, check
from processes import whole_process
from subject import (
    DECODE,
    DECODE_DIFFERING,
    DIFFERING,
    ENCODE,
    ENCODE_DIFFERING,
    FRAMES,
    IMPORT,
    SAME,
    SAME_FRAMES,
    Facts,
)


def declared(c: Any) -> Any:
    """The frame, for the package given."""
    this = c.this
    name = c.Struct(
        "size" / c.Int8ul, "name" / c.Bytes(this.size), "pad" / c.Bytes(this.size % 2)
    )
    segment = c.Struct(
        "kind" / c.Int8ul, "v" / c.Switch(this.kind, {0x91: name}, default=c.Int8ul)
    )
    path = c.FixedSized(this.size * 2, c.GreedyRange(segment))
    request = c.Struct(
        "service" / c.Int8ul,
        "size" / c.Int8ul,
        "path" / path,
        "elements" / c.Int16ul,
        "offset" / c.Int32ul,
    )
    send = c.Struct(
        "service" / c.Int8ul,
        "size" / c.Int8ul,
        "path" / path,
        "priority" / c.Int8ul,
        "ticks" / c.Int8ul,
        "length" / c.Int16ul,
        "request" / c.FixedSized(this.length, request),
        "pad" / c.Bytes(this.length % 2),
        "route_size" / c.Int8ul,
        "route_pad" / c.Int8ul,
        "route" / c.FixedSized(this.route_size * 2, c.GreedyRange(segment)),
    )
    item = c.Struct(
        "type" / c.Int16ul,
        "length" / c.Int16ul,
        "data"
        / c.Switch(
            this.type,
            {0xB2: c.FixedSized(this.length, send)},
            default=c.Bytes(this.length),
        ),
    )
    return c.Struct(
        "command" / c.Int16ul,
        "length" / c.Int16ul,
        "session" / c.Int32ul,
        "status" / c.Int32ul,
        "context" / c.Bytes(8),
        "options" / c.Int32ul,
        "interface" / c.Int32ul,
        "timeout" / c.Int16ul,
        "count" / c.Int16ul,
        "items" / c.Array(this.count, item),
    )


def found(value: Any) -> Facts:
    """What construct read in a frame."""
    request = value["items"][1].data.request
    symbol, element = request.path
    return Facts(
        session=value.session,
        context=value.context,
        tag=symbol.v.name.decode("ascii"),
        element=element.v,
        elements=request.elements,
        offset=request.offset,
    )


def forms(version: str, packet: Any) -> Iterator[tuple[str, Any]]:
    """The declaration as it is, and compiled; an error says why it cannot be."""
    yield f"construct {version}, interpreted", packet
    try:
        compiled = packet.compile()
    # construct raises many things when it cannot compile: each is a reason.
    except Exception as error:
        compiled = error
    yield f"construct {version}, compiled", compiled


def imports() -> Iterator[Candidate]:
    """What it takes to have construct."""
    yield Sampled(IMPORT, "construct", lambda: whole_process("import construct"))


def framed(group: str) -> Iterator[Candidate]:
    """Reading and writing frames."""
    construct = importlib.import_module("construct")
    for name, form in forms(construct.__version__, declared(construct)):
        if isinstance(form, Exception):
            yield Absent(group, name, f"{type(form).__name__}: {form}")
            continue
        for facts, frames, decode, encode in (
            (SAME, SAME_FRAMES, DECODE, ENCODE),
            (DIFFERING, FRAMES, DECODE_DIFFERING, ENCODE_DIFFERING),
        ):
            values = [form.parse(octets) for octets in frames]
            check([found(v) for v in values] == list(facts), f"{name} reads wrong")
            if group == "parse":
                yield Timed(decode, name, form.parse, frames)
            else:
                right = [form.build(v) for v in values] == list(frames)
                check(right, f"{name} writes wrong")
                yield Timed(encode, name, form.build, values)


def candidates(group: str) -> Candidates:
    """The candidates of construct."""
    if group in ("parse", "encode"):
        return [framed(group)]
    return [imports()] if group == "import" else []
