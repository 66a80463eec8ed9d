"""A student learns from a teacher that fits it, and from no other."""

from __future__ import annotations

import dataclasses
import errno
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from flips import PLACES, flip_in

from sensor_bnn.errors import CheckpointError, FileError
from sensor_bnn.files import MANIFEST
from sensor_bnn.nn.attention import Observed
from sensor_bnn.nn.checkpoint import FORMAT, load_checkpoint, write_tensors
from sensor_bnn.nn.config import preset
from sensor_bnn.nn.transformer import BinaryTransformer
from sensor_bnn.train.distill import (
    Distiller,
    Teacher,
    attention_divergence,
    feature_distance,
    load_teacher,
    softened_divergence,
)
from sensor_bnn.train.loop import train
from sensor_bnn.train.processes import Processes
from sensor_bnn.train.recipe import Distillation, Recipe, parse_recipe
from sensor_bnn.train.sets import split
from sensor_bnn.train.teacher_outputs import keep_outputs
from sensor_bnn.train.windows import Recordings

MakeRecipe = Callable[..., Recipe]
SMALL = {"width": 32, "heads": 1, "layers": 1}
EVERYTHING = {"teacher": "teacher.pt", "features": 1.0, "attention": 0.1}


def model(**changes: object) -> BinaryTransformer:
    torch.manual_seed(0)
    return BinaryTransformer(preset("sensor-tiny", classes=["a", "b"], **changes))


@pytest.fixture
def teacher(tmp_path: Path, recordings: Recordings, recipe: MakeRecipe) -> Path:
    plan = recipe(model={**SMALL, "precision": "full"})
    return train(plan, recordings, 0, tmp_path / "teacher").checkpoint


def test_student_learns_and_names_its_teacher(
    tmp_path: Path, teacher: Path, recordings: Recordings, recipe: MakeRecipe
) -> None:
    plan = recipe(distill=EVERYTHING, schedule={"epochs": 12, "batch": 16, "warmup": 1})
    whose = load_teacher(teacher, plan)
    before = {name: tensor.clone() for name, tensor in whose.model.state_dict().items()}
    run = train(plan, recordings, 0, tmp_path / "student", teacher=whose)
    assert run.test.top1 > 0.9
    found = load_checkpoint(run.checkpoint)
    assert found.metrics["teacher_sha256"] == whose.sha256
    assert found.model.config.precision == "binary"
    assert all(torch.equal(before[name], tensor) for name, tensor in whose.model.state_dict().items())
    assert not whose.model.training


def test_resumes_beside_the_same_teacher_alone(
    tmp_path: Path, teacher: Path, recordings: Recordings, recipe: MakeRecipe
) -> None:
    plan = recipe(distill=EVERYTHING)
    whose = load_teacher(teacher, plan)
    whole = train(plan, recordings, 0, tmp_path / "whole", teacher=whose)

    def kill(epoch: int, entry: dict[str, float]) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(plan, recordings, 0, tmp_path / "cut", teacher=whose, epoch_done=kill)
    other = Teacher(whose.model, "0" * 64)
    with pytest.raises(CheckpointError, match="begun with another teacher"):
        train(plan, recordings, 0, tmp_path / "cut", teacher=other, resume=True)
    assert train(plan, recordings, 0, tmp_path / "cut", teacher=whose, resume=True).history == whole.history


STILL = {"augment": {}}
CACHED = {**EVERYTHING, "cache": True}


def test_kept_outputs_teach_the_same(
    tmp_path: Path, teacher: Path, recordings: Recordings, recipe: MakeRecipe
) -> None:
    """Batches of another size round differently; the student has no signs that could flip because of it."""
    whose = load_teacher(teacher, recipe())
    still = {**STILL, "model": {**SMALL, "precision": "full"}}
    live = train(recipe(distill=EVERYTHING, **still), recordings, 0, tmp_path / "live", teacher=whose)
    kept = train(recipe(distill=CACHED, **still), recordings, 0, tmp_path / "kept", teacher=whose)
    assert [entry["loss"] for entry in kept.history] == pytest.approx(
        [entry["loss"] for entry in live.history], rel=1e-5
    )
    folder = tmp_path / "kept" / "teacher-outputs"
    shapes = {path.stem: np.load(path).shape for path in folder.glob("*.npy")}
    # Subjects to learn from, classes, and windows of a recording.
    count = 3 * 3 * 13
    assert shapes == {
        "answers": (count, 3),
        "features": (count, 20 * 32),
        "attention": (count, 20 * 20),
    }
    answers = np.load(folder / "answers.npy")
    x, _ = split(recordings, recipe(**STILL)).train.cut(torch.arange(count), torch.Generator())
    with torch.no_grad():
        np.testing.assert_allclose(answers, whose.model(x).numpy(), atol=1e-5)


def test_kept_outputs_are_computed_once(
    tmp_path: Path, teacher: Path, recordings: Recordings, recipe: MakeRecipe
) -> None:
    """A resumed run reads stored outputs from disk, but not those of another teacher or incomplete ones."""
    plan = recipe(distill=CACHED, **STILL)
    whose = load_teacher(teacher, plan)
    seen: list[int] = []
    whose.model.register_forward_hook(lambda module, inputs, output: seen.append(len(inputs[0])))

    def stop(epoch: int, entry: dict[str, float]) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(plan, recordings, 0, tmp_path, teacher=whose, epoch_done=stop)
    assert sum(seen) == 3 * 3 * 13, "each example once, and none in the epoch"
    train(plan, recordings, 0, tmp_path, teacher=whose, resume=True)
    assert sum(seen) == 3 * 3 * 13
    train(plan, recordings, 0, tmp_path, teacher=Teacher(whose.model, "0" * 64), fresh=True)
    assert sum(seen) == 2 * 3 * 3 * 13
    (tmp_path / "teacher-outputs" / "outputs.json").write_text("{")
    train(plan, recordings, 0, tmp_path, teacher=Teacher(whose.model, "0" * 64), fresh=True)
    assert sum(seen) == 3 * 3 * 3 * 13


def test_a_flipped_bit_in_kept_outputs_is_never_learned_from(
    tmp_path: Path, recordings: Recordings, recipe: MakeRecipe
) -> None:
    cutter, folder = split(recordings, recipe(**STILL)).train, tmp_path / "kept"
    computed = []

    def look(x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        computed.append(len(x))
        return x.mean(dim=2), x[:, 0], x[:, 1]

    def kept() -> list[bytes]:
        outputs = keep_outputs(folder, look, {"teacher": "a"}, cutter, Processes())
        return [part.numpy().tobytes() for part in outputs.rows(torch.arange(len(cutter)))]

    whole = kept()
    assert kept() == whole and sum(computed) == len(cutter)
    files = sorted(folder.glob("*.*"))
    assert [file.name for file in files if file.name != MANIFEST] == [
        *("answers.npy", "attention.npy", "features.npy", "outputs.json")
    ]
    for file in files:
        computed.clear()
        for _ in flip_in(file):
            assert kept() == whole, file
        again = sum(computed) // len(cutter)
        assert again == PLACES or file.suffix == ".json"
        print(f"{file.name}: {again} computed again, {PLACES - again} without effect")


def test_no_room_for_kept_outputs(
    tmp_path: Path,
    teacher: Path,
    recordings: Recordings,
    recipe: MakeRecipe,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(descriptor: int, offset: int, count: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    plan = recipe(distill=CACHED, **STILL)
    whose = load_teacher(teacher, plan)
    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(FileError, match=r"teacher-outputs cannot be written .*No space left.*distill\.cache"):
        train(plan, recordings, 0, tmp_path / "run", teacher=whose)
    assert not (tmp_path / "run" / "teacher-outputs").exists()


def test_kept_outputs_of_examples_that_change_are_refused(recipe: MakeRecipe) -> None:
    with pytest.raises(CheckpointError, match=r"augment\.shift changes the examples in every epoch"):
        recipe(distill=CACHED)
    with pytest.raises(CheckpointError, match=r"augment\.mixup"):
        recipe(distill=CACHED, augment={"mixup": 0.2})


def test_teacher_and_recipe_must_agree(
    tmp_path: Path, teacher: Path, recordings: Recordings, recipe: MakeRecipe
) -> None:
    plan = recipe(distill=EVERYTHING)
    with pytest.raises(CheckpointError, match=r"names teacher.pt as its teacher, but none was given"):
        train(plan, recordings, 0, tmp_path / "x")
    with pytest.raises(CheckpointError, match="names none as its teacher, but one was given"):
        train(recipe(), recordings, 0, tmp_path / "x", teacher=load_teacher(teacher, plan))


def test_a_teacher_that_saw_the_test_subjects_is_refused(teacher: Path, recipe: MakeRecipe) -> None:
    plan = recipe(data={"train_subjects": [1, 4], "test_subjects": [2, 3]}, distill=EVERYTHING)
    with pytest.raises(CheckpointError, match=r"was trained on the subjects \[2, 3\]"):
        load_teacher(teacher, plan)


def test_subjects_of_another_data_set_are_other_ones(
    teacher: Path, recipe: MakeRecipe, tmp_path: Path
) -> None:
    """Of the same file, under whatever path, they are the same; of one that is gone they may be."""
    files = {name: tmp_path / name for name in ("a.csv", "b.csv", "gone.csv")}
    for name in ("a.csv", "b.csv"):
        files[name].write_text(name)
    checkpoint = torch.load(teacher, weights_only=True)
    checkpoint["recipe"]["data"] |= {"set": "csv", "path": str(files["a.csv"])}
    del checkpoint["sha256"], checkpoint["format"], checkpoint["version"]
    write_tensors(teacher, FORMAT, checkpoint)
    changes = {"set": "csv", "train_subjects": [1, 4], "test_subjects": [2, 3]}
    for path in (files["a.csv"], tmp_path / "." / ".." / tmp_path.name / "a.csv", files["gone.csv"]):
        plan = recipe(data={**changes, "path": str(path)}, distill=EVERYTHING)
        with pytest.raises(CheckpointError, match=r"was trained on the subjects"):
            load_teacher(teacher, plan)
    assert load_teacher(teacher, recipe(data={**changes, "path": str(files["b.csv"])}, distill=EVERYTHING))
    others = {"train_subjects": [1, 4], "test_subjects": [2, 3]}
    assert load_teacher(teacher, recipe(data=others, distill=EVERYTHING))


def test_a_teacher_that_saw_the_held_out_images_is_refused(teacher: Path, recipe: MakeRecipe) -> None:
    plan = recipe(data={"train_subjects": [1], "held_out": 5}, distill=EVERYTHING)
    with pytest.raises(CheckpointError, match=r"was trained on the images .* \(data.held_out = 5\)"):
        load_teacher(teacher, plan)


def test_a_binary_or_damaged_teacher_is_refused(
    tmp_path: Path, recordings: Recordings, recipe: MakeRecipe
) -> None:
    binary = train(recipe(), recordings, 0, tmp_path / "binary").checkpoint
    with pytest.raises(CheckpointError, match="not in full precision"):
        load_teacher(binary, recipe())
    binary.write_bytes(binary.read_bytes()[:-99])
    with pytest.raises(CheckpointError, match="truncated"):
        load_teacher(binary, recipe())
    with pytest.raises(CheckpointError, match="There is no"):
        load_teacher(tmp_path / "none.pt", recipe())


@pytest.mark.parametrize(
    "changes",
    ({"classes": ["a", "c"]}, {"channels": 3}, {"length": 50}, {"patch": 10}, {"layers": 3}),
)
def test_a_teacher_of_another_kind_is_refused(changes: dict[str, object]) -> None:
    values = {"classes": ["a", "b"], "precision": "full", **changes}
    other = BinaryTransformer(preset("sensor-tiny", **values))
    with pytest.raises(CheckpointError, match="The teacher"):
        Distiller(Distillation(), 0.1, model(), other)


def test_a_larger_teacher_teaches_every_part() -> None:
    student = model(width=32, heads=1).train()
    larger = model(width=128, heads=4, layers=4, precision="full").eval()
    plan = Distillation(teacher="x", answers=0.5, features=1.0, attention=1.0)
    answers, loss = Distiller(plan, 0.1, student, larger)(torch.randn(8, 6, 100), torch.arange(8) % 2)
    assert answers.shape == (8, 2)
    loss.backward()
    dead = [name for name, p in student.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert dead == []
    assert all(p.grad is None for p in larger.parameters())


def test_a_model_is_no_distance_from_itself() -> None:
    full, x = model(precision="full").eval(), torch.randn(4, 6, 100)
    seen = Observed()
    with torch.no_grad():
        logits = full(x, seen)
    assert [feature.shape for feature in seen.features] == [(4, 20, 64)] * 2
    assert [attention.shape for attention in seen.attention] == [(4, 2, 20, 20)] * 2
    torch.testing.assert_close(seen.attention[0].exp().sum(dim=-1), torch.ones(4, 2, 20))
    zero = torch.zeros(())
    torch.testing.assert_close(softened_divergence(logits, logits, 3.0), zero)
    torch.testing.assert_close(feature_distance(seen.features[0], 3 * seen.features[0] + 1), zero)
    torch.testing.assert_close(attention_divergence(seen.attention[1], seen.attention[1]), zero)
    full(x)
    assert len(seen.features) == 2  # nothing is recorded afterwards


def test_start_takes_the_teachers_weights() -> None:
    student, full = model(), model(precision="full")
    torch.nn.init.ones_(full.blocks[0].mlp.expand.weight)
    Distiller(Distillation(start=True), 0.1, student, full).start()
    assert torch.equal(student.blocks[0].mlp.expand.weight, full.blocks[0].mlp.expand.weight)
    narrow = model(width=32, heads=1)
    Distiller(Distillation(start=True), 0.1, narrow, full).start()
    assert torch.equal(narrow.embed.mean, full.embed.mean)


def test_a_teacher_with_its_classes_in_another_order_teaches_by_name() -> None:
    """The head's rows are those of a, b, c; the turned teacher has them as c, a, b."""
    names, turned = ["a", "b", "c"], ["c", "a", "b"]
    torch.manual_seed(0)
    teacher = BinaryTransformer(preset("sensor-tiny", classes=names, precision="full")).eval()
    other = BinaryTransformer(preset("sensor-tiny", classes=turned, precision="full")).eval()
    state = teacher.state_dict()
    place = [names.index(name) for name in turned]
    other.load_state_dict({**state, **{key: state[key][place] for key in ("head.weight", "head.bias")}})
    student = BinaryTransformer(preset("sensor-tiny", classes=names)).eval()
    x, y = torch.randn(4, 6, 100), torch.tensor([0, 1, 2, 0])
    plan = Distillation(features=1.0, attention=0.1)
    straight, by_name = (Distiller(plan, 0.1, student, whose) for whose in (teacher, other))
    torch.testing.assert_close(by_name.look(x)[0], straight.look(x)[0])
    torch.testing.assert_close(by_name(x, y)[1], straight(x, y)[1])
    assert by_name.looked_for != straight.looked_for, "kept outputs in another order are computed again"
    by_name.start()
    torch.testing.assert_close(student.head.weight, teacher.head.weight)
    torch.testing.assert_close(student.head.bias, teacher.head.bias)


def test_a_teacher_with_other_classes_is_named() -> None:
    other = BinaryTransformer(preset("sensor-tiny", classes=["a", "b", "c"], precision="full"))
    with pytest.raises(CheckpointError, match="different classes; only one of them has c"):
        Distiller(Distillation(), 0.1, model(), other)


def test_progressive_weights_are_real_first_and_binary_at_last(
    tmp_path: Path, recordings: Recordings, recipe: MakeRecipe
) -> None:
    plain = train(recipe(), recordings, 0, tmp_path / "plain")
    schedule = {"epochs": 3, "batch": 16, "warmup": 1, "real_weights": 0.5}
    progressive = train(recipe(schedule=schedule), recordings, 0, tmp_path / "progressive")
    assert progressive.history[0] != plain.history[0]
    student = model().train()
    student.set_real_weights(True)
    expand = student.blocks[0].mlp.expand
    torch.testing.assert_close(expand.product_weight().abs().mean(dim=1), torch.ones(128))
    student.set_real_weights(False)
    assert set(expand.product_weight().unique().tolist()) == {-1.0, 1.0}


@pytest.mark.parametrize(
    "section,message",
    (
        ({"temperature": 0.0}, "distill.temperature is 0"),
        ({"answers": -1.0}, "distill.answers is -1"),
        ({"features": float("nan")}, "distill.features is nan"),
        ({"teacher": 3}, "distill.teacher is 3"),
        ({"master": "x"}, "distill.master is not a known key"),
    ),
)
def test_mistakes_in_the_section_are_named(section: dict[str, object], message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        parse_recipe({"distill": section}, "bad")
    with pytest.raises(CheckpointError, match="real_weights is 1"):
        parse_recipe({"schedule": {"real_weights": 1.0}}, "bad")


def test_old_recipes_have_no_teacher(recipe: MakeRecipe) -> None:
    old = recipe().to_dict()
    del old["distill"]
    assert parse_recipe(old, "synthetic") == recipe()
    assert dataclasses.asdict(recipe().distill)["teacher"] == ""
