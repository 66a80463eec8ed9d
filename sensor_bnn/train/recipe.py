"""Training recipes: TOML files with everything that a run depends on, except the seed."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta

from sensor_bnn.data.folders import FORMATS, Labels, Reading
from sensor_bnn.data.predicted import Number
from sensor_bnn.data.prepared import Lengths, Missing, Preparation
from sensor_bnn.data.recorded import USUAL_COLUMNS, Columns, id_of, in_order
from sensor_bnn.errors import CheckpointError, DataError
from sensor_bnn.labels import class_name, named_twice
from sensor_bnn.nn.config import NAME_RULE, TransformerConfig, is_good_name
from sensor_bnn.nn.families import preset
from sensor_bnn.nn.hybrid_config import HybridConfig
from sensor_bnn.nn.model import ModelConfig
from sensor_bnn.reading import Source, is_file, toml_values, typed

_FOLDER = Path(__file__).resolve().parent / "recipes"
_REMEDY = "Correct that value; docs/training.md has each key."
_DEEPEST_BASE = 8
_RELATIVE = {"data": "path", "distill": "teacher"}
"""The keys that may be paths relative to the recipe's file, by their section."""

_OF_DATA = {".npz": "npz", **{suffix: kind for kind, form in FORMATS.items() for suffix in form.suffixes}}
"""The sets that are files, by the ending of their names."""

OWN = frozenset(_OF_DATA.values())
"""The sets that are a user's own windows: keys that their recipe leaves open follow the set."""

Name = Annotated[str, Meta(min_length=1)]
Rate = Annotated[float, Meta(gt=0, le=10)]
Epochs = Annotated[int, Meta(ge=1, le=1_000_000)]
Subject = Annotated[int, Meta(ge=0)] | Annotated[str, Meta(min_length=1)]
"""A subject or recording: its number, which may be a date and time with 20 digits, or its name."""

Subjects = Annotated[tuple[Subject, ...], Meta(min_length=1)]
_Samples = Annotated[int, Meta(ge=1, le=1_000_000)]
_Share = Annotated[float, Meta(ge=0, le=1)]
_Below1 = Annotated[float, Meta(ge=0, lt=1)]
_Weight = Annotated[float, Meta(ge=0, le=1_000_000)]
_Spread = Annotated[float, Meta(ge=0, le=100)]
_Hertz = Annotated[float, Meta(ge=0, le=10_000_000)]

_OWN_SPLIT: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "smartwatch": ((1, 2, 3, 4, 5, 6, 7), (8, 9, 10)),
    "hapt": (
        (1, 3, 5, 6, 7, 8, 11, 14, 15, 16, 17, 19, 21, 22, 23, 25, 26, 27, 28, 29, 30),
        (2, 4, 9, 10, 12, 13, 18, 20, 24),
    ),
    **dict.fromkeys(
        (
            *("acsf1", "basic-motions", "gun-point", "japanese-vowels"),
            *("plaid", "cricket-x", "electric-devices", "ford-a", "covid-3-month"),
        ),
        ((1, 2, 3, 4, 5), (6,)),
    ),
}
"""The split of each public set, which its recipe need not state."""


@dataclass(frozen=True)
class DataRecipe:
    """The data set of a run and its split.

    Attributes:
        set: the name of a public data set, or the format of your own data, such as ``csv``.
        path: the file or folder of a set that no registry carries; relative to the recipe's file or, if
            there is none, to the current folder.
        window, step: the samples of a window, and from the start of one window to the start of the next.
        train_subjects, test_subjects: the subjects of each part; in data without subjects, the recordings. If
            only one is stated, the other is the rest. If none is, a public set has its own split, and own
            data are divided by their column ``split``, or else by ``test_share``. Image sets have their own.
        test_share: the share of the recordings of each class that are drawn as the test part.
        split_seed: the seed of that draw.
        validation: the share of the training subjects or recordings of each class that are not learned, but
            tell after each epoch how good the model is; 0 for none. If it is not stated, it is 0.15 for own
            data where each class has four such recordings or subjects, else 0.
        split_by: what is never on both sides: ``subject`` or ``recording``; ``auto`` for subjects where the
            data have them.
        columns: the names of the columns of a table that are no channels.
        channels: the names of the columns that are channels; empty for all others.
        labels: as in ``sensor_bnn.data.folders.Reading``.
        missing, rate, resample, lengths: as in ``sensor_bnn.data.prepared.Preparation``.
        size: the side in pixels of the images that are made from the files of ``image-folder``.
        held_out: the number of training images, evenly spaced, that are used as the test part instead, so
            that settings can be chosen without the real test part; 0 for the real test part.
        normal: the class that is normal, for a model that detects anomalies: it learns windows of this class
            alone, and answers ``normal`` or ``anomalous``. Empty for a model that tells classes apart.
        false_alarms: with ``normal``, the share of normal windows of the validation part that are called
            anomalous: it sets the threshold.
        targets: the names of the numbers to predict, for a model that does regression: columns of a table, of
            which a window has the mean over its samples; the columns of the array ``targets`` of an
            ``.npz``; the number at the end of each series of a ``.ts``. Empty for a model that tells classes
            apart.
        folder: the absolute folder of the recipe's file that sets ``path``, which no file sets itself; empty
            where ``path`` is. Two recipes that differ in nothing else are equal: a run may be moved.
    """

    set: Name = "smartwatch"
    window: _Samples = 100
    step: _Samples = 50
    train_subjects: Subjects | None = None
    test_subjects: Subjects | None = None
    test_share: Annotated[float, Meta(gt=0, lt=1)] = 0.25
    split_seed: Annotated[int, Meta(ge=0, le=1_000_000_000)] = 0
    validation: Annotated[float, Meta(ge=0, lt=1)] | None = None
    split_by: Literal["auto", "subject", "recording"] = "auto"
    columns: Columns = USUAL_COLUMNS
    channels: tuple[Name, ...] = ()
    labels: Labels = "auto"
    missing: Missing = "refuse"
    rate: _Hertz = 0.0
    resample: _Hertz = 0.0
    lengths: Lengths = "slide"
    path: str = ""
    size: Annotated[int, Meta(ge=1, le=4096)] = 224
    held_out: Annotated[int, Meta(ge=0, le=1_000_000_000)] = 0
    normal: str = ""
    false_alarms: Annotated[float, Meta(gt=0, lt=1)] = 0.02
    targets: tuple[Name, ...] = ()
    folder: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if self.validation is None and self.set not in OWN:
            object.__setattr__(self, "validation", 0.0)
        train, test = _OWN_SPLIT.get(self.set, (None, None))
        for name, usual in (("train_subjects", train), ("test_subjects", test)):
            given = getattr(self, name)
            if given is None:
                object.__setattr__(self, name, usual)
            else:  # In the form in which the readers give them, so that "7" is 7.
                object.__setattr__(self, name, tuple(id_of(str(one)) for one in given))

    @property
    def has_own_split(self) -> bool:
        """Whether the split is the one that this public set always has."""
        return self.parts() == _OWN_SPLIT.get(self.set)

    def preparation(self) -> Preparation:
        """Return what is done to the recordings before windows are cut."""
        return Preparation(self.window, self.missing, self.rate, self.resample, self.lengths)

    def reading(self) -> Reading:
        """Return how the file or folder of recordings is read for training."""
        return Reading(
            columns=self.columns,
            channels=self.channels,
            # A label says nothing of a number, and the names of files would be taken for labels.
            labels="column" if self.targets else self.labels,
            missing=self.missing != "refuse",
            unlabelled=bool(self.targets),
            targets=self.targets,
        )

    def parts(self) -> tuple[tuple[int | str, ...], tuple[int | str, ...]]:
        """Return the subjects to learn from and those to test on; none where the recipe states none."""
        return self.train_subjects or (), self.test_subjects or ()

    def place(self) -> Path:
        """Return where ``path`` is: beside the recipe, or else as it is given, from the current folder."""
        return _place(self.folder, self.path)

    def check_place(self) -> None:
        """Check that a relative ``path`` exists; what it must be is checked where it is read.

        Raises:
            DataError: there is nothing at that path, neither beside the recipe nor in the current folder.
        """
        if not self.path or Path(self.path).is_absolute() or _exists(self.place()):
            return
        folders = dict.fromkeys((self.folder or str(Path.cwd()), str(Path.cwd())))
        raise DataError(
            f"There is no {self.path} in {' or '.join(folders)}.",
            "Correct data.path in the recipe; it is relative to the recipe's file.",
        )


@dataclass(frozen=True)
class Augmentation:
    """Random changes of training windows, or of images (``crop`` and those after it); zero switches one off.

    ``mixup`` applies to both.

    Attributes:
        auto: whether windows are changed in ways that any sensor bears, in place of the other keys: moved by
            up to a tenth of their length, ``scale`` 0.05 and ``jitter`` 0.02. If it is not stated, own data
            are, where no other key is set.
        shift: the largest shift of a window in samples, earlier or later.
        speed: the largest change of the speed, a factor of up to ``1 + speed`` in either direction.
        rotation: the standard deviation in degrees of a random rotation of the sensor, equal for all triads.
        scale: the standard deviation of a factor per channel.
        jitter: the standard deviation of noise, in standard deviations of the channel; of the window itself
            if the model has ``normalise = "window"``.
        mirror: whether half of the windows become windows of the other arm.
        warp: the standard deviation of a time warp in the middle of a window, in samples.
        crop: the largest shift of an image in pixels, in each direction; edge pixels fill the gap.
        flip: whether half of the images are mirrored left to right.
        randaugment: the number of operations of RandAugment per image.
        strength: the strength of these operations, 0 .. 1.
        erase: the share of the images in which a rectangle is filled with the mean, 0 .. 1.
        mixup, cutmix: the parameter of the Beta distribution by which pairs of examples are mixed; if both
            are on, each batch uses one of them.
    """

    auto: bool | None = None
    shift: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    speed: _Below1 = 0.0
    rotation: Annotated[float, Meta(ge=0, le=360)] = 0.0
    scale: _Spread = 0.0
    jitter: _Spread = 0.0
    mirror: bool = False
    crop: Annotated[int, Meta(ge=0, le=64)] = 0
    flip: bool = False
    warp: Annotated[float, Meta(ge=0, le=1_000_000)] = 0.0
    randaugment: Annotated[int, Meta(ge=0, le=16)] = 0
    strength: _Share = 0.3
    erase: _Share = 0.0
    mixup: _Spread = 0.0
    cutmix: _Spread = 0.0


@dataclass(frozen=True)
class Schedule:
    """AdamW with a linear warm-up and a cosine to zero.

    Attributes:
        epochs: the number of passes over the training part. If it is not stated, 60, or with own data as many
            as take 1,500 steps, at least 30; 0 until that is known.
        batch: the number of examples per step. If it is not stated, 64, or with own data what suits these.
        rate: the largest learning rate.
        warmup: the number of epochs of warm-up.
        decay: the weight decay of matrices.
        smoothing: the label smoothing, 0 .. 1.
        real_weights: the share of the epochs, from the first, in which only activations are binary; below 1.
            This is progressive binarization: activations first, then weights.
        rounding: the share of the epochs, to the last, in which the hybrid family trains with the roundings
            of its exported integers; below 1, and rounded down to whole epochs. From then on the model
            answers as its integers do. The family ``vit``, and models without integers, train without.
        clip: the largest norm of a step's whole gradient; 0 for no limit.
        average: the weight of the past in the running average of the weights, below 1. The average becomes
            the model after the last epoch; with 0 the weights of the last step do.
        patience: the number of epochs without a better one on the validation part after which training ends;
            0 for never. If it is not stated, a quarter of the epochs where own data have such a part.
        class_weights: ``auto`` lets each class weigh the same in the loss, ``none`` each window. If it is not
            stated, it is ``auto`` for own data whose largest class has twice the windows of the smallest.
        loss: with ``data.targets``, the loss of a number: ``mse``, its squared error, or ``huber``, which
            beyond an error of one deviation of the target grows only linearly, so that outliers count less.
            If it is not stated, ``mse``.
    """

    epochs: Epochs = 0  # Not what a recipe may state.
    batch: _Samples = 0
    rate: Rate = 0.003
    warmup: _Weight = 2.0
    decay: _Spread = 0.01
    smoothing: _Below1 = 0.1
    real_weights: _Below1 = 0.0
    rounding: _Below1 = 0.1
    clip: _Weight = 0.0
    average: _Below1 = 0.0
    patience: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None
    class_weights: Literal["none", "auto"] | None = None
    loss: Literal["mse", "huber"] | None = None


@dataclass(frozen=True)
class Distillation:
    """Distribution correction: the student learns from a full-precision teacher's outputs.

    Attributes:
        teacher: a recipe, which is trained first with the same split and seed, or a checkpoint ``.pt``; empty
            for no teacher. The path of a file is relative as ``data.path`` is.
        answers: the weight of the divergence of the softened answers.
        temperature: the divisor of the logits for these answers.
        features: the weight of the distance of the stream after each block.
        attention: the weight of the divergence of each block's attention.
        start: whether to start with the teacher's weights wherever shapes are equal.
        cache: whether to compute the teacher's outputs once and keep them on disk. The recipe must not
            augment then.
        folder: the absolute folder of the recipe's file that sets ``teacher``, as ``DataRecipe.folder``.
    """

    teacher: str = ""
    answers: _Weight = 1.0
    temperature: Annotated[float, Meta(gt=0, le=1000)] = 2.0
    features: _Weight = 0.0
    attention: _Weight = 0.0
    start: bool = False
    cache: bool = False
    folder: str = field(default="", compare=False)

    def place(self) -> Path:
        """Return where the teacher's file is, as ``DataRecipe.place``; a recipe's name stays as it is."""
        return _place(self.folder, self.teacher)


_OF_HYBRID = {one.name for one in fields(HybridConfig)} - {one.name for one in fields(TransformerConfig)}
"""Keys of [model] that only the hybrid family has."""


@dataclass(frozen=True)
class Recipe:
    """A whole recipe.

    Attributes:
        name: the name of the recipe and of the model.
        preset: the name of a preset, which ``sensor-bnn models`` lists. If it is not stated,
            ``sensor-small`` for own data with the usual model or keys of its family, else ``sensor-tiny``.
        model: the fields of the preset to change, and their values.
        data, augment, schedule, distill: the sections of the recipe.
    """

    name: Name
    preset: str = ""
    model: dict[str, Any] = field(default_factory=dict)
    data: DataRecipe = DataRecipe()
    augment: Augmentation = Augmentation()
    schedule: Schedule = Schedule()
    distill: Distillation = Distillation()

    def __post_init__(self) -> None:
        own = self.data.set in OWN
        if self.data.targets:
            # A number has no other classes to which a share could go.
            usual_smoothing = self.schedule.smoothing == Schedule.smoothing
            smoothing = 0.0 if usual_smoothing else self.schedule.smoothing
            loss = self.schedule.loss or "mse"
            object.__setattr__(self, "schedule", replace(self.schedule, loss=loss, smoothing=smoothing))
        if not self.preset:
            usual = (own or bool(self.data.targets)) and (
                not self.model or not _OF_HYBRID.isdisjoint(self.model)
            )
            object.__setattr__(self, "preset", "sensor-small" if usual else "sensor-tiny")
        if not own:
            object.__setattr__(self, "schedule", _closed(self.schedule))
            if self.augment.auto is None:
                object.__setattr__(self, "augment", replace(self.augment, auto=False))

    def config(
        self,
        shape: tuple[int, ...],
        classes: tuple[str, ...],
        channels: tuple[str, ...] = (),
        targets: tuple[Number, ...] = (),
    ) -> ModelConfig:
        """Return the model's configuration for inputs ``(C, L)`` or ``(C, height, L)`` of these classes.

        Args:
            shape: of an input.
            classes: the names of the classes, or of the targets.
            channels: the names of the channels; empty if they have none.
            targets: what an output of 1 is worth, for regression; empty for classes.
        """
        height = shape[1] if len(shape) == 3 else 0
        sizes = {"channels": shape[0], "height": height, "length": shape[-1]}
        settled = {"name": self.name, **sizes, "classes": classes, "channel_names": channels}
        if targets:
            settled["target_scales"] = tuple(target.scale for target in targets)
            settled["target_offsets"] = tuple(target.offset for target in targets)
        return preset(self.preset, **{**self.model, **settled})

    def to_dict(self) -> dict[str, Any]:
        """Return the recipe as plain values, as a checkpoint holds it."""
        values = asdict(self)
        values["data"] = {
            key: list(value) if isinstance(value, tuple) else value for key, value in values["data"].items()
        }
        for key in ("epochs", "batch"):
            if not values["schedule"][key]:
                del values["schedule"][key]
        if not self.data.normal:  # as an earlier version kept a recipe
            del values["data"]["normal"], values["data"]["false_alarms"]
        if not self.data.targets:
            del values["data"]["targets"], values["schedule"]["loss"]
        for section in _RELATIVE:
            if not values[section]["folder"]:
                del values[section]["folder"]
        return values


def _closed(schedule: Schedule) -> Schedule:
    """Return the schedule of a set that is not the user's own: what it leaves open is fixed."""
    return replace(
        schedule,
        epochs=schedule.epochs or 60,
        batch=schedule.batch or 64,
        patience=schedule.patience or 0,
        class_weights=schedule.class_weights or "none",
    )


def stated(recipe: Recipe) -> Recipe:
    """Return a recipe that an earlier version kept: what it does not say, that version did not have."""
    return replace(
        recipe,
        data=replace(recipe.data, validation=recipe.data.validation or 0.0),
        augment=replace(recipe.augment, auto=recipe.augment.auto or False),
        schedule=_closed(recipe.schedule),
    )


def recipe_names() -> list[str]:
    """Return the names of the shipped recipes."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def load_recipe(name_or_path: str, folder: Path | None = None) -> Recipe:
    """Load a shipped recipe by name, or a TOML file by path.

    Args:
        name_or_path: the name, or the path with its ending.
        folder: where a relative path is looked for before the current folder.

    Raises:
        CheckpointError: there is no such recipe, or it has a mistake.
    """
    path = Path(name_or_path)
    if folder is not None and path.suffix == ".toml":
        path = _place(str(folder), name_or_path)
    if path.suffix.lower() in _OF_DATA:
        good = is_good_name(path.stem) and any(map(str.isalnum, path.stem))
        written = f"{path.stem}.toml" if good else "my-sensor.toml"
        line = shlex.join(["sensor-bnn", "data", str(path), "--write-recipe", written])
        raise CheckpointError(
            f"{path} is data, not a recipe.",
            f"Write one with `{line}`, and train that; docs/first-decision.md has the way.",
        )
    if path.suffix != ".toml":
        path = _FOLDER / f"{name_or_path}.toml"
    recipe = _whole(_with_bases(path, depth=0), path.stem, _source_of(path))
    # A checkpoint's recipe may have another name: it is trained already, and can be evaluated.
    if not is_good_name(recipe.name) or not any(sign.isalnum() for sign in recipe.name):
        raise CheckpointError(
            f"{path}: name is {recipe.name!r}; it must be {NAME_RULE}, one of them a letter or digit.",
            "Set `name` in the recipe, or rename the file: the model gets this name.",
        )
    return recipe


def parse_recipe(values: Mapping[str, Any], name: str) -> Recipe:
    """Make a recipe from plain values, as a checkpoint holds them.

    Raises:
        CheckpointError: a key is unknown, or a value is of another type or out of its range.
    """
    return _whole(values, name, Source(f"Recipe {name}", CheckpointError, _REMEDY))


def _whole(values: Mapping[str, Any], name: str, source: Source) -> Recipe:
    recipe = typed({"name": name, **values}, Recipe, source)
    if recipe.data.targets:
        _check_regression(recipe, values, source)
    elif recipe.schedule.loss is not None:
        raise CheckpointError(
            f"{source.name}: schedule.loss is {recipe.schedule.loss!r}, but classes have one loss only, the"
            " cross-entropy.",
            "Remove it, or name the numbers to predict in data.targets.",
        )
    _check_together(recipe, source)
    return recipe


def _beside(path: Path) -> str:
    """Return what to do about a recipe's file that is missing."""
    names = [file.name for file in sorted(path.parent.glob("*.toml"))] if path.parent.is_dir() else []
    near = difflib.get_close_matches(path.name, names, n=3)
    if near:
        return f"Did you mean {' or '.join(near)}?"
    return "Give the path of a .toml file, or the name of a recipe that ships, such as watch-small."


def _source_of(path: Path) -> Source:
    return Source(str(path), CheckpointError, _REMEDY)


def _with_bases(path: Path, depth: int) -> dict[str, Any]:
    """Return the values of a recipe, which override those of its ``base``, section by section."""
    if not is_file(path):
        if path.parent != _FOLDER:
            raise CheckpointError(f"There is no file {path}.", _beside(path))
        near = difflib.get_close_matches(path.stem, recipe_names(), n=3)
        raise CheckpointError(
            f"There is no training recipe {path.stem}.",
            f"Did you mean {' or '.join(near)}?"
            if near
            else f"Choose one of {', '.join(recipe_names())}, or give a .toml file.",
        )
    source = _source_of(path)
    values = toml_values(path, source)
    base = values.pop("base", None)
    _refuse_task(values, source)
    # Each file is checked by itself, so that a message names the file that has the mistake.
    typed({"name": path.stem, **values}, Recipe, source)
    for section, key in _RELATIVE.items():
        told = values.get(section, {})
        if "folder" in told:
            raise source.wrong(
                f"{section}.folder is not a known key; {section}.{key} is relative to the recipe's file"
            )
        # A teacher without an ending is the name of a recipe.
        if told.get(key) and (section == "data" or Path(told[key]).suffix in {".toml", ".pt"}):
            told["folder"] = str(path.parent.absolute())
    if base is None:
        return values
    if not isinstance(base, str):
        raise source.wrong(f"base is {base!r}; it must be the name of a recipe")
    if depth > _DEEPEST_BASE:
        raise CheckpointError(f"The recipe {path} is its own base.", "Break the circle.")
    beside = path.parent / f"{base}.toml"
    merged = _with_bases(beside if is_file(beside) else _FOLDER / f"{base}.toml", depth + 1)
    for key, value in values.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = {**merged[key], **value} if both else value
    return merged


def _refuse_task(values: Mapping[str, Any], source: Source) -> None:
    data = values.get("data")
    if "task" in values or (isinstance(data, Mapping) and "target" in data):
        raise CheckpointError(
            f"{source.name}: `task` and `data.target` are no keys: what [data] names is the task.",
            'Leave them out. For regression, name the numbers to predict, such as data.targets = ["speed"];'
            " for anomalies, name the normal class in data.normal.",
        )


def _check_regression(recipe: Recipe, values: Mapping[str, Any], source: Source) -> None:
    """Refuse the keys that mean something for classes only, by their names.

    Raises:
        CheckpointError: there is one.
    """
    schedule = values.get("schedule", {})
    data, augment = recipe.data, recipe.augment
    wrong = {
        "data.normal": bool(data.normal),
        "data.labels": data.labels != "auto",
        "schedule.smoothing": bool(schedule.get("smoothing")),
        "schedule.class_weights": recipe.schedule.class_weights == "auto",
        "augment.mixup": bool(augment.mixup),
        "augment.cutmix": bool(augment.cutmix),
        "distill.teacher": bool(recipe.distill.teacher),
    }
    found = [key for key, set_ in wrong.items() if set_]
    if found:
        raise CheckpointError(
            f"{source.name}: {found[0]} is for classes, but data.targets names numbers to predict.",
            f"Remove {found[0]}, or data.targets.",
        )
    if augment.auto:
        raise CheckpointError(
            f"{source.name}: augment.auto changes size and time of a window, and does not know whether that"
            " changes the number to predict.",
            "Set augment.auto to false, and those keys of [augment] that leave the number as it is, such as"
            " jitter.",
        )
    family = preset(recipe.preset).family
    if family != HybridConfig.family:
        raise CheckpointError(
            f"{source.name}: the preset {recipe.preset} is of the family {family}, which tells classes apart;"
            " the family hybrid predicts numbers (data.targets).",
            'Set preset = "sensor-small", or another one of that family.',
        )
    twice = named_twice(tuple(class_name(name) for name in data.targets))
    if twice is not None:
        raise source.wrong(f"data.targets names {twice} twice; each must be named once")


def refuse_targets(recipe: Recipe, command: str) -> None:
    """Refuse a recipe with numbers to predict where accuracies of classes are compared.

    Args:
        recipe: the recipe.
        command: what compares them, for the message.

    Raises:
        CheckpointError: the recipe has ``data.targets``.
    """
    if recipe.data.targets:
        raise CheckpointError(
            f"{command} compares shares of right classes, and recipe {recipe.name} predicts numbers"
            " (data.targets).",
            "Train each variant with `sensor-bnn train`, and compare their errors (RMSE).",
        )


def _place(folder: str, path: str) -> Path:
    """Return where a path of a recipe in a folder is: there, or else as it is given."""
    given = Path(path)
    beside = Path(folder, given)
    # In the recipe's own folder, messages name the file as the recipe does.
    return beside if folder and beside != given.absolute() and _exists(beside) else given


def _exists(path: Path) -> bool:
    """Whether there is such a path; one that no system could have, or that is kept from us, is none."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


CHANGES = [item.name for item in fields(Augmentation) if item.name != "strength"]
"""The keys of ``Augmentation`` that change examples."""


def check_distillation(found: Distillation, source: Source, place: str) -> None:
    """Refuse a teacher from which nothing is learned.

    Args:
        found: the section.
        source: where it is from.
        place: its key in there.

    Raises:
        SensorBnnError: ``source.error``: it has a teacher, and no weight is above 0.
    """
    if found.teacher and not (found.answers or found.features or found.attention or found.start):
        raise source.wrong(
            f"{place} has a teacher, but answers, features and attention are 0: nothing is learned from it"
        )


def _check_together(recipe: Recipe, source: Source) -> None:
    """Check the rules that concern more than one value."""
    check_distillation(recipe.distill, source, "distill")
    changing = [name for name in CHANGES if getattr(recipe.augment, name)]
    if recipe.distill.cache and changing:
        raise CheckpointError(
            f"{source.name}: distill.cache stores the teacher's outputs for each example, but "
            f"augment.{changing[0]} changes the examples in every epoch.",
            "Set distill.cache to false, or every key of [augment] to 0.",
        )
    if recipe.distill.cache and recipe.data.normal:
        raise CheckpointError(
            f"{source.name}: distill.cache stores the teacher's outputs for each example, but data.normal has"
            " twins that are distorted in another way in every epoch.",
            "Set distill.cache to false.",
        )
    if recipe.augment.auto and len(changing) > 1:
        raise CheckpointError(
            f"{source.name}: augment.auto chooses the changes, but augment.{changing[1]} is set.",
            "Set augment.auto to false, or remove the other keys of [augment].",
        )
    found = {"target_scales", "target_offsets"} & recipe.model.keys()
    if found:
        raise source.wrong(
            f"model.{min(found)} is no key of a recipe; it follows from the data that data.targets names"
        )
    train, test = recipe.data.parts()
    both = set(train) & set(test)
    if both:
        raise CheckpointError(
            f"{source.name}: subjects {in_order(both)} are both in the training part and in the test part.",
            "Give each subject one part.",
        )
