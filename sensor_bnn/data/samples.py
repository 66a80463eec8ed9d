"""Labelled samples in an ``.npz`` file: x, y, classes, for training recording, and if there are any channels.

One reader with one set of rules for every command. Arrays are never unpickled: an array of Python objects is
refused, and its message says how to save it.
"""

from __future__ import annotations

import io
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np
import numpy.typing as npt

from sensor_bnn.data.recorded import as_ids
from sensor_bnn.errors import DataError
from sensor_bnn.files import replace_file
from sensor_bnn.labels import broken_rule, class_name, named_twice

REMEDY = "Give an .npz with x float32 [n, channels, length], y int64 [n] and classes, a list of texts."
SAMPLES_FILE = "samples.npz"
"""The name of the samples beside a checkpoint."""

WRITTEN_BY = "`sensor-bnn evaluate CKPT --write-samples FILE` writes such a file for a checkpoint."
_TEXTS = ("classes", "channels")
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
    """

    x: Examples
    y: npt.NDArray[np.int64]
    classes: tuple[str, ...]
    channels: tuple[str, ...] = ()


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


def read_samples(file: Path, limit: int | None = None) -> Samples:
    """Read an npz file with ``x``, ``y`` and ``classes``.

    Args:
        file: a file from ``sensor-bnn evaluate --write-samples``, the shipped samples, or your own.
        limit: the most samples to return, from the start; None for all. All are checked.

    Raises:
        DataError: the file is missing or damaged, or an array breaks a rule; the message names the array, the
            place in it, and the rule.
    """
    samples = _samples(file, _arrays(file, ("x", "y", "classes")))
    return replace(samples, x=samples.x[:limit], y=samples.y[:limit])


def read_recorded_samples(file: Path) -> tuple[Samples, npt.NDArray[Any]]:
    """Read an npz file that also has ``recording``, the number of each window's recording.

    Returns:
        The samples, and the recordings [n] as ``as_ids`` holds them.

    Raises:
        DataError: as ``read_samples``.
    """
    arrays = _arrays(file, ("x", "y", "classes", "recording"))
    samples = _samples(file, arrays)
    recording = arrays["recording"]
    _check(file, "recording", recording, recording.dtype.kind in "iu", samples.y.shape, "whole numbers")
    if recording.min() < 0:
        at = int(np.argmax(recording < 0))
        raise _wrong(file, f"recording[{at}] is {recording[at]}; it must not be negative")
    return samples, as_ids(recording.tolist())


def write_samples(path: Path, windows: Windows) -> None:
    """Write windows atomically as an ``.npz`` with the arrays x, y, classes, and channels if they have names.

    Raises:
        FileError: the file cannot be written.
    """
    arrays: dict[str, Any] = {"x": windows.x[:], "y": windows.y, "classes": np.array(windows.classes)}
    if windows.channels:
        arrays["channels"] = np.array(windows.channels)
    with replace_file(path) as file:
        np.savez_compressed(file, **arrays)


def _samples(file: Path, arrays: Mapping[str, npt.NDArray[Any]]) -> Samples:
    """Check x, y and classes, and return them in the types that every command uses."""
    x, y, names = (arrays[name] for name in ("x", "y", "classes"))
    if x.dtype.kind != "f" or x.dtype.itemsize > 8 or x.ndim < 2:
        raise _wrong(file, f"x is {x.dtype} {list(x.shape)}; it must be float32 [n, channels, length]")
    if not x.size:
        raise _wrong(file, f"x is {x.dtype} {list(x.shape)}; it must hold a sample")
    _check_finite(file, x)
    _check(file, "y", y, y.dtype.kind in "iu", x.shape[:1], "whole numbers")
    classes = _names(file, "classes", names)
    channels = _names(file, "channels", arrays["channels"]) if "channels" in arrays else ()
    if channels and len(channels) != x.shape[1]:
        raise _wrong(file, f"channels has {len(channels)} names, but x has {x.shape[1]} channels")
    outside = (y < 0) | (y >= len(classes))
    if outside.any():
        at = int(np.argmax(outside))
        raise _wrong(file, f"y[{at}] is {y[at]}; it must be a place in classes, 0 to {len(classes) - 1}")
    return Samples(x.astype(np.float32), y.astype(np.int64), classes, channels)


def _names(file: Path, array: str, names: npt.NDArray[Any]) -> tuple[str, ...]:
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


def _check_finite(file: Path, x: npt.NDArray[Any]) -> None:
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
    file: Path, name: str, array: npt.NDArray[Any], good: bool, shape: tuple[int, ...], rule: str
) -> None:
    if not good or array.shape != shape:
        lengths = f" {list(shape)}, as many as x" if rule == "whole numbers" else ""
        raise _wrong(file, f"{name} is {array.dtype} {list(array.shape)}; it must be {rule}{lengths}")


def _arrays(file: Path, names: tuple[str, ...]) -> dict[str, npt.NDArray[Any]]:
    """Read the arrays of these names, and channels; DataError if one is missing, damaged or of objects."""
    arrays = {}
    with _damage_told(file), zipfile.ZipFile(file) as archive:
        for item in archive.infolist():
            # The archive has each name twice. If they differ, an optional array could be missing unnoticed.
            archive.open(item).close()
        members = set(archive.namelist())
        missing = [name for name in names if f"{name}.npy" not in members]
        if missing:
            raise _wrong(file, f"it has no array {missing[0]}; its arrays are {', '.join(_stems(members))}")
        for name in (*names, *(["channels"] if "channels.npy" in members else [])):
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
def _damage_told(file: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise DataError(f"There is no file {file}.", f"{REMEDY} {WRITTEN_BY}") from None
    except (PermissionError, IsADirectoryError) as error:
        raise DataError(f"Cannot read {file}: {error.strerror}.", REMEDY) from None
    except MemoryError:
        raise DataError(f"{file} does not fit into memory.", "Give fewer samples.") from None
    except _DAMAGED as error:
        told = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise DataError(f"{file} is damaged or no .npz file ({told}).", REMEDY) from None


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


def _wrong(file: Path, what: str) -> DataError:
    return DataError(f"{file}: {what}.", REMEDY)
