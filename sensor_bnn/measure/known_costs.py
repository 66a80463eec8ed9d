"""Goals, and published or counted costs of other kernels, for ``sensor-bnn kernels``.

All are instructions per multiply-add, or per element of an epilogue and of a pack.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

CMSIS_NN = "commit 99f736a6, GCC 12.2 -O3, counted in QEMU 7.2"
"""The source of the figures of int8 layers."""


@dataclass(frozen=True)
class Known:
    """The cost of another kernel.

    Attributes:
        name: the kernel, or the library.
        instr_per_mac: instructions per multiply-add.
        source: how the figure was found.
    """

    name: str
    instr_per_mac: float
    source: str


_CORES = ("cortex-m0plus", "cortex-m3", "cortex-m4")


def _cmsis(*figures: float) -> dict[str, float]:
    found = dict(zip(_CORES, figures, strict=True))
    # Both cores have the same instructions; ResNet-8 takes 29.85 M on the M4 and 29.88 M on the M7.
    return {**found, "cortex-m7": found["cortex-m4"]}


_CONV64, _SERIES, _POINT = _cmsis(6.3, 2.7, 1.8), _cmsis(7.4, 3.1, 2.1), _cmsis(7.6, 3.1, 2.1)
_CONV16, _STEM, _DENSE = _cmsis(7.6, 3.3, 2.3), _cmsis(11.7, 5.5, 4.8), _cmsis(8, 4.3, 2.9)

_INT8: Mapping[str, Mapping[str, float]] = {
    "3x3x64 -> 64, 16x16": _CONV64,
    "3x3x64 -> 64, 8x8": _CONV64,
    "k 5 x 64 -> 64, 50": _SERIES,
    "k 5 x 32 -> 32, 50": _SERIES,
    "k 5 x 32 -> 32, 25": _SERIES,
    "3x3x3 -> 16, 32x32": _STEM,
    "3x3x16 -> 16, 16x16": _CONV16,
    "1x1x64 -> 64, 125": _POINT,
    "64 -> 10": _DENSE,
}
"""CMSIS-NN's int8 layers by title of the layer, then by core."""

_BINARY = {
    "cortex-m7": 0.13,
    "cortex-m4": 0.13,
    "cortex-m55": 0.045,
    "cortex-a53": 0.04,
    "cortex-m0plus": 0.22,
}
_FEW = {"cortex-m7": 0.25, "cortex-m0plus": 0.4, "cortex-m55": 0.09}
_EPILOGUE = {
    **{"cortex-m4": 9.0, "cortex-m7": 9.0, "cortex-m55": 2.0, "cortex-a53": 2.0, "cortex-a72": 2.0},
    **{"cortex-m0plus": 16.0, "cortex-m3": 16.0},
}

_LARQ = "Larq Compute Engine"
_LARQ_SOURCE = (
    "commit e6860fc, GCC 12.2 -O3, counted in QEMU 7.2: the better one of its NEON kernels, without packing "
    "weights and activations and without a residual"
)
_LARQ_CORES = ("cortex-a53", "cortex-a72", "aarch64-linux")

# Instructions by rows, outputs and bits: floats, bits.
_LARQ_COUNTS = {
    (64, 192, 192): (113_776, 107_621),
    (64, 768, 192): (453_616, 430_181),
    (64, 192, 768): (281_184, 268_901),
    (64, 64, 64): (21_008, 22_501),
    (64, 256, 256): (159_840, 143_461),
    (64, 384, 384): (320_352, 295_781),
    (197, 192, 192): (355_453, 336_323),
    (16, 192, 192): (28_480, 26_945),
}

_GOALS: Mapping[str, Mapping[str, float]] = {
    "3x3x64 -> 64, 16x16": _BINARY,
    "3x3x128 -> 128, 8x8": _BINARY,
    "k 5 x 64 -> 64, 50": _BINARY,
    "k 5 x 32 -> 32, 50": _FEW,
    "k 5 x 32 -> 32, 25": _FEW,
}
"""Goals of binary layers by title, then by core."""


def known_int8(title: str, target: str) -> tuple[Known, ...]:
    """Return the known costs of int8 layers of the same shape on the same core.

    Args:
        title: the layer's title, see ``layer_cases.Layer``.
        target: the name of the core's target.
    """
    figure = _INT8.get(title, {}).get(target)
    return () if figure is None else (Known("CMSIS-NN", figure, CMSIS_NN),)


def known_binary(m: int, n: int, k: int, output: str, target: str) -> tuple[Known, ...]:
    """Return the known costs of other binary linear layers.

    Args:
        m, n, k: rows, outputs and bits per row.
        output: ``packed`` or ``float``.
        target: the name of the core's target.
    """
    counts = _LARQ_COUNTS.get((m, n, k))
    if counts is None or target not in _LARQ_CORES or output not in ("float", "packed"):
        return ()
    count = counts[output == "packed"]
    return (Known(_LARQ, round(count / (m * n * k), 4), _LARQ_SOURCE),)


def binary_goal(title: str, target: str) -> float | None:
    """Return the goal of a binary layer, with its epilogue; None if there is none."""
    return _GOALS.get(title, {}).get(target)


def int8_goal(title: str, target: str) -> float | None:
    """Return the goal of an 8-bit layer: within a tenth of CMSIS-NN, and not above it without SIMD."""
    figure = _INT8.get(title, {}).get(target)
    if figure is None:
        return None
    return figure if target in ("cortex-m0plus", "cortex-m3") else round(1.1 * figure, 3)


def epilogue_goal(target: str) -> float | None:
    """Return the goal of the epilogue of binary layers, per element."""
    return _EPILOGUE.get(target)
