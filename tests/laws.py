# SPDX-License-Identifier: Apache-2.0
"""The laws that hold for every message: one check of a value and its octets.

`check` is for octets that are known; `agreed` says what both engines make of any.
Whether the table engine is compiled is decided where cpppo is installed.
"""

from __future__ import annotations

from typing import Any

import pytest

from cpppo.errors import Incomplete, Malformed, ProtocolError
from cpppo.grammar.parser import MessageParser

__all__ = ["agreed", "check", "fed", "outcome"]

SPLITS_MOST = 64  # longer octets are cut at as many places as this


def check(value: Any, octets: bytes, *, open_: bool = False, rests: Any = ()) -> None:
    """That a value is written as these octets, and read from them in every way.

    An open message is one that only the end of the input ends: there is nothing left
    over after it.  `rests` are lengths at which it may end as well.
    """
    cls = type(value)
    assert value.encode() == octets, value.encode().hex(" ")
    assert cls.decode(octets) == value
    assert cls.decode(bytearray(octets)) == value
    assert types(cls.decode(octets)) == types(value)
    engines(cls, value, octets)
    pieces(cls, value, octets, open_)
    if not open_:
        with pytest.raises(Malformed, match="left over"):
            cls.decode(octets + b"\0")
    for end in range(len(octets)):
        if end not in rests:
            with pytest.raises(Incomplete):
                cls.decode(octets[:end])
            assert agreed(cls, octets[:end]) == outcome(cls, octets[:end])


def types(value: Any) -> Any:
    """What a value is made of: True is no 1 here, nor an enumeration's member."""
    if isinstance(value, tuple):
        return [types(one) for one in value]
    if hasattr(value, "_values"):
        return (type(value), types(value._values))
    return type(value)


def engines(cls: Any, value: Any, octets: bytes) -> None:
    """The trace engine and the table engine: value, offset and states."""
    engine = cls.engine()
    assert engine.traced(octets) == (value, len(octets))
    execution = engine.execution()
    assert execution.scan(octets) == len(octets)
    assert list(engine.trace(octets)) == engine.states(octets)


def pieces(cls: Any, value: Any, octets: bytes, open_: bool) -> None:
    """Cut anywhere, octet by octet, and several in a row."""
    step = max(1, len(octets) // SPLITS_MOST)
    for at in range(0, len(octets) + 1, step):
        assert fed(cls, octets[:at], octets[at:]) == [value], at
    singles = [octets[at : at + 1] for at in range(len(octets))]
    assert fed(cls, *singles) == [value]
    if not open_ and octets:
        assert fed(cls, octets * 3) == [value] * 3
        assert fed(cls, octets + octets[:1], octets[1:] + octets) == [value] * 3
        assert fed(cls, *singles * 2) == [value] * 2


def fed(cls: Any, *several: bytes) -> list[Any]:
    """The messages that a parser finds in pieces of a stream."""
    parser = MessageParser(cls)
    found = [message for octets in several for message in parser.feed(octets)]
    return found + parser.close()


def outcome(cls: Any, octets: bytes) -> tuple[Any, ...]:
    """What decoding comes to: a value, or which error, and where."""
    try:
        return said(cls.decode(octets))
    except ProtocolError as exc:
        return (type(exc), exc.machine, exc.state, exc.offset)


def agreed(cls: Any, octets: bytes) -> tuple[Any, ...]:
    """What the trace engine comes to, in the same words as `outcome`."""
    engine = cls.engine()
    try:
        _, taken = engine.walked(octets)
        if taken != len(octets):
            machine, state = list(engine.trace(octets))[-1]
            return (Malformed, machine, state, taken)
        return said(engine.traced(octets)[0])
    except ProtocolError as exc:
        return (type(exc), exc.machine, exc.state, exc.offset)


def said(value: Any) -> tuple[Any, ...]:
    """A value in a form that compares: as text, since NaN is not equal to itself."""
    return ("value", repr(value), types(value))
