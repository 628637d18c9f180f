# SPDX-License-Identifier: Apache-2.0
"""An example: a simulator that writes every read and write of its tags to a file.

    python -m cpppo.server.enip.historize some_file.hst Tag_Name=INT[1000]

The first argument is the file; all others are those of `enip_server`.  A line is the
time in UTC, the tag with the first and the last index, and what was read or written;
an access that failed says why.  Sessions are threads: lines are written under a lock.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

from .cip.attribute import Attribute
from .main import main as enip_main

__all__ = ["Attribute_historize", "History", "main"]

PROGRAM = "python -m cpppo.server.enip.historize"


def stamp() -> str:
    """The time as a history has it."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


class History:
    """A file that grows by a line for each event."""

    def __init__(self, path: str | Path, now: Callable[[], str] = stamp) -> None:
        self.now = now
        self._lock = Lock()
        self._file = Path(path).open("a", encoding="utf-8")  # noqa: SIM115 -- see close

    def comment(self, text: str) -> None:
        """A line for people."""
        with self._lock:
            self._file.write(f"# {self.now()}: {text}\n")
            self._file.flush()

    def write(self, serial: Any, data: Any) -> None:
        """An event, and what it is about."""
        shown = "\t".join(json.dumps(one) for one in (serial, data))
        with self._lock:
            self._file.write(f"{self.now()}\t{shown}\n")
            self._file.flush()

    def close(self) -> None:
        with self._lock:
            self._file.close()


class Attribute_historize(Attribute):  # published under this name
    """An attribute that tells a history of all that is done with it."""

    def __init__(self, *args: Any, history: History, **kwds: Any) -> None:
        super().__init__(*args, **kwds)
        self.history = history
        history.comment(f"Started recording Tag: {self.name}")

    def __getitem__(self, key: int | slice) -> Any:
        try:
            value = super().__getitem__(key)
        except Exception as exc:
            self.record(key, {"read": None, "exception": repr(exc)})
            raise
        self.record(key, {"read": value})
        return value

    def __setitem__(self, key: int | slice, value: Any) -> None:
        try:
            super().__setitem__(key, value)
        except Exception as exc:
            self.record(key, {"write": value, "exception": repr(exc)})
            raise
        self.record(key, {"write": value})

    def record(self, key: int | slice, what: dict[str, Any]) -> None:
        """A line about some of the values."""
        if isinstance(key, slice):
            # As asked, for what is beyond the end is what failed.
            first = key.start or 0
            last = (len(self) if key.stop is None else key.stop) - 1
        else:
            first = last = key
        self.history.write([self.name, [first, last]], what)


def main(argv: Sequence[str] | None = None, **kwds: Any) -> int:
    """Run the simulator, with the first argument as the file."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    usage = f"usage: {PROGRAM} FILE [options] TAG[=TYPE[[N]]] ..."
    if arguments[:1] in (["-h"], ["--help"]):
        print(f"{usage}\nThe options are those of enip_server.")
        return 0
    if not arguments or arguments[0].startswith("-"):
        text = f"{PROGRAM}: error: the first argument is the file to write to"
        print(f"{usage}\n{text}", file=sys.stderr)
        return 2
    try:
        history = History(arguments[0])
    except OSError as exc:
        print(f"{PROGRAM}: error: {arguments[0]}: {exc.strerror}", file=sys.stderr)
        return 1
    try:
        return enip_main(
            arguments[1:],
            attribute_class=Attribute_historize,
            attribute_kwds={"history": history},
            **kwds,
        )
    finally:
        history.close()


if __name__ == "__main__":
    sys.exit(main())
