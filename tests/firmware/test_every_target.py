"""Every target: properties that its row guarantees for the object file and the firmware."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from sensor_bnn.compiler import pipeline
from sensor_bnn.compiler.targets import Target, find_target, list_targets

BARE = [target for target in list_targets() if not target.hosted]
FLOAT_VECTOR = re.compile(r"\bv\w+\.f(?:16|32)\s+[qd]\d", re.IGNORECASE)  # of Helium and of Armv7's NEON
FUSED = re.compile(r"\b(?:vfn?m[as]|fn?m(?:add|sub|l[as]))\S*", re.IGNORECASE)
PRODUCT = re.compile(r"\bv?fmul\b|\bvmul\.f32")


def tool(target: Target, name: str, *arguments: str | Path) -> str:
    """Return the output of a tool of the target's toolchain."""
    program = target.tools + name
    if shutil.which(program) is None:
        pytest.fail(f"{program} is missing: {target.install}")
    command = [program, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture(params=BARE, ids=[target.name for target in BARE])
def target(cross_compiler: None, no_library: None, request: pytest.FixtureRequest) -> Target:
    found: Target = request.param
    return found


def kernels(onnx: Path, target: Target, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Compile for the target; tests/compiler/test_pipeline.py compares this model with its file."""
    monkeypatch.setattr(pipeline, "find_target", lambda name: target)
    checked = hashlib.sha256(onnx.read_bytes()).hexdigest()
    return pipeline.compile_model(onnx, target.name, folder, checked=checked).folder / "kernels.o"


def test_no_instruction_rounds_otherwise_than_the_host(
    target: Target, mlp_onnx: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fused multiply-add rounds once instead of twice; float vectors flush subnormal numbers."""
    code = tool(target, "objdump", "-d", kernels(mlp_onnx(), target, tmp_path / "out", monkeypatch))
    assert FUSED.findall(code) + FLOAT_VECTOR.findall(code) == []
    assert bool(PRODUCT.search(code)) == (target.float_abi != "soft")


@pytest.mark.usefixtures("cross_compiler", "no_library")
@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("cortex-m7", FUSED),
        ("cortex-m55", FLOAT_VECTOR),
        ("cortex-a53", FUSED),
        ("cortex-a72", FUSED),
        ("aarch64-linux", FUSED),
    ],
)
def test_without_the_switches_they_are_there(
    name: str,
    found: re.Pattern[str],
    mlp_onnx: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    careless = find_target(name).as_llvm_has_it()
    code = tool(careless, "objdump", "-d", kernels(mlp_onnx(), careless, tmp_path / "out", monkeypatch))
    assert found.findall(code) != []


def test_nor_does_the_compiler_of_the_firmware_round_otherwise(target: Target, tmp_path: Path) -> None:
    source = tmp_path / "sums.c"
    source.write_text(
        "void sums(float *a, const float *b, const float *c) {\n"
        "    for (int i = 0; i < 64; i++) {\n        a[i] += b[i] * c[i];\n    }\n}\n"
    )
    flags = (*target.gcc, "-O3", "-ffp-contract=off")
    tool(target, "gcc", *flags, "-c", source, "-o", tmp_path / "sums.o")
    code = tool(target, "objdump", "-d", tmp_path / "sums.o")
    assert FUSED.findall(code) + FLOAT_VECTOR.findall(code) == []


def test_the_object_agrees_with_the_compiler_of_the_firmware(
    target: Target, mlp_onnx: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Same profile and calling convention, so that the linker accepts both."""
    source = tmp_path / "half.c"
    source.write_text("float half(float x) { return x * 0.5f; }\n")
    tool(target, "gcc", *target.gcc, "-c", source, "-o", tmp_path / "half.o")
    compiled = kernels(mlp_onnx(), target, tmp_path / "bundle", monkeypatch)
    # The tools for RISC-V are made for 64 bits unless they are told.
    emulation = ("-m", "elf32lriscv") if target.core == "riscv" else ()
    tool(target, "ld", *emulation, "-r", compiled, tmp_path / "half.o", "-o", tmp_path / "both.o")
    ours = tool(target, "readelf", "-hA", compiled)
    theirs = tool(target, "readelf", "-hA", tmp_path / "half.o")
    for tag in ("Machine", "Tag_CPU_arch", "Tag_CPU_arch_profile", "Tag_ABI_VFP_args", "Tag_THUMB_ISA_use"):
        pattern = rf"{tag}: .*"
        assert re.findall(pattern, ours) == re.findall(pattern, theirs), tag
    if target.core == "riscv":
        abi = re.findall(r"Flags: .*RVC, soft-float ABI", ours)
        assert abi and abi == re.findall(r"Flags: .*RVC, soft-float ABI", theirs)
