"""What a refusal tells a new user to type next is what helps."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from bundles import write_bundle
from click.testing import CliRunner

from sensor_bnn.cli import root
from sensor_bnn.compiler.chips import target_of_chip
from sensor_bnn.compiler.metadata import read_metadata
from sensor_bnn.errors import BoardError, BundleError, CheckpointError, SensorBnnError
from sensor_bnn.firmware.bundle import read_bundle
from sensor_bnn.hardware.boards import list_boards, load_board, without_emulator
from sensor_bnn.workflows.demo import SHIPPED


def refusal(*words: str | Path) -> SensorBnnError:
    error = CliRunner().invoke(root, [*map(str, words)]).exception
    assert isinstance(error, SensorBnnError), error
    return error


@pytest.mark.parametrize("board", [board.name for board in list_boards() if board.emulator is None])
def test_a_real_board_names_an_emulated_one_with_its_core(board: str) -> None:
    error = without_emulator(load_board(board), "Or go on.")
    (name,) = re.findall(r"is `--board ([\w-]+)`", error.remedy)
    stands_for = load_board(name)
    assert stands_for.emulator is not None and stands_for.target == load_board(board).target
    assert error.remedy.endswith(". Or go on.")


def test_an_estimate_for_a_real_board_needs_one_more_try() -> None:
    error = refusal("profile", "--board", "nucleo-f446re", "--estimate")
    assert isinstance(error, BoardError)
    assert "`--board qemu-mps2-an386`" in error.remedy and "--port" not in error.remedy
    assert "The estimate then has the time on nucleo-f446re." in error.remedy
    done = CliRunner().invoke(root, ["profile", "bundle", "--port", "p", "--estimate"])
    assert done.exit_code == 2 and "leave --port out, and give the emulated board" in " ".join(
        done.output.split()
    )


def test_a_missing_bundle_says_what_makes_one(tmp_path: Path) -> None:
    samples = ("--samples", SHIPPED / "samples.npz", "--board", "qemu-mps2-an386")
    (tmp_path / "empty").mkdir()
    for folder, told in (
        (tmp_path / "none", f"There is no bundle {tmp_path / 'none'}."),
        (tmp_path / "empty", f"{tmp_path / 'empty'} is no bundle: it has no metadata.json."),
        (Path("a\0b"), "There is no bundle a\0b."),
    ):
        for read in (read_metadata, read_bundle):
            with pytest.raises(BundleError) as refused:
                read(folder)
            assert refused.value.message == told
            assert "`sensor-bnn export CKPT --target TARGET`" in refused.value.remedy
            assert "`sensor-bnn compile MODEL.onnx --target TARGET`" in refused.value.remedy
    assert refusal("profile", tmp_path / "none", *samples).message.startswith("There is no bundle")


def test_the_folder_of_an_export_names_its_bundles(tmp_path: Path) -> None:
    for target in ("host", "cortex-m7"):
        write_bundle(tmp_path / target)
    with pytest.raises(BundleError, match="holds bundles, and is none") as refused:
        read_metadata(tmp_path)
    assert refused.value.remedy == f"Name one: {tmp_path / 'cortex-m7'} or {tmp_path / 'host'}."


@pytest.mark.parametrize("place", ["inside its bundle", "elsewhere"])
def test_a_build_in_place_of_its_bundle_names_the_bundle(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    metadata = read_metadata(write_bundle(tmp_path / "cortex-m7"))
    build = (tmp_path / "cortex-m7" if place == "inside its bundle" else tmp_path) / "my-board"
    build.mkdir()
    facts = {"board": "my-board", "model": metadata.model, "model_hash": metadata.model_hash}
    (build / "build.json").write_text(json.dumps(facts))
    around = place == "inside its bundle"
    expected = tmp_path / "cortex-m7" if around else f"the bundle of {metadata.model}"
    words = ("--port", "none", "--data", SHIPPED / "samples.npz")
    error = refusal("stream", build, *words)
    assert error.message == f"{build} is the firmware of {metadata.model} for my-board, and no bundle."
    assert error.remedy == f"Give what it was built from: {expected}."
    monkeypatch.chdir(build)
    assert refusal("stream", ".", *words).remedy == error.remedy
    (build / "build.json").write_text("{}")
    assert str(build / "build.json") in refusal("stream", build, *words).message


def test_a_build_that_is_missing_says_what_makes_one(tmp_path: Path) -> None:
    error = refusal("flash", tmp_path / "nope", "--port", "/dev/null")
    assert error.message == f"Cannot read the firmware {tmp_path / 'nope'}: No such file or directory."
    assert "`sensor-bnn build BUNDLE --board BOARD`" in error.remedy


def test_a_survey_of_a_recipe_says_what_trains_it(tmp_path: Path) -> None:
    recipe = tmp_path / "own.toml"
    recipe.write_text('preset = "sensor-small"\n[data]\nset = "csv"\npath = "own.csv"\n')
    error = refusal("survey", recipe)
    assert isinstance(error, CheckpointError) and "is a recipe" in error.message
    assert f"`sensor-bnn train {recipe}`" in error.remedy


def test_the_table_of_cores_is_right() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "own-sensor.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"(?m)^\| `([\w-]+)` \| ([^|`]+) \| `([\w-]+)` \|$", page.partition("### Which core")[2]
    )
    assert len(rows) >= 7
    for core, chips, board in rows:
        facts = load_board(board)
        assert facts.target == core and facts.emulator is not None
        assert {target_of_chip(chip.strip()) for chip in chips.split(",")} == {core}
