"""A stand-in model built for a board, and boards that run it."""

from __future__ import annotations

import hashlib
import shutil
import struct
import subprocess
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from bundles import layer_facts, write_bundle
from programs_in_c import build_program

from sensor_bnn.compiler.targets import find_target
from sensor_bnn.emulation.emulator import Emulator
from sensor_bnn.firmware.build import BuildResult, build_firmware
from sensor_bnn.hardware.boards import Board, default_board, load_board
from sensor_bnn.resources import resource

from .line import ACK, Line, Machine, start_application
from .standin.facts import LAYERS, STANDIN_HASH
from .windows import write_window

HERE = Path(__file__).parent
WEIGHTS = struct.pack("<4f", 0.5, -1.5, 2.25, 1.0)  # standin/weights.c
WEIGHTS_16 = struct.pack("<3h", 4, -3, 2)  # standin16/weights.c


def run_tool(install: str, *command: str | Path) -> None:
    """Run a compiler; fail with its output, or with the command that installs it."""
    if shutil.which(str(command[0])) is None:
        pytest.fail(f"{command[0]} is missing: {install}")
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def board() -> Board:
    """The board of the detailed tests; test_every_board.py tests all."""
    return default_board()


@pytest.fixture(scope="session")
def standin_for(cross_compiler: None, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """``standin_for(target)``: a bundle whose output can be checked by hand; see standin/model.c."""

    def make(target: str) -> Path:
        folder = tmp_path_factory.mktemp("standin") / "bundle"
        shutil.copytree(HERE / "standin", folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
        # Without fused operations, which round once where the expected values are rounded twice.
        flags = ["-std=c11", "-O2", "-ffp-contract=off", "-Wall", "-Wextra", "-Werror"]
        facts = find_target(target)
        source, object_file = folder / "kernels.c", folder / "kernels.o"
        run_tool(facts.install, facts.compiler, *flags, *facts.gcc, "-c", source, "-o", object_file)
        # A bundle has the kernels only as an object.
        (folder / "kernels.c").unlink()
        window = write_window(folder, "float32", 4, 400, 300)
        write_bundle(
            folder,
            sources=["model.c", "weights.c", window.name],
            model_hash=STANDIN_HASH.hex(),
            target=target,
            input={"dtype": "float32", "shape": [400], "bytes": 1600},
            output={"dtype": "float32", "shape": [300], "bytes": 1200},
            weights_bytes=16,
            weights_sha256=hashlib.sha256(WEIGHTS).hexdigest(),
            weights_crc32=zlib.crc32(WEIGHTS),
            layers=[layer_facts(index, name=f"layer {index}") for index in range(LAYERS)],
        )
        return folder

    return make


@pytest.fixture(scope="session")
def standin16_for(cross_compiler: None, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """``standin16_for(target)``: the same for a model of integers; see standin16/kernels.c."""

    def make(target: str) -> Path:
        folder = tmp_path_factory.mktemp("standin16") / "bundle"
        shutil.copytree(HERE / "standin16", folder)
        facts = find_target(target)
        flags = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", *facts.gcc]
        source, object_file = folder / "kernels.c", folder / "kernels.o"
        run_tool(facts.install, facts.compiler, *flags, "-c", source, "-o", object_file)
        source.unlink()
        window = write_window(folder, "int16", 4, 400, 30, 0.0078125)
        write_bundle(
            folder,
            sources=["model.c", "weights.c", window.name],
            model_hash="16" + 31 * "00",
            target=target,
            arena_bytes=16,
            arena_lower_bound_bytes=16,
            input={"dtype": "int16", "shape": [1, 4, 100], "bytes": 800},
            output={"dtype": "int16", "shape": [1, 30], "bytes": 60},
            input_step=[0.5, 0.25, 0.125, 1.0],
            output_step=0.0078125,
            weights_bytes=6,
            weights_sha256=hashlib.sha256(WEIGHTS_16).hexdigest(),
            weights_crc32=zlib.crc32(WEIGHTS_16),
            layers=[layer_facts(0, name="layer 0")],
        )
        return folder

    return make


@pytest.fixture(scope="session")
def standin(standin_for: Callable[[str], Path], board: Board) -> Path:
    """The stand-in, compiled for the board."""
    return standin_for(board.target)


@pytest.fixture(scope="session")
def built(standin: Path, board: Board, tmp_path_factory: pytest.TempPathFactory) -> BuildResult:
    return build_firmware(standin, board, tmp_path_factory.mktemp("built") / "out")


@pytest.fixture(scope="session")
def built_for(
    standin_for: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], BuildResult]:
    """``built_for(name)``: bootloader and stand-in of a board, built once."""

    @cache
    def build(name: str) -> BuildResult:
        board = load_board(name)
        return build_firmware(standin_for(board.target), board, tmp_path_factory.mktemp("real") / "out")

    return build


@pytest.fixture
def machine(qemu: None, board: Board, built: BuildResult) -> Iterator[Machine]:
    """A new board: with a bootloader and an empty slot."""
    with Emulator(board, built.bootloader_elf) as emulator, Line(emulator.port) as line:
        yield Machine(emulator, line)


@pytest.fixture(scope="module")
def application(qemu: None, board: Board, built: BuildResult) -> Iterator[Line]:
    """A line to the application, for all tests of a module."""
    with Emulator(board, built.bootloader_elf) as emulator, Line(emulator.port) as line:
        assert line.call() == ACK
        start_application(line, board, built)
        yield line


@pytest.fixture(scope="session")
def host_compile(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Compile sources of firmware/ (names) and of the tests (paths) for this machine."""
    folder = tmp_path_factory.mktemp("host")
    firmware = resource("firmware")

    def compile_for_host(name: str, *sources: str | Path, options: tuple[str, ...] = ()) -> Path:
        warnings = ["-std=c11", "-g", "-O1", "-Wall", "-Wextra", "-Werror", "-Wconversion"]
        files = [source if isinstance(source, Path) else firmware / source for source in sources]
        if shutil.which("cc") is None:
            pytest.fail("cc is missing: apt-get install gcc libc6-dev")
        flags = [*warnings, "-fno-sanitize-recover=all", *options, "-I", firmware]
        assert build_program(folder / name, "cc", flags, files) == ""
        return folder / name

    return compile_for_host
