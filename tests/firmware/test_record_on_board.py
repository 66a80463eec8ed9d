"""``sensor-bnn record`` with an emulated board, whose sensor is a made one."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import numpy as np
import pytest
from bundles import change_bundle
from click.testing import CliRunner

from sensor_bnn.cli.build import command as build_command
from sensor_bnn.cli.record import command
from sensor_bnn.data.recording import read_csv
from sensor_bnn.emulation.emulator import Emulator
from sensor_bnn.errors import BundleError, DataError, DeviceError, ToolError
from sensor_bnn.firmware.build import build_firmware
from sensor_bnn.flashing.flash import flash_image
from sensor_bnn.flashing.image import read_image
from sensor_bnn.hardware.boards import Board

WAVE = Path(__file__).parent / "sensors" / "wave.c"
Recorder = Callable[[Path | None], AbstractContextManager[str]]


@pytest.fixture
def recorder(qemu: None, standin16_for: Callable[[str], Path], board: Board, tmp_path: Path) -> Recorder:
    """``recorder(driver)``: the port of a board with the stream application and this sensor."""

    @contextmanager
    def run(driver: Path | None) -> Iterator[str]:
        built = build_firmware(
            standin16_for(board.target), board, tmp_path / "built", "stream", sensor=driver
        )
        with Emulator(board, built.bootloader_elf) as emulator:
            flash_image(emulator.port, read_image(built.folder), board)
            yield emulator.port

    return run


def test_an_emulated_board_with_a_sensor(recorder: Recorder, tmp_path: Path) -> None:
    """Each sample of the made sensor, in order; then it is added to, and what Ctrl-C ends is stored."""
    file = tmp_path / "own.csv"
    line = [sys.executable, "-m", "sensor_bnn", "record", "-o", str(file)]
    with recorder(WAVE) as port:
        done = subprocess.run(
            [*line, "--port", port, "--label", "walk", "--samples", "250"], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout == f"{file}: 1 recording of walk with 250 samples added, 0 lost\n"
        running = subprocess.Popen(
            [*line, "--port", port, "--label", "rest"], stderr=subprocess.PIPE, text=True
        )
        assert running.stderr is not None
        assert "rest: " in running.stderr.readline()
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=120)
        assert running.returncode == 0
    found = read_csv(file, for_training=True)
    first, second = found.runs
    assert (first.label, first.end - first.first, second.label) == ("walk", 250, "rest")
    n = np.arange(250)
    wave = np.stack([37 * (c + 1) * n % 401 - 200 for c in range(4)], 1)
    assert found.samples[:250].tolist() == wave.tolist()
    assert found.samples[250 : 250 + 100].tolist() == wave[:100].tolist()
    assert found.time is not None and found.time[1] == 0.01


def test_a_board_without_a_sensor_says_what_to_build(recorder: Recorder, tmp_path: Path) -> None:
    with recorder(None) as port:
        done = CliRunner().invoke(
            command, ["--port", port, "--label", "walk", "-o", str(tmp_path / "own.csv")]
        )
    assert isinstance(done.exception, DeviceError)
    assert "no sensor to record from" in done.exception.message and "--sensor" in done.exception.remedy
    assert not (tmp_path / "own.csv").exists()


def test_what_build_refuses(standin16_for: Callable[[str], Path], board: Board, tmp_path: Path) -> None:
    bundle = standin16_for(board.target)
    arguments = [str(bundle), "--board", board.name, "-o", str(tmp_path / "out"), "--sensor", str(WAVE)]
    done = CliRunner().invoke(build_command, arguments)
    assert done.exit_code == 2 and "--sensor requires --application stream" in done.output
    with pytest.raises(DataError, match=r"Cannot read .*none.c: No such file"):
        build_firmware(bundle, board, tmp_path / "out", "stream", sensor=tmp_path / "none.c")
    (tmp_path / "wrong.c").write_text("#error not finished\n")
    with pytest.raises(ToolError, match="not finished"):
        build_firmware(bundle, board, tmp_path / "out", "stream", sensor=tmp_path / "wrong.c")
    change_bundle(bundle, sources=["model.c", "weights.c"])
    with pytest.raises(BundleError, match="a stream needs windows"):
        build_firmware(bundle, board, tmp_path / "out", "stream")
