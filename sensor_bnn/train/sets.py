"""All data sets by name, and their split into a training part and a test part."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from torch import Generator, Tensor

from sensor_bnn.data.folders import FORMATS
from sensor_bnn.data.predicted import Number
from sensor_bnn.data.recorded import Id, in_order
from sensor_bnn.data.recording import states_unit
from sensor_bnn.data.roles import with_time
from sensor_bnn.data.samples import Windows
from sensor_bnn.errors import DataError
from sensor_bnn.train import archives, image_sets, own_windows, smartwatch
from sensor_bnn.train.anomalies import for_anomalies
from sensor_bnn.train.augment import WindowCutter
from sensor_bnn.train.draws import Part
from sensor_bnn.train.images import ImageCutter, Images, hold_out
from sensor_bnn.train.mixing import MixingCutter
from sensor_bnn.train.parts import listed, settled, validated
from sensor_bnn.train.recipe import Augmentation, DataRecipe, Recipe
from sensor_bnn.train.windows import Recordings, Short

DataSet = Recordings | Images
OF_WINDOWS = ("auto", "shift", "speed", "rotation", "scale", "jitter", "mirror", "warp")
OF_IMAGES = ("crop", "flip", "randaugment", "erase", "cutmix")
"""The keys of ``Augmentation`` that apply to windows only, and those that apply to images only."""

_LARGEST = 1e36
"""The largest magnitude to learn from: augmentation multiplies it by less than a hundred, within float32."""


class Cutter(Protocol):
    """The training part: returns randomly augmented batches by index."""

    def __len__(self) -> int: ...

    def cut(self, index: Tensor, generator: Generator, part: Part = slice(None)) -> tuple[Tensor, Tensor]:
        """Return ``(x, y)`` of the rows ``part`` of the batch ``index``, int64 ``[n]``.

        y holds labels, int64 ``[n]``, or shares, float32 ``[n, classes]``; of targets their values, float32
        ``[n, targets]``, less the mean of the training part and in its deviations.
        """

    def normalisation(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Return ``(mean, std)`` per channel, float32 ``[C]`` each."""


@dataclass(frozen=True)
class Split:
    """The two parts of a data set.

    Attributes:
        train: the training part.
        test: the test part.
        shape: the shape of one window, ``(C, L)``, or image, ``(C, H, W)``.
        classes: the names of the classes, or of the targets.
        channels: the names of the channels; empty if they have none.
        validation: the part that tells after each epoch how good the model is, or None.
        counts: the number of training examples of each class; none for targets.
        targets: the mean and the deviation of each target in the training part, as offset and scale; none for
            classes.
    """

    train: Cutter
    test: Windows
    shape: tuple[int, ...]
    classes: tuple[str, ...]
    channels: tuple[str, ...] = ()
    validation: Windows | None = None
    counts: tuple[int, ...] = ()
    targets: tuple[Number, ...] = ()


_RISING = 50
"""The samples of a recording from which on a channel that never falls is no coincidence."""


def load(data: DataRecipe) -> DataSet:
    """Load the set that a recipe names; download it if a registry carries it.

    Raises:
        DataError: the set is unknown, cannot be downloaded or read, or is damaged.
    """
    if data.set not in SETS:
        raise DataError(f"There is no data set {data.set!r}.", f"Choose one of {', '.join(SETS)}.")
    if data.set in NEED_PATH and not data.path:
        raise DataError(
            f"The data set {data.set} is not downloaded; it is read from your disk.",
            "Set data.path in the recipe.",
        )
    try:
        dataset = SETS[data.set](data)
    except DataError:
        # A reader knows one path; this says in which folders there is none.
        data.check_place()
        raise
    if data.targets and (isinstance(dataset, Images) or dataset.targets is None):
        what = "images" if isinstance(dataset, Images) else "classes"
        raise DataError(
            f"data.targets names numbers to predict, but the data set {data.set} has {what}.",
            "Remove data.targets, or give a set with numbers: csv, parquet, ts, npz or"
            f" {', '.join(archives.REGRESSION)}.",
        )
    if not data.normal:
        return dataset
    if isinstance(dataset, Images):
        raise DataError("data.normal applies to windows, but the data set has images.", "Remove data.normal.")
    return for_anomalies(dataset, data)


def _only_rising(dataset: Recordings, data: DataRecipe) -> tuple[str, ...]:
    """Return a sentence on channels that never fall within a recording, as times and counts do."""
    bounds = np.unique(np.stack([dataset.first, dataset.end], axis=1), axis=0)
    bounds = bounds[bounds[:, 1] - bounds[:, 0] >= _RISING]
    if not dataset.channels or not len(bounds):
        return ()
    falls = np.zeros(len(dataset.signal), dtype=np.bool_)
    rises = np.ones(len(dataset.signal), dtype=np.bool_)
    for first, end in bounds:
        recording = dataset.signal[:, first:end]
        falls |= (np.diff(recording) < 0).any(axis=1)
        rises &= recording[:, -1] > recording[:, 0]
    places = np.flatnonzero(rises & ~falls).tolist()
    if not places:
        return ()
    found = [dataset.channel(place) for place in places]
    verb, it, unless = ("rises", "it", "it measures") if len(found) == 1 else ("rise", "them", "they measure")
    others = [
        json.dumps(name, ensure_ascii=False) for at, name in enumerate(dataset.channels) if at not in places
    ]
    told = f"leave {it} out" + f", unless {unless} something: channels = [{', '.join(others)}]" * bool(others)
    told += " of the data" * (not others)
    name = dataset.channels[places[0]]
    if data.set in ("csv", "parquet") and not data.columns.time:
        unit = "" if states_unit(name) else ", in seconds (in another unit: rename it first, such as to t_ms)"
        told = f"if {name} is a time{unit}, write {with_time(data.columns, name)}; else {told}"
    return (
        f"Within each recording {' and '.join(found)} only {verb}, as a time or a count does: a model would"
        f" learn when a sample was taken. In [data], {told}.",
    )


def check_split(dataset: DataSet, data: DataRecipe) -> tuple[str, ...]:
    """Check that a recipe's split gives each class something to learn from.

    Returns:
        Sentences on what is right, but may not be meant, such as a class that is not tested.

    Raises:
        DataError: the split names a subject or recording that does not exist or has no window, or a class has
            examples, but none in the training part.
    """
    if isinstance(dataset, Images):
        images = hold_out(dataset, data.held_out) if data.held_out else dataset
        return _check_classes(dataset.classes, images.train_y, images.test_y, {}, "images")
    whole = dataset.whole
    data = settled(dataset, data)
    train, test = data.parts()
    present = set(dataset.group.tolist())
    shorts: dict[Id, list[Short]] = {}
    for part in dataset.short:
        shorts.setdefault(part.group, []).append(part)
    for key, groups in (("train", train), ("test", test)):
        for group in groups:
            if group not in present | shorts.keys():
                raise DataError(
                    f"data.{key}_subjects names {whole} {group}, which the data set does not have. It has"
                    f" {listed(in_order(present | shorts.keys()))}.",
                    "Correct the recipe's split.",
                )
            if group not in present:
                longest = max(shorts[group], key=lambda part: part.samples)
                raise DataError(
                    f"data.{key}_subjects names {whole} {group}, which has no window: data.window is"
                    f" {dataset.length} samples, and its longest part with one label has {_told(longest)}.",
                    f"Take {whole} {group} out of the split, or set a smaller data.window.",
                )
    learned, tested_on = (dataset.y[dataset.is_of(groups)] for groups in (train, test))
    if dataset.targets is not None:
        odd = (*_check_targets(dataset, data), *_odd(dataset, data, len(learned)))
        return (*dataset.notes, *odd, *_only_rising(dataset, data))
    others: dict[str, str] = {}
    for label in np.unique(dataset.y):
        of_label = in_order(dataset.group[dataset.y == label].tolist())
        others[dataset.classes[label]] = f"it has windows only of {whole} {listed(of_label)}"
    for part in dataset.short:
        others.setdefault(
            part.label, f"its parts are shorter than data.window, {dataset.length} samples: {_told(part)}"
        )
    notes = _check_classes(dataset.classes, learned, tested_on, others, "windows")
    return (*dataset.notes, *notes, *_odd(dataset, data, len(learned)), *_only_rising(dataset, data))


def _check_targets(dataset: Recordings, data: DataRecipe) -> tuple[str, ...]:
    """Refuse a target that has one value in the training part; return notes on values beyond that part's."""
    train, test = data.parts()
    learned, tested_on = dataset.of_groups(train), dataset.of_groups(test)
    learned.scaling()
    assert learned.targets is not None and tested_on.targets is not None
    notes = []
    for name, known, asked in zip(dataset.target_names, learned.targets.T, tested_on.targets.T, strict=True):
        beyond = int(((asked < known.min()) | (asked > known.max())).sum())
        if beyond:
            notes.append(
                f"{name}: {beyond} of {len(asked)} windows to test on have values beyond {known.min():.6g} to"
                f" {known.max():.6g}, which were learned."
            )
    return tuple(notes)


def _odd(dataset: Recordings, data: DataRecipe, learned: int) -> tuple[str, ...]:
    """Return notes on the validation part, and on what is not used.

    Args:
        dataset: the whole set.
        data: the section with both lists of the split.
        learned: the number of windows of the training part.
    """
    whole, notes = dataset.whole, tuple[str, ...]()
    train, test = data.parts()
    used, present = {*train, *test}, set(dataset.group.tolist())
    checking = validated(dataset, data)
    if checking:
        count = int(dataset.is_of(checking).sum())
        notes += (
            f"Of the {learned} windows to learn from, {count} are the validation part (data.validation):"
            f" {whole}s {listed(checking)}.",
        )
    lost = [part for part in dataset.short if part.group in used]
    if lost:
        shown = "; ".join(f"{_told(part)}, {whole} {part.group}" for part in lost[:3])
        more = f"; and {len(lost) - 3} more" if len(lost) > 3 else ""
        notes += (
            f"{len(lost)} parts are shorter than data.window, {dataset.length} samples, and not used:"
            f" {shown}{more}.",
        )
    unused = in_order(present - used)
    if unused:
        notes += (f"Neither learned from nor tested on: {whole} {listed(unused)}.",)
    return notes


def _check_classes(
    classes: tuple[str, ...],
    learned: npt.NDArray[np.int64],
    tested_on: npt.NDArray[np.int64],
    others: dict[str, str],
    examples: str,
) -> tuple[str, ...]:
    """Refuse a class that has examples, but none to learn from; return notes on the other odd ones.

    Args:
        classes: the names of the classes.
        learned, tested_on: the labels of the two parts, int64 ``[n]``, places in ``classes``.
        others: where the data set has something of a class, by the class's name.
        examples: what the examples are called.
    """
    notes: tuple[str, ...] = ()
    to_learn, to_test = (np.bincount(y, minlength=len(classes)) for y in (learned, tested_on))
    known = {*learned.tolist(), *tested_on.tolist()}
    if len(known) == 1 and not others.keys() - {classes[min(known)]}:
        only = classes[min(known)]
        raise DataError(
            f"All {examples} are of one class, {only}: a model would always answer {only}.",
            "Record another class, too; or let the model find what is unlike this one, by a line in [data]:"
            f" normal = {json.dumps(only, ensure_ascii=False)}.",
        )
    for name, trained, tests in zip(classes, to_learn, to_test, strict=True):
        if not trained and (tests or name in others):
            found = f"{tests} {examples} are tested on" if tests else others[name]
            raise DataError(
                f"Class {name} has none of the {len(learned)} {examples} to learn from; {found}.",
                f"Change the split so that class {name} is learned, or take it out of the data.",
            )
        if not trained:
            notes += (f"Class {name} has no {examples} at all: its output of the model learns nothing.",)
        elif not tests:
            notes += (f"Class {name} is learned from {trained} {examples} and not tested.",)
    return notes


def _told(part: Short) -> str:
    of_class = f" of class {part.label}" if part.label else ""
    return f"{part.samples} samples{of_class}" + f", {part.place}" * bool(part.place)


def split(dataset: DataSet, recipe: Recipe) -> Split:
    """Split the set as the recipe says.

    Raises:
        DataError: see ``check_split``; or a part is empty, values are not finite, a channel never changes, or
            the augmentation does not apply to such data.
    """
    augment = recipe.augment
    if isinstance(dataset, Images):
        wrong = [key for key in OF_WINDOWS if getattr(augment, key)]
        if wrong:
            raise DataError(
                f"Recipe {recipe.name}: augment.{wrong[0]} applies to windows, but the data set has images.",
                "Remove that key.",
            )
        if recipe.data.validation:
            raise DataError(
                f"Recipe {recipe.name}: data.validation applies to windows, but the data set has images.",
                "Remove data.validation.",
            )
        check_split(dataset, recipe.data)
        learned = hold_out(dataset, recipe.data.held_out) if recipe.data.held_out else dataset
        images = ImageCutter(learned.train, learned.train_y, augment)
        mixed = _mixed(images, augment, dataset)
        counts = _counts(learned.train_y, dataset.classes)
        shape = dataset.train.shape[1:]
        return Split(mixed, tested(dataset, recipe.data), shape, dataset.classes, counts=counts)
    wrong = [key for key in OF_IMAGES if getattr(augment, key)]
    if wrong:
        raise DataError(
            f"Recipe {recipe.name}: augment.{wrong[0]} applies to images, but the data set has windows.",
            "Remove that key.",
        )
    if recipe.data.held_out:
        raise DataError(
            f"Recipe {recipe.name}: data.held_out applies to images; windows of one recording overlap.",
            "Remove data.held_out, and name other subjects or recordings in data.test_subjects.",
        )
    if dataset.y.min() < 0 or dataset.y.max() >= len(dataset.classes):
        raise DataError(
            f"The data set has a label outside 0 .. {len(dataset.classes) - 1}.",
            "Correct the labels, or list all classes.",
        )
    if not np.isfinite(dataset.signal).all():
        raise DataError("The data set has values that are not finite.", "Leave those recordings out.")
    check_split(dataset, recipe.data)
    data = settled(dataset, recipe.data)
    checking = validated(dataset, data)
    training = dataset.of_groups([group for group in data.parts()[0] if group not in checking])
    _check_size(training)
    _check_constant(training)
    channels = len(training.signal)
    if augment.rotation and channels % 3:
        raise DataError(
            f"Recipe {recipe.name}: augment.rotation needs triads of channels, but there are {channels}.",
            "Set augment.rotation to 0.",
        )
    window_shape = (channels, training.length)
    config = recipe.config(window_shape, dataset.outputs, dataset.channels)
    cutter = WindowCutter(training, augment, getattr(config, "normalise", "channel") == "window")
    return Split(
        _mixed(cutter, augment, dataset),
        tested(dataset, recipe.data),
        window_shape,
        dataset.outputs,
        dataset.channels,
        dataset.of_groups(checking).windows() if checking else None,
        _counts(training.y, dataset.classes) if dataset.targets is None else (),
        training.scaling(),
    )


def check_channels(dataset: DataSet, data: DataRecipe) -> None:
    """Check that every channel changes in the windows to learn from.

    Raises:
        DataError: one does not.
    """
    if isinstance(dataset, Images):
        return
    checking = validated(dataset, settled(dataset, data))
    learned = settled(dataset, data).parts()[0]
    training = dataset.of_groups([group for group in learned if group not in checking])
    _check_size(training)
    _check_constant(training)


def _check_size(training: Recordings) -> None:
    """Refuse samples that augmentation, which multiplies and adds, may take beyond float32."""
    if max(training.signal.max(), -training.signal.min()) <= _LARGEST:
        return
    for window, start in enumerate(training.start.tolist()):
        largest = np.abs(training.signal[:, start : start + training.length]).max(axis=1)
        if (largest > _LARGEST).any():
            worst = int(largest.argmax())
            raise DataError(
                f"In training window {window + 1} (sample {start + 1} of the data), {training.channel(worst)}"
                f" has a magnitude of {largest[worst]:.4g}; at most {_LARGEST:g} can be learned from.",
                "Give it in another unit, or leave that window out.",
            )


def _check_constant(training: Recordings) -> None:
    constant = training.constant_channels()
    if constant:
        raise DataError(
            f"In the training windows, {training.channel(constant[0])} never changes.",
            "Leave it out of the data, or list the other channels in data.channels.",
        )


def _counts(y: npt.NDArray[np.int64], classes: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(np.bincount(y, minlength=len(classes)).tolist())


def _mixed(cutter: WindowCutter | ImageCutter, augment: Augmentation, dataset: DataSet) -> Cutter:
    """Return the cutter of that augmentation's mixed examples, or the same cutter if nothing is mixed."""
    if augment.mixup or augment.cutmix:
        return MixingCutter(cutter, augment.mixup, augment.cutmix, len(dataset.classes))
    return cutter


def tested(dataset: DataSet, data: DataRecipe) -> Windows:
    """Return the test part of the set.

    Raises:
        DataError: the test part is empty.
    """
    if isinstance(dataset, Images):
        images = hold_out(dataset, data.held_out) if data.held_out else dataset
        return Windows(images.test, images.test_y, images.classes)
    return dataset.of_groups(settled(dataset, data).parts()[1]).windows()


def tested_groups(dataset: DataSet, data: DataRecipe) -> npt.NDArray[Any]:
    """Return the group of each example of the test part, ``[n]``.

    The group of a window is its subject or recording, that of an image its class.
    """
    if isinstance(dataset, Images):
        return tested(dataset, data).y
    return dataset.of_groups(settled(dataset, data).parts()[1]).group


def _archive(data: DataRecipe) -> DataSet:
    return archives.load_archive(data.set, data.window)


def _regression(data: DataRecipe) -> DataSet:
    return archives.load_regression(data.set, data.window, data.targets)


SETS: dict[str, Callable[[DataRecipe], DataSet]] = {
    "smartwatch": lambda data: smartwatch.load(data.window, data.step),
    "hapt": lambda data: archives.load_hapt(data.window, data.step),
    **dict.fromkeys(archives.ARCHIVES, _archive),
    **dict.fromkeys(archives.REGRESSION, _regression),
    "fashion-mnist": lambda data: image_sets.fashion_mnist(),
    "mnist": lambda data: image_sets.mnist(data.place()),
    "cifar-10": lambda data: image_sets.cifar_10(),
    "cifar-100": lambda data: image_sets.cifar_100(data.place()),
    "tiny-imagenet": lambda data: image_sets.tiny_imagenet(data.place()),
    "image-folder": lambda data: image_sets.image_folder(data.place(), data.size),
    "npz": lambda data: own_windows.from_npz(data.place(), data.targets),
    **dict.fromkeys(FORMATS, own_windows.from_recordings),
}
NEED_PATH = frozenset({"mnist", "cifar-100", "tiny-imagenet", "image-folder", "npz", *FORMATS})
"""The sets that no registry package carries."""
