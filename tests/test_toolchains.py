"""Cross compilers that STM32CubeIDE, Arduino, PlatformIO and others have installed are found."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sensor_bnn.toolchains import search_path


def install(folder: Path) -> Path:
    folder.mkdir(parents=True)
    compiler = folder / "arm-none-eabi-gcc"
    compiler.write_text("#!/bin/sh\n")
    compiler.chmod(0o755)
    return folder


@pytest.mark.parametrize(
    "place",
    [
        ".platformio/packages/toolchain-gccarmnoneeabi/bin",
        ".arduino15/packages/arduino/tools/arm-none-eabi-gcc/7-2017q4/bin",
        "Library/Arduino15/packages/STMicroelectronics/tools/arm-none-eabi-gcc/12.2/bin",
    ],
)
def test_it_is_found_in_the_home_folder(place: str, tmp_path: Path) -> None:
    folder = install(tmp_path / place)
    found = search_path({"HOME": str(tmp_path), "PATH": "/absent"})
    assert found == os.pathsep.join(("/absent", str(folder)))


@pytest.mark.parametrize(
    ("variable", "place"),
    [
        ("PLATFORMIO_CORE_DIR", "packages/toolchain-gccarmnoneeabi@1.90201/bin"),
        ("LOCALAPPDATA", "Arduino15/packages/arduino/tools/arm-none-eabi-gcc/9/bin"),
        ("ProgramFiles", "Arm GNU Toolchain arm-none-eabi/13.3 rel1/bin"),
        ("ProgramFiles(x86)", "GNU Arm Embedded Toolchain/10 2021.10/bin"),
    ],
)
def test_it_is_found_where_a_variable_says(variable: str, place: str, tmp_path: Path) -> None:
    folder = install(tmp_path / place)
    assert search_path({variable: str(tmp_path), "PATH": "/absent"}).endswith(str(folder))


def test_the_newest_of_several_is_taken(tmp_path: Path) -> None:
    tools = tmp_path / ".arduino15/packages/arduino/tools/arm-none-eabi-gcc"
    install(tools / "4.8" / "bin")
    newest = install(tools / "7.2" / "bin")
    (tools / "9.9" / "bin").mkdir(parents=True)  # no compiler is in it
    assert search_path({"HOME": str(tmp_path), "PATH": "/absent"}).endswith(str(newest))


def test_one_on_the_search_path_comes_first(tmp_path: Path) -> None:
    install(tmp_path / ".platformio/packages/toolchain-gccarmnoneeabi/bin")
    own = str(install(tmp_path / "own"))
    assert search_path({"HOME": str(tmp_path), "PATH": own}) == own
    assert search_path({"PATH": "/absent"}) == "/absent"
