"""The layers of the hybrid family folded to integers, from the input to the logits."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
from torch import nn

from sensor_bnn.errors import CheckpointError
from sensor_bnn.nn.attention import RATIO_ONE
from sensor_bnn.nn.folded_hybrid import (
    BitProduct,
    ByteProduct,
    Bytes,
    FoldedHead,
    FoldedHybrid,
    FoldedHybridAttention,
    FoldedHybridMlp,
    FoldedLayer,
    FoldedPool,
    FoldedSigned,
    FoldedStem,
    FoldedWindow,
    Halves,
    Quantizer,
    StreamEpilogue,
)
from sensor_bnn.nn.hybrid import MOST_DEVIATIONS, Attention, Head, Mlp, Pool, Signed, Stem
from sensor_bnn.nn.hybrid_config import HybridConfig
from sensor_bnn.nn.hybrid_parts import BYTE, Epilogue, Product, Threshold
from sensor_bnn.nn.integers import (
    LARGEST_BIAS,
    LARGEST_HALF,
    Reals,
    Unit,
    affine,
    bit_weights,
    byte_step,
    byte_weights,
    check_slope,
    fold_epilogue,
    gains,
    input_steps,
    power_of_two,
    quantizer,
    quantizer_of,
    reals,
    taps_of,
    threshold_of,
    window_steps,
)
from sensor_bnn.nn.ranges import Ranges
from sensor_bnn.nn.window import DEVIATION, FLAT, GAIN_STEP, LOG_STEPS, gain_of
from sensor_bnn.tracing import NOTES

PIXEL = 255
"""The byte of a pixel of value 1."""

MOMENT_STEP = MOST_DEVIATIONS / BYTE
"""The step of 8 bits of a window's normalised mean and deviation."""
_DOUBLINGS = 3
_MORE = 2
"""The accumulators and logits of a test window may be so many times as large as any in training."""


def fold(
    config: HybridConfig,
    stem: Stem,
    layers: Iterable[nn.Module],
    head: Head,
    ranges: Ranges,
    sums: Mapping[Product, float],
) -> FoldedHybrid:
    """Fold a model in evaluation mode.

    The stream's unit is the one that training rounded with. If it did not round, it is one that holds all but
    a few values of training, and up to 8 times as large if fewer constants then exceed 16 bits.

    Args:
        config: the configuration of the model.
        stem, layers, head: its parts, in the order of computation.
        ranges: the ranges that were measured.
        sums: of these, the largest magnitude of the accumulators of each product in 8 bits.

    Raises:
        CheckpointError: a part of the model has no integers, or its ranges were not measured.
    """
    _check(config, ranges)
    layers = list(layers)
    least = ranges.stream_range() / (LARGEST_HALF + 1)
    steps = [float(ranges.step)] if ranges.step else [least * 2.0**more for more in range(_DOUBLINGS + 1)]
    units = [Unit(step, sums) for step in steps]
    found = [_fold(config, stem, layers, head, ranges, unit) for unit in units]
    unit, folded = min(zip(units, found, strict=True), key=lambda pair: (pair[0].reduced, pair[0].step))
    if unit.reduced:
        NOTES.warning(
            "%s: %d channels hardly change over the training set; their integers have a smaller scale.",
            config.name,
            unit.reduced,
        )
    return folded


def _fold(
    config: HybridConfig, stem: Stem, layers: list[nn.Module], head: Head, ranges: Ranges, unit: Unit
) -> FoldedHybrid:
    first, after, steps = _stem(stem, ranges, unit, math.prod(config.input_shape[1:]))
    folded: list[FoldedLayer] = []
    for index, layer in enumerate(layers):
        integers, after = _layer(layer, after, unit, f"layers.{index}")
        folded.append(integers)
    last, output_step = _head(head, after, config.tokens, unit, float(ranges.logits))
    return FoldedHybrid(
        name=config.name,
        classes=config.classes,
        channels=config.channels,
        length=config.length,
        height=config.height,
        stem=first,
        layers=tuple(folded),
        head=last,
        input_step=None if steps is None else tuple(float(step) for step in steps),
        output_step=output_step,
        stream_step=unit.step,
        channel_names=config.channel_names,
        targets=tuple(replace(target, scale=target.scale * output_step) for target in config.targets),
        input_gain=config.gain,
    )


def _layer(layer: nn.Module, after: Reals, unit: Unit, what: str) -> tuple[FoldedLayer, Reals]:
    """Fold a layer; the stored stream is lower by ``after``, ``[C]``, before and after it."""
    match layer:
        case Signed():
            return _signed(layer, after, unit, what)
        case Mlp():
            expand, hidden = _signed(layer.expand, after, unit, f"{what}.expand")
            contract, after = _product(
                layer.threshold, layer.contract, layer.epilogue, hidden, after, unit, f"{what}.contract"
            )
            return FoldedHybridMlp(expand, contract), after
        case Attention():
            return _attention(layer, after, unit, what)
        case Pool():
            return FoldedPool(*layer.sides), after
    raise AssertionError(layer)


def _stem(stem: Stem, ranges: Ranges, unit: Unit, tokens: int) -> tuple[FoldedStem, Reals, Reals | None]:
    """Fold the stem; return also the units per step of the input, ``[C]``, or None for bytes of images."""
    quantize, steps = input_quantizer(stem, ranges)
    product, acc_step, bound = _byte_product(stem.product, quantize, unit)
    copies = np.tile(acc_step, stem.width // len(acc_step))
    check_slope(stem.epilogue, "The stem")
    epilogue, after = fold_epilogue(stem.epilogue, copies, bound, None, unit)
    window = None
    if stem.dense is not None:
        weight, step = byte_weights(stem.dense.weight)
        quantize = window_quantizer(stem, steps, tokens)
        added = window_epilogue(stem.epilogue, weight, step, unit)
        logarithms = set_logarithms(stem, steps, tokens)
        window = FoldedWindow(gain_of(tokens), logarithms, quantize, weight, added)
    return FoldedStem(product, epilogue, stem.pool, window), after, steps


def window_quantizer(stem: Stem, steps: Reals | None, tokens: int) -> Quantizer:
    """Return what makes bytes of a window's means and logarithms of deviations, ``[2 C]``.

    Args:
        stem: a stem that normalises each window by itself.
        steps: the units per step of the input, ``[C]``; None for bytes of images.
        tokens: the tokens of a window.
    """
    C = len(stem.mean)
    units = np.full(C, 1 / PIXEL) if steps is None else steps
    mean, std = reals(stem.window_mean, 2 * C), reals(stem.window_std, 2 * C)
    doubling = np.log(2) / LOG_STEPS
    # A logarithm is rounded down: the middle of its step is half a step higher.
    start = np.log(units) - 1.5 * np.log(tokens) + doubling / 2
    factor, offset = np.append(units, np.full(C, doubling)), np.append(np.zeros(C), start)
    byte = std * MOMENT_STEP
    made = quantizer(factor / byte, (offset - mean) / byte, LARGEST_HALF, "a window's mean and deviation")
    # A scale is rounded, and a logarithm is large: the rounding changes nothing at the mean of the set.
    middle = ((mean - offset) / factor).clip(-LARGEST_HALF, LARGEST_HALF)
    bias = made.bias + np.rint((factor / byte * 2.0**made.shift - made.scale) * middle)
    return replace(made, bias=bias.clip(-LARGEST_BIAS, LARGEST_BIAS - 1).astype(np.int32))


def set_logarithms(stem: Stem, steps: Reals | None, tokens: int) -> Halves | None:
    """Return the deviations of the training set as ``window_moments`` counts those of a window, ``[C]``.

    Args:
        stem: a stem that normalises each window by itself.
        steps: the units per step of the input, ``[C]``; None for bytes of images.
        tokens: the tokens of a window.

    Returns:
        None if each window is divided by its own deviation.
    """
    if stem.normalise != "mean":
        return None
    deviations = reals(stem.std, len(stem.std)) / (1 / PIXEL if steps is None else steps)
    logarithms = np.floor(LOG_STEPS * (np.log2(deviations) + 1.5 * np.log2(tokens)))
    return np.asarray(logarithms.clip(FLAT, LARGEST_HALF), dtype=np.int16)


def window_epilogue(
    epilogue: Epilogue, weight: Bytes, step: Reals, unit: Unit, moments: tuple[Reals, Reals] | None = None
) -> StreamEpilogue:
    """Return what makes the addend of a window from the sums of the layer that reads its moments.

    Args:
        epilogue: that of the stem, of N channels.
        weight, step: the weights of that layer, int8 ``[A, 2 C]``, and their steps, ``[A]``.
        unit: the stream's unit.
        moments: as in ``fold_epilogue``.
    """
    N = len(epilogue.norm.weight)
    acc_step = np.tile(step * MOMENT_STEP, N // len(step))
    bound = BYTE * int(np.abs(weight.astype(np.int64)).sum(axis=1).max())
    none = np.zeros(N)
    return affine(gains(epilogue, N, moments) * acc_step, none, none, max(bound, 1), unit)


def input_quantizer(stem: Stem, ranges: Ranges) -> tuple[Quantizer, Reals | None]:
    """Return what makes bytes of the input, and its units per step, ``[C]``, or None for bytes of images."""
    assert stem.product.byte_range is not None
    C = len(stem.mean)
    mean, std = reals(stem.mean, C), reals(stem.std, C)
    byte = std * byte_step(stem.product.byte_range)
    if stem.dense is not None:  # the mean is 0 and the deviation a fixed number of steps
        byte = np.full(C, byte_step(stem.product.byte_range))
        steps = None if stem.image else window_steps(reals(ranges.input, C), ranges.whole.cpu().numpy())
        if stem.by_gain:
            steps = np.full(C, GAIN_STEP)
        return quantizer(1 / DEVIATION / byte, np.zeros(C), LARGEST_HALF, "the input"), steps
    if stem.image:
        return quantizer(1 / PIXEL / byte, -mean / byte, PIXEL, "the input"), None
    steps = input_steps(reals(ranges.input, C), ranges.whole.cpu().numpy(), byte)
    return quantizer(steps / byte, -mean / byte, LARGEST_HALF, "the input"), steps


def _signed(layer: Signed, after: Reals, unit: Unit, what: str) -> tuple[FoldedSigned, Reals]:
    return _product(layer.threshold, layer.product, layer.epilogue, after, after, unit, what)


def _product(
    threshold: Threshold | None,
    product: Product,
    epilogue: Epilogue,
    after: Reals,
    shortcut: Reals,
    unit: Unit,
    what: str,
) -> tuple[FoldedSigned, Reals]:
    """Fold a layer that reads a stream lower by ``after`` and adds one that is lower by ``shortcut``."""
    folded: BitProduct | ByteProduct
    if threshold is not None:
        weight = bit_weights(product)
        folded = BitProduct(threshold_of(threshold.binarize, after, unit), weight, taps_of(product))
        acc_step, bound = np.ones(len(weight)), weight.shape[1]
    else:
        assert product.byte_range is not None
        quantize = quantizer_of(product.byte_range, after, unit, what)
        folded, acc_step, bound = _byte_product(product, quantize, unit)
    added = np.tile(shortcut, len(acc_step) // len(shortcut))
    check_slope(epilogue, what)
    integers, after = fold_epilogue(epilogue, acc_step, bound, added, unit)
    return FoldedSigned(folded, integers), after


def _byte_product(product: Product, quantize: Quantizer, unit: Unit) -> tuple[ByteProduct, Reals, int]:
    """Return the integers of a product, what 1 of each accumulator is worth, ``[N]``, and their bound."""
    assert product.byte_range is not None
    weight, step = byte_weights(product.weight)
    bound = accumulator_bound(weight, unit.sums[product])
    return ByteProduct(quantize, weight, taps_of(product)), step * byte_step(product.byte_range), bound


def accumulator_bound(weight: Bytes, seen: float) -> int:
    """The largest magnitude that accumulators of weights ``[N, K]`` and bytes need to have.

    Args:
        weight: the weights.
        seen: the largest magnitude in training.
    """
    return _bound(weight, _MORE * seen)


def _bound(weight: Bytes, most: float) -> int:
    possible = BYTE * int(np.abs(weight.astype(np.int64)).sum(axis=1).max())
    return max(min(possible, round(most)), 1)


def _attention(layer: Attention, after: Reals, unit: Unit, what: str) -> tuple[FoldedHybridAttention, Reals]:
    assert layer.signs is not None and layer.merged is not None
    width = len(after)
    projections, thresholds = [], []
    parts = {"query": layer.query, "key": layer.key, "value": layer.value}
    for (role, part), sign in zip(parts.items(), layer.signs, strict=True):
        assert isinstance(sign, Threshold)
        projection, after_part = _signed(part, after, unit, f"{what}.{role}")
        projections.append(projection)
        thresholds.append(threshold_of(sign.binarize, after_part, unit))
    query, key, value = projections
    of_query, of_key, of_value = thresholds
    table, ratio = layer.map.fold()
    whole_ratio = layer.map.whole_ratio().numpy().copy()
    if whole_ratio.max() > RATIO_ONE:
        raise CheckpointError(
            f"{what}: a head attends to no token, since none has {ratio.max():.3g} times the whole attention;"
            " it has no integers.",
            "Train with attention over more tokens, or leave attn out of that stage.",
        )
    check_slope(layer.epilogue, f"{what}.output")
    epilogue, after = fold_epilogue(layer.epilogue, np.ones(width), width, after, unit)
    folded = FoldedHybridAttention(
        query=query,
        key=key,
        value=value,
        thresholds=(of_query, of_key, of_value),
        table=table,
        ratio=whole_ratio,
        merged=layer.merged.fold_integer(width),
        weight=bit_weights(layer.output),
        epilogue=epilogue,
    )
    return folded, after


def _head(head: Head, after: Reals, tokens: int, unit: Unit, largest: float) -> tuple[FoldedHead, float]:
    """Fold the head; return also the logit per step of its outputs.

    Args:
        head: the head.
        after: what the stored stream is lower by, ``[d]``.
        tokens: the number of tokens.
        unit: the stream's unit.
        largest: the largest magnitude of the logits in training.
    """
    weight, acc_step = byte_weights(head.linear.weight)
    threshold = None if head.positive is None else threshold_of(head.positive, after, unit)
    epilogue, logit = head_epilogue(head, weight, acc_step, largest)
    return FoldedHead(head_features(head, after, tokens, unit), threshold, weight, epilogue), logit


def head_features(head: Head, after: Reals, tokens: int, unit: Unit) -> tuple[tuple[str, Quantizer], ...]:
    """Return each kind of features with what makes bytes of its sum, largest value or count.

    Args:
        head, after, tokens, unit: as in ``_head``.
    """
    assert head.byte_range is not None
    step, width = byte_step(head.byte_range), len(after)
    features = []
    for name in head.pooling:
        if name == "positive":  # Of n tokens, of which c are +1, the mean of the signs is (2 c - n) / n.
            factor, offset, bound = 2 / tokens, np.full(width, -1.0), tokens
        elif name == "mean":
            factor, offset, bound = unit.step / tokens, after, tokens * LARGEST_HALF
        else:
            factor, offset, bound = unit.step, after, LARGEST_HALF
        each = quantizer(np.full(width, factor / step), offset / step, bound, "the head's features")
        features.append((name, each))
    return tuple(features)


def head_epilogue(head: Head, weight: Bytes, acc_step: Reals, largest: float) -> tuple[StreamEpilogue, float]:
    """Return what makes the logits, and the logit per step.

    Args:
        head: the head.
        weight: its weights, int8 ``[classes, features]``.
        acc_step: what 1 of them is worth, ``[classes]``.
        largest: the largest magnitude of the logits in training.
    """
    assert head.byte_range is not None
    acc_step = acc_step * byte_step(head.byte_range)
    bias = reals(head.linear.bias, len(weight))
    most = _MORE * max(largest, float(np.abs(bias).max()), 1e-9)
    logit = Unit(power_of_two(most / LARGEST_HALF))
    seen = float(((most + np.abs(bias)) / acc_step).max())
    return affine(acc_step, np.zeros(len(weight)), bias, _bound(weight, seen), logit), logit.step


def without_integers(config: HybridConfig) -> list[str]:
    """Return the keys of a configuration, with their values, for which there are no integers."""
    problems = []
    if config.precision == "full":
        problems.append('precision = "full"')
    binary = taps = bool(len(config.widths) > 1 and config.bits == "1")
    for line in config.plan:
        for layer in line:
            bits = layer.bits or config.bits
            if layer.kind == "sep":
                problems.append("sep in stages")
            binary |= bits == "1" and layer.kind != "pool"
            taps |= bits == "1" and layer.kind == "conv"
            if layer.kind not in ("pool", "sep") and layer.bits == "float":
                problems.append(f"{layer.kind}@float in stages")
            if layer.kind == "attn" and bits == "8":
                whole = f'precision = "{config.precision}" with attn in stages'
                problems.append("attn@8 in stages" if layer.bits else whole)
    if taps and config.kernel > 1 and config.padding == "zero":
        problems.append('padding = "zero"')
    if binary and config.restore == "live":
        problems.append('restore = "live"')
    return list(dict.fromkeys(problems))


def _check(config: HybridConfig, ranges: Ranges) -> None:
    """Refuse what has no integers yet, by the recipe's keys, and a model that was not measured."""
    problems = without_integers(config)
    if problems:
        raise CheckpointError(
            f"The model {config.name} cannot be exported: there are no integers yet for"
            f" {', '.join(problems)}.",
            "Train with another value of each; the checkpoint itself can be evaluated as it is.",
        )
    if not ranges.measured:
        raise CheckpointError(
            f"The model {config.name} cannot be exported: its checkpoint does not hold the ranges of its"
            " values, which integers need.",
            "Run its `sensor-bnn train` again with --resume: a finished run trains no further, but measures"
            " them.",
        )
