"""The bundle's archive ``lib<model>.a`` with all its C code and kernels, compiled by the target's GCC."""

from __future__ import annotations

import shutil
import sys
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

HOST_INSTALL = {
    "win32": "winget install BrechtSanders.WinLibs.POSIX.UCRT",
    "darwin": "xcode-select --install",
}.get(sys.platform, "apt-get install gcc libc6-dev")
"""The command that installs this machine's C compiler."""


def host_compiler() -> str:
    """Return the C compiler of this machine: the one with which Python was built, if it exists, else cc."""
    compiler = str(sysconfig.get_config_var("CC") or "cc").split()[0]
    return compiler if shutil.which(compiler) else "cc"


def compiler_of(target: Target) -> str:
    """Return the target's C compiler."""
    return host_compiler() if target.hosted else target.compiler


def missing_compiler(target: Target) -> str | None:
    """Return the command that installs the target's missing compiler, or None if it is not missing."""
    if shutil.which(compiler_of(target)) and shutil.which(_archiver(target)):
        return None
    return HOST_INSTALL if target.hosted else target.install


def programs_of(target: Target) -> tuple[str, ...]:
    """Return the programs that a bundle's libraries are made with."""
    return (compiler_of(target), _archiver(target), *(("ld",) if target.hosted else ()))


def make_library(folder: NewFolder, sources: Sequence[str], target: Target, library: str) -> None:
    """Compile ``sources`` of the bundle ``folder`` and archive them with ``kernels.o``, reproducibly.

    Raises:
        ToolError: the compiler or the archiver failed.
        FileError: the library cannot be written.
    """
    with scratch_folder("library") as work:
        # One run of the compiler for all files; it names the objects after them, in its working folder.
        paths = [str((folder.path / source).resolve()) for source in sources]
        pic = ("-fPIC",) if target.hosted else ()
        root = folder.path.resolve()
        _run([compiler_of(target), *target.gcc, *_FLAGS, *pic, f"-I{root}", "-c", *paths], work)
        objects = sorted(path.name for path in work.glob("*.o"))
        write_file(work / "tir.o", (folder.path / "kernels.o").read_bytes())
        # D: without times and owners. With the index (s) the linker finds members in any order.
        _run([_archiver(target), "rcsD", library, *objects, "tir.o"], work)
        folder.write(library, (work / library).read_bytes())


def _archiver(target: Target) -> str:
    return "ar" if target.hosted else f"{target.tools}ar"


def _run(command: list[str], folder: Path) -> None:
    programs.run(command, cwd=folder, install="Check it with `sensor-bnn doctor`.")
