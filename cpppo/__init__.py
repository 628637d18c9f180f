# SPDX-License-Identifier: Apache-2.0
"""cpppo: wire protocols as state machines, and fake PLCs built with them.

The names that the manual uses stand here: `cpppo.dfa`, `cpppo.regex`,
`cpppo.dotdict`, ...  Messages are declared with `cpppo.grammar`, and the protocols
are in `cpppo.protocol`.  Importing any of it changes nothing outside.
"""

from .automata.machine import (
    decide,
    dfa,
    dfa_post,
    holds,
    path_ext_input,
    state,
    state_drop,
    state_input,
    state_struct,
)
from .automata.regex import (
    integer,
    integer_bytes,
    regex,
    regex_bytes,
    string,
    string_bytes,
    within,
)
from .automata.source import (
    chainable,
    chaining,
    peekable,
    peeking,
    rememberable,
    remembering,
)
from .dotdict import dotdict
from .errors import (
    CpppoError,
    Disconnected,
    EncodeError,
    GrammarError,
    Incomplete,
    Malformed,
    NonTerminal,
    ProtocolError,
    Refused,
    StatusError,
    Timeout,
    TransportError,
    Unexpected,
)
from .version import __version__, __version_info__

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
    "__version__",
    "__version_info__",
    "chainable",
    "chaining",
    "decide",
    "dfa",
    "dfa_post",
    "dotdict",
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
