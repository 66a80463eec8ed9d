"""The same folder a second time: a run goes on with what it was begun with, and is not overwritten unasked.

Named after the cases that it holds to: resume-other-data, and a run beside another one.
"""

from __future__ import annotations

import dataclasses
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from sensor_bnn.cli import root
from sensor_bnn.cli.ablate import command as ablate_command
from sensor_bnn.cli.train import command
from sensor_bnn.errors import BusyError, CheckpointError, FileError, InterruptionError
from sensor_bnn.nn.checkpoint import load_checkpoint, read_tensors, write_tensors
from sensor_bnn.train import fingerprint, sets
from sensor_bnn.train.fingerprint import data_digest
from sensor_bnn.train.images import ArrayPixels, ChosenPixels, FilePixels, Images
from sensor_bnn.train.loop import TrainingRun, train
from sensor_bnn.train.recipe import Recipe, load_recipe, parse_recipe
from sensor_bnn.train.state import STATE_FORMAT
from sensor_bnn.train.windows import Recordings

MakeRecipe = Callable[..., Recipe]
RECIPE = (
    "[model]\nwidth = 32\nheads = 1\nlayers = 1\n"
    '[data]\nset = "csv"\npath = "{data}"\nwindow = 100\nstep = 50\n'
    "train_subjects = [1, 2, 3]\ntest_subjects = [4]\n"
    "[schedule]\nepochs = {epochs}\nwarmup = 0.1\nbatch = {batch}\n"
)


def csv(
    labels: tuple[str, str] = ("rest", "walk"), changed: dict[tuple[int, int], float] | None = None
) -> str:
    """Four recordings, half of each at rest and half walking; some samples changed, by recording and line."""
    random, lines = np.random.default_rng(0), ["recording,label,ax,ay,az"]
    for recording in (1, 2, 3, 4):
        for at in range(300):
            walks = at >= 150
            values = random.normal(size=3) * 0.1 + walks * np.sin(at / 5 + np.arange(3))
            values[0] = (changed or {}).get((recording, at), values[0])
            lines.append(f"{recording},{labels[walks]},{','.join(f'{value:.4f}' for value in values)}")
    return "\n".join(lines) + "\n"


@pytest.fixture
def files(tmp_path: Path) -> Callable[..., Path]:
    """Writes data.csv and run.toml, and returns the recipe's path."""

    def write(epochs: int = 3, batch: int = 4) -> Path:
        (tmp_path / "data.csv").write_text(csv())
        path = tmp_path / "run.toml"
        path.write_text(RECIPE.format(data=tmp_path / "data.csv", epochs=epochs, batch=batch))
        return path

    return write


class KilledError(Exception):
    """Takes the place of a kill between two epochs."""


def kill(epoch: int, entry: dict[str, float]) -> None:
    raise KilledError


def cut(plan: Recipe, recordings: Recordings, out: Path) -> None:
    with pytest.raises(KilledError):
        train(plan, recordings, 0, out, epoch_done=kill)


def cut_file(file: Path, out: Path) -> None:
    plan = load_recipe(str(file))
    with pytest.raises(KilledError):
        train(plan, sets.load(plan.data), 0, out, epoch_done=kill)


def equal(one: TrainingRun, other: TrainingRun) -> bool:
    ours, theirs = (load_checkpoint(run.checkpoint).model.state_dict() for run in (one, other))
    return one.history == other.history and all(torch.equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.usefixtures("training")
@pytest.mark.parametrize(
    "data,same",
    (
        (csv(), True),
        (csv(labels=("walk", "rest")), False),  # the case's swapped.csv
        (csv(labels=("rest", "run")), False),  # the same windows and numbers of classes, another name
        (csv(changed={(2, 17): 0.5}), False),
        (csv(changed={(4, 17): 0.5}), True),  # tested on, not learned from
    ),
)
def test_a_run_goes_on_only_with_its_data(files: Callable[..., Path], data: str, same: bool) -> None:
    """The case resume-other-data."""
    file = files()
    out = file.parent / "run"
    cut_file(file, out)
    before = (out / "last.pt").read_bytes()
    (file.parent / "data.csv").write_text(data)
    done = CliRunner().invoke(command, [str(file), "--out", str(out), "--resume"])
    if same:
        assert done.exit_code == 0, done.output
        return
    assert isinstance(done.exception, CheckpointError)
    assert "last.pt was begun on other data: the windows, images, labels or names" in str(done.exception)
    assert (out / "last.pt").read_bytes() == before


@pytest.mark.usefixtures("training")
def test_a_finished_run_of_other_data_is_not_taken_for_this_one(files: Callable[..., Path]) -> None:
    """As a row of a table, and as a teacher."""
    file = files(epochs=1)
    folder = file.parent
    (folder / "full.toml").write_text(file.read_text().replace("[model]", '[model]\nprecision = "full"'))
    (folder / "taught.toml").write_text(file.read_text() + f'[distill]\nteacher = "{folder}/full.toml"\n')
    (folder / "table.toml").write_text(f'[rows]\n"one" = "{file}"\n')
    table = [str(folder / "table.toml"), "--out", str(folder / "runs"), "--seeds", "1"]
    taught = [str(folder / "taught.toml"), "--out", str(folder / "taught")]
    assert CliRunner().invoke(ablate_command, table).exit_code == 0
    assert CliRunner().invoke(command, taught).exit_code == 0
    (folder / "data.csv").write_text(csv(labels=("walk", "rest")))
    for which, arguments in ((ablate_command, table), (command, [*taught, "--resume"])):
        done = CliRunner().invoke(which, arguments)
        assert isinstance(done.exception, CheckpointError), done.output
        assert "learned from other data than there are now" in str(done.exception)
    assert CliRunner().invoke(command, [*taught, "--fresh"]).exit_code == 0


@pytest.mark.usefixtures("training")
def test_a_table_does_not_overwrite_the_run_of_a_recipe_that_was_edited(files: Callable[..., Path]) -> None:
    file = files(epochs=1)
    (file.parent / "table.toml").write_text(f'[rows]\n"one" = "{file}"\n')
    table = [str(file.parent / "table.toml"), "--out", str(file.parent / "runs"), "--seeds", "1"]
    assert CliRunner().invoke(ablate_command, table).exit_code == 0
    before = (file.parent / "runs" / "run-seed0" / "ckpt.pt").read_bytes()
    files(epochs=2)
    done = CliRunner().invoke(ablate_command, table)
    assert "holds a run of another recipe than run is now" in str(done.exception)
    assert (file.parent / "runs" / "run-seed0" / "ckpt.pt").read_bytes() == before


def test_the_digest_is_of_what_is_learned_from(recordings: Recordings) -> None:
    recipe = parse_recipe({"data": {"train_subjects": [2, 3], "test_subjects": [4]}}, "x")
    whole = data_digest(recordings, recipe)
    ahead = dataclasses.replace(  # without the first subject, all positions are others
        recordings.of_groups((2, 3, 4)),
        signal=recordings.signal[:, 2100:],
        **{name: getattr(recordings.of_groups((2, 3, 4)), name) - 2100 for name in ("start", "first", "end")},
    )
    assert data_digest(ahead, recipe) == whole
    for name, change in (("y", 1), ("group", 0), ("start", 1)):
        changed = getattr(recordings, name).copy()
        at = int(np.flatnonzero((recordings.group == 2) & (recordings.y == 0))[0])
        changed[at] += change
        assert (
            data_digest(dataclasses.replace(recordings, **{name: changed}), recipe) == whole
        ) is not change
    signal_ = recordings.signal.copy()
    signal_[5, 2500] += 1e-3
    assert data_digest(dataclasses.replace(recordings, signal=signal_), recipe) != whole


def test_the_digest_of_images(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    pixels = ArrayPixels(random.integers(0, 256, (40, 3, 8, 8)).astype(np.uint8))
    y = np.arange(40) % 4
    images = Images(pixels, y, pixels, y, ("a", "b", "c", "d"))
    held_out = parse_recipe({"data": {"set": "cifar-10", "held_out": 8}}, "x")
    recipe = parse_recipe({"data": {"set": "cifar-10"}}, "x")
    found = {data_digest(images, recipe), data_digest(images, held_out)}
    other = pixels.array.copy()
    other[3, 1, 2, 2] ^= 1
    found.add(data_digest(dataclasses.replace(images, train=ArrayPixels(other)), recipe))
    found.add(data_digest(dataclasses.replace(images, train_y=y[::-1].copy()), recipe))
    found.add(data_digest(dataclasses.replace(images, classes=("a", "b", "d", "c")), recipe))
    chosen = ChosenPixels(pixels, np.arange(40)[::-1].copy())
    found.add(data_digest(dataclasses.replace(images, train=chosen), recipe))
    for name, content in (("a", b"1"), ("b", b"1"), ("a", b"12")):
        (tmp_path / name).write_bytes(content)
        of_files = FilePixels(tuple(40 * [tmp_path / name]), 8)
        found.add(data_digest(dataclasses.replace(images, train=of_files), recipe))
    assert len(found) == 9
    assert data_digest(dataclasses.replace(images, test_y=y[::-1].copy()), recipe) in found


def test_another_version_of_the_program_is_noted(
    tmp_path: Path,
    recordings: Recordings,
    recipe: MakeRecipe,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    whole = train(recipe(), recordings, 0, tmp_path / "whole")
    cut(recipe(), recordings, tmp_path / "cut")
    now = {**fingerprint.program(), "sensor-bnn": "9.9"}
    monkeypatch.setattr("sensor_bnn.train.loop.program", lambda: now)
    assert equal(whole, train(recipe(), recordings, 0, tmp_path / "cut", resume=True))
    (said,) = caplog.messages
    assert "begun with another version of sensor-bnn (" in said and "now 9.9): the curve may change" in said


def test_a_state_without_a_digest_of_its_data_is_noted(
    tmp_path: Path, recordings: Recordings, recipe: MakeRecipe, caplog: pytest.LogCaptureFixture
) -> None:
    cut(recipe(), recordings, tmp_path)
    content = read_tensors(tmp_path / "last.pt", STATE_FORMAT)
    for key in ("format", "version", "data", "program"):
        del content[key]
    write_tensors(tmp_path / "last.pt", STATE_FORMAT, content)
    train(recipe(), recordings, 0, tmp_path, resume=True)
    assert "does not say on which data it was begun" in caplog.text


@pytest.mark.usefixtures("training")
def test_a_run_is_not_overwritten_unasked(files: Callable[..., Path]) -> None:
    file = files()
    out = file.parent / "run"
    arguments = [str(file), "--out", str(out)]
    cut_file(file, out)
    interrupted = CliRunner().invoke(command, arguments)
    assert str(interrupted.exception) == (
        f"{out} holds an interrupted run. Continue with --resume, discard it with --fresh, or choose another"
        " folder with --out."
    )
    assert CliRunner().invoke(command, [*arguments, "--resume", "--fresh"]).exit_code == 2
    assert CliRunner().invoke(command, [*arguments, "--resume"]).exit_code == 0
    before = {path: path.read_bytes() for path in out.glob("*.*") if path.is_file()}
    assert len(before) == 5  # with .claim
    finished = CliRunner().invoke(command, arguments)
    assert f"{out} holds a finished run. Discard it with --fresh" in str(finished.exception)
    (out / "last.pt").unlink()
    nothing_left = CliRunner().invoke(command, [*arguments, "--resume"])
    assert str(nothing_left.exception) == (
        f"{out} holds a finished run, {out / 'ckpt.pt'}: there is nothing to continue. Use that file; or"
        " train again with --fresh, which discards it, or in another folder with --out."
    )
    del before[out / "last.pt"]
    assert {path: path.read_bytes() for path in before} == before
    done = CliRunner().invoke(command, [*arguments, "--fresh", "--seed", "1"])
    assert done.exit_code == 0, done.output
    assert load_checkpoint(out / "ckpt.pt").metrics["seed"] == 1
    missing = CliRunner().invoke(command, [str(file), "--out", str(file.parent / "none"), "--resume"])
    assert "There is no sensor-bnn training state" in str(missing.exception)


def test_a_discarded_run_leaves_nothing_beside_the_next(
    tmp_path: Path, recordings: Recordings, recipe: MakeRecipe
) -> None:
    train(recipe(), recordings, 0, tmp_path)
    with pytest.raises(KilledError):
        train(recipe(), recordings, 1, tmp_path, fresh=True, epoch_done=kill)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["history.csv", "last.pt", "tensorboard"]


@pytest.mark.usefixtures("training")
def test_two_processes_in_one_folder(
    files: Callable[..., Path], claimed_elsewhere: Callable[[Path], AbstractContextManager[None]]
) -> None:
    file = files()
    arguments = [str(file), "--out", str(file.parent / "run")]
    with claimed_elsewhere(file.parent / "run"):
        done = CliRunner().invoke(command, arguments)
    assert isinstance(done.exception, BusyError)
    assert str(done.exception) == (
        f"Another process uses {file.parent / 'run'}. Wait for it, or name another folder with --out."
    )
    assert CliRunner().invoke(command, arguments).exit_code == 0


@pytest.mark.parametrize("place", ("/proc/run", "file/run"))
def test_a_place_that_cannot_be_written_to_is_refused_before_the_data_are_read(
    files: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    file = files()
    (file.parent / "file").write_text("")
    monkeypatch.chdir(file.parent)
    monkeypatch.setattr(sets, "load", lambda data: pytest.fail("the data are read"))
    done = CliRunner().invoke(command, [str(file), "--out", place])
    assert isinstance(done.exception, FileError), done.output
    (file.parent / "table.toml").write_text(f'[rows]\n"one" = "{file}"\n')
    done = CliRunner().invoke(ablate_command, [str(file.parent / "table.toml"), "--out", place])
    assert isinstance(done.exception, FileError), done.output


# Signals --------------------------------------------------------------------------------------------------


@contextmanager
def running(line: list[str], folder: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "sensor_bnn", *line],
        cwd=folder,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for(path: Path, older_than: bytes = b"") -> None:
    deadline = time.monotonic() + 120
    while not path.exists() or path.read_bytes() == older_than:
        assert time.monotonic() < deadline, f"there is no new {path}"
        time.sleep(0.05)


@pytest.mark.usefixtures("training")
@pytest.mark.parametrize("batch,number", ((4, signal.SIGTERM), (64, signal.SIGINT)))  # 64: one step an epoch
def test_a_signal_says_the_command_that_goes_on(
    files: Callable[..., Path], batch: int, number: signal.Signals
) -> None:
    # So many that the run ends only by the signal.
    folder = files(epochs=100_000, batch=batch).parent
    line = ["train", "run.toml", "--fresh", "--out", "run"]
    history, before = folder / "run" / "history.csv", b""
    for _ in range(2):
        with running(line, folder) as process:
            wait_for(history, before)
            process.send_signal(number)
            _, said = process.communicate(timeout=60)
        assert process.returncode == 128 + number, said
        last = said.splitlines()[-1]
        assert last.startswith("sensor-bnn: Training of run was interrupted "), said
        sentence, _, again = last.partition(" Continue with: ")
        assert again == "sensor-bnn train run.toml --out run --resume", sentence
        assert "Traceback" not in said
        line = shlex.split(again)[1:]
        assert history.read_bytes() != before
        before = history.read_bytes()
    names = {path.name for path in (folder / "run").iterdir()}
    assert names == {".claim", "history.csv", "last.pt", "tensorboard"}


@pytest.mark.usefixtures("training")
@pytest.mark.parametrize("number", (signal.SIGINT, signal.SIGTERM))
def test_a_table_that_is_interrupted_goes_on_with_the_same_command(
    files: Callable[..., Path], number: signal.Signals
) -> None:
    folder = files(epochs=100_000).parent
    (folder / "table.toml").write_text('[rows]\n"one" = "run.toml"\n')
    with running(["ablate", "table.toml", "--out", "runs"], folder) as process:
        wait_for(folder / "runs" / "run-seed0" / "history.csv")
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 128 + number, said
    assert said.endswith(" Continue with: sensor-bnn ablate table.toml --out runs\n")


@pytest.mark.parametrize(
    "error,number", ((KeyboardInterrupt(), 2), (SystemExit(143), 15), (SystemExit(129), 1))
)
def test_a_signal_before_the_first_step_says_what_is_saved(
    files: Callable[..., Path],
    training: None,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    number: int,
) -> None:
    file = files()
    out = file.parent / "run"

    def interrupted(data: object) -> None:
        raise error

    def invoke(*options: str) -> InterruptionError:
        words = ["train", str(file), "--out", str(out), *options]
        monkeypatch.setattr(sys, "argv", ["sensor-bnn", *words])
        with monkeypatch.context() as patch:
            patch.setattr(sets, "load", interrupted)
            done = CliRunner().invoke(root, words)
        assert isinstance(done.exception, InterruptionError), done.output
        assert done.exception.number == number
        return done.exception

    first = invoke()
    assert first.remedy == f"Start over with: sensor-bnn train {file} --out {out}"
    cut_file(file, out)
    assert invoke("--resume").remedy == f"Continue with: sensor-bnn train {file} --out {out} --resume"
    assert invoke("--fresh").remedy == f"Start over with: sensor-bnn train {file} --out {out} --fresh"
    assert (out / "last.pt").exists()


def test_images_of_files_are_not_all_read(tmp_path: Path) -> None:
    """To read ImageNet for a digest would take as long as an epoch."""
    (tmp_path / "image").write_bytes(b"no image, which reading it would refuse")
    pixels = FilePixels((tmp_path / "image",), 8)
    y = np.zeros(1, dtype=np.int64)
    assert data_digest(Images(pixels, y, pixels, y, ("a",)), parse_recipe({}, "x"))
