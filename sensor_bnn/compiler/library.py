"""The bundle's archive: all its C and its kernels in one ``lib<model>.a``, by the target's own GCC."""

from __future__ import annotations

import shutil
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from sensor_bnn import programs
from sensor_bnn.compiler.targets import Target
from sensor_bnn.files import NewFolder, scratch_folder, write_file

WARNINGS = ("-Wall", "-Wextra", "-Werror")
_FLAGS = (
    *("-std=c11", "-O2", "-ffp-contract=off", "-ffunction-sections", "-fdata-sections", "-fno-common"),
    *("-fno-asynchronous-unwind-tables", *WARNINGS),
)


def host_compiler() -> str:
    """Return the C compiler of this machine: the one Python was built with, if it is there."""
    compiler = str(sysconfig.get_config_var("CC") or "cc").split()[0]
    return compiler if shutil.which(compiler) else "cc"


def compiler_of(target: Target) -> str:
    """Return the target's C compiler."""
    return host_compiler() if target.hosted else target.compiler


def missing_compiler(target: Target) -> str | None:
    """Return what to do so that libraries can be made for the target, or None if they can."""
    if shutil.which(compiler_of(target)) and shutil.which(_archiver(target)):
        return None
    return "apt-get install gcc libc6-dev" if target.hosted else target.install


def programs_of(target: Target) -> tuple[str, ...]:
    """Return the programs that a bundle's libraries are made with."""
    return (compiler_of(target), _archiver(target), *(("ld",) if target.hosted else ()))


def make_library(folder: NewFolder, sources: Sequence[str], target: Target, library: str) -> None:
    """Compile ``sources`` of the bundle ``folder`` and archive them with ``kernels.o``; equal in, equal out.

    Raises:
        ToolError: the compiler or the archiver failed.
        FileError: the library cannot be written.
    """
    with scratch_folder("library") as work:
        # One compiler for all files; objects are named after them, here.
        paths = [str((folder.path / source).resolve()) for source in sources]
        pic = ("-fPIC",) if target.hosted else ()
        root = folder.path.resolve()
        _run([compiler_of(target), *target.gcc, *_FLAGS, *pic, f"-I{root}", "-c", *paths], work)
        objects = sorted(path.name for path in work.glob("*.o"))
        write_file(work / "tir.o", (folder.path / "kernels.o").read_bytes())
        # D: neither times nor owners; the archive's index makes the order of its members free.
        _run([_archiver(target), "rcsD", library, *objects, "tir.o"], work)
        folder.write(library, (work / library).read_bytes())


def _archiver(target: Target) -> str:
    return "ar" if target.hosted else f"{target.tools}ar"


def _run(command: list[str], folder: Path) -> None:
    programs.run(command, cwd=folder, install="Check it with `sensor-bnn doctor`.")
