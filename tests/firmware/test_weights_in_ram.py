"""`build --weights ram`: a copy that start-up makes, in the first memory that has room for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from elftools.elf.elffile import ELFFile

from sensor_bnn.cli import root
from sensor_bnn.compiler.metadata import read_metadata
from sensor_bnn.compiler.pipeline import compile_model
from sensor_bnn.compiler.targets import find_target
from sensor_bnn.data.samples import Samples
from sensor_bnn.emulation.emulator import Emulator
from sensor_bnn.errors import BoardError
from sensor_bnn.firmware.build import build_firmware
from sensor_bnn.firmware.fit import RESERVED_BYTES
from sensor_bnn.flashing.flash import flash_image
from sensor_bnn.flashing.image import read_image
from sensor_bnn.hardware.boards import Board, Region, default_board, is_program, list_boards, load_board
from sensor_bnn.measure.bench import run_bench
from sensor_bnn.nn.folded import FoldedModel
from sensor_bnn.onnx.export import save_onnx, to_onnx

ONE_OF_EACH_CORE = [
    default_board(),
    next(
        board
        for board in list_boards()
        if board.emulator is not None and find_target(board.target).core == "aarch64"
    ),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("model")


@pytest.fixture
def bundle_for(
    cross_compiler: None,
    qemu: None,
    no_library: None,
    folder: Path,
    shape_of: Callable[..., object],
    random_folded: Callable[..., FoldedModel],
) -> Callable[[str], Path]:
    """``bundle_for(target)``: a random model, compiled once."""

    def make(target: str) -> Path:
        if not (folder / "model.onnx").exists():
            save_onnx(to_onnx(random_folded(shape_of(tokens=9, heads=2, layers=1))), folder / "model.onnx")
        if not (folder / target).exists():
            compile_model(folder / "model.onnx", target, folder / target)
        return folder / target

    return make


def weights_lie_in(elf: Path) -> tuple[int, int]:
    """Return the first and the last address of the constants."""
    with elf.open("rb") as stream:
        symbols = ELFFile(stream).get_section_by_name(".symtab").iter_symbols()
        found = [
            (int(symbol["st_value"]), int(symbol["st_value"]) + int(symbol["st_size"]))
            for symbol in symbols
            if "_weights_" in symbol.name and symbol["st_info"]["type"] == "STT_OBJECT"
        ]
    return min(start for start, _ in found), max(end for _, end in found)


def within(region: Region, addresses: tuple[int, int]) -> bool:
    return region.origin <= addresses[0] and addresses[1] <= region.end


@pytest.mark.parametrize("board", ONE_OF_EACH_CORE, ids=[board.name for board in ONE_OF_EACH_CORE])
def test_a_model_with_its_weights_in_ram_is_bit_exact(
    board: Board,
    bundle_for: Callable[[str], Path],
    conforms: Callable[[str, object], None],
    tmp_path: Path,
) -> None:
    bundle, host, output = bundle_for(board.target), bundle_for("host"), tmp_path / "built"
    arguments = ["build", str(bundle), "--board", board.name, "-o", str(output), "--json"]
    done = CliRunner().invoke(root, [*arguments, "--weights", "ram"])
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    conforms("build", report)
    ram = report["ram"]
    assert report["weights_in"] == "ram"
    assert report["weights_bytes"] <= ram["weights"] < report["weights_bytes"] + 64  # gaps
    assert within(board.ram, weights_lie_in(output / "firmware.elf"))
    x = np.random.default_rng(7).normal(size=(3, *_shape(bundle)[1:])).astype(np.float32)
    with Emulator(board, output / "bootloader.elf") as emulator:
        flash_image(emulator.port, read_image(output), board, debugger=emulator.debugger)
        samples = Samples(x, np.zeros(3, np.int64), read_metadata(bundle).classes or ())
        result = run_bench(emulator.port, board, bundle, samples, host_dir=host)
    assert result.bit_exact is True
    assert result.static_ram_bytes >= ram["weights"] + ram["data_bss"]


def test_the_copy_goes_to_the_first_ram_that_has_room(
    bundle_for: Callable[[str], Path], tmp_path: Path
) -> None:
    """The arena is placed first, because it is accessed more often; the error says how much is missing."""
    board = default_board()
    bundle = bundle_for(board.target)
    in_flash = build_firmware(bundle, board, tmp_path / "flash")
    assert in_flash.report["weights_in"] == "flash" and in_flash.report["ram"]["weights"] == 0
    assert within(board.flash, weights_lie_in(in_flash.firmware_elf))
    needed = in_flash.report["ram"]["total"] + RESERVED_BYTES
    large = Region(board.ram.origin + 0x100000, 0x10000)
    beside = replace(board, ram=replace(board.ram, size=needed + 256), large=large)
    built = build_firmware(bundle, beside, tmp_path / "beside", weights="ram")
    assert within(large, weights_lie_in(built.firmware_elf))
    alone = replace(beside, large=None)
    missing = r"do not fit into the RAM of board .*: at least [\d,]+ bytes are missing"
    with pytest.raises(BoardError, match=missing):
        build_firmware(bundle, alone, tmp_path / "alone", weights="ram")
    weights = int(in_flash.report["weights_bytes"])
    barely = replace(alone, ram=replace(board.ram, size=needed + weights - 64))
    with pytest.raises(BoardError, match=r"[\d,]+ bytes are missing"):
        build_firmware(bundle, barely, tmp_path / "alone", weights="ram")
    assert not (tmp_path / "alone").exists()


def test_a_real_board_has_them_in_its_fastest_ram(bundle_for: Callable[[str], Path], tmp_path: Path) -> None:
    boards = [board for board in list_boards() if board.emulator is None and board.large is not None]
    assert boards
    for board in boards:
        built = build_firmware(bundle_for(board.target), board, tmp_path / board.name, weights="ram")
        assert within(board.ram, weights_lie_in(built.firmware_elf)), board.name


def test_a_program_of_linux_has_them_in_ram_already(
    bundle_for: Callable[[str], Path], tmp_path: Path
) -> None:
    board = load_board(next(board.name for board in list_boards() if is_program(board)))
    with pytest.raises(BoardError, match="Leave `--weights ram` out"):
        build_firmware(bundle_for(board.target), board, tmp_path / "out", weights="ram")


def _shape(bundle: Path) -> list[int]:
    shape: list[int] = json.loads((bundle / "metadata.json").read_text())["input"]["shape"]
    return shape
