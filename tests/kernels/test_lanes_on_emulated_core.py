"""Layers of images in assembly, on emulated cores, compared with the operators' references.

``stream_driver.c`` runs there with newlib, which reads and writes files by semihosting.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from test_stream_on_host import FUNCTIONS, IMAGE_STEM, IN_PLACE, NULL, STRICT, check, check_context

from sensor_bnn.compiler.kernels.grid import Grid
from sensor_bnn.compiler.kernels.stream_layer import StreamLayer
from sensor_bnn.compiler.lookup import kernel_files
from sensor_bnn.compiler.stream_kernels import FAMILIES, LANES, LANES_BITS
from sensor_bnn.compiler.stream_stem import ARMV7EM, ARMV7M
from sensor_bnn.compiler.targets import find_target

MACHINES = {"cortex-m3": "mps2-an385", "cortex-m7": "mps2-an500"}
SEMIHOSTED = Path(__file__).parents[1] / "compiler"

IMAGE, STRIDED, TOKENS = (
    Grid(5, 16, 3, 3, 1, 1, 1, 1),
    Grid(16, 16, 3, 3, 2, 2, 1, 1),
    Grid(1, 57, 1, 1, 1, 1, 1, 1),
)
LAYERS = (
    StreamLayer(IMAGE, 2, 576, 64, 64, 64, 1, 0, 8, packed=False, in_place=False),
    StreamLayer(STRIDED, 1, 288, 64, 64, 32, 1, 0, 6, packed=False, in_place=False),
    StreamLayer(STRIDED, 1, 288, 128, 128, 0, 1, 0, 6, packed=False, in_place=False),
    StreamLayer(TOKENS, 2, 64, 32, 32, 0, 1, 0, 4, packed=False, in_place=False),
    StreamLayer(TOKENS, 2, 64, 64, 64, 64, 1, 0, 5, packed=True, in_place=False),
    StreamLayer(IMAGE, 1, 288, 32, 32, 0, 1, 0, 8, packed=True, in_place=False),
)
STEM = StreamLayer(Grid(8, 9, 4, 4, 2, 2, 1, 1), 3, 0, 8, 8, 0, 1, 4, 12, packed=False, in_place=False)


class Core:
    """Runs the kernels on an emulated core, each call from a reset on."""

    def __init__(self, name: str, folder: Path) -> None:
        self.machine, self.folder = MACHINES[name], folder
        target = find_target(name)
        self.stem = {"armv7m": ARMV7M, "armv7em": ARMV7EM}[target.isa[-1]]
        for file in kernel_files(target, FAMILIES):
            (folder / file.name).write_bytes(file.read_bytes())
        sources = [
            *folder.glob("*.c"),
            Path(__file__).with_name("stream_driver.c"),
            SEMIHOSTED / "semihosted.c",
        ]
        link = ["-T", SEMIHOSTED / "semihosted.ld", "--specs=rdimon.specs", "-Wl,--no-warn-rwx-segments"]
        flags = [*target.gcc, *STRICT, "-O2", f"-I{folder}", *link]
        subprocess.run([target.compiler, *flags, "-o", folder / "driver.elf", *sources], check=True)

    def run(self, function: str, numbers: list[int], reads: list, workspace: int, output: int) -> bytes:
        sizes = [NULL if array is None else array.nbytes for array in reads]
        head = np.array([FUNCTIONS.index(function), *numbers, *sizes, workspace, output], np.int32)
        contents = (b"" if array is None else array.tobytes() for array in reads)
        (self.folder / "in").write_bytes(b"".join((head.tobytes(), *contents)))
        command = ["qemu-system-arm", "-machine", self.machine, "-display", "none", "-monitor", "none"]
        command += ["-serial", "none", "-semihosting-config", "enable=on,target=native"]
        subprocess.run([*command, "-kernel", "driver.elf"], cwd=self.folder, check=True, timeout=300)
        found = (self.folder / "out").read_bytes()
        assert len(found) == (sizes[-1] if output == IN_PLACE else output)
        return found


@pytest.fixture(scope="module", params=MACHINES)
def core(
    request: pytest.FixtureRequest, cross_compiler: None, qemu: None, tmp_path_factory: pytest.TempPathFactory
) -> Core:
    return Core(request.param, tmp_path_factory.mktemp("core"))


@pytest.mark.parametrize("shape", LAYERS)
def test_channels_as_lanes(core: Core, shape: StreamLayer) -> None:
    for seed, spread in ((1, 3000), (2, 30000)):
        found = check(core, shape, seed, 0.5, spread, lanes=True)
        assert found == (LANES_BITS if shape.packed else LANES)


def test_stem(core: Core) -> None:
    """The Cortex-M3 has no instruction for two products, and reads weights in another order."""
    assert check(core, STEM, 3, 0.5, 3000, lanes=True, stem=core.stem) == IMAGE_STEM


def test_context(core: Core) -> None:
    check_context(core, 2, 9, 2, 4, 0.3, 20)
