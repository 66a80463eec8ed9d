"""Recipes: inheritance, and mistakes that are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from sensor_bnn.errors import CheckpointError, DataError
from sensor_bnn.train import sets
from sensor_bnn.train.recipe import Recipe, load_recipe, parse_recipe, recipe_names
from sensor_bnn.train.runs import teacher_recipe
from sensor_bnn.train.sets import SETS


def without_model(recipe: Recipe) -> dict[str, object]:
    return {key: value for key, value in recipe.to_dict().items() if key not in ("name", "model")}


def test_shipped_recipes_build_models() -> None:
    assert {"watch-tiny", "watch-tiny-full", "watch-tiny-distill", "cifar-micro"} <= set(recipe_names())
    for name in recipe_names():
        recipe = load_recipe(name)
        assert recipe.data.set in SETS
        windows = recipe.data.set == "smartwatch" or recipe.model.get("gain") == "window"
        shape = (6, 100) if windows else (1, 224, 224)
        config = recipe.config(shape, ("a", "b"))
        assert (config.name, config.input_shape) == (name, shape)


def test_comparisons_differ_from_ours_in_the_model_alone() -> None:
    ours = load_recipe("watch-tiny")
    naive, full = load_recipe("watch-tiny-naive"), load_recipe("watch-tiny-full")
    assert without_model(naive) == without_model(full) == without_model(ours)
    assert naive.model == {**ours.model, "binarizer": "sign"}
    assert full.model == {**ours.model, "precision": "full"}


def test_survives_its_plain_form() -> None:
    recipe = load_recipe("watch-tiny")
    assert parse_recipe(recipe.to_dict(), "other") == recipe


def test_base_beside_the_file_or_shipped(tmp_path: Path) -> None:
    (tmp_path / "child.toml").write_text('base = "parent"\n[schedule]\nepochs = 3\n')
    (tmp_path / "parent.toml").write_text('base = "watch-tiny"\n[schedule]\nbatch = 7\n')
    child = load_recipe(str(tmp_path / "child.toml"))
    assert (child.schedule.epochs, child.schedule.batch) == (3, 7)
    assert child.augment == load_recipe("watch-tiny").augment


def test_a_path_is_relative_to_the_file_that_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """First to that file, which may be a base, then to the current folder."""
    for name in ("base", "child", "here"):
        (tmp_path / name).mkdir()
    parent = tmp_path / "base" / "parent.toml"
    parent.write_text('[data]\nset = "csv"\npath = "own.csv"\n')
    (tmp_path / "child" / "heir.toml").write_text('base = "../base/parent"\n')
    (tmp_path / "child" / "other.toml").write_text('base = "../base/parent"\n[data]\npath = "own.csv"\n')
    monkeypatch.chdir(tmp_path / "here")
    heir, other = (load_recipe(f"../child/{name}.toml").data for name in ("heir", "other"))
    with pytest.raises(DataError, match=r"no own\.csv in .*base or .*here"):
        sets.load(heir)
    (tmp_path / "here" / "own.csv").touch()
    assert {data.place() for data in (heir, other)} == {Path("own.csv")}
    for name in ("base", "child"):
        (tmp_path / name / "own.csv").touch()
    assert heir.place().samefile(tmp_path / "base" / "own.csv")
    assert other.place().samefile(tmp_path / "child" / "own.csv")
    monkeypatch.chdir(tmp_path / "base")
    assert load_recipe("parent.toml").data.place() == Path("own.csv")


def test_a_moved_recipe_is_the_same_and_keeps_its_folder(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text('[data]\nset = "csv"\npath = "own.csv"\n')
    recipe = load_recipe(str(tmp_path / "own.toml"))
    values = recipe.to_dict()
    assert (values["data"]["path"], values["data"]["folder"]) == ("own.csv", str(tmp_path))
    assert parse_recipe(values, "own").data.folder == str(tmp_path)
    del values["data"]["folder"]  # as earlier versions wrote it
    assert parse_recipe(values, "own") == recipe
    for name in recipe_names():
        shipped = load_recipe(name).to_dict()
        assert "folder" not in shipped["data"] and "folder" not in shipped["distill"], name


def test_a_teacher_is_relative_to_the_file_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "full.toml").write_text('[model]\nprecision = "full"\n')
    recipe = tmp_path / "own" / "taught.toml"
    recipe.write_text('[distill]\nteacher = "full.toml"\n')
    monkeypatch.chdir(tmp_path)
    taught = load_recipe("own/taught.toml")
    assert teacher_recipe(taught).model == {"precision": "full"}
    assert teacher_recipe(parse_recipe(taught.to_dict(), "taught")).name == "full"
    recipe.write_text('[distill]\nteacher = "watch-tiny-full"\n')
    (tmp_path / "own" / "watch-tiny-full").mkdir()
    assert teacher_recipe(load_recipe("own/taught.toml")).name == "watch-tiny-full"
    (tmp_path / "own" / "full.toml").rename(tmp_path / "full.toml")
    recipe.write_text('[distill]\nteacher = "full.toml"\n')
    assert teacher_recipe(load_recipe("own/taught.toml")).name == "full"


@pytest.mark.parametrize(
    "text,message",
    (
        ("epochs = 3", "epochs is not a known key"),
        ("[schedule]\nepoch = 3", "schedule.epoch is not a known key; did you mean epochs"),
        ("[schedule]\nepochs = 1.5", "epochs is 1.5"),
        ("[schedule]\nepochs = 0", "epochs is 0"),
        ('[schedule]\nrate = "high"', "rate is 'high'"),
        ("schedule = 3", "schedule is 3; it must be a table"),
        ("[schedule]\nclip = -1", "clip is -1"),
        ("[schedule]\nclip = nan", "clip is nan"),
        ("[schedule]\naverage = 1", "average is 1"),
        ("[data]\nsize = 0", "size is 0"),
        ('[distill]\nfolder = "a"', "distill.folder is not a known key; distill.teacher is relative to"),
        ('[data]\nfolder = ""', "data.folder is not a known key; data.path is relative to the recipe's file"),
        ("[augment]\ncrop = -2", "augment.crop is -2; it must be between 0 and 64"),
        ("[augment]\nspeed = 2", "augment.speed is 2; it must be"),
        ("[schedule]\nsmoothing = 2", "schedule.smoothing is 2; it must be"),
        ("[schedule]\nrate = inf", "schedule.rate is inf; it must be"),
        ("[data]\ntrain_subjects = []", r"data.train_subjects is \[\]; it must be a list of one or more"),
        ("[data]\ntest_subjects = []", r"data.test_subjects is \[\]; it must be a list of one or more"),
        ("model = 3", "model is 3; it must be a table"),
        ("[data]\ntest_subjects = [1]", r"subjects \[1\] are both"),
        (
            "[data]\ntest_subjects = [1.5]",
            r"data.test_subjects\[0\] is 1.5; it must be a whole number at least 0 or a text",
        ),
        ("[data]\ntest_subjects = 8", "is 8; it must be a list of one or more whole numbers or texts"),
        ('base = "itself"', "its own base"),
        ('base = "missing"', "no training recipe"),
        ("epochs = = 3", r"no valid TOML: .* \(at line 1, column 10\)"),
    ),
)
def test_mistakes_are_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "itself.toml"
    path.write_text(text)
    with pytest.raises(CheckpointError, match=message):
        load_recipe(str(path))


def test_mistakes_in_the_model_are_named() -> None:
    with pytest.raises(CheckpointError, match="depth is not a known key"):
        parse_recipe({"model": {"depth": 3}}, "bad").config((6, 100), ("a",))
    with pytest.raises(CheckpointError, match="no model preset"):
        parse_recipe({"preset": "giant"}, "bad").config((6, 100), ("a",))
    with pytest.raises(CheckpointError, match="no training recipe"):
        load_recipe("nonsense")


def test_own_data_with_keys_of_the_hybrid_family_take_its_preset() -> None:
    own = {"data": {"set": "npz", "path": "x.npz"}}
    for model, preset in (
        ({}, "sensor-small"),
        ({"widths": [32]}, "sensor-small"),
        ({"width": 32}, "sensor-tiny"),
    ):
        assert parse_recipe({**own, "model": model}, "own").preset == preset
