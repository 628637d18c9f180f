# SPDX-License-Identifier: Apache-2.0
"""Messages declared once: the record, the machine, the decoder and the encoder.

`docs/grammar.org` shows how to declare a protocol.
"""

from .message import Message, derived
from .wire import (
    ANY,
    Bits,
    Choice,
    Codec,
    Counts,
    Digits,
    Float,
    Int,
    InTag,
    Measures,
    Nested,
    Octets,
    Pad,
    Repeat,
    Reserved,
    Spelling,
    Starts,
    Tag,
    Tags,
    Trailing,
    UInt,
)

__all__ = [
    "ANY",
    "Bits",
    "Choice",
    "Codec",
    "Counts",
    "Digits",
    "Float",
    "InTag",
    "Int",
    "Measures",
    "Message",
    "Nested",
    "Octets",
    "Pad",
    "Repeat",
    "Reserved",
    "Spelling",
    "Starts",
    "Tag",
    "Tags",
    "Trailing",
    "UInt",
    "derived",
]
