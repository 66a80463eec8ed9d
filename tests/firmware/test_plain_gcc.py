"""A firmware that one call of GCC builds from a bundle with changed weights, without Python and CMake."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from sensor_bnn.cli import root
from sensor_bnn.compiler.targets import find_target
from sensor_bnn.emulation.emulator import Emulator
from sensor_bnn.errors import DeviceError
from sensor_bnn.firmware.image import ImageHeader
from sensor_bnn.firmware.link import CORES, link_firmware
from sensor_bnn.hardware.boards import load_board
from sensor_bnn.resources import resource

BOARD = load_board("aarch64-linux")
HASH = bytes([0x16, *bytes(31)])  # of standin16/model.c


@pytest.fixture(scope="module")
def bundle(standin16_for: Callable[[str], Path]) -> Path:
    return standin16_for(BOARD.target)


def by_gcc(bundle: Path, generated: Path, program: Path) -> Path:
    """Build the firmware as a user's own build does; only board.h and the linker script come from ours."""
    target, firmware = find_target(BOARD.target), resource("firmware")
    files = [f"app/{name}.c" for name in ("benchmark", "main", "agent", "confirm", "eembc", "header")]
    files += [f"runtime/{name}.c" for name in ("frame", "crc32", "journal")]
    files += [f"hal/{name}" for name in ("memory.c", "uart.c", *CORES[target.core])]
    files += [f"hal/{BOARD.uart.driver}_uart.c", f"hal/{BOARD.counter.driver}_counter.c"]
    files += [f"hal/{BOARD.flash.driver}_flash.c", "hal/none_watchdog.c"]
    subprocess.run(
        [
            *(target.compiler, *target.gcc, "-std=c11", "-O2", "-ffp-contract=off", "-fno-common"),
            *("-ffunction-sections", "-fdata-sections", "-fno-asynchronous-unwind-tables"),
            *("-nostartfiles", "-static", "-nolibc", "-Wl,--gc-sections", "-Wl,--build-id=none"),
            *(f"-I{folder}" for folder in (firmware, generated, bundle)),
            *(firmware / file for file in files),
            *(bundle / file for file in ("model.c", "weights.c", "kernels.o")),
            *("-lm", f"-T{generated / 'firmware.ld'}", "-o", program),
        ],
        check=True,
    )
    # The header of the image (docs/protocol.md): a board without it says no version.
    header = ImageHeader.of(b"", HASH, BOARD.name, version("sensor-bnn"), BOARD.slot.origin)
    part = program.with_suffix(".header")
    part.write_bytes(header.to_bytes())
    subprocess.run([f"{target.tools}objcopy", "--update-section", f".header={part}", program], check=True)
    return program


@pytest.mark.usefixtures("cross_compiler", "qemu")
def test_a_flipped_bit_of_the_weights_is_refused_by_bench(bundle: Path, tmp_path: Path) -> None:
    work, samples = tmp_path / "work", tmp_path / "samples.npz"
    link_firmware(BOARD, work, tmp_path / "log", bundle, ("model.c", "weights.c"))
    x = np.random.default_rng(14).normal(size=(2, 4, 100)).astype(np.float32)
    np.savez(samples, x=x, y=np.zeros(2, np.int64), classes=np.array([str(i) for i in range(30)]))

    def bench(program: Path) -> BaseException | None:
        with Emulator(BOARD, program) as emulator:
            given = ["--samples", samples, "--port", emulator.port, "--board", BOARD.name]
            arguments = ["bench", str(bundle), *map(str, given)]
            return CliRunner().invoke(root, arguments, standalone_mode=False).exception

    assert bench(by_gcc(bundle, work / "generated", tmp_path / "whole.elf")) is None

    changed = tmp_path / "changed"
    shutil.copytree(bundle, changed)
    text = (changed / "weights.c").read_text()
    flipped = text.replace("{4, -3, 2}", "{5, -3, 2}")  # the lowest bit of the character
    assert flipped != text
    (changed / "weights.c").write_text(flipped)
    refused = bench(by_gcc(changed, work / "generated", tmp_path / "changed.elf"))
    assert isinstance(refused, DeviceError)
    assert "was linked with other weights than the bundle" in refused.message
