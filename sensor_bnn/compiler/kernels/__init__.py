"""Packed-bit kernels as TIR: one file a kernel, a function that builds it for a shape.

Leading axes are flattened by the caller. No kernel allocates more than a scalar, so none needs a workspace.
TVMScript reads annotations as source: these files must not postpone their evaluation.
"""

from collections.abc import Callable, Hashable
from functools import lru_cache

from tvm.tirx import PrimFunc

_KEPT = 512
"""Kernels that one process keeps: several times what the largest model has, small beside TVM itself."""


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
