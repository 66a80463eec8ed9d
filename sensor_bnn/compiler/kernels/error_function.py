"""The error function and the GELUs, element by element."""

from typing import Any

from tvm.script import tirx as T
from tvm.tirx import PrimFunc

from sensor_bnn.compiler.kernels.exponential import exponent, powers, remainder, scaled

# Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26: its error is at most 1.5e-7.
_P = 0.3275911
_A = (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)
_SQRT_HALF = 0.70710678


def _series(t: Any) -> Any:
    total = T.float32(_A[0])
    for coefficient in _A[1:]:
        total = total * t + T.float32(coefficient)
    return total * t


def erf(size: int) -> PrimFunc:
    """Build ``(x [size]) -> y float32 [size]``: the error function."""

    @T.prim_func(s_tir=True)
    def kernel(x: T.Buffer((size,), "float32"), y: T.Buffer((size,), "float32")):
        for i in T.serial(size):
            a: T.let[T.float32] = T.max(x[i], T.float32(0) - x[i])
            t: T.let[T.float32] = T.float32(1) / (T.float32(1) + T.float32(_P) * a)
            square: T.let[T.float32] = T.float32(0) - a * a
            k: T.let[T.float32] = exponent(square)
            r: T.let[T.float32] = remainder(square, k)
            rest: T.let[T.float32] = _series(t) * scaled(powers(r), k)
            y[i] = T.Select(x[i] < T.float32(0), rest - T.float32(1), T.float32(1) - rest)

    return kernel


def gelu(size: int) -> PrimFunc:
    """Build ``(x [size]) -> y float32 [size]``: ``x / 2 * (1 + erf(x / sqrt(2)))``."""

    @T.prim_func(s_tir=True)
    def kernel(x: T.Buffer((size,), "float32"), y: T.Buffer((size,), "float32")):
        for i in T.serial(size):
            v: T.let[T.float32] = x[i] * T.float32(_SQRT_HALF)
            a: T.let[T.float32] = T.max(v, T.float32(0) - v)
            t: T.let[T.float32] = T.float32(1) / (T.float32(1) + T.float32(_P) * a)
            square: T.let[T.float32] = T.float32(0) - a * a
            k: T.let[T.float32] = exponent(square)
            r: T.let[T.float32] = remainder(square, k)
            rest: T.let[T.float32] = _series(t) * scaled(powers(r), k)
            # 1 + erf(v). For negative v it is `rest` itself: 1 minus a number near 1 would lose its digits.
            twice: T.let[T.float32] = T.Select(x[i] < T.float32(0), rest, T.float32(2) - rest)
            y[i] = (T.float32(0.5) * x[i]) * twice

    return kernel


def gelu_tanh(size: int) -> PrimFunc:
    """Build ``(x [size]) -> y float32 [size]``: ``x / (1 + exp(-2 u))``, with u of ONNX's approximation."""
    inner, cube = 1.5957691216, 0.044715  # 2 * sqrt(2 / pi)

    @T.prim_func(s_tir=True)
    def kernel(x: T.Buffer((size,), "float32"), y: T.Buffer((size,), "float32")):
        for i in T.serial(size):
            v: T.let[T.float32] = x[i] + T.float32(cube) * ((x[i] * x[i]) * x[i])
            u: T.let[T.float32] = T.float32(-inner) * v
            k: T.let[T.float32] = exponent(u)
            r: T.let[T.float32] = remainder(u, k)
            y[i] = x[i] / (T.float32(1) + scaled(powers(r), k))

    return kernel
