# SPDX-License-Identifier: Apache-2.0
"""The architecture, kept by reading the source: who may import whom, and how long.

A rule takes one parsed module and yields the places where it is broken.  The rules
run over every module of the package, and over small sources that break them.
"""

import ast
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[1]

# Whatever stands here may be imported by all the rest.
BOTTOM = {
    "errors": set[str](),
    "version": set[str](),
    "dotdict": {"errors"},
    "config": {"errors"},
    "sockets": {"errors"},
    "levels": set[str](),
    "usage": {"errors", "config"},
}

# What each part may import, beside the bottom and what these may import in turn.
PARTS = {
    "automata": set[str](),
    "grammar": {"automata"},
    "protocol": {"grammar"},
    "history": set[str](),
    "server": {"protocol", "history"},
    "client": {"protocol", "history"},
    "remote": {"client"},
    "gateway": {"remote", "history"},
    "cli": {"gateway", "server"},
}

TOP = {"__init__", "__main__"}

# Where the manual says that clients and their examples are: thin modules, each of
# which gives what lives in the client.
ADDRESSES = {
    f"cpppo/server/enip/{name}.py"
    for name in (
        "ab",
        "client",
        "get_attribute",
        "io",
        "io_example",
        "list_identity_simple",
        "list_services",
        "poll",
        "poll_example",
        "poll_example_many",
        "powerflex_motor_velocity",
        "thruput",
    )
}
ADDRESS_LINES = 100

PURE = {"automata", "grammar", "protocol"}
IMPURE = {"_thread", "select", "selectors", "socket", "threading", "time", "web"}

DOORS = {
    "greenery": "cpppo/automata/regex.py",
    "pytz": "cpppo/history/time.py",
    "web": "cpppo/server/web.py",
}

MODULE_LINES = 500
FUNCTION_LINES = 40

# Who may be longer, and why.
LONGER = {
    "cpppo/automata/execute.py: Execution.loop": (
        "the one loop that runs every table: a call per row would cost more than a row"
    ),
    "cpppo/grammar/build.py: Builder.build": (
        "the one loop that builds every value: as above, for what a tape notes"
    ),
    "cpppo/grammar/emit.py: Emission.run": (
        "the one loop that writes every record: as above, for a plan's steps"
    ),
}


@dataclass(frozen=True, slots=True)
class Module:
    """One source file: where it stands, and what it says."""

    path: str
    text: str

    @property
    def tree(self) -> ast.Module:
        """The parsed source."""
        return ast.parse(self.text, self.path)

    @property
    def part(self) -> str:
        """The first name below the package: ``automata``, ``errors``, ``__init__``."""
        return PurePosixPath(self.path).with_suffix("").parts[1]

    @property
    def package(self) -> tuple[str, ...]:
        """The package that a relative import starts from."""
        return PurePosixPath(self.path).parts[:-1]

    def imports(self) -> Iterator[tuple[int, str]]:
        """Line and full dotted name of all that is imported, wherever it is."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield node.lineno, alias.name
            elif isinstance(node, ast.ImportFrom):
                up = len(self.package) - node.level + 1
                parents = self.package[:up] if node.level else ()
                base = ".".join((*parents, *filter(None, [node.module])))
                for alias in node.names:
                    yield node.lineno, f"{base}.{alias.name}"


def reach(part: str) -> set[str]:
    """All that a part may import: itself, the bottom, and downward without end."""
    if part in BOTTOM:
        return {part} | BOTTOM[part]
    return {part, *BOTTOM}.union(*(reach(below) for below in PARTS[part]))


def direction(module: Module) -> Iterator[str]:
    """A part imports what lies below it, and nothing else of the package."""
    if module.part in TOP:
        return
    if module.part not in {*PARTS, *BOTTOM}:
        yield f"{module.part} has no place in the architecture"
        return
    reached = reach(module.part)
    if module.path in ADDRESSES:
        reached = reached | {"client"}
    for line, name in module.imports():
        root, _, rest = name.partition(".")
        if root == "cpppo" and rest.partition(".")[0] not in reached:
            yield f"line {line}: {module.part} may not import {name}"


def purity(module: Module) -> Iterator[str]:
    """Protocol code never touches a socket, a thread or a clock."""
    for line, name in module.imports():
        if module.part in PURE and name.partition(".")[0] in IMPURE:
            yield f"line {line}: {module.part} may not import {name}"


def doors(module: Module) -> Iterator[str]:
    """Each third-party package is imported by one module."""
    for line, name in module.imports():
        root = name.partition(".")[0]
        if root == "cpppo" or root in sys.stdlib_module_names:
            continue
        if DOORS.get(root) != module.path:
            door = DOORS.get(root, "nowhere")
            yield f"line {line}: {root} is imported in {door} only"


def functions(node: ast.AST, outer: str = "") -> Iterator[tuple[str, int]]:
    """Every function with its lines, without its parameters and its docstring."""
    for child in ast.iter_child_nodes(node):
        name = outer
        if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            name = f"{outer}.{child.name}" if outer else child.name
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            first = child.body[0]
            lines = (child.end_lineno or child.lineno) - first.lineno + 2
            if ast.get_docstring(child) is not None:
                lines -= (first.end_lineno or first.lineno) - first.lineno + 1
            yield name, lines
        yield from functions(child, name)


def length(module: Module) -> Iterator[str]:
    """A module or a function that is long wants to be two; parameters do no work."""
    lines = len(module.text.splitlines())
    if lines >= MODULE_LINES and module.path not in LONGER:
        yield f"{lines} lines, where less than {MODULE_LINES} are wanted"
    if module.path in ADDRESSES and lines >= ADDRESS_LINES:
        yield f"{lines} lines, where an address has less than {ADDRESS_LINES}"
    for name, lines in functions(module.tree):
        place = f"{module.path}: {name}"
        if lines >= FUNCTION_LINES and place not in LONGER:
            yield f"{name} has {lines} lines; less than {FUNCTION_LINES} are wanted"
        if lines < FUNCTION_LINES and place in LONGER:
            yield f"{name} no longer needs its exemption"


def statements(module: Module) -> Iterator[str]:
    """Input is refused by an exception with a text, and no exception is swallowed."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Assert):
            yield f"line {node.lineno}: assert"
        if isinstance(node, ast.ExceptHandler) and node.type is None:
            yield f"line {node.lineno}: bare except"


def opening(module: Module) -> Iterator[str]:
    """A module opens with its licence, and says what it is."""
    if not licensed(module.text):
        yield "the first line is not the SPDX line"
    if ast.get_docstring(module.tree) is None:
        yield "there is no docstring"


def licensed(text: str) -> bool:
    """Whether the SPDX line is first, or second after a shebang."""
    lines = text.splitlines()
    if lines and lines[0].startswith("#!"):
        del lines[0]
    return lines[:1] == ["# SPDX-License-Identifier: Apache-2.0"]


RULES = (direction, purity, doors, length, statements, opening)
Rule = Callable[[Module], Iterator[str]]

MODULES = [
    Module(path.relative_to(ROOT).as_posix(), path.read_text())
    for path in sorted((ROOT / "cpppo").rglob("*.py"))
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_module_keeps_the_rule(rule: Rule) -> None:
    broken = [f"{m.path}: {place}" for m in MODULES for place in rule(m)]
    assert broken == []


def test_every_module_is_read() -> None:
    assert {"cpppo/__init__.py", "cpppo/version.py"} <= {m.path for m in MODULES}


def test_every_file_opens_with_its_licence() -> None:
    files = [ROOT / "setup.py", ROOT / "GNUmakefile", ROOT / ".ci" / "run"]
    files += (ROOT / "cpppo").rglob("*.pxd")
    files += (ROOT / "tests").rglob("*.py")
    unlicensed = [path for path in files if not licensed(path.read_text())]
    assert unlicensed == []


HEAD = '# SPDX-License-Identifier: Apache-2.0\n"""What it is."""\n'
LONG = "    pass\n" * (FUNCTION_LINES - 1)
DOCUMENTED = '    """Text.\n' + "\n" * FUNCTION_LINES + '    """\n    pass\n'
LOOP = "class Execution:\n    def loop(self):\n"

BREAKS: list[tuple[Rule, str, str]] = [
    (direction, "automata/dfa.py", "import cpppo"),
    (direction, "automata/dfa.py", "from cpppo import grammar"),
    (direction, "automata/dfa.py", "from ..grammar.wire import UInt"),
    (direction, "automata/dfa.py", "from .. import grammar"),
    (direction, "grammar/wire.py", "def f():\n    import cpppo.protocol.enip"),
    (direction, "protocol/enip/path.py", "from cpppo.history import time"),
    (direction, "protocol/enip/path.py", "from ...server import listener"),
    (direction, "server/control.py", "from cpppo.client import transport"),
    (direction, "client/poll.py", "from cpppo.server.enip import tags"),
    (direction, "server/enip/poll.py", "from cpppo.remote import plc"),
    (length, "server/enip/poll.py", "\n" * ADDRESS_LINES),
    (direction, "remote/plc.py", "from cpppo import cli"),
    (direction, "errors.py", "from cpppo import dotdict"),
    (direction, "errors.py", "from cpppo import version"),
    (direction, "config.py", "from .automata import machine"),
    (direction, "misc/things.py", ""),
    (purity, "automata/dfa.py", "import threading"),
    (purity, "grammar/wire.py", "from time import monotonic"),
    (purity, "protocol/enip/session.py", "import select, socket"),
    (purity, "protocol/enip/session.py", "if 0:\n    import web"),
    (doors, "automata/dfa.py", "import greenery"),
    (doors, "automata/regex.py", "import pytz"),
    (doors, "server/control.py", "from web.wsgi import runwsgi"),
    (doors, "__init__.py", "import numpy"),
    (length, "errors.py", "\n" * MODULE_LINES),
    (length, "errors.py", "def f():\n" + LONG),
    (length, "errors.py", "async def f():\n" + LONG),
    (length, "errors.py", "class C:\n  def f():\n" + LONG),
    (length, "automata/execute.py", LOOP + "        pass"),
    (statements, "errors.py", "assert True"),
    (statements, "errors.py", "try:\n    pass\nexcept:\n    pass"),
]

KEEPS: list[tuple[Rule, str, str]] = [
    (direction, "__init__.py", "from cpppo.server import web"),
    (direction, "server/enip/poll.py", "from ...client.poll import poll"),
    (direction, "__main__.py", "from .cli import main"),
    (direction, "automata/dfa.py", "from cpppo import dotdict, errors"),
    (direction, "automata/dfa.py", "from . import machine"),
    (direction, "protocol/enip/path.py", "from ...automata.source import peekable"),
    (direction, "gateway/worker.py", "from cpppo.protocol.enip import path"),
    (direction, "dotdict.py", "from cpppo.errors import CpppoError"),
    (purity, "server/listener.py", "import socket, threading, time"),
    (purity, "protocol/enip/session.py", "from cpppo.history import time"),
    (doors, "automata/regex.py", "from greenery import parse"),
    (doors, "server/web.py", "import web"),
    (doors, "history/time.py", "import pytz.exceptions"),
    (doors, "history/record.py", "from . import time"),
    (length, "errors.py", "def f():\n" + LONG.removesuffix("    pass\n")),
    (length, "errors.py", "def f():\n" + DOCUMENTED),
    (length, "automata/execute.py", LOOP + LONG.replace("    ", "        ")),
    (statements, "errors.py", "try:\n    pass\nexcept OSError:\n    pass"),
]


@pytest.mark.parametrize(("rule", "path", "text"), BREAKS)
def test_a_rule_finds_what_breaks_it(rule: Rule, path: str, text: str) -> None:
    assert list(rule(Module(f"cpppo/{path}", HEAD + text))) != []


@pytest.mark.parametrize(("rule", "path", "text"), KEEPS)
def test_a_rule_accepts_what_keeps_it(rule: Rule, path: str, text: str) -> None:
    assert list(rule(Module(f"cpppo/{path}", HEAD + text))) == []


@pytest.mark.parametrize("text", ["", "x = 1", HEAD.splitlines()[0], '"""Text."""'])
def test_a_module_needs_licence_and_docstring(text: str) -> None:
    assert list(opening(Module("cpppo/errors.py", text))) != []
