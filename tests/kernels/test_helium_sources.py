"""The Helium kernels as the cross compiler sees them."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from elftools.elf.elffile import ELFFile

from sensor_bnn.compiler.lookup import kernel_files, kernels_of, scores_map_of
from sensor_bnn.compiler.targets import find_target
from sensor_bnn.compiler.templates import renderer

STRICT = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wstrict-prototypes"]
_OF_FLOATS = re.compile(r"\b(v\w+\.f(?:16|32))\s+q\d")


@pytest.mark.usefixtures("cross_compiler")
@pytest.mark.parametrize("core", ["cortex-m55", "cortex-m85"])
def test_they_compile_without_a_warning_fuse_nothing_and_need_little(core: str, tmp_path: Path) -> None:
    target = find_target(core)
    if shutil.which(target.compiler) is None:
        pytest.fail(f"{target.compiler} is missing: {target.install}")
    files = kernel_files(target, ["helium", "byrow"])
    for file in files:
        (tmp_path / file.name).write_bytes(file.read_bytes())
    sources = [file.name for file in files if file.suffix == ".c"]
    flags = [*target.gcc, *STRICT, "-O2", "-ffp-contract=off"]
    subprocess.run([target.compiler, *flags, "-S", *sources], cwd=tmp_path, check=True)
    code = "".join(file.read_text() for file in sorted(tmp_path.glob("*.s")))
    assert "vqdmlah.s8" in code
    assert re.findall(r"\bvfn?m[as]\S*", code) == []
    # Vectors of floats flush subnormal numbers: only these have them, for numbers without any.
    with_floats = {file.name for file in tmp_path.glob("*.s") if _OF_FLOATS.search(file.read_text())}
    assert with_floats == {"helium_scale.s", "linear_float_byrow.s"}
    assert {*_OF_FLOATS.findall(code)} == {"vadd.f32", "vmul.f32", "vsub.f32"}
    subprocess.run(
        [target.compiler, *flags, "-r", "-nostdlib", "-o", "all.o", *sources], cwd=tmp_path, check=True
    )
    symbols = subprocess.run(
        ["arm-none-eabi-nm", "-u", "all.o"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert set(symbols.stdout.split()) <= {"U", "memcpy", "memset"}
    # Code for size has other registers, which not every form of an instruction takes.
    subprocess.run([target.compiler, *flags, "-Os", "-c", *sources], cwd=tmp_path, check=True)


def test_the_compiler_and_c_agree_on_workspaces(tmp_path: Path) -> None:
    target = find_target("cortex-m55")
    files = kernel_files(target, ["helium", "byrow"])
    sources = [str(file) for file in files if "_workspace_bytes" in file.name]
    library = tmp_path / "sizes.so"
    subprocess.run(["gcc", "-shared", "-fPIC", *STRICT, *sources, "-o", library], check=True)
    sizes = ctypes.CDLL(str(library))
    helium, byrow, _ = kernels_of(target)
    for n, k in ((1, 1), (64, 32), (37, 254), (37, 255), (300, 65534)):
        assert helium.workspace(n, k) == sizes.sbnn_helium_workspace_bytes(n, k)
        assert byrow.workspace(n, k) == sizes.sbnn_byrow_workspace_bytes(n, k)
        found = scores_map_of(target, k, np.zeros((1, k + 1), np.int32))
        assert (found is None) == (k > 254)
        if found is not None:
            assert found.workspace(n, k) == sizes.sbnn_scores_workspace_bytes(n, k)


@pytest.mark.usefixtures("cross_compiler")
def test_constants_are_where_several_vectors_can_be_loaded(tmp_path: Path) -> None:
    """VLDM faults at an address that is no multiple of 4; GCC would align bytes and halfwords less at -Os."""
    types = ("int8_t", "int16_t", "uint16_t", "int8_t")
    definitions = [f"const {kind} part{i}[3] = {{1, 2, 3}};" for i, kind in enumerate(types)]
    source, made = tmp_path / "weights.c", tmp_path / "weights.o"
    source.write_text(
        renderer({"name": "odd"})("weights.c.j2", constants=[{"definition": one} for one in definitions])
    )
    (tmp_path / "weights.h").write_text("#include <stdint.h>\n")
    target = find_target("cortex-m55")
    for more in ((), ('-DSBNN_WEIGHTS_SECTION=".fast"',)):
        subprocess.run([target.compiler, *target.gcc, "-Os", *more, "-c", source, "-o", made], check=True)
        with made.open("rb") as file:
            elf = ELFFile(file)
            table = elf.get_section_by_name(".symtab")
            for i in range(len(types)):
                (symbol,) = table.get_symbol_by_name(f"part{i}")
                assert symbol["st_value"] % 4 == 0
                assert elf.get_section(symbol["st_shndx"])["sh_addralign"] % 4 == 0
