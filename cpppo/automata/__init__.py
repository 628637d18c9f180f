# SPDX-License-Identifier: Apache-2.0
"""Automata: states and machines of them, run symbol by symbol or as rows.

`states`, `machine` and `regex` make graphs, `source` feeds them; `flatten`, `execute`
and `parser` run the same graphs fast; `draw` shows them.  `docs/automata.org` explains.
"""

from ..errors import NonTerminal
from .machine import dfa, dfa_post
from .regex import (
    integer,
    integer_bytes,
    regex,
    regex_bytes,
    string,
    string_bytes,
    within,
)
from .source import (
    chainable,
    chaining,
    peekable,
    peeking,
    rememberable,
    remembering,
)
from .states import (
    decide,
    holds,
    path_ext_input,
    state,
    state_drop,
    state_input,
    state_struct,
)

__all__ = [
    "NonTerminal",
    "chainable",
    "chaining",
    "decide",
    "dfa",
    "dfa_post",
    "holds",
    "integer",
    "integer_bytes",
    "path_ext_input",
    "peekable",
    "peeking",
    "regex",
    "regex_bytes",
    "rememberable",
    "remembering",
    "state",
    "state_drop",
    "state_input",
    "state_struct",
    "string",
    "string_bytes",
    "within",
]
