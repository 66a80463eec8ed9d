"""What a recipe leaves open, chosen by the set. When training begins, everything is stated.

Only the recipes of a user's own windows leave anything but the split open.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from sensor_bnn.errors import CheckpointError
from sensor_bnn.nn.sizes import sizes
from sensor_bnn.train.images import Images
from sensor_bnn.train.parts import FEWEST, settled, validated
from sensor_bnn.train.recipe import CHANGES, OWN, Augmentation, Recipe, Schedule
from sensor_bnn.train.regression import is_regression
from sensor_bnn.train.sets import DataSet
from sensor_bnn.train.windows import Recordings

STEPS = 1500
"""The fewest steps of a run whose recipe states no epochs."""

EPOCHS = 30
"""The fewest epochs of such a run."""

LONGEST = 1e13
"""The most multiply-adds of such a run, over all its examples: under an hour on one core."""

_BATCHES = 20
"""A batch is small enough for so many per epoch, but has 16 to 64 windows."""

_UNEQUAL = 2
"""The classes weigh the same if the largest has so many times the windows of the smallest."""

_SLOWEST_PATIENCE = 20


def with_defaults(recipe: Recipe, dataset: DataSet) -> Recipe:
    """Return the recipe with all that it leaves open, so that a checkpoint states it.

    Raises:
        CheckpointError: ``schedule.patience`` is set, and there is no validation part.
        DataError: see ``settled`` and ``validated``.
    """
    if isinstance(dataset, Images):
        _check_patience(recipe)
        return recipe
    recipe = replace(recipe, data=settled(dataset, recipe.data))
    _check_patience(recipe)
    recipe = replace(recipe, augment=_augment(recipe, dataset.length))
    if recipe.data.set not in OWN:
        return recipe
    return replace(recipe, schedule=_schedule(recipe, dataset))


def told(recipe: Recipe, chosen: Recipe) -> list[str]:
    """Return sentences on what was chosen, and why.

    Args:
        recipe: the recipe as it was written.
        chosen: the result of ``with_defaults``.
    """
    if chosen.data.set not in OWN:
        return []
    before, now = recipe.schedule, chosen.schedule
    found = []
    if recipe.data.validation is None:
        share = chosen.data.validation or 0.0
        of = "quarter of the values" if is_regression(chosen) else "class"
        has = f"each {of} has {FEWEST} or more" if share else f"a {of} has fewer than {FEWEST}"
        found.append(f"data.validation = {share:g}: {has} recordings or subjects to learn from")
    if not before.batch:
        found.append(f"schedule.batch = {now.batch}: about {_BATCHES} steps per epoch, from 16 to 64 windows")
    if not before.epochs:
        found.append(
            f"schedule.epochs = {now.epochs}: at least {STEPS:,} steps and {EPOCHS} epochs, at most"
            f" {LONGEST:.0e} multiply-adds, which one core computes in under an hour"
        )
    if before.patience is None and now.patience:
        found.append(
            f"schedule.patience = {now.patience}: a quarter of the epochs, at least {_SLOWEST_PATIENCE}"
        )
    if before.class_weights is None and not is_regression(chosen):
        than = "twice or more" if now.class_weights == "auto" else "less than twice"
        found.append(
            f'schedule.class_weights = "{now.class_weights}": the largest class has {than} the windows of the'
            " smallest"
        )
    if (
        is_regression(chosen)
        and recipe.augment.auto is None
        and chosen.augment == replace(Augmentation(), auto=False)
    ):
        found.append(
            "augment: nothing: a change of a window may change the number to predict; set those keys of"
            " [augment] that do not, such as jitter"
        )
    if chosen.augment not in (recipe.augment, replace(recipe.augment, auto=False)):
        changes = ", ".join(
            f"{key} = {getattr(chosen.augment, key):g}" for key in ("shift", "scale", "jitter")
        )
        found.append(
            f"augment: {changes}: a tenth of a window in time and little in size, which any sensor bears;"
            " nothing is mirrored or turned (augment.auto = false for none)"
        )
    return found


def steps_per_epoch(examples: int, batch: int) -> int:
    """Return the steps of an epoch; a last batch of less than half the size is left out."""
    whole, rest = divmod(examples, batch)
    return max(1, whole + (2 * rest >= batch))


def _check_patience(recipe: Recipe) -> None:
    if recipe.schedule.patience and not recipe.data.validation:
        raise CheckpointError(
            f"Recipe {recipe.name}: schedule.patience is {recipe.schedule.patience}, but nothing validates.",
            "Set data.validation, such as 0.15, or schedule.patience to 0.",
        )


def _augment(recipe: Recipe, window: int) -> Augmentation:
    augment = recipe.augment
    changed = any(getattr(augment, key) for key in CHANGES if key != "auto")
    usual = not changed and not recipe.distill.cache and not is_regression(recipe)
    auto = usual if augment.auto is None else augment.auto
    if not auto:
        return replace(augment, auto=False)
    return replace(augment, auto=False, shift=max(1, window // 10), scale=0.05, jitter=0.02)


def _schedule(recipe: Recipe, dataset: Recordings) -> Schedule:
    checking = validated(dataset, recipe.data)
    learned = dataset.of_groups([group for group in recipe.data.parts()[0] if group not in checking])
    windows = len(learned.y)
    schedule = recipe.schedule
    batch = schedule.batch or _batch(windows)
    epochs = schedule.epochs
    if not epochs:
        cost = sizes(recipe.config((len(dataset.signal), dataset.length), dataset.outputs, dataset.channels))
        longest = int(LONGEST // ((cost.binary_macs + cost.float_macs) * windows))
        wanted = max(EPOCHS, math.ceil(STEPS / steps_per_epoch(windows, batch)))
        epochs = max(1, min(wanted, longest))
    patience = schedule.patience
    if patience is None:
        patience = max(_SLOWEST_PATIENCE, epochs // 4) if checking else 0
    counts = np.unique(learned.y, return_counts=True)[1]
    unequal = max(counts) >= _UNEQUAL * min(counts) and not is_regression(recipe)
    weights = schedule.class_weights or ("auto" if unequal else "none")
    return replace(schedule, batch=batch, epochs=epochs, patience=patience, class_weights=weights)


def _batch(windows: int) -> int:
    return next((size for size in (64, 32) if windows >= _BATCHES * size), 16)
