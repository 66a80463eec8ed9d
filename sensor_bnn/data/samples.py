"""Labelled samples in an ``.npz`` file: x, y, classes, for training recording, and if there are any channels.

In place of y and classes, a file may have targets, the numbers that a model is to predict, and target_names.

One reader with one set of rules for every command. Arrays are never unpickled: an array of Python objects is
refused, and its message says how to save it.
"""

from __future__ import annotations

import io
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import IO, Any, Protocol, Self

import numpy as np
import numpy.typing as npt

from sensor_bnn.data.numbers import strata, target_order
from sensor_bnn.data.predicted import Number
from sensor_bnn.data.recorded import as_ids
from sensor_bnn.errors import DataError
from sensor_bnn.files import replace_file
from sensor_bnn.labels import broken_rule, class_name, named_twice

REMEDY = "Give an .npz with x float32 [n, channels, length], y int64 [n] and classes, a list of texts."
_NUMBERS = "Give an .npz with x float32 [n, channels, length] and targets, numbers [n] or [n, targets]."
SAMPLES_FILE = "samples.npz"
"""The name of the samples beside a checkpoint."""

WRITTEN_BY = "`sensor-bnn evaluate CKPT --write-samples FILE` writes such a file for a checkpoint."
_TEXTS = ("classes", "channels", "target_names")
_LARGEST = float(np.finfo(np.float32).max)
_DAMAGED = (
    *(OSError, ValueError, EOFError, KeyError, TypeError, OverflowError, NotImplementedError, RuntimeError),
    *(SyntaxError, tokenize.TokenError, zipfile.BadZipFile, zlib.error, struct.error),
)
"""What Python's zip reader and numpy raise for bytes that are no .npz."""


class Examples(Protocol):
    """Examples that are read slice by slice as float32; an array is one such."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of all examples, ``(n, C, L)`` or ``(n, C, H, W)``."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: Any, /) -> npt.NDArray[np.float32]: ...


@dataclass(frozen=True)
class Windows:
    """Windows or images with their labels.

    Attributes:
        x: windows ``[n, C, L]`` in sensor units, or images ``[n, C, H, W]`` in 0 .. 1; float32.
        y: the labels, int64 ``[n]``, indices into ``classes``.
        classes: the names of the classes.
        channels: the names of the channels, in their order; empty if they have none.
        targets: the numbers to predict, float64 ``[n, targets]``; None for classes. With them ``y`` and
            ``classes`` are the quarters of the first target, which only a split and a choice use.
        target_names: the names of the targets; empty if they have none.
    """

    x: Examples
    y: npt.NDArray[np.int64]
    classes: tuple[str, ...]
    channels: tuple[str, ...] = ()
    targets: npt.NDArray[np.float64] | None = None
    target_names: tuple[str, ...] = ()

    def first(self, count: int | None) -> Self:
        """Return the first ``count`` of them; all if it is None."""
        if count is None:
            return self
        targets = None if self.targets is None else self.targets[:count]
        return replace(self, x=self.x[:count], y=self.y[:count], targets=targets)


@dataclass(frozen=True)
class Samples(Windows):
    """Labelled inputs in memory: ``x`` float32 [n, ...], ``y`` int64 [n], names of classes and channels.

    Raises:
        DataError: a sample is infinite or not a number. The answer to it would depend on the processor.
    """

    x: npt.NDArray[np.float32]

    def __post_init__(self) -> None:
        if not np.isfinite(self.x).all():
            at = np.unravel_index(int(np.argmin(np.isfinite(self.x))), self.x.shape)
            raise DataError(
                f"x{[int(place) for place in at]} of the samples is {self.x[at]}; it must be finite.",
                "Correct or leave out this sample.",
            )


@dataclass(frozen=True)
class _Npz:
    """A file that is read, and what its errors ask for."""

    path: Path
    remedy: str

    def __str__(self) -> str:
        return str(self.path)


def read_samples(file: Path, limit: int | None = None) -> Samples:
    """Read an npz file with ``x``, ``y`` and ``classes``, or with ``x`` and ``targets``.

    Args:
        file: a file from ``sensor-bnn evaluate --write-samples``, the shipped samples, or your own.
        limit: the most samples to return, from the start; None for all. All are checked.

    Raises:
        DataError: the file is missing or damaged, or an array breaks a rule; the message names the array, the
            place in it, and the rule.
    """
    numbers = _has_targets(file)
    source = _Npz(file, _NUMBERS if numbers else REMEDY)
    arrays = _arrays(source, ("x", "targets") if numbers else ("x", "y", "classes"))
    return _samples(source, arrays).first(limit)


def read_recorded_samples(file: Path, targets: Sequence[str] = ()) -> tuple[Samples, npt.NDArray[Any]]:
    """Read an npz file that also has ``recording``, the number of each window's recording.

    Args:
        file: the file.
        targets: the names of the numbers to predict, as many as ``targets`` has columns; none for classes.

    Returns:
        The samples, and the recordings [n] as ``as_ids`` holds them.

    Raises:
        DataError: as ``read_samples``.
    """
    if not targets and _has_targets(file):
        raise DataError(
            f"{file}: it has targets, numbers to predict, and no classes.",
            'Name them in the recipe, such as data.targets = ["speed (m/s)"], and train that.',
        )
    source = _Npz(file, _NUMBERS if targets else REMEDY)
    arrays = _arrays(source, ("x", "targets", "recording") if targets else ("x", "y", "classes", "recording"))
    samples = _samples(source, arrays)
    if samples.targets is not None:
        samples = _named(source, samples, targets)
    recording = arrays["recording"]
    _check(source, "recording", recording, recording.dtype.kind in "iu", samples.y.shape, "whole numbers")
    if recording.min() < 0:
        at = int(np.argmax(recording < 0))
        raise _wrong(source, f"recording[{at}] is {recording[at]}; it must not be negative")
    return samples, as_ids(recording.tolist())


def arrays_of(file: Path) -> frozenset[str]:
    """Return the names of the arrays in an npz file.

    Raises:
        DataError: the file is missing or damaged.
    """
    with _damage_told(_Npz(file, REMEDY)), zipfile.ZipFile(file) as archive:
        return frozenset(_stems(set(archive.namelist())))


def write_samples(path: Path, windows: Windows) -> None:
    """Write windows atomically as an ``.npz`` with the arrays x, y, classes, and channels if they have names.

    Windows with targets have targets and target_names in place of y and classes.

    Raises:
        FileError: the file cannot be written.
    """
    arrays: dict[str, Any] = {"x": windows.x[:]}
    if windows.targets is None:
        arrays |= {"y": windows.y, "classes": np.array(windows.classes)}
    else:
        arrays |= {"targets": windows.targets, "target_names": np.array(windows.target_names)}
    if windows.channels:
        arrays["channels"] = np.array(windows.channels)
    with replace_file(path) as file:
        np.savez_compressed(file, **arrays)


def _samples(file: _Npz, arrays: Mapping[str, npt.NDArray[Any]]) -> Samples:
    """Check x, y and classes, and return them in the types that every command uses."""
    x = arrays["x"]
    if x.dtype.kind != "f" or x.dtype.itemsize > 8 or x.ndim < 2:
        raise _wrong(file, f"x is {x.dtype} {list(x.shape)}; it must be float32 [n, channels, length]")
    if not x.size:
        raise _wrong(file, f"x is {x.dtype} {list(x.shape)}; it must hold a sample")
    _check_finite(file, x)
    channels = _names(file, "channels", arrays["channels"]) if "channels" in arrays else ()
    if channels and len(channels) != x.shape[1]:
        raise _wrong(file, f"channels has {len(channels)} names, but x has {x.shape[1]} channels")
    if "targets" in arrays:
        return _with_targets(file, arrays, x.astype(np.float32), channels)
    y, names = arrays["y"], arrays["classes"]
    _check(file, "y", y, y.dtype.kind in "iu", x.shape[:1], "whole numbers")
    classes = _names(file, "classes", names)
    outside = (y < 0) | (y >= len(classes))
    if outside.any():
        at = int(np.argmax(outside))
        raise _wrong(file, f"y[{at}] is {y[at]}; it must be a place in classes, 0 to {len(classes) - 1}")
    return Samples(x.astype(np.float32), y.astype(np.int64), classes, channels)


def _with_targets(
    file: _Npz, arrays: Mapping[str, npt.NDArray[Any]], x: npt.NDArray[np.float32], channels: tuple[str, ...]
) -> Samples:
    """Check targets, ``[n]`` or ``[n, targets]``, and their names."""
    found = arrays["targets"]
    good = (
        found.dtype.kind in "fiu" and found.shape[:1] == x.shape[:1] and found.ndim in (1, 2) and found.size
    )
    if not good:
        raise _wrong(
            file,
            f"targets is {found.dtype} {list(found.shape)}; it must be numbers [n] or [n, targets], as many"
            " rows as x",
        )
    targets = found.astype(np.float64).reshape(len(x), -1)
    outside = ~(np.abs(targets) <= _LARGEST)  # also for NaN
    if outside.any():
        row, column = (int(place) for place in np.argwhere(outside)[0])
        raise _wrong(
            file,
            f"targets[{row}, {column}] is {targets[row, column]}; it must be a finite number of at most"
            f" {_LARGEST:.2g}, which float32 holds",
        )
    names = _names(file, "target_names", arrays["target_names"]) if "target_names" in arrays else ()
    if names and len(names) != targets.shape[1]:
        raise _wrong(file, f"target_names has {len(names)} names, but targets has {targets.shape[1]} columns")
    y, classes = strata(targets[:, 0], names[0] if names else "target")
    return Samples(x, y, classes, channels, targets, names)


def _named(file: _Npz, samples: Samples, wanted: Sequence[str]) -> Samples:
    """Return samples with the targets that a recipe names, in its order."""
    assert samples.targets is not None
    named = tuple(class_name(name) for name in wanted)
    if not samples.target_names:
        if samples.targets.shape[1] != len(named):
            raise _wrong(
                file,
                f"targets has {samples.targets.shape[1]} columns without names, and data.targets names"
                f" {len(named)}",
            )
        return replace(samples, target_names=named)
    missing = [name for name in named if name not in samples.target_names]
    if missing:
        raise _wrong(
            file,
            f"it has no target {missing[0]}, which data.targets names: its targets are"
            f" {', '.join(samples.target_names)}",
        )
    chosen = samples.targets[:, [samples.target_names.index(name) for name in named]]
    y, classes = strata(chosen[:, 0], named[0])
    return replace(samples, y=y, classes=classes, targets=chosen, target_names=named)


def _has_targets(file: Path) -> bool:
    """Whether a file has targets and no classes."""
    held = arrays_of(file)
    return "targets" in held and "y" not in held


def _names(file: _Npz, array: str, names: npt.NDArray[Any]) -> tuple[str, ...]:
    """Check the names of classes or channels, and return them in the form in which names are compared."""
    texts = names.dtype.kind == "U" and names.ndim == 1
    _check(file, array, names, texts, names.shape, "a list of texts")
    try:
        # The texts of numpy may hold numbers that are no characters of Unicode.
        names.astype(names.dtype.newbyteorder("<")).tobytes().decode("utf-32-le")
    except UnicodeDecodeError:
        raise _wrong(file, f"{array} holds characters that Unicode does not have") from None
    found = tuple(class_name(str(name)) for name in names)
    for at, name in enumerate(found):
        rule = broken_rule(name)
        if rule is not None:
            raise _wrong(file, f"{array}[{at}] is {name!r}; it {rule}")
    twice = named_twice(found)
    if twice is not None:
        raise _wrong(file, f"two {array} are named {twice}; each must have a name of its own")
    return found


def _check_finite(file: _Npz, x: npt.NDArray[Any]) -> None:
    wrong = ~np.isfinite(x)
    if x.dtype.itemsize > np.dtype(np.float32).itemsize:
        wrong |= np.abs(x) > _LARGEST
    if wrong.any():
        at = np.unravel_index(int(np.argmax(wrong)), x.shape)
        raise _wrong(
            file,
            f"x{[int(place) for place in at]} is {x[at]}; it must be a finite number of at most"
            f" {_LARGEST:.2g}, which float32 holds",
        )


def _check(
    file: _Npz, name: str, array: npt.NDArray[Any], good: bool, shape: tuple[int, ...], rule: str
) -> None:
    if not good or array.shape != shape:
        lengths = f" {list(shape)}, as many as x" if rule == "whole numbers" else ""
        raise _wrong(file, f"{name} is {array.dtype} {list(array.shape)}; it must be {rule}{lengths}")


def _arrays(file: _Npz, names: tuple[str, ...]) -> dict[str, npt.NDArray[Any]]:
    """Read the arrays of these names, and channels; DataError if one is missing, damaged or of objects."""
    arrays = {}
    with _damage_told(file), zipfile.ZipFile(file.path) as archive:
        for item in archive.infolist():
            # The archive has each name twice. If they differ, an optional array could be missing unnoticed.
            archive.open(item).close()
        members = set(archive.namelist())
        missing = [name for name in names if f"{name}.npy" not in members]
        if missing:
            raise _wrong(file, f"it has no array {missing[0]}; its arrays are {', '.join(_stems(members))}")
        optional = ("channels", *(["target_names"] if "targets" in names else []))
        for name in (*names, *(extra for extra in optional if f"{extra}.npy" in members)):
            data = archive.read(f"{name}.npy")  # checks the sum of its bytes
            member = io.BytesIO(data)
            shape, dtype = _header(member)
            if dtype.hasobject:
                raise DataError(
                    f"{file}: {name} holds Python objects, which are not read: they could run code.",
                    f"Save it as `np.array({name}, dtype={'str' if name in _TEXTS else 'float'})`.",
                )
            held = len(data) - member.tell()
            # Checked first, because numpy allocates what the header says before it reads the data.
            if prod(shape) * dtype.itemsize != held:
                raise _wrong(file, f"{name} is {dtype} {list(shape)}, but {held:,} bytes are stored")
            member.seek(0)
            arrays[name] = np.lib.format.read_array(member, allow_pickle=False)
    return arrays


@contextmanager
def _damage_told(file: _Npz) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise DataError(f"There is no file {file}.", f"{file.remedy} {WRITTEN_BY}") from None
    except (PermissionError, IsADirectoryError) as error:
        raise DataError(f"Cannot read {file}: {error.strerror}.", file.remedy) from None
    except MemoryError:
        raise DataError(f"{file} does not fit into memory.", "Give fewer samples.") from None
    except _DAMAGED as error:
        told = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise DataError(f"{file} is damaged or no .npz file ({told}).", file.remedy) from None


def _header(member: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Read the header of an array, and leave the member at the first byte after it."""
    version = np.lib.format.read_magic(member)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(member)
    elif version == (2, 0):
        shape, _, dtype = np.lib.format.read_array_header_2_0(member)
    else:
        raise ValueError(f"an array has version {version} of its format")
    return shape, dtype


def _stems(members: set[str]) -> list[str]:
    return sorted(name.removesuffix(".npy") for name in members) or ["none"]


def _wrong(file: _Npz, what: str) -> DataError:
    return DataError(f"{file}: {what}.", file.remedy)


def truth_of(windows: Windows, targets: tuple[Number, ...], owner: str) -> npt.NDArray[np.float64]:
    """Return the numbers of windows in the order of a model's targets, float64 ``[n, targets]``.

    Args:
        windows: the windows.
        targets: the model's targets.
        owner: what has them, for messages, such as "the model pump".

    Raises:
        DataError: the windows have classes, or other targets.
    """
    if windows.targets is None:
        raise DataError(
            f"The samples have classes, but {owner} predicts {', '.join(one.name for one in targets)}.",
            "Give an .npz with x and targets; `sensor-bnn evaluate CKPT --write-samples FILE` writes one.",
        )
    names = [one.name for one in targets]
    if windows.targets.shape[1] != len(names):
        raise DataError(
            f"The samples have {windows.targets.shape[1]} targets; {owner} predicts {', '.join(names)}.",
            "Give one number per target.",
        )
    return windows.targets[:, target_order(windows.target_names, names, owner)]
