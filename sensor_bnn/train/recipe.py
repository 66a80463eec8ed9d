"""Training recipes: TOML files that say everything a run depends on but the seed."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from sensor_bnn.errors import CheckpointError
from sensor_bnn.nn.families import preset
from sensor_bnn.nn.model import ModelConfig

_FOLDER = Path(__file__).resolve().parent / "recipes"


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

    set: str = "smartwatch"
    window: int = 100
    step: int = 50
    train_subjects: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7)
    test_subjects: tuple[int, ...] = (8, 9, 10)
    path: str = ""
    size: int = 224
    held_out: int = 0


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

    shift: int = 0
    speed: float = 0.0
    rotation: float = 0.0
    scale: float = 0.0
    jitter: float = 0.0
    mirror: bool = False
    crop: int = 0
    flip: bool = False
    warp: float = 0.0
    randaugment: int = 0
    strength: float = 0.3
    erase: float = 0.0
    mixup: float = 0.0
    cutmix: float = 0.0


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

    epochs: int = 60
    batch: int = 64
    rate: float = 0.003
    warmup: float = 2.0
    decay: float = 0.01
    smoothing: float = 0.1
    real_weights: float = 0.0
    clip: float = 0.0
    average: float = 0.0


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
    answers: float = 1.0
    temperature: float = 2.0
    features: float = 0.0
    attention: float = 0.0
    start: bool = False
    cache: bool = False


@dataclass(frozen=True)
class Recipe:
    """A whole recipe.

    Attributes:
        name: of the recipe, and of the model.
        preset: name in ``sensor_bnn.nn.families.PRESETS``.
        model: fields of the preset to change.
        data, augment, schedule, distill: the rest.
    """

    name: str
    preset: str = "sensor-tiny"
    model: dict[str, Any] = field(default_factory=dict)
    data: DataRecipe = DataRecipe()
    augment: Augmentation = Augmentation()
    schedule: Schedule = Schedule()
    distill: Distillation = Distillation()

    def config(self, shape: tuple[int, ...], classes: tuple[str, ...]) -> ModelConfig:
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
    return parse_recipe(_with_bases(path, depth=0), name=path.stem)


def parse_recipe(values: Mapping[str, Any], name: str) -> Recipe:
    """A recipe from plain values.

    Raises:
        CheckpointError: a key is unknown or a value has the wrong type.
    """
    parts: dict[str, Any] = dict(values)
    model = parts.pop("model", {})
    if not isinstance(model, dict):
        raise CheckpointError(f"Recipe {name}: model is not a table.", "Write a [model] section.")
    recipe = Recipe(
        name=_typed(str, parts.pop("name", name), f"Recipe {name}: name"),
        preset=_typed(str, parts.pop("preset", "sensor-tiny"), f"Recipe {name}: preset"),
        model=dict(model),
        data=_section(DataRecipe, parts.pop("data", {}), f"Recipe {name}: data"),
        augment=_section(Augmentation, parts.pop("augment", {}), f"Recipe {name}: augment"),
        schedule=_section(Schedule, parts.pop("schedule", {}), f"Recipe {name}: schedule"),
        distill=_section(Distillation, parts.pop("distill", {}), f"Recipe {name}: distill"),
    )
    if parts:
        raise CheckpointError(f"Recipe {name} has an unknown key {min(parts)!r}.", "Remove it.")
    _check_ranges(recipe)
    return recipe


def _with_bases(path: Path, depth: int) -> dict[str, Any]:
    """The recipe's values over those of its ``base``, section by section."""
    if not path.is_file():
        raise CheckpointError(
            f"There is no training recipe {path.stem if path.parent == _FOLDER else path}.",
            f"Choose one of {', '.join(recipe_names())}, or give a .toml file.",
        )
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CheckpointError(f"The recipe {path} is not TOML ({error}).", "Correct it.") from error
    base = values.pop("base", None)
    if base is None:
        return values
    if depth > 8:
        raise CheckpointError(f"The recipe {path} is its own base.", "Break the circle.")
    beside = path.parent / f"{base}.toml"
    merged = _with_bases(beside if beside.is_file() else _FOLDER / f"{base}.toml", depth + 1)
    for key, value in values.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = {**merged[key], **value} if both else value
    return merged


_CHANGES = [item.name for item in fields(Augmentation) if item.name != "strength"]

_Section = TypeVar("_Section", DataRecipe, Augmentation, Schedule, Distillation)
_Value = TypeVar("_Value")


def _section(kind: type[_Section], values: Any, where: str) -> _Section:
    if not isinstance(values, dict):
        raise CheckpointError(f"{where} is not a table.", "Write it as a section.")
    defaults = {item.name: item.default for item in fields(kind)}
    for key in values:
        if key not in defaults:
            raise CheckpointError(f"{where} has an unknown key {key!r}.", f"Known: {', '.join(defaults)}.")
    return kind(
        **{key: _typed(type(defaults[key]), value, f"{where}.{key}") for key, value in values.items()}
    )


def _typed(kind: type[_Value], value: Any, where: str) -> Any:
    if kind is float and type(value) is int:
        return float(value)
    if kind is tuple and isinstance(value, list) and all(type(item) is int for item in value):
        return tuple(value)
    if type(value) is not kind:
        raise CheckpointError(f"{where} is {value!r}.", f"Give a {kind.__name__}.")
    return value


def _check_ranges(recipe: Recipe) -> None:
    positive = {
        "schedule.epochs": recipe.schedule.epochs,
        "schedule.batch": recipe.schedule.batch,
        "schedule.rate": recipe.schedule.rate,
        "data.window": recipe.data.window,
        "data.step": recipe.data.step,
        "data.size": recipe.data.size,
        "distill.temperature": recipe.distill.temperature,
    }
    for key, value in positive.items():
        if not value > 0:
            raise CheckpointError(f"Recipe {recipe.name}: {key} is {value}.", "Give a positive number.")
    for key in ("answers", "features", "attention"):
        weight = getattr(recipe.distill, key)
        if not 0 <= weight < math.inf:
            raise CheckpointError(f"Recipe {recipe.name}: distill.{key} is {weight}.", "Give 0 or more.")
    if recipe.data.held_out < 0:
        raise CheckpointError(
            f"Recipe {recipe.name}: data.held_out is {recipe.data.held_out}.",
            "Give a number of images, or 0.",
        )
    if not 0 <= recipe.schedule.clip < math.inf:
        raise CheckpointError(
            f"Recipe {recipe.name}: schedule.clip is {recipe.schedule.clip}.", "Give 0 or more."
        )
    if not 0 <= recipe.schedule.average < 1:
        raise CheckpointError(
            f"Recipe {recipe.name}: schedule.average is {recipe.schedule.average}.",
            "Give 0, or a weight below 1 such as 0.999.",
        )
    if not 0 <= recipe.schedule.real_weights < 1:
        raise CheckpointError(
            f"Recipe {recipe.name}: schedule.real_weights is {recipe.schedule.real_weights}.",
            "Give a share from 0 to below 1: the last epochs learn with binary weights.",
        )
    for key in ("erase", "strength"):
        share = getattr(recipe.augment, key)
        if not 0 <= share <= 1:
            raise CheckpointError(f"Recipe {recipe.name}: augment.{key} is {share}.", "Give 0 to 1.")
    for key in ("warp", "randaugment", "mixup", "cutmix"):
        amount = getattr(recipe.augment, key)
        if not 0 <= amount < math.inf:
            raise CheckpointError(f"Recipe {recipe.name}: augment.{key} is {amount}.", "Give 0 or more.")
    changing = [name for name in _CHANGES if getattr(recipe.augment, name)]
    if recipe.distill.cache and changing:
        raise CheckpointError(
            f"Recipe {recipe.name}: distill.cache keeps what the teacher says of an example, and "
            f"augment.{changing[0]} changes the examples every epoch.",
            "Set distill.cache to false, or every key of [augment] to 0.",
        )
    both = set(recipe.data.train_subjects) & set(recipe.data.test_subjects)
    if both:
        raise CheckpointError(
            f"Recipe {recipe.name}: subjects {sorted(both)} are both learned from and tested on.",
            "Give each subject one part.",
        )
