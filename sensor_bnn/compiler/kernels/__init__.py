"""Packed-bit kernels as TIR: one file a kernel, a function that builds it for a shape.

Leading axes are flattened by the caller. No kernel allocates more than a scalar, so none needs a workspace.
TVMScript reads annotations as source: these files must not postpone their evaluation.
"""
