"""Accuracy over a whole set on the device: sample after sample, kept as it comes, taken up again."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from sensor_bnn.compiler.metadata import read_metadata
from sensor_bnn.errors import DataError, DeviceError, PortError
from sensor_bnn.hardware.boards import Board
from sensor_bnn.measure.bench import (
    Progress,
    Samples,
    input_bytes_of,
    instructions_of,
    is_counted,
)
from sensor_bnn.measure.profile import Spread
from sensor_bnn.wire.application import application_at
from sensor_bnn.wire.client import Client
from sensor_bnn.wire.protocol import Hello

STATE_VERSION = 1
_ATTEMPTS = 4
_FRESH = "Give --fresh to begin anew, or another state file."


@dataclass(frozen=True)
class Evaluation:
    """What a device answered to every sample.

    Attributes:
        hello: who answered.
        outputs: [n, classes], as the device computed them.
        counts: what the inferences took, in ``unit``.
        unit: "instructions" on an emulated board, else "ticks".
        wanted: samples that there are; more than outputs if the run was interrupted.
        taken_up: samples that an earlier, interrupted run had measured.
        seconds: wall clock of this run.
        retries: requests of this run that were sent again.
        repeated: samples of this run that were done again because their first answer was not beyond doubt.
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


class _State:
    """What is measured so far: a line a sample, behind a line that says of what."""

    def __init__(self, file: Path, about: dict[str, Any], fresh: bool) -> None:
        self.file = file
        self.ticks: list[int] = []
        self.outputs: list[bytes] = []
        if fresh:
            with suppress(FileNotFoundError):
                file.unlink()
        end = self._take_up(about)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._stream: IO[bytes] = file.open("r+b" if end else "wb")
            self._stream.seek(end)
            self._stream.truncate()
            if not end:
                self._write(about)
        except OSError as error:
            raise DataError(
                f"The state {file} cannot be written: {error.strerror}.", "Choose another place with --state."
            ) from None

    def _take_up(self, about: dict[str, Any]) -> int:
        """Read the whole lines of an earlier run; return where they end. A torn last line is dropped."""
        try:
            content = self.file.read_bytes()
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise DataError(f"The state {self.file} cannot be read: {error.strerror}.", _FRESH) from None
        whole = content[: content.rfind(b"\n") + 1]
        if not whole:
            return 0
        try:
            header, *rows = [json.loads(line) for line in whole.splitlines()]
            if header == about:
                for row in rows:
                    self.ticks.append(int(row["ticks"]))
                    self.outputs.append(bytes.fromhex(row["output"]))
        except (ValueError, KeyError, TypeError, RecursionError):
            raise DataError(f"The state {self.file} is damaged.", _FRESH) from None
        if header != about:
            differs = next((key for key in about if not _same(header, about, key)), "its fields")
            raise DataError(
                f"The state {self.file} is of another evaluation: {differs} differs.",
                f"Give the same samples, bundle and board, or begin anew: {_FRESH}",
            )
        if len(rows) > about["samples"] or any(len(o) != about["output_bytes"] for o in self.outputs):
            raise DataError(f"The state {self.file} is damaged.", _FRESH)
        return len(whole)

    def add(self, ticks: int, output: bytes) -> None:
        self.ticks.append(ticks)
        self.outputs.append(output)
        self._write({"ticks": ticks, "output": output.hex()})

    def _write(self, row: dict[str, Any]) -> None:
        self._stream.write(json.dumps(row).encode() + b"\n")
        self._stream.flush()

    def close(self, done: bool) -> None:
        """Close the file; a finished evaluation leaves none."""
        self._stream.close()
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
    """Infer every sample on the board, going on where an interrupted run of the same stopped.

    Args:
        port: the serial port's path.
        board: the board that is meant.
        bundle_dir: the bundle in its firmware.
        samples: labelled inputs of the model's shape.
        state_file: what is measured so far; removed when all is.
        fresh: begin anew whatever the state is.
        baud: a rate to raise the line to; the board's own when None.
        progress: called after each sample.
        interrupted: called with what is measured so far when the run cannot go on, if that is a sample or
            more; what it returns is told with the error.

    Raises:
        BundleError: the bundle is missing or damaged.
        DataError: the samples do not fit the model, or the state is of something else.
        PortError: the port is absent, busy or silent; the state is kept.
        DeviceError: the board runs another model or firmware, or refuses; the state is kept.
    """
    metadata = read_metadata(bundle_dir)
    inputs = input_bytes_of(metadata, samples)
    dtype = np.dtype(metadata.output.dtype).newbyteorder("<")
    floats = metadata.input.dtype == "float32"
    size = metadata.output.bytes
    if size != dtype.itemsize * len(samples.classes):
        raise DataError(
            f"The model has {size // dtype.itemsize} outputs; there are {len(samples.classes)} classes.",
            "Give samples of the data set that the model was trained on.",
        )
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

        try:
            progress("evaluate", taken_up, len(inputs))
            for data in inputs[taken_up:]:
                ticks, output, again = _one(client, data, floats, size, lambda: _still(client, hello))
                repeated += again
                state.add(ticks, output)
                progress("evaluate", len(state.outputs), len(inputs))
            done = True
        except (PortError, DeviceError, KeyboardInterrupt) as error:
            told = interrupted(summary()) if state.outputs else ""
            if isinstance(error, KeyboardInterrupt):
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
    """One sample's ticks and output, and whether it was done more than once.

    A board that resets in the middle forgets the staged input, and then answers a repeated request with
    another result. So a sample in which anything was asked twice is done again from its start.
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
        f"The line or the board fails in every one of {_ATTEMPTS} tries of a sample.",
        "Check cable and power of the board.",
    )


def _still(client: Client, hello: Hello) -> None:
    """Refuse a board that has become another one."""
    now = client.hello()
    if now != hello:
        raise DeviceError(
            f"Another firmware answers now: {now.model} ({now.model_hash[:12]}) on {now.board}.",
            "Flash the firmware of before, or begin anew with --fresh.",
        )


def _digest(inputs: list[bytes]) -> str:
    digest = hashlib.sha256()
    for data in inputs:
        digest.update(data)
    return digest.hexdigest()


def _same(header: object, about: dict[str, Any], key: str) -> bool:
    return isinstance(header, dict) and header.get(key) == about[key]
