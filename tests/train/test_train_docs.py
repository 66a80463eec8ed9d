"""The page on training names every key and every data set."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from sensor_bnn.nn.config import BINARIZERS
from sensor_bnn.train.recipe import Augmentation, DataRecipe, Distillation, Schedule
from sensor_bnn.train.sets import SETS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "training.md").read_text(encoding="utf-8")


def test_every_key_is_named() -> None:
    rows = {line.split("|")[1].strip(): line for line in PAGE.splitlines() if line.startswith("| `[")}
    sections = {"data": DataRecipe, "augment": Augmentation, "schedule": Schedule, "distill": Distillation}
    for section, kind in sections.items():
        words = rows[f"`[{section}]`"].replace("`", " ").replace(",", " ").split()
        assert {item.name for item in fields(kind)} <= set(words), section


def test_every_set_and_binarizer_is_named() -> None:
    assert all(f"| `{name}` |" in PAGE for name in SETS)
    assert all(f"`{kind}`" in PAGE for kind in BINARIZERS)
