"""A firmware that one call of GCC builds from a changed bundle, without Python and CMake."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from elftools.elf.elffile import ELFFile

from sensor_bnn.cli import root
from sensor_bnn.compiler.linked_code import linked_code
from sensor_bnn.compiler.metadata import Metadata, read_metadata
from sensor_bnn.compiler.pipeline import compile_model
from sensor_bnn.compiler.targets import find_target
from sensor_bnn.emulation.emulator import Emulator
from sensor_bnn.errors import BundleError, DeviceError
from sensor_bnn.firmware.application import make_application
from sensor_bnn.firmware.image import ImageHeader
from sensor_bnn.firmware.link import CORES, link_firmware
from sensor_bnn.hardware.boards import load_board
from sensor_bnn.nn.folded import FoldedModel
from sensor_bnn.onnx.export import save_onnx, to_onnx
from sensor_bnn.resources import resource

BOARD = load_board("aarch64-linux")


@pytest.fixture(scope="module")
def bundle(standin16_for: Callable[[str], Path]) -> Path:
    return standin16_for(BOARD.target)


def by_gcc(bundle: Path, metadata: Metadata, generated: Path, program: Path) -> Path:
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
            "-DSBNN_CARRY_SOURCES",
            *(f"-I{folder}" for folder in (firmware, generated, bundle)),
            *(firmware / file for file in files),
            *(bundle / file for file in (*metadata.sources, "kernels.o")),
            *("-lm", f"-T{generated / 'firmware.ld'}", "-o", program),
        ],
        check=True,
    )
    # The header of the image (docs/protocol.md): a board without it says no version.
    model_hash = bytes.fromhex(metadata.model_hash)
    header = ImageHeader.of(b"", model_hash, BOARD.name, version("sensor-bnn"), BOARD.slot.origin)
    part = program.with_suffix(".header")
    part.write_bytes(header.to_bytes())
    subprocess.run([f"{target.tools}objcopy", "--update-section", f".header={part}", program], check=True)
    return program


def bench(bundle: Path, program: Path, samples: Path) -> BaseException | None:
    """Return what ``bench`` says to the bundle on a board that runs the program."""
    with Emulator(BOARD, program) as emulator:
        given = ["--samples", samples, "--port", emulator.port, "--board", BOARD.name]
        arguments = ["bench", str(bundle), *map(str, given)]
        return CliRunner().invoke(root, arguments, standalone_mode=False).exception


@pytest.mark.usefixtures("cross_compiler", "qemu")
def test_a_flipped_bit_of_the_weights_is_refused_by_bench(bundle: Path, tmp_path: Path) -> None:
    work, samples, metadata = tmp_path / "work", tmp_path / "samples.npz", read_metadata(bundle)
    link_firmware(BOARD, work, tmp_path / "log", bundle, metadata.sources)
    x = np.random.default_rng(14).normal(size=(2, 4, 100)).astype(np.float32)
    np.savez(samples, x=x, y=np.zeros(2, np.int64), classes=np.array([str(i) for i in range(30)]))
    assert (
        bench(bundle, by_gcc(bundle, metadata, work / "generated", tmp_path / "whole.elf"), samples) is None
    )

    changed = tmp_path / "changed"
    shutil.copytree(bundle, changed)
    text = (changed / "weights.c").read_text()
    flipped = text.replace("{4, -3, 2}", "{5, -3, 2}")  # the lowest bit of the character
    assert flipped != text
    (changed / "weights.c").write_text(flipped)
    refused = bench(bundle, by_gcc(changed, metadata, work / "generated", tmp_path / "changed.elf"), samples)
    assert isinstance(refused, DeviceError)
    assert "was linked with other weights than the bundle" in refused.message


@dataclass(frozen=True)
class Small:
    """The bundle of a small model with kernels in TIR and in C, the firmware's generated files, an input."""

    bundle: Path
    metadata: Metadata
    generated: Path
    elf: bytes
    samples: Path


@pytest.fixture(scope="module")
def small(
    cross_compiler: None,
    qemu: None,
    long_compile: None,
    random_folded: Callable[..., FoldedModel],
    shape_of: Callable[..., object],
    tmp_path_factory: pytest.TempPathFactory,
) -> Small:
    folder = tmp_path_factory.mktemp("small")
    folded = random_folded(shape_of(tokens=4, width=32, hidden=32, layers=1))
    save_onnx(to_onnx(folded), folder / "model.onnx")
    made = compile_model(folder / "model.onnx", BOARD.target, folder / "bundle")
    bundle, metadata = made.folder, made.metadata
    images = link_firmware(BOARD, folder / "work", folder / "log", bundle, metadata.sources)
    x = np.random.default_rng(14).normal(size=(1, *metadata.input.shape[1:])).astype(np.float32)
    samples = folder / "samples.npz"
    np.savez(samples, x=x, y=np.zeros(1, np.int64), classes=np.array(metadata.classes))
    small = Small(bundle, metadata, folder / "work" / "generated", images["firmware"], samples)
    whole = by_gcc(bundle, metadata, small.generated, folder / "whole.elf")
    assert bench(bundle, whole, samples) is None
    return small


def refusal(small: Small, changed: Path) -> str:
    """Return what ``bench`` says to a firmware of a changed bundle that GCC alone built."""
    program = by_gcc(changed, small.metadata, small.generated, changed.with_suffix(".elf"))
    refused = bench(small.bundle, program, small.samples)
    assert isinstance(refused, DeviceError)
    assert "`cmake -P BUNDLE/cmake/verify.cmake` checks the bundle's files" in refused.remedy
    return refused.message


def test_a_flipped_bit_of_a_c_file_is_refused_by_bench(small: Small, tmp_path: Path) -> None:
    """In a kernel, and in a header that every other file includes."""
    changed = tmp_path / "changed"
    shutil.copytree(small.bundle, changed)
    for name, number in (
        ("kernels/linear_packed_neon.c", r"j < (\d)u; j\+\+"),
        (f"{small.metadata.prefix}.h", r"_WEIGHTS_BYTES (\d)"),
    ):
        file = changed / name
        whole = file.read_text()
        found = re.search(number, whole)
        assert found is not None
        at = found.start(1)
        file.write_text(whole[:at] + chr(ord(whole[at]) ^ 1) + whole[at + 1 :])
        told = refusal(small, changed)
        assert "was built from other C files than the bundle's: the linker was given" in told
        file.write_text(whole)


def test_a_flipped_bit_of_the_kernels_is_refused_by_bench(small: Small, tmp_path: Path) -> None:
    bundle, metadata = small.bundle, small.metadata
    kernels = bundle / "kernels.o"
    code = linked_code(kernels.read_bytes())
    assert code is not None and code.size == metadata.kernels_bytes > 1000
    with kernels.open("rb") as stream:
        start = ELFFile(stream).get_section_by_name(".text")["sh_offset"]
    content = bytearray(kernels.read_bytes())
    middle = content[start + code.size // 2 :][:32]
    content[start + code.size // 2] ^= 1
    changed = tmp_path / "changed"
    shutil.copytree(bundle, changed)
    (changed / "kernels.o").write_bytes(content)
    assert "was linked with other kernels than the bundle" in refusal(small, changed)

    # Nor does `build` take what a linker makes of it.
    elf, part = small.elf, bytes(middle)
    assert elf.count(part) == 1
    wrong = elf.replace(part, bytes([part[0] ^ 1]) + part[1:])
    make_application(elf, BOARD.slot, metadata, kernels.read_bytes(), BOARD, None)
    with pytest.raises(BundleError, match="other kernels"):
        make_application(wrong, BOARD.slot, metadata, kernels.read_bytes(), BOARD, None)
