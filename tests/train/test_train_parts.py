"""Splits that a recipe leaves open: by whole recordings, each class on both sides, the same every time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensor_bnn.errors import DataError
from sensor_bnn.train import archives, sets
from sensor_bnn.train.parts import draw, settled, told
from sensor_bnn.train.recipe import _OWN_SPLIT, DataRecipe, parse_recipe
from sensor_bnn.train.windows import Recordings

labelled = st.dictionaries(
    st.integers(0, 10**20) | st.text("abcXYZ 1", min_size=1, max_size=3),
    st.sets(st.integers(0, 3), min_size=1),
    min_size=1,
    max_size=30,
)


@pytest.mark.usefixtures("long_run")
@given(labelled, st.floats(0.05, 0.95), st.integers(0, 5))
@settings(deadline=None)
def test_every_class_is_learned_and_the_draw_depends_on_names_alone(
    labels: dict[Any, set[int]], share: float, seed: int
) -> None:
    drawn = draw(labels, share, seed)
    rest = labels.keys() - set(drawn)
    assert set(drawn) <= labels.keys()
    for label in set().union(*labels.values()):
        assert any(label in labels[group] for group in rest)
    assert draw(dict(reversed(labels.items())), share, seed) == drawn


@pytest.mark.usefixtures("long_run")
@given(st.lists(st.integers(1, 12), min_size=1, max_size=5), st.floats(0.05, 0.95), st.integers(0, 5))
@settings(deadline=None)
def test_recordings_of_one_class_each_are_drawn_in_the_share_of_each_class(
    counts: list[int], share: float, seed: int
) -> None:
    labels = {f"{label} {at}": {label} for label, count in enumerate(counts) for at in range(count)}
    drawn = draw(labels, share, seed)
    for label, count in enumerate(counts):
        tested = sum(labels[group] == {label} for group in drawn)
        assert tested == min(max(1, round(share * count)), count - 1)


def test_another_seed_draws_others_and_a_new_recording_moves_no_other() -> None:
    labels = {f"r{at}": {at % 2} for at in range(40)}
    assert len({tuple(draw(labels, 0.25, seed)) for seed in range(5)}) == 5
    drawn = set(draw(labels, 0.25, 0))
    more = set(draw({**labels, "new": {0}}, 0.25, 0))
    assert len((drawn ^ more) - {"new"}) <= 1


def lines_of(recordings: dict[str, str], header: str = "recording,label", count: int = 40) -> str:
    random = np.random.default_rng(0)
    found = [f"{header},x,y"]
    for facts in recordings.values():
        found += [f"{facts},{x:.4f},{y:.4f}" for x, y in random.normal(size=(count, 2))]
    return "\n".join(found) + "\n"


def plan_of(folder: Path, content: str, **keys: Any) -> DataRecipe:
    (folder / "own.csv").write_text(content)
    values = {"set": "csv", "path": str(folder / "own.csv"), "window": 20, "step": 10, **keys}
    return parse_recipe({"data": values}, "own").data


def dataset_of(data: DataRecipe) -> Recordings:
    dataset = sets.load(data)
    assert isinstance(dataset, Recordings)
    return dataset


NAMES = {f"r{at}": f"r{at},{'rest' if at % 2 else 'walk'}" for at in range(8)}


def test_an_unstated_split_is_drawn_and_no_recording_is_on_both_sides(tmp_path: Path) -> None:
    data = plan_of(tmp_path, lines_of(NAMES))
    dataset = dataset_of(data)
    train, test = settled(dataset, data).parts()
    assert set(train) | set(test) == set(NAMES) and not set(train) & set(test)
    assert sorted(int(str(name)[1:]) % 2 for name in test) == [0, 1]
    parts = sets.split(dataset, parse_recipe({"data": _values(data)}, "own"))
    assert len(parts.train) == 6 * 3 and len(parts.test.y) == 2 * 3
    assert "25% of the recordings of each class, drawn with seed 0" in told(dataset, data)


def _values(data: DataRecipe) -> dict[str, Any]:
    keys = ("set", "path", "window", "step", "test_share", "split_seed")
    return {key: getattr(data, key) for key in keys}


def test_a_public_set_has_its_own_split_unless_the_recipe_states_one(recordings: Recordings) -> None:
    assert told(recordings, DataRecipe(set="smartwatch")) == "that of the set smartwatch"
    assert told(recordings, DataRecipe(set="smartwatch", test_subjects=(8,))) == "as the recipe states it"


def test_one_stated_list_leaves_the_rest_to_the_other_part(tmp_path: Path) -> None:
    data = plan_of(tmp_path, lines_of(NAMES), test_subjects=["r0", "r1"])
    assert settled(dataset_of(data), data).parts() == (tuple(f"r{at}" for at in range(2, 8)), ("r0", "r1"))
    assert "the other part has the rest of the recordings" in told(dataset_of(data), data)


def test_the_column_split_counts_and_must_be_whole(tmp_path: Path) -> None:
    header = "recording,label,split"
    names = {name: f"{facts},{'Test' if name in ('r6', 'r7') else 'train'}" for name, facts in NAMES.items()}
    data = plan_of(tmp_path, lines_of(names, header))
    assert settled(dataset_of(data), data).parts()[1] == ("r6", "r7")
    assert told(dataset_of(data), data) == "as the column split states it"
    names["r8"] = "r7,rest,train"
    data = plan_of(tmp_path, lines_of(names, header))
    with pytest.raises(DataError, match="line 322: recording r7 is in both parts, test and train"):
        sets.load(data)
    names["r8"] = "r8,rest,maybe"
    with pytest.raises(DataError, match="split is 'maybe'; it must be train or test"):
        sets.load(plan_of(tmp_path, lines_of(names, header)))


def test_subjects_are_kept_together_unless_the_recipe_says_otherwise(tmp_path: Path) -> None:
    names = {f"r{at}": f"r{at},{'rest' if at % 2 else 'walk'},p{at // 4}" for at in range(12)}
    content = lines_of(names, "recording,label,person")
    data = plan_of(tmp_path, content, columns={"subject": "person"})
    dataset = dataset_of(data)
    assert dataset.whole == "subject"
    assert len(settled(dataset, data).parts()[1]) == 1
    data = plan_of(tmp_path, content, columns={"subject": "person"}, split_by="recording")
    assert dataset_of(data).whole == "recording"
    plain = plan_of(tmp_path, lines_of(NAMES), split_by="subject")
    with pytest.raises(DataError, match=r'split_by is "subject", but .*own.csv has no column subject'):
        sets.load(plain)
    names["r12"] = "r11,rest,p0"
    with pytest.raises(DataError, match="recording r11 has the subjects p2 and p0; it must have one"):
        sets.load(plan_of(tmp_path, lines_of(names, "recording,label,subject")))


def test_a_class_with_one_recording_is_learned_and_a_note_says_so(tmp_path: Path) -> None:
    names = {**NAMES, "r8": "r8,fall"}
    data = plan_of(tmp_path, lines_of(names))
    notes = sets.check_split(dataset_of(data), data)
    assert "Class fall is learned from 3 windows and not tested." in notes


def test_one_recording_cannot_be_split(tmp_path: Path) -> None:
    data = plan_of(tmp_path, lines_of({"r0": "r0,rest"}))
    with pytest.raises(DataError, match="leaves no recording to test on: there are 1 with windows"):
        sets.check_split(dataset_of(data), data)


def test_samples_that_augmentation_takes_beyond_float32_are_refused(tmp_path: Path) -> None:
    data = plan_of(tmp_path, lines_of(NAMES))
    dataset = dataset_of(data)
    dataset.signal[0, dataset.start] = -3e38
    with pytest.raises(DataError, match=r"In training window 1 .*, channel .* has a magnitude of 3e\+38"):
        sets.check_channels(dataset, data)
    dataset.signal[0, dataset.start] = -1e35
    sets.check_channels(dataset, data)


def test_each_public_set_has_a_split_of_its_own() -> None:
    assert _OWN_SPLIT.keys() == {"smartwatch", "hapt", *archives.ARCHIVES, *archives.REGRESSION}
    for name in archives.ARCHIVES:
        train = tuple(range(1, archives.PARTS + 1))
        assert DataRecipe(set=name).parts() == (train, (archives.TEST,))
    assert DataRecipe().parts() == ((1, 2, 3, 4, 5, 6, 7), (8, 9, 10))
    assert DataRecipe(set="csv").parts() == ((), ())
