"""Measure the binary kernels on an emulated core: every kernel a layer of one program with random data.

What runs is what a user's model runs: the compiler's bundle in the benchmark firmware.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from rich.console import Console

from sensor_bnn.boards import Board, list_boards
from sensor_bnn.compiler.bundle import write_bundle
from sensor_bnn.compiler.kernels.bnn_linear_packed import mismatch_limit
from sensor_bnn.compiler.lookup import Rows, choose_rows, kernels_of
from sensor_bnn.compiler.program import (
    FLOAT_SUM,
    PACKED_OUT,
    Array,
    Buffer,
    LinearForm,
    Place,
    Program,
    Step,
    Write,
    linear_calls,
)
from sensor_bnn.compiler.targets import Target
from sensor_bnn.device.application import check_answer, greet
from sensor_bnn.device.bench import instructions_of
from sensor_bnn.device.client import Client
from sensor_bnn.device.emulator import Emulator
from sensor_bnn.device.flash import flash_image
from sensor_bnn.device.image import read_image
from sensor_bnn.device.port import SerialPort
from sensor_bnn.errors import BoardError
from sensor_bnn.firmware.build import build_firmware
from sensor_bnn.onnx.operators import TensorType
from sensor_bnn.onnx.packing import pack_bits, words_for
from sensor_bnn.onnx.reference import bnn_linear, bnn_linear_packed
from sensor_bnn.report.progress import transfer_bars

_FORMS = (PACKED_OUT, FLOAT_SUM)
_OTHER_RAM_BYTES = 16384
"""What the firmware takes besides arena, input and output."""

CHOSEN = "chosen"
"""What the compiler takes for the shape; the other kernels take all rows."""


@dataclass(frozen=True)
class Shape:
    """A layer: ``m`` rows (tokens) by ``n`` outputs over ``k`` bits."""

    m: int
    n: int
    k: int


DEFAULT_SHAPES = (Shape(64, 192, 192), Shape(64, 768, 192), Shape(64, 192, 768))


@dataclass(frozen=True)
class KernelRow:
    """One kernel at one shape.

    Attributes:
        kernel: one of the target's (``sensor_bnn/compiler/lookup.py``), or ``chosen``.
        target: of the core that counted.
        m: rows.
        n: outputs.
        k: bits a row.
        output: ``packed`` (bits) or ``float`` (with scale, bias and residual).
        macs: m * n * k.
        instructions: of one call, building of tables included.
        instr_per_mac: their ratio.
        cycles_estimate: always None: no model of the core's pipeline is run.
        exact: whether all outputs are the reference's, bit for bit.
    """

    kernel: str
    target: str
    m: int
    n: int
    k: int
    output: str
    macs: int
    instructions: int
    instr_per_mac: float
    cycles_estimate: int | None
    exact: bool


@dataclass(frozen=True)
class _Case:
    """A kernel at a shape, and what must come out."""

    kernel: str
    shape: Shape
    form: LinearForm
    rows: tuple[Rows, ...]
    expected: Array
    start: int  # its first word in the program's output


def measure_kernels(target: Target, shapes: tuple[Shape, ...], console: Console) -> list[KernelRow]:
    """Run every kernel at every shape on an emulated core of the target.

    Args:
        target: a target that an emulated board has.
        shapes: of layers; each is measured with bits out, and with floats out and a residual.
        console: told of each step.

    Raises:
        BoardError: no emulated board has the target, or the shapes do not fit its memory.
        ToolError: the cross compiler or the emulator is missing or failed.
    """
    board = find_emulated(target)
    batches = _batches(target, shapes, board)
    return [row for batch in batches for row in _measure(target, shapes, batch, board, console)]


def _measure(
    target: Target, shapes: tuple[Shape, ...], batch: range, board: Board, console: Console
) -> list[KernelRow]:
    program, cases, residual = _program(target, shapes, batch)
    with tempfile.TemporaryDirectory(prefix="sensor-bnn-kernels-") as temporary:
        folder = Path(temporary)
        console.print(f"compile {len(cases)} kernels for {target.name}, build for {board.name}")
        digest = hashlib.sha256(repr((shapes, batch)).encode()).hexdigest()
        bundle = write_bundle(program, "kernels", digest, target, folder / "bundle")
        build = build_firmware(bundle.folder, board, folder / "build")
        console.print(f"run them on {board.title}")
        with Emulator(board, build.bootloader_elf) as emulator:
            with transfer_bars() as progress:
                flash_image(emulator.port, read_image(build.folder), board, progress=progress)
            with SerialPort(emulator.port, board.uart) as line:
                client = Client(line)
                hello = greet(line, client)
                check_answer(hello, board, bundle.metadata)
                client.write_input(residual.tobytes())
                _, ticks = client.profile()
                output = np.frombuffer(client.read_output(bundle.metadata["output"]["bytes"]), np.uint32)
    rows = []
    for case, count in zip(cases, ticks, strict=True):
        got = output[case.start : case.start + case.expected.size]
        instructions = instructions_of(count, hello, board)
        assert instructions is not None  # the board is emulated
        shape = case.shape
        macs = shape.m * shape.n * shape.k
        rows.append(
            KernelRow(
                kernel=case.kernel,
                target=target.name,
                m=shape.m,
                n=shape.n,
                k=shape.k,
                output="packed" if case.form.packed else "float",
                macs=macs,
                instructions=instructions,
                instr_per_mac=round(instructions / macs, 4),
                cycles_estimate=None,
                exact=got.tobytes() == case.expected.tobytes(),
            )
        )
    return rows


def find_emulated(target: Target) -> Board:
    """Return the first board of the target that has an emulator.

    Raises:
        BoardError: there is none.
    """
    boards = [board for board in list_boards() if board.emulator is not None]
    for board in boards:
        if board.target == target.name:
            return board
    known = sorted({board.target for board in boards})
    raise BoardError(
        f"No emulated board has a {target.name}.", f"Kernels are measured on: {', '.join(known)}."
    )


def _batches(target: Target, shapes: tuple[Shape, ...], board: Board) -> list[range]:
    """Numbers of cases, as many at a time as the board's RAM holds outputs of; one at least."""
    room = board.ram.size - board.ram.stack - _OTHER_RAM_BYTES
    room -= max(4 * shape.m * shape.n for shape in shapes)
    batches = []
    first = number = workspace = outputs = 0
    for shape in shapes:
        for form in _FORMS:
            for _, rows in _variants(target, shape, form):
                size = 4 * _output_words(shape, form)
                needed = max(part.kernel.workspace(shape.n, shape.k) for part in rows)
                workspace = max(workspace, needed)
                if number > first and workspace + outputs + size > room:
                    batches.append(range(first, number))
                    first, workspace, outputs = number, needed, 0
                outputs += size
                number += 1
    return [*batches, range(first, number)]


def _output_words(shape: Shape, form: LinearForm) -> int:
    return shape.m * (words_for(shape.n) if form.packed else shape.n)


def _program(target: Target, shapes: tuple[Shape, ...], batch: range) -> tuple[Program, list[_Case], Array]:
    """One step a case of the batch; the input is the residual of all, the output holds theirs in order."""
    rng = np.random.default_rng(0)
    float32 = np.dtype(np.float32)
    residual = rng.standard_normal(max(shape.m * shape.n for shape in shapes)).astype(np.float32)
    buffers = [Buffer(Place.INPUT, TensorType(float32, residual.shape))]
    buffers.append(Buffer(Place.OUTPUT, TensorType(float32, (0,))))
    steps: list[Step] = []
    cases: list[_Case] = []
    words = number = 0

    def new(buffer: Buffer) -> int:
        buffers.append(buffer)
        return len(buffers) - 1

    def constant(array: Array) -> int:
        return new(Buffer(Place.CONSTANT, TensorType.of(array), array))

    for shape in shapes:
        x = pack_bits(rng.random((shape.m, shape.k)) < 0.5)
        w = pack_bits(rng.random((shape.n, shape.k)) < 0.5)
        spread = int(shape.k**0.5) + 1
        threshold = rng.integers(-spread, spread + 1, shape.n).astype(np.int32)
        scale, bias = (rng.standard_normal(shape.n).astype(np.float32) for _ in range(2))
        added = residual[: shape.m * shape.n].reshape(shape.m, shape.n)
        shared = (constant(x), constant(w))
        for form, parameters, expected in (
            (
                PACKED_OUT,
                (constant(mismatch_limit(threshold, shape.k)),),
                bnn_linear_packed(x, w, threshold, K=shape.k),
            ),
            (
                FLOAT_SUM,
                (constant(scale), constant(bias), 0),
                added + bnn_linear(x, w, scale, bias, K=shape.k),
            ),
        ):
            for kernel, rows in _variants(target, shape, form):
                number += 1
                if number - 1 not in batch:
                    continue
                calls, size = linear_calls(form, shape.n, shape.k, rows)
                shifted = tuple(
                    replace(
                        call,
                        arguments=tuple(
                            replace(a, skip=a.skip + words) if isinstance(a, Write) else a
                            for a in call.arguments
                        ),
                    )
                    for call in calls
                )
                memory = TensorType(np.dtype(np.uint32), (size // 4,))
                steps.append(
                    Step(
                        name=f"{kernel} {shape.m}x{shape.n}x{shape.k}",
                        operator=form.name,
                        calls=shifted,
                        reads=(*shared, *parameters),
                        writes=1,
                        workspace=new(Buffer(Place.ARENA, memory)) if size else None,
                        macs=shape.m * shape.n * shape.k,
                    )
                )
                cases.append(_Case(kernel, shape, form, rows, expected, words))
                words += _output_words(shape, form)
    buffers[1] = Buffer(Place.OUTPUT, TensorType(float32, (words,)))
    return Program(tuple(buffers), tuple(steps)), cases, residual


def _variants(target: Target, shape: Shape, form: LinearForm) -> Iterator[tuple[str, tuple[Rows, ...]]]:
    for kernel in kernels_of(target):
        if shape.k <= kernel.max_bits:
            yield kernel.name, (Rows(kernel, 0, shape.m),)
    yield CHOSEN, choose_rows(target, shape.m, shape.n, shape.k, packed=form.packed)
