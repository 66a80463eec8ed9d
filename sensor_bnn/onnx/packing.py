"""The packing of bits into words that the operators, the kernels and the files share.

A bit 1 represents +1 and a bit 0 represents -1 (in an attention map: 1 and 0). The last axis is packed, least
significant bit first, and the bits past its logical length are zero.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sensor_bnn.nn.config import WORD_BITS as WORD_BITS

Words = npt.NDArray[np.uint32]
Bits = npt.NDArray[np.bool_]


def words_for(length: int) -> int:
    """Return the number of words that hold ``length`` bits."""
    return -(-length // WORD_BITS)


def pack_bits(bits: Bits) -> Words:
    """Pack bool ``[..., K]`` into uint32 ``[..., ceil(K / 32)]``; tail bits are zero."""
    length = bits.shape[-1]
    padded = np.zeros((*bits.shape[:-1], words_for(length) * WORD_BITS), dtype=np.bool_)
    padded[..., :length] = bits
    octets = np.packbits(padded, axis=-1, bitorder="little")
    return octets.view("<u4").astype(np.uint32)


def unpack_bits(words: Words, length: int) -> Bits:
    """Unpack uint32 ``[..., ceil(K / 32)]`` into bool ``[..., K]``, ``K = length``; the tail is dropped."""
    octets = np.ascontiguousarray(words, dtype="<u4").view(np.uint8)
    return np.unpackbits(octets, axis=-1, bitorder="little", count=length).astype(np.bool_)


def signs(bits: Bits) -> npt.NDArray[np.int32]:
    """Return int32 +1 for a bit 1 and -1 for a bit 0, in the shape of ``bits``."""
    return np.where(bits, np.int32(1), np.int32(-1))
