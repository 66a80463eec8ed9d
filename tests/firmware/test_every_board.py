"""Every emulated board from build to answer: trained models, and a stand-in with known instruction counts."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from sensor_bnn.compiler.metadata import read_metadata
from sensor_bnn.compiler.pipeline import compile_model
from sensor_bnn.data.samples import Samples, read_samples
from sensor_bnn.emulation.emulator import Emulator
from sensor_bnn.firmware.build import BuildResult, build_bootloader, build_firmware
from sensor_bnn.flashing.flash import flash_image
from sensor_bnn.flashing.image import read_image
from sensor_bnn.hardware.boards import Board, has_bootloader, list_boards, load_board
from sensor_bnn.measure.bench import BenchResult, detect_board, run_bench
from sensor_bnn.nn.checkpoint import load_checkpoint
from sensor_bnn.nn.folded import FoldedModel
from sensor_bnn.onnx.export import save_onnx, to_onnx
from sensor_bnn.workflows import checkup
from sensor_bnn.workflows.demo import SHIPPED

from .line import ACK, Line, request
from .standin.facts import OUTPUT_BYTES

EMULATED = [board for board in list_boards() if board.emulator is not None]
RESIDENT = [board for board in EMULATED if has_bootloader(board)]
"""The boards with a bootloader; test_program.py tests the others."""
OF_FLOATS = [
    load_board(name)
    for name in (
        *("qemu-microbit", "qemu-mps2-an385", "qemu-mps2-an500", "qemu-mps3-an547", "qemu-raspi3b"),
        "qemu-virt-rv32",
    )
]
"""One for each way of computing with floats."""
ROWS = {
    cells[0].strip("`"): tuple(int(cell.replace(",", "").split()[0]) for cell in cells[2:5])
    for cells in (
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in (Path(__file__).parents[2] / "docs" / "zoo.md").read_text(encoding="utf-8").splitlines()
        if line.startswith(tuple(f"| `{board.name}` |" for board in EMULATED))
    )
}
"""Instructions per inference, bytes of flash and of the arena of each board in the model zoo's page."""
HELLO, WRITE_INPUT, INFER, PROFILE, READ_PROFILE, READ_OUTPUT, MEMORY, BOOTLOADER = range(1, 9)


@dataclass(frozen=True)
class Started:
    """A board that runs the stand-in, and a line to it."""

    board: Board
    built: BuildResult
    line: Line

    def stage(self, rounds: int = 0, stack: int = 0) -> None:
        assert self.line.ok(WRITE_INPUT, struct.pack("<Iff", 0, rounds, stack)) == b""

    def spin(self, rounds: int) -> int:
        """Return the ticks of the layer that spins."""
        self.stage(rounds)
        self.line.ok(PROFILE)
        return int(struct.unpack("<IIQ", self.line.ok(READ_PROFILE, struct.pack("<I", 0))[:16])[2])


@pytest.fixture(scope="module", params=EMULATED, ids=[board.name for board in EMULATED])
def board(request: pytest.FixtureRequest) -> Board:
    found: Board = request.param
    return found


@pytest.fixture(scope="module")
def started(
    cross_compiler: None,
    qemu: None,
    board: Board,
    standin_for: Callable[[str], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Started]:
    built = build_firmware(standin_for(board.target), board, tmp_path_factory.mktemp("built") / "out")
    with Emulator(board, built.bootloader_elf) as emulator:
        flash_image(emulator.port, read_image(built.folder), board, debugger=emulator.debugger)
        with Line(emulator.port) as line:
            yield Started(board, built, line)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the shipped model as ``model.onnx``, and ``host``, its bundle for this machine."""
    folder = tmp_path_factory.mktemp("trained")
    save_onnx(to_onnx(load_checkpoint(SHIPPED / "ckpt.pt").model.fold()), folder / "model.onnx")
    compile_model(folder / "model.onnx", "host", folder / "host")
    return folder


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("model")


@pytest.fixture
def model(shared: Path, shape_of: Callable[..., object], random_folded: Callable[..., FoldedModel]) -> Path:
    """Such a folder of a random model of the family vit."""
    if not (shared / "host").exists():
        save_onnx(to_onnx(random_folded(shape_of(tokens=9, heads=2, layers=1))), shared / "model.onnx")
        compile_model(shared / "model.onnx", "host", shared / "host")
    return shared


@pytest.fixture(scope="session")
def counts() -> dict[str, int]:
    """Instructions of the model per target."""
    return {}


def measured(board: Board, model: Path, samples: Samples, folder: Path) -> BenchResult:
    """Run samples on the board twice: bit-exact, and the same counts."""
    checked = read_metadata(model / "host").model_hash
    bundle = compile_model(model / "model.onnx", board.target, folder / "bundle", checked=checked)
    built = build_firmware(bundle.folder, board, folder / "built")
    with Emulator(board, built.bootloader_elf) as emulator:
        flash = flash_image(emulator.port, read_image(built.folder), board, debugger=emulator.debugger)
        assert flash.board == board.name  # On a busy machine, a request may have been sent twice.
        assert detect_board(emulator.port) == board
        result, again = (
            run_bench(
                emulator.port, board, bundle.folder, samples, host_dir=model / "host", build_dir=built.folder
            )
            for _ in range(2)
        )
    assert result.bit_exact is True
    assert result.repeat_exact is True
    assert result.top1_device == result.top1_host
    assert (again.ticks, again.layers, again.overhead) == (result.ticks, result.layers, result.overhead)
    return result


@pytest.mark.usefixtures("cross_compiler", "qemu")
def test_the_shipped_model_is_bit_exact_and_costs_what_the_zoo_says(
    board: Board, trained: Path, tmp_path: Path, counts: dict[str, int]
) -> None:
    samples = read_samples(SHIPPED / "samples.npz", 16)
    result = measured(board, trained, samples, tmp_path)
    assert result.instructions is not None
    # The same code has the same count on another board with another timer, except for the timer's resolution.
    assert counts.setdefault(board.target, result.instructions) == pytest.approx(result.instructions, abs=2)
    if board.name in ROWS:  # Another GCC generates other code.
        found = (result.instructions, result.flash_bytes, result.arena_bytes)
        assert ROWS[board.name] == pytest.approx(found, rel=0.02)


def test_the_zoo_has_a_board_of_every_core() -> None:
    assert {load_board(name).target for name in ROWS} == {board.target for board in EMULATED}
    assert len(ROWS) >= 10


@pytest.mark.usefixtures("cross_compiler", "qemu", "no_library")
@pytest.mark.parametrize("board", OF_FLOATS, ids=[board.name for board in OF_FLOATS], indirect=True)
def test_a_model_of_floats_is_bit_exact(board: Board, model: Path, tmp_path: Path) -> None:
    """Inputs of any size and sign: sums are rounded, so that another order or rounding is noticed."""
    rng = np.random.default_rng(5)
    metadata = read_metadata(model / "host")
    shape = (3, *metadata.input.shape[1:])
    x = (rng.normal(size=shape) * 10.0 ** rng.integers(-3, 4, shape)).astype(np.float32)
    result = measured(board, model, Samples(x, np.zeros(3, np.int64), metadata.classes or ()), tmp_path)
    assert result.instructions is not None and result.instructions > 10_000


@pytest.mark.usefixtures("cross_compiler", "qemu")
@pytest.mark.parametrize("board", RESIDENT, ids=[board.name for board in RESIDENT], indirect=True)
def test_doctor_checks_it_up_to_the_counter(
    board: Board, standin_for: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the stand-in; tests/cli/test_doctor_board.py has the shipped model, and each board's watchdog."""
    bundle = standin_for(board.target)
    made = SimpleNamespace(bundle=bundle, host=tmp_path)
    monkeypatch.setattr(checkup, "prepare_model", lambda *given: made)
    monkeypatch.setattr(checkup, "CLOCK_SECONDS", 0.1)
    monkeypatch.setattr(checkup, "RATES", ())
    with Emulator(board, build_bootloader(board, tmp_path / "bootloader")) as emulator:
        steps = checkup.check_board(emulator.port, board, tmp_path, debugger=emulator.debugger)
        found = {step.name: step for step in takewhile(lambda step: step.name != "model", steps)}
    outcomes = {name: step.outcome for name, step in found.items()}
    right = ("port", "bootloader", "flash", "banner", "clock", "rates", "counter")
    assert outcomes == dict.fromkeys(right, "ok") | {"protection": "not checked"}, found
    assert found["bootloader"].found["chip_id"] == board.bootloader.chip_id
    assert found["banner"].found["board"] == board.name
    assert min(found["counter"].found["ticks"]) > 0


def test_an_inference_is_right(started: Started) -> None:
    x = np.random.default_rng(3).normal(size=400).astype(np.float32)
    x[:2] = (5, 0)
    for offset in (0, 800):
        data = x.tobytes()[offset : offset + 800]
        assert started.line.ok(WRITE_INPUT, struct.pack("<I", offset) + data) == b""
    started.line.ok(INFER)
    y = started.line.ok(READ_OUTPUT, struct.pack("<II", 0, 1024))
    y += started.line.ok(READ_OUTPUT, struct.pack("<II", 1024, OUTPUT_BYTES - 1024))
    w = np.array([0.5, -1.5, 2.25, 1.0], np.float32)
    assert y == (((w[0] * x[:300] + w[1] * x[1:301]) + w[2] * x[2:302]) + w[3]).tobytes()


def test_instructions_are_exact_and_repeat(started: Started) -> None:
    """Two instructions per round, within one tick of the counter."""
    assert started.board.emulator is not None
    each = started.board.counter.clock_hz * 2**started.board.emulator.icount_shift / 1e9  # ticks
    least = started.spin(1)
    for rounds in (1000, 100_000):
        ticks, *again = (started.spin(rounds) for _ in range(4))
        assert again == [ticks] * 3
        assert (ticks - least) / each == pytest.approx(2 * (rounds - 1), abs=1 / each + 1e-6)


def test_memory_marks(started: Started) -> None:
    started.stage()
    started.line.ok(INFER)
    arena, arena_high, stack, stack_high, static, image = struct.unpack("<6I", started.line.ok(MEMORY))
    ram = started.built.report["ram"]
    assert (arena, arena_high, stack) == (1024, 600, ram["stack"])
    assert 0 < stack_high < 1024
    assert static == ram["data_bss"] + ram["handler_stack"]
    assert image == started.built.report["image_bytes"]


@pytest.mark.parametrize("board", RESIDENT, ids=[board.name for board in RESIDENT], indirect=True)
def test_into_the_bootloader_and_back(started: Started) -> None:
    assert started.line.ask(BOOTLOADER) == (0, b"")
    assert started.line.call() == ACK
    assert started.line.talk(b"\x02\xfd", 5)[2:4] == struct.pack(">H", started.board.bootloader.chip_id)
    assert started.line.go(started.board.slot.origin) == ACK
    assert started.line.ask(HELLO)[0] == 0


@pytest.mark.parametrize("board", RESIDENT, ids=[board.name for board in RESIDENT], indirect=True)
def test_a_stack_overflow_ends_in_the_bootloader(started: Started) -> None:
    started.stage(stack=started.board.ram.stack + 100)
    started.line.send(request(INFER))
    assert started.line.call() == ACK
    assert started.line.go(started.board.slot.origin) == ACK
    assert started.line.ask(HELLO)[0] == 0
