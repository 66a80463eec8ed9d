"""Every target: what its row promises of the object file and of the firmware around it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sensor_bnn.compiler import pipeline
from sensor_bnn.compiler.targets import Target, find_target, list_targets
from sensor_bnn.firmware.build import COMPILER, INSTALL

BARE = [target for target in list_targets() if not target.hosted]
FLOAT_VECTOR = re.compile(r"\bv\w+\.f(?:16|32)\s+q\d", re.IGNORECASE)
FUSED = re.compile(r"\bvfn?m[as]\S*", re.IGNORECASE)


def tool(name: str, *arguments: str | Path) -> str:
    if shutil.which(name) is None:
        pytest.fail(f"{name} is missing: {INSTALL}")
    command = [name, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture(params=BARE, ids=[target.name for target in BARE])
def target(request: pytest.FixtureRequest) -> Target:
    found: Target = request.param
    return found


def kernels(onnx: Path, target: Target, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(pipeline, "find_target", lambda name: target)
    return pipeline.compile_model(onnx, target.name, folder).folder / "kernels.o"


def test_no_instruction_rounds_otherwise_than_the_host(
    target: Target, mlp_onnx: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fused product and sum rounds once, not twice; a vector of floats has no denormal numbers."""
    code = tool("arm-none-eabi-objdump", "-d", kernels(mlp_onnx(), target, tmp_path / "out", monkeypatch))
    assert FUSED.findall(code) + FLOAT_VECTOR.findall(code) == []
    assert bool(re.search(r"\bvmul\.f32", code)) == (target.float_abi == "hard")


@pytest.mark.parametrize(("name", "found"), [("cortex-m7", FUSED), ("cortex-m55", FLOAT_VECTOR)])
def test_without_the_switches_they_are_there(
    name: str,
    found: re.Pattern[str],
    mlp_onnx: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    careless = replace(find_target(name), features=())
    code = tool("arm-none-eabi-objdump", "-d", kernels(mlp_onnx(), careless, tmp_path / "out", monkeypatch))
    assert found.findall(code) != []


def test_nor_does_the_compiler_of_the_firmware_round_otherwise(target: Target, tmp_path: Path) -> None:
    source = tmp_path / "sums.c"
    source.write_text(
        "void sums(float *a, const float *b, const float *c) {\n"
        "    for (int i = 0; i < 64; i++) {\n        a[i] += b[i] * c[i];\n    }\n}\n"
    )
    flags = (*target.gcc, "-O3", "-ffp-contract=off")
    tool(COMPILER, *flags, "-c", source, "-o", tmp_path / "sums.o")
    code = tool("arm-none-eabi-objdump", "-d", tmp_path / "sums.o")
    assert FUSED.findall(code) + FLOAT_VECTOR.findall(code) == []


def test_the_object_agrees_with_the_compiler_of_the_firmware(
    target: Target, mlp_onnx: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Same profile and calling convention; the linker then takes both."""
    source = tmp_path / "half.c"
    source.write_text("float half(float x) { return x * 0.5f; }\n")
    tool(COMPILER, *target.gcc, "-c", source, "-o", tmp_path / "half.o")
    ours = tool("arm-none-eabi-readelf", "-A", kernels(mlp_onnx(), target, tmp_path / "bundle", monkeypatch))
    theirs = tool("arm-none-eabi-readelf", "-A", tmp_path / "half.o")
    for tag in ("Tag_CPU_arch", "Tag_CPU_arch_profile", "Tag_ABI_VFP_args", "Tag_THUMB_ISA_use"):
        pattern = rf"{tag}: .*"
        assert re.findall(pattern, ours) == re.findall(pattern, theirs), tag
