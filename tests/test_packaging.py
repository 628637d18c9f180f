# SPDX-License-Identifier: Apache-2.0
"""What somebody who installs cpppo, or runs its suite, is promised."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

import cpppo.version

ROOT = Path(__file__).parents[1]

needs_compiler = pytest.mark.skipif(
    shutil.which((sysconfig.get_config_var("CC") or "cc").split()[0]) is None,
    reason="there is no C compiler",
)


def run(*words: str, cwd: Path, **env: str) -> "subprocess.CompletedProcess[str]":
    """Run Python in a directory, with these changes to the environment."""
    return subprocess.run(
        [sys.executable, *words],
        cwd=cwd,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


TOY = """
[project]
name = "toy"
version = "1"
[tool.setuptools]
packages = ["cpppo"]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A package of one compilable module, built by our setup.py."""
    package = tmp_path / "cpppo"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "plain.py").touch()
    (package / "twice.py").write_text("def twice(n: int) -> int:\n    return n + n\n")
    (package / "twice.pxd").write_text("cpdef long twice(long n)\n")
    (tmp_path / "pyproject.toml").write_text(TOY)
    shutil.copy(ROOT / "setup.py", tmp_path)
    return tmp_path


def build(project: Path, mode: str, **env: str) -> "subprocess.CompletedProcess[str]":
    """What an installation does with the extension."""
    words = ("setup.py", "build", "--build-lib", "built")
    return run(*words, cwd=project, CPPPO_EXTENSION=mode, **env)


def extensions(project: Path) -> list[str]:
    """The modules that were compiled."""
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    built = (project / "built").rglob(f"*{suffix}")
    return [path.name.removesuffix(suffix) for path in built]


def uncompiled_lines(done: "subprocess.CompletedProcess[str]") -> list[str]:
    """The lines that tell the user that nothing was compiled."""
    output = (done.stdout + done.stderr).splitlines()
    return [line for line in output if "runs uncompiled" in line]


@needs_compiler
@pytest.mark.parametrize("mode", ["auto", "require", ""])
def test_compiles_the_modules_that_have_a_pxd(project: Path, mode: str) -> None:
    done = build(project, mode)
    assert done.returncode == 0, done.stderr
    assert extensions(project) == ["twice"]
    assert uncompiled_lines(done) == []


@needs_compiler
def test_ships_the_source_beside_the_extension(project: Path) -> None:
    build(project, "require")
    assert (project / "built" / "cpppo" / "twice.py").is_file()
    assert list((project / "cpppo").glob("*.c")) == []


def test_skip_compiles_nothing(project: Path) -> None:
    done = build(project, "skip", CC="false")
    assert done.returncode == 0, done.stderr
    assert extensions(project) == []
    assert (project / "built" / "cpppo" / "twice.py").is_file()


@pytest.mark.parametrize("compiler", ["false", "no-such-compiler"])
def test_without_a_compiler_the_build_succeeds_and_says_so_in_one_line(
    project: Path, compiler: str
) -> None:
    done = build(project, "auto", CC=compiler)
    assert done.returncode == 0, done.stderr
    assert extensions(project) == []
    assert len(uncompiled_lines(done)) == 1, done.stderr
    assert (project / "built" / "cpppo" / "twice.py").is_file()


def test_a_module_that_cython_refuses_runs_uncompiled(project: Path) -> None:
    (project / "cpppo" / "twice.pxd").write_text("cpdef nonsense twice(long n)\n")
    done = build(project, "auto")
    assert done.returncode == 0, done.stderr
    assert len(uncompiled_lines(done)) == 1, done.stderr


def test_require_makes_a_failing_compiler_an_error(project: Path) -> None:
    done = build(project, "require", CC="false")
    assert done.returncode != 0
    assert uncompiled_lines(done) == []


def test_any_other_mode_is_refused_in_one_line(project: Path) -> None:
    done = run("setup.py", "--version", cwd=project, CPPPO_EXTENSION="bogus")
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "cpppo: CPPPO_EXTENSION='bogus' is not one of auto, require, skip"
    ]


def test_the_version_is_said_once() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "version" in project["project"]["dynamic"]
    assert metadata.version("cpppo") == cpppo.version.__version__
    dotted = ".".join(map(str, cpppo.version.__version_info__))
    assert dotted == cpppo.version.__version__


def test_the_changes_open_with_this_version() -> None:
    lines = (ROOT / "CHANGES.org").read_text().splitlines()
    first = next(line for line in lines if line.startswith("* "))
    assert first.startswith(f"* {cpppo.version.__version__}:")


def test_what_is_installed_is_typed_and_carries_its_sources() -> None:
    installed = Path(cpppo.version.__file__).parent
    assert (installed / "py.typed").is_file()
    source = ROOT / "cpppo"
    wanted = {
        path.relative_to(source)
        for pattern in ("*.py", "*.pxd")
        for path in source.rglob(pattern)
    }
    assert {path for path in wanted if not (installed / path).is_file()} == set()


def suite(folder: Path, test: str) -> "subprocess.CompletedProcess[str]":
    """Run one test under the rules of our conftest."""
    shutil.copy(ROOT / "tests" / "conftest.py", folder)
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "test_it.py").write_text(test)
    return run("-m", "pytest", "-p", "no:cacheprovider", cwd=folder)


LEAK = """
import threading
def test_leak():
    threading.Thread(target=threading.Event().wait, name="lost", daemon=True).start()
"""

RANDOM = """
from hypothesis import given, strategies
@given(strategies.integers())
def test_small(n):
    assert n < 1000
"""


def test_the_suite_refuses_a_test_that_leaves_a_thread(tmp_path: Path) -> None:
    done = suite(tmp_path, LEAK)
    assert done.returncode == 1
    assert "the test left threads alive: lost" in done.stdout


def test_the_suite_prints_the_seed_of_its_random_tests(tmp_path: Path) -> None:
    done = suite(tmp_path, RANDOM)
    assert done.returncode == 1
    assert "random: --hypothesis-seed=" in done.stdout
    assert "@reproduce_failure" in done.stdout
