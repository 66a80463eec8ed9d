"""Floats of linear layers on the emulated Cortex-M55: subnormal numbers, zeros, infinities as on the host."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from rich.console import Console

from sensor_bnn import load
from sensor_bnn.compiler.pipeline import compile_model
from sensor_bnn.compiler.targets import find_target
from sensor_bnn.emulation.emulator import Emulator
from sensor_bnn.emulation.preloaded import with_image
from sensor_bnn.firmware.build import build_firmware
from sensor_bnn.hardware.boards import load_board
from sensor_bnn.measure.kernels import Shape, measure_kernels
from sensor_bnn.onnx.operators import DOMAIN, IR_VERSION, OPSET
from sensor_bnn.onnx.packing import pack_bits
from sensor_bnn.onnx.reference import bnn_linear
from sensor_bnn.wire.application import check_answer, greet
from sensor_bnn.wire.client import Client
from sensor_bnn.wire.port import SerialPort

M = 37
# Of each four outputs, which share a run of vectors: within the range where no result is subnormal, at its
# ends, and outside of it.
EXPONENTS = (0, -30, -103, -104, -120, -126, -130, 20, 90, 105, 106, 119)
SPECIAL = (0.0, -0.0, 1e-40, -1e-45, 1e-38, -1e-38, 1e-31, 3e38, np.inf, -np.inf, np.nan)


def sum_of_layer(path: Path, K: int, rng: np.random.Generator) -> tuple[Path, np.ndarray]:
    """A layer that is added to its own input, and an input which cancels most of its outputs."""
    exponents = np.resize(np.repeat(EXPONENTS, 4), K)
    scale = (rng.uniform(1, 2, K) * 2.0**exponents).astype(np.float32)
    bias = (rng.choice([-1, 1], K) * rng.uniform(1, 2, K) * 2.0**exponents).astype(np.float32)
    bias[::7] = 0
    w = pack_bits(rng.random((K, K)) < 0.5)
    bits = rng.random((M, K)) < 0.5
    y = bnn_linear(pack_bits(bits), w, scale, bias, K=K)
    # The opposite or a little more, where the input may have its sign; otherwise the same magnitude.
    near = np.abs(y).view(np.uint32) + rng.integers(0, 3, y.shape, np.uint32)
    x = np.where(bits, 1, -1).astype(np.float32) * near.view(np.float32)
    # A block of rows within the range.
    outside = (np.abs(x[:32]) < 2.0**-103) | (np.abs(x[:32]) > 2.0**105)
    x[:32][outside] = np.copysign(rng.uniform(1e-20, 1e20, (32, K)), x[:32]).astype(np.float32)[outside]
    x[35] = np.copysign(np.resize(SPECIAL, K), x[35])
    constants = {"threshold": np.zeros(K, np.float32), "w": w, "scale": scale, "bias": bias}
    nodes = [
        helper.make_node("BnnPack", ["x", "threshold"], ["bits"], "/bits", domain=DOMAIN),
        helper.make_node("BnnLinear", ["bits", "w", "scale", "bias"], ["y0"], "/linear", domain=DOMAIN, K=K),
        helper.make_node("Add", ["y0", "x"], ["y"], "/sum"),
    ]
    graph = helper.make_graph(
        nodes,
        "sum",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [M, K])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [M, K])],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(DOMAIN, 1)]
    onnx.save(helper.make_model(graph, ir_version=IR_VERSION, opset_imports=opsets), path)
    return path, x


@pytest.mark.usefixtures("cross_compiler", "qemu", "long_compile")
@pytest.mark.parametrize("K", [64, 288])
def test_they_are_the_host_s(K: int, tmp_path: Path) -> None:
    model, x = sum_of_layer(tmp_path / "sum.onnx", K, np.random.default_rng(K))
    board = load_board("qemu-mps3-an547")
    bundle = compile_model(model, board.target, tmp_path / "bundle")
    build = build_firmware(bundle.folder, board, tmp_path / "build")
    with (
        Emulator(with_image(board, build.firmware_bin), build.bootloader_elf) as emulator,
        SerialPort(emulator.port, board.uart) as line,
    ):
        client = Client(line)
        check_answer(greet(line, client), board, bundle.metadata)
        client.write_input(x.tobytes())
        client.infer()
        found = np.frombuffer(client.read_output(bundle.metadata.output.bytes), np.float32).reshape(M, K)
    want = load(compile_model(model, "host", tmp_path / "host").folder).infer(x).reshape(M, K)
    subnormal = (want != 0) & (np.abs(want) < np.finfo(np.float32).tiny)
    assert subnormal.sum() > 20 and np.isinf(want).any() and np.isnan(want).any()
    np.testing.assert_array_equal(found.view(np.uint32), want.view(np.uint32))


@pytest.mark.usefixtures("cross_compiler", "qemu", "long_compile")
def test_bar() -> None:
    """The larger layer of watch-tiny whose outputs are floats, with a residual elsewhere than the outputs."""
    rows = measure_kernels(
        find_target("cortex-m55"), (Shape(20, 64, 128),), Console(file=io.StringIO()), baselines=False
    )
    assert [row for row in rows if not row.exact] == []
    (chosen,) = (row.instructions for row in rows if (row.kernel, row.output) == ("chosen", "float"))
    assert chosen <= 11_650
