"""Training recipes: TOML files that say everything a run depends on but the seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta

from sensor_bnn.errors import CheckpointError
from sensor_bnn.nn.config import NAME_RULE, TransformerConfig, is_good_name, preset
from sensor_bnn.reading import Source, is_file, toml_values, typed

_FOLDER = Path(__file__).resolve().parent / "recipes"
_REMEDY = "Correct that value; docs/training.md has each key."
_DEEPEST_BASE = 8

Name = Annotated[str, Meta(min_length=1)]
Rate = Annotated[float, Meta(gt=0, le=10)]
Epochs = Annotated[int, Meta(ge=1, le=1_000_000)]
Subject = Annotated[int, Meta(ge=0)]
"""The number of a subject or recording, which may be a date and time with 20 digits."""

Subjects = Annotated[tuple[Subject, ...], Meta(min_length=1)]
_Samples = Annotated[int, Meta(ge=1, le=1_000_000)]
_Share = Annotated[float, Meta(ge=0, le=1)]
_Below1 = Annotated[float, Meta(ge=0, lt=1)]
_Weight = Annotated[float, Meta(ge=0, le=1_000_000)]
_Spread = Annotated[float, Meta(ge=0, le=100)]


@dataclass(frozen=True)
class DataRecipe:
    """Which windows are learned from, and which are only tested on.

    Attributes:
        set: the data set, a name in ``sensor_bnn.train.sets``.
        path: file or folder of a set that no registry carries.
        window, step: samples a window, and from one window to the next.
        train_subjects, test_subjects: who is in which part; of one's own windows, which recordings.
            Images come with a split of their own.
        size: side of the images that are cut out of the files of ``image-folder``.
        held_out: so many training images, evenly spaced, are tested on and not learned from, and the test
            part stays unseen: for choosing settings. 0: the test part is tested on.
    """

    set: Name = "smartwatch"
    window: _Samples = 100
    step: _Samples = 50
    train_subjects: Subjects = (1, 2, 3, 4, 5, 6, 7)
    test_subjects: Subjects = (8, 9, 10)
    path: str = ""
    size: Annotated[int, Meta(ge=1, le=4096)] = 224
    held_out: Annotated[int, Meta(ge=0, le=1_000_000_000)] = 0


@dataclass(frozen=True)
class Augmentation:
    """Random changes of training windows, or of images (``crop`` and what follows); zero switches each off.

    Attributes:
        shift: windows are cut up to that many samples earlier or later.
        speed: the pace is changed by a factor of up to ``1 + speed`` either way.
        rotation: degrees; standard deviation of a random turn of the sensor, the same for both triads.
        scale: standard deviation of a factor a channel.
        jitter: standard deviation of noise, in standard deviations of the channel.
        mirror: half of the windows become those of the other arm.
        warp: standard deviation, in samples, of a bend of time in the middle of a window.
        crop: images are moved by up to that many pixels either way, their edges repeated.
        flip: half of the images are mirrored left to right.
        randaugment: operations of RandAugment an image.
        strength: of these, 0 .. 1.
        erase: share of the images of which a rectangle is filled with the mean.
        mixup, cutmix: parameter of the Beta distribution by which images are mixed in pairs; with both, each
            batch takes one of them.
    """

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
        epochs: passes over the training windows.
        batch: windows a step.
        rate: largest learning rate.
        warmup: epochs of warm-up.
        decay: weight decay of matrices.
        smoothing: label smoothing.
        real_weights: share of the epochs, from the first, in which only activations are binary: progressive
            binarization, activations first, then weights.
        clip: largest norm of a step's whole gradient; 0: no limit.
        average: weight of the past in the running average of the weights, step by step, which becomes the
            model after the last epoch; 0: the last step's weights are the model.
    """

    epochs: Epochs = 60
    batch: _Samples = 64
    rate: Rate = 0.003
    warmup: _Weight = 2.0
    decay: _Spread = 0.01
    smoothing: _Below1 = 0.1
    real_weights: _Below1 = 0.0
    clip: _Weight = 0.0
    average: _Below1 = 0.0


@dataclass(frozen=True)
class Distillation:
    """Distribution correction: a full-precision teacher whose answers, features and attention are matched.

    Attributes:
        teacher: a recipe, which is trained first with the same split and seed, or a checkpoint ``.pt``;
            empty: no teacher.
        answers: weight of the divergence of the softened answers.
        temperature: by which logits are divided for that.
        features: weight of the distance of the stream after each block.
        attention: weight of the divergence of each block's attention.
        start: begin with the teacher's weights wherever shapes are equal.
        cache: compute the teacher's outputs once and keep them on disk; wants a recipe that augments nothing.
    """

    teacher: str = ""
    answers: _Weight = 1.0
    temperature: Annotated[float, Meta(gt=0, le=1000)] = 2.0
    features: _Weight = 0.0
    attention: _Weight = 0.0
    start: bool = False
    cache: bool = False


@dataclass(frozen=True)
class Recipe:
    """A whole recipe.

    Attributes:
        name: of the recipe, and of the model.
        preset: name in ``sensor_bnn.nn.config.PRESETS``.
        model: fields of the preset to change.
        data, augment, schedule, distill: the rest.
    """

    name: Name
    preset: Name = "sensor-tiny"
    model: dict[str, Any] = field(default_factory=dict)
    data: DataRecipe = DataRecipe()
    augment: Augmentation = Augmentation()
    schedule: Schedule = Schedule()
    distill: Distillation = Distillation()

    def config(self, shape: tuple[int, ...], classes: tuple[str, ...]) -> TransformerConfig:
        """The model's configuration for windows ``(C, L)`` or images ``(C, height, L)`` of these classes."""
        height = shape[1] if len(shape) == 3 else 0
        sizes = {"channels": shape[0], "height": height, "length": shape[-1]}
        settled = {"name": self.name, **sizes, "classes": classes}
        return preset(self.preset, **{**self.model, **settled})

    def to_dict(self) -> dict[str, Any]:
        """Plain values only: what a checkpoint holds."""
        values = asdict(self)
        values["data"] = {
            key: list(value) if isinstance(value, tuple) else value for key, value in values["data"].items()
        }
        return values


def recipe_names() -> list[str]:
    """The recipes that ship."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def load_recipe(name_or_path: str) -> Recipe:
    """A shipped recipe by name, or a TOML file by path.

    Raises:
        CheckpointError: there is no such recipe, or it has a mistake.
    """
    path = Path(name_or_path)
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
    """A recipe from plain values, such as a checkpoint holds.

    Raises:
        CheckpointError: a key is unknown, or a value is of another type or out of its range.
    """
    return _whole(values, name, Source(f"Recipe {name}", CheckpointError, _REMEDY))


def _whole(values: Mapping[str, Any], name: str, source: Source) -> Recipe:
    recipe = typed({"name": name, **values}, Recipe, source)
    _check_together(recipe, source)
    return recipe


def _source_of(path: Path) -> Source:
    return Source(str(path), CheckpointError, _REMEDY)


def _with_bases(path: Path, depth: int) -> dict[str, Any]:
    """The recipe's values over those of its ``base``, section by section."""
    if not is_file(path):
        raise CheckpointError(
            f"There is no training recipe {path.stem if path.parent == _FOLDER else path}.",
            f"Choose one of {', '.join(recipe_names())}, or give a .toml file.",
        )
    source = _source_of(path)
    values = toml_values(path, source)
    base = values.pop("base", None)
    # Each file is checked by itself, so that a message names the file that has the mistake.
    typed({"name": path.stem, **values}, Recipe, source)
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


_CHANGES = [item.name for item in fields(Augmentation) if item.name != "strength"]


def _check_together(recipe: Recipe, source: Source) -> None:
    """Check what no value breaks alone."""
    changing = [name for name in _CHANGES if getattr(recipe.augment, name)]
    if recipe.distill.cache and changing:
        raise CheckpointError(
            f"{source.name}: distill.cache keeps what the teacher says of an example, and "
            f"augment.{changing[0]} changes the examples every epoch.",
            "Set distill.cache to false, or every key of [augment] to 0.",
        )
    both = set(recipe.data.train_subjects) & set(recipe.data.test_subjects)
    if both:
        raise CheckpointError(
            f"{source.name}: subjects {sorted(both)} are both learned from and tested on.",
            "Give each subject one part.",
        )
