"""The cases of the operators of version 2: ties, saturation, negative floors, and grids of every kind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from sensor_bnn.onnx.operators import OPERATORS, Array
from sensor_bnn.onnx.vectors import Case, Draw, i16, i32, solve

SHORT_MIN, SHORT_MAX = -(2**15), 2**15 - 1
BYTE_MIN, BYTE_MAX = -(2**7), 2**7 - 1
LARGEST_SUM = 2**30
"""The largest magnitude of an accumulator, and the limit of a bias of BnnQuantize."""
ONE = 8192
"""The slope 1."""

_GRIDS = {
    "one-token": ((1, 1), (3, 3), (1, 1), (1, 1)),
    "every-token-as-it-is": ((3, 4), (1, 1), (1, 1), (1, 1)),
    "one-row": ((1, 9), (1, 5), (1, 2), (1, 1)),
    "one-column": ((9, 1), (3, 1), (2, 1), (2, 1)),
    "square": ((5, 4), (3, 3), (1, 1), (1, 1)),
    "stride-odd-and-even-side": ((5, 6), (3, 3), (2, 2), (1, 1)),
    "stride-beyond-the-kernel": ((7, 8), (1, 2), (3, 3), (1, 1)),
    "stride-beyond-the-grid": ((3, 2), (3, 3), (5, 7), (1, 1)),
    "even-kernel": ((4, 5), (2, 4), (1, 2), (1, 1)),
    "kernel-beyond-the-grid": ((2, 3), (5, 7), (1, 1), (1, 1)),
    "dilation": ((7, 6), (3, 3), (1, 2), (2, 2)),
    "dilation-beyond-the-grid": ((3, 4), (3, 3), (1, 1), (3, 9)),
    "sides-differ": ((4, 7), (2, 3), (2, 1), (1, 3)),
}
"""Grid, kernel, stride and dilation, each for rows and columns."""


def integer_cases() -> Iterator[Case]:
    """Make every case of the operators of version 2, with the outputs of the reference."""
    yield from _patches_cases()
    yield from _int_linear_cases()
    yield from _stream_cases()
    yield from _stream_add_cases()
    yield from _quantize_cases()
    yield from _average_pool_cases()
    yield from _token_sum_cases()
    yield from _token_max_cases()
    yield from _token_count_cases()
    yield from _int_attention_map_cases()
    yield from _window_cases()


def _patches_cases() -> Iterator[Case]:
    name = "BnnPatches"
    for label, (grid, kernel, stride, dilation) in _GRIDS.items():
        attributes = {"rows": grid[0], "columns": grid[1]}
        for what, (rows, columns) in (("kernel", kernel), ("stride", stride), ("dilation", dilation)):
            attributes |= {f"{what}_rows": rows, f"{what}_columns": columns}
        tokens = grid[0] * grid[1]
        draw = Draw(name, label)
        yield solve(name, f"words-{label}", draw.bits(tokens, 32), **attributes)
        yield solve(name, f"bytes-{label}", _bytes(draw, tokens, 3), **attributes)
    draw = Draw(name, "width")
    row = {"rows": 1, "columns": 5, "kernel_rows": 1, "kernel_columns": 3}
    row |= dict.fromkeys(("stride_rows", "stride_columns", "dilation_rows", "dilation_columns"), 1)
    yield solve(name, "three-words", draw.bits(5, 96), **row)
    yield solve(name, "all-ones", draw.bits(5, 32, ones=1), **row)
    for width in (1, 4, 33):
        yield solve(name, f"bytes-W{width}", _bytes(draw, 5, width), **row)


def _int_linear_cases() -> Iterator[Case]:
    name = "BnnIntLinear"
    for T, N, K in (
        (1, 1, 1),
        (1, 7, 3),
        (3, 5, 4),
        (3, 7, 31),
        (2, 8, 32),
        (9, 9, 33),
        (4, 33, 10),
        (8, 16, 64),
    ):
        draw = Draw(name, T, N, K)
        yield solve(name, f"rows{T}-N{N}-K{K}", _bytes(draw, T, K), _bytes(draw, N, K))
    # 1100 * 2**14 is more than 2**24, below which float32 counts exactly; all of these exceed 16 bits.
    ends = np.repeat(np.array([BYTE_MIN, BYTE_MAX], np.int8), 1100).reshape(2, -1)
    yield solve(name, "sum-beyond-24-bits", ends, ends)
    odd = ends.copy()
    odd[:, -1] = 1
    yield solve(name, "odd-sum-beyond-24-bits", odd, odd)
    pair = np.array([[BYTE_MIN, BYTE_MIN], [BYTE_MAX, BYTE_MAX]], np.int8)
    yield solve(name, "two-products-beyond-16-bits", pair, pair)
    yield solve(name, "zeros", np.zeros((2, 5), np.int8), np.zeros((3, 5), np.int8))


def _stream_cases() -> Iterator[Case]:
    name = "BnnStream"
    for T, A, N in ((1, 1, 1), (3, 7, 7), (2, 8, 8), (9, 33, 33), (2, 3, 9), (3, 1, 5)):
        for pre, shift in ((0, 9), (3, 12)):
            draw = Draw(name, T, A, N, pre)
            acc = draw.integers(-3000, 3000, T, A)
            yield solve(
                name, f"rows{T}-A{A}-N{N}-pre{pre}-shift{shift}", acc, *_affine(draw, N), pre=pre, shift=shift
            )
    yield from _arithmetic_cases(name, ())


def _stream_add_cases() -> Iterator[Case]:
    name = "BnnStreamAdd"
    for T, A, B, N in (
        (1, 1, 1, 1),
        (3, 7, 7, 7),
        (2, 8, 4, 8),
        (9, 33, 33, 33),
        (2, 12, 4, 12),
        (2, 3, 2, 6),
    ):
        for pre, shift in ((0, 9), (3, 12)):
            draw = Draw(name, T, A, B, N, pre)
            acc, X = draw.integers(-3000, 3000, T, A), _shorts(draw, 900, T, B)
            label = f"rows{T}-A{A}-B{B}-N{N}-pre{pre}-shift{shift}"
            yield solve(name, label, acc, X, *_affine(draw, N), pre=pre, shift=shift)
    for T, A, B, N in ((3, 7, 7, 7), (4, 4, 2, 8)):
        draw = Draw(name, "shared", T, A, B, N)
        acc, X = draw.integers(-3000, 3000, T, A), _shorts(draw, 900, 1, B)
        yield solve(name, f"rows{T}-A{A}-B{B}-N{N}-shared", acc, X, *_affine(draw, N), pre=3, shift=12)
    yield from _arithmetic_cases(name, (np.zeros((1, 1), np.int16),))
    steep = i16(ONE, ONE, ONE, ONE), i16(0, 0, SHORT_MAX, SHORT_MIN), np.full(4, ONE, np.int16)
    X = i16(SHORT_MAX, SHORT_MIN, SHORT_MIN, SHORT_MAX)[None]
    for label, sums in (("above", i32(5, 5, 5, 5)), ("below", i32(-5, -5, -5, -5))):
        yield solve(name, f"shortcut-saturates-{label}", sums[None], X, *steep, pre=0, shift=0)


def _arithmetic_cases(name: str, shortcut: tuple[Array, ...]) -> Iterator[Case]:
    """Ties, floors and saturation of BnnStream, and of BnnStreamAdd with a shortcut of 0."""

    def one(
        label: str, acc: Sequence[int], scale: Array, bias: Array, slope: Array, pre: int, shift: int
    ) -> Case:
        return solve(name, label, i32(*acc)[None], *shortcut, scale, bias, slope, pre=pre, shift=shift)

    def equal(count: int, scale: int, slope: int = ONE) -> tuple[Array, Array, Array]:
        return np.full(count, scale, np.int16), np.zeros(count, np.int16), np.full(count, slope, np.int16)

    near = range(-7, 8)
    ends = (LARGEST_SUM, -LARGEST_SUM, 32767, 32768, 40000, -32768, -32769, -40000, 0)
    yield one("ties-of-pre", near, *equal(15, 1), pre=1, shift=0)
    yield one("ties-of-shift", near, *equal(15, 1), pre=0, shift=1)
    yield one("ties-of-both", [8 * n for n in near], *equal(15, 3), pre=4, shift=2)
    yield one("no-shift", near, *equal(15, -5), pre=0, shift=0)
    yield one("largest-shifts", ends, *equal(9, SHORT_MIN), pre=30, shift=30)
    yield one("largest-shift", ends, *equal(9, SHORT_MIN), pre=0, shift=30)
    yield one("accumulator-saturates", ends, *equal(9, 1), pre=0, shift=0)
    yield one("accumulator-saturates-after-pre", ends, *equal(9, 1), pre=14, shift=0)
    yield one("largest-products", ends, *equal(9, SHORT_MIN), pre=0, shift=15)
    yield one("products-saturate", ends, *equal(9, SHORT_MAX), pre=0, shift=0)
    bias = i16(SHORT_MAX, SHORT_MIN, 1, -1, 32000, -32000)
    full = [SHORT_MAX, SHORT_MIN, SHORT_MAX, SHORT_MIN, 768, -769]
    yield one("bias-saturates", full, i16(*[1] * 6), bias, i16(*[ONE] * 6), pre=0, shift=0)
    slope = i16(0, 1, -1, ONE, -ONE, SHORT_MAX, SHORT_MIN, 2048, -2048)
    for label, acc in (
        ("one-below-zero", -1),
        ("lowest", SHORT_MIN),
        ("zero", 0),
        ("one", 1),
        ("two-below", -2),
    ):
        yield one(f"slopes-at-{label}", [acc] * 9, i16(*[1] * 9), i16(*[0] * 9), slope, pre=0, shift=0)
    yield one("ties-of-slope", [-1, -2, -3, -4, -5, -6], *equal(6, 1, slope=4096), pre=0, shift=0)
    shared = (np.full(6, 3, np.int16), i16(0, 5, -5, 100, -100, 0), i16(-2048))
    yield one("one-slope-for-all", [-1, -2, 3, -400, 500, -6], *shared, pre=0, shift=1)
    yield one("ties-of-negative-slope", [-1, -2, -3, -4, -5, -6], *equal(6, 1, slope=-4096), pre=0, shift=0)


def _quantize_cases() -> Iterator[Case]:
    name = "BnnQuantize"
    kinds: dict[type[np.integer[Any]], tuple[int, int]] = {
        np.uint8: (0, 255),
        np.int8: (-128, 127),
        np.int16: (SHORT_MIN, SHORT_MAX),
        np.int32: (-9999, 9999),
    }
    for kind, (low, high) in kinds.items():
        for shape in ((1, 1), (3, 7), (2, 33)):
            for pre, shift in ((0, 12), (2, 14)):
                draw = Draw(name, kind.__name__, *shape, pre)
                X = draw.integers(low, high, *shape, dtype=kind)
                scale, bias = _shorts(draw, 90, shape[-1]), draw.integers(-9999, 9999, shape[-1])
                label = f"{kind.__name__}-rows{shape[0]}-N{shape[1]}-pre{pre}-shift{shift}"
                yield solve(name, label, X, scale, bias, pre=pre, shift=shift)
    draw = Draw(name, "rank")
    for longer in ((5,), (1, 3, 2, 5)):
        X = _shorts(draw, 4000, *longer)
        yield solve(
            name, f"rank-{len(longer)}", X, _shorts(draw, 90, 5), draw.integers(-99, 99, 5), pre=0, shift=12
        )
    near = range(-7, 8)
    ones, none = np.ones(15, np.int16), np.zeros(15, np.int32)
    yield solve(name, "ties-of-pre", i32(*near), ones, none, pre=1, shift=0)
    yield solve(name, "floor-without-bias", i32(*near), ones, none, pre=0, shift=1)
    yield solve(name, "half-a-step-as-bias", i32(*near), ones, none + np.int32(1), pre=0, shift=1)
    ends = i16(126, 127, 128, 129, -126, -127, -128, -129, SHORT_MAX, SHORT_MIN)
    ones, none = np.ones(10, np.int16), np.zeros(10, np.int32)
    yield solve(name, "saturates-symmetrically", ends, ones, none, pre=0, shift=0)
    yield solve(name, "negative-scale", ends, -ones, none, pre=0, shift=0)
    yield solve(name, "byte-ends", np.array([BYTE_MIN, BYTE_MAX, -127], np.int8), i16(1, 1, 1), i32(0, 0, 0),
                pre=0, shift=0)  # fmt: skip
    yield solve(name, "unsigned-byte-ends", np.array([0, 128, 255], np.uint8), i16(127, 127, 127),
                i32(128, 128, 128), pre=0, shift=8)  # fmt: skip
    wide = i32(LARGEST_SUM, -LARGEST_SUM, 40000, -40000)
    steep = i16(SHORT_MIN, SHORT_MIN, SHORT_MAX, SHORT_MAX)
    yield solve(name, "input-saturates", wide, i16(1, 1, 1, 1), i32(0, 0, 0, 0), pre=0, shift=8)
    yield solve(name, "input-saturates-after-pre", wide, i16(1, 1, 1, 1), i32(0, 0, 0, 0), pre=14, shift=8)
    # The largest product and the largest bias together are the largest int32.
    bias = i32(-LARGEST_SUM, LARGEST_SUM - 1, LARGEST_SUM - 1, -LARGEST_SUM)
    yield solve(name, "largest-biases", wide, steep, bias, pre=0, shift=25)
    yield solve(name, "largest-shifts", wide, steep, bias, pre=30, shift=30)


def _average_pool_cases() -> Iterator[Case]:
    name = "BnnAveragePool"
    for rows, columns, group_rows, group_columns in (
        *((1, 1, 1, 1), (3, 4, 1, 1), (4, 6, 2, 2), (5, 7, 2, 3), (1, 9, 1, 4), (9, 1, 2, 1), (3, 5, 3, 5)),
        *((3, 4, 7, 9), (5, 2, 4, 1), (6, 6, 3, 4)),
    ):
        sides = {"rows": rows, "columns": columns, "group_rows": group_rows, "group_columns": group_columns}
        for N in (1, 5):
            X = _shorts(Draw(name, *sides.values(), N), SHORT_MAX, rows * columns, N)
            yield solve(name, f"{rows}x{columns}-by-{group_rows}x{group_columns}-N{N}", X, **sides)
    pair = {"rows": 1, "columns": 2, "group_rows": 1, "group_columns": 2}
    ties = np.array(
        [[0, 0, -1, -2, 5, SHORT_MAX, SHORT_MIN], [1, -1, 0, -1, -2, SHORT_MAX - 1, SHORT_MIN + 1]]
    )
    yield solve(name, "ties-round-up", ties.astype(np.int16), **pair)
    third = {"rows": 3, "columns": 1, "group_rows": 3, "group_columns": 1}
    sums = np.array([[1, 2, -1, -2, 4, -4, -5], [0] * 7, [0] * 7], np.int16)
    yield solve(name, "thirds", sums, **third)
    square = {"rows": 9, "columns": 8, "group_rows": 9, "group_columns": 8}
    ends = np.repeat(np.array([[SHORT_MAX, SHORT_MIN]], np.int16), 72, axis=0)
    yield solve(name, "extremes", ends, **square)


def _token_sum_cases() -> Iterator[Case]:
    name = "BnnTokenSum"
    for T, N in ((1, 1), (1, 33), (3, 7), (9, 8), (40, 3)):
        yield solve(name, f"rows{T}-N{N}", _shorts(Draw(name, T, N), SHORT_MAX, T, N))
    ends = np.repeat(np.array([[SHORT_MAX, SHORT_MIN, 0]], np.int16), 300, axis=0)
    yield solve(name, "sum-beyond-16-bits", ends)


def _token_max_cases() -> Iterator[Case]:
    name = "BnnTokenMax"
    for T, N in ((1, 1), (1, 33), (3, 7), (9, 8), (40, 3)):
        yield solve(name, f"rows{T}-N{N}", _shorts(Draw(name, T, N), SHORT_MAX, T, N))
    yield solve(name, "all-negative", -np.arange(1, 13, dtype=np.int16).reshape(4, 3))
    ends = np.array([[SHORT_MIN, SHORT_MIN, 0], [SHORT_MIN, SHORT_MAX, SHORT_MIN]], np.int16)
    yield solve(name, "extremes", ends)


def _token_count_cases() -> Iterator[Case]:
    name = "BnnTokenCount"
    for K in (1, 31, 32, 33, 64, 65):
        for T in (1, 9):
            yield solve(name, f"rows{T}-K{K}", Draw(name, T, K).bits(T, K), K=K)
    draw = Draw(name, "all")
    yield solve(name, "all-ones-beyond-8-bits", draw.bits(300, 33, ones=1), K=33)
    yield solve(name, "all-zeros", draw.bits(5, 33, ones=0), K=33)


def _int_attention_map_cases() -> Iterator[Case]:
    name = "BnnIntAttentionMap"
    for K in (1, 32, 33, 64):
        for N in (1, 31, 33, 50):
            draw = Draw(name, K, N)
            table = np.sort(draw.integers(0, 65535, 2, K + 1), axis=1)
            S = 2 * draw.integers(0, K, 2, 3, N) - np.int32(K)
            yield solve(name, f"K{K}-N{N}", S, table, i32(65536 * 9 // (9 * N + 1), 40000 // N), K=K)
    S = 2 * Draw(name, "scores").integers(0, 32, 1, 2, 8) - np.int32(32)
    same = np.full((1, 33), 777, np.int32)
    yield solve(name, "ties-are-one", S, same, i32(8192), K=32)
    yield solve(name, "just-above-is-zero", S, same, i32(8193), K=32)
    yield solve(name, "table-of-zeros", S, np.zeros((1, 33), np.int32), i32(65536), K=32)
    for label, ratio in (("smallest", 1), ("one", 65536)):
        yield solve(name, f"ratio-{label}", S, np.arange(100, 133, dtype=np.int32)[None], i32(ratio), K=32)
    ends = np.array([[[-32, 32, -32, 32, 0]]], np.int32)
    yield solve(name, "score-extremes", ends, np.arange(0, 66, 2, dtype=np.int32)[None], i32(16384), K=32)
    full = np.full((1, 2), 65535, np.int32)
    many = np.ones((1, 1, 300), np.int32)
    yield solve(name, "largest-entries", many, full, i32(65536 // 300), K=1)
    yield solve(name, "largest-entries-and-ratio", many, full, i32(65536), K=1)
    # The sum 511 * 32768 + 32769 = 2**24 + 1 would be 2**24 in float32, and each entry a tie with its limit.
    S = np.full((1, 2, 512), -1, np.int32)
    S[0, 0, :1] = S[0, 1, :2] = 1
    yield solve(name, "a-sum-that-float32-would-round", S, i32(32768, 32769)[None], i32(128), K=1)


def _bytes(draw: Draw, *shape: int) -> Array:
    return draw.integers(BYTE_MIN, BYTE_MAX, *shape, dtype=np.int8)


def _shorts(draw: Draw, largest: int, *shape: int) -> Array:
    return draw.integers(-largest, largest, *shape, dtype=np.int16)


def _affine(draw: Draw, N: int) -> tuple[Array, Array, Array]:
    """Draw scale, bias and slope of N outputs."""
    return _shorts(draw, 900, N), _shorts(draw, 900, N), _shorts(draw, 2 * ONE, N)


def _window_cases() -> Iterator[Case]:
    for label, X in _windows():
        yield solve("BnnWindowMoments", label, X)
    for label, X in _windows():
        moments = OPERATORS["BnnWindowMoments"].evaluate([X], {})
        for gain in (1, 2816, 4700):
            yield solve("BnnWindowNormalize", f"{label}-gain{gain}", X, moments, gain=gain)
    # Not the moments of these tokens, but every shift: the largest to the right and to the left.
    draw = Draw("BnnWindowNormalize", "any")
    X = _shorts(draw, SHORT_MAX, 9, 8)
    logs = i16(0, SHORT_MAX, 300, 2560, 2561, 2815, 5000, 8191)
    moments = np.concatenate([np.zeros(8, np.int16), logs])[None]
    for gain in (2560, 8191):
        yield solve("BnnWindowNormalize", f"every-shift-gain{gain}", X, moments, gain=gain)


def _windows() -> Iterator[tuple[str, Array]]:
    """Make windows: of one token, flat, small and large, with one far value, and with ends of both types."""
    for n, C in ((1, 1), (2, 3), (25, 4), (100, 1), (300, 2)):
        draw = Draw("window", n, C)
        for size in (1, 40, SHORT_MAX):
            yield f"tokens{n}-C{C}-size{size}", _shorts(draw, size, n, C)
        yield f"tokens{n}-C{C}-bytes", draw.integers(0, 255, n, C, dtype=np.uint8)
    flat = np.full((20, 3), 7, np.int16)
    flat[:, 1], flat[:, 2] = SHORT_MIN, SHORT_MAX
    yield "flat", flat
    flat = flat.copy()
    flat[3] += i16(1, 1, -1)
    yield "one-step", flat
    far = np.zeros((400, 2), np.int16)
    far[7] = SHORT_MAX, SHORT_MIN
    yield "one-far-value", far
    ends = np.tile(np.array([[SHORT_MIN, SHORT_MAX], [SHORT_MAX, SHORT_MIN]], np.int16), (100, 1))
    yield "ends", ends
    yield "ends-of-bytes", np.tile(np.array([[0], [255]], np.uint8), (9, 1))
