# SPDX-License-Identifier: Apache-2.0
"""The same pattern with ``re`` of the standard library, which captures and backtracks.

``re`` must have the whole text before it begins; the machines take it as it comes.
"""

import re
from collections.abc import Iterator

from candidate import Candidate, Candidates, Sampled, Timed, check
from processes import fresh_process
from subject import (
    IDENTIFIER,
    MAKE_AGAIN,
    MAKE_FIRST,
    MEGABYTE,
    OTHER_IDENTIFIER,
    PATTERN,
    REGEX_OCTETS,
    REGEX_TEXT,
    text,
)


def expressions() -> Iterator[Candidate]:
    """With the groups as written, and with groups that capture nothing."""
    whole = text(MEGABYTE)
    octets = whole.encode()
    for name, pattern in (
        ("re, groups as written", PATTERN),
        ("re, non-capturing", PATTERN.replace("(", "(?:")),
    ):
        of_text = re.compile(pattern)
        of_octets = re.compile(pattern.encode())
        check(of_text.fullmatch(whole) is not None, f"{name} does not match")
        check(of_octets.fullmatch(octets) is not None, f"{name} does not match")
        yield Timed(REGEX_TEXT, name, of_text.fullmatch, [whole], octets=len(octets))
        yield Timed(
            REGEX_OCTETS, name, of_octets.fullmatch, [octets], octets=len(octets)
        )


def makings() -> Iterator[Candidate]:
    """The pattern of identifiers, compiled first, and after another one."""
    name = "re.compile"
    first = f"re.compile({IDENTIFIER!r})"
    other = f"re.compile({OTHER_IDENTIFIER!r})"
    setup = "import re"
    again = f"{setup}\n{first}"
    yield Sampled(MAKE_FIRST, name, lambda: fresh_process(setup, first))
    yield Sampled(MAKE_AGAIN, name, lambda: fresh_process(again, other))


def candidates(group: str) -> Candidates:
    """The candidates of the standard library."""
    if group == "regex":
        return [expressions()]
    return [makings()] if group == "make" else []
