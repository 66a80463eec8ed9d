"""Which recordings are learned from and which are tested on, where a recipe leaves that open.

The draw is by whole recordings or subjects, never by windows: windows of one recording overlap or resemble
each other.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from sensor_bnn.data.recorded import Id, in_order
from sensor_bnn.errors import DataError
from sensor_bnn.train.recipe import DataRecipe
from sensor_bnn.train.windows import Recordings

VALIDATION = 0.15
"""The share of the training groups of each class in the validation part, where no recipe states one."""

FEWEST = 4
"""The training groups that each class must have for a validation part that no recipe states."""


def settled(dataset: Recordings, data: DataRecipe) -> DataRecipe:
    """Return the recipe's section with both lists of the split: as stated, or else as this module chooses.

    If one list is stated, the other has the rest. If none is, the data's own column ``split`` counts, and
    without it ``data.test_share`` of the recordings of each class are drawn with ``data.split_seed``. The
    share of the validation part is stated too: ``VALIDATION`` where each class has enough to learn from.

    Raises:
        DataError: a part is empty, or a recording has no part in the column ``split``.
    """
    data = _divided(dataset, data)
    if data.validation is None:
        groups = Counter(
            label for labels in _labels(dataset, data.parts()[0]).values() for label in labels
        ).values()
        enough = min(groups, default=0) >= FEWEST
        data = replace(data, validation=VALIDATION if enough else 0.0)
    return data


def validated(dataset: Recordings, data: DataRecipe) -> tuple[Id, ...]:
    """Return the subjects or recordings of the training part that are not learned, but validate.

    Args:
        dataset: the whole set.
        data: the section with both lists of the split and the share, see ``settled``.

    Raises:
        DataError: there is none, because each class has only one.
    """
    if not data.validation:
        return ()
    drawn = draw(_labels(dataset, data.parts()[0]), data.validation, data.split_seed)
    if not drawn:
        raise DataError(
            f"data.validation is {data.validation:g}, but no class has two {dataset.whole}s to learn from.",
            "Set data.validation to 0, or record more.",
        )
    return tuple(drawn)


def folds(dataset: Recordings, data: DataRecipe, count: int) -> tuple[tuple[Id, ...], ...]:
    """Divide the training subjects or recordings of a settled split, with a share of each class in each part.

    Args:
        dataset: the whole set.
        data: the section with both lists of the split, see ``settled``.
        count: the number of parts.

    Raises:
        DataError: a class is in one subject or recording only, or there are fewer of them than parts.
    """
    labels = _labels(dataset, data.parts()[0])
    found: list[tuple[Id, ...]] = []
    left = dict(labels)
    for more in range(count, 1, -1):
        drawn = tuple(draw(left, 1 / more, data.split_seed))
        found.append(drawn)
        left = {group: of for group, of in left.items() if group not in drawn}
    found.append(tuple(in_order(left)))
    holders = Counter(label for of in labels.values() for label in of)
    in_one = [dataset.classes[label] for label, count_of in holders.items() if count_of < 2]
    if in_one or not all(found):
        why = f"class {in_one[0]} is in one {dataset.whole} only" if in_one else f"there are {len(labels)}"
        raise DataError(
            f"The {dataset.whole}s to learn from cannot be divided into {count} folds: {why}.",
            f"Record more {dataset.whole}s of that class."
            if in_one
            else "Ask for fewer folds, or record more.",
        )
    return tuple(found)


def _labels(dataset: Recordings, groups: Collection[Id] | None = None) -> dict[Id, set[int]]:
    """Return the classes of each of these groups that has windows; of all without ``groups``."""
    wanted = None if groups is None else set(groups)
    labels: dict[Id, set[int]] = {}
    for group, label in zip(dataset.group.tolist(), dataset.y.tolist(), strict=True):
        if wanted is None or group in wanted:
            labels.setdefault(group, set()).add(label)
    return labels


def _divided(dataset: Recordings, data: DataRecipe) -> DataRecipe:
    train, test = data.parts()
    if train and test:
        return data
    groups = in_order(dataset.group.tolist())
    if train:
        test = tuple(group for group in groups if group not in train)
    elif test:
        train = tuple(group for group in groups if group not in test)
    elif dataset.stated:
        train, test = (
            tuple(group for group in groups if dataset.stated.get(group) == part)
            for part in ("train", "test")
        )
        without = [group for group in groups if group not in dataset.stated]
        if without:
            raise DataError(
                f"{dataset.whole.capitalize()} {without[0]} has no part of the split; others have one.",
                "State a part for each, or none.",
            )
    else:
        test = tuple(draw(_labels(dataset), data.test_share, data.split_seed))
        train = tuple(group for group in groups if group not in test)
    if not train or not test:
        missing = "test on" if train else "learn from"
        what = "a class has" if dataset.targets is None else "there are"
        raise DataError(
            f"The split leaves no {dataset.whole} to {missing}: there are {len(groups)} with windows.",
            f"Record more, so that {what} two {dataset.whole}s, or state another split.",
        )
    return replace(data, train_subjects=train, test_subjects=test)


def draw(labels: Mapping[Id, set[int]], share: float, seed: int) -> list[Id]:
    """Draw the groups to test on, so that each class has its share of its groups there.

    The order of the draw is that of a SHA-256 of seed and name, so that a recording that is added moves
    hardly any other to the other part. A class with two or more groups has at least one in each part wherever
    the other classes allow it; a class with one group is learned from.

    Args:
        labels: the classes of each group, a recording or subject.
        share: of the groups of each class, between 0 and 1.
        seed: the seed of the draw.

    Returns:
        The drawn groups, see ``in_order``.
    """
    order = sorted(labels, key=lambda group: hashlib.sha256(f"{seed} {group}".encode()).digest())
    left = Counter(label for group in order for label in labels[group])
    whole = dict(left)
    drawn: set[Id] = set()
    # The rarest class first, because it has the fewest choices.
    for label in sorted(whole, key=lambda label: (whole[label], label)):
        wanted = min(max(1, round(share * whole[label])), whole[label] - 1)
        for group in order:
            if whole[label] - left[label] >= wanted:
                break
            if group in drawn or label not in labels[group]:
                continue
            if all(left[other] > 1 for other in labels[group]):
                drawn.add(group)
                left.subtract(labels[group])
    return in_order(drawn)


def told(dataset: Recordings, data: DataRecipe) -> str:
    """Return in words how the split of a recipe's section was made."""
    train, test = data.parts()
    if data.has_own_split:
        return f"that of the set {data.set}"
    if train and test:
        return "as the recipe states it"
    if train or test:
        return f"as the recipe states it; the other part has the rest of the {dataset.whole}s"
    if dataset.distorted is not None:
        return (
            f"{dataset.whole}s that are not all normal are tested on; the others as the column"
            f" {data.columns.split} or a draw says (data.test_share, data.split_seed)"
        )
    if dataset.stated:
        return f"as the column {data.columns.split} states it"
    of_each = "class" if dataset.targets is None else f"quarter of {dataset.target_names[0]}"
    return (
        f"{data.test_share:.0%} of the {dataset.whole}s of each {of_each}, drawn with seed {data.split_seed}"
        " (data.test_share, data.split_seed)"
    )


def listed(groups: Sequence[Id]) -> str:
    """Return the first twenty names, and how many more there are."""
    shown = ", ".join(map(str, groups[:20]))
    return f"{shown} and {len(groups) - 20} more" if len(groups) > 20 else shown
