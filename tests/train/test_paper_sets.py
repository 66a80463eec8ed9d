"""The sets of the paper in the hybrid family: recipes learn from small made data and become integers."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from sensor_bnn.cli import root
from sensor_bnn.train.recipe import recipe_names

PER_CLASS = {"train": 4, "val": 2}


def image(size: int, label: int, place: int) -> np.ndarray:
    """Stripes whose direction is the label, in noise: ``[size, size, 3]``, uint8."""
    noise = np.random.default_rng([label, place]).integers(0, 80, (size, size, 3))
    stripes = 160 * (np.arange(size) // 4 % 2)
    along = stripes[:, None, None] if label else stripes[None, :, None]
    return (noise + along).astype(np.uint8)


def cifar_100(folder: Path) -> None:
    """The binary distribution: a coarse and a fine label, then the planes of red, green and blue."""
    for part, file in (("train", "train.bin"), ("val", "test.bin")):
        content = b"".join(
            bytes([0, label]) + image(32, label, place).transpose(2, 0, 1).tobytes()
            for place in range(PER_CLASS[part] * 3)
            for label in range(2)
        )
        (folder / file).write_bytes(content)
    (folder / "fine_label_names.txt").write_text("columns\nrows\n")


def folders(folder: Path, size: int) -> None:
    """The layout of ImageNet: ``train`` and ``val`` with a folder per class."""
    for part, count in PER_CLASS.items():
        for label in range(2):
            place = folder / part / f"n0{label}"
            place.mkdir(parents=True)
            for number in range(count):
                Image.fromarray(image(size, label, number)).save(place / f"{number}.JPEG")


def tiny_imagenet(folder: Path) -> None:
    """The layout of TinyImageNet: the labels of ``val`` are in a file."""
    folders(folder, 64)
    lines = []
    (folder / "val" / "images").mkdir()
    for label in range(2):
        images = folder / "train" / f"n0{label}" / "images"
        images.mkdir()
        for file in (folder / "train" / f"n0{label}").glob("*.JPEG"):
            file.rename(images / file.name)
        for file in sorted((folder / "val" / f"n0{label}").iterdir()):
            name = f"val_{label}_{file.name}"
            file.rename(folder / "val" / "images" / name)
            lines.append(f"{name}\tn0{label}\t0\t0\t63\t63\n")
        shutil.rmtree(folder / "val" / f"n0{label}")
    (folder / "val" / "val_annotations.txt").write_text("".join(lines))
    (folder / "wnids.txt").write_text("n00\nn01\n")


MADE = {
    "cifar-100": cifar_100,
    "tiny-imagenet": tiny_imagenet,
    "imagenet": lambda folder: folders(folder, 224),
}


@pytest.mark.usefixtures("training")
@pytest.mark.parametrize("name", MADE)
def test_a_recipe_of_the_paper_learns_and_becomes_integers(name: str, tmp_path: Path) -> None:
    assert name in recipe_names()
    data = tmp_path / "data"
    data.mkdir()
    MADE[name](data)
    recipe = tmp_path / "mine.toml"
    recipe.write_text(
        f'base = "{name}"\n[data]\npath = "data"\n'
        "[schedule]\nepochs = 2\nbatch = 4\nwarmup = 0\nrounding = 0.5\n"
    )
    out = tmp_path / "run"
    for words in (
        ["train", str(recipe), "--steps", "plain", "--out", str(out)],
        ["evaluate", str(out / "ckpt.pt"), "--integers", "--json"],
    ):
        done = CliRunner().invoke(root, words)
        assert done.exit_code == 0, (words, done.output, done.exception)
    found = json.loads(done.stdout)
    assert found["integers"]["agreement"] == 1.0
