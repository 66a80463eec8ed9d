"""``sensor-bnn train`` and ``evaluate`` of a checkpoint as a user runs them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import accumulate, cycle
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

import sensor_bnn
from sensor_bnn.cli.evaluate import command as evaluate_command
from sensor_bnn.cli.export import command as export_command
from sensor_bnn.cli.train import command as train_command
from sensor_bnn.data.samples import read_samples
from sensor_bnn.errors import CheckpointError, DataError
from sensor_bnn.nn.checkpoint import load_checkpoint
from sensor_bnn.train import smartwatch
from sensor_bnn.train.recipe import Recipe, load_recipe, parse_recipe
from sensor_bnn.train.windows import Recordings

ZOO = Path(sensor_bnn.__file__).parent / "zoo" / "watch-tiny"


@pytest.fixture
def small_set(recordings: Recordings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The synthetic recordings in place of the downloaded ones."""
    monkeypatch.setattr(smartwatch, "load", lambda window, step: recordings)


@pytest.fixture
def recipe_file(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(
        "[model]\nwidth = 32\nheads = 1\nlayers = 1\n"
        "[data]\ntrain_subjects = [1, 2, 3]\ntest_subjects = [4]\n"
        "[schedule]\nepochs = 2\nbatch = 16\nwarmup = 0.5\n"
    )
    return path


@pytest.mark.usefixtures("training")
@pytest.mark.usefixtures("small_set")
def test_train_then_eval_then_samples(
    recipe_file: Path, tmp_path: Path, conforms: Callable[[str, object], None]
) -> None:
    out = tmp_path / "run"
    trained = CliRunner().invoke(
        train_command, [str(recipe_file), "--seed", "3", "--out", str(out), "--json"]
    )
    assert trained.exit_code == 0, trained.output
    result = json.loads(trained.stdout)
    conforms("train", result)
    assert (result["recipe"], result["seed"], result["epochs"]) == ("small", 3, 2)
    ckpt, samples = str(out / "ckpt.pt"), str(tmp_path / "s.npz")
    arguments = [ckpt, "--write-samples", samples, "--samples", "9", "--json"]
    evaluated = CliRunner().invoke(evaluate_command, arguments)
    conforms("evaluate", json.loads(evaluated.stdout))
    assert json.loads(evaluated.stdout)["top1"] == result["test_top1"]
    on_samples = CliRunner().invoke(evaluate_command, [ckpt, "--data", samples, "--json"])
    assert json.loads(on_samples.stdout)["samples"] == 9
    assert json.loads(on_samples.stdout)["top5"] == 1
    readable = CliRunner().invoke(evaluate_command, [ckpt, "--data", samples])
    assert "of 9 samples" in readable.stdout


@pytest.mark.usefixtures("training")
@pytest.mark.usefixtures("small_set")
def test_epochs_and_resume(recipe_file: Path, tmp_path: Path) -> None:
    common = [str(recipe_file), "--out", str(tmp_path / "run"), "--epochs", "1"]
    assert CliRunner().invoke(train_command, common).exit_code == 0
    first = load_checkpoint(tmp_path / "run" / "ckpt.pt")
    assert first.metrics["epochs"] == 1
    assert CliRunner().invoke(train_command, [*common, "--resume"]).exit_code == 0
    longer = CliRunner().invoke(train_command, [*common[:-1], "2", "--resume"])
    assert isinstance(longer.exception, CheckpointError)


@pytest.mark.usefixtures("training")
@pytest.mark.usefixtures("small_set")
def test_dry_run_trains_nothing(
    recipe_file: Path,
    tmp_path: Path,
    conforms: Callable[[str, object], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arguments = [str(recipe_file), "--out", str(tmp_path / "run"), "--dry-run"]
    shown = json.loads(CliRunner().invoke(train_command, [*arguments, "--json"]).stdout)
    conforms("train-dry-run", shown)
    assert (shown["learned_from"], shown["tested_on"], shown["input"]) == (117, 39, [6, 100])
    # Query, key, value and output are 32 x 32 bits, and the MLP's two matrices twice that each.
    assert shown["sizes"]["packed_bytes"] == 8 * 32 * 32 // 8
    assert shown["estimated_seconds"] > 0 and shown["steps"] == 16
    # A machine that pauses in every third step: the pauses count, though most steps have none.
    clock = accumulate(cycle((0.01, 0.01, 0.07)))
    monkeypatch.setattr("sensor_bnn.train.estimate.perf_counter", lambda: next(clock))
    told = CliRunner().invoke(train_command, arguments).stdout
    (estimate,) = re.findall(r"estimated from (\d+) steps of (\S+) seconds on average", told)
    assert int(estimate[0]) >= 5 and 0.02 < float(estimate[1]) < 0.04
    assert "117" in told and "kind of steps" not in told, "plain steps are no news"
    # No key of images, and the seed of a split is a value, also 0.
    assert not re.search(r"\b(size|held_out|flip|cutmix)\b", told) and "split_seed 0" in told
    assert "schedule: epochs 2;" in told and "distill: no teacher" in told
    assert not any(
        sign in told for sign in ("Recipe(", "Schedule(", "Columns(", "None", "True", "0.0,", "='")
    )
    assert not (tmp_path / "run").exists()


@pytest.mark.usefixtures("training")
@pytest.mark.usefixtures("small_set")
def test_dry_run_with_a_teacher(
    recipe_file: Path, tmp_path: Path, conforms: Callable[[str, object], None]
) -> None:
    """A recipe, whose training is counted too, or a checkpoint."""
    full = tmp_path / "full.toml"
    full.write_text(recipe_file.read_text().replace("[model]", '[model]\nprecision = "full"'))
    assert CliRunner().invoke(train_command, [str(full), "--out", str(tmp_path / "full")]).exit_code == 0
    taught = tmp_path / "taught.toml"
    for teacher, told in ((full, ", with its teacher full:"), (tmp_path / "full" / "ckpt.pt", " here:")):
        distill = f'[distill]\nteacher = "{teacher}"\nfeatures = 1.0\n'
        taught.write_text(recipe_file.read_text() + distill)
        done = CliRunner().invoke(train_command, [str(taught), "--dry-run", "--json"])
        conforms("train-dry-run", json.loads(done.stdout))
        assert told in CliRunner().invoke(train_command, [str(taught), "--dry-run"]).stdout
    (tmp_path / "full" / "ckpt.pt").unlink()
    done = CliRunner().invoke(train_command, [str(taught), "--dry-run"])
    assert isinstance(done.exception, CheckpointError)


def test_bad_input_is_refused(tmp_path: Path) -> None:
    cases = (
        (train_command, ["nonsense"], CheckpointError),
        (evaluate_command, [str(tmp_path / "none.pt")], CheckpointError),
        (evaluate_command, [str(ZOO / "samples.npz")], CheckpointError),
        (evaluate_command, [str(ZOO / "ckpt.pt"), "--data", str(tmp_path / "none.npz")], DataError),
        (evaluate_command, [str(ZOO / "ckpt.pt"), "--data", str(ZOO / "ckpt.pt")], DataError),
    )
    for command, arguments, kind in cases:
        assert isinstance(CliRunner().invoke(command, arguments).exception, kind), arguments
    both = [str(ZOO / "ckpt.pt"), "--data", "a.npz", "--write-samples", "b.npz"]
    assert CliRunner().invoke(evaluate_command, both).exit_code == 2


@pytest.mark.parametrize("command", (train_command, evaluate_command))
def test_help_shows_an_example(command: object) -> None:
    shown = CliRunner().invoke(command, ["--help"])  # type: ignore[arg-type]
    assert "Example:" in shown.stdout
    assert "sensor-bnn" in shown.stdout


def shipped_recipe() -> Recipe:
    checkpoint = load_checkpoint(ZOO / "ckpt.pt")
    return parse_recipe(checkpoint.recipe, checkpoint.model.config.name)


def test_shipped_checkpoint_is_of_the_shipped_recipe() -> None:
    checkpoint = load_checkpoint(ZOO / "ckpt.pt")
    assert shipped_recipe() == load_recipe("watch-tiny")
    assert checkpoint.metrics["seed"] == 0
    assert checkpoint.metrics["epochs"] == shipped_recipe().schedule.epochs
    assert (ZOO / "ckpt.pt").stat().st_size < 1_000_000


def test_shipped_checkpoint_is_right_on_the_shipped_samples() -> None:
    samples = read_samples(ZOO / "samples.npz")
    assert samples.x.shape == (256, 6, 100)
    arguments = [str(ZOO / "ckpt.pt"), "--data", str(ZOO / "samples.npz"), "--json"]
    result = json.loads(CliRunner().invoke(evaluate_command, arguments).stdout)
    whole = load_checkpoint(ZOO / "ckpt.pt").metrics["test_top1"]
    assert abs(result["top1"] - whole) < 0.08  # 256 of 1484 windows


def test_a_checkpoint_that_is_not_finite_is_refused(tmp_path: Path) -> None:
    """The case nan-checkpoint: a file of an earlier version, as the shipped one is."""
    content = torch.load(ZOO / "ckpt.pt", weights_only=True)
    content["state"]["embed.weight"].view(-1)[0] = float("nan")
    torch.save(content, tmp_path / "nan.pt")
    arguments = [str(tmp_path / "nan.pt"), "--data", str(ZOO / "samples.npz")]
    out = str(tmp_path / "out")
    for command, line in ((evaluate_command, arguments), (export_command, [arguments[0], "-o", out])):
        done = CliRunner().invoke(command, line)
        assert isinstance(done.exception, CheckpointError), done.output
        assert "embed.weight is not finite" in str(done.exception)
        assert done.stdout == ""
    assert [path.name for path in tmp_path.iterdir()] == ["nan.pt"]
