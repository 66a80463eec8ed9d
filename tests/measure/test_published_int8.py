"""What separable networks would take with CMSIS-NN, against networks that were built and counted with it."""

from __future__ import annotations

import pytest

from sensor_bnn.train.recipe import load_recipe
from sensor_bnn.train.space import Point, recipe_of
from sensor_bnn.workflows.published_int8 import CODE_BYTES, Shape, estimated, separable_shapes


def of_mlperf_tiny() -> list[Shape]:
    """MLPerf Tiny's keyword network: 10 x 4 to 64 channels, 25 x 5 outputs, four separable layers, dense."""
    tokens, C = 125, 64
    found = [Shape("stem", tokens * C * 40, C * 40, C, 490, tokens * C, 40)]
    for _ in range(4):
        found.append(Shape("depthwise", tokens * C * 9, C * 9, C, tokens * C, tokens * C, C * 9))
        found.append(Shape("pointwise", tokens * C * C, C * C, C, tokens * C, tokens * C, C))
    return [*found, Shape("dense", C * 12, C * 12, 12, C, 12, C)]


@pytest.mark.parametrize(
    ("target", "counted"),
    (("cortex-m0plus", 28_990_000), ("cortex-m3", 10_540_000), ("cortex-m4", 7_840_000)),
)
def test_the_estimate_is_close_to_the_count_of_a_whole_network(target: str, counted: int) -> None:
    found = estimated(of_mlperf_tiny(), target)
    assert 1.02 < found.instructions / counted < 1.051
    assert found.flash_bytes - CODE_BYTES == pytest.approx(
        29 * 1024, rel=0.05
    )  # 22 KB of weights, 7 of constants
    assert 16_000 < found.ram_bytes < 19_000


def test_the_shapes_are_those_of_the_layers() -> None:
    recipe = recipe_of(load_recipe("watch-small"), Point("separable", 64, 1, 0, False, False), images=False)
    shapes = separable_shapes(recipe.config((6, 100), tuple("abcdefg")))
    assert [(shape.kind, shape.macs, shape.written) for shape in shapes] == [
        ("stem", 25 * 16 * 6 * 9, 25 * 16),
        ("depthwise", 13 * 16 * 5, 13 * 16),
        ("pointwise", 13 * 16 * 64, 13 * 64),
        ("depthwise", 13 * 64 * 5, 13 * 64),
        ("pointwise", 13 * 64 * 64, 13 * 64),
        ("dense", 64 * 7, 7),
    ]
    assert [shape.weights for shape in shapes] == [864, 80, 1024, 320, 4096, 448]
    assert shapes[1].patch == 5 * 16 and shapes[1].read == 25 * 16
