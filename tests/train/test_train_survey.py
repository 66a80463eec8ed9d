"""Surveys: settings are chosen on held-out training subjects, and one table holds all sets and forms."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from sensor_bnn.cli import root
from sensor_bnn.cli.survey import command
from sensor_bnn.data.series import Series
from sensor_bnn.errors import BoardError, CheckpointError, DataError, InterruptionError
from sensor_bnn.nn.checkpoint import load_checkpoint
from sensor_bnn.train import archives
from sensor_bnn.train.recipe import Recipe
from sensor_bnn.train.survey import fill, for_validation, load_survey
from sensor_bnn.workflows import board_survey

SET = """
preset = "sensor-nano"
[data]
set = "npz"
path = "{path}"
train_subjects = [1, 2, 3]
test_subjects = [4]
[model]
stem_kernel = 5
[schedule]
epochs = 1
batch = 16
warmup = 0.5
"""


@pytest.fixture
def survey(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    y = np.tile([0, 1], 24)
    x = random.normal(size=(48, 2, 24)) + 2 * y[:, None, None]
    recording = np.repeat([1, 2, 3, 4], 12)
    np.savez(tmp_path / "x.npz", x=x.astype(np.float32), y=y, classes=["low", "high"], recording=recording)
    (tmp_path / "own.toml").write_text(SET.format(path=tmp_path / "x.npz"))
    path = tmp_path / "two.toml"
    path.write_text(
        f'sets = ["{tmp_path}/own.toml"]\n'
        '[forms.bits]\npreset = "sensor-nano-conv"\n'
        '[forms.whole]\npreset = "sensor-nano-conv"\nmodel = { precision = "full" }\nlike = "bits"\n'
        '[choices]\nchannel = { normalise = "channel" }\nwindow = { normalise = "window" }\n'
    )
    return path


@pytest.mark.usefixtures("training")
def test_settings_are_chosen_on_held_out_training_subjects(
    tmp_path: Path, survey: Path, conforms: Callable[[str, object], None]
) -> None:
    out = tmp_path / "runs"
    arguments = [str(survey), "--seeds", "2", "--out", str(out)]
    result = CliRunner().invoke(command, [*arguments, "--json"], catch_exceptions=False)
    table = json.loads(result.stdout)
    conforms("survey", table)
    bits, whole = table["cells"]
    assert set(bits["validation"]) == {"channel", "window"}
    assert whole["validation"] == {}  # It takes the choice of its form.
    assert bits["chosen"] == whole["chosen"] == max(bits["validation"], key=bits["validation"].get)
    assert [run["seed"] for run in bits["runs"]] == [0, 1]
    assert not bits["missing"]
    folders = {path.name for path in out.iterdir() if path.is_dir()}
    assert len(folders) == 2 + 2 * 2
    validation = json.loads((out / "own-bits-window-validation" / "history.json").read_text())
    assert validation
    before = {path: path.stat().st_mtime_ns for path in out.rglob("ckpt.pt")}
    again = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert before == {path: path.stat().st_mtime_ns for path in out.rglob("ckpt.pt")}
    assert again.stdout.startswith("| set | bits | whole |")
    assert (out / "table.md").read_text() == again.stdout
    with np.load(tmp_path / "x.npz") as arrays:
        np.savez(tmp_path / "x.npz", **{**arrays, "x": arrays["x"] + 1})
    with pytest.raises(CheckpointError, match="learned from other data than there are now"):
        CliRunner().invoke(command, arguments, catch_exceptions=False)


@pytest.mark.usefixtures("training", "qemu", "cross_compiler", "long_compile")
def test_from_a_file_to_the_accuracy_on_an_emulated_board(
    tmp_path: Path,
    survey: Path,
    conforms: Callable[[str, object], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "runs"
    short = ["--seeds", "1", "--form", "bits", "--steps", "2", "--board", "qemu-mps2-an500", "--windows", "8"]
    arguments = [str(survey), *short, "--out", str(out)]
    # One choice: nothing is validated.
    survey.write_text(survey.read_text().partition("window = {")[0])
    found = CliRunner().invoke(command, [*arguments, "--json"], catch_exceptions=False)
    assert found.exit_code == 0
    table = json.loads(found.stdout)
    conforms("survey", table)
    bits, whole = table["cells"]
    history = json.loads((out / "own-bits-channel-seed0" / "history.json").read_text())
    assert history["epochs"] == 1 and not bits["missing"] and whole["missing"]
    (row,) = table["on_board"]["models"]
    assert (row["set"], row["form"], row["windows"], row["different"]) == ("own", "bits", 8, 0)
    assert row["instructions"] > 10_000 and row["top1"] * 8 == round(row["top1"] * 8)
    kept = out / "own-bits-channel-seed0" / "qemu-mps2-an500"
    (result,) = kept.glob("evaluate-*-8-*.json")
    assert json.loads(result.read_text())["model_hash"] == row["model_hash"]
    before = result.stat().st_mtime_ns
    again = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert again.stdout.splitlines()[-1].startswith(f"| own | bits | {100 * row['top1']:.1f} | 8 | all |")
    assert result.stat().st_mtime_ns == before
    # A result of other sources is none of this program's.
    monkeypatch.setattr(board_survey, "program_digest", lambda: "0" * 64)
    board_survey._program.cache_clear()
    other = CliRunner().invoke(command, [*arguments, "--dry-run", "--json"], catch_exceptions=False)
    board_survey._program.cache_clear()
    assert json.loads(other.stdout)["on_board"]["models"] == []


def test_an_interruption_on_the_board_says_how_to_go_on(
    tmp_path: Path, survey: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also outside of the evaluation, such as while a model is compiled."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    words = ["survey", str(survey), "--board", "qemu-mps2-an500", "--out", str(tmp_path / "runs")]
    monkeypatch.setattr(sys, "argv", ["sensor-bnn", *words])
    monkeypatch.setattr("sensor_bnn.train.survey.fill", lambda *_: [])
    monkeypatch.setattr(board_survey, "measure", interrupted)
    error = CliRunner().invoke(root, words).exception
    assert isinstance(error, InterruptionError) and error.saved
    assert error.message == "The survey on the board was interrupted."
    assert error.remedy == f"Continue with: {shlex.join(['sensor-bnn', *words])}"


def test_a_board_that_is_not_emulated_is_refused_before_training(tmp_path: Path, survey: Path) -> None:
    arguments = [str(survey), "--out", str(tmp_path / "runs"), "--board", "nucleo-f446re", "--dry-run"]
    refused = CliRunner().invoke(command, arguments)
    assert isinstance(refused.exception, BoardError) and "has no emulator" in str(refused.exception)


def test_own_data_need_no_stated_split(survey: Path) -> None:
    recipe = survey.parent / "own.toml"
    lines = [line for line in recipe.read_text().splitlines() if "_subjects" not in line]
    recipe.write_text("\n".join(lines))
    for cell in load_survey(str(survey)).cells:
        for chosen in cell.choices.values():
            learned, tested = chosen.data.parts()
            assert {*learned, *tested} == {1, 2, 3, 4} and len(tested) == 1
            assert {*sum(for_validation(chosen).data.parts(), ())} == {*learned}


def test_the_test_subjects_choose_nothing() -> None:
    for cell in load_survey("sensors").cells:
        for recipe in cell.choices.values():
            data = for_validation(recipe).data
            assert set(data.train_subjects) | set(data.test_subjects) == set(recipe.data.train_subjects)
            assert not set(data.test_subjects) & set(recipe.data.test_subjects)
            assert data.test_subjects


def test_each_choice_of_all_forms_is_tried_with_each_of_a_forms_own(survey: Path) -> None:
    text = survey.read_text()
    own = '[forms.bits.choices]\nnear = {}\nfar = { stages = ["conv:2 conv:4"] }\n'
    survey.write_text(text.replace("[choices]", f"{own}[choices]"))
    bits, whole = load_survey(str(survey)).cells
    labels = ["channel, near", "channel, far", "window, near", "window, far"]
    assert list(bits.choices) == list(whole.choices) == labels, "the twin has those of its form"
    last = bits.choices["window, far"]
    assert last.name == "own-bits-window-far"
    assert last.model == {"stem_kernel": 5, "normalise": "window", "stages": ["conv:2 conv:4"]}
    assert whole.choices["window, far"].model == {**last.model, "precision": "full"}
    assert "stages" not in bits.choices["window, near"].model
    survey.write_text(text.replace("[choices]", f"{own.replace('bits', 'whole')}[choices]"))
    with pytest.raises(
        CheckpointError, match=r"forms.whole.choices is set; with `like` it takes those of bits"
    ):
        load_survey(str(survey))


def test_a_choice_of_normalisation_leaves_a_recipe_no_gain_that_it_refuses() -> None:
    """PLAID's recipe has a gain per window, which only windows divided by their own deviation can have."""
    found = {
        (recipe.model["normalise"], recipe.model["gain"])
        for cell in load_survey("sensors").cells
        if cell.set == "plaid"
        for recipe in cell.choices.values()
        if recipe.config((1, 256), ("a", "b"))
    }
    assert found == {("channel", "fixed"), ("window", "window")}


METHOD = """
against = "signs"
sets = ["{set}"]
[forms.signs]
model = {{ threshold = "zero" }}
[forms.taught]
distill = {{ teacher = "whole", features = 0.5 }}
[forms.whole]
model = {{ precision = "full" }}
"""


@pytest.mark.usefixtures("training")
def test_forms_are_compared_by_seed_and_learn_from_one_another(
    tmp_path: Path, survey: Path, conforms: Callable[[str, object], None]
) -> None:
    survey.write_text(METHOD.format(set=tmp_path / "own.toml"))
    out = tmp_path / "runs"
    arguments = [str(survey), "--seeds", "2", "--steps", "2", "--out", str(out)]
    # The teacher's run of the same seed comes first, also if only the student is asked for.
    found = CliRunner().invoke(command, [*arguments, "--form", "taught", "--json"], catch_exceptions=False)
    table = json.loads(found.stdout)
    assert [len(cell["runs"]) for cell in table["cells"]] == [0, 2, 2]
    assert [one["pairs"] for one in table["comparisons"]] == [0, 0]
    teacher = hashlib.sha256((out / "own-whole-seed1" / "ckpt.pt").read_bytes()).hexdigest()
    taught = load_checkpoint(out / "own-taught-seed1" / "ckpt.pt")
    assert taught.metrics["teacher_sha256"] == teacher and taught.recipe["distill"]["features"] == 0.5
    found = CliRunner().invoke(command, [*arguments, "--json"], catch_exceptions=False)
    table = json.loads(found.stdout)
    conforms("survey", table)
    top1 = {cell["form"]: [run["top1"] for run in cell["runs"]] for cell in table["cells"]}
    for one in table["comparisons"]:
        differences = [a - b for a, b in zip(top1[one["form"]], top1["signs"], strict=True)]
        assert one["pairs"] == 2 and one["difference"] == pytest.approx(sum(differences) / 2)
    lines = CliRunner().invoke(command, arguments, catch_exceptions=False).stdout.splitlines()
    assert lines[0] == "| form | own |" and lines[2].startswith("| signs | ")
    assert [line.split(": ")[:2] for line in lines[6:]] == [
        ["- own", "taught against signs"],
        ["- own", "whole against signs"],
    ]


@pytest.mark.parametrize(
    ("was", "wrong", "message"),
    (
        (
            'against = "signs"',
            'against = "plain"',
            "against is 'plain'; it must be one of signs, taught, whole",
        ),
        ('teacher = "whole"', 'teacher = "signs"', "forms.taught.distill.teacher is 'signs'"),
        ('teacher = "whole", ', "", "forms.taught.distill.teacher is None"),
        ("features = 0.5", "feature = 0.5", "feature"),
    ),
)
def test_a_mistake_in_a_comparison_is_refused(
    was: str, wrong: str, message: str, tmp_path: Path, survey: Path
) -> None:
    text = METHOD.format(set=tmp_path / "own.toml")
    assert was in text
    survey.write_text(text.replace(was, wrong))
    with pytest.raises(CheckpointError, match=re.escape(message)):
        load_survey(str(survey))


def test_mistakes_are_refused(tmp_path: Path, survey: Path) -> None:
    with pytest.raises(CheckpointError, match="no survey nothing"):
        load_survey("nothing")
    survey.write_text(survey.read_text().replace('like = "bits"', 'like = "whole"'))
    with pytest.raises(CheckpointError, match=r"forms.whole.like is 'whole'"):
        load_survey(str(survey))
    wrong = CliRunner().invoke(command, ["sensors", "--set", "moon", "--dry-run", "--out", str(tmp_path)])
    assert isinstance(wrong.exception, CheckpointError)
    with pytest.raises(CheckpointError, match="one training subject"):
        recipe = next(iter(load_survey("sensors").cells[0].choices.values()))
        for_validation(type(recipe)(**{**vars(recipe), "data": type(recipe.data)(train_subjects=(1,))}))


def test_every_part_of_an_archive_has_its_share_of_each_class() -> None:
    train = [Series(np.full((1, 4), label, dtype=np.float32), str(label)) for label in range(3)] * 20
    test = [Series(np.ones((1, 9), dtype=np.float32), "10")]
    found = archives.as_recordings(train, test, 6)
    assert found.classes == ("0", "1", "2", "10")  # numbers by value
    for part in range(1, archives.PARTS + 1):
        assert np.bincount(found.y[found.group == part]).tolist() == [4, 4, 4]
    assert found.y[found.group == archives.TEST].tolist() == [3]
    assert found.windows().x.shape == (61, 1, 6)
    with pytest.raises(DataError, match="training part has 1 channels, the test part 2"):
        archives.as_recordings(train, [Series(np.ones((2, 4), dtype=np.float32), "0")], 6)


@pytest.mark.parametrize(
    ("text", "message"),
    (
        ('sets = ["{set}", "{set}"]\n[forms.a]\n', "sets has own twice"),
        ('sets = ["{set}"]\n[forms."a b"]\n[forms."a-b"]\n', "have runs of the same name, own-a-b"),
        (
            'sets = ["{set}"]\n[forms.a]\n[choices]\n"x y" = {{}}\n"x-y" = {{ padding = "zero" }}\n',
            "x y of a of own and x-y of a of own have runs of the same name, own-a-x-y",
        ),
        ('sets = ["{set}"]\n[forms."a|b"]\n', "the label 'a|b' must be of 1 to 60 characters"),
        ('sets = ["{set}"]\n[forms."///"]\n', "the label '///' must be of 1 to 60 characters"),
        ('sets = ["{set}"]\n[forms."{long}"]\n', "must be of 1 to 60 characters"),
        ('sets = ["{set}"]\n[forms.""]\n', "a form has an empty label"),
        ('sets = ["{set}"]\n[forms.a]\npreset = "nope"\n', "forms.a.preset is 'nope'"),
        (
            'sets = ["{set}"]\n[forms.a]\npreset = "sensor-nano"\nmodel = {{ breadth = 3 }}\n',
            "forms.a.model.breadth is not a key of sensor-nano",
        ),
        (
            'sets = ["{set}"]\n[forms.a]\ndistill = {{ teacher = "f" }}\n[forms.f]\n'
            'model = {{ precision = "full" }}\n[choices]\nx = {{ precision = "binary" }}\n',
            "a choice takes the teacher f out of full precision",
        ),
        (
            'sets = ["{set}"]\n[forms.a]\ndistill = {{ teacher = "f", answers = 0.0 }}\n[forms.f]\n'
            'model = {{ precision = "full" }}\n',
            "forms.a.distill has a teacher, but answers, features and attention are 0",
        ),
    ),
)
def test_what_would_be_wrong_in_silence_is_refused_before_a_run(
    text: str, message: str, tmp_path: Path, survey: Path
) -> None:
    """Runs that would share a folder, names that break the table, and forms that cannot be trained."""
    survey.write_text(text.format(set=tmp_path / "own.toml", long="x" * 61))
    with pytest.raises(CheckpointError, match=re.escape(message)):
        load_survey(str(survey))


@pytest.mark.parametrize(
    ("text", "message"),
    (
        ('[forms.b]\nmodel = {{ precision = "quarter" }}\n', "b of own: The model configuration: precision"),
        ("[forms.b]\n[forms.b.choices]\nx = {{ kernel = 4 }}\n", "x of b of own: .*kernel is 4"),
        (
            '[forms.b]\ndistill = {{ teacher = "f" }}\n[forms.f]\n'
            'model = {{ precision = "full", stages = ["conv"] }}\n',
            "b of own: The teacher own-f has tokens 6, the student own-b has 3",
        ),
    ),
)
def test_a_model_that_cannot_be_is_refused_before_any_run(
    text: str, message: str, tmp_path: Path, survey: Path
) -> None:
    """Also one of the last form: the forms before it may take hours."""
    first = f'sets = ["{tmp_path / "own.toml"}"]\n[forms.a]\npreset = "sensor-nano"\n'
    survey.write_text(first + text.format())
    runs: list[Recipe] = []
    with pytest.raises(CheckpointError, match=message):
        fill(load_survey(str(survey)), [0], tmp_path / "out", lambda recipe, folder: runs.append(recipe))  # type: ignore[arg-type]
    assert not runs and not list((tmp_path / "out").glob("*/"))


def test_a_slip_in_a_survey_is_told_with_its_line(survey: Path) -> None:
    """And not with what a survey holds, which this one has."""
    survey.write_text(survey.read_text().replace("[choices]", "[choices"))
    with pytest.raises(CheckpointError) as refused:
        load_survey(str(survey))
    assert "line 8" in refused.value.message and "Correct that line" in refused.value.remedy
