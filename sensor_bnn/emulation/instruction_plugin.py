"""Counts the instructions of a program in QEMU's user mode: a plugin of our own adds them up in its memory.

The plugin's source is beside this file; the machine's C compiler compiles it when it is needed.
"""

from __future__ import annotations

import io
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from sensor_bnn import programs
from sensor_bnn.errors import BundleError

VARIABLE = "linux_instructions"
"""The program's 64-bit variable (firmware/hal/linux_counter.c)."""

_SOURCE = Path(__file__).with_name("instruction_plugin.c")


def instruction_plugin(program: Path, folder: Path) -> str:
    """Compile the plugin for a program and return the value of QEMU's ``-plugin``.

    Args:
        program: an ELF file with symbols.
        folder: folder for the compiled plugin.

    Raises:
        BundleError: the program cannot be read or has no such variable.
        ToolError: the C compiler is missing or fails.
    """
    address = variable(program, VARIABLE)
    return f"{compile_plugin(_SOURCE, folder)},at={address:x}"


def compile_plugin(source: Path, folder: Path) -> Path:
    """Compile a plugin of QEMU's into ``folder`` and return its library.

    Raises:
        ToolError: the C compiler is missing or fails.
    """
    library = folder / source.with_suffix(".so").name
    programs.run(
        ["cc", "-std=c11", "-O2", "-shared", "-fPIC", "-o", library, source],
        install="Install it: apt-get install --no-install-recommends gcc libc6-dev",
        failure="QEMU's plugin cannot be compiled",
    )
    return library


def variable(program: Path, name: str) -> int:
    """Return the address of a program's variable.

    Args:
        program: an ELF file with symbols.
        name: name of the variable.

    Raises:
        BundleError: the program cannot be read or has no such variable.
    """
    remedy = "Build it again with `sensor-bnn build`."
    try:
        table = ELFFile(io.BytesIO(program.read_bytes())).get_section_by_name(".symtab")
    except (OSError, ELFError) as error:
        raise BundleError(f"{program} cannot be read: {error}.", remedy) from None
    found = table.get_symbol_by_name(name) if isinstance(table, SymbolTableSection) else None
    if not found:
        raise BundleError(f"{program} has no variable {name}.", remedy)
    return int(found[0]["st_value"])
