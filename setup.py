# SPDX-License-Identifier: Apache-2.0
"""The optional extension; everything else about the build stands in pyproject.toml.

A module with a ``.pxd`` beside it is compiled by Cython; its ``.py`` is shipped
either way and is the same program.  CPPPO_EXTENSION says what happens: ``auto``
compiles where it can, ``require`` makes a failure an error, ``skip`` never compiles.
"""

import os
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import BaseError, CCompilerError

MODES = ("auto", "require", "skip")
DIRECTIVES = {
    "language_level": 3,
    # The .pxd says the C types; annotations are for people and mypy, and an ``int``
    # there would contradict a C integer.
    "annotation_typing": False,
    "boundscheck": False,
    "wraparound": False,
    "initializedcheck": False,
    "cdivision": True,
    "binding": True,
}


def extension_mode() -> str:
    """What CPPPO_EXTENSION asks for."""
    mode = os.environ.get("CPPPO_EXTENSION") or "auto"
    if mode not in MODES:
        sys.exit(f"cpppo: CPPPO_EXTENSION={mode!r} is not one of {', '.join(MODES)}")
    return mode


def extensions(mode: str) -> list[Extension]:
    """One extension for each module that has its C types written beside it."""
    if mode == "skip":
        return []
    return [
        Extension(
            ".".join(source.with_suffix("").parts),
            [source.as_posix()],
            depends=[source.with_suffix(".pxd").as_posix()],
            extra_compile_args=[] if sys.platform == "win32" else ["-O3", "-g0"],
            optional=mode == "auto",
        )
        for source in sorted(p.with_suffix(".py") for p in Path("cpppo").rglob("*.pxd"))
        if source.is_file() and source.stem != "__init__"
    ]


class BuildExtension(build_ext):
    """Translates and compiles; an optional extension that fails is one line."""

    def build_extension(self, ext: Extension) -> None:
        """Compile one module, or say that it runs uncompiled."""
        # Only a build needs Cython: asking for the version or an sdist does not.
        from Cython.Build import cythonize  # noqa: PLC0415
        from Cython.Compiler.Errors import CompileError  # noqa: PLC0415

        try:
            ext.sources = cythonize(
                [Extension(ext.name, list(ext.sources))],
                build_dir="build/cython",
                compiler_directives=DIRECTIVES,
                quiet=True,
            )[0].sources
            super().build_extension(ext)
        except (BaseError, CCompilerError, CompileError, OSError) as error:
            if not ext.optional:
                raise
            cause = str(error).partition("\n")[0]
            print(f"cpppo: {ext.name} runs uncompiled: {cause}", file=sys.stderr)


if __name__ == "__main__":
    setup(
        ext_modules=extensions(extension_mode()),
        cmdclass={"build_ext": BuildExtension},
    )
