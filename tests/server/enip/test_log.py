# SPDX-License-Identifier: Apache-2.0
"""Where log lines go, and that they go nowhere else than was asked for."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path

import pytest

from cpppo.server.enip.log import NORMAL, Log
from cpppo.server.enip.options import Options

log = logging.getLogger("cpppo.some.module")
root = logging.getLogger()


@contextmanager
def alone(*mine: logging.Handler) -> Iterator[None]:
    """A program with these handlers: without those of the test runner."""
    handlers, level = root.handlers[:], root.level
    root.handlers[:] = mine
    root.setLevel(logging.WARNING)
    try:
        yield
        assert (root.handlers, root.level) == ([*mine], logging.WARNING)
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


def test_without_an_option_nothing_is_touched() -> None:
    with alone(), Log(Options()) as journal:
        assert (root.handlers, root.level) == ([], logging.WARNING)
        assert not journal.reopens


@pytest.mark.parametrize(
    ("options", "level"),
    [
        (Options(verbose=1), NORMAL),
        (Options(verbose=2), logging.INFO),
        (Options(verbose=3), logging.DEBUG),
        (Options(verbose=9), logging.DEBUG),
        (Options(quiet=True), logging.ERROR),
        (Options(quiet=True, verbose=1), NORMAL),
    ],
)
def test_options_say_how_much_is_logged(options: Options, level: int) -> None:
    with alone(), Log(options):
        assert root.level == level
        assert len(root.handlers) == 1


def test_a_line_is_as_in_the_manual(capsys: pytest.CaptureFixture[str]) -> None:
    with alone(), Log(Options(verbose=1)):
        log.log(NORMAL, "Loaded config files: %r", ["cpppo.cfg"])
        log.info("what nobody asked for")
    (line,) = capsys.readouterr().err.splitlines()
    assert re.fullmatch(
        r"\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} MainThread +cpppo\.some\.module +NORMAL +"
        r"test_a_lin Loaded config files: \['cpppo\.cfg'\]",
        line,
    )


def test_a_program_that_logs_already_keeps_its_handlers() -> None:
    mine = logging.NullHandler()
    with alone(mine), Log(Options(verbose=1)):
        assert root.handlers == [mine]
        assert root.level == NORMAL


def test_a_file_is_kept_small(tmp_path: Path) -> None:
    path = tmp_path / "some.log"
    with alone(), Log(Options(log=str(path))):
        (handler,) = root.handlers
        assert isinstance(handler, RotatingFileHandler)
        assert (handler.maxBytes, handler.backupCount) == (10 * 1024 * 1024, 5)
        handler.maxBytes = 200
        for number in range(20):
            log.warning("line %d %s", number, "x" * 100)
    copies = sorted(one.name for one in tmp_path.iterdir())
    assert copies == ["some.log", *(f"some.log.{n}" for n in range(1, 6))]
    assert "line 19" in path.read_text()


def test_a_file_that_was_moved_away_is_made_anew(tmp_path: Path) -> None:
    path, old = tmp_path / "some.log", tmp_path / "old.log"
    with alone(), Log(Options(log=str(path))) as journal:
        assert journal.reopens
        log.warning("first")
        path.rename(old)
        log.warning("second")
        journal.reopen()
        log.warning("third")
    assert [line.split()[-1] for line in old.read_text().splitlines()] == [
        "first",
        "second",
    ]
    assert path.read_text().splitlines()[-1].endswith("third")
