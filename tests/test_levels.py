# SPDX-License-Identifier: Apache-2.0
"""Logging and time as the manual's programs use them."""

from __future__ import annotations

import io
import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cpppo import levels
from cpppo.levels import DETAIL, NORMAL, install, level, log_cfg, logged, timer


@contextmanager
def root_logger() -> Iterator[logging.Logger]:
    """The root logger without handlers, as a program has it at its start."""
    one = logging.getLogger()
    handlers, was = one.handlers[:], one.level
    one.handlers[:] = []
    try:
        yield one
    finally:
        one.handlers[:] = handlers
        one.setLevel(was)


def alone(program: str) -> subprocess.CompletedProcess[str]:
    """What a program of its own says."""
    return subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )


def test_the_levels_stand_between_information_and_warnings() -> None:
    assert logging.INFO < DETAIL < NORMAL < logging.WARNING
    assert (DETAIL, NORMAL) == (23, 25)


def test_importing_changes_nothing_of_logging() -> None:
    done = alone(
        "import logging, cpppo.levels\n"
        "print(hasattr(logging, 'detail'), hasattr(logging, 'DETAIL'))\n"
        "print(logging.getLevelName(23), logging.getLogger().handlers)\n"
    )
    assert done.stdout.split() == ["False", "False", "Level", "23", "[]"]


def test_a_program_of_the_manual_logs_details() -> None:
    done = alone(
        "import logging\n"
        "from cpppo import levels\n"
        "levels.install()\n"
        "levels.log_cfg['level'] = logging.DETAIL\n"
        "logging.basicConfig(**levels.log_cfg)\n"
        "def wrote():\n"
        "    logging.detail('Exception writing Parameter %s', 'P')\n"
        "    logging.getLogger('drive').normal('told %d', 1)\n"
        "    logging.info('not shown')\n"
        "wrote()\n"
    )
    detail, normal = done.stderr.splitlines()
    assert detail.split()[2:] == [
        *("MainThread", "root", "DETAIL", "wrote"),
        *("Exception", "writing", "Parameter", "P"),
    ]
    assert normal.split()[2:] == [
        *("MainThread", "drive", "NORMAL", "wrote"),
        *("told", "1"),
    ]


def test_a_detail_is_logged_without_any_configuration() -> None:
    done = alone(
        "import logging\n"
        "from cpppo.levels import install\n"
        "install(); install()\n"
        "logging.detail('too fine'); logging.getLogger('x').detail('too')\n"
        "logging.getLogger().setLevel(logging.NORMAL)\n"
        "logging.normal('seen')\n"
    )
    assert done.stderr == "NORMAL:root:seen\n"


def test_installing_again_keeps_what_is_there() -> None:
    install()
    before = logging.Logger.detail  # type: ignore[attr-defined]
    install()
    assert logging.Logger.detail is before  # type: ignore[attr-defined]
    assert logging.DETAIL == DETAIL  # type: ignore[attr-defined]


def test_more_v_show_more() -> None:
    shown = [level(verbose) for verbose in range(5)]
    assert shown[0] == logging.WARNING
    assert shown[1:3] == [NORMAL, logging.INFO]
    assert shown[3:] == [logging.DEBUG, logging.DEBUG]


def test_time_goes_on() -> None:
    first = timer()
    assert timer() >= first


def test_what_is_logged_goes_to_standard_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with root_logger() as root:
        errors = io.StringIO()
        monkeypatch.setattr(sys, "stderr", errors)
        with logged(1):
            logging.getLogger("x").log(NORMAL, "yes")
            logging.getLogger("x").info("no")
        logging.getLogger("x").log(NORMAL, "no more")
        (line,) = errors.getvalue().splitlines()
        assert line.endswith("yes") and " NORMAL " in line
        assert root.handlers == []


def test_a_file_has_what_is_worth_a_line(tmp_path: Path) -> None:
    with root_logger():
        path = tmp_path / "log"
        with logged(0, str(path)):
            logging.getLogger("x").log(NORMAL, "one")
            logging.getLogger("x").info("two")
        with logged(2, str(path)):
            logging.getLogger("x").info("three")
        lines = path.read_text().splitlines()
        assert [line.split()[-1] for line in lines] == ["one", "three"]


def test_a_file_is_kept_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with root_logger():
        assert (levels.OCTETS, levels.COPIES) == (10 * 1024 * 1024, 5)
        monkeypatch.setattr(levels, "OCTETS", 1000)
        with logged(1, str(tmp_path / "log")):
            for _ in range(20):
                logging.getLogger("x").log(NORMAL, "x" * 500)
        names = sorted(path.name for path in tmp_path.iterdir())
        assert names == ["log", *(f"log.{n}" for n in range(1, 6))]


def test_a_program_keeps_its_own_handlers() -> None:
    with root_logger() as root:
        mine = logging.StreamHandler(io.StringIO())
        root.addHandler(mine)
        with logged(1):
            assert root.handlers == [mine]
        assert root.handlers == [mine]


def test_a_file_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with root_logger() as root:
        with pytest.raises(OSError), logged(1, str(tmp_path / "no" / "log")):
            pass
        assert root.handlers == []


def test_the_configuration_is_for_basic_config() -> None:
    with root_logger() as root:
        logging.basicConfig(**log_cfg)
        assert root.level == logging.WARNING
