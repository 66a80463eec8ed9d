"""Accuracy over a whole data set on the device; results are saved, so that a run can be continued."""

from __future__ import annotations

import hashlib
import json
import time
import zlib
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Meta

from sensor_bnn.compiler.metadata import Count, Metadata, read_metadata
from sensor_bnn.data.samples import Samples
from sensor_bnn.errors import DataError, DeviceError, PortError
from sensor_bnn.files import hold_open, write_errors
from sensor_bnn.hardware.boards import Board
from sensor_bnn.measure.bench import Progress, input_bytes_of, instructions_of, is_counted, with_classes_of
from sensor_bnn.measure.profile import Spread
from sensor_bnn.reading import Source, json_values, typed
from sensor_bnn.wire.application import application_at, check_contents
from sensor_bnn.wire.client import Client
from sensor_bnn.wire.protocol import Hello

STATE_VERSION = 2
_ATTEMPTS = 4
_FRESH = "Pass --fresh to start over, or name another state file."


@dataclass(frozen=True)
class Evaluation:
    """A device's outputs for all samples.

    Attributes:
        hello: the identification that the device sent.
        outputs: [n, classes], computed by the device.
        counts: cost of each inference, in ``unit``.
        unit: "instructions" on an emulated board, else "ticks".
        wanted: number of samples; more than outputs if the run was interrupted.
        taken_up: number of samples that an earlier, interrupted run had measured.
        seconds: wall-clock time of this run.
        retries: number of repeated requests in this run.
        repeated: number of samples of this run that were repeated, because their first result was uncertain.
    """

    hello: Hello
    outputs: npt.NDArray[np.generic]
    counts: Spread
    unit: str
    wanted: int
    taken_up: int
    seconds: float
    retries: int
    repeated: int


class _Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A measured sample: what the inference took, the output's bytes in hexadecimal, and a CRC-32 of both."""

    ticks: Count
    output: Annotated[str, Meta(pattern=r"\A([0-9a-f]{2})*\Z", extra={"rule": "hexadecimal digits in pairs"})]
    crc: Count


def _row(ticks: int, output: bytes) -> _Row:
    return _Row(ticks, output.hex(), zlib.crc32(f"{ticks} {output.hex()}".encode()))


class _State:
    """The results so far: a line that identifies the evaluation, then one line per sample."""

    def __init__(self, file: Path, about: dict[str, Any], fresh: bool) -> None:
        self.file = file
        self.ticks: list[int] = []
        self.outputs: list[bytes] = []
        if fresh and file.is_file():  # Never a device.
            file.unlink()
        end = self._take_up(about)
        self._open = ExitStack()
        self._stream = self._open.enter_context(hold_open(file, keep=end))
        if not end:
            self._write(about)

    def _take_up(self, about: dict[str, Any]) -> int:
        """Read the complete lines of an earlier run and return where they end; drop a partial last line."""
        try:
            content = self.file.read_bytes()
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise DataError(f"The state {self.file} cannot be read: {error.strerror}.", _FRESH) from None
        whole = content[: content.rfind(b"\n") + 1]
        if not whole:
            return 0
        source = Source(f"The state {self.file}", DataError, _FRESH)
        header, *rows = [json_values(line, source) for line in whole.splitlines()]
        if header != about:
            differs = next((key for key in about if not _same(header, about, key)), "its fields")
            raise DataError(
                f"The state {self.file} belongs to another evaluation: {differs} differs.",
                f"Give the same samples, bundle and board, or start over: {_FRESH}",
            )
        for line, values in enumerate(rows, 2):
            in_line = replace(source, name=f"{source.name}, line {line}")
            row = typed(values, _Row, in_line)
            if row != _row(row.ticks, bytes.fromhex(row.output)):
                raise in_line.wrong("the line has changed since it was written: its checksum differs")
            self.ticks.append(row.ticks)
            self.outputs.append(bytes.fromhex(row.output))
            if len(self.outputs[-1]) != about["output_bytes"]:
                raise in_line.wrong(
                    f"output has {len(self.outputs[-1])} bytes; it must have {about['output_bytes']}"
                )
        if len(rows) > about["samples"]:
            raise source.wrong(f"it has {len(rows)} samples; there are {about['samples']}")
        return len(whole)

    def add(self, ticks: int, output: bytes) -> None:
        self.ticks.append(ticks)
        self.outputs.append(output)
        self._write(msgspec.structs.asdict(_row(ticks, output)))

    def _write(self, row: dict[str, Any]) -> None:
        with write_errors(self.file):
            self._stream.write(json.dumps(row).encode() + b"\n")
            self._stream.flush()

    def close(self, done: bool) -> None:
        """Close the file; a finished evaluation leaves none."""
        self._open.close()
        if done:
            self.file.unlink()


def run_evaluate(
    port: str,
    board: Board,
    bundle_dir: Path,
    samples: Samples,
    state_file: Path,
    *,
    fresh: bool = False,
    baud: int | None = None,
    progress: Progress = lambda stage, done, total: None,
    interrupted: Callable[[Evaluation], str] = lambda part: "",
) -> Evaluation:
    """Infer every sample on the board; continue an interrupted run of the same evaluation.

    Args:
        port: the serial port's path.
        board: the board that must be at the port.
        bundle_dir: the bundle in its firmware.
        samples: labelled inputs in the model's shape.
        state_file: file with the results so far; removed when all samples are done.
        fresh: start over and ignore an existing state.
        baud: the rate to raise the line to; None keeps the board's own.
        progress: called after each sample.
        interrupted: called with the results so far if the run cannot continue and there is at least one; its
            return value is added to the error's remedy.

    Raises:
        BundleError: the bundle is missing or damaged.
        DataError: the samples do not fit the model, or the state belongs to another evaluation.
        PortError: the port is absent, busy or silent; the state is kept.
        DeviceError: the board runs another model or firmware, or refuses; the state is kept.
    """
    metadata = read_metadata(bundle_dir)
    inputs = input_bytes_of(metadata, samples)
    dtype = np.dtype(metadata.output.dtype).newbyteorder("<")
    floats = metadata.input.dtype == "float32"
    size = metadata.output.bytes
    with_classes_of(metadata, samples)  # refuses those of another data set before the board works for hours
    about = {
        "evaluation": STATE_VERSION,
        "board": board.name,
        "model_hash": metadata.model_hash,
        "samples": len(inputs),
        "output_bytes": size,
        "data": _digest(inputs),
    }
    begun = time.monotonic()
    with application_at(port, board, metadata, baud) as (client, hello):
        state = _State(state_file, about, fresh)
        taken_up, repeated, done = len(state.outputs), 0, False

        def summary() -> Evaluation:
            counts = [instructions_of(ticks, hello, board) for ticks in state.ticks]
            return Evaluation(
                hello=hello,
                outputs=np.stack([np.frombuffer(output, dtype) for output in state.outputs]),
                counts=Spread.of([t if c is None else c for t, c in zip(state.ticks, counts, strict=True)]),
                unit="instructions" if is_counted(hello, board) else "ticks",
                wanted=len(inputs),
                taken_up=taken_up,
                seconds=time.monotonic() - begun,
                retries=client.retries,
                repeated=repeated,
            )

        def still() -> None:
            _still(client, hello, metadata)

        try:
            progress("evaluate", taken_up, len(inputs))
            for data in inputs[taken_up:]:
                ticks, output, again = _one(client, data, floats, size, still)
                repeated += again
                state.add(ticks, output)
                progress("evaluate", len(state.outputs), len(inputs))
            done = True
        except (PortError, DeviceError, KeyboardInterrupt, SystemExit) as error:
            told = interrupted(summary()) if state.outputs else ""
            if not isinstance(error, PortError | DeviceError):
                raise
            raise type(error)(
                error.message,
                f"{error.remedy} Then give the same command again: {len(state.outputs)} of {len(inputs)} "
                f"samples are kept in {state_file}.{told}",
            ) from error
        finally:
            state.close(done)
        return summary()


def _one(
    client: Client, data: bytes, floats: bool, size: int, still: Callable[[], None]
) -> tuple[int, bytes, bool]:
    """Return one sample's ticks and output, and whether it was repeated.

    A board that resets meanwhile loses the staged input, and then answers a repeated request with another
    result. So a sample with a repeated request is done again from its start.
    """
    for attempt in range(_ATTEMPTS):
        before = client.retries
        client.write_input(data, floats=floats)
        ticks = client.infer()
        output = client.read_output(size)
        if client.retries == before:
            return ticks, output, attempt > 0
        still()
    raise PortError(
        f"The line or the board failed in all {_ATTEMPTS} tries of a sample.",
        "Check cable and power of the board.",
    )


def _still(client: Client, hello: Hello, metadata: Metadata) -> None:
    """Refuse a board that now runs another firmware."""
    now = client.hello()
    if now != hello:
        raise DeviceError(
            f"Another firmware answers now: {now.model} ({now.model_hash[:12]}) on {now.board}.",
            "Flash the earlier firmware, or start over with --fresh.",
        )
    check_contents(client, metadata)


def _digest(inputs: list[bytes]) -> str:
    digest = hashlib.sha256()
    for data in inputs:
        digest.update(data)
    return digest.hexdigest()


def _same(header: object, about: dict[str, Any], key: str) -> bool:
    return isinstance(header, dict) and header.get(key) == about[key]
