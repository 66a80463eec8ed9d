"""The page on training names every key and every data set, and has the sizes of the hybrid presets."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from sensor_bnn.nn.config import BINARIZERS
from sensor_bnn.nn.families import PRESETS, USUAL_CLASSES, preset
from sensor_bnn.nn.hybrid_config import KINDS, HybridConfig
from sensor_bnn.nn.sizes import sizes
from sensor_bnn.train.recipe import Augmentation, DataRecipe, Distillation, Schedule
from sensor_bnn.train.sets import SETS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "training.md").read_text(encoding="utf-8")


def test_every_key_is_named() -> None:
    rows = {line.split("|")[1].strip(): line for line in PAGE.splitlines() if line.startswith("| `[")}
    sections = {"data": DataRecipe, "augment": Augmentation, "schedule": Schedule, "distill": Distillation}
    for section, kind in sections.items():
        words = rows[f"`[{section}]`"].replace("`", " ").replace(",", " ").split()
        # What is not compared is set by the program, not by a recipe.
        assert {item.name for item in fields(kind) if item.compare} <= set(words), section


def test_every_set_and_binarizer_is_named() -> None:
    assert all(f"| `{name}` |" in PAGE for name in SETS)
    assert all(f"`{kind}`" in PAGE for kind in BINARIZERS)


def test_every_key_of_the_hybrid_family_is_named() -> None:
    set_by_data = {"name", "classes", "channel_names", "channels", "length", "height"}
    set_by_data |= {"target_scales", "target_offsets"}
    keys = {item.name for item in fields(HybridConfig)} - set_by_data
    assert [key for key in keys if f"`{key}`" not in PAGE] == []
    assert all(f"| `{kind}`" in PAGE for kind in KINDS)


def test_the_sizes_of_the_hybrid_presets_are_those_of_the_code() -> None:
    rows = {line.split("|")[1].strip(" `"): line for line in PAGE.splitlines() if line.startswith("| `")}
    for name, config in PRESETS.items():
        if not isinstance(config, HybridConfig):
            continue
        found = sizes(preset(name, classes=[str(number) for number in range(USUAL_CLASSES[name])]))
        shape = ", ".join(
            f"{width}: `{line}`" for width, line in zip(config.widths, config.stages, strict=True)
        )
        cells = [
            f"`{name}`",
            " x ".join(map(str, config.input_shape)),
            shape,
            *(f"{size / 1024:,.1f} KiB" for size in (found.packed_bytes, found.stored_bytes)),
            *(f"{count / 1e6:,.2f} M" for count in (found.binary_macs, found.float_macs)),
        ]
        assert rows[name] == f"| {' | '.join(cells)} |"
