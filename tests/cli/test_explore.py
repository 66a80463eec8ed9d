"""``explore``: costs first, then training within the budget; it resumes, and refuses another study."""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from filelock import FileLock

from sensor_bnn.cli.explore import command
from sensor_bnn.digests import sealed
from sensor_bnn.errors import BoardError, BusyError, CheckpointError
from sensor_bnn.train.space import KINDS
from sensor_bnn.workflows.explore import board_of, kinds_for
from sensor_bnn.workflows.trial_seals import PLANNED, PROCESS

RECIPE = """
preset = "sensor-nano"
[data]
set = "npz"
path = "{path}"
train_subjects = [1, 2, 3]
test_subjects = [4]
[model]
stem_kernel = 5
[schedule]
epochs = 7
batch = 16
warmup = 2
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    y = np.tile([0, 1], 48)
    x = random.normal(size=(96, 2, 24)) + 2 * y[:, None, None]
    recording = np.repeat([1, 2, 3, 4], 24)
    np.savez(tmp_path / "x.npz", x=x.astype(np.float32), y=y, classes=["low", "high"], recording=recording)
    file = tmp_path / "own.toml"
    file.write_text(RECIPE.format(path=tmp_path / "x.npz"))
    return file


def explored(recipe: Path, out: Path, *more: str) -> dict[str, Any]:
    arguments = [str(recipe), "--sizes", "1", "--kind", "1", "--steps", "6", "--out", str(out), "--json"]
    done = CliRunner().invoke(command, [*arguments, *more], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


@pytest.mark.usefixtures("training", "qemu", "cross_compiler", "long_compile")
def test_a_model_is_measured_trained_and_recommended(
    recipe: Path, tmp_path: Path, conforms: Callable[[str, object], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    import optuna

    # Signs that mean something in the URL of a database are only a name here.
    out, one = tmp_path / "50%20 of {out}?a=b", ("--target", "cortex-m0plus")
    # Over the budget: it is measured, and not trained.
    over = explored(recipe, out, *one, "--budget", "instructions=1K")
    (point,) = over["points"]
    assert point["top1"] is None and over["recommended"] is None
    assert point["over"].endswith("of 1,000 instructions per inference on cortex-m0plus")
    assert not (out / "runs").exists()
    assert (out / "study.db").stat().st_size
    # A process was killed while it worked on a trial: that one is run again.
    with monkeypatch.context() as at:
        at.chdir(out)
        study = optuna.load_study(study_name="own", storage="sqlite:///study.db")
    planned = sealed({"point": point["parts"], "seed": 0})
    study.enqueue_trial(point["parts"], user_attrs={PLANNED: planned})
    left = out / f"sensor-bnn-cost-{hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]}-x"
    elsewhere = out / "sensor-bnn-cost-00000000-x"  # Another machine's: whether it works there is not known.
    for folder in (left, elsewhere):
        (folder / "build").mkdir(parents=True)
        (folder / "alive.lock").touch()
    process = {"host": socket.gethostname(), "alive": str(left / "alive.lock")}
    study.ask().set_user_attr(PROCESS, sealed(process))
    # With a larger budget it is trained; its cost is not measured again.
    found = explored(recipe, out, *one, "--budget", "flash=1M,ram=64K,instructions=2M")
    conforms("explore", found)
    assert [folder.name for folder in out.glob("sensor-bnn-cost-*")] == [elsewhere.name]
    (trained,) = found["points"]
    assert trained["costs"] == point["costs"]
    assert found["recommended"] == trained["name"] == "1-bit-32-c1"
    (run,) = (out / "runs").iterdir()
    history = json.loads((run / "history.json").read_text())
    assert run.name == "own-1-bit-32-c1-seed0-validation"
    assert trained["runs"] == [{"seed": 0, "top1": history["test_top1"]}]
    # Of three training subjects one is held out: 48 windows in batches of 16, so 6 steps are 2 epochs.
    assert history["recipe"]["data"]["test_subjects"] == [3]
    assert history["epochs"] == 2
    assert json.loads((out / "explore.json").read_text()) == found
    assert trained["name"] in (out / "explore.html").read_text()
    assert trained["name"] in (out / "cortex-m0plus.svg").read_text()
    # Nothing is left to do; the test part is used only if it is asked for.
    before = {path: path.stat().st_mtime_ns for path in out.rglob("ckpt.pt")}
    again = explored(recipe, out, *one, "--budget", "flash=1M,ram=64K,instructions=2M")
    assert again == found and trained["test_top1"] is None
    assert before == {path: path.stat().st_mtime_ns for path in out.rglob("ckpt.pt")}
    tested = explored(recipe, out, *one, "--test")
    whole = json.loads((out / "runs" / "own-1-bit-32-c1-seed0" / "history.json").read_text())
    assert tested["points"][0]["test_top1"] == whole["test_top1"]
    assert whole["recipe"]["data"]["test_subjects"] == [4]
    # A plain network of 8 bits in the same study is trained, its cost is estimated, it is not recommended.
    both = explored(recipe, out, *one, "--kind", "separable")
    conforms("explore", both)
    assert both["points"][0] == trained and both["recommended"] == trained["name"]
    (plain,) = both["points"][1:]
    assert plain["name"] == "separable-32-c1" and plain["top1"] is not None
    assert plain["model"]["stages"] == ["", "sep"] and plain["model"]["activation"] == "relu"
    (cost,) = plain["costs"]
    assert cost["counted"] is None and cost["instructions"] == cost["published"] > 0
    assert "8 bits, separable (estimated)" in (out / "cortex-m0plus.svg").read_text()
    assert explored(recipe, out, *one, "--kind", "separable") == both
    with pytest.raises(CheckpointError, match="was begun with another recipe"):
        explored(recipe, out, *one, "--steps", "60")
    with np.load(tmp_path / "x.npz") as arrays:
        np.savez(tmp_path / "x.npz", **{**arrays, "x": arrays["x"] + 1})
    with pytest.raises(CheckpointError, match="was begun with another data"):
        explored(recipe, out, *one)


def test_a_target_without_an_emulated_board_is_refused(recipe: Path, tmp_path: Path) -> None:
    with pytest.raises(BoardError, match="No emulated board has the target host"):
        explored(recipe, tmp_path / "out", "--target", "host")
    assert not (tmp_path / "out").exists()


def test_a_target_without_rates_has_no_separable_networks(recipe: Path, tmp_path: Path) -> None:
    with pytest.raises(BoardError, match="There is no estimate of separable networks on cortex-m55"):
        explored(recipe, tmp_path, "--kind", "separable", "--target", "cortex-m3", "--target", "cortex-m55")
    assert kinds_for([board_of("cortex-m3"), board_of("cortex-m55")], ()) == ("1 bit", "mixed", "8 bits")
    assert kinds_for([board_of("cortex-m3")], ()) == KINDS


def test_two_boards_of_one_target_are_refused(recipe: Path, tmp_path: Path) -> None:
    both = ("--target", "cortex-m4", "--target", "qemu-netduinoplus2", "--out", str(tmp_path / "out"))
    done = CliRunner().invoke(command, [str(recipe), *both])
    assert done.exit_code == 2
    assert "qemu-mps2-an386 and qemu-netduinoplus2 are both cortex-m4" in done.output


@pytest.mark.parametrize("budget", ["flash=12Q", "cycles=3", "flash=1K,flash=2K", "ram", "ram=" + 400 * "9"])
def test_a_budget_that_is_none_is_refused(budget: str, recipe: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(command, [str(recipe), "--budget", budget, "--out", str(tmp_path / "out")])
    assert done.exit_code == 2
    assert "Write flash=128K,ram=16K,instructions=2M." in done.output


@pytest.mark.usefixtures("training")
def test_a_database_that_cannot_be_used_is_one_sentence(recipe: Path, tmp_path: Path) -> None:
    import optuna

    for url in ("nonsense", "sqlite:////absent/folder/x.db", "postgresql://me:secret@host:port/{x}"):
        with pytest.raises(CheckpointError, match=r"The study in .* cannot be used") as refused:
            explored(recipe, tmp_path / "out", "--storage", url)
        assert "secret" not in str(refused.value)
    foreign = f"sqlite:///{tmp_path / 'foreign.db'}"
    optuna.create_study(study_name="own", storage=foreign)
    with pytest.raises(CheckpointError, match="is not one of `sensor-bnn explore`"):
        explored(recipe, tmp_path / "out", "--storage", foreign)
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    (damaged / "study.db").write_bytes(b"no database" * 100)
    with pytest.raises(CheckpointError, match=r"cannot be used: .*file is not a database"):
        explored(recipe, damaged)


@pytest.mark.usefixtures("training")
def test_a_study_that_another_process_opens_is_waited_for(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sensor_bnn.workflows.explore._OPEN_SECONDS", 0.1)
    with FileLock(tmp_path / "study.lock"), pytest.raises(BusyError, match=r"held .* for 0\.1 seconds"):
        explored(recipe, tmp_path)
    assert not (tmp_path / "study.db").exists()
