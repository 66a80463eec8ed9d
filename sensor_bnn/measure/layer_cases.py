"""The layers of the hybrid family for ``sensor-bnn kernels``: binary and 8-bit ones at fixed shapes.

Each is called as the compiler calls it in a model, with random data, and its outputs are known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sensor_bnn.compiler.kernels.grid import Grid
from sensor_bnn.compiler.program import Array
from sensor_bnn.compiler.selection import plan_of
from sensor_bnn.compiler.stream_patterns import BITS, BYTES, stream_layer_name
from sensor_bnn.compiler.targets import Target
from sensor_bnn.measure.kernel_cases import CHOSEN, Case, Shape
from sensor_bnn.onnx.operators import DOMAIN, TensorType
from sensor_bnn.onnx.packing import pack_bits
from sensor_bnn.onnx.reference import bnn_mat_mul, bnn_pack
from sensor_bnn.onnx.reference_int import bnn_int_linear, bnn_patches, bnn_stream, bnn_stream_add

Shorts = npt.NDArray[np.int16]

INT8 = "chosen_int8"
"""The compiler's kernel for an 8-bit layer of the same shape."""

EPILOGUE = "epilogue"
"""What follows a binary product, for one element: computed from two layers that differ in K alone."""

_SHIFT, _PRE = 8, 8


@dataclass(frozen=True)
class Layer:
    """A layer at a shape.

    Attributes:
        title: the name in tables.
        grid: its tokens and patches.
        inputs, outputs: channels.
        image: whether it is in an image model, whose slopes are all one.
        binary: whether to measure the binary layer; all are measured in 8 bits.
    """

    title: str
    grid: Grid
    inputs: int
    outputs: int
    image: bool = True
    binary: bool = False

    @property
    def shape(self) -> Shape:
        """Outputs of the grid, channels, and terms of a product."""
        return Shape(self.grid.out_tokens, self.outputs, self.grid.taps * self.inputs)


def _image(
    side: int, kernel: int, inputs: int, outputs: int, *, stride: int = 1, binary: bool = False
) -> Layer:
    title = f"{kernel}x{kernel}x{inputs} -> {outputs}, {side}x{side}{f', stride {stride}' * (stride > 1)}"
    return Layer(
        title, Grid(side, side, kernel, kernel, stride, stride, 1, 1), inputs, outputs, binary=binary
    )


def _series(
    tokens: int, kernel: int, inputs: int, outputs: int, *, stride: int = 1, binary: bool = True
) -> Layer:
    title = f"k {kernel} x {inputs} -> {outputs}, {tokens}{f', stride {stride}' * (stride > 1)}"
    return Layer(
        title, Grid(1, tokens, 1, kernel, 1, stride, 1, 1), inputs, outputs, image=False, binary=binary
    )


LAYERS = (
    _image(16, 3, 64, 64, binary=True),
    _image(8, 3, 128, 128, binary=True),
    _series(50, 5, 64, 64),
    _series(50, 5, 32, 32),
    _series(25, 5, 32, 32),
    _image(32, 3, 3, 16),
    _image(32, 4, 3, 32, stride=2),
    _series(100, 9, 6, 16, stride=4, binary=False),
    _image(16, 3, 16, 16),
    _image(16, 3, 16, 32, stride=2),
    _image(16, 3, 32, 32),
    _image(8, 3, 64, 64),
    Layer("1x1x64 -> 64, 125", Grid(1, 125, *[1] * 6), 64, 64),
    Layer("64 -> 10", Grid(1, 1, *[1] * 6), 64, 10),
)
"""Binary convolutions of images and series; then stems, ResNet-8's layers, the 1 x 1 layer of a depthwise
separable block over 25 x 5, and a head, in 8 bits."""

_SHORT, _LONG = (Layer(f"{k} -> 64, 64", Grid(1, 64, *[1] * 6), k, 64, image=False) for k in (64, 128))
"""The layers that the epilogue is computed from: with a straight line through both at K = 0."""


def layer_cases(target: Target) -> list[Case]:
    """Return the layers at all shapes: each binary one with values and with bits, then the 8-bit one.

    Args:
        target: the core.
    """
    cases = []
    for layer in LAYERS:
        if layer.binary:
            cases += [_binary(target, layer, packed=packed) for packed in (False, True)]
        cases.append(_bytes(target, layer))
    return cases


def epilogue_cases(target: Target) -> list[tuple[Case, Case]]:
    """Return the layers from which the epilogue follows, for values and for bits; the shorter K comes first.

    Args:
        target: the core.
    """
    return [
        (_binary(target, _SHORT, packed=packed), _binary(target, _LONG, packed=packed))
        for packed in (False, True)
    ]


def _numbers(grid: Grid) -> dict[str, int]:
    return {name: getattr(grid, name) for name in Grid.__dataclass_fields__}


def _binary(target: Target, layer: Layer, *, packed: bool) -> Case:
    rng = np.random.default_rng((layer.grid.tokens, layer.inputs, layer.outputs))
    grid, (m, n, k) = layer.grid, (layer.shape.m, layer.shape.n, layer.shape.k)
    x = pack_bits(rng.random((grid.tokens, layer.inputs)) < 0.5)
    w = pack_bits(rng.random((n, k)) < 0.5)
    # A product of K signs has about the size of sqrt(K); the stream has then about that of 1000.
    most = int(1000 * (1 << _SHIFT) / k**0.5)
    scale, bias, slope = _constants(rng, layer, most)
    residual = rng.integers(-2000, 2001, (m, n)).astype(np.int16)
    threshold = rng.integers(-1000, 1001, n).astype(np.int16)
    acc = bnn_mat_mul(x if grid.plain else bnn_patches(x, **_numbers(grid)), w, K=k)
    values = bnn_stream_add(acc, residual, scale, bias, slope, pre=0, shift=_SHIFT)
    expected: Array = bnn_pack(values, threshold) if packed else values
    name = stream_layer_name(BITS, patches=not grid.plain, residual=True, packed=packed)
    arrays: list[Array] = [x, w, scale, bias, slope, residual, *[threshold] * packed]
    output = "bits" if packed else "values"
    return _case(target, CHOSEN, layer, output, name, arrays, (k, 0, _SHIFT), expected)


def _bytes(target: Target, layer: Layer) -> Case:
    rng = np.random.default_rng((layer.grid.tokens, layer.inputs, layer.outputs, 8))
    grid, (n, k) = layer.grid, (layer.shape.n, layer.shape.k)
    x = rng.integers(-127, 128, (grid.tokens, layer.inputs)).astype(np.int8)
    w = rng.integers(-127, 128, (n, k)).astype(np.int8)
    scale, bias, slope = _constants(rng, layer, 1 << _SHIFT)
    acc = bnn_int_linear(x if grid.plain else bnn_patches(x, **_numbers(grid)), w)
    expected = bnn_stream(acc, scale, bias, slope, pre=_PRE, shift=_SHIFT)
    name = stream_layer_name(BYTES, patches=not grid.plain, residual=False, packed=False)
    return _case(target, INT8, layer, "values", name, [x, w, scale, bias, slope], (_PRE, _SHIFT), expected)


def _constants(rng: np.random.Generator, layer: Layer, most: int) -> tuple[Shorts, Shorts, Shorts]:
    """Return scale, bias and slope; slopes are 0.25 to 1, in units of 2^-13."""
    n = layer.outputs
    scale = rng.integers(most // 2, most, n).astype(np.int16)
    bias = rng.integers(-1000, 1001, n).astype(np.int16)
    return scale, bias, rng.integers(1 << 11, 1 << 13, 1 if layer.image else n).astype(np.int16)


def _case(
    target: Target,
    kernel: str,
    layer: Layer,
    output: str,
    name: str,
    arrays: list[Array],
    numbers: tuple[int, ...],
    expected: Array,
) -> Case:
    # In a model x and the residual are computed, so that no kernel depends on what they contain.
    known: list[Array | None] = [None if place in (0, 5) else array for place, array in enumerate(arrays)]
    types = [TensorType.of(array) for array in arrays]
    plan = plan_of(name, types, known, (*_numbers(layer.grid).values(), *numbers), target)
    constants = tuple(plan.constants.get(place, array) for place, array in enumerate(arrays))
    return Case(
        kernel, layer.shape, output, target, plan.calls, constants, plan.workspace, (), expected, layer.title
    )


def stream_pack_case(target: Target) -> Case:
    """Return the bits of a stream: threshold and pack; one value is counted as one multiply-add."""
    rng = np.random.default_rng(64)
    x = rng.integers(-3000, 3001, (64, 64)).astype(np.int16)
    threshold = rng.integers(-1000, 1001, 64).astype(np.int16)
    plan = plan_of(
        f"{DOMAIN}.BnnPack", [TensorType.of(x), TensorType.of(threshold)], [None, threshold], (), target
    )
    constants = (x, plan.constants.get(1, threshold))
    shape = Shape(64, 64, 1)
    return Case(
        *(CHOSEN, shape, "bits", target, plan.calls, constants, plan.workspace, ()),
        bnn_pack(x, threshold),
        "threshold and pack, 64x64",
    )
