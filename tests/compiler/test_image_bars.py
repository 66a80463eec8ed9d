"""The instructions of the layers of ``image-small``, counted on emulated cores, stay below their bars."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import numpy_helper
from test_costs import counts

from sensor_bnn.compiler.pipeline import compile_model
from sensor_bnn.hardware.boards import load_board
from sensor_bnn.onnx.export import save_onnx, to_onnx
from sensor_bnn.workflows.random_model import random_folded

ARENA = 22_656
"""Bytes: the stream of 256 tokens, their bits, and a strip's tables, counts and addresses."""

# In the order of: the stem (48 terms, 32 outputs, 256 tokens), the convolutions (3 x 3: 32 -> 32 at 256
# tokens, 32 -> 64 with a stride and 64 -> 64 at 64 tokens), projections to bits and to values (64 -> 64),
# the attention's context (2 heads, 64 tokens), and the head (8 bits, 64 -> 10).
LAYERS = (
    *("/stem/product", "/layers.0/product", "/layers.1/product", "/layers.2/product"),
    *("/layers.3/query/product", "/layers.3/output", "/layers.3/context", "/head/linear"),
)
BARS: dict[str, tuple[int, ...]] = {
    "qemu-microbit": (1_050_000, 705_000, 370_000, 525_000, 119_000, 150_000, 70_000, 5_000),
    "qemu-mps2-an385": (690_000, 440_000, 233_000, 322_000, 73_000, 87_500, 47_500, 2_500),
    "qemu-mps2-an500": (435_000, 407_000, 216_000, 312_000, 58_500, 73_500, 49_000, 1_750),
}


@pytest.fixture(scope="module")
def image_small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its stem's weights are half as large as random ones, as those of trained models are at most."""
    file = tmp_path_factory.mktemp("bars") / "model.onnx"
    model = to_onnx(random_folded("image-small", 0), narrow=True)
    (stem,) = (array for array in model.graph.initializer if array.name == "stem.product.weight")
    stem.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(stem) // np.int8(2), stem.name))
    save_onnx(model, file)
    return file


@pytest.mark.usefixtures("cross_compiler", "qemu")
@pytest.mark.parametrize("name", BARS)
def test_no_layer_takes_more_instructions_than_its_bar(name: str, image_small: Path, tmp_path: Path) -> None:
    board = load_board(name)
    bundle = compile_model(image_small, board.target, tmp_path / "bundle")
    assert bundle.metadata.arena_bytes <= ARENA
    layers = bundle.metadata.layers
    counted = counts(bundle, board, tmp_path / "build")
    estimates = [layer.instructions_estimated for layer in layers]
    np.testing.assert_allclose(sum(estimates), sum(counted), rtol=0.08)
    found = dict(zip((layer.name for layer in layers), counted, strict=True))
    over = {layer: (found[layer], bar) for layer, bar in zip(LAYERS, BARS[name], strict=True)}
    assert {layer: pair for layer, pair in over.items() if pair[0] > pair[1]} == {}
