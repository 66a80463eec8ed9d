"""The forward pass of the hybrid family with the roundings of its integers, for the last epochs of training.

Every value is the one that the integers have, by the constants that the export would have at the present
weights; in training mode they hold the batch's own mean and variance. Gradients are those of the float form
at these values: each rounding passes them straight through.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from sensor_bnn.nn.across import moments
from sensor_bnn.nn.attention import Observed
from sensor_bnn.nn.binarize import straight_through
from sensor_bnn.nn.fold_hybrid import (
    MOMENT_STEP,
    PIXEL,
    accumulator_bound,
    head_epilogue,
    head_features,
    input_quantizer,
    set_logarithms,
    window_epilogue,
    window_quantizer,
)
from sensor_bnn.nn.folded_hybrid import Bytes, Quantizer, StreamEpilogue
from sensor_bnn.nn.hybrid import Attention, Head, Mlp, Pool, Signed, Stem
from sensor_bnn.nn.hybrid_parts import BYTE, Epilogue, Product, Threshold, pooled, repeated, thresholded
from sensor_bnn.nn.integers import (
    LARGEST_HALF,
    Reals,
    Unit,
    byte_step,
    byte_weights,
    fold_epilogue,
    quantizer_of,
    reals,
)
from sensor_bnn.nn.ranges import Ranges
from sensor_bnn.nn.window import gain_of, window_moments, window_normalized


@dataclass(frozen=True)
class Stream:
    """A stream in steps of the unit.

    Attributes:
        values: ``[batch, rows, columns, C]``.
        after: what the stored integers are lower by, ``[C]``.
    """

    values: Tensor
    after: Reals

    def stored(self, unit: Unit) -> Tensor:
        """The integers, int32, in the shape of the values."""
        values = self.values.detach()
        return ((values - _like(self.after, values)) / unit.step).round().to(torch.int32)


def forward(
    stem: Stem,
    layers: Iterable[nn.Module],
    head: Head,
    ranges: Ranges,
    unit: Unit,
    x: Tensor,
    seen: Observed | None = None,
) -> Tensor:
    """Return the logits of the integers, ``[batch, classes]``.

    Args:
        stem, layers, head: the parts of the model, in the order of computation.
        ranges: its ranges, which are measured.
        unit: the stream's unit.
        x: windows ``[batch, C, L]`` in sensor units, or images ``[batch, C, height, L]``.
        seen: if given, records the stream after each layer and attention.

    Raises:
        CheckpointError: the bytes of a value have no integers, since its range is too small.
    """
    with torch.autocast(x.device.type, enabled=False):  # half the bits would not hold the sums
        return _forward(stem, layers, head, ranges, unit, x, seen)


def _forward(
    stem: Stem,
    layers: Iterable[nn.Module],
    head: Head,
    ranges: Ranges,
    unit: Unit,
    x: Tensor,
    seen: Observed | None,
) -> Tensor:
    stream = _stem(stem, ranges, unit, x)
    for layer in layers:
        match layer:
            case Signed():
                stream = _signed(layer, stream, unit)
            case Mlp():
                stream = _mlp(layer, stream, unit)
            case Attention():
                stream = _attention(layer, stream, unit, seen)
            case Pool():
                stream = _pooled(stream, layer.sides, unit)
        if seen is not None and not isinstance(layer, Pool):
            seen.features.append(stream.values.flatten(1, 2))
    return _head(head, stream, unit, float(ranges.logits))


def _stem(stem: Stem, ranges: Ranges, unit: Unit, x: Tensor) -> Stream:
    assert stem.product.byte_range is not None
    grid = stem.grid(x)
    normal, found = stem.normalised(grid)
    stem.product.byte_range.follow(normal)
    quantizer, steps = input_quantizer(stem, ranges)
    if steps is None:
        whole = (grid * PIXEL).round().clamp(0, PIXEL)
    else:
        whole = (grid / _like(steps, grid)).round().clamp(-LARGEST_HALF - 1, LARGEST_HALF)
    whole, dense = whole.to(torch.int32), None
    if found is not None:
        whole, dense = _by_window(stem, whole, steps, stem.moments(found) / MOMENT_STEP)
    bytes_ = _bytes(quantizer, whole, normal)
    values = straight_through(bytes_, normal / byte_step(stem.product.byte_range))
    acc, acc_step, bound = _byte_product(stem.product, values, unit)
    copies = np.tile(acc_step, stem.width // len(acc_step))
    after = _epilogue(stem.epilogue, repeated(acc, stem.width), copies, bound, None, unit, dense)
    return _pooled(after, stem.pool, unit)


@dataclass(frozen=True)
class Dense:
    """The layer that reads a window's own moments.

    Attributes:
        acc: its sums, ``[batch, 1, 1, A]``.
        weight, step: its weights, int8 ``[A, 2 C]``, and their steps, ``[A]``.
    """

    acc: Tensor
    weight: Bytes
    step: Reals


def _by_window(stem: Stem, whole: Tensor, steps: Reals | None, soft: Tensor) -> tuple[Tensor, Dense]:
    """Normalise each window of integers, int32 ``[batch, rows, columns, C]``, and sum up its moments.

    ``soft`` are these moments in the float form, in steps of 8 bits.
    """
    assert stem.dense is not None
    C = whole.shape[-1]
    tokens = whole.flatten(1, 2).cpu().numpy().astype(np.int64)
    found = window_moments(tokens)
    fixed = set_logarithms(stem, steps, tokens.shape[1])
    logarithms = found[:, C:] if fixed is None else fixed[None].astype(np.int64)
    normal = window_normalized(tokens, logarithms, gain_of(tokens.shape[1]))
    hard = _bytes(window_quantizer(stem, steps, tokens.shape[1]), _whole(found, whole), soft)
    weight, step = byte_weights(stem.dense.weight)
    rows = straight_through(_like(weight, soft), stem.dense.weight / _like(step, soft)[:, None])
    acc = nn.functional.linear(straight_through(hard, soft), rows)
    return _whole(normal, whole).view(whole.shape), Dense(acc[:, None, None], weight, step)


def _signed(layer: Signed, stream: Stream, unit: Unit) -> Stream:
    if layer.threshold is None:
        return _after(layer, None, stream, unit)
    (signs,), (values,) = thresholded([layer.threshold], stream.values, readers=1)
    return _after(layer, signs, Stream(values, stream.after), unit)


def _after(layer: Signed, signs: Tensor | None, stream: Stream, unit: Unit) -> Stream:
    """Do what follows the threshold of a layer."""
    acc, acc_step, bound = _product(layer.product, signs, stream, unit)
    return _epilogue(layer.epilogue, acc, acc_step, bound, _pooled(stream, layer.stride, unit), unit)


def _mlp(layer: Mlp, stream: Stream, unit: Unit) -> Stream:
    hidden = _signed(layer.expand, stream, unit)
    signs = None if layer.threshold is None else layer.threshold(hidden.values)
    return _epilogue(layer.epilogue, *_product(layer.contract, signs, hidden, unit), stream, unit)


def _attention(layer: Attention, stream: Stream, unit: Unit, seen: Observed | None) -> Stream:
    made = (layer.query, layer.key, layer.value)
    thresholds = [part.threshold for part in made if isinstance(part.threshold, Threshold)]
    signs, (*others, last) = thresholded(thresholds, stream.values, readers=4)
    parts = [
        _after(part, sign, Stream(values, stream.after), unit).values
        for part, sign, values in zip(made, signs, others, strict=True)
    ]
    sums, width = layer.attended(parts, seen, whole=True), len(stream.after)
    shortcut = Stream(last, stream.after)
    return _epilogue(layer.epilogue, sums, np.ones(width), width, shortcut, unit)


def _head(head: Head, stream: Stream, unit: Unit, largest: float) -> Tensor:
    assert head.byte_range is not None
    features = head.features(stream.values)
    head.byte_range.follow(features)
    step, stored = byte_step(head.byte_range), stream.stored(unit).flatten(1, 2)
    tokens, width = stored.shape[1:]
    kinds = torch.split(features.detach(), width, dim=1)
    found = []
    for (kind, quantizer), values in zip(head_features(head, stream.after, tokens, unit), kinds, strict=True):
        if kind == "positive":
            whole = ((values + 1) * (tokens / 2)).round().to(torch.int32)
        else:
            whole = stored.sum(dim=1) if kind == "mean" else stored.amax(dim=1)
        found.append(_bytes(quantizer, whole, features))
    rows, acc_step = byte_weights(head.linear.weight)
    weight = straight_through(_like(rows, features), head.linear.weight / _like(acc_step, features)[:, None])
    acc = nn.functional.linear(straight_through(torch.cat(found, dim=1), features / step), weight)
    integers, logit = head_epilogue(head, rows, acc_step, largest)
    exact = acc * _like(acc_step * step, acc) + head.linear.bias
    return straight_through(_sat16(_scaled(acc.detach(), integers)).to(exact) * logit, exact)


def _product(product: Product, signs: Tensor | None, stream: Stream, unit: Unit) -> tuple[Tensor, Reals, int]:
    """Return the accumulators of a product of signs or, if there are none, of the stream's bytes.

    Returns:
        The accumulators, what 1 of each is worth, ``[N]``, and their bound.
    """
    if signs is not None:
        N, terms = len(product.weight), product.weight[0].numel()
        return product(signs), np.ones(N), terms
    assert product.byte_range is not None
    product.byte_range.follow(stream.values)
    quantizer = quantizer_of(product.byte_range, stream.after, unit, "a product")
    soft = stream.values / byte_step(product.byte_range)
    return _byte_product(product, straight_through(_bytes(quantizer, stream.stored(unit), soft), soft), unit)


def _byte_product(product: Product, values: Tensor, unit: Unit) -> tuple[Tensor, Reals, int]:
    assert product.byte_range is not None
    rows, step = byte_weights(product.weight)
    N, C = product.weight.shape[:2]
    whole = _like(rows, values).view(N, *product.kernel, C).permute(0, 3, 1, 2)
    weight = straight_through(whole, product.weight / _like(step, values)[:, None, None, None])
    bound = accumulator_bound(rows, unit.sums[product])
    return product.sums(values, weight), step * byte_step(product.byte_range), bound


def _epilogue(
    epilogue: Epilogue,
    acc: Tensor,
    acc_step: Reals,
    bound: int,
    shortcut: Stream | None,
    unit: Unit,
    dense: Dense | None = None,
) -> Stream:
    acc = acc if acc.dtype == torch.float64 else acc.float()
    y = acc if (acc_step == 1).all() else acc * _like(acc_step, acc)
    if dense is not None:
        of_window = dense.acc * _like(dense.step * MOMENT_STEP, acc)
        y = y + repeated(of_window, len(acc_step))
    of_batch = None
    if epilogue.training and isinstance(epilogue.norm, nn.BatchNorm1d):
        mean, variance = moments(y.detach().flatten(0, 2))
        of_batch = reals(mean, len(acc_step)), reals(variance, len(acc_step))
    lower = None if shortcut is None else np.tile(shortcut.after, len(acc_step) // len(shortcut.after))
    integers, after = fold_epilogue(epilogue, acc_step, bound, lower, unit, of_batch)
    with torch.no_grad():
        h = _scaled(acc, integers)
        if shortcut is not None:
            h = h + repeated(shortcut.stored(unit), len(acc_step))
        if dense is not None:
            added = window_epilogue(epilogue, dense.weight, dense.step, unit, of_batch)
            h = h + _sat16(_scaled(repeated(dense.acc, len(acc_step)), added))
        h = _sat16(h)
        h = torch.where(h >= 0, h, _sat16(_shifted(h * _whole(integers.slope, h), 13)))
        hard = h.to(y) * unit.step + _like(after, y)
    if not epilogue.training and not torch.is_grad_enabled():
        return Stream(hard, after)
    soft = epilogue(y, None if shortcut is None else shortcut.values)  # its running statistics follow
    return Stream(straight_through(hard, soft), after)


def _pooled(stream: Stream, group: tuple[int, int], unit: Unit) -> Stream:
    """Return the means of groups of tokens, rounded to nearest, ties up."""
    if group == (1, 1):
        return stream
    whole = (pooled(stream.stored(unit).to(stream.values), *group) + 0.5).floor()
    hard = whole * unit.step + _like(stream.after, whole)
    return Stream(straight_through(hard, pooled(stream.values, *group)), stream.after)


@torch.no_grad()
def _bytes(quantizer: Quantizer, whole: Tensor, like: Tensor) -> Tensor:
    """Return the bytes of integers ``[..., N]``, in the type of ``like``."""
    a = _sat16(_shifted(whole, quantizer.pre))
    scaled = (a * _whole(quantizer.scale, a) + _whole(quantizer.bias, a)) >> quantizer.shift
    return scaled.clamp(-BYTE, BYTE).to(like)


@torch.no_grad()
def _scaled(acc: Tensor, integers: StreamEpilogue) -> Tensor:
    """Return integers ``[..., N]``, scaled, with their bias."""
    a = _sat16(_shifted(acc.to(torch.int32), integers.pre))
    return _shifted(a * _whole(integers.scale, a), integers.shift) + _whole(integers.bias, a)


def _shifted(x: Tensor, bits: int) -> Tensor:
    """Return integers shifted right, rounded to nearest, ties up."""
    return (x + (1 << bits >> 1)) >> bits


def _sat16(x: Tensor) -> Tensor:
    return x.clamp(-LARGEST_HALF - 1, LARGEST_HALF)


def _whole(array: npt.NDArray[np.signedinteger[Any]], x: Tensor) -> Tensor:
    """Return integers as int32 beside ``x``."""
    return torch.from_numpy(array.astype(np.int32)).to(x.device)


def _like(array: npt.NDArray[np.generic], x: Tensor) -> Tensor:
    """Return an array as floats beside ``x``."""
    return torch.from_numpy(np.asarray(array)).to(x)
