"""The Helium kernels as the cross compiler sees them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from sensor_bnn.compiler.lookup import kernel_files
from sensor_bnn.compiler.targets import find_target
from sensor_bnn.firmware.build import COMPILER, INSTALL

STRICT = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wstrict-prototypes"]


@pytest.mark.parametrize("core", ["cortex-m55", "cortex-m85"])
def test_they_compile_without_a_warning_fuse_nothing_and_need_no_library(core: str, tmp_path: Path) -> None:
    if shutil.which(COMPILER) is None:
        pytest.fail(f"{COMPILER} is missing: {INSTALL}")
    target = find_target(core)
    files = kernel_files(target, ["helium"])
    for file in files:
        (tmp_path / file.name).write_bytes(file.read_bytes())
    sources = [file.name for file in files if file.suffix == ".c"]
    flags = [*target.gcc, *STRICT, "-O2", "-ffp-contract=off"]
    subprocess.run([COMPILER, *flags, "-S", *sources], cwd=tmp_path, check=True)
    code = "".join(file.read_text() for file in sorted(tmp_path.glob("*.s")))
    assert "vqdmlah.s8" in code
    assert re.findall(r"\bvfn?m[as]\S*|\bv\w+\.f(?:16|32)\s+q\d", code) == []
    subprocess.run([COMPILER, *flags, "-r", "-nostdlib", "-o", "all.o", *sources], cwd=tmp_path, check=True)
    symbols = subprocess.run(
        ["arm-none-eabi-nm", "-u", "all.o"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert symbols.stdout == ""
