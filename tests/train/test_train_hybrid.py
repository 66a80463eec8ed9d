"""The hybrid family in training: its recipes, its statistics, real weights first, and twins as teachers."""

from __future__ import annotations

import itertools
import json
import logging
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from sensor_bnn.cli.train import command as train_command
from sensor_bnn.errors import CheckpointError, InterruptionError
from sensor_bnn.nn.checkpoint import FORMAT, load_checkpoint, read_tensors, write_tensors
from sensor_bnn.nn.families import build, preset
from sensor_bnn.nn.folded_hybrid import FoldedHybrid
from sensor_bnn.nn.folded_hybrid_forward import forward
from sensor_bnn.nn.fused import fast_steps
from sensor_bnn.nn.hybrid_model import HybridModel
from sensor_bnn.nn.hybrid_parts import each_product
from sensor_bnn.nn.model import Model
from sensor_bnn.onnx.quantities import to_logits, to_model_input
from sensor_bnn.train import smartwatch
from sensor_bnn.train.distill import Distiller, Teacher, load_teacher
from sensor_bnn.train.evaluate import logits
from sensor_bnn.train.loop import first_rounded, steps_at, train
from sensor_bnn.train.processes import Processes
from sensor_bnn.train.recipe import Distillation, Recipe, load_recipe
from sensor_bnn.train.runs import complete, ready_teacher
from sensor_bnn.train.sets import split
from sensor_bnn.train.state import STATE_FORMAT
from sensor_bnn.train.statistics import BATCHES
from sensor_bnn.train.windows import Recordings

MakeRecipe = Callable[..., Recipe]
SMALL = {"widths": [32], "stages": ["conv pool attn"], "thresholds": 2}
EVERYTHING = {"teacher": "teacher.pt", "features": 1.0, "attention": 0.1}


@pytest.fixture
def hybrid(recipe: MakeRecipe) -> MakeRecipe:
    def make(**changes: Any) -> Recipe:
        return recipe(**{"preset": "sensor-nano", "model": SMALL, **changes})

    return make


@pytest.mark.parametrize(
    ("name", "bits", "attention"),
    (
        ("watch-small", {"1"}, True),
        ("watch-small-full", {"float"}, True),
        ("watch-small-int8", {"8"}, True),
        ("watch-small-conv", {"1"}, False),
    ),
)
def test_each_recipe_learns(
    name: str, bits: set[str], attention: bool, tmp_path: Path, recordings: Recordings, recipe: MakeRecipe
) -> None:
    shipped = load_recipe(name)
    plan = replace(
        shipped, data=recipe().data, schedule=replace(shipped.schedule, epochs=3, batch=16, warmup=1)
    )
    run = train(plan, recordings, 0, tmp_path)
    assert run.history[-1]["loss"] < run.history[0]["loss"]
    model = load_checkpoint(run.checkpoint).model
    found = {product.bits for name, product in each_product(model) if not name.startswith("stem")}
    assert found == bits
    assert bool(model.config.map_shapes) == attention


def test_learns_the_toy_set_and_resumes_to_the_same_file(
    tmp_path: Path, recordings: Recordings, hybrid: MakeRecipe
) -> None:
    plan = hybrid(schedule={"epochs": 8, "batch": 16, "warmup": 1})
    whole = train(plan, recordings, 0, tmp_path / "whole")
    assert whole.test.top1 > 0.9

    def kill(epoch: int, entry: dict[str, float]) -> None:
        if epoch == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(plan, recordings, 0, tmp_path / "cut", epoch_done=kill)
    resumed = train(plan, recordings, 0, tmp_path / "cut", resume=True)
    assert resumed.checkpoint.read_bytes() == whole.checkpoint.read_bytes()


def test_the_last_epochs_train_with_the_rounding_of_the_integers(
    tmp_path: Path,
    recordings: Recordings,
    hybrid: MakeRecipe,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Also a run that is stopped in one of them: it goes on in the same unit, to the same file."""
    rounds: list[bool] = []
    plain = HybridModel.forward

    def noted(self: HybridModel, *arguments: Any) -> Any:
        rounds.append(self.unit is not None)
        return plain(self, *arguments)

    monkeypatch.setattr(HybridModel, "forward", noted)
    schedule = {"epochs": 4, "batch": 16, "warmup": 1, "rounding": 0.5}
    plan = hybrid(schedule=schedule)
    steps: list[float] = []
    with caplog.at_level(logging.INFO, logger="sensor_bnn.train"):
        whole = train(plan, recordings, 0, tmp_path / "whole", stepped=lambda at, speed: steps.append(at))
    assert "from epoch 3 with the integers' rounding" in caplog.text
    count = len(steps) // 4
    # The last statistics and the test are those of the rounded model; the ranges are the float form's.
    runs = [(rounded, len(list(group))) for rounded, group in itertools.groupby(rounds)]
    assert [rounded for rounded, _ in runs] == [False, True, False, True]
    assert [length for _, length in runs[1:3]] == [2 * count + BATCHES, BATCHES]

    def stop(at: float, speed: float) -> None:
        if at == steps[2 * count + 2]:
            signal.raise_signal(signal.SIGTERM)

    with pytest.raises(InterruptionError):
        train(plan, recordings, 0, tmp_path / "cut", stepped=stop)
    resumed = train(plan, recordings, 0, tmp_path / "cut", resume=True)
    assert resumed.checkpoint.read_bytes() == whole.checkpoint.read_bytes()
    model = load_checkpoint(whole.checkpoint).model
    folded = model.fold()
    assert isinstance(folded, FoldedHybrid) and folded.input_step is not None
    x = recordings.windows().x
    inputs = to_model_input(x[:], np.dtype(np.int16), folded.input_step)
    assert np.array_equal(to_logits(forward(folded, inputs), folded.output_step), logits(model, x))
    without = train(hybrid(schedule={**schedule, "rounding": 0.0}), recordings, 0, tmp_path / "without")
    floats = load_checkpoint(without.checkpoint).model
    assert isinstance(floats, HybridModel) and floats.unit is None


@pytest.mark.parametrize(
    ("schedule", "first"),
    (
        ({"epochs": 60}, 54),
        ({"epochs": 10}, 9),
        ({"epochs": 9}, 9),
        ({"epochs": 10, "rounding": 0.7}, 3),
        ({"epochs": 10, "rounding": 0.3, "real_weights": 0.85}, 9),
    ),
)
def test_rounding_begins_after_real_weights(recipe: MakeRecipe, schedule: dict[str, Any], first: int) -> None:
    assert first_rounded(recipe(schedule=schedule)) == first


def test_a_model_without_integers_trains_without_their_rounding(
    tmp_path: Path, recordings: Recordings, hybrid: MakeRecipe, caplog: pytest.LogCaptureFixture
) -> None:
    schedule = {"epochs": 2, "batch": 16, "warmup": 1, "rounding": 0.5}
    plan = hybrid(schedule=schedule, model={**SMALL, "precision": "full"})
    with caplog.at_level(logging.INFO, logger="sensor_bnn.train"):
        train(plan, recordings, 0, tmp_path)
    assert 'no epoch rounds, since there are no integers for precision = "full"' in caplog.text


def test_statistics_are_those_of_the_last_weights(
    tmp_path: Path, recordings: Recordings, hybrid: MakeRecipe
) -> None:
    """At a high rate the running mean of training lags behind; the kept one is that of the training part."""
    plan = hybrid(augment={}, schedule={"epochs": 1, "batch": 16, "warmup": 0, "rate": 0.05})
    model = load_checkpoint(train(plan, recordings, 0, tmp_path).checkpoint).model
    x, _ = split(recordings, plan).train.cut(torch.arange(117), torch.Generator())
    norm = model.get_submodule("layers.0.epilogue.norm")
    seen: list[torch.Tensor] = []
    norm.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    with torch.no_grad():
        model(x)
    off = (norm.running_mean - seen[0].mean(dim=0)).abs() / seen[0].std(dim=0)
    assert off.max() < 0.1


def test_the_integers_answer_as_the_floats(
    tmp_path: Path, recordings: Recordings, hybrid: MakeRecipe
) -> None:
    plan = hybrid(schedule={"epochs": 8, "batch": 16, "warmup": 1})
    model = load_checkpoint(train(plan, recordings, 0, tmp_path).checkpoint).model
    folded = model.fold()
    assert isinstance(folded, FoldedHybrid) and folded.input_step is not None
    windows = recordings.windows()
    largest = np.abs(recordings.of_groups((1, 2, 3)).windows().x[:]).max(axis=(0, 2))
    assert isinstance(model, HybridModel)
    np.testing.assert_array_equal(model.ranges.input.numpy(), largest)
    inputs = to_model_input(windows.x[:], np.dtype(np.int16), folded.input_step)
    found = to_logits(forward(folded, inputs), folded.output_step)
    expected = logits(model, windows.x)
    assert (found.argmax(axis=1) == expected.argmax(axis=1)).mean() >= 0.99
    assert np.median(np.abs(found - expected)) < 0.02 * np.std(expected)


def test_whole_numbers_are_the_integers(tmp_path: Path, recordings: Recordings, hybrid: MakeRecipe) -> None:
    """Augmentation makes fractions of them, but a sensor gives none; another channel has its own step."""
    counts = np.rint(recordings.signal * 100)
    counts[2] /= 7
    plan = hybrid(schedule={"epochs": 1, "batch": 16, "warmup": 0})
    run = train(plan, replace(recordings, signal=counts), 0, tmp_path)
    folded = load_checkpoint(run.checkpoint).model.fold()
    assert isinstance(folded, FoldedHybrid) and folded.input_step is not None
    assert [step for channel, step in enumerate(folded.input_step) if channel != 2] == [1.0] * 5
    assert folded.input_step[2] < 0.01


def test_mixed_windows_do_not_widen_the_input(
    tmp_path: Path, recordings: Recordings, hybrid: MakeRecipe
) -> None:
    """Nor are they taken for what the sensor gives: it gives whole numbers here."""
    counts = replace(recordings, signal=np.rint(recordings.signal * 100))
    plan = hybrid(schedule={"epochs": 1, "batch": 16, "warmup": 0}, augment={"mixup": 0.4})
    folded = load_checkpoint(train(plan, counts, 0, tmp_path).checkpoint).model.fold()
    assert isinstance(folded, FoldedHybrid) and folded.input_step is not None
    assert list(folded.input_step) == [1.0] * 6


def test_a_run_of_an_earlier_version_is_measured_by_resuming_it(
    tmp_path: Path, recordings: Recordings, hybrid: MakeRecipe
) -> None:
    plan = hybrid(schedule={"epochs": 1, "batch": 16, "warmup": 0})
    run = train(plan, recordings, 0, tmp_path)
    measured = run.checkpoint.read_bytes()
    for name, kind in (("ckpt.pt", FORMAT), ("last.pt", STATE_FORMAT)):
        content = read_tensors(tmp_path / name, kind)
        kept = {key: value for key, value in content["state"].items() if not key.startswith("ranges.")}
        assert len(kept) < len(content["state"])
        content = {key: value for key, value in content.items() if key not in {"format", "version"}}
        write_tensors(tmp_path / name, kind, {**content, "state": kept})
    with pytest.raises(CheckpointError, match="does not hold the ranges of its values") as refused:
        load_checkpoint(run.checkpoint).model.fold()
    assert "again with --resume" in refused.value.remedy
    train(plan, recordings, 0, tmp_path, resume=True)
    assert run.checkpoint.read_bytes() == measured


def test_real_weights_first_and_signs_at_the_end(
    tmp_path: Path, recordings: Recordings, hybrid: MakeRecipe
) -> None:
    schedule = {"epochs": 2, "batch": 16, "warmup": 1}
    plain = train(hybrid(schedule=schedule), recordings, 0, tmp_path / "plain")
    both = train(hybrid(schedule={**schedule, "real_weights": 0.5}), recordings, 0, tmp_path / "both")
    assert both.history[0]["loss"] != plain.history[0]["loss"]
    model = load_checkpoint(both.checkpoint).model
    signs = [product.product_weight() for _, product in each_product(model) if product.bits == "1"]
    assert len(signs) == 5  # a convolution, query, key, value, output
    assert all(set(weight.unique().tolist()) == {-1.0, 1.0} for weight in signs)


def test_dry_run(
    tmp_path: Path, recordings: Recordings, training: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smartwatch, "load", lambda window, step: recordings)
    path = tmp_path / "taught.toml"
    path.write_text(
        'base = "watch-small"\n[data]\ntrain_subjects = [1, 2, 3]\ntest_subjects = [4]\n'
        '[distill]\nteacher = "watch-small-full"\nfeatures = 1.0\nattention = 0.1\n'
    )
    done = CliRunner().invoke(train_command, [str(path), "--dry-run", "--json"], catch_exceptions=False)
    shown = json.loads(done.stdout)
    assert shown["sizes"]["binary_macs"] > 500_000
    # 60 epochs of the student, and as many of the teacher that is trained first.
    assert shown["estimated_seconds"] > shown["steps"] * shown["seconds_per_step"] > 0
    assert list(tmp_path.iterdir()) == [path]


def model(name: str = "sensor-small", **changes: Any) -> Model:
    torch.manual_seed(0)
    return build(preset(name, **{"classes": ["a", "b"], **changes}))


@pytest.mark.parametrize("cache", (False, True))
def test_a_twin_teaches_layers_of_different_shapes(
    cache: bool, tmp_path: Path, recordings: Recordings, hybrid: MakeRecipe
) -> None:
    shape = {"widths": [32, 64], "stages": ["conv pool attn", "attn mlp"]}
    full = hybrid(model={**shape, "precision": "full"}, augment={})
    teacher = load_teacher(train(full, recordings, 0, tmp_path / "full").checkpoint, full)
    plan = hybrid(model=shape, augment={}, distill={**EVERYTHING, "cache": cache})
    run = train(plan, recordings, 0, tmp_path / "run", teacher=teacher)
    assert run.history[-1]["loss"] < run.history[0]["loss"]
    if cache:
        features = np.load(tmp_path / "run" / "teacher-outputs" / "features.npy")
        # 25 tokens, 13 after the pool, 7 in the second stage: its first layer is the step to it.
        assert features.shape == (117, (25 + 13) * 32 + 3 * 7 * 64)


def test_stored_outputs_give_the_loss_of_live_ones() -> None:
    shape = {"widths": [32, 64], "stages": ["conv pool attn", "attn mlp"]}
    student, teacher = model(**shape).train(), model(**shape, precision="full").eval()
    plan = Distillation(teacher="x", features=1.0, attention=1.0)
    distiller = Distiller(plan, 0.1, student, teacher)
    x, y = torch.randn(8, 6, 100), torch.arange(8) % 2
    teacher(x)
    live, stored = distiller(x, y)[1], distiller(x, y, *distiller.look(x))[1]
    torch.testing.assert_close(live, stored)
    without = Distiller(replace(plan, features=0.0, attention=0.0), 0.1, student, teacher)(x, y)[1]
    assert live > without


def test_a_wider_and_deeper_teacher_teaches_every_part() -> None:
    student = model(stages=["conv attn"], widths=[32]).train()
    teacher = model(stages=["conv attn conv attn"], widths=[64], precision="full").eval()
    plan = Distillation(teacher="x", features=1.0, attention=1.0)
    _, loss = Distiller(plan, 0.1, student, teacher)(torch.randn(8, 6, 100), torch.arange(8) % 2)
    loss.backward()
    dead = [name for name, p in student.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert dead == []


@pytest.mark.parametrize(
    ("student", "teacher", "plan", "said"),
    (
        (
            {},
            {"name": "sensor-tiny"},
            {},
            "is of the family vit, the student sensor-small of the family hybrid",
        ),
        ({}, {"stages": ["conv conv"]}, {}, "The teacher sensor-small has tokens 25"),
        (
            {"stages": ["conv conv pool attn"]},
            {"stages": ["conv pool attn"]},
            {},
            "has 2 layers, the student sensor-small has 3",
        ),
        (
            {"stages": ["conv conv pool"]},
            {"stages": ["conv conv pool"]},
            {"attention": 0.5},
            "distill.attention is 0.5, but the student sensor-small has 0 attention layers",
        ),
        (
            {"stages": ["conv conv pool attn"]},
            {"stages": ["conv conv pool conv"]},
            {"attention": 0.5},
            "the teacher sensor-small has 0",
        ),
        (
            {"stages": ["conv conv pool"]},
            {"stages": ["conv pool conv"]},
            {"features": 1.0},
            "distill.features compares layer 2 of the student, which has 25 tokens, with one of the teacher"
            " that has 13",
        ),
        (
            {"stages": ["attn pool conv"]},
            {"stages": ["conv pool attn"]},
            {"attention": 1.0},
            "distill.attention compares attention layer 1 of the student, which has 25 tokens",
        ),
    ),
)
def test_a_pair_that_does_not_fit_is_refused(
    student: dict[str, Any], teacher: dict[str, Any], plan: dict[str, Any], said: str
) -> None:
    other = model(**{"precision": "full", **teacher})
    with pytest.raises(CheckpointError) as refused:
        Distiller(Distillation(teacher="x", **plan), 0.1, model(**student), other)
    assert said in str(refused.value)
    assert refused.value.remedy


def test_a_teacher_of_the_other_family_is_refused_before_it_is_trained(
    tmp_path: Path, recordings: Recordings, hybrid: MakeRecipe
) -> None:
    plan = hybrid(distill={"teacher": "watch-tiny-full"})

    def started(plan: Recipe, folder: Path) -> Any:
        pytest.fail("the teacher is trained")

    with pytest.raises(CheckpointError, match="The teacher watch-tiny-full is of the family vit"):
        ready_teacher(plan, recordings, 0, tmp_path / "teacher", started)
    assert list(tmp_path.iterdir()) == []
    # A recipe that names a checkpoint meets the same rule.
    other = Teacher(model("sensor-tiny", classes=["slow", "middle", "fast"], precision="full"), "0" * 64)
    with pytest.raises(CheckpointError, match="of the family vit"):
        train(hybrid(distill={"teacher": "x.pt"}), recordings, 0, tmp_path / "run", teacher=other)
    assert list(tmp_path.iterdir()) == []


def test_start_takes_the_twins_weights() -> None:
    student, teacher = model(), model(precision="full")
    assert isinstance(teacher, HybridModel)
    torch.nn.init.ones_(dict(each_product(teacher))["layers.0.product"].weight)
    Distiller(Distillation(start=True), 0.1, student, teacher).start()
    weight = dict(each_product(student))["layers.0.product"].weight
    assert torch.equal(weight, torch.ones_like(weight))


def test_a_fast_run_learns_and_resumes_to_the_same_file(
    tmp_path: Path, recordings: Recordings, hybrid: MakeRecipe, long_run: None
) -> None:
    plan = hybrid(schedule={"epochs": 4, "batch": 16, "warmup": 1})
    whole = train(plan, recordings, 0, tmp_path / "whole", pace="fast")
    plain = train(plan, recordings, 0, tmp_path / "plain", pace="plain")
    assert whole.history[-1]["loss"] == pytest.approx(plain.history[-1]["loss"], abs=0.1)

    def kill(epoch: int, entry: dict[str, float]) -> None:
        if epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(plan, recordings, 0, tmp_path / "cut", pace="fast", epoch_done=kill)
    resumed = train(plan, recordings, 0, tmp_path / "cut", pace="fast", resume=True)
    assert resumed.checkpoint.read_bytes() == whole.checkpoint.read_bytes()


def test_a_run_that_goes_on_with_other_steps_says_so(
    tmp_path: Path,
    recordings: Recordings,
    hybrid: MakeRecipe,
    caplog: pytest.LogCaptureFixture,
    long_run: None,
) -> None:
    plan = hybrid(schedule={"epochs": 2, "batch": 16, "warmup": 1})

    def kill(epoch: int, entry: dict[str, float]) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(plan, recordings, 0, tmp_path, pace="plain", epoch_done=kill)
    run = train(plan, recordings, 0, tmp_path, pace="fast", resume=True)
    assert len(run.history) == 2
    # torch.compile logs too, when it compiles for the first time on a machine.
    (said,) = (record.getMessage() for record in caplog.records if not record.name.startswith("torch"))
    assert "begun with another kind of steps (plain, now " in said and "not to the same last bit" in said


def test_a_short_run_takes_plain_steps_and_a_long_one_fast_steps(hybrid: MakeRecipe) -> None:
    plan = hybrid()
    student = model()
    assert steps_at("auto", student, plan, 100, Processes()) is None
    assert steps_at("auto", student, plan, 10**9, Processes()) == fast_steps()
    assert steps_at("plain", student, plan, 10**9, Processes()) is None
    assert steps_at("fast", model("sensor-tiny"), plan, 10**9, Processes()) is None


def test_every_step_is_told(tmp_path: Path, recordings: Recordings, hybrid: MakeRecipe) -> None:
    told: list[tuple[float, float]] = []
    plan = hybrid(schedule={"epochs": 2, "batch": 40, "warmup": 1})
    train(plan, recordings, 0, tmp_path, stepped=lambda epochs, speed: told.append((epochs, speed)))
    assert [epochs for epochs, _ in told] == pytest.approx([1 / 3, 2 / 3, 1, 4 / 3, 5 / 3, 2])
    assert all(speed > 0 for _, speed in told)


def test_the_teacher_auto_is_the_twin_and_is_trained_first(
    tmp_path: Path, recordings: Recordings, hybrid: MakeRecipe
) -> None:
    plan = hybrid(
        augment={}, schedule={"epochs": 2, "batch": 40, "real_weights": 0.5}, distill={"teacher": "auto"}
    )
    begun: list[Recipe] = []

    def started(recipe: Recipe, folder: Path) -> Callable[[int, dict[str, float]], None]:
        begun.append(recipe)
        return lambda epoch, entry: None

    complete(plan, recordings, 0, tmp_path / "run", tmp_path / "twin", started)
    twin, student = begun
    assert student == plan
    assert (twin.name, twin.model) == (f"{plan.name}-full", {**plan.model, "precision": "full"})
    assert (twin.schedule.epochs, twin.schedule.real_weights, twin.data) == (2, 0.0, plan.data)
    assert load_checkpoint(tmp_path / "twin" / "ckpt.pt").model.config.precision == "full"
    complete(plan, recordings, 0, tmp_path / "other", tmp_path / "twin", started)
    assert [recipe.name for recipe in begun[2:]] == [plan.name]
