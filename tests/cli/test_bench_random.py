"""Architectures without a checkpoint, measured on the emulated board."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BOARD = "qemu-mps2-an500"


def bench(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sensor_bnn", "bench", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.mark.usefixtures("cross_compiler", "qemu")
def test_a_preset_with_random_weights_goes_through_every_stage(conforms, tmp_path):
    done = bench(
        *("--model", "sensor-tiny", "--random-weights", "--board", BOARD, "--seed", 3, "--json"), cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    conforms("bench", result)
    assert result["random_weights"] is True
    assert "random weights" in done.stderr
    assert result["bit_exact"] is True
    assert result["repeat_exact"] is True
    assert result["samples"] == 2
    assert result["top1_device"] == result["top1_host"] == 1.0  # what ONNX Runtime answers
    products = [layer for layer in result["layers"] if layer["op"] in ("BnnLinear + Add", "BnnMatMul")]
    assert products and 0 < result["outside_binary_products"] < 1
    assert [item.name for item in tmp_path.iterdir()] == ["build"]


@pytest.mark.usefixtures("cross_compiler", "qemu", "longest")
def test_vit_cifar_reaches_its_bars(tmp_path):
    """A whole model on a Cortex-M7, everything included; counts do not depend on the host machine."""
    done = bench(
        *("--model", "vit-cifar", "--random-weights", "--board", BOARD, "--limit", 1, "-o", "out", "--json"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["bit_exact"] is True
    assert result["instructions"] <= 41_000_000
    assert result["flash_bytes"] <= 780_000
    assert result["arena_bytes"] <= 128 * 1024
    assert result["outside_binary_products"] <= 0.16
    build = json.loads((tmp_path / "out" / BOARD / "build.json").read_text())
    assert build["code_bytes"] <= 46 * 1024  # with the firmware round it; the library's are 35 KB at most
    facts = json.loads((tmp_path / "out" / "cortex-m7" / "metadata.json").read_text())
    estimated = sum(layer["instructions_estimated"] for layer in facts["layers"])
    assert estimated == pytest.approx(result["instructions"], rel=0.1)
    size = subprocess.run(
        ["arm-none-eabi-size", "-t", tmp_path / "out" / "cortex-m7" / facts["library"]],
        capture_output=True,
        text=True,
        check=True,
    )
    text = int(size.stdout.splitlines()[-1].split()[0])
    assert text - result["weights_bytes"] <= 35 * 1024


@pytest.mark.usefixtures("long_run")
def test_statistics_come_from_a_random_batch():
    """About half of the bits are set: thresholds that none or all values reach would cost the same."""
    import numpy as np
    import torch

    from sensor_bnn.nn.config import preset
    from sensor_bnn.nn.folded_forward import forward
    from sensor_bnn.workflows.random_model import random_folded, random_inputs

    folded, other = (random_folded("sensor-tiny", seed) for seed in (0, 1))
    assert folded.input_shape == preset("sensor-tiny").input_shape
    logits = np.stack(
        [forward(folded, x[None]) for x in random_inputs((8, 6, 100), np.random.default_rng(5))]
    )
    assert np.isfinite(logits).all() and np.ptp(logits, axis=0).max() > 0
    medians = [float(layer.threshold[0]) for block in folded.blocks for layer in block]
    assert 0 not in medians and len(set(medians)) == len(medians)
    assert not np.array_equal(folded.blocks[0][0].query.weight, other.blocks[0][0].query.weight)
    assert torch.initial_seed() != 3


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--model", "vit-cifar"], "--random-weights"),
        (["bundle", "--random-weights", "--samples", "x"], "--model"),
        ([], "BUNDLE"),
        (["bundle"], "--samples"),
        (["--model", "vit-cifar", "--random-weights", "--samples", "x"], "--samples"),
    ],
)
def test_wrong_usage_is_said(arguments, reason, tmp_path):
    done = bench(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert reason in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("long_run")
def test_an_unknown_preset_names_the_known(tmp_path):
    done = bench("--model", "vit-none", "--random-weights", "--board", BOARD, cwd=tmp_path)
    assert done.returncode == 1
    assert "vit-cifar" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("long_run")
def test_the_help_takes_presets_of_each_family():
    """One of each is built; the help names no family as the only one."""
    from sensor_bnn.nn.families import PRESETS
    from sensor_bnn.workflows.random_model import random_folded

    smallest = {}
    for name in ("sensor-tiny", "sensor-small"):
        smallest[PRESETS[name].family] = random_folded(name, 0).name
    assert set(smallest) == {config.family for config in PRESETS.values()}
    from sensor_bnn.cli.bench import command

    (option,) = (parameter for parameter in command.params if parameter.name == "model")
    assert not any(f"preset of the family {family}" in option.help for family in smallest)
    assert "either family" in option.help
