"""A file of recordings in any format, or a folder of files with one recording or more each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from sensor_bnn.data.audio import read_wav
from sensor_bnn.data.edge_impulse import read_edge_impulse
from sensor_bnn.data.parquet import read_parquet
from sensor_bnn.data.recorded import USUAL_COLUMNS, Columns, Recorded, Run, id_of
from sensor_bnn.data.recording import read_csv
from sensor_bnn.data.series import read_series
from sensor_bnn.errors import DataError
from sensor_bnn.labels import broken_rule, class_name

Labels = Literal["auto", "column", "folder", "name"]

_PARTS = {"train": "train", "training": "train", "test": "test", "testing": "test"}
"""The names of folders that say to which part of the split their files belong."""

_NUMBER_AT_THE_END = re.compile(r"[\s._-]*\d+$")
_SAID = {
    "column": "labels from within the files",
    "folder": "labels from the names of the folders",
    "name": "labels from the names of the files",
}


@dataclass(frozen=True)
class Reading:
    """How recordings are read.

    Attributes:
        columns: the names of the columns that are no channels.
        channels: the names of the columns that are channels; empty for all others.
        labels: where the label of a recording is: in a column, in the name of its folder or of its file;
            ``auto`` takes the first of these that there is.
        missing: whether values may be missing, and are NaN then.
        unlabelled: whether recordings may have no label.
        targets: the names of the columns that are numbers to predict; empty for classes. They are read as
            channels, after the others.
    """

    columns: Columns = USUAL_COLUMNS
    channels: tuple[str, ...] = ()
    labels: Labels = "auto"
    missing: bool = False
    unlabelled: bool = False
    targets: tuple[str, ...] = ()

    @property
    def read_channels(self) -> tuple[str, ...]:
        """The columns to read: the channels and the targets; empty for all."""
        return (*self.channels, *self.targets) if self.channels else ()


def _csv(file: Path, plan: Reading) -> Recorded:
    return read_csv(
        file,
        for_training=False,
        columns=plan.columns,
        channels=plan.read_channels,
        missing=plan.missing,
        targets=plan.targets,
    )


def _parquet(file: Path, plan: Reading) -> Recorded:
    return read_parquet(
        file,
        columns=plan.columns,
        channels=plan.read_channels,
        missing=plan.missing,
        targets=plan.targets,
    )


@dataclass(frozen=True)
class Format:
    """A format of recordings.

    Attributes:
        suffixes: how the names of its files end, in lower case.
        read: reads one file; its recordings need have neither name nor label.
    """

    suffixes: tuple[str, ...]
    read: Callable[[Path, Reading], Recorded]


FORMATS: Mapping[str, Format] = {
    "csv": Format((".csv",), _csv),
    "ts": Format((".ts", ".tsv"), lambda file, plan: read_series(file, plan.missing, plan.targets)),
    "wav": Format((".wav",), lambda file, plan: read_wav(file)),
    "edge-impulse": Format((".json",), lambda file, plan: read_edge_impulse(file, plan.missing)),
    "parquet": Format((".parquet",), _parquet),
}
"""The formats by the name that a recipe gives as ``data.set``."""


def read_recordings(kind: str, place: Path, plan: Reading) -> Recorded:
    """Read a file, or all files of a format in a folder and the folders in it.

    Args:
        kind: a key of ``FORMATS``.
        place: the file or folder.
        plan: how it is read.

    Raises:
        DataError: there is no such file, a file breaks a rule, two files differ in their channels, or a
            recording has no label.
    """
    if kind == "csv" and not place.is_dir():
        whole = not plan.unlabelled
        return read_csv(
            place,
            for_training=whole,
            columns=plan.columns,
            channels=plan.read_channels,
            missing=plan.missing,
            targets=plan.targets,
        )
    form = FORMATS[kind]
    files = files_in(place, form.suffixes) if place.is_dir() else _with_other_part(place)
    if not files:
        raise DataError(
            f"{place} has no file of the format {kind}: none ends in {' or '.join(form.suffixes)}.",
            "Correct data.path or data.set.",
        )
    found = [form.read(file, plan) for file in files]
    names = [
        file.relative_to(place if place.is_dir() else place.parent).with_suffix("").parts for file in files
    ]
    return _labelled(_joined(files, names, found), files, names, found, plan)


def _with_other_part(file: Path) -> list[Path]:
    """Return a file, and the other one if it is one of the two parts of a set of the UCR and UEA archives."""
    pair = [
        file.with_name(f"{file.stem.removesuffix(own)}{other}{file.suffix}")
        for own, other in (("_TRAIN", "_TEST"), ("_TEST", "_TRAIN"))
        if file.stem.endswith(own)
    ]
    return sorted([file, *(other for other in pair if other.is_file())], reverse=True)


def files_in(folder: Path, suffixes: Sequence[str]) -> list[Path]:
    """Return the files below a folder whose names end so, sorted; none that is hidden."""
    return sorted(
        file
        for file in folder.rglob("*")
        if file.suffix.lower() in suffixes
        and file.is_file()
        and not any(part.startswith(".") for part in file.relative_to(folder).parts)
    )


def _joined(files: Sequence[Path], names: Sequence[tuple[str, ...]], found: Sequence[Recorded]) -> Recorded:
    """Return the recordings of all files, one after another, each with a name of its own."""
    channels = found[0].channels
    for file, one in zip(files, found, strict=True):
        if one.channels != channels:
            raise DataError(
                f"{file} has the channels {', '.join(one.channels)}, but {files[0]} has"
                f" {', '.join(channels)}.",
                "Give all files the same columns in the same order, or name the channels in data.channels.",
            )
    runs: list[Run] = []
    at = 0
    for file, name, one in zip(files, names, found, strict=True):
        part = _part(name)
        for run in one.runs:
            # A file may hold several recordings; their names count within the file.
            within = () if run.recording is None else (str(run.recording),)
            own = id_of("/".join((*name, *within) if len(files) > 1 or not within else within))
            moved = replace(run, recording=own, first=at + run.first, end=at + run.end, file=str(file))
            runs.append(replace(moved, part=run.part or part))
        at += len(one.samples)
    if {run.part for run in runs} != {"train", "test"}:  # only one part is there: the split is open
        runs = [replace(run, part="") for run in runs]
    time = None
    rates = {one.rate for one in found}
    if all(one.time is not None for one in found):
        time = np.concatenate([one.time for one in found if one.time is not None])
    elif len(rates) > 1 and None not in rates:
        # Each file states its rate, and they differ: as times, each recording keeps its own.
        time = np.concatenate([np.arange(len(one.samples)) / (one.rate or 1) for one in found])
    source = found[0].source if time is not None and not found[0].rate else ()
    rate = found[0].rate if len(rates) == 1 else None
    samples = np.concatenate([one.samples for one in found])
    left_out = tuple(dict.fromkeys(name for one in found for name in one.left_out))
    units, assumed = found[0].units, found[0].assumed
    return Recorded(channels, samples, tuple(runs), time, rate, source, units, left_out, assumed)


def _labelled(
    joined: Recorded,
    files: Sequence[Path],
    names: Sequence[tuple[str, ...]],
    found: Sequence[Recorded],
    plan: Reading,
) -> Recorded:
    folders = [_label_folder(name) for name in names]
    where = plan.labels
    if where == "auto":
        labelled = all(run.label for one in found for run in one.runs)
        # A table of several recordings, all of one class by the name of the file, is not meant.
        table = len(files) == 1 and all(run.recording is not None for run in found[0].runs)
        where = "column" if labelled or table else "folder" if all(folders) else "name"
    if where == "column":
        for run in joined.runs:
            if not run.label and not plan.unlabelled:
                raise DataError(
                    f"The recording at {run.place} has no label in a column {plan.columns.label}.",
                    'Add that column, name it as in columns = { label = "activity" } of [data], or set'
                    " data.labels to folder or name.",
                )
        runs = joined.runs
    else:
        told = folders if where == "folder" else [_label_of_name(name[-1]) for name in names]
        by_file = {str(file): class_name(label) for file, label in zip(files, told, strict=True)}
        for file, label in by_file.items():
            rule = broken_rule(label)
            if rule:
                of = "its folder's name" if where == "folder" else "its name"
                raise DataError(
                    f"{file}: the label from {of} is {label!r}; it {rule}.",
                    "Rename it, or set data.labels.",
                )
        runs = tuple(replace(run, label=by_file[run.file]) for run in joined.runs)
    source = (_SAID[where], *joined.source)
    return replace(joined, runs=merged(runs), source=source)


def merged(runs: Iterable[Run]) -> tuple[Run, ...]:
    """Join adjacent runs that differ in nothing: labels within the files did not count."""
    found: list[Run] = []
    for run in runs:
        before = found[-1] if found else None
        if (
            before
            and before.end == run.first
            and replace(run, first=before.first, line=before.line) == replace(before, end=run.end)
        ):
            found[-1] = replace(before, end=run.end)
        else:
            found.append(run)
    return tuple(found)


def _part(name: tuple[str, ...]) -> str:
    """The part of the split that the first folder says; empty if it says none."""
    return _PARTS.get(name[0].casefold(), "") if len(name) > 1 else ""


def _label_folder(name: tuple[str, ...]) -> str:
    """The name of the folder of a file, unless that folder is a part of the split; empty without one."""
    folders = name[1:-1] if _part(name) else name[:-1]
    return folders[-1] if folders else ""


def _label_of_name(stem: str) -> str:
    """The name of a file up to its first point, without a number at its end."""
    return _NUMBER_AT_THE_END.sub("", stem.split(".")[0])
