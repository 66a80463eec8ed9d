"""A hash of all words of a tensor, and a fill value that no kernel writes."""

from tvm.script import tirx as T
from tvm.tirx import PrimFunc

_BASIS, _PRIME = 2166136261, 16777619
_POISON = 0xA5A5A5A5


def digest(words: int) -> PrimFunc:
    """Build ``(y uint32 [words]) -> d uint32 [1]``: FNV-1a over words instead of bytes.

    Source: G. Fowler, L. C. Noll, K.-P. Vo, D. Eastlake, The FNV Non-Cryptographic Hash Algorithm.
    """

    @T.prim_func(s_tir=True)
    def kernel(y: T.Buffer((words,), "uint32"), d: T.Buffer((1,), "uint32")):
        total = T.alloc_local((1,), "uint32")
        total[0] = T.uint32(_BASIS)
        for i in T.serial(words):
            total[0] = (total[0] ^ y[i]) * T.uint32(_PRIME)
        d[0] = total[0]

    return kernel


def poison(words: int) -> PrimFunc:
    """Build ``() -> y uint32 [words]``, which overwrites old results, so that none can pass as a new one."""

    @T.prim_func(s_tir=True)
    def kernel(y: T.Buffer((words,), "uint32")):
        for i in T.serial(words):
            y[i] = T.uint32(_POISON)

    return kernel
