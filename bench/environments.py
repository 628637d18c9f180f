# SPDX-License-Identifier: Apache-2.0
"""The environments: one for each peer, and two for this package, under ``.envs``.

Each is made on demand by pip, and kept until what it was made from changes.  This
package is installed from a copy of the checkout, so that nothing that an earlier build
left behind is measured, and nothing is left in the checkout.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

BENCH = Path(__file__).resolve().parent
CHECKOUT = BENCH.parent
ENVIRONMENTS = BENCH / ".envs"
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.so", "*.pyd")


class UnavailableError(Exception):
    """An environment cannot be had; the text is the reason."""


@dataclass(frozen=True, slots=True)
class Environment:
    """Packages from PyPI, or this package in one of its two forms."""

    name: str
    packages: tuple[str, ...] = ()
    extension: str = ""

    @property
    def folder(self) -> Path:
        """Where it is."""
        return ENVIRONMENTS / self.name

    @property
    def python(self) -> Path:
        """Its interpreter."""
        if os.name == "nt":
            return self.folder / "Scripts" / "python.exe"
        return self.folder / "bin" / "python"

    @property
    def made_from(self) -> str:
        """What it is made from; another text asks for a new one."""
        parts = [sys.base_prefix, sys.version, *self.packages]
        if self.extension:
            parts += [self.extension, sources_digest()]
        return "\n".join(parts) + "\n"


PLAIN = Environment("plain")
PUBLISHED = Environment("cpppo-5.2.5", ("cpppo==5.2.5", "greenery==2.1"))
CONSTRUCT = Environment("construct", ("construct==2.10.70",))
OURS_COMPILED = Environment("ours-compiled", (), "require")
OURS_UNCOMPILED = Environment("ours-uncompiled", (), "skip")


@dataclass(slots=True)
class Notes:
    """What is to be said beside the figures; each thing is told once."""

    skipped: dict[str, None] = field(default_factory=dict)
    warnings: dict[str, None] = field(default_factory=dict)

    def skip(self, what: str, reason: str) -> None:
        """Something is not measured, and why."""
        self.skipped[f"{what}: {reason}"] = None

    def warn(self, what: str, warning: str) -> None:
        """Something is measured, but."""
        self.warnings[f"{what}: {warning}"] = None


class Provider:
    """Makes each environment once, and remembers those that cannot be had."""

    def __init__(self, notes: Notes, *, offline: bool) -> None:
        self.notes = notes
        self.offline = offline
        self._refused: dict[str, str | None] = {}

    def refused(self, environment: Environment) -> str | None:
        """Why an environment cannot be had; None when it is there."""
        name = environment.name
        if name not in self._refused:
            try:
                warning = provide(environment, offline=self.offline)
            except UnavailableError as error:
                self._refused[name] = str(error)
            else:
                self._refused[name] = None
                if warning:
                    self.notes.warn(f"bench/.envs/{name}", warning)
        return self._refused[name]


def clean_environ() -> dict[str, str]:
    """The environment variables, without those that lead Python elsewhere."""
    unwanted = {"PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "CPPPO_EXTENSION"}
    return {k: v for k, v in os.environ.items() if k not in unwanted}


def sources_digest() -> str:
    """A digest of all that an installation of the checkout depends on."""
    digest = hashlib.sha256()
    files = [CHECKOUT / "pyproject.toml", CHECKOUT / "setup.py"]
    for suffix in ("py", "pxd", "typed"):
        files += sorted((CHECKOUT / "cpppo").rglob(f"*.{suffix}"))
    for file in files:
        if file.is_file():
            digest.update(file.relative_to(CHECKOUT).as_posix().encode() + b"\0")
            digest.update(file.read_bytes() + b"\0")
    return digest.hexdigest()


def provide(environment: Environment, *, offline: bool) -> str:
    """Make it if need be; the answer is a warning, or nothing."""
    stamp = environment.folder / "made-from"
    made_from = stamp.read_text() if stamp.is_file() else None
    if made_from == environment.made_from:
        return ""
    if offline:
        if made_from is None:
            raise UnavailableError("there is no such environment yet (--offline)")
        return "made from other sources than these (--offline)"
    make(environment)
    stamp.write_text(environment.made_from)
    return ""


def make(environment: Environment) -> None:
    """Make it anew."""
    if environment.extension == "require":
        compiler = (os.environ.get("CC") or "cc").split()[0]
        if shutil.which(compiler) is None:
            raise UnavailableError(f"there is no C compiler ({compiler})")
    print(f"making bench/.envs/{environment.name} ...", file=sys.stderr)
    make_room()
    command = [sys.executable, "-m", "venv", "--clear", str(environment.folder)]
    run(environment, command, {})
    if environment.extension:
        with tempfile.TemporaryDirectory() as folder:
            copy = copy_of_checkout(Path(folder) / "cpppo")
            variables = {"CPPPO_EXTENSION": environment.extension}
            install(environment, (str(copy),), variables)
        verify(environment)
    elif environment.packages:
        install(environment, environment.packages, {})


def make_room() -> None:
    """The folder of all environments, which keeps itself out of the repository."""
    ENVIRONMENTS.mkdir(exist_ok=True)
    (ENVIRONMENTS / ".gitignore").write_text("*\n")


def copy_of_checkout(to: Path) -> Path:
    """The files that an installation is built from, and nothing that was built."""
    to.mkdir()
    for file in CHECKOUT.iterdir():
        if file.is_file() and not file.name.startswith("."):
            shutil.copy2(file, to)
    shutil.copytree(CHECKOUT / "cpppo", to / "cpppo", ignore=LEFT_OUT)
    return to


def install(
    environment: Environment, packages: tuple[str, ...], variables: dict[str, str]
) -> None:
    """Install packages with the pip of the environment."""
    pip = ["-m", "pip", "--disable-pip-version-check", "install"]
    run(environment, [str(environment.python), *pip, *packages], variables)


def verify(environment: Environment) -> None:
    """See that the form which was asked for is the form that runs."""
    program = "from cpppo.automata import execute; print(execute.__file__)"
    answer = run(environment, [str(environment.python), "-P", "-c", program], {})
    wanted = environment.extension == "require"
    if answer.strip().endswith(tuple(EXTENSION_SUFFIXES)) != wanted:
        form = "compiled" if wanted else "uncompiled"
        raise UnavailableError(f"what was installed does not run {form}")


def run(environment: Environment, command: list[str], variables: dict[str, str]) -> str:
    """Run a command to its end; one that fails is the reason of UnavailableError."""
    done = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        env=clean_environ() | variables,
        cwd=ENVIRONMENTS,
    )
    if done.returncode:
        log = ENVIRONMENTS / f"{environment.name}.log"
        log.write_text(done.stdout + done.stderr)
        shown = log.relative_to(CHECKOUT).as_posix()
        raise UnavailableError(f"{cause(done.stdout + done.stderr)} (see {shown})")
    return done.stdout


def cause(output: str) -> str:
    """The line of a long output that says what went wrong."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = re.compile(r"(?i)^(\w*error\b|fatal)|\berror: |Error: ")
    told = [line for line in lines if telling.search(line)]
    return (told or lines or ["it failed and said nothing"])[0]
