"""Counts the instructions of a program in QEMU's user mode: a plugin of our own adds them up in its memory.

The plugin's source is beside this file; the machine's C compiler compiles it when it is needed.
"""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from sensor_bnn.errors import BundleError, ToolError

VARIABLE = "linux_instructions"
"""The program's 64-bit variable (firmware/hal/linux_counter.c)."""

_SOURCE = Path(__file__).with_name("instruction_plugin.c")
_INSTALL = "Install it: apt-get install --no-install-recommends gcc libc6-dev"


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
    compiler = shutil.which("cc")
    if compiler is None:
        raise ToolError("The machine's C compiler cc is missing.", _INSTALL)
    library = folder / "instruction_plugin.so"
    done = subprocess.run(
        [compiler, "-std=c11", "-O2", "-shared", "-fPIC", "-o", str(library), str(_SOURCE)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise ToolError(f"cc cannot compile QEMU's plugin: {done.stderr.strip()}.", _INSTALL)
    return f"{library},at={address:x}"


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
