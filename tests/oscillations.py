"""A made set for regression: a noisy oscillation, whose frequency and amplitude are to be predicted."""

from __future__ import annotations

from pathlib import Path

import numpy as np

LENGTH = 48
TARGETS = ("frequency (Hz)", "amplitude")
RATE = 50.0
"""Samples per second."""


def write_csv(file: Path, recordings: int = 60, samples: int = 144, seed: int = 0) -> None:
    """Write recordings of one oscillation each: two channels, and a column for each target."""
    random = np.random.default_rng(seed)
    lines = ["recording,x,frequency (Hz),y,amplitude"]
    for number in range(1, recordings + 1):
        frequency, amplitude = random.uniform(1, 5), random.uniform(0.5, 2)
        phase = 2 * np.pi * (frequency * np.arange(samples) / RATE + random.uniform())
        x = amplitude * np.sin(phase) + random.normal(scale=0.1, size=samples)
        y = amplitude * np.cos(phase) + random.normal(scale=0.1, size=samples)
        for a, b in zip(x, y, strict=True):
            lines.append(f"{number},{a:.4f},{frequency:.4f},{b:.4f},{amplitude:.4f}")
    file.write_text("\n".join(lines) + "\n")


def write_recipe(folder: Path, more: str = "", epochs: int = 30) -> Path:
    """Write the recordings and a recipe for them, and return the recipe."""
    write_csv(folder / "oscillation.csv")
    recipe = folder / "oscillation.toml"
    recipe.write_text(
        'preset = "sensor-nano-conv"\n'
        '[data]\nset = "csv"\npath = "oscillation.csv"\n'
        f'targets = ["{TARGETS[0]}", "{TARGETS[1]}"]\nwindow = {LENGTH}\nstep = 24\n{more}'
        f"[schedule]\nepochs = {epochs}\nbatch = 16\n"
    )
    return recipe
