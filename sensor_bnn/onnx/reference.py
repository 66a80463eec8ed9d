"""What each operator computes: the one truth that every backend is held against.

Written for reading: packed words in, XOR or AND, a count of bits. ``x XOR w`` has a 1 wherever two signs
differ, so a dot product of K signs is ``K - 2 * popcount(x XOR w)``; equal (zero) tails never differ.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sensor_bnn.onnx.packing import Words, pack_bits, unpack_bits

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int32]


def bnn_pack(X: Floats | Integers, threshold: Floats | Integers) -> Words:
    """``[..., K]`` and ``[K]`` of one type (float32 or int32) to words ``[..., ceil(K / 32)]``.

    A bit is ``X >= threshold``: a tie is 1 (sign(0) = +1), a NaN on either side is 0.
    """
    return pack_bits(np.greater_equal(X, threshold))


def bnn_linear(Xp: Words, Wp: Words, scale: Floats, bias: Floats, *, K: int) -> Floats:
    """``[..., KW]`` by ``[N, KW]`` to float32 ``[..., N]``: ``scale * acc + bias``.

    The product is rounded to float32 before the sum: no fused multiply-add.
    """
    acc = _agreement(Xp[..., None, :], Wp, K)
    return (scale * acc.astype(np.float32)) + bias


def bnn_linear_packed(Xp: Words, Wp: Words, threshold: Integers, *, K: int) -> Words:
    """``[..., KW]`` by ``[N, KW]`` to words ``[..., ceil(N / 32)]``: a bit is ``acc >= threshold``."""
    return pack_bits(_agreement(Xp[..., None, :], Wp, K) >= threshold)


def bnn_mat_mul(Ap: Words, Bp: Words, *, K: int) -> Integers:
    """``[..., M, KW]`` by ``[..., N, KW]`` to int32 ``[..., M, N]``: dot products of K signs."""
    return _agreement(Ap[..., :, None, :], Bp[..., None, :, :], K)


def bnn_transpose(Xp: Words, *, K: int) -> Words:
    """Words of ``[..., M, K]`` bits, K packed, to words of ``[..., K, M]`` bits, M packed."""
    return pack_bits(np.swapaxes(unpack_bits(Xp, K), -1, -2))


def bnn_attention_map(S: Integers, table: Integers, ratio: Floats, *, K: int) -> Words:
    """Scores ``[H, M, N]``, tables ``[H, K + 1]``, ratios ``[H]`` to words ``[H, M, ceil(N / 32)]``.

    With ``e_n = table[h, (S_n + K) / 2]``, a bit is ``float32(e_n) >= ratio[h] * float32(sum of e)``, the sum
    over the row: exact in int32, converted rounding to nearest even, then multiplied once in float32.
    """
    head = np.arange(S.shape[0])[:, None, None]
    e = table[head, (S + K) // 2]
    total = e.sum(axis=-1, keepdims=True, dtype=np.int32)
    limit = ratio[:, None, None] * total.astype(np.float32)
    return pack_bits(e.astype(np.float32) >= limit)


def bnn_bool_mat_mul(Pp: Words, Vp: Words, *, K: int) -> Integers:
    """A {0, 1} map ``[..., M, KW]`` by signs ``[..., N, KW]`` to int32 ``[..., M, N]``.

    ``2 * popcount(p AND v) - popcount(p)``: each chosen sign counts once, the others not at all.
    """
    chosen = np.bitwise_count(Pp).sum(axis=-1, dtype=np.int32)[..., :, None]
    positive = np.bitwise_count(Pp[..., :, None, :] & Vp[..., None, :, :]).sum(axis=-1, dtype=np.int32)
    return np.asarray(np.int32(2) * positive - chosen, dtype=np.int32)


def _agreement(a: Words, b: Words, K: int) -> Integers:
    """Dot product over the last axis of K signs in words; leading axes broadcast."""
    differing = np.bitwise_count(a ^ b).sum(axis=-1, dtype=np.int32)
    return np.asarray(np.int32(K) - np.int32(2) * differing, dtype=np.int32)
