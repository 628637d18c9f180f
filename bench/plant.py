# SPDX-License-Identifier: Apache-2.0
"""A large plant: 10,000 tags, one in five a structure of one of 200 types."""

from collections.abc import Iterator
from pathlib import Path

TAGS, TYPES = 10_000, 200
KINDS = ("DINT", "INT", "REAL", "SINT", "BOOL", "LINT")
PLAIN = ("DINT", "REAL", "INT[100]", "DINT[3,4]")


def lines() -> Iterator[str]:
    """The plant as TOML."""
    for number in range(TYPES):
        yield f"[types.Udt{number}]"
        for member in range(8):
            yield f'Member{member} = "{KINDS[(number + member) % len(KINDS)]}"'
        yield 'Several = "DINT[4]"'
        if number % 10:
            yield f'Inner = "Udt{number // 10 * 10}"'
    yield "[tags]"
    for number in range(TAGS):
        kind = PLAIN[number % len(PLAIN)]
        if number % 5 == 0:
            kind = f"Udt{number // 5 % TYPES}" + ("[10]" if number % 25 == 0 else "")
        yield f'Tag_Number_{number} = "{kind}"'


def written(folder: Path) -> Path:
    """The file of the plant, in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "plant.toml"
    file.write_text("\n".join(lines()) + "\n")
    return file
