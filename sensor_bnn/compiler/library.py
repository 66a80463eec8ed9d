"""The bundle's archive ``lib<model>.a`` with all its C code and kernels, compiled by the target's GCC."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path

from sensor_bnn import programs
from sensor_bnn.compiler.stack import deepest_stack
from sensor_bnn.compiler.targets import Target
from sensor_bnn.files import scratch_folder, write_file, write_files
from sensor_bnn.toolchains import LAUNCHER

WARNINGS = ("-Wall", "-Wextra", "-Wconversion", "-Wundef", "-Werror")
_FLAGS = (
    *("-std=c11", "-ffp-contract=off", "-ffunction-sections", "-fdata-sections", "-fno-common"),
    *("-fno-asynchronous-unwind-tables", "-fstack-usage", *WARNINGS),
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


def make_library(
    texts: Mapping[str, str],
    kernels: Mapping[str, bytes],
    compiled: Sequence[str],
    entries: Sequence[str],
    target: Target,
    library: str,
) -> tuple[bytes, int | None]:
    """Compile C files and archive them with kernels, reproducibly.

    Args:
        texts: the C files and headers, by their place in the bundle.
        kernels: the object files of the other kernels, by symbol.
        compiled: those of ``texts`` to compile.
        entries: the functions whose stack is measured.
        target: the processor.
        library: the name of the archive.

    Returns:
        The archive, and the bytes of stack that the deepest call of an entry needs; None for other cores than
        Cortex-M, whose stacks are large.

    Raises:
        ToolError: the compiler or the archiver failed.
    """
    with scratch_folder("library") as work:
        write_files(work / "bundle", texts)
        paths = [work / "bundle" / source for source in compiled]
        pic = ("-fPIC",) if target.hosted else ()
        root = (work / "bundle").resolve()
        flags = (*target.gcc, "-Os" if target.small else "-O2", *_FLAGS, *pic, f"-I{root}")
        compile_files(compiler_of(target), flags, paths, work, "Check it with `sensor-bnn doctor`.")
        objects = sorted(path.name for path in work.glob("*.o"))
        frames = "".join(path.read_text() for path in sorted(work.glob("*.su")))
        for symbol, content in kernels.items():
            write_file(work / f"{symbol}.o", content)
            objects.append(f"{symbol}.o")
        # D: without times and owners. With the index (s) the linker finds members in any order.
        _run([_archiver(target), "rcsD", library, *objects], work)
        thumb = target.triple.startswith("thumb")
        stack = deepest_stack([work / name for name in objects], frames, entries) if thumb else None
        return (work / library).read_bytes(), stack


def compile_files(
    compiler: str,
    flags: Sequence[str],
    sources: Sequence[Path],
    folder: Path,
    install: str,
    remedy: str | None = None,
    failure: str = "",
) -> None:
    """Compile C files, each to the object ``folder / "<its name>.o"``.

    Args:
        compiler: the C compiler.
        flags: for each file.
        sources: the C files; no two have the same name.
        folder: the working folder of the compiler.
        install, remedy, failure: what a failure says, as for ``programs.run``.

    Raises:
        ToolError: the compiler, or the program that is to start it, is missing or failed.
    """
    launcher = [word for word in os.environ.get(LAUNCHER, "").split(";") if word]
    if launcher:
        hint = f"{LAUNCHER} is {os.environ[LAUNCHER]!r}: correct it, or unset it."
        install, remedy = hint, hint
    paths = [str(source.resolve()) for source in sources]
    # One run of the compiler for all files, but such programs pass several on without looking at them.
    for given in [[path] for path in paths] if launcher else [paths]:
        programs.run(
            [*launcher, compiler, *flags, "-c", *given],
            cwd=folder,
            install=install,
            remedy=remedy,
            failure=failure,
        )


def _archiver(target: Target) -> str:
    return "ar" if target.hosted else f"{target.tools}ar"


def _run(command: list[str], folder: Path) -> None:
    programs.run(command, cwd=folder, install="Check it with `sensor-bnn doctor`.")
