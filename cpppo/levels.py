# SPDX-License-Identifier: Apache-2.0
"""What the manual's programs use of logging and of time, and a command's log.

At the bottom of the stack; imports nothing of the package.  Between INFO and WARNING
there are two more levels: NORMAL is what is worth a line wherever anything is logged,
DETAIL says how it came to it.

Importing this changes nothing.  `install` gives the levels to `logging`, as programs of
the manual expect that import nothing else: `logging.detail("...")`.  The modules that
the manual has them import call it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter as timer
from typing import Any

__all__ = ["DETAIL", "NORMAL", "install", "level", "log_cfg", "logged", "timer"]

NORMAL = logging.INFO + 5
DETAIL = logging.INFO + 3

# What -v, -vv and -vvv show.
VERBOSE = (NORMAL, logging.INFO, logging.DEBUG)
OCTETS = 10 * 1024 * 1024
COPIES = 5

# For logging.basicConfig(**cpppo.log_cfg); programs change what they want otherwise.
log_cfg: dict[str, Any] = {
    "level": logging.WARNING,
    "datefmt": "%m-%d %H:%M:%S",
    "format": "%(asctime)s.%(msecs)03d %(threadName)10.10s %(name)-8.8s "
    "%(levelname)-8.8s %(funcName)-10.10s %(message)s",
}


def install() -> None:
    """Give the levels to `logging`: names, functions, and methods of every logger."""
    for name, number in (("NORMAL", NORMAL), ("DETAIL", DETAIL)):
        if getattr(logging, name, None) == number:
            continue
        logging.addLevelName(number, name)
        setattr(logging, name, number)
        setattr(logging, name.lower(), function(number))
        setattr(logging.Logger, name.lower(), method(number))


def function(number: int) -> Callable[..., None]:
    """What `logging.info` is, for another level."""

    def logs(message: object, *args: object, **kwds: Any) -> None:
        root = logging.getLogger()
        if not root.handlers:
            logging.basicConfig()
        kwds["stacklevel"] = kwds.get("stacklevel", 1) + 1
        root.log(number, message, *args, **kwds)

    return logs


def method(number: int) -> Callable[..., None]:
    """What `Logger.info` is, for another level."""

    def logs(self: logging.Logger, message: object, *args: object, **kwds: Any) -> None:
        if self.isEnabledFor(number):
            kwds["stacklevel"] = kwds.get("stacklevel", 1) + 1
            self.log(number, message, *args, **kwds)

    return logs


def level(verbose: int) -> int:
    """What so many -v show; warnings without any."""
    return VERBOSE[min(verbose, len(VERBOSE)) - 1] if verbose > 0 else logging.WARNING


@contextmanager
def logged(verbose: int = 0, path: str | None = None) -> Iterator[None]:
    """Log lines go to a file of bounded size meanwhile, or to standard error.

    A file has what is worth a line even where nobody asks for more.  What is set up is
    taken down; a program that calls a command keeps its own handlers.  OSError where
    the file cannot be written.
    """
    root = logging.getLogger()
    handler: logging.Handler | None = None
    if path is not None:
        # It brings sockets and pickles along, which others need not wait for.
        from logging.handlers import RotatingFileHandler  # noqa: PLC0415

        handler = RotatingFileHandler(
            path, maxBytes=OCTETS, backupCount=COPIES, encoding="utf-8"
        )
    elif not root.handlers:
        handler = logging.StreamHandler()
    was = root.level
    logging.addLevelName(NORMAL, "NORMAL")
    logging.addLevelName(DETAIL, "DETAIL")
    root.setLevel(NORMAL if path is not None and not verbose else level(verbose))
    if handler is not None:
        formatter = logging.Formatter(log_cfg["format"], log_cfg["datefmt"])
        handler.setFormatter(formatter)
        root.addHandler(handler)
    try:
        yield
    finally:
        root.setLevel(was)
        if handler is not None:
            root.removeHandler(handler)
            handler.close()
