"""``sensor-bnn tune`` on emulated boards: counting, saving, resuming, and compiling with the result."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from hybrids import random_hybrid

from sensor_bnn.cli.tune import command
from sensor_bnn.compiler.pipeline import compile_model
from sensor_bnn.emulation.emulator import Emulator
from sensor_bnn.errors import BoardError, DataError, DeviceError, ModelError
from sensor_bnn.firmware.build import build_firmware
from sensor_bnn.hardware.boards import load_board
from sensor_bnn.onnx.export import save_onnx, to_onnx
from sensor_bnn.tuning import tune as tune_module
from sensor_bnn.tuning.tune import Request, tune_model

BOARD = "qemu-mps2-an500"


@pytest.fixture(scope="module")
def model(random_folded, shape_of, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("tune") / "model.onnx"
    save_onnx(to_onnx(random_folded(shape_of(tokens=4, width=32, hidden=32, layers=1))), path)
    return path


def request_of(model: Path, **changes: object) -> Request:
    facts = {"model": model, "board": load_board(BOARD), "port": None, "trials": 3, "seed": 1, **changes}
    return Request(**facts)


def run(*arguments: object):
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def tuned(cross_compiler, qemu, longest, model) -> tuple[Path, str]:
    """The file of a whole run, and what the command printed."""
    file = model.with_name("tuning.json")
    done = run(model, "--board", BOARD, "--trials", 3, "-o", file, "--json")
    assert done.exit_code == 0, done.output
    return file, done.stdout


def test_the_command_counts_keeps_and_compiles(model, tuned, tmp_path, conforms):
    file = Path(shutil.copy(tuned[0], tmp_path))
    found = json.loads(tuned[1])
    conforms("tune", found)
    assert found == json.loads(file.read_text())
    assert found["complete"] and found["unit"] == "instructions" and found["target"] == "cortex-m7"
    assert all(result["exact"] for entry in found["workloads"] for result in entry["measured"])
    for entry in found["workloads"]:
        counts = [result["count"] for result in entry["measured"]]
        splits = [result for result in entry["measured"] if result["choice"] and "rows" in result["choice"]]
        assert len(counts) > 1 and len(splits) <= 3 and len(counts) - len(splits) <= 1 + 3
        default = next(result["count"] for result in entry["measured"] if result["choice"] is None)
        assert entry["default_count"] == default
        worth = [count for count in counts if count <= default * (1 - tune_module.WORTH)]
        assert entry["best_count"] == (min(worth) if worth else default)
        assert (entry["best"] is None) == (not worth)
    layers = sum(len(entry["layers"]) * entry["best_count"] for entry in found["workloads"])
    assert found["best_count"] == layers <= found["default_count"]

    bundle = compile_model(model, "cortex-m7", tmp_path / "tuned", tuning=file)
    assert bundle.metadata.tuning is not None
    table = run(model, "--board", BOARD, "--trials", 3, "-o", file, "--resume")
    assert table.exit_code == 0, table.output
    assert "gain" in table.stdout and "MeanRows 4x32" in table.stdout


@pytest.mark.usefixtures("long_run")
def test_a_model_without_a_choice_is_refused(tmp_path):
    save_onnx(to_onnx(random_hybrid(0, stages=("conv",)).fold()), tmp_path / "integers.onnx")
    done = run(tmp_path / "integers.onnx", "--board", BOARD, "-o", tmp_path / "tuning.json")
    assert isinstance(done.exception, ModelError), done.output
    assert done.exception.message.startswith("No layer of integers.onnx has a choice of kernels")
    assert [file.name for file in tmp_path.iterdir()] == ["integers.onnx"]


def test_an_interrupted_run_is_taken_up_and_ends_like_a_whole_one(model, tuned, tmp_path, monkeypatch):
    whole = json.loads(tuned[1])
    file = tmp_path / "tuning.json"
    ran: list[int] = []
    real = tune_module._run

    def stops_after_one(tunables, batch, request):
        if ran:
            raise KeyboardInterrupt
        ran.append(len(batch))
        return real(tunables, batch, request)

    # Small images, so that there are several and the interruption comes between them.
    monkeypatch.setattr(tune_module, "_IN_AN_IMAGE", 9)
    monkeypatch.setattr(tune_module, "_run", stops_after_one)
    with pytest.raises(KeyboardInterrupt):
        tune_model(request_of(model), file)
    kept = json.loads(file.read_text())
    assert not kept["complete"] and sum(len(entry["measured"]) for entry in kept["workloads"]) <= 9

    def goes_on(tunables, batch, request):
        ran.append(len(batch))
        return real(tunables, batch, request)

    monkeypatch.setattr(tune_module, "_IN_AN_IMAGE", 48)
    monkeypatch.setattr(tune_module, "_run", goes_on)
    resumed = tune_model(request_of(model), file, resume=True)
    trials = sum(len(entry["measured"]) for entry in whole["workloads"])
    assert sum(ran) == trials and resumed["complete"]
    # The timer of this board has a resolution of an instruction or two.
    for one, other in zip(whole["workloads"], resumed["workloads"], strict=True):
        for first, second in zip(one["measured"], other["measured"], strict=True):
            assert first["choice"] == second["choice"] and abs(first["count"] - second["count"]) <= 4

    with pytest.raises(DataError, match="seed is 1, not 2"):
        tune_model(request_of(model, seed=2), file, resume=True)
    file.write_text(json.dumps({**resumed, "seed": 1, "complete": False}))
    with pytest.raises(DataError, match="it has changed since it was written"):
        tune_model(request_of(model), file, resume=True)
    file.write_text(json.dumps({**resumed, "workloads": [{}]}))
    with pytest.raises(DataError, match=r"workloads\[0\]\.workload is missing"):
        tune_model(request_of(model), file, resume=True)


def test_a_board_at_a_serial_port_is_flashed_and_counts(model, tuned, tmp_path):
    """As on a real board, the bootloader writes each image, and the board's own timer counts."""
    board = load_board(BOARD)
    bundle = compile_model(model, board.target, tmp_path / "bundle")
    build = build_firmware(bundle.folder, board, tmp_path / "build")
    with Emulator(board, build.bootloader_elf) as emulator:
        done = run(
            model,
            "--board",
            BOARD,
            "--port",
            emulator.port,
            "--trials",
            2,
            "-o",
            tmp_path / "t.json",
            "--json",
        )
    assert done.exit_code == 0, done.output
    by_port = json.loads(done.stdout)
    assert by_port["complete"] and by_port["counter"] == "systick"
    for one, other in zip(by_port["workloads"], json.loads(tuned[1])["workloads"], strict=True):
        assert one["workload"] == other["workload"]
        assert abs(one["default_count"] - other["default_count"]) <= 4


@pytest.mark.usefixtures("cross_compiler", "qemu")
def test_a_choice_that_gives_other_bits_is_never_the_best(model, tmp_path, monkeypatch):
    real = tune_module._run
    wrong = []

    def spoils(tunables, batch, request):
        counts = real(tunables, batch, request)
        output = counts.output.copy()
        for place, trial in enumerate(batch):
            if trial.choice is not None:
                output[place] ^= 1
                wrong.append(trial)
        return tune_module.replace(counts, output=output)

    monkeypatch.setattr(tune_module, "_run", spoils)
    found = tune_model(request_of(model, trials=1), tmp_path / "tuning.json")
    assert wrong and all(entry["best"] is None for entry in found["workloads"])
    assert {result["exact"] for entry in found["workloads"] for result in entry["measured"]} == {True, False}

    def spoils_all(tunables, batch, request):
        counts = real(tunables, batch, request)
        return tune_module.replace(counts, output=counts.output ^ 1)

    monkeypatch.setattr(tune_module, "_run", spoils_all)
    with pytest.raises(DeviceError, match="gives other bits than this machine"):
        tune_model(request_of(model, trials=1), tmp_path / "other.json")


def test_wrong_usage(model, tmp_path):
    assert "a cortex-m7, not a cortex-m4" in run(model, "--board", BOARD, "--target", "cortex-m4").output
    assert "--port requires --board" in run(model, "--port", "/dev/absent").output
    with pytest.raises(BoardError, match="has no emulator"):
        tune_model(request_of(model, board=load_board("nucleo-f446re")), tmp_path / "t.json")
    assert not (tmp_path / "t.json").exists()
