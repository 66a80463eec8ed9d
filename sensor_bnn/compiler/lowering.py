"""TIR to an object file with the C ABI, without TVM's packed API, workspace and runtime.

A kernel becomes ``void name(const T *in..., T *out)``. TVM's own build would wrap it in its packed calling
convention; here typed pointers replace the buffer parameters before code generation.
"""

from __future__ import annotations

import logging
import os
import pickle
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import tvm
import tvm_ffi
from tvm import s_tir, tirx
from tvm.ir import IRModule, PointerType
from tvm.ir import Var as IrVar
from tvm.ir.instrument import PassTimingInstrument
from tvm.tirx import PrimFunc

from sensor_bnn import programs
from sensor_bnn.compiler.small_code import C_TARGET, c_source, small_code
from sensor_bnn.compiler.targets import Target
from sensor_bnn.errors import ModelError, ToolError
from sensor_bnn.files import NewFolder, scratch_folder, write_file
from sensor_bnn.tracing import Laps

_log = logging.getLogger(__name__)

_ADDRESS = r'"0x[0-9a-f]+"'

# Passes of TVM's default pipeline (tvm.s_tir.pipeline), in its order; those for threads, GPUs and
# asynchronous copies, among others, are left out.
_PASSES = (
    s_tir.transform.CanonicalizeLoop,
    s_tir.transform.LowerInitBlock,
    s_tir.transform.PlanAndUpdateBufferAllocationLocation,
    s_tir.transform.ConvertBlocksToOpaque,
    s_tir.transform.CompactBufferAllocation,
    s_tir.transform.LowerMatchBuffer,
    s_tir.transform.StmtSimplify,
    s_tir.transform.LowerOpaqueBlock,
    tirx.transform.FlattenBuffer,
    lambda: tirx.transform.NarrowDataType(32),  # indices of 32 bits: 64-bit arithmetic is slow on Cortex-M
    s_tir.transform.LoopPartition,
    tirx.transform.VectorizeLoop,
    tirx.transform.StorageRewrite,
    tirx.transform.UnrollLoop,
    tirx.transform.StmtSimplify,
    tirx.transform.RemoveNoOp,
    s_tir.transform.RewriteUnsafeSelect,
    tirx.transform.CommonSubexprElim,
)


# What LLVM says when it gives up to place the branches of a function, and the optimization level that makes
# smaller code of it: without the copies of short blocks that level 3 makes.
_GAVE_UP, LEVEL, _SMALLER = "failed to converge", 3, 2
_LLVM_ERROR = "LLVM ERROR"  # before each of its fatal errors
_COPIES = sys.platform == "linux"
_NO_LAYERS: Mapping[str, str] = {}


def compile_kernels(
    kernels: Mapping[str, PrimFunc], target: Target, layers: Mapping[str, str] = _NO_LAYERS
) -> bytes:
    """Compile all kernels and return one object file.

    Args:
        kernels: the TIR functions by C symbol; all their parameters are buffers.
        target: the processor.
        layers: the name of a layer that calls a kernel, by the kernel's C symbol, for the message.

    Raises:
        ModelError: LLVM cannot make code of a kernel.
    """
    laps = Laps(_log, logging.DEBUG)
    lowered = lower_kernels(kernels)
    laps.lap("lowered %d kernels", len(kernels))
    if target.small:
        code = small_code(as_c({name: lowered[name] for name in kernels}), target, "o")
        laps.lap("built them with %s for size", target.compiler)
        return code
    _, code = _compiled({name: lowered[name] for name in kernels}, target, "o", layers)
    laps.lap("built them with LLVM for %s", target.name)
    return code


def compile_apart(
    kernels: Mapping[str, PrimFunc], target: Target, symbol: Callable[[str, str], str]
) -> dict[str, tuple[str, bytes]]:
    """Compile each kernel alone; return its symbol and its object file, by its name in ``kernels``.

    Args:
        kernels: the TIR functions by name.
        target: the processor.
        symbol: returns the C symbol of a kernel from its name and its lowered TIR, which is called ``main``.

    Raises:
        ModelError: LLVM cannot make code of a kernel.
    """
    lowered = lower_kernels(kernels)
    symbols = {
        name: symbol(name, lowered[name].with_attr("global_symbol", "main").script())
        for name in sorted(kernels)
    }
    alone = {name: {symbols[name]: lowered[name]} for name in symbols}
    return {name: (symbols[name], code) for name, code in _compiled_apart(alone, target).items()}


def _compiled_apart(alone: Mapping[str, Mapping[str, PrimFunc]], target: Target) -> dict[str, bytes]:
    if target.small:
        return {name: small_code(as_c(lowered), target, "o") for name, lowered in alone.items()}
    if not target.can_end_llvm:
        return {name: _emit(_built(lowered, target), "o") for name, lowered in alone.items()}
    # One process for all kernels; only where LLVM ends it, one for each.
    made = _made_elsewhere(alone, target, "o", LEVEL)
    if isinstance(made, ToolError):
        return {name: _compiled(lowered, target, "o")[1] for name, lowered in alone.items()}
    return made


def dump_kernels(kernels: Mapping[str, PrimFunc], target: Target, folder: NewFolder) -> None:
    """Write the kernels as TIR, flat TIR, LLVM IR and assembly.

    The files are ``3-kernels.py``, ``4-lowered.py``, ``5-kernels.ll`` (C in ``5-kernels.c`` where code is
    made for size) and ``6-kernels.s``.

    Args:
        kernels: the TIR functions by C symbol.
        target: the processor.
        folder: the folder to write into.
    """
    named = {name: kernels[name] for name in sorted(kernels)}
    folder.write("3-kernels.py", IRModule(named).script() + "\n")
    lowered = lower_kernels(kernels)
    folder.write("4-lowered.py", lowered.script() + "\n")
    if target.small:
        functions = as_c({name: lowered[name] for name in kernels})
        folder.write("5-kernels.c", c_source(functions))
        folder.write("6-kernels.s", small_code(functions, target, "s"))
        return
    library, assembly = _compiled({name: lowered[name] for name in kernels}, target, "s")
    llvm = _emit(library, "ll").decode()
    # TVM names alias scopes by memory addresses, which differ from run to run; number them instead.
    names = {name: f'"buffer{place}"' for place, name in enumerate(dict.fromkeys(re.findall(_ADDRESS, llvm)))}
    folder.write("5-kernels.ll", re.sub(_ADDRESS, lambda found: names[found[0]], llvm))
    folder.write("6-kernels.s", assembly)


def _compiled(
    lowered: Mapping[str, PrimFunc], target: Target, form: str, layers: Mapping[str, str] = _NO_LAYERS
) -> tuple[Any, bytes]:
    """Return TVM's module of lowered kernels, and its code as an object file or assembly.

    Where LLVM may end the process, another one makes the code; where LLVM gives up, at a lower level.
    """
    library = _built(lowered, target)
    if not target.can_end_llvm:
        return library, _emit(library, form)
    made = _made_elsewhere({"": lowered}, target, form, LEVEL)
    if isinstance(made, ToolError) and _GAVE_UP in made.message:
        _log.info("%s Its optimization level is now %d.", made.message, _SMALLER)
        library = _built(lowered, target, _SMALLER)
        made = _made_elsewhere({"": lowered}, target, form, _SMALLER)
    if not isinstance(made, ToolError):
        return library, made[""]
    if _LLVM_ERROR not in made.message:
        raise made
    if len(lowered) > 1:
        for name, function in lowered.items():
            _compiled({name: function}, target, form, layers)
    named = [f"{name} (layer {layers[name]})" if name in layers else name for name in lowered]
    raise ModelError(
        f"LLVM cannot make code for {target.name} of the kernel {', '.join(named)}. {made.message}",
        "The numbers in its name are the layer's sizes: change one of them, or compile for another target.",
    )


def _made_elsewhere(
    groups: Mapping[str, Mapping[str, PrimFunc]], target: Target, form: str, level: int
) -> dict[str, bytes] | ToolError:
    """Return the code of each group of lowered kernels, made in a process that LLVM may end, or the failure.

    On Linux that is a copy of this process. Elsewhere it is another Python, which imports TVM once more:
    Windows copies no process, and macOS none safely after its frameworks have started threads.
    """
    try:
        if _COPIES:
            return _made_in_a_copy(groups, target, form, level)
        return _made_in_another_python(groups, target, form, level)
    except ToolError as error:
        return error


def _made_in_a_copy(
    groups: Mapping[str, Mapping[str, PrimFunc]], target: Target, form: str, level: int
) -> dict[str, bytes]:
    libraries = {name: _built(lowered, target, level) for name, lowered in groups.items()}

    def codes() -> bytes:
        return pickle.dumps({name: _emit(library, form) for name, library in libraries.items()})

    made: dict[str, bytes] = pickle.loads(programs.in_a_copy(codes, "LLVM"))
    return made


def _made_in_another_python(
    groups: Mapping[str, Mapping[str, PrimFunc]], target: Target, form: str, level: int
) -> dict[str, bytes]:
    with scratch_folder("llvm") as folder:
        for place, lowered in enumerate(groups.values()):
            write_file(folder / f"{place}.json", tvm.ir.save_json(IRModule(dict(lowered))))
        paths = [str(Path(__file__).parents[2]), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
        arguments = [str(folder), target.name, form, str(level)]
        programs.run(
            [sys.executable, "-m", "sensor_bnn.compiler.llvm_process", *arguments],
            install="Run sensor-bnn in a Python that can start itself.",
            remedy="Report it.",
            failure="LLVM was ended",
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
        )
        return {name: (folder / f"{place}.{form}").read_bytes() for place, name in enumerate(groups)}


def write_codes(folder: Path, target: Target, form: str, level: int) -> None:
    """Make the code of the kernels that ``_made_in_another_python`` has written to a folder."""
    for file in sorted(folder.glob("*.json")):
        module = tvm.ir.load_json(file.read_text())
        lowered = {variable.name_hint: function for variable, function in module.functions.items()}
        write_file(file.with_suffix(f".{form}"), _emit(_built(lowered, target, level), form))


def _emit(library: Any, form: str) -> bytes:
    """Return the file that TVM writes, from memory: on a full disk LLVM would end the whole process."""
    if sys.platform != "linux":
        with scratch_folder("kernels") as folder:
            library.write_to_file(str(folder / f"kernels.{form}"), form)
            return (folder / f"kernels.{form}").read_bytes()
    descriptor = os.memfd_create(form)
    with os.fdopen(descriptor, "rb") as file:
        library.write_to_file(f"/proc/self/fd/{descriptor}", form)
        return file.read()


def _built(lowered: Mapping[str, PrimFunc], target: Target, level: int = LEVEL) -> Any:
    """Return TVM's module of lowered kernels, by their C symbols, at a level of optimization."""
    tvm_target = tvm.target.Target(target.llvm() | {"opt-level": level})
    # Sorted, so that the same kernels give the same object file.
    functions = {name: _with_pointers(lowered[name], name, tvm_target) for name in sorted(lowered)}
    if target.fused:
        functions = {name: _without_fused_sums(function) for name, function in functions.items()}
    module = tirx.transform.LowerIntrin()(IRModule(functions))
    return tvm.get_global_func("target.build.llvm")(module, tvm_target)


def as_c(lowered: Mapping[str, PrimFunc]) -> dict[str, PrimFunc]:
    """Return lowered kernels, by C symbol, in the form from which ``small_code`` makes C."""
    target = tvm.target.Target(C_TARGET)
    return {name: _with_pointers(function, name, target) for name, function in lowered.items()}


def lower_kernels(kernels: Mapping[str, PrimFunc]) -> IRModule:
    """Return the kernels as flat loops over flat buffers."""
    module = IRModule({name: f.with_attr("global_symbol", name) for name, f in kernels.items()})
    timing = [PassTimingInstrument()] if _log.isEnabledFor(logging.DEBUG) else []
    with tvm.transform.PassContext(opt_level=3, instruments=timing):
        lowered = tvm.transform.Sequential([make() for make in _PASSES])(module)
        for timed in timing:
            for line in timed.render().splitlines():
                _log.debug("pass %s", line.strip())
    return lowered


def _with_pointers(function: PrimFunc, name: str, target: tvm.target.Target) -> PrimFunc:
    pointers = [IrVar(buffer.name, PointerType(buffer.ty.dtype, "global")) for buffer in function.params]
    declared = [
        tirx.DeclBuffer(buffer, data=pointer)
        for buffer, pointer in zip(function.params, pointers, strict=True)
    ]
    plain = PrimFunc(pointers, tirx.SeqStmt([*declared, function.body]), function.ret_type)
    # Calling convention 0 is the default one, in contrast to TVM's packed calls.
    attributes = {"global_symbol": name, "target": target, "calling_conv": 0}
    for key, value in attributes.items():
        plain = plain.with_attr(key, value)
    return plain


def _without_fused_sums(function: PrimFunc) -> PrimFunc:
    """Hide every float product from TVM's LowerIntrin, which fuses ``a * b + c``.

    The bits of a product are reinterpreted as an integer and back; LLVM removes this again at no cost.
    """

    def hide(product: tirx.Mul) -> tirx.Expr:
        dtype = str(product.ty.dtype)
        if not dtype.startswith("float"):
            return product
        return tirx.reinterpret(dtype, tirx.reinterpret(dtype.replace("float", "int"), product))

    body = tvm_ffi.structural_map(function.body, [(tirx.Mul, hide)], order="post")
    return PrimFunc(function.params, body, function.ret_type, attrs=function.attrs)
