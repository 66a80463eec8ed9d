"""Packed-bit kernels in TIR: one file per kernel, with a function that builds the kernel for a shape.

The caller flattens leading axes. A kernel allocates scalars or small arrays on the stack only, so it needs no
workspace. TVMScript reads annotations as source, so a file with a kernel must not postpone their evaluation
(``from __future__ import annotations``).
"""

from collections.abc import Callable, Hashable
from functools import lru_cache

from tvm.tirx import PrimFunc

from sensor_bnn.compiler.kernels.frames import watch_few_frames

_KEPT = 512
"""Kernels that one process keeps: several times what the largest model has, small beside TVM itself."""

watch_few_frames()


# TVM parses the source of a kernel each time it is built, which was half of a compile. The builders carry no
# decorator of their own: a line more above a kernel would change the line numbers in its debug information.
@lru_cache(_KEPT)
def built(builder: Callable[..., PrimFunc], *sizes: Hashable, **options: Hashable) -> PrimFunc:
    """Return ``builder(*sizes, **options)``; layers of one shape share one function.

    Args:
        builder: a function of this package.
        sizes: its positional arguments.
        options: its keyword arguments.
    """
    return builder(*sizes, **options)
