"""The reference of each operator, with which every backend is compared.

It is written for reading: packed words, XOR or AND, and a count of bits. ``x XOR w`` has a 1 wherever two
signs differ, so a dot product of K signs is ``K - 2 * popcount(x XOR w)``. Tails are zero and never differ.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sensor_bnn.onnx.packing import Words, pack_bits, unpack_bits

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int32]
Shorts = npt.NDArray[np.int16]


def bnn_pack(X: Floats | Integers | Shorts, threshold: Floats | Integers | Shorts) -> Words:
    """Compare values with thresholds and pack the bits.

    A bit is ``X >= threshold``: a tie gives 1 (sign(0) = +1), a NaN on either side gives 0.

    Args:
        X: values ``[..., K]``, float32, int32 or int16.
        threshold: thresholds ``[K]`` of the same type.

    Returns:
        Words ``[..., ceil(K / 32)]``.
    """
    return pack_bits(np.greater_equal(X, threshold))


def bnn_linear(Xp: Words, Wp: Words, scale: Floats, bias: Floats, *, K: int) -> Floats:
    """Multiply ``[..., KW]`` by ``[N, KW]`` and return float32 ``[..., N]``: ``scale * acc + bias``.

    The product is rounded to float32 before the sum; a fused multiply-add is not allowed.
    """
    acc = _agreement(Xp[..., None, :], Wp, K)
    return (scale * acc.astype(np.float32)) + bias


def bnn_linear_packed(Xp: Words, Wp: Words, threshold: Integers, *, K: int) -> Words:
    """Multiply ``[..., KW]`` by ``[N, KW]``, pack the bits ``acc >= threshold``: ``[..., ceil(N / 32)]``."""
    return pack_bits(_agreement(Xp[..., None, :], Wp, K) >= threshold)


def bnn_mat_mul(Ap: Words, Bp: Words, *, K: int) -> Integers:
    """Multiply ``[..., M, KW]`` by ``[..., N, KW]``: dot products of K signs, int32 ``[..., M, N]``."""
    return _agreement(Ap[..., :, None, :], Bp[..., None, :, :], K)


def bnn_transpose(Xp: Words, *, K: int) -> Words:
    """Transpose words of ``[..., M, K]`` bits, K packed, to words of ``[..., K, M]`` bits, M packed."""
    return pack_bits(np.swapaxes(unpack_bits(Xp, K), -1, -2))


def bnn_attention_map(S: Integers, table: Integers, ratio: Floats, *, K: int) -> Words:
    """Map scores ``[H, M, N]`` to words ``[H, M, ceil(N / 32)]``.

    With ``e_n = table[h, (S_n + K) / 2]``, a bit is ``float32(e_n) >= ratio[h] * float32(sum of e)``. The sum
    over the row is exact in int32, is rounded to nearest even as float32, and is multiplied once in float32.

    Args:
        S: the scores, of K's parity, -K .. K.
        table: the exponentials by the count of agreeing bits, ``[H, K + 1]``, 0 .. 65535.
        ratio: the threshold of each head as a share of the row's sum, ``[H]``.
        K: the bits of a query and a key.
    """
    head = np.arange(S.shape[0])[:, None, None]
    e = table[head, (S + K) // 2]
    total = e.sum(axis=-1, keepdims=True, dtype=np.int32)
    limit = ratio[:, None, None] * total.astype(np.float32)
    return pack_bits(e.astype(np.float32) >= limit)


def bnn_bool_mat_mul(Pp: Words, Vp: Words, *, K: int) -> Integers:
    """Multiply a {0, 1} map ``[..., M, KW]`` by signs ``[..., N, KW]`` and return int32 ``[..., M, N]``.

    The result is ``2 * popcount(p AND v) - popcount(p)``: the sum of the signs that the map selects.
    """
    chosen = np.bitwise_count(Pp).sum(axis=-1, dtype=np.int32)[..., :, None]
    positive = np.bitwise_count(Pp[..., :, None, :] & Vp[..., None, :, :]).sum(axis=-1, dtype=np.int32)
    return np.asarray(np.int32(2) * positive - chosen, dtype=np.int32)


def _agreement(a: Words, b: Words, K: int) -> Integers:
    """Compute the dot product of K packed signs over the last axis; leading axes broadcast."""
    differing = np.bitwise_count(a ^ b).sum(axis=-1, dtype=np.int32)
    return np.asarray(np.int32(K) - np.int32(2) * differing, dtype=np.int32)
