"""Text dumps of a model after each stage of the compiler."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sensor_bnn.compiler.compiled import IR
from sensor_bnn.compiler.importer import Graph
from sensor_bnn.compiler.lowering import dump_kernels
from sensor_bnn.compiler.program import Argument, Program, Read, Step, Workspace, Write
from sensor_bnn.compiler.targets import Target
from sensor_bnn.files import replace_folder


def write_ir(imported: Graph, matched: Graph, program: Program, target: Target, folder: Path) -> None:
    """Write a model after each stage of the compiler.

    The files are ``0-imported.py`` and ``1-matched.py`` (Relax), ``2-program.txt`` (steps over buffers), and
    those of :func:`sensor_bnn.compiler.lowering.dump_kernels`.

    Args:
        imported: the model as TVM's front end returns it.
        matched: the model after the replacement of patterns.
        program: the model after the choice of kernels.
        target: the processor.
        folder: the folder to write. It appears complete or not at all; an earlier dump is replaced.

    Raises:
        FileError: the folder cannot be written, or holds something else.
    """
    kernels = {
        call.kernel: call.function
        for step in program.steps
        for call in step.every_call
        if call.function is not None
    }
    with replace_folder(folder, IR) as draft:
        draft.write("0-imported.py", imported.module.script() + "\n")
        draft.write("1-matched.py", matched.module.script() + "\n")
        draft.write("2-program.txt", "\n".join(_lines(program)) + "\n")
        dump_kernels(kernels, target, draft)


def _lines(program: Program) -> Iterator[str]:
    for index, buffer in enumerate(program.buffers):
        yield f"b{index} = {buffer.place.name.lower()} {buffer.type}"
    for step in program.steps:
        yield ""
        yield f"{step.name}: {step.operator}, {step.macs} MACs, about {step.instructions} instructions"
        for call in step.every_call:
            yield f"    {call.kernel}({', '.join(_text(step, value) for value in call.arguments)})"


def _text(step: Step, value: Argument) -> str:
    match value:
        case Read(place, skip):
            return f"b{step.reads[place]}" + (f" + {skip}" if skip else "")
        case Write(skip):
            return f"-> b{step.writes}" + (f" + {skip}" if skip else "")
        case Workspace(skip):
            return f"b{step.workspace} at byte {skip}"
    return str(value)
