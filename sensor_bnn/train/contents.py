"""What is in a data set, and what training would use of it: found before anything is trained."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sensor_bnn.data.folders import FORMATS, files_in, read_recordings
from sensor_bnn.data.numbers import deviation
from sensor_bnn.data.predicted import unit_of
from sensor_bnn.data.recorded import Id, Recorded, Run, Steps, steps_of
from sensor_bnn.data.recording import csv_roles
from sensor_bnn.errors import DataError
from sensor_bnn.labels import class_name
from sensor_bnn.train import parts, sets
from sensor_bnn.train.images import Images
from sensor_bnn.train.own_windows import from_recorded, left_out_note
from sensor_bnn.train.recipe import DataRecipe
from sensor_bnn.train.windows import Recordings

CLIPPED = 0.001
"""A channel is reported as clipped if more than this share of its samples is stuck at an end of its range."""

_STUCK = 3
"""Adjacent samples at the end of the range that count as stuck; two may be a coincidence."""

_MANY = 50
"""So many recordings that are equally long were cut by a program, and each is meant as one window."""

_FEWEST_VALUES = 10
"""A channel with fewer different values has steps, such as a switch: it rests at the ends of its range."""


@dataclass(frozen=True)
class ChannelFacts:
    """One channel over all samples, those that training does not use included.

    Attributes:
        name: its name; its number from 1 if it has none.
        unit: as the header states it; empty if it states none.
        low, high, mean, deviation: of its values, in that unit; None if it has no value.
        missing: the number of missing values.
        constant: whether it has one value only.
        clipped: the share of its samples that are stuck at an end of its range, 0 .. 1.
    """

    name: str
    unit: str
    low: float | None
    high: float | None
    mean: float | None
    deviation: float | None
    missing: int
    constant: bool
    clipped: float


@dataclass(frozen=True)
class ClassFacts:
    """One class.

    Attributes:
        name: its name.
        recordings, subjects: how many have it; None where they are not known.
        samples: the number of samples in time, or of images.
        seconds: how long that is; None if the rate is not known.
        learned, tested: windows or images of the two parts; None if there is no split.
    """

    name: str
    recordings: int | None
    subjects: int | None
    samples: int
    seconds: float | None
    learned: int | None
    tested: int | None


RANGES = 10
"""The ranges of a histogram of a target."""


@dataclass(frozen=True)
class TargetFacts:
    """One number to predict, over all windows.

    Attributes:
        name: its name.
        unit: as its name states it; empty if it states none.
        low, high, mean, deviation: of its values, in that unit.
        learned, tested: the windows of the two parts in ``RANGES`` equal ranges from ``low`` to ``high``; if
            there is no split, ``learned`` has all.
    """

    name: str
    unit: str
    low: float
    high: float
    mean: float
    deviation: float
    learned: tuple[int, ...]
    tested: tuple[int, ...]


@dataclass(frozen=True)
class Dropped:
    """Samples that are in the data, and that training neither learns from nor tests on."""

    samples: int
    why: str


@dataclass(frozen=True)
class SplitFacts:
    """The split of a data set.

    Attributes:
        how: how it was made, in words.
        whole: what is never on both sides, such as a recording.
        learned, tested: the names of those in the two parts.
        learned_windows, tested_windows: their windows or images.
    """

    how: str
    whole: str
    learned: tuple[Id, ...]
    tested: tuple[Id, ...]
    learned_windows: int
    tested_windows: int


@dataclass(frozen=True)
class TimeFacts:
    """Rate and times.

    Attributes:
        rate: samples per second; None if it is not known.
        told_by: what says so, in words; empty if it is not known.
        slowest, fastest: the rate of the slowest and the fastest recording, by their times.
        gaps: how often time is missing.
        longest_gap: the longest of these, in seconds.
        backwards: how often a sample is earlier than the one before.
        twice: how often a sample has the time of the one before.
    """

    rate: float | None = None
    told_by: str = ""
    slowest: float | None = None
    fastest: float | None = None
    gaps: int = 0
    longest_gap: float = 0.0
    backwards: int = 0
    twice: int = 0


@dataclass(frozen=True)
class Contents:
    """What is in a data set.

    Attributes:
        set: the name of the set or format.
        path: the file or folder; empty for a set that a package carries.
        source: where labels and times are from, in words.
        recordings, subjects: how many there are; None where the data do not say.
        parts: the stretches of one recording with one label, or the images.
        shortest, longest: the samples of the shortest and the longest such part.
        samples: the number of samples in time, or of images.
        unlabelled: the samples without a label.
        time: rate and times.
        window, step: the samples of a window, and from one window to the next; 0 for images. An
            npz file holds windows: from one to the next there is no step, which is 0 then.
        channels, classes: one entry each; images have no channels here.
        split: what training learns from and tests on; None if it refuses the data.
        dropped: the samples that it does not use, and why.
        notes: what is right, but may not be meant.
        refused: the sentence with which training refuses the data; empty if it takes them.
        examples: the first window of each class, float32 ``[C, length]``, by the class's name.
        targets: the numbers to predict; empty where the data have classes. There are no classes with them.
    """

    set: str
    path: str
    source: tuple[str, ...]
    recordings: int | None
    subjects: int | None
    parts: int
    shortest: int
    longest: int
    samples: int
    unlabelled: int
    time: TimeFacts
    window: int
    step: int
    channels: tuple[ChannelFacts, ...]
    classes: tuple[ClassFacts, ...]
    split: SplitFacts | None
    dropped: tuple[Dropped, ...]
    notes: tuple[str, ...]
    refused: str = ""
    examples: dict[str, npt.NDArray[np.float32]] = field(default_factory=dict, repr=False)
    targets: tuple[TargetFacts, ...] = ()


@dataclass(frozen=True)
class Guess:
    """The section of a recipe for a file or folder of recordings or windows, where there is no recipe.

    Attributes:
        data: the section, by which the data can be read and shown; training may refuse it.
        notes: sentences on the columns that are taken for something.
        found: the recordings; None for windows.
        counters: the channels that grow by the same step in each row, and measure nothing.
    """

    data: DataRecipe
    notes: tuple[str, ...] = ()
    found: Recorded | None = None
    counters: tuple[str, ...] = ()


def guessed(place: Path) -> Guess:
    """Return the section of a recipe for a file or folder of recordings or windows.

    If there are many recordings, all equally long and without gaps, each is one window: a program has cut
    them. Columns of a CSV file that look like recordings and labels are taken for them if no column has the
    usual names.

    Raises:
        DataError: there is no such file, no reader for it, or it breaks a rule of its format.
    """
    known = {suffix: kind for kind, form in FORMATS.items() for suffix in form.suffixes}
    known[".npz"] = "npz"
    if not place.exists():
        raise DataError(
            f"There is no {place}.", "Give a file or folder of recordings, a recipe's name, or a .toml file."
        )
    if place.is_dir():
        kinds = {kind: len(files_in(place, form.suffixes)) for kind, form in FORMATS.items()}
        kind = max(kinds, key=lambda kind: kinds[kind])
        if not kinds[kind]:
            raise DataError(
                f"{place} has no file of recordings.",
                f"Files that are read end in {', '.join(known)}; a folder of images needs a recipe.",
            )
    elif place.suffix.lower() in known:
        kind = known[place.suffix.lower()]
    else:
        raise DataError(
            f"{place} has a name that does not say its format.", f"Give a file in {', '.join(known)}."
        )
    plan = DataRecipe(set=kind, path=str(place))
    if kind == "npz":
        return Guess(plan)
    guess = _with_columns(plan) if kind == "csv" else Guess(plan, found=_leniently(plan))
    assert guess.found is not None
    steps = steps_of(guess.found)
    lengths = {run.end - run.first for run in guess.found.runs}
    if len(guess.found.runs) >= _MANY and len(lengths) == 1 and not (steps and steps.gaps):
        length = lengths.pop()
        return replace(guess, data=replace(guess.data, window=length, step=length))
    return guess


def _with_columns(plan: DataRecipe) -> Guess:
    """Read CSV files; take columns for what they look like where that is needed to read or to train."""
    place = plan.place()
    try:
        found = _leniently(plan)
        lacking = [
            key
            for key, lacks in (
                ("label", not any(run.label for run in found.runs)),
                ("recording", found.runs[0].recording is None),
            )
            if lacks
        ]
        if not lacking:
            return Guess(plan, found=found)
        refused = None
    except DataError as error:
        lacking, refused = ["recording", "label", "subject"], error
    roles = csv_roles(files_in(place, (".csv",))[0] if place.is_dir() else place)
    if place.is_dir():  # a file is a recording, and its name or folder may be the label
        lacking = [key for key in lacking if key != "recording"]
    chosen = {key: getattr(roles, key)[0] for key in lacking if getattr(roles, key)}
    if "recording" in chosen and roles.subject and roles.subject[0] not in chosen.values():
        chosen["subject"] = roles.subject[0]
    words = tuple(name for name in roles.words if name not in chosen.values())
    if not chosen and not words:
        if refused is not None:
            raise refused
        return Guess(plan, found=found)
    channels = tuple(name for name in roles.all if name in roles.numbers or name in roles.counters)
    mended = replace(plan, columns=replace(plan.columns, **chosen), channels=channels if words else ())
    try:
        found = _leniently(mended)
    except DataError as error:
        raise refused or error from None
    notes = tuple(f"The column {name} is taken for the {key}." for key, name in chosen.items())
    if words:
        notes += (f"These columns hold words, and are not read: {', '.join(words)}.",)
    others = tuple(name for name in found.left_out if name not in words)
    if others:
        notes += (f"These columns are not read either: {', '.join(others)}.",)
    return Guess(mended, notes, found, tuple(name for name in roles.counters if name in found.channels))


def proposed(guess: Guess) -> DataRecipe | None:
    """Return the section of a recipe with which training takes the data; None if there is none.

    What is changed, in this order: missing values are interpolated, channels that never change or that count
    the rows are left out, and windows are as short as the recordings require.
    """
    plan, found = guess.data, guess.found
    if found is None:
        try:
            dataset = sets.load(plan)
            sets.check_split(dataset, plan)
            sets.check_channels(dataset, plan)
        except DataError:
            return None
        return plan
    if any(not run.label or run.recording is None for run in found.runs):
        return None
    kept = [
        at
        for at, name in enumerate(found.channels)
        if name not in guess.counters and not _is_constant(found.samples[:, at])
    ]
    if not kept:
        return None
    if len(kept) < len(found.channels):
        names = tuple(found.channels[at] for at in kept)
        plan = replace(plan, channels=names)
        found = replace(found, samples=np.ascontiguousarray(found.samples[:, kept]), channels=names, units=())
    if np.isnan(found.samples).any():
        plan = replace(plan, missing="interpolate")
    lengths = sorted(run.end - run.first for run in found.runs)
    for window in (plan.window, lengths[len(lengths) // 2], lengths[len(lengths) // 4], lengths[0]):
        if window > plan.window:
            continue
        step = plan.step if window == plan.window else max(1, window // 2)
        tried = replace(plan, window=window, step=step)
        try:
            dataset = from_recorded(found, tried)
            sets.check_split(dataset, tried)
            sets.check_channels(dataset, tried)
        except DataError:
            continue
        return tried
    return None


def _is_constant(column: npt.NDArray[np.float32]) -> bool:
    known = column[~np.isnan(column)]
    return not len(known) or bool(known.min() == known.max())


def with_guess(found: Contents, guess: Guess) -> Contents:
    """Return the contents with the notes of a guess, which say already which columns are not read.

    Args:
        found: the contents that ``contents_of`` found with ``guess.data``.
        guess: what the columns were taken for.
    """
    # The recipe's channels are the guess's own: that they leave out a column is no second news.
    said = left_out_note(guess.found.left_out) if guess.found is not None else ""
    return replace(found, notes=(*guess.notes, *(note for note in found.notes if note != said)))


def contents_of(data: DataRecipe) -> Contents:
    """Read a data set, and find out what is in it and what training would use.

    Values may be missing and recordings may have no label: that is reported, and training may refuse it.

    Raises:
        DataError: the set is unknown or cannot be downloaded, or a file breaks a rule of its format.
    """
    found = None
    if data.set in FORMATS and data.path:
        data.check_place()
        found = _leniently(data)
    try:
        dataset = sets.load(data)
    except DataError as error:
        if found is None:
            raise
        return _contents(data, found, None, str(error))
    return summary_of(data, dataset, found)


def summary_of(data: DataRecipe, dataset: sets.DataSet, found: Recorded | None = None) -> Contents:
    """Return what is in a set that is loaded.

    Args:
        data: the recipe's section.
        dataset: the whole set.
        found: the recordings as they were read; None if only the windows are known.
    """
    if isinstance(dataset, Images):
        return _of_images(data, dataset)
    return _contents(data, found or _as_recorded(data, dataset), dataset, "", recorded=found is not None)


def _leniently(data: DataRecipe) -> Recorded:
    reading = data.reading()
    return read_recordings(data.set, data.place(), replace(reading, missing=True, unlabelled=True))


def _as_recorded(data: DataRecipe, dataset: Recordings) -> Recorded:
    """Return the parts of a set as recordings, without those that are too short for a window."""
    bounds, first = np.unique(np.stack([dataset.first, dataset.end], axis=1), axis=0, return_index=True)
    runs = []
    for (begin, end), window in zip(bounds.tolist(), first.tolist(), strict=True):
        label = _names(data, dataset)[dataset.y[window]]
        runs.append(Run(dataset.group[window : window + 1].tolist()[0], label, begin, end, 0))
    names = dataset.channels or tuple(str(at + 1) for at in range(len(dataset.signal)))
    return Recorded(names, dataset.signal.T, tuple(runs))


def _contents(
    data: DataRecipe, found: Recorded, dataset: Recordings | None, refused: str, *, recorded: bool = True
) -> Contents:
    split: SplitFacts | None = None
    notes: tuple[str, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    examples: dict[str, npt.NDArray[np.float32]] = {}
    counts: dict[str, tuple[int, int]] = {}
    if dataset is not None:
        try:
            notes = sets.check_split(dataset, data)
            sets.check_channels(dataset, data)
            split, counts = _split(data, dataset)
            dropped = _dropped(dataset, split)
        except DataError as error:
            refused = str(error)
        examples = _examples(dataset)
    time = _time(data, found)
    runs = [(run.label, run.recording, run.subject, run.end - run.first) for run in found.runs]
    short = () if dataset is None or recorded else dataset.short
    runs += [(part.label, part.group, None, part.samples) for part in short]
    subjects = {run.subject for run in found.runs} - {None}
    of_subjects = dataset is not None and dataset.whole == "subject" and not recorded
    if of_subjects:
        subjects = {name for _, name, _, _ in runs}
    by_recording = not of_subjects and (dataset is None or dataset.whole != "part")
    lengths = [length for *_, length in runs]
    numbers = bool(data.targets)
    channels = tuple(one for one in _channels(found) if one.name not in map(class_name, data.targets))
    return Contents(
        set=data.set,
        path=data.path,
        source=found.source,
        recordings=len({name for _, name, _, _ in runs}) if by_recording else None,
        subjects=len(subjects) or None,
        parts=len(runs),
        shortest=min(lengths),
        longest=max(lengths),
        samples=sum(lengths),
        unlabelled=0 if numbers else sum(length for label, *_, length in runs if not label),
        time=time,
        window=data.window if dataset is None else dataset.length,
        step=0 if data.set == "npz" else data.step,
        channels=channels,
        classes=() if numbers else _classes(runs, time, counts, of_subjects, by_recording),
        split=split,
        dropped=dropped,
        notes=(*_noticed(time, channels), *notes),
        refused=refused,
        examples=examples,
        targets=() if dataset is None else _targets(dataset, split),
    )


def _targets(dataset: Recordings, split: SplitFacts | None) -> tuple[TargetFacts, ...]:
    if dataset.targets is None:
        return ()
    everything = np.ones(len(dataset.y), dtype=np.bool_)
    learned = everything if split is None else dataset.is_of(split.learned)
    tested = ~everything if split is None else dataset.is_of(split.tested)
    found = []
    for name, values in zip(dataset.target_names, dataset.targets.T, strict=True):
        low, high = float(values.min()), float(values.max())
        counts = [np.histogram(values[part], RANGES, (low, high))[0].tolist() for part in (learned, tested)]
        spread = deviation(values)
        found.append(
            TargetFacts(name, unit_of(name), low, high, float(values.mean()), spread, *map(tuple, counts))
        )
    return tuple(found)


def _classes(
    runs: list[tuple[str, Id | None, Id | None, int]],
    time: TimeFacts,
    counts: dict[str, tuple[int, int]],
    of_subjects: bool,
    by_recording: bool,
) -> tuple[ClassFacts, ...]:
    found = []
    for name in sorted({label for label, *_ in runs if label} | counts.keys()):
        own = [run for run in runs if run[0] == name]
        samples = sum(length for *_, length in own)
        subjects = {run[1] for run in own} if of_subjects else {run[2] for run in own} - {None}
        learned, tested = counts.get(name, (None, None))
        found.append(
            ClassFacts(
                name=name,
                recordings=len({run[1] for run in own}) if by_recording else None,
                subjects=len(subjects) or None,
                samples=samples,
                seconds=samples / time.rate if time.rate else None,
                learned=learned,
                tested=tested,
            )
        )
    return tuple(found)


def _time(data: DataRecipe, found: Recorded) -> TimeFacts:
    steps: Steps | None = steps_of(found)
    told_by = "data.rate" if data.rate else "the times" if steps else "the format" if found.rate else ""
    rate = data.rate or (steps.rate if steps else found.rate)
    if steps is None:
        return TimeFacts(rate, told_by)
    return TimeFacts(
        rate,
        told_by,
        steps.slowest,
        steps.fastest,
        len(steps.gaps),
        steps.longest,
        len(steps.backwards),
        len(steps.twice),
    )


def _channels(found: Recorded) -> tuple[ChannelFacts, ...]:
    used = np.zeros(len(found.samples), dtype=np.bool_)
    for run in found.runs:
        used[run.first : run.end] = True
    facts = []
    for at, name in enumerate(found.channels):
        column = found.samples[used, at]
        known = column[~np.isnan(column)].astype(np.float64)
        unit = found.units[at] if found.units else ""
        missing = len(column) - len(known)
        if not len(known):
            facts.append(ChannelFacts(name, unit, None, None, None, None, missing, False, 0.0))
            continue
        low, high = float(known.min()), float(known.max())
        constant = low == high
        facts.append(
            ChannelFacts(
                name,
                unit,
                low,
                high,
                float(known.mean()),
                0.0 if constant else float(known.std()),
                missing,
                constant,
                0.0 if constant else _clipped(known, low, high),
            )
        )
    return tuple(facts)


def _clipped(known: npt.NDArray[np.float64], low: float, high: float) -> float:
    """Return the share of samples that stay at an end of the range for ``_STUCK`` samples or more."""
    if len(np.unique(known)) < _FEWEST_VALUES:
        return 0.0
    stuck = 0
    for end in (low, high):
        edges = np.flatnonzero(np.diff(known == end, prepend=False, append=False))
        lengths = edges[1::2] - edges[::2]
        stuck += int(lengths[lengths >= _STUCK].sum())
    return stuck / len(known)


def _noticed(time: TimeFacts, channels: tuple[ChannelFacts, ...]) -> tuple[str, ...]:
    notes = []
    for channel in channels:
        if channel.constant:
            notes.append(f"Channel {channel.name} never changes.")
        if channel.clipped > CLIPPED:
            notes.append(
                f"Channel {channel.name} is clipped: {channel.clipped:.1%} of its samples are stuck at"
                f" {channel.low:.6g} or {channel.high:.6g}."
            )
    if time.twice:
        notes.append(f"{time.twice:,} samples have the time of the one before.")
    if time.slowest and time.fastest and time.fastest > 1.02 * time.slowest:
        notes.append(
            f"The rate differs by recording, from {time.slowest:.4g} to {time.fastest:.4g} Hz: with"
            " data.resample, all windows are equally long in time."
        )
    return tuple(notes)


def _split(data: DataRecipe, dataset: Recordings) -> tuple[SplitFacts, dict[str, tuple[int, int]]]:
    learned, tested = parts.settled(dataset, data).parts()
    to_learn, to_test = dataset.is_of(learned), dataset.is_of(tested)
    facts = SplitFacts(
        parts.told(dataset, data), dataset.whole, learned, tested, int(to_learn.sum()), int(to_test.sum())
    )
    counts = {
        name: (int((dataset.y[to_learn] == label).sum()), int((dataset.y[to_test] == label).sum()))
        for label, name in enumerate(_names(data, dataset))
    }
    return facts, counts


def _names(data: DataRecipe, dataset: Recordings) -> tuple[str, ...]:
    """Return the names of the classes; of the normal one the data's own."""
    return dataset.classes if dataset.distorted is None else (data.normal, *dataset.classes[1:])


def _dropped(dataset: Recordings, split: SplitFacts) -> tuple[Dropped, ...]:
    used = {*split.learned, *split.tested}
    chosen = dataset.is_of(used)
    bounds = np.unique(np.stack([dataset.first, dataset.end], axis=1)[chosen], axis=0)
    covered = np.zeros(dataset.signal.shape[1] + 1, dtype=np.int64)
    np.add.at(covered, dataset.start[chosen], 1)
    np.add.at(covered, dataset.start[chosen] + dataset.length, -1)
    in_windows = int((np.cumsum(covered)[:-1] > 0).sum())
    unused = np.unique(np.stack([dataset.first, dataset.end], axis=1)[~chosen], axis=0)
    short = [part for part in dataset.short if part.group in used]
    found = (
        (
            sum(part.samples for part in short),
            f"in {len(short)} part{'s' * (len(short) != 1)} shorter than a window of {dataset.length}",
        ),
        (int(np.diff(bounds).sum()) - in_windows, "at the end of a part, or between two windows"),
        (
            int(np.diff(unused).sum())
            + sum(part.samples for part in dataset.short if part.group not in used),
            f"in a {dataset.whole} that is in neither part of the split",
        ),
    )
    return tuple(Dropped(samples, why) for samples, why in found if samples)


def _examples(dataset: Recordings) -> dict[str, npt.NDArray[np.float32]]:
    """Return the middle window of each class: a recording begins and ends with the hand on the switch."""
    found = {}
    for label, name in enumerate(dataset.classes):
        windows = np.flatnonzero(dataset.y == label)
        if len(windows):
            start = int(dataset.start[windows[len(windows) // 2]])
            found[name] = dataset.signal[:, start : start + dataset.length]
    return found


def _of_images(data: DataRecipe, dataset: Images) -> Contents:
    refused, notes = "", tuple[str, ...]()
    try:
        notes = sets.check_split(dataset, data)
    except DataError as error:
        refused = str(error)
    learned, tested = (_counts(y, dataset.classes) for y in (dataset.train_y, dataset.test_y))
    return Contents(
        set=data.set,
        path=data.path,
        source=(),
        recordings=None,
        subjects=None,
        parts=len(dataset.train_y) + len(dataset.test_y),
        shortest=1,
        longest=1,
        samples=len(dataset.train_y) + len(dataset.test_y),
        unlabelled=0,
        time=TimeFacts(),
        window=0,
        step=0,
        channels=(),
        classes=tuple(
            ClassFacts(name, None, None, learned[name] + tested[name], None, learned[name], tested[name])
            for name in dataset.classes
        ),
        split=SplitFacts("as the set states it", "image", (), (), len(dataset.train_y), len(dataset.test_y)),
        dropped=(),
        notes=notes,
        refused=refused,
    )


def _counts(y: npt.NDArray[Any], classes: tuple[str, ...]) -> dict[str, int]:
    return dict(zip(classes, np.bincount(y, minlength=len(classes)).tolist(), strict=True))
