"""The instructions of the layers of ``sensor-small``, counted on emulated cores, stay below their bars."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_costs import counts

from sensor_bnn.compiler.pipeline import compile_model
from sensor_bnn.hardware.boards import load_board
from sensor_bnn.onnx.export import save_onnx, to_onnx
from sensor_bnn.workflows.random_model import random_folded

ARENA = {"cortex-m0plus": 5456, "cortex-m3": 5456, "cortex-m7": 5456, "cortex-m55": 5456, "rv32imc": 6224}
"""Bytes: the stream of 25 tokens, their bits, tables of one word, and counts of eight tokens."""

# In the order of: the stem's product of bytes (54 terms, 16 outputs, 64 values at 25 tokens), the convolution
# (k 5, 64 -> 64 at 25 tokens), a projection to bits and one to values (64 -> 64 at 13 tokens), the bits of a
# stream (13 x 64), and the attention's map and context (2 heads, 13 tokens).
LAYERS = (
    *("/stem/product", "/layers.0/product", "/layers.2/query/product", "/layers.2/output"),
    *("/layers.2/query/pack", "/layers.2/scores", "/layers.2/context"),
)
BARS = {
    "qemu-microbit": (76_500, 191_800, 34_500, 39_000, 4_650, 10_500, 7_100),
    "qemu-mps2-an385": (60_500, 122_600, 23_050, 26_350, 3_830, 7_000, 4_600),
    "qemu-virt-rv32": (105_000, 192_000, 33_400, 38_200, 5_060, 8_400, 4_750),
    "qemu-mps3-an547": (7_100, 23_100, 4_600, 4_600, 750, 3_150, 2_200),
    "qemu-mps2-an500": (37_500, 112_000, 20_300, 22_700, 2_100, 7_000, 4_300),
}


@pytest.fixture(scope="module")
def sensor_small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("bars") / "model.onnx"
    save_onnx(to_onnx(random_folded("sensor-small", 0), narrow=True), file)
    return file


@pytest.mark.usefixtures("cross_compiler", "qemu")
@pytest.mark.parametrize("name", BARS)
def test_no_layer_takes_more_instructions_than_its_bar(name: str, sensor_small: Path, tmp_path: Path) -> None:
    board = load_board(name)
    bundle = compile_model(sensor_small, board.target, tmp_path / "bundle")
    assert bundle.metadata.arena_bytes <= ARENA[board.target]
    found = dict(
        zip(
            (layer.name for layer in bundle.metadata.layers),
            counts(bundle, board, tmp_path / "build"),
            strict=True,
        )
    )
    over = {layer: (found[layer], bar) for layer, bar in zip(LAYERS, BARS[name], strict=True)}
    assert {layer: pair for layer, pair in over.items() if pair[0] > pair[1]} == {}
