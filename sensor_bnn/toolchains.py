"""Cross compilers that other tools have installed, for where none is on the search path; what starts them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

LAUNCHER = "CMAKE_C_COMPILER_LAUNCHER"
"""The variable of the environment that names a program which starts the compiler, such as ccache.

It is CMake's own, so firmware is built with it too."""

_COMPILER = "arm-none-eabi-gcc"
_CUBE = "plugins/com.st.stm32cube.ide.mcu.externaltools.gnu-tools-for-stm32.*/tools/bin"
_ARDUINO = "packages/*/tools/arm-none-eabi-gcc/*/bin"


def _places(environment: Mapping[str, str]) -> list[tuple[Path, str]]:
    """Return the folders where STM32CubeIDE, Arduino, PlatformIO and Arm's installer put it, as patterns."""
    home = Path(environment.get("HOME") or environment.get("USERPROFILE") or "/nonexistent")
    local = Path(environment.get("LOCALAPPDATA") or home / "AppData" / "Local")
    programs = [Path(environment[key]) for key in ("ProgramFiles", "ProgramFiles(x86)") if key in environment]
    return [
        (
            Path(environment.get("PLATFORMIO_CORE_DIR") or home / ".platformio"),
            "packages/toolchain-gccarmnoneeabi*/bin",
        ),
        (home / ".arduino15", _ARDUINO),
        (home / "Library" / "Arduino15", _ARDUINO),
        (local / "Arduino15", _ARDUINO),
        (Path("/opt/st"), f"stm32cubeide_*/{_CUBE}"),
        (Path("/Applications"), f"STM32CubeIDE.app/Contents/Eclipse/{_CUBE}"),
        (Path("C:/ST"), f"STM32CubeIDE_*/STM32CubeIDE/{_CUBE}"),
        (Path("/Applications/ArmGNUToolchain"), "*/arm-none-eabi/bin"),
        *((folder, "Arm GNU Toolchain arm-none-eabi/*/bin") for folder in programs),
        *((folder, "GNU Arm Embedded Toolchain/*/bin") for folder in programs),
    ]


def search_path(environment: Mapping[str, str]) -> str:
    """Return the search path for programs, with the newest installed cross compiler's folder at its end.

    Args:
        environment: the variables of this process. If the compiler is on their search path already, nothing
            is added.
    """
    path = environment.get("PATH", os.defpath)
    if shutil.which(_COMPILER, path=path):
        return path
    for place, pattern in _places(environment):
        found = sorted(folder for folder in place.glob(pattern) if shutil.which(_COMPILER, path=str(folder)))
        if found:
            return os.pathsep.join((path, str(found[-1])))
    return path
