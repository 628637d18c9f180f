# SPDX-License-Identifier: Apache-2.0
"""Every exception of the package, at the bottom of the stack; imports nothing.

CpppoError
├── GrammarError(ValueError)      the declaration is wrong
├── ProtocolError                 they broke the rules: machine, state, offset
│   ├── NonTerminal               a machine ended where it may not end
│   │   ├── Incomplete            ... because the input ended
│   │   └── Malformed             ... because of a symbol, or a limit overrun
│   └── Unexpected                a legal message, illegal now
├── EncodeError(ValueError)       our value does not fit its field
├── StatusError                   the peer answered no
└── TransportError(OSError)       the wire failed
    ├── Timeout
    ├── Refused
    └── Disconnected
"""

from __future__ import annotations

__all__ = [
    "CpppoError",
    "Disconnected",
    "EncodeError",
    "GrammarError",
    "Incomplete",
    "Malformed",
    "NonTerminal",
    "ProtocolError",
    "Refused",
    "StatusError",
    "Timeout",
    "TransportError",
    "Unexpected",
]


class CpppoError(Exception):
    """What every error of this package is."""


class GrammarError(CpppoError, ValueError):
    """A declaration is wrong: a class, a machine or a regular expression."""


class ProtocolError(CpppoError):
    """The input broke the rules of the protocol, and this says where."""

    def __init__(
        self,
        problem: str,
        *,
        machine: str = "",
        state: str = "",
        offset: int = 0,
        expected: str = "",
        around: bytes | str = b"",
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.machine = machine
        self.state = state
        self.offset = offset
        self.expected = expected
        self.around = around

    def __str__(self) -> str:
        place = ".".join(part for part in (self.machine, self.state) if part)
        text = f"{place}: {self.problem}" if place else self.problem
        text += f", at offset {self.offset}"
        if self.expected:
            text += f"; expected {self.expected}"
        if self.around:
            around = self.around
            shown = around.hex(" ") if isinstance(around, bytes) else repr(around)
            text += f" (near {shown})"
        return text


class NonTerminal(ProtocolError):
    """A machine ended in a state that is not terminal."""


class Incomplete(NonTerminal):
    """The input ended inside a message."""


class Malformed(NonTerminal):
    """No transition for this symbol, or a length that does not fit."""


class Unexpected(ProtocolError):
    """A legal message that is illegal now."""


class EncodeError(CpppoError, ValueError):
    """A value of ours does not fit the field that carries it."""


class StatusError(CpppoError):
    """The peer kept the rules and answered no."""

    def __init__(self, code: int, extended: tuple[int, ...] = (), name: str = ""):
        self.code = code
        self.extended = extended
        self.name = name
        words = "".join(f" 0x{word:04X}" for word in extended)
        super().__init__(f"{name or 'status'} (0x{code:02X}{words})")

    @property
    def status(self) -> int:
        """The code, as the manual's programs call it."""
        return self.code


class TransportError(CpppoError, OSError):
    """The wire failed."""


class Timeout(TransportError):
    """No answer within the time given."""


class Refused(TransportError):
    """Nobody accepts connections there."""


class Disconnected(TransportError):
    """The peer went away."""
