"""The reference of the operators of version 2, which are integers throughout.

It is written for reading, and computes in int64, where no result overflows. ``>>`` is the arithmetic shift,
which rounds to negative infinity; half a step is added before it to round to nearest, ties up.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from sensor_bnn.nn.window import window_moments, window_normalized
from sensor_bnn.onnx.packing import Words, pack_bits, unpack_bits

Bytes = npt.NDArray[np.int8]
Shorts = npt.NDArray[np.int16]
Integers = npt.NDArray[np.int32]
Wide = npt.NDArray[np.int64]

SLOPE_BITS = 13
"""The bits after the point of a slope: 8192 is 1."""
RATIO_BITS = 16
"""The bits after the point of an attention head's ratio: 65536 is 1."""


def same_side(side: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    """Return the number of outputs along a side, and the number of taps before its first token.

    It is the padding "same": ``ceil(side / stride)`` outputs, and an odd missing token is at the end.
    """
    outputs = -(-side // stride)
    missing = max((outputs - 1) * stride + (kernel - 1) * dilation + 1 - side, 0)
    return outputs, missing // 2


def bnn_patches(
    X: npt.NDArray[Any],
    *,
    rows: int,
    columns: int,
    kernel_rows: int,
    kernel_columns: int,
    stride_rows: int,
    stride_columns: int,
    dilation_rows: int,
    dilation_columns: int,
) -> npt.NDArray[Any]:
    """Gather the tokens under a kernel at each of its places on the grid.

    Args:
        X: tokens ``[rows * columns, W]``, words or int8.
        rows, columns: the grid.
        kernel_rows, kernel_columns: the taps along each side.
        stride_rows, stride_columns: the tokens from one place to the next.
        dilation_rows, dilation_columns: the tokens from one tap to the next.

    Returns:
        ``[rows' * columns', kernel_rows * kernel_columns * W]`` of the same type. A tap outside the
        grid is 0.
    """
    grid = X.reshape(rows, columns, -1)
    up, top = same_side(rows, kernel_rows, stride_rows, dilation_rows)
    across, left = same_side(columns, kernel_columns, stride_columns, dilation_columns)
    result = np.zeros((up, across, kernel_rows, kernel_columns, grid.shape[-1]), X.dtype)
    for r, c, i, j in np.ndindex(*result.shape[:-1]):
        row = r * stride_rows - top + i * dilation_rows
        column = c * stride_columns - left + j * dilation_columns
        if 0 <= row < rows and 0 <= column < columns:
            result[r, c, i, j] = grid[row, column]
    return result.reshape(up * across, -1)


def bnn_int_linear(X: Bytes, W: Bytes) -> Integers:
    """Multiply int8 ``[T, K]`` by int8 ``[N, K]`` and return the exact sums, int32 ``[T, N]``."""
    return np.asarray(X.astype(np.int32) @ W.astype(np.int32).T, dtype=np.int32)


def bnn_stream(acc: Integers, scale: Shorts, bias: Shorts, slope: Shorts, *, pre: int, shift: int) -> Shorts:
    """Scale accumulators, add a bias and multiply negative results by a slope.

    Args:
        acc: accumulators ``[T, A]``; output n reads number n mod A.
        scale: the factor of each output, in steps of ``2 ** -(pre + shift)``, ``[N]``.
        bias: what is added to each output, in its own steps, ``[N]``.
        slope: the factor of negative results, Q13, ``[N]``, or ``[1]`` for all outputs.
        pre: the bits that are rounded away before the product.
        shift: the bits that are rounded away after it.

    Returns:
        int16 ``[T, N]``.
    """
    return _activated(_scaled(acc, scale, pre, shift) + bias, slope)


def bnn_stream_add(
    acc: Integers, X: Shorts, scale: Shorts, bias: Shorts, slope: Shorts, *, pre: int, shift: int
) -> Shorts:
    """As :func:`bnn_stream`, with a shortcut ``X`` in the sum; output n reads n mod B.

    It is int16 ``[T, B]``, or ``[1, B]`` for one that all tokens share.
    """
    return _activated(_scaled(acc, scale, pre, shift) + bias + _repeated(X, len(scale)), slope)


def bnn_quantize(X: npt.NDArray[Any], scale: Shorts, bias: Integers, *, pre: int, shift: int) -> Bytes:
    """Scale integers ``[..., N]`` of any type to int8 in the same shape, -127 to 127.

    The bias, int32 ``[N]``, is added before the shift, so it holds the half step that rounds to nearest.
    """
    a = _sat16(_rounded(X.astype(np.int64), pre))
    return np.asarray(np.clip((a * scale + bias) >> shift, -127, 127), dtype=np.int8)


def bnn_average_pool(X: Shorts, *, rows: int, columns: int, group_rows: int, group_columns: int) -> Shorts:
    """Return the means of groups of tokens ``[rows * columns, N]``, rounded to nearest, ties up.

    The last group of a side may be smaller; its mean is that of the tokens that it has.
    """
    grid = X.reshape(rows, columns, -1).astype(np.int64)
    means = [
        _mean(grid[row : row + group_rows, column : column + group_columns])
        for row in range(0, rows, group_rows)
        for column in range(0, columns, group_columns)
    ]
    return np.stack(means)


def bnn_token_sum(X: Shorts) -> Integers:
    """Sum int16 ``[T, N]`` over its tokens: int32 ``[1, N]``."""
    return np.asarray(X.sum(axis=0, keepdims=True), dtype=np.int32)


def bnn_token_max(X: Shorts) -> Shorts:
    """Return the largest of each channel of int16 ``[T, N]`` over its tokens: int16 ``[1, N]``."""
    return np.asarray(X.max(axis=0, keepdims=True), dtype=np.int16)


def bnn_token_count(Xp: Words, *, K: int) -> Integers:
    """Count the tokens whose bit is 1, for each of the K bits of words ``[T, KW]``: int32 ``[1, K]``."""
    return np.asarray(unpack_bits(Xp, K).sum(axis=0, keepdims=True), dtype=np.int32)


def bnn_window_moments(X: npt.NDArray[Any]) -> Shorts:
    """Return mean and logarithm of the deviation of each channel of uint8 or int16 ``[n, C]``.

    Returns:
        int16 ``[1, 2 C]``: the means, rounded to nearest, ties up; then L, in 256ths of a doubling, of
        ``n ** 1.5`` times the deviations, in steps of X.
    """
    return window_moments(X.astype(np.int64)[None]).astype(np.int16)


def bnn_window_normalize(X: npt.NDArray[Any], M: Shorts, *, gain: int) -> Shorts:
    """Subtract each channel's mean and divide by its deviation: int16 ``[n, C]``.

    Args:
        X: uint8 or int16 ``[n, C]``.
        M: the result of :func:`bnn_window_moments` of it.
        gain: the result is ``(n * X - sum) * 2 ** ((gain - L) / 256)``.
    """
    logarithms = M[:, X.shape[1] :].astype(np.int64)
    return np.asarray(window_normalized(X.astype(np.int64)[None], logarithms, gain)[0], dtype=np.int16)


def bnn_int_attention_map(S: Integers, table: Integers, ratio: Integers, *, K: int) -> Words:
    """Map scores ``[H, M, N]`` to words ``[H, M, ceil(N / 32)]``, as BnnAttentionMap, in integers.

    With ``e_n = table[h, (S_n + K) / 2]``, a bit is ``e_n * 65536 >= ratio[h] * sum of e``, both exact.

    Args:
        S: the scores, of K's parity, -K .. K.
        table: the exponentials by the count of agreeing bits, ``[H, K + 1]``, 0 .. 65535.
        ratio: the threshold of each head as a share of the row's sum, Q16, 1 .. 65536, ``[H]``.
        K: the bits of a query and a key.
    """
    head = np.arange(S.shape[0])[:, None, None]
    e = table[head, (S + K) // 2].astype(np.int64)
    total = e.sum(axis=-1, keepdims=True)
    return pack_bits((e << RATIO_BITS) >= ratio[:, None, None] * total)


def _half(bits: int) -> int:
    return 1 << bits >> 1


def _rounded(x: Wide, bits: int) -> Wide:
    return (x + _half(bits)) >> bits


def _sat16(x: Wide) -> Wide:
    return np.clip(x, -(2**15), 2**15 - 1)


def _repeated(x: npt.NDArray[Any], channels: int) -> Wide:
    """Repeat the last axis up to ``channels``."""
    return np.tile(x.astype(np.int64), channels // x.shape[-1])


def _scaled(acc: Integers, scale: Shorts, pre: int, shift: int) -> Wide:
    a = _sat16(_rounded(_repeated(acc, len(scale)), pre))
    return _rounded(a * scale, shift)


def _activated(sum_: Wide, slope: Shorts) -> Shorts:
    h = _sat16(sum_)
    return np.where(h >= 0, h, _sat16(_rounded(h * slope, SLOPE_BITS))).astype(np.int16)


def _mean(group: Wide) -> Shorts:
    """Return the mean of ``[rows, columns, N]`` over its tokens, int16 ``[N]``."""
    n = group.shape[0] * group.shape[1]
    return np.asarray((2 * group.sum(axis=(0, 1)) + n) // (2 * n), dtype=np.int16)
