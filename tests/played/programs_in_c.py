"""Programs in C that tests compile for this machine or an emulator's user mode."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path


def build_program(program: Path, compiler: str, flags: Sequence[str | Path], sources: Sequence[Path]) -> str:
    """Compile each file and link them.

    Many programs have the same files: ccache, where it is installed, compiles each once (tests/slow.py).

    Args:
        program: the file to write; the objects are beside it.
        compiler: the name of the compiler.
        flags: for the compiler, which also links with them; paths in them are absolute.
        sources: the C files, as absolute paths.

    Returns:
        What the compiler said about the first file that is wrong; empty if there is none.
    """
    launcher = ["ccache"] if shutil.which("ccache") else []
    # The folder's name differs from run to run: without this option ccache takes it for a part of the object.
    here = f"-ffile-prefix-map={program.parent}=."
    objects = [program.with_name(f"{program.name}-{place}.o") for place in range(len(sources))]
    commands = [
        [*launcher, compiler, *flags, here, "-c", source, "-o", made]
        for source, made in zip(sources, objects, strict=True)
    ]
    for command in [*commands, [compiler, *flags, *objects, "-o", program]]:
        done = subprocess.run(
            [str(part) for part in command], cwd=program.parent, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            return done.stderr or f"{compiler} ended with {done.returncode}"
    return ""
