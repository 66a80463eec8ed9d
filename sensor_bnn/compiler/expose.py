"""Programs with a larger output than a model's: the results of all layers, or the results of several models.

The kernels and their order do not change. Results that would share the arena are placed one after another in
the output instead.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np
from tvm_ffi import structural_equal

from sensor_bnn.compiler.program import Array, Buffer, Call, Place, Program, Read, Step, Write
from sensor_bnn.onnx.operators import FLOAT, WORD, TensorType

_ALIGNMENT_WORDS = 4


@dataclass(frozen=True)
class Result:
    """The place of a layer's result in the output.

    Attributes:
        name: the layer's name.
        value: the ONNX node whose value the result is.
        type: the element type and the shape; an element has at most 4 bytes.
        start: the index of the result's first word.
    """

    name: str
    value: str
    type: TensorType
    start: int

    def read(self, output: bytes) -> Array:
        """Return the result from the bytes of the whole output."""
        array = np.frombuffer(output, self.type.dtype, prod(self.type.shape), 4 * self.start)
        return array.reshape(self.type.shape)


def result_words(type: TensorType) -> int:
    """Return the number of words of a result in the output, a multiple of 4 words."""
    return -(-prod(type.shape) // _ALIGNMENT_WORDS) * _ALIGNMENT_WORDS


def expose_layers(program: Program, steps: Collection[int] | None = None) -> tuple[Program, list[Result]]:
    """Return the program with the results of some steps in its output, and the places of these results.

    Args:
        program: the program of a model.
        steps: the indices of the steps; by default all. The last step is always included, because it writes
            the model's output.
    """
    joint = next(i for i, buffer in enumerate(program.buffers) if buffer.place is Place.OUTPUT)
    wanted = set(range(len(program.steps))) if steps is None else {*steps, len(program.steps) - 1}
    wanted |= {place for place, step in enumerate(program.steps) if step.writes == joint}
    moved: dict[int, int] = {}
    exposed: list[Step] = []
    results: list[Result] = []
    words = 0
    for place, step in enumerate(program.steps):
        skips = {at: moved[index] for at, index in enumerate(step.reads) if index in moved}
        reads = tuple(joint if index in moved else index for index in step.reads)
        writes, shift = step.writes, 0
        if place in wanted:
            kind = program.buffers[step.writes].type
            results.append(Result(step.name, step.value or step.name, kind, words))
            writes, shift = joint, words
            moved[step.writes] = words
            words += result_words(kind)
        else:
            moved.pop(step.writes, None)
        overwrites = place not in wanted and writes in reads
        form = step.calls if overwrites or not step.apart else step.apart
        calls = tuple(_moved(call, skips, shift) for call in form)
        prepare = tuple(_moved(call, skips, shift) for call in step.prepare)
        exposed.append(replace(step, calls=calls, prepare=prepare, reads=reads, writes=writes, apart=()))
    buffers = list(program.buffers)
    buffers[joint] = Buffer(Place.OUTPUT, TensorType(WORD, (words,)))
    return Program(tuple(buffers), tuple(exposed)), results


def join_programs(parts: Sequence[tuple[str, Program, Array]]) -> tuple[Program, list[Result]]:
    """Return one program that runs each of ``parts`` on its own input, which becomes a constant.

    Args:
        parts: the name, the program and the input of each part. Kernels with the same symbol must be equal.

    Returns:
        The program, which does not read its own input, and the places of the results, in the order of parts.
    """
    buffers = [Buffer(Place.INPUT, TensorType(FLOAT, (1,))), Buffer(Place.OUTPUT, TensorType(WORD, (1,)))]
    functions: dict[str, Call] = {}
    steps: list[Step] = []
    results: list[Result] = []
    words = 0
    for name, program, given in parts:
        index: dict[int, int] = {}
        for old, buffer in enumerate(program.buffers):
            if buffer.place is Place.OUTPUT:
                index[old] = 1
                results.append(Result(name, name, buffer.type, words))
                continue
            index[old] = len(buffers)
            if buffer.place is Place.INPUT:
                array = np.ascontiguousarray(given)
                buffer = Buffer(Place.CONSTANT, TensorType.of(array), array)
            buffers.append(buffer)
        for step in program.steps:
            for call in step.every_call:
                known = functions.setdefault(call.kernel, call)
                assert known.function is None or structural_equal(known.function, call.function), call.kernel
            skips = {at: words for at, old in enumerate(step.reads) if index[old] == 1}
            shift = words if index[step.writes] == 1 else 0
            steps.append(
                replace(
                    step,
                    name=f"{name}{step.name}",
                    calls=tuple(_moved(call, skips, shift) for call in step.calls),
                    apart=(),
                    prepare=tuple(_moved(call, skips, shift) for call in step.prepare),
                    reads=tuple(index[old] for old in step.reads),
                    writes=index[step.writes],
                    workspace=None if step.workspace is None else index[step.workspace],
                )
            )
        words += result_words(results[-1].type)
    buffers[1] = Buffer(Place.OUTPUT, TensorType(WORD, (words,)))
    return Program(tuple(buffers), tuple(steps)), results


def _moved(call: Call, skips: dict[int, int], shift: int) -> Call:
    arguments = []
    for argument in call.arguments:
        match argument:
            case Read(place, skip):
                argument = Read(place, skip + skips.get(place, 0))
            case Write(skip):
                argument = Write(skip + shift)
        arguments.append(argument)
    return replace(call, arguments=tuple(arguments))
