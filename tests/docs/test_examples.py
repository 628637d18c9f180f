# SPDX-License-Identifier: Apache-2.0
"""What the documentation shows is what comes out: every example, output and picture.

`docs/make.py` makes them; here it is held to its word, and so are the documents.
"""

import importlib.util
import re
import shutil
import sys
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.org", *sorted((ROOT / "docs").glob("*.org"))]
LINK = re.compile(r"\[\[file:([^\]]+)\]")


def loaded() -> ModuleType:
    """The program `docs/make.py`, as a module."""
    spec = importlib.util.spec_from_file_location(
        "docs_make", ROOT / "docs" / "make.py"
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["docs_make"] = module
    spec.loader.exec_module(module)
    return module


make: Any = loaded()


def written(root: Path, text: str) -> Path:
    """A README of this text, in a folder that has all the pictures."""
    shutil.copytree(ROOT / "docs" / "pictures", root / "docs" / "pictures")
    path = root / "README.org"
    path.write_text(text, encoding="utf-8")
    return path


def block(kind: str, *lines: str) -> str:
    """A block of a document."""
    body = "".join(line + "\n" for line in lines)
    return f"#+begin_{kind}\n{body}#+end_{kind.partition(' ')[0]}\n"


# -- the documents


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.name))
def test_every_output_is_as_printed(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    fresh = make.Document(path.name, text).fresh()
    assert fresh.splitlines() == text.splitlines(), "make docs refreshes it"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.name))
def test_every_link_leads_to_a_file(path: Path) -> None:
    links = LINK.findall(path.read_text(encoding="utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("stem", make.PICTURES)
def test_every_picture_is_of_the_machine_as_it_is(stem: str) -> None:
    path = ROOT / "docs" / "pictures" / f"{stem}.svg"
    assert not make.is_stale(path, make.PICTURES[stem]), "make docs draws it again"
    assert ElementTree.parse(path).getroot().tag == "{http://www.w3.org/2000/svg}svg"


def test_every_picture_is_shown() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in DOCUMENTS)
    there = {path.stem for path in (ROOT / "docs" / "pictures").iterdir()}
    assert there == set(make.PICTURES)
    assert {stem for stem in there if f"pictures/{stem}.svg]]" not in text} == set()


def test_the_readme_shows_the_three_machines_and_the_frame() -> None:
    text = (ROOT / "README.org").read_text(encoding="utf-8")
    for shown in ("ab.svg", "csv.svg", "regex.svg", "RequestFrame --form layout"):
        assert shown in text


# -- the program that makes them

FRESH = [
    block("src python", "two = 1 + 1"),
    block("src python", ">>> 1 + 1", "2"),
    block("src python", ">>> print()", "", ">>> None"),
    block("src python", ">>> for n in range(2):", "...     n", "0", "1"),
    block("src python :eval no", "this is no Python"),
    block("src shell", "make something"),
    block("example", "just text", "$ of any kind"),
    block(
        "src python",
        ">>> 1 / 0",
        "Traceback (most recent call last):",
        "  ...",
        "ZeroDivisionError: division by zero",
    ),
    block("src python", "x = 2") + block("src python", ">>> x", "2"),
    block("example", "$ python -m cpppo draw nonsense | head -n 0"),
    block(
        "example",
        "$ python -m cpppo draw ab | head -n 3",
        "machine  state    on  to",
        "-------  -------  --  --",
        "ab+      > ( E )  a   A",
    ),
]

STALE = [
    (block("src python", ">>> 1 + 1"), block("src python", ">>> 1 + 1", "2")),
    (block("src python", ">>> 1 + 1", "3"), block("src python", ">>> 1 + 1", "2")),
    (block("src python", ">>> None", "1"), block("src python", ">>> None")),
    (
        block("example", "$ python -m cpppo --version", "cpppo 0"),
        block(
            "example",
            "$ python -m cpppo --version",
            make.printed_by(make.cpppo, ["--version"])[1][:-1],
        ),
    ),
]

WRONG = [
    (block("src python", "print(1)"), "README.org:2: prints"),
    (block("src python", "1 / 0"), "ZeroDivisionError"),
    (block("src python", ">>> print(1, end='')"), "ends inside a line"),
    (block("example", "$ ls"), "only commands of this project are run here"),
]


@pytest.mark.parametrize("text", FRESH)
def test_what_is_fresh_stays_as_it_is(text: str, tmp_path: Path) -> None:
    path = written(tmp_path, text)
    assert make.main(["--check"], tmp_path) == 0
    assert make.main([], tmp_path) == 0
    assert path.read_text(encoding="utf-8") == text


@pytest.mark.parametrize(("text", "wanted"), STALE)
def test_what_is_stale_is_told_and_then_made_anew(
    text: str, wanted: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, text)
    assert make.main(["--check"], tmp_path) == 1
    assert "README.org is stale" in capsys.readouterr().out
    assert path.read_text(encoding="utf-8") == text
    assert make.main([], tmp_path) == 0
    assert path.read_text(encoding="utf-8") == wanted
    assert make.main(["--check"], tmp_path) == 0


@pytest.mark.parametrize(("text", "problem"), WRONG)
def test_what_cannot_be_run_is_a_problem_with_its_place(
    text: str, problem: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(tmp_path, text)
    assert make.main([], tmp_path) == 1
    assert problem in capsys.readouterr().err


def test_documents_do_not_see_each_other() -> None:
    make.Document("one.org", block("src python", "x = 1")).fresh()
    other = make.Document(
        "two.org", block("src python", ">>> 'x' in globals()")
    ).fresh()
    assert "False" in other


def test_a_block_may_ask_a_plant_of_its_own() -> None:
    lines = (
        ">>> from cpppo.client import Logix",
        '>>> with Logix("localhost") as plc: print(plc.read("STEP", "SCADA")[1].value)',
        "0",
    )
    plant = block("src python :plant examples/plant.toml", *lines[:-1], "0")
    assert make.Document("README.org", plant).fresh() == plant
    greeting = block(
        "src python :plant examples/plant.toml",
        '>>> with Logix("localhost") as plc: print(plc.read("GREETING").value)',
        "Hello, world!",
    )
    none = greeting.replace(" :plant examples/plant.toml", "")
    text = make.Document("README.org", plant + greeting + none).fresh()
    assert text.startswith(plant + greeting)
    assert text.endswith('print(plc.read("GREETING").value)\nNone\n#+end_src\n')


def test_a_block_that_needs_what_is_missing_is_left_alone() -> None:
    lines = (">>> import nobody_has_this", ">>> 1 + 1", "3")
    text = block("src python :needs nobody_has_this", *lines)
    assert make.Document("README.org", text).fresh() == text
    here = text.replace(":needs nobody_has_this", ":needs json").replace(
        "import nobody_has_this", "import json"
    )
    assert "\n2\n" in make.Document("README.org", here).fresh()


def test_a_picture_of_another_machine_is_stale(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(tmp_path, "")
    pictures = tmp_path / "docs" / "pictures"
    shutil.copy(pictures / "csv.svg", pictures / "ab.svg")
    assert make.main(["--check"], tmp_path) == 1
    assert "ab.svg is stale" in capsys.readouterr().out


@pytest.mark.skipif(shutil.which("dot") is None, reason="graphviz is not installed")
def test_a_missing_picture_is_drawn(tmp_path: Path) -> None:
    written(tmp_path, "")
    path = tmp_path / "docs" / "pictures" / "ab.svg"
    path.unlink()
    assert make.main([], tmp_path) == 0
    assert ">ab+<" in path.read_text(encoding="utf-8")
    assert make.main(["--check"], tmp_path) == 0
