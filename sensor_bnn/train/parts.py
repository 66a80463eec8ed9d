"""Which recordings are learned from and which are tested on, where a recipe leaves that open.

The draw is by whole recordings or subjects, never by windows: windows of one recording overlap or resemble
each other.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sensor_bnn.data.recorded import Id, in_order
from sensor_bnn.errors import DataError
from sensor_bnn.train.recipe import DataRecipe
from sensor_bnn.train.windows import Recordings


def settled(dataset: Recordings, data: DataRecipe) -> DataRecipe:
    """Return the recipe's section with both lists of the split: as stated, or else as this module chooses.

    If one list is stated, the other has the rest. If none is, the data's own column ``split`` counts, and
    without it ``data.test_share`` of the recordings of each class are drawn with ``data.split_seed``.

    Raises:
        DataError: a part is empty, or a recording has no part in the column ``split``.
    """
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
        labels: dict[Id, set[int]] = {}
        for group, label in zip(dataset.group.tolist(), dataset.y.tolist(), strict=True):
            labels.setdefault(group, set()).add(label)
        test = tuple(draw(labels, data.test_share, data.split_seed))
        train = tuple(group for group in groups if group not in test)
    if not train or not test:
        missing = "test on" if train else "learn from"
        raise DataError(
            f"The split leaves no {dataset.whole} to {missing}: there are {len(groups)} with windows.",
            f"Record more, so that a class has two {dataset.whole}s, or state another split.",
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
    if dataset.stated:
        return f"as the column {data.columns.split} states it"
    return (
        f"{data.test_share:.0%} of the {dataset.whole}s of each class, drawn with seed {data.split_seed}"
        " (data.test_share, data.split_seed)"
    )


def listed(groups: Sequence[Id]) -> str:
    """Return the first twenty names, and how many more there are."""
    shown = ", ".join(map(str, groups[:20]))
    return f"{shown} and {len(groups) - 20} more" if len(groups) > 20 else shown
