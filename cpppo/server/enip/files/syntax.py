# SPDX-License-Identifier: Apache-2.0
"""TOML by Python's reader; what that one refuses, told as people would say it.

Beside `toml`, over `positions`.  Python's reader says the place, and a reason in words
of its own; those of the usual slips become what is to be done.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any

from .plant import PlantError, Source
from .positions import repeated

__all__ = ["parsed"]

DIGITS = re.compile(r"[0-9_]{4300,}")  # more than Python reads
AT = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)")
WORD = re.compile(r"[A-Za-z_][\w:.]*(?:\s*\[[0-9, ]*\])?")
SMALL = ("true", "false", "nan", "inf")
TABLE = re.compile(r"\(((?:'[^']*',? ?)+)\)")  # as Python's reader names one
QUOTED = re.compile(r"'([^']*)'")
TWICE = ("twice", "overwrite", "Duplicate", "redefine", "immutable")


def parsed(source: Source) -> dict[str, Any]:
    """What a text says, by Python's reader."""
    try:
        return tomllib.loads(source.text)
    except RecursionError:
        raise source.error("arrays or tables are nested too deep") from None
    except ValueError as exc:
        raise wrong(source, str(exc)) from None


def wrong(source: Source, said: str) -> PlantError:
    """The error for a text that is no TOML."""
    long = DIGITS.search(source.text)
    if long is not None and "limit" in said:
        line = source.text.count("\n", 0, long.start()) + 1
        return source.error("a number has more digits than can be", line)
    match = AT.search(said)
    reason = TABLE.sub(header, AT.sub("", said))
    if any(one in reason for one in TWICE) and (twice := again(source)):
        return twice
    if match is None:
        return source.error(f"is no TOML: {reason}")
    if match[1] is None:
        last = source.text.rstrip("\n").count("\n") + 1
        return source.error(f"is no TOML: {reason}, at the end", last)
    line, column = int(match[1]), int(match[2])
    if reason == "Invalid value":
        reason += f", in column {column}{meant(source.text, line, column)}"
    else:
        reason += f", in column {column}"
    return source.error(f"is no TOML: {reason}", line)


def header(match: re.Match[str]) -> str:
    """A table as the file says it."""
    return f"[{'.'.join(QUOTED.findall(match[1]))}]"


def again(source: Source) -> PlantError | None:
    """The error for what is there twice, if that is found."""
    found = repeated(source.text)
    if found is None:
        return None
    path, first, line = found
    where = source.text.split("\n")[line - 1].lstrip()
    name = ".".join(map(str, path)) if where.startswith("[") else path[-1]
    name = f"[{name}]" if where.startswith("[") else name
    return source.error(f"{name} is there twice, first in line {first}", line)


def meant(text: str, line: int, column: int) -> str:
    """What may have been meant by a word that is no value."""
    # Lines end as Python's reader has them.
    lines = text.replace("\r\n", "\n").split("\n")
    match = WORD.match(lines[line - 1], column - 1)
    if match is None:
        return ""
    if match[0].lower() in SMALL:
        return f"; {match[0].lower()} is written in small letters"
    return f'; a text stands in quotes: "{match[0]}"'
