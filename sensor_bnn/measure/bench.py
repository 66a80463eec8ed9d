"""Measure a model on its board: outputs, ticks or instructions, memory, per layer."""

from __future__ import annotations

import logging
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sensor_bnn.compiler.metadata import LayerFacts, Metadata, read_metadata
from sensor_bnn.data.channels import with_channels_of
from sensor_bnn.data.samples import Samples
from sensor_bnn.errors import BundleError, DataError, DeviceError, PortError
from sensor_bnn.firmware.sizes import read_build
from sensor_bnn.hardware.boards import HEADER_BYTES, Board, list_boards, load_board
from sensor_bnn.labels import labels_by_name
from sensor_bnn.measure.difference import differences
from sensor_bnn.measure.numbers import TargetErrors, fit_of, refuse_numbers, with_numbers_of
from sensor_bnn.onnx.quantities import to_model_input
from sensor_bnn.tracing import Laps
from sensor_bnn.wire.application import application_at, greet
from sensor_bnn.wire.client import Client
from sensor_bnn.wire.port import SerialPort
from sensor_bnn.wire.protocol import Hello

Progress = Callable[[str, int, int], None]
"""Called with a stage ("bench"), the samples done, and the samples in all."""

BINARY_PRODUCTS = frozenset(
    {"BnnLinear", "BnnLinear + Add", "BnnLinearPacked", "BnnMatMul", "BnnBoolMatMul"}
    | {
        f"{patches}BnnMatMul + {stream}{bits}"
        for patches in ("", "BnnPatches + ")
        for stream in ("BnnStream", "BnnStreamAdd")
        for bits in ("", " + BnnPack")
    }
)
"""Operators of the layers that multiply bits."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Layer:
    """One layer's part of a profiled inference; instructions only if the board is emulated."""

    name: str
    op: str
    kernel: str
    ticks: int
    instructions: int | None
    macs: int
    instructions_per_mac: float | None


@dataclass(frozen=True)
class BenchResult:
    """The measurements of a model on a board.

    Attributes:
        counter: name of the board's counter, which runs at ``counter_hz``.
        emulated: whether the board is QEMU under ``-icount``. Then instructions are exact counts and there
            are no microseconds; otherwise there are microseconds and no instructions.
        ticks: median ticks of the counter per inference, over ``samples`` inferences; ``instructions``
            likewise. ``_p99`` is the nearest rank, so a count that was measured.
        repeat_exact: whether the same sample took the same count again.
        overhead: the part of the profiled inference outside of its layers.
        stack_bytes, arena_high_water_bytes: the most that was used since reset.
        flash_bytes: the whole image, header included, of which ``weights_bytes`` are weights.
        top1_host, top1_device: share of right answers; host's None when no host bundle was given, and both of
            a model that predicts numbers.
        not_a_number: outputs of the device with a NaN, which are no answers and counted as wrong.
        bit_exact: every output of the device equals the host's to the last bit. ``different`` samples do not,
            the first of them is ``first_different``, counted from 0.
        outside_binary_products: share of the profiled inference that no layer with binary products spends.
        numbers: the errors of each number on the board; None for a model of classes.
        random_weights: nobody trained the model; top-1 is the agreement with ONNX Runtime.
    """

    board: str
    model: str
    model_hash: str
    firmware_version: str
    counter: str
    counter_hz: int
    emulated: bool
    instructions: int | None
    instructions_min: int | None
    instructions_max: int | None
    instructions_p99: int | None
    ticks: int
    ticks_min: int
    ticks_max: int
    ticks_p99: int
    microseconds: float | None
    repeat_exact: bool
    arena_bytes: int
    arena_high_water_bytes: int
    stack_bytes: int
    stack_reserved_bytes: int
    static_ram_bytes: int
    flash_bytes: int
    weights_bytes: int
    samples: int
    top1_host: float | None
    top1_device: float | None
    not_a_number: int
    bit_exact: bool | None
    different: int | None
    first_different: int | None
    profile_ticks: int
    profile_instructions: int | None
    overhead: int
    retries: int
    layers: tuple[Layer, ...]
    outside_binary_products: float
    random_weights: bool = False
    numbers: tuple[TargetErrors, ...] | None = None


def detect_board(port: str) -> Board:
    """Return the board that the application at ``port`` says it runs on.

    Raises:
        PortError: the port is absent, busy or silent.
        BoardError: the board is not in this installation.
        DeviceError: only a bootloader answers.
    """
    silent: PortError | DeviceError | None = None
    tried: set[tuple[int, str]] = set()
    for uart in (board.uart for board in list_boards()):
        if (uart.baud, uart.parity) in tried:
            continue
        tried.add((uart.baud, uart.parity))
        with SerialPort(port, uart) as line:
            try:
                return load_board(greet(line, Client(line)).board)
            except PortError as error:
                silent = error
    assert silent is not None  # there is at least one board
    raise silent


def run_bench(
    port: str,
    board: Board,
    bundle_dir: Path,
    samples: Samples,
    *,
    host_dir: Path | None = None,
    build_dir: Path | None = None,
    baud: int | None = None,
    progress: Progress = lambda stage, done, total: None,
) -> BenchResult:
    """Run every sample on the board and measure.

    Args:
        port: the serial port's path.
        board: the board that must be at the port.
        bundle_dir: the bundle in the board's firmware; its metadata has the names of the layers.
        samples: inputs in the model's shape.
        host_dir: the same model compiled for this machine, to compare the outputs bit by bit; may be None.
        build_dir: the firmware's build, for its sizes; None reports the sizes that the board sends.
        baud: the rate to raise the line to; None keeps the board's own.
        progress: called after each sample.

    Raises:
        BundleError: a bundle or build is missing, damaged or for another model.
        DataError: the samples do not fit the model.
        PortError: the port is absent, busy or silent.
        DeviceError: the board runs another model or another firmware, or refuses.
    """
    metadata = read_metadata(bundle_dir)
    samples = with_classes_of(metadata, samples)
    expected = None if host_dir is None else host_outputs(host_dir, samples, metadata.model_hash)
    inputs = input_bytes_of(metadata, samples)
    output_bytes = metadata.output.bytes
    output_dtype = np.dtype(metadata.output.dtype).newbyteorder("<")
    facts = metadata.layers
    weights_bytes = metadata.weights_bytes
    flash_bytes = _flash_bytes(build_dir, metadata)
    floats = metadata.input.dtype == "float32"
    with application_at(port, board, metadata, baud) as (client, hello):
        laps = Laps(_log)
        ticks: list[int] = []
        outputs: list[bytes] = []
        progress("bench", 0, len(inputs))
        for data in inputs:
            client.write_input(data, floats=floats)
            ticks.append(client.infer())
            outputs.append(client.read_output(output_bytes))
            progress("bench", len(outputs), len(inputs))
        laps.lap("ran %d samples on %s", len(inputs), board.name)
        # The last sample is still staged, so this is the same work once more.
        again = client.infer()
        total, layer_ticks = client.profile()
        memory = client.memory()
    layers = _layers(facts, layer_ticks, hello, board)

    counted = is_counted(hello, board)
    shares = [layer.instructions or 0 for layer in layers] if counted else layer_ticks
    profile_instructions = instructions_of(total, hello, board)
    # The low median of an even number is a count that was measured, and not a mean of two.
    median = statistics.median_low(ticks)
    p99 = sorted(ticks)[-(-99 * len(ticks) // 100) - 1]
    answers = np.stack([np.frombuffer(output, output_dtype) for output in outputs])
    return BenchResult(
        board=board.name,
        model=hello.model,
        model_hash=hello.model_hash,
        firmware_version=hello.firmware_version,
        counter=hello.counter,
        counter_hz=hello.counter_hz,
        emulated=counted,
        instructions=instructions_of(median, hello, board),
        instructions_min=instructions_of(min(ticks), hello, board),
        instructions_max=instructions_of(max(ticks), hello, board),
        instructions_p99=instructions_of(p99, hello, board),
        ticks=median,
        ticks_min=min(ticks),
        ticks_max=max(ticks),
        ticks_p99=p99,
        microseconds=None if counted else round(median * 1e6 / hello.counter_hz, 3),
        # As instructions: the same ones may take a tick more or less, depending on when they begin.
        repeat_exact=_count(again, hello, board) == _count(ticks[-1], hello, board),
        arena_bytes=memory.arena_bytes,
        arena_high_water_bytes=memory.arena_high_water_bytes,
        stack_bytes=memory.stack_high_water_bytes,
        stack_reserved_bytes=memory.stack_bytes,
        static_ram_bytes=memory.static_ram_bytes,
        flash_bytes=flash_bytes or memory.image_bytes + HEADER_BYTES,
        weights_bytes=weights_bytes,
        samples=len(inputs),
        top1_host=None if expected is None or metadata.numbers else top1(expected, samples),
        top1_device=None if metadata.numbers else top1(answers, samples),
        not_a_number=int(np.sum(np.isnan(answers).any(axis=1))),
        **asdict(differences(answers, expected)),
        profile_ticks=total,
        profile_instructions=profile_instructions,
        overhead=(total if profile_instructions is None else profile_instructions) - sum(shares),
        retries=client.retries,
        layers=layers,
        outside_binary_products=_outside(layers, shares),
        numbers=fit_of(answers, samples, metadata.numbers, metadata.output_step).targets
        if metadata.numbers
        else None,
    )


def _outside(layers: tuple[Layer, ...], shares: Sequence[int]) -> float:
    """Return the share of layers without binary products, embedding and head included."""
    outside = sum(
        share for layer, share in zip(layers, shares, strict=True) if layer.op not in BINARY_PRODUCTS
    )
    return round(outside / max(sum(shares), 1), 6)


REAL_TIME = "monotonic"
"""The counter of a Linux program whose instructions are not counted (firmware/hal/linux_counter.c)."""


def is_counted(hello: Hello, board: Board) -> bool:
    """Whether an emulator counts the board's ticks: they are then instructions, otherwise real time.

    A Linux program reports itself that its instructions are not counted: on a real machine, such as a
    Raspberry Pi.
    """
    return board.emulator is not None and hello.counter != REAL_TIME


def instructions_of(ticks: int, hello: Hello, board: Board) -> int | None:
    """Convert ticks of virtual time to instructions, which take ``2**icount_shift`` ns each.

    Returns None if the ticks are real time.
    """
    if board.emulator is None or not is_counted(hello, board):
        return None
    return round(ticks * 1_000_000_000 / (hello.counter_hz << board.emulator.icount_shift))


def _count(ticks: int, hello: Hello, board: Board) -> int:
    instructions = instructions_of(ticks, hello, board)
    return ticks if instructions is None else instructions


def _layers(facts: Sequence[LayerFacts], ticks: list[int], hello: Hello, board: Board) -> tuple[Layer, ...]:
    layers = []
    for fact, count in zip(facts, ticks, strict=True):
        instructions = instructions_of(count, hello, board)
        macs = fact.macs
        ratio = round(instructions / macs, 4) if macs and instructions is not None else None
        layers.append(Layer(fact.name, fact.op, fact.kernel, count, instructions, macs, ratio))
    return tuple(layers)


def check_samples(bundle_dir: Path, samples: Samples) -> None:
    """See that samples have shape, type and classes of a bundle, before anything is built for them.

    Raises:
        BundleError: the bundle is missing or damaged.
        DataError: they have another shape or type.
    """
    metadata = read_metadata(bundle_dir)
    labelled = with_classes_of(metadata, samples)
    input_bytes_of(metadata, replace(labelled, x=samples.x[:1], y=labelled.y[:1]))


def with_classes_of(metadata: Metadata, samples: Samples) -> Samples:
    """Return the samples with labels as places among a bundle's outputs, matched by the classes' names.

    The channels are brought into the order of the bundle's, by their names, and so are numbers to predict. A
    bundle of an ONNX file without names takes labels and channels as they are.

    Raises:
        DataError: the bundle does not have a class or a channel of the samples, they lack a channel, or the
            bundle says no classes and their numbers differ.
    """
    owner = f"the model {metadata.model}"
    samples = with_channels_of(samples, metadata.channels, owner)
    if metadata.numbers is not None:
        return with_numbers_of(samples, metadata.numbers, owner)
    refuse_numbers(samples, owner)
    if metadata.classes is not None:
        y = labels_by_name(samples.y, samples.classes, metadata.classes, owner)
        return replace(samples, y=y, classes=metadata.classes)
    outputs = prod(metadata.output.shape)
    if outputs != len(samples.classes):
        raise DataError(
            f"The model has {outputs} outputs; there are {len(samples.classes)} classes.",
            "Give samples of the data set that the model was trained on.",
        )
    return samples


def input_bytes_of(metadata: Metadata, samples: Samples) -> list[bytes]:
    """Return the bytes of each sample as they are sent, or raise DataError if they do not fit the model."""
    shape, dtype = list(metadata.input.shape), np.dtype(metadata.input.dtype)
    inputs = to_model_input(samples.x, dtype, metadata.input_step, metadata.input_gain)
    if [1, *samples.x.shape[1:]] != shape or inputs.dtype != dtype:
        raise DataError(
            f"A sample is {samples.x.dtype} {[1, *samples.x.shape[1:]]}, the model takes {metadata.input}.",
            "Give samples of the data set that the model was trained on.",
        )
    return [np.ascontiguousarray(x, dtype.newbyteorder("<")).tobytes() for x in inputs]


def host_outputs(
    host_dir: Path,
    samples: Samples,
    model_hash: str | None = None,
    progress: Progress = lambda stage, done, total: None,
) -> npt.NDArray[np.generic]:
    """Return the outputs [n, classes] of a bundle that was compiled for this machine.

    Args:
        host_dir: the bundle.
        samples: inputs of the model's shape.
        model_hash: that the bundle must have: that of the model on the board. Any when None.
        progress: called after each sample.

    Raises:
        BundleError: the bundle is missing, damaged, or compiled from another model.
        DataError: the samples do not fit the model.
    """
    from sensor_bnn.compiler.host_library import HostModel

    host = HostModel(host_dir)
    if model_hash is not None and host.metadata.model_hash != model_hash:
        raise BundleError(
            f"{host_dir} and the bundle on the board are compiled from different models.",
            "Compile both from one model.onnx.",
        )
    said = host.metadata
    inputs = to_model_input(samples.x, np.dtype(said.input.dtype), said.input_step, said.input_gain)
    outputs = []
    for x in inputs:
        outputs.append(host.infer(x[np.newaxis]).reshape(-1))
        progress("host", len(outputs), len(inputs))
    return np.stack(outputs)


def _flash_bytes(build_dir: Path | None, metadata: Metadata) -> int | None:
    if build_dir is None:
        return None
    build = read_build(build_dir)
    if build.model_hash != metadata.model_hash:
        raise BundleError(f"{build_dir} was built from another model.", "Build the bundle's firmware again.")
    return build.flash_bytes


def top1(outputs: npt.NDArray[Any], samples: Samples) -> float:
    """Share of samples [n] whose largest output [n, classes] is the right one; one with a NaN never is."""
    right = (np.argmax(outputs, axis=1) == samples.y) & ~np.isnan(outputs).any(axis=1)
    return round(float(np.mean(right)), 6)
