"""The ways of docs/first-decision.md and docs/own-sensor.md as a user types them, and mistakes near them."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from bundles import write_bundle
from click.testing import CliRunner, Result

from sensor_bnn.cli import root
from sensor_bnn.data.samples import read_samples
from sensor_bnn.errors import SensorBnnError
from sensor_bnn.train.recipe import load_recipe

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "own-sensor.md").read_text(encoding="utf-8")
FIRST = (DOCS / "first-decision.md").read_text(encoding="utf-8")
WINDOWS = 15
"""Of the test part: one recording of each class, of 300 samples, in windows of 100 by 50."""


def blocks(kind: str, page: str = PAGE) -> list[str]:
    """The page's blocks of code of a kind, without their indent."""
    found = re.findall(rf"^( *)```{kind}\n(.*?)^ *```", page, flags=re.MULTILINE | re.DOTALL)
    return ["\n".join(line[len(indent) :] for line in text.splitlines()) for indent, text in found]


def commands(page: str) -> list[list[str]]:
    """The page's commands of this program."""
    lines = [shlex.split(line) for block in blocks("sh", page) for line in block.splitlines()]
    return [line for line in lines if line[0] == "sensor-bnn"]


COMMANDS = commands(PAGE)
FIRST_COMMANDS = {line[1]: line for line in commands(FIRST)[1:]}
"""Those of the first page after the one that writes an example, by their names."""


def typed(line: list[str]) -> Result:
    assert line[0] == "sensor-bnn"
    return CliRunner().invoke(root, line[1:])


def refusal(*words: str | Path) -> SensorBnnError:
    error = typed(["sensor-bnn", *map(str, words)]).exception
    assert isinstance(error, SensorBnnError), error
    return error


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, training: None) -> Path:
    """A folder in which the pages' commands up to the evaluation were typed."""
    folder = tmp_path_factory.mktemp("own-sensor")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        example, proposal = commands(FIRST)[:2]
        for line in (example, proposal):
            done = typed(line)
            assert done.exit_code == 0, (done.output, done.exception)
        assert "\n".join(Path("my-sensor.csv").read_text().splitlines()[:3]) in blocks("text", FIRST)
        recipe = Path("my-sensor.toml")
        assert [recipe.read_text().rstrip()] == blocks("toml", FIRST)
        (stated,) = blocks("toml")
        Path("stated.toml").write_text(f'name = "my-sensor"\n{stated}', encoding="utf-8")
        assert load_recipe("stated.toml") == load_recipe("my-sensor.toml"), "both pages have one recipe"
        recipe.write_text(recipe.read_text() + "\n[schedule]\nepochs = 8\n", encoding="utf-8")
        look, dry, train = (line for line in COMMANDS if line[1] in ("data", "train"))
        assert train == FIRST_COMMANDS["train"]
        for line in (look, dry, train):
            done = typed(line)
            assert done.exit_code == 0, (done.output, done.exception)
            if line == look:
                assert "page data.html" in done.stdout.splitlines()
            if line == dry:
                assert "will learn from 45 samples and be tested on 15" in done.stdout
        (progress,) = re.findall(r"(?m)^epochs .*$", done.stderr)
        assert re.search(r"8/8 .*my-sensor  rate \S+  loss \S+  right \S+%.*  [\d,]+/s$", progress.rstrip())
        # The split that the recipe leaves open is that of both, and both say it.
        told = (
            "split: 25% of the recordings of each class, drawn with seed 0 (data.test_share, data.split_seed)"
        )
        assert f"{told}: 45 to learn from (recordings rest-1, rest-2, rest-3, shake-1, " in done.stderr
        assert "15 to test on (recordings rest-4, shake-2, wave-4)" in done.stderr
        assert "not used: nothing" in done.stderr
    return folder


@pytest.fixture
def there(trained: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(trained)
    return trained


CKPT = Path("runs/my-sensor-seed0/ckpt.pt")


def test_the_pages_evaluation_writes_all_windows_of_a_small_test_part(there: Path) -> None:
    (line,) = (line for line in COMMANDS if line[1] == "evaluate")
    done = typed(line)
    assert done.exit_code == 0, (done.output, done.exception)
    assert f"of {WINDOWS} samples" in done.stdout
    assert f"{WINDOWS} samples of the test part are in {line[-1]}" in done.stdout.splitlines()
    assert len(read_samples(there / line[-1]).y) == WINDOWS


def test_more_samples_than_windows_are_refused_by_the_options_name(
    there: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sensor_bnn.measure.on_host.run_checkpoint", lambda *arguments: pytest.fail("ran"))
    file = tmp_path / "samples.npz"
    error = refusal("evaluate", CKPT, "--write-samples", file, "--samples", "16")
    assert error.message == f"--samples is 16, but the recipe's test part has {WINDOWS} samples."
    assert "1 to 15" in error.remedy and not file.exists()


TAKES_A_CHECKPOINT = (["evaluate"], ["export"], ["demo", "--checkpoint"])


@pytest.fixture
def interrupted(there: Path, tmp_path: Path) -> Path:
    """The folder of a run that was ended before its last epoch."""
    shutil.copy(there / CKPT.with_name("last.pt"), tmp_path / "last.pt")
    return tmp_path


@pytest.mark.parametrize("words", TAKES_A_CHECKPOINT)
@pytest.mark.parametrize("name", ["last.pt", "ckpt.pt"])
def test_a_run_that_is_not_finished_says_how_to_finish_it(
    name: str, words: list[str], interrupted: Path
) -> None:
    error = refusal(*words, interrupted / name)
    assert "is not finished" in error.message and str(interrupted / name) in error.message
    assert f"`sensor-bnn train RECIPE --out {interrupted} --resume`" in error.remedy


@pytest.mark.parametrize("words", TAKES_A_CHECKPOINT)
def test_the_state_of_a_finished_run_names_its_checkpoint(words: list[str], there: Path) -> None:
    error = refusal(*words, CKPT.with_name("last.pt"))
    assert "the state from which a run resumes" in error.message
    assert error.remedy == f"Give {CKPT}."


def test_a_demo_without_samples_says_how_to_write_them(there: Path, tmp_path: Path) -> None:
    folder = tmp_path / "with space"
    folder.mkdir()
    shutil.copy(there / CKPT, folder / "ckpt.pt")
    error = refusal("demo", "--checkpoint", folder / "ckpt.pt")
    assert error.message == f"There are no samples beside {folder / 'ckpt.pt'}."
    (line,) = re.findall("`(.*?)`", error.remedy)
    done = typed(shlex.split(line))
    assert done.exit_code == 0, (done.output, done.exception)
    assert len(read_samples(folder / "samples.npz").y) == WINDOWS


@pytest.mark.parametrize("command", ["bench", "profile", "stream", "monitor", "evaluate"])
def test_a_bundle_without_samples_says_what_writes_them(command: str, tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path / "bundle")
    for words in ([], ["--samples" if command in ("bench", "profile") else "--data", "none.npz"]):
        done = typed(["sensor-bnn", command, str(bundle), "--port", "/dev/none", *words])
        said = f"{done.stderr} {done.exception}"
        assert "`sensor-bnn evaluate CKPT --write-samples FILE`" in " ".join(said.split())


@pytest.mark.usefixtures("long_compile")
def test_an_export_without_samples_says_how_to_write_them_and_has_a_start(
    there: Path, tmp_path: Path
) -> None:
    """The start for own code fits the model: its three channels and three classes, by their names."""
    shutil.copy(there / CKPT, tmp_path / "ckpt.pt")
    done = typed(["sensor-bnn", "export", str(tmp_path / "ckpt.pt"), "--target", "host", "-o", str(tmp_path)])
    assert done.exit_code == 0, (done.output, done.exception)
    line = f"sensor-bnn evaluate {tmp_path / 'ckpt.pt'} --write-samples {tmp_path / 'samples.npz'}"
    assert f"Write them with `{line}`" in done.stdout
    bundle = tmp_path / "host"
    start = [bundle / "examples" / name for name in ("classifier.c", "firmware.c")]
    for place, name in enumerate(("ax", "ay", "az")):
        assert f'MY_SENSOR_CHANNEL({place}, 0.0, 1.0), /* "{name}" */' in start[0].read_text()
    strict = ("-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Wpedantic", "-Werror")
    program = tmp_path / "start"
    line = ("gcc", *strict, f"-I{bundle}", *start, bundle / "libmy_sensor.a", "-o", program)
    subprocess.run(line, check=True)
    said = subprocess.run([program], check=True, capture_output=True, text=True).stdout.splitlines()
    assert len(said) == 5 and {*said} <= {"rest", "shake", "wave"}


@pytest.mark.usefixtures("cross_compiler", "qemu")
def test_the_pages_demo_measures_the_own_model(there: Path) -> None:
    for line in (line for line in COMMANDS if line[1] in ("evaluate", "demo")):
        done = typed(line)
        assert done.exit_code == 0, (done.output, done.exception)
    assert f"{WINDOWS}" in done.stdout and "my-sensor" in done.stdout


@pytest.mark.usefixtures("cross_compiler", "qemu")
def test_the_first_page_ends_with_decisions_and_a_bundle(there: Path) -> None:
    """After the demo of the other page, which compiles the same kernels."""
    done = typed(FIRST_COMMANDS["export"])
    assert done.exit_code == 0, (done.output, done.exception)
    done = typed(FIRST_COMMANDS["stream"])
    assert done.exit_code == 0, (done.output, done.exception)
    named = re.findall(r"(?m)^recording (\S+), not learned from$", done.stdout)
    decisions = re.findall(r"(?m)^ +[\d.]+ s  (?:rest|shake|wave) +[\d.]+%   window alone: \w+$", done.stdout)
    assert named == ["rest-4", "shake-2", "wave-4"] and len(decisions) == WINDOWS
    (shown,) = (block for block in blocks("text", FIRST) if block.startswith("recording "))
    # All but the shares, which depend on the number of epochs.
    page, board = (re.sub(r"\d[\d.]*%", "SHARE", text) for text in (shown, done.stdout))
    assert page.count("SHARE") == 2 and page in board
    done = typed(FIRST_COMMANDS["compile"])
    assert done.exit_code == 0, (done.output, done.exception)
    bundle, copied = done.stdout.splitlines()[-2:]
    assert bundle == "bundle gesture"
    assert "Copy the folder unchanged" in copied
    for name in ("gesture.h", "gesture_window.h", "libgesture.a"):
        assert name in copied and name in FIRST and Path("gesture", name).is_file()
    for name in ("classifier.c", "classifier.h", "firmware.c"):
        assert name in FIRST and Path("gesture/examples", name).is_file()
    assert FIRST_COMMANDS.keys() == {"data", "train", "export", "stream", "compile"}


def test_the_first_page_is_read_in_four_minutes() -> None:
    """At 200 words per minute, code included."""
    assert len(FIRST.split()) < 850


@pytest.fixture
def elsewhere(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return trained


def test_a_run_works_from_another_folder(elsewhere: Path, tmp_path: Path) -> None:
    """The data are found beside the recipe, also by its checkpoint and when the run is resumed."""
    recipe = elsewhere / "my-sensor.toml"
    shutil.copytree(elsewhere / CKPT.parent, tmp_path / "run")
    for words in (
        ["train", str(recipe), "--dry-run"],
        ["train", str(recipe), "--out", "run", "--resume"],
        ["evaluate", "run/ckpt.pt"],
    ):
        done = typed(["sensor-bnn", *words])
        assert done.exit_code == 0, (done.output, done.exception)


def test_data_beside_neither_recipe_nor_user_name_both_folders(tmp_path: Path) -> None:
    (recipe,) = blocks("toml")
    (tmp_path / "my-sensor.toml").write_text(recipe, encoding="utf-8")
    error = refusal("train", tmp_path / "my-sensor.toml", "--dry-run")
    assert error.message == f"There is no my-sensor.csv in {tmp_path} or {Path.cwd()}."
    assert "relative to the recipe's file" in error.remedy


@pytest.mark.parametrize(
    ("name", "recipe"), [("my-sensor.csv", "my-sensor"), ("data/Mine.NPZ", "Mine"), ("my ö.WAV", "my-sensor")]
)
def test_data_in_place_of_a_recipe_name_the_command_that_writes_one(name: str, recipe: str) -> None:
    error = refusal("train", name)
    assert error.message == f"{name} is data, not a recipe."
    (line,) = re.findall("`(.*?)`", error.remedy)
    assert shlex.split(line) == ["sensor-bnn", "data", name, "--write-recipe", f"{recipe}.toml"]
    assert "docs/first-decision.md" in error.remedy and len(error.remedy) < 200


def test_a_recipe_with_a_slip_names_the_near_ones() -> None:
    assert refusal("train", "watch-tinny").remedy.startswith("Did you mean watch-tiny")
    assert refusal("train", "watch-tiny.tom").remedy.startswith("Did you mean watch-tiny")


def test_of_few_classes_the_first_five_are_not_counted(there: Path) -> None:
    assert "top-5" not in typed(["sensor-bnn", "evaluate", str(CKPT)]).stdout
    assert "top-5" in typed(["sensor-bnn", "evaluate"]).stdout


def test_the_folder_of_a_run_names_its_checkpoint(there: Path) -> None:
    error = refusal("export", CKPT.parent)
    assert (error.message, error.remedy) == (
        f"{CKPT.parent} is a folder, not a sensor-bnn checkpoint.",
        f"Give {CKPT}.",
    )


@pytest.mark.parametrize("command", [["verify"], ["compile"], ["tune", "--target", "cortex-m7"]])
@pytest.mark.parametrize("missing", [False, True])
def test_a_bundle_in_place_of_its_onnx_file_is_refused_at_once(
    missing: bool, command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for heavy in ("sensor_bnn.workflows.verify", "sensor_bnn.compiler.pipeline", "sensor_bnn.tuning.tune"):
        monkeypatch.setitem(sys.modules, heavy, None)
    bundle = write_bundle(tmp_path / "bundle")
    if missing:
        assert refusal(*command, tmp_path / "none.onnx").message == f"There is no {tmp_path / 'none.onnx'}."
        return
    error = refusal(*command, bundle)
    assert (
        error.message == f"{bundle} is a folder, not an ONNX file." and "`sensor-bnn export`" in error.remedy
    )
    (tmp_path / "model.onnx").touch()
    assert refusal(*command, bundle).remedy == f"Give {tmp_path / 'model.onnx'}."
