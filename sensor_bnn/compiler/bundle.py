"""The model bundle, the compiler's result: a folder with plain C, one object file and its metadata."""

from __future__ import annotations

import hashlib
import math
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from math import prod
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
from tvm.tirx import PrimFunc

from sensor_bnn import programs
from sensor_bnn.compiler import carried
from sensor_bnn.compiler.a64_kernels import a64_families
from sensor_bnn.compiler.abi import abi_checks
from sensor_bnn.compiler.arena import ALIGNMENT, ArenaPlan, Lifetime, plan_arena
from sensor_bnn.compiler.compiled import BUNDLE, Bundle
from sensor_bnn.compiler.costs import costs_of
from sensor_bnn.compiler.dense_bytes import dense_families
from sensor_bnn.compiler.fixed_numbers import SHIFT, c_float, fixed_of
from sensor_bnn.compiler.library import (
    HOST_INSTALL,
    compile_files,
    host_compiler,
    make_library,
    missing_compiler,
)
from sensor_bnn.compiler.linked_code import LinkedCode, linked_code
from sensor_bnn.compiler.lookup import families_of, kernel_files
from sensor_bnn.compiler.lowering import compile_apart, compile_kernels
from sensor_bnn.compiler.metadata import (
    FILE,
    FORMAT,
    End,
    LayerFacts,
    Metadata,
    Product,
    Tenant,
    file_digests,
)
from sensor_bnn.compiler.mve_kernels import mve_families
from sensor_bnn.compiler.packages import write_packages
from sensor_bnn.compiler.program import Array, Buffer, Call, Place, Program, Read, Step, Workspace, Write
from sensor_bnn.compiler.shared import c_prefix_of_kernels, tir_symbol
from sensor_bnn.compiler.signs import signs_families
from sensor_bnn.compiler.stream_kernels import families_among
from sensor_bnn.compiler.symbols import OURS, c_prefix, prefixed
from sensor_bnn.compiler.targets import Target
from sensor_bnn.compiler.templates import C_TYPES, Render, renderer
from sensor_bnn.compiler.transposes import transpose_families
from sensor_bnn.compiler.window import NAMES, SOURCE, has_window, window_facts, window_files
from sensor_bnn.data.predicted import Number
from sensor_bnn.errors import ModelError
from sensor_bnn.files import replace_folder, scratch_folder, write_files
from sensor_bnn.onnx.operators import TensorType
from sensor_bnn.onnx.quantities import NO_STEPS, Steps
from sensor_bnn.onnx.types import MAX_BYTES
from sensor_bnn.resources import resource

LIBRARY = "libmodel.so"
ALIAS = "model.h"
"""The header that gives the model the names that ``firmware/`` uses."""
WEIGHTS = "weights.c"

_TEMPLATES = {
    ALIAS: "alias.h.j2",
    "model.c": "model.c.j2",
    "weights.h": "weights.h.j2",
    WEIGHTS: "weights.c.j2",
}
VERIFY = "cmake/verify.cmake"
"""The check of a bundle's files without Python, in ``firmware/`` and in each bundle."""

KERNELS = "kernels"
"""The folder in the bundle for the C kernels that the model uses."""


def write_bundle(
    program: Program,
    name: str,
    model_hash: str,
    target: Target,
    folder: Path,
    *,
    package: bool = True,
    own_kernels: Sequence[Path] = (),
    classes: tuple[str, ...] | None = None,
    steps: Steps = NO_STEPS,
    channels: tuple[str, ...] | None = None,
    tuning: str | None = None,
) -> Bundle:
    """Compile the program's kernels and write the bundle; ``folder`` appears complete or not at all.

    Args:
        program: the kernels and the buffers.
        name: the model's name.
        model_hash: the SHA-256 of the ONNX file, in hex.
        target: the processor.
        folder: the folder to write; an earlier bundle there is replaced.
        package: whether to make the library and the packages for other builds.
        own_kernels: the C sources and headers of kernels that the program calls and that are not in
            ``firmware/kernels``; headers named ``linear_*`` declare them.
        classes: the names of the outputs, in their order; None for a model without names.
        steps: what the steps of integer inputs and outputs are worth.
        channels: the names of the input's channels, in their order; None likewise.
        tuning: the SHA-256 of the tuning file that the program was planned with, in hex.

    Raises:
        ModelError: the name has a character that is not allowed in C code, or LLVM cannot compile a kernel.
        FileError: the folder cannot be written, or holds something else than a bundle.
        ToolError: the host's C compiler is missing or failed (hosted targets only).
    """
    prefix = c_prefix(name)
    places = _arena_buffers(program)
    plan = plan_arena([_lifetime(program, index) for index in places])
    offsets = dict(zip(places, plan.offsets, strict=True))
    _check_size(program, plan)
    c_kernels = [*_c_kernels(program, target), *own_kernels]
    library = f"lib{prefix}.a" if package and not missing_compiler(target) else None
    c_texts = {f"{KERNELS}/{kernel.name}": kernel.read_text() for kernel in c_kernels}
    with replace_folder(folder, BUNDLE) as draft:
        # What is not compiled comes first, so that a full disk is noticed before the work.
        draft.write(VERIFY, (resource("firmware") / VERIFY).read_bytes())
        written = {file: carried.carrying(prefixed(text, prefix), prefix) for file, text in c_texts.items()}
        for file, text in written.items():
            draft.write(file, text)
        kernels = compile_kernels(
            {prefixed(kernel, prefix): tir for kernel, tir in _tir_kernels(program).items()},
            target,
            {prefixed(call.kernel, prefix): step.name for step in program.steps for call in step.every_call},
        )
        code = linked_code(kernels)
        metadata = _metadata(
            program,
            plan,
            offsets,
            name,
            model_hash,
            target,
            c_kernels,
            classes=classes,
            steps=steps,
            channels=channels,
            tuning=tuning,
            prefix=prefix,
            library=library,
            code=code,
        )
        headers = [f"{KERNELS}/linear_{family}.h" for family in _families(program, target)]
        headers += [f"{KERNELS}/{file.name}" for file in own_kernels if file.match("linear_*.h")]
        render = _renderer(program, offsets, metadata, headers, target, code)
        texts = {file: render(template) for file, template in _TEMPLATES.items()}
        if has_window(metadata.input, metadata.output):
            floats, numbers = metadata.output.dtype == "float32", metadata.numbers is not None
            texts |= window_files(prefix, floats, render, numbers)
        for file, text in texts.items():
            own = text if file == ALIAS else prefixed(text, prefix)
            if file != WEIGHTS:
                own = written[file] = carried.carrying(own, prefix)
            draft.write(file, own)
        draft.write("kernels.o", kernels)
        stack = None
        if library is not None:
            plain = {**texts, f"{prefix}.h": render("model.h.j2")}
            content, stack = _library(program, plain, c_texts, metadata, target)
            draft.write(library, content)
        header = written[f"{prefix}.h"] = carried.carrying(render("model.h.j2", stack_bytes=stack), prefix)
        draft.write(f"{prefix}.h", header)
        draft.write(carried.FILE, carried.texts_header(written, prefix))
        if package:
            write_packages(draft, metadata, target, render)
        if target.hosted:
            _link_library(draft.path, metadata.sources)
        metadata = msgspec.structs.replace(
            metadata, sources_bytes=carried.carried_bytes(written), files=file_digests(draft.path)
        )
        draft.write(FILE, metadata.to_json())
    return Bundle(folder, metadata)


def _library(
    program: Program,
    texts: Mapping[str, str],
    c_kernels: Mapping[str, str],
    metadata: Metadata,
    target: Target,
) -> tuple[bytes, int | None]:
    """Return the library, in which kernels have the names that libraries share, and the stack that it needs.

    Args:
        program: the kernels.
        texts: the other C files by their place in the bundle; our names in them start with ``sbnn_``.
        c_kernels: the C kernels likewise.
        metadata: the bundle's metadata.
        target: the processor.
    """
    prefix, shared = metadata.prefix, c_prefix_of_kernels(target)
    apart = compile_apart(
        _tir_kernels(program), target, lambda kernel, code: tir_symbol(kernel, code, target)
    )
    called = {call.kernel for step in program.steps for call in step.every_call}
    names = {kernel: f"{shared}_{kernel.removeprefix(OURS)}" for kernel in called}
    names |= {kernel: symbol for kernel, (symbol, _) in apart.items()}

    def renamed(text: str) -> str:
        return re.sub(
            rf"\b{OURS}\w+",
            lambda found: names.get(found[0], prefixed(found[0], prefix)),
            text,
        )

    sources = {file: renamed(text) for file, text in texts.items() if file != ALIAS}
    sources |= {file: re.sub(rf"\b{OURS}", f"{shared}_", text) for file, text in c_kernels.items()}
    answers = ("best",) if metadata.numbers is None else ("values", "numbers")
    others = ("invoke", *answers, "window_poll", "window_push", "window_take")
    entries = [f"{prefix}_{name}" for name in others]
    return make_library(
        sources, dict(apart.values()), metadata.sources, entries, target, str(metadata.library)
    )


def _check_size(program: Program, plan: ArenaPlan) -> None:
    """Refuse a model that is too large for 32-bit addresses, whatever the board."""
    elsewhere = sum(buffer.size for buffer in program.buffers if buffer.place is not Place.ARENA)
    if plan.size + elsewhere <= MAX_BYTES:
        return
    touched = [sum(program.buffers[index].size for index in {*step.touches}) for step in program.steps]
    largest = program.steps[touched.index(max(touched))]
    raise ModelError(
        f"The model needs {plan.size + elsewhere:,} bytes, more than 32-bit addresses reach; node "
        f"{largest.name} alone uses {max(touched):,}.",
        "Make the model smaller.",
    )


def _arena_buffers(program: Program) -> list[int]:
    used = {index for step in program.steps for index in step.touches}
    return [i for i, b in enumerate(program.buffers) if b.place is Place.ARENA and i in used]


def _lifetime(program: Program, index: int) -> Lifetime:
    touched = [i for i, step in enumerate(program.steps) if index in step.touches]
    return Lifetime(program.buffers[index].size, touched[0], touched[-1])


def _tir_kernels(program: Program) -> dict[str, PrimFunc]:
    calls = (call for step in program.steps for call in step.every_call)
    return {call.kernel: call.function for call in calls if call.function is not None}


def _c_kernels(program: Program, target: Target) -> list[Path]:
    """Return the sources and headers of ``firmware/kernels`` that the program needs on the target."""
    return kernel_files(target, _families(program, target))


def _families(program: Program, target: Target) -> list[str]:
    called = {call.kernel for step in program.steps for call in step.calls}
    return sorted(
        {
            *families_of(target, called),
            *families_among(called),
            *mve_families(called),
            *a64_families(called),
            *signs_families(called),
            *dense_families(called),
            *transpose_families(called),
        }
    )


def _constants(program: Program) -> list[int]:
    read = {index for step in program.steps for index in step.reads}
    return [i for i in sorted(read) if program.buffers[i].place is Place.CONSTANT]


def _metadata(
    program: Program,
    plan: ArenaPlan,
    offsets: dict[int, int],
    name: str,
    model_hash: str,
    target: Target,
    c_kernels: Sequence[Path],
    classes: tuple[str, ...] | None,
    steps: Steps,
    channels: tuple[str, ...] | None,
    tuning: str | None,
    prefix: str,
    library: str | None,
    code: LinkedCode | None,
) -> Metadata:
    (source,) = (b for b in program.buffers if b.place is Place.INPUT)
    (result,) = (b for b in program.buffers if b.place is Place.OUTPUT)
    lives = {index: _lifetime(program, index) for index in offsets}
    weights = _weights(program)
    alive = [
        [index for index, life in lives.items() if life.first <= place <= life.last]
        for place in range(len(program.steps))
    ]
    return Metadata(
        format=FORMAT,
        model=name,
        model_hash=model_hash,
        target=target.name,
        # C has no array without elements, and a caller may declare one of this size.
        arena_bytes=max(plan.size, ALIGNMENT),
        arena_lower_bound_bytes=plan.lower_bound,
        input=_end(source),
        output=_end(result),
        input_step=steps.input,
        input_gain=steps.gain,
        output_step=steps.output,
        sources=(
            "model.c",
            WEIGHTS,
            *([SOURCE] if has_window(_end(source), _end(result)) else []),
            *(f"{KERNELS}/{file.name}" for file in c_kernels if file.suffix == ".c"),
        ),
        weights_bytes=sum(program.buffers[i].size for i in _constants(program)),
        cost_model=costs_of(target).model,
        layers=tuple(
            LayerFacts(
                index=index,
                name=step.name,
                op=step.operator,
                kernel=prefixed(step.calls[0].kernel, prefix),
                macs=step.macs,
                product=None if step.product is None else Product(*step.product),
                input_bytes=_read_bytes(program, step, constant=False),
                weights_bytes=_read_bytes(program, step, constant=True),
                output_bytes=program.buffers[step.writes].size,
                ram_bytes=sum(program.buffers[i].size for i in alive[index]),
                instructions_estimated=step.instructions,
                float=_is_float(program, step),
            )
            for index, step in enumerate(program.steps)
        ),
        classes=classes,
        channels=channels,
        numbers=steps.numbers,
        tuning=tuning,
        prefix=prefix,
        library=library,
        arena=tuple(_tenant(program, index, offset) for index, offset in offsets.items()),
        weights_sha256=hashlib.sha256(weights).hexdigest(),
        weights_crc32=zlib.crc32(weights),
        kernels_bytes=0 if code is None else code.size,
        kernels_crc32=0 if code is None else code.crc32,
        sources_bytes=0,  # Known only when all files are written,
        files={},  # and so are these.
        optimize=msgspec.convert(target.optimize, Literal["speed", "size"]),
    )


def _weights(program: Program) -> bytes:
    """Return the bytes of all constants as a little-endian processor has them, in the order of weights.c."""
    parts = []
    for index in _constants(program):
        array = program.buffers[index].array
        assert array is not None
        parts.append(np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes())
    return b"".join(parts)


def _is_float(program: Program, step: Step) -> bool:
    """Whether all arithmetic of the layer is floating point, without bits."""
    return program.buffers[step.writes].type.dtype == np.float32 and not step.operator.startswith("Bnn")


def _read_bytes(program: Program, step: Step, *, constant: bool) -> int:
    """Return the bytes of a layer's weights, or of its other inputs; each tensor counts once."""
    read = (program.buffers[index] for index in dict.fromkeys(step.reads))
    return sum(buffer.size for buffer in read if (buffer.place is Place.CONSTANT) == constant)


def _tenant(program: Program, index: int, offset: int) -> Tenant:
    """Return the place and the lifetime of a tensor in the arena, from its first writer to its last user."""
    life = _lifetime(program, index)
    step = program.steps[life.first]
    name = f"{step.name}/workspace" if index == step.workspace else step.name
    return Tenant(name, offset, life.size, life.first, life.last)


def _end(buffer: Buffer) -> End:
    """Describe the input or output. A program has no other types than ``C_TYPES``, which ``End`` allows."""
    return msgspec.convert(
        {"dtype": buffer.type.dtype.name, "shape": buffer.type.shape, "bytes": buffer.size}, End
    )


def _renderer(
    program: Program,
    offsets: dict[int, int],
    metadata: Metadata,
    headers: list[str],
    target: Target,
    code: LinkedCode | None,
) -> Render:
    """Return the function ``render(template, **more)``, which fills a template with the bundle's facts."""
    input_offset = metadata.arena_bytes
    output_offset = input_offset + _aligned(metadata.input.bytes)
    constants = {index: f"sbnn_weights_{place}" for place, index in enumerate(_constants(program))}
    data = bytes.fromhex(metadata.model_hash)
    rows = [", ".join(f"0x{byte:02x}" for byte in data[i : i + 8]) for i in range(0, 32, 8)]
    facts = {
        **metadata.plain(),
        "name": metadata.model,
        "macro": metadata.prefix.upper(),
        "class_texts": [_c_text(name) for name in metadata.classes or ()],
        "channel_texts": [_c_text(name) for name in metadata.channels or ()],
        "number_shift": SHIFT,
        "numbers": [_number(number) for number in metadata.numbers or ()],
        "input_type": C_TYPES[metadata.input.dtype],
        "input_count": prod(metadata.input.shape),
        "input_offset": input_offset,
        "output_type": C_TYPES[metadata.output.dtype],
        "output_count": prod(metadata.output.shape),
        "output_offset": output_offset,
        "memory_bytes": output_offset + _aligned(metadata.output.bytes),
        "alignment": ALIGNMENT,
        "flags": " ".join(target.gcc) or "those of this machine",
        "checks": abi_checks(target),
        "stack_bytes": None,
        "has_window": has_window(metadata.input, metadata.output),
        "window_names": NAMES,
        "version": version("sensor-bnn"),
        "hash_rows": rows,
        "headers": headers,
        "code": code,
        "prototypes": sorted(
            {
                _prototype(call.kernel, call.function)
                for step in program.steps
                for call in step.every_call
                if call.function is not None
            }
        ),
        **_layers(program, constants, offsets),
        "constants": [_constant(symbol, program.buffers[index].array) for index, symbol in constants.items()],
    }
    if facts["has_window"]:
        facts |= window_facts(
            *(metadata.input, metadata.output, metadata.input_step, metadata.output_step),
            gain=metadata.input_gain,
            numbers=facts["numbers"],
        )
    return renderer(facts)


def _number(number: Number) -> dict[str, Any]:
    fixed = fixed_of(number)
    return {
        **asdict(fixed),
        "factor": fixed.factor,
        "text": _c_text(number.name),
        "unit": _c_text(number.unit),
        "scale": c_float(number.scale),
        "offset": c_float(number.offset),
        "shown": f"{number.scale:.6g} * output {'-' if number.offset < 0 else '+'} {abs(number.offset):.6g}",
    }


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


def _c_type(kind: TensorType) -> str:
    return C_TYPES[kind.dtype.name]


def _prototype(kernel: str, function: PrimFunc) -> str:
    def parameter(place: int, buffer: Any) -> str:
        # A kernel that reads one tensor twice has two parameters of its name; a tensor may be called `int`.
        name = re.sub(r"\W+", "_", f"{buffer.name}_{place}").lstrip("_0123456789") or f"p{place}"
        return f"{C_TYPES[str(buffer.ty.dtype.dtype)]} *{name}"

    *reads, writes = [parameter(place, buffer) for place, buffer in enumerate(function.params)]
    return f"void {kernel}({', '.join([*(f'const {read}' for read in reads), writes])});"


def _layers(program: Program, constants: dict[int, str], offsets: dict[int, int]) -> dict[str, Any]:
    """Return C functions for the layers, and their calls; layers that differ in constants only share one."""
    functions: dict[tuple[str, ...], dict[str, Any]] = {}
    calls = []
    for step in program.steps:
        read = [i for i in dict.fromkeys(step.reads) if program.buffers[i].place is Place.CONSTANT]
        names = {index: f"w{place}" for place, index in enumerate(read)}
        code = [_call(program, step, call, names, offsets) for call in step.every_call]
        used = {word for line in code for word in re.findall(r"\w+", line)}
        given = [
            ("ram", "uint8_t *ram"),
            ("input", "const void *input"),
            ("output", "void *output"),
            *((name, f"const {_c_type(program.buffers[i].type)} *{name}") for i, name in names.items()),
        ]
        given = [(name, parameter) for name, parameter in given if name in used]
        key = (*(parameter for _, parameter in given), *code)
        function = functions.setdefault(
            key,
            {
                "name": f"layer_{len(functions)}",
                "parameters": ", ".join(parameter for _, parameter in given),
                "code": code,
            },
        )
        symbols = {name: constants[index] for index, name in names.items()}
        calls.append(
            {
                "layer": step.name.replace("*/", "* /"),  # it becomes a C comment, which it must not end
                "operator": step.operator,
                "code": f"{function['name']}({', '.join(symbols.get(name, name) for name, _ in given)});",
            }
        )
    return {"functions": list(functions.values()), "calls": calls}


def _call(
    program: Program, step: Step, call: Call, constants: dict[int, str], offsets: dict[int, int]
) -> str:
    def pointer(index: int, qualifier: str, skip: int) -> str:
        buffer = program.buffers[index]
        if buffer.place is Place.CONSTANT:
            return constants[index] + (f" + {skip}" if skip else "")
        if buffer.place is Place.ARENA:
            offset = offsets[index] + skip * buffer.type.dtype.itemsize
            return f"({qualifier}{_c_type(buffer.type)} *)(void *)(ram + {offset})"
        name = "input" if buffer.place is Place.INPUT else "output"
        offset = skip * buffer.type.dtype.itemsize
        return f"({qualifier}void *)(({qualifier}uint8_t *){name} + {offset})" if skip else name

    def argument(value: Read | Write | Workspace | int | None) -> str:
        match value:
            case Read(place, skip):
                return pointer(step.reads[place], "const ", skip)
            case Write(skip):
                return pointer(step.writes, "", skip)
            case Workspace(skip):
                assert step.workspace is not None
                return f"(void *)(ram + {offsets[step.workspace] + skip})"
            case None:
                return "NULL"
        return str(value)

    return f"{call.kernel}({', '.join(map(argument, call.arguments))});"


def _constant(symbol: str, array: Array | None) -> dict[str, Any]:
    assert array is not None
    c_type = C_TYPES[array.dtype.name]
    flat = array.reshape(-1)
    if array.dtype == np.float32:
        values = [_float(float(value)) for value in flat]
    elif array.dtype == np.float16:
        values = [f"0x{int(value):04x}" for value in flat.view(np.uint16)]
    elif array.dtype == np.uint32:
        values = [f"0x{int(value):08x}u" for value in flat]
    else:
        values = [str(int(value)) for value in flat]
    lines = ",\n".join("    " + ", ".join(values[i : i + 8]) for i in range(0, len(values), 8))
    return {
        "symbol": symbol,
        "c_type": c_type,
        "length": flat.size,
        "type": str(TensorType.of(array)),
        "definition": f"const {c_type} {symbol}[{flat.size}] = {{\n{lines},\n}};",
    }


def _c_text(text: str) -> str:
    """Return a string literal of C: UTF-8, whose bytes outside ASCII are written in octal."""
    good = set(range(0x20, 0x7F)) - set(b'"\\?')  # Of question marks, C11 makes other characters.
    return '"' + "".join(chr(byte) if byte in good else f"\\{byte:03o}" for byte in text.encode()) + '"'


def _float(value: float) -> str:
    if math.isfinite(value):
        return f"{value.hex()}f"  # a hexadecimal float is exact
    return "NAN" if math.isnan(value) else f"{'-' if value < 0 else ''}INFINITY"


def _link_library(folder: Path, sources: Sequence[str]) -> None:
    install, remedy = f"Install it: {HOST_INSTALL}.", "Check it with `sensor-bnn doctor`."
    failure = "The model's library for this machine could not be linked"
    compiler = host_compiler()
    flags = ("-fPIC", "-O2", "-std=c11", "-ffp-contract=off")
    with scratch_folder("library") as work:
        # A copy: a compiler's cache sees the same names wherever the bundle lies.
        texts = {file.relative_to(folder): file.read_bytes() for file in folder.rglob("*.[ch]")}
        write_files(work / "bundle", {name.as_posix(): text for name, text in texts.items()})
        paths = [work / "bundle" / source for source in sources]
        compile_files(compiler, flags, paths, work, install, remedy, failure)
        objects = [work / path.with_suffix(".o").name for path in paths]
        programs.run(
            [compiler, "-shared", *flags, "-o", LIBRARY, *objects, "kernels.o"],
            cwd=folder,
            install=install,
            remedy=remedy,
            failure=failure,
        )
