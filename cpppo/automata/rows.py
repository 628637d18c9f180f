# SPDX-License-Identifier: Apache-2.0
"""What a row is: the numbers that `program` writes and `execute` reads.

A row is WIDTH ints: the operation, four operands, the row that follows, the action
to note on the tape (or -1), and one to spare.
"""

from __future__ import annotations

WIDTH = 8
SYMBOLS = 257  # columns of a dispatch table: every octet, and no octet at all
STACK = 1024  # ints of stack that a run may use
DEEPEST = 32  # how often a message may hold itself
NESTED = 100  # how many machines may be inside of themselves
LENGTH_MOST = 1 << 31  # no announced length is longer
UNLIMITED = 1 << 62

# In the order of their numbers; `Execution.run` has them as its local constants.
OPERATIONS = (
    "INT1",
    "INT2",
    "INT4",
    "SWITCH",
    "SPAN",
    "LIMIT",
    "UNLIMIT",
    "CALL",
    "RETURN",
    "MATCH",
    "BUILD",
    "REPEAT",
    "NEXT",
    "INTN",
    "PAD",
    "HERE",
    "BITS",
    "STARTS",
    "SAVE",
    "RESTORE",
    "SCAN",
    "TAKE",
    "EFFECT",
    "COMPUTE",
    "TEST",
    "DONE",
    "DIGITS",
)

# What a run answers, and why it failed.
WAITING, FINISHED, FAILED = range(3)
REASONS = (
    "",
    "no way on",
    "more announced than left",
    "octets left over",
    "nested too deep",
    "no count",
    "input ended",
)
NO_EDGE, OVERRUN, LEFT_OVER, TOO_DEEP, NO_COUNT, ENDED = range(1, 7)
BIG, SIGNED = 1, 2  # flags of INTN
TO_END = -2  # a SPAN's register: to the end of its limit
