"""A model of integers on cores without an FPU: no soft-float, and every command equal to the host."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from elftools.elf.elffile import ELFFile
from rich.console import Console

from sensor_bnn.compiler.metadata import read_metadata
from sensor_bnn.compiler.pipeline import compile_model
from sensor_bnn.data.samples import Samples, read_samples
from sensor_bnn.firmware.build import build_firmware
from sensor_bnn.hardware.boards import load_board
from sensor_bnn.live.payloads import Settings
from sensor_bnn.live.recording import Recording
from sensor_bnn.live.stream import stream_at
from sensor_bnn.measure.bench import host_outputs, run_bench
from sensor_bnn.measure.evaluate import run_evaluate
from sensor_bnn.nn.checkpoint import load_checkpoint
from sensor_bnn.onnx.compare import run_model
from sensor_bnn.onnx.export import save_onnx, to_onnx
from sensor_bnn.onnx.quantities import to_logits
from sensor_bnn.workflows.bring_up import running_board
from sensor_bnn.workflows.demo import SHIPPED

from .line import Line
from .test_firmware_eembc import Runner, softmax

BOARDS = ("qemu-microbit", "qemu-mps2-an385")
"""Cortex-M0+ and Cortex-M3."""
FLOATS = re.compile(
    r"__aeabi_(c?[fd]\w+|u?[il]2[fd]|u?l2[fd]|h2[fd]\w*)|__\w+[sd]f[23]?|__float\w+|__fix\w+|(exp|round|log|pow)f?"
)
"""The names of libgcc's and the C library's functions for floating point."""


def soft_float(elf: Path) -> list[str]:
    table = ELFFile(io.BytesIO(elf.read_bytes())).get_section_by_name(".symtab")
    return sorted({symbol.name for symbol in table.iter_symbols() if FLOATS.fullmatch(symbol.name)})


@pytest.fixture(scope="module")
def onnx_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped model."""
    file = tmp_path_factory.mktemp("integers") / "model.onnx"
    save_onnx(to_onnx(load_checkpoint(SHIPPED / "ckpt.pt").model.fold()), file)
    return file


@pytest.fixture(scope="module")
def host(onnx_file: Path) -> Path:
    return compile_model(onnx_file, "host", onnx_file.parent / "host").folder


@pytest.fixture(scope="module")
def bundle_for(cross_compiler: None, onnx_file: Path) -> Callable[[str], Path]:
    def make(target: str) -> Path:
        return compile_model(onnx_file, target, onnx_file.parent / target).folder

    return make


@pytest.mark.parametrize("application", ["benchmark", "stream"])
@pytest.mark.parametrize("name", BOARDS)
def test_a_core_without_an_fpu_calls_no_function_for_floats(
    name: str, application: str, bundle_for: Callable[[str], Path], tmp_path: Path
) -> None:
    board = load_board(name)
    built = build_firmware(bundle_for(board.target), board, tmp_path / "out", application)
    assert soft_float(built.firmware_elf) == []


def test_a_model_of_floats_does_call_them(standin_for: Callable[[str], Path], tmp_path: Path) -> None:
    """So that the test above can find what it looks for."""
    board = load_board(BOARDS[0])
    built = build_firmware(standin_for(board.target), board, tmp_path / "out")
    found = soft_float(built.firmware_elf)
    assert {"__aeabi_fmul", "__aeabi_fdiv", "__aeabi_dmul", "__aeabi_f2iz"} <= {*found}


@pytest.mark.parametrize("name", BOARDS)
def test_every_command_gives_what_the_host_computes(
    name: str,
    qemu: None,
    bundle_for: Callable[[str], Path],
    host: Path,
    onnx_file: Path,
    tmp_path: Path,
) -> None:
    board = load_board(name)
    bundle = bundle_for(board.target)
    shipped = read_samples(SHIPPED / "samples.npz")
    x = shipped.x[:256:80]
    logits = run_model(onnx_file, x)
    samples = Samples(x, logits.argmax(axis=1), shipped.classes)
    expected = host_outputs(host, samples)
    assert np.array_equal(to_logits(expected, read_metadata(host).output_step), logits)
    np.savez(tmp_path / "samples.npz", x=x, y=samples.y, classes=np.array(samples.classes))
    console = Console(file=io.StringIO())
    with running_board(
        board, bundle, host, tmp_path / "samples.npz", tmp_path / "out", console, application="stream"
    ) as running:
        bench = run_bench(running.port, board, bundle, samples, host_dir=host)
        assert (bench.bit_exact, bench.top1_device, bench.repeat_exact) == (True, 1.0, True)
        found = run_evaluate(running.port, board, bundle, samples, tmp_path / "state.jsonl")
        assert found.outputs.dtype == np.int16 and np.array_equal(found.outputs, expected)
        recording = Recording(x.transpose(0, 2, 1).reshape(-1, 6), ())
        decisions = stream_at(running.port, board, bundle, recording, Settings(100, 1.0))
        for decision, want in zip(
            (answer for _, answer in decisions),
            logits,
            strict=True,
        ):
            assert (decision.answer, decision.steady) == (want.argmax(), want.argmax())
            assert decision.logit == want.max()
            assert decision.share == pytest.approx(softmax(want).max(), abs=1e-6)
        with Line(running.port) as line:
            runner = Runner(line)
            for sample, want in zip(x, logits, strict=True):
                runner.load(np.rint(sample / np.array(steps_of(bundle))[:, None]).astype("<i2").tobytes())
                results, _ = runner.infer(1, 0)
                assert results == pytest.approx(softmax(want), abs=5.1e-4)


def steps_of(bundle: Path) -> tuple[float, ...]:
    """Return the sensor units of one step of each channel, as the header has them."""
    text = (bundle / "watch_small.h").read_text()
    found = re.search(r"#define WATCH_SMALL_INPUT_STEPS (.*)", text)
    assert found is not None
    return tuple(float(step) for step in found[1].split(","))
