"""Packed-bit kernels in TIR: one file per kernel, with a function that builds the kernel for a shape.

The caller flattens leading axes. A kernel allocates scalars or small arrays on the stack only, so it needs no
workspace. TVMScript reads annotations as source, so a file with a kernel must not postpone their evaluation
(``from __future__ import annotations``).
"""
