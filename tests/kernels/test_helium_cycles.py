"""The Helium kernels by LLVM's model of the Cortex-M55: an estimate, from counts that are exact."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sensor_bnn.compiler.bundle import write_bundle
from sensor_bnn.compiler.lookup import choose_rows
from sensor_bnn.compiler.program import PACKED_OUT, Buffer, Place, Program, Step, linear_calls
from sensor_bnn.compiler.targets import find_target
from sensor_bnn.device.estimate import estimate_model
from sensor_bnn.firmware.build import build_firmware
from sensor_bnn.kernels import find_emulated
from sensor_bnn.onnx.operators import TensorType
from sensor_bnn.onnx.packing import pack_bits


def test_the_bar_in_estimated_cycles(tmp_path: Path) -> None:
    """64 tokens, N = K = 192, bits out: at most 0.10 cycles a multiply-add, tables and all."""
    target = find_target("cortex-m55")
    board = find_emulated(target)
    M, N, K = 64, 192, 192
    rng = np.random.default_rng(3)
    calls, workspace = linear_calls(PACKED_OUT, N, K, choose_rows(target, M, N, K, packed=True))
    constants = (
        pack_bits(rng.random((M, K)) < 0.5),
        pack_bits(rng.random((N, K)) < 0.5),
        rng.integers(80, 112, N).astype(np.int32),
    )
    words = np.dtype(np.uint32)
    buffers = (
        Buffer(Place.INPUT, TensorType(np.dtype(np.float32), (1,))),
        Buffer(Place.OUTPUT, TensorType(words, (M, N // 32))),
        *(Buffer(Place.CONSTANT, TensorType.of(array), array) for array in constants),
        Buffer(Place.ARENA, TensorType(words, (workspace // 4,))),
    )
    step = Step("layer", "linear", calls, (2, 3, 4), 1, 5, M * N * K)
    bundle = write_bundle(Program(buffers, (step,)), "layer", "00" * 32, target, tmp_path / "bundle")
    build = build_firmware(bundle.folder, board, tmp_path / "build")
    (layer,) = estimate_model(board, bundle.folder, build.folder, bytes(4))
    assert "cortex-m55" in layer.model
    assert {name for name, *_ in layer.functions()} >= {"layer_linear_packed_helium", "layer_helium_add_pair"}
    assert layer.instructions <= 0.06 * M * N * K
    assert layer.cycles <= 0.10 * M * N * K
