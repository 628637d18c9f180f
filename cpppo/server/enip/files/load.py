# SPDX-License-Identifier: Apache-2.0
"""Plants from files: the ending of a file's name says which format it has.

The door of this package, over the formats.  All files together are one plant: types
first, then tags, so that a tag may be of a type of another file.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Protocol

from .aliases import resolved
from .plant import Draft, Plant, PlantError

__all__ = ["ENDINGS", "load"]

ENDINGS = (".toml", ".csv", ".L5X")


class Format(Protocol):
    """A file that has been read."""

    def declare(self, draft: Draft) -> None:
        """Say which types and programs there are, and the identity."""

    def fill(self, draft: Draft) -> None:
        """Say which tags there are, and data files."""


def load(files: Iterable[str]) -> Plant:
    """What some files say of a controller; or a PlantError."""
    names = tuple(files)
    draft = Draft()
    opened = [format_of(name) for name in names]
    for one in opened:
        one.declare(draft)
    draft.made()
    for one in opened:
        one.fill(draft)
    tags = resolved(draft)
    identity = {key: value for key, (value, _) in draft.identity.items()}
    files = {key: value for key, (value, _) in draft.data_files.items()}
    return Plant(
        draft.types,
        tags,
        tuple(draft.programs.values()),
        {key: value for key, value in identity.items() if key != "controller"},
        files if draft.filed else None,
        str(identity.get("controller", "")),
        names,
        tuple(draft.left),
        draft.origins,
        {key: tag.alias for key, tag in draft.tags.items() if tag.alias is not None},
    )


def format_of(file: str) -> Format:
    """A file, read by the format that its name ends in; the others are not imported."""
    ending = os.path.splitext(file)[1].lower()
    if ending == ".toml":
        from .toml import Toml  # noqa: PLC0415

        return Toml(file)
    if ending == ".csv":
        from .csv import CSV  # noqa: PLC0415

        return CSV(file)
    if ending == ".l5x":
        from .l5x import L5X  # noqa: PLC0415

        return L5X(file)
    said = ", ".join(ENDINGS)
    raise PlantError(file, f"files of tags end in {said}, this one in {ending!r}")
