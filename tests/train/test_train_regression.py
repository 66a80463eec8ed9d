"""Regression: numbers from the data to the exported integers, on this machine and on emulated boards."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from oscillations import LENGTH, TARGETS, write_recipe

import sensor_bnn
from sensor_bnn.cli import root
from sensor_bnn.compiler.fixed_numbers import fixed_of, to_numbers
from sensor_bnn.data.numbers import Fit, strata
from sensor_bnn.data.predicted import Number
from sensor_bnn.data.samples import read_samples
from sensor_bnn.errors import CheckpointError, DataError, InterruptionError
from sensor_bnn.nn.checkpoint import load_checkpoint
from sensor_bnn.onnx.quantities import to_values
from sensor_bnn.train import sets
from sensor_bnn.train.loop import train
from sensor_bnn.train.own_windows import from_npz
from sensor_bnn.train.parts import settled
from sensor_bnn.train.recipe import DataRecipe, load_recipe
from sensor_bnn.train.regression import targets_of
from sensor_bnn.train.windows import Recordings

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "own-sensor.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("## Numbers instead of classes")[2].partition("\n## ")[0]
RECIPE, TYPED = re.findall(r"(?ms)^```\n(.*?)^```", SECTION)
COMMANDS = [shlex.split(line)[1:] for line in TYPED.splitlines()]
"""What the page says to type."""

KEYS = ("rmse_torch", "rmse_onnx", "largest_difference")


def loaded(set_: str, path: Path, *targets: str, **more: Any) -> Recordings:
    data = DataRecipe(set=set_, path=str(path), targets=targets, **{"window": 4, "step": 2, **more})
    dataset = sets.load(data)
    assert isinstance(dataset, Recordings)
    return dataset


def table(rows: int, recordings: int = 3, header: str = "recording,label,a,speed,b,load") -> str:
    lines = [header]
    for recording in range(1, recordings + 1):
        for at in range(rows):
            label = "slow" if at < 3 else "fast"
            lines.append(f"{recording},{label},{at},{recording + at / 8},{-at},{10 * recording}")
    return "\n".join(lines) + "\n"


def test_a_window_has_the_mean_of_a_column_and_a_label_cuts_none(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text(table(6))
    found = loaded("csv", file, "speed", "load")
    assert found.channels == ("a", "b") and found.target_names == ("speed", "load")
    # Windows of four, one every two, in six samples of a recording; the label changes within the first.
    assert found.targets is not None
    expected = [[n + (first + 1.5) / 8, 10 * n] for n in (1, 2, 3) for first in (0, 2)]
    assert np.array_equal(found.targets, expected)
    assert found.windows().targets is found.targets
    part = found.of_groups([2])
    assert part.targets is not None and part.targets.tolist() == expected[2:4]
    with pytest.raises(DataError, match=r"the target load is always 20"):
        part.scaling()
    assert found.targets is not None
    for scale, offset, message in (
        (1e-30, 0, "has a deviation of .*e-31; float32 hardly holds"),
        (1e-200, 0, "has a deviation of [1-9].*e-201; float32 hardly holds"),  # its square is 0 in float64
        (1, 1e7, "an answer in float32 hardly holds how it changes"),
    ):
        with pytest.raises(DataError, match=message):
            replace(found, targets=found.targets * scale + offset).scaling()


def test_channels_that_are_named_do_not_leave_out_the_targets(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text(table(6))
    found = loaded("csv", file, "load", channels=("b",))
    assert found.channels == ("b",) and found.signal.min() == -5
    assert found.targets is not None and found.targets[:, 0].tolist() == [10, 10, 20, 20, 30, 30]


@pytest.mark.parametrize(
    ("text", "targets", "message"),
    [
        (table(6), ("force",), r"data\.targets names force, but .* has the columns a, speed, b, load"),
        (table(6), ("a", "speed", "b", "load"), r"has no channel beside the targets"),
        (table(6).replace("1,slow,2,1.25", "1,slow,2,"), ("speed",), r"speed is ''; it must be a number"),
        (
            table(6, 1, "run,label,a,speed,b,load"),
            ("speed",),
            r"has no column recording: a split is by recordings",
        ),
    ],
)
def test_what_a_table_lacks_is_named(
    text: str, targets: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    file = tmp_path / "x.csv"
    file.write_text(text)
    with pytest.raises(DataError, match=message):
        loaded("csv", file, *targets)


def test_a_missing_number_is_not_filled_in(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text(table(6).replace("1,slow,2,1.25", "1,slow,2,"))
    with pytest.raises(DataError, match=r"The target speed has no value 2 samples after line 2"):
        loaded("csv", file, "speed", missing="hold")
    file.write_text(table(6).replace(table(6).splitlines()[1], "1,slow,0,nan,-1,10", 1))
    with pytest.raises(DataError, match=r"The target speed has no value in line 2 of"):
        loaded("csv", file, "speed", missing="hold")


@pytest.mark.parametrize("value", ["", "nan", "fast"])
def test_advice_on_a_target_is_none_that_a_recipe_with_targets_refuses(value: str, tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text(table(6).replace("1,slow,2,1.25", f"1,slow,2,{value}"))
    with pytest.raises(DataError, match="speed is") as failed:
        loaded("csv", file, "speed")
    assert "data.targets" in failed.value.remedy
    assert "data.missing" not in failed.value.remedy and "label" not in failed.value.remedy


def test_an_npz_of_numbers_is_asked_for_numbers(tmp_path: Path) -> None:
    file, x = tmp_path / "x.npz", np.zeros((3, 2, 4), np.float32)
    arrays = {"x": x, "recording": np.arange(3), "targets": np.array(["a", "b", "c"])}
    np.savez(file, **arrays)
    with pytest.raises(DataError, match="targets is <U1") as failed:
        from_npz(file, ("speed",))
    assert "targets, numbers" in failed.value.remedy and "classes" not in failed.value.remedy
    with pytest.raises(DataError, match="targets is <U1") as failed:
        read_samples(file)
    assert "targets, numbers" in failed.value.remedy and "classes" not in failed.value.remedy


def test_of_an_npz_with_classes_and_numbers_a_note_says_which_are_used(tmp_path: Path) -> None:
    file, x = tmp_path / "x.npz", np.zeros((3, 2, 4), np.float32)
    labels = {"y": np.arange(3) % 2, "classes": np.array(["a", "b"])}
    np.savez(file, x=x, recording=np.arange(3), targets=np.arange(3.0), **labels)
    (note,) = from_npz(file, ("speed",)).notes
    assert "its targets are used; its y and classes are not" in note
    (note,) = from_npz(file).notes
    assert "its y and classes are used; its targets are not" in note


SERIES = "@problemName x\n@timeStamps false\n@targetlabel {}\n@data\n1,2,3,4:{}\n2,3,4,6:{}\n5,6,7,9:{}\n"


def test_series_with_a_number_each(tmp_path: Path) -> None:
    file = tmp_path / "x.ts"
    file.write_text(SERIES.format("true", 0.5, -2, 1e3))
    found = loaded("ts", file, "rate")
    assert found.target_names == ("rate",) and found.targets is not None
    assert found.targets[:, 0].tolist() == [0.5, -2, 1000] and found.channels == ("x1",)
    with pytest.raises(DataError, match="its targets are numbers, not classes"):
        loaded("ts", file)
    with pytest.raises(DataError, match=r"has one number per series, and data\.targets names 2"):
        loaded("ts", file, "rate", "other")
    file.write_text(SERIES.format("true", 0.5, "fast", 1e3))
    with pytest.raises(DataError, match="line 6: 'fast' is no number"):
        loaded("ts", file, "rate")
    file.write_text(SERIES.format("false", 1, 2, 3))
    with pytest.raises(DataError, match="its header has no line `@targetlabel true`"):
        loaded("ts", file, "rate")


def test_an_array_of_numbers(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(6, 2, 4)).astype(np.float32)
    numbers = random.normal(size=(6, 2))
    file = tmp_path / "x.npz"
    names = np.array(["pressure", "flow"])
    np.savez(file, x=x, targets=numbers, target_names=names, recording=np.arange(6))
    found = loaded("npz", file, "flow", "pressure")
    assert found.targets is not None and np.array_equal(found.targets, numbers[:, ::-1])
    assert loaded("npz", file, "flow").target_names == ("flow",)
    samples = read_samples(file, 4)
    assert samples.targets is not None and np.array_equal(samples.targets, numbers[:4])
    with pytest.raises(DataError, match=r"it has no target force, .*: its targets are pressure, flow"):
        loaded("npz", file, "force")
    with pytest.raises(DataError, match="it has targets, numbers to predict, and no classes"):
        loaded("npz", file)
    np.savez(file, x=x, targets=numbers, recording=np.arange(6))
    with pytest.raises(DataError, match=r"targets has 2 columns without names, and data\.targets names 1"):
        loaded("npz", file, "flow")
    np.savez(file, x=x, targets=np.append(numbers[:5, 0], np.nan), recording=np.arange(6))
    with pytest.raises(DataError, match=r"targets\[5, 0\] is nan; it must be a finite number"):
        loaded("npz", file, "flow")


@pytest.mark.parametrize(
    ("section", "line", "key"),
    [
        ("[schedule]", "smoothing = 0.1", r"schedule\.smoothing"),
        ("[schedule]", 'class_weights = "auto"', r"schedule\.class_weights"),
        ("[data]", 'normal = "runs"', r"data\.normal"),
        ("[data]", 'labels = "folder"', r"data\.labels"),
        ("[augment]", "mixup = 0.2", r"augment\.mixup"),
        ("[augment]", "auto = true", r"augment\.auto"),
        ("[distill]", 'teacher = "watch-small"', r"distill\.teacher"),
    ],
)
def test_what_is_for_classes_is_refused_by_its_name(
    section: str, line: str, key: str, tmp_path: Path
) -> None:
    recipe = write_recipe(tmp_path)
    text = recipe.read_text()
    recipe.write_text(
        text.replace(section, f"{section}\n{line}") if section in text else f"{text}{section}\n{line}\n"
    )
    with pytest.raises(CheckpointError, match=key):
        load_recipe(str(recipe))


def test_what_compares_classes_refuses_numbers_and_classes_have_one_loss(tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path)
    for command in ("ablate", "explore"):
        failed = CliRunner().invoke(root, [command, str(recipe), "--out", str(tmp_path / "out")])
        assert isinstance(failed.exception, CheckpointError)
        assert "predicts numbers (data.targets)" in str(failed.exception)
    classes = tmp_path / "classes.toml"
    classes.write_text('[schedule]\nloss = "huber"\n')
    with pytest.raises(CheckpointError, match="classes have one loss only"):
        load_recipe(str(classes))
    recipe.write_text(recipe.read_text().replace("sensor-nano-conv", "sensor-tiny"))
    with pytest.raises(CheckpointError, match="the preset sensor-tiny is of the family vit"):
        load_recipe(str(recipe))
    with pytest.raises(DataError, match="names 2"):
        sets.load(DataRecipe(set="covid-3-month", targets=("rate", "other")))


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60))
def test_a_value_is_in_the_quarter_that_its_stratum_names(values: list[float]) -> None:
    array = np.array(values)
    place, names = strata(array, "speed")
    assert set(place.tolist()) == set(range(len(names))) and len(set(names)) == len(names)
    for value, at in zip(values, place.tolist(), strict=True):
        bounds = dict(re.findall(r"(from|below|to) (\S+)", names[at]))
        assert value >= float(bounds.get("from", -np.inf))
        assert value < float(bounds.get("below", bounds.get("to", np.inf)))


def test_the_split_has_its_share_of_each_quarter(tmp_path: Path) -> None:
    plan = load_recipe(str(write_recipe(tmp_path)))
    dataset = sets.load(plan.data)
    assert isinstance(dataset, Recordings)
    learned, tested = settled(dataset, plan.data).parts()
    assert not {*learned} & {*tested}
    counts = np.bincount(dataset.y[dataset.is_of(tested)], minlength=4) / np.bincount(dataset.y)
    assert (abs(counts - 0.25) < 0.1).all()


@given(
    st.floats(1e-6, 1e6),
    st.floats(-1e6, 1e6),
    st.lists(st.integers(-(1 << 15), (1 << 15) - 1), min_size=1, max_size=8),
)
def test_the_integers_of_a_number_are_its_value(scale: float, offset: float, outputs: list[int]) -> None:
    number = Number("speed (m/s)", scale, offset)
    made = to_numbers(np.array(outputs)[:, None], (number,))[:, 0]
    assert number.unit == "m/s" and (abs(made) <= np.iinfo(np.int32).max).all()
    exact = np.array([scale * output + offset for output in outputs])
    bits = fixed_of(number).bits
    # Half a step each of multiplier (times an output), addend and shift, beside the rounding of float64.
    assert (abs(made - exact * 2.0**bits) <= 2 + 1e-6 * abs(made)).all()


def test_data_shows_ranges_and_histograms(tmp_path: Path) -> None:
    recipe, page = write_recipe(tmp_path), tmp_path / "page.html"
    done = CliRunner().invoke(root, ["data", str(recipe), "--json"], catch_exceptions=False)
    found = json.loads(done.stdout)
    assert found["classes"] == [] and found["unlabelled"] == 0
    assert [one["name"] for one in found["channels"]] == ["x", "y"]
    assert [(one["name"], one["unit"]) for one in found["targets"]] == [(TARGETS[0], "Hz"), (TARGETS[1], "")]
    windows = found["split"]["learned_windows"], found["split"]["tested_windows"]
    for one in found["targets"]:
        assert (sum(one["learned"]), sum(one["tested"])) == windows and one["low"] < one["mean"] < one["high"]
    shown = CliRunner().invoke(root, ["data", str(recipe), "--html", str(page)], catch_exceptions=False)
    assert "numbers to predict" in shown.output and "quarter of frequency (Hz)" in shown.output
    assert page.read_text().count('class="bars"') == 20


def printed(*words: object) -> dict[str, Any]:
    done = CliRunner().invoke(root, [*map(str, words), "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(next(line for line in done.stdout.splitlines() if line[:1] == "{"))
    return found


@dataclass(frozen=True)
class Trained:
    """The folder in which the page's commands are typed, and what the training printed."""

    folder: Path
    result: dict[str, Any]

    @property
    def run(self) -> Path:
        return self.folder / "runs" / "oscillation"

    @property
    def samples(self) -> Path:
        return self.run / "samples.npz"


@pytest.fixture(scope="module")
def trained(training: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trained]:
    folder = tmp_path_factory.mktemp("regression")
    write_recipe(folder)
    (folder / "oscillation.toml").write_text(f"{RECIPE}\n[schedule]\nepochs = 14\nbatch = 16\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        shown, training_line, write = COMMANDS[:3]
        assert printed(*shown)["split"]["tested_windows"] == 80 and len(COMMANDS) == 8
        result = printed(*training_line, "--report", "page.html")
        printed(*write)
        yield Trained(folder, result)


@pytest.mark.usefixtures("training")
def test_a_run_that_was_stopped_in_an_epoch_goes_on_with_the_same_errors(tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path, epochs=2)
    recipe.write_text(recipe.read_text() + 'loss = "huber"\nrounding = 0.0\n')
    plan = load_recipe(str(recipe))
    dataset = sets.load(plan.data)
    whole = train(plan, dataset, 0, tmp_path / "whole")

    def stop(epochs: float, speed: float) -> None:
        if 0.4 < epochs < 0.5:
            signal.raise_signal(signal.SIGTERM)

    with pytest.raises(InterruptionError):
        train(plan, dataset, 0, tmp_path / "cut", stepped=stop)
    again = train(plan, dataset, 0, tmp_path / "cut", resume=True)
    assert again.history == whole.history and "rmse" in again.history[0]
    assert isinstance(again.test, Fit) and isinstance(whole.test, Fit)
    assert again.test.rmse == whole.test.rmse


@pytest.fixture(scope="module")
def exported(trained: Trained, cross_compiler: None, long_compile: None) -> Path:
    found = printed(*COMMANDS[3])
    compared = found["comparison"]
    assert compared["names"] == [*TARGETS] and compared["samples"] == 40
    for torch, onnx, largest in zip(*(compared[key] for key in KEYS), strict=True):
        # Both compute in the same integers since the last epochs.
        assert torch == pytest.approx(onnx) and largest < 1e-5
    return trained.folder / "build" / "oscillation"


def test_training_is_far_better_than_the_mean(trained: Trained) -> None:
    for one in trained.result["targets"]:
        assert one["rmse"] < 0.7 * one["baseline_rmse"] and one["mae"] <= one["rmse"] and one["r2"] > 0.5
    assert trained.result["test_rmse"] < 0.7 and trained.result["history"][0]["rmse"] > 0.7
    checkpoint = load_checkpoint(trained.run / "ckpt.pt")
    assert [one.name for one in targets_of(checkpoint.model)] == [*TARGETS]
    assert checkpoint.metrics["test_rmse"] == trained.result["test_rmse"]
    assert (trained.folder / "page.html").read_text().count('class="point"') == 2 * 80
    found = printed("evaluate", trained.run / "ckpt.pt")
    assert found["targets"] == trained.result["targets"] and found["top1"] is None
    shown = CliRunner().invoke(root, ["evaluate", str(trained.run / "ckpt.pt"), "--confusion", "x.png"])
    assert isinstance(shown.exception, DataError) and "no confusion matrix" in str(shown.exception)


def test_python_and_c_give_the_same_numbers(exported: Path, trained: Trained, tmp_path: Path) -> None:
    bundle = exported / "host"
    model = sensor_bnn.load(bundle)
    numbers = model.metadata.numbers
    assert numbers is not None and model.metadata.classes is None
    samples = read_samples(trained.samples)
    outputs = model(samples.x)
    onnx = printed("evaluate", exported / "model.onnx", "--data", trained.samples)
    host = printed(*COMMANDS[4])
    for at, one in enumerate(host["targets"]):
        assert [answer for _, answer in one["points"]] == to_values(outputs, numbers)[:, at].tolist()
        assert one["points"] == onnx["targets"][at]["points"]
    assert np.array_equal(model.values(samples.x), to_values(outputs, numbers))
    # A firmware's program: each window goes through the ring; its answer is read in floats and integers.
    program = tmp_path / "main.c"
    program.write_text(PROGRAM)
    sources = [bundle / name for name in model.metadata.sources]
    strict = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wundef"]
    compiler = shutil.which("cc")
    assert compiler is not None
    command = [compiler, *strict, f"-I{bundle}", str(program), *map(str, sources), str(bundle / "kernels.o")]
    subprocess.run([*command, "-o", str(tmp_path / "main")], check=True)
    steps = np.array(model.metadata.input_step)[:, None]
    whole = np.rint(samples.x / steps).clip(-32768, 32767).astype(np.int16)
    stream = np.ascontiguousarray(whole.transpose(0, 2, 1)).tobytes()
    done = subprocess.run([str(tmp_path / "main")], input=stream, capture_output=True, check=True)
    lines = [line.split() for line in done.stdout.decode().splitlines()]
    assert lines[0] == ["Hz", "-"]
    values = np.array([[float.fromhex(word) for word in line[:2]] for line in lines[1:]], dtype=np.float32)
    integers = np.array([[int(word) for word in line[2:4]] for line in lines[1:]])
    steady = np.array([[int(word) for word in line[4:6]] for line in lines[1:]])
    assert np.array_equal(values, to_values(outputs, numbers))
    assert np.array_equal(integers, to_numbers(outputs, numbers))
    average = integers[0]
    for now, found in zip(integers, steady, strict=True):
        average = average + ((26214 * (now - average) + (1 << 15)) >> 16)
        assert np.array_equal(found, average)


PROGRAM = """
#include "oscillation.h"
#include <stdio.h>

static _Alignas(OSCILLATION_ALIGNMENT) unsigned char memory[OSCILLATION_MEMORY_BYTES];
static oscillation_model model;
static oscillation_window window;

int main(void) {
    oscillation_window_config config = OSCILLATION_WINDOW_CONFIG;
    config.hop = OSCILLATION_WINDOW;
    oscillation_sample sample[OSCILLATION_CHANNELS];
    if (oscillation_init(&model, memory, sizeof memory) != OSCILLATION_OK ||
        oscillation_window_init(&window, &config) != OSCILLATION_OK) {
        return 1;
    }
    printf("%s %s\\n", oscillation_number_units[0], oscillation_number_units[1][0] == 0 ? "-" : "?");
    while (fread(sample, sizeof sample, 1, stdin) == 1) {
        oscillation_decision decision;
        float values[OSCILLATION_OUTPUT_COUNT];
        int32_t numbers[OSCILLATION_OUTPUT_COUNT];
        if (oscillation_window_push(&window, sample) != OSCILLATION_OK) {
            return 1;
        }
        if (oscillation_window_poll(&window, &model, &decision) != OSCILLATION_OK) {
            continue;
        }
        if (oscillation_values(&model, values) != OSCILLATION_OK ||
            oscillation_numbers(&model, numbers) != OSCILLATION_OK || numbers[0] != decision.alone[0] ||
            oscillation_value(0, numbers[0]) - values[0] > 1e-5f ||
            values[0] - oscillation_value(0, numbers[0]) > 1e-5f || oscillation_value(2, 1) != 0.0f) {
            return 1;
        }
        printf("%a %a %ld %ld %ld %ld\\n", (double)values[0], (double)values[1], (long)numbers[0],
               (long)numbers[1], (long)decision.steady[0], (long)decision.steady[1]);
    }
    return 0;
}
"""


@pytest.mark.usefixtures("qemu")
def test_a_board_gives_the_host_s_numbers_to_the_last_bit(exported: Path) -> None:
    found, host = printed(*COMMANDS[5]), printed(*COMMANDS[4])
    assert found["bit_exact"] is True and found["samples"] == 40 and found["top1_device"] is None
    assert found["targets"] == host["targets"] and found["rmse"] == host["rmse"]
    Path("result.json").write_text(json.dumps(found))
    for name, sign in (("page.html", 'class="point"'), ("page.md", "| frequency (Hz) |")):
        page = CliRunner().invoke(root, ["report", "result.json", "-o", name], catch_exceptions=False)
        assert page.exit_code == 0 and sign in Path(name).read_text()


@pytest.mark.usefixtures("qemu")
def test_a_core_without_an_fpu_gives_them_too(exported: Path, trained: Trained) -> None:
    found = printed(*COMMANDS[7])
    assert found["bit_exact"] is True and found["target"] == "cortex-m0plus" and found["samples"] == 8
    assert found["top1_device"] is None and found["top1_torch"] is None
    host = printed("evaluate", exported / "host", "--data", trained.samples, "--limit", 8)
    assert [one["rmse"] for one in found["numbers"]] == [one["rmse"] for one in host["targets"]]
    Path("demo.json").write_text(json.dumps(found))
    page = CliRunner().invoke(root, ["report", "demo.json", "-o", "demo.html"], catch_exceptions=False)
    assert page.exit_code == 0 and "RMSE of frequency (Hz) on the board" in Path("demo.html").read_text()
    same = CliRunner().invoke(root, ["compare", "demo.json", "demo.json"], catch_exceptions=False)
    assert same.exit_code == 0 and "top-1" not in same.output


@pytest.mark.usefixtures("qemu")
def test_a_stream_has_the_numbers_of_each_window(exported: Path) -> None:
    found = printed(*COMMANDS[6])
    model = sensor_bnn.load(exported / "host")
    numbers = model.metadata.numbers
    assert numbers is not None and found["numbers"] == [*TARGETS] and found["top1_steady"] is None
    data = loaded("csv", Path("oscillation.csv"), *TARGETS, window=LENGTH, step=LENGTH // 2)
    of_recordings = data.of_groups([1, 2, 3])
    made = to_numbers(model(of_recordings.windows().x[:]), numbers)
    factors = np.array([2.0 ** -fixed_of(number).bits for number in numbers])
    alone = [one["alone"] for one in found["decisions"]]
    # The last of the 480 samples are 48 of a fourth recording.
    assert alone[: len(made)] == (made * factors).tolist() and len(alone) == len(made) + 1
    assert [one["at"] for one in found["decisions"]][:6] == [48, 72, 96, 120, 144, 192]
    smoothed = found["decisions"][1]["smoothed"]
    assert smoothed == pytest.approx((made[0] + 0.4 * (made[1] - made[0])) * factors, abs=1e-4)
