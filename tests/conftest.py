# SPDX-License-Identifier: Apache-2.0
"""What holds for every test: random values that can be had again, no thread left.

The seed of the random tests stands at the head of every run; ``--hypothesis-seed``
takes it back.  HYPOTHESIS_PROFILE chooses ``default`` or the longer ``ci``.
"""

import os
import random
import threading
from collections.abc import Iterator

import hypothesis
import pytest

import cpppo
from cpppo.version import __version__

hypothesis.settings.register_profile(
    "default", deadline=None, print_blob=True, derandomize=False
)
hypothesis.settings.register_profile(
    "ci", parent=hypothesis.settings.get_profile("default"), max_examples=300
)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Choose the seed here, so that it is known before anything fails."""
    if config.getoption("--hypothesis-seed") is None:
        config.option.hypothesis_seed = random.SystemRandom().randrange(2**32)


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Which cpppo is tested, and how to have the same random values again."""
    return [
        f"cpppo: {__version__} from {os.path.dirname(cpppo.__file__)}",
        f"random: --hypothesis-seed={config.getoption('--hypothesis-seed')}",
    ]


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    """A test ends the threads that it began."""
    before = set(threading.enumerate())
    yield
    left = [thread.name for thread in threading.enumerate() if thread not in before]
    if left:
        pytest.fail(f"the test left threads alive: {', '.join(left)}")
