"""The shipped checkpoint of the hybrid family: its integers give the answers that its page states."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import sensor_bnn
from sensor_bnn.data.samples import read_samples
from sensor_bnn.nn.checkpoint import load_checkpoint
from sensor_bnn.nn.families import PRESETS
from sensor_bnn.nn.folded_hybrid import FoldedHybrid
from sensor_bnn.nn.folded_hybrid_forward import forward
from sensor_bnn.nn.hybrid_config import HybridConfig
from sensor_bnn.onnx.quantities import to_logits, to_model_input
from sensor_bnn.train.evaluate import logits

ZOO = Path(sensor_bnn.__file__).parent / "zoo"
SMALL = ZOO / "sensor-small"
FORMS = ("sensor-small", "sensor-small-conv")


@pytest.mark.parametrize("name", FORMS)
def test_it_is_its_integers_to_the_last_bit(name: str) -> None:
    folder = ZOO / name
    model = load_checkpoint(folder / "ckpt.pt").model
    samples = read_samples(folder / "samples.npz")
    folded = model.fold()
    assert isinstance(folded, FoldedHybrid) and folded.input_step is not None
    inputs = to_model_input(samples.x, np.dtype(np.int16), folded.input_step)
    found = to_logits(forward(folded, inputs), folded.output_step)
    np.testing.assert_array_equal(found, logits(model, samples.x))
    right = int((found.argmax(axis=1) == samples.y).sum())
    assert f"right on {right} of the {len(samples.y)}" in (folder / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", FORMS)
def test_the_readme_says_its_accuracy(name: str) -> None:
    """In its first table, as training measured it over the whole test part."""
    measured = load_checkpoint(ZOO / name / "ckpt.pt").metrics
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    row = next(line for line in readme.splitlines() if line.startswith(f"| **`{name}`"))
    assert measured["seed"] == 0
    assert f"{100 * measured['test_top1']:.2f} %" in row
    assert f"{100 * measured['test_top1']:.2f} %" in (ZOO / name / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", FORMS)
def test_it_is_the_preset_of_its_name(name: str) -> None:
    config = load_checkpoint(ZOO / name / "ckpt.pt").model.config
    assert isinstance(config, HybridConfig) and bool(config.map_shapes) == (name == "sensor-small")
    own = ("name", "classes", "channel_names")
    assert replace(PRESETS[name], **{key: getattr(config, key) for key in own}) == config


@pytest.mark.parametrize("name", FORMS)
def test_the_samples_of_all_shipped_models_are_the_same(name: str) -> None:
    ours, others = (read_samples(ZOO / one / "samples.npz") for one in (name, "watch-tiny"))
    np.testing.assert_array_equal(ours.x, others.x)
    np.testing.assert_array_equal(ours.y, others.y)
    assert tuple(ours.classes) == tuple(others.classes)
