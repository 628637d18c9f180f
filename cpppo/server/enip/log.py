# SPDX-License-Identifier: Apache-2.0
"""Where log lines go: standard error, or a file that is kept small.

Under `main`, and only what the options ask for: a program that calls `main` has its own
mind about logging.  What is set up is taken down again.
"""

from __future__ import annotations

import logging
from types import TracebackType
from typing import TYPE_CHECKING

from .options import Options

if TYPE_CHECKING:
    from logging.handlers import RotatingFileHandler

__all__ = ["NORMAL", "Log"]

log = logging.getLogger(__name__)

# What is worth a line wherever anything is logged: between INFO and WARNING.
NORMAL = logging.INFO + 5
LEVELS = (NORMAL, logging.INFO, logging.DEBUG)

FORMAT = (
    "%(asctime)s.%(msecs)03d %(threadName)s %(name)-24.24s "
    "%(levelname)-8.8s %(funcName)-10.10s %(message)s"
)
DATES = "%m-%d %H:%M:%S"
OCTETS = 10 * 1024 * 1024
COPIES = 5


class Log:
    """The handler that the options ask for, while the context lasts."""

    __slots__ = ("_file", "_handler", "_level", "_path", "_was")

    def __init__(self, options: Options) -> None:
        self._path = options.log
        self._level: int | None = None
        if options.verbose:
            self._level = LEVELS[min(options.verbose, len(LEVELS)) - 1]
        elif options.quiet:
            self._level = logging.ERROR
        elif options.log is not None:
            self._level = NORMAL
        self._handler: logging.Handler | None = None
        self._file: RotatingFileHandler | None = None
        self._was = logging.NOTSET

    def __enter__(self) -> Log:
        if self._level is None:
            return self
        root = logging.getLogger()
        if self._path is not None:
            # It brings sockets and pickles along, which others need not wait for.
            from logging.handlers import RotatingFileHandler  # noqa: PLC0415

            self._handler = self._file = RotatingFileHandler(
                self._path, maxBytes=OCTETS, backupCount=COPIES, encoding="utf-8"
            )
        elif not root.handlers:
            self._handler = logging.StreamHandler()
        logging.addLevelName(NORMAL, "NORMAL")
        self._was = root.level
        root.setLevel(self._level)
        if self._handler is not None:
            self._handler.setFormatter(logging.Formatter(FORMAT, DATES))
            root.addHandler(self._handler)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._level is None:
            return
        root = logging.getLogger()
        root.setLevel(self._was)
        if self._handler is not None:
            root.removeHandler(self._handler)
            self._handler.close()

    @property
    def reopens(self) -> bool:
        """Whether there is a file to open again."""
        return self._file is not None

    def reopen(self) -> None:
        """Go on in a new file of the name: somebody has moved the old one away."""
        if self._file is None:
            return
        self._file.acquire()
        try:
            if self._file.stream is not None:
                self._file.stream.close()
            # The handler opens what it has not, for the next line.
            self._file.stream = None
        finally:
            self._file.release()
        log.log(NORMAL, "The log goes on in %s", self._path)
