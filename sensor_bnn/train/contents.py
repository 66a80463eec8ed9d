"""What is in a data set, and what training would use of it: found before anything is trained."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from sensor_bnn.data.folders import FORMATS
from sensor_bnn.data.recorded import Id, Recorded, Run
from sensor_bnn.errors import DataError
from sensor_bnn.labels import class_name
from sensor_bnn.train import sets
from sensor_bnn.train.guess import Guess, read_leniently
from sensor_bnn.train.images import Images
from sensor_bnn.train.own_windows import left_out_note
from sensor_bnn.train.recipe import DataRecipe
from sensor_bnn.train.signal_facts import ChannelFacts, TimeFacts, channel_facts, noticed, time_facts
from sensor_bnn.train.target_facts import TargetFacts, target_facts
from sensor_bnn.train.used import Dropped, SplitFacts, class_names, dropped_from, split_of
from sensor_bnn.train.windows import Recordings


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
        found = read_leniently(data)
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


def _as_recorded(data: DataRecipe, dataset: Recordings) -> Recorded:
    """Return the parts of a set as recordings, without those that are too short for a window."""
    bounds, first = np.unique(np.stack([dataset.first, dataset.end], axis=1), axis=0, return_index=True)
    runs = []
    for (begin, end), window in zip(bounds.tolist(), first.tolist(), strict=True):
        label = class_names(data, dataset)[dataset.y[window]]
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
            split, counts = split_of(data, dataset)
            dropped = dropped_from(dataset, split)
        except DataError as error:
            refused = str(error)
        examples = _examples(dataset)
    time = time_facts(data, found)
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
    channels = tuple(one for one in channel_facts(found) if one.name not in map(class_name, data.targets))
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
        notes=(*noticed(time, channels, found), *notes),
        refused=refused,
        examples=examples,
        targets=() if dataset is None else target_facts(dataset, split),
    )


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
