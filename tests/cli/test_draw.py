# SPDX-License-Identifier: Apache-2.0
"""`python -m cpppo`, and its command that draws."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cpppo.automata import draw
from cpppo.automata.examples import EXAMPLES, ab, csv
from cpppo.cli import main
from cpppo.version import __version__


def command(*words: str, **env: str) -> "subprocess.CompletedProcess[str]":
    """Run `python -m cpppo`."""
    return subprocess.run(
        [sys.executable, "-m", "cpppo", *words],
        env={**os.environ, **env},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_command_prints_a_table(name: str) -> None:
    done = command("draw", name)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == draw.table(EXAMPLES[name]())


def test_the_command_prints_utf_8_whatever_the_locale() -> None:
    done = command("draw", "csv", "--form", "dot", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stdout) == (0, draw.dot(csv()))


def test_the_command_writes_a_file(tmp_path: Path) -> None:
    target = tmp_path / "csv.dot"
    assert main(["draw", "csv", "--form", "dot", "-o", str(target)]) == 0
    assert target.read_text(encoding="utf-8") == draw.dot(csv())


def test_the_command_says_why_it_cannot_write(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "no" / "csv.dot"
    assert main(["draw", "csv", "-o", str(target)]) == 1
    assert f"{target}: No such file" in capsys.readouterr().err


def test_the_command_draws_any_regular_expression(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["draw", "regex:[0-9]+"]) == 0
    assert "[0-9]+   > ( 0' )  [0-9]  1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("nosuch", "there are ab, csv, regex, regex:PATTERN"),
        ("no.such.thing", "there are ab, csv, regex, regex:PATTERN"),
        ("..", "there are ab, csv, regex, regex:PATTERN"),
        (":x", "there are ab, csv, regex, regex:PATTERN"),
        ("cpppo.automata.examples:nosuch", "has no attribute 'nosuch'"),
        ("cpppo.version.__version__", "neither a machine nor a message, but a str"),
        ("regex:a(", "at index 1"),
        ("ab --form layout", "'ab' has no layout"),
    ],
)
def test_a_wrong_name_is_answered_in_one_line(words: str, said: str) -> None:
    done = command("draw", *words.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert said in done.stderr


MODULE = """\
from cpppo.automata import examples

class Holder:
    kept = examples.ab()

class Message:
    machine = examples.csv()
    @classmethod
    def layout(cls):
        return "octet  field"
"""


def test_the_command_imports_machines_and_messages(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "drawn_by_test.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    printed = {
        ("drawn_by_test:Holder.kept",): draw.table(ab()),
        ("drawn_by_test.Message",): draw.table(csv()),
        ("drawn_by_test:Message", "--form", "layout"): "octet  field\n",
    }
    for words, text in printed.items():
        assert main(["draw", *words]) == 0
        assert capsys.readouterr().out == text
    monkeypatch.delitem(sys.modules, "drawn_by_test")


def test_the_command_alone_explains_itself() -> None:
    done = command()
    assert (done.returncode, done.stderr) == (0, "")
    assert "draw" in done.stdout and "--version" in done.stdout


def test_the_command_tells_its_version() -> None:
    assert command("--version").stdout == f"cpppo {__version__}\n"


@pytest.mark.parametrize(
    "words", [["paint"], ["draw"], ["draw", "ab", "--form", "png"]]
)
def test_bad_usage_is_told_with_the_usage(words: list[str]) -> None:
    done = command(*words)
    assert done.returncode == 2
    assert done.stderr.startswith("usage: python -m cpppo")


def test_importing_examples_makes_no_machine_and_loads_no_library() -> None:
    code = (
        "import sys, cpppo.cli; from cpppo.automata import examples; "
        "print('greenery' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"


def test_the_command_says_what_svg_needs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    assert main(["draw", "ab", "--form", "svg"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1 and "Debian: apt-get install graphviz" in said.err
