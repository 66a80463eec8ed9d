"""Measure a model on its board: outputs, ticks or instructions, memory, layer by layer."""

from __future__ import annotations

import logging
import statistics
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sensor_bnn.compiler.metadata import LayerFacts, Metadata, read_metadata
from sensor_bnn.errors import BundleError, DataError, DeviceError, PortError
from sensor_bnn.firmware.sizes import read_build
from sensor_bnn.hardware.boards import HEADER_BYTES, Board, list_boards, load_board
from sensor_bnn.onnx.pixels import as_input
from sensor_bnn.tracing import Laps
from sensor_bnn.wire.application import application_at, greet
from sensor_bnn.wire.client import Client
from sensor_bnn.wire.port import SerialPort
from sensor_bnn.wire.protocol import Hello

Progress = Callable[[str, int, int], None]
"""Called with a stage ("bench"), the samples done, and the samples in all."""

BINARY_PRODUCTS = frozenset({"BnnLinear", "BnnLinear + Add", "BnnLinearPacked", "BnnMatMul", "BnnBoolMatMul"})
"""The layers' operators that multiply bits."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Samples:
    """Labelled inputs: ``x`` float32 [n, channels, length], ``y`` int64 [n], the classes' names."""

    x: npt.NDArray[np.float32]
    y: npt.NDArray[np.int64]
    classes: tuple[str, ...]


@dataclass(frozen=True)
class Layer:
    """One layer's share of a profiled inference; instructions only where the board is emulated."""

    name: str
    op: str
    kernel: str
    ticks: int
    instructions: int | None
    macs: int
    instructions_per_mac: float | None


@dataclass(frozen=True)
class BenchResult:
    """What a model costs on a board.

    Attributes:
        counter: which timer of the board counted, at ``counter_hz``.
        emulated: whether the board is QEMU under ``-icount``; then instructions are exact counts and there
            are no microseconds, else it is the other way round.
        ticks: of the counter, median of an inference; ``instructions`` likewise, over ``samples`` inferences.
            ``_p99`` is the nearest rank: a count that was seen.
        repeat_exact: the same sample again took the same count.
        overhead: of the profiled inference, what lies outside of its layers.
        stack_bytes, arena_high_water_bytes: the most that was used since reset.
        flash_bytes: the whole image, header included, of which ``weights_bytes`` are weights.
        top1_host, top1_device: share of right answers; host's None when no host bundle was given.
        not_a_number: outputs of the device with a NaN, which are no answers and counted as wrong.
        bit_exact: every output of the device equals the host's to the last bit.
        outside_binary_products: share of the profiled inference that no layer with binary products spends.
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
    top1_device: float
    not_a_number: int
    bit_exact: bool | None
    profile_ticks: int
    profile_instructions: int | None
    overhead: int
    retries: int
    layers: tuple[Layer, ...]
    outside_binary_products: float
    random_weights: bool = False


def read_samples(file: Path, limit: int | None = None) -> Samples:
    """Read an npz file with ``x``, ``y`` and ``classes``.

    Args:
        file: what ``sensor-bnn train`` wrote, or the shipped samples.
        limit: at most so many samples, from the start; all when None.

    Raises:
        DataError: missing, damaged, or an array of another shape or type.
    """
    remedy = "Give an .npz with x float32 [n, channels, length], y int64 [n] and classes (texts)."
    try:
        with np.load(file, allow_pickle=False) as arrays:
            x, y, classes = (arrays[name] for name in ("x", "y", "classes"))
    except FileNotFoundError:
        raise DataError(f"There is no file {file}.", remedy) from None
    except KeyError as error:
        raise DataError(f"The samples {file} lack an array: {error.args[0]}.", remedy) from None
    except (OSError, ValueError, EOFError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        raise DataError(f"The samples {file} cannot be read: {error}.", remedy) from None
    if x.dtype != np.float32 or x.ndim < 2:
        raise DataError(f"x of {file} is {x.dtype} {list(x.shape)}, not float32 [n, ...].", remedy)
    if y.dtype != np.int64 or y.shape != x.shape[:1]:
        raise DataError(
            f"y of {file} is {y.dtype} {list(y.shape)}, not int64 [{x.shape[0]}] as x needs.", remedy
        )
    if classes.dtype.kind != "U" or classes.ndim != 1:
        raise DataError(
            f"classes of {file} is {classes.dtype} {list(classes.shape)}, no list of texts.", remedy
        )
    if not len(x):
        raise DataError(f"{file} holds no sample.", remedy)
    if y.min() < 0 or y.max() >= len(classes):
        raise DataError(f"y of {file} names class {y.max()} of {len(classes)}.", remedy)
    return Samples(x[:limit], y[:limit], tuple(str(name) for name in classes))


def detect_board(port: str) -> Board:
    """Return the board that the application at ``port`` says it runs on.

    Raises:
        PortError: the port is absent, busy or silent.
        BoardError: it names a board that this installation does not have.
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
        board: the board that is meant.
        bundle_dir: the bundle in the board's firmware; its metadata names the layers.
        samples: inputs of the model's shape.
        host_dir: the same model compiled for this machine, to compare outputs bit by bit.
        build_dir: the firmware's build, for its sizes; else what the board says is reported.
        baud: a rate to raise the line to; the board's own when None.
        progress: called after each sample.

    Raises:
        BundleError: a bundle or build is missing, damaged or of another model.
        DataError: the samples do not fit the model.
        PortError: the port is absent, busy or silent.
        DeviceError: the board runs another model or another firmware, or refuses.
    """
    metadata = read_metadata(bundle_dir)
    expected = host_outputs(host_dir, metadata, bundle_dir, samples)
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
        again = client.infer()
        total, layer_ticks = client.profile()
        memory = client.memory()
    layers = _layers(facts, layer_ticks, hello, board)

    counted = is_counted(hello, board)
    shares = [layer.instructions or 0 for layer in layers] if counted else layer_ticks
    profile_instructions = instructions_of(total, hello, board)
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
        repeat_exact=_count(again, hello, board) == _count(ticks[-1], hello, board),
        arena_bytes=memory.arena_bytes,
        arena_high_water_bytes=memory.arena_high_water_bytes,
        stack_bytes=memory.stack_high_water_bytes,
        stack_reserved_bytes=memory.stack_bytes,
        static_ram_bytes=memory.static_ram_bytes,
        flash_bytes=flash_bytes or memory.image_bytes + HEADER_BYTES,
        weights_bytes=weights_bytes,
        samples=len(inputs),
        top1_host=None if expected is None else top1(np.stack(expected), samples),
        top1_device=top1(answers, samples),
        not_a_number=int(np.sum(np.isnan(answers).any(axis=1))),
        bit_exact=None if expected is None else [a.tobytes() for a in expected] == outputs,
        profile_ticks=total,
        profile_instructions=profile_instructions,
        overhead=(total if profile_instructions is None else profile_instructions) - sum(shares),
        retries=client.retries,
        layers=layers,
        outside_binary_products=_outside(layers, shares),
    )


def _outside(layers: tuple[Layer, ...], shares: Sequence[int]) -> float:
    """The share of layers without binary products, embedding and head included."""
    outside = sum(
        share for layer, share in zip(layers, shares, strict=True) if layer.op not in BINARY_PRODUCTS
    )
    return round(outside / max(sum(shares), 1), 6)


REAL_TIME = "monotonic"
"""The counter of a program of Linux that nobody counts (firmware/hal/linux_counter.c)."""


def is_counted(hello: Hello, board: Board) -> bool:
    """Whether an emulator counts the board's ticks: they are instructions then, else real time.

    A program of Linux that runs where nobody counts says so itself: on a real machine, as a Raspberry Pi is.
    """
    return board.emulator is not None and hello.counter != REAL_TIME


def instructions_of(ticks: int, hello: Hello, board: Board) -> int | None:
    """Ticks of virtual time as instructions: an instruction takes ``2**icount_shift`` ns.

    None for one that nobody counts: it has the real time.
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
    """See that samples have the shape and type of a bundle's input, before anything is built for them.

    Raises:
        BundleError: the bundle is missing or damaged.
        DataError: they do not.
    """
    input_bytes_of(read_metadata(bundle_dir), Samples(samples.x[:1], samples.y[:1], samples.classes))


def input_bytes_of(metadata: Metadata, samples: Samples) -> list[bytes]:
    """The samples as they go over the line, or the reason why they do not fit the model."""
    shape, dtype = list(metadata.input.shape), np.dtype(metadata.input.dtype)
    inputs = as_input(samples.x, dtype)
    if [1, *samples.x.shape[1:]] != shape or inputs.dtype != dtype:
        raise DataError(
            f"A sample is {samples.x.dtype} {[1, *samples.x.shape[1:]]}, the model takes {metadata.input}.",
            "Give samples of the data set that the model was trained on.",
        )
    return [np.ascontiguousarray(x, dtype.newbyteorder("<")).tobytes() for x in inputs]


def host_outputs(
    host_dir: Path | None, metadata: Metadata, bundle_dir: Path, samples: Samples
) -> list[npt.NDArray[np.generic]] | None:
    """The outputs of the same model compiled for this machine, one [classes] a sample."""
    if host_dir is None:
        return None
    from sensor_bnn.compiler.host_library import HostModel

    host = HostModel(host_dir)
    if host.metadata.model_hash != metadata.model_hash:
        raise BundleError(
            f"{host_dir} and {bundle_dir} are compiled from different models.",
            "Compile both from one model.onnx.",
        )
    inputs = as_input(samples.x, np.dtype(host.metadata.input.dtype))
    return [host.infer(x[np.newaxis]).reshape(-1) for x in inputs]


def _flash_bytes(build_dir: Path | None, metadata: Metadata) -> int | None:
    if build_dir is None:
        return None
    build = read_build(build_dir)
    if build.model_hash != metadata.model_hash:
        raise BundleError(f"{build_dir} was built from another model.", "Build the bundle's firmware again.")
    return build.flash_bytes


def top1(outputs: npt.NDArray[np.floating[Any]], samples: Samples) -> float:
    """Share of samples [n] whose largest output [n, classes] is the right one; one with a NaN never is."""
    right = (np.argmax(outputs, axis=1) == samples.y) & ~np.isnan(outputs).any(axis=1)
    return round(float(np.mean(right)), 6)
