"""Every preset of the hybrid family as a user takes it: trained, evaluated, exported, measured on a board."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from sensor_bnn.cli import root
from sensor_bnn.nn.families import PRESETS
from sensor_bnn.nn.hybrid_config import HybridConfig

BOARDS = {
    "sensor-nano": "qemu-microbit",
    "sensor-small": "aarch64-linux",
    "sensor-base": "qemu-mps2-an385",
    "image-small": "qemu-mps2-an500",
    "image-base": "qemu-virt-a72",
}
"""A board of another kind for each preset with attention."""

RECIPE = """
preset = "{preset}"
[data]
{data}
[schedule]
epochs = 2
batch = 12
warmup = 0.5
rounding = 0.5
"""
WINDOWS = """
set = "npz"
path = "x.npz"
train_subjects = [1, 2, 3]
test_subjects = [4]
"""
IMAGES = """
set = "image-folder"
path = "images"
size = 32
"""


def write_windows(random: np.random.Generator) -> None:
    """Two classes, four subjects, twelve windows of each."""
    y = np.tile([0, 1], 24)
    x = random.normal(size=(48, 6, 100)) + 2 * y[:, None, None]
    subject = np.repeat([1, 2, 3, 4], 12)
    np.savez("x.npz", x=x.astype(np.float32), y=y, classes=["low", "high"], recording=subject)


def write_images(random: np.random.Generator) -> None:
    """Two classes, twelve images of each to learn from and two to test on."""
    for part, count in (("train", 12), ("val", 2)):
        for name, darkest in (("dark", 0), ("light", 100)):
            folder = Path("images", part, name)
            folder.mkdir(parents=True)
            for number in range(count):
                pixels = random.integers(darkest, darkest + 156, (32, 32, 3)).astype(np.uint8)
                Image.fromarray(pixels).save(folder / f"{number}.png")


def run(*line: str) -> dict[str, Any]:
    done = CliRunner().invoke(root, [*line, "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_every_preset_with_attention_has_a_board() -> None:
    hybrid = {name for name, config in PRESETS.items() if isinstance(config, HybridConfig)}
    assert {*BOARDS} == {name for name in hybrid if not name.endswith("-conv")}


@pytest.mark.usefixtures("training", "cross_compiler", "qemu")
@pytest.mark.parametrize("preset", BOARDS)
def test_from_data_to_a_board(preset: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    images = preset.startswith("image")
    (write_images if images else write_windows)(np.random.default_rng(0))
    Path("own.toml").write_text(RECIPE.format(preset=preset, data=IMAGES if images else WINDOWS))
    trained = run("train", "own.toml", "--out", "run")
    evaluated = run(
        *("evaluate", "run/ckpt.pt", "--integers", "--write-samples", "run/samples.npz", "--samples", "2")
    )
    assert evaluated["top1"] == trained["test_top1"] == evaluated["integers"]["top1_integers"]
    shown = run("demo", "--board", BOARDS[preset], "--checkpoint", "run/ckpt.pt", "-o", "out")
    assert (shown["bit_exact"], shown["repeat_exact"], shown["samples"]) == (True, True, 2)
    assert shown["top1_torch"] == shown["top1_onnx"] == shown["top1_host"] == shown["top1_device"]
    assert shown["largest_logit_difference"] == 0, "training has rounded"
