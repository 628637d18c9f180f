# SPDX-License-Identifier: Apache-2.0
"""Makes what the documentation prints and shows; with --check, says what is stale.

A reader can believe every output in README.org and docs/*.org, because it is made
here by running what stands before it.  In a document,

- a block of Python with prompts (`>>>`) is a session: its outputs are made anew;
- a block of Python without prompts is run too, and prints nothing;
- a block that begins with `$ ` has commands and what they print: `python -m cpppo`,
  `enip_server --help`, and `enip_client`, `enip_get_attribute` and
  `python examples/tag.py`, which ask a simulator with the tags of `make serve`
  (`| head -n 12` is understood, and nothing else of a shell);
- where Python says `"localhost"`, it gets that simulator too, wherever it is (and
  where it says `"localhost", port=44818`, its port);
- a block that begins with `:plant FILE` asks a simulator of that plant instead;
- `:needs MODULE` leaves a block alone where somebody else's package is missing;
- `#+begin_src python :eval no`, and blocks of anything else, are left alone.

The Python of one document is one program, from its first block to its last.  A
picture carries the digest of the DOT text that it was made from, so no graphviz is
needed to tell whether it is stale, and another version of it changes nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import gc
import hashlib
import importlib.util
import io
import os
import re
import runpy
import shlex
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import MappingProxyType, ModuleType

from cpppo.cli import main as cpppo
from cpppo.client.commands.enip_client import main as enip_client
from cpppo.client.commands.get_attribute import main as enip_get_attribute
from cpppo.server.enip import Controller, parse_tag
from cpppo.server.enip.configuration import Configuration
from cpppo.server.enip.device import Attribute
from cpppo.server.enip.main import controlled
from cpppo.server.enip.main import main as enip_server
from cpppo.server.enip.options import parse_options
from cpppo.server.listener import Listener

ROOT = Path(__file__).resolve().parents[1]

PICTURES = MappingProxyType(
    {
        "ab": "ab",
        "csv": "csv",
        "regex": "regex",
        "tnetstring": "cpppo.protocol.tnet.Tnetstring",
        "sign": "regex:[+\\-]?[0-9]+",
    }
)

CLIENTS = MappingProxyType(
    {"enip_client": enip_client, "enip_get_attribute": enip_get_attribute}
)
HOST = re.compile(r'"localhost"(?:, port=(?P<port>44818))?')

BLOCK = re.compile(
    r"^#\+begin_(?P<kind>src|example)\b(?P<words>.*)\n(?P<body>(?:.*\n)*?)#\+end_(?P=kind)$",
    re.MULTILINE | re.IGNORECASE,
)


class Problem(Exception):
    """Something in the documentation cannot be run."""


def documents(root: Path) -> list[Path]:
    """What is checked."""
    return [root / "README.org", *sorted((root / "docs").glob("*.org"))]


# -- one document


class Document:
    """One .org file, and the module that its Python is run in."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self.module = ModuleType(Path(name).stem.lower() + "_org")
        self.plant = contextlib.ExitStack()
        self.file = ""  # of the plant that a block asks; none: the tags of make serve
        self.addresses: dict[str, str] = {}  # of each simulator that was asked

    def fresh(self) -> str:
        """The same text, with every output as it comes out now."""
        # Declarations that speak of later ones look them up in their module.
        name = self.module.__name__
        sys.modules[name] = self.module
        try:
            with warnings.catch_warnings(), contextlib.ExitStack() as plant:
                self.plant = plant
                if ":needs" in self.text:
                    # Somebody else's package may leave a socket open.
                    warnings.simplefilter("ignore", ResourceWarning)
                    plant.callback(self.forget)
                return BLOCK.sub(self.block, self.text)
        finally:
            del sys.modules[name]

    def forget(self) -> None:
        """Drop what was run."""
        self.module.__dict__.clear()
        gc.collect()

    def block(self, found: re.Match[str]) -> str:
        """One block, made anew."""
        words, body = found["words"].split(), found["body"]
        needs = said(words, ":needs")
        if needs and importlib.util.find_spec(needs) is None:
            return found[0]
        self.file = said(words, ":plant")
        where = f"{self.name}:{self.text.count(chr(10), 0, found.start('body')) + 1}"
        if found["kind"].lower() == "example" and body.startswith("$ "):
            made = "".join(self.transcript(body, where))
        elif words[:1] == ["python"] and ":eval no" not in found["words"]:
            made = "".join(self.python(body, where))
        else:
            return found[0]
        whole, start = found[0], found.start()
        return (
            whole[: found.start("body") - start]
            + made
            + whole[found.end("body") - start :]
        )

    def python(self, body: str, where: str) -> Iterator[str]:
        """A block of Python: a session, or a part of a program."""
        if not body.startswith(">>> "):
            printed = self.run(body, where, "exec")
            if printed:
                raise Problem(f"{where}: prints or fails unasked:\n{printed}")
            yield body
            return
        for statement in statements(body):
            yield statement
            source = "".join(line[4:] or "\n" for line in statement.splitlines(True))
            printed = self.run(source, where, "single")
            if printed and not printed.endswith("\n"):
                raise Problem(f"{where}: ends inside a line: {printed!r}")
            yield printed

    def transcript(self, body: str, where: str) -> Iterator[str]:
        """Commands, each with what it prints."""
        for line in body.splitlines(True):
            if not line.startswith("$ "):
                continue
            yield line
            line, _, most = line.partition(" | head -n ")
            words = shlex.split(line[2:])
            try:
                printed = self.command(words)[1].splitlines(keepends=True)
                yield from printed[: int(most) if most else None]
            except Exception as exc:
                raise Problem(f"{where}: {line[2:].strip()} raises {exc!r}") from exc

    def command(self, words: list[str]) -> tuple[int, str]:
        """The exit status of a command, and all that it prints."""
        if words[:3] == ["python", "-m", "cpppo"]:
            return printed_by(cpppo, words[3:])
        if words == ["enip_server", "--help"]:
            return printed_by(enip_server, words[1:])
        address = ["-a", self.address()]
        if words[:2] == ["python", "examples/tag.py"]:
            return printed_by(example("tag.py"), address + words[2:])
        if words[0] in CLIENTS:
            return printed_by(CLIENTS[words[0]], address + words[1:])
        raise ValueError("only commands of this project are run here")

    def address(self) -> str:
        """Where the simulator is, which runs from the first time that it is asked."""
        if self.file not in self.addresses:
            listener = self.plant.enter_context(served(file=self.file))
            self.addresses[self.file] = "{}:{}".format(*listener.address)
        return self.addresses[self.file]

    def here(self, found: re.Match[str]) -> str:
        """Where it is, for what Python says."""
        host, _, port = self.address().partition(":")
        return f"{host!r}, port={port}" if found["port"] else repr(self.address())

    def run(self, source: str, where: str, mode: str) -> str:
        """What some Python prints; an exception as Python would show it, shortened."""
        source = HOST.sub(self.here, source)
        printed = io.StringIO()
        shown, sys.displayhook = sys.displayhook, display
        try:
            with contextlib.redirect_stdout(printed):
                exec(compile(source, f"<{where}>", mode), self.module.__dict__)
        except Exception as exc:
            last = "".join(traceback.format_exception_only(exc))
            printed.write(f"Traceback (most recent call last):\n  ...\n{last}")
        finally:
            sys.displayhook = shown
        return printed.getvalue()


def said(words: list[str], name: str) -> str:
    """What a block's words say under a name."""
    return words[words.index(name) + 1] if name in words else ""


def display(value: object) -> None:
    """What a session prints of an expression, with nothing kept of it."""
    if value is not None:
        print(repr(value))


def statements(body: str) -> Iterator[str]:
    """The statements of a session with their prompts, and without any outputs."""
    statement = ""
    for line in body.splitlines(True):
        if line.startswith(">>> "):
            if statement:
                yield statement
            statement = line
        elif line.startswith(("... ", "...\n")):
            statement += line
    yield statement


def printed_by(run: Callable[[list[str]], int], words: list[str]) -> tuple[int, str]:
    """The exit status of a command, and all that it prints."""
    printed = io.StringIO()
    columns = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = "88"
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            status = run(words)
    except SystemExit as exc:
        status = int(exc.code or 0)
    finally:
        del os.environ["COLUMNS"]
        if columns is not None:
            os.environ["COLUMNS"] = columns
    return status, printed.getvalue()


def example(name: str) -> Callable[[list[str]], int]:
    """The `main` of one of the examples."""
    found = runpy.run_path(str(ROOT / "examples" / name))
    main: Callable[[list[str]], int] = found["main"]
    return main


def served(root: Path = ROOT, file: str = "") -> Listener:
    """A simulator of a plant's file, or with the tags of `make serve`."""
    if file:
        options = parse_options(["-f", str(root / file), "--no-config"], {})
        controller = controlled(options, Configuration(), Attribute, None)
        return Listener(("127.0.0.1", 0), controller.session, name="docs")
    makefile = (root / "GNUmakefile").read_text(encoding="utf-8")
    demo = re.search(r"^DEMO := (.*)$", makefile, re.MULTILINE)
    if demo is None:
        raise Problem("GNUmakefile has no DEMO tags")
    controller = Controller([parse_tag(text) for text in demo[1].split()])
    return Listener(("127.0.0.1", 0), controller.session, name="docs")


# -- the pictures


def digest(name: str) -> str:
    """The comment in the picture of a machine that tells what it was made from."""
    status, text = printed_by(cpppo, ["draw", name, "--form", "dot"])
    if status:
        raise Problem(text.strip())
    made = hashlib.sha256(text.encode()).hexdigest()
    return f"<!-- made by docs/make.py of DOT {made} -->\n"


def is_stale(path: Path, name: str) -> bool:
    """Whether the picture of a machine is missing, or of another."""
    return not path.exists() or not path.read_text("utf-8").endswith(digest(name))


def drawn(name: str) -> str:
    """The picture of a machine, as SVG."""
    status, text = printed_by(cpppo, ["draw", name, "--form", "svg"])
    if status:
        raise Problem(text.strip())
    return text.rstrip("\n") + "\n" + digest(name)


# -- all of it


def stale(root: Path) -> Iterator[tuple[Path, str]]:
    """What is not as it should be: the file, and for a document its fresh text."""
    for stem, name in PICTURES.items():
        path = root / "docs" / "pictures" / f"{stem}.svg"
        if is_stale(path, name):
            yield path, ""
    for path in documents(root):
        text = path.read_text("utf-8")
        fresh = Document(path.name, text).fresh()
        if fresh != text:
            yield path, fresh


def difference(path: Path, fresh: str) -> str:
    """What is stale about a document, line by line."""
    before = path.read_text("utf-8").splitlines(True)
    lines = difflib.unified_diff(
        before, fresh.splitlines(True), f"{path.name}", f"{path.name}, made anew", n=1
    )
    return "".join(lines)


def main(argv: list[str] | None = None, root: Path = ROOT) -> int:
    """Make what is stale, or only say so; the exit status."""
    parser = argparse.ArgumentParser(
        description="Make the pictures and outputs of the documentation.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--check", action="store_true", help="change nothing; exit 1 if any is stale"
    )
    check = parser.parse_args(argv).check
    found = 0
    try:
        for path, fresh in stale(root):
            found += 1
            print(f"{path.relative_to(root)} {'is stale' if check else 'made anew'}")
            if check:
                print(difference(path, fresh) if fresh else "", end="")
            elif fresh:
                path.write_text(fresh, "utf-8")
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(drawn(names(path)), "utf-8")
    except Problem as problem:
        print(f"docs/make.py: {problem}", file=sys.stderr)
        return 1
    return 1 if check and found else 0


def names(path: Path) -> str:
    """What the picture in a file is of."""
    return PICTURES[path.stem]


if __name__ == "__main__":
    sys.exit(main())
