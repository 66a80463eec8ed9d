"""TIR kernels as C, of which the target's GCC makes small code: LLVM unrolls loops to ten times as much.

TVM has no option by which LLVM optimises for size. Its generator of C has three gaps, which are closed here:
it knows arrays of functions only as global ones, writes seven digits of a float, and leaves out that sums of
narrow integers wrap.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from typing import Any

import tvm
import tvm_ffi
from tvm import tirx
from tvm.ir import IRModule, Var
from tvm.tirx import PrimFunc
from tvm.tirx.buffer import is_buffer_var

from sensor_bnn import programs
from sensor_bnn.compiler.targets import Target
from sensor_bnn.files import scratch_folder, write_file

C_TARGET = {"kind": "c"}
"""The target of TVM for which kernels must be lowered."""

FLAGS = ("-std=c11", "-Os", "-ffp-contract=off", "-fno-math-errno", "-fno-asynchronous-unwind-tables")
# TVM's integers wrap, and it reads the bits of a float through a pointer.
_AS_TVM_MEANS = ("-fwrapv", "-fno-strict-aliasing")

_NARROW = ("int8", "uint8", "int16", "uint16")
_HEAD = """#include <math.h>
#include <stdbool.h>
#include <stdint.h>
"""
_FUNCTION = re.compile(r"^TVM_DLL (void \w+\(.*\) \{)$", re.MULTILINE)


def c_source(functions: Mapping[str, PrimFunc]) -> str:
    """Return kernels as C.

    Args:
        functions: lowered kernels with pointers as parameters, by C symbol, for ``C_TARGET``.
    """
    module = IRModule({name: _as_c_needs(functions[name]) for name in sorted(functions)})
    module = tirx.transform.LowerIntrin()(module)
    library = tvm.get_global_func("target.build.c")(module, tvm.target.Target(C_TARGET))
    text = str(library.inspect_source())
    first = _FUNCTION.search(text)
    assert first is not None  # before the first function are headers of TVM and declarations
    body = text[first.start() :].replace('#ifdef __cplusplus\nextern "C"\n#endif\n', "")
    return _HEAD + "\n" + _FUNCTION.sub(r"\1", body)


def small_code(functions: Mapping[str, PrimFunc], target: Target, form: str) -> bytes:
    """Compile kernels and return one object file, or their assembly for the form ``s``.

    Args:
        functions: as for :func:`c_source`.
        target: the processor.
        form: ``o`` or ``s``.

    Raises:
        ToolError: the target's C compiler is missing or failed.
    """
    with scratch_folder("kernels") as work:
        write_file(work / "kernels.c", c_source(functions))
        output = f"kernels.{form}"
        end = ("-S",) if form == "s" else ("-c",)
        programs.run(
            [target.compiler, *target.gcc, *FLAGS, *_AS_TVM_MEANS, *end, "kernels.c", "-o", output],
            cwd=work,
            install=f"Install it: {target.install}.",
        )
        return (work / output).read_bytes()


def _as_c_needs(function: PrimFunc) -> PrimFunc:
    others: dict[Var, Var] = {}

    def as_named(variable: Var) -> Var:
        """Return a variable with a name and an array as TVM's generator of C knows them."""
        if variable not in others:
            kind, name = variable.ty, re.sub(r"\W", "_", variable.name)
            if is_buffer_var(variable) and kind.storage_scope != "global":
                others[variable] = tirx.decl_buffer(list(kind.shape), str(kind.dtype.dtype), name)
            else:
                others[variable] = variable if name == variable.name else Var(f"v{name}", kind)
        return others[variable]

    body = tvm_ffi.structural_map(
        function.body,
        [
            (Var, as_named),
            (tirx.FloatImm, _exact),
            *((operator, _wrapped) for operator in (tirx.Add, tirx.Sub, tirx.Mul, tirx.LShift)),
            (tirx.BitwiseNot, _inverted),
        ],
        order="post",
    )
    parameters = [as_named(parameter) for parameter in function.params]
    return PrimFunc(parameters, body, function.ret_type, attrs=function.attrs)


def _exact(constant: Any) -> Any:
    """Return a float constant by its bits, unless seven digits say it."""
    (value,) = struct.unpack("<f", struct.pack("<f", constant.value))
    if float(f"{value:.6e}") == value:
        return constant
    (bits,) = struct.unpack("<I", struct.pack("<f", value))
    return tirx.reinterpret("float32", tirx.const(bits, "uint32"))


def _wrapped(operation: Any) -> Any:
    """Return an operation on narrow integers in 32 bits, as C computes it, with a result that is narrowed."""
    dtype = str(operation.ty.dtype)
    if dtype not in _NARROW:
        return operation
    wide = type(operation)(tirx.Cast("int32", operation.a), tirx.Cast("int32", operation.b))
    return tirx.Cast(dtype, wide)


def _inverted(operation: Any) -> Any:
    """The same for the opposite bits."""
    dtype = str(operation.ty.dtype)
    if dtype not in _NARROW:
        return operation
    return tirx.Cast(dtype, tirx.BitwiseNot(tirx.Cast("int32", operation.a)))
