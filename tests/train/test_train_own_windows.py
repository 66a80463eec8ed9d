"""A user's own sensor: valid files of both formats, and invalid ones."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sensor_bnn.errors import DataError
from sensor_bnn.train import sets
from sensor_bnn.train.defaults import with_defaults
from sensor_bnn.train.loop import train
from sensor_bnn.train.own_windows import from_npz, from_recordings
from sensor_bnn.train.recipe import DataRecipe, parse_recipe
from sensor_bnn.train.windows import Recordings


def from_csv(file: Path, window: int, step: int, **keys: Any) -> Recordings:
    return from_recordings(DataRecipe(set="csv", path=str(file), window=window, step=step, **keys))


def arrays(recordings: Recordings) -> dict[str, np.ndarray]:
    windows = recordings.windows()
    classes = np.array(windows.classes)
    return {"x": windows.x[:], "y": windows.y, "classes": classes, "recording": recordings.group}


@pytest.fixture
def npz(tmp_path: Path, recordings: Recordings) -> Path:
    np.savez(tmp_path / "own.npz", **arrays(recordings))
    return tmp_path / "own.npz"


@pytest.fixture
def csv_file(tmp_path: Path) -> Path:
    """Recording 7: 30 samples of a, then 12 of b; recording 3: 20 of b."""
    lines = ["recording,label,x,y"]
    at = 0
    for number, label, count in ((7, "a", 30), (7, "b", 12), (3, "b", 20)):
        for _ in range(count):
            lines.append(f"{number},{label},{at},{-at}")
            at += 1
    (tmp_path / "own.csv").write_text("\n".join(lines) + "\n")
    return tmp_path / "own.csv"


@pytest.mark.usefixtures("training")
def test_npz_comes_back_and_is_learned(npz: Path, recordings: Recordings, tmp_path: Path) -> None:
    found = from_npz(npz)
    np.testing.assert_array_equal(found.windows().x[:], recordings.windows().x[:])
    assert found.group.tolist() == recordings.group.tolist()
    recipe = parse_recipe(
        {
            "model": {"width": 32, "heads": 1, "layers": 1},
            "data": {"set": "npz", "path": str(npz), "train_subjects": [1, 2, 3], "test_subjects": [4]},
            "schedule": {"epochs": 2, "batch": 16},
            "augment": {"shift": 10, "jitter": 0.1},
        },
        "own",
    )
    run = train(recipe, sets.load(recipe.data), 0, tmp_path / "run")
    assert run.test.confusion.sum() == (recordings.group == 4).sum()


def test_npz_mistakes_are_named(tmp_path: Path, recordings: Recordings) -> None:
    good = arrays(recordings)
    broken = good["x"].copy()
    broken[1, 2, 3] = np.inf
    cases = (
        (
            {"recording": good["recording"][1:]},
            r"recording is int64 \[155\]; it must be whole numbers \[156\]",
        ),
        ({"recording": good["recording"].astype(float)}, "recording is float64"),
        ({"y": good["y"] + 5}, r"y\[0\] is 5; it must be a place in classes, 0 to 2"),
        ({"x": broken}, r"x\[1, 2, 3\] is inf; it must be a finite number"),
        ({"x": good["x"][..., None]}, r"x is \[156, 6, 100, 1\]"),
        ({"classes": np.array(3)}, r"classes is int64 \[\]; it must be a list of texts"),
    )
    for changes, message in cases:
        np.savez(tmp_path / "bad.npz", **{**good, **changes})
        with pytest.raises(DataError, match=message):
            from_npz(tmp_path / "bad.npz")
    del good["recording"]
    np.savez(tmp_path / "bad.npz", **good)
    with pytest.raises(DataError, match=r"has no array recording; its arrays are classes, x, y"):
        from_npz(tmp_path / "bad.npz")
    (tmp_path / "bad.npz").write_bytes((tmp_path / "bad.npz").read_bytes()[:-500])
    with pytest.raises(DataError, match="damaged"):
        from_npz(tmp_path / "bad.npz")
    with pytest.raises(DataError, match="There is no file"):
        from_npz(tmp_path / "none.npz")


def test_csv_windows_stay_within_a_recording_and_a_label(csv_file: Path) -> None:
    found = from_csv(csv_file, window=10, step=5)
    assert found.classes == ("a", "b")
    assert found.y.tolist() == [0] * 5 + [1] + [1] * 3
    assert found.group.tolist() == [7] * 6 + [3] * 3
    windows = found.windows()
    assert windows.x.shape == (9, 2, 10)
    assert windows.x[:][:, 0, 0].tolist() == [0, 5, 10, 15, 20, 30, 42, 47, 52]
    np.testing.assert_array_equal(windows.x[:][:, 1], -windows.x[:][:, 0])
    assert found.of_groups((3,)).windows().x.shape == (3, 2, 10)


def test_csv_too_short_for_a_window(csv_file: Path) -> None:
    found = from_csv(csv_file, window=15, step=5)
    assert [(part.group, part.label, part.samples) for part in found.short] == [(7, "b", 12)]
    assert found.short[0].place == f"line 32 of {csv_file}"
    with pytest.raises(DataError, match=r"data\.window is 31 samples, and the longest run .* has 30"):
        from_csv(csv_file, window=31, step=5)


def test_csv_mistakes_are_named(csv_file: Path) -> None:
    """The rules of the file are those of the reader (tests/data)."""
    csv_file.write_text("recording,label,x\n1,a,2\n1,,2\n")
    with pytest.raises(DataError, match="line 3: label is ''; it must not be empty"):
        from_csv(csv_file, 10, 5)


def test_a_folder_of_sounds_is_split_by_file_and_stretched(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for label in ("on", "off"):
        for number, length in enumerate((90, 120, 300, 411)):
            folder = tmp_path / label
            folder.mkdir(exist_ok=True)
            with wave.open(str(folder / f"{number}.wav"), "wb") as file:
                file.setparams((1, 2, 8000, length, "NONE", ""))
                file.writeframes(random.integers(-999, 999, length).astype("<i2").tobytes())
    values = {"set": "wav", "path": str(tmp_path), "window": 100, "lengths": "stretch"}
    recipe = parse_recipe({"data": values}, "own")
    dataset = sets.load(recipe.data)
    assert isinstance(dataset, Recordings)
    # Nothing is dropped: each file is one window, also the one that is shorter.
    assert sorted(dataset.group.tolist()) == [f"{label}/{at}" for label in ("off", "on") for at in range(4)]
    parts = sets.split(dataset, recipe)
    assert parts.shape == (1, 100) and len(parts.train) == 6 and sorted(parts.test.y.tolist()) == [0, 1]
    assert sets.check_split(dataset, recipe.data)[0] == (
        "8 parts of 90 to 411 samples: each is stretched or compressed to one window of 100."
    )
    stated = with_defaults(recipe, dataset)
    again = parse_recipe(stated.to_dict(), "own")
    assert again == stated and again.data.parts()[1] == with_defaults(recipe, dataset).data.parts()[1]


@pytest.mark.parametrize(("falls", "told"), ((False, True), (True, False)))
def test_a_channel_that_only_rises_is_told(falls: bool, told: bool, tmp_path: Path) -> None:
    """A time under a name that does not say so is read as a channel, from which a model learns the hour."""
    lines = ["x,elapsed,recording,label"]
    random = np.random.default_rng(0)
    for recording in range(8):
        for at in range(60):
            elapsed = 0.025 * at - (0.1 if falls and at == 30 and recording == 5 else 0)
            lines.append(f"{random.normal():.4f},{elapsed:.4f},r{recording},{'ab'[recording % 2]}")
    (tmp_path / "own.csv").write_text("\n".join(lines))
    values = {"set": "csv", "path": str(tmp_path / "own.csv"), "window": 20, "step": 20}
    recipe = parse_recipe({"data": values}, "own")
    notes = [note for note in sets.check_split(sets.load(recipe.data), recipe.data) if "only rises" in note]
    assert bool(notes) == told
    if told:
        assert notes[0].startswith(
            "Within each recording channel elapsed only rises, as a time or a count does"
        )
        # The sentence has the user's own column, and the lines to write.
        assert 'write columns = { time = "elapsed" }; else leave it out' in notes[0]
        assert 'unless it measures something: channels = ["x"].' in notes[0]
        assert "in another unit: rename it first" in notes[0]
        named = parse_recipe({"data": {**values, "columns": {"time": "elapsed"}}}, "own")
        assert sets.load(named.data).channels == ("x",)
