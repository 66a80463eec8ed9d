"""Tables fill run by run, survive a kill, and share the work."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from click.testing import CliRunner

from sensor_bnn.cli.ablate import command
from sensor_bnn.cli.train import command as train_command
from sensor_bnn.errors import CheckpointError
from sensor_bnn.nn.checkpoint import load_checkpoint
from sensor_bnn.train import smartwatch
from sensor_bnn.train.ablation import Ablation, fill, load_ablation, markdown, plan_runs, tabulate
from sensor_bnn.train.loop import EpochDone
from sensor_bnn.train.recipe import Recipe
from sensor_bnn.train.survey import load_survey
from sensor_bnn.train.windows import Recordings

SMALL = (
    "[model]\nwidth = 32\nheads = 1\nlayers = 1\n{model}"
    "[data]\ntrain_subjects = [1, 2, 3]\ntest_subjects = [4]\n"
    "[schedule]\nepochs = 2\nbatch = 16\nwarmup = 0.5\n"
)


def quiet(recipe: Recipe, folder: Path) -> EpochDone:
    return lambda epoch, entry: None


@pytest.fixture
def table(tmp_path: Path) -> Path:
    full = tmp_path / "full.toml"
    full.write_text(SMALL.format(model='precision = "full"\n'))
    (tmp_path / "plain.toml").write_text(SMALL.format(model='binarizer = "sign"\n'))
    (tmp_path / "taught.toml").write_text(SMALL.format(model="") + f'[distill]\nteacher = "{full}"\n')
    path = tmp_path / "table.toml"
    path.write_text(
        "folds = [[1], [2, 3]]\n[rows]\n"
        f'"signs" = "{tmp_path}/plain.toml"\n"taught" = "{tmp_path}/taught.toml"\n"full" = "{full}"\n'
    )
    return path


@pytest.fixture
def ablation(table: Path) -> Ablation:
    return load_ablation(str(table))


@pytest.mark.usefixtures("training")
def test_fills_and_trains_nothing_twice(tmp_path: Path, ablation: Ablation, recordings: Recordings) -> None:
    out, trained = tmp_path / "runs", []

    def started(recipe: Recipe, folder: Path) -> EpochDone:
        trained.append(folder.name)
        return quiet(recipe, folder)

    runs = plan_runs(ablation, 1, False, out)
    assert fill(ablation, runs, recordings, out, started) == []
    assert trained == ["plain-seed0", "full-seed0", "taught-seed0"]  # the teacher is a row's run
    content = json.loads((out / "table.json").read_text())
    assert [(row["recipe"], row["missing"]) for row in content["rows"]] == [
        ("plain", 0),
        ("taught", 0),
        ("full", 0),
    ]
    found = load_checkpoint(out / "taught-seed0" / "ckpt.pt")
    assert content["rows"][1]["runs"][0]["top1"] == found.metrics["test_top1"]
    assert (out / "table.md").read_text().count("\n") == 5
    assert fill(ablation, plan_runs(ablation, 2, False, out), recordings, out, started) == []
    assert trained[3:] == ["plain-seed1", "full-seed1", "taught-seed1"]


@pytest.mark.usefixtures("training")
def test_goes_on_after_a_kill(tmp_path: Path, ablation: Ablation, recordings: Recordings) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    fill(ablation, plan_runs(ablation, 1, False, whole), recordings, whole, quiet)

    def killed(recipe: Recipe, folder: Path) -> EpochDone:
        def epoch_done(epoch: int, entry: dict[str, float]) -> None:
            if recipe.name == "taught":
                raise KeyboardInterrupt

        return epoch_done

    runs = plan_runs(ablation, 1, False, cut)
    with pytest.raises(KeyboardInterrupt):
        fill(ablation, runs, recordings, cut, killed)
    assert [row["missing"] for row in tabulate(ablation, runs)["rows"]] == [0, 1, 0]
    epochs = []

    def started(recipe: Recipe, folder: Path) -> EpochDone:
        return lambda epoch, entry: epochs.append((recipe.name, epoch))

    fill(ablation, runs, recordings, cut, started)
    assert epochs == [("taught", 2)]
    assert (cut / "table.json").read_text() == (whole / "table.json").read_text()


@pytest.mark.usefixtures("training")
def test_leaves_alone_what_another_process_is_at(
    tmp_path: Path,
    ablation: Ablation,
    recordings: Recordings,
    claimed_elsewhere: Callable[[Path], AbstractContextManager[None]],
) -> None:
    runs = plan_runs(ablation, 1, False, tmp_path / "runs")
    with claimed_elsewhere(tmp_path / "runs" / "full-seed0"):  # the teacher of another row, too
        busy = fill(ablation, runs, recordings, tmp_path / "runs", quiet)
    assert [run.recipe.name for run in busy] == ["taught", "full"]
    assert "| taught | `taught` | - | 0 of 1 |  |" in markdown(tabulate(ablation, runs))


def test_folds_hold_out_training_subjects(tmp_path: Path, ablation: Ablation) -> None:
    runs = plan_runs(ablation, 2, True, tmp_path)
    assert len(runs) == 2 * 2 * 3
    assert len({run.folder for run in runs}) == len(runs)
    for run in runs:
        assert run.held_out == run.recipe.data.test_subjects
        assert set(run.recipe.data.train_subjects) | set(run.held_out) == {1, 2, 3}
        assert not set(run.recipe.data.train_subjects) & set(run.held_out)


def test_shipped_table_differs_in_the_named_step_alone() -> None:
    shipped = load_ablation("watch-tiny")
    base = {row.recipe.name: row.recipe.to_dict() for row in shipped.rows}["watch-tiny"]
    for row in shipped.rows:
        own = row.recipe.to_dict()
        changed = {key for key in own if own[key] != base[key]} - {"name"}
        assert changed <= ({"distill"} if row.label == "+ distillation" else {"model"}), row.label
    assert len(plan_runs(shipped, 2, True, Path("x"))) == 2 * 3 * 5


def test_every_row_is_tried_at_every_rate(table: Path) -> None:
    table.write_text("rates = [0.25, 0.5]\n" + table.read_text())
    rows = load_ablation(str(table)).rows
    assert [row.label for row in rows[:2]] == ["signs, rate 0.25", "signs, rate 0.5"]
    assert [row.recipe.schedule.rate for row in rows] == 3 * [0.25, 0.5]
    assert len({row.recipe.name for row in rows}) == 6
    assert rows[2].recipe.distill.teacher == str(table.parent / "full.toml")


@pytest.mark.parametrize("name", ("cifar-micro", "cifar-coarse", "fashion-micro"))
def test_shipped_tables_of_images_learn_from_one_split(name: str) -> None:
    rows = load_ablation(name).rows
    assert len({(row.recipe.data, row.recipe.augment, row.recipe.schedule.epochs) for row in rows}) == 1


@pytest.mark.parametrize(
    "text,message",
    (
        ("", "rows is missing"),
        ('rates = [0]\n[rows]\na = "watch-tiny"', r"rates\[0\] is 0; it must be more than 0"),
        ('rates = 0.1\n[rows]\na = "watch-tiny"', "rates is 0.1; it must be a list of numbers"),
        ("rows = 3", "rows is 3; it must be a table with at least one key"),
        ("[rows]\na = 3", "rows.a is 3; it must be a text"),
        ('[rows]\na = "nonsense"', "no training recipe"),
        ('[rows]\na = "watch-tiny"\nb = "watch-tiny"', "names a recipe twice"),
        ('seeds = 3\n[rows]\na = "watch-tiny"', "seeds is not a known key"),
        (
            'folds = [1]\n[rows]\na = "watch-tiny"',
            r"folds\[0\] is 1; it must be a list of one or more",
        ),
        ("rows = = 3", "no valid TOML"),
    ),
)
def test_mistakes_are_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "bad.toml").write_text(text)
    with pytest.raises(CheckpointError, match=message):
        load_ablation(str(tmp_path / "bad.toml"))


def test_recipes_are_relative_to_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And else to the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "near.toml").write_text("[schedule]\nepochs = 3\n")
    for name, epochs in (("near", 4), ("here", 5)):
        (tmp_path / f"{name}.toml").write_text(f"[schedule]\nepochs = {epochs}\n")
    table = tmp_path / "own" / "table.toml"
    table.write_text('[rows]\na = "near.toml"\nb = "here.toml"\n')
    found = load_ablation("own/table.toml").rows
    assert [row.recipe.schedule.epochs for row in found] == [3, 5]
    table.write_text('sets = ["near.toml"]\n[forms.a]\npreset = "sensor-tiny"\n[choices.c]\n')
    (cell,) = load_survey("own/table.toml").cells
    assert next(iter(cell.choices.values())).schedule.epochs == 3


def test_folds_must_be_of_the_subjects(tmp_path: Path) -> None:
    for folds, message in (
        ("[[8]]", "not a part of the training subjects"),
        ("[[1, 2, 3, 4, 5, 6, 7]]", "or leaves none of them"),
        ("[]", "has no folds"),
    ):
        (tmp_path / "bad.toml").write_text(f'folds = {folds}\n[rows]\na = "watch-tiny"')
        with pytest.raises(CheckpointError, match=message):
            plan_runs(load_ablation(str(tmp_path / "bad.toml")), 1, True, tmp_path)


@pytest.mark.usefixtures("training")
def test_command(
    table: Path,
    tmp_path: Path,
    recordings: Recordings,
    monkeypatch: pytest.MonkeyPatch,
    conforms: Callable[[str, object], None],
) -> None:
    monkeypatch.setattr(smartwatch, "load", lambda window, step: recordings)
    common = [str(table), "--out", str(tmp_path / "runs"), "--seeds", "1"]
    empty = CliRunner().invoke(command, [*common, "--dry-run"])
    assert "| signs | `plain` | - | 0 of 1 |" in empty.stdout
    ran = CliRunner().invoke(command, [*common, "--row", "taught", "--row", "full", "--json"])
    result = json.loads(ran.stdout)
    conforms("ablate", result)
    assert [row["missing"] for row in result["rows"]] == [1, 0, 0], ran.output
    assert isinstance(CliRunner().invoke(command, [*common, "--row", "other"]).exception, CheckpointError)
    assert isinstance(CliRunner().invoke(command, ["nonsense"]).exception, CheckpointError)
    assert "Example:" in CliRunner().invoke(command, ["--help"]).stdout


@pytest.mark.usefixtures("training")
def test_train_makes_its_teacher_first(
    table: Path, tmp_path: Path, recordings: Recordings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smartwatch, "load", lambda window, step: recordings)
    out = tmp_path / "run"
    arguments = [str(tmp_path / "taught.toml"), "--out", str(out), "--json"]
    first = CliRunner().invoke(train_command, arguments)
    assert first.exit_code == 0, first.output
    assert load_checkpoint(out / "teacher" / "ckpt.pt").model.config.precision == "full"
    made = (out / "teacher" / "ckpt.pt").stat().st_mtime_ns
    assert CliRunner().invoke(train_command, [*arguments, "--resume"]).exit_code == 0
    assert (out / "teacher" / "ckpt.pt").stat().st_mtime_ns == made
