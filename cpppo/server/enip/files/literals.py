# SPDX-License-Identifier: Apache-2.0
"""Values as Rockwell's exports write them: `16#00ff`, `'$00A'`, `1.#QNAN`, `[1,[2]]`.

Beside `l5x` and `csv`.  A number says its base itself; those that are written by their
bits become what these bits mean in a signed type.  In texts `$` begins an octet in
hexadecimal, or one of the letters that stand for what cannot be printed.
"""

from __future__ import annotations

import math
import re
from typing import Any

from ....protocol.enip.types import BOOL, CIPType
from .values import Misfit

__all__ = ["Moment", "l5k", "number", "quoted", "unescaped"]

Kind = type[CIPType]

BASED = re.compile(r"(2|8|16)#([0-9a-fA-F_]+)")
WHOLE = re.compile(r"[+-]?[0-9][0-9_]*")
REAL = re.compile(r"[+-]?(?:[0-9][0-9_]*\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
SPECIAL = re.compile(
    r"(-?)1\.#(QNAN|SNAN|IND|INF)\S*|(-?)(NaN|Infinity)", re.IGNORECASE
)
MOMENT = re.compile(r"(?:L?DT|L?D|L?TOD|L?T|L?TIME\w*)#\S*", re.IGNORECASE)
ESCAPE = re.compile(r"\$(?:([0-9a-fA-F]{2})|(.))", re.DOTALL)
LETTERS = {"n": "\n", "l": "\n", "r": "\r", "t": "\t", "p": "\f", "'": "'", "$": "$"}
LONGEST = 400  # letters of a number
DEEPEST = 100


class Moment(Exception):
    """A value is a date or a time, which nobody reads here."""


def unescaped(text: str) -> str:
    """What the letters of a text stand for."""
    return ESCAPE.sub(letter, text) if "$" in text else text


def letter(match: re.Match[str]) -> str:
    if match[1]:
        return chr(int(match[1], 16))
    found = LETTERS.get(match[2].lower())
    if found is None:
        return '"' if match[2] == '"' else f"${match[2]}"
    return found


def quoted(text: str) -> str:
    """A text between quotes; the blanks around them mean nothing."""
    plain = text.strip()
    if len(plain) < 2 or plain[0] != "'" or plain[-1] != "'":
        raise Misfit(f"a text in quotes expected, such as 'one', not {plain:.40}")
    return unescaped(plain[1:-1])


def number(text: str, kind: Kind) -> int | float | bool:
    """A number of a type."""
    plain = text.strip()
    if len(plain) > LONGEST:
        raise Misfit(f"{plain[:40]} ... is no {kind.__name__}")
    if kind is BOOL:
        return truth(plain)
    if isinstance(kind.blank, float):
        return real(plain, kind)
    based = BASED.fullmatch(plain)
    if based is not None:
        return signed(digits(based[2], int(based[1]), plain), kind)
    if plain.startswith("'"):
        octets = quoted(plain).encode("latin-1", "replace")
        return signed(int.from_bytes(octets, "big"), kind)
    if WHOLE.fullmatch(plain):
        return int(plain.replace("_", ""))
    if MOMENT.fullmatch(plain):
        raise Moment(plain)
    raise Misfit(f"{plain:.40} is no {kind.__name__}")


def digits(text: str, base: int, whole: str) -> int:
    """The number of some digits."""
    try:
        return int(text.replace("_", ""), base)
    except ValueError:
        raise Misfit(f"{whole:.40} is no number") from None


def truth(text: str) -> bool:
    """A BOOL."""
    known = {"0": False, "1": True, "2#0": False, "2#1": True, "16#0": False}
    known |= {"16#1": True, "8#0": False, "8#1": True, "false": False, "true": True}
    known |= {"16#00": False, "16#01": True, "-1": True}
    found = known.get(text.lower())
    if found is None:
        raise Misfit(f"BOOL is 0 or 1, not {text:.40}")
    return found


def real(text: str, kind: Kind) -> float:
    """A number with a point; and what is none."""
    if REAL.fullmatch(text):
        found = float(text.replace("_", ""))
        if math.isinf(found):
            raise Misfit(f"{text:.40} is too large for {kind.__name__}")
        return found
    special = SPECIAL.fullmatch(text)
    if special is not None:
        minus = special[1] or special[3]
        endless = (special[2] or special[4]).lower().startswith("inf")
        return math.copysign(math.inf if endless else math.nan, -1 if minus else 1)
    based = BASED.fullmatch(text)
    if based is not None:
        octets = digits(based[2], int(based[1]), text)
        try:
            raw = octets.to_bytes(kind.struct_calcsize, "little")
        except OverflowError:
            raise Misfit(f"{text:.40} is no {kind.__name__}") from None
        return float(kind.unpack(raw)[0])
    raise Misfit(f"{text:.40} is no {kind.__name__}")


def signed(value: int, kind: Kind) -> int:
    """What the bits of a number mean in a type."""
    bits = 8 * kind.struct_calcsize
    if kind.struct_format[-1].islower() and 1 << bits - 1 <= value < 1 << bits:
        return value - (1 << bits)
    return value


# -- the values of an L5K file

TOKEN = re.compile(
    r"\s*(?:(?P<mark>[\[\],])|(?P<text>'(?:\$.|[^'$])*')|(?P<word>[^\s\[\],']+))",
    re.DOTALL,
)


def l5k(text: str) -> Any:
    """Values as lists of lists of texts, each of which is a number or is quoted."""
    stack: list[list[Any]] = [[]]
    at, end = 0, len(text.rstrip())
    while at < end:
        match = TOKEN.match(text, at)
        if match is None:
            raise Misfit(f"{text[at : at + 40].strip()!r} is no value")
        at = match.end()
        if match["mark"] == "[":
            if len(stack) > DEEPEST:
                raise Misfit("the values are nested too deep")
            stack.append([])
        elif match["mark"] == "]":
            if len(stack) < 2:
                raise Misfit("there is one ']' too many")
            inner = stack.pop()
            stack[-1].append(inner)
        elif match["mark"] is None:
            stack[-1].append(match["text"] or match["word"])
    if len(stack) != 1 or len(stack[0]) != 1:
        raise Misfit("one value expected, or values within [ and ]")
    return stack[0][0]
