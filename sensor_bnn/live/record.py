"""Record the samples of a board's own sensor, which its live-stream application sends, into a CSV file.

The file has the rules of ``sensor_bnn.data.recording``: ``data``, ``train`` and ``stream`` read it as it is.
"""

from __future__ import annotations

import csv
import io
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np
import numpy.typing as npt

from sensor_bnn.data.recording import read_csv, read_rows
from sensor_bnn.errors import DataError, DeviceError, PortError, SensorBnnError
from sensor_bnn.files import append_whole, has_a_name, hold_open, is_at
from sensor_bnn.hardware.boards import Board
from sensor_bnn.labels import broken_rule, class_name
from sensor_bnn.tracing import NOTES
from sensor_bnn.wire.application import greet
from sensor_bnn.wire.client import Client
from sensor_bnn.wire.port import SerialPort
from sensor_bnn.wire.protocol import Hello, Kind, numbers

_SENSOR = (
    "Build with `--application stream --sensor FILE`, and flash that: docs/live-stream.md has an example."
)
_HEAD_BYTES = 12
_VALUES: dict[int, np.dtype[Any]] = {2: np.dtype("<i2"), 4: np.dtype("<f4")}
_QUIET_SECONDS = 0.01  # between two requests when there is no sample
_SILENT_SECONDS = 10.0  # without a sample
Store = Callable[[npt.NDArray[Any], bool], None]
"""Takes samples [n, channels], and whether a recording begins with them."""
KEPT = 600
"""The last samples that are kept for the plot."""


@dataclass(frozen=True)
class Sensor:
    """What a board says about its sensor.

    Attributes:
        hello: the identification that the device sent.
        channels: the names of the channels; ``x1``, ``x2``, ... if its model has none.
        rate: samples per second; None if the driver does not say it.
    """

    hello: Hello
    channels: tuple[str, ...]
    rate: float | None


@dataclass(frozen=True)
class Part:
    """Samples that came in one response.

    Attributes:
        samples: int16 or float32 [n, channels], in time order, at least one.
        after_gap: whether samples are missing before the first one.
        lost: the samples that are missing since the start.
    """

    samples: npt.NDArray[Any]
    after_gap: bool
    lost: int


@contextmanager
def sensor_at(port: str, board: Board, baud: int | None = None) -> Iterator[tuple[Sensor, Iterator[Part]]]:
    """Start the sensor of a board; yields what it is, and its samples for as long as they are asked for.

    Args:
        port: the serial port's path.
        board: the board that must be there.
        baud: the rate to raise the line to; None keeps the board's own.

    Raises:
        PortError: the port is absent, busy or silent.
        DeviceError: the board runs another application, has no sensor, or its sensor gives nothing.
    """
    with SerialPort(port, board.uart) as line:
        client = Client(line)
        hello = greet(line, client)
        if hello.board != board.name:
            raise DeviceError(
                f"The board says that it is {hello.board}, not {board.name}.", "Check --port and --board."
            )
        if baud is not None and baud != board.uart.baud:
            client.change_speed(baud)
        try:
            answer = client.ask_for(Kind.RECORD_OPEN, b"", "The board has no sensor to record from.", _SENSOR)
            sensor, dtype = _sensor(hello, answer)
            yield sensor, _parts(client, line, len(sensor.channels), dtype)
        finally:
            with suppress(PortError, DeviceError):  # A board that receives nothing stops at the next request.
                client.request(Kind.RECORD_STOP)
                if baud is not None and baud != board.uart.baud:
                    client.change_speed(board.uart.baud)


def _sensor(hello: Hello, answer: bytes) -> tuple[Sensor, np.dtype[Any]]:
    channels, millihertz, size = numbers("<III", answer[:_HEAD_BYTES], "RECORD_OPEN")
    names = [name.decode(errors="replace") for name in answer[_HEAD_BYTES:].split(b"\0")[:-1]]
    if size not in _VALUES or not 0 < channels <= (hello.max_payload - _HEAD_BYTES) // size:
        raise DeviceError(f"The board sends {channels} channels of {size} bytes.", _SENSOR)
    if len(names) != channels:
        names = [f"x{place + 1}" for place in range(channels)]
    return Sensor(hello, tuple(names), millihertz / 1000 or None), _VALUES[size]


def _parts(client: Client, line: SerialPort, channels: int, dtype: np.dtype[Any]) -> Iterator[Part]:
    taken = 0
    last = time.monotonic()
    while True:
        answer = client.ask_for(
            Kind.RECORD_SAMPLES,
            taken.to_bytes(4, "little"),
            f"The board has lost the recording at sample {taken}: it was reset, or another host uses it.",
            "Check its power and start again.",
        )
        first, lost, gap = numbers("<III", answer[:_HEAD_BYTES], "RECORD_SAMPLES")
        values = answer[_HEAD_BYTES:]
        if first != taken or len(values) % (channels * dtype.itemsize):
            raise DeviceError(
                f"The board sends {len(values)} bytes from sample {first} on, where {taken} comes next.",
                _SENSOR,
            )
        if values:
            samples = np.frombuffer(values, dtype).reshape(-1, channels)
            taken += len(samples)
            last = time.monotonic()
            yield Part(samples, bool(gap), lost)
        elif time.monotonic() - last > line.patient(_SILENT_SECONDS):
            raise DeviceError(
                f"The sensor gives no sample for {_SILENT_SECONDS:g} seconds.",
                "Check its wiring, and that its driver calls stream_sample.",
            )
        else:
            time.sleep(_QUIET_SECONDS)


@dataclass
class Collected:
    """The samples so far.

    Attributes:
        recordings: the number of samples of each recording without a gap.
        last: the last samples, float32 [n, channels], at most ``KEPT``.
        samples: the number of samples.
        lost: how many the board lost.
    """

    recordings: list[int] = field(default_factory=list)
    last: npt.NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    samples: int = 0
    lost: int = 0


def collect(
    parts: Iterator[Part],
    most: int | None,
    ended: Callable[[], object],
    store: Store,
    show: Callable[[Collected], None],
) -> tuple[Collected, SensorBnnError | None]:
    """Collect samples until there are ``most``, or ``ended`` returns something.

    Args:
        parts: the samples of ``sensor_at``.
        most: the number of samples; None for no limit.
        ended: asked after each part.
        store: called with the samples of each part; a part that it cannot store is not counted.
        show: called after each part.

    Returns:
        The samples, and the failure that ended them, if one did.
    """
    found = Collected()
    failure = None
    try:
        for part in parts:
            values = part.samples[: None if most is None else most - found.samples]
            begins = part.after_gap or not found.recordings
            store(values, begins)
            if begins:
                found.recordings.append(0)
            found.recordings[-1] += len(values)
            found.samples, found.lost = found.samples + len(values), part.lost
            recent = values.astype(np.float32)
            found.last = np.concatenate([found.last, recent])[-KEPT:] if found.last.size else recent[-KEPT:]
            show(found)
            if ended() or found.samples == most:
                break
    except SensorBnnError as error:
        failure = error
    return found, failure


class Csv:
    """A CSV file to which recordings are added. It is checked now, and opened by the first ``add``.

    What is added is in the file at once: nothing of it is lost if the disk becomes full or this process is
    killed. What the file held before is not written again, and what another program adds meanwhile is kept:
    another recording begins after it. If the file is deleted or replaced meanwhile, all that it held and what
    follows are in a file beside it, with a number in its name, and a note says so.

    Attributes:
        path: the file with the recording: ``path``, or the one beside it.
        place: where the samples are, as messages say it: after the end, the new name of a file that was moved
            within its folder, or that it was moved away.

    Args:
        path: the file; made if it is missing.
        sensor: what is recorded.
        label: the class of all samples.
        subject: the person or thing that the sensor is on; None for a file without subjects.

    Raises:
        BusyError: another process records into the file.
        DataError: the label or the subject is no name, or the file is not one of this sensor's.
    """

    def __init__(self, path: Path, sensor: Sensor, label: str, subject: str | None) -> None:
        self.path, self._stem = path, path.stem
        self.place = str(path)
        self._sensor = sensor
        self._label, self._subject = checked_name("--label", label), subject
        if subject is not None:
            self._subject = checked_name("--subject", subject)
        columns = ["recording", "label"]
        columns += [] if subject is None else ["subject"]
        columns += [] if sensor.rate is None else ["time"]
        self._header = [*columns, *sensor.channels]
        self._before, self._number = _text([self._header]), 0
        self._end = self._samples = 0
        self._made = not path.exists()
        self._moved = False
        self._file: BinaryIO | None = None
        self._open = ExitStack()
        row = [str(1), *self._row(0, [0] * len(sensor.channels))]
        read_rows(path, iter([(1, self._header), (2, row)]))  # refuses names that the file cannot have
        if not self._made:
            self._file = self._open.enter_context(hold_open(path, keep=None, alone=True))
            try:
                self._continue()
            except BaseException:
                self._open.close()
                raise

    def _continue(self) -> None:
        """Read the file to which recordings are added."""
        known = read_csv(self.path, for_training=True)
        content = self.path.read_bytes()
        text = content.decode("utf-8-sig")
        header = next(csv.reader(io.StringIO(text)))
        if header != self._header:
            raise DataError(
                f"{self.path} has the columns {', '.join(header)}, and the recording has"
                f" {', '.join(self._header)}.",
                "Name another file with -o, or give --subject or leave it out as for this file.",
            )
        self._end, self._before = len(content), "" if text.endswith("\n") else "\n"
        self._number = max((run.recording for run in known.runs if isinstance(run.recording, int)), default=0)

    def add(self, samples: npt.NDArray[Any], begins: bool) -> None:
        """Add samples [n, channels] to the recording, or to a new one.

        Args:
            samples: the samples, at least one.
            begins: whether a recording begins with them.

        Raises:
            BusyError: another process records into the file.
            FileError: they cannot be written; the file is then as it was.
        """
        if self._file is None:
            self._file = self._open.enter_context(hold_open(self.path, keep=None, alone=True))
        begins = self._followed() or begins
        number, first = (self._number + 1, 0) if begins else (self._number, self._samples)
        rows = [[str(number), *self._row(first + place, values)] for place, values in enumerate(samples)]
        content = (self._before + _text(rows)).encode()
        append_whole(self._file, self.path, content)
        self._end += len(content)
        self._before, self._number, self._samples = "", number, first + len(samples)

    def _followed(self) -> bool:
        """See what other programs did to the file; return whether the next sample must begin a recording."""
        assert self._file is not None
        if not self._moved and not is_at(self._file, self.path):
            if not has_a_name(self._file):
                self._rescue()
                return False
            self._moved = True
            NOTES.warning("%s was moved: the recording goes on in the file that was moved.", self.path)
        end = self._file.seek(0, os.SEEK_END)
        if end == self._end:
            return False
        NOTES.warning(
            "Another program has made %s %s: another recording begins here.",
            *(self.path, "longer" if end > self._end else "shorter"),
        )
        try:
            if self._moved:
                raise DataError(f"{self.path} was moved.", "Leave it where it is.")
            self._continue()
        except DataError as error:
            self._start_beside(f"can no longer be added to ({error.message.rstrip('.')})")
        return True

    def _rescue(self) -> None:
        """Write what the deleted file holds into a new one beside it, and go on there."""
        assert self._file is not None
        before, number = self._before, self._number
        self._file.seek(0)
        held = self._file.read()
        told = "was replaced by another file" if self.path.exists() else "was deleted"
        self._start_beside(f"{told}; what it held is kept too")
        append_whole(self._file, self.path, held)
        self._before, self._number, self._end = before, number, len(held)

    def _start_beside(self, why: str) -> None:
        """Go on in a new file with a number in its name."""
        places = (self.path.with_stem(f"{self._stem}-{number}") for number in count(2))
        place = next(place for place in places if not os.path.lexists(place))
        self._file = self._open.enter_context(hold_open(place, keep=None, new=True, alone=True))
        NOTES.warning("%s %s: the recording goes on in %s.", self.path, why, place)
        self.path, self._made, self._moved = place, True, False
        self._before, self._number, self._end = _text([self._header]), 0, 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        """Close the file; one that was made and got no samples is removed.

        Raises:
            FileError: the system could not store what it had taken.
        """
        with self._open:
            if self._file is None:
                return
            if self._samples and not is_at(self._file, self.path) and not has_a_name(self._file):
                self._rescue()
            self.place = self._told(self._file)
            empty = self._made and not self._samples and is_at(self._file, self.path)
        if empty:
            self.path.unlink(missing_ok=True)

    def _told(self, file: BinaryIO) -> str:
        """Return where the open file is, by its name if it has one in its folder."""
        if is_at(file, self.path):
            return str(self.path)
        with suppress(OSError):
            for other in sorted(self.path.parent.iterdir()):
                if is_at(file, other):
                    return str(other)
        return f"The file that was moved away from {self.path}"

    def _row(self, place: int, values: Iterable[Any]) -> list[str]:
        """Return what follows the number of the recording in the line of a sample, by its place."""
        rate = self._sensor.rate
        row = [self._label]
        row += [] if self._subject is None else [self._subject]
        row += [] if rate is None else [f"{place / rate:.6f}"]
        return [*row, *map(str, values)]


def checked_name(option: str, text: str) -> str:
    """Return a label or a subject in the form in which names are compared.

    Raises:
        DataError: a CSV file cannot hold it.
    """
    name = class_name(text)
    rule = "must not contain a quote" if '"' in name else broken_rule(name)
    if rule is not None:
        raise DataError(f"{option} is {text!r}; it {rule}.", "Give another name.")
    return name


def _text(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
