"""Measure kernels on an emulated core: each kernel is a layer of one program with random data.

The program runs like a user's model: the compiler's bundle in the benchmark firmware.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from rich.console import Console

from sensor_bnn.compiler.bundle import write_bundle
from sensor_bnn.compiler.program import Array, Buffer, Call, Place, Program, Step, Write
from sensor_bnn.compiler.targets import Target
from sensor_bnn.cycles.cycles import check_programs, estimate_cycles, model_name
from sensor_bnn.emulation.counting import CountPlugin, Symbols, counts_by_layer
from sensor_bnn.emulation.emulator import Emulator
from sensor_bnn.emulation.preloaded import with_image
from sensor_bnn.errors import BoardError, ToolError
from sensor_bnn.files import scratch_folder
from sensor_bnn.firmware.build import build_firmware
from sensor_bnn.hardware.boards import Board, list_boards
from sensor_bnn.measure.bench import instructions_of
from sensor_bnn.measure.estimate import MARK
from sensor_bnn.measure.kernel_cases import CHOSEN, Case, attention_cases, cases_of, pack_cases
from sensor_bnn.measure.kernel_cases import Shape as Shape
from sensor_bnn.measure.known_costs import (
    Known,
    binary_goal,
    epilogue_goal,
    int8_goal,
    known_binary,
    known_int8,
)
from sensor_bnn.measure.layer_cases import EPILOGUE, INT8, epilogue_cases, layer_cases, stream_pack_case
from sensor_bnn.measure.on_board import output_of
from sensor_bnn.onnx.operators import TensorType
from sensor_bnn.onnx.packing import words_for
from sensor_bnn.wire.application import check_answer, greet
from sensor_bnn.wire.client import Client
from sensor_bnn.wire.port import SerialPort

_OTHER_RAM_BYTES = 16384
"""The most RAM that the firmware needs besides arena, input, output and stack."""

_CODE_BYTES = 65536
"""First estimate of the bytes of the firmware's code, kernels included."""

ALL_HEADS = ((64, 32), (64, 64), (197, 32), (197, 64))
ALL_FLOATS = ((64, 192),)
"""The heads of attention and the floats that ``sensor-bnn kernels --all`` measures."""

DEFAULT_SHAPES = (Shape(64, 192, 192), Shape(64, 768, 192), Shape(64, 192, 768))


@dataclass(frozen=True)
class KernelRow:
    """One kernel at one shape.

    Attributes:
        kernel: one of the target's binary kernels (``sensor_bnn/compiler/lookup.py``), ``chosen``, or a
            baseline: ``int8_*``, ``tvm_float32``.
        target: the target of the core that ran it.
        m: number of rows.
        n: number of outputs.
        k: inputs per row.
        output: ``packed``, what the next layer of its kind reads (bits; int8 of an int8 kernel), or ``float``
            (binary kernels: with scale, bias and residual); of attention ``map``, m queries by n keys of k
            bits, or ``context``, m rows of a map of k keys by n channels; of the hybrid family's layers
            ``values`` of the stream or ``bits``.
        macs: m * n * k.
        instructions: instructions per call, including the building of tables.
        instr_per_mac: instructions per multiply-add.
        cycles_estimate: estimated cycles per call, by the model that ``cycles.model_name`` names; None if the
            model's programs are missing.
        exact: whether all outputs equal the numpy reference's, bit for bit.
        layer: the title of a layer of the hybrid family; None for other kernels.
        goal: the project's goal of ``instr_per_mac``; None if there is none.
        known: costs of other kernels at the same shape on the same core.
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
    layer: str | None = None
    goal: float | None = None
    known: tuple[Known, ...] = ()


def measure_kernels(
    target: Target,
    shapes: Sequence[Shape],
    console: Console,
    *,
    binary: bool = True,
    baselines: bool = True,
    attention: Sequence[tuple[int, int]] = (),
    pack: Sequence[tuple[int, int]] = (),
    layers: bool = False,
) -> list[KernelRow]:
    """Run every kernel at every shape on an emulated core of the target.

    Args:
        target: a target with an emulated board.
        shapes: shapes of layers; each is measured with packed output, and with float output and a residual.
        console: receives a message for each step, for each case that does not fit the board, and, if there
            are no estimates of cycles, why.
        binary: whether to run the binary kernels.
        baselines: whether to run int8 and float32.
        attention: tokens and bits of heads of attention: maps and contexts are measured after the layers.
        pack: rows and channels of floats that become bits.
        layers: whether to run the layers of the hybrid family, which are measured last.

    Raises:
        BoardError: no emulated board has the target, or no kernel fits its memory.
        ToolError: the cross compiler or the emulator is missing or failed.
    """
    board = find_emulated(target)
    for shape in shapes:
        _check_bits(shape, board)
    cases = [case for shape in shapes for case in cases_of(target, shape, binary=binary, baselines=baselines)]
    cases += [case for tokens, bits in attention for case in attention_cases(target, tokens, bits)]
    cases += [case for floats, channels in pack for case in pack_cases(target, floats, channels)]
    if layers:
        cases += [*layer_cases(target), stream_pack_case(target)]
    pairs = epilogue_cases(target) if layers else []
    first = len(cases)
    cases += [case for pair in pairs for case in pair]
    rows = _measured(cases, board, console, estimated=_estimates(target, console))
    found = [rows[place] for place in sorted(rows) if place < first]
    for place in range(first, len(cases), 2):
        if place in rows and place + 1 in rows:
            found.append(_epilogue(rows[place], rows[place + 1]))
    return found


def measure_cases(
    cases: Sequence[Case], board: Board, console: Console, *, estimated: bool
) -> list[KernelRow]:
    """Run cases on an emulated board, together where they fit.

    Args:
        cases: what to run.
        board: one with an emulator.
        console: receives a message for each step and for each case that does not fit the board.
        estimated: whether to estimate cycles.

    Raises:
        BoardError: no case fits its memory.
        ToolError: the cross compiler or the emulator is missing or failed.
    """
    rows = _measured(cases, board, console, estimated=estimated)
    return [rows[place] for place in sorted(rows)]


def _measured(
    cases: Sequence[Case], board: Board, console: Console, *, estimated: bool
) -> dict[int, KernelRow]:
    """Return the row of each case that fits the board, by its place; see ``measure_cases``."""
    rows: dict[int, KernelRow] = {}
    refused: list[BoardError] = []
    batches = _batches(cases, board)
    while batches:
        batch = batches.pop(0)
        try:
            measured = _measure([cases[place] for place in batch], board, console, estimated=estimated)
        except BoardError as error:
            # The first estimate put too many cases together, or this single one is too large.
            if len(batch) > 1:
                half = len(batch) // 2
                batches[:0] = [batch[:half], batch[half:]]
                continue
            case = cases[batch[0]]
            console.print(f"{case.kernel} at {case.shape} ({case.output}) is left out: {error.message}")
            refused.append(error)
        else:
            rows |= dict(zip(batch, measured, strict=True))
    if not rows:
        raise refused[0]
    return rows


def _epilogue(short: KernelRow, long: KernelRow) -> KernelRow:
    """Return what two layers, the second with twice the bits of a row, take in addition to their products."""
    elements = short.m * short.n
    instructions = max(2 * short.instructions - long.instructions, 1)
    cycles = None
    if short.cycles_estimate is not None and long.cycles_estimate is not None:
        cycles = max(2 * short.cycles_estimate - long.cycles_estimate, 1)
    return replace(
        short,
        kernel=EPILOGUE,
        k=1,
        macs=elements,
        instructions=instructions,
        instr_per_mac=round(instructions / elements, 4),
        cycles_estimate=cycles,
        exact=short.exact and long.exact,
        layer=f"epilogue, {short.m}x{short.n}",
        goal=epilogue_goal(short.target),
    )


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


def _check_bits(shape: Shape, board: Board) -> None:
    """Refuse a shape whose packed weights alone do not fit, before its data are made."""
    constants = 4 * (shape.m + shape.n) * words_for(shape.k)
    outputs = 4 * shape.m * words_for(shape.n)
    if constants > board.slot.size or outputs > board.ram.size:
        raise BoardError(
            f"A layer of {shape} does not fit {board.name}: {constants:,} bytes of bits in flash of "
            f"{board.slot.size:,}, {outputs:,} bytes of outputs in RAM of {board.ram.size:,}.",
            "Ask for a smaller shape.",
        )


def _estimates(target: Target, console: Console) -> bool:
    """Whether there is a model of the core's cycles; prints the reason if there is none."""
    try:
        check_programs(target)
        console.print(f"cycles are estimated by {model_name(target)}")
    except ToolError as error:
        console.print(f"No cycles are estimated: {error}")
        return False
    return True


def _batches(cases: Sequence[Case], board: Board) -> list[list[int]]:
    """Group the indices of cases that are compiled alike; each group is expected to fit the board."""
    ram = board.ram.size - board.ram.stack - _OTHER_RAM_BYTES
    flash = board.slot.size - _CODE_BYTES
    batches = []
    for own in dict.fromkeys(case.target for case in cases):
        batch: list[int] = []
        for place, case in enumerate(cases):
            if case.target != own:
                continue
            together = [cases[other] for other in (*batch, place)]
            if batch and (_ram_bytes(together) > ram or _flash_bytes(together) > flash):
                batches.append(batch)
                batch = []
            batch.append(place)
        batches.append(batch)
    return batches


def _ram_bytes(cases: Iterable[Case]) -> int:
    """Return the bytes of workspace and output."""
    together = list(cases)
    return max(case.workspace for case in together) + 4 * sum(map(_output_words, together))


def _flash_bytes(cases: Iterable[Case]) -> int:
    # By identity: cases share arrays, and the program stores each once.
    return sum({id(array): array.nbytes for case in cases for array in case.constants}.values())


def _output_words(case: Case) -> int:
    return -(-case.expected.nbytes // 4)


def _measure(cases: Sequence[Case], board: Board, console: Console, *, estimated: bool) -> list[KernelRow]:
    """Run the cases as the layers of one program.

    Raises:
        BoardError: they do not fit the board.
        ToolError: a tool is missing or failed.
    """
    program = _program(cases)
    sources = tuple(dict.fromkeys(file for case in cases for file in case.sources))
    target = cases[0].target
    with scratch_folder("kernels") as folder:
        console.print(f"compile {len(cases)} kernels for {target.name}, build for {board.name}")
        digest = hashlib.sha256(repr([(case.kernel, case.shape) for case in cases]).encode()).hexdigest()
        bundle = write_bundle(
            program, "kernels", digest, target, folder / "bundle", package=False, own_kernels=sources
        )
        build = build_firmware(bundle.folder, board, folder / "build")
        console.print(f"run them on {board.title}")
        symbols = Symbols(build.firmware_elf)
        plugin = CountPlugin.build(symbols, MARK, folder) if estimated else None
        with (
            Emulator(
                with_image(board, build.firmware_bin),
                build.bootloader_elf,
                [plugin.argument] if plugin else [],
            ) as emulator,
            SerialPort(emulator.port, board.uart) as line,
        ):
            client = Client(line)
            hello = greet(line, client)
            check_answer(hello, board, bundle.metadata)
            _, ticks = client.profile()
            output = output_of(emulator, client, build.firmware_elf, bundle.metadata.output.bytes)
        cycles: list[int | None] = [None] * len(cases)
        if plugin is not None:
            counts = counts_by_layer(plugin.counts(), len(cases))
            cycles = [layer.cycles for layer in estimate_cycles(counts, symbols, target)]
    rows = []
    start = 0
    for case, count, estimate in zip(cases, ticks, cycles, strict=True):
        instructions = instructions_of(count, hello, board)
        assert instructions is not None  # the board is emulated
        shape = case.shape
        rows.append(
            KernelRow(
                kernel=case.kernel,
                target=target.name,
                m=shape.m,
                n=shape.n,
                k=shape.k,
                output=case.output,
                macs=shape.macs,
                instructions=instructions,
                instr_per_mac=round(instructions / shape.macs, 4),
                cycles_estimate=estimate,
                exact=output[start : start + case.expected.nbytes] == case.expected.tobytes(),
                layer=case.layer,
                goal=_goal(case),
                known=_known(case),
            )
        )
        start += 4 * _output_words(case)
    return rows


def _goal(case: Case) -> float | None:
    if case.layer is None:
        return None
    goals = {CHOSEN: binary_goal, INT8: int8_goal}
    return goals[case.kernel](case.layer, case.target.name)


def _known(case: Case) -> tuple[Known, ...]:
    if case.layer is not None:
        return known_int8(case.layer, case.target.name)
    shape = case.shape
    if case.kernel != CHOSEN:
        return ()
    return known_binary(shape.m, shape.n, shape.k, case.output, case.target.name)


def _program(cases: Sequence[Case]) -> Program:
    """Return a program with one step per case; its output holds theirs in order."""
    float32 = np.dtype(np.float32)
    words = sum(_output_words(case) for case in cases)
    buffers = [
        Buffer(Place.INPUT, TensorType(float32, (1,))),
        Buffer(Place.OUTPUT, TensorType(float32, (words,))),
    ]
    known: dict[int, int] = {}

    def constant(array: Array) -> int:
        if id(array) not in known:
            known[id(array)] = len(buffers)
            buffers.append(Buffer(Place.CONSTANT, TensorType.of(array), array))
        return known[id(array)]

    steps = []
    start = 0
    for case in cases:
        workspace = None
        if case.workspace:
            workspace = len(buffers)
            buffers.append(Buffer(Place.ARENA, TensorType(np.dtype(np.uint32), (-(-case.workspace // 4),))))
        steps.append(
            Step(
                name=f"{case.kernel} {case.shape}",
                operator=case.output,
                calls=tuple(_shifted(call, start) for call in case.calls),
                reads=tuple(constant(array) for array in case.constants),
                writes=1,
                workspace=workspace,
                macs=case.shape.macs,
            )
        )
        start += _output_words(case)
    return Program(tuple(buffers), tuple(steps))


def _shifted(call: Call, words: int) -> Call:
    """Return the call with its outputs ``words`` words further on."""
    arguments = (replace(a, skip=a.skip + words) if isinstance(a, Write) else a for a in call.arguments)
    return replace(call, arguments=tuple(arguments))
